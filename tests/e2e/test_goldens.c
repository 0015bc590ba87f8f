/* The reference harness's per-item results, through the command line: prompts and ids equal, log-likelihoods within
 * 1e-3 + 1e-5 relative, texts and metrics equal, means and standard errors to 1e-9. fixtures/lmeval (trained tiny models on made-up items) and fixtures/real
 * (a really trained one on the real files). Prints a table of what was compared. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/process.h"
#include "tests/support/support.h"

struct check {
    json_t *items;        /* by index: what `carat show --json` printed */
    double largest;       /* |log-likelihood difference| */
    size_t n_lines, n_prompts, n_scores, n_texts, n_near_ties; /* of the golden: compared */
};

static const json_t *item(const struct check *c, const json_t *golden)
{
    json_int_t id = json_integer_value(json_object_get(golden, "doc_id"));
    const json_t *found = json_array_get(c->items, (size_t)id);
    cr_assert(found, "item %d is missing", (int)id);
    cr_assert_eq(json_integer_value(json_object_get(found, "index")), id);
    return found;
}

static const char *text(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    cr_assert(s, "no text '%s'", key);
    return s;
}

static void check_prompt(void *context, size_t line, const json_t *golden)
{
    struct check *c = context;
    const json_t *it = item(c, golden);
    c->n_prompts++;
    (void)line;
    const json_t *contexts = json_object_get(golden, "context"); /* a list: one for each choice */
    if (json_is_array(contexts))
        cr_assert(json_equal(json_object_get(it, "contexts"), contexts), "the contexts differ");
    else
        cr_assert_str_eq(text(it, "context"), text(golden, "context"));
    const json_t *wanted = json_object_get(golden, "continuations"), *choices = json_object_get(it, "choices");
    for (size_t i = 0; i < json_array_size(wanted); i++)
        cr_assert_str_eq(text(json_array_get(choices, i), "continuation"), json_string_value(json_array_get(wanted, i)));
}

static void check_choices(struct check *c, const json_t *golden, const json_t *choices)
{
    const json_t *sums = json_object_get(golden, "loglikelihoods"), *ids = json_object_get(golden, "continuation_ids");
    const json_t *greedy = json_object_get(golden, "is_greedy");
    cr_assert_eq(json_array_size(choices), json_array_size(sums));
    for (size_t i = 0; i < json_array_size(sums); i++) {
        const json_t *choice = json_array_get(choices, i);
        double want = json_number_value(json_array_get(sums, i));
        double off = fabs(json_number_value(json_object_get(choice, "logprob")) - want);
        c->largest = fmax(c->largest, off);
        cr_assert_leq(off, 1e-3 + 1e-5 * fabs(want));
        cr_assert_eq(json_is_true(json_object_get(choice, "greedy")), json_is_true(json_array_get(greedy, i)));
        if (ids)
            cr_assert(json_equal(json_object_get(choice, "ids"), json_array_get(ids, i)), "continuation ids");
    }
}

static bool near_tie(const json_t *golden)
{
    const json_t *gap = json_object_get(golden, "min_gap");
    return gap && json_number_value(gap) < 1e-3;
}

static void check_metrics(const json_t *it, const json_t *golden)
{
    const char *filter = text(golden, "filter"), *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)json_object_get(golden, "metrics"), name, value) {
        char full[128];
        const json_t *metrics = json_object_get(it, "metrics"), *got = json_object_get(metrics, name);
        snprintf(full, sizeof full, "%s,%s", name, filter);
        if (strcmp(name, "math_verify") == 0) /* a parser of its own, which carat leaves out */
            continue;
        if (!got)
            got = json_object_get(metrics, full);
        cr_assert(got, "no metric %s", full);
        cr_assert_eq(json_number_value(got), json_number_value(value), "%s", full);
    }
}

