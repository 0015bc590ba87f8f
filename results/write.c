/* write.c - runs, tasks and items into the file.
 *
 * All writes between two commits are one transaction. It is committed when carat_store_commit() or
 * carat_store_finish() is called, and by carat_store_put() when BATCH_ITEMS have gathered or BATCH_MS have
 * passed since the last commit: quick items share a sync, slow ones are safe at once.
 *
 * An item goes in whole or not at all. If one of its rows is refused (two metrics of one name, say) the
 * rows before it are deleted again and the transaction goes on. If the disk is, SQLite may have rolled
 * back all that was pending: then the store is `lost` and says so to every later write.
 */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "record.h"

enum { BATCH_ITEMS = 256, BATCH_MS = 1000 };

/* ---- the transaction --------------------------------------------------------------- */

int64_t store_now_ms(void) { return (int64_t)(1e3 * clock_seconds()); }

int64_t store_due_ms(const struct carat_store *st) { return st->in_transaction ? st->committed_ms + BATCH_MS : 0; }

/* A write failed in a way that cost, or may have cost, what was pending. */
static enum carat_err lose(struct carat_store *st, const struct err *why, struct err *err)
{
    if (!sqlite3_get_autocommit(st->db))
        sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
    st->lost = *why;
    st->in_transaction = false;
    st->pending_items = 0;
    if (err)
        *err = *why;
    return why->code;
}

enum carat_err store_step(struct carat_store *st, sqlite3_stmt *q, struct err *err)
{
    int rc = sqlite3_step(q);
    if (rc == SQLITE_DONE) {
        sqlite3_reset(q);
        return CARAT_OK;
    }
    enum carat_err code = store_fail(st, err, "write");
    sqlite3_reset(q);
    return code;
}

static enum carat_err step_kept(struct carat_store *st, enum store_sql which, struct err *err)
{
    sqlite3_stmt *q;
    enum carat_err code = store_sql(st, which, &q, err);
    return code ? code : store_step(st, q, err);
}

/* Opens the transaction that writes go to, unless it is open. */
static enum carat_err begin(struct carat_store *st, struct err *err)
{
    if (st->mode != CARAT_STORE_WRITE)
        return err_set(err, CARAT_EUSAGE, "'%s' was opened for reading", st->path);
    if (st->lost.code) {
        if (err)
            *err = st->lost;
        return st->lost.code;
    }
    if (st->in_transaction)
        return CARAT_OK;
    enum carat_err code = step_kept(st, SQL_BEGIN, err);
    st->in_transaction = !code;
    return code;
}

enum carat_err carat_store_commit(struct carat_store *st, struct err *err)
{
    if (!st->in_transaction && !st->lost.code)
        return CARAT_OK;
    struct err why = ERR_INIT;
    enum carat_err code = begin(st, err);
    if (code)
        return code;
    if (step_kept(st, SQL_COMMIT, &why))
        return lose(st, &why, err);
    st->in_transaction = false;
    st->pending_items = 0;
    st->committed_ms = store_now_ms();
    return CARAT_OK;
}

/* ---- runs and tasks ------------------------------------------------------------------ */

/* The id in a kept query's first row; 0: no row. */
static enum carat_err find_id(struct carat_store *st, sqlite3_stmt *q, int64_t *id, struct err *err)
{
    int rc = sqlite3_step(q);
    *id = rc == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
    enum carat_err code = rc == SQLITE_ROW || rc == SQLITE_DONE ? CARAT_OK : store_fail(st, err, "read");
    sqlite3_reset(q);
    return code;
}

static enum carat_err new_run(struct carat_store *st, const struct carat_run_info *info, int64_t *run, struct err *err)
{
    char when[STORE_TIME];
    sqlite3_stmt *q;
    enum carat_err code = store_sql(st, SQL_RUN_NEW, &q, err);
    if (code)
        return code;
    const struct str texts[] = {info->key, info->model_name, info->model_path, info->weights_sha256,
                                info->tokenizer_sha256, info->settings};
    for (int i = 0; i < 6; i++)
        store_bind_text(q, i + 1, texts[i]);
    sqlite3_bind_int(q, 7, info->numerics_version);
    store_bind_text(q, 8, info->carat_version);
    store_bind_text(q, 9, info->compiler);
    store_bind_text(q, 10, info->isa);
    store_bind_text(q, 11, info->cpu);
    store_bind_text(q, 12, info->started.n ? info->started : store_now(when));
    code = store_step(st, q, err);
    *run = sqlite3_last_insert_rowid(st->db);
    return code;
}

