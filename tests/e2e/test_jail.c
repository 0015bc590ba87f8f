/* carat jail: one program, one verdict, one exit status. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/sandbox/landlock.h"
#include "tests/support/forbid.h"
#include "tests/support/process.h"
#include "tests/support/support.h"

static bool has(const char *text, const char *what)
{
    return strstr(text, what) != NULL;
}

static char *program(const char *dir, const char *text)
{
    char *path = file_join(dir, "prog.py");
    cr_assert_eq(file_write(path, text, strlen(text), NULL), CARAT_OK);
    return path;
}

Test(e2e_jail, tells_the_verdict_by_words_and_status, .timeout = 60)
{
    const char *dir = temp_dir();
    char *path = program(dir, "print('one\\x1b[2Jtwo')\nassert 1 + 1 == 2\n");
    struct ran r = run_carat(NULL, "jail", path);
    expect_status(r, 0);
    cr_expect(has(r.out, "one\xEF\xBF\xBD[2Jtwo\nverdict: passed ("), "%s", r.out);
    ran_release(&r);
    free(path);
    path = program(dir, "x = 1\nassert x == 2, 'no'\n");
    r = run_carat(NULL, "jail", "--", "python3", path);
    expect_status(r, 1);
    cr_expect(has(r.out, "verdict: failed: AssertionError at line 2: no ("), "%s", r.out);
    cr_expect_str_eq(r.err, "");
    ran_release(&r);
    free(path);
    temp_remove(dir);
}

Test(e2e_jail, reads_stdin_and_writes_json, .timeout = 60)
{
    struct ran r = run_carat("import socket\nsocket.socket()\n", "jail", "--json", "-");
    expect_status(r, 1);
    json_t *v;
    cr_assert_eq(json_read(str_from(r.out), "verdict", 0, &v, NULL), CARAT_OK, "%s", r.out);
    cr_expect_str_eq(json_string_value(json_object_get(v, "verdict")), "policy");
    cr_expect(has(json_string_value(json_object_get(v, "detail")), "socket() is forbidden"), "%s", r.out);
    json_decref(v);
    ran_release(&r);
    r = run_carat("", "jail", "-");
    expect_status(r, 0);
    ran_release(&r);
}

Test(e2e_jail, takes_limits, .timeout = 60)
{
    struct ran r = run_carat("while True: pass\n", "jail", "--cpu-seconds", "0.5", "-");
    expect_status(r, 1);
    cr_expect(has(r.out, "verdict: timeout: CPU time over 0.5 s"), "%s", r.out);
    ran_release(&r);
    r = run_carat("x = bytearray(90 << 20)\n", "jail", "--jail-memory", "64M", "-");
    expect_status(r, 1);
    cr_expect(has(r.out, "verdict: memory: MemoryError"), "%s", r.out);
    ran_release(&r);
    r = run_carat("import time\ntime.sleep(100)\n", "jail", "--wall-seconds", "1", "-");
    expect_status(r, 1);
    cr_expect(has(r.out, "verdict: timeout: wall time over 1 s"), "%s", r.out);
    ran_release(&r);
}

/* The depth of the process tree below `pid`: a jailed program stands three below carat. */
static int depth_below(int pid)
{
    char path[64];
    int child, deepest = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
    FILE *f = fopen(path, "re");
    while (f && fscanf(f, "%d", &child) == 1) {
        int depth = 1 + depth_below(child);
        deepest = depth > deepest ? depth : deepest;
    }
    if (f)
        fclose(f);
    return deepest;
}

static bool reaches_depth(int pid, int wanted)
{
    for (int i = 0; i < 500; i++) {
        if (depth_below(pid) == wanted)
            return true;
        while (wanted == 0 && waitpid(-1, NULL, WNOHANG) > 0)
            ; /* orphans are ours to bury */
        usleep(20000);
    }
    return false;
}

/* Kills carat while a program runs in a jail that is `depth` processes deep. */
static void kill_carat(const char *wall, int depth)
{
    const char *dir = temp_dir();
    char *path = program(dir, "import time\ntime.sleep(1000)\n");
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); /* what outlives carat becomes our child */
    pid_t pid = start_carat((const char *const[]){"jail", "--jail-wall", wall, path, NULL});
    usleep(1500000); /* past the five programs that try the jail */
    cr_assert(reaches_depth(pid, depth), "the program does not run");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    cr_assert(reaches_depth(getpid(), 0), "something goes on");
    free(path);
    temp_remove(dir);
}

Test(e2e_jail, nothing_outlives_a_carat_that_was_killed, .timeout = 60)
{
    kill_carat("bubblewrap", 3);
}

Test(e2e_jail, nor_behind_the_second_wall, .timeout = 60)
{
    if (landlock_abi() < LANDLOCK_ABI_WANTED)
        cr_skip("the kernel's Landlock is of version %d", landlock_abi());
    kill_carat("landlock", 1);
}

Test(e2e_jail, doctor_tells_what_there_is_and_what_to_do, .timeout = 60)
{
    forbid(FORBID_NAMESPACES | FORBID_LANDLOCK);
    struct ran r = run_carat(NULL, "doctor");
    expect_status(r, 3);
    cr_expect(has(r.out, "BAD  jail ") && has(r.out, "no   namespaces no user namespace can be made") &&
              has(r.out, "no   Landlock   none") && has(r.out, "Linux 6.12"), "%s", r.out);
    ran_release(&r);
}

Test(e2e_jail, unsafe_is_loud, .timeout = 60)
{
    struct ran r = run_carat("open('/etc/passwd').read()\n", "jail", "--unsafe-no-jail", "-");
    expect_status(r, 0);
    cr_expect(has(r.err, "WITHOUT A JAIL"), "%s", r.err);
    ran_release(&r);
}

Test(e2e_jail, tells_misuse_from_what_cannot_be_run, .timeout = 60)
{
    struct ran r = run_carat(NULL, "jail");
    expect_status(r, 2);
    ran_release(&r);
    r = run_carat(NULL, "jail", "prog.py", "argument");
    expect_status(r, 2);
    cr_expect(has(r.err, "gets no arguments"), "%s", r.err);
    ran_release(&r);
    r = run_carat("", "jail", "--cpu-seconds", "-1", "-");
    expect_status(r, 2);
    ran_release(&r);
    r = run_carat(NULL, "jail", "no-such-file.py");
    expect_status(r, 3);
    cr_expect(has(r.err, "no-such-file.py"), "%s", r.err);
    ran_release(&r);
    r = run_carat("pass\n", "jail", "--", "python9", "-");
    expect_status(r, 3);
    cr_expect(has(r.err, "no 'python9'"), "%s", r.err);
    ran_release(&r);
    setenv("PATH", "/nonexistent", 1);
    r = run_carat("pass\n", "jail", "--jail-wall", "bubblewrap", "--", "/usr/bin/python3", "-");
    expect_status(r, 3);
    cr_expect(has(r.err, "no 'bwrap'") && has(r.err, "apt-get install bubblewrap"), "%s", r.err);
    ran_release(&r);
}
