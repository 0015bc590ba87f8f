/* sum.h - the values of the algebra: quotients of sums of powers of atoms over the rationals. What they mean and which
 * atoms there are stands in algebra.c. All memory is the algebra's arena. After a failure g->lost or g->undefined is set, and
 * what is returned then means nothing. */
#ifndef CARAT_BASE_CAS_SUM_H
#define CARAT_BASE_CAS_SUM_H

#include "cas_int.h"

enum { MAX_ATOMS = 200, MAX_FACTORS = 32, MAX_POWER = 64 };

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

struct value cas_lose(struct algebra *g); /* what cannot be had exactly; sets g->lost */

struct term *term_new(struct algebra *g, struct rational c);
void term_multiply(struct algebra *g, struct term *t, struct factor f);
struct sum sum_of(struct algebra *g, struct term *t); /* t is the sum's from now on */
bool sum_is_one(const struct sum *s);
struct sum sum_add(struct algebra *g, struct sum a, struct sum b);
struct sum sum_multiply(struct algebra *g, struct sum a, struct sum b);
struct sum sum_power(struct algebra *g, struct sum s, wide n); /* n >= 0 */

struct value cas_whole(struct algebra *g, struct sum n); /* n / 1 */
struct value cas_number(struct algebra *g, struct rational c);
struct value cas_inverse(struct algebra *g, struct value v); /* of 0: sets g->undefined */
struct value cas_tidy(struct algebra *g, struct value v); /* a denominator of one term goes into the numerator */
struct value cas_add(struct algebra *g, struct value a, struct value b);
struct value cas_multiply(struct algebra *g, struct value a, struct value b);
bool cas_constant(const struct value *v, struct rational *out); /* true: it is the rational number *out */

#endif
