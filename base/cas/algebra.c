/* algebra.c - is the difference of two terms zero?
 *
 * A value is N / D, two sums; a sum is a list of terms c * a1^r1 * a2^r2 ... with c rational, the a's *atoms* and the r's
 * rational. Atoms are
 *
 *   SYMBOL   x                              a free variable
 *   PRIME    2, 3, 5 ...                    0 <= r < 1 after the whole part went to c
 *   UNIT     -1                             0 <= r < 1 after whole parts went to c's sign
 *   ROOT     a sum S, for S^r               whole parts are put back as S at the end, and only there
 *   POWER    b^t, t a product of variables  b^(3 t) is its third power
 *   CALL     a function of values           each one stands for itself; but sin^2 is put back as 1 - cos^2
 *
 * and are told apart by their text, so that equal ones meet. Products of roots of different primes, and i, are independent
 * over the rationals, variables are free: where only those occur, N = 0 exactly when it has no terms left. Where others occur,
 * what is left may still be zero, and a number decides: the difference at two points of the complex plane.
 *
 * Variables are complex numbers without assumptions, as SymPy takes them: sqrt(x^2) is not x, sqrt(x) sqrt(y) not sqrt(xy).
 */
#include <math.h>

#include "numeric.h"
#include "sum.h"

/* ---- atoms and their texts ---------------------------------------------------------------------------- */

static void write_wide(struct buf *out, wide x)
{
    char digits[48];
    int n = 0;
    const bool negative = x < 0;
    do {
        int digit = (int)(x % 10);
        digits[n++] = (char)('0' + (digit < 0 ? -digit : digit));
    } while (x /= 10);
    buf_adds(out, negative ? "-" : "");
    while (n)
        buf_addc(out, digits[--n]);
}

static void write_rational(struct buf *out, struct rational r)
{
    write_wide(out, r.p);
    buf_addc(out, '/');
    write_wide(out, r.q);
}

static void write_sum(struct buf *out, const struct sum *s)
{
    for (size_t i = 0; i < s->n; i++) {
        write_rational(out, s->terms[i]->c);
        for (int k = 0; k < s->terms[i]->n; k++) {
            buf_printf(out, "*#%d^", s->terms[i]->factors[k].atom);
            write_rational(out, s->terms[i]->factors[k].power);
        }
        buf_addc(out, '+');
    }
}

static void write_value(struct buf *out, const struct value *v)
{
    write_sum(out, &v->n);
    if (!sum_is_one(&v->d)) {
        buf_addc(out, ':');
        write_sum(out, &v->d);
    }
}

/* The atom of this text, made where there is none. Takes the text over. -1: there are too many. */
static int atom_of(struct algebra *g, enum atom_kind kind, struct buf *text, struct atom **made)
{
    int found = -1;
    *made = NULL;
    for (int i = 0; i < g->n_atoms && found < 0; i++)
        if (g->atoms[i].kind == kind && str_eq(g->atoms[i].key, buf_str(text)))
            found = i;
    if (found < 0 && g->n_atoms < MAX_ATOMS && !buf_failed(text)) {
        char *key = arena_dup(g->arena, buf_str(text).p, text->n);
        if (key) {
            found = g->n_atoms++;
            g->atoms[found] = (struct atom){.kind = kind, .key = {key, text->n}};
            *made = &g->atoms[found];
            g->uncertain |= kind >= ATOM_ROOT;
        }
    }
    g->lost |= found < 0;
    buf_release(text);
    return found;
}

static struct value atom_power(struct algebra *g, int atom, struct rational power)
{
    struct term *t = term_new(g, ONE);
    if (g->lost)
        return cas_lose(g);
    term_multiply(g, t, (struct factor){atom, power});
    return cas_whole(g, sum_of(g, t));
}

static struct value symbol(struct algebra *g, struct str name)
{
    struct atom *made;
    struct buf text = BUF_INIT(1 << 16);
    buf_addstr(&text, name);
    const int atom = atom_of(g, ATOM_SYMBOL, &text, &made);
    return atom < 0 ? cas_lose(g) : atom_power(g, atom, ONE);
}

