/* config.c - see config.h. */
#define _GNU_SOURCE /* realpath */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "read.h"

enum { INCLUDES_MAX = 64 };

struct load {
    struct config_cache *cache;
    char *seen[INCLUDES_MAX]; /* files on the way, resolved */
    size_t n_seen;
    struct err *err;
};

void config_cache_release(struct config_cache *cache)
{
    json_decref(cache->files);
    cache->files = NULL;
}

char *config_resolve(const char *path, struct err *err)
{
    char *real = realpath(path, NULL);
    if (!real)
        err_set(err, errno == ENOMEM ? CARAT_ENOMEM : CARAT_EINPUT, "cannot open '%s': %s", path, strerror(errno));
    return real;
}

char *config_dir(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return strdup(".");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* One file without its includes. The reference may be shared: not to be changed. */
static enum carat_err read_one(struct load *l, const char *path, bool keep, json_t **out)
{
    struct buf text = BUF_INIT(YAML_FILE_MAX + 1);
    json_t *kept = l->cache ? json_object_get(l->cache->files, path) : NULL;
    char *dir = NULL;
    if ((*out = json_incref(kept)))
        return CARAT_OK;
    enum carat_err rc = file_read(path, YAML_FILE_MAX, &text, l->err);
    if (!rc && !(dir = config_dir(path)))
        rc = err_nomem(l->err, path);
    if (!rc)
        rc = yaml_read(buf_str(&text), path, dir, out, l->err);
    if (!rc && !json_is_object(*out)) {
        json_decref(*out);
        *out = NULL;
        rc = err_set(l->err, CARAT_EINPUT, "%s: its keys are missing: it is no mapping", path);
    }
    if (!rc && keep && l->cache) {
        if (!l->cache->files)
            l->cache->files = json_object();
        if (json_object_set(l->cache->files, path, *out))
            rc = err_nomem(l->err, path);
    }
    free(dir);
    buf_release(&text);
    return rc;
}

static enum carat_err mark_seen(struct load *l, char *path)
{
    for (size_t i = 0; i < l->n_seen; i++)
        if (strcmp(l->seen[i], path) == 0)
            return err_set(l->err, CARAT_EINPUT, "%s: an include cycle: it is included twice", path);
    if (l->n_seen == INCLUDES_MAX)
        return err_set(l->err, CARAT_EINPUT, "%s: more than %d files are included", path, INCLUDES_MAX);
    l->seen[l->n_seen++] = path;
    return CARAT_OK;
}

/* The included file's path, resolved. */
static char *included(struct load *l, const char *from, const char *name)
{
    char *dir = config_dir(from);
    char *path = *name == '/' ? strdup(name) : dir ? file_join(dir, name) : NULL;
    char *longer = NULL, *real = NULL;
    if (path && !file_exists(path) && (longer = malloc(strlen(path) + 6))) {
        memcpy(longer, path, strlen(path));
        memcpy(longer + strlen(path), ".yaml", 6);
    }
    if (path)
        real = config_resolve(longer && file_exists(longer) ? longer : path, l->err);
    else
        err_nomem(l->err, from);
    if (!real && l->err)
        err_context(l->err, "%s: include", from);
    free(dir);
    free(path);
    free(longer);
    return real;
}

static enum carat_err load_file(struct load *l, char *path, bool keep, json_t **out);

static enum carat_err merge_include(struct load *l, const char *from, const json_t *name, json_t *merged)
{
    if (!json_is_string(name))
        return err_set(l->err, CARAT_EINPUT, "%s: 'include' wants a file's name or a list of names", from);
    json_t *values = NULL;
    char *path = included(l, from, json_string_value(name));
    if (!path)
        return l->err ? l->err->code : CARAT_EINPUT;
    size_t before = l->n_seen;
    enum carat_err rc = load_file(l, path, true, &values);
    if (l->n_seen == before) /* refused: nobody has it */
        free(path);
    if (!rc)
        json_object_del(values, "task_list");
    if (!rc && json_object_update(merged, values))
        rc = err_nomem(l->err, from);
    json_decref(values);
    return rc;
}

/* `path` is resolved; l->seen takes it over unless it is refused. *out is the caller's own copy. */
static enum carat_err load_file(struct load *l, char *path, bool keep, json_t **out)
{
    json_t *own = NULL, *merged = NULL;
    *out = NULL;
    enum carat_err rc = mark_seen(l, path);
    if (rc)
        return rc;
    rc = read_one(l, path, keep, &own);
    if (rc)
        return rc;
    const json_t *include = json_object_get(own, "include");
    merged = json_object();
    if (!merged)
        rc = err_nomem(l->err, path);
    if (include && !json_is_array(include))
        rc = rc ? rc : merge_include(l, path, include, merged);
    for (size_t i = 0; i < json_array_size(include) && !rc; i++)
        rc = merge_include(l, path, json_array_get(include, i), merged);
    if (!rc && json_object_update(merged, own))
        rc = err_nomem(l->err, path);
    json_decref(own);
    if (rc)
        json_decref(merged);
    else {
        json_object_del(merged, "include");
        *out = merged;
    }
    return rc;
}

enum carat_err config_load(const char *path, struct config_cache *cache, json_t **out, struct err *err)
{
    struct err local = ERR_INIT;
    struct load l = {.cache = cache, .err = err ? err : &local};
    *out = NULL;
    char *real = config_resolve(path, l.err);
    if (!real)
        return l.err->code;
    enum carat_err rc = load_file(&l, real, false, out);
    for (size_t i = 0; i < l.n_seen; i++)
        free(l.seen[i]);
    return rc;
}
