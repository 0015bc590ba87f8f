/* The store on a thread of its own: the same rows, nothing lost, nothing kept silent. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <criterion/criterion.h>
#include <sqlite3.h>

#include "store_support.h"
#include "tests/support/support.h"

enum { SERIES = 5 };

static struct carat_writer *new_writer(struct carat_store *st)
{
    struct err err = ERR_INIT;
    struct carat_writer *w;
    cr_assert_eq(carat_writer_new(st, &w, &err), CARAT_OK, "%s", err.msg);
    return w;
}

/* The item's memory is gone when this returns. */
static enum carat_err give_item(struct carat_writer *w, int64_t task, int64_t index, struct err *err)
{
    struct arena a = ARENA_INIT;
    struct carat_item_record item;
    make_item(&a, SERIES, index, &item);
    enum carat_err code = carat_writer_put(w, task, &item, err);
    memset((void *)(uintptr_t)item.target.p, '#', item.target.n);
    arena_release(&a);
    return code;
}

static void sync_writer(struct carat_writer *w)
{
    struct err err = ERR_INIT;
    cr_assert_eq(carat_writer_sync(w, &err), CARAT_OK, "%s", err.msg);
}

/* Every column of every table's every row but for times, in the order of their numbers. */
static char *dump(const char *dir)
{
    static const char *const queries[] = {
        "SELECT id, sha256, size, data, dict FROM text ORDER BY id",
        "SELECT id, task, name FROM metric ORDER BY id",
        "SELECT * FROM item ORDER BY id",
        "SELECT * FROM choice ORDER BY item, n",
        "SELECT * FROM tokens ORDER BY item",
        "SELECT * FROM sample ORDER BY item, n",
        "SELECT * FROM answer ORDER BY item, n",
        "SELECT * FROM value ORDER BY item, metric",
        "SELECT id, run, name, dict, clusters FROM task ORDER BY id",
    };
    struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
    sqlite3 *db;
    cr_assert_eq(sqlite3_open_v2(db_path(dir), &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        sqlite3_stmt *q;
        cr_assert_eq(sqlite3_prepare_v2(db, queries[i], -1, &q, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
        while (sqlite3_step(q) == SQLITE_ROW)
            for (int k = 0; k < sqlite3_column_count(q); k++) {
                buf_printf(&out, "%d:%d:", sqlite3_column_type(q, k), sqlite3_column_bytes(q, k));
                buf_add(&out, sqlite3_column_bytes(q, k) ? sqlite3_column_blob(q, k) : "", (size_t)sqlite3_column_bytes(q, k));
            }
        sqlite3_finalize(q);
    }
    sqlite3_stmt *odd; /* docs/results.md: 32 raw bytes */
    cr_assert_eq(sqlite3_prepare_v2(db, "SELECT count(*) FROM text WHERE length(sha256) <> 32", -1, &odd, NULL), SQLITE_OK);
    cr_assert(sqlite3_step(odd) == SQLITE_ROW && sqlite3_column_int(odd, 0) == 0);
    sqlite3_finalize(odd);
    sqlite3_close(db);
    char hex[SHA256_HEX];
    cr_assert_gt(out.n, 1000);
    sha256_hex(out.p, out.n, hex);
    buf_release(&out);
    return strdup(hex);
}

Test(writer, makes_the_rows_that_the_caller_would_have_made, .timeout = 60)
{
    enum { N = 1200 };
    const char *alone = temp_dir();
    char *want;
    struct carat_store *st = open_store(alone, CARAT_STORE_WRITE);
    int64_t task = put_task(st, put_run(st, "aa", "m"), "t", N);
    for (int64_t i = 0; i < N; i++)
        put_item(st, task, (i * 7) % N, SERIES);
    commit(st);
    carat_store_free(st);
    want = dump(alone);
    temp_remove(alone);
    const char *beside = temp_dir();
    struct err err = ERR_INIT;
    st = open_store(beside, CARAT_STORE_WRITE);
    task = put_task(st, put_run(st, "aa", "m"), "t", N);
    commit(st);
    struct carat_writer *w = new_writer(st);
    for (int64_t i = 0; i < N; i++)
        cr_assert_eq(give_item(w, task, (i * 7) % N, &err), CARAT_OK, "%s", err.msg);
    carat_writer_free(w); /* writes what it was given */
    carat_store_free(st);
    char *got = dump(beside);
    cr_assert_str_eq(got, want);
    st = open_store(beside, CARAT_STORE_READ);
    check_items(st, task, N, SERIES);
    carat_store_free(st);
    free(got);
    free(want);
    temp_remove(beside);
}

Test(writer, gives_the_store_back_when_all_is_written)
{
    const char *dir = temp_dir();
    struct err err = ERR_INIT;
    struct carat_store *st = open_store(dir, CARAT_STORE_WRITE);
    int64_t task = put_task(st, put_run(st, "aa", "m"), "t", 90);
    commit(st);
    struct carat_writer *w = new_writer(st);
    sync_writer(w); /* of nothing */
    for (int64_t i = 0; i < 90; i++) {
        cr_assert_eq(give_item(w, task, i, &err), CARAT_OK, "%s", err.msg);
        if (i % 30 != 29)
            continue;
        sync_writer(w);
        check_items(st, task, i + 1, SERIES);
        struct carat_store *reader = open_store(dir, CARAT_STORE_READ); /* it is durable, too */
        check_items(reader, task, i + 1, SERIES);
        carat_store_free(reader);
        cr_assert_eq(carat_store_finish(st, task, &(struct carat_effort){.wall_s = 1}, &err), CARAT_OK, "%s", err.msg);
    }
    carat_writer_free(w);
    carat_store_free(st);
    temp_remove(dir);
}

static bool count_items(void *context, const struct carat_run_row *row)
{
    *(int64_t *)context = row->n_items;
    return true;
}

Test(writer, commits_by_itself_after_a_second, .timeout = 30)
{
    const char *dir = temp_dir();
    struct err err = ERR_INIT;
    int64_t n = 0;
    struct carat_store *st = open_store(dir, CARAT_STORE_WRITE);
    int64_t task = put_task(st, put_run(st, "aa", "m"), "t", 9);
    commit(st);
    struct carat_writer *w = new_writer(st);
    for (int64_t i = 0; i < 3; i++)
        cr_assert_eq(give_item(w, task, i, &err), CARAT_OK, "%s", err.msg);
    while (n < 3) { /* the test's own limit ends it */
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
        struct carat_store *reader = open_store(dir, CARAT_STORE_READ);
        cr_assert_eq(carat_store_runs(reader, count_items, &n, &err), CARAT_OK, "%s", err.msg);
        carat_store_free(reader);
    }
    carat_writer_free(w);
    carat_store_free(st);
    temp_remove(dir);
}

Test(writer, tells_of_a_refused_item_and_keeps_the_others)
{
    const char *dir = temp_dir();
    struct err err = ERR_INIT, again = ERR_INIT;
    struct carat_store *st = open_store(dir, CARAT_STORE_WRITE);
    int64_t task = put_task(st, put_run(st, "aa", "m"), "t", 9);
    put_item(st, task, 1, SERIES);
    commit(st);
    struct carat_writer *w = new_writer(st);
    cr_assert_eq(carat_writer_failure(w, &err), CARAT_OK);
    cr_assert_eq(give_item(w, task, 0, &err), CARAT_OK);
    cr_assert_eq(give_item(w, task, 1, &err), CARAT_OK);
    (void)give_item(w, task, 2, NULL); /* taken, if it comes before the failure */
    cr_assert_eq(carat_writer_sync(w, &err), CARAT_EIO);
    cr_assert(strstr(err.msg, "item 1 of task 1 is in"), "%s", err.msg);
    cr_assert_eq(give_item(w, task, 3, &again), CARAT_EIO);
    cr_assert_str_eq(again.msg, err.msg);
    cr_assert_eq(carat_writer_failure(w, &again), CARAT_EIO);
    carat_writer_free(w);
    int64_t n = 0;
    cr_assert_eq(carat_store_runs(st, count_items, &n, &err), CARAT_OK);
    cr_assert(n == 2 || n == 3, "%lld items", (long long)n);
    carat_store_free(st);
    temp_remove(dir);
}

Test(writer, takes_items_larger_than_its_queue, .timeout = 60)
{
    enum { N = 6, BYTES = 20 << 20 };
    const char *dir = temp_dir();
    struct err err = ERR_INIT;
    char *text = malloc(BYTES);
    cr_assert(text);
    struct carat_store *st = open_store(dir, CARAT_STORE_WRITE);
    int64_t task = put_task(st, put_run(st, "aa", "m"), "t", N), n = 0;
    commit(st);
    struct carat_writer *w = new_writer(st);
    for (int64_t i = 0; i < N; i++) {
        memset(text, 'a' + (int)i, BYTES);
        struct carat_item_record item = {.index = i, .gold = -1, .prompt = {text, BYTES}};
        cr_assert_eq(carat_writer_put(w, task, &item, &err), CARAT_OK, "%s", err.msg);
    }
    sync_writer(w);
    cr_assert_eq(carat_store_runs(st, count_items, &n, &err), CARAT_OK);
    cr_assert_eq(n, N);
    carat_writer_free(w);
    carat_store_free(st);
    free(text);
    temp_remove(dir);
}
