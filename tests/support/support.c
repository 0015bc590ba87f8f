#define _GNU_SOURCE
#include "support.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>

static const char *keep(const char *dir, const char *rel)
{
    static char paths[16][1024];
    static unsigned next;
    char *p = paths[next++ % 16];
    snprintf(p, sizeof paths[0], "%s/%s", dir, rel);
    return p;
}

const char *shared_path(const char *rel)
{
    const char *dir = getenv("CARAT_SHARED");
    return dir && *dir ? keep(dir, rel) : NULL;
}

const char *golden_path(const char *rel)
{
    return keep("tests/goldens", rel);
}

#define TEMP_NAME "carat-test-"

/* Storage of its own: what is to be removed must not have become another path. */
const char *temp_dir(void)
{
    static char dirs[8][1100];
    static unsigned next;
    const char *base = getenv("TMPDIR");
    char *p = dirs[next++ % 8];
    snprintf(p, sizeof dirs[0], "%s/" TEMP_NAME "XXXXXX", base && *base ? base : "/tmp");
    cr_assert(mkdtemp(p), "cannot make a temporary folder");
    return p;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

void temp_remove(const char *dir)
{
    const char *name = strrchr(dir, '/');
    cr_assert(name && !strncmp(name + 1, TEMP_NAME, strlen(TEMP_NAME)), "'%s' is no temporary folder", dir);
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void put_text_file(const char *dir, const char *name, const char *text)
{
    char *path = file_join(dir, name), *slash = strrchr(path, '/');
    *slash = '\0';
    cr_assert_eq(file_mkdirs(path, NULL), CARAT_OK);
    *slash = '/';
    cr_assert_eq(file_write(path, text, strlen(text), NULL), CARAT_OK);
    free(path);
}

size_t each_json_line(const char *path, void (*fn)(void *context, size_t line, const json_t *value), void *context)
{
    struct buf text = BUF_INIT(BUF_MAX_DEFAULT);
    struct err err = ERR_INIT;
    cr_assert_eq(file_read(path, BUF_MAX_DEFAULT - 1, &text, &err), CARAT_OK, "%s", err.msg);
    size_t line = 0;
    for (size_t at = 0; at < text.n;) {
        ptrdiff_t end = str_find(buf_str(&text), STR("\n"), at);
        size_t stop = end < 0 ? text.n : (size_t)end;
        json_t *value;
        line++;
        if (stop > at) {
            cr_assert_eq(json_read((struct str){text.p + at, stop - at}, path, line, &value, &err), CARAT_OK,
                         "%s", err.msg);
            fn(context, line, value);
            json_decref(value);
        }
        at = stop + 1;
    }
    buf_release(&text);
    return line;
}
