/* export.h - a run in the forms that other programs read (docs/export.md).
 *
 *     struct export_options o = {.store = store, .run = 1, .plugins = plugins, .dir = "out"};
 *     export_lm_eval(&o, err);
 *
 * Writes files below `dir`, each under a temporary name first. One thread; the store is only read.
 */
#ifndef CARAT_HARNESS_EXPORT_H
#define CARAT_HARNESS_EXPORT_H

#include "base/base.h"
#include "harness/protocol/plugin.h"
#include "results/results.h"

struct yaml_tasks;

struct export_options {
    struct carat_store *store;
    int64_t run;
    const char *const *tasks; /* names of tasks or of their parents; none: all */
    size_t n_tasks;
    const struct plugins *plugins;
    struct yaml_tasks *yaml;  /* task files; NULL: none */
    const char *data_dir;     /* NULL: the cache */
    const char *dir;
};

/* results_TIME.json and samples_TASK_TIME.jsonl as the reference harness (lm-evaluation-harness 0.4.13) writes them, in
 * DIR/MODEL. Their lines hold the data set's rows, which are read again and must be those that were asked. */
enum carat_err export_lm_eval(const struct export_options *o, struct err *err);

/* scores.csv and items.csv; run.json and items.jsonl. */
enum carat_err export_csv(const struct export_options *o, struct err *err);
enum carat_err export_json(const struct export_options *o, struct err *err);

/* An item as `carat show --json` has it; NULL when out of memory. */
json_t *export_item(struct str task, const struct carat_item_record *item);

#endif
