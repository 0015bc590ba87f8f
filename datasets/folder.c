#include "folder.h"

#include <dirent.h>
#include <stdlib.h>

enum { MAX_FILES = 100000, MAX_BYTES = 1 << 20 };

struct numbers {
    int64_t *items;
    size_t n, cap;
};

static bool number_of(const char *name, int64_t *out)
{
    struct str s = str_from(name);
    return str_ends(s, STR(".json")) && s.n > 5 && *s.p >= '0' && *s.p <= '9' &&
           num_parse_i64((struct str){s.p, s.n - 5}, out);
}

static enum carat_err add(struct numbers *list, int64_t number, struct err *err)
{
    if (list->n == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : 1024;
        int64_t *items = cap <= MAX_FILES * 2 ? realloc(list->items, cap * sizeof *items) : NULL;
        if (!items)
            return err_nomem(err, "a folder's names");
        list->items = items;
        list->cap = cap;
    }
    list->items[list->n++] = number;
    return CARAT_OK;
}

static int compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static enum carat_err list_folder(const char *dir, struct numbers *out, struct err *err)
{
    DIR *d = opendir(dir);
    enum carat_err rc = d ? CARAT_OK : err_set(err, CARAT_EINPUT, "cannot open the folder '%s'", dir);
    for (const struct dirent *e; !rc && (e = readdir(d));) {
        int64_t number;
        if (number_of(e->d_name, &number))
            rc = add(out, number, err);
    }
    if (d)
        closedir(d);
    if (!rc && !out->n)
        rc = err_set(err, CARAT_EINPUT, "'%s' has no files 0.json, 1.json ...", dir);
    if (out->n)
        qsort(out->items, out->n, sizeof *out->items, compare);
    return rc;
}

static enum carat_err add_file(const char *dir, int64_t number, struct buf *out, struct err *err)
{
    char name[40];
    snprintf(name, sizeof name, "%lld.json", (long long)number);
    char *path = file_join(dir, name);
    json_t *value = NULL;
    enum carat_err rc = path ? json_read_file(path, MAX_BYTES, &value, err) : err_nomem(err, "a path");
    if (!rc && !json_is_object(value))
        rc = err_set(err, CARAT_EINPUT, "%s: a row must be a JSON object", path);
    if (!rc && (json_write(value, out) || buf_addc(out, '\n')))
        rc = err_nomem(err, "the rows");
    json_decref(value);
    free(path);
    return rc;
}

enum carat_err folder_read(const char *dir, struct buf *out, struct err *err)
{
    struct numbers list = {NULL, 0, 0};
    enum carat_err rc = list_folder(dir, &list, err);
    for (size_t i = 0; i < list.n && !rc; i++)
        rc = add_file(dir, list.items[i], out, err);
    free(list.items);
    return rc;
}
