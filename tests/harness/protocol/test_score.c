/* Outcomes, samples, and responses that cannot be scored. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "goldens.h"
#include "tests/support/support.h"

/* One gsm8k item whose answer is 94. */
static enum carat_err score_text(const char *text, const char *finish, struct proto_score *score, struct arena *arena)
{
    struct loaded l;
    struct err err = ERR_INIT;
    struct proto_item item;
    loaded_open(&l, (struct setting){"gsm8k", 0});
    cr_assert_eq(proto_item(l.plan, 0, arena, &item, &err), CARAT_OK, "%s", err.msg);
    const struct proto_response response = {.text = str_from(text), .finish = str_from(finish), .passed = -1};
    item.responses = &response;
    item.n_responses = 1;
    enum carat_err rc = proto_score(l.plan, &item, arena, score, &err);
    loaded_close(&l);
    return rc;
}

Test(score, tells_wrong_cut_off_unparsed_and_empty_apart)
{
    static const struct {
        const char *text, *finish;
        enum proto_outcome outcome;
        bool strict_found, flexible_found;
    } cases[] = {
        {"it is 94\n#### 94", "stop", PROTO_RIGHT, true, true},
        {"#### 94 and so on", "length", PROTO_RIGHT, true, true},
        {"#### 95", "eos", PROTO_WRONG, true, true},
        {"#### 95 and so on", "length", PROTO_WRONG, true, true}, /* it did answer before the limit */
        {"it is 94", "stop", PROTO_UNPARSED, false, true},
        {"it is", "stop", PROTO_UNPARSED, false, false},
        {"it is 90 + ", "length", PROTO_CUT_OFF, false, true},
        {" \n", "length", PROTO_EMPTY, false, false},
        {"", "eos", PROTO_EMPTY, false, false},
        {"\xff\xff", "stop", PROTO_UNPARSED, false, false}, /* no UTF-8: read as U+FFFD */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena = ARENA_INIT;
        struct proto_score score;
        cr_assert_eq(score_text(cases[i].text, cases[i].finish, &score, &arena), CARAT_OK);
        cr_assert_eq(score.outcome, cases[i].outcome, "\"%s\": %d", cases[i].text, (int)score.outcome);
        cr_assert_eq(score.n_answers, 2);
        cr_assert_eq(score.answers[0].found, cases[i].strict_found);
        cr_assert_eq(score.answers[1].found, cases[i].flexible_found);
        cr_assert_eq(score.chosen, -1);
        cr_assert_text(score.values[0].name, STR("exact_match,strict-match"));
        cr_assert_eq(score.answers[0].score, score.values[0].value);
        if (!cases[i].strict_found)
            cr_assert_text(score.answers[0].answer, STR("[invalid]"));
        arena_release(&arena);
    }
}

Test(score, the_headline_decides_which_choice_counts)
{
    struct loaded l;
    struct arena arena = ARENA_INIT;
    struct proto_item item;
    struct proto_score score;
    loaded_open(&l, (struct setting){"hellaswag", 0});
    cr_assert_text(proto_headline(l.leaf.task, &arena), STR("acc_norm"));
    cr_assert_eq(proto_item(l.plan, 0, &arena, &item, NULL), CARAT_OK);
    struct proto_response responses[4] = {{.logprob = -40}, {.logprob = -36}, {.logprob = -60}, {.logprob = NAN}};
    cr_assert_eq(item.example.gold, 0);
    item.responses = responses;
    item.n_responses = 4;
    cr_assert_eq(proto_score(l.plan, &item, &arena, &score, NULL), CARAT_OK);
    cr_assert_eq(score.chosen, 3, "NaN is taken, as numpy does");
    responses[3].logprob = -90;
    cr_assert_eq(proto_score(l.plan, &item, &arena, &score, NULL), CARAT_OK);
    cr_assert_eq(score.chosen, 1);
    cr_assert_eq(score.values[0].value, 0);
    cr_assert_eq(score.outcome == PROTO_RIGHT, score.values[1].value == 1);
    item.n_responses = 3;
    struct err err = ERR_INIT;
    cr_assert_eq(proto_score(l.plan, &item, &arena, &score, &err), CARAT_EUSAGE);
    cr_assert_str_eq(err.msg, "hellaswag: row 0 of 'validation': 3 responses for 4 choices");
    loaded_close(&l);
    arena_release(&arena);
}

/* ---- programs ---------------------------------------------------------------------------------- */