enum carat_err carat_store_run(struct carat_store *st, const struct carat_run_info *info, bool fresh, int64_t *run,
                               struct err *err)
{
    sqlite3_stmt *q;
    enum carat_err code;
    *run = 0;
    if ((code = begin(st, err)))
        return code;
    if (!fresh) {
        if ((code = store_sql(st, SQL_RUN_FIND, &q, err)))
            return code;
        store_bind_text(q, 1, info->key);
        if ((code = find_id(st, q, run, err)))
            return code;
    }
    if (!*run)
        return new_run(st, info, run, err);
    if ((code = store_sql(st, SQL_RUN_NAME, &q, err)))
        return code;
    sqlite3_bind_int64(q, 1, *run);
    store_bind_text(q, 2, info->model_name);
    return store_step(st, q, err);
}

/* Parameters 1 to 16 of the task statements; a statement that lacks some ignores them. `id` is the run's or
 * the task's, as the statement has it. */
static void bind_task(sqlite3_stmt *q, int64_t id, const struct carat_task_info *info)
{
    sqlite3_bind_int64(q, 1, id);
    store_bind_text(q, 2, info->name);
    sqlite3_bind_int(q, 3, info->version);
    sqlite3_bind_int(q, 4, info->shots);
    store_bind_text(q, 5, info->data_sha256);
    store_bind_text(q, 6, info->shots_sha256);
    store_bind_text(q, 7, info->settings);
    store_bind_text(q, 8, info->parent);
    store_bind_text(q, 9, info->subgroup);
    store_bind_text(q, 10, info->title);
    store_bind_text(q, 11, info->capability);
    store_bind_text(q, 12, info->data_path);
    store_bind_text(q, 13, info->headline);
    sqlite3_bind_int64(q, 14, info->n_rows);
    sqlite3_bind_int64(q, 15, info->n_planned);
    sqlite3_bind_double(q, 16, info->chance);
}

enum carat_err carat_store_task(struct carat_store *st, int64_t run, const struct carat_task_info *info, int64_t *task,
                                struct err *err)
{
    char when[STORE_TIME];
    sqlite3_stmt *q;
    enum carat_err code;
    *task = 0;
    if ((code = begin(st, err)) || (code = store_sql(st, SQL_TASK_FIND, &q, err)))
        return code;
    bind_task(q, run, info);
    if ((code = find_id(st, q, task, err)))
        return code;
    if ((code = store_sql(st, *task ? SQL_TASK_UPDATE : SQL_TASK_NEW, &q, err)))
        return code;
    bind_task(q, *task ? *task : run, info);
    store_bind_text(q, 17, info->started.n ? info->started : store_now(when));
    store_bind_text(q, 18, info->scoring);
    if (info->scores_of)
        sqlite3_bind_int64(q, 19, info->scores_of);
    else
        sqlite3_bind_null(q, 19);
    if ((code = store_step(st, q, err)))
        return code;
    if (!*task)
        *task = sqlite3_last_insert_rowid(st->db);
    return CARAT_OK;
}

enum carat_err carat_store_finish(struct carat_store *st, int64_t task, const struct carat_effort *effort,
                                  struct err *err)
{
    char when[STORE_TIME];
    sqlite3_stmt *q;
    enum carat_err code;
    if ((code = begin(st, err)) || (code = store_sql(st, SQL_TASK_FINISH, &q, err)))
        return code;
    sqlite3_bind_int64(q, 1, task);
    store_bind_text(q, 2, store_now(when));
    sqlite3_bind_double(q, 3, isfinite(effort->wall_s) ? effort->wall_s : 0);
    sqlite3_bind_int64(q, 4, effort->tokens_asked);
    sqlite3_bind_int64(q, 5, effort->tokens_computed);
    code = store_step(st, q, err);
    return code ? code : carat_store_commit(st, err);
}

