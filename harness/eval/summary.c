/* From the store to what people look at: leaves of one benchmark pooled, benchmarks grouped by
 * capability, groups drawn. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "eval.h"
#include "harness/stats/stats.h"

/* ---- reading ----------------------------------------------------------------------------------- */

struct leaf {
    struct score score;       /* of this leaf alone */
    struct str name, parent, settings, clusters;
    int64_t task;             /* the store's */
    struct stats_part *parts; /* [score.clusters.n] its clusters; owned; NULL: no mean of shares */
};

struct leaves {
    struct leaf *items;
    size_t n;
    struct arena *arena;
    bool failed;
};

static struct str keep(struct arena *arena, struct str s, bool *failed)
{
    char *p = arena_dup(arena, s.p, s.n);
    *failed |= !p;
    return (struct str){p ? p : "", p ? s.n : 0};
}

/* What was asked and how, in a number: same name, data and settings give the same. Leaves' are added, so that their order
 * does not matter. */
static uint64_t asked_digest(const struct carat_task_row *row)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    const struct str parts[] = {row->name, row->data_sha256, row->settings};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        for (size_t k = 0; k < parts[i].n; k++)
            h = (h ^ (unsigned char)parts[i].p[k]) * 1099511628211u;
        h = (h ^ 0xff) * 1099511628211u; /* between the parts */
    }
    return h;
}

static bool take_task(void *context, const struct carat_task_row *row)
{
    struct leaves *l = context;
    struct leaf *p = realloc(l->items, (l->n + 1) * sizeof *p);
    if (!p) {
        l->failed = true;
        return false;
    }
    l->items = p;
    struct str benchmark = row->parent.n ? row->parent : row->name;
    struct leaf *leaf = &p[l->n++];
    *leaf = (struct leaf){.task = row->id,
                          .name = keep(l->arena, row->name, &l->failed),
                          .parent = keep(l->arena, row->parent, &l->failed),
                          .settings = keep(l->arena, row->settings, &l->failed),
                          .clusters = keep(l->arena, row->clusters, &l->failed)};
    leaf->score = (struct score){.name = keep(l->arena, benchmark, &l->failed),
                                 .title = keep(l->arena, row->title, &l->failed),
                                 .capability = keep(l->arena, row->capability, &l->failed),
                                 .metric = keep(l->arena, row->headline, &l->failed),
                                 .shots = row->shots,
                                 .version = row->version,
                                 .asked = asked_digest(row),
                                 .n_leaves = 1,
                                 .n_items = row->n_items,
                                 .n_planned = row->n_planned,
                                 .n_rows = row->n_rows,
                                 .n_truncated = row->n_truncated,
                                 .chance = row->chance};
    memcpy(leaf->score.outcomes, row->outcomes, sizeof leaf->score.outcomes);
    return !l->failed;
}

static enum carat_err read_mean(struct carat_store *st, struct leaf *leaf, struct err *err)
{
    const struct leaf_metric metric = {leaf->task, leaf->score.metric, leaf->settings, leaf->clusters};
    struct leaf_score score;
    enum carat_err rc = leaf_score(st, &metric, &score, err);
    leaf->score.mean = score.mean;
    leaf->score.share = score.share;
    leaf->score.clusters = score.clusters;
    leaf->parts = score.parts;
    return rc;
}

/* Leaves belong together when they are parts of one benchmark asked in the same way. */
static bool same_benchmark(const struct leaf *a, const struct leaf *b)
{
    return a->parent.n && str_eq(a->parent, b->parent) && a->score.shots == b->score.shots &&
           a->score.version == b->score.version && str_eq(a->score.metric, b->score.metric);
}

/* Is a leaf of this name among the pooled ones? Then this one is another asking of it: other data or settings. */
static bool is_pooled(const struct leaves *l, size_t first, const bool *pooled, struct str name)
{
    for (size_t i = first; i < l->n; i++)
        if (pooled[i] && str_eq(l->items[i].name, name))
            return true;
    return false;
}

