/* Timings. Limits first; then each prompt length and number of sequences, `repeat` times, a probe of both limits
 * before each. Tokens are arbitrary ones of the vocabulary: no time depends on which. */
#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "speed.h"

#define CONTEXT ((size_t)64)     /* tokens before the first decoded one, shared by all sequences */
#define STEPS_LEAST ((size_t)4)  /* of decoding, in a timing */
#define STEPS_MOST ((size_t)128)
#define PROBE_SECONDS 0.1

struct bench {
    const struct speed_opts *o;
    struct carat_limits *limits;
    struct carat_session *session;
    struct speed_report *out;
    int32_t *tokens;          /* [longest prompt] */
    struct err *err;
};

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, size_t n)
{
    qsort(x, n, sizeof *x, by_size);
    return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

static enum carat_err step(const struct bench *b, const char *what, size_t i, size_t n)
{
    if (b->o->on_step)
        b->o->on_step(b->o->context, what, i, n);
    if (b->o->interrupted && b->o->interrupted())
        return err_set(b->err, CARAT_EINTERRUPTED, "interrupted while measuring %s", what);
    return CARAT_OK;
}

/* ---- limits ------------------------------------------------------------------------- */

static enum carat_err measure_limits(struct bench *b)
{
    size_t n = b->o->repeat;
    double *x = calloc(CARAT_N_LIMITS * n, sizeof *x); /* [limits][repeats] */
    enum carat_err rc = x ? CARAT_OK : err_nomem(b->err, "timings");
    for (size_t i = 0; i < n && !rc; i++) { /* by turns: a disturbance hits all of them */
        rc = step(b, "the machine", i, n);
        for (size_t k = 0; k < CARAT_N_LIMITS && !rc; k++)
            x[k * n + i] = carat_limits_measure(b->limits, (enum carat_limit)k, b->o->seconds);
    }
    for (size_t k = 0; k < CARAT_N_LIMITS && !rc; k++)
        b->out->limits[k] = isnan(x[k * n]) ? (double)NAN : median(x + k * n, n);
    free(x);
    return rc;
}

/* What a precision's products are held against: the faster of the dot product of its kind and float32's multiply-adds,
 * which can stand in for it (and are the faster ones on some CPUs). */
static enum carat_limit limit_of(enum carat_precision precision, const double *limits)
{
    static const enum carat_limit map[CARAT_N_PRECISIONS] = {[CARAT_PRECISION_F32] = CARAT_LIMIT_FP32,
                                                             [CARAT_PRECISION_BF16] = CARAT_LIMIT_BF16,
                                                             [CARAT_PRECISION_INT8] = CARAT_LIMIT_INT8};
    return limits[map[precision]] > limits[CARAT_LIMIT_FP32] ? map[precision] : CARAT_LIMIT_FP32;
}

/* ---- the model's own ---------------------------------------------------------------- */

struct work {                 /* of one timing */
    double tokens, seconds;
    double operations, bytes; /* that its products did and read */
};

static enum carat_err prefill_once(struct bench *b, size_t n, struct work *w)
{
    const struct carat_model_info *m = &b->out->model;
    struct carat_reply reply;
    uint32_t node;
    size_t most = carat_session_batch_tokens(b->session);
    double began = clock_seconds();
    enum carat_err rc = carat_node_new(b->session, CARAT_NODE_ROOT, &node, b->err);
    if (rc)
        return rc;
    for (size_t at = 0, take; at < n && !rc; at += take) {
        take = n - at < most ? n - at : most;
        bool last = at + take == n;
        rc = carat_forward(b->session, &(struct carat_span){node, b->tokens + at, take}, 1,
                           &(struct carat_ask){.row = take - 1, .target = -1}, last ? 1 : 0, &reply, b->err);
        w->bytes += (double)m->read_bytes; /* the head's too, a little more than is true of all but the last */
    }
    carat_node_release(b->session, node);
    w->seconds += clock_seconds() - began;
    w->tokens += (double)n;
    w->operations += 2 * ((double)n * (double)m->layer_weights + (double)m->head_weights);
    return rc;
}

static enum carat_err time_prefill(struct bench *b, size_t n, struct work *w)
{
    enum carat_err rc = CARAT_OK;
    do
        rc = prefill_once(b, n, w);
    while (!rc && w->seconds < b->o->seconds);
    return rc;
}

struct sequences {
    struct carat_span *spans;
    struct carat_ask *asks;
    struct carat_reply *replies;
    int32_t *last;            /* each one's newest token */
    size_t n, n_nodes;
};

/* A context and `n` nodes under it; the context's own reference is given back with theirs. */
static enum carat_err begin_sequences(struct bench *b, struct sequences *q, size_t n)
{
    uint32_t context;
    struct carat_reply reply;
    *q = (struct sequences){.spans = calloc(n, sizeof *q->spans),
                            .asks = calloc(n, sizeof *q->asks),
                            .replies = calloc(n, sizeof *q->replies),
                            .last = calloc(n, sizeof *q->last),
                            .n = n};
    if (!q->spans || !q->asks || !q->replies || !q->last)
        return err_nomem(b->err, "sequences");
    enum carat_err rc = carat_node_new(b->session, CARAT_NODE_ROOT, &context, b->err);
    size_t most = carat_session_batch_tokens(b->session);
    for (size_t at = 0, take; at < CONTEXT && !rc; at += take) {
        take = CONTEXT - at < most ? CONTEXT - at : most;
        rc = carat_forward(b->session, &(struct carat_span){context, b->tokens + at, take}, 1, NULL, 0, &reply, b->err);
    }
    for (size_t i = 0; i < n && !rc; i++) {
        rc = carat_node_new(b->session, context, &q->spans[i].node, b->err);
        if (rc)
            break;
        q->n_nodes++;
        q->last[i] = b->tokens[i % CONTEXT];
        q->spans[i].tokens = &q->last[i];
        q->spans[i].n_tokens = 1;
        q->asks[i] = (struct carat_ask){.row = i, .target = -1};
    }
    carat_node_release(b->session, context);
    return rc;
}

static void end_sequences(struct bench *b, struct sequences *q)
{
    for (size_t i = 0; i < q->n_nodes; i++)
        carat_node_release(b->session, q->spans[i].node);
    free(q->spans);
    free(q->asks);
    free(q->replies);
    free(q->last);
}

static enum carat_err time_decode(struct bench *b, size_t n, struct work *w)
{
    const struct carat_model_info *m = &b->out->model;
    struct sequences q;
    size_t steps = 0;
    enum carat_err rc = begin_sequences(b, &q, n);
    double began = clock_seconds();
    while (!rc && steps < STEPS_MOST && (steps < STEPS_LEAST || w->seconds < b->o->seconds)) {
        rc = carat_forward(b->session, q.spans, n, q.asks, n, q.replies, b->err);
        for (size_t i = 0; i < n && !rc; i++)
            q.last[i] = q.replies[i].best;
        w->seconds = clock_seconds() - began;
        steps++;
    }
    w->tokens = (double)(steps * n);
    w->operations = 2 * w->tokens * (double)(m->layer_weights + m->head_weights);
    w->bytes = (double)steps * (double)m->read_bytes;
    end_sequences(b, &q);
    return rc;
}

typedef enum carat_err time_fn(struct bench *b, size_t n, struct work *w);

static enum carat_err measure_rate(struct bench *b, const char *what, time_fn *time_one, size_t n,
                                   struct speed_rate *out)
{
    size_t repeat = b->o->repeat;
    double *x = calloc(4 * repeat, sizeof *x); /* [rate, share, read, compute][repeats] */
    struct work w = {0};
    enum carat_err rc = x ? CARAT_OK : err_nomem(b->err, "timings");
    if (!rc)
        rc = step(b, what, 0, repeat);
    if (!rc)
        rc = time_one(b, n, &w); /* pages, caches, clocks */
    for (size_t i = 0; i < repeat && !rc; i++) {
        double read = carat_limits_measure(b->limits, CARAT_LIMIT_READ, PROBE_SECONDS);
        double compute = carat_limits_measure(b->limits, b->out->compute, PROBE_SECONDS);
        w = (struct work){0};
        if ((rc = step(b, what, i, repeat)) || (rc = time_one(b, n, &w)))
            break;
        out->reads_bound = w.bytes / read > w.operations / compute;
        x[i] = w.tokens / w.seconds;
        x[repeat + i] = fmax(w.bytes / read, w.operations / compute) / w.seconds;
        x[2 * repeat + i] = read;
        x[3 * repeat + i] = compute;
    }
    if (!rc) {
        out->n = n;
        out->tokens_per_s = median(x, repeat);
        out->share = median(x + repeat, repeat);
        out->read = median(x + 2 * repeat, repeat);
        out->compute = median(x + 3 * repeat, repeat);
    }
    free(x);
    return rc;
}

/* ---- the whole ---------------------------------------------------------------------- */

static size_t largest(const size_t *x, size_t n)
{
    size_t most = 0;
    for (size_t i = 0; i < n; i++)
        most = x[i] > most ? x[i] : most;
    return most;
}

static enum carat_err open_session(struct bench *b, const struct carat_model *model)
{
    struct carat_session_opts o = b->o->session;
    size_t longest = largest(b->o->prefill, b->o->n_prefill), most = largest(b->o->decode, b->o->n_decode);
    const size_t positions = carat_model_info(model)->max_positions;
    if (longest > positions || CONTEXT + STEPS_MOST > positions)
        return err_set(b->err, CARAT_EUSAGE, "a sequence of %zu tokens does not fit: the model has %zu positions",
                       longest > CONTEXT + STEPS_MOST ? longest : CONTEXT + STEPS_MOST, positions);
    o.kv_tokens = CONTEXT + most * STEPS_MOST;
    if (o.kv_tokens < longest)
        o.kv_tokens = longest;
    enum carat_err rc = carat_session_open(model, &o, &b->session, b->err);
    if (rc)
        return rc;
    if (most > carat_session_batch_tokens(b->session))
        return err_set(b->err, CARAT_EUSAGE, "%zu sequences are more than the %zu rows of a batch", most,
                       carat_session_batch_tokens(b->session));
    size_t n = longest > CONTEXT ? longest : CONTEXT;
    b->tokens = calloc(n, sizeof *b->tokens);
    if (!b->tokens)
        return err_nomem(b->err, "tokens");
    for (size_t i = 0; i < n; i++)
        b->tokens[i] = (int32_t)((i * 7919 + 11) % carat_model_info(model)->vocab_size);
    return CARAT_OK;
}

static double peak_rss(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) ? (double)NAN : (double)usage.ru_maxrss * 1024;
}

