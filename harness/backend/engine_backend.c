/* The built-in engine as a backend. */
#include "backend_int.h"
#include "fingerprint.h"

#include <stdlib.h>

struct engine {
    struct backend base;
    struct carat_model *model;
    bool borrows_model;
    struct carat_session *session;
    struct backend_opts opts;
    bool add_bos;
    size_t max_length;
};

static void engine_free(struct backend *base)
{
    struct engine *be = (struct engine *)base;
    carat_session_free(be->session);
    if (!be->borrows_model)
        carat_model_free(be->model);
    free(be);
}

static const struct backend_ops engine_ops;

/* NULL when it is another kind of backend. */
static struct engine *engine_of(const struct backend *base)
{
    return base->ops == &engine_ops ? (struct engine *)(uintptr_t)base : NULL;
}

static enum carat_err quantize(struct carat_model *model, const struct backend_opts *opts, struct err *err)
{
    struct pool *pool;
    if (opts->weights == CARAT_WEIGHTS_STORED)
        return CARAT_OK;
    enum carat_err rc = pool_new(opts->n_threads, &pool, err);
    if (!rc)
        rc = carat_model_quantize(model, opts->weights, pool, err);
    pool_free(pool);
    return rc;
}

/* A session over be->model, and what of the options hangs on the model. */
static enum carat_err open_session(struct engine *be, struct err *err)
{
    const struct carat_model_info *info = carat_model_info(be->model);
    const struct carat_tokenizer_info *tok = carat_tokenizer_info(carat_model_tokenizer(be->model));
    struct carat_session_opts session = {.precision = be->opts.precision,
                                         .n_threads = be->opts.n_threads,
                                         .batch_tokens = be->opts.batch_tokens,
                                         .memory_bytes = be->opts.memory_bytes};
    be->add_bos = be->opts.add_bos < 0 ? tok->adds_bos : be->opts.add_bos;
    be->max_length = be->opts.max_length ? be->opts.max_length : info->max_positions;
    if (be->max_length > info->max_positions)
        return err_set(err, CARAT_EUSAGE, "--max-length %zu is more than the model's %zu positions", be->max_length,
                       info->max_positions);
    return carat_session_open(be->model, &session, &be->session, err);
}

enum carat_err backend_open_engine(const char *path, const struct backend_opts *opts, struct backend **out,
                                   struct err *err)
{
    *out = NULL;
    struct engine *be = calloc(1, sizeof *be);
    if (!be)
        return err_nomem(err, "a backend");
    be->base.ops = &engine_ops;
    be->opts = *opts;
    enum carat_err rc = carat_model_open(path, &be->model, err);
    if (!rc) {
        const char *warning = carat_tokenizer_info(carat_model_tokenizer(be->model))->warning;
        if (warning)
            log_warn("%s: %s", path, warning);
        rc = quantize(be->model, opts, err);
    }
    if (!rc)
        rc = open_session(be, err);
    if (rc)
        engine_free(&be->base);
    else
        *out = &be->base;
    return rc;
}

enum carat_err backend_open_again(const struct backend *first, size_t n_threads, size_t batch_tokens,
                                  struct backend **out, struct err *err)
{
    const struct engine *engine = engine_of(first);
    struct engine *be = engine ? calloc(1, sizeof *be) : NULL;
    *out = NULL;
    if (!engine)
        return err_set(err, CARAT_EUNSUPPORTED, "a server cannot be opened at other settings");
    if (!be)
        return err_nomem(err, "a backend");
    *be = (struct engine){.base = {&engine_ops}, .model = engine->model, .borrows_model = true, .opts = engine->opts};
    be->opts.n_threads = n_threads;
    be->opts.batch_tokens = batch_tokens;
    enum carat_err rc = open_session(be, err);
    if (rc)
        engine_free(&be->base);
    else
        *out = &be->base;
    return rc;
}

static json_t *describe_shapes(const struct carat_model_info *m)
{
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s}", "family", m->family, "architecture",
                     m->architecture, "n_layers", (json_int_t)m->n_layers, "hidden_size",
                     (json_int_t)m->hidden_size, "intermediate_size", (json_int_t)m->intermediate_size, "n_heads",
                     (json_int_t)m->n_heads, "n_kv_heads", (json_int_t)m->n_kv_heads, "head_dim",
                     (json_int_t)m->head_dim, "vocab_size", (json_int_t)m->vocab_size, "n_parameters",
                     (json_int_t)m->n_parameters, "weights_dtype", m->weights_dtype);
}

