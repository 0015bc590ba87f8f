/* numeric.c - see numeric.h. */
#include "numeric.h"

#include <math.h>

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
    complex double x = cas_at_point(n->a, sign);
    if (n->applied) { /* some function of its arguments, whatever its name */
        complex double sum = point_of(n->name, sign);
        for (const struct node *arg = n->a; arg; arg = arg->next)
            sum = csin(1.3 * sum + cas_at_point(arg, sign));
        return sum;
    }
    if (str_eq(n->name, STR("abs")))
        return cabs(x);
    if (str_eq(n->name, STR("log")) && n->a->next)
        return clog(x) / clog(cas_at_point(n->a->next, sign));
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq(n->name, str_from(known[i].name)))
            return known[i].f(x);
    return str_eq(n->name, STR("csc"))   ? 1 / csin(x)
           : str_eq(n->name, STR("sec")) ? 1 / ccos(x)
           : str_eq(n->name, STR("cot")) ? 1 / ctan(x)
                                         : (complex double)NAN;
}

complex double cas_at_point(const struct node *n, int sign)
{
    switch (n->kind) {
    case NODE_NUMBER: return (double)n->value.p / (double)n->value.q;
    case NODE_SYMBOL: return point_of(n->name, sign);
    case NODE_SUM: return cas_at_point(n->a, sign) + cas_at_point(n->b, sign);
    case NODE_PRODUCT: return cas_at_point(n->a, sign) * cas_at_point(n->b, sign);
    case NODE_POWER: return cpow(cas_at_point(n->a, sign), cas_at_point(n->b, sign));
    case NODE_FUNCTION: return call_at_point(n, sign);
    default: return NAN;
    }
}

static bool differ_at(const struct node *a, const struct node *b, int sign)
{
    const complex double x = cas_at_point(a, sign), y = cas_at_point(b, sign);
    const double scale = 1 + cabs(x) + cabs(y), off = cabs(x - y);
    return isfinite(off) && isfinite(scale) && off > 1e-7 * scale;
}

enum cas_verdict cas_by_number(const struct node *a, const struct node *b)
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

bool cas_rounds(const struct node *a, const struct node *b)
{
    enum { ALL = HAS_DECIMAL | HAS_SUM | INEXACT };
    return ((traits(a) | traits(b)) & ALL) == ALL;
}
