/* hook_formula.c - see hook_formula.h. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "hook_formula.h"
#include "hook_rows.h"

static const struct jinja_options options = {.keep_trailing_newline = true, .strict_undefined = true};

#define TEXT_MAX ((size_t)1 << 26)

/* ---- what a formula may call ------------------------------------------------------------------------- */

static enum carat_err text_argument(const json_t *args, size_t i, struct str *out, struct err *err)
{
    const json_t *v = json_array_get(args, i);
    *out = (struct str){json_string_value(v), json_string_length(v)};
    return json_is_string(v) ? CARAT_OK : err_set(err, CARAT_EINPUT, "a function wants a text and was given something else");
}

static enum carat_err take_text(struct buf *b, json_t **out, struct err *err)
{
    *out = buf_failed(b) ? NULL : json_text(buf_str(b));
    buf_release(b);
    return *out ? CARAT_OK : err_nomem(err, "a text");
}

/* The value of the expression in braces, as str() writes it. */
static enum carat_err add_hole(struct str hole, const json_t *names, struct buf *out, struct err *err)
{
    struct buf template = BUF_INIT(TEXT_MAX);
    struct jinja *t = NULL;
    buf_adds(&template, "{{ ");
    buf_addstr(&template, hole);
    buf_adds(&template, " }}");
    enum carat_err rc = buf_failed(&template) ? err_nomem(err, "a text") : CARAT_OK;
    if (!rc)
        rc = jinja_parse(buf_str(&template), "a hole", &options, &t, err);
    if (!rc)
        rc = jinja_render(t, &(struct jinja_run){.context = names}, out, err);
    jinja_free(t);
    buf_release(&template);
    return rc;
}

/* The index of the brace that ends the hole begun before `i`; s.n: none does. */
static size_t hole_end(struct str s, size_t i)
{
    int depth = 0;
    char quote = '\0';
    for (; i < s.n; i++) {
        if (quote) {
            quote = s.p[i] == quote ? '\0' : quote;
        } else if (s.p[i] == '\'' || s.p[i] == '"') {
            quote = s.p[i];
        } else if (s.p[i] == '}' && depth == 0) {
            return i;
        } else {
            depth += (s.p[i] == '{' || s.p[i] == '[' || s.p[i] == '(') - (s.p[i] == '}' || s.p[i] == ']' || s.p[i] == ')');
        }
    }
    return s.n;
}

static enum carat_err fill_holes(struct str s, const json_t *names, struct buf *out, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; i < s.n && !rc; i++) {
        const bool doubled = i + 1 < s.n && s.p[i + 1] == s.p[i];
        if ((s.p[i] != '{' && s.p[i] != '}') || doubled) {
            buf_addc(out, s.p[i]);
            i += doubled && (s.p[i] == '{' || s.p[i] == '}');
            continue;
        }
        const size_t end = s.p[i] == '{' ? hole_end(s, i + 1) : s.n;
        if (end == s.n)
            return err_set(err, CARAT_EINPUT, "a brace without its other half in a text of the function");
        rc = add_hole((struct str){s.p + i + 1, end - i - 1}, names, out, err);
        i = end;
    }
    return rc;
}

/* data: the formula's own context */
static enum carat_err call_fill(void *data, const json_t *args, const json_t *kwargs, json_t **result, struct err *err)
{
    struct str s;
    struct buf b = BUF_INIT(TEXT_MAX);
    json_t *names = json_copy(data);
    enum carat_err rc = text_argument(args, 0, &s, err);
    if (!rc && (!names || json_object_update(names, (json_t *)(uintptr_t)kwargs)))
        rc = err_nomem(err, "a text");
    if (!rc)
        rc = fill_holes(s, names, &b, err);
    json_decref(names);
    if (!rc)
        return take_text(&b, result, err);
    buf_release(&b);
    return rc;
}

/* int(x) of Python: towards zero; a text is digits alone. */
static bool whole_number(const json_t *v, int64_t *out)
{
    const double x = json_real_value(v);
    if (json_is_string(v))
        return num_parse_i64(utf8_strip((struct str){json_string_value(v), json_string_length(v)}), out);
    if (json_is_real(v) && !(x > -9e18 && x < 9e18))
        return false;
    *out = json_is_real(v) ? (int64_t)x : json_is_true(v) ? 1 : json_integer_value(v);
    return json_is_number(v) || json_is_boolean(v);
}

