/* test_hf.c - tokenizer.json's steps, folders' settings, damaged files. */
#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "engine/engine.h"
#include "engine/tokenizer/hf.h"
#include "engine/tokenizer/spm.h"
#include "tests/support/support.h"

#define SP "\xE2\x96\x81"

static const char *dir;
static void setup(void) { dir = temp_dir(); }
static void teardown(void) { temp_remove(dir); }
TestSuite(hf, .init = setup, .fini = teardown);

static void write_file(const char *name, const char *text)
{
    char path[1100];
    struct err err = ERR_INIT;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    cr_assert_eq(file_write(path, text, strlen(text), &err), CARAT_OK, "%s", err.msg);
}

static enum carat_err open_json(const char *json, struct carat_tokenizer **tok, struct err *err)
{
    char path[1100];
    write_file("tokenizer.json", json);
    snprintf(path, sizeof path, "%s/tokenizer.json", dir);
    return carat_tokenizer_open(path, tok, err);
}

static struct carat_tokenizer *opened(const char *json)
{
    struct carat_tokenizer *tok;
    struct err err = ERR_INIT;
    cr_assert_eq(open_json(json, &tok, &err), CARAT_OK, "%s", err.msg);
    return tok;
}

static struct carat_tokenizer *opened_folder(void)
{
    struct carat_tokenizer *tok;
    struct err err = ERR_INIT;
    cr_assert_eq(carat_tokenizer_open(dir, &tok, &err), CARAT_OK, "%s", err.msg);
    return tok;
}

static const char *encoded(const struct carat_tokenizer *tok, const char *text)
{
    static char lines[4][1000];
    static unsigned turn;
    char *line = lines[turn++ % 4];
    struct carat_ids ids = {NULL, 0, 0};
    struct err err = ERR_INIT;
    size_t n = 0;
    cr_assert_eq(carat_tokenizer_encode(tok, str_from(text), 0, &ids, &err), CARAT_OK, "%s", err.msg);
    line[0] = '\0';
    for (size_t i = 0; i < ids.n; i++)
        n += (size_t)snprintf(line + n, sizeof lines[0] - n, i ? " %d" : "%d", ids.ids[i]);
    carat_ids_release(&ids);
    return line;
}

static const char *decoded(const struct carat_tokenizer *tok, const int32_t *ids, size_t n, unsigned flags)
{
    static char line[1000];
    struct buf out = BUF_INIT(1000);
    struct err err = ERR_INIT;
    cr_assert_eq(carat_tokenizer_decode(tok, ids, n, flags, &out, &err), CARAT_OK, "%s", err.msg);
    snprintf(line, sizeof line, "%s", buf_str(&out).p);
    buf_release(&out);
    return line;
}
#define DECODED(tok, flags, ...) \
    decoded(tok, (const int32_t[]){__VA_ARGS__}, sizeof((const int32_t[]){__VA_ARGS__}) / 4, flags)

/* ---- steps ----------------------------------------------------------------------------------- */

#define MODEL(vocab, merges) "\"model\":{\"type\":\"BPE\",\"vocab\":{" vocab "},\"merges\":[" merges "]}"

Test(hf, merges_go_by_rank_then_leftmost)
{
    struct carat_tokenizer *tok = opened("{" MODEL("\"a\":0,\"b\":1,\"ab\":2,\"ba\":3,\"aba\":4", "\"b a\",[\"a\",\"b\"],\"a ba\"") "}");
    cr_expect_str_eq(encoded(tok, "abab"), "4 1");
    cr_expect_str_eq(encoded(tok, "ab"), "2");
    cr_expect_str_eq(encoded(tok, "axb"), "2", "without an unknown token, what is no piece leaves nothing");
    cr_expect_str_eq(DECODED(tok, 0, 2, 1), "ab b", "without a decoder pieces are joined by spaces");
    carat_tokenizer_free(tok);
}

