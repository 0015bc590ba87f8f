/* read.c - runs, tasks, values and items out of the file.
 *
 * Each function is one SELECT that streams, so a reader sees one moment of a file that is being written.
 * An item's own rows (choices, samples ...) are read by kept statements into an arena before the callback
 * sees the item. What a damaged file holds is checked where it is unpacked. */
#include <ctype.h>
#include <math.h>

#include "dict.h"

/* The last words of a loop over rows: `rc` is what ended it. */
static enum carat_err end_rows(struct carat_store *st, sqlite3_stmt *q, int rc, struct err *err)
{
    enum carat_err code = rc == SQLITE_ROW || rc == SQLITE_DONE ? CARAT_OK : store_fail(st, err, "read");
    sqlite3_finalize(q);
    return code;
}

static double column_real(sqlite3_stmt *q, int at)
{
    return sqlite3_column_type(q, at) == SQLITE_NULL ? (double)NAN : sqlite3_column_double(q, at);
}

/* ---- runs ------------------------------------------------------------------------- */

enum carat_err carat_store_runs(struct carat_store *st, bool (*fn)(void *context, const struct carat_run_row *row),
                                void *context, struct err *err)
{
    sqlite3_stmt *q;
    enum carat_err code = store_prepare(
        st,
        "WITH t AS (SELECT id, run, n_planned, (SELECT count(*) FROM item WHERE task = task.id) AS n_items FROM task WHERE scoring = '')"
        "SELECT r.id, r.key, r.model_name, r.model_path, r.weights_sha256, r.settings, r.carat_version, r.isa, r.cpu,"
        " r.tokenizer_sha256, r.compiler, r.numerics_version, r.started, count(t.id), coalesce(sum(t.n_items), 0), min(t.n_items >= t.n_planned),"
        " coalesce((SELECT group_concat(scoring, ', ') FROM (SELECT DISTINCT scoring FROM task WHERE run = r.id AND scoring <> ''"
        " ORDER BY scoring)), '')"
        " FROM run r LEFT JOIN t ON t.run = r.id GROUP BY r.id ORDER BY r.id",
        &q, err);
    if (code)
        return code;
    int rc;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        struct carat_run_row row = {
            .id = sqlite3_column_int64(q, 0),
            .key = store_column(q, 1),
            .model_name = store_column(q, 2),
            .model_path = store_column(q, 3),
            .weights_sha256 = store_column(q, 4),
            .settings = store_column(q, 5),
            .carat_version = store_column(q, 6),
            .isa = store_column(q, 7),
            .cpu = store_column(q, 8),
            .tokenizer_sha256 = store_column(q, 9),
            .compiler = store_column(q, 10),
            .numerics_version = sqlite3_column_int(q, 11),
            .started = store_column(q, 12),
            .n_tasks = sqlite3_column_int64(q, 13),
            .n_items = sqlite3_column_int64(q, 14),
            .complete = sqlite3_column_int(q, 15), /* no task: NULL, and not complete */
            .scorings = store_column(q, 16),
        };
        if (!fn(context, &row))
            break;
    }
    return end_rows(st, q, rc, err);
}

/* "3 (gemma-2b, key 3fa9c1d2), ..." for messages; what does not fit is counted. */
struct run_names {
    struct buf text;
    struct str key_prefix; /* only runs with it; empty: all */
    int64_t n, n_shown;
};

static bool add_name(void *context, const struct carat_run_row *row)
{
    struct run_names *names = context;
    if (!str_starts(row->key, names->key_prefix))
        return true;
    names->n++;
    if (names->text.n < 300) {
        buf_printf(&names->text, "%s%lld (%.*s, key %.*s)", names->n_shown ? ", " : "", (long long)row->id,
                   (int)(row->model_name.n < 60 ? row->model_name.n : 60), row->model_name.p,
                   (int)(row->key.n < 12 ? row->key.n : 12), row->key.p);
        names->n_shown++;
    }
    return true;
}

