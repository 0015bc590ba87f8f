/* What can reach the network, told by the objects that carat is linked from: fetching and the servers' backend, by libcurl;
 * nothing else, and nothing by itself. (tests/e2e/test_suites.c runs a suite without a network.) */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/process.h"
#include "tests/support/support.h"

static bool is_one_of(struct str s, const char *const *names)
{
    for (; *names; names++)
        if (str_eq(s, str_from(*names)))
            return true;
    return false;
}

/* Is the object one of these sources, below the folder of objects? */
static bool is_of(struct str object, const char *const *sources)
{
    for (; *sources; sources++)
        if (str_ends(object, str_from(*sources)))
            return true;
    return false;
}

struct found {
    size_t n_objects, n_curl, n_loaders, n_raw; /* objects seen; uses of what is allowed somewhere */
};

/* `line` is nm's: "build/obj/datasets/fetch.o:                 U curl_global_init". */
static void check_line(struct str line, struct found *f)
{
    /* The jail's own processes talk over a socketpair(), which reaches nobody else. */
    static const char *const sockets[] = {"socket", "connect", "bind", "listen", "accept", "accept4", "getaddrinfo", "gethostbyname",
                                          "gethostbyname_r", "res_query", "res_search", "rexec", "rcmd", NULL};
    static const char *const by_curl[] = {"datasets/download.o", "datasets/fetch.o", "datasets/hub.o",
                                          "harness/backend/http_client.o", "harness/backend/http_server.o", NULL};
    static const char *const loading[] = {"dlopen", "dlmopen", "dlsym", NULL};
    static const char *const loaders[] = {"harness/protocol/plugin.o", NULL};
    const ptrdiff_t colon = str_find(line, STR(":"), 0);
    cr_assert_gt(colon, 0, "%.*s", (int)line.n, line.p);
    const struct str object = {line.p, (size_t)colon};
    size_t at = line.n;
    while (at && line.p[at - 1] != ' ')
        at--;
    struct str symbol = {line.p + at, line.n - at};
    const ptrdiff_t version = str_find(symbol, STR("@"), 0);
    if (version >= 0)
        symbol.n = (size_t)version;
    cr_expect(!is_one_of(symbol, sockets), "%.*s", (int)line.n, line.p);
    if (str_starts(symbol, STR("curl_"))) {
        f->n_curl++;
        cr_expect(is_of(object, by_curl), "%.*s", (int)line.n, line.p);
    }
    if (is_one_of(symbol, loading)) { /* what is loaded could do anything: only plugins, which the user names */
        f->n_loaders++;
        cr_expect(is_of(object, loaders), "%.*s", (int)line.n, line.p);
    }
    if (str_eq(symbol, STR("syscall"))) { /* a call by its number has no name: only the jail makes such */
        f->n_raw++;
        cr_expect_geq(str_find(object, STR("/harness/sandbox/"), 0), 0, "%.*s", (int)line.n, line.p);
    }
}

Test(e2e_network, only_fetching_and_the_servers_backend_can_open_a_socket, .timeout = 120)
{
    const char *build = getenv("CARAT_BUILD");
    char list[1200];
    struct found f = {0};
    snprintf(list, sizeof list, "find '%s/obj' -name '*.o' ! -path '*/obj/tests/*' -exec nm -A -u {} +", build ? build : "build");
    struct ran r = run_program((const char *const[]){"sh", "-c", list, NULL}, NULL);
    expect_status(r, 0);
    struct str out = {r.out, r.n_out}, last = STR("");
    for (size_t from = 0; from < out.n;) {
        const ptrdiff_t end = str_find(out, STR("\n"), from);
        const struct str line = {out.p + from, (end < 0 ? out.n : (size_t)end) - from};
        from += line.n + 1;
        const ptrdiff_t colon = str_find(line, STR(":"), 0);
        struct str object = {line.p, colon < 0 ? 0 : (size_t)colon};
        f.n_objects += !str_eq(object, last);
        last = object;
        check_line(line, &f);
    }
    cr_expect_gt(f.n_objects, 100, "%zu objects seen", f.n_objects); /* the check sees what is there */
    cr_expect(f.n_curl && f.n_loaders && f.n_raw);
    ran_release(&r);
}
