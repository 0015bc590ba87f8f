/* folder.c - a checkpoint's folder as transformers' AutoTokenizer (version 5) sees it.
 *
 *     tokenizer.json             pieces, merges, added tokens; decides where it is there
 *     tokenizer.model            else; merges are made from the scores (hf_spm.c)
 *     tokenizer_config.json      the class, added_tokens_decoder, names of the special tokens, add_bos_token, legacy
 *     special_tokens_map.json    names of special tokens that the former lacks
 *     config.json                model_type, tokenizer_class
 *
 * transformers 5 builds a known class's pipeline itself (autoclass.h says which class it takes) and takes no more than pieces,
 * merges and added tokens from tokenizer.json:
 *
 *     Gemma    normalizer: space to U+2581.                        Decoder: back, byte fallback, fuse
 *     Llama    pre-tokenizer: Metaspace, unsplit, with a prefix.   Decoder: the same, and one space off the front
 *     GPT-2    pre-tokenizer: ByteLevel.                           Decoder: ByteLevel
 *     GPT-NeoX normalizer: NFC; then as GPT-2
 *     Qwen 2   normalizer: NFC; its own words, ByteLevel.          Decoder: ByteLevel
 *
 * Llama's prefix is put before every stretch between added tokens ("legacy": true), or before the text alone (the class's
 * default), but never where the stretch begins with a space or U+2581: there tokenizer.json's own normalizer
 * would give a second one. Any other class runs tokenizer.json as it is written; of a tokenizer.model alone it makes Gemma's
 * pipeline. clean_up_tokenization_spaces, which Llama 3's files set, is ignored: transformers does so for every BPE from
 * 5.7 on.
 *
 * Where tokenizer.json and tokenizer.model stand side by side and disagree, tokenizer.json has decided the reference's
 * results, so the folder is opened, and the warning says so: refusing would refuse
 * what the reference evaluates.
 */
#include "autoclass.h"
#include "hf_words.h"
#include "tokenizer_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define END_OF_TEXT "<|endoftext|>"

/* The named special tokens, and what each class calls them where no file does. */
enum named { BOS, EOS, PAD, UNK, N_NAMED };
static const struct {
    const char *key, *usual[N_STYLES];
} named_tokens[N_NAMED] = {
    [BOS] = {"bos_token", {[STYLE_GEMMA] = "<bos>", [STYLE_LLAMA] = "<s>", [STYLE_GPT2] = END_OF_TEXT, [STYLE_NEOX] = END_OF_TEXT}},
    [EOS] = {"eos_token", {[STYLE_GEMMA] = "<eos>", [STYLE_LLAMA] = "</s>", [STYLE_GPT2] = END_OF_TEXT, [STYLE_NEOX] = END_OF_TEXT,
                           [STYLE_QWEN2] = END_OF_TEXT}},
    [PAD] = {"pad_token", {[STYLE_GEMMA] = "<pad>", [STYLE_NEOX] = "<|padding|>", [STYLE_QWEN2] = END_OF_TEXT}},
    [UNK] = {"unk_token", {[STYLE_GEMMA] = "<unk>", [STYLE_LLAMA] = "<unk>", [STYLE_GPT2] = END_OF_TEXT, [STYLE_NEOX] = END_OF_TEXT,
                           [STYLE_QWEN2] = END_OF_TEXT}},
};

/* The files, read. A missing one is NULL or empty. */
struct folder {
    const char *dir;
    json_t *config, *map, *model_config;
    char *json_path, *model_path;
    struct buf json, model;
    enum style style;
    int32_t own[N_NAMED]; /* what a tokenizer.model says of itself; -1: nothing */
    struct sha256 *hash;
};

