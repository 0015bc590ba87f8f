/* results.h - the store: every item of every run in one SQLite file.
 *
 *     struct carat_store *st;
 *     carat_store_open("carat.db", CARAT_STORE_WRITE, &st, err);
 *     int64_t run, task;
 *     carat_store_run(st, &run_info, false, &run, err);      // finds the run with the same key or makes it
 *     carat_store_task(st, run, &task_info, &task, err);     // likewise its task
 *     carat_store_done(st, task, mark_done, ctx, err);       // items that need not be computed again
 *     carat_store_put(st, task, &item, err);                 // buffered in a transaction
 *     carat_store_commit(st, err);                           // durable from here on
 *     carat_store_free(st);
 *
 * WAL, STRICT tables, foreign keys, application_id and user_version checked on open: a file that
 * is something else, is newer than this carat or fails its integrity check is refused by name and
 * never written to. One writer: a second carat that writes the same file gets CARAT_EIO ("in use
 * by ..."); readers work during a run. A store belongs to one thread at a time (of a struct carat_writer's, see there).
 *
 * What makes two runs the same is content: `key` is a digest over weights, tokenizer, precision,
 * numerics version, seed ... (the caller's), never a path or a name.
 * Texts are bytes with lengths; JSON columns hold compact JSON.
 */
#ifndef CARAT_RESULTS_H
#define CARAT_RESULTS_H

#include <stdint.h>

#include "base/base.h"

struct carat_store;

enum carat_store_mode { CARAT_STORE_READ, CARAT_STORE_WRITE };

enum carat_err carat_store_open(const char *path, enum carat_store_mode mode, struct carat_store **out,
                                struct err *err);
void carat_store_free(struct carat_store *st); /* rolls back what was not committed; NULL is fine */

/* ---- writing ---------------------------------------------------------------------- */

struct carat_run_info {
    struct str key;            /* digest of all that decides an answer */
    struct str model_name;     /* how the user calls it */
    struct str model_path;
    struct str weights_sha256, tokenizer_sha256;
    struct str settings;       /* JSON object: precision, seed, threads, family, shapes ... */
    struct str carat_version, compiler, isa, cpu;
    int numerics_version;
    struct str started;        /* ISO 8601; empty: now */
};
/* The newest run with this key, or a new one (always a new one when `fresh`). Updates its model_name. */
enum carat_err carat_store_run(struct carat_store *st, const struct carat_run_info *info, bool fresh,
                               int64_t *run, struct err *err);

struct carat_task_info {
    struct str name;           /* the leaf: "mmlu_anatomy" */
    struct str parent;         /* "mmlu"; empty: none */
    struct str subgroup;       /* "stem"; empty: none */
    struct str title;          /* of the parent, or its own: "MMLU" */
    struct str capability;     /* "Question Answering"; empty: none */
    int version;
    int shots;
    struct str data_path, data_sha256;
    struct str shots_sha256;   /* of the few-shot pool's file; empty: none */
    struct str settings;       /* JSON object: stops, max_tokens, filters, metrics, limits */
    struct str headline;       /* metric shown: "acc_norm", "exact_match,strict-match" */
    int64_t n_rows;            /* rows in the data set */
    int64_t n_planned;         /* rows asked for now */
    double chance;             /* score of guessing; NaN: none */
    struct str started;        /* ISO 8601; empty: now */
    struct str scoring;        /* a name for scores made again of another task's answers; empty: the task's own */
    int64_t scores_of;         /* that task; 0: none */
};
/* Tasks are told apart by (run, name, version, shots, data hashes, settings). */
enum carat_err carat_store_task(struct carat_store *st, int64_t run, const struct carat_task_info *info,
                                int64_t *task, struct err *err);

enum carat_outcome { /* what came of an item: a silent zero cannot exist */
    CARAT_RIGHT,
    CARAT_WRONG,
    CARAT_UNPARSED, /* no extractor found an answer */
    CARAT_CUT_OFF,  /* stopped at the token limit, and not right */
    CARAT_EMPTY,    /* no text */
    CARAT_REFUSED,  /* the request failed: too long for the model, no server */
};
const char *carat_outcome_name(enum carat_outcome outcome);

