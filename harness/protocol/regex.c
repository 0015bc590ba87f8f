/* regex.c - see regex.h.
 *
 * findall() and sub() walk a text by the same rule: the next search begins where the last match
 * ended, and behind an empty match it must not be empty at that place again. That is PCRE2's NOTEMPTY_ATSTART
 * (and not ANCHORED), so "x*" finds in "axb": "", "x", "", "" as Python does since 3.7.
 * The interpreter is used, not the JIT: its match limit counts the same steps on every machine.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "regex.h"

#include <limits.h>
#include <stdlib.h>

#include <pcre2.h>

/* About a second of one core. The harmless patterns in use take some dozen steps a byte. */
enum { MATCH_LIMIT = 10 * 1000 * 1000, HEAP_LIMIT_KIB = 64 * 1024 };

struct regex {
    pcre2_code *code;
    pcre2_match_context *limits;
    uint32_t n_groups;
    char *pattern;
};

static enum carat_err compile(struct regex *re, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    int number;
    PCRE2_SIZE offset;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    re->limits = pcre2_match_context_create(NULL);
    if (!context || !re->limits) {
        rc = err_nomem(err, "a regular expression");
        goto out;
    }
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pcre2_set_match_limit(re->limits, MATCH_LIMIT);
    pcre2_set_heap_limit(re->limits, HEAP_LIMIT_KIB);
    re->code = pcre2_compile((PCRE2_SPTR)re->pattern, PCRE2_ZERO_TERMINATED,
                             PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &number, &offset, context);
    if (!re->code) {
        char why[128] = "";
        pcre2_get_error_message(number, (PCRE2_UCHAR *)why, sizeof why);
        rc = err_set(err, CARAT_EUNSUPPORTED, "the pattern '%s' does not compile: %s at offset %zu", re->pattern, why,
                     offset);
        goto out;
    }
    pcre2_pattern_info(re->code, PCRE2_INFO_CAPTURECOUNT, &re->n_groups);
out:
    pcre2_compile_context_free(context);
    return rc;
}

enum carat_err regex_new(const char *pattern, struct regex **out, struct err *err)
{
    *out = NULL;
    struct regex *re = calloc(1, sizeof *re);
    if (!re || !(re->pattern = strdup(pattern))) {
        regex_free(re);
        return err_nomem(err, "a regular expression");
    }
    enum carat_err rc = compile(re, err);
    if (rc)
        regex_free(re);
    else
        *out = re;
    return rc;
}

void regex_free(struct regex *re)
{
    if (!re)
        return;
    pcre2_code_free(re->code);
    pcre2_match_context_free(re->limits);
    free(re->pattern);
    free(re);
}

const char *regex_pattern(const struct regex *re) { return re->pattern; }

/* ---- the walk over a text ---------------------------------------------------------------- */

struct scan {
    const struct regex *re;
    struct str text;
    pcre2_match_data *match;
    const PCRE2_SIZE *ends; /* of the match found: [2 g] and [2 g + 1] bound group g */
    size_t at;
    uint32_t flags;
};

static enum carat_err scan_begin(struct scan *scan, const struct regex *re, struct str text, struct err *err)
{
    *scan = (struct scan){.re = re, .text = text, .flags = PCRE2_NO_UTF_CHECK};
    if (!utf8_valid(text))
        return err_set(err, CARAT_EINPUT, "the text to match is not UTF-8");
    if (!text.p)
        scan->text.p = "";
    scan->match = pcre2_match_data_create_from_pattern(re->code, NULL);
    return scan->match ? CARAT_OK : err_nomem(err, "a match");
}

static void scan_end(struct scan *scan) { pcre2_match_data_free(scan->match); }

static enum carat_err scan_next(struct scan *scan, bool *found, struct err *err)
{
    *found = false;
    int rc = pcre2_match(scan->re->code, (PCRE2_SPTR)scan->text.p, scan->text.n, scan->at, scan->flags, scan->match,
                         scan->re->limits);
    if (rc == PCRE2_ERROR_NOMATCH)
        return CARAT_OK;
    if (rc < 0) {
        char why[128] = "";
        pcre2_get_error_message(rc, (PCRE2_UCHAR *)why, sizeof why);
        return err_set(err, CARAT_EUNSUPPORTED, "the pattern '%s' gave up on a text of %zu bytes: %s",
                       scan->re->pattern, scan->text.n, why);
    }
    scan->ends = pcre2_get_ovector_pointer(scan->match);
    if (scan->ends[0] > scan->ends[1] || scan->ends[0] < scan->at) /* \K; Python has none */
        return err_set(err, CARAT_EUNSUPPORTED, "the pattern '%s' moves its match's start", scan->re->pattern);
    scan->at = scan->ends[1];
    scan->flags = PCRE2_NO_UTF_CHECK | (scan->ends[0] == scan->ends[1] ? PCRE2_NOTEMPTY_ATSTART : 0);
    *found = true;
    return CARAT_OK;
}