static enum carat_err call_int(void *data, const json_t *args, const json_t *kwargs, json_t **result, struct err *err)
{
    int64_t n;
    (void)data, (void)kwargs;
    if (!whole_number(json_array_get(args, 0), &n))
        return err_set(err, CARAT_EINPUT, "a field that is to be a whole number is none");
    *result = json_integer(n);
    return *result ? CARAT_OK : err_nomem(err, "a number");
}

static enum carat_err call_literal(void *data, const json_t *args, const json_t *kwargs, json_t **result, struct err *err)
{
    struct str s;
    (void)data, (void)kwargs;
    enum carat_err rc = text_argument(args, 0, &s, err);
    return rc ? rc : jinja_literal(s, result, err);
}

static enum carat_err call_clean(void *data, const json_t *args, const json_t *kwargs, json_t **result, struct err *err)
{
    struct str s;
    struct buf b = BUF_INIT(TEXT_MAX);
    (void)data, (void)kwargs;
    enum carat_err rc = text_argument(args, 0, &s, err);
    rc = rc ? rc : hook_clean(s, &b, err);
    if (!rc)
        return take_text(&b, result, err);
    buf_release(&b);
    return rc;
}

/* All matches of a pattern, as texts. */
static enum carat_err add_matches(pcre2_code *code, struct str s, json_t *list, struct err *err)
{
    pcre2_match_data *match = pcre2_match_data_create_from_pattern(code, NULL);
    enum carat_err rc = match ? CARAT_OK : err_nomem(err, "a pattern");
    for (size_t at = 0; at <= s.n && !rc;) {
        const int n = pcre2_match(code, (PCRE2_SPTR)s.p, s.n, at, PCRE2_NO_UTF_CHECK, match, NULL);
        if (n == PCRE2_ERROR_NOMATCH)
            break;
        if (n < 0) {
            rc = err_set(err, CARAT_EINPUT, "a pattern takes too long");
            break;
        }
        const PCRE2_SIZE *v = pcre2_get_ovector_pointer(match);
        if (json_array_append_new(list, json_text((struct str){s.p + v[0], v[1] - v[0]})))
            rc = err_nomem(err, "a match");
        at = v[1];
        if (v[1] == v[0] && at < s.n)
            utf8_next(s, &at);
        else if (v[1] == v[0])
            at++;
    }
    pcre2_match_data_free(match);
    return rc;
}

static enum carat_err call_findall(void *data, const json_t *args, const json_t *kwargs, json_t **result, struct err *err)
{
    struct str pattern, s;
    int number;
    PCRE2_SIZE offset;
    (void)data, (void)kwargs;
    enum carat_err rc = text_argument(args, 0, &pattern, err);
    rc = rc ? rc : text_argument(args, 1, &s, err);
    if (rc)
        return rc;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n, PCRE2_UTF | PCRE2_UCP, &number, &offset, NULL);
    if (!code)
        return err_set(err, CARAT_EINPUT, "the pattern '%.*s' is none", (int)pattern.n, pattern.p);
    *result = json_array();
    rc = *result ? add_matches(code, s, *result, err) : err_nomem(err, "matches");
    pcre2_code_free(code);
    if (rc) {
        json_decref(*result);
        *result = NULL;
    }
    return rc;
}

/* Without Unicode's punctuation and ASCII's, which has signs besides. */
static enum carat_err call_unpunct(void *data, const json_t *args, const json_t *kwargs, json_t **result, struct err *err)
{
    static const char pattern[] = "[\\p{P}!-/:-@\\[-`{-~]+";
    struct str s;
    struct buf b = BUF_INIT(TEXT_MAX);
    json_t *matches = NULL;
    size_t done = 0;
    json_t *two = json_pack("[s, O]", pattern, json_array_get(args, 0));
    enum carat_err rc = two ? text_argument(args, 0, &s, err) : err_nomem(err, "a text");
    rc = rc ? rc : call_findall(data, two, kwargs, &matches, err);
    for (size_t i = 0; i < json_array_size(matches) && !rc; i++) {
        const json_t *m = json_array_get(matches, i);
        const size_t at = (size_t)str_find(s, (struct str){json_string_value(m), json_string_length(m)}, done);
        buf_add(&b, s.p + done, at - done);
        done = at + json_string_length(m);
    }
    if (!rc)
        buf_add(&b, s.p + done, s.n - done);
    json_decref(two);
    json_decref(matches);
    if (!rc)
        return take_text(&b, result, err);
    buf_release(&b);
    return rc;
}