/* Sets `err`'s hint to the runs there are. */
static enum carat_err hint_runs(struct carat_store *st, struct str key_prefix, struct err *err)
{
    struct run_names names = {.text = BUF_INIT(1 << 16), .key_prefix = key_prefix};
    (void)carat_store_runs(st, add_name, &names, NULL);
    if (!names.n)
        err_hint(err, "it holds no run yet; 'carat run' makes one");
    else if (names.n > names.n_shown)
        err_hint(err, "runs in it: %s and %lld more", names.text.p, (long long)(names.n - names.n_shown));
    else
        err_hint(err, "runs in it: %s", names.text.p ? names.text.p : "");
    buf_release(&names.text);
    return CARAT_EUSAGE;
}

/* The id in the first row, 0 when that is NULL, and the number in its second column. */
static enum carat_err look_up(struct carat_store *st, const char *sql, struct str name, int64_t *id, int64_t *n_keys,
                              struct err *err)
{
    sqlite3_stmt *q;
    enum carat_err code = store_prepare(st, sql, &q, err);
    if (code)
        return code;
    store_bind_text(q, 1, name);
    int rc = sqlite3_step(q);
    *id = rc == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
    *n_keys = rc == SQLITE_ROW ? sqlite3_column_int64(q, 1) : 0;
    return end_rows(st, q, rc, err);
}

enum { KEY_PREFIX_MIN = 6 };

static bool looks_like_key(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!isxdigit((unsigned char)s.p[i]))
            return false;
    return s.n >= KEY_PREFIX_MIN;
}

enum carat_err carat_store_find_run(struct carat_store *st, const char *name, int64_t *run, struct err *err)
{
    static const struct {
        const char *sql;
        bool key, number;
    } ways[] = {
        {"SELECT id, 1 FROM run WHERE id = CAST(?1 AS INTEGER)", .number = true},
        {"SELECT max(id), count(DISTINCT key) FROM run WHERE substr(key, 1, length(?1)) = lower(?1)", .key = true},
        {"SELECT max(id), 1 FROM run WHERE model_name = ?1", .key = false},
    };
    struct str s = str_from(name);
    int64_t number, n_keys;
    *run = 0;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if ((ways[i].number && !num_parse_i64(s, &number)) || (ways[i].key && !looks_like_key(s)))
            continue;
        enum carat_err code = look_up(st, ways[i].sql, s, run, &n_keys, err);
        if (code)
            return code;
        if (*run && n_keys > 1) {
            *run = 0;
            err_set(err, CARAT_EUSAGE, "'%s' begins the key of %lld runs in '%s'", name, (long long)n_keys, st->path);
            return hint_runs(st, s, err);
        }
        if (*run)
            return CARAT_OK;
    }
    err_set(err, CARAT_EUSAGE, "no run '%s' in '%s'", name, st->path);
    return hint_runs(st, STR(""), err);
}

/* ---- tasks ------------------------------------------------------------------------- */