struct carat_choice_record {   /* one log-likelihood request */
    struct str continuation;   /* text asked for */
    const int32_t *ids;        /* its tokens */
    const double *logprobs;    /* one each */
    size_t n_ids;
    double logprob;            /* their sum, as scored */
    bool greedy;
};
struct carat_answer_record {   /* one extractor's view of one sample */
    int sample;
    struct str filter;         /* "strict-match", "none" */
    struct str answer;
    double score;              /* NaN: none */
};
struct carat_metric_record {
    struct str name;           /* "acc", "exact_match,strict-match" */
    double value;
};
struct carat_sample_record {   /* one generated text */
    struct str text;
    const int32_t *ids;
    size_t n_ids;
    const double *margins;     /* [n_ids] nats by which each token was ahead of the next best; NULL: not known */
    struct str finish;         /* "stop", "length", "eos" */
    struct str verdict;        /* code: JSON of the jail's verdict; empty: none */
};
struct carat_item_record {
    int64_t index;             /* place in the data set */
    struct str id;             /* "HumanEval/0" */
    struct str row_sha256;     /* lower-case hex, or empty */
    struct str prefix;         /* description and shots: stored once for all items that share it */
    struct str prompt;         /* the rest of the context */
    const struct str *prompts; /* instead of `prompt`: one for each choice (multiple input); NULL: none */
    struct str target;
    int gold;                  /* -1: none */
    enum carat_outcome outcome;
    const struct carat_choice_record *choices;
    size_t n_choices;
    const struct carat_sample_record *samples;
    size_t n_samples;
    const struct carat_answer_record *answers;
    size_t n_answers;
    const struct carat_metric_record *metrics;
    size_t n_metrics;
    size_t context_tokens;
    size_t truncated_tokens;   /* cut off the context's left */
    double wall_ms;
    struct str message;        /* refused: why */
    struct str cluster_of;     /* what the item shares with others of its task: "passage"; empty: nothing */
    int64_t cluster;           /* which of them; equal ones are the same */
    bool shares_answers;       /* choices and samples are those of the same item of the task that this one `scores_of`,
                                  and not stored again */
};
/* Replaces nothing: an item that is there already is CARAT_EIO, and the batch goes on without it. Commits on its
 * own when 256 items have gathered or a second has passed since the last commit (looked at when an item is
 * put: call carat_store_commit() before a long wait). Where the disk fails, what was not committed is lost, and
 * every later write says so: free the store, mend the disk, go on from carat_store_done().
 * Numbers come back with their bits, but for NaN (any is read back as the plain one) and, in metrics, scores and
 * wall_ms, -0.0 (as 0). An item's metrics come back in the order in which the task first named them. A choice
 * without tokens reads back with NULL ids and logprobs; either may be missing for all choices of an item, not for some. */
enum carat_err carat_store_put(struct carat_store *st, int64_t task, const struct carat_item_record *item,
                               struct err *err);
enum carat_err carat_store_commit(struct carat_store *st, struct err *err);

/* ---- writing beside other work ------------------------------------------------------
 *
 *     carat_writer_new(st, &writer, err);
 *     carat_writer_put(writer, task, &item, err);            // copied; waits only where 256 items are ahead of it
 *     carat_writer_sync(writer, err);                        // all of them are durable
 *     carat_writer_free(writer);
 *
 * A thread of the writer's puts the items into the store, in the order in which they were given, and commits as
 * carat_store_put() does and also a second after the last commit. Between a carat_writer_put() and the next
 * carat_writer_sync() the store belongs to that thread. One thread gives items. */
struct carat_writer;
enum carat_err carat_writer_new(struct carat_store *st, struct carat_writer **out, struct err *err);
void carat_writer_free(struct carat_writer *w); /* after it has written and committed what it was given; NULL is fine */

/* All three tell of the first item or commit that failed. carat_writer_put() then takes no more; those that it took before
 * are written where the store still can. */
enum carat_err carat_writer_put(struct carat_writer *w, int64_t task, const struct carat_item_record *item,
                                struct err *err);
enum carat_err carat_writer_sync(struct carat_writer *w, struct err *err);
enum carat_err carat_writer_failure(struct carat_writer *w, struct err *err); /* at once */

/* Calls fn for each finished item of the task. Items whose outcome is CARAT_REFUSED are left out when
 * `retry_refused`, and deleted, so that they can be put again. */
enum carat_err carat_store_done(struct carat_store *st, int64_t task, bool retry_refused,
                                void (*fn)(void *context, int64_t index, struct str row_sha256),
                                void *context, struct err *err);

