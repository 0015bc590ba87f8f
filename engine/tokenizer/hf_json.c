/* hf_json.c - tokenizer.json.
 *
 *     {"added_tokens": [{"id", "content", "special", "normalized", "lstrip", "rstrip", "single_word"} ...],
 *      "normalizer": STEP, "pre_tokenizer": STEP, "post_processor": STEP, "decoder": STEP,
 *      "model": {"type": "BPE", "vocab": {piece: id ...}, "merges": ["left right" ... or ["left", "right"] ...],
 *                "unk_token", "byte_fallback", "fuse_unk", "ignore_merges"}}
 *
 * A STEP is null, {"type": ...} or {"type": "Sequence", ...: [STEP ...]}. Each table below names the steps
 * that carat knows; any other is refused by name, as is every option that would change a result.
 */
#include "hf.h"
#include "hf_words.h"

#include <inttypes.h>

struct reading {
    struct hf *h;
    const char *name;
    struct err *err;
};

static const char *text_of(const json_t *value)
{
    return json_is_string(value) ? json_string_value(value) : "";
}

static enum carat_err wrong(struct reading *r, const char *where)
{
    return err_set(r->err, CARAT_EINPUT, "'%s': %s is missing or not what it should be", r->name, where);
}

static enum carat_err refused(struct reading *r, const char *what, const char *value)
{
    return err_set(r->err, CARAT_EUNSUPPORTED, "'%s': %s '%.100s' is not supported", r->name, what, value);
}

/* ---- the steps ------------------------------------------------------------------------------ */

struct kind {
    const char *type;
    enum carat_err (*read)(struct reading *r, const json_t *step, struct hf_steps *steps);
};

static struct hf_step *add(struct reading *r, struct hf_steps *steps, enum hf_kind kind, struct str to)
{
    return hf_add_step(r->h, steps, kind, to, r->err);
}

static enum carat_err failure(const struct reading *r)
{
    return r->err->code ? r->err->code : CARAT_ENOMEM;
}

/* {"String": s} or {"Regex": s} */
static enum carat_err read_pattern(struct reading *r, const json_t *step, struct hf_step *out)
{
    const json_t *pattern = json_object_get(step, "pattern");
    struct str s;
    if (json_get_str(pattern, "String", &s) && s.n) {
        out->pattern.literal = (struct str){arena_dup(&r->h->text, s.p, s.n), s.n};
        return out->pattern.literal.p ? CARAT_OK : err_nomem(r->err, "a tokenizer");
    }
    if (!json_get_str(pattern, "Regex", &s) || !s.n)
        return wrong(r, "a 'pattern'");
    enum carat_err failed = pattern_compile(&out->pattern, s, r->err);
    if (failed)
        err_context(r->err, "'%s'", r->name);
    return failed;
}

static enum carat_err read_prepend(struct reading *r, const json_t *step, struct hf_steps *steps)
{
    struct str s;
    if (!json_get_str(step, "prepend", &s))
        return wrong(r, "'prepend'");
    return add(r, steps, HF_PREPEND, s) ? CARAT_OK : failure(r);
}

static enum carat_err read_replace(struct reading *r, const json_t *step, struct hf_steps *steps)
{
    struct str s;
    if (!json_get_str(step, "content", &s))
        return wrong(r, "a Replace's 'content'");
    struct hf_step *out = add(r, steps, HF_REPLACE, s);
    return out ? read_pattern(r, step, out) : failure(r);
}

static enum carat_err read_behavior(struct reading *r, const json_t *step, struct hf_step *out)
{
    static const char *const names[] = {"Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"};
    const char *name = text_of(json_object_get(step, "behavior"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i])) {
            out->behavior = (enum hf_behavior)i;
            return CARAT_OK;
        }
    return refused(r, "split behavior", name);
}

static enum carat_err read_split(struct reading *r, const json_t *step, struct hf_steps *steps)
{
    struct hf_step *out = add(r, steps, HF_SPLIT, STR(""));
    if (!out)
        return failure(r);
    out->invert = json_is_true(json_object_get(step, "invert"));
    enum carat_err failed = read_behavior(r, step, out);
    return failed ? failed : read_pattern(r, step, out);
}

/* Steps without options. */
static enum carat_err add_plain(struct reading *r, struct hf_steps *steps, enum hf_kind kind)
{
    return add(r, steps, kind, STR("")) ? CARAT_OK : failure(r);
}

static enum carat_err read_nfc(struct reading *r, const json_t *step, struct hf_steps *steps)
{
    (void)step;
    (void)steps;
    return hf_add_normal_form(r->h, UNI_NFC, r->err);
}

