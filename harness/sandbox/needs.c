/* needs.c - see needs.h. Only looking: whether a jail stands is seen by jail_open(), which runs programs in it. */
#define _GNU_SOURCE
#include "needs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "box.h"
#include "cgroup.h"
#include "landlock.h"

/* The number in a file of /proc/sys; -1 where there is no such setting. */
static long setting(const char *path)
{
    char text[32] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0)
        close(fd);
    return n > 0 ? strtol(text, NULL, 10) : -1;
}

static bool in_container(void)
{
    return file_exists("/.dockerenv") || file_exists("/run/.containerenv") || getenv("KUBERNETES_SERVICE_HOST");
}

/* ---- user namespaces --------------------------------------------------------------------- */

enum { TRIED_ALL, NO_SPACE, NO_MOUNT };

/* In a child: as bubblewrap begins. AppArmor lets the namespace be made and takes its powers away. */
static int try_namespaces(void)
{
    pid_t pid = fork();
    int status = 0;
    if (pid == 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET))
            _exit(NO_SPACE);
        _exit(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ? NO_MOUNT : TRIED_ALL);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : NO_SPACE;
}

static const struct {
    const char *path, *name, *cure;
    bool bad_when_zero;
} space_settings[] = {
    {"/proc/sys/kernel/unprivileged_userns_clone", "kernel.unprivileged_userns_clone",
     "sudo sysctl kernel.unprivileged_userns_clone=1 (in /etc/sysctl.d/ to keep it)", true},
    {"/proc/sys/user/max_user_namespaces", "user.max_user_namespaces",
     "sudo sysctl user.max_user_namespaces=10000 (in /etc/sysctl.d/ to keep it)", true},
    {"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "kernel.apparmor_restrict_unprivileged_userns",
     "an AppArmor profile for bwrap: a file /etc/apparmor.d/bwrap with \"profile bwrap /usr/bin/bwrap flags=(unconfined) { userns, }\", "
     "then sudo systemctl reload apparmor; or sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0", false},
};

static void look_at_spaces(struct jail_need *n)
{
    int tried = try_namespaces();
    n->name = "namespaces";
    n->ok = tried == TRIED_ALL;
    if (n->ok) {
        buf_adds(&n->text, "user namespaces can be made");
        return;
    }
    buf_adds(&n->text, tried == NO_SPACE ? "no user namespace can be made" : "a user namespace has no powers");
    for (size_t i = 0; i < sizeof space_settings / sizeof *space_settings; i++) {
        long value = setting(space_settings[i].path);
        if (value < 0 || (value == 0) != space_settings[i].bad_when_zero)
            continue;
        buf_printf(&n->text, "; %s is %ld", space_settings[i].name, value);
        buf_printf(&n->hint, "%s%s", n->hint.n ? "; " : "", space_settings[i].cure);
    }
    if (in_container())
        buf_printf(&n->hint, "%sthis is a container: start it with --security-opt seccomp=unconfined (and apparmor=unconfined), "
                             "or run carat outside", n->hint.n ? "; " : "");
    if (!n->hint.n)
        buf_adds(&n->hint, "something (a seccomp filter, a security module) forbids them to this process");
}

/* ---- the others ---------------------------------------------------------------------------- */

static void look_at_bwrap(struct jail_need *n)
{
    char *path = box_find_program("bwrap");
    n->name = "bubblewrap";
    n->ok = path != NULL;
    buf_adds(&n->text, path ? path : "no bwrap on PATH");
    if (!n->ok)
        buf_adds(&n->hint, "apt-get install bubblewrap (0.7 or later)");
    free(path);
}

static void look_at_seccomp(struct jail_need *n)
{
    const uint32_t action = SECCOMP_RET_ERRNO;
    n->name = "seccomp";
    n->ok = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
    if (n->ok)
        buf_adds(&n->text, "filters by errno");
    else {
        buf_printf(&n->text, "no filters: %s", strerror(errno));
        buf_adds(&n->hint, "a kernel with CONFIG_SECCOMP_FILTER; both kinds of jail need it");
    }
}

static void look_at_landlock(struct jail_need *n)
{
    int abi = landlock_abi();
    n->name = "Landlock";
    n->ok = abi >= LANDLOCK_ABI_WANTED;
    if (abi)
        buf_printf(&n->text, "version %d", abi);
    else
        buf_adds(&n->text, "none");
    if (!n->ok)
        buf_printf(&n->hint, "the second wall, where namespaces cannot be had, wants version %d: Linux 6.12 or later with landlock "
                             "among lsm= of the kernel's command line", LANDLOCK_ABI_WANTED);
}

static void look_at_cgroups(struct jail_need *n)
{
    struct cgroups *groups;
    struct err err = ERR_INIT;
    n->name = "cgroups";
    n->ok = cgroups_open(NULL, &groups, &err) == CARAT_OK;
    buf_adds(&n->text, n->ok ? cgroups_describe(groups) : err.msg);
    buf_adds(&n->hint, err.hint);
    cgroups_free(groups);
}

void jail_needs(struct jail_need out[JAIL_NEEDS])
{
    static void (*const looks[JAIL_NEEDS])(struct jail_need *) = {look_at_bwrap, look_at_spaces, look_at_seccomp,
                                                                  look_at_landlock, look_at_cgroups};
    for (size_t i = 0; i < JAIL_NEEDS; i++) {
        out[i] = (struct jail_need){.text = BUF_INIT(4096), .hint = BUF_INIT(4096)};
        looks[i](&out[i]);
    }
}

void jail_needs_release(struct jail_need needs[JAIL_NEEDS])
{
    for (size_t i = 0; i < JAIL_NEEDS; i++) {
        buf_release(&needs[i].text);
        buf_release(&needs[i].hint);
    }
}
