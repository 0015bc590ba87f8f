/* Published shapes with random weights: what speed is measured on where no checkpoint is at hand.
 *
 * A row is a config.json; its tensors are laid one behind the other in anonymous memory (huge pages, where the system
 * gives them) and opened as a folder's are. The numbers are noise of the size that training starts from,
 * +-[2^-7, 2^-5), norm gains are one; drawn chunk by chunk from a counter, so the same on any number of threads.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "model_int.h"

#define CHUNK ((size_t)2 << 20)
#define ALIGN ((size_t)64)

#define SIZES(layers, hidden, inter, heads, kv, dim, vocab, context)                                              \
    "\"num_hidden_layers\": " #layers ", \"hidden_size\": " #hidden ", \"intermediate_size\": " #inter              \
    ", \"num_attention_heads\": " #heads ", \"num_key_value_heads\": " #kv ", \"head_dim\": " #dim                 \
    ", \"vocab_size\": " #vocab ", \"max_position_embeddings\": " #context "}"

static const struct {
    const char *name, *config;
} SHAPES[] = {
    {"65m", "{\"model_type\": \"gemma\", " SIZES(7, 512, 4096, 4, 1, 128, 32000, 8192)},
    {"gemma-2b", "{\"model_type\": \"gemma\", " SIZES(18, 2048, 16384, 8, 1, 256, 256000, 8192)},
    {"gemma-7b", "{\"model_type\": \"gemma\", " SIZES(28, 3072, 24576, 16, 16, 256, 256000, 8192)},
    {"gemma2-2b", "{\"model_type\": \"gemma2\", " SIZES(26, 2304, 9216, 8, 4, 256, 256000, 8192)},
    {"gemma2-9b", "{\"model_type\": \"gemma2\", " SIZES(42, 3584, 14336, 16, 8, 256, 256000, 8192)},
    {"gemma3-1b", "{\"model_type\": \"gemma3_text\", " SIZES(26, 1152, 6912, 4, 1, 256, 262144, 32768)},
    {"gemma3-4b", "{\"model_type\": \"gemma3_text\", " SIZES(34, 2560, 10240, 8, 4, 256, 262208, 131072)},
    {"llama2-7b", "{\"model_type\": \"llama\", " SIZES(32, 4096, 11008, 32, 32, 128, 32000, 4096)},
    {"llama2-13b", "{\"model_type\": \"llama\", " SIZES(40, 5120, 13824, 40, 40, 128, 32000, 4096)},
    {"mistral-7b", "{\"model_type\": \"mistral\", " SIZES(32, 4096, 14336, 32, 8, 128, 32000, 32768)},
};
#define N_SHAPES (sizeof SHAPES / sizeof *SHAPES)

const char *carat_shape_name(size_t i)
{
    return i < N_SHAPES ? SHAPES[i].name : NULL;
}

/* ---- noise ------------------------------------------------------------------------ */

static uint64_t mix(uint64_t x) /* of a counter (splitmix64) */
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

struct noise { /* random bits kept, bits set: sign, the exponent's lowest bit and the mantissa vary */
    uint64_t keep, set;
};
static const struct noise NOISE[DTYPE_COMPUTED] = {
    [DTYPE_F32] = {0x80ffffff80ffffffu, 0x3c0000003c000000u},
    [DTYPE_BF16] = {0x80ff80ff80ff80ffu, 0x3c003c003c003c00u},
    [DTYPE_F16] = {0x87ff87ff87ff87ffu, 0x2000200020002000u},
    [DTYPE_Q4_0] = {UINT64_MAX, 0},
    [DTYPE_Q8_0] = {UINT64_MAX, 0},
};

struct filling {
    unsigned char *data;
    size_t n;
    enum dtype dtype;
};

static void fill_chunk(void *context, size_t chunk, size_t thread)
{
    const struct filling *f = context;
    size_t from = chunk * CHUNK, end = f->n - from < CHUNK ? f->n : from + CHUNK;
    struct noise noise = NOISE[f->dtype];
    (void)thread;
    for (size_t at = from; at < end; at += 8) {
        uint64_t x = (mix(at) & noise.keep) | noise.set;
        memcpy(f->data + at, &x, end - at < 8 ? end - at : 8);
    }
}

/* The scale of a block, float16: what makes its integers numbers of that size. */
static void set_scales(unsigned char *data, enum dtype dtype, size_t bytes)
{
    uint16_t scale = dtype == DTYPE_Q8_0 ? 0x0c00 : 0x1800; /* 2^-12, 2^-9 */
    for (size_t at = 0; at < bytes; at += dtype_infos[dtype].bytes)
        memcpy(data + at, &scale, sizeof scale);
}

/* ---- tensors ---------------------------------------------------------------------- */

struct layout {
    struct carat_model *m;
    enum dtype dtype;
    size_t at;                /* bytes laid out */
};

/* A vector (cols 0) is kept as float32. Its offset stands in header_at until there is memory. */
static enum carat_err lay(struct layout *l, const char *name, size_t rows, size_t cols, struct err *err)
{
    enum dtype dtype = cols ? l->dtype : DTYPE_F32;
    struct tensor *t;
    if (cols % dtype_infos[dtype].block)
        return err_set(err, CARAT_EUNSUPPORTED, "'%s' has rows of %zu numbers, which are no whole blocks of %s", name, cols,
                       dtype_infos[dtype].name);
    enum carat_err rc = tensor_list_push(&l->m->tensors, &t, err);
    if (rc)
        return rc;
    *t = (struct tensor){.name = arena_dup(&l->m->tensors.arena, name, strlen(name)),
                         .file = l->m->info.path,
                         .dtype = dtype,
                         .dtype_name = dtype_infos[dtype].name,
                         .n_dims = cols ? 2 : 1,
                         .dims = {rows, cols},
                         .n_bytes = rows * dtype_bytes(dtype, cols ? cols : 1),
                         .header_at = l->at};
    l->at += (t->n_bytes + ALIGN - 1) / ALIGN * ALIGN;
    return t->name ? CARAT_OK : err_nomem(err, "a tensor");
}