static void warn(struct carat_tokenizer *tok, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void warn(struct carat_tokenizer *tok, const char *fmt, ...)
{
    va_list args;
    size_t n = strlen(tok->warning);
    if (n)
        n += (size_t)snprintf(tok->warning + n, sizeof tok->warning - n, "; ");
    if (n < sizeof tok->warning) {
        va_start(args, fmt);
        vsnprintf(tok->warning + n, sizeof tok->warning - n, fmt, args);
        va_end(args);
    }
    tok->info.warning = tok->warning;
}

/* ---- reading ------------------------------------------------------------------------------ */

/* Appends the file to `out` and its bytes to the hash; a missing one leaves *path NULL. */
static enum carat_err read_file(struct folder *f, const char *name, char **path, struct buf *out, bool decides, struct err *err)
{
    *path = file_join(f->dir, name);
    if (!*path)
        return err_nomem(err, "a path");
    if (!file_exists(*path)) {
        free(*path);
        *path = NULL;
        return CARAT_OK;
    }
    enum carat_err failed = file_read(*path, TOKENIZER_MAX_FILE, out, err);
    if (!failed && decides) {
        sha256_update(f->hash, name, strlen(name) + 1);
        sha256_update(f->hash, buf_str(out).p, out->n);
    }
    return failed;
}

/* An object, its numbers as reals: none is needed as an integer here, and some are beyond 64 bits. */
static enum carat_err parse_object(struct str text, const char *path, json_t **out, struct err *err)
{
    enum carat_err failed = json_read_reals(text, path, out, err);
    if (!failed && !json_is_object(*out))
        failed = err_set(err, CARAT_EINPUT, "'%s': the top level is not an object", path);
    return failed;
}

static enum carat_err read_object(struct folder *f, const char *name, json_t **out, bool decides, struct err *err)
{
    struct buf text = BUF_INIT(TOKENIZER_MAX_FILE);
    char *path;
    enum carat_err failed = read_file(f, name, &path, &text, decides, err);
    if (!failed && path)
        failed = parse_object(buf_str(&text), path, out, err);
    free(path);
    buf_release(&text);
    return failed;
}

static enum carat_err read_settings(struct folder *f, bool decide, struct err *err)
{
    enum carat_err failed = read_object(f, "tokenizer_config.json", &f->config, decide, err);
    if (!failed)
        failed = read_object(f, "special_tokens_map.json", &f->map, decide, err);
    return failed ? failed : read_object(f, "config.json", &f->model_config, false, err);
}

static enum carat_err read_all(struct folder *f, struct err *err)
{
    enum carat_err failed = read_file(f, "tokenizer.json", &f->json_path, &f->json, true, err);
    if (!failed)
        failed = read_file(f, "tokenizer.model", &f->model_path, &f->model, !f->json_path, err);
    if (!failed)
        failed = read_settings(f, true, err);
    if (!failed && !f->json_path && !f->model_path) {
        failed = err_set(err, CARAT_EINPUT, "'%s' holds neither a tokenizer.json nor a tokenizer.model", f->dir);
        err_hint(err, "a checkpoint's folder has its tokenizer beside its weights");
    }
    return failed;
}

/* ---- settings ------------------------------------------------------------------------------- */

static struct str text_or_none(const json_t *object, const char *key)
{
    struct str s;
    return json_get_str(object, key, &s) ? s : (struct str){NULL, 0};
}

/* The class that is named. */
static struct str class_name(const struct folder *f)
{
    struct str name = text_or_none(f->config, "tokenizer_class");
    return name.p ? name : text_or_none(f->model_config, "tokenizer_class");
}

static enum style style_of(const struct folder *f, bool *unknown)
{
    const struct autoclass a = {.class = class_name(f),
                                .model_type = text_or_none(f->model_config, "model_type"),
                                .byte_level = str_find(buf_str(&f->json), STR("\"ByteLevel\""), 0) >= 0};
    return autoclass_style(&a, unknown);
}

static enum carat_err choose_style(struct folder *f, struct carat_tokenizer *tok, struct err *err)
{
    bool unknown;
    const struct str class = class_name(f), model_type = text_or_none(f->model_config, "model_type");
    f->style = style_of(f, &unknown);
    if (!f->json_path && (unknown || (!class.p && !model_type.p)))
        return err_set(err, CARAT_EUNSUPPORTED, "'%s': tokenizer class '%.100s' with a tokenizer.model alone is not supported",
                       f->dir, class.p ? class.p : "(none named)");
    if (!f->json_path && f->style > STYLE_LLAMA)
        return err_set(err, CARAT_EINPUT, "'%s': tokenizer class '%.100s' wants a tokenizer.json", f->dir,
                       class.p ? class.p : model_type.p);
    if (unknown)
        warn(tok, "'%s': tokenizer_class '%.100s' is not known; tokenizer.json is taken as it is written", f->dir, class.p);
    return CARAT_OK;
}

/* A special token's text: a string, or an object with "content"; "" where it is not named. */
static struct str token_text(const json_t *object, const char *key)
{
    struct str s;
    if (json_get_str(object, key, &s) || json_get_str(json_object_get(object, key), "content", &s))
        return s;
    return STR("");
}

/* What a special token is called; "" where it has no name: null in the configuration takes it away. */
static struct str named_text(const struct folder *f, enum named which)
{
    const char *key = named_tokens[which].key;
    struct str s = token_text(f->config, key);
    if (!s.n)
        s = token_text(f->map, key);
    if (!s.n && !json_is_null(json_object_get(f->config, key)) && named_tokens[which].usual[f->style])
        s = str_from(named_tokens[which].usual[f->style]);
    return s;
}

/* Its id, or -1 where it has no name or is no piece. */
static int32_t token_id(const struct folder *f, const struct hf *h, enum named which)
{
    struct str s = named_text(f, which);
    if (!s.n && f->style == STYLE_PLAIN)
        return f->own[which];
    return s.n ? vocab_find(&h->vocab, s) : -1;
}

/* A setting that is true, false, or (absent, null) the default. */
static bool setting(const struct folder *f, const char *key, bool usual)
{
    const json_t *value = json_object_get(f->config, key);
    return json_is_boolean(value) ? json_is_true(value) : usual;
}

/* Where the configuration speaks of BOS or EOS, it replaces tokenizer.json's post-processor. */
static bool says_bos(const struct folder *f)
{
    return json_object_get(f->config, "add_bos_token") || json_object_get(f->config, "add_eos_token");
}

/* ---- building --------------------------------------------------------------------------------- */

static enum carat_err add_replace(struct hf *h, struct hf_steps *steps, const char *from, const char *to, struct err *err)
{
    struct hf_step *step = hf_add_step(h, steps, HF_REPLACE, str_from(to), err);
    if (!step)
        return CARAT_ENOMEM;
    step->pattern.literal = str_from(from);
    return CARAT_OK;
}

/* U+2581 to a space, byte fallback, fuse. */
static enum carat_err add_decoders(struct hf *h, struct err *err)
{
    h->has_decoder = true;
    if (add_replace(h, &h->decoders, SPM_SPACE, " ", err) ||
        !hf_add_step(h, &h->decoders, HF_BYTE_FALLBACK, STR(""), err) ||
        !hf_add_step(h, &h->decoders, HF_FUSE, STR(""), err))
        return CARAT_ENOMEM;
    return CARAT_OK;
}

static enum carat_err build_gemma(struct hf *h, struct err *err)
{
    return add_replace(h, &h->normalizers, " ", SPM_SPACE, err) ? CARAT_ENOMEM : add_decoders(h, err);
}

static enum carat_err build_llama(const struct folder *f, struct hf *h, struct err *err)
{
    bool prefix = setting(f, "add_prefix_space", true);
    struct hf_step *step = hf_add_step(h, &h->pre_tokenizers, HF_METASPACE, STR(SPM_SPACE), err);
    if (!step || add_decoders(h, err))
        return CARAT_ENOMEM;
    step->prefix = !prefix ? HF_NEVER : setting(f, "legacy", false) ? HF_ALWAYS : HF_FIRST;
    if (prefix) {
        struct hf_step *strip = hf_add_step(h, &h->decoders, HF_STRIP, STR(" "), err);
        if (!strip)
            return CARAT_ENOMEM;
        strip->start = 1;
    }
    return CARAT_OK;
}

/* GPT-2's words; GPT-NeoX normalizes before them; Qwen has words of its own. */
static enum carat_err build_byte_level(const struct folder *f, struct hf *h, struct err *err)
{
    bool prefix = setting(f, "add_prefix_space", false);
    h->has_decoder = true;
    h->byte_fallback = h->fuse_unk = h->ignore_merges = false;
    if (f->style != STYLE_GPT2 && hf_add_normal_form(h, UNI_NFC, err))
        return CARAT_ENOMEM;
    enum carat_err failed = f->style == STYLE_QWEN2 ? hf_add_words(h, STR(HF_QWEN_WORDS), false, prefix, err)
                                                    : hf_add_words(h, STR(HF_GPT2_WORDS), prefix, false, err);
    return failed || hf_add_step(h, &h->decoders, HF_BYTE_LEVEL, STR(""), err) ? failed : CARAT_ENOMEM;
}

static enum carat_err build_steps(const struct folder *f, struct hf *h, struct err *err)
{
    switch (f->style) {
    case STYLE_PLAIN: /* a tokenizer.model alone: spaces are marked, none is put in front */
    case STYLE_GEMMA: return build_gemma(h, err);
    case STYLE_LLAMA: return build_llama(f, h, err);
    default: return build_byte_level(f, h, err);
    }
}

/* The tokens that tokenizer_config.json adds: {"7": {"content": ...}}. */
static enum carat_err add_config_tokens(const struct folder *f, struct hf *h, struct err *err)
{
    const json_t *tokens = json_object_get(f->config, "added_tokens_decoder");
    int64_t most = (int64_t)(4 * (h->vocab.n + json_object_size(tokens)) + 1024);
    const char *key;
    json_t *token;
    json_object_foreach((json_t *)(uintptr_t)tokens, key, token) {
        int64_t id;
        enum carat_err failed;
        if (!num_parse_i64(str_from(key), &id) || id < 0 || id > most)
            failed = err_set(err, CARAT_EINPUT, "the id is not a number from 0 to %" PRId64, most);
        else
            failed = hf_add_token_json(h, id, token, err);
        if (failed) {
            err_context(err, "'%s/tokenizer_config.json': added_tokens_decoder['%.40s']", f->dir, key);
            return failed;
        }
    }
    return CARAT_OK;
}

/* A model's own control and user-defined pieces are added tokens, whether the configuration lists them or not. */
static enum carat_err add_spm_tokens(const struct spm *m, struct hf *h, struct err *err)
{
    for (size_t id = 0; id < m->vocab.n; id++) {
        unsigned flags = m->types[id] == SPM_USER ? 0 : HF_SPECIAL;
        if (m->types[id] != SPM_CONTROL && m->types[id] != SPM_UNKNOWN && m->types[id] != SPM_USER)
            continue;
        enum carat_err failed = hf_add_token(h, (int64_t)id, m->vocab.pieces[id], flags, err);
        if (failed)
            return failed;
    }
    return CARAT_OK;
}

/* Qwen 2's class adds its special tokens once more, without the properties that they had. */
static void make_plain(const struct folder *f, struct hf *h, int32_t id)
{
    if (f->style == STYLE_QWEN2)
        h->flags[id] &= (uint8_t)(HF_IN_MODEL | HF_ADDED | HF_SPECIAL);
}

/* Named special tokens are added tokens, too. */
static enum carat_err add_named_tokens(const struct folder *f, struct hf *h, struct err *err)
{
    for (enum named which = BOS; which < N_NAMED; which++) {
        int32_t id = token_id(f, h, which);
        if (id < 0)
            continue;
        enum carat_err failed = hf_add_token(h, id, h->vocab.pieces[id], HF_SPECIAL, err);
        if (failed)
            return failed;
        make_plain(f, h, id);
    }
    return CARAT_OK;
}

/* One of a list of further special tokens: its text, or an object with it. An added token stays what it is. */
static enum carat_err add_extra(const struct folder *f, struct hf *h, const json_t *token, struct err *err)
{
    struct str s = {json_string_value(token), json_string_length(token)};
    if (!s.p && !json_get_str(token, "content", &s))
        return CARAT_OK;
    int32_t id = s.n ? vocab_find(&h->vocab, s) : -1;
    if (id < 0 || (h->flags[id] & HF_ADDED && f->style != STYLE_QWEN2))
        return CARAT_OK;
    enum carat_err failed = hf_add_token(h, id, s, HF_SPECIAL, err);
    if (!failed)
        make_plain(f, h, id);
    return failed;
}

/* Those that have no name of their own. */
static enum carat_err add_extra_tokens(const struct folder *f, struct hf *h, struct err *err)
{
    static const char *const keys[] = {"additional_special_tokens", "extra_special_tokens"};
    enum carat_err failed = CARAT_OK;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const json_t *list = json_object_get(f->config, keys[i]);
        const char *key;
        json_t *token;
        for (size_t k = 0; k < json_array_size(list) && !failed; k++)
            failed = add_extra(f, h, json_array_get(list, k), err);
        json_object_foreach((json_t *)(uintptr_t)list, key, token)
            if (!failed)
                failed = add_extra(f, h, token, err);
    }
    return failed;
}

