/* cell.h - one process tree in a jail. It belongs to the thread that started it. */
#ifndef CARAT_SANDBOX_CELL_H
#define CARAT_SANDBOX_CELL_H

#include <sys/types.h>

#include "box.h"
#include "folder.h"

/* One running tree. Descriptors are -1 when closed. */
struct cell {
    const struct box *box; /* where it was started from */
    pid_t pid;     /* bwrap, or the interpreter: our child */
    pid_t init;    /* the jail's PID 1 as seen from here, 0 until known */
    int pidfd, init_pidfd;
    int control;   /* socket to the runner, non-blocking */
    int output;    /* stdout and stderr together, non-blocking */
    int info;      /* where bwrap tells `init`, in JSON: gathered in told[0..n_told) */
    char told[512];
    size_t n_told;
    struct folder folder; /* where there is no private /tmp */
};
/* The child alone, or bwrap, PID 1 and those below: list[0..max). */
enum { CELL_TREE_MAX = 512 }; /* processes looked at */
size_t cell_tree(const struct cell *cell, pid_t list[CELL_TREE_MAX]);

enum carat_err cell_start(const struct box *box, struct cell *cell, struct err *err);

/* Reads `info` when poll() says there is something. */
void cell_read_info(struct cell *cell);

struct usage {
    double cpu_ms;    /* of the whole tree so far, those that have died and been waited for included */
    double queued_ms; /* the longest that a process of it was ready and others had the CPU: the machine's load */
    size_t n_threads; /* of all its processes */
};
struct usage cell_usage(const struct cell *cell);

/* Kills all, waits until nothing of it is left, releases. Returns the wait status. */
int cell_end(struct cell *cell);

#endif
