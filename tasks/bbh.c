/* bbh.c - BIG-Bench Hard (Suzgun et al., 2022): 27 subtasks, answers by steps. Reference tasks `bbh_cot_fewshot_*`, version 4.
 *
 * Description and shots are those of the published cot-prompts files, which stand beside the data. Any capital Q ends
 * the text. The answer is what stands behind "the answer is " up to the line's last character, which is dropped, be it
 * a full stop or not: so does the reference.
 */
#include "read.h"

static struct carat_text describe(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *shot)
{
    struct carat_text parts[2] = {{NULL, 0}, CARAT_TEXT("\n\n")};
    if (!host->text(host->get(shot, "description"), &parts[0])) {
        host->fail(ctx, "the file of its worked examples has no description");
        return parts[0];
    }
    return host->join(ctx, parts, COUNT(parts));
}

static int example(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                   struct carat_example *ex)
{
    struct carat_text input;
    if (!host->text(host->get(row, "input"), &input) || !host->text(host->get(row, "target"), &ex->answer))
        return host->fail(ctx, "wants the fields input and target (text)");
    const struct carat_text parts[] = {CARAT_TEXT("Q: "), input, CARAT_TEXT("\nA: Let's think step by step.\n")};
    ex->question = host->join(ctx, parts, COUNT(parts));
    return 0;
}

static const char *const stops[] = {"</s>", "Q", "\n\n", NULL};
static const char *const published_stops[] = {"</s>", "Q:", "\n\n", NULL}; /* the next question, not any capital Q */

static const struct carat_filter_step get_answer[] = {
    {.kind = CARAT_FILTER_REGEX, .pattern = "(?<=the answer is )(.*)(?=.)"},
    {.kind = CARAT_FILTER_TAKE_FIRST},
};
static const struct carat_filter filters[] = {
    {.name = "get-answer", .steps = get_answer, .n_steps = COUNT(get_answer)},
};
static const struct carat_metric metrics[] = {{.name = "exact_match", .kind = CARAT_METRIC_EXACT_MATCH}};

static const struct carat_subset subtasks[] = {
    {"boolean_expressions", NULL},
    {"causal_judgement", NULL},
    {"date_understanding", NULL},
    {"disambiguation_qa", NULL},
    {"dyck_languages", NULL},
    {"formal_fallacies", NULL},
    {"geometric_shapes", NULL},
    {"hyperbaton", NULL},
    {"logical_deduction_five_objects", NULL},
    {"logical_deduction_seven_objects", NULL},
    {"logical_deduction_three_objects", NULL},
    {"movie_recommendation", NULL},
    {"multistep_arithmetic_two", NULL},
    {"navigate", NULL},
    {"object_counting", NULL},
    {"penguins_in_a_table", NULL},
    {"reasoning_about_colored_objects", NULL},
    {"ruin_names", NULL},
    {"salient_translation_error_detection", NULL},
    {"snarks", NULL},
    {"sports_understanding", NULL},
    {"temporal_sequences", NULL},
    {"tracking_shuffled_objects_five_objects", NULL},
    {"tracking_shuffled_objects_seven_objects", NULL},
    {"tracking_shuffled_objects_three_objects", NULL},
    {"web_of_lies", NULL},
    {"word_sorting", NULL},
};

#define BBH                                                                                                            \
    .abi = CARAT_TASK_ABI, .name = "bbh", .version = 4, .title = "BBH", .group = "Reasoning", .dataset = "bbh",       \
    .test_split = "test", .shots_split = "cot-prompts", .shots = CARAT_SHOTS_FIRST, .default_shots = 3,              \
    .output = CARAT_GENERATE, .describe = describe, .described_by_shot = true, .delimiter = "", .subsets = subtasks,                            \
    .n_subsets = COUNT(subtasks), .example = example, .max_tokens = 1024, .filters = filters,                        \
    .n_filters = COUNT(filters), .metrics = metrics, .n_metrics = COUNT(metrics)

static const struct carat_task published = {BBH, .stops = published_stops};

extern const struct carat_task carat_task_bbh;
const struct carat_task carat_task_bbh = {BBH, .stops = stops, .published = &published};
