/* backend.h - who answers requests: the built-in engine, or a server.
 *
 * A backend takes all requests of a run at once and answers them in the order that suits
 * it; the caller hears of each as it is done. Order of answers is not order of asking.
 *
 *     struct backend *be;
 *     backend_open(model, &opts, &be, err);             // a checkpoint's path, or URL#NAME
 *     backend_answer(be, requests, n, on_response, context, &stats, err);
 *     backend_free(be);
 *
 * A backend belongs to one thread at a time; on_response is called on the caller's thread.
 */
#ifndef CARAT_BACKEND_H
#define CARAT_BACKEND_H

#include "base/base.h"
#include "engine/engine.h"

enum request_kind {
    REQUEST_LOGLIKELIHOOD,
    REQUEST_GENERATE,
    REQUEST_ROLLING, /* the log-likelihood of `continuation` from its beginning; prefix and prompt are empty */
};

/* What to do with a sequence that the model cannot hold. */
enum truncation {
    TRUNCATE_REFUSE, /* answer with an error that names the lengths */
    TRUNCATE_LEFT,   /* as the reference harness: keep the last tokens; BOS is lost */
};

/* How generated ids become text (TASKS.md section 3). */
enum decode_rule {
    DECODE_HF,           /* alone, as the reference's backend: Llama tokenizers lose a leading space */
    DECODE_CONTINUATION, /* as what follows the prompt */
};

struct request {
    enum request_kind kind;
    struct str prefix, prompt;       /* the context is prefix + prompt; borrowed until answered */
    struct str continuation;         /* log-likelihood */
    const char *const *stops;        /* generation: NULL-terminated; the end-of-sequence text is always one */
    size_t max_tokens;
    struct carat_sampling sampling;
    bool ids_given;                  /* the context is `ids`, not text (generate -m with "ids") */
    const int32_t *ids;
    size_t n_ids;
    const int32_t *continuation_ids; /* ids_given, log-likelihood */
    size_t n_continuation_ids;
};

enum finish { FINISH_STOP, FINISH_LENGTH, FINISH_EOS };
const char *finish_name(enum finish finish);

struct response {
    bool refused;                    /* not computed; err says why */
    struct err err;
    size_t context_tokens;           /* those computed, BOS included */
    size_t truncated_tokens;         /* cut off on the left */
    const int32_t *ids;              /* continuation, or generated ids (up to the stop's token); NULL: a server tells none */
    size_t n_ids;                    /* tokens */
    /* log-likelihood */
    double logprob;                  /* sum */
    const double *logprobs;          /* [n_ids] */
    bool greedy;
    /* generation */
    const double *margins;           /* [n_ids] nats by which each token was ahead of the next best, as float32; NULL: drawn
                                        at a temperature, or a server's */
    struct str text;                 /* cut at the first stop */
    enum finish finish;
};

struct http_opts {           /* of a server */
    size_t concurrency;      /* requests on their way at once */
    size_t retries;          /* of a request, after the first time */
    size_t per_minute;       /* requests; 0: as many as go */
    double timeout_s;        /* for one answer */
    bool chat;               /* prompts are conversations, in JSON: /chat/completions */
};
#define HTTP_OPTS_DEFAULT {.concurrency = 4, .retries = 8, .timeout_s = 600}

struct backend_opts {
    struct http_opts http;
    enum carat_precision precision;
    enum carat_weights weights;
    size_t n_threads;       /* 0: all */
    size_t batch_tokens;    /* 0: 512 */
    size_t memory_bytes;    /* for the KV tree and work memory; 0: what the engine chooses */
    size_t max_length;      /* 0: the model's own */
    enum truncation truncation;
    enum decode_rule decode;
    int add_bos;            /* -1: the tokenizer's own default; 0, 1 */
    bool no_compute;        /* nothing goes through the model, replies are made up: to time all the rest */
    bool rehash;            /* hash the checkpoint even where the cache knows its unchanged files */
};

struct backend_stats {
    int64_t tokens_asked;    /* were each request computed by itself */
    int64_t tokens_computed; /* rows that went through the model */
    size_t n_done, n_requests;
};

struct backend;

/* Is it a server's address, URL#NAME, and not a path? */
bool backend_is_server(const char *model);
/* The model's name in it; free() it. */
enum carat_err backend_server_model(const char *word, char **model, struct err *err);

enum carat_err backend_open(const char *model, const struct backend_opts *opts, struct backend **out, struct err *err);
enum carat_err backend_open_engine(const char *model_path, const struct backend_opts *opts, struct backend **out,
                                   struct err *err);
/* Another one over the same model of an engine, which it borrows, at other settings that no answer may depend on. */
enum carat_err backend_open_again(const struct backend *first, size_t n_threads, size_t batch_tokens,
                                  struct backend **out, struct err *err);
void backend_free(struct backend *be);

/* Can it answer requests of this kind? CARAT_EUNSUPPORTED says why not. */
enum carat_err backend_can(const struct backend *be, enum request_kind kind, struct err *err);

/* What decides an answer, as JSON for the run's key: weights and tokenizer hashes, precision,
 * numerics version, BOS, max_length, truncation, decode rule. */
struct backend_identity {
    char weights_sha256[SHA256_HEX], tokenizer_sha256[SHA256_HEX];
    json_t *deciding;   /* owned: json_decref() */
    json_t *descriptive; /* owned: family, shapes, threads, ISA: told, but not part of the key */
    const char *isa;
};
enum carat_err backend_identify(struct backend *be, struct backend_identity *out, struct err *err);

/* on_response: the response is borrowed for the call. Returning other than CARAT_OK ends the work with that
 * code. on_tick (may be NULL) is called after each batch: for progress, commits, interrupts. */
struct backend_events {
    enum carat_err (*on_response)(void *context, size_t index, const struct response *response, struct err *err);
    enum carat_err (*on_tick)(void *context, const struct backend_stats *stats, struct err *err);
    void *context;
};
enum carat_err backend_answer(struct backend *be, const struct request *requests, size_t n,
                              const struct backend_events *events, struct backend_stats *stats, struct err *err);

/* The ids of one request by the rules of answering: the context's, of which the first n_skipped were cut off, and a
 * log-likelihood's continuation's. Refused as it would be. request_ids_release() frees. */
struct request_rules {
    bool add_bos;
    size_t max_length;
    enum truncation truncation;
};
struct request_ids {
    struct carat_ids context, continuation;
    size_t n_skipped;
};
enum carat_err backend_request_ids(const struct carat_tokenizer *tok, const struct request_rules *rules,
                                   const struct request *request, struct request_ids *out, struct err *err);
void request_ids_release(struct request_ids *ids);

/* The engine behind it, for the JSON-lines tools; NULL for a server. */
const struct carat_model *backend_model(const struct backend *be);
struct carat_session *backend_session(struct backend *be);

#endif
