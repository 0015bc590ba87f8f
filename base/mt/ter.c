/* ter.c - the translation edit rate (Snover and others, 2006), searched as Tercom does.
 *
 * Edits are words put in, left out or exchanged, and shifts of a run of words to another place. The fewest cannot be found
 * in reasonable time, so shifts are taken greedily: each round tries runs of the hypothesis that stand elsewhere in the
 * reference, keeps the one after which the edit distance is least, and ends when none lessens it. What is tried, and which
 * of equals is kept, decides the result, so both follow Tercom as sacrebleu has it:
 *
 *   - a run has up to 10 words and starts within 50 places of where the reference has it; some word of it must be an error
 *     here, and some word there; the word there must not be aligned with one of the run;
 *   - it is put behind the word that is aligned with the one before its place in the reference, and behind those aligned
 *     with each of its own words but the last;
 *   - most edits saved come first, then the longest run, the earliest, the earliest place;
 *   - after 1000 tries in all the search ends, and what its last round found is not taken.
 *
 * The edit distance is computed in a band of 25 cells around the diagonal from corner to corner, wider where the texts'
 * lengths differ much; equal costs prefer exchanging to leaving out to putting in. The band decides the result, too. A
 * row depends on the words before it alone, so a try keeps the rows before the first word that it changes.
 */
#include <math.h>
#include <stdlib.h>

#include "base/casemap.h"
#include "base/num.h"
#include "base/utf8.h"
#include "mt_int.h"

enum { MAX_RUN = 10, MAX_DISTANCE = 50, BAND = 25, MAX_TRIES = 1000 };
enum { FAR = INT32_MAX / 2 }; /* more than any cost */

enum edit { KEEP, EXCHANGE, PUT_IN, LEAVE_OUT, NO_EDIT }; /* of hypothesis into reference */

/* ---- the banded edit distance --------------------------------------------------------------------------- */

struct row { /* cells first to end - 1; all others are FAR */
    size_t first, end;
    int32_t *cost;
    unsigned char *edit;
};
struct table {
    const int32_t *reference;
    size_t n_reference, n_words; /* words: of every hypothesis that is asked, they being shifted versions of one */
    struct row *base, *tried;    /* [n_words + 1]; of the hypothesis as it stands; of a try. Row 0 is base's alone */
    int32_t *costs;
    unsigned char *edits;
};

static void table_release(struct table *t)
{
    free(t->base);
    free(t->tried);
    free(t->costs);
    free(t->edits);
}

/* Where row i of the table begins and ends. */
static void band(const struct table *t, size_t i, size_t *first, size_t *end)
{
    const double ratio = (double)t->n_reference / (double)(t->n_words ? t->n_words : 1);
    const size_t half = BAND < ratio / 2 ? (size_t)ceil(ratio / 2 + BAND) : BAND;
    const size_t diagonal = (size_t)floor((double)i * ratio);
    *first = diagonal > half ? diagonal - half : 0;
    *end = diagonal + half < t->n_reference + 1 && i < t->n_words ? diagonal + half : t->n_reference + 1;
    if (i == 0)
        *first = 0, *end = t->n_reference + 1;
}

static enum carat_err table_new(const struct symbols *reference, size_t n_words, struct table *t, struct err *err)
{
    size_t cells = 0, first, end;
    *t = (struct table){.reference = reference->at, .n_reference = reference->n, .n_words = n_words};
    for (size_t i = 0; i <= n_words; i++) {
        band(t, i, &first, &end);
        cells += i ? 2 * (end - first) : end - first;
    }
    t->base = calloc(n_words + 1, sizeof *t->base);
    t->tried = calloc(n_words + 1, sizeof *t->tried);
    t->costs = calloc(cells, sizeof *t->costs);
    t->edits = calloc(cells, sizeof *t->edits);
    if (!t->base || !t->tried || !t->costs || !t->edits) {
        table_release(t);
        return err_nomem(err, "a table of edits");
    }
    for (size_t i = 0, at = 0; i <= n_words; i++) {
        band(t, i, &first, &end);
        t->base[i] = (struct row){first, end, t->costs + at, t->edits + at};
        at += end - first;
        t->tried[i] = i ? (struct row){first, end, t->costs + at, t->edits + at} : t->base[0];
        at += i ? end - first : 0;
    }
    for (size_t j = 0; j <= t->n_reference; j++) {
        t->base[0].cost[j] = (int32_t)j;
        t->base[0].edit[j] = PUT_IN;
    }
    return CARAT_OK;
}

static int32_t cost_at(const struct row *row, size_t j) { return j >= row->first && j < row->end ? row->cost[j - row->first] : FAR; }

static void take_less(int32_t cost, enum edit edit, int32_t *best, unsigned char *which)
{
    if (cost < *best) {
        *best = cost;
        *which = (unsigned char)edit;
    }
}

