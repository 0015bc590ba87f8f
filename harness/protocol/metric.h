/* metric.h - one item's metrics, by the reference harness's rules (TASKS.md section 4). */
#ifndef CARAT_PROTOCOL_METRIC_H
#define CARAT_PROTOCOL_METRIC_H

#include "base/mt/mt.h"
#include "protocol.h"
#include "regex.h"

/* numpy's argmax: the first NaN, else the first of the greatest. n >= 1. */
size_t metric_argmax(const double *x, size_t n);

/* The choice taken when each log-likelihood is divided as `kind` says (ACC: not at all). lengths are of the
 * choices without delimiter; 0 divides as IEEE does. `scratch` holds n doubles. */
size_t metric_choose(enum carat_metric_kind kind, const double *logprobs, const struct str *choices, size_t n,
                     double *scratch);

/* exact_match with its patterns compiled. */
struct metric_match;
enum carat_err metric_match_new(const struct carat_metric *metric, struct metric_match **out, struct err *err);
void metric_match_free(struct metric_match *m); /* NULL is fine */
/* *equal: does `answer` equal one of the references after what the metric ignores is gone? */
enum carat_err metric_match_run(const struct metric_match *m, struct str answer, const struct str *references,
                                size_t n, bool *equal, struct err *err);

/* Is it of generated text, so that it has a value under each filter? Does the task's judge() say it? */
bool metric_is_of_text(const struct carat_metric *metric);
bool metric_is_judged(const struct carat_metric *metric);

/* Is it one of whole corpora (BLEU ...)? Then an item has its own score and, beside it, the sums that the corpus's is made of. */
bool metric_is_of_corpus(const struct carat_metric *metric, enum mt_measure *measure);

/* How its items' values become one; never DEFAULT. */
enum carat_aggregation metric_aggregation(const struct carat_metric *metric);
/* The value that stands beside the metric's own in each item ("words", "bytes": its weight; "gold": the right choice);
 * NULL: none. */
const char *metric_companion(const struct carat_metric *metric);

/* A value's full name: "acc", "exact_match,FILTER", of a metric with a list of k "pass@K". {NULL, 0}: no memory. */
struct str metric_value_name(const struct carat_metric *metric, const char *filter, size_t k, struct arena *arena);

/* One of a corpus metric's sums: "bleu:matches_1,FILTER" beside "bleu,FILTER". Such names alone have a colon. */
struct str metric_sum_name(const struct carat_metric *metric, enum mt_measure measure, size_t i, const char *filter,
                           struct arena *arena);

bool metric_is_sum(struct str value_name);

/* The unbiased estimator of Chen et al. (2021): 1 - C(n - c, k) / C(n, k) for c right samples of n; k <= n. */
double metric_pass_at_k(size_t n, size_t c, size_t k);

#endif
