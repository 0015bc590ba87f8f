/* hooks.c - from a !function value to its row of the table (hook_table.c). */
#include "hooks.h"

#include <stdlib.h>

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

static enum carat_err digest(struct str name, struct str dir, char sha256[SHA256_HEX], struct err *err)
{
    struct buf file = BUF_INIT(PYTHON_MAX + 1), text = BUF_INIT(PYTHON_MAX + 1);
    struct str function;
    char *path = NULL;
    enum carat_err rc = locate(name, dir, &path, &function, err);
    if (!rc)
        rc = file_read(path, PYTHON_MAX, &file, err);
    if (!rc) {
        rc = pysource_normalise(buf_str(&file), function, &text, err);
        if (rc)
            err_context(err, "%s", path);
    }
    if (!rc)
        sha256_hex(text.p ? text.p : "", text.n, sha256);
    free(path);
    buf_release(&file);
    buf_release(&text);
    return rc;
}

enum carat_err hook_find(const json_t *function, const char *key, enum hook_kind kind, const struct yaml_hook **out,
                         struct err *err)
{
    struct str name, dir;
    char sha256[SHA256_HEX];
    *out = NULL;
    if (!yaml_function(function, &name, &dir))
        return err_set(err, CARAT_EINPUT, "'%s' is no function", key);
    enum carat_err rc = digest(name, dir, sha256, err);
    if (rc)
        return err_context(err, "%s: !function %.*s", key, (int)name.n, name.p);
    for (const struct yaml_hook *h = hook_table(); h->sha256; h++)
        if (h->kind == kind && strcmp(h->sha256, sha256) == 0) {
            *out = h;
            return CARAT_OK;
        }
    err_set(err, CARAT_EUNSUPPORTED, "%s: the Python function '%.*s' of '%.*s' is none that carat has in C (its source is %s)",
            key, (int)name.n, name.p, (int)dir.n, dir.p, sha256);
    return err_hint(err, "a task plugin in C can stand in for the file: see docs/adding-a-task.md");
}
