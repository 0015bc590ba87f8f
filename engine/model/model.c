/* A checkpoint's folder: config.json, one model.safetensors or the shards that
 * model.safetensors.index.json names, generation_config.json where there is one, a tokenizer. Or one
 * GGUF file, which holds all of that (gguf_config.c makes it a config.json): there a Gemma gain has its 1 already, and
 * llama's q and k have their rows in the order that turns neighbours, which the forward pass undoes.
 *
 * Matrices are used where they lie in the mapping, in their stored type; only norm gains, a few
 * kilobytes, are widened to float32 (and 1 added, where the family wants it). A tensor that the
 * family has no part for is refused: it would change the result of the program that wrote it. Passed over are
 * the vision half of a multimodal folder, the rotary tables that old Llama files carry, and a
 * head beside tied embeddings, which transformers drops as well.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/base.h"
#include "gguf_config.h"
#include "model_int.h"

#define JSON_MAX ((size_t)64 << 20)
#define SHARDS_MAX 4096

/* ---- files ------------------------------------------------------------------------ */

/* The names that pickled weights go by. */
static bool is_pickle(struct str name)
{
    return str_ends(name, STR(".bin")) || str_ends(name, STR(".pt")) || str_ends(name, STR(".pth")) ||
           str_ends(name, STR(".ckpt")) || str_ends(name, STR(".pkl")) || str_ends(name, STR(".bin.index.json"));
}

static enum carat_err refuse_pickle(const char *path, const char *what, struct err *err)
{
    err_set(err, CARAT_EUNSUPPORTED, "'%s' %s: a pickle can run any program, carat does not read it", path, what);
    return err_hint(err, "fetch the safetensors form of the checkpoint, or convert it where you trust its source");
}

static enum carat_err check_path(const char *path, bool *is_gguf, struct err *err)
{
    *is_gguf = false;
    if (!file_exists(path)) {
        err_set(err, CARAT_EINPUT, "cannot open the model '%s': no such file or folder", path);
        return err_hint(err, "-m takes a checkpoint's folder with config.json and model.safetensors, or a GGUF file");
    }
    if (file_is_dir(path))
        return CARAT_OK;
    *is_gguf = str_ends(str_from(path), STR(".gguf"));
    if (*is_gguf)
        return CARAT_OK;
    if (is_pickle(str_from(path)))
        return refuse_pickle(path, "seems to be a pickle", err);
    err_set(err, CARAT_EINPUT, "the model '%s' is a file, not a folder, and its name does not end in .gguf", path);
    return err_hint(err, "name the folder that holds config.json and model.safetensors, or a GGUF file");
}

static enum carat_err read_config(struct carat_model *m, struct err *err)
{
    json_t *root = NULL;
    enum carat_err rc = CARAT_OK;
    char *path = file_join(m->info.path, "config.json"), *more = file_join(m->info.path, "generation_config.json");
    if (!path || !more) {
        rc = err_nomem(err, "a path");
        goto out;
    }
    if (!file_exists(path)) {
        rc = err_set(err, CARAT_EINPUT, "'%s' has no config.json", m->info.path);
        err_hint(err, "a checkpoint's folder holds config.json, model.safetensors and a tokenizer");
        goto out;
    }
    if ((rc = file_read(path, JSON_MAX, &m->config_text, err)) ||
        (rc = json_read(buf_str(&m->config_text), path, 0, &root, err)) ||
        (rc = config_parse(root, path, &m->config, err)))
        goto out;
    json_decref(root);
    root = NULL;
    if (file_exists(more) && !(rc = json_read_file(more, JSON_MAX, &root, err)))
        rc = config_parse_ends(root, more, &m->config, err);
out:
    json_decref(root);
    free(path);
    free(more);
    return rc;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct weights_file *)a)->path, ((const struct weights_file *)b)->path);
}

