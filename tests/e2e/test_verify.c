/* carat verify: a run's answers come out again to the bit, and what does not is found. */
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "tests/support/process.h"
#include "tests/support/support.h"

static const char *dir;
static char *db;

static void make_run(const char *task, const char *more, const char *value)
{
    dir = temp_dir();
    db = file_join(dir, "runs.db");
    struct ran r = run_carat(NULL, "run", "-m", "demo:late", "-t", task, "--data", "demo/data", "--limit", "3", "--db", db,
                             "-q", more, value);
    expect_status(r, 0);
    ran_release(&r);
}

static void change(const char *sql)
{
    sqlite3 *file;
    char *why = NULL;
    cr_assert_eq(sqlite3_open(db, &file), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(file, sql, NULL, NULL, &why), SQLITE_OK, "%s", why);
    sqlite3_close(file);
}

static struct ran verify(const char *more, const char *value)
{
    return run_carat(NULL, "verify", "1", "--db", db, "--sample", "100", "--json", more, value);
}

static void done(struct ran *r)
{
    ran_release(r);
    free(db);
    temp_remove(dir);
}

static json_t *parse(const struct ran *r)
{
    json_t *json = NULL;
    struct err err = ERR_INIT;
    cr_assert_eq(json_read(str_from(r->out), "verify", 1, &json, &err), CARAT_OK, "%s: %s", err.msg, r->out);
    return json;
}

Test(e2e_verify, choices_come_out_again_at_every_setting, .timeout = 120)
{
    make_run("boolq,hellaswag", "--batch-tokens", "33");
    struct ran r = verify(NULL, NULL);
    expect_status(r, 0);
    json_t *json = parse(&r);
    cr_assert(json_is_true(json_object_get(json, "same")));
    cr_assert_eq(json_integer_value(json_object_get(json, "items")), 6);
    cr_assert_eq(json_integer_value(json_object_get(json, "requests")), 3 * 2 + 3 * 4);
    cr_assert_geq(json_array_size(json_object_get(json, "settings")), 7);
    json_decref(json);
    done(&r);
}

Test(e2e_verify, drawn_texts_come_out_again, .timeout = 120)
{
    dir = temp_dir();
    db = file_join(dir, "runs.db");
    struct ran r = run_carat(NULL, "run", "-m", "demo:late", "-t", "gsm8k", "--data", "demo/data", "--limit", "1", "--db", db,
                             "-q", "--samples", "2", "--temperature", "0.8", "--seed", "5", "--shots", "1");
    expect_status(r, 0);
    ran_release(&r);
    r = verify(NULL, NULL);
    expect_status(r, 0);
    json_t *json = parse(&r);
    cr_assert_eq(json_integer_value(json_object_get(json, "requests")), 2);
    json_decref(json);
    done(&r);
}

Test(e2e_verify, the_last_bit_of_one_answer_is_found, .timeout = 120)
{
    make_run("hellaswag", NULL, NULL);
    change("UPDATE choice SET logprob = logprob * (1 + 2.3e-16)"
           " WHERE n = 2 AND item = (SELECT id FROM item WHERE idx = 1)");
    struct ran r = verify(NULL, NULL);
    expect_status(r, 1);
    json_t *json = parse(&r);
    const json_t *first = json_array_get(json_object_get(json, "differences"), 0);
    cr_assert_eq(json_integer_value(json_object_get(first, "index")), 1);
    cr_assert_eq(json_integer_value(json_object_get(first, "answer")), 2);
    cr_assert_str_eq(json_string_value(json_object_get(first, "task")), "hellaswag");
    json_decref(json);
    done(&r);
}

Test(e2e_verify, what_cannot_be_compared_is_refused_with_the_reason, .timeout = 120)
{
    make_run("boolq", NULL, NULL);
    struct ran r = verify("-m", "demo:early");
    expect_status(r, 3);
    cr_assert(strstr(r.err, "another checkpoint"), "%s", r.err);
    ran_release(&r);

    change("UPDATE run SET settings = replace(settings, '\"seed\"', '\"mood\"')");
    r = verify(NULL, NULL);
    expect_status(r, 3);
    cr_assert(strstr(r.err, "\"mood\""), "%s", r.err);
    ran_release(&r);

    change("UPDATE run SET numerics_version = 999");
    r = verify(NULL, NULL);
    expect_status(r, 3);
    cr_assert(strstr(r.err, "numerics version 999"), "%s", r.err);
    done(&r);
}
