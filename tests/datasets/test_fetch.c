/* Fetching over a real HTTP server (server.py), which misbehaves in one way a mode. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>
#include <criterion/criterion.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "datasets/fetch.h"
#include "tests/support/player.h"
#include "tests/support/support.h"

/* ---- the server and its files ----------------------------------------------------------------- */

struct server {
    struct player player;
    int port;
    const char *scheme;
    const char *dir;   /* what it serves */
    const char *cache; /* what the test fetches into */
};

static struct server server_start_with(const char *pem)
{
    struct server s = {.scheme = pem ? "https" : "http", .dir = temp_dir(), .cache = temp_dir()};
    s.player = player_start("tests/datasets/server.py", s.dir, pem);
    s.port = s.player.port;
    setenv("no_proxy", "127.0.0.1", 1);
    return s;
}

static struct server server_start(void)
{
    return server_start_with(NULL);
}

static void server_stop(struct server *s)
{
    player_stop(&s->player);
}

static void server_end(struct server *s)
{
    server_stop(s);
    temp_remove(s->dir);
    temp_remove(s->cache);
}

static char *path_in(const char *dir, const char *name)
{
    char *p = file_join(dir, name);
    cr_assert(p);
    return p;
}

static bool there(const char *dir, const char *name)
{
    char *p = path_in(dir, name);
    bool yes = file_exists(p);
    free(p);
    return yes;
}

