#include <criterion/criterion.h>

#include "harness/yaml/hook_formula.h"
#include "harness/yaml/hook_table.h"

/* The value of a formula over a row, as compact JSON; "error": it fails; "null": process_docs drops the row. */
static void expect(const char *formula, enum hook_kind kind, const json_t *texts, const char *row, const char *extra,
                   const char *wanted)
{
    const struct hook_call call = {.name = "f", .literals = texts, .folder = "xx"};
    json_t *doc = json_loads(row, 0, NULL), *more = extra ? json_loads(extra, 0, NULL) : NULL, *out = NULL;
    struct jinja *t = NULL;
    struct err err = ERR_INIT;
    cr_assert(doc && (more || !extra));
    cr_assert_eq(formula_parse(formula, "f", &t, &err), CARAT_OK, "%s", err.msg);
    enum carat_err rc = kind == HOOK_ROW ? formula_row(t, formula, &call, doc, &out, &err)
                                         : formula_value(t, formula, &call, doc, more, &out, &err);
    struct buf got = BUF_INIT(1 << 16);
    if (out)
        cr_assert_eq(json_write(out, &got), CARAT_OK);
    cr_expect_str_eq(rc ? "error" : out ? got.p : "null", wanted, "%s: %s", formula, rc ? err.msg : got.p);
    buf_release(&got);
    json_decref(out);
    json_decref(doc);
    json_decref(more);
    jinja_free(t);
}

Test(hook_formula, every_row_of_the_tables_does_one_thing_and_every_formula_parses)
{
    size_t n = 0;
    for (const struct hook_row *const *table = hook_tables(); *table; table++)
        for (const struct hook_row *row = *table; row->sha256; row++, n++) {
            struct jinja *t = NULL;
            struct err err = ERR_INIT;
            cr_expect_eq(strlen(row->sha256), SHA256_HEX - 1, "%s", row->what);
            cr_expect_leq(!!row->run + !!row->formula + !!row->builtin, 1, "%s", row->what);
            cr_expect(row->kind != HOOK_RESULTS || row->metrics, "%s", row->what);
            if (row->formula)
                cr_expect_eq(formula_parse(row->formula, row->what, &t, &err), CARAT_OK, "%s", err.msg);
            jinja_free(t);
            for (const struct hook_row *other = row + 1; other->sha256; other++)
                cr_expect(other->kind != row->kind || strcmp(other->sha256, row->sha256) != 0, "%s twice", row->what);
        }
    cr_expect_gt(n, 200);
}

Test(hook_formula, fill_reads_a_text_as_python_reads_an_f_string)
{
    json_t *texts = json_pack("[s, s]", "{doc['q'].strip()}: {x} {{not}} {[1, 2][n]}{', '.join(doc['c'])}", "{doc['gone']}");
    static const char row[] = "{\"q\": \" Who? \", \"c\": [\"a\", \"b\"]}";
    expect("{{ fill(text[0], x=none, n=1) }}", HOOK_VALUE, texts, row, NULL, "\"Who?: None {not} 2a, b\"");
    expect("{{ fill(text[1]) }}", HOOK_VALUE, texts, row, NULL, "error");
    expect("{{ fill('a } b') }}", HOOK_VALUE, texts, row, NULL, "error");
    expect("{{ fill('a { b') }}", HOOK_VALUE, texts, row, NULL, "error");
    json_decref(texts);
}

Test(hook_formula, numbers_and_literals_that_are_none_fail)
{
    expect("{{ [int(' 3 '), int(2.9), int(true)] }}", HOOK_VALUE, NULL, "{}", NULL, "[3,2,1]");
    expect("{{ int('x') }}", HOOK_VALUE, NULL, "{}", NULL, "error");
    expect("{{ int(1e300) }}", HOOK_VALUE, NULL, "{}", NULL, "error");
    expect("{{ int([1]) }}", HOOK_VALUE, NULL, "{}", NULL, "error");
    expect("{{ literal(\"['a', None]\") }}", HOOK_VALUE, NULL, "{}", NULL, "[\"a\",null]");
    expect("{{ literal('f()') }}", HOOK_VALUE, NULL, "{}", NULL, "error");
    expect("{{ doc['gone'] }}", HOOK_VALUE, NULL, "{}", NULL, "error");
    expect("{{ findall('[ab]+|$', 'xaab b') }}", HOOK_VALUE, NULL, "{}", NULL, "[\"aab\",\"b\",\"\"]");
}

