/* summary.h - what came out of runs: scores from the store, benchmarks side by side, drawn as a table or a figure.
 *
 *     struct summary sum;
 *     summary_load(store, runs, n, NULL, &sum, err);
 *     summary_table(&sum, CARAT_TABLE_TEXT, &out, err);
 *     summary_figure(&sum, &style, &arena, &figure, err);
 *     summary_release(&sum);
 *
 * The summary owns what it points to; a table and a figure borrow it. What fails is memory (CARAT_ENOMEM), the store, and
 * a figure of nothing (CARAT_EINPUT). */
#ifndef CARAT_SUMMARY_H
#define CARAT_SUMMARY_H

#include "clusters.h"
#include "published.h"
#include "reports/reports.h"
#include "results/results.h"

struct score {                /* a benchmark of one run: a leaf, or a parent's leaves pooled */
    struct str name, title, capability, metric;
    int shots, version;
    uint64_t asked;           /* digest of names, data and settings: scores with another are not of the same questions */
    size_t n_leaves;
    int64_t n_items, n_planned, n_rows, n_truncated;
    int64_t outcomes[6];
    double chance;
    struct stat_mean mean;    /* of the headline metric; every item counts once */
    struct score_clusters clusters;
    bool parts_equal;         /* ... but of a group whose file has every leaf count once, which is over_leaves, too */
    double over_leaves, over_leaves_se; /* every leaf counts once; NaN: there is one leaf, or it is published */
    bool share;               /* of right answers, 0..1, shown in percent; false: a perplexity, shown as it is */
    bool points;              /* no share, but of 100, too, and the more the better: BLEU, chrF; in no mean */
    bool published;           /* quoted: no items, no interval; shots may be -1, metric empty: not said */
};
struct summary_run {
    int64_t id;               /* 0: published */
    struct str name;
    struct score *scores;
    size_t n_scores;
};
struct summary {
    struct summary_run *runs; /* the published ones last */
    size_t n_runs, n_measured;
    const char *source;       /* of the published ones; NULL: there are none */
    struct arena arena;       /* owns all of it */
};
/* By the metric called so, where a task has it, else and with NULL by each task's headline. */
enum carat_err summary_load(struct carat_store *st, const int64_t *runs, size_t n, const char *metric, struct summary *out,
                            struct err *err);
void summary_release(struct summary *s);

/* The metrics that tasks of the runs have beside their headline, sorted; in `arena`, NUL-terminated. */
enum carat_err summary_other_metrics(struct carat_store *st, const int64_t *runs, size_t n, struct arena *arena,
                                     struct str **out, size_t *n_out, struct err *err);

/* Adds the published models behind the runs. Beside measured runs only benchmarks that these have are shown, so that a
 * group's mean is over the same ones; without any (an empty summary will do) all of them are. */
enum carat_err summary_add_published(struct summary *s, const struct published *p, struct err *err);

/* Benchmarks by models, grouped by capability, with a mean a group and one of all. */
enum carat_err summary_table(const struct summary *s, enum carat_table_format format, struct buf *out,
                             struct err *err);
/* The run's score of the same benchmark, asked in the same way; NULL: it has none. */
const struct score *summary_same_score(const struct summary_run *run, const struct score *score);
/* Text below the table: both averages of a benchmark of several leaves, and what items share, named; with `outcomes` also what came of the items. */
enum carat_err summary_notes(const struct summary *s, bool outcomes, struct buf *out, struct err *err);
json_t *summary_score_json(const struct score *s);
/* {"runs": [{"id", "model", "scores": [...]}], "groups": [...]} */
json_t *summary_json(const struct summary *s);

/* The figure of capability groups, or of benchmarks; drawn by whom it is given to: everything it points to lives in
 * `arena`, in `s` and in the style's title. */
struct figure_style {
    const char *title;        /* NULL: one that says what is drawn */
    bool dark, per_benchmark;
};
enum carat_err summary_figure(const struct summary *s, const struct figure_style *style, struct arena *arena,
                              struct carat_figure *out, struct err *err);

/* The means of metrics called NAME@k (pass@10) that are not their task's headline, of each run. Rows and texts lie in
 * `arena`. */
struct pass_at_k {
    int64_t run, task;
    struct str name, title, metric; /* NUL-terminated */
    struct stat_mean mean;
};
enum carat_err pass_at_k_load(struct carat_store *st, const int64_t *runs, size_t n_runs, struct arena *arena,
                              struct pass_at_k **out, size_t *n, struct err *err);
void pass_at_k_text(const struct pass_at_k *p, size_t n, struct buf *out); /* a line each; appended */
json_t *pass_at_k_json(const struct pass_at_k *p, size_t n); /* [{"run", "task", "metric", "value", "low", "high", "n"}] */

/* Loud words about scores that cannot be trusted: more than 5 % non-answers, refused, cut or missing items (that a shard
 * lacks the others' items needs no word). One line each; empty when there is nothing to say. */
enum carat_err summary_warnings(const struct summary *s, bool is_shard, struct buf *out);

#endif
