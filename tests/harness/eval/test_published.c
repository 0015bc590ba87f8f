#include <criterion/criterion.h>
#include <math.h>

#include "harness/eval/eval.h"
#include "harness/eval/groups.h"
#include "harness/eval/summary.h"

static const struct published *gemma(void)
{
    const struct published *p = NULL;
    struct err err = ERR_INIT;
    cr_assert_eq(published_find("gemma-2024", &p, &err), CARAT_OK, "%s", err.msg);
    return p;
}

static size_t index_of(const struct str *names, size_t n, const char *name)
{
    size_t i = 0;
    while (i < n && !str_eq(names[i], str_from(name)))
        i++;
    cr_assert_lt(i, n, "no %s", name);
    return i;
}

static double value(const struct carat_figure *fig, const char *group, const char *model)
{
    size_t s = 0;
    while (s < fig->n_series && !str_eq(fig->series[s].name, str_from(model)))
        s++;
    cr_assert_lt(s, fig->n_series, "no %s", model);
    const struct carat_cell *cell = &fig->cells[index_of(fig->groups, fig->n_groups, group) * fig->n_series + s];
    cr_assert(isnan(cell->low) && isnan(cell->high) && fig->series[s].published, "quoted: no interval, hatched");
    return cell->value;
}

static void draw(const struct summary *s, bool each, struct arena *arena, struct carat_figure *fig)
{
    struct err err = ERR_INIT;
    cr_assert_eq(summary_figure(s, &(struct figure_style){.per_benchmark = each}, arena, fig, &err), CARAT_OK, "%s",
                 err.msg);
}

Test(published, alone_is_figure_1)
{
    static const struct {
        const char *model;
        double maths, coding;
    } expected[] = {
        {"Gemma 7B", 37.5, 38.4}, {"Mistral 7B", 29.8, 33.2}, {"LLaMA 2 13B", 23.9, 24.5}, {"LLaMA 2 7B", 15.5, 16.8}};
    struct summary s = {.arena = ARENA_INIT};
    struct arena arena = ARENA_INIT;
    struct carat_figure fig;
    struct buf svg = BUF_INIT(BUF_MAX_DEFAULT);
    struct err err = ERR_INIT;
    cr_assert_eq(summary_add_published(&s, gemma(), &err), CARAT_OK);
    draw(&s, false, &arena, &fig);
    cr_assert_eq(fig.n_groups, 4);
    cr_assert_eq(fig.n_series, 5);
    cr_assert(str_find(fig.note, STR("2403.08295"), 0) > 0, "the source is named");
    cr_assert_eq(carat_figure_svg(&fig, &svg, &err), CARAT_OK);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        char shown[3][16];
        cr_assert_float_eq(value(&fig, "Math/Science", expected[i].model), expected[i].maths, 0.0501);
        cr_assert_float_eq(value(&fig, "Coding", expected[i].model), expected[i].coding, 0.0501);
        snprintf(shown[0], sizeof shown[0], ">%.1f<", expected[i].maths);
        snprintf(shown[1], sizeof shown[1], ">%.1f<", expected[i].coding);
        cr_assert(strstr(svg.p, shown[0]) && strstr(svg.p, shown[1]), "%s's bars are labelled so", expected[i].model);
    }
    buf_release(&svg);
    arena_release(&arena);
    summary_release(&s);
}

Test(published, means_of_all_are_the_reports)
{
    static const double means[] = {46.9, 52.4, 54.5, 45.0, 56.9};
    const struct published *p = gemma();
    cr_assert_eq(p->n_rows, 18);
    for (size_t m = 0; m < p->n_models; m++) {
        double sum = 0;
        for (size_t i = 0; i < p->n_rows; i++)
            sum += p->rows[i].percent[m];
        cr_assert_float_eq(sum / (double)p->n_rows, means[m], 0.0501, "%s", p->models[m]);
    }
}

Test(published, every_benchmark_has_a_group)
{
    const struct published *p = gemma();
    for (size_t i = 0; i < p->n_rows; i++)
        cr_assert(capability_of(p->rows[i].task, NULL), "%s", p->rows[i].task);
}

