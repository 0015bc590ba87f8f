/* aggregate.c - what a metric's items become, and how sure that is: stat_aggregate() of protocol.h.
 *
 * The formulas and their order of summation are the reference's (TASKS.md section 4). Where it has no closed
 * standard error it draws samples of the items with return: 1000 a chunk, chunk i with Random(i).choices(), and takes the
 * standard deviation (n - 1) of all samples' values. The draws are Python's to the bit; chunks are independent, so
 * any may be computed alone.
 */
#include <math.h>
#include <stdlib.h>

#include "protocol.h"

enum { CHUNK = 1000 };
static const double Z95 = 1.959963984540054; /* 97.5 % quantile of the normal distribution */

static const char *const names[] = {
    [CARAT_AGGREGATE_DEFAULT] = "default",
    [CARAT_AGGREGATE_MEAN] = "mean",
    [CARAT_AGGREGATE_MEDIAN] = "median",
    [CARAT_AGGREGATE_NANMEAN] = "nanmean",
    [CARAT_AGGREGATE_PERPLEXITY] = "perplexity",
    [CARAT_AGGREGATE_WEIGHTED_PERPLEXITY] = "weighted_perplexity",
    [CARAT_AGGREGATE_BITS_PER_BYTE] = "bits_per_byte",
    [CARAT_AGGREGATE_F1] = "f1",
    [CARAT_AGGREGATE_MCC] = "mcc",
    [CARAT_AGGREGATE_WEIGHTED_F1] = "weighted_f1",
    [CARAT_AGGREGATE_MACRO_F1] = "macro_f1",
    [CARAT_AGGREGATE_MICRO_F1] = "micro_f1",
    [CARAT_AGGREGATE_BLEU] = "bleu",
    [CARAT_AGGREGATE_CHRF] = "chrf",
    [CARAT_AGGREGATE_CHRF_PLUS] = "chrf++",
    [CARAT_AGGREGATE_TER] = "ter",
};

const char *stat_aggregation_name(enum carat_aggregation how) { return names[how]; }

bool stat_aggregation_find(struct str name, enum carat_aggregation *out)
{
    for (size_t i = CARAT_AGGREGATE_MEAN; i < sizeof names / sizeof *names; i++)
        if (str_eq(name, str_from(names[i]))) {
            *out = (enum carat_aggregation)i;
            return true;
        }
    return false;
}

/* ---- the formulas ------------------------------------------------------------------------------ */

struct items { /* values drawn, with what stands beside them; `work` is as long */
    double *values, *others, *work;
    size_t n;
};

static double sum(const double *x, size_t n)
{
    double total = 0;
    for (size_t i = 0; i < n; i++)
        total += x[i];
    return total;
}

static double mean(const double *x, size_t n) { return sum(x, n) / (double)n; }

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const struct items *d)
{
    memcpy(d->work, d->values, d->n * sizeof *d->work);
    qsort(d->work, d->n, sizeof *d->work, compare);
    return d->work[d->n / 2];
}

static double nanmean(const struct items *d)
{
    double total = 0;
    size_t n = 0;
    for (size_t i = 0; i < d->n; i++)
        if (!isnan(d->values[i])) {
            total += d->values[i];
            n++;
        }
    return n ? total / (double)n : NAN;
}

static double weighted_mean(const struct items *d)
{
    return sum(d->values, d->n) / sum(d->others, d->n);
}

/* Of class 1 against all others: 2 tp / (right ones + found ones); 0 where both are none. */
static double f1(const struct items *d)
{
    size_t both = 0, gold = 0, taken = 0;
    for (size_t i = 0; i < d->n; i++) {
        gold += d->others[i] == 1;
        taken += d->values[i] == 1;
        both += d->others[i] == 1 && d->values[i] == 1;
    }
    return gold + taken ? 2 * (double)both / (double)(gold + taken) : 0;
}

/* How often each value of `x` occurs, summed up with how often it occurs in `y`. */
static double dot_of_counts(const double *x, const double *y, size_t n)
{
    double total = 0;
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        for (size_t j = 0; j < n; j++)
            k += y[j] == x[i];
        total += (double)k;
    }
    return total;
}

/* Counts per class where the classes are small whole numbers, as choices are; else item by item. */
enum { CLASSES = 256 };
static bool count_classes(const double *x, size_t n, double counts[CLASSES])
{
    memset(counts, 0, CLASSES * sizeof *counts);
    for (size_t i = 0; i < n; i++) {
        int k = x[i] >= -1 && x[i] < CLASSES - 1 ? (int)x[i] + 1 : -1;
        if (k < 0)
            return false;
        counts[k]++;
    }
    return true;
}

static double dot(const double *x, const double *y, size_t n)
{
    double a[CLASSES], b[CLASSES], total = 0;
    if (!count_classes(x, n, a) || !count_classes(y, n, b))
        return dot_of_counts(x, y, n);
    for (size_t k = 0; k < CLASSES; k++)
        total += a[k] * b[k];
    return total;
}

