/* plan.h - what the files of this folder share: the inside of a plan. */
#ifndef CARAT_PROTOCOL_PLAN_H
#define CARAT_PROTOCOL_PLAN_H

#include "filter.h"
#include "metric.h"
#include "protocol.h"

struct proto_plan {
    struct proto_leaf leaf;
    json_t *const *rows;     /* borrowed */
    size_t n_rows;
    json_t *const *pool;     /* borrowed */
    size_t n_pool;
    uint32_t seed;
    size_t n_shots;
    size_t *shots;           /* [n_rows][n_shots] indices into pool; SAMPLED, or FIRST without the item itself */
    bool fixed;              /* the same shots for every item: prefix is made already */
    struct str prefix;       /* fixed: description and shots; else the description alone */
    struct str description;  /* the beginning of prefix */
    struct filter_pipeline *filters;
    size_t n_filters;
    struct metric_match **matches; /* [n_metrics]; NULL where the metric is no exact match */
    struct arena arena;      /* owns prefix */
};

/* "task: row 3 of 'test'" in front of the message. Returns the code. */
enum carat_err plan_at_row(const struct proto_plan *plan, size_t index, struct err *err);

/* Reads a row by its task, as an item or as a shot, and checks what the task made of it; memory is `arena`'s. */
enum carat_err plan_example(const struct proto_plan *plan, const json_t *row, bool is_shot, struct arena *arena,
                            struct carat_example *out, struct err *err);

/* Appends how an answer begins ("gen_prefix") and the delimiter where neither side of the join has white space. */
void plan_add_prefix(const char *delimiter, struct str prefix, struct buf *out);

/* Appends one pool row as a shot; its memory is `arena`'s. */
enum carat_err plan_add_shot(const struct proto_plan *plan, size_t pool_index, struct arena *arena, struct buf *out,
                             struct err *err);

/* Are its requests log-likelihoods? */
static inline bool plan_scores(const struct carat_task *task) { return task->output != CARAT_GENERATE; }

static inline const char *plan_delimiter(const struct carat_task *task)
{
    return task->delimiter ? task->delimiter : " ";
}
static inline const char *plan_shot_delimiter(const struct carat_task *task)
{
    return task->shot_delimiter ? task->shot_delimiter : "\n\n";
}

#endif
