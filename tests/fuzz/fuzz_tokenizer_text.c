/* fuzz_tokenizer_text.c - any bytes as a text, and as ids, for good tokenizers: what is encoded comes back, and
 * an encoder that knows how the text begins gives the same ids. Run it from the
 * repository's root: the tokenizers are in tests/goldens. */
#include <stdlib.h>

#include "engine/engine.h"

static struct carat_tokenizer *tokenizers[4];
static struct carat_encoder *encoders[4];

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const char *const paths[] = {
        "tests/goldens/tokenizer/gemma/tokenizer.model", "tests/goldens/tokenizer/gemma",
        "tests/goldens/tokenizer/mistral", "tests/goldens/tokenizer/mistral/tokenizer.json"};
    (void)argc, (void)argv;
    for (size_t i = 0; i < 4; i++)
        if (carat_tokenizer_open(paths[i], &tokenizers[i], NULL) || carat_encoder_new(tokenizers[i], &encoders[i], NULL))
            abort();
    return 0;
}

/* Gemma's both: the text, as Python would have it, with U+2581 as a space. */
static void check_back(struct str text, struct str back)
{
    struct buf want = BUF_INIT(1 << 24);
    char utf8[4];
    for (size_t at = 0; at < text.n;) {
        int32_t cp = utf8_next(text, &at);
        buf_add(&want, utf8, utf8_put(cp < 0 ? 0xFFFD : cp == 0x2581 ? ' ' : cp, utf8));
    }
    if (!str_eq(buf_str(&want), back))
        abort();
    buf_release(&want);
}

static void round_trip(const struct carat_tokenizer *tok, bool exact, struct str text)
{
    struct carat_ids ids = {NULL, 0, 0};
    struct buf out = BUF_INIT(1 << 24);
    if (carat_tokenizer_encode(tok, text, 0, &ids, NULL) || carat_tokenizer_decode(tok, ids.ids, ids.n, 0, &out, NULL))
        abort();
    if (exact)
        check_back(text, buf_str(&out));
    carat_ids_release(&ids);
    buf_release(&out);
}

static void begin_and_encode(size_t i, struct str text)
{
    struct carat_ids want = {NULL, 0, 0}, got = {NULL, 0, 0};
    const struct str beginnings[] = {{text.p, text.n / 2}, {text.p, text.n - text.n / 4}};
    if (carat_encoder_begin(encoders[i], 0, beginnings[0], NULL) || carat_encoder_begin(encoders[i], 1, beginnings[1], NULL) ||
        carat_encoder_encode(encoders[i], text, CARAT_TOK_SPECIAL, &got, NULL) ||
        carat_tokenizer_encode(tokenizers[i], text, CARAT_TOK_SPECIAL, &want, NULL) || got.n != want.n ||
        (want.n && memcmp(got.ids, want.ids, want.n * sizeof *want.ids)))
        abort();
    carat_ids_release(&want);
    carat_ids_release(&got);
}

static void decode_any(const struct carat_tokenizer *tok, const uint8_t *data, size_t n)
{
    struct carat_ids ids = {NULL, 0, 0};
    struct buf out = BUF_INIT(1 << 24);
    size_t vocab = carat_tokenizer_info(tok)->vocab_size;
    for (size_t i = 0; i + 1 < n; i += 2)
        if (carat_ids_push(&ids, (int32_t)((data[i] | (size_t)data[i + 1] << 8) % vocab)))
            abort();
    if (carat_tokenizer_decode(tok, ids.ids, ids.n, n & 1 ? CARAT_TOK_SKIP_SPECIAL : 0, &out, NULL) ||
        !utf8_valid(buf_str(&out)))
        abort();
    carat_ids_release(&ids);
    buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    for (size_t i = 0; i < 4; i++) {
        round_trip(tokenizers[i], i < 2, (struct str){(const char *)data, n});
        begin_and_encode(i, (struct str){(const char *)data, n});
        decode_any(tokenizers[i], data, n);
    }
    return 0;
}
