/* http_backend.c - an OpenAI-compatible server as a backend.
 *
 * Generation needs /completions (or /chat/completions, for conversations). Log-probabilities need a server that echoes
 * a prompt with those of its own tokens, and whether it does is not believed but tried, once, at the start:
 *
 *   1. one token behind a known text is generated, and its log-probability told;
 *   2. the text and that token are echoed together. The tokens must spell them and stand where text_offset says; the last must be
 *      the one that was generated, with the log-probability that it had then. A server that is off by one, or that tells of something
 *      else, is seen by that.
 *
 * A generated token may be read as another one, though it is spelled alike. So there are some known texts, and two must agree.
 *
 * The continuation's tokens are those that begin at or behind the context's last character. One that straddles the boundary belongs
 * to the context, whose tokens the context alone may not have: the engine follows the reference's rule on ids there,
 * which a server does not tell. Such items are counted and told of.
 */
#include "http.h"

#include <math.h>
#include <stdlib.h>

static const char *const known_texts[] = {"The capital of France is Paris. The capital of Italy is", "one two three four five",
                                          "def add(a, b): return a + b", "A cat sat on the mat", "2 + 2 = 4"};
enum { AGREE_WANTED = 2 };
#define SAME_LOGPROB 0.05 /* two batches of one server may round differently */

struct http_backend {
    struct backend base;
    struct http_server server;
    struct http_client *client;
    struct http_opts opts;
    json_t *entry;           /* what the server says of the model; NULL: nothing */
    size_t lead;             /* characters that text_offset counts before a text's first */
    bool scores;             /* proven; else why_not */
    struct err why_not;
};

/* ---- one request at a time: the questions at the start ------------------------------------------- */

struct one {
    const struct http_backend *be;
    struct str text;
    bool echo;
    enum carat_err (*read)(void *context, struct str body, struct err *err);
    void *context;
    struct err refused;
};

static enum carat_err write_one(void *context, size_t i, struct buf *body, struct err *err)
{
    const struct one *one = context;
    (void)i;
    return http_write_echo(one->be->server.model, one->text, one->echo, body, err);
}

static enum carat_err read_one(void *context, size_t i, struct str body, struct err *err)
{
    const struct one *one = context;
    (void)i;
    return one->read(one->context, body, err);
}

static enum carat_err refuse_one(void *context, size_t i, const struct err *why, struct err *err)
{
    struct one *one = context;
    (void)i;
    (void)err;
    one->refused = *why;
    return CARAT_OK;
}

/* The server's list of models: {"data": [{"id", ...}]}. Whatever is no such list tells nothing. */
static enum carat_err read_models(void *context, struct str body, struct err *err)
{
    struct http_backend *be = context;
    json_t *root = json_loadb(body.p, body.n, 0, NULL), *entry;
    size_t i;
    struct buf names = BUF_INIT(400);
    struct str id;
    (void)err;
    json_array_foreach(json_object_get(root, "data"), i, entry) {
        if (!json_get_str(entry, "id", &id))
            continue;
        if (str_eq(id, str_from(be->server.model)) && !be->entry)
            be->entry = json_incref(entry);
        if (id.n < 100 && names.n < 200)
            buf_printf(&names, "%s'%.*s'", names.n ? ", " : "", (int)id.n, id.p);
    }
    if (names.n && !be->entry)
        log_warn("%s tells of no model '%s', but of %s", be->server.base, be->server.model, names.p);
    buf_release(&names);
    json_decref(root);
    return CARAT_OK;
}

static enum carat_err ask_models(struct http_backend *be, struct err *err)
{
    struct one one = {.be = be, .read = read_models, .context = be};
    struct err why = ERR_INIT;
    const struct http_work work = {.n = 1, .path = "/models", .on_answer = read_one, .on_refused = refuse_one, .context = &one};
    enum carat_err rc = http_client_run(be->client, &work, &why);
    if (rc && http_client_status(be->client) == 0) { /* nobody is there; a server without this list has said so */
        if (err)
            *err = why;
        return rc;
    }
    return CARAT_OK;
}

static enum carat_err read_all_tokens(void *context, struct str body, struct err *err)
{
    http_tokens_release(context);
    return http_read_tokens(body, 0, SIZE_MAX, context, err);
}

