/* plain.c - a run for spreadsheets and scripts: two files of CSV, or two of JSON. The columns and keys are kept as they
 * are from version to version; docs/export.md tells what each means. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "export_int.h"

struct writer {
    struct export_file file;
    struct str task;
    struct buf line;
    bool failed;
};

/* ---- CSV (RFC 4180, but for lines ended by LF) --------------------------------------------------------- */

static void add_field(struct buf *out, struct str s)
{
    bool quoted = false;
    for (size_t i = 0; i < s.n; i++)
        quoted |= strchr(",\"\r\n", s.p[i]) != NULL; /* a NUL, too */
    if (out->n && out->p[out->n - 1] != '\n')
        buf_addc(out, ',');
    if (!quoted) {
        buf_adds(out, s.n ? "" : "\"\""); /* so that a first field that is empty leaves its comma */
        buf_addstr(out, s);
        return;
    }
    buf_addc(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"')
            buf_addc(out, '"');
        buf_addc(out, s.p[i]);
    }
    buf_addc(out, '"');
}

static void add_integer(struct buf *out, int64_t x)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)x);
    add_field(out, str_from(text));
}

static void add_real(struct buf *out, double x)
{
    char text[NUM_DOUBLE_MAX];
    add_field(out, isfinite(x) ? str_from(num_format_double(x, text)) : STR(""));
}

static void add_score(struct buf *out, const struct export_run *run, const struct export_task *t, const struct export_metric *m)
{
    const struct str texts[] = {run->row.model_name, t->row.name, t->row.parent, t->row.capability, m->name};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        add_field(out, texts[i]);
    add_field(out, str_eq(m->name, t->row.headline) ? STR("1") : STR("0"));
    add_integer(out, t->row.shots);
    add_integer(out, t->row.version);
    add_integer(out, (int64_t)m->mean.n);
    add_real(out, m->mean.mean);
    add_real(out, m->mean.stderr_mean);
    add_real(out, m->mean.low);
    add_real(out, m->mean.high);
    for (int k = 0; k < 6; k++)
        add_integer(out, t->row.outcomes[k]);
    buf_addc(out, '\n');
}

static bool add_scores(const struct export_run *run, struct buf *out)
{
    buf_adds(out, "model,task,benchmark,capability,metric,headline,shots,version,n,value,stderr,low,high,right,wrong,unparsed,"
                  "cut_off,empty,refused\n");
    for (size_t i = 0; i < run->n_tasks; i++)
        for (size_t m = 0; m < run->tasks[i].n_metrics; m++)
            add_score(out, run, &run->tasks[i], &run->tasks[i].metrics[m]);
    return !buf_failed(out);
}

static const char items_head[] = "task,index,id,outcome,target,answer,metric,value\n";

/* What the model answered: the likeliest choice's number, or what was extracted for this metric. */
static void add_answer(struct buf *out, const struct carat_item_record *item, struct str metric)
{
    ptrdiff_t comma = str_find(metric, STR(","), 0);
    struct str filter = comma < 0 ? STR("") : (struct str){metric.p + comma + 1, metric.n - (size_t)comma - 1};
    size_t best = 0;
    for (size_t i = 1; i < item->n_choices; i++)
        if (item->choices[i].logprob > item->choices[best].logprob)
            best = i;
    if (item->n_choices) {
        add_integer(out, (int64_t)best);
        return;
    }
    for (size_t i = 0; i < item->n_answers; i++) {
        if (!filter.n || str_eq(item->answers[i].filter, filter)) {
            add_field(out, item->answers[i].answer);
            return;
        }
    }
    add_field(out, STR(""));
}

static bool write_rows(void *context, const struct carat_item_record *item)
{
    struct writer *w = context;
    buf_clear(&w->line);
    for (size_t i = 0; i < (item->n_metrics ? item->n_metrics : 1); i++) {
        struct str metric = item->n_metrics ? item->metrics[i].name : STR("");
        if (metric_is_sum(metric))
            continue;
        add_field(&w->line, w->task);
        add_integer(&w->line, item->index);
        add_field(&w->line, item->id);
        add_field(&w->line, str_from(carat_outcome_name(item->outcome)));
        add_field(&w->line, item->target);
        add_answer(&w->line, item, metric);
        add_field(&w->line, metric);
        add_real(&w->line, item->n_metrics ? item->metrics[i].value : (double)NAN);
        buf_addc(&w->line, '\n');
    }
    w->failed = buf_failed(&w->line);
    fwrite(buf_str(&w->line).p, 1, w->line.n, w->file.f);
    return !w->failed;
}

/* ---- JSON ---------------------------------------------------------------------------------------------- */

static bool write_line(void *context, const struct carat_item_record *item)
{
    struct writer *w = context;
    json_t *line = export_item(w->task, item);
    buf_clear(&w->line);
    w->failed = !line || json_write(line, &w->line) || buf_addc(&w->line, '\n');
    if (!w->failed)
        fwrite(w->line.p, 1, w->line.n, w->file.f);
    json_decref(line);
    return !w->failed;
}

