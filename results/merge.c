/* merge.c - one file of several: what shards and machines have computed, joined.
 *
 * Runs are the same by key, tasks by name, version, shots, data and settings, items by place. (A file may hold several
 * runs of one key, made by --fresh: the first of one file is taken for the first of the other, and so on.) An item
 * that two files have must be the same in both, to the bit, but for the time it took: a run is a function of weights, data,
 * task and seed, so that another answer means that one of them is not what it says. An item that one file could not
 * ask (refused) is taken from the other.
 *
 * The whole is written to "OUT-merge" and then takes OUT's name, so that OUT is there whole or not at all; a merge that was
 * killed is begun again. What OUT held before is the first of the files joined. The lock on OUT is held
 * all the while.
 *
 * Everything goes through the store's own reading and writing: a file of another zlib or an older form of a column
 * comes out in this one's form. */
#define _GNU_SOURCE
#include "dict.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct task_pair {
    int64_t from, to;
};

struct merge {
    struct carat_store *in, *out;
    struct carat_merged *counts;
    struct err *err;
    enum carat_err code;      /* what a callback failed with */
    int64_t run;              /* in `out` */
    struct task_pair *tasks;  /* [n_tasks] of the run at hand */
    size_t n_tasks;
    /* one task */
    int64_t task;
    struct str name;
    bool scored_again;
    int64_t n_new;
    unsigned char *there;     /* bit idx: `out` has the item */
    size_t n_there;           /* bits */
    const struct carat_item_record *compared;
    const char *difference;
    bool had_refused;
};

/* ---- the same item? ------------------------------------------------------------------------------ */

static bool same_real(double a, double b) { return memcmp(&a, &b, sizeof a) == 0 || (a != a && b != b); }

static bool same_numbers(const void *a, const void *b, size_t n, size_t size)
{
    return (!a && !b) || (a && b && memcmp(a, b, n * size) == 0);
}

static const char *choices_differ(const struct carat_item_record *a, const struct carat_item_record *b)
{
    if (a->n_choices != b->n_choices || !a->prompts != !b->prompts)
        return "its choices";
    for (size_t i = 0; i < a->n_choices; i++) {
        const struct carat_choice_record *x = &a->choices[i], *y = &b->choices[i];
        if (!str_eq(x->continuation, y->continuation) || (a->prompts && !str_eq(a->prompts[i], b->prompts[i])))
            return "its choices";
        if (x->n_ids != y->n_ids || !same_numbers(x->ids, y->ids, x->n_ids, sizeof *x->ids))
            return "its tokens";
        if (!same_real(x->logprob, y->logprob) || x->greedy != y->greedy ||
            !same_numbers(x->logprobs, y->logprobs, x->n_ids, sizeof *x->logprobs))
            return "its log-probabilities";
    }
    return NULL;
}

static const char *samples_differ(const struct carat_item_record *a, const struct carat_item_record *b)
{
    if (a->n_samples != b->n_samples)
        return "the number of its samples";
    for (size_t i = 0; i < a->n_samples; i++) {
        const struct carat_sample_record *x = &a->samples[i], *y = &b->samples[i];
        if (!str_eq(x->text, y->text) || !str_eq(x->finish, y->finish) || x->n_ids != y->n_ids ||
            !same_numbers(x->ids, y->ids, x->n_ids, sizeof *x->ids) ||
            (x->margins && y->margins && !same_numbers(x->margins, y->margins, x->n_ids, sizeof *x->margins)))
            return "its text";
    }
    return NULL;
}

static bool same_metrics(const struct carat_item_record *a, const struct carat_item_record *b)
{
    size_t n_same = 0;
    for (size_t i = 0; i < a->n_metrics; i++)
        for (size_t k = 0; k < b->n_metrics; k++)
            n_same += str_eq(a->metrics[i].name, b->metrics[k].name) &&
                      same_real(a->metrics[i].value, b->metrics[k].value);
    return a->n_metrics == b->n_metrics && n_same == a->n_metrics;
}

static bool same_answers(const struct carat_item_record *a, const struct carat_item_record *b)
{
    for (size_t i = 0; i < a->n_answers && a->n_answers == b->n_answers; i++)
        if (a->answers[i].sample != b->answers[i].sample || !str_eq(a->answers[i].filter, b->answers[i].filter) ||
            !str_eq(a->answers[i].answer, b->answers[i].answer) ||
            !same_real(a->answers[i].score, b->answers[i].score))
            return false;
    return a->n_answers == b->n_answers;
}

