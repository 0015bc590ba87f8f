/* The filter itself, loaded into a child of ours: what it answers to calls that Python has no name for. */
#define _GNU_SOURCE
#include <criterion/criterion.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <sys/ioctl.h>

#include "harness/sandbox/filter.h"
#include "harness/sandbox/runner.h"

struct attempt {
    const char *what;
    long number, a, b, c;
    bool named;      /* refused by an errno that names the call; else: not there (ENOSYS) */
};

static const struct attempt attempts[] = {
    {"ptrace", SYS_ptrace, 16, 1, 0, true},
    {"process_vm_readv", SYS_process_vm_readv, 1, 0, 0, true},
    {"process_vm_writev", SYS_process_vm_writev, 1, 0, 0, true},
    {"mount", SYS_mount, 0, 0, 0, true},
    {"umount2", SYS_umount2, 0, 0, 0, true},
    {"pivot_root", SYS_pivot_root, 0, 0, 0, true},
    {"unshare a user namespace", SYS_unshare, CLONE_NEWUSER, 0, 0, true},
    {"setns", SYS_setns, 0, 0, 0, true},
    {"bpf", SYS_bpf, 0, 0, 0, true},
    {"perf_event_open", SYS_perf_event_open, 0, 0, 0, true},
    {"keyctl", SYS_keyctl, 0, 0, 0, true},
    {"add_key", SYS_add_key, 0, 0, 0, true},
    {"userfaultfd", SYS_userfaultfd, 0, 0, 0, true},
    {"io_uring_setup", SYS_io_uring_setup, 1, 0, 0, true},
    {"kexec_load", SYS_kexec_load, 0, 0, 0, true},
    {"init_module", SYS_init_module, 0, 0, 0, true},
    {"setuid", SYS_setuid, 0, 0, 0, true},
    {"a netlink socket", SYS_socket, AF_NETLINK, SOCK_RAW, 0, true},
    {"a packet socket", SYS_socket, AF_PACKET, SOCK_RAW, 0, true},
    {"memfd_create", SYS_memfd_create, 0, 0, 0, true},
    {"pidfd_open", SYS_pidfd_open, 1, 0, 0, true},
    {"a process", SYS_clone, SIGCHLD, 0, 0, true},
    {"a process in a user namespace", SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, true},
    {"a thread in a namespace", SYS_clone, CLONE_THREAD | CLONE_NEWNET, 0, 0, false},
    {"clone3", SYS_clone3, 0, 0, 0, false},
    {"typing into a terminal", SYS_ioctl, 0, TIOCSTI, 0, false},
    {"TIOCSTI behind 32 bits", SYS_ioctl, 0, (long)(((unsigned long)1 << 32) | TIOCSTI), 0, false},
    {"becoming undumpable", SYS_prctl, PR_SET_DUMPABLE, 0, 0, false},
    {"a vsock socket", SYS_socket, AF_VSOCK, SOCK_STREAM, 0, true},
    {"a datagram pair", SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, true},
    {"a datagram pair that closes on exec", SYS_socketpair, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, true},
    {"kexec_file_load", SYS_kexec_file_load, 0, 0, 0, true},
    {"open_by_handle_at", SYS_open_by_handle_at, 0, 0, 0, true},
    {"sched_setaffinity", SYS_sched_setaffinity, 0, 0, 0, true},
    {"a mount by its new calls", SYS_fsopen, 0, 0, 0, true},
    {"ioprio_set", SYS_ioprio_set, 1, 0, 0, false},
    {"sched_setattr", SYS_sched_setattr, 0, 0, 0, false},
    {"move_pages", SYS_move_pages, 1, 0, 0, false},
    {"a call that does not exist yet", 890, 0, 0, 0, false},
    /* the second wall's alone, from here on */
    {"chmod", SYS_chmod, 0, 0, 0, true},
    {"fchmodat", SYS_fchmodat, 0, 0, 0, true},
    {"fchmodat2", 452, 0, 0, 0, false},
    {"utimensat", SYS_utimensat, 0, 0, 0, true},
    {"chown", SYS_chown, 0, 0, 0, true},
    {"fallocate", SYS_fallocate, 0, 0, 0, true},
    {"sendmsg", SYS_sendmsg, 0, 0, 0, true},
    {"a shared mapping of a file", SYS_mmap, 0, 4096, 0, true},
    {"another's limits", SYS_prlimit64, 1, 0, 0, false},
};
enum { N_ATTEMPTS = sizeof attempts / sizeof *attempts, N_ALONE = 9 };

/* In the child: the answers' errno, as bytes of two, to `out`. Nothing but system calls from the filter on. */
static void try_all(const struct buf *filter, int out)
{
    struct sock_fprog program = {.len = (unsigned short)(filter->n / sizeof(struct sock_filter)),
                                 .filter = (struct sock_filter *)(void *)filter->p};
    unsigned short answers[N_ATTEMPTS];
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        _exit(2);
    for (size_t i = 0; i < N_ATTEMPTS; i++) {
        const struct attempt *a = &attempts[i];
        errno = 0;
        answers[i] = syscall(a->number, a->a, a->b, a->c, MAP_SHARED, 0) == -1 ? (unsigned short)errno : 0;
    }
    _exit(write(out, answers, sizeof answers) == (ssize_t)sizeof answers ? 0 : 3);
}

static void expect_answers(bool alone)
{
    size_t n = N_ATTEMPTS - (alone ? 0 : N_ALONE);
    struct buf filter = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;
    unsigned short answers[N_ATTEMPTS];
    int ends[2], status;
    cr_assert_eq(filter_make(alone, &filter, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0)
        try_all(&filter, ends[1]);
    close(ends[1]);
    cr_assert_eq(read(ends[0], answers, sizeof answers), (ssize_t)sizeof answers, "the child died");
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert_eq(status, 0);
    for (size_t i = 0; i < n; i++) {
        long wanted = attempts[i].named ? RUNNER_ERRNO_CALL + attempts[i].number : ENOSYS;
        cr_expect_eq(answers[i], wanted, "%s: errno %d, not %ld", attempts[i].what, answers[i], wanted);
    }
    close(ends[0]);
    buf_release(&filter);
}

Test(filter, refuses_what_only_an_attack_asks_for, .timeout = 30)
{
    expect_answers(false);
}

Test(filter, refuses_more_where_it_stands_alone, .timeout = 30)
{
    expect_answers(true);
}

Test(filter, names_calls)
{
    char name[32];
    filter_call_name((int)SYS_ptrace, name, sizeof name);
    cr_expect_str_eq(name, "ptrace");
    filter_call_name(890, name, sizeof name);
    cr_expect_str_eq(name, "an unknown call");
}
