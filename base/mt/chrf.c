/* chrf.c - chrF (Popovic, 2015) and chrF++ (2017).
 *
 * Of several references an item takes the counts of the one that gives it the best F, the first of equals.
 */
#include <stdlib.h>

#include "mt_int.h"

static bool is_punctuation(char c) { return c && strchr("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", c); }

/* One ASCII sign at a word's end stands alone, else one at its beginning: "(hi)" is "(hi" and ")". */
static enum carat_err add_word(struct word_list *list, struct str w, struct err *err)
{
    size_t cut = 0;
    if (w.n > 1 && is_punctuation(w.p[w.n - 1]))
        cut = w.n - 1;
    else if (w.n > 1 && is_punctuation(w.p[0]))
        cut = 1;
    enum carat_err rc = cut ? word_list_add(list, (struct str){w.p, cut}, err) : CARAT_OK;
    return rc ? rc : word_list_add(list, (struct str){w.p + cut, w.n - cut}, err);
}

static enum carat_err words_of_text(struct str text, struct buf *made, struct word_list *out, struct err *err)
{
    struct word_list whole = {NULL, 0, 0};
    enum carat_err rc = word_list_split(&whole, text, err);
    for (size_t i = 0; i < whole.n && !rc; i++)
        rc = add_word(out, whole.items[i], err);
    word_list_release(&whole);
    (void)made;
    return rc;
}

/* n-grams of the hypothesis (none where the reference has none), of the reference, of both. */
static enum carat_err count_orders(const struct symbols *hypothesis, const struct symbols *reference, size_t n_orders,
                                   double *sums, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    for (size_t order = 1; order <= n_orders && !rc; order++) {
        struct grams h = {NULL, 0}, r = {NULL, 0};
        rc = grams_of(hypothesis, order, &h, err);
        if (!rc)
            rc = grams_of(reference, order, &r, err);
        if (!rc) {
            sums[3 * order - 3] = r.n ? (double)h.n : 0;
            sums[3 * order - 2] = (double)r.n;
            sums[3 * order - 1] = (double)grams_matched(&h, &r, 1);
        }
        grams_release(&h);
        grams_release(&r);
    }
    return rc;
}

static enum carat_err count_characters(struct str hypothesis, struct str reference, double *sums, struct err *err)
{
    struct symbols h = {NULL, 0}, r = {NULL, 0};
    enum carat_err rc = symbols_of_text(hypothesis, &h, err);
    if (!rc)
        rc = symbols_of_text(reference, &r, err);
    if (!rc)
        rc = count_orders(&h, &r, CHRF_ORDER, sums, err);
    symbols_release(&h);
    symbols_release(&r);
    return rc;
}

static enum carat_err count_words(size_t n_orders, struct str hypothesis, struct str reference, double *sums, struct err *err)
{
    struct symbols *symbols;
    enum carat_err rc = symbols_of_texts(words_of_text, hypothesis, &reference, 1, &symbols, err);
    if (!rc)
        rc = count_orders(&symbols[0], &symbols[1], n_orders, sums, err);
    symbols_free(symbols, 2);
    return rc;
}

enum carat_err chrf_item(size_t word_order, struct str hypothesis, const struct str *references, size_t n, double *sums,
                         struct err *err)
{
    const size_t n_orders = CHRF_ORDER + word_order;
    double best = -1, counts[MT_SUMS_MAX];
    for (size_t i = 0; i < n; i++) {
        enum carat_err rc = count_characters(hypothesis, references[i], counts, err);
        if (!rc && word_order)
            rc = count_words(word_order, hypothesis, references[i], counts + 3 * (size_t)CHRF_ORDER, err);
        if (rc)
            return rc;
        double score = chrf_score(n_orders, counts);
        if (score > best) {
            best = score;
            memcpy(sums, counts, 3 * n_orders * sizeof *sums);
        }
    }
    return CARAT_OK;
}

double chrf_score(size_t n_orders, const double *sums)
{
    const double beta2 = 4;
    double precision = 0, recall = 0, n = 0;
    for (size_t i = 0; i < n_orders; i++, sums += 3) {
        if (!(sums[0] > 0 && sums[1] > 0))
            continue;
        precision += sums[2] / sums[0];
        recall += sums[2] / sums[1];
        n++;
    }
    if (n == 0 || precision + recall == 0)
        return 0;
    precision /= n;
    recall /= n;
    return 100 * ((1 + beta2) * precision * recall / (beta2 * precision + recall));
}
