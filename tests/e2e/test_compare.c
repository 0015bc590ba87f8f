/* carat compare, on stores made here item by item and on runs of the bundled checkpoints. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "results/results.h"
#include "tests/support/process.h"
#include "tests/support/support.h"

/* ---- a store ------------------------------------------------------------------------------------- */

struct made_task {
    const char *name, *parent, *title, *metric;
    int shots, version;
    const char *data, *settings, *prefix;
    int64_t first, n;                            /* items [first, first + n) */
    double (*score)(const char *model, int64_t i); /* NaN: the item was refused */
    bool generated;
    int64_t per_passage;                         /* items that share one; 0: none do */
};

static double answers(const char *model, int64_t i)
{
    bool right = *model == 'A' ? i % 2 == 0 : i % 2 == 0 || i % 4 == 1;
    return right;
}

static double nearly(const char *model, int64_t i)
{
    return *model == 'A' ? i < 10 : i >= 1 && i < 11;
}

static double subjects(const char *model, int64_t i)
{
    return (i * 7 + (*model == 'A' ? 0 : 3)) % 5 < (*model == 'A' ? 2 : 3);
}

static double shares(const char *model, int64_t i)
{
    return (double)((i * 3 + (*model == 'A' ? 1 : 2)) % 5) / 4;
}

/* All items of a passage of five stand or fall together. */
static double passages(const char *model, int64_t i)
{
    return i / 5 % 3 <= (*model == 'A' ? 0 : 1);
}

static double refusing(const char *model, int64_t i)
{
    return *model == 'B' && i == 3 ? NAN : answers(model, i);
}

static void put_item(struct carat_store *st, int64_t task, const struct made_task *t, const char *model, int64_t i)
{
    char prompt[64], row[SHA256_HEX], text[64];
    double score = t->score(model, i);
    bool refused = isnan(score), right = score >= 1;
    int gold = (int)(i % 2), chosen = right ? gold : 1 - gold;
    snprintf(prompt, sizeof prompt, "Question %d?\nAnswer:", (int)i);
    snprintf(text, sizeof text, " The sum of %d and \xE2\x82\xAC is %s", (int)i, right ? "\xE2\x82\xAC" "7" : "\xE2\x82\xAB" "8");
    sha256_hex(prompt, strlen(prompt), row);
    const int32_t ids[3] = {5, right ? 6 : 7, 8};
    const double logprobs[3] = {-1, -2, -3}, margins[3] = {2, i % 4 == 1 && *model == 'A' ? 0.004 : 0.25, 3};
    /* every fourth item is decided by 0.004 nats */
    double margin = i % 4 == 1 ? 0.004 : 1.5;
    struct carat_choice_record choices[2] = {{.continuation = STR(" no"), .ids = ids, .logprobs = logprobs, .n_ids = 1},
                                             {.continuation = STR(" yes"), .ids = ids, .logprobs = logprobs, .n_ids = 1}};
    choices[chosen].logprob = -1;
    choices[1 - chosen].logprob = -1 - margin;
    struct carat_sample_record sample = {.text = str_from(text), .ids = ids, .n_ids = 3, .margins = *model == 'A' || i < 4 ? margins : NULL,
                                         .finish = STR("stop")};
    struct carat_answer_record answer = {.filter = STR("strict"), .answer = right ? STR("7") : STR("8"), .score = score};
    struct carat_metric_record metric = {str_from(t->metric), score};
    struct carat_item_record item = {.index = i,
                                     .row_sha256 = str_from(row),
                                     .prefix = str_from(t->prefix),
                                     .prompt = str_from(prompt),
                                     .target = STR("x"),
                                     .gold = t->generated ? -1 : gold,
                                     .outcome = refused ? CARAT_REFUSED : right ? CARAT_RIGHT : CARAT_WRONG,
                                     .choices = choices,
                                     .n_choices = refused || t->generated ? 0 : 2,
                                     .samples = &sample,
                                     .n_samples = !refused && t->generated,
                                     .answers = &answer,
                                     .n_answers = !refused && t->generated,
                                     .metrics = &metric,
                                     .n_metrics = !refused,
                                     .message = refused ? STR("too long") : STR("")};
    if (t->per_passage) {
        item.cluster_of = STR("passage");
        item.cluster = i / t->per_passage;
    }
    struct err err = ERR_INIT;
    cr_assert_eq(carat_store_put(st, task, &item, &err), CARAT_OK, "%s", err.msg);
}

