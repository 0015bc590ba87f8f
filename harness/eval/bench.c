/* Everything that can be known before a model is opened: which leaves, which rows, which shots. */
#include <stdio.h>
#include <stdlib.h>

#include "eval.h"
#include "harness/protocol/plugin.h"
#include "harness/yaml/yaml_tasks.h"

/* A task file's leaf among the others; one that cannot be scored is refused here, before anything is computed. */
static enum carat_err add_yaml_leaf(const struct eval_options *o, const struct yaml_leaf *from,
                                    struct plugins_leaves *leaves, struct err *err)
{
    const char *why = o->prompts_only ? NULL : yaml_task_cannot_run(from->task), *name = yaml_task_abi(from->task)->name;
    const char *left_out = o->prompts_only || o->quiet ? NULL : yaml_task_leaves_out(from->task);
    if (why) {
        err_set(err, CARAT_EUNSUPPORTED, "%s: %s", name, why);
        return err_hint(err, "'carat prompts' shows what it would ask");
    }
    if (left_out)
        run_log_warn(o->log, "%s: the metric '%s' is not known to carat and left out; the others are given", name, left_out);
    struct proto_leaf *grown = realloc(leaves->items, (leaves->n + 1) * sizeof *grown);
    if (!grown)
        return err_nomem(err, "the tasks");
    leaves->items = grown;
    grown[leaves->n++] = (struct proto_leaf){.task = yaml_task_abi(from->task),
                                             .parent = from->group,
                                             .parent_title = from->group_title,
                                             .subgroup = from->subgroup,
                                             .parts_equal = from->parts_equal};
    return CARAT_OK;
}

/* A name that is near to none of those built in may be near to one of a task file. */
static enum carat_err hint_at_files(const struct yaml_tasks *yaml, const char *name, struct err *err)
{
    size_t n = yaml_tasks_count(yaml);
    const char **names = n && !strstr(err->hint, "did you mean") ? calloc(n + 1, sizeof *names) : NULL;
    for (size_t i = 0; names && i < n; i++) {
        enum yaml_kind kind;
        const char *path;
        yaml_tasks_entry(yaml, i, &names[i], &kind, &path);
    }
    const char *near = names ? str_nearest(name, names) : NULL;
    if (near)
        err_hint(err, "did you mean '%s'?", near);
    free(names);
    return err->code;
}

/* A name of a task file or one built in. */
static enum carat_err resolve(const struct eval_options *o, const char *name, struct plugins_leaves *leaves,
                              struct err *err)
{
    struct yaml_leaves files = YAML_LEAVES_INIT;
    bool found = false;
    enum carat_err rc = o->yaml ? yaml_tasks_resolve(o->yaml, name, &files, &found, err) : CARAT_OK;
    for (size_t i = 0; i < files.n && !rc; i++)
        rc = add_yaml_leaf(o, &files.items[i], leaves, err);
    for (size_t i = 0; i < files.n_others && !rc; i++)
        rc = plugins_resolve(o->plugins, files.others[i], leaves, err);
    yaml_leaves_release(&files);
    if (rc || found)
        return rc;
    rc = plugins_resolve(o->plugins, name, leaves, err);
    return rc == CARAT_EUSAGE && o->yaml ? hint_at_files(o->yaml, name, err) : rc;
}

/* The leaves of all names, and for each which name it came by. The list is freed by the caller. */
static enum carat_err resolve_all(const struct eval_options *o, struct plugins_leaves *leaves, size_t **asked,
                                  struct err *err)
{
    enum carat_err rc = CARAT_OK;
    *asked = NULL;
    for (size_t i = 0; i < o->n_tasks && !rc; i++) {
        const size_t before = leaves->n;
        if (strcmp(o->tasks[i], "all") != 0)
            rc = resolve(o, o->tasks[i], leaves, err);
        else
            for (size_t k = 0; k < plugins_count(o->plugins) && !rc; k++)
                rc = plugins_resolve(o->plugins, plugins_task(o->plugins, k)->name, leaves, err);
        size_t *grown = rc ? NULL : realloc(*asked, (leaves->n + 1) * sizeof *grown);
        if (!rc && !grown)
            rc = err_nomem(err, "the tasks");
        if (grown)
            *asked = grown;
        for (size_t k = before; grown && k < leaves->n; k++) {
            grown[k] = i;
            proto_leaf_ask(&leaves->items[k], o->settings);
        }
    }
    return rc;
}