enum carat_err carat_store_done(struct carat_store *st, int64_t task, bool retry_refused,
                                void (*fn)(void *context, int64_t index, struct str row_sha256), void *context,
                                struct err *err)
{
    sqlite3_stmt *q;
    struct arena a = ARENA_INIT;
    struct str hex;
    enum carat_err code;
    if (retry_refused) {
        if ((code = begin(st, err)) || (code = store_sql(st, SQL_REFUSED_DROP, &q, err)))
            return code;
        sqlite3_bind_int64(q, 1, task);
        sqlite3_bind_int(q, 2, CARAT_REFUSED);
        if ((code = store_step(st, q, err)))
            return code;
    }
    if ((code = store_prepare(st, "SELECT idx, row_sha256 FROM item WHERE task = ?1 ORDER BY idx", &q, err)))
        return code;
    sqlite3_bind_int64(q, 1, task);
    int rc;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        arena_reset(&a);
        if (!pack_read_hash(store_column(q, 1), &a, &hex)) {
            code = err_set(err, CARAT_EINPUT, "'%s' is damaged: a hash of item %lld of task %lld", st->path,
                           (long long)sqlite3_column_int64(q, 0), (long long)task);
            break;
        }
        fn(context, sqlite3_column_int64(q, 0), hex);
    }
    if (!code && rc != SQLITE_DONE)
        code = store_fail(st, err, "read");
    sqlite3_finalize(q);
    arena_release(&a);
    return code;
}

/* ---- an item ------------------------------------------------------------------------------ */

enum carat_err store_put_text(struct carat_store *st, const struct record_text *t, const struct dict *dict, int64_t *id,
                              bool *is_new, struct err *err)
{
    const struct str key = {(const char *)t->key, t->n_key};
    struct str data = t->data;
    sqlite3_stmt *q;
    enum carat_err code;
    if (is_new)
        *is_new = false;
    if ((code = store_sql(st, SQL_TEXT_FIND, &q, err)))
        return code;
    store_bind_blob(q, 1, key);
    if ((code = find_id(st, q, id, err)) || *id)
        return code;
    if (!data.p || t->dict != dict->id) /* not deflated, or the dictionary is another one by now */
        code = pack_deflate(&st->pack, t->text, dict->bytes, &data, err);
    if (code || (code = store_sql(st, SQL_TEXT_NEW, &q, err)))
        return code;
    store_bind_blob(q, 1, key);
    sqlite3_bind_int64(q, 2, (int64_t)t->text.n);
    store_bind_blob(q, 3, data);
    if (dict->id && data.n != t->text.n)
        sqlite3_bind_int64(q, 4, dict->id);
    else
        sqlite3_bind_null(q, 4);
    code = store_step(st, q, err);
    *id = sqlite3_last_insert_rowid(st->db);
    if (is_new)
        *is_new = !code;
    return code;
}

/* What is asked of an item: the task's dictionary fits it. */
static enum carat_err put_asked(struct carat_store *st, int64_t task, const struct record_text *t, int64_t *id, struct err *err)
{
    struct dict dict;
    bool is_new;
    enum carat_err code = dict_of(st, task, &dict, err);
    if (!code)
        code = store_put_text(st, t, &dict, id, &is_new, err);
    return !code && is_new ? dict_feed(st, task, t->text, err) : code;
}

/* `packed` is the prefix's row, if it was made already. */
static enum carat_err put_prefix(struct carat_store *st, struct str prefix, const struct record_text *packed, int64_t *id,
                                 struct err *err)
{
    if (!st->prefix_id || !str_eq(prefix, buf_str(&st->prefix))) {
        st->prefix_id = 0;
        buf_clear(&st->prefix);
        if (buf_addstr(&st->prefix, prefix))
            return err_nomem(err, "a prompt's prefix");
        const struct record_text t = packed->text.n ? *packed : record_text(prefix);
        enum carat_err code = store_put_text(st, &t, &(struct dict){.bytes = STR("")}, &st->prefix_id, NULL, err);
        if (code) {
            st->prefix_id = 0;
            return code;
        }
    }
    *id = st->prefix_id;
    return CARAT_OK;
}