static int prime_atom(struct algebra *g, wide prime)
{
    struct atom *made;
    struct buf text = BUF_INIT(1 << 10);
    write_wide(&text, prime);
    const int atom = atom_of(g, prime < 0 ? ATOM_UNIT : ATOM_PRIME, &text, &made);
    if (made)
        made->prime = prime;
    return atom;
}

static int root_atom(struct algebra *g, struct value base)
{
    struct atom *made;
    struct buf text = BUF_INIT(1 << 20);
    write_value(&text, &base);
    const int atom = atom_of(g, ATOM_ROOT, &text, &made);
    if (made) {
        made->base = base;
        made->relation = 1;
    }
    return atom;
}

/* ---- powers ------------------------------------------------------------------------------------------- */

enum { MAX_DIVISOR = 200000 };

static struct value root(struct algebra *g, struct value v, struct rational power);

typedef struct value power_fn(struct algebra *g, wide prime, int sign, const void *context);

/* The product of f(prime, +1 or -1) over the prime factors of |r|, those below the line with -1. A rest that is too large
 * to be divided further counts as a prime, and then nothing is certain. */
static struct value over_primes(struct algebra *g, struct rational r, power_fn *f, const void *context)
{
    struct value out = cas_number(g, ONE);
    for (int side = 0; side < 2 && !g->lost; side++) {
        wide rest = side ? r.q : r.p < 0 ? -r.p : r.p;
        for (wide d = 2; rest > 1 && !g->lost; d++) {
            if (d > MAX_DIVISOR || d * d > rest) {
                g->uncertain |= d <= MAX_DIVISOR ? false : rest / d > d;
                out = cas_multiply(g, out, f(g, rest, side ? -1 : 1, context));
                break;
            }
            for (; rest % d == 0 && !g->lost; rest /= d)
                out = cas_multiply(g, out, f(g, d, side ? -1 : 1, context));
        }
    }
    return out;
}

static struct value prime_to_rational(struct algebra *g, wide prime, int sign, const void *context)
{
    struct rational power = *(const struct rational *)context;
    power.p *= sign;
    const int atom = prime_atom(g, prime);
    return atom < 0 ? cas_lose(g) : atom_power(g, atom, power);
}

static struct value whole_power(struct algebra *g, struct value v, wide n)
{
    if (n < 0) {
        v = cas_inverse(g, v);
        n = -n;
    }
    if (g->lost)
        return v;
    struct value out = {sum_power(g, v.n, n), sum_power(g, v.d, n)};
    return cas_tidy(g, out);
}

/* The positive rational that all coefficients share. */
static struct rational content(const struct sum *s)
{
    wide p = 0, q = 1;
    for (size_t i = 0; i < s->n; i++) {
        const struct rational c = s->terms[i]->c;
        p = wide_gcd(p, c.p);
        wide g = wide_gcd(q, c.q);
        if (__builtin_mul_overflow(q / g, c.q, &q))
            return ONE;
    }
    return p ? (struct rational){p, q} : ONE;
}

/* sqrt(a + b sqrt(c)) as sqrt((a + s) / 2) +- sqrt((a - s) / 2), where s = sqrt(a^2 - b^2 c) is rational and a positive. */
static bool denest(struct algebra *g, const struct value *v, struct value *out)
{
    static const struct rational half = {1, 2};
    if (v->n.n != 2 || !sum_is_one(&v->d))
        return false;
    const struct term *a = v->n.terms[0], *b = v->n.terms[1];
    if (a->n) {
        a = v->n.terms[1];
        b = v->n.terms[0];
    }
    if (a->n || a->c.p <= 0)
        return false;
    for (int i = 0; i < b->n; i++)
        if (g->atoms[b->factors[i].atom].kind != ATOM_PRIME || !rational_eq(b->factors[i].power, half))
            return false;
    struct term *copy = term_new(g, ONE);
    if (!copy)
        return false;
    *copy = *b;
    struct value square = whole_power(g, cas_whole(g, sum_of(g, copy)), 2), s;
    struct rational bb, d, root_d, sums[2];
    if (!cas_constant(&square, &bb) || !rational_mul(a->c, a->c, &d))
        return false;
    bb.p = -bb.p;
    if (!rational_add(d, bb, &d) || d.p < 0)
        return false;
    s = root(g, cas_number(g, d), half);
    if (g->lost || !cas_constant(&s, &root_d))
        return false;
    for (int i = 0; i < 2; i++) {
        if (!rational_add(a->c, root_d, &sums[i]) || !rational_mul(sums[i], half, &sums[i]))
            return false;
        root_d.p = -root_d.p;
    }
    struct value second = root(g, cas_number(g, sums[1]), half);
    if (b->c.p < 0)
        second = cas_multiply(g, second, cas_number(g, MINUS_ONE));
    *out = cas_add(g, root(g, cas_number(g, sums[0]), half), second);
    return !g->lost;
}

