/* Sampled runs: the same texts whatever the settings, after a kill too; pass@k as counted by hand. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "tests/support/process.h"
#include "tests/support/support.h"

enum { N_ROWS = 3, N_SAMPLES = 12 };

static bool has(const char *text, const char *what)
{
    return strstr(text, what) != NULL;
}

/* Problems in HumanEval's format whose tests pass for about a third of all texts: those whose bytes add up to a
 * multiple of three. The text is a string of the program, so any text runs. */
static const char *write_problems(void)
{
    const char *dir = temp_dir();
    char *folder = file_join(dir, "human-eval");
    cr_assert_eq(file_mkdirs(folder, NULL), CARAT_OK);
    char *path = file_join(folder, "HumanEval.jsonl.gz");
    gzFile gz = gzopen(path, "wb");
    cr_assert(gz);
    for (int i = 0; i < N_ROWS; i++)
        gzprintf(gz, "{\"task_id\": \"T/%d\", \"prompt\": \"def f():\\n    return %d\\n\\nTEXT = r'''Question: what is %d plus %d?\\nAnswer:\","
                     " \"entry_point\": \"f\", \"canonical_solution\": \"\", \"test\": \"'''\\ndef check(c):\\n    assert"
                     " sum(TEXT.encode()) %% 3 == 0\\n\"}\n", i, i, i, i + 1);
    gzclose(gz);
    free(path);
    free(folder);
    return dir;
}

/* What is stored of a run; a verdict's times are the only thing that may differ. */
static char *items_of(const char *db)
{
    struct ran r = run_carat(NULL, "show", "1", "--json", "--db", db);
    expect_status(r, 0);
    for (char *p = r.out; (p = strstr(p, "_ms\\\":"));)
        for (p += 6; strchr("0123456789.e-", *p) && *p; p++)
            *p = '#';
    for (char *p = r.out; (p = strstr(p, "_ms\":"));)
        for (p += 5; strchr("0123456789.e-", *p) && *p; p++)
            *p = '#';
    struct buf out = BUF_INIT(64 << 20); /* as long as the digits were, no longer */
    for (const char *p = r.out; *p; p++)
        if (*p != '#')
            buf_addc(&out, *p);
    ran_release(&r);
    return buf_take(&out, NULL);
}

#define SAMPLE(db, data, ...)                                                                                   \
    run_carat(NULL, "run", "-q", "-m", "demo:early", "-t", "humaneval", "--samples", "12", "--temperature", "1.2", \
              "--top-p", "0.95", "--data", data, "--db", db, __VA_ARGS__)

Test(e2e_samples, no_setting_changes_a_bit, .timeout = 300)
{
    static const char *const settings[][4] = {{"--threads", "1"},
                                              {"--threads", "3", "--batch-tokens", "7"},
                                              {"--batch-tokens", "64", "--memory", "12M"}, /* room for a few samples at once */
                                              {"--batch-tokens", "1", "--limit", "1"}};
    const char *data = write_problems();
    char *expected = NULL;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        char *db = file_join(data, "x.db");
        unlink(db);
        struct ran r = SAMPLE(db, data, settings[i][0], settings[i][1], settings[i][2] ? settings[i][2] : "-q",
                              settings[i][2] ? settings[i][3] : "-q");
        expect_status(r, 0);
        ran_release(&r);
        char *items = items_of(db);
        if (!expected) {
            expected = strdup(items);
        } else if (strcmp(settings[i][2], "--limit") == 0) {
            cr_assert_eq(strncmp(items, expected, strlen(items)), 0, "fewer items, the same ones:\n%s\n%s", items, expected);
        } else {
            cr_assert_str_eq(items, expected, "setting %zu", i);
        }
        free(items);
        free(db);
    }
    free(expected);
    temp_remove(data);
}