static void check_result(void *context, size_t line, const json_t *golden)
{
    struct check *c = context;
    const json_t *it = item(c, golden);
    (void)line;
    c->n_lines++;
    const char *sha = json_string_value(json_object_get(golden, "prompt_sha256"));
    if (sha) {
        char hex[SHA256_HEX];
        const json_t *contexts = json_object_get(it, "contexts");
        const char *prompt = contexts ? json_string_value(json_array_get(contexts, 0)) : text(it, "context");
        cr_assert(prompt);
        sha256_hex(prompt, strlen(prompt), hex);
        cr_assert_str_eq(hex, sha, "the prompt differs");
        c->n_prompts++;
    }
    if (json_object_get(golden, "loglikelihoods")) {
        check_choices(c, golden, json_object_get(it, "choices"));
    } else {
        const json_t *sample = json_array_get(json_object_get(it, "samples"), 0);
        const json_t *ids = json_object_get(golden, "generated_ids");
        c->n_texts++;
        if (near_tie(golden)) {
            c->n_near_ties++;
            return;
        }
        cr_assert_str_eq(text(sample, "text"), text(golden, "generated"));
        if (ids)
            cr_assert(json_equal(json_object_get(sample, "ids"), ids), "generated ids");
    }
    check_metrics(it, golden);
    c->n_scores++;
}

