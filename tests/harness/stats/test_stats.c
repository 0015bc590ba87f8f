/* Against SciPy, statsmodels, the reference harness and Python: tests/harness/stats/make_goldens.py. */
#include <criterion/criterion.h>
#include <math.h>

#include "harness/protocol/protocol.h"
#include "harness/stats/stats.h"
#include "tests/support/support.h"

static json_t *load(const char *name)
{
    struct buf path = BUF_INIT(1 << 12);
    struct err err = ERR_INIT;
    json_t *rows;
    buf_printf(&path, "stats/%s.json", name);
    cr_assert_eq(json_read_file(golden_path(path.p), 1 << 24, &rows, &err), CARAT_OK, "%s", err.msg);
    buf_release(&path);
    cr_assert_gt(json_array_size(rows), 0);
    return rows;
}

static double at(const json_t *list, size_t i)
{
    return json_number_value(json_array_get(list, i));
}

static int64_t whole(const json_t *list, size_t i)
{
    return (int64_t)json_integer_value(json_array_get(list, i));
}

/* The largest relative difference from the goldens, and how many values were compared: the figures to publish. */
static double largest;
static size_t n_compared;

static void near(double got, double want, const char *what, size_t row)
{
    double off = fabs(got - want) / (fabs(want) > 1e-300 ? fabs(want) : 1);
    largest = fmax(largest, off);
    n_compared++;
    cr_assert(off <= 1e-9, "%s, row %zu: %.17g, not %.17g (off by %.2g)", what, row, got, want, off);
}

static size_t read_list(const json_t *list, double *out)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        out[i] = at(list, i);
    return json_array_size(list);
}

