/* agieval.c - AGIEval (Zhong et al., 2023): the English exams of single choice. Reference tasks `agieval_*`, version 1.
 *
 * As the reference asks, the choices are the options as they stand, "(A)21", and there are no shots: it would show items
 * of the test itself, and fails to. As papers have it, the three to five worked examples of the authors' own file are shown
 * (data/few_shot_prompts.csv, without their explanations), and the answer is the option's letter; the wording stays the
 * reference's, which is the authors' for asking without shots. The two sets without options are in agieval_cloze.c.
 */
#include "read.h"

static int example(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                   struct carat_example *ex)
{
    const struct carat_value *gold = host->get(row, "gold");
    int64_t right;
    if (!host->text(host->get(row, "query"), &ex->question))
        return host->fail(ctx, "wants the field query (text)");
    ex->choices = read_texts(host, ctx, host->get(row, "choices"), "choices", &ex->n_choices);
    if (!ex->choices)
        return -1;
    if (host->length(gold) != 1 || !host->integer(host->at(gold, 0), &right) || right < 0 ||
        (uint64_t)right >= ex->n_choices)
        return host->fail(ctx, "wants the field gold, a list of one of its choices' indices");
    ex->gold = (int)right;
    if (host->text(host->get(row, "passage"), &ex->cluster)) /* a copy of queries alone has none */
        ex->cluster_of = "passage";
    return 0;
}

static int example_by_letter(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                             struct carat_example *ex)
{
    static const struct carat_text letters[] = {CARAT_TEXT("A"), CARAT_TEXT("B"), CARAT_TEXT("C"), CARAT_TEXT("D"),
                                                CARAT_TEXT("E"), CARAT_TEXT("F"), CARAT_TEXT("G")};
    if (example(host, ctx, row, ex))
        return -1;
    if (ex->n_choices > COUNT(letters))
        return host->fail(ctx, "wants at most 7 choices");
    ex->choices = letters;
    return 0;
}

static const struct carat_metric metrics[] = {
    {.name = "acc", .kind = CARAT_METRIC_ACC},
    {.name = "acc_norm", .kind = CARAT_METRIC_ACC_NORM},
};

static const struct carat_subset exams[] = {
    {"aqua_rat", NULL},
    {"gaokao_english", NULL},
    {"logiqa_en", NULL},
    {"lsat_ar", NULL},
    {"lsat_lr", NULL},
    {"lsat_rc", NULL},
    {"sat_en", NULL},
    {"sat_en_without_passage", NULL},
    {"sat_math", NULL},
};

#define AGIEVAL                                                                                                    \
    .abi = CARAT_TASK_ABI, .name = "agieval", .version = 1, .title = "AGIEval", .group = "Math/Science",         \
    .dataset = "agieval", .test_split = "test", .output = CARAT_MULTIPLE_CHOICE, .subsets = exams,               \
    .n_subsets = COUNT(exams), .metrics = metrics

static const struct carat_task published = {
    AGIEVAL,
    .shots_split = "few-shot",
    .shots = CARAT_SHOTS_UP_TO,
    .default_shots = 5,
    .example = example_by_letter,
    .n_metrics = 1, /* letters are all of one length */
};

extern const struct carat_task carat_task_agieval;
const struct carat_task carat_task_agieval = {
    AGIEVAL,
    .shots = CARAT_SHOTS_NEVER,
    .example = example,
    .n_metrics = COUNT(metrics),
    .published = &published,
};
