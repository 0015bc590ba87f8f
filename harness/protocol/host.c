/* host.c - see host.h and `struct carat_host` in tasks/task.h. */
#include "host.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/cas/cas.h"
#include "base/casemap.h"

static const json_t *json_of(const struct carat_value *value) { return (const json_t *)value; }

/* ---- rows ---------------------------------------------------------------------------------- */

static const struct carat_value *get(const struct carat_value *object, const char *key)
{
    return key ? host_value(json_object_get(json_of(object), key)) : NULL;
}

static const struct carat_value *at(const struct carat_value *array, size_t index)
{
    return host_value(json_array_get(json_of(array), index));
}

static size_t length(const struct carat_value *array) { return json_array_size(json_of(array)); }

static bool text(const struct carat_value *value, struct carat_text *out)
{
    *out = (struct carat_text){NULL, 0};
    if (!json_is_string(json_of(value)))
        return false;
    *out = (struct carat_text){json_string_value(json_of(value)), json_string_length(json_of(value))};
    return true;
}

static bool integer(const struct carat_value *value, int64_t *out)
{
    *out = 0;
    if (!json_is_integer(json_of(value)))
        return false;
    *out = json_integer_value(json_of(value));
    return true;
}

static bool boolean(const struct carat_value *value, bool *out)
{
    *out = json_is_true(json_of(value));
    return json_is_boolean(json_of(value));
}

/* ---- failure and memory ---------------------------------------------------------------------- */

