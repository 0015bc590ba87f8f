/* Bad input, each kind with its own message and exit status. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/forbid.h"
#include "tests/support/process.h"
#include "tests/support/support.h"

static bool has(const char *text, const char *what)
{
    return strstr(text, what) != NULL;
}

static void copy_file(const char *from, const char *to_dir, const char *name)
{
    char *source = file_join(from, name), *target = file_join(to_dir, name);
    struct buf b = BUF_INIT((size_t)64 << 20);
    struct err err = ERR_INIT;
    if (file_exists(source)) {
        cr_assert_eq(file_read(source, (size_t)64 << 20, &b, &err), CARAT_OK, "%s", err.msg);
        cr_assert_eq(file_write(target, b.p ? b.p : "", b.n, &err), CARAT_OK, "%s", err.msg);
    }
    buf_release(&b);
    free(source);
    free(target);
}

/* A private copy of the bundled checkpoint, to be spoilt. */
static char *checkpoint(const char *dir)
{
    static const char *const names[] = {"config.json",     "generation_config.json", "model.safetensors",
                                        "tokenizer.model", "tokenizer_config.json",  "special_tokens_map.json"};
    char *to = file_join(dir, "model");
    cr_assert_eq(file_mkdirs(to, NULL), CARAT_OK);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        copy_file("demo/models/early", to, names[i]);
    return to;
}

static void put(const char *dir, const char *name, const char *text)
{
    char *path = file_join(dir, name);
    cr_assert_eq(file_write(path, text, strlen(text), NULL), CARAT_OK);
    free(path);
}

static void drop(const char *dir, const char *name)
{
    char *path = file_join(dir, name);
    unlink(path);
    free(path);
}

/* Replaces the first `what` of config.json. */
static void edit_config(const char *model, const char *what, const char *with)
{
    char *path = file_join(model, "config.json");
    struct buf b = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
    cr_assert_eq(file_read(path, 1 << 20, &b, NULL), CARAT_OK);
    ptrdiff_t at = str_find(buf_str(&b), str_from(what), 0);
    cr_assert(at >= 0, "'%s' is not in config.json", what);
    buf_add(&out, b.p, (size_t)at);
    buf_adds(&out, with);
    buf_adds(&out, b.p + at + strlen(what));
    cr_assert_eq(file_write(path, out.p, out.n, NULL), CARAT_OK);
    buf_release(&b);
    buf_release(&out);
    free(path);
}

static void expect_refusal(const char *model, int status, const char *first, const char *second)
{
    struct ran r = run_carat("{\"context\": \"a\", \"continuation\": \" b\"}\n", "score", "-m", model);
    expect_status(r, status);
    cr_assert(has(r.err, first) && has(r.err, second), "'%s', '%s' not in: %s", first, second, r.err);
    ran_release(&r);
}

Test(e2e_errors, a_checkpoint_that_is_not_there_or_whole)
{
    const char *dir = temp_dir();
    expect_refusal("/nonexistent/model", 3, "/nonexistent/model", "no such");
    char *m = checkpoint(dir);
    drop(m, "config.json");
    expect_refusal(m, 3, "has no config.json", m);
    free(m);

    m = checkpoint(dir);
    drop(m, "model.safetensors");
    expect_refusal(m, 3, "safetensors", m);
    put(m, "model.safetensors.index.json",
        "{\"weight_map\": {\"model.embed_tokens.weight\": \"model-00001-of-00002.safetensors\"}}");
    expect_refusal(m, 3, "model-00001-of-00002.safetensors", "missing");
    drop(m, "model.safetensors.index.json");
    put(m, "pytorch_model.bin", "x");
    expect_refusal(m, 3, "pytorch_model.bin", "safetensors");
    drop(m, "pytorch_model.bin");
    free(m);

    m = checkpoint(dir);
    char *weights = file_join(m, "model.safetensors");
    cr_assert_eq(truncate(weights, 50000), 0);
    expect_refusal(m, 3, "model.safetensors", "truncated");
    free(weights);
    free(m);

    m = checkpoint(dir);
    drop(m, "tokenizer.model");
    expect_refusal(m, 3, "tokenizer", m);
    free(m);
    temp_remove(dir);
}

Test(e2e_errors, a_checkpoint_that_is_not_what_it_says)
{
    const char *dir = temp_dir();
    char *m = checkpoint(dir);
    edit_config(m, "\"model_type\": \"gemma\"", "\"model_type\": \"rwkv\"");
    expect_refusal(m, 3, "rwkv", "config.json");
    free(m);

    m = checkpoint(dir);
    edit_config(m, "\"intermediate_size\": ", "\"intermediate_size\": 1");
    expect_refusal(m, 3, "mlp", "shape");
    free(m);

    m = checkpoint(dir);
    put(m, "tokenizer.model", "no protobuf at all");
    expect_refusal(m, 3, "tokenizer.model", "");
    free(m);

    m = checkpoint(dir);
    put(m, "config.json", "{\"model_type\": ");
    expect_refusal(m, 3, "config.json", "JSON");
    free(m);
    temp_remove(dir);
}

