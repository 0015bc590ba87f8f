/* programs.c - task files whose answers are programs: HumanEval, MBPP and their kin.
 *
 * The metric is a function that runs what a custom filter made of the answer, a line's end, and the target, which is the tests;
 * here the jail runs it, as it does for the built-in tasks.
 */
#include "harness/protocol/host.h"
#include "yaml_task.h"

enum { K_MAX = 100000 };

/* The list of k, 0-terminated. */
static enum carat_err take_ks(struct yaml_task *t, const json_t *list, const size_t **out, struct err *err)
{
    const size_t n = json_array_size(list);
    size_t *ks = n <= 100 ? arena_calloc(&t->arena, n + 1, sizeof *ks) : NULL;
    if (!ks)
        return n <= 100 ? err_nomem(err, "a metric") : err_set(err, CARAT_EINPUT, "'k' has too many numbers");
    for (size_t i = 0; i < n; i++) {
        const json_t *k = json_array_get(list, i);
        if (!json_is_integer(k) || json_integer_value(k) < 1 || json_integer_value(k) > K_MAX)
            return err_set(err, CARAT_EINPUT, "'k' wants whole numbers from 1");
        ks[i] = (size_t)json_integer_value(k);
    }
    *out = ks;
    return n ? CARAT_OK : err_set(err, CARAT_EINPUT, "a metric of programs wants a list 'k'");
}

enum carat_err yaml_program_metric(struct yaml_task *t, const json_t *entry, struct carat_metric *m, struct err *err)
{
    struct hook *hook = NULL;
    enum carat_err rc = hook_new(json_object_get(entry, "metric"), "metric", HOOK_PROGRAM, &hook, err);
    if (rc)
        return rc;
    *m = (struct carat_metric){.name = hook_metric(hook), .kind = CARAT_METRIC_PASS_AT_K};
    if (strcmp(m->name, "pass") == 0)
        rc = take_ks(t, json_object_get(entry, "k"), &m->k, err);
    hook_free(hook);
    t->task.program = yaml_program;
    return rc;
}

/* What the filter makes of the completion: the program without its tests. */
static enum carat_err predicted(const struct yaml_task *t, const json_t *row, struct carat_text completion, json_t **out,
                                struct err *err)
{
    if (t->prediction)
        return hook_answer(t->prediction, row, str_of(completion), out, err);
    *out = json_text(str_of(completion));
    return *out ? CARAT_OK : err_nomem(err, "a program");
}

int yaml_program(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *value,
                 struct carat_text completion, struct carat_program *out)
{
    const struct yaml_task *t = host->self(ctx);
    const json_t *row = (const json_t *)value;
    json_t *program = NULL, *tests = NULL;
    struct err local = ERR_INIT;
    enum carat_err rc = predicted(t, row, completion, &program, &local);
    if (!rc)
        rc = expr_value(&t->target, row, EXPR_TARGET, false, &tests, &local);
    if (!rc && (!json_is_string(program) || !json_is_string(tests)))
        rc = err_set(&local, CARAT_EINPUT, "a program or its tests are no text");
    if (!rc) {
        const struct carat_text parts[] = {{json_string_value(program), json_string_length(program)}, CARAT_TEXT("\n"),
                                           {json_string_value(tests), json_string_length(tests)}};
        out->source = host->join(ctx, parts, 3);
    } else {
        ctx->failed = err_set(ctx->err, rc, "%s", local.msg);
    }
    json_decref(program);
    json_decref(tests);
    return rc || !out->source.p ? -1 : 0;
}
