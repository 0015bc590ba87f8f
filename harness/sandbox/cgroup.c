/* cgroup.c - see cgroup.h.
 *
 * Control groups are folders; who may write in one may limit what is below. Two layouts are in use:
 *
 *   v2   one tree. A group's children have a controller when the group's own cgroup.subtree_control names it, and
 *        (but for the root) a group with such children has no processes of its own. So there are two ways in:
 *        - a group above us, or ours, that is ours to write in and names memory and pids already: that of a
 *          systemd user session (user@.service is delegated to its user), or root's;
 *        - our own group, when no process but carat is in it (`systemd-run --user --scope -p Delegate=yes carat`, a
 *          container's): carat moves into a child of it and the controllers are switched on for the others.
 *   v1   a tree for each controller: a child of our own group in each, where that may be written in (root's).
 *
 * A child carries the number of the carat that made it, so that those left by a killed one are told and removed.
 */
#define _GNU_SOURCE
#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MEMORY, PIDS, TEXT_MAX = 1 << 20, GONE_TRIES = 200, GONE_US = 5000 };
#define PREFIX "carat-"
#define CONTROLLERS "+memory +pids"

struct cgroups {
    char *base[CGROUP_PARTS]; /* the groups whose children are made; v2: the first alone */
    char *own, *leaf;         /* v2, when carat had to move: from where to where */
    bool unified;
    atomic_size_t n_made;
    char words[512];
};

static const struct { /* under v1: controller, the files of its limit */
    const char *controller, *limit;
} old_kinds[CGROUP_PARTS] = {{"memory", "memory.limit_in_bytes"}, {"pids", "pids.max"}};

/* ---- files ---------------------------------------------------------------------------- */

/* All of a file of the kernel's, whose size it does not tell beforehand. */
static bool read_at(const char *dir, const char *name, struct buf *out)
{
    char piece[4096];
    ssize_t n = -1;
    char *path = dir ? file_join(dir, name) : strdup(name);
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    while (fd >= 0 && (n = read(fd, piece, sizeof piece)) > 0)
        buf_add(out, piece, (size_t)n);
    if (fd >= 0)
        close(fd);
    free(path);
    return n == 0 && buf_add(out, "", 0) == CARAT_OK; /* so that an empty one is text, too */
}

/* One write, as the kernel wants it; errno says why it failed. */
static bool write_at(const char *dir, const char *name, const char *text)
{
    char *path = file_join(dir, name);
    int fd = path ? open(path, O_WRONLY | O_CLOEXEC) : -1;
    bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    int why = errno;
    if (fd >= 0)
        close(fd);
    free(path);
    errno = why;
    return ok;
}

static bool may_write(const char *dir, const char *name)
{
    char *path = file_join(dir, name);
    bool ok = path && access(path, W_OK) == 0 && access(dir, W_OK) == 0;
    free(path);
    return ok;
}

/* Is `word` one of the words of dir/name? */
static bool lists(const char *dir, const char *name, const char *word)
{
    struct buf text = BUF_INIT(TEXT_MAX);
    bool found = false;
    size_t n = strlen(word);
    if (read_at(dir, name, &text))
        for (const char *p = text.p; *p && !found; p += strspn(p, " \n")) {
            size_t length = strcspn(p, " \n");
            found = length == n && strncmp(p, word, n) == 0;
            p += length;
        }
    buf_release(&text);
    return found;
}

static bool has_both(const char *dir, const char *name)
{
    return lists(dir, name, "memory") && lists(dir, name, "pids");
}

/* ---- where we are ----------------------------------------------------------------------- */

/* The path behind "N:controllers:" in /proc/self/cgroup whose controllers are (or, under v1, name) `controller`; v2: "". */
static struct str own_path(const char *text, const char *controller)
{
    size_t n = strlen(controller);
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        const char *kinds = strchr(line, ':');
        const char *path = kinds ? strchr(kinds + 1, ':') : NULL;
        const char *end = line + strcspn(line, "\n");
        if (!path || path > end)
            continue;
        bool is = n ? false : path == kinds + 1;
        for (const char *k = kinds + 1; n && k < path && !is; k += strcspn(k, ",:") + 1)
            is = strcspn(k, ",:") == n && strncmp(k, controller, n) == 0;
        if (is)
            return (struct str){path + 1, (size_t)(end - path - 1)};
    }
    return (struct str){NULL, 0};
}

