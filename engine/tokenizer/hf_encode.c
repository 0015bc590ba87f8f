/* hf_encode.c - text to ids as tokenizers does it.
 *
 * Between the pre-tokenizers the text is one buffer and the ends of the words in it: every step reads one such
 * pair and writes another. Only the first word of a text is `first` (Metaspace's prefix scheme).
 *
 * Oddities kept: a byte-fallback character after unknown ones comes out before them (the unknown run is written
 * when the next known character arrives), and a heap entry is judged by the id it makes (bpe.h).
 */
#include "hf.h"

#include <stdlib.h>

#include "bpe.h"
#include "seams.h"
#include "word_cache.h"

struct words {
    struct buf text;
    size_t *ends; /* [n] */
    size_t n, cap;
};
#define WORDS_INIT {.text = BUF_INIT(BPE_MAX_TEXT)}

struct hf_work {
    const struct hf *h;
    enum hf_seams seams;
    struct seams at;            /* HF_SEAMS_AT_SPACES */
    bool has_mark;              /* U+2581 is a piece */
    struct word_cache *cache;   /* NULL: none */
    struct bpe_work work;
    struct buf normal, scratch; /* of the normalizers */
    struct words words, next;   /* of the pre-tokenizers */
    struct pattern_work patterns;
    /* of one call */
    struct carat_ids *out;
    struct err *err;
    bool inside;                /* the text goes on from a longer one's seam */
    bool sure;                  /* what is at hand is the text's last stretch, of which the sure part alone is wanted */
    size_t n_unsure;            /* bytes at the text's end that were left out */
};

/* ---- words ---------------------------------------------------------------------------------- */

static void words_clear(struct words *w)
{
    buf_clear(&w->text);
    w->n = 0;
}

static void words_release(struct words *w)
{
    buf_release(&w->text);
    free(w->ends);
}

static struct str word_at(const struct words *w, size_t i)
{
    size_t from = i ? w->ends[i - 1] : 0;
    return (struct str){w->text.p + from, w->ends[i] - from};
}

/* Ends a word where the text ends now; an empty one is none. */
static enum carat_err word_end(struct words *w, struct err *err)
{
    if (buf_failed(&w->text))
        return err_nomem(err, "a text's words");
    if (w->text.n == (w->n ? w->ends[w->n - 1] : 0))
        return CARAT_OK;
    if (w->n == w->cap) {
        size_t cap = w->cap ? w->cap * 2 : 256;
        size_t *ends = realloc(w->ends, cap * sizeof *ends);
        if (!ends)
            return err_nomem(err, "a text's words");
        w->ends = ends;
        w->cap = cap;
    }
    w->ends[w->n++] = w->text.n;
    return CARAT_OK;
}

static enum carat_err word_add(struct words *w, struct str word, struct err *err)
{
    buf_addstr(&w->text, word);
    return word_end(w, err);
}

/* ---- normalizers ---------------------------------------------------------------------------- */

static enum carat_err replace(const struct hf_step *step, struct str text, struct pattern_work *work, struct buf *out,
                              struct err *err)
{
    struct pattern_scan scan;
    size_t at = 0, start, end;
    bool found;
    enum carat_err failed = pattern_begin(&scan, &step->pattern, text, work, err);
    while (!failed && !(failed = pattern_next(&scan, &start, &end, &found, err)) && found) {
        buf_add(out, text.p + at, start - at);
        buf_addstr(out, step->to);
        at = end;
    }
    buf_add(out, text.p + at, text.n - at);
    return failed;
}

static struct str strip_space(struct str s, bool left, bool right)
{
    size_t at = 0, end = 0;
    for (size_t i = 0; i < s.n;) {
        bool white = uni_is(UNI_SPACE, utf8_next(s, &i));
        if (!white)
            end = i;
        else if (!end)
            at = i;
    }
    at = left ? at : 0;
    end = right ? end : s.n;
    return (struct str){s.p + at, end > at ? end - at : 0};
}

