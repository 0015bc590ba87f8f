/* One score, two scores on the same items, many of them. */
#include "stats.h"

#include <math.h>
#include <stdlib.h>

#include "bisect.h"
#include "harness/protocol/protocol.h" /* stat_mean, py_random */

/* ---- one score ------------------------------------------------------------------------------------- */

static double two_sided_z(double level)
{
    return -stats_normal_quantile((1 - level) / 2);
}

struct stats_interval stats_wilson(int64_t right, int64_t n, double level)
{
    if (n <= 0)
        return (struct stats_interval){NAN, NAN};
    double size = (double)n, p = (double)right / size, z = two_sided_z(level), z2 = z * z;
    double middle = (p + z2 / (2 * size)) / (1 + z2 / size);
    double half = z / (1 + z2 / size) * sqrt(p * (1 - p) / size + z2 / (4 * size * size));
    return (struct stats_interval){right == 0 ? 0 : middle - half, right == n ? 1 : middle + half};
}

static double mean_of(const double *values, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    return sum / (double)n;
}

/* How many of the clusters have values. */
static size_t count_clusters(const size_t *cluster, size_t n, size_t n_clusters, double *marks)
{
    size_t used = 0;
    for (size_t g = 0; g < n_clusters; g++)
        marks[g] = 0;
    for (size_t i = 0; i < n; i++) {
        used += marks[cluster[i]] == 0;
        marks[cluster[i]] = 1;
    }
    return used;
}

double stats_cluster_se(const double *values, const size_t *cluster, size_t n, size_t n_clusters, double *sums)
{
    size_t used = count_clusters(cluster, n, n_clusters, sums);
    double mean = mean_of(values, n), squares = 0, g = (double)used;
    if (used < 2)
        return NAN;
    for (size_t i = 0; i < n_clusters; i++)
        sums[i] = 0;
    for (size_t i = 0; i < n; i++)
        sums[cluster[i]] += values[i] - mean;
    for (size_t i = 0; i < n_clusters; i++)
        squares += sums[i] * sums[i];
    return sqrt(g / (g - 1) * squares) / (double)n;
}

struct stats_part stats_mean_over_parts(const struct stats_part *parts, size_t k)
{
    struct stats_part out = {0, 0, 0};
    for (size_t i = 0; i < k; i++) {
        out.n += parts[i].n;
        out.mean += parts[i].mean;
        out.se += parts[i].se * parts[i].se;
    }
    return (struct stats_part){out.n, out.mean / (double)k, sqrt(out.se) / (double)k};
}

struct stats_part stats_mean_over_items(const struct stats_part *parts, size_t k)
{
    struct stats_part out = {0, 0, 0};
    for (size_t i = 0; i < k; i++) {
        double n = parts[i].n;
        out.n += n;
        out.mean += n * parts[i].mean;
        out.se += n * parts[i].se * n * parts[i].se;
    }
    return (struct stats_part){out.n, out.mean / out.n, sqrt(out.se) / out.n};
}

double stats_parts_cluster_se(const struct stats_part *parts, size_t k)
{
    struct stats_part all = stats_mean_over_items(parts, k);
    double sum = 0, groups = 0;
    for (size_t i = 0; i < k; i++) {
        double deviation = parts[i].n > 0 ? parts[i].n * (parts[i].mean - all.mean) : 0;
        sum += deviation * deviation;
        groups += parts[i].n > 0;
    }
    return groups < 2 ? (double)NAN : sqrt(groups / (groups - 1) * sum) / all.n;
}

struct stats_interval stats_parts_interval(const struct stats_part *parts, size_t k, struct stats_interval plain, double level)
{
    double groups = 0, se = stats_parts_cluster_se(parts, k), mean = stats_mean_over_items(parts, k).mean;
    for (size_t i = 0; i < k; i++)
        groups += parts[i].n > 0;
    double half = groups < 2 ? (double)NAN : stats_t_quantile(0.5 + level / 2, groups - 1) * se;
    return 2 * half > plain.high - plain.low ? (struct stats_interval){mean - half, mean + half} : plain;
}

