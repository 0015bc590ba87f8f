/* The reference's own log-likelihoods and texts, scored again: answers, metrics, means, errors. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>

#include "tests/harness/protocol/goldens.h"
#include "tests/support/support.h"

static void check_mean(const json_t *results, const char *metric, const char *filter,
                       const double *values, size_t n, struct arena *arena)
{
    struct stat_mean m;
    stat_mean(values, n, &m);
    double mean = json_number_value(json_object_get(results, arena_printf(arena, "%s,%s", metric, filter)));
    double se = json_number_value(json_object_get(results, arena_printf(arena, "%s_stderr,%s", metric, filter)));
    cr_assert_float_eq(m.mean, mean, 1e-9, "%s %s: mean %.17g, want %.17g", metric, filter, m.mean, mean);
    cr_assert_float_eq(m.stderr_mean, se, 1e-9, "%s %s: error %.17g, want %.17g", metric, filter, m.stderr_mean, se);
}

enum { MAX_ITEMS = 64 };

static void check_run(const char *model, struct loaded *l, struct setting setting, const json_t *results)
{
    struct arena arena = ARENA_INIT;
    struct err err = ERR_INIT;
    const struct carat_task *task = l->leaf.task;
    struct rows lines = rows_golden("runs/%s/%s.%dshot.jsonl", model, golden_name(setting.name), setting.shots);
    for (size_t i = 0; i < lines.n; i++) {
        const json_t *line = lines.v[i];
        struct proto_item item;
        struct proto_score score;
        size_t row = (size_t)json_integer_value(json_object_get(line, "doc_id"));
        cr_assert_eq(proto_item(l->plan, row, &arena, &item, &err), CARAT_OK, "%s", err.msg);
        golden_respond(&item, line, &arena);
        cr_assert_eq(proto_score(l->plan, &item, &arena, &score, &err), CARAT_OK, "%s", err.msg);
        golden_check(task, &score, line, &arena);
        const json_t *target = json_object_get(line, "target");
        if (json_is_string(target))
            cr_assert_text(item.target, text_at(line, "target"));
        else if (json_is_integer(target))
            cr_assert_str_eq(item.target.p, arena_printf(&arena, "%" JSON_INTEGER_FORMAT, json_integer_value(target)));
        double headline = golden_value(&score, proto_headline(task, &arena));
        cr_assert_eq(score.outcome == PROTO_RIGHT, headline == 1);
    }
    /* Means of each metric under each filter. */
    const char *metric;
    json_t *value;
    json_object_foreach(json_object_get(lines.v[0], "metrics"), metric, value)
        for (size_t first = 0; first < lines.n; first++) {
            struct str filter = text_at(lines.v[first], "filter");
            double values[MAX_ITEMS];
            size_t n = 0;
            if (json_integer_value(json_object_get(lines.v[first], "doc_id")) != 0)
                continue;
            for (size_t i = 0; i < lines.n && n < MAX_ITEMS; i++)
                if (str_eq(text_at(lines.v[i], "filter"), filter))
                    values[n++] = json_number_value(json_object_get(json_object_get(lines.v[i], "metrics"), metric));
            check_mean(results, metric, filter.p, values, n, &arena);
        }
    cr_log_info("%s %s %d-shot: %zu lines equal", model, setting.name, setting.shots, lines.n);
    rows_free(&lines);
    arena_release(&arena);
}

ParameterizedTestParameters(scores, equal_the_references_item_by_item)
{
    return cr_make_param_array(int, numbers, n_prompt_settings);
}

ParameterizedTest(const int *number, scores, equal_the_references_item_by_item)
{
    static const char *const models[] = {"gemma", "llama"};
    const struct setting *setting = &prompt_settings[*number];
    struct loaded l;
    char key[128];
    loaded_open(&l, *setting);
    snprintf(key, sizeof key, "%s.%dshot", golden_name(setting->name), setting->shots);
    for (size_t m = 0; m < 2; m++) {
        json_t *all = golden_results(models[m]);
        const json_t *task = json_object_get(json_object_get(all, "tasks"), key);
        if (task) /* some shot counts have goldens of prompts alone */
            check_run(models[m], &l, *setting, json_object_get(task, "results"));
        json_decref(all);
    }
    loaded_close(&l);
}

