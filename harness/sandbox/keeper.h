/* keeper.h - a process that ends what carat, killed, could leave.
 *
 * A tree in namespaces dies with carat because bwrap asked the kernel for that (--die-with-parent), both for itself and for
 * the PID 1 that it makes. But PID 1 first waits for bwrap's word to go on, and has not asked yet; a bwrap killed before
 * that word leaves it waiting for ever, and no signal but one from outside its namespace, by a process, can end it. All of
 * that tree is one process group until PID 1 has gone on. So the keeper, a shell in a session of its own, is told of each
 * group; when its input ends, and that is when carat ends in whatever way, it kills those that it still knows of.
 *
 * Any thread may watch and forget. */
#ifndef CARAT_SANDBOX_KEEPER_H
#define CARAT_SANDBOX_KEEPER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/base.h"

struct keeper {
    pid_t pid; /* 0: none, and the rest does not count */
    int fd;    /* its input; ends with carat */
};

enum carat_err keeper_open(struct keeper *keeper, struct err *err);
/* The group of a child that waits to be let go on. False when the keeper is gone. */
bool keeper_watch(const struct keeper *keeper, pid_t group);
/* The group is killed but not waited for: its number cannot be another's yet. */
void keeper_forget(const struct keeper *keeper, pid_t group);
/* Ends it, and what it still knows of. Fine on one that is zero. */
void keeper_close(struct keeper *keeper);

#endif
