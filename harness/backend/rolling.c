/* Whole texts scored from their beginning, cut into windows that the model can hold (lm-evaluation-harness 0.4.13,
 * get_rolling_token_windows and make_disjoint_window, with one token of context).
 *
 * With L the model's length and t the text's tokens, BOS included where the tokenizer puts one:
 *
 *   first window   [BOS or EOS] t[0 .. L-1)       scores t[0 .. L)
 *   later ones     t[e-L-1 .. e-1)                 scores t[e-k .. e), k <= L of them not scored before
 *
 * so a BOS is itself scored behind a BOS, every later window but the last has one token of context, and the last is fed
 * as much as fits. Each window becomes a log-likelihood request with ids; their sums are the text's. */
#include "backend_int.h"

#include <stdlib.h>

struct whole {               /* one text, while its windows are answered */
    size_t n_left;           /* windows */
    int32_t *ids;            /* [n_ids] in the requests' arena */
    double *logprobs;
    size_t n_ids, context_tokens;
    bool greedy, refused;
    struct err why;
};

struct window {
    size_t owner;            /* the request it is of */
    size_t at;               /* where its scores go */
};

struct rolling {
    const struct request *asked;
    struct request *requests; /* what the engine is asked: [n] */
    struct window *windows;   /* [n] */
    size_t n, cap;
    struct whole *wholes;     /* [number asked] */
    struct arena arena;
    const struct backend_events *events;
};

bool rolling_any(const struct request *requests, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (requests[i].kind == REQUEST_ROLLING)
            return true;
    return false;
}

static enum carat_err add(struct rolling *r, struct request request, struct window window, struct err *err)
{
    if (r->n == r->cap) {
        size_t cap = 2 * r->cap + 256;
        struct request *requests = realloc(r->requests, cap * sizeof *requests);
        if (requests)
            r->requests = requests;
        struct window *windows = realloc(r->windows, cap * sizeof *windows);
        if (windows)
            r->windows = windows;
        if (!requests || !windows)
            return err_nomem(err, "the requests");
        r->cap = cap;
    }
    r->requests[r->n] = request;
    r->windows[r->n++] = window;
    return CARAT_OK;
}

/* ids[0] is the prefix token, ids[1 ..] the text: tokens of window [from, to) of the text, fed from `begin` on. */
static enum carat_err add_window(struct rolling *r, size_t owner, size_t begin, size_t from, size_t to, struct err *err)
{
    const int32_t *ids = r->wholes[owner].ids - 1;
    struct request window = {.kind = REQUEST_LOGLIKELIHOOD,
                             .ids_given = true,
                             .ids = ids + begin,
                             .n_ids = from + 1 - begin,
                             .continuation_ids = ids + from + 1,
                             .n_continuation_ids = to - from};
    r->wholes[owner].n_left++;
    return add(r, window, (struct window){owner, from}, err);
}

static enum carat_err add_windows(struct rolling *r, const struct tokenize_rules *rules, struct carat_encoder *enc,
                                  size_t owner, struct carat_ids *scratch, struct err *err)
{
    struct whole *w = &r->wholes[owner];
    const int32_t first = rules->bos >= 0 ? rules->bos : rules->eos;
    enum carat_err rc = jobs_encode(rules, enc, r->asked[owner].continuation, rules->add_bos, scratch, err);
    if (rc)
        return rc;
    if (!scratch->n || first < 0) { /* the reference has no windows of an empty text: its sum is 0 */
        w->refused = true;
        err_set(&w->why, CARAT_EINPUT, scratch->n ? "the tokenizer has neither BOS nor EOS" : "the text has no tokens");
        return CARAT_OK;
    }
    const size_t n = scratch->n, length = rules->max_length;
    int32_t *ids = arena_alloc(&r->arena, (n + 1) * sizeof *ids);
    w->logprobs = arena_calloc(&r->arena, n, sizeof *w->logprobs);
    if (!ids || !w->logprobs)
        return err_nomem(err, "token ids");
    ids[0] = first;
    memcpy(ids + 1, scratch->ids, n * sizeof *ids);
    w->ids = ids + 1;
    w->n_ids = n;
    w->greedy = true;
    size_t done = n < length ? n : length;
    rc = add_window(r, owner, 0, 0, done, err);
    while (done < n && !rc) {
        const size_t end = n - done < length ? n : done + length;
        rc = add_window(r, owner, end - length, done, end, err);
        done = end;
    }
    return rc;
}

static enum carat_err answer_whole(struct rolling *r, size_t owner, struct err *err)
{
    struct whole *w = &r->wholes[owner];
    struct response response = {.context_tokens = w->context_tokens};
    if (w->refused) {
        response.refused = true;
        response.err = w->why;
    } else {
        response.ids = w->ids;
        response.n_ids = w->n_ids;
        response.logprobs = w->logprobs;
        response.greedy = w->greedy;
        for (size_t i = 0; i < w->n_ids; i++)
            response.logprob += w->logprobs[i];
    }
    return r->events->on_response(r->events->context, owner, &response, err);
}

static enum carat_err on_response(void *context, size_t index, const struct response *a, struct err *err)
{
    struct rolling *r = context;
    const struct window *window = &r->windows[index];
    if (r->asked[window->owner].kind != REQUEST_ROLLING)
        return r->events->on_response(r->events->context, window->owner, a, err);
    struct whole *w = &r->wholes[window->owner];
    if (a->refused && !w->refused) {
        w->refused = true;
        w->why = a->err;
    } else if (!a->refused) {
        memcpy(w->logprobs + window->at, a->logprobs, a->n_ids * sizeof *w->logprobs);
        w->greedy &= a->greedy;
        w->context_tokens = a->context_tokens > w->context_tokens ? a->context_tokens : w->context_tokens;
    }
    return --w->n_left ? CARAT_OK : answer_whole(r, window->owner, err);
}

static enum carat_err on_tick(void *context, const struct backend_stats *stats, struct err *err)
{
    const struct rolling *r = context;
    return r->events->on_tick ? r->events->on_tick(r->events->context, stats, err) : CARAT_OK;
}

enum carat_err rolling_answer(const struct tokenize_rules *rules, const struct request *requests, size_t n,
                              const struct backend_events *events, rolling_engine_fn *engine, void *context,
                              struct backend_stats *stats, struct err *err)
{
    struct rolling r = {.asked = requests, .arena = ARENA_INIT, .events = events};
    struct carat_ids scratch = {0};
    struct carat_encoder *enc = NULL;
    r.wholes = calloc(n ? n : 1, sizeof *r.wholes);
    enum carat_err rc = r.wholes ? carat_encoder_new(rules->tok, &enc, err) : err_nomem(err, "the requests");
    for (size_t i = 0; i < n && !rc; i++) {
        if (requests[i].kind != REQUEST_ROLLING)
            rc = add(&r, requests[i], (struct window){i, 0}, err);
        else
            rc = add_windows(&r, rules, enc, i, &scratch, err);
    }
    for (size_t i = 0; i < n && !rc; i++)
        if (r.wholes[i].refused)
            rc = answer_whole(&r, i, err);
    const struct backend_events inner = {.on_response = on_response, .on_tick = on_tick, .context = &r};
    if (!rc)
        rc = engine(context, r.requests, r.n, &inner, stats, err);
    carat_encoder_free(enc);
    carat_ids_release(&scratch);
    arena_release(&r.arena);
    free(r.requests);
    free(r.windows);
    free(r.wholes);
    return rc;
}