Test(scores, of_groups_are_weighted_means_with_pooled_errors)
{
    static const char *const models[] = {"gemma", "llama"};
    static const char *const groups[] = {"mmlu.0shot", "mmlu.5shot"};
    for (size_t m = 0; m < 2; m++) {
        json_t *all = golden_results(models[m]);
        for (size_t g = 0; g < 2; g++) {
            const json_t *group = json_object_get(json_object_get(all, "groups"), groups[g]);
            const json_t *names = json_object_get(group, "subtasks");
            struct stat_mean leaves[3], pooled;
            cr_assert_eq(json_array_size(names), 3);
            for (size_t i = 0; i < 3; i++) {
                double values[MAX_ITEMS];
                const char *name = json_string_value(json_array_get(names, i));
                struct rows lines = rows_golden("runs/%s/%s.jsonl", models[m], name);
                for (size_t j = 0; j < lines.n; j++)
                    values[j] = json_number_value(json_object_get(json_object_get(lines.v[j], "metrics"), "acc"));
                stat_mean(values, lines.n, &leaves[i]);
                rows_free(&lines);
            }
            stat_pool(leaves, 3, &pooled);
            cr_assert_eq(pooled.n, 36);
            cr_assert_float_eq(pooled.mean, json_number_value(json_object_get(group, "acc")), 1e-9);
            cr_assert_float_eq(pooled.stderr_mean, json_number_value(json_object_get(group, "acc_stderr")), 1e-9);
        }
        json_decref(all);
    }
}

/* ---- hand-written responses -------------------------------------------------------------------- */

