#define _GNU_SOURCE
#include "api_server.h"

#include <criterion/criterion.h>

#include <stdlib.h>

#include "support.h"

struct api_server api_server_start(void)
{
    struct api_server s = {.dir = temp_dir()};
    s.player = player_start("tests/harness/backend/server.py", s.dir, NULL);
    s.port = s.player.port;
    unsetenv("CARAT_API_KEY");
    unsetenv("OPENAI_API_KEY");
    return s;
}

void api_server_stop(struct api_server *s)
{
    player_stop(&s->player);
    temp_remove(s->dir);
}

struct buf api_server_log(const struct api_server *s)
{
    struct buf log = BUF_INIT(1 << 20);
    char *path = file_join(s->dir, "requests.log");
    cr_assert_eq(file_read(path, 1 << 20, &log, NULL), CARAT_OK);
    free(path);
    return log;
}
