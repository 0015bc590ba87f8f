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
#include "cas_int.h"

#include <complex.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>


enum { MAX_ATOMS = 200, MAX_FACTORS = 32, MAX_TERMS = 2000, MAX_WORK = 400000, MAX_POWER = 64 };

enum atom_kind { ATOM_SYMBOL, ATOM_PRIME, ATOM_UNIT, ATOM_ROOT, ATOM_POWER, ATOM_CALL };

struct factor {
    int atom;
    struct rational power;
};
struct term {
    struct rational c;
    int n;
    struct factor factors[MAX_FACTORS]; /* by atom, powers not 0 */
};
struct sum {
    struct term **terms;  /* by their factors, no two alike */
    size_t n;
};
struct value {
    struct sum n, d;
};
struct atom {
    enum atom_kind kind;
    struct str key;
    wide prime;
    struct value base;     /* what the atom's `relation`-th power is */
    int relation;          /* ROOT: 1; a sine: 2; 0: none */
};
struct algebra {
    struct arena *arena;
    struct atom atoms[MAX_ATOMS];
    int n_atoms;
    long work;
    bool lost;             /* something does not fit: nothing can be said exactly */
    bool undefined;        /* a division by zero, an infinity: equal to nothing */
    bool uncertain;        /* there are atoms that may depend on each other */
};

static const struct rational ZERO = {0, 1}, ONE = {1, 1}, MINUS_ONE = {-1, 1};

static struct value lose(struct algebra *g)
{
    g->lost = true;
    return (struct value){{NULL, 0}, {NULL, 0}};
}

static bool spend(struct algebra *g, size_t work)
{
    g->work += (long)work;
    g->lost |= g->work > MAX_WORK;
    return !g->lost;
}

/* ---- terms and sums ------------------------------------------------------------------------------- */

static int compare_factors(const struct term *a, const struct term *b)
{
    for (int i = 0; i < a->n && i < b->n; i++) {
        const struct factor *x = &a->factors[i], *y = &b->factors[i];
        if (x->atom != y->atom)
            return x->atom < y->atom ? -1 : 1;
        if (!rational_eq(x->power, y->power)) {
            struct rational minus = {-y->power.p, y->power.q}, difference = ZERO;
            rational_add(x->power, minus, &difference); /* powers are small */
            return difference.p < 0 ? -1 : 1;
        }
    }
    return (a->n > b->n) - (a->n < b->n);
}

static int compare_terms(const void *a, const void *b)
{
    return compare_factors(*(struct term *const *)a, *(struct term *const *)b);
}

/* Sorts, adds up like terms, drops those that cancel. Takes the list over. */
static struct sum collect(struct algebra *g, struct term **terms, size_t n)
{
    struct sum out = {terms, 0};
    if (!spend(g, n))
        return (struct sum){NULL, 0};
    qsort(terms, n, sizeof *terms, compare_terms);
    for (size_t i = 0; i < n;) {
        struct term *t = terms[i];
        for (i++; i < n && compare_factors(t, terms[i]) == 0; i++)
            g->lost |= !rational_add(t->c, terms[i]->c, &t->c);
        if (t->c.p)
            terms[out.n++] = t;
    }
    return out;
}

static struct term *new_term(struct algebra *g, struct rational c)
{
    struct term *t = arena_alloc(g->arena, sizeof *t);
    g->lost |= !t;
    if (t) {
        t->c = c;
        t->n = 0;
    }
    return t;
}

static struct term **new_list(struct algebra *g, size_t n)
{
    struct term **list = n <= MAX_TERMS ? arena_calloc(g->arena, n + 1, sizeof *list) : NULL;
    g->lost |= !list;
    return list;
}

static struct sum one_term(struct algebra *g, struct term *t)
{
    struct term **list = new_list(g, 1);
    if (g->lost || !t->c.p)
        return (struct sum){NULL, 0};
    list[0] = t;
    return (struct sum){list, 1};
}

static struct sum constant(struct algebra *g, struct rational c)
{
    struct term *t = new_term(g, c);
    return t ? one_term(g, t) : (struct sum){NULL, 0};
}

static bool is_constant(const struct sum *s) { return s->n == 0 || (s->n == 1 && s->terms[0]->n == 0); }

static bool is_one(const struct sum *s) { return s->n == 1 && s->terms[0]->n == 0 && rational_eq(s->terms[0]->c, ONE); }

