/* How a file comes down.
 *
 * "<path>.part" holds the bytes so far and "<path>.part.json" what they are bytes of:
 *
 *     {"url": "https://...", "validator": "\"5f3e-...\""}      an ETag (a strong one) or a Last-Modified
 *
 * With .part there, the request asks for the rest (Range), on the condition that the file is still
 * the same one (If-Range: the validator). A server answers
 *
 *     206  the rest: appended, once Content-Range and ETag have been checked to continue what is there
 *     200  the whole file (it has changed, or the server knows no ranges): written from the start
 *     416  there is no rest: what is there is thrown away and asked for again
 *     408, 429, 5xx, or a connection that fails, stalls or ends early: asked again after a wait
 *     anything else: given up
 *
 * Two halves of different files are never kept glued together. Where a checksum is published it
 * has the last word, so a part may be gone on with even where the server gives no validator and even from another
 * address; if such a glued file is wrong, it is fetched once more from its first byte before being
 * called wrong. Without a checksum a part is gone on with under the same address and validator alone.
 *
 * Size is checked before the body is read, where the server announces it: a login page in place of
 * a 166 MB archive is refused at once. Redirects are followed, at most ten, never from https to http.
 * A server must have a certificate that the system, or SSL_CERT_FILE, vouches for.
 */
#define _GNU_SOURCE
#include "download.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define MAX_BYTES_UNKNOWN ((int64_t)16 << 30) /* of a file whose size is not published */
#define MAX_WAIT_S 60.0
#define MAX_RETRY_AFTER_S 300.0 /* a server that wants more patience than this is told of instead */
#define MAX_REDIRECTS 10L
#define PROGRESS_BYTES ((int64_t)1 << 20)

enum step {
    STEP_DONE,
    STEP_AGAIN,  /* failed in a way that may pass: err says how */
    STEP_FAILED, /* for good */
};

struct transfer {
    const struct download *d;
    struct err *err;
    CURL *curl;
    char curl_says[CURL_ERROR_SIZE];
    char *part, *facts; /* the two files' names */
    int fd;             /* of .part */
    int64_t have;       /* bytes in .part */
    bool glued;         /* they came in more than one answer */
    bool begun;         /* this answer's body was looked at */
    double moved_s;     /* when a byte last came (or the request began), and how many had come then */
    int64_t moved;
    enum step stop;     /* why the body was refused, where it was; STEP_DONE: it was not */
};

/* ---- the part and what is known of it ---------------------------------------------------- */

static enum carat_err part_failed(struct transfer *t, const char *what)
{
    return err_set(t->err, CARAT_EIO, "cannot %s '%s': %s", what, t->part, strerror(errno));
}

/* Back to nothing, for want of knowing what the bytes are. */
static enum carat_err part_empty(struct transfer *t)
{
    t->have = 0;
    t->glued = false;
    unlink(t->facts);
    return ftruncate(t->fd, 0) ? part_failed(t, "cut") : CARAT_OK;
}

