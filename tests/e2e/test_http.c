/* carat run against a server: docs/servers.md. */
#define _GNU_SOURCE
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/api_server.h"
#include "tests/support/process.h"
#include "tests/support/support.h"

static bool has(const char *text, const char *what)
{
    return strstr(text, what) != NULL;
}

struct scene {
    struct api_server server;
    const char *dir;
    char *db;
    char model[128];
};

static struct scene set_scene(const char *mode)
{
    struct scene s = {.server = api_server_start(), .dir = temp_dir()};
    s.db = file_join(s.dir, "x.db");
    snprintf(s.model, sizeof s.model, "http://127.0.0.1:%d/%s/v1#tiny", s.server.port, mode);
    return s;
}

static void drop_scene(struct scene *s)
{
    api_server_stop(&s->server);
    free(s->db);
    temp_remove(s->dir);
}

#define RUN(s, ...) run_carat(NULL, "run", "-m", (s).model, "--data", "demo/data", "--db", (s).db, "--limit", "3", __VA_ARGS__)

Test(e2e_http, a_server_is_a_model_and_its_key_is_nowhere, .timeout = 120)
{
    struct scene s = set_scene("good");
    struct buf db = BUF_INIT(64 << 20);
    setenv("CARAT_API_KEY", "sk-not-to-be-found", 1);
    struct ran r = RUN(s, "-t", "boolq,gsm8k", "--concurrency", "2");
    expect_status(r, 0);
    cr_expect(has(r.out, "tiny") && has(r.err, "may differ from day to day"), "%s%s", r.out, r.err);
    cr_expect(!has(r.out, "sk-not") && !has(r.err, "sk-not"));
    ran_release(&r);
    r = RUN(s, "-t", "boolq,gsm8k");
    expect_status(r, 0);
    cr_expect(has(r.err, "0 items computed"), "%s", r.err);
    ran_release(&r);
    r = run_carat(NULL, "show", "1", "boolq", "--db", s.db);
    expect_status(r, 0);
    ran_release(&r);
    r = run_carat(NULL, "list", "runs", "--db", s.db, "--json");
    expect_status(r, 0);
    ran_release(&r);
    cr_assert_eq(file_read(s.db, 64 << 20, &db, NULL), CARAT_OK);
    cr_expect_lt(str_find(buf_str(&db), STR("sk-not-to-be-found"), 0), 0);
    cr_expect_geq(str_find(buf_str(&db), STR("\"reproducible\":false"), 0), 0);
    buf_release(&db);
    drop_scene(&s);
}

Test(e2e_http, a_dead_server_ends_the_run_and_the_same_command_goes_on, .timeout = 120)
{
    struct scene s = set_scene("silent");
    struct ran r = RUN(s, "-t", "gsm8k", "--retries", "0", "--concurrency", "1");
    expect_status(r, 4);
    cr_expect(has(r.err, "the same command goes on from there"), "%s", r.err);
    ran_release(&r);
    r = RUN(s, "-t", "gsm8k", "--concurrency", "1");
    expect_status(r, 0);
    cr_expect(has(r.err, "were there already"), "%s", r.err);
    ran_release(&r);
    drop_scene(&s);
}

Test(e2e_http, what_a_server_cannot_do_is_refused_before_anything_is_asked, .timeout = 120)
{
    struct scene s = set_scene("no_echo");
    struct ran r = RUN(s, "-t", "gsm8k,boolq");
    expect_status(r, 3);
    cr_expect(has(r.err, "boolq cannot be asked") && has(r.err, "echo is not supported here"), "%s", r.err);
    ran_release(&r);
    r = RUN(s, "-t", "gsm8k");
    expect_status(r, 0);
    ran_release(&r);
    r = run_carat(NULL, "score", "-m", s.model);
    expect_status(r, 3);
    cr_expect(has(r.err, "gives no log-probabilities"), "%s", r.err);
    ran_release(&r);
    drop_scene(&s);
}

Test(e2e_http, conversations_go_as_messages, .timeout = 120)
{
    struct scene s = set_scene("good");
    struct ran r = RUN(s, "-t", "gsm8k", "--chat", "--system", "Be brief.");
    expect_status(r, 0);
    ran_release(&r);
    struct buf log = api_server_log(&s.server);
    cr_expect(has(log.p, "POST /good/v1/chat/completions") && !has(log.p, "POST /good/v1/completions"), "%s", log.p);
    buf_release(&log);
    r = RUN(s, "-t", "boolq", "--chat");
    expect_status(r, 3);
    cr_expect(has(r.err, "boolq cannot be asked"), "%s", r.err);
    ran_release(&r);
    drop_scene(&s);
}

/* score and generate ask a server, too; what needs token ids is refused line by line. */
Test(e2e_http, json_lines_are_answered_by_a_server, .timeout = 120)
{
    struct scene s = set_scene("good");
    struct ran r = run_carat("{\"context\": \"The sky is\", \"continuation\": \" blue today\"}\n{\"ids\": [1, 2]}\n", "score", "-m", s.model);
    cr_expect_eq(r.status, 3);
    /* two tokens of 5 and 6 characters, a tenth each; " yes" is likelier */
    cr_expect(str_starts(str_from(r.out), STR("{\"logprob\":-1.1000000000000001,\"greedy\":false,\"tokens\":2}\n{\"error\":")), "%s", r.out);
    cr_expect(has(r.out, "token ids"), "%s", r.out);
    ran_release(&r);
    r = run_carat("{\"prompt\": \"Is it?\", \"max_tokens\": 2}\n{\"prompt\": \"Is it?\", \"top_k\": 4}\n{\"messages\": []}\n", "generate",
                  "-m", s.model);
    cr_expect_eq(r.status, 3);
    cr_expect(has(r.out, "\"finish\":") && !has(r.out, "\"ids\"") && has(r.out, "top_k") && has(r.out, "with --chat"), "%s", r.out);
    ran_release(&r);
    r = run_carat("{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}\n", "generate", "--chat", "-m", s.model);
    expect_status(r, 0);
    struct buf log = api_server_log(&s.server);
    cr_expect_geq(str_find(buf_str(&log), STR("/chat/completions"), 0), 0);
    buf_release(&log);
    ran_release(&r);
    drop_scene(&s);
    s = set_scene("no_echo");
    r = run_carat("{\"context\": \"a\", \"continuation\": \" b\"}\n", "score", "-m", s.model);
    cr_expect_eq(r.status, 3);
    cr_expect(has(r.err, "no log-probabilities"), "%s", r.err);
    ran_release(&r);
    drop_scene(&s);
    r = run_carat("", "generate", "--chat", "-m", "demo:late");
    cr_expect_eq(r.status, 2);
    ran_release(&r);
}
