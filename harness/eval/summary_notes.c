/* What stands below the table of scores: averages the other way, what came of the items; and warnings. */
#include <math.h>
#include <stdio.h>

#include "summary.h"

/* Averages of one benchmark both ways, named. */
static void add_averages(const struct summary *s, struct buf *out)
{
    for (size_t r = 0; r < s->n_measured; r++) {
        for (size_t i = 0; i < s->runs[r].n_scores; i++) {
            const struct score *q = &s->runs[r].scores[i];
            if (!isfinite(q->over_leaves))
                continue;
            if (q->parts_equal) {
                buf_printf(out, "%.*s, %.*s: the mean of its %zu tasks, each once, as its file has it\n", (int)q->title.n,
                           q->title.p, (int)s->runs[r].name.n, s->runs[r].name.p, q->n_leaves);
                continue;
            }
            buf_printf(out, "%.*s, %.*s: %.1f over items, as the protocol has it; over its %zu subsets, each once, %.1f",
                       (int)q->title.n, q->title.p, (int)s->runs[r].name.n, s->runs[r].name.p, 100 * q->mean.mean, q->n_leaves,
                       100 * q->over_leaves);
            if (isfinite(q->over_leaves_se))
                buf_printf(out, " (standard error %.1f)", 100 * q->over_leaves_se);
            buf_addc(out, '\n');
        }
    }
}

/* "BoolQ: 100 items in 81 passages; cluster-robust intervals where they are wider: early", of the runs from this one on that
 * have it with as many. */
static void add_clusters_of(const struct summary *s, size_t run, const struct score *q, struct buf *out)
{
    const struct score_clusters *c = &q->clusters;
    const size_t n_shared = c->n - c->n_alone;
    size_t n = 0;
    buf_addstr(out, q->title);
    buf_printf(out, ": %zu items in %zu %.*s%s", q->mean.n - c->n_alone, n_shared, (int)c->by.n, c->by.p, n_shared == 1 ? "" : "s");
    if (c->n_alone)
        buf_printf(out, ", %zu in none", c->n_alone);
    if (c->n < 2) {
        buf_adds(out, "; their interval, as of independent items, may be far too narrow\n");
        return;
    }
    buf_adds(out, "; cluster-robust intervals where they are wider: ");
    for (size_t r = run; r < s->n_measured; r++) {
        const struct score *other = summary_same_score(&s->runs[r], q);
        if (other && other->clusters.n == c->n && other->clusters.widens) {
            buf_adds(out, n++ ? ", " : "");
            buf_addstr(out, s->runs[r].name);
        }
    }
    buf_printf(out, "%s%s\n", n ? "" : "nowhere", c->n < STATS_FEW_CLUSTERS ? "; so few make them rough" : "");
}

/* Is there a run before this one that has the benchmark, with the same clusters? Then it is told there. */
static bool told_before(const struct summary *s, size_t run, const struct score *q)
{
    for (size_t r = 0; r < run; r++) {
        const struct score *other = summary_same_score(&s->runs[r], q);
        if (other && other->clusters.n == q->clusters.n && str_eq(other->clusters.by, q->clusters.by))
            return true;
    }
    return false;
}

static void add_clusters(const struct summary *s, struct buf *out)
{
    for (size_t r = 0; r < s->n_measured; r++) {
        for (size_t i = 0; i < s->runs[r].n_scores; i++) {
            const struct score *q = &s->runs[r].scores[i];
            if (q->clusters.by.n && !told_before(s, r, q))
                add_clusters_of(s, r, q, out);
        }
    }
}

enum { N_OUTCOMES = 6, N_COLUMNS = 2 + N_OUTCOMES };

static enum carat_err add_outcomes(const struct summary *s, struct arena *arena, struct buf *out, struct err *err)
{
    struct carat_column columns[N_COLUMNS] = {{STR("items"), CARAT_LEFT}, {STR("model"), CARAT_LEFT}};
    size_t n = 0, most = 0;
    for (size_t r = 0; r < s->n_measured; r++)
        most += s->runs[r].n_scores;
    struct str *cells = arena_calloc(arena, most * N_COLUMNS + 1, sizeof *cells);
    if (!cells)
        return err_nomem(err, "a table");
    for (int k = 0; k < N_OUTCOMES; k++)
        columns[2 + k] = (struct carat_column){str_from(carat_outcome_name((enum carat_outcome)k)), CARAT_RIGHT_ALIGNED};
    for (size_t r = 0; r < s->n_measured; r++) {
        for (size_t i = 0; i < s->runs[r].n_scores; i++) {
            const struct score *q = &s->runs[r].scores[i];
            struct str *row = &cells[n++ * N_COLUMNS];
            row[0] = q->title;
            row[1] = s->runs[r].name;
            for (int k = 0; k < N_OUTCOMES; k++) {
                const char *text = arena_printf(arena, "%lld", (long long)q->outcomes[k]);
                row[2 + k] = str_from(text ? text : "");
            }
        }
    }
    struct carat_table table = {.columns = columns, .n_columns = N_COLUMNS, .cells = cells, .n_rows = n};
    return n ? carat_table_write(&table, CARAT_TABLE_TEXT, out, err) : CARAT_OK;
}

enum carat_err summary_notes(const struct summary *s, bool outcomes, struct buf *out, struct err *err)
{
    struct arena arena = ARENA_INIT;
    size_t before = out->n;
    add_averages(s, out);
    add_clusters(s, out);
    if (outcomes && out->n > before)
        buf_addc(out, '\n');
    enum carat_err rc = outcomes ? add_outcomes(s, &arena, out, err) : CARAT_OK;
    arena_release(&arena);
    return rc;
}

/* ---- warnings ---- */

enum carat_err summary_warnings(const struct summary *s, bool is_shard, struct buf *out)
{
    for (size_t r = 0; r < s->n_runs; r++) {
        for (size_t i = 0; i < s->runs[r].n_scores; i++) {
            const struct score *q = &s->runs[r].scores[i];
            struct str model = s->runs[r].name;
            int64_t none = q->outcomes[CARAT_UNPARSED] + q->outcomes[CARAT_CUT_OFF] + q->outcomes[CARAT_EMPTY];
            if (q->n_items < q->n_planned && !is_shard)
                buf_printf(out, "%.*s on %.*s: %lld of %lld items are missing; the run is not finished\n",
                           (int)model.n, model.p, (int)q->title.n, q->title.p,
                           (long long)(q->n_planned - q->n_items), (long long)q->n_planned);
            if (q->outcomes[CARAT_REFUSED])
                buf_printf(out, "%.*s on %.*s: %lld items could not be asked and are not in the score (carat show)\n",
                           (int)model.n, model.p, (int)q->title.n, q->title.p,
                           (long long)q->outcomes[CARAT_REFUSED]);
            if (q->n_truncated)
                buf_printf(out, "%.*s on %.*s: %lld prompts were too long and cut on the left; they lost BOS "
                                "(--truncation left)\n",
                           (int)model.n, model.p, (int)q->title.n, q->title.p, (long long)q->n_truncated);
            if (none * 20 > q->n_items)
                buf_printf(out, "%.*s on %.*s: %lld of %lld answers are none: %lld unparsed, %lld cut off, %lld empty\n",
                           (int)model.n, model.p, (int)q->title.n, q->title.p, (long long)none,
                           (long long)q->n_items, (long long)q->outcomes[CARAT_UNPARSED],
                           (long long)q->outcomes[CARAT_CUT_OFF], (long long)q->outcomes[CARAT_EMPTY]);
        }
    }
    return buf_failed(out) ? CARAT_ENOMEM : CARAT_OK;
}
