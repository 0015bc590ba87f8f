/* confine.c - see confine.h.
 *
 * Landlock and seccomp hold the thread that asks for them, so somebody must ask between the birth of the child and its
 * exec. vfork() is what posix_spawn() itself is made of: the child borrows the memory of carat, which may be gigabytes,
 * while the calling thread waits; and it may therefore do nothing but make system calls. Signals are blocked
 * meanwhile, so that no handler of ours runs in the child. What sets a user is called directly: the C library's own
 * wrappers would set the user of all of carat's threads.
 *
 * The order matters: the kill at carat's death after the change of user (which clears it), Landlock after
 * no_new_privs, and the filter last, for it refuses most of what comes before.
 */
#define _GNU_SOURCE
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "box.h"
#include "landlock.h"

struct failure {
    int number;
    const char *step;
};

static bool set_descriptors(const struct confine *c)
{
    int null = open("/dev/null", O_RDWR); /* closed with the rest */
    if (null < 0 || fchdir(c->folder))
        return false;
    for (int i = 0; i < c->n; i++)
        if (dup2(c->from[i] < 0 ? null : c->from[i], i) != i)
            return false;
    return true;
}

static bool set_user(void)
{
    return syscall(SYS_setgroups, 0, NULL) == 0 && syscall(SYS_setresgid, BOX_NOBODY, BOX_NOBODY, BOX_NOBODY) == 0 &&
           syscall(SYS_setresuid, BOX_NOBODY, BOX_NOBODY, BOX_NOBODY) == 0;
}

/* What root may do, it may not. With no_new_privs the exec does not give it back. */
static bool drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        prctl(PR_CAPBSET_DROP, cap, 0, 0, 0); /* not for an ordinary user, who has none */
    return syscall(SYS_capset, &header, none) == 0;
}

static void set_signals(void)
{
    for (int sig = 1; sig < NSIG; sig++)
        signal(sig, SIG_DFL); /* some cannot be set, and need not be */
}

static bool set_filter(const struct buf *filter)
{
    struct sock_fprog program = {.len = (unsigned short)(filter->n / sizeof(struct sock_filter)),
                                 .filter = (struct sock_filter *)(void *)filter->p};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

/* In the child. Returns only when something failed: the name of the step. */
static const char *become(const struct confine *c, pid_t parent)
{
    static char *const no_environment[] = {NULL};
    sigset_t none;
    sigemptyset(&none);
    set_signals();
    if (setsid() < 0)
        return "a session of its own";
    if (!set_descriptors(c))
        return "its descriptors";
    if (c->as_nobody && !set_user())
        return "its user";
    if (!drop_capabilities())
        return "its capabilities";
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) || getppid() != parent)
        return "its end with carat's";
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return "no_new_privs";
    if (!landlock_enter(c->rules))
        return "Landlock";
    if (syscall(SYS_close_range, (unsigned)c->n, ~0u, 0))
        return "closing what is not its own";
    if (!set_filter(c->filter))
        return "seccomp";
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(c->argv[0], c->argv, no_environment);
    return "exec";
}

/* Alone in its function: what vfork() shares must not be reused by a caller before the child is gone. */
static __attribute__((noinline)) pid_t start(const struct confine *c, volatile struct failure *failure)
{
    pid_t parent = getpid();
    pid_t pid = vfork();
    if (pid == 0) {
        const char *step = become(c, parent);
        failure->number = errno ? errno : ESRCH;
        failure->step = step;
        _exit(127);
    }
    return pid;
}

int confine_spawn(const struct confine *c, pid_t *pid, const char **step)
{
    volatile struct failure failure = {0, "a process"};
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    *pid = start(c, &failure);
    int number = *pid < 0 ? errno : failure.number;
    if (dumpable == 1)
        prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* a change of the child's user takes it from the memory that it shares */
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (number && *pid > 0) {
        while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
            ;
        *pid = 0;
    }
    *step = failure.step;
    return number;
}
