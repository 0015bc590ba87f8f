/* The figure of scores: what its bars, whiskers and lines of chance stand for. reports/ draws it. */
#include <math.h>

#include "summary_rows.h"

/* "HellaSwag (0-shot, acc_norm)", as far as it is known. */
static void describe_benchmark(const struct score *s, struct buf *out)
{
    buf_addstr(out, s->title);
    if (s->shots >= 0)
        buf_printf(out, " (%d-shot", s->shots);
    if (s->metric.n)
        buf_printf(out, "%s%.*s", s->shots >= 0 ? ", " : " (", (int)s->metric.n, s->metric.p);
    buf_adds(out, s->shots >= 0 || s->metric.n ? ")" : "");
}

/* "Reasoning: HellaSwag (0-shot); ..." in small print: what a bar is the mean of. */
static enum carat_err describe_groups(const struct summary *sum, const struct rows *rows, const struct group *groups,
                                      size_t n_groups, bool each, struct arena *arena, struct str *out, struct err *err)
{
    struct buf b = BUF_INIT(1 << 16);
    for (size_t g = 0; g < n_groups; g++) {
        buf_adds(&b, g ? "; " : "");
        if (!each)
            buf_printf(&b, "%.*s: ", (int)groups[g].name.n, groups[g].name.p);
        for (size_t i = groups[g].first; i < groups[g].last; i++) {
            buf_adds(&b, i > groups[g].first ? ", " : "");
            describe_benchmark(rows->items[i].any, &b);
        }
    }
    if (sum->source && !sum->n_measured)
        buf_printf(&b, ".\nPublished, not measured: %s.", sum->source);
    else if (sum->source)
        buf_printf(&b, ".\nHatched bars are published, not measured: %s; %s. Their prompts may differ.", sum->source,
                   each ? "shown where a run has the benchmark" : "means over just the benchmarks above");
    char *p = arena_dup(arena, b.p, b.n);
    *out = (struct str){p, b.n};
    buf_release(&b);
    return p ? CARAT_OK : err_nomem(err, "the figure");
}

/* Each benchmark a group of its own, so that the same figure can be drawn of them. */
static enum carat_err benchmarks_as_groups(const struct rows *rows, struct arena *arena, struct group **out, size_t *n,
                                           struct err *err)
{
    *n = rows->n;
    *out = arena_calloc(arena, rows->n + 1, sizeof **out);
    if (!*out)
        return err_nomem(err, "the figure");
    for (size_t i = 0; i < rows->n; i++)
        (*out)[i] = (struct group){.name = rows->items[i].any->title, .first = i, .last = i + 1};
    return CARAT_OK;
}

enum carat_err summary_figure(const struct summary *s, const struct figure_style *style, struct arena *arena,
                              struct carat_figure *out, struct err *err)
{
    struct rows rows;
    struct group *groups;
    size_t n_groups;
    struct str note;
    bool each = style->per_benchmark;
    enum carat_err rc = rows_collect(s, arena, &rows, err);
    if (!rc)
        rc = (each ? benchmarks_as_groups : rows_group)(&rows, arena, &groups, &n_groups, err);
    if (!rc && !n_groups)
        rc = err_set(err, CARAT_EINPUT, "there is nothing to draw: no scores%s",
                     each ? "" : " of a benchmark with a capability group");
    if (!rc)
        rc = describe_groups(s, &rows, groups, n_groups, each, arena, &note, err);
    if (rc)
        return rc;
    struct str *names = arena_calloc(arena, n_groups, sizeof *names);
    struct carat_series *series = arena_calloc(arena, s->n_runs, sizeof *series);
    struct carat_cell *cells = arena_calloc(arena, n_groups * s->n_runs, sizeof *cells);
    double *chance = arena_calloc(arena, n_groups, sizeof *chance);
    if (!names || !series || !cells || !chance)
        return err_nomem(err, "the figure");
    for (size_t g = 0; g < n_groups; g++) {
        names[g] = groups[g].name;
        chance[g] = group_chance(&rows, &groups[g]);
        if (chance[g] <= 0)
            chance[g] = NAN; /* nothing to be guessed: no line at the axis */
        for (size_t r = 0; r < s->n_runs; r++)
            cells[g * s->n_runs + r] = group_cell(&rows, &groups[g], r);
    }
    for (size_t r = 0; r < s->n_runs; r++)
        series[r] = (struct carat_series){.name = s->runs[r].name, .published = r >= s->n_measured};
    const char *title = style->title     ? style->title
                        : each           ? "Performance by benchmark"
                                         : "Performance by capability";
    const char *subtitle = !s->n_measured ? (each ? "published scores" : "mean of each group's benchmarks; published scores")
                           : each         ? "whiskers: 95 % interval"
                                          : "mean of each group's benchmarks; whiskers: 95 % interval";
    *out = (struct carat_figure){.title = str_from(title),
                                 .subtitle = str_from(subtitle),
                                 .y_label = STR("score (%)"),
                                 .groups = names,
                                 .n_groups = n_groups,
                                 .series = series,
                                 .n_series = s->n_runs,
                                 .cells = cells,
                                 .chance = chance,
                                 .note = note,
                                 .dark = style->dark};
    return CARAT_OK;
}
