/* http_client.c - how requests get to a server and answers back.
 *
 *     waiting --(a slot is free, its time has come, the rate allows)--> in flight --> done
 *        ^                                                                |
 *        +------- failed in a way that may pass: not before `at` ---------+
 *
 *     200                                 read; what cannot be read counts as failed, as does a cut-off or endless answer
 *     408, 425, 429, 5xx, no connection,  asked again after 0.5, 1, 2, 4 ... 60 s, or what Retry-After says; 429 and 503
 *     time out, cut off                   with Retry-After hold all others back too
 *     400, 413, 422                       this request is refused, with the server's words
 *     3xx                                 never followed: prompts and key are for the address that was given
 *     401, 403, 404 and the rest          the server does not want us: the end
 *
 * A request that was tried `retries` times more is refused when it did get answers of a sort, the last time as well: the server lives and
 * cannot do this one. Where no answer came, or four in a row were refused so, the server counts as dead. Waits are without chance: a run can be followed by its clock. One thread.
 */
#include <curl/curl.h>
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "harness/version.h"
#include "http.h"

#define BODY_MAX ((size_t)64 << 20)
#define FIRST_WAIT_S 0.5
#define MAX_WAIT_S 60.0
#define MAX_RETRY_AFTER_S 600.0 /* a server that wants more patience than this is told of instead */
#define CONNECT_S 30L
#define TICK_MS 100

enum { CONCURRENCY_MAX = 1024, MESSAGE_MAX = 700, FAILED_MAX = 3 };

struct slot {                /* a connection's worth */
    CURL *curl;
    bool busy;
    size_t request;
    struct buf sent, body;
    char curl_says[CURL_ERROR_SIZE];
    char *url;
};

struct state {               /* of a request */
    double at;               /* not before */
    int tries;
};

struct http_client {
    const struct http_server *server;
    struct http_opts opts;
    CURLM *multi;
    struct curl_slist *headers;
    struct slot *slots;
    size_t n_slots;
    double next_start_s;     /* the rate allows the next one then */
    double held_until_s;     /* the server has asked for a pause */
    long status;             /* of the last answer */
    bool resigned;           /* what was answered badly is not asked again */
};

struct round {               /* of one http_client_run() */
    struct http_client *c;
    const struct http_work *work;
    struct state *states;    /* [n] */
    size_t *waiting;         /* [n] a ring of request numbers, oldest first */
    size_t first, n_waiting, n_busy;
    size_t n_failed;         /* in a row, since an answer could be read */
    struct err *err;
};

/* ---- opening ---------------------------------------------------------------------------------- */

static size_t take_bytes(char *bytes, size_t size, size_t n, void *context)
{
    struct slot *s = context;
    return buf_add(&s->body, bytes, size * n) ? 0 : size * n;
}

