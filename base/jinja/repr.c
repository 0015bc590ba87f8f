/* repr.c - values as text: Python's str(), repr(), json.dumps(), % and format().
 *
 * A float's repr is the shortest decimal that reads back to the same bits, laid out with an exponent below 1e-4 and
 * from 1e16. A string's repr takes double quotes only where it has a single one and no double one, and escapes
 * what str.isprintable() denies.
 */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "charclass.h"
#include "jinja_int.h"

/* ---- a string being built -------------------------------------------------------------------------------- */

void jsb_add(struct jsb *b, const char *p, size_t n)
{
    if (!n)
        return;
    if (n > b->cap - b->n) {
        size_t cap = b->cap < 32 ? 64 : b->cap * 2;
        if (!num_add(b->n, n, &n) || n > SIZE_MAX / 2)
            jj_fail(b->x, CARAT_ENOMEM, "the template needs more than %zu bytes of memory", b->x->memory_max);
        n -= b->n;
        while (cap < b->n + n)
            cap *= 2;
        char *grown = jj_alloc(b->x, cap);
        if (b->n)
            memcpy(grown, b->p, b->n);
        b->p = grown;
        b->cap = cap;
    }
    memcpy(b->p + b->n, p, n);
    b->n += n;
    jj_charge(b->x, n >> 6);
}

void jsb_addstr(struct jsb *b, struct str s) { jsb_add(b, s.p, s.n); }
void jsb_addc(struct jsb *b, char c) { jsb_add(b, &c, 1); }
void jsb_adds(struct jsb *b, const char *s) { jsb_add(b, s, strlen(s)); }

void jsb_put_cp(struct jsb *b, int32_t cp)
{
    char bytes[4];
    jsb_add(b, bytes, utf8_put(cp, bytes));
}

struct jval jsb_string(struct jsb *b) { return jj_string_view(b->x, (struct str){b->p, b->n}); }

static void jsb_fill(struct jsb *b, struct str what, size_t times)
{
    if (times && what.n > b->x->memory_max / times)
        jj_fail(b->x, CARAT_ENOMEM, "the template needs more than %zu bytes of memory", b->x->memory_max);
    while (times--)
        jsb_addstr(b, what);
}

static void jsb_int(struct jsb *b, int64_t i)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)i);
    jsb_adds(b, text);
}

/* ---- numbers ----------------------------------------------------------------------------------------------- */

void jj_format_c(char *out, size_t size, const char *fmt, int precision, double v)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0), old = uselocale(c);
    switch (*fmt) { /* the formats there are, written out so that the compiler can check them */
    case 'e': snprintf(out, size, "%.*e", precision, v); break;
    case 'E': snprintf(out, size, "%.*E", precision, v); break;
    case 'g': snprintf(out, size, "%.*g", precision, v); break;
    case 'G': snprintf(out, size, "%.*G", precision, v); break;
    default: snprintf(out, size, "%.*f", precision, v); break;
    }
    uselocale(old);
    freelocale(c);
}

void jj_repr_float(double f, char out[64])
{
    if (!isfinite(f)) {
        snprintf(out, 64, "%s", isnan(f) ? "nan" : f < 0 ? "-inf" : "inf");
        return;
    }
    char digits[32];
    double back;
    /* 15 digits are always enough or too few, but for the subnormal, which may need less */
    for (int n = fabs(f) < 2.3e-308 ? 0 : 14; n < 17; n++) {
        jj_format_c(digits, sizeof digits, "e", n, f);
        if (num_parse_double(str_from(digits), &back) && back == f)
            break;
    }
    char *e = strchr(digits, 'e'), *sign = digits[0] == '-' ? "-" : "";
    int64_t exponent = 0;
    num_parse_i64(str_from(e + 1), &exponent);
    *e = '\0';
    char mantissa[24];
    size_t n = 0;
    for (const char *p = digits + strlen(sign); *p; p++)
        if (*p != '.')
            mantissa[n++] = *p;
    while (n > 1 && mantissa[n - 1] == '0')
        n--;
    mantissa[n] = '\0';
    const int point = (int)exponent + 1;
    if (exponent < -4 || exponent >= 16)
        snprintf(out, 64, "%s%c%s%se%c%02d", sign, mantissa[0], n > 1 ? "." : "", mantissa + 1, exponent < 0 ? '-' : '+',
                 abs((int)exponent));
    else if (point <= 0)
        snprintf(out, 64, "%s0.%.*s%s", sign, -point, "00000", mantissa);
    else if ((size_t)point >= n)
        snprintf(out, 64, "%s%s%.*s.0", sign, mantissa, point - (int)n, "0000000000000000");
    else
        snprintf(out, 64, "%s%.*s.%s", sign, point, mantissa, mantissa + point);
}