/* Matthews' correlation of several classes (Gorodkin, 2004). */
static double mcc(const struct items *d)
{
    double n = (double)d->n, equal = 0;
    for (size_t i = 0; i < d->n; i++)
        equal += d->values[i] == d->others[i];
    double both = equal * n - dot(d->others, d->values, d->n);
    double taken = n * n - dot(d->values, d->values, d->n), gold = n * n - dot(d->others, d->others, d->n);
    return taken * gold == 0 ? 0 : both / sqrt(taken * gold);
}

/* F1 of the class against all others. */
static double class_f1(const struct items *d, double class, double *right)
{
    double both = 0, gold = 0, taken = 0;
    for (size_t i = 0; i < d->n; i++) {
        gold += d->others[i] == class;
        taken += d->values[i] == class;
        both += d->others[i] == class && d->values[i] == class;
    }
    *right = gold;
    return 2 * both / (gold + taken);
}

static bool is_among(double x, const double *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == x)
            return true;
    return false;
}

/* Over all classes that are right or taken at least once. One that is only taken has an F1 of 0, and no weight. */
static double mean_f1(const struct items *d, bool weighted)
{
    double total = 0, weight = 0, right;
    for (size_t i = 0; i < d->n; i++)
        if (!is_among(d->others[i], d->others, i)) {
            double f = class_f1(d, d->others[i], &right);
            total += weighted ? f * right : f;
            weight += weighted ? right : 1;
        }
    for (size_t i = 0; i < d->n && !weighted; i++)
        weight += !is_among(d->values[i], d->values, i) && !is_among(d->values[i], d->others, d->n);
    return total / weight;
}

static double share_equal(const struct items *d)
{
    size_t equal = 0;
    for (size_t i = 0; i < d->n; i++)
        equal += d->values[i] == d->others[i];
    return (double)equal / (double)d->n;
}

static double value_of(enum carat_aggregation how, const struct items *d)
{
    switch (how) {
    case CARAT_AGGREGATE_MEDIAN: return median(d);
    case CARAT_AGGREGATE_NANMEAN: return nanmean(d);
    case CARAT_AGGREGATE_PERPLEXITY: return exp(-mean(d->values, d->n));
    case CARAT_AGGREGATE_WEIGHTED_PERPLEXITY: return exp(-weighted_mean(d));
    case CARAT_AGGREGATE_BITS_PER_BYTE: return -weighted_mean(d) / log(2);
    case CARAT_AGGREGATE_F1: return f1(d);
    case CARAT_AGGREGATE_MCC: return mcc(d);
    case CARAT_AGGREGATE_WEIGHTED_F1: return mean_f1(d, true);
    case CARAT_AGGREGATE_MACRO_F1: return mean_f1(d, false);
    case CARAT_AGGREGATE_MICRO_F1: return share_equal(d);
    default: return mean(d->values, d->n);
    }
}

/* ---- the bootstrap ------------------------------------------------------------------------------ */

static bool is_bootstrapped(enum carat_aggregation how)
{
    return how == CARAT_AGGREGATE_MEDIAN || how == CARAT_AGGREGATE_NANMEAN || how == CARAT_AGGREGATE_PERPLEXITY ||
           how == CARAT_AGGREGATE_F1 || how == CARAT_AGGREGATE_MCC;
}

static void run_chunk(enum carat_aggregation how, const struct items *all, struct items *drawn, size_t *at,
                      uint64_t seed, size_t n_samples, double *out)
{
    struct py_random random;
    py_random_seed(&random, seed);
    for (size_t s = 0; s < n_samples; s++) {
        py_random_choices(&random, all->n, all->n, at);
        for (size_t i = 0; i < all->n; i++) {
            drawn->values[i] = all->values[at[i]];
            if (all->others)
                drawn->others[i] = all->others[at[i]];
        }
        out[s] = value_of(how, drawn);
    }
}

static double deviation(const double *x, size_t n)
{
    double m = mean(x, n), squares = 0;
    for (size_t i = 0; i < n; i++)
        squares += (x[i] - m) * (x[i] - m);
    return sqrt(squares / (double)(n - 1));
}

struct bootstrap {
    enum carat_aggregation how;
    const struct items *all;
    size_t chunk;
    double *results;          /* [chunks][chunk] */
    double *memory;           /* [threads][3][all->n] */
    size_t *at;               /* [threads][all->n] */
};

static void do_chunk(void *context, size_t chunk, size_t thread)
{
    const struct bootstrap *b = context;
    const size_t n = b->all->n;
    double *memory = b->memory + 3 * n * thread;
    struct items drawn = {memory, memory + n, memory + 2 * n, n};
    run_chunk(b->how, b->all, &drawn, b->at + n * thread, chunk, b->chunk, b->results + chunk * b->chunk);
}

