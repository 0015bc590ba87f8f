/* stats.h - how sure a comparison is. Pure functions: no I/O, no global state, the same bits for
 * the same input. Standard errors of one score as the reference harness computes them are stat_mean() and
 * stat_pool() in harness/protocol/protocol.h; here is what stands on top of them.
 *
 *     struct stats_paired d;
 *     stats_paired(a, b, cluster, n, n_clusters, &d, err);    // B - A over the same items
 *     struct stats_interval ci = stats_paired_interval(&d, 0.95);
 *     stats_holm(p, n_benchmarks, adjusted);                  // many benchmarks, one question
 *
 * Values are scores in 0..1, probabilities are 0..1, `level` is 0.95 for a 95 % interval. What cannot be
 * computed (one item, no spread) is NaN, never 0. Arrays are borrowed; only those functions that return
 * carat_err allocate. docs/statistics.md says in words which of these `carat compare` uses when.
 *
 * Sources
 *   Wilson      E. B. Wilson, JASA 22 (1927) 209-212
 *   CR1         Liang & Zeger, Biometrika 73 (1986); Cameron & Miller, J. Human Resources 50 (2015) 317-372,
 *               section II: factor G/(G-1) (times (N-1)/(N-1) for a mean), t quantiles with G-1 degrees
 *   larger SE   Angrist & Pischke, Mostly Harmless Econometrics (2009), section 8.1: take the larger of the
 *               conventional and the robust standard error
 *   McNemar     Psychometrika 12 (1947) 153-157, in its exact binomial form; mid-p: Fagerland, Lydersen & Laake,
 *               BMC Med. Res. Methodol. 13:91 (2013)
 *   Tango       T. Tango, Statistics in Medicine 17 (1998) 891-908
 *   Connor      R. J. Connor, Biometrics 43 (1987) 207-211
 *   MOVER       Zou & Donner, Statistics in Medicine 27 (2008) 1693-1702, for a sum of independent estimates
 *   bootstrap   Efron & Tibshirani (1993), chapter 13, percentile; clusters resampled whole
 *   Holm        S. Holm, Scand. J. Statist. 6 (1979) 65-70
 *   binomial    C. Loader, "Fast and accurate computation of binomial probabilities" (2000): saddle-point form
 *   beta        DLMF 8.17.22, continued fraction by Lentz's method; log-gamma by Stirling's series, DLMF 5.11.1
 */
#ifndef CARAT_STATS_H
#define CARAT_STATS_H

#include <stdint.h>

#include "base/base.h"

/* ---- distributions ----------------------------------------------------------------------- */

double stats_normal_quantile(double p);               /* p in (0, 1); else +-inf or NaN */
double stats_beta(double a, double b, double x);      /* regularised incomplete beta I_x(a, b); a, b > 0 */
double stats_t_quantile(double p, double df);         /* Student's t */
double stats_t_p(double t, double df);                /* P(|T| >= |t|) */
double stats_binomial_pmf(int64_t k, int64_t n, double p);
double stats_binomial_cdf(int64_t k, int64_t n, double p); /* P(X <= k); small tails keep their digits */

/* ---- one score ------------------------------------------------------------------------------- */

struct stats_interval {
    double low, high;
};

/* Wilson's score interval of a proportion; it has a width at 0 % and at 100 % right, too. */
struct stats_interval stats_wilson(int64_t right, int64_t n, double level);

/* Standard error of the mean of n values in groups: cluster[i] < n_clusters says where value i belongs.
 *     sqrt( G/(G-1) * sum_g (sum_{i in g} (x_i - mean))^2 ) / n        (CR1)
 * G counts the groups that have values. NaN when G < 2. `sums` is scratch of [n_clusters]. */
double stats_cluster_se(const double *values, const size_t *cluster, size_t n, size_t n_clusters, double *sums);

/* Means of parts (subjects of MMLU, benchmarks of a capability group) with the error carried along; parts are
 * taken as independent. */
struct stats_part {
    double n, mean, se;
};
/* Each part counts once: sum(m)/k, se = sqrt(sum(se^2))/k. */
struct stats_part stats_mean_over_parts(const struct stats_part *parts, size_t k);
/* Each item counts once: sum(n m)/sum(n), se = sqrt(sum((n se)^2))/sum(n). */
struct stats_part stats_mean_over_items(const struct stats_part *parts, size_t k);

/* With fewer groups a cluster-robust error is itself too uncertain to be more than rough (Cameron & Miller, section VI). */
enum { STATS_FEW_CLUSTERS = 20 };

