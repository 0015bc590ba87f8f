/* engine.h - text in, log-probabilities out. The engine knows nothing of tasks.
 *
 * Four things, each used on its own or together:
 *
 *   carat_tokenizer   text <-> token ids. Immutable after opening; any threads.
 *   carat_encoder     text -> token ids, sooner for texts that begin alike. One thread at a time.
 *   carat_model       a checkpoint: shapes, mapped weights, its tokenizer. Immutable; any threads.
 *   carat_session     a KV tree, work memory and threads over one model. One caller at a time.
 *
 *     struct carat_model *model;
 *     struct carat_session *s;
 *     carat_model_open("path/to/gemma-2b", &model, err);
 *     carat_session_open(model, &(struct carat_session_opts){.n_threads = 2}, &s, err);
 *
 *     uint32_t prefix, a, b;                             // "the context" and two endings
 *     carat_node_new(s, CARAT_NODE_ROOT, &prefix, err);
 *     carat_node_new(s, prefix, &a, err);
 *     carat_node_new(s, prefix, &b, err);
 *     struct carat_span spans[] = {{prefix, ctx, n_ctx}, {a, end_a, n_a}, {b, end_b, n_b}};
 *     struct carat_ask asks[] = {{.row = n_ctx - 1, .target = end_a[0]}, ...};
 *     carat_forward(s, spans, 3, asks, n_asks, replies, err);
 *
 * One call is one packed batch: its rows are the tokens of all spans in order. A
 * token's position is its distance from the root, and it attends to the tokens
 * on its path from the root alone. Prefill, scoring of choices and decoding of many
 * sequences are the same call.
 *
 * Promise: a row's reply is the same bits whatever else is in the batch, however the
 * tokens were split over calls and spans, and whatever the number of threads. It is the same
 * bits on every instruction set, too, where carat_session_canonical().
 *
 * Ownership: what an _open gives is freed by its _free; a session borrows its model,
 * a model's tokenizer lives as long as the model. Strings in an info are borrowed from it.
 * Errors: CARAT_EINPUT for files (message names file and offset), CARAT_EUNSUPPORTED for a
 * family, option or dtype not implemented, CARAT_ENOMEM for memory and for a full KV budget.
 */
#ifndef CARAT_ENGINE_H
#define CARAT_ENGINE_H

#include <stdint.h>

#include "base/base.h"

/* Raised whenever the bits of a reply may change; stored with every result. */
#define CARAT_NUMERICS_VERSION 1

/* ---- tokenizer ------------------------------------------------------------------- */

struct carat_tokenizer;

struct carat_ids { /* a growing list; owned by the caller: carat_ids_release() */
    int32_t *ids;
    size_t n, cap;
};
void carat_ids_release(struct carat_ids *ids);
enum carat_err carat_ids_push(struct carat_ids *ids, int32_t id);

enum carat_tok_flags {
    CARAT_TOK_BOS = 1 << 0,         /* encode: put BOS first (never a second one of its own accord) */
    CARAT_TOK_SPECIAL = 1 << 1,     /* encode: control tokens written in the text become their ids; a .model and a
                                       GGUF file with SentencePiece's pieces need to be told, all others do so always, as
                                       their library does */
    CARAT_TOK_SKIP_SPECIAL = 1 << 2 /* decode: leave control tokens out; a .model or GGUF file always does */
};

/* `path`: a tokenizer.model or a GGUF file with its pieces (SentencePiece's results), a tokenizer.json (those of Hugging
 * Face's tokenizers), or a checkpoint's folder (those of transformers' AutoTokenizer, which
 * the reference harness sees). */
enum carat_err carat_tokenizer_open(const char *path, struct carat_tokenizer **out, struct err *err);
void carat_tokenizer_free(struct carat_tokenizer *tok);

/* Appends to `out`. Any bytes are accepted: each one that is in no valid UTF-8 character is read as U+FFFD, as
 * SentencePiece does. At most 64 MiB in one call. */
enum carat_err carat_tokenizer_encode(const struct carat_tokenizer *tok, struct str text, unsigned flags,
                                      struct carat_ids *out, struct err *err);
/* The same ids for many texts that begin alike, sooner: what is sure of the beginnings that it was told of is not encoded
 * again, and words are known again. One thread's at a time; borrows the tokenizer.
 *
 *     carat_encoder_begin(enc, 0, shots, err);               // level 0
 *     carat_encoder_begin(enc, 1, shots_and_question, err);  // level 1 goes on from level 0
 *     carat_encoder_encode(enc, whole, flags, &ids, err);    // flags: CARAT_TOK_SPECIAL, as for carat_tokenizer_encode()
 *
 * A beginning holds until the next one of its level; it is used for texts that do begin with it, for others it is not. */
