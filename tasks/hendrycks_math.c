/* hendrycks_math.c - MATH (Hendrycks et al., 2021) asked for the answer alone. Reference tasks `hendrycks_math_*`, version 1.
 *
 * The answer is what stands between the text's first and last dollar sign, or all of it, and is compared with what is in the
 * solution's last \boxed when both are written one way. Shots, if asked for, are drawn from the training set.
 */
#include "latex.h"
#include "math_subjects.h"

static int example(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                   struct carat_example *ex)
{
    struct carat_text problem, solution;
    if (!host->text(host->get(row, "problem"), &problem) || !host->text(host->get(row, "solution"), &solution) ||
        !latex_boxed(solution, &ex->answer))
        return host->fail(ctx, "wants the fields problem and solution (text), the latter with a \\boxed{answer}");
    const struct carat_text parts[] = {CARAT_TEXT("Problem: "), problem, CARAT_TEXT("\nAnswer:")};
    ex->question = host->join(ctx, parts, COUNT(parts));
    return 0;
}

/* Between the first and the last dollar sign; all of it where there are not two. */
static struct carat_text between_dollars(struct carat_text s)
{
    const char *first = s.n ? memchr(s.p, '$', s.n) : NULL;
    const size_t last = latex_find_last(s, "$");
    if (!first || (size_t)(first - s.p) == last)
        return s;
    const size_t from = (size_t)(first - s.p) + 1;
    return (struct carat_text){s.p + from, last - from};
}

static int judge(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                 struct carat_text text, struct carat_verdict *out)
{
    struct carat_text solution, right;
    if (!host->text(host->get(row, "solution"), &solution) || !latex_boxed(solution, &right))
        return host->fail(ctx, "wants the field solution (text) with a \\boxed{answer}");
    out->found = true;
    out->right = latex_alike(host, ctx, between_dollars(text), right, true);
    return 0;
}

static const char *const stops[] = {"Problem:", NULL};
static const struct carat_metric metrics[] = {{.name = "exact_match", .kind = CARAT_METRIC_JUDGED}};

extern const struct carat_task carat_task_hendrycks_math;
const struct carat_task carat_task_hendrycks_math = {
    .abi = CARAT_TASK_ABI,
    .name = "hendrycks_math",
    .version = 1,
    .title = "MATH, answers alone",
    .group = "Math/Science",
    .dataset = "minerva_math",
    .test_split = "test",
    .shots_split = "train",
    .shots = CARAT_SHOTS_SAMPLED,
    .output = CARAT_GENERATE,
    .subsets = math_subjects,
    .n_subsets = COUNT(math_subjects),
    .example = example,
    .stops = stops,
    .max_tokens = 256,
    .judge = judge,
    .metrics = metrics,
    .n_metrics = COUNT(metrics),
};