/* What two records of one item differ in; NULL: in nothing but the time it took (and what a jail measured). */
static const char *item_differs(const struct carat_item_record *a, const struct carat_item_record *b)
{
    if (!str_eq(a->row_sha256, b->row_sha256) || !str_eq(a->id, b->id))
        return "its row of the data set";
    if (!str_eq(a->prefix, b->prefix) || (!a->prompts && !str_eq(a->prompt, b->prompt)))
        return "its prompt";
    const char *what = choices_differ(a, b);
    if (!what)
        what = samples_differ(a, b);
    if (what)
        return what;
    if (a->context_tokens != b->context_tokens || a->truncated_tokens != b->truncated_tokens)
        return "the tokens of its context";
    if (!same_answers(a, b))
        return "what was extracted";
    if (!same_metrics(a, b) || a->outcome != b->outcome || a->gold != b->gold || !str_eq(a->target, b->target))
        return "its score";
    return NULL;
}

/* ---- items --------------------------------------------------------------------------------------- */

static bool compare_item(void *context, const struct carat_item_record *item)
{
    struct merge *m = context;
    m->had_refused = item->outcome == CARAT_REFUSED;
    m->difference = m->had_refused || m->compared->outcome == CARAT_REFUSED ? NULL : item_differs(item, m->compared);
    return false;
}

static enum carat_err drop(struct merge *m, int64_t index)
{
    sqlite3_stmt *q;
    enum carat_err code = store_prepare(m->out, "DELETE FROM item WHERE task = ?1 AND idx = ?2", &q, m->err);
    if (code)
        return code;
    sqlite3_bind_int64(q, 1, m->task);
    sqlite3_bind_int64(q, 2, index);
    code = sqlite3_step(q) == SQLITE_DONE ? CARAT_OK : store_fail(m->out, m->err, "write");
    sqlite3_finalize(q);
    return code;
}

/* Both files have it. */
static enum carat_err meet(struct merge *m, const struct carat_item_record *item)
{
    m->compared = item;
    m->difference = NULL;
    enum carat_err code = carat_store_items(m->out, m->task, item->index, 1, compare_item, m, m->err);
    if (code)
        return code;
    if (m->difference) {
        err_set(m->err, CARAT_EINPUT, "'%s': item %lld of %.*s differs from the one of the files before it in %s", m->in->path,
                (long long)item->index, (int)m->name.n, m->name.p, m->difference);
        return err_hint(m->err, "one of the two is not what its run says; nothing was written");
    }
    m->counts->n_same++;
    if (!m->had_refused || item->outcome == CARAT_REFUSED)
        return CARAT_OK;
    code = drop(m, item->index);
    return code ? code : carat_store_put(m->out, m->task, item, m->err);
}

static bool take_item(void *context, const struct carat_item_record *item)
{
    struct merge *m = context;
    size_t at = (size_t)item->index;
    if (item->index >= 0 && at < m->n_there && m->there[at / 8] >> at % 8 & 1) {
        m->code = meet(m, item);
    } else {
        m->code = carat_store_put(m->out, m->task, item, m->err);
        m->n_new++;
        m->counts->n_items++;
    }
    return !m->code;
}

static void mark_there(void *context, int64_t index, struct str row_sha256)
{
    struct merge *m = context;
    (void)row_sha256;
    if (index < 0 || m->code)
        return;
    size_t need = (size_t)index / 8 + 1;
    if (need > m->n_there / 8) {
        size_t n = 2 * need + 64;
        unsigned char *p = realloc(m->there, n);
        if (!p) {
            m->code = err_nomem(m->err, "the items");
            return;
        }
        memset(p + m->n_there / 8, 0, n - m->n_there / 8);
        m->there = p;
        m->n_there = n * 8;
    }
    m->there[index / 8] |= (unsigned char)(1u << index % 8);
}

/* ---- tasks and runs ------------------------------------------------------------------------------ */

