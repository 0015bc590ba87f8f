/* carat explain and show --disagree through the command line. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/process.h"
#include "tests/support/support.h"

static json_t *json_of(const char *text)
{
    json_t *out;
    struct err err = ERR_INIT;
    cr_assert_eq(json_read(str_from(text), "out", 0, &out, &err), CARAT_OK, "%s", err.msg);
    return out;
}

Test(e2e_explain, tells_protocol_data_published_figures_and_token_boundaries, .timeout = 60)
{
    struct ran r = run_carat(NULL, "explain", "hellaswag", "--data", "demo/data", "-m", "demo:late", "--json");
    expect_status(r, 0);
    json_t *o = json_of(r.out);
    const json_t *example = json_object_get(o, "example"), *published = json_array_get(json_object_get(o, "published"), 0);
    cr_expect_str_eq(json_string_value(json_object_get(o, "headline")), "acc_norm");
    cr_expect_eq(json_string_length(json_object_get(json_object_get(o, "data"), "sha256")), 64);
    cr_expect_eq(json_array_size(json_object_get(json_object_get(o, "data"), "sources")), 2);
    cr_expect_float_eq(json_real_value(json_object_get(json_object_get(published, "percent"), "Gemma 7B")), 81.2, 1e-12);
    cr_expect_eq(json_array_size(json_object_get(example, "continuations")), 4);
    /* The tokens' texts put together are the context behind BOS. */
    struct buf text = BUF_INIT(1 << 20);
    const json_t *tokens = json_object_get(example, "context_tokens");
    for (size_t i = 1; i < json_array_size(tokens); i++)
        buf_adds(&text, json_string_value(json_object_get(json_array_get(tokens, i), "text")));
    cr_expect_str_eq(buf_str(&text).p, json_string_value(json_object_get(example, "context")));
    cr_expect_eq(json_array_size(json_object_get(example, "continuation_tokens")), 4);
    buf_release(&text);
    json_decref(o);
    ran_release(&r);
    r = run_carat(NULL, "explain", "gsm8k", "--data", "demo/data");
    expect_status(r, 0);
    cr_expect(strstr(r.out, "flexible-extract: regex") && strstr(r.out, "5, drawn anew") && strstr(r.out, "maj@1"), "%s", r.out);
    ran_release(&r);
}

Test(e2e_explain, what_an_exact_match_passes_over_is_told, .timeout = 60)
{
    struct ran r = run_carat(NULL, "explain", "triviaqa", "--data", "demo/data");
    expect_status(r, 0);
    cr_expect(strstr(r.out, "is one of the right answers; passed over: case, punctuation (mean)\n"), "%s", r.out);
    ran_release(&r);
    r = run_carat(NULL, "explain", "gsm8k", "--data", "demo/data");
    expect_status(r, 0);
    cr_expect(strstr(r.out, "; passed over: case, /,/, /\\$/, /(?s).*#### /, /\\.$/ (mean)\n"), "%s", r.out);
    ran_release(&r);
}

Test(e2e_explain, without_files_there_is_all_but_the_example, .timeout = 60)
{
    struct ran r = run_carat(NULL, "explain", "minerva_math", "--data", "demo/data", "--json");
    expect_status(r, 0);
    json_t *o = json_of(r.out);
    cr_expect_null(json_object_get(o, "example"));
    cr_expect(strstr(r.err, "there is no example"), "%s", r.err);
    cr_expect_eq(json_integer_value(json_object_get(o, "shots")), 4);
    json_decref(o);
    ran_release(&r);
    r = run_carat(NULL, "explain", "helaswag");
    cr_expect_eq(r.status, 2);
    cr_expect(strstr(r.err, "hellaswag"), "%s", r.err);
    ran_release(&r);
}

/* Papers show AGIEval's official examples, the reference none: both can be had, are told apart, and not compared. */
Test(e2e_explain, the_published_protocol_is_another_way_to_ask, .timeout = 120)
{
    SHARED_OR_SKIP(data, "data");
    const char *dir = temp_dir();
    char *db = file_join(dir, "x.db");
    struct ran r = run_carat(NULL, "explain", "agieval_sat_en_without_passage", "--data", data, "--protocol", "published", "--json");
    expect_status(r, 0);
    json_t *o = json_of(r.out);
    const json_t *settings = json_object_get(o, "settings"), *example = json_object_get(o, "example");
    cr_expect_str_eq(json_string_value(json_object_get(settings, "protocol")), "published");
    cr_expect_eq(json_integer_value(json_object_get(json_object_get(settings, "shots"), "used")), 3);
    cr_expect_str_eq(json_string_value(json_array_get(json_object_get(example, "continuations"), 3)), " D");
    json_decref(o);
    ran_release(&r);
    for (int published = 0; published < 2; published++) {
        r = run_carat(NULL, "run", "-q", "-m", shared_path("fixtures/real/stories260K"), "-t", "agieval_aqua_rat", "--data", data,
                      "--limit", "2", "--db", db, "--protocol", published ? "published" : "reference", "--fresh");
        expect_status(r, 0);
        ran_release(&r);
    }
    r = run_carat(NULL, "compare", "1", "2", "--db", db);
    cr_expect_eq(r.status, 3);
    cr_expect(strstr(r.err, "other settings of the task"), "%s", r.err);
    ran_release(&r);
    r = run_carat(NULL, "rescore", "2", "--db", db, "--data", data); /* by the protocol that it was asked by */
    expect_status(r, 0);
    ran_release(&r);
    r = run_carat(NULL, "explain", "gsm8k", "--data", "demo/data", "--protocol", "published", "--json");
    o = json_of(r.out); /* where the two do not part, nothing is told apart */
    cr_expect_null(json_object_get(json_object_get(o, "settings"), "protocol"));
    json_decref(o);
    ran_release(&r);
    free(db);
    temp_remove(dir);
}

static void count_disagreement(void *context, size_t line, const json_t *item)
{
    size_t *n = context, i;
    json_t *answer;
    double first = -1;
    bool differ = false;
    (void)line;
    json_array_foreach(json_object_get(item, "answers"), i, answer) {
        double score = json_number_value(json_object_get(answer, "score"));
        differ |= i > 0 && score != first;
        first = i ? first : score;
    }
    *n += differ;
}

Test(e2e_explain, items_whose_extractors_disagree_can_be_listed, .timeout = 60)
{
    const char *dir = temp_dir();
    char *db = file_join(dir, "x.db"), *path = file_join(dir, "items.jsonl");
    struct ran r = run_carat(NULL, "run", "-q", "-m", "demo:early", "-t", "gsm8k", "--limit", "20", "--data", "demo/data", "--db", db);
    size_t all = 0, listed = 0;
    expect_status(r, 0);
    ran_release(&r);
    for (int i = 0; i < 2; i++) {
        r = run_carat(NULL, "show", "1", "gsm8k", "--json", "--db", db, i ? "--disagree" : "--json");
        expect_status(r, 0);
        cr_assert_eq(file_write(path, r.out, r.n_out, NULL), CARAT_OK);
        size_t lines = 0;
        for (const char *p = r.out; (p = strchr(p, '\n')); p++)
            lines++;
        cr_expect(i ? lines < 20 : lines == 20, "%zu lines", lines);
        if (lines)
            each_json_line(path, count_disagreement, i ? &listed : &all);
        ran_release(&r);
    }
    cr_expect_eq(listed, all);
    free(db);
    free(path);
    temp_remove(dir);
}
