#include <criterion/criterion.h>

#include "goldens.h"
#include "harness/protocol/filter.h"
#include "tests/support/support.h"

static const struct carat_filter_step word[] = {{.kind = CARAT_FILTER_REGEX, .pattern = "is ([^.]*)"},
                                                {.kind = CARAT_FILTER_LOWERCASE}};
static const struct carat_filter_step first[] = {{.kind = CARAT_FILTER_STRIP}, {.kind = CARAT_FILTER_TAKE_FIRST}};
static const struct carat_filter filters[] = {{"word", word, 2}, {"first", first, 2}};

Test(filter, maps_every_sample_and_trims_what_a_regex_takes)
{
    const struct carat_task task = {.filters = filters, .n_filters = 2};
    struct filter_answer answers[] = {
        {0, STR("it is  A\xc3\x9f \n."), true}, {1, STR("no"), true}, {2, STR("is ."), true}};
    struct arena arena = ARENA_INIT;
    struct filter_pipeline *pipelines;
    size_t n_pipelines, n = 3;
    cr_assert_eq(filter_compile(&task, &pipelines, &n_pipelines, NULL), CARAT_OK);
    cr_assert_eq(n_pipelines, 2);
    cr_assert(filter_extracts(pipelines, 0) && !filter_extracts(pipelines, 1));
    cr_assert_eq(filter_run(pipelines, 0, NULL, answers, &n, &arena, NULL), CARAT_OK);
    cr_assert_eq(n, 3);
    cr_assert_text(answers[0].text, STR("a\xc3\x9f"));
    cr_assert(!answers[1].found && answers[2].found);
    cr_assert_text(answers[1].text, STR("[invalid]"));
    cr_assert_text(answers[2].text, STR(""));
    filter_free(pipelines, n_pipelines);
    arena_release(&arena);
}

Test(filter, takes_the_first_sample)
{
    const struct carat_task task = {.filters = filters, .n_filters = 2}, plain = {.n_filters = 0};
    struct filter_answer answers[] = {{0, STR(" a\xc2\xa0"), true}, {1, STR("b"), true}};
    struct filter_pipeline *pipelines;
    size_t n_pipelines, n = 2;
    cr_assert_eq(filter_compile(&task, &pipelines, &n_pipelines, NULL), CARAT_OK);
    cr_assert_eq(filter_run(pipelines, 1, NULL, answers, &n, NULL, NULL), CARAT_OK);
    cr_assert_eq(n, 1);
    cr_assert_text(answers[0].text, STR("a"));
    filter_free(pipelines, n_pipelines);

    n = 2;
    cr_assert_eq(filter_compile(&plain, &pipelines, &n_pipelines, NULL), CARAT_OK);
    cr_assert_eq(n_pipelines, 1);
    cr_assert_text(filter_name(pipelines, 0), STR("none"));
    cr_assert_eq(filter_run(pipelines, 0, NULL, answers, &n, NULL, NULL), CARAT_OK);
    cr_assert_eq(n, 1);
    filter_free(pipelines, n_pipelines);
}

Test(filter, names_the_pipeline_whose_pattern_is_broken)
{
    static const struct carat_filter_step broken[] = {{.kind = CARAT_FILTER_REGEX, .pattern = "["}};
    static const struct carat_filter bad[] = {{"first", first, 2}, {"bad", broken, 1}};
    const struct carat_task task = {.filters = bad, .n_filters = 2};
    struct filter_pipeline *pipelines;
    struct err err = ERR_INIT;
    size_t n;
    cr_assert_eq(filter_compile(&task, &pipelines, &n, &err), CARAT_EUNSUPPORTED);
    cr_assert(str_starts(str_from(err.msg), STR("filter 'bad': ")), "%s", err.msg);
}

/* ---- the reference's own answers (tests/goldens/protocol/make.py) ------------------------------ */

#define REGEX(...) {.kind = CARAT_FILTER_REGEX, __VA_ARGS__}
static const struct carat_filter_step letter[] = {REGEX(.pattern = "\\(([A-Z])\\)")};
static const struct carat_filter_step last[] = {REGEX(.pattern = "(\\d+)|(red)", .select = -1, .fallback = "none")};
static const struct carat_filter_step upper[] = {{.kind = CARAT_FILTER_UPPERCASE}};
static const struct carat_filter_step lower[] = {{.kind = CARAT_FILTER_LOWERCASE}};
static const struct carat_mapping table[] = {{"yes", "1"}, {"no", "0"}, {"spaced", "s"}};
static const struct carat_filter_step mapped[] = {
    {.kind = CARAT_FILTER_STRIP}, {.kind = CARAT_FILTER_MAP, .map = table, .n_map = 3, .map_default = "2"}};
