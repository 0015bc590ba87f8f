/* index.c - names to files: folders scanned, tags gathered, groups walked, tasks loaded once each.
 *
 * Scanning reads every file for its kind, name and tags and keeps nothing else but what files include (a template of a
 * thousand tasks is read once). A task is built when it is asked for, and kept for as long as the whole.
 */
#define _GNU_SOURCE /* DT_DIR */
#include <dirent.h>
#include <stdlib.h>

#include "config.h"
#include "read.h"
#include "yaml_task.h"

enum { GROUP_DEPTH_MAX = 16, FILES_MAX = 200000, FOLDER_DEPTH_MAX = 24 };

struct entry {
    const char *name;    /* in the arena, as all of it */
    const char *path;    /* NULL: a tag */
    enum yaml_kind kind;
    size_t order;        /* of being met: among equals of one folder the first counts */
    size_t folder;       /* which call of yaml_tasks_scan(): the last counts */
    const char **members; /* of a tag: tasks' names */
    size_t n_members, cap_members;
};

struct loaded { /* a task built; what it was built from is its key */
    const char *key;
    struct yaml_task *task;
};

struct yaml_tasks {
    struct arena arena;
    struct config_cache cache;
    struct entry *entries; /* sorted by name once `sorted` is set */
    size_t n_entries, cap_entries;
    bool sorted;
    size_t n_folders;
    struct loaded *loaded;
    size_t n_loaded;
};

enum carat_err yaml_tasks_new(struct yaml_tasks **out, struct err *err)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return err_nomem(err, "the tasks");
    (*out)->arena = (struct arena)ARENA_INIT;
    return CARAT_OK;
}

void yaml_tasks_free(struct yaml_tasks *tasks)
{
    if (!tasks)
        return;
    for (size_t i = 0; i < tasks->n_loaded; i++)
        yaml_task_free(tasks->loaded[i].task);
    for (size_t i = 0; i < tasks->n_entries; i++)
        free(tasks->entries[i].members);
    free(tasks->loaded);
    free(tasks->entries);
    config_cache_release(&tasks->cache);
    arena_release(&tasks->arena);
    free(tasks);
}

static const char *keep(struct yaml_tasks *tasks, const char *s) { return arena_dup(&tasks->arena, s, strlen(s)); }

/* ---- entries ----------------------------------------------------------------------------------------- */

static enum carat_err add_entry(struct yaml_tasks *tasks, const char *name, const char *path, enum yaml_kind kind,
                                struct err *err)
{
    if (tasks->n_entries == tasks->cap_entries) {
        size_t cap = tasks->cap_entries ? 2 * tasks->cap_entries : 256;
        struct entry *grown = realloc(tasks->entries, cap * sizeof *grown);
        if (!grown)
            return err_nomem(err, "the tasks");
        tasks->entries = grown;
        tasks->cap_entries = cap;
    }
    struct entry e = {.name = keep(tasks, name),
                      .path = path ? keep(tasks, path) : NULL,
                      .kind = kind,
                      .order = tasks->n_entries,
                      .folder = tasks->n_folders};
    if (!e.name || (path && !e.path))
        return err_nomem(err, "the tasks");
    tasks->entries[tasks->n_entries++] = e;
    tasks->sorted = false;
    return CARAT_OK;
}

