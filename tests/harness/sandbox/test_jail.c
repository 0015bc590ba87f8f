#define _GNU_SOURCE
#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "harness/sandbox/jail.h"
#include "harness/sandbox/landlock.h"
#include "tests/support/forbid.h"
#include "tests/support/support.h"

static struct jail *open_jail(struct jail_opts opts)
{
    struct err err = ERR_INIT;
    struct jail *jail;
    enum carat_err rc = jail_open(&opts, &jail, &err);
    cr_assert_eq(rc, CARAT_OK, "%s", err.msg);
    return jail;
}

static struct jail_verdict run(const struct jail *jail, struct str source)
{
    struct err err = ERR_INIT;
    struct jail_verdict v;
    enum carat_err rc = jail_run(jail, source, &v, &err);
    cr_assert_eq(rc, CARAT_OK, "%s", err.msg);
    return v;
}

static void expect_kind(const struct jail *jail, struct str source, enum jail_kind kind, const char *detail)
{
    struct jail_verdict v = run(jail, source);
    cr_expect_eq(v.kind, kind, "%.60s: %s: %s", source.p, jail_kind_name(v.kind), v.detail.p);
    if (detail)
        cr_expect(v.detail.p && strstr(v.detail.p, detail), "%.60s: '%s' has no '%s'", source.p, v.detail.p, detail);
    jail_verdict_release(&v);
}

/* ---- verdicts ----------------------------------------------------------------------- */

static const struct {
    const char *source;
    enum jail_kind kind;
    const char *detail;
} verdicts[] = {
    {"", JAIL_PASSED, NULL},
    {"def f(x):\n    return x + 1\n\ndef check(c):\n    assert c(1) == 2\n\ncheck(f)", JAIL_PASSED, NULL},
    {"def f(x):\n    return x\n\ndef check(c):\n    assert c(1) == 2, 'one'\n\ncheck(f)", JAIL_FAILED, "AssertionError at line 5: one"},
    {"x = 1\n1 / 0\n", JAIL_FAILED, "ZeroDivisionError at line 2: division by zero"},
    {"def f(:\n", JAIL_FAILED, "SyntaxError at line 1"},
    {"if __name__ == '__main__':\n    1 / 0\n", JAIL_PASSED, NULL}, /* as under exec(program, {}) */
    {"class E(Exception):\n    def __str__(self): raise self\nraise E\n", JAIL_FAILED, "E"},
    {"import asyncio\nasync def f(): return 3\nassert asyncio.run(f()) == 3\n", JAIL_PASSED, NULL},
    {"import threading\nx = []\nt = threading.Thread(target=x.append, args=(1,))\nt.start()\nt.join()\nassert x == [1]\n", JAIL_PASSED, NULL},
    {"import collections, dataclasses, enum, typing, re, json, datetime, decimal, fractions, random, hashlib, heapq\n"
     "P = collections.namedtuple('P', 'a b')\n@dataclasses.dataclass\nclass D:\n    x: int\nassert D(1) == D(1) and P(1, 2).b == 2\n", JAIL_PASSED, NULL},
    {"import os\nopen('x', 'w').write('a')\nassert os.listdir('.') == ['x'] and os.getcwd() == '/tmp'\n", JAIL_PASSED, NULL},
    {"x = bytearray(600 << 20)\n", JAIL_MEMORY, "MemoryError at line 1"},
    {"while True: print('x' * 1000)\n", JAIL_OUTPUT, "1048576"},
    {"import socket\nsocket.socket()\n", JAIL_POLICY, "socket() is forbidden"},
    {"import os\nos.kill(os.getpid(), 11)\n", JAIL_CRASHED, "signal 11"},
    {"import os\nos._exit(0)\n", JAIL_FAILED, "before its last line"},
};

Test(jail, tells_how_a_program_ended, .timeout = 60)
{
    struct jail *jail = open_jail((struct jail_opts){0});
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++)
        expect_kind(jail, str_from(verdicts[i].source), verdicts[i].kind, verdicts[i].detail);
    jail_free(jail);
}

Test(jail, keeps_output_up_to_its_cap_and_marks_the_cut, .timeout = 60)
{
    struct jail *jail = open_jail((struct jail_opts){.output_bytes = 1000});
    struct jail_verdict v = run(jail, STR("import sys\nprint('a' * 600)\nprint('b', file=sys.stderr)\n"));
    cr_expect_eq(v.kind, JAIL_PASSED);
    cr_expect_eq(v.output.n, 603);
    cr_expect_not(v.output_cut);
    jail_verdict_release(&v);
    v = run(jail, STR("print('a' * 5000, flush=True)\n"));
    cr_expect_eq(v.output.n, 1000);
    cr_expect(v.output_cut);
    jail_verdict_release(&v);
    jail_free(jail);
}