Test(hook_formula, process_docs_puts_fields_over_a_row_or_keeps_or_drops_it)
{
    expect("{{ {'b': doc['a'] + 1} }}", HOOK_ROW, NULL, "{\"a\":1,\"b\":0}", NULL, "{\"a\":1,\"b\":2}");
    expect("{{ doc['a'] == 1 }}", HOOK_ROW, NULL, "{\"a\":1}", NULL, "{\"a\":1}");
    expect("{{ doc['a'] == 2 }}", HOOK_ROW, NULL, "{\"a\":1}", NULL, "null");
    expect("{{ 3 }}", HOOK_ROW, NULL, "{\"a\":1}", NULL, "error");
}

Test(hook_formula, words_in_common_make_an_f1)
{
    expect("{{ overlap(['a', 'b', 'b'], ['b', 'b', 'c', 'd']) }}", HOOK_VALUE, NULL, "{}", NULL, "0.57142857142857151");
    expect("{{ overlap([], ['b']) }}", HOOK_VALUE, NULL, "{}", NULL, "0.0");
    expect("{{ unpunct('a.b\xe2\x80\x94\x63+\xc2\xbf?') }}", HOOK_VALUE, NULL, "{}", NULL, "\"abc\"");
}

static const struct hook_row *result_row(const char *what)
{
    const struct hook_row *row = hook_results;
    while (row->sha256 && strcmp(row->what, what) != 0)
        row++;
    cr_assert(row->sha256, "%s", what);
    return row;
}

/* SQuAD's, of the table: articles, signs and case do not count. */
Test(hook_formula, answers_to_questions_are_scored_as_squad_does)
{
    const struct hook_row *squad = result_row("xquad/utils.process_results_qa");
    static const char row[] = "{\"answers\": {\"text\": [\"The big cat\", \"x\"]}}";
    expect(squad->formula, HOOK_RESULTS, NULL, row, "{\"resp\": \"big, CAT!\"}", "{\"exact_match\":1,\"f1\":1.0}");
    expect(squad->formula, HOOK_RESULTS, NULL, row, "{\"resp\": \"a cat\"}", "{\"exact_match\":0,\"f1\":0.66666666666666663}");
    expect(squad->formula, HOOK_RESULTS, NULL, row, "{\"resp\": \"the\"}", "{\"exact_match\":0,\"f1\":0}");
}

Test(hook_formula, right_choices_are_those_marked_or_those_before_the_first_that_is_not)
{
    static const char row[] = "{\"mc2_targets\": {\"labels\": [1, 1, 0, 1]}}";
    expect(result_row("okapi/truthfulqa_multilingual/utils.process_results_mc2")->formula, HOOK_VALUE, NULL, row, NULL, "[0,1,3]");
    expect(result_row("galician_bench/utils.process_results_mc2")->formula, HOOK_VALUE, NULL, row, NULL, "[0,1]");
}

Test(hook_formula, a_filter_finds_its_choices_in_the_question)
{
    expect(result_row("bbh/cot_zeroshot/utils.MultiChoiceRegexFilter")->formula, HOOK_VALUE, NULL,
           "{\"input\": \"Which?\\n(A) one\\n(B)two (b)\\n\"}", NULL, "[\" one\",\"two \"]");
}

/* The first block of code. The fence put before an answer takes a word behind it for the language: so does the reference. */
Test(hook_formula, programs_are_made_of_answers)
{
    const char *mbpp = result_row("mbpp/utils.build_predictions")->formula;
    const char *instruct = result_row("humaneval/utils.build_predictions_instruct")->formula;
    expect(mbpp, HOOK_PREDICTION, NULL, "{}", "{\"resp\": \"\\nx = 1\\n```\\nwords\"}", "\"x = 1\"");
    expect(mbpp, HOOK_PREDICTION, NULL, "{}", "{\"resp\": \"def f(): pass\\n```\"}", "\" f(): pass\"");
    expect(mbpp, HOOK_PREDICTION, NULL, "{}", "{\"resp\": \"no block\"}", "\"\"");
    expect(instruct, HOOK_PREDICTION, NULL, "{\"prompt\": \"def f():\\n\"}", "{\"resp\": \"  return 1\\n```\\nx\"}",
           "\"def f():\\n  return 1\\n\"");
}
