/* jail.c - one program, one verdict.
 *
 * Files: runner.c (the Python side, and why "passed" cannot be forged), box.c (what stands around it),
 * cell.c (the process tree), filter.c (system calls), landlock.c and confine.c (the second wall), folder.c (where that one's
 * programs write), cgroup.c (limits on the tree as a whole), verdict.c (what is made of a program's last words). This one
 * drives a run and decides:
 *
 *   1. the runner says "R": the jail stands. Only now, and only when the jail's PID 1 is known and
 *      the tree is in its control group, are the orders sent: token, limits, source. So no program runs that could not
 *      be killed for certain.
 *   2. output is drained and kept up to the cap, CPU time of the tree is looked at, the clocks run;
 *   3. the first of these ends it: all that came over the socket is exactly "R" "P" token; the
 *      process ended; a limit. Then everything is killed and waited for, and only then is the verdict returned.
 *
 * CPU time decides: it is the same on a busy machine as on an idle one. Wall time is a backstop for programs
 * that sleep; it grows by the time that the program was ready and others had the CPU (the kernel counts it). Who is
 * stopped by it alone is run once more while no other program of this jail runs
 * (`alone`, a lock that a first try takes shared and a second one exclusively), unless the kernel's count shows
 * that it slept: no load stopped that one, and its second try is run beside the others, who need not wait for it.
 *
 * Nothing from inside is trusted: messages are capped, cleaned of control characters and bad UTF-8
 * and can only say *how* a program failed.
 */
#define _GNU_SOURCE
#include "jail.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cell.h"
#include "cgroup.h"
#include "verdict.h"

enum {
    TOKEN_HEX = 32,
    REPORT_MAX = 64 << 10,
    DETAIL_MAX = 8 << 10,
    N_FILES = 64,
    LOOK_MS = 50,       /* between looks at the CPU clock */
    START_MS = 30000,   /* for the jail itself to stand */
    SLEPT_PART = 4,     /* neither ran nor waited for a CPU for a quarter of wall_s: it slept */
    WALL_GROWTH = 4,    /* times wall_s that the backstop may grow by on a busy machine */
};
#define STACK_BYTES ((size_t)8 << 20)
/* A control group counts what RLIMIT_AS does not: files in memory, the interpreter's own files, kernel structures. It is
 * the wider limit, so that a program gets its MemoryError first. */
#define GROUP_MORE_BYTES ((size_t)64 << 20)

struct jail {
    struct box box;
    struct cgroups *groups;  /* NULL: there are none */
    pthread_rwlock_t *alone; /* shared: a run; exclusive: a second try */
    char words[512];
};

/* ---- one run ------------------------------------------------------------------------ */

enum stop {
    STOP_NOT = 0,
    STOP_ENDED,  /* the process is gone */
    STOP_TOKEN,  /* the token came back */
    STOP_CPU,
    STOP_WALL,
    STOP_OUTPUT,
    STOP_REPORT, /* more on the socket than any report */
    STOP_FOLDER, /* too much in its folder, where no file system bounds it */
    STOP_THREADS,
    STOP_GROUP,  /* it could not be put into its control group: err */
};

struct run {
    const struct box *box;
    struct cgroups *groups;
    struct cgroup group;
    bool grouped, out_of_memory;
    struct err *err;
    struct cell cell;
    struct buf orders;      /* header and source */
    size_t sent;
    struct buf report;      /* what came over the socket */
    struct jail_verdict *v; /* output goes straight there */
    char token[TOKEN_HEX + 1];
    const char *canary;     /* a word, or NULL: see runner.c */
    double started_ms;
    double cpu_ms, queued_ms; /* struct usage, the largest seen */
    enum stop stop;
    int status;             /* of the wait */
};

static double now_ms(void) { return 1e3 * clock_seconds(); }

static bool make_token(char out[TOKEN_HEX + 1])
{
    unsigned char raw[TOKEN_HEX / 2];
    if (getrandom(raw, sizeof raw, 0) != (ssize_t)sizeof raw)
        return false;
    for (size_t i = 0; i < sizeof raw; i++)
        snprintf(out + 2 * i, 3, "%02x", raw[i]);
    return true;
}

