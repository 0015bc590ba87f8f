/* pool.h - one pool of threads, work handed out in order of asking.
 *
 *     struct pool *pool;
 *     pool_new(4, &pool, err);                      // 3 threads and the caller
 *     pool_run(pool, n_chunks, do_chunk, context);  // returns when all are done
 *     pool_free(pool);
 *
 * do_chunk(context, chunk, thread) is called once for each chunk in [0, n), by
 * any thread (0 is the caller); which thread gets which chunk is not fixed, so a
 * chunk's result must not depend on it. Idle threads spin for a few microseconds, then sleep.
 * A pool belongs to one caller at a time; pool_run() does not nest.
 */
#ifndef CARAT_BASE_POOL_H
#define CARAT_BASE_POOL_H

#include <stddef.h>

#include "err.h"

struct pool;
typedef void pool_fn(void *context, size_t chunk, size_t thread);

enum carat_err pool_new(size_t n_threads, struct pool **out, struct err *err); /* 0: one per CPU allowed */
void pool_free(struct pool *pool); /* NULL is fine */
size_t pool_threads(const struct pool *pool);
void pool_run(struct pool *pool, size_t n_chunks, pool_fn *fn, void *context);

#endif
