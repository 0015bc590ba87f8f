/* Against an installed reference: CARAT_REFERENCE is a Python that has lm-eval. Without it these say that they are skipped. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "harness/yaml/yaml_tasks.h"
#include "tests/support/process.h"
#include "tests/support/support.h"

static const char *reference(void)
{
    const char *python = getenv("CARAT_REFERENCE");
    if (!python || !*python)
        cr_skip("CARAT_REFERENCE is not set: the path of a Python that has lm-eval 0.4.13");
    return python;
}

/* The folder of its task files; fresh memory. */
static char *task_folder(const char *python)
{
    struct ran r = run_program((const char *const[]){python, "-c",
                                                     "import importlib.util as u, os; print(os.path.join(os.path.dirname("
                                                     "u.find_spec('lm_eval').origin), 'tasks'))",
                                                     NULL},
                               NULL);
    expect_status(r, 0);
    char *dir = strndup(r.out, strcspn(r.out, "\n"));
    ran_release(&r);
    return dir;
}

/* The tasks without functions: all but one in a hundred load; the rest is refused for its functions, by name. */
Test(yaml_reference, tasks_without_functions_load, .timeout = 300)
{
    char *dir = task_folder(reference());
    struct yaml_tasks *tasks;
    struct err err = ERR_INIT;
    size_t loaded = 0, functions = 0, refused = 0;
    cr_assert_eq(yaml_tasks_new(&tasks, &err), CARAT_OK);
    cr_assert_eq(yaml_tasks_scan(tasks, dir, &err), CARAT_OK, "%s", err.msg);
    for (size_t i = 0; i < yaml_tasks_count(tasks); i++) {
        struct yaml_leaves leaves = YAML_LEAVES_INIT;
        const char *name, *path;
        enum yaml_kind kind;
        bool found;
        yaml_tasks_entry(tasks, i, &name, &kind, &path);
        if (kind != YAML_TASK)
            continue;
        if (!yaml_tasks_resolve(tasks, name, &leaves, &found, &err))
            loaded++;
        else if (strstr(err.msg, "unction"))
            functions++;
        else
            refused++;
        if (err.code && !strstr(err.msg, "unction"))
            cr_log_info("%s", err.msg);
        err_clear(&err);
        yaml_leaves_release(&leaves);
    }
    cr_expect(loaded > 100 * refused && loaded > 4500, "%zu tasks load, %zu are refused for functions, %zu for other reasons",
              loaded, functions, refused);
    yaml_tasks_free(tasks);
    free(dir);
}

static void expect_equal_prompts(const char *which, const char *n)
{
    struct ran r = run_program((const char *const[]){reference(), "tests/harness/yaml/compare_reference.py", "--carat",
                                                     carat_bin(), "--sample", n, which, NULL},
                               NULL);
    expect_status(r, 0);
    ran_release(&r);
}

Test(yaml_reference, prompts_of_a_sample_equal_the_references, .timeout = 900)
{
    expect_equal_prompts("--distinct", "300");
}

Test(yaml_reference, prompts_of_tasks_with_known_functions_equal_the_references, .timeout = 900)
{
    expect_equal_prompts("--functions", "60");
}

Test(yaml_reference, scores_of_the_same_answers_equal_the_references, .timeout = 900)
{
    struct ran r = run_program((const char *const[]){reference(), "tests/harness/yaml/compare_scores.py", "--carat", carat_bin(),
                                                     "--sample", "25", NULL},
                               NULL);
    expect_status(r, 0);
    ran_release(&r);
}