/* The header of runner.c's essay. RLIMIT_CPU stands behind our own clock, a second later. */
static enum carat_err make_orders(struct run *r, struct str source, struct err *err)
{
    const struct jail_opts *o = &r->box->opts;
    if (!make_token(r->token))
        return err_set(err, CARAT_EIO, "no random bytes: %s", strerror(errno));
    buf_printf(&r->orders, "%s %s %zu %zu %zu %d %zu %zu %zu\n", r->token, r->canary ? r->canary : "-", o->memory_bytes, (size_t)o->cpu_s + 2, o->tmp_bytes,
               N_FILES, r->box->limit_processes ? o->n_processes : (size_t)0, STACK_BYTES, source.n);
    buf_addstr(&r->orders, source);
    return buf_failed(&r->orders) ? err_nomem(err, "the program") : CARAT_OK;
}

static bool stands(const struct run *r)
{
    return r->report.n > 0 && r->report.p[0] == 'R' && (r->cell.init || r->box->wall != WALL_SPACES);
}

static bool token_came(const struct run *r)
{
    return r->report.n == 2 + TOKEN_HEX && memcmp(r->report.p, "RP", 2) == 0 &&
           memcmp(r->report.p + 2, r->token, TOKEN_HEX) == 0;
}

/* Reads what is there; false at the end of the stream. What is over the cap goes to *over. */
static bool drain(int fd, struct buf *into, size_t cap, bool *over)
{
    char piece[16384];
    for (;;) {
        ssize_t n = read(fd, piece, sizeof piece);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        if (n == 0)
            return false;
        size_t room = cap - into->n, take = (size_t)n < room ? (size_t)n : room;
        buf_add(into, piece, take);
        if (take < (size_t)n) {
            *over = true;
            return true;
        }
    }
}

static void drain_output(struct run *r)
{
    if (r->cell.output >= 0 && !drain(r->cell.output, &r->v->output, r->box->opts.output_bytes, &r->v->output_cut)) {
        close(r->cell.output);
        r->cell.output = -1;
    }
    if (r->v->output_cut && !r->stop)
        r->stop = STOP_OUTPUT;
}

static void drain_control(struct run *r)
{
    bool over = false;
    if (!drain(r->cell.control, &r->report, REPORT_MAX, &over)) {
        close(r->cell.control);
        r->cell.control = -1;
    }
    if (over)
        r->stop = STOP_REPORT;
    else if (token_came(r))
        r->stop = STOP_TOKEN;
}

/* Before the program runs: what it starts is then in there, too. */
static bool join_group(struct run *r)
{
    pid_t list[CELL_TREE_MAX];
    if (!r->groups || r->grouped)
        return true;
    size_t n = cell_tree(&r->cell, list);
    r->grouped = true;
    for (size_t i = 0; i < n; i++)
        if (cgroup_add(&r->group, list[i], r->err)) {
            r->stop = STOP_GROUP;
            return false;
        }
    return true;
}

static void send_orders(struct run *r)
{
    if (!join_group(r))
        return;
    ssize_t n = send(r->cell.control, r->orders.p + r->sent, r->orders.n - r->sent, MSG_NOSIGNAL);
    if (n > 0)
        r->sent += (size_t)n;
    else if (n < 0 && errno != EAGAIN && errno != EINTR)
        r->sent = r->orders.n; /* nobody reads: the process's end will tell why */
}

/* A little of everything that can happen, until something ends the run. */
static void turn(struct run *r)
{
    enum { CONTROL, OUTPUT, INFO, END, N };
    bool unsent = stands(r) && r->sent < r->orders.n;
    struct pollfd p[N] = {
        [CONTROL] = {.fd = r->cell.control, .events = (short)(POLLIN | (unsent ? POLLOUT : 0))},
        [OUTPUT] = {.fd = r->cell.output, .events = POLLIN},
        [INFO] = {.fd = r->cell.info, .events = POLLIN},
        [END] = {.fd = r->cell.pidfd, .events = POLLIN},
    };
    if (poll(p, N, LOOK_MS) < 0)
        return;
    if (p[INFO].revents)
        cell_read_info(&r->cell);
    if (p[OUTPUT].revents)
        drain_output(r);
    if (p[CONTROL].revents & POLLOUT)
        send_orders(r);
    if (p[CONTROL].revents & (POLLIN | POLLHUP | POLLERR))
        drain_control(r);
    if (!r->stop && p[END].revents) {
        r->stop = STOP_ENDED;
        if (r->cell.control >= 0)
            drain_control(r); /* its last words */
    }
}

