/* The table of scores: benchmarks by models, then the means of their groups and of all. */
#include <math.h>

#include "summary_rows.h"

static struct str cell_str(const struct carat_cell *cell, bool unicode, struct arena *arena)
{
    struct buf b = BUF_INIT(1 << 10);
    carat_cell_text(cell, unicode, &b);
    char *p = arena_dup(arena, b.p, b.n);
    buf_release(&b);
    return (struct str){p ? p : "", p ? strlen(p) : 0};
}

static struct str number_str(struct arena *arena, int64_t x)
{
    char *p = arena_printf(arena, "%lld", (long long)x);
    return str_from(p ? p : "");
}

/* "100", or "3 / 100" where the runs have different numbers of items. */
static struct str items_of(const struct bench_row *row, size_t n_runs, struct arena *arena)
{
    struct buf b = BUF_INIT(1 << 12);
    int64_t last = -1;
    bool same = true;
    for (size_t r = 0; r < n_runs; r++) {
        if (!row->of[r] || row->of[r]->published)
            continue;
        int64_t n = (int64_t)row->of[r]->mean.n;
        same &= last < 0 || n == last;
        buf_printf(&b, "%s%lld", last < 0 ? "" : " / ", (long long)n);
        last = n;
    }
    struct str text = same ? number_str(arena, last < 0 ? 0 : last) : (struct str){arena_dup(arena, b.p, b.n), b.n};
    buf_release(&b);
    return text.p ? text : STR("");
}

enum { COLUMNS_BEFORE = 4 }; /* benchmark, shots, metric, n */

/* Marks the best of a row's scores (all that share it), where there is anything to be better than. */
static void mark_best(const struct carat_cell *scores, size_t n, bool *strong)
{
    double best = -INFINITY, worst = INFINITY;
    for (size_t i = 0; i < n; i++) { /* NaN: not run */
        best = fmax(best, scores[i].value);
        worst = fmin(worst, scores[i].value);
    }
    for (size_t i = 0; i < n && best > worst; i++)
        strong[i] = scores[i].value == best;
}

static void fill_row(const struct summary *s, const struct rows *rows, size_t i, struct arena *arena, struct str *cells,
                     struct carat_cell *scores)
{
    const struct bench_row *row = &rows->items[i];
    const char *apart = row->any->share && !row_in_mean(rows, i)
                            ? arena_printf(arena, "%.*s (in no mean)", (int)row->any->title.n, row->any->title.p)
                            : NULL;
    cells[0] = apart ? str_from(apart) : row->any->title;
    cells[1] = row->any->shots < 0 ? STR("") : number_str(arena, row->any->shots);
    cells[2] = row->any->metric;
    cells[3] = row->any->published ? STR("") : items_of(row, s->n_runs, arena);
    for (size_t r = 0; r < s->n_runs; r++)
        scores[r] = score_cell(row->of[r]);
}

static void fill_group(const struct summary *s, const struct rows *rows, const struct group *g, struct arena *arena,
                       struct str *cells, struct carat_cell *scores)
{
    char *name = arena_printf(arena, "%.*s", (int)g->name.n, g->name.p);
    cells[0] = str_from(name ? name : "");
    cells[1] = cells[3] = STR("");
    cells[2] = g->last - g->first > 1 ? STR("mean") : STR("");
    for (size_t r = 0; r < s->n_runs; r++)
        scores[r] = group_cell(rows, g, r);
}

static struct str column_name(const struct summary *s, size_t run, struct arena *arena)
{
    if (run < s->n_measured || !s->n_measured)
        return s->runs[run].name;
    const char *name = arena_printf(arena, "%.*s (published)", (int)s->runs[run].name.n, s->runs[run].name.p);
    return str_from(name ? name : "");
}

enum carat_err summary_table(const struct summary *s, enum carat_table_format format, struct buf *out,
                             struct err *err)
{
    struct arena arena = ARENA_INIT;
    struct rows rows;
    struct group *groups;
    size_t n_groups;
    size_t n_columns = COLUMNS_BEFORE + s->n_runs;
    bool unicode = format != CARAT_TABLE_CSV;
    enum carat_err rc = rows_collect(s, &arena, &rows, err);
    if (!rc)
        rc = rows_group(&rows, &arena, &groups, &n_groups, err);
    if (rc)
        goto out;
    if (n_groups > 1) /* rows_group() leaves room for it */
        groups[n_groups++] = (struct group){.name = STR("All benchmarks"), .first = 0, .last = rows.n};
    struct carat_column *columns = arena_calloc(&arena, n_columns, sizeof *columns);
    struct str *cells = arena_calloc(&arena, (rows.n + n_groups + 1) * n_columns, sizeof *cells);
    bool *rules = arena_calloc(&arena, rows.n + n_groups + 1, sizeof *rules);
    bool *strong = arena_calloc(&arena, (rows.n + n_groups + 1) * n_columns, sizeof *strong);
    struct carat_cell *scores = arena_calloc(&arena, s->n_runs + 1, sizeof *scores);
    if (!columns || !cells || !rules || !strong || !scores) {
        rc = err_nomem(err, "a table");
        goto out;
    }
    columns[0] = (struct carat_column){STR("benchmark"), CARAT_LEFT};
    columns[1] = (struct carat_column){STR("shots"), CARAT_RIGHT_ALIGNED};
    columns[2] = (struct carat_column){STR("metric"), CARAT_LEFT};
    columns[3] = (struct carat_column){STR("n"), CARAT_RIGHT_ALIGNED};
    for (size_t r = 0; r < s->n_runs; r++)
        columns[COLUMNS_BEFORE + r] = (struct carat_column){column_name(s, r, &arena), CARAT_RIGHT_ALIGNED};
    for (size_t n = 0; n < rows.n + n_groups; n++) {
        struct str *row = cells + n * n_columns;
        rules[n] = n == rows.n || (n_groups > 1 && n + 1 == rows.n + n_groups);
        if (n < rows.n)
            fill_row(s, &rows, n, &arena, row, scores);
        else
            fill_group(s, &rows, &groups[n - rows.n], &arena, row, scores);
        for (size_t r = 0; r < s->n_runs; r++)
            row[COLUMNS_BEFORE + r] = cell_str(&scores[r], unicode, &arena);
        if (n >= rows.n || rows.items[n].any->share || rows.items[n].any->points)
            mark_best(scores, s->n_runs, strong + n * n_columns + COLUMNS_BEFORE);
    }
    struct carat_table table = {.columns = columns,
                                .n_columns = n_columns,
                                .cells = cells,
                                .n_rows = rows.n + n_groups,
                                .rule_before = rules,
                                .strong = strong};
    rc = carat_table_write(&table, format, out, err);
out:
    arena_release(&arena);
    return rc;
}
