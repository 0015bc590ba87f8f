#define _GNU_SOURCE
#include "pager.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* The shell reads $PAGER, as everywhere; without one less stops by itself where a screen is enough, and keeps colours. */
static pid_t start(int input)
{
    const char *own = getenv("PAGER");
    char *shell[] = {"sh", "-c", (char *)(uintptr_t)own, NULL}, *less[] = {"less", "-FRX", NULL};
    char **words = own ? shell : less;
    posix_spawn_file_actions_t actions;
    pid_t child = 0;
    if (posix_spawn_file_actions_init(&actions))
        return 0;
    if (posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO) ||
        posix_spawnp(&child, words[0], &actions, NULL, words, environ))
        child = 0;
    posix_spawn_file_actions_destroy(&actions);
    return child;
}

struct pager pager_begin(void)
{
    struct pager p = {.terminal = -1};
    const char *own = getenv("PAGER");
    int ends[2];
    if (!isatty(STDOUT_FILENO) || (own && (!*own || strcmp(own, "cat") == 0)) || pipe2(ends, O_CLOEXEC))
        return p;
    p.child = start(ends[0]);
    fflush(stdout);
    if (p.child) {
        p.terminal = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
        dup2(ends[1], STDOUT_FILENO);
    }
    close(ends[0]);
    close(ends[1]);
    return p;
}

void pager_end(struct pager *p)
{
    if (!p->child)
        return;
    fflush(stdout); /* a reader who left early is no failure */
    clearerr(stdout);
    dup2(p->terminal, STDOUT_FILENO);
    close(p->terminal);
    while (waitpid(p->child, NULL, 0) < 0 && errno == EINTR)
        continue;
    p->child = 0;
}
