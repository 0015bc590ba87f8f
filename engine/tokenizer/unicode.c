/* unicode.c - normal forms as Unicode's annex 15 has them.
 *
 *     decompose   each character by the tables, Hangul syllables by arithmetic
 *     order       runs of combining marks stably by their class
 *     compose     (NFC, NFKC) a mark with the last starter, unless a mark of the same or a higher class, or a starter, is between
 */
#include "unicode.h"

#include <stdlib.h>

#include "base/casemap.h"

/* ---- look-ups -------------------------------------------------------------------------------- */

/* Every table's row begins with its first code point; the last row that begins at or before cp. */
static const void *row_at(const void *table, size_t n, size_t size, int32_t cp)
{
    const char *rows = table;
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int32_t first;
        memcpy(&first, rows + mid * size, sizeof first);
        if (first <= cp)
            low = mid + 1;
        else
            high = mid;
    }
    return low ? rows + (low - 1) * size : NULL;
}

static bool in_spans(const struct uni_span *spans, size_t n, int32_t cp)
{
    const struct uni_span *row = row_at(spans, n, sizeof *row, cp);
    return row && cp <= row->last;
}

static const struct uni_class *class_row(const struct uni_class *table, size_t n, int32_t cp)
{
    const struct uni_class *row = row_at(table, n, sizeof *row, cp);
    return row && cp <= row->last ? row : NULL;
}

/* White space in Unicode's sense: Python's has four more. */
static bool is_white(int32_t cp) { return utf8_is_space(cp) && !(cp >= 0x1C && cp <= 0x1F); }

bool uni_is(enum uni_set set, int32_t cp)
{
    switch (set) {
    case UNI_SPACE: return is_white(cp);
    case UNI_PUNCTUATION: return in_spans(uni_punctuation, uni_punctuation_n, cp);
    case UNI_NUMERIC: return in_spans(uni_numeric, uni_numeric_n, cp);
    case UNI_WORD: return in_spans(uni_word, uni_word_n, cp);
    case UNI_ACCENT: return in_spans(uni_accents, uni_accents_n, cp);
    }
    return false;
}

static uint8_t combining_class(int32_t cp)
{
    const struct uni_class *row = cp < 0x300 ? NULL : class_row(uni_classes, uni_classes_n, cp);
    return row ? (uint8_t)row->to : 0;
}

/* ---- Hangul ---------------------------------------------------------------------------------------- */

enum { S_BASE = 0xAC00, L_BASE = 0x1100, V_BASE = 0x1161, T_BASE = 0x11A7, L_N = 19, V_N = 21, T_N = 28, S_N = L_N * V_N * T_N };

static size_t split_hangul(int32_t cp, int32_t out[3])
{
    int32_t s = cp - S_BASE;
    if (s < 0 || s >= S_N)
        return 0;
    out[0] = L_BASE + s / (V_N * T_N);
    out[1] = V_BASE + s % (V_N * T_N) / T_N;
    out[2] = T_BASE + s % T_N;
    return s % T_N ? 3 : 2;
}

static int32_t join_hangul(int32_t a, int32_t b)
{
    if (a >= L_BASE && a < L_BASE + L_N && b >= V_BASE && b < V_BASE + V_N)
        return S_BASE + ((a - L_BASE) * V_N + (b - V_BASE)) * T_N;
    if (a >= S_BASE && a < S_BASE + S_N && (a - S_BASE) % T_N == 0 && b > T_BASE && b < T_BASE + T_N)
        return a + (b - T_BASE);
    return -1;
}

/* ---- composing ----------------------------------------------------------------------------------------- */

static int by_pair(const void *key, const void *row)
{
    const struct uni_pair *k = key, *r = row;
    if (k->a != r->a)
        return k->a < r->a ? -1 : 1;
    return k->b < r->b ? -1 : k->b > r->b;
}

/* What a and b make, or -1. */
static int32_t composed(int32_t a, int32_t b)
{
    const struct uni_pair key = {a, b, 0};
    int32_t hangul = join_hangul(a, b);
    if (hangul >= 0)
        return hangul;
    const struct uni_pair *pair = bsearch(&key, uni_pairs, uni_pairs_n, sizeof key, by_pair);
    return pair ? pair->to : -1;
}

/* ---- a text's characters -------------------------------------------------------------------------------- */

struct mark {
    int32_t cp;
    uint8_t class;
    size_t place; /* keeps the order of equals */
};

struct chars {
    struct mark *v;
    size_t n, cap;
};

static bool chars_add(struct chars *c, int32_t cp)
{
    if (c->n == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 256;
        struct mark *v = realloc(c->v, cap * sizeof *v);
        if (!v)
            return false;
        c->v = v;
        c->cap = cap;
    }
    c->v[c->n] = (struct mark){cp, combining_class(cp), c->n};
    c->n++;
    return true;
}

