/* Joining files: whose rows come together, what is refused, and that OUT is there whole or as it was. */
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "store_support.h"
#include "tests/support/support.h"

enum { N_ITEMS = 60, SERIES = 5 };

/* DIR/part/carat.db with every n-th item of the series from `first` on. */
static const char *part(const char *dir, const char *name, const char *key, int64_t first, int64_t step, uint64_t series)
{
    char *folder = file_join(dir, name);
    cr_assert_eq(file_mkdirs(folder, NULL), CARAT_OK);
    struct carat_store *st = open_store(folder, CARAT_STORE_WRITE);
    int64_t task = put_task(st, put_run(st, key, "m"), "t", N_ITEMS);
    for (int64_t i = first; i < N_ITEMS; i += step)
        put_item(st, task, i, series);
    commit(st);
    carat_store_free(st);
    const char *path = db_path(folder);
    free(folder);
    return path;
}

static struct carat_merged merged(const char *out, const char *a, const char *b)
{
    struct err err = ERR_INIT;
    struct carat_merged counts;
    cr_assert_eq(carat_store_merge(out, (const char *const[]){a, b}, 2, &counts, &err), CARAT_OK, "%s", err.msg);
    return counts;
}

static void expect_whole(const char *dir)
{
    struct carat_store *st = open_store(dir, CARAT_STORE_READ);
    check_items(st, 1, N_ITEMS, SERIES);
    carat_store_free(st);
}

Test(merge, shards_come_together_in_any_order)
{
    const char *dir = temp_dir(), *out = db_path(dir);
    const char *even = part(dir, "even", "aa", 0, 2, SERIES), *odd = part(dir, "odd", "aa", 1, 2, SERIES);
    struct carat_merged counts = merged(out, odd, even);
    cr_assert_eq(counts.n_runs, 1);
    cr_assert_eq(counts.n_items, N_ITEMS);
    cr_assert_eq(counts.n_same, 0);
    expect_whole(dir);
    counts = merged(out, even, even); /* what OUT holds is kept; the same rows again are one row */
    cr_assert_eq(counts.n_items, N_ITEMS);
    cr_assert_eq(counts.n_same, N_ITEMS);
    expect_whole(dir);
    temp_remove(dir);
}

Test(merge, other_runs_stay_apart)
{
    const char *dir = temp_dir(), *out = db_path(dir);
    struct carat_merged counts = merged(out, part(dir, "a", "aa", 0, 1, SERIES), part(dir, "b", "bb", 0, 1, SERIES + 1));
    cr_assert_eq(counts.n_runs, 2);
    struct carat_store *st = open_store(dir, CARAT_STORE_READ);
    check_items(st, 1, N_ITEMS, SERIES);
    check_items(st, 2, N_ITEMS, SERIES + 1);
    carat_store_free(st);
    temp_remove(dir);
}

Test(merge, a_different_answer_is_refused_by_name_and_out_left_alone)
{
    const char *dir = temp_dir(), *out = db_path(dir);
    const char *a = part(dir, "a", "aa", 0, 1, SERIES), *b = part(dir, "b", "aa", 7, 100, SERIES + 1);
    struct err err = ERR_INIT;
    struct carat_merged counts;
    char before[SHA256_HEX], after[SHA256_HEX];
    merged(out, a, a);
    cr_assert_eq(sha256_file(out, before, NULL), CARAT_OK);
    /* Series differ in everything; items that one of the two refused are not compared, so take one where none is. */
    cr_assert_eq(carat_store_merge(out, (const char *const[]){a, b}, 2, &counts, &err), CARAT_EINPUT, "%s", err.msg);
    cr_assert(strstr(err.msg, "item 7 of t") && strstr(err.msg, b), "%s", err.msg);
    cr_assert_eq(sha256_file(out, after, NULL), CARAT_OK);
    cr_assert_str_eq(before, after);
    cr_assert_eq(carat_store_merge(out, (const char *const[]){a, out}, 2, &counts, &err), CARAT_EUSAGE);
    char leftover[1200];
    snprintf(leftover, sizeof leftover, "%s-merge", out);
    cr_assert_not(file_exists(leftover));
    temp_remove(dir);
}

Test(merge, it_waits_for_no_writer_and_clears_what_a_killed_one_left)
{
    const char *dir = temp_dir(), *out = db_path(dir);
    const char *a = part(dir, "a", "aa", 0, 1, SERIES);
    struct err err = ERR_INIT;
    struct carat_merged counts;
    char leftover[1200];
    snprintf(leftover, sizeof leftover, "%s-merge", out);
    cr_assert_eq(file_write(leftover, "half", 4, NULL), CARAT_OK);
    struct carat_store *st = open_store(dir, CARAT_STORE_WRITE);
    cr_assert_eq(carat_store_merge(out, &a, 1, &counts, &err), CARAT_EIO);
    cr_assert(strstr(err.msg, "in use"), "%s", err.msg);
    cr_assert(file_exists(leftover), "another's temporary file is none of ours");
    carat_store_free(st);
    cr_assert_eq(carat_store_merge(out, &a, 1, &counts, &err), CARAT_OK, "%s", err.msg);
    cr_assert_not(file_exists(leftover));
    expect_whole(dir);
    temp_remove(dir);
}