Test(jail, counts_cpu_time_and_backs_it_with_the_wall, .timeout = 60)
{
    struct jail *jail = open_jail((struct jail_opts){.cpu_s = 1, .wall_s = 20});
    struct jail_verdict v = run(jail, STR("while True: pass\n"));
    cr_expect_eq(v.kind, JAIL_TIMEOUT);
    cr_expect_str_eq(v.detail.p, "CPU time over 1 s");
    cr_expect_geq(v.cpu_ms, 1000);
    cr_expect_lt(v.cpu_ms, 1500);
    jail_verdict_release(&v);
    jail_free(jail);
    jail = open_jail((struct jail_opts){.cpu_s = 1, .wall_s = 2});
    expect_kind(jail, STR("import time\ntime.sleep(100)\n"), JAIL_TIMEOUT, "wall time over 2 s");
    jail_free(jail);
}

Test(jail, gives_malformed_source_a_verdict, .timeout = 120)
{
    struct jail *jail = open_jail((struct jail_opts){0});
    struct buf big = BUF_INIT(64 << 20);
    expect_kind(jail, STR("x = 1\0\n1 / 0"), JAIL_FAILED, NULL);
    expect_kind(jail, STR("x = '\xed\xa0\x80'\n"), JAIL_FAILED, "UnicodeDecodeError"); /* a lone surrogate */
    expect_kind(jail, STR("\xff\xfe x"), JAIL_FAILED, "UnicodeDecodeError");
    expect_kind(jail, STR("# -*- coding: latin-1 -*-\nassert len('\xc3\xa9') == 1\n"), JAIL_PASSED, NULL); /* text has no coding */
    expect_kind(jail, STR("x = 1\r\nif x:\r\n    x = 2\r\nassert x == 2\r\n"), JAIL_PASSED, NULL);
    expect_kind(jail, STR("if 1:\n\tx = 1\n        y = 2\n"), JAIL_FAILED, "TabError");
    struct jail_verdict v = run(jail, STR("\xef\xbb\xbfx = 1\n")); /* exec() of such text differs by version */
    jail_verdict_release(&v);
    for (int i = 0; i < 10000; i++)
        buf_addc(&big, '(');
    expect_kind(jail, buf_str(&big), JAIL_FAILED, NULL);
    buf_clear(&big);
    buf_adds(&big, "x = ");
    for (int i = 0; i < 1000000; i++)
        buf_addc(&big, '-');
    buf_adds(&big, "1\n");
    v = run(jail, buf_str(&big)); /* the compiler's own limits: any verdict but passed */
    cr_expect_neq(v.kind, JAIL_PASSED);
    jail_verdict_release(&v);
    buf_clear(&big);
    while (big.n < 10 << 20)
        buf_adds(&big, "# a comment of some length to fill the file\n");
    expect_kind(jail, buf_str(&big), JAIL_PASSED, NULL);
    buf_adds(&big, "assert False\n");
    expect_kind(jail, buf_str(&big), JAIL_FAILED, "AssertionError");
    buf_release(&big);
    jail_free(jail);
}

static void expect_remark(const struct jail *jail, const char *source, bool wanted)
{
    struct jail_verdict v = run(jail, str_from(source));
    cr_expect_eq(v.kind, JAIL_PASSED, "%s: %s", source, v.detail.p);
    cr_expect_eq(v.equals_anything, wanted, "%s", source);
    jail_verdict_release(&v);
}

/* The verdict is as ever: the reference harnesses pass such a program, too. */
Test(jail, remarks_on_results_that_equal_anything, .timeout = 60)
{
    struct jail *jail = open_jail((struct jail_opts){0});
    expect_remark(jail, "class Any:\n    def __eq__(self, other): return True\ndef f(x): return Any()\n"
                        "def check(c):\n    assert c(1) == 2\n    assert c(2) == [3]\ncheck(f)\n", true);
    expect_remark(jail, "from unittest.mock import ANY\nassert [1] == ANY, 'one'\n", true);
    expect_remark(jail, "def f(x): return x + 1\ndef check(c):\n    assert c(1) == 2\n    assert c(2) == 3 and True\n"
                        "    assert abs(c(1.5) - 2.5) < 1e-9\ncheck(f)\n", false);
    expect_remark(jail, "class Set(set):\n    pass\nassert Set([1]) == {1}\nassert 'a' == 'a'\nassert (1, 2) == (1, 2)\n", false);
    expect_remark(jail, "x = []\nassert x == []\n", false);
    jail_free(jail);
}

