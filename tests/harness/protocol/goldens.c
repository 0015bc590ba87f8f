#include "goldens.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "tests/support/support.h"

const struct setting prompt_settings[] = {
    {"boolq", 0},         {"boolq", 3},         {"gsm8k", 0},      {"gsm8k", 2},
    {"gsm8k", 5},         {"hellaswag", 0},     {"hellaswag", 3},  {"humaneval", 0},
    {"mmlu_abstract_algebra", 0}, {"mmlu_abstract_algebra", 5}, {"mmlu_anatomy", 0}, {"mmlu_anatomy", 5},
    {"mmlu_world_religions", 0},  {"mmlu_world_religions", 5},  {"winogrande", 0},   {"winogrande", 3},
    {"winogrande", 5},    {"nq_open", 0},       {"nq_open", 4},    {"triviaqa", 0},
    {"triviaqa", 4},      {"piqa", 0},          {"piqa", 3},       {"social_iqa", 0},
    {"social_iqa", 3},    {"commonsense_qa", 0}, {"commonsense_qa", 4}, {"openbookqa", 0},
    {"openbookqa", 3},    {"arc_easy", 0},      {"arc_easy", 3},   {"arc_challenge", 0},
    {"arc_challenge", 5}, {"mbpp", 0},          {"mbpp", 3},
    {"bbh_boolean_expressions", 3}, {"bbh_object_counting", 3}, {"agieval_aqua_rat", 0}, {"agieval_math", 0}, {"agieval_math", 2},
    {"gsm8k_cot", 8}, {"minerva_math_algebra", 0}, {"minerva_math_algebra", 4},
};
const size_t n_prompt_settings = sizeof prompt_settings / sizeof *prompt_settings;

int numbers[64] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                   22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
                   44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};

static void add(void *context, size_t line, const json_t *value)
{
    struct rows *rows = context;
    (void)line;
    rows->v = realloc(rows->v, (rows->n + 1) * sizeof *rows->v);
    cr_assert(rows->v);
    rows->v[rows->n++] = json_deep_copy(value);
}

struct rows rows_load(const char *path)
{
    struct rows rows = {NULL, 0};
    each_json_line(path, add, &rows);
    cr_assert(rows.n > 0, "'%s' is empty", path);
    return rows;
}

struct rows rows_golden(const char *fmt, ...)
{
    char rel[512] = "lmeval/";
    va_list args;
    va_start(args, fmt);
    vsnprintf(rel + strlen(rel), sizeof rel - strlen(rel), fmt, args);
    va_end(args);
    const char *path = golden_path(rel);
    if (!file_exists(path)) { /* the larger ones lie in the shared folder alone */
        char fixture[600];
        snprintf(fixture, sizeof fixture, "fixtures/%s", rel);
        path = shared_path(fixture);
    }
    if (!path)
        cr_skip("CARAT_SHARED is not set");
    return rows_load(path);
}

void rows_free(struct rows *rows)
{
    for (size_t i = 0; i < rows->n; i++)
        json_decref(rows->v[i]);
    free(rows->v);
    *rows = (struct rows){NULL, 0};
}

json_t *golden_results(const char *model)
{
    char rel[128];
    json_t *out;
    struct err err = ERR_INIT;
    snprintf(rel, sizeof rel, "lmeval/runs/%s/results.json", model);
    cr_assert_eq(json_read_file(golden_path(rel), 1 << 20, &out, &err), CARAT_OK, "%s", err.msg);
    return out;
}

