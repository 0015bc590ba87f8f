/* file.h - whole files: read, map, written at once or not at all; paths. */
#ifndef CARAT_BASE_FILE_H
#define CARAT_BASE_FILE_H

#include <stdint.h>

#include "buf.h"

/* What the file system says of a file: when any of it is another one, the content may be. */
struct file_stamp {
    uint64_t device, inode, size;
    int64_t modified_ns, changed_ns; /* since 1970; the second cannot be set by a program */
};
bool file_stamp(const char *path, struct file_stamp *out); /* false: it cannot be asked */

/* A read-only mapping. `data` is borrowed from the mapping until file_unmap(). An
 * empty file maps to n == 0 and data == "". Reading it after another program cuts
 * the file short raises SIGBUS, as with any mapping. */
struct file_map {
    const unsigned char *data;
    size_t n;
    struct file_stamp stamp; /* when it was opened */
};
enum carat_err file_map(const char *path, struct file_map *out, struct err *err);
void file_unmap(struct file_map *map);

/* Reads all of `path` (at most max bytes) behind what `out` holds. */
enum carat_err file_read(const char *path, size_t max, struct buf *out, struct err *err);

/* Writes to a temporary name beside `path`, syncs, renames: readers see the old or
 * the new content, never half of it. */
enum carat_err file_write(const char *path, const void *p, size_t n, struct err *err);

bool file_exists(const char *path);
bool file_is_dir(const char *path);

/* mkdir -p. */
enum carat_err file_mkdirs(const char *path, struct err *err);

/* "dir/name" as fresh memory for free(); NULL when out of memory. */
char *file_join(const char *dir, const char *name) __attribute__((malloc));

/* $XDG_CACHE_HOME/carat, else $HOME/.cache/carat; fresh memory, NULL when neither is set. */
char *file_cache_dir(void) __attribute__((malloc));

#endif