/* By name; of equals the one that counts stands first: a later folder's, of a folder the first met. */
static int by_name(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int c = strcmp(x->name, y->name);
    if (c)
        return c;
    if (x->folder != y->folder)
        return x->folder > y->folder ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum carat_err add_member(struct entry *tag, const char *task, struct err *err)
{
    if (tag->n_members == tag->cap_members) {
        size_t cap = tag->cap_members ? 2 * tag->cap_members : 8;
        const char **grown = realloc(tag->members, cap * sizeof *grown);
        if (!grown)
            return err_nomem(err, "the tasks");
        tag->members = grown;
        tag->cap_members = cap;
    }
    tag->members[tag->n_members++] = task;
    return CARAT_OK;
}

/* A tag was added once for each task that has it, its path standing for the task's name: those become one entry with
 * members. A name of both a tag and a task is the task's. */
static enum carat_err unite(struct yaml_tasks *tasks, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    size_t n = 0;
    if (tasks->sorted)
        return CARAT_OK;
    if (tasks->n_entries)
        qsort(tasks->entries, tasks->n_entries, sizeof *tasks->entries, by_name);
    for (size_t i = 0; i < tasks->n_entries; i++) {
        struct entry e = tasks->entries[i];
        struct entry *last = n ? &tasks->entries[n - 1] : NULL;
        bool same = last && strcmp(last->name, e.name) == 0;
        if (same && last->kind == YAML_TAG && e.kind != YAML_TAG) {
            free(last->members);
            *last = e;
        } else if (!same) {
            tasks->entries[n++] = e;
            last = &tasks->entries[n - 1];
        }
        if (last->kind == YAML_TAG && e.kind == YAML_TAG) {
            if (same)
                for (size_t k = 0; k < e.n_members && !rc; k++)
                    rc = add_member(last, e.members[k], err);
            if (e.path && !rc)
                rc = add_member(last, e.path, err);
        }
        if (same && last->members != e.members)
            free(e.members);
        if (last->kind == YAML_TAG)
            last->path = NULL;
    }
    tasks->n_entries = n;
    for (size_t i = 0; i < n; i++)
        if (tasks->entries[i].n_members)
            qsort(tasks->entries[i].members, tasks->entries[i].n_members, sizeof(char *), by_text);
    tasks->sorted = true;
    return rc;
}

static const struct entry *find(const struct yaml_tasks *tasks, const char *name)
{
    struct entry key = {.name = name};
    size_t low = 0, high = tasks->n_entries;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int c = strcmp(tasks->entries[mid].name, key.name);
        if (c == 0)
            return &tasks->entries[mid];
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

size_t yaml_tasks_count(const struct yaml_tasks *tasks) { return tasks->n_entries; }

void yaml_tasks_entry(const struct yaml_tasks *tasks, size_t i, const char **name, enum yaml_kind *kind, const char **path)
{
    *name = tasks->entries[i].name;
    *kind = tasks->entries[i].kind;
    *path = tasks->entries[i].path;
}

/* ---- scanning ------------------------------------------------------------------------------------------ */

static enum carat_err add_tags(struct yaml_tasks *tasks, const json_t *tag, const char *task, struct err *err)
{
    if (json_is_string(tag))
        return add_entry(tasks, json_string_value(tag), task, YAML_TAG, err);
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; i < json_array_size(tag) && !rc; i++)
        if (json_is_string(json_array_get(tag, i)))
            rc = add_entry(tasks, json_string_value(json_array_get(tag, i)), task, YAML_TAG, err);
    return rc;
}

static enum carat_err take_config(struct yaml_tasks *tasks, const json_t *config, const char *path, struct err *err)
{
    const json_t *group = json_object_get(config, "group"), *task = json_object_get(config, "task");
    const bool python = json_object_get(config, "class") != NULL;
    if (group && !python)
        return json_is_string(group) ? add_entry(tasks, json_string_value(group), path, YAML_GROUP, err) : CARAT_OK;
    if (!json_is_string(task))
        return CARAT_OK;
    enum carat_err rc = add_entry(tasks, json_string_value(task), path, python ? YAML_PYTHON : YAML_TASK, err);
    return rc ? rc : add_tags(tasks, json_object_get(config, "tag"), json_string_value(task), err);
}

/* All files of a folder and those below it, gathered before they are sorted by their whole paths. */
struct files {
    struct arena *arena;
    char **items;
    size_t n, cap;
};

static enum carat_err add_file(struct files *f, char *path, struct err *err)
{
    if (f->n >= FILES_MAX)
        return err_set(err, CARAT_EUNSUPPORTED, "more than %d files", FILES_MAX);
    if (f->n == f->cap) {
        size_t cap = f->cap ? 2 * f->cap : 256;
        char **grown = realloc(f->items, cap * sizeof *grown);
        if (!grown)
            return err_nomem(err, "the tasks");
        f->items = grown;
        f->cap = cap;
    }
    f->items[f->n++] = path;
    return CARAT_OK;
}

static bool is_skipped(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "__pycache__") == 0 ||
           strcmp(name, ".ipynb_checkpoints") == 0;
}

