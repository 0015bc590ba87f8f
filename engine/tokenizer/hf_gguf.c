/* hf_gguf.c - the tokenizer in a GGUF file's metadata where tokenizer.ggml.model is "gpt2": byte-level BPE.
 *
 *     tokens       pieces, their bytes written as ByteLevel writes them; added tokens as they are
 *     token_type   1 a piece; 3 a special token, 4 another added one: both are found in a text; 5 not in use: never made
 *     merges       "left right", best first
 *     pre          how a text becomes words: the table below, a published tokenizer's pipeline for each name
 *
 * The results are those of tokenizers with the same vocabulary, merges and pipeline. A name that is not in the table is
 * refused: another cut gives other ids.
 */
#include "engine/model/gguf.h"
#include "hf.h"
#include "hf_words.h"

#define KEY(rest) "tokenizer.ggml." rest

/* ---- pipelines by name ------------------------------------------------------------------------ */

enum op { END, NFC, PUNCTUATION, EACH_DIGIT, DIGITS, SPLIT, BYTES };
struct op_step {
    enum op op;
    const char *regex; /* SPLIT */
};

static const struct op_step gpt2[] = {{SPLIT, HF_GPT2_WORDS}, {BYTES, NULL}, {END, NULL}};
static const struct op_step neox[] = {{NFC, NULL}, {SPLIT, HF_GPT2_WORDS}, {BYTES, NULL}, {END, NULL}};
static const struct op_step llama3[] = {{SPLIT, HF_LLAMA3_WORDS}, {BYTES, NULL}, {END, NULL}};
static const struct op_step qwen2[] = {{NFC, NULL}, {SPLIT, HF_QWEN_WORDS}, {BYTES, NULL}, {END, NULL}};
static const struct op_step falcon[] = {{PUNCTUATION, NULL}, {SPLIT, HF_GPT2_WORDS}, {BYTES, NULL}, {DIGITS, NULL},
                                        {SPLIT, "[0-9][0-9][0-9]"}, {END, NULL}};
static const struct op_step starcoder[] = {{EACH_DIGIT, NULL}, {SPLIT, HF_GPT2_WORDS}, {BYTES, NULL}, {END, NULL}};
static const struct op_step gpt4o[] = {{SPLIT, HF_GPT4O_WORDS}, {BYTES, NULL}, {END, NULL}};
static const struct op_step tekken[] = {{SPLIT, HF_TEKKEN_WORDS}, {BYTES, NULL}, {END, NULL}};
static const struct op_step deepseek3[] = {{SPLIT, HF_THREE_DIGITS}, {SPLIT, HF_IDEOGRAPHS}, {SPLIT, HF_DEEPSEEK_WORDS},
                                           {BYTES, NULL}, {END, NULL}};
static const struct op_step bloom[] = {{SPLIT, HF_BLOOM_WORDS}, {BYTES, NULL}, {END, NULL}};

static const struct {
    const char *name;
    const struct op_step *steps;
    bool ignore_merges, adds_bos;
} kinds[] = {
    {"bloom", bloom, false, false},         {"command-r", starcoder, false, false}, {"dbrx", llama3, false, false},
    {"deepseek-r1-qwen", qwen2, false, false}, {"deepseek-v3", deepseek3, false, false}, {"default", gpt2, false, false},
    {"falcon", falcon, false, false},       {"falcon3", llama3, true, true},        {"gpt-2", gpt2, false, false},
    {"gpt-4o", gpt4o, false, false},        {"llama-bpe", llama3, true, true},      {"llama-v3", llama3, true, true},
    {"llama3", llama3, true, true},         {"llama4", gpt4o, false, false},        {"mpt", neox, false, false},
    {"olmo", neox, false, false},           {"phi-2", gpt2, false, false},          {"qwen2", qwen2, false, false},
    {"refact", starcoder, false, false},    {"smaug-bpe", llama3, true, false},     {"smollm", starcoder, false, false},
    {"starcoder", starcoder, false, false}, {"tekken", tekken, true, true},
};

static enum carat_err add_op(struct hf *h, const struct op_step *s, struct err *err)
{
    switch (s->op) {
    case NFC: return hf_add_normal_form(h, UNI_NFC, err);
    case PUNCTUATION: return hf_add_cut(h, UNI_PUNCTUATION, HF_CONTIGUOUS, err);
    case EACH_DIGIT: return hf_add_cut(h, UNI_NUMERIC, HF_ISOLATED, err);
    case DIGITS: return hf_add_cut(h, UNI_NUMERIC, HF_CONTIGUOUS, err);
    case SPLIT: return hf_add_split(h, str_from(s->regex), HF_ISOLATED, err);
    default: return hf_add_step(h, &h->pre_tokenizers, HF_BYTE_LEVEL, STR(""), err) ? CARAT_OK : CARAT_ENOMEM;
    }
}