/* The headline's mean and standard error as the run prints them, beside those of the folder's results.json: "TASK.Kshot". */
static void check_mean(const struct check *c, struct str printed, const char *results)
{
    char all_path[1200], key[200];
    const char *name = strrchr(results, '/') + 1;
    json_t *run, *all, *value;
    struct err err = ERR_INIT;
    snprintf(all_path, sizeof all_path, "%.*sresults.json", (int)(name - results), results);
    snprintf(key, sizeof key, "%.*s", (int)(strlen(name) - strlen(".jsonl")), name);
    cr_assert_eq(json_read(printed, "the run", 0, &run, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(json_read_file(all_path, 1 << 24, &all, &err), CARAT_OK, "%s", err.msg);
    const json_t *score = json_array_get(json_object_get(json_array_get(json_object_get(run, "runs"), 0), "scores"), 0);
    const json_t *golden = json_object_get(json_object_get(json_object_get(all, "tasks"), key), "results");
    const char *member, *metric = text(score, "metric");
    const size_t n = strlen(metric);
    bool found = false;
    json_object_foreach((json_t *)(uintptr_t)golden, member, value) {
        if (strncmp(member, metric, n) != 0 || (member[n] && member[n] != ','))
            continue;
        char error[200]; /* "acc,none" has its error in "acc_stderr,none" */
        const size_t bare = strcspn(member, ",");
        snprintf(error, sizeof error, "%.*s_stderr%s", (int)bare, member, member + bare);
        const double mean = json_number_value(json_object_get(score, "value"));
        cr_assert_float_eq(mean, json_number_value(value), 1e-9, "%s", member);
        cr_assert_float_eq(json_number_value(json_object_get(score, "stderr")), json_number_value(json_object_get(golden, error)), 1e-9,
                           "%s", error);
        found = true;
    }
    cr_assert(found || c->n_near_ties, "%s has no %s", key, metric);
    json_decref(run);
    json_decref(all);
}

static void collect(void *context, size_t line, const json_t *value)
{
    (void)line;
    json_array_append(context, (json_t *)(uintptr_t)value);
}

/* The rows printed below it are docs/parity.md's: all that is compared is asserted to be equal. */
static void print_head(const char *model)
{
    printf("| %s | items | prompts equal | scores equal | largest difference | not compared |\n| --- | --- | --- | --- | --- | --- |\n", model);
}

/* The real files' goldens have no means of whole runs: only their first documents were computed. */
static bool with_means(const char *results) { return strstr(results, "/lmeval/runs/") != NULL; }

/* Runs one task and compares; prompts may be NULL. `more` are further words of the command, NULL-terminated, or NULL. */
static void compare(const char *dir, const char *model, const char *data, const char *task, const char *shots,
                    const char *limit, const char *const *more, const char *prompts, const char *results)
{
    char *db = file_join(dir, "golden.db"), *shown = file_join(dir, "items.jsonl");
    unlink(db);
    const char *words[32] = {"run", "-q", "-m", model, "-t", task, "-k", shots, "--data", data, "--limit", limit, "--db", db,
                             "--json"};
    for (size_t n = 15; more && *more && n < 31; n++)
        words[n] = *more++;
    struct ran r = run_carat_words(words, NULL);
    expect_status(r, 0);
    char *printed = strndup(r.out, r.n_out);
    ran_release(&r);
    r = run_carat(NULL, "show", "1", "--json", "--db", db);
    expect_status(r, 0);
    cr_assert_eq(file_write(shown, r.out, r.n_out, NULL), CARAT_OK);
    ran_release(&r);
    struct check c = {.items = json_array()};
    each_json_line(shown, collect, c.items);
    if (prompts)
        each_json_line(prompts, check_prompt, &c);
    each_json_line(results, check_result, &c);
    cr_assert_gt(c.n_lines, 0);
    if (with_means(results))
        check_mean(&c, str_from(printed), results);
    printf("| %s | %zu | %zu | %zu of %zu | %.2g | %s |\n", strrchr(results, '/') + 1, json_array_size(c.items), c.n_prompts, c.n_scores,
           c.n_lines, c.largest, c.n_near_ties ? "near ties of the logits" : "");
    free(printed);
    json_decref(c.items);
    free(db);
    free(shown);
}

static const struct {
    const char *task, *shots;
} lmeval[] = {
    {"hellaswag", "0"},       {"hellaswag", "3"},       {"boolq", "0"},        {"boolq", "3"},
    {"mmlu_abstract_algebra", "0"}, {"mmlu_abstract_algebra", "5"}, {"mmlu_anatomy", "0"}, {"mmlu_anatomy", "5"},
    {"mmlu_world_religions", "0"},  {"mmlu_world_religions", "5"},  {"gsm8k", "0"},        {"gsm8k", "5"},
    {"humaneval", "0"},       {"piqa", "0"},            {"piqa", "3"},         {"social_iqa", "0"},
    {"social_iqa", "3"},      {"winogrande", "0"},      {"winogrande", "5"},   {"commonsense_qa", "0"},
    {"commonsense_qa", "4"},  {"openbookqa", "0"},      {"openbookqa", "3"},   {"arc_easy", "0"},
    {"arc_easy", "3"},        {"arc_challenge", "0"},   {"arc_challenge", "5"},
    {"mbpp", "0"},            {"mbpp", "3"},            {"triviaqa", "0"},     {"triviaqa", "4"},
    {"nq_open", "0"},         {"nq_open", "4"},         {"bbh_boolean_expressions", "3"}, {"bbh_object_counting", "3"},
    {"agieval_aqua_rat", "0"}, {"agieval_math", "0"},   {"agieval_math", "2"},
    {"gsm8k_cot", "8"},       {"minerva_math_algebra", "0"}, {"minerva_math_algebra", "4"},
};

/* MBPP's shots are rows of the real file, its made-up items have a file without them: both in one. */
static const char *mbpp_data(const char *dir)
{
    const char *files[] = {shared_path("data/mbpp/mbpp.jsonl"),
                           shared_path("fixtures/lmeval/datasets-original/mbpp/mbpp.jsonl")};
    struct buf real = BUF_INIT(1 << 20), all = BUF_INIT(1 << 20);
    char *path = file_join(dir, "mbpp.jsonl");
    cr_assert_eq(file_read(files[0], 1 << 20, &real, NULL), CARAT_OK);
    size_t n = 0;
    for (int line = 0; line < 10; line++)
        n = (size_t)str_find(buf_str(&real), STR("\n"), n) + 1;
    buf_add(&all, real.p, n);
    cr_assert_eq(file_read(files[1], 1 << 20, &all, NULL), CARAT_OK);
    cr_assert_eq(file_write(path, all.p, all.n, NULL), CARAT_OK);
    buf_release(&real);
    buf_release(&all);
    free(path);
    return dir;
}

/* BBH's made-up items and, beside them, the published exemplars. */
static const char *bbh_data(const char *dir)
{
    char *folder = file_join(dir, "bbh"), *links[2] = {file_join(folder, "bbh"), file_join(folder, "cot-prompts")};
    const char *targets[2] = {shared_path("fixtures/lmeval/datasets-original/bbh"), shared_path("data/bbh/cot-prompts")};
    cr_assert_eq(file_mkdirs(folder, NULL), CARAT_OK);
    for (int i = 0; i < 2; i++) {
        unlink(links[i]);
        cr_assert_eq(symlink(targets[i], links[i]), 0);
        free(links[i]);
    }
    free(folder);
    return dir;
}

static void link_to(const char *dir, const char *name, const char *target)
{
    char *path = file_join(dir, name);
    unlink(path);
    cr_assert_eq(symlink(target, path), 0);
    free(path);
}

/* Appends the worked examples of a golden prompt, each as `format` has it with question and answer as JSON texts. */
static void add_examples(const char *prompts, const char *head, const char *middle, size_t n, const char *format[3],
                         struct buf *out)
{
    json_t *golden = NULL, *pieces[2];
    struct buf lines = BUF_INIT(1 << 24);
    cr_assert_eq(file_read(shared_path(prompts), 1 << 24, &lines, NULL), CARAT_OK);
    struct str first = {lines.p, (size_t)str_find(buf_str(&lines), STR("\n"), 0)}, text;
    cr_assert_eq(json_read(first, prompts, 1, &golden, NULL), CARAT_OK);
    cr_assert(json_get_str(golden, "context", &text));
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t from = (size_t)str_find(text, str_from(head), at) + strlen(head);
        const size_t to = (size_t)str_find(text, str_from(middle), from), reply = to + strlen(middle);
        at = (size_t)str_find(text, str_from(head), reply);
        pieces[0] = json_text((struct str){text.p + from, to - from});
        pieces[1] = json_text((struct str){text.p + reply, at - 2 - reply});
        for (int k = 0; k < 2; k++) {
            char *json = json_dumps(pieces[k], JSON_ENCODE_ANY);
            buf_printf(out, "%s%s", format[k], json);
            free(json);
            json_decref(pieces[k]);
        }
        buf_adds(out, format[2]);
    }
    json_decref(golden);
    buf_release(&lines);
}

/* The reference's task file with the eight examples, as it is published, and GSM8K's items beside it. */
static const char *gsm8k_cot_data(const char *dir)
{
    struct buf text = BUF_INIT(1 << 20);
    char *folder = file_join(dir, "gsm8k"), *path = file_join(folder, "gsm8k-cot.yaml");
    buf_adds(&text, "task: gsm8k_cot\nfewshot_config:\n  sampler: first_n\n  samples:\n");
    add_examples("fixtures/lmeval/prompts/gsm8k_cot.8shot.jsonl", "Q: ", "\nA: ", 8,
                 (const char *[3]){"  - question: ", "\n    target: ", "\n"}, &text);
    cr_assert_eq(file_mkdirs(folder, NULL), CARAT_OK);
    cr_assert_eq(file_write(path, text.p, text.n, NULL), CARAT_OK);
    link_to(folder, "test.jsonl", shared_path("fixtures/lmeval/datasets-original/gsm8k/test.jsonl"));
    buf_release(&text);
    free(path);
    free(folder);
    return dir;
}

/* The reference's module with Minerva's four, and MATH's items, a file each. */
static const char *minerva_data(const char *dir)
{
    struct buf text = BUF_INIT(1 << 20);
    char *path = file_join(dir, "minerva-utils.py");
    buf_adds(&text, "import re\n\n\ndef list_fewshot_samples() -> list[dict]:\n    return [\n");
    add_examples("fixtures/lmeval/prompts/minerva_math_algebra.4shot.jsonl", "Problem:\n", "\n\nSolution: ", 4,
                 (const char *[3]){"        {\"problem\": ", ",\n\"solution\": ", ",\n\"few_shot\": \"1\"},\n"}, &text);
    buf_adds(&text, "    ]\n");
    cr_assert_eq(file_write(path, text.p, text.n, NULL), CARAT_OK);
    link_to(dir, "MATH", shared_path("fixtures/lmeval/datasets-original/MATH"));
    buf_release(&text);
    free(path);
    return dir;
}

/* The data folder and the reference's name where they are not the usual ones. */
static void settle(const char *dir, const char *task, char *data, size_t n_data, char *name, size_t n_name)
{
    snprintf(name, n_name, "%s", task);
    if (strcmp(task, "mbpp") == 0)
        snprintf(data, n_data, "%s", mbpp_data(dir));
    if (strcmp(task, "gsm8k_cot") == 0)
        snprintf(data, n_data, "%s", gsm8k_cot_data(dir));
    if (strncmp(task, "minerva_math", 12) == 0)
        snprintf(data, n_data, "%s", minerva_data(dir));
    if (strncmp(task, "bbh_", 4) == 0) {
        snprintf(data, n_data, "%s", bbh_data(dir));
        snprintf(name, n_name, "bbh_cot_fewshot_%s", task + 4);
    }
}

static void compare_lmeval(const char *model)
{
    SHARED_OR_SKIP(fixtures, "fixtures/lmeval");
    const char *dir = temp_dir();
    print_head(model);
    for (size_t i = 0; i < sizeof lmeval / sizeof *lmeval; i++) {
        char path[1200], data[1200], prompts[1200], results[1200], name[100];
        snprintf(path, sizeof path, "%s/models/%s", fixtures, model);
        /* once in the Hub's schema, once in the first releases' formats */
        snprintf(data, sizeof data, "%s/%s", fixtures, i % 2 ? "datasets" : "datasets-original");
        settle(dir, lmeval[i].task, data, sizeof data, name, sizeof name);
        snprintf(prompts, sizeof prompts, "%s/prompts/%s.%sshot.jsonl", fixtures, name, lmeval[i].shots);
        snprintf(results, sizeof results, "%s/runs/%s/%s.%sshot.jsonl", fixtures, model, name, lmeval[i].shots);
        compare(dir, path, data, lmeval[i].task, lmeval[i].shots, "1000", NULL, prompts, results);
    }
    temp_remove(dir);
}

Test(e2e_goldens, gemma_equals_the_reference_harness, .timeout = 300)
{
    compare_lmeval("gemma");
}

Test(e2e_goldens, llama_equals_the_reference_harness, .timeout = 300)
{
    compare_lmeval("llama");
}

/* BBH without steps: task files that say what the reference's say. Its filter for counted objects also reads numbers
 * written in words, of which no answer here has any. */
static void put_bbh(const char *dir, const char *task, const char *description, const char *more)
{
    struct buf text = BUF_INIT(1 << 16);
    char *path = file_join(dir, "bbh.yaml"), data[1200];
    buf_printf(&text,
               "task: %s\ndataset_path: json\ndataset_kwargs:\n  data_files: {test: rows.jsonl}\ntest_split: test\n"
               "output_type: generate_until\ndescription: \"%s\\n\\n\"\ndoc_to_text: \"Q: {{input}}\\nA:\"\n"
               "doc_to_target: \"{{target}}\"\n%s",
               task, description, more);
    cr_assert_eq(file_write(path, text.p, text.n, NULL), CARAT_OK);
    snprintf(data, sizeof data, "fixtures/lmeval/datasets/bbh_%s/test.jsonl", strstr(task, "shot_") + 5);
    link_to(dir, "rows.jsonl", shared_path(data));
    buf_release(&text);
    free(path);
}

static void compare_bbh(const char *dir, const char *model, const char *task, const char *shots)
{
    const char *fixtures = shared_path("fixtures/lmeval");
    char path[1200], prompts[1200], results[1200], *file = file_join(dir, "bbh.yaml");
    snprintf(path, sizeof path, "%s/models/%s", fixtures, model);
    snprintf(prompts, sizeof prompts, "%s/prompts/%s.%sshot.jsonl", fixtures, task, shots);
    snprintf(results, sizeof results, "%s/runs/%s/%s.%sshot.jsonl", fixtures, model, task, shots);
    compare(dir, path, dir, file, shots, "1000", NULL, prompts, results);
    free(file);
}

#define LENIENT(pattern)                                                                                          \
    "num_fewshot: 0\ngeneration_kwargs:\n  until: ['</s>', 'Q:', '<|im_end|>']\n  do_sample: false\nmetric_list:\n"     \
    "  - metric: exact_match\n    ignore_case: true\n    regexes_to_ignore: [\"\\\\.$\", ',', \"\\n\", \"\\\\\\\\\", '\"']\n" \
    "filter_list:\n  - name: strict-match\n    filter: [{function: take_first}]\n  - name: flexible-extract\n"        \
    "    filter:\n      - {function: regex, group_select: 0, regex_pattern: \"" pattern "\"}\n      - {function: take_first}\n"

Test(e2e_goldens, bbh_without_steps_equals_the_reference_harness, .timeout = 120)
{
    static const char *const models[] = {"gemma", "llama"};
    static const char logic[] = "Evaluate the result of a random Boolean expression.";
    static const char counts[] = "Questions that involve enumerating objects and asking the model to count them.";
    SHARED_OR_SKIP(fixtures, "fixtures/lmeval");
    const char *dir = temp_dir();
    struct buf strict = BUF_INIT(1 << 16);
    buf_adds(&strict, "num_fewshot: 3\ngeneration_kwargs:\n  until: ['</s>', 'Q', \"\\n\\n\"]\n  do_sample: false\nmetric_list:\n"
                      "  - metric: exact_match\nfewshot_config:\n  sampler: first_n\n  samples:\n");
    add_examples("fixtures/lmeval/prompts/bbh_fewshot_object_counting.3shot.jsonl", "Q: ", "\nA: ", 3,
                 (const char *[3]){"  - input: ", "\n    target: ", "\n"}, &strict);
    for (size_t m = 0; m < sizeof models / sizeof *models; m++) {
        put_bbh(dir, "bbh_zeroshot_boolean_expressions", logic, LENIENT("\\\\b(True|False)\\\\b"));
        compare_bbh(dir, models[m], "bbh_zeroshot_boolean_expressions", "0");
        put_bbh(dir, "bbh_zeroshot_object_counting", counts, LENIENT("([-0-9]+)"));
        compare_bbh(dir, models[m], "bbh_zeroshot_object_counting", "0");
        put_bbh(dir, "bbh_fewshot_object_counting", counts, strict.p);
        compare_bbh(dir, models[m], "bbh_fewshot_object_counting", "3");
    }
    buf_release(&strict);
    temp_remove(dir);
}

Test(e2e_goldens, conversations_equal_the_reference_harness, .timeout = 120)
{
    static const char *const runs[][2] = {{"boolq", "0"}, {"boolq", "2"}, {"gsm8k", "2"}, {"nq_open", "0"}};
    SHARED_OR_SKIP(fixtures, "fixtures/lmeval");
    const char *dir = temp_dir();
    print_head("gemma, in conversations");
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        char model[1200], data[1200], prompts[1200], results[1200];
        snprintf(model, sizeof model, "%s/models/gemma", fixtures);
        snprintf(data, sizeof data, "%s/datasets", fixtures);
        snprintf(prompts, sizeof prompts, "%s/prompts-chat/%s.%sshot.jsonl", fixtures, runs[i][0], runs[i][1]);
        snprintf(results, sizeof results, "%s/runs/gemma-chat/%s.%sshot.jsonl", fixtures, runs[i][0], runs[i][1]);
        compare(dir, model, data, runs[i][0], runs[i][1], "1000", (const char *const[]){"--chat", NULL}, prompts, results);
    }
    temp_remove(dir);
}