static enum carat_err part_open(struct transfer *t)
{
    struct stat st;
    t->fd = open(t->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (t->fd < 0 || fstat(t->fd, &st))
        return part_failed(t, "open");
    t->have = st.st_size;
    t->glued = t->have > 0;
    return CARAT_OK;
}

/* The validator of what is there; "" without one. free() it. */
static char *part_validator(const struct transfer *t)
{
    struct str url, validator;
    json_t *facts = NULL;
    char *copy = NULL;
    if (file_exists(t->facts) && !json_read_file(t->facts, 1 << 16, &facts, NULL) &&
        json_get_str(facts, "url", &url) && str_eq(url, str_from(t->d->url)) &&
        json_get_str(facts, "validator", &validator) && strcspn(validator.p, "\r\n") == validator.n)
        copy = strndup(validator.p, validator.n);
    json_decref(facts);
    return copy ? copy : strdup("");
}

static const char *header(const struct transfer *t, const char *name)
{
    struct curl_header *h;
    return curl_easy_header(t->curl, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK ? h->value : "";
}

/* A weak ETag says "much the same", which is not enough to append to. */
static const char *answer_validator(const struct transfer *t)
{
    const char *etag = header(t, "ETag");
    return *etag && strncmp(etag, "W/", 2) ? etag : header(t, "Last-Modified");
}

static enum carat_err part_note(struct transfer *t)
{
    struct buf text = BUF_INIT(1 << 16);
    json_t *facts = json_pack("{s:s, s:s}", "url", t->d->url, "validator", answer_validator(t));
    enum carat_err rc = CARAT_OK;
    if (facts && json_write(facts, &text))
        rc = err_nomem(t->err, "a download");
    if (facts && !rc)
        rc = file_write(t->facts, text.p, text.n, t->err);
    json_decref(facts); /* none: the headers are not UTF-8, and the part cannot be gone on with */
    buf_release(&text);
    return rc;
}

/* ---- an answer's body --------------------------------------------------------------------- */

static long answer_status(const struct transfer *t)
{
    long status = 0;
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static enum step wrong_size(struct transfer *t, int64_t bytes)
{
    err_set(t->err, CARAT_EINPUT, "'%s' has %" PRId64 " bytes, not the %" PRId64 " that are published", t->d->url, bytes,
            t->d->bytes);
    err_hint(t->err, "something else answers at this address, or the file was changed; --mirror URL names another place");
    return STEP_FAILED;
}

/* 200: from the start. */
static enum step begin_whole(struct transfer *t)
{
    curl_off_t length = -1;
    curl_easy_getinfo(t->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (t->d->bytes >= 0 && length >= 0 && length != t->d->bytes)
        return wrong_size(t, length);
    if (part_empty(t) || part_note(t))
        return STEP_FAILED;
    return STEP_DONE;
}

/* "bytes FIRST-LAST/TOTAL"; the total, and it alone, may be unknown ("*": -1). */
static bool content_range(const char *text, int64_t *first, int64_t *total)
{
    const char *dash = strchr(text, '-'), *slash = strchr(text, '/');
    *total = -1;
    if (!str_starts(str_from(text), STR("bytes ")) || !dash || !slash || slash < dash)
        return false;
    return num_parse_i64((struct str){text + 6, (size_t)(dash - text) - 6}, first) &&
           (!strcmp(slash + 1, "*") || num_parse_i64(str_from(slash + 1), total));
}

/* 206: is it the rest of what is there? */
static enum step begin_rest(struct transfer *t)
{
    int64_t first, total;
    const char *etag = header(t, "ETag");
    char *validator = part_validator(t);
    bool changed = !validator || (*validator == '"' && *etag && strcmp(etag, validator));
    free(validator);
    bool readable = content_range(header(t, "Content-Range"), &first, &total);
    if (readable && t->d->bytes >= 0 && total >= 0 && total != t->d->bytes)
        return wrong_size(t, total);
    if (!readable || !t->have || first != t->have || changed) {
        err_set(t->err, CARAT_ENET, "cannot fetch '%s': the server answered with something else than the rest of the file",
                t->d->url);
        return part_empty(t) ? STEP_FAILED : STEP_AGAIN;
    }
    t->glued = true;
    return STEP_DONE;
}

static bool begin(struct transfer *t)
{
    t->begun = true;
    t->stop = answer_status(t) == 206 ? begin_rest(t) : begin_whole(t);
    return t->stop == STEP_DONE;
}

static bool append(struct transfer *t, const char *p, size_t n)
{
    int64_t most = t->d->bytes >= 0 ? t->d->bytes : MAX_BYTES_UNKNOWN;
    if (n > (size_t)INT64_MAX || (int64_t)n > most - t->have) {
        err_set(t->err, CARAT_EINPUT, "'%s' has more than the %" PRId64 " bytes expected", t->d->url, most);
        t->stop = STEP_FAILED;
        part_empty(t);
        return false;
    }
    while (n) {
        ssize_t done = pwrite(t->fd, p, n, t->have);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0) {
            part_failed(t, "write");
            t->stop = STEP_FAILED;
            return false;
        }
        p += done;
        n -= (size_t)done;
        t->have += done;
    }
    return true;
}

static size_t on_body(char *p, size_t size, size_t n, void *context)
{
    struct transfer *t = context;
    long status = answer_status(t);
    n *= size; /* size is 1 */
    if (status != 200 && status != 206)
        return n; /* the page that goes with an error */
    return (t->begun || begin(t)) && append(t, p, n) ? n : 0;
}

/* Called at least once a second, also when nothing comes. libcurl's own low-speed limit averages over five
 * seconds, so that a stall of one would not be seen before six. */
static int on_progress(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    struct transfer *t = context;
    (void)up_total, (void)up_now;
    if (now != t->moved) {
        t->moved = now;
        t->moved_s = clock_seconds();
    } else if (clock_seconds() - t->moved_s > t->d->stall_timeout_s) {
        return 1;
    }
    if (t->d->progress) {
        int64_t all = t->d->bytes >= 0 ? t->d->bytes : t->glued || total <= 0 ? -1 : total;
        t->d->progress(t->d->context, t->have, all);
    }
    return 0;
}

/* ---- one request ---------------------------------------------------------------------------- */

static bool may_pass(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_HTTP3:
        return true;
    default:
        return false;
    }
}

static enum step judge_status(struct transfer *t, long status, double *wait_s)
{
    curl_off_t after = 0;
    curl_easy_getinfo(t->curl, CURLINFO_RETRY_AFTER, &after);
    err_set(t->err, CARAT_ENET, "cannot fetch '%s': the server answered %ld", t->d->url, status);
    if (status == 416)
        return part_empty(t) ? STEP_FAILED : STEP_AGAIN;
    if (status != 408 && status != 429 && status < 500)
        return STEP_FAILED;
    if ((double)after > MAX_RETRY_AFTER_S) {
        err_set(t->err, CARAT_ENET, "cannot fetch '%s': the server answered %ld and asks to come back in %" PRId64 " s",
                t->d->url, status, (int64_t)after);
        return STEP_FAILED;
    }
    *wait_s = fmax(*wait_s, (double)after);
    return STEP_AGAIN;
}

static enum step judge(struct transfer *t, CURLcode code, double *wait_s)
{
    long status = answer_status(t);
    if (t->stop != STEP_DONE)
        return t->stop;
    if (code == CURLE_ABORTED_BY_CALLBACK) {
        err_set(t->err, CARAT_ENET, "cannot fetch '%s': nothing came for %g s", t->d->url, t->d->stall_timeout_s);
        return STEP_AGAIN;
    }
    if (code != CURLE_OK) {
        err_set(t->err, CARAT_ENET, "cannot fetch '%s': %s", t->d->url,
                *t->curl_says ? t->curl_says : curl_easy_strerror(code));
        return may_pass(code) ? STEP_AGAIN : STEP_FAILED;
    }
    if (status != 200 && status != 206)
        return judge_status(t, status, wait_s);
    if (!t->begun && !begin(t)) /* an empty body */
        return t->stop;
    if (t->d->bytes >= 0 && t->have != t->d->bytes) {
        err_set(t->err, CARAT_ENET, "cannot fetch '%s': the answer ended after %" PRId64 " of %" PRId64 " bytes", t->d->url,
                t->have, t->d->bytes);
        return STEP_AGAIN;
    }
    return STEP_DONE;
}

/* Range and If-Range, where there is something to go on with. `list` gets the header for the request's time. */
static enum carat_err ask_for_rest(struct transfer *t, char range[32], struct curl_slist **list)
{
    char *validator = part_validator(t);
    struct buf line = BUF_INIT(4096);
    enum carat_err rc = validator ? CARAT_OK : err_nomem(t->err, "a download");
    if (!rc && t->have && !*validator && !t->d->sha256)
        rc = part_empty(t);
    if (rc || !t->have)
        goto out;
    snprintf(range, 32, "%" PRId64 "-", t->have);
    curl_easy_setopt(t->curl, CURLOPT_RANGE, range);
    if (*validator) {
        if (!buf_printf(&line, "If-Range: %s", validator))
            *list = curl_slist_append(NULL, line.p);
        if (!*list)
            rc = err_nomem(t->err, "a download");
    }
out:
    buf_release(&line);
    free(validator);
    return rc;
}

static void configure(struct transfer *t)
{
    CURL *c = t->curl;
    const char *authorities = getenv("SSL_CERT_FILE"); /* OpenSSL's own word for it; libcurl's default hides it */
    curl_easy_reset(c);
    curl_easy_setopt(c, CURLOPT_URL, t->d->url);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->curl_says);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "carat");
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, strncasecmp(t->d->url, "https:", 6) ? "http,https" : "https");
    if (authorities && *authorities)
        curl_easy_setopt(c, CURLOPT_CAINFO, authorities);
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(c, CURLOPT_MAXREDIRS, MAX_REDIRECTS);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)(fmin(t->d->stall_timeout_s, 3600) * 1000));
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
}