Test(e2e_samples, killed_at_any_moment_it_goes_on_to_the_same_rows, .timeout = 300)
{
    const char *data = write_problems();
    char *whole = file_join(data, "whole.db"), *broken = file_join(data, "broken.db");
    struct ran r = SAMPLE(whole, data, "-q");
    expect_status(r, 0);
    ran_release(&r);
    const char *words[] = {"run", "-q", "-m", "demo:early", "-t", "humaneval", "--samples", "12", "--temperature", "1.2",
                           "--top-p", "0.95", "--data", data, "--db", broken, NULL};
    for (int i = 0; i < 6; i++) {
        pid_t pid = start_carat(words);
        usleep((useconds_t)(100000 + 150000 * i));
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    r = run_carat_words(words, NULL);
    expect_status(r, 0);
    ran_release(&r);
    char *expected = items_of(whole), *items = items_of(broken);
    cr_assert_str_eq(items, expected);
    free(expected);
    free(items);
    free(whole);
    free(broken);
    temp_remove(data);
}

/* The share of all ways to take k of the n samples that have a right one among them, counted one by one. */
static double count_pass_at_k(const bool *passed, unsigned n, int k)
{
    size_t n_ways = 0, n_right = 0;
    for (unsigned set = 0; set < 1u << n; set++) {
        bool right = false;
        if (__builtin_popcount(set) != k)
            continue;
        for (unsigned i = 0; i < n; i++)
            right |= (set >> i & 1) && passed[i];
        n_ways++;
        n_right += right;
    }
    return (double)n_right / (double)n_ways;
}

/* Adds the item's pass@1 and pass@10 to sums[]; returns how many samples passed. */
static size_t check_item(const char *line, double sums[2])
{
    json_t *item;
    bool passed[N_SAMPLES];
    size_t n_passed = 0;
    cr_assert_eq(json_read(str_from(line), "item", 0, &item, NULL), CARAT_OK, "%s", line);
    const json_t *samples = json_object_get(item, "samples"), *metrics = json_object_get(item, "metrics");
    cr_assert_eq(json_array_size(samples), N_SAMPLES, "each sample is stored");
    for (size_t i = 0; i < N_SAMPLES; i++) {
        const json_t *verdict = json_object_get(json_array_get(samples, i), "verdict");
        const char *kind = json_string_value(json_object_get(verdict, "verdict"));
        cr_assert(kind, "%s", line);
        passed[i] = strcmp(kind, "passed") == 0;
        n_passed += passed[i];
    }
    static const int ks[] = {1, 10};
    static const char *const names[] = {"pass@1", "pass@10"};
    for (int i = 0; i < 2; i++) {
        double counted = count_pass_at_k(passed, N_SAMPLES, ks[i]);
        cr_assert_float_eq(json_number_value(json_object_get(metrics, names[i])), counted, 1e-12);
        sums[i] += counted;
    }
    cr_assert_null(json_object_get(metrics, "pass@100"), "twelve samples cannot tell");
    json_decref(item);
    return n_passed;
}

Test(e2e_samples, pass_at_k_is_what_counting_gives, .timeout = 120)
{
    const char *data = write_problems();
    char *db = file_join(data, "x.db");
    struct ran r = SAMPLE(db, data, "--json");
    expect_status(r, 0);
    json_t *summary;
    cr_assert_eq(json_read(str_from(r.out), "run", 0, &summary, NULL), CARAT_OK, "%s", r.out);
    const json_t *ten = json_array_get(json_object_get(summary, "pass_at_k"), 0);
    struct ran show = run_carat(NULL, "show", "1", "--json", "--db", db);
    expect_status(show, 0);
    double sums[2] = {0};
    size_t n_items = 0, n_passed = 0;
    char *rest = NULL;
    for (char *line = strtok_r(show.out, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest), n_items++)
        n_passed += check_item(line, sums);
    cr_assert_eq(n_items, N_ROWS);
    cr_assert(n_passed > 0 && n_passed < N_ROWS * N_SAMPLES, "%zu passed: the test would see nothing", n_passed);
    cr_assert_str_eq(json_string_value(json_object_get(ten, "metric")), "pass@10");
    cr_assert_float_eq(json_number_value(json_object_get(ten, "value")), sums[1] / N_ROWS, 1e-12);
    json_decref(summary);
    ran_release(&r);
    ran_release(&show);
    r = run_carat(NULL, "report", "--db", db);
    expect_status(r, 0);
    cr_expect(has(r.out, "HumanEval  pass@10  "), "%s", r.out);
    ran_release(&r);
    free(db);
    temp_remove(data);
}

Test(e2e_samples, sampling_is_part_of_what_a_run_is, .timeout = 120)
{
    const char *data = write_problems();
    char *db = file_join(data, "x.db");
    static const char *const settings[][4] = {{"-q", "-q", "-q", "-q"},
                                              {"--temperature", "0.5", "-q", "-q"},
                                              {"--temperature", "0.5", "--top-p", "0.9"},
                                              {"--temperature", "0.5", "--samples", "2"},
                                              {"--temperature", "0.5", "--seed", "5"},
                                              {"--temperature", "0.5", "-q", "-q"}}; /* once more: nothing new */
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        struct ran r = run_carat(NULL, "run", "-q", "-m", "demo:early", "-t", "humaneval", "--limit", "1", "--data", data, "--db", db,
                                 settings[i][0], settings[i][1], settings[i][2], settings[i][3]);
        expect_status(r, 0);
        ran_release(&r);
    }
    struct ran r = run_carat(NULL, "list", "runs", "--db", db, "--json");
    expect_status(r, 0);
    json_t *list;
    cr_assert_eq(json_read(str_from(r.out), "runs", 0, &list, NULL), CARAT_OK, "%s", r.out);
    cr_expect_eq(json_array_size(list), 5, "%s", r.out);
    json_decref(list);
    ran_release(&r);
    free(db);
    temp_remove(data);
}

Test(e2e_samples, what_cannot_be_sampled_is_refused, .timeout = 60)
{
    static const struct {
        const char *task, *words[4], *message;
    } cases[] = {{"gsm8k", {"--samples", "3", "-q", "-q"}, "--samples wants a --temperature"},
                 {"gsm8k", {"--top-p", "0.5", "-q", "-q"}, "--top-p wants a --temperature"},
                 {"gsm8k", {"--top-p", "1.5", "--temperature", "1"}, "at most 1"},
                 {"gsm8k", {"--temperature", "hot", "-q", "-q"}, "--temperature wants T"},
                 {"boolq", {"--temperature", "1", "-q", "-q"}, "nothing to sample"}};
    const char *dir = temp_dir();
    char *db = file_join(dir, "x.db");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ran r = run_carat(NULL, "run", "-q", "-m", "demo:early", "-t", cases[i].task, "--data", "demo/data", "--db", db,
                                 cases[i].words[0], cases[i].words[1], cases[i].words[2], cases[i].words[3]);
        expect_status(r, 2);
        cr_expect(has(r.err, cases[i].message), "%s", r.err);
        ran_release(&r);
    }
    free(db);
    temp_remove(dir);
}