static void look_at_usage(struct run *r)
{
    struct usage u = cell_usage(&r->cell);
    r->cpu_ms = u.cpu_ms > r->cpu_ms ? u.cpu_ms : r->cpu_ms;
    r->queued_ms = u.queued_ms > r->queued_ms ? u.queued_ms : r->queued_ms;
    if (r->stop || r->box->wall != WALL_LANDLOCK)
        return;
    struct folder_use use = folder_measure(&r->cell.folder, r->cell.pid);
    if (use.bytes > r->box->opts.tmp_bytes || use.n_entries >= FOLDER_ENTRIES_MAX || use.too_deep)
        r->stop = STOP_FOLDER;
    else if (u.n_threads > r->box->opts.n_processes)
        r->stop = STOP_THREADS;
}

/* The wall limit is longer by what the program waited for a CPU, within reason. */
static double wall_limit_ms(const struct run *r)
{
    double wall = r->box->opts.wall_s * 1e3;
    double more = r->queued_ms < wall * WALL_GROWTH ? r->queued_ms : wall * WALL_GROWTH;
    return r->sent ? wall + more : START_MS;
}

static void check_clocks(struct run *r, double *looked_ms)
{
    double now = now_ms();
    if (r->stop || now - *looked_ms < LOOK_MS)
        return;
    *looked_ms = now;
    look_at_usage(r);
    if (r->stop)
        return;
    if (r->cpu_ms >= r->box->opts.cpu_s * 1e3)
        r->stop = STOP_CPU;
    else if (now - r->started_ms >= wall_limit_ms(r))
        r->stop = STOP_WALL;
}

/* What stands in `output` is bwrap's or the loader's own message. */
static enum carat_err not_started(const struct buf *output, struct err *err)
{
    struct buf why = BUF_INIT(DETAIL_MAX);
    verdict_clean(buf_str(output), &why);
    enum carat_err rc = err_set(err, CARAT_EIO, "the jail did not start: %s", why.n ? why.p : "no word why");
    buf_release(&why);
    return rc;
}

static enum carat_err run_once(struct run *r, struct str source, struct err *err)
{
    double looked_ms;
    const struct jail_opts *o = &r->box->opts;
    const struct cgroup_limits limits = {.memory_bytes = o->memory_bytes + o->tmp_bytes + GROUP_MORE_BYTES,
                                         .n_tasks = o->n_processes + 2 /* bubblewrap's own */};
    enum carat_err rc = make_orders(r, source, err);
    r->err = err;
    if (!rc && r->groups)
        rc = cgroup_make(r->groups, &limits, &r->group, err);
    if (!rc)
        rc = cell_start(r->box, &r->cell, err);
    if (rc)
        return rc;
    r->started_ms = looked_ms = now_ms();
    while (!r->stop) {
        turn(r);
        check_clocks(r, &looked_ms);
    }
    look_at_usage(r);
    drain_output(r);
    bool stood = stands(r);
    r->v->wall_ms = now_ms() - r->started_ms;
    r->v->cpu_ms = r->cpu_ms;
    r->status = cell_end(&r->cell);
    r->out_of_memory = cgroup_out_of_memory(&r->group);
    if (r->stop == STOP_GROUP)
        return CARAT_EIO;
    return stood ? CARAT_OK : not_started(&r->v->output, err);
}

/* ---- the verdict ------------------------------------------------------------------------ */

/* It ended without a word. bwrap passes a signal on as 128 and its number, as shells do. */
static void judge_status(struct run *r)
{
    struct jail_verdict *v = r->v;
    if (r->out_of_memory) {
        v->kind = JAIL_MEMORY;
        buf_adds(&v->detail, "ended by the kernel: its control group has no memory left");
        return;
    }
    int code = WIFEXITED(r->status) ? WEXITSTATUS(r->status) : 0;
    int sig = WIFSIGNALED(r->status) ? WTERMSIG(r->status) : code > 128 && code <= 128 + 64 ? code - 128 : 0;
    if (sig == SIGSYS) {
        v->kind = JAIL_POLICY;
        buf_adds(&v->detail, "killed for a system call that is forbidden in the jail");
    } else if (sig == SIGXCPU || (sig == SIGKILL && r->cpu_ms >= r->box->opts.cpu_s * 1e3)) {
        v->kind = JAIL_TIMEOUT;
        buf_printf(&v->detail, "CPU time over %g s", r->box->opts.cpu_s);
    } else if (sig) {
        v->kind = JAIL_CRASHED;
        buf_printf(&v->detail, "signal %d (%s)", sig, strsignal(sig));
    } else {
        v->kind = JAIL_FAILED;
        buf_printf(&v->detail, "ended before its last line (exit status %d)", code);
    }
}

