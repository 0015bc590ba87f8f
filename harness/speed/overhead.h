/* overhead.h - what evaluating takes beside the model: reading rows, making prompts, tokenizing, the trie and its batches,
 * scoring, storing. A run with everything but the forward pass, into a database that is thrown away. */
#ifndef CARAT_OVERHEAD_H
#define CARAT_OVERHEAD_H

#include "harness/eval/eval.h"

struct overhead {
    size_t n_items;
    double read_seconds;      /* rows read, shots drawn */
    double seconds;           /* all the rest, the model's opening included */
    double cpu_seconds;       /* of both, all threads */
};

/* `o` is a run's; its models' weights are not computed with and its backend.no_compute is set here. */
enum carat_err overhead_measure(struct eval_options *o, struct overhead *out, struct err *err);

#endif