/* jansson's values as an array of pointers, which is what a plan takes. */
static json_t **value_list(const struct carat_rows *rows)
{
    json_t **list = calloc(rows->n + 1, sizeof *list);
    for (size_t i = 0; list && i < rows->n; i++)
        list[i] = rows->items[i].value;
    return list;
}

/* The rows asked (`pool` false) or those that shots are drawn from. `ds` is NULL for a task file. */
static enum carat_err read_rows(const struct eval_options *o, const struct proto_leaf *leaf, struct carat_dataset *ds,
                                bool pool, struct carat_rows **rows, json_t ***values, struct err *err)
{
    const struct yaml_task *file = yaml_task_of(leaf->task);
    const char *split = pool ? leaf->task->shots_split : leaf->task->test_split;
    enum carat_err rc = !file  ? carat_dataset_rows(ds, leaf->subset ? leaf->subset->name : "", split, rows, err)
                        : pool ? yaml_pool(file, o->data_dir, rows, err)
                               : yaml_rows(file, split, o->data_dir, rows, err);
    if (rc)
        return rc;
    *values = value_list(*rows);
    return *values ? CARAT_OK : err_nomem(err, "the rows");
}

/* As asked for; else as the suite says; else the task's own. */
static int shots_wanted(const struct eval_options *o, const struct eval_override *suite, const struct carat_task *task)
{
    if (task->shots == CARAT_SHOTS_NEVER)
        return 0;
    if (o->shots >= 0)
        return o->shots;
    return suite && suite->shots >= 0 ? suite->shots : task->default_shots;
}

static bool needs_pool(const struct carat_task *task, int shots) { return shots > 0 || task->described_by_shot; }

/* The value that tables show: the task's headline, or what a suite names instead. */
static enum carat_err headline_of(const struct eval_override *suite, const struct carat_task *task, struct arena *arena,
                                  struct str *out, struct err *err)
{
    *out = suite && suite->metric ? str_from(suite->metric) : proto_headline(task, arena);
    if (!suite || !suite->metric)
        return CARAT_OK;
    bool known = false;
    for (size_t i = 0; i < task->n_metrics; i++) {
        struct str name = str_from(task->metrics[i].name);
        known |= str_starts(*out, name) && (out->n == name.n || strchr(",@", out->p[name.n]));
    }
    return known ? CARAT_OK : err_set(err, CARAT_EUSAGE, "it has no metric '%s'", suite->metric);
}

/* Adds to a task's settings, which are its identity: how a text is drawn, what a task file says. Takes `value` over. */
static enum carat_err add_setting(struct buf *settings, const char *name, json_t *value, struct err *err)
{
    json_t *all = NULL;
    enum carat_err rc = json_read(buf_str(settings), "the task's settings", 0, &all, err);
    if (rc)
        json_decref(value);
    else if (json_object_set_new(all, name, value))
        rc = err_nomem(err, "the task's settings");
    buf_clear(settings);
    if (!rc)
        rc = json_write(all, settings);
    json_decref(all);
    return rc;
}

/* What was asked for; else the task's own. */
static struct eval_sampling sampling_of(const struct eval_options *o, const struct carat_task *task)
{
    if (o->sampling.n_samples)
        return o->sampling;
    return (struct eval_sampling){.n_samples = task->repeats ? task->repeats : 1,
                                  .temperature = task->temperature,
                                  .top_p = task->top_p > 0 ? task->top_p : 1};
}