/* All clusters of the leaves in one list: those of one leaf are not those of another. */
static enum carat_err join_clusters(const struct leaf *const *leaves, size_t n, struct score *out, struct err *err)
{
    struct score_clusters all = {.by = STR(""), .se = NAN};
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        const struct score_clusters *c = &leaves[i]->score.clusters;
        if (!leaves[i]->parts && leaves[i]->score.mean.n)
            return CARAT_OK;
        all.by = all.by.n ? all.by : c->by;
        all.n += c->n;
        all.n_alone += c->n_alone;
    }
    struct stats_part *parts = all.by.n ? calloc(all.n, sizeof *parts) : NULL;
    if (!parts)
        return all.by.n ? err_nomem(err, "the scores") : CARAT_OK;
    for (size_t i = 0; i < n; k += leaves[i++]->score.clusters.n)
        if (leaves[i]->score.clusters.n)
            memcpy(parts + k, leaves[i]->parts, leaves[i]->score.clusters.n * sizeof *parts);
    clusters_widen(parts, out->share, &out->mean, &all);
    if (all.widens) /* than what the subsets have made of it already */
        out->clusters = all;
    free(parts);
    return CARAT_OK;
}

/* Leaves' means as one: over items, as the protocol has it, and over leaves. Items of one leaf may stand or fall together,
 * and so may those of a cluster in it: the widest interval is taken. */
static enum carat_err pool_means(const struct leaf *const *leaves, size_t n, struct score *out, struct err *err)
{
    struct stats_part *parts = calloc(n, sizeof *parts);
    struct stat_mean *means = calloc(n, sizeof *means);
    size_t k = 0;
    enum carat_err rc = parts && means ? CARAT_OK : err_nomem(err, "the scores");
    for (size_t i = 0; i < n && !rc; i++) {
        const struct stat_mean *m = &leaves[i]->score.mean;
        means[i] = *m;
        if (m->n)
            parts[k++] = (struct stats_part){(double)m->n, m->mean, m->n > 1 ? m->stderr_mean : 0};
    }
    out->clusters = (struct score_clusters){.by = STR(""), .se = NAN};
    if (!rc)
        (out->parts_equal ? stat_pool_equal : stat_pool)(means, n, &out->mean);
    if (!rc && k > 1) {
        struct stats_part each = stats_mean_over_parts(parts, k);
        out->over_leaves = each.mean;
        out->over_leaves_se = each.se;
    }
    if (!rc && k > 1 && !out->parts_equal) {
        out->clusters = (struct score_clusters){.by = STR("subset"), .n = k};
        clusters_widen(parts, out->share, &out->mean, &out->clusters);
    }
    if (!rc && !out->parts_equal)
        rc = join_clusters(leaves, n, out, err);
    free(parts);
    free(means);
    return rc;
}

/* Pools leaf `first` with those behind it that belong to it; they are marked as taken. */
static enum carat_err pool_leaves(struct leaves *l, size_t first, bool *taken, struct score *out, struct err *err)
{
    const struct leaf **leaves = calloc(l->n, sizeof *leaves);
    bool *pooled = calloc(l->n, sizeof *pooled);
    if (!leaves || !pooled) {
        free(leaves);
        free(pooled);
        return err_nomem(err, "the scores");
    }
    size_t n = 0;
    double chance = 0;
    enum carat_err rc = CARAT_OK;
    *out = l->items[first].score;
    out->parts_equal = group_counts_leaves_once(l->items[first].settings);
    out->n_leaves = 0;
    out->asked = 0;
    out->n_items = out->n_planned = out->n_rows = out->n_truncated = 0;
    memset(out->outcomes, 0, sizeof out->outcomes);
    for (size_t i = first; i < l->n; i++) {
        const struct score *s = &l->items[i].score;
        if (taken[i] || (i != first && !same_benchmark(&l->items[first], &l->items[i])) ||
            is_pooled(l, first, pooled, l->items[i].name))
            continue;
        taken[i] = pooled[i] = true;
        out->asked += s->asked;
        leaves[n++] = &l->items[i];
        out->n_leaves++;
        out->n_items += s->n_items;
        out->n_planned += s->n_planned;
        out->n_rows += s->n_rows;
        out->n_truncated += s->n_truncated;
        chance += s->n_items ? s->chance * (double)s->n_items : 0;
        for (size_t k = 0; k < 6; k++)
            out->outcomes[k] += s->outcomes[k];
    }
    if (out->n_items)
        out->chance = chance / (double)out->n_items;
    out->over_leaves = out->over_leaves_se = (double)NAN;
    if (n > 1)
        rc = pool_means(leaves, n, out, err);
    free(leaves);
    free(pooled);
    return rc;
}

