/* boolq.c - BoolQ (Clark et al., 2019): yes or no to a question about a passage. Reference task `boolq`, version 2.
 *
 * The passage begins with the article's title, as in the SuperGLUE copy ("Title -- passage").
 */
#include "task.h"

static int example(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                   struct carat_example *ex)
{
    static const struct carat_text no_yes[] = {CARAT_TEXT("no"), CARAT_TEXT("yes")};
    struct carat_text passage, question;
    int64_t label;
    if (!host->text(host->get(row, "passage"), &passage) || !host->text(host->get(row, "question"), &question))
        return host->fail(ctx, "wants the fields passage and question (text)");
    if (!host->integer(host->get(row, "label"), &label) || label < 0 || label > 1)
        return host->fail(ctx, "wants the field label: 0 (no) or 1 (yes)");
    const struct carat_text parts[] = {passage, CARAT_TEXT("\nQuestion: "), question, CARAT_TEXT("?\nAnswer:")};
    ex->question = host->join(ctx, parts, sizeof parts / sizeof *parts);
    ex->choices = no_yes;
    ex->n_choices = 2;
    ex->gold = (int)label;
    ex->cluster = passage;
    ex->cluster_of = "passage";
    return 0;
}

static const struct carat_metric metrics[] = {{.name = "acc", .kind = CARAT_METRIC_ACC}};

extern const struct carat_task carat_task_boolq;
const struct carat_task carat_task_boolq = {
    .abi = CARAT_TASK_ABI,
    .name = "boolq",
    .version = 2,
    .title = "BoolQ",
    .group = "Question Answering",
    .dataset = "boolq",
    .test_split = "validation",
    .shots_split = "train",
    .shots = CARAT_SHOTS_SAMPLED,
    .shots_exclude_item = true,
    .output = CARAT_MULTIPLE_CHOICE,
    .example = example,
    .metrics = metrics,
    .n_metrics = sizeof metrics / sizeof *metrics,
};