/* ---- repr() and str() --------------------------------------------------------------------------------------------- */

static void repr_string(struct jsb *b, struct str s)
{
    const char quote = s.n && memchr(s.p, '\'', s.n) && !memchr(s.p, '"', s.n) ? '"' : '\'';
    jsb_addc(b, quote);
    for (size_t at = 0; at < s.n;) {
        const size_t from = at;
        const int32_t cp = utf8_next(s, &at);
        char esc[16] = "";
        if (cp == quote || cp == '\\')
            snprintf(esc, sizeof esc, "\\%c", (char)cp);
        else if (cp == '\n' || cp == '\r' || cp == '\t')
            snprintf(esc, sizeof esc, "\\%c", cp == '\n' ? 'n' : cp == '\r' ? 'r' : 't');
        else if (!charclass_is(CHAR_PRINTABLE, cp))
            snprintf(esc, sizeof esc, cp < 0x100 ? "\\x%02x" : cp < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned)cp);
        if (*esc)
            jsb_adds(b, esc);
        else
            jsb_add(b, s.p + from, at - from);
    }
    jsb_addc(b, quote);
}

static void repr_items(struct jsb *b, const struct jval *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i)
            jsb_adds(b, ", ");
        jj_repr(b, v[i]);
    }
}

static void repr_dict(struct jsb *b, const struct jdict *d)
{
    jsb_addc(b, '{');
    for (size_t i = 0; i < d->n; i++) {
        if (i)
            jsb_adds(b, ", ");
        jj_repr(b, d->entries[i].key);
        jsb_adds(b, ": ");
        jj_repr(b, d->entries[i].value);
    }
    jsb_addc(b, '}');
}

static void repr_view(struct jsb *b, struct jview view)
{
    static const char *const names[] = {"dict_keys([", "dict_values([", "dict_items(["};
    jsb_adds(b, names[view.kind]);
    for (size_t i = 0; i < view.d->n; i++) {
        if (i)
            jsb_adds(b, ", ");
        jj_repr(b, jj_entry(b->x, view, i));
    }
    jsb_adds(b, "])");
}

static void repr_range(struct jsb *b, const struct jrange *r)
{
    jsb_adds(b, "range(");
    jsb_int(b, r->start);
    jsb_adds(b, ", ");
    jsb_int(b, r->stop);
    if (r->step != 1) {
        jsb_adds(b, ", ");
        jsb_int(b, r->step);
    }
    jsb_addc(b, ')');
}

void jj_repr(struct jsb *b, struct jval v)
{
    char text[64];
    jj_enter(b->x);
    switch (v.kind) {
    case JV_NONE: jsb_adds(b, "None"); break;
    case JV_BOOL: jsb_adds(b, v.b ? "True" : "False"); break;
    case JV_INT: jsb_int(b, v.i); break;
    case JV_FLOAT:
        jj_repr_float(v.f, text);
        jsb_adds(b, text);
        break;
    case JV_STR:
        if (v.markup)
            jsb_adds(b, "Markup(");
        repr_string(b, jj_view(v));
        if (v.markup)
            jsb_addc(b, ')');
        break;
    case JV_LIST:
        jsb_addc(b, '[');
        repr_items(b, v.l->v, v.l->n);
        jsb_addc(b, ']');
        break;
    case JV_TUPLE:
        jsb_addc(b, '(');
        repr_items(b, v.l->v, v.l->n);
        jsb_adds(b, v.l->n == 1 ? ",)" : ")");
        break;
    case JV_DICT: repr_dict(b, v.d); break;
    case JV_NAMESPACE:
        jsb_adds(b, "<Namespace ");
        repr_dict(b, v.d);
        jsb_addc(b, '>');
        break;
    case JV_VIEW: repr_view(b, *v.view); break;
    case JV_RANGE: repr_range(b, v.r); break;
    case JV_UNDEF: jsb_adds(b, "Undefined"); break; /* of a strict one, too: it has no str(), but a repr() */
    default: jj_fail(b->x, CARAT_EUNSUPPORTED, "the text of a value of type '%s' is not supported", jj_type(v));
    }
    b->x->depth--;
}

