#define PCRE2_CODE_UNIT_WIDTH 8
#include "pattern.h"

#include <pcre2.h>

#include "unicode.h"

/* A regular expression comes from a file: it may be made to take forever. A text of n bytes may take this and 64 n steps. */
#define PATTERN_MATCH_LIMIT 1000000

static enum carat_err bad_regex(struct str regex, int code, size_t at, struct err *err)
{
    PCRE2_UCHAR message[128] = "";
    pcre2_get_error_message(code, message, sizeof message);
    return err_set(err, CARAT_EUNSUPPORTED, "the regular expression '%.*s': offset %zu: %s",
                   (int)(regex.n < 200 ? regex.n : 200), regex.p, at, (const char *)message);
}

/* No lookbehind, \b or \B, which PCRE2 counts, and none of \A, \G, \K and ^, which it does not. */
static bool looks_ahead_only(const pcre2_code *code, struct str regex)
{
    uint32_t behind = 1;
    for (size_t i = 0; i < regex.n; i++)
        if (regex.p[i] == '^' && (!i || regex.p[i - 1] != '['))
            return false;
    pcre2_pattern_info(code, PCRE2_INFO_MAXLOOKBEHIND, &behind);
    return behind == 0 && str_find(regex, STR("\\A"), 0) < 0 && str_find(regex, STR("\\G"), 0) < 0 &&
           str_find(regex, STR("\\K"), 0) < 0;
}

enum carat_err pattern_compile(struct pattern *p, struct str regex, struct err *err)
{
    struct buf text = BUF_INIT(1 << 20);
    int code;
    PCRE2_SIZE at;
    enum carat_err failed = pattern_translate(regex, &text, err);
    if (!failed) {
        p->code = pcre2_compile((PCRE2_SPTR)buf_str(&text).p, text.n,
                                PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &code, &at, NULL);
        if (!p->code)
            failed = bad_regex(buf_str(&text), code, at, err);
        else
            /* where it cannot, the interpreter gives the same */
            pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE | PCRE2_JIT_PARTIAL_HARD);
        p->ahead_only = p->code && looks_ahead_only(p->code, buf_str(&text));
    }
    buf_release(&text);
    return failed;
}

void pattern_release(struct pattern *p)
{
    pcre2_code_free(p->code);
    *p = (struct pattern){.code = NULL};
}

void pattern_work_release(struct pattern_work *w)
{
    pcre2_match_data_free(w->match);
    pcre2_match_context_free(w->limits);
    buf_release(&w->text);
    *w = (struct pattern_work)PATTERN_WORK_INIT;
}

static bool work_ready(struct pattern_work *w, size_t n_text)
{
    if (!w->match)
        w->match = pcre2_match_data_create(1, NULL);
    if (!w->limits)
        w->limits = pcre2_match_context_create(NULL);
    if (!w->match || !w->limits)
        return false;
    size_t limit = PATTERN_MATCH_LIMIT + 64 * n_text;
    pcre2_set_match_limit(w->limits, limit < UINT32_MAX ? (uint32_t)limit : UINT32_MAX);
    return true;
}

enum carat_err pattern_begin(struct pattern_scan *scan, const struct pattern *p, struct str text, struct pattern_work *work,
                             struct err *err)
{
    *scan = (struct pattern_scan){.pattern = p, .work = work, .text = text, .last = SIZE_MAX};
    if (p->code && (!work_ready(work, text.n) || uni_for_pcre(text, &work->text, &scan->text)))
        return err_nomem(err, "a regular expression");
    return CARAT_OK;
}

static bool find_literal(const struct pattern_scan *s, size_t *start, size_t *end)
{
    struct str what = s->pattern->literal;
    ptrdiff_t at = what.n ? str_find(s->text, what, s->at) : -1;
    if (at < 0)
        return false;
    *start = (size_t)at;
    *end = *start + what.n;
    return true;
}

static enum carat_err find(const struct pattern_scan *s, size_t *start, size_t *end, bool *found, struct err *err)
{
    struct pattern_work *w = s->work;
    *found = false;
    if (!s->pattern->code) {
        *found = find_literal(s, start, end);
        return CARAT_OK;
    }
    const uint32_t options = PCRE2_NO_UTF_CHECK | (s->sure ? PCRE2_PARTIAL_HARD : 0);
    int rc = pcre2_match(s->pattern->code, (PCRE2_SPTR)s->text.p, s->text.n, s->at, options, w->match, w->limits);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
        rc = pcre2_match(s->pattern->code, (PCRE2_SPTR)s->text.p, s->text.n, s->at, options | PCRE2_NO_JIT, w->match, w->limits);
    if (rc == PCRE2_ERROR_NOMATCH || rc == PCRE2_ERROR_PARTIAL)
        return CARAT_OK;
    if (rc < 0)
        return err_set(err, CARAT_EINPUT, "the tokenizer's regular expression takes too long on this text (PCRE2 error %d)", rc);
    *start = pcre2_get_ovector_pointer(w->match)[0];
    *end = pcre2_get_ovector_pointer(w->match)[1];
    *found = *start <= *end; /* \K in a lookahead can turn them round */
    return CARAT_OK;
}

enum carat_err pattern_next(struct pattern_scan *s, size_t *start, size_t *end, bool *found, struct err *err)
{
    for (*found = false; s->at <= s->text.n;) {
        enum carat_err failed = find(s, start, end, found, err);
        if (failed || !*found)
            return failed;
        if (*start < *end || *end != s->last) {
            s->at = s->last = *end;
            return CARAT_OK;
        }
        *found = false;
        if (s->at == s->text.n)
            break;
        utf8_next(s->text, &s->at);
    }
    return CARAT_OK;
}
