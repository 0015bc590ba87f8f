/* player.h - a Python script that plays a server, as a child: it prints its port and ends with its stdin. */
#ifndef CARAT_TESTS_PLAYER_H
#define CARAT_TESTS_PLAYER_H

#include <sys/types.h>

struct player {
    pid_t pid;
    int line; /* its stdin */
    int port;
};
/* `more`: a third argument, or NULL. */
struct player player_start(const char *script, const char *dir, const char *more);
/* Waits for its end; once more is nothing. */
void player_stop(struct player *p);

#endif
