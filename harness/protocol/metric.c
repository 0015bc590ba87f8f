/* metric.c - see metric.h. */
#include "metric.h"

#include <math.h>
#include <stdlib.h>

#include "base/casemap.h"

size_t metric_argmax(const double *x, size_t n)
{
    size_t best = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i]))
            return i;
        if (x[i] > x[best])
            best = i;
    }
    return best;
}

bool metric_is_of_text(const struct carat_metric *metric)
{
    return metric->kind == CARAT_METRIC_EXACT_MATCH || metric_is_judged(metric) || metric_is_of_corpus(metric, NULL);
}

bool metric_is_judged(const struct carat_metric *metric)
{
    return metric->kind == CARAT_METRIC_JUDGED || metric->kind == CARAT_METRIC_GRADED;
}

bool metric_is_of_corpus(const struct carat_metric *metric, enum mt_measure *measure)
{
    enum mt_measure which;
    switch (metric->kind) {
    case CARAT_METRIC_BLEU: which = MT_BLEU; break;
    case CARAT_METRIC_CHRF: which = MT_CHRF; break;
    case CARAT_METRIC_CHRF_PLUS: which = MT_CHRF_PLUS; break;
    case CARAT_METRIC_TER: which = MT_TER; break;
    default: return false;
    }
    if (measure)
        *measure = which;
    return true;
}

enum carat_aggregation metric_aggregation(const struct carat_metric *metric)
{
    if (metric->aggregation != CARAT_AGGREGATE_DEFAULT)
        return metric->aggregation;
    switch (metric->kind) {
    case CARAT_METRIC_F1: return CARAT_AGGREGATE_F1;
    case CARAT_METRIC_MCC: return CARAT_AGGREGATE_MCC;
    case CARAT_METRIC_PERPLEXITY: return CARAT_AGGREGATE_PERPLEXITY;
    case CARAT_METRIC_WORD_PERPLEXITY:
    case CARAT_METRIC_BYTE_PERPLEXITY: return CARAT_AGGREGATE_WEIGHTED_PERPLEXITY;
    case CARAT_METRIC_BITS_PER_BYTE: return CARAT_AGGREGATE_BITS_PER_BYTE;
    case CARAT_METRIC_BLEU: return CARAT_AGGREGATE_BLEU;
    case CARAT_METRIC_CHRF: return CARAT_AGGREGATE_CHRF;
    case CARAT_METRIC_CHRF_PLUS: return CARAT_AGGREGATE_CHRF_PLUS;
    case CARAT_METRIC_TER: return CARAT_AGGREGATE_TER;
    default: return CARAT_AGGREGATE_MEAN;
    }
}

const char *metric_companion(const struct carat_metric *metric)
{
    switch (metric->kind) {
    case CARAT_METRIC_F1:
    case CARAT_METRIC_MCC: return "gold";
    case CARAT_METRIC_WORD_PERPLEXITY: return "words";
    case CARAT_METRIC_BYTE_PERPLEXITY:
    case CARAT_METRIC_BITS_PER_BYTE: return "bytes";
    default: return NULL;
    }
}

struct str metric_value_name(const struct carat_metric *metric, const char *filter, size_t k, struct arena *arena)
{
    if (metric_is_of_text(metric))
        return str_from(arena_printf(arena, "%s,%s", metric->name, filter));
    if (metric->kind == CARAT_METRIC_PASS_AT_K && metric->k)
        return str_from(arena_printf(arena, "%s@%zu", metric->name, k));
    return str_from(metric->name);
}

struct str metric_sum_name(const struct carat_metric *metric, enum mt_measure measure, size_t i, const char *filter,
                           struct arena *arena)
{
    return str_from(arena_printf(arena, "%s:%s,%s", metric->name, mt_sum_name(measure, i), filter));
}

bool metric_is_sum(struct str value_name) { return str_find(value_name, STR(":"), 0) >= 0; }

static double divisor(enum carat_metric_kind kind, struct str choice)
{
    switch (kind) {
    case CARAT_METRIC_ACC_NORM: return (double)utf8_length(choice);
    case CARAT_METRIC_ACC_BYTES: return (double)choice.n;
    default: return 1;
    }
}

