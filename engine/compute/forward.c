/* The forward pass: one for all families, one call for prefill, choices and decoding.
 *
 * A batch is a list of rows, each a token with a position and a path through the KV tree. All that is not
 * attention looks at one row at a time; attention looks at the row's own path alone. Since each number is
 * moreover summed in an order of its own (kernels.c), a row's result cannot tell what else
 * was in the batch, nor in how many calls the tokens came: that is the promise in engine.h.
 *
 * Shapes: D hidden, I intermediate, H heads, G key-value heads, hd head_dim, N rows.
 *
 *     x = embed[token] * scale                                   [N, D]
 *     each layer:
 *         h = norm(x); q, k, v = h Wq, h Wk, h Wv                [N, H hd], [N, G hd] twice; or all from one Wqkv
 *         q, k: head norms, where the family has them; turned by their position
 *         k, v -> the token's slot, so that rows of this very batch find each other there
 *         h = softmax(q k / sqrt(hd), over the path or the layer's window) v     [N, H hd]
 *         y = h Wo;    y = norm(y)?;   x += y
 *         h = norm(x); h = act(h Wgate) * (h Wup)                [N, I]; ungated: h = act(h Wup)
 *         y = h Wdown; y = norm(y)?;   x += y
 *     rows that were asked about: logits = norm(x) Whead          head.c
 *
 * Norms are RMS or LayerNorm, any product may add a bias. Where attention and MLP stand side by side, the second h is a
 * norm of x as it was before the first x += y.
 *
 * In the last layer only asked rows go on behind k and v: nobody would look at the others.
 *
 * Attention over a path takes positions in order, softmax lane by position modulo 16, counted from the
 * root: a window's edge leaves lanes empty, it does not move the others.
 *
 * Work is handed out in chunks: products by columns (all rows of a chunk share the widened weights),
 * attention by row and key-value head, the rest by rows.
 */
#include <math.h>
#include <stdlib.h>

#include "session_int.h"

#define ROWS_A_CHUNK ((size_t)4) /* of row-wise work */

/* ---- products ----------------------------------------------------------------------- */

struct target { /* where one matrix's product goes */
    const struct matrix *w;
    float *y;
    size_t ldy;
};

struct product {
    struct carat_session *s;
    const float *x;
    size_t ldx, rows;
    float *room;    /* as large as x's buffer, and free meanwhile: many rows are packed there */
    const float *packed;
    struct target to[3];
    size_t n_to;
    size_t columns; /* a chunk */
    bool activated; /* to[0] = act(to[0]), or with two targets act(to[0]) * to[1]: one chunk computes both */
};

static size_t chunks_of(const struct product *p, const struct target *t)
{
    return (t->w->rows + p->columns - 1) / p->columns;
}

/* A matrix from a column of its product on; NULL past the last. */
static const unsigned char *weights_from(const struct target *t, size_t column)
{
    return column < t->w->rows ? t->w->data + column * dtype_bytes(t->w->dtype, t->w->cols) : NULL;
}

static void product_part(const struct product *p, const struct target *t, size_t column, const unsigned char *next,
                         float *work)
{
    size_t left = t->w->rows - column;
    struct matmul m = {
        .w = weights_from(t, column),
        .dtype = t->w->dtype,
        .k = t->w->cols,
        .cols = left < p->columns ? left : p->columns,
        .rows = p->rows,
        .x = p->x,
        .ldx = p->ldx,
        .y = t->y + column,
        .ldy = t->ldy,
        .work = work,
        .packed = p->packed,
        .next = next,
    };
    p->s->kernels->matmul[p->s->precision](&m);
    for (size_t r = 0; t->w->bias && r < p->rows; r++)
        p->s->kernels->add(m.y + r * m.ldy, t->w->bias + column, m.cols);
}