static void judge(struct run *r)
{
    struct jail_verdict *v = r->v;
    switch (r->stop) {
    case STOP_TOKEN:
        v->kind = JAIL_PASSED;
        return;
    case STOP_CPU:
        v->kind = JAIL_TIMEOUT;
        buf_printf(&v->detail, "CPU time over %g s", r->box->opts.cpu_s);
        return;
    case STOP_WALL:
        v->kind = JAIL_TIMEOUT;
        buf_printf(&v->detail, "wall time over %g s", r->box->opts.wall_s);
        return;
    case STOP_OUTPUT:
        v->kind = JAIL_OUTPUT;
        buf_printf(&v->detail, "more than %zu bytes of output", r->box->opts.output_bytes);
        return;
    case STOP_REPORT:
        v->kind = JAIL_FAILED;
        buf_adds(&v->detail, "it wrote on the runner's descriptor");
        return;
    case STOP_FOLDER:
        v->kind = JAIL_OUTPUT;
        buf_printf(&v->detail, "more than %zu bytes, %d files or %d levels in its folder", r->box->opts.tmp_bytes,
                   FOLDER_ENTRIES_MAX, FOLDER_DEPTH_MAX);
        return;
    case STOP_THREADS:
        v->kind = JAIL_POLICY;
        buf_printf(&v->detail, "more than %zu threads", r->box->opts.n_processes);
        return;
    default:
        if (!verdict_report(buf_str(&r->report), v))
            judge_status(r);
    }
}

enum retry { RETRY_NOT, RETRY_BESIDE, RETRY_ALONE };

/* A kernel that does not count leaves queued_ms at 0, which no process that ever ran has. */
static enum retry second_try(const struct run *r)
{
    if (r->stop != STOP_WALL)
        return RETRY_NOT;
    bool slept = r->queued_ms > 0 && r->cpu_ms + r->queued_ms < r->box->opts.wall_s * 1e3 / SLEPT_PART;
    return slept ? RETRY_BESIDE : RETRY_ALONE;
}

static enum carat_err try_program(const struct jail *jail, struct str source, const char *canary, struct jail_verdict *v,
                                  enum retry *retry, struct err *err)
{
    struct run r = {.canary = canary, .box = &jail->box, .groups = jail->groups, .v = v, .orders = BUF_INIT(SIZE_MAX / 4), .report = BUF_INIT(REPORT_MAX)};
    *v = (struct jail_verdict){.detail = BUF_INIT(DETAIL_MAX), .output = BUF_INIT(jail->box.opts.output_bytes)};
    enum carat_err rc = run_once(&r, source, err);
    if (!rc) {
        judge(&r);
        if (buf_failed(&v->detail) || buf_failed(&v->output) || buf_failed(&r.report))
            rc = err_nomem(err, "a program's output");
    }
    *retry = second_try(&r);
    cgroup_remove(&r.group);
    buf_release(&r.orders);
    buf_release(&r.report);
    if (rc)
        jail_verdict_release(v);
    return rc;
}

/* Twice, where only the wall stopped it. */
static enum carat_err run_program(const struct jail *jail, struct str source, struct jail_verdict *out, struct err *err)
{
    enum retry retry, done;
    pthread_rwlock_rdlock(jail->alone);
    enum carat_err rc = try_program(jail, source, NULL, out, &retry, err);
    pthread_rwlock_unlock(jail->alone);
    if (rc || !retry)
        return rc;
    jail_verdict_release(out);
    if (retry == RETRY_ALONE)
        pthread_rwlock_wrlock(jail->alone);
    else
        pthread_rwlock_rdlock(jail->alone);
    rc = try_program(jail, source, NULL, out, &done, err);
    pthread_rwlock_unlock(jail->alone);
    return rc;
}

/* Does it still pass when its tests ask for equality with what no result can be? A failure of this second run for any
 * other reason says nothing, and the verdict stays in any case. */
static enum carat_err look_for_canary(const struct jail *jail, struct str source, struct jail_verdict *v, struct err *err)
{
    struct jail_verdict second;
    enum retry retry;
    char word[TOKEN_HEX + 1];
    if (!make_token(word))
        return err_set(err, CARAT_EIO, "no random bytes: %s", strerror(errno));
    word[0] = 'c'; /* a name must not begin with a digit */
    pthread_rwlock_rdlock(jail->alone);
    enum carat_err rc = try_program(jail, source, word, &second, &retry, err);
    pthread_rwlock_unlock(jail->alone);
    if (rc)
        return rc;
    v->equals_anything = second.kind == JAIL_FAILED && str_find(buf_str(&second.detail), str_from(word), 0) >= 0;
    jail_verdict_release(&second);
    return CARAT_OK;
}

