/* value.c - Python's values: what they are made of, and what ==, <, in, +, len(), bool() and [a:b:c] mean for them.
 *
 * A value is two words and is passed by value; what it points to lies in the rendering's arena and is shared as in
 * Python: a list that is changed is changed for all that hold it. Strings know how many code points they have, so that
 * ASCII ones are indexed by byte; others are walked.
 *
 * Dicts keep their keys in the order they came. Keys may be what Python can hash; 1, 1.0 and True are the same key.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "jinja_int.h"

/* ---- failing, memory, steps ------------------------------------------------------------------------------- */

_Noreturn void jj_fail(struct jx *x, enum carat_err code, const char *fmt, ...)
{
    char what[700];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    x->code = err_set(x->err, code, "%s:%d: %s", x->name, x->line, what);
    longjmp(x->escape, 1);
}

void jj_charge(struct jx *x, uint64_t steps)
{
    x->steps += steps;
    if (x->steps > x->steps_max)
        jj_fail(x, CARAT_ENOMEM, "the template takes more than %llu steps", (unsigned long long)x->steps_max);
}

void *jj_alloc(struct jx *x, size_t n)
{
    if (n > x->memory_max - x->memory)
        jj_fail(x, CARAT_ENOMEM, "the template needs more than %zu bytes of memory", x->memory_max);
    void *p = arena_alloc(&x->arena, n);
    if (!p)
        jj_fail(x, CARAT_ENOMEM, "out of memory for a template");
    x->memory += n;
    jj_charge(x, n >> 6);
    return p;
}

void *jj_alloc_array(struct jx *x, size_t count, size_t size)
{
    size_t n;
    if (!num_mul(count, size, &n))
        jj_fail(x, CARAT_ENOMEM, "the template needs more than %zu bytes of memory", x->memory_max);
    return jj_alloc(x, n);
}

void jj_enter(struct jx *x)
{
    if (++x->depth > JJ_DEPTH_MAX)
        jj_fail(x, CARAT_EUNSUPPORTED, "the template or a value is nested more than %d levels deep", JJ_DEPTH_MAX);
    jj_charge(x, 1);
}

/* ---- making values ----------------------------------------------------------------------------------------------- */

struct jval jj_string_view(struct jx *x, struct str s)
{
    struct jstr *js = jj_alloc(x, sizeof *js);
    *js = (struct jstr){.n = s.n, .n_cp = utf8_length(s), .p = s.p ? s.p : ""};
    return (struct jval){.kind = JV_STR, .s = js};
}

struct jval jj_string(struct jx *x, struct str s)
{
    char *p = jj_alloc(x, s.n + 1);
    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return jj_string_view(x, (struct str){p, s.n});
}

struct jval jj_string_take(struct jx *x, struct buf *b)
{
    const struct str s = buf_str(b);
    char *p = buf_failed(b) || s.n >= x->memory_max - x->memory ? NULL : arena_dup(&x->arena, s.p, s.n);
    size_t n = s.n;
    buf_release(b);
    if (!p)
        jj_fail(x, CARAT_ENOMEM, "the template needs more than %zu bytes of memory", x->memory_max);
    x->memory += n;
    jj_charge(x, n >> 4);
    return jj_string_view(x, (struct str){p, n});
}

struct jval jj_undefined(struct jx *x, const char *fmt, ...)
{
    char what[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    struct jundef *u = jj_alloc(x, sizeof *u);
    *u = (struct jundef){.message = jj_view(jj_string(x, str_from(what)))};
    return (struct jval){.kind = JV_UNDEF, .u = u};
}

struct jval jj_list(struct jx *x, enum jv_kind kind, size_t room)
{
    struct jlist *l = jj_alloc(x, sizeof *l);
    *l = (struct jlist){.v = room ? jj_alloc_array(x, room, sizeof *l->v) : NULL, .cap = room};
    return (struct jval){.kind = kind, .l = l};
}

void jj_push(struct jx *x, struct jlist *l, struct jval v)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 4;
        struct jval *grown = jj_alloc_array(x, cap, sizeof *grown);
        if (l->n)
            memcpy(grown, l->v, l->n * sizeof *grown);
        l->v = grown;
        l->cap = cap;
    }
    l->v[l->n++] = v;
}

struct jval jj_pair(struct jx *x, struct jval a, struct jval b)
{
    struct jval t = jj_list(x, JV_TUPLE, 2);
    jj_push(x, t.l, a);
    jj_push(x, t.l, b);
    return t;
}