static void product_chunk(void *context, size_t chunk, size_t thread)
{
    const struct product *p = context;
    float *work = session_work(p->s, thread);
    size_t later = pool_threads(p->s->pool) * p->columns; /* the chunk after this is likely another thread's */
    if (!p->activated) {
        size_t t = 0;
        for (; chunk >= chunks_of(p, &p->to[t]); t++)
            chunk -= chunks_of(p, &p->to[t]);
        product_part(p, &p->to[t], chunk * p->columns, weights_from(&p->to[t], chunk * p->columns + later), work);
        return;
    }
    size_t column = chunk * p->columns, left = p->to[0].w->rows - column;
    size_t n = left < p->columns ? left : p->columns;
    enum activation act = p->s->model->config.act;
    for (size_t t = 0; t < p->n_to; t++)
        product_part(p, &p->to[t], column,
                     t + 1 < p->n_to ? weights_from(&p->to[t + 1], column) : weights_from(&p->to[0], column + later), work);
    for (size_t r = 0; r < p->rows; r++) {
        float *y = p->to[0].y + r * p->to[0].ldy + column;
        if (p->n_to == 2)
            p->s->kernels->gated(act, y, p->to[1].y + r * p->to[1].ldy + column, n);
        else
            p->s->kernels->activate(act, y, n);
    }
}

static void product_run(struct product *p)
{
    double operations = 0;
    size_t n_chunks = 0, k = p->to[0].w->cols;
    p->packed = session_pack(p->s, p->room, p->x, p->ldx, p->rows, k);
    /* Chunks of one panel, unless that is so little work that handing it out costs as much. At int8 of two: there a stretch
     * of the rows is read for all of a chunk's columns. */
    p->columns = p->s->precision == CARAT_PRECISION_INT8 ? 2 * KERNEL_PANEL : KERNEL_PANEL;
    while (p->columns * k * p->rows < 100000 && p->columns < 4096)
        p->columns *= 2;
    for (size_t i = 0; i < p->n_to; i++) {
        operations += (double)p->to[i].w->rows * (double)(k * p->rows);
        n_chunks += p->activated && i ? 0 : chunks_of(p, &p->to[i]);
    }
    session_run(p->s, n_chunks, operations, product_chunk, p);
}

/* ---- row by row --------------------------------------------------------------------- */

struct pass { /* what the steps of one call share */
    struct carat_session *s;
    const struct model_config *c;
    const struct kernel_table *k;
    size_t n;                  /* rows that are still computed */
    size_t layer;
    size_t width;              /* of x, h, y */
    struct norm post_norm;     /* on y, or none */
    struct norm norm;          /* of the sum, into h */
};

typedef void row_fn(struct pass *p, size_t row);
struct row_step {
    struct pass *p;
    row_fn *fn;
};

static void row_chunk(void *context, size_t chunk, size_t thread)
{
    const struct row_step *step = context;
    (void)thread;
    size_t end = (chunk + 1) * ROWS_A_CHUNK;
    for (size_t r = chunk * ROWS_A_CHUNK; r < end && r < step->p->n; r++)
        step->fn(step->p, r);
}

static void each_row(struct pass *p, size_t width, row_fn *fn)
{
    struct row_step step = {p, fn};
    session_run(p->s, (p->n + ROWS_A_CHUNK - 1) / ROWS_A_CHUNK, 4.0 * (double)(width * p->n), row_chunk, &step);
}

static void norm_row(const struct pass *p, float *out, const float *x, struct norm norm, size_t n)
{
    if (norm.bias)
        p->k->layer_norm(out, x, norm.gain, norm.bias, n, p->c->norm_eps);
    else
        p->k->rms_norm(out, x, norm.gain, n, p->c->norm_eps);
}

/* h becomes what the next products read. */
static void prepare_row(const struct pass *p, float *row, size_t k)
{
    void (*prepare)(float *, size_t) = p->k->prepare[p->s->precision];
    if (prepare)
        prepare(row, k);
}

static void input_row(const struct pass *p, size_t r)
{
    float *h = p->s->h + r * p->width;
    norm_row(p, h, p->s->x + r * p->width, p->norm, p->c->hidden);
    prepare_row(p, h, p->c->hidden);
}

static void mixed_row(struct pass *p, size_t r)
{
    size_t n = p->c->n_heads * p->c->head_dim;
    prepare_row(p, p->s->mixed + r * session_width(n), n);
}

static void gate_row(struct pass *p, size_t r)
{
    prepare_row(p, p->s->gate + r * session_width(p->c->inter), p->c->inter);
}

static void embed_row(struct pass *p, size_t r)
{
    const struct matrix *e = &p->s->model->embed;
    const unsigned char *w = e->data + (size_t)p->s->rows[r].token * dtype_bytes(e->dtype, e->cols);
    float *x = p->s->x + r * p->width;
    p->k->widen(x, w, e->dtype, p->c->hidden, p->c->embed_scale);
    input_row(p, r);
}