enum carat_err speed_measure(const struct carat_model *model, const struct speed_opts *o, struct speed_report *out,
                             struct err *err)
{
    struct bench b = {.o = o, .out = out, .err = err};
    *out = (struct speed_report){.model = *carat_model_info(model),
                                 .precision = carat_precision_name(o->session.precision),
                                 .n_threads = o->session.n_threads ? o->session.n_threads : machine_cpus(),
                                 .repeat = o->repeat,
                                 .prefill = calloc(o->n_prefill + 1, sizeof *out->prefill),
                                 .decode = calloc(o->n_decode + 1, sizeof *out->decode)};
    enum carat_err rc = out->prefill && out->decode ? CARAT_OK : err_nomem(err, "timings");
    if (!rc)
        rc = open_session(&b, model); /* before the limits: what is refused is refused at once */
    if (!rc)
        rc = carat_limits_open(o->session.n_threads, 0, &b.limits, err);
    if (!rc)
        rc = measure_limits(&b);
    if (!rc) {
        out->compute = limit_of(o->session.precision, out->limits);
        out->isa = carat_session_isa(b.session);
        out->batch_tokens = carat_session_batch_tokens(b.session);
        out->buffer_bytes = carat_limits_buffer_bytes(b.limits);
    }
    for (size_t i = 0; i < o->n_prefill && !rc; i++, out->n_prefill++)
        rc = measure_rate(&b, "prefill", time_prefill, o->prefill[i], &out->prefill[i]);
    for (size_t i = 0; i < o->n_decode && !rc; i++, out->n_decode++)
        rc = measure_rate(&b, "decode", time_decode, o->decode[i], &out->decode[i]);
    out->peak_rss = peak_rss() - (double)out->buffer_bytes;
    carat_limits_free(b.limits);
    carat_session_free(b.session);
    free(b.tokens);
    if (rc)
        speed_release(out);
    return rc;
}

void speed_release(struct speed_report *r)
{
    free(r->prefill);
    free(r->decode);
    *r = (struct speed_report){0};
}
