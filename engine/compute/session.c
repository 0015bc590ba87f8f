/* Opening a session: which kernels, how many threads, how much memory. Everything that the forward
 * pass writes to is allocated here, once. */
#include <stdlib.h>

#include "quantize.h"
#include "session_int.h"

#define BATCH_DEFAULT ((size_t)512)
#define BATCH_MAX ((size_t)1 << 16)
#define KV_DEFAULT_MAX ((size_t)1 << 20) /* tokens; more is only useful when asked for */
#define MEMORY_UNKNOWN ((size_t)1 << 30) /* what is taken to be free where the system does not say */
#define WORTH_WAKING 200000.0            /* multiply-adds: some 10 microseconds of one core */

/* rows * width floats, zeroed, aligned for the kernels. */
static float *floats(size_t rows, size_t width)
{
    size_t n;
    void *p = NULL;
    if (!num_mul(rows, width, &n) || !num_mul(n, sizeof(float), &n) || posix_memalign(&p, 64, n ? n : 64))
        return NULL;
    memset(p, 0, n);
    return p;
}

/* ---- work memory and budgets ------------------------------------------------------- */

struct block { /* floats of work memory: where they go, their shape */
    float **to;
    size_t rows, width;
};
#define BLOCKS_MAX 16

/* The one list of what the forward pass writes to, but for the rows' own data. */
static size_t lay_out(struct carat_session *s, size_t n_threads, struct block out[BLOCKS_MAX])
{
    const struct model_config *c = &s->model->config;
    size_t n = s->batch, group = c->n_heads / c->n_kv_heads, hidden = session_width(c->hidden), at = 0;
    size_t behind = group * (session_width(s->context_max) + KERNEL_LANES) + group * s->head_pad;
    if (behind < HEAD_ROWS * HEAD_BLOCK)
        behind = HEAD_ROWS * HEAD_BLOCK;
    s->work_each = session_width(KERNEL_WORK + behind);
    s->qkv_width = session_width((c->n_heads + 2 * c->n_kv_heads) * c->head_dim);
    out[at++] = (struct block){&s->x, n, hidden};
    out[at++] = (struct block){&s->h, n, hidden};
    out[at++] = (struct block){&s->y, n, hidden};
    out[at++] = (struct block){&s->qkv, n, s->qkv_width};
    out[at++] = (struct block){&s->q, n, c->n_heads * s->head_pad};
    out[at++] = (struct block){&s->mixed, n, session_width(c->n_heads * c->head_dim)};
    out[at++] = (struct block){&s->gate, n, session_width(c->inter)};
    out[at++] = (struct block){&s->up, n, session_width(c->inter)};
    out[at++] = (struct block){&s->work, n_threads, s->work_each};
    return at;
}

/* Bytes of work memory in all, were `context` the longest path. Sizes are in range: config.c, check_opts(). */
static size_t work_bytes(struct carat_session *s, size_t n_threads, size_t context)
{
    const struct model_config *c = &s->model->config;
    struct block blocks[BLOCKS_MAX];
    size_t ropes = c->family->features & FAMILY_TWO_ROPES ? 2 : 1, total;
    s->context_max = context;
    total = s->batch * sizeof *s->rows + HEAD_ROWS * (c->vocab / HEAD_BLOCK + 1) * sizeof *s->stats;
    total += HEAD_FULL * c->vocab * sizeof(float) + ropes * context * c->head_dim * sizeof(float);
    for (size_t i = lay_out(s, n_threads, blocks); i-- > 0;)
        total += blocks[i].rows * blocks[i].width * sizeof(float);
    return total;
}

static size_t kv_bytes_per_token(const struct carat_model *m)
{
    return m->info.kv_bytes_per_token + 2 * sizeof(uint32_t); /* its slot, as free and as used */
}

/* Tokens for which `memory` suffices, work memory included; 0: none. */
static size_t kv_within(struct carat_session *s, size_t n_threads, size_t memory)
{
    size_t fixed = work_bytes(s, n_threads, 0), step = 4096;
    size_t each = (work_bytes(s, n_threads, step) - fixed + step - 1) / step + kv_bytes_per_token(s->model);
    return memory > fixed ? (memory - fixed) / each : 0;
}

