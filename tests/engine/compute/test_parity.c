/* The engine against the reference's logits, every checkpoint and GGUF file of the fixtures, and those of the families that they
 * lack (tests/engine/make_goldens.py). Each prints a line of the table: family, format, largest differences. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/model/model_int.h"
#include "tests/engine/npy.h"
#include "tests/support/support.h"

#define TOLERANCE 1e-3 /* what carat promises */
#define USUAL 2e-4     /* what float32 engines reach; more means a mistake */

struct name { /* by value: tests run in processes of their own */
    char text[32];
};
static struct name CHECKPOINTS[] = {
    {"gemma1-mha-bf16"},       {"gemma1-mqa-bf16"}, {"gemma1-mqa-f32"},     {"gemma2-bf16"},
    {"gemma2-f32-sharded"},    {"gemma3-bf16"},     {"gemma3-mm-layout-bf16"}, {"llama-gqa-f16-sharded"},
    {"llama-mha-f32"},         {"mistral-nowin-bf16"}, {"mistral-swa-bf16"},
};

static struct name GGUF_FILES[] = {
    {"gemma1-256.q4_k_m"}, {"gemma1-256.q6_k"},  {"gemma1.f32"},       {"gemma1.q4_0"},         {"gemma1.q8_0"},
    {"gemma2.bf16"},       {"gemma2.q8_0"},      {"gemma3.q4_0"},      {"gemma3.q8_0"},         {"llama-256.q2_k"},
    {"llama-256.q3_k_m"},  {"llama-256.q5_k_m"}, {"llama.f16"},        {"llama.q4_0"},          {"llama.q4_1"},
    {"llama.q5_0"},        {"llama.q5_1"},       {"llama.q8_0"},       {"mistral-256.q4_k_m"},  {"mistral.bf16"},
    {"mistral.q4_0"},
};

/* Under tests/goldens/engine; without tokenizers. */
static struct name OWN[] = {
    {"falcon-40b-f16"}, {"falcon-40b.q8_0.gguf"}, {"falcon-7b-bf16"},           {"falcon-7b.f32.gguf"},
    {"falcon-sequential-bf16"}, {"llama3-biases-f16-sharded"}, {"llama3-tied-bf16"}, {"llama3.q8_0.gguf"},
    {"qwen2.q4_0.gguf"},
};

struct largest {
    double logit, lse, nll;
};

static void keep(double *most, double a, double b)
{
    double d = fabs(a - b);
    if (!(d <= *most))
        *most = d;
}

static int32_t *ids_of(const json_t *list, size_t *n)
{
    *n = json_array_size(list);
    int32_t *ids = calloc(*n + 1, sizeof *ids);
    for (size_t i = 0; i < *n; i++)
        ids[i] = (int32_t)json_integer_value(json_array_get(list, i));
    return ids;
}

static struct npy open_file(const char *dir, const json_t *case_, const char *key, const char *descr)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, json_string_value(json_object_get(json_object_get(case_, "files"), key)));
    return npy_open(path, descr);
}

static bool has(const json_t *case_, const char *key)
{
    return json_object_get(json_object_get(case_, "files"), key) != NULL;
}

/* All rows in one call, all logits of each. logits: [n, vocab]. */
static void run_case(struct carat_session *s, const int32_t *ids, size_t n, size_t vocab, float *logits,
                     struct carat_reply *replies)
{
    struct err err = ERR_INIT;
    uint32_t node;
    struct carat_ask *asks = calloc(n, sizeof *asks);
    for (size_t i = 0; i < n; i++)
        asks[i] = (struct carat_ask){.row = i, .target = i + 1 < n ? ids[i + 1] : -1, .logits = logits + i * vocab};
    cr_assert_eq(carat_node_new(s, CARAT_NODE_ROOT, &node, &err), CARAT_OK, "%s", err.msg);
    struct carat_span span = {node, ids, n};
    cr_assert_eq(carat_forward(s, &span, 1, asks, n, replies, &err), CARAT_OK, "%s", err.msg);
    carat_node_release(s, node);
    cr_assert_eq(carat_session_kv_used(s), 0);
    free(asks);
}

