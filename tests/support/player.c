#define _GNU_SOURCE
#include "player.h"

#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct player player_start(const char *script, const char *dir, const char *more)
{
    struct player p = {0};
    int in[2], out[2];
    char port[32] = "";
    cr_assert(!pipe2(in, O_CLOEXEC) && !pipe2(out, O_CLOEXEC));
    p.pid = fork();
    cr_assert(p.pid >= 0);
    if (p.pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        execlp("python3", "python3", script, dir, more, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    p.line = in[1];
    FILE *f = fdopen(out[0], "r");
    cr_assert(f && fgets(port, sizeof port, f), "the server did not start");
    fclose(f);
    p.port = (int)strtol(port, NULL, 10);
    cr_assert(p.port > 0);
    return p;
}

void player_stop(struct player *p)
{
    if (p->pid <= 0)
        return;
    close(p->line);
    waitpid(p->pid, NULL, 0);
    p->pid = 0;
}
