/* open.c - what a file must be before it is read or written, and who may write it.
 *
 * Opening to write goes through gates, each of which leaves the file as it was when it refuses:
 *
 *   1. stat        a folder, a device: refused before SQLite sees it
 *   2. sniff       a connection with immutable=1, which takes no lock and replays no journal, reads the
 *                  header's 100 bytes: not SQLite, another program's, newer than this carat: refused
 *   3. lock        flock() on "FILE-lock", with who holds it written inside. SQLite's own locks would
 *                  do for safety, but show only at the first write, and say nothing of whom. The lock
 *                  dies with its process; the file is removed on the way out while still locked, and
 *                  whoever gets a lock on a removed file tries again.
 *   4. probe       BEGIN IMMEDIATE: another program (the sqlite3 shell) in the middle of writing
 *   5. check       quick_check: a damaged page is found now, not after a night of computing
 *   6. migrate     steps to SCHEMA_VERSION, each a transaction
 *
 * A new file is made in one transaction in rollback mode and only then put into WAL, so page 1 of the
 * main file names the application from its first byte on, and gate 2 need not look into a WAL.
 *
 * Durability: WAL with synchronous=FULL syncs the log at each commit. Commits are batched (write.c: at
 * most about one a second), so power loss is covered for some ms a second; NORMAL would cover a
 * killed process alone.
 *
 * Reading opens read-write where it may (query_only), since a WAL needs its shared-memory file beside
 * it; in a folder that cannot be written it falls back to immutable=1, which is right as long as
 * there is no log with content.
 *
 * NFS: flock() and SQLite's locks both depend on the server; a database on a local disk is advised.
 */
#define _GNU_SOURCE
#include "dict.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "schema.h"

enum {
    PROBE_MS = 1000,  /* how long opening waits for another program's lock */
    BUSY_MS = 30000,  /* and a write in the middle of a run */
    CHECKPOINT_PAGES = 512, /* the log goes into the file every 8 MiB */
};

