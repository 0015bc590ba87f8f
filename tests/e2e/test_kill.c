/* kill -9 at random moments of a run, then the same command, and so on until it is through: the rows are those of an
 * unbroken run, bit for bit, none twice, none missing. Killed while it resumes, and when all was done already.
 *
 * CARAT_KILLS says how often (`make kill-test`: 200 and more). Prints how many kills fell where. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <sqlite3.h>

#include "tests/support/process.h"
#include "tests/support/support.h"

enum { KILLS_DEFAULT = 20, SERIES_MAX = 24 };

static const char *const tail[] = {"-q", "-m", "demo:early", "-t", "hellaswag,boolq,mmlu_astronomy,gsm8k,humaneval", "--data",
                                   "demo/data", "--limit", "12", "--threads", "1", "--batch-tokens", "64", NULL};

static void words_of(const char *db, const char *words[24])
{
    size_t n = 0;
    words[n++] = "run";
    words[n++] = "--db";
    words[n++] = db;
    for (size_t i = 0; tail[i]; i++)
        words[n++] = tail[i];
    words[n] = NULL;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Takes out the numbers behind these keys: times, which no two runs share. */
static void drop_times(char *text)
{
    static const char *const keys[] = {"wall_ms\":", "cpu_ms\":"};
    char *to = text;
    for (const char *p = text; *p;) {
        bool key = false;
        for (size_t k = 0; k < 2; k++)
            key |= (size_t)(p - text) >= strlen(keys[k]) && strncmp(p - strlen(keys[k]), keys[k], strlen(keys[k])) == 0;
        if (key)
            p += strspn(p, "0123456789.e+-");
        if (*p)
            *to++ = *p++;
    }
    *to = '\0';
}

static char *items_of(const char *db)
{
    struct ran r = run_carat(NULL, "show", "1", "--json", "--db", db);
    expect_status(r, 0);
    free(r.err);
    drop_times(r.out);
    return r.out;
}

/* Finished items in the file; -1: there is no such table yet. */
static int count_items(const char *db)
{
    sqlite3 *file;
    sqlite3_stmt *q = NULL;
    int n = -1;
    if (sqlite3_open_v2(db, &file, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(file, "SELECT count(*) FROM item", -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
        n = sqlite3_column_int(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(file);
    return n;
}

/* Names the first place where they part. */
static void expect_same(const char *items, const char *expected, int kills)
{
    size_t at = 0;
    while (items[at] && items[at] == expected[at])
        at++;
    size_t from = at > 300 ? at - 300 : 0;
    cr_assert(items[at] == expected[at], "after %d kills, at byte %zu:\n%.400s\nnot\n%.400s", kills, at, items + from,
              expected + from);
}

struct tally {
    int kills, before_any, on_the_way, when_done, ended; /* ended: through before its kill */
};

static uint64_t next(uint64_t *state) { return (*state = *state * 6364136223846793005u + 1442695040888963407u) >> 24; }

/* carat commits once in a second, and a fast machine is through sooner: stopped for longer than that on its way,
 * it commits with the next item, however few there are. */
static void halt_past_a_commit(pid_t pid)
{
    kill(pid, SIGSTOP);
    usleep(1100000);
    kill(pid, SIGCONT);
}

/* One start, killed after `us`, not counted what it was halted. True when it was through before. */
static bool start_and_kill(const char *const *words, useconds_t us, bool halted)
{
    int status;
    pid_t pid = start_carat(words);
    usleep(us / 2);
    if (halted)
        halt_past_a_commit(pid);
    usleep(us - us / 2);
    kill(pid, SIGKILL);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status))
        cr_assert_eq(WEXITSTATUS(status), 0, "it failed with %d", WEXITSTATUS(status));
    return WIFEXITED(status);
}

/* A fresh file, killed again and again until it is through; then killed when all is done. */
static void one_series(const char *db, int n_whole, useconds_t run_us, uint64_t *random, struct tally *t)
{
    const char *words[24];
    bool done = false;
    words_of(db, words);
    for (int i = 0; i < SERIES_MAX && !done; i++) {
        done = start_and_kill(words, (useconds_t)(next(random) % (run_us + 1)), i % 2);
        int n = count_items(db);
        t->kills += !done;
        t->ended += done;
        t->before_any += !done && n <= 0;
        t->on_the_way += !done && n > 0 && n < n_whole;
        t->when_done += !done && n == n_whole;
    }
    struct ran r = run_carat_words(words, NULL);
    expect_status(r, 0);
    ran_release(&r);
    for (int i = 0; i < 3; i++) {
        bool ended = start_and_kill(words, (useconds_t)(next(random) % (run_us / 4 + 1)), false);
        t->kills += !ended;
        t->when_done += !ended;
    }
    cr_assert_eq(count_items(db), n_whole);
}

Test(e2e_kill, at_any_moment_the_same_command_ends_with_the_same_rows, .timeout = 3600)
{
    const char *dir = temp_dir(), *wanted = getenv("CARAT_KILLS");
    char *whole = file_join(dir, "whole.db"), *broken = file_join(dir, "broken.db");
    int64_t kills = KILLS_DEFAULT;
    const char *words[24];
    uint64_t random = 42;
    struct tally t = {0};
    if (wanted)
        cr_assert(num_parse_i64(str_from(wanted), &kills));
    words_of(whole, words);
    double start = seconds();
    struct ran r = run_carat_words(words, NULL);
    expect_status(r, 0);
    ran_release(&r);
    useconds_t run_us = (useconds_t)(1e6 * (seconds() - start));
    char *expected = items_of(whole);
    int n_whole = count_items(whole), n_series = 0;
    for (; t.kills < kills || !t.on_the_way; n_series++) {
        cr_assert_lt(n_series, 200, "no kill fell between two items");
        one_series(broken, n_whole, run_us, &random, &t);
        char *items = items_of(broken);
        expect_same(items, expected, t.kills);
        free(items);
        cr_assert_eq(unlink(broken), 0);
    }
    printf("%d kills in %d series of %d items: %d before the first item was kept, %d on the way, %d when all was done\n", t.kills,
           n_series, n_whole, t.before_any, t.on_the_way, t.when_done);
    free(expected);
    free(whole);
    free(broken);
    temp_remove(dir);
}
