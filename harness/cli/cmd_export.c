/* carat export: a run in the forms that other programs read. */
#include "commands.h"
#include "harness/export/export.h"
#include "run_common.h"

static enum carat_err run(const struct options *o, struct err *err)
{
    static const struct {
        const char *name;
        enum carat_err (*write)(const struct export_options *o, struct err *err);
    } formats[] = {{"lm-eval", export_lm_eval}, {"csv", export_csv}, {"json", export_json}};
    const size_t n_formats = sizeof formats / sizeof *formats;
    struct carat_store *store = NULL;
    struct known_tasks known = {0};
    int64_t id = 0;
    size_t f = 0;
    while (f < n_formats && (!o->format || strcmp(o->format, formats[f].name) != 0))
        f++;
    if (f == n_formats)
        return err_set(err, CARAT_EUSAGE, "wants --format lm-eval, csv or json");
    if (!o->output)
        return err_set(err, CARAT_EUSAGE, "wants -o DIR: the folder to write to");
    enum carat_err rc = known_tasks_load(o, &known, err);
    if (!rc)
        rc = open_store(o, CARAT_STORE_READ, &store, err);
    if (!rc)
        rc = carat_store_choose_scoring(store, o->scoring, err);
    if (!rc)
        rc = carat_store_find_run(store, o->args.items[0], &id, err);
    struct export_options e = {.store = store, .run = id, .tasks = o->tasks.items, .n_tasks = o->tasks.n, .plugins = known.plugins,
                               .yaml = known.files, .data_dir = o->data, .dir = o->output};
    if (!rc)
        rc = formats[f].write(&e, err);
    carat_store_free(store);
    known_tasks_release(&known);
    return rc;
}

const struct command cmd_export = {
    .name = "export",
    .summary = "write a run for other programs",
    .usage = "RUN --format lm-eval|csv|json -o DIR",
    .about = "Writes a run's scores and items to files. lm-eval: the results and samples files of the reference harness, with its "
             "names, keys and hashes; it reads the data sets' rows again (--data, or the cache). csv: scores.csv and items.csv. "
             "json: run.json and items.jsonl. docs/export.md tells what is in them.",
    .options = "db scoring task data format output plugin include-path",
    .examples = "  carat export gemma-2b --format lm-eval -o results --data benchmarks\n"
                "  carat export 2 --format csv -t gsm8k -o gsm8k",
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