/* The tokens of `text`, or of what follows it. CARAT_EUNSUPPORTED: the server does not do that. */
static enum carat_err ask_tokens(struct http_backend *be, struct str text, bool echo, struct http_tokens *out, struct err *err)
{
    struct one one = {.be = be, .text = text, .echo = echo, .read = read_all_tokens, .context = out};
    const struct http_work work = {
        .n = 1, .path = "/completions", .write = write_one, .on_answer = read_one, .on_refused = refuse_one, .context = &one};
    http_client_persist(be->client, false); /* what it cannot do it will not learn */
    enum carat_err rc = http_client_run(be->client, &work, err);
    http_client_persist(be->client, true);
    if (!rc && one.refused.code)
        return err_set(err, CARAT_EUNSUPPORTED, "%s", one.refused.msg);
    return rc;
}

/* Do the tokens before `n_chars` spell the text, ASCII but perhaps for the last, where they say? The first may have got a space that is not counted. */
static bool spells(const struct http_tokens *t, struct str text, size_t n_chars, size_t *n_own)
{
    size_t end = 0, i = 0;
    for (; i < t->n && t->offsets[i] < n_chars; i++) {
        struct str s = t->texts[i];
        if (i == 0 && str_starts(s, STR(" ")) && !str_starts(text, STR(" ")))
            s = (struct str){s.p + 1, s.n - 1};
        if (t->offsets[i] != end || s.n > text.n - end || memcmp(text.p + end, s.p, s.n))
            return false;
        if (i > 0 && isnan(t->logprobs[i]))
            return false;
        end += s.n;
    }
    *n_own = i;
    return i > 1 && end == text.n;
}

/* As it is, or behind a space that the tokenizer puts before every text and the server counts: SentencePiece's. */
static bool spells_somehow(const struct http_tokens *t, struct str text, size_t *lead, size_t *n_own)
{
    struct buf spaced = BUF_INIT(1 << 16);
    *lead = 0;
    if (spells(t, text, http_count_chars(text), n_own))
        return true;
    buf_addc(&spaced, ' ');
    buf_addstr(&spaced, text);
    *lead = 1;
    bool ok = !buf_failed(&spaced) && spells(t, buf_str(&spaced), http_count_chars(text) + 1, n_own);
    buf_release(&spaced);
    return ok;
}

static enum carat_err not_proven(const char *why, struct err *err)
{
    return err_set(err, CARAT_EUNSUPPORTED, "the server's echo is not of the prompt's own tokens: %s", why);
}

/* With one known text. Where it shows nothing, or the contrary, *agrees is false and err says why. */
static enum carat_err prove_with(struct http_backend *be, struct str known, bool *agrees, struct err *err)
{
    struct http_tokens made = {.arena = ARENA_INIT}, read = {.arena = ARENA_INIT};
    struct buf text = BUF_INIT(1 << 16);
    size_t n_own = 0, lead = 0;
    *agrees = false;
    enum carat_err rc = ask_tokens(be, known, false, &made, err);
    if (!rc) {
        buf_addstr(&text, known);
        buf_addstr(&text, made.texts[0]);
        rc = ask_tokens(be, buf_str(&text), true, &read, err);
    }
    if (rc)
        goto out;
    if (!spells_somehow(&read, buf_str(&text), &lead, &n_own))
        not_proven("they do not spell it", err);
    else if (!str_eq(read.texts[n_own - 1], made.texts[0]))
        not_proven("no generated token is read as itself", err);
    else if (!(fabs(read.logprobs[n_own - 1] - made.logprobs[0]) < SAME_LOGPROB))
        not_proven("a token that it generated has another log-probability when it is read", err);
    else {
        *agrees = true;
        be->lead = lead;
    }
out:
    buf_release(&text);
    http_tokens_release(&made);
    http_tokens_release(&read);
    return rc;
}

static enum carat_err prove(struct http_backend *be, struct err *err)
{
    size_t n_agreed = 0;
    for (size_t i = 0; i < sizeof known_texts / sizeof *known_texts && n_agreed < AGREE_WANTED; i++) {
        bool agrees;
        enum carat_err rc = prove_with(be, str_from(known_texts[i]), &agrees, err);
        if (rc)
            return rc;
        n_agreed += agrees;
    }
    if (n_agreed < AGREE_WANTED)
        return CARAT_EUNSUPPORTED;
    err_clear(err);
    return CARAT_OK;
}

/* ---- opening ------------------------------------------------------------------------------------------ */

