/* pattern.h - what a Split or Replace looks for: a text, or a regular expression.
 *
 * tokenizer.json's expressions are Oniguruma's, in Ruby's syntax, with its tables of Unicode 16. They are rewritten for PCRE2
 * (pattern_translate.c), whatever tables that has; what cannot be is refused by name.
 *
 *     struct pattern_scan scan;
 *     size_t start, end;
 *     bool found;
 *     enum carat_err rc = pattern_begin(&scan, &pattern, text, &work, err);
 *     while (!rc && !(rc = pattern_next(&scan, &start, &end, &found, err)) && found)
 *         ... text.p[start .. end) matches; it may be empty
 *
 * A pattern is immutable; a work belongs to one thread and to one scan at a time.
 */
#ifndef CARAT_TOKENIZER_PATTERN_H
#define CARAT_TOKENIZER_PATTERN_H

#include "base/base.h"

struct pattern {
    struct str literal; /* borrowed; used where there is no code */
    void *code;         /* pcre2_code, owned */
    bool ahead_only;    /* a match depends on nothing before the place where its search began; false where that is not certain */
};

enum carat_err pattern_compile(struct pattern *p, struct str regex, struct err *err);
void pattern_release(struct pattern *p);

/* Reused from scan to scan. */
struct pattern_work {
    struct buf text;         /* the text as PCRE2 is given it */
    void *match, *limits;    /* pcre2_match_data, pcre2_match_context */
};
#define PATTERN_WORK_INIT {.text = BUF_INIT(BUF_MAX_DEFAULT)}
void pattern_work_release(struct pattern_work *w);

struct pattern_scan {
    const struct pattern *pattern;
    struct pattern_work *work;
    struct str text;
    size_t at;               /* where the next search begins */
    size_t last;             /* end of the last match; SIZE_MAX: none yet */
    bool sure;               /* set it behind pattern_begin(): the text goes on; only matches that do not depend on how */
};

/* `text` is valid UTF-8 and borrowed. */
enum carat_err pattern_begin(struct pattern_scan *scan, const struct pattern *p, struct str text, struct pattern_work *work,
                             struct err *err);
/* The next match from left to right; an empty one right behind the last is none. */
enum carat_err pattern_next(struct pattern_scan *scan, size_t *start, size_t *end, bool *found, struct err *err);

/* pattern_translate.c: appends the expression as PCRE2 is to see it. */
enum carat_err pattern_translate(struct str regex, struct buf *out, struct err *err);

#endif
