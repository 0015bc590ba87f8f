/* plugin.c - see plugin.h: the table of tasks, loading, and names. What a task must be is in plugin_check.c. */
#include "plugin.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>

struct entry {
    const struct carat_task *task;
    const char *origin; /* the library's path; NULL: built in */
};

struct library {
    void *handle;
    char *path;
};

struct plugins {
    struct entry *entries; /* sorted by name */
    size_t n_entries;
    struct library *libraries;
    size_t n_libraries;
};

/* ---- the table ----------------------------------------------------------------------------- */

/* The first entry whose name is not below `name`. */
static size_t place_of(const struct plugins *plugins, const char *name)
{
    size_t i = 0;
    while (i < plugins->n_entries && strcmp(plugins->entries[i].task->name, name) < 0)
        i++;
    return i;
}

static enum carat_err add_task(struct plugins *plugins, const struct carat_task *task, const char *origin,
                               struct err *err)
{
    enum carat_err rc = plugins_check_task(task, err);
    if (rc)
        return rc;
    size_t at = place_of(plugins, task->name);
    if (at < plugins->n_entries && strcmp(plugins->entries[at].task->name, task->name) == 0) {
        const char *other = plugins->entries[at].origin;
        return err_set(err, CARAT_EINPUT, "task '%s' is there already, %s%s", task->name,
                       other ? "from " : "built in", other ? other : "");
    }
    struct entry *grown = realloc(plugins->entries, (plugins->n_entries + 1) * sizeof *grown);
    if (!grown)
        return err_nomem(err, "the tasks");
    plugins->entries = grown;
    memmove(grown + at + 1, grown + at, (plugins->n_entries - at) * sizeof *grown);
    grown[at] = (struct entry){task, origin};
    plugins->n_entries++;
    return CARAT_OK;
}

static enum carat_err add_tasks(struct plugins *plugins, const struct carat_task *const *tasks, const char *origin,
                                struct err *err)
{
    enum carat_err rc = CARAT_OK;
    for (; *tasks && !rc; tasks++)
        rc = add_task(plugins, *tasks, origin, err);
    return rc;
}

static void remove_tasks(struct plugins *plugins, const char *origin)
{
    size_t kept = 0;
    for (size_t i = 0; i < plugins->n_entries; i++)
        if (plugins->entries[i].origin != origin)
            plugins->entries[kept++] = plugins->entries[i];
    plugins->n_entries = kept;
}

enum carat_err plugins_new(struct plugins **out, struct err *err)
{
    *out = NULL;
    struct plugins *plugins = calloc(1, sizeof *plugins);
    if (!plugins)
        return err_nomem(err, "the tasks");
    enum carat_err rc = add_tasks(plugins, carat_builtin_tasks(), NULL, err);
    if (rc)
        plugins_free(plugins);
    else
        *out = plugins;
    return rc;
}

void plugins_free(struct plugins *plugins)
{
    if (!plugins)
        return;
    for (size_t i = 0; i < plugins->n_libraries; i++) {
        dlclose(plugins->libraries[i].handle);
        free(plugins->libraries[i].path);
    }
    free(plugins->libraries);
    free(plugins->entries);
    free(plugins);
}

/* ---- loading --------------------------------------------------------------------------------- */

static enum carat_err load_tasks(struct plugins *plugins, void *handle, const char *path, struct err *err)
{
    void *symbol = dlsym(handle, CARAT_PLUGIN_ENTRY);
    if (!symbol) {
        err_set(err, CARAT_EINPUT, "it has no entry point '%s'", CARAT_PLUGIN_ENTRY);
        return err_hint(err, "a plugin ends with CARAT_EXPORT_TASKS(&task)");
    }
    carat_plugin_tasks_fn *entry;
    memcpy(&entry, &symbol, sizeof entry); /* ISO C has no cast from object to function pointers */
    const struct carat_task *const *tasks = entry();
    if (!tasks || !*tasks)
        return err_set(err, CARAT_EINPUT, "it has no tasks");
    enum carat_err rc = add_tasks(plugins, tasks, path, err);
    if (rc)
        remove_tasks(plugins, path);
    return rc;
}

enum carat_err plugins_load(struct plugins *plugins, const char *path, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    void *handle = NULL;
    /* A name without a slash would be searched for among the system's libraries. */
    char *where = strchr(path, '/') ? strdup(path) : file_join(".", path);
    struct library *grown = realloc(plugins->libraries, (plugins->n_libraries + 1) * sizeof *grown);
    if (grown)
        plugins->libraries = grown;
    if (!where || !grown) {
        rc = err_nomem(err, "a plugin");
        goto out;
    }
    handle = dlopen(where, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        rc = err_set(err, CARAT_EINPUT, "cannot load it: %s", dlerror());
        goto out;
    }
    rc = load_tasks(plugins, handle, where, err);
    if (rc)
        goto out;
    plugins->libraries[plugins->n_libraries++] = (struct library){handle, where};
    return CARAT_OK;
out:
    if (handle)
        dlclose(handle);
    free(where);
    err_context(err, "plugin '%s'", path);
    return rc;
}

static int is_library(const struct dirent *entry)
{
    return str_ends(str_from(entry->d_name), STR(".so"));
}

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static enum carat_err load_folder(struct plugins *plugins, const char *dir, struct err *err)
{
    struct dirent **names = NULL;
    int n = scandir(dir, &names, is_library, by_name);
    if (n < 0)
        return err_set(err, CARAT_EINPUT, "cannot read the plugin folder '%s': %s", dir, strerror(errno));
    enum carat_err rc = CARAT_OK;
    for (int i = 0; i < n; i++) {
        char *path = rc ? NULL : file_join(dir, names[i]->d_name);
        if (path)
            rc = plugins_load(plugins, path, err);
        else if (!rc)
            rc = err_nomem(err, "a plugin");
        free(path);
        free(names[i]);
    }
    free(names);
    return rc;
}

