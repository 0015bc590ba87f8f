/* carat explain: what a task is. */
#include "commands.h"
#include "harness/eval/explain.h"
#include "harness/protocol/plugin.h"
#include "run_common.h"

static const char *origin_of(const struct plugins *plugins, const struct carat_task *task)
{
    for (size_t i = 0; i < plugins_count(plugins); i++)
        if (plugins_task(plugins, i) == task || plugins_task(plugins, i)->published == task)
            return plugins_origin(plugins, i);
    return "a task file";
}

/* Without the files there is no example, but everything else. A task file's rows must be there. */
static enum carat_err without_files(const struct plugins *plugins, const char *name, struct plugins_leaves *leaves,
                                    struct err *why, struct err *err)
{
    struct err ignored = ERR_INIT;
    enum carat_err rc = why->code == CARAT_EINPUT ? plugins_resolve(plugins, name, leaves, &ignored) : why->code;
    if (rc) {
        *err = *why;
        return why->code;
    }
    log_warn("%s; there is no example", why->msg);
    return CARAT_OK;
}

static enum carat_err print(const struct explain *x, bool json, struct err *err)
{
    struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
    json_t *o = NULL;
    enum carat_err rc = explain_json(x, &o, err);
    if (!rc && (json ? json_write(o, &out) || buf_addc(&out, '\n') : explain_text(o, &out)))
        rc = err_nomem(err, "an explanation");
    if (!rc)
        fwrite(out.p, 1, out.n, stdout);
    json_decref(o);
    buf_release(&out);
    return rc;
}

static enum carat_err open_tokenizer(const struct options *o, struct carat_tokenizer **out, struct err *err)
{
    char *name = NULL, *path = NULL;
    if (!o->models.n)
        return CARAT_OK;
    enum carat_err rc = model_path(o->models.items[0], &name, &path, err);
    if (!rc)
        rc = carat_tokenizer_open(path, out, err);
    free(name);
    free(path);
    return rc;
}

static enum carat_err run(const struct options *o, struct err *err)
{
    struct known_tasks known = {0};
    struct plugins_leaves leaves = PLUGINS_LEAVES_INIT;
    struct bench_set set = {.arena = ARENA_INIT};
    struct carat_tokenizer *tokenizer = NULL;
    struct eval_options eval = {0};
    struct err why = ERR_INIT;
    const char *const name = o->args.items[0];
    enum carat_err rc = eval_options_from(o, &eval, err);
    if (!rc)
        rc = known_tasks_load(o, &known, err);
    if (!rc)
        rc = open_tokenizer(o, &tokenizer, err);
    eval.plugins = known.plugins;
    eval.yaml = known.files;
    eval.tasks = &name;
    eval.n_tasks = 1;
    eval.quiet = eval.prompts_only = true;
    if (!rc && bench_load(&eval, &set, &why))
        rc = without_files(known.plugins, name, &leaves, &why, err);
    if (!rc) {
        const struct bench *bench = set.n ? &set.items[0] : NULL;
        const struct proto_leaf *leaf = bench ? &bench->leaf : &leaves.items[0];
        rc = print(&(struct explain){bench, leaf, origin_of(known.plugins, leaf->task), tokenizer}, o->json, err);
    }
    carat_tokenizer_free(tokenizer);
    bench_release(&set);
    plugins_leaves_release(&leaves);
    known_tasks_release(&known);
    return rc;
}

const struct command cmd_explain = {
    .name = "explain",
    .summary = "what a task is: protocol, data, metric, published figures, an example",
    .usage = "TASK",
    .about = "Tells how a benchmark is asked and scored: shots and how they are drawn, delimiters, stops, filters, metrics with the "
             "formula of their standard errors, the data's official source and the hash of the file at hand, what was "
             "published and by which protocol, and the first prompt as it will be sent; with -m also where its tokens end.",
    .options = "model data shots shots-fixed protocol plugin include-path json",
    .examples = "  carat explain hellaswag\n"
                "  carat explain gsm8k -m gemma-2b --data benchmarks",
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