static const char *const sql_text[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_RUN_FIND] = "SELECT id FROM run WHERE key = ?1 ORDER BY id DESC LIMIT 1",
    [SQL_RUN_NAME] = "UPDATE run SET model_name = ?2 WHERE id = ?1",
    [SQL_RUN_NEW] = "INSERT INTO run (key, model_name, model_path, weights_sha256, tokenizer_sha256, settings,"
                    " numerics_version, carat_version, compiler, isa, cpu, started)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    [SQL_TASK_FIND] = "SELECT id FROM task WHERE run = ?1 AND name = ?2 AND version = ?3 AND shots = ?4"
                      " AND data_sha256 = ?5 AND shots_sha256 = ?6 AND settings = ?7",
    [SQL_TASK_GET] = "SELECT coalesce(scores_of, 0), n_planned, coalesce(dict, 0) FROM task WHERE id = ?1",
    [SQL_TASK_DICT] = "UPDATE task SET dict = ?2 WHERE id = ?1",
    [SQL_TASK_CLUSTERS] = "UPDATE task SET clusters = ?2 WHERE id = ?1 AND clusters <> ?2",
    [SQL_TASK_UPDATE] = "UPDATE task SET parent = ?8, subgroup = ?9, title = ?10, capability = ?11, data_path = ?12,"
                        " headline = ?13, n_rows = ?14, n_planned = ?15, chance = ?16 WHERE id = ?1",
    [SQL_TASK_NEW] = "INSERT INTO task (run, name, version, shots, data_sha256, shots_sha256, settings, parent,"
                     " subgroup, title, capability, data_path, headline, n_rows, n_planned, chance, started, scoring, scores_of)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
    [SQL_TASK_FINISH] = "UPDATE task SET finished = ?2, wall_s = wall_s + ?3, tokens_asked = tokens_asked + ?4,"
                        " tokens_computed = tokens_computed + ?5 WHERE id = ?1",
    [SQL_TEXT_FIND] = "SELECT id FROM text WHERE substr(sha256, 1, 8) = substr(?1, 1, 8) AND sha256 = ?1",
    [SQL_TEXT_NEW] = "INSERT INTO text (sha256, size, data, dict) VALUES (?1, ?2, ?3, ?4)",
    [SQL_TEXT_GET] = "SELECT data, size, coalesce(dict, 0) FROM text WHERE id = ?1",
    [SQL_DICT_GET] = "SELECT data, size FROM text WHERE id = ?1 AND dict IS NULL",
    [SQL_METRIC_FIND] = "SELECT id FROM metric WHERE task = ?1 AND name = ?2",
    [SQL_METRIC_NEW] = "INSERT INTO metric (task, name) VALUES (?1, ?2)",
    [SQL_ITEM_NEW] = "INSERT INTO item (task, idx, label, row_sha256, prefix, asked, gold, outcome, context_tokens,"
                     " wall_ms, message, truncated_tokens, answers_of, cluster)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    [SQL_ITEM_FIND] = "SELECT coalesce(answers_of, id) FROM item WHERE task = ?1 AND idx = ?2",
    [SQL_ITEM_DROP] = "DELETE FROM item WHERE id = ?1",
    [SQL_TOKENS_NEW] = "INSERT INTO tokens (item, ids, ids_size, logprobs, logprobs_size, logprobs_form)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [SQL_TOKENS_GET] = "SELECT ids, ids_size, logprobs, logprobs_size, logprobs_form FROM tokens WHERE item = ?1",
    [SQL_CHOICE_NEW] = "INSERT INTO choice (item, n, logprob, greedy, n_ids) VALUES (?1, ?2, ?3, ?4, ?5)",
    [SQL_CHOICE_GET] = "SELECT logprob, greedy, n_ids FROM choice WHERE item = ?1 ORDER BY n",
    [SQL_SAMPLE_NEW] = "INSERT INTO sample (item, n, text, text_size, ids, ids_size, finish, verdict, verdict_size, margins,"
                       " margins_size) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [SQL_SAMPLE_GET] = "SELECT text, text_size, ids, ids_size, finish, verdict, verdict_size, margins, margins_size FROM sample"
                       " WHERE item = ?1 ORDER BY n",
    [SQL_ANSWER_NEW] = "INSERT INTO answer (item, n, sample, filter, answer, answer_size, score)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SQL_ANSWER_GET] = "SELECT sample, filter, answer, answer_size, score FROM answer WHERE item = ?1 ORDER BY n",
    [SQL_VALUE_NEW] = "INSERT INTO value (item, metric, value) VALUES (?1, ?2, ?3)",
    [SQL_VALUE_GET] = "SELECT m.name, v.value FROM value v JOIN metric m ON m.id = v.metric WHERE v.item = ?1"
                      " ORDER BY v.metric",
    [SQL_REFUSED_DROP] = "DELETE FROM item WHERE task = ?1 AND outcome = ?2",
};

/* ---- what an SQLite failure means ---------------------------------------------------- */

static enum carat_err fail_full(struct carat_store *st, struct err *err, const char *why)
{
    err_set(err, CARAT_EIO, "cannot write '%s': %s", st->path, why);
    return err_hint(err, "what was committed is safe; free some space, then give the same command again to go on");
}

static enum carat_err fail_busy(struct carat_store *st, struct err *err)
{
    err_set(err, CARAT_EIO, "'%s' is in use by another program", st->path);
    return err_hint(err, "close it there (an open sqlite3 shell?), or name another file with --db");
}

static enum carat_err fail_damaged(struct carat_store *st, struct err *err, const char *what)
{
    err_set(err, CARAT_EINPUT, "'%s' is damaged: %s", st->path, what);
    return err_hint(err, "keep a copy; what can be read goes to a new file by: sqlite3 '%s' .recover | sqlite3 NEW.db",
                    st->path);
}

