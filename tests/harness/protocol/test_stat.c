#include <criterion/criterion.h>
#include <math.h>

#include "harness/protocol/protocol.h"

static void fill(double *values, size_t n, size_t right)
{
    for (size_t i = 0; i < n; i++)
        values[i] = i < right;
}

/* Bounds found by solving |p - mean| = z sqrt(p (1 - p) / n) numerically. */
Test(stat, intervals_of_proportions_are_wilsons)
{
    static const struct {
        size_t n, right;
        double low, high;
    } cases[] = {
        {10, 7, 0.39677814746114526, 0.8922087325936989},
        {10, 0, 0, 0.2775327998628892},
        {10, 10, 0.7224672001371107, 1},
        {100, 61, 0.5120301704584073, 0.6998312599360558},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double values[100];
        struct stat_mean m;
        fill(values, cases[i].n, cases[i].right);
        stat_mean(values, cases[i].n, &m);
        cr_assert(m.binary);
        cr_assert_float_eq(m.low, cases[i].low, 1e-12);
        cr_assert_float_eq(m.high, cases[i].high, 1e-12);
    }
}

Test(stat, other_values_have_a_symmetric_interval)
{
    struct stat_mean m;
    stat_mean((const double[]){0, 0.5, 1, 0.5}, 4, &m);
    cr_assert(!m.binary);
    cr_assert_float_eq(m.mean, 0.5, 1e-15);
    cr_assert_float_eq(m.stderr_mean, sqrt(0.5 / 3) / 2, 1e-15);
    cr_assert_float_eq(m.high - m.mean, m.mean - m.low, 1e-15);
}

Test(stat, one_value_or_none_has_no_error)
{
    struct stat_mean m;
    stat_mean((const double[]){1}, 1, &m);
    cr_assert_eq(m.mean, 1);
    cr_assert(isnan(m.stderr_mean));
    stat_mean(NULL, 0, &m);
    cr_assert(isnan(m.mean) && isnan(m.stderr_mean) && isnan(m.low));
}

Test(stat, pools_leaves_of_different_size)
{
    double a[4], b[8];
    struct stat_mean leaves[3], m;
    fill(a, 4, 1);
    fill(b, 8, 6);
    stat_mean(a, 4, &leaves[0]);
    stat_mean(b, 8, &leaves[1]);
    stat_mean(NULL, 0, &leaves[2]); /* nothing asked of it: it does not count */
    stat_pool(leaves, 3, &m);
    cr_assert_eq(m.n, 12);
    cr_assert_float_eq(m.mean, 7.0 / 12, 1e-15);
    /* sums of squares about each mean: 4 * 3/16 and 8 * 3/16 */
    cr_assert_float_eq(m.stderr_mean, sqrt((0.75 + 1.5) / 10 / 12), 1e-15);
    cr_assert(m.binary && m.low > 0 && m.high < 1);
}

Test(stat, counts_each_leaf_once_where_a_group_says_so)
{
    struct stat_mean leaves[] = {{.n = 100, .mean = 0.5, .stderr_mean = 0.05}, {.n = 0}, {.n = 4, .mean = 1, .stderr_mean = 0.12}}, m;
    stat_pool_equal(leaves, 3, &m);
    cr_assert_eq(m.n, 104);
    cr_assert_float_eq(m.mean, 0.75, 1e-15);
    cr_assert_float_eq(m.stderr_mean, 0.13 / 2, 1e-15);
    leaves[2].stderr_mean = NAN;
    stat_pool_equal(leaves, 3, &m);
    cr_assert(isnan(m.stderr_mean));
}
