/* session_int.h - a session opened; private to compute/. */
#ifndef CARAT_ENGINE_SESSION_INT_H
#define CARAT_ENGINE_SESSION_INT_H

#include "engine/engine.h"
#include "engine/model/model_int.h"
#include "kernels.h"
#include "kv.h"
#include "rope.h"

#define HEAD_BLOCK ((size_t)240) /* logits reduced together: part of the numbers, see head.c */
#define HEAD_ROWS ((size_t)64)   /* rows that the head is read for at once */
#define HEAD_FULL ((size_t)8)    /* of these, rows whose logits are all kept */

struct row { /* one token of the batch */
    int32_t token;
    uint32_t slot;
    size_t position;
    size_t run, n_runs; /* its path: runs[run .. run + n_runs) */
};

struct query { /* an ask, in order of rows */
    size_t row;         /* as asked */
    size_t ask;         /* index of the ask */
    size_t live;        /* which of the rows that go on to the head */
    float logit;        /* of the target */
};

struct carat_session {
    const struct carat_model *model; /* borrowed */
    const struct kernel_table *kernels;
    enum carat_precision precision;
    struct pool *pool;
    struct kv *kv;
    struct rope_table rope[ROPE_KINDS]; /* ROPE_LOCAL is empty where the family has one rope */
    size_t batch;                    /* most rows */
    struct carat_session_memory memory;
    size_t context_max;              /* most tokens a path can have */
    size_t head_pad;                 /* head_dim, padded */

    /* Work memory, all zero behind the padding; shapes [batch, padded width]. */
    struct row *rows;
    float *x;                        /* residual stream */
    float *h;                        /* normed: a product's input */
    float *qkv;                      /* [heads + 2 kv, hd] without gaps, as the products write it */
    size_t qkv_width;
    float *q;                        /* [heads, head_pad] */
    float *mixed;                    /* attention's output, [heads * hd] */
    float *y;                        /* o's and down's output, [D] */
    float *gate, *up;                /* [I] */
    struct block_stats *stats;       /* [HEAD_ROWS, blocks of the vocabulary] */
    float *full;                     /* [HEAD_FULL, V], made when first asked for */
    float *work;                     /* [threads, work_each] */
    size_t work_each;                /* floats: KERNEL_WORK, behind it scores or a tile of logits */

    /* Grown as calls need. */
    struct kv_run *runs;
    size_t n_runs, runs_cap;
    struct query *queries;
    size_t queries_cap;
};

/* A width as the buffers have it. Not a multiple of 4 KiB: rows that far apart would meet in the same few sets of a
 * cache. */
static inline size_t session_width(size_t n)
{
    return kernel_row(n) + 2 * KERNEL_LANES;
}

/* pool_run(), or a plain loop where `operations` are too few to wake anybody for. */
void session_run(struct carat_session *s, size_t n_chunks, double operations, pool_fn *fn, void *context);
/* A product's input, rows of k numbers prepared, packed in `room` (as large as the rows are); NULL where they are too few,
 * or the kernels have no such order. */
const float *session_pack(struct carat_session *s, float *room, const float *x, size_t ldx, size_t rows, size_t k);
float *session_work(const struct carat_session *s, size_t thread);

/* head.c: the normed rows in h times the head; answers the queries. CARAT_EINPUT where a logit is
 * not finite. */
enum carat_err head_answer(struct carat_session *s, const struct carat_ask *asks, size_t n_asks,
                           struct carat_reply *replies, struct err *err);
/* Makes the memory for full rows, where some ask wants them. */
enum carat_err head_prepare(struct carat_session *s, const struct carat_ask *asks, size_t n_asks, struct err *err);

#endif
