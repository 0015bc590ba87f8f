/* Against sacrebleu 2.6.0, by tests/goldens/mt/make.py. CARAT_MT_ITEMS names another such file of items. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mt/mt_int.h"
#include "tests/support/support.h"

static const struct {
    enum mt_measure measure;
    const char *name;
} measures[] = {{MT_BLEU, "bleu"}, {MT_CHRF, "chrf"}, {MT_CHRF_PLUS, "chrf++"}, {MT_TER, "ter"}};

static struct str text_of(const json_t *s) { return (struct str){json_string_value(s), json_string_length(s)}; }

static bool near(double a, double b) { return fabs(a - b) <= 1e-9 * fmax(1, fabs(b)); }

static void check_measure(enum mt_measure measure, const json_t *item, const json_t *expected, size_t line)
{
    double sums[MT_SUMS_MAX];
    struct str references[8];
    const json_t *refs = json_object_get(item, "refs"), *wanted = json_object_get(expected, "sums");
    const size_t n = json_array_size(refs);
    for (size_t i = 0; i < n; i++)
        references[i] = text_of(json_array_get(refs, i));
    cr_assert_eq(mt_item(measure, text_of(json_object_get(item, "hyp")), references, n, sums, NULL), CARAT_OK);
    cr_assert_eq(json_array_size(wanted), mt_n_sums(measure));
    for (size_t i = 0; i < mt_n_sums(measure); i++)
        cr_expect(near(sums[i], json_number_value(json_array_get(wanted, i))), "line %zu, measure %d, %s: %g, not %g", line,
                  (int)measure, mt_sum_name(measure, i), sums[i], json_number_value(json_array_get(wanted, i)));
    double score = json_number_value(json_object_get(expected, "score"));
    cr_expect(near(mt_score(measure, sums), score), "line %zu, measure %d: %.17g, not %.17g", line, (int)measure,
              mt_score(measure, sums), score);
}

static void check_words(const json_t *item, size_t line)
{
    struct buf words = BUF_INIT(1 << 20);
    cr_assert_eq(mt_tokenize_13a(text_of(json_object_get(item, "hyp")), &words, NULL), CARAT_OK);
    cr_expect(str_eq(buf_str(&words), text_of(json_object_get(item, "words"))), "line %zu: '%s'", line, words.p);
    buf_release(&words);
}

Test(mt, counts_and_scores_each_item_as_sacrebleu_does)
{
    const char *other = getenv("CARAT_MT_ITEMS");
    struct buf text = BUF_INIT(64 << 20);
    size_t n = 0;
    cr_assert_eq(file_read(other ? other : golden_path("mt/items.jsonl"), 64 << 20, &text, NULL), CARAT_OK);
    for (const char *at = text.p, *end; at < text.p + text.n; at = end + 1) {
        json_t *item = NULL;
        end = strchr(at, '\n');
        cr_assert_eq(json_read((struct str){at, (size_t)(end - at)}, "items", ++n, &item, NULL), CARAT_OK);
        for (size_t m = 0; m < sizeof measures / sizeof *measures; m++)
            check_measure(measures[m].measure, item, json_object_get(item, measures[m].name), n);
        check_words(item, n);
        json_decref(item);
    }
    cr_expect_geq(n, 160);
    buf_release(&text);
}

Test(mt, sums_of_any_parts_in_any_order_are_the_corpus)
{
    const struct str references[] = {STR("the cat sat on the mat"), STR("a dog is not a cat at all"), STR("rain")};
    const struct str texts[] = {STR("the cat sat on a mat"), STR("a cat is not a dog at all"), STR("snow")};
    for (enum mt_measure m = MT_BLEU; m <= MT_TER; m++) {
        double forward[MT_SUMS_MAX] = {0}, back[MT_SUMS_MAX] = {0}, sums[MT_SUMS_MAX];
        for (size_t i = 0; i < 3; i++) {
            cr_assert_eq(mt_item(m, texts[i], &references[i], 1, sums, NULL), CARAT_OK);
            mt_add(m, forward, sums);
            cr_assert_eq(mt_item(m, texts[2 - i], &references[2 - i], 1, sums, NULL), CARAT_OK);
            mt_add(m, back, sums);
        }
        cr_expect_eq(mt_score(m, forward), mt_score(m, back));
        cr_expect_gt(mt_score(m, forward), 0);
    }
}

Test(mt, nothing_to_say_is_no_number_of_its_own)
{
    double sums[MT_SUMS_MAX];
    struct err err = ERR_INIT;
    const struct str empty = STR("");
    for (enum mt_measure m = MT_BLEU; m <= MT_TER; m++) {
        cr_assert_eq(mt_item(m, empty, &empty, 1, sums, NULL), CARAT_OK);
        cr_expect_eq(mt_score(m, sums), 0);
        cr_expect_eq(mt_item(m, empty, NULL, 0, sums, &err), CARAT_EUSAGE);
    }
}

Test(mt, bytes_that_are_no_text_are_characters_of_their_own)
{
    double sums[MT_SUMS_MAX];
    const struct str a = STR("a\xff\xfe b"), b = STR("a\xff\xfd b");
    cr_assert_eq(mt_item(MT_CHRF, a, &b, 1, sums, NULL), CARAT_OK);
    cr_expect_eq(sums[0], 4);
    cr_expect_eq(sums[2], 3);
    cr_assert_eq(mt_item(MT_BLEU, a, &a, 1, sums, NULL), CARAT_OK);
    cr_expect_eq(sums[2], 2);
}

/* 2,000 words that all match each other: the number of tries is bounded. */
Test(mt, long_texts_of_one_word_end_soon, .timeout = 60)
{
    struct buf one = BUF_INIT(1 << 20), other = BUF_INIT(1 << 20);
    double sums[MT_SUMS_MAX];
    for (size_t i = 0; i < 2000; i++) {
        buf_adds(&one, i % 3 ? "a " : "b ");
        buf_adds(&other, i % 5 ? "a " : "c ");
    }
    const struct str reference = buf_str(&other);
    for (enum mt_measure m = MT_BLEU; m <= MT_TER; m++)
        cr_expect_eq(mt_item(m, buf_str(&one), &reference, 1, sums, NULL), CARAT_OK);
    buf_release(&one);
    buf_release(&other);
}
