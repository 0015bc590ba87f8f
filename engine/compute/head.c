/* The head: logits, and what is wanted of them, without ever keeping them for all rows.
 *
 * The vocabulary is cut into fixed blocks of HEAD_BLOCK tokens. A chunk of work multiplies one block of the
 * head with up to HEAD_ROWS rows, so the head's weights are read once for them all, and
 * reduces each row's 240 logits to (max, sum of exp(x - max), argmax) on the spot. Then, block
 * after block, with M the largest of all:
 *
 *     log-sum-exp = M + log(sum over blocks of sum_b * exp(max_b - M))
 *
 * Each exp is float32, sums within a block are float32 in sixteen lanes, the thousand blocks of a large
 * vocabulary are added in double. The order hangs on the vocabulary alone, so the bits do too.
 * The reference's log_softmax adds float32 throughout; the two differ by about 1e-6.
 *
 * Rows that want all their logits, or the k best, have them stored as well: HEAD_FULL rows at a time.
 */
#include <math.h>
#include <stdlib.h>

#include "fixmath.h"
#include "session_int.h"

struct head {
    struct carat_session *s;
    const struct carat_ask *asks;
    size_t first, rows;                /* live rows of this tile */
    struct query *queries;             /* those of this tile */
    size_t n_queries;
    const float *packed;               /* the rows, where there are many */
    float *full[HEAD_ROWS];            /* where a row's logits are kept, or NULL */
};

struct lse {
    float max, second;
    size_t best;
    double value;
};

static size_t n_blocks(const struct carat_session *s)
{
    return (s->model->config.vocab + HEAD_BLOCK - 1) / HEAD_BLOCK;
}

static bool wants_full(const struct carat_ask *ask)
{
    return ask->top_k || ask->logits;
}

static void block_chunk(void *context, size_t block, size_t thread)
{
    const struct head *t = context;
    struct carat_session *s = t->s;
    const struct matrix *w = &s->model->head;
    size_t from = block * HEAD_BLOCK, width = session_width(w->cols);
    size_t n = w->rows - from < HEAD_BLOCK ? w->rows - from : HEAD_BLOCK;
    float *work = session_work(s, thread), *logits = work + KERNEL_WORK; /* [rows, HEAD_BLOCK] */
    struct matmul m = {
        .w = w->data + from * dtype_bytes(w->dtype, w->cols),
        .dtype = w->dtype,
        .k = w->cols,
        .cols = n,
        .rows = t->rows,
        .x = s->h + t->first * width,
        .ldx = width,
        .y = logits,
        .ldy = HEAD_BLOCK,
        .work = work,
        .packed = t->packed,
        .next = from + HEAD_BLOCK * pool_threads(s->pool) < w->rows
                    ? w->data + (from + HEAD_BLOCK * pool_threads(s->pool)) * dtype_bytes(w->dtype, w->cols)
                    : NULL,
    };
    s->kernels->matmul[s->precision](&m);
    for (size_t r = 0; r < t->rows; r++) {
        float *row = logits + r * HEAD_BLOCK;
        if (s->model->config.final_softcap > 0)
            s->kernels->softcap(row, n, s->model->config.final_softcap);
        s->stats[r * n_blocks(s) + block] = s->kernels->stats(row, n);
        if (t->full[r])
            memcpy(t->full[r] + from, row, n * sizeof *row);
    }
    for (size_t i = 0; i < t->n_queries; i++) { /* a target lies in one block: no two threads write it */
        int32_t target = t->asks[t->queries[i].ask].target;
        if (target >= 0 && (size_t)target >= from && (size_t)target - from < n)
            t->queries[i].logit = logits[(t->queries[i].live - t->first) * HEAD_BLOCK + ((size_t)target - from)];
    }
}

static struct lse combine(const struct carat_session *s, size_t row)
{
    const struct block_stats *b = s->stats + row * n_blocks(s);
    struct lse l = {.max = b[0].max, .second = b[0].second, .best = b[0].best};
    for (size_t i = 1; i < n_blocks(s); i++) {
        if (b[i].max > l.max) {
            l.second = fmaxf(l.max, b[i].second);
            l.max = b[i].max;
            l.best = i * HEAD_BLOCK + b[i].best;
        } else {
            l.second = fmaxf(l.second, b[i].max);
        }
    }
    double sum = 0;
    for (size_t i = 0; i < n_blocks(s); i++)
        sum += (double)b[i].sum * fix_exp((double)b[i].max - (double)l.max);
    l.value = isfinite(sum) && isfinite(l.max) ? (double)l.max + fix_log(sum) : (double)NAN;
    return l;
}

/* ---- the k best --------------------------------------------------------------------- */