static void strip_accents(struct str s, struct buf *out)
{
    for (size_t at = 0, from; from = at, at < s.n;)
        if (!uni_is(UNI_ACCENT, utf8_next(s, &at)))
            buf_add(out, s.p + from, at - from);
}

static void add_byte_chars(struct str s, struct buf *out);

static enum carat_err normalize_step(const struct hf_step *step, struct str text, struct pattern_work *work, struct buf *out,
                                     struct err *err)
{
    switch (step->kind) {
    case HF_REPLACE: return replace(step, text, work, out, err);
    case HF_NORMAL_FORM: return uni_normalize(step->form, text, out) ? err_nomem(err, "a text") : CARAT_OK;
    case HF_LOWERCASE: return uni_lower(text, out) ? err_nomem(err, "a text") : CARAT_OK;
    case HF_STRIP_SPACE: buf_addstr(out, strip_space(text, step->start, step->stop)); break;
    case HF_STRIP_ACCENTS: strip_accents(text, out); break;
    case HF_BYTE_LEVEL: add_byte_chars(text, out); break;
    default: /* HF_PREPEND: no other is built into this list */
        if (text.n)
            buf_addstr(out, step->to);
        buf_addstr(out, text);
    }
    return CARAT_OK;
}

static enum carat_err normalize(const struct hf *h, struct str text, bool inside, struct buf *out, struct buf *scratch,
                                struct pattern_work *work, struct err *err)
{
    buf_clear(out);
    buf_addstr(out, text);
    for (size_t i = 0; i < h->normalizers.n; i++) {
        if (inside && h->normalizers.v[i].kind == HF_PREPEND)
            continue;
        buf_clear(scratch);
        enum carat_err failed = normalize_step(&h->normalizers.v[i], buf_str(out), work, scratch, err);
        if (failed)
            return failed;
        struct buf swap = *out;
        *out = *scratch;
        *scratch = swap;
    }
    return buf_failed(out) || buf_failed(scratch) ? err_nomem(err, "a text") : CARAT_OK;
}

enum carat_err hf_normalize(const struct hf *h, struct str text, struct buf *out, struct buf *scratch,
                            struct pattern_work *work, struct err *err)
{
    return normalize(h, text, false, out, scratch, work, err);
}

/* ---- pre-tokenizers --------------------------------------------------------------------------- */

static enum carat_err split_metaspace(const struct hf_step *step, struct str word, bool first, struct words *out,
                                      struct err *err)
{
    bool marked = word.n && (word.p[0] == ' ' || str_starts(word, step->to));
    if (word.n && !marked && (step->prefix == HF_ALWAYS || (step->prefix == HF_FIRST && first)))
        buf_addstr(&out->text, step->to);
    for (size_t at = 0; at < word.n;) {
        struct str rest = {word.p + at, word.n - at};
        bool space = word.p[at] == ' ', mark = space || str_starts(rest, step->to);
        if (mark && step->split && word_end(out, err))
            return err ? err->code : CARAT_ENOMEM;
        if (mark)
            buf_addstr(&out->text, step->to);
        else
            buf_addc(&out->text, word.p[at]);
        at += mark && !space ? step->to.n : 1;
    }
    return word_end(out, err);
}

/* The byte as ByteLevel writes it: itself where it is printable in Latin-1, else from U+0100 on. */
static int32_t byte_char(unsigned char byte)
{
    if ((byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD))
        return byte;
    return byte <= 0x20 ? 0x100 + byte : byte <= 0xA0 ? 0x121 + byte - 0x7F : 0x143;
}

static void add_byte_chars(struct str s, struct buf *out)
{
    char utf8[4];
    for (size_t i = 0; i < s.n; i++)
        buf_add(out, utf8, utf8_put(byte_char((unsigned char)s.p[i]), utf8));
}

static enum carat_err map_bytes(struct str word, struct words *out, struct err *err)
{
    add_byte_chars(word, &out->text);
    return word_end(out, err);
}

