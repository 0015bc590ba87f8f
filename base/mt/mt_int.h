/* mt_int.h - what the files of base/mt share. */
#ifndef CARAT_BASE_MT_INT_H
#define CARAT_BASE_MT_INT_H

#include <stdint.h>

#include "base/buf.h"
#include "mt.h"

/* ---- symbols: words or code points as numbers, equal ones alike -------------------------------------- */

struct symbols {
    int32_t *at;
    size_t n;
};
void symbols_release(struct symbols *s);

/* A text's code points without its white space. */
enum carat_err symbols_of_text(struct str text, struct symbols *out, struct err *err);

/* Words of several texts, and their numbers. */
struct word_list {
    struct str *items; /* borrowed from the texts */
    size_t n, cap;
};
enum carat_err word_list_add(struct word_list *list, struct str word, struct err *err);
enum carat_err word_list_split(struct word_list *list, struct str text, struct err *err); /* at white space, as str.split() */
void word_list_release(struct word_list *list);

/* Appends a text's words, which point into the text or into `made`. */
typedef enum carat_err words_of(struct str text, struct buf *made, struct word_list *out, struct err *err);

/* The words of the hypothesis and its references, numbered together: (*out)[0] and (*out)[1 .. n]. symbols_free() them. */
enum carat_err symbols_of_texts(words_of *words_of_text, struct str hypothesis, const struct str *references, size_t n,
                                struct symbols **out, struct err *err);
void symbols_free(struct symbols *s, size_t n); /* NULL is fine */

/* ---- n-grams -------------------------------------------------------------------------------------- */

enum { GRAM_MAX = 6 };
struct gram {
    int32_t at[GRAM_MAX]; /* the rest is 0 */
};
struct grams { /* of one order, sorted */
    struct gram *items;
    size_t n;
};
enum carat_err grams_of(const struct symbols *s, size_t order, struct grams *out, struct err *err);
void grams_release(struct grams *g);
/* How many of `a` are matched, each as often as that one of the `n` others has it that has it most often. */
size_t grams_matched(const struct grams *a, const struct grams *others, size_t n);

/* ---- the measures ------------------------------------------------------------------------------------ */

/* Appends the text's words, blanks between, as mteval-v13a splits them. */
enum carat_err mt_tokenize_13a(struct str text, struct buf *out, struct err *err);

enum carat_err bleu_item(struct str hypothesis, const struct str *references, size_t n, double *sums, struct err *err);
double bleu_score(const double *sums);

/* `word_order`: 0 for chrF, 2 for chrF++. */
enum { CHRF_ORDER = 6, CHRF_WORD_ORDER = 2 };
enum carat_err chrf_item(size_t word_order, struct str hypothesis, const struct str *references, size_t n, double *sums,
                         struct err *err);
double chrf_score(size_t n_orders, const double *sums);

enum carat_err ter_item(struct str hypothesis, const struct str *references, size_t n, double *sums, struct err *err);
double ter_score(const double *sums);

#endif
