/* hooks.h - functions of task files ("!function utils.process_docs") that carat has in C.
 *
 *     struct hook *hook;
 *     hook_new(value, "process_docs", HOOK_ROW, &hook, err);
 *     hook_run(hook, row, &out, err);
 *     hook_free(hook);
 *
 * A task's Python is never run. A function is taken for one of the table's (hook_table.c) when the SHA-256 of its normalised
 * source (pysource.h) is that row's: a function that was changed has another, and the task is refused by the function's
 * name instead of being scored by something else. Texts that a function puts into prompts and keeps in constants are read
 * from the file beside the task. A hook is read-only once made.
 */
#ifndef CARAT_YAML_HOOKS_H
#define CARAT_YAML_HOOKS_H

#include "base/base.h"
#include "tasks/task.h"

enum hook_kind {
    HOOK_ROW,   /* process_docs: a row becomes another row, or none: *out is NULL */
    HOOK_VALUE, /* doc_to_text, doc_to_target, doc_to_choice: a value of a row */
    HOOK_AGGREGATION, /* a metric's: nothing to call, hook_aggregation() names it */
    HOOK_RESULTS, /* process_results of generated text: scores by name of metric */
    HOOK_PROGRAM,    /* a metric that runs programs: nothing to call, hook_metric() names it */
    HOOK_FILTER,     /* a filter's class that does as a filter by name does, which hook_metric() names; the choices are a row's */
    HOOK_PREDICTION, /* a custom filter: an answer becomes a program */
    HOOK_CHOICE_MASS, /* process_results: the probability of right choices, a value of the row: their numbers */
    HOOK_CHOICE_SCORES, /* process_results that scores choices as multiple choice does anyway: nothing to call */
};

struct hook_call {           /* what a hook is called with, besides its row */
    const char *name;        /* the function's, as the task file gives it: "process_biology" */
    const json_t *args;      /* object: keywords of a partial() */
    const json_t *constants; /* object: the file's literals that the function uses, and the one that its row names beside it */
    const json_t *literals;  /* array: the texts in the function itself (pysource.h) */
    const char *folder;      /* the last part of the folder's path that the file is in */
    const char *param;       /* the row's own text; NULL: none */
};

/* `row` is borrowed, *out a new reference. A row that lacks what the function reads is CARAT_EINPUT, as Python's KeyError. */
typedef enum carat_err hook_fn(const struct hook_call *call, const json_t *row, json_t **out, struct err *err);

struct hook;
/* CARAT_EUNSUPPORTED, naming the function, when it is none of the table's. */
enum carat_err hook_new(const json_t *function, const char *key, enum hook_kind kind, struct hook **out, struct err *err);
void hook_free(struct hook *hook); /* NULL is fine */

enum carat_err hook_run(const struct hook *hook, const json_t *row, json_t **out, struct err *err);

/* The list that a function gives which does nothing but `return` one that is written down: known by its form, not by a
 * digest. A new reference. CARAT_EUNSUPPORTED, naming the function, when it is another. */
enum carat_err hook_samples(const json_t *function, json_t **out, struct err *err);

/* RESULTS': is the metric one of those it gives? And one that it also gives, but carat has not: left out. */
bool hook_scores(const struct hook *hook, const char *metric);
bool hook_leaves_out(const struct hook *hook, const char *metric);
/* What a PREDICTION makes of an answer, or RESULTS' scores of it by metric. */
enum carat_err hook_answer(const struct hook *hook, const json_t *row, struct str answer, json_t **out, struct err *err);
/* PROGRAM's: "pass", with a list of k, or a name of its own; FILTER's: the filter's. Static. */
const char *hook_metric(const struct hook *hook);
/* The built-in task whose judge() scores instead; NULL: hook_score() does. */
const struct carat_task *hook_builtin(const struct hook *hook);
enum carat_err hook_score(const struct hook *hook, const json_t *row, struct str answer, const char *metric, double *score,
                          struct err *err);

/* AGGREGATION's. */
enum carat_aggregation hook_aggregation(const struct hook *hook);

/* Appends what tells the hook from others, for digests. */
void hook_identify(const struct hook *hook, struct buf *out);

#endif
