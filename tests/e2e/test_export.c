/* What `carat export` writes: the reference harness's own logs of the same model and items, member by member, but for the
 * last digits of log-probabilities; and its own table function reads them (CARAT_REFERENCE names its Python). */
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "tests/support/process.h"
#include "tests/support/support.h"

static const struct {
    const char *tasks, *shots;
} asked[] = {{"hellaswag,winogrande,boolq,openbookqa,arc_easy,piqa,commonsense_qa", "0"}, {"gsm8k", "2"}, {"triviaqa,nq_open", "4"}};

/* The first file that the pattern DIR/PATTERN matches. */
static const char *found(const char *dir, const char *pattern)
{
    static char path[1200];
    glob_t g;
    snprintf(path, sizeof path, "%s/%s", dir, pattern);
    cr_assert_eq(glob(path, 0, NULL, &g), 0, "%s", path);
    snprintf(path, sizeof path, "%s", g.gl_pathv[0]);
    globfree(&g);
    return path;
}

/* A string that says a number may differ as log-likelihoods may; all else is equal. */
static bool same(const json_t *got, const json_t *want)
{
    if (json_is_string(got) && json_is_string(want)) {
        double a, b;
        if (num_parse_double(str_from(json_string_value(got)), &a) && num_parse_double(str_from(json_string_value(want)), &b))
            return fabs(a - b) <= 1e-3 + 1e-5 * fabs(b);
    }
    if (!json_is_array(got) || json_array_size(got) != json_array_size(want))
        return json_equal(got, want);
    for (size_t i = 0; i < json_array_size(got); i++)
        if (!same(json_array_get(got, i), json_array_get(want, i)))
            return false;
    return true;
}

static bool equal(const json_t *got, const json_t *want) { return json_equal(got, want); }

/* The same members in the same order, with the same values. */
static void check_members(const char *what, json_t *got, json_t *want)
{
    void *g = json_object_iter(got), *w = json_object_iter(want);
    for (; g && w; g = json_object_iter_next(got, g), w = json_object_iter_next(want, w)) {
        const char *key = json_object_iter_key(w);
        cr_assert_str_eq(json_object_iter_key(g), key, "%s", what);
        bool number = strcmp(key, "resps") == 0 || strcmp(key, "filtered_resps") == 0;
        cr_assert((number ? same : equal)(json_object_iter_value(g), json_object_iter_value(w)),
                  "%s: '%s': %s\nnot\n%s", what, key, json_dumps(json_object_iter_value(g), JSON_ENCODE_ANY),
                  json_dumps(json_object_iter_value(w), JSON_ENCODE_ANY));
    }
    cr_assert(!g && !w, "%s: the number of members", what);
}

struct lines {
    json_t *all;
};

static void keep_line(void *context, size_t line, const json_t *value)
{
    struct lines *l = context;
    (void)line;
    json_array_append(l->all, (json_t *)(uintptr_t)value);
}

static json_t *lines_of(const char *path)
{
    struct lines l = {json_array()};
    each_json_line(path, keep_line, &l);
    return l.all;
}

static void check_samples(const char *folder, const char *task)
{
    char pattern[200], golden[200];
    snprintf(pattern, sizeof pattern, "samples_%s_*.jsonl", task);
    snprintf(golden, sizeof golden, "export/samples_%s.jsonl", task);
    json_t *got = lines_of(found(folder, pattern)), *want = lines_of(golden_path(golden));
    cr_assert_eq(json_array_size(got), json_array_size(want), "%s", task);
    for (size_t i = 0; i < json_array_size(want); i++)
        check_members(task, json_array_get(got, i), json_array_get(want, i));
    json_decref(got);
    json_decref(want);
}

static json_t *read_json(const char *path)
{
    json_t *value;
    struct err err = ERR_INIT;
    cr_assert_eq(json_read_file(path, 1 << 24, &value, &err), CARAT_OK, "%s", err.msg);
    return value;
}

static void check_results(const char *folder)
{
    json_t *got = read_json(found(folder, "results_*.json")), *want = read_json(golden_path("export/results.json")), *key;
    size_t i;
    void *member = json_object_iter(got);
    json_array_foreach(json_object_get(want, "keys"), i, key) {
        cr_assert(member && strcmp(json_object_iter_key(member), json_string_value(key)) == 0, "'%s'", json_string_value(key));
        member = json_object_iter_next(got, member);
    }
    json_object_del(want, "keys");
    json_object_set_new(json_object_get(want, "versions"), "commonsense_qa", json_real(1)); /* the reference has none: "Yaml" */
    const char *name;
    json_t *value;
    json_object_foreach(want, name, value)
        cr_assert(json_equal(json_object_get(got, name), value), "'%s'", name);
    json_decref(got);
    json_decref(want);
}

/* The reference's Python reads the file with its own table function. */
static void check_table(const char *folder)
{
    const char *python = getenv("CARAT_REFERENCE");
    if (!python)
        return;
    static const char program[] = "import json, sys\nfrom lm_eval.utils import make_table\n"
                                  "table = make_table(json.load(open(sys.argv[1])))\n"
                                  "assert 'hellaswag' in table and 'strict-match' in table and '±' in table, table\n";
    char path[1200];
    snprintf(path, sizeof path, "%s", found(folder, "results_*.json"));
    struct ran r = run_program((const char *const[]){python, "-c", program, path, NULL}, NULL);
    expect_status(r, 0);
    ran_release(&r);
}