/* The tasks of a run that `which` selects; ?2 is the scoring chosen. */
static enum carat_err each_task(struct carat_store *st, int64_t run, const char *which,
                                bool (*fn)(void *context, const struct carat_task_row *row), void *context,
                                struct err *err)
{
    char sql[1600];
    sqlite3_stmt *q;
    snprintf(
        sql, sizeof sql,
        "SELECT t.id, t.name, t.parent, t.subgroup, t.title, t.capability, t.headline, t.settings, t.data_path,"
        " t.data_sha256, t.version, t.shots, t.n_rows, t.n_planned, t.chance, t.wall_s, t.tokens_asked,"
        " t.tokens_computed, t.shots_sha256, t.started, t.scoring, t.clusters, coalesce(t.scores_of, 0),"
        " sum(i.truncated_tokens > 0), count(i.id),"
        " count(*) FILTER (WHERE i.outcome = 0), count(*) FILTER (WHERE i.outcome = 1),"
        " count(*) FILTER (WHERE i.outcome = 2), count(*) FILTER (WHERE i.outcome = 3),"
        " count(*) FILTER (WHERE i.outcome = 4), count(*) FILTER (WHERE i.outcome = 5)"
        " FROM task t LEFT JOIN item i ON i.task = t.id WHERE t.run = ?1 %s GROUP BY t.id"
        " ORDER BY coalesce(t.scores_of, t.id), t.id",
        which);
    enum carat_err code = store_prepare(st, sql, &q, err);
    if (code)
        return code;
    sqlite3_bind_int64(q, 1, run);
    store_bind_text(q, 2, str_from(st->scoring ? st->scoring : ""));
    int rc;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        struct carat_task_row row = {
            .id = sqlite3_column_int64(q, 0),
            .run = run,
            .name = store_column(q, 1),
            .parent = store_column(q, 2),
            .subgroup = store_column(q, 3),
            .title = store_column(q, 4),
            .capability = store_column(q, 5),
            .headline = store_column(q, 6),
            .settings = store_column(q, 7),
            .data_path = store_column(q, 8),
            .data_sha256 = store_column(q, 9),
            .version = sqlite3_column_int(q, 10),
            .shots = sqlite3_column_int(q, 11),
            .n_rows = sqlite3_column_int64(q, 12),
            .n_planned = sqlite3_column_int64(q, 13),
            .chance = column_real(q, 14),
            .wall_s = sqlite3_column_double(q, 15),
            .tokens_asked = sqlite3_column_int64(q, 16),
            .tokens_computed = sqlite3_column_int64(q, 17),
            .shots_sha256 = store_column(q, 18),
            .started = store_column(q, 19),
            .scoring = store_column(q, 20),
            .clusters = store_column(q, 21),
            .scores_of = sqlite3_column_int64(q, 22),
            .n_truncated = sqlite3_column_int64(q, 23),
            .n_items = sqlite3_column_int64(q, 24),
        };
        for (int i = 0; i < 6; i++)
            row.outcomes[i] = sqlite3_column_int64(q, 25 + i);
        if (!fn(context, &row))
            break;
    }
    return end_rows(st, q, rc, err);
}

enum carat_err carat_store_tasks(struct carat_store *st, int64_t run,
                                 bool (*fn)(void *context, const struct carat_task_row *row), void *context,
                                 struct err *err)
{
    return each_task(st, run,
                     "AND (t.scoring = ?2 OR (t.scoring = '' AND NOT EXISTS"
                     " (SELECT 1 FROM task u WHERE u.scores_of = t.id AND u.scoring = ?2)))",
                     fn, context, err);
}

enum carat_err carat_store_all_tasks(struct carat_store *st, int64_t run,
                                     bool (*fn)(void *context, const struct carat_task_row *row), void *context,
                                     struct err *err)
{
    return each_task(st, run, "AND ?2 = ?2", fn, context, err);
}

static enum carat_err hint_scorings(struct carat_store *st, struct err *err)
{
    sqlite3_stmt *q;
    struct buf names = BUF_INIT(400);
    if (store_prepare(st, "SELECT DISTINCT scoring FROM task WHERE scoring <> '' ORDER BY 1", &q, NULL))
        return err->code;
    while (sqlite3_step(q) == SQLITE_ROW && names.n < 300)
        buf_printf(&names, "%s%s", names.n ? ", " : "", (const char *)sqlite3_column_text(q, 0));
    sqlite3_finalize(q);
    err_hint(err, names.n ? "scorings in it: %s" : "it has none yet; 'carat rescore' makes one%s", buf_str(&names).p);
    buf_release(&names);
    return err->code;
}