/* x += norm(y)?; h = norm(x) */
static void residual_row(struct pass *p, size_t r)
{
    float *x = p->s->x + r * p->width, *y = p->s->y + r * p->width;
    if (p->post_norm.gain)
        norm_row(p, y, y, p->post_norm, p->c->hidden);
    p->k->add(x, y, p->c->hidden);
    input_row(p, r);
}

/* Before an MLP beside the attention: its input is a norm of the same x, attention's where it has none of its own. */
static void parallel_row(struct pass *p, size_t r)
{
    float *x = p->s->x + r * p->width;
    if (p->norm.gain)
        input_row(p, r);
    p->k->add(x, p->s->y + r * p->width, p->c->hidden);
}

/* A layer's rope: the local one where it has a window and the family has two. */
static const struct rope_table *rope_of(const struct pass *p)
{
    bool local = p->c->local[p->layer] && (p->c->family->features & FAMILY_TWO_ROPES);
    return &p->s->rope[local ? ROPE_LOCAL : ROPE_GLOBAL];
}

/* GGUF's llama files keep the two numbers that turn together side by side; ours are half a head apart. */
static void part_pairs(float *to, const float *from, size_t half)
{
    for (size_t i = 0; i < half; i++) {
        to[i] = from[2 * i];
        to[half + i] = from[2 * i + 1];
    }
}

/* Normed, turned, and spread to padded heads at `to`. */
static void place_heads(struct pass *p, const struct row *row, float *from, size_t n, struct norm norm, float *to)
{
    const struct rope_table *t = rope_of(p);
    size_t hd = p->c->head_dim, at = row->position * t->half;
    for (size_t i = 0; i < n; i++, from += hd, to += p->s->head_pad) {
        if (norm.gain)
            norm_row(p, from, from, norm, hd);
        if (p->s->model->rope_pairs)
            part_pairs(to, from, t->half);
        else
            memcpy(to, from, hd * sizeof *to);
        p->k->rope(to, t->cosine + at, t->sine + at, t->half);
    }
}

static void heads_row(struct pass *p, size_t r)
{
    struct carat_session *s = p->s;
    const struct row *row = &s->rows[r];
    const struct layer *l = &s->model->layers[p->layer];
    size_t hd = p->c->head_dim, groups = p->c->n_kv_heads, heads = p->c->n_heads / groups, stride = groups * s->head_pad;
    float *q = s->qkv + r * s->qkv_width, *k = q + p->c->n_heads * hd, *v = k + groups * hd;
    size_t next_q = heads * hd, next_kv = hd; /* from one group to the next */
    float *queries = s->q + r * p->c->n_heads * s->head_pad;
    float *keys = kv_keys(s->kv, p->layer) + row->slot * stride;
    float *values = kv_values(s->kv, p->layer) + row->slot * stride;
    if (s->model->qkv_by_group) {
        k = q + heads * hd;
        v = k + hd;
        next_q = next_kv = (heads + 2) * hd;
    }
    for (size_t g = 0; g < groups; g++, q += next_q, k += next_kv, v += next_kv) {
        place_heads(p, row, q, heads, l->q_norm, queries + g * heads * s->head_pad);
        place_heads(p, row, k, 1, l->k_norm, keys + g * s->head_pad);
        memcpy(values + g * s->head_pad, v, hd * sizeof *v);
    }
}

/* ---- attention ---------------------------------------------------------------------- */

struct span_of { /* positions of one run that a row sees */
    const uint32_t *slots;
    size_t position, n;
};

/* The part of a run in [first, last]; n == 0 when there is none. */
static struct span_of seen(const struct kv_run *run, size_t first, size_t last)
{
    size_t from = run->start > first ? run->start : first;
    size_t end = run->start + run->n < last + 1 ? run->start + run->n : last + 1;
    if (from >= end)
        return (struct span_of){.n = 0};
    return (struct span_of){.slots = run->slots + (from - run->start), .position = from, .n = end - from};
}