static enum carat_err load_bench(const struct eval_options *o, const struct proto_leaf *leaf,
                                 const struct eval_override *suite, struct carat_dataset *ds, struct arena *arena, struct bench *out, struct err *err)
{
    const struct carat_task *task = leaf->task;
    int shots = shots_wanted(o, suite, task);
    *out = (struct bench){.leaf = *leaf, .settings = BUF_INIT(1 << 20), .name = proto_leaf_name(leaf, arena)};
    enum carat_err rc = read_rows(o, leaf, ds, false, &out->rows, &out->row_values, err);
    if (!rc && shots > 0 && !task->shots_split)
        rc = err_set(err, CARAT_EUSAGE, "it has no examples to show: --shots can only be 0");
    if (!rc && needs_pool(task, shots))
        rc = read_rows(o, leaf, ds, true, &out->pool, &out->pool_values, err);
    if (!rc && out->rows->n == 0)
        rc = err_set(err, CARAT_EINPUT, "'%s' has no rows", out->rows->path);
    if (!rc)
        rc = proto_plan_new(&out->leaf, out->row_values, out->rows->n, out->pool_values, out->pool ? out->pool->n : 0,
                            shots, (uint32_t)o->seed, &out->plan, err);
    if (!rc)
        rc = proto_settings_json(out->plan, &out->settings);
    if (!rc)
        rc = headline_of(suite, task, arena, &out->headline, err);
    out->sampling = sampling_of(o, task);
    out->max_tokens = o->max_tokens ? o->max_tokens : task->max_tokens;
    if (!rc && task->output == CARAT_GENERATE && o->max_tokens)
        rc = add_setting(&out->settings, "max_tokens", json_integer((json_int_t)o->max_tokens), err);
    if (!rc && task->output == CARAT_GENERATE && o->sampling.n_samples && o->sampling.temperature > 0)
        rc = add_setting(&out->settings, "sampling", sampling_json(&o->sampling), err);
    if (!rc && yaml_task_of(task))
        rc = add_setting(&out->settings, "file", json_string(yaml_task_digest(yaml_task_of(task))), err);
    if (!rc && leaf->parts_equal)
        rc = add_setting(&out->settings, "group_mean", json_string("tasks"), err);
    if (rc) {
        if (err->code == CARAT_OK)
            err_nomem(err, "the task");
        return str_starts(str_from(err->msg), out->name) /* a plan names its task itself */
                   ? rc
                   : err_context(err, "%.*s", (int)out->name.n, out->name.p);
    }
    out->chance = proto_chance(out->plan);
    out->n_planned = out->rows->n;
    if (o->limit >= 0 && (size_t)o->limit < out->n_planned)
        out->n_planned = (size_t)o->limit;
    return CARAT_OK;
}

static void release_bench(struct bench *b)
{
    proto_plan_free(b->plan);
    free(b->row_values);
    free(b->pool_values);
    carat_rows_free(b->rows);
    carat_rows_free(b->pool);
    buf_release(&b->settings);
}

static bool is_asked(const struct eval_options *o, struct str name)
{
    for (size_t i = 0; i < o->n_tasks; i++)
        if (str_eq(str_from(o->tasks[i]), name))
            return true;
    return false;
}

/* Asked for by its own name a leaf must be there. A subset asked for with its task may be missing while others are at hand,
 * and of "all" whole tasks may. */
enum need { MUST_BE_THERE, ONE_OF_TASK, MAY_BE_MISSING };
static enum need need_of(const struct eval_options *o, const struct proto_leaf *leaf, struct str name)
{
    if (yaml_task_of(leaf->task))
        return MUST_BE_THERE;
    bool task_asked = is_asked(o, str_from(leaf->task->name));
    if (is_asked(o, name) || (task_asked && !leaf->subset))
        return MUST_BE_THERE;
    return task_asked || !is_asked(o, STR("all")) ? ONE_OF_TASK : MAY_BE_MISSING;
}

struct skipped {
    const struct carat_task *task;
    size_t n_there, n_missing;
};

static void tell_skipped(const struct eval_options *o, const struct skipped *s)
{
    if (!s->n_missing || o->quiet)
        return;
    if (!s->n_there)
        run_log_warn(o->log, "%s: its files are not there; it is left out", s->task->name);
    else
        run_log_warn(o->log, "%s: the files of %zu of %zu subsets are not there; the score is over the %zu that are", s->task->name,
                 s->n_missing, s->n_there + s->n_missing, s->n_there);
}