/* Binds a text and, behind it, its size. */
static enum carat_err bind_deflated(struct carat_store *st, sqlite3_stmt *q, int at, struct str s, struct err *err)
{
    struct str data;
    enum carat_err code = pack_deflate(&st->pack, s, STR(""), &data, err);
    if (code)
        return code;
    if (data.p == s.p)
        store_bind_blob(q, at, data);
    else if (sqlite3_bind_blob64(q, at, data.p, data.n, SQLITE_TRANSIENT) != SQLITE_OK)
        return store_fail(st, err, "write"); /* copied: the pack's buffer is used again before the statement runs */
    sqlite3_bind_int64(q, at + 1, (int64_t)s.n);
    return CARAT_OK;
}

static enum carat_err put_tokens(struct carat_store *st, int64_t item, const struct record_tokens *t, struct err *err)
{
    sqlite3_stmt *q;
    enum carat_err code = t->ids.p || t->logprobs.p ? store_sql(st, SQL_TOKENS_NEW, &q, err) : CARAT_OK;
    if (code || (!t->ids.p && !t->logprobs.p))
        return code;
    sqlite3_bind_int64(q, 1, item);
    store_bind_blob(q, 2, t->ids);
    sqlite3_bind_int64(q, 3, (int64_t)t->ids_size);
    store_bind_blob(q, 4, t->logprobs);
    sqlite3_bind_int64(q, 5, (int64_t)t->logprobs_size);
    sqlite3_bind_int(q, 6, t->coded);
    if (!t->ids.p)
        sqlite3_bind_null(q, 2);
    if (!t->logprobs.p)
        sqlite3_bind_null(q, 4);
    return store_step(st, q, err);
}

static enum carat_err put_choices(struct carat_store *st, int64_t item, const struct carat_item_record *r,
                                  struct err *err)
{
    sqlite3_stmt *q;
    enum carat_err code = store_sql(st, SQL_CHOICE_NEW, &q, err);
    for (size_t i = 0; !code && i < r->n_choices; i++) {
        const struct carat_choice_record *c = &r->choices[i];
        sqlite3_bind_int64(q, 1, item);
        sqlite3_bind_int64(q, 2, (int64_t)i);
        sqlite3_bind_double(q, 3, c->logprob);
        sqlite3_bind_int(q, 4, c->greedy);
        sqlite3_bind_int64(q, 5, (int64_t)c->n_ids);
        code = store_step(st, q, err);
    }
    return code;
}

static enum carat_err put_sample(struct carat_store *st, sqlite3_stmt *q, const struct carat_sample_record *s, struct err *err)
{
    struct buf *b = &st->scratch;
    buf_clear(b); /* ids, then margins; bound when both are there, as `b` may move */
    (void)pack_ids(b, s->ids, s->ids ? s->n_ids : 0);
    size_t ids_bytes = b->n;
    if (s->margins)
        (void)pack_reals(b, s->margins, s->n_ids);
    if (buf_failed(b))
        return err_nomem(err, "a sample's tokens");
    enum carat_err code;
    store_bind_text(q, 7, s->finish);
    if ((code = bind_deflated(st, q, 3, s->text, err)) || (code = bind_deflated(st, q, 5, (struct str){b->p, ids_bytes}, err)) ||
        (code = bind_deflated(st, q, 8, s->verdict, err)) ||
        (code = bind_deflated(st, q, 10, (struct str){b->p + ids_bytes, b->n - ids_bytes}, err)))
        return code;
    if (!s->margins)
        sqlite3_bind_null(q, 10);
    return store_step(st, q, err);
}

static enum carat_err put_samples(struct carat_store *st, int64_t item, const struct carat_item_record *r,
                                  struct err *err)
{
    sqlite3_stmt *q;
    enum carat_err code = store_sql(st, SQL_SAMPLE_NEW, &q, err);
    for (size_t i = 0; !code && i < r->n_samples; i++) {
        sqlite3_bind_int64(q, 1, item);
        sqlite3_bind_int64(q, 2, (int64_t)i);
        code = put_sample(st, q, &r->samples[i], err);
    }
    return code;
}

static enum carat_err put_responses(struct carat_store *st, int64_t item, const struct carat_item_record *r,
                                    const struct record_packed *packed, struct err *err)
{
    enum carat_err code = put_tokens(st, item, &packed->tokens, err);
    if (!code)
        code = put_choices(st, item, r, err);
    return code ? code : put_samples(st, item, r, err);
}