void loaded_find(struct loaded *l, const char *name)
{
    struct err err = ERR_INIT;
    *l = (struct loaded){.leaves = PLUGINS_LEAVES_INIT};
    cr_assert_eq(plugins_new(&l->plugins, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(plugins_resolve(l->plugins, name, &l->leaves, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(l->leaves.n, 1);
    l->leaf = l->leaves.items[0];
}

/* MBPP's shots are real rows, which are not copied here: tasks 2 to 4, lines of the same numbers. */
static struct rows mbpp_pool(void)
{
    const char *path = shared_path("data/mbpp/mbpp.jsonl");
    if (!path)
        cr_skip("CARAT_SHARED is not set");
    struct rows all = rows_load(path), pool = {calloc(3, sizeof *pool.v), 3};
    cr_assert(pool.v && all.n == 974);
    for (size_t i = 0; i < 3; i++)
        pool.v[i] = json_incref(all.v[i + 1]);
    rows_free(&all);
    return pool;
}

/* BBH's are the published exemplars; cut here in the plainest way, datasets/ has its own reader. */
struct rows bbh_pool(const char *subtask)
{
    char rel[256];
    snprintf(rel, sizeof rel, "data/bbh/cot-prompts/%s.txt", subtask);
    const char *path = shared_path(rel);
    if (!path)
        cr_skip("CARAT_SHARED is not set");
    struct buf text = BUF_INIT(1 << 20);
    struct rows pool = {calloc(3, sizeof *pool.v), 3};
    cr_assert(pool.v && !file_read(path, 1 << 20, &text, NULL) && !buf_addc(&text, '\n'));
    char *at = strstr(text.p, "-----\n") + 6, *description = at;
    for (size_t i = 0; i < 3; i++) {
        char *q = strstr(at, "\n\nQ: "), *a = strstr(q, "\nA: Let's think step by step."), *answer = a + 30;
        at = i < 2 ? strstr(answer, "\n\nQ: ") : text.p + text.n - 1;
        pool.v[i] = json_pack("{s:s%,s:s%,s:s%}", "input", q + 5, (size_t)(a - q - 5), "target", answer,
                              (size_t)(at - answer), "description", description,
                              (size_t)(strstr(description, "\n\nQ: ") - description));
        cr_assert(pool.v[i]);
    }
    buf_release(&text);
    return pool;
}

/* Worked examples that are published elsewhere and not copied here, cut out of a golden prompt: `head` question `middle`
 * answer, with an empty line between. */
static struct rows shown_pool(const char *prompts, const char *head, const char *middle, const char *question,
                              const char *answer, size_t n)
{
    struct rows golden = rows_golden("prompts/%s.jsonl", prompts);
    struct rows pool = {calloc(n, sizeof *pool.v), n};
    struct str text = text_at(golden.v[0], "context");
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t from = (size_t)str_find(text, str_from(head), at) + strlen(head);
        const size_t to = (size_t)str_find(text, str_from(middle), from), reply = to + strlen(middle);
        const size_t next = (size_t)str_find(text, str_from(head), reply), end = next - 2;
        pool.v[i] = json_pack("{s:s%,s:s%}", question, text.p + from, to - from, answer, text.p + reply, end - reply);
        cr_assert(pool.v[i]);
        at = next;
    }
    rows_free(&golden);
    return pool;
}

static struct rows pool_of(const struct loaded *l, const char *name)
{
    const char *task = l->leaf.task->name;
    if (strcmp(task, "mbpp") == 0)
        return mbpp_pool();
    if (strcmp(task, "bbh") == 0)
        return bbh_pool(l->leaf.subset->name);
    if (strcmp(task, "gsm8k_cot") == 0)
        return shown_pool("gsm8k_cot.8shot", "Q: ", "\nA: ", "question", "answer", 8);
    if (strcmp(task, "minerva_math") == 0)
        return shown_pool("minerva_math_algebra.4shot", "Problem:\n", "\n\nSolution: ", "problem", "solution", 4);
    return rows_golden("datasets/%s/%s.jsonl", name, l->leaf.task->shots_split);
}

/* What the reference calls a leaf where it has another name. */
const char *golden_name(const char *leaf)
{
    static char name[128]; /* each test is a process of its own */
    if (strncmp(leaf, "bbh_", 4) != 0)
        return leaf;
    snprintf(name, sizeof name, "bbh_cot_fewshot_%s", leaf + 4);
    return name;
}

void loaded_open(struct loaded *l, struct setting setting)
{
    struct err err = ERR_INIT;
    loaded_find(l, setting.name);
    const struct carat_task *task = l->leaf.task;
    l->rows = rows_golden("datasets/%s/%s.jsonl", strcmp(setting.name, "gsm8k_cot") ? setting.name : "gsm8k",
                          task->test_split);
    if (task->shots_split && setting.shots > 0)
        l->pool = pool_of(l, setting.name);
    enum carat_err rc = proto_plan_new(&l->leaf, l->rows.v, l->rows.n, l->pool.v, l->pool.n, setting.shots, 1234,
                                       &l->plan, &err);
    cr_assert_eq(rc, CARAT_OK, "%s", err.msg);
    cr_assert_eq(proto_plan_shots(l->plan), setting.shots);
}

void loaded_close(struct loaded *l)
{
    proto_plan_free(l->plan);
    rows_free(&l->rows);
    rows_free(&l->pool);
    plugins_leaves_release(&l->leaves);
    plugins_free(l->plugins);
}

struct str text_at(const json_t *object, const char *key)
{
    struct str out = {NULL, 0};
    cr_assert(json_get_str(object, key, &out), "no text '%s'", key);
    return out;
}

/* ---- responses and scores ------------------------------------------------------------------------ */

double golden_value(const struct proto_score *score, struct str name)
{
    for (size_t i = 0; i < score->n_values; i++)
        if (str_eq(score->values[i].name, name))
            return score->values[i].value;
    cr_assert_fail("no value '%.*s'", (int)name.n, name.p);
    return NAN;
}

struct str golden_value_name(const struct carat_task *task, const char *metric, struct str filter, struct arena *arena)
{
    if (task->output == CARAT_MULTIPLE_CHOICE || strncmp(metric, "pass", 4) == 0)
        return str_from(metric);
    return str_from(arena_printf(arena, "%s,%.*s", metric, (int)filter.n, filter.p));
}

void golden_check(const struct carat_task *task, const struct proto_score *score, const json_t *line,
                  struct arena *arena)
{
    const char *metric;
    json_t *value;
    struct str filter = text_at(line, "filter");
    const json_t *filtered = json_array_get(json_object_get(line, "filtered"), 0);
    json_object_foreach(json_object_get(line, "metrics"), metric, value)
        if (strcmp(metric, "math_verify") != 0) /* a parser of its own, which carat leaves out */
            cr_assert_eq(golden_value(score, golden_value_name(task, metric, filter, arena)), json_number_value(value));
    if (json_is_string(filtered)) {
        size_t i = 0;
        while (i < score->n_answers && !str_eq(score->answers[i].filter, filter))
            i++;
        cr_assert(i < score->n_answers);
        cr_assert_text(score->answers[i].answer,
                       ((struct str){json_string_value(filtered), json_string_length(filtered)}));
    }
}

void golden_respond(struct proto_item *item, const json_t *line, struct arena *arena)
{
    const json_t *logprobs = json_object_get(line, "loglikelihoods");
    struct proto_response *r = arena_calloc(arena, item->n_requests, sizeof *r);
    cr_assert(r);
    for (size_t i = 0; i < json_array_size(logprobs); i++)
        r[i].logprob = json_number_value(json_array_get(logprobs, i));
    if (!logprobs) {
        r[0].text = text_at(line, "generated");
        r[0].finish = STR("stop");
        const json_t *metrics = json_object_get(line, "metrics"), *passed = json_object_get(metrics, "pass@1");
        r[0].passed = json_number_value(passed ? passed : json_object_get(metrics, "pass_at_1")) == 1;
    }
    item->responses = r;
    item->n_responses = item->n_requests;
}
