/* What is refused, by which words, and that it is left as it was. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "store_support.h"
#include "tests/support/support.h"

/* Opening `path` must fail with this code, and each of the words in its message or hint. */
static void refused(const char *path, enum carat_store_mode mode, enum carat_err code, const char *words,
                    const char *more)
{
    struct err err = ERR_INIT;
    struct carat_store *st;
    cr_assert_eq(carat_store_open(path, mode, &st, &err), code, "%d '%s'", (int)err.code, err.msg);
    cr_assert_null(st);
    cr_assert(strstr(err.msg, words), "'%s' lacks '%s'", err.msg, words);
    cr_assert(strstr(err.msg, more) || strstr(err.hint, more), "'%s' '%s' lacks '%s'", err.msg, err.hint, more);
}

/* "dir/name"; static storage, one at a time. */
static const char *beside(const char *dir, const char *name)
{
    static char path[1100];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void sql(const char *path, const char *text)
{
    sqlite3 *db;
    char *why = NULL;
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, text, NULL, NULL, &why), SQLITE_OK, "%s", why);
    sqlite3_close(db);
}

static void hash_of(const char *path, char out[SHA256_HEX])
{
    cr_assert_eq(sha256_file(path, out, NULL), CARAT_OK);
}

/* A closed store with n items. */
static const char *filled(const char *dir, int64_t n)
{
    struct carat_store *st = open_store(dir, CARAT_STORE_WRITE);
    int64_t task = put_task(st, put_run(st, "aa", "m"), "t", n);
    for (int64_t i = 0; i < n; i++)
        put_item(st, task, i, 3);
    commit(st);
    carat_store_free(st);
    return db_path(dir);
}

Test(open, refuses_what_is_not_its_own_and_leaves_it_alone)
{
    const char *dir = temp_dir(), *path = db_path(dir);
    char before[SHA256_HEX], after[SHA256_HEX];
    static const char *const others[] = {
        "CREATE TABLE t (x); INSERT INTO t VALUES (1)",
        "PRAGMA journal_mode = WAL; CREATE TABLE run (x)",
        "PRAGMA application_id = 1; CREATE TABLE t (x)",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        unlink(path);
        sql(path, others[i]);
        hash_of(path, before);
        for (int mode = CARAT_STORE_READ; mode <= CARAT_STORE_WRITE; mode++)
            refused(path, (enum carat_store_mode)mode, CARAT_EINPUT, "another program's SQLite database", "--db");
        hash_of(path, after);
        cr_assert_str_eq(before, after);
    }
    cr_assert_eq(file_write(path, "not a database, just a line of text\n", 36, NULL), CARAT_OK);
    refused(path, CARAT_STORE_WRITE, CARAT_EINPUT, "is not an SQLite database", "--db");
    cr_assert_eq(file_write(path, "SQLite format 3", 16, NULL), CARAT_OK);
    refused(path, CARAT_STORE_WRITE, CARAT_EINPUT, "another program's", "--db");
    refused(dir, CARAT_STORE_WRITE, CARAT_EINPUT, "is a folder", "--db");
    refused("/dev/null", CARAT_STORE_WRITE, CARAT_EINPUT, "not a regular file", "--db");
    refused("", CARAT_STORE_WRITE, CARAT_EUSAGE, "empty", "");
    unlink(path);
    refused(path, CARAT_STORE_READ, CARAT_EINPUT, "no such file", "carat run");
    cr_assert_not(file_exists(path));
    cr_assert_eq(file_write(path, "", 0, NULL), CARAT_OK);
    refused(path, CARAT_STORE_READ, CARAT_EINPUT, "is empty", "");
    carat_store_free(open_store(dir, CARAT_STORE_WRITE)); /* but to write, an empty file will do */
    temp_remove(dir);
}

Test(open, refuses_a_newer_file_and_names_both_versions)
{
    const char *dir = temp_dir(), *path = filled(dir, 2);
    sql(path, "PRAGMA user_version = 7");
    refused(path, CARAT_STORE_WRITE, CARAT_EUNSUPPORTED, "version 7, and this carat knows up to 3", "newer carat");
    refused(path, CARAT_STORE_READ, CARAT_EUNSUPPORTED, "version 7", "newer carat");
    temp_remove(dir);
}

