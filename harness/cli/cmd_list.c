/* carat list: tasks, runs, sources. */
#include <inttypes.h>

#include "commands.h"
#include "harness/eval/groups.h"
#include "harness/eval/suite.h"
#include "harness/protocol/plugin.h"
#include "harness/yaml/yaml_tasks.h"
#include "run_common.h"

/* Rows of text gathered for a table; the strings live in the arena. */
struct listing {
    struct arena arena;
    struct str *cells;
    size_t n_columns, n_rows;
    bool failed;
};

static void add_row(struct listing *l, const struct str *row)
{
    struct str *cells = realloc(l->cells, (l->n_rows + 1) * l->n_columns * sizeof *cells);
    if (!cells) {
        l->failed = true;
        return;
    }
    l->cells = cells;
    for (size_t i = 0; i < l->n_columns; i++) {
        char *copy = arena_dup(&l->arena, row[i].p, row[i].n);
        l->failed |= !copy;
        cells[l->n_rows * l->n_columns + i] = (struct str){copy, copy ? row[i].n : 0};
    }
    l->n_rows++;
}

static struct str number(struct listing *l, int64_t x)
{
    char *p = arena_printf(&l->arena, "%" PRId64, x);
    l->failed |= !p;
    return str_from(p);
}

/* As a table, or as a JSON list of objects with the columns' names. */
static enum carat_err print_listing(struct listing *l, const struct carat_column *columns, const struct options *o,
                                    struct err *err)
{
    struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
    enum carat_err rc = CARAT_OK;
    if (l->failed) {
        rc = err_nomem(err, "a list");
    } else if (o->json) {
        json_t *list = json_array();
        for (size_t r = 0; r < l->n_rows; r++) {
            json_t *row = json_object();
            for (size_t c = 0; c < l->n_columns; c++) {
                struct str cell = l->cells[r * l->n_columns + c];
                int64_t x;
                bool numeric = columns[c].align == CARAT_RIGHT_ALIGNED && num_parse_i64(cell, &x);
                json_object_setn_new(row, columns[c].name.p, columns[c].name.n,
                                     numeric ? json_integer(x) : json_text(cell));
            }
            json_array_append_new(list, row);
        }
        if (json_write(list, &out) || buf_addc(&out, '\n'))
            rc = err_nomem(err, "a list");
        json_decref(list);
    } else {
        struct carat_table table = {
            .columns = columns, .n_columns = l->n_columns, .cells = l->cells, .n_rows = l->n_rows};
        rc = carat_table_write(&table, table_format(o), &out, err);
    }
    if (!rc)
        fwrite(out.p, 1, out.n, stdout);
    buf_release(&out);
    free(l->cells);
    arena_release(&l->arena);
    return rc;
}

/* Task files by name: what they are, not what is in them, so that thousands list at once. */
static void add_task_files(const struct yaml_tasks *files, struct listing *l)
{
    static const char *const kinds[] = {[YAML_TASK] = "task file", [YAML_GROUP] = "group of task files", [YAML_TAG] = "tag",
                                        [YAML_PYTHON] = "Python, not run"};
    for (size_t i = 0; i < yaml_tasks_count(files); i++) {
        const char *name, *path;
        enum yaml_kind kind;
        yaml_tasks_entry(files, i, &name, &kind, &path);
        struct str row[] = {str_from(name), STR(""), STR(""), str_from(kinds[kind]),
                            STR(""),        STR(""), STR(""), str_from(path ? path : "")};
        add_row(l, row);
    }
}

static enum carat_err list_tasks(const struct options *o, struct err *err)
{
    static const struct carat_column columns[] = {{{"task", 4}, CARAT_LEFT},
                                                  {{"version", 7}, CARAT_RIGHT_ALIGNED},
                                                  {{"capability", 10}, CARAT_LEFT},
                                                  {{"output", 6}, CARAT_LEFT},
                                                  {{"shots", 5}, CARAT_RIGHT_ALIGNED},
                                                  {{"subsets", 7}, CARAT_RIGHT_ALIGNED},
                                                  {{"metric", 6}, CARAT_LEFT},
                                                  {{"from", 4}, CARAT_LEFT}};
    static const char *const output_names[] = {[CARAT_MULTIPLE_CHOICE] = "multiple choice",
                                               [CARAT_GENERATE] = "generation",
                                               [CARAT_LOGLIKELIHOOD] = "log-likelihood",
                                               [CARAT_ROLLING] = "whole texts"};
    struct listing l = {.arena = ARENA_INIT, .n_columns = sizeof columns / sizeof *columns};
    struct known_tasks known = {0};
    enum carat_err rc = known_tasks_load(o, &known, err);
    for (size_t i = 0; !rc && i < plugins_count(known.plugins); i++) {
        const struct carat_task *t = plugins_task(known.plugins, i);
        const char *origin = plugins_origin(known.plugins, i);
        struct str row[] = {str_from(t->name),
                            number(&l, t->version),
                            str_from(capability_of(t->name, t->group)),
                            str_from(output_names[t->output]),
                            number(&l, t->default_shots),
                            number(&l, (int64_t)t->n_subsets),
                            proto_headline(t, &l.arena),
                            str_from(origin ? origin : "built in")};
        add_row(&l, row);
    }
    if (!rc)
        add_task_files(known.files, &l);
    known_tasks_release(&known);
    return rc ? rc : print_listing(&l, columns, o, err);
}