/* ---- dicts ------------------------------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t h)
{
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdULL;
    h ^= h >> 33;
    return h;
}

static uint64_t hash(struct jx *x, struct jval v)
{
    uint64_t h = 14695981039346656037ULL, bits;
    int64_t i;
    if (jj_as_int(v, &i))
        return mix((uint64_t)i + 1);
    switch (v.kind) {
    case JV_NONE: return 3;
    case JV_FLOAT:
        if (v.f == floor(v.f) && fabs(v.f) < 9e18)
            return mix((uint64_t)(int64_t)v.f + 1);
        memcpy(&bits, &v.f, sizeof bits);
        return mix(bits);
    case JV_STR:
        jj_charge(x, v.s->n >> 4);
        for (size_t at = 0; at < v.s->n; at++)
            h = (h ^ (unsigned char)v.s->p[at]) * 1099511628211ULL;
        return mix(h);
    case JV_TUPLE:
        jj_enter(x);
        for (size_t at = 0; at < v.l->n; at++)
            h = mix(h ^ hash(x, v.l->v[at])) * 31 + 7;
        x->depth--;
        return h;
    case JV_UNDEF: jj_strict(x, v); return 5;
    case JV_LIST: case JV_DICT: jj_fail(x, CARAT_EINPUT, "unhashable type: '%s'", jj_type(v));
    default: jj_fail(x, CARAT_EUNSUPPORTED, "%s as a key is not supported", jj_type(v));
    }
}

struct jval jj_dict(struct jx *x)
{
    struct jdict *d = jj_alloc(x, sizeof *d);
    *d = (struct jdict){.entries = NULL};
    return (struct jval){.kind = JV_DICT, .d = d};
}

enum { SCANNED = 8 }; /* so many entries are found without an index */

/* The entry's number, or d->n. With an index *slot is where it stands or would stand. */
static size_t find(struct jx *x, const struct jdict *d, struct jval key, uint64_t h, size_t *slot)
{
    if (!d->n_index) {
        for (size_t i = 0; i < d->n; i++)
            if (d->entries[i].hash == h && jj_equal(x, d->entries[i].key, key))
                return i;
        return d->n;
    }
    for (size_t s = h & (d->n_index - 1);; s = (s + 1) & (d->n_index - 1)) {
        uint32_t e = d->index[s];
        *slot = s;
        if (!e)
            return d->n;
        jj_charge(x, 1);
        if (d->entries[e - 1].hash == h && jj_equal(x, d->entries[e - 1].key, key))
            return e - 1;
    }
}

struct jval *jj_dict_find(struct jx *x, const struct jdict *d, struct jval key)
{
    size_t slot, i = find(x, d, key, hash(x, key), &slot);
    return i < d->n ? &d->entries[i].value : NULL;
}

static void reindex(struct jx *x, struct jdict *d, size_t size)
{
    if (size > d->n_index)
        d->index = jj_alloc_array(x, size, sizeof *d->index);
    d->n_index = size;
    memset(d->index, 0, size * sizeof *d->index);
    for (size_t i = 0; i < d->n; i++) {
        size_t s = d->entries[i].hash & (size - 1);
        while (d->index[s])
            s = (s + 1) & (size - 1);
        d->index[s] = (uint32_t)i + 1;
    }
    jj_charge(x, d->n);
}

void jj_dict_set(struct jx *x, struct jdict *d, struct jval key, struct jval value)
{
    size_t slot = 0;
    const uint64_t h = hash(x, key);
    size_t i = find(x, d, key, h, &slot);
    if (i < d->n) {
        d->entries[i].value = value;
        return;
    }
    if (d->n == d->cap) {
        size_t cap = d->cap ? d->cap * 2 : 4;
        struct jentry *grown = jj_alloc_array(x, cap, sizeof *grown);
        if (d->n)
            memcpy(grown, d->entries, d->n * sizeof *grown);
        d->entries = grown;
        d->cap = cap;
    }
    d->entries[d->n++] = (struct jentry){key, value, h};
    if (d->n > SCANNED && d->n * 2 > d->n_index)
        reindex(x, d, d->n_index ? d->n_index * 2 : 32);
    else if (d->n_index)
        d->index[slot] = (uint32_t)d->n;
}

