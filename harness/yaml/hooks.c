/* hooks.c - from a !function value to its row of the table (hook_table.c). */
#include "hooks.h"

#include <stdio.h>
#include <stdlib.h>

#include "hook_formula.h"
#include "hook_table.h"
#include "pysource.h"
#include "read.h"

#define PYTHON_MAX ((size_t)2 << 20)

/* "DIR/a/b.py" and "f" of "a.b.f", as the reference looks it up beside the YAML file. *path is fresh memory. */
static enum carat_err locate(struct str name, struct str dir, char **path, struct str *function, struct err *err)
{
    size_t dot = name.n;
    while (dot > 0 && name.p[dot - 1] != '.')
        dot--;
    if (dot < 2 || dot == name.n)
        return err_set(err, CARAT_EINPUT, "'!function %.*s' is no MODULE.FUNCTION", (int)name.n, name.p);
    struct buf b = BUF_INIT(1 << 16);
    buf_addstr(&b, dir);
    buf_addc(&b, '/');
    for (size_t i = 0; i + 1 < dot; i++)
        buf_addc(&b, name.p[i] == '.' ? '/' : name.p[i]);
    buf_adds(&b, ".py");
    if (buf_failed(&b))
        return err_nomem(err, "a function's name");
    *path = buf_take(&b, NULL);
    *function = (struct str){name.p + dot, name.n - dot};
    return *path ? CARAT_OK : err_nomem(err, "a function's name");
}

struct hook {
    const struct hook_row *row;
    char *name;
    char *folder;           /* its last part */
    struct pysource source; /* its text is released */
    struct jinja *formula;  /* the row's; NULL: it has none */
};

/* Reads the source; *sha256 is its digest. */
static enum carat_err read_source(struct str name, struct str dir, struct hook *hook, char sha256[SHA256_HEX],
                                  struct err *err)
{
    struct buf file = BUF_INIT(PYTHON_MAX + 1);
    struct str function;
    char *path = NULL;
    enum carat_err rc = locate(name, dir, &path, &function, err);
    size_t slash = dir.n;
    while (slash > 0 && dir.p[slash - 1] != '/')
        slash--;
    if (!rc && (!(hook->name = strndup(function.p, function.n)) || !(hook->folder = strndup(dir.p + slash, dir.n - slash))))
        rc = err_nomem(err, "a function");
    if (!rc)
        rc = file_read(path, PYTHON_MAX, &file, err);
    if (!rc) {
        rc = pysource_read(buf_str(&file), function, &hook->source, err);
        if (rc)
            err_context(err, "%s", path);
    }
    if (!rc) {
        sha256_hex(hook->source.text.p ? hook->source.text.p : "", hook->source.text.n, sha256);
        buf_release(&hook->source.text);
    }
    free(path);
    buf_release(&file);
    return rc;
}

/* The constant of another file that the function imports: whatever it is, it is read from there. */
static enum carat_err read_beside(struct hook *hook, struct str dir, struct err *err)
{
    struct buf file = BUF_INIT(PYTHON_MAX + 1);
    json_t *all = NULL;
    char *folder = strndup(dir.p, dir.n), *path = folder ? file_join(folder, hook->row->beside) : NULL;
    enum carat_err rc = path ? file_read(path, PYTHON_MAX, &file, err) : err_nomem(err, "a function");
    if (!rc)
        rc = pysource_constants(buf_str(&file), &all, err);
    json_t *value = json_object_get(all, hook->row->constant);
    if (!rc && !value)
        rc = err_set(err, CARAT_EINPUT, "%s: it has no literal '%s'", path, hook->row->constant);
    if (!rc && json_object_set(hook->source.constants, hook->row->constant, value))
        rc = err_nomem(err, "a function");
    json_decref(all);
    buf_release(&file);
    free(path);
    free(folder);
    return rc;
}

static const struct hook_row *find_row(const char *sha256, enum hook_kind kind)
{
    for (const struct hook_row *const *table = hook_tables(); *table; table++)
        for (const struct hook_row *row = *table; row->sha256; row++)
            if (row->kind == kind && strcmp(row->sha256, sha256) == 0)
                return row;
    return NULL;
}