/* What of an atom's power is a rational number goes to the coefficient. */
static void settle_power(struct algebra *g, struct term *t, struct factor *f)
{
    const struct atom *a = &g->atoms[f->atom];
    if (a->kind != ATOM_PRIME && a->kind != ATOM_UNIT)
        return;
    const wide whole = rational_floor(f->power);
    const struct rational minus = {-whole, 1}, base = a->kind == ATOM_UNIT ? MINUS_ONE : (struct rational){a->prime, 1};
    struct rational c = ONE;
    g->lost |= !rational_add(f->power, minus, &f->power) || !rational_power(base, whole, &c) ||
               !rational_mul(t->c, c, &t->c);
}

static void multiply_by(struct algebra *g, struct term *t, struct factor f)
{
    int at = 0;
    while (at < t->n && t->factors[at].atom < f.atom)
        at++;
    if (at < t->n && t->factors[at].atom == f.atom) {
        g->lost |= !rational_add(t->factors[at].power, f.power, &t->factors[at].power);
    } else {
        if (t->n == MAX_FACTORS) {
            g->lost = true;
            return;
        }
        memmove(t->factors + at + 1, t->factors + at, (size_t)(t->n - at) * sizeof *t->factors);
        t->factors[at] = f;
        t->n++;
    }
    settle_power(g, t, &t->factors[at]);
    if (!t->factors[at].power.p) {
        t->n--;
        memmove(t->factors + at, t->factors + at + 1, (size_t)(t->n - at) * sizeof *t->factors);
    }
}

static struct term *multiply_terms(struct algebra *g, const struct term *a, const struct term *b)
{
    struct term *t = new_term(g, a->c);
    if (!t)
        return NULL;
    *t = *a;
    g->lost |= !rational_mul(a->c, b->c, &t->c);
    for (int i = 0; i < b->n && !g->lost; i++)
        multiply_by(g, t, b->factors[i]);
    return t;
}

static struct sum add(struct algebra *g, struct sum a, struct sum b)
{
    struct term **list = new_list(g, a.n + b.n);
    if (g->lost)
        return (struct sum){NULL, 0};
    for (size_t i = 0; i < a.n + b.n; i++) {
        const struct term *from = i < a.n ? a.terms[i] : b.terms[i - a.n];
        list[i] = new_term(g, from->c);
        if (!list[i])
            return (struct sum){NULL, 0};
        *list[i] = *from;
    }
    return collect(g, list, a.n + b.n);
}

static struct sum multiply(struct algebra *g, struct sum a, struct sum b)
{
    if (is_one(&a))
        return b;
    if (is_one(&b))
        return a;
    if (a.n > MAX_TERMS || b.n > MAX_TERMS || !spend(g, 4 * a.n * b.n))
        return lose(g).n;
    struct term **list = new_list(g, a.n * b.n);
    for (size_t i = 0; i < a.n && !g->lost; i++)
        for (size_t k = 0; k < b.n && !g->lost; k++)
            list[i * b.n + k] = multiply_terms(g, a.terms[i], b.terms[k]);
    return g->lost ? (struct sum){NULL, 0} : collect(g, list, a.n * b.n);
}

static struct sum power_of_sum(struct algebra *g, struct sum s, wide n)
{
    struct sum out = constant(g, ONE);
    g->lost |= n > MAX_POWER && s.n > 1;
    if (s.n == 0)
        return n ? s : out;
    if (is_one(&s))
        return s;
    if (s.n == 1 && n > 1) { /* each factor's power at once */
        struct term *t = new_term(g, ONE);
        g->lost |= !t || n > 100000 || !rational_power(s.terms[0]->c, n, &t->c);
        for (int i = 0; i < s.terms[0]->n && !g->lost; i++) {
            struct factor f = s.terms[0]->factors[i];
            g->lost |= !rational_mul(f.power, (struct rational){n, 1}, &f.power);
            multiply_by(g, t, f);
        }
        return g->lost ? out : one_term(g, t);
    }
    for (; n > 0 && !g->lost; n--)
        out = multiply(g, out, s);
    return out;
}

/* ---- values ---------------------------------------------------------------------------------------- */

static struct value whole(struct algebra *g, struct sum n) { return (struct value){n, constant(g, ONE)}; }

static struct value number(struct algebra *g, struct rational c) { return whole(g, constant(g, c)); }