/* One row, one key-value head, the query heads that share it. */
static void attend(void *context, size_t chunk, size_t thread)
{
    const struct pass *p = context;
    struct carat_session *s = p->s;
    size_t groups = p->c->n_kv_heads, heads = p->c->n_heads / groups, hd = p->c->head_dim, pad = s->head_pad;
    size_t r = chunk / groups, g = chunk % groups, stride = groups * pad;
    const struct row *row = &s->rows[r];
    const struct kv_run *runs = s->runs + row->run;
    size_t last = row->position, window = p->c->window;
    size_t first = p->c->local[p->layer] && last >= window ? last - window + 1 : 0;
    size_t base = first - first % KERNEL_LANES, n = kernel_pad(last + 1 - base);
    const float *keys = kv_keys(s->kv, p->layer) + g * pad, *values = kv_values(s->kv, p->layer) + g * pad;
    const float *q = s->q + (r * p->c->n_heads + g * heads) * pad;
    float *mixed = s->mixed + r * session_width(p->c->n_heads * hd) + g * heads * hd;
    float *out = session_work(s, thread) + KERNEL_WORK; /* [heads, pad] */
    float *score = out + heads * pad;                   /* [heads, n], from position `base` on */

    for (size_t h = 0; h < heads; h++) {
        for (size_t i = 0; i < first - base; i++)
            score[h * n + i] = -INFINITY;
        for (size_t i = last + 1 - base; i < n; i++)
            score[h * n + i] = -INFINITY;
    }
    for (size_t i = 0; i < row->n_runs; i++) {
        struct span_of at = seen(&runs[i], first, last);
        if (at.n)
            p->k->scores(score + (at.position - base), n, q, heads, pad, keys, stride, at.slots, at.n,
                         p->c->attn_scale);
    }
    memset(out, 0, heads * pad * sizeof *out);
    float total[4096]; /* heads are at most so many: config.c */
    for (size_t h = 0; h < heads; h++) {
        if (p->c->attn_softcap > 0)
            p->k->softcap(score + h * n + (first - base), last + 1 - first, p->c->attn_softcap);
        total[h] = p->k->softmax(score + h * n, n);
    }
    for (size_t i = 0; i < row->n_runs; i++) {
        struct span_of at = seen(&runs[i], first, last);
        if (at.n)
            p->k->weigh(out, heads, pad, score + (at.position - base), n, values, stride, at.slots, at.n);
    }
    for (size_t h = 0; h < heads; h++) {
        p->k->scale(out + h * pad, hd, 1.0f / total[h]);
        memcpy(mixed + h * hd, out + h * pad, hd * sizeof *out);
    }
}

static void attention(struct pass *p)
{
    double pairs = 0;
    for (size_t r = 0; r < p->n; r++)
        pairs += (double)p->s->rows[r].position + 1;
    session_run(p->s, p->n * p->c->n_kv_heads, 4 * pairs * (double)(p->c->n_heads * p->c->head_dim), attend, p);
}

/* ---- layers ------------------------------------------------------------------------- */

/* Rows that somebody asked about move to the front; the others have done their part (k and v). */
static void keep_asked(struct pass *p, size_t n_asks)
{
    struct carat_session *s = p->s;
    size_t n = 0, heads = p->c->n_heads * s->head_pad;
    for (size_t i = 0; i < n_asks; i++) {
        size_t row = s->queries[i].row;
        if (i && row == s->queries[i - 1].row) {
            s->queries[i].live = n - 1;
            continue;
        }
        s->queries[i].live = n;
        if (n != row) {
            s->rows[n] = s->rows[row];
            memcpy(s->x + n * p->width, s->x + row * p->width, p->width * sizeof *s->x);
            if (p->c->parallel)
                memcpy(s->h + n * p->width, s->h + row * p->width, p->width * sizeof *s->h);
            memcpy(s->q + n * heads, s->q + row * heads, heads * sizeof *s->q);
        }
        n++;
    }
    p->n = n;
}

static void attention_inputs(struct pass *p)
{
    struct carat_session *s = p->s;
    const struct layer *l = &s->model->layers[p->layer];
    struct product qkv = {.s = s, .x = s->h, .ldx = p->width, .rows = p->n, .room = s->y, .n_to = 3};
    size_t q_width = p->c->n_heads * p->c->head_dim, kv_width = p->c->n_kv_heads * p->c->head_dim;
    qkv.to[0] = (struct target){&l->q, s->qkv, s->qkv_width};
    qkv.to[1] = (struct target){&l->k, s->qkv + q_width, s->qkv_width};
    qkv.to[2] = (struct target){&l->v, s->qkv + q_width + kv_width, s->qkv_width};
    if (l->qkv.data) {
        qkv.to[0].w = &l->qkv;
        qkv.n_to = 1;
    }
    product_run(&qkv);
    each_row(p, q_width, heads_row);
}

