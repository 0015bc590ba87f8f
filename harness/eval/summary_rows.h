/* summary_rows.h - a summary's scores side by side: a row a benchmark, rows grouped by capability, a mean a group. What the
 * table, the figure and the JSON of a summary share. Everything lives in the arena given and points into the summary. */
#ifndef CARAT_SUMMARY_ROWS_H
#define CARAT_SUMMARY_ROWS_H

#include "summary.h"

/* A row of the table: one benchmark, and each run's score of it (NULL: not run). */
struct bench_row {
    const struct score *any;
    const struct score **of;  /* [n_runs] */
};

struct rows {
    struct bench_row *items;  /* sorted: by group, then title */
    size_t n;
};

enum carat_err rows_collect(const struct summary *s, struct arena *arena, struct rows *out, struct err *err);
/* Does the row go into means? A perplexity does not, nor a part of a benchmark beside the benchmark. */
bool row_in_mean(const struct rows *rows, size_t row);

/* Rows [first, last) share a capability. */
struct group {
    struct str name;
    size_t first, last;
};
/* The groups that have a name, in the rows' order. `out` has room for one more. */
enum carat_err rows_group(const struct rows *rows, struct arena *arena, struct group **out, size_t *n, struct err *err);

/* In percent what is a share of right answers, else as it is. NaN where there is no value; `s` may be NULL. */
struct carat_cell score_cell(const struct score *s);
/* The unweighted mean of a group's benchmarks, as the report averages them; their intervals' halves
 * add up in squares. Only where the run has them all: a mean over fewer would compare unlike things. What is no share
 * of right answers (a perplexity) is in no mean. */
struct carat_cell group_cell(const struct rows *rows, const struct group *g, size_t run);
/* What guessing gives, in percent: the mean of the group's benchmarks. */
double group_chance(const struct rows *rows, const struct group *g);

#endif
