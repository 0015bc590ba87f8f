/* http_api.c - what is said to a server of OpenAI's kind, and what is read from its answers. The answers are foreign bytes:
 * every member is looked at before it is believed, and a wrong one is an error that names it.
 *
 *     POST /completions        {"model", "prompt", "max_tokens", "temperature", "stop", ...}
 *         -> {"choices": [{"text", "finish_reason": "stop|length", "logprobs": {"tokens": [...], "token_logprobs": [null, ...],
 *             "text_offset": [...], "top_logprobs": [null, {TOKEN: x}, ...]}}], "usage": {"prompt_tokens", "completion_tokens"}}
 *     POST /chat/completions   {"model", "messages", ...} -> {"choices": [{"message": {"content"}, "finish_reason"}], ...}
 *
 * Offsets are counted in characters, by servers that are written in Python.
 */
#include "http.h"

#include <math.h>

enum { TOKENS_MAX = 1 << 22, MESSAGE_MAX = 300 };

/* ---- requests ------------------------------------------------------------------------------- */

static json_t *stops_json(const struct request *r)
{
    json_t *stops = json_array();
    for (size_t i = 0; r->stops && r->stops[i]; i++)
        if (*r->stops[i])
            json_array_append_new(stops, json_text(str_from(r->stops[i])));
    return stops;
}

static enum carat_err write_body(json_t *body, struct buf *out, struct err *err)
{
    enum carat_err rc = body && json_write(body, out) == CARAT_OK ? CARAT_OK : err_nomem(err, "a request");
    json_decref(body);
    return rc;
}

/* Greedy is temperature 0; a seed is a wish. */
static void add_sampling(json_t *body, const struct carat_sampling *s)
{
    json_object_set_new(body, "temperature", json_real(s->temperature));
    if (s->temperature <= 0)
        return;
    if (s->top_p > 0 && s->top_p < 1)
        json_object_set_new(body, "top_p", json_real(s->top_p));
    json_object_set_new(body, "seed", json_integer((json_int_t)(s->seed & 0x7fffffff)));
}

enum carat_err http_write_generate(const char *model, const struct request *r, bool chat, struct buf *out, struct err *err)
{
    struct buf text = BUF_INIT(BUF_MAX_DEFAULT);
    json_t *messages = NULL;
    buf_addstr(&text, r->prefix);
    buf_addstr(&text, r->prompt);
    enum carat_err rc = buf_failed(&text) ? err_nomem(err, "a prompt") : CARAT_OK;
    if (!rc && chat)
        rc = json_read(buf_str(&text), "the conversation", 0, &messages, err);
    if (!rc) {
        json_t *body = json_pack("{s:s, s:o, s:I}", "model", model, chat ? "messages" : "prompt",
                                 chat ? messages : json_text(buf_str(&text)), "max_tokens", (json_int_t)r->max_tokens);
        json_t *stops = stops_json(r);
        if (body)
            add_sampling(body, &r->sampling);
        if (body && json_array_size(stops))
            json_object_set(body, "stop", stops);
        json_decref(stops);
        rc = write_body(body, out, err);
    }
    buf_release(&text);
    return rc;
}

enum carat_err http_write_echo(const char *model, struct str text, bool echo, struct buf *out, struct err *err)
{
    return write_body(json_pack("{s:s, s:o, s:i, s:b, s:i, s:i}", "model", model, "prompt", json_text(text), "max_tokens", 1, "echo",
                                (int)echo, "logprobs", 1, "temperature", 0),
                      out, err);
}

/* ---- answers ------------------------------------------------------------------------------------ */

static enum carat_err wrong(const char *what, struct err *err)
{
    return err_set(err, CARAT_EINPUT, "the server's answer has no %s", what);
}

/* *choice is borrowed from *root, which is the caller's. Keys may come twice: top_logprobs has tokens for keys. */
static enum carat_err read_choice(struct str body, json_t **root, json_t **choice, struct err *err)
{
    json_error_t why;
    *choice = NULL;
    *root = json_loadb(body.p, body.n, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &why);
    if (!*root)
        return err_set(err, CARAT_EINPUT, "the server's answer is no JSON: %s at byte %d", why.text, why.position);
    *choice = json_array_get(json_object_get(*root, "choices"), 0);
    return json_is_object(*choice) ? CARAT_OK : wrong("choices[0]", err);
}

static int64_t count(const json_t *usage, const char *key)
{
    double x = json_number_value(json_object_get(usage, key));
    return x > 0 && x < 1e15 ? (int64_t)x : 0;
}

enum carat_err http_read_text(struct str body, bool chat, struct http_text *out, struct err *err)
{
    json_t *root, *choice;
    struct str text, finish;
    *out = (struct http_text){.text = BUF_INIT(BUF_MAX_DEFAULT)};
    enum carat_err rc = read_choice(body, &root, &choice, err);
    const json_t *holder = chat ? json_object_get(choice, "message") : choice;
    if (!rc && !json_get_str(holder, chat ? "content" : "text", &text)) {
        if (chat && json_is_null(json_object_get(holder, "content")))
            text = STR(""); /* nothing said */
        else
            rc = wrong(chat ? "choices[0].message.content" : "choices[0].text", err);
    }
    if (!rc) {
        const json_t *usage = json_object_get(root, "usage");
        buf_addstr(&out->text, text);
        out->cut = json_get_str(choice, "finish_reason", &finish) && str_eq(finish, STR("length"));
        out->prompt_tokens = count(usage, "prompt_tokens");
        out->text_tokens = count(usage, "completion_tokens");
        rc = buf_failed(&out->text) ? err_nomem(err, "an answer") : CARAT_OK;
    }
    json_decref(root);
    if (rc)
        buf_release(&out->text);
    return rc;
}

