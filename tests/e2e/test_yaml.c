/* Task files from the command line: from a YAML file and rows beside it to a table. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/player.h"
#include "tests/support/process.h"
#include "tests/support/support.h"

static void put(const char *dir, const char *name, const char *text)
{
    char *path = file_join(dir, name);
    cr_assert_eq(file_write(path, text, strlen(text), NULL), CARAT_OK);
    free(path);
}

static const char MINE[] = "task: mine\n"
                           "dataset_path: json\n"
                           "dataset_kwargs:\n"
                           "  data_files: {test: rows.jsonl}\n"
                           "test_split: test\n"
                           "output_type: multiple_choice\n"
                           "doc_to_text: \"Q: {{q.strip()}}\\nA:\"\n"
                           "doc_to_choice: ['no', 'yes']\n"
                           "doc_to_target: gold\n"
                           "metric_list:\n"
                           "  - metric: acc\n";
static const char ROWS[] = "{\"q\": \"Is ice cold? \", \"gold\": 1}\n{\"q\": \"Is fire wet?\", \"gold\": 0}\n";

Test(e2e_yaml, runs_a_task_file_with_rows_beside_it, .timeout = 120)
{
    const char *dir = temp_dir();
    put(dir, "mine.yaml", MINE);
    put(dir, "rows.jsonl", ROWS);
    char *task = file_join(dir, "mine.yaml"), *db = file_join(dir, "x.db");
    struct ran r = run_carat(NULL, "prompts", "-t", task, "--json", "--shots", "1");
    expect_status(r, 0);
    cr_expect_str_eq(r.out,
                     "{\"task\":\"mine\",\"index\":0,\"context\":\"Q: Is fire wet?\\nA: no\\n\\nQ: Is ice cold?\\nA:\","
                     "\"continuations\":[\" no\",\" yes\"],\"target\":\"1\"}\n"
                     "{\"task\":\"mine\",\"index\":1,\"context\":\"Q: Is ice cold?\\nA: yes\\n\\nQ: Is fire wet?\\nA:\","
                     "\"continuations\":[\" no\",\" yes\"],\"target\":\"0\"}\n");
    ran_release(&r);
    r = run_carat(NULL, "run", "-q", "-m", "demo:late", "-t", task, "--db", db, "--json");
    expect_status(r, 0);
    cr_expect(strstr(r.out, "\"mine\""), "%s", r.out);
    ran_release(&r);
    free(task);
    free(db);
    temp_remove(dir);
}

/* ---- rows of the Hub, played by a local server -------------------------------------------------------- */

/* A page of rows {"q": "row N", "gold": N % 2} as the endpoint answers; `extra` goes into each entry. */
static void put_page(const char *dir, size_t first, size_t n, size_t total)
{
    struct buf page = BUF_INIT(1 << 20), name = BUF_INIT(1 << 10);
    buf_adds(&page, "{\"features\": [], \"rows\": [");
    for (size_t i = first; i < first + n; i++)
        buf_printf(&page, "%s{\"row_idx\": %zu, \"row\": {\"q\": \"row %zu\", \"gold\": %zu}}", i == first ? "" : ", ", i, i,
                   i % 2);
    buf_printf(&page, "], \"num_rows_total\": %zu, \"num_rows_per_page\": 100, \"partial\": false}", total);
    buf_printf(&name, "rows?dataset=some%%2Ftask&config=default&split=test&offset=%zu&length=100", first);
    put(dir, name.p, page.p);
    buf_release(&page);
    buf_release(&name);
}

static const char HUB[] = "task: hub\n"
                          "dataset_path: some/task\n"
                          "test_split: test\n"
                          "output_type: multiple_choice\n"
                          "doc_to_text: q\n"
                          "doc_to_choice: ['no', 'yes']\n"
                          "doc_to_target: gold\n";

/* `carat COMMAND TASK` with the cache and the endpoint of the test. */
static struct ran run_with(const char *dir, int port, const char *mode, const char *command, const char *option)
{
    char *cache = NULL, *url = NULL, *task = file_join(dir, "hub.yaml");
    cr_assert(asprintf(&cache, "XDG_CACHE_HOME=%s/cache", dir) > 0);
    cr_assert(asprintf(&url, "CARAT_ROWS_URL=http://127.0.0.1:%d/%s", port, mode) > 0);
    struct ran r = run_program(
        (const char *const[]){"env", cache, url, "no_proxy=127.0.0.1", carat_bin(), command, option, task, NULL}, NULL);
    free(cache);
    free(url);
    free(task);
    return r;
}

