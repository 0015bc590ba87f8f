/* A server as a backend, played by server.py, which misbehaves in one way a mode. */
#define _GNU_SOURCE
#include <criterion/criterion.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "harness/backend/backend.h"
#include "harness/backend/http.h"
#include "tests/support/api_server.h"

static enum carat_err open_mode(const struct api_server *s, const char *mode, struct http_opts opts, struct backend **be, struct err *err)
{
    char word[128];
    const struct backend_opts all = {.http = opts};
    snprintf(word, sizeof word, "http://127.0.0.1:%d/%s/v1#tiny", s->port, mode);
    return backend_open(word, &all, be, err);
}

#define QUICK {.concurrency = 4, .retries = 3, .timeout_s = 20}

static struct backend *opened(const struct api_server *s, const char *mode)
{
    struct backend *be;
    struct err err = ERR_INIT;
    cr_assert_eq(open_mode(s, mode, (struct http_opts)QUICK, &be, &err), CARAT_OK, "%s: %s", mode, err.msg);
    return be;
}

/* ---- asking ------------------------------------------------------------------------------------------ */

enum { N = 12 };
struct heard {
    size_t n, n_refused;
    char texts[N][64];
    double logprobs[N];
    size_t n_tokens[N];
    bool greedy[N];
    char why[1024];
};

static enum carat_err hear(void *context, size_t i, const struct response *r, struct err *err)
{
    struct heard *h = context;
    (void)err;
    cr_assert_lt(i, N);
    h->n++;
    h->n_refused += r->refused;
    if (r->refused)
        snprintf(h->why, sizeof h->why, "%s", r->err.msg);
    snprintf(h->texts[i], sizeof h->texts[i], "%.*s", (int)r->text.n, r->text.n ? r->text.p : "");
    h->logprobs[i] = r->logprob;
    h->n_tokens[i] = r->n_ids;
    h->greedy[i] = r->greedy;
    return CARAT_OK;
}

/* Even numbers are generations of two tokens, odd ones the log-likelihood of " ab cde"; number 5's context says poison. */
static enum carat_err ask(struct backend *be, size_t n, struct heard *h, struct err *err)
{
    struct request requests[N];
    struct backend_stats stats;
    const struct backend_events events = {.on_response = hear, .context = h};
    *h = (struct heard){0};
    for (size_t i = 0; i < n; i++)
        requests[i] = i % 2 ? (struct request){.kind = REQUEST_LOGLIKELIHOOD,
                                               .prefix = i == 5 ? STR("a poison") : STR("a \xC3\xA9tude"),
                                               .prompt = STR(" of three "),
                                               .continuation = STR("ab cde")}
                            : (struct request){.kind = REQUEST_GENERATE, .prompt = STR("say"), .max_tokens = 2};
    return backend_answer(be, requests, n, &events, &stats, err);
}

static void expect_right(const struct heard *h, size_t i, const char *what)
{
    if (i % 2) {
        cr_expect_float_eq(h->logprobs[i], -0.7, 1e-9, "%s: %zu: %g", what, i, h->logprobs[i]); /* " ab" and " cde" */
        cr_expect_eq(h->n_tokens[i], 2, "%s", what);
        cr_expect(h->greedy[i], "%s", what);
    } else
        cr_expect_str_eq(h->texts[i], " yes yes", "%s", what);
}

static void expect_all_right(struct backend *be, const char *what)
{
    struct heard h;
    struct err err = ERR_INIT;
    cr_assert_eq(ask(be, N, &h, &err), CARAT_OK, "%s: %s", what, err.msg);
    cr_expect_eq(h.n, N, "%s", what);
    cr_expect_eq(h.n_refused, 0, "%s: %s", what, h.why);
    for (size_t i = 0; i < N; i++)
        expect_right(&h, i, what);
}

