/* run_common.h - what run, report, show and demo share. */
#ifndef CARAT_RUN_COMMON_H
#define CARAT_RUN_COMMON_H

#include "cli.h"
#include "harness/eval/eval.h"

#define DEFAULT_DB "carat.db"

struct plugins;
struct yaml_tasks;
/* Task files below the folders of --include-path and of $CARAT_TASK_PATH (':' between them). */
enum carat_err load_task_files(const struct options *o, struct yaml_tasks **out, struct err *err);
enum carat_err load_plugins(const struct options *o, struct plugins **out, struct err *err);
enum carat_err eval_options_from(const struct options *o, struct eval_options *out, struct err *err);
enum carat_err open_models(const struct strings *words, struct eval_model **out, struct err *err);
void free_models(struct eval_model *models, size_t n);

/* --suite: the suite opened and put into what is to be run, and what it wants shown into *shown, a copy of *o. Without the
 * option nothing but the copy. */
struct suite;
enum carat_err take_suite(const struct options *o, struct suite *suite, struct eval_options *eval, struct options *shown,
                          struct err *err);
/* Everything of a suite that is missing, at once, with the command that gets it. */
enum carat_err check_suite(const struct options *o, const struct eval_options *eval, struct err *err);
/* The folder of the bundled suites; fresh memory. */
enum carat_err suites_dir(char **out, struct err *err);

/* What the runs came to, and beside it what --published asks for. `store` may be NULL: that alone. */
enum carat_err load_summary(struct carat_store *store, const int64_t *runs, size_t n, const struct options *o,
                            struct summary *out, struct err *err);

enum carat_table_format table_format(const struct options *o);
/* The table (or JSON) to stdout, the warnings to stderr. */
enum carat_err print_summary(struct carat_store *store, const int64_t *runs, size_t n, const struct options *o,
                             struct err *err);

/* Can a chart be written there: a known ending, a folder that exists? For before the work. */
enum carat_err check_picture_path(const char *path, struct err *err);

/* Draws the chart of the runs to a file: SVG, PNG or PDF by its name. */
enum carat_err draw_figure(struct carat_store *store, const int64_t *runs, size_t n, const struct options *o,
                           const char *path, struct err *err);
/* ... and in the terminal, to stdout. */
enum carat_err print_figure(struct carat_store *store, const int64_t *runs, size_t n, const struct options *o,
                            struct err *err);

#endif