Test(e2e_yaml, fetches_pages_of_rows_and_reads_them_from_the_cache, .timeout = 120)
{
    const char *dir = temp_dir();
    put(dir, "hub.yaml", HUB);
    put(dir, "splits?dataset=some%2Ftask", "{\"splits\": [{\"dataset\": \"some/task\", \"config\": \"default\", \"split\": \"test\"}]}");
    put_page(dir, 0, 100, 150);
    put_page(dir, 100, 50, 150);
    struct ran r = run_with(dir, 9, "ok", "prompts", "-t");
    expect_status(r, 3);
    cr_expect(strstr(r.err, "carat fetch"), "%s", r.err);
    ran_release(&r);
    struct player s = player_start("tests/datasets/server.py", dir, NULL);
    r = run_with(dir, s.port, "too_many", "fetch", "-q"); /* each address says 429 at first */
    expect_status(r, 0);
    ran_release(&r);
    player_stop(&s);
    r = run_with(dir, s.port, "ok", "prompts", "-t");
    expect_status(r, 0);
    cr_expect(strstr(r.out, "item 149\nrow 149\n"), "%s", r.out);
    ran_release(&r);
    temp_remove(dir);
}

Test(e2e_yaml, refuses_pages_that_end_early_and_configurations_to_choose_from, .timeout = 120)
{
    const char *dir = temp_dir();
    put(dir, "hub.yaml", HUB);
    put(dir, "splits?dataset=some%2Ftask", "{\"splits\": [{\"config\": \"default\"}]}");
    put_page(dir, 0, 100, 150);
    put_page(dir, 100, 20, 150);
    struct player s = player_start("tests/datasets/server.py", dir, NULL);
    struct ran r = run_with(dir, s.port, "ok", "fetch", "-q");
    expect_status(r, 3);
    cr_expect(strstr(r.err, "gives 20 rows on a page that should be full"), "%s", r.err);
    ran_release(&r);
    put(dir, "splits?dataset=some%2Ftask", "{\"splits\": [{\"config\": \"a\"}, {\"config\": \"b\"}]}");
    r = run_with(dir, s.port, "ok", "fetch", "-q");
    expect_status(r, 3);
    cr_expect(strstr(r.err, "several configurations"), "%s", r.err);
    ran_release(&r);
    player_stop(&s);
    temp_remove(dir);
}

/* ---- against the reference's goldens (tests/harness/yaml/make_goldens.py) --------------------------------- */

static const char data_dir[] = "tests/goldens/yaml/data";

static void expect_prompts(const char *name, const char *shots)
{
    char *task = NULL, *golden = NULL;
    cr_assert(asprintf(&task, "tests/goldens/yaml/%s.yaml", name) > 0 && asprintf(&golden, "tests/goldens/yaml/%s.jsonl", name) > 0);
    struct buf wanted = BUF_INIT(1 << 24);
    cr_assert_eq(file_read(golden, 1 << 20, &wanted, NULL), CARAT_OK);
    struct ran r = run_carat(NULL, "prompts", "-t", task, "--data", data_dir, "--json", "--shots", shots);
    expect_status(r, 0);
    const char *a = r.out, *b = wanted.p;
    size_t line = 1;
    for (; *a && *b; line++) {
        json_t *x = NULL, *y = NULL;
        size_t na = strcspn(a, "\n"), nb = strcspn(b, "\n");
        cr_assert(!json_read((struct str){a, na}, "carat", line, &x, NULL) && !json_read((struct str){b, nb}, golden, line, &y, NULL));
        json_object_del(x, "references"); /* the reference has the list in its target, as Python writes it */
        cr_expect(json_equal(x, y), "%s:%zu: %.*s\nis not\n%.*s", golden, line, (int)na, a, (int)nb, b);
        json_decref(x);
        json_decref(y);
        a += na + (a[na] == '\n');
        b += nb + (b[nb] == '\n');
    }
    cr_expect(!*a && !*b, "%s has another number of items", golden);
    ran_release(&r);
    buf_release(&wanted);
    free(task);
    free(golden);
}

