/* rescore.h - stored answers scored again, without the model: under a task's changed filters or its new version.
 *
 *     struct rescore_options o = {.store = store, .run = 1, .eval = &eval, .name = "rescored"};
 *     struct rescored *tasks;
 *     size_t n;
 *     rescore(&o, &tasks, &n, err);
 *     free(tasks);
 *
 * The new scores stand beside the old ones, under a name (`carat_store_choose_scoring()`); the answers are not copied. An item
 * must be the one that was answered: the same row, asked in the same words (of a conversation, the same row and choices).
 * Programs keep the verdicts they had, unless they are to be run again. */
#ifndef CARAT_EVAL_RESCORE_H
#define CARAT_EVAL_RESCORE_H

#include "eval.h"

struct rescore_options {
    struct carat_store *store; /* open to write */
    int64_t run;
    const struct eval_options *eval; /* tasks (none: all that the run has), plugins, task files, data */
    const char *name;          /* of the scoring */
    bool rerun_programs;
};
struct rescored_value {
    double value;              /* of the headline metric; NaN: none */
    bool share;                /* of right answers, 0 to 1, to be shown in percent */
};
struct rescored {
    char task[120], metric[120];
    int64_t n, n_changed;      /* items scored; those whose outcome is another now */
    struct rescored_value before, after;
};
enum carat_err rescore(const struct rescore_options *o, struct rescored **out, size_t *n, struct err *err);

#endif