static enum carat_err prefix_space(struct str word, struct words *out, struct err *err)
{
    if (word.n && word.p[0] != ' ')
        buf_addc(&out->text, ' ');
    return word_add(out, word, err);
}

/* How the stretches that match and those between them become words: tokenizers' SplitDelimiterBehavior. */
struct splitter {
    enum hf_behavior behavior;
    bool any, last_delimiter; /* the stretch before */
};

static enum carat_err add_stretch(struct splitter *s, struct str stretch, bool delimiter, struct words *out, struct err *err)
{
    bool glue = s->any && ((s->behavior == HF_CONTIGUOUS && delimiter == s->last_delimiter) ||
                           (s->behavior == HF_WITH_PREVIOUS && delimiter && !s->last_delimiter) ||
                           (s->behavior == HF_WITH_NEXT && !delimiter && s->last_delimiter));
    s->any = true;
    s->last_delimiter = delimiter;
    if (!glue && word_end(out, err))
        return err ? err->code : CARAT_ENOMEM;
    if (!(delimiter && s->behavior == HF_REMOVED))
        buf_addstr(&out->text, stretch);
    return CARAT_OK;
}

/* An empty match is a stretch, too: words end there. */
static enum carat_err split_pattern(const struct hf_step *step, struct str word, bool sure, struct pattern_work *work,
                                    struct words *out, struct err *err)
{
    struct splitter s = {.behavior = step->behavior};
    struct pattern_scan scan;
    size_t at = 0, start, end;
    bool found;
    enum carat_err failed = pattern_begin(&scan, &step->pattern, word, work, err);
    scan.sure = sure;
    while (!failed && !(failed = pattern_next(&scan, &start, &end, &found, err)) && found) {
        if (start > at)
            failed = add_stretch(&s, (struct str){word.p + at, start - at}, step->invert, out, err);
        if (!failed)
            failed = add_stretch(&s, (struct str){word.p + start, end - start}, !step->invert, out, err);
        at = end;
    }
    if (!failed && !sure && at < word.n)
        failed = add_stretch(&s, (struct str){word.p + at, word.n - at}, step->invert, out, err);
    return failed ? failed : word_end(out, err);
}

static bool cuts_here(const struct hf_step *step, struct str c, int32_t cp)
{
    return step->to.n ? str_eq(step->to, c) : uni_is(step->set, cp);
}

static enum carat_err split_cut(const struct hf_step *step, struct str word, struct words *out, struct err *err)
{
    struct splitter s = {.behavior = step->behavior};
    enum carat_err failed = CARAT_OK;
    size_t at = 0;
    for (size_t next = 0, from; from = next, next < word.n && !failed;) {
        int32_t cp = utf8_next(word, &next);
        if (!cuts_here(step, (struct str){word.p + from, next - from}, cp))
            continue;
        if (from > at)
            failed = add_stretch(&s, (struct str){word.p + at, from - at}, false, out, err);
        if (!failed)
            failed = add_stretch(&s, (struct str){word.p + from, next - from}, true, out, err);
        at = next;
    }
    if (!failed && at < word.n)
        failed = add_stretch(&s, (struct str){word.p + at, word.n - at}, false, out, err);
    return failed ? failed : word_end(out, err);
}

static enum carat_err split_words(struct str word, struct words *out, struct err *err)
{
    enum { SPACE, WORD, OTHER } kind, last = SPACE;
    for (size_t at = 0, from; from = at, at < word.n;) {
        int32_t cp = utf8_next(word, &at);
        kind = uni_is(UNI_WORD, cp) ? WORD : uni_is(UNI_SPACE, cp) ? SPACE : OTHER;
        if (kind != last && word_end(out, err))
            return err ? err->code : CARAT_ENOMEM;
        if (kind != SPACE)
            buf_add(&out->text, word.p + from, at - from);
        last = kind;
    }
    return word_end(out, err);
}

