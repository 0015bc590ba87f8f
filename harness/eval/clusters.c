/* Items that share something (a passage, a subject), and what it does to an interval. */
#include <math.h>
#include <stdlib.h>

#include "clusters.h"

int clusters_compare(bool a_shares, int64_t a, bool b_shares, int64_t b)
{
    if (a_shares != b_shares)
        return a_shares ? -1 : 1;
    return a_shares ? (a > b) - (a < b) : 0;
}

/* By cluster. Within one by value, so that sums are the same bits however items came. */
static int by_cluster(const void *pa, const void *pb)
{
    const struct clustered *a = pa, *b = pb;
    const int order = clusters_compare(a->shares, a->cluster, b->shares, b->cluster);
    return order ? order : (a->value > b->value) - (a->value < b->value);
}

size_t clusters_parts(struct clustered *items, size_t n, struct stats_part *parts, size_t *n_alone)
{
    size_t k = 0;
    *n_alone = 0;
    qsort(items, n, sizeof *items, by_cluster);
    for (size_t from = 0, to; from < n; from = to) {
        double sum = items[from].value;
        for (to = from + 1; to < n && items[from].shares && items[to].shares && items[to].cluster == items[from].cluster; to++)
            sum += items[to].value;
        double size = (double)(to - from);
        parts[k++] = (struct stats_part){size, sum / size, NAN};
        *n_alone += !items[from].shares;
    }
    return k;
}

void clusters_widen(const struct stats_part *parts, bool share, struct stat_mean *mean, struct score_clusters *out)
{
    const struct stats_interval plain = {mean->low, mean->high}, wide = stats_parts_interval(parts, out->n, plain, 0.95);
    out->se = stats_parts_cluster_se(parts, out->n);
    out->widens = wide.high - wide.low > plain.high - plain.low; /* not so of NaN */
    if (!out->widens)
        return;
    mean->low = share ? fmax(wide.low, 0) : wide.low;
    mean->high = share ? fmin(wide.high, 1) : wide.high;
}
