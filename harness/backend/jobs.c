/* From text to token ids, as the reference harness does it (lm-evaluation-harness 0.4.13,
 * TemplateLM._encode_pair and HFLM): the continuation's ids are what the joint encoding has
 * behind as many ids as the context alone encodes to; what is fed is the context's own
 * encoding and those. Where the joint encoding merges over the boundary the two
 * differ, and the reference's sequence is reproduced as it is. */
#include "backend_int.h"

#include <stdlib.h>

enum carat_err jobs_split(const struct request *r, struct arena *arena, struct text_pair *out, struct err *err)
{
    size_t n_context, n_total;
    if (!num_add(r->prefix.n, r->prompt.n, &n_context) || !num_add(n_context, r->continuation.n, &n_total))
        return err_nomem(err, "a prompt");
    char *p = arena_alloc(arena, n_total + 1);
    if (!p)
        return err_nomem(err, "a prompt");
    if (r->prefix.n)
        memcpy(p, r->prefix.p, r->prefix.n);
    if (r->prompt.n)
        memcpy(p + r->prefix.n, r->prompt.p, r->prompt.n);
    if (r->continuation.n)
        memcpy(p + n_context, r->continuation.p, r->continuation.n);
    struct str context = {p, n_context};
    if (r->kind == REQUEST_LOGLIKELIHOOD)
        context = utf8_rstrip(context);
    *out = (struct text_pair){context, {p + context.n, n_total - context.n}};
    return CARAT_OK;
}

/* With BOS first, unless the text itself begins with it. */
enum carat_err jobs_encode(const struct tokenize_rules *rules, struct carat_encoder *enc, struct str text, bool bos,
                           struct carat_ids *out, struct err *err)
{
    out->n = 0;
    enum carat_err rc = carat_encoder_encode(enc, text, CARAT_TOK_SPECIAL, out, err);
    if (rc || !bos || rules->bos < 0 || (out->n && out->ids[0] == rules->bos))
        return rc;
    if (carat_ids_push(out, 0))
        return err_nomem(err, "token ids");
    memmove(out->ids + 1, out->ids, (out->n - 1) * sizeof *out->ids);
    out->ids[0] = rules->bos;
    return CARAT_OK;
}

static const int32_t *keep_ids(struct arena *arena, const int32_t *ids, size_t n)
{
    int32_t *copy = arena_alloc(arena, (n ? n : 1) * sizeof *copy);
    if (copy && n)
        memcpy(copy, ids, n * sizeof *copy);
    return copy;
}

/* Two encodings in hand while jobs are made; the context's is reused by an item's next choice. */
struct encoder {
    const struct tokenize_rules *rules;
    struct carat_encoder *enc;     /* borrowed */
    struct arena *ids;             /* of the jobs */
    struct arena text;             /* of one job */
    struct carat_ids ctx, whole;
    struct str begun;              /* the prefix that `enc` was told of */
    struct str last_prefix, last_prompt; /* whose context `kept` is */
    bool kept_valid;
    const int32_t *kept;           /* in `ids` */
    size_t n_kept;
};

static bool same_context(const struct encoder *e, const struct request *r)
{
    return e->kept_valid && e->last_prefix.p == r->prefix.p && e->last_prefix.n == r->prefix.n &&
           e->last_prompt.p == r->prompt.p && e->last_prompt.n == r->prompt.n;
}

/* Items share what precedes the question, choices the whole context. */
static enum carat_err begin_texts(struct encoder *e, const struct request *r, struct str context, struct err *err)
{
    const struct str prefix = {context.p, r->prefix.n};
    enum carat_err rc = CARAT_OK;
    if (prefix.n && prefix.n <= context.n && (r->prefix.p != e->begun.p || r->prefix.n != e->begun.n)) {
        rc = carat_encoder_begin(e->enc, 0, prefix, err);
        e->begun = r->prefix;
    }
    return rc || r->kind == REQUEST_GENERATE ? rc : carat_encoder_begin(e->enc, 1, context, err);
}

