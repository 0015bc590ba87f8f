/* box.c - what a jail is made of: the interpreter's survey and bubblewrap's command line.
 *
 * The root that a program sees is empty but for the interpreter: its executable, its standard library, the
 * folders of the libraries that it maps and its loader, each mounted read-only where it lies outside. What those
 * are is asked of the interpreter itself (runner_survey), so Debian's /usr, a pyenv under a home and a conda
 * prefix are the same case. There is no /proc (the interpreter does without, and it would show the process's own
 * memory), no /etc, no /home, and /dev holds null, zero, random, urandom and a small shm.
 */
#define _GNU_SOURCE
#include "box.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "filter.h"
#include "landlock.h"
#include "runner.h"

enum { SURVEY_MAX = 1 << 20 };
#define SHM_BYTES "4194304"
#define NOBODY "65534"
const char *const box_devices[] = {"/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", NULL};

/* The first executable `name` on PATH, or `name` itself when it has a slash. */
static char *find_program(struct arena *memory, const char *name)
{
    const char *path = getenv("PATH");
    if (strchr(name, '/'))
        return access(name, X_OK) == 0 ? arena_dup(memory, name, strlen(name)) : NULL;
    for (const char *p = path ? path : "/usr/bin:/bin"; *p;) {
        size_t n = strcspn(p, ":");
        char *full = arena_printf(memory, "%.*s/%s", (int)n, p, name);
        if (n && full && access(full, X_OK) == 0)
            return full;
        p += n + (p[n] == ':');
    }
    return NULL;
}

char *box_find_program(const char *name)
{
    struct arena memory = ARENA_INIT;
    const char *path = find_program(&memory, name);
    char *own = path ? strdup(path) : NULL;
    arena_release(&memory);
    return own;
}

/* ---- the survey ------------------------------------------------------------------------ */

