/* host.h - the host's side of task.h: what a task's functions are called with.
 *
 *     struct carat_ctx ctx;
 *     host_begin(&ctx, leaf, arena, err);
 *     int rc = task->example(host_functions(), &ctx, host_value(row), &example);
 *     enum carat_err failed = host_end(&ctx, rc);
 *
 * A context lives for one item and belongs to one thread. What a task allocates goes to `arena`.
 * The first failure wins; a task that overlooks it fails nevertheless.
 */
#ifndef CARAT_PROTOCOL_HOST_H
#define CARAT_PROTOCOL_HOST_H

#include "protocol.h"
#include "regex.h"

enum { HOST_PATTERNS = 8 }; /* compiled once for an item; further ones each time */

struct carat_ctx {
    struct arena *arena;
    struct err *err;
    const struct proto_leaf *leaf;
    bool is_shot;
    const char *metric;  /* judge(): whose */
    enum carat_err failed;
    struct regex *patterns[HOST_PATTERNS];
    size_t n_patterns;
};

const struct carat_host *host_functions(void);
static inline const struct carat_value *host_value(const json_t *value) { return (const struct carat_value *)value; }

void host_begin(struct carat_ctx *ctx, const struct proto_leaf *leaf, struct arena *arena, struct err *err);
/* `rc` is what the task's function returned. The error is set when the result is not CARAT_OK. */
enum carat_err host_end(struct carat_ctx *ctx, int rc);

static inline struct str str_of(struct carat_text t) { return (struct str){t.p, t.n}; }
static inline struct carat_text text_of(struct str s) { return (struct carat_text){s.p, s.n}; }

#endif
