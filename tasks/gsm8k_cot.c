/* gsm8k_cot.c - GSM8K with the eight worked examples of Wei et al. (2022). Reference tasks `gsm8k_cot`, version 3, and
 * `gsm8k_cot_self_consistency`, version 2: 64 samples, of which the majority answers (Wang et al., 2022).
 *
 * The examples are not part of carat: they come from a published file (split "cot-shots"). The strict filter's last full stop
 * stands for any character, so that an answer at the very end of a text loses its last digit: so does the reference.
 */
#include "read.h"

/* Behind the last "####". */
static struct carat_text final_number(const struct carat_host *host, struct carat_text answer)
{
    size_t at = 0;
    for (size_t i = 0; i + 4 <= answer.n; i++)
        if (memcmp(answer.p + i, "####", 4) == 0)
            at = i += 4;
    return host->strip((struct carat_text){answer.p + at, answer.n - at});
}

static int example(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                   struct carat_example *ex)
{
    struct carat_text question;
    if (!host->text(host->get(row, "question"), &question) || !host->text(host->get(row, "answer"), &ex->answer))
        return host->fail(ctx, "wants the fields question and answer (text)");
    const struct carat_text parts[] = {CARAT_TEXT("Q: "), question, CARAT_TEXT("\nA:")};
    ex->question = host->join(ctx, parts, COUNT(parts));
    if (!host->is_shot(ctx))
        ex->answer = final_number(host, ex->answer);
    return 0;
}

static const char *const stops[] = {"Q:", "</s>", "<|im_end|>", NULL};
static const struct carat_filter_step strict[] = {
    {.kind = CARAT_FILTER_REGEX, .pattern = "The answer is (\\-?[0-9\\.\\,]+)."},
    {.kind = CARAT_FILTER_TAKE_FIRST},
};
static const struct carat_filter_step flexible[] = {
    {.kind = CARAT_FILTER_REGEX, .pattern = "(-?[$0-9.,]{2,})|(-?[0-9]+)", .select = -1},
    {.kind = CARAT_FILTER_TAKE_FIRST},
};
static const struct carat_filter filters[] = {
    {.name = "strict-match", .steps = strict, .n_steps = COUNT(strict)},
    {.name = "flexible-extract", .steps = flexible, .n_steps = COUNT(flexible)},
};

static const char *const many_stops[] = {"Q:", "\n\n", NULL};
#define ANSWER {.kind = CARAT_FILTER_REGEX, .pattern = "The answer is (\\-?[0-9\\.\\,]*[0-9]+)"}
static const struct carat_filter_step first[] = {ANSWER, {.kind = CARAT_FILTER_TAKE_FIRST}};
static const struct carat_filter_step of_all[] = {
    ANSWER, {.kind = CARAT_FILTER_MAJORITY_VOTE}, {.kind = CARAT_FILTER_TAKE_FIRST}};
static const struct carat_filter_step of_eight[] = {
    {.kind = CARAT_FILTER_TAKE_FIRST_K, .k = 8}, ANSWER, {.kind = CARAT_FILTER_MAJORITY_VOTE}, {.kind = CARAT_FILTER_TAKE_FIRST}};
static const struct carat_filter votes[] = {
    {.name = "score-first", .steps = first, .n_steps = COUNT(first)},
    {.name = "maj@64", .steps = of_all, .n_steps = COUNT(of_all)},
    {.name = "maj@8", .steps = of_eight, .n_steps = COUNT(of_eight)},
};

static const char *const ignored[] = {",", "\\$", "(?s).*#### ", "\\.$", NULL};
static const struct carat_metric metrics[] = {
    {.name = "exact_match", .kind = CARAT_METRIC_EXACT_MATCH, .ignore_case = true, .ignore_patterns = ignored},
};

#define COMMON                                                                                                         \
    .abi = CARAT_TASK_ABI, .group = "Math/Science", .dataset = "gsm8k", .test_split = "test",                          \
    .shots_split = "cot-shots", .shots = CARAT_SHOTS_FIRST, .default_shots = 8, .output = CARAT_GENERATE,               \
    .example = example, .max_tokens = 256, .metrics = metrics, .n_metrics = COUNT(metrics)

extern const struct carat_task carat_task_gsm8k_cot;
const struct carat_task carat_task_gsm8k_cot = {
    COMMON,
    .name = "gsm8k_cot",
    .version = 3,
    .title = "GSM8K (worked examples)",
    .stops = stops,
    .filters = filters,
    .n_filters = COUNT(filters),
    .headline = "exact_match,strict-match",
};

extern const struct carat_task carat_task_gsm8k_cot_self_consistency;
const struct carat_task carat_task_gsm8k_cot_self_consistency = {
    COMMON,
    .name = "gsm8k_cot_self_consistency",
    .version = 2,
    .title = "GSM8K (majority)",
    .stops = many_stops,
    .temperature = 0.2,
    .repeats = 64,
    .filters = votes,
    .n_filters = COUNT(votes),
    .headline = "exact_match,maj@64",
};
