/* Task files from the command line: from a YAML file and rows beside it to a table. */
#include <criterion/criterion.h>
#include <stdlib.h>

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