/* Notes that the task ended now, adds this session's effort to what earlier ones spent, and commits. Call it once
 * a session for each task. Whether a task is complete is not noted but counted: n_items >= n_planned. */
struct carat_effort {
    double wall_s;
    int64_t tokens_asked, tokens_computed;
};
enum carat_err carat_store_finish(struct carat_store *st, int64_t task, const struct carat_effort *effort,
                                  struct err *err);

/* ---- joining ---------------------------------------------------------------------- */

struct carat_merged {
    int64_t n_runs, n_items; /* that OUT has now: all of them */
    int64_t n_same;          /* items that several files had, the same */
};
/* All runs of the files (opened to read) and of `out`, if it is there, in one file that then takes the name `out`: whole or
 * not at all. CARAT_EINPUT, with the item, where two files answer one item of one run differently. */
enum carat_err carat_store_merge(const char *out, const char *const *inputs, size_t n, struct carat_merged *counts,
                                 struct err *err);

/* ---- reading ----------------------------------------------------------------------
 * Texts given to a callback are valid during the call. A callback returns false to stop. */

struct carat_run_row {
    int64_t id;
    struct str key, model_name, model_path, weights_sha256, tokenizer_sha256, settings, carat_version, compiler, isa, cpu,
        started;
    int numerics_version;
    int64_t n_tasks, n_items;
    bool complete;             /* every task has its planned items */
    struct str scorings;       /* names of scores made again of its answers: "a, b"; empty: none */
};
enum carat_err carat_store_runs(struct carat_store *st, bool (*fn)(void *context, const struct carat_run_row *row),
                                void *context, struct err *err);

/* Finds a run by number ("3"), key prefix (>= 6 hex digits) or model name (the newest). CARAT_EUSAGE when none or
 * ambiguous, with the names there are. */
enum carat_err carat_store_find_run(struct carat_store *st, const char *name, int64_t *run, struct err *err);

struct carat_task_row {
    int64_t id, run;
    struct str name, parent, subgroup, title, capability, headline, settings, data_path, data_sha256, shots_sha256, started,
        scoring, clusters;     /* clusters: what items share, "passage"; empty: nothing */
    int64_t scores_of;         /* 0: its own answers */
    int version, shots;
    int64_t n_rows, n_planned, n_items;
    int64_t outcomes[6];       /* by enum carat_outcome */
    int64_t n_truncated;       /* items whose context was cut on the left */
    double chance, wall_s;
    int64_t tokens_asked, tokens_computed;
};
enum carat_err carat_store_tasks(struct carat_store *st, int64_t run,
                                 bool (*fn)(void *context, const struct carat_task_row *row), void *context,
                                 struct err *err);

/* Of tasks that were scored again under this name, readers see the new scores instead of the first ones, from now on; of
 * the others the first. NULL or "": the first ones of all. CARAT_EUSAGE when no task has such a scoring. */
enum carat_err carat_store_choose_scoring(struct carat_store *st, const char *scoring, struct err *err);
const char *carat_store_scoring(const struct carat_store *st); /* the one chosen; NULL: the first ones */

/* All tasks, those that score others' answers again behind those. */
enum carat_err carat_store_all_tasks(struct carat_store *st, int64_t run,
                                     bool (*fn)(void *context, const struct carat_task_row *row), void *context,
                                     struct err *err);

/* A metric's value for each item in index order: what statistics are made of. */
struct carat_value_row {
    int64_t index;
    double value;
    bool shares;               /* it shares something with other items (task row's `clusters`) ... */
    int64_t cluster;           /* ... and which */
};
enum carat_err carat_store_values(struct carat_store *st, int64_t task, const char *metric,
                                  bool (*fn)(void *context, const struct carat_value_row *row), void *context,
                                  struct err *err);
/* The names of the metrics that the task's items have, in the order they were put. */
enum carat_err carat_store_metrics(struct carat_store *st, int64_t task,
                                   bool (*fn)(void *context, struct str name), void *context, struct err *err);

/* Whole items, in index order, from `first` on; at most `limit` (0: all). */
enum carat_err carat_store_items(struct carat_store *st, int64_t task, int64_t first, int64_t limit,
                                 bool (*fn)(void *context, const struct carat_item_record *item), void *context,
                                 struct err *err);

#endif
