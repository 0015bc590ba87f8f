#define _GNU_SOURCE
#include "run_log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct run_log {
    FILE *f;
    char *path;
    struct buf line;
};

enum carat_err run_log_open(const char *path, struct run_log **out, struct err *err)
{
    *out = NULL;
    if (!path)
        return CARAT_OK;
    struct run_log *log = calloc(1, sizeof *log);
    if (!log)
        return err_nomem(err, "the log");
    *log = (struct run_log){.f = fopen(path, "ae"), .path = strdup(path), .line = BUF_INIT(1 << 24)};
    if (log->f && log->path) {
        *out = log;
        return CARAT_OK;
    }
    enum carat_err rc = log->f ? err_nomem(err, "the log") : err_set(err, CARAT_EIO, "cannot write '%s': %s", path, strerror(errno));
    (void)run_log_close(log, NULL);
    return rc;
}

enum carat_err run_log_close(struct run_log *log, struct err *err)
{
    if (!log)
        return CARAT_OK;
    bool failed = log->f && ferror(log->f);
    failed = (log->f && fclose(log->f)) || failed;
    enum carat_err rc = failed ? err_set(err, CARAT_EIO, "cannot write '%s': the log is not whole", log->path) : CARAT_OK;
    free(log->path);
    buf_release(&log->line);
    free(log);
    return rc;
}

static double epoch(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + (double)(t.tv_nsec / 1000000) / 1000;
}

void run_log_event(struct run_log *log, const char *event, json_t *fields)
{
    json_t *line = log && fields ? json_pack("{s:s, s:f}", "event", event, "time", epoch()) : NULL;
    if (line && !json_object_update(line, fields)) {
        buf_clear(&log->line);
        if (!json_write(line, &log->line) && !buf_addc(&log->line, '\n')) {
            fwrite(log->line.p, 1, log->line.n, log->f);
            fflush(log->f);
        }
    }
    json_decref(line);
    json_decref(fields);
}

void run_log_warn(struct run_log *log, const char *fmt, ...)
{
    va_list args;
    char *text = NULL;
    va_start(args, fmt);
    int n = vasprintf(&text, fmt, args);
    va_end(args);
    if (n < 0)
        return;
    log_warn("%s", text);
    if (log)
        run_log_event(log, "warning", json_pack("{s:o}", "text", json_text(str_from(text))));
    free(text);
}
