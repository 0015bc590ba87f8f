/* Promise 2: the same bits at any batch size, thread count, split, company and instruction set. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "engine/compute/kernels.h"
#include "tests/engine/tiny.h"
#include "tests/support/support.h"

#define LENGTH ((size_t)61) /* of every sequence */
#define SEQUENCES ((size_t)5)
#define CONTEXT ((size_t)37) /* tokens that all sequences have in common */

/* How the same numbers are asked for. */
struct way {
    const char *name;
    size_t batch, threads;
    const char *isa;  /* NULL: the best */
    bool shared;      /* the common context is computed once */
    bool packed;      /* sequences go through a batch together, not one after the other */
};

struct numbers {
    struct carat_reply replies[SEQUENCES][LENGTH];
    float *logits; /* [SEQUENCES, vocab]: after the last token */
};

static const struct way WAYS[] = {
    {"plain", 512, 1, NULL, false, false},
    {"batch 1", 1, 1, NULL, false, false},
    {"batch 7", 7, 1, NULL, false, false},
    {"batch 64", 64, 1, NULL, false, false},
    {"packed, batch 512", 512, 1, NULL, false, true},
    {"packed, batch 7", 7, 2, NULL, false, true},
    {"2 threads", 512, 2, NULL, false, true},
    {"3 threads", 512, 3, NULL, false, false},
    {"shared context, batch 512", 512, 2, NULL, true, true},
    {"shared context, batch 64", 64, 3, NULL, true, true},
    {"shared context, batch 1", 1, 2, NULL, true, true},
    {"portable", 512, 2, "portable", true, true},
    {"portable, batch 3", 3, 1, "portable", false, true},
#if defined(__x86_64__)
    {"avx2", 64, 2, "avx2", true, true},
    {"avx512", 64, 2, "avx512", true, true},
    {"avx512, batch 5", 5, 1, "avx512", false, true},
    {"avx512vnni", 64, 1, "avx512vnni", true, true},
    {"avx512bf16", 64, 2, "avx512bf16", true, true},
    {"avx512bf16, batch 5", 5, 1, "avx512bf16", false, true},
#elif defined(__aarch64__)
    {"neon", 64, 2, "neon", true, true},
#endif
};

static bool can_run(const char *isa)
{
    const struct kernel_table *t;
    for (size_t i = 0; isa && (t = kernels_at(i)); i++)
        if (strcmp(t->isa, isa) == 0)
            return true;
    return !isa;
}

static int32_t token(size_t sequence, size_t at, size_t vocab)
{
    size_t x = at < CONTEXT ? at * 7919 + 3 : at * 104729 + sequence * 1299709 + 11;
    return (int32_t)(x * 2654435761u % vocab);
}

struct job {
    struct carat_session *s;
    size_t vocab, batch;
    struct numbers *out;
    /* the batch that is being packed */
    struct carat_span spans[512];
    struct carat_ask asks[512];
    struct carat_reply replies[512];
    struct { size_t sequence, at; } where[512];
    int32_t tokens[512];
    size_t n_spans, n;
};

static void flush(struct job *j)
{
    struct err err = ERR_INIT;
    cr_assert_eq(carat_forward(j->s, j->spans, j->n_spans, j->asks, j->n, j->replies, &err), CARAT_OK, "%s", err.msg);
    for (size_t i = 0; i < j->n; i++)
        j->out->replies[j->where[i].sequence][j->where[i].at] = j->replies[i];
    j->n = j->n_spans = 0;
}

/* Appends tokens [from, to) of a sequence to a node, in as many batches as it takes. */
static void feed(struct job *j, uint32_t node, size_t sequence, size_t from, size_t to)
{
    for (size_t at = from; at < to; at++) {
        if (j->n == j->batch)
            flush(j);
        if (at == from || j->n == 0)
            j->spans[j->n_spans++] = (struct carat_span){.node = node, .tokens = &j->tokens[j->n]};
        j->spans[j->n_spans - 1].n_tokens++;
        j->tokens[j->n] = token(sequence, at, j->vocab);
        j->where[j->n].sequence = sequence;
        j->where[j->n].at = at;
        j->asks[j->n] = (struct carat_ask){
            .row = j->n,
            .target = at + 1 < LENGTH ? token(sequence, at + 1, j->vocab) : -1,
            .logits = at + 1 == LENGTH ? j->out->logits + sequence * j->vocab : NULL,
        };
        j->n++;
    }
}

