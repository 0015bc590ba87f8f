/* backend_int.h - what the files of this folder share. */
#ifndef CARAT_BACKEND_INT_H
#define CARAT_BACKEND_INT_H

#include "backend.h"
#include "token_trie.h"

/* What a kind of backend does. Its struct begins with a struct backend. */
struct backend_ops {
    void (*free)(struct backend *be);
    enum carat_err (*identify)(struct backend *be, struct backend_identity *out, struct err *err);
    enum carat_err (*answer)(struct backend *be, const struct request *requests, size_t n, const struct backend_events *events,
                             struct backend_stats *stats, struct err *err);
    /* CARAT_EUNSUPPORTED with the reason; NULL: it can do all. */
    enum carat_err (*can)(const struct backend *be, enum request_kind kind, struct err *err);
};
struct backend {
    const struct backend_ops *ops;
};

enum carat_err http_backend_open(const char *word, const struct backend_opts *opts, struct backend **out, struct err *err);

/* A request made ready for the engine. */
struct job {
    const struct request *request;
    bool refused;              /* already answered: err */
    const int32_t *ctx;        /* tokens fed first (shared between an item's choices) */
    size_t n_ctx;
    const int32_t *cont;       /* log-likelihood: the continuation's ids, all of them */
    size_t n_cont;
    size_t n_skip;             /* left truncation: tokens of ctx (and cont) not fed */
    double *logprobs;          /* [n_cont] filled as replies come */
    size_t n_left;             /* replies still to come */
    bool greedy;
    bool follows;              /* generation: an equal one's answer is its answer, too */
    size_t next_equal;         /* generation: the job after this one that its answer is for; NO_JOB: none */
};
#define NO_JOB SIZE_MAX

struct jobs {
    struct job *items;
    size_t n;
    struct arena *arenas;      /* [n_arenas] token ids and log-probabilities, one for each piece of the work */
    size_t n_arenas;
};

/* Tokenises all requests by the reference harness's rules (TASKS.md section 3), applies truncation, checks BOS.
 * `on_refused` hears of those that cannot be computed. */
struct tokenize_rules {
    const struct carat_tokenizer *tok;
    bool add_bos;
    int32_t bos, eos;
    size_t max_length;
    size_t kv_tokens;
    enum truncation truncation;
    size_t n_threads;          /* that share the work; 0: one per CPU */
};
enum carat_err jobs_tokenize(const struct tokenize_rules *rules, const struct request *requests, size_t n,
                             const struct backend_events *events, struct backend_stats *stats, struct jobs *out,
                             struct err *err);
void jobs_release(struct jobs *jobs);

/* Context and continuation of a log-likelihood as they are scored: white space at the context's end goes over. In `arena`. */
struct text_pair {
    struct str context, continuation; /* one behind the other in memory */
};
enum carat_err jobs_split(const struct request *r, struct arena *arena, struct text_pair *out, struct err *err);

/* A text's ids, with BOS first where `bos` asks for it and the text does not begin with it. */
enum carat_err jobs_encode(const struct tokenize_rules *rules, struct carat_encoder *enc, struct str text, bool bos,
                           struct carat_ids *out, struct err *err);

/* ---- rolling requests (rolling.c): each as windows that the model can hold ---------------------- */

bool rolling_any(const struct request *requests, size_t n);
/* Hands `engine` the requests with windows in place of the rolling ones, and the caller's events whole answers. */
typedef enum carat_err rolling_engine_fn(void *context, const struct request *requests, size_t n,
                                         const struct backend_events *events, struct backend_stats *stats,
                                         struct err *err);
enum carat_err rolling_answer(const struct tokenize_rules *rules, const struct request *requests, size_t n,
                              const struct backend_events *events, rolling_engine_fn *engine, void *context,
                              struct backend_stats *stats, struct err *err);

/* Runs the jobs through the session: one trie, packed batches, continuous decoding. */
struct schedule_rules {
    const struct carat_tokenizer *tok;
    const struct carat_model_info *model;
    enum decode_rule decode;
    enum carat_err (*forward)(struct carat_session *s, const struct carat_span *spans, size_t n_spans,
                              const struct carat_ask *asks, size_t n_asks, struct carat_reply *replies,
                              struct err *err); /* carat_forward(), or what stands in for it */
};
enum carat_err schedule_run(struct carat_session *session, const struct schedule_rules *rules, struct jobs *jobs,
                            const struct backend_events *events, struct backend_stats *stats, struct err *err);

/* Text of generated ids by the decode rule, uncut. Appends to out. */
enum carat_err decode_generated(const struct schedule_rules *rules, int32_t last_context_id, const int32_t *ids,
                                size_t n, struct buf *out, struct err *err);
/* Cuts `text` at each stop in turn, as the reference does: text.split(stop)[0]. */
struct str cut_at_stops(struct str text, const char *const *stops);

#endif
