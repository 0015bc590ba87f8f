#include "latex.h"

struct work { /* one text on its way */
    const struct carat_host *host;
    struct carat_ctx *ctx;
    struct carat_text s;
    bool strict; /* a quotient of other things than whole numbers breaks the rules */
    bool broken; /* a rule could not be applied */
};

static struct carat_text from_literal(const char *s) { return (struct carat_text){s, strlen(s)}; }

size_t latex_find(struct carat_text s, const char *what, size_t from)
{
    const size_t n = strlen(what);
    for (size_t i = from; i + n <= s.n; i++)
        if (memcmp(s.p + i, what, n) == 0)
            return i;
    return s.n;
}

struct carat_text latex_cut(struct carat_text s, size_t from, size_t to)
{
    return (struct carat_text){s.p + from, to - from};
}

/* Bytes of the code point at `i`. */
static size_t point(struct carat_text s, size_t i)
{
    size_t n = 1;
    while (i + n < s.n && ((unsigned char)s.p[i + n] & 0xC0) == 0x80)
        n++;
    return n;
}

bool latex_same(struct carat_text a, struct carat_text b) { return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n)); }

/* Where `what` begins last; s.n: nowhere. */
size_t latex_find_last(struct carat_text s, const char *what)
{
    const size_t n = strlen(what);
    for (size_t i = s.n >= n ? s.n - n + 1 : 0; i-- > 0;)
        if (memcmp(s.p + i, what, n) == 0)
            return i;
    return s.n;
}

/* ---- the right answer in a solution ----------------------------------------------------------- */

/* "\boxed 7$" is 7, else what is in the braces of the last \boxed. An \fbox is found as well, but not unwrapped: the
 * reference fails on it. */
bool latex_boxed(struct carat_text s, struct carat_text *out)
{
    static const char spaced[] = "\\boxed ", braced[] = "\\boxed{";
    size_t at = latex_find_last(s, spaced);
    if (at < s.n) {
        *out = latex_cut(s, at + sizeof spaced - 1, s.n);
        const char *end = out->n ? memchr(out->p, '$', out->n) : NULL;
        out->n = end ? (size_t)(end - out->p) : out->n;
        return true;
    }
    at = latex_find_last(s, "\\boxed");
    if (at + sizeof braced - 1 > s.n || s.p[at + sizeof braced - 2] != '{')
        return false;
    int depth = 0;
    for (size_t i = at; i < s.n; i++) {
        depth += (s.p[i] == '{') - (s.p[i] == '}');
        if (s.p[i] == '}' && depth == 0) {
            *out = (struct carat_text){s.p + at + sizeof braced - 1, i - at - (sizeof braced - 1)};
            return true;
        }
    }
    return false;
}

/* ---- one way to write it ---------------------------------------------------------------------- */

static void replace(struct work *w, const char *what, const char *with)
{
    w->s = w->host->replace(w->ctx, w->s, what, with);
}

static void join(struct work *w, const struct carat_text *parts, size_t n) { w->s = w->host->join(w->ctx, parts, n); }

/* " \text{ units}" at the end goes; a second one breaks the rule. */
static void drop_units(struct work *w)
{
    const size_t at = latex_find(w->s, "\\text{ ", 0);
    if (at == w->s.n)
        return;
    w->broken = latex_find(w->s, "\\text{ ", at + 1) < w->s.n;
    w->s = latex_cut(w->s, 0, at);
}

/* "x=5" is 5: of one equals sign with at most two characters before it. */
static void drop_variable(struct work *w)
{
    const size_t at = latex_find(w->s, "=", 0);
    if (at == w->s.n || latex_find(w->s, "=", at + 1) < w->s.n)
        return;
    size_t points = 0;
    for (size_t i = 0; i < at; i += point(w->s, i))
        points++;
    if (points <= 2)
        w->s = latex_cut(w->s, at + 1, w->s.n);
}

/* "\sqrt3" is "\sqrt{3}". */
static void brace_roots(struct work *w)
{
    const char *command = "\\sqrt";
    for (size_t at = latex_find(w->s, command, 0); at < w->s.n; at = latex_find(w->s, command, at + 1)) {
        const size_t arg = at + strlen(command);
        if (arg == w->s.n || latex_find(w->s, command, arg) == arg) {
            w->broken = true;
            return;
        }
        const size_t end = arg + point(w->s, arg);
        if (w->s.p[arg] == '{')
            continue;
        const struct carat_text parts[] = {latex_cut(w->s, 0, arg), CARAT_TEXT("{"), latex_cut(w->s, arg, end), CARAT_TEXT("}"),
                                           latex_cut(w->s, end, w->s.n)};
        join(w, parts, COUNT(parts));
    }
}