enum carat_err carat_store_choose_scoring(struct carat_store *st, const char *scoring, struct err *err)
{
    int64_t found = 0, unused;
    free(st->scoring);
    st->scoring = scoring && *scoring ? strdup(scoring) : NULL;
    if (!scoring || !*scoring)
        return CARAT_OK;
    if (!st->scoring)
        return err_nomem(err, "the store");
    enum carat_err code = look_up(st, "SELECT count(*), 1 FROM task WHERE scoring = ?1", str_from(scoring), &found, &unused, err);
    if (code || found)
        return code;
    err_set(err, CARAT_EUSAGE, "'%s' has no scoring '%s'", st->path, scoring);
    return hint_scorings(st, err);
}

const char *carat_store_scoring(const struct carat_store *st) { return st->scoring; }

enum carat_err carat_store_values(struct carat_store *st, int64_t task, const char *metric,
                                  bool (*fn)(void *context, const struct carat_value_row *row), void *context,
                                  struct err *err)
{
    sqlite3_stmt *q;
    enum carat_err code =
        store_prepare(st,
                      "SELECT i.idx, v.value, i.cluster FROM metric m CROSS JOIN item i ON i.task = m.task"
                      " CROSS JOIN value v ON v.item = i.id AND v.metric = m.id"
                      " WHERE m.task = ?1 AND m.name = ?2 ORDER BY i.idx",
                      &q, err);
    if (code)
        return code;
    sqlite3_bind_int64(q, 1, task);
    store_bind_text(q, 2, str_from(metric));
    int rc;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        struct carat_value_row row = {.index = sqlite3_column_int64(q, 0),
                                      .value = column_real(q, 1),
                                      .shares = sqlite3_column_type(q, 2) != SQLITE_NULL,
                                      .cluster = sqlite3_column_int64(q, 2)};
        if (!fn(context, &row))
            break;
    }
    return end_rows(st, q, rc, err);
}

enum carat_err carat_store_metrics(struct carat_store *st, int64_t task, bool (*fn)(void *context, struct str name),
                                   void *context, struct err *err)
{
    sqlite3_stmt *q;
    enum carat_err code = store_prepare(st, "SELECT name FROM metric WHERE task = ?1 ORDER BY id", &q, err);
    if (code)
        return code;
    sqlite3_bind_int64(q, 1, task);
    int rc;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW)
        if (!fn(context, store_column(q, 0)))
            break;
    return end_rows(st, q, rc, err);
}

/* ---- whole items --------------------------------------------------------------------- */

/* An item on its way out: the record, its parts still writable, and where they live. */
struct item_in {
    struct carat_store *st;
    struct arena a;
    int64_t id;         /* whose answers and values they are */
    int64_t answers_id; /* whose choices, tokens and samples */
    struct carat_item_record record;
};

static enum carat_err damaged(const struct item_in *in, const char *what, struct err *err)
{
    return err_set(err, CARAT_EINPUT, "'%s' is damaged: %s of item %lld", in->st->path, what,
                   (long long)in->record.index);
}

/* A loop over an item's rows ended too early: SQLite failed, or a row was not what it must be. */
static enum carat_err stopped(const struct item_in *in, int rc, const char *what, struct err *err)
{
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? damaged(in, what, err) : store_fail(in->st, err, "read");
}

/* A kept statement with the item's id bound. */
static enum carat_err part_query(struct item_in *in, enum store_sql which, int64_t id, sqlite3_stmt **q, struct err *err)
{
    enum carat_err code = store_sql(in->st, which, q, err);
    if (!code)
        sqlite3_bind_int64(*q, 1, id);
    return code;
}

/* Room for one more of `size` bytes in a growing array. Old copies stay in the arena until the item is done. */
static void *grow(struct item_in *in, void *array, size_t n, size_t size)
{
    if (n & (n - 1) || n == 1) /* room is 2, 4, 8, ...: full at those counts alone */
        return array;
    void *more = arena_calloc(&in->a, n ? 2 * n : 2, size);
    if (more && n)
        memcpy(more, array, n * size);
    return more;
}