static enum carat_err split_word(struct hf_work *r, const struct hf_step *step, struct str word, bool first, bool sure)
{
    switch (step->kind) {
    case HF_METASPACE: return split_metaspace(step, word, first, &r->next, r->err);
    case HF_BYTE_LEVEL: return map_bytes(word, &r->next, r->err);
    case HF_PREFIX_SPACE: return prefix_space(word, &r->next, r->err);
    case HF_CUT: return split_cut(step, word, &r->next, r->err);
    case HF_WORDS: return split_words(word, &r->next, r->err);
    default: return split_pattern(step, word, sure, &r->patterns, &r->next, r->err);
    }
}

/* Of the first split's words those that a token across the text's end would not reach. */
static void keep_sure(struct hf_work *r, struct str text)
{
    const size_t reach = r->at.longest_token ? r->at.longest_token : 1;
    while (r->words.n && r->words.ends[r->words.n - 1] + reach > text.n)
        r->words.n--;
    if (r->words.n)
        r->n_unsure = text.n - r->words.ends[r->words.n - 1];
}

static enum carat_err pre_tokenize(struct hf_work *r, struct str text, bool first)
{
    words_clear(&r->words);
    enum carat_err failed = word_add(&r->words, text, r->err);
    for (size_t i = 0; i < r->h->pre_tokenizers.n && !failed; i++) {
        const struct hf_step *step = &r->h->pre_tokenizers.v[i];
        const bool sure = r->sure && i == 0;
        words_clear(&r->next);
        for (size_t k = 0; k < r->words.n && !failed; k++) {
            failed = split_word(r, step, word_at(&r->words, k), first && k == 0, sure);
        }
        struct words swap = r->words;
        r->words = r->next;
        r->next = swap;
        if (sure)
            keep_sure(r, text);
    }
    return failed;
}

/* ---- the model ---------------------------------------------------------------------------------- */

static bool find_merge(const void *context, const struct bpe_symbol *left, const struct bpe_symbol *right,
                       struct bpe_join *join)
{
    const struct hf_merge *merge = hf_find_merge(context, left->id, right->id);
    if (merge)
        *join = (struct bpe_join){merge->rank, merge->id};
    return merge;
}

static int32_t find_piece(const struct hf *h, struct str s)
{
    int32_t id = vocab_find(&h->vocab, s);
    return id >= 0 && h->flags[id] & HF_IN_MODEL ? id : -1;
}

/* A run of unknown characters that waits to be written. */
struct unknown {
    size_t at, n;
};

static bool flush_unknown(const struct hf *h, struct unknown *u, struct bpe_work *w)
{
    bool ok = !u->n || bpe_add(w, h->unk, u->at, u->n, BPE_PLAIN);
    u->n = 0;
    return ok;
}

static bool add_bytes(const struct hf *h, struct str c, size_t at, struct bpe_work *w, bool *done)
{
    *done = h->byte_fallback;
    for (size_t i = 0; i < c.n && *done; i++)
        *done = h->bytes[(unsigned char)c.p[i]] >= 0;
    for (size_t i = 0; i < c.n && *done; i++)
        if (!bpe_add(w, h->bytes[(unsigned char)c.p[i]], at + i, 1, BPE_PLAIN))
            return false;
    return true;
}

static bool cut(const struct hf *h, struct str word, struct bpe_work *w)
{
    struct unknown unknown = {0, 0};
    for (size_t at = 0, from; from = at, at < word.n;) {
        utf8_next(word, &at);
        struct str c = {word.p + from, at - from};
        int32_t id = find_piece(h, c);
        bool done = false;
        if (id >= 0) {
            enum bpe_edge edge = h->spaces_start ? bpe_space_edge(word, from) : BPE_PLAIN;
            if (!flush_unknown(h, &unknown, w) || !bpe_add(w, id, from, c.n, edge))
                return false;
            continue;
        }
        if (!add_bytes(h, c, from, w, &done))
            return false;
        if (done || h->unk < 0)
            continue;
        if (!h->fuse_unk && !flush_unknown(h, &unknown, w))
            return false;
        if (!unknown.n)
            unknown.at = from;
        unknown.n += c.n;
    }
    return flush_unknown(h, &unknown, w);
}