static void http_free(struct backend *base)
{
    struct http_backend *be = (struct http_backend *)base;
    http_client_free(be->client);
    http_server_release(&be->server);
    json_decref(be->entry);
    free(be);
}

static const struct backend_ops http_ops;

enum carat_err http_backend_open(const char *word, const struct backend_opts *opts, struct backend **out, struct err *err)
{
    struct http_backend *be = calloc(1, sizeof *be);
    *out = NULL;
    if (!be)
        return err_nomem(err, "a backend");
    be->base.ops = &http_ops;
    be->opts = opts->http;
    enum carat_err rc = http_server_open(word, &be->server, err);
    if (!rc)
        rc = http_client_open(&be->server, &be->opts, &be->client, err);
    if (!rc)
        rc = ask_models(be, err);
    if (!rc && be->opts.chat)
        err_set(&be->why_not, CARAT_EUNSUPPORTED, "conversations have no log-probabilities of a given answer there");
    else if (!rc) {
        enum carat_err proof = prove(be, &be->why_not);
        be->scores = !proof;
        if (proof && proof != CARAT_EUNSUPPORTED) { /* the server is gone, not unable */
            rc = proof;
            if (err)
                *err = be->why_not;
        }
    }
    if (rc)
        http_free(&be->base);
    else
        *out = &be->base;
    return rc;
}

static enum carat_err http_can(const struct backend *base, enum request_kind kind, struct err *err)
{
    const struct http_backend *be = (const struct http_backend *)base;
    if (kind == REQUEST_GENERATE || (kind == REQUEST_LOGLIKELIHOOD && be->scores))
        return CARAT_OK;
    if (kind == REQUEST_ROLLING)
        err_set(err, CARAT_EUNSUPPORTED, "a server gives no log-probability of a text's first token, which perplexities need");
    else
        err_set(err, CARAT_EUNSUPPORTED, "%s gives no log-probabilities: %s", be->server.base, be->why_not.msg);
    return err_hint(err, "tasks that generate text can be run there");
}

static enum carat_err http_identify(struct backend *base, struct backend_identity *out, struct err *err)
{
    const struct http_backend *be = (const struct http_backend *)base;
    *out = (struct backend_identity){.isa = "server"};
    out->deciding = json_pack("{s:s, s:s, s:s, s:b}", "server", be->server.base, "model", be->server.model, "api",
                              be->opts.chat ? "chat/completions" : "completions", "reproducible", 0);
    out->descriptive = json_pack("{s:O?, s:s, s:I}", "server_says", be->entry, "continuation_by", "text offsets", "concurrency",
                                 (json_int_t)be->opts.concurrency);
    if (out->deciding && out->descriptive)
        return CARAT_OK;
    json_decref(out->deciding);
    json_decref(out->descriptive);
    return err_nomem(err, "the run's description");
}

/* ---- answering ---------------------------------------------------------------------------------------- */

struct answering {
    struct http_backend *be;
    const struct request *requests;
    const struct backend_events *events;
    struct backend_stats *stats;
    size_t n_straddled;
    enum carat_err ended;    /* the caller's events have ended it: */
    struct err why;
};

static const char *path_of(void *context, size_t i)
{
    const struct answering *a = context;
    (void)i;
    return a->be->opts.chat ? "/chat/completions" : "/completions";
}

static enum carat_err write_request(void *context, size_t i, struct buf *body, struct err *err)
{
    const struct answering *a = context;
    const struct request *r = &a->requests[i];
    struct arena arena = ARENA_INIT;
    struct text_pair pair;
    if (r->kind == REQUEST_GENERATE)
        return http_write_generate(a->be->server.model, r, a->be->opts.chat, body, err);
    enum carat_err rc = jobs_split(r, &arena, &pair, err);
    if (!rc)
        rc = http_write_echo(a->be->server.model, (struct str){pair.context.p, pair.context.n + pair.continuation.n}, true,
                             body, err);
    arena_release(&arena);
    return rc;
}

/* Hands the answer on. An end that the caller wants is no bad answer of the server's. */
static enum carat_err hand_on(struct answering *a, size_t i, const struct response *response)
{
    a->stats->n_done++;
    a->ended = a->events->on_response(a->events->context, i, response, &a->why);
    return a->ended ? CARAT_EINTERRUPTED : CARAT_OK;
}

static enum carat_err on_refused(void *context, size_t i, const struct err *why, struct err *err)
{
    (void)err;
    return hand_on(context, i, &(struct response){.refused = true, .err = *why});
}

