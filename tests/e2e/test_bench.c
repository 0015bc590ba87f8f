/* carat bench: its JSON is a promise; its figures are this machine's and never judged. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/process.h"
#include "tests/support/support.h"

#define QUICK "--repeat", "1", "--seconds", "0.001", "--threads", "1"

static double number(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    cr_assert(json_is_number(v), "%s", key);
    return json_number_value(v);
}

static json_t *parse(const struct ran *r)
{
    json_t *json = NULL;
    struct err err = ERR_INIT;
    cr_assert_eq(json_read(str_from(r->out), "bench", 1, &json, &err), CARAT_OK, "%s: %s", err.msg, r->out);
    return json;
}

Test(e2e_bench, json_has_the_promised_keys, .timeout = 120)
{
    struct ran r = run_carat(NULL, "bench", "--shape", "65m", "--prefill", "8,16", "--sequences", "2", "--json", QUICK);
    expect_status(r, 0);
    json_t *json = parse(&r);
    const json_t *limits = json_object_get(json, "limits"), *prefill = json_object_get(json, "prefill");
    const json_t *decode = json_object_get(json, "decode");
    cr_assert_gt(number(limits, "read_gbps"), 0);
    cr_assert_gt(number(limits, "fp32_gflops"), 0);
    cr_assert(json_object_get(limits, "bf16_gflops") && json_object_get(limits, "int8_gops"));
    cr_assert_eq(json_array_size(prefill), 2);
    cr_assert_eq(number(json_array_get(prefill, 1), "tokens"), 16);
    cr_assert_eq(json_array_size(decode), 1);
    cr_assert_eq(number(json_array_get(decode, 0), "sequences"), 2);
    for (size_t i = 0; i < 3; i++) {
        const json_t *rate = i < 2 ? json_array_get(prefill, i) : json_array_get(decode, 0);
        cr_assert_gt(number(rate, "tokens_per_s"), 0);
        cr_assert_gt(number(rate, "share"), 0);
    }
    cr_assert_gt(number(json, "peak_rss_mib"), 124); /* the weights at least */
    json_decref(json);
    ran_release(&r);
}

Test(e2e_bench, a_checkpoint_is_measured_too, .timeout = 120)
{
    struct ran r = run_carat(NULL, "bench", "-m", "demo:late", "--prefill", "8", "--sequences", "1", QUICK);
    expect_status(r, 0);
    cr_assert(strstr(r.out, "reading memory") && strstr(r.out, "prompt of") && strstr(r.out, "sequences"), "%s", r.out);
    ran_release(&r);
}

Test(e2e_bench, an_instruction_set_without_bf16_has_null, .timeout = 120)
{
    setenv("CARAT_ISA", "portable", 1);
    struct ran r =
        run_carat(NULL, "bench", "-m", "demo:late", "--prefill", "2", "--sequences", "1", "--json", QUICK);
    unsetenv("CARAT_ISA");
    expect_status(r, 0);
    json_t *json = parse(&r);
    cr_assert(json_is_null(json_object_get(json_object_get(json, "limits"), "bf16_gflops")));
    json_decref(json);
    ran_release(&r);
}

Test(e2e_bench, what_cannot_be_measured_is_refused_at_once)
{
    static const struct {
        const char *words[8];
        const char *says;
    } cases[] = {
        {{"bench"}, "-m MODEL or --shape"},
        {{"bench", "-m", "demo:late", "--shape", "65m"}, "-m MODEL or --shape"},
        {{"bench", "--shape", "gemma-2c"}, "did you mean 'gemma-2b'"},
        {{"bench", "-m", "demo:late", "--prefill", "x"}, "--prefill wants N,..."},
        {{"bench", "-m", "demo:late", "--prefill", "4000"}, "2048 positions"},
        {{"bench", "-m", "demo:late", "--sequences", "600"}, "512 rows of a batch"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ran r = run_carat_words(cases[i].words, NULL);
        expect_status(r, 2);
        cr_assert(strstr(r.err, cases[i].says), "case %zu: '%s' is not in: %s", i, cases[i].says, r.err);
        ran_release(&r);
    }
}

Test(e2e_bench, everything_but_the_model_is_timed_and_leaves_nothing, .timeout = 60)
{
    const char *dir = temp_dir();
    setenv("TMPDIR", dir, 1);
    struct ran r = run_carat(NULL, "bench", "-m", "demo:late", "-t", "boolq,gsm8k", "--data", "demo/data", "--limit", "7",
                             "--json");
    unsetenv("TMPDIR");
    expect_status(r, 0);
    json_t *json = parse(&r);
    cr_assert_eq(number(json, "items"), 14);
    cr_assert_gt(number(json, "items_per_s"), 0);
    json_decref(json);
    ran_release(&r);
    cr_assert_eq(rmdir(dir), 0, "something is left in %s", dir);
}
