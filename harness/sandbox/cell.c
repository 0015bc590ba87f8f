/* cell.c - one process tree in a jail: started, watched, ended.
 *
 *     carat -- bwrap -- bwrap (PID 1 in the jail, reaps) -- python3
 *       | socket on 3, output on 1 and 2                       |
 *       +------------------------------------------------------+
 *
 * PID 1's death ends the namespace: the kernel kills whatever is left in it before PID 1 can be waited for.
 * bwrap names PID 1 on --info-fd; a pidfd on it becoming readable is the proof that nothing is left running,
 * and cell_end() waits for that. If carat dies, --die-with-parent does the same; for the moment in which it
 * does not, there is the keeper (keeper.h).
 */
#define _GNU_SOURCE
#include "cell.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine.h"
#include "landlock.h"
#include "spawn.h"

enum {
    FD_SAFE = 64,       /* our own ends are moved above this, out of the way of dup2() */
    END_MS = 10000,     /* for the kernel to tear a namespace down */
};
/* Where carat is itself PID 1 or a subreaper, a jail's PID 1 that outlives bwrap by a moment becomes carat's
 * child and must be waited for; elsewhere the call finds no such child. By pidfd, for a number could be another's
 * by now. */
#define WAIT_PIDFD 3 /* P_PIDFD, which older C libraries do not name */

static const struct cell no_cell = {
    .pidfd = -1, .init_pidfd = -1, .control = -1, .output = -1, .info = -1, .folder = {.lock = -1}};

/* ---- small descriptors' work ---------------------------------------------------- */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static bool move_up(int *fd)
{
    int high = fcntl(*fd, F_DUPFD_CLOEXEC, FD_SAFE);
    close_fd(fd);
    *fd = high;
    return high >= 0;
}

static bool make_pipe(int ends[2])
{
    return pipe2(ends, O_CLOEXEC) == 0 && move_up(&ends[0]) && move_up(&ends[1]);
}

static void set_nonblocking(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static int open_pidfd(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0); /* close-on-exec by definition */
}

static void wait_readable(int fd, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (poll(&p, 1, ms) < 0 && errno == EINTR)
        ;
}

/* ---- starting ------------------------------------------------------------------------ */

/* A pipe that holds the filter: a reader of its own for each jail, for the offset of a file would be shared. */
static bool filter_pipe(const struct box *box, int ends[2])
{
    if (!make_pipe(ends))
        return false;
    set_nonblocking(ends[1]); /* more than the pipe takes must fail, not hang */
    bool ok = write(ends[1], box->filter.p, box->filter.n) == (ssize_t)box->filter.n;
    close_fd(&ends[1]);
    return ok;
}

/* Behind the second wall: the interpreter itself is our child. */
static enum carat_err start_confined(const struct box *box, struct cell *cell, const int *from, struct err *err)
{
    const char *step;
    int rules = landlock_make(box, cell->folder.path, err);
    if (rules < 0)
        return CARAT_EUNSUPPORTED;
    if (!move_up(&rules))
        return err_set(err, CARAT_EIO, "cannot start a program: %s", strerror(errno));
    const struct confine c = {.argv = box->argv,
                              .from = from,
                              .n = FD_FILTER,
                              .folder = cell->folder.lock,
                              .rules = rules,
                              .filter = &box->filter,
                              .as_nobody = box->as_nobody};
    int failure = confine_spawn(&c, &cell->pid, &step);
    close(rules);
    return failure ? err_set(err, CARAT_EIO, "cannot start '%s': %s: %s", box->argv[0], step, strerror(failure)) : CARAT_OK;
}