enum carat_err jail_run(const struct jail *jail, struct str source, struct jail_verdict *out, struct err *err)
{
    enum carat_err rc = run_program(jail, source, out, err);
    if (rc || out->kind != JAIL_PASSED || jail->box.wall == WALL_NONE || str_find(source, STR("assert"), 0) < 0 ||
        str_find(source, STR("=="), 0) < 0)
        return rc;
    rc = look_for_canary(jail, source, out, err);
    if (rc)
        jail_verdict_release(out);
    return rc;
}

enum jail_wall jail_wall_from(const char *name)
{
    static const char *const names[] = {
        [JAIL_WALL_BEST] = "best", [JAIL_WALL_BUBBLEWRAP] = "bubblewrap", [JAIL_WALL_LANDLOCK] = "landlock"};
    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return (enum jail_wall)i;
    return JAIL_WALL_BEST;
}

/* ---- opening ---------------------------------------------------------------------------------- */

static struct jail_opts with_defaults(const struct jail_opts *given)
{
    struct jail_opts o = given ? *given : (struct jail_opts){0};
    o.cpu_s = o.cpu_s > 0 ? o.cpu_s : 5;
    o.wall_s = o.wall_s > 0 ? o.wall_s : 20;
    o.memory_bytes = o.memory_bytes ? o.memory_bytes : (size_t)512 << 20;
    o.tmp_bytes = o.tmp_bytes ? o.tmp_bytes : (size_t)64 << 20;
    o.output_bytes = o.output_bytes ? o.output_bytes : (size_t)1 << 20;
    o.n_processes = o.n_processes ? o.n_processes : 64;
    return o;
}

/* One program that must pass, and one for each wall that must not. Under the second wall the parent is carat itself. */
static const struct probe {
    const char *source, *what;
    bool passes, second_only;
} probes[] = {
    {"import math\nassert math.sqrt(4) == 2\n", "a program of two lines", true, false},
    {"import socket\nsocket.socket()\n", "opening a socket", false, false},
    {"import os\nos.fork()\n", "starting a process", false, false},
    {"open('/etc/passwd').read()\n", "reading /etc/passwd", false, false},
    {"open('/probe', 'w').write('x')\n", "writing outside its folder", false, false},
    {"import os\nos.listdir('/proc')\n", "listing /proc", false, false},
    {"open('probe', 'w').write('x')\nassert open('probe').read() == 'x'\n", "writing in its folder", true, false},
    {"import os\nos.chmod('/', 0o755)\n", "changing the mode of /", false, false},
    {"import os\nos.kill(os.getppid(), 0)\n", "a signal to carat", false, true},
    {"import os, resource\nresource.prlimit(os.getppid(), resource.RLIMIT_CORE)\n", "reaching carat's limits", false, true},
    {"import socket\nsocket.socketpair(type=socket.SOCK_DGRAM)\n", "a datagram socket", false, true},
};

static enum carat_err probe_one(const struct jail *jail, const struct probe *p, struct err *err)
{
    struct jail_verdict v;
    enum carat_err rc = run_program(jail, str_from(p->source), &v, err);
    if (rc)
        return rc;
    bool passed = v.kind == JAIL_PASSED;
    if (passed != p->passes)
        rc = err_set(err, CARAT_EUNSUPPORTED, "the jail does not hold: %s %s %.*s", p->what, passed ? "succeeds" : "fails:",
                     (int)v.detail.n, v.detail.n ? v.detail.p : "");
    jail_verdict_release(&v);
    return rc;
}

static enum carat_err probe(const struct jail *jail, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; i < sizeof probes / sizeof *probes && !rc; i++) {
        bool applies = !probes[i].second_only || jail->box.wall == WALL_LANDLOCK;
        if (jail->box.wall == WALL_NONE)
            applies = probes[i].passes;
        if (applies)
            rc = probe_one(jail, &probes[i], err);
    }
    return rc;
}

/* Root tries as an ordinary user first: box_arrange() says why. */
static enum carat_err arrange_and_probe(struct jail *jail, struct err *err)
{
    if (geteuid() == 0 && jail->box.wall != WALL_NONE && box_arrange(&jail->box, true, err) == CARAT_OK &&
        probe(jail, err) == CARAT_OK)
        return CARAT_OK;
    err_clear(err);
    enum carat_err rc = box_arrange(&jail->box, false, err);
    return rc ? rc : probe(jail, err);
}

