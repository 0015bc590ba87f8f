/* `carat rescore`: new scores beside the old ones, from the stored answers alone. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/support/process.h"
#include "tests/support/support.h"

/* GSM8K asked in the very same words, its answers read by another filter. */
static const char changed_task[] =
    "task: gsm8k\n"
    "dataset_path: json\n"
    "dataset_kwargs: {data_files: {test: demo/data/gsm8k/test.jsonl, train: demo/data/gsm8k/train.jsonl}}\n"
    "output_type: generate_until\n"
    "training_split: train\nfewshot_split: train\ntest_split: test\n"
    "doc_to_text: \"Question: {{question}}\\nAnswer:\"\n"
    "doc_to_target: \"{{answer}}\"\n"
    "num_fewshot: 5\n"
    "generation_kwargs: {until: [\"Question:\", \"</s>\", \"<|im_end|>\"], do_sample: false, temperature: 0.0}\n"
    "metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true, regexes_to_ignore: [\",\", \"(?s).*#### \"]}]\n"
    "filter_list:\n"
    "- {name: last, filter: [{function: regex, regex_pattern: \"(-?[0-9]+)\", group_select: -1}, {function: take_first}]}\n"
    "metadata: {version: 4.0}\n";

static void expect_out(struct ran r, const char *what)
{
    expect_status(r, 0);
    cr_assert(strstr(r.out, what), "'%s' is not in:\n%s", what, r.out);
    ran_release(&r);
}

static char *shown(const char *db, const char *scoring)
{
    struct ran r = run_carat(NULL, "show", "1", "--json", "--db", db, scoring ? "--scoring" : "--json", scoring ? scoring : "--json");
    expect_status(r, 0);
    free(r.err);
    return r.out;
}

/* The page has the scores that were chosen, and says which. */
static void expect_page(const char *db, const char *dir, const char *scoring)
{
    struct buf page = BUF_INIT(1 << 24);
    char *path = file_join(dir, "page.html"), said[80];
    struct ran r = run_carat(NULL, "report", "1", "-q", "--scoring", scoring, "-o", path, "--db", db);
    expect_status(r, 0);
    ran_release(&r);
    cr_assert_eq(file_read(path, 1 << 24, &page, NULL), CARAT_OK);
    snprintf(said, sizeof said, "scoring: %s", scoring);
    cr_assert(strstr(page.p, "exact_match,last") && strstr(page.p, said) && !strstr(page.p, "strict-match</td>"));
    buf_release(&page);
    free(path);
}

Test(e2e_rescore, new_scores_stand_beside_the_old_ones, .timeout = 200)
{
    const char *dir = temp_dir();
    char *db = file_join(dir, "x.db"), *task = file_join(dir, "gsm8k.yaml"), *copy = file_join(dir, "copy.db");
    cr_assert_eq(file_write(task, changed_task, strlen(changed_task), NULL), CARAT_OK);
    struct ran r = run_carat(NULL, "run", "-q", "-m", "demo:late", "-t", "hellaswag,gsm8k,humaneval", "--data", "demo/data", "--limit",
                             "12", "--db", db);
    expect_status(r, 0);
    ran_release(&r);
    char *first = shown(db, NULL);
    /* The same tasks: the same scores, and the same items but for nothing. */
    r = run_carat(NULL, "rescore", "1", "--data", "demo/data", "--db", db, "--as", "same");
    expect_status(r, 0);
    cr_assert(strstr(r.out, "humaneval: ") && strstr(r.out, "12 items scored, 0 outcomes changed"), "%s", r.out);
    ran_release(&r);
    char *again = shown(db, "same");
    cr_assert_str_eq(again, first);
    free(again);
    /* Changed filters. */
    expect_out(run_carat(NULL, "rescore", "1", "-t", task, "--as", "last", "--data", "demo/data", "--db", db), "(exact_match,last); 12 items scored");
    expect_out(run_carat(NULL, "show", "1", "gsm8k", "--scoring", "last", "--db", db), "last finds '");
    expect_out(run_carat(NULL, "show", "1", "gsm8k", "--db", db), "strict-match finds '");
    expect_out(run_carat(NULL, "report", "1", "--scoring", "last", "--format", "csv", "--db", db), "exact_match,last");
    expect_out(run_carat(NULL, "report", "1", "--format", "csv", "--db", db), "strict-match");
    expect_out(run_carat(NULL, "list", "runs", "--db", db), "  last, same");
    expect_page(db, dir, "last");
    again = shown(db, NULL);
    cr_assert_str_eq(again, first, "the first scores are kept");
    free(again);
    /* It is done once; a name stands for one way of scoring; merged it is still there. */
    expect_out(run_carat(NULL, "rescore", "1", "-t", task, "--as", "last", "--data", "demo/data", "--db", db), "; 0 items scored");
    r = run_carat(NULL, "rescore", "1", "-t", task, "--as", "same", "--data", "demo/data", "--db", db);
    expect_status(r, 2);
    ran_release(&r);
    r = run_carat(NULL, "merge", "-q", copy, db);
    expect_status(r, 0);
    ran_release(&r);
    expect_out(run_carat(NULL, "show", "1", "gsm8k", "--scoring", "last", "--db", copy), "last finds '");
    r = run_carat(NULL, "show", "1", "--scoring", "lsat", "--db", copy);
    expect_status(r, 2);
    cr_assert(strstr(r.err, "last, same"), "%s", r.err);
    ran_release(&r);
    free(first);
    free(db);
    free(task);
    free(copy);
    temp_remove(dir);
}