Test(http, answers_as_the_server_does, .timeout = 60)
{
    struct api_server s = api_server_start();
    struct backend *be = opened(&s, "good");
    struct backend_identity id;
    struct err err = ERR_INIT;
    expect_all_right(be, "good");
    cr_expect_eq(backend_can(be, REQUEST_LOGLIKELIHOOD, &err), CARAT_OK);
    cr_expect_eq(backend_can(be, REQUEST_ROLLING, &err), CARAT_EUNSUPPORTED);
    cr_assert_eq(backend_identify(be, &id, &err), CARAT_OK);
    cr_expect_str_eq(json_string_value(json_object_get(id.deciding, "model")), "tiny");
    cr_expect(json_is_false(json_object_get(id.deciding, "reproducible")));
    json_t *says = json_object_get(id.descriptive, "server_says");
    cr_expect_str_eq(json_string_value(json_object_get(says, "owned_by")), "tests");
    json_decref(id.deciding);
    json_decref(id.descriptive);
    backend_free(be);
    be = opened(&s, "spaced"); /* a tokenizer that puts a space before every text */
    expect_all_right(be, "spaced");
    backend_free(be);
    be = opened(&s, "nolist"); /* no /models there */
    expect_all_right(be, "nolist");
    backend_free(be);
    api_server_stop(&s);
}

Test(http, sends_many_at_once_and_no_faster_than_told, .timeout = 60)
{
    struct api_server s = api_server_start();
    struct backend *be;
    struct err err = ERR_INIT;
    struct buf log;
    be = opened(&s, "slow");
    expect_all_right(be, "slow");
    backend_free(be);
    struct http_opts opts = QUICK;
    opts.per_minute = 60 * 20; /* one in 50 ms */
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    cr_assert_eq(open_mode(&s, "good", opts, &be, &err), CARAT_OK, "%s", err.msg);
    expect_all_right(be, "rate");
    clock_gettime(CLOCK_MONOTONIC, &to);
    double took = (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec);
    cr_expect_geq(took, 0.050 * (N + 3), "17 requests in %g s", took); /* the list of models and four questions before them */
    backend_free(be);
    log = api_server_log(&s);
    cr_expect(strstr(log.p, "POST /slow/v1/completions | |") || strstr(log.p, "POST /slow/v1/completions |  |"), "%s", log.p);
    buf_release(&log);
    api_server_stop(&s);
}

Test(http, asks_again_until_it_is_answered, .timeout = 120)
{
    static const char *const modes[] = {"errors", "cut", "silent", "no_json", "wrong_json", "huge", "limited"};
    struct api_server s = api_server_start();
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        struct backend *be = opened(&s, modes[i]);
        expect_all_right(be, modes[i]);
        backend_free(be);
    }
    api_server_stop(&s);
}

Test(http, does_not_wait_for_who_hangs, .timeout = 60)
{
    struct api_server s = api_server_start();
    struct backend *be;
    struct err err = ERR_INIT;
    struct http_opts opts = QUICK;
    opts.timeout_s = 1;
    cr_assert_eq(open_mode(&s, "hangs", opts, &be, &err), CARAT_OK, "%s", err.msg);
    expect_all_right(be, "hangs");
    backend_free(be);
    api_server_stop(&s);
}

Test(http, refuses_one_request_and_answers_the_others, .timeout = 60)
{
    static const char *const modes[] = {"poison", "too_long"}, *const words[] = {"it hurts", "the prompt is too long"};
    struct api_server s = api_server_start();
    for (size_t m = 0; m < 2; m++) {
        struct heard h;
        struct err err = ERR_INIT;
        struct backend *be = opened(&s, modes[m]);
        cr_assert_eq(ask(be, N, &h, &err), CARAT_OK, "%s: %s", modes[m], err.msg);
        cr_expect_eq(h.n, N);
        cr_expect_eq(h.n_refused, 1);
        cr_expect(strstr(h.why, words[m]), "%s", h.why);
        for (size_t i = 0; i < N; i++)
            if (i != 5)
                expect_right(&h, i, modes[m]);
        backend_free(be);
    }
    api_server_stop(&s);
}

