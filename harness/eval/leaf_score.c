/* A stored task's items as one number. How they become one stands in the task's settings: a metric without an
 * "aggregation" is a mean; one with it may have a second number in each item, named by "with"; one of whole corpora has
 * sums in each, named after the metric. */
#include <math.h>
#include <stdlib.h>

#include "leaf_score.h"

struct values {
    double *items;
    struct clustered *clusters;
    size_t n, cap;
    bool failed;
};

static void values_release(struct values *v)
{
    free(v->items);
    free(v->clusters);
}

static bool reserve(struct values *v)
{
    size_t cap = v->cap ? 2 * v->cap : 1024;
    double *items = realloc(v->items, cap * sizeof *items);
    if (items)
        v->items = items;
    struct clustered *clusters = realloc(v->clusters, cap * sizeof *clusters);
    if (clusters)
        v->clusters = clusters;
    if (!items || !clusters)
        return false;
    v->cap = cap;
    return true;
}

static bool take_value(void *context, const struct carat_value_row *row)
{
    struct values *v = context;
    v->failed = v->n == v->cap && !reserve(v);
    if (v->failed)
        return false;
    v->clusters[v->n] = (struct clustered){row->value, row->shares, row->cluster};
    v->items[v->n++] = row->value;
    return true;
}

static enum carat_err read_values(struct carat_store *st, int64_t task, struct str metric, struct values *out,
                                  struct err *err)
{
    char *name = strndup(metric.p, metric.n);
    enum carat_err rc = name ? carat_store_values(st, task, name, take_value, out, err) : CARAT_OK;
    if (!name || out->failed)
        rc = err_nomem(err, "the scores");
    free(name);
    return rc;
}

/* The metric that the value "exact_match,strict-match" is of; NULL: settings of another carat. Borrowed. */
static const json_t *metric_settings(const json_t *settings, struct str value)
{
    size_t i;
    json_t *metric;
    struct str name;
    json_array_foreach(json_object_get(settings, "metrics"), i, metric) {
        if (json_get_str(metric, "name", &name) && str_starts(value, name) &&
            (value.n == name.n || value.p[name.n] == ',' || value.p[name.n] == '@'))
            return metric;
    }
    return NULL;
}

struct leaf_metric_kind leaf_metric_kind(struct str settings, struct str metric)
{
    json_t *json = NULL;
    struct str how = STR("");
    if (settings.n)
        json_read(settings, "the task's settings", 0, &json, NULL); /* of another carat: a mean, as most are */
    const json_t *found = metric_settings(json, metric);
    json_get_str(found, "aggregation", &how);
    const struct leaf_metric_kind kind = {how.n == 0 || str_eq(how, str_from(stat_aggregation_name(CARAT_AGGREGATE_NANMEAN))),
                                          json_is_true(json_object_get(found, "lower_is_better"))};
    json_decref(json);
    return kind;
}

bool group_counts_leaves_once(struct str settings)
{
    json_t *json = NULL;
    struct str mean;
    bool once = settings.n && !json_read(settings, "the task's settings", 0, &json, NULL) &&
                json_get_str(json, "group_mean", &mean) && str_eq(mean, STR("tasks"));
    json_decref(json);
    return once;
}

/* The clusters of a mean. Also without any that several items share: a benchmark's other leaves may have them. */
static enum carat_err find_clusters(struct values *v, struct str name, struct leaf_score *out, struct err *err)
{
    if (!v->n)
        return CARAT_OK;
    out->parts = calloc(v->n, sizeof *out->parts);
    if (!out->parts)
        return err_nomem(err, "the scores");
    out->clusters.n = clusters_parts(v->clusters, v->n, out->parts, &out->clusters.n_alone);
    if (out->clusters.n == v->n) /* no two share anything */
        return CARAT_OK;
    out->clusters.by = name;
    clusters_widen(out->parts, out->share, &out->mean, &out->clusters);
    return CARAT_OK;
}

void leaf_score_release(struct leaf_score *s)
{
    free(s->parts);
    s->parts = NULL;
}

