/* test_goldens.c - every line of fixtures/tokenizer-goldens, or of the sample of it in tests/goldens/tokenizer,
 * in the three ways to open a tokenizer: tokenizer.model, tokenizer.json, the folder. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "engine/engine.h"
#include "tests/support/support.h"

enum way { AS_MODEL, AS_JSON, AS_FOLDER, N_WAYS };
static const char *const way_files[] = {"/tokenizer.model", "/tokenizer.json", ""};
/* The key of a line that has this way's answer; where it is absent the answer is SentencePiece's. */
static const char *const ids_keys[] = {"ids", "fast_ids", "hf_ids"};
static const char *const text_keys[] = {"decoded", "hf", "hf"};

struct tally {
    const struct carat_tokenizer *tok;
    enum way way;
    const char *path;
    size_t n, wrong;
};

static const json_t *answer(const json_t *value, const char *key, const char *otherwise)
{
    const json_t *a = json_object_get(value, key);
    return a ? a : json_object_get(value, otherwise);
}

static bool ids_equal(const struct carat_ids *ids, const json_t *want)
{
    bool equal = ids->n == json_array_size(want);
    for (size_t i = 0; i < ids->n && equal; i++)
        equal = ids->ids[i] == json_integer_value(json_array_get(want, i));
    return equal;
}

static void complain(struct tally *t, size_t line, const json_t *value, const char *what)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII);
    if (t->wrong++ < 3)
        cr_log_error("%s: line %zu: %s: %.400s", t->path, line, what, text);
    free(text);
}

static void check_encode(void *context, size_t line, const json_t *value)
{
    struct tally *t = context;
    struct carat_ids ids = {NULL, 0, 0};
    struct err err = ERR_INIT;
    struct str text;
    cr_assert(json_get_str(value, "text", &text));
    cr_assert_eq(carat_tokenizer_encode(t->tok, text, 0, &ids, &err), CARAT_OK, "%s", err.msg);
    t->n++;
    if (!ids_equal(&ids, answer(value, ids_keys[t->way], "ids")))
        complain(t, line, value, "ids differ");
    carat_ids_release(&ids);
}

static bool decodes_to(struct tally *t, const int32_t *ids, size_t n, const json_t *want)
{
    struct buf out = BUF_INIT(1 << 24);
    struct err err = ERR_INIT;
    cr_assert_eq(carat_tokenizer_decode(t->tok, ids, n, 0, &out, &err), CARAT_OK, "%s", err.msg);
    bool equal = str_eq(buf_str(&out), (struct str){json_string_value(want), json_string_length(want)});
    buf_release(&out);
    return equal;
}

static void check_decode(void *context, size_t line, const json_t *value)
{
    struct tally *t = context;
    const json_t *list = json_object_get(value, "ids");
    const json_t *pieces = t->way == AS_MODEL ? json_object_get(value, "pieces_decoded") : NULL;
    struct carat_ids ids = {NULL, 0, 0};
    for (size_t i = 0; i < json_array_size(list); i++)
        cr_assert_eq(carat_ids_push(&ids, (int32_t)json_integer_value(json_array_get(list, i))), CARAT_OK);
    t->n++;
    bool equal = decodes_to(t, ids.ids, ids.n, answer(value, text_keys[t->way], "decoded"));
    for (size_t i = 0; pieces && i < ids.n; i++)
        equal = equal && decodes_to(t, &ids.ids[i], 1, json_array_get(pieces, i));
    if (!equal)
        complain(t, line, value, "text differs");
    carat_ids_release(&ids);
}

/* What SentencePiece encoded it decodes again. */
static void check_round(void *context, size_t line, const json_t *value)
{
    struct tally *t = context;
    const json_t *list = json_object_get(value, "ids");
    struct carat_ids ids = {NULL, 0, 0};
    for (size_t i = 0; i < json_array_size(list); i++)
        cr_assert_eq(carat_ids_push(&ids, (int32_t)json_integer_value(json_array_get(list, i))), CARAT_OK);
    t->n++;
    if (!decodes_to(t, ids.ids, ids.n, json_object_get(value, "decoded")))
        complain(t, line, value, "the decoding differs");
    carat_ids_release(&ids);
}

