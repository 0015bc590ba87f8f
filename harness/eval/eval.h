/* eval.h - a run from end to end: tasks and rows to requests, answers to scores, scores to
 * the store; and back from the store to tables and the figure.
 *
 *     struct bench_set set;
 *     bench_load(&o, &set, err);            // resolves tasks, reads rows, draws shots; nothing computed yet
 *     evaluate(&set, &o, store, err);       // each model over all of them, items into the store as they are done
 *     struct summary sum;
 *     summary_load(store, runs, n, &sum, err);
 *     summary_table(&sum, CARAT_TABLE_TEXT, &out, err);
 *     summary_figure(&sum, ...);
 */
#ifndef CARAT_EVAL_H
#define CARAT_EVAL_H

#include "base/base.h"
#include "datasets/datasets.h"
#include "harness/backend/backend.h"
#include "harness/protocol/protocol.h"
#include "harness/sandbox/jail.h"
#include "harness/stats/stats.h"
#include "reports/reports.h"
#include "published.h"
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

/* ---- programs: jails beside the engine -------------------------------------------------------- */

struct verdicts;
enum carat_err verdicts_new(const struct jail *jail, size_t n_threads, struct verdicts **out, struct err *err);
void verdicts_free(struct verdicts *v); /* waits for what is running; NULL is fine */
/* Copies the source; `tag` comes back with the verdict. Waits when too many are queued. */
enum carat_err verdicts_submit(struct verdicts *v, size_t tag, struct str source, struct err *err);
/* The next finished one: true with *tag and *out (owned by the caller) and *why, or false when none is ready, with
 * `wait` after having waited a tenth of a second for one. */
bool verdicts_take(struct verdicts *v, bool wait, size_t *tag, struct jail_verdict *out, struct err *why);
/* Are any queued or running? */
bool verdicts_pending(struct verdicts *v);

/* ---- what a run tells while it goes (progress.c) ------------------------------------------------ */

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

/* ---- capability groups: data in one file (groups.c) ---------------------------------------------- */

struct capability {
    const char *task;     /* leaf's parent or own name: "hellaswag", "mmlu" */
    const char *group;    /* "Reasoning" */
};
/* The group of a task: the table's, else what the task itself says, else NULL. */
const char *capability_of(const char *task, const char *own);
/* The benchmark that this one is a part of which the published protocol does not count: beside it, it is in no mean. NULL: none. */
const char *capability_apart_from(struct str task);
/* The groups in the figure's order; names not in the list come after it. NULL-terminated. */
const char *const *capability_order(void);

/* ---- what came out ---------------------------------------------------------------------------- */

/* Items that may stand or fall together (clusters.c): the mean's interval allows for it where that makes it wider. */
struct score_clusters {
    struct str by;            /* what they share: "passage"; "subset" of several leaves; empty: no two share anything */
    size_t n;                 /* how many; an item that shares nothing is one by itself ... */
    size_t n_alone;           /* ... of these there are so many */
    double se;                /* cluster-robust standard error; NaN: there is one cluster */
    bool widens;              /* the interval is theirs */
};
struct score {                /* a benchmark of one run: a leaf, or a parent's leaves pooled */
    struct str name, title, capability, metric;
    int shots, version;
    uint64_t asked;           /* digest of names, data and settings: scores with another are not of the same questions */
    size_t n_leaves;
    int64_t n_items, n_planned, n_rows, n_truncated;
    int64_t outcomes[6];
    double chance;
    struct stat_mean mean;    /* of the headline metric; every item counts once */
    struct score_clusters clusters;
    bool parts_equal;         /* ... but of a group whose file has every leaf count once, which is over_leaves, too */
    double over_leaves, over_leaves_se; /* every leaf counts once; NaN: there is one leaf, or it is published */
    bool share;               /* of right answers, 0..1, shown in percent; false: a perplexity, shown as it is */
    bool published;           /* quoted: no items, no interval; shots may be -1, metric empty: not said */
};
struct summary_run {
    int64_t id;               /* 0: published */
    struct str name;
    struct score *scores;
    size_t n_scores;
};
struct summary {
    struct summary_run *runs; /* the published ones last */
    size_t n_runs, n_measured;
    const char *source;       /* of the published ones; NULL: there are none */
    struct arena arena;       /* owns all of it */
};
/* One metric of a stored task over its items (leaf_score.c). */
struct leaf_metric {
    int64_t task;
    struct str metric;        /* a value's full name */
    struct str settings;      /* the task's, JSON */
    struct str clusters;      /* what its items share: "passage"; borrowed by what comes of it */
};
/* What a stored leaf's settings say of one of its metrics. */
struct leaf_metric_kind {
    bool mean;                /* its score is the mean of its items' values */
    bool lower_is_better;
};
struct leaf_metric_kind leaf_metric_kind(struct str settings, struct str metric);
/* Does each leaf count once in its benchmark's score? So do a stored leaf's settings say. */
bool group_counts_leaves_once(struct str settings);
struct leaf_score {
    struct stat_mean mean;
    bool share;               /* as in struct score */
    struct score_clusters clusters;
    struct stats_part *parts; /* [clusters.n] sizes and means of the clusters, of a mean of shares alone; owned */
};
/* Whatever comes of it, *out is to be released. */
enum carat_err leaf_score(struct carat_store *st, const struct leaf_metric *leaf, struct leaf_score *out, struct err *err);
void leaf_score_release(struct leaf_score *s);