bool jj_dict_remove(struct jx *x, struct jdict *d, struct jval key)
{
    size_t slot, i = find(x, d, key, hash(x, key), &slot);
    if (i == d->n)
        return false;
    memmove(d->entries + i, d->entries + i + 1, (d->n - i - 1) * sizeof *d->entries);
    d->n--;
    if (d->n_index)
        reindex(x, d, d->n_index);
    return true;
}

struct jval jj_entry(struct jx *x, struct jview view, size_t i)
{
    const struct jentry *e = &view.d->entries[i];
    return view.kind == VIEW_KEYS ? e->key : view.kind == VIEW_VALUES ? e->value : jj_pair(x, e->key, e->value);
}

/* ---- what a value is ------------------------------------------------------------------------------------------------------ */

const char *jj_type(struct jval v)
{
    static const char *const names[] = {
        [JV_ABSENT] = "nothing", [JV_UNDEF] = "Undefined", [JV_NONE] = "NoneType",  [JV_BOOL] = "bool",
        [JV_INT] = "int",        [JV_FLOAT] = "float",     [JV_STR] = "str",        [JV_LIST] = "list",
        [JV_TUPLE] = "tuple",    [JV_DICT] = "dict",       [JV_RANGE] = "range",    [JV_VIEW] = "dict_items",
        [JV_GEN] = "generator",  [JV_NAMESPACE] = "jinja2.utils.Namespace", [JV_LOOP] = "jinja2.runtime.LoopContext",
        [JV_MACRO] = "jinja2.runtime.Macro", [JV_METHOD] = "builtin_function_or_method", [JV_FUNC] = "function"};
    return v.kind == JV_STR && v.markup ? "markupsafe.Markup" : names[v.kind];
}

bool jj_is_number(struct jval v) { return v.kind == JV_INT || v.kind == JV_FLOAT || v.kind == JV_BOOL; }

bool jj_as_int(struct jval v, int64_t *out)
{
    if (v.kind != JV_INT && v.kind != JV_BOOL)
        return false;
    *out = v.kind == JV_INT ? v.i : v.b;
    return true;
}

double jj_as_double(struct jval v)
{
    int64_t i;
    return jj_as_int(v, &i) ? (double)i : v.f;
}

void jj_must_be_defined(struct jx *x, struct jval v)
{
    if (v.kind == JV_UNDEF)
        jj_fail(x, CARAT_EINPUT, "%.*s", (int)v.u->message.n, v.u->message.p);
}

void jj_strict(struct jx *x, struct jval v)
{
    if (x->options.strict_undefined && !(v.kind == JV_UNDEF && v.u->lenient))
        jj_must_be_defined(x, v);
}

bool jj_length(struct jx *x, struct jval v, size_t *out)
{
    switch (v.kind) {
    case JV_STR: *out = v.s->n_cp; return true;
    case JV_LIST: case JV_TUPLE: *out = v.l->n; return true;
    case JV_DICT: *out = v.d->n; return true;
    case JV_RANGE: *out = v.r->n; return true;
    case JV_VIEW: *out = v.view->d->n; return true;
    case JV_LOOP: *out = v.loop->n; return true;
    case JV_UNDEF:
        jj_strict(x, v);
        *out = 0;
        return true;
    default: return false;
    }
}

bool jj_truth(struct jx *x, struct jval v)
{
    size_t n;
    switch (v.kind) {
    case JV_NONE: return false;
    case JV_BOOL: return v.b;
    case JV_INT: return v.i != 0;
    case JV_FLOAT: return v.f != 0;
    default: return !jj_length(x, v, &n) || n;
    }
}

static bool equal_lists(struct jx *x, const struct jlist *a, const struct jlist *b)
{
    if (a == b)
        return true;
    bool same = a->n == b->n;
    for (size_t i = 0; same && i < a->n && i < b->n; i++)
        same = jj_equal(x, a->v[i], b->v[i]);
    return same;
}

static bool equal_dicts(struct jx *x, const struct jdict *a, const struct jdict *b)
{
    if (a == b)
        return true;
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++) {
        const struct jval *other = jj_dict_find(x, b, a->entries[i].key);
        if (!other || !jj_equal(x, a->entries[i].value, *other))
            return false;
    }
    return true;
}

