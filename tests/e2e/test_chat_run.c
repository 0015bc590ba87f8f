/* carat run --chat beside the reference harness: prompts and continuations byte for byte, log-likelihoods within 1e-3, texts
 * equal; five families' templates, shots as turns and folded, with and without a system text
 * (tests/harness/protocol/make_chat_goldens.py). */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/process.h"
#include "tests/support/support.h"

/* ---- the goldens -------------------------------------------------------------------------------- */

struct check {
    const char *fixtures, *dir;
    json_t *asked;   /* the line whose run `items` are */
    json_t *items;   /* of `carat show --json` */
    size_t n_runs, n_items;
    double largest;
};

static void collect(void *context, size_t line, const json_t *value)
{
    (void)line;
    json_array_append(context, (json_t *)(uintptr_t)value);
}

/* Runs carat as the line asks; the items go to `out`. */
static void run_line(const struct check *c, const json_t *golden, json_t *out)
{
    char model[1200], data[1200], template[1200], shots[16];
    const char *own = json_string_value(json_object_get(golden, "template"));
    const char *system = json_string_value(json_object_get(golden, "system"));
    char *db = file_join(c->dir, "chat.db"), *shown = file_join(c->dir, "items.jsonl");
    snprintf(model, sizeof model, "%s/lmeval/models/%s", c->fixtures, json_string_value(json_object_get(golden, "model")));
    snprintf(data, sizeof data, "%s/lmeval/datasets", c->fixtures);
    snprintf(template, sizeof template, "%s/chat/%s.jinja", c->fixtures, own ? own : "");
    snprintf(shots, sizeof shots, "%d", (int)json_integer_value(json_object_get(golden, "shots")));
    const char *words[32] = {"run", "-q", "-m", model, "-t", json_string_value(json_object_get(golden, "task")),
                             "-k", shots, "--data", data, "--limit", "3", "--db", db, "--json"};
    size_t n = 15;
    if (own) {
        words[n++] = "--chat";
        words[n++] = "--chat-template";
        words[n++] = template;
        if (!json_is_true(json_object_get(golden, "multiturn")))
            words[n++] = c->n_runs % 2 ? "--no-fewshot-as-multiturn" : "--fewshot-as-multiturn=false";
    }
    if (system) {
        words[n++] = "--system";
        words[n++] = system;
    }
    unlink(db);
    struct ran r = run_carat_words(words, NULL);
    expect_status(r, 0);
    ran_release(&r);
    r = run_carat(NULL, "show", "1", "--json", "--db", db);
    expect_status(r, 0);
    cr_assert_eq(file_write(shown, r.out, r.n_out, NULL), CARAT_OK);
    ran_release(&r);
    json_array_clear(out);
    each_json_line(shown, collect, out);
    free(db);
    free(shown);
}

static bool same_run(const json_t *a, const json_t *b)
{
    static const char *const keys[] = {"model", "template", "task", "shots", "multiturn", "system"};
    for (size_t i = 0; a && i < sizeof keys / sizeof *keys; i++)
        if (!json_equal(json_object_get(a, keys[i]), json_object_get(b, keys[i])))
            return false;
    return a != NULL;
}

static void check_contexts(const json_t *item, const json_t *golden)
{
    const json_t *wanted = json_object_get(golden, "contexts"), *several = json_object_get(item, "contexts");
    if (several)
        cr_assert(json_equal(several, wanted), "the contexts differ: %s", json_dumps(several, JSON_INDENT(1)));
    else
        cr_assert(json_equal(json_object_get(item, "context"), json_array_get(wanted, 0)), "the context differs:\n%s",
                  json_string_value(json_object_get(item, "context")));
}

static void check_line(void *context, size_t line, const json_t *golden)
{
    struct check *c = context;
    if (!same_run(c->asked, golden)) {
        json_decref(c->asked);
        c->asked = json_incref((json_t *)(uintptr_t)golden);
        run_line(c, golden, c->items);
        c->n_runs++;
    }
    const json_t *item = json_array_get(c->items, (size_t)json_integer_value(json_object_get(golden, "doc_id")));
    cr_assert(item, "line %zu", line);
    c->n_items++;
    check_contexts(item, golden);
    const json_t *choices = json_object_get(item, "choices"), *sums = json_object_get(golden, "loglikelihoods");
    for (size_t i = 0; i < json_array_size(sums); i++) {
        const json_t *choice = json_array_get(choices, i);
        double want = json_number_value(json_array_get(sums, i));
        double off = fabs(json_number_value(json_object_get(choice, "logprob")) - want);
        c->largest = fmax(c->largest, off);
        cr_assert_leq(off, 1e-3 + 1e-5 * fabs(want), "line %zu", line);
        cr_assert(json_equal(json_object_get(choice, "continuation"),
                             json_array_get(json_object_get(golden, "continuations"), i)), "line %zu", line);
    }
    if (!sums)
        cr_assert_str_eq(json_string_value(json_object_get(json_array_get(json_object_get(item, "samples"), 0), "text")),
                         json_string_value(json_object_get(golden, "generated")), "line %zu", line);
}