/* `goldens`: the goldens' path without ".jsonl"; of the three answers there `way`'s are wanted. */
static void check_path(const char *path, enum way way, const char *goldens, size_t least)
{
    struct carat_tokenizer *tok;
    struct err err = ERR_INIT;
    cr_assert_eq(carat_tokenizer_open(path, &tok, &err), CARAT_OK, "%s", err.msg);
    struct tally encode = {tok, way, path, 0, 0}, decode = encode, round = encode;
    char file[1200];
    snprintf(file, sizeof file, "%s.jsonl", goldens);
    each_json_line(file, check_encode, &encode);
    if (way == AS_MODEL)
        each_json_line(file, check_round, &round);
    snprintf(file, sizeof file, "%s.decode.jsonl", goldens);
    each_json_line(file, check_decode, &decode);
    carat_tokenizer_free(tok);
    cr_log_info("%s: encode %zu / %zu, decode %zu / %zu", path, encode.n - encode.wrong, encode.n,
                decode.n - decode.wrong, decode.n);
    cr_expect_eq(encode.wrong, 0, "%s: %zu of %zu texts differ", path, encode.wrong, encode.n);
    cr_expect_eq(decode.wrong, 0, "%s: %zu of %zu id lists differ", path, decode.wrong, decode.n);
    cr_expect_eq(round.wrong, 0, "%s: %zu of %zu encodings are decoded otherwise", path, round.wrong, round.n);
    cr_expect_geq(encode.n, least);
}

/* `tokenizer`: a folder. */
static void check(const char *tokenizer, enum way way, const char *goldens, size_t least)
{
    char path[1200];
    snprintf(path, sizeof path, "%s%s", tokenizer, way_files[way]);
    check_path(path, way, goldens, least);
}

/* Checkpoints' folders, some with one of the two files alone, against the goldens of their tokenizer. */
static void check_checkpoint(const char *folder, enum way way, const char *name)
{
    char tokenizer[1100], goldens[1100];
    const char *root = shared_path("fixtures");
    snprintf(tokenizer, sizeof tokenizer, "%s/%s", root, folder);
    snprintf(goldens, sizeof goldens, "%s/tokenizer-goldens/%s", root, name);
    check_path(tokenizer, way, goldens, 800);
}

static void check_shared(const char *name, unsigned ways)
{
    char tokenizer[1100], goldens[1100];
    SHARED_OR_SKIP(root, "fixtures");
    snprintf(tokenizer, sizeof tokenizer, "%s/tokenizers/%s", root, name);
    snprintf(goldens, sizeof goldens, "%s/tokenizer-goldens/%s", root, name);
    for (enum way way = AS_MODEL; way < N_WAYS; way++)
        if (ways & 1u << way)
            check(tokenizer, way, goldens, 800);
}

Test(tokenizer_goldens, sample_of_gemma_equals_the_references)
{
    check(golden_path("tokenizer/gemma"), AS_MODEL, golden_path("tokenizer/gemma"), 80);
    check(golden_path("tokenizer/gemma"), AS_FOLDER, golden_path("tokenizer/gemma"), 80); /* no tokenizer.json there */
}

Test(tokenizer_goldens, sample_of_mistral_equals_the_references)
{
    for (enum way way = AS_MODEL; way < N_WAYS; way++)
        check(golden_path("tokenizer/mistral"), way, golden_path("tokenizer/mistral"), 80);
}

Test(tokenizer_goldens, gemma_equals_all_three_references) { check_shared("gemma", 7); }
Test(tokenizer_goldens, gemma3_equals_all_three_references) { check_shared("gemma3", 7); }
Test(tokenizer_goldens, llama_equals_all_three_references) { check_shared("llama", 7); }
Test(tokenizer_goldens, mistral_equals_all_three_references) { check_shared("mistral", 7); }
Test(tokenizer_goldens, real_llama2_equals_sentencepiece) { check_shared("llama2-real", 1); }
Test(tokenizer_goldens, real_mistral_v3_equals_sentencepiece) { check_shared("mistral-v3-real", 1); }

Test(tokenizer_goldens, checkpoint_folders_equal_autotokenizer)
{
    static const char *const folders[][2] = {
        {"checkpoints/gemma1-mha-bf16", "gemma"},  /* tokenizer.model only */
        {"checkpoints/gemma1-mqa-f32", "gemma"},
        {"checkpoints/gemma3-bf16", "gemma3"},
        {"checkpoints/gemma3-mm-layout-bf16", "gemma3"}, /* tokenizer.model only */
        {"checkpoints/llama-gqa-f16-sharded", "llama"},
        {"checkpoints/llama-mha-f32", "llama"},    /* tokenizer.model only */
        {"lmeval/models/gemma", "gemma"},
        {"lmeval/models/llama", "llama"},
    };
    SHARED_OR_SKIP(root, "fixtures");
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        check_checkpoint(folders[i][0], AS_FOLDER, folders[i][1]);
    /* With their model's type in config.json these run tokenizer.json as it is written, whatever class they name. */
    check_checkpoint("checkpoints/mistral-nowin-bf16", AS_JSON, "mistral");
    check_checkpoint("checkpoints/mistral-swa-bf16", AS_JSON, "mistral");
}

