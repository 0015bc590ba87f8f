/* eval.h - a run from end to end: tasks and rows to requests, answers to scores, scores to the store. What came of it
 * is read back by summary.h.
 *
 *     struct bench_set set;
 *     bench_load(&o, &set, err);                  // resolves tasks, reads rows, draws shots; nothing computed yet
 *     evaluate(&set, &o, store, runs, err);       // each model over all of them, items into the store as they are done
 *     bench_release(&set);
 */
#ifndef CARAT_EVAL_H
#define CARAT_EVAL_H

#include "base/base.h"
#include "datasets/datasets.h"
#include "harness/backend/backend.h"
#include "harness/protocol/protocol.h"
#include "harness/sandbox/jail.h"
#include "results/results.h"
#include "run_log.h"

struct plugins;    /* harness/protocol/plugin.h */
struct yaml_tasks; /* harness/yaml/yaml_tasks.h */

/* ---- what is to be run ---------------------------------------------------------------------- */

struct eval_model {
    char *name, *path;
};

struct eval_sampling {
    size_t n_samples;         /* of each prompt; 1 when greedy; 0: as the task says, which settles all three */
    double temperature;       /* 0: greedy */
    double top_p;             /* 1: all */
};

/* How prompts are put (form.c, docs/chat.md). */
struct eval_form {
    bool chat;                /* as conversations, by each model's chat template */
    bool multiturn;           /* chat: the shots are turns, not one message with the question */
    const char *template_path; /* chat: a file instead of the models' own; NULL */
    const char *system;       /* before the description; NULL */
};

/* What a suite says of one of the names asked for. */
struct eval_override {
    int shots;                /* -1: the task's own */
    const char *metric;       /* shown instead of the headline; NULL */
};

struct eval_options {
    const struct eval_model *models;
    size_t n_models;
    const struct plugins *plugins;
    struct yaml_tasks *yaml;  /* names of task files; they go before built-in ones. NULL: none */
    const char *const *tasks; /* names, groups or "all" */
    size_t n_tasks;
    const struct eval_override *overrides; /* [n_tasks]; NULL: none */
    int64_t limit;            /* -1: all */
    size_t shard, n_shards;   /* every n-th item of each task, from this one on; n 0 or 1: all */
    int shots;                /* -1: each task's own */
    unsigned settings;        /* of enum proto_setting */
    int64_t seed;
    size_t max_tokens;        /* of a generated answer; 0: each task's own */
    const char *data_dir;     /* NULL: the cache */
    struct eval_sampling sampling; /* of tasks that generate */
    struct eval_form form;
    struct backend_opts backend;
    bool fresh, quiet, unsafe_no_jail;
    bool prompts_only;        /* nothing will be scored: a task file that cannot be is no failure */
    enum jail_wall jail_wall;
    bool (*interrupted)(void);
    struct run_log *log;      /* NULL: none */
};

struct bench {                /* one leaf with its rows */
    struct proto_leaf leaf;
    struct str name;
    struct carat_rows *rows, *pool;
    json_t **row_values, **pool_values; /* [n] borrowed from them: what a plan takes */
    struct proto_plan *plan;
    struct eval_sampling sampling; /* n_samples >= 1 */
    struct buf settings;      /* JSON */
    size_t max_tokens;        /* of a generated answer */
    struct str headline;
    double chance;
    size_t n_planned;         /* rows asked for */
};

/* Are the files of all tasks at hand, those of shots that are asked for included? Else CARAT_EINPUT with every task that
 * lacks some, and `how` as the hint: how to get them. Task files are not looked at. */
enum carat_err bench_check_data(const struct eval_options *o, const char *how, struct err *err);

struct bench_set {
    struct bench *items;
    size_t n;
    struct arena arena;       /* names */
    bool needs_jail, generates; /* any of them */
};

/* Reads everything that can be known before a model is opened: unknown tasks (with the nearest name), missing
 * files, bad rows. Of a task of many subsets, those whose files are at hand are taken, and the rest is named. */
enum carat_err bench_load(const struct eval_options *o, struct bench_set *out, struct err *err);
void bench_release(struct bench_set *set);

/* Runs every model over the set. Finished items found in the store are not computed again. `runs` ([n_models],
 * may be NULL) takes the store's numbers of the runs. */
enum carat_err evaluate(const struct bench_set *set, const struct eval_options *o, struct carat_store *store,
                        int64_t *runs, struct err *err);

/* Scores an item whose responses are set, and puts answers, metrics and outcome into the record. They live in `arena`. */
enum carat_err score_record(const struct proto_plan *plan, const struct proto_item *item, struct arena *arena,
                            struct carat_item_record *record, struct err *err);

/* ---- samples (sampling.c, docs/sampling.md) ----------------------------------------------------- */

/* What a sampler starts from: a pure function of what is sampled, so that no sample depends on --limit, order, batches
 * or a resume. */
uint64_t sampling_seed(int64_t run_seed, struct str task, size_t item, size_t sample);
/* {"samples": 10, "temperature": 0.8, "top_p": 0.95}: part of the identity of runs and tasks. NULL: greedy, or no memory. */
json_t *sampling_json(const struct eval_sampling *s);

#endif