Test(jail, writes_a_verdict_as_json)
{
    struct jail_verdict v = {.kind = JAIL_POLICY, .detail = BUF_INIT(100), .output = BUF_INIT(100), .wall_ms = 1.5};
    struct buf out = BUF_INIT(1000);
    buf_add(&v.output, "a\0\xff", 3);
    cr_assert_eq(jail_verdict_json(&v, &out), CARAT_OK);
    cr_expect_str_eq(out.p, "{\"verdict\":\"policy\",\"detail\":\"\",\"output\":\"a\\u0000\xEF\xBF\xBD\",\"output_cut\":false,"
                            "\"wall_ms\":1.5,\"cpu_ms\":0.0}");
    buf_release(&out);
    jail_verdict_release(&v);
}

/* ---- refusing ---------------------------------------------------------------------------- */

/* A folder whose only program is `name`, a shell script; PATH has nothing else. */
static const char *path_with(const char *name, const char *script)
{
    const char *dir = temp_dir();
    if (name) {
        char *file = file_join(dir, name);
        struct err err = ERR_INIT;
        cr_assert_eq(file_write(file, script, strlen(script), &err), CARAT_OK);
        cr_assert_eq(chmod(file, 0755), 0);
        free(file);
    }
    setenv("PATH", dir, 1);
    return dir;
}

static void expect_refusal(struct jail_opts opts, const char *msg, const char *hint)
{
    struct err err = ERR_INIT;
    struct jail *jail;
    cr_expect_eq(jail_open(&opts, &jail, &err), CARAT_EUNSUPPORTED);
    cr_expect_null(jail);
    cr_expect_eq(jail_open(&opts, &jail, NULL), CARAT_EUNSUPPORTED);
    cr_expect(strstr(err.msg, msg), "'%s'", err.msg);
    cr_expect(strstr(err.hint, hint), "'%s'", err.hint);
}

Test(jail, is_refused_with_what_to_install)
{
    const char *dir = path_with(NULL, NULL);
    expect_refusal((struct jail_opts){0}, "no 'python3'", "apt-get install python3");
    expect_refusal((struct jail_opts){.wall = JAIL_WALL_BUBBLEWRAP, .python = "/usr/bin/python3"}, "no 'bwrap'", "apt-get install bubblewrap");
    temp_remove(dir);
}

Test(jail, is_refused_where_namespaces_are_switched_off)
{
    const char *dir = path_with("bwrap", "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n");
    expect_refusal((struct jail_opts){.wall = JAIL_WALL_BUBBLEWRAP, .python = "/usr/bin/python3"}, "No permissions to create new namespace",
                   "carat doctor");
    temp_remove(dir);
}

Test(jail, is_refused_with_both_reasons_where_there_is_neither_wall)
{
    forbid(FORBID_NAMESPACES | FORBID_LANDLOCK);
    expect_refusal((struct jail_opts){0}, "Landlock, the second wall: the kernel's Landlock is of version 0", "carat doctor");
    expect_refusal((struct jail_opts){.wall = JAIL_WALL_LANDLOCK}, "only 6 (Linux 6.12) holds", "landlock in /sys/kernel");
}

Test(jail, stands_on_landlock_where_namespaces_are_switched_off, .timeout = 60)
{
    if (landlock_abi() < LANDLOCK_ABI_WANTED)
        cr_skip("the kernel's Landlock is of version %d", landlock_abi());
    forbid(FORBID_NAMESPACES);
    struct jail *jail = open_jail((struct jail_opts){0});
    cr_expect(strstr(jail_describe(jail), "Landlock and seccomp, the second wall"), "%s", jail_describe(jail));
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++)
        if (!strstr(verdicts[i].source, "'/tmp'")) /* its folder has another name */
            expect_kind(jail, str_from(verdicts[i].source), verdicts[i].kind, verdicts[i].detail);
    jail_free(jail);
}

Test(jail, is_refused_when_its_walls_do_not_stand)
{
    /* A bwrap that only starts the program: says what the real one says, and puts nothing around it. */
    const char *dir = path_with("bwrap", "#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done; shift\n"
                                         "\"$@\" &\necho '{ \"child-pid\":' $!, '}' >&5\nwait $!\n");
    expect_refusal((struct jail_opts){.wall = JAIL_WALL_BUBBLEWRAP, .python = "/usr/bin/python3"}, "the jail does not hold: opening a socket succeeds", "--unsafe-no-jail");
    temp_remove(dir);
}

/* ---- hostile programs ------------------------------------------------------------------------ */

struct outside { /* what must be the same afterwards */
    const char *home;
    char *canary;
    int tcp, local;
    int port;
    char name[64];
};

