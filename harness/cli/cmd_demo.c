/* carat demo: the whole road on what is bundled. */
#include <unistd.h>

#include "commands.h"
#include "harness/protocol/plugin.h"
#include "run_common.h"

static const char *const demo_tasks[] = {"hellaswag", "boolq", "mmlu", "gsm8k", "humaneval"};
static const char *const demo_models[] = {"early=demo:early", "late=demo:late"};

static enum carat_err run(const struct options *o, struct err *err)
{
    struct plugins *plugins = NULL;
    struct eval_model *models = NULL;
    struct eval_options eval = {0};
    struct bench_set set = {.arena = ARENA_INIT};
    struct carat_store *store = NULL;
    char *dir = NULL, *data = NULL;
    int64_t runs[2];
    const char *chart = o->output ? o->output : "carat-demo.png";
    struct options fresh = *o; /* the demo shows the work: it computes again what an earlier demo stored */
    fresh.fresh = true;
    fresh.title = "carat demo: two training steps of one small model";
    enum carat_err rc = check_picture_path(chart, err);
    if (!rc)
        rc = demo_dir(&dir, err);
    if (!rc && !(data = file_join(dir, "data")))
        rc = err_nomem(err, "a path");
    if (!rc)
        rc = eval_options_from(&fresh, &eval, err);
    if (!rc)
        rc = load_plugins(o, &plugins, err);
    if (!rc)
        rc = open_models(&(struct strings){(const char **)(uintptr_t)demo_models, 2}, &models, err);
    eval.plugins = plugins;
    eval.models = models;
    eval.n_models = 2;
    eval.tasks = demo_tasks;
    eval.n_tasks = sizeof demo_tasks / sizeof *demo_tasks;
    eval.data_dir = data;
    eval.quiet = true; /* that only some MMLU subjects are bundled is known */
    if (!rc)
        rc = bench_load(&eval, &set, err);
    eval.quiet = o->quiet;
    if (!rc)
        rc = carat_store_open(o->db ? o->db : "carat-demo.db", CARAT_STORE_WRITE, &store, err);
    if (!rc && !o->quiet)
        log_info("carat demo: two checkpoints of one small model over five mini suites, on this machine");
    if (!rc)
        rc = evaluate(&set, &eval, store, runs, err);
    if (!rc && !o->json)
        rc = print_figure(store, runs, 2, &fresh, err);
    if (!rc && !o->json)
        putchar('\n');
    if (!rc)
        rc = print_summary(store, runs, 2, o, err);
    if (!rc)
        rc = draw_figure(store, runs, 2, &fresh, chart, err);
    if (!rc && !o->quiet)
        log_info("the chart: %s; every item: carat show late gsm8k --db %s", chart, o->db ? o->db : "carat-demo.db");
    carat_store_free(store);
    bench_release(&set);
    plugins_free(plugins);
    free_models(models, 2);
    free(data);
    free(dir);
    return rc;
}

const struct command cmd_demo = {
    .name = "demo",
    .summary = "the whole road on the bundled checkpoints",
    .usage = "",
    .about = "Evaluates the two bundled checkpoints (an earlier and a later training step of a small Gemma) on five bundled mini "
             "suites in the official file formats, and draws the chart. Nothing is fetched.",
    .options = "db output json format color quiet dark limit unsafe-no-jail " COMPUTE_OPTIONS,
    .examples = "  carat demo\n"
                "  carat demo -o chart.svg --db demo.db",
    .run = run,
};