/* The prompts of conversations are compared, too, where the template is at hand; where it is not, this is said. */
Test(e2e_rescore, conversations_are_asked_in_the_same_words, .timeout = 200)
{
    const char *dir = temp_dir();
    char *db = file_join(dir, "x.db"), *task = file_join(dir, "gsm8k.yaml"), *template = file_join(dir, "a.jinja");
    const struct str text = STR("{% for m in messages %}[{{ m.role }}: {{ m.content }}]{% endfor %}");
    struct buf other = BUF_INIT(1 << 16);
    cr_assert_eq(file_write(template, text.p, text.n, NULL), CARAT_OK);
    struct ran r = run_carat(NULL, "run", "-q", "-m", "demo:early", "-t", "gsm8k,hellaswag", "-k", "2", "--chat", "--chat-template",
                             template, "--system", "Be brief.", "--data", "demo/data", "--limit", "3", "--db", db);
    expect_status(r, 0);
    ran_release(&r);
    r = run_carat(NULL, "rescore", "1", "--as", "same", "--chat-template", template, "--data", "demo/data", "--db", db);
    cr_assert_not(strstr(r.err, "not at hand"), "%s", r.err);
    expect_out(r, "3 items scored, 0 outcomes changed");
    r = run_carat(NULL, "rescore", "1", "--as", "unseen", "--data", "demo/data", "--db", db);
    cr_assert(strstr(r.err, "the run's chat template is not at hand"), "%s", r.err);
    expect_out(r, "3 items scored, 0 outcomes changed");
    /* Another wording of the question. */
    const char *at = strstr(changed_task, "Question: {{");
    buf_add(&other, changed_task, (size_t)(at - changed_task));
    buf_printf(&other, "Q%s", at + strlen("Question"));
    cr_assert_eq(file_write(task, other.p, other.n, NULL), CARAT_OK);
    r = run_carat(NULL, "rescore", "1", "-t", task, "--as", "other", "--chat-template", template, "--data", "demo/data", "--db", db);
    expect_status(r, 3);
    cr_assert(strstr(r.err, "its prompt is not the same"), "%s", r.err);
    ran_release(&r);
    buf_release(&other);
    free(db);
    free(task);
    free(template);
    temp_remove(dir);
}

Test(e2e_rescore, programs_run_again_only_when_asked_and_other_rows_are_refused, .timeout = 200)
{
    const char *dir = temp_dir();
    char *db = file_join(dir, "x.db");
    struct ran r = run_carat(NULL, "run", "-q", "-m", "demo:late", "-t", "humaneval,boolq", "--data", "demo/data", "--limit", "4",
                             "--db", db);
    expect_status(r, 0);
    ran_release(&r);
    char *first = shown(db, NULL);
    r = run_carat(NULL, "rescore", "1", "--data", "demo/data", "-t", "humaneval", "--rerun-programs", "--db", db);
    expect_status(r, 0);
    cr_assert(strstr(r.out, "4 items scored, 0 outcomes changed"), "%s", r.out);
    ran_release(&r);
    char *again = shown(db, "rescored");
    cr_assert_str_neq(again, first, "the verdicts' times are new");
    free(again);
    free(first);
    /* The data set is another one by now. */
    char *folder = file_join(dir, "boolq"), *rows = file_join(folder, "validation.jsonl");
    static const char row[] = "{\"question\":\"is it\",\"title\":\"t\",\"passage\":\"It is.\",\"answer\":true,\"idx\":0,\"label\":1}\n";
    cr_assert_eq(file_mkdirs(folder, NULL), CARAT_OK);
    cr_assert_eq(file_write(rows, row, strlen(row), NULL), CARAT_OK);
    r = run_carat(NULL, "rescore", "1", "-t", "boolq", "--data", dir, "--db", db, "--as", "other");
    expect_status(r, 3);
    cr_assert(strstr(r.err, "its row is not the same"), "%s", r.err);
    ran_release(&r);
    free(folder);
    free(rows);
    free(db);
    temp_remove(dir);
}