static enum carat_err gather(struct files *f, const char *dir, int depth, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    DIR *d = depth < FOLDER_DEPTH_MAX ? opendir(dir) : NULL;
    if (!d && depth == 0)
        return err_set(err, CARAT_EINPUT, "cannot read the folder '%s'", dir);
    for (const struct dirent *e; d && !rc && (e = readdir(d));) {
        if (is_skipped(e->d_name))
            continue;
        bool yaml = str_ends(str_from(e->d_name), STR(".yaml"));
        if (!yaml && e->d_type == DT_REG)
            continue;
        char *path = arena_printf(f->arena, "%s/%s", dir, e->d_name);
        if (!path)
            rc = err_nomem(err, "the tasks");
        else if (e->d_type == DT_DIR || (e->d_type != DT_REG && file_is_dir(path)))
            rc = e->d_type == DT_LNK ? CARAT_OK : gather(f, path, depth + 1, err); /* a linked folder may lead round */
        else if (yaml)
            rc = add_file(f, path, err);
    }
    if (d)
        closedir(d);
    return rc;
}

enum carat_err yaml_tasks_scan(struct yaml_tasks *tasks, const char *dir, struct err *err)
{
    struct arena arena = ARENA_INIT;
    struct files files = {.arena = &arena};
    tasks->n_folders++;
    enum carat_err rc = gather(&files, dir, 0, err);
    if (files.n)
        qsort(files.items, files.n, sizeof *files.items, by_text);
    for (size_t i = 0; i < files.n && !rc; i++) {
        json_t *config = NULL;
        struct err why = ERR_INIT;
        if (config_load(files.items[i], &tasks->cache, &config, &why) == CARAT_ENOMEM)
            rc = err_nomem(err, "the tasks");
        else if (config)
            rc = take_config(tasks, config, files.items[i], err);
        json_decref(config);
    }
    free(files.items);
    arena_release(&arena);
    return rc ? rc : unite(tasks, err);
}

/* ---- loading ------------------------------------------------------------------------------------------------ */

static enum carat_err remember(struct yaml_tasks *tasks, const char *key, struct yaml_task *task, struct err *err)
{
    struct loaded *grown = realloc(tasks->loaded, (tasks->n_loaded + 1) * sizeof *grown);
    key = grown ? keep(tasks, key) : NULL;
    if (grown)
        tasks->loaded = grown;
    if (!key)
        return err_nomem(err, "the tasks");
    grown[tasks->n_loaded++] = (struct loaded){key, task};
    return CARAT_OK;
}

/* `config` is taken over. `overrides`: keys of a group that win over the file's; NULL: none. */
static enum carat_err build(struct yaml_tasks *tasks, const char *name, json_t *config, const char *path, const char *dir,
                            const json_t *overrides, const struct yaml_task **out, struct err *err)
{
    struct yaml_task *task = NULL;
    struct buf key = BUF_INIT(YAML_FILE_MAX * 8);
    enum carat_err rc = CARAT_OK;
    *out = NULL;
    if (overrides && json_object_update(config, (json_t *)(uintptr_t)overrides))
        rc = err_nomem(err, "a task");
    buf_printf(&key, "%s\n%s\n", path ? path : "", name);
    if (!rc && overrides)
        rc = json_write(overrides, &key) ? err_nomem(err, "a task") : CARAT_OK;
    for (size_t i = 0; i < tasks->n_loaded && !rc && !*out; i++)
        if (strcmp(tasks->loaded[i].key, key.p) == 0)
            *out = tasks->loaded[i].task;
    if (rc || *out) {
        json_decref(config);
    } else {
        rc = yaml_task_new(name, config, path, dir, &task, err);
        if (!rc && (rc = remember(tasks, key.p, task, err)))
            yaml_task_free(task);
        else
            *out = task;
    }
    buf_release(&key);
    return rc;
}

