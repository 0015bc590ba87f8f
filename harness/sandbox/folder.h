/* folder.h - the folder of a program that has no private /tmp: made, measured from outside, removed. */
#ifndef CARAT_SANDBOX_FOLDER_H
#define CARAT_SANDBOX_FOLDER_H

#include <sys/types.h>

#include "base/base.h"

struct folder {
    char *path;              /* owned; NULL: none */
    int lock;                /* held while it is in use: see folder_sweep() */
};

/* In $TMPDIR or /tmp. `owner`: the user who is to write there, -1 for our own. */
enum carat_err folder_make(struct folder *f, uid_t owner, struct err *err);

/* Whatever is in it, however deep and whoever may enter it; links are not followed. */
void folder_remove(struct folder *f);

struct folder_use {
    uint64_t bytes;          /* on the disk, those of files included that are deleted and still open in `pid` */
    size_t n_entries;
    bool too_deep;
};
enum { FOLDER_DEPTH_MAX = 32, FOLDER_ENTRIES_MAX = 16384 };
/* Looks while the program runs. Counts no further than FOLDER_ENTRIES_MAX. */
struct folder_use folder_measure(const struct folder *f, pid_t pid);

/* Removes what a carat that was killed has left. */
void folder_sweep(void);

#endif