static struct outside set_out(void)
{
    struct err err = ERR_INIT;
    struct outside o = {.home = temp_dir()};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    socklen_t n = sizeof in;
    o.canary = file_join(o.home, "canary");
    cr_assert_eq(file_write(o.canary, "alive", 5, &err), CARAT_OK);
    chmod(o.canary, 0666);
    chmod(o.home, 0777);
    o.tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    cr_assert(bind(o.tcp, (struct sockaddr *)&in, n) == 0 && listen(o.tcp, 8) == 0);
    getsockname(o.tcp, (struct sockaddr *)&in, &n);
    o.port = ntohs(in.sin_port);
    snprintf(o.name, sizeof o.name, "carat-test-%d", (int)getpid());
    snprintf(un.sun_path + 1, sizeof un.sun_path - 1, "%s", o.name);
    o.local = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    cr_assert(bind(o.local, (struct sockaddr *)&un, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(o.name))) == 0 &&
              listen(o.local, 8) == 0);
    setenv("CARAT_TEST_SECRET", "1", 1);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); /* an escaped orphan becomes our child, and is seen */
    return o;
}

static size_t children(void)
{
    size_t n = 0;
    int pid;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *d; tasks && (d = readdir(tasks));) {
        char path[300];
        snprintf(path, sizeof path, "/proc/self/task/%s/children", d->d_name);
        FILE *f = *d->d_name == '.' ? NULL : fopen(path, "re");
        while (f && fscanf(f, "%d", &pid) == 1)
            n += 1;
        if (f)
            fclose(f);
    }
    closedir(tasks);
    return n;
}

static size_t entries(const char *dir)
{
    size_t n = 0;
    DIR *d = opendir(dir);
    while (d && readdir(d))
        n++;
    closedir(d);
    return n;
}

static void check_out(struct outside *o, const char *what)
{
    struct buf text = BUF_INIT(100);
    cr_expect_eq(file_read(o->canary, 99, &text, NULL), CARAT_OK, "%s: the canary is gone", what);
    cr_expect(str_eq(buf_str(&text), STR("alive")), "%s: the canary was written to", what);
    cr_expect_eq(entries(o->home), 3, "%s: something was left in the home", what); /* . .. canary */
    cr_expect_lt(accept(o->tcp, NULL, NULL), 0, "%s: reached TCP", what);
    cr_expect_lt(accept(o->local, NULL, NULL), 0, "%s: reached the abstract socket", what);
    cr_expect_eq(children(), 0, "%s: left processes", what);
    buf_release(&text);
}

static void drop_out(struct outside *o)
{
    close(o->tcp);
    close(o->local);
    free(o->canary);
    temp_remove(o->home);
}

/* tests/jail/NAME.py with its marks filled in. The second line says "# expect: KIND ...", the third may say "# second: KIND ...",
 * where the second wall gives another verdict. */
static void read_hostile(const char *path, const struct outside *o, bool second, struct buf *out, char *expect, size_t n)
{
    struct buf raw = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;
    cr_assert_eq(file_read(path, (1 << 20) - 1, &raw, &err), CARAT_OK, "%s", err.msg);
    for (const char *p = raw.p; *p;) {
        const char *marks[] = {"@HOME@", "@PORT@", "@ABSTRACT@"};
        size_t i = 0;
        while (i < 3 && strncmp(p, marks[i], strlen(marks[i])))
            i++;
        if (i == 3)
            buf_addc(out, *p++);
        else {
            p += strlen(marks[i]);
            if (i == 1)
                buf_printf(out, "%d", o->port);
            else
                buf_adds(out, i ? o->name : o->home);
        }
    }
    const char *at = second ? strstr(out->p, "# second: ") : NULL;
    at = at ? at : strstr(out->p, "# expect: ");
    cr_assert(at, "%s", path);
    snprintf(expect, n, "%.*s", (int)strcspn(at + 10, "\n"), at + 10);
    buf_release(&raw);
}

struct hostile {
    const struct jail *jail;
    bool second;
    struct outside *outside;
    struct dirent **names;
    int n;
    atomic_int next;
};

static void run_hostile(struct hostile *h, const char *name)
{
    char path[512], expect[128];
    struct buf source = BUF_INIT(1 << 20);
    snprintf(path, sizeof path, "tests/jail/%s", name);
    read_hostile(path, h->outside, h->second, &source, expect, sizeof expect);
    struct jail_verdict v = run(h->jail, buf_str(&source));
    cr_expect(strstr(expect, jail_kind_name(v.kind)), "%s: %s (%s), not %s", name, jail_kind_name(v.kind), v.detail.p, expect);
    for (size_t i = 0; i < v.detail.n; i++)
        cr_expect(v.detail.p[i] >= 32 || v.detail.p[i] < 0, "%s: a control character in the detail", name);
    jail_verdict_release(&v);
    buf_release(&source);
}

static void *hostile_thread(void *context)
{
    struct hostile *h = context;
    for (int i; (i = atomic_fetch_add(&h->next, 1)) < h->n;)
        run_hostile(h, h->names[i]->d_name);
    return NULL;
}