size_t http_count_chars(struct str text)
{
    size_t n = 0;
    for (size_t at = 0; at < text.n; n++)
        utf8_next(text, &at);
    return n;
}

/* Is none of the likeliest likelier than the token itself? Where the server tells none, it is not known and so not greedy. */
static bool is_greedy(const json_t *top, double logprob)
{
    const char *key;
    json_t *value;
    bool greedy = json_object_size(top) > 0;
    json_object_foreach((json_t *)(uintptr_t)top, key, value)
        greedy = greedy && json_number_value(value) <= logprob;
    return greedy;
}

struct frame {               /* which offsets are the text's */
    size_t lead, n_chars;
};

static enum carat_err read_token(const json_t *logprobs, size_t i, struct frame f, struct http_tokens *t, bool *own, struct err *err)
{
    const json_t *text = json_array_get(json_object_get(logprobs, "tokens"), i);
    const json_t *offset = json_array_get(json_object_get(logprobs, "text_offset"), i);
    const json_t *logprob = json_array_get(json_object_get(logprobs, "token_logprobs"), i);
    double at = json_number_value(offset), x = json_is_null(logprob) ? NAN : json_number_value(logprob);
    if (!json_is_string(text) || !json_is_number(offset) || !(at >= 0 && at < 1e15))
        return wrong("text and offset for each token", err);
    if ((!json_is_null(logprob) && !json_is_number(logprob)) || x > 1e-3)
        return wrong("log-probability for each token", err);
    size_t from = (size_t)at > f.lead ? (size_t)at - f.lead : 0;
    *own = from < f.n_chars;
    if (!*own)
        return CARAT_OK;
    if (t->n && from < t->offsets[t->n - 1])
        return err_set(err, CARAT_EINPUT, "the server's text_offset falls at token %zu", i);
    t->texts[t->n].p = arena_dup(&t->arena, json_string_value(text), json_string_length(text));
    t->texts[t->n].n = json_string_length(text);
    t->offsets[t->n] = from;
    t->logprobs[t->n] = x;
    t->greedy[t->n] = is_greedy(json_array_get(json_object_get(logprobs, "top_logprobs"), i), x);
    return t->texts[t->n++].p ? CARAT_OK : err_nomem(err, "the tokens");
}

enum carat_err http_read_tokens(struct str body, size_t lead, size_t n_chars, struct http_tokens *out, struct err *err)
{
    json_t *root, *choice;
    *out = (struct http_tokens){.arena = ARENA_INIT};
    enum carat_err rc = read_choice(body, &root, &choice, err);
    const json_t *logprobs = json_object_get(choice, "logprobs");
    size_t n = json_array_size(json_object_get(logprobs, "tokens"));
    if (!rc && (!n || n > TOKENS_MAX))
        rc = wrong("choices[0].logprobs.tokens", err);
    if (!rc) {
        out->texts = arena_calloc(&out->arena, n, sizeof *out->texts);
        out->offsets = arena_calloc(&out->arena, n, sizeof *out->offsets);
        out->logprobs = arena_calloc(&out->arena, n, sizeof *out->logprobs);
        out->greedy = arena_calloc(&out->arena, n, sizeof *out->greedy);
        if (!out->texts || !out->offsets || !out->logprobs || !out->greedy)
            rc = err_nomem(err, "the tokens");
    }
    bool own = true;
    for (size_t i = 0; i < n && !rc && own; i++)
        rc = read_token(logprobs, i, (struct frame){lead, n_chars}, out, &own, err);
    json_decref(root);
    if (rc)
        http_tokens_release(out);
    return rc;
}

void http_tokens_release(struct http_tokens *t)
{
    arena_release(&t->arena);
    *t = (struct http_tokens){.arena = ARENA_INIT};
}

/* {"error": {"message": s}}, {"error": s}, {"message": s}, {"detail": s}; else the body's beginning. */
void http_read_error(struct str body, struct buf *out)
{
    json_t *root = json_loadb(body.p, body.n, JSON_ALLOW_NUL, NULL);
    const json_t *error = json_object_get(root, "error");
    struct str text = body;
    if (!json_get_str(error, "message", &text) && !json_get_str(root, "error", &text) && !json_get_str(root, "message", &text))
        json_get_str(root, "detail", &text);
    size_t end = out->n + MESSAGE_MAX;
    for (size_t at = 0; at < text.n && out->n < end;) {
        size_t from = at;
        int32_t cp = utf8_next(text, &at);
        if (cp < 32 || (cp >= 0x7f && cp < 0xa0))
            buf_addc(out, ' ');
        else
            buf_add(out, text.p + from, at - from);
    }
    json_decref(root);
}
