/* carat fetch: official files into the cache. */
#include <signal.h>
#include <unistd.h>

#include "commands.h"
#include "datasets/datasets.h"
#include "harness/protocol/plugin.h"
#include "harness/yaml/yaml_tasks.h"
#include "run_common.h"

static void show(void *context, const struct carat_fetch_progress *p)
{
    const bool *tty = context;
    if (!*tty)
        return;
    fprintf(stderr, "\r\033[K%s (%zu of %zu)  %.1f", p->name, p->file + 1, p->n_files, (double)p->bytes / 1e6);
    if (p->total >= 0)
        fprintf(stderr, " of %.1f", (double)p->total / 1e6);
    fputs(" MB", stderr);
    fflush(stderr);
}

/* A task's name stands for its dataset; a dataset's own name does, too. */
static enum carat_err dataset_name(const struct plugins *plugins, const char *word, const char **out, struct err *err)
{
    struct plugins_leaves leaves = PLUGINS_LEAVES_INIT;
    size_t n;
    const struct carat_source *sources = carat_sources(&n);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(sources[i].dataset, word) == 0) {
            *out = sources[i].dataset;
            return CARAT_OK;
        }
    }
    enum carat_err rc = plugins_resolve(plugins, word, &leaves, err);
    if (!rc)
        *out = leaves.items[0].task->dataset;
    plugins_leaves_release(&leaves);
    return rc;
}

/* The rows of task files. *found is false when no task file has the name. */
static enum carat_err fetch_task_file(struct yaml_tasks *yaml, const char *word, const struct carat_fetch_opts *opts,
                                      bool *found, struct err *err)
{
    struct yaml_leaves leaves = YAML_LEAVES_INIT;
    enum carat_err rc = yaml_tasks_resolve(yaml, word, &leaves, found, err);
    for (size_t i = 0; i < leaves.n && !rc; i++)
        rc = yaml_task_fetch(leaves.items[i].task, opts, err);
    yaml_leaves_release(&leaves);
    return rc;
}

static enum carat_err run(const struct options *o, struct err *err)
{
    struct plugins *plugins = NULL;
    struct yaml_tasks *yaml = NULL;
    bool tty = !o->quiet && isatty(STDERR_FILENO);
    struct carat_fetch_opts opts = {.mirror = o->mirror ? o->mirror : getenv("CARAT_MIRROR"),
                                    .force = o->force,
                                    .progress = show,
                                    .context = &tty};
    signal(SIGINT, SIG_DFL); /* nothing to save: the same command resumes the download */
    enum carat_err rc = load_plugins(o, &plugins, err);
    if (!rc)
        rc = load_task_files(o, &yaml, err);
    for (size_t i = 0; i < o->args.n && !rc; i++) {
        const char *dataset = o->args.items[i];
        bool file = false;
        rc = fetch_task_file(yaml, dataset, &opts, &file, err);
        if (!rc && !file)
            rc = dataset_name(plugins, o->args.items[i], &dataset, err);
        if (!rc && !file)
            rc = carat_dataset_fetch(dataset, &opts, err);
        if (tty)
            fputs("\r\033[K", stderr);
        if (!rc && !o->quiet)
            log_info(file ? "%s: fetched" : "%s: fetched and verified", dataset);
    }
    plugins_free(plugins);
    yaml_tasks_free(yaml);
    return rc;
}

const struct command cmd_fetch = {
    .name = "fetch",
    .summary = "get the benchmarks' official files",
    .usage = "TASK...",
    .about = "Downloads the official files of the tasks into $XDG_CACHE_HOME/carat, verifies size and SHA-256 and unpacks "
             "them. What is there and whole is not fetched again; a download that broke off goes on where it "
             "stopped. Of a task file (a name of --include-path, or a path) the rows are asked of the Hub's public rows "
             "endpoint, or of $CARAT_ROWS_URL. 'carat list sources' shows where they come from and under which licence.",
    .options = "mirror force plugin include-path quiet",
    .examples = "  carat fetch hellaswag boolq mmlu gsm8k humaneval\n"
                "  carat fetch mmlu --mirror http://mirror.example/benchmarks",
    .min_args = 1,
    .max_args = 64,
    .run = run,
};