/* Adds `name` to the files, once. A name with a folder in it could lead anywhere: refused. */
static enum carat_err add_file(struct carat_model *m, const char *name, struct err *err)
{
    if (!*name || strchr(name, '/') || strcmp(name, "..") == 0)
        return err_set(err, CARAT_EINPUT, "'%s': the index names the shard '%.80s', which is no plain file name",
                       m->info.path, name);
    char *path = file_join(m->info.path, name);
    if (!path)
        return err_nomem(err, "a path");
    for (size_t i = 0; i < m->n_files; i++)
        if (strcmp(m->files[i].path, path) == 0) {
            free(path);
            return CARAT_OK;
        }
    if (m->n_files == SHARDS_MAX) {
        free(path);
        return err_set(err, CARAT_EINPUT, "'%s': more than %d shards", m->info.path, SHARDS_MAX);
    }
    m->files[m->n_files++].path = path;
    return CARAT_OK;
}

static enum carat_err list_shards(struct carat_model *m, const char *index_path, struct err *err)
{
    json_t *root = NULL;
    enum carat_err rc = json_read_file(index_path, JSON_MAX, &root, err);
    json_t *map = json_object_get(root, "weight_map"), *file;
    const char *tensor;
    if (!rc && (!json_is_object(map) || !json_object_size(map)))
        rc = err_set(err, CARAT_EINPUT, "'%s' has no weight_map", index_path);
    if (!rc)
        json_object_foreach(map, tensor, file)
        {
            bool plain = json_is_string(file) && strlen(json_string_value(file)) == json_string_length(file);
            rc = plain ? add_file(m, json_string_value(file), err)
                       : err_set(err, CARAT_EINPUT, "'%s': the shard of '%.80s' is no name", index_path,
                                 tensor);
            if (rc)
                break;
        }
    json_decref(root);
    return rc;
}

/* What stands in the folder instead of safetensors, to say something more helpful than "missing". */
static enum carat_err refuse_folder(const struct carat_model *m, struct err *err)
{
    DIR *dir = opendir(m->info.path);
    char what[320] = "";
    const struct dirent *entry;
    while (dir && !*what && (entry = readdir(dir)))
        if (is_pickle(str_from(entry->d_name)))
            snprintf(what, sizeof what, "holds only %s", entry->d_name);
    if (dir)
        closedir(dir);
    if (*what)
        return refuse_pickle(m->info.path, what, err);
    return err_set(err, CARAT_EINPUT, "'%s' has no model.safetensors and no model.safetensors.index.json",
                   m->info.path);
}

static enum carat_err list_files(struct carat_model *m, struct err *err)
{
    char *one = file_join(m->info.path, "model.safetensors");
    char *index = file_join(m->info.path, "model.safetensors.index.json");
    enum carat_err rc = CARAT_OK;
    m->files = calloc(SHARDS_MAX, sizeof *m->files);
    if (!one || !index || !m->files)
        rc = err_nomem(err, "the list of shards");
    else if (file_exists(one)) /* as transformers: the single file wins over an index */
        rc = add_file(m, "model.safetensors", err);
    else if (file_exists(index))
        rc = list_shards(m, index, err);
    else
        rc = refuse_folder(m, err);
    if (!rc)
        qsort(m->files, m->n_files, sizeof *m->files, by_path);
    free(one);
    free(index);
    return rc;
}

static enum carat_err map_files(struct carat_model *m, struct err *err)
{
    for (size_t i = 0; i < m->n_files; i++) {
        struct weights_file *f = &m->files[i];
        if (!file_exists(f->path)) {
            err_set(err, CARAT_EINPUT, "the shard '%s' is missing", f->path);
            return err_hint(err, "the checkpoint has %zu shards; fetch this one", m->n_files);
        }
        enum carat_err rc = file_map(f->path, &f->map, err);
        if (!rc)
            rc = safetensors_read(f->map.data, f->map.n, f->path, &m->tensors, err);
        if (rc)
            return rc;
        m->info.weights_bytes += f->map.n;
    }
    return tensor_list_sort(&m->tensors, err);
}

static enum carat_err read_folder(struct carat_model *m, struct err *err)
{
    enum carat_err rc = read_config(m, err);
    if (!rc)
        rc = list_files(m, err);
    return rc ? rc : map_files(m, err);
}