static double lse_of(const float *x, size_t n)
{
    double max = (double)x[0], sum = 0;
    for (size_t i = 1; i < n; i++)
        max = (double)x[i] > max ? (double)x[i] : max;
    for (size_t i = 0; i < n; i++)
        sum += exp((double)x[i] - max);
    return max + log(sum);
}

static void compare_logits(const char *dir, const json_t *case_, const float *logits, size_t n, size_t vocab,
                           struct largest *most)
{
    struct npy top_ids = open_file(dir, case_, "top_ids", "<i4"), top = open_file(dir, case_, "top_logits", "<f4");
    struct npy last = open_file(dir, case_, "last", "<f4");
    size_t k = top_ids.dims[1];
    cr_assert_eq(top_ids.dims[0], n);
    cr_assert_eq(last.n, vocab);
    for (size_t i = 0; i < n * k; i++)
        keep(&most->logit, (double)((const float *)top.data)[i],
             (double)logits[i / k * vocab + (size_t)((const int32_t *)top_ids.data)[i]]);
    for (size_t i = 0; i < vocab; i++)
        keep(&most->logit, (double)((const float *)last.data)[i], (double)logits[(n - 1) * vocab + i]);
    if (has(case_, "logits")) {
        struct npy all = open_file(dir, case_, "logits", "<f4");
        cr_assert_eq(all.n, n * vocab);
        for (size_t i = 0; i < all.n; i++)
            keep(&most->logit, (double)((const float *)all.data)[i], (double)logits[i]);
        npy_close(&all);
    }
    npy_close(&top_ids);
    npy_close(&top);
    npy_close(&last);
}

static void check_case(struct carat_session *s, const char *dir, const json_t *case_, size_t vocab,
                       struct largest *most)
{
    size_t n;
    int32_t *ids = ids_of(json_object_get(case_, "ids"), &n);
    float *logits = calloc(n * vocab, sizeof *logits);
    struct carat_reply *replies = calloc(n, sizeof *replies);
    run_case(s, ids, n, vocab, logits, replies);
    compare_logits(dir, case_, logits, n, vocab, most);
    struct npy lse = open_file(dir, case_, "lse", "<f4");
    for (size_t i = 0; i < n; i++) {
        double own = (double)logits[i * vocab + (size_t)replies[i].best] - replies[i].best_logprob;
        keep(&most->lse, (double)((const float *)lse.data)[i], own);
        cr_assert(fabs(own - lse_of(logits + i * vocab, vocab)) < 2e-6);
    }
    npy_close(&lse);
    if (has(case_, "nll")) {
        struct npy nll = open_file(dir, case_, "nll", "<f4");
        cr_assert_eq(nll.n, n - 1);
        for (size_t i = 0; i + 1 < n; i++)
            keep(&most->nll, (double)((const float *)nll.data)[i], -replies[i].logprob);
        npy_close(&nll);
    }
    free(ids);
    free(logits);
    free(replies);
}

/* Prompt in one call, then a token a call; end-of-sequence does not stop it. */
static void check_greedy(struct carat_session *s, const char *dir)
{
    char path[560];
    struct err err = ERR_INIT;
    json_t *list, *item;
    size_t index;
    snprintf(path, sizeof path, "%s/greedy.json", dir);
    cr_assert_eq(json_read_file(path, 1 << 20, &list, &err), CARAT_OK, "%s", err.msg);
    json_array_foreach(list, index, item)
    {
        size_t n, n_want;
        uint32_t node;
        int32_t *prompt = ids_of(json_object_get(item, "prompt_ids"), &n);
        int32_t *want = ids_of(json_object_get(item, "ids"), &n_want), next;
        cr_assert_eq(carat_node_new(s, CARAT_NODE_ROOT, &node, &err), CARAT_OK);
        struct carat_span span = {node, prompt, n};
        for (size_t i = 0; i < n_want; i++) {
            struct carat_ask ask = {.row = span.n_tokens - 1, .target = -1};
            struct carat_reply reply;
            cr_assert_eq(carat_forward(s, &span, 1, &ask, 1, &reply, &err), CARAT_OK, "%s", err.msg);
            cr_assert_eq(reply.best, want[i], "%s: prompt %zu, token %zu is %d, want %d", dir, index, i, reply.best,
                         want[i]);
            next = reply.best;
            span = (struct carat_span){node, &next, 1};
        }
        carat_node_release(s, node);
        free(prompt);
        free(want);
    }
    json_decref(list);
}