Test(hf, byte_level_words_as_gpt2_cuts_them)
{
    struct carat_tokenizer *tok = opened(
        "{\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":true},"
        "\"decoder\":{\"type\":\"ByteLevel\"}," MODEL(
            "\"a\":0,\"b\":1,\"\xC4\xA0\":2,\"\xC4\xA0" "a\":3,\"'\":4,\"s\":5,\"'s\":6,\"1\":7,\"\xC3\xA9\":8,\"\xC3\x83\":9,"
            "\"\xC2\xA9\":10,\"11\":11,\"\xC4\xA0\xC4\xA0\":12,\"a1\":13,\"\xC3\xA2\":14,\"\xC4\xA4\":15,\"\xC2\xAC\":16",
            "\"\xC4\xA0 a\",\"' s\",\"1 1\",\"\xC4\xA0 \xC4\xA0\",\"a 1\"") "}");
    cr_expect_str_eq(encoded(tok, "a a's11"), "0 3 6 11");
    cr_expect_str_eq(encoded(tok, "a   a"), "0 12 3", "the last space goes with the word");
    cr_expect_str_eq(encoded(tok, "a  "), "0 12");
    cr_expect_str_eq(encoded(tok, "a1"), "0 7", "no merge from word to word");
    cr_expect_str_eq(encoded(tok, "\xC3\xA9"), "9 10", "two bytes");
    cr_expect_str_eq(DECODED(tok, 0, 9, 10, 3), "\xC3\xA9 a");
    cr_expect_str_eq(DECODED(tok, 0, 9, 0), "\xEF\xBF\xBD" "a");
    cr_expect_str_eq(DECODED(tok, 0, 14, 15, 0), "\xEF\xBF\xBD" "a", "one for the beginning of a character");
    cr_expect_str_eq(DECODED(tok, 0, 8), "\xEF\xBF\xBD", "U+00E9 stands for the byte E9");
    carat_tokenizer_free(tok);
}

/* Llama 3's: a regular expression, then bytes. */
Test(hf, a_split_by_regular_expression_then_bytes)
{
    struct carat_tokenizer *tok = opened(
        "{\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":"
        "\"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}{1,3}| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|"
        "\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+\"},\"behavior\":\"Isolated\",\"invert\":false},"
        "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":false}]},\"decoder\":{\"type\":\"ByteLevel\"},"
        "\"added_tokens\":[{\"id\":6,\"content\":\"<|b|>\",\"special\":true}],"
        "\"post_processor\":{\"type\":\"Sequence\",\"processors\":[{\"type\":\"ByteLevel\"},{\"type\":\"TemplateProcessing\","
        "\"single\":[{\"SpecialToken\":{\"id\":\"<|b|>\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],"
        "\"special_tokens\":{\"<|b|>\":{\"id\":\"<|b|>\",\"ids\":[6],\"tokens\":[\"<|b|>\"]}}}]},"
        "\"model\":{\"type\":\"BPE\",\"ignore_merges\":true,\"vocab\":{\"1\":0,\"11\":1,\"111\":2,\"\xC4\xA0\":3,\"a\":4,\"\xC4\xA0" "aa\":5},"
        "\"merges\":[\"1 1\"]}}");
    cr_expect_str_eq(encoded(tok, "11111"), "2 1", "three digits at most; 111 is whole without a merge");
    cr_expect_str_eq(encoded(tok, "a aa"), "4 5");
    cr_expect_str_eq(encoded(tok, "a<|b|>a"), "4 6 4");
    cr_expect_str_eq(DECODED(tok, 0, 6, 5), "<|b|> aa");
    cr_expect_str_eq(DECODED(tok, CARAT_TOK_SKIP_SPECIAL, 6, 5), " aa");
    cr_expect(carat_tokenizer_info(tok)->adds_bos && carat_tokenizer_info(tok)->bos == 6);
    carat_tokenizer_free(tok);
}