static void put_task(struct carat_store *st, int64_t run, const char *model, const struct made_task *t)
{
    struct err err = ERR_INIT;
    int64_t task;
    struct carat_task_info info = {.name = str_from(t->name),
                                   .parent = str_from(t->parent),
                                   .title = str_from(t->title),
                                   .version = t->version,
                                   .shots = t->shots,
                                   .data_path = STR("data.jsonl"),
                                   .data_sha256 = str_from(t->data),
                                   .settings = str_from(t->settings),
                                   .headline = str_from(t->metric),
                                   .n_rows = 100,
                                   .n_planned = t->n,
                                   .chance = 0.5};
    cr_assert_eq(carat_store_task(st, run, &info, &task, &err), CARAT_OK, "%s", err.msg);
    for (int64_t i = t->first; i < t->first + t->n; i++)
        put_item(st, task, t, model, i);
    cr_assert_eq(carat_store_commit(st, &err), CARAT_OK, "%s", err.msg);
}

static void put_run(struct carat_store *st, const char *model, const struct made_task *tasks, size_t n)
{
    struct err err = ERR_INIT;
    int64_t run;
    struct carat_run_info info = {
        .key = str_from(model),
        .model_name = str_from(model),
        .model_path = STR("x"),
        .weights_sha256 = STR("x"),
        .tokenizer_sha256 = STR("x"),
        .settings = *model == 'A' ? STR("{\"deciding\":{\"precision\":\"f32\",\"tokenizer_sha256\":\"x\"}}")
                                  : STR("{\"deciding\":{\"precision\":\"bf16\",\"tokenizer_sha256\":\"x\"}}"),
        .carat_version = STR("x"),
        .compiler = STR("x"),
        .isa = STR("x"),
        .cpu = STR("x")};
    cr_assert_eq(carat_store_run(st, &info, true, &run, &err), CARAT_OK, "%s", err.msg);
    for (size_t i = 0; i < n; i++)
        put_task(st, run, model, &tasks[i]);
}

/* "x.db" in `dir` with a run A of the first list and a run B of the second. Free it. */
static char *make_store(const char *dir, const char *name_b, const struct made_task *a, size_t n_a,
                        const struct made_task *b, size_t n_b)
{
    struct err err = ERR_INIT;
    struct carat_store *st;
    char *db = file_join(dir, "x.db");
    cr_assert_eq(carat_store_open(db, CARAT_STORE_WRITE, &st, &err), CARAT_OK, "%s", err.msg);
    put_run(st, "A-model", a, n_a);
    put_run(st, name_b, b, n_b);
    carat_store_free(st);
    return db;
}

#define PLAIN(task_name, how, count)                                                                   \
    {                                                                                                  \
        .name = task_name, .title = task_name, .metric = "acc", .version = 1, .data = "0123456789",    \
        .settings = "{\"delimiter\":\" \"}", .prefix = "", .n = count, .score = how                    \
    }
#define SUBJECT(task_name, from, count)                                                                \
    {                                                                                                  \
        .name = task_name, .parent = "suite", .title = "Suite", .metric = "acc", .shots = 2,           \
        .version = 1, .data = "0123456789", .settings = "{}", .prefix = "two shots\n\n", .first = from, \
        .n = count, .score = subjects                                                                  \
    }
#define GENERATED(task_name, how, count)                                                               \
    {                                                                                                  \
        .name = task_name, .title = task_name, .metric = "exact_match,strict", .version = 1,           \
        .data = "0123456789", .settings = "{}", .prefix = "", .n = count, .score = how, .generated = true \
    }