static enum carat_err merge_word(struct hf_work *r, struct str word)
{
    const struct hf *h = r->h;
    const struct bpe_model model = {find_merge, NULL, h};
    bpe_clear(&r->work);
    if (!cut(h, word, &r->work) || !bpe_merge(&r->work, &model))
        return CARAT_ENOMEM;
    for (int32_t i = r->work.n ? 0 : -1; i >= 0; i = r->work.symbols[i].next)
        if (carat_ids_push(r->out, r->work.symbols[i].id))
            return CARAT_ENOMEM;
    return CARAT_OK;
}

static enum carat_err encode_known(struct hf_work *r, struct str word)
{
    bool known = false;
    const size_t from = r->out->n;
    enum carat_err failed = r->cache ? word_cache_get(r->cache, word, r->out, &known) : CARAT_OK;
    if (failed || known)
        return failed;
    failed = merge_word(r, word);
    if (!failed && r->cache)
        word_cache_put(r->cache, word, r->out->ids + from, r->out->n - from);
    return failed;
}

/* Where the next stretch of `word` begins; nothing merges across (bpe.h). */
static size_t next_start(struct str word, size_t at)
{
    do
        at++;
    while (at < word.n && !bpe_mark_starts(word, at));
    return at;
}

static enum carat_err encode_word(struct hf_work *r, struct str word)
{
    const struct hf *h = r->h;
    int32_t whole = h->ignore_merges ? find_piece(h, word) : -1;
    enum carat_err failed = CARAT_OK;
    if (whole >= 0)
        return carat_ids_push(r->out, whole);
    if (!r->has_mark || !h->spaces_start)
        return encode_known(r, word);
    for (size_t at = 0, end; at < word.n && !failed; at = end) {
        end = next_start(word, at);
        failed = encode_known(r, (struct str){word.p + at, end - at});
    }
    return failed;
}

/* A stretch without added tokens, normalized. */
static enum carat_err encode_stretch(struct hf_work *r, struct str text, bool first)
{
    enum carat_err failed = pre_tokenize(r, text, first);
    for (size_t i = 0; i < r->words.n && !failed; i++)
        if (encode_word(r, word_at(&r->words, i)))
            failed = err_nomem(r->err, "a text's tokens");
    return failed;
}

/* ---- added tokens ----------------------------------------------------------------------------------- */

typedef enum carat_err stretch_fn(struct hf_work *r, struct str text, bool first);

/* Where the character before `end` begins; end > 0. */
static size_t char_before(struct str text, size_t end)
{
    do
        end--;
    while (end > 0 && ((unsigned char)text.p[end] & 0xC0) == 0x80);
    return end;
}

static size_t white_before(struct str text, size_t start, size_t least)
{
    while (start > least) {
        size_t at = char_before(text, start);
        if (!uni_is(UNI_SPACE, utf8_next(text, &(size_t){at})))
            break;
        start = at;
    }
    return start;
}

static size_t white_after(struct str text, size_t end)
{
    for (size_t at = end; at < text.n && uni_is(UNI_SPACE, utf8_next(text, &at));)
        end = at;
    return end;
}

static bool is_single_word(struct str text, size_t start, size_t end)
{
    return !(start > 0 && uni_is(UNI_WORD, utf8_next(text, &(size_t){char_before(text, start)}))) &&
           !(end < text.n && uni_is(UNI_WORD, utf8_next(text, &(size_t){end})));
}