static void attention_output(struct pass *p)
{
    struct carat_session *s = p->s;
    const struct layer *l = &s->model->layers[p->layer];
    struct product o = {
        .s = s, .x = s->mixed, .ldx = session_width(l->o.cols), .rows = p->n, .room = s->qkv, .n_to = 1};
    o.to[0] = (struct target){&l->o, s->y, p->width};
    if (p->k->prepare[s->precision])
        each_row(p, o.ldx, mixed_row);
    product_run(&o);
    p->post_norm = l->attn_post_norm;
    p->norm = l->mlp_norm;
    each_row(p, p->c->hidden, p->c->parallel ? parallel_row : residual_row);
}

static void mlp(struct pass *p, struct norm next)
{
    struct carat_session *s = p->s;
    const struct layer *l = &s->model->layers[p->layer];
    size_t inter = session_width(p->c->inter);
    struct product in = {
        .s = s, .x = s->h, .ldx = p->width, .rows = p->n, .room = s->y, .n_to = 2, .activated = true};
    in.to[0] = (struct target){&l->gate, s->gate, inter};
    in.to[1] = (struct target){&l->up, s->up, inter};
    if (p->c->ungated) {
        in.to[0].w = &l->up;
        in.n_to = 1;
    }
    product_run(&in);
    struct product down = {.s = s, .x = s->gate, .ldx = inter, .rows = p->n, .room = s->up, .n_to = 1};
    down.to[0] = (struct target){&l->down, s->y, p->width};
    if (p->k->prepare[s->precision])
        each_row(p, inter, gate_row);
    product_run(&down);
    p->post_norm = l->mlp_post_norm;
    p->norm = next;
    each_row(p, p->c->hidden, residual_row);
}

static void layer(struct pass *p, size_t n_asks)
{
    const struct carat_model *m = p->s->model;
    bool last = p->layer + 1 == p->c->n_layers;
    attention_inputs(p);
    if (last)
        keep_asked(p, n_asks);
    if (!p->n)
        return;
    attention(p);
    attention_output(p);
    mlp(p, last ? m->final_norm : m->layers[p->layer + 1].attn_norm);
}

/* Leaves the rows that were asked about, normed for the head, in s->h. */
static void run_layers(struct carat_session *s, size_t n_rows, size_t n_asks)
{
    struct pass p = {
        .s = s,
        .c = &s->model->config,
        .k = s->kernels,
        .n = n_rows,
        .width = session_width(s->model->config.hidden),
        .norm = s->model->layers[0].attn_norm,
    };
    each_row(&p, p.c->hidden, embed_row);
    for (p.layer = 0; p.layer < p.c->n_layers; p.layer++)
        layer(&p, n_asks);
}

/* ---- the call ----------------------------------------------------------------------- */

static enum carat_err check_spans(const struct carat_session *s, const struct carat_span *spans, size_t n_spans,
                                  size_t *n_rows, struct err *err)
{
    size_t n = 0, vocab = s->model->config.vocab;
    for (size_t i = 0; i < n_spans; i++) {
        if (spans[i].n_tokens > s->batch - n)
            return err_set(err, CARAT_EUSAGE, "span %zu brings the batch over its %zu tokens", i, s->batch);
        n += spans[i].n_tokens;
        for (size_t t = 0; t < spans[i].n_tokens; t++)
            if (spans[i].tokens[t] < 0 || (size_t)spans[i].tokens[t] >= vocab)
                return err_set(err, CARAT_EINPUT, "token id %d (span %zu, token %zu) is not in the vocabulary of %zu",
                               (int)spans[i].tokens[t], i, t, vocab);
    }
    *n_rows = n;
    return CARAT_OK;
}

static enum carat_err check_asks(const struct carat_session *s, const struct carat_ask *asks, size_t n_asks,
                                 size_t n_rows, struct err *err)
{
    size_t vocab = s->model->config.vocab;
    for (size_t i = 0; i < n_asks; i++) {
        const struct carat_ask *a = &asks[i];
        if (a->row >= n_rows)
            return err_set(err, CARAT_EUSAGE, "ask %zu is about row %zu of %zu", i, a->row, n_rows);
        if (a->target < -1 || (a->target >= 0 && (size_t)a->target >= vocab))
            return err_set(err, CARAT_EINPUT, "token id %d (ask %zu) is not in the vocabulary of %zu", (int)a->target,
                           i, vocab);
        if (a->top_k > vocab)
            return err_set(err, CARAT_EUSAGE, "ask %zu wants the %zu best of %zu tokens", i, a->top_k, vocab);
    }
    return CARAT_OK;
}