static struct value inverse(struct algebra *g, struct value v)
{
    if (v.n.n == 0 && !g->lost)
        g->undefined = true;
    if (g->undefined || g->lost)
        return lose(g);
    return (struct value){v.d, v.n};
}

/* A denominator of one term is moved into the numerator. */
static struct value tidy(struct algebra *g, struct value v)
{
    if (g->lost || v.d.n != 1 || is_one(&v.d))
        return v;
    const struct term *d = v.d.terms[0];
    struct term *t = new_term(g, ONE);
    g->lost |= !t || !rational_power(d->c, -1, &t->c);
    for (int i = 0; i < d->n && !g->lost; i++) {
        struct factor f = d->factors[i];
        f.power.p = -f.power.p;
        multiply_by(g, t, f);
    }
    return g->lost ? v : whole(g, multiply(g, v.n, one_term(g, t)));
}

static struct value add_values(struct algebra *g, struct value a, struct value b)
{
    if (is_one(&a.d) && is_one(&b.d))
        return whole(g, add(g, a.n, b.n));
    struct value out = {add(g, multiply(g, a.n, b.d), multiply(g, b.n, a.d)), multiply(g, a.d, b.d)};
    return tidy(g, out);
}

static struct value multiply_values(struct algebra *g, struct value a, struct value b)
{
    struct value out = {multiply(g, a.n, b.n), multiply(g, a.d, b.d)};
    return tidy(g, out);
}

static bool constant_of(const struct value *v, struct rational *out)
{
    if (!is_constant(&v->n) || !is_one(&v->d))
        return false;
    *out = v->n.n ? v->n.terms[0]->c : ZERO;
    return true;
}

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
    if (!is_one(&v->d)) {
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
    struct term *t = new_term(g, ONE);
    if (g->lost)
        return lose(g);
    multiply_by(g, t, (struct factor){atom, power});
    return whole(g, one_term(g, t));
}

static struct value symbol(struct algebra *g, struct str name)
{
    struct atom *made;
    struct buf text = BUF_INIT(1 << 16);
    buf_addstr(&text, name);
    const int atom = atom_of(g, ATOM_SYMBOL, &text, &made);
    return atom < 0 ? lose(g) : atom_power(g, atom, ONE);
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
    struct value out = number(g, ONE);
    for (int side = 0; side < 2 && !g->lost; side++) {
        wide rest = side ? r.q : r.p < 0 ? -r.p : r.p;
        for (wide d = 2; rest > 1 && !g->lost; d++) {
            if (d > MAX_DIVISOR || d * d > rest) {
                g->uncertain |= d <= MAX_DIVISOR ? false : rest / d > d;
                out = multiply_values(g, out, f(g, rest, side ? -1 : 1, context));
                break;
            }
            for (; rest % d == 0 && !g->lost; rest /= d)
                out = multiply_values(g, out, f(g, d, side ? -1 : 1, context));
        }
    }
    return out;
}

static struct value prime_to_rational(struct algebra *g, wide prime, int sign, const void *context)
{
    struct rational power = *(const struct rational *)context;
    power.p *= sign;
    const int atom = prime_atom(g, prime);
    return atom < 0 ? lose(g) : atom_power(g, atom, power);
}

static struct value whole_power(struct algebra *g, struct value v, wide n)
{
    if (n < 0) {
        v = inverse(g, v);
        n = -n;
    }
    if (g->lost)
        return v;
    struct value out = {power_of_sum(g, v.n, n), power_of_sum(g, v.d, n)};
    return tidy(g, out);
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
    if (v->n.n != 2 || !is_one(&v->d))
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
    struct term *copy = new_term(g, ONE);
    if (!copy)
        return false;
    *copy = *b;
    struct value square = whole_power(g, whole(g, one_term(g, copy)), 2), s;
    struct rational bb, d, root_d, sums[2];
    if (!constant_of(&square, &bb) || !rational_mul(a->c, a->c, &d))
        return false;
    bb.p = -bb.p;
    if (!rational_add(d, bb, &d) || d.p < 0)
        return false;
    s = root(g, number(g, d), half);
    if (g->lost || !constant_of(&s, &root_d))
        return false;
    for (int i = 0; i < 2; i++) {
        if (!rational_add(a->c, root_d, &sums[i]) || !rational_mul(sums[i], half, &sums[i]))
            return false;
        root_d.p = -root_d.p;
    }
    struct value second = root(g, number(g, sums[1]), half);
    if (b->c.p < 0)
        second = multiply_values(g, second, number(g, MINUS_ONE));
    *out = add_values(g, root(g, number(g, sums[0]), half), second);
    return !g->lost;
}