static enum carat_err answer_text(struct answering *a, size_t i, struct str body, struct err *err)
{
    const struct request *r = &a->requests[i];
    struct http_text text;
    enum carat_err rc = http_read_text(body, a->be->opts.chat, &text, err);
    if (rc)
        return rc;
    struct str whole = buf_str(&text.text), cut = cut_at_stops(whole, r->stops);
    a->stats->tokens_asked += text.prompt_tokens + text.text_tokens;
    a->stats->tokens_computed += text.prompt_tokens + text.text_tokens;
    rc = hand_on(a, i, &(struct response){.context_tokens = (size_t)text.prompt_tokens,
                                          .text = cut,
                                          .finish = cut.n < whole.n ? FINISH_STOP : text.cut ? FINISH_LENGTH : FINISH_EOS});
    buf_release(&text.text);
    return rc;
}

/* The first token of the continuation; t->n when there is none. */
static size_t boundary(const struct http_tokens *t, size_t n_context, bool *straddled)
{
    size_t i = 0;
    while (i < t->n && t->offsets[i] < n_context)
        i++;
    *straddled = i > 0 && t->offsets[i - 1] + http_count_chars(t->texts[i - 1]) > n_context + (i == 1 && str_starts(t->texts[0], STR(" "))); /* its own space */
    return i;
}

static enum carat_err refuse(struct answering *a, size_t i, const char *why)
{
    struct err err = ERR_INIT;
    err_set(&err, CARAT_EINPUT, "%s", why);
    return on_refused(a, i, &err, NULL);
}

static enum carat_err answer_tokens(struct answering *a, size_t i, const struct http_tokens *t, size_t n_context)
{
    bool straddled;
    size_t first = boundary(t, n_context, &straddled);
    struct response response = {.context_tokens = first, .n_ids = t->n - first, .logprobs = t->logprobs + first, .greedy = true};
    if (first == t->n)
        return refuse(a, i, "no token begins in the continuation");
    for (size_t k = first; k < t->n; k++) {
        if (isnan(t->logprobs[k]))
            return refuse(a, i, "the server gives no log-probability of a text's first token, and there is no context");
        response.logprob += t->logprobs[k];
        response.greedy = response.greedy && t->greedy[k];
    }
    a->n_straddled += straddled;
    a->stats->tokens_asked += (int64_t)t->n;
    a->stats->tokens_computed += (int64_t)t->n;
    return hand_on(a, i, &response);
}

static enum carat_err on_answer(void *context, size_t i, struct str body, struct err *err)
{
    struct answering *a = context;
    struct arena arena = ARENA_INIT;
    struct text_pair pair;
    struct http_tokens tokens;
    if (a->requests[i].kind == REQUEST_GENERATE)
        return answer_text(a, i, body, err);
    enum carat_err rc = jobs_split(&a->requests[i], &arena, &pair, err);
    if (!rc) {
        size_t n_context = http_count_chars(pair.context);
        rc = http_read_tokens(body, a->be->lead, n_context + http_count_chars(pair.continuation), &tokens, err);
        if (!rc) {
            rc = answer_tokens(a, i, &tokens, n_context);
            http_tokens_release(&tokens);
        }
    }
    arena_release(&arena);
    return rc;
}

static enum carat_err on_tick(void *context, struct err *err)
{
    const struct answering *a = context;
    return a->events->on_tick ? a->events->on_tick(a->events->context, a->stats, err) : CARAT_OK;
}

static enum carat_err http_answer(struct backend *base, const struct request *requests, size_t n,
                                  const struct backend_events *events, struct backend_stats *stats, struct err *err)
{
    struct http_backend *be = (struct http_backend *)base;
    struct answering a = {.be = be, .requests = requests, .events = events, .stats = stats};
    const struct http_work work = {.n = n,
                                   .path_of = path_of,
                                   .write = write_request,
                                   .on_answer = on_answer,
                                   .on_refused = on_refused,
                                   .on_tick = on_tick,
                                   .context = &a};
    enum carat_err rc = http_client_run(be->client, &work, err);
    if (a.n_straddled)
        log_warn("%zu continuations of %zu begin inside a token, which is then counted to the context", a.n_straddled, n);
    if (a.ended && err)
        *err = a.why;
    return a.ended ? a.ended : rc;
}

static const struct backend_ops http_ops = {
    .free = http_free, .identify = http_identify, .answer = http_answer, .can = http_can};