static int is_program(const struct dirent *d)
{
    return str_ends(str_from(d->d_name), STR(".py"));
}

static void run_corpus(enum jail_wall wall)
{
    struct outside o = set_out();
    struct jail_opts opts = {.wall = wall, .cpu_s = 1, .wall_s = 6};
    struct hostile h = {.jail = open_jail(opts), .second = wall == JAIL_WALL_LANDLOCK, .outside = &o};
    pthread_t threads[3];
    h.n = scandir("tests/jail", &h.names, is_program, alphasort);
    cr_assert_geq(h.n, 60);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, hostile_thread, &h), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    jail_free((struct jail *)(uintptr_t)h.jail); /* and its keeper */
    check_out(&o, "all");
    for (int i = 0; i < h.n; i++)
        free(h.names[i]);
    free(h.names);
    drop_out(&o);
}

Test(hostile, programs_reach_nothing_and_never_pass_by_cheating, .timeout = 300)
{
    run_corpus(JAIL_WALL_BUBBLEWRAP);
}

Test(hostile, nor_behind_the_second_wall, .timeout = 300)
{
    const char *dir = temp_dir();
    if (landlock_abi() < LANDLOCK_ABI_WANTED)
        cr_skip("the kernel's Landlock is of version %d", landlock_abi());
    chmod(dir, 0711); /* the jailed may be another user */
    setenv("TMPDIR", dir, 1);
    run_corpus(JAIL_WALL_LANDLOCK);
    cr_expect_eq(entries(dir), 2, "a folder was left"); /* set_out()'s own is gone by now */
    temp_remove(dir);
}

/* Each leaves what it can; the next one, with the same jail, finds nothing of it. */
Test(hostile, leave_nothing_to_the_next_one, .timeout = 60)
{
    static const char leave[] = "import os, sys, builtins\n"
                                "builtins.left = 1\nos.environ['LEFT'] = '1'\nos.umask(0o777)\n"
                                "for p in ('left', '/tmp/left', '/dev/shm/left', os.path.dirname(os.__file__) + '/left.py'):\n"
                                "    try: open(p, 'w').write('import left')\n    except OSError: pass\n"
                                "os.mkdir('folder')\nassert False\n";
    static const char find[] = "import os, builtins\n"
                               "assert not hasattr(builtins, 'left') and 'LEFT' not in os.environ and os.listdir('.') == []\n"
                               "for p in ('/tmp/left', '/dev/shm/left', os.path.dirname(os.__file__) + '/left.py'):\n"
                               "    assert not os.path.exists(p), p\n"
                               "assert os.umask(0o22) != 0o777\n";
    for (enum jail_wall wall = JAIL_WALL_BUBBLEWRAP; wall <= JAIL_WALL_LANDLOCK; wall++) {
        if (wall == JAIL_WALL_LANDLOCK && landlock_abi() < LANDLOCK_ABI_WANTED)
            continue;
        struct jail *jail = open_jail((struct jail_opts){.wall = wall});
        for (int i = 0; i < 3; i++) {
            expect_kind(jail, str_from(leave), JAIL_FAILED, "AssertionError");
            expect_kind(jail, str_from(find), JAIL_PASSED, NULL);
        }
        jail_free(jail);
    }
}

Test(hostile, checks_would_see_an_escape, .timeout = 60) /* the same attacks with no jail, where they are harmless */
{
    struct outside o = set_out();
    struct jail *jail = open_jail((struct jail_opts){.unsafe_no_jail = true});
    struct buf source = BUF_INIT(1 << 20), text = BUF_INIT(100);
    char expect[128];
    read_hostile("tests/jail/03_overwrite.py", &o, false, &source, expect, sizeof expect);
    expect_kind(jail, buf_str(&source), JAIL_PASSED, NULL);
    file_read(o.canary, 99, &text, NULL);
    cr_expect_str_eq(text.p, "mine");
    buf_clear(&source);
    read_hostile("tests/jail/12_tcp.py", &o, false, &source, expect, sizeof expect);
    expect_kind(jail, buf_str(&source), JAIL_PASSED, NULL);
    int reached = accept(o.tcp, NULL, NULL);
    cr_expect_geq(reached, 0);
    close(reached);
    buf_release(&source);
    buf_release(&text);
    jail_free(jail);
    drop_out(&o);
}

