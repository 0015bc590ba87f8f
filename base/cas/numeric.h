/* numeric.h - what complex floating point can tell of two terms. Pure. */
#ifndef CARAT_BASE_CAS_NUMERIC_H
#define CARAT_BASE_CAS_NUMERIC_H

#include <complex.h>

#include "cas_int.h"

/* The term where each variable is a number made of its name; sign -1: where they are on the other side of the roots'
 * cut. NaN where it has no value or is not known. */
complex double cas_at_point(const struct node *n, int sign);
/* CAS_DIFFERENT, or CAS_UNDECIDED where they are near each other at both points. */
enum cas_verdict cas_by_number(const struct node *a, const struct node *b);
/* SymPy would round in their difference, by its decimals. */
bool cas_rounds(const struct node *a, const struct node *b);

#endif
