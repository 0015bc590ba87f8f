/* rows.c - where the rows of a task file are, and what becomes of them. The order is told in docs/yaml-tasks.md. */
#include <stdlib.h>

#include "read.h"
#include "yaml_task.h"

/* ---- finding the files ---------------------------------------------------------------------------- */

struct found {
    struct arena arena;
    const char **paths;
    size_t n;
    struct buf tried; /* for the message */
};

static void release(struct found *f)
{
    arena_release(&f->arena);
    free(f->paths);
    buf_release(&f->tried);
}

static enum carat_err add_path(struct found *f, const char *path, struct err *err)
{
    const char **grown = path ? realloc(f->paths, (f->n + 1) * sizeof *grown) : NULL;
    if (!grown)
        return err_nomem(err, "a file's name");
    f->paths = grown;
    grown[f->n++] = path;
    return CARAT_OK;
}

/* One name of data_files: as it is, or beside the task file. */
static enum carat_err add_named(const struct yaml_task *t, const char *name, struct found *f, struct err *err)
{
    if (strstr(name, "://"))
        return err_set(err, CARAT_EUNSUPPORTED, "data_files: '%.200s' is on the network: fetch it and name the file", name);
    if (strpbrk(name, "*?["))
        return err_set(err, CARAT_EUNSUPPORTED, "data_files: '%.200s' is a pattern; name the files", name);
    const char *path = t->data_dir && *name != '/' ? arena_printf(&f->arena, "%s/%s", t->data_dir, name) : name;
    if (path && *path != '/' && !file_exists(path))
        path = arena_printf(&f->arena, "%s/%s", t->dir, path);
    return add_path(f, path, err);
}

static enum carat_err find_named(const struct yaml_task *t, const char *split, struct found *f, struct err *err)
{
    const json_t *names = t->data_files;
    if (json_is_object(names))
        names = json_object_get(names, split);
    else if (strcmp(split, "train") != 0) /* files without a split are the training one's */
        names = NULL;
    if (json_is_string(names))
        return add_named(t, json_string_value(names), f, err);
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; i < json_array_size(names) && !rc; i++) {
        const json_t *name = json_array_get(names, i);
        rc = json_is_string(name) ? add_named(t, json_string_value(name), f, err)
                                  : err_set(err, CARAT_EINPUT, "data_files wants names of files");
    }
    if (!rc && !f->n)
        rc = err_set(err, CARAT_EINPUT, "data_files has no files of the split '%s'", split);
    return rc;
}

static bool try_file(struct found *f, const char *dir, const char *split)
{
    static const char *const suffixes[] = {"jsonl", "json", "csv", "jsonl.gz", "json.gz", "csv.gz", "parquet"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        const char *path = arena_printf(&f->arena, "%s/%s.%s", dir, split, suffixes[i]);
        if (path && file_exists(path))
            return !add_path(f, path, NULL);
    }
    buf_printf(&f->tried, "%s'%s/%s.jsonl'", f->tried.n ? ", " : "", dir, split);
    return false;
}

/* ROOT/path/name/split.*, and ROOT/path/split.* where there is no name */
static bool try_root(const struct yaml_task *t, const char *root, const char *split, struct found *f)
{
    const char *path = t->dataset_path;
    const char *base = *path == '/' ? path : arena_printf(&f->arena, "%s/%s", root, path);
    const char *named = base && t->dataset_name ? arena_printf(&f->arena, "%s/%s", base, t->dataset_name) : NULL;
    if (named)
        return try_file(f, named, split);
    const char *plain = base ? arena_printf(&f->arena, "%s/default", base) : NULL;
    return base && plain && (try_file(f, base, split) || try_file(f, plain, split));
}

static bool climbs(const char *path)
{
    return path && (strcmp(path, "..") == 0 || strstr(path, "../") || strstr(path, "/.."));
}

static enum carat_err find_split(const struct yaml_task *t, const char *split, const char *data_dir, struct found *f,
                                 struct err *err)
{
    char *cache = NULL, *hub = NULL;
    if (climbs(t->dataset_path) || climbs(t->dataset_name) || strchr(split, '/'))
        return err_set(err, CARAT_EINPUT, "dataset_path, dataset_name and splits cannot lead out of their folder");
    if (data_dir) {
        try_root(t, data_dir, split, f);
    } else if (!try_root(t, t->dir, split, f) && (cache = file_cache_dir()) && (hub = file_join(cache, "hub"))) {
        try_root(t, hub, split, f);
    }
    free(cache);
    free(hub);
    if (f->n)
        return CARAT_OK;
    err_set(err, CARAT_EINPUT, "no rows of the split '%s': looked for %s", split, f->tried.p ? f->tried.p : "nothing");
    return err_hint(err, "put a JSON Lines, JSON or CSV file there%s",
                    data_dir ? "" : ", name a folder with --data, or get it with 'carat fetch'");
}

/* ---- what becomes of them --------------------------------------------------------------------------- */

/* The rows' values after process_docs, a new array. */
static enum carat_err process(const struct hook *hook, const struct carat_rows *rows, json_t *out, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; i < rows->n && !rc; i++) {
        json_t *row = NULL;
        if (hook)
            rc = hook_run(hook, rows->items[i].value, &row, err);
        else
            row = json_incref(rows->items[i].value);
        if (rc)
            err_context(err, "%s:%zu: process_docs", rows->path, rows->items[i].line);
        else if (row && json_array_append_new(out, row))
            rc = err_nomem(err, "rows");
    }
    return rc;
}

