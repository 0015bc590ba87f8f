#define _GNU_SOURCE
#include "api_server.h"

#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

struct api_server api_server_start(void)
{
    struct api_server s = {.dir = temp_dir()};
    int in[2], out[2];
    char text[32] = "";
    cr_assert(!pipe2(in, O_CLOEXEC) && !pipe2(out, O_CLOEXEC));
    s.pid = fork();
    if (s.pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        execlp("python3", "python3", "tests/harness/backend/server.py", s.dir, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    s.line = in[1];
    FILE *f = fdopen(out[0], "r");
    cr_assert(f && fgets(text, sizeof text, f), "the server did not start");
    fclose(f);
    s.port = (int)strtol(text, NULL, 10);
    unsetenv("CARAT_API_KEY");
    unsetenv("OPENAI_API_KEY");
    return s;
}

void api_server_stop(struct api_server *s)
{
    close(s->line);
    waitpid(s->pid, NULL, 0);
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