static const struct uni_form *form_of(const struct uni_form *table, size_t n, int32_t cp)
{
    const struct uni_form *row = row_at(table, n, sizeof *row, cp);
    return row && row->cp == cp ? row : NULL;
}

static bool decompose(struct chars *c, int32_t cp, bool compatible)
{
    int32_t hangul[3];
    size_t n = cp < 0xA0 ? 0 : split_hangul(cp, hangul);
    const struct uni_form *form = cp < 0xA0 || n ? NULL : compatible ? form_of(uni_compatible, uni_compatible_n, cp) : NULL;
    if (!form && !n && cp >= 0xA0)
        form = form_of(uni_canonical, uni_canonical_n, cp);
    if (!form && !n)
        return chars_add(c, cp);
    bool ok = true;
    const int32_t *parts = form ? uni_pool + form->at : hangul;
    for (size_t i = 0; i < (form ? form->n : n) && ok; i++)
        ok = chars_add(c, parts[i]);
    return ok;
}

static int by_class(const void *a, const void *b)
{
    const struct mark *x = a, *y = b;
    if (x->class != y->class)
        return x->class < y->class ? -1 : 1;
    return x->place < y->place ? -1 : 1;
}

static void order(struct chars *c)
{
    for (size_t from = 0; from < c->n;) {
        size_t end = from;
        bool sorted = true;
        while (end < c->n && c->v[end].class) {
            sorted &= end == from || c->v[end - 1].class <= c->v[end].class;
            end++;
        }
        if (!sorted)
            qsort(c->v + from, end - from, sizeof *c->v, by_class);
        from = end + 1;
    }
}

static void compose(struct chars *c)
{
    size_t n = 0, starter = SIZE_MAX;
    for (size_t i = 0; i < c->n; i++) {
        struct mark m = c->v[i];
        bool next = starter != SIZE_MAX && starter + 1 == n; /* nothing is left between */
        bool blocked = starter == SIZE_MAX || (!next && (c->v[n - 1].class >= m.class || c->v[n - 1].class == 0));
        int32_t cp = blocked ? -1 : composed(c->v[starter].cp, m.cp);
        if (cp >= 0) {
            c->v[starter].cp = cp;
            continue;
        }
        if (m.class == 0)
            starter = n;
        c->v[n++] = m;
    }
    c->n = n;
}

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

static void write_chars(const struct chars *c, struct buf *out)
{
    char utf8[4];
    for (size_t i = 0; i < c->n; i++)
        buf_add(out, utf8, utf8_put(c->v[i].cp, utf8));
}

enum carat_err uni_normalize(enum uni_normal form, struct str text, struct buf *out)
{
    struct chars c = {NULL, 0, 0};
    bool ok = true;
    if (is_ascii(text))
        return buf_addstr(out, text);
    for (size_t at = 0; at < text.n && ok;)
        ok = decompose(&c, utf8_next(text, &at), form == UNI_NFKC || form == UNI_NFKD);
    if (ok)
        order(&c);
    if (ok && (form == UNI_NFC || form == UNI_NFKC))
        compose(&c);
    if (ok)
        write_chars(&c, out);
    free(c.v);
    return ok && !buf_failed(out) ? CARAT_OK : CARAT_ENOMEM;
}

/* ---- lower case, and what PCRE2 does not know ---------------------------------------------------------------- */

enum carat_err uni_lower(struct str text, struct buf *out)
{
    for (size_t at = 0, from; from = at, at < text.n;) {
        char utf8[4];
        int32_t cp = utf8_next(text, &at);
        const struct uni_class *more = cp < 0x80 ? NULL : class_row(uni_lower_more, uni_lower_more_n, cp);
        if (more)
            buf_add(out, utf8, utf8_put(more->to, utf8));
        else if (casemap_lower((struct str){text.p + from, at - from}, out))
            return CARAT_ENOMEM;
    }
    return buf_failed(out) ? CARAT_ENOMEM : CARAT_OK;
}

enum carat_err uni_for_pcre(struct str text, struct buf *work, struct str *out)
{
    *out = text;
    for (size_t at = 0, from; from = at, at < text.n;) {
        if ((unsigned char)text.p[at] < 0xE0) { /* all of them take three bytes or four */
            at++;
            continue;
        }
        const struct uni_class *row = class_row(uni_stand_ins, uni_stand_ins_n, utf8_next(text, &at));
        if (!row)
            continue;
        if (out->p == text.p) {
            buf_clear(work);
            if (buf_addstr(work, text))
                return CARAT_ENOMEM;
            *out = buf_str(work);
        }
        utf8_put(row->to, work->p + from);
    }
    return CARAT_OK;
}