/* llama.cpp's own test texts: {"text", "ids"}. */
Test(tokenizer_goldens, llama_cpp_tests_of_the_real_llama2_vocabulary)
{
    struct carat_tokenizer *tok;
    struct err err = ERR_INIT;
    SHARED_OR_SKIP(path, "fixtures/tokenizers/llama2-real/llama-cpp-tests.jsonl");
    cr_assert_eq(carat_tokenizer_open(shared_path("fixtures/tokenizers/llama2-real/tokenizer.model"), &tok, &err), CARAT_OK,
                 "%s", err.msg);
    struct tally t = {tok, AS_MODEL, path, 0, 0};
    each_json_line(path, check_encode, &t);
    cr_expect_eq(t.wrong, 0);
    cr_expect_geq(t.n, 40);
    carat_tokenizer_free(tok);
}

/* logits/<checkpoint>/greedy.json: [{"prompt", "prompt_ids" (BOS first), "ids", "text"}]. The ids are AutoTokenizer's on the
 * folder, the text SentencePiece's (a valid character in a broken run of bytes is kept). */
static void check_greedy(const char *folder, const char *name)
{
    char path[1200];
    struct carat_tokenizer *tok, *model;
    struct err err = ERR_INIT;
    json_t *list;
    snprintf(path, sizeof path, "%s/checkpoints/%s", shared_path("fixtures"), folder);
    cr_assert_eq(carat_tokenizer_open(path, &tok, &err), CARAT_OK, "%s", err.msg);
    cr_expect(carat_tokenizer_info(tok)->adds_bos && !carat_tokenizer_info(tok)->warning, "%s", folder);
    snprintf(path, sizeof path, "%s/tokenizers/%s/tokenizer.model", shared_path("fixtures"), name);
    cr_assert_eq(carat_tokenizer_open(path, &model, &err), CARAT_OK, "%s", err.msg);
    snprintf(path, sizeof path, "%s/logits/%s/greedy.json", shared_path("fixtures"), folder);
    cr_assert_eq(json_read_file(path, 1 << 24, &list, &err), CARAT_OK, "%s", err.msg);
    cr_expect_gt(json_array_size(list), 0);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        struct tally t = {.tok = model, .way = AS_MODEL, .path = path};
        struct carat_ids ids = {NULL, 0, 0};
        struct str prompt;
        cr_assert(json_get_str(one, "prompt", &prompt));
        cr_assert_eq(carat_tokenizer_encode(tok, prompt, CARAT_TOK_BOS, &ids, &err), CARAT_OK, "%s", err.msg);
        cr_expect(ids_equal(&ids, json_object_get(one, "prompt_ids")), "%s: prompt %zu", folder, i);
        ids.n = 0;
        for (size_t k = 0; k < json_array_size(json_object_get(one, "ids")); k++)
            cr_assert_eq(carat_ids_push(&ids, (int32_t)json_integer_value(json_array_get(json_object_get(one, "ids"), k))), CARAT_OK);
        cr_expect(decodes_to(&t, ids.ids, ids.n, json_object_get(one, "text")), "%s: text %zu", folder, i);
        carat_ids_release(&ids);
    }
    json_decref(list);
    carat_tokenizer_free(tok);
    carat_tokenizer_free(model);
}

Test(tokenizer_goldens, greedy_prompts_and_texts_of_each_checkpoint)
{
    static const char *const folders[][2] = {
        {"gemma1-mha-bf16", "gemma"},     {"gemma1-mqa-bf16", "gemma"},          {"gemma1-mqa-f32", "gemma"},
        {"gemma2-bf16", "gemma"},         {"gemma2-f32-sharded", "gemma"},       {"gemma3-bf16", "gemma3"},
        {"llama-mha-f32", "llama"},       {"gemma3-mm-layout-bf16", "gemma3"},   {"llama-gqa-f16-sharded", "llama"},
        {"mistral-swa-bf16", "mistral"},  {"mistral-nowin-bf16", "mistral"},
    };
    SHARED_OR_SKIP(root, "fixtures");
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        check_greedy(folders[i][0], folders[i][1]);
}