static enum carat_err encode_context(struct encoder *e, const struct request *r, struct str context, struct err *err)
{
    if (same_context(e, r))
        return CARAT_OK;
    e->kept_valid = false;
    enum carat_err rc = begin_texts(e, r, context, err);
    if (!rc)
        rc = jobs_encode(e->rules, e->enc, context, e->rules->add_bos, &e->ctx, err);
    if (rc)
        return rc;
    e->kept = keep_ids(e->ids, e->ctx.ids, e->ctx.n);
    if (!e->kept)
        return err_nomem(err, "token ids");
    e->n_kept = e->ctx.n;
    e->last_prefix = r->prefix;
    e->last_prompt = r->prompt;
    e->kept_valid = true;
    return CARAT_OK;
}

static enum carat_err take_ids(struct job *job, struct err *err)
{
    const struct request *r = job->request;
    job->ctx = r->ids;
    job->n_ctx = r->n_ids;
    job->cont = r->continuation_ids;
    job->n_cont = r->n_continuation_ids;
    return job->n_ctx && job->n_cont ? CARAT_OK
                                     : err_set(err, CARAT_EINPUT, "the context or the continuation has no tokens");
}

static enum carat_err tokenize_pair(struct encoder *e, struct job *job, struct err *err)
{
    const struct request *r = job->request;
    const struct tokenize_rules *rules = e->rules;
    struct text_pair pair;
    if (r->ids_given)
        return take_ids(job, err);
    enum carat_err rc = jobs_split(r, &e->text, &pair, err);
    if (rc)
        return rc;
    bool blank = pair.context.n == 0 && (r->prefix.n || r->prompt.n);
    if (blank && !rules->add_bos) /* as the reference, which then has no ids to begin with */
        return err_set(err, CARAT_EINPUT, "the context is white space alone, and no BOS is put before it");
    if (pair.context.n == 0) {
        /* Nothing before the continuation: BOS (else EOS) is the context, and is not doubled. */
        int32_t first = rules->bos >= 0 ? rules->bos : rules->eos;
        rc = jobs_encode(rules, e->enc, pair.continuation, false, &e->whole, err);
        if (rc)
            return rc;
        if (!e->whole.n)
            return err_set(err, CARAT_EINPUT, "the continuation has no tokens");
        bool doubled = e->whole.ids[0] == first;
        if (first < 0)
            return err_set(err, CARAT_EINPUT, "the context is empty and the tokenizer has neither BOS nor EOS");
        job->ctx = keep_ids(e->ids, &first, 1);
        job->n_ctx = 1;
        job->cont = keep_ids(e->ids, e->whole.ids + doubled, e->whole.n - doubled);
        job->n_cont = e->whole.n - doubled;
        if (!job->n_cont)
            return err_set(err, CARAT_EINPUT, "the continuation has no tokens");
        return job->ctx && job->cont ? CARAT_OK : err_nomem(err, "token ids");
    }
    rc = encode_context(e, r, pair.context, err);
    if (!rc)
        rc = jobs_encode(rules, e->enc, (struct str){pair.context.p, pair.context.n + pair.continuation.n}, rules->add_bos,
                         &e->whole, err);
    if (rc)
        return rc;
    job->ctx = e->kept;
    job->n_ctx = e->n_kept;
    if (e->whole.n <= job->n_ctx)
        return err_set(err, CARAT_EINPUT, "the continuation has no tokens behind its context's %zu", job->n_ctx);
    job->n_cont = e->whole.n - job->n_ctx;
    job->cont = keep_ids(e->ids, e->whole.ids + job->n_ctx, job->n_cont);
    return job->cont ? CARAT_OK : err_nomem(err, "token ids");
}

static enum carat_err tokenize_prompt(struct encoder *e, struct job *job, struct err *err)
{
    const struct request *r = job->request;
    if (r->ids_given) {
        job->ctx = r->ids;
        job->n_ctx = r->n_ids;
        return r->n_ids ? CARAT_OK : err_set(err, CARAT_EINPUT, "the prompt has no tokens");
    }
    struct text_pair pair;
    enum carat_err rc = jobs_split(r, &e->text, &pair, err);
    if (!rc)
        rc = encode_context(e, r, pair.context, err);
    if (rc)
        return rc;
    job->ctx = e->kept;
    job->n_ctx = e->n_kept;
    return job->n_ctx ? CARAT_OK
                      : err_set(err, CARAT_EINPUT, "the prompt is empty and the tokenizer adds no BOS");
}

/* Fits the sequence into max_length: the reference keeps the last max_length + 1 tokens of context and
 * continuation, or the last max_length - max_tokens of a prompt. */