static enum carat_err read_gguf(struct carat_model *m, struct err *err)
{
    struct gguf g = GGUF_INIT;
    json_t *root = NULL;
    char *path = strdup(m->info.path);
    m->files = calloc(1, sizeof *m->files);
    if (!path || !m->files) {
        free(path);
        return err_nomem(err, "a path");
    }
    m->files[m->n_files++].path = path;
    struct file_map *map = &m->files[0].map;
    enum carat_err rc = file_map(path, map, err);
    if (!rc)
        rc = gguf_read(map->data, map->n, m->info.path, &g, &m->tensors, err);
    if (!rc)
        rc = tensor_list_sort(&m->tensors, err);
    if (!rc)
        rc = gguf_config(&g, &m->tensors, &root, err);
    if (!rc)
        rc = config_parse(root, m->info.path, &m->config, err);
    m->rope_pairs = !rc && gguf_pairs_rows(&g);
    m->info.weights_bytes = map->n;
    json_decref(root);
    gguf_release(&g);
    return rc;
}

/* ---- tensors ---------------------------------------------------------------------- */

/* Names are "model." + rest; a multimodal folder puts language_model. before it (transformers 4)
 * or inside it (transformers 5). */
static const char *const PREFIXES[] = {"", "language_model.", "model.language_model."};
#define N_PREFIXES (sizeof PREFIXES / sizeof *PREFIXES)

static struct tensor *find(const struct carat_model *m, const char *name)
{
    char full[256];
    if (m->is_gguf)
        return tensor_list_find(&m->tensors, name);
    for (size_t i = 0; i < N_PREFIXES; i++) {
        const char *rest = i == 2 && strncmp(name, "model.", 6) == 0 ? name + 6 : name;
        snprintf(full, sizeof full, "%s%s", PREFIXES[i], rest);
        struct tensor *t = tensor_list_find(&m->tensors, full);
        if (t)
            return t;
    }
    return NULL;
}

static const char *source(const struct carat_model *m)
{
    return m->is_gguf ? "its metadata" : "config.json";
}

/* cols 0: a vector. */
static enum carat_err take(struct carat_model *m, const char *name, size_t rows, size_t cols, struct tensor **out,
                           struct err *err)
{
    struct tensor *t = find(m, name);
    if (!t) {
        err_set(err, CARAT_EINPUT, "'%s' has no tensor '%s'", m->info.path, name);
        return err_hint(err, "%s asks for %zu layers of %s; %s", source(m), m->config.n_layers,
                        m->config.family->name,
                        m->is_gguf ? "was the file made whole?" : "are all shards of this checkpoint there?");
    }
    if (t->n_dims != (cols ? 2u : 1u) || t->dims[0] != rows || (cols && t->dims[1] != cols)) {
        char has[128] = "";
        size_t at = 0;
        for (size_t i = 0; i < t->n_dims && at < sizeof has - 24; i++)
            at += (size_t)snprintf(has + at, sizeof has - at, "%s%zu", i ? ", " : "", t->dims[i]);
        if (cols)
            return err_set(err, CARAT_EINPUT, "'%s': tensor '%s' has the shape [%s], %s asks for [%zu, %zu]", t->file,
                           t->name, has, source(m), rows, cols);
        return err_set(err, CARAT_EINPUT, "'%s': tensor '%s' has the shape [%s], %s asks for [%zu]", t->file, t->name, has,
                       source(m), rows);
    }
    if (!cols && dtype_is_block(t->dtype))
        return err_set(err, CARAT_EUNSUPPORTED, "'%s': tensor '%s' is a vector and stored as %s; F32, F16 and BF16 are "
                       "implemented", t->file, t->name, t->dtype_name);
    if (t->dtype == DTYPE_OTHER)
        return err_set(err, CARAT_EUNSUPPORTED, "'%s': tensor '%s' is stored as %s; BF16, F16 and F32 are implemented",
                       t->file, t->name, t->dtype_name);
    t->used = true;
    m->info.n_parameters += rows * (cols ? cols : 1);
    *out = t;
    return CARAT_OK;
}

