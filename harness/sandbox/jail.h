/* jail.h - runs a program that a model wrote, so that it can harm nothing.
 *
 *     struct jail *jail;
 *     jail_open(&(struct jail_opts){0}, &jail, err);   // CARAT_EUNSUPPORTED with what to do when none can be had
 *     struct jail_verdict v;
 *     jail_run(jail, source, &v, err);                 // any thread, many at once
 *     if (v.kind == JAIL_PASSED) ...
 *     jail_verdict_release(&v);
 *     jail_free(jail);
 *
 * Each program gets a fresh jail (bubblewrap): own user, PID, mount, network, IPC, UTS and cgroup
 * namespaces, a read-only minimal root, a private /tmp, no environment, no inherited file descriptors, a
 * seccomp filter, limits on time, memory, threads, output and file size; new processes are refused. The whole
 * process tree is killed at the end, on a limit and when carat dies; jail_run() returns when nothing of it is left.
 * Where namespaces cannot be had, Landlock with a stricter filter stands in (docs/jail.md tells what differs).
 *
 * The verdict is decided outside: a random token must come back, which the program cannot name and
 * which is sent back only by what runs after its last line; exit codes and printed words count for
 * nothing. runner.c and docs/jail.md tell what that stops and what it does not.
 *
 * A program that fails is a verdict, not an error: jail_run() fails only when the jail itself does.
 */
#ifndef CARAT_JAIL_H
#define CARAT_JAIL_H

#include "base/base.h"

struct jail;

enum jail_wall {
    JAIL_WALL_BEST,       /* the first that can be had of those below */
    JAIL_WALL_BUBBLEWRAP,
    JAIL_WALL_LANDLOCK,
};
enum jail_wall jail_wall_from(const char *name); /* "best", "bubblewrap", "landlock"; NULL: best */

struct jail_opts { /* 0 means the default in brackets */
    enum jail_wall wall;    /* [JAIL_WALL_BEST] */
    const char *python;     /* [python3 found on PATH] */
    double cpu_s;           /* [5] CPU seconds: the limit that decides */
    double wall_s;          /* [20] backstop */
    size_t memory_bytes;    /* [512 MiB] */
    size_t tmp_bytes;       /* [64 MiB] */
    size_t output_bytes;    /* [1 MiB] kept; more ends the program */
    size_t n_processes;     /* [64] threads, PID 1 and the program; it may not start processes */
    bool unsafe_no_jail;    /* run without namespaces: loud, recorded by the caller */
};

enum jail_kind {
    JAIL_PASSED,
    JAIL_FAILED,   /* an exception, or it ended before its last line */
    JAIL_TIMEOUT,
    JAIL_MEMORY,
    JAIL_OUTPUT,
    JAIL_POLICY,   /* ended by something that the jail forbids, named in `detail` where known */
    JAIL_CRASHED,  /* a signal */
};
const char *jail_kind_name(enum jail_kind kind);

struct jail_verdict {
    enum jail_kind kind;
    struct buf detail;      /* "AssertionError at line 17: ...", the signal, the limit */
    struct buf output;      /* stdout and stderr, capped */
    bool output_cut;
    bool equals_anything;   /* passed, but its results are equal to what no result can be: see docs/jail.md */
    double wall_ms, cpu_ms;
};
void jail_verdict_release(struct jail_verdict *v);
/* {"verdict": "passed", "detail": ..., "wall_ms": ...}; "remark" where there is one */
enum carat_err jail_verdict_json(const struct jail_verdict *v, struct buf *out);

enum carat_err jail_open(const struct jail_opts *opts, struct jail **out, struct err *err);
void jail_free(struct jail *jail);
enum carat_err jail_run(const struct jail *jail, struct str source, struct jail_verdict *out, struct err *err);
/* One line on what walls this jail has, for `carat doctor` and the run's settings. */
const char *jail_describe(const struct jail *jail);

#endif