static void put_file(const char *dir, const char *name, struct str bytes)
{
    struct err err = ERR_INIT;
    char *path = path_in(dir, name), *folder = strdup(path);
    *strrchr(folder, '/') = '\0';
    cr_assert_eq(file_mkdirs(folder, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(file_write(path, bytes.p, bytes.n, &err), CARAT_OK, "%s", err.msg);
    free(folder);
    free(path);
}

#define SIZE 40000
static struct str noise(char out[SIZE], uint32_t seed)
{
    for (size_t i = 0; i < SIZE; i++) {
        seed = seed * 1664525u + 1013904223u;
        out[i] = (char)(seed >> 24);
    }
    return (struct str){out, SIZE};
}

/* Lines of the request log that hold `what`. */
static size_t requests(const struct server *s, const char *what)
{
    struct buf log = BUF_INIT(1 << 20);
    char *path = path_in(s->dir, "requests.log");
    size_t n = 0;
    if (file_exists(path))
        cr_assert_eq(file_read(path, 1 << 20, &log, NULL), CARAT_OK);
    for (size_t at = 0; at < log.n;) {
        ptrdiff_t end = str_find(buf_str(&log), STR("\n"), at);
        struct str line = {log.p + at, (size_t)end - at};
        n += str_find(line, str_from(what), 0) >= 0;
        at = (size_t)end + 1;
    }
    buf_release(&log);
    free(path);
    return n;
}

static void check_content(const char *dir, const char *name, struct str expected)
{
    struct buf got = BUF_INIT(1 << 20);
    char *path = path_in(dir, name);
    cr_assert_eq(file_read(path, 1 << 20, &got, NULL), CARAT_OK, "%s is not there", path);
    cr_assert(str_eq(buf_str(&got), expected), "%s has other content", path);
    buf_release(&got);
    free(path);
}

/* One source, "x.bin" of the dataset "small", asked of the server's mode. */
enum { KNOW_SIZE = 1, KNOW_HASH = 2, KNOW_ALL = 3 };

static enum carat_err fetch_small(const struct server *s, const char *mode, struct str content, int know,
                                  const struct carat_fetch_opts *base, struct err *err)
{
    char sha256[SHA256_HEX], mirror[160];
    sha256_hex(content.p, content.n, sha256);
    const struct carat_source source = {"small", "x.bin", "http://127.0.0.1:9/unused",
                                        know & KNOW_SIZE ? (int64_t)content.n : -1, know & KNOW_HASH ? sha256 : NULL, "made up"};
    struct carat_fetch_opts opts = *base;
    snprintf(mirror, sizeof mirror, "%s://127.0.0.1:%d/%s/", s->scheme, s->port, mode);
    opts.mirror = mirror;
    opts.cache_dir = s->cache;
    err_clear(err);
    return fetch_dataset(&(struct fetch_tables){.sources = &source, .n_sources = 1}, "small", &opts, err);
}

static const struct carat_fetch_opts quick = {.retries = 2, .first_wait_s = 0.005, .stall_timeout_s = 0.3};
static const struct carat_fetch_opts once = {.retries = -1, .first_wait_s = 0.005, .stall_timeout_s = 1};

/* ---- how servers fail ------------------------------------------------------------------------------ */

struct misbehaviour {
    const char *mode;
    int know;
    enum carat_err rc;
    size_t requests;
    const char *message; /* a part of it; NULL: success */
};
static const struct misbehaviour misbehaviours[] = {
    {"ok", KNOW_ALL, CARAT_OK, 1, NULL},
    {"ok", 0, CARAT_OK, 1, NULL},
    {"norange", KNOW_ALL, CARAT_OK, 2, NULL},
    {"norange", 0, CARAT_OK, 2, NULL},
    {"truncate", KNOW_ALL, CARAT_OK, 3, NULL},
    {"truncate", KNOW_HASH, CARAT_OK, 3, NULL},
    {"truncate", 0, CARAT_OK, 3, NULL},
    {"always_truncate", KNOW_ALL, CARAT_ENET, 3, "closed"},
    {"stall", KNOW_ALL, CARAT_OK, 2, NULL},
    {"always_stall", KNOW_ALL, CARAT_ENET, 3, "nothing came for 0.3 s"},
    {"slow", KNOW_ALL, CARAT_OK, 1, NULL},
    {"nolength", KNOW_ALL, CARAT_OK, 2, NULL},
    {"hangup", KNOW_ALL, CARAT_OK, 2, NULL},
    {"not_found", KNOW_ALL, CARAT_ENET, 1, "the server answered 404"},
    {"server_error", KNOW_ALL, CARAT_ENET, 3, "the server answered 500"},
    {"server_error_twice", KNOW_ALL, CARAT_OK, 3, NULL},
    {"busy", KNOW_ALL, CARAT_OK, 2, NULL},
    {"busy_for_a_day", KNOW_ALL, CARAT_ENET, 1, "asks to come back in 86400 s"},
    {"too_many", KNOW_ALL, CARAT_OK, 2, NULL},
    {"redirect", KNOW_ALL, CARAT_OK, 2, NULL},
    {"redirect_loop", KNOW_ALL, CARAT_ENET, 11, "redirects"},
    {"redirect_to_file", KNOW_ALL, CARAT_ENET, 1, "rotocol"},
    {"corrupt", KNOW_ALL, CARAT_EINPUT, 1, "came with SHA-256"},
    {"short", KNOW_ALL, CARAT_EINPUT, 1, "has 39990 bytes, not the 40000 that are published"},
    {"short", KNOW_HASH, CARAT_EINPUT, 1, "came with SHA-256"},
    {"login_page", KNOW_SIZE, CARAT_EINPUT, 1, "has 15 bytes, not the 40000"},
    {"too_long", KNOW_ALL, CARAT_EINPUT, 1, "has more than the 40000 bytes expected"},
    {"changes", KNOW_ALL, CARAT_OK, 2, NULL},
    {"changes", 0, CARAT_OK, 2, NULL},
    {"changes_and_lies", KNOW_ALL, CARAT_OK, 3, NULL},
    {"changes_and_lies", 0, CARAT_OK, 3, NULL},
    {"changes_unseen", KNOW_ALL, CARAT_OK, 3, NULL},
    {"changes_unseen", 0, CARAT_OK, 2, NULL},
    {"wrong_range", KNOW_ALL, CARAT_OK, 3, NULL},
};

/* One server for all: each case has a folder of its own on both sides. */
static void check_misbehaviour(const struct server *s, size_t i)
{
    const struct misbehaviour *m = &misbehaviours[i];
    char good[SIZE], old[SIZE], name[64], mode[64], cache[64];
    struct err err = ERR_INIT;
    struct str content = noise(good, 1);
    snprintf(name, sizeof name, "case%zu/small/x.bin", i);
    put_file(s->dir, name, content);
    snprintf(name, sizeof name, "case%zu/small/x.bin.old", i);
    put_file(s->dir, name, noise(old, 2));
    snprintf(mode, sizeof mode, "%s/case%zu", m->mode, i);
    snprintf(cache, sizeof cache, "case%zu", i);

    struct server mine = *s;
    mine.cache = path_in(s->cache, cache);
    enum carat_err rc = fetch_small(&mine, mode, content, m->know, &quick, &err);
    cr_assert_eq(rc, m->rc, "%s: %d, %s", mode, rc, err.msg);
    snprintf(name, sizeof name, "/case%zu/small/x.bin", i);
    cr_assert_eq(requests(s, name), m->requests, "%s: %zu requests", mode, requests(s, name));
    if (rc == CARAT_OK) {
        check_content(mine.cache, "small/x.bin", content);
        cr_assert(there(mine.cache, "small/fetched.json"));
    } else {
        cr_assert(str_find(str_from(err.msg), str_from(m->message), 0) >= 0, "%s: %s", mode, err.msg);
        cr_assert(!there(mine.cache, "small/x.bin") && !there(mine.cache, "small/fetched.json"), "%s", mode);
    }
    bool goes_on = str_starts(str_from(m->mode), STR("always_")); /* the only ones that leave something of use */
    cr_assert_eq(there(mine.cache, "small/x.bin.part"), goes_on, "%s", mode);
    free((char *)(uintptr_t)mine.cache);
}

Test(fetch, every_misbehaviour_ends_in_the_right_file_or_a_clear_message, .timeout = 60)
{
    struct server s = server_start();
    for (size_t i = 0; i < sizeof misbehaviours / sizeof *misbehaviours; i++)
        check_misbehaviour(&s, i);
    server_end(&s);
}

Test(fetch, a_server_that_is_busy_is_given_its_time, .timeout = 20)
{
    char good[SIZE];
    struct timespec a, b;
    struct server s = server_start();
    struct err err = ERR_INIT;
    put_file(s.dir, "small/x.bin", noise(good, 1));
    clock_gettime(CLOCK_MONOTONIC, &a);
    cr_assert_eq(fetch_small(&s, "busy", (struct str){good, SIZE}, KNOW_ALL, &quick, &err), CARAT_OK, "%s", err.msg);
    clock_gettime(CLOCK_MONOTONIC, &b);
    cr_assert_geq((double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec), 1.0, "Retry-After was 1 s");
    server_end(&s);
}

Test(fetch, only_http_is_spoken, .timeout = 20)
{
    struct err err = ERR_INIT;
    const char *cache = temp_dir();
    static const char *const urls[] = {"file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x", "no address"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        const struct carat_source source = {"small", "x.bin", urls[i], -1, NULL, ""};
        cr_assert_eq(fetch_dataset(&(struct fetch_tables){.sources = &source, .n_sources = 1}, "small",
                                   &(struct carat_fetch_opts){.cache_dir = cache, .retries = -1}, &err), CARAT_ENET, "%s", urls[i]);
        cr_assert(!there(cache, "small/x.bin"));
    }
    temp_remove(cache);
}

/* A certificate for 127.0.0.1 that nobody has signed but itself, with its key. */
static void make_certificate(const char *path)
{
    EVP_PKEY *key = EVP_RSA_gen(2048);
    X509 *cert = X509_new();
    X509_NAME *name = X509_get_subject_name(cert);
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(cert, name);
    X509_EXTENSION *ip = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
    cr_assert(ip && X509_add_ext(cert, ip, -1) && X509_sign(cert, key, EVP_sha256()));
    FILE *f = fopen(path, "w");
    cr_assert(f && PEM_write_X509(f, cert) && PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL));
    fclose(f);
    X509_EXTENSION_free(ip);
    X509_free(cert);
    EVP_PKEY_free(key);
}

Test(fetch, a_server_must_prove_who_it_is_and_may_not_send_us_to_http, .timeout = 20)
{
    char good[SIZE];
    struct err err = ERR_INIT;
    const char *dir = temp_dir();
    char *pem = path_in(dir, "test.pem");
    make_certificate(pem);
    struct server s = server_start_with(pem);
    struct str content = noise(good, 1);
    put_file(s.dir, "small/x.bin", content);
    unsetenv("SSL_CERT_FILE");
    cr_assert_eq(fetch_small(&s, "ok", content, KNOW_ALL, &quick, &err), CARAT_ENET);
    cr_assert(str_find(str_from(err.msg), STR("certificate"), 0) > 0, "%s", err.msg);
    cr_assert_eq(requests(&s, "x.bin"), 0);
    setenv("SSL_CERT_FILE", pem, 1);
    cr_assert_eq(fetch_small(&s, "downgrade", content, KNOW_ALL, &quick, &err), CARAT_ENET);
    cr_assert(str_find(str_from(err.msg), STR("rotocol"), 0) > 0, "%s", err.msg);
    cr_assert_eq(requests(&s, "x.bin"), 1);
    cr_assert_eq(fetch_small(&s, "ok", content, KNOW_ALL, &quick, &err), CARAT_OK, "%s", err.msg);
    server_end(&s);
    temp_remove(dir);
    free(pem);
}

/* ---- going on where it stopped --------------------------------------------------------------------------- */

Test(fetch, goes_on_in_another_process_life, .timeout = 20)
{
    char good[SIZE];
    struct server s = server_start();
    struct err err = ERR_INIT;
    struct str content = noise(good, 1);
    put_file(s.dir, "small/x.bin", content);
    cr_assert_eq(fetch_small(&s, "truncate", content, 0, &once, &err), CARAT_ENET);
    cr_assert(str_find(str_from(err.hint), STR("goes on where it stopped"), 0) > 0, "%s", err.hint);
    cr_assert(there(s.cache, "small/x.bin.part"));
    cr_assert_eq(fetch_small(&s, "truncate", content, 0, &quick, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(requests(&s, "| bytes=1000- | \"one\""), 1, "the rest was asked for, if the file is the same");
    check_content(s.cache, "small/x.bin", content);
    server_end(&s);
}

Test(fetch, goes_on_from_another_place_when_the_hash_is_known, .timeout = 20)
{
    char good[SIZE];
    struct server s = server_start();
    struct err err = ERR_INIT;
    struct str content = noise(good, 1);
    put_file(s.dir, "small/x.bin", content);
    cr_assert_eq(fetch_small(&s, "truncate", content, KNOW_ALL, &once, &err), CARAT_ENET);
    cr_assert_eq(fetch_small(&s, "ok", content, KNOW_ALL, &quick, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(requests(&s, "/ok/small/x.bin | bytes=1000- | "), 1);
    server_end(&s);
    s = server_start();
    put_file(s.dir, "small/x.bin", content);
    cr_assert_eq(fetch_small(&s, "truncate", content, 0, &once, &err), CARAT_ENET);
    cr_assert_eq(fetch_small(&s, "ok", content, 0, &quick, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(requests(&s, "/ok/small/x.bin |  | "), 1, "without a hash another address starts anew");
    server_end(&s);
}

Test(fetch, a_whole_part_is_not_asked_for_again, .timeout = 20)
{
    char good[SIZE];
    struct server s = server_start();
    struct err err = ERR_INIT;
    struct str content = noise(good, 1);
    put_file(s.cache, "small/x.bin.part", content);
    cr_assert_eq(fetch_small(&s, "ok", content, KNOW_ALL, &quick, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(requests(&s, "x.bin"), 0);
    check_content(s.cache, "small/x.bin", content);
    server_end(&s);
}

Test(fetch, survives_a_kill, .timeout = 30)
{
    char good[SIZE];
    struct server s = server_start();
    struct err err = ERR_INIT;
    struct str content = noise(good, 1);
    put_file(s.dir, "small/x.bin", content);
    pid_t child = fork();
    if (child == 0) {
        fetch_small(&s, "slow", content, KNOW_ALL, &quick, &err);
        _exit(0);
    }
    char *part = path_in(s.cache, "small/x.bin.part");
    struct stat st = {0};
    while (stat(part, &st) || st.st_size == 0)
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    cr_assert(there(s.cache, "small/x.bin.part") && !there(s.cache, "small/x.bin"));
    cr_assert_eq(fetch_small(&s, "ok", content, KNOW_ALL, &quick, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(requests(&s, "/ok/small/x.bin | bytes="), 1);
    check_content(s.cache, "small/x.bin", content);
    free(part);
    server_end(&s);
}

Test(fetch, a_full_disk_is_named_and_the_part_kept, .timeout = 20)
{
    char good[SIZE];
    struct server s = server_start();
    struct err err = ERR_INIT;
    struct str content = noise(good, 1);
    put_file(s.dir, "small/x.bin", content);
    struct rlimit limit, small = {.rlim_cur = 10000};
    getrlimit(RLIMIT_FSIZE, &limit);
    small.rlim_max = limit.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    enum carat_err rc = fetch_small(&s, "ok", content, KNOW_ALL, &quick, &err);
    setrlimit(RLIMIT_FSIZE, &limit);
    cr_assert_eq(rc, CARAT_EIO, "%s", err.msg);
    cr_assert(str_starts(str_from(err.msg), STR("cannot write '")), "%s", err.msg);
    cr_assert_eq(requests(&s, "x.bin"), 1, "and not asked again");
    cr_assert_eq(fetch_small(&s, "ok", content, KNOW_ALL, &quick, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(requests(&s, "| bytes=10000- |"), 1);
    server_end(&s);
}

/* ---- what is there already --------------------------------------------------------------------------------- */

Test(fetch, what_is_there_is_not_asked_for_again, .timeout = 20)
{
    char good[SIZE];
    struct server s = server_start();
    struct err err = ERR_INIT;
    struct str content = noise(good, 1);
    put_file(s.dir, "small/x.bin", content);
    cr_assert_eq(fetch_small(&s, "ok", content, 0, &quick, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(fetch_small(&s, "ok", content, 0, &quick, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(fetch_small(&s, "ok", content, KNOW_ALL, &quick, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(requests(&s, "x.bin"), 1);
    struct carat_fetch_opts force = quick;
    force.force = true;
    cr_assert_eq(fetch_small(&s, "ok", content, KNOW_ALL, &force, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(requests(&s, "x.bin"), 2);
    put_file(s.cache, "small/x.bin", STR("damaged"));
    cr_assert_eq(fetch_small(&s, "ok", content, 0, &quick, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(requests(&s, "x.bin"), 3);
    check_content(s.cache, "small/x.bin", content);
    server_stop(&s);
    cr_assert_eq(fetch_small(&s, "ok", content, KNOW_ALL, &quick, &err), CARAT_OK, "offline: %s", err.msg);
    server_end(&s);
}

Test(fetch, an_unpublished_hash_is_pinned_on_first_use, .timeout = 20)
{
    char good[SIZE], other[SIZE], sha256[SHA256_HEX];
    struct server s = server_start();
    struct err err = ERR_INIT;
    struct str content = noise(good, 1);
    json_t *record;
    put_file(s.dir, "small/x.bin", content);
    cr_assert_eq(fetch_small(&s, "ok", content, 0, &quick, &err), CARAT_OK, "%s", err.msg);
    char *path = path_in(s.cache, "small/fetched.json");
    cr_assert_eq(json_read_file(path, 1 << 16, &record, &err), CARAT_OK, "%s", err.msg);
    sha256_hex(content.p, content.n, sha256);
    cr_assert_str_eq(json_string_value(json_object_get(json_object_get(record, "x.bin"), "sha256")), sha256);
    cr_assert_eq(json_integer_value(json_object_get(json_object_get(record, "x.bin"), "bytes")), SIZE);
    json_decref(record);

    put_file(s.dir, "small/x.bin", noise(other, 3)); /* the publisher changes it; ours is lost */
    char *mine = path_in(s.cache, "small/x.bin");
    unlink(mine);
    cr_assert_eq(fetch_small(&s, "ok", content, 0, &quick, &err), CARAT_EINPUT);
    cr_assert(str_find(str_from(err.msg), str_from(sha256), 0) > 0, "%s", err.msg);
    cr_assert(str_find(str_from(err.hint), STR("fetched.json"), 0) > 0, "%s", err.hint);
    cr_assert(!there(s.cache, "small/x.bin") && !there(s.cache, "small/x.bin.part"));
    unlink(path);
    cr_assert_eq(fetch_small(&s, "ok", content, 0, &quick, &err), CARAT_OK, "pinned anew: %s", err.msg);
    check_content(s.cache, "small/x.bin", (struct str){other, SIZE});
    free(mine);
    free(path);
    server_end(&s);
}

Test(fetch, two_at_once_do_not_clash, .timeout = 30)
{
    char good[SIZE];
    struct server s = server_start();
    struct err err = ERR_INIT;
    struct str content = noise(good, 1);
    put_file(s.dir, "small/x.bin", content);
    pid_t children[3];
    for (size_t i = 0; i < 3; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(fetch_small(&s, "slow", content, KNOW_ALL, &quick, &err) ? 1 : 0);
    }
    for (size_t i = 0; i < 3; i++) {
        int status;
        waitpid(children[i], &status, 0);
        cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    cr_assert_eq(requests(&s, "x.bin"), 1, "the others waited and found it there");
    check_content(s.cache, "small/x.bin", content);
    server_end(&s);
}

static void note_progress(void *context, const struct carat_fetch_progress *p)
{
    struct carat_fetch_progress *last = context;
    cr_assert_str_eq(p->name, "x.bin");
    cr_assert(p->file == 0 && p->n_files == 1 && p->bytes >= last->bytes && p->bytes <= SIZE);
    cr_assert_eq(p->total, SIZE);
    *last = *p;
}

Test(fetch, progress_is_told, .timeout = 20)
{
    char good[SIZE];
    struct server s = server_start();
    struct err err = ERR_INIT;
    struct carat_fetch_progress last = {0};
    struct carat_fetch_opts opts = quick;
    opts.progress = note_progress;
    opts.context = &last;
    struct str content = noise(good, 1);
    put_file(s.dir, "small/x.bin", content);
    cr_assert_eq(fetch_small(&s, "truncate", content, KNOW_ALL, &opts, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(last.bytes, SIZE);
    server_end(&s);
}

Test(fetch, an_unknown_name_gets_the_nearest)
{
    struct err err = ERR_INIT;
    cr_assert_eq(carat_dataset_fetch("hellswag", &quick, &err), CARAT_EUSAGE);
    cr_assert_str_eq(err.hint, "did you mean 'hellaswag'?");
}

/* ---- archives ------------------------------------------------------------------------------------------------- */

struct member {
    const char *name, *content; /* content NULL: a link to /etc/passwd */
};

static void make_archive(const char *dir, const char *name, bool zip, const struct member *members)
{
    char *path = path_in(dir, name);
    struct err err = ERR_INIT;
    char *folder = strndup(path, (size_t)(strrchr(path, '/') - path));
    cr_assert_eq(file_mkdirs(folder, &err), CARAT_OK);
    struct archive *a = archive_write_new();
    if (zip)
        archive_write_set_format_zip(a);
    else
        archive_write_set_format_ustar(a);
    cr_assert_eq(archive_write_open_filename(a, path), ARCHIVE_OK);
    for (const struct member *m = members; m->name; m++) {
        struct archive_entry *e = archive_entry_new();
        archive_entry_set_pathname(e, m->name);
        archive_entry_set_perm(e, 0644);
        archive_entry_set_filetype(e, m->content ? AE_IFREG : AE_IFLNK);
        if (m->content)
            archive_entry_set_size(e, (la_int64_t)strlen(m->content));
        else
            archive_entry_set_symlink(e, "/etc/passwd");
        cr_assert_eq(archive_write_header(a, e), ARCHIVE_OK);
        if (m->content)
            archive_write_data(a, m->content, strlen(m->content));
        archive_entry_free(e);
    }
    archive_write_close(a);
    archive_write_free(a);
    free(folder);
    free(path);
}

static const char *const csvs[] = {"data/dev/*_dev.csv", "data/test/*_test.csv", NULL};
static const struct source_archive mmlu_archive = {"mmlu", "data.tar", csvs};

static enum carat_err fetch_archive(const struct server *s, struct err *err)
{
    char url[128];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/ok/mmlu/data.tar", s->port);
    const struct carat_source source = {"mmlu", "data.tar", url, -1, NULL, "made up"};
    struct carat_fetch_opts opts = quick;
    opts.cache_dir = s->cache;
    return fetch_dataset(&(struct fetch_tables){&source, 1, &mmlu_archive, 1}, "mmlu", &opts, err);
}

#define CSV "\"what\nis it\",a,b,c,d,B\r\n"

Test(unpack, takes_the_members_and_then_reads_offline, .timeout = 20)
{
    for (int zip = 0; zip < 2; zip++) {
        struct server s = server_start();
        struct err err = ERR_INIT;
        make_archive(s.dir, "mmlu/data.tar", zip, (const struct member[]){
            {"data/dev/x_dev.csv", CSV}, {"./data/test/x_test.csv", CSV CSV}, {"data/auxiliary_train/big.csv", CSV},
            {"data/test/deeper/y_test.csv", CSV}, {"data/link", NULL}, {NULL, NULL}});
        cr_assert_eq(fetch_archive(&s, &err), CARAT_OK, "%s", err.msg);
        cr_assert(there(s.cache, "mmlu/data/dev/x_dev.csv") && !there(s.cache, "mmlu/data.tar"));
        cr_assert(!there(s.cache, "mmlu/data/auxiliary_train") && !there(s.cache, "mmlu/data/test/deeper") &&
                  !there(s.cache, "mmlu/data/link"), "what was not asked for stays in");
        cr_assert_eq(fetch_archive(&s, &err), CARAT_OK, "%s", err.msg);
        cr_assert_eq(requests(&s, "data.tar"), 1);
        put_file(s.cache, "mmlu/data/dev/x_dev.csv", STR("damaged"));
        cr_assert_eq(fetch_archive(&s, &err), CARAT_OK, "%s", err.msg);
        cr_assert_eq(requests(&s, "data.tar"), 2);
        server_stop(&s);
        cr_assert_eq(fetch_archive(&s, &err), CARAT_OK, "%s", err.msg);

        struct carat_dataset *ds;
        struct carat_rows *rows;
        cr_assert_eq(carat_dataset_open("mmlu", &(struct carat_dataset_opts){.cache_dir = s.cache}, &ds, &err), CARAT_OK);
        cr_assert_eq(carat_dataset_rows(ds, "x", "test", &rows, &err), CARAT_OK, "%s", err.msg);
        cr_assert(rows->n == 2 && rows->items[1].line == 3);
        carat_rows_free(rows);
        carat_dataset_free(ds);
        server_end(&s);
    }
}

struct hostile {
    struct member members[4];
    const char *message;
};
static const struct hostile hostiles[] = {
    {{{"data/dev/x_dev.csv", CSV}, {"data/test/x_test.csv", CSV}, {"../evil", "x"}}, "'../evil' would be put outside"},
    {{{"data/dev/x_dev.csv", CSV}, {"data/test/../../../evil_test.csv", "x"}}, "would be put outside"},
    {{{"/tmp/evil", "x"}}, "'/tmp/evil' would be put outside"},
    {{{"data/dev/x_dev.csv", NULL}}, "'data/dev/x_dev.csv' is no regular file"},
    {{{"data/dev/x_dev.csv", CSV}}, "no 'data/test/*_test.csv' is in it"},
};

Test(unpack, a_hostile_archive_is_refused, .timeout = 20)
{
    for (size_t i = 0; i < sizeof hostiles / sizeof *hostiles; i++) {
        struct server s = server_start();
        struct err err = ERR_INIT;
        make_archive(s.dir, "mmlu/data.tar", false, hostiles[i].members);
        cr_assert_eq(fetch_archive(&s, &err), CARAT_EINPUT, "case %zu", i);
        cr_assert(str_find(str_from(err.msg), str_from(hostiles[i].message), 0) > 0, "case %zu: %s", i, err.msg);
        cr_assert(!there(s.cache, "evil") && !there(s.cache, "../evil") && !there(s.cache, "mmlu/data/evil_test.csv"));
        server_end(&s);
    }
    struct server s = server_start();
    struct err err = ERR_INIT;
    put_file(s.dir, "mmlu/data.tar", STR("this is no archive at all, and long enough to be looked at"));
    cr_assert_eq(fetch_archive(&s, &err), CARAT_EINPUT);
    cr_assert(str_find(str_from(err.msg), STR("cannot be unpacked"), 0) > 0, "%s", err.msg);
    make_archive(s.dir, "mmlu/data.tar", false,
                 (const struct member[]){{"data/dev/x_dev.csv", CSV}, {"data/test/x_test.csv", CSV}, {NULL, NULL}});
    cr_assert_eq(fetch_archive(&s, &err), CARAT_OK, "the bad one is not met again: %s", err.msg);
    server_end(&s);
}

/* ---- the table of sources ----------------------------------------------------------------------------------------- */

Test(sources, rows_are_sorted_and_whole)
{
    size_t n, n_archives;
    const struct carat_source *s = carat_sources(&n);
    for (size_t i = 0; i < n; i++) {
        int order = i ? strcmp(s[i - 1].dataset, s[i].dataset) : -1;
        cr_assert(order < 0 || (order == 0 && strcmp(s[i - 1].file, s[i].file) < 0), "%s %s", s[i].dataset, s[i].file);
        cr_assert(str_starts(str_from(s[i].url), STR("http")) && *s[i].licence);
        cr_assert(!s[i].sha256 || (strlen(s[i].sha256) == 64 && strspn(s[i].sha256, "0123456789abcdef") == 64));
        cr_assert(s[i].bytes > 0 || (s[i].bytes == -1 && !s[i].sha256));
    }
    const struct source_archive *archives = source_archives(&n_archives);
    for (size_t i = 0; i < n_archives; i++) {
        bool found = false;
        for (size_t j = 0; j < n; j++)
            found |= !strcmp(s[j].dataset, archives[i].dataset) && !strcmp(s[j].file, archives[i].file);
        cr_assert(found, "%s", archives[i].file);
    }
}

Test(sources, agree_with_the_published_list)
{
    SHARED_OR_SKIP(path, "data/OFFICIAL-FILES.tsv");
    struct buf tsv = BUF_INIT(1 << 20), line = BUF_INIT(4096);
    size_t n, n_listed = 0;
    const struct carat_source *s = carat_sources(&n);
    cr_assert_eq(file_read(path, 1 << 20, &tsv, NULL), CARAT_OK);
    for (size_t i = 0; i < n; i++) {
        if (!s[i].sha256)
            continue;
        buf_clear(&line);
        buf_printf(&line, "\t%s\t", s[i].url);
        if (str_find(buf_str(&tsv), buf_str(&line), 0) < 0) /* a file of the reference harness's release */
            continue;
        n_listed++;
        buf_clear(&line);
        buf_printf(&line, "\t%s\t%lld\t%s\t", s[i].url, (long long)s[i].bytes, s[i].sha256);
        cr_assert(str_find(buf_str(&tsv), buf_str(&line), 0) > 0, "%s", line.p);
    }
    cr_assert_geq(n_listed, 20);
    buf_release(&line);
    buf_release(&tsv);
}

Test(fetch, the_real_table_takes_a_real_file, .timeout = 20)
{
    SHARED_OR_SKIP(path, "data/human-eval/HumanEval.jsonl.gz");
    struct server s = server_start();
    struct err err = ERR_INIT;
    struct buf bytes = BUF_INIT(1 << 20);
    char mirror[128];
    cr_assert_eq(file_read(path, 1 << 20, &bytes, &err), CARAT_OK);
    put_file(s.dir, "human-eval/HumanEval.jsonl.gz", buf_str(&bytes));
    snprintf(mirror, sizeof mirror, "http://127.0.0.1:%d/ok", s.port);
    cr_assert_eq(carat_dataset_fetch("human-eval", &(struct carat_fetch_opts){.cache_dir = s.cache, .mirror = mirror}, &err),
                 CARAT_OK, "%s", err.msg);
    server_stop(&s);
    struct carat_dataset *ds;
    struct carat_rows *rows;
    cr_assert_eq(carat_dataset_open("human-eval", &(struct carat_dataset_opts){.cache_dir = s.cache}, &ds, &err), CARAT_OK);
    cr_assert_eq(carat_dataset_rows(ds, "", "test", &rows, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(rows->n, 164);
    carat_rows_free(rows);
    carat_dataset_free(ds);
    buf_release(&bytes);
    server_end(&s);
}
