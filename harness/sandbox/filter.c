/* filter.c - a seccomp allow-list, built with libseccomp.
 *
 * Three answers to a call:
 *   allowed   what a Python program needs to compute, keep files in its /tmp and run threads
 *   refused   what a program may ask for, with malice (ptrace) or without (a socket): errno is
 *             RUNNER_ERRNO_CALL plus the call's number, so that the exception that ends
 *             the program tells which call it was. A kill by SIGSYS would not: the number is lost with the process
 *   the rest  ENOSYS, as on an older kernel: the C library falls back to what it knows (clone3 to
 *             clone), and a call that is new next year is not let through
 *
 * New processes are refused outright, threads are not: with that a fork bomb, a daemon, an orphan and a zombie
 * do not exist, and RLIMIT_CPU and RLIMIT_AS, which count a process, count the whole program.
 * execve must stay, for bwrap loads the filter before it starts the interpreter; a program that
 * replaces itself by another keeps every limit and has lost the token that means "passed".
 * Memory that RLIMIT_AS does not see (memfd, System V shared memory, message queues) is refused. The one kind of
 * socket is a stream pair: a datagram socket, though born connected, may send to any name.
 *
 * Where no namespaces stand behind it (the second wall), Landlock holds opening, making, moving and deleting files, signals
 * and abstract sockets; what it does not is refused here: changing a file's mode, owner or times by its path, the limits of
 * another process, and what fills a disk unseen (space reserved without writing, files sent into a socket, files written
 * through memory).
 */
#define _GNU_SOURCE
#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runner.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

static const char *const allowed[] = {
    /* memory, threads */
    "brk", "munmap", "mprotect", "mremap", "madvise", "futex", "futex_waitv", "set_robust_list",
    "get_robust_list", "rseq", "membarrier", "set_tid_address", "arch_prctl", "sched_yield", "sched_getaffinity",
    "sched_getparam", "sched_getscheduler", "sched_get_priority_max", "sched_get_priority_min", "getcpu", "exit",
    "exit_group", "execve", "restart_syscall",
    /* signals and time */
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait", "rt_sigsuspend", "sigaltstack",
    "kill", "tgkill", "tkill", "pause", "alarm", "getitimer", "setitimer", "timer_create", "timer_settime",
    "timer_gettime", "timer_delete", "timer_getoverrun", "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep",
    "gettimeofday", "time", "times", "wait4", "waitid",
    /* who am I */
    "getpid", "getppid", "gettid", "getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid", "getgroups",
    "getpgid", "getpgrp", "getsid", "getpriority", "getrlimit", "setrlimit", "getrusage", "sysinfo",
    "uname", "getrandom", "capget",
    /* descriptors */
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2", "lseek",
    "close", "close_range", "dup", "dup2", "dup3", "fcntl", "flock", "pipe", "pipe2", "poll", "ppoll", "select",
    "pselect6", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd",
    "eventfd2", "timerfd_create", "timerfd_settime", "timerfd_gettime", "signalfd4", "sendfile", "copy_file_range",
    /* files */
    "open", "openat", "openat2", "creat", "stat", "lstat", "fstat", "newfstatat", "statx", "statfs", "fstatfs", "access",
    "faccessat", "faccessat2", "readlink", "readlinkat", "getdents", "getdents64", "getcwd", "chdir", "fchdir", "mkdir",
    "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2", "link", "linkat", "symlink",
    "symlinkat", "truncate", "ftruncate", "fadvise64", "fsync", "fdatasync", "umask", "listxattr",
    "llistxattr", "flistxattr", "getxattr", "lgetxattr", "fgetxattr",
    /* on a socketpair, the only socket there is (asyncio makes one) */
    "sendto", "recvfrom", "recvmsg", "shutdown", "getsockopt", "setsockopt", "getsockname", "getpeername",
};

/* What namespaces make harmless, and nothing else does. */
static const char *const with_spaces[] = {
    "chmod", "fchmod", "fchmodat", "chown", "fchown", "lchown", "fchownat", "utime", "utimes", "utimensat", "futimesat",
    "fallocate", "sendmsg",
};

static const char *const refused[] = {
    "fork", "vfork", "socket", "connect", "bind", "listen", "accept", "accept4", "setsid", "setpgid", "setuid", "setgid",
    "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "setfsuid", "setfsgid", "setpriority",
    "sched_setaffinity", "sched_setscheduler", "sched_setparam", "mknod", "mknodat", "chroot", "memfd_create",
    "shmget", "shmat", "shmctl", "semget", "msgget", "mq_open", "mlock", "mlockall", "sethostname", "setdomainname",
    "clock_settime", "settimeofday", "adjtimex", "sync", "syncfs", "setxattr", "lsetxattr", "fsetxattr", "pidfd_open",
    "inotify_init", "inotify_init1", "execveat", "process_madvise", "splice", "tee", "vmsplice",
    /* what only an attack asks for */
    "ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd", "pidfd_send_signal", "mount", "umount2",
    "pivot_root", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "unshare", "setns",
    "bpf", "perf_event_open", "keyctl", "add_key", "request_key", "userfaultfd", "io_uring_setup", "io_uring_enter",
    "io_uring_register", "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "reboot",
    "swapon", "swapoff", "acct", "syslog", "quotactl", "iopl", "ioperm", "modify_ldt", "personality",
    "open_by_handle_at", "name_to_handle_at", "fanotify_init", "seccomp", "vhangup", "lookup_dcookie", "nfsservctl",
};

