/* regex.h - regular expressions with the meaning of Python's re on str, by PCRE2.
 *
 *     struct regex *re;
 *     regex_new("#### (\\-?[0-9\\.\\,]+)", &re, err);
 *     regex_pick(re, text, 0, &found, &view, err);    // findall(text)[0]
 *     regex_sub(re, text, STR(""), &out, err);        // sub("", text)
 *     regex_free(re);
 *
 * Patterns are over code points, \w \d \s \b are Unicode's, "." stops at "\n" alone. What
 * parts from Python: \s does not take U+001C to U+001F and takes U+180E; the syntax is PCRE2's, where named groups
 * and some escapes are written otherwise. A compiled regex is read-only: threads may share it.
 * A match that takes too many steps is CARAT_EUNSUPPORTED, never a hang and never "no match". Texts must be
 * valid UTF-8 (CARAT_EINPUT). Patterns are trusted to be small; texts are not trusted.
 */
#ifndef CARAT_PROTOCOL_REGEX_H
#define CARAT_PROTOCOL_REGEX_H

#include "base/base.h"

struct regex;
enum carat_err regex_new(const char *pattern, struct regex **out, struct err *err);
void regex_free(struct regex *re); /* NULL is fine */
const char *regex_pattern(const struct regex *re); /* as it was given */

/* The element of findall(text) at `select`, negative ones from the end: the group, with several groups the
 * first that is not empty, without groups the whole match. *found is false when there is no such element
 * or all its groups are empty. *out views `text`. */
enum carat_err regex_pick(const struct regex *re, struct str text, int select, bool *found, struct str *out,
                          struct err *err);

/* Appends `text` with every match replaced by `with`, which is put in as it is. */
enum carat_err regex_sub(const struct regex *re, struct str text, struct str with, struct buf *out, struct err *err);

/* The same with \1 to \9 in `with` standing for the match's groups; one that took no part is empty. */
enum carat_err regex_expand(const struct regex *re, struct str text, struct str with, struct buf *out, struct err *err);

#endif
