/* speed.h - how fast a model runs here, and what share that is of what the machine can do.
 *
 *     struct speed_report r;
 *     speed_measure(model, &opts, &r, err);   // seconds to a minute; all threads are busy
 *     speed_text(&r, &out);
 *     speed_release(&r);
 *
 * A share is the least time that the machine's limits allow for the work, the larger of operations over the
 * peak of the precision's arithmetic and weights' bytes over the read bandwidth, divided by the time taken. Both limits
 * are probed anew beside each timing, since they drift with what else the machine does. Counted are the products with the
 * weights alone: attention, norms and the rest are overhead. Weights that fit the cache may be read faster than
 * memory allows: then a share is above 1.
 */
#ifndef CARAT_SPEED_H
#define CARAT_SPEED_H

#include "base/base.h"
#include "engine/engine.h"

struct speed_opts {
    struct carat_session_opts session; /* kv_tokens is chosen here */
    const size_t *prefill;    /* prompt lengths */
    size_t n_prefill;
    const size_t *decode;     /* sequences decoded together */
    size_t n_decode;
    size_t repeat;            /* timings of each, of which the median is told */
    double seconds;           /* least length of a timing */
    void (*on_step)(void *context, const char *what, size_t n, size_t of); /* may be NULL */
    bool (*interrupted)(void); /* may be NULL */
    void *context;
};

struct speed_rate {
    size_t n;                 /* tokens of the prompt, or sequences */
    double tokens_per_s, share;
    double read, compute;     /* limits beside it: bytes/s, operations/s */
    bool reads_bound;         /* reading is the larger of the two times */
};

struct speed_report {
    struct carat_model_info model; /* strings are borrowed from the model */
    double limits[CARAT_N_LIMITS]; /* medians, as carat_limits_measure(); NaN: none */
    enum carat_limit compute; /* which of them the precision is held against */
    const char *isa, *precision;
    size_t n_threads, batch_tokens, buffer_bytes, repeat;
    struct speed_rate *prefill, *decode;
    size_t n_prefill, n_decode;
    double peak_rss;          /* bytes, without the buffer that limits are measured with */
};

enum carat_err speed_measure(const struct carat_model *model, const struct speed_opts *o, struct speed_report *out,
                             struct err *err);
void speed_release(struct speed_report *r);

enum carat_err speed_text(const struct speed_report *r, struct buf *out);
json_t *speed_json(const struct speed_report *r); /* the keys of DESIGN.md, then more; NULL: no memory */

#endif