static int fail(struct carat_ctx *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int fail(struct carat_ctx *ctx, const char *fmt, ...)
{
    if (!ctx->failed) {
        char why[sizeof ctx->err->msg];
        va_list args;
        va_start(args, fmt);
        vsnprintf(why, sizeof why, fmt, args);
        va_end(args);
        ctx->failed = err_set(ctx->err, CARAT_EINPUT, "%s", why);
    }
    return -1;
}

static void fail_memory(struct carat_ctx *ctx)
{
    if (!ctx->failed)
        ctx->failed = err_nomem(ctx->err, "an item");
}

static void *alloc(struct carat_ctx *ctx, size_t n)
{
    void *p = arena_alloc(ctx->arena, n ? n : 1);
    if (!p)
        fail_memory(ctx);
    return p;
}

/* Moves the buffer's text to the item's memory and releases the buffer. */
static struct carat_text keep(struct carat_ctx *ctx, struct buf *b)
{
    struct carat_text out = {NULL, 0};
    char *p = buf_failed(b) ? NULL : arena_dup(ctx->arena, b->p ? b->p : "", b->n);
    if (p)
        out = (struct carat_text){p, b->n};
    else
        fail_memory(ctx);
    buf_release(b);
    return out;
}

/* ---- text ---------------------------------------------------------------------------------- */

static struct carat_text format(struct carat_ctx *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static struct carat_text format(struct carat_ctx *ctx, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *p = n < 0 ? NULL : alloc(ctx, (size_t)n + 1);
    if (p)
        vsnprintf(p, (size_t)n + 1, fmt, again);
    else if (n < 0)
        fail(ctx, "the format '%s' is wrong", fmt);
    va_end(again);
    return (struct carat_text){p, p ? (size_t)n : 0};
}

static struct carat_text join(struct carat_ctx *ctx, const struct carat_text *parts, size_t n)
{
    size_t size = 0;
    for (size_t i = 0; i < n; i++)
        if (!num_add(size, parts[i].n, &size)) {
            fail_memory(ctx);
            return (struct carat_text){NULL, 0};
        }
    char *p = alloc(ctx, size);
    if (!p)
        return (struct carat_text){NULL, 0};
    char *to = p;
    for (size_t i = 0; i < n; i++) {
        if (parts[i].n)
            memcpy(to, parts[i].p, parts[i].n);
        to += parts[i].n;
    }
    return (struct carat_text){p, size};
}

static struct carat_text strip(struct carat_text s)
{
    return s.p ? text_of(utf8_strip(str_of(s))) : s;
}

static struct carat_text capitalize(struct carat_ctx *ctx, struct carat_text s)
{
    struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
    casemap_capitalize(str_of(s), &b);
    return keep(ctx, &b);
}

static struct carat_text replace(struct carat_ctx *ctx, struct carat_text s, const char *what, const char *with)
{
    struct str needle = str_from(what);
    struct str view = str_of(s);
    struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
    size_t done = 0;
    if (needle.n)
        for (ptrdiff_t hit; (hit = str_find(view, needle, done)) >= 0; done = (size_t)hit + needle.n) {
            buf_add(&b, view.p + done, (size_t)hit - done);
            buf_adds(&b, with);
        }
    if (view.n > done)
        buf_add(&b, view.p + done, view.n - done);
    return keep(ctx, &b);
}

/* The pattern compiled, from the item's few; *own says that the caller frees it. */
static struct regex *pattern_of(struct carat_ctx *ctx, const char *pattern, bool *own)
{
    *own = false;
    for (size_t i = 0; i < ctx->n_patterns; i++)
        if (strcmp(regex_pattern(ctx->patterns[i]), pattern) == 0)
            return ctx->patterns[i];
    struct regex *re = NULL;
    ctx->failed = regex_new(pattern, &re, ctx->err);
    if (re && ctx->n_patterns < HOST_PATTERNS)
        ctx->patterns[ctx->n_patterns++] = re;
    else
        *own = true;
    return re;
}

typedef enum carat_err sub_fn(const struct regex *re, struct str text, struct str with, struct buf *out, struct err *err);

static struct carat_text substitute(struct carat_ctx *ctx, struct carat_text s, const char *pattern, const char *with,
                                    sub_fn *sub)
{
    bool own;
    struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
    struct regex *re = ctx->failed ? NULL : pattern_of(ctx, pattern, &own);
    if (!re)
        return (struct carat_text){NULL, 0};
    enum carat_err rc = sub(re, str_of(s), str_from(with), &b, ctx->err);
    if (own)
        regex_free(re);
    if (rc) {
        ctx->failed = rc;
        buf_release(&b);
        return (struct carat_text){NULL, 0};
    }
    return keep(ctx, &b);
}

static struct carat_text regex_replace(struct carat_ctx *ctx, struct carat_text s, const char *pattern,
                                       const char *with)
{
    return substitute(ctx, s, pattern, with, regex_sub);
}

static struct carat_text regex_expand_groups(struct carat_ctx *ctx, struct carat_text s, const char *pattern,
                                             const char *with)
{
    return substitute(ctx, s, pattern, with, regex_expand);
}

static bool regex_find(struct carat_ctx *ctx, struct carat_text s, const char *pattern, int select,
                       struct carat_text *out)
{
    bool own, found = false;
    struct str match = STR("");
    struct regex *re = ctx->failed ? NULL : pattern_of(ctx, pattern, &own);
    *out = (struct carat_text){NULL, 0};
    if (!re)
        return false;
    enum carat_err rc = regex_pick(re, str_of(s), select, &found, &match, ctx->err);
    if (own)
        regex_free(re);
    if (rc)
        ctx->failed = rc;
    else if (found)
        *out = text_of(match);
    return !rc && found;
}

static const char *subset(const struct carat_ctx *ctx) { return ctx->leaf->subset ? ctx->leaf->subset->name : ""; }

static const void *self(const struct carat_ctx *ctx) { return ctx->leaf->task->self; }

static bool is_shot(const struct carat_ctx *ctx) { return ctx->is_shot; }

static const char *metric(const struct carat_ctx *ctx) { return ctx->metric ? ctx->metric : ""; }

static enum carat_algebra latex_equal(struct carat_ctx *ctx, struct carat_text a, struct carat_text b)
{
    static const enum carat_algebra verdicts[] = {[CAS_DIFFERENT] = CARAT_ALGEBRA_DIFFERENT,
                                                  [CAS_EQUAL] = CARAT_ALGEBRA_EQUAL,
                                                  [CAS_UNDECIDED] = CARAT_ALGEBRA_UNDECIDED};
    (void)ctx;
    return verdicts[cas_latex_equal(str_of(a), str_of(b))];
}

const struct carat_host *host_functions(void)
{
    static const struct carat_host host = {
        .abi = CARAT_TASK_ABI,
        .get = get,
        .at = at,
        .length = length,
        .text = text,
        .integer = integer,
        .boolean = boolean,
        .alloc = alloc,
        .format = format,
        .join = join,
        .strip = strip,
        .capitalize = capitalize,
        .replace = replace,
        .regex_replace = regex_replace,
        .regex_expand = regex_expand_groups,
        .regex_find = regex_find,
        .subset = subset,
        .self = self,
        .is_shot = is_shot,
        .metric = metric,
        .latex_equal = latex_equal,
        .fail = fail,
    };
    return &host;
}

void host_begin(struct carat_ctx *ctx, const struct proto_leaf *leaf, struct arena *arena, struct err *err)
{
    *ctx = (struct carat_ctx){.arena = arena, .err = err, .leaf = leaf};
}

enum carat_err host_end(struct carat_ctx *ctx, int rc)
{
    for (size_t i = 0; i < ctx->n_patterns; i++)
        regex_free(ctx->patterns[i]);
    ctx->n_patterns = 0;
    if (rc != 0 && !ctx->failed)
        fail(ctx, "the task failed and does not say why");
    return ctx->failed;
}
