/* Aggregations and their bootstrap against the reference's (tests/goldens/protocol/make.py). */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "harness/protocol/protocol.h"
#include "tests/support/support.h"

enum { MOST = 64 };

static double number(const json_t *v) { return json_is_number(v) ? json_number_value(v) : NAN; }

static size_t numbers_of(const json_t *list, double *out)
{
    size_t n = json_array_size(list);
    cr_assert_leq(n, (size_t)MOST);
    for (size_t i = 0; i < n; i++)
        out[i] = number(json_array_get(list, i));
    return n;
}

static void expect_near(double got, double want, size_t line, const char *what)
{
    if (isnan(want))
        cr_expect(isnan(got), "line %zu: %s is %.17g", line, what, got);
    else
        cr_expect(fabs(got - want) <= 1e-9 * fmax(1, fabs(want)), "line %zu: %s is %.17g, not %.17g", line, what, got, want);
}

static void check(void *context, size_t line, const json_t *golden)
{
    double values[MOST], others[MOST];
    enum carat_aggregation how;
    struct stat_mean out;
    size_t n = numbers_of(json_object_get(golden, "values"), values);
    const json_t *beside = json_object_get(golden, "others");
    cr_assert(stat_aggregation_find(str_from(json_string_value(json_object_get(golden, "name"))), &how));
    if (json_is_array(beside))
        cr_assert_eq(numbers_of(beside, others), n);
    cr_assert_eq(stat_aggregate(how, values, json_is_array(beside) ? others : NULL, n,
                                (size_t)json_integer_value(json_object_get(golden, "iters")), &out, NULL), CARAT_OK);
    expect_near(out.mean, number(json_object_get(golden, "value")), line, "the value");
    expect_near(out.stderr_mean, number(json_object_get(golden, "stderr")), line, "the standard error");
    (*(size_t *)context)++;
}

Test(aggregate, values_and_standard_errors_are_the_references)
{
    size_t n = 0;
    each_json_line(golden_path("protocol/aggregates.jsonl"), check, &n);
    cr_assert_eq(n, 48);
}

Test(aggregate, classes_that_are_no_small_numbers_are_counted_too)
{
    const double few[] = {0, 1, 2, 2}, gold[] = {0, 1, 1, 2}, far[] = {0, 1e6, 2e6, 2e6}, far_gold[] = {0, 1e6, 1e6, 2e6};
    struct stat_mean a, b;
    cr_assert_eq(stat_aggregate(CARAT_AGGREGATE_MCC, few, gold, 4, 0, &a, NULL), CARAT_OK);
    cr_assert_eq(stat_aggregate(CARAT_AGGREGATE_MCC, far, far_gold, 4, 0, &b, NULL), CARAT_OK);
    cr_assert_float_eq(a.mean, b.mean, 1e-15);
    cr_assert(a.mean > 0.5 && isnan(a.stderr_mean));
}

static void measure_item(enum mt_measure measure, const json_t *item, double *sums)
{
    struct str references[8];
    const json_t *refs = json_object_get(item, "refs"), *hyp = json_object_get(item, "hyp");
    for (size_t i = 0; i < json_array_size(refs); i++)
        references[i] = (struct str){json_string_value(json_array_get(refs, i)), json_string_length(json_array_get(refs, i))};
    cr_assert_eq(mt_item(measure, (struct str){json_string_value(hyp), json_string_length(hyp)}, references,
                         json_array_size(refs), sums, NULL), CARAT_OK);
}

static void check_corpus(void *context, size_t line, const json_t *golden)
{
    static const char *const names[] = {"bleu", "chrf", "chrf++", "ter"};
    double sums[MOST][MT_SUMS_MAX];
    struct stat_mean out;
    const json_t *items = json_object_get(golden, "items");
    const size_t n = json_array_size(items);
    cr_assert_leq(n, (size_t)MOST);
    for (size_t i = 0; i < 4; i++) {
        enum carat_aggregation how;
        enum mt_measure measure;
        const json_t *want = json_object_get(golden, names[i]);
        cr_assert(stat_aggregation_find(str_from(names[i]), &how) && stat_measure(how, &measure));
        for (size_t k = 0; k < n; k++)
            measure_item(measure, json_array_get(items, k), sums[k]);
        cr_assert_eq(stat_aggregate_corpus(measure, (const double(*)[MT_SUMS_MAX])sums, n, STAT_BOOTSTRAP_CORPUS, &out, NULL),
                     CARAT_OK);
        expect_near(out.mean, number(json_object_get(want, "value")), line, names[i]);
        expect_near(out.stderr_mean, number(json_object_get(want, "stderr")), line, "the standard error");
        (*(size_t *)context)++;
    }
}

/* tests/goldens/mt/make.py */
Test(aggregate, whole_corpora_have_the_references_scores_and_errors)
{
    size_t n = 0;
    each_json_line(golden_path("mt/corpora.jsonl"), check_corpus, &n);
    cr_assert_eq(n, 20);
}
