/* lm_eval_int.h - what the files that write the reference harness's logs share. */
#ifndef CARAT_HARNESS_LM_EVAL_INT_H
#define CARAT_HARNESS_LM_EVAL_INT_H

#include "export_int.h"

struct lm_eval {
    const struct export_options *o;
    struct export_run *run;
    char *folder;             /* DIR/MODEL; owned */
    char time[40];            /* in the names of all files */
    json_t *task_hashes;      /* of the samples written so far, by task; owned */
};

/* Are its answers those of choices, not text? */
bool lm_eval_is_choice(const struct export_task *t);
/* HumanEval's pipeline has a name there, and what it leaves of an answer is the program that it makes. */
bool lm_eval_makes_programs(const struct export_task *t);
struct str lm_eval_filter(const struct export_task *t, struct str filter);
/* What the reference passes on to the model's generate(); a new reference. */
json_t *lm_eval_generation(const struct export_task *task);
/* Is the metric one of whole corpora? Of such the reference keeps the two texts of an item. */
bool lm_eval_is_of_corpus(const json_t *settings, struct str metric);

/* Writes a task's documents and answers, and notes the file's hash. It reads the rows again: CARAT_EINPUT where they, or the
 * task file, are not what was asked. */
enum carat_err lm_eval_samples(const struct lm_eval *l, const struct export_task *task, struct err *err);

/* Writes the scores; once all samples are written. */
enum carat_err lm_eval_results(const struct lm_eval *l, const char *sanitized, struct err *err);

#endif
