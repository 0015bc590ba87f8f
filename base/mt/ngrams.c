/* ngrams.c - symbols and sorted n-grams: see mt_int.h.
 *
 * N-grams are counted by sorting: two sorted lists are walked side by side, a run of equal ones being one n-gram's count.
 */
#include <stdlib.h>

#include "base/num.h"
#include "base/utf8.h"
#include "mt_int.h"

/* ---- symbols -------------------------------------------------------------------------------------- */

void symbols_release(struct symbols *s)
{
    free(s->at);
    *s = (struct symbols){NULL, 0};
}

static enum carat_err symbols_new(size_t n, struct symbols *out, struct err *err)
{
    *out = (struct symbols){calloc(n ? n : 1, sizeof *out->at), 0};
    return out->at ? CARAT_OK : err_nomem(err, "a text's characters");
}

enum { NO_CHARACTER = 0x110000 }; /* + a byte that begins none */

enum carat_err symbols_of_text(struct str text, struct symbols *out, struct err *err)
{
    enum carat_err rc = symbols_new(text.n, out, err);
    for (size_t at = 0; at < text.n && !rc;) {
        unsigned char first = (unsigned char)text.p[at];
        int32_t c = utf8_next(text, &at);
        if (!utf8_is_space(c))
            out->at[out->n++] = c < 0 ? NO_CHARACTER + first : c;
    }
    return rc;
}

void word_list_release(struct word_list *list)
{
    free(list->items);
    *list = (struct word_list){NULL, 0, 0};
}

enum carat_err word_list_add(struct word_list *list, struct str word, struct err *err)
{
    if (list->n == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : 64, bytes;
        struct str *items = num_mul(cap, sizeof *items, &bytes) ? realloc(list->items, bytes) : NULL;
        if (!items)
            return err_nomem(err, "a text's words");
        list->items = items;
        list->cap = cap;
    }
    list->items[list->n++] = word;
    return CARAT_OK;
}

enum carat_err word_list_split(struct word_list *list, struct str text, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    size_t from = 0;
    for (size_t at = 0; at < text.n && !rc;) {
        const size_t here = at;
        if (!utf8_is_space(utf8_next(text, &at)))
            continue;
        if (here > from)
            rc = word_list_add(list, (struct str){text.p + from, here - from}, err);
        from = at;
    }
    if (!rc && text.n > from)
        rc = word_list_add(list, (struct str){text.p + from, text.n - from}, err);
    return rc;
}

struct placed { /* a word and where its number goes */
    struct str word;
    int32_t *number;
};

static int by_word(const void *a, const void *b)
{
    return str_cmp(((const struct placed *)a)->word, ((const struct placed *)b)->word);
}

static void number(struct placed *words, size_t n)
{
    int32_t next = 0;
    qsort(words, n, sizeof *words, by_word);
    for (size_t i = 0; i < n; i++) {
        next += i == 0 || !str_eq(words[i].word, words[i - 1].word);
        *words[i].number = next;
    }
}

/* All lists' words numbered together; out[i] is of lists[i]. Everything is released on failure. */
static enum carat_err symbols_of_words(const struct word_list *lists, size_t n, struct symbols *out, struct err *err)
{
    size_t all = 0, k = 0;
    for (size_t i = 0; i < n; i++) {
        out[i] = (struct symbols){NULL, 0};
        all += lists[i].n;
    }
    struct placed *words = calloc(all ? all : 1, sizeof *words);
    enum carat_err rc = words ? CARAT_OK : err_nomem(err, "a text's words");
    for (size_t i = 0; i < n && !rc; i++) {
        rc = symbols_new(lists[i].n, &out[i], err);
        for (size_t w = 0; w < lists[i].n && !rc; w++)
            words[k++] = (struct placed){lists[i].items[w], &out[i].at[out[i].n++]};
    }
    if (!rc)
        number(words, all);
    for (size_t i = 0; i < n && rc; i++)
        symbols_release(&out[i]);
    free(words);
    return rc;
}

enum carat_err symbols_of_texts(words_of *words_of_text, struct str hypothesis, const struct str *references, size_t n,
                                struct symbols **out, struct err *err)
{
    struct buf *texts = calloc(n + 1, sizeof *texts);
    struct word_list *words = calloc(n + 1, sizeof *words);
    struct symbols *symbols = calloc(n + 1, sizeof *symbols);
    enum carat_err rc = texts && words && symbols ? CARAT_OK : err_nomem(err, "a text's words");
    for (size_t i = 0; i <= n && !rc; i++) {
        texts[i] = (struct buf)BUF_INIT(BUF_MAX_DEFAULT);
        rc = words_of_text(i ? references[i - 1] : hypothesis, &texts[i], &words[i], err);
    }
    if (!rc)
        rc = symbols_of_words(words, n + 1, symbols, err);
    for (size_t i = 0; texts && words && i <= n; i++) {
        buf_release(&texts[i]);
        word_list_release(&words[i]);
    }
    free(texts);
    free(words);
    if (rc)
        free(symbols);
    *out = rc ? NULL : symbols;
    return rc;
}

void symbols_free(struct symbols *s, size_t n)
{
    for (size_t i = 0; s && i < n; i++)
        symbols_release(&s[i]);
    free(s);
}

/* ---- n-grams -------------------------------------------------------------------------------------- */

static int by_symbols(const void *a, const void *b) { return memcmp(a, b, sizeof(struct gram)); }

void grams_release(struct grams *g)
{
    free(g->items);
    *g = (struct grams){NULL, 0};
}

enum carat_err grams_of(const struct symbols *s, size_t order, struct grams *out, struct err *err)
{
    const size_t n = s->n < order ? 0 : s->n - order + 1;
    *out = (struct grams){calloc(n ? n : 1, sizeof *out->items), n};
    if (!out->items)
        return err_nomem(err, "a text's n-grams");
    for (size_t i = 0; i < n; i++)
        memcpy(out->items[i].at, s->at + i, order * sizeof *s->at);
    qsort(out->items, n, sizeof *out->items, by_symbols);
    return CARAT_OK;
}

/* The first place at or after `from` that is not before `g`. */
static size_t seek(const struct grams *list, size_t from, const struct gram *g)
{
    size_t end = list->n;
    while (from < end) {
        size_t middle = from + (end - from) / 2;
        if (by_symbols(&list->items[middle], g) < 0)
            from = middle + 1;
        else
            end = middle;
    }
    return from;
}

static size_t run_length(const struct grams *list, size_t from, const struct gram *g)
{
    size_t n = 0;
    while (from + n < list->n && by_symbols(&list->items[from + n], g) == 0)
        n++;
    return n;
}

size_t grams_matched(const struct grams *a, const struct grams *others, size_t n)
{
    size_t matched = 0;
    for (size_t i = 0, mine; i < a->n; i += mine) {
        const struct gram *g = &a->items[i];
        size_t most = 0;
        mine = run_length(a, i, g);
        for (size_t o = 0; o < n; o++) {
            size_t theirs = run_length(&others[o], seek(&others[o], 0, g), g);
            most = theirs > most ? theirs : most;
        }
        matched += mine < most ? mine : most;
    }
    return matched;
}
