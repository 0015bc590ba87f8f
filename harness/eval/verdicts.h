/* verdicts.h - model-written programs, judged in jails on threads of their own while the engine computes. One thread submits
 * and takes; docs/jail.md tells what a jail is. */
#ifndef CARAT_VERDICTS_H
#define CARAT_VERDICTS_H

#include "base/base.h"
#include "harness/sandbox/jail.h"

struct verdicts;
enum carat_err verdicts_new(const struct jail *jail, size_t n_threads, struct verdicts **out, struct err *err);
void verdicts_free(struct verdicts *v); /* waits for what is running; NULL is fine */
/* Copies the source; `tag` comes back with the verdict. Waits when too many are queued. */
enum carat_err verdicts_submit(struct verdicts *v, size_t tag, struct str source, struct err *err);
/* The next finished one: true with *tag and *out (owned by the caller) and *why, or false when none is ready, with
 * `wait` after having waited a tenth of a second for one. */
bool verdicts_take(struct verdicts *v, bool wait, size_t *tag, struct jail_verdict *out, struct err *why);
/* Are any queued or running? */
bool verdicts_pending(struct verdicts *v);

#endif