static enum carat_err load_model(struct folder *f, struct carat_tokenizer *tok, struct err *err)
{
    struct spm spm = {.vocab = VOCAB_INIT};
    enum carat_err failed = spm_read(buf_str(&f->model), f->model_path, &spm, err);
    if (!failed)
        failed = hf_from_spm(&spm, &tok->hf, err);
    if (!failed)
        failed = add_spm_tokens(&spm, &tok->hf, err);
    f->own[BOS] = spm.bos;
    f->own[EOS] = spm.eos;
    f->own[UNK] = spm.unk;
    spm_release(&spm);
    return failed;
}

static enum carat_err build(struct folder *f, struct carat_tokenizer *tok, struct err *err)
{
    struct hf *h = &tok->hf;
    bool built = f->style != STYLE_PLAIN || !f->json_path;
    unsigned parts = (built ? 0 : HF_READ_STEPS) | (says_bos(f) ? 0 : HF_READ_TEMPLATE);
    enum carat_err failed =
        f->json_path ? hf_read_json(buf_str(&f->json), f->json_path, parts, h, err) : load_model(f, tok, err);
    if (!failed)
        failed = add_config_tokens(f, h, err);
    if (!failed)
        failed = add_named_tokens(f, h, err);
    if (!failed)
        failed = add_extra_tokens(f, h, err);
    if (!failed && built) {
        h->byte_fallback = h->fuse_unk = true;
        failed = build_steps(f, h, err);
    }
    return failed ? failed : hf_finish(h, err);
}

