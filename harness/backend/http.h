/* http.h - an OpenAI-compatible server as a backend, private to this folder. The parts, in the order to read them:
 *
 *     http_server.c    "http://host:port/v1#model" and the key for it
 *     http_api.c       what is said: bodies of requests, and what is read from answers (pure functions, fuzzed)
 *     http_client.c    how it is said: many at once, tried again, slowly enough
 *     http_backend.c   the backend made of these
 */
#ifndef CARAT_HTTP_H
#define CARAT_HTTP_H

#include "backend_int.h"

/* ---- the server ---------------------------------------------------------------------------- */

struct http_server {
    char *base;              /* "http://host:port/v1", no slash at the end; owned */
    char *model;             /* owned */
    char *authorization;     /* "Authorization: Bearer ..." or NULL; owned, never shown */
    bool loopback;           /* of this machine */
};
/* `word` is URL#MODEL. The key comes from CARAT_API_KEY, else OPENAI_API_KEY, and is not sent in the clear but to this
 * machine: then it is an error. */
enum carat_err http_server_open(const char *word, struct http_server *out, struct err *err);
void http_server_release(struct http_server *s);

/* ---- the words ------------------------------------------------------------------------------- */

/* The body of a request. With `echo` the log-probabilities of its own text are asked for, and one token more, for some servers
 * take none for "as many as you can". */
enum carat_err http_write_generate(const char *model, const struct request *r, bool chat, struct buf *out, struct err *err);
enum carat_err http_write_echo(const char *model, struct str text, bool echo, struct buf *out, struct err *err);

struct http_text {           /* a generation */
    struct buf text;
    bool cut;                /* at max_tokens */
    int64_t prompt_tokens, text_tokens; /* as the server counts; 0 where it does not */
};
enum carat_err http_read_text(struct str body, bool chat, struct http_text *out, struct err *err);

struct http_tokens {         /* an echo: the tokens of the prompt's own text */
    struct arena arena;
    struct str *texts;       /* [n] */
    size_t *offsets;         /* [n] in characters from the text's beginning, not falling */
    double *logprobs;        /* [n] NAN: none given (the first) */
    bool *greedy;            /* [n] none is likelier */
    size_t n;
};
/* `n_chars` is the text's length: tokens from there on are not its own and left out. `lead` is taken off the offsets. */
enum carat_err http_read_tokens(struct str body, size_t lead, size_t n_chars, struct http_tokens *out, struct err *err);
void http_tokens_release(struct http_tokens *t);

/* The message in an answer that tells of an error, one line; appended. */
void http_read_error(struct str body, struct buf *out);

size_t http_count_chars(struct str text);

/* ---- the wire --------------------------------------------------------------------------------- */

struct http_client;
enum carat_err http_client_open(const struct http_server *server, const struct http_opts *opts, struct http_client **out,
                                struct err *err);
void http_client_free(struct http_client *c);
/* The status of the last answer, 0 where no answer came. */
long http_client_status(const struct http_client *c);
/* Without persistence an answer that cannot be read, or a 500, is not asked for again. */
void http_client_persist(struct http_client *c, bool persist);

struct http_work {
    size_t n;
    const char *path;        /* behind the base: "/completions"; for all of them, or NULL and path_of() */
    const char *(*path_of)(void *context, size_t i);
    /* Both on the caller's thread. on_answer gets a body of status 200; CARAT_EINPUT from it means that the answer is no
     * answer: it is asked for again. */
    enum carat_err (*write)(void *context, size_t i, struct buf *body, struct err *err); /* NULL: GET */
    enum carat_err (*on_answer)(void *context, size_t i, struct str body, struct err *err);
    /* The server does not answer this one, whatever is done, but it does others. */
    enum carat_err (*on_refused)(void *context, size_t i, const struct err *why, struct err *err);
    enum carat_err (*on_tick)(void *context, struct err *err); /* now and then; may be NULL */
    void *context;
};
/* CARAT_ENET: the server is gone, or does not want us. */
enum carat_err http_client_run(struct http_client *c, const struct http_work *work, struct err *err);

#endif