static enum carat_err fit(const struct tokenize_rules *rules, struct job *job, struct err *err)
{
    const struct request *r = job->request;
    bool generate = r->kind == REQUEST_GENERATE;
    size_t length = job->n_ctx + job->n_cont;
    size_t room = rules->max_length + 1;
    if (generate) {
        if (r->max_tokens >= rules->max_length)
            return err_set(err, CARAT_EINPUT, "max_tokens %zu leaves no room in the model's %zu positions",
                           r->max_tokens, rules->max_length);
        room = rules->max_length - r->max_tokens;
    }
    if (!generate && job->n_cont > rules->max_length)
        return err_set(err, CARAT_EINPUT, "the continuation has %zu tokens, the model holds %zu", job->n_cont,
                       rules->max_length);
    if (length > room) {
        if (rules->truncation == TRUNCATE_REFUSE)
            return generate ? err_set(err, CARAT_EINPUT, "%zu tokens and %zu to be generated, but the model holds %zu", length,
                                      r->max_tokens, rules->max_length)
                            : err_set(err, CARAT_EINPUT, "%zu tokens, but the model holds %zu", length, rules->max_length);
        job->n_skip = length - room;
    }
    size_t need = length - job->n_skip + (generate ? r->max_tokens : 0);
    if (need > rules->kv_tokens)
        return err_set(err, CARAT_ENOMEM, "%zu tokens need more than the KV budget of %zu (see --memory)", need,
                       rules->kv_tokens);
    return CARAT_OK;
}

/* Exactly one BOS where the tokenizer puts one (DESIGN.md): a second one is an input that nobody means. */
static enum carat_err check_bos(const struct tokenize_rules *rules, const struct job *job, struct err *err)
{
    if (!rules->add_bos || rules->bos < 0 || job->request->ids_given || job->n_skip)
        return CARAT_OK;
    if (job->ctx[0] != rules->bos)
        return err_set(err, CARAT_EINPUT, "the sequence does not begin with BOS");
    if (job->n_ctx > 1 && job->ctx[1] == rules->bos)
        return err_set(err, CARAT_EINPUT, "the sequence begins with two BOS");
    return CARAT_OK;
}

static enum carat_err refuse(const struct backend_events *events, struct backend_stats *stats, size_t index,
                             const struct err *why, struct err *err)
{
    stats->n_done++;
    struct response response = {.refused = true, .err = *why};
    return events->on_response(events->context, index, &response, err);
}

/* Out of memory for our own structures ends the run; anything else concerns the one request. */
static bool ends_run(const struct err *e)
{
    return e->code == CARAT_ENOMEM && str_starts(str_from(e->msg), STR("out of memory"));
}

/* ---- all of them ------------------------------------------------------------------------- */

#define PIECE ((size_t)128) /* requests that one thread takes at a time */

struct refusal {
    struct refusal *next;
    struct err why;
};

struct piece {                /* of the requests, and what came of them */
    enum carat_err rc;        /* what ends the run */
    struct err err;
    struct refusal *first, **last; /* one for each refused job, in order; in the piece's arena */
};

struct tokenizing {
    const struct tokenize_rules *rules;
    const struct request *requests;
    struct jobs *jobs;
    struct carat_encoder **encoders; /* [n_threads] made when first needed */
    struct piece *pieces;     /* [n_pieces] */
    size_t n_pieces;
};

static enum carat_err make_job(struct encoder *e, struct job *job, struct err *err)
{
    arena_reset(&e->text);
    enum carat_err rc = job->request->kind == REQUEST_GENERATE ? tokenize_prompt(e, job, err) : tokenize_pair(e, job, err);
    if (!rc)
        rc = fit(e->rules, job, err);
    if (!rc)
        rc = check_bos(e->rules, job, err);
    if (!rc && job->n_cont) {
        job->logprobs = arena_calloc(e->ids, job->n_cont, sizeof *job->logprobs);
        if (!job->logprobs)
            rc = err_nomem(err, "log-probabilities");
    }
    return rc;
}

static void add_refusal(struct piece *p, struct arena *arena, const struct err *why)
{
    struct refusal *r = arena_alloc(arena, sizeof *r);
    if (!r) {
        p->rc = err_nomem(&p->err, "a refusal");
        return;
    }
    *r = (struct refusal){.why = *why};
    *p->last = r;
    p->last = &r->next;
}