/* A fractional power: of the content exactly, of the rest as an atom of its own. */
static struct value root(struct algebra *g, struct value v, struct rational power)
{
    struct rational c = ONE, inverted = ONE;
    struct value plain;
    if (v.n.n == 0) {
        g->undefined |= power.p < 0;
        return power.p < 0 ? cas_lose(g) : v;
    }
    if (sum_is_one(&v.d))
        c = content(&v.n);
    g->lost |= !rational_power(c, -1, &inverted);
    if (g->lost)
        return v;
    struct value out = over_primes(g, c, prime_to_rational, &power), rest = cas_multiply(g, v, cas_number(g, inverted));
    struct rational unit;
    if (g->lost)
        return out;
    if (cas_constant(&rest, &unit)) { /* 1 or -1 is left */
        const int atom = unit.p < 0 ? prime_atom(g, -1) : 0;
        return unit.p > 0 || atom < 0 ? out : cas_multiply(g, out, atom_power(g, atom, power));
    }
    if (power.q == 2 && denest(g, &rest, &plain))
        return cas_multiply(g, out, whole_power(g, plain, power.p));
    const struct term *only = rest.n.n == 1 && sum_is_one(&rest.d) ? rest.n.terms[0] : NULL;
    if (only && only->n == 1 && rational_eq(only->c, ONE) && rational_eq(only->factors[0].power, ONE))
        return cas_multiply(g, out, atom_power(g, only->factors[0].atom, power));
    const int atom = root_atom(g, rest);
    return atom < 0 ? cas_lose(g) : cas_multiply(g, out, atom_power(g, atom, power));
}

struct exponent { /* one term of a symbolic exponent, without its coefficient */
    struct sum monomial;
    struct rational power;
};

static struct value power_atom(struct algebra *g, struct str base, const struct exponent *e, int sign)
{
    struct atom *made;
    struct buf text = BUF_INIT(1 << 20);
    struct rational power = e->power;
    power.p *= sign;
    buf_addstr(&text, base);
    buf_addc(&text, '^');
    write_sum(&text, &e->monomial);
    const int atom = atom_of(g, ATOM_POWER, &text, &made);
    return atom < 0 ? cas_lose(g) : atom_power(g, atom, power);
}

static struct value prime_to_monomial(struct algebra *g, wide prime, int sign, const void *context)
{
    struct buf base = BUF_INIT(1 << 10);
    write_wide(&base, prime);
    struct value out = power_atom(g, buf_str(&base), context, sign);
    buf_release(&base);
    return out;
}

/* b^(c m) for one monomial m that is no number. */
static struct value monomial_power(struct algebra *g, const struct value *base, const struct exponent *e)
{
    struct rational c;
    if (cas_constant(base, &c) && c.p > 0)
        return over_primes(g, c, prime_to_monomial, e);
    struct buf text = BUF_INIT(1 << 20);
    write_value(&text, base);
    struct value out = power_atom(g, buf_str(&text), e, 1);
    buf_release(&text);
    return out;
}

static struct value rational_exponent(struct algebra *g, struct value base, struct rational power)
{
    if (power.q == 1)
        return whole_power(g, base, power.p);
    return root(g, base, power);
}