struct stats_bounded stats_mean_of_bounded(const struct stats_bounded *parts, size_t k)
{
    double sum = 0, below = 0, above = 0;
    for (size_t i = 0; i < k; i++) {
        sum += parts[i].mean;
        below += (parts[i].mean - parts[i].low) * (parts[i].mean - parts[i].low);
        above += (parts[i].high - parts[i].mean) * (parts[i].high - parts[i].mean);
    }
    double n = (double)k;
    return (struct stats_bounded){sum / n, sum / n - sqrt(below) / n, sum / n + sqrt(above) / n};
}

/* ---- 0/1 scores of two models --------------------------------------------------------------------------- */

double stats_mcnemar(int64_t only_a, int64_t only_b)
{
    int64_t fewer = only_a < only_b ? only_a : only_b;
    return only_a == only_b ? 1 : fmin(1, 2 * stats_binomial_cdf(fewer, only_a + only_b, 0.5));
}

double stats_mcnemar_mid(int64_t only_a, int64_t only_b)
{
    int64_t fewer = only_a < only_b ? only_a : only_b, n = only_a + only_b;
    if (n == 0)
        return 1;
    double seen = stats_binomial_pmf(fewer, n, 0.5);
    if (only_a == only_b) /* both halves meet in what was seen */
        return 1 - seen / 2;
    return 2 * stats_binomial_cdf(fewer, n, 0.5) - seen;
}

struct tango {
    double n, x, y;           /* items, only B right, only A right */
    double z;
};

/* The score statistic of "the difference is delta", less the z wanted. */
static double tango_excess(const void *context, double delta)
{
    const struct tango *t = context;
    /* q: maximum likelihood estimate of P(only A) under the constraint P(only B) = q + delta. */
    double a = 2 * t->n, b = -t->x - t->y + (2 * t->n - t->x + t->y) * delta, c = -t->y * delta * (1 - delta);
    double q = (sqrt(fmax(0, b * b - 4 * a * c)) - b) / (2 * a);
    double variance = t->n * (2 * q + delta * (1 - delta)), distance = t->x - t->y - t->n * delta;
    if (variance <= 0)
        return distance > 0 ? INFINITY : -INFINITY;
    return distance / sqrt(variance) - t->z;
}

struct stats_interval stats_tango(const struct stats_pairs *pairs, double level)
{
    double n = (double)(pairs->both + pairs->only_a + pairs->only_b + pairs->neither), z = two_sided_z(level);
    struct tango t = {.n = n, .x = (double)pairs->only_b, .y = (double)pairs->only_a, .z = z};
    if (n <= 0)
        return (struct stats_interval){NAN, NAN};
    double seen = (t.x - t.y) / n;
    struct stats_interval out = {-1, 1};
    if (seen > -1)
        out.low = bisect(tango_excess, &t, -1, seen);
    t.z = -z;
    if (seen < 1)
        out.high = bisect(tango_excess, &t, seen, 1);
    return out;
}

/* ---- paired difference ------------------------------------------------------------------------------------ */

static bool is_binary(double x)
{
    return x == 0 || x == 1;
}

static void count_pairs(const double *a, const double *b, size_t n, struct stats_paired *out)
{
    out->binary = n > 0;
    for (size_t i = 0; i < n; i++) {
        out->binary = out->binary && is_binary(a[i]) && is_binary(b[i]);
        out->pairs.only_a += a[i] > b[i];
        out->pairs.only_b += b[i] > a[i];
        out->pairs.both += a[i] == b[i] && a[i] == 1;
        out->pairs.neither += a[i] == b[i] && a[i] != 1;
    }
}

static void find_p(struct stats_paired *d)
{
    bool any = d->pairs.only_a + d->pairs.only_b > 0;
    d->p_mcnemar = d->binary ? stats_mcnemar(d->pairs.only_a, d->pairs.only_b) : NAN;
    d->p_mid = d->binary ? stats_mcnemar_mid(d->pairs.only_a, d->pairs.only_b) : NAN;
    d->p_t = d->se > 0 ? stats_t_p(d->difference / d->se, (double)d->n - 1) : NAN;
    d->p_cluster = d->cluster_se > 0 ? stats_t_p(d->difference / d->cluster_se, (double)d->n_clusters - 1) : NAN;
    if (d->n == 0)
        d->p = NAN;
    else if (!any)
        d->p = 1;
    else /* without spread the t test has nothing to say: no evidence */
        d->p = d->binary ? d->p_mcnemar : isnan(d->p_t) ? 1 : d->p_t;
    if (d->p_cluster > d->p)
        d->p = d->p_cluster;
}