static enum carat_err lay_all(struct layout *l, struct err *err)
{
    const struct model_config *c = &l->m->config;
    char name[160];
    enum carat_err rc = lay(l, c->family->embed, c->vocab, c->hidden, err);
    for (size_t i = 0; i < c->n_layers; i++)
        for (const struct family_part *p = c->family->parts; p->name && !rc; p++) {
            if (!family_has(c, p))
                continue;
            snprintf(name, sizeof name, "%s%zu.%s", c->family->layers, i, p->name);
            rc = lay(l, name, family_dim_of(c, p->rows), family_dim_of(c, p->cols), err);
        }
    snprintf(name, sizeof name, "%s.weight", c->family->final_norm);
    if (!rc)
        rc = lay(l, name, c->hidden, 0, err);
    snprintf(name, sizeof name, "%s.bias", c->family->final_norm);
    if (!rc && (c->family->features & FAMILY_LAYER_NORM))
        rc = lay(l, name, c->hidden, 0, err);
    if (!rc && !c->tied)
        rc = lay(l, "lm_head.weight", c->vocab, c->hidden, err);
    return rc;
}

static enum carat_err fill(struct layout *l, struct pool *pool, struct err *err)
{
    struct carat_model *m = l->m;
    void *p = mmap(NULL, l->at, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return err_set(err, CARAT_ENOMEM, "no memory for %zu MiB of weights", l->at >> 20);
#ifdef MADV_HUGEPAGE
    (void)madvise(p, l->at, MADV_HUGEPAGE); /* it is as well without */
#endif
    m->files[0].map = (struct file_map){.data = p, .n = l->at};
    m->info.weights_bytes = l->at;
    struct filling all = {p, l->at, l->dtype};
    size_t n_chunks = (l->at + CHUNK - 1) / CHUNK;
    if (pool)
        pool_run(pool, n_chunks, fill_chunk, &all);
    else
        for (size_t i = 0; i < n_chunks; i++)
            fill_chunk(&all, i, 0);
    float gain = m->config.family->features & FAMILY_NORM_PLUS_ONE ? 0.0f : 1.0f;
    for (size_t i = 0; i < m->tensors.n; i++) {
        struct tensor *t = &m->tensors.items[i];
        unsigned char *data = all.data + t->header_at;
        t->data = data;
        for (size_t k = 0; t->n_dims == 1 && k < t->dims[0]; k++)
            memcpy(data + k * sizeof gain, &gain, sizeof gain);
        if (dtype_is_block(t->dtype))
            set_scales(data, t->dtype, t->n_bytes);
    }
    (void)mprotect(p, l->at, PROT_READ);
    return CARAT_OK;
}

/* ---- the whole -------------------------------------------------------------------- */

static const char *find_shape(const char *name, struct err *err)
{
    const char *names[N_SHAPES + 1] = {0};
    for (size_t i = 0; i < N_SHAPES; i++) {
        names[i] = SHAPES[i].name;
        if (strcmp(SHAPES[i].name, name) == 0)
            return SHAPES[i].config;
    }
    err_set(err, CARAT_EUSAGE, "there is no shape '%.40s'", name);
    const char *near = str_nearest(name, names);
    if (near)
        err_hint(err, "did you mean '%s'?", near);
    return NULL;
}

static enum carat_err find_dtype(const char *name, enum dtype *out, struct err *err)
{
    for (size_t i = 0; i < DTYPE_COMPUTED; i++)
        if (strcmp(dtype_infos[i].name, name) == 0 && NOISE[i].keep) {
            *out = (enum dtype)i;
            return CARAT_OK;
        }
    err_set(err, CARAT_EUSAGE, "random weights cannot be made as '%.40s'", name);
    return err_hint(err, "bf16, f16, f32, q8_0 and q4_0 are possible");
}

enum carat_err carat_model_random(const char *shape, const char *dtype, struct pool *pool, struct carat_model **out,
                                  struct err *err)
{
    struct layout l = {0};
    json_t *root = NULL;
    *out = NULL;
    const char *config = find_shape(shape, err);
    if (!config)
        return CARAT_EUSAGE;
    enum carat_err rc = find_dtype(dtype, &l.dtype, err);
    if (!rc)
        rc = model_new(shape, &l.m, err);
    if (rc)
        return rc;
    l.m->files = calloc(1, sizeof *l.m->files);
    l.m->n_files = l.m->files ? 1 : 0;
    if (!l.m->files)
        rc = err_nomem(err, "the weights");
    if (!rc)
        rc = json_read(str_from(config), shape, 0, &root, err);
    if (!rc)
        rc = config_parse(root, shape, &l.m->config, err);
    json_decref(root);
    if (!rc)
        rc = lay_all(&l, err);
    if (!rc)
        rc = fill(&l, pool, err);
    if (!rc)
        rc = tensor_list_sort(&l.m->tensors, err);
    if (!rc)
        rc = model_take_tensors(l.m, err);
    if (rc)
        carat_model_free(l.m);
    else
        *out = l.m;
    return rc;
}