/* A quarter of what is free; for a full sequence up to half of it. (The longest contexts, 131072 tokens of 300 KiB
 * each, fit few machines, and few prompts need them.) */
static size_t kv_default(const struct carat_model *m)
{
    const size_t free_bytes = machine_free_memory_bytes();
    size_t most = (free_bytes ? free_bytes : MEMORY_UNKNOWN) / 2 / kv_bytes_per_token(m), tokens = most / 2;
    if (tokens > KV_DEFAULT_MAX)
        tokens = KV_DEFAULT_MAX;
    if (tokens < m->config.max_positions)
        tokens = most < m->config.max_positions ? most : m->config.max_positions;
    return tokens ? tokens : 1;
}

static enum carat_err kv_budget(struct carat_session *s, const struct carat_session_opts *o, size_t n_threads,
                                size_t *tokens, struct err *err)
{
    *tokens = o->kv_tokens ? o->kv_tokens : kv_default(s->model);
    if (o->memory_bytes) {
        size_t most = kv_within(s, n_threads, o->memory_bytes);
        if (!most) {
            err_set(err, CARAT_ENOMEM, "%zu MiB of memory allow no token: work memory takes %zu MiB, a token %zu bytes",
                    o->memory_bytes >> 20, work_bytes(s, n_threads, 0) >> 20, kv_bytes_per_token(s->model));
            return err_hint(err, "give more memory, or smaller batches");
        }
        if (!o->kv_tokens && most > KV_DEFAULT_MAX)
            most = KV_DEFAULT_MAX;
        if (!o->kv_tokens || most < *tokens)
            *tokens = most;
    }
    size_t longest = s->model->config.max_positions;
    s->context_max = *tokens < longest ? *tokens : longest;
    return CARAT_OK;
}

static enum carat_err allocate(struct carat_session *s, struct err *err)
{
    const struct model_config *c = &s->model->config;
    struct block blocks[BLOCKS_MAX];
    s->rows = calloc(s->batch, sizeof *s->rows);
    s->stats = calloc(HEAD_ROWS * (c->vocab / HEAD_BLOCK + 1), sizeof *s->stats);
    bool ok = s->rows && s->stats;
    for (size_t i = lay_out(s, pool_threads(s->pool), blocks); ok && i-- > 0;)
        ok = (*blocks[i].to = floats(blocks[i].rows, blocks[i].width)) != NULL;
    if (ok)
        return CARAT_OK;
    err_set(err, CARAT_ENOMEM, "no memory for batches of %zu tokens", s->batch);
    return err_hint(err, "give a smaller batch");
}

/* ---- opening ----------------------------------------------------------------------- */

static enum carat_err check_opts(const struct carat_session_opts *o, struct err *err)
{
    if ((unsigned)o->precision >= CARAT_N_PRECISIONS)
        return err_set(err, CARAT_EUSAGE, "precision %d does not exist", (int)o->precision);
    if (o->batch_tokens > BATCH_MAX)
        return err_set(err, CARAT_EUSAGE, "a batch of %zu tokens; at most %zu are possible", o->batch_tokens,
                       BATCH_MAX);
    return CARAT_OK;
}

