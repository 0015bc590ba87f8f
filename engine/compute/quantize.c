/* Quantizing a model's matrices after it was opened. Of --weights q4_0 the head is Q8_0: one more bit in a hundred for the
 * numbers that logits are made of directly. A model of which a matrix cannot be quantized, or is so already, is refused.
 *
 * The quantized matrices lie in one allocation of the model's own; the mapped file's pages may leave memory.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>

#include "engine/model/model_int.h"
#include "kernels.h"
#include "quantize.h"

#define ROWS_A_CHUNK ((size_t)64)
#define ALIGNMENT ((size_t)64)

struct conversion {
    const struct matrix *from;
    enum dtype dtype;
    unsigned char *to;
    const struct kernel_table *kernels;
    float *rows; /* [threads, cols] */
};

static void convert_chunk(void *context, size_t chunk, size_t thread)
{
    const struct conversion *c = context;
    size_t cols = c->from->cols, bytes = dtype_bytes(c->dtype, cols);
    float *row = c->rows + thread * cols;
    for (size_t r = chunk * ROWS_A_CHUNK; r < (chunk + 1) * ROWS_A_CHUNK && r < c->from->rows; r++) {
        c->kernels->widen(row, c->from->data + r * dtype_bytes(c->from->dtype, cols), c->from->dtype, cols, 1);
        quantize_row(c->to + r * bytes, row, cols, c->dtype);
    }
}

#define MATRICES 8
static void matrices_of(struct layer *l, struct matrix *out[MATRICES])
{
    struct matrix *const all[MATRICES] = {&l->q, &l->k, &l->v, &l->qkv, &l->o, &l->gate, &l->up, &l->down};
    memcpy(out, all, sizeof all);
}