/* False: at this precision this way's instruction set has bits of its own. */
static bool compute(const struct carat_model *model, const struct way *way, enum carat_precision precision,
                    struct numbers *out)
{
    struct err err = ERR_INIT;
    struct job j = {.vocab = carat_model_info(model)->vocab_size, .batch = way->batch, .out = out};
    uint32_t common = CARAT_NODE_ROOT, nodes[SEQUENCES];
    struct carat_session_opts opts = {
        .precision = precision, .n_threads = way->threads, .batch_tokens = way->batch, .kv_tokens = 400};
    if (way->isa)
        setenv("CARAT_ISA", way->isa, 1);
    else
        unsetenv("CARAT_ISA");
    cr_assert_eq(carat_session_open(model, &opts, &j.s, &err), CARAT_OK, "%s", err.msg);
    bool canonical = carat_session_canonical(j.s);
    if (way->shared) {
        cr_assert_eq(carat_node_new(j.s, CARAT_NODE_ROOT, &common, &err), CARAT_OK);
        feed(&j, common, 0, 0, CONTEXT);
    }
    for (size_t i = 0; i < SEQUENCES; i++) {
        cr_assert_eq(carat_node_new(j.s, common, &nodes[i], &err), CARAT_OK);
        feed(&j, nodes[i], i, way->shared ? CONTEXT : 0, LENGTH);
        if (!way->packed)
            flush(&j);
    }
    flush(&j);
    carat_session_free(j.s);
    return canonical;
}

/* A shared context is computed as the first sequence's. */
static bool same(const struct numbers *a, const struct numbers *b, size_t vocab, bool shared)
{
    for (size_t s = 0; s < SEQUENCES; s++)
        for (size_t i = shared && s ? CONTEXT : 0; i < LENGTH; i++) {
            const struct carat_reply *x = &a->replies[s][i], *y = &b->replies[s][i];
            if (memcmp(&x->logprob, &y->logprob, sizeof x->logprob) || x->best != y->best ||
                memcmp(&x->best_logprob, &y->best_logprob, sizeof x->best_logprob))
                return false;
        }
    return memcmp(a->logits, b->logits, SEQUENCES * vocab * sizeof *a->logits) == 0;
}

/* The sanitizers take the portable lanes, of which they keep every step, for minutes; what they look for in them they find
 * in the kernels' own tests. */
#if defined(__SANITIZE_ADDRESS__)
#define PORTABLE_IS_SLOW true
#else
#define PORTABLE_IS_SLOW false
#endif

/* `portable`: that slow way, too. */
static void check_all_ways(const struct carat_model *model, enum carat_precision precision, bool portable)
{
    size_t vocab = carat_model_info(model)->vocab_size;
    struct numbers want = {.logits = calloc(SEQUENCES * vocab, sizeof(float))};
    struct numbers got = {.logits = calloc(SEQUENCES * vocab, sizeof(float))};
    bool canonical = compute(model, &WAYS[0], precision, &want);
    for (size_t i = 1; i < sizeof WAYS / sizeof *WAYS; i++) {
        if (!can_run(WAYS[i].isa) || (!portable && WAYS[i].isa && strcmp(WAYS[i].isa, "portable") == 0))
            continue;
        memset(got.replies, 0, sizeof got.replies);
        memset(got.logits, 0, SEQUENCES * vocab * sizeof(float));
        if (compute(model, &WAYS[i], precision, &got) == canonical)
            cr_expect(same(&want, &got, vocab, WAYS[i].shared), "%s: other bits at %s by way of '%s'",
                      carat_model_info(model)->path, carat_precision_name(precision), WAYS[i].name);
    }
    free(want.logits);
    free(got.logits);
}

static void check_precisions(const struct carat_model *model, bool portable)
{
    check_all_ways(model, CARAT_PRECISION_F32, !PORTABLE_IS_SLOW);
    check_all_ways(model, CARAT_PRECISION_BF16, portable && !PORTABLE_IS_SLOW);
}

/* At int8 products read quantized weights: those of the file, or made here. */
static void check_int8(struct carat_model *model, enum carat_weights weights, bool portable)
{
    struct err err = ERR_INIT;
    cr_assert_eq(carat_model_quantize(model, weights, NULL, &err), CARAT_OK, "%s", err.msg);
    check_all_ways(model, CARAT_PRECISION_INT8, portable && !PORTABLE_IS_SLOW);
}

Test(bits, are_the_same_every_way_for_every_family, .timeout = 600)
{
    for (const struct tiny *t = TINY; t->model_type; t++) {
        struct carat_model *m = tiny_open(t);
        check_precisions(m, true);
        carat_model_free(m);
    }
}

Test(bits, are_the_same_every_way_for_a_long_inner_dimension, .timeout = 600)
{
    /* k beyond KERNEL_DEPTH: lanes are put aside between pieces */
    struct tiny wide = {"gemma", "BF16", 1, 1040, 2100, 2, 1, 16, 100, NULL, 0};
    struct carat_model *m = tiny_open(&wide);
    check_precisions(m, false);
    carat_model_free(m);
}

Test(bits, are_the_same_every_way_on_the_fixtures, .timeout = 600)
{
    static const char *const NAMES[] = {"gemma1-mqa-bf16", "gemma2-f32-sharded", "gemma3-bf16", "llama-gqa-f16-sharded",
                                        "mistral-swa-bf16"};
    SHARED_OR_SKIP(root, "fixtures/checkpoints");
    struct err err = ERR_INIT;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        struct carat_model *m;
        char *path = file_join(root, NAMES[i]);
        cr_assert_eq(carat_model_open(path, &m, &err), CARAT_OK, "%s", err.msg);
        check_precisions(m, false);
        carat_model_free(m);
        free(path);
    }
}

