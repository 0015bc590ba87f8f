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
    size_t n_asked, n_shots; /* n_shots is less where a pool of CARAT_SHOTS_UP_TO has fewer */
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

/* A turn of the prompt: its text, and what stands behind it where there is no chat template. */
struct turn {
    bool assistant;          /* the answer's; else the question's */
    struct str content;
    struct str delimiter;
};
#define PLAN_MAX_TURNS 2     /* of one row */

/* One pool row as a shot; memory is `arena`'s. */
enum carat_err plan_shot(const struct proto_plan *plan, size_t pool_index, struct arena *arena,
                         struct turn turns[PLAN_MAX_TURNS], size_t *n, struct err *err);
/* The same as plain text, appended. */
enum carat_err plan_add_shot(const struct proto_plan *plan, size_t pool_index, struct arena *arena, struct buf *out,
                             struct err *err);
/* What is asked of an item: its question, and the answer's beginning where the task gives one. */
size_t plan_question(const struct carat_task *task, const struct carat_example *ex, struct str question,
                     struct turn turns[PLAN_MAX_TURNS]);
/* Turns as plain text. */
void plan_write_turns(const struct turn *turns, size_t n, struct buf *out);
/* a + delimiter + b; without the delimiter where one is empty or white space is at the joint. p is NULL when out of memory. */
struct str plan_delimit(struct arena *arena, struct str a, const char *delimiter, struct str b);
bool plan_ends_in_space(struct str s);

/* The pool indices of an item's shots. */
static inline size_t plan_shot_index(const struct proto_plan *plan, size_t item, size_t i)
{
    return plan->fixed ? i : plan->shots[item * plan->n_shots + i];
}

/* The text as an item's prefix: the last one's again where that is the same. */
enum carat_err plan_keep_prefix(struct proto_form *form, struct str text, struct arena *arena, struct str *out,
                                struct err *err);

/* The description of an item: the plan's, or the row's own. */
struct str plan_description(const struct proto_plan *plan, const struct carat_example *ex);

/* conversation.c: fills prefix, prompt and prompts of an item whose example is there, as form->render writes them. */
enum carat_err plan_converse(const struct proto_plan *plan, struct proto_form *form, struct arena *arena,
                             struct proto_item *item, struct err *err);

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
