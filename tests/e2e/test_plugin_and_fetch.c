/* A task built out of tree with the installed header alone, and files fetched over a real server. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/player.h"
#include "tests/support/process.h"
#include "tests/support/support.h"

static bool has(const char *text, const char *what)
{
    return strstr(text, what) != NULL;
}

static void put(const char *dir, const char *name, const void *p, size_t n)
{
    char *path = file_join(dir, name);
    cr_assert_eq(file_write(path, p, n, NULL), CARAT_OK);
    free(path);
}

/* The example in task.h's head, as it stands there: what the header shows must compile and run. */
static void extract_example(struct buf *out)
{
    struct buf header = BUF_INIT(1 << 20);
    cr_assert_eq(file_read("tasks/task.h", 1 << 20, &header, NULL), CARAT_OK);
    const char *from = strstr(header.p, " *     #include <task.h>"), *to = strstr(header.p, "CARAT_EXPORT_TASKS(");
    cr_assert(from && to && from < to);
    to = strchr(to, '\n') + 1;
    for (const char *line = from; line < to; line = strchr(line, '\n') + 1) {
        const char *text = line + 2;
        buf_add(out, text, (size_t)(strchr(line, '\n') + 1 - text));
    }
    buf_release(&header);
}

Test(e2e_plugin, the_headers_example_runs_out_of_tree, .timeout = 60)
{
    const char *dir = temp_dir();
    char *include = file_join(dir, "include"), *data = file_join(dir, "mytask"), *source = file_join(dir, "mytask.c");
    char *plugin = file_join(dir, "mytask.so"), *db = file_join(dir, "x.db"), *flag = NULL, *path = NULL;
    struct buf header = BUF_INIT(1 << 20), example = BUF_INIT(1 << 20);
    file_mkdirs(include, NULL);
    file_mkdirs(data, NULL);
    cr_assert_eq(file_read("tasks/task.h", 1 << 20, &header, NULL), CARAT_OK);
    put(include, "task.h", header.p, header.n);
    extract_example(&example);
    put(dir, "mytask.c", example.p, example.n);
    static const char rows[] = "{\"q\": \"is ice cold?\", \"gold\": 1}\n{\"q\": \"is fire wet?\", \"gold\": 0}\n";
    put(data, "test.jsonl", rows, sizeof rows - 1);
    cr_assert(asprintf(&flag, "-I%s", include) > 0 && asprintf(&path, "CARAT_PLUGIN_PATH=%s", dir) > 0);
    struct ran r = run_program((const char *const[]){"cc", "-std=c17", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
                                                     flag, source, "-o", plugin, NULL},
                               NULL);
    expect_status(r, 0);
    ran_release(&r);
    r = run_carat(NULL, "run", "-q", "--plugin", plugin, "-m", "demo:late", "-t", "mytask", "--data", dir, "--db", db);
    expect_status(r, 0);
    cr_assert(has(r.out, "mytask"), "%s", r.out);
    ran_release(&r);
    r = run_carat(NULL, "show", "1", "--json", "--db", db, "--limit", "1");
    expect_status(r, 0);
    cr_assert(has(r.out, "\"context\":\"Q: is ice cold?\\nA:\"") && has(r.out, "\" yes\""), "%s", r.out);
    ran_release(&r);
    r = run_program((const char *const[]){"env", path, carat_bin(), "list", "tasks", NULL}, NULL);
    expect_status(r, 0);
    cr_assert(has(r.out, "mytask.so"), "%s", r.out);
    ran_release(&r);
    r = run_carat(NULL, "list", "tasks", "--plugin", db);
    cr_assert_neq(r.status, 0, "a database is no plugin");
    cr_assert(has(r.err, "x.db"), "%s", r.err);
    ran_release(&r);
    free(include), free(data), free(source), free(plugin), free(db), free(flag), free(path);
    buf_release(&header);
    buf_release(&example);
    temp_remove(dir);
}

/* The whole of HumanEval's official file, through a mirror, cut off on the way at the first try; then a run without --data. */
Test(e2e_fetch, an_official_file_comes_through_a_mirror_and_is_used_from_the_cache, .timeout = 120)
{
    SHARED_OR_SKIP(official, "data/human-eval/HumanEval.jsonl.gz");
    const char *dir = temp_dir();
    char *folder = file_join(dir, "human-eval"), *db = file_join(dir, "x.db"), *cache = NULL, *mirror = NULL;
    struct buf file = BUF_INIT(1 << 20);
    cr_assert_eq(file_read(official, 1 << 20, &file, NULL), CARAT_OK);
    file_mkdirs(folder, NULL);
    put(folder, "HumanEval.jsonl.gz", file.p, file.n);
    struct player s = player_start("tests/datasets/server.py", dir, NULL);
    cr_assert(asprintf(&cache, "XDG_CACHE_HOME=%s/cache", dir) > 0 && asprintf(&mirror, "http://127.0.0.1:%d/truncate", s.port) > 0);
    struct ran r = run_program(
        (const char *const[]){"env", cache, carat_bin(), "fetch", "humaneval", "--mirror", mirror, NULL}, NULL);
    expect_status(r, 0);
    cr_assert(has(r.err, "verified"), "%s", r.err);
    ran_release(&r);
    player_stop(&s);
    r = run_program((const char *const[]){"env", cache, carat_bin(), "run", "-q", "-m", "demo:early", "-t", "humaneval",
                                          "--limit", "1", "--db", db, NULL},
                    NULL);
    expect_status(r, 0);
    ran_release(&r);

    /* The same in a bundle, on a machine without a network. */
    char *bundle = file_join(dir, "code.tar.gz"), *lonely = NULL;
    cr_assert(asprintf(&lonely, "XDG_CACHE_HOME=%s/lonely", dir) > 0);
    r = run_program((const char *const[]){"env", cache, carat_bin(), "fetch", "humaneval", "--bundle", bundle, NULL}, NULL);
    expect_status(r, 0);
    ran_release(&r);
    r = run_program((const char *const[]){"unshare", "-rn", "env", lonely, carat_bin(), "run", "-q", "-m", "demo:early", "-t",
                                          "humaneval", "--limit", "1", "--db", db, "--fresh", "--from-bundle", bundle, NULL}, NULL);
    if (!has(r.err, "unshare")) /* where there are no namespaces for users */
        expect_status(r, 0);
    ran_release(&r);
    free(bundle), free(lonely);

    /* A file that is not the published one is refused, and nothing of it stays. */
    put(folder, "HumanEval.jsonl.gz", file.p, file.n - 1);
    s = player_start("tests/datasets/server.py", dir, NULL);
    char *other = NULL;
    cr_assert(asprintf(&other, "XDG_CACHE_HOME=%s/other", dir) > 0);
    free(mirror);
    cr_assert(asprintf(&mirror, "http://127.0.0.1:%d/ok", s.port) > 0);
    r = run_program((const char *const[]){"env", other, carat_bin(), "fetch", "humaneval", "--mirror", mirror, NULL}, NULL);
    cr_assert(r.status == 3 || r.status == 4, "%d %s", r.status, r.err);
    cr_assert(has(r.err, "HumanEval.jsonl.gz"), "%s", r.err);
    ran_release(&r);
    player_stop(&s);
    free(folder), free(db), free(cache), free(mirror), free(other);
    buf_release(&file);
    temp_remove(dir);
}
