/* tokenizer.c - the public face: opening by what the path is, and the edges that all kinds share.
 *
 * Invalid UTF-8 in a text: each byte that is in no valid character is read as U+FFFD, which is SentencePiece's own rule; the
 * other references are never given any, since a Python string cannot hold it.
 */
#include "engine/model/gguf.h"
#include "tokenizer_int.h"

#include <stdlib.h>

void carat_ids_release(struct carat_ids *ids)
{
    free(ids->ids);
    *ids = (struct carat_ids){NULL, 0, 0};
}

enum carat_err carat_ids_push(struct carat_ids *ids, int32_t id)
{
    if (ids->n == ids->cap) {
        size_t cap = ids->cap ? ids->cap * 2 : 64, bytes;
        int32_t *more = num_mul(cap, sizeof *more, &bytes) ? realloc(ids->ids, bytes) : NULL;
        if (!more)
            return CARAT_ENOMEM;
        ids->ids = more;
        ids->cap = cap;
    }
    ids->ids[ids->n++] = id;
    return CARAT_OK;
}

/* ---- opening ------------------------------------------------------------------------------- */

static enum carat_err open_model(const char *path, struct str data, struct carat_tokenizer *tok, struct err *err)
{
    struct spm *m = &tok->spm;
    enum carat_err failed = spm_read(data, path, m, err);
    if (failed)
        return failed;
    tok->info = (struct carat_tokenizer_info){.kind = "sentencepiece-bpe", .vocab_size = m->vocab.n, .bos = m->bos,
                                              .eos = m->eos, .pad = m->pad, .unk = m->unk};
    return CARAT_OK;
}

static enum carat_err open_json(const char *path, struct str data, struct carat_tokenizer *tok, struct err *err)
{
    struct hf *h = &tok->hf;
    tok->is_hf = true;
    enum carat_err failed = hf_read_json(data, path, HF_READ_STEPS | HF_READ_TEMPLATE, h, err);
    if (!failed && (failed = hf_finish(h, err)))
        err_context(err, "'%s'", path);
    if (failed)
        return failed;
    tok->info = (struct carat_tokenizer_info){.kind = "tokenizer.json-bpe", .vocab_size = h->vocab.n, .bos = h->bos,
                                              .eos = -1, .pad = -1, .unk = h->unk, .adds_bos = h->bos >= 0};
    return CARAT_OK;
}

/* The metadata alone decides, so it alone is hashed: files of many precisions share it. */
static void hash_gguf(const struct gguf *g, char out[SHA256_HEX])
{
    struct sha256 *all = sha256_new();
    for (size_t i = 0; all && i < g->n_entries; i++)
        if (str_starts(g->entries[i].key, STR("tokenizer.ggml.")))
            sha256_update(all, g->entries[i].raw.p, g->entries[i].raw.n);
    if (all)
        sha256_finish(all, out);
}

static enum carat_err gguf_spm(const struct gguf *g, struct carat_tokenizer *tok, struct err *err)
{
    struct spm *m = &tok->spm;
    enum carat_err failed = spm_from_gguf(g, m, err);
    if (!failed)
        tok->info = (struct carat_tokenizer_info){.kind = "gguf-sentencepiece-bpe", .vocab_size = m->vocab.n, .bos = m->bos,
                                                  .eos = m->eos, .pad = m->pad, .unk = m->unk, .adds_bos = true};
    return failed;
}

static enum carat_err gguf_bytes(const struct gguf *g, struct carat_tokenizer *tok, struct err *err)
{
    static const char *const keys[] = {"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id",
                                       "tokenizer.ggml.padding_token_id", "tokenizer.ggml.unknown_token_id"};
    struct hf *h = &tok->hf;
    int64_t ids[4] = {-1, -1, -1, -1};
    bool adds_bos = false;
    tok->is_hf = true;
    enum carat_err failed = hf_from_gguf(g, h, &adds_bos, err);
    for (size_t i = 0; i < 4 && !failed; i++)
        failed = gguf_int(g, keys[i], 0, (int64_t)h->vocab.n - 1, &ids[i], err);
    tok->info = (struct carat_tokenizer_info){.kind = "gguf-byte-level-bpe", .vocab_size = h->vocab.n, .bos = (int32_t)ids[0],
                                              .eos = (int32_t)ids[1], .pad = (int32_t)ids[2], .unk = (int32_t)ids[3],
                                              .adds_bos = adds_bos};
    return failed;
}

static enum carat_err read_gguf(const struct gguf *g, struct carat_tokenizer *tok, struct err *err)
{
    struct str model = STR("");
    bool adds_eos = false;
    enum carat_err failed = gguf_str(g, "tokenizer.ggml.model", &model, err);
    if (!failed)
        failed = str_eq(model, STR("gpt2")) ? gguf_bytes(g, tok, err) : gguf_spm(g, tok, err);
    if (!failed)
        failed = gguf_bool(g, "tokenizer.ggml.add_bos_token", &tok->info.adds_bos, err);
    if (!failed)
        failed = gguf_bool(g, "tokenizer.ggml.add_eos_token", &adds_eos, err);
    tok->info.adds_bos &= tok->info.bos >= 0;
    if (adds_eos)
        tok->info.warning = "the file asks for an end-of-sequence token behind each text; carat adds none";
    return failed;
}

