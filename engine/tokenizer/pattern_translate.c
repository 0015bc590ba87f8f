/* pattern_translate.c - an Oniguruma expression (Ruby's syntax) for PCRE2.
 *
 *     \w            letters, marks, digits, connectors: Oniguruma's own set
 *     \h            a hexadecimal digit
 *     \uHHHH        \x{HHHH}
 *     \p{Letter}    \p{L}, likewise the other categories' long names; \p{Han} is a script: \p{sc:Han}
 *     (?m: ...)     (?s: ...): a dot that matches newlines
 *     x{1,3}+       (?:x{1,3})+: not possessive
 *     x{,3}         x{0,3}
 *
 * Lines' edges (^, $) match at newlines in both: PCRE2_MULTILINE. A class within a class adds its members.
 * Refused by name: negated classes within classes, intersections (&&), \H, \K, \G, \C, \N, absent groups, subroutine calls.
 */
#include "pattern.h"

#define WORD                                                                                                                 \
    "\\p{L}\\p{M}\\p{Nd}\\p{Nl}\\p{Pc}\\x{b2}\\x{b3}\\x{b9}\\x{bc}-\\x{be}\\x{24b6}-\\x{24e9}\\x{1f130}-\\x{1f149}\\x{1f150}-" \
    "\\x{1f169}\\x{1f170}-\\x{1f189}"

enum { MAX_DEPTH = 250 };

struct translation {
    struct str in;
    size_t at;
    struct buf *out;
    size_t atom;               /* where in `out` the last atom begins */
    size_t groups[MAX_DEPTH];  /* where in `out` each open group begins */
    size_t depth;
    bool in_class;
    struct err *err;
};

static enum carat_err refused(struct translation *t, const char *what)
{
    return err_set(t->err, CARAT_EUNSUPPORTED, "the regular expression '%.*s': offset %zu: %s is not supported",
                   (int)(t->in.n < 200 ? t->in.n : 200), t->in.p, t->at, what);
}

static bool ahead(const struct translation *t, const char *text)
{
    return str_starts((struct str){t->in.p + t->at, t->in.n - t->at}, str_from(text));
}

static void copy(struct translation *t, size_t n)
{
    buf_add(t->out, t->in.p + t->at, n);
    t->at += n;
}

static const struct {
    const char *name, *category;
} categories[] = {
    {"letter", "L"},          {"uppercaseletter", "Lu"}, {"lowercaseletter", "Ll"}, {"titlecaseletter", "Lt"},
    {"modifierletter", "Lm"}, {"otherletter", "Lo"},     {"mark", "M"},             {"nonspacingmark", "Mn"},
    {"spacingmark", "Mc"},    {"enclosingmark", "Me"},   {"number", "N"},           {"decimalnumber", "Nd"},
    {"letternumber", "Nl"},   {"othernumber", "No"},     {"punctuation", "P"},      {"punct", "P"},
    {"symbol", "S"},          {"separator", "Z"},        {"other", "C"},            {"control", "Cc"},
    {"format", "Cf"},         {"unassigned", "Cn"},      {"mathsymbol", "Sm"},      {"currencysymbol", "Sc"},
    {"modifiersymbol", "Sk"}, {"othersymbol", "So"},     {"spaceseparator", "Zs"},  {"any", "Any"},
};