Test(score, counts_programs_that_passed)
{
    static const size_t ks[] = {1, 2, 10, 0};
    static const struct carat_metric pass[] = {{.name = "pass", .kind = CARAT_METRIC_PASS_AT_K, .k = ks}};
    struct loaded l;
    struct arena arena = ARENA_INIT;
    struct err err = ERR_INIT;
    struct proto_item item;
    struct proto_score score;
    loaded_find(&l, "humaneval");
    struct carat_task task = *l.leaf.task;
    task.metrics = pass;
    cr_assert_eq(plugins_check_task(&task, &err), CARAT_OK, "%s", err.msg);
    cr_assert_text(proto_headline(&task, &arena), STR("pass@1"));
    const struct proto_leaf leaf = {.task = &task};
    l.rows = rows_golden("datasets/humaneval/test.jsonl");
    cr_assert_eq(proto_plan_new(&leaf, l.rows.v, l.rows.n, NULL, 0, 0, 1, &l.plan, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(proto_item(l.plan, 0, &arena, &item, &err), CARAT_OK, "%s", err.msg);
    struct proto_response responses[3] = {{.text = STR("a"), .finish = STR("stop"), .passed = 1},
                                          {.text = STR("b"), .finish = STR("length"), .passed = 0},
                                          {.text = STR("c"), .finish = STR("stop"), .passed = -1}};
    item.responses = responses;
    item.n_responses = 3;
    cr_assert_eq(proto_score(l.plan, &item, &arena, &score, &err), CARAT_EUSAGE);
    cr_assert(strstr(err.msg, "humaneval: row 0 of 'test': the program of sample 2 has not been run"), "%s", err.msg);
    responses[2].passed = 0;
    cr_assert_eq(proto_score(l.plan, &item, &arena, &score, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(score.n_values, 2, "pass@10 needs ten samples");
    cr_assert_text(score.values[1].name, STR("pass@2"));
    cr_assert_float_eq(score.values[0].value, 1.0 / 3, 1e-15);
    cr_assert_float_eq(score.values[1].value, 2.0 / 3, 1e-15);
    item.responses = responses + 1;
    item.n_responses = 1;
    cr_assert_eq(proto_score(l.plan, &item, &arena, &score, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(score.outcome, PROTO_CUT_OFF);
    cr_assert_eq(score.answers[0].score, 0);
    item.n_responses = 0;
    cr_assert_neq(proto_score(l.plan, &item, &arena, &score, &err), CARAT_OK);
    loaded_close(&l);
    arena_release(&arena);
}

/* Far from likely all of them, so that their own e^x are nothing. */
Test(score, the_mass_of_right_choices_is_their_share_however_unlikely_all_are)
{
    static const struct carat_metric mass[] = {{.name = "acc", .kind = CARAT_METRIC_MASS}};
    struct loaded l;
    struct arena arena = ARENA_INIT;
    struct err err = ERR_INIT;
    struct proto_item item;
    struct proto_score score;
    loaded_find(&l, "hellaswag");
    struct carat_task task = *l.leaf.task;
    task.metrics = mass;
    task.n_metrics = 1;
    task.headline = NULL;
    cr_assert_eq(plugins_check_task(&task, &err), CARAT_OK, "%s", err.msg);
    const struct proto_leaf leaf = {.task = &task};
    l.rows = rows_golden("datasets/hellaswag/validation.jsonl");
    cr_assert_eq(proto_plan_new(&leaf, l.rows.v, l.rows.n, NULL, 0, 0, 1, &l.plan, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(proto_item(l.plan, 0, &arena, &item, &err), CARAT_OK, "%s", err.msg);
    struct proto_response responses[4] = {{.logprob = -2000}, {.logprob = -2000}, {.logprob = -2000}, {.logprob = -2000}};
    responses[item.example.gold].logprob += log(3);
    item.responses = responses;
    item.n_responses = 4;
    cr_assert_eq(proto_score(l.plan, &item, &arena, &score, &err), CARAT_OK, "%s", err.msg);
    cr_assert_float_eq(score.values[0].value, 0.5, 1e-12);
    cr_assert_eq(score.outcome, PROTO_RIGHT);
    responses[item.example.gold].logprob = -2000;
    cr_assert_eq(proto_score(l.plan, &item, &arena, &score, &err), CARAT_OK, "%s", err.msg);
    cr_assert_float_eq(score.values[0].value, 0.25, 1e-12);
    cr_assert_eq(score.outcome, PROTO_WRONG);
    loaded_close(&l);
    arena_release(&arena);
}
