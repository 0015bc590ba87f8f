/* scalar.c - what a plain scalar is: YAML 1.1's patterns, in PyYAML's order (bool, float, int, null, timestamp).
 *
 *     bool     yes no true false on off, in lower case, capitalised or in capitals
 *     float    [-+]?D.[0-9_]*(e[-+]N)?   .D(e[-+]N)?   [-+]?D(:[0-5]?[0-9])+.[0-9_]*   [-+]?.inf   .nan
 *     int      0b[01_]+   0[0-7_]+   0   [1-9][0-9_]*   0x[0-9a-fA-F_]+   [1-9][0-9_]*(:[0-5]?[0-9])+   with [-+]? before
 *     null     ~ null Null NULL and nothing
 *
 * where D is [0-9][0-9_]*. An exponent needs its sign, so 1.5e3 is a text.
 */
#include <string.h>

#include "read.h"

enum shape { SHAPE_TEXT, SHAPE_BOOL, SHAPE_NULL, SHAPE_INT, SHAPE_FLOAT, SHAPE_INFINITE, SHAPE_TIME };

struct scan {
    const char *p, *end;
};

static bool at(const struct scan *s, const char *set) { return s->p < s->end && *s->p && strchr(set, *s->p); }

static size_t run(struct scan *s, const char *set)
{
    const char *from = s->p;
    while (at(s, set))
        s->p++;
    return (size_t)(s->p - from);
}

static bool one(struct scan *s, const char *set)
{
    if (!at(s, set))
        return false;
    s->p++;
    return true;
}

#define DIGITS "0123456789"
#define DIGITS_ "0123456789_"

static struct scan scan_of(struct str t) { return (struct scan){t.p, t.p + t.n}; }

static bool is_word(struct str t, const char *const *words)
{
    for (; *words; words++)
        if (str_eq(t, str_from(*words)))
            return true;
    return false;
}

/* (:[0-5]?[0-9])+ */
static bool sexagesimal(struct scan *s)
{
    size_t n = 0;
    while (one(s, ":")) {
        const char *from = s->p;
        size_t digits = run(s, DIGITS);
        if (digits < 1 || digits > 2 || (digits == 2 && *from > '5'))
            return false;
        n++;
    }
    return n > 0;
}

/* (e[-+]N)? and the end */
static bool exponent_and_end(struct scan *s)
{
    if (one(s, "eE") && !(one(s, "-+") && run(s, DIGITS)))
        return false;
    return s->p == s->end;
}

static bool is_float(struct str t)
{
    struct scan s = scan_of(t);
    bool sign = one(&s, "-+");
    if (!sign && at(&s, ".")) {
        s.p++;
        return one(&s, DIGITS) && (run(&s, DIGITS_), exponent_and_end(&s));
    }
    if (!one(&s, DIGITS))
        return false;
    run(&s, DIGITS_);
    if (at(&s, ":"))
        return sexagesimal(&s) && one(&s, ".") && (run(&s, DIGITS_), s.p == s.end);
    return one(&s, ".") && (run(&s, DIGITS_), exponent_and_end(&s));
}

static bool is_int(struct str t)
{
    struct scan s = scan_of(t);
    one(&s, "-+");
    if (one(&s, "0")) {
        if (s.p == s.end)
            return true;
        if (one(&s, "b"))
            return run(&s, "01_") && s.p == s.end;
        if (one(&s, "x"))
            return run(&s, DIGITS_ "abcdefABCDEF") && s.p == s.end;
        return run(&s, "01234567_") && s.p == s.end;
    }
    if (!one(&s, "123456789"))
        return false;
    run(&s, DIGITS_);
    return s.p == s.end || (sexagesimal(&s) && s.p == s.end);
}

/* A date, or a date with a time behind it: told apart well enough to refuse them. */
static bool is_time(struct str t)
{
    struct scan s = scan_of(t);
    if (run(&s, DIGITS) != 4 || !one(&s, "-"))
        return false;
    size_t month = run(&s, DIGITS);
    if (month < 1 || month > 2 || !one(&s, "-"))
        return false;
    size_t day = run(&s, DIGITS);
    if (day < 1 || day > 2)
        return false;
    if (s.p == s.end)
        return month == 2 && day == 2;
    if (!one(&s, "Tt") && !run(&s, " \t"))
        return false;
    size_t hour = run(&s, DIGITS);
    return hour >= 1 && hour <= 2 && one(&s, ":") && run(&s, DIGITS) == 2 && one(&s, ":") && run(&s, DIGITS) == 2;
}

static enum shape shape_of(struct str t)
{
    static const char *const bools[] = {"yes", "Yes", "YES", "no",  "No",  "NO",  "true", "True", "TRUE", "false",
                                        "False", "FALSE", "on", "On",  "ON",  "off", "Off",  "OFF",  NULL};
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const infinite[] = {".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf",
                                           "-.Inf", "-.INF", ".nan", ".NaN", ".NAN", NULL};
    if (is_word(t, bools))
        return SHAPE_BOOL;
    if (is_word(t, nulls))
        return SHAPE_NULL;
    if (is_word(t, infinite))
        return SHAPE_INFINITE;
    if (is_float(t))
        return SHAPE_FLOAT;
    if (is_int(t))
        return SHAPE_INT;
    return is_time(t) ? SHAPE_TIME : SHAPE_TEXT;
}

