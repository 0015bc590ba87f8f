/* Facts of the tasks, the programs of HumanEval, and rows that a data set should not hold. */
#include <criterion/criterion.h>

#include "tests/harness/protocol/goldens.h"

Test(builtin, tasks_are_whole_and_sorted)
{
    const struct carat_task *const *tasks = carat_builtin_tasks();
    for (size_t i = 0; tasks[i]; i++) {
        struct err err = ERR_INIT;
        cr_assert_eq(plugins_check_task(tasks[i], &err), CARAT_OK, "%s", err.msg);
        cr_assert(i == 0 || strcmp(tasks[i - 1]->name, tasks[i]->name) < 0);
    }
}

/* One field of a whole task spoilt at a time. */
#define CHECK_SPOILT(task, field, value, why)                                                     \
    do {                                                                                          \
        struct carat_task spoilt_ = *(task);                                                      \
        struct err err_ = ERR_INIT;                                                               \
        spoilt_.field = (value);                                                                  \
        cr_assert_neq(plugins_check_task(&spoilt_, &err_), CARAT_OK, "%s", why);                  \
        cr_assert(strstr(err_.msg, why), "%s", err_.msg);                                         \
    } while (0)

Test(builtin, tasks_with_a_field_spoilt_are_refused_by_name)
{
    static const struct carat_metric nameless[] = {{.kind = CARAT_METRIC_EXACT_MATCH}};
    static const struct carat_metric of_choices[] = {{.name = "acc", .kind = CARAT_METRIC_ACC}};
    static const struct carat_filter nameless_filter[] = {{NULL, NULL, 0}}, stepless[] = {{"f", NULL, 1}};
    static const struct carat_filter_step no_pattern[] = {{.kind = CARAT_FILTER_REGEX}};
    static const struct carat_filter patternless[] = {{"f", no_pattern, 1}};
    static const struct carat_subset twice[] = {{"a", NULL}, {"a", NULL}}, group[] = {{"a", "b"}, {"b", NULL}};
    static const struct carat_subset comma[] = {{"a,b", NULL}, {"b", NULL}};
    struct plugins *plugins;
    cr_assert_eq(plugins_new(&plugins, NULL), CARAT_OK);
    const struct carat_task *gsm8k = plugins_find(plugins, "gsm8k"), *humaneval = plugins_find(plugins, "humaneval");
    CHECK_SPOILT(gsm8k, abi, 0, "version 0");
    CHECK_SPOILT(gsm8k, version, 0, "'version'");
    CHECK_SPOILT(gsm8k, test_split, NULL, "'test_split'");
    CHECK_SPOILT(gsm8k, shots_split, NULL, "'shots_split'");
    CHECK_SPOILT(gsm8k, shots, CARAT_SHOTS_NEVER, "'default_shots'");
    CHECK_SPOILT(gsm8k, default_shots, -1, "'default_shots'");
    CHECK_SPOILT(gsm8k, max_tokens, 0, "'max_tokens'");
    CHECK_SPOILT(gsm8k, metrics, NULL, "'metrics'");
    CHECK_SPOILT(gsm8k, metrics, nameless, "no name");
    CHECK_SPOILT(gsm8k, metrics, of_choices, "does not fit");
    CHECK_SPOILT(gsm8k, filters, NULL, "'filters'");
    struct carat_task one = *gsm8k;
    one.n_filters = 1;
    one.headline = NULL;
    CHECK_SPOILT(&one, filters, nameless_filter, "no name");
    CHECK_SPOILT(&one, filters, stepless, "steps are missing");
    CHECK_SPOILT(&one, filters, patternless, "no pattern");
    CHECK_SPOILT(&one, headline, "acc", "'headline'");
    one.n_subsets = 2;
    CHECK_SPOILT(&one, subsets, NULL, "'subsets'");
    CHECK_SPOILT(&one, subsets, twice, "one name");
    CHECK_SPOILT(&one, subsets, group, "one name");
    CHECK_SPOILT(&one, subsets, comma, "characters");
    CHECK_SPOILT(humaneval, program, NULL, "'program'");
    CHECK_SPOILT(plugins_find(plugins, "agieval_math"), judge, NULL, "'judge'");
    CHECK_SPOILT(gsm8k, published, humaneval, "'published'");
    plugins_free(plugins);
}