static int by_row(const void *a, const void *b)
{
    const struct query *x = a, *y = b;
    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    return x->ask < y->ask ? -1 : x->ask > y->ask;
}

static enum carat_err sort_asks(struct carat_session *s, const struct carat_ask *asks, size_t n_asks, struct err *err)
{
    if (n_asks > s->queries_cap) {
        size_t bytes;
        struct query *queries = num_mul(n_asks, sizeof *queries, &bytes) ? realloc(s->queries, bytes) : NULL;
        if (!queries)
            return err_nomem(err, "the asks of a batch");
        s->queries = queries;
        s->queries_cap = n_asks;
    }
    for (size_t i = 0; i < n_asks; i++)
        s->queries[i] = (struct query){.row = asks[i].row, .ask = i};
    if (n_asks)
        qsort(s->queries, n_asks, sizeof *s->queries, by_row);
    return CARAT_OK;
}

static enum carat_err append_spans(struct carat_session *s, const struct carat_span *spans, size_t n_spans,
                                   struct err *err)
{
    for (size_t i = 0; i < n_spans; i++) {
        if (!spans[i].n_tokens)
            continue;
        size_t start = kv_length(s->kv, spans[i].node), most = s->model->config.max_positions;
        if (start + spans[i].n_tokens > most) {
            err_set(err, CARAT_EINPUT, "a sequence of %zu tokens does not fit: the model has %zu positions",
                    start + spans[i].n_tokens, most);
            return err_hint(err, "shorten the prompt, or take fewer shots");
        }
        enum carat_err rc = kv_append(s->kv, spans[i].node, spans[i].n_tokens, err);
        if (rc)
            return rc;
    }
    return CARAT_OK;
}

/* The paths of all spans, after all have grown: runs point into the nodes. */
static enum carat_err lay_rows(struct carat_session *s, const struct carat_span *spans, size_t n_spans,
                               struct err *err)
{
    size_t n = 0, row = 0, longest = 0;
    for (size_t i = 0; i < n_spans; i++)
        n += spans[i].n_tokens ? kv_path_length(s->kv, spans[i].node) : 0;
    if (n > s->runs_cap) {
        struct kv_run *runs = realloc(s->runs, n * sizeof *runs);
        if (!runs)
            return err_nomem(err, "the paths of a batch");
        s->runs = runs;
        s->runs_cap = n;
    }
    s->n_runs = 0;
    for (size_t i = 0; i < n_spans; i++) {
        if (!spans[i].n_tokens)
            continue;
        size_t n_runs = kv_path_length(s->kv, spans[i].node);
        kv_path(s->kv, spans[i].node, s->runs + s->n_runs, n_runs);
        const struct kv_run *own = &s->runs[s->n_runs + n_runs - 1];
        size_t before = own->n - spans[i].n_tokens; /* tokens of this node from earlier calls */
        for (size_t t = 0; t < spans[i].n_tokens; t++)
            s->rows[row++] = (struct row){.token = spans[i].tokens[t],
                                          .slot = own->slots[before + t],
                                          .position = own->start + before + t,
                                          .run = s->n_runs,
                                          .n_runs = n_runs};
        s->n_runs += n_runs;
        longest = own->start + own->n > longest ? own->start + own->n : longest;
    }
    for (size_t i = 0; i < ROPE_KINDS; i++)
        rope_fill(&s->rope[i], longest);
    return CARAT_OK;
}

enum carat_err carat_forward(struct carat_session *s, const struct carat_span *spans, size_t n_spans,
                             const struct carat_ask *asks, size_t n_asks, struct carat_reply *replies,
                             struct err *err)
{
    size_t n_rows = 0;
    enum carat_err rc = check_spans(s, spans, n_spans, &n_rows, err);
    if (!rc)
        rc = check_asks(s, asks, n_asks, n_rows, err);
    if (!rc)
        rc = sort_asks(s, asks, n_asks, err);
    if (!rc)
        rc = head_prepare(s, asks, n_asks, err);
    if (!rc)
        rc = append_spans(s, spans, n_spans, err);
    if (!rc)
        rc = lay_rows(s, spans, n_spans, err);
    if (!rc && n_rows) {
        run_layers(s, n_rows, n_asks);
        rc = head_answer(s, asks, n_asks, replies, err);
    }
    if (rc)
        kv_rollback(s->kv);
    else
        kv_commit(s->kv);
    return rc;
}