/* ---- what is known, and what does not agree ------------------------------------------------------ */

static enum carat_err fill_info(const struct folder *f, struct carat_tokenizer *tok, struct err *err)
{
    const bool spm_class = f->style == STYLE_GEMMA || f->style == STYLE_LLAMA;
    struct carat_tokenizer_info *info = &tok->info;
    info->kind = f->json_path ? "tokenizer.json-bpe" : "sentencepiece-bpe";
    info->vocab_size = tok->hf.vocab.n;
    info->bos = token_id(f, &tok->hf, BOS);
    info->eos = token_id(f, &tok->hf, EOS);
    info->pad = token_id(f, &tok->hf, PAD);
    info->unk = token_id(f, &tok->hf, UNK);
    if (f->style != STYLE_PLAIN) /* Llama's model is given no unknown token: what no byte piece can say leaves nothing */
        tok->hf.unk = f->style == STYLE_GEMMA ? info->unk : -1;
    if (info->bos < 0)
        info->bos = tok->hf.bos;
    info->adds_bos = info->bos >= 0 && setting(f, "add_bos_token", f->json_path ? tok->hf.bos >= 0 : spm_class);
    if (setting(f, "split_special_tokens", false))
        return err_set(err, CARAT_EUNSUPPORTED, "'%s/tokenizer_config.json': split_special_tokens is not supported", f->dir);
    if (setting(f, "add_eos_token", false))
        return err_set(err, CARAT_EUNSUPPORTED, "'%s/tokenizer_config.json': add_eos_token is not supported", f->dir);
    return CARAT_OK;
}

