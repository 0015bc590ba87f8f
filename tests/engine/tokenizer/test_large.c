/* test_large.c - a megabyte of arbitrary text of several kinds: it comes back, and soon. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <criterion/criterion.h>

#include "engine/engine.h"
#include "tests/support/support.h"

#define SIZE ((size_t)1 << 20)

static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13, *seed ^= *seed >> 7, *seed ^= *seed << 17;
    return *seed;
}

static void fill_with(struct buf *b, const char *s)
{
    while (b->n < SIZE)
        buf_adds(b, s);
}

static void make_a(struct buf *b) { fill_with(b, "a"); }
static void make_spaces(struct buf *b) { fill_with(b, " "); }
static void make_newlines(struct buf *b) { fill_with(b, "\n"); }
static void make_pairs(struct buf *b) { fill_with(b, "the"); }
static void make_euro(struct buf *b) { fill_with(b, "\xE2\x82\xAC"); }

static void make_bytes(struct buf *b)
{
    for (uint64_t seed = 1; b->n < SIZE;)
        buf_addc(b, (char)(next(&seed) >> 32));
}

static void make_unicode(struct buf *b)
{
    char utf8[4];
    for (uint64_t seed = 2; b->n < SIZE;) {
        int32_t cp = (int32_t)((next(&seed) >> 32) % (seed >> 60 & 1 ? 0x110000 : 0x3000));
        if (cp != 0x2581) /* decodes to a space */
            buf_add(b, utf8, utf8_put(cp, utf8));
    }
}

static void make_prose(struct buf *b)
{
    static const char *const words[] = {"the ", "return ", "value, ", "island ", "of ", "Python's ", "import ", "a ", "(x + 12) ",
                                        "documentation.\n", "\n\n", "    self.", "market ", "na\xC3\xAFve ", "quiet; "};
    for (uint64_t seed = 3; b->n < SIZE;)
        buf_adds(b, words[(next(&seed) >> 32) % (sizeof words / sizeof *words)]);
}

static void make_special(struct buf *b)
{
    static const char *const parts[] = {"<bos>", "<start_of_turn>", "<", "s>", "</s>", "<s>", "\n\n\n", "x", "  ", "<unused9"};
    for (uint64_t seed = 4; b->n < SIZE;)
        buf_adds(b, parts[(next(&seed) >> 32) % (sizeof parts / sizeof *parts)]);
}

static const struct {
    const char *name;
    void (*make)(struct buf *b);
} kinds[] = {
    {"a", make_a},         {"spaces", make_spaces},   {"newlines", make_newlines}, {"thethe", make_pairs}, {"euro", make_euro},
    {"bytes", make_bytes}, {"unicode", make_unicode}, {"prose", make_prose},       {"special", make_special},
};

/* Of the processor: other programs run beside this. */
static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Encodes and decodes one text; what comes back must be it, valid UTF-8 as it would be in Python, less the leading
 * space that `strips` says the decoder takes. */
static void check_text(const struct carat_tokenizer *tok, const char *path, const char *kind, struct str text, bool strips)
{
    struct buf back = BUF_INIT(BUF_MAX_DEFAULT), valid = BUF_INIT(BUF_MAX_DEFAULT);
    struct carat_ids ids = {NULL, 0, 0};
    struct err err = ERR_INIT;
    double start = seconds();
    cr_assert_eq(carat_tokenizer_encode(tok, text, 0, &ids, &err), CARAT_OK, "%s", err.msg);
    double middle = seconds();
    cr_assert_eq(carat_tokenizer_decode(tok, ids.ids, ids.n, 0, &back, &err), CARAT_OK, "%s", err.msg);
    cr_log_info("%s: %-8s %7zu ids, encode %.3f s, decode %.3f s", path, kind, ids.n, middle - start, seconds() - middle);
    cr_assert_eq(utf8_sanitize(text, &valid), CARAT_OK);
    struct str want = buf_str(&valid);
    if (strips && str_starts(want, STR(" ")))
        want = (struct str){want.p + 1, want.n - 1};
    cr_expect(str_eq(buf_str(&back), want), "%s: %s: decode(encode(x)) is not x", path, kind);
    carat_ids_release(&ids);
    buf_release(&back);
    buf_release(&valid);
}

/* `prefixed`: each stretch between special tokens gains a space that no decoder takes away; that kind is left out. */
static void check_all(const char *path, bool strips, bool prefixed)
{
    struct carat_tokenizer *tok;
    struct err err = ERR_INIT;
    cr_assert_eq(carat_tokenizer_open(path, &tok, &err), CARAT_OK, "%s", err.msg);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct buf text = BUF_INIT(BUF_MAX_DEFAULT);
        kinds[i].make(&text);
        if (!prefixed || kinds[i].make != make_special)
            check_text(tok, path, kinds[i].name, buf_str(&text), strips); /* quadratic, it would run into the timeout */
        buf_release(&text);
    }
    carat_tokenizer_free(tok);
}

Test(tokenizer_large, sentencepiece_gives_a_megabyte_back, .timeout = 120)
{
    check_all(golden_path("tokenizer/gemma/tokenizer.model"), false, false);
    check_all(golden_path("tokenizer/mistral/tokenizer.model"), false, false);
}

Test(tokenizer_large, gemma_folder_gives_a_megabyte_back, .timeout = 120)
{
    check_all(golden_path("tokenizer/gemma"), false, false);
}

Test(tokenizer_large, mistral_folder_loses_one_leading_space_only, .timeout = 120)
{
    check_all(golden_path("tokenizer/mistral"), true, true);
}

Test(tokenizer_large, tokenizer_json_gives_a_megabyte_back, .timeout = 120)
{
    check_all(golden_path("tokenizer/mistral/tokenizer.json"), false, true);
}

/* Llama 3's words and Falcon's. */
Test(tokenizer_large, byte_level_gives_a_megabyte_back, .timeout = 120)
{
    check_all(golden_path("tokenizer/bpe/llama3/tokenizer.json"), false, false);
    check_all(golden_path("tokenizer/bpe/falcon/tokenizer.json"), false, false);
}

Test(tokenizer_large, published_vocabularies_give_a_megabyte_back, .timeout = 120)
{
    SHARED_OR_SKIP(llama, "fixtures/tokenizers/llama2-real/tokenizer.model");
    check_all(llama, false, false);
    check_all(shared_path("fixtures/tokenizers/mistral-v3-real/tokenizer.model"), false, false);
}
