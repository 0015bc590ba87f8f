/* bleu.c - BLEU (Papineni and others, 2002) on words of the tokenizer 13a.
 *
 * The tokenizer is a row of replacements, each over the whole text, in this order:
 *
 *     "<skipped>" and a hyphen before a line's end go; line ends become blanks
 *     &quot; &amp; &lt; &gt; become characters, in this order, so that "&amp;lt;" becomes "<"
 *     a blank before and behind the whole
 *     ASCII's signs but ' , - . stand alone
 *     a point or comma stands alone behind what is no digit ...
 *     ... and before what is no digit
 *     a hyphen stands alone behind a digit
 *
 * What a replacement has taken, the same pass does not look at again: of ".." behind a blank the first is one's sign, the
 * second the next pass's. All signs are ASCII and digits are ASCII's, so bytes do for characters.
 */
#include <math.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "mt_int.h"

enum { ORDERS = 4 };

/* ---- the tokenizer ---------------------------------------------------------------------------------- */

static enum carat_err replace(struct buf *text, struct str what, struct str by, struct buf *scratch)
{
    const struct str s = buf_str(text);
    size_t at = 0;
    ptrdiff_t found = str_find(s, what, 0);
    if (found < 0)
        return CARAT_OK;
    buf_clear(scratch);
    for (; found >= 0; found = str_find(s, what, at)) {
        buf_add(scratch, s.p + at, (size_t)found - at);
        buf_addstr(scratch, by);
        at = (size_t)found + what.n;
    }
    buf_add(scratch, s.p + at, s.n - at);
    const struct buf filled = *scratch;
    *scratch = *text;
    *text = filled;
    return filled.failed ? CARAT_ENOMEM : CARAT_OK;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_mark(char c) { return c == '.' || c == ','; }

/* All of ASCII that is neither a letter, a digit, a control character nor one of the four that digits and words hold. */
static bool stands_alone(char c)
{
    return (c >= ' ' && c <= '~') && !is_digit(c) && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !strchr("',-.", c);
}

static void split_signs(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.n; i++) {
        bool alone = stands_alone(s.p[i]);
        buf_add(out, (const char[]){' ', s.p[i], ' '} + !alone, alone ? 3 : 1);
    }
}

/* The three passes that look at two neighbours: `is` tells whether they are meant, and blanks are put before the first,
 * between, and behind the second. */
struct pair_rule {
    bool (*is)(char a, char b);
    bool before, behind;
};
static bool mark_behind_other(char a, char b) { return !is_digit(a) && is_mark(b); }
static bool mark_before_other(char a, char b) { return is_mark(a) && !is_digit(b); }
static bool hyphen_behind_digit(char a, char b) { return is_digit(a) && b == '-'; }
static const struct pair_rule pair_rules[] = {
    {mark_behind_other, false, true}, {mark_before_other, true, false}, {hyphen_behind_digit, false, true}};

static void split_pairs(const struct pair_rule *rule, struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.n; i++) {
        if (i + 1 == s.n || !rule->is(s.p[i], s.p[i + 1])) {
            buf_addc(out, s.p[i]);
            continue;
        }
        const char both[] = {' ', s.p[i], ' ', s.p[i + 1], ' '};
        buf_add(out, both + !rule->before, 3 + (size_t)rule->before + (size_t)rule->behind);
        i++;
    }
}

static enum carat_err replace_all(struct buf *text, struct buf *scratch)
{
    static const struct {
        struct str what, by;
    } rows[] = {{{"<skipped>", 9}, {"", 0}}, {{"-\n", 2}, {"", 0}},  {{"\n", 1}, {" ", 1}}, {{"&quot;", 6}, {"\"", 1}},
                {{"&amp;", 5}, {"&", 1}},    {{"&lt;", 4}, {"<", 1}}, {{"&gt;", 4}, {">", 1}}};
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; i < sizeof rows / sizeof *rows && !rc; i++)
        rc = replace(text, rows[i].what, rows[i].by, scratch);
    return rc;
}

/* Words of `from` with single blanks between. */
static enum carat_err join_words(struct str from, struct buf *out, struct err *err)
{
    struct word_list words = {NULL, 0, 0};
    enum carat_err rc = word_list_split(&words, from, err);
    for (size_t i = 0; i < words.n && !rc; i++)
        if ((i && buf_addc(out, ' ')) || buf_addstr(out, words.items[i]))
            rc = err_nomem(err, "a text's words");
    word_list_release(&words);
    return rc;
}

