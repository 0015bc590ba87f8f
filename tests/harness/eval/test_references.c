/* The benchmarks' own solutions through the whole of a code task but the model: rows read, programs assembled, jailed,
 * judged. With each solution all problems pass; with a body that does nothing all fail. */
#include <criterion/criterion.h>

#include "harness/eval/eval.h"
#include "harness/eval/verdicts.h"
#include "harness/protocol/plugin.h"
#include "tests/support/support.h"

struct exam {
    const struct bench *bench;
    struct verdicts *verdicts;
    const char *solution;     /* the row's field */
    size_t never;             /* a row that its own solution does not pass; SIZE_MAX: none */
    size_t n_right, n_wrong;  /* passed: with the solution, with the other body */
};

/* Tags are 2 * row, + 1 with the wrong body. */
static void take(struct exam *e, bool wait)
{
    size_t tag;
    struct jail_verdict v;
    struct err why = ERR_INIT;
    while (verdicts_take(e->verdicts, wait, &tag, &v, &why)) {
        bool wrong = tag % 2, passed = v.kind == JAIL_PASSED;
        cr_assert_eq(why.code, CARAT_OK, "%s", why.msg);
        cr_expect_eq(passed, !wrong && tag / 2 != e->never, "row %zu, %s body: %s %s", tag / 2, wrong ? "wrong" : "right", jail_kind_name(v.kind),
                     v.detail.p ? v.detail.p : "");
        *(wrong ? &e->n_wrong : &e->n_right) += passed;
        jail_verdict_release(&v);
    }
}

static void submit(struct exam *e, size_t row, const char *wrong)
{
    struct arena arena = ARENA_INIT;
    struct err err = ERR_INIT;
    struct proto_item item;
    struct str completion, source;
    cr_assert_eq(proto_item(e->bench->plan, row, &arena, &item, &err), CARAT_OK, "%s", err.msg);
    if (wrong)
        completion = str_from(wrong);
    else
        cr_assert(json_get_str(e->bench->row_values[row], e->solution, &completion));
    cr_assert_eq(proto_program(e->bench->plan, &item, completion, &arena, &source, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(verdicts_submit(e->verdicts, 2 * row + (wrong != NULL), source, &err), CARAT_OK, "%s", err.msg);
    arena_release(&arena);
}

static void hold_exam(const char *task, const char *solution, const char *wrong, size_t n_rows, size_t never)
{
    SHARED_OR_SKIP(data, "data");
    struct err err = ERR_INIT;
    struct plugins *plugins;
    struct bench_set set;
    struct jail *jail;
    cr_assert_eq(plugins_new(&plugins, &err), CARAT_OK);
    struct eval_options o = {.plugins = plugins, .tasks = &task, .n_tasks = 1, .limit = -1, .shots = -1, .seed = 1234, .data_dir = data};
    cr_assert_eq(bench_load(&o, &set, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(jail_open(NULL, &jail, &err), CARAT_OK, "%s", err.msg);
    struct exam e = {.bench = &set.items[0], .solution = solution, .never = never};
    cr_assert_eq(e.bench->n_planned, n_rows);
    cr_assert_eq(verdicts_new(jail, 2, &e.verdicts, &err), CARAT_OK);
    for (size_t i = 0; i < n_rows; i++) {
        submit(&e, i, NULL);
        submit(&e, i, wrong);
        take(&e, false);
    }
    while (verdicts_pending(e.verdicts)) /* one take waits a tenth of a second at most */
        take(&e, true);
    cr_expect_eq(e.n_right, n_rows - (never < n_rows), "%zu of %zu solutions pass", e.n_right, n_rows);
    cr_expect_eq(e.n_wrong, 0);
    verdicts_free(e.verdicts);
    jail_free(jail);
    bench_release(&set);
    plugins_free(plugins);
}

Test(references, all_164_of_humaneval_pass_and_empty_bodies_fail, .timeout = 600)
{
    hold_exam("humaneval", "canonical_solution", "    pass\n", 164, SIZE_MAX);
}

/* Task 367 needs the row's test_setup_code, which the reference harness does not run: it cannot be passed there nor here. */
Test(references, of_mbpp_499_pass_and_empty_programs_fail, .timeout = 900)
{
    hold_exam("mbpp", "code", "pass\n", 500, 367 - 11);
}
