/* clusters.h - items that share something (a passage, a subset) may stand or fall together: what that does to a mean's
 * interval (docs/statistics.md). */
#ifndef CARAT_CLUSTERS_H
#define CARAT_CLUSTERS_H

#include "base/base.h"
#include "harness/protocol/protocol.h"
#include "harness/stats/stats.h"

/* Items that may stand or fall together (clusters.c): the mean's interval allows for it where that makes it wider. */
struct score_clusters {
    struct str by;            /* what they share: "passage"; "subset" of several leaves; empty: no two share anything */
    size_t n;                 /* how many; an item that shares nothing is one by itself ... */
    size_t n_alone;           /* ... of these there are so many */
    double se;                /* cluster-robust standard error; NaN: there is one cluster */
    bool widens;              /* the interval is theirs */
};

/* A value of an item, and what it shares. */
struct clustered {
    double value;
    bool shares;
    int64_t cluster;
};
/* For qsort(): clusters in order, what shares nothing last. */
int clusters_compare(bool a_shares, int64_t a, bool b_shares, int64_t b);
/* Sorts the items by cluster, and puts the clusters' sizes and means to parts ([n]): those that share nothing last, each by
 * itself. The number of parts; *n_alone are such. */
size_t clusters_parts(struct clustered *items, size_t n, struct stats_part *parts, size_t *n_alone);
/* Widens the mean's interval to what the clusters allow, where that is wider. `out` has names and counts already. */
void clusters_widen(const struct stats_part *parts, bool share, struct stat_mean *mean, struct score_clusters *out);

#endif