static json_t *task_json(const struct export_task *t)
{
    json_t *metrics = json_object(), *outcomes = json_object();
    for (size_t i = 0; i < t->n_metrics; i++) {
        const struct stat_mean *m = &t->metrics[i].mean;
        json_object_setn_new(metrics, t->metrics[i].name.p, t->metrics[i].name.n,
                             json_pack("{s:I, s:o, s:o, s:o, s:o}", "n", (json_int_t)m->n, "value", json_real_or_null(m->mean),
                                       "stderr", json_real_or_null(m->stderr_mean), "low", json_real_or_null(m->low), "high",
                                       json_real_or_null(m->high)));
    }
    for (int k = 0; k < 6; k++)
        json_object_set_new(outcomes, carat_outcome_name((enum carat_outcome)k), json_integer(t->row.outcomes[k]));
    return json_pack("{s:o, s:o, s:o, s:o, s:i, s:i, s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:O, s:o}", "task", json_text(t->row.name),
                     "benchmark", json_text(t->row.parent), "title", json_text(t->row.title), "capability",
                     json_text(t->row.capability), "shots", t->row.shots, "version", t->row.version, "headline",
                     json_text(t->row.headline), "n_items", (json_int_t)t->row.n_items, "n_planned",
                     (json_int_t)t->row.n_planned, "n_rows", (json_int_t)t->row.n_rows, "data", json_text(t->row.data_path),
                     "data_sha256", json_text(t->row.data_sha256), "outcomes", outcomes, "settings", t->settings, "metrics",
                     metrics);
}

static json_t *run_json(const struct export_run *run)
{
    json_t *tasks = json_array();
    for (size_t i = 0; i < run->n_tasks; i++)
        json_array_append_new(tasks, task_json(&run->tasks[i]));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:O, s:o}", "model", json_text(run->row.model_name), "path",
                     json_text(run->row.model_path), "key", json_text(run->row.key), "weights_sha256",
                     json_text(run->row.weights_sha256), "tokenizer_sha256", json_text(run->row.tokenizer_sha256), "carat",
                     json_text(run->row.carat_version), "compiler", json_text(run->row.compiler), "isa",
                     json_text(run->row.isa), "cpu", json_text(run->row.cpu), "started", json_text(run->row.started), "settings",
                     run->settings, "tasks", tasks);
}

static bool add_run(const struct export_run *run, struct buf *out)
{
    json_t *about = run_json(run);
    bool added = about && !json_write(about, out) && !buf_addc(out, '\n');
    json_decref(about);
    return added;
}

/* ---- both ------------------------------------------------------------------------------------------------ */

/* A file of rows, one item after the other, and a file about the run. */
struct form {
    const char *items_name, *items_head, *about_name;
    bool (*item)(void *writer, const struct carat_item_record *item);
    bool (*about)(const struct export_run *run, struct buf *out); /* false: memory is short */
};
static const struct form csv = {"items.csv", items_head, "scores.csv", write_rows, add_scores};
static const struct form json = {"items.jsonl", "", "run.json", write_line, add_run};

static enum carat_err write_whole(const char *dir, const char *name, struct str text, struct err *err)
{
    char *path = file_join(dir, name);
    enum carat_err rc = path ? file_write(path, text.p, text.n, err) : err_nomem(err, "a name");
    free(path);
    return rc;
}

static enum carat_err write_items(const struct export_options *o, const struct export_run *run, const struct form *form,
                                  struct err *err)
{
    struct writer w = {.line = BUF_INIT(BUF_MAX_DEFAULT)};
    enum carat_err rc = export_file_open(o->dir, form->items_name, &w.file, err);
    if (rc)
        return rc;
    fputs(form->items_head, w.file.f);
    for (size_t i = 0; i < run->n_tasks && !rc; i++) {
        w.task = run->tasks[i].row.name;
        rc = carat_store_items(o->store, run->tasks[i].row.id, 0, 0, form->item, &w, err);
        if (!rc && w.failed)
            rc = err_nomem(err, "an item");
    }
    if (!rc)
        rc = export_file_close(&w.file, err);
    export_file_drop(&w.file);
    buf_release(&w.line);
    return rc;
}

static enum carat_err export_as(const struct form *form, const struct export_options *o, struct err *err)
{
    struct export_run run;
    struct buf about = BUF_INIT(BUF_MAX_DEFAULT);
    enum carat_err rc = export_load(o, &run, err);
    if (rc)
        return rc;
    rc = file_mkdirs(o->dir, err);
    if (!rc && !form->about(&run, &about))
        rc = err_nomem(err, "the run");
    if (!rc)
        rc = write_items(o, &run, form, err);
    if (!rc)
        rc = write_whole(o->dir, form->about_name, buf_str(&about), err);
    buf_release(&about);
    export_release(&run);
    return rc;
}

enum carat_err export_csv(const struct export_options *o, struct err *err)
{
    return export_as(&csv, o, err);
}

enum carat_err export_json(const struct export_options *o, struct err *err)
{
    return export_as(&json, o, err);
}
