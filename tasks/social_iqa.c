/* social_iqa.c - SIQA (Sap et al., 2019): what people do and feel, and why. Reference task `social_iqa`, version 0.
 *
 * Version 0 there is 1 here, where versions begin.
 */
#include "read.h"

static int example(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                   struct carat_example *ex)
{
    struct carat_text context, question, label;
    struct carat_text *choices = host->alloc(ctx, 3 * sizeof *choices);
    if (!choices)
        return -1;
    if (!host->text(host->get(row, "context"), &context) || !host->text(host->get(row, "question"), &question) ||
        !host->text(host->get(row, "answerA"), &choices[0]) || !host->text(host->get(row, "answerB"), &choices[1]) ||
        !host->text(host->get(row, "answerC"), &choices[2]))
        return host->fail(ctx, "wants the fields context, question, answerA, answerB and answerC (text)");
    if (!host->text(host->get(row, "label"), &label) || label.n != 1 || label.p[0] < '1' || label.p[0] > '3')
        return host->fail(ctx, "wants the field label: \"1\", \"2\" or \"3\"");
    const struct carat_text parts[] = {CARAT_TEXT("Q: "), context, CARAT_TEXT(" "), question, CARAT_TEXT("\nA:")};
    ex->question = host->join(ctx, parts, COUNT(parts));
    ex->choices = choices;
    ex->n_choices = 3;
    ex->gold = label.p[0] - '1';
    ex->cluster = context;
    ex->cluster_of = "context";
    return 0;
}

static const struct carat_metric metrics[] = {{.name = "acc", .kind = CARAT_METRIC_ACC}};

extern const struct carat_task carat_task_social_iqa;
const struct carat_task carat_task_social_iqa = {
    .abi = CARAT_TASK_ABI,
    .name = "social_iqa",
    .version = 1,
    .title = "SIQA",
    .group = "Reasoning",
    .dataset = "socialiqa",
    .test_split = "validation",
    .shots_split = "train",
    .shots = CARAT_SHOTS_SAMPLED,
    .shots_exclude_item = true,
    .output = CARAT_MULTIPLE_CHOICE,
    .example = example,
    .metrics = metrics,
    .n_metrics = COUNT(metrics),
};