static bool worse(const float *logits, int32_t a, int32_t b)
{
    if (logits[a] < logits[b] || logits[a] > logits[b])
        return logits[a] < logits[b];
    return a > b;
}

/* ids[0 .. n) is a heap with the worst on top; what is at `i` sinks to its place. */
static void sink(const float *logits, int32_t *ids, size_t n, size_t i)
{
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= n)
            return;
        if (child + 1 < n && worse(logits, ids[child + 1], ids[child]))
            child++;
        if (!worse(logits, ids[child], ids[i]))
            return;
        int32_t t = ids[i];
        ids[i] = ids[child];
        ids[child] = t;
        i = child;
    }
}

static void best_ids(const float *logits, size_t vocab, int32_t *ids, size_t k)
{
    for (size_t i = 0; i < k; i++)
        ids[i] = (int32_t)i;
    for (size_t i = k / 2; i-- > 0;)
        sink(logits, ids, k, i);
    for (size_t i = k; i < vocab; i++)
        if (worse(logits, ids[0], (int32_t)i)) {
            ids[0] = (int32_t)i;
            sink(logits, ids, k, 0);
        }
    for (size_t n = k; n > 1; n--) { /* the worst goes to the end */
        int32_t t = ids[0];
        ids[0] = ids[n - 1];
        ids[n - 1] = t;
        sink(logits, ids, n - 1, 0);
    }
}

/* ---- tiles -------------------------------------------------------------------------- */

static void answer(const struct head *t, const struct query *q, const struct lse *l, struct carat_reply *reply)
{
    const struct carat_ask *ask = &t->asks[q->ask];
    const float *full = t->full[q->live - t->first];
    size_t vocab = t->s->model->config.vocab;
    *reply = (struct carat_reply){
        .logprob = ask->target >= 0 ? (double)q->logit - l->value : 0,
        .best = (int32_t)l->best,
        .best_logprob = (double)l->max - l->value,
        .margin = (double)l->max - (double)l->second,
    };
    if (ask->logits)
        memcpy(ask->logits, full, vocab * sizeof *full);
    if (!ask->top_k || !ask->top_ids)
        return;
    best_ids(full, vocab, ask->top_ids, ask->top_k);
    for (size_t i = 0; ask->top_logprobs && i < ask->top_k; i++)
        ask->top_logprobs[i] = (double)full[ask->top_ids[i]] - l->value;
}

/* Takes queries from the front until a tile is full. */
static void fill_tile(struct head *t, size_t n_left)
{
    size_t n_full = 0;
    t->rows = t->n_queries = 0;
    memset(t->full, 0, sizeof t->full);
    for (; t->n_queries < n_left; t->n_queries++) {
        const struct query *q = &t->queries[t->n_queries];
        size_t r = q->live - t->first;
        bool full = wants_full(&t->asks[q->ask]);
        if (r >= HEAD_ROWS)
            return;
        if (full && !t->full[r]) {
            if (n_full == HEAD_FULL)
                return;
            t->full[r] = t->s->full + n_full++ * t->s->model->config.vocab;
        }
        t->rows = r + 1;
    }
}

enum carat_err head_prepare(struct carat_session *s, const struct carat_ask *asks, size_t n_asks, struct err *err)
{
    for (size_t i = 0; i < n_asks && !s->full; i++)
        if (wants_full(&asks[i])) {
            s->full = calloc(HEAD_FULL * s->model->config.vocab, sizeof *s->full);
            if (!s->full)
                return err_nomem(err, "rows of logits");
        }
    return CARAT_OK;
}

enum carat_err head_answer(struct carat_session *s, const struct carat_ask *asks, size_t n_asks,
                           struct carat_reply *replies, struct err *err)
{
    struct head t = {.s = s, .asks = asks, .queries = s->queries};
    size_t left = n_asks;
    while (left) {
        t.first = t.queries[0].live;
        fill_tile(&t, left);
        size_t hidden = s->model->config.hidden, width = session_width(hidden);
        t.packed = session_pack(s, s->y, s->h + t.first * width, width, t.rows, hidden);
        double operations = (double)s->model->config.vocab * (double)(hidden * t.rows);
        session_run(s, n_blocks(s), operations, block_chunk, &t);
        struct lse l = {.value = 0};
        for (size_t i = 0; i < t.n_queries; i++) {
            const struct query *q = &t.queries[i];
            if (i == 0 || q->live != q[-1].live)
                l = combine(s, q->live - t.first);
            if (!isfinite(l.value)) {
                err_set(err, CARAT_EINPUT, "the logits of row %zu are not finite numbers", q->row);
                return err_hint(err, "the weights of '%s' may be damaged", s->model->info.path);
            }
            answer(&t, q, &l, &replies[q->ask]);
        }
        t.queries += t.n_queries;
        left -= t.n_queries;
    }
    return CARAT_OK;
}