Test(builtin, groups_headlines_and_shots_are_the_reports)
{
    static const struct {
        const char *name, *group, *headline;
        int shots;
        bool jail;
    } facts[] = {
        {"agieval", "Math/Science", "acc", 0, false},
        {"agieval_gaokao_mathcloze", "Math/Science", "acc,none", 0, false},
        {"agieval_math", "Math/Science", "acc,none", 0, false},
        {"arc_challenge", "Reasoning", "acc_norm", 0, false},
        {"arc_easy", "Reasoning", "acc", 0, false},
        {"bbh", "Reasoning", "exact_match,get-answer", 3, false},
        {"boolq", "Question Answering", "acc", 0, false},
        {"commonsense_qa", "Question Answering", "acc", 7, false},
        {"gsm8k", "Math/Science", "exact_match,strict-match", 5, false},
        {"gsm8k_cot", "Math/Science", "exact_match,strict-match", 8, false},
        {"gsm8k_cot_self_consistency", "Math/Science", "exact_match,maj@64", 8, false},
        {"hellaswag", "Reasoning", "acc_norm", 0, false},
        {"hendrycks_math", "Math/Science", "exact_match,none", 0, false},
        {"humaneval", "Coding", "pass@1", 0, true},
        {"mbpp", "Coding", "pass_at_1", 3, true},
        {"minerva_math", "Math/Science", "exact_match,none", 4, false},
        {"mmlu", "Question Answering", "acc", 5, false},
        {"nq_open", "Question Answering", "exact_match,remove_whitespace", 5, false},
        {"openbookqa", "Question Answering", "acc_norm", 0, false},
        {"piqa", "Reasoning", "acc", 0, false},
        {"social_iqa", "Reasoning", "acc", 0, false},
        {"triviaqa", "Question Answering", "exact_match,remove_whitespace", 5, false},
        {"winogrande", "Reasoning", "acc", 0, false},
    };
    const struct carat_task *const *tasks = carat_builtin_tasks();
    struct arena arena = ARENA_INIT;
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        cr_assert_str_eq(tasks[i]->name, facts[i].name);
        cr_assert_str_eq(tasks[i]->group, facts[i].group);
        cr_assert_eq(tasks[i]->default_shots, facts[i].shots);
        cr_assert_eq(proto_needs_jail(tasks[i]), facts[i].jail);
        cr_assert_text(proto_headline(tasks[i], &arena), str_from(facts[i].headline));
    }
    arena_release(&arena);
}

Test(builtin, mmlu_has_57_subjects_in_four_groups_and_bbh_27_subtasks)
{
    static const struct {
        const char *name;
        size_t n;
    } groups[] = {
        {"mmlu_stem", 19}, {"mmlu_other", 13}, {"mmlu_social_sciences", 12}, {"mmlu_humanities", 13}, {"mmlu", 57},
        {"bbh", 27},
    };
    struct plugins *plugins;
    cr_assert_eq(plugins_new(&plugins, NULL), CARAT_OK);
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        struct plugins_leaves leaves = PLUGINS_LEAVES_INIT;
        cr_assert_eq(plugins_resolve(plugins, groups[i].name, &leaves, NULL), CARAT_OK);
        cr_assert_eq(leaves.n, groups[i].n);
        plugins_leaves_release(&leaves);
    }
    plugins_free(plugins);
}

/* The reference logs prompt + completion as "filtered" and test + call as "target". */
Test(builtin, humaneval_programs_are_candidate_tests_and_call)
{
    struct loaded l;
    struct arena arena = ARENA_INIT;
    struct err err = ERR_INIT;
    struct rows lines = rows_golden("runs/gemma/humaneval.0shot.jsonl");
    loaded_open(&l, (struct setting){"humaneval", 0});
    for (size_t i = 0; i < lines.n; i++) {
        struct proto_item item;
        struct str source;
        const json_t *candidate = json_array_get(json_array_get(json_object_get(lines.v[i], "filtered"), 0), 0);
        const struct str completion = text_at(lines.v[i], "generated"), target = text_at(lines.v[i], "target");
        size_t row = (size_t)json_integer_value(json_object_get(lines.v[i], "doc_id"));
        cr_assert_eq(proto_item(l.plan, row, &arena, &item, &err), CARAT_OK, "%s", err.msg);
        cr_assert_eq(proto_program(l.plan, &item, completion, &arena, &source, &err), CARAT_OK, "%s", err.msg);
        cr_assert_text(source, str_from(arena_printf(&arena, "%s\n%s", json_string_value(candidate), target.p)));
    }
    rows_free(&lines);
    arena_release(&arena);
    loaded_close(&l);
}