Test(e2e_errors, data_that_is_missing_or_bad)
{
    const char *dir = temp_dir();
    char *db = file_join(dir, "x.db"), *data = file_join(dir, "boolq");
    struct ran r = run_carat(NULL, "run", "-m", "demo:early", "-t", "boolq", "--data", dir, "--db", db);
    expect_status(r, 3);
    cr_assert(has(r.err, "boolq/dev.jsonl") && has(r.err, "carat fetch boolq"), "%s", r.err);
    ran_release(&r);
    file_mkdirs(data, NULL);
    put(data, "dev.jsonl", "{\"question\": \"q\", \"title\": \"t\", \"answer\": true, \"passage\": \"p\"}\n{\"question\": 5}\n");
    r = run_carat(NULL, "run", "-m", "demo:early", "-t", "boolq", "--data", dir, "--db", db);
    expect_status(r, 3);
    cr_assert(has(r.err, "dev.jsonl:2"), "%s", r.err);
    ran_release(&r);
    cr_assert(!file_exists(db), "nothing is opened before the data is known to be good");
    free(db);
    free(data);
    temp_remove(dir);
}

#define RUN_ON(db) \
    run_carat(NULL, "run", "-q", "-m", "demo:early", "-t", "boolq", "--data", "demo/data", "--limit", "2", "--db", db)

Test(e2e_errors, a_database_that_is_foreign_locked_or_cannot_be_written, .timeout = 60)
{
    const char *dir = temp_dir();
    char *text = file_join(dir, "text.db"), *foreign = file_join(dir, "foreign.db"), *ours = file_join(dir, "ours.db");
    put(dir, "text.db", "this is no database, but it is long enough to be taken for one, if nobody looks at its head\n");
    struct ran r = RUN_ON(text);
    expect_status(r, 3);
    cr_assert(has(r.err, "text.db"), "%s", r.err);
    ran_release(&r);

    sqlite3 *s;
    cr_assert_eq(sqlite3_open(foreign, &s), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(s, "CREATE TABLE t(x); INSERT INTO t VALUES(1)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(s);
    r = RUN_ON(foreign);
    expect_status(r, 3);
    cr_assert(has(r.err, "foreign.db"), "%s", r.err);
    ran_release(&r);

    r = RUN_ON(ours);
    expect_status(r, 0);
    ran_release(&r);
    cr_assert_eq(sqlite3_open(ours, &s), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(s, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    r = RUN_ON(ours);
    expect_status(r, 4);
    cr_assert(has(r.err, "ours.db") && has(r.err, "use"), "%s", r.err);
    ran_release(&r);
    sqlite3_close(s);

    r = RUN_ON("/nonexistent/folder/x.db");
    cr_assert(r.status == 3 || r.status == 4);
    cr_assert(has(r.err, "/nonexistent/folder/x.db"), "%s", r.err);
    ran_release(&r);

    r = run_carat(NULL, "report", "--db", text);
    expect_status(r, 3);
    ran_release(&r);
    char *none = file_join(dir, "none.db");
    r = run_carat(NULL, "report", "--db", none);
    expect_status(r, 3);
    cr_assert(has(r.err, "none.db"), "%s", r.err);
    ran_release(&r);
    free(none);
    free(text);
    free(foreign);
    free(ours);
    temp_remove(dir);
}

Test(e2e_errors, a_full_disk_is_told_and_the_run_goes_on_later, .timeout = 120)
{
    const char *dir = temp_dir();
    char *db = file_join(dir, "x.db");
    struct buf command = BUF_INIT(1 << 14);
    buf_printf(&command,
               "ulimit -f 64; exec '%s' run -q -m demo:early -t boolq,hellaswag --data demo/data --limit 60 --db '%s'",
               carat_bin(), db);
    struct ran r = run_program((const char *const[]){"sh", "-c", command.p, NULL}, NULL);
    expect_status(r, 4);
    cr_assert(has(r.err, "x.db"), "%s", r.err);
    ran_release(&r);
    /* full from the first table on, then in the middle of the items */
    buf_clear(&command);
    buf_printf(&command,
               "ulimit -f 512; exec '%s' run -q -m demo:early -t boolq,hellaswag --data demo/data --limit 60 --db '%s'",
               carat_bin(), db);
    r = run_program((const char *const[]){"sh", "-c", command.p, NULL}, NULL);
    cr_assert(r.status == 4 || r.status == 0, "%s", r.err);
    ran_release(&r);
    r = run_carat(NULL, "run", "-q", "-m", "demo:early", "-t", "boolq,hellaswag", "--data", "demo/data", "--limit", "60",
                  "--db", db);
    expect_status(r, 0);
    ran_release(&r);
    buf_release(&command);
    free(db);
    temp_remove(dir);
}

Test(e2e_errors, without_a_jail_code_is_refused_before_any_model_runs, .timeout = 60)
{
    const char *dir = temp_dir();
    char *db = file_join(dir, "x.db");
    forbid(FORBID_NAMESPACES | FORBID_LANDLOCK);
    static const char *const models[] = {"demo:early", "demo:late"};
    for (size_t i = 0; i < 2; i++) {
        struct ran r = run_carat(NULL, "run", "-m", models[i], "-t", "boolq,humaneval", "--data", "demo/data", "--db", db);
        expect_status(r, 3);
        cr_assert(has(r.err, "bubblewrap") && has(r.err, "Landlock") && has(r.err, "carat doctor"), "%s", r.err);
        ran_release(&r);
    }
    struct ran r = run_carat(NULL, "list", "runs", "--db", db, "--json");
    cr_assert(r.status == 3 || strcmp(r.out, "[]\n") == 0, "no model ran: %s", r.out);
    ran_release(&r);
    free(db);
    temp_remove(dir);
}