#define CARAT_ENCODER_LEVELS 2
struct carat_encoder;
enum carat_err carat_encoder_new(const struct carat_tokenizer *tok, struct carat_encoder **out, struct err *err);
void carat_encoder_free(struct carat_encoder *enc);
enum carat_err carat_encoder_begin(struct carat_encoder *enc, size_t level, struct str text, struct err *err);
enum carat_err carat_encoder_encode(struct carat_encoder *enc, struct str text, unsigned flags, struct carat_ids *out,
                                    struct err *err);
/* Appends UTF-8 to `out`; an id outside the vocabulary is CARAT_EINPUT. */
enum carat_err carat_tokenizer_decode(const struct carat_tokenizer *tok, const int32_t *ids, size_t n,
                                      unsigned flags, struct buf *out, struct err *err);

struct carat_tokenizer_info {
    const char *kind;         /* "sentencepiece-bpe", "tokenizer.json-bpe", "gguf-sentencepiece-bpe",
                                 "gguf-byte-level-bpe" */
    size_t vocab_size;
    int32_t bos, eos, pad, unk; /* -1: none */
    bool adds_bos;            /* the tokenizer's own default: does it put BOS first? */
    char sha256[SHA256_HEX];  /* of the files (of a GGUF file, the metadata) that decide its results */
    const char *warning;      /* NULL, or what a user should know: the folder's files disagree, ... */
};
const struct carat_tokenizer_info *carat_tokenizer_info(const struct carat_tokenizer *tok);

/* ---- chat template ------------------------------------------------------------------ */

/* How a checkpoint wants a conversation written: a Jinja template of its own. Immutable; any threads. */
struct carat_chat;

/* `path`: a checkpoint's folder (chat_template.jinja, else tokenizer_config.json's chat_template; the one named "default"
 * where there are several), or a GGUF file. `template_path` (may be NULL): a file to use instead. CARAT_EINPUT when there is none. */
enum carat_err carat_chat_open(const char *path, const char *template_path, struct carat_chat **out, struct err *err);
void carat_chat_free(struct carat_chat *chat);
const char *carat_chat_sha256(const struct carat_chat *chat); /* of the template's text */

enum carat_chat_end { /* what stands at the rendering's end */
    CARAT_CHAT_CLOSED, /* the last message as it is */
    CARAT_CHAT_PROMPT, /* the beginning of the model's turn: add_generation_prompt */
    CARAT_CHAT_OPEN    /* the last message's text, with nothing behind it: continue_final_message */
};

/* Appends the conversation as text. `messages`: an array of {"role", "content"}; `variables` (an object, may be NULL) is
 * added to what the template sees: tools, say. The text begins with BOS where the template writes it: encode it without
 * CARAT_TOK_BOS and with CARAT_TOK_SPECIAL. Where the template raises: CARAT_EINPUT, the message is the template's own. */
enum carat_err carat_chat_render(const struct carat_chat *chat, const json_t *messages, enum carat_chat_end end,
                                 const json_t *variables, struct buf *out, struct err *err);

/* ---- model --------------------------------------------------------------------- */

struct carat_model;

struct carat_model_info {
    const char *path;         /* as opened */
    const char *family;       /* "gemma", "llama", ...: a row of the family table */
    const char *architecture; /* config.json's word: "GemmaForCausalLM" */
    const char *weights_dtype; /* of most of the bytes: "bf16", "f32", "f16", "q4_k", ... */
    size_t n_layers, hidden_size, intermediate_size, n_heads, n_kv_heads, head_dim, vocab_size;
    size_t max_positions;     /* max_position_embeddings */
    size_t n_parameters;
    size_t weights_bytes;     /* mapped */
    size_t kv_bytes_per_token;
    size_t layer_weights;     /* multiply-adds of a row in the layers' products: numbers in their matrices */
    size_t head_weights;      /* the same of a row's logits */
    size_t read_bytes;        /* of the matrices of both as stored: what one row with its logits reads */
    int32_t bos;              /* -1: none */
    int32_t eos[8];           /* generation stops at any of these (generation_config first, then config) */
    size_t n_eos;
};

/* A checkpoint's folder (config.json, safetensors, a tokenizer), or a file whose name ends in .gguf. */
enum carat_err carat_model_open(const char *path, struct carat_model **out, struct err *err);
void carat_model_free(struct carat_model *model);