static bool open_slot(struct http_client *c, struct slot *s)
{
    s->curl = curl_easy_init();
    s->sent = (struct buf)BUF_INIT(BUF_MAX_DEFAULT);
    s->body = (struct buf)BUF_INIT(BODY_MAX);
    if (!s->curl)
        return false;
    curl_easy_setopt(s->curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(s->curl, CURLOPT_WRITEDATA, s);
    curl_easy_setopt(s->curl, CURLOPT_ERRORBUFFER, s->curl_says);
    curl_easy_setopt(s->curl, CURLOPT_PRIVATE, s);
    curl_easy_setopt(s->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(s->curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(s->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(s->curl, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
    curl_easy_setopt(s->curl, CURLOPT_TIMEOUT_MS, (long)(1e3 * c->opts.timeout_s));
    curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, c->headers);
    if (c->server->loopback)
        curl_easy_setopt(s->curl, CURLOPT_NOPROXY, "*");
    return true;
}

static bool add_header(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    *list = longer ? longer : *list;
    return longer != NULL;
}

static bool make_headers(struct http_client *c)
{
    struct buf agent = BUF_INIT(1 << 12);
    buf_printf(&agent, "User-Agent: carat/%s", version_number());
    bool ok = !buf_failed(&agent) && add_header(&c->headers, agent.p) && add_header(&c->headers, "Content-Type: application/json") &&
              add_header(&c->headers, "Expect:") && (!c->server->authorization || add_header(&c->headers, c->server->authorization));
    buf_release(&agent);
    return ok;
}

enum carat_err http_client_open(const struct http_server *server, const struct http_opts *opts, struct http_client **out,
                                struct err *err)
{
    struct http_client *c = calloc(1, sizeof *c);
    *out = NULL;
    if (!c)
        return err_nomem(err, "a client");
    c->server = server;
    c->opts = *opts;
    if (!c->opts.concurrency || c->opts.concurrency > CONCURRENCY_MAX) {
        http_client_free(c);
        return err_set(err, CARAT_EUSAGE, "--concurrency wants 1 to %d", CONCURRENCY_MAX);
    }
    c->n_slots = c->opts.concurrency;
    c->multi = curl_multi_init();
    c->slots = calloc(c->n_slots, sizeof *c->slots);
    bool ok = c->multi && c->slots && make_headers(c);
    for (size_t i = 0; i < c->n_slots && ok; i++)
        ok = open_slot(c, &c->slots[i]);
    if (!ok) {
        http_client_free(c);
        return err_nomem(err, "a client");
    }
    *out = c;
    return CARAT_OK;
}

long http_client_status(const struct http_client *c)
{
    return c->status;
}

void http_client_persist(struct http_client *c, bool persist)
{
    c->resigned = !persist;
}

static void drop_flight(struct http_client *c, struct slot *s)
{
    if (s->busy)
        curl_multi_remove_handle(c->multi, s->curl);
    s->busy = false;
    free(s->url);
    s->url = NULL;
}

void http_client_free(struct http_client *c)
{
    if (!c)
        return;
    for (size_t i = 0; c->slots && i < c->n_slots; i++) {
        drop_flight(c, &c->slots[i]);
        curl_easy_cleanup(c->slots[i].curl);
        buf_release(&c->slots[i].sent);
        buf_release(&c->slots[i].body);
    }
    curl_multi_cleanup(c->multi);
    curl_slist_free_all(c->headers);
    free(c->slots);
    free(c);
}

/* ---- sending ------------------------------------------------------------------------------------ */

static void put_back(struct round *r, size_t request)
{
    r->waiting[(r->first + r->n_waiting++) % r->work->n] = request;
}

/* The oldest waiting request whose time has come; false with *soonest when there is none. */
static bool take_ready(struct round *r, double now, size_t *request, double *soonest)
{
    const size_t n = r->work->n;
    *soonest = INFINITY;
    for (size_t i = 0; i < r->n_waiting; i++) {
        size_t at = (r->first + i) % n, number = r->waiting[at];
        double when = r->states[number].at;
        if (when > now) {
            *soonest = when < *soonest ? when : *soonest;
            continue;
        }
        *request = number;
        for (size_t k = i; k > 0; k--) /* those before it, which still wait, move up */
            r->waiting[(r->first + k) % n] = r->waiting[(r->first + k - 1) % n];
        r->first = (r->first + 1) % n;
        r->n_waiting--;
        return true;
    }
    return false;
}

static enum carat_err send_one(struct round *r, struct slot *s, size_t request)
{
    const struct http_work *w = r->work;
    struct buf url = BUF_INIT(1 << 16);
    enum carat_err rc = CARAT_OK;
    buf_clear(&s->sent);
    buf_clear(&s->body);
    s->curl_says[0] = '\0';
    buf_printf(&url, "%s%s", r->c->server->base, w->path ? w->path : w->path_of(w->context, request));
    s->url = buf_take(&url, NULL);
    if (!s->url)
        return err_nomem(r->err, "an address");
    if (w->write) {
        rc = w->write(w->context, request, &s->sent, r->err);
        curl_easy_setopt(s->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)s->sent.n);
        curl_easy_setopt(s->curl, CURLOPT_POSTFIELDS, s->sent.p);
        curl_easy_setopt(s->curl, CURLOPT_POST, 1L);
    } else
        curl_easy_setopt(s->curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(s->curl, CURLOPT_URL, s->url);
    if (!rc && curl_multi_add_handle(r->c->multi, s->curl))
        rc = err_nomem(r->err, "a request");
    if (rc)
        return rc;
    s->busy = true;
    s->request = request;
    r->n_busy++;
    r->states[request].tries++;
    return CARAT_OK;
}

/* Fills the free slots; *wait_s is until something may be sent. */
static enum carat_err send_ready(struct round *r, double *wait_s)
{
    struct http_client *c = r->c;
    enum carat_err rc = CARAT_OK;
    *wait_s = 60;
    for (size_t i = 0; i < c->n_slots && r->n_waiting && !rc; i++) {
        double now = clock_seconds(), soonest = fmax(c->next_start_s, c->held_until_s);
        size_t request;
        if (c->slots[i].busy)
            continue;
        if (soonest > now || !take_ready(r, now, &request, &soonest)) {
            *wait_s = soonest - now;
            return CARAT_OK;
        }
        if (c->opts.per_minute)
            c->next_start_s = fmax(c->next_start_s, now - 60.0 / (double)c->opts.per_minute) + 60.0 / (double)c->opts.per_minute;
        rc = send_one(r, &c->slots[i], request);
    }
    return rc;
}

/* ---- receiving -------------------------------------------------------------------------------------- */

static const char *header(CURL *curl, const char *name)
{
    struct curl_header *h;
    return curl_easy_header(curl, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK ? h->value : "";
}

/* Seconds that Retry-After asks for, by number or date; 0: it is not there. */
static double retry_after(CURL *curl)
{
    const char *value = header(curl, "Retry-After");
    int64_t seconds;
    if (num_parse_i64(str_from(value), &seconds))
        return seconds > 0 ? (double)seconds : 0;
    time_t when = *value ? curl_getdate(value, NULL) : -1;
    return when > time(NULL) ? difftime(when, time(NULL)) : 0;
}

/* The server's words, without the key should they hold it. */
static void add_words(const struct http_client *c, struct str body, struct buf *out)
{
    struct buf words = BUF_INIT(1 << 16);
    const char *key = c->server->authorization ? strrchr(c->server->authorization, ' ') + 1 : NULL;
    http_read_error(body, &words);
    struct str rest = buf_str(&words);
    ptrdiff_t at;
    while (key && (at = str_find(rest, str_from(key), 0)) >= 0) {
        buf_add(out, rest.p, (size_t)at);
        buf_adds(out, "(the key)");
        size_t used = (size_t)at + strlen(key);
        rest = (struct str){rest.p + used, rest.n - used};
    }
    buf_addstr(out, rest);
    buf_release(&words);
}

enum fate { FATE_READ, FATE_AGAIN, FATE_REFUSED, FATE_END };

/* What a status means; for all but FATE_READ *why tells. */
static enum fate judge(struct http_client *c, struct slot *s, CURLcode code, struct err *why)
{
    struct buf words = BUF_INIT(MESSAGE_MAX);
    long status = 0;
    enum fate fate = FATE_END;
    curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
    c->status = code && !buf_failed(&s->body) ? 0 : status;
    if (buf_failed(&s->body)) {
        err_set(why, CARAT_ENET, "an answer of more than %zu MiB", BODY_MAX >> 20);
        return FATE_AGAIN;
    }
    if (code) {
        err_set(why, CARAT_ENET, "%s", s->curl_says[0] ? s->curl_says : curl_easy_strerror(code));
        return FATE_AGAIN;
    }
    if (status == 200)
        return FATE_READ;
    add_words(c, buf_str(&s->body), &words);
    err_set(why, CARAT_ENET, "status %ld%s%s", status, words.n ? ": " : "", words.n ? words.p : "");
    buf_release(&words);
    if (status == 408 || status == 425 || status == 429 || status >= 500)
        fate = FATE_AGAIN;
    else if (status == 400 || status == 413 || status == 422)
        fate = FATE_REFUSED;
    else if (status == 401 || status == 403)
        err_hint(why, "the key is taken from CARAT_API_KEY, else from OPENAI_API_KEY");
    else if (status >= 300 && status < 400) {
        err_set(why, CARAT_ENET, "the server sends us on to '%.200s', and no redirect is followed: prompts and key are for the address "
                                 "that was given", header(s->curl, "Location"));
        err_hint(why, "give that address, if you trust it");
    } else if (status == 404)
        err_hint(why, "is the address right? /completions should stand behind %s; where there are conversations alone, --chat asks for "
                 "those", c->server->base);
    return fate;
}

static enum carat_err give_up(struct round *r, const struct err *why)
{
    err_set(r->err, CARAT_ENET, "%s: %s", r->c->server->base, why->msg);
    return why->hint[0] ? err_hint(r->err, "%s", why->hint) : CARAT_ENET;
}

static enum carat_err try_again(struct round *r, struct slot *s, const struct err *why)
{
    struct http_client *c = r->c;
    struct state *state = &r->states[s->request];
    double asked = retry_after(s->curl), wait = FIRST_WAIT_S * exp2(state->tries - 1);
    if (asked > MAX_RETRY_AFTER_S) {
        err_set(r->err, CARAT_ENET, "%s: %s; it asks for %.0f s of patience", c->server->base, why->msg, asked);
        return CARAT_ENET;
    }
    bool resigned = c->resigned && (c->status == 200 || c->status == 500 || c->status == 501);
    if ((size_t)state->tries > c->opts.retries || resigned) {
        bool lives = c->status != 0 && c->status != 429 && c->status != 503;
        if (resigned || (lives && r->n_failed++ < FAILED_MAX))
            return r->work->on_refused(r->work->context, s->request, why, r->err);
        err_set(r->err, CARAT_ENET, "%s: %s; asked %d times", c->server->base, why->msg, state->tries);
        return err_hint(r->err, "what is answered is kept; the same command goes on from there");
    }
    wait = asked > 0 ? asked : fmin(wait, MAX_WAIT_S);
    state->at = clock_seconds() + wait;
    if (asked > 0)
        c->held_until_s = fmax(c->held_until_s, state->at);
    put_back(r, s->request);
    return CARAT_OK;
}

static enum carat_err settle(struct round *r, struct slot *s, CURLcode code)
{
    struct err why = ERR_INIT;
    enum fate fate = judge(r->c, s, code, &why);
    if (fate == FATE_READ) {
        enum carat_err rc = r->work->on_answer(r->work->context, s->request, buf_str(&s->body), &why);
        if (!rc)
            r->n_failed = 0;
        if (rc && rc != CARAT_EINPUT && r->err)
            *r->err = why;
        if (rc != CARAT_EINPUT)
            return rc;
        fate = FATE_AGAIN;
    }
    if (fate == FATE_AGAIN)
        return try_again(r, s, &why);
    if (fate == FATE_REFUSED) {
        r->n_failed = 0;
        return r->work->on_refused(r->work->context, s->request, &why, r->err);
    }
    return give_up(r, &why);
}

static enum carat_err take_answers(struct round *r)
{
    int left;
    enum carat_err rc = CARAT_OK;
    for (CURLMsg *m; !rc && (m = curl_multi_info_read(r->c->multi, &left));) {
        struct slot *s;
        CURLcode code = m->data.result;
        if (m->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &s);
        curl_multi_remove_handle(r->c->multi, s->curl);
        s->busy = false;
        r->n_busy--;
        rc = settle(r, s, code);
        free(s->url);
        s->url = NULL;
    }
    return rc;
}

enum carat_err http_client_run(struct http_client *c, const struct http_work *work, struct err *err)
{
    struct round r = {.c = c, .work = work, .err = err};
    enum carat_err rc = CARAT_OK;
    r.states = calloc(work->n + 1, sizeof *r.states);
    r.waiting = calloc(work->n + 1, sizeof *r.waiting);
    if (!r.states || !r.waiting)
        rc = err_nomem(err, "the requests");
    for (size_t i = 0; i < work->n && !rc; i++)
        put_back(&r, i);
    while (!rc && (r.n_waiting || r.n_busy)) {
        double wait_s;
        int running;
        rc = send_ready(&r, &wait_s);
        if (!rc && curl_multi_perform(c->multi, &running))
            rc = err_set(err, CARAT_ENET, "the requests cannot go on");
        if (!rc)
            rc = take_answers(&r);
        if (!rc && work->on_tick)
            rc = work->on_tick(work->context, err);
        if (!rc && (r.n_waiting || r.n_busy))
            curl_multi_poll(c->multi, NULL, 0, (int)fmin(TICK_MS, fmax(1, 1e3 * wait_s)), NULL);
    }
    for (size_t i = 0; i < c->n_slots; i++)
        drop_flight(c, &c->slots[i]);
    free(r.states);
    free(r.waiting);
    return rc;
}