static bool inflate_column(struct item_in *in, sqlite3_stmt *q, int at, struct str *out)
{
    return pack_inflate(&in->st->pack, store_column(q, at), sqlite3_column_int64(q, at + 1), STR(""), &in->a, out);
}

static bool keep_column(struct item_in *in, sqlite3_stmt *q, int at, struct str *out)
{
    struct str s = store_column(q, at);
    *out = (struct str){arena_dup(&in->a, s.p, s.n), s.n};
    return out->p != NULL;
}

static enum carat_err get_text(struct item_in *in, int64_t id, struct str *out, struct err *err)
{
    sqlite3_stmt *q;
    enum carat_err code = store_sql(in->st, SQL_TEXT_GET, &q, err);
    if (code)
        return code;
    sqlite3_bind_int64(q, 1, id);
    struct str dict = STR("");
    int rc = sqlite3_step(q);
    int64_t dict_id = rc == SQLITE_ROW ? sqlite3_column_int64(q, 2) : 0;
    if (rc != SQLITE_ROW || (dict_id && !dict_read(in->st, dict_id, &dict)) ||
        !pack_inflate(&in->st->pack, store_column(q, 0), sqlite3_column_int64(q, 1), dict, &in->a, out))
        code = stopped(in, rc, "a text", err);
    sqlite3_reset(q);
    return code;
}

/* Sums, flags and counts into `choices`, whose continuations stand there already. */
static enum carat_err get_choices(struct item_in *in, struct carat_choice_record *choices, struct err *err)
{
    sqlite3_stmt *q;
    size_t n = 0;
    int rc;
    enum carat_err code = part_query(in, SQL_CHOICE_GET, in->answers_id, &q, err);
    if (code)
        return code;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW && n < in->record.n_choices) {
        int64_t n_ids = sqlite3_column_int64(q, 2);
        if (n_ids < 0)
            break;
        choices[n].logprob = column_real(q, 0);
        choices[n].greedy = sqlite3_column_int(q, 1) != 0;
        choices[n++].n_ids = (size_t)n_ids;
    }
    if (rc != SQLITE_DONE || n != in->record.n_choices)
        code = stopped(in, rc, "the choices", err);
    sqlite3_reset(q);
    return code;
}

/* Deals out the item's ids and log-probabilities to its choices. */
static bool deal_tokens(struct item_in *in, sqlite3_stmt *q, struct carat_choice_record *choices)
{
    size_t n = 0, n_ids, at = 0;
    struct str bytes;
    int32_t *ids = NULL;
    double *reals = NULL;
    for (size_t i = 0; i < in->record.n_choices; i++)
        if (!num_add(n, choices[i].n_ids, &n))
            return false;
    if (sqlite3_column_type(q, 0) != SQLITE_NULL &&
        (!inflate_column(in, q, 0, &bytes) || !pack_read_ids(bytes, &in->a, &ids, &n_ids) || n_ids != n))
        return false;
    int form = sqlite3_column_int(q, 4);
    if (sqlite3_column_type(q, 2) != SQLITE_NULL &&
        (!inflate_column(in, q, 2, &bytes) ||
         !(form ? pack_read_floats : pack_read_reals)(bytes, n, &in->a, &reals) || form < 0 || form > 1))
        return false;
    for (size_t i = 0; i < in->record.n_choices; i++) {
        choices[i].ids = ids && choices[i].n_ids ? ids + at : NULL;
        choices[i].logprobs = reals && choices[i].n_ids ? reals + at : NULL;
        at += choices[i].n_ids;
    }
    return true;
}

static enum carat_err get_tokens(struct item_in *in, struct carat_choice_record *choices, struct err *err)
{
    sqlite3_stmt *q;
    enum carat_err code = part_query(in, SQL_TOKENS_GET, in->answers_id, &q, err);
    if (code)
        return code;
    int rc = sqlite3_step(q);
    if (rc != SQLITE_DONE && (rc != SQLITE_ROW || !deal_tokens(in, q, choices)))
        code = stopped(in, rc, "the tokens", err);
    sqlite3_reset(q);
    return code;
}

