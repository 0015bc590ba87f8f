/* spawn.h - a child process with just the descriptors that it is meant to have. */
#ifndef CARAT_SANDBOX_SPAWN_H
#define CARAT_SANDBOX_SPAWN_H

#include <sys/types.h>

/* Starts argv (NULL-ended, argv[0] a path) with from[i] as descriptor i for i < n (-1: /dev/null) and nothing else
 * open, in `folder` (NULL: here), with no environment, all signals as they are by default, as the leader of a
 * session of its own. 0, or an errno. Any thread. */
int spawn(char *const *argv, const int *from, int n, const char *folder, pid_t *pid);

#endif
