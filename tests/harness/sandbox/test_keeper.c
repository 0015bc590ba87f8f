/* harness/sandbox/keeper.h: what it knows of dies with it, and nothing else. */
#include <criterion/criterion.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/sandbox/keeper.h"
#include "harness/sandbox/spawn.h"

static pid_t start_sleeper(void)
{
    char sleep_[] = "/bin/sleep", seconds[] = "1000";
    pid_t pid;
    cr_assert_eq(spawn((char *const[]){sleep_, seconds, NULL}, (const int[]){-1, -1, -1}, 3, NULL, &pid), 0);
    return pid;
}

Test(keeper, kills_the_groups_that_it_knows_of_at_the_end, .timeout = 30)
{
    struct err err = ERR_INIT;
    struct keeper keeper;
    pid_t pids[5];
    int status;
    cr_assert_eq(keeper_open(&keeper, &err), CARAT_OK, "%s", err.msg);
    for (int i = 0; i < 5; i++) {
        pids[i] = start_sleeper();
        cr_expect(keeper_watch(&keeper, pids[i]));
    }
    keeper_forget(&keeper, pids[0]);
    keeper_forget(&keeper, pids[3]);
    keeper_close(&keeper);
    for (int i = 0; i < 5; i++) {
        bool forgotten = i == 0 || i == 3;
        cr_expect_eq(waitpid(pids[i], &status, forgotten ? WNOHANG : 0), forgotten ? 0 : pids[i], "group %d", i);
        kill(pids[i], SIGKILL);
    }
}

Test(keeper, that_was_killed_is_noticed, .timeout = 30)
{
    struct err err = ERR_INIT;
    struct keeper keeper;
    cr_assert_eq(keeper_open(&keeper, &err), CARAT_OK, "%s", err.msg);
    kill(keeper.pid, SIGKILL);
    siginfo_t info;
    cr_assert_eq(waitid(P_PID, (id_t)keeper.pid, &info, WEXITED | WNOWAIT), 0);
    cr_expect_not(keeper_watch(&keeper, 12345));
    keeper_close(&keeper);
    keeper_close(&keeper);
}
