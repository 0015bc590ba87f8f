/* docs/adding-a-task.md: its examples, as they stand there, must run. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/process.h"
#include "tests/support/support.h"

/* The nth block of a language, from 0, of the page; fresh memory. */
static char *block(const char *language, int nth)
{
    struct buf page = BUF_INIT(1 << 20);
    char *fence = NULL;
    cr_assert_eq(file_read("docs/adding-a-task.md", 1 << 20, &page, NULL), CARAT_OK);
    cr_assert(asprintf(&fence, "\n```%s\n", language) > 0);
    const char *at = page.p;
    for (int i = 0; i <= nth; i++) {
        at = strstr(at, fence);
        cr_assert(at, "the page has no block %d of '%s'", nth, language);
        at += strlen(fence);
    }
    const char *end = strstr(at, "\n```\n");
    cr_assert(end);
    char *text = strndup(at, (size_t)(end - at) + 1);
    buf_release(&page);
    free(fence);
    return text;
}

static size_t lines_of(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

/* Writes the block to DIR/name; the path is fresh memory. */
static char *put_block(const char *dir, const char *name, const char *language, int nth, size_t max_lines)
{
    char *path = file_join(dir, name), *text = block(language, nth);
    cr_expect_leq(lines_of(text), max_lines, "%s has %zu lines", name, lines_of(text));
    cr_assert_eq(file_write(path, text, strlen(text), NULL), CARAT_OK);
    free(text);
    return path;
}

Test(e2e_adding, a_task_in_yaml_takes_ten_lines, .timeout = 120)
{
    const char *dir = temp_dir();
    char *task = put_block(dir, "my_task.yaml", "yaml", 0, 10), *rows = put_block(dir, "rows.jsonl", "jsonl", 0, 10);
    char *db = file_join(dir, "x.db");
    struct ran r = run_carat(NULL, "prompts", "-t", task, "--shots", "1", "--limit", "1");
    expect_status(r, 0);
    cr_expect(strstr(r.out, "Q: Is ice cold?\nA:\n---- continuation 0\n no\n"), "%s", r.out);
    ran_release(&r);
    r = run_carat(NULL, "run", "-q", "-m", "demo:late", "-t", task, "--db", db);
    expect_status(r, 0);
    cr_expect(strstr(r.out, "is_it_so"), "%s", r.out);
    ran_release(&r);
    free(task), free(rows), free(db);
    temp_remove(dir);
}

Test(e2e_adding, a_task_in_c_takes_forty_lines, .timeout = 120)
{
    const char *dir = temp_dir();
    char *source = put_block(dir, "mytask.c", "c", 0, 45), *plugin = file_join(dir, "mytask.so"), *data = file_join(dir, "sums");
    char *db = file_join(dir, "x.db");
    cr_assert_eq(file_mkdirs(data, NULL), CARAT_OK);
    char *rows = put_block(data, "test.jsonl", "jsonl", 1, 10);
    struct ran r = run_program((const char *const[]){"cc", "-std=c17", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-Itasks",
                                                     source, "-o", plugin, NULL},
                               NULL);
    expect_status(r, 0);
    ran_release(&r);
    r = run_carat(NULL, "run", "-q", "-m", "demo:late", "-t", "sums", "--plugin", plugin, "--data", dir, "--db", db);
    expect_status(r, 0);
    cr_expect(strstr(r.out, "sums"), "%s", r.out);
    ran_release(&r);
    free(source), free(plugin), free(data), free(db), free(rows);
    temp_remove(dir);
}