enum carat_err stats_paired(const double *a, const double *b, const size_t *cluster, size_t n, size_t n_clusters,
                            struct stats_paired *out, struct err *err)
{
    *out = (struct stats_paired){.n = n, .a = NAN, .b = NAN, .difference = NAN, .sd = NAN, .se = NAN, .cluster_se = NAN};
    double *d = calloc(n + 1, sizeof *d), *sums = calloc(n_clusters + 1, sizeof *sums);
    struct stat_mean mean;
    if (!d || !sums) {
        free(d);
        free(sums);
        return err_nomem(err, "a comparison");
    }
    for (size_t i = 0; i < n; i++)
        d[i] = b[i] - a[i];
    stat_mean(d, n, &mean);
    if (n) {
        out->a = mean_of(a, n);
        out->b = mean_of(b, n);
        out->difference = mean.mean;
    }
    out->se = mean.stderr_mean;
    out->sd = mean.stderr_mean * sqrt((double)n);
    if (cluster && n) {
        out->n_clusters = count_clusters(cluster, n, n_clusters, sums);
        out->cluster_se = stats_cluster_se(d, cluster, n, n_clusters, sums);
    }
    count_pairs(a, b, n, out);
    find_p(out);
    free(d);
    free(sums);
    return CARAT_OK;
}

static struct stats_interval t_interval(double middle, double se, double df, double level)
{
    double half = se > 0 || se == 0 ? -stats_t_quantile((1 - level) / 2, df) * se : NAN;
    return (struct stats_interval){middle - half, middle + half};
}

/* The interval that takes items as independent. */
static struct stats_interval item_interval(const struct stats_paired *d, double level)
{
    return d->binary ? stats_tango(&d->pairs, level) : t_interval(d->difference, d->se, (double)d->n - 1, level);
}

static bool cluster_is_wider(const struct stats_paired *d, double level, struct stats_interval *out)
{
    struct stats_interval by_item = item_interval(d, level);
    *out = by_item;
    if (d->n_clusters < 2 || isnan(d->cluster_se))
        return false;
    struct stats_interval by_cluster = t_interval(d->difference, d->cluster_se, (double)d->n_clusters - 1, level);
    if (!isnan(by_item.low) && by_cluster.high - by_cluster.low <= by_item.high - by_item.low)
        return false;
    *out = by_cluster;
    return true;
}

struct stats_interval stats_paired_interval(const struct stats_paired *d, double level)
{
    struct stats_interval out;
    cluster_is_wider(d, level, &out);
    return out;
}

const char *stats_paired_method(const struct stats_paired *d, double level)
{
    struct stats_interval out;
    return cluster_is_wider(d, level, &out) ? "cluster t" : d->binary ? "tango" : "paired t";
}

/* ---- bootstrap --------------------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Units that are drawn: items, or clusters with their sums and sizes. */
struct units {
    double *sum, *size;
    size_t n;
};

static void gather_units(const double *d, const size_t *cluster, size_t n, size_t n_clusters, struct units *u)
{
    size_t kept = 0;
    u->n = cluster ? n_clusters : n;
    for (size_t i = 0; i < n; i++) {
        size_t at = cluster ? cluster[i] : i;
        u->sum[at] += d[i];
        u->size[at]++;
    }
    for (size_t i = 0; i < u->n; i++) { /* clusters without items cannot be drawn */
        u->sum[kept] = u->sum[i];
        u->size[kept] = u->size[i];
        kept += u->size[i] > 0;
    }
    u->n = kept;
}

static double resample(const struct units *u, struct py_random *random)
{
    double sum = 0, size = 0;
    for (size_t i = 0; i < u->n; i++) {
        size_t at = py_random_below(random, u->n);
        sum += u->sum[at];
        size += u->size[at];
    }
    return sum / size;
}