static enum carat_err read_nfd(struct reading *r, const json_t *step, struct hf_steps *steps)
{
    (void)step;
    (void)steps;
    return hf_add_normal_form(r->h, UNI_NFD, r->err);
}

static enum carat_err read_nfkc(struct reading *r, const json_t *step, struct hf_steps *steps)
{
    (void)step;
    (void)steps;
    return hf_add_normal_form(r->h, UNI_NFKC, r->err);
}

static enum carat_err read_nfkd(struct reading *r, const json_t *step, struct hf_steps *steps)
{
    (void)step;
    (void)steps;
    return hf_add_normal_form(r->h, UNI_NFKD, r->err);
}

static enum carat_err read_lowercase(struct reading *r, const json_t *step, struct hf_steps *steps)
{
    (void)step;
    return add_plain(r, steps, HF_LOWERCASE);
}

static enum carat_err read_strip_accents(struct reading *r, const json_t *step, struct hf_steps *steps)
{
    (void)step;
    return add_plain(r, steps, HF_STRIP_ACCENTS);
}

static enum carat_err read_strip_space(struct reading *r, const json_t *step, struct hf_steps *steps)
{
    struct hf_step *out = add(r, steps, HF_STRIP_SPACE, STR(""));
    if (!out)
        return failure(r);
    out->start = json_is_true(json_object_get(step, "strip_left"));
    out->stop = json_is_true(json_object_get(step, "strip_right"));
    return CARAT_OK;
}

static enum carat_err read_whitespace_split(struct reading *r, const json_t *step, struct hf_steps *steps)
{
    (void)step;
    (void)steps;
    return hf_add_cut(r->h, UNI_SPACE, HF_REMOVED, r->err);
}

static enum carat_err read_whitespace(struct reading *r, const json_t *step, struct hf_steps *steps)
{
    (void)step;
    return add_plain(r, steps, HF_WORDS);
}

static enum carat_err read_char_split(struct reading *r, const json_t *step, struct hf_steps *steps)
{
    struct str c;
    if (!json_get_str(step, "delimiter", &c) || utf8_length(c) != 1)
        return wrong(r, "a CharDelimiterSplit's 'delimiter'");
    struct hf_step *out = add(r, steps, HF_CUT, c);
    if (!out)
        return failure(r);
    out->behavior = HF_REMOVED;
    return CARAT_OK;
}

static enum carat_err read_digits(struct reading *r, const json_t *step, struct hf_steps *steps)
{
    bool each = json_is_true(json_object_get(step, "individual_digits"));
    (void)steps;
    return hf_add_cut(r->h, UNI_NUMERIC, each ? HF_ISOLATED : HF_CONTIGUOUS, r->err);
}

static enum carat_err read_punctuation(struct reading *r, const json_t *step, struct hf_steps *steps)
{
    enum carat_err failed = hf_add_cut(r->h, UNI_PUNCTUATION, HF_ISOLATED, r->err);
    return failed || !json_object_get(step, "behavior") ? failed : read_behavior(r, step, &steps->v[steps->n - 1]);
}

static enum carat_err read_scheme(struct reading *r, const json_t *step, enum hf_prefix *out)
{
    static const char *const names[] = {"never", "first", "always"};
    const json_t *scheme = json_object_get(step, "prepend_scheme");
    *out = json_is_false(json_object_get(step, "add_prefix_space")) ? HF_NEVER : HF_ALWAYS;
    for (size_t i = 0; scheme && i < 3; i++)
        if (!strcmp(text_of(scheme), names[i])) {
            *out = (enum hf_prefix)i;
            return CARAT_OK;
        }
    return scheme ? refused(r, "prepend_scheme", text_of(scheme)) : CARAT_OK;
}

static enum carat_err read_metaspace(struct reading *r, const json_t *step, struct hf_steps *steps)
{
    struct str mark;
    if (!json_get_str(step, "replacement", &mark) || !mark.n)
        return wrong(r, "a Metaspace's 'replacement'");
    struct hf_step *out = add(r, steps, HF_METASPACE, mark);
    if (!out)
        return failure(r);
    out->split = !json_is_false(json_object_get(step, "split"));
    return read_scheme(r, step, &out->prefix);
}