static enum carat_err start_spawned(const struct box *box, struct cell *cell, const int *from, struct err *err)
{
    bool walled = box->wall == WALL_SPACES;
    int failure = spawn(box->argv, from, walled ? FD_END : FD_FILTER, cell->folder.path, &cell->pid);
    if (failure) {
        cell->pid = 0;
        return err_set(err, CARAT_EIO, "cannot start '%s': %s", box->argv[0], strerror(failure));
    }
    if (walled && !keeper_watch(&box->keeper, cell->pid))
        return err_set(err, CARAT_EIO, "the process that ends programs when carat dies is gone");
    return CARAT_OK;
}

enum carat_err cell_start(const struct box *box, struct cell *cell, struct err *err)
{
    int control[2] = {-1, -1}, output[2] = {-1, -1}, filter[2] = {-1, -1}, info[2] = {-1, -1}, go[2] = {-1, -1};
    bool walled = box->wall == WALL_SPACES;
    enum carat_err rc = CARAT_OK;
    *cell = no_cell;
    cell->box = box;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) || !move_up(&control[0]) || !move_up(&control[1]) ||
        !make_pipe(output) || (walled && (!filter_pipe(box, filter) || !make_pipe(info) || !make_pipe(go)))) {
        rc = err_set(err, CARAT_EIO, "cannot start a program: %s", strerror(errno));
        goto out;
    }
    const int from[FD_END] = {-1, output[1], output[1], control[1], filter[0], info[1], info[0], go[0]};
    if (!walled)
        rc = folder_make(&cell->folder, box->as_nobody ? BOX_NOBODY : (uid_t)-1, err);
    if (!rc)
        rc = box->wall == WALL_LANDLOCK ? start_confined(box, cell, from, err) : start_spawned(box, cell, from, err);
    if (rc)
        goto out;
    cell->pidfd = open_pidfd(cell->pid);
    if (cell->pidfd < 0)
        rc = err_set(err, CARAT_EUNSUPPORTED, "the kernel has no pidfd_open (Linux 5.3): %s", strerror(errno));
    cell->control = control[0];
    cell->output = output[0];
    cell->info = info[0];
    control[0] = output[0] = info[0] = -1;
    set_nonblocking(cell->control);
    set_nonblocking(cell->output);
    if (walled)
        set_nonblocking(cell->info);
out:
    for (int i = 0; i < 2; i++) {
        close_fd(&control[i]);
        close_fd(&output[i]);
        close_fd(&filter[i]);
        close_fd(&info[i]);
        close_fd(&go[i]); /* bwrap goes on */
    }
    if (rc)
        cell_end(cell);
    return rc;
}

/* The parent of `pid`, 0 when there is no such process. */
static pid_t parent_of(pid_t pid)
{
    char path[64], line[512];
    int parent = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "re");
    if (!f)
        return 0;
    const char *end = fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL;
    if (!end || sscanf(end + 1, " %*c %d", &parent) != 1)
        parent = 0;
    fclose(f);
    return (pid_t)parent;
}

/* bwrap's JSON comes in pieces; the number is whole when something stands behind it. */
static pid_t told_pid(const char *told)
{
    int pid, used = 0;
    const char *at = strstr(told, "\"child-pid\":");
    if (!at || sscanf(at + 12, "%d%n", &pid, &used) != 1 || !at[12 + used] || pid <= 1)
        return 0;
    return (pid_t)pid;
}

void cell_read_info(struct cell *cell)
{
    ssize_t n = read(cell->info, cell->told + cell->n_told, sizeof cell->told - 1 - cell->n_told);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) {
        close_fd(&cell->info); /* not before: bwrap would die writing the rest */
        return;
    }
    cell->n_told += (size_t)n;
    pid_t pid = cell->init ? 0 : told_pid(cell->told);
    if (!pid)
        return;
    cell->init_pidfd = open_pidfd(pid);
    /* The number may have been given to another by now; our unreaped child's own child has it for sure. */
    if (cell->init_pidfd >= 0 && parent_of(pid) == cell->pid)
        cell->init = pid;
    else
        close_fd(&cell->init_pidfd);
}