/* A table's rows all have its columns: what one lacks is null in it. A row that lacks some is replaced, not changed. */
static enum carat_err fill_columns(json_t *rows, struct err *err)
{
    json_t *columns = json_object();
    bool ok = columns != NULL, even = true;
    for (size_t i = 0; i < json_array_size(rows) && ok; i++) {
        size_t before = json_object_size(columns);
        const char *key;
        json_t *v;
        json_object_foreach(json_array_get(rows, i), key, v)
            ok = ok && (json_object_get(columns, key) || !json_object_set_new(columns, key, json_null()));
        even = even && (i == 0 || before == json_object_size(columns)) &&
               json_object_size(json_array_get(rows, i)) == json_object_size(columns);
    }
    for (size_t i = 0; i < json_array_size(rows) && ok && !even; i++) {
        json_t *full = json_copy(columns);
        ok = full && !json_object_update(full, json_array_get(rows, i)) && !json_array_set_new(rows, i, full);
    }
    json_decref(columns);
    return ok ? CARAT_OK : err_nomem(err, "rows");
}

static enum carat_err finish(const struct hook *hook, struct carat_rows **rows, struct err *err)
{
    json_t *values = json_array();
    struct carat_rows *done = NULL;
    enum carat_err rc = values ? process(hook, *rows, values, err) : err_nomem(err, "rows");
    if (!rc)
        rc = fill_columns(values, err);
    if (!rc && json_array_size(values) == 0)
        rc = err_set(err, CARAT_EINPUT, "%s: process_docs leaves no rows", (*rows)->path);
    if (!rc)
        rc = carat_rows_make(values, (*rows)->path, (*rows)->sha256, &done, err);
    json_decref(values);
    carat_rows_free(*rows);
    *rows = done;
    return rc;
}

static enum carat_err read_split(const struct yaml_task *t, const char *split, const struct hook *hook,
                                 const char *data_dir, struct carat_rows **out, struct err *err)
{
    struct found f = {.arena = ARENA_INIT, .tried = BUF_INIT(1 << 16)};
    *out = NULL;
    enum carat_err rc = CARAT_OK;
    if (t->data_files && data_dir) /* what --data has goes before what the file names */
        rc = find_split(t, split, data_dir, &f, NULL);
    if (t->data_files && !f.n)
        rc = find_named(t, split, &f, err);
    else if (!t->data_files)
        rc = find_split(t, split, data_dir, &f, err);
    for (size_t i = 0; i < f.n && !rc; i++)
        if (str_ends(str_from(f.paths[i]), STR(".parquet"))) {
            rc = err_set(err, CARAT_EUNSUPPORTED, "'%s': carat reads no Parquet", f.paths[i]);
            err_hint(err, "write it as JSON Lines: pandas.read_parquet(F).to_json(G, orient='records', lines=True)");
        }
    for (size_t i = 0; i < f.n && !rc && t->headless; i++)
        if (strstr(f.paths[i], ".csv"))
            rc = err_set(err, CARAT_EUNSUPPORTED, "'%s': CSV files without a header are not read", f.paths[i]);
    if (!rc)
        rc = carat_rows_read(f.paths, f.n, out, err);
    if (!rc)
        rc = finish(hook, out, err);
    release(&f);
    return rc;
}

enum carat_err yaml_rows(const struct yaml_task *task, const char *split, const char *data_dir, struct carat_rows **out,
                         struct err *err)
{
    return read_split(task, split, task->process_docs, data_dir, out, err);
}

/* Inline samples are told by the digest of what they say. */
static enum carat_err make_samples(const struct yaml_task *t, struct carat_rows **out, struct err *err)
{
    char sha256[SHA256_HEX];
    struct buf text = BUF_INIT(YAML_FILE_MAX * 8);
    enum carat_err rc = json_write(t->samples, &text) ? err_nomem(err, "samples") : CARAT_OK;
    if (!rc) {
        sha256_hex(text.p, text.n, sha256);
        rc = carat_rows_make(t->samples, t->path ? t->path : t->task.name, sha256, out, err);
    }
    buf_release(&text);
    return rc;
}

enum carat_err yaml_pool(const struct yaml_task *task, const char *data_dir, struct carat_rows **out, struct err *err)
{
    if (task->samples)
        return make_samples(task, out, err);
    return read_split(task, task->task.shots_split, task->shot_process_docs, data_dir, out, err);
}

enum carat_err yaml_task_fetch(const struct yaml_task *task, const struct carat_fetch_opts *opts, struct err *err)
{
    const char *splits[] = {task->task.test_split, task->samples ? NULL : task->task.shots_split};
    enum carat_err rc = CARAT_OK;
    if (task->data_files)
        return err_set(err, CARAT_EUNSUPPORTED, "%s: its rows are the files that data_files names: nothing to fetch",
                       task->task.name);
    for (size_t i = 0; i < sizeof splits / sizeof *splits && !rc; i++) {
        struct found f = {.arena = ARENA_INIT, .tried = BUF_INIT(1 << 16)};
        bool beside = splits[i] && !(opts && opts->force) && try_root(task, task->dir, splits[i], &f);
        release(&f);
        if (splits[i] && !beside && (i == 0 || strcmp(splits[0], splits[i]) != 0))
            rc = carat_hub_fetch(task->dataset_path, task->dataset_name, splits[i], opts, err);
    }
    return rc ? err_context(err, "%s", task->task.name) : CARAT_OK;
}