static enum carat_err read_byte_level_words(struct reading *r, const json_t *step, struct hf_steps *steps)
{
    bool prefix = json_is_true(json_object_get(step, "add_prefix_space"));
    bool words = !json_is_false(json_object_get(step, "use_regex"));
    if (words)
        return hf_add_words(r->h, STR(HF_GPT2_WORDS), prefix, false, r->err);
    enum carat_err failed = prefix ? add_plain(r, steps, HF_PREFIX_SPACE) : CARAT_OK;
    return failed ? failed : add_plain(r, steps, HF_BYTE_LEVEL);
}

static enum carat_err read_byte_level(struct reading *r, const json_t *step, struct hf_steps *steps)
{
    (void)step;
    return add_plain(r, steps, HF_BYTE_LEVEL);
}

static enum carat_err read_byte_fallback(struct reading *r, const json_t *step, struct hf_steps *steps)
{
    (void)step;
    return add_plain(r, steps, HF_BYTE_FALLBACK);
}

static enum carat_err read_fuse(struct reading *r, const json_t *step, struct hf_steps *steps)
{
    (void)step;
    return add_plain(r, steps, HF_FUSE);
}

static enum carat_err read_strip(struct reading *r, const json_t *step, struct hf_steps *steps)
{
    struct str content;
    json_int_t start = json_integer_value(json_object_get(step, "start"));
    json_int_t stop = json_integer_value(json_object_get(step, "stop"));
    if (!json_get_str(step, "content", &content) || !content.n || start < 0 || stop < 0)
        return wrong(r, "a Strip's 'content', 'start' or 'stop'");
    struct hf_step *out = add(r, steps, HF_STRIP, content);
    if (!out)
        return failure(r);
    out->start = (size_t)start;
    out->stop = (size_t)stop;
    return CARAT_OK;
}

static const struct kind normalizers[] = {
    {"ByteLevel", read_byte_level}, {"Lowercase", read_lowercase}, {"NFC", read_nfc},           {"NFD", read_nfd},
    {"NFKC", read_nfkc},            {"NFKD", read_nfkd},           {"Prepend", read_prepend},   {"Replace", read_replace},
    {"Strip", read_strip_space},    {"StripAccents", read_strip_accents}, {NULL, NULL},
};
static const struct kind pre_tokenizers[] = {
    {"ByteLevel", read_byte_level_words}, {"CharDelimiterSplit", read_char_split}, {"Digits", read_digits},
    {"Metaspace", read_metaspace},        {"Punctuation", read_punctuation},       {"Split", read_split},
    {"Whitespace", read_whitespace},      {"WhitespaceSplit", read_whitespace_split}, {NULL, NULL},
};
static const struct kind decoders[] = {
    {"ByteFallback", read_byte_fallback}, {"ByteLevel", read_byte_level}, {"Fuse", read_fuse},
    {"Metaspace", read_metaspace},        {"Replace", read_replace},      {"Strip", read_strip},
    {NULL, NULL},
};

/* A place for steps in the file, the name of its list in a Sequence, and what may stand there. */
struct place {
    const char *key, *list;
    const struct kind *kinds;
};

static enum carat_err read_steps(struct reading *r, const struct place *place, const json_t *step, struct hf_steps *steps)
{
    const char *type = text_of(json_object_get(step, "type"));
    if (!step || json_is_null(step))
        return CARAT_OK;
    if (!strcmp(type, "Sequence")) {
        const json_t *list = json_object_get(step, place->list);
        enum carat_err failed = json_is_array(list) ? CARAT_OK : wrong(r, place->list);
        for (size_t i = 0; i < json_array_size(list) && !failed; i++)
            failed = read_steps(r, place, json_array_get(list, i), steps);
        return failed;
    }
    for (const struct kind *kind = place->kinds; kind->type; kind++)
        if (!strcmp(kind->type, type))
            return kind->read(r, step, steps);
    return refused(r, place->key, type);
}

/* ---- what the post-processor puts around a text ------------------------------------------------ */

static enum carat_err read_template(struct reading *r, const json_t *step)
{
    const json_t *single = json_object_get(step, "single");
    size_t n = json_array_size(single);
    if (!n || !json_object_get(json_array_get(single, n - 1), "Sequence") || n > 2)
        return refused(r, "post_processor TemplateProcessing with more than one token in front,", "or one behind");
    if (n == 1)
        return CARAT_OK;
    const char *name = text_of(json_object_get(json_object_get(json_array_get(single, 0), "SpecialToken"), "id"));
    const json_t *ids = json_object_get(json_object_get(json_object_get(step, "special_tokens"), name), "ids");
    json_int_t id = json_integer_value(json_array_get(ids, 0));
    if (json_array_size(ids) != 1 || id < 0 || id > VOCAB_MAX_ID || !vocab_has(&r->h->vocab, (int32_t)id))
        return wrong(r, "the post_processor's special token");
    r->h->bos = (int32_t)id;
    return CARAT_OK;
}

