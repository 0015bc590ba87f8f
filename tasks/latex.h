/* latex.h - answers in LaTeX, for the tasks that ask for them: where they stand, and when they read alike. Not for plugins.
 * The rules are those of Hendrycks et al.'s MATH, as the reference has them. */
#ifndef CARAT_TASKS_LATEX_H
#define CARAT_TASKS_LATEX_H

#include "read.h"

bool latex_same(struct carat_text a, struct carat_text b);

/* Where `what` begins, at or after `from`; s.n: nowhere. */
size_t latex_find(struct carat_text s, const char *what, size_t from);
/* Bytes [from, to). */
struct carat_text latex_cut(struct carat_text s, size_t from, size_t to);

/* Where `what` begins last; s.n: nowhere. */
size_t latex_find_last(struct carat_text s, const char *what);

/* The right answer in a solution. False: it has none. */
bool latex_boxed(struct carat_text solution, struct carat_text *out);

/* Are they the same when both are written one way? Where the rules break down, as on "\frac" at the end, they are compared as
 * they are. `strict`: so do they on "x/2", a quotient of other things than whole numbers, which else stays as it is. */
bool latex_alike(const struct carat_host *host, struct carat_ctx *ctx, struct carat_text a, struct carat_text b, bool strict);

#endif