/* stats_cluster_se() from the parts' sizes and means alone: a part is a group. */
double stats_parts_cluster_se(const struct stats_part *parts, size_t k);
/* Of the mean over all items of parts: `plain` (what holds were the items independent), or mean +- t(G-1) times the
 * cluster-robust error, whichever is wider. */
struct stats_interval stats_parts_interval(const struct stats_part *parts, size_t k, struct stats_interval plain, double level);

/* The mean of k independent estimates, each with its own interval (MOVER): so that 0 % and 100 % right keep theirs.
 *     low = mean - sqrt(sum((m - l)^2))/k,  high = mean + sqrt(sum((u - m)^2))/k */
struct stats_bounded {
    double mean, low, high;
};
struct stats_bounded stats_mean_of_bounded(const struct stats_bounded *parts, size_t k);

/* ---- two models on the same items --------------------------------------------------------------- */

struct stats_pairs {          /* 0/1 scores: how often */
    int64_t both, only_a, only_b, neither;
};

/* Two-sided p of "neither is better": the binomial test of only_a against only_b at 1/2. 1 when both are 0. */
double stats_mcnemar(int64_t only_a, int64_t only_b);
/* The same less half the probability of what was seen: nearer to its level, not guaranteed to keep it. */
double stats_mcnemar_mid(int64_t only_a, int64_t only_b);
/* Tango's score interval of P(B right) - P(A right). Has a width even where no item differs. */
struct stats_interval stats_tango(const struct stats_pairs *pairs, double level);

struct stats_paired {
    size_t n, n_clusters;     /* clusters with items; 0: not clustered */
    double a, b;              /* means */
    double difference;        /* b - a */
    double sd, se;            /* of the item differences: sd(n-1), sd/sqrt(n) */
    double cluster_se;        /* NaN: not clustered */
    bool binary;              /* all scores are 0 or 1: pairs, p_mcnemar, p_mid are set */
    struct stats_pairs pairs; /* of others: equal items count as neither, the rest by who scored higher */
    double p_mcnemar, p_mid;
    double p_t;               /* paired t test, n-1 degrees; NaN without spread */
    double p_cluster;         /* t test with the cluster-robust error, G-1 degrees */
    double p;                 /* what a verdict rests on: McNemar (binary) or t; with clusters the larger of it
                               * and p_cluster. 1 where no item differs; NaN when n == 0 */
};
/* `cluster` may be NULL. */
enum carat_err stats_paired(const double *a, const double *b, const size_t *cluster, size_t n, size_t n_clusters,
                            struct stats_paired *out, struct err *err);

/* Interval of the difference: Tango's (binary) or difference +- t(n-1) se; with clusters the wider of it and
 * difference +- t(G-1) cluster_se. NaN where there is none (one item without 0/1 scores). */
struct stats_interval stats_paired_interval(const struct stats_paired *d, double level);
/* "tango", "paired t" or "cluster t": whose interval that is. */
const char *stats_paired_method(const struct stats_paired *d, double level);

/* Percentile interval of mean(d), resampled `resamples` times by Python's random.Random(seed): the
 * ceil((R+1) alpha/2)-th smallest and largest. With `cluster` whole clusters are drawn, as many as there are.
 * Time: resamples x n (or x clusters). */
enum carat_err stats_bootstrap(const double *d, const size_t *cluster, size_t n, size_t n_clusters,
                               size_t resamples, uint64_t seed, double level, struct stats_interval *out,
                               struct err *err);

/* Holm-Bonferroni: adjusted p values, in the order given. NaN is no test: it stays and is not counted. */
void stats_holm(const double *p, size_t n, double *adjusted);

/* ---- what a comparison can see ---------------------------------------------------------------------- */

struct stats_power {
    double alpha, power;      /* 0.05 two-sided, 0.80 */
};
/* Connor: items needed to tell `difference` where the share `discordant` of them differs. Infinite for 0. */
double stats_items_needed(double difference, double discordant, struct stats_power at);
/* The smallest |difference| that n items tell. Where all `discordant` ones on one side are not enough, the
 * share of items that would be. NaN when even every item would not do. */
double stats_detectable(double n, double discordant, struct stats_power at);
/* The same for scores that are not 0/1: n = ((z_alpha + z_power) sd / difference)^2. */
double stats_items_needed_sd(double difference, double sd, struct stats_power at);
double stats_detectable_sd(double n, double sd, struct stats_power at);

#endif