struct str jj_str(struct jx *x, struct jval v)
{
    if (v.kind == JV_STR)
        return jj_view(v);
    if (v.kind == JV_UNDEF) {
        jj_strict(x, v);
        return STR("");
    }
    struct jsb b = {.x = x};
    jj_repr(&b, v);
    return (struct str){b.p, b.n};
}

struct jval jj_to_string(struct jx *x, struct jval v)
{
    return v.kind == JV_STR ? v : jj_string_view(x, jj_str(x, v));
}

struct jval jj_escape(struct jx *x, struct jval v)
{
    if (v.kind == JV_STR && v.markup)
        return v;
    static const char *const names[128] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&#34;", ['\''] = "&#39;"};
    const struct str s = jj_str(x, v);
    struct jsb b = {.x = x};
    for (size_t i = 0; i < s.n; i++) {
        const unsigned char c = (unsigned char)s.p[i];
        if (c < 128 && names[c])
            jsb_adds(&b, names[c]);
        else
            jsb_addc(&b, s.p[i]);
    }
    struct jval out = jsb_string(&b);
    out.markup = true;
    return out;
}

/* ---- json.dumps() ----------------------------------------------------------------------------------------------------- */

struct dump {
    struct jsb *b;
    struct str indent; /* one level's; p NULL: on one line */
    struct str comma, colon;
    bool sort_keys, ascii, html;
};

static void dump_cp(struct dump *d, int32_t cp)
{
    char esc[16];
    if (cp >= 0x10000) {
        dump_cp(d, 0xD800 + ((cp - 0x10000) >> 10));
        cp = 0xDC00 + ((cp - 0x10000) & 0x3FF);
    }
    snprintf(esc, sizeof esc, "\\u%04x", (unsigned)cp);
    jsb_adds(d->b, esc);
}

static void dump_string(struct dump *d, struct str s)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    jsb_addc(d->b, '"');
    for (size_t at = 0; at < s.n;) {
        const size_t start = at;
        const int32_t cp = utf8_next(s, &at);
        const char *simple = cp > 0 && cp < 0x80 ? strchr(from, (int)cp) : NULL;
        if (simple) {
            jsb_addc(d->b, '\\');
            jsb_addc(d->b, to[simple - from]);
        } else if (cp < 0x20 || (d->ascii && cp >= 0x7F && cp != 0x7F) ||
                   (d->html && (cp == '<' || cp == '>' || cp == '&' || cp == '\''))) {
            dump_cp(d, cp);
        } else {
            jsb_add(d->b, s.p + start, at - start);
        }
    }
    jsb_addc(d->b, '"');
}

static void dump_break(struct dump *d, size_t level)
{
    if (!d->indent.p)
        return;
    jsb_addc(d->b, '\n');
    jsb_fill(d->b, d->indent, level);
}

static void dump_float(struct dump *d, double f)
{
    char text[64];
    jj_repr_float(f, text);
    jsb_adds(d->b, isnan(f) ? "NaN" : isinf(f) ? (f < 0 ? "-Infinity" : "Infinity") : text);
}

static void dump(struct dump *d, struct jval v, size_t level);

static void dump_key(struct dump *d, struct jval key)
{
    if (key.kind == JV_STR) {
        dump_string(d, jj_view(key));
        return;
    }
    if (key.kind != JV_NONE && !jj_is_number(key))
        jj_fail(d->b->x, CARAT_EINPUT, "keys must be str, int, float, bool or None, not %s", jj_type(key));
    jsb_addc(d->b, '"');
    dump(d, key, 0);
    jsb_addc(d->b, '"');
}

static const struct jentry **sorted_entries(struct jx *x, const struct jdict *dict, bool sort)
{
    const struct jentry **e = jj_alloc_array(x, dict->n + 1, sizeof *e);
    bool unordered;
    for (size_t i = 0; i < dict->n; i++) { /* by insertion: from the right place on */
        size_t to = i;
        while (sort && to && jj_compare(x, dict->entries[i].key, e[to - 1]->key, "<", &unordered) < 0) {
            e[to] = e[to - 1];
            to--;
            jj_charge(x, 1);
        }
        e[to] = &dict->entries[i];
    }
    return e;
}