static double key(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

/* ---- a function for each file: its arguments, what is wanted, the row ------------------------------------------ */

static void check_normal_quantile(const json_t *arg, const json_t *want, size_t i)
{
    near(stats_normal_quantile(at(arg, 0)), json_number_value(want), "p", i);
}

static void check_t_quantile(const json_t *arg, const json_t *want, size_t i)
{
    near(stats_t_quantile(at(arg, 0), at(arg, 1)), json_number_value(want), "quantile", i);
}

static void check_t_p(const json_t *arg, const json_t *want, size_t i)
{
    near(stats_t_p(at(arg, 0), at(arg, 1)), json_number_value(want), "p", i);
}

static void check_beta(const json_t *arg, const json_t *want, size_t i)
{
    near(stats_beta(at(arg, 0), at(arg, 1), at(arg, 2)), json_number_value(want), "beta", i);
}

static void check_binomial(const json_t *arg, const json_t *want, size_t i)
{
    near(stats_binomial_pmf(whole(arg, 0), whole(arg, 1), at(arg, 2)), at(want, 0), "pmf", i);
    near(stats_binomial_cdf(whole(arg, 0), whole(arg, 1), at(arg, 2)), at(want, 1), "cdf", i);
}

static void check_wilson(const json_t *arg, const json_t *want, size_t i)
{
    struct stats_interval got = stats_wilson(whole(arg, 0), whole(arg, 1), at(arg, 2));
    near(fmax(got.low, 1e-12), fmax(at(want, 0), 1e-12), "low", i); /* what should be 0 is a rounding error there */
    near(got.high, at(want, 1), "high", i);
}

static void check_tango(const json_t *arg, const json_t *want, size_t i)
{
    struct stats_pairs p = {whole(arg, 0), whole(arg, 1), whole(arg, 2), whole(arg, 3)};
    struct stats_interval got = stats_tango(&p, at(arg, 4));
    near(got.low, at(want, 0), "low", i);
    near(got.high, at(want, 1), "high", i);
    struct stats_pairs q = {p.both, p.only_b, p.only_a, p.neither};
    struct stats_interval turned = stats_tango(&q, at(arg, 4));
    cr_assert(fabs(turned.low + got.high) < 1e-12 && fabs(turned.high + got.low) < 1e-12, "row %zu: not symmetric", i);
}

static void check_mcnemar(const json_t *arg, const json_t *want, size_t i)
{
    near(stats_mcnemar(whole(arg, 0), whole(arg, 1)), at(want, 0), "exact", i);
    near(stats_mcnemar_mid(whole(arg, 0), whole(arg, 1)), at(want, 1), "mid-p", i);
    cr_assert_eq(stats_mcnemar(whole(arg, 0), whole(arg, 1)), stats_mcnemar(whole(arg, 1), whole(arg, 0)));
}

static void check_holm(const json_t *arg, const json_t *want, size_t i)
{
    double p[16], got[16];
    size_t n = read_list(arg, p);
    stats_holm(p, n, got);
    for (size_t k = 0; k < n; k++)
        near(got[k], at(want, k), "adjusted", i);
}

static void check_interval(struct stats_interval got, const json_t *want, const char *name, size_t i)
{
    const json_t *ends = json_object_get(want, name);
    near(got.low, at(ends, 0), "low", i);
    near(got.high, at(ends, 1), "high", i);
}

static void check_paired(const json_t *arg, const json_t *want, size_t i)
{
    double a[512], b[512], groups[512], d[512];
    size_t cluster[512], n = read_list(json_array_get(arg, 0), a), n_clusters = (size_t)whole(arg, 3);
    struct stats_paired got, loose;
    struct stats_interval ci;
    read_list(json_array_get(arg, 1), b);
    read_list(json_array_get(arg, 2), groups);
    for (size_t k = 0; k < n; k++) {
        cluster[k] = (size_t)groups[k];
        d[k] = b[k] - a[k];
    }
    cr_assert_eq(stats_paired(a, b, cluster, n, n_clusters, &got, NULL), CARAT_OK);
    near(got.difference + 1, key(want, "difference") + 1, "difference", i); /* it may be 0 */
    near(got.sd, key(want, "sd"), "sd", i);
    near(got.se, key(want, "se"), "se", i);
    near(got.p_t, key(want, "p_t"), "p", i);
    near((double)got.n_clusters, key(want, "n_clusters"), "clusters", i);
    near(got.cluster_se, key(want, "cluster_se"), "clustered error", i);
    near(got.p_cluster, key(want, "p_cluster"), "clustered p", i);
    cr_assert_geq(got.p, got.p_cluster);
    if (strcmp(stats_paired_method(&got, 0.95), "cluster t") == 0)
        check_interval(stats_paired_interval(&got, 0.95), want, "cluster_interval", i);
    stats_paired(a, b, NULL, n, 0, &loose, NULL);
    if (!loose.binary)
        check_interval(stats_paired_interval(&loose, 0.95), want, "t_interval", i);
    json_t *boot = json_object_get(want, "bootstrap");
    for (size_t k = 0; k < 2; k++) {
        cr_assert_eq(stats_bootstrap(d, k ? cluster : NULL, n, k ? n_clusters : 0, 999, k ? 99 : 1234, 0.95, &ci, NULL), CARAT_OK);
        cr_assert_eq(ci.low, at(json_array_get(boot, k), 0), "row %zu: bootstrap %zu low", i, k);
        cr_assert_eq(ci.high, at(json_array_get(boot, k), 1), "row %zu: bootstrap %zu high", i, k);
    }
}

static void check_items_needed(const json_t *arg, const json_t *want, size_t i)
{
    near(stats_items_needed(at(arg, 0), at(arg, 1), (struct stats_power){at(arg, 2), at(arg, 3)}), json_number_value(want), "items",
         i);
}

static void check_detectable(const json_t *arg, const json_t *want, size_t i)
{
    near(stats_detectable(at(arg, 0), at(arg, 1), (struct stats_power){at(arg, 2), at(arg, 3)}), json_number_value(want),
         "difference", i);
}

static void check_items_needed_sd(const json_t *arg, const json_t *want, size_t i)
{
    struct stats_power p = {at(arg, 2), at(arg, 3)};
    double n = stats_items_needed_sd(at(arg, 0), at(arg, 1), p);
    near(n, json_number_value(want), "items", i);
    near(stats_detectable_sd(n, at(arg, 1), p), fabs(at(arg, 0)), "difference", i);
}

/* Values in groups: every way to one number, and its error. */
static void check_one_score(const json_t *arg, const json_t *want, size_t i)
{
    double values[1024], groups[1024], sums[64] = {0};
    size_t cluster[1024], n = read_list(json_array_get(arg, 0), values), k = (size_t)whole(arg, 2);
    struct stats_part parts[64];
    struct stat_mean all, leaves[64], pooled;
    double leaf[1024];
    read_list(json_array_get(arg, 1), groups);
    for (size_t g = 0; g < k; g++) {
        size_t m = 0;
        for (size_t v = 0; v < n; v++) {
            cluster[v] = (size_t)groups[v];
            if (cluster[v] == g)
                leaf[m++] = values[v];
        }
        stat_mean(leaf, m, &leaves[g]);
        parts[g] = (struct stats_part){(double)m, leaves[g].mean, leaves[g].stderr_mean};
    }
    stat_mean(values, n, &all);
    near(all.mean, key(want, "over_items"), "mean", i);
    near(all.stderr_mean, key(want, "stderr"), "error", i);
    near(stats_cluster_se(values, cluster, n, k, sums), key(want, "cluster_se"), "clustered error", i);
    near(stats_parts_cluster_se(parts, k), key(want, "cluster_se"), "clustered error, of parts", i);
    check_interval(stats_parts_interval(parts, k, (struct stats_interval){0, 0}, 0.95), want, "cluster_interval", i);
    stat_pool(leaves, k, &pooled);
    near(pooled.mean, key(want, "over_items"), "pooled mean", i);
    near(pooled.stderr_mean, key(want, "pooled_stderr"), "pooled error", i);
    struct stats_part by_item = stats_mean_over_items(parts, k), by_part = stats_mean_over_parts(parts, k);
    near(by_item.mean, key(want, "over_items"), "over items", i);
    near(by_item.se, key(want, "over_items_se"), "its error", i);
    near(by_part.mean, key(want, "over_parts"), "over parts", i);
    near(by_part.se, key(want, "over_parts_se"), "its error", i);
}

/* Of two proportions the mean is half of Newcombe's difference of the first and the second's complement. */
static void check_mover(const json_t *arg, const json_t *want, size_t i)
{
    int64_t right = whole(arg, 0), n = whole(arg, 1), right_2 = whole(arg, 2), n_2 = whole(arg, 3);
    struct stats_interval w = stats_wilson(right, n, 0.95), w_2 = stats_wilson(n_2 - right_2, n_2, 0.95);
    struct stats_bounded parts[2] = {{(double)right / (double)n, w.low, w.high},
                                     {1 - (double)right_2 / (double)n_2, w_2.low, w_2.high}};
    struct stats_bounded m = stats_mean_of_bounded(parts, 2);
    near(2 * m.mean, at(want, 0) + 1, "mean", i);
    near(2 * m.low, at(want, 1) + 1, "low", i);
    near(2 * m.high, at(want, 2) + 1, "high", i);
}

/* A capability group: benchmarks' Wilson intervals carried into their mean. */
static void check_group(const json_t *arg, const json_t *want, size_t i)
{
    struct stats_bounded parts[32];
    size_t k = json_array_size(arg);
    for (size_t g = 0; g < k; g++) {
        const json_t *row = json_array_get(arg, g);
        struct stats_interval w = stats_wilson(whole(row, 0), whole(row, 1), 0.95);
        parts[g] = (struct stats_bounded){(double)whole(row, 0) / (double)whole(row, 1), w.low, w.high};
    }
    struct stats_bounded m = stats_mean_of_bounded(parts, k);
    near(m.mean, at(want, 0), "mean", i);
    near(m.low, at(want, 1), "low", i);
    near(m.high, at(want, 2), "high", i);
}

static const struct {
    const char *file;
    void (*check)(const json_t *arg, const json_t *want, size_t row);
} goldens[] = {
    {"beta", check_beta},
    {"binomial", check_binomial},
    {"detectable", check_detectable},
    {"group", check_group},
    {"holm", check_holm},
    {"items_needed", check_items_needed},
    {"items_needed_sd", check_items_needed_sd},
    {"mcnemar", check_mcnemar},
    {"mover", check_mover},
    {"normal_quantile", check_normal_quantile},
    {"one_score", check_one_score},
    {"paired", check_paired},
    {"t_p", check_t_p},
    {"t_quantile", check_t_quantile},
    {"tango", check_tango},
    {"wilson", check_wilson},
};
enum { N_GOLDENS = sizeof goldens / sizeof *goldens };

Test(stats, goldens_of_scipy_statsmodels_and_the_reference)
{
    double most = 0;
    const char *where = "";
    for (size_t g = 0; g < N_GOLDENS; g++) {
        json_t *rows = load(goldens[g].file), *row;
        size_t i;
        largest = 0;
        json_array_foreach(rows, i, row)
            goldens[g].check(json_array_get(row, 0), json_array_get(row, 1), i);
        where = largest > most ? goldens[g].file : where;
        most = fmax(most, largest);
        json_decref(rows);
    }
    log_info("statistics: %zu values of %d goldens, largest relative difference %.1e (%s)", n_compared, N_GOLDENS, most, where);
}

/* ---- edges ---------------------------------------------------------------------------------------------------------- */

Test(stats, distributions_have_ends)
{
    cr_assert(isinf(stats_normal_quantile(0)) && isinf(stats_normal_quantile(1)) && isnan(stats_normal_quantile(1.1)));
    cr_assert_eq(stats_normal_quantile(0.5), 0);
    cr_assert_eq(stats_t_quantile(0.5, 3), 0);
    cr_assert_eq(stats_t_p(INFINITY, 3), 0);
    cr_assert(isnan(stats_t_p(1, 0)) && isnan(stats_t_p(NAN, 5)));
    cr_assert_eq(stats_binomial_cdf(-1, 5, 0.5), 0);
    cr_assert_eq(stats_binomial_cdf(5, 5, 0.5), 1);
}

Test(stats, wilson_has_a_width_at_the_ends)
{
    struct stats_interval all = stats_wilson(164, 164, 0.95);
    cr_assert(all.high == 1 && all.low < 0.98 && all.low > 0.97);
    cr_assert(isnan(stats_wilson(0, 0, 0.95).low));
}

Test(stats, holm_leaves_out_what_was_not_tested)
{
    double p[3] = {0.02, NAN, 0.03}, got[3];
    stats_holm(p, 3, got);
    cr_assert(got[0] == 0.04 && isnan(got[1]) && got[2] == 0.04);
}

Test(stats, no_difference_needs_endless_items)
{
    cr_assert(isinf(stats_items_needed(0, 0.2, (struct stats_power){0.05, 0.8})));
    cr_assert(isnan(stats_detectable(2, 0.5, (struct stats_power){0.05, 0.8})));
}

Test(stats, paired_edges_are_no_evidence)
{
    static const double ones[4] = {1, 1, 1, 1}, parts[4] = {0.5, 0.25, 0.5, 0.75};
    static const size_t one_cluster[4] = {2, 2, 2, 2};
    struct stats_paired d;
    struct stats_interval ci;
    stats_paired(ones, ones, NULL, 4, 0, &d, NULL);
    ci = stats_paired_interval(&d, 0.95);
    cr_assert(d.p == 1 && d.difference == 0 && d.pairs.both == 4 && ci.low < -0.3 && ci.high > 0.3, "%g %g", ci.low, ci.high);
    stats_paired(ones, ones, NULL, 0, 0, &d, NULL);
    cr_assert(isnan(d.p) && isnan(d.difference) && !d.binary);
    stats_paired((double[]){1}, (double[]){0}, NULL, 1, 0, &d, NULL);
    ci = stats_paired_interval(&d, 0.95);
    cr_assert(d.p == 1 && ci.low == -1 && ci.high > 0.4, "%g %g", ci.low, ci.high);
    stats_paired((double[]){0.5}, (double[]){0.25}, NULL, 1, 0, &d, NULL);
    cr_assert(d.p == 1 && isnan(stats_paired_interval(&d, 0.95).low));
    /* every item differs by the same: no spread to judge by */
    stats_paired((double[]){0.25, 0.25}, (double[]){0.5, 0.5}, NULL, 2, 0, &d, NULL);
    cr_assert(d.p == 1 && isnan(d.p_t));
    stats_paired(parts, ones, one_cluster, 4, 3, &d, NULL);
    cr_assert(d.n_clusters == 1 && isnan(d.cluster_se) && strcmp(stats_paired_method(&d, 0.95), "paired t") == 0);
}

Test(stats, means_both_ways_carry_their_errors)
{
    static const struct stats_part parts[] = {{100, 0.5, 0.05}, {300, 0.7, 0.02}};
    struct stats_part by_part = stats_mean_over_parts(parts, 2), by_item = stats_mean_over_items(parts, 2);
    near(by_part.mean, 0.6, "mean", 0);
    near(by_part.se, sqrt(0.05 * 0.05 + 0.02 * 0.02) / 2, "error", 0);
    near(by_item.mean, 0.65, "mean", 1);
    near(by_item.se, sqrt(25 + 36) / 400, "error", 1);
    cr_assert_eq(by_item.n, 400);
}

/* From sizes and means of the parts the error is the one of the items. */
Test(stats, parts_have_the_cluster_error_of_their_items)
{
    static const size_t sizes[] = {3, 1, 7, 4}, right[] = {1, 1, 2, 4};
    double values[15], sums[4];
    size_t cluster[15], n = 0;
    struct stats_part parts[5] = {{0, 0, 0}};
    for (size_t g = 0; g < 4; g++) {
        parts[g] = (struct stats_part){(double)sizes[g], (double)right[g] / (double)sizes[g], 0};
        for (size_t i = 0; i < sizes[g]; i++, n++) {
            values[n] = i < right[g];
            cluster[n] = g;
        }
    }
    near(stats_parts_cluster_se(parts, 4), stats_cluster_se(values, cluster, n, 4, sums), "error", 0);
    near(stats_parts_cluster_se(parts, 5), stats_parts_cluster_se(parts, 4), "an empty part is none", 1);
    cr_assert(isnan(stats_parts_cluster_se(parts, 1)));
    struct stats_interval narrow = {8.0 / 15 - 0.01, 8.0 / 15 + 0.01}, wide = {-2, 2};
    struct stats_interval got = stats_parts_interval(parts, 4, narrow, 0.95);
    near(got.high - got.low, 2 * stats_t_quantile(0.975, 3) * stats_parts_cluster_se(parts, 4), "width", 2);
    got = stats_parts_interval(parts, 4, wide, 0.95);
    near(got.high - got.low, 4, "the wider of the two", 3);
    got = stats_parts_interval(parts, 1, narrow, 0.95);
    near(got.high, narrow.high, "one part", 4);
}

Test(stats, a_mean_of_certain_scores_is_not_certain)
{
    /* Where intervals are symmetric it is the usual propagation; at 100 % right what is below stays. */
    struct stats_bounded same[] = {{0.5, 0.4, 0.6}, {0.7, 0.5, 0.9}}, all_right[] = {{1, 0.8, 1}, {1, 0.9, 1}};
    struct stats_bounded m = stats_mean_of_bounded(same, 2);
    near(m.mean, 0.6, "mean", 0);
    near(m.low, 0.6 - sqrt(0.01 + 0.04) / 2, "low", 1);
    near(m.high, 0.6 + sqrt(0.01 + 0.04) / 2, "high", 2);
    m = stats_mean_of_bounded(all_right, 2);
    near(m.low, 1 - sqrt(0.04 + 0.01) / 2, "low", 3);
    near(m.high, 1, "high", 4);
}