/* All cases of the folder `golden` by the model at `path`. */
static void check_model(const char *path, const char *golden, const char *name)
{
    char list[600];
    struct err err = ERR_INIT;
    struct carat_model *model;
    struct carat_session *s;
    json_t *cases, *item;
    size_t i;
    struct largest most = {0};
    cr_assert_eq(model_open_weights(path, &model, &err), CARAT_OK, "%s", err.msg);
    struct carat_session_opts opts = {.n_threads = 2, .kv_tokens = 1024};
    cr_assert_eq(carat_session_open(model, &opts, &s, &err), CARAT_OK, "%s", err.msg);
    size_t vocab = carat_model_info(model)->vocab_size;
    snprintf(list, sizeof list, "%s/cases.json", golden);
    cr_assert_eq(json_read_file(list, 1 << 20, &cases, &err), CARAT_OK, "%s", err.msg);
    cr_assert_gt(json_array_size(cases), 0);
    json_array_foreach(cases, i, item) check_case(s, golden, item, vocab, &most);
    const struct carat_model_info *info = carat_model_info(model);
    fprintf(stderr, "parity: %-8s %-7s %-5s %-26s %-8s logit %.1e  lse %.1e  nll %.1e\n", info->family,
            model->is_gguf ? "gguf" : "folder", info->weights_dtype, name, carat_session_isa(s), most.logit, most.lse,
            most.nll);
    check_greedy(s, golden);
    cr_expect(most.logit <= USUAL && most.lse <= USUAL && most.nll <= USUAL);
    cr_assert(most.logit <= TOLERANCE && most.lse <= TOLERANCE && most.nll <= TOLERANCE);
    json_decref(cases);
    carat_session_free(s);
    carat_model_free(model);
}

ParameterizedTestParameters(parity, logits_equal_the_reference)
{
    return cr_make_param_array(struct name, CHECKPOINTS, sizeof CHECKPOINTS / sizeof *CHECKPOINTS);
}

ParameterizedTest(struct name *name, parity, logits_equal_the_reference, .timeout = 300)
{
    SHARED_OR_SKIP(root, "fixtures");
    char path[512], golden[512];
    snprintf(path, sizeof path, "%s/checkpoints/%s", root, name->text);
    snprintf(golden, sizeof golden, "%s/logits/%s", root, name->text);
    check_model(path, golden, name->text);
}

ParameterizedTestParameters(parity, gguf_logits_equal_the_reference_on_dequantized_weights)
{
    return cr_make_param_array(struct name, GGUF_FILES, sizeof GGUF_FILES / sizeof *GGUF_FILES);
}

ParameterizedTest(struct name *name, parity, gguf_logits_equal_the_reference_on_dequantized_weights, .timeout = 300)
{
    SHARED_OR_SKIP(root, "fixtures/gguf");
    char path[512], golden[512];
    snprintf(path, sizeof path, "%s/%s.gguf", root, name->text);
    snprintf(golden, sizeof golden, "%s/%s", root, name->text);
    check_model(path, golden, name->text);
}

ParameterizedTestParameters(parity, the_further_families_equal_the_reference)
{
    return cr_make_param_array(struct name, OWN, sizeof OWN / sizeof *OWN);
}

ParameterizedTest(struct name *name, parity, the_further_families_equal_the_reference, .timeout = 300)
{
    char path[512], golden[512];
    const char *root = golden_path("engine");
    struct str stem = str_from(name->text);
    stem.n -= str_ends(stem, STR(".gguf")) ? 5 : 0;
    snprintf(path, sizeof path, "%s/%s", root, name->text);
    snprintf(golden, sizeof golden, "%s/%.*s.golden", root, (int)stem.n, stem.p);
    check_model(path, golden, name->text);
}
