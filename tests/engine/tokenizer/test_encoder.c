/* test_encoder.c - beginnings that are kept change no id: random texts of what tokenizers trip over, on every tokenizer at hand. */
#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "engine/engine.h"
#include "engine/tokenizer/tokenizer_int.h"
#include "tests/support/support.h"

/* Spaces and marks, line ends, digits, contractions, accents that combine, other scripts, signs of several code points, tokens
 * that are found before merging, bytes that are no UTF-8. */
static const char *const bits[] = {
    " ", " ", " ", "  ", "   ", "\n", "\n\n", "\t", "\r\n", "\xE2\x96\x81", " \xE2\x96\x81", "a", "the", "The", "ing", "s", "'s",
    "'t", "it's", "stone", "Question:", "Answer:", ".", ",", "?", "!!", "...", "(", "-", "_", "1", "23", "2024", "3.14", "e\xCC\x81",
    "\xCC\x81", "\xC3\xA9", "\xC3\x9F", "\xE4\xB8\xAD\xE6\x96\x87", "\xD0\xBF\xD1\x80", "\xF0\x9F\x98\x80", "\xE2\x80\x8D",
    "\xC2\xA0", "\xE3\x80\x80", "\xEF\xAC\x81", "<s>", "</s>", "<bos>", "<eos>", "<pad>", "<unk>", "<", ">", "<s", "<|endoftext|>",
    "<|end", "<|end|", "<|end|>", "<|en", "d|>", "|>", "<|begin_of_text|>", "<start_of_turn>", "[INST]", "[MASK]", "<mask>", "<unused1>", "<0x0A>", "oftext|>", "bos>", "s>", "_of_text|>", "of_turn>", "                          ", "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
    "abcdefghijklmnopqrstuvwxyz", "!!!!!!!!!!!!!!!!!!!!!!!!!!", "12345678901234567890123", "\xFF", "\xE4\xB8"};

static uint64_t next(uint64_t *rng)
{
    *rng = *rng * 6364136223846793005u + 1442695040888963407u;
    return *rng >> 33;
}

static void add_bits(struct buf *text, uint64_t *rng, size_t most)
{
    for (size_t n = next(rng) % (most + 1); n; n--)
        buf_adds(text, bits[next(rng) % (sizeof bits / sizeof *bits)]);
}

struct check {
    const char *name;
    struct carat_tokenizer *tok;
    struct carat_encoder *enc;
    size_t n, wrong;
};

static void compare(struct check *c, struct str text, unsigned flags)
{
    struct carat_ids want = {NULL, 0, 0}, got = {NULL, 0, 0};
    struct err err = ERR_INIT;
    cr_assert_eq(carat_tokenizer_encode(c->tok, text, flags, &want, &err), CARAT_OK, "%s: %s", c->name, err.msg);
    cr_assert_eq(carat_encoder_encode(c->enc, text, flags, &got, &err), CARAT_OK, "%s: %s", c->name, err.msg);
    c->n++;
    if ((got.n != want.n || (want.n && memcmp(got.ids, want.ids, want.n * sizeof *want.ids))) && c->wrong++ < 3)
        cr_log_error("%s: %zu ids, not %zu, of '%.*s'", c->name, got.n, want.n, (int)text.n, text.p);
    carat_ids_release(&want);
    carat_ids_release(&got);
}

/* Two beginnings, one within the other, then texts that have both, one or none of them. */
static void check_round(struct check *c, uint64_t *rng)
{
    struct buf text = BUF_INIT(1 << 16);
    struct err err = ERR_INIT;
    size_t ends[CARAT_ENCODER_LEVELS];
    for (size_t level = 0; level < CARAT_ENCODER_LEVELS; level++) {
        add_bits(&text, rng, level ? 6 : 12);
        ends[level] = text.n;
        cr_assert_eq(carat_encoder_begin(c->enc, level, buf_str(&text), &err), CARAT_OK, "%s", err.msg);
    }
    for (int i = 0; i < 4; i++) {
        text.n = ends[i % CARAT_ENCODER_LEVELS];
        add_bits(&text, rng, 5);
        compare(c, buf_str(&text), i == 3 ? 0 : CARAT_TOK_SPECIAL);
    }
    if (text.n > 1)
        compare(c, (struct str){text.p + 1, text.n - 1}, CARAT_TOK_SPECIAL);
    buf_release(&text);
}