/* What `out` has planned of this task so far; 0: it has none such. */
static enum carat_err planned_before(struct merge *m, const struct carat_task_row *row, int64_t *out)
{
    sqlite3_stmt *q;
    enum carat_err code = store_prepare(m->out,
                                        "SELECT n_planned FROM task WHERE run = ?1 AND name = ?2 AND version = ?3"
                                        " AND shots = ?4 AND data_sha256 = ?5 AND shots_sha256 = ?6 AND settings = ?7",
                                        &q, m->err);
    if (code)
        return code;
    sqlite3_bind_int64(q, 1, m->run);
    store_bind_text(q, 2, row->name);
    sqlite3_bind_int(q, 3, row->version);
    sqlite3_bind_int(q, 4, row->shots);
    store_bind_text(q, 5, row->data_sha256);
    store_bind_text(q, 6, row->shots_sha256);
    store_bind_text(q, 7, row->settings);
    *out = sqlite3_step(q) == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
    sqlite3_finalize(q);
    return CARAT_OK;
}

static enum carat_err make_task(struct merge *m, const struct carat_task_row *row)
{
    int64_t planned = 0;
    struct carat_task_info info = {.name = row->name,
                                   .parent = row->parent,
                                   .subgroup = row->subgroup,
                                   .title = row->title,
                                   .capability = row->capability,
                                   .version = row->version,
                                   .shots = row->shots,
                                   .data_path = row->data_path,
                                   .data_sha256 = row->data_sha256,
                                   .shots_sha256 = row->shots_sha256,
                                   .settings = row->settings,
                                   .headline = row->headline,
                                   .n_rows = row->n_rows,
                                   .chance = row->chance,
                                   .started = row->started,
                                   .scoring = row->scoring};
    for (size_t i = 0; i < m->n_tasks; i++)
        if (row->scores_of && m->tasks[i].from == row->scores_of)
            info.scores_of = m->tasks[i].to;
    enum carat_err code = planned_before(m, row, &planned);
    info.n_planned = row->n_planned > planned ? row->n_planned : planned;
    if (!code)
        code = carat_store_task(m->out, m->run, &info, &m->task, m->err);
    struct task_pair *more = code ? NULL : realloc(m->tasks, (m->n_tasks + 1) * sizeof *more);
    if (!more)
        return code ? code : err_nomem(m->err, "the tasks");
    m->tasks = more;
    m->tasks[m->n_tasks++] = (struct task_pair){row->id, m->task};
    return CARAT_OK;
}

static bool take_task(void *context, const struct carat_task_row *row)
{
    struct merge *m = context;
    m->name = row->name;
    m->n_new = 0;
    m->code = make_task(m, row);
    if (m->there)
        memset(m->there, 0, m->n_there / 8);
    enum carat_err code = m->code;
    if (!code)
        code = carat_store_done(m->out, m->task, false, mark_there, m, m->err);
    if (!code && !m->code)
        code = carat_store_items(m->in, row->id, 0, 0, take_item, m, m->err);
    if (!code && !m->code && m->n_new) /* effort is added with what it brought, so that joining twice is joining once */
        code = carat_store_finish(m->out, m->task,
                                  &(struct carat_effort){row->wall_s, row->tokens_asked, row->tokens_computed}, m->err);
    if (!m->code)
        m->code = code;
    return !m->code;
}

/* The run of `out` that is the n-th of this key, counted from 0; 0: there are not so many. */
static enum carat_err nth_run(struct carat_store *st, struct str key, int64_t n, int64_t *run, struct err *err)
{
    sqlite3_stmt *q;
    enum carat_err code = store_prepare(st, "SELECT id FROM run WHERE key = ?1 ORDER BY id LIMIT 1 OFFSET ?2", &q, err);
    if (code)
        return code;
    store_bind_text(q, 1, key);
    sqlite3_bind_int64(q, 2, n);
    *run = sqlite3_step(q) == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
    sqlite3_finalize(q);
    return CARAT_OK;
}

/* How many runs of this key come before `id`. */
static enum carat_err ordinal(struct carat_store *st, struct str key, int64_t id, int64_t *n, struct err *err)
{
    sqlite3_stmt *q;
    enum carat_err code = store_prepare(st, "SELECT count(*) FROM run WHERE key = ?1 AND id < ?2", &q, err);
    if (code)
        return code;
    store_bind_text(q, 1, key);
    sqlite3_bind_int64(q, 2, id);
    *n = sqlite3_step(q) == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
    sqlite3_finalize(q);
    return CARAT_OK;
}

