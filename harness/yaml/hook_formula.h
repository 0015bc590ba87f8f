/* hook_formula.h - functions of task files whose logic is one Jinja template in their table's row. Private to the folder.
 *
 * The template sees
 *
 *     doc        the row
 *     resp       a filter's: the answer
 *     arg        keywords of a partial()
 *     const      the file's literals that the function uses, by name
 *     text       the texts in the function itself and those it uses, in order (pysource.h)
 *     folder     the last part of the folder's path
 *     fill(s, name=value, ...)  s as Python's f-string or str.format() fills it: what is in braces is an expression over the
 *                names above and those given; no formats (":>5"), no conversions ("!r")
 *     int(x)     a number or a text that is one; else it fails
 *     literal(s) ast.literal_eval()
 *     clean(s)   HellaSwag's way to clean a text
 *     findall(pattern, s)  the whole matches, as Python's re finds them of a pattern without groups
 *     unpunct(s) without Unicode's punctuation and ASCII's signs
 *     overlap(a, b)  F1 of two lists of words, the given ones and the right ones
 *
 * and its value (jinja.h: of the {{ expression }} it ends with) is the function's. Of process_docs: an object, whose fields are
 * put over the row's; true and false keep and drop it. Of process_results: an object of scores by metric, `resp` the answer. Wordings of prompts are in the file's texts, never in a formula.
 */
#ifndef CARAT_YAML_HOOK_FORMULA_H
#define CARAT_YAML_HOOK_FORMULA_H

#include "base/jinja/jinja.h"
#include "hooks.h"

/* A formula as it was parsed; owned by the hook. */
enum carat_err formula_parse(const char *text, const char *what, struct jinja **out, struct err *err);

/* `extra`: more names, an object; NULL: none. *out is a new reference. */
enum carat_err formula_value(const struct jinja *formula, const char *text, const struct hook_call *call, const json_t *row,
                             const json_t *extra, json_t **out, struct err *err);

/* What process_docs makes of a row: *out is NULL where it is dropped. */
enum carat_err formula_row(const struct jinja *formula, const char *text, const struct hook_call *call, const json_t *row,
                           json_t **out, struct err *err);

#endif