static void fill_row(const struct table *t, int32_t word, const struct row *above, struct row *row)
{
    for (size_t j = row->first; j < row->end; j++) {
        int32_t best = FAR;
        unsigned char which = NO_EDIT;
        if (j) {
            bool same = word == t->reference[j - 1];
            take_less(cost_at(above, j - 1) + !same, same ? KEEP : EXCHANGE, &best, &which);
        }
        take_less(cost_at(above, j) + 1, LEAVE_OUT, &best, &which);
        if (j > row->first)
            take_less(row->cost[j - 1 - row->first] + 1, PUT_IN, &best, &which);
        row->cost[j - row->first] = best;
        row->edit[j - row->first] = which;
    }
}

static int32_t corner(const struct table *t, const struct row *rows) { return cost_at(&rows[t->n_words], t->n_reference); }

static int32_t fill_base(struct table *t, const int32_t *words)
{
    for (size_t i = 1; i <= t->n_words; i++)
        fill_row(t, words[i - 1], &t->base[i - 1], &t->base[i]);
    return corner(t, t->base);
}

/* Of a hypothesis whose words before `from` are the base's. */
static int32_t fill_tried(struct table *t, const int32_t *words, size_t from)
{
    for (size_t i = from + 1; i <= t->n_words; i++)
        fill_row(t, words[i - 1], i == from + 1 ? &t->base[i - 1] : &t->tried[i - 1], &t->tried[i]);
    return from < t->n_words ? corner(t, t->tried) : corner(t, t->base);
}

/* ---- the alignment ------------------------------------------------------------------------------------- */

struct alignment {
    ptrdiff_t *of;                       /* [n_reference] the hypothesis's word that stands there, or the last one before */
    bool *wrong_there, *wrong_here;      /* [n_reference], [n_words] not kept */
};

/* From the corner back to the start. */
static void align(const struct table *t, struct alignment *a)
{
    size_t i = t->n_words, j = t->n_reference;
    while (i > 0 || j > 0) {
        const struct row *row = &t->base[i];
        enum edit edit = j >= row->first && j < row->end ? (enum edit)row->edit[j - row->first] : LEAVE_OUT;
        if (edit == KEEP || edit == EXCHANGE) {
            i--;
            j--;
            a->of[j] = (ptrdiff_t)i;
            a->wrong_here[i] = a->wrong_there[j] = edit == EXCHANGE;
        } else if (edit == PUT_IN) {
            j--;
            a->of[j] = (ptrdiff_t)i - 1;
            a->wrong_there[j] = true;
        } else {
            i--;
            a->wrong_here[i] = true;
        }
    }
}

/* ---- shifts --------------------------------------------------------------------------------------------- */

struct search {
    struct table table;
    struct alignment alignment;
    int32_t *words, *shifted, *best; /* [n_words] as they stand; a try; the best one */
    size_t n_tries;
};

struct shift {
    size_t from, length, to;
    int32_t saved;
};

static bool any(const bool *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (x[i])
            return true;
    return false;
}

static void copy(int32_t **to, const int32_t *from, size_t n)
{
    memcpy(*to, from, n * sizeof *from);
    *to += n;
}

/* `words` with the run at from put before the word at `to` ; where that is inside the run, as many behind it as `to` is
 * behind its beginning. */
static void perform(const int32_t *words, size_t n, const struct shift *s, int32_t *out)
{
    const size_t end = s->from + s->length;
    if (s->to < s->from) {
        copy(&out, words, s->to);
        copy(&out, words + s->from, s->length);
        copy(&out, words + s->to, s->from - s->to);
        copy(&out, words + end, n - end);
        return;
    }
    size_t until = s->to > end ? s->to : s->to + s->length;
    until = until < n ? until : n;
    copy(&out, words, s->from);
    copy(&out, words + end, until - end);
    copy(&out, words + s->from, s->length);
    copy(&out, words + until, n - until);
}

static bool is_better(const struct shift *a, const struct shift *b)
{
    if (a->saved != b->saved)
        return a->saved > b->saved;
    if (a->length != b->length)
        return a->length > b->length;
    return a->from != b->from ? a->from < b->from : a->to < b->to;
}

static void try_shift(struct search *s, int32_t before, struct shift *shift, struct shift *best)
{
    const size_t n = s->table.n_words;
    perform(s->words, n, shift, s->shifted);
    shift->saved = before - fill_tried(&s->table, s->shifted, shift->to < shift->from ? shift->to : shift->from);
    s->n_tries++;
    if (!best->length || is_better(shift, best)) {
        *best = *shift;
        memcpy(s->best, s->shifted, n * sizeof *s->best);
    }
}