/* How many elements two lists have in common, each as often as both have it. */
static size_t common_elements(const json_t *a, const json_t *b)
{
    json_t *left = json_deep_copy(b);
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(a); i++)
        for (size_t k = 0; k < json_array_size(left); k++)
            if (json_equal(json_array_get(a, i), json_array_get(left, k))) {
                json_array_remove(left, k);
                n++;
                break;
            }
    json_decref(left);
    return n;
}

/* F1 of two lists of words: the prediction's, the reference's. */
static enum carat_err call_overlap(void *data, const json_t *args, const json_t *kwargs, json_t **result, struct err *err)
{
    const json_t *given = json_array_get(args, 0), *right = json_array_get(args, 1);
    (void)data, (void)kwargs;
    if (!json_is_array(given) || !json_is_array(right))
        return err_set(err, CARAT_EINPUT, "overlap() wants two lists");
    const double same = (double)common_elements(given, right);
    const double precision = same / (double)json_array_size(given), recall = same / (double)json_array_size(right);
    *result = json_real(same > 0 ? 2 * precision * recall / (precision + recall) : 0);
    return *result ? CARAT_OK : err_nomem(err, "a score");
}

/* ---- the formula ------------------------------------------------------------------------------------------ */

enum carat_err formula_parse(const char *text, const char *what, struct jinja **out, struct err *err)
{
    return jinja_parse(str_from(text), what, &options, out, err);
}

/* A copy under its name, where the formula has the name: rows and constants are shared among threads, jansson's counts are not
 * theirs. */
static bool offer(json_t *names, const char *text, const char *name, const json_t *value)
{
    return !value || !strstr(text, name) || !json_object_set_new(names, name, json_deep_copy(value));
}

static json_t *names_of(const char *text, const struct hook_call *call, const json_t *row, const json_t *extra)
{
    json_t *names = extra ? json_deep_copy(extra) : json_object();
    bool ok = names && !json_object_set_new(names, "doc", json_deep_copy(row));
    ok = ok && offer(names, text, "arg", call->args) && offer(names, text, "const", call->constants);
    ok = ok && offer(names, text, "text", call->literals);
    ok = ok && !json_object_set_new(names, "folder", json_string(call->folder ? call->folder : ""));
    if (ok)
        return names;
    json_decref(names);
    return NULL;
}

enum carat_err formula_value(const struct jinja *formula, const char *text, const struct hook_call *call, const json_t *row,
                             const json_t *extra, json_t **out, struct err *err)
{
    json_t *names = names_of(text, call, row, extra);
    *out = NULL;
    if (!names)
        return err_nomem(err, "a row");
    const struct jinja_function functions[] = {
        {"clean", call_clean, NULL}, {"fill", call_fill, names},       {"findall", call_findall, NULL},
        {"int", call_int, NULL},     {"literal", call_literal, NULL}, {"overlap", call_overlap, NULL},
        {"unpunct", call_unpunct, NULL},
    };
    const struct jinja_run run = {.context = names, .functions = functions, .n_functions = sizeof functions / sizeof *functions};
    enum carat_err rc = jinja_value(formula, &run, out, err);
    json_decref(names);
    return rc;
}

enum carat_err formula_row(const struct jinja *formula, const char *text, const struct hook_call *call, const json_t *row,
                           json_t **out, struct err *err)
{
    json_t *value = NULL;
    enum carat_err rc = formula_value(formula, text, call, row, NULL, &value, err);
    *out = NULL;
    if (!rc && json_is_object(value))
        return hook_put_over(row, value, out, err);
    if (!rc && json_is_true(value))
        *out = json_incref((json_t *)(uintptr_t)row);
    else if (!rc && !json_is_false(value) && !json_is_null(value))
        rc = err_set(err, CARAT_EINPUT, "a formula gives neither a row nor whether to keep it");
    json_decref(value);
    return rc;
}
