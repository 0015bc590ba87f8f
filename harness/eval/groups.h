/* groups.h - which capability a benchmark shows, and in which order the figure has them: data in one file, groups.c. */
#ifndef CARAT_GROUPS_H
#define CARAT_GROUPS_H

#include "base/base.h"

struct capability {
    const char *task;     /* leaf's parent or own name: "hellaswag", "mmlu" */
    const char *group;    /* "Reasoning" */
};
/* The group of a task: the table's, else what the task itself says, else NULL. */
const char *capability_of(const char *task, const char *own);
/* The benchmark that this one is a part of which the published protocol does not count: beside it, it is in no mean. NULL: none. */
const char *capability_apart_from(struct str task);
/* The groups in the figure's order; names not in the list come after it. NULL-terminated. */
const char *const *capability_order(void);

#endif
