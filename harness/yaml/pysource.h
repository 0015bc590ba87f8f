/* pysource.h - the normalised source of a Python function, by which hooks are known.
 *
 * The file is cut into its top-level statements. Taken are the function's own and, over and over, every statement that
 * binds a name which a taken one uses (helpers, constants, imports), the function first, the others in the file's order.
 * Of each statement comments, blank lines, blanks at the ends of lines and a function's docstring are dropped; all else,
 * what stands in strings too, stays as it is. So two sources with one digest do the same, and one that does the same may
 * have another digest: then it is refused, which is the safe side.
 */
#ifndef CARAT_YAML_PYSOURCE_H
#define CARAT_YAML_PYSOURCE_H

#include "base/base.h"

/* Appends the normalised source of `function` (a name of a top-level def). CARAT_EINPUT when the file has none. */
enum carat_err pysource_normalise(struct str file, struct str function, struct buf *out, struct err *err);

#endif
