/* stat.c - means and their uncertainty.
 *
 * Standard error: sample standard deviation (n - 1) over sqrt(n), as the reference harness.
 * Interval for values that are all 0 or 1: Wilson (JASA 22, 1927), which has a width at 0 and at 1, too.
 * Pooled over leaves: the reference's formula
 *     sqrt( sum (n_i - 1) n_i se_i^2 / (sum n_i - k) / sum n_i ).
 */
#include "protocol.h"

#include <math.h>

static const double Z95 = 1.959963984540054; /* 97.5 % quantile of the normal distribution */

static void wilson(double p, double n, double *low, double *high)
{
    double z2 = Z95 * Z95;
    double middle = (p + z2 / (2 * n)) / (1 + z2 / n);
    double half = Z95 / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4 * n * n));
    *low = fmax(0, middle - half);
    *high = fmin(1, middle + half);
}

static void interval(struct stat_mean *m)
{
    if (m->binary && m->n > 0) {
        wilson(m->mean, (double)m->n, &m->low, &m->high);
    } else {
        m->low = m->mean - Z95 * m->stderr_mean;
        m->high = m->mean + Z95 * m->stderr_mean;
    }
}

void stat_mean(const double *values, size_t n, struct stat_mean *out)
{
    double sum = 0, squares = 0;
    *out = (struct stat_mean){.n = n, .binary = n > 0};
    for (size_t i = 0; i < n; i++) {
        sum += values[i];
        out->binary = out->binary && (values[i] == 0 || values[i] == 1);
    }
    out->mean = n ? sum / (double)n : NAN;
    for (size_t i = 0; i < n; i++)
        squares += (values[i] - out->mean) * (values[i] - out->mean);
    out->stderr_mean = n < 2 ? NAN : sqrt(squares / (double)(n - 1)) / sqrt((double)n);
    interval(out);
}

void stat_pool(const struct stat_mean *leaves, size_t n, struct stat_mean *out)
{
    double sum = 0, squares = 0, size = 0, k = 0;
    *out = (struct stat_mean){.binary = n > 0};
    for (size_t i = 0; i < n; i++) {
        double n_i = (double)leaves[i].n;
        if (leaves[i].n == 0)
            continue;
        sum += n_i * leaves[i].mean;
        if (leaves[i].n > 1) /* one value has no spread of its own: its weight is 0 */
            squares += (n_i - 1) * n_i * leaves[i].stderr_mean * leaves[i].stderr_mean;
        size += n_i;
        k++;
        out->n += leaves[i].n;
        out->binary = out->binary && leaves[i].binary;
    }
    out->mean = size > 0 ? sum / size : NAN;
    out->stderr_mean = size > k ? sqrt(squares / (size - k) / size) : NAN;
    interval(out);
}

void stat_pool_equal(const struct stat_mean *leaves, size_t n, struct stat_mean *out)
{
    double sum = 0, squares = 0, k = 0;
    *out = (struct stat_mean){.n = 0};
    for (size_t i = 0; i < n; i++) {
        if (leaves[i].n == 0)
            continue;
        sum += leaves[i].mean;
        squares += leaves[i].stderr_mean * leaves[i].stderr_mean;
        k++;
        out->n += leaves[i].n;
    }
    out->mean = k > 0 ? sum / k : NAN;
    out->stderr_mean = k > 0 ? sqrt(squares) / k : NAN;
    interval(out);
}
