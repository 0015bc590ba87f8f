/* filter.h - a task's named pipelines over its responses, compiled once for a plan.
 *
 * A pipeline takes all samples of an item, in order, and makes answers of them: each step maps every
 * answer or drops some. A task without filters has one pipeline, "none", that takes the first sample as it is.
 */
#ifndef CARAT_PROTOCOL_FILTER_H
#define CARAT_PROTOCOL_FILTER_H

#include "protocol.h"
#include "regex.h"

struct filter_pipeline;
/* One for each of the task's filters, at least one; *n says how many. */
enum carat_err filter_compile(const struct carat_task *task, struct filter_pipeline **out, size_t *n, struct err *err);
void filter_free(struct filter_pipeline *pipelines, size_t n);

struct filter_answer {
    size_t sample;
    struct str text;
    bool found;      /* false: a regex found nothing and this is "[invalid]" */
};
struct str filter_name(const struct filter_pipeline *pipelines, size_t i);
/* Does it pick the answer out of the text, so that the rest of the text does not matter? */
bool filter_extracts(const struct filter_pipeline *pipelines, size_t i);

/* Does one of its steps ask for the item's choices (multi_choice_regex)? */
bool filter_wants_choices(const struct filter_pipeline *pipelines, size_t i);

/* Runs pipeline i over answers[0, *n) in place; *n may shrink. Texts must be valid UTF-8. */
struct filter_choices {
    const struct str *items;
    size_t n;
};
enum carat_err filter_run(const struct filter_pipeline *pipelines, size_t i, const struct filter_choices *choices,
                          struct filter_answer *answers, size_t *n, struct arena *arena, struct err *err);

#endif
