/* mt.c - the measures by name: see mt.h. */
#include "mt_int.h"

static const char *const bleu_names[] = {"hypothesis_words", "reference_words", "matches_1", "matches_2", "matches_3",
                                         "matches_4",        "grams_1",         "grams_2",   "grams_3",   "grams_4"};
#define ORDER(x) "hypothesis_" x, "reference_" x, "matches_" x
static const char *const chrf_names[] = {ORDER("1"), ORDER("2"), ORDER("3"), ORDER("4"),
                                         ORDER("5"), ORDER("6"), ORDER("words_1"), ORDER("words_2")};
static const char *const ter_names[] = {"edits", "reference_words"};

static const struct {
    const char *const *names;
    size_t n;
} measures[] = {
    [MT_BLEU] = {bleu_names, 10},
    [MT_CHRF] = {chrf_names, 18},
    [MT_CHRF_PLUS] = {chrf_names, 24},
    [MT_TER] = {ter_names, 2},
};

size_t mt_n_sums(enum mt_measure measure) { return measures[measure].n; }

const char *mt_sum_name(enum mt_measure measure, size_t i) { return measures[measure].names[i]; }

enum carat_err mt_item(enum mt_measure measure, struct str hypothesis, const struct str *references, size_t n,
                       double sums[MT_SUMS_MAX], struct err *err)
{
    memset(sums, 0, MT_SUMS_MAX * sizeof *sums);
    if (!n)
        return err_set(err, CARAT_EUSAGE, "a translation without a reference");
    switch (measure) {
    case MT_BLEU: return bleu_item(hypothesis, references, n, sums, err);
    case MT_CHRF: return chrf_item(0, hypothesis, references, n, sums, err);
    case MT_CHRF_PLUS: return chrf_item(CHRF_WORD_ORDER, hypothesis, references, n, sums, err);
    default: return ter_item(hypothesis, references, n, sums, err);
    }
}

void mt_add(enum mt_measure measure, double total[MT_SUMS_MAX], const double sums[MT_SUMS_MAX])
{
    for (size_t i = 0; i < measures[measure].n; i++)
        total[i] += sums[i];
}

double mt_score(enum mt_measure measure, const double sums[MT_SUMS_MAX])
{
    switch (measure) {
    case MT_BLEU: return bleu_score(sums);
    case MT_CHRF: return chrf_score(CHRF_ORDER, sums);
    case MT_CHRF_PLUS: return chrf_score(CHRF_ORDER + CHRF_WORD_ORDER, sums);
    default: return ter_score(sums);
    }
}