static const struct {
    const char *behavior, *invert, *ids;
} splits[] = { /* of "aa--a": a 0, - 1, aa 2, -- 3, a- 4, -a 5 */
    {"Removed", "false", "2 0"},
    {"Isolated", "false", "2 1 1 0"},
    {"MergedWithPrevious", "false", "0 4 1 0"},
    {"MergedWithNext", "false", "2 1 5"},
    {"Contiguous", "false", "2 3 0"},
    {"Removed", "true", "1 1"},
};

Test(hf, split_behaviors)
{
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
        char json[1000];
        snprintf(json, sizeof json,
                 "{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"String\":\"-\"},\"behavior\":\"%s\",\"invert\":%s},"
                 MODEL("\"a\":0,\"-\":1,\"aa\":2,\"--\":3,\"a-\":4,\"-a\":5", "\"a -\",\"a a\",\"- -\",\"- a\"") "}",
                 splits[i].behavior, splits[i].invert);
        struct carat_tokenizer *tok = opened(json);
        cr_expect_str_eq(encoded(tok, "aa--a"), splits[i].ids, "%s %s: %s", splits[i].behavior, splits[i].invert,
                         encoded(tok, "aa--a"));
        carat_tokenizer_free(tok);
    }
}

/* Falcon's: digits in groups of three, punctuation apart. */
Test(hf, digits_and_punctuation_stand_apart)
{
    struct carat_tokenizer *tok = opened(
        "{\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Punctuation\",\"behavior\":\"Contiguous\"},"
        "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":true},{\"type\":\"Digits\",\"individual_digits\":false},"
        "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"[0-9][0-9][0-9]\"},\"behavior\":\"Isolated\",\"invert\":false}]},"
        MODEL("\"1\":0,\"11\":1,\".\":2,\"..\":3,\"a\":4,\"1a\":5,\".1\":6", "\"1 a\",\". 1\",\"1 1\",\". .\"") "}");
    cr_expect_str_eq(encoded(tok, "..11111a"), "3 1 0 1 4");
    carat_tokenizer_free(tok);
}