static enum carat_err engine_identify(struct backend *base, struct backend_identity *out, struct err *err)
{
    struct engine *be = (struct engine *)base;
    *out = (struct backend_identity){.isa = carat_session_isa(be->session)};
    enum carat_err rc = fingerprint_get(be->model, be->opts.n_threads, be->opts.rehash, out->weights_sha256, err);
    if (rc)
        return rc;
    const struct carat_tokenizer_info *tok = carat_tokenizer_info(carat_model_tokenizer(be->model));
    memcpy(out->tokenizer_sha256, tok->sha256, sizeof out->tokenizer_sha256);
    out->deciding = json_pack("{s:s, s:s, s:i, s:s, s:b, s:I, s:s, s:s}", "weights_sha256", out->weights_sha256,
                              "tokenizer_sha256", out->tokenizer_sha256, "numerics_version",
                              CARAT_NUMERICS_VERSION, "precision",
                              carat_precision_name(be->opts.precision), "add_bos", be->add_bos,
                              "max_length", (json_int_t)be->max_length, "truncation",
                              be->opts.truncation == TRUNCATE_LEFT ? "left" : "refuse", "decode",
                              be->opts.decode == DECODE_CONTINUATION ? "continuation" : "hf");
    if (out->deciding && be->opts.weights != CARAT_WEIGHTS_STORED) /* absent: runs of before this was a choice */
        json_object_set_new(out->deciding, "weights", json_string(carat_weights_name(be->opts.weights)));
    if (out->deciding && !carat_session_canonical(be->session))
        json_object_set_new(out->deciding, "bf16_dot", json_string("native"));
    out->descriptive = describe_shapes(carat_model_info(be->model));
    if (!out->deciding || !out->descriptive) {
        json_decref(out->deciding);
        json_decref(out->descriptive);
        return err_nomem(err, "the run's description");
    }
    return CARAT_OK;
}

static struct tokenize_rules rules_of(const struct engine *be)
{
    const struct carat_tokenizer *tok = carat_model_tokenizer(be->model);
    const struct carat_tokenizer_info *info = carat_tokenizer_info(tok);
    return (struct tokenize_rules){.tok = tok,
                                   .add_bos = be->add_bos,
                                   .bos = info->bos,
                                   .eos = info->eos,
                                   .max_length = be->max_length,
                                   .kv_tokens = carat_session_kv_tokens(be->session),
                                   .truncation = be->opts.truncation,
                                   .n_threads = be->opts.n_threads};
}

/* In the engine's place: every target is as likely, the best token ends what is generated. */
static enum carat_err reply_at_once(struct carat_session *s, const struct carat_span *spans, size_t n_spans,
                                    const struct carat_ask *asks, size_t n_asks, struct carat_reply *replies,
                                    struct err *err)
{
    (void)s;
    (void)spans;
    (void)n_spans;
    (void)err;
    for (size_t i = 0; i < n_asks; i++)
        replies[i] = (struct carat_reply){.logprob = asks[i].target >= 0 ? -1 : 0, .best = 1, .best_logprob = -1};
    return CARAT_OK;
}

static enum carat_err answer(void *context, const struct request *requests, size_t n,
                             const struct backend_events *events, struct backend_stats *stats, struct err *err)
{
    struct engine *be = context;
    const struct tokenize_rules rules = rules_of(be);
    struct schedule_rules schedule = {
        .tok = rules.tok, .model = carat_model_info(be->model), .decode = be->opts.decode,
        .forward = be->opts.no_compute ? reply_at_once : carat_forward};
    struct jobs jobs;
    *stats = (struct backend_stats){.n_requests = n};
    enum carat_err rc = jobs_tokenize(&rules, requests, n, events, stats, &jobs, err);
    if (rc)
        return rc;
    rc = schedule_run(be->session, &schedule, &jobs, events, stats, err);
    jobs_release(&jobs);
    return rc;
}

static enum carat_err engine_answer(struct backend *base, const struct request *requests, size_t n,
                                    const struct backend_events *events, struct backend_stats *stats, struct err *err)
{
    struct engine *be = (struct engine *)base;
    const struct tokenize_rules rules = rules_of(be);
    *stats = (struct backend_stats){.n_requests = n};
    return rolling_any(requests, n) ? rolling_answer(&rules, requests, n, events, answer, be, stats, err)
                                    : answer(be, requests, n, events, stats, err);
}

static const struct backend_ops engine_ops = {
    .free = engine_free, .identify = engine_identify, .answer = engine_answer};

const struct carat_model *backend_model(const struct backend *base)
{
    const struct engine *be = engine_of(base);
    return be ? be->model : NULL;
}

struct carat_session *backend_session(struct backend *base)
{
    const struct engine *be = engine_of(base);
    return be ? be->session : NULL;
}