struct run_name {
    int64_t id;
    struct str name;
    struct arena *arena;
    bool failed;
};

static bool take_run(void *context, const struct carat_run_row *row)
{
    struct run_name *r = context;
    if (row->id == r->id)
        r->name = keep(r->arena, row->model_name, &r->failed);
    return true;
}

static enum carat_err load_run(struct carat_store *st, int64_t id, struct arena *arena, struct summary_run *out,
                               struct err *err)
{
    struct leaves l = {.arena = arena};
    struct run_name name = {.id = id, .arena = arena};
    bool *taken = NULL;
    enum carat_err rc = carat_store_runs(st, take_run, &name, err);
    if (!rc)
        rc = carat_store_tasks(st, id, take_task, &l, err);
    if (!rc && (l.failed || name.failed))
        rc = err_nomem(err, "the scores");
    for (size_t i = 0; i < l.n && !rc; i++)
        rc = read_mean(st, &l.items[i], err);
    *out = (struct summary_run){.id = id, .name = name.name};
    out->scores = arena_calloc(arena, l.n + 1, sizeof *out->scores);
    taken = calloc(l.n + 1, sizeof *taken);
    if (!rc && (!out->scores || !taken))
        rc = err_nomem(err, "the scores");
    for (size_t i = 0; i < l.n && !rc; i++)
        if (!taken[i] && l.items[i].score.n_planned) /* also what was begun and has no item yet: it is missed, not forgotten */
            rc = pool_leaves(&l, i, taken, &out->scores[out->n_scores++], err);
    for (size_t i = 0; i < l.n; i++)
        free(l.items[i].parts);
    free(taken);
    free(l.items);
    return rc;
}

enum carat_err summary_load(struct carat_store *st, const int64_t *runs, size_t n, struct summary *out,
                            struct err *err)
{
    *out = (struct summary){.arena = ARENA_INIT};
    out->runs = arena_calloc(&out->arena, n + 1, sizeof *out->runs);
    enum carat_err rc = out->runs ? CARAT_OK : err_nomem(err, "the scores");
    for (size_t i = 0; i < n && !rc; i++)
        rc = load_run(st, runs[i], &out->arena, &out->runs[out->n_runs++], err);
    out->n_measured = out->n_runs;
    if (rc)
        summary_release(out);
    return rc;
}

void summary_release(struct summary *s)
{
    arena_release(&s->arena);
    *s = (struct summary){.arena = ARENA_INIT};
}

/* ---- what others published -------------------------------------------------------------------------- */

static void quote(const struct published *p, size_t model, struct summary_run *out)
{
    *out = (struct summary_run){.name = str_from(p->models[model]), .scores = out->scores, .n_scores = p->n_rows};
    for (size_t i = 0; i < p->n_rows; i++) {
        const struct published_row *row = &p->rows[i];
        const char *capability = capability_of(row->task, "");
        out->scores[i] = (struct score){
            .name = str_from(row->task),
            .title = str_from(row->title),
            .capability = str_from(capability),
            .metric = str_from(row->metric),
            .shots = row->shots,
            .chance = NAN,
            .mean = {.mean = row->percent[model] / 100, .stderr_mean = NAN, .low = NAN, .high = NAN},
            .published = true,
            .over_leaves = (double)NAN,
            .share = true,
        };
    }
}