static const struct made_task several[] = {
    PLAIN("alpha", answers, 60),       PLAIN("beta", nearly, 20),     SUBJECT("suite_one", 0, 8), SUBJECT("suite_two", 0, 12),
    SUBJECT("suite_three", 0, 20),     PLAIN("parts", shares, 15),    GENERATED("gen", answers, 6), PLAIN("one", answers, 1),
    PLAIN("refusing", refusing, 10),
};
enum { N_SEVERAL = sizeof several / sizeof *several };

static bool has(const char *text, const char *what)
{
    return strstr(text, what) != NULL;
}

/* The words of a golden; written anew where CARAT_UPDATE_GOLDENS is set. */
static void expect_golden(const char *name, const char *text)
{
    struct buf path = BUF_INIT(1 << 12), want = BUF_INIT(1 << 20);
    buf_printf(&path, "compare/%s", name);
    if (getenv("CARAT_UPDATE_GOLDENS"))
        file_write(golden_path(path.p), text, strlen(text), NULL);
    cr_assert_eq(file_read(golden_path(path.p), 1 << 20, &want, NULL), CARAT_OK, "%s", path.p);
    cr_assert_str_eq(text, want.p, "%s:\n%s", name, text);
    buf_release(&path);
    buf_release(&want);
}

static json_t *parse(const char *text)
{
    struct err err = ERR_INIT;
    json_t *json;
    cr_assert_eq(json_read(str_from(text), "output", 0, &json, &err), CARAT_OK, "%s\n%s", err.msg, text);
    return json;
}

/* ---- what it says ------------------------------------------------------------------------------------ */

Test(e2e_compare, tables_and_flips_read_as_reviewed, .timeout = 60)
{
    const char *dir = temp_dir();
    char *db = make_store(dir, "B-model", several, N_SEVERAL, several, N_SEVERAL);
    static const char *const formats[][2] = {{"text", "table.txt"}, {"markdown", "table.md"}, {"csv", "table.csv"}};
    for (size_t i = 0; i < 3; i++) {
        struct ran r = run_carat(NULL, "compare", "A-model", "B-model", "--db", db, "--format", formats[i][0], "-q");
        expect_status(r, 0);
        expect_golden(formats[i][1], r.out);
        ran_release(&r);
    }
    struct ran r = run_carat(NULL, "compare", "1", "2", "--db", db, "--flips", "-t", "beta,gen,parts");
    expect_status(r, 0);
    expect_golden("flips.txt", r.out);
    ran_release(&r);
    free(db);
    temp_remove(dir);
}

static void expect_keys(const json_t *object, const char *const *keys)
{
    size_t n = 0;
    for (; keys[n]; n++)
        cr_assert(json_object_get(object, keys[n]), "no key '%s'", keys[n]);
    cr_assert_eq(json_object_size(object), n, "a key is new: tell it in docs/statistics.md and here");
}

