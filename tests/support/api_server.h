/* api_server.h - tests/harness/backend/server.py, which plays a server of OpenAI's kind, as a child. */
#ifndef CARAT_TESTS_API_SERVER_H
#define CARAT_TESTS_API_SERVER_H

#include "base/base.h"
#include "player.h"

struct api_server {
    struct player player;
    int port;
    const char *dir; /* requests.log is there */
};
/* Without any key in the environment. */
struct api_server api_server_start(void);
void api_server_stop(struct api_server *s);
/* What it was asked, a line each. */
struct buf api_server_log(const struct api_server *s);

#endif
