/* protocol.h - the reference harness's rules: from a task and its rows to prompts, from responses
 * to scores. Pure: no I/O, no model. Source of every rule: lm-evaluation-harness 0.4.13.
 *
 *     struct proto_plan *plan;
 *     proto_plan_new(&leaf, test_rows, n_test, pool_rows, n_pool, n_shots, seed, &plan, err);
 *     struct arena arena = ARENA_INIT;
 *     struct proto_item item;
 *     proto_item(plan, i, &arena, &item, err);              // prompt and requests of row i
 *     ... fill item.responses ...
 *     struct proto_score score;
 *     proto_score(plan, &item, &arena, &score, err);
 *
 * A plan draws all shots at once, over the whole set, so an item's shots do not change with
 * --limit or resume. After proto_plan_new() a plan is read-only: items may be made by several threads,
 * each with its own arena, which owns all that an item or a score points to.
 */
#ifndef CARAT_PROTOCOL_H
#define CARAT_PROTOCOL_H

#include "base/base.h"
#include "base/mt/mt.h"
#include "tasks/task.h"

/* A task, or one subset of it: what has rows and a score. */
struct proto_leaf {
    const struct carat_task *task;
    const struct carat_subset *subset; /* NULL: the task has none */
    const char *parent, *parent_title; /* a group of tasks that it is asked in, whose score is pooled; NULL: none */
    const char *subgroup;              /* a group within that one; NULL: none */
    bool parts_equal;                  /* the parent's score is the mean of its leaves', whatever their sizes */
    unsigned settings;                 /* of enum proto_setting */
};

/* Named departures from the reference; they are part of a run's settings. */
enum proto_setting {
    PROTO_PUBLISHED = 1 << 0,   /* the published protocol where the reference parts from it: the task's `published` */
    PROTO_SHOTS_FIXED = 1 << 1, /* sampled shots are drawn once and shown to every item but themselves */
};

/* Sets the settings of a leaf that has none: its task becomes the published protocol's where that is asked for and
 * differs; where it does not, the setting is dropped, for it would part runs that are the same. */
void proto_leaf_ask(struct proto_leaf *leaf, unsigned settings);

/* "hellaswag"; of a subset "mmlu_anatomy". */
struct str proto_leaf_name(const struct proto_leaf *leaf, struct arena *arena);

struct proto_plan;
/* Rows are borrowed JSON objects and must outlive the plan. n_shots < 0: the task's default. */
enum carat_err proto_plan_new(const struct proto_leaf *leaf, json_t *const *rows, size_t n_rows,
                              json_t *const *pool, size_t n_pool, int n_shots, uint32_t seed,
                              struct proto_plan **out, struct err *err);
void proto_plan_free(struct proto_plan *plan);
int proto_plan_shots(const struct proto_plan *plan); /* those asked for; of CARAT_SHOTS_UP_TO a pool may have fewer */
const char *const *proto_stops(const struct proto_plan *plan); /* of a generation; NULL-terminated, or NULL */

/* Appends what decides prompt and score besides rows, shots and seed, as compact JSON: version, description,
 * delimiters, how shots are drawn, stops, filters, metrics. Equal texts mean comparable scores. */
enum carat_err proto_settings_json(const struct proto_plan *plan, struct buf *out);

/* The expected score of guessing: multiple choice, mean of 1 / choices over the rows; NaN for generation or
 * where a row cannot be read (proto_item() tells why). Reads every row. */
double proto_chance(const struct proto_plan *plan);

struct proto_response {
    /* a log-likelihood */
    double logprob;
    bool greedy;
    /* a generation */
    struct str text;       /* cut at the stops */
    struct str finish;     /* "stop", "length", "eos" */
    /* code: filled after the jail has run proto_program()'s source */
    int passed;            /* 1, 0; -1: not run */
};

struct proto_item {
    size_t index;
    struct str prefix;               /* description and shots */
    struct str prompt;               /* the item's own part; the context is prefix + prompt */
    const struct str *prompts;       /* multiple input: one for each choice, instead of prompt; else NULL */
    const struct str *continuations; /* multiple choice: delimiter + choice (multiple input: all the same); a
                                        log-likelihood's or a rolling one's text; NULL: generation */
    size_t n_requests;               /* choices; else 1 */
    struct carat_example example;    /* the row as its task reads it */
    struct str target;               /* the right answer as text, as the reference's log shows it */
    const struct proto_response *responses; /* [n_responses] set by the caller before proto_score() */
    size_t n_responses;              /* n_requests, or samples of a generation */
};
enum carat_err proto_item(const struct proto_plan *plan, size_t index, struct arena *arena,
                          struct proto_item *out, struct err *err);

/* How a prompt is put to one model: behind a system text, as a conversation (TASKS.md section 3, "Chat"). Belongs to one
 * thread. */
struct proto_form {
    struct str system;       /* before the description; n == 0: none */
    /* Writes a conversation as the model wants it; NULL: plain text. `messages` is an array of {"role", "content"}. The
     * last one is the user's, and an answer is to come; where it is the assistant's, the text ends with it, open. A failure
     * is CARAT_EINPUT where the template has raised. */
    enum carat_err (*render)(void *context, const json_t *messages, struct buf *out, struct err *err);
    void *context;
    bool multiturn;          /* shots are turns of their own; else all of it is the user's one message */
    size_t n_system_dropped; /* counts prompts whose template took no system message: they are without it */
    struct str last_prefix;  /* shared with the next item where that has the same; in the items' arena */
};
#define PROTO_PLAIN {.system = {NULL, 0}, .render = NULL}