enum carat_err store_fail(struct carat_store *st, struct err *err, const char *doing)
{
    int rc = sqlite3_errcode(st->db);
    int os = sqlite3_system_errno(st->db);
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return fail_full(st, err, "no space left");
    case SQLITE_IOERR:
        if (os == ENOSPC || os == EDQUOT || os == EFBIG)
            return fail_full(st, err, strerror(os));
        if (rc == SQLITE_IOERR_NOMEM)
            return err_nomem(err, "the store");
        err_set(err, CARAT_EIO, "cannot %s '%s': %s", doing, st->path, os ? strerror(os) : sqlite3_errmsg(st->db));
        return err_hint(err, "what was committed is safe; look at the disk, then give the same command again");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return fail_busy(st, err);
    case SQLITE_READONLY:
        err_set(err, CARAT_EIO, "cannot write '%s': it or its folder is read-only", st->path);
        return err_hint(err, "copy it to a folder that you may write, or name another file with --db");
    case SQLITE_ERROR: /* our own statements are right: the file's tables are not those that its version has */
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return fail_damaged(st, err, sqlite3_errmsg(st->db));
    case SQLITE_NOMEM:
        return err_nomem(err, "the store");
    case SQLITE_CANTOPEN:
        return err_set(err, CARAT_EIO, "cannot open '%s': %s", st->path, os ? strerror(os) : sqlite3_errmsg(st->db));
    default:
        return err_set(err, CARAT_EIO, "cannot %s '%s': %s", doing, st->path, sqlite3_errmsg(st->db));
    }
}

/* ---- statements ------------------------------------------------------------------------ */

enum carat_err store_prepare(struct carat_store *st, const char *sql, sqlite3_stmt **out, struct err *err)
{
    if (sqlite3_prepare_v2(st->db, sql, -1, out, NULL) != SQLITE_OK)
        return store_fail(st, err, "read");
    return CARAT_OK;
}

enum carat_err store_sql(struct carat_store *st, enum store_sql which, sqlite3_stmt **out, struct err *err)
{
    sqlite3_stmt **q = &st->sql[which];
    if (*q)
        sqlite3_reset(*q);
    else if (sqlite3_prepare_v3(st->db, sql_text[which], -1, SQLITE_PREPARE_PERSISTENT, q, NULL) != SQLITE_OK)
        return store_fail(st, err, "read");
    *out = *q;
    return CARAT_OK;
}

void store_bind_text(sqlite3_stmt *q, int at, struct str s)
{
    sqlite3_bind_text64(q, at, s.n ? s.p : "", s.n, SQLITE_STATIC, SQLITE_UTF8);
}

void store_bind_blob(sqlite3_stmt *q, int at, struct str s)
{
    sqlite3_bind_blob64(q, at, s.n ? s.p : "", s.n, SQLITE_STATIC);
}

struct str store_column(sqlite3_stmt *q, int at)
{
    const char *p = sqlite3_column_blob(q, at); /* of a TEXT, its bytes as they are */
    return (struct str){p ? p : "", (size_t)sqlite3_column_bytes(q, at)};
}

struct str store_now(char out[STORE_TIME])
{
    time_t t = time(NULL);
    struct tm tm = {0};
    gmtime_r(&t, &tm);
    return (struct str){out, strftime(out, STORE_TIME, "%Y-%m-%dT%H:%M:%SZ", &tm)};
}

/* Runs SQL that gives no rows, or whose rows do not matter. */
static enum carat_err exec(struct carat_store *st, const char *sql, struct err *err)
{
    return sqlite3_exec(st->db, sql, NULL, NULL, NULL) == SQLITE_OK ? CARAT_OK : store_fail(st, err, "write");
}

/* The first column of the first row; false on failure. */
static bool query_i64(sqlite3 *db, const char *sql, int64_t *out)
{
    sqlite3_stmt *q = NULL;
    bool ok = sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW;
    if (ok)
        *out = sqlite3_column_int64(q, 0);
    return sqlite3_finalize(q) == SQLITE_OK && ok;
}

/* ---- gates 1 and 2: what is it? ---------------------------------------------------------- */

/* "file:PATH?QUERY" with what means something in a URI escaped; free() it. A relative path gets "./", or
 * ":memory:" would be one. */
static char *uri_of(const char *path, const char *query)
{
    struct buf b = BUF_INIT(1 << 20);
    buf_adds(&b, *path == '/' ? "file:" : "file:./");
    for (; *path; path++) {
        if (strchr("?#%", *path))
            buf_printf(&b, "%%%02x", (unsigned char)*path);
        else
            buf_addc(&b, *path);
    }
    buf_printf(&b, "?%s", query);
    return buf_failed(&b) ? NULL : buf_take(&b, NULL);
}