static enum carat_err make_run(struct merge *m, const struct carat_run_row *row)
{
    int64_t n = 0;
    struct carat_run_info info = {.key = row->key,
                                  .model_name = row->model_name,
                                  .model_path = row->model_path,
                                  .weights_sha256 = row->weights_sha256,
                                  .tokenizer_sha256 = row->tokenizer_sha256,
                                  .settings = row->settings,
                                  .carat_version = row->carat_version,
                                  .compiler = row->compiler,
                                  .isa = row->isa,
                                  .cpu = row->cpu,
                                  .numerics_version = row->numerics_version,
                                  .started = row->started};
    enum carat_err code = ordinal(m->in, row->key, row->id, &n, m->err);
    if (!code)
        code = nth_run(m->out, row->key, n, &m->run, m->err);
    if (code || m->run)
        return code;
    m->counts->n_runs++;
    return carat_store_run(m->out, &info, true, &m->run, m->err);
}

static bool take_run(void *context, const struct carat_run_row *row)
{
    struct merge *m = context;
    m->n_tasks = 0;
    m->code = make_run(m, row);
    if (!m->code) {
        enum carat_err code = carat_store_all_tasks(m->in, row->id, take_task, m, m->err);
        m->code = m->code ? m->code : code;
    }
    return !m->code;
}

/* All of `in` into `out`. */
static enum carat_err take_file(struct carat_store *in, struct carat_store *out, struct carat_merged *counts,
                                struct err *err)
{
    struct merge m = {.in = in, .out = out, .counts = counts, .err = err};
    enum carat_err code = carat_store_runs(in, take_run, &m, err);
    free(m.tasks);
    free(m.there);
    return m.code ? m.code : code;
}

/* ---- files --------------------------------------------------------------------------------------- */

static enum carat_err take_inputs(struct carat_store *before, const char *const *inputs, size_t n, struct carat_store *out,
                                  struct carat_merged *counts, struct err *err)
{
    enum carat_err code = before->db ? take_file(before, out, counts, err) : CARAT_OK;
    for (size_t i = 0; i < n && !code; i++) {
        struct carat_store *in = NULL;
        code = carat_store_open(inputs[i], CARAT_STORE_READ, &in, err);
        if (!code)
            code = take_file(in, out, counts, err);
        carat_store_free(in);
    }
    return code ? code : carat_store_commit(out, err);
}

static bool is_same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Removes what a killed merge has left; the lock on OUT says that no other is at work. */
static enum carat_err clear_old(const char *path, struct err *err)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char *name = NULL;
        if (asprintf(&name, "%s%s", path, suffixes[i]) < 0)
            return err_nomem(err, "a name");
        int failed = unlink(name) && errno != ENOENT;
        free(name);
        if (failed)
            return err_set(err, CARAT_EIO, "cannot remove '%s' of an earlier merge: %s", path, strerror(errno));
    }
    return CARAT_OK;
}

/* OUT's new content takes its name. What OUT was must be closed by now: its log is gone with it. */
static enum carat_err put_in_place(const char *temporary, const char *out, struct err *err)
{
    char *folder = strdup(out);
    if (!folder)
        return err_nomem(err, "a name");
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    int failed = rename(temporary, out) || (fd >= 0 && fsync(fd));
    if (fd >= 0)
        close(fd);
    return failed ? err_set(err, CARAT_EIO, "cannot write '%s': %s", out, strerror(errno)) : CARAT_OK;
}

enum carat_err carat_store_merge(const char *out, const char *const *inputs, size_t n, struct carat_merged *counts,
                                 struct err *err)
{
    struct carat_store *before = NULL, *whole = NULL;
    char *temporary = NULL;
    *counts = (struct carat_merged){0};
    for (size_t i = 0; i < n; i++)
        if (is_same_file(out, inputs[i]))
            return err_set(err, CARAT_EUSAGE, "'%s' is both read and written; what it holds is kept in any case", out);
    enum carat_err code = store_open_target(out, &before, err);
    if (code)
        return code;
    if (asprintf(&temporary, "%s-merge", out) < 0) {
        temporary = NULL;
        code = err_nomem(err, "a name");
    }
    if (!code)
        code = clear_old(temporary, err);
    if (!code)
        code = carat_store_open(temporary, CARAT_STORE_WRITE, &whole, err);
    if (!code)
        code = take_inputs(before, inputs, n, whole, counts, err);
    carat_store_free(whole); /* the log goes into the file and is gone */
    if (!code) {
        store_disconnect(before);
        code = put_in_place(temporary, out, err);
    }
    if (code && temporary)
        (void)clear_old(temporary, NULL);
    carat_store_free(before);
    free(temporary);
    return code;
}