/* A published shape ("gemma-2b") with random weights in memory, without a tokenizer: for measuring. `dtype`: how they
 * are stored: "bf16", "f16", "f32", "q8_0", "q4_0". `pool` may be NULL. CARAT_EUSAGE for an unknown name. */
enum carat_err carat_model_random(const char *shape, const char *dtype, struct pool *pool, struct carat_model **out,
                                  struct err *err);
const char *carat_shape_name(size_t i); /* the i-th shape there is; NULL past the end */
const struct carat_model_info *carat_model_info(const struct carat_model *model);
const struct carat_tokenizer *carat_model_tokenizer(const struct carat_model *model);

/* What the matrices' weights are computed with: as they are stored, or quantized after opening. */
enum carat_weights { CARAT_WEIGHTS_STORED, CARAT_WEIGHTS_Q8_0, CARAT_WEIGHTS_Q4_0, CARAT_N_WEIGHTS };
const char *carat_weights_name(enum carat_weights weights); /* "stored", "q8_0", "q4_0" */
/* By name, as on the command line; false where there is none such. */
bool carat_weights_find(const char *name, enum carat_weights *out);

/* Quantizes a model's matrices that are stored as f32, f16 or bf16; before the first session over it, once. Work is
 * shared out on `pool` (may be NULL). With q4_0 the head becomes q8_0. CARAT_EUNSUPPORTED where a
 * matrix is quantized already, or has rows that are no whole blocks of 32. */
enum carat_err carat_model_quantize(struct carat_model *model, enum carat_weights weights, struct pool *pool,
                                    struct err *err);

/* Everything about a checkpoint that can be told without computing, as an object, the caller's to json_decref(): family, shapes,
 * types and bytes, what the layers compute, files; "tokenizer" and "chat_template" have an "error" where they cannot be
 * read. docs/inspect.md has the keys. */
enum carat_err carat_model_describe(const char *path, json_t **out, struct err *err);

/* What the weights are: SHA-256 over config.json's bytes and the SHA-256 of each 64 MiB piece of
 * each weights file in name order; of a GGUF file, over those of its pieces alone. Reads every byte
 * once, on `pool` (may be NULL). */
enum carat_err carat_model_fingerprint(const struct carat_model *model, struct pool *pool,
                                       char out[SHA256_HEX], struct err *err);

/* A digest of what the file system says of those files, as they were opened, and of config.json's bytes: while it stays
 * the same, the fingerprint does, if `settled`. It is not while a file has changed in the last seconds (another change
 * might leave the same times) or is no longer the one that was opened. (A program that keeps a weights file mapped for
 * writing can change it unseen; none does.) */
void carat_model_stamp(const struct carat_model *model, char out[SHA256_HEX], bool *settled);

/* ---- session -------------------------------------------------------------------- */

enum carat_precision {
    CARAT_PRECISION_F32,  /* float32 activations: what parity is measured in */
    CARAT_PRECISION_BF16, /* activations rounded to bf16 as a product's input */
    CARAT_PRECISION_INT8, /* activations as a product's input quantized to 8 bits, block by block;
                             wants quantized weights */
    CARAT_N_PRECISIONS
};
const char *carat_precision_name(enum carat_precision precision); /* "f32", "bf16", "int8" */
/* By name, as on the command line; false where there is none such. */
bool carat_precision_find(const char *name, enum carat_precision *out);

struct carat_session_opts {
    enum carat_precision precision;
    size_t n_threads;    /* 0: one per CPU */
    size_t batch_tokens; /* most rows in one call; 0: 512 */
    size_t kv_tokens;    /* KV budget in tokens; 0: what fits memory_bytes, or 1/4 of free memory, for one full
                            sequence up to 1/2 */
    size_t memory_bytes; /* most for keys, values and work memory together; 0: no limit but kv_tokens */
};

struct carat_session;

enum carat_err carat_session_open(const struct carat_model *model, const struct carat_session_opts *opts,
                                  struct carat_session **out, struct err *err);
void carat_session_free(struct carat_session *s);
size_t carat_session_batch_tokens(const struct carat_session *s);

/* What a session takes at most, known when it is open: keys and values come as they are used, work memory is taken at
 * once. The weights are the mapped file's bytes, or those of its quantized form. */