Test(builtin, mbpp_programs_are_completion_and_tests)
{
    struct loaded l;
    struct arena arena = ARENA_INIT;
    struct err err = ERR_INIT;
    struct proto_item item;
    struct str source;
    loaded_open(&l, (struct setting){"mbpp", 0});
    cr_assert_eq(proto_item(l.plan, 0, &arena, &item, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(proto_program(l.plan, &item, STR("x = 1\r\n"), &arena, &source, &err), CARAT_OK, "%s", err.msg);
    cr_assert_text(source, STR("x = 1\r\n\nassert add_saddle(1, 2) == 9\nassert add_saddle(0, 0) == 6\n"
                               "assert add_saddle(-4, 9) == 11"));
    arena_release(&arena);
    loaded_close(&l);
}

static void check_row(const char *name, const char *row_text, const char *why)
{
    struct loaded l;
    struct arena arena = ARENA_INIT;
    struct err err = ERR_INIT;
    struct proto_plan *plan;
    struct proto_item item;
    json_t *row;
    loaded_find(&l, name);
    cr_assert_eq(json_read(str_from(row_text), "row", 0, &row, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(proto_plan_new(&l.leaf, &row, 1, NULL, 0, 0, 1234, &plan, &err), CARAT_OK, "%s", err.msg);
    enum carat_err rc = proto_item(plan, 0, &arena, &item, &err);
    if (why) {
        cr_assert_eq(rc, CARAT_EINPUT, "%s", row_text);
        cr_assert(str_starts(str_from(err.msg), str_from(name)), "%s", err.msg);
        cr_assert(strstr(err.msg, "row 0") && strstr(err.msg, why), "%s", err.msg);
    } else {
        cr_assert_eq(rc, CARAT_OK, "%s", err.msg);
    }
    proto_plan_free(plan);
    json_decref(row);
    arena_release(&arena);
    loaded_close(&l);
}

#define CHOICES(key) "\"choices\":{\"text\":[\"a\",\"b\"],\"label\":[\"1\",\"2\"]},\"answerKey\":\"" key "\"}"
#define SIQA "{\"context\":\"c\",\"question\":\"q\",\"answerA\":\"a\",\"answerB\":\"b\",\"answerC\":\"c\","
#define HELLASWAG "{\"activity_label\":\"a\",\"ctx_a\":\"b\",\"ctx_b\":\"c\","

Test(builtin, rows_that_miss_something_are_refused_by_name)
{
    check_row("boolq", "{\"passage\":\"p\",\"question\":\"q\",\"label\":1}", NULL);
    check_row("boolq", "{\"passage\":\"p\",\"label\":1}", "question");
    check_row("boolq", "{\"passage\":\"p\",\"question\":\"q\",\"label\":true}", "label");
    check_row("boolq", "{\"passage\":\"p\",\"question\":\"q\",\"label\":2}", "label");
    check_row("boolq", "{}", "passage");
    check_row("gsm8k", "{\"question\":\"q\"}", "answer");
    check_row("mmlu_anatomy", "{\"question\":\"q\",\"choices\":[\"a\",\"b\",\"c\"],\"answer\":0}", "four");
    check_row("mmlu_anatomy", "{\"question\":\"q\",\"choices\":[\"a\",\"b\",\"c\",4],\"answer\":0}", "four");
    check_row("mmlu_anatomy", "{\"question\":\"q\",\"choices\":[\"a\",\"b\",\"c\",\"d\"],\"answer\":4}", "answer");
    check_row("humaneval", "{\"prompt\":\"p\",\"test\":\"t\"}", "entry_point");
    check_row("hellaswag", HELLASWAG "\"endings\":[\"x\"],\"label\":0}", NULL);
    check_row("hellaswag", HELLASWAG "\"endings\":[\"x\"],\"label\":\"\"}", "label");
    check_row("hellaswag", HELLASWAG "\"endings\":[\"x\"],\"label\":\"1\"}", "none of its choices");
    check_row("hellaswag", HELLASWAG "\"endings\":[1],\"label\":\"0\"}", "ending 0");
    check_row("hellaswag", HELLASWAG "\"endings\":[],\"label\":\"0\"}", "endings");
    check_row("agieval_sat_en", "{\"query\":\"q\",\"choices\":[\"a\",\"b\"],\"gold\":[1]}", NULL);
    check_row("agieval_sat_en", "{\"query\":\"q\",\"choices\":[\"a\",\"b\"],\"gold\":[2]}", "gold");
    check_row("agieval_sat_en", "{\"query\":\"q\",\"choices\":[\"a\",\"b\"],\"gold\":[0,1]}", "gold");
    check_row("agieval_math", "{\"query\":\"q\"}", "answer");
    check_row("triviaqa", "{\"question\":\"q\",\"answer\":{\"aliases\":[\"a\"]}}", NULL);
    check_row("triviaqa", "{\"question\":\"q\",\"answer\":{\"aliases\":[]}}", "answer.aliases");
    check_row("nq_open", "{\"question\":\"q\",\"answer\":[1]}", "answer");
    check_row("nq_open", "{\"answer\":[\"a\"]}", "question");
    check_row("mbpp", "{\"text\":\"t\",\"code\":\"c\",\"test_list\":[\"a\",\"b\"]}", "three");
    check_row("mbpp", "{\"text\":\"t\",\"test_list\":[\"a\",\"b\",\"c\"]}", "code");
    check_row("arc_easy", "{\"question\":\"q\"," CHOICES("2"), NULL);
    check_row("arc_easy", "{\"question\":\"q\"," CHOICES("B"), "answerKey");
    check_row("arc_challenge", "{\"question\":\"q\",\"answerKey\":\"A\"}", "choices.text");
    check_row("openbookqa", "{\"question_stem\":\"q\"," CHOICES(" 1"), NULL);
    check_row("openbookqa", "{\"question\":\"q\"," CHOICES("1"), "question_stem");
    check_row("commonsense_qa", "{\"question\":\"q\"," CHOICES("A"), "five");
    check_row("piqa", "{\"goal\":\"g\",\"sol1\":\"a\",\"sol2\":\"b\",\"label\":1}", NULL);
    check_row("piqa", "{\"goal\":\"g\",\"sol1\":\"a\",\"sol2\":\"b\",\"label\":2}", "label");
    check_row("piqa", "{\"goal\":\"g\",\"sol1\":\"a\",\"label\":1}", "sol2");
    check_row("social_iqa", SIQA "\"label\":\"3\"}", NULL);
    check_row("social_iqa", SIQA "\"label\":\"4\"}", "label");
    check_row("winogrande", "{\"sentence\":\"a _ b\",\"option1\":\"x\",\"option2\":\"y\",\"answer\":\"2\"}", NULL);
    check_row("winogrande", "{\"sentence\":\"a b\",\"option1\":\"x\",\"option2\":\"y\",\"answer\":\"2\"}", "gap");
    check_row("winogrande", "{\"sentence\":\"a _ b\",\"option1\":\"x\",\"option2\":\"y\",\"answer\":\"\"}", "answer");
}

Test(builtin, text_with_nul_is_kept_whole)
{
    struct loaded l;
    struct arena arena = ARENA_INIT;
    struct proto_plan *plan;
    struct proto_item item;
    json_t *row = json_pack("{s:s%,s:s}", "question", "a\0b", (size_t)3, "answer", "1");
    loaded_find(&l, "gsm8k");
    cr_assert_eq(proto_plan_new(&l.leaf, &row, 1, NULL, 0, 0, 1234, &plan, NULL), CARAT_OK);
    cr_assert_eq(proto_item(plan, 0, &arena, &item, NULL), CARAT_OK);
    cr_assert_text(item.prompt, STR("Question: a\0b\nAnswer:"));
    proto_plan_free(plan);
    json_decref(row);
    arena_release(&arena);
    loaded_close(&l);
}