/* Runs the survey; its fields, NUL-ended, go to `out`. With the caller's environment: a shim on PATH may need it. */
static enum carat_err survey(const char *python, struct buf *out, struct err *err)
{
    extern char **environ;
    char piece[4096];
    ssize_t n;
    pid_t pid;
    int status = 0;
    int ends[2];
    posix_spawn_file_actions_t actions;
    char *argv[] = {(char *)python, "-I", "-S", "-B", "-X", "utf8", "-c", (char *)runner_survey, NULL};
    if (pipe2(ends, O_CLOEXEC))
        return err_set(err, CARAT_EIO, "cannot ask '%s' where it lives: %s", python, strerror(errno));
    int rc = posix_spawn_file_actions_init(&actions);
    if (!rc) {
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
        rc = posix_spawn(&pid, python, &actions, NULL, argv, environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    close(ends[1]);
    if (rc) {
        close(ends[0]);
        return err_set(err, CARAT_EUNSUPPORTED, "cannot run '%s': %s", python, strerror(rc));
    }
    while ((n = read(ends[0], piece, sizeof piece)) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            buf_add(out, piece, (size_t)n);
    close(ends[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (status)
        return err_set(err, CARAT_EUNSUPPORTED, "'%s' does not tell where its library is (status %d)", python, status);
    if (buf_failed(out) || !out->n || out->p[out->n - 1])
        return err_set(err, CARAT_EUNSUPPORTED, "'%s' does not tell where its library is", python);
    return CARAT_OK;
}

struct args {
    struct arena *memory;
    char **v;
    size_t n, cap;
    bool failed;
};

static void arg(struct args *a, const char *s)
{
    if (a->n + 1 >= a->cap || !s) {
        a->failed = true;
        return;
    }
    a->v[a->n++] = arena_dup(a->memory, s, strlen(s));
    a->v[a->n] = NULL;
    a->failed |= !a->v[a->n - 1];
}

static void args_add(struct args *a, const char *const *list)
{
    for (; *list; list++)
        arg(a, *list);
}

static const char *field(const struct buf *fields, size_t *at)
{
    if (*at >= fields->n)
        return "";
    const char *s = fields->p + *at;
    *at += strlen(s) + 1;
    return s;
}

bool box_next_bind(const struct box *box, size_t *at, const char **path, const char **real)
{
    while (*at < box->survey.n) {
        const char *kind = field(&box->survey, at);
        *path = field(&box->survey, at);
        *real = field(&box->survey, at);
        if (*kind == 'B')
            return true;
    }
    return false;
}

/* bwrap's mounts from what the survey said, from field `at` on. */
static void add_root(struct args *a, const struct buf *fields, size_t at)
{
    while (at < fields->n) {
        const char *kind = field(fields, &at), *path = field(fields, &at), *other = field(fields, &at);
        if (*kind == 'B')
            args_add(a, (const char *const[]){"--ro-bind", other, path, NULL});
        else
            args_add(a, (const char *const[]){"--symlink", other, path, NULL});
    }
}

/* ---- the command line -------------------------------------------------------------------- */

enum carat_err box_arrange(struct box *box, bool as_nobody, struct err *err)
{
    char tmp_size[32];
    struct args a = {.memory = &box->memory, .cap = 64 + box->survey.n / 2};
    const char *const interpreter[] = {box->exe, "-I", "-S", "-B", "-X", "utf8", "-c", runner_text, NULL};
    a.v = arena_calloc(&box->memory, a.cap, sizeof *a.v);
    bool wants_setpriv = as_nobody && box->wall == WALL_SPACES;
    const char *setpriv = wants_setpriv ? find_program(&box->memory, "setpriv") : NULL;
    if (!a.v)
        return err_nomem(err, "the jail's command line");
    if (wants_setpriv && !setpriv)
        return err_set(err, CARAT_EUNSUPPORTED, "no 'setpriv' on PATH (util-linux)");
    snprintf(tmp_size, sizeof tmp_size, "%zu", box->opts.tmp_bytes);
    if (box->wall == WALL_SPACES) {
        if (setpriv)
            args_add(&a, (const char *const[]){setpriv, "--reuid", NOBODY, "--regid",
                                               NOBODY, "--clear-groups", "--", NULL});
        args_add(&a, (const char *const[]){box->bwrap, "--unshare-all", "--unshare-user", "--unshare-cgroup",
                                           "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL",
                                           "--uid", "1000", "--gid", "1000", "--hostname", "jail", NULL});
        add_root(&a, &box->survey, box->survey_at);
        for (const char *const *name = box_devices; *name; name++)
            args_add(&a, (const char *const[]){"--dev-bind", *name, *name, NULL});
        args_add(&a, (const char *const[]){"--size", SHM_BYTES, "--tmpfs", "/dev/shm", "--size", tmp_size, "--tmpfs",
                                           "/tmp", "--remount-ro", "/", "--chdir", "/tmp", "--seccomp", "4",
                                           "--info-fd", "5", "--args", "7", "--", NULL});
        _Static_assert(FD_FILTER == 4 && FD_INFO == 5 && FD_GO == 7, "as written above");
    }
    args_add(&a, interpreter);
    if (a.failed)
        return err_nomem(err, "the jail's command line");
    box->argv = a.v;
    box->as_nobody = as_nobody;
    return CARAT_OK;
}

static bool kernel_at_least(int major, int minor)
{
    struct utsname u;
    char *end;
    if (uname(&u))
        return false;
    long a = strtol(u.release, &end, 10);
    long b = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
    return a > major || (a == major && b >= minor);
}

static enum carat_err check_version(const struct box *box, struct err *err)
{
    int major = 0, minor = 0;
    if (sscanf(box->version, "%d.%d", &major, &minor) != 2 || major != 3 || minor < 8) {
        err_set(err, CARAT_EUNSUPPORTED, "'%s' is Python %s; running programs needs 3.8 or later", box->exe, box->version);
        return err_hint(err, "put a newer python3 first on PATH");
    }
    return CARAT_OK;
}

/* What the walls themselves are made of. */
static enum carat_err open_wall(struct box *box, struct err *err)
{
    if (box->wall == WALL_NONE)
        return CARAT_OK;
    if (box->wall == WALL_SPACES) {
        box->bwrap = find_program(&box->memory, "bwrap");
        if (!box->bwrap) {
            err_set(err, CARAT_EUNSUPPORTED, "no 'bwrap' on PATH");
            return err_hint(err, "install it: apt-get install bubblewrap");
        }
        enum carat_err rc = keeper_open(&box->keeper, err);
        if (rc)
            return rc;
    } else if (landlock_abi() < LANDLOCK_ABI_WANTED) {
        err_set(err, CARAT_EUNSUPPORTED, "the kernel's Landlock is of version %d, and only %d (Linux 6.12) holds signals and sockets",
                landlock_abi(), LANDLOCK_ABI_WANTED);
        return err_hint(err, "a newer kernel, with landlock in /sys/kernel/security/lsm");
    }
    return filter_make(box->wall == WALL_LANDLOCK, &box->filter, err);
}

enum carat_err box_open(const struct jail_opts *opts, enum wall wall, struct box *box, struct err *err)
{
    *box = (struct box){.opts = *opts, .wall = wall, .memory = ARENA_INIT, .survey = BUF_INIT(SURVEY_MAX), .filter = BUF_INIT(SURVEY_MAX)};
    box->opts.python = find_program(&box->memory, opts->python ? opts->python : "python3");
    if (!box->opts.python) {
        err_set(err, CARAT_EUNSUPPORTED, "no '%s' to run programs with", opts->python ? opts->python : "python3");
        return err_hint(err, "install it: apt-get install python3");
    }
    enum carat_err rc = open_wall(box, err);
    if (!rc)
        rc = survey(box->opts.python, &box->survey, err);
    if (rc)
        return rc;
    box->version = field(&box->survey, &box->survey_at);
    box->exe = field(&box->survey, &box->survey_at);
    box->limit_processes = wall == WALL_SPACES && kernel_at_least(5, 14);
    rc = check_version(box, err);
    return rc ? rc : box_arrange(box, false, err);
}

void box_release(struct box *box)
{
    keeper_close(&box->keeper);
    buf_release(&box->survey);
    buf_release(&box->filter);
    arena_release(&box->memory);
}