/* ---- groups -------------------------------------------------------------------------------------------------- */

struct walk { /* one call of yaml_tasks_resolve() */
    struct yaml_tasks *tasks;
    struct yaml_leaves *leaves;
    struct err *err;
    const char *group, *group_title, *subgroup;
    bool unpooled; /* the group has no score: its tasks stand by themselves */
    bool parts_equal; /* its score counts each task once */
    int depth;
};

static enum carat_err add_leaf(struct walk *w, const struct yaml_task *task)
{
    for (size_t i = 0; i < w->leaves->n; i++)
        if (w->leaves->items[i].task == task)
            return CARAT_OK;
    struct yaml_leaf *grown = realloc(w->leaves->items, (w->leaves->n + 1) * sizeof *grown);
    if (!grown)
        return err_nomem(w->err, "the tasks");
    w->leaves->items = grown;
    grown[w->leaves->n++] = (struct yaml_leaf){.task = task,
                                               .group = w->unpooled ? NULL : w->group,
                                               .group_title = w->unpooled ? NULL : w->group_title,
                                               .subgroup = w->unpooled ? NULL : w->subgroup,
                                               .parts_equal = !w->unpooled && w->parts_equal};
    return CARAT_OK;
}

static enum carat_err add_other(struct walk *w, const char *name)
{
    const char **grown = realloc(w->leaves->others, (w->leaves->n_others + 1) * sizeof *grown);
    const char *kept = grown ? keep(w->tasks, name) : NULL;
    if (grown)
        w->leaves->others = grown;
    if (!kept)
        return err_nomem(w->err, "the tasks");
    grown[w->leaves->n_others++] = kept;
    return CARAT_OK;
}

static enum carat_err walk_entry(struct walk *w, const struct entry *e, const json_t *overrides);
static enum carat_err walk_config(struct walk *w, json_t *config, const char *path, const char *dir,
                                  const json_t *overrides);

static bool is_group_key(const char *key)
{
    static const char *const names[] = {"group", "group_alias", "task", "aggregate_metric_list", "metadata", "tag"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(key, names[i]) == 0)
            return true;
    return false;
}

/* What a group, or a member of one that is a mapping, sets for its tasks; the caller's own go over it. A new reference. */
static json_t *overrides_of(const json_t *map, const json_t *outer)
{
    json_t *all = json_object();
    const char *key;
    json_t *v;
    bool ok = all != NULL;
    json_object_foreach((json_t *)(uintptr_t)map, key, v)
        ok = ok && (is_group_key(key) || !json_object_set(all, key, v));
    if (ok && outer)
        ok = !json_object_update(all, (json_t *)(uintptr_t)outer);
    if (!ok) {
        json_decref(all);
        return NULL;
    }
    return all;
}