/* "\frac12" is "\frac{1}{2}", "\frac1{2}" too; a lone "\frac1" leaves all as it was. */
static void brace_fractions(struct work *w)
{
    const char *command = "\\frac";
    const struct carat_text before = w->s;
    for (size_t at = latex_find(w->s, command, 0); at < w->s.n; at = latex_find(w->s, command, at + 1)) {
        const size_t a = at + strlen(command), next = latex_find(w->s, command, a);
        if (a == next) {
            w->broken = true;
            return;
        }
        if (w->s.p[a] == '{')
            continue;
        const size_t b = a + point(w->s, a);
        if (b == next) {
            w->s = before;
            return;
        }
        const size_t end = w->s.p[b] == '{' ? b : b + point(w->s, b);
        const struct carat_text open = from_literal(end > b ? "{" : ""), close = from_literal(end > b ? "}" : "");
        const struct carat_text parts[] = {latex_cut(w->s, 0, a), CARAT_TEXT("{"), latex_cut(w->s, a, b), CARAT_TEXT("}"), open,
                                           latex_cut(w->s, b, end), close, latex_cut(w->s, end, w->s.n)};
        join(w, parts, COUNT(parts));
    }
}

/* Does Python's int() read it, with digits of ASCII? */
static bool reads_as_integer(struct carat_text s)
{
    if (s.n && (*s.p == '-' || *s.p == '+'))
        s = latex_cut(s, 1, s.n);
    bool digit = false; /* the last one; underscores stand between two */
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '_' ? !digit : s.p[i] < '0' || s.p[i] > '9')
            return false;
        digit = s.p[i] != '_';
    }
    return digit;
}

/* As Python would write it again: no plus sign, no zeros in front. */
static bool is_integer(struct carat_text s)
{
    if (s.n && *s.p == '-')
        s = latex_cut(s, 1, s.n);
    else if (s.n == 1 && *s.p == '0')
        return true;
    if (!s.n || *s.p == '0')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return true;
}

/* "1/2" is "\frac{1}{2}"; a slash between anything else is left as it is. */
static void write_quotient(struct work *w)
{
    const size_t at = latex_find(w->s, "/", 0);
    if (at == w->s.n || latex_find(w->s, "/", at + 1) < w->s.n)
        return;
    const struct carat_text a = latex_cut(w->s, 0, at), b = latex_cut(w->s, at + 1, w->s.n);
    w->broken = w->broken || (w->strict && (!reads_as_integer(a) || !reads_as_integer(b)));
    if (!is_integer(a) || !is_integer(b))
        return;
    const struct carat_text parts[] = {CARAT_TEXT("\\frac{"), a, CARAT_TEXT("}{"), b, CARAT_TEXT("}")};
    join(w, parts, COUNT(parts));
}

static void normalise(struct work *w)
{
    static const char *const replaced[][2] = {
        {"\n", ""}, {"\\!", ""}, {"\\\\", "\\"}, {"tfrac", "frac"}, {"dfrac", "frac"}, {"\\left", ""},
        {"\\right", ""}, {"^{\\circ}", ""}, {"^\\circ", ""}, {"\\$", ""},
    };
    for (size_t i = 0; i < COUNT(replaced); i++)
        replace(w, replaced[i][0], replaced[i][1]);
    drop_units(w);
    replace(w, "\\%", "");
    replace(w, " .", " 0.");
    replace(w, "{.", "{0.");
    if (!w->s.n)
        return;
    if (*w->s.p == '.') {
        const struct carat_text parts[] = {CARAT_TEXT("0"), w->s};
        join(w, parts, COUNT(parts));
    }
    drop_variable(w);
    brace_roots(w);
    replace(w, " ", "");
    brace_fractions(w);
    if (w->s.n == 3 && memcmp(w->s.p, "0.5", 3) == 0)
        w->s = from_literal("\\frac{1}{2}");
    write_quotient(w);
}

bool latex_alike(const struct carat_host *host, struct carat_ctx *ctx, struct carat_text a, struct carat_text b, bool strict)
{
    struct work left = {.host = host, .ctx = ctx, .s = a, .strict = strict}, right = left;
    right.s = b;
    normalise(&left);
    normalise(&right);
    return left.broken || right.broken ? latex_same(a, b) : latex_same(left.s, right.s);
}