/* A fractional power: of the content exactly, of the rest as an atom of its own. */
static struct value root(struct algebra *g, struct value v, struct rational power)
{
    struct rational c = ONE, inverted = ONE;
    struct value plain;
    if (v.n.n == 0) {
        g->undefined |= power.p < 0;
        return power.p < 0 ? lose(g) : v;
    }
    if (is_one(&v.d))
        c = content(&v.n);
    g->lost |= !rational_power(c, -1, &inverted);
    if (g->lost)
        return v;
    struct value out = over_primes(g, c, prime_to_rational, &power), rest = multiply_values(g, v, number(g, inverted));
    struct rational unit;
    if (g->lost)
        return out;
    if (constant_of(&rest, &unit)) { /* 1 or -1 is left */
        const int atom = unit.p < 0 ? prime_atom(g, -1) : 0;
        return unit.p > 0 || atom < 0 ? out : multiply_values(g, out, atom_power(g, atom, power));
    }
    if (power.q == 2 && denest(g, &rest, &plain))
        return multiply_values(g, out, whole_power(g, plain, power.p));
    const struct term *only = rest.n.n == 1 && is_one(&rest.d) ? rest.n.terms[0] : NULL;
    if (only && only->n == 1 && rational_eq(only->c, ONE) && rational_eq(only->factors[0].power, ONE))
        return multiply_values(g, out, atom_power(g, only->factors[0].atom, power));
    const int atom = root_atom(g, rest);
    return atom < 0 ? lose(g) : multiply_values(g, out, atom_power(g, atom, power));
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
    return atom < 0 ? lose(g) : atom_power(g, atom, power);
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
    if (constant_of(base, &c) && c.p > 0)
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
    if (constant_of(&exponent, &power))
        return rational_exponent(g, base, power);
    struct value out = number(g, ONE);
    if (!is_one(&exponent.d)) { /* as a whole */
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
        struct term *t = new_term(g, ONE);
        if (!t)
            return lose(g);
        *t = *exponent.n.terms[i];
        struct exponent e = {.power = t->c};
        t->c = ONE;
        e.monomial = one_term(g, t);
        out = multiply_values(g, out, t->n ? monomial_power(g, &base, &e) : rational_exponent(g, base, e.power));
    }
    return out;
}

/* ---- functions ------------------------------------------------------------------------------------------ */

static complex double at_point(const struct node *n, int sign);

static struct value value_of(struct algebra *g, const struct node *n);

static struct value call_atom(struct algebra *g, const char *name, const struct value *argument, struct atom **made)
{
    struct buf text = BUF_INIT(1 << 20);
    buf_printf(&text, "\\%s(", name);
    write_value(&text, argument);
    buf_addc(&text, ',');
    const int atom = atom_of(g, ATOM_CALL, &text, made);
    return atom < 0 ? lose(g) : atom_power(g, atom, ONE);
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
    return atom < 0 ? lose(g) : atom_power(g, atom, ONE);
}

static struct value log_of_prime(struct algebra *g, wide prime, int sign, const void *context)
{
    struct atom *made;
    struct buf text = BUF_INIT(1 << 10);
    (void)context;
    buf_adds(&text, "\\log(");
    write_wide(&text, prime);
    const int atom = atom_of(g, ATOM_CALL, &text, &made);
    struct value v = atom < 0 ? lose(g) : atom_power(g, atom, ONE);
    return sign < 0 ? multiply_values(g, v, number(g, MINUS_ONE)) : v;
}

/* The logarithm of a positive rational: the sum over its primes. */
static struct value log_of(struct algebra *g, struct rational c)
{
    struct value out = number(g, ZERO);
    for (int side = 0; side < 2; side++) {
        wide rest = side ? c.q : c.p;
        for (wide d = 2; rest > 1 && !g->lost; d++) {
            const bool last = d > MAX_DIVISOR || d * d > rest;
            if (!last && rest % d)
                continue;
            out = add_values(g, out, log_of_prime(g, last ? rest : d, side ? -1 : 1, NULL));
            rest = last ? 1 : rest / d;
            d--;
        }
    }
    return out;
}

