/* The store through the command line: shards and their merge, files of older versions. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "results/results.h"
#include "tests/support/process.h"
#include "tests/support/support.h"

#define TASKS "hellaswag,boolq,mmlu_astronomy,gsm8k"
#define RUN(db, ...)                                                                                             \
    run_carat(NULL, "run", "-q", "-m", "demo:early", "-m", "demo:late", "-t", TASKS, "--data", "demo/data", "--limit", \
              "20", "--db", db, __VA_ARGS__)

static char *shown(const char *db, const char *run)
{
    struct ran r = run_carat(NULL, "show", run, "--json", "--db", db);
    expect_status(r, 0);
    free(r.err);
    return r.out;
}

static void expect_same_items(const char *db, const char *other)
{
    for (const char *run = "1"; run; run = *run == '1' ? "2" : NULL) {
        char *a = shown(db, run), *b = shown(other, run);
        cr_assert_str_eq(a, b, "run %s", run);
        free(a);
        free(b);
    }
}

Test(e2e_store, shards_merged_are_the_whole_bit_for_bit, .timeout = 300)
{
    const char *dir = temp_dir();
    static const char *const settings[][4] = {
        {"--threads", "1", "--batch-tokens", "512"}, {"--threads", "3", "--batch-tokens", "7"}, {"--threads", "2", "--batch-tokens", "64"}};
    char *whole = file_join(dir, "whole.db"), *joined = file_join(dir, "joined.db"), *parts[3];
    struct ran r = RUN(whole, "--threads", "1");
    expect_status(r, 0);
    ran_release(&r);
    for (size_t i = 0; i < 3; i++) {
        char name[16], shard[8];
        snprintf(name, sizeof name, "part%zu.db", i + 1);
        snprintf(shard, sizeof shard, "%zu/3", i + 1);
        parts[i] = file_join(dir, name);
        r = RUN(parts[i], "--shard", shard, settings[i][0], settings[i][1], settings[i][2], settings[i][3]);
        expect_status(r, 0);
        cr_assert_not(strstr(r.err, "missing"), "%s", r.err);
        ran_release(&r);
    }
    r = run_carat(NULL, "merge", joined, parts[2], parts[0], parts[1], "--json");
    expect_status(r, 0);
    cr_assert_str_eq(r.out, "{\"runs\":2,\"items\":160,\"same\":0}\n");
    ran_release(&r);
    expect_same_items(whole, joined);
    /* The run in one piece finds nothing left to do in what the shards have made. */
    r = run_carat(NULL, "run", "-m", "demo:early", "-t", TASKS, "--data", "demo/data", "--limit", "20", "--db", joined);
    expect_status(r, 0);
    cr_assert(strstr(r.err, "0 items computed, 80 were there already"), "%s", r.err);
    ran_release(&r);
    r = RUN(parts[0], "--shard", "4/3");
    expect_status(r, 2);
    ran_release(&r);
    for (size_t i = 0; i < 3; i++)
        free(parts[i]);
    free(whole);
    free(joined);
    temp_remove(dir);
}

/* Each member of `want` stands in `got` with the same value. */
static void expect_members(const json_t *got, const json_t *want)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)want, key, value)
        cr_assert(json_equal(json_object_get(got, key), value), "member '%s'", key);
}

struct lines {
    char *at;
};

static void check_line(void *context, size_t line, const json_t *want)
{
    struct lines *l = context;
    char *end = strchr(l->at, '\n');
    json_t *got;
    cr_assert_not_null(end);
    cr_assert_eq(json_read((struct str){l->at, (size_t)(end - l->at)}, "show", line, &got, NULL), CARAT_OK);
    expect_members(got, want);
    json_decref(got);
    l->at = end + 1;
}

static void make_file(const char *sql_path, const char *db)
{
    struct buf sql = BUF_INIT(1 << 24);
    sqlite3 *file;
    char *why = NULL;
    cr_assert_eq(file_read(sql_path, 1 << 24, &sql, NULL), CARAT_OK);
    cr_assert_eq(sqlite3_open(db, &file), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(file, sql.p, NULL, NULL, &why), SQLITE_OK, "%s", why);
    sqlite3_close(file);
    buf_release(&sql);
}

/* What carat wrote when its schema had this version, as SQL, and what `carat show --json` then said of it. */
static void check_version(int version)
{
    const char *dir = temp_dir();
    char name[40], *db = file_join(dir, "old.db");
    struct carat_store *st;
    struct err err = ERR_INIT;
    snprintf(name, sizeof name, "results/version-%d.sql", version);
    make_file(golden_path(name), db);
    struct ran r = run_carat(NULL, "show", "1", "--db", db);
    expect_status(r, 3);
    cr_assert(strstr(r.err, "brings it up to date"), "%s", r.err);
    ran_release(&r);
    cr_assert_eq(carat_store_open(db, CARAT_STORE_WRITE, &st, &err), CARAT_OK, "%s", err.msg);
    carat_store_free(st);
    snprintf(name, sizeof name, "results/version-%d.jsonl", version);
    char *items = shown(db, "1");
    struct lines l = {items};
    cr_assert_eq(each_json_line(golden_path(name), check_line, &l), 6);
    cr_assert_eq(*l.at, '\0');
    free(items);
    r = run_carat(NULL, "report", "--db", db);
    expect_status(r, 0);
    ran_release(&r);
    free(db);
    temp_remove(dir);
}

Test(e2e_store, files_of_older_versions_are_brought_up_to_date)
{
    check_version(1);
    check_version(2);
}

/* The queries of docs/results.md, each on a file with two runs and a scoring: they run, and say something. */
static size_t run_queries(const char *db)
{
    struct buf page = BUF_INIT(1 << 20);
    sqlite3 *file;
    size_t n = 0;
    cr_assert_eq(file_read("docs/results.md", 1 << 20, &page, NULL), CARAT_OK);
    cr_assert_eq(sqlite3_open_v2(db, &file, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    for (char *p = page.p; (p = strstr(p, "```sql\n")); n++) {
        char *end = strstr(p += 7, "```");
        sqlite3_stmt *q;
        cr_assert_not_null(end);
        *end = '\0';
        cr_assert_eq(sqlite3_prepare_v2(file, p, -1, &q, NULL), SQLITE_OK, "%s: %s", p, sqlite3_errmsg(file));
        int rc = sqlite3_step(q);
        cr_assert(rc == SQLITE_ROW || (rc == SQLITE_DONE && strstr(p, "scores_of")), "no rows: %s", p);
        sqlite3_finalize(q);
        p = end + 1;
    }
    sqlite3_close(file);
    buf_release(&page);
    return n;
}

Test(e2e_store, the_manual_s_queries_work, .timeout = 120)
{
    const char *dir = temp_dir();
    char *db = file_join(dir, "x.db");
    struct ran r = RUN(db, "--threads", "1");
    expect_status(r, 0);
    ran_release(&r);
    r = run_carat(NULL, "rescore", "1", "-t", "boolq", "--data", "demo/data", "--db", db);
    expect_status(r, 0);
    ran_release(&r);
    cr_assert_geq(run_queries(db), 5);
    free(db);
    temp_remove(dir);
}