static struct value raise(struct algebra *g, struct value base, struct value exponent)
{
    struct rational power;
    if (g->lost)
        return base;
    if (cas_constant(&exponent, &power))
        return rational_exponent(g, base, power);
    struct value out = cas_number(g, ONE);
    if (!sum_is_one(&exponent.d)) { /* as a whole */
        struct exponent e = {exponent.n, ONE};
        struct buf text = BUF_INIT(1 << 20);
        write_value(&text, &base);
        buf_addc(&text, '~');
        write_sum(&text, &exponent.d);
        out = power_atom(g, buf_str(&text), &e, 1);
        buf_release(&text);
        return out;
    }
    for (size_t i = 0; i < exponent.n.n && !g->lost; i++) {
        struct term *t = term_new(g, ONE);
        if (!t)
            return cas_lose(g);
        *t = *exponent.n.terms[i];
        struct exponent e = {.power = t->c};
        t->c = ONE;
        e.monomial = sum_of(g, t);
        out = cas_multiply(g, out, t->n ? monomial_power(g, &base, &e) : rational_exponent(g, base, e.power));
    }
    return out;
}

/* ---- functions ------------------------------------------------------------------------------------------ */

static struct value value_of(struct algebra *g, const struct node *n);

static struct value call_atom(struct algebra *g, const char *name, const struct value *argument, struct atom **made)
{
    struct buf text = BUF_INIT(1 << 20);
    buf_printf(&text, "\\%s(", name);
    write_value(&text, argument);
    buf_addc(&text, ',');
    const int atom = atom_of(g, ATOM_CALL, &text, made);
    return atom < 0 ? cas_lose(g) : atom_power(g, atom, ONE);
}

static struct value opaque(struct algebra *g, const struct node *call)
{
    struct atom *made;
    struct buf text = BUF_INIT(1 << 20);
    buf_printf(&text, "%s%.*s(", call->applied ? "" : "\\", (int)call->name.n, call->name.p);
    for (const struct node *arg = call->a; arg && !g->lost; arg = arg->next) {
        struct value v = value_of(g, arg);
        write_value(&text, &v);
        buf_addc(&text, ',');
    }
    const int atom = atom_of(g, ATOM_CALL, &text, &made);
    return atom < 0 ? cas_lose(g) : atom_power(g, atom, ONE);
}

static struct value log_of_prime(struct algebra *g, wide prime, int sign, const void *context)
{
    struct atom *made;
    struct buf text = BUF_INIT(1 << 10);
    (void)context;
    buf_adds(&text, "\\log(");
    write_wide(&text, prime);
    const int atom = atom_of(g, ATOM_CALL, &text, &made);
    struct value v = atom < 0 ? cas_lose(g) : atom_power(g, atom, ONE);
    return sign < 0 ? cas_multiply(g, v, cas_number(g, MINUS_ONE)) : v;
}

/* The logarithm of a positive rational: the sum over its primes. */
static struct value log_of(struct algebra *g, struct rational c)
{
    struct value out = cas_number(g, ZERO);
    for (int side = 0; side < 2; side++) {
        wide rest = side ? c.q : c.p;
        for (wide d = 2; rest > 1 && !g->lost; d++) {
            const bool last = d > MAX_DIVISOR || d * d > rest;
            if (!last && rest % d)
                continue;
            out = cas_add(g, out, log_of_prime(g, last ? rest : d, side ? -1 : 1, NULL));
            rest = last ? 1 : rest / d;
            d--;
        }
    }
    return out;
}

static struct value logarithm(struct algebra *g, const struct node *call)
{
    struct rational c;
    struct value v = value_of(g, call->a), over = cas_number(g, ONE);
    if (g->lost)
        return v;
    if (call->a->next) {
        struct node natural = {.kind = NODE_FUNCTION, .name = STR("log"), .a = call->a->next};
        over = cas_inverse(g, logarithm(g, &natural));
    }
    struct node alone = *call->a, natural = {.kind = NODE_FUNCTION, .name = STR("log"), .a = &alone};
    alone.next = NULL;
    v = cas_constant(&v, &c) && c.p > 0 ? log_of(g, c) : opaque(g, &natural);
    return cas_multiply(g, v, over);
}