/* The tree's mount: its folder and which group is its root. A line of mountinfo:
 * "36 35 0:31 ROOT FOLDER options [more] - TYPE source superoptions". Names with spaces are written \040: not for us. */
static bool find_mount(const char *text, const char *type, const char *controller, char folder[1024], char root[1024])
{
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        char piece[4096], kind[64], super[1024];
        snprintf(piece, sizeof piece, "%.*s", (int)strcspn(line, "\n"), line);
        const char *tail = strstr(piece, " - ");
        if (!tail || sscanf(tail + 3, "%63s %*s %1023s", kind, super) != 2 || strcmp(kind, type) ||
            sscanf(piece, "%*s %*s %*s %1023s %1023s", root, folder) != 2)
            continue;
        size_t n = strlen(controller);
        for (const char *k = super; *k; k += strcspn(k, ","), k += *k == ',')
            if (!n || (strcspn(k, ",") == n && strncmp(k, controller, n) == 0))
                return true;
    }
    return false;
}

/* Our group's folder in the tree of `controller` ("": v2); NULL when it cannot be seen. *top_n: the mount's length in it. */
static char *own_folder(const char *cgroup, const char *mounts, const char *controller, size_t *top_n)
{
    char folder[1024], root[1024];
    struct str path = own_path(cgroup, controller);
    struct buf out = BUF_INIT(1 << 14);
    if (!path.p || !find_mount(mounts, *controller ? "cgroup" : "cgroup2", controller, folder, root))
        return NULL;
    size_t n = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (path.n < n || strncmp(path.p, root, n) || str_find(path, STR(".."), 0) >= 0)
        return NULL;
    *top_n = strlen(folder);
    buf_printf(&out, "%s%.*s", folder, (int)(path.n - n), path.p + n);
    while (out.n > *top_n && out.p[out.n - 1] == '/')
        out.p[--out.n] = '\0';
    return buf_take(&out, NULL);
}

/* ---- opening ------------------------------------------------------------------------------ */

static bool only_us_in(const char *dir)
{
    struct buf text = BUF_INIT(TEXT_MAX);
    char us[32];
    snprintf(us, sizeof us, "%d\n", (int)getpid());
    bool ok = read_at(dir, "cgroup.procs", &text) && strcmp(text.p, us) == 0;
    buf_release(&text);
    return ok;
}

/* Makes room for children with controllers in our own group `dir`: see above. */
static bool take_own(struct cgroups *g, const char *dir)
{
    char us[32];
    struct buf leaf = BUF_INIT(1 << 14);
    if (write_at(dir, "cgroup.subtree_control", CONTROLLERS))
        return true; /* the root, or one without processes */
    if (errno != EBUSY || !only_us_in(dir))
        return false;
    snprintf(us, sizeof us, "%d", (int)getpid());
    buf_printf(&leaf, "%s/" PREFIX "%s-self", dir, us);
    g->leaf = buf_take(&leaf, NULL);
    g->own = strdup(dir);
    if (g->leaf && g->own && mkdir(g->leaf, 0755) == 0) {
        if (write_at(g->leaf, "cgroup.procs", us) && write_at(dir, "cgroup.subtree_control", CONTROLLERS))
            return true;
        write_at(dir, "cgroup.procs", us);
        rmdir(g->leaf);
    }
    free(g->leaf);
    free(g->own);
    g->leaf = g->own = NULL;
    return false;
}