static struct str scan_group(const struct scan *scan, uint32_t group)
{
    PCRE2_SIZE from = scan->ends[2 * group], to = scan->ends[2 * group + 1];
    if (from == PCRE2_UNSET)
        return STR("");
    return (struct str){scan->text.p + from, to - from};
}

/* What findall() makes of one match. */
static bool scan_element(const struct scan *scan, struct str *out)
{
    if (scan->re->n_groups <= 1) {
        *out = scan_group(scan, scan->re->n_groups);
        return true;
    }
    for (uint32_t g = 1; g <= scan->re->n_groups; g++) {
        *out = scan_group(scan, g);
        if (out->n)
            return true;
    }
    return false;
}

/* Goes to the match number `index`; *n is how many were seen, at most index + 1. */
static enum carat_err scan_to(struct scan *scan, size_t index, size_t *n, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    bool found = true;
    for (*n = 0; *n <= index && !rc && found;) {
        rc = scan_next(scan, &found, err);
        *n += found;
    }
    return rc;
}

enum carat_err regex_pick(const struct regex *re, struct str text, int select, bool *found, struct str *out,
                          struct err *err)
{
    struct scan scan;
    size_t n = 0, index = select < 0 ? SIZE_MAX - 1 : (size_t)select;
    *found = false;
    enum carat_err rc = scan_begin(&scan, re, text, err);
    if (!rc)
        rc = scan_to(&scan, index, &n, err);
    size_t back = select < 0 ? (size_t)-(long)select : 0;
    if (!rc && back && back <= n) { /* from the end: now that the count is known, once more */
        index = n - back;
        scan.at = 0;
        scan.flags = PCRE2_NO_UTF_CHECK;
        rc = scan_to(&scan, index, &n, err);
    }
    if (!rc && n == index + 1)
        *found = scan_element(&scan, out);
    scan_end(&scan);
    return rc;
}

typedef void put_fn(const struct scan *scan, struct str with, struct buf *out);

static void put_as_it_is(const struct scan *scan, struct str with, struct buf *out)
{
    (void)scan;
    buf_addstr(out, with);
}

static void put_groups(const struct scan *scan, struct str with, struct buf *out)
{
    for (size_t i = 0; i < with.n; i++) {
        const bool group = with.p[i] == '\\' && i + 1 < with.n && with.p[i + 1] >= '1' && with.p[i + 1] <= '9';
        if (!group)
            buf_addc(out, with.p[i]);
        else if ((uint32_t)(with.p[++i] - '0') <= scan->re->n_groups)
            buf_addstr(out, scan_group(scan, (uint32_t)(with.p[i] - '0')));
    }
}

static enum carat_err substitute(const struct regex *re, struct str text, struct str with, put_fn *put, struct buf *out,
                                 struct err *err)
{
    struct scan scan;
    bool found = true;
    size_t done = 0;
    enum carat_err rc = scan_begin(&scan, re, text, err);
    while (!rc && found) {
        rc = scan_next(&scan, &found, err);
        if (!rc && found) {
            buf_add(out, scan.text.p + done, scan.ends[0] - done);
            put(&scan, with, out);
            done = scan.ends[1];
        }
    }
    if (!rc && buf_add(out, scan.text.p + done, scan.text.n - done))
        rc = err_nomem(err, "a text with replacements");
    scan_end(&scan);
    return rc;
}

enum carat_err regex_sub(const struct regex *re, struct str text, struct str with, struct buf *out, struct err *err)
{
    return substitute(re, text, with, put_as_it_is, out, err);
}

enum carat_err regex_expand(const struct regex *re, struct str text, struct str with, struct buf *out, struct err *err)
{
    return substitute(re, text, with, put_groups, out, err);
}