/* (m + k)! as m! (m + 1) ... (m + k), or m! / m ... for k below 0, so that only m! is an atom. */
static struct value shifted_factorial(struct algebra *g, struct value v)
{
    struct atom *made;
    struct rational k = ZERO;
    struct value product = cas_number(g, ONE);
    for (size_t i = 0; i < v.n.n && sum_is_one(&v.d); i++)
        if (!v.n.terms[i]->n)
            k = v.n.terms[i]->c;
    if (k.q != 1 || k.p > 20 || k.p < -20)
        k = ZERO;
    struct value m = cas_add(g, v, cas_number(g, (struct rational){-k.p, 1}));
    for (wide i = k.p > 0 ? 1 : k.p + 1; i <= (k.p > 0 ? k.p : 0) && !g->lost; i++)
        product = cas_multiply(g, product, cas_add(g, m, cas_number(g, (struct rational){i, 1})));
    if (k.p < 0 && !g->lost)
        product = cas_inverse(g, product);
    return g->lost ? m : cas_multiply(g, product, call_atom(g, "factorial", &m, &made));
}

static struct value factorial(struct algebra *g, const struct node *call)
{
    struct rational n, product = ONE;
    struct value v = value_of(g, call->a);
    if (g->lost)
        return v;
    if (!cas_constant(&v, &n))
        return shifted_factorial(g, v);
    if (n.q != 1 || n.p < 0 || n.p > 40)
        return opaque(g, call);
    for (wide k = 2; k <= n.p; k++)
        g->lost |= !rational_mul(product, (struct rational){k, 1}, &product);
    return cas_number(g, product);
}

static struct value binomial(struct algebra *g, const struct node *call)
{
    struct rational n, k, c = ONE;
    struct value a = value_of(g, call->a), b = value_of(g, call->a->next);
    if (!cas_constant(&a, &n) || !cas_constant(&b, &k) || n.q != 1 || k.q != 1 || n.p < 0 || k.p > 500)
        return opaque(g, call);
    if (k.p < 0 || k.p > n.p)
        return cas_number(g, ZERO);
    for (wide i = 1; i <= k.p && !g->lost; i++) {
        struct rational step;
        g->lost |= !rational_make(n.p - k.p + i, i, &step) || !rational_mul(c, step, &c);
    }
    return cas_number(g, c);
}

/* A number without variables whose value is real, so that it has a sign. */
static bool sign_of(const struct algebra *g, const struct value *v, const struct node *n, int *sign)
{
    for (size_t i = 0; i < v->n.n; i++)
        for (int k = 0; k < v->n.terms[i]->n; k++)
            if (g->atoms[v->n.terms[i]->factors[k].atom].kind != ATOM_PRIME)
                return false;
    const double x = creal(cas_at_point(n, 1));
    *sign = x > 0 ? 1 : -1;
    return sum_is_one(&v->d) && (v->n.n == 0 || fabs(x) > 1e-9);
}

static struct value absolute(struct algebra *g, const struct node *call)
{
    int sign;
    struct value v = value_of(g, call->a);
    if (!g->lost && sign_of(g, &v, call->a, &sign))
        return sign < 0 ? cas_multiply(g, v, cas_number(g, MINUS_ONE)) : v;
    if (g->lost)
        return v;
    /* |c s| is |c| |s|, and |-s| is |s| */
    struct rational c = sum_is_one(&v.d) ? content(&v.n) : ONE, inverted = ONE;
    c.p = v.n.terms[0]->c.p < 0 ? -c.p : c.p;
    g->lost |= !rational_power(c, -1, &inverted);
    v = cas_multiply(g, v, cas_number(g, inverted));
    struct atom *made;
    struct buf text = BUF_INIT(1 << 20);
    buf_adds(&text, "\\abs(");
    write_value(&text, &v);
    const int atom = atom_of(g, ATOM_CALL, &text, &made);
    c.p = c.p < 0 ? -c.p : c.p;
    return atom < 0 ? cas_lose(g) : cas_multiply(g, cas_number(g, c), atom_power(g, atom, ONE));
}

static struct value round_to_whole(struct algebra *g, const struct node *call, bool up)
{
    struct rational c;
    struct value v = value_of(g, call->a);
    if (!cas_constant(&v, &c))
        return opaque(g, call);
    if (up)
        c.p = -c.p;
    const wide whole_part = rational_floor(c);
    return cas_number(g, (struct rational){up ? -whole_part : whole_part, 1});
}