static bool open_unified(struct cgroups *g, const char *cgroup, const char *mounts)
{
    size_t top_n = 0;
    char *dir = own_folder(cgroup, mounts, "", &top_n);
    bool found = false, own = true;
    while (dir && !found) {
        if (has_both(dir, "cgroup.controllers") && may_write(dir, "cgroup.procs"))
            found = has_both(dir, "cgroup.subtree_control") || (own && take_own(g, dir));
        if (found)
            break;
        char *slash = strrchr(dir, '/');
        if (strlen(dir) <= top_n || !slash)
            break;
        *slash = '\0';
        own = false;
    }
    g->unified = found;
    if (found)
        g->base[0] = dir;
    else
        free(dir);
    return found;
}

static bool open_old(struct cgroups *g, const char *cgroup, const char *mounts)
{
    size_t top_n, n = 0;
    for (size_t i = 0; i < CGROUP_PARTS; i++) {
        char *dir = own_folder(cgroup, mounts, old_kinds[i].controller, &top_n);
        if (dir && may_write(dir, "cgroup.procs")) {
            g->base[i] = dir;
            n++;
        } else
            free(dir);
    }
    return n > 0;
}

/* Children that a killed carat left. One that still has processes cannot be removed. */
static void sweep(const char *base)
{
    DIR *stream = base ? opendir(base) : NULL;
    int pid;
    for (struct dirent *d; stream && (d = readdir(stream));)
        if (sscanf(d->d_name, PREFIX "%d-", &pid) == 1 && pid > 0 && kill(pid, 0) && errno == ESRCH)
            unlinkat(dirfd(stream), d->d_name, AT_REMOVEDIR);
    if (stream)
        closedir(stream);
}

/* Is what was found what it seems? */
static enum carat_err try_out(struct cgroups *g, struct err *err)
{
    struct cgroup one;
    for (size_t i = 0; i < CGROUP_PARTS; i++)
        sweep(g->base[i]);
    enum carat_err rc = cgroup_make(g, &(struct cgroup_limits){.memory_bytes = (size_t)64 << 20, .n_tasks = 8}, &one, err);
    if (!rc)
        cgroup_remove(&one);
    return rc;
}

static enum carat_err none_here(struct err *err)
{
    err_set(err, CARAT_EUNSUPPORTED, "no control group with memory and pids is ours to write in");
    return err_hint(err, "systemd-run --user --scope -p Delegate=yes carat ... gives one where systemd runs; without one memory "
                         "and threads are held by rlimits");
}

enum carat_err cgroups_open(const struct cgroup_places *places, struct cgroups **out, struct err *err)
{
    struct buf cgroup = BUF_INIT(TEXT_MAX), mounts = BUF_INIT(TEXT_MAX);
    struct cgroups *g = calloc(1, sizeof *g);
    enum carat_err rc = CARAT_OK;
    *out = NULL;
    if (!g)
        return err_nomem(err, "the control groups");
    if (!read_at(NULL, places ? places->cgroup : "/proc/self/cgroup", &cgroup) ||
        !read_at(NULL, places ? places->mountinfo : "/proc/self/mountinfo", &mounts) ||
        !(open_unified(g, cgroup.p, mounts.p) || open_old(g, cgroup.p, mounts.p)))
        rc = none_here(err);
    if (!rc)
        rc = try_out(g, err);
    snprintf(g->words, sizeof g->words, "cgroup %s at %s", g->unified ? "v2" : "v1", g->base[0] ? g->base[0] : g->base[1]);
    buf_release(&cgroup);
    buf_release(&mounts);
    if (rc)
        cgroups_free(g);
    else
        *out = g;
    return rc;
}

void cgroups_free(struct cgroups *g)
{
    char us[32];
    if (!g)
        return;
    snprintf(us, sizeof us, "%d", (int)getpid());
    if (g->leaf) {
        write_at(g->own, "cgroup.subtree_control", "-memory -pids");
        write_at(g->own, "cgroup.procs", us);
        rmdir(g->leaf);
    }
    for (size_t i = 0; i < CGROUP_PARTS; i++)
        free(g->base[i]);
    free(g->own);
    free(g->leaf);
    free(g);
}

