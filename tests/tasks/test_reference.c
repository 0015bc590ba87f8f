/* Against an installed reference: CARAT_REFERENCE is a Python that has lm-eval. Without it these say that they are skipped. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/support/process.h"
#include "tests/support/support.h"

static const char SCRIPT[] = "tests/tasks/compare_builtin.py";

static const char *reference(void)
{
    const char *python = getenv("CARAT_REFERENCE");
    if (!python || !*python)
        cr_skip("CARAT_REFERENCE is not set: the path of a Python that has lm-eval 0.4.13");
    return python;
}

#define expect_equal(...) expect_equal_words((const char *const[]){reference(), SCRIPT, "--carat", carat_bin(), __VA_ARGS__, NULL})
static void expect_equal_words(const char *const *words)
{
    struct ran r = run_program(words, NULL);
    expect_status(r, 0);
    ran_release(&r);
}

Test(builtin_reference, benchmarks_ask_what_the_references_ask, .timeout = 1800)
{
    expect_equal("--seeds", "1234", "7");
}

Test(builtin_reference, scores_of_the_same_answers_equal_the_references, .timeout = 1800)
{
    expect_equal("--scores");
}
