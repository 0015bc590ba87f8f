/* carat rescore: stored answers scored again, without the model. */
#include <math.h>

#include "commands.h"
#include "harness/eval/rescore.h"
#include "harness/protocol/plugin.h"
#include "run_common.h"

static json_t *rescored_json(const struct rescored *tasks, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:I, s:o, s:o}", "task", tasks[i].task, "metric", tasks[i].metric, "n",
                                              (json_int_t)tasks[i].n, "changed", (json_int_t)tasks[i].n_changed, "before",
                                              json_real_or_null(tasks[i].before.value), "after", json_real_or_null(tasks[i].after.value)));
    return list;
}

static enum carat_err print_json(const struct rescored *tasks, size_t n, struct err *err)
{
    struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
    json_t *list = rescored_json(tasks, n);
    enum carat_err rc = !list || json_write(list, &out) ? err_nomem(err, "the scores") : CARAT_OK;
    if (!rc)
        puts(out.p);
    json_decref(list);
    buf_release(&out);
    return rc;
}

static double shown(struct rescored_value v) { return v.share ? 100 * v.value : v.value; }

static void print_text(const struct rescored *tasks, size_t n)
{
    for (size_t i = 0; i < n; i++)
        printf("%s: %.2f before, %.2f now (%s); %lld items scored, %lld outcomes changed\n", tasks[i].task, shown(tasks[i].before),
               shown(tasks[i].after), tasks[i].metric, (long long)tasks[i].n, (long long)tasks[i].n_changed);
}

static enum carat_err run(const struct options *o, struct err *err)
{
    struct carat_store *store = NULL;
    struct known_tasks known = {0};
    struct eval_options eval = {0};
    struct rescored *tasks = NULL;
    size_t n = 0;
    struct rescore_options r = {.eval = &eval, .name = o->as ? o->as : "rescored", .rerun_programs = o->rerun_programs};
    struct options plain = *o; /* whether it is a conversation is the run's to say */
    plain.chat_template = NULL;
    enum carat_err rc = eval_options_from(&plain, &eval, err);
    eval.form.template_path = o->chat_template;
    if (!rc)
        rc = known_tasks_load(o, &known, err);
    eval.plugins = known.plugins;
    eval.yaml = known.files;
    if (!rc)
        rc = open_store(o, CARAT_STORE_WRITE, &store, err);
    if (!rc)
        rc = carat_store_find_run(store, o->args.items[0], &r.run, err);
    r.store = store;
    if (!rc)
        rc = rescore(&r, &tasks, &n, err);
    if (!rc && o->json)
        rc = print_json(tasks, n, err);
    else if (!rc)
        print_text(tasks, n);
    if (!rc && !o->json && !o->quiet)
        log_info("the first scores are kept; 'carat report %s --scoring %s' shows these", o->args.items[0], r.name);
    free(tasks);
    carat_store_free(store);
    known_tasks_release(&known);
    return rc;
}

const struct command cmd_rescore = {
    .name = "rescore",
    .summary = "score stored answers again, without the model",
    .usage = "RUN [-t TASK,...] [--as NAME]",
    .about = "Scores the answers that the database holds by the tasks as they are now: changed filters of a task file or plugin, a "
             "newer version of a task. The new scores stand beside the first ones under a name, which report, compare, show and "
             "export take by --scoring. The rows must be the ones that were asked, and asked in the same words. Programs keep their "
             "verdicts unless --rerun-programs runs them again, in the jail.",
    .options = "db task data plugin include-path chat-template as rerun-programs json quiet unsafe-no-jail",
    .examples = "  carat rescore gemma-2b\n"
                "  carat rescore 3 -t my_gsm8k.yaml --as last-number",
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
