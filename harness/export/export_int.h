/* export_int.h - what the files of harness/export/ share. */
#ifndef CARAT_HARNESS_EXPORT_INT_H
#define CARAT_HARNESS_EXPORT_INT_H

#include <stdio.h>

#include "export.h"
#include "harness/protocol/metric.h"
#include "harness/protocol/protocol.h"

/* ---- the run and its tasks ---- */

struct export_metric {
    struct str name;          /* "acc"; "exact_match,strict-match" */
    struct stat_mean mean;
    bool higher_is_better;    /* a share of right answers, BLEU; not a perplexity */
};
struct export_task {
    struct carat_task_row row; /* its texts live in the run's arena */
    json_t *settings;          /* owned */
    struct export_metric *metrics;
    size_t n_metrics;
};
struct export_run {
    struct carat_run_row row;
    json_t *settings;          /* owned */
    struct export_task *tasks;
    size_t n_tasks;
    struct arena arena;
};
enum carat_err export_load(const struct export_options *o, struct export_run *out, struct err *err);
void export_release(struct export_run *run);

/* ---- a file that takes its name when it is whole ---- */

struct export_file {
    char *path, *temporary;
    FILE *f;
};
enum carat_err export_file_open(const char *dir, const char *name, struct export_file *out, struct err *err);
/* Both free; only the first leaves a file. export_file_drop() may follow any of them. */
enum carat_err export_file_close(struct export_file *file, struct err *err);
void export_file_drop(struct export_file *file);

#endif