static struct value logarithm(struct algebra *g, const struct node *call)
{
    struct rational c;
    struct value v = value_of(g, call->a), over = number(g, ONE);
    if (g->lost)
        return v;
    if (call->a->next) {
        struct node natural = {.kind = NODE_FUNCTION, .name = STR("log"), .a = call->a->next};
        over = inverse(g, logarithm(g, &natural));
    }
    struct node alone = *call->a, natural = {.kind = NODE_FUNCTION, .name = STR("log"), .a = &alone};
    alone.next = NULL;
    v = constant_of(&v, &c) && c.p > 0 ? log_of(g, c) : opaque(g, &natural);
    return multiply_values(g, v, over);
}

/* (m + k)! as m! (m + 1) ... (m + k), or m! / m ... for k below 0, so that only m! is an atom. */
static struct value shifted_factorial(struct algebra *g, struct value v)
{
    struct atom *made;
    struct rational k = ZERO;
    struct value product = number(g, ONE);
    for (size_t i = 0; i < v.n.n && is_one(&v.d); i++)
        if (!v.n.terms[i]->n)
            k = v.n.terms[i]->c;
    if (k.q != 1 || k.p > 20 || k.p < -20)
        k = ZERO;
    struct value m = add_values(g, v, number(g, (struct rational){-k.p, 1}));
    for (wide i = k.p > 0 ? 1 : k.p + 1; i <= (k.p > 0 ? k.p : 0) && !g->lost; i++)
        product = multiply_values(g, product, add_values(g, m, number(g, (struct rational){i, 1})));
    if (k.p < 0 && !g->lost)
        product = inverse(g, product);
    return g->lost ? m : multiply_values(g, product, call_atom(g, "factorial", &m, &made));
}

static struct value factorial(struct algebra *g, const struct node *call)
{
    struct rational n, product = ONE;
    struct value v = value_of(g, call->a);
    if (g->lost)
        return v;
    if (!constant_of(&v, &n))
        return shifted_factorial(g, v);
    if (n.q != 1 || n.p < 0 || n.p > 40)
        return opaque(g, call);
    for (wide k = 2; k <= n.p; k++)
        g->lost |= !rational_mul(product, (struct rational){k, 1}, &product);
    return number(g, product);
}

static struct value binomial(struct algebra *g, const struct node *call)
{
    struct rational n, k, c = ONE;
    struct value a = value_of(g, call->a), b = value_of(g, call->a->next);
    if (!constant_of(&a, &n) || !constant_of(&b, &k) || n.q != 1 || k.q != 1 || n.p < 0 || k.p > 500)
        return opaque(g, call);
    if (k.p < 0 || k.p > n.p)
        return number(g, ZERO);
    for (wide i = 1; i <= k.p && !g->lost; i++) {
        struct rational step;
        g->lost |= !rational_make(n.p - k.p + i, i, &step) || !rational_mul(c, step, &c);
    }
    return number(g, c);
}

/* A number without variables whose value is real, so that it has a sign. */
static bool sign_of(const struct algebra *g, const struct value *v, const struct node *n, int *sign)
{
    for (size_t i = 0; i < v->n.n; i++)
        for (int k = 0; k < v->n.terms[i]->n; k++)
            if (g->atoms[v->n.terms[i]->factors[k].atom].kind != ATOM_PRIME)
                return false;
    const double x = creal(at_point(n, 1));
    *sign = x > 0 ? 1 : -1;
    return is_one(&v->d) && (v->n.n == 0 || fabs(x) > 1e-9);
}

static struct value absolute(struct algebra *g, const struct node *call)
{
    int sign;
    struct value v = value_of(g, call->a);
    if (!g->lost && sign_of(g, &v, call->a, &sign))
        return sign < 0 ? multiply_values(g, v, number(g, MINUS_ONE)) : v;
    if (g->lost)
        return v;
    /* |c s| is |c| |s|, and |-s| is |s| */
    struct rational c = is_one(&v.d) ? content(&v.n) : ONE, inverted = ONE;
    c.p = v.n.terms[0]->c.p < 0 ? -c.p : c.p;
    g->lost |= !rational_power(c, -1, &inverted);
    v = multiply_values(g, v, number(g, inverted));
    struct atom *made;
    struct buf text = BUF_INIT(1 << 20);
    buf_adds(&text, "\\abs(");
    write_value(&text, &v);
    const int atom = atom_of(g, ATOM_CALL, &text, &made);
    c.p = c.p < 0 ? -c.p : c.p;
    return atom < 0 ? lose(g) : multiply_values(g, number(g, c), atom_power(g, atom, ONE));
}