/* A connection to st->path; on failure st->db still holds the error. */
static int connect_to(struct carat_store *st, const char *query, int flags)
{
    char *uri = uri_of(st->path, query);
    int rc = SQLITE_NOMEM;
    if (uri)
        rc = sqlite3_open_v2(uri, &st->db, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    free(uri);
    return rc;
}

static void disconnect(struct carat_store *st)
{
    sqlite3_close(st->db);
    st->db = NULL;
}

static off_t size_of(const char *path, const char *suffix)
{
    struct stat s;
    char *name = NULL;
    off_t size = -1;
    if (asprintf(&name, "%s%s", path, suffix) >= 0) {
        size = stat(name, &s) == 0 ? s.st_size : -1;
        free(name);
    }
    return size;
}

static enum carat_err refuse_newer(struct carat_store *st, int64_t version, struct err *err)
{
    err_set(err, CARAT_EUNSUPPORTED, "'%s' has schema version %lld, and this carat knows up to %d", st->path,
            (long long)version, SCHEMA_VERSION);
    return err_hint(err, "use the newer carat that wrote it, or name another file with --db");
}

static enum carat_err refuse_foreign(struct carat_store *st, const char *what, struct err *err)
{
    err_set(err, CARAT_EINPUT, "'%s' %s", st->path, what);
    return err_hint(err, "it was left as it is; name another file with --db");
}

/* Gate 1: absent, empty or a regular file. */
static enum carat_err gate_stat(struct carat_store *st, bool *fresh, struct err *err)
{
    struct stat s;
    *fresh = false;
    if (stat(st->path, &s)) {
        if (errno != ENOENT)
            return err_set(err, CARAT_EIO, "cannot open '%s': %s", st->path, strerror(errno));
        if (st->mode == CARAT_STORE_READ) {
            err_set(err, CARAT_EINPUT, "cannot open '%s': no such file", st->path);
            return err_hint(err, "'carat run' makes it; --db names another");
        }
        *fresh = true;
        return CARAT_OK;
    }
    if (S_ISDIR(s.st_mode))
        return refuse_foreign(st, "is a folder, not a file of results", err);
    if (!S_ISREG(s.st_mode))
        return refuse_foreign(st, "is not a regular file", err);
    if (s.st_size == 0 && st->mode == CARAT_STORE_READ && size_of(st->path, "-journal") <= 0)
        return refuse_foreign(st, "is empty: it holds no results", err);
    *fresh = s.st_size == 0;
    return CARAT_OK;
}

static int64_t big_endian(const unsigned char *p)
{
    return (int64_t)p[0] << 24 | (int64_t)p[1] << 16 | (int64_t)p[2] << 8 | p[3];
}

/* An SQLite file in which no table was ever made: what a new store leaves when the disk was full before its
 * first table. It belongs to nobody. */
static bool is_blank(const unsigned char head[100])
{
    bool whole = head[16] || head[17]; /* a page size: not a file cut short within its header */
    return whole && big_endian(head + 40) == 0 && big_endian(head + 60) == 0 && big_endian(head + 68) == 0;
}

/* Gate 2, from the header alone: what else page 1 says may be stale, or half-written by a checkpoint that was
 * killed, and the log mends it. Read through SQLite's own file, since a close() of ours would drop the locks
 * that another store of this process has on it. The version may have risen in the log: read_version(). */
static enum carat_err gate_sniff(struct carat_store *st, struct err *err)
{
    unsigned char head[100] = {0};
    sqlite3_file *file = NULL;
    enum carat_err code = CARAT_OK;
    if (connect_to(st, "mode=ro&immutable=1", SQLITE_OPEN_READONLY) != SQLITE_OK ||
        sqlite3_file_control(st->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file->pMethods) {
        code = store_fail(st, err, "open");
        disconnect(st);
        return code;
    }
    int rc = file->pMethods->xRead(file, head, sizeof head, 0); /* a short file leaves zeros */
    if (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ)
        code = err_set(err, CARAT_EIO, "cannot read '%s': %s", st->path, sqlite3_errstr(rc));
    else if (memcmp(head, "SQLite format 3", 16) != 0)
        code = refuse_foreign(st, "is not an SQLite database", err);
    else if (is_blank(head))
        code = st->mode == CARAT_STORE_READ ? refuse_foreign(st, "is empty: it holds no results", err) : CARAT_OK;
    else if (big_endian(head + 68) != SCHEMA_APPLICATION_ID)
        code = refuse_foreign(st, "is another program's SQLite database, not carat's", err);
    else if (big_endian(head + 60) > SCHEMA_VERSION)
        code = refuse_newer(st, big_endian(head + 60), err);
    disconnect(st);
    return code;
}

/* ---- gate 3: one writer -------------------------------------------------------------------- */

/* Who holds the lock, as the holder wrote it, fit to print. */
static void read_holder(int fd, char out[160])
{
    ssize_t n = pread(fd, out, 159, 0);
    size_t end = 0;
    while (n > 0 && end < (size_t)n && isprint((unsigned char)out[end]))
        end++;
    out[end] = '\0';
    if (!end)
        snprintf(out, 160, "another carat");
}

static enum carat_err write_holder(struct carat_store *st, struct err *err)
{
    char host[65] = "", when[STORE_TIME], line[160];
    gethostname(host, sizeof host - 1);
    struct str now = store_now(when);
    int n = snprintf(line, sizeof line, "process %ld on %s, since %.*s\n", (long)getpid(), host, (int)now.n, now.p);
    size_t length = n < (int)sizeof line ? (size_t)n : sizeof line - 1;
    if (ftruncate(st->lock_fd, 0) || pwrite(st->lock_fd, line, length, 0) != (ssize_t)length)
        return fail_full(st, err, strerror(errno));
    return CARAT_OK;
}

static enum carat_err gate_lock(struct carat_store *st, struct err *err)
{
    /* The same lock, whichever link leads here. */
    char *real = realpath(st->path, NULL);
    int n = asprintf(&st->lock_path, "%s-lock", real ? real : st->path);
    free(real);
    if (n < 0) {
        st->lock_path = NULL;
        return err_nomem(err, "a name");
    }
    for (;;) {
        struct stat held, named;
        int fd = open(st->lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (fd < 0) {
            err_set(err, CARAT_EIO, "cannot write '%s': cannot make '%s': %s", st->path, st->lock_path,
                    strerror(errno));
            return err_hint(err, "name a file in a folder that exists and that you may write, with --db");
        }
        if (flock(fd, LOCK_EX | LOCK_NB)) {
            char holder[160];
            int cause = errno;
            read_holder(fd, holder);
            close(fd);
            if (cause != EWOULDBLOCK)
                return err_set(err, CARAT_EIO, "cannot lock '%s': %s", st->lock_path, strerror(cause));
            err_set(err, CARAT_EIO, "'%s' is in use by %s", st->path, holder);
            return err_hint(err, "wait for it, or write to another file with --db (reading works meanwhile)");
        }
        /* Its holder may have removed it between our open() and flock(): then it guards nothing. */
        if (fstat(fd, &held) == 0 && stat(st->lock_path, &named) == 0 && held.st_ino == named.st_ino &&
            held.st_dev == named.st_dev) {
            st->lock_fd = fd;
            return write_holder(st, err);
        }
        close(fd);
    }
}

/* ---- gates 4 to 6 ------------------------------------------------------------------------------ */

/* The connection's own settings. None of them is kept in the file. */
static enum carat_err configure(struct carat_store *st, struct err *err)
{
    sqlite3_db_config(st->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(st->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_busy_timeout(st->db, PROBE_MS);
    return exec(st, "PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON; PRAGMA cache_size = -16384", err);
}

/* Everything SQLite can see: each page's structure, row order, NOT NULL, STRICT types. Not foreign keys
 * (the writer keeps them) nor index content (integrity_check's, several times slower). */
static enum carat_err gate_check(struct carat_store *st, struct err *err)
{
    sqlite3_stmt *q = NULL;
    enum carat_err code = store_prepare(st, "PRAGMA quick_check(1)", &q, err);
    if (code)
        return code;
    if (sqlite3_step(q) != SQLITE_ROW) {
        code = store_fail(st, err, "read");
    } else if (!str_eq(store_column(q, 0), STR("ok"))) {
        char what[200]; /* "*** in database main ***", then the finding on its own line */
        struct str s = store_column(q, 0);
        ptrdiff_t line = str_find(s, STR("***\n"), 0);
        size_t from = line < 0 ? 0 : (size_t)line + 4;
        snprintf(what, sizeof what, "%.*s", (int)(s.n - from), s.p + from);
        code = fail_damaged(st, err, what);
    }
    sqlite3_finalize(q);
    return code;
}

static enum carat_err check_tables(struct carat_store *st, struct err *err)
{
    for (size_t i = 0; schema_tables[i]; i++) {
        char what[64];
        if (sqlite3_table_column_metadata(st->db, "main", schema_tables[i], NULL, NULL, NULL, NULL, NULL, NULL)) {
            snprintf(what, sizeof what, "the table '%s' is missing", schema_tables[i]);
            return fail_damaged(st, err, what);
        }
    }
    return CARAT_OK;
}

/* From `version` to SCHEMA_VERSION, step by step. */
static enum carat_err migrate(struct carat_store *st, int64_t version, struct err *err)
{
    enum carat_err code = CARAT_OK;
    for (; !code && version < SCHEMA_VERSION; version++) {
        char close[96];
        snprintf(close, sizeof close, "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
                 SCHEMA_APPLICATION_ID, (int)version + 1);
        (void)((code = exec(st, "BEGIN IMMEDIATE", err)) || (code = exec(st, schema_steps[version], err)) ||
               (code = exec(st, close, err)));
        if (code && !sqlite3_get_autocommit(st->db))
            sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
    }
    return code;
}

/* Versions as the connection sees them, with what the log holds. */
static enum carat_err read_version(struct carat_store *st, int64_t *version, struct err *err)
{
    if (!query_i64(st->db, "PRAGMA user_version", version))
        return store_fail(st, err, "read");
    return *version > SCHEMA_VERSION ? refuse_newer(st, *version, err) : CARAT_OK;
}

static enum carat_err open_write(struct carat_store *st, struct err *err)
{
    int64_t version = 0;
    char pragmas[160];
    enum carat_err code = gate_lock(st, err);
    if (code)
        return code;
    if (connect_to(st, "mode=rwc", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) != SQLITE_OK)
        return store_fail(st, err, "open");
    if (sqlite3_db_readonly(st->db, "main") == 1) {
        err_set(err, CARAT_EIO, "cannot write '%s': it is read-only", st->path);
        return err_hint(err, "chmod u+w, or name another file with --db");
    }
    snprintf(pragmas, sizeof pragmas, "PRAGMA page_size = %d", SCHEMA_PAGE_SIZE); /* of a file still empty */
    if ((code = configure(st, err)) || (code = exec(st, pragmas, err)) ||
        (code = exec(st, "BEGIN IMMEDIATE; COMMIT", err)) || (code = read_version(st, &version, err)))
        return code;
    if ((version && (code = gate_check(st, err))) || (code = migrate(st, version, err)) ||
        (code = check_tables(st, err)))
        return code;
    snprintf(pragmas, sizeof pragmas,
             "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = %d", CHECKPOINT_PAGES);
    code = exec(st, pragmas, err);
    sqlite3_busy_timeout(st->db, BUSY_MS);
    return code;
}

/* SQLite opens lazily: reading the schema is what shows whether the connection works. */
static bool can_read(struct carat_store *st)
{
    int64_t n;
    return query_i64(st->db, "SELECT count(*) FROM sqlite_schema", &n);
}

static enum carat_err open_read(struct carat_store *st, struct err *err)
{
    int64_t version = 0;
    enum carat_err code;
    bool ok = connect_to(st, "mode=rw", SQLITE_OPEN_READWRITE) == SQLITE_OK && can_read(st);
    int rc = sqlite3_errcode(st->db) & 0xff;
    if (!ok && (rc == SQLITE_CANTOPEN || rc == SQLITE_READONLY)) {
        if (size_of(st->path, "-wal") > 0) {
            err_set(err, CARAT_EIO, "cannot read '%s': its log ('%s-wal') has content and its folder is read-only",
                    st->path, st->path);
            return err_hint(err, "copy both files to a folder that you may write and read them there");
        }
        disconnect(st);
        ok = connect_to(st, "mode=ro&immutable=1", SQLITE_OPEN_READONLY) == SQLITE_OK && can_read(st);
    }
    if (!ok)
        return store_fail(st, err, "open");
    if ((code = configure(st, err)) || (code = exec(st, "PRAGMA query_only = ON", err)) ||
        (code = read_version(st, &version, err)))
        return code;
    if (version < SCHEMA_VERSION) {
        err_set(err, CARAT_EUNSUPPORTED, "'%s' has schema version %lld, and reading needs %d", st->path,
                (long long)version, SCHEMA_VERSION);
        return err_hint(err, "any 'carat run' with this file brings it up to date");
    }
    if ((code = gate_check(st, err)) || (code = check_tables(st, err)))
        return code;
    sqlite3_busy_timeout(st->db, BUSY_MS);
    return CARAT_OK;
}

static struct carat_store *new_store(const char *path, enum carat_store_mode mode)
{
    struct carat_store *st = calloc(1, sizeof *st);
    if (!st)
        return NULL;
    *st = (struct carat_store){.mode = mode, .lock_fd = -1, .path = strdup(path)};
    pack_init(&st->pack);
    st->scratch = (struct buf)BUF_INIT(PACK_TEXT_MAX);
    st->prefix = (struct buf)BUF_INIT(PACK_TEXT_MAX);
    st->read_dict = (struct buf)BUF_INIT(PACK_TEXT_MAX);
    if (st->path)
        return st;
    carat_store_free(st);
    return NULL;
}

enum carat_err carat_store_open(const char *path, enum carat_store_mode mode, struct carat_store **out, struct err *err)
{
    bool fresh;
    enum carat_err code;
    *out = NULL;
    struct carat_store *st = new_store(path, mode);
    if (!st)
        return err_nomem(err, "the store");
    if (!*path)
        code = err_set(err, CARAT_EUSAGE, "the name of the results file is empty");
    else if (!(code = gate_stat(st, &fresh, err)) && (fresh || !(code = gate_sniff(st, err))))
        code = mode == CARAT_STORE_WRITE ? open_write(st, err) : open_read(st, err);
    if (code)
        carat_store_free(st);
    else
        *out = st;
    return code;
}

enum carat_err store_open_target(const char *path, struct carat_store **out, struct err *err)
{
    if (file_exists(path) || !*path)
        return carat_store_open(path, CARAT_STORE_WRITE, out, err);
    *out = new_store(path, CARAT_STORE_WRITE);
    if (!*out)
        return err_nomem(err, "the store");
    enum carat_err code = gate_lock(*out, err);
    if (code) {
        carat_store_free(*out);
        *out = NULL;
    }
    return code;
}

static void finalize_all(struct carat_store *st)
{
    for (size_t i = 0; i < SQL_COUNT; i++) {
        sqlite3_finalize(st->sql[i]);
        st->sql[i] = NULL;
    }
}

void store_disconnect(struct carat_store *st)
{
    finalize_all(st);
    disconnect(st);
}

void carat_store_free(struct carat_store *st)
{
    if (!st)
        return;
    finalize_all(st);
    dict_release(st);
    free(st->scoring);
    disconnect(st); /* an open transaction is rolled back */
    if (st->lock_fd >= 0) {
        unlink(st->lock_path); /* while it is held: see gate_lock() */
        close(st->lock_fd);
    }
    pack_release(&st->pack);
    arena_release(&st->arena);
    buf_release(&st->scratch);
    buf_release(&st->prefix);
    free(st->lock_path);
    free(st->path);
    free(st);
}