/* proto_item() in that form. Of a conversation the prefix ends, and the prompt begins, where the item's question is. All
 * items of a form come from one arena, which lives as long as the form is used. */
enum carat_err proto_item_as(const struct proto_plan *plan, size_t index, struct proto_form *form, struct arena *arena,
                             struct proto_item *out, struct err *err);

/* The program to run for one completion (tasks with pass@k). */
enum carat_err proto_program(const struct proto_plan *plan, const struct proto_item *item, struct str completion,
                             struct arena *arena, struct str *source, struct err *err);
bool proto_needs_jail(const struct carat_task *task);

struct proto_answer {      /* one filter's answer to one response */
    size_t sample;
    struct str filter, answer;
    bool found;            /* false: the filter found nothing ("[invalid]") */
    double score;          /* of the first generation metric; NaN: none */
};
struct proto_value {
    struct str name;       /* "acc"; for generation "exact_match,strict-match"; "pass@1" */
    double value;
};
enum proto_outcome { PROTO_RIGHT, PROTO_WRONG, PROTO_UNPARSED, PROTO_CUT_OFF, PROTO_EMPTY };
struct proto_score {
    const struct proto_answer *answers;
    size_t n_answers;
    const struct proto_value *values;
    size_t n_values;
    int chosen;            /* multiple choice: argmax of the log-likelihood; -1 */
    enum proto_outcome outcome; /* by the task's headline metric */
};
enum carat_err proto_score(const struct proto_plan *plan, const struct proto_item *item, struct arena *arena,
                           struct proto_score *out, struct err *err);

/* The headline metric's full name for this task: "acc_norm", "exact_match,strict-match". */
struct str proto_headline(const struct carat_task *task, struct arena *arena);
const struct carat_metric *proto_headline_metric(const struct carat_task *task); /* the metric it is a value of */

/* ---- the engine-facing rule of log-likelihoods (TASKS.md section 3) ---------------------- */

/* Splits: all trailing white space of `context` (Python's rstrip) moves to the front of `continuation`. */
enum carat_err proto_split(struct str context, struct str continuation, struct arena *arena,
                           struct str *out_context, struct str *out_continuation);

/* ---- Python's random.Random, bit for bit ------------------------------------------------ */

struct py_random {
    uint32_t state[624];
    unsigned at;
};
void py_random_seed(struct py_random *r, uint64_t seed);
uint32_t py_random_bits(struct py_random *r, unsigned k);  /* getrandbits, 1 <= k <= 32 */
double py_random_double(struct py_random *r);
size_t py_random_below(struct py_random *r, size_t n);     /* n >= 1 */
void py_random_choices(struct py_random *r, size_t n, size_t k, size_t *out); /* choices(range(n), k=k); n >= 1 */
/* sample(range(n), k): k <= n indices into out. */
enum carat_err py_random_sample(struct py_random *r, size_t n, size_t k, size_t *out);

/* ---- statistics of one metric ------------------------------------------------------------ */

struct stat_mean {
    size_t n;
    double mean;
    double stderr_mean;   /* sd(n-1)/sqrt(n); NaN when n < 2 */
    double low, high;     /* 95 %: Wilson where all values are 0 or 1, else mean +- 1.96 stderr */
    bool binary;          /* all values are 0 or 1 */
};
void stat_mean(const double *values, size_t n, struct stat_mean *out);
/* A metric's items as one number: by a mean, or as `how` says, with the standard error that the reference gives: closed
 * for the mean; of MEDIAN, NANMEAN, PERPLEXITY, F1 and MCC by `n_bootstrap` samples with Python's generator, chunk by
 * chunk (TASKS.md section 4; 0: none, NaN); none for the weighted ones. `others` has each item's second number (weight;
 * the right choice), NULL where `how` needs none. binary is false, low and high are mean +- 1.96 stderr, unless `how` is MEAN. */
enum { STAT_BOOTSTRAP = 100000 };
enum carat_err stat_aggregate(enum carat_aggregation how, const double *values, const double *others, size_t n,
                              size_t n_bootstrap, struct stat_mean *out, struct err *err);

/* The aggregations of whole corpora. false: `how` is none of them. */
bool stat_measure(enum carat_aggregation how, enum mt_measure *measure);
/* Their value and standard error: `sums` are each item's [n][MT_SUMS_MAX] (base/mt/mt.h), `n_bootstrap` samples as above. */
enum { STAT_BOOTSTRAP_CORPUS = 100 };
enum carat_err stat_aggregate_corpus(enum mt_measure measure, const double (*sums)[MT_SUMS_MAX], size_t n,
                                     size_t n_bootstrap, struct stat_mean *out, struct err *err);
const char *stat_aggregation_name(enum carat_aggregation how); /* "weighted_perplexity" */
bool stat_aggregation_find(struct str name, enum carat_aggregation *out); /* false: there is none of that name */

/* Of leaves, weighted by size: mean sum(n m)/sum(n); the pooled standard error of TASKS.md section 4. */
void stat_pool(const struct stat_mean *leaves, size_t n, struct stat_mean *out);
/* Of leaves, each counted once: sum(m)/k, sqrt(sum se^2)/k; one that has no standard error leaves it NaN. */
void stat_pool_equal(const struct stat_mean *leaves, size_t n, struct stat_mean *out);

#endif
