/* Two runs judged: statistics over the pairs of a benchmark, and over all benchmarks together. docs/statistics.md tells which
 * and why. */
#include <math.h>
#include <stdlib.h>

#include "clusters.h"
#include "compare_int.h"

static const struct stats_power HARDEST = {0.05, 0.80}; /* alpha is divided by the number of tests */

struct columns {              /* a benchmark's items as the statistics want them */
    double *score[2], *difference;
    size_t *leaf;             /* item's */
    size_t *cluster;          /* within the leaves */
    size_t n_clusters;
};

struct place {                /* of an item among the clusters */
    size_t leaf, item;
    int64_t cluster;
    bool shares;
};

static int compare_places(const void *pa, const void *pb)
{
    const struct place *a = pa, *b = pb;
    if (a->leaf != b->leaf)
        return a->leaf < b->leaf ? -1 : 1;
    const int order = clusters_compare(a->shares, a->cluster, b->shares, b->cluster);
    return order ? order : (a->item > b->item) - (a->item < b->item);
}

/* Items of one leaf with the same cluster get the same number; those that share nothing get their own. */
static enum carat_err number_clusters(const struct compare_bench *b, struct columns *out, struct err *err)
{
    struct place *places = calloc(b->n_items + 1, sizeof *places);
    if (!places)
        return err_nomem(err, "a comparison");
    for (size_t i = 0; i < b->n_items; i++)
        places[i] = (struct place){b->items[i].leaf, i, b->items[i].cluster, b->items[i].shares};
    qsort(places, b->n_items, sizeof *places, compare_places);
    for (size_t i = 0; i < b->n_items; i++) {
        const struct place *p = &places[i], *before = i ? p - 1 : NULL;
        out->n_clusters += !before || before->leaf != p->leaf || !p->shares || !before->shares || before->cluster != p->cluster;
        out->cluster[p->item] = out->n_clusters - 1;
    }
    free(places);
    return CARAT_OK;
}

static enum carat_err make_columns(const struct compare_bench *b, struct columns *out, struct err *err)
{
    size_t n = b->n_items + 1;
    *out = (struct columns){{calloc(n, sizeof(double)), calloc(n, sizeof(double))},
                            calloc(n, sizeof(double)),
                            calloc(n, sizeof(size_t)),
                            calloc(n, sizeof(size_t)),
                            0};
    if (!out->score[0] || !out->score[1] || !out->difference || !out->leaf || !out->cluster)
        return err_nomem(err, "a comparison");
    for (size_t i = 0; i < b->n_items; i++) {
        out->score[0][i] = b->items[i].score[0];
        out->score[1][i] = b->items[i].score[1];
        out->difference[i] = b->items[i].score[1] - b->items[i].score[0];
        out->leaf[i] = b->items[i].leaf;
    }
    return b->clusters.n ? number_clusters(b, out, err) : CARAT_OK;
}

static void free_columns(struct columns *k)
{
    free(k->score[0]);
    free(k->score[1]);
    free(k->difference);
    free(k->leaf);
    free(k->cluster);
}

/* The error that an interval stands for. Unlike a standard error it is not 0 where nothing was seen to differ. */
static double error_of(struct stats_interval ci)
{
    return (ci.high - ci.low) / (2 * stats_normal_quantile(0.975));
}

/* Each leaf counts once. Items lie by leaf. */
static enum carat_err mean_over_leaves(struct compare_bench *b, const struct columns *k, struct err *err)
{
    size_t most = b->n_leaves, n = 0;
    struct stats_part *parts = calloc(3 * most + 1, sizeof *parts);
    enum carat_err rc = parts ? CARAT_OK : err_nomem(err, "a comparison");
    for (size_t from = 0, to; from < b->n_items && !rc; from = to) {
        struct stats_paired leaf;
        for (to = from; to < b->n_items && k->leaf[to] == k->leaf[from]; to++)
            ;
        rc = stats_paired(k->score[0] + from, k->score[1] + from, NULL, to - from, 0, &leaf, err);
        double size = (double)(to - from);
        parts[n] = (struct stats_part){size, leaf.a, NAN};
        parts[most + n] = (struct stats_part){size, leaf.b, NAN};
        parts[2 * most + n++] =
            (struct stats_part){size, leaf.difference, error_of(stats_paired_interval(&leaf, 0.95))};
    }
    b->n_parts = n;
    if (!rc && n > 1) {
        b->over_parts[SIDE_A] = stats_mean_over_parts(parts, n);
        b->over_parts[SIDE_B] = stats_mean_over_parts(parts + most, n);
        b->over_parts_difference = stats_mean_over_parts(parts + 2 * most, n);
    }
    free(parts);
    return rc;
}

static double width_of(const struct stats_paired *d)
{
    struct stats_interval ci = stats_paired_interval(d, 0.95);
    return ci.high - ci.low;
}