/* The run at `from` of the hypothesis is that at `there` of the reference. */
static void try_places(struct search *s, int32_t before, size_t from, size_t there, size_t length, struct shift *best)
{
    const struct alignment *a = &s->alignment;
    const ptrdiff_t aligned = a->of[there];
    ptrdiff_t last = -1;
    if (!any(a->wrong_here + from, length) || !any(a->wrong_there + there, length) ||
        (aligned >= (ptrdiff_t)from && aligned < (ptrdiff_t)(from + length)))
        return;
    for (size_t k = 0; k <= length; k++) { /* behind the word before the run's place, behind its first ... */
        ptrdiff_t to = there + k == 0 ? 0 : a->of[there + k - 1] + 1;
        struct shift shift = {from, length, (size_t)to, 0};
        if (to != last)
            try_shift(s, before, &shift, best);
        last = to;
    }
}

/* All runs that begin at both places. */
static void try_runs(struct search *s, int32_t before, size_t from, size_t there, struct shift *best)
{
    const struct table *t = &s->table;
    for (size_t k = 0; k < MAX_RUN && from + k < t->n_words && there + k < t->n_reference && s->n_tries < MAX_TRIES; k++) {
        if (s->words[from + k] != t->reference[there + k])
            return;
        try_places(s, before, from, there, k + 1, best);
    }
}

/* The best shift, or one of length 0. */
static struct shift find_shift(struct search *s, int32_t before)
{
    struct shift best = {0, 0, 0, 0};
    for (size_t from = 0; from < s->table.n_words; from++) {
        size_t first = from > MAX_DISTANCE ? from - MAX_DISTANCE : 0;
        for (size_t there = first; there < s->table.n_reference && there <= from + MAX_DISTANCE; there++)
            try_runs(s, before, from, there, &best);
        if (s->n_tries >= MAX_TRIES)
            break;
    }
    return best;
}

static size_t count_edits(struct search *s)
{
    const size_t n = s->table.n_words;
    for (size_t n_shifts = 0;; n_shifts++) {
        int32_t distance = fill_base(&s->table, s->words);
        align(&s->table, &s->alignment);
        struct shift best = find_shift(s, distance);
        if (s->n_tries >= MAX_TRIES || best.saved <= 0)
            return n_shifts + (size_t)distance;
        memcpy(s->words, s->best, n * sizeof *s->words);
    }
}

static enum carat_err edits_to(const struct symbols *hypothesis, const struct symbols *reference, size_t *out, struct err *err)
{
    const size_t n = hypothesis->n, m = reference->n;
    if (m == 0) {
        *out = n;
        return CARAT_OK;
    }
    struct search s = {.n_tries = 0};
    enum carat_err rc = table_new(reference, n, &s.table, err);
    if (rc)
        return rc;
    int32_t *words = calloc(n ? n : 1, 3 * sizeof *words);
    bool *wrong = calloc(n + m, sizeof *wrong);
    s.alignment = (struct alignment){calloc(m, sizeof *s.alignment.of), wrong, wrong ? wrong + m : NULL};
    if (words && wrong && s.alignment.of) {
        s.words = words;
        s.shifted = words + n;
        s.best = words + 2 * n;
        memcpy(words, hypothesis->at, n * sizeof *words);
        *out = count_edits(&s);
    } else {
        rc = err_nomem(err, "a search for shifts");
    }
    free(words);
    free(wrong);
    free(s.alignment.of);
    table_release(&s.table);
    return rc;
}

/* ---- the measure ---------------------------------------------------------------------------------------- */

/* symbols[0] is the hypothesis. */
static enum carat_err count_all(const struct symbols *symbols, size_t n, double *sums, struct err *err)
{
    size_t best = SIZE_MAX, edits = 0;
    double words = 0;
    for (size_t i = 1; i <= n; i++) {
        enum carat_err rc = edits_to(&symbols[0], &symbols[i], &edits, err);
        if (rc)
            return rc;
        best = edits < best ? edits : best;
        words += (double)symbols[i].n;
    }
    sums[0] = (double)best;
    sums[1] = words / (double)n;
    return CARAT_OK;
}

static enum carat_err words_of_text(struct str text, struct buf *made, struct word_list *out, struct err *err)
{
    enum carat_err rc = casemap_lower(utf8_rstrip(text), made) ? err_nomem(err, "a text's words") : CARAT_OK;
    return rc ? rc : word_list_split(out, buf_str(made), err);
}

enum carat_err ter_item(struct str hypothesis, const struct str *references, size_t n, double *sums, struct err *err)
{
    struct symbols *symbols;
    enum carat_err rc = symbols_of_texts(words_of_text, hypothesis, references, n, &symbols, err);
    if (!rc)
        rc = count_all(symbols, n, sums, err);
    symbols_free(symbols, n + 1);
    return rc;
}

double ter_score(const double *sums)
{
    if (sums[1] > 0)
        return 100 * (sums[0] / sums[1]);
    return sums[0] > 0 ? 100 : 0;
}