/* Finds the added tokens of `trie`, leftmost and longest, and gives what lies between to `between`. */
static enum carat_err cut_added(struct hf_work *r, const struct trie *trie, struct str text, bool first, stretch_fn *between)
{
    enum carat_err failed = CARAT_OK;
    const bool sure = r->sure;
    size_t done = 0;
    r->sure = false;
    for (size_t at = 0; !trie_empty(trie) && at < text.n && !failed;) {
        int32_t id;
        size_t n = trie_longest(trie, text, at, &id), start = at, end = at + n;
        at += n ? n : 1;
        if (!n || (r->h->flags[id] & HF_SINGLE_WORD && !is_single_word(text, start, end)))
            continue;
        if (r->h->flags[id] & HF_LSTRIP)
            start = white_before(text, start, done);
        if (r->h->flags[id] & HF_RSTRIP)
            end = white_after(text, end);
        if (start > done)
            failed = between(r, (struct str){text.p + done, start - done}, first && done == 0);
        if (!failed && carat_ids_push(r->out, id))
            failed = err_nomem(r->err, "a text's tokens");
        done = end;
        r->inside = false;
    }
    r->sure = sure;
    if (!failed && done < text.n)
        failed = between(r, (struct str){text.p + done, text.n - done}, first && done == 0);
    return failed;
}

static bool is_ascii(struct str s)
{
    unsigned char any = 0;
    for (size_t i = 0; i < s.n; i++)
        any |= (unsigned char)s.p[i];
    return any < 0x80;
}

/* A sure part is counted in the text's own bytes: no normalizer may change any. */
static enum carat_err encode_raw(struct hf_work *r, struct str text, bool first)
{
    if (r->sure && r->h->normalizers.n && !is_ascii(text))
        return CARAT_OK;
    enum carat_err failed = normalize(r->h, text, r->inside, &r->normal, &r->scratch, &r->patterns, r->err);
    return failed ? failed : cut_added(r, &r->h->added_normalized, buf_str(&r->normal), first, encode_stretch);
}

static enum carat_err encode(struct hf_work *w, struct str text, bool inside, bool sure, struct carat_ids *out, struct err *err)
{
    w->out = out;
    w->err = err;
    w->inside = inside;
    w->sure = sure;
    w->n_unsure = text.n;
    return text.n ? cut_added(w, &w->h->added, text, !inside, encode_raw) : CARAT_OK;
}

/* ---- seams ------------------------------------------------------------------------------------------ */

static bool is_mark(struct str s) { return str_eq(s, STR("\xE2\x96\x81")); }

/* Spaces, and nothing else, become marks; what else the steps do is done before a whole text alone. */
static bool steps_see_spaces(const struct hf *h)
{
    bool marks = false;
    for (size_t i = 0; i < h->normalizers.n; i++) {
        const struct hf_step *step = &h->normalizers.v[i];
        bool spaces = step->kind == HF_REPLACE && !step->pattern.code && str_eq(step->pattern.literal, STR(" ")) &&
                      is_mark(step->to);
        if (!spaces && step->kind != HF_PREPEND)
            return false;
        marks |= spaces;
    }
    for (size_t i = 0; i < h->pre_tokenizers.n; i++) {
        const struct hf_step *step = &h->pre_tokenizers.v[i];
        bool nothing = marks && step->kind == HF_SPLIT && !step->pattern.code && str_eq(step->pattern.literal, STR(" "));
        bool spaces = step->kind == HF_METASPACE && is_mark(step->to);
        if (!nothing && !spaces)
            return false;
        marks |= spaces;
    }
    return marks;
}

/* The text is cut by one expression first, and whatever is done then is done to each word by itself. */
static bool steps_see_words(const struct hf *h)
{
    const struct hf_steps *steps = &h->pre_tokenizers;
    const struct hf_step *split = &steps->v[0];
    if (!steps->n || split->kind != HF_SPLIT || split->behavior != HF_ISOLATED || !split->pattern.ahead_only)
        return false;
    for (size_t i = 1; i < steps->n; i++)
        if (steps->v[i].kind == HF_METASPACE)
            return false; /* the first word is not as the others */
    for (size_t i = 0; i < h->normalizers.n; i++)
        if (h->normalizers.v[i].kind != HF_NORMAL_FORM)
            return false;
    return true;
}