size_t metric_choose(enum carat_metric_kind kind, const double *logprobs, const struct str *choices, size_t n,
                     double *scratch)
{
    for (size_t i = 0; i < n; i++)
        scratch[i] = logprobs[i] / divisor(kind, choices[i]);
    return metric_argmax(scratch, n);
}

/* ---- exact match --------------------------------------------------------------------------- */

struct metric_match {
    const struct carat_metric *metric;
    struct regex **patterns;
    size_t n_patterns;
};

enum carat_err metric_match_new(const struct carat_metric *metric, struct metric_match **out, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    struct metric_match *m = calloc(1, sizeof *m);
    *out = NULL;
    if (!m)
        return err_nomem(err, "a metric");
    m->metric = metric;
    size_t n = 0;
    while (metric->ignore_patterns && metric->ignore_patterns[n])
        n++;
    m->patterns = calloc(n ? n : 1, sizeof *m->patterns);
    if (!m->patterns)
        rc = err_nomem(err, "a metric");
    for (; !rc && m->n_patterns < n; m->n_patterns++)
        rc = regex_new(metric->ignore_patterns[m->n_patterns], &m->patterns[m->n_patterns], err);
    if (rc) {
        metric_match_free(m);
        return err_context(err, "metric '%s'", metric->name);
    }
    *out = m;
    return CARAT_OK;
}

void metric_match_free(struct metric_match *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->n_patterns; i++)
        regex_free(m->patterns[i]);
    free(m->patterns);
    free(m);
}

static const struct str punctuation = {"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", 32}, digits = {"0123456789", 10};

static void drop_characters(struct buf *b, struct str dropped)
{
    size_t kept = 0;
    for (size_t i = 0; i < b->n; i++)
        if (!memchr(dropped.p, b->p[i], dropped.n))
            b->p[kept++] = b->p[i];
    if (b->p) {
        b->n = kept;
        b->p[kept] = '\0';
    }
}

static void swap(struct buf *a, struct buf *b)
{
    struct buf t = *a;
    *a = *b;
    *b = t;
}

/* The order is the reference's: patterns, then case, punctuation, digits. `out` holds nothing before. */
static enum carat_err normalise(const struct metric_match *m, struct str s, struct buf *out, struct err *err)
{
    struct buf next = BUF_INIT(BUF_MAX_DEFAULT);
    enum carat_err rc = buf_addstr(out, s) ? err_nomem(err, "an answer") : CARAT_OK;
    for (size_t i = 0; i < m->n_patterns && !rc; i++) {
        rc = regex_sub(m->patterns[i], buf_str(out), STR(""), &next, err);
        swap(out, &next);
        buf_clear(&next);
    }
    if (!rc && m->metric->ignore_case) {
        rc = casemap_lower(buf_str(out), &next) ? err_nomem(err, "an answer") : CARAT_OK;
        swap(out, &next);
    }
    if (!rc && m->metric->ignore_punctuation)
        drop_characters(out, punctuation);
    if (!rc && m->metric->ignore_numbers)
        drop_characters(out, digits);
    buf_release(&next);
    return rc;
}

enum carat_err metric_match_run(const struct metric_match *m, struct str answer, const struct str *references,
                                size_t n, bool *equal, struct err *err)
{
    struct buf a = BUF_INIT(BUF_MAX_DEFAULT), r = BUF_INIT(BUF_MAX_DEFAULT);
    enum carat_err rc = normalise(m, answer, &a, err);
    *equal = false;
    for (size_t i = 0; i < n && !rc && !*equal; i++) {
        buf_clear(&r);
        rc = normalise(m, references[i], &r, err);
        *equal = !rc && str_eq(buf_str(&a), buf_str(&r));
    }
    buf_release(&a);
    buf_release(&r);
    return rc ? err_context(err, "metric '%s'", m->metric->name) : CARAT_OK;
}

/* ---- code ---------------------------------------------------------------------------------- */

double metric_pass_at_k(size_t n, size_t c, size_t k)
{
    if (n - c < k)
        return 1;
    double none = 1; /* the chance that k of the n, drawn without return, are all wrong */
    for (size_t i = n - c + 1; i <= n; i++)
        none *= 1 - (double)k / (double)i;
    return 1 - none;
}
