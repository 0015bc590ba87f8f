/* carat demo: the whole road on what is bundled. */
#include "commands.h"
#include "run_common.h"

static const char *const demo_tasks[] = {"hellaswag", "boolq", "mmlu", "gsm8k", "humaneval"};
static const char *const demo_models[] = {"early=demo:early", "late=demo:late"};
#define N_MODELS (sizeof demo_models / sizeof *demo_models)

static enum carat_err ask(const struct options *o, const char *data, struct evaluation *e, struct err *err)
{
    struct eval_options eval = {0};
    enum carat_err rc = eval_options_from(o, &eval, err);
    if (!rc)
        rc = load_plugins(o, &e->known.plugins, err);
    if (!rc)
        rc = evaluation_open_models(e, &(struct strings){(const char **)(uintptr_t)demo_models, N_MODELS}, &eval, err);
    eval.tasks = demo_tasks;
    eval.n_tasks = sizeof demo_tasks / sizeof *demo_tasks;
    eval.data_dir = data;
    eval.quiet = true; /* that only some MMLU subjects are bundled is known */
    if (!rc)
        rc = bench_load(&eval, &e->set, err);
    eval.quiet = o->quiet;
    if (!rc)
        rc = open_store(o, CARAT_STORE_WRITE, &e->store, err);
    if (!rc && !o->quiet)
        log_info("carat demo: two checkpoints of one small model over five mini suites, on this machine");
    return rc ? rc : evaluate(&e->set, &eval, e->store, e->runs, err);
}

static enum carat_err show(const struct options *o, const char *chart, struct evaluation *e, struct err *err)
{
    enum carat_err rc = o->json ? CARAT_OK : print_figure(e->store, e->runs, N_MODELS, o, err);
    if (!rc && !o->json)
        putchar('\n');
    if (!rc)
        rc = print_summary(e->store, e->runs, N_MODELS, o, err);
    if (!rc)
        rc = draw_figure(e->store, e->runs, N_MODELS, o, chart, err);
    if (!rc && !o->quiet)
        log_info("the chart: %s; every item: carat show late gsm8k --db %s", chart, o->db);
    return rc;
}

static enum carat_err run(const struct options *given, struct err *err)
{
    struct evaluation e = EVALUATION_INIT;
    struct options o = *given;
    char *dir = NULL, *data = NULL;
    const char *chart = o.output ? o.output : "carat-demo.png";
    o.fresh = true; /* the demo shows the work: it computes again what an earlier demo stored */
    o.title = "carat demo: two training steps of one small model";
    o.db = o.db ? o.db : "carat-demo.db";
    enum carat_err rc = check_picture_path(chart, err);
    if (!rc)
        rc = demo_dir(&dir, err);
    if (!rc && !(data = file_join(dir, "data")))
        rc = err_nomem(err, "a path");
    if (!rc)
        rc = ask(&o, data, &e, err);
    if (!rc)
        rc = show(&o, chart, &e, err);
    evaluation_release(&e);
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