/* Requests of a piece stand behind one another: an item's choices share its context's ids. */
static void tokenize_piece(void *context, size_t chunk, size_t thread)
{
    const struct tokenizing *t = context;
    struct piece *p = &t->pieces[chunk];
    struct encoder e = {.rules = t->rules, .ids = &t->jobs->arenas[chunk], .text = ARENA_INIT};
    size_t end = (chunk + 1) * PIECE < t->jobs->n ? (chunk + 1) * PIECE : t->jobs->n;
    p->last = &p->first;
    if (!t->encoders[thread])
        p->rc = carat_encoder_new(t->rules->tok, &t->encoders[thread], &p->err);
    e.enc = t->encoders[thread];
    for (size_t i = chunk * PIECE; i < end && !p->rc; i++) {
        struct job *job = &t->jobs->items[i];
        struct err why = ERR_INIT;
        *job = (struct job){.request = &t->requests[i], .greedy = true};
        enum carat_err rc = make_job(&e, job, &why);
        if (rc && ends_run(&why)) {
            p->err = why;
            p->rc = rc;
        } else if (rc) {
            job->refused = true;
            add_refusal(p, e.ids, &why);
        }
    }
    arena_release(&e.text);
    carat_ids_release(&e.ctx);
    carat_ids_release(&e.whole);
}

static enum carat_err run_pieces(struct tokenizing *t, struct err *err)
{
    struct pool *pool;
    enum carat_err rc = pool_new(t->n_pieces > 1 ? t->rules->n_threads : 1, &pool, err);
    if (rc)
        return rc;
    const size_t n_threads = pool_threads(pool);
    t->encoders = calloc(n_threads, sizeof *t->encoders);
    if (t->encoders)
        pool_run(pool, t->n_pieces, tokenize_piece, t);
    else
        rc = err_nomem(err, "encoders");
    for (size_t i = 0; t->encoders && i < n_threads; i++)
        carat_encoder_free(t->encoders[i]);
    free(t->encoders);
    pool_free(pool);
    if (rc)
        return rc;
    for (size_t i = 0; i < t->n_pieces; i++)
        if (t->pieces[i].rc) {
            if (err)
                *err = t->pieces[i].err;
            return t->pieces[i].rc;
        }
    return CARAT_OK;
}

/* On the caller's thread, in the order of asking: who is refused, and what the others ask for. */
static enum carat_err settle_pieces(const struct tokenizing *t, const struct backend_events *events,
                                    struct backend_stats *stats, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    const struct refusal *next = NULL;
    for (size_t i = 0; i < t->jobs->n && !rc; i++) {
        struct job *job = &t->jobs->items[i];
        if (i % PIECE == 0)
            next = t->pieces[i / PIECE].first;
        if (job->refused) {
            rc = refuse(events, stats, i, &next->why, err);
            next = next->next;
            continue;
        }
        stats->tokens_asked += (int64_t)(job->n_ctx + job->n_cont - job->n_skip) -
                               (job->request->kind == REQUEST_LOGLIKELIHOOD);
        job->n_left = job->n_cont;
    }
    return rc;
}

enum carat_err jobs_tokenize(const struct tokenize_rules *rules, const struct request *requests, size_t n,
                             const struct backend_events *events, struct backend_stats *stats, struct jobs *out,
                             struct err *err)
{
    const size_t n_pieces = n / PIECE + (n % PIECE != 0);
    *out = (struct jobs){.items = calloc(n ? n : 1, sizeof *out->items),
                         .n = n,
                         .arenas = calloc(n_pieces ? n_pieces : 1, sizeof *out->arenas),
                         .n_arenas = n_pieces};
    struct tokenizing t = {.rules = rules,
                           .requests = requests,
                           .jobs = out,
                           .pieces = calloc(n_pieces ? n_pieces : 1, sizeof *t.pieces),
                           .n_pieces = n_pieces};
    enum carat_err rc = out->items && out->arenas && t.pieces ? run_pieces(&t, err) : err_nomem(err, "the requests");
    if (!rc)
        rc = settle_pieces(&t, events, stats, err);
    free(t.pieces);
    if (rc)
        jobs_release(out);
    return rc;
}

void jobs_release(struct jobs *jobs)
{
    for (size_t i = 0; jobs->arenas && i < jobs->n_arenas; i++)
        arena_release(&jobs->arenas[i]);
    free(jobs->arenas);
    free(jobs->items);
    *jobs = (struct jobs){0};
}
