/* Whole texts in windows and single texts behind a question, against fixtures/lmeval/runs/gemma-rolling and gemma-pairs. */
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

/* Runs a task of the plugin over DIR/TASK/test.jsonl and returns its items. */
static json_t *items_of(const char *dir, const char *plugin, const char *model, const char *task, const char *length)
{
    char *db = file_join(dir, "x.db"), *shown = file_join(dir, "items.jsonl");
    struct ran r = run_carat(NULL, "run", "-q", "--plugin", plugin, "-m", model, "-t", task, "--data", dir, "--db", db,
                             "--max-length", length, "--fresh");
    expect_status(r, 0);
    ran_release(&r);
    r = run_carat(NULL, "show", "gemma", task, "--json", "--db", db);
    expect_status(r, 0);
    cr_assert_eq(file_write(shown, r.out, r.n_out, NULL), CARAT_OK);
    ran_release(&r);
    json_t *items = lines_of(shown);
    free(db);
    free(shown);
    return items;
}

static const json_t *choice(const json_t *items, size_t i)
{
    return json_array_get(json_object_get(json_array_get(items, i), "choices"), 0);
}

static double number(const json_t *object, const char *key) { return json_number_value(json_object_get(object, key)); }

static void build_plugin(const char *path)
{
    struct ran r = run_program((const char *const[]){"cc", "-std=c17", "-shared", "-fPIC", "-Itasks", "tests/plugin/texts.c", "-o",
                                                     path, NULL}, NULL);
    expect_status(r, 0);
    ran_release(&r);
}

Test(e2e_texts, windows_of_whole_texts_equal_the_references, .timeout = 60)
{
    SHARED_OR_SKIP(fixtures, "fixtures/lmeval");
    const char *dir = temp_dir();
    char *plugin = file_join(dir, "texts.so"), *folder = file_join(dir, "whole_texts"), *path = file_join(folder, "test.jsonl");
    char golden_file[1200], model[1200];
    struct buf text = BUF_INIT(1 << 20);
    snprintf(golden_file, sizeof golden_file, "%s/runs/gemma-rolling/rolling.jsonl", fixtures);
    snprintf(model, sizeof model, "%s/models/gemma", fixtures);
    build_plugin(plugin);
    cr_assert_eq(file_read(golden_file, 1 << 20, &text, NULL), CARAT_OK);
    cr_assert_eq(file_mkdirs(folder, NULL), CARAT_OK);
    cr_assert_eq(file_write(path, text.p, text.n, NULL), CARAT_OK);
    json_t *golden = lines_of(golden_file), *items = items_of(dir, plugin, model, "whole_texts", "64");
    cr_assert_eq(json_array_size(items), json_array_size(golden));
    for (size_t i = 0; i < json_array_size(golden); i++) {
        double want = number(json_array_get(golden, i), "loglikelihood"), got = number(choice(items, i), "logprob");
        cr_expect(fabs(got - want) <= 1e-3 + 1e-5 * fabs(want), "text %zu: %.17g, not %.17g", i, got, want);
        cr_expect_eq(json_array_size(json_object_get(choice(items, i), "ids")), (size_t)number(json_array_get(golden, i), "tokens"));
    }
    json_decref(golden);
    json_decref(items);
    buf_release(&text);
    free(plugin);
    free(folder);
    free(path);
    temp_remove(dir);
}

Test(e2e_texts, single_texts_equal_the_references_at_awkward_boundaries, .timeout = 60)
{
    SHARED_OR_SKIP(fixtures, "fixtures/lmeval");
    const char *dir = temp_dir();
    char *plugin = file_join(dir, "texts.so"), *folder = file_join(dir, "last_words"), *path = file_join(folder, "test.jsonl");
    char golden_file[1200], model[1200];
    struct buf text = BUF_INIT(1 << 20);
    snprintf(golden_file, sizeof golden_file, "%s/runs/gemma-pairs/pairs.jsonl", fixtures);
    snprintf(model, sizeof model, "%s/models/gemma", fixtures);
    build_plugin(plugin);
    json_t *golden = lines_of(golden_file), *kept = json_array(), *pair;
    size_t i;
    json_array_foreach(golden, i, pair) {
        if (!json_object_get(pair, "loglikelihood"))
            continue;
        json_t *row = json_pack("{s:O, s:O}", "before", json_object_get(pair, "context"), "word", json_object_get(pair, "continuation"));
        cr_assert(row && !json_write(row, &text) && !buf_addc(&text, '\n'));
        json_decref(row);
        json_array_append(kept, pair);
    }
    cr_assert_eq(file_mkdirs(folder, NULL), CARAT_OK);
    cr_assert_eq(file_write(path, text.p, text.n, NULL), CARAT_OK);
    json_t *items = items_of(dir, plugin, model, "last_words", "512");
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
    free(plugin);
    free(folder);
    free(path);
    temp_remove(dir);
}