/* The statistics of the pairs, and the clusters they go by: leaves, what items share within them, or (NULL) neither. */
static enum carat_err pair_scores(struct compare_bench *b, const struct columns *k, const size_t **cluster, size_t *n_clusters,
                                  struct err *err)
{
    struct stats_paired within;
    const bool leaves = b->n_leaves > 1;
    *cluster = leaves ? k->leaf : NULL;
    *n_clusters = leaves ? b->n_leaves : 0;
    b->clustered_by = leaves ? STR("subset") : STR("");
    enum carat_err rc = stats_paired(k->score[0], k->score[1], *cluster, b->n_items, *n_clusters, &b->paired, err);
    if (rc || k->n_clusters == b->n_items || !b->clusters.n) /* no two share anything */
        return rc;
    rc = stats_paired(k->score[0], k->score[1], k->cluster, b->n_items, k->n_clusters, &within, err);
    if (rc || (leaves && !(width_of(&within) > width_of(&b->paired))))
        return rc;
    b->paired = within;
    b->clustered_by = b->clusters;
    *cluster = k->cluster;
    *n_clusters = k->n_clusters;
    return CARAT_OK;
}

/* Of scores from 0 to 1 no difference is beyond 1, whatever few clusters make of it. */
static struct stats_interval within_bounds(const struct compare_bench *b, struct stats_interval ci)
{
    for (size_t i = 0; i < b->n_items; i++)
        for (int side = SIDE_A; side <= SIDE_B; side++)
            if (b->items[i].score[side] < 0 || b->items[i].score[side] > 1)
                return ci;
    return isnan(ci.low) ? ci : (struct stats_interval){fmax(ci.low, -1), fmin(ci.high, 1)};
}

enum carat_err compare_judge(struct compare_bench *b, const struct compare_options *o, struct err *err)
{
    struct columns k;
    enum carat_err rc = make_columns(b, &k, err);
    const size_t *cluster = NULL;
    size_t n_clusters = 0;
    b->boot = (struct stats_interval){NAN, NAN};
    if (!rc)
        rc = pair_scores(b, &k, &cluster, &n_clusters, err);
    if (!rc)
        rc = mean_over_leaves(b, &k, err);
    if (!rc && o->bootstrap)
        rc = stats_bootstrap(k.difference, cluster, b->n_items, n_clusters, COMPARE_RESAMPLES, o->seed, 0.95, &b->boot,
                             err);
    free_columns(&k);
    b->interval = within_bounds(b, stats_paired_interval(&b->paired, 0.95));
    b->method = stats_paired_method(&b->paired, 0.95);
    return rc;
}

/* Clusters that agree within themselves make items worth less: by the ratio of the variances. */
static double design_effect(const struct stats_paired *d)
{
    double ratio = d->se > 0 ? d->cluster_se / d->se : NAN;
    return ratio > 1 ? ratio * ratio : 1;
}

static void find_power(struct compare_bench *b, size_t n_tests)
{
    const struct stats_paired *d = &b->paired;
    struct stats_power at = {HARDEST.alpha / (double)(n_tests ? n_tests : 1), HARDEST.power};
    double n = (double)d->n, effect = design_effect(d);
    double discordant = (double)(d->pairs.only_a + d->pairs.only_b) / n;
    if (d->binary) {
        b->detectable = stats_detectable(n / effect, discordant, at);
        b->needed = effect * stats_items_needed(d->difference, discordant, at);
    } else {
        b->detectable = stats_detectable_sd(n / effect, d->sd, at);
        b->needed = effect * stats_items_needed_sd(d->difference, d->sd, at);
    }
}

enum carat_err compare_judge_together(struct comparison *c, struct err *err)
{
    size_t n = c->n_benches, k = 0;
    double *p = calloc(n + 1, sizeof *p), *adjusted = calloc(n + 1, sizeof *adjusted);
    struct stats_part *parts = calloc(3 * n + 1, sizeof *parts);
    enum carat_err rc = p && adjusted && parts ? CARAT_OK : err_nomem(err, "a comparison");
    for (size_t i = 0; i < n && !rc; i++) {
        const struct stats_paired *d = &c->benches[i].paired;
        p[i] = d->p;
        c->n_tests += !isnan(d->p) ? 1u : 0u;
        if (d->n == 0)
            continue;
        parts[k] = (struct stats_part){(double)d->n, d->a, NAN};
        parts[n + k] = (struct stats_part){(double)d->n, d->b, NAN};
        parts[2 * n + k++] = (struct stats_part){(double)d->n, d->difference, error_of(c->benches[i].interval)};
    }
    if (!rc) {
        stats_holm(p, n, adjusted);
        for (size_t i = 0; i < n; i++) {
            struct compare_bench *b = &c->benches[i];
            b->p_holm = adjusted[i];
            b->gate = within_bounds(
                b, stats_paired_interval(&b->paired, 1 - HARDEST.alpha / (double)(c->n_tests ? c->n_tests : 1)));
            find_power(b, c->n_tests);
        }
        c->mean[SIDE_A] = stats_mean_over_parts(parts, k);
        c->mean[SIDE_B] = stats_mean_over_parts(parts + n, k);
        c->mean_difference = stats_mean_over_parts(parts + 2 * n, k);
    }
    free(p);
    free(adjusted);
    free(parts);
    return rc;
}