enum carat_err stats_bootstrap(const double *d, const size_t *cluster, size_t n, size_t n_clusters,
                               size_t resamples, uint64_t seed, double level, struct stats_interval *out,
                               struct err *err)
{
    size_t most = (cluster ? n_clusters : n) + 1;
    struct units u = {calloc(most, sizeof *u.sum), calloc(most, sizeof *u.size), 0};
    double *means = calloc(resamples + 1, sizeof *means);
    struct py_random random;
    enum carat_err rc = u.sum && u.size && means ? CARAT_OK : err_nomem(err, "the bootstrap");
    *out = (struct stats_interval){NAN, NAN};
    if (rc || n == 0 || resamples == 0)
        goto out;
    gather_units(d, cluster, n, n_clusters, &u);
    py_random_seed(&random, seed);
    for (size_t i = 0; i < resamples; i++)
        means[i] = resample(&u, &random);
    qsort(means, resamples, sizeof *means, by_value);
    /* (R + 1) alpha/2 is meant to be whole (9999: 250); the small step undoes the rounding of 1 - level. */
    size_t k = (size_t)ceil((double)(resamples + 1) * (1 - level) / 2 - 1e-9);
    k = k < 1 ? 1 : k > resamples ? resamples : k;
    *out = (struct stats_interval){means[k - 1], means[resamples - k]};
out:
    free(u.sum);
    free(u.size);
    free(means);
    return rc;
}

/* ---- many tests ------------------------------------------------------------------------------------------ */

/* n is the number of benchmarks: a few dozen, so the next smallest is looked for, not sorted. */
void stats_holm(const double *p, size_t n, double *adjusted)
{
    size_t left = 0, last = 0;
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        left += isnan(p[i]) ? 0 : 1;
        adjusted[i] = NAN;
    }
    for (bool first = true; left > 0; left--, first = false) {
        size_t next = n;
        for (size_t i = 0; i < n; i++) { /* equal ones in their order */
            bool open = !isnan(p[i]) && (first || p[i] > p[last] || (p[i] == p[last] && i > last));
            if (open && (next == n || p[i] < p[next]))
                next = i;
        }
        most = fmax(most, (double)left * p[next]);
        adjusted[next] = fmin(1, most);
        last = next;
    }
}

/* ---- power ------------------------------------------------------------------------------------------------ */

static double z_alpha(struct stats_power at)
{
    return -stats_normal_quantile(at.alpha / 2);
}

double stats_items_needed(double difference, double discordant, struct stats_power at)
{
    double z = z_alpha(at) * sqrt(discordant) +
               stats_normal_quantile(at.power) * sqrt(fmax(0, discordant - difference * difference));
    return difference == 0 ? INFINITY : z * z / (difference * difference);
}

struct one_sided {
    double n;
    struct stats_power at;
};

/* Items at hand less those needed where every discordant item speaks for the same model. */
static double enough(const void *context, double share)
{
    const struct one_sided *o = context;
    return o->n - stats_items_needed(share, share, o->at);
}

double stats_detectable(double n, double discordant, struct stats_power at)
{
    double za = z_alpha(at), zb = stats_normal_quantile(at.power);
    struct one_sided o = {n, at};
    /* Connor's formula solved for the difference: a quadratic. */
    double root = za * za * n * discordant - (n + zb * zb) * (za * za - zb * zb) * discordant;
    double difference = root >= 0 ? (za * sqrt(n * discordant) + sqrt(root)) / (n + zb * zb) : INFINITY;
    if (difference <= discordant && discordant > 0)
        return difference;
    return enough(&o, 1) >= 0 ? bisect(enough, &o, 1e-12, 1) : NAN;
}

double stats_items_needed_sd(double difference, double sd, struct stats_power at)
{
    double z = (z_alpha(at) + stats_normal_quantile(at.power)) * sd / difference;
    return difference == 0 ? INFINITY : z * z;
}

double stats_detectable_sd(double n, double sd, struct stats_power at)
{
    return (z_alpha(at) + stats_normal_quantile(at.power)) * sd / sqrt(n);
}