static void dump(struct dump *d, struct jval v, size_t level)
{
    struct jx *x = d->b->x;
    jj_enter(x);
    switch (v.kind) {
    case JV_NONE: jsb_adds(d->b, "null"); break;
    case JV_BOOL: jsb_adds(d->b, v.b ? "true" : "false"); break;
    case JV_INT: jsb_int(d->b, v.i); break;
    case JV_FLOAT: dump_float(d, v.f); break;
    case JV_STR: dump_string(d, jj_view(v)); break;
    case JV_LIST: case JV_TUPLE:
        jsb_addc(d->b, '[');
        for (size_t i = 0; i < v.l->n; i++) {
            if (i)
                jsb_addstr(d->b, d->comma);
            dump_break(d, level + 1);
            dump(d, v.l->v[i], level + 1);
        }
        if (v.l->n)
            dump_break(d, level);
        jsb_addc(d->b, ']');
        break;
    case JV_DICT: {
        const struct jentry **e = sorted_entries(x, v.d, d->sort_keys);
        jsb_addc(d->b, '{');
        for (size_t i = 0; i < v.d->n; i++) {
            if (i)
                jsb_addstr(d->b, d->comma);
            dump_break(d, level + 1);
            dump_key(d, e[i]->key);
            jsb_addstr(d->b, d->colon);
            dump(d, e[i]->value, level + 1);
        }
        if (v.d->n)
            dump_break(d, level);
        jsb_addc(d->b, '}');
        break;
    }
    default: jj_fail(x, CARAT_EINPUT, "Object of type %s is not JSON serializable", jj_type(v));
    }
    x->depth--;
}

/* Two dialects: Jinja2's own sorts the keys, escapes all that is not ASCII and what HTML minds, and is safe; the one
 * of chat templates takes json.dumps()'s arguments and does none of these. */
struct jval jj_tojson(struct jx *x, struct jval v, struct jval indent, struct jval sort_keys, struct jval ensure_ascii,
                      struct jval separators)
{
    const bool chat = x->options.chat;
    struct jsb b = {.x = x}, pad = {.x = x};
    struct dump d = {.b = &b, .comma = STR(", "), .colon = STR(": "), .sort_keys = !chat, .ascii = !chat, .html = !chat};
    int64_t width;
    if (jj_given(sort_keys))
        d.sort_keys = jj_truth(x, sort_keys);
    if (jj_given(ensure_ascii))
        d.ascii = jj_truth(x, ensure_ascii);
    if (jj_as_int(indent, &width)) {
        jsb_addc(&pad, ' ');
        pad.n = 0;
        jsb_fill(&pad, STR(" "), width > 0 ? (size_t)width : 0);
        d.indent = (struct str){pad.p, pad.n};
        d.comma = STR(",");
    } else if (indent.kind == JV_STR) {
        d.indent = jj_view(indent);
        d.comma = STR(",");
    } else if (jj_given(indent) && indent.kind != JV_NONE) {
        jj_fail(x, CARAT_EINPUT, "tojson's indent is of type '%s'", jj_type(indent));
    }
    if (jj_given(separators) && separators.kind != JV_NONE) {
        if ((separators.kind != JV_TUPLE && separators.kind != JV_LIST) || separators.l->n != 2 ||
            separators.l->v[0].kind != JV_STR || separators.l->v[1].kind != JV_STR)
            jj_fail(x, CARAT_EINPUT, "tojson's separators are no pair of strings");
        d.comma = jj_view(separators.l->v[0]);
        d.colon = jj_view(separators.l->v[1]);
    }
    dump(&d, v, 0);
    struct jval out = jsb_string(&b);
    out.markup = !chat;
    return out;
}

/* ---- % and format() ------------------------------------------------------------------------------------------------------ */

/* What both languages ask of a number or a string. */
struct spec {
    struct str fill;
    char align; /* < > = ^ or 0 */
    char sign;  /* + space or 0 */
    bool alternate;
    char group; /* , _ or 0 */
    int width, precision; /* -1: none */
    char type;  /* 0: none */
};

static void put_padded(struct jsb *b, const struct spec *s, struct str sign, struct str body, char align)
{
    const size_t n = sign.n + utf8_length(body), width = s->width < 0 ? 0 : (size_t)s->width;
    const size_t pad = width > n ? width - n : 0, left = align == '>' ? pad : align == '^' ? pad / 2 : 0;
    jsb_fill(b, s->fill, left);
    jsb_addstr(b, sign);
    if (align == '=')
        jsb_fill(b, s->fill, pad);
    jsb_addstr(b, body);
    if (align != '=')
        jsb_fill(b, s->fill, pad - left);
}

