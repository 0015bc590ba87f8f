/* progress.h - what a run tells while it goes. One thread calls. */
#ifndef CARAT_PROGRESS_H
#define CARAT_PROGRESS_H

#include "eval.h"

/* A line on a terminal, at most ten times a second; a line for each benchmark as it ends; events for the log. */
struct progress;
struct progress_opts { /* all borrowed */
    const struct bench_set *set;
    const struct eval_model *model;
    struct carat_store *store;
    struct carat_writer *writer; /* of the store: synced before scores are read */
    int64_t run;
    struct run_log *log; /* NULL: none */
    bool quiet;
};
enum carat_err progress_new(const struct progress_opts *o, struct progress **out, struct err *err);
void progress_free(struct progress *p);                  /* wipes the line; NULL is fine */
void progress_expect(struct progress *p, size_t bench);  /* one item more will come */
void progress_begin(struct progress *p);                 /* no more are expected: tells what is complete already */
void progress_answer(struct progress *p, size_t n_tokens); /* a request is answered that asked for so many */
void progress_item(struct progress *p, size_t bench);    /* one of them is stored */
void progress_show(struct progress *p, const struct backend_stats *stats);

#endif
