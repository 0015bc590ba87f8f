/* hf_decode.c - ids to text as tokenizers does it: every decoder maps the whole list of pieces. */
#include "hf.h"

#include <stdlib.h>

struct decoding {
    struct arena text;
    struct str *pieces; /* [n] */
    size_t n;
    struct pattern_work patterns;
    struct err *err;
};

static enum carat_err nomem(struct decoding *d)
{
    return err_nomem(d->err, "a decoded text");
}

/* Keeps what a step wrote for a piece. */
static enum carat_err keep(struct decoding *d, struct buf *b, struct str *piece)
{
    const char *copy = buf_failed(b) ? NULL : arena_dup(&d->text, b->p ? b->p : "", b->n);
    if (!copy)
        return nomem(d);
    *piece = (struct str){copy, b->n};
    buf_clear(b);
    return CARAT_OK;
}

static enum carat_err decode_replace(struct decoding *d, const struct hf_step *step, struct buf *b)
{
    for (size_t i = 0; i < d->n; i++) {
        struct str piece = d->pieces[i];
        struct pattern_scan scan;
        size_t at = 0, start, end;
        bool found, any = false;
        enum carat_err failed = pattern_begin(&scan, &step->pattern, piece, &d->patterns, d->err);
        while (!failed && !(failed = pattern_next(&scan, &start, &end, &found, d->err)) && found) {
            buf_add(b, piece.p + at, start - at);
            buf_addstr(b, step->to);
            at = end;
            any = true;
        }
        if (failed)
            return failed;
        if (any) {
            buf_add(b, piece.p + at, piece.n - at);
            if ((failed = keep(d, b, &d->pieces[i])))
                return failed;
        }
    }
    return CARAT_OK;
}

/* A run of byte pieces is its UTF-8 when the whole run is valid, else one U+FFFD a byte. */
static void flush_bytes(struct buf *b)
{
    if (utf8_valid(buf_str(b)))
        return;
    size_t n = b->n;
    buf_clear(b);
    for (size_t i = 0; i < n; i++)
        buf_addstr(b, STR("\xEF\xBF\xBD"));
}

static enum carat_err decode_bytes(struct decoding *d, const struct hf_step *step, struct buf *b)
{
    (void)step;
    size_t n = 0;
    for (size_t i = 0; i <= d->n; i++) {
        int byte = i < d->n ? vocab_byte(d->pieces[i]) : -1;
        if (byte >= 0) {
            buf_addc(b, (char)byte);
            continue;
        }
        if (b->n) {
            flush_bytes(b);
            if (keep(d, b, &d->pieces[n++]))
                return CARAT_ENOMEM;
        }
        if (i < d->n)
            d->pieces[n++] = d->pieces[i];
    }
    d->n = n;
    return CARAT_OK;
}

static enum carat_err decode_fuse(struct decoding *d, const struct hf_step *step, struct buf *b)
{
    (void)step;
    for (size_t i = 0; i < d->n; i++)
        buf_addstr(b, d->pieces[i]);
    if (!d->n)
        return CARAT_OK;
    d->n = 1;
    return keep(d, b, &d->pieces[0]);
}

static enum carat_err decode_strip(struct decoding *d, const struct hf_step *step, struct buf *b)
{
    (void)b;
    for (size_t i = 0; i < d->n; i++) {
        struct str *piece = &d->pieces[i];
        for (size_t k = 0; k < step->start && str_starts(*piece, step->to); k++)
            *piece = (struct str){piece->p + step->to.n, piece->n - step->to.n};
        for (size_t k = 0; k < step->stop && str_ends(*piece, step->to); k++)
            piece->n -= step->to.n;
    }
    return CARAT_OK;
}

/* The mark is a space; in the first piece it is nothing, where the encoder may have put it. */
static enum carat_err decode_metaspace(struct decoding *d, const struct hf_step *step, struct buf *b)
{
    for (size_t i = 0; i < d->n; i++) {
        struct str piece = d->pieces[i];
        for (size_t at = 0; at < piece.n;) {
            ptrdiff_t mark = str_find(piece, step->to, at);
            size_t stop = mark < 0 ? piece.n : (size_t)mark;
            buf_add(b, piece.p + at, stop - at);
            if (mark >= 0 && (i || step->prefix == HF_NEVER))
                buf_addc(b, ' ');
            at = mark < 0 ? piece.n : stop + step->to.n;
        }
        if (keep(d, b, &d->pieces[i]))
            return CARAT_ENOMEM;
    }
    return CARAT_OK;
}

/* The byte that ByteLevel wrote as this character, or -1. */
static int char_byte(int32_t cp)
{
    if ((cp >= 0x21 && cp <= 0x7E) || (cp >= 0xA1 && cp <= 0xFF && cp != 0xAD))
        return cp;
    if (cp >= 0x100 && cp <= 0x120)
        return cp - 0x100;
    return cp >= 0x121 && cp <= 0x142 ? cp - 0x121 + 0x7F : cp == 0x143 ? 0xAD : -1;
}

