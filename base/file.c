#define _GNU_SOURCE
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int64_t nanoseconds(const struct timespec *t)
{
    return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

static struct file_stamp stamp_of(const struct stat *st)
{
    return (struct file_stamp){.device = (uint64_t)st->st_dev,
                               .inode = (uint64_t)st->st_ino,
                               .size = (uint64_t)st->st_size,
                               .modified_ns = nanoseconds(&st->st_mtim),
                               .changed_ns = nanoseconds(&st->st_ctim)};
}

bool file_stamp(const char *path, struct file_stamp *out)
{
    struct stat st;
    if (stat(path, &st))
        return false;
    *out = stamp_of(&st);
    return true;
}

static enum carat_err open_regular(const char *path, int *fd, struct file_stamp *stamp, struct err *err)
{
    struct stat st;
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        return err_set(err, CARAT_EINPUT, "cannot open '%s': %s", path, strerror(errno));
    if (fstat(*fd, &st) || !S_ISREG(st.st_mode)) {
        close(*fd);
        return err_set(err, CARAT_EINPUT, "'%s' is not a regular file", path);
    }
    *stamp = stamp_of(&st);
    return CARAT_OK;
}

enum carat_err file_map(const char *path, struct file_map *out, struct err *err)
{
    int fd;
    *out = (struct file_map){.data = (const unsigned char *)"", .n = 0};
    enum carat_err rc = open_regular(path, &fd, &out->stamp, err);
    if (rc)
        return rc;
    const size_t n = (size_t)out->stamp.size;
    if (n) {
        void *p = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED)
            rc = err_set(err, CARAT_EIO, "cannot map '%s': %s", path, strerror(errno));
        else {
            out->data = p;
            out->n = n;
        }
    }
    close(fd);
    return rc;
}

void file_unmap(struct file_map *map)
{
    if (map->n)
        munmap((void *)(uintptr_t)map->data, map->n);
    *map = (struct file_map){.data = (const unsigned char *)"", .n = 0};
}

enum carat_err file_read(const char *path, size_t max, struct buf *out, struct err *err)
{
    int fd;
    struct file_stamp stamp;
    enum carat_err rc = open_regular(path, &fd, &stamp, err);
    if (rc)
        return rc;
    const size_t size = (size_t)stamp.size;
    if (size > max) {
        rc = err_set(err, CARAT_EINPUT, "'%s' has %zu bytes, more than the %zu expected at most", path,
                     size, max);
        goto out;
    }
    if (buf_reserve(out, size)) {
        rc = err_nomem(err, path);
        goto out;
    }
    for (size_t left = size; left;) {
        ssize_t n = read(fd, out->p + out->n, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            rc = err_set(err, CARAT_EIO, "cannot read '%s': %s", path, strerror(errno));
            goto out;
        }
        if (n == 0)
            break; /* cut short meanwhile: what is there is the file */
        out->n += (size_t)n;
        left -= (size_t)n;
    }
    if (out->p)
        out->p[out->n] = '\0';
out:
    close(fd);
    return rc;
}

static enum carat_err write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return CARAT_EIO;
        p += done;
        n -= (size_t)done;
    }
    return CARAT_OK;
}

enum carat_err file_write(const char *path, const void *p, size_t n, struct err *err)
{
    struct buf tmp = BUF_INIT(1 << 16);
    if (buf_printf(&tmp, "%s.tmp-XXXXXX", path))
        return err_nomem(err, "a path");
    enum carat_err rc = CARAT_OK;
    int fd = mkostemp(tmp.p, O_CLOEXEC);
    if (fd < 0) {
        rc = err_set(err, CARAT_EIO, "cannot create '%s': %s", tmp.p, strerror(errno));
        goto out;
    }
    mode_t mask = umask(0);
    umask(mask);
    bool ok = !write_all(fd, p, n) && !fchmod(fd, 0666 & ~mask) && !fsync(fd);
    int saved = errno;
    close(fd);
    if (ok && rename(tmp.p, path)) {
        saved = errno;
        ok = false;
    }
    if (!ok) {
        unlink(tmp.p);
        rc = err_set(err, CARAT_EIO, "cannot write '%s': %s", path, strerror(saved));
    }
out:
    buf_release(&tmp);
    return rc;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool file_is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

enum carat_err file_mkdirs(const char *path, struct err *err)
{
    char *p = strdup(path);
    if (!p)
        return err_nomem(err, "a path");
    enum carat_err rc = CARAT_OK;
    for (char *s = p + 1; !rc; s++) {
        char c = *s;
        if (c != '/' && c)
            continue;
        *s = '\0';
        if (mkdir(p, 0777) && errno != EEXIST)
            rc = err_set(err, CARAT_EIO, "cannot create the folder '%s': %s", p, strerror(errno));
        *s = c;
        if (!c)
            break;
    }
    if (!rc && !file_is_dir(path))
        rc = err_set(err, CARAT_EIO, "'%s' is in the way of a folder", path);
    free(p);
    return rc;
}

char *file_join(const char *dir, const char *name)
{
    size_t nd = strlen(dir), nn = strlen(name);
    bool slash = nd && dir[nd - 1] != '/';
    char *p = malloc(nd + slash + nn + 1);
    if (!p)
        return NULL;
    memcpy(p, dir, nd);
    if (slash)
        p[nd] = '/';
    memcpy(p + nd + slash, name, nn + 1);
    return p;
}

char *file_cache_dir(void)
{
    const char *xdg = getenv("XDG_CACHE_HOME");
    if (xdg && xdg[0] == '/')
        return file_join(xdg, "carat");
    const char *home = getenv("HOME");
    return home && *home ? file_join(home, ".cache/carat") : NULL;
}