static enum carat_err put_answers(struct carat_store *st, int64_t item, const struct carat_item_record *r,
                                  struct err *err)
{
    sqlite3_stmt *q;
    enum carat_err code = store_sql(st, SQL_ANSWER_NEW, &q, err);
    for (size_t i = 0; !code && i < r->n_answers; i++) {
        const struct carat_answer_record *a = &r->answers[i];
        sqlite3_bind_int64(q, 1, item);
        sqlite3_bind_int64(q, 2, (int64_t)i);
        sqlite3_bind_int(q, 3, a->sample);
        store_bind_text(q, 4, a->filter);
        sqlite3_bind_double(q, 7, a->score);
        (void)((code = bind_deflated(st, q, 5, a->answer, err)) || (code = store_step(st, q, err)));
    }
    return code;
}

static enum carat_err put_metric(struct carat_store *st, int64_t task, struct str name, int64_t *id, struct err *err)
{
    sqlite3_stmt *q;
    enum carat_err code = store_sql(st, SQL_METRIC_FIND, &q, err);
    if (code)
        return code;
    sqlite3_bind_int64(q, 1, task);
    store_bind_text(q, 2, name);
    if ((code = find_id(st, q, id, err)) || *id || (code = store_sql(st, SQL_METRIC_NEW, &q, err)))
        return code;
    sqlite3_bind_int64(q, 1, task);
    store_bind_text(q, 2, name);
    code = store_step(st, q, err);
    *id = sqlite3_last_insert_rowid(st->db);
    return code;
}

static enum carat_err put_values(struct carat_store *st, int64_t task, int64_t item, const struct carat_item_record *r,
                                 struct err *err)
{
    sqlite3_stmt *q;
    int64_t metric;
    enum carat_err code = store_sql(st, SQL_VALUE_NEW, &q, err);
    for (size_t i = 0; !code && i < r->n_metrics; i++) {
        if ((code = put_metric(st, task, r->metrics[i].name, &metric, err)))
            break;
        sqlite3_bind_int64(q, 1, item);
        sqlite3_bind_int64(q, 2, metric);
        sqlite3_bind_double(q, 3, r->metrics[i].value);
        code = store_step(st, q, err);
        if (code && sqlite3_extended_errcode(st->db) == SQLITE_CONSTRAINT_PRIMARYKEY)
            code = err_set(err, CARAT_EIO, "item %lld has the metric '%.*s' twice", (long long)r->index,
                           (int)r->metrics[i].name.n, r->metrics[i].name.p);
    }
    return code;
}

/* The item of the task scored again that has this one's answers. */
static enum carat_err find_answers(struct carat_store *st, int64_t task, const struct carat_item_record *r, int64_t *id,
                                   struct err *err)
{
    int64_t source = 0;
    sqlite3_stmt *q;
    enum carat_err code = dict_scores_of(st, task, &source, err);
    if (code || (code = store_sql(st, SQL_ITEM_FIND, &q, err)))
        return code;
    sqlite3_bind_int64(q, 1, source);
    sqlite3_bind_int64(q, 2, r->index);
    if ((code = find_id(st, q, id, err)) || *id)
        return code;
    return err_set(err, CARAT_EUSAGE, "item %lld of task %lld: there are no answers that it could share",
                   (long long)r->index, (long long)task);
}

