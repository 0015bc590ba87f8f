#include <errno.h>
#include <unistd.h>

#include "commands.h"

enum carat_err demo_dir(char **out, struct err *err)
{
    enum { N_TRIES = 5 };
    static const char probe[] = "models";
    const char *env = getenv("CARAT_DATADIR");
    char *program = machine_program();
    struct buf beside = BUF_INIT(1 << 14);
    if (program)
        buf_add(&beside, program, (size_t)(strrchr(program, '/') - program)); /* an absolute path */
    free(program);
    /* The program lies in BUILD/, the folder beside it or above (BUILD=build/asan) is the source tree. */
    struct buf tries[N_TRIES];
    for (size_t i = 0; i < N_TRIES; i++)
        tries[i] = (struct buf)BUF_INIT(1 << 14);
    buf_adds(&tries[0], env);
    buf_printf(&tries[1], "%s/../demo", buf_str(&beside).p);
    buf_printf(&tries[2], "%s/../../demo", buf_str(&beside).p);
    buf_printf(&tries[3], "%s/../share/carat", buf_str(&beside).p); /* installed, wherever that is */
    buf_adds(&tries[4], CARAT_DATADIR);
    *out = NULL;
    for (size_t i = 0; i < N_TRIES && !*out; i++) {
        char *models = tries[i].n ? file_join(tries[i].p, probe) : NULL;
        if (models && file_is_dir(models))
            *out = buf_take(&tries[i], NULL);
        free(models);
    }
    buf_release(&beside);
    for (size_t i = 0; i < N_TRIES; i++)
        buf_release(&tries[i]);
    if (*out)
        return CARAT_OK;
    err_set(err, CARAT_EINPUT, "the bundled demo data is not beside this program nor in '%s'", CARAT_DATADIR);
    return err_hint(err, "set CARAT_DATADIR to the demo/ folder of carat's source tree");
}

static enum carat_err demo_model(const char *which, char **path, struct err *err)
{
    char *dir = NULL;
    enum carat_err rc = demo_dir(&dir, err);
    if (rc)
        return rc;
    struct buf b = BUF_INIT(1 << 14);
    buf_printf(&b, "%s/models/%s", dir, which);
    free(dir);
    if (strchr(which, '/') || !file_is_dir(b.p)) {
        rc = err_set(err, CARAT_EINPUT, "there is no demo checkpoint '%s'", which);
        err_hint(err, "those bundled are demo:early and demo:late");
        buf_release(&b);
        return rc;
    }
    *path = buf_take(&b, NULL);
    return *path ? CARAT_OK : err_nomem(err, "a path");
}

/* The last part of a path, without slashes at the end: how a model is called by default. */
static char *base_name(const char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    size_t from = n;
    while (from && path[from - 1] != '/')
        from--;
    return strndup(path + from, n - from);
}

enum carat_err model_path(const char *word, char **name, char **path, struct err *err)
{
    /* "NAME=MODEL"; a path that has '=' in it but no such name part can be given as ./path. */
    const char *equals = strchr(word, '='), *slash = strchr(word, '/');
    char *own = NULL, *served = NULL;
    enum carat_err rc = CARAT_OK;
    *path = NULL;
    if (equals && equals > word && (!slash || equals < slash)) {
        own = strndup(word, (size_t)(equals - word));
        word = equals + 1;
    }
    if (strncmp(word, "demo:", 5) == 0)
        rc = demo_model(word + 5, path, err);
    else if (backend_is_server(word))
        rc = backend_server_model(word, &served, err);
    else if (strstr(word, "://"))
        rc = err_set(err, CARAT_EUSAGE, "'%s': a model is a path, demo:NAME or http(s)://HOST/v1#NAME", word);
    if (!rc && !*path)
        *path = strdup(word);
    if (!rc && name)
        *name = own ? own : served ? strdup(served) : strncmp(word, "demo:", 5) == 0 ? strdup(word) : base_name(word);
    free(served);
    if (!rc && (!*path || (name && !*name)))
        rc = err_nomem(err, "a path");
    if (!name || rc)
        free(own);
    return rc;
}

static enum carat_err server_options(const struct options *o, struct http_opts *out, struct err *err)
{
    *out = (struct http_opts)HTTP_OPTS_DEFAULT;
    if (o->concurrency)
        out->concurrency = o->concurrency;
    if (o->retries >= 0)
        out->retries = (size_t)o->retries;
    if (o->request_timeout > 0)
        out->timeout_s = o->request_timeout;
    out->per_minute = o->per_minute;
    out->chat = o->chat;
    if (o->request_timeout <= 86400 && o->retries <= 100 && o->concurrency <= 1024 && o->per_minute <= 1000000)
        return CARAT_OK;
    return err_set(err, CARAT_EUSAGE, "--request-timeout wants at most 86400, --retries 100, --concurrency 1024, "
                                      "--requests-per-minute 1000000");
}

enum carat_err backend_options(const struct options *o, struct backend_opts *out, struct err *err)
{
    *out = (struct backend_opts){.n_threads = o->threads,
                                 .batch_tokens = o->batch_tokens,
                                 .memory_bytes = o->memory,
                                 .max_length = o->max_length,
                                 .add_bos = o->no_bos ? 0 : -1,
                                 .rehash = o->rehash};
    if (o->precision && !carat_precision_find(o->precision, &out->precision))
        return err_set(err, CARAT_EUSAGE, "there is no precision '%.40s'", o->precision);
    if (o->weights && !carat_weights_find(o->weights, &out->weights))
        return err_set(err, CARAT_EUSAGE, "there is no type of weights '%.40s'", o->weights);
    if (o->truncation && strcmp(o->truncation, "left") == 0)
        out->truncation = TRUNCATE_LEFT;
    if (o->decode && strcmp(o->decode, "continuation") == 0)
        out->decode = DECODE_CONTINUATION;
    if (o->threads > 1024)
        return err_set(err, CARAT_EUSAGE, "--threads wants at most 1024");
    if (o->batch_tokens > 65536)
        return err_set(err, CARAT_EUSAGE, "--batch-tokens wants at most 65536");
    return server_options(o, &out->http, err);
}

enum carat_err open_one_backend(const struct options *o, struct backend **out, struct err *err)
{
    struct backend_opts opts;
    char *path = NULL;
    *out = NULL;
    if (o->models.n != 1)
        return err_set(err, CARAT_EUSAGE, "wants one -m MODEL: a checkpoint's folder, a .gguf file, demo:NAME or a server's URL#NAME");
    enum carat_err rc = backend_options(o, &opts, err);
    if (!rc)
        rc = model_path(o->models.items[0], NULL, &path, err);
    if (!rc)
        rc = backend_open(path, &opts, out, err);
    free(path);
    return rc;
}

bool want_color(const struct options *o, FILE *stream)
{
    if (o->color && strcmp(o->color, "always") == 0)
        return true;
    if ((o->color && strcmp(o->color, "never") == 0) || (getenv("NO_COLOR") && *getenv("NO_COLOR")))
        return false;
    return isatty(fileno(stream));
}