enum carat_err bench_load(const struct eval_options *o, struct bench_set *out, struct err *err)
{
    struct plugins_leaves leaves = PLUGINS_LEAVES_INIT;
    struct carat_dataset_opts data = {.data_dir = o->data_dir};
    struct carat_dataset *ds = NULL;
    struct skipped skipped = {0};
    size_t *asked = NULL;
    *out = (struct bench_set){.arena = ARENA_INIT};
    enum carat_err rc = resolve_all(o, &leaves, &asked, err);
    if (!rc) {
        out->items = calloc(leaves.n + 1, sizeof *out->items);
        if (!out->items)
            rc = err_nomem(err, "the tasks");
    }
    for (size_t i = 0; i < leaves.n && !rc; i++) {
        const struct proto_leaf *leaf = &leaves.items[i];
        if (leaf->task != skipped.task) { /* leaves of a task stand together: one dataset for them all */
            tell_skipped(o, &skipped);
            skipped = (struct skipped){.task = leaf->task};
            carat_dataset_free(ds);
            ds = NULL;
            if (!yaml_task_of(leaf->task))
                rc = carat_dataset_open(leaf->task->dataset, &data, &ds, err);
            if (rc)
                break;
        }
        struct str name = proto_leaf_name(leaf, &out->arena);
        bool last_chance = !skipped.n_there && (i + 1 == leaves.n || leaves.items[i + 1].task != leaf->task);
        enum need need = need_of(o, leaf, name);
        if ((need == MAY_BE_MISSING || (need == ONE_OF_TASK && !last_chance)) &&
            !carat_dataset_has(ds, leaf->subset ? leaf->subset->name : "", leaf->task->test_split)) {
            skipped.n_missing++;
            continue;
        }
        rc = load_bench(o, leaf, o->overrides ? &o->overrides[asked[i]] : NULL, ds, &out->arena, &out->items[out->n++], err);
        skipped.n_there++;
        out->needs_jail |= proto_needs_jail(leaf->task);
        out->generates |= leaf->task->output == CARAT_GENERATE;
    }
    if (!rc)
        tell_skipped(o, &skipped);
    if (!rc && !out->generates && o->sampling.temperature > 0)
        rc = err_set(err, CARAT_EUSAGE, "none of these tasks generates text: there is nothing to sample");
    carat_dataset_free(ds);
    plugins_leaves_release(&leaves);
    free(asked);
    if (rc)
        bench_release(out);
    return rc;
}

/* ---- what is missing ------------------------------------------------------------------------------------ */

/* Of a task of many subsets one is enough, as for bench_load(). */
static bool has_rows(struct carat_dataset *ds, const struct carat_task *task, const char *split)
{
    bool any = !task->n_subsets && carat_dataset_has(ds, "", split);
    for (size_t i = 0; i < task->n_subsets && !any; i++)
        any = carat_dataset_has(ds, task->subsets[i].name, split);
    return any;
}

static void add_missing(const char *task, const char *what, struct buf *out)
{
    struct str line = str_from(task);
    ptrdiff_t at = str_find(buf_str(out), line, 0);
    if (at < 0)
        buf_printf(out, "%s%s%s", out->n ? ", " : "", task, what);
}

enum carat_err bench_check_data(const struct eval_options *o, const char *how, struct err *err)
{
    struct plugins_leaves leaves = PLUGINS_LEAVES_INIT;
    struct carat_dataset_opts data = {.data_dir = o->data_dir};
    struct buf missing = BUF_INIT(1 << 16);
    size_t *asked = NULL;
    enum carat_err rc = resolve_all(o, &leaves, &asked, err);
    for (size_t i = 0; i < leaves.n && !rc; i++) {
        const struct carat_task *task = leaves.items[i].task;
        struct carat_dataset *ds = NULL;
        if (yaml_task_of(task) || (i && leaves.items[i - 1].task == task))
            continue;
        rc = carat_dataset_open(task->dataset, &data, &ds, err);
        if (!rc && !has_rows(ds, task, task->test_split))
            add_missing(task->name, "", &missing);
        else if (!rc && needs_pool(task, shots_wanted(o, o->overrides ? &o->overrides[asked[i]] : NULL, task)) &&
                 task->shots_split && !has_rows(ds, task, task->shots_split))
            add_missing(task->name, " (its examples)", &missing);
        carat_dataset_free(ds);
    }
    if (!rc && missing.n) {
        rc = err_set(err, CARAT_EINPUT, "there are no files of %s in '%s'", buf_str(&missing).p,
                     o->data_dir ? o->data_dir : "the cache");
        err_hint(err, "%s", how);
    }
    buf_release(&missing);
    plugins_leaves_release(&leaves);
    free(asked);
    return rc;
}

void bench_release(struct bench_set *set)
{
    for (size_t i = 0; i < set->n; i++)
        release_bench(&set->items[i]);
    free(set->items);
    arena_release(&set->arena);
    *set = (struct bench_set){.arena = ARENA_INIT};
}