/* Prompts of some 500 tokens in a model held to 160: cut on the left, BOS and all. */
Test(e2e_goldens, prompts_cut_on_the_left_equal_the_reference_harness, .timeout = 120)
{
    static const char *const runs[][2] = {{"boolq", "3"}, {"hellaswag", "3"}, {"winogrande", "3"}, {"gsm8k", "2"}};
    static const char *const cut[] = {"--max-length", "160", "--truncation", "left", "--max-tokens", "32", NULL};
    SHARED_OR_SKIP(fixtures, "fixtures/lmeval");
    const char *dir = temp_dir();
    print_head("gemma, held to 160 tokens");
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        char model[1200], data[1200], prompts[1200], results[1200];
        snprintf(model, sizeof model, "%s/models/gemma", fixtures);
        snprintf(data, sizeof data, "%s/datasets", fixtures);
        snprintf(prompts, sizeof prompts, "%s/prompts/%s.%sshot.jsonl", fixtures, runs[i][0], runs[i][1]);
        snprintf(results, sizeof results, "%s/runs/gemma-maxlen/%s.%sshot.jsonl", fixtures, runs[i][0], runs[i][1]);
        compare(dir, model, data, runs[i][0], runs[i][1], "1000", cut, prompts, results);
    }
    temp_remove(dir);
}

