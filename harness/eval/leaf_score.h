/* leaf_score.h - the score of one stored task, computed from its items' values as the task's settings say. */
#ifndef CARAT_LEAF_SCORE_H
#define CARAT_LEAF_SCORE_H

#include "clusters.h"
#include "results/results.h"

/* One metric of a stored task over its items (leaf_score.c). */
struct leaf_metric {
    int64_t task;
    struct str metric;        /* a value's full name */
    struct str settings;      /* the task's, JSON */
    struct str clusters;      /* what its items share: "passage"; borrowed by what comes of it */
};
/* What a stored leaf's settings say of one of its metrics. */
struct leaf_metric_kind {
    bool mean;                /* its score is the mean of its items' values */
    bool lower_is_better;
};
struct leaf_metric_kind leaf_metric_kind(struct str settings, struct str metric);
/* Does each leaf count once in its benchmark's score? So do a stored leaf's settings say. */
bool group_counts_leaves_once(struct str settings);
struct leaf_score {
    struct stat_mean mean;
    bool share, points;       /* as in struct score */
    struct score_clusters clusters;
    struct stats_part *parts; /* [clusters.n] sizes and means of the clusters, of a mean of shares alone; owned */
};
/* Whatever comes of it, *out is to be released. */
enum carat_err leaf_score(struct carat_store *st, const struct leaf_metric *leaf, struct leaf_score *out, struct err *err);
void leaf_score_release(struct leaf_score *s);

#endif