static void check_tokenizer(const char *path, size_t rounds)
{
    struct check c = {.name = path};
    struct err err = ERR_INIT;
    uint64_t rng = 7;
    cr_assert_eq(carat_tokenizer_open(path, &c.tok, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(carat_encoder_new(c.tok, &c.enc, &err), CARAT_OK, "%s", err.msg);
    for (size_t i = 0; i < rounds; i++)
        check_round(&c, &rng);
    cr_expect_eq(c.wrong, 0, "%s: %zu of %zu texts differ", path, c.wrong, c.n);
    carat_encoder_free(c.enc);
    carat_tokenizer_free(c.tok);
}

/* The styles' added tokens look at what is around them, so that nothing is sure; published ones seldom have such. */
static void write_plain(const char *style, const char *regex, const char *to)
{
    static const char *const looks[] = {"lstrip", "rstrip", "single_word"};
    char path[1200];
    json_t *all, *token;
    size_t i;
    struct buf text = BUF_INIT(1 << 22);
    snprintf(path, sizeof path, "%s/%s/tokenizer.json", golden_path("tokenizer/bpe"), style);
    cr_assert_not_null(all = json_load_file(path, 0, NULL));
    json_array_foreach(json_object_get(all, "added_tokens"), i, token)
        for (size_t k = 0; k < 3; k++)
            json_object_set_new(token, looks[k], json_false());
    if (regex)
        json_object_set_new(all, "pre_tokenizer",
                            json_pack("{s:s, s:[{s:s, s:{s:s}, s:s, s:b}, {s:s, s:b, s:b, s:b}]}", "type", "Sequence",
                                      "pretokenizers", "type", "Split", "pattern", "Regex", regex, "behavior", "Isolated",
                                      "invert", 0, "type", "ByteLevel", "add_prefix_space", 0, "trim_offsets", 1, "use_regex", 0));
    cr_assert_eq(json_write(all, &text), CARAT_OK);
    cr_assert_eq(file_write(to, text.p, text.n, NULL), CARAT_OK);
    json_decref(all);
    buf_release(&text);
}

Test(encoder, texts_that_begin_alike_have_the_ids_of_each_alone, .timeout = 120)
{
    static const char *const styles[] = {"bloom",    "byte-normalizer", "cased",           "deepseek",   "falcon",
                                         "gpt2",     "gpt2-prefix",     "llama3",          "merge-next", "metaspace",
                                         "neox",     "metaspace-first", "nfkd",            "possessive", "qwen2",
                                         "removed",  "spaces",          "starcoder",       "words"};
    char path[1200], dir[1200];
    snprintf(dir, sizeof dir, "%s", temp_dir());
    char *plain = file_join(dir, "tokenizer.json");
    for (size_t i = 0; i < sizeof styles / sizeof *styles; i++) {
        snprintf(path, sizeof path, "%s/%s/tokenizer.json", golden_path("tokenizer/bpe"), styles[i]);
        check_tokenizer(path, 500);
        write_plain(styles[i], NULL, plain);
        check_tokenizer(plain, 2000);
    }
    write_plain("gpt2", "[a-z ]+[0-9]|.|\\n", plain); /* what a letter is part of is told far behind it */
    check_tokenizer(plain, 2000);
    free(plain);
    temp_remove(dir);
}

Test(encoder, and_on_tokenizers_of_checkpoints, .timeout = 120)
{
    static const char *const names[] = {"gemma", "gemma3", "llama", "mistral"};
    static const char *const ways[] = {"", "/tokenizer.model", "/tokenizer.json"};
    char path[1200];
    SHARED_OR_SKIP(root, "fixtures/tokenizers");
    for (size_t i = 0; i < 4; i++)
        for (size_t way = 0; way < 3; way++) {
            snprintf(path, sizeof path, "%s/%s%s", root, names[i], ways[way]);
            check_tokenizer(path, 1000);
        }
    snprintf(path, sizeof path, "%s/llama2-real/tokenizer.model", root);
    check_tokenizer(path, 1000);
    snprintf(path, sizeof path, "%s/mistral-v3-real/tokenizer.model", root);
    check_tokenizer(path, 1000);
}

static enum hf_seams seams_of(const char *style)
{
    char dir[1200];
    struct carat_tokenizer *tok;
    struct err err = ERR_INIT;
    snprintf(dir, sizeof dir, "%s", temp_dir());
    char *path = file_join(dir, "tokenizer.json");
    write_plain(style, NULL, path);
    cr_assert_eq(carat_tokenizer_open(path, &tok, &err), CARAT_OK, "%s", err.msg);
    struct hf_work *work = hf_work_new(&tok->hf);
    cr_assert_not_null(work);
    enum hf_seams seams = hf_work_seams(work);
    hf_work_free(work);
    carat_tokenizer_free(tok);
    free(path);
    temp_remove(dir);
    return seams;
}

Test(encoder, knows_where_published_styles_may_be_cut)
{
    cr_expect_eq(seams_of("gpt2"), HF_SEAMS_AT_WORDS);
    cr_expect_eq(seams_of("llama3"), HF_SEAMS_AT_WORDS);
    cr_expect_eq(seams_of("qwen2"), HF_SEAMS_AT_WORDS);
    cr_expect_eq(seams_of("starcoder"), HF_NO_SEAMS); /* digits first */
    cr_expect_eq(seams_of("removed"), HF_NO_SEAMS);   /* ^ looks back */
}
