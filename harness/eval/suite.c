#include "suite.h"

#include <dirent.h>
#include <stdlib.h>

enum { MAX_BYTES = 1 << 20, MAX_TASKS = 10000, MAX_NAMES = 1000, MAX_SHOTS = 1000 };

/* ---- what is in a file --------------------------------------------------------------------------- */

static enum carat_err wrong(const struct suite *s, const char *what, const char *key, struct err *err)
{
    return err_set(err, CARAT_EINPUT, "%s: %s '%s'", s->path, what, key);
}

static enum carat_err check_keys(const struct suite *s, const json_t *object, const char *const *known, struct err *err)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value) {
        size_t i = 0;
        while (known[i] && strcmp(known[i], key) != 0)
            i++;
        if (!known[i])
            return wrong(s, "there is no key", key, err);
    }
    return CARAT_OK;
}

/* A text, or with `must` a failure where it is missing. */
static enum carat_err take_text(const struct suite *s, const json_t *object, const char *key, bool must, struct str *out,
                                struct err *err)
{
    *out = (struct str){NULL, 0};
    if (json_get_str(object, key, out) && !memchr(out->p, '\0', out->n) && (out->n || !must))
        return CARAT_OK;
    return !must && !json_object_get(object, key) ? CARAT_OK : wrong(s, "wants a text as", key, err);
}

static enum carat_err take_count(const struct suite *s, const json_t *object, const char *key, json_int_t most,
                                 int64_t *out, struct err *err)
{
    const json_t *value = json_object_get(object, key);
    *out = -1;
    if (!value)
        return CARAT_OK;
    if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > most)
        return wrong(s, "wants a whole number that is not negative as", key, err);
    *out = json_integer_value(value);
    return CARAT_OK;
}

static enum carat_err take_task(struct suite *s, const json_t *item, struct err *err)
{
    static const char *const known[] = {"task", "shots", "metric", NULL};
    struct str task, metric;
    int64_t shots = -1;
    if (!json_is_object(item))
        return err_set(err, CARAT_EINPUT, "%s: each of 'tasks' is an object with a \"task\"", s->path);
    enum carat_err rc = check_keys(s, item, known, err);
    if (!rc)
        rc = take_text(s, item, "task", true, &task, err);
    if (!rc)
        rc = take_text(s, item, "metric", false, &metric, err);
    if (!rc)
        rc = take_count(s, item, "shots", MAX_SHOTS, &shots, err);
    if (rc)
        return rc;
    s->tasks[s->n] = task.p;
    s->overrides[s->n++] = (struct eval_override){.shots = (int)shots, .metric = metric.p};
    return CARAT_OK;
}

static enum carat_err take_tasks(struct suite *s, struct err *err)
{
    const json_t *list = json_object_get(s->json, "tasks");
    size_t n = json_array_size(list);
    if (!n || n > MAX_TASKS)
        return wrong(s, "wants a list of one task or more as", "tasks", err);
    s->tasks = calloc(n, sizeof *s->tasks);
    s->overrides = calloc(n, sizeof *s->overrides);
    if (!s->tasks || !s->overrides)
        return err_nomem(err, "a suite");
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; i < n && !rc; i++)
        rc = take_task(s, json_array_get(list, i), err);
    return rc;
}

static enum carat_err take_file(struct suite *s, struct err *err)
{
    static const char *const known[] = {"name", "title", "about", "published", "limit", "figure", "tasks", NULL};
    struct str published = {NULL, 0};
    enum carat_err rc = json_read_file(s->path, MAX_BYTES, &s->json, err);
    if (!rc && !json_is_object(s->json))
        rc = err_set(err, CARAT_EINPUT, "%s: a suite is a JSON object", s->path);
    if (!rc)
        rc = check_keys(s, s->json, known, err);
    if (!rc)
        rc = take_text(s, s->json, "name", true, &s->name, err);
    if (!rc)
        rc = take_text(s, s->json, "title", false, &s->title, err);
    if (!rc)
        rc = take_text(s, s->json, "about", false, &s->about, err);
    if (!rc)
        rc = take_text(s, s->json, "published", false, &published, err);
    if (!rc)
        rc = take_count(s, s->json, "limit", INT32_MAX, &s->limit, err);
    if (!rc && json_object_get(s->json, "figure") && !json_is_boolean(json_object_get(s->json, "figure")))
        rc = wrong(s, "wants true or false as", "figure", err);
    s->published = published.p;
    s->figure = json_is_true(json_object_get(s->json, "figure"));
    return rc ? rc : take_tasks(s, err);
}

/* ---- where it is ------------------------------------------------------------------------------------ */

static enum carat_err unknown(const char *word, const char *dir, struct err *err)
{
    char **names = NULL;
    struct err ignored = ERR_INIT;
    err_set(err, CARAT_EUSAGE, "there is no suite '%s'", word);
    if (!suite_names(dir, &names, &ignored)) {
        const char *near = str_nearest(word, (const char *const *)names);
        if (near)
            err_hint(err, "did you mean '%s'?", near);
        else
            err_hint(err, "'carat list suites' names them; a file of one's own is given by its path");
    }
    suite_names_free(names);
    return CARAT_EUSAGE;
}

enum carat_err suite_open(const char *word, const char *dir, struct suite *out, struct err *err)
{
    *out = (struct suite){.limit = -1};
    struct buf path = BUF_INIT(1 << 14);
    if (strchr(word, '/') || str_ends(str_from(word), STR(".json")))
        buf_adds(&path, word);
    else
        buf_printf(&path, "%s/%s.json", dir, word);
    out->path = buf_take(&path, NULL);
    if (!out->path)
        return err_nomem(err, "a path");
    if (!file_exists(out->path) && !strchr(word, '/')) {
        suite_release(out);
        return unknown(word, dir, err);
    }
    enum carat_err rc = take_file(out, err);
    if (rc)
        suite_release(out);
    return rc;
}

void suite_release(struct suite *s)
{
    json_decref(s->json);
    free(s->path);
    free(s->tasks);
    free(s->overrides);
    *s = (struct suite){.limit = -1};
}

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

enum carat_err suite_names(const char *dir, char ***out, struct err *err)
{
    DIR *d = opendir(dir);
    size_t n = 0;
    *out = calloc(MAX_NAMES + 1, sizeof **out);
    enum carat_err rc = !*out ? err_nomem(err, "the suites")
                        : d   ? CARAT_OK
                              : err_set(err, CARAT_EINPUT, "cannot open the folder '%s'", dir);
    for (const struct dirent *e; !rc && n < MAX_NAMES && (e = readdir(d));) {
        struct str name = str_from(e->d_name);
        if (!str_ends(name, STR(".json")) || *name.p == '.')
            continue;
        (*out)[n] = strndup(name.p, name.n - 5);
        if (!(*out)[n++])
            rc = err_nomem(err, "the suites");
    }
    if (d)
        closedir(d);
    if (!rc && n)
        qsort(*out, n, sizeof **out, compare);
    return rc;
}

void suite_names_free(char **names)
{
    for (size_t i = 0; names && names[i]; i++)
        free(names[i]);
    free(names);
}
