/* compare.h - two runs over the same items: joined, judged, written.
 *
 *     struct comparison c;
 *     compare_load(store, runs, &(struct compare_options){.seed = 1234}, &c, err);
 *     compare_table(&c, CARAT_TABLE_TEXT, &out, err);
 *     compare_release(&c);
 *
 * Leaves of one benchmark are pooled, each a cluster; so are items that share a passage. The wider interval counts. A leaf's items are the same where (task name, index,
 * row_sha256) are. The metric is the headline. Refused with CARAT_EINPUT, naming the task and what differs, unless
 * `force`: another task version, settings, number of shots, data file, row or prompt. Statistics are those of
 * harness/stats/stats.h; which one when is told in docs/statistics.md.
 */
#ifndef CARAT_COMPARE_H
#define CARAT_COMPARE_H

#include "summary.h"
#include "harness/stats/stats.h"

struct compare_options {
    const char *const *tasks; /* names of leaves, benchmarks or subgroups; n_tasks 0: all */
    size_t n_tasks;
    bool force;
    bool bootstrap;           /* compute it, too (for JSON) */
    uint64_t seed;
};

enum { SIDE_A, SIDE_B };

struct compare_leaf {         /* one task in both runs */
    struct str name, delimiter;
    int64_t task[2];          /* the store's */
};
struct compare_item {         /* one that both have answered and that has a score in both */
    size_t leaf;              /* in the benchmark's leaves */
    int64_t index;
    double score[2];
    bool shares;              /* something with other items ... */
    int64_t cluster;          /* ... of its leaf; which */
};
struct compare_bench {
    struct str name, title, metric;
    int shots, version;
    bool lower_is_better;
    struct compare_leaf *leaves;
    size_t n_leaves;
    struct compare_item *items; /* by leaf, then index */
    size_t n_items;
    int64_t alone[2];         /* items that only this run has */
    int64_t unscored;         /* common, but refused in one of them: no score */
    int64_t rows_differ;      /* forced: left out, the row is another */
    int64_t prompts_differ;   /* forced: compared nevertheless */
    int64_t outcomes[2][6];   /* of the common items, by enum carat_outcome */
    struct str clusters;      /* what items share in their leaves: "passage"; empty: nothing */
    struct str clustered_by;  /* that, or "subset": what `paired` and its interval go by; empty: neither */
    struct stats_paired paired;
    struct stats_interval interval, gate, boot; /* 95 %; 95 % together over all benchmarks; bootstrap */
    const char *method;       /* of interval */
    double p_holm;
    double detectable, needed; /* at 80 % power and 0.05 / number of benchmarks */
    size_t n_parts;           /* leaves that have items */
    struct stats_part over_parts[2], over_parts_difference; /* each leaf counts once; n 0: one leaf alone */
};
struct comparison {
    struct {
        int64_t id;
        struct str name;
        json_t *settings;     /* owned */
    } runs[2];
    struct compare_bench *benches;
    size_t n_benches, n_tests; /* tests: benchmarks with common items */
    struct stats_part mean[2], mean_difference; /* of the benchmarks; each counts once */
    struct str *notes;        /* what a reader must know, a sentence each */
    size_t n_notes;
    bool forced;              /* something differs that would have been refused */
    uint64_t seed;
    struct arena arena;       /* owns the rest */
};
enum carat_err compare_load(struct carat_store *st, const int64_t runs[2], const struct compare_options *o,
                            struct comparison *out, struct err *err);
void compare_release(struct comparison *c);

enum { COMPARE_RESAMPLES = 9999 };

/* "B better, p = 0.003", "cannot tell (p = 0.21); would need ~1,900 items": appended. */
void compare_verdict(const struct compare_bench *b, struct buf *out);

/* B - A where the benchmark's metric is the better the higher; else A - B. */
double compare_gain(const struct compare_bench *b, double difference);
/* The end of the simultaneous interval that speaks most for B. */
double compare_at_best(const struct compare_bench *b);
/* On evidence: even that is worse than A by more than delta (a share, 0.01 is a point). */
bool compare_is_worse(const struct compare_bench *b, double delta);

enum carat_err compare_table(const struct comparison *c, enum carat_table_format format, struct buf *out,
                             struct err *err);
/* What the table's figures are, and the notes: lines of text. */
enum carat_err compare_notes(const struct comparison *c, struct buf *out);
/* Keys: a, b, level, forced, benchmarks, mean, notes (docs/statistics.md). */
json_t *compare_json(const struct comparison *c);
/* A test case a benchmark; it fails where compare_is_worse(). */
enum carat_err compare_junit(const struct comparison *c, double delta, struct buf *out);

/* The items whose score changed: what each model chose and by how little, or where their texts part. */
enum carat_err compare_flips_text(struct carat_store *st, const struct comparison *c, struct buf *out,
                                  struct err *err);
enum carat_err compare_flips_json(struct carat_store *st, const struct comparison *c, json_t **out,
                                  struct err *err);

/* Appends text for a terminal's line: control characters and those of writing direction as U+FFFD. */
enum carat_err compare_add_plain(struct buf *out, struct str s);

#endif