Test(hf, metaspace_prefixes_and_splits)
{
    static const struct {
        const char *settings, *text, *ids;
    } rows[] = { /* a 0, mark 1, mark a 2, x 3 (added) */
        {"\"prepend_scheme\":\"always\",\"split\":true", "a axa", "2 2 3 2"},
        {"\"prepend_scheme\":\"first\",\"split\":true", "a axa", "2 2 3 0"},
        {"\"prepend_scheme\":\"never\",\"split\":false", "a axa", "0 2 3 0"},
        {"\"add_prefix_space\":true", " axa", "2 3 2"},
        {"\"add_prefix_space\":false", "axa", "0 3 0"},
        {"\"prepend_scheme\":\"first\"", "xa", "3 0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char json[1000];
        snprintf(json, sizeof json,
                 "{\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"" SP "\",%s},\"decoder\":{\"type\":\"Metaspace\","
                 "\"replacement\":\"" SP "\",%s},\"added_tokens\":[{\"id\":3,\"content\":\"x\"}],"
                 MODEL("\"a\":0,\"" SP "\":1,\"" SP "a\":2", "\"" SP " a\"") "}",
                 rows[i].settings, rows[i].settings);
        struct carat_tokenizer *tok = opened(json);
        cr_expect_str_eq(encoded(tok, rows[i].text), rows[i].ids, "%s: %s", rows[i].settings, encoded(tok, rows[i].text));
        carat_tokenizer_free(tok);
    }
}

Test(hf, added_tokens_take_white_space_along)
{
    struct carat_tokenizer *tok = opened(
        "{\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"String\":\"b\"},\"content\":\"a\"},"
        "\"added_tokens\":[{\"id\":2,\"content\":\"<l>\",\"lstrip\":true},{\"id\":3,\"content\":\"<r>\",\"rstrip\":true},"
        "{\"id\":4,\"content\":\"<l>m\"},{\"id\":5,\"content\":\"aba\",\"normalized\":true}]," MODEL("\"a\":0,\" \":1", "") "}");
    cr_expect_str_eq(encoded(tok, "b  <l> a"), "0 2 1 0");
    cr_expect_str_eq(encoded(tok, "a <r>  a"), "0 1 3 0");
    cr_expect_str_eq(encoded(tok, "<r>  <l>"), "3 2");
    cr_expect_str_eq(encoded(tok, " <l>m"), "1 4", "the longest");
    cr_expect_str_eq(encoded(tok, "bbbb"), "5 0", "looked for, and itself, behind the normalizer");
    carat_tokenizer_free(tok);
}

Test(hf, byte_fallback_and_unknown_runs)
{
    struct carat_tokenizer *tok = opened(
        "{\"decoder\":{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"},"
        "{\"type\":\"Strip\",\"content\":\"a\",\"start\":1,\"stop\":2}]},\"model\":{\"type\":\"BPE\",\"unk_token\":\"u\",\"fuse_unk\":true,"
        "\"byte_fallback\":true,\"vocab\":{\"u\":0,\"a\":1,\"<0xC3>\":2,\"<0xA9>\":3},\"merges\":[]}}");
    cr_expect_str_eq(encoded(tok, "xya\xC3\xA9z"), "0 1 2 3 0");
    cr_expect_str_eq(encoded(tok, "x\xC3\xA9y"), "2 3 0", "an oddity of the original: the bytes come before the unknown run");
    cr_expect_str_eq(DECODED(tok, 0, 1, 1, 2, 3, 1, 1, 1), "a\xC3\xA9" "a");
    cr_expect_str_eq(DECODED(tok, 0, 2, 0, 2, 3, 3), "\xEF\xBF\xBDu\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    carat_tokenizer_free(tok);
}

/* ---- folders ---------------------------------------------------------------------------------- */

static size_t count_merges(const struct hf *h)
{
    size_t n = 0;
    for (size_t i = 0; i < h->n_slots; i++)
        n += h->merges[i].pair != 0;
    return n;
}

static void check_merges(const char *folder)
{
    struct spm spm = {.vocab = VOCAB_INIT};
    struct hf ours, theirs;
    struct buf model = BUF_INIT(1 << 24), json = BUF_INIT(1 << 24);
    struct err err = ERR_INIT;
    char path[1200];
    hf_init(&ours), hf_init(&theirs);
    snprintf(path, sizeof path, "%s/tokenizer.model", folder);
    cr_assert_eq(file_read(path, 1 << 23, &model, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(spm_read(buf_str(&model), path, &spm, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(hf_from_spm(&spm, &ours, &err), CARAT_OK, "%s", err.msg);
    snprintf(path, sizeof path, "%s/tokenizer.json", folder);
    cr_assert_eq(file_read(path, 1 << 23, &json, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(hf_read_json(buf_str(&json), path, 0, &theirs, &err), CARAT_OK, "%s", err.msg);
    cr_expect_eq(count_merges(&ours), count_merges(&theirs));
    for (size_t i = 0; i < ours.n_slots; i++) {
        uint64_t pair = ours.merges[i].pair - 1;
        const struct hf_merge *merge = hf_find_merge(&theirs, (int32_t)(pair >> 32), (int32_t)(uint32_t)pair);
        cr_expect(!ours.merges[i].pair || (merge && merge->rank == ours.merges[i].rank), "%s", folder);
    }
    spm_release(&spm);
    hf_release(&ours), hf_release(&theirs);
    buf_release(&model), buf_release(&json);
}

Test(hf, merges_made_from_scores_are_those_of_the_conversion)
{
    check_merges(golden_path("tokenizer/mistral"));
    SHARED_OR_SKIP(gemma, "fixtures/tokenizers/gemma");
    check_merges(gemma);
    check_merges(shared_path("fixtures/tokenizers/gemma3"));
    check_merges(shared_path("fixtures/tokenizers/llama"));
}

#define SMALL "{\"pre_tokenizer\":null," MODEL("\"<s>\":0,\"</s>\":1,\"<unk>\":2,\"a\":3,\"" SP "\":4,\"" SP "a\":5", "\"" SP " a\"") \
    "%s}"
#define ADDED ",\"added_tokens\":[{\"id\":0,\"content\":\"<s>\",\"special\":true}]," \
    "\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<s>\"}},{\"Sequence\":{\"id\":\"A\"}}]," \
    "\"special_tokens\":{\"<s>\":{\"ids\":[0]}}}"

static void write_small(const char *config)
{
    char json[1000];
    snprintf(json, sizeof json, SMALL, ADDED);
    write_file("tokenizer.json", json);
    write_file("tokenizer_config.json", config);
}

Test(hf, llama_prefix_follows_legacy)
{
    static const struct {
        const char *config, *ids;
        bool adds_bos;
    } rows[] = {
        {"{\"tokenizer_class\":\"LlamaTokenizer\",\"legacy\":true}", "5 0 5", true},
        {"{\"tokenizer_class\":\"LlamaTokenizerFast\",\"legacy\":false,\"add_bos_token\":false}", "5 0 3", false},
        {"{\"tokenizer_class\":\"LlamaTokenizer\"}", "5 0 3", true},
        {"{\"tokenizer_class\":\"LlamaTokenizer\",\"add_prefix_space\":false}", "3 0 3", true},
        {"{\"tokenizer_class\":\"GemmaTokenizer\",\"bos_token\":\"<s>\"}", "3 0 3", true},
        {"{\"tokenizer_class\":\"PreTrainedTokenizerFast\"}", "3 0 3", true},
        {"{\"tokenizer_class\":\"PreTrainedTokenizerFast\",\"add_bos_token\":false}", "3 0 3", false},
        {"{}", "3 0 3", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        write_small(rows[i].config);
        struct carat_tokenizer *tok = opened_folder();
        cr_expect_str_eq(encoded(tok, "a<s>a"), rows[i].ids, "%s: %s", rows[i].config, encoded(tok, "a<s>a"));
        cr_expect_eq(carat_tokenizer_info(tok)->adds_bos, rows[i].adds_bos, "%s", rows[i].config);
        cr_expect_null(carat_tokenizer_info(tok)->warning);
        carat_tokenizer_free(tok);
    }
}

Test(hf, the_class_and_the_model_type_decide_the_pipeline)
{
    static const struct {
        const char *config, *model, *ids;
    } rows[] = {
        {"{}", "{\"model_type\":\"mistral\"}", "3"},
        {"{\"tokenizer_class\":\"LlamaTokenizer\"}", "{\"model_type\":\"llama\"}", "5"},
        {"{\"tokenizer_class\":\"LlamaTokenizer\"}", "{\"model_type\":\"mistral\"}", "3"},
        {"{}", "{\"tokenizer_class\":\"LlamaTokenizer\"}", "5"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        write_small(rows[i].config);
        write_file("config.json", rows[i].model);
        struct carat_tokenizer *tok = opened_folder();
        cr_expect_str_eq(encoded(tok, "a"), rows[i].ids, "%s, %s", rows[i].config, rows[i].model);
        carat_tokenizer_free(tok);
    }
}

Test(hf, an_unknown_class_is_warned_of)
{
    write_small("{\"tokenizer_class\":\"NewTokenizer\",\"clean_up_tokenization_spaces\":true}");
    struct carat_tokenizer *tok = opened_folder();
    cr_assert(carat_tokenizer_info(tok)->warning);
    cr_expect(strstr(carat_tokenizer_info(tok)->warning, "tokenizer_class 'NewTokenizer' is not known"));
    carat_tokenizer_free(tok);
}

Test(hf, ids_that_config_json_names_otherwise_are_told)
{
    static const struct {
        const char *model, *says;
    } rows[] = {
        {"{\"model_type\":\"llama\",\"bos_token_id\":0,\"eos_token_id\":[7,1]}", NULL},
        {"{\"text_config\":{\"bos_token_id\":0},\"eos_token_id\":1}", NULL},
        {"{\"bos_token_id\":1,\"eos_token_id\":1}", "config.json's bos_token_id is not the tokenizer's 0"},
        {"{\"bos_token_id\":0,\"eos_token_id\":[2,3]}", "config.json's eos_token_id is not the tokenizer's 1"},
        {"{\"bos_token_id\":5,\"eos_token_id\":5}", "tokenizer's 0; prompts get the tokenizer's; "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        write_small("{\"tokenizer_class\":\"LlamaTokenizer\"}");
        write_file("config.json", rows[i].model);
        struct carat_tokenizer *tok = opened_folder();
        const char *warning = carat_tokenizer_info(tok)->warning;
        cr_expect(rows[i].says ? warning && strstr(warning, rows[i].says) : !warning, "%s: %s", rows[i].model, warning);
        carat_tokenizer_free(tok);
    }
}

Test(hf, a_huge_model_max_length_is_no_obstacle)
{
    write_small("{\"model_max_length\":1000000000000000019884624838656,\"bos_token\":{\"content\":\"<s>\"}}");
    struct carat_tokenizer *tok = opened_folder();
    cr_expect_eq(carat_tokenizer_info(tok)->bos, 0);
    carat_tokenizer_free(tok);
}

static void copy(const char *from, const char *name)
{
    struct buf b = BUF_INIT(1 << 24);
    struct err err = ERR_INIT;
    char path[1200];
    cr_assert_eq(file_read(golden_path(from), 1 << 23, &b, &err), CARAT_OK, "%s", err.msg);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    cr_assert_eq(file_write(path, b.p, b.n, &err), CARAT_OK, "%s", err.msg);
    buf_release(&b);
}

Test(hf, sources_that_disagree_are_told_of)
{
    copy("tokenizer/mistral/tokenizer.json", "tokenizer.json");
    copy("tokenizer/gemma/tokenizer.model", "tokenizer.model");
    struct carat_tokenizer *tok = opened_folder();
    cr_assert(carat_tokenizer_info(tok)->warning);
    cr_expect(strstr(carat_tokenizer_info(tok)->warning, "tokenizer.json and tokenizer.model disagree: id 0 is another piece"),
              "%s", carat_tokenizer_info(tok)->warning);
    carat_tokenizer_free(tok);
    write_file("tokenizer.model", "rubbish");
    tok = opened_folder();
    cr_assert(carat_tokenizer_info(tok)->warning);
    cr_expect(strstr(carat_tokenizer_info(tok)->warning, "cannot be compared"), "%s", carat_tokenizer_info(tok)->warning);
    carat_tokenizer_free(tok);
}

Test(hf, stories260k_is_decided_by_tokenizer_json)
{
    SHARED_OR_SKIP(path, "fixtures/real/stories260K");
    struct carat_tokenizer *tok;
    struct err err = ERR_INIT;
    cr_assert_eq(carat_tokenizer_open(path, &tok, &err), CARAT_OK, "%s", err.msg);
    cr_expect(strstr(carat_tokenizer_info(tok)->warning, "removes extra spaces"));
    cr_expect(carat_tokenizer_info(tok)->adds_bos && carat_tokenizer_info(tok)->bos == 1);
    cr_expect_str_neq(encoded(tok, "a  b"), encoded(tok, "a b"), "spaces are kept");
    cr_expect_str_eq(encoded(tok, "Once upon a time"), "403 407 261 378");
    carat_tokenizer_free(tok);
}

Test(hf, a_folder_without_a_tokenizer_is_told_so)
{
    struct carat_tokenizer *tok;
    struct err err = ERR_INIT;
    cr_expect_eq(carat_tokenizer_open(dir, &tok, &err), CARAT_EINPUT);
    cr_expect(strstr(err.msg, "holds neither a tokenizer.json nor a tokenizer.model"), "%s", err.msg);
    cr_expect_null(tok);
    cr_expect_eq(carat_tokenizer_open("/nonexistent/tokenizer.model", &tok, &err), CARAT_EINPUT);
    copy("tokenizer/mistral/tokenizer.model", "tokenizer.model");
    write_file("tokenizer_config.json", "{\"tokenizer_class\":\"T5Tokenizer\"}");
    cr_expect_eq(carat_tokenizer_open(dir, &tok, &err), CARAT_EUNSUPPORTED);
    cr_expect(strstr(err.msg, "'T5Tokenizer' with a tokenizer.model alone"), "%s", err.msg);
}

/* ---- damaged and foreign files -------------------------------------------------------------------- */

static const struct {
    const char *json;
    enum carat_err code;
    const char *says;
} damages[] = {
    {"", CARAT_EINPUT, "not valid JSON at byte 0"},
    {"{\"model\":", CARAT_EINPUT, "not valid JSON"},
    {"[]", CARAT_EINPUT, "the top level"},
    {"{}", CARAT_EINPUT, "'model'"},
    {"{\"model\":{\"type\":\"Unigram\",\"vocab\":[]}}", CARAT_EUNSUPPORTED, "model type 'Unigram'"},
    {"{\"model\":{\"type\":\"WordPiece\",\"vocab\":{}}}", CARAT_EUNSUPPORTED, "model type 'WordPiece'"},
    {"{\"model\":{\"type\":\"BPE\",\"vocab\":[],\"merges\":[]}}", CARAT_EINPUT, "model.vocab"},
    {"{\"model\":{\"type\":\"BPE\",\"vocab\":{},\"merges\":{}}}", CARAT_EINPUT, "model.merges"},
    {"{\"model\":{\"type\":\"BPE\",\"dropout\":0.1,\"vocab\":{},\"merges\":[]}}", CARAT_EUNSUPPORTED, "model option 'dropout'"},
    {"{\"model\":{\"type\":\"BPE\",\"end_of_word_suffix\":\"</w>\",\"vocab\":{},\"merges\":[]}}", CARAT_EUNSUPPORTED,
     "'end_of_word_suffix'"},
    {"{" MODEL("\"a\":-1", "") "}", CARAT_EINPUT, "the id of 'a' is not a number from 0 to 1028"},
    {"{" MODEL("\"a\":4000000", "") "}", CARAT_EINPUT, "the id of 'a' is not a number from 0 to 1028"},
    {"{" MODEL("\"a\":1e3", "") "}", CARAT_EINPUT, "the id of 'a'"},
    {"{" MODEL("\"a\":99999999999999999999999", "") "}", CARAT_EINPUT, "not valid JSON"},
    {"{" MODEL("\"a\":0,\"b\":0", "") "}", CARAT_EINPUT, "id 0 is given twice"},
    {"{" MODEL("\"a\":0,\"a\":1", "") "}", CARAT_EINPUT, "not valid JSON"},
    {"{" MODEL("\"a\":0", "\"a b\"") "}", CARAT_EINPUT, "model.merges[0]: 'b' is not in the vocabulary"},
    {"{" MODEL("\"a\":0,\"b\":1", "\"a b\"") "}", CARAT_EINPUT, "model.merges[0]: joined: 'ab' is not in the vocabulary"},
    {"{" MODEL("\"a\":0", "\"a\"") "}", CARAT_EINPUT, "model.merges[0] is not a pair"},
    {"{" MODEL("\"a\":0", "\"a a a\"") "}", CARAT_EINPUT, "model.merges[0] is not a pair"},
    {"{" MODEL("\"a\":0", "[\"a\"]") "}", CARAT_EINPUT, "model.merges[0] is not a pair"},
    {"{" MODEL("\"a\":0", "[\"\",\"a\"]") "}", CARAT_EINPUT, "model.merges[0]: '' is not in the vocabulary"}, /* would go on for ever */
    {"{" MODEL("\"a\":0", "7") "}", CARAT_EINPUT, "model.merges[0] is not a pair"},
    {"{\"added_tokens\":[{\"id\":0,\"content\":\"b\"}]," MODEL("\"a\":0", "") "}", CARAT_EINPUT, "added_tokens[0]"},
    {"{\"added_tokens\":[{\"id\":9,\"content\":\"a\"}]," MODEL("\"a\":0", "") "}", CARAT_EINPUT, "has id 9, but the vocabulary"},
    {"{\"added_tokens\":[{\"id\":-9,\"content\":\"b\"}]," MODEL("\"a\":0", "") "}", CARAT_EINPUT, "added_tokens[0]: the id"},
    {"{\"added_tokens\":[{\"id\":1}]," MODEL("\"a\":0", "") "}", CARAT_EINPUT, "added_tokens[0]: 'content' is missing"},
    {"{\"normalizer\":{\"type\":\"BertNormalizer\"}," MODEL("\"a\":0", "") "}", CARAT_EUNSUPPORTED, "normalizer 'BertNormalizer'"},
    {"{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"[a&&b]\"},\"behavior\":\"Isolated\"}," MODEL("\"a\":0", "") "}",
     CARAT_EUNSUPPORTED, "'[a&&b]': offset 2: an intersection of classes"},
    {"{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"\\\\Gb\"},\"behavior\":\"Isolated\"}," MODEL("\"a\":0", "") "}",
     CARAT_EUNSUPPORTED, "this escape"},
    {"{\"pre_tokenizer\":{\"type\":\"CharDelimiterSplit\",\"delimiter\":\"ab\"}," MODEL("\"a\":0", "") "}", CARAT_EINPUT, "'delimiter'"},
    {"{\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"}," MODEL("\"a\":0", "") "}", CARAT_EUNSUPPORTED, "'BertPreTokenizer'"},
    {"{\"decoder\":{\"type\":\"WordPiece\"}," MODEL("\"a\":0", "") "}", CARAT_EUNSUPPORTED, "decoder 'WordPiece'"},
    {"{\"post_processor\":{\"type\":\"BertProcessing\"}," MODEL("\"a\":0", "") "}", CARAT_EUNSUPPORTED, "'BertProcessing'"},
    {"{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(\"},\"behavior\":\"Isolated\"}," MODEL("\"a\":0", "") "}",
     CARAT_EUNSUPPORTED, "the regular expression '('"},
    {"{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"String\":\"\"},\"behavior\":\"Isolated\"}," MODEL("\"a\":0", "") "}",
     CARAT_EINPUT, "a 'pattern'"},
    {"{\"decoder\":{\"type\":\"Strip\",\"content\":\" \",\"start\":-1,\"stop\":0}," MODEL("\"a\":0", "") "}", CARAT_EINPUT, "Strip"},
    {"{\"truncation\":{\"max_length\":5}," MODEL("\"a\":0", "") "}", CARAT_EUNSUPPORTED, "the setting 'truncation'"},
};

Test(hf, damaged_files_give_an_error_with_file_and_place)
{
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        struct carat_tokenizer *tok;
        struct err err = ERR_INIT;
        cr_expect_eq(open_json(damages[i].json, &tok, &err), damages[i].code, "%s: %s", damages[i].json, err.msg);
        cr_expect_null(tok);
        cr_expect(strstr(err.msg, damages[i].says), "%s: '%s' does not say '%s'", damages[i].json, err.msg, damages[i].says);
        cr_expect(strstr(err.msg, "tokenizer.json"), "%s: '%s' does not name the file", damages[i].json, err.msg);
    }
}

/* (x+x+)+y on x...xzy: exponential where nobody counts. */
Test(hf, a_regular_expression_that_takes_for_ever_is_stopped, .timeout = 30)
{
    struct carat_tokenizer *tok =
        opened("{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(x+x+)+y\"},\"behavior\":\"Isolated\"}," MODEL("\"x\":0", "") "}");
    struct carat_ids ids = {NULL, 0, 0};
    struct err err = ERR_INIT;
    cr_expect_eq(carat_tokenizer_encode(tok, STR("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxzy"), 0, &ids, &err), CARAT_EINPUT);
    cr_expect(strstr(err.msg, "takes too long"), "%s", err.msg);
    cr_expect_eq(ids.n, 0);
    carat_ids_release(&ids);
    carat_tokenizer_free(tok);
}