/* The texts, then what hangs on them. */
static enum carat_err get_asked(struct item_in *in, int64_t prefix, int64_t asked, struct err *err)
{
    struct str json;
    struct pack_asked texts;
    struct carat_item_record *r = &in->record;
    enum carat_err code;
    if ((prefix && (code = get_text(in, prefix, &r->prefix, err))) || (code = get_text(in, asked, &json, err)))
        return code;
    if (!pack_read_asked(json, &in->a, &texts))
        return damaged(in, "the texts", err);
    struct carat_choice_record *choices =
        arena_calloc(&in->a, texts.n_choices ? texts.n_choices : 1, sizeof *choices);
    if (!choices)
        return err_nomem(err, "an item");
    for (size_t i = 0; i < texts.n_choices; i++)
        choices[i].continuation = texts.choices[i];
    r->prompt = texts.prompt;
    r->prompts = texts.prompts;
    r->target = texts.target;
    r->choices = choices;
    r->n_choices = texts.n_choices;
    code = get_choices(in, choices, err);
    return code ? code : get_tokens(in, choices, err);
}

static bool get_margins(struct item_in *in, sqlite3_stmt *q, struct carat_sample_record *s)
{
    struct str bytes;
    double *margins;
    s->margins = NULL;
    if (sqlite3_column_type(q, 7) == SQLITE_NULL)
        return true;
    if (!inflate_column(in, q, 7, &bytes) || !pack_read_reals(bytes, s->n_ids, &in->a, &margins))
        return false;
    s->margins = s->n_ids ? margins : NULL;
    return true;
}

static enum carat_err get_samples(struct item_in *in, struct err *err)
{
    sqlite3_stmt *q;
    struct carat_sample_record *samples = NULL;
    size_t *n = &in->record.n_samples;
    int rc;
    enum carat_err code = part_query(in, SQL_SAMPLE_GET, in->answers_id, &q, err);
    if (code)
        return code;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        struct str bytes;
        int32_t *ids;
        samples = grow(in, samples, *n, sizeof *samples);
        if (!samples || !inflate_column(in, q, 0, &samples[*n].text) || !inflate_column(in, q, 2, &bytes) ||
            !pack_read_ids(bytes, &in->a, &ids, &samples[*n].n_ids) || !keep_column(in, q, 4, &samples[*n].finish) ||
            !inflate_column(in, q, 5, &samples[*n].verdict) || !get_margins(in, q, &samples[*n]))
            break;
        samples[*n].ids = samples[*n].n_ids ? ids : NULL;
        ++*n;
    }
    if (rc != SQLITE_DONE)
        code = stopped(in, rc, "a sample", err);
    in->record.samples = samples;
    sqlite3_reset(q);
    return code;
}

static enum carat_err get_answers(struct item_in *in, struct err *err)
{
    sqlite3_stmt *q;
    struct carat_answer_record *answers = NULL;
    size_t *n = &in->record.n_answers;
    int rc;
    enum carat_err code = part_query(in, SQL_ANSWER_GET, in->id, &q, err);
    if (code)
        return code;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        answers = grow(in, answers, *n, sizeof *answers);
        if (!answers || !keep_column(in, q, 1, &answers[*n].filter) || !inflate_column(in, q, 2, &answers[*n].answer))
            break;
        answers[*n].sample = sqlite3_column_int(q, 0);
        answers[*n].score = column_real(q, 4);
        ++*n;
    }
    if (rc != SQLITE_DONE)
        code = stopped(in, rc, "an answer", err);
    in->record.answers = answers;
    sqlite3_reset(q);
    return code;
}

