/* cas.h - are two answers written in LaTeX equal as numbers and terms?
 *
 *     switch (cas_latex_equal(STR("\\frac{1}{\\sqrt{2}}"), STR("\\frac{\\sqrt{2}}{2}"))) {
 *     case CAS_EQUAL: ...      // their difference is zero, exactly
 *     case CAS_DIFFERENT: ...  // it is not, or one of them is no term
 *     case CAS_UNDECIDED: ...  // neither could be shown within the limits
 *     }
 *
 * A text means what SymPy's parse_latex (1.14, ANTLR grammar) takes it for, oddities included: every letter
 * and every unknown command is a variable (also e, i and \pi), "x(x+1)" applies a function x, ":" divides, the text may end in what is no
 * longer understood ("3,4" is 3), and a relation is no term. Then a - b is written as a quotient of sums of powers over the
 * rationals, with roots of primes, of -1 and of sums, and compared with 0. What this algebra cannot hold
 * (functions of different arguments, numbers beyond 127 bits) is looked at with complex floating point: far from zero is different,
 * near zero is undecided, never equal. So is a sum with decimals that SymPy would round (0.1 + 0.2 against 0.3).
 *
 * Pure and reentrant; work and depth are limited, whatever the text (a millisecond or so at most). Running out of memory is
 * undecided.
 */
#ifndef CARAT_BASE_CAS_H
#define CARAT_BASE_CAS_H

#include "base/str.h"

enum cas_verdict { CAS_DIFFERENT, CAS_EQUAL, CAS_UNDECIDED };
enum cas_verdict cas_latex_equal(struct str a, struct str b);

#endif
