/* kill -9 at any moment: what was committed stays, nothing is there twice, the same command ends with the
 * same rows. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "store_support.h"
#include "tests/support/support.h"

enum { N_ITEMS = 1500, SERIES = 11, COMMIT_EVERY = 13, MIN_KILLS = 60 };

static void mark(void *context, int64_t index, struct str row_sha256)
{
    bool *done = context;
    (void)row_sha256;
    done[index] = true;
}

/* What `carat run` does: finds the run, asks what is done, computes the rest; the store on a thread of its own (`beside`)
 * or not. In a child, so no asserts. */
static int go_on(const char *dir, int started, bool beside)
{
    struct carat_writer *writer = NULL;
    struct carat_store *st;
    struct err err = ERR_INIT;
    struct arena a = ARENA_INIT;
    struct carat_item_record item;
    bool *done = calloc(N_ITEMS, 1);
    if (!done || carat_store_open(db_path(dir), CARAT_STORE_WRITE, &st, &err))
        return dprintf(2, "%s\n", err.msg), 2;
    if (write(started, "s", 1) != 1)
        return 2;
    int64_t task = put_task(st, put_run(st, "feed00", "m"), "t", N_ITEMS);
    if (carat_store_done(st, task, false, mark, done, &err))
        return 3;
    if (beside && carat_writer_new(st, &writer, &err))
        return 3;
    for (int64_t i = 0; i < N_ITEMS; i++) {
        if (done[i])
            continue;
        make_item(&a, SERIES, i, &item);
        bool due = i % COMMIT_EVERY == 0;
        if (writer ? carat_writer_put(writer, task, &item, &err) || (due && carat_writer_sync(writer, &err))
                   : carat_store_put(st, task, &item, &err) || (due && carat_store_commit(st, &err)))
            return 4;
        arena_reset(&a);
    }
    carat_writer_free(writer);
    if (carat_store_finish(st, task, &(struct carat_effort){.wall_s = 1}, &err))
        return 5;
    carat_store_free(st);
    arena_release(&a);
    free(done);
    return 0;
}

/* Runs go_on() in a child and kills it `delay_us` after it has the store open (`early`: after its start). -1 us
 * leaves it alone. Its exit status; -1 when it was killed first. */
static int go_on_for(const char *dir, long delay_us, bool early, bool beside)
{
    int pipe_fds[2], status;
    char c;
    cr_assert_eq(pipe(pipe_fds), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(go_on(dir, pipe_fds[1], beside));
    close(pipe_fds[1]);
    if (!early)
        cr_assert_geq(read(pipe_fds[0], &c, 1), 0);
    if (delay_us >= 0) {
        nanosleep(&(struct timespec){.tv_nsec = delay_us * 1000}, NULL);
        kill(child, SIGKILL);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    close(pipe_fds[0]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The items there are now, none twice, all as they must be; counts them. */
struct seen {
    int64_t last, n;
};
static bool check_next(void *context, const struct carat_item_record *item)
{
    struct seen *seen = context;
    struct arena a = ARENA_INIT;
    struct carat_item_record want;
    cr_assert_gt(item->index, seen->last);
    make_item(&a, SERIES, item->index, &want);
    check_same(item, &want);
    seen->last = item->index;
    seen->n++;
    arena_release(&a);
    return true;
}

Test(kill, any_moment_loses_nothing_committed, .timeout = 120)
{
    const char *dir = temp_dir();
    struct err err = ERR_INIT;
    uint64_t rng = 20240221;
    int kills = 0, status = -1, in_creation = 0;
    int64_t before = 0;
    while (status != 0) {
        bool early = kills % 4 == 3;
        cr_assert_lt(kills, 1000);
        status = go_on_for(dir, kills < MIN_KILLS ? (long)(random_next(&rng) % 12000) : -1, early, kills % 3 != 1);
        cr_assert(status == 0 || status == -1, "the child failed with %d", status);
        kills += status == -1;
        if (kills % 8)
            continue; /* mostly it is the child that opens what the last one left behind */
        struct carat_store *st;
        if (carat_store_open(db_path(dir), CARAT_STORE_READ, &st, &err)) {
            in_creation++; /* killed while the file was being made */
            cr_assert_eq(before, 0, "%s", err.msg);
            continue;
        }
        struct seen seen = {.last = -1};
        cr_assert_eq(carat_store_items(st, 1, 0, 0, check_next, &seen, &err), CARAT_OK, "%s", err.msg);
        cr_assert_geq(seen.n, before, "%lld items were committed, %lld are left", (long long)before, (long long)seen.n);
        before = seen.n;
        carat_store_free(st);
    }
    cr_assert_geq(kills, MIN_KILLS, "%d kills", kills);
    printf("%d kills, %d of them seen in the making of the file\n", kills, in_creation);
    /* The same as an unbroken run, and the command once more changes nothing. */
    struct carat_store *st = open_store(dir, CARAT_STORE_READ);
    check_items(st, 1, N_ITEMS, SERIES);
    carat_store_free(st);
    cr_assert_eq(go_on_for(dir, -1, false, false), 0);
    st = open_store(dir, CARAT_STORE_READ);
    check_items(st, 1, N_ITEMS, SERIES);
    carat_store_free(st);
    temp_remove(dir);
}