/* An int and a float are compared as Python does it: exactly. */
static int compare_numbers(struct jval a, struct jval b, bool *unordered)
{
    int64_t i, j;
    const bool ai = jj_as_int(a, &i), bi = jj_as_int(b, &j);
    if (ai && bi)
        return (i > j) - (i < j);
    if (ai)
        return -compare_numbers(b, a, unordered);
    if (bi) {
        if (isnan(a.f)) {
            *unordered = true;
            return 1;
        }
        if (a.f >= 9223372036854775808.0 || a.f < -9223372036854775808.0)
            return a.f > 0 ? 1 : -1;
        const int64_t whole = (int64_t)a.f; /* towards zero */
        const double rest = a.f - (double)whole;
        return whole != j ? (whole > j) - (whole < j) : (rest > 0) - (rest < 0);
    }
    *unordered |= isnan(a.f) || isnan(b.f);
    return (a.f > b.f) - (a.f < b.f);
}

bool jj_equal(struct jx *x, struct jval a, struct jval b)
{
    bool unordered = false, same = false;
    if (jj_is_number(a) && jj_is_number(b))
        return compare_numbers(a, b, &unordered) == 0 && !unordered;
    jj_strict(x, a);
    jj_strict(x, b);
    if (a.kind != b.kind)
        return false;
    jj_enter(x);
    switch (a.kind) {
    case JV_NONE: case JV_UNDEF: same = true; break;
    case JV_STR:
        jj_charge(x, a.s->n >> 6);
        same = str_eq(jj_view(a), jj_view(b));
        break;
    case JV_LIST: case JV_TUPLE: same = equal_lists(x, a.l, b.l); break;
    case JV_DICT: same = equal_dicts(x, a.d, b.d); break;
    case JV_RANGE:
        same = a.r->n == b.r->n && (!a.r->n || (a.r->start == b.r->start && (a.r->n == 1 || a.r->step == b.r->step)));
        break;
    case JV_VIEW: jj_fail(x, CARAT_EUNSUPPORTED, "comparing a dict's views is not supported");
    case JV_METHOD: same = a.method == b.method; break;
    case JV_FUNC: same = a.fn == b.fn; break;
    default: same = a.l == b.l; /* identity: any of the pointers */
    }
    x->depth--;
    return same;
}

int jj_compare(struct jx *x, struct jval a, struct jval b, const char *op, bool *unordered)
{
    *unordered = false;
    jj_must_be_defined(x, a);
    jj_must_be_defined(x, b);
    if (jj_is_number(a) && jj_is_number(b))
        return compare_numbers(a, b, unordered);
    if (a.kind == JV_STR && b.kind == JV_STR) { /* UTF-8's order of bytes is that of the code points */
        jj_charge(x, 1 + (a.s->n >> 6));
        return str_cmp(jj_view(a), jj_view(b));
    }
    if (a.kind == b.kind && (a.kind == JV_LIST || a.kind == JV_TUPLE)) {
        jj_enter(x);
        size_t i = 0;
        while (i < a.l->n && i < b.l->n && jj_equal(x, a.l->v[i], b.l->v[i]))
            i++;
        int order = i < a.l->n && i < b.l->n ? jj_compare(x, a.l->v[i], b.l->v[i], op, unordered)
                                             : (a.l->n > b.l->n) - (a.l->n < b.l->n);
        x->depth--;
        return order;
    }
    jj_fail(x, CARAT_EINPUT, "'%s' not supported between instances of '%s' and '%s'", op, jj_type(a), jj_type(b));
}

bool jj_contains(struct jx *x, struct jval v, struct jval in)
{
    struct jiter it;
    struct jval item;
    switch (in.kind) {
    case JV_STR:
        jj_must_be_defined(x, v);
        if (v.kind != JV_STR)
            jj_fail(x, CARAT_EINPUT, "'in <string>' requires string as left operand, not %s", jj_type(v));
        jj_charge(x, in.s->n >> 4);
        return str_find(jj_view(in), jj_view(v), 0) >= 0;
    case JV_DICT: return jj_dict_find(x, in.d, v);
    case JV_UNDEF: jj_strict(x, in); return false;
    default: break;
    }
    if (!jj_iterable(in))
        jj_fail(x, CARAT_EINPUT, "argument of type '%s' is not iterable", jj_type(in));
    for (it = jj_iter(x, in); jj_next(x, &it, &item);)
        if (jj_equal(x, item, v))
            return true;
    return false;
}

/* ---- arithmetic --------------------------------------------------------------------------------------------------------- */

_Noreturn static void overflow(struct jx *x)
{
    jj_fail(x, CARAT_EUNSUPPORTED, "an integer beyond 64 bits is not supported");
}