static bool add_run(void *context, const struct carat_run_row *run)
{
    struct listing *l = context;
    struct str key = {run->key.p, run->key.n < 12 ? run->key.n : 12};
    struct str row[] = {number(l, run->id),       key,
                        run->model_name,          number(l, run->n_tasks),
                        number(l, run->n_items),  run->complete ? STR("complete") : STR("unfinished"),
                        run->started,             run->carat_version,
                        run->scorings};
    add_row(l, row);
    return !l->failed;
}

static enum carat_err list_runs(const struct options *o, struct err *err)
{
    static const struct carat_column columns[] = {{{"run", 3}, CARAT_RIGHT_ALIGNED},
                                                  {{"key", 3}, CARAT_LEFT},
                                                  {{"model", 5}, CARAT_LEFT},
                                                  {{"tasks", 5}, CARAT_RIGHT_ALIGNED},
                                                  {{"items", 5}, CARAT_RIGHT_ALIGNED},
                                                  {{"state", 5}, CARAT_LEFT},
                                                  {{"started", 7}, CARAT_LEFT},
                                                  {{"carat", 5}, CARAT_LEFT},
                                                  {{"scorings", 8}, CARAT_LEFT}};
    struct listing l = {.arena = ARENA_INIT, .n_columns = sizeof columns / sizeof *columns};
    struct carat_store *store = NULL;
    enum carat_err rc = open_store(o, CARAT_STORE_READ, &store, err);
    if (!rc)
        rc = carat_store_runs(store, add_run, &l, err);
    carat_store_free(store);
    return rc ? rc : print_listing(&l, columns, o, err);
}

static enum carat_err list_suites(const struct options *o, struct err *err)
{
    static const struct carat_column columns[] = {{{"suite", 5}, CARAT_LEFT},
                                                  {{"tasks", 5}, CARAT_RIGHT_ALIGNED},
                                                  {{"items", 5}, CARAT_LEFT},
                                                  {{"about", 5}, CARAT_LEFT}};
    struct listing l = {.arena = ARENA_INIT, .n_columns = sizeof columns / sizeof *columns};
    char *dir = NULL, **names = NULL;
    enum carat_err rc = suites_dir(&dir, err);
    if (!rc)
        rc = suite_names(dir, &names, err);
    for (size_t i = 0; !rc && names[i]; i++) {
        struct suite suite;
        rc = suite_open(names[i], dir, &suite, err);
        if (rc)
            break;
        struct str row[] = {str_from(names[i]), number(&l, (int64_t)suite.n),
                            suite.limit < 0 ? STR("all") : number(&l, suite.limit), suite.about};
        add_row(&l, row);
        suite_release(&suite);
    }
    suite_names_free(names);
    free(dir);
    return rc ? rc : print_listing(&l, columns, o, err);
}

static enum carat_err list_sources(const struct options *o, struct err *err)
{
    static const struct carat_column columns[] = {{{"dataset", 7}, CARAT_LEFT},
                                                  {{"file", 4}, CARAT_LEFT},
                                                  {{"bytes", 5}, CARAT_RIGHT_ALIGNED},
                                                  {{"licence", 7}, CARAT_LEFT},
                                                  {{"url", 3}, CARAT_LEFT}};
    struct listing l = {.arena = ARENA_INIT, .n_columns = sizeof columns / sizeof *columns};
    size_t n;
    const struct carat_source *sources = carat_sources(&n);
    for (size_t i = 0; i < n; i++) {
        struct str row[] = {str_from(sources[i].dataset), str_from(sources[i].file),
                            sources[i].bytes < 0 ? STR("") : number(&l, sources[i].bytes),
                            str_from(sources[i].licence), str_from(sources[i].url)};
        add_row(&l, row);
    }
    return print_listing(&l, columns, o, err);
}

static enum carat_err run(const struct options *o, struct err *err)
{
    static const struct {
        const char *name;
        enum carat_err (*list)(const struct options *o, struct err *err);
    } kinds[] = {{"tasks", list_tasks}, {"runs", list_runs}, {"sources", list_sources}, {"suites", list_suites}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, o->args.items[0]) == 0)
            return kinds[i].list(o, err);
    err_set(err, CARAT_EUSAGE, "carat can list tasks, runs, sources and suites, not '%s'", o->args.items[0]);
    if (strcmp(o->args.items[0], "models") == 0)
        err_hint(err, "'carat inspect MODEL' tells what a checkpoint is");
    return CARAT_EUSAGE;
}

const struct command cmd_list = {
    .name = "list",
    .summary = "the tasks, runs, suites or data sources there are",
    .usage = "tasks | runs | sources | suites",
    .about = "Lists the benchmarks, built in, from plugins and, below --include-path, from task files; the runs in the results "
             "database; the official places of the benchmarks' files, with size and licence; or the suites that come with carat.",
    .options = "db plugin include-path json format",
    .examples = "  carat list tasks\n"
                "  carat list runs --db compare.db --json",
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