static enum carat_err read_post_processor(struct reading *r, const json_t *step)
{
    const char *type = text_of(json_object_get(step, "type"));
    if (!step || json_is_null(step) || !strcmp(type, "ByteLevel")) /* ByteLevel changes offsets alone */
        return CARAT_OK;
    if (!strcmp(type, "TemplateProcessing"))
        return read_template(r, step);
    if (strcmp(type, "Sequence"))
        return refused(r, "post_processor", type);
    const json_t *list = json_object_get(step, "processors");
    enum carat_err failed = CARAT_OK;
    for (size_t i = 0; i < json_array_size(list) && !failed; i++)
        failed = read_post_processor(r, json_array_get(list, i));
    return failed;
}

/* ---- the model ------------------------------------------------------------------------------------ */

static enum carat_err read_vocab(struct reading *r, const json_t *vocab, size_t n_tokens)
{
    const char *piece;
    json_t *id;
    if (!json_is_object(vocab))
        return wrong(r, "model.vocab");
    json_int_t most = (json_int_t)(4 * (json_object_size(vocab) + n_tokens) + 1024);
    json_object_foreach((json_t *)(uintptr_t)vocab, piece, id) {
        if (!json_is_integer(id) || json_integer_value(id) < 0 || json_integer_value(id) > most)
            return err_set(r->err, CARAT_EINPUT,
                           "'%s': model.vocab: the id of '%.100s' is not a number from 0 to %" JSON_INTEGER_FORMAT,
                           r->name, piece, most);
        if (!*piece) /* an empty piece never comes up; a hole in the ids */
            continue;
        enum carat_err failed = hf_add_piece(r->h, json_integer_value(id), str_from(piece), r->err);
        if (failed) {
            err_context(r->err, "'%s': model.vocab: '%.100s'", r->name, piece);
            return failed;
        }
    }
    return CARAT_OK;
}

/* "left right" or ["left", "right"] */
static bool merge_halves(const json_t *merge, struct str *left, struct str *right)
{
    if (json_is_array(merge)) {
        const json_t *l = json_array_get(merge, 0), *r = json_array_get(merge, 1);
        *left = (struct str){json_string_value(l), json_string_length(l)};
        *right = (struct str){json_string_value(r), json_string_length(r)};
        return json_array_size(merge) == 2 && left->p && right->p;
    }
    struct str s = {json_string_value(merge), json_string_length(merge)};
    ptrdiff_t space = s.p ? str_find(s, STR(" "), 0) : -1;
    if (space < 0 || str_find(s, STR(" "), (size_t)space + 1) >= 0)
        return false;
    *left = (struct str){s.p, (size_t)space};
    *right = (struct str){s.p + space + 1, s.n - (size_t)space - 1};
    return true;
}

static enum carat_err read_merges(struct reading *r, const json_t *merges)
{
    if (!json_is_array(merges))
        return wrong(r, "model.merges");
    for (size_t i = 0; i < json_array_size(merges); i++) {
        struct str left, right;
        if (!merge_halves(json_array_get(merges, i), &left, &right))
            return err_set(r->err, CARAT_EINPUT, "'%s': model.merges[%zu] is not a pair of pieces", r->name, i);
        enum carat_err failed = hf_add_merge(r->h, left, right, r->err);
        if (failed) {
            err_context(r->err, "'%s': model.merges[%zu]", r->name, i);
            return failed;
        }
    }
    return CARAT_OK;
}

/* Options that are off when null, false, 0 or "". */
static bool is_off(const json_t *value)
{
    return !value || json_is_null(value) || json_is_false(value) || (json_is_number(value) && json_number_value(value) == 0) ||
           (json_is_string(value) && !json_string_length(value));
}