static enum carat_err get_values(struct item_in *in, struct err *err)
{
    sqlite3_stmt *q;
    struct carat_metric_record *metrics = NULL;
    size_t *n = &in->record.n_metrics;
    int rc;
    enum carat_err code = part_query(in, SQL_VALUE_GET, in->id, &q, err);
    if (code)
        return code;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        metrics = grow(in, metrics, *n, sizeof *metrics);
        if (!metrics || !keep_column(in, q, 0, &metrics[*n].name))
            break;
        metrics[*n].value = column_real(q, 1);
        ++*n;
    }
    if (rc != SQLITE_DONE)
        code = stopped(in, rc, "a metric", err);
    in->record.metrics = metrics;
    sqlite3_reset(q);
    return code;
}

/* The item whose head `q` stands at. */
static enum carat_err get_item(struct item_in *in, sqlite3_stmt *q, struct err *err)
{
    enum carat_err code;
    int64_t outcome = sqlite3_column_int64(q, 7);
    arena_reset(&in->a);
    in->id = sqlite3_column_int64(q, 0);
    in->record = (struct carat_item_record){
        .index = sqlite3_column_int64(q, 1),
        .id = store_column(q, 2),
        .prefix = STR(""),
        .gold = sqlite3_column_int(q, 6),
        .outcome = (enum carat_outcome)outcome,
        .context_tokens = (size_t)sqlite3_column_int64(q, 8),
        .wall_ms = column_real(q, 9),
        .message = store_column(q, 10),
        .truncated_tokens = (size_t)sqlite3_column_int64(q, 11),
        .shares_answers = sqlite3_column_type(q, 12) != SQLITE_NULL,
        .cluster_of = sqlite3_column_type(q, 13) != SQLITE_NULL ? store_column(q, 14) : STR(""),
        .cluster = sqlite3_column_int64(q, 13),
    };
    in->answers_id = in->record.shares_answers ? sqlite3_column_int64(q, 12) : in->id;
    if (outcome < 0 || outcome > CARAT_REFUSED || !pack_read_hash(store_column(q, 3), &in->a, &in->record.row_sha256))
        return damaged(in, "the head", err);
    if ((code = get_asked(in, sqlite3_column_int64(q, 4), sqlite3_column_int64(q, 5), err)) ||
        (code = get_samples(in, err)) || (code = get_answers(in, err)))
        return code;
    return get_values(in, err);
}

enum carat_err carat_store_items(struct carat_store *st, int64_t task, int64_t first, int64_t limit,
                                 bool (*fn)(void *context, const struct carat_item_record *item), void *context,
                                 struct err *err)
{
    struct item_in in = {.st = st, .a = ARENA_INIT};
    sqlite3_stmt *q;
    int rc;
    enum carat_err code = store_prepare(st,
                                        "SELECT id, idx, label, row_sha256, prefix, asked, gold, outcome,"
                                        " context_tokens, wall_ms, message, truncated_tokens, answers_of, cluster,"
                                        " (SELECT clusters FROM task WHERE id = ?1) FROM item"
                                        " WHERE task = ?1 AND idx >= ?2 ORDER BY idx LIMIT ?3",
                                        &q, err);
    if (code)
        return code;
    sqlite3_bind_int64(q, 1, task);
    sqlite3_bind_int64(q, 2, first);
    sqlite3_bind_int64(q, 3, limit > 0 ? limit : -1);
    while ((rc = sqlite3_step(q)) == SQLITE_ROW)
        if ((code = get_item(&in, q, err)) || !fn(context, &in.record))
            break;
    arena_release(&in.a);
    if (code) {
        sqlite3_finalize(q);
        return code;
    }
    return end_rows(st, q, rc, err);
}

const char *carat_outcome_name(enum carat_outcome outcome)
{
    static const char *const names[] = {"right", "wrong", "unparsed", "cut off", "empty", "refused"};
    return (unsigned)outcome < sizeof names / sizeof *names ? names[outcome] : "?";
}