const char *cgroups_describe(const struct cgroups *g)
{
    return g->words;
}

/* ---- one group -------------------------------------------------------------------------------- */

static bool set_size(const char *dir, const char *name, size_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%zu", value);
    return write_at(dir, name, text);
}

static bool set_limits(const struct cgroup *c, const struct cgroup_limits *l)
{
    if (!c->unified)
        return (!c->paths[MEMORY] || set_size(c->paths[MEMORY], old_kinds[MEMORY].limit, l->memory_bytes)) &&
               (!c->paths[PIDS] || set_size(c->paths[PIDS], old_kinds[PIDS].limit, l->n_tasks));
    write_at(c->paths[0], "memory.swap.max", "0"); /* no such file where swap is not counted */
    write_at(c->paths[0], "memory.oom.group", "1");
    return set_size(c->paths[0], "memory.max", l->memory_bytes) && set_size(c->paths[0], "pids.max", l->n_tasks);
}

enum carat_err cgroup_make(struct cgroups *groups, const struct cgroup_limits *limits, struct cgroup *out, struct err *err)
{
    size_t number = atomic_fetch_add(&groups->n_made, 1);
    *out = (struct cgroup){.unified = groups->unified};
    for (size_t i = 0; i < CGROUP_PARTS; i++) {
        struct buf path = BUF_INIT(1 << 14);
        if (!groups->base[i])
            continue;
        buf_printf(&path, "%s/" PREFIX "%d-%zu", groups->base[i], (int)getpid(), number);
        out->paths[i] = buf_take(&path, NULL);
        if (!out->paths[i] || mkdir(out->paths[i], 0755)) {
            err_set(err, CARAT_EUNSUPPORTED, "cannot make a control group in '%s': %s", groups->base[i], strerror(errno));
            cgroup_remove(out);
            return CARAT_EUNSUPPORTED;
        }
    }
    if (set_limits(out, limits))
        return CARAT_OK;
    err_set(err, CARAT_EUNSUPPORTED, "cannot set the limits of the control group '%s': %s", out->paths[0] ? out->paths[0] : out->paths[1],
            strerror(errno));
    cgroup_remove(out);
    return CARAT_EUNSUPPORTED;
}

enum carat_err cgroup_add(const struct cgroup *c, pid_t pid, struct err *err)
{
    for (size_t i = 0; i < CGROUP_PARTS; i++)
        if (c->paths[i] && !set_size(c->paths[i], "cgroup.procs", (size_t)pid))
            return err_set(err, CARAT_EIO, "cannot put a program into the control group '%s': %s", c->paths[i], strerror(errno));
    return CARAT_OK;
}

/* The number behind `key` in dir/name. */
static uint64_t counter(const char *dir, const char *name, const char *key)
{
    struct buf text = BUF_INIT(TEXT_MAX);
    unsigned long long value = 0;
    size_t n = strlen(key);
    if (read_at(dir, name, &text))
        for (const char *line = text.p; *line; line += strcspn(line, "\n"), line += *line == '\n')
            if (strncmp(line, key, n) == 0 && line[n] == ' ')
                value = strtoull(line + n + 1, NULL, 10);
    buf_release(&text);
    return value;
}

bool cgroup_out_of_memory(const struct cgroup *c)
{
    return c->paths[MEMORY] &&
           counter(c->paths[MEMORY], c->unified ? "memory.events" : "memory.oom_control", "oom_kill") > 0;
}

void cgroup_remove(struct cgroup *c)
{
    for (size_t i = 0; i < CGROUP_PARTS; i++) {
        if (c->paths[i] && c->unified)
            write_at(c->paths[i], "cgroup.kill", "1"); /* Linux 5.14; all are dead by now anyway */
        for (int n = 0; c->paths[i] && rmdir(c->paths[i]) && errno == EBUSY && n < GONE_TRIES; n++)
            usleep(GONE_US); /* a process that was waited for leaves its group a moment later */
        free(c->paths[i]);
        c->paths[i] = NULL;
    }
}
