/* minerva_math.c - MATH (Hendrycks et al., 2021) with Minerva's four shots (Lewkowycz et al., 2022). Reference tasks
 * `minerva_math_*`, version 3.
 *
 * The right answer stands in the solution's last \boxed, the model's behind "The final answer is". Both are written one way
 * by the rules of Minerva's appendix D as the reference has them, and compared: as texts, and where these differ as terms, by
 * exact algebra. The four shots are not part of carat: they come from a published file (split "shots").
 */
#include "latex.h"
#include "math_subjects.h"

struct work { /* one answer on its way */
    const struct carat_host *host;
    struct carat_ctx *ctx;
    struct carat_text s;
};

static void replace(struct work *w, const char *what, const char *with)
{
    w->s = w->host->replace(w->ctx, w->s, what, with);
}

static void substitute(struct work *w, const char *pattern, const char *with)
{
    w->s = w->host->regex_expand(w->ctx, w->s, pattern, with);
}

static struct carat_text from(struct carat_text s, size_t at) { return (struct carat_text){s.p + at, s.n - at}; }

/* ---- one way to write an answer ------------------------------------------------------------------ */

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* `word` goes wherever it stands, but for the inside of a LaTeX command. */
static void drop_glued(struct work *w, const char *word)
{
    const size_t n = strlen(word);
    const struct carat_text s = w->s;
    char *out = w->host->alloc(w->ctx, s.n);
    size_t kept = 0;
    for (size_t i = 0; out && i < s.n;) {
        size_t command = i + 1;
        while (s.p[i] == '\\' && command < s.n && is_letter(s.p[command]))
            command++;
        if (command > i + 1) {
            memcpy(out + kept, s.p + i, command - i);
            kept += command - i;
            i = command;
        } else if (i + n <= s.n && memcmp(s.p + i, word, n) == 0 && !memchr(s.p + i, '\\', n)) {
            i += n;
        } else {
            out[kept++] = s.p[i++];
        }
    }
    if (out)
        w->s = (struct carat_text){out, kept};
}

#define WORDS                                                                                                           \
    "square|ways|integers|dollars|mph|inches|ft|hours|km|units|sue|points|feet|minutes|digits|cents|degrees|cm|gm|"     \
    "pounds|meters|meals|edges|students|childrentickets|multiples"

static void drop_units(struct work *w)
{
    static const char *const dropped[] = {
        "square", "ways", "integers", "dollars", "mph", "inches", "ft", "hours", "km", "units", "\\ldots", "sue", "points",
        "feet", "minutes", "digits", "cents", "degrees", "cm", "gm", "pounds", "meters", "meals", "edges", "students",
        "childrentickets", "multiples", "\\text{s}", "\\text{.}", "\\text{\ns}", "\\text{}^2", "\\text{}^3",
        "\\text{\n}", "\\text{}", "\\mathrm{th}", "^\\circ", "^{\\circ}", "\\;", ",\\!", "{,}", "\"", "\\dots",
    };
    for (size_t i = 0; i < COUNT(dropped); i++) {
        if (is_letter(dropped[i][0]))
            drop_glued(w, dropped[i]);
        else
            replace(w, dropped[i], "");
    }
}

