/* Promise 2 in one table: whole runs of every family, each in another way, have the same items to the bit. (The engine's own
 * table of batches, threads, packing and instruction sets is tests/engine/compute/test_bits.c.) */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/process.h"
#include "tests/support/support.h"

enum { STEPS = 4, N_ITEMS = 9 };
#define TASKS "boolq,hellaswag,gsm8k"

/* A command of a way; the next one finds in the same file what it has left. */
struct step {
    const char *tasks, *limit, *batch_tokens, *threads, *shard;
    useconds_t killed_us; /* 0: it ends by itself */
};

struct way {
    const char *name;
    struct step steps[STEPS];
    bool merged; /* each step writes a file of its own, and these are merged */
};

static const struct way WAYS[] = {
    {"plain", {{TASKS, "3", "512", "1", "1/1", 0}}, false},
    {"batch 1", {{TASKS, "3", "1", "2", "1/1", 0}}, false},
    {"batch 7, 3 threads", {{TASKS, "3", "7", "3", "1/1", 0}}, false},
    {"batch 64", {{TASKS, "3", "64", "1", "1/1", 0}}, false},
    {"another order of tasks", {{"gsm8k,boolq,hellaswag", "3", "512", "2", "1/1", 0}}, false},
    {"each task alone",
     {{"hellaswag", "3", "512", "2", "1/1", 0}, {"gsm8k", "3", "64", "1", "1/1", 0}, {"boolq", "3", "7", "2", "1/1", 0}}, false},
    {"an item alone, then among others",
     {{TASKS, "1", "512", "1", "1/1", 0}, {TASKS, "2", "512", "2", "1/1", 0}, {TASKS, "3", "512", "2", "1/1", 0}}, false},
    {"killed and resumed",
     {{TASKS, "3", "7", "1", "1/1", 60000}, {TASKS, "3", "64", "2", "1/1", 120000}, {TASKS, "3", "512", "2", "1/1", 0}}, false},
    {"in shards",
     {{TASKS, "3", "512", "2", "3/3", 0}, {TASKS, "3", "7", "1", "1/3", 0}, {TASKS, "3", "64", "3", "2/3", 0}}, true},
};

static void do_step(const char *model, const char *db, const struct step *s)
{
    const char *words[] = {"run", "-q", "-q", "-m", model, "-t", s->tasks, "--data", "demo/data", "--shots", "1", "--limit", s->limit,
                           "--batch-tokens", s->batch_tokens, "--threads", s->threads, "--shard", s->shard, "--db", db, NULL};
    if (!s->killed_us) {
        struct ran r = run_carat_words(words, NULL);
        expect_status(r, 0);
        ran_release(&r);
        return;
    }
    int status;
    pid_t pid = start_carat(words);
    usleep(s->killed_us);
    kill(pid, SIGKILL);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
}

static int compare_lines(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* The items as JSON lines, sorted, since tasks are shown in the order in which they came. */
static char *items_of(const char *db)
{
    struct ran r = run_carat(NULL, "show", "1", "--json", "--db", db);
    struct buf out = BUF_INIT(1 << 24);
    char *lines[N_ITEMS + 1], *rest = r.out;
    size_t n = 0;
    expect_status(r, 0);
    while ((lines[n] = strsep(&rest, "\n")) && *lines[n])
        cr_assert_lt(n++, N_ITEMS);
    cr_assert_eq(n, N_ITEMS);
    qsort(lines, n, sizeof *lines, compare_lines);
    for (size_t i = 0; i < n; i++)
        buf_printf(&out, "%s\n", lines[i]);
    ran_release(&r);
    return buf_take(&out, NULL);
}

static char *go(const char *model, const struct way *way)
{
    const char *dir = temp_dir();
    char *db = file_join(dir, "whole.db"), *parts[STEPS] = {NULL};
    size_t n = 0;
    for (; n < STEPS && way->steps[n].tasks; n++) {
        char name[16];
        snprintf(name, sizeof name, "%zu.db", n);
        parts[n] = file_join(dir, name);
        do_step(model, way->merged ? parts[n] : db, &way->steps[n]);
    }
    if (way->merged) {
        struct ran r = run_carat(NULL, "merge", db, parts[0], parts[1], parts[2]);
        expect_status(r, 0);
        ran_release(&r);
    }
    char *items = items_of(db);
    for (size_t i = 0; i < n; i++)
        free(parts[i]);
    free(db);
    temp_remove(dir);
    return items;
}

static void check(const char *model)
{
    char *want = go(model, &WAYS[0]);
    for (size_t i = 1; i < sizeof WAYS / sizeof *WAYS; i++) {
        char *got = go(model, &WAYS[i]);
        size_t at = 0;
        while (got[at] && got[at] == want[at])
            at++;
        cr_expect(got[at] == want[at], "%s, %s: other items, from here on: %.300s\nnot %.300s", model, WAYS[i].name,
                  got + (at > 100 ? at - 100 : 0), want + (at > 100 ? at - 100 : 0));
        free(got);
    }
    free(want);
}

Test(e2e_matrix, no_way_to_run_changes_a_bit, .timeout = 300) { check("demo:late"); }

Test(e2e_matrix, no_way_to_run_changes_a_bit_of_any_family, .timeout = 900)
{
    static const char *const names[] = {"gemma1-mqa-bf16", "gemma2-f32-sharded", "gemma3-bf16", "llama-gqa-f16-sharded",
                                        "mistral-swa-bf16"};
    SHARED_OR_SKIP(root, "fixtures/checkpoints");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *model = file_join(root, names[i]);
        check(model);
        free(model);
    }
}