_Noreturn static void bad_operands(struct jx *x, const char *op, struct jval a, struct jval b)
{
    if (*op == '+' && a.kind == JV_STR)
        jj_fail(x, CARAT_EINPUT, "can only concatenate str (not \"%s\") to str", jj_type(b));
    jj_fail(x, CARAT_EINPUT, "unsupported operand type(s) for %s: '%s' and '%s'", op, jj_type(a), jj_type(b));
}

static struct jval concatenate(struct jx *x, struct jval a, struct jval b)
{
    if (a.kind == JV_STR) {
        const bool markup = a.markup || b.markup;
        if (markup && !a.markup)
            a = jj_escape(x, a);
        if (markup && !b.markup)
            b = jj_escape(x, b);
        struct jsb sb = {.x = x};
        jsb_addstr(&sb, jj_view(a));
        jsb_addstr(&sb, jj_view(b));
        struct jval v = jsb_string(&sb);
        v.markup = markup;
        return v;
    }
    struct jval v = jj_list(x, a.kind, a.l->n + b.l->n);
    if (a.l->n)
        memcpy(v.l->v, a.l->v, a.l->n * sizeof *a.l->v);
    if (b.l->n)
        memcpy(v.l->v + a.l->n, b.l->v, b.l->n * sizeof *b.l->v);
    v.l->n = a.l->n + b.l->n;
    return v;
}

static struct jval repeat(struct jx *x, struct jval v, int64_t times)
{
    const size_t n = times > 0 ? (size_t)times : 0;
    size_t total;
    if (!num_mul(v.kind == JV_STR ? jj_view(v).n : v.l->n, n, &total))
        overflow(x);
    if (v.kind != JV_STR) {
        struct jval out = jj_list(x, v.kind, total);
        while (out.l->n < total) {
            memcpy(out.l->v + out.l->n, v.l->v, v.l->n * sizeof *v.l->v);
            out.l->n += v.l->n;
        }
        return out;
    }
    struct jsb sb = {.x = x}; /* of its whole size at once: too much is refused before it is written */
    if (total)
        sb = (struct jsb){.x = x, .p = jj_alloc(x, total), .cap = total};
    while (sb.n < total)
        jsb_addstr(&sb, jj_view(v));
    struct jval out = jsb_string(&sb);
    out.markup = v.markup;
    return out;
}

static double float_mod(double a, double b)
{
    double m = fmod(a, b);
    if (m != 0 && (m < 0) != (b < 0))
        m += b;
    return m != 0 ? m : copysign(0, b);
}

/* As Python's float floor division does it, from the modulus. */
static double float_floordiv(double a, double b)
{
    const double m = float_mod(a, b), q = (a - m) / b;
    if (q == 0)
        return copysign(0, a / b);
    const double whole = floor(q);
    return q - whole > 0.5 ? whole + 1 : whole;
}

static struct jval int_power(struct jx *x, int64_t base, int64_t e)
{
    int64_t r = 1;
    if (e < 0) {
        if (!base)
            jj_fail(x, CARAT_EINPUT, "0.0 cannot be raised to a negative power");
        return jj_float(pow((double)base, (double)e));
    }
    for (bool more = e != 0; more;) {
        if ((e & 1) && __builtin_mul_overflow(r, base, &r))
            overflow(x);
        e >>= 1;
        more = e != 0;
        if (more && __builtin_mul_overflow(base, base, &base))
            overflow(x);
    }
    return jj_int(r);
}

static struct jval int_arithmetic(struct jx *x, int op, int64_t a, int64_t b)
{
    int64_t r = 0;
    bool over = false;
    switch (op) {
    case '+': over = __builtin_add_overflow(a, b, &r); break;
    case '-': over = __builtin_sub_overflow(a, b, &r); break;
    case '*': over = __builtin_mul_overflow(a, b, &r); break;
    case OP_POW: return int_power(x, a, b);
    case '/': /* exact where both are exact in a double, else Python's rounding is not promised */
        if (a > (INT64_C(1) << 53) || a < -(INT64_C(1) << 53) || b > (INT64_C(1) << 53) || b < -(INT64_C(1) << 53))
            jj_fail(x, CARAT_EUNSUPPORTED, "dividing integers beyond 2**53 is not supported");
        return jj_float((double)a / (double)b);
    default:
        if (a == INT64_MIN && b == -1) {
            over = op == OP_FLOORDIV;
            break;
        }
        r = op == '%' ? a % b : a / b;
        if (a % b && (a % b < 0) != (b < 0))
            r = op == '%' ? r + b : r - 1;
    }
    if (over)
        overflow(x);
    return jj_int(r);
}

