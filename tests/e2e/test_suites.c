/* Suites through the command line: what comes with carat, a file of one's own, what is missing. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/process.h"
#include "tests/support/support.h"

static const json_t *score_of(const json_t *summary, const char *task)
{
    const json_t *scores = json_object_get(json_array_get(json_object_get(summary, "runs"), 0), "scores");
    size_t i;
    json_t *score;
    json_array_foreach(scores, i, score)
        if (strcmp(json_string_value(json_object_get(score, "task")), task) == 0)
            return score;
    cr_assert_fail("no score of %s", task);
    return NULL;
}

Test(e2e_suites, a_file_of_ones_own_sets_shots_metric_and_limit, .timeout = 60)
{
    const char *dir = temp_dir();
    char *db = file_join(dir, "x.db"), *path = file_join(dir, "mine.json");
    static const char text[] = "{\"name\": \"mine\", \"limit\": 3, \"tasks\": [{\"task\": \"hellaswag\", \"shots\": 2, \"metric\": "
                               "\"acc\"}, {\"task\": \"boolq\"}]}";
    json_t *summary;
    cr_assert_eq(file_write(path, text, sizeof text - 1, NULL), CARAT_OK);
    struct ran r = run_carat(NULL, "run", "-q", "-m", "demo:early", "--suite", path, "--data", "demo/data", "--db", db, "--json");
    expect_status(r, 0);
    cr_assert_eq(json_read(str_from(r.out), "out", 0, &summary, NULL), CARAT_OK);
    const json_t *score = score_of(summary, "hellaswag");
    cr_expect_eq(json_integer_value(json_object_get(score, "shots")), 2);
    cr_expect_eq(json_integer_value(json_object_get(score, "n_items")), 3);
    cr_expect_str_eq(json_string_value(json_object_get(score, "metric")), "acc");
    cr_expect_eq(json_integer_value(json_object_get(score_of(summary, "boolq"), "shots")), 0);
    json_decref(summary);
    ran_release(&r);
    r = run_carat(NULL, "run", "-q", "-m", "demo:early", "--suite", "gemma-report", "--data", "demo/data", "--db", db);
    cr_expect_eq(r.status, 3);
    cr_expect(strstr(r.err, "piqa") && strstr(r.err, "minerva_math") && strstr(r.err, "carat fetch --suite gemma-report"), "%s",
              r.err);
    ran_release(&r);
    r = run_carat(NULL, "run", "-q", "-m", "demo:early", "--suite", "core", "-t", "boolq");
    cr_expect_eq(r.status, 2);
    ran_release(&r);
    free(db);
    free(path);
    temp_remove(dir);
}

Test(e2e_suites, smoke_needs_no_network, .timeout = 120)
{
    const char *dir = temp_dir();
    char *db = file_join(dir, "x.db");
    struct ran r = run_program((const char *const[]){"unshare", "-rn", "true", NULL}, NULL);
    if (r.status != 0)
        cr_skip("this system makes no network namespaces");
    ran_release(&r);
    r = run_program((const char *const[]){"unshare", "-rn", carat_bin(), "run", "-m", "demo:late", "--suite", "smoke", "--data",
                                          "demo/data", "--limit", "3", "--db", db, NULL}, NULL);
    expect_status(r, 0);
    cr_expect(strstr(r.out, "HellaSwag") && strstr(r.out, "HumanEval"), "%s", r.out);
    ran_release(&r);
    free(db);
    temp_remove(dir);
}

/* Sizes and licences of a suite, and nothing is asked for: there is no network to ask. */
Test(e2e_suites, what_a_suite_would_fetch_is_told_without_fetching, .timeout = 60)
{
    const char *dir = temp_dir();
    char cache[1200];
    snprintf(cache, sizeof cache, "XDG_CACHE_HOME=%s/cache", dir);
    struct ran r = run_program((const char *const[]){"env", cache, carat_bin(), "fetch", "--suite", "gemma-report", "--dry-run", NULL}, NULL);
    expect_status(r, 0);
    cr_expect(strstr(r.out, "hellaswag: 2 files, 59.7 MB, licence: MIT\n") && strstr(r.out, "17 datasets, "), "%s", r.out);
    cr_expect(strstr(r.out, "under a takedown notice"), "%s", r.out);
    cr_expect(strstr(r.out, "human-eval: 1 file, 45 kB, licence: MIT\n"), "%s", r.out);
    cr_expect_str_eq(r.err, "");
    ran_release(&r);
    snprintf(cache, sizeof cache, "%s/cache", dir);
    cr_expect(!file_exists(cache), "something was written");
    r = run_carat(NULL, "fetch", "--dry-run", "helaswag");
    cr_expect_eq(r.status, 2);
    ran_release(&r);
    temp_remove(dir);
}