static void check_written(const struct proto_leaf *leaf, json_t *line)
{
    struct arena arena = ARENA_INIT;
    struct err err = ERR_INIT;
    struct proto_plan *plan;
    struct proto_item item;
    struct proto_score score;
    json_t *row = json_object_get(line, "doc"), *shot = json_pack("{s:s}", "description", "");
    cr_assert_eq(proto_plan_new(leaf, &row, 1, &shot, 1, 0, 1234, &plan, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(proto_item(plan, 0, &arena, &item, &err), CARAT_OK, "%s", err.msg);
    struct proto_response response = {.text = text_at(line, "response"), .finish = STR("stop")};
    item.responses = &response;
    item.n_responses = 1;
    cr_assert_eq(proto_score(plan, &item, &arena, &score, &err), CARAT_OK, "%s", err.msg);
    const char *filter, *metric;
    json_t *want, *value;
    size_t a = 0;
    json_object_foreach(json_object_get(line, "filters"), filter, want) {
        cr_assert(a < score.n_answers);
        cr_assert_text(score.answers[a].filter, str_from(filter));
        cr_assert_text(score.answers[a].answer, text_at(want, "filtered"));
        json_object_foreach(json_object_get(want, "metrics"), metric, value) {
            if (strcmp(metric, "math_verify") == 0) /* a parser of its own, which carat leaves out */
                continue;
            double got = golden_value(&score, golden_value_name(leaf->task, metric, str_from(filter), &arena));
            cr_expect_eq(got, json_number_value(value), "%s of \"%.*s\" under %s: %g", metric, (int)response.text.n,
                         response.text.p, filter, got);
        }
        a++;
    }
    arena_release(&arena);
    proto_plan_free(plan);
    json_decref(shot);
}

static const char *const written[] = {"agieval_math", "bbh_boolean_expressions", "gsm8k", "gsm8k_cot",
                                      "minerva_math_algebra", "nq_open", "triviaqa"};

ParameterizedTestParameters(scores, of_hand_written_responses_equal_the_references)
{
    return cr_make_param_array(int, numbers, sizeof written / sizeof *written);
}

ParameterizedTest(const int *number, scores, of_hand_written_responses_equal_the_references)
{
    const char *name = written[*number];
    struct loaded l;
    struct rows lines = rows_golden("scoring/%s.jsonl", golden_name(name));
    loaded_find(&l, name);
    for (size_t i = 0; i < lines.n; i++)
        check_written(&l.leaf, lines.v[i]);
    cr_log_info("%s: %zu responses equal", name, lines.n);
    rows_free(&lines);
    loaded_close(&l);
}

/* tests/goldens/latex/make.py asked the reference for each. */
static void check_answer(const struct proto_leaf *leaf, json_t *line)
{
    struct arena arena = ARENA_INIT;
    struct err err = ERR_INIT;
    struct proto_plan *plan;
    struct proto_item item;
    struct proto_score score;
    json_t *row = json_object_get(line, "row");
    cr_assert_eq(proto_plan_new(leaf, &row, 1, NULL, 0, 0, 1234, &plan, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(proto_item(plan, 0, &arena, &item, &err), CARAT_OK, "%s", err.msg);
    item.responses = &(struct proto_response){.text = text_at(line, "text"), .finish = STR("stop")};
    item.n_responses = 1;
    cr_assert_eq(proto_score(plan, &item, &arena, &score, &err), CARAT_OK, "%s", err.msg);
    cr_expect_eq(score.values[0].value, json_number_value(json_object_get(line, "right")), "%s", json_dumps(line, 0));
    proto_plan_free(plan);
    arena_release(&arena);
}

Test(scores, of_made_up_latex_equal_the_references)
{
    static const char *const names[][2] = {{"hendrycks_math", "hendrycks_math_algebra"}, {"agieval_math", "agieval_math"}};
    struct rows lines = rows_load(golden_path("latex/answers.jsonl"));
    size_t n = 0;
    for (size_t t = 0; t < 2; t++) {
        struct loaded l;
        loaded_find(&l, names[t][1]);
        for (size_t i = 0; i < lines.n; i++)
            if (str_eq(text_at(lines.v[i], "task"), str_from(names[t][0]))) {
                check_answer(&l.leaf, lines.v[i]);
                n++;
            }
        loaded_close(&l);
    }
    cr_assert_eq(n, lines.n);
    rows_free(&lines);
}

/* BBH without steps: tasks that are not built in, whose filters and flags are none of the others'. */
static int plain_row(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                     struct carat_example *ex)
{
    if (!host->text(host->get(row, "input"), &ex->question) || !host->text(host->get(row, "target"), &ex->answer))
        return host->fail(ctx, "wants input and target");
    return 0;
}

Test(scores, of_hand_written_responses_without_steps_equal_the_references)
{
    static const struct carat_filter_step first[] = {{.kind = CARAT_FILTER_TAKE_FIRST}};
    static const struct carat_filter_step truth[] = {{.kind = CARAT_FILTER_REGEX, .pattern = "\\b(True|False)\\b"},
                                                     {.kind = CARAT_FILTER_TAKE_FIRST}};
    static const struct carat_filter both[] = {{"strict-match", first, 1}, {"flexible-extract", truth, 2}};
    static const char *const ignored[] = {"\\.$", ",", "\n", "\\\\", "\"", NULL};
    static const struct carat_metric lenient[] = {
        {.name = "exact_match", .kind = CARAT_METRIC_EXACT_MATCH, .ignore_case = true, .ignore_patterns = ignored}};
    static const struct carat_metric strict[] = {{.name = "exact_match", .kind = CARAT_METRIC_EXACT_MATCH}};
    static const struct carat_task tasks[] = {
        {.abi = CARAT_TASK_ABI, .name = "bbh_zeroshot_boolean_expressions", .version = 3, .dataset = "d", .test_split = "test",
         .output = CARAT_GENERATE, .example = plain_row, .max_tokens = 256, .filters = both, .n_filters = 2, .metrics = lenient,
         .n_metrics = 1},
        {.abi = CARAT_TASK_ABI, .name = "bbh_fewshot_object_counting", .version = 2, .dataset = "d", .test_split = "test",
         .output = CARAT_GENERATE, .example = plain_row, .max_tokens = 256, .metrics = strict, .n_metrics = 1},
    };
    for (size_t t = 0; t < 2; t++) {
        const struct proto_leaf leaf = {.task = &tasks[t]};
        struct rows lines = rows_golden("scoring/%s.jsonl", tasks[t].name);
        for (size_t i = 0; i < lines.n; i++)
            check_written(&leaf, lines.v[i]);
        cr_assert_eq(lines.n, 76);
        rows_free(&lines);
    }
}

static int choices_row(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                       struct carat_example *ex)
{
    const struct carat_value *choices = host->get(row, "choices");
    int64_t gold;
    ex->n_choices = host->length(choices);
    struct carat_text *texts = host->alloc(ctx, ex->n_choices * sizeof *texts);
    for (size_t i = 0; texts && i < ex->n_choices; i++)
        host->text(host->at(choices, i), &texts[i]);
    if (!texts || !host->integer(host->get(row, "gold"), &gold))
        return host->fail(ctx, "bad row");
    ex->question = (struct carat_text)CARAT_TEXT("Q");
    ex->choices = texts;
    ex->gold = (int)gold;
    return 0;
}

static void check_choices(const char *file)
{
    static const struct carat_metric metrics[] = {{.name = "acc", .kind = CARAT_METRIC_ACC},
                                                  {.name = "acc_norm", .kind = CARAT_METRIC_ACC_NORM},
                                                  {.name = "acc_bytes", .kind = CARAT_METRIC_ACC_BYTES}};
    static const struct carat_task task = {.abi = CARAT_TASK_ABI, .name = "choices", .version = 1, .dataset = "d",
                                           .test_split = "test", .example = choices_row, .metrics = metrics,
                                           .n_metrics = 3};
    const struct proto_leaf leaf = {.task = &task};
    struct arena arena = ARENA_INIT;
    struct err err = ERR_INIT;
    struct rows lines = rows_golden("scoring/%s.jsonl", file);
    struct proto_plan *plan;
    cr_assert_eq(proto_plan_new(&leaf, lines.v, lines.n, NULL, 0, 0, 1234, &plan, &err), CARAT_OK, "%s", err.msg);
    for (size_t i = 0; i < lines.n; i++) {
        const json_t *metrics_want = json_object_get(lines.v[i], "metrics");
        struct proto_item item;
        struct proto_score score;
        cr_assert_eq(proto_item(plan, i, &arena, &item, &err), CARAT_OK, "%s", err.msg);
        golden_respond(&item, lines.v[i], &arena);
        cr_assert_eq(proto_score(plan, &item, &arena, &score, &err), CARAT_OK, "%s", err.msg);
        json_int_t by_bytes = json_integer_value(json_object_get(lines.v[i], "best_by_bytes"));
        cr_assert_eq(golden_value(&score, STR("acc")), json_number_value(json_object_get(metrics_want, "acc")));
        cr_assert_eq(golden_value(&score, STR("acc_norm")), json_number_value(json_object_get(metrics_want, "acc_norm")));
        cr_assert_eq(golden_value(&score, STR("acc_bytes")) == 1, by_bytes == item.example.gold);
    }
    proto_plan_free(plan);
    rows_free(&lines);
    arena_release(&arena);
}

Test(scores, of_set_log_likelihoods_divide_by_code_points)
{
    check_choices("hellaswag");
    check_choices("arc_easy");
}

/* The published protocol takes an answer as a line and does not look at articles; the reference does otherwise. */
Test(scores, of_the_published_protocol_are_by_other_rules)
{
    static const struct {
        const char *task, *row, *text;
        double reference, published;
    } cases[] = {
        {"triviaqa", "{\"question\": \"q\", \"answer\": {\"aliases\": [\"The Beatles\"]}}", " Beatles", 0, 1},
        {"triviaqa", "{\"question\": \"q\", \"answer\": {\"aliases\": [\"St. Louis\"]}}", " St Louis", 1, 1},
        {"triviaqa", "{\"question\": \"q\", \"answer\": {\"aliases\": [\"Theodore\"]}}", " odore", 0, 0},
        {"nq_open", "{\"question\": \"q\", \"answer\": [\"the moon\"]}", " THE Moon", 0, 1},
        {"nq_open", "{\"question\": \"q\", \"answer\": [\"a sun\"]}", " sun", 1, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int published = 0; published < 2; published++) {
            struct loaded l;
            json_t *row;
            loaded_find(&l, cases[i].task);
            cr_assert_eq(json_read(str_from(cases[i].row), "row", 0, &row, NULL), CARAT_OK);
            proto_leaf_ask(&l.leaf, published ? PROTO_PUBLISHED : 0);
            json_t *line = json_pack("{s:o, s:s, s:f}", "row", row, "text", cases[i].text, "right",
                                     published ? cases[i].published : cases[i].reference);
            check_answer(&l.leaf, line);
            cr_expect_eq(l.leaf.task->stops[1] == NULL, published == 1);
            json_decref(line);
            loaded_close(&l);
        }
}