Test(open, makes_the_file_it_promises)
{
    const char *dir = temp_dir(), *path = filled(dir, 2);
    static const struct {
        const char *pragma;
        int64_t value;
    } want[] = {{"application_id", 0x63726174}, {"user_version", 3}, {"page_size", 16384}};
    sqlite3 *db;
    sqlite3_stmt *q;
    char text[64];
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    for (size_t i = 0; i < 3; i++) {
        snprintf(text, sizeof text, "PRAGMA %s", want[i].pragma);
        cr_assert_eq(sqlite3_prepare_v2(db, text, -1, &q, NULL), SQLITE_OK);
        cr_assert_eq(sqlite3_step(q), SQLITE_ROW);
        cr_assert_eq(sqlite3_column_int64(q, 0), want[i].value, "%s", want[i].pragma);
        sqlite3_finalize(q);
    }
    cr_assert_eq(sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1, &q, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_step(q), SQLITE_ROW);
    cr_assert_str_eq((const char *)sqlite3_column_text(q, 0), "wal");
    sqlite3_finalize(q);
    cr_assert_eq(sqlite3_prepare_v2(db, "SELECT count(*) FROM pragma_table_list WHERE type = 'table' AND NOT strict"
                                        " AND name NOT LIKE 'sqlite%'", -1, &q, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_step(q), SQLITE_ROW);
    cr_assert_eq(sqlite3_column_int(q, 0), 0);
    sqlite3_finalize(q);
    cr_assert_eq(sqlite3_prepare_v2(db, "SELECT count(*) FROM pragma_foreign_key_check", -1, &q, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_step(q), SQLITE_ROW);
    cr_assert_eq(sqlite3_column_int(q, 0), 0);
    sqlite3_finalize(q);
    sqlite3_close(db);
    /* Nothing else is left beside it. */
    cr_assert_not(file_exists(beside(dir, "carat.db-lock")));
    cr_assert_not(file_exists(beside(dir, "carat.db-wal")));
    temp_remove(dir);
}

/* Damage anywhere gives a message, never a crash; what passes the check at opening is met while reading. */
static bool take_any(void *context, const struct carat_item_record *item)
{
    (void)context, (void)item;
    return true;
}

Test(open, names_a_damaged_file, .timeout = 60)
{
    const char *dir = temp_dir(), *path = filled(dir, 60);
    struct buf good = BUF_INIT(1 << 26);
    uint64_t rng = 5;
    int at_open = 0, at_read = 0;
    cr_assert_eq(file_read(path, 1 << 26, &good, NULL), CARAT_OK);
    for (int i = 0; i < 150; i++) {
        struct err err = ERR_INIT;
        struct carat_store *st;
        size_t n = good.n;
        char *bad = malloc(n);
        memcpy(bad, good.p, n);
        if (i % 5 == 0)
            n = 100 + (size_t)(random_next(&rng) % (n - 100)); /* cut short */
        else
            for (int k = 0; k < 40; k++)
                bad[100 + random_next(&rng) % (n - 100)] = (char)random_next(&rng);
        cr_assert_eq(file_write(path, bad, n, NULL), CARAT_OK);
        free(bad);
        if (carat_store_open(path, i % 2 ? CARAT_STORE_READ : CARAT_STORE_WRITE, &st, &err)) {
            at_open++;
            cr_assert_eq(err.code, CARAT_EINPUT, "%s", err.msg);
            cr_assert(strstr(err.msg, "is damaged") && strstr(err.hint, ".recover"), "%s", err.msg);
            continue;
        }
        if (carat_store_items(st, 1, 0, 0, take_any, NULL, &err)) {
            at_read++;
            cr_assert(strstr(err.msg, "is damaged"), "%s", err.msg);
        }
        carat_store_free(st);
    }
    cr_assert_gt(at_open, 60, "%d at opening, %d at reading", at_open, at_read);
    cr_assert_gt(at_read, 0, "%d at opening, %d at reading", at_open, at_read);
    printf("150 damaged files: %d refused at opening, %d when read\n", at_open, at_read);
    buf_release(&good);
    temp_remove(dir);
}

Test(open, a_table_gone_is_damage)
{
    const char *dir = temp_dir(), *path = filled(dir, 1);
    sql(path, "DROP TABLE answer");
    refused(path, CARAT_STORE_WRITE, CARAT_EINPUT, "the table 'answer' is missing", "");
    temp_remove(dir);
}

/* ---- who may write -------------------------------------------------------------------- */

Test(open, a_second_writer_is_told_who_writes)
{
    const char *dir = temp_dir(), *path = db_path(dir);
    char pid[64], link[1200];
    struct carat_store *st = open_store(dir, CARAT_STORE_WRITE);
    snprintf(pid, sizeof pid, "in use by process %ld on ", (long)getpid());
    refused(path, CARAT_STORE_WRITE, CARAT_EIO, pid, "--db");
    snprintf(link, sizeof link, "%s/link.db", dir);
    cr_assert_eq(symlink("carat.db", link), 0);
    refused(link, CARAT_STORE_WRITE, CARAT_EIO, pid, "--db");
    carat_store_free(open_store(dir, CARAT_STORE_READ));
    refused(path, CARAT_STORE_WRITE, CARAT_EIO, pid, "--db"); /* that reader has not undone the lock */
    carat_store_free(st);
    carat_store_free(open_store(dir, CARAT_STORE_WRITE));
    temp_remove(dir);
}

Test(open, another_program_in_the_middle_of_writing_is_in_use, .timeout = 20)
{
    const char *dir = temp_dir(), *path = filled(dir, 1);
    sqlite3 *db;
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, "BEGIN IMMEDIATE; DELETE FROM run", NULL, NULL, NULL), SQLITE_OK);
    refused(path, CARAT_STORE_WRITE, CARAT_EIO, "in use by another program", "sqlite3");
    carat_store_free(open_store(dir, CARAT_STORE_READ));
    sqlite3_close(db);
    carat_store_free(open_store(dir, CARAT_STORE_WRITE));
    temp_remove(dir);
}

