/* pyjson.h - JSON as Python writes it: json.dumps(value, indent=..., ensure_ascii=False), byte for byte.
 *
 * For what is hashed or compared as text by programs in Python. Numbers stand as repr() has them (1.0, 1e-05), keys in
 * the order in which they were set; a real that is no number is NaN, which JSON does not know but Python reads. */
#ifndef CARAT_HARNESS_PYJSON_H
#define CARAT_HARNESS_PYJSON_H

#include "base/base.h"

/* indent < 0: all on one line. CARAT_ENOMEM alone can fail. */
enum carat_err pyjson_write(const json_t *value, int indent, struct buf *out);

/* str(x) of a float. Returns out. */
enum { PYJSON_FLOAT = 64 };
char *pyjson_float(double x, char out[PYJSON_FLOAT]);

#endif