/* A value of an item, and what it shares. */
struct clustered {
    double value;
    bool shares;
    int64_t cluster;
};
/* For qsort(): clusters in order, what shares nothing last. */
int clusters_compare(bool a_shares, int64_t a, bool b_shares, int64_t b);
/* Sorts the items by cluster, and puts the clusters' sizes and means to parts ([n]): those that share nothing last, each by
 * itself. The number of parts; *n_alone are such. */
size_t clusters_parts(struct clustered *items, size_t n, struct stats_part *parts, size_t *n_alone);
/* Widens the mean's interval to what the clusters allow, where that is wider. `out` has names and counts already. */
void clusters_widen(const struct stats_part *parts, bool share, struct stat_mean *mean, struct score_clusters *out);

enum carat_err summary_load(struct carat_store *st, const int64_t *runs, size_t n, struct summary *out,
                            struct err *err);
void summary_release(struct summary *s);

/* Adds the published models behind the runs. Beside measured runs only benchmarks that these have are shown, so that a
 * group's mean is over the same ones; without any (an empty summary will do) all of them are. */
enum carat_err summary_add_published(struct summary *s, const struct published *p, struct err *err);

/* Benchmarks by models, grouped by capability, with a mean a group and one of all. */
enum carat_err summary_table(const struct summary *s, enum carat_table_format format, struct buf *out,
                             struct err *err);
/* The run's score of the same benchmark, asked in the same way; NULL: it has none. */
const struct score *summary_same_score(const struct summary_run *run, const struct score *score);
/* Text below the table: both averages of a benchmark of several leaves, and what items share, named; with `outcomes` also what came of the items. */
enum carat_err summary_notes(const struct summary *s, bool outcomes, struct buf *out, struct err *err);
json_t *summary_score_json(const struct score *s);
/* {"runs": [{"id", "model", "scores": [...]}], "groups": [...]} */
json_t *summary_json(const struct summary *s);

/* The figure of capability groups, or of benchmarks; drawn by whom it is given to: everything it points to lives in
 * `arena`, in `s` and in the style's title. */
struct figure_style {
    const char *title;        /* NULL: one that says what is drawn */
    bool dark, per_benchmark;
};
enum carat_err summary_figure(const struct summary *s, const struct figure_style *style, struct arena *arena,
                              struct carat_figure *out, struct err *err);

/* The means of metrics called NAME@k (pass@10) that are not their task's headline, of each run. Rows and texts lie in
 * `arena`. */
struct pass_at_k {
    int64_t run, task;
    struct str name, title, metric; /* NUL-terminated */
    struct stat_mean mean;
};
enum carat_err pass_at_k_load(struct carat_store *st, const int64_t *runs, size_t n_runs, struct arena *arena,
                              struct pass_at_k **out, size_t *n, struct err *err);
void pass_at_k_text(const struct pass_at_k *p, size_t n, struct buf *out); /* a line each; appended */
json_t *pass_at_k_json(const struct pass_at_k *p, size_t n); /* [{"run", "task", "metric", "value", "low", "high", "n"}] */

/* Loud words about scores that cannot be trusted: more than 5 % non-answers, refused, cut or missing items (that a shard
 * lacks the others' items needs no word). One line each; empty when there is nothing to say. */
enum carat_err summary_warnings(const struct summary *s, bool is_shard, struct buf *out);

#endif