static struct jval arithmetic(struct jx *x, int op, struct jval a, struct jval b)
{
    int64_t i, j;
    const bool ints = jj_as_int(a, &i) && jj_as_int(b, &j);
    const double f = jj_as_double(a), g = jj_as_double(b);
    if ((op == '/' || op == '%' || op == OP_FLOORDIV) && g == 0) {
        if (ints)
            jj_fail(x, CARAT_EINPUT, op == '/' ? "division by zero" : "integer division or modulo by zero");
        jj_fail(x, CARAT_EINPUT, op == '/' ? "float division by zero" : "float floor division or modulo by zero");
    }
    if (ints)
        return int_arithmetic(x, op, i, j);
    switch (op) {
    case '+': return jj_float(f + g);
    case '-': return jj_float(f - g);
    case '*': return jj_float(f * g);
    case '/': return jj_float(f / g);
    case '%': return jj_float(float_mod(f, g));
    case OP_FLOORDIV: return jj_float(float_floordiv(f, g));
    default: break;
    }
    const double r = pow(f, g);
    if (f == 0 && g < 0)
        jj_fail(x, CARAT_EINPUT, "0.0 cannot be raised to a negative power");
    if (isinf(r) && !isinf(f) && !isinf(g))
        jj_fail(x, CARAT_EINPUT, "numerical result out of range");
    if (isnan(r) && !isnan(f) && !isnan(g))
        jj_fail(x, CARAT_EUNSUPPORTED, "complex numbers are not supported");
    return jj_float(r);
}

struct jval jj_binary(struct jx *x, int op, struct jval a, struct jval b)
{
    static const char *const names[] = {[OP_FLOORDIV - OP_EQ] = "//", [OP_POW - OP_EQ] = "** or pow()"};
    const char single[2] = {(char)op, '\0'};
    const char *name = op < OP_EQ ? single : names[op - OP_EQ];
    int64_t times;
    jj_must_be_defined(x, a);
    if (op == '%' && a.kind == JV_STR)
        return jj_percent(x, a, b);
    jj_must_be_defined(x, b);
    if (jj_is_number(a) && jj_is_number(b))
        return arithmetic(x, op, a, b);
    if (op == '+' && a.kind == b.kind && (a.kind == JV_STR || a.kind == JV_LIST || a.kind == JV_TUPLE))
        return concatenate(x, a, b);
    if (op == '*') {
        if ((a.kind == JV_STR || a.kind == JV_LIST || a.kind == JV_TUPLE) && jj_as_int(b, &times))
            return repeat(x, a, times);
        if ((b.kind == JV_STR || b.kind == JV_LIST || b.kind == JV_TUPLE) && jj_as_int(a, &times))
            return repeat(x, b, times);
    }
    if (op == '|' || (op == '-' && a.kind == JV_VIEW))
        jj_fail(x, CARAT_EUNSUPPORTED, "%s of '%s' is not supported", name, jj_type(a));
    bad_operands(x, name, a, b);
}

struct jval jj_negate(struct jx *x, struct jval v, bool negative)
{
    int64_t i;
    jj_must_be_defined(x, v);
    if (v.kind == JV_FLOAT)
        return jj_float(negative ? -v.f : v.f);
    if (!jj_as_int(v, &i))
        jj_fail(x, CARAT_EINPUT, "bad operand type for unary %c: '%s'", negative ? '-' : '+', jj_type(v));
    if (negative && i == INT64_MIN)
        overflow(x);
    return jj_int(negative ? -i : i);
}

/* ---- walking ------------------------------------------------------------------------------------------------------------- */

bool jj_iterable(struct jval v)
{
    switch (v.kind) {
    case JV_STR: case JV_LIST: case JV_TUPLE: case JV_DICT: case JV_RANGE: case JV_VIEW: case JV_GEN: case JV_UNDEF:
        return true;
    default: return false;
    }
}

struct jiter jj_iter(struct jx *x, struct jval v)
{
    if (v.kind == JV_UNDEF)
        jj_strict(x, v);
    else if (!jj_iterable(v))
        jj_fail(x, CARAT_EINPUT, "'%s' object is not iterable", jj_type(v));
    return (struct jiter){.v = v};
}