/* A member that is a mapping: a task or group of the index with other settings, or one defined here. */
static enum carat_err walk_inline(struct walk *w, const json_t *member, const char *dir, const char *group,
                                  const json_t *outer)
{
    const json_t *name = json_object_get(member, "group");
    const bool is_group = json_is_string(name);
    if (!is_group)
        name = json_object_get(member, "task");
    if (!json_is_string(name))
        return err_set(w->err, CARAT_EINPUT, "a member of the group '%s' has neither 'task' nor 'group'", group);
    const struct entry *e = find(w->tasks, json_string_value(name));
    enum carat_err rc = CARAT_OK;
    if (e) { /* the member's own settings win over the group's */
        json_t *own = overrides_of(member, NULL);
        json_t *all = own ? overrides_of(outer, own) : NULL;
        rc = all ? walk_entry(w, e, json_object_size(all) ? all : NULL) : err_nomem(w->err, "a group");
        json_decref(own);
        json_decref(all);
        return rc;
    }
    json_t *config = json_copy((json_t *)(uintptr_t)member);
    char *full = arena_printf(&w->tasks->arena, "%s.%s", group, json_string_value(name));
    if (!config || !full || json_object_set_new(config, is_group ? "group" : "task", json_string(full))) {
        json_decref(config);
        return err_nomem(w->err, "a group");
    }
    if (!is_group && outer) {
        json_t *all = json_copy((json_t *)(uintptr_t)outer);
        bool ok = all && !json_object_update(all, config);
        json_decref(config);
        config = all;
        if (!ok) {
            json_decref(config);
            return err_nomem(w->err, "a group");
        }
    }
    return walk_config(w, config, NULL, dir, is_group ? outer : NULL);
}

static enum carat_err walk_member(struct walk *w, const json_t *member, const char *dir, const char *group,
                                  const json_t *overrides)
{
    if (json_is_object(member))
        return walk_inline(w, member, dir, group, overrides);
    if (!json_is_string(member))
        return err_set(w->err, CARAT_EINPUT, "a member of the group '%s' is neither a name nor a mapping", group);
    const struct entry *e = find(w->tasks, json_string_value(member));
    return e ? walk_entry(w, e, overrides) : add_other(w, json_string_value(member));
}

/* The first metric that the group's score is made of; NULL: it has none. Borrowed. */
static const json_t *group_metric(const json_t *config)
{
    const json_t *list = json_object_get(config, "aggregate_metric_list");
    const json_t *first = json_is_array(list) ? json_array_get(list, 0) : list;
    return json_is_object(first) ? first : NULL;
}

/* weight_by_size as Python takes it for true or false; not given it is true. */
static bool counts_tasks_once(const json_t *metric)
{
    const json_t *v = json_object_get(metric, "weight_by_size");
    if (json_is_string(v))
        return json_string_length(v) == 0;
    return v && !json_is_true(v) && (!json_is_number(v) || json_number_value(v) == 0);
}

/* The reference knows one way to make one number of a group's tasks. */
static enum carat_err check_group_metric(const json_t *metric, const char *group, struct err *err)
{
    const json_t *how = json_object_get(metric, "aggregation");
    if (!how || json_is_null(how) || (json_is_string(how) && strcmp(json_string_value(how), "mean") == 0))
        return CARAT_OK;
    return err_set(err, CARAT_EUNSUPPORTED, "group '%s': 'aggregate_metric_list: aggregation' is not 'mean'", group);
}

static enum carat_err walk_group(struct walk *w, const json_t *config, const char *dir, const json_t *outer)
{
    const char *name = json_string_value(json_object_get(config, "group"));
    const char *title = json_string_value(json_object_get(config, "group_alias"));
    const json_t *members = json_object_get(config, "task"), *metric = group_metric(config);
    struct walk inner = *w;
    enum carat_err rc = CARAT_OK;
    name = keep(w->tasks, name);
    title = title ? keep(w->tasks, title) : name;
    json_t *overrides = overrides_of(config, outer);
    if (!name || !title || !overrides)
        rc = err_nomem(w->err, "a group");
    if (!w->group) {
        inner.group = name;
        inner.group_title = title;
        inner.unpooled = !metric;
        inner.parts_equal = counts_tasks_once(metric);
    } else if (w->depth == 1) {
        inner.subgroup = name;
    }
    if (!rc && !w->group)
        rc = check_group_metric(metric, name, w->err);
    if (++inner.depth > GROUP_DEPTH_MAX)
        rc = err_set(w->err, CARAT_EINPUT, "the group '%s' is part of itself, or nested too deep", name);
    const json_t *settings = json_object_size(overrides) ? overrides : NULL;
    if (!rc && json_is_string(members))
        rc = walk_member(&inner, members, dir, name, settings);
    for (size_t i = 0; i < json_array_size(members) && !rc; i++)
        rc = walk_member(&inner, json_array_get(members, i), dir, name, settings);
    json_decref(overrides);
    return rc;
}