enum carat_err summary_add_published(struct summary *s, const struct published *p, struct err *err)
{
    struct summary_run *runs = arena_calloc(&s->arena, s->n_runs + p->n_models, sizeof *runs);
    if (!runs)
        return err_nomem(err, "the published figures");
    if (s->n_runs)
        memcpy(runs, s->runs, s->n_runs * sizeof *runs);
    for (size_t m = 0; m < p->n_models; m++) {
        struct summary_run *run = &runs[s->n_runs + m];
        run->scores = arena_calloc(&s->arena, p->n_rows, sizeof *run->scores);
        if (!run->scores)
            return err_nomem(err, "the published figures");
        quote(p, m, run);
    }
    s->runs = runs;
    s->n_runs += p->n_models;
    s->source = p->source;
    return CARAT_OK;
}

/* ---- benchmarks side by side ---------------------------------------------------------------------- */

/* A row of the table: one benchmark, and each run's score of it (NULL: not run). */
struct bench_row {
    const struct score *any;
    const struct score **of;  /* [n_runs] */
};

struct rows {
    struct bench_row *items;  /* sorted: by group, then title */
    size_t n;
};

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

static enum carat_err collect_rows(const struct summary *s, struct arena *arena, struct rows *out, struct err *err)
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

/* Rows [first, last) share a capability. */
struct group {
    struct str name;
    size_t first, last;
};

