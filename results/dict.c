/* dict.c - texts that others are deflated with.
 *
 * A task's items are much alike: the same names of fields, words, turns of phrase. But each is deflated by itself, so
 * that it can be read by itself, and in a few hundred bytes deflate finds little. So the first 32,000 bytes of a task's
 * texts are kept as one more text, the dictionary, and what comes after is deflated with it: HellaSwag's items take a
 * quarter less. A task of few items would pay more for the dictionary than it saves, and gets none.
 *
 * A dictionary is a row of `text` without a dictionary of its own. */
#include "record.h"

#include <stdlib.h>

enum {
    DICT_BYTES = 32000,   /* deflate looks back 32 KiB */
    DICT_MIN_LEFT = 300,  /* items still to come */
    DICT_MAX = 1 << 20,   /* of one read from a file */
};

static enum carat_err load_task(struct carat_store *st, int64_t task, struct store_task *out, struct err *err)
{
    sqlite3_stmt *q;
    enum carat_err code = store_sql(st, SQL_TASK_GET, &q, err);
    if (code)
        return code;
    *out = (struct store_task){.id = task, .dict = BUF_INIT(DICT_MAX)};
    sqlite3_bind_int64(q, 1, task);
    int rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) {
        out->scores_of = sqlite3_column_int64(q, 0);
        out->n_planned = sqlite3_column_int64(q, 1);
        out->dict_id = sqlite3_column_int64(q, 2);
    } else if (rc != SQLITE_DONE) { /* no such task: the item's foreign key will tell */
        code = store_fail(st, err, "read");
    }
    sqlite3_reset(q);
    struct str bytes;
    if (!code && out->dict_id) {
        if (dict_read(st, out->dict_id, &bytes))
            code = buf_addstr(&out->dict, bytes) ? err_nomem(err, "a dictionary") : CARAT_OK;
        else
            code = err_set(err, CARAT_EINPUT, "'%s' is damaged: the dictionary of task %lld", st->path, (long long)task);
    }
    if (code)
        buf_release(&out->dict);
    return code;
}

static enum carat_err task_of(struct carat_store *st, int64_t task, struct store_task **out, struct err *err)
{
    for (size_t i = st->n_tasks; i-- > 0;) {
        *out = &st->tasks[i];
        if (st->tasks[i].id == task)
            return CARAT_OK;
    }
    struct store_task *more = realloc(st->tasks, (st->n_tasks + 1) * sizeof *more);
    if (!more)
        return err_nomem(err, "the store");
    st->tasks = more;
    *out = &more[st->n_tasks];
    enum carat_err code = load_task(st, task, *out, err);
    st->n_tasks += !code;
    return code;
}

enum carat_err dict_of(struct carat_store *st, int64_t task, struct dict *out, struct err *err)
{
    struct store_task *t;
    enum carat_err code = task_of(st, task, &t, err);
    *out = (struct dict){.bytes = STR("")};
    if (!code && t->dict_id)
        *out = (struct dict){t->dict_id, buf_str(&t->dict)};
    return code;
}

enum carat_err dict_scores_of(struct carat_store *st, int64_t task, int64_t *out, struct err *err)
{
    struct store_task *t;
    enum carat_err code = task_of(st, task, &t, err);
    *out = code ? 0 : t->scores_of;
    return code;
}

static enum carat_err make_dict(struct carat_store *st, struct store_task *t, struct err *err)
{
    sqlite3_stmt *q;
    int64_t id;
    const struct record_text text = record_text(buf_str(&t->dict));
    enum carat_err code = store_put_text(st, &text, &(struct dict){.bytes = STR("")}, &id, NULL, err);
    if (code || (code = store_sql(st, SQL_TASK_DICT, &q, err)))
        return code;
    sqlite3_bind_int64(q, 1, t->id);
    sqlite3_bind_int64(q, 2, id);
    code = store_step(st, q, err);
    t->dict_id = code ? 0 : id;
    return code;
}

enum carat_err dict_feed(struct carat_store *st, int64_t task, struct str text, struct err *err)
{
    struct store_task *t;
    enum carat_err code = task_of(st, task, &t, err);
    if (code || t->dict_id || t->closed)
        return code;
    if (++t->n_put + DICT_MIN_LEFT > t->n_planned) {
        t->closed = true;
        buf_release(&t->dict);
        return CARAT_OK;
    }
    size_t room = DICT_BYTES - t->dict.n;
    if (buf_add(&t->dict, text.p, text.n < room ? text.n : room))
        return err_nomem(err, "a dictionary");
    return t->dict.n == DICT_BYTES ? make_dict(st, t, err) : CARAT_OK;
}

bool dict_read(struct carat_store *st, int64_t id, struct str *out)
{
    sqlite3_stmt *q;
    struct arena a = ARENA_INIT;
    if (st->read_dict_id != id) {
        st->read_dict_id = 0;
        buf_clear(&st->read_dict);
        if (store_sql(st, SQL_DICT_GET, &q, NULL))
            return false;
        sqlite3_bind_int64(q, 1, id);
        struct str bytes;
        if (sqlite3_step(q) == SQLITE_ROW && sqlite3_column_int64(q, 1) <= DICT_MAX &&
            pack_inflate(&st->pack, store_column(q, 0), sqlite3_column_int64(q, 1), STR(""), &a, &bytes) &&
            !buf_addstr(&st->read_dict, bytes))
            st->read_dict_id = id;
        sqlite3_reset(q);
        arena_release(&a);
    }
    *out = buf_str(&st->read_dict);
    return st->read_dict_id == id;
}

void dict_release(struct carat_store *st)
{
    for (size_t i = 0; i < st->n_tasks; i++)
        buf_release(&st->tasks[i].dict);
    free(st->tasks);
    buf_release(&st->read_dict);
}
