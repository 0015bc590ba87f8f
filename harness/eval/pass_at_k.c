/* pass@10, maj@8 and their like: what a sampled run knows besides its headline; and how a judge came to its verdicts. */
#include <math.h>
#include <stdlib.h>

#include "summary.h"

struct collector {
    struct arena *arena;
    struct pass_at_k *items;  /* arena */
    size_t n, cap;
    int64_t run;
    bool failed;
};

static struct pass_at_k *add(struct collector *c)
{
    if (c->n == c->cap) {
        size_t cap = c->cap ? 2 * c->cap : 16;
        struct pass_at_k *p = arena_calloc(c->arena, cap, sizeof *p);
        if (p && c->n)
            memcpy(p, c->items, c->n * sizeof *p);
        c->items = p ? p : c->items;
        c->cap = p ? cap : c->cap;
        c->failed |= !p;
    }
    return c->failed ? NULL : &c->items[c->n++];
}

static struct str keep(struct collector *c, struct str s)
{
    char *p = arena_dup(c->arena, s.p, s.n);
    c->failed |= !p;
    return (struct str){p ? p : "", p ? s.n : 0};
}

/* A row for each task; of its metrics those called "NAME@k", but for the headline, and "decided_by_..." become rows later. */
static bool take_task(void *context, const struct carat_task_row *row)
{
    struct collector *c = context;
    struct pass_at_k *p = row->n_items ? add(c) : NULL;
    if (p)
        *p = (struct pass_at_k){.run = c->run,
                                .task = row->id,
                                .name = keep(c, row->name),
                                .title = keep(c, row->title),
                                .metric = keep(c, row->headline)};
    return !c->failed;
}

struct metric_list {
    struct collector *out;
    struct pass_at_k task;    /* its metric: the headline */
};

static bool take_metric(void *context, struct str name)
{
    struct metric_list *l = context;
    bool wanted = str_find(name, STR("@"), 0) >= 0 || str_starts(name, STR("decided_by_"));
    if (!wanted || str_eq(name, l->task.metric))
        return true;
    struct pass_at_k *p = add(l->out);
    if (p) {
        *p = l->task;
        p->metric = keep(l->out, name);
    }
    return !l->out->failed;
}

struct values {
    double *items;
    size_t n, cap;
};

static bool take_value(void *context, const struct carat_value_row *row)
{
    struct values *v = context;
    if (v->n < v->cap)
        v->items[v->n++] = row->value;
    return true;
}

static bool count_value(void *context, const struct carat_value_row *row)
{
    (void)row;
    ((struct values *)context)->cap++;
    return true;
}

static enum carat_err read_mean(struct carat_store *st, struct arena *arena, struct pass_at_k *p, struct err *err)
{
    struct values v = {0};
    enum carat_err rc = carat_store_values(st, p->task, p->metric.p, count_value, &v, err);
    v.items = rc ? NULL : arena_calloc(arena, v.cap + 1, sizeof *v.items);
    if (!rc && !v.items)
        rc = err_nomem(err, "the scores");
    if (!rc)
        rc = carat_store_values(st, p->task, p->metric.p, take_value, &v, err);
    if (!rc)
        stat_mean(v.items, v.n, &p->mean);
    return rc;
}

enum carat_err pass_at_k_load(struct carat_store *st, const int64_t *runs, size_t n_runs, struct arena *arena,
                              struct pass_at_k **out, size_t *n, struct err *err)
{
    struct collector tasks = {.arena = arena}, rows = {.arena = arena};
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; i < n_runs && !rc; i++) {
        tasks.run = runs[i];
        rc = carat_store_tasks(st, runs[i], take_task, &tasks, err);
    }
    for (size_t i = 0; i < tasks.n && !rc; i++) {
        struct metric_list l = {.out = &rows, .task = tasks.items[i]};
        rc = carat_store_metrics(st, l.task.task, take_metric, &l, err);
    }
    if (!rc && (tasks.failed || rows.failed))
        rc = err_nomem(err, "the scores");
    for (size_t i = 0; i < rows.n && !rc; i++)
        rc = read_mean(st, arena, &rows.items[i], err);
    *out = rows.items;
    *n = rc ? 0 : rows.n;
    return rc;
}

void pass_at_k_text(const struct pass_at_k *p, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        const struct stat_mean *m = &p[i].mean;
        buf_printf(out, "run %lld  %s  %s  %.1f (", (long long)p[i].run, p[i].title.p, p[i].metric.p, 100 * m->mean);
        if (isfinite(m->high))
            buf_printf(out, "95 %%: %.1f to %.1f, ", 100 * m->low, 100 * m->high);
        buf_printf(out, "n = %zu)\n", m->n);
    }
}

static json_t *number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

json_t *pass_at_k_json(const struct pass_at_k *p, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < n; i++) {
        const struct stat_mean *m = &p[i].mean;
        json_t *row = json_pack("{s:I, s:o, s:s, s:o, s:o, s:o, s:I}", "run", (json_int_t)p[i].run, "task",
                                json_text(p[i].name), "metric", p[i].metric.p, "value", number(m->mean), "low",
                                number(m->low), "high", number(m->high), "n", (json_int_t)m->n);
        if (!row || json_array_append_new(list, row)) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}