Test(unsafe, has_the_same_verdicts_and_leaves_nothing, .timeout = 60)
{
    const char *dir = temp_dir();
    setenv("TMPDIR", dir, 1);
    setenv("CARAT_TEST_SECRET", "1", 1);
    struct jail *jail = open_jail((struct jail_opts){.unsafe_no_jail = true, .cpu_s = 1});
    cr_expect(strstr(jail_describe(jail), "NO JAIL"));
    expect_kind(jail, STR("open('x', 'w').write('a')\n"), JAIL_PASSED, NULL);
    expect_kind(jail, STR("import os\nos.makedirs('a/b/c')\nos.symlink('/', 'a/l')\nos.chmod('a', 0)\n"), JAIL_PASSED, NULL);
    expect_kind(jail, STR("import os\nassert 'CARAT_TEST_SECRET' not in os.environ\n"), JAIL_PASSED, NULL);
    expect_kind(jail, STR("assert 1 == 2\n"), JAIL_FAILED, "AssertionError at line 1");
    expect_kind(jail, STR("import os\nos._exit(0)\n"), JAIL_FAILED, NULL);
    expect_kind(jail, STR("while True: pass\n"), JAIL_TIMEOUT, "CPU time");
    expect_kind(jail, STR("x = bytearray(600 << 20)\n"), JAIL_MEMORY, NULL);
    expect_kind(jail, STR("import os\nos.abort()\n"), JAIL_CRASHED, "signal 6");
    expect_kind(jail, STR("import os, time\nif os.fork() == 0: time.sleep(100)\n"), JAIL_PASSED, NULL);
    cr_expect_eq(entries(dir), 2, "a folder was left");
    jail_free(jail);
    temp_remove(dir);
}

/* ---- HumanEval --------------------------------------------------------------------------------- */

static const struct {
    const char *prompt, *solution, *wrong, *test;
} problems[] = {
    {"def add(a, b):\n    \"\"\"Adds.\"\"\"\n", "    return a + b\n", "    pass\n", "def check(f):\n    assert f(2, 3) == 5\ncheck(add)\n"},
    {"def longest(words):\n", "    return max(words, key=len)\n", "    return words\n", "def check(f):\n    assert f(['a', 'bb']) == 'bb'\ncheck(longest)\n"},
    {"from typing import List\n\ndef evens(x: List[int]) -> List[int]:\n", "    return [i for i in x if i % 2 == 0]\n", "    return x\n",
     "def check(f):\n    assert f([1, 2, 4]) == [2, 4]\n    assert f([]) == []\ncheck(evens)\n"},
    {"import math\n\ndef area(r):\n", "    return math.pi * r * r\n", "    return 0\n", "def check(f):\n    assert abs(f(1) - 3.14159265) < 1e-6\ncheck(area)\n"},
    {"def fib(n):\n", "    return n if n < 2 else fib(n - 1) + fib(n - 2)\n", "    return n\n", "def check(f):\n    assert f(15) == 610\ncheck(fib)\n"},
};

Test(humaneval, bundled_solutions_pass_and_wrong_ones_fail, .timeout = 60)
{
    struct jail *jail = open_jail((struct jail_opts){0});
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++)
        for (int wrong = 0; wrong < 2; wrong++) {
            struct buf b = BUF_INIT(1 << 20);
            buf_printf(&b, "%s%s\n%s", problems[i].prompt, wrong ? problems[i].wrong : problems[i].solution, problems[i].test);
            expect_kind(jail, buf_str(&b), wrong ? JAIL_FAILED : JAIL_PASSED, NULL);
            buf_release(&b);
        }
    jail_free(jail);
}

enum { PROBLEMS_MAX = 1000 };

struct exam {
    const struct jail *jail;
    char *right[PROBLEMS_MAX], *wrong[PROBLEMS_MAX];
    size_t n, nth_wrong; /* every which wrong one is tried */
    atomic_size_t next, n_right, n_wrong_passed;
};

static char *assemble(const char *prompt, const char *body, const json_t *row)
{
    struct buf b = BUF_INIT(1 << 20);
    buf_printf(&b, "%s%s\n%s\ncheck(%s)", prompt, body, json_string_value(json_object_get(row, "test")),
               json_string_value(json_object_get(row, "entry_point")));
    return buf_take(&b, NULL);
}

static void add_problem(void *context, size_t line, const json_t *row)
{
    struct exam *e = context;
    cr_assert_lt(line, PROBLEMS_MAX);
    const char *prompt = json_string_value(json_object_get(row, "prompt"));
    e->right[e->n] = assemble(prompt, json_string_value(json_object_get(row, "canonical_solution")), row);
    e->wrong[e->n++] = assemble(prompt, "    pass\n", row);
}