static enum carat_err read_model(struct reading *r, const json_t *model, size_t n_tokens)
{
    static const char *const must_be_off[] = {"dropout", "continuing_subword_prefix", "end_of_word_suffix"};
    const char *type = text_of(json_object_get(model, "type"));
    struct hf *h = r->h;
    if (!json_is_object(model))
        return wrong(r, "'model'");
    if (strcmp(type, "BPE") && (*type || !json_object_get(model, "merges"))) /* old files leave the type out */
        return refused(r, "model type", type);
    for (size_t i = 0; i < sizeof must_be_off / sizeof *must_be_off; i++)
        if (!is_off(json_object_get(model, must_be_off[i])))
            return refused(r, "model option", must_be_off[i]);
    enum carat_err failed = read_vocab(r, json_object_get(model, "vocab"), n_tokens);
    if (!failed)
        failed = read_merges(r, json_object_get(model, "merges"));
    if (failed)
        return failed;
    h->byte_fallback = json_is_true(json_object_get(model, "byte_fallback"));
    h->fuse_unk = json_is_true(json_object_get(model, "fuse_unk"));
    h->ignore_merges = json_is_true(json_object_get(model, "ignore_merges"));
    struct str unk;
    if (json_get_str(model, "unk_token", &unk) && (h->unk = vocab_find(&h->vocab, unk)) < 0)
        return err_set(r->err, CARAT_EINPUT, "'%s': model.unk_token '%.100s' is not in the vocabulary", r->name, unk.p);
    return CARAT_OK;
}

static enum carat_err read_added(struct reading *r, const json_t *tokens)
{
    for (size_t i = 0; i < json_array_size(tokens); i++) {
        const json_t *token = json_array_get(tokens, i), *id = json_object_get(token, "id");
        json_int_t most = (json_int_t)(4 * (r->h->vocab.n + json_array_size(tokens)) + 1024);
        enum carat_err failed = CARAT_EINPUT;
        if (!json_is_integer(id) || json_integer_value(id) < 0 || json_integer_value(id) > most)
            err_set(r->err, failed, "the id is not a number from 0 to %" JSON_INTEGER_FORMAT, most);
        else
            failed = hf_add_token_json(r->h, json_integer_value(id), token, r->err);
        if (failed) {
            err_context(r->err, "'%s': added_tokens[%zu]", r->name, i);
            return failed;
        }
    }
    return CARAT_OK;
}

enum carat_err hf_add_token_json(struct hf *h, int64_t id, const json_t *token, struct err *err)
{
    static const struct {
        const char *key;
        unsigned flag;
    } keys[] = {{"special", HF_SPECIAL}, {"normalized", HF_NORMALIZED}, {"lstrip", HF_LSTRIP}, {"rstrip", HF_RSTRIP},
                {"single_word", HF_SINGLE_WORD}};
    struct str content;
    unsigned flags = 0;
    if (!json_get_str(token, "content", &content))
        return err_set(err, CARAT_EINPUT, "'content' is missing");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (json_is_true(json_object_get(token, keys[i].key)))
            flags |= keys[i].flag;
    return content.n ? hf_add_token(h, id, content, flags, err) : CARAT_OK;
}

/* ---- the file ---------------------------------------------------------------------------------------- */

static enum carat_err read_pipeline(struct reading *r, const json_t *root)
{
    static const struct place places[] = {
        {"normalizer", "normalizers", normalizers},
        {"pre_tokenizer", "pretokenizers", pre_tokenizers},
        {"decoder", "decoders", decoders},
    };
    struct hf_steps *steps[] = {&r->h->normalizers, &r->h->pre_tokenizers, &r->h->decoders};
    static const char *const must_be_off[] = {"truncation", "padding"};
    enum carat_err failed = CARAT_OK;
    for (size_t i = 0; i < 3 && !failed; i++)
        failed = read_steps(r, &places[i], json_object_get(root, places[i].key), steps[i]);
    for (size_t i = 0; i < 2 && !failed; i++)
        if (!is_off(json_object_get(root, must_be_off[i])))
            failed = refused(r, "the setting", must_be_off[i]);
    r->h->has_decoder = !is_off(json_object_get(root, "decoder"));
    return failed;
}

enum carat_err hf_read_json(struct str text, const char *name, unsigned parts, struct hf *h, struct err *err)
{
    struct err local = ERR_INIT;
    struct reading r = {h, name, err ? err : &local};
    json_t *root = NULL;
    enum carat_err failed = json_read(text, name, 0, &root, r.err);
    if (failed)
        return failed;
    const json_t *added = json_object_get(root, "added_tokens");
    if (!json_is_object(root))
        failed = wrong(&r, "the top level");
    if (!failed)
        failed = read_model(&r, json_object_get(root, "model"), json_array_size(added));
    if (!failed)
        failed = read_added(&r, added);
    if (!failed && parts & HF_READ_STEPS)
        failed = read_pipeline(&r, root);
    if (!failed && parts & HF_READ_TEMPLATE)
        failed = read_post_processor(&r, json_object_get(root, "post_processor"));
    json_decref(root);
    return failed;
}
