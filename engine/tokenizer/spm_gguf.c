/* spm_gguf.c - the tokenizer in a GGUF file's metadata, where tokenizer.ggml.model is "llama": SentencePiece's
 * pieces, scores and types, with what llama.cpp's converter makes of them undone:
 *
 *   - the unknown piece may be called a control one: unknown_token_id says which it is;
 *   - the spaces of user-defined pieces, U+2581 in SentencePiece, are stored as plain ones;
 *   - add_space_prefix (true where it is not given) is the dummy prefix; spaces are kept unless
 *     remove_extra_whitespaces says otherwise; byte fallback there is where there are byte pieces.
 *
 * Control pieces have an order of their own in newer files (turn marks, unused ones): they are never matched in
 * plain text, though SentencePiece has some of them as user-defined.
 */
#include "engine/model/gguf.h"
#include "spm.h"

#include <stdlib.h>

#define KEY(rest) "tokenizer.ggml." rest

static enum carat_err check_kind(const struct gguf *g, struct err *err)
{
    struct str model = {NULL, 0};
    enum carat_err rc = gguf_str(g, KEY("model"), &model, err);
    if (rc)
        return rc;
    if (!model.p)
        return err_set(err, CARAT_EINPUT, "'%s' has no " KEY("model") ": there is no tokenizer in it", g->name);
    if (!str_eq(model, STR("llama")))
        return err_set(err, CARAT_EUNSUPPORTED, "'%s': the tokenizer model '%.*s' is not implemented in GGUF; llama and gpt2 are",
                       g->name, (int)(model.n < 64 ? model.n : 64), model.p);
    if (gguf_find(g, KEY("precompiled_charsmap")))
        return err_set(err, CARAT_EUNSUPPORTED, "'%s': " KEY("precompiled_charsmap") " is not implemented", g->name);
    return CARAT_OK;
}

/* A user-defined piece's spaces as SentencePiece has them. */
static enum carat_err add_user(struct spm *m, struct str piece, float score, struct err *err)
{
    struct buf marked = BUF_INIT(3 * VOCAB_MAX_PIECE);
    for (size_t i = 0; i < piece.n && i <= VOCAB_MAX_PIECE; i++)
        if (piece.p[i] == ' ')
            buf_adds(&marked, SPM_SPACE);
        else
            buf_addc(&marked, piece.p[i]);
    enum carat_err rc = buf_failed(&marked) ? err_nomem(err, "a tokenizer")
                                            : spm_add(m, buf_str(&marked), SPM_USER, score, err);
    buf_release(&marked);
    return rc;
}

static enum carat_err add_pieces(const struct gguf *g, int64_t unk, struct spm *m, struct err *err)
{
    const struct gguf_entry *tokens, *scores, *types;
    size_t at = 0;
    enum carat_err rc = gguf_array(g, KEY("tokens"), GGUF_STRING, &tokens, err);
    if (!rc)
        rc = gguf_array(g, KEY("scores"), GGUF_F32, &scores, err);
    if (!rc)
        rc = gguf_array(g, KEY("token_type"), GGUF_I32, &types, err);
    if (rc)
        return rc;
    if (!tokens || !scores || !types || scores->n != tokens->n || types->n != tokens->n)
        return err_set(err, CARAT_EINPUT, "'%s' has no tokens, scores and token_type of one length", g->name);
    for (size_t i = 0; i < tokens->n; i++) {
        struct str piece = gguf_array_next(tokens, &at);
        int32_t type = (int64_t)i == unk ? (int32_t)SPM_UNKNOWN : gguf_array_i32(types, i);
        float score = gguf_array_f32(scores, i);
        if (type < SPM_NORMAL || type > SPM_BYTE || score != score || !utf8_valid(piece))
            return err_set(err, CARAT_EINPUT, "'%s': token %zu is of the unknown type %d, has no score or is not UTF-8",
                           g->name, i, (int)type);
        if (type == SPM_UNKNOWN && (int64_t)i != unk)
            type = SPM_CONTROL;
        rc = type == SPM_USER ? add_user(m, piece, score, err) : spm_add(m, piece, (enum spm_type)type, score, err);
        if (rc) {
            err_context(err, "'%s': token %zu", g->name, i);
            return rc;
        }
        m->byte_fallback = m->byte_fallback || type == SPM_BYTE;
    }
    return CARAT_OK;
}

static enum carat_err read_id(const struct gguf *g, const char *key, const struct spm *m, int32_t *out, struct err *err)
{
    int64_t id = -1;
    enum carat_err rc = gguf_int(g, key, 0, (int64_t)m->vocab.n - 1, &id, err);
    *out = (int32_t)id;
    return rc;
}

enum carat_err spm_from_gguf(const struct gguf *g, struct spm *m, struct err *err)
{
    int64_t unk = 0; /* llama.cpp's, too */
    m->dummy_prefix = m->escape_spaces = true;
    enum carat_err rc = check_kind(g, err);
    if (!rc)
        rc = gguf_int(g, KEY("unknown_token_id"), 0, VOCAB_MAX_ID, &unk, err);
    if (!rc)
        rc = gguf_bool(g, KEY("add_space_prefix"), &m->dummy_prefix, err);
    if (!rc)
        rc = gguf_bool(g, KEY("remove_extra_whitespaces"), &m->squeeze_spaces, err);
    if (!rc)
        rc = add_pieces(g, unk, m, err);
    if (!rc)
        rc = spm_index(m, g->name, err);
    if (!rc)
        rc = read_id(g, KEY("bos_token_id"), m, &m->bos, err);
    if (!rc)
        rc = read_id(g, KEY("eos_token_id"), m, &m->eos, err);
    if (!rc)
        rc = read_id(g, KEY("padding_token_id"), m, &m->pad, err);
    if (rc)
        return rc;
    m->unk_surface = arena_dup(&m->vocab.text, " \xE2\x81\x87 ", 5);
    return m->unk_surface ? CARAT_OK : err_nomem(err, "a tokenizer");
}