struct carat_session_memory {
    size_t weights_bytes, kv_bytes, work_bytes;
};
struct carat_session_memory carat_session_memory(const struct carat_session *s);
size_t carat_session_kv_tokens(const struct carat_session *s);
size_t carat_session_kv_used(const struct carat_session *s);
const char *carat_session_isa(const struct carat_session *s); /* "avx2", "avx512", "portable", "neon", ... */

/* Are the bits those of every instruction set? False only at bf16, on CPUs with AVX512_BF16 whose dot product rounds in
 * another order than two multiply-adds (as Intel's does): there the numbers go with that kind of CPU. */
bool carat_session_canonical(const struct carat_session *s);

/* The kernels a session would use: the best for this CPU, or the one CARAT_ISA names. NULL with `err` set (which
 * may be NULL) where that one cannot be had. */
const char *carat_isa(struct err *err);

/* The KV tree. A node is a run of tokens behind its parent's; the root is empty and always
 * there. A node is made empty and filled by carat_forward(); from the first token of a child on
 * its parent can grow no more. A new node carries one reference, the caller's; it also holds one
 * on its parent, so memory is given back when the caller has released a node and its
 * children are gone. */
#define CARAT_NODE_ROOT ((uint32_t)0)
enum carat_err carat_node_new(struct carat_session *s, uint32_t parent, uint32_t *node, struct err *err);
void carat_node_release(struct carat_session *s, uint32_t node);
size_t carat_node_length(const struct carat_session *s, uint32_t node); /* tokens from the root on */

/* Tokens to append to a node. Spans are taken in order: a node's parent comes before it. The
 * same node may stand in one batch once. */
struct carat_span {
    uint32_t node;
    const int32_t *tokens;
    size_t n_tokens;
};

/* A question about the next token after row `row`. */
struct carat_ask {
    size_t row;
    int32_t target;  /* token whose log-probability is wanted; -1: none */
    size_t top_k;    /* how many best tokens to write to top_*, best first, ties to the lower id */
    int32_t *top_ids;      /* [top_k] caller's, or NULL */
    double *top_logprobs;  /* [top_k] caller's, or NULL */
    float *logits;         /* [vocab_size] caller's, or NULL: all of them, final (soft-capped) */
};
struct carat_reply {
    double logprob;  /* of the target: natural log, float32 arithmetic as the reference's; 0 when no target */
    int32_t best;    /* argmax; ties to the lower id */
    double best_logprob;
    double margin;   /* nats by which the best is ahead of the next; 0: a tie */
};

/* Computes one batch. The rows of all spans together must not pass batch_tokens. Asks may stand in any
 * order, several may name one row. On failure the tree is as before the call. */
enum carat_err carat_forward(struct carat_session *s, const struct carat_span *spans, size_t n_spans,
                             const struct carat_ask *asks, size_t n_asks, struct carat_reply *replies,
                             struct err *err);

/* ---- limits ----------------------------------------------------------------------- */

/* What the machine can do at most with a number of threads and the instructions of the CPU, or of the kernels that
 * CARAT_ISA names: what speeds are shares of. limits.c says what is measured. One caller at a time; it holds a buffer several times the last level cache. */
enum carat_limit {
    CARAT_LIMIT_READ, /* bytes a second, from memory */
    CARAT_LIMIT_FP32, /* operations a second; a multiply-add is two */
    CARAT_LIMIT_BF16, /* of dot products that add up in float32 */
    CARAT_LIMIT_INT8, /* of dot products that add up in 32 bits */
    CARAT_N_LIMITS
};
struct carat_limits;
/* n_threads 0: one per CPU. read_bytes: of the buffer; 0: what is far beyond the cache, a gibibyte or more. */
enum carat_err carat_limits_open(size_t n_threads, size_t read_bytes, struct carat_limits **out, struct err *err);
void carat_limits_free(struct carat_limits *l); /* NULL is fine */
size_t carat_limits_buffer_bytes(const struct carat_limits *l);
/* One run of about so many seconds; NaN where the instruction set has nothing of the kind. */
double carat_limits_measure(struct carat_limits *l, enum carat_limit limit, double seconds);

/* ---- sampling -------------------------------------------------------------------- */

struct carat_sampling {
    double temperature; /* 0: greedy */
    size_t top_k;       /* 0: all */
    double top_p;       /* 1 (or 0): all */
    uint64_t seed;
};

/* Draws the id for step `step` of a sequence: a pure function of logits, params and step (a counter-based
 * generator: no hidden state). `work` is [vocab] of scratch. */
int32_t carat_sample(const float *logits, size_t vocab, const struct carat_sampling *params, uint64_t step,
                     float *work);

#endif
