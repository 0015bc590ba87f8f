/* test_growth.c - merging stays near linear: what is counted is how often the model is asked for a pair, in one word of a
 * quarter of a megabyte and of a whole one. Time is not. */
#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "engine/tokenizer/bpe.h"
#include "engine/tokenizer/hf.h"
#include "tests/support/support.h"

struct counted {
    const struct hf *h;
    size_t *n; /* pairs asked for */
};

static bool find(const void *context, const struct bpe_symbol *left, const struct bpe_symbol *right, struct bpe_join *join)
{
    const struct counted *c = context;
    const struct hf_merge *merge = hf_find_merge(c->h, left->id, right->id);
    ++*c->n;
    if (merge)
        *join = (struct bpe_join){merge->rank, merge->id};
    return merge;
}

/* One word of `size` letters of the pattern, over and over; the pairs asked for. */
static size_t merge(const struct hf *h, const char *pattern, size_t size)
{
    size_t n = 0, length = strlen(pattern);
    const struct counted counted = {h, &n};
    const struct bpe_model model = {find, NULL, &counted};
    struct bpe_work work = BPE_WORK_INIT;
    for (size_t i = 0; i < size; i++) {
        int32_t id = vocab_find(&h->vocab, (struct str){pattern + i % length, 1});
        cr_assert_geq(id, 0);
        cr_assert(bpe_add(&work, id, i, 1, BPE_PLAIN));
    }
    cr_assert(bpe_merge(&work, &model));
    bpe_release(&work);
    return n;
}

Test(growth, four_times_the_text_is_four_times_the_work, .timeout = 60)
{
    static const char *const patterns[] = {"a", "ab", "the", "return", "abcdefghijklmnopqrstuvwxyz", "theharbourisathenelanterns"};
    enum { QUARTER = 250000, WHOLE = 1000000, PAIRS_A_LETTER = 4 };
    struct hf h;
    struct err err = ERR_INIT;
    struct buf json = BUF_INIT(1 << 20);
    const char *path = golden_path("tokenizer/bpe/gpt2/tokenizer.json");
    hf_init(&h);
    cr_assert_eq(file_read(path, 1 << 19, &json, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(hf_read_json(buf_str(&json), path, 0, &h, &err), CARAT_OK, "%s", err.msg);
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        size_t quarter = merge(&h, patterns[i], QUARTER), whole = merge(&h, patterns[i], WHOLE);
        cr_expect_leq(whole, 4 * quarter + 16, "%s: %zu pairs, of a quarter %zu", patterns[i], whole, quarter);
        cr_expect_leq(whole, (size_t)PAIRS_A_LETTER * WHOLE, "%s: %zu pairs", patterns[i], whole);
    }
    hf_release(&h);
    buf_release(&json);
}