/* Like is compared with like: beside a run that has HellaSwag alone, Reasoning is HellaSwag. */
Test(published, beside_a_run_its_benchmarks_count)
{
    struct score scores[] = {
        {.name = STR("hellaswag"), .title = STR("HellaSwag"), .capability = STR("Reasoning"), .metric = STR("acc_norm"),
         .share = true, .chance = 0.25, .mean = {.n = 100, .mean = 0.5, .stderr_mean = 0.05, .low = 0.4, .high = 0.6}},
        {.name = STR("mine"), .title = STR("Mine"), .capability = STR("Coding"), .metric = STR("acc"), .chance = NAN,
         .share = true, .mean = {.n = 10, .mean = 0.5, .stderr_mean = 0.1, .low = 0.3, .high = 0.7}},
    };
    struct summary_run run = {.id = 1, .name = STR("mine"), .scores = scores, .n_scores = 2};
    struct summary s = {.runs = &run, .n_runs = 1, .n_measured = 1, .arena = ARENA_INIT};
    struct arena arena = ARENA_INIT;
    struct carat_figure fig;
    struct err err = ERR_INIT;
    cr_assert_eq(summary_add_published(&s, gemma(), &err), CARAT_OK);
    draw(&s, false, &arena, &fig);
    cr_assert_eq(fig.n_groups, 2);
    cr_assert_eq(fig.n_series, 6);
    cr_assert_not(fig.series[0].published);
    cr_assert_float_eq(value(&fig, "Reasoning", "Gemma 7B"), 81.2, 1e-9);
    cr_assert(isnan(value(&fig, "Coding", "Gemma 7B")), "a benchmark the source lacks is no bar");
    cr_assert(str_find(fig.note, STR("just the benchmarks above"), 0) > 0);
    draw(&s, true, &arena, &fig);
    cr_assert_eq(fig.n_groups, 2);
    cr_assert_float_eq(value(&fig, "HellaSwag", "LLaMA 2 7B"), 77.2, 1e-9);
    arena_release(&arena);
    summary_release(&s);
}

Test(published, unknown_names_are_refused_with_those_there_are)
{
    const struct published *p = NULL;
    struct err err = ERR_INIT;
    cr_assert_eq(published_find("gemma", &p, &err), CARAT_EUSAGE);
    cr_assert(strstr(err.hint, "gemma-2024"));
}

/* AGIEval is one benchmark: the cloze sets beside it are in no mean, and by themselves a benchmark like others. */
Test(published, agieval_counts_once)
{
    struct score scores[] = {
        {.name = STR("agieval"), .title = STR("AGIEval"), .capability = STR("Math/Science"), .share = true, .chance = 0.2,
         .mean = {.n = 100, .mean = 0.4, .stderr_mean = 0.05, .low = 0.3, .high = 0.5}},
        {.name = STR("agieval_math"), .title = STR("AGIEval MATH"), .capability = STR("Math/Science"), .share = true, .chance = NAN,
         .mean = {.n = 10, .mean = 0, .stderr_mean = 0, .low = 0, .high = 0.3}},
        {.name = STR("gsm8k"), .title = STR("GSM8K"), .capability = STR("Math/Science"), .share = true, .chance = NAN,
         .mean = {.n = 10, .mean = 0.2, .stderr_mean = 0.1, .low = 0.1, .high = 0.4}},
    };
    struct summary_run run = {.id = 1, .name = STR("mine"), .scores = scores, .n_scores = 3};
    struct summary s = {.runs = &run, .n_runs = 1, .n_measured = 1, .arena = ARENA_INIT};
    struct arena arena = ARENA_INIT;
    struct carat_figure fig;
    struct buf table = BUF_INIT(1 << 16);
    draw(&s, false, &arena, &fig);
    cr_assert_float_eq(fig.cells[index_of(fig.groups, fig.n_groups, "Math/Science")].value, 30, 1e-9);
    cr_assert_eq(summary_table(&s, CARAT_TABLE_TEXT, &table, NULL), CARAT_OK);
    cr_assert(strstr(table.p, "AGIEval MATH (in no mean)"), "%s", table.p);
    draw(&s, true, &arena, &fig);
    cr_assert_float_eq(fig.cells[index_of(fig.groups, fig.n_groups, "AGIEval MATH")].value, 0, 1e-9);
    scores[0].name = STR("another");
    draw(&s, false, &arena, &fig);
    cr_assert_float_eq(fig.cells[index_of(fig.groups, fig.n_groups, "Math/Science")].value, 20, 1e-9);
    buf_release(&table);
    arena_release(&arena);
}