static struct str group_digits(struct jx *x, struct str digits, char sep, size_t every)
{
    size_t whole = 0;
    while (whole < digits.n && ((digits.p[whole] >= '0' && digits.p[whole] <= '9') || every == 4))
        whole++;
    struct jsb b = {.x = x};
    for (size_t i = 0; i < digits.n; i++) {
        if (i && i < whole && (whole - i) % every == 0)
            jsb_addc(&b, sep);
        jsb_addc(&b, digits.p[i]);
    }
    return (struct str){b.p, b.n};
}

static void put_int(struct jsb *b, const struct spec *s, int64_t i, bool percent_style)
{
    char digits[72];
    size_t n = sizeof digits;
    uint64_t u = i < 0 ? -(uint64_t)i : (uint64_t)i;
    const unsigned base = s->type == 'x' || s->type == 'X' ? 16 : s->type == 'o' ? 8 : s->type == 'b' ? 2 : 10;
    do {
        digits[--n] = (s->type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef")[u % base];
        u /= base;
    } while (u);
    struct str body = {digits + n, sizeof digits - n};
    struct jsb padded = {.x = b->x}, sign = {.x = b->x};
    if (percent_style && s->precision > 0 && body.n < (size_t)s->precision) {
        jsb_fill(&padded, STR("0"), (size_t)s->precision - body.n);
        jsb_addstr(&padded, body);
        body = (struct str){padded.p, padded.n};
    }
    if (s->group && s->align == '=' && s->width > 0)
        jj_fail(b->x, CARAT_EUNSUPPORTED, "grouping with zero padding in a format is not supported");
    if (s->group)
        body = group_digits(b->x, body, s->group, base == 10 ? 3 : 4);
    if (i < 0)
        jsb_addc(&sign, '-');
    else if (s->sign)
        jsb_addc(&sign, s->sign);
    if (s->alternate && base != 10) {
        jsb_addc(&sign, '0');
        jsb_addc(&sign, s->type);
    }
    put_padded(b, s, (struct str){sign.p, sign.n}, body, s->align ? s->align : '>');
}

static void put_float(struct jsb *b, const struct spec *s, double f)
{
    char text[512], type = s->type ? s->type : 'g';
    const bool percent = type == '%';
    if (s->alternate)
        jj_fail(b->x, CARAT_EUNSUPPORTED, "'#' for a float in a format is not supported");
    if (percent) {
        f *= 100;
        type = 'f';
    }
    int precision = s->precision < 0 ? 6 : s->precision;
    if (precision > 100)
        jj_fail(b->x, CARAT_EUNSUPPORTED, "a precision above 100 in a format is not supported");
    if (type == 'F')
        type = 'f';
    if ((type == 'g' || type == 'G') && !precision)
        precision = 1;
    if (!isfinite(f))
        snprintf(text, sizeof text, "%s", isnan(f) ? (s->type == 'F' || s->type == 'G' || s->type == 'E' ? "NAN" : "nan")
                                                   : s->type == 'F' || s->type == 'G' || s->type == 'E' ? "INF" : "inf");
    else
        jj_format_c(text, sizeof text, &type, precision, fabs(f));
    struct str body = str_from(text);
    struct jsb with = {.x = b->x};
    if (s->group && s->align == '=' && s->width > 0)
        jj_fail(b->x, CARAT_EUNSUPPORTED, "grouping with zero padding in a format is not supported");
    if (s->group)
        body = group_digits(b->x, body, s->group, 3);
    if (percent) {
        jsb_addstr(&with, body);
        jsb_addc(&with, '%');
        body = (struct str){with.p, with.n};
    }
    const char sign[2] = {signbit(f) && !isnan(f) ? '-' : s->sign, '\0'};
    put_padded(b, s, str_from(sign), body, s->align ? s->align : '>');
}

static void put_text(struct jsb *b, const struct spec *s, struct jval text)
{
    struct jval cut = text;
    if (s->precision >= 0 && (size_t)s->precision < text.s->n_cp)
        cut = jj_substring(b->x, text, 0, (size_t)s->precision);
    put_padded(b, s, STR(""), jj_view(cut), s->align ? s->align : '<');
}

static int read_int(struct jx *x, struct str s, size_t *at)
{
    int v = -1;
    for (; *at < s.n && s.p[*at] >= '0' && s.p[*at] <= '9'; (*at)++) {
        v = (v < 0 ? 0 : v) * 10 + (s.p[*at] - '0');
        if (v > 1000000)
            jj_fail(x, CARAT_EUNSUPPORTED, "a width or precision above a million is not supported");
    }
    return v;
}

struct percent {
    struct jval args;
    size_t used;
};

static struct jval next_percent(struct jx *x, struct percent *p)
{
    const bool tuple = p->args.kind == JV_TUPLE;
    if (p->used >= (tuple ? p->args.l->n : 1))
        jj_fail(x, CARAT_EINPUT, "not enough arguments for format string");
    return tuple ? p->args.l->v[p->used++] : (p->used++, p->args);
}

static int star_or_int(struct jx *x, struct percent *p, struct str f, size_t *at)
{
    int64_t v;
    if (*at >= f.n || f.p[*at] != '*')
        return read_int(x, f, at);
    (*at)++;
    if (!jj_as_int(next_percent(x, p), &v) || v < 0 || v > 1000000)
        jj_fail(x, CARAT_EINPUT, "* wants int");
    return (int)v;
}

static void percent_one(struct jsb *b, struct percent *p, struct spec *s, struct jval v)
{
    struct jx *x = b->x;
    int64_t i;
    switch (s->type) {
    case 's': case 'r': {
        s->fill = STR(" ");
        struct jsb r = {.x = x};
        if (s->type == 'r')
            jj_repr(&r, v);
        s->align = s->align == '<' ? '<' : '>';
        put_text(b, s, s->type == 'r' ? jsb_string(&r) : jj_to_string(x, v));
        return;
    }
    case 'd': case 'i': case 'u':
        jj_must_be_defined(x, v);
        if (v.kind == JV_FLOAT && fabs(v.f) < 9e18)
            v = jj_int((int64_t)v.f);
        if (!jj_as_int(v, &i))
            jj_fail(x, CARAT_EINPUT, "%%%c format: a real number is required, not %s", s->type, jj_type(v));
        put_int(b, s, i, true);
        return;
    case 'x': case 'X': case 'o':
        jj_must_be_defined(x, v);
        if (!jj_as_int(v, &i))
            jj_fail(x, CARAT_EINPUT, "%%%c format: an integer is required, not %s", s->type, jj_type(v));
        put_int(b, s, i, true);
        return;
    case 'e': case 'E': case 'f': case 'F': case 'g': case 'G':
        jj_must_be_defined(x, v);
        if (!jj_is_number(v))
            jj_fail(x, CARAT_EINPUT, "must be real number, not %s", jj_type(v));
        put_float(b, s, jj_as_double(v));
        return;
    default: (void)p; jj_fail(x, CARAT_EUNSUPPORTED, "the format %%%c is not supported", s->type);
    }
}

/* "%(name)-05.2f": flags, width, precision, a length letter that means nothing, the type. */
static size_t percent_item(struct jsb *b, struct percent *p, struct str f, size_t at)
{
    struct jx *x = b->x;
    struct spec s = {.fill = STR(" "), .width = -1, .precision = -1};
    struct jval named = JJ_ABSENT;
    if (at < f.n && f.p[at] == '(') {
        ptrdiff_t close = str_find(f, STR(")"), at);
        if (p->args.kind != JV_DICT)
            jj_fail(x, CARAT_EINPUT, "format requires a mapping");
        if (close < 0)
            jj_fail(x, CARAT_EINPUT, "incomplete format key");
        struct jval key = jj_string_view(x, (struct str){f.p + at + 1, (size_t)close - at - 1});
        struct jval *v = jj_dict_find(x, p->args.d, key);
        if (!v)
            jj_fail(x, CARAT_EINPUT, "the format's key is missing");
        named = *v;
        at = (size_t)close + 1;
    }
    bool zero = false, left = false;
    for (; at < f.n && f.p[at] && strchr("#0- +", f.p[at]); at++) {
        s.alternate |= f.p[at] == '#';
        zero |= f.p[at] == '0';
        left |= f.p[at] == '-';
        if (f.p[at] == '+' || (f.p[at] == ' ' && !s.sign))
            s.sign = f.p[at];
    }
    s.width = star_or_int(x, p, f, &at);
    if (at < f.n && f.p[at] == '.') {
        at++;
        s.precision = star_or_int(x, p, f, &at);
        if (s.precision < 0)
            s.precision = 0;
    }
    while (at < f.n && (f.p[at] == 'h' || f.p[at] == 'l' || f.p[at] == 'L'))
        at++;
    if (at >= f.n)
        jj_fail(x, CARAT_EINPUT, "incomplete format");
    s.type = f.p[at++];
    s.align = left ? '<' : zero ? '=' : '>';
    if (zero && !left)
        s.fill = STR("0");
    if (s.type == '%')
        jsb_addc(b, '%');
    else
        percent_one(b, p, &s, jj_given(named) ? named : next_percent(x, p));
    return at;
}

struct jval jj_percent(struct jx *x, struct jval fmt, struct jval args)
{
    const struct str f = jj_view(fmt);
    struct jsb b = {.x = x};
    struct percent p = {.args = args};
    if (fmt.markup)
        jj_fail(x, CARAT_EUNSUPPORTED, "formatting a safe string is not supported");
    for (size_t at = 0; at < f.n;) {
        if (f.p[at++] == '%')
            at = percent_item(&b, &p, f, at);
        else
            jsb_addc(&b, f.p[at - 1]);
    }
    if (args.kind == JV_TUPLE ? p.used < args.l->n : !p.used && args.kind != JV_DICT && args.kind != JV_LIST)
        jj_fail(x, CARAT_EINPUT, "not all arguments converted during string formatting");
    return jsb_string(&b);
}

static bool is_align(char c) { return c == '<' || c == '>' || c == '=' || c == '^'; }

static struct spec read_spec(struct jx *x, struct str f)
{
    struct spec s = {.fill = STR(" "), .width = -1, .precision = -1};
    size_t at = 0, next = 0;
    if (f.n)
        utf8_next(f, &next);
    if (f.n > next && is_align(f.p[next])) {
        s.fill = (struct str){f.p, next};
        s.align = f.p[next];
        at = next + 1;
    } else if (f.n && is_align(f.p[0])) {
        s.align = f.p[at++];
    }
    if (at < f.n && (f.p[at] == '+' || f.p[at] == '-' || f.p[at] == ' ')) {
        s.sign = f.p[at] == '-' ? 0 : f.p[at];
        at++;
    }
    if (at < f.n && f.p[at] == '#') {
        s.alternate = true;
        at++;
    }
    if (at < f.n && f.p[at] == '0') {
        if (!s.align) {
            s.align = '=';
            s.fill = STR("0");
        }
        at++;
    }
    s.width = read_int(x, f, &at);
    if (at < f.n && (f.p[at] == ',' || f.p[at] == '_'))
        s.group = f.p[at++];
    if (at < f.n && f.p[at] == '.') {
        at++;
        s.precision = read_int(x, f, &at);
        if (s.precision < 0)
            jj_fail(x, CARAT_EINPUT, "format specifier missing precision");
    }
    if (at < f.n)
        s.type = f.p[at++];
    if (at < f.n)
        jj_fail(x, CARAT_EINPUT, "invalid format specifier '%.*s'", (int)(f.n < 60 ? f.n : 60), f.p);
    return s;
}

static bool type_in(const struct spec *s, const char *types) { return !s->type || strchr(types, s->type); }

struct jval jj_format_spec(struct jx *x, struct jval v, struct str text)
{
    struct jsb b = {.x = x};
    int64_t i;
    jj_strict(x, v);
    if (!text.n)
        return jj_to_string(x, v);
    struct spec s = read_spec(x, text);
    if (v.kind == JV_STR) {
        if (!type_in(&s, "s") || s.sign || s.group || s.alternate || (s.align == '=' && s.fill.p[0] != '0'))
            jj_fail(x, CARAT_EINPUT, "a format that strings have not");
        if (s.align == '=')
            s.align = '<';
        put_text(&b, &s, v);
    } else if (jj_as_int(v, &i) && s.precision < 0 && type_in(&s, "dxXob")) {
        put_int(&b, &s, i, false);
    } else if (jj_is_number(v) && s.type && strchr("eEfFgG%", s.type)) {
        put_float(&b, &s, jj_as_double(v));
    } else if (v.kind == JV_FLOAT && !s.type && s.precision < 0) {
        char repr[64];
        jj_repr_float(fabs(v.f), repr);
        struct str body = str_from(repr);
        if (s.group)
            body = group_digits(x, body, s.group, 3);
        const char sign[2] = {signbit(v.f) ? '-' : s.sign, '\0'};
        put_padded(&b, &s, str_from(sign), body, s.align ? s.align : '>');
    } else {
        jj_fail(x, CARAT_EUNSUPPORTED, "the format '%.*s' for a value of type '%s' is not supported",
                (int)(text.n < 60 ? text.n : 60), text.p, jj_type(v));
    }
    return jsb_string(&b);
}

/* The field's value: a number, a name or nothing, then .name and [index]. */
static struct jval field_value(struct jx *x, struct str field, const struct jargs *args, int64_t *automatic)
{
    size_t at = 0;
    while (at < field.n && field.p[at] != '.' && field.p[at] != '[')
        at++;
    const struct str first = {field.p, at};
    int64_t number = -1;
    struct jval v = JJ_ABSENT;
    if (!first.n)
        number = (*automatic)++;
    else if (first.p[0] >= '0' && first.p[0] <= '9' && !num_parse_i64(first, &number))
        jj_fail(x, CARAT_EINPUT, "a format field is no number");
    if (number >= 0 && (size_t)number < args->n)
        v = args->v[number];
    for (size_t i = 0; number < 0 && i < args->n_named; i++)
        if (str_eq(args->names[i], first))
            v = args->named[i];
    if (!jj_given(v))
        jj_fail(x, CARAT_EINPUT, "a format field has no argument");
    while (at < field.n) {
        const bool attribute = field.p[at++] == '.';
        const size_t from = at;
        while (at < field.n && (attribute ? field.p[at] != '.' && field.p[at] != '[' : field.p[at] != ']'))
            at++;
        const struct str name = {field.p + from, at - from};
        at += !attribute;
        if (attribute)
            jj_fail(x, CARAT_EUNSUPPORTED, "attributes in a format field are not supported");
        v = jj_getitem(x, v, num_parse_i64(name, &number) ? jj_int(number) : jj_string_view(x, name));
        jj_must_be_defined(x, v);
    }
    return v;
}

/* "{field!r:spec}" at f[at], behind the brace. */
static size_t format_item(struct jsb *b, struct str f, size_t at, const struct jargs *args, int64_t *automatic)
{
    struct jx *x = b->x;
    const ptrdiff_t close = str_find(f, STR("}"), at);
    if (close < 0)
        jj_fail(x, CARAT_EINPUT, "expected '}' before end of string");
    struct str item = {f.p + at, (size_t)close - at};
    if (str_find(item, STR("{"), 0) >= 0)
        jj_fail(x, CARAT_EUNSUPPORTED, "a format field within a format is not supported");
    ptrdiff_t colon = str_find(item, STR(":"), 0);
    struct str spec = {"", 0}, field = item;
    if (colon >= 0) {
        field.n = (size_t)colon;
        spec = (struct str){item.p + colon + 1, item.n - (size_t)colon - 1};
    }
    char conversion = 0;
    if (field.n >= 2 && field.p[field.n - 2] == '!') {
        conversion = field.p[field.n - 1];
        field.n -= 2;
    }
    struct jval v = field_value(x, field, args, automatic);
    if (conversion == 'r') {
        struct jsb r = {.x = x};
        jj_repr(&r, v);
        v = jsb_string(&r);
    } else if (conversion == 's') {
        v = jj_to_string(x, v);
    } else if (conversion) {
        jj_fail(x, CARAT_EUNSUPPORTED, "the conversion '!%c' is not supported", conversion);
    }
    jsb_addstr(b, jj_view(jj_format_spec(x, v, spec)));
    return (size_t)close + 1;
}

struct jval jj_format(struct jx *x, struct jval fmt, const struct jargs *args)
{
    const struct str f = jj_view(fmt);
    struct jsb b = {.x = x};
    int64_t automatic = 0;
    if (fmt.markup)
        jj_fail(x, CARAT_EUNSUPPORTED, "formatting a safe string is not supported");
    for (size_t at = 0; at < f.n;) {
        const char c = f.p[at++];
        const bool doubled = at < f.n && f.p[at] == c;
        if ((c == '{' || c == '}') && doubled) {
            jsb_addc(&b, c);
            at++;
        } else if (c == '{') {
            at = format_item(&b, f, at, args, &automatic);
        } else if (c == '}') {
            jj_fail(x, CARAT_EINPUT, "single '}' encountered in format string");
        } else {
            jsb_addc(&b, c);
        }
    }
    return jsb_string(&b);
}
