/* cgroup.h - limits on the memory and the number of processes of a whole tree, where control groups are ours to make.
 *
 *     struct cgroups *groups;
 *     cgroups_open(NULL, &groups, err);                 // CARAT_EUNSUPPORTED: none here, and why
 *     struct cgroup g;
 *     cgroup_make(groups, &limits, &g, err);
 *     cgroup_add(&g, pid, err);                         // before the program begins
 *     cgroup_out_of_memory(&g);                         // did the kernel kill for it?
 *     cgroup_remove(&g);                                // when all its processes are gone
 *     cgroups_free(groups);
 *
 * A struct cgroups is read-only after it was opened, but for a counter: any thread may make groups of it.
 */
#ifndef CARAT_SANDBOX_CGROUP_H
#define CARAT_SANDBOX_CGROUP_H

#include <sys/types.h>

#include "base/base.h"

struct cgroups;

struct cgroup_places {       /* where to look; NULL: /proc/self/... */
    const char *cgroup, *mountinfo;
};
enum carat_err cgroups_open(const struct cgroup_places *places, struct cgroups **out, struct err *err);
void cgroups_free(struct cgroups *groups);
/* "cgroup v2 at /sys/fs/cgroup/..." */
const char *cgroups_describe(const struct cgroups *groups);

struct cgroup_limits {
    size_t memory_bytes;     /* everything the kernel counts, files in memory and its own structures included */
    size_t n_tasks;          /* threads */
};
enum { CGROUP_PARTS = 2 };
struct cgroup {              /* one group, or under v1 one of each kind */
    char *paths[CGROUP_PARTS]; /* owned; NULL: none */
    bool unified;
};
enum carat_err cgroup_make(struct cgroups *groups, const struct cgroup_limits *limits, struct cgroup *out, struct err *err);
enum carat_err cgroup_add(const struct cgroup *g, pid_t pid, struct err *err);
bool cgroup_out_of_memory(const struct cgroup *g);
void cgroup_remove(struct cgroup *g);

#endif