static struct value round_to_whole(struct algebra *g, const struct node *call, bool up)
{
    struct rational c;
    struct value v = value_of(g, call->a);
    if (!constant_of(&v, &c))
        return opaque(g, call);
    if (up)
        c.p = -c.p;
    const wide whole_part = rational_floor(c);
    return number(g, (struct rational){up ? -whole_part : whole_part, 1});
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
        v = multiply_values(g, v, number(g, MINUS_ONE));
    struct value cosine = g->lost ? v : call_atom(g, "cos", &v, &made);
    if (!sine || g->lost)
        return cosine;
    struct value result = call_atom(g, "sin", &v, &made);
    if (made && !g->lost) {
        made->base = add_values(g, number(g, ONE), multiply_values(g, whole_power(g, cosine, 2), number(g, MINUS_ONE)));
        made->relation = 2;
    }
    return minus && !g->lost ? multiply_values(g, result, number(g, MINUS_ONE)) : result;
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
        *out = number(g, ONE);
        if (known[i].sine && !g->lost)
            *out = multiply_values(g, *out, whole_power(g, sine_or_cosine(g, v, true), known[i].sine));
        if (known[i].cosine && !g->lost)
            *out = multiply_values(g, *out, whole_power(g, sine_or_cosine(g, v, false), known[i].cosine));
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
    if (str_eq(call->name, STR("conjugate")) && constant_of(&v, &c))
        return v;
    if (constant_of(&v, &c) && !c.p && value_at_zero(call->name, &known))
        return number(g, rational_of(known));
    return circular(g, call->name, v, &out) ? out : opaque(g, call);
}