/* ---- values ------------------------------------------------------------------------------------ */

static enum carat_err made(json_t *value, json_t **out, struct err *err)
{
    *out = value;
    return value ? CARAT_OK : err_nomem(err, "a YAML file");
}

/* The characters without '_' and sign; false: too many of them. */
static bool bare(struct str t, char out[80], bool *negative)
{
    size_t n = 0;
    for (size_t i = 0; i < t.n; i++) {
        if (t.p[i] == '_' || (i == 0 && (t.p[i] == '-' || t.p[i] == '+')))
            continue;
        if (n == 79)
            return false;
        out[n++] = t.p[i];
    }
    out[n] = '\0';
    *negative = t.n && t.p[0] == '-';
    return true;
}

static int digit_value(char c)
{
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* Digits of a base, or groups of base 60 with ':' between. */
static bool magnitude(const char *p, int64_t *out)
{
    int64_t base = 10, v = 0;
    if (p[0] == '0' && p[1]) {
        base = p[1] == 'b' ? 2 : p[1] == 'x' ? 16 : 8;
        p += base == 8 ? 1 : 2;
    }
    if (!strchr(p, ':')) {
        for (; *p; p++)
            if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, digit_value(*p), &v))
                return false;
        *out = v;
        return true;
    }
    for (;;) {
        int64_t group;
        size_t n = strcspn(p, ":");
        if (!num_parse_i64((struct str){p, n}, &group) || __builtin_mul_overflow(v, 60, &v) ||
            __builtin_add_overflow(v, group, &v))
            return false;
        if (!p[n])
            break;
        p += n + 1;
    }
    *out = v;
    return true;
}

static enum carat_err int_value(struct str t, json_t **out, struct err *err)
{
    char digits[80];
    bool negative;
    int64_t v;
    if (!bare(t, digits, &negative) || !magnitude(digits, &v))
        return err_set(err, CARAT_EUNSUPPORTED, "the integer '%.*s' is beyond 64 bits", (int)(t.n < 80 ? t.n : 80), t.p);
    return made(json_integer(negative ? -v : v), out, err);
}

static enum carat_err float_value(struct str t, json_t **out, struct err *err)
{
    char digits[80];
    bool negative, ok = bare(t, digits, &negative);
    double v = 0, part = 0;
    for (const char *p = digits; ok; p++) {
        size_t n = strcspn(p, ":");
        ok = num_parse_double((struct str){p, n}, &part);
        v = 60 * v + part;
        p += n;
        if (!*p)
            break;
    }
    if (!ok)
        return err_set(err, CARAT_EUNSUPPORTED, "the number '%.*s' is out of range", (int)(t.n < 80 ? t.n : 80), t.p);
    return made(json_real(negative ? -v : v), out, err);
}

static enum carat_err value_of(struct str t, enum shape shape, json_t **out, struct err *err)
{
    *out = NULL;
    switch (shape) {
    case SHAPE_BOOL: return made(json_boolean(strchr("yYtT", t.p[0]) || (t.n == 2 && (t.p[1] | 0x20) == 'n')), out, err);
    case SHAPE_NULL: return made(json_null(), out, err);
    case SHAPE_INT: return int_value(t, out, err);
    case SHAPE_FLOAT: return float_value(t, out, err);
    case SHAPE_INFINITE:
        return err_set(err, CARAT_EUNSUPPORTED, "'%.*s' is a number that is not finite", (int)t.n, t.p);
    case SHAPE_TIME:
        err_set(err, CARAT_EUNSUPPORTED, "'%.*s' is read as a date", (int)(t.n < 40 ? t.n : 40), t.p);
        return err_hint(err, "put it in quotes to make it a text");
    case SHAPE_TEXT: break;
    }
    return made(json_stringn(t.p, t.n), out, err);
}

enum carat_err yaml_plain(struct str text, json_t **out, struct err *err)
{
    return value_of(text, shape_of(text), out, err);
}

enum carat_err yaml_tagged(struct str text, const char *type, json_t **out, struct err *err)
{
    enum shape shape = shape_of(text);
    bool fits = strcmp(type, "int") == 0     ? shape == SHAPE_INT
                : strcmp(type, "bool") == 0  ? shape == SHAPE_BOOL
                : strcmp(type, "null") == 0  ? true
                : strcmp(type, "float") == 0 ? shape == SHAPE_FLOAT || shape == SHAPE_INT
                                             : false;
    *out = NULL;
    if (strcmp(type, "str") == 0)
        return made(json_stringn(text.p, text.n), out, err);
    if (!fits)
        return err_set(err, CARAT_EINPUT, "'%.*s' is no value of the type !!%s", (int)(text.n < 80 ? text.n : 80), text.p,
                       type);
    if (strcmp(type, "null") == 0)
        return made(json_null(), out, err);
    return strcmp(type, "float") == 0 ? float_value(text, out, err) : value_of(text, shape, out, err);
}