Test(e2e_compare, json_has_the_documented_keys, .timeout = 60)
{
    const char *dir = temp_dir();
    char *db = make_store(dir, "B-model", several, N_SEVERAL, several, N_SEVERAL);
    struct ran r = run_carat(NULL, "compare", "A-model", "B-model", "--db", db, "--json", "--flips", "--fail-if-worse", "0");
    expect_status(r, 0);
    json_t *json = parse(r.out), *bench, *flip;
    expect_keys(json, (const char *const[]){"a", "b", "level", "forced", "benchmarks", "mean", "notes", "gate", "flips", NULL});
    size_t i;
    json_array_foreach(json_object_get(json, "benchmarks"), i, bench)
    {
        expect_keys(bench, (const char *const[]){"task", "title", "metric", "shots", "version", "n_leaves", "n", "a", "b",
                                                 "difference", "interval", "method", "gate_interval", "bootstrap", "se",
                                                 "cluster_se", "clustered_by", "n_clusters", "pairs", "tests", "detectable", "items_needed",
                                                 "better", "verdict", "over_subsets", "left_out", "prompts_differ",
                                                 "outcomes", NULL});
        double low = json_number_value(json_object_get(json_object_get(bench, "interval"), "low"));
        double high = json_number_value(json_object_get(json_object_get(bench, "interval"), "high"));
        double difference = json_number_value(json_object_get(bench, "difference"));
        cr_assert(low <= difference && difference <= high);
    }
    cr_assert_eq(i, 7);
    json_array_foreach(json_object_get(json, "flips"), i, flip)
        cr_assert(json_object_get(flip, "task") && json_object_get(flip, "index") && json_object_get(flip, "right"));
    cr_assert_gt(i, 20);
    json_decref(json);
    struct ran again = run_carat(NULL, "compare", "A-model", "B-model", "--db", db, "--json", "--flips", "--fail-if-worse", "0");
    cr_assert_str_eq(again.out, r.out, "the bootstrap is seeded");
    ran_release(&again);
    again = run_carat(NULL, "compare", "A-model", "B-model", "--db", db, "--json", "--seed", "7", "-t", "parts");
    cr_assert(has(again.out, "\"seed\":7"));
    ran_release(&again);
    ran_release(&r);
    free(db);
    temp_remove(dir);
}

