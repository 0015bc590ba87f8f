/* sum.c - adding and multiplying the algebra's values, exactly. */
#include "sum.h"

#include <stdlib.h>

enum { MAX_TERMS = 2000, MAX_WORK = 400000 };

struct value cas_lose(struct algebra *g)
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

struct term *term_new(struct algebra *g, struct rational c)
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

struct sum sum_of(struct algebra *g, struct term *t)
{
    struct term **list = new_list(g, 1);
    if (g->lost || !t->c.p)
        return (struct sum){NULL, 0};
    list[0] = t;
    return (struct sum){list, 1};
}

static struct sum constant(struct algebra *g, struct rational c)
{
    struct term *t = term_new(g, c);
    return t ? sum_of(g, t) : (struct sum){NULL, 0};
}

static bool is_constant(const struct sum *s) { return s->n == 0 || (s->n == 1 && s->terms[0]->n == 0); }

bool sum_is_one(const struct sum *s) { return s->n == 1 && s->terms[0]->n == 0 && rational_eq(s->terms[0]->c, ONE); }

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

void term_multiply(struct algebra *g, struct term *t, struct factor f)
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
    struct term *t = term_new(g, a->c);
    if (!t)
        return NULL;
    *t = *a;
    g->lost |= !rational_mul(a->c, b->c, &t->c);
    for (int i = 0; i < b->n && !g->lost; i++)
        term_multiply(g, t, b->factors[i]);
    return t;
}

struct sum sum_add(struct algebra *g, struct sum a, struct sum b)
{
    struct term **list = new_list(g, a.n + b.n);
    if (g->lost)
        return (struct sum){NULL, 0};
    for (size_t i = 0; i < a.n + b.n; i++) {
        const struct term *from = i < a.n ? a.terms[i] : b.terms[i - a.n];
        list[i] = term_new(g, from->c);
        if (!list[i])
            return (struct sum){NULL, 0};
        *list[i] = *from;
    }
    return collect(g, list, a.n + b.n);
}

struct sum sum_multiply(struct algebra *g, struct sum a, struct sum b)
{
    if (sum_is_one(&a))
        return b;
    if (sum_is_one(&b))
        return a;
    if (a.n > MAX_TERMS || b.n > MAX_TERMS || !spend(g, 4 * a.n * b.n))
        return cas_lose(g).n;
    struct term **list = new_list(g, a.n * b.n);
    for (size_t i = 0; i < a.n && !g->lost; i++)
        for (size_t k = 0; k < b.n && !g->lost; k++)
            list[i * b.n + k] = multiply_terms(g, a.terms[i], b.terms[k]);
    return g->lost ? (struct sum){NULL, 0} : collect(g, list, a.n * b.n);
}

struct sum sum_power(struct algebra *g, struct sum s, wide n)
{
    struct sum out = constant(g, ONE);
    g->lost |= n > MAX_POWER && s.n > 1;
    if (s.n == 0)
        return n ? s : out;
    if (sum_is_one(&s))
        return s;
    if (s.n == 1 && n > 1) { /* each factor's power at once */
        struct term *t = term_new(g, ONE);
        g->lost |= !t || n > 100000 || !rational_power(s.terms[0]->c, n, &t->c);
        for (int i = 0; i < s.terms[0]->n && !g->lost; i++) {
            struct factor f = s.terms[0]->factors[i];
            g->lost |= !rational_mul(f.power, (struct rational){n, 1}, &f.power);
            term_multiply(g, t, f);
        }
        return g->lost ? out : sum_of(g, t);
    }
    for (; n > 0 && !g->lost; n--)
        out = sum_multiply(g, out, s);
    return out;
}

/* ---- values ---------------------------------------------------------------------------------------- */

struct value cas_whole(struct algebra *g, struct sum n) { return (struct value){n, constant(g, ONE)}; }

struct value cas_number(struct algebra *g, struct rational c) { return cas_whole(g, constant(g, c)); }

struct value cas_inverse(struct algebra *g, struct value v)
{
    if (v.n.n == 0 && !g->lost)
        g->undefined = true;
    if (g->undefined || g->lost)
        return cas_lose(g);
    return (struct value){v.d, v.n};
}

/* A denominator of one term is moved into the numerator. */
struct value cas_tidy(struct algebra *g, struct value v)
{
    if (g->lost || v.d.n != 1 || sum_is_one(&v.d))
        return v;
    const struct term *d = v.d.terms[0];
    struct term *t = term_new(g, ONE);
    g->lost |= !t || !rational_power(d->c, -1, &t->c);
    for (int i = 0; i < d->n && !g->lost; i++) {
        struct factor f = d->factors[i];
        f.power.p = -f.power.p;
        term_multiply(g, t, f);
    }
    return g->lost ? v : cas_whole(g, sum_multiply(g, v.n, sum_of(g, t)));
}

struct value cas_add(struct algebra *g, struct value a, struct value b)
{
    if (sum_is_one(&a.d) && sum_is_one(&b.d))
        return cas_whole(g, sum_add(g, a.n, b.n));
    struct value out = {sum_add(g, sum_multiply(g, a.n, b.d), sum_multiply(g, b.n, a.d)), sum_multiply(g, a.d, b.d)};
    return cas_tidy(g, out);
}

struct value cas_multiply(struct algebra *g, struct value a, struct value b)
{
    struct value out = {sum_multiply(g, a.n, b.n), sum_multiply(g, a.d, b.d)};
    return cas_tidy(g, out);
}

bool cas_constant(const struct value *v, struct rational *out)
{
    if (!is_constant(&v->n) || !sum_is_one(&v->d))
        return false;
    *out = v->n.n ? v->n.terms[0]->c : ZERO;
    return true;
}
