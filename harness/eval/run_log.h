/* run_log.h - `carat run --log-json FILE`: what a run does, for machines; a JSON object a line (docs/run-log.md).
 *
 *     struct run_log *log;
 *     run_log_open(path, &log, err);            // path NULL: no log, and *log NULL, which every call takes
 *     run_log_event(log, "task", json_pack("{s:s}", "task", "boolq"));
 *     run_log_close(log, err);
 *
 * A line is written and flushed at once, so that who reads along sees it. Lines are added to what the file holds: the
 * log of a run that was interrupted and went on tells both. A log that cannot be written ends no run: the failure is told
 * at the end. One thread. */
#ifndef CARAT_EVAL_RUN_LOG_H
#define CARAT_EVAL_RUN_LOG_H

#include "base/base.h"

struct run_log;
enum carat_err run_log_open(const char *path, struct run_log **out, struct err *err);
enum carat_err run_log_close(struct run_log *log, struct err *err); /* frees, also on failure */

/* Steals `fields`; NULL means out of memory, and the event is lost. */
void run_log_event(struct run_log *log, const char *event, json_t *fields);

/* On stderr, and as an event {"event": "warning", "text": ...}. */
void run_log_warn(struct run_log *log, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
