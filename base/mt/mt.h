/* mt.h - how near a translation comes to its references: BLEU, chrF, TER.
 *
 *     double sums[MT_SUMS_MAX], all[MT_SUMS_MAX] = {0};
 *     for each item {
 *         mt_item(MT_BLEU, hypothesis, references, n_references, sums, err);
 *         mt_add(MT_BLEU, all, sums);
 *     }
 *     double bleu = mt_score(MT_BLEU, all);             // 0 to 100; TER may exceed 100
 *
 * Each is a measure of a whole corpus: an item is a few counts, the corpus their sums, the score a function of these.
 * So items may be counted in any order, at any time, and put together later; all counts but TER's second are whole.
 *
 * The rules are those of sacrebleu 2.6.0 as its corpus_bleu(), corpus_chrf() and corpus_ter() have them by default:
 *
 *     MT_BLEU       words of tokenizer "13a", cased; orders 1 to 4; an order without a match is smoothed ("exp")
 *     MT_CHRF       code points without white space, orders 1 to 6, beta 2; the mean over orders that both sides have
 *     MT_CHRF_PLUS  ("chrF++") ... and words, their outer punctuation split off, orders 1 and 2
 *     MT_TER        words in lower case; edits and shifts of up to 10 words by up to 50 places, searched as Tercom does
 *
 * Texts are UTF-8 (a byte that is none counts as a character of its own) and are borrowed for the call. Functions are pure:
 * any thread may call them. They fail with CARAT_ENOMEM alone; without a reference with CARAT_EUSAGE.
 */
#ifndef CARAT_BASE_MT_H
#define CARAT_BASE_MT_H

#include "base/err.h"
#include "base/str.h"

enum mt_measure { MT_BLEU, MT_CHRF, MT_CHRF_PLUS, MT_TER };
enum { MT_SUMS_MAX = 24 };

/* How many sums it has: 10, 18, 24, 2.
 *   BLEU  words of the hypothesis, of the nearest reference in length; matches of orders 1 to 4; n-grams of orders 1 to 4
 *   chrF  of each order: n-grams of the hypothesis, of the best reference, of both
 *   TER   edits to the nearest reference; the references' mean length in words */
size_t mt_n_sums(enum mt_measure measure);
const char *mt_sum_name(enum mt_measure measure, size_t i); /* "hypothesis_words"; i < mt_n_sums() */

enum carat_err mt_item(enum mt_measure measure, struct str hypothesis, const struct str *references, size_t n,
                       double sums[MT_SUMS_MAX], struct err *err);
void mt_add(enum mt_measure measure, double total[MT_SUMS_MAX], const double sums[MT_SUMS_MAX]);
double mt_score(enum mt_measure measure, const double sums[MT_SUMS_MAX]);

#endif
