/* agieval_cloze.c - AGIEval's two sets without options: school mathematics, in English and in Chinese.
 * Reference tasks `agieval_math` and `agieval_gaokao_mathcloze`, version 1.
 *
 * An answer is taken out of both texts, the model's and the right one: what stands in the last \boxed{}; else between
 * dollar signs on the last line that has two; else behind the last "="; else the last number. Both are then written
 * one way (Hendrycks et al.'s rules for LaTeX) and compared. Where those rules break down, as on "\frac" at the end,
 * the answers are compared as they were. Shots are drawn from the test set itself, the item asked included.
 */
#include "latex.h"

/* ---- the answer in a text ------------------------------------------------------------------- */

/* Behind the last "=", without blanks in front. */
static struct carat_text after_equals(struct carat_text s)
{
    size_t at = latex_find_last(s, "=");
    if (at == s.n)
        return s;
    s = latex_cut(s, at + 1, s.n);
    while (s.n && *s.p == ' ')
        s = latex_cut(s, 1, s.n);
    return s;
}

/* What stands in the braces of the last \boxed (\fbox counts as none); false: nothing does. */
static bool boxed(struct carat_text s, struct carat_text *out)
{
    const size_t start = latex_find_last(s, "\\boxed"), n_command = sizeof "\\boxed{" - 1;
    int depth = 0;
    for (size_t i = start; i < s.n; i++) {
        depth += (s.p[i] == '{') - (s.p[i] == '}');
        if (s.p[i] != '}' || depth != 0)
            continue;
        if (i < start + n_command || s.p[start + n_command - 1] != '{')
            return false;
        *out = after_equals(latex_cut(s, start + n_command, i));
        return true;
    }
    return false;
}

static bool unboxed(const struct carat_host *host, struct carat_ctx *ctx, struct carat_text s, struct carat_text *out)
{
    if (host->regex_find(ctx, s, "\\$(.*)\\$", -1, out)) {
        *out = after_equals(*out);
        if (out->n)
            return true;
    }
    if (latex_find(s, "=", 0) == s.n)
        return host->regex_find(ctx, s, "(?:\\$)?\\d+(?:\\.\\d+)?(?![\\w\\d])", -1, out);
    *out = after_equals(s);
    while (out->n && out->p[out->n - 1] == '.')
        out->n--;
    *out = latex_cut(*out, 0, latex_find(*out, "\\n", 0)); /* a backslash and an n, as it is there */
    return true;
}

static bool answer_in(const struct carat_host *host, struct carat_ctx *ctx, struct carat_text s, struct carat_text *out)
{
    return latex_find(s, "\\boxed", 0) < s.n ? boxed(s, out) : unboxed(host, ctx, s, out);
}

static int judge(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                 struct carat_text answer, struct carat_verdict *out)
{
    struct carat_text right, given;
    if (!host->text(host->get(row, "answer"), &right))
        return host->fail(ctx, "wants the field answer (text)");
    const bool has_right = answer_in(host, ctx, right, &right);
    out->found = answer_in(host, ctx, answer, &given);
    if (!out->found || !has_right) {
        out->right = !out->found && !has_right; /* nothing equals nothing: so does the reference */
        return 0;
    }
    out->right = latex_alike(host, ctx, given, right, false);
    return 0;
}

static int example(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                   struct carat_example *ex)
{
    if (!host->text(host->get(row, "query"), &ex->question) || !host->text(host->get(row, "answer"), &ex->answer))
        return host->fail(ctx, "wants the fields query and answer (text)");
    return 0;
}

static const char *const stops[] = {"Q:", NULL};
static const struct carat_metric metrics[] = {{.name = "acc", .kind = CARAT_METRIC_JUDGED}};

#define CLOZE                                                                                                  \
    .test_split = "test", .shots_split = "test", .shots = CARAT_SHOTS_SAMPLED, .output = CARAT_GENERATE,       \
    .example = example, .stops = stops, .max_tokens = 32, .judge = judge, .metrics = metrics, .n_metrics = 1

extern const struct carat_task carat_task_agieval_gaokao_mathcloze;
const struct carat_task carat_task_agieval_gaokao_mathcloze = {
    .abi = CARAT_TASK_ABI,
    .name = "agieval_gaokao_mathcloze",
    .version = 1,
    .title = "AGIEval Gaokao cloze",
    .group = "Math/Science",
    .dataset = "agieval_gaokao_mathcloze",
    CLOZE,
};

extern const struct carat_task carat_task_agieval_math;
const struct carat_task carat_task_agieval_math = {
    .abi = CARAT_TASK_ABI,
    .name = "agieval_math",
    .version = 1,
    .title = "AGIEval MATH",
    .group = "Math/Science",
    .dataset = "agieval_math",
    CLOZE,
};
