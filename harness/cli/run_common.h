/* run_common.h - what run, report, show and demo share. */
#ifndef CARAT_RUN_COMMON_H
#define CARAT_RUN_COMMON_H

#include "cli.h"
#include "harness/eval/eval.h"
#include "harness/eval/summary.h"

#define DEFAULT_DB "carat.db"

/* ---- what is to be run (prepare.c) ---- */

/* The tasks that have a name: those built in, of --plugin and of $CARAT_PLUGIN_PATH; and task files below the folders of
 * --include-path and of $CARAT_TASK_PATH (':' between them). Release it last, whatever came of loading: tasks found by
 * name point into it. */
struct plugins;    /* harness/protocol/plugin.h */
struct yaml_tasks; /* harness/yaml/yaml_tasks.h */
struct known_tasks { /* {0}: none */
    struct plugins *plugins;
    struct yaml_tasks *files;
};
enum carat_err known_tasks_load(const struct options *o, struct known_tasks *out, struct err *err);
void known_tasks_release(struct known_tasks *k);
/* Those built in and of plugins alone. */
enum carat_err load_plugins(const struct options *o, struct plugins **out, struct err *err);

/* What the options say of a run; a value out of range is CARAT_EUSAGE. Tasks and models are for the caller to add. */
enum carat_err eval_options_from(const struct options *o, struct eval_options *out, struct err *err);

/* The models called by `words`, names and places; that they can be opened is seen for all but the first, which is
 * opened next anyway. An array of words->n, for free_models() even after a failure. */
enum carat_err open_models(const struct strings *words, struct eval_model **out, struct err *err);
void free_models(struct eval_model *models, size_t n); /* NULL is fine */

/* What a command holds that asks models: known tasks, models, benchmarks, the store. */
struct evaluation {
    struct known_tasks known;
    struct eval_model *models;
    size_t n_models;
    struct bench_set set;
    struct carat_store *store;
    int64_t *runs; /* [n_models] the store's numbers */
};
#define EVALUATION_INIT {.set = {.arena = ARENA_INIT}}
/* Opens the models, makes room for their runs, and puts models and known tasks into what is to be run. */
enum carat_err evaluation_open_models(struct evaluation *e, const struct strings *words, struct eval_options *eval,
                                      struct err *err);
void evaluation_release(struct evaluation *e);

/* --db, or DEFAULT_DB. */
enum carat_err open_store(const struct options *o, enum carat_store_mode mode, struct carat_store **out, struct err *err);

/* ---- suites (suites.c) ---- */

/* --suite: the suite opened and put into what is to be run, and what it wants shown into *shown, a copy of *o. Without the
 * option nothing but the copy. */
struct suite;
enum carat_err take_suite(const struct options *o, struct suite *suite, struct eval_options *eval, struct options *shown,
                          struct err *err);
/* Everything of a suite that is missing, at once, with the command that gets it. */
enum carat_err check_suite(const struct options *o, const struct eval_options *eval, struct err *err);
/* The folder of the bundled suites; fresh memory. */
enum carat_err suites_dir(char **out, struct err *err);

/* ---- scores and charts (cmd_report.c, print_scores.c) ---- */

/* What the runs came to, and beside it what --published asks for. `store` may be NULL: that alone. */
enum carat_err load_summary(struct carat_store *store, const int64_t *runs, size_t n, const struct options *o,
                            struct summary *out, struct err *err);

enum carat_table_format table_format(const struct options *o);
/* The table (or JSON) to stdout, the warnings to stderr and to the log (NULL: none). */
enum carat_err print_scores(struct summary *sum, struct carat_store *store, const int64_t *runs, size_t n,
                            const struct options *o, struct run_log *log, struct err *err);
/* The same of runs whose summary is not at hand. */
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