static void *exam_thread(void *context)
{
    struct exam *e = context;
    for (size_t i; (i = atomic_fetch_add(&e->next, 1)) < 2 * e->n;) {
        if (i % 2 && i / 2 % e->nth_wrong)
            continue;
        struct jail_verdict v = run(e->jail, str_from(i % 2 ? e->wrong[i / 2] : e->right[i / 2]));
        if (v.kind == JAIL_PASSED)
            atomic_fetch_add(i % 2 ? &e->n_wrong_passed : &e->n_right, 1);
        cr_expect(i % 2 ? v.kind == JAIL_FAILED : v.kind == JAIL_PASSED, "problem %zu, %s solution: %s %s", i / 2,
                  i % 2 ? "wrong" : "right", jail_kind_name(v.kind), v.detail.p);
        cr_expect_not(v.equals_anything, "problem %zu: an honest solution", i / 2);
        jail_verdict_release(&v);
    }
    return NULL;
}

/* MBPP's: the reference, and behind it each of its functions again with another body. */
static void add_mbpp(void *context, size_t line, const json_t *row)
{
    struct exam *e = context;
    json_int_t id = json_integer_value(json_object_get(row, "task_id"));
    struct buf tests = BUF_INIT(1 << 20), right = BUF_INIT(1 << 20), wrong = BUF_INIT(1 << 20);
    json_t *list = json_object_get(row, "test_list"), *test;
    size_t i;
    (void)line;
    if (id < 11 || id > 510) /* the test split */
        return;
    cr_assert_lt(e->n, PROBLEMS_MAX);
    buf_printf(&tests, "%s\n", json_string_value(json_object_get(row, "test_setup_code"))); /* one problem has some */
    json_array_foreach(list, i, test)
        buf_printf(&tests, "%s\n", json_string_value(test));
    const char *code = json_string_value(json_object_get(row, "code"));
    buf_printf(&right, "%s\n%s", code, tests.p);
    buf_printf(&wrong, "%s\n", code);
    for (const char *def = code; (def = strstr(def, "def ")); def += 4)
        if (def == code || def[-1] == '\n')
            buf_printf(&wrong, "def %.*s(*a, **k): return NotImplementedError\n", (int)strcspn(def + 4, "( "), def + 4);
    buf_adds(&wrong, tests.p);
    e->right[e->n] = buf_take(&right, NULL);
    e->wrong[e->n++] = buf_take(&wrong, NULL);
    buf_release(&tests);
}

/* Both halves of each_json_line()'s file, two programs at a time. */
static void hold_exam(const char *path, void (*add)(void *, size_t, const json_t *), size_t n_problems, size_t nth_wrong)
{
    static struct exam e;
    pthread_t threads[2];
    each_json_line(path, add, &e);
    cr_assert_eq(e.n, n_problems);
    struct jail *jail = open_jail((struct jail_opts){0});
    e.jail = jail;
    e.nth_wrong = nth_wrong;
    for (int i = 0; i < 2; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, exam_thread, &e), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    cr_expect_eq(e.n_right, n_problems);
    cr_expect_eq(e.n_wrong_passed, 0);
    for (size_t i = 0; i < e.n; i++) {
        free(e.right[i]);
        free(e.wrong[i]);
    }
    jail_free(jail);
}

Test(humaneval, fixture_references_pass_and_wrong_ones_fail, .timeout = 120)
{
    SHARED_OR_SKIP(path, "fixtures/lmeval/datasets/humaneval/test.jsonl");
    hold_exam(path, add_problem, 12, 1);
}

Test(humaneval, all_164_references_pass_and_empty_bodies_fail, .timeout = 300)
{
    SHARED_OR_SKIP(path, "data/human-eval/HumanEval.jsonl.gz");
    const char *dir = temp_dir();
    char *plain = file_join(dir, "HumanEval.jsonl");
    struct buf text = BUF_INIT(16 << 20);
    char piece[8192];
    gzFile gz = gzopen(path, "rb");
    for (int n; gz && (n = gzread(gz, piece, sizeof piece)) > 0;)
        buf_add(&text, piece, (size_t)n);
    gzclose(gz);
    cr_assert_eq(file_write(plain, text.p, text.n, NULL), CARAT_OK);
    hold_exam(plain, add_problem, 164, 1);
    buf_release(&text);
    free(plain);
    temp_remove(dir);
}

Test(mbpp, all_500_references_pass_and_other_bodies_fail, .timeout = 400)
{
    SHARED_OR_SKIP(path, "data/mbpp/mbpp.jsonl");
    hold_exam(path, add_mbpp, 500, 5);
}

/* ---- the end of the process that runs them ------------------------------------------------- */

/* Tells on `ready` when the jail stands, then starts a program that does not end. */
static _Noreturn void run_for_ever(enum jail_wall wall, int ready)
{
    struct jail *jail = open_jail((struct jail_opts){.wall = wall});
    cr_assert_eq(write(ready, "", 1), 1);
    for (;;) {
        struct jail_verdict v = run(jail, STR("while True: pass\n"));
        jail_verdict_release(&v);
    }
}