enum carat_err hook_new(const json_t *function, const char *key, enum hook_kind kind, struct hook **out, struct err *err)
{
    struct str name, dir;
    char sha256[SHA256_HEX];
    *out = NULL;
    if (!yaml_function(function, &name, &dir))
        return err_set(err, CARAT_EINPUT, "'%s' wants a !function", key);
    struct hook *hook = calloc(1, sizeof *hook);
    if (!hook)
        return err_nomem(err, "a function");
    enum carat_err rc = read_source(name, dir, hook, sha256, err);
    if (rc) {
        err_context(err, "%s: !function %.*s", key, (int)name.n, name.p);
    } else if (!(hook->row = find_row(sha256, kind))) {
        rc = err_set(err, CARAT_EUNSUPPORTED,
                     "%s: the Python function '%.*s' of '%.*s' is none that carat has in C (its source's digest is %s)", key,
                     (int)name.n, name.p, (int)dir.n, dir.p, sha256);
        err_hint(err, "a task plugin in C can stand in for the file: see docs/adding-a-task.md");
    } else if (hook->row->beside) {
        rc = read_beside(hook, dir, err);
    }
    if (!rc && hook->row->formula)
        rc = formula_parse(hook->row->formula, hook->row->what, &hook->formula, err);
    if (rc) {
        hook_free(hook);
        return rc;
    }
    *out = hook;
    return CARAT_OK;
}

void hook_free(struct hook *hook)
{
    if (!hook)
        return;
    pysource_release(&hook->source);
    jinja_free(hook->formula);
    free(hook->name);
    free(hook->folder);
    free(hook);
}

static struct hook_call call_of(const struct hook *hook)
{
    return (struct hook_call){hook->name,            hook->source.args, hook->source.constants,
                              hook->source.literals, hook->folder,      hook->row->param};
}

enum carat_err hook_run(const struct hook *hook, const json_t *row, json_t **out, struct err *err)
{
    const struct hook_row *known = hook->row;
    const struct hook_call call = call_of(hook);
    if (!known->formula)
        return known->run(&call, row, out, err);
    return known->kind == HOOK_ROW ? formula_row(hook->formula, known->formula, &call, row, out, err)
                                   : formula_value(hook->formula, known->formula, &call, row, NULL, out, err);
}

void hook_identify(const struct hook *hook, struct buf *out)
{
    buf_printf(out, "%s %s ", hook->row->sha256, hook->name);
    json_write(hook->source.args, out);
    if (hook->row->beside)
        json_write(json_object_get(hook->source.constants, hook->row->constant), out);
}

enum carat_aggregation hook_aggregation(const struct hook *hook) { return hook->row->aggregation; }

/* Is the name in a list that has blanks around each? */
static bool listed(const char *list, const char *name)
{
    char padded[80];
    snprintf(padded, sizeof padded, " %.70s ", name);
    return list && strstr(list, padded);
}

bool hook_scores(const struct hook *hook, const char *metric) { return listed(hook->row->metrics, metric); }

bool hook_leaves_out(const struct hook *hook, const char *metric) { return listed(hook->row->left_out, metric); }

const struct carat_task *hook_builtin(const struct hook *hook)
{
    for (const struct carat_task *const *task = carat_builtin_tasks(); hook->row->builtin && *task; task++)
        if (strcmp((*task)->name, hook->row->builtin) == 0)
            return *task;
    return NULL;
}

const char *hook_metric(const struct hook *hook) { return hook->row->param; }

enum carat_err hook_answer(const struct hook *hook, const json_t *row, struct str answer, json_t **out, struct err *err)
{
    const struct hook_call call = call_of(hook);
    json_t *resp = json_pack("{s:o}", "resp", json_text(answer));
    *out = NULL;
    enum carat_err rc = resp ? formula_value(hook->formula, hook->row->formula, &call, row, resp, out, err)
                             : err_nomem(err, "an answer");
    json_decref(resp);
    return rc;
}

enum carat_err hook_score(const struct hook *hook, const json_t *row, struct str answer, const char *metric, double *score,
                          struct err *err)
{
    json_t *scores = NULL;
    enum carat_err rc = hook_answer(hook, row, answer, &scores, err);
    const json_t *value = json_object_get(scores, metric);
    if (!rc && !json_is_number(value))
        rc = err_set(err, CARAT_EINPUT, "%s gives no '%s'", hook->row->what, metric);
    *score = json_number_value(value);
    json_decref(scores);
    return rc;
}

enum carat_err hook_samples(const json_t *function, json_t **out, struct err *err)
{
    struct str name, dir;
    char sha256[SHA256_HEX];
    *out = NULL;
    struct hook *hook = calloc(1, sizeof *hook);
    if (!hook || !yaml_function(function, &name, &dir)) {
        free(hook);
        return err_nomem(err, "a function");
    }
    enum carat_err rc = read_source(name, dir, hook, sha256, err);
    if (rc)
        err_context(err, "samples: !function %.*s", (int)name.n, name.p);
    else if (!hook->source.returned)
        rc = err_set(err, CARAT_EUNSUPPORTED,
                     "samples: the Python function '%.*s' of '%.*s' does more than return a list that is written down",
                     (int)name.n, name.p, (int)dir.n, dir.p);
    else
        *out = json_incref(hook->source.returned);
    hook_free(hook);
    return rc;
}
