/* Scores from the store, the leaves of one benchmark pooled; and published ones beside them. */
#include "summary.h"

#include <math.h>
#include <stdlib.h>

#include "groups.h"
#include "harness/protocol/metric.h"
#include "leaf_score.h"

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
    leaf->score.points = score.points;
    leaf->score.clusters = score.clusters;
    leaf->parts = score.parts;
    return rc;
}

struct wanted {
    struct str metric;
    bool found;
};

static bool look_for(void *context, struct str name)
{
    struct wanted *w = context;
    w->found |= str_eq(name, w->metric);
    return !w->found;
}

static enum carat_err choose_metric(struct carat_store *st, struct leaf *leaf, struct str metric, struct err *err)
{
    struct wanted w = {.metric = metric};
    enum carat_err rc = carat_store_metrics(st, leaf->task, look_for, &w, err);
    if (w.found)
        leaf->score.metric = metric;
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

static enum carat_err load_run(struct carat_store *st, int64_t id, struct str metric, struct arena *arena,
                               struct summary_run *out, struct err *err)
{
    struct leaves l = {.arena = arena};
    struct run_name name = {.id = id, .arena = arena};
    bool *taken = NULL;
    enum carat_err rc = carat_store_runs(st, take_run, &name, err);
    if (!rc)
        rc = carat_store_tasks(st, id, take_task, &l, err);
    if (!rc && (l.failed || name.failed))
        rc = err_nomem(err, "the scores");
    for (size_t i = 0; i < l.n && !rc; i++) {
        if (metric.n)
            rc = choose_metric(st, &l.items[i], metric, err);
        if (!rc)
            rc = read_mean(st, &l.items[i], err);
    }
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

enum carat_err summary_load(struct carat_store *st, const int64_t *runs, size_t n, const char *metric, struct summary *out,
                            struct err *err)
{
    bool failed = false;
    *out = (struct summary){.arena = ARENA_INIT};
    out->runs = arena_calloc(&out->arena, n + 1, sizeof *out->runs);
    struct str wanted = metric ? keep(&out->arena, str_from(metric), &failed) : STR("");
    enum carat_err rc = out->runs && !failed ? CARAT_OK : err_nomem(err, "the scores");
    for (size_t i = 0; i < n && !rc; i++)
        rc = load_run(st, runs[i], wanted, &out->arena, &out->runs[out->n_runs++], err);
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

/* ---- what else there is to score by ----------------------------------------------------------------- */

struct metrics {
    struct arena *arena;
    struct str *names; /* sorted */
    size_t n, cap;
    struct str headline; /* of the task being read */
    bool failed;
};

static bool note_metric(void *context, struct str name)
{
    struct metrics *m = context;
    size_t at = 0;
    while (at < m->n && str_cmp(m->names[at], name) < 0)
        at++;
    if (metric_is_sum(name) || str_eq(name, m->headline) || (at < m->n && str_eq(m->names[at], name)))
        return true;
    if (m->n == m->cap) {
        size_t cap = m->cap ? 2 * m->cap : 16;
        struct str *names = arena_calloc(m->arena, cap, sizeof *names);
        if (names && m->n)
            memcpy(names, m->names, m->n * sizeof *names);
        m->failed |= !names;
        if (!names)
            return false;
        m->names = names;
        m->cap = cap;
    }
    memmove(m->names + at + 1, m->names + at, (m->n++ - at) * sizeof *m->names);
    m->names[at] = keep(m->arena, name, &m->failed);
    return !m->failed;
}

enum carat_err summary_other_metrics(struct carat_store *st, const int64_t *runs, size_t n, struct arena *arena,
                                     struct str **out, size_t *n_out, struct err *err)
{
    struct metrics m = {.arena = arena};
    enum carat_err rc = CARAT_OK;
    for (size_t r = 0; r < n && !rc; r++) {
        struct leaves l = {.arena = arena};
        rc = carat_store_tasks(st, runs[r], take_task, &l, err);
        for (size_t i = 0; i < l.n && !rc; i++) {
            m.headline = l.items[i].score.metric;
            rc = carat_store_metrics(st, l.items[i].task, note_metric, &m, err);
        }
        m.failed |= l.failed;
        free(l.items);
    }
    *out = m.names;
    *n_out = m.n;
    return !rc && m.failed ? err_nomem(err, "the metrics") : rc;
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
