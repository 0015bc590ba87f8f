/* keeper.c - see keeper.h. A shell, for a fork of carat would hold its gigabytes. */
#define _GNU_SOURCE
#include "keeper.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spawn.h"

/* Lines "+ GROUP" and "- GROUP" until the end. Nothing but what the shell does itself. */
static char script[] = "known=' '\n"
                       "while read -r what group; do\n"
                       "    case $what in\n"
                       "    +) known=\"$known$group \" ;;\n"
                       "    -) known=\"${known%% $group *} ${known#* $group }\" ;;\n"
                       "    esac\n"
                       "done\n"
                       "for group in $known; do kill -s KILL -- -$group; done\n";

enum carat_err keeper_open(struct keeper *keeper, struct err *err)
{
    char sh[] = "/bin/sh", c[] = "-c";
    char *const argv[] = {sh, c, script, NULL};
    int ends[2];
    *keeper = (struct keeper){0};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return err_set(err, CARAT_EIO, "cannot start the jail's keeper: %s", strerror(errno));
    const int from[] = {ends[1], -1, -1};
    int failure = spawn(argv, from, 3, NULL, &keeper->pid);
    close(ends[1]);
    keeper->fd = ends[0];
    if (failure) {
        close(ends[0]);
        *keeper = (struct keeper){0};
        return err_set(err, CARAT_EIO, "cannot start '%s', the jail's keeper: %s", sh, strerror(failure));
    }
    return CARAT_OK;
}

/* One send() each: lines of several threads do not mix. */
static bool tell(const struct keeper *keeper, char what, pid_t group)
{
    char line[32];
    int n = snprintf(line, sizeof line, "%c %d\n", what, (int)group);
    return send(keeper->fd, line, (size_t)n, MSG_NOSIGNAL) == n;
}

bool keeper_watch(const struct keeper *keeper, pid_t group) { return tell(keeper, '+', group); }

void keeper_forget(const struct keeper *keeper, pid_t group) { tell(keeper, '-', group); }

void keeper_close(struct keeper *keeper)
{
    if (!keeper->pid)
        return;
    close(keeper->fd);
    while (waitpid(keeper->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    *keeper = (struct keeper){0};
}