static enum step request(struct transfer *t, double *wait_s)
{
    char range[32];
    struct curl_slist *list = NULL;
    configure(t);
    if (ask_for_rest(t, range, &list))
        return STEP_FAILED;
    curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, list);
    t->begun = false;
    t->stop = STEP_DONE;
    t->curl_says[0] = '\0';
    t->moved = 0;
    t->moved_s = clock_seconds();
    enum step step = judge(t, curl_easy_perform(t->curl), wait_s);
    curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(list);
    return step;
}

/* ---- the whole ---------------------------------------------------------------------------------- */

/* Is the whole file what it should be? */
static enum step verify(struct transfer *t, char got[SHA256_HEX])
{
    if (fsync(t->fd)) {
        part_failed(t, "write");
        return STEP_FAILED;
    }
    if (sha256_file(t->part, got, t->err))
        return STEP_FAILED;
    if (!t->d->sha256 || !strcmp(got, t->d->sha256))
        return STEP_DONE;
    err_set(t->err, CARAT_EINPUT, "'%s' came with SHA-256 %s, expected %s", t->d->url, got, t->d->sha256);
    err_hint(t->err, "what came was removed; the publisher has changed the file, or something on the way did");
    bool again = t->glued;
    return part_empty(t) || !again ? STEP_FAILED : STEP_AGAIN;
}