static struct carat_text normalise(const struct carat_host *host, struct carat_ctx *ctx, struct carat_text s)
{
    static const char *const replaced[][2] = {
        {"an ", ""}, {"a ", ""}, {".$", "$"}, {"\\$", ""}, {"\\ ", ""}, {" ", ""}, {"mbox", "text"},
        {",\\text{and}", ","}, {"\\text{and}", ","}, {"\\text{m}", "\\text{}"},
    };
    static const char *const patterns[][2] = {
        {"(.*?)(\\$)(.*?)(\\$)(.*)", "$\\3$"}, {"(\\\\text\\{)(.*?)(\\})", "\\2"}, {"(\\\\textbf\\{)(.*?)(\\})", "\\2"},
        {"(\\\\overline\\{)(.*?)(\\})", "\\2"}, {"(\\\\boxed\\{)(.*)(\\})", "\\2"}, /* wrappings */
        {"(frac)([^{])(.)", "frac{\\2}{\\3}"}, {"(sqrt)(\\[[^\\]]*\\])(\\w)", "\\1\\2{\\3}"},
        {"(sqrt)(?!\\[)([^{])", "sqrt{\\2}"}, /* arguments without braces */
    };
    struct work w = {host, ctx, s};
    const size_t equals = latex_find_last(s, "=");
    struct carat_text number;
    if (equals < s.n)
        w.s = from(s, equals + 1);
    w.s = host->regex_replace(ctx, w.s, "(?<!\\\\)\\b(?:" WORDS ")\\b", "");
    for (size_t i = 0; i < COUNT(replaced); i++)
        replace(&w, replaced[i][0], replaced[i][1]);
    drop_units(&w);
    for (size_t i = 0; i < COUNT(patterns); i++)
        substitute(&w, patterns[i][0], patterns[i][1]);
    replace(&w, "$", "");
    if (host->regex_find(ctx, w.s, "\\A-?\\d{1,3}(?:,\\d{3})+\\z", 0, &number)) /* 100,000 but not 0,1 */
        replace(&w, ",", "");
    return w.s;
}

/* ---- the task -------------------------------------------------------------------------------------- */

static bool right_answer(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                         struct carat_text *out)
{
    struct carat_text solution;
    if (!host->text(host->get(row, "solution"), &solution) || !latex_boxed(solution, out)) {
        host->fail(ctx, "wants the field solution (text) with a \\boxed{answer}");
        return false;
    }
    *out = normalise(host, ctx, *out);
    return out->p != NULL;
}

static int example(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                   struct carat_example *ex)
{
    struct carat_text problem;
    if (!host->text(host->get(row, "problem"), &problem))
        return host->fail(ctx, "wants the field problem (text)");
    const struct carat_text parts[] = {CARAT_TEXT("Problem:\n"), problem, CARAT_TEXT("\n\nSolution:")};
    ex->question = host->join(ctx, parts, COUNT(parts));
    if (host->is_shot(ctx))
        return host->text(host->get(row, "solution"), &ex->answer) ? 0 : host->fail(ctx, "wants the field solution (text)");
    return right_answer(host, ctx, row, &ex->answer) ? 0 : -1;
}

static int judge(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                 struct carat_text text, struct carat_verdict *out)
{
    const struct carat_text parts[] = {text, CARAT_TEXT("I hope it is correct.")};
    struct carat_text given = CARAT_TEXT("[invalidanswer]"), found, right;
    out->found = host->regex_find(ctx, host->join(ctx, parts, COUNT(parts)),
                                  "Final Answer: The final answer is(.*?). I hope it is correct.", 0, &found);
    if (out->found)
        given = host->strip(found);
    given = normalise(host, ctx, given);
    if (!right_answer(host, ctx, row, &right))
        return -1;
    if (given.n && latex_same(given, right)) {
        out->right = true;
        out->decided = CARAT_DECIDED_BY_TEXT;
        return 0;
    }
    const enum carat_algebra algebra = host->latex_equal(ctx, given, right);
    out->right = algebra == CARAT_ALGEBRA_EQUAL;
    out->decided = algebra == CARAT_ALGEBRA_UNDECIDED ? CARAT_DECIDED_BY_NEITHER : CARAT_DECIDED_BY_ALGEBRA;
    return 0;
}

static const char *const stops[] = {"Problem:", NULL};
static const struct carat_metric metrics[] = {{.name = "exact_match", .kind = CARAT_METRIC_JUDGED}};

extern const struct carat_task carat_task_minerva_math;
const struct carat_task carat_task_minerva_math = {
    .abi = CARAT_TASK_ABI,
    .name = "minerva_math",
    .version = 3,
    .title = "MATH",
    .group = "Math/Science",
    .dataset = "minerva_math",
    .test_split = "test",
    .shots_split = "shots",
    .shots = CARAT_SHOTS_FIRST,
    .default_shots = 4,
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