static enum carat_err take_matrix(struct carat_model *m, const char *name, size_t rows, size_t cols,
                                  struct matrix *out, struct err *err)
{
    struct tensor *t = NULL;
    enum carat_err rc = take(m, name, rows, cols, &t, err);
    if (!rc)
        *out = (struct matrix){.data = t->data, .dtype = t->dtype, .rows = rows, .cols = cols, .bias = out->bias};
    return rc;
}

static float widen_one(const unsigned char *p, enum dtype dtype)
{
    uint32_t bits = (uint32_t)p[0] | (uint32_t)p[1] << 8;
    float f;
    if (dtype == DTYPE_F32)
        bits |= (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    else if (dtype == DTYPE_BF16)
        bits <<= 16;
    else { /* F16: 1 sign, 5 exponent (bias 15), 10 mantissa */
        uint32_t sign = (bits & 0x8000) << 16, exponent = bits >> 10 & 31, mantissa = bits & 1023;
        if (exponent == 0) {
            f = (float)mantissa * 0x1p-24f;
            return sign ? -f : f;
        }
        bits = sign | (exponent == 31 ? 255u << 23 : (exponent + 112) << 23) | mantissa << 13;
    }
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* A gain or a bias. */
static enum carat_err take_vector(struct carat_model *m, const char *name, size_t n, const float **out, struct err *err)
{
    struct tensor *t = NULL;
    enum carat_err rc = take(m, name, n, 0, &t, err);
    if (rc)
        return rc;
    float *vector = arena_alloc(&m->arena, n * sizeof *vector);
    if (!vector)
        return err_nomem(err, "norm weights");
    bool plus_one = !m->is_gguf && (m->config.family->features & FAMILY_NORM_PLUS_ONE) &&
                    str_ends(str_from(name), STR(".weight"));
    for (size_t i = 0; i < n; i++)
        vector[i] = (plus_one ? 1.0f : 0.0f) + widen_one(t->data + i * dtype_size(t->dtype), t->dtype);
    *out = vector;
    return CARAT_OK;
}

static enum carat_err take_layer(struct carat_model *m, size_t index, struct err *err)
{
    const struct model_config *c = &m->config;
    char *base = (char *)&m->layers[index];
    for (const struct family_part *part = c->family->parts; part->name; part++) {
        char name[160];
        if (!family_has(c, part))
            continue;
        if (m->is_gguf)
            snprintf(name, sizeof name, "blk.%zu.%s%s", index, part->gguf, strrchr(part->name, '.'));
        else
            snprintf(name, sizeof name, "%s%zu.%s", c->family->layers, index, part->name);
        size_t rows = family_dim_of(c, part->rows), cols = family_dim_of(c, part->cols);
        enum carat_err rc = cols ? take_matrix(m, name, rows, cols, (struct matrix *)(void *)(base + part->at), err)
                                 : take_vector(m, name, rows, (const float **)(void *)(base + part->at), err);
        if (rc)
            return rc;
    }
    return CARAT_OK;
}

static bool passed_over(const struct carat_model *m, const struct tensor *t)
{
    static const char *const HEADS[] = {"vision_tower.", "multi_modal_projector.", "model.vision_tower.",
                                        "model.multi_modal_projector."};
    struct str name = str_from(t->name);
    if (m->is_gguf)
        return false;
    for (size_t i = 0; i < sizeof HEADS / sizeof *HEADS; i++)
        if (str_starts(name, str_from(HEADS[i])))
            return true;
    return str_ends(name, STR(".rotary_emb.inv_freq"));
}

static enum carat_err check_unused(const struct carat_model *m, struct err *err)
{
    for (size_t i = 0; i < m->tensors.n; i++) {
        const struct tensor *t = &m->tensors.items[i];
        if (!t->used && !passed_over(m, t))
            return err_set(err, CARAT_EUNSUPPORTED,
                           "'%s': %s as implemented has no place for the tensor '%s'; its results would be wrong",
                           t->file, m->config.family->name, t->name);
    }
    return CARAT_OK;
}

/* Tied, and both are there: as transformers 5, they are tied only if they are equal, else the file's head counts. Tied,
 * and only the head is there: it is the embedding as well. */
static enum carat_err take_embedding_and_head(struct carat_model *m, struct err *err)
{
    const struct model_config *c = &m->config;
    const char *embed = m->is_gguf ? "token_embd.weight" : c->family->embed;
    const char *head = m->is_gguf ? "output.weight" : "lm_head.weight";
    struct tensor *e = find(m, embed), *h = find(m, head);
    if (c->tied && !e && h)
        embed = head;
    enum carat_err rc = take_matrix(m, embed, c->vocab, c->hidden, &m->embed, err);
    m->head = m->embed;
    if (rc || (c->tied && (!e || !h)))
        return rc;
    if (c->tied && h->dtype == e->dtype && h->n_bytes == e->n_bytes && memcmp(h->data, e->data, e->n_bytes) == 0) {
        h->used = true;
        return CARAT_OK;
    }
    return take_matrix(m, head, c->vocab, c->hidden, &m->head, err);
}

static enum carat_err take_final_norm(struct carat_model *m, struct err *err)
{
    const struct family *f = m->config.family;
    char gain[64], bias[64];
    snprintf(gain, sizeof gain, "%s.weight", m->is_gguf ? "output_norm" : f->final_norm);
    snprintf(bias, sizeof bias, "%s.bias", m->is_gguf ? "output_norm" : f->final_norm);
    enum carat_err rc = take_vector(m, gain, m->config.hidden, &m->final_norm.gain, err);
    if (!rc && (f->features & FAMILY_LAYER_NORM))
        rc = take_vector(m, bias, m->config.hidden, &m->final_norm.bias, err);
    return rc;
}

/* Llama 3's scaling, worked out by whoever wrote the file. */
static enum carat_err take_rope_factors(struct carat_model *m, struct err *err)
{
    static const char NAME[] = "rope_freqs.weight";
    size_t n = m->config.head_dim / 2, before = m->info.n_parameters;
    if (!find(m, NAME))
        return CARAT_OK;
    enum carat_err rc = take_vector(m, NAME, n, &m->rope_factors, err);
    m->info.n_parameters = before;
    for (size_t i = 0; !rc && i < n; i++)
        if (!(m->rope_factors[i] > 0) || !(m->rope_factors[i] < 1e6f))
            rc = err_set(err, CARAT_EINPUT, "'%s': number %zu of '%s' is %g, which divides no frequency", m->info.path, i,
                         NAME, (double)m->rope_factors[i]);
    return rc;
}

static enum carat_err take_all(struct carat_model *m, struct err *err)
{
    const struct model_config *c = &m->config;
    m->layers = arena_calloc(&m->arena, c->n_layers, sizeof *m->layers);
    if (!m->layers)
        return err_nomem(err, "the list of layers");
    enum carat_err rc = take_embedding_and_head(m, err);
    for (size_t i = 0; !rc && i < c->n_layers; i++)
        rc = take_layer(m, i, err);
    if (!rc)
        rc = take_final_norm(m, err);
    if (!rc && m->is_gguf)
        rc = take_rope_factors(m, err);
    m->qkv_by_group = m->layers[0].qkv.data && !m->is_gguf; /* GGUF has all queries, then all keys, then all values */
    return rc ? rc : check_unused(m, err);
}

/* ---- the whole -------------------------------------------------------------------- */

/* What one row costs: every layer's matrices, then the head's. */
void model_count_work(struct carat_model *m)
{
    struct carat_model_info *info = &m->info;
    info->layer_weights = info->read_bytes = 0;
    for (size_t i = 0; i < m->config.n_layers; i++)
        for (const struct family_part *part = m->config.family->parts; part->name; part++) {
            const char *at = (const char *)&m->layers[i] + part->at;
            if (part->cols == DIM_NONE)
                continue;
            const struct matrix *w = (const struct matrix *)(const void *)at;
            info->layer_weights += w->rows * w->cols;
            info->read_bytes += w->rows * dtype_bytes(w->dtype, w->cols);
        }
    info->head_weights = m->head.rows * m->head.cols;
    info->read_bytes += m->head.rows * dtype_bytes(m->head.dtype, m->head.cols);
}

static void fill_info(struct carat_model *m)
{
    const struct model_config *c = &m->config;
    size_t bytes[DTYPE_COMPUTED] = {0}, most = 0;
    for (size_t i = 0; i < m->tensors.n; i++)
        if (m->tensors.items[i].used)
            bytes[m->tensors.items[i].dtype] += m->tensors.items[i].n_bytes;
    for (size_t i = 1; i < DTYPE_COMPUTED; i++)
        if (bytes[i] > bytes[most])
            most = i;
    struct carat_model_info *info = &m->info;
    info->family = c->family->name;
    info->architecture = c->architecture;
    info->weights_dtype = dtype_infos[most].name;
    info->n_layers = c->n_layers;
    info->hidden_size = c->hidden;
    info->intermediate_size = c->inter;
    info->n_heads = c->n_heads;
    info->n_kv_heads = c->n_kv_heads;
    info->head_dim = c->head_dim;
    info->vocab_size = c->vocab;
    info->max_positions = c->max_positions;
    info->kv_bytes_per_token = 2 * c->n_layers * c->n_kv_heads * ((c->head_dim + 15) & ~(size_t)15) * sizeof(float);
    info->bos = c->bos;
    info->n_eos = c->n_eos;
    memcpy(info->eos, c->eos, sizeof info->eos);
    model_count_work(m);
}

enum carat_err model_new(const char *path, struct carat_model **out, struct err *err)
{
    struct carat_model *m = calloc(1, sizeof *m);
    *out = m;
    if (!m)
        return err_nomem(err, "a model");
    m->config_text = (struct buf)BUF_INIT(JSON_MAX + 1);
    m->info.path = arena_dup(&m->arena, path, strlen(path));
    if (m->info.path)
        return CARAT_OK;
    carat_model_free(m);
    *out = NULL;
    return err_nomem(err, "a path");
}

enum carat_err model_take_tensors(struct carat_model *m, struct err *err)
{
    enum carat_err rc = take_all(m, err);
    if (!rc)
        fill_info(m);
    return rc;
}

enum carat_err model_open_weights(const char *path, struct carat_model **out, struct err *err)
{
    struct carat_model *m = NULL;
    *out = NULL;
    bool is_gguf = false;
    enum carat_err rc = check_path(path, &is_gguf, err);
    if (!rc)
        rc = model_new(path, &m, err);
    if (rc)
        return rc;
    m->is_gguf = is_gguf;
    rc = is_gguf ? read_gguf(m, err) : read_folder(m, err);
    if (!rc)
        rc = model_take_tensors(m, err);
    if (rc)
        carat_model_free(m);
    else
        *out = m;
    return rc;
}

enum carat_err carat_model_open(const char *path, struct carat_model **out, struct err *err)
{
    enum carat_err rc = model_open_weights(path, out, err);
    if (!rc && (rc = carat_tokenizer_open(path, &(*out)->tokenizer, err))) {
        carat_model_free(*out);
        *out = NULL;
    }
    return rc;
}

void carat_model_free(struct carat_model *m)
{
    if (!m)
        return;
    if (m->tokenizer)
        carat_tokenizer_free(m->tokenizer);
    for (size_t i = 0; i < m->n_files; i++) {
        file_unmap(&m->files[i].map);
        free(m->files[i].path);
    }
    free(m->files);
    tensor_list_release(&m->tensors);
    buf_release(&m->config_text);
    arena_release(&m->arena);
    free(m->quantized);
    free(m);
}

const struct carat_model_info *carat_model_info(const struct carat_model *model)
{
    return &model->info;
}

const struct carat_tokenizer *carat_model_tokenizer(const struct carat_model *model)
{
    return model->tokenizer;
}
