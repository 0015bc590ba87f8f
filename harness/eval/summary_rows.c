#include "summary_rows.h"

#include <math.h>
#include <stdlib.h>

#include "groups.h"

/* ---- benchmarks side by side ---------------------------------------------------------------------- */

static bool same_row(const struct score *a, const struct score *b)
{
    return str_eq(a->name, b->name) && a->shots == b->shots && a->version == b->version &&
           str_eq(a->metric, b->metric) && a->asked == b->asked;
}

const struct score *summary_same_score(const struct summary_run *run, const struct score *score)
{
    for (size_t i = 0; i < run->n_scores; i++)
        if (same_row(&run->scores[i], score))
            return &run->scores[i];
    return NULL;
}

/* A published score says too little of how it was asked to be told apart by it. */
static bool belongs(const struct score *row, const struct score *score)
{
    return score->published ? str_eq(row->name, score->name) : same_row(row, score);
}

static size_t group_rank(struct str group)
{
    const char *const *order = capability_order();
    size_t i = 0;
    while (order[i] && !str_eq(str_from(order[i]), group))
        i++;
    return group.n ? i : SIZE_MAX;
}

static int compare_rows(const void *pa, const void *pb)
{
    const struct score *a = ((const struct bench_row *)pa)->any, *b = ((const struct bench_row *)pb)->any;
    size_t ra = group_rank(a->capability), rb = group_rank(b->capability);
    if (ra != rb)
        return ra < rb ? -1 : 1;
    int c = str_cmp(a->capability, b->capability);
    if (!c)
        c = str_cmp(a->title, b->title);
    return c ? c : (a->shots > b->shots) - (a->shots < b->shots);
}

enum carat_err rows_collect(const struct summary *s, struct arena *arena, struct rows *out, struct err *err)
{
    size_t most = 0;
    for (size_t r = 0; r < s->n_runs; r++)
        most += s->runs[r].n_scores;
    out->n = 0;
    out->items = arena_calloc(arena, most + 1, sizeof *out->items);
    if (!out->items)
        return err_nomem(err, "a table");
    for (size_t r = 0; r < s->n_runs; r++) {
        for (size_t i = 0; i < s->runs[r].n_scores; i++) {
            const struct score *score = &s->runs[r].scores[i];
            bool found = false;
            for (size_t k = 0; k < out->n; k++) {
                if (belongs(out->items[k].any, score)) {
                    out->items[k].of[r] = score;
                    found = true;
                }
            }
            if (found || (score->published && s->n_measured))
                continue;
            struct bench_row *row = &out->items[out->n++];
            row->any = score;
            row->of = arena_calloc(arena, s->n_runs, sizeof *row->of);
            if (!row->of)
                return err_nomem(err, "a table");
            row->of[r] = score;
        }
    }
    qsort(out->items, out->n, sizeof *out->items, compare_rows);
    return CARAT_OK;
}

/* ---- capability groups ----------------------------------------------------------------------------- */

enum carat_err rows_group(const struct rows *rows, struct arena *arena, struct group **out, size_t *n,
                                  struct err *err)
{
    *n = 0;
    *out = arena_calloc(arena, rows->n + 2, sizeof **out);
    if (!*out)
        return err_nomem(err, "the groups");
    for (size_t i = 0; i < rows->n;) {
        size_t first = i;
        struct str name = rows->items[i].any->capability;
        while (i < rows->n && str_eq(rows->items[i].any->capability, name))
            i++;
        if (name.n)
            (*out)[(*n)++] = (struct group){.name = name, .first = first, .last = i};
    }
    return CARAT_OK;
}

bool row_in_mean(const struct rows *rows, size_t row)
{
    const struct score *s = rows->items[row].any;
    const char *whole = capability_apart_from(s->name);
    for (size_t i = 0; whole && i < rows->n; i++)
        if (str_eq(rows->items[i].any->name, str_from(whole)))
            return false;
    return s->share;
}

static bool has_value(const struct score *s)
{
    return s && (s->mean.n || s->published);
}

struct carat_cell score_cell(const struct score *s)
{
    if (!has_value(s))
        return (struct carat_cell){.value = NAN, .low = NAN, .high = NAN};
    const double scale = s->share ? 100 : 1;
    return (struct carat_cell){.value = scale * s->mean.mean,
                               .low = scale * s->mean.low,
                               .high = scale * s->mean.high,
                               .n = (int64_t)s->mean.n};
}

enum { GROUP_MAX = 256 };

struct carat_cell group_cell(const struct rows *rows, const struct group *g, size_t run)
{
    struct stats_bounded parts[GROUP_MAX];
    bool certain = true; /* every benchmark has an interval */
    int64_t n = 0;
    size_t k = 0;
    struct carat_cell only = {.value = NAN, .low = NAN, .high = NAN};
    for (size_t i = g->first; i < g->last; i++) {
        const struct score *s = rows->items[i].of[run];
        bool alone = g->last - g->first == 1; /* a benchmark drawn by itself */
        const struct score *any = rows->items[i].any;
        if (alone ? !any->share && !any->points : !row_in_mean(rows, i))
            continue;
        if (!has_value(s) || k == GROUP_MAX)
            return (struct carat_cell){.value = NAN, .low = NAN, .high = NAN};
        only = score_cell(s);
        certain &= isfinite(s->mean.low) && isfinite(s->mean.high) && !s->published;
        parts[k++] = (struct stats_bounded){s->mean.mean, s->mean.low, s->mean.high};
        n += (int64_t)s->mean.n;
    }
    if (k <= 1)
        return only;
    struct stats_bounded mean = stats_mean_of_bounded(parts, k);
    struct carat_cell cell = {.value = 100 * mean.mean, .low = NAN, .high = NAN, .n = n};
    if (certain) {
        cell.low = fmax(0, 100 * mean.low);
        cell.high = fmin(100, 100 * mean.high);
    }
    return cell;
}

double group_chance(const struct rows *rows, const struct group *g)
{
    double sum = 0, k = 0;
    for (size_t i = g->first; i < g->last; i++) {
        bool counts = row_in_mean(rows, i) || g->last - g->first == 1;
        sum += !counts || isnan(rows->items[i].any->chance) ? 0 : rows->items[i].any->chance; /* a free answer: 0 */
        k += counts;
    }
    return k > 0 ? 100 * sum / k : 0;
}
