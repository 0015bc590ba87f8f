/* rational.c - quotients of 127-bit numbers; what does not fit is told. */
#include "cas_int.h"

static const wide LIMIT = (wide)1 << 125; /* so that signs and sums of two cannot overflow unseen */

static bool fits(wide x) { return x > -LIMIT && x < LIMIT; }

wide wide_gcd(wide a, wide b)
{
    a = a < 0 ? -a : a;
    b = b < 0 ? -b : b;
    while (b) {
        wide rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

bool rational_make(wide p, wide q, struct rational *out)
{
    if (!fits(p) || !fits(q))
        return false;
    wide g = wide_gcd(p, q);
    if (q < 0)
        g = -g;
    *out = (struct rational){p / g, q / g};
    return true;
}

static bool mul(wide a, wide b, wide *out) { return !__builtin_mul_overflow(a, b, out) && fits(*out); }

bool rational_add(struct rational a, struct rational b, struct rational *out)
{
    wide g = wide_gcd(a.q, b.q), x, y, q;
    return mul(a.p, b.q / g, &x) && mul(b.p, a.q / g, &y) && mul(a.q, b.q / g, &q) && rational_make(x + y, q, out);
}

bool rational_mul(struct rational a, struct rational b, struct rational *out)
{
    wide g = wide_gcd(a.p, b.q), h = wide_gcd(b.p, a.q), p, q; /* divided first, so that the product stays small */
    g = g ? g : 1;
    h = h ? h : 1;
    return mul(a.p / g, b.p / h, &p) && mul(a.q / h, b.q / g, &q) && rational_make(p, q, out);
}

bool rational_power(struct rational a, wide n, struct rational *out)
{
    struct rational base = n < 0 ? (struct rational){a.p < 0 ? -a.q : a.q, a.p < 0 ? -a.p : a.p} : a;
    struct rational result = {1, 1};
    if (base.q == 1 && (base.p == 0 || base.p == 1 || base.p == -1)) { /* any n is small */
        *out = n == 0 ? result : base.p == -1 && n % 2 == 0 ? result : base;
        return true;
    }
    for (wide k = n < 0 ? -n : n; k > 0; k--)
        if (k > 128 || !rational_mul(result, base, &result))
            return false;
    *out = result;
    return true;
}

wide rational_floor(struct rational a)
{
    wide whole = a.p / a.q;
    return a.p % a.q < 0 ? whole - 1 : whole;
}