static struct value value_of(struct algebra *g, const struct node *n)
{
    if (g->lost || g->undefined)
        return lose(g);
    switch (n->kind) {
    case NODE_NUMBER: return number(g, n->value);
    case NODE_SYMBOL: return symbol(g, n->name);
    case NODE_SUM: {
        struct value a = value_of(g, n->a);
        return add_values(g, a, value_of(g, n->b));
    }
    case NODE_PRODUCT: {
        struct value a = value_of(g, n->a);
        return multiply_values(g, a, value_of(g, n->b));
    }
    case NODE_POWER: {
        struct value base = value_of(g, n->a);
        return raise(g, base, value_of(g, n->b));
    }
    case NODE_FUNCTION: return call_of(g, n);
    default: g->undefined = true; return lose(g);
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
        struct term *t = new_term(g, ONE);
        if (!t)
            break;
        *t = *s.terms[i];
        if (k)
            multiply_by(g, t, (struct factor){atom, {-k * g->atoms[atom].relation, 1}});
        struct sum part = multiply(g, one_term(g, t), power_of_sum(g, base.n, k - lowest));
        part = multiply(g, part, power_of_sum(g, base.d, highest - (k - lowest)));
        out = add(g, out, part);
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

/* ---- two points of the plane ----------------------------------------------------------------------------------- */

/* With `sign` -1 on the other side of the roots' cut. */
static complex double point_of(struct str name, int sign)
{
    unsigned long h = 1469598103u;
    for (size_t i = 0; i < name.n; i++)
        h = (h ^ (unsigned char)name.p[i]) * 16777619u & 0xffffffffu;
    return sign * (0.4 + (double)(h % 9973) / 9973 + I * (0.1 + (double)(h / 9973 % 9973) / 20000));
}

static complex double call_at_point(const struct node *n, int sign)
{
    static const struct {
        const char *name;
        complex double (*f)(complex double);
    } known[] = {{"sin", csin},     {"cos", ccos},     {"tan", ctan},     {"exp", cexp},      {"log", clog},
                 {"sinh", csinh},   {"cosh", ccosh},   {"tanh", ctanh},   {"arcsin", casin},  {"arccos", cacos},
                 {"arctan", catan}, {"arsinh", casinh}, {"arcosh", cacosh}, {"artanh", catanh}, {"conjugate", conj}};
    complex double x = at_point(n->a, sign);
    if (n->applied) { /* some function of its arguments, whatever its name */
        complex double sum = point_of(n->name, sign);
        for (const struct node *arg = n->a; arg; arg = arg->next)
            sum = csin(1.3 * sum + at_point(arg, sign));
        return sum;
    }
    if (str_eq(n->name, STR("abs")))
        return cabs(x);
    if (str_eq(n->name, STR("log")) && n->a->next)
        return clog(x) / clog(at_point(n->a->next, sign));
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq(n->name, str_from(known[i].name)))
            return known[i].f(x);
    return str_eq(n->name, STR("csc"))   ? 1 / csin(x)
           : str_eq(n->name, STR("sec")) ? 1 / ccos(x)
           : str_eq(n->name, STR("cot")) ? 1 / ctan(x)
                                         : (complex double)NAN;
}

static complex double at_point(const struct node *n, int sign)
{
    switch (n->kind) {
    case NODE_NUMBER: return (double)n->value.p / (double)n->value.q;
    case NODE_SYMBOL: return point_of(n->name, sign);
    case NODE_SUM: return at_point(n->a, sign) + at_point(n->b, sign);
    case NODE_PRODUCT: return at_point(n->a, sign) * at_point(n->b, sign);
    case NODE_POWER: return cpow(at_point(n->a, sign), at_point(n->b, sign));
    case NODE_FUNCTION: return call_at_point(n, sign);
    default: return NAN;
    }
}

static bool differ_at(const struct node *a, const struct node *b, int sign)
{
    const complex double x = at_point(a, sign), y = at_point(b, sign);
    const double scale = 1 + cabs(x) + cabs(y), off = cabs(x - y);
    return isfinite(off) && isfinite(scale) && off > 1e-7 * scale;
}

static enum cas_verdict by_number(const struct node *a, const struct node *b)
{
    return differ_at(a, b, 1) || differ_at(a, b, -1) ? CAS_DIFFERENT : CAS_UNDECIDED;
}

/* ---- decimals ------------------------------------------------------------------------------------------------- *
 *
 * SymPy adds decimals in floating point, so that 0.1 + 0.2 is not 0.3 to it, nor 1/3 + 1/6 to be told from 0.5 for sure. A sum
 * with decimals is therefore decided only where all its numbers are exact in floating point. */

static bool is_power_of_two(wide x)
{
    x = x < 0 ? -x : x;
    return x > 0 && (x & (x - 1)) == 0;
}

enum { HAS_DECIMAL = 1, HAS_SUM = 2, INEXACT = 4 };

static int traits(const struct node *n)
{
    int t = 0;
    if (n->kind == NODE_NUMBER)
        return (n->decimal ? HAS_DECIMAL : 0) | (is_power_of_two(n->value.q) ? 0 : INEXACT);
    if (n->kind == NODE_SYMBOL || n->kind == NODE_INFINITY)
        return 0;
    if (n->kind == NODE_SUM)
        t |= HAS_SUM;
    if (n->kind == NODE_POWER && n->b->kind == NODE_NUMBER && (n->b->value.p < 0 || n->b->value.q != 1))
        t |= n->a->kind == NODE_NUMBER && is_power_of_two(n->a->value.p) && n->b->value.q == 1 ? 0 : INEXACT;
    t |= traits(n->a);
    for (const struct node *rest = n->kind == NODE_FUNCTION ? n->a->next : n->b; rest; rest = n->kind == NODE_FUNCTION ? rest->next : NULL)
        t |= traits(rest);
    return t;
}

static bool rounds(const struct node *a, const struct node *b)
{
    enum { ALL = HAS_DECIMAL | HAS_SUM | INEXACT };
    return ((traits(a) | traits(b)) & ALL) == ALL;
}

static enum cas_verdict compare(struct arena *arena, const struct node *a, const struct node *b)
{
    struct algebra *g = arena_calloc(arena, 1, sizeof *g);
    if (!g)
        return CAS_UNDECIDED;
    g->arena = arena;
    struct value x = value_of(g, a), y = g->lost ? x : value_of(g, b);
    if (g->undefined)
        return CAS_DIFFERENT;
    struct value minus = g->lost ? y : multiply_values(g, y, number(g, MINUS_ONE));
    struct value difference = g->lost ? x : add_values(g, x, minus);
    if (g->lost)
        return by_number(a, b);
    const bool zero = is_zero(g, difference.n);
    if (g->lost)
        return by_number(a, b);
    if (zero)
        return rounds(a, b) ? CAS_UNDECIDED : CAS_EQUAL;
    return g->uncertain ? by_number(a, b) : CAS_DIFFERENT;
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