/* ---- what a tree has used ---------------------------------------------------------------------- */

/* Ticks used by `pid` and by its children that were waited for. Adds its threads to *n_threads. */
static unsigned long long ticks_of(pid_t pid, size_t *n_threads)
{
    size_t threads = 0;
    char path[64], line[1024];
    unsigned long long v[4] = {0};
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "re");
    if (!f)
        return 0;
    const char *end = fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL;
    if (end)
        sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu %*d %*d %zu", &v[0], &v[1], &v[2], &v[3],
               &threads);
    fclose(f);
    *n_threads += threads;
    return v[0] + v[1] + v[2] + v[3];
}

/* Appends the children of `pid` to list[0..*n). */
static void children_of(pid_t pid, pid_t *list, size_t *n)
{
    char path[96];
    int child;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(path);
    if (!tasks)
        return;
    for (struct dirent *d; (d = readdir(tasks));) {
        if (*d->d_name == '.')
            continue;
        snprintf(path, sizeof path, "/proc/%d/task/%.20s/children", (int)pid, d->d_name);
        FILE *f = fopen(path, "re");
        if (!f)
            continue;
        while (*n < CELL_TREE_MAX && fscanf(f, "%d", &child) == 1)
            list[(*n)++] = (pid_t)child;
        fclose(f);
    }
    closedir(tasks);
}

/* Milliseconds that the main thread of `pid` was ready to run and had no CPU; 0 where the kernel does not count. */
static double queued_ms(pid_t pid)
{
    char path[64];
    unsigned long long ns = 0;
    snprintf(path, sizeof path, "/proc/%d/schedstat", (int)pid);
    FILE *f = fopen(path, "re");
    if (f && fscanf(f, "%*u %llu", &ns) != 1)
        ns = 0;
    if (f)
        fclose(f);
    return (double)ns / 1e6;
}

size_t cell_tree(const struct cell *cell, pid_t list[CELL_TREE_MAX])
{
    size_t n = 1;
    list[0] = cell->pid;
    for (size_t i = 0; i < n; i++)
        children_of(list[i], list, &n);
    return n;
}

struct usage cell_usage(const struct cell *cell)
{
    pid_t list[CELL_TREE_MAX];
    unsigned long long ticks = 0;
    struct usage u = {0};
    size_t n = cell_tree(cell, list);
    for (size_t i = 0; i < n; i++) {
        double queued = queued_ms(list[i]);
        u.queued_ms = queued > u.queued_ms ? queued : u.queued_ms;
        ticks += ticks_of(list[i], &u.n_threads);
    }
    u.cpu_ms = (double)ticks * 1000.0 / (double)sysconf(_SC_CLK_TCK);
    return u;
}

/* ---- the end ----------------------------------------------------------------------------------- */

int cell_end(struct cell *cell)
{
    int status = 0;
    if (cell->info >= 0 && cell->pid && !cell->init)
        cell_read_info(cell); /* killed early: bwrap may have told by now */
    if (cell->init_pidfd >= 0)
        syscall(SYS_pidfd_send_signal, cell->init_pidfd, SIGKILL, NULL, 0);
    if (cell->pid) {
        kill(-cell->pid, SIGKILL); /* it was made a session of its own */
        if (cell->box->wall == WALL_SPACES)
            keeper_forget(&cell->box->keeper, cell->pid); /* before the number can be another's */
        while (waitpid(cell->pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    if (cell->init_pidfd >= 0) {
        wait_readable(cell->init_pidfd, END_MS);
        waitid((idtype_t)WAIT_PIDFD, (id_t)cell->init_pidfd, NULL, WEXITED | WNOHANG);
    }
    close_fd(&cell->init_pidfd);
    close_fd(&cell->pidfd);
    close_fd(&cell->control);
    close_fd(&cell->output);
    close_fd(&cell->info);
    folder_remove(&cell->folder);
    *cell = no_cell;
    return status;
}