Test(e2e_export, logs_equal_the_reference_harness_s, .timeout = 300)
{
    SHARED_OR_SKIP(fixtures, "fixtures/lmeval");
    const char *dir = temp_dir();
    char model[1200], data[1200], *db = file_join(dir, "x.db"), *out = file_join(dir, "out");
    snprintf(model, sizeof model, "%s/models/llama", fixtures);
    snprintf(data, sizeof data, "%s/datasets", fixtures);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        struct ran r = run_carat(NULL, "run", "-q", "-m", model, "-t", asked[i].tasks, "-k", asked[i].shots, "--limit", "3",
                                 "--data", data, "--db", db);
        expect_status(r, 0);
        ran_release(&r);
    }
    struct ran r = run_carat(NULL, "export", "1", "--format", "lm-eval", "-o", out, "--data", data, "--db", db);
    expect_status(r, 0);
    ran_release(&r);
    char folder[1200];
    snprintf(folder, sizeof folder, "%s", found(out, "*"));
    check_samples(folder, "gsm8k");
    check_samples(folder, "triviaqa");
    check_samples(folder, "nq_open");
    static const char *const choices[] = {"hellaswag", "winogrande", "boolq", "openbookqa", "arc_easy", "piqa", "commonsense_qa"};
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        check_samples(folder, choices[i]);
    check_results(folder);
    check_table(folder);
    free(db);
    free(out);
    temp_remove(dir);
}

static void check_head(const char *dir, const char *name, const char *head, size_t n_lines)
{
    struct buf text = BUF_INIT(1 << 24);
    size_t n = 0;
    cr_assert_eq(file_read(found(dir, name), 1 << 24, &text, NULL), CARAT_OK);
    cr_assert(str_starts(buf_str(&text), str_from(head)), "%.200s", text.p);
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n';
    cr_assert_eq(n, n_lines, "%s: %zu lines", name, n);
    buf_release(&text);
}

Test(e2e_export, csv_and_json_have_every_item, .timeout = 120)
{
    const char *dir = temp_dir();
    char *db = file_join(dir, "x.db"), *out = file_join(dir, "out/deep");
    struct ran r = run_carat(NULL, "run", "-q", "-m", "demo:early", "-t", "hellaswag,humaneval", "--limit", "3", "--data",
                             "demo/data", "--db", db);
    expect_status(r, 0);
    ran_release(&r);
    r = run_carat(NULL, "export", "demo:early", "--format", "csv", "-o", out, "--db", db);
    expect_status(r, 0);
    ran_release(&r);
    check_head(out, "scores.csv", "model,task,benchmark,capability,metric,headline,shots,version,n,value,stderr,low,high,right,", 4);
    r = run_program((const char *const[]){"python3", "-c",
                                          "import csv,sys\nrows = list(csv.DictReader(open(sys.argv[1])))\n"
                                          "assert len(rows) == 9, len(rows)\nassert all(None not in r and None not in r.values() for r in rows)\n",
                                          found(out, "items.csv"), NULL},
                    NULL);
    expect_status(r, 0);
    ran_release(&r);
    r = run_carat(NULL, "export", "1", "--format", "json", "-t", "hellaswag", "-o", out, "--db", db);
    expect_status(r, 0);
    ran_release(&r);
    check_head(out, "items.jsonl", "{\"task\":\"hellaswag\",\"index\":0,", 3);
    check_head(out, "run.json", "{\"model\":\"demo:early\",", 1);
    r = run_carat(NULL, "export", "1", "--format", "lm-eval", "-o", out, "--data", dir, "--db", db);
    expect_status(r, 3);
    ran_release(&r);
    r = run_carat(NULL, "export", "1", "--format", "latex", "-o", out, "--db", db);
    expect_status(r, 2);
    ran_release(&r);
    free(db);
    free(out);
    temp_remove(dir);
}

/* HumanEval's pipeline is called create_test there, and leaves the program behind the prompt. */
Test(e2e_export, programs_are_told_as_the_reference_does, .timeout = 120)
{
    const char *dir = temp_dir();
    char *db = file_join(dir, "x.db"), *out = file_join(dir, "out");
    struct ran r = run_carat(NULL, "run", "-q", "-m", "demo:early", "-t", "humaneval", "--limit", "2", "--data", "demo/data", "--db", db);
    expect_status(r, 0);
    ran_release(&r);
    r = run_carat(NULL, "export", "1", "--format", "lm-eval", "-o", out, "--data", "demo/data", "--db", db);
    expect_status(r, 0);
    ran_release(&r);
    r = run_program((const char *const[]){"python3", "-c",
                                          "import glob,json,sys\n"
                                          "results = json.load(open(glob.glob(sys.argv[1] + '/*/results_*.json')[0]))['results']['humaneval']\n"
                                          "assert 'pass@1,create_test' in results and 'pass@1_stderr,create_test' in results, results\n"
                                          "lines = open(glob.glob(sys.argv[1] + '/*/samples_*.jsonl')[0]).read().splitlines()\n"
                                          "assert len(lines) == 2\n"
                                          "for s in map(json.loads, lines):\n"
                                          "    assert s['filter'] == 'create_test' and 'pass@1' in s, s\n"
                                          "    assert s['filtered_resps'] == [[s['doc']['prompt'] + t for t in s['resps'][0]]], s\n",
                                          out, NULL},
                    NULL);
    expect_status(r, 0);
    ran_release(&r);
    free(db);
    free(out);
    temp_remove(dir);
}