enum carat_err plugins_load_path(struct plugins *plugins, const char *list, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    while (list && *list && !rc) {
        size_t n = strcspn(list, ":");
        char *part = strndup(list, n);
        if (!part)
            return err_nomem(err, "a plugin");
        if (n)
            rc = file_is_dir(part) ? load_folder(plugins, part, err) : plugins_load(plugins, part, err);
        free(part);
        list += n + (list[n] == ':');
    }
    return rc;
}

/* ---- names ----------------------------------------------------------------------------------- */

size_t plugins_count(const struct plugins *plugins) { return plugins->n_entries; }
const struct carat_task *plugins_task(const struct plugins *plugins, size_t i) { return plugins->entries[i].task; }
const char *plugins_origin(const struct plugins *plugins, size_t i) { return plugins->entries[i].origin; }

const struct carat_task *plugins_find(const struct plugins *plugins, const char *name)
{
    size_t at = place_of(plugins, name);
    bool is_it = at < plugins->n_entries && strcmp(plugins->entries[at].task->name, name) == 0;
    return is_it ? plugins->entries[at].task : NULL;
}

static enum carat_err add_leaf(struct plugins_leaves *leaves, const struct carat_task *task,
                               const struct carat_subset *subset, struct err *err)
{
    for (size_t i = 0; i < leaves->n; i++)
        if (leaves->items[i].task == task && leaves->items[i].subset == subset)
            return CARAT_OK;
    struct proto_leaf *grown = realloc(leaves->items, (leaves->n + 1) * sizeof *grown);
    if (!grown)
        return err_nomem(err, "the tasks");
    leaves->items = grown;
    grown[leaves->n++] = (struct proto_leaf){.task = task, .subset = subset};
    return CARAT_OK;
}

/* Does `rest` ("anatomy", "stem"; "" for the whole task) name this subset or its group? */
static bool names_subset(const char *rest, const struct carat_subset *subset)
{
    return !*rest || strcmp(rest, subset->name) == 0 || (subset->group && strcmp(rest, subset->group) == 0);
}

/* The part of `name` behind "TASK_", "" for the task itself, NULL when it is not of this task. */
static const char *rest_of(const char *name, const struct carat_task *task)
{
    size_t n = strlen(task->name);
    if (strncmp(name, task->name, n) != 0)
        return NULL;
    if (!name[n])
        return name + n;
    return name[n] == '_' && name[n + 1] && task->n_subsets ? name + n + 1 : NULL;
}

static enum carat_err resolve_in(const struct carat_task *task, const char *rest, struct plugins_leaves *leaves,
                                 bool *found, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    if (task->n_subsets == 0) {
        *found = true;
        return add_leaf(leaves, task, NULL, err);
    }
    for (size_t i = 0; i < task->n_subsets && !rc; i++)
        if (names_subset(rest, &task->subsets[i])) {
            *found = true;
            rc = add_leaf(leaves, task, &task->subsets[i], err);
        }
    return rc;
}

static enum carat_err unknown(const struct plugins *plugins, const char *name, struct err *err)
{
    struct arena arena = ARENA_INIT;
    size_t max = 1, n = 0;
    for (size_t i = 0; i < plugins->n_entries; i++)
        max += 1 + 2 * plugins->entries[i].task->n_subsets;
    const char **names = arena_calloc(&arena, max, sizeof *names);
    for (size_t i = 0; names && i < plugins->n_entries; i++) {
        const struct carat_task *task = plugins->entries[i].task;
        names[n++] = task->name;
        for (size_t s = 0; s < task->n_subsets; s++) {
            const char *leaf = arena_printf(&arena, "%s_%s", task->name, task->subsets[s].name);
            if (leaf)
                names[n++] = leaf;
            const char *group = task->subsets[s].group;
            const char *subtotal = group ? arena_printf(&arena, "%s_%s", task->name, group) : NULL;
            if (subtotal)
                names[n++] = subtotal;
        }
    }
    err_set(err, CARAT_EUSAGE, "there is no task '%s'", name);
    const char *near = names ? str_nearest(name, names) : NULL;
    if (near)
        err_hint(err, "did you mean '%s'?", near);
    else
        err_hint(err, "'carat list tasks' shows those there are");
    arena_release(&arena);
    return CARAT_EUSAGE;
}

enum carat_err plugins_resolve(const struct plugins *plugins, const char *name, struct plugins_leaves *leaves,
                               struct err *err)
{
    bool found = false;
    const struct carat_task *task = plugins_find(plugins, name); /* a task's own name goes before another's leaf */
    enum carat_err rc = task ? resolve_in(task, "", leaves, &found, err) : CARAT_OK;
    for (size_t i = 0; i < plugins->n_entries && !rc && !found; i++) {
        const char *rest = rest_of(name, plugins->entries[i].task);
        if (rest)
            rc = resolve_in(plugins->entries[i].task, rest, leaves, &found, err);
    }
    return rc || found ? rc : unknown(plugins, name, err);
}

void plugins_leaves_release(struct plugins_leaves *leaves)
{
    free(leaves->items);
    *leaves = (struct plugins_leaves)PLUGINS_LEAVES_INIT;
}