/* sin(0) and its like. */
static bool value_at_zero(struct str name, int *out)
{
    static const struct {
        const char *name;
        int value;
    } known[] = {{"sin", 0},    {"cos", 1},    {"tan", 0},    {"sinh", 0},   {"cosh", 1},   {"tanh", 0},
                 {"exp", 1},    {"arcsin", 0}, {"arctan", 0}, {"arsinh", 0}, {"artanh", 0}, {"sec", 1}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq(name, str_from(known[i].name))) {
            *out = known[i].value;
            return true;
        }
    return false;
}

/* sin or cos of a value: of -x by that of x; the square of the sine is known by the cosine, which is made first. */
static struct value sine_or_cosine(struct algebra *g, struct value v, bool sine)
{
    struct atom *made;
    const bool minus = v.n.n && v.n.terms[0]->c.p < 0;
    if (minus)
        v = cas_multiply(g, v, cas_number(g, MINUS_ONE));
    struct value cosine = g->lost ? v : call_atom(g, "cos", &v, &made);
    if (!sine || g->lost)
        return cosine;
    struct value result = call_atom(g, "sin", &v, &made);
    if (made && !g->lost) {
        made->base = cas_add(g, cas_number(g, ONE), cas_multiply(g, whole_power(g, cosine, 2), cas_number(g, MINUS_ONE)));
        made->relation = 2;
    }
    return minus && !g->lost ? cas_multiply(g, result, cas_number(g, MINUS_ONE)) : result;
}

/* The six circular functions by sine and cosine; false: it is none of them. */
static bool circular(struct algebra *g, struct str name, struct value v, struct value *out)
{
    static const struct {
        const char *name;
        int sine, cosine; /* their powers */
    } known[] = {{"sin", 1, 0}, {"cos", 0, 1}, {"tan", 1, -1}, {"cot", -1, 1}, {"sec", 0, -1}, {"csc", -1, 0}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!str_eq(name, str_from(known[i].name)))
            continue;
        *out = cas_number(g, ONE);
        if (known[i].sine && !g->lost)
            *out = cas_multiply(g, *out, whole_power(g, sine_or_cosine(g, v, true), known[i].sine));
        if (known[i].cosine && !g->lost)
            *out = cas_multiply(g, *out, whole_power(g, sine_or_cosine(g, v, false), known[i].cosine));
        return true;
    }
    return false;
}

static struct value call_of(struct algebra *g, const struct node *call)
{
    struct value out;
    int known;
    struct rational c;
    if (call->applied)
        return opaque(g, call);
    if (str_eq(call->name, STR("factorial")))
        return factorial(g, call);
    if (str_eq(call->name, STR("binomial")))
        return binomial(g, call);
    if (str_eq(call->name, STR("abs")))
        return absolute(g, call);
    if (str_eq(call->name, STR("floor")) || str_eq(call->name, STR("ceiling")))
        return round_to_whole(g, call, str_eq(call->name, STR("ceiling")));
    if (str_eq(call->name, STR("log")))
        return logarithm(g, call);
    struct value v = value_of(g, call->a);
    if (str_eq(call->name, STR("conjugate")) && cas_constant(&v, &c))
        return v;
    if (cas_constant(&v, &c) && !c.p && value_at_zero(call->name, &known))
        return cas_number(g, rational_of(known));
    return circular(g, call->name, v, &out) ? out : opaque(g, call);
}

static struct value value_of(struct algebra *g, const struct node *n)
{
    if (g->lost || g->undefined)
        return cas_lose(g);
    switch (n->kind) {
    case NODE_NUMBER: return cas_number(g, n->value);
    case NODE_SYMBOL: return symbol(g, n->name);
    case NODE_SUM: {
        struct value a = value_of(g, n->a);
        return cas_add(g, a, value_of(g, n->b));
    }
    case NODE_PRODUCT: {
        struct value a = value_of(g, n->a);
        return cas_multiply(g, a, value_of(g, n->b));
    }
    case NODE_POWER: {
        struct value base = value_of(g, n->a);
        return raise(g, base, value_of(g, n->b));
    }
    case NODE_FUNCTION: return call_of(g, n);
    default: g->undefined = true; return cas_lose(g);
    }
}

/* ---- zero? ------------------------------------------------------------------------------------------------ */

static struct rational power_in(const struct term *t, int atom)
{
    for (int i = 0; i < t->n; i++)
        if (t->factors[i].atom == atom)
            return t->factors[i].power;
    return ZERO;
}