static enum carat_err bootstrap(enum carat_aggregation how, const struct items *all, size_t n_bootstrap, double *out,
                                struct err *err)
{
    const size_t chunk = n_bootstrap < CHUNK ? n_bootstrap : CHUNK, n_chunks = n_bootstrap / chunk;
    struct pool *pool = NULL;
    enum carat_err rc = pool_new(0, &pool, err);
    const size_t n_threads = rc ? 1 : pool_threads(pool);
    struct bootstrap b = {.how = how, .all = all, .chunk = chunk};
    b.results = calloc(chunk * n_chunks, sizeof *b.results);
    b.memory = calloc(all->n * n_threads, 3 * sizeof *b.memory);
    b.at = calloc(all->n * n_threads, sizeof *b.at);
    if (!rc && (!b.results || !b.memory || !b.at))
        rc = err_nomem(err, "the bootstrap");
    if (!rc) {
        pool_run(pool, n_chunks, do_chunk, &b);
        *out = chunk * n_chunks < 2 ? NAN : deviation(b.results, chunk * n_chunks);
    }
    pool_free(pool);
    free(b.results);
    free(b.memory);
    free(b.at);
    return rc;
}

enum carat_err stat_aggregate(enum carat_aggregation how, const double *values, const double *others, size_t n,
                              size_t n_bootstrap, struct stat_mean *out, struct err *err)
{
    stat_mean(values, n, out);
    if (how == CARAT_AGGREGATE_MEAN || how == CARAT_AGGREGATE_DEFAULT || n == 0)
        return CARAT_OK;
    double *memory = calloc(n, 3 * sizeof *memory);
    if (!memory)
        return err_nomem(err, "a metric's items");
    struct items all = {memory, others ? memory + n : NULL, memory + 2 * n, n};
    memcpy(all.values, values, n * sizeof *values);
    if (others)
        memcpy(all.others, others, n * sizeof *others);
    *out = (struct stat_mean){.n = n, .mean = value_of(how, &all), .stderr_mean = NAN};
    enum carat_err rc = CARAT_OK;
    if (is_bootstrapped(how) && n_bootstrap && n > 1)
        rc = bootstrap(how, &all, n_bootstrap, &out->stderr_mean, err);
    out->low = out->mean - Z95 * out->stderr_mean;
    out->high = out->mean + Z95 * out->stderr_mean;
    free(memory);
    return rc;
}

/* ---- whole corpora --------------------------------------------------------------------------------- */

bool stat_measure(enum carat_aggregation how, enum mt_measure *measure)
{
    if (how < CARAT_AGGREGATE_BLEU || how > CARAT_AGGREGATE_TER)
        return false;
    if (measure)
        *measure = (enum mt_measure)(how - CARAT_AGGREGATE_BLEU);
    return true;
}

/* The score of the items at `at`; NULL: of all. */
static double corpus_score(enum mt_measure measure, const double (*sums)[MT_SUMS_MAX], const size_t *at, size_t n)
{
    double total[MT_SUMS_MAX] = {0};
    for (size_t i = 0; i < n; i++)
        mt_add(measure, total, sums[at ? at[i] : i]);
    return mt_score(measure, total);
}

/* Its samples are few and each is a sum: no threads. */
static enum carat_err bootstrap_corpus(enum mt_measure measure, const double (*sums)[MT_SUMS_MAX], size_t n,
                                       size_t n_bootstrap, double *out, struct err *err)
{
    const size_t chunk = n_bootstrap < CHUNK ? n_bootstrap : CHUNK, n_samples = n_bootstrap / chunk * chunk;
    struct py_random random;
    double *scores = calloc(n_samples, sizeof *scores);
    size_t *at = calloc(n, sizeof *at);
    enum carat_err rc = scores && at ? CARAT_OK : err_nomem(err, "the bootstrap");
    for (size_t s = 0; s < n_samples && !rc; s++) {
        if (s % chunk == 0)
            py_random_seed(&random, s / chunk);
        py_random_choices(&random, n, n, at);
        scores[s] = corpus_score(measure, sums, at, n);
    }
    if (!rc)
        *out = n_samples < 2 ? NAN : deviation(scores, n_samples);
    free(scores);
    free(at);
    return rc;
}

enum carat_err stat_aggregate_corpus(enum mt_measure measure, const double (*sums)[MT_SUMS_MAX], size_t n,
                                     size_t n_bootstrap, struct stat_mean *out, struct err *err)
{
    *out = (struct stat_mean){.n = n, .mean = n ? corpus_score(measure, sums, NULL, n) : NAN, .stderr_mean = NAN};
    enum carat_err rc = CARAT_OK;
    if (n > 1 && n_bootstrap)
        rc = bootstrap_corpus(measure, sums, n, n_bootstrap, &out->stderr_mean, err);
    out->low = out->mean - Z95 * out->stderr_mean;
    out->high = out->mean + Z95 * out->stderr_mean;
    return rc;
}