Test(e2e_chat_run, equals_the_reference_harness, .timeout = 300)
{
    SHARED_OR_SKIP(fixtures, "fixtures");
    struct check c = {.fixtures = fixtures, .dir = temp_dir(), .items = json_array()};
    each_json_line("tests/goldens/chat/runs.jsonl", check_line, &c);
    cr_assert_gt(c.n_items, 50);
    printf("  %zu runs, %zu items, largest difference %.2g\n", c.n_runs, c.n_items, c.largest);
    json_decref(c.asked);
    json_decref(c.items);
    temp_remove(c.dir);
}

/* ---- what is asked wrongly, what is said ------------------------------------------------------------ */

#define DEMO "run", "-m", "demo:late", "-t", "boolq", "--limit", "2", "--db", db

static const char *demo_data(void) { return "demo/data"; }

static void expect_said(struct ran r, int status, const char *said)
{
    expect_status(r, status);
    cr_assert(strstr(r.err, said), "not said: %s\n%s", said, r.err);
    ran_release(&r);
}

Test(e2e_chat_run, refuses_before_anything_is_computed)
{
    const char *dir = temp_dir();
    char *db = file_join(dir, "x.db");
    expect_said(run_carat(NULL, DEMO, "--data", demo_data(), "--chat"), 3, "has no chat template");
    expect_said(run_carat(NULL, DEMO, "--data", demo_data(), "--fewshot-as-multiturn"), 2, "wants --chat");
    expect_said(run_carat(NULL, DEMO, "--data", demo_data(), "--chat-template", "x"), 2, "wants --chat");
    expect_said(run_carat(NULL, DEMO, "--data", demo_data(), "--chat", "--fewshot-as-multiturn=maybe"), 2, "wants true or false");
    expect_said(run_carat(NULL, DEMO, "--data", demo_data(), "--no-chat"), 2, "no option '--no-chat'");
    free(db);
    temp_remove(dir);
}

static void run_again(const char *db, const char *template, const char *more, const char *said)
{
    struct ran r = run_carat(NULL, DEMO, "--data", demo_data(), "--chat", "--chat-template", template, more);
    expect_said(r, 0, said);
}

Test(e2e_chat_run, template_mode_and_system_text_are_a_runs_identity)
{
    const char *dir = temp_dir();
    char *db = file_join(dir, "x.db"), *a = file_join(dir, "a.jinja"), *b = file_join(dir, "b.jinja");
    const struct str one = STR("{% for m in messages %}[{{ m.content }}]{% endfor %}");
    const struct str two = STR("{% for m in messages %}({{ m.content }}){% endfor %}");
    cr_assert_eq(file_write(a, one.p, one.n, NULL), CARAT_OK);
    cr_assert_eq(file_write(b, two.p, two.n, NULL), CARAT_OK);
    run_again(db, a, "--no-bos", "2 items in");
    run_again(db, a, "--no-bos", "0 items computed, 2 were there already");
    run_again(db, b, "--no-bos", "2 items in");
    run_again(db, a, "--no-fewshot-as-multiturn", "2 items in");
    run_again(db, a, "--system=Be brief.", "2 items in");
    struct ran r = run_carat(NULL, "show", "4", "--db", db, "--json");
    expect_status(r, 0);
    cr_assert(strstr(r.out, "\"context\":\"[Be brief.]["), "%s", r.out);
    ran_release(&r);
    free(db);
    free(a);
    free(b);
    temp_remove(dir);
}

Test(e2e_chat_run, says_when_the_system_message_is_dropped_and_when_a_template_is_not_used)
{
    SHARED_OR_SKIP(fixtures, "fixtures/lmeval");
    const char *dir = temp_dir();
    char *db = file_join(dir, "x.db"), model[1200], data[1200];
    snprintf(model, sizeof model, "%s/models/gemma", fixtures);
    snprintf(data, sizeof data, "%s/datasets", fixtures);
    struct ran r = run_carat(NULL, "run", "-m", model, "-t", "mmlu_anatomy", "--limit", "2", "--db", db, "--data", data);
    expect_said(r, 0, "has a chat template, which is not used; --chat asks in it");
    r = run_carat(NULL, "run", "-m", model, "-t", "mmlu_anatomy", "--limit", "2", "--db", db, "--data", data, "--chat");
    expect_said(r, 0, "takes no system message: 2 prompts are without it (the task's description)");
    free(db);
    temp_remove(dir);
}