Test(e2e_goldens, real_files_equal_the_reference_harness, .timeout = 400)
{
    static const struct {
        const char *task, *shots, *limit;
    } runs[] = {{"hellaswag", "0", "100"},
                {"boolq", "0", "100"},
                {"gsm8k", "0", "10"},
                {"mmlu_abstract_algebra", "5", "100"},
                {"mmlu_college_physics", "5", "100"},
                {"piqa", "0", "100"},
                {"social_iqa", "0", "100"},
                {"winogrande", "0", "100"},
                {"commonsense_qa", "0", "100"},
                {"openbookqa", "0", "100"},
                {"arc_easy", "0", "100"},
                {"arc_challenge", "0", "100"},
                {"nq_open", "0", "25"}};
    SHARED_OR_SKIP(shared, ".");
    const char *dir = temp_dir();
    print_head("stories260K on the real files");
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        char model[1200], data[1200], results[1200];
        snprintf(model, sizeof model, "%s/fixtures/real/stories260K", shared);
        snprintf(data, sizeof data, "%s/data", shared);
        snprintf(results, sizeof results, "%s/fixtures/real/goldens/%s.%sshot.jsonl", shared, runs[i].task, runs[i].shots);
        compare(dir, model, data, runs[i].task, runs[i].shots, runs[i].limit, NULL, NULL, results);
    }
    temp_remove(dir);
}