Test(e2e_yaml, prompts_of_each_construct_equal_the_references, .timeout = 120)
{
    static const struct {
        const char *name, *shots;
    } cases[] = {{"choice_mapping_first", "2"}, {"choice_own_split", "2"}, {"choice_several_right", "2"},
                 {"choice_template_lists", "3"}, {"choice_text_target", "2"}, {"generate_choice", "1"},
                 {"generate_number", "1"},      {"multiple_input", "2"},   {"one_text", "1"},
                 {"rolling", "0"},              {"shots_inline_prefix", "2"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_prompts(cases[i].name, cases[i].shots);
}

/* Each output has its own road through the engine and to its scores. */
Test(e2e_yaml, every_output_runs, .timeout = 300)
{
    static const char *const names[] = {"choice_several_right", "multiple_input", "generate_choice", "one_text", "rolling"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *dir = temp_dir();
        char *task = NULL, *db = file_join(dir, "x.db");
        cr_assert(asprintf(&task, "tests/goldens/yaml/%s.yaml", names[i]) > 0);
        struct ran r = run_carat(NULL, "run", "-q", "-m", "demo:early", "-t", task, "--data", data_dir, "--db", db, "--limit", "2");
        expect_status(r, 0);
        cr_expect(strstr(r.out, names[i]), "%s", r.out);
        ran_release(&r);
        free(task);
        free(db);
        temp_remove(dir);
    }
}

/* ---- a metric of the whole corpus ------------------------------------------------------------------------ */

static const char TRANSLATION[] = "task: tr\ndataset_path: json\ndataset_kwargs: {data_files: {test: rows.jsonl}}\ntest_split: test\n"
                                  "output_type: generate_until\ndoc_to_text: '{{src}}'\ndoc_to_target: tgt\n"
                                  "generation_kwargs: {until: [\"\\n\"], max_gen_toks: 12}\n"
                                  "metric_list: [{metric: bleu}, {metric: chrf}, {metric: ter}]\n";
static const char PAIRS[] = "{\"src\": \"Once upon a time there was\", \"tgt\": \"a little girl named Lily.\"}\n"
                            "{\"src\": \"The cat sat on\", \"tgt\": \"the mat and was happy.\"}\n"
                            "{\"src\": \"He likes to\", \"tgt\": \"play with his toys in the park\"}\n"
                            "{\"src\": \"She saw a big\", \"tgt\": \"dog in the park. The dog was very big.\"}\n"
                            "{\"src\": \"One day\", \"tgt\": \", a little girl went to the park\"}\n";

/* The scores that a report gives, from "value" to "high". */
static char *scores_in(const char *db)
{
    struct ran r = run_carat(NULL, "report", "--db", db, "--json");
    expect_status(r, 0);
    const char *from = strstr(r.out, "\"value\""), *to = from ? strstr(from, "\"over_subsets\"") : NULL;
    cr_assert(to && strstr(r.out, "\"bleu,none\""), "%s", r.out);
    char *scores = strndup(from, (size_t)(to - from));
    ran_release(&r);
    return scores;
}

static void run_part(const char *task, const char *db, const char *option, const char *value)
{
    struct ran r = run_carat(NULL, "run", "-q", "-m", "demo:late", "-t", task, "--shots", "0", "--db", db, option, value);
    expect_status(r, 0);
    ran_release(&r);
}

Test(e2e_yaml, a_corpus_has_one_score_however_its_items_came_together, .timeout = 300)
{
    const char *dir = temp_dir();
    put(dir, "tr.yaml", TRANSLATION);
    put(dir, "rows.jsonl", PAIRS);
    char *task = file_join(dir, "tr.yaml"), *whole = file_join(dir, "w.db"), *resumed = file_join(dir, "r.db");
    char *a = file_join(dir, "a.db"), *b = file_join(dir, "b.db"), *merged = file_join(dir, "m.db");
    run_part(task, whole, "--limit", "5");
    run_part(task, resumed, "--limit", "2");
    run_part(task, resumed, "--limit", "5");
    run_part(task, a, "--shard", "1/2");
    run_part(task, b, "--shard", "2/2");
    struct ran r = run_carat(NULL, "merge", merged, b, a);
    expect_status(r, 0);
    ran_release(&r);
    char *scores = scores_in(whole), *of_resumed = scores_in(resumed), *of_merged = scores_in(merged);
    cr_expect_str_eq(scores, of_resumed);
    cr_expect_str_eq(scores, of_merged);
    r = run_carat(NULL, "show", "1", "--db", whole);
    cr_expect(strstr(r.out, "ter,none = ") && !strstr(r.out, "ter:edits"), "%s", r.out);
    ran_release(&r);
    r = run_carat(NULL, "rescore", "1", "--as", "x", "--db", whole, "--include-path", dir, "--json");
    expect_status(r, 0);
    double before = 0, after = 1;
    const char *at = strstr(r.out, "\"before\":");
    cr_assert(at && sscanf(at, "\"before\":%lf,\"after\":%lf", &before, &after) == 2, "%s", r.out);
    cr_expect(before == after && strstr(scores, "\"value\":") == scores && strtod(scores + 8, NULL) == before, "%s %s", r.out, scores);
    ran_release(&r);
    free(scores);
    free(of_resumed);
    free(of_merged);
    char *const paths[] = {task, whole, resumed, a, b, merged};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        free(paths[i]);
    temp_remove(dir);
}