static enum carat_err try_wall(struct jail *jail, enum wall wall, const struct jail_opts *opts, struct err *err)
{
    box_release(&jail->box);
    enum carat_err rc = box_open(opts, wall, &jail->box, err);
    return rc ? rc : arrange_and_probe(jail, err);
}

/* Why the first wall could not be had stays in *first. */
static enum carat_err choose_wall(struct jail *jail, const struct jail_opts *opts, struct err *first, struct err *err)
{
    if (opts->unsafe_no_jail)
        return try_wall(jail, WALL_NONE, opts, err);
    if (opts->wall == JAIL_WALL_LANDLOCK)
        return try_wall(jail, WALL_LANDLOCK, opts, err);
    enum carat_err rc = try_wall(jail, WALL_SPACES, opts, first);
    if (!rc || rc == CARAT_ENOMEM || opts->wall == JAIL_WALL_BUBBLEWRAP) {
        if (err)
            *err = *first;
        return rc;
    }
    rc = try_wall(jail, WALL_LANDLOCK, opts, err);
    if (rc && err) {
        struct err second = *err;
        *err = *first;
        err_context(err, "bubblewrap");
        snprintf(err->msg + strlen(err->msg), sizeof err->msg - strlen(err->msg), "; Landlock, the second wall: %s", second.msg);
    }
    return rc;
}

static void describe(struct jail *jail, const struct err *first)
{
    const struct jail_opts *o = &jail->box.opts;
    static const char *const walls[] = {
        [WALL_SPACES] = "bubblewrap, seccomp, own user/pid/net/mount/ipc/uts/cgroup namespaces",
        [WALL_LANDLOCK] = "Landlock and seccomp, the second wall",
        [WALL_NONE] = "NO JAIL (--unsafe-no-jail): limits only",
    };
    snprintf(jail->words, sizeof jail->words, "%s%s%.200s%s%s%s; Python %s, %g s CPU, %zu MiB", walls[jail->box.wall],
             first->code ? " (" : "", first->code ? first->msg : "", first->code ? ")" : "",
             jail->box.as_nobody ? ", not root" : "", jail->groups ? ", limits by cgroup" : "", jail->box.version, o->cpu_s,
             o->memory_bytes >> 20);
}

static enum carat_err make_lock(struct jail *jail, struct err *err)
{
    pthread_rwlockattr_t attr;
    jail->alone = calloc(1, sizeof *jail->alone);
    if (!jail->alone)
        return err_nomem(err, "the jail");
    pthread_rwlockattr_init(&attr); /* a second try must get its turn though first tries keep coming */
    pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(jail->alone, &attr);
    pthread_rwlockattr_destroy(&attr);
    return CARAT_OK;
}

enum carat_err jail_open(const struct jail_opts *opts, struct jail **out, struct err *err)
{
    struct jail_opts full = with_defaults(opts);
    struct jail *jail = calloc(1, sizeof *jail);
    *out = NULL;
    if (!jail)
        return err_nomem(err, "the jail");
    struct err first = ERR_INIT;
    enum carat_err rc = make_lock(jail, err);
    if (!rc && !full.unsafe_no_jail)
        cgroups_open(NULL, &jail->groups, NULL); /* a further limit where it can be had; doctor tells */
    if (!rc)
        rc = choose_wall(jail, &full, &first, err);
    if (rc && rc != CARAT_ENOMEM) {
        err_context(err, "no jail can be made for programs that a model wrote");
        rc = CARAT_EUNSUPPORTED;
        if (err)
            err->code = rc;
        if (err && !err->hint[0])
            err_hint(err, "'carat doctor' tells what is missing and what to do; or leave out the code tasks; --unsafe-no-jail runs "
                          "such programs unprotected");
    }
    if (rc) {
        jail_free(jail);
        return rc;
    }
    describe(jail, &first);
    *out = jail;
    return CARAT_OK;
}

void jail_free(struct jail *jail)
{
    if (!jail)
        return;
    if (jail->alone)
        pthread_rwlock_destroy(jail->alone);
    free(jail->alone);
    cgroups_free(jail->groups);
    box_release(&jail->box);
    free(jail);
}

const char *jail_describe(const struct jail *jail)
{
    return jail->words;
}
