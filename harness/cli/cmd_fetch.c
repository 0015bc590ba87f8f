/* carat fetch: official files into the cache. */
#include <signal.h>
#include <unistd.h>

#include "commands.h"
#include "datasets/datasets.h"
#include "harness/eval/suite.h"
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

/* Two names may stand for one dataset's files: arc_easy and arc_challenge. */
static const char *folder_name(const char *dataset)
{
    const char *published = carat_dataset_source(dataset);
    return published ? published : dataset;
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

/* ---- what is to be had --------------------------------------------------------------------------- */

struct wanted {
    const char **words;       /* tasks, datasets, task files */
    size_t n;
    struct suite suite;       /* owns the words of --suite */
};

static enum carat_err take_words(const struct options *o, struct wanted *out, struct err *err)
{
    char *dir = NULL;
    enum carat_err rc = CARAT_OK;
    *out = (struct wanted){.suite = {.limit = -1}};
    if (o->suite)
        rc = suites_dir(&dir, err);
    if (!rc && o->suite)
        rc = suite_open(o->suite, dir, &out->suite, err);
    free(dir);
    out->words = rc ? NULL : calloc(out->suite.n + o->args.n + 1, sizeof *out->words);
    if (!rc && !out->words)
        rc = err_nomem(err, "the names");
    for (size_t i = 0; i < out->suite.n && !rc; i++)
        out->words[out->n++] = out->suite.tasks[i];
    for (size_t i = 0; i < o->args.n && !rc; i++)
        out->words[out->n++] = o->args.items[i];
    if (!rc && !out->n)
        rc = err_set(err, CARAT_EUSAGE, "wants a TASK, --suite NAME or --from-bundle FILE");
    return rc;
}

static void release_words(struct wanted *w)
{
    free(w->words);
    suite_release(&w->suite);
}

struct extent {              /* of one dataset, or of all */
    size_t n_files;
    int64_t bytes;
    bool whole;               /* no file's size is unknown */
    struct buf licences;      /* each once; of one dataset */
};

static struct extent extent_of(const char *folder)
{
    struct extent e = {.whole = true, .licences = BUF_INIT(1 << 12)};
    size_t n;
    const struct carat_source *sources = carat_sources(&n);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(sources[i].dataset, folder) != 0)
            continue;
        const char *licence = sources[i].licence ? sources[i].licence : "not stated";
        e.n_files++;
        e.bytes += sources[i].bytes < 0 ? 0 : sources[i].bytes;
        e.whole = e.whole && sources[i].bytes >= 0;
        if (str_find(buf_str(&e.licences), str_from(licence), 0) < 0)
            buf_printf(&e.licences, "%s%s", e.licences.n ? "; " : "", licence);
    }
    return e;
}

/* "4.9 MB", "45 kB": small files are none of 0.0 MB. */
static const char *size_text(int64_t bytes, char text[40])
{
    if (bytes < 1000000)
        snprintf(text, 40, "%.0f kB", (double)(bytes ? (bytes < 1000 ? 1000 : bytes) : 0) / 1e3);
    else
        snprintf(text, 40, "%.1f MB", (double)bytes / 1e6);
    return text;
}

/* "gsm8k: 3 files, 4.9 MB, licence: MIT", before anything is asked for. */
static void announce(const char *folder, FILE *to, struct extent *all)
{
    struct extent e = extent_of(folder);
    char size[40];
    fprintf(to, "%s: %zu file%s, %s%s, licence: %s\n", folder, e.n_files, e.n_files == 1 ? "" : "s", e.whole ? "" : "more than ",
            size_text(e.bytes, size),
            buf_failed(&e.licences) || !e.licences.n ? "not stated" : e.licences.p);
    all->n_files += e.n_files;
    all->bytes += e.bytes;
    all->whole = all->whole && e.whole;
    buf_release(&e.licences);
}

/* A dataset's own message, and for MATH what to do about it. */
static void tell_failure(const char *dataset, const struct err *why)
{
    log_warn("%s: %s", dataset, why->msg);
    if (strcmp(dataset, "minerva_math") == 0)
        log_warn("MATH is under a takedown notice since January 2025 and has no official place: 'carat fetch minerva_math --copy "
                 "MATH.tar' takes a copy of your own, --data DIR reads the files");
}

/* ---- getting it --------------------------------------------------------------------------------------- */

struct getting {
    struct known_tasks known;
    const struct carat_fetch_opts *opts;
    const char **datasets;    /* fetched: for a bundle */
    size_t n_datasets, n_failed;
    bool quiet, tty;
};

static enum carat_err get(struct getting *g, const char *word, struct err *err)
{
    const char *dataset = word;
    bool file = false;
    enum carat_err rc = fetch_task_file(g->known.files, word, g->opts, &file, err);
    if (!rc && !file)
        rc = dataset_name(g->known.plugins, word, &dataset, err);
    for (size_t i = 0; i < g->n_datasets && !rc && !file; i++)
        if (strcmp(folder_name(g->datasets[i]), folder_name(dataset)) == 0)
            return CARAT_OK; /* two tasks of one dataset */
    if (!rc && !file)
        rc = carat_dataset_fetch(dataset, g->opts, err);
    if (g->tty)
        fputs("\r\033[K", stderr);
    if (!rc && !g->quiet)
        log_info(file ? "%s: fetched" : "%s: fetched and verified", dataset);
    if (!rc && !file)
        g->datasets[g->n_datasets++] = dataset;
    return rc;
}