enum carat_err mt_tokenize_13a(struct str text, struct buf *out, struct err *err)
{
    struct buf a = BUF_INIT(BUF_MAX_DEFAULT), b = BUF_INIT(BUF_MAX_DEFAULT);
    enum carat_err rc = buf_addstr(&a, utf8_rstrip(text));
    rc = rc ? rc : replace_all(&a, &b);
    buf_clear(&b);
    buf_addc(&b, ' ');
    split_signs(buf_str(&a), &b);
    buf_addc(&b, ' ');
    for (size_t i = 0; i < sizeof pair_rules / sizeof *pair_rules; i++) {
        struct buf *from = i % 2 ? &a : &b, *to = i % 2 ? &b : &a;
        rc = rc || buf_failed(from) ? CARAT_ENOMEM : CARAT_OK;
        buf_clear(to);
        split_pairs(&pair_rules[i], buf_str(from), to);
    }
    rc = rc || buf_failed(&a) ? err_nomem(err, "a text's words") : join_words(buf_str(&a), out, err);
    buf_release(&a);
    buf_release(&b);
    return rc;
}

/* ---- counts ------------------------------------------------------------------------------------------ */

static enum carat_err count_order(const struct symbols *texts, size_t n, size_t order, struct grams *grams, double *sums,
                                  struct err *err)
{
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; i < n && !rc; i++)
        rc = grams_of(&texts[i], order, &grams[i], err);
    if (!rc) {
        sums[1 + order] = (double)grams_matched(&grams[0], grams + 1, n - 1);
        sums[1 + ORDERS + order] = (double)grams[0].n;
    }
    for (size_t i = 0; i < n; i++)
        grams_release(&grams[i]);
    return rc;
}

/* The length next to the hypothesis's; of two the shorter. */
static size_t nearest_length(size_t words, const struct symbols *references, size_t n)
{
    size_t best = references[0].n, best_far = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        size_t length = references[i].n, far = length < words ? words - length : length - words;
        if (far < best_far || (far == best_far && length < best)) {
            best_far = far;
            best = length;
        }
    }
    return best;
}

/* texts[0] is the hypothesis. */
static enum carat_err count_texts(const struct symbols *texts, size_t n, double *sums, struct err *err)
{
    struct grams *grams = calloc(n, sizeof *grams);
    enum carat_err rc = grams ? CARAT_OK : err_nomem(err, "a text's n-grams");
    sums[0] = (double)texts[0].n;
    sums[1] = (double)nearest_length(texts[0].n, texts + 1, n - 1);
    for (size_t order = 1; order <= ORDERS && !rc; order++)
        rc = count_order(texts, n, order, grams, sums, err);
    free(grams);
    return rc;
}

static enum carat_err words_of_text(struct str text, struct buf *made, struct word_list *out, struct err *err)
{
    enum carat_err rc = mt_tokenize_13a(text, made, err);
    return rc ? rc : word_list_split(out, buf_str(made), err);
}

enum carat_err bleu_item(struct str hypothesis, const struct str *references, size_t n, double *sums, struct err *err)
{
    struct symbols *symbols;
    enum carat_err rc = symbols_of_texts(words_of_text, hypothesis, references, n, &symbols, err);
    if (!rc)
        rc = count_texts(symbols, n + 1, sums, err);
    symbols_free(symbols, n + 1);
    return rc;
}

/* ---- the score ----------------------------------------------------------------------------------------- */

static double floored_log(double x) { return x == 0 ? -9999999999. : log(x); }

/* The logarithms' sum of all orders' precisions, in percent. Of those without a match the first counts half a match, the
 * next a quarter; from the first without n-grams on all are 0. */
static double log_precisions(const double *matches, const double *grams)
{
    double total = 0, smooth = 1;
    bool ended = false;
    for (size_t i = 0; i < ORDERS; i++) {
        double precision = 0;
        ended = ended || grams[i] == 0;
        if (!ended && matches[i] == 0)
            smooth *= 2;
        if (!ended)
            precision = matches[i] == 0 ? 100 / (smooth * grams[i]) : 100 * matches[i] / grams[i];
        total += floored_log(precision);
    }
    return total;
}

double bleu_score(const double *sums)
{
    const double words = sums[0], reference = sums[1], *matches = sums + 2, *grams = sums + 2 + ORDERS;
    double any = 0, brevity = 1;
    for (size_t i = 0; i < ORDERS; i++)
        any += matches[i];
    if (any == 0)
        return 0;
    if (words < reference)
        brevity = words > 0 ? exp(1 - reference / words) : 0;
    return brevity * exp(log_precisions(matches, grams) / ORDERS);
}