/* ---- disks ------------------------------------------------------------------------------- */

/* A folder of its own file system; skips where no such thing can be mounted. */
static void mount_small(const char *dir, const char *options)
{
    if (unshare(CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("tmpfs", dir, "tmpfs", 0, options))
        cr_skip("no file system can be mounted here");
}

Test(open, reads_from_a_folder_that_cannot_be_written)
{
    const char *dir = temp_dir();
    mount_small(dir, "size=32m"); /* more than a whole batch and its log */
    filled(dir, 20);
    struct carat_store *st = open_store(dir, CARAT_STORE_WRITE); /* a log with content, copied as a kill leaves it */
    put_item(st, 1, 20, 3);
    commit(st);
    put_item(st, 1, 21, 3);
    commit(st);
    struct buf main_file = BUF_INIT(1 << 24), log = BUF_INIT(1 << 24);
    cr_assert_eq(file_read(db_path(dir), 1 << 23, &main_file, NULL), CARAT_OK);
    cr_assert_eq(file_read(beside(dir, "carat.db-wal"), 1 << 23, &log, NULL), CARAT_OK);
    cr_assert_eq(file_write(beside(dir, "killed.db"), main_file.p, main_file.n, NULL), CARAT_OK);
    cr_assert_eq(file_write(beside(dir, "killed.db-wal"), log.p, log.n, NULL), CARAT_OK);
    carat_store_free(st);
    cr_assert_eq(mount(NULL, dir, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
    st = open_store(dir, CARAT_STORE_READ);
    check_items(st, 1, 22, 3);
    carat_store_free(st);
    refused(db_path(dir), CARAT_STORE_WRITE, CARAT_EIO, "Read-only file system", "--db");
    refused(beside(dir, "killed.db"), CARAT_STORE_READ, CARAT_EIO, "its folder is read-only", "copy both");
    buf_release(&main_file);
    buf_release(&log);
}

/* Puts until it fails; how many items were committed by then. */
static int64_t put_until_full(struct carat_store *st, int64_t task, struct err *err)
{
    struct arena a = ARENA_INIT;
    struct carat_item_record item;
    int64_t committed = 0;
    for (int64_t i = 0; i < 100000; i++) {
        make_item(&a, 3, i, &item);
        if (carat_store_put(st, task, &item, err) || carat_store_commit(st, err))
            break;
        committed = i + 1;
        arena_reset(&a);
    }
    arena_release(&a);
    return committed;
}

/* Gives items to a writer until it declines. */
static void give_until_full(struct carat_store *st, int64_t task, struct err *err)
{
    struct arena a = ARENA_INIT;
    struct err again = ERR_INIT;
    struct carat_item_record item;
    struct carat_writer *writer;
    cr_assert_eq(carat_writer_new(st, &writer, err), CARAT_OK);
    for (int64_t i = 0; i < 100000 && !carat_writer_failure(writer, err); i++) {
        make_item(&a, 3, i, &item);
        if (carat_writer_put(writer, task, &item, err))
            break;
        arena_reset(&a);
    }
    cr_assert_eq(carat_writer_sync(writer, &again), err->code);
    cr_assert_str_eq(again.msg, err->msg);
    cr_assert_str_eq(again.hint, err->hint);
    carat_writer_free(writer);
    arena_release(&a);
}

/* The message, that no later write pretends to work, and that all that was committed is there. */
static void check_full(const char *dir)
{
    struct err err = ERR_INIT, again = ERR_INIT;
    struct carat_store *st = open_store(dir, CARAT_STORE_WRITE);
    int64_t task = put_task(st, put_run(st, "aa", "m"), "t", 10);
    int64_t n = put_until_full(st, task, &err);
    cr_assert_gt(n, 10);
    cr_assert_eq(err.code, CARAT_EIO, "%s", err.msg);
    cr_assert(strstr(err.msg, "cannot write") && strstr(err.hint, "what was committed is safe"), "%s", err.msg);
    cr_assert_eq(carat_store_commit(st, &again), CARAT_EIO);
    cr_assert_str_eq(again.msg, err.msg);
    cr_assert_eq(carat_store_finish(st, task, &(struct carat_effort){.wall_s = 1}, &again), CARAT_EIO);
    carat_store_free(st);
    st = open_store(dir, CARAT_STORE_READ);
    check_items(st, task, n, 3);
    carat_store_free(st);
}

static bool check_one(void *context, const struct carat_item_record *item)
{
    int64_t *n = context;
    struct arena a = ARENA_INIT;
    struct carat_item_record want;
    make_item(&a, 3, (*n)++, &want);
    check_same(item, &want);
    arena_release(&a);
    return true;
}

Test(open, a_writers_full_disk_is_told_as_the_stores_own, .timeout = 60)
{
    const char *dir = temp_dir();
    struct err err = ERR_INIT;
    int64_t n = 0;
    mount_small(dir, "size=32m"); /* more than a whole batch and its log */
    struct carat_store *st = open_store(dir, CARAT_STORE_WRITE);
    int64_t task = put_task(st, put_run(st, "aa", "m"), "t", 10);
    commit(st);
    give_until_full(st, task, &err);
    cr_assert_eq(err.code, CARAT_EIO, "%s", err.msg);
    cr_assert(strstr(err.msg, "cannot write") && strstr(err.hint, "what was committed is safe"), "%s", err.msg);
    carat_store_free(st);
    st = open_store(dir, CARAT_STORE_READ);
    cr_assert_eq(carat_store_items(st, task, 0, 0, check_one, &n, &err), CARAT_OK, "%s", err.msg);
    cr_assert_geq(n, 256); /* a whole batch at least */
    carat_store_free(st);
}

Test(open, a_full_disk_is_named_and_loses_nothing_committed, .timeout = 60)
{
    const char *dir = temp_dir();
    mount_small(dir, "size=4m");
    check_full(dir);
}

Test(open, a_limit_on_file_size_is_named_and_loses_nothing_committed, .timeout = 60)
{
    const char *dir = temp_dir();
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){2 << 20, RLIM_INFINITY}), 0);
    check_full(dir);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY}), 0);
    /* With room again, the same file goes on. */
    struct carat_store *st = open_store(dir, CARAT_STORE_WRITE);
    put_item(st, 1, 100000, 3);
    commit(st);
    carat_store_free(st);
    temp_remove(dir);
}
