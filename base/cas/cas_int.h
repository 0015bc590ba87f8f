/* cas_int.h - what the files of this folder share: the tree of a term, and rational numbers. */
#ifndef CARAT_BASE_CAS_INT_H
#define CARAT_BASE_CAS_INT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "cas.h"

__extension__ typedef __int128 wide;

/* ---- a term as it was written (latex.c) -------------------------------------------------------- */

enum node_kind {
    NODE_NUMBER,   /* value */
    NODE_SYMBOL,   /* name */
    NODE_SUM,      /* a + b */
    NODE_PRODUCT,  /* a * b */
    NODE_POWER,    /* a ^ b */
    NODE_FUNCTION, /* name(args): also abs, factorial, binomial, floor, ceiling, conjugate, log(x[, base]), sin ... */
    NODE_INFINITY,
};
struct rational {
    wide p, q;     /* q > 0, no common factor */
};
struct node {
    enum node_kind kind;
    struct rational value;
    bool decimal;        /* NUMBER: written with a point, which SymPy keeps as a floating-point number */
    struct str name;
    bool applied;        /* FUNCTION: of the text's own, "f(x)", not one that is known */
    struct node *a, *b;  /* FUNCTION: a is the first argument */
    struct node *next;   /* the next argument */
};

enum parse_result {
    PARSE_TERM,
    PARSE_RELATION,   /* x < 5: no term */
    PARSE_ERROR,      /* SymPy refuses it */
    PARSE_UNKNOWN,    /* sums, integrals, limits, derivatives; too long or too deep; no memory */
};
enum parse_result latex_parse(struct str text, struct arena *arena, struct node **out);

/* ---- rational numbers (rational.c): false when it does not fit -------------------------------------- */

bool rational_make(wide p, wide q, struct rational *out); /* q != 0 */
bool rational_add(struct rational a, struct rational b, struct rational *out);
bool rational_mul(struct rational a, struct rational b, struct rational *out);
bool rational_power(struct rational a, wide n, struct rational *out); /* a != 0 where n < 0 */
static inline struct rational rational_of(int n) { return (struct rational){n, 1}; }
static inline bool rational_eq(struct rational a, struct rational b) { return a.p == b.p && a.q == b.q; }
wide rational_floor(struct rational a);
wide wide_gcd(wide a, wide b);

#endif
