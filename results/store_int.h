/* store_int.h - the store opened up, for the files of results/ alone.
 *
 *   schema.c  the tables, and the steps from version to version
 *   pack.c    how bytes stand in a column
 *   floats.c  log-probabilities as bits
 *   dict.c    what is known of the tasks that are written to; texts that others are deflated with
 *   merge.c   one file of several
 *   open.c    what a file must be, who may write it; statements; what an SQLite failure means
 *   write.c   runs, tasks, items into the file
 *   record.c  an item's record copied, what of it can be packed without the file
 *   writer.c  the thread that writes items beside other work
 *   read.c    and out of it
 */
#ifndef CARAT_RESULTS_STORE_INT_H
#define CARAT_RESULTS_STORE_INT_H

#include <sqlite3.h>

#include "pack.h"
#include "results.h"

/* Statements used again and again: prepared when first needed, kept until the store is freed. The
 * text of each is in open.c's table. What streams rows to a callback prepares its own, since the
 * callback may ask the same of the same store. */
enum store_sql {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_RUN_FIND,
    SQL_RUN_NAME,
    SQL_RUN_NEW,
    SQL_TASK_FIND,
    SQL_TASK_UPDATE,
    SQL_TASK_NEW,
    SQL_TASK_FINISH,
    SQL_TASK_GET,
    SQL_TASK_DICT,
    SQL_TASK_CLUSTERS,
    SQL_TEXT_FIND,
    SQL_TEXT_NEW,
    SQL_TEXT_GET,
    SQL_DICT_GET,
    SQL_METRIC_FIND,
    SQL_METRIC_NEW,
    SQL_ITEM_NEW,
    SQL_ITEM_FIND,
    SQL_ITEM_DROP,
    SQL_TOKENS_NEW,
    SQL_TOKENS_GET,
    SQL_CHOICE_NEW,
    SQL_CHOICE_GET,
    SQL_SAMPLE_NEW,
    SQL_SAMPLE_GET,
    SQL_ANSWER_NEW,
    SQL_ANSWER_GET,
    SQL_VALUE_NEW,
    SQL_VALUE_GET,
    SQL_REFUSED_DROP,
    SQL_COUNT
};

/* What writing to a task needs of it, read when its first item is put. */
struct store_task {
    int64_t id, scores_of, n_planned;
    int64_t dict_id;       /* 0: none */
    struct buf dict;       /* its bytes; before there is one, what may become it */
    int64_t n_put;
    bool closed;           /* no dictionary will be made any more */
};

struct carat_store {
    sqlite3 *db;
    enum carat_store_mode mode;
    char *path;      /* owned; as the user named it, for messages */
    char *lock_path; /* owned; NULL when reading */
    int lock_fd;     /* -1: none */
    sqlite3_stmt *sql[SQL_COUNT];
    struct pack pack;
    struct buf scratch; /* an item's texts or numbers on their way into a column */
    struct arena arena; /* an item's, while it is put */

    /* What was put and not yet committed. A failure that cost it is remembered in `lost`, and every
     * later write answers with it: or a commit could claim rows that were rolled back. */
    bool in_transaction;
    size_t pending_items;
    int64_t committed_ms; /* monotonic, of the last commit; 0: none yet */
    struct err lost;

    /* The prefix put last and its row: most items of a task share theirs. */
    struct buf prefix;
    int64_t prefix_id; /* 0: none yet */

    struct store_task *tasks; /* [n_tasks] */
    size_t n_tasks;
    struct buf read_dict;     /* the dictionary read last */
    int64_t read_dict_id;     /* 0: none yet */
    char *scoring;            /* owned; NULL: the original scores */
};

/* Sets `err` from the connection's last failure, naming the file and what to do. `doing` is a phrase
 * such as "write". Returns the carat code, never CARAT_OK. */
enum carat_err store_fail(struct carat_store *st, struct err *err, const char *doing);

/* The kept statement, reset, its old bindings to be overwritten. */
enum carat_err store_sql(struct carat_store *st, enum store_sql which, sqlite3_stmt **out, struct err *err);

/* The row of `text` that holds these bytes, made if there is none; `is_new` may be NULL. */
struct dict;
struct record_text;
enum carat_err store_put_text(struct carat_store *st, const struct record_text *t, const struct dict *dict, int64_t *id,
                              bool *is_new, struct err *err);

/* Holds the lock of the file `path` and, where there is such a file, has it open to read and write (db is NULL
 * otherwise). carat_store_free() lets go. */
enum carat_err store_open_target(const char *path, struct carat_store **out, struct err *err);

/* Closes the connection, and keeps the lock. */
void store_disconnect(struct carat_store *st);

/* carat_store_put() of an item that is packed already. */
struct record_packed;
enum carat_err store_put_packed(struct carat_store *st, int64_t task, const struct carat_item_record *item,
                                const struct record_packed *packed, struct err *err);

/* Of a clock that only goes forward, and when by it what is pending should be committed; 0: nothing is. */
int64_t store_now_ms(void);
int64_t store_due_ms(const struct carat_store *st);

/* Steps a statement that gives no row. */
enum carat_err store_step(struct carat_store *st, sqlite3_stmt *q, struct err *err);

/* Prepares `sql` for one use; the caller finalizes it. */
enum carat_err store_prepare(struct carat_store *st, const char *sql, sqlite3_stmt **out, struct err *err);

/* Bindings borrow: the bytes must live until the statement is stepped. NaN is bound as NULL. */
void store_bind_text(sqlite3_stmt *q, int at, struct str s);
void store_bind_blob(sqlite3_stmt *q, int at, struct str s);

/* Now, UTC, as ISO 8601. */
enum { STORE_TIME = 32 };
struct str store_now(char out[STORE_TIME]);

/* A column's bytes; valid until the statement moves on. */
struct str store_column(sqlite3_stmt *q, int at);

#endif