Test(bits, are_the_same_every_way_on_each_gguf_type, .timeout = 600)
{
    static const char *const NAMES[] = {"gemma1.q8_0.gguf", "gemma1-256.q6_k.gguf",   "llama.q4_0.gguf",
                                        "llama.q4_1.gguf",  "llama.q5_0.gguf",        "llama.q5_1.gguf",
                                        "llama-256.q2_k.gguf", "llama-256.q3_k_m.gguf", "llama-256.q5_k_m.gguf",
                                        "mistral-256.q4_k_m.gguf", "llama.f16.gguf"};
    SHARED_OR_SKIP(root, "fixtures/gguf");
    struct err err = ERR_INIT;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        struct carat_model *m;
        char *path = file_join(root, NAMES[i]);
        cr_assert_eq(carat_model_open(path, &m, &err), CARAT_OK, "%s", err.msg);
        check_precisions(m, false);
        carat_model_free(m);
        free(path);
    }
}

/* int8 wants rows of whole blocks. */
Test(bits, are_the_same_every_way_at_int8_for_every_family, .timeout = 600)
{
    for (const struct tiny *t = TINY; t->model_type; t++)
        for (int w = CARAT_WEIGHTS_Q8_0; w <= CARAT_WEIGHTS_Q4_0; w++) {
            struct tiny even = *t;
            even.hidden = 64;
            even.head_dim = 64 / t->heads == 64.0 / (double)t->heads ? 64 / t->heads : 32;
            even.inter = strcmp(t->model_type, "falcon") ? 96 : 256;
            if (strcmp(t->model_type, "falcon") == 0)
                even.heads = even.kv_heads == 1 ? 4 : 8, even.head_dim = 64 / even.heads;
            if (even.heads * even.head_dim % 32)
                even.head_dim = 32;
            struct carat_model *m = tiny_open(&even);
            check_int8(m, (enum carat_weights)w, w == CARAT_WEIGHTS_Q8_0);
            carat_model_free(m);
        }
}

Test(bits, are_the_same_every_way_at_int8_on_the_fixtures, .timeout = 600)
{
    static const char *const NAMES[] = {
        "checkpoints/gemma1-mqa-bf16", "checkpoints/gemma2-bf16",  "checkpoints/gemma3-mm-layout-bf16",
        "checkpoints/mistral-swa-bf16", "gguf/gemma1.q8_0.gguf",   "gguf/llama.q4_0.gguf",
        "gguf/llama.q5_1.gguf",        "gguf/llama-256.q2_k.gguf", "gguf/llama-256.q3_k_m.gguf",
        "gguf/llama-256.q5_k_m.gguf",  "gguf/mistral-256.q4_k_m.gguf", "gguf/gemma1-256.q6_k.gguf"};
    SHARED_OR_SKIP(root, "fixtures");
    struct err err = ERR_INIT;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        struct carat_model *m;
        char *path = file_join(root, NAMES[i]);
        cr_assert_eq(carat_model_open(path, &m, &err), CARAT_OK, "%s", err.msg);
        check_int8(m, strstr(NAMES[i], ".gguf") ? CARAT_WEIGHTS_STORED : CARAT_WEIGHTS_Q8_0, false);
        carat_model_free(m);
        free(path);
    }
}

Test(bits, int8_names_what_it_cannot_multiply)
{
    struct err err = ERR_INIT;
    struct carat_session *s;
    struct carat_session_opts opts = {.precision = CARAT_PRECISION_INT8, .kv_tokens = 64};
    struct carat_model *m = tiny_open(&TINY[0]);
    cr_assert_eq(carat_session_open(m, &opts, &s, &err), CARAT_EUNSUPPORTED);
    cr_assert(strstr(err.msg, "bf16") && strstr(err.hint, "blocks of 32"), "%s / %s", err.msg, err.hint);
    cr_assert_eq(carat_model_quantize(m, CARAT_WEIGHTS_Q8_0, NULL, &err), CARAT_EUNSUPPORTED);
    cr_assert(strstr(err.msg, "blocks of 32"), "%s", err.msg);
    carat_model_free(m);
    m = tiny_open(&(struct tiny){"llama", "F32", 1, 64, 96, 2, 2, 32, 100, NULL, 0});
    cr_assert_eq(carat_session_open(m, &opts, &s, &err), CARAT_EUNSUPPORTED);
    cr_assert(strstr(err.hint, "--weights q8_0"), "%s", err.hint);
    cr_assert_eq(carat_model_quantize(m, CARAT_WEIGHTS_Q8_0, NULL, &err), CARAT_OK);
    cr_assert_str_eq(carat_model_info(m)->weights_dtype, "q8_0");
    cr_assert_eq(carat_model_quantize(m, CARAT_WEIGHTS_Q8_0, NULL, &err), CARAT_EUNSUPPORTED, "once is enough");
    cr_assert_eq(carat_session_open(m, &opts, &s, &err), CARAT_OK, "%s", err.msg);
    carat_session_free(s);
    carat_model_free(m);
}