static enum carat_err open_gguf(const char *path, struct carat_tokenizer *tok, struct err *err)
{
    struct file_map map = {.data = NULL};
    struct gguf g = GGUF_INIT;
    enum carat_err failed = file_map(path, &map, err);
    if (failed)
        return failed;
    failed = gguf_read(map.data, map.n, path, &g, NULL, err);
    if (!failed)
        failed = read_gguf(&g, tok, err);
    if (!failed)
        hash_gguf(&g, tok->info.sha256);
    gguf_release(&g);
    file_unmap(&map);
    return failed;
}

static enum carat_err open_file(const char *path, struct carat_tokenizer *tok, struct err *err)
{
    struct buf data = BUF_INIT(TOKENIZER_MAX_FILE);
    struct str name = str_from(path);
    if (str_ends(name, STR(".gguf")))
        return open_gguf(path, tok, err);
    enum carat_err failed = file_read(path, TOKENIZER_MAX_FILE, &data, err);
    if (!failed && str_ends(name, STR(".json"))) {
        failed = open_json(path, buf_str(&data), tok, err);
    } else if (!failed && str_ends(name, STR(".model"))) {
        failed = open_model(path, buf_str(&data), tok, err);
    } else if (!failed) {
        failed = err_set(err, CARAT_EINPUT, "'%s' is no tokenizer: neither a .model, a .json or a .gguf, nor a folder", path);
    }
    if (!failed)
        sha256_hex(buf_str(&data).p, data.n, tok->info.sha256);
    buf_release(&data);
    return failed;
}

enum carat_err carat_tokenizer_open(const char *path, struct carat_tokenizer **out, struct err *err)
{
    struct carat_tokenizer *tok = calloc(1, sizeof *tok);
    *out = NULL;
    if (!tok)
        return err_nomem(err, "a tokenizer");
    hf_init(&tok->hf);
    tok->is_hf = file_is_dir(path);
    enum carat_err failed = tok->is_hf ? folder_open(path, tok, err) : open_file(path, tok, err);
    if (failed)
        carat_tokenizer_free(tok);
    else
        *out = tok;
    return failed;
}

void carat_tokenizer_free(struct carat_tokenizer *tok)
{
    if (!tok)
        return;
    spm_release(&tok->spm);
    hf_release(&tok->hf);
    free(tok);
}

const struct carat_tokenizer_info *carat_tokenizer_info(const struct carat_tokenizer *tok)
{
    return &tok->info;
}

/* ---- encoding and decoding -------------------------------------------------------------------- */

static enum carat_err encode_valid(const struct carat_tokenizer *tok, struct str text, unsigned flags,
                                   struct carat_ids *out, struct err *err)
{
    return tok->is_hf ? hf_encode(&tok->hf, text, out, err)
                      : spm_encode(&tok->spm, text, flags & CARAT_TOK_SPECIAL, out, err);
}

/* A BOS in front of what was written from `from` on, unless the text has brought one. */
static enum carat_err put_bos(const struct carat_tokenizer *tok, size_t from, struct carat_ids *out, struct err *err)
{
    if (tok->info.bos < 0)
        return err_set(err, CARAT_EINPUT, "a BOS is asked for, but the tokenizer has none");
    if (out->n > from && out->ids[from] == tok->info.bos)
        return CARAT_OK;
    if (carat_ids_push(out, tok->info.bos))
        return err_nomem(err, "a text's tokens");
    memmove(out->ids + from + 1, out->ids + from, (out->n - 1 - from) * sizeof *out->ids);
    out->ids[from] = tok->info.bos;
    return CARAT_OK;
}

enum carat_err carat_tokenizer_encode(const struct carat_tokenizer *tok, struct str text, unsigned flags,
                                      struct carat_ids *out, struct err *err)
{
    size_t before = out->n;
    struct buf valid = BUF_INIT(TOKENIZER_MAX_FILE);
    enum carat_err failed = CARAT_OK;
    if (text.n > TOKENIZER_MAX_FILE / 4)
        return err_set(err, CARAT_EINPUT, "a text of %zu bytes; at most %zu are tokenized at once", text.n,
                       TOKENIZER_MAX_FILE / 4);
    if (!utf8_valid(text)) {
        if (utf8_sanitize(text, &valid))
            failed = err_nomem(err, "a text");
        text = buf_str(&valid);
    }
    if (!failed)
        failed = encode_valid(tok, text, flags, out, err);
    if (!failed && flags & CARAT_TOK_BOS)
        failed = put_bos(tok, before, out, err);
    if (failed)
        out->n = before;
    buf_release(&valid);
    return failed;
}

enum carat_err carat_tokenizer_decode(const struct carat_tokenizer *tok, const int32_t *ids, size_t n, unsigned flags,
                                      struct buf *out, struct err *err)
{
    const struct vocab *v = tok->is_hf ? &tok->hf.vocab : &tok->spm.vocab;
    for (size_t i = 0; i < n; i++)
        if (!vocab_has(v, ids[i]))
            return err_set(err, CARAT_EINPUT, "token id %d at place %zu is not in the vocabulary of %zu", ids[i], i, v->n);
    if (tok->is_hf)
        return hf_decode(&tok->hf, ids, n, flags & CARAT_TOK_SKIP_SPECIAL, out, err);
    return spm_decode(&tok->spm, ids, n, out) ? err_nomem(err, "a decoded text") : CARAT_OK;
}