/* `out` has room for one more. */
static enum carat_err find_groups(const struct rows *rows, struct arena *arena, struct group **out, size_t *n,
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

/* Does the row go into means? A perplexity does not, nor a part of a benchmark beside the benchmark. */
static bool in_mean(const struct rows *rows, size_t row)
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

static struct carat_cell cell_of(const struct score *s)
{
    if (!has_value(s))
        return (struct carat_cell){.value = NAN, .low = NAN, .high = NAN};
    const double scale = s->share ? 100 : 1;
    return (struct carat_cell){.value = scale * s->mean.mean,
                               .low = scale * s->mean.low,
                               .high = scale * s->mean.high,
                               .n = (int64_t)s->mean.n};
}

/* The unweighted mean of a group's benchmarks, as the report averages them; their intervals' halves
 * add up in squares. Only where the run has them all: a mean over fewer would compare unlike things. What is no share
 * of right answers (a perplexity) is in no mean. */
enum { GROUP_MAX = 256 };
static struct carat_cell group_cell(const struct rows *rows, const struct group *g, size_t run)
{
    struct stats_bounded parts[GROUP_MAX];
    bool certain = true; /* every benchmark has an interval */
    int64_t n = 0;
    size_t k = 0;
    struct carat_cell only = {.value = NAN, .low = NAN, .high = NAN};
    for (size_t i = g->first; i < g->last; i++) {
        const struct score *s = rows->items[i].of[run];
        bool alone = g->last - g->first == 1; /* a benchmark drawn by itself */
        if (!rows->items[i].any->share || (!alone && !in_mean(rows, i)))
            continue;
        if (!has_value(s) || k == GROUP_MAX)
            return (struct carat_cell){.value = NAN, .low = NAN, .high = NAN};
        only = cell_of(s);
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

static double group_chance(const struct rows *rows, const struct group *g)
{
    double sum = 0, k = 0;
    for (size_t i = g->first; i < g->last; i++) {
        bool counts = in_mean(rows, i) || g->last - g->first == 1;
        sum += !counts || isnan(rows->items[i].any->chance) ? 0 : rows->items[i].any->chance; /* a free answer: 0 */
        k += counts;
    }
    return k > 0 ? 100 * sum / k : 0;
}

/* ---- the table ---------------------------------------------------------------------------------- */

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
    const char *apart = row->any->share && !in_mean(rows, i)
                            ? arena_printf(arena, "%.*s (in no mean)", (int)row->any->title.n, row->any->title.p)
                            : NULL;
    cells[0] = apart ? str_from(apart) : row->any->title;
    cells[1] = row->any->shots < 0 ? STR("") : number_str(arena, row->any->shots);
    cells[2] = row->any->metric;
    cells[3] = row->any->published ? STR("") : items_of(row, s->n_runs, arena);
    for (size_t r = 0; r < s->n_runs; r++)
        scores[r] = cell_of(row->of[r]);
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
    enum carat_err rc = collect_rows(s, &arena, &rows, err);
    if (!rc)
        rc = find_groups(&rows, &arena, &groups, &n_groups, err);
    if (rc)
        goto out;
    if (n_groups > 1) /* find_groups() leaves room for it */
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
        if (n >= rows.n || rows.items[n].any->share)
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

/* ---- JSON ---------------------------------------------------------------------------------------- */

static json_t *clusters_json(const struct score_clusters *c)
{
    return c->by.n ? json_pack("{s:o, s:I, s:I, s:o, s:b}", "by", json_text(c->by), "n", (json_int_t)c->n, "alone",
                               (json_int_t)c->n_alone, "stderr", json_real_or_null(c->se), "used", c->widens)
                   : json_null();
}

json_t *summary_score_json(const struct score *s)
{
    json_t *outcomes = json_object();
    for (int k = 0; k < 6; k++)
        json_object_set_new(outcomes, carat_outcome_name((enum carat_outcome)k), json_integer(s->outcomes[k]));
    return json_pack("{s:o, s:o, s:o, s:o, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "task",
                     json_text(s->name), "title", json_text(s->title), "capability", json_text(s->capability), "metric",
                     json_text(s->metric), "shots", s->shots, "version", s->version, "n_leaves",
                     (json_int_t)s->n_leaves, "n_items", (json_int_t)s->n_items, "n_planned",
                     (json_int_t)s->n_planned, "n_rows", (json_int_t)s->n_rows, "n_truncated", (json_int_t)s->n_truncated, "value", json_real_or_null(s->mean.mean),
                     "stderr", json_real_or_null(s->mean.stderr_mean), "low", json_real_or_null(s->mean.low), "high",
                     json_real_or_null(s->mean.high), "over_subsets",
                     isfinite(s->over_leaves) ? json_pack("{s:f, s:o}", "value", s->over_leaves, "stderr", json_real_or_null(s->over_leaves_se))
                                              : json_null(),
                     "clusters", clusters_json(&s->clusters), "chance", json_real_or_null(s->chance), "outcomes", outcomes);
}

static json_t *groups_json(const struct summary *s)
{
    struct arena arena = ARENA_INIT;
    struct rows rows;
    struct group *groups;
    size_t n_groups;
    json_t *list = json_array();
    if (!collect_rows(s, &arena, &rows, NULL) && !find_groups(&rows, &arena, &groups, &n_groups, NULL)) {
        for (size_t g = 0; g < n_groups; g++) {
            json_t *values = json_array();
            for (size_t r = 0; r < s->n_runs; r++) {
                struct carat_cell c = group_cell(&rows, &groups[g], r);
                json_array_append_new(values, json_pack("{s:I, s:o, s:o, s:o}", "run", (json_int_t)s->runs[r].id,
                                                        "value", json_real_or_null(c.value / 100), "low",
                                                        json_real_or_null(c.low / 100), "high", json_real_or_null(c.high / 100)));
            }
            json_array_append_new(list, json_pack("{s:o, s:o}", "group", json_text(groups[g].name), "values", values));
        }
    }
    arena_release(&arena);
    return list;
}

json_t *summary_json(const struct summary *s)
{
    json_t *runs = json_array();
    for (size_t r = 0; r < s->n_runs; r++) {
        json_t *scores = json_array();
        for (size_t i = 0; i < s->runs[r].n_scores; i++)
            json_array_append_new(scores, summary_score_json(&s->runs[r].scores[i]));
        json_array_append_new(runs, json_pack("{s:I, s:o, s:b, s:o}", "run", (json_int_t)s->runs[r].id, "model",
                                              json_text(s->runs[r].name), "published", r >= s->n_measured, "scores",
                                              scores));
    }
    json_t *json = json_pack("{s:o, s:o}", "runs", runs, "groups", groups_json(s));
    if (json && s->source)
        json_object_set_new(json, "published_source", json_string(s->source));
    return json;
}

/* ---- the figure ----------------------------------------------------------------------------------- */

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
    enum carat_err rc = collect_rows(s, arena, &rows, err);
    if (!rc)
        rc = (each ? benchmarks_as_groups : find_groups)(&rows, arena, &groups, &n_groups, err);
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

/* ---- warnings ------------------------------------------------------------------------------------- */

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