/* tokenizer.json decided; does tokenizer.model tell the same? */
static void compare_sources(const struct folder *f, struct carat_tokenizer *tok)
{
    struct spm spm = {.vocab = VOCAB_INIT};
    struct err err = ERR_INIT;
    const struct vocab *ours = &tok->hf.vocab;
    if (!f->json_path || !f->model_path)
        return;
    if (spm_read(buf_str(&f->model), f->model_path, &spm, &err)) {
        warn(tok, "tokenizer.json is used; its neighbour cannot be compared with it: %.300s", err.msg);
        goto out;
    }
    for (size_t id = 0; id < spm.vocab.n; id++)
        if (!vocab_has(ours, (int32_t)id) || !str_eq(ours->pieces[id], spm.vocab.pieces[id])) {
            warn(tok, "'%s': tokenizer.json and tokenizer.model disagree: id %zu is another piece; tokenizer.json is used",
                 f->dir, id);
            goto out;
        }
    if (spm.squeeze_spaces)
        warn(tok, "'%s': tokenizer.model removes extra spaces, tokenizer.json does not; tokenizer.json is used", f->dir);
out:
    spm_release(&spm);
}

/* Is the id the one, or one of those, that the value names? True where it names none. */
static bool names_id(const json_t *value, int32_t id)
{
    if (json_is_number(value))
        return json_number_value(value) == id;
    bool any = json_array_size(value) == 0;
    for (size_t i = 0; i < json_array_size(value) && !any; i++)
        any = json_number_value(json_array_get(value, i)) == id;
    return any;
}