/* How often the atom's known power goes into this term's. */
static wide multiple_in(const struct algebra *g, const struct term *t, int atom)
{
    struct rational r = power_in(t, atom);
    r.q *= g->atoms[atom].relation;
    return rational_floor(r);
}

/* The atom's known powers become what they are. The sum may first be multiplied by a power of the atom and of the
 * denominator of what it is, neither of which is zero. */
static struct sum put_back(struct algebra *g, struct sum s, int atom)
{
    wide lowest = 0, highest = 0;
    bool any = false;
    for (size_t i = 0; i < s.n; i++) {
        const wide k = multiple_in(g, s.terms[i], atom);
        lowest = k < lowest ? k : lowest;
        any |= power_in(s.terms[i], atom).p != 0;
    }
    if (!any)
        return s;
    for (size_t i = 0; i < s.n; i++) {
        const wide k = multiple_in(g, s.terms[i], atom) - lowest;
        highest = k > highest ? k : highest;
    }
    g->lost |= highest > MAX_POWER;
    const struct value base = g->atoms[atom].base;
    struct sum out = {NULL, 0};
    for (size_t i = 0; i < s.n && !g->lost; i++) {
        const wide k = multiple_in(g, s.terms[i], atom);
        struct term *t = term_new(g, ONE);
        if (!t)
            break;
        *t = *s.terms[i];
        if (k)
            term_multiply(g, t, (struct factor){atom, {-k * g->atoms[atom].relation, 1}});
        struct sum part = sum_multiply(g, sum_of(g, t), sum_power(g, base.n, k - lowest));
        part = sum_multiply(g, part, sum_power(g, base.d, highest - (k - lowest)));
        out = sum_add(g, out, part);
    }
    return out;
}

static bool is_zero(struct algebra *g, struct sum s)
{
    for (int atom = g->n_atoms; atom-- > 0 && !g->lost;) /* a base has atoms made before it alone */
        if (g->atoms[atom].relation)
            s = put_back(g, s, atom);
    /* i is independent of the others, other roots of -1 are not of i and the square roots */
    for (size_t i = 0; i < s.n && !g->lost; i++)
        for (int k = 0; k < s.terms[i]->n; k++)
            if (g->atoms[s.terms[i]->factors[k].atom].kind == ATOM_UNIT && s.terms[i]->factors[k].power.q != 2)
                g->uncertain = true;
    return s.n == 0;
}

/* ---- the verdict ---------------------------------------------------------------------------------------------- */

static enum cas_verdict compare(struct arena *arena, const struct node *a, const struct node *b)
{
    struct algebra *g = arena_calloc(arena, 1, sizeof *g);
    if (!g)
        return CAS_UNDECIDED;
    g->arena = arena;
    struct value x = value_of(g, a), y = g->lost ? x : value_of(g, b);
    if (g->undefined)
        return CAS_DIFFERENT;
    struct value minus = g->lost ? y : cas_multiply(g, y, cas_number(g, MINUS_ONE));
    struct value difference = g->lost ? x : cas_add(g, x, minus);
    if (g->lost)
        return cas_by_number(a, b);
    const bool zero = is_zero(g, difference.n);
    if (g->lost)
        return cas_by_number(a, b);
    if (zero)
        return cas_rounds(a, b) ? CAS_UNDECIDED : CAS_EQUAL;
    return g->uncertain ? cas_by_number(a, b) : CAS_DIFFERENT;
}

enum cas_verdict cas_latex_equal(struct str a, struct str b)
{
    struct arena arena = ARENA_INIT;
    struct node *left, *right;
    enum cas_verdict verdict = CAS_DIFFERENT;
    enum parse_result x = latex_parse(a, &arena, &left), y = x == PARSE_ERROR ? x : latex_parse(b, &arena, &right);
    if (x == PARSE_TERM && y == PARSE_TERM)
        verdict = compare(&arena, left, right);
    else if (x != PARSE_ERROR && y != PARSE_ERROR && x != PARSE_RELATION && y != PARSE_RELATION)
        verdict = CAS_UNDECIDED;
    arena_release(&arena);
    return verdict;
}