/* What a matrix takes as `dtype`, with room to align the next. */
static size_t bytes_as(const struct matrix *m, enum dtype dtype)
{
    return (m->rows * dtype_bytes(dtype, m->cols) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static size_t bytes_in_all(struct carat_model *m, enum dtype dtype, size_t *widest)
{
    size_t total = bytes_as(&m->head, DTYPE_Q8_0);
    *widest = m->head.cols;
    for (size_t i = 0; i < m->config.n_layers; i++) {
        struct matrix *of[MATRICES];
        matrices_of(&m->layers[i], of);
        for (size_t j = 0; j < MATRICES; j++) {
            total += bytes_as(of[j], dtype);
            *widest = of[j]->cols > *widest ? of[j]->cols : *widest;
        }
    }
    return total;
}

/* Takes the matrix's place at *at. */
static void convert(struct conversion *c, struct matrix *m, enum dtype dtype, unsigned char **at, struct pool *pool)
{
    if (!m->data)
        return;
    size_t n = (m->rows + ROWS_A_CHUNK - 1) / ROWS_A_CHUNK, bytes = bytes_as(m, dtype);
    c->from = m;
    c->dtype = dtype;
    c->to = *at;
    if (pool)
        pool_run(pool, n, convert_chunk, c);
    for (size_t i = 0; !pool && i < n; i++)
        convert_chunk(c, i, 0);
    m->data = *at;
    m->dtype = dtype;
    *at += bytes;
}

static void convert_all(struct carat_model *m, struct conversion *c, enum dtype dtype, unsigned char *at,
                        struct pool *pool)
{
    bool tied = m->embed.data == m->head.data;
    for (size_t i = 0; i < m->config.n_layers; i++) {
        struct matrix *of[MATRICES];
        matrices_of(&m->layers[i], of);
        for (size_t j = 0; j < MATRICES; j++)
            convert(c, of[j], dtype, &at, pool);
    }
    convert(c, &m->head, DTYPE_Q8_0, &at, pool);
    if (tied)
        m->embed = m->head;
}

/* The first matrix, the head among them, for which `is_bad` holds; NULL: none. */
static const struct matrix *find_matrix(const struct carat_model *m, bool (*is_bad)(const struct matrix *))
{
    for (size_t i = 0; i < m->config.n_layers; i++) {
        struct matrix *of[MATRICES];
        matrices_of(&m->layers[i], of);
        for (size_t j = 0; j < MATRICES; j++)
            if (of[j]->data && is_bad(of[j]))
                return of[j];
    }
    return is_bad(&m->head) ? &m->head : NULL;
}

static bool is_blocks(const struct matrix *m)
{
    return dtype_is_block(m->dtype);
}

static bool is_no_blocks(const struct matrix *m)
{
    return !dtype_is_block(m->dtype);
}

static bool is_uneven(const struct matrix *m)
{
    return m->cols % QUANTIZE_BLOCK != 0;
}

/* All or nothing: what a run says of its weights must be so. */
static enum carat_err check_source(const struct carat_model *m, enum carat_weights weights, struct err *err)
{
    const struct matrix *bad = find_matrix(m, is_blocks);
    if (bad)
        return err_set(err, CARAT_EUNSUPPORTED, "'%s' is quantized already (%s); --weights %s cannot be made of it",
                       m->info.path, dtype_infos[bad->dtype].name, carat_weights_name(weights));
    bad = find_matrix(m, is_uneven);
    if (bad)
        return err_set(err, CARAT_EUNSUPPORTED, "'%s': --weights %s wants rows of whole blocks of %zu, a matrix is [%zu, %zu]",
                       m->info.path, carat_weights_name(weights), QUANTIZE_BLOCK, bad->rows, bad->cols);
    return CARAT_OK;
}

enum carat_err carat_model_quantize(struct carat_model *m, enum carat_weights weights, struct pool *pool,
                                    struct err *err)
{
    if (weights == CARAT_WEIGHTS_STORED)
        return CARAT_OK;
    enum dtype dtype = weights == CARAT_WEIGHTS_Q4_0 ? DTYPE_Q4_0 : DTYPE_Q8_0;
    struct conversion c = {.to = NULL};
    size_t widest, bytes = bytes_in_all(m, dtype, &widest);
    enum carat_err rc = check_source(m, weights, err);
    if (!rc)
        rc = kernels_choose(&c.kernels, err);
    if (rc)
        return rc;
    c.rows = calloc((pool ? pool_threads(pool) : 1) * widest, sizeof *c.rows);
    void *memory = NULL;
    if (!c.rows || posix_memalign(&memory, ALIGNMENT, bytes)) {
        free(c.rows);
        return err_set(err, CARAT_ENOMEM, "no memory for quantized weights (%zu MiB)", bytes >> 20);
    }
    m->quantized = memory;
    convert_all(m, &c, dtype, m->quantized, pool);
    free(c.rows);
    for (size_t i = 0; i < m->n_files; i++) /* an advice; embeddings that are still read come back by themselves */
        if (file_exists(m->files[i].path))
            (void)madvise((void *)(uintptr_t)m->files[i].map.data, m->files[i].map.n, MADV_DONTNEED);
    m->info.weights_dtype = dtype_infos[dtype].name;
    m->info.weights_bytes = bytes;
    if (m->embed.data != m->head.data)
        m->info.weights_bytes += m->embed.rows * dtype_bytes(m->embed.dtype, m->embed.cols);
    model_count_work(m);
    return CARAT_OK;
}

enum carat_err quantize_check(const struct carat_model *m, struct err *err)
{
    const struct matrix *bad = find_matrix(m, is_no_blocks);
    if (!bad)
        return CARAT_OK;
    err_set(err, CARAT_EUNSUPPORTED, "'%s': precision int8 multiplies quantized weights, and a matrix [%zu, %zu] is %s",
            m->info.path, bad->rows, bad->cols, dtype_infos[bad->dtype].name);
    if (is_uneven(bad))
        return err_hint(err, "its rows are no whole blocks of %zu and cannot be quantized; use another precision",
                        QUANTIZE_BLOCK);
    return err_hint(err, "add --weights q8_0 (or q4_0), or take a quantized GGUF file");
}