/* The row of `item` itself. */
static enum carat_err put_head(struct carat_store *st, int64_t task, const struct carat_item_record *r,
                               const struct record_packed *packed, int64_t *item, struct err *err)
{
    unsigned char hash[PACK_HASH_MAX];
    size_t n_hash;
    int64_t prefix = 0, asked, answers_of = 0;
    sqlite3_stmt *q;
    enum carat_err code;
    if (!pack_hash(r->row_sha256, hash, &n_hash) || (unsigned)r->outcome > CARAT_REFUSED)
        return err_set(err, CARAT_EUSAGE, "item %lld: its row hash is no hex or its outcome is none", (long long)r->index);
    if ((r->shares_answers && (code = find_answers(st, task, r, &answers_of, err))) ||
        (r->prefix.n && (code = put_prefix(st, r->prefix, &packed->prefix, &prefix, err))) ||
        (code = put_asked(st, task, &packed->asked, &asked, err)) || (code = store_sql(st, SQL_ITEM_NEW, &q, err)))
        return code;
    sqlite3_bind_int64(q, 1, task);
    sqlite3_bind_int64(q, 2, r->index);
    store_bind_text(q, 3, r->id);
    store_bind_blob(q, 4, (struct str){(const char *)hash, n_hash});
    if (prefix)
        sqlite3_bind_int64(q, 5, prefix);
    else
        sqlite3_bind_null(q, 5);
    sqlite3_bind_int64(q, 6, asked);
    sqlite3_bind_int(q, 7, r->gold);
    sqlite3_bind_int(q, 8, (int)r->outcome);
    sqlite3_bind_int64(q, 9, (int64_t)r->context_tokens);
    sqlite3_bind_double(q, 10, r->wall_ms);
    store_bind_text(q, 11, r->message);
    sqlite3_bind_int64(q, 12, (int64_t)r->truncated_tokens);
    if (answers_of)
        sqlite3_bind_int64(q, 13, answers_of);
    else
        sqlite3_bind_null(q, 13);
    if (r->cluster_of.n)
        sqlite3_bind_int64(q, 14, r->cluster);
    else
        sqlite3_bind_null(q, 14);
    code = store_step(st, q, err);
    if (code && sqlite3_extended_errcode(st->db) == SQLITE_CONSTRAINT_UNIQUE)
        code = err_set(err, CARAT_EIO, "item %lld of task %lld is in '%s' already", (long long)r->index,
                       (long long)task, st->path);
    *item = code ? 0 : sqlite3_last_insert_rowid(st->db);
    return code;
}

/* What the task's items share. */
static enum carat_err name_clusters(struct carat_store *st, int64_t task, struct str name, struct err *err)
{
    sqlite3_stmt *q;
    enum carat_err code = name.n ? store_sql(st, SQL_TASK_CLUSTERS, &q, err) : CARAT_OK;
    if (code || !name.n)
        return code;
    sqlite3_bind_int64(q, 1, task);
    store_bind_text(q, 2, name);
    return store_step(st, q, err);
}

/* Takes back the rows of an item that was refused half-way. */
static bool drop_item(struct carat_store *st, int64_t item)
{
    sqlite3_stmt *q;
    if (sqlite3_get_autocommit(st->db))
        return false; /* SQLite has rolled back the transaction itself */
    if (!item)
        return true;
    if (store_sql(st, SQL_ITEM_DROP, &q, NULL))
        return false;
    sqlite3_bind_int64(q, 1, item);
    return store_step(st, q, NULL) == CARAT_OK;
}

enum carat_err carat_store_put(struct carat_store *st, int64_t task, const struct carat_item_record *item,
                               struct err *err)
{
    struct record_packed packed;
    arena_reset(&st->arena);
    enum carat_err code = record_pack(item, &st->pack, &st->arena, &packed, err);
    return code ? code : store_put_packed(st, task, item, &packed, err);
}

enum carat_err store_put_packed(struct carat_store *st, int64_t task, const struct carat_item_record *item,
                                const struct record_packed *packed, struct err *err)
{
    int64_t id = 0;
    struct err why = ERR_INIT;
    enum carat_err code = begin(st, err);
    if (code)
        return code;
    if ((code = put_head(st, task, item, packed, &id, &why)) || (!item->shares_answers && (code = put_responses(st, id, item, packed, &why))) ||
        (code = put_answers(st, id, item, &why)) || (code = put_values(st, task, id, item, &why)) ||
        (code = name_clusters(st, task, item->cluster_of, &why))) {
        int cause = sqlite3_errcode(st->db) & 0xff;
        if (cause == SQLITE_FULL || cause == SQLITE_IOERR || !drop_item(st, id))
            return lose(st, &why, err);
        if (err)
            *err = why;
        return code;
    }
    if (++st->pending_items >= BATCH_ITEMS || store_now_ms() >= store_due_ms(st))
        return carat_store_commit(st, err);
    return CARAT_OK;
}
