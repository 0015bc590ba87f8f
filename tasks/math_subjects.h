/* math_subjects.h - the subsets of MATH, for the tasks that ask it. Not for plugins. */
#ifndef CARAT_TASKS_MATH_SUBJECTS_H
#define CARAT_TASKS_MATH_SUBJECTS_H

#include "task.h"

static const struct carat_subset math_subjects[] = {
    {"algebra", NULL},      {"counting_and_prob", NULL}, {"geometry", NULL}, {"intermediate_algebra", NULL},
    {"num_theory", NULL},   {"prealgebra", NULL},        {"precalc", NULL},
};

#endif