Test(http, ends_resumably_when_the_server_dies, .timeout = 60)
{
    struct api_server s = api_server_start();
    struct heard h;
    struct err err = ERR_INIT;
    struct backend *be;
    struct http_opts opts = QUICK;
    opts.retries = 1;
    cr_assert_eq(open_mode(&s, "dies", opts, &be, &err), CARAT_OK, "%s", err.msg);
    cr_expect_eq(ask(be, N, &h, &err), CARAT_ENET);
    cr_expect(strstr(err.hint, "the same command goes on from there"), "%s", err.hint);
    cr_expect(h.n > 0 && h.n < N, "%zu answered", h.n);
    backend_free(be);
    be = opened(&s, "patient");
    cr_expect_eq(ask(be, N, &h, &err), CARAT_ENET);
    cr_expect(strstr(err.msg, "86400 s of patience"), "%s", err.msg);
    backend_free(be);
    api_server_stop(&s);
    opts.retries = 0;
    cr_expect_eq(open_mode(&s, "good", opts, &be, &err), CARAT_ENET, "nobody is there");
}

Test(http, believes_no_echo_that_is_not_proven, .timeout = 60)
{
    static const char *const modes[] = {"off_by_one", "no_offsets", "other_text", "no_echo"};
    static const char *const words[] = {"another log-probability", "do not spell it", "do not spell it", "echo is not supported here"};
    struct api_server s = api_server_start();
    for (size_t m = 0; m < 4; m++) {
        struct err err = ERR_INIT;
        struct backend *be = opened(&s, modes[m]);
        cr_expect_eq(backend_can(be, REQUEST_GENERATE, &err), CARAT_OK);
        cr_expect_eq(backend_can(be, REQUEST_LOGLIKELIHOOD, &err), CARAT_EUNSUPPORTED, "%s", modes[m]);
        cr_expect(strstr(err.msg, words[m]), "%s: %s", modes[m], err.msg);
        backend_free(be);
    }
    api_server_stop(&s);
}

Test(http, keeps_the_key_to_itself, .timeout = 60)
{
    struct api_server s = api_server_start();
    struct backend *be;
    struct err err = ERR_INIT;
    setenv("OPENAI_API_KEY", "sk-second", 1);
    setenv("CARAT_API_KEY", "sk-first-123", 1);
    be = opened(&s, "good");
    backend_free(be);
    struct buf log = api_server_log(&s);
    cr_expect(strstr(log.p, "/good/v1/completions | Bearer sk-first-123 |"), "%s", log.p);
    cr_expect_null(strstr(log.p, "sk-second"));
    buf_release(&log);
    cr_expect_eq(open_mode(&s, "locked", (struct http_opts)QUICK, &be, &err), CARAT_ENET); /* its words have the key in them */
    cr_expect(strstr(err.msg, "401") && strstr(err.msg, "(the key)") && !strstr(err.msg, "sk-first"), "%s", err.msg);
    cr_expect_eq(open_mode(&s, "moved", (struct http_opts)QUICK, &be, &err), CARAT_ENET);
    cr_expect(strstr(err.msg, "no redirect is followed"), "%s", err.msg);
    api_server_stop(&s);
}