bool jj_next(struct jx *x, struct jiter *it, struct jval *out)
{
    const struct jval v = it->v;
    jj_charge(x, 1);
    switch (v.kind) {
    case JV_STR:
        if (it->byte >= v.s->n)
            return false;
        size_t from = it->byte;
        utf8_next(jj_view(v), &it->byte);
        *out = jj_string_view(x, (struct str){v.s->p + from, it->byte - from});
        return true; /* a safe string's characters are not safe */
    case JV_LIST: case JV_TUPLE:
        if (it->at >= v.l->n)
            return false;
        *out = v.l->v[it->at++];
        return true;
    case JV_GEN:
        if (v.l->at >= v.l->n)
            return false;
        *out = v.l->v[v.l->at++];
        return true;
    case JV_DICT: case JV_VIEW: {
        const struct jview view = v.kind == JV_VIEW ? *v.view : (struct jview){v.d, VIEW_KEYS};
        if (it->at >= view.d->n)
            return false;
        *out = jj_entry(x, view, it->at++);
        return true;
    }
    case JV_RANGE:
        if (it->at >= v.r->n)
            return false;
        *out = jj_int(v.r->start + (int64_t)it->at++ * v.r->step);
        return true;
    default: return false;
    }
}

struct jval jj_collect(struct jx *x, struct jval v)
{
    struct jiter it = jj_iter(x, v);
    struct jval item, out = jj_list(x, JV_LIST, 0);
    while (jj_next(x, &it, &item))
        jj_push(x, out.l, item);
    return out;
}

/* ---- parts of strings and lists --------------------------------------------------------------------------------------------- */

size_t jj_cp_offset(struct jval s, size_t index)
{
    if (s.s->n == s.s->n_cp || index >= s.s->n_cp)
        return index < s.s->n_cp ? index : s.s->n;
    size_t at = 0;
    while (index--)
        utf8_next(jj_view(s), &at);
    return at;
}

struct jval jj_substring(struct jx *x, struct jval s, size_t from, size_t to)
{
    if (from > to)
        from = to;
    jj_charge(x, s.s->n == s.s->n_cp ? 1 : s.s->n >> 4);
    const size_t a = jj_cp_offset(s, from);
    const size_t b = jj_cp_offset(s, to);
    struct jval v = jj_string_view(x, (struct str){s.s->p + a, b - a});
    v.markup = s.markup;
    return v;
}

static bool slice_index(struct jx *x, struct jval v, int64_t *out)
{
    if (v.kind == JV_NONE || v.kind == JV_ABSENT)
        return false;
    if (v.kind == JV_UNDEF)
        jj_must_be_defined(x, v);
    if (!jj_as_int(v, out))
        jj_fail(x, CARAT_EINPUT, "slice indices must be integers or None or have an __index__ method");
    return true;
}

/* One bound as Python clips it: negative ones count from the end. */
static int64_t clip(int64_t i, int64_t n, bool backwards)
{
    if (i < 0)
        i = i < -n ? (backwards ? -1 : 0) : i + n;
    return i >= n ? (backwards ? n - 1 : n) : i;
}

struct jval jj_slice(struct jx *x, struct jval v, struct jval start, struct jval stop, struct jval step)
{
    size_t length = 0;
    jj_must_be_defined(x, v);
    if (v.kind == JV_RANGE)
        jj_fail(x, CARAT_EUNSUPPORTED, "a slice of a range is not supported");
    if (v.kind != JV_STR && v.kind != JV_LIST && v.kind != JV_TUPLE)
        jj_fail(x, CARAT_EINPUT, "'%s' object has no slices", jj_type(v));
    jj_length(x, v, &length);
    int64_t by = 1, from, to, n = (int64_t)length;
    if (slice_index(x, step, &by) && !by)
        jj_fail(x, CARAT_EINPUT, "slice step cannot be zero");
    if (by == INT64_MIN)
        by++;
    from = slice_index(x, start, &from) ? clip(from, n, by < 0) : by < 0 ? n - 1 : 0;
    to = slice_index(x, stop, &to) ? clip(to, n, by < 0) : by < 0 ? -1 : n;
    if (v.kind == JV_STR && by == 1)
        return jj_substring(x, v, (size_t)from, (size_t)(to < from ? from : to));
    struct jval source = v.kind == JV_STR ? jj_collect(x, v) : v, out = jj_list(x, v.kind == JV_TUPLE ? JV_TUPLE : JV_LIST, 0);
    for (int64_t i = from; by > 0 ? i < to : i > to;) {
        jj_push(x, out.l, source.l->v[i]);
        if (__builtin_add_overflow(i, by, &i))
            break;
    }
    if (v.kind != JV_STR)
        return out;
    struct jsb sb = {.x = x};
    for (size_t i = 0; i < out.l->n; i++)
        jsb_addstr(&sb, jj_view(out.l->v[i]));
    out = jsb_string(&sb);
    out.markup = v.markup;
    return out;
}