/* "bleu:matches_1,none" of "bleu,none". */
static struct str sum_name(struct str metric, enum mt_measure measure, size_t i, struct arena *arena)
{
    ptrdiff_t comma = str_find(metric, STR(","), 0);
    const size_t n = comma < 0 ? metric.n : (size_t)comma;
    return str_from(arena_printf(arena, "%.*s:%s%.*s", (int)n, metric.p, mt_sum_name(measure, i), (int)(metric.n - n),
                                 metric.p + n));
}

/* One of a corpus metric's sums, of all items. */
static enum carat_err read_sums(struct carat_store *st, const struct leaf_metric *leaf, enum mt_measure measure, size_t i,
                                size_t n, double (*sums)[MT_SUMS_MAX], struct err *err)
{
    struct arena arena = ARENA_INIT;
    struct values values = {0};
    struct str name = sum_name(leaf->metric, measure, i, &arena);
    enum carat_err rc = name.p ? read_values(st, leaf->task, name, &values, err) : err_nomem(err, "the scores");
    if (!rc && values.n != n)
        rc = err_set(err, CARAT_EINPUT, "%zu items have '%.*s', but %zu '%.*s'", n, (int)leaf->metric.n, leaf->metric.p,
                     values.n, (int)name.n, name.p);
    for (size_t k = 0; k < n && !rc; k++)
        sums[k][i] = values.items[k];
    values_release(&values);
    arena_release(&arena);
    return rc;
}

static enum carat_err corpus_score(struct carat_store *st, const struct leaf_metric *leaf, enum mt_measure measure, size_t n,
                                   struct leaf_score *out, struct err *err)
{
    double(*sums)[MT_SUMS_MAX] = calloc(n ? n : 1, sizeof *sums);
    enum carat_err rc = sums ? CARAT_OK : err_nomem(err, "the scores");
    for (size_t i = 0; i < mt_n_sums(measure) && !rc; i++)
        rc = read_sums(st, leaf, measure, i, n, sums, err);
    if (!rc)
        rc = stat_aggregate_corpus(measure, (const double(*)[MT_SUMS_MAX])sums, n, STAT_BOOTSTRAP_CORPUS, &out->mean, err);
    free(sums);
    out->points = measure != MT_TER;
    return rc;
}

enum carat_err leaf_score(struct carat_store *st, const struct leaf_metric *leaf, struct leaf_score *out, struct err *err)
{
    struct values values = {0}, others = {0};
    json_t *settings = NULL;
    struct str name, with = {NULL, 0};
    enum carat_aggregation how = CARAT_AGGREGATE_MEAN;
    enum carat_err rc = CARAT_OK;
    *out = (struct leaf_score){.clusters = {.by = STR(""), .se = NAN}};
    if (leaf->settings.n)
        rc = json_read(leaf->settings, "the task's settings", 0, &settings, err);
    const json_t *metric = metric_settings(settings, leaf->metric);
    if (!rc && json_get_str(metric, "aggregation", &name) && !stat_aggregation_find(name, &how))
        rc = err_set(err, CARAT_EUNSUPPORTED, "the aggregation '%.*s' is of another carat", (int)name.n, name.p);
    if (!rc)
        rc = read_values(st, leaf->task, leaf->metric, &values, err);
    if (!rc && json_get_str(metric, "with", &with))
        rc = read_values(st, leaf->task, with, &others, err);
    if (!rc && with.p && others.n != values.n)
        rc = err_set(err, CARAT_EINPUT, "%zu items have '%.*s', but %zu '%.*s'", values.n, (int)leaf->metric.n,
                     leaf->metric.p, others.n, (int)with.n, with.p);
    enum mt_measure measure;
    const bool of_corpus = stat_measure(how, &measure);
    if (!rc && of_corpus)
        rc = corpus_score(st, leaf, measure, values.n, out, err);
    else if (!rc)
        rc = stat_aggregate(how, values.items, with.p ? others.items : NULL, values.n, STAT_BOOTSTRAP, &out->mean, err);
    out->share = !of_corpus && how != CARAT_AGGREGATE_PERPLEXITY && how != CARAT_AGGREGATE_WEIGHTED_PERPLEXITY &&
                 how != CARAT_AGGREGATE_BITS_PER_BYTE;
    if (!rc && how == CARAT_AGGREGATE_MEAN)
        rc = find_clusters(&values, leaf->clusters, out, err);
    json_decref(settings);
    values_release(&values);
    values_release(&others);
    return rc;
}
