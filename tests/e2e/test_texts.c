/* Whole texts in windows and single texts behind a question, against fixtures/lmeval/runs/gemma-rolling, gemma-pairs and llama-pairs. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/process.h"
#include "tests/support/support.h"

static void collect(void *context, size_t line, const json_t *value)
{
    (void)line;
    json_array_append(context, (json_t *)(uintptr_t)value);
}

static json_t *lines_of(const char *path)
{
    json_t *list = json_array();
    each_json_line(path, collect, list);
    return list;
}

struct asked { /* a task of tests/plugin/texts.c over DIR/TASK/test.jsonl */
    const char *task, *model, *length;
    const char *golden; /* below fixtures/lmeval/runs */
};

static json_t *golden_of(const struct asked *a)
{
    char path[1200];
    snprintf(path, sizeof path, "fixtures/lmeval/runs/%s", a->golden);
    return lines_of(shared_path(path));
}

static void build_plugin(const char *path)
{
    struct ran r = run_program((const char *const[]){"cc", "-std=c17", "-shared", "-fPIC", "-Itasks", "tests/plugin/texts.c", "-o",
                                                     path, NULL}, NULL);
    expect_status(r, 0);
    ran_release(&r);
}

/* Writes the rows, asks them and returns the items. */
static json_t *items_of(const struct asked *a, struct str rows)
{
    const char *dir = temp_dir();
    char *plugin = file_join(dir, "texts.so"), *db = file_join(dir, "x.db"), *shown = file_join(dir, "items.jsonl");
    char *folder = file_join(dir, a->task), *path = file_join(folder, "test.jsonl"), model[1200];
    snprintf(model, sizeof model, "%s/models/%s", shared_path("fixtures/lmeval"), a->model);
    build_plugin(plugin);
    cr_assert_eq(file_mkdirs(folder, NULL), CARAT_OK);
    cr_assert_eq(file_write(path, rows.p, rows.n, NULL), CARAT_OK);
    struct ran r = run_carat(NULL, "run", "-q", "--plugin", plugin, "-m", model, "-t", a->task, "--data", dir, "--db", db,
                             "--max-length", a->length);
    expect_status(r, 0);
    ran_release(&r);
    r = run_carat(NULL, "show", a->model, a->task, "--json", "--db", db);
    expect_status(r, 0);
    cr_assert_eq(file_write(shown, r.out, r.n_out, NULL), CARAT_OK);
    ran_release(&r);
    json_t *items = lines_of(shown);
    char *const paths[] = {plugin, db, shown, folder, path};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        free(paths[i]);
    temp_remove(dir);
    return items;
}

static const json_t *choice(const json_t *items, size_t i)
{
    return json_array_get(json_object_get(json_array_get(items, i), "choices"), 0);
}

static double number(const json_t *object, const char *key) { return json_number_value(json_object_get(object, key)); }

Test(e2e_texts, windows_of_whole_texts_equal_the_references, .timeout = 60)
{
    static const struct asked rolling = {"whole_texts", "gemma", "64", "gemma-rolling/rolling.jsonl"};
    struct buf text = BUF_INIT(1 << 20);
    SHARED_OR_SKIP(golden_file, "fixtures/lmeval/runs/gemma-rolling/rolling.jsonl");
    cr_assert_eq(file_read(golden_file, 1 << 20, &text, NULL), CARAT_OK);
    json_t *golden = golden_of(&rolling), *items = items_of(&rolling, buf_str(&text));
    cr_assert_eq(json_array_size(items), json_array_size(golden));
    for (size_t i = 0; i < json_array_size(golden); i++) {
        double want = number(json_array_get(golden, i), "loglikelihood"), got = number(choice(items, i), "logprob");
        cr_expect(fabs(got - want) <= 1e-3 + 1e-5 * fabs(want), "text %zu: %.17g, not %.17g", i, got, want);
        cr_expect_eq(json_array_size(json_object_get(choice(items, i), "ids")), (size_t)number(json_array_get(golden, i), "tokens"));
    }
    json_decref(golden);
    json_decref(items);
    buf_release(&text);
}

/* Pairs without a log-likelihood are those that the reference does not take. */
static void check_pairs(const struct asked *a)
{
    struct buf text = BUF_INIT(1 << 20);
    json_t *golden = golden_of(a), *kept = json_array(), *pair;
    size_t i;
    json_array_foreach(golden, i, pair) {
        if (!json_object_get(pair, "loglikelihood"))
            continue;
        json_t *row = json_pack("{s:O, s:O}", "before", json_object_get(pair, "context"), "word", json_object_get(pair, "continuation"));
        cr_assert(row && !json_write(row, &text) && !buf_addc(&text, '\n'));
        json_decref(row);
        json_array_append(kept, pair);
    }
    json_t *items = items_of(a, buf_str(&text));
    cr_assert_eq(json_array_size(items), json_array_size(kept));
    cr_assert_gt(json_array_size(kept), 100);
    json_array_foreach(kept, i, pair) {
        double want = number(pair, "loglikelihood"), got = number(choice(items, i), "logprob");
        cr_expect(fabs(got - want) <= 1e-3 + 1e-5 * fabs(want), "pair %zu: %.17g, not %.17g", i, got, want);
        cr_expect(json_equal(json_object_get(choice(items, i), "ids"), json_object_get(pair, "continuation_ids")), "pair %zu", i);
        cr_expect_eq(number(json_object_get(json_array_get(items, i), "metrics"), "acc") == 1,
                     json_is_true(json_object_get(pair, "is_greedy")));
    }
    json_decref(golden);
    json_decref(kept);
    json_decref(items);
    buf_release(&text);
}

Test(e2e_texts, single_texts_equal_the_references_at_awkward_boundaries, .timeout = 60)
{
    static const struct asked pairs[] = {{"last_words", "gemma", "512", "gemma-pairs/pairs.jsonl"},
                                         {"last_words", "llama", "512", "llama-pairs/pairs.jsonl"}};
    SHARED_OR_SKIP(fixtures, "fixtures/lmeval");
    (void)fixtures;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        check_pairs(&pairs[i]);
}