/* Do tokenizer and config.json mean the same by BOS and EOS? */
static void compare_ids(const struct folder *f, struct carat_tokenizer *tok)
{
    static const char *const keys[] = {"bos_token_id", "eos_token_id"};
    const int32_t ids[] = {tok->info.bos, tok->info.eos};
    const json_t *text = json_object_get(f->model_config, "text_config");
    for (size_t i = 0; i < 2; i++) {
        const json_t *value = json_object_get(text, keys[i]);
        if (!value)
            value = json_object_get(f->model_config, keys[i]);
        if (ids[i] >= 0 && !names_id(value, ids[i]))
            warn(tok, "'%s': config.json's %s is not the tokenizer's %d; prompts get the tokenizer's", f->dir, keys[i], ids[i]);
    }
}

static void folder_release(struct folder *f)
{
    json_decref(f->config);
    json_decref(f->map);
    json_decref(f->model_config);
    free(f->json_path);
    free(f->model_path);
    buf_release(&f->json);
    buf_release(&f->model);
    sha256_drop(f->hash);
}

enum carat_err folder_open(const char *dir, struct carat_tokenizer *tok, struct err *err)
{
    struct folder f = {.dir = dir, .json = BUF_INIT(TOKENIZER_MAX_FILE), .model = BUF_INIT(TOKENIZER_MAX_FILE),
                       .own = {-1, -1, -1, -1}, .hash = sha256_new()};
    enum carat_err failed = f.hash ? read_all(&f, err) : err_nomem(err, "a hash");
    if (!failed)
        failed = choose_style(&f, tok, err);
    if (!failed)
        failed = build(&f, tok, err);
    if (!failed)
        failed = fill_info(&f, tok, err);
    if (!failed) {
        compare_sources(&f, tok);
        compare_ids(&f, tok);
        sha256_finish(f.hash, tok->info.sha256);
        f.hash = NULL;
    }
    folder_release(&f);
    return failed;
}

enum carat_err folder_special_tokens(const char *dir, json_t *out, struct err *err)
{
    static const char *const more[] = {"sep_token", "cls_token", "mask_token"};
    struct folder f = {.dir = dir, .json = BUF_INIT(TOKENIZER_MAX_FILE), .model = BUF_INIT(TOKENIZER_MAX_FILE),
                       .own = {-1, -1, -1, -1}};
    bool unknown, ok = true;
    enum carat_err failed = read_file(&f, "tokenizer.json", &f.json_path, &f.json, false, err);
    if (!failed)
        failed = read_settings(&f, false, err);
    if (!failed)
        f.style = style_of(&f, &unknown);
    for (enum named which = BOS; which < N_NAMED && !failed; which++) {
        struct str s = named_text(&f, which);
        ok = (!s.n || !json_object_set_new(out, named_tokens[which].key, json_text(s))) && ok;
    }
    for (size_t i = 0; i < sizeof more / sizeof *more && !failed; i++) {
        struct str s = token_text(f.config, more[i]);
        if (!s.n)
            s = token_text(f.map, more[i]);
        ok = (!s.n || !json_object_set_new(out, more[i], json_text(s))) && ok;
    }
    folder_release(&f);
    return failed ? failed : ok ? CARAT_OK : err_nomem(err, "a chat template");
}