/* Of a suite one dataset that cannot be had keeps nobody from the others. */
static enum carat_err get_all(struct getting *g, const struct wanted *w, struct err *err)
{
    enum carat_err rc = CARAT_OK, last = CARAT_OK;
    for (size_t i = 0; i < w->n && !rc; i++) {
        rc = get(g, w->words[i], err);
        if (!w->suite.n || (rc != CARAT_ENET && rc != CARAT_EINPUT))
            continue;
        tell_failure(w->words[i], err);
        g->n_failed++;
        last = rc;
        rc = CARAT_OK;
    }
    if (!rc && g->n_failed)
        rc = err_set(err, last, "%zu of %zu could not be had", g->n_failed, w->n);
    return rc;
}

/* What the datasets are, each once; what no table has (task files) is passed over. */
static enum carat_err announce_all(const struct getting *g, const struct wanted *w, FILE *to, struct err *err)
{
    struct extent all = {.whole = true};
    const char **seen = calloc(w->n + 1, sizeof *seen);
    char size[40];
    size_t n = 0;
    if (!seen)
        return err_nomem(err, "the names");
    for (size_t i = 0; i < w->n; i++) {
        const char *dataset;
        if (dataset_name(g->known.plugins, w->words[i], &dataset, NULL))
            continue;
        const char *folder = folder_name(dataset);
        size_t k = 0;
        while (k < n && strcmp(seen[k], folder) != 0)
            k++;
        if (k < n)
            continue;
        seen[n++] = folder;
        announce(folder, to, &all);
    }
    if (n > 1)
        fprintf(to, "%zu datasets, %zu files, %s%s\n", n, all.n_files, all.whole ? "" : "more than ", size_text(all.bytes, size));
    free(seen);
    return CARAT_OK;
}

/* Nothing is asked for: what would be. A word that nobody knows is still an error. */
static enum carat_err list_only(struct getting *g, const struct wanted *w, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; i < w->n && !rc; i++) {
        const char *dataset;
        rc = dataset_name(g->known.plugins, w->words[i], &dataset, err);
    }
    return rc ? rc : announce_all(g, w, stdout, err);
}

static enum carat_err run(const struct options *o, struct err *err)
{
    const bool tty = !o->quiet && isatty(STDERR_FILENO);
    struct carat_fetch_opts opts = {.mirror = o->mirror ? o->mirror : getenv("CARAT_MIRROR"),
                                    .copy = o->copy,
                                    .force = o->force,
                                    .progress = show,
                                    .context = (void *)(uintptr_t)&tty};
    struct getting g = {.opts = &opts, .quiet = o->quiet, .tty = tty};
    struct wanted wanted = {.suite = {.limit = -1}};
    signal(SIGINT, SIG_DFL); /* nothing to save: the same command resumes the download */
    if (o->from_bundle && (o->args.n || o->suite || o->bundle))
        return err_set(err, CARAT_EUSAGE, "--from-bundle takes all that is in the bundle, and nothing else is named beside it");
    if (o->from_bundle)
        return carat_bundle_read(o->from_bundle, NULL, o->force, err);
    enum carat_err rc = take_words(o, &wanted, err);
    if (!rc)
        rc = known_tasks_load(o, &g.known, err);
    g.datasets = calloc(wanted.n + 1, sizeof *g.datasets);
    if (!rc && !g.datasets)
        rc = err_nomem(err, "the names");
    if (!rc && o->dry_run)
        rc = list_only(&g, &wanted, err);
    if (!rc && wanted.suite.n && !o->quiet && !o->dry_run)
        rc = announce_all(&g, &wanted, stderr, err);
    if (!rc && !o->dry_run)
        rc = get_all(&g, &wanted, err);
    if (o->bundle && g.n_datasets && (!rc || g.n_failed)) {
        struct err why = ERR_INIT;
        enum carat_err packed = carat_bundle_write(g.datasets, g.n_datasets, NULL, o->bundle, &why);
        if (!packed && !o->quiet)
            log_info("%s: %zu datasets; 'carat fetch --from-bundle %s' unpacks them elsewhere", o->bundle, g.n_datasets, o->bundle);
        if (packed && !rc)
            *err = why;
        rc = rc ? rc : packed;
    }
    free(g.datasets);
    release_words(&wanted);
    known_tasks_release(&g.known);
    return rc;
}

const struct command cmd_fetch = {
    .name = "fetch",
    .summary = "get the benchmarks' official files",
    .usage = "TASK... | --suite NAME | --from-bundle FILE",
    .about = "Downloads the official files of the tasks into $XDG_CACHE_HOME/carat, verifies size and SHA-256 and unpacks "
             "them. What is there and whole is not fetched again; a download that broke off goes on where it "
             "stopped. Of a task file (a name of --include-path, or a path) the rows are asked of the Hub's public rows "
             "endpoint, or of $CARAT_ROWS_URL. 'carat list sources' shows where they come from and under which licence; of a "
             "--suite sizes and licences are told first, and --dry-run tells nothing else. --bundle packs what was fetched into one file, which --from-bundle "
             "unpacks on a machine without a network.",
    .options = "suite dry-run bundle from-bundle copy mirror force plugin include-path quiet",
    .examples = "  carat fetch hellaswag boolq mmlu gsm8k humaneval\n"
                "  carat fetch --suite gemma-report --dry-run\n"
                "  carat fetch mmlu --mirror http://mirror.example/benchmarks\n"
                "  carat fetch --suite core --bundle core.tar.gz",
    .max_args = 64,
    .run = run,
};