/* A piece with a character that stands for no byte is taken as it is. */
static void add_byte_chars(struct str piece, struct buf *b)
{
    size_t before = b->n;
    for (size_t at = 0; at < piece.n;) {
        int byte = char_byte(utf8_next(piece, &at));
        if (byte < 0) {
            if (b->p)
                b->n = before;
            buf_addstr(b, piece);
            return;
        }
        buf_addc(b, (char)byte);
    }
}

/* How many bytes at `at` belong to one U+FFFD: the longest beginning of a valid character, at least one. */
static size_t broken_length(struct str s, size_t at)
{
    const unsigned char *p = (const unsigned char *)s.p + at;
    size_t left = s.n - at, want = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    unsigned char low = 0x80, high = 0xBF;
    if (p[0] < 0xC2 || p[0] > 0xF4)
        return 1;
    if (p[0] == 0xE0)
        low = 0xA0;
    else if (p[0] == 0xED)
        high = 0x9F;
    else if (p[0] == 0xF0)
        low = 0x90;
    else if (p[0] == 0xF4)
        high = 0x8F;
    if (left < 2 || p[1] < low || p[1] > high)
        return 1;
    size_t n = 2;
    while (n < want && n < left && (p[n] & 0xC0) == 0x80)
        n++;
    return n;
}

/* Rust's from_utf8_lossy(), which is also Python's errors="replace". */
static void add_lossy(struct str s, struct buf *out)
{
    for (size_t at = 0; at < s.n;) {
        size_t end = at;
        if (utf8_next(s, &end) >= 0) {
            buf_add(out, s.p + at, end - at);
        } else {
            buf_addstr(out, STR("\xEF\xBF\xBD"));
            end = at + broken_length(s, at);
        }
        at = end;
    }
}

static enum carat_err decode_byte_level(struct decoding *d, const struct hf_step *step, struct buf *b)
{
    (void)step;
    struct buf bytes = BUF_INIT(BUF_MAX_DEFAULT);
    for (size_t i = 0; i < d->n; i++)
        add_byte_chars(d->pieces[i], &bytes);
    add_lossy(buf_str(&bytes), b);
    bool failed = buf_failed(&bytes);
    buf_release(&bytes);
    if (failed)
        return nomem(d);
    if (!d->n)
        return CARAT_OK;
    d->n = 1;
    return keep(d, b, &d->pieces[0]);
}

static enum carat_err run_step(struct decoding *d, const struct hf_step *step, struct buf *b)
{
    switch (step->kind) {
    case HF_REPLACE:
        return decode_replace(d, step, b);
    case HF_BYTE_FALLBACK:
        return decode_bytes(d, step, b);
    case HF_FUSE:
        return decode_fuse(d, step, b);
    case HF_STRIP:
        return decode_strip(d, step, b);
    case HF_METASPACE:
        return decode_metaspace(d, step, b);
    case HF_BYTE_LEVEL:
        return decode_byte_level(d, step, b);
    default:
        break; /* no decoder: not built into this list */
    }
    return CARAT_OK;
}

static int by_id(const void *key, const void *row)
{
    const int32_t *id = key;
    const struct hf_surface *s = row;
    return *id < s->id ? -1 : *id > s->id;
}

static struct str surface(const struct hf *h, int32_t id)
{
    const struct hf_surface *s = NULL;
    if (h->n_surfaces && h->flags[id] & HF_NORMALIZED)
        s = bsearch(&id, h->surfaces, h->n_surfaces, sizeof *s, by_id);
    return s ? s->text : h->vocab.pieces[id];
}

enum carat_err hf_decode(const struct hf *h, const int32_t *ids, size_t n, bool skip_special, struct buf *out,
                         struct err *err)
{
    struct decoding d = {.text = ARENA_INIT, .pieces = malloc((n + 1) * sizeof(struct str)),
                         .patterns = PATTERN_WORK_INIT, .err = err};
    struct buf scratch = BUF_INIT(BUF_MAX_DEFAULT);
    enum carat_err failed = d.pieces ? CARAT_OK : nomem(&d);
    for (size_t i = 0; i < n && !failed; i++)
        if (!skip_special || !(h->flags[ids[i]] & HF_SPECIAL))
            d.pieces[d.n++] = surface(h, ids[i]);
    for (size_t i = 0; i < h->decoders.n && !failed; i++)
        failed = run_step(&d, &h->decoders.v[i], &scratch);
    for (size_t i = 0; i < d.n && !failed; i++) {
        if (i && !h->has_decoder)
            buf_addc(out, ' ');
        buf_addstr(out, d.pieces[i]);
    }
    if (!failed && buf_failed(out))
        failed = nomem(&d);
    buf_release(&scratch);
    pattern_work_release(&d.patterns);
    arena_release(&d.text);
    free(d.pieces);
    return failed;
}