static enum step attempt(struct transfer *t, char got[SHA256_HEX], double *wait_s)
{
    enum step step = STEP_DONE;
    if (t->d->bytes >= 0 && t->have > t->d->bytes && part_empty(t))
        return STEP_FAILED;
    /* All there already, and just not named yet? Only a checksum can tell. */
    if (t->have == 0 || t->have != t->d->bytes || !t->d->sha256)
        step = request(t, wait_s);
    return step == STEP_DONE ? verify(t, got) : step;
}

static void sleep_s(double seconds)
{
    struct timespec left = {.tv_sec = (time_t)seconds, .tv_nsec = (long)(fmod(seconds, 1) * 1e9)};
    while (nanosleep(&left, &left) && errno == EINTR)
        ;
}

static enum carat_err check_space(struct transfer *t)
{
    struct statvfs fs;
    if (t->d->bytes < 0 || fstatvfs(t->fd, &fs))
        return CARAT_OK;
    double room = (double)fs.f_bavail * (double)fs.f_frsize, need = (double)(t->d->bytes - t->have);
    if (need <= room)
        return CARAT_OK;
    return err_set(t->err, CARAT_EIO, "'%s' needs %.0f bytes, and %.0f are free there", t->d->path, need, room);
}

static enum step attempts(struct transfer *t, char got[SHA256_HEX])
{
    double wait_s = t->d->first_wait_s;
    int tried = 0;
    for (int left = t->d->retries;; left--) {
        int64_t before = t->have;
        double wait_now = wait_s;
        enum step step = attempt(t, got, &wait_now);
        tried++;
        if (step != STEP_AGAIN)
            return step;
        if (t->have - before >= PROGRESS_BYTES) {
            left = t->d->retries + 1;
            wait_now = wait_s = t->d->first_wait_s;
        }
        if (left <= 0) {
            err_hint(t->err, "tried %d times; the same command goes on where it stopped, --mirror URL names another place",
                     tried);
            return STEP_FAILED;
        }
        sleep_s(wait_now);
        wait_s = fmin(wait_s * 2, MAX_WAIT_S);
    }
}

enum carat_err download_file(const struct download *d, char got[SHA256_HEX], struct err *err)
{
    struct err own = ERR_INIT;
    struct transfer t = {.d = d, .err = err ? err : &own, .fd = -1};
    struct buf name = BUF_INIT(8192);
    if (!buf_printf(&name, "%s.part", d->path))
        t.part = buf_take(&name, NULL);
    if (t.part && !buf_printf(&name, "%s.json", t.part))
        t.facts = buf_take(&name, NULL);
    t.curl = curl_easy_init();
    enum carat_err rc = t.facts && t.curl ? CARAT_OK : err_nomem(t.err, "a download");
    if (!rc)
        rc = part_open(&t);
    if (!rc)
        rc = check_space(&t);
    if (!rc && attempts(&t, got) != STEP_DONE)
        rc = t.err->code;
    if (!rc && rename(t.part, d->path))
        rc = part_failed(&t, "rename");
    if (t.fd >= 0)
        close(t.fd);
    if (!rc || t.have == 0) { /* nothing is left to go on with */
        if (t.facts)
            unlink(t.facts);
        if (rc && t.fd >= 0)
            unlink(t.part);
    }
    if (!rc)
        err_clear(t.err); /* of failures that passed */
    curl_easy_cleanup(t.curl);
    free(t.facts);
    free(t.part);
    buf_release(&name);
    return rc;
}