/* A file's configuration, or an inline one's; taken over. */
static enum carat_err walk_config(struct walk *w, json_t *config, const char *path, const char *dir,
                                  const json_t *overrides)
{
    const json_t *group = json_object_get(config, "group"), *task = json_object_get(config, "task");
    enum carat_err rc;
    if (json_object_get(config, "class")) {
        rc = err_set(w->err, CARAT_EUNSUPPORTED, "%s: it is a Python class, which carat does not run", path ? path : dir);
    } else if (json_is_string(group)) {
        rc = walk_group(w, config, dir, overrides);
    } else if (json_is_string(task)) {
        const struct yaml_task *built = NULL;
        char *name = arena_dup(&w->tasks->arena, json_string_value(task), json_string_length(task));
        rc = name ? build(w->tasks, name, config, path, dir, overrides, &built, w->err) : err_nomem(w->err, "a task");
        return rc ? rc : add_leaf(w, built);
    } else {
        rc = err_set(w->err, CARAT_EINPUT, "%s: it has neither 'task' nor 'group'", path ? path : dir);
    }
    json_decref(config);
    return rc;
}

static enum carat_err walk_file(struct walk *w, const char *path, const json_t *overrides)
{
    json_t *config = NULL;
    char *dir = config_dir(path);
    enum carat_err rc = dir ? config_load(path, &w->tasks->cache, &config, w->err) : err_nomem(w->err, path);
    if (!rc)
        rc = walk_config(w, config, path, dir, overrides);
    free(dir);
    return rc;
}

static enum carat_err walk_entry(struct walk *w, const struct entry *e, const json_t *overrides)
{
    if (e->kind != YAML_TAG)
        return walk_file(w, e->path, overrides);
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; i < e->n_members && !rc; i++) {
        const struct entry *task = find(w->tasks, e->members[i]);
        if (task && task->kind != YAML_TAG)
            rc = walk_file(w, task->path, overrides);
    }
    return rc;
}

static bool is_path(const char *name)
{
    struct str s = str_from(name);
    return str_ends(s, STR(".yaml")) || str_ends(s, STR(".yml"));
}

/* A group's file asked for by its path may name tasks that stand beside it. */
static enum carat_err resolve_path(struct walk *w, const char *path)
{
    json_t *config = NULL;
    char *dir = NULL;
    char *real = config_resolve(path, w->err);
    enum carat_err rc = real ? config_load(real, &w->tasks->cache, &config, w->err) : w->err->code;
    bool group = json_object_get(config, "group") != NULL;
    json_decref(config);
    if (!rc && group && !(dir = config_dir(real)))
        rc = err_nomem(w->err, path);
    if (!rc && group && !w->tasks->n_folders)
        rc = yaml_tasks_scan(w->tasks, dir, w->err);
    if (!rc)
        rc = walk_file(w, real, NULL);
    free(dir);
    free(real);
    return rc;
}

enum carat_err yaml_tasks_resolve(struct yaml_tasks *tasks, const char *name, struct yaml_leaves *leaves, bool *found,
                                  struct err *err)
{
    struct err local = ERR_INIT;
    struct walk w = {.tasks = tasks, .leaves = leaves, .err = err ? err : &local};
    const struct entry *e = find(tasks, name);
    *found = e || is_path(name);
    if (!*found)
        return CARAT_OK;
    return e ? walk_entry(&w, e, NULL) : resolve_path(&w, name);
}

void yaml_leaves_release(struct yaml_leaves *leaves)
{
    free(leaves->items);
    free(leaves->others);
    *leaves = (struct yaml_leaves)YAML_LEAVES_INIT;
}
