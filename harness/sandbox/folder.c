/* folder.c - see folder.h.
 *
 * A program may leave folders that nobody may enter, names with any bytes, links to elsewhere, and a nest deeper
 * than any path may be long. So nothing here goes by path below the folder itself, and removing needs no stack: a folder
 * in the folder is emptied by moving what folders it has up to the top, and then it can be removed.
 *
 * Each folder is locked (flock) by who uses it. One that is not, and is older than a minute, was left by a carat that was
 * killed: the next one that needs such folders removes it.
 */
#define _GNU_SOURCE
#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PREFIX "carat-run-"
enum { STALE_S = 60, BLOCK_BYTES = 512 /* of st_blocks */ };
static const int open_folder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

static const char *base_folder(void)
{
    const char *base = getenv("TMPDIR");
    return base && *base ? base : "/tmp";
}

enum carat_err folder_make(struct folder *f, uid_t owner, struct err *err)
{
    *f = (struct folder){.path = file_join(base_folder(), PREFIX "XXXXXX"), .lock = -1};
    if (!f->path)
        return err_nomem(err, "a path");
    if (!mkdtemp(f->path)) {
        err_set(err, CARAT_EIO, "cannot make a folder in '%s': %s", base_folder(), strerror(errno));
        free(f->path);
        f->path = NULL;
        return CARAT_EIO;
    }
    f->lock = open(f->path, open_folder);
    if (f->lock >= 0 && flock(f->lock, LOCK_EX | LOCK_NB) == 0 && (owner == (uid_t)-1 || fchown(f->lock, owner, owner) == 0))
        return CARAT_OK;
    err_set(err, CARAT_EIO, "cannot prepare the folder '%s': %s", f->path, strerror(errno));
    folder_remove(f);
    return CARAT_EIO;
}

/* ---- removing ---------------------------------------------------------------------------- */

static bool is_dot(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* A stream over the folder `name` in `dir`; NULL when it is none. */
static DIR *open_stream(int dir, const char *name)
{
    fchmodat(dir, name, 0700, 0); /* nobody is left in it who could put a link there */
    int fd = openat(dir, name, open_folder);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    if (fd >= 0 && !stream)
        close(fd);
    return stream;
}

static bool is_folder(int dir, const char *name)
{
    struct stat st;
    return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* Empties the folder `name` in `top`: its folders go up to `top` under fresh names, all else is unlinked. */
static void flatten(int top, const char *name, size_t *n_moved)
{
    char fresh[32];
    DIR *stream = open_stream(top, name);
    for (struct dirent *d; stream && (d = readdir(stream));) {
        if (is_dot(d->d_name) || unlinkat(dirfd(stream), d->d_name, 0) == 0 || !is_folder(dirfd(stream), d->d_name))
            continue;
        fchmodat(dirfd(stream), d->d_name, 0700, 0); /* moving changes its ".." */
        if (unlinkat(dirfd(stream), d->d_name, AT_REMOVEDIR) == 0)
            continue;
        do {
            snprintf(fresh, sizeof fresh, "-%zu", (*n_moved)++);
        } while (faccessat(top, fresh, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
        renameat(dirfd(stream), d->d_name, top, fresh);
    }
    if (stream)
        closedir(stream);
}

/* One pass over the top; false when there was nothing to do. */
static bool empty_once(int top, size_t *n_moved)
{
    bool any = false;
    DIR *stream = open_stream(top, ".");
    for (struct dirent *d; stream && (d = readdir(stream));) {
        if (is_dot(d->d_name))
            continue;
        any |= unlinkat(top, d->d_name, 0) == 0;
        if (!is_folder(top, d->d_name))
            continue;
        flatten(top, d->d_name, n_moved);
        any |= unlinkat(top, d->d_name, AT_REMOVEDIR) == 0;
    }
    if (stream)
        closedir(stream);
    return any;
}

static void remove_path(const char *path)
{
    size_t n_moved = 0;
    int top = open(path, open_folder);
    if (top < 0)
        return;
    while (rmdir(path) && empty_once(top, &n_moved))
        ;
    close(top);
}

void folder_remove(struct folder *f)
{
    if (!f->path)
        return;
    chmod(f->path, 0700);
    remove_path(f->path);
    free(f->path);
    if (f->lock >= 0)
        close(f->lock);
    *f = (struct folder){.lock = -1};
}

void folder_sweep(void)
{
    struct stat st;
    DIR *base = opendir(base_folder());
    for (struct dirent *d; base && (d = readdir(base));) {
        if (strncmp(d->d_name, PREFIX, sizeof PREFIX - 1) || fstatat(dirfd(base), d->d_name, &st, AT_SYMLINK_NOFOLLOW) ||
            !S_ISDIR(st.st_mode) || (st.st_uid != geteuid() && geteuid() != 0) || time(NULL) - st.st_mtime < STALE_S)
            continue;
        int fd = openat(dirfd(base), d->d_name, open_folder);
        if (fd < 0)
            continue;
        char *path = file_join(base_folder(), d->d_name);
        if (path && flock(fd, LOCK_EX | LOCK_NB) == 0)
            remove_path(path);
        free(path);
        close(fd);
    }
    if (base)
        closedir(base);
}

/* ---- measuring ------------------------------------------------------------------------------ */

/* Takes over `fd`. The depth is bounded, so the recursion is. */
static void measure(int fd, int depth, struct folder_use *use)
{
    struct stat st;
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    if (fd >= 0 && !stream)
        close(fd);
    for (struct dirent *d; stream && use->n_entries < FOLDER_ENTRIES_MAX && (d = readdir(stream));) {
        if (is_dot(d->d_name) || fstatat(dirfd(stream), d->d_name, &st, AT_SYMLINK_NOFOLLOW))
            continue;
        use->n_entries++;
        use->bytes += (uint64_t)st.st_blocks * BLOCK_BYTES;
        if (S_ISDIR(st.st_mode) && depth >= FOLDER_DEPTH_MAX)
            use->too_deep = true;
        else if (S_ISDIR(st.st_mode))
            measure(openat(dirfd(stream), d->d_name, open_folder), depth + 1, use);
    }
    if (stream)
        closedir(stream);
}

/* Files that have no name any more live as long as somebody has them open. */
static void measure_deleted(pid_t pid, struct folder_use *use)
{
    char path[64];
    struct stat st;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *stream = opendir(path);
    for (struct dirent *d; stream && (d = readdir(stream));)
        if (fstatat(dirfd(stream), d->d_name, &st, 0) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 0)
            use->bytes += (uint64_t)st.st_blocks * BLOCK_BYTES;
    if (stream)
        closedir(stream);
}

struct folder_use folder_measure(const struct folder *f, pid_t pid)
{
    struct folder_use use = {0};
    measure(open(f->path, open_folder), 1, &use);
    measure_deleted(pid, &use);
    return use;
}