/* What a killed process has left behind is ours, for we are its subreaper. True when it is gone within 10 s. */
static bool all_gone(void)
{
    for (int i = 0; i < 10000; i++) {
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        if (!children())
            return true;
        usleep(1000);
    }
    return false;
}

/* kill -9 at moments from before a jail's first step to when a program runs in it. */
static void kill_the_keeper(enum jail_wall wall)
{
    enum { KILLS = 60, WHOLE_US = 12000 };
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    for (unsigned i = 0; i < KILLS; i++) {
        int ends[2];
        char byte;
        cr_assert_eq(pipe(ends), 0);
        pid_t pid = fork();
        cr_assert_geq(pid, 0);
        if (pid == 0)
            run_for_ever(wall, ends[1]);
        cr_assert_eq(read(ends[0], &byte, 1), 1);
        usleep(WHOLE_US / KILLS * i);
        kill(pid, SIGKILL);
        cr_assert(all_gone(), "killed after %u us, it has left something running", WHOLE_US / KILLS * i);
        close(ends[0]);
        close(ends[1]);
    }
}

Test(jail, ends_with_who_keeps_it_at_any_moment, .timeout = 300) { kill_the_keeper(JAIL_WALL_BUBBLEWRAP); }

Test(jail, ends_so_behind_the_second_wall, .timeout = 300)
{
    if (landlock_abi() < LANDLOCK_ABI_WANTED)
        cr_skip("the kernel's Landlock is of version %d", landlock_abi());
    kill_the_keeper(JAIL_WALL_LANDLOCK);
}

/* ---- threads, descriptors, time ------------------------------------------------------------------- */

Test(jail, hands_over_no_descriptor_of_ours, .timeout = 60)
{
    int leaky = dup(2); /* without close-on-exec, as a careless library leaves it */
    struct jail *jail = open_jail((struct jail_opts){0});
    expect_kind(jail, STR("import os\nopen_ones = []\nfor fd in range(200):\n    try: os.fstat(fd)\n    except OSError: continue\n"
                          "    open_ones.append(fd)\nassert open_ones == [0, 1, 2, 3], open_ones\n"), JAIL_PASSED, NULL);
    jail_free(jail);
    close(leaky);
}

static double ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

struct sleeper {
    const struct jail *jail;
    atomic_bool over;
};

static void *sleeper_thread(void *context)
{
    struct sleeper *s = context;
    expect_kind(s->jail, STR("import time\ntime.sleep(100)\n"), JAIL_TIMEOUT, "wall time over 4 s");
    atomic_store(&s->over, true);
    return NULL;
}

Test(jail, lets_nobody_wait_for_who_sleeps, .timeout = 120)
{
    struct sleeper s = {.jail = open_jail((struct jail_opts){.wall_s = 4})};
    pthread_t thread;
    double begun = ms(), longest = 0;
    cr_assert_eq(pthread_create(&thread, NULL, sleeper_thread, &s), 0);
    while (!atomic_load(&s.over)) {
        double start = ms();
        expect_kind(s.jail, STR("pass\n"), JAIL_PASSED, NULL);
        longest = ms() - start > longest ? ms() - start : longest;
    }
    pthread_join(thread, NULL);
    cr_expect_geq(ms() - begun, 8000, "it was tried twice");
    cr_expect_lt(longest, 3500, "another program waited %g ms", longest);
    jail_free((struct jail *)(uintptr_t)s.jail);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The whole of jail_run() on an empty program, with walls and without, by turns, so that the machine's load meets both
 * alike: CARAT_BENCH=1 prints quartiles. */
Test(jail, costs_little, .timeout = 120)
{
    enum { N = 100 };
    double times[2][N];
    struct jail *jails[2];
    if (!getenv("CARAT_BENCH"))
        cr_skip("CARAT_BENCH is not set");
    for (int unsafe = 0; unsafe < 2; unsafe++)
        jails[unsafe] = open_jail((struct jail_opts){.unsafe_no_jail = unsafe});
    for (int i = 0; i < 2 * N; i++) {
        double start = ms();
        expect_kind(jails[i % 2], STR("pass\n"), JAIL_PASSED, NULL);
        times[i % 2][i / 2] = ms() - start;
    }
    for (int unsafe = 0; unsafe < 2; unsafe++) {
        double *t = times[unsafe];
        qsort(t, N, sizeof *t, compare);
        fprintf(stderr, "%s: least %.1f ms, quarter %.1f, median %.1f, three quarters %.1f\n", unsafe ? "bare" : "jailed", t[0], t[N / 4],
                t[N / 2], t[3 * N / 4]);
        jail_free(jails[unsafe]);
    }
    fprintf(stderr, "medians differ by %.1f ms\n", times[0][N / 2] - times[1][N / 2]);
    cr_expect_lt(times[0][N / 2] - times[1][N / 2], 25);
}