/* Terminal control beyond asking is absent: TIOCSTI would type into the caller's shell. */
static const unsigned long ioctls[] = {TCGETS, TIOCGWINSZ, FIOCLEX, FIONCLEX, FIONBIO, FIONREAD};
static const scmp_datum_t pairs[] = {SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET}; /* refused */
static const int prctls[] = {PR_SET_NAME, PR_GET_NAME, PR_SET_VMA, PR_GET_DUMPABLE};

/* A name that this machine's kernel headers do not know is skipped: it then falls to ENOSYS. */
static bool add(scmp_filter_ctx ctx, uint32_t action, const char *name)
{
    int nr = seccomp_syscall_resolve_name(name);
    return nr == __NR_SCMP_ERROR || nr < 0 || seccomp_rule_add(ctx, action, nr, 0) == 0;
}

static uint32_t refusal(const char *name)
{
    int nr = seccomp_syscall_resolve_name(name);
    return SCMP_ACT_ERRNO((uint32_t)(RUNNER_ERRNO_CALL + (nr >= 0 && nr < 900 ? nr : 0)));
}

/* Rules that look at an argument. */
static bool add_narrow(scmp_filter_ctx ctx, bool alone)
{
    const scmp_datum_t of_file = MAP_SHARED | MAP_ANONYMOUS, pair_kind = 0xf /* without SOCK_CLOEXEC and its like */;
    const scmp_datum_t spaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |
                                CLONE_NEWCGROUP;
    bool ok = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                               SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | spaces, CLONE_THREAD)) == 0 &&
              seccomp_rule_add(ctx, refusal("clone"), SCMP_SYS(clone), 1,
                               SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)) == 0 &&
              seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), 2, SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0),
                               SCMP_A1(SCMP_CMP_MASKED_EQ, pair_kind, SOCK_STREAM)) == 0;
    if (ok && alone)
        ok = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, 0xffffffffu, 0)) == 0 &&
             seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_SHARED, 0)) == 0 &&
             seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A3(SCMP_CMP_MASKED_EQ, of_file, of_file)) == 0 &&
             seccomp_rule_add(ctx, refusal("mmap"), SCMP_SYS(mmap), 1, SCMP_A3(SCMP_CMP_MASKED_EQ, of_file, MAP_SHARED)) == 0;
    else if (ok)
        ok = add(ctx, SCMP_ACT_ALLOW, "prlimit64") && add(ctx, SCMP_ACT_ALLOW, "mmap");
    for (size_t i = 0; ok && i < sizeof pairs / sizeof *pairs; i++)
        ok = seccomp_rule_add(ctx, refusal("socketpair"), SCMP_SYS(socketpair), 1,
                              SCMP_A1(SCMP_CMP_MASKED_EQ, pair_kind, pairs[i])) == 0;
    for (size_t i = 0; ok && i < sizeof ioctls / sizeof *ioctls; i++) /* the kernel looks at 32 bits of the request */
        ok = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                              SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffu, ioctls[i])) == 0;
    for (size_t i = 0; ok && i < sizeof prctls / sizeof *prctls; i++)
        ok = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, 0xffffffffu, (scmp_datum_t)prctls[i])) == 0;
    return ok;
}

static enum carat_err export_filter(scmp_filter_ctx ctx, struct buf *out, struct err *err)
{
    char piece[4096];
    ssize_t n = -1;
    int fd = memfd_create("filter", MFD_CLOEXEC);
    if (fd >= 0 && seccomp_export_bpf(ctx, fd) == 0 && lseek(fd, 0, SEEK_SET) == 0)
        while ((n = read(fd, piece, sizeof piece)) > 0)
            buf_add(out, piece, (size_t)n);
    if (fd >= 0)
        close(fd);
    if (n)
        return err_set(err, CARAT_EUNSUPPORTED, "cannot make the jail's seccomp filter: %s", strerror(errno));
    return buf_failed(out) ? err_nomem(err, "the seccomp filter") : CARAT_OK;
}

enum carat_err filter_make(bool alone, struct buf *out, struct err *err)
{
    enum carat_err rc;
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    if (!ctx)
        return err_nomem(err, "the seccomp filter");
    bool ok = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0;
    for (size_t i = 0; ok && i < sizeof allowed / sizeof *allowed; i++)
        ok = add(ctx, SCMP_ACT_ALLOW, allowed[i]);
    for (size_t i = 0; ok && i < sizeof with_spaces / sizeof *with_spaces; i++)
        ok = add(ctx, alone ? refusal(with_spaces[i]) : SCMP_ACT_ALLOW, with_spaces[i]);
    for (size_t i = 0; ok && i < sizeof refused / sizeof *refused; i++)
        ok = add(ctx, refusal(refused[i]), refused[i]);
    if (!ok || !add_narrow(ctx, alone))
        rc = err_set(err, CARAT_EUNSUPPORTED, "cannot make the jail's seccomp filter: libseccomp refused a rule");
    else
        rc = export_filter(ctx, out, err);
    seccomp_release(ctx);
    return rc;
}

void filter_call_name(int number, char *out, size_t n)
{
    char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
    snprintf(out, n, "%s", name ? name : "an unknown call");
    free(name);
}
