/* box.h - what a jail is made of, found once.
 *
 * A struct box is read-only after box_open(): any thread may cell_start() from it.
 */
#ifndef CARAT_SANDBOX_BOX_H
#define CARAT_SANDBOX_BOX_H

#include "base/base.h"
#include "jail.h"
#include "keeper.h"
#include "runner.h"

enum wall {
    WALL_SPACES,    /* bubblewrap: namespaces, a root of its own, seccomp */
    WALL_LANDLOCK,  /* Landlock and a stricter seccomp filter, where namespaces cannot be had */
    WALL_NONE,      /* --unsafe-no-jail */
};

enum { /* descriptors in the jail; RUNNER_FD and those below reach the program */
    FD_FILTER = RUNNER_FD + 1, /* where bwrap reads the seccomp program */
    FD_INFO,                   /* where it names its PID 1 */
    FD_INFO_READ,              /* the other end, so that bwrap can write to it even when carat is gone */
    FD_GO,                     /* more arguments, of which there are none: their end lets bwrap go on */
    FD_END,
};

struct box {
    struct jail_opts opts;  /* defaults filled in; python is owned */
    enum wall wall;
    struct arena memory;    /* the strings below */
    char **argv;            /* of bwrap, or of the interpreter itself; NULL-ended */
    const char *exe;        /* the interpreter itself, no shim, no link */
    const char *version;    /* "3.11" */
    struct buf survey;      /* what the interpreter said of itself: see runner.h */
    size_t survey_at;       /* where its mounts begin */
    struct buf filter;      /* the seccomp program */
    const char *bwrap;
    struct keeper keeper;   /* of WALL_SPACES */
    bool as_nobody;         /* carat is root and the jail is not */
    bool limit_processes;   /* RLIMIT_NPROC counts per user namespace (Linux 5.14) */
};

/* On failure, too, box_release() is due. */
enum carat_err box_open(const struct jail_opts *opts, enum wall wall, struct box *box, struct err *err);
void box_release(struct box *box);

/* The first executable `name` on PATH; fresh memory, NULL when there is none. */
char *box_find_program(const char *name);

/* What of the file system is the interpreter: from *at (first: survey_at) the next place and what lies there really. */
bool box_next_bind(const struct box *box, size_t *at, const char **path, const char **real);
extern const char *const box_devices[]; /* which a program may open; NULL-ended */

/* Who runs a program under WALL_LANDLOCK when carat is root. */
enum { BOX_NOBODY = 65534 };

/* carat is root: start bwrap (or the interpreter) as an ordinary user, whose RLIMIT_NPROC holds. To be
 * tried first; undone when the probe fails, for the interpreter may lie where only root can look. */
enum carat_err box_arrange(struct box *box, bool as_nobody, struct err *err);

#endif