Test(e2e_compare, the_gate_fails_on_evidence_alone, .timeout = 60)
{
    const char *dir = temp_dir();
    char *db = make_store(dir, "B-model", several, N_SEVERAL, several, N_SEVERAL), *xml = file_join(dir, "x.xml");
    /* B is better by 25 points on alpha; turned round it is worse, by at least 12.7 of 60 items */
    static const struct {
        const char *a, *b, *task, *delta;
        int status;
    } cases[] = {{"1", "2", "alpha", "0", 0},  {"2", "1", "alpha", "0", 1},    {"2", "1", "alpha", "12", 1},
                 {"2", "1", "alpha", "20", 0}, {"2", "1", "beta", "0", 0},     {"1", "1", "alpha", "0", 0},
                 {"2", "1", "alpha,beta,gen", "5.5", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ran r = run_carat(NULL, "compare", cases[i].a, cases[i].b, "-t", cases[i].task, "--fail-if-worse",
                                 cases[i].delta, "--db", db, "--junit", xml);
        expect_status(r, cases[i].status);
        cr_assert(has(r.err, cases[i].status ? "gate failed: B is worse than A" : "gate passed: no evidence"), "%s", r.err);
        cr_assert(has(r.out, "benchmark"), "the table is printed either way");
        struct buf file = BUF_INIT(1 << 20);
        cr_assert_eq(file_read(xml, 1 << 20, &file, NULL), CARAT_OK);
        cr_assert_eq(has(file.p, "<failure"), cases[i].status == 1, "%s", file.p);
        buf_release(&file);
        ran_release(&r);
    }
    static const char *const bad[] = {"", "-1", "101", "1%", "nan", "x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct ran r = run_carat(NULL, "compare", "1", "2", "--db", db, "--fail-if-worse", bad[i]);
        expect_status(r, 2);
        cr_assert(has(r.err, "percentage points"), "%s", r.err);
        ran_release(&r);
    }
    struct ran r = run_carat(NULL, "compare", "1", "2", "--db", db, "--junit", "/nowhere/x.xml");
    cr_assert(r.status == 3 || r.status == 4, "%d %s", r.status, r.err);
    ran_release(&r);
    free(db);
    free(xml);
    temp_remove(dir);
}

/* ---- what it refuses ------------------------------------------------------------------------------------ */

Test(e2e_compare, what_was_not_asked_the_same_is_refused_by_name, .timeout = 60)
{
    static const struct {
        struct made_task b;
        const char *said;
    } cases[] = {
        {{.shots = 5}, "alpha: 0 shots in A and 5 in B"},
        {{.version = 2}, "alpha: task version 1 in A and 2 in B"},
        {{.settings = "{\"delimiter\":\"\"}"}, "alpha: other settings"},
        {{.data = "abcdefghij"}, "alpha: another data file (SHA-256 01234567... in A, abcdefgh... in B)"},
        {{.metric = "acc_norm"}, "alpha: headline metric acc in A and acc_norm in B"},
        {{.prefix = "Answer this.\n\n"}, "alpha: another prompt"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *dir = temp_dir();
        struct made_task a = PLAIN("alpha", answers, 12), b = a;
        b.shots = cases[i].b.shots;
        b.version = cases[i].b.version ? cases[i].b.version : a.version;
        b.settings = cases[i].b.settings ? cases[i].b.settings : a.settings;
        b.data = cases[i].b.data ? cases[i].b.data : a.data;
        b.metric = cases[i].b.metric ? cases[i].b.metric : a.metric;
        b.prefix = cases[i].b.prefix ? cases[i].b.prefix : a.prefix;
        char *db = make_store(dir, "B-model", &a, 1, &b, 1);
        struct ran r = run_carat(NULL, "compare", "1", "2", "--db", db);
        expect_status(r, 3);
        cr_assert(has(r.err, cases[i].said) && has(r.err, "--force") && r.n_out == 0, "case %zu: %s", i, r.err);
        ran_release(&r);
        r = run_carat(NULL, "compare", "1", "2", "--db", db, "--force");
        expect_status(r, 0);
        cr_assert(has(r.err, "FORCED") && has(r.out, "FORCED, the scores may not be comparable: alpha"), "case %zu: %s%s", i,
                  r.out, r.err);
        ran_release(&r);
        free(db);
        temp_remove(dir);
    }
}

Test(e2e_compare, a_task_run_twice_is_paired_with_its_like, .timeout = 60)
{
    const char *dir = temp_dir();
    struct made_task zero = PLAIN("alpha", answers, 12), five = zero;
    five.shots = 5;
    five.prefix = "five shots\n\n";
    const struct made_task a[] = {five, zero}, b[] = {zero};
    char *db = make_store(dir, "B-model", a, 2, b, 1);
    struct ran r = run_carat(NULL, "compare", "1", "2", "--db", db, "--format", "csv");
    expect_status(r, 0);
    cr_assert(has(r.out, "alpha,0,acc,12"), "%s", r.out);
    cr_assert(has(r.err, "left out, in one run alone: alpha (5-shot) (A)"), "%s", r.err);
    ran_release(&r);
    free(db);
    temp_remove(dir);
}

Test(e2e_compare, only_common_items_count_and_the_rest_is_told, .timeout = 60)
{
    const char *dir = temp_dir();
    struct made_task a = PLAIN("alpha", answers, 12), b = a, far = a;
    b.first = 4;
    b.n = 20;
    char *db = make_store(dir, "B-model", &a, 1, &b, 1);
    struct ran r = run_carat(NULL, "compare", "1", "2", "--db", db);
    expect_status(r, 0);
    cr_assert(has(r.out, "alpha: only the 8 common items are compared; left out: 4 that A alone has, 12 that B alone has"),
              "%s", r.out);
    ran_release(&r);
    free(db);
    temp_remove(dir);
    dir = temp_dir();
    far.first = 50;
    db = make_store(dir, "B-model", &a, 1, &far, 1);
    r = run_carat(NULL, "compare", "1", "2", "--db", db, "--fail-if-worse", "0");
    expect_status(r, 0);
    cr_assert(has(r.out, "no common items"), "%s", r.out);
    cr_assert(has(r.err, "the gate has compared nothing"), "%s", r.err);
    ran_release(&r);
    r = run_carat(NULL, "compare", "1", "2", "--db", db, "--json", "--flips");
    expect_status(r, 0);
    json_decref(parse(r.out));
    ran_release(&r);
    free(db);
    temp_remove(dir);
}

static json_t *json_of(char *db, const char *command, const char *a, const char *b)
{
    struct ran r = run_carat(NULL, command, a, b, "--db", db, "--json");
    expect_status(r, 0);
    json_t *json = parse(r.out);
    ran_release(&r);
    return json;
}

static double number(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

/* Items of a passage answered alike are worth less: intervals, p and power allow for it, and say so. */
Test(e2e_compare, items_that_share_a_passage_widen_the_interval, .timeout = 60)
{
    const char *dir = temp_dir();
    struct made_task t = PLAIN("read", passages, 120), same = PLAIN("one", answers, 40), single = PLAIN("each", passages, 120);
    t.per_passage = 5;
    same.per_passage = 1000;
    single.per_passage = 1;
    const struct made_task tasks[] = {t, same, single};
    char *db = make_store(dir, "B-model", tasks, 3, tasks, 3);
    json_t *compared = json_of(db, "compare", "1", "2"), *reported = json_of(db, "report", "1", "2");
    const json_t *b = json_object_get(compared, "benchmarks");
    const json_t *read = json_array_get(b, 0), *one = json_array_get(b, 1), *each = json_array_get(b, 2);
    cr_assert_str_eq(json_string_value(json_object_get(read, "clustered_by")), "passage");
    cr_assert_str_eq(json_string_value(json_object_get(read, "method")), "cluster t");
    cr_assert_eq(number(read, "n_clusters"), 24);
    /* the items of a cluster are equal: the error is sqrt(5) as large, but for the factors of n - 1 */
    cr_assert_float_eq(number(read, "cluster_se") / number(read, "se"), sqrt(5 * (119.0 / 120) * (24.0 / 23)), 1e-9);
    cr_assert_str_eq(json_string_value(json_object_get(one, "method")), "tango");
    cr_assert(json_is_null(json_object_get(each, "clustered_by")));
    const json_t *scores = json_object_get(json_array_get(json_object_get(reported, "runs"), 0), "scores");
    const json_t *score = NULL;
    for (size_t i = 0; i < json_array_size(scores); i++)
        if (has(json_string_value(json_object_get(json_array_get(scores, i), "task")), "read"))
            score = json_array_get(scores, i);
    const json_t *clusters = json_object_get(score, "clusters");
    cr_assert(number(clusters, "n") == 24 && number(clusters, "alone") == 0 && json_is_true(json_object_get(clusters, "used")));
    cr_assert_float_eq(number(score, "high") - number(score, "low"), 2 * 2.0686576104190406 * number(clusters, "stderr"), 1e-9);
    struct ran r = run_carat(NULL, "compare", "1", "2", "--db", db);
    cr_assert(has(r.out, "read: 24 passages: items of one may stand or fall together, and the interval allows for it"), "%s", r.out);
    cr_assert(has(r.out, "one: all items share one passage; its interval is of independent items, and may be far too narrow"), "%s",
              r.out);
    ran_release(&r);
    r = run_carat(NULL, "report", "1", "2", "--db", db, "--format", "text");
    cr_assert(has(r.out, "read: 120 items in 24 passages; cluster-robust intervals where they are wider: A-model, B-model\n"), "%s",
              r.out);
    cr_assert(has(r.out, "one: 40 items in 1 passage; their interval, as of independent items, may be far too narrow\n"), "%s", r.out);
    cr_assert_not(has(r.out, "each:"), "%s", r.out);
    ran_release(&r);
    json_decref(compared);
    json_decref(reported);
    free(db);
    temp_remove(dir);
}

/* A perplexity is no mean of shares, and where lower is better the verdict and the gate turn round. */
Test(e2e_compare, each_metric_is_taken_for_what_it_is, .timeout = 60)
{
    const char *dir = temp_dir();
    struct made_task ppl = PLAIN("ppl", answers, 20), err = PLAIN("err", answers, 80), same = PLAIN("same", passages, 3);
    ppl.settings = "{\"metrics\":[{\"name\":\"acc\",\"aggregation\":\"perplexity\"}]}";
    err.settings = "{\"metrics\":[{\"name\":\"acc\",\"lower_is_better\":true}]}";
    const struct made_task tasks[] = {ppl, err, same};
    char *db = make_store(dir, "B-model", tasks, 3, tasks, 3);
    struct ran r = run_carat(NULL, "compare", "1", "2", "--db", db, "--fail-if-worse", "0");
    expect_status(r, 1);
    cr_assert(has(r.out, "A better, p < 0.001") && has(r.out, "note: err: the lower its acc the better"), "%s", r.out);
    cr_assert(has(r.out, "ppl: not compared, as its acc is no mean of what its items score"), "%s", r.out);
    ran_release(&r);
    r = run_carat(NULL, "compare", "2", "1", "--db", db, "--fail-if-worse", "0");
    expect_status(r, 0);
    ran_release(&r);
    r = run_carat(NULL, "compare", "1", "2", "--db", db, "-t", "same", "--flips");
    expect_status(r, 0);
    cr_assert(has(r.out, "no item differs") && has(r.out, "\n\nno item's score changed\n"), "%s", r.out);
    ran_release(&r);
    r = run_carat(NULL, "compare", "1", "2", "--db", db, "-t", "ppl");
    expect_status(r, 3);
    cr_assert(has(r.err, "no task in common among those chosen whose score is a mean"), "%s", r.err);
    ran_release(&r);
    free(db);
    temp_remove(dir);
}

/* Nine models are more than a chart can tell apart: the table is there all the same. Of equals none is the best. */
Test(e2e_compare, a_report_of_many_runs_is_a_table, .timeout = 60)
{
    const char *dir = temp_dir();
    struct made_task t = PLAIN("alpha", answers, 8);
    struct err err = ERR_INIT;
    struct carat_store *st;
    char *db = file_join(dir, "x.db"), name[] = "A0";
    cr_assert_eq(carat_store_open(db, CARAT_STORE_WRITE, &st, &err), CARAT_OK, "%s", err.msg);
    for (int i = 0; i < 9; i++, name[1]++)
        put_run(st, name, &t, 1);
    carat_store_free(st);
    struct ran r = run_carat(NULL, "report", "--db", db);
    expect_status(r, 0);
    cr_assert(has(r.out, "A8") && has(r.out, "alpha"), "%s", r.out);
    ran_release(&r);
    r = run_carat(NULL, "report", "--db", db, "--format", "markdown");
    expect_status(r, 0);
    cr_assert_not(has(r.out, "**"), "%s", r.out);
    ran_release(&r);
    free(db);
    temp_remove(dir);
}

Test(e2e_compare, hostile_names_reach_neither_terminal_nor_xml, .timeout = 60)
{
    const char *dir = temp_dir();
    struct made_task a = PLAIN("evil\033[31m", answers, 40);
    a.title = "<evil>&\"'\033[2J\xE2\x80\xAE" "]]>\xFF\n";
    char *db = make_store(dir, "B\033]0;x\007 <&>%s%n", &a, 1, &a, 1), *xml = file_join(dir, "x.xml");
    struct ran r = run_carat(NULL, "compare", "2", "1", "--db", db, "--flips", "--fail-if-worse", "0", "--junit", xml);
    expect_status(r, 1);
    for (const char *p = r.out; *p; p++)
        cr_assert((unsigned char)*p >= 0x20 || *p == '\n', "a control character in the output");
    cr_assert(!has(r.err, "\033") && !has(r.out, "\xE2\x80\xAE"), "%s", r.err);
    ran_release(&r);
    r = run_program((const char *const[]){"python3", "-c",
                                          "import sys, xml.etree.ElementTree as e\n"
                                          "s = e.parse(sys.argv[1]).getroot()\n"
                                          "print(s.tag, s.get('tests'), s.get('failures'), s[0].get('name')[:9])",
                                          xml, NULL},
                    NULL);
    expect_status(r, 0);
    cr_assert_str_eq(r.out, "testsuite 1 1 <evil>&\"'\n");
    ran_release(&r);
    r = run_carat(NULL, "compare", "2", "1", "--db", db, "--json", "--flips");
    expect_status(r, 0);
    json_decref(parse(r.out));
    ran_release(&r);
    free(db);
    free(xml);
    temp_remove(dir);
}

Test(e2e_compare, wrong_words_are_told, .timeout = 60)
{
    const char *dir = temp_dir();
    char *db = make_store(dir, "B-model", several, 1, several, 1);
    static const struct {
        const char *a, *b, *option, *value;
        int status;
        const char *said;
    } cases[] = {{"1", "9", NULL, NULL, 2, "no run"},
                 {"1", NULL, NULL, NULL, 2, "usage: carat compare"},
                 {"1", "2", "-t", "gsm8k", 3, "no task in common among those chosen"},
                 {"1", "2", "--format", "xlsx", 2, "--format wants"},
                 {"1", "2", "--flips", "--format=csv", 2, "--flips goes with"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *words[] = {"compare", "--db", db, cases[i].a, cases[i].b, cases[i].option, cases[i].value, NULL};
        if (!cases[i].option)
            words[5] = NULL;
        struct ran r = run_carat_words(words, NULL);
        expect_status(r, cases[i].status);
        cr_assert(has(r.err, cases[i].said), "case %zu: %s", i, r.err);
        ran_release(&r);
    }
    free(db);
    temp_remove(dir);
}

/* ---- on the bundled checkpoints --------------------------------------------------------------------------- */

Test(e2e_compare, runs_of_the_demo_checkpoints_are_compared, .timeout = 300)
{
    const char *dir = temp_dir();
    char *db = file_join(dir, "x.db");
    struct ran r = run_carat(NULL, "run", "-q", "-m", "A=demo:early", "-m", "B=demo:late", "-t",
                             "hellaswag,mmlu_astronomy,mmlu_nutrition,gsm8k", "--data", "demo/data", "--limit", "8", "--db", db);
    expect_status(r, 0);
    ran_release(&r);
    r = run_carat(NULL, "compare", "A", "B", "--db", db, "--flips");
    expect_status(r, 0);
    cr_assert(has(r.out, "HellaSwag") && has(r.out, "mean of 3") && has(r.out, "over its 2 subsets"), "%s", r.out);
    ran_release(&r);
    r = run_carat(NULL, "compare", "A", "A", "--db", db, "--flips", "--fail-if-worse", "0");
    expect_status(r, 0);
    cr_assert(has(r.out, "no item differs") && has(r.out, "the same run") && !has(r.out, "better") && !has(r.out, " right:"),
              "%s", r.out);
    ran_release(&r);
    /* other shots: the same data, another question */
    r = run_carat(NULL, "run", "-q", "-m", "C=demo:late", "-t", "hellaswag", "--shots", "1", "--data", "demo/data", "--limit",
                  "8", "--db", db, "--fresh");
    expect_status(r, 0);
    ran_release(&r);
    r = run_carat(NULL, "compare", "A", "C", "--db", db);
    expect_status(r, 3);
    cr_assert(has(r.err, "hellaswag: 0 shots in A and 1 in B"), "%s", r.err);
    ran_release(&r);
    /* another seed draws other shots: the same number, another prompt */
    r = run_carat(NULL, "run", "-q", "-m", "D=demo:late", "-t", "hellaswag", "--shots", "1", "--seed", "7", "--data",
                  "demo/data", "--limit", "4", "--db", db, "--fresh");
    expect_status(r, 0);
    ran_release(&r);
    r = run_carat(NULL, "compare", "C", "D", "--db", db);
    expect_status(r, 3);
    cr_assert(has(r.err, "hellaswag: another prompt"), "%s", r.err);
    ran_release(&r);
    free(db);
    temp_remove(dir);
}
