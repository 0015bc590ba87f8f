/* Control groups: where they are looked for, on made-up trees; what they hold, on the machine's own where there are some. */
#define _GNU_SOURCE
#include <criterion/criterion.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/sandbox/cgroup.h"
#include "tests/support/support.h"

/* ---- made-up trees: folders, where writing a limit fails, so that the message says which group was chosen ------- */

static struct err open_made_up(const char *dir, const char *cgroup, const char *mount)
{
    struct err err = ERR_INIT;
    struct cgroups *groups;
    char line[1024], path[1024], mounts[1024];
    snprintf(line, sizeof line, "22 1 0:20 / / rw - ext4 /dev/vda rw\n36 35 0:31 %s - %s rw,memory\n", mount,
             strstr(cgroup, "0::") ? "cgroup2 none" : "cgroup cgroup");
    put_text_file(dir, "cgroup", cgroup);
    put_text_file(dir, "mountinfo", line);
    snprintf(path, sizeof path, "%s/cgroup", dir);
    snprintf(mounts, sizeof mounts, "%s/mountinfo", dir);
    cr_expect_eq(cgroups_open(&(struct cgroup_places){.cgroup = path, .mountinfo = mounts}, &groups, &err), CARAT_EUNSUPPORTED);
    cr_expect_null(groups);
    return err;
}

static void expect_chosen(const char *dir, const char *cgroup, const char *mount, const char *group)
{
    char wanted[1024];
    struct err err = open_made_up(dir, cgroup, mount);
    snprintf(wanted, sizeof wanted, "the control group '%s/%s/carat-", dir, group);
    cr_expect(strstr(err.msg, wanted), "'%s' has no '%s'", err.msg, wanted);
}

Test(cgroup, looks_for_the_nearest_group_with_both_controllers)
{
    const char *dir = temp_dir();
    char mount[512];
    put_text_file(dir, "t/user/app/cgroup.controllers", "cpu memory pids\n");
    put_text_file(dir, "t/user/app/cgroup.subtree_control", "memory pids\n");
    put_text_file(dir, "t/user/app/cgroup.procs", "");
    put_text_file(dir, "t/user/app/shell.scope/cgroup.controllers", "memory\n"); /* no pids: one above */
    put_text_file(dir, "t/user/app/shell.scope/cgroup.procs", "1\n");
    snprintf(mount, sizeof mount, "/ %s/t rw", dir);
    expect_chosen(dir, "12:pids:/elsewhere\n0::/user/app/shell.scope\n", mount, "t/user/app");
    expect_chosen(dir, "0::/user/app\n", mount, "t/user/app");
    snprintf(mount, sizeof mount, "/user %s/t/user rw", dir); /* the mount's root is a group further down */
    expect_chosen(dir, "0::/user/app/shell.scope\n", mount, "t/user/app");
    temp_remove(dir);
}

Test(cgroup, knows_the_old_layout)
{
    const char *dir = temp_dir();
    char mount[512];
    put_text_file(dir, "m/job/cgroup.procs", "1\n");
    snprintf(mount, sizeof mount, "/ %s/m rw", dir);
    expect_chosen(dir, "9:name=systemd:/\n4:cpu,memory:/job\n", mount, "m/job");
    temp_remove(dir);
}

Test(cgroup, refuses_what_is_not_ours_and_says_what_to_do)
{
    const char *dir = temp_dir();
    char mount[512];
    put_text_file(dir, "t/one/cgroup.controllers", "cpu\n");
    put_text_file(dir, "t/one/cgroup.procs", "1\n");
    snprintf(mount, sizeof mount, "/ %s/t rw", dir);
    static const char *const groups[] = {"0::/one\n", "0::/../one\n", "0::/none\n", "0:\n::\n:", "", "0::", "4:memory:/none\n"};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        struct err err = open_made_up(dir, groups[i], mount);
        cr_expect(strstr(err.msg, "no control group"), "%s: %s", groups[i], err.msg);
        cr_expect(strstr(err.hint, "Delegate=yes"), "%s", err.hint);
    }
    temp_remove(dir);
}

/* ---- the machine's own ------------------------------------------------------------------------------------------ */

static struct cgroups *open_or_skip(void)
{
    struct cgroups *groups;
    struct err err = ERR_INIT;
    if (cgroups_open(NULL, &groups, &err))
        cr_skip("%s", err.msg);
    return groups;
}

/* A child in the group that does `work`; its wait status. */
static int work_in(const struct cgroup *group, void (*work)(void))
{
    int go[2], status;
    char byte = 0;
    struct err err = ERR_INIT;
    cr_assert_eq(pipe(go), 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (read(go[0], &byte, 1) == 1)
            work();
        _exit(0);
    }
    cr_assert_eq(cgroup_add(group, pid, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(write(go[1], &byte, 1), 1);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    close(go[0]);
    close(go[1]);
    return status;
}

static void take_memory(void)
{
    for (int i = 0; i < 256; i++) {
        volatile char *p = malloc(1 << 20);
        for (size_t at = 0; p && at < 1 << 20; at += 4096)
            p[at] = 1;
    }
}

static void take_processes(void)
{
    for (int i = 0; i < 100; i++) {
        pid_t pid = fork();
        if (pid < 0)
            _exit(i);
        if (pid == 0) {
            pause();
            _exit(0);
        }
    }
    _exit(100);
}

Test(cgroup, holds_memory_and_tells_why_it_killed, .timeout = 60)
{
    struct cgroups *groups = open_or_skip();
    struct cgroup group;
    struct err err = ERR_INIT;
    const struct cgroup_limits limits = {.memory_bytes = (size_t)32 << 20, .n_tasks = 100};
    cr_assert_eq(cgroup_make(groups, &limits, &group, &err), CARAT_OK, "%s", err.msg);
    int status = work_in(&group, take_memory);
    cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "status %d", status);
    cr_expect(cgroup_out_of_memory(&group));
    cgroup_remove(&group);
    cr_assert_eq(cgroup_make(groups, &limits, &group, &err), CARAT_OK, "%s", err.msg);
    cr_expect_not(cgroup_out_of_memory(&group));
    cgroup_remove(&group);
    cgroups_free(groups);
}

Test(cgroup, holds_the_number_of_processes, .timeout = 60)
{
    struct cgroups *groups = open_or_skip();
    struct cgroup group;
    struct err err = ERR_INIT;
    const struct cgroup_limits limits = {.memory_bytes = (size_t)256 << 20, .n_tasks = 10};
    char path[1100];
    bool v2 = strstr(cgroups_describe(groups), "cgroup v2") != NULL;
    cr_assert_eq(cgroup_make(groups, &limits, &group, &err), CARAT_OK, "%s", err.msg);
    int status = work_in(&group, take_processes);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 9, "status %d", status);
    snprintf(path, sizeof path, "%s/cgroup.procs", group.paths[v2 ? 0 : 1]);
    FILE *f = fopen(path, "re");
    for (int pid; f && fscanf(f, "%d", &pid) == 1;)
        kill(pid, SIGKILL);
    if (f)
        fclose(f);
    snprintf(path, sizeof path, "%s", group.paths[0]);
    cgroup_remove(&group);
    cr_expect_not(file_exists(path), "the group is left");
    cgroups_free(groups);
}