static enum carat_err add_pipeline(const struct gguf *g, struct hf *h, bool *adds_bos, struct err *err)
{
    struct str pre = STR("default");
    bool prefix = false;
    size_t k = 0;
    enum carat_err rc = gguf_str(g, KEY("pre"), &pre, err);
    if (!rc)
        rc = gguf_bool(g, KEY("add_space_prefix"), &prefix, err);
    if (rc)
        return rc;
    while (k < sizeof kinds / sizeof *kinds && !str_eq(pre, str_from(kinds[k].name)))
        k++;
    if (k == sizeof kinds / sizeof *kinds)
        return err_set(err, CARAT_EUNSUPPORTED, "'%s': " KEY("pre") " '%.*s' is not known: its words may be cut otherwise",
                       g->name, (int)(pre.n < 64 ? pre.n : 64), pre.p);
    if (prefix && !hf_add_step(h, &h->pre_tokenizers, HF_PREFIX_SPACE, STR(""), err))
        return CARAT_ENOMEM;
    for (const struct op_step *s = kinds[k].steps; s->op != END && !rc; s++)
        rc = add_op(h, s, err);
    h->ignore_merges = kinds[k].ignore_merges;
    h->has_decoder = true;
    *adds_bos = kinds[k].adds_bos;
    if (!rc && !hf_add_step(h, &h->decoders, HF_BYTE_LEVEL, STR(""), err))
        rc = CARAT_ENOMEM;
    return rc;
}

/* ---- pieces and merges ---------------------------------------------------------------------------- */

enum token_type { PIECE = 1, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE };

static enum carat_err add_piece(struct hf *h, int64_t id, struct str piece, int32_t type, struct err *err)
{
    if (!piece.n || !utf8_valid(piece))
        return err_set(err, CARAT_EINPUT, "it is empty or not UTF-8");
    if (type < PIECE || type > BYTE)
        return err_set(err, CARAT_EINPUT, "its type %d is unknown", (int)type);
    enum carat_err rc = hf_add_piece(h, id, piece, err);
    if (!rc && type == UNUSED)
        h->flags[id] = 0;
    if (!rc && (type == CONTROL || type == USER_DEFINED))
        rc = hf_add_token(h, id, piece, type == CONTROL ? HF_SPECIAL : 0, err);
    return rc;
}

static enum carat_err add_pieces(const struct gguf *g, struct hf *h, struct err *err)
{
    const struct gguf_entry *tokens, *types;
    size_t at = 0;
    enum carat_err rc = gguf_array(g, KEY("tokens"), GGUF_STRING, &tokens, err);
    if (!rc)
        rc = gguf_array(g, KEY("token_type"), GGUF_I32, &types, err);
    if (!rc && (!tokens || (types && types->n != tokens->n)))
        rc = err_set(err, CARAT_EINPUT, "'%s' has no tokens, or a token_type of another length", g->name);
    for (size_t i = 0; !rc && i < tokens->n; i++) {
        struct str piece = gguf_array_next(tokens, &at);
        if ((rc = add_piece(h, (int64_t)i, piece, types ? gguf_array_i32(types, i) : PIECE, err)))
            err_context(err, "'%s': token %zu", g->name, i);
    }
    return rc;
}

static enum carat_err add_merges(const struct gguf *g, struct hf *h, struct err *err)
{
    const struct gguf_entry *merges;
    size_t at = 0;
    enum carat_err rc = gguf_array(g, KEY("merges"), GGUF_STRING, &merges, err);
    if (!rc && !merges)
        rc = err_set(err, CARAT_EINPUT, "'%s' has no " KEY("merges"), g->name);
    for (size_t i = 0; !rc && i < merges->n; i++) {
        struct str merge = gguf_array_next(merges, &at);
        ptrdiff_t space = merge.n ? str_find(merge, STR(" "), 1) : -1; /* no piece holds one, none is empty */
        if (space < 0 || (size_t)space + 1 == merge.n)
            rc = err_set(err, CARAT_EINPUT, "it is not a pair of pieces");
        else
            rc = hf_add_merge(h, (struct str){merge.p, (size_t)space},
                              (struct str){merge.p + space + 1, merge.n - (size_t)space - 1}, err);
        if (rc)
            err_context(err, "'%s': merge %zu", g->name, i);
    }
    return rc;
}

enum carat_err hf_from_gguf(const struct gguf *g, struct hf *h, bool *adds_bos, struct err *err)
{
    enum carat_err rc = add_pieces(g, h, err);
    if (!rc)
        rc = add_merges(g, h, err);
    if (!rc)
        rc = add_pipeline(g, h, adds_bos, err);
    return rc ? rc : hf_finish(h, err);
}
