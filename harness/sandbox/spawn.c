/* spawn.c - posix_spawn() rather than fork(): carat holds gigabytes and many threads. Which descriptors cross is said
 * twice: all of ours are close-on-exec, and everything above the last one wanted is closed in the child. */
#define _GNU_SOURCE
#include "spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>

static char *const no_environment[] = {NULL};

int spawn(char *const *argv, const int *from, int n, const char *folder, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int rc = posix_spawn_file_actions_init(&actions);
    if (rc)
        return rc;
    rc = posix_spawnattr_init(&attr);
    if (rc)
        goto out_actions;
    for (int i = 0; i < n && !rc; i++)
        rc = from[i] < 0 ? posix_spawn_file_actions_addopen(&actions, i, "/dev/null", O_RDWR, 0)
                         : posix_spawn_file_actions_adddup2(&actions, from[i], i);
    if (!rc && folder)
        rc = posix_spawn_file_actions_addchdir_np(&actions, folder);
    if (!rc)
        rc = posix_spawn_file_actions_addclosefrom_np(&actions, n);
    if (!rc)
        rc = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
    if (!rc)
        rc = posix_spawnattr_setsigdefault(&attr, &all);
    if (!rc)
        rc = posix_spawnattr_setsigmask(&attr, &none);
    if (!rc)
        rc = posix_spawn(pid, argv[0], &actions, &attr, argv, no_environment);
    posix_spawnattr_destroy(&attr);
out_actions:
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}