enum carat_err carat_session_open(const struct carat_model *model, const struct carat_session_opts *opts,
                                  struct carat_session **out, struct err *err)
{
    struct carat_session_opts o = opts ? *opts : (struct carat_session_opts){.precision = CARAT_PRECISION_F32};
    const struct model_config *c = &model->config;
    *out = NULL;
    enum carat_err rc = check_opts(&o, err);
    if (!rc && o.precision == CARAT_PRECISION_INT8)
        rc = quantize_check(model, err);
    if (rc)
        return rc;
    struct carat_session *s = calloc(1, sizeof *s);
    if (!s)
        return err_nomem(err, "a session");
    size_t capacity = 0;
    s->model = model;
    s->batch = o.batch_tokens ? o.batch_tokens : BATCH_DEFAULT;
    s->precision = o.precision;
    s->head_pad = kernel_pad(c->head_dim);
    rc = kernels_choose(&s->kernels, err);
    if (!rc)
        rc = pool_new(o.n_threads, &s->pool, err);
    if (!rc)
        rc = kv_budget(s, &o, pool_threads(s->pool), &capacity, err);
    if (!rc)
        rc = kv_new(capacity, c->n_layers, c->n_kv_heads * s->head_pad, &s->kv, err);
    if (!rc)
        rc = allocate(s, err);
    if (!rc)
        rc = rope_init(&s->rope[ROPE_GLOBAL], &c->rope[ROPE_GLOBAL], model->rope_factors, c->head_dim, s->context_max, err);
    if (!rc && (c->family->features & FAMILY_TWO_ROPES))
        rc = rope_init(&s->rope[ROPE_LOCAL], &c->rope[ROPE_LOCAL], NULL, c->head_dim, s->context_max, err);
    if (rc) {
        carat_session_free(s);
        return rc;
    }
    s->memory.weights_bytes = model->info.weights_bytes;
    s->memory.kv_bytes = capacity * kv_bytes_per_token(model);
    s->memory.work_bytes = work_bytes(s, pool_threads(s->pool), s->context_max);
    *out = s;
    return CARAT_OK;
}

void carat_session_free(struct carat_session *s)
{
    if (!s)
        return;
    pool_free(s->pool);
    kv_free(s->kv);
    for (size_t i = 0; i < ROPE_KINDS; i++)
        rope_release(&s->rope[i]);
    void *const owned[] = {s->rows, s->x,  s->h,     s->y,    s->qkv,  s->q,    s->mixed,
                           s->gate, s->up, s->stats, s->full, s->work, s->runs, s->queries};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
    free(s);
}

void session_run(struct carat_session *s, size_t n_chunks, double operations, pool_fn *fn, void *context)
{
    if (operations >= WORTH_WAKING) {
        pool_run(s->pool, n_chunks, fn, context);
        return;
    }
    for (size_t i = 0; i < n_chunks; i++)
        fn(context, i, 0);
}

struct packing { /* matmul's x, and where it goes */
    const struct carat_session *s;
    float *room;
    const float *x;
    size_t ldx, rows, k;
};

static void pack_chunk(void *context, size_t chunk, size_t thread)
{
    const struct packing *p = context;
    (void)thread;
    p->s->kernels->pack[p->s->precision](p->room, p->x, p->ldx, p->rows, p->k, chunk * KERNEL_GROUP);
}

const float *session_pack(struct carat_session *s, float *room, const float *x, size_t ldx, size_t rows, size_t k)
{
    struct packing p = {s, room, x, ldx, rows, k};
    if (rows <= KERNEL_FEW || !s->kernels->pack[s->precision])
        return NULL;
    session_run(s, (rows + KERNEL_GROUP - 1) / KERNEL_GROUP, (double)(rows * k), pack_chunk, &p);
    return room;
}

float *session_work(const struct carat_session *s, size_t thread)
{
    return s->work + thread * s->work_each;
}

size_t carat_session_batch_tokens(const struct carat_session *s)
{
    return s->batch;
}

size_t carat_session_kv_tokens(const struct carat_session *s)
{
    return kv_capacity(s->kv);
}

size_t carat_session_kv_used(const struct carat_session *s)
{
    return kv_used(s->kv);
}

struct carat_session_memory carat_session_memory(const struct carat_session *s)
{
    return s->memory;
}

bool carat_session_canonical(const struct carat_session *s)
{
    return s->precision != CARAT_PRECISION_BF16 || kernels_bf16_exact(s->kernels);
}

const char *carat_session_isa(const struct carat_session *s)
{
    return s->kernels->isa;
}

enum carat_err carat_node_new(struct carat_session *s, uint32_t parent, uint32_t *node, struct err *err)
{
    return kv_node_new(s->kv, parent, node, err);
}

void carat_node_release(struct carat_session *s, uint32_t node)
{
    kv_node_release(s->kv, node);
}

size_t carat_node_length(const struct carat_session *s, uint32_t node)
{
    return kv_length(s->kv, node);
}
