#define _GNU_SOURCE
#include "export_int.h"

#include "harness/eval/eval.h"
#include "harness/eval/leaf_score.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- reading the run --------------------------------------------------------------------------------- */

struct loading {
    const struct export_options *o;
    struct export_run *run;
    bool failed;
};

static struct str keep(struct loading *l, struct str s)
{
    char *p = arena_dup(&l->run->arena, s.p, s.n);
    l->failed |= !p;
    return (struct str){p ? p : "", p ? s.n : 0};
}

static json_t *parse(struct loading *l, struct str s)
{
    json_t *value = NULL;
    if (json_read(s, "settings", 0, &value, NULL))
        value = json_object();
    l->failed |= !value;
    return value;
}

static bool take_run(void *context, const struct carat_run_row *row)
{
    struct loading *l = context;
    if (row->id != l->o->run)
        return true;
    struct carat_run_row *r = &l->run->row;
    *r = *row;
    struct str *const texts[] = {&r->key, &r->model_name, &r->model_path, &r->weights_sha256, &r->tokenizer_sha256, &r->settings,
                                 &r->carat_version, &r->compiler, &r->isa, &r->cpu, &r->started};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = keep(l, *texts[i]);
    l->run->settings = parse(l, r->settings);
    return false;
}

static bool is_wanted(const struct export_options *o, const struct carat_task_row *row)
{
    for (size_t i = 0; i < o->n_tasks; i++)
        if (str_eq(str_from(o->tasks[i]), row->name) || str_eq(str_from(o->tasks[i]), row->parent))
            return true;
    return !o->n_tasks;
}

static bool take_task(void *context, const struct carat_task_row *row)
{
    struct loading *l = context;
    if (!is_wanted(l->o, row))
        return true;
    struct export_task *more = realloc(l->run->tasks, (l->run->n_tasks + 1) * sizeof *more);
    if (!more) {
        l->failed = true;
        return false;
    }
    l->run->tasks = more;
    struct export_task *t = &more[l->run->n_tasks++];
    *t = (struct export_task){.row = *row};
    struct carat_task_row *r = &t->row;
    struct str *const texts[] = {&r->name, &r->parent, &r->subgroup, &r->title, &r->capability, &r->headline, &r->settings,
                                 &r->data_path, &r->data_sha256, &r->shots_sha256, &r->started, &r->scoring};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = keep(l, *texts[i]);
    t->settings = parse(l, r->settings);
    return !l->failed;
}

struct names {
    struct loading *l;
    struct export_task *task;
};

static bool take_metric(void *context, struct str name)
{
    struct names *n = context;
    if (metric_is_sum(name))
        return true;
    struct export_metric *more = realloc(n->task->metrics, (n->task->n_metrics + 1) * sizeof *more);
    if (!more) {
        n->l->failed = true;
        return false;
    }
    n->task->metrics = more;
    more[n->task->n_metrics++] = (struct export_metric){.name = keep(n->l, name)};
    return !n->l->failed;
}

static enum carat_err load_metrics(struct loading *l, struct export_task *t, struct err *err)
{
    struct names names = {l, t};
    enum carat_err rc = carat_store_metrics(l->o->store, t->row.id, take_metric, &names, err);
    for (size_t i = 0; i < t->n_metrics && !rc; i++) {
        struct leaf_metric metric = {.task = t->row.id, .metric = t->metrics[i].name, .settings = t->row.settings,
                                     .clusters = t->row.clusters};
        struct leaf_score score;
        rc = leaf_score(l->o->store, &metric, &score, err);
        t->metrics[i].mean = score.mean;
        t->metrics[i].higher_is_better = score.share || score.points;
        leaf_score_release(&score);
    }
    return rc;
}

enum carat_err export_load(const struct export_options *o, struct export_run *out, struct err *err)
{
    *out = (struct export_run){.arena = ARENA_INIT};
    struct loading l = {.o = o, .run = out};
    enum carat_err rc = carat_store_runs(o->store, take_run, &l, err);
    if (!rc)
        rc = carat_store_tasks(o->store, o->run, take_task, &l, err);
    for (size_t i = 0; i < out->n_tasks && !rc && !l.failed; i++)
        rc = load_metrics(&l, &out->tasks[i], err);
    if (!rc && l.failed)
        rc = err_nomem(err, "the run");
    if (!rc && !out->n_tasks) {
        rc = err_set(err, CARAT_EUSAGE, "the run has no such task");
        err_hint(err, "'carat report' shows what it has");
    }
    if (rc)
        export_release(out);
    return rc;
}

void export_release(struct export_run *run)
{
    for (size_t i = 0; i < run->n_tasks; i++) {
        json_decref(run->tasks[i].settings);
        free(run->tasks[i].metrics);
    }
    free(run->tasks);
    json_decref(run->settings);
    arena_release(&run->arena);
    *run = (struct export_run){.arena = ARENA_INIT};
}

/* ---- files ------------------------------------------------------------------------------------------- */

enum carat_err export_file_open(const char *dir, const char *name, struct export_file *out, struct err *err)
{
    *out = (struct export_file){.path = file_join(dir, name)};
    if (!out->path || asprintf(&out->temporary, "%s.part", out->path) < 0) {
        out->temporary = NULL;
        export_file_drop(out);
        return err_nomem(err, "a name");
    }
    out->f = fopen(out->temporary, "wbe");
    if (out->f)
        return CARAT_OK;
    err_set(err, CARAT_EIO, "cannot write '%s': %s", out->temporary, strerror(errno));
    export_file_drop(out);
    return CARAT_EIO;
}

enum carat_err export_file_close(struct export_file *file, struct err *err)
{
    bool failed = ferror(file->f) || fflush(file->f) || fsync(fileno(file->f));
    failed = fclose(file->f) || failed;
    file->f = NULL;
    failed = failed || rename(file->temporary, file->path);
    enum carat_err rc = failed ? err_set(err, CARAT_EIO, "cannot write '%s': %s", file->path, strerror(errno)) : CARAT_OK;
    if (!failed) {
        free(file->temporary);
        file->temporary = NULL;
    }
    export_file_drop(file);
    return rc;
}

void export_file_drop(struct export_file *file)
{
    if (file->f)
        fclose(file->f);
    if (file->temporary)
        unlink(file->temporary);
    free(file->temporary);
    free(file->path);
    *file = (struct export_file){0};
}