Test(http, takes_addresses_and_refuses_what_is_none)
{
    static const struct {
        const char *word, *msg;
    } bad[] = {
        {"http://host/v1", "names no model"},      {"http://host/v1#", "names no model"},
        {"http://u:secret@host/v1#m", "password"}, {"http://host/v1?x=1#m", "has a '?'"},
        {"ftp://host/v1#m", "is no http"},            {"http://host:99999/v1#m", "is no http"},
    };
    struct http_server s;
    unsetenv("OPENAI_API_KEY");
    unsetenv("CARAT_API_KEY");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err err = ERR_INIT;
        cr_expect_eq(http_server_open(bad[i].word, &s, &err), CARAT_EUSAGE, "%s", bad[i].word);
        cr_expect(strstr(err.msg, bad[i].msg), "%s: %s", bad[i].word, err.msg);
        cr_expect_null(strstr(err.msg, "secret"));
    }
    struct err err = ERR_INIT;
    cr_assert_eq(http_server_open("https://api.example.org/v1/#org/model%20a", &s, &err), CARAT_OK, "%s", err.msg);
    cr_expect_str_eq(s.base, "https://api.example.org/v1");
    cr_expect_str_eq(s.model, "org/model a");
    http_server_release(&s);
    setenv("CARAT_API_KEY", "sk-1", 1);
    cr_expect_eq(http_server_open("http://api.example.org/v1#m", &s, &err), CARAT_EUSAGE);
    cr_expect(strstr(err.msg, "in the clear") && !strstr(err.msg, "sk-1"), "%s", err.msg);
    cr_expect_eq(http_server_open("http://localhost:1/v1#m", &s, &err), CARAT_OK);
    http_server_release(&s);
    setenv("CARAT_API_KEY", "sk-1\r\nX: y", 1);
    cr_expect_eq(http_server_open("https://api.example.org/v1#m", &s, &err), CARAT_EUSAGE);
}

/* ---- reading answers ------------------------------------------------------------------------------------ */

Test(http, counts_a_token_on_the_boundary_to_the_context)
{
    static const char body[] = "{\"choices\":[{\"logprobs\":{\"tokens\":[\"ab\",\"cd\",\"\xC3\xA9\",\"x\"],\"text_offset\":[0,2,4,5],"
                               "\"token_logprobs\":[null,-1,-2,-3],\"top_logprobs\":[null,{\"cd\":-1},{\"e\":-1.5},{\"x\":-3}]}}]}";
    struct http_tokens t;
    struct err err = ERR_INIT;
    cr_assert_eq(http_read_tokens(str_from(body), 0, 5, &t, &err), CARAT_OK, "%s", err.msg);
    cr_expect_eq(t.n, 3, "the last one is generated");
    cr_expect(isnan(t.logprobs[0]) && t.logprobs[2] == -2.0);
    cr_expect(t.greedy[1] && !t.greedy[2]);
    http_tokens_release(&t);
}

Test(http, tells_wrong_answers_from_right_ones)
{
    static const char *const bad[] = {
        "", "{", "[]", "{}", "{\"choices\":[]}", "{\"choices\":[7]}", "{\"choices\":[{\"logprobs\":null}]}",
        "{\"choices\":[{\"logprobs\":{\"tokens\":[]}}]}", "{\"choices\":[{\"logprobs\":{\"tokens\":[\"a\"]}}]}",
        "{\"choices\":[{\"logprobs\":{\"tokens\":[\"a\"],\"text_offset\":[-1],\"token_logprobs\":[-1]}}]}",
        "{\"choices\":[{\"logprobs\":{\"tokens\":[\"a\"],\"text_offset\":[0],\"token_logprobs\":[\"x\"]}}]}",
        "{\"choices\":[{\"logprobs\":{\"tokens\":[\"a\"],\"text_offset\":[0],\"token_logprobs\":[5]}}]}",
        "{\"choices\":[{\"logprobs\":{\"tokens\":[\"a\",\"b\"],\"text_offset\":[3,1],\"token_logprobs\":[-1,-1]}}]}",
    };
    struct http_tokens t;
    struct http_text text;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err err = ERR_INIT;
        cr_expect_eq(http_read_tokens(str_from(bad[i]), 0, 99, &t, &err), CARAT_EINPUT, "%s", bad[i]);
        cr_expect(err.msg[0]);
        cr_expect_eq(http_read_text(str_from(bad[i]), true, &text, &err), CARAT_EINPUT, "%s", bad[i]);
    }
}
