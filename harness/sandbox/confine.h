/* confine.h - starts a process behind the second wall. */
#ifndef CARAT_SANDBOX_CONFINE_H
#define CARAT_SANDBOX_CONFINE_H

#include <sys/types.h>

#include "base/base.h"

struct confine {
    char *const *argv;       /* argv[0] is the program's path; the environment is empty */
    const int *from;         /* [n] what descriptor i is to be, none below n itself; -1: /dev/null. All others are closed */
    int n;
    int folder, rules;       /* the working folder; landlock_make()'s */
    const struct buf *filter; /* filter_make()'s */
    bool as_nobody;          /* carat is root: the process is BOX_NOBODY */
};

/* 0 with *pid, a child that dies with the calling thread, or an errno with *step, what it is that failed. */
int confine_spawn(const struct confine *c, pid_t *pid, const char **step);

#endif
