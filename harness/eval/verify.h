/* verify.h - is a run's every answer a pure function of its inputs? Items that a store holds are asked again, at other
 * batch sizes and thread counts, packed together and each request by itself, and what comes out is held against what is
 * stored: token ids, log-probabilities and texts, bit by bit.
 *
 *     struct verify_report r;
 *     verify_run(store, run, &options, &r, err);
 *     verify_text(&r, &out);
 *     verify_release(&r);
 *
 * Refused, with the reason: a run of another numerics version (its bits may differ by right), other weights or another
 * tokenizer than the run's, bf16 dot products that round otherwise than the run's did, a run made
 * with something that is not known here.
 */
#ifndef CARAT_VERIFY_H
#define CARAT_VERIFY_H

#include "base/base.h"
#include "results/results.h"

struct verify_options {
    const char *model_path;   /* NULL: where the run found it */
    size_t sample;            /* items, spread evenly over the run's tasks */
    size_t n_threads;         /* the most; 0: one per CPU */
    size_t memory_bytes;      /* 0: what the engine chooses */
    bool (*interrupted)(void); /* may be NULL */
    void (*on_setting)(const char *name, size_t done, size_t n); /* may be NULL: progress */
};

struct verify_setting {
    const char *name;         /* "64 rows a batch" */
    size_t batch_tokens, n_threads;
    bool alone;               /* each request in a call of its own: nothing is shared */
    size_t n_differ;          /* requests whose answer is not the stored one */
    int64_t tokens_computed;
    double seconds;
};

struct verify_difference {
    const struct verify_setting *setting;
    struct str task, id;
    int64_t index;            /* of the item */
    size_t request;           /* choice or sample */
    const char *what;
};

enum { VERIFY_SETTINGS_MAX = 12, VERIFY_DIFFERENCES_MAX = 20 };

struct verify_report {
    int64_t run;
    struct str model, precision;
    const char *isa, *run_isa; /* here, and the run's */
    struct verify_setting settings[VERIFY_SETTINGS_MAX];
    size_t n_settings;
    size_t n_items, n_requests, n_in_run;
    struct verify_difference differences[VERIFY_DIFFERENCES_MAX]; /* the first ones */
    size_t n_differences;     /* all */
    struct arena arena;       /* owns the texts */
};

enum carat_err verify_run(struct carat_store *store, int64_t run, const struct verify_options *o,
                          struct verify_report *out, struct err *err);
void verify_release(struct verify_report *r);

enum carat_err verify_text(const struct verify_report *r, struct buf *out);
json_t *verify_json(const struct verify_report *r); /* NULL: no memory */

#endif
