/* What a run tells machines: every event in its order, and the same scores as the table. */
#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "tests/support/process.h"
#include "tests/support/support.h"

struct seen {
    char events[4096]; /* their names, in order; progress left out */
    size_t n_progress;
    json_t *last_task, *model;
};

static void take(void *context, size_t line, const json_t *value)
{
    struct seen *s = context;
    const char *event = json_string_value(json_object_get(value, "event"));
    (void)line;
    cr_assert(event && json_is_number(json_object_get(value, "time")));
    if (strcmp(event, "progress") == 0) {
        s->n_progress++;
        cr_assert_leq(json_integer_value(json_object_get(value, "done")), json_integer_value(json_object_get(value, "total")));
        return;
    }
    if (strcmp(event, "task") == 0) {
        json_decref(s->last_task);
        s->last_task = json_incref((json_t *)(uintptr_t)value);
    }
    if (strcmp(event, "model") == 0) {
        json_decref(s->model);
        s->model = json_incref((json_t *)(uintptr_t)value);
    }
    size_t n = strlen(s->events);
    snprintf(s->events + n, sizeof s->events - n, "%s ", event);
}

static struct seen read_log(const char *path)
{
    struct seen s = {.n_progress = 0};
    each_json_line(path, take, &s);
    return s;
}

#define RUN(db, log, limit)                                                                                          \
    run_carat(NULL, "run", "-m", "demo:early", "-m", "demo:late", "-t", "hellaswag,boolq", "--data", "demo/data", "--limit", limit, \
              "--db", db, "--log-json", log)

Test(e2e_run_log, every_event_stands_in_its_order, .timeout = 120)
{
    const char *dir = temp_dir();
    char *db = file_join(dir, "x.db"), *log = file_join(dir, "log.jsonl");
    struct ran r = RUN(db, log, "3");
    expect_status(r, 0);
    cr_assert(strstr(r.err, "demo:late: BoolQ: ") && strstr(r.err, "(n = 3, 0-shot, acc)"), "%s", r.err);
    cr_assert(strstr(r.err, "at most") && strstr(r.err, "of work memory"), "the memory is told: %s", r.err);
    cr_assert_not(strstr(r.err, "\r"), "nothing is redrawn in a pipe");
    ran_release(&r);
    struct seen s = read_log(log);
    cr_assert_str_eq(s.events, "start model task task model task task end ");
    cr_assert_gt(s.n_progress, 0);
    cr_assert_eq(json_integer_value(json_object_get(s.model, "items")), 6);
    cr_assert_gt(json_integer_value(json_object_get(json_object_get(s.model, "memory"), "kv_tokens")), 0);
    json_decref(s.last_task);
    json_decref(s.model);
    /* Again: all is there, and is told again, behind what was told before. */
    r = RUN(db, log, "3");
    expect_status(r, 0);
    ran_release(&r);
    s = read_log(log);
    cr_assert_str_eq(s.events, "start model task task model task task end start model task task model task task end ");
    cr_assert_eq(json_integer_value(json_object_get(s.model, "items_before")), 6);
    cr_assert_eq(json_integer_value(json_object_get(s.last_task, "n_items")), 3);
    cr_assert(json_is_real(json_object_get(s.last_task, "value")));
    json_decref(s.last_task);
    json_decref(s.model);
    free(db);
    free(log);
    temp_remove(dir);
}

Test(e2e_run_log, a_failure_is_an_event_and_a_bad_path_is_refused_first, .timeout = 60)
{
    const char *dir = temp_dir();
    char *db = file_join(dir, "no/such/folder.db"), *log = file_join(dir, "log.jsonl");
    struct ran r = RUN(db, log, "1");
    expect_status(r, 4);
    ran_release(&r);
    struct seen s = read_log(log);
    cr_assert_str_eq(s.events, "start end ");
    r = RUN(db, dir, "1");
    expect_status(r, 4);
    cr_assert(strstr(r.err, dir), "%s", r.err);
    ran_release(&r);
    free(db);
    free(log);
    temp_remove(dir);
}
