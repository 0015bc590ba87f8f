/* http_server.c - see http.h. */
#include "http.h"

#include <curl/curl.h>
#include <stdlib.h>

enum { KEY_MAX = 8192 };

static bool is_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 || strcmp(host, "[::1]") == 0;
}

static enum carat_err bad_url(const char *word, const char *why, struct err *err)
{
    err_set(err, CARAT_EUSAGE, "'%s': %s", word, why);
    return err_hint(err, "a server's model is URL#NAME: http://localhost:8000/v1#my-model");
}

/* The parts of the URL, looked at by the library that will use it. */
static enum carat_err split(const char *word, struct http_server *s, char **scheme, struct err *err)
{
    char *user = NULL, *host = NULL, *model = NULL, *query = NULL, *base = NULL;
    enum carat_err rc = CARAT_OK;
    CURLU *url = curl_url();
    if (!url)
        return err_nomem(err, "an address");
    if (curl_url_set(url, CURLUPART_URL, word, 0) || curl_url_get(url, CURLUPART_SCHEME, scheme, 0) ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) || (strcmp(*scheme, "http") && strcmp(*scheme, "https")))
        rc = bad_url(word, "is no http or https address", err);
    else if (curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_OK)
        rc = bad_url("(not shown)", "an address with a password in it is not taken; a key goes into CARAT_API_KEY", err);
    else if (curl_url_get(url, CURLUPART_QUERY, &query, 0) == CURLUE_OK)
        rc = bad_url(word, "has a '?'", err);
    else if (curl_url_get(url, CURLUPART_FRAGMENT, &model, CURLU_URLDECODE) || !*model)
        rc = bad_url(word, "names no model behind a '#'", err);
    else if (curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0) || curl_url_get(url, CURLUPART_URL, &base, 0))
        rc = err_nomem(err, "an address");
    if (!rc) {
        size_t n = strlen(base);
        while (n && base[n - 1] == '/')
            n--;
        s->base = strndup(base, n);
        s->model = strdup(model);
        s->loopback = is_loopback(host);
        rc = s->base && s->model ? CARAT_OK : err_nomem(err, "an address");
    }
    curl_free(user);
    curl_free(host);
    curl_free(model);
    curl_free(query);
    curl_free(base);
    curl_url_cleanup(url);
    return rc;
}

static enum carat_err take_key(struct http_server *s, bool secret_way, struct err *err)
{
    const char *name = "CARAT_API_KEY", *key = getenv(name);
    if (!key || !*key)
        key = getenv(name = "OPENAI_API_KEY");
    if (!key || !*key)
        return CARAT_OK;
    for (const char *p = key; *p; p++)
        if (*p <= ' ' || *p > '~' || p - key > KEY_MAX)
            return err_set(err, CARAT_EUSAGE, "%s holds what no key has: blanks, control characters or too many", name);
    if (!secret_way) {
        err_set(err, CARAT_EUSAGE, "the key in %s would go to %s in the clear", name, s->base);
        return err_hint(err, "use https, or unset %s", name);
    }
    struct buf line = BUF_INIT(2 * KEY_MAX);
    buf_printf(&line, "Authorization: Bearer %s", key);
    s->authorization = buf_take(&line, NULL);
    return s->authorization ? CARAT_OK : err_nomem(err, "the key");
}

enum carat_err http_server_open(const char *word, struct http_server *out, struct err *err)
{
    char *scheme = NULL;
    *out = (struct http_server){0};
    enum carat_err rc = split(word, out, &scheme, err);
    if (!rc)
        rc = take_key(out, out->loopback || strcmp(scheme, "https") == 0, err);
    curl_free(scheme);
    if (rc)
        http_server_release(out);
    return rc;
}

void http_server_release(struct http_server *s)
{
    free(s->base);
    free(s->model);
    free(s->authorization);
    *s = (struct http_server){0};
}

bool backend_is_server(const char *word)
{
    return strncmp(word, "http://", 7) == 0 || strncmp(word, "https://", 8) == 0;
}

enum carat_err backend_server_model(const char *word, char **model, struct err *err)
{
    struct http_server s;
    *model = NULL;
    enum carat_err rc = http_server_open(word, &s, err);
    if (rc)
        return rc;
    *model = s.model;
    s.model = NULL;
    http_server_release(&s);
    return CARAT_OK;
}
