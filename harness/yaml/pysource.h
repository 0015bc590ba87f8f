/* pysource.h - the normalised source of a Python function, by which hooks are known, and what it is called with.
 *
 * The file is cut into its top-level statements. Taken are the function's own and, over and over, every statement that
 * binds a name which a taken one uses (helpers, constants, imports), the function first, the others in the file's order.
 * Of each statement comments, blank lines, blanks at the ends of lines and a function's docstring are dropped; all else,
 * what stands in strings too, stays as it is. So two sources with one digest do the same, and one that does the same may
 * have another digest: then it is refused, which is the safe side.
 *
 * What `from lm_eval.utils import name` binds is the harness's own: that statement, with this name alone, is its source.
 * A name may also be bound by `name = partial(function, key=literal, ...)`: then it is that function's source and `args`
 * are the keywords. A name that no statement binds by writing it down (globals()[...] = ...) stands for the whole file.
 */
#ifndef CARAT_YAML_PYSOURCE_H
#define CARAT_YAML_PYSOURCE_H

#include "base/base.h"

struct pysource {
    struct buf text;   /* normalised */
    json_t *args;      /* object: keywords of a partial; empty: none */
    json_t *literals;  /* array: the texts in quotes in the function itself, in order, then those of the functions it uses, in
                          the file's order; f-strings with their holes as they stand */
    json_t *returned;  /* of a function that is one `return` of a literal: its value; NULL: of any other */
    json_t *constants; /* object: top-level names of the taken statements that are literals, and their values */
};

/* `out` is empty after a failure. CARAT_EINPUT when the file does not bind the name. */
enum carat_err pysource_read(struct str file, struct str function, struct pysource *out, struct err *err);
/* All literals of a file by their top-level names; an object, the caller's. */
enum carat_err pysource_constants(struct str file, json_t **out, struct err *err);
void pysource_release(struct pysource *p);

#endif