static bool note_tokens(struct hf_work *w)
{
    struct pattern_work patterns = PATTERN_WORK_INIT;
    const struct hf *h = w->h;
    bool ok = true;
    for (size_t id = 0; id < h->vocab.n && ok; id++) {
        if (!(h->flags[id] & HF_ADDED))
            continue;
        ok = !(h->flags[id] & (HF_LSTRIP | HF_RSTRIP | HF_SINGLE_WORD));
        if (ok && h->flags[id] & HF_NORMALIZED)
            ok = !hf_normalize(h, h->vocab.pieces[id], &w->normal, &w->scratch, &patterns, NULL);
        if (ok)
            seams_add_token(&w->at, h->flags[id] & HF_NORMALIZED ? buf_str(&w->normal) : h->vocab.pieces[id]);
    }
    pattern_work_release(&patterns);
    return ok;
}

static enum hf_seams find_seams(struct hf_work *w)
{
    w->at.at_spaces = w->has_mark && w->h->spaces_start && steps_see_spaces(w->h);
    if (!note_tokens(w))
        return HF_NO_SEAMS;
    return w->at.at_spaces ? HF_SEAMS_AT_SPACES : steps_see_words(w->h) ? HF_SEAMS_AT_WORDS : HF_NO_SEAMS;
}

/* ---- public -------------------------------------------------------------------------------------------- */

#define WORK_INIT(hf)                                                                                             \
    {.h = (hf),                                                                                                   \
     .has_mark = find_piece((hf), STR("\xE2\x96\x81")) >= 0,                                                      \
     .work = BPE_WORK_INIT,                                                                                       \
     .normal = BUF_INIT(BPE_MAX_TEXT),                                                                            \
     .scratch = BUF_INIT(BPE_MAX_TEXT),                                                                           \
     .words = WORDS_INIT,                                                                                         \
     .next = WORDS_INIT,                                                                                          \
     .patterns = PATTERN_WORK_INIT}

static void work_release(struct hf_work *w)
{
    word_cache_free(w->cache);
    bpe_release(&w->work);
    buf_release(&w->normal);
    buf_release(&w->scratch);
    words_release(&w->words);
    words_release(&w->next);
    pattern_work_release(&w->patterns);
}

struct hf_work *hf_work_new(const struct hf *h)
{
    struct hf_work *w = malloc(sizeof *w);
    if (!w)
        return NULL;
    *w = (struct hf_work)WORK_INIT(h);
    w->cache = word_cache_new();
    w->seams = find_seams(w);
    if (!w->cache) {
        hf_work_free(w);
        return NULL;
    }
    return w;
}

void hf_work_free(struct hf_work *work)
{
    if (work)
        work_release(work);
    free(work);
}

enum hf_seams hf_work_seams(const struct hf_work *work) { return work->seams; }

size_t hf_work_last_seam(const struct hf_work *work, struct str text) { return seams_last(&work->at, text); }

enum carat_err hf_encode(const struct hf *h, struct str text, struct carat_ids *out, struct err *err)
{
    struct hf_work w = WORK_INIT(h);
    enum carat_err failed = encode(&w, text, false, false, out, err);
    work_release(&w);
    return failed;
}

enum carat_err hf_encode_part(struct hf_work *work, struct str text, bool inside, struct carat_ids *out, struct err *err)
{
    return encode(work, text, inside, false, out, err);
}

enum carat_err hf_encode_sure(struct hf_work *work, struct str text, bool inside, struct carat_ids *out, size_t *sure,
                              struct err *err)
{
    const size_t before = out->n;
    enum carat_err failed = encode(work, text, inside, true, out, err);
    *sure = text.n - work->n_unsure;
    if (!failed && !*sure)
        out->n = before;
    return failed;
}