/* A property's name without spaces, hyphens and underscores, in lower case. */
static bool plain_name(struct str name, char out[64])
{
    size_t n = 0;
    for (size_t i = 0; i < name.n && n < 63; i++) {
        char c = name.p[i];
        if (c == ' ' || c == '_' || c == '-')
            continue;
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
            return false;
        out[n++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    out[n] = '\0';
    return n > 0;
}

static bool is_short_category(const char *name)
{
    return strlen(name) <= 2 && strchr("lmnpszc", name[0]) && (!name[1] || strchr("ultmocednpiskfl", name[1]));
}

/* \p{...}, \P{...}; t->at is at the backslash. */
static enum carat_err translate_property(struct translation *t)
{
    bool negated = t->in.p[t->at + 1] == 'P';
    size_t from = t->at + 3;
    ptrdiff_t close = t->at + 2 < t->in.n && t->in.p[t->at + 2] == '{' ? str_find(t->in, STR("}"), from) : -1;
    char name[64];
    if (close < 0)
        return refused(t, "a property without braces");
    if (t->in.p[from] == '^') {
        negated = !negated;
        from++;
    }
    if (!plain_name((struct str){t->in.p + from, (size_t)close - from}, name))
        return refused(t, "this property");
    const char *category = NULL;
    for (size_t i = 0; i < sizeof categories / sizeof *categories; i++)
        if (!strcmp(categories[i].name, name))
            category = categories[i].category;
    if (category)
        buf_printf(t->out, "\\%c{%s}", negated ? 'P' : 'p', category);
    else if (is_short_category(name))
        buf_printf(t->out, "\\%c{%c%s}", negated ? 'P' : 'p', name[0] - 32, name + 1);
    else
        buf_printf(t->out, "\\%c{sc:%.*s}", negated ? 'P' : 'p', (int)((size_t)close - from), t->in.p + from);
    t->at = (size_t)close + 1;
    return CARAT_OK;
}

static enum carat_err translate_escape(struct translation *t)
{
    char c = t->at + 1 < t->in.n ? t->in.p[t->at + 1] : '\0';
    if (!c || strchr("HKGCNgkQE", c))
        return refused(t, "this escape");
    if (c == 'p' || c == 'P')
        return translate_property(t);
    if (c == 'u' && t->at + 6 <= t->in.n) {
        buf_printf(t->out, "\\x{%.4s}", t->in.p + t->at + 2);
        t->at += 6;
        return CARAT_OK;
    }
    if (c == 'w' || c == 'h') {
        const char *set = c == 'w' ? WORD : "0-9a-fA-F";
        buf_printf(t->out, t->in_class ? "%s" : "[%s]", set);
        t->at += 2;
        return CARAT_OK;
    }
    if (c == 'W' && t->in_class)
        return refused(t, "\\W in a class");
    if (c == 'W') {
        buf_adds(t->out, "[^" WORD "]");
        t->at += 2;
        return CARAT_OK;
    }
    copy(t, 2);
    return CARAT_OK;
}

static enum carat_err translate_class_item(struct translation *t, size_t *nested)
{
    if (ahead(t, "&&"))
        return refused(t, "an intersection of classes");
    if (ahead(t, "\\"))
        return translate_escape(t);
    ptrdiff_t close = ahead(t, "[:") ? str_find(t->in, STR(":]"), t->at) : -1;
    if (close >= 0) {
        copy(t, (size_t)close + 2 - t->at);
    } else if (ahead(t, "[^")) {
        return refused(t, "a negated class in a class");
    } else if (ahead(t, "[")) { /* a class in a class adds its members */
        ++*nested;
        t->at++;
    } else if (ahead(t, "]")) {
        --*nested;
        t->at++;
    } else {
        copy(t, 1);
    }
    return CARAT_OK;
}

/* A class up to its closing bracket. */
static enum carat_err translate_class(struct translation *t)
{
    enum carat_err failed = CARAT_OK;
    size_t nested = 0;
    t->in_class = true;
    copy(t, 1);
    if (ahead(t, "^"))
        copy(t, 1);
    if (ahead(t, "]"))
        copy(t, 1);
    while (!failed && t->at < t->in.n && (nested || t->in.p[t->at] != ']'))
        failed = translate_class_item(t, &nested);
    if (!failed && t->at < t->in.n)
        copy(t, 1);
    t->in_class = false;
    return failed;
}

/* "(?im-x:" or "(?i)": Ruby's m is PCRE2's s. */
static enum carat_err translate_flags(struct translation *t)
{
    copy(t, 2);
    while (t->at < t->in.n && strchr("imx-", t->in.p[t->at])) {
        if (ahead(t, "m")) {
            buf_addc(t->out, 's');
            t->at++;
        } else {
            copy(t, 1);
        }
    }
    if (!ahead(t, ":") && !ahead(t, ")"))
        return refused(t, "this group");
    copy(t, 1);
    return CARAT_OK;
}

static enum carat_err translate_group(struct translation *t)
{
    static const char *const plain[] = {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>"};
    const size_t from = t->out->n;
    enum carat_err failed = CARAT_OK;
    size_t n = ahead(t, "(?") ? 0 : 1;
    for (size_t i = 0; i < sizeof plain / sizeof *plain && !n; i++)
        n = ahead(t, plain[i]) ? strlen(plain[i]) : 0;
    if (ahead(t, "(*"))
        return refused(t, "a verb");
    if (t->depth == MAX_DEPTH)
        return refused(t, "so deep a nesting");
    if (n)
        copy(t, n);
    else
        failed = translate_flags(t);
    if (t->out->n && t->out->p[t->out->n - 1] == ')') /* "(?i)" opens nothing */
        return failed;
    t->groups[t->depth++] = from;
    return failed;
}

/* "{n,m}": *n is its length, 0 where the brace is a plain one. */
static size_t interval(const struct translation *t)
{
    size_t n = 1;
    bool digits = false, comma = false;
    for (; t->at + n < t->in.n && t->in.p[t->at + n] != '}'; n++) {
        char c = t->in.p[t->at + n];
        if (c == ',' && !comma)
            comma = true;
        else if (c < '0' || c > '9')
            return 0;
        else
            digits = true;
    }
    return digits && t->at + n < t->in.n ? n + 1 : 0;
}

/* Wraps the last atom with what is behind it. */
static bool wrap_atom(struct translation *t)
{
    struct buf tail = BUF_INIT(1 << 20);
    buf_add(&tail, t->out->p + t->atom, t->out->n - t->atom);
    bool ok = !buf_failed(&tail);
    if (ok) {
        t->out->n = t->atom;
        buf_adds(t->out, "(?:");
        buf_addstr(t->out, buf_str(&tail));
        buf_addc(t->out, ')');
    }
    buf_release(&tail);
    return ok && !buf_failed(t->out);
}

static enum carat_err translate_interval(struct translation *t, size_t n)
{
    if (t->in.p[t->at + 1] == ',') {
        buf_adds(t->out, "{0");
        t->at++;
        n--;
    }
    copy(t, n);
    if (ahead(t, "?") && !memchr(t->in.p + t->at - n, ',', n))
        return refused(t, "an optional count");
    return !ahead(t, "+") || wrap_atom(t) ? CARAT_OK : err_nomem(t->err, "a regular expression");
}

static enum carat_err translate_next(struct translation *t)
{
    const char c = t->in.p[t->at];
    const size_t from = t->out->n, n = c == '{' ? interval(t) : 0;
    if (n)
        return translate_interval(t, n);
    if (strchr("*+?|", c)) {
        copy(t, 1);
        return CARAT_OK;
    }
    if (c == '(')
        return translate_group(t);
    if (c == ')') {
        t->atom = t->depth ? t->groups[--t->depth] : from;
        copy(t, 1);
        return CARAT_OK;
    }
    t->atom = from;
    if (c == '[')
        return translate_class(t);
    if (c == '\\')
        return translate_escape(t);
    size_t end = t->at;
    utf8_next(t->in, &end);
    if (c == '{' || c == '}')
        buf_addc(t->out, '\\');
    copy(t, end - t->at);
    return CARAT_OK;
}

enum carat_err pattern_translate(struct str regex, struct buf *out, struct err *err)
{
    struct err local = ERR_INIT;
    struct translation t = {.in = regex, .out = out, .err = err ? err : &local};
    enum carat_err failed = CARAT_OK;
    while (t.at < regex.n && !failed)
        failed = translate_next(&t);
    return !failed && buf_failed(out) ? err_nomem(err, "a regular expression") : failed;
}