/* ---- JSON ---------------------------------------------------------------------------------------------------------------------- */

struct jval jj_from_json(struct jx *x, const json_t *j)
{
    struct jval v = JJ_NONE;
    jj_enter(x);
    switch (json_typeof(j)) {
    case JSON_NULL: break;
    case JSON_TRUE: v = jj_bool(true); break;
    case JSON_FALSE: v = jj_bool(false); break;
    case JSON_INTEGER: v = jj_int(json_integer_value(j)); break;
    case JSON_REAL: v = jj_float(json_real_value(j)); break;
    case JSON_STRING: v = jj_string(x, (struct str){json_string_value(j), json_string_length(j)}); break;
    case JSON_ARRAY:
        v = jj_list(x, JV_LIST, json_array_size(j));
        for (size_t i = 0; i < json_array_size(j); i++)
            jj_push(x, v.l, jj_from_json(x, json_array_get(j, i)));
        break;
    case JSON_OBJECT: {
        v = jj_dict(x);
        const char *key;
        size_t key_n;
        json_t *member, *object = (json_t *)(uintptr_t)j; /* jansson walks without const */
        json_object_keylen_foreach (object, key, key_n, member)
            jj_dict_set(x, v.d, jj_string(x, (struct str){key, key_n}), jj_from_json(x, member));
        break;
    }
    default: break;
    }
    x->depth--;
    return v;
}

/* On failure `out`, which hangs on x->garbage, is released there. */
static void fill_json(struct jx *x, json_t *out, struct jval v);

static json_t *scalar_json(struct jx *x, struct jval v)
{
    json_t *j = NULL;
    switch (v.kind) {
    case JV_NONE: return json_null();
    case JV_BOOL: return json_boolean(v.b);
    case JV_INT: j = json_integer(v.i); break;
    case JV_FLOAT:
        if (!isfinite(v.f))
            jj_fail(x, CARAT_EINPUT, "a float that is not finite has no JSON");
        j = json_real(v.f);
        break;
    case JV_STR: j = json_stringn(v.s->p, v.s->n); break;
    case JV_LIST: case JV_TUPLE: case JV_GEN: case JV_RANGE: case JV_VIEW: j = json_array(); break;
    case JV_DICT: j = json_object(); break;
    case JV_UNDEF: jj_must_be_defined(x, v); break;
    default: jj_fail(x, CARAT_EINPUT, "a value of type '%s' has no JSON", jj_type(v));
    }
    if (!j)
        jj_fail(x, CARAT_ENOMEM, "out of memory for a template's value");
    return j;
}

static void fill_json(struct jx *x, json_t *out, struct jval v)
{
    struct jval item;
    jj_enter(x);
    if (v.kind == JV_DICT) {
        for (size_t i = 0; i < v.d->n; i++) {
            const struct jentry *e = &v.d->entries[i];
            if (e->key.kind != JV_STR)
                jj_fail(x, CARAT_EUNSUPPORTED, "a dict with a key of type '%s' as JSON is not supported", jj_type(e->key));
            json_t *member = scalar_json(x, e->value);
            if (json_object_setn_new(out, e->key.s->p, e->key.s->n, member))
                jj_fail(x, CARAT_ENOMEM, "out of memory for a template's value");
            if (json_is_array(member) || json_is_object(member))
                fill_json(x, member, e->value);
        }
    } else {
        for (struct jiter it = jj_iter(x, v); jj_next(x, &it, &item);) {
            json_t *member = scalar_json(x, item);
            if (json_array_append_new(out, member))
                jj_fail(x, CARAT_ENOMEM, "out of memory for a template's value");
            if (json_is_array(member) || json_is_object(member))
                fill_json(x, member, item);
        }
    }
    x->depth--;
}

json_t *jj_to_json(struct jx *x, struct jval v)
{
    json_t *root = scalar_json(x, v);
    if (!json_is_array(root) && !json_is_object(root))
        return root;
    json_decref(x->garbage[2]);
    x->garbage[2] = root;
    fill_json(x, root, v);
    x->garbage[2] = NULL;
    return root;
}