static const struct carat_filter_step voted[] = {REGEX(.pattern = "\\(([A-Z])\\)"), {.kind = CARAT_FILTER_MAJORITY_VOTE}};
static const struct carat_filter_step three[] = {
    {.kind = CARAT_FILTER_TAKE_FIRST_K, .k = 3}, REGEX(.pattern = "(red)"), {.kind = CARAT_FILTER_MAJORITY_VOTE}};
static const struct carat_filter_step choice[] = {
    {.kind = CARAT_FILTER_MULTI_CHOICE_REGEX, .pattern = "(\\([A-Z]\\))"}};
static const char *const ignored[] = {"very ?", "\\s+$", NULL};
static const struct carat_filter_step last_choice[] = {
    {.kind = CARAT_FILTER_MULTI_CHOICE_REGEX, .pattern = "(\\([A-Z]\\))", .select = -1, .ignore_case = true,
     .ignore_punctuation = true, .ignore_patterns = ignored, .fallback = "?"}};
static const struct carat_filter golden_filters[] = {
    {"regex", letter, 1},      {"regex-last", last, 1},  {"upper", upper, 1},         {"lower", lower, 1},
    {"strip-map", mapped, 2},  {"vote", voted, 2},       {"first-3-vote", three, 3},  {"choices", choice, 1},
    {"choices-last", last_choice, 1},
};
enum { N_GOLDEN_FILTERS = sizeof golden_filters / sizeof *golden_filters, MOST = 16 };

struct golden_run {
    struct filter_pipeline *pipelines;
    size_t n_pipelines, n_checked;
};

static size_t texts_of(const json_t *list, struct str *out)
{
    size_t n = json_array_size(list);
    cr_assert_leq(n, MOST);
    for (size_t i = 0; i < n; i++)
        out[i] = (struct str){json_string_value(json_array_get(list, i)), json_string_length(json_array_get(list, i))};
    return n;
}

static void check_pipeline(void *context, size_t line, const json_t *golden)
{
    struct golden_run *run = context;
    struct arena arena = ARENA_INIT;
    struct str texts[MOST], choices[MOST], wanted[MOST];
    struct filter_answer answers[MOST];
    struct err err = ERR_INIT;
    size_t n = texts_of(json_object_get(golden, "texts"), texts), f = 0;
    const struct filter_choices given = {choices, texts_of(json_object_get(golden, "choices"), choices)};
    for (size_t i = 0; i < n; i++)
        answers[i] = (struct filter_answer){i, texts[i], true};
    while (f < N_GOLDEN_FILTERS && strcmp(golden_filters[f].name, json_string_value(json_object_get(golden, "pipeline"))))
        f++;
    cr_assert_lt(f, (size_t)N_GOLDEN_FILTERS);
    cr_assert_eq(filter_run(run->pipelines, f, &given, answers, &n, &arena, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(n, texts_of(json_object_get(golden, "answers"), wanted));
    for (size_t i = 0; i < n; i++)
        cr_expect(str_eq(answers[i].text, wanted[i]), "line %zu, %s: '%.*s' for '%.*s', not '%.*s'", line,
                  golden_filters[f].name, (int)answers[i].text.n, answers[i].text.p, (int)texts[answers[i].sample].n,
                  texts[answers[i].sample].p, (int)wanted[i].n, wanted[i].p);
    run->n_checked++;
    arena_release(&arena);
}

Test(filter, pipelines_make_what_the_reference_makes)
{
    const struct carat_task task = {.filters = golden_filters, .n_filters = N_GOLDEN_FILTERS};
    struct golden_run run = {0};
    cr_assert_eq(filter_compile(&task, &run.pipelines, &run.n_pipelines, NULL), CARAT_OK);
    each_json_line(golden_path("protocol/filters.jsonl"), check_pipeline, &run);
    cr_assert_eq(run.n_checked, 180);
    filter_free(run.pipelines, run.n_pipelines);
}

Test(filter, too_few_samples_for_a_vote_are_refused)
{
    const struct carat_task task = {.filters = &golden_filters[6], .n_filters = 1};
    struct filter_answer answers[] = {{0, STR("red"), true}, {1, STR("red"), true}};
    struct filter_pipeline *pipelines;
    struct err err = ERR_INIT;
    size_t n_pipelines, n = 2;
    cr_assert_eq(filter_compile(&task, &pipelines, &n_pipelines, NULL), CARAT_OK);
    cr_assert_eq(filter_run(pipelines, 0, NULL, answers, &n, NULL, &err), CARAT_EUSAGE);
    cr_assert(strstr(err.msg, "wants 3 samples of each prompt, there are 2"), "%s", err.msg);
    filter_free(pipelines, n_pipelines);
}
