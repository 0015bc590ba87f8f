/* expr.h - one of a task's doc_to_... values: what it is, and what it makes of a row.
 *
 *     a field's name     the row's value as it is
 *     another text       a Jinja template: StrictUndefined, trailing newlines kept, the filter regex_replace
 *     a number, a list   itself
 *     a mapping          its values, in order (doc_to_choice)
 *     !function          a native hook (hooks.h)
 *
 * What a rendering becomes (lm-evaluation-harness 0.4.13, ConfigurableTask.doc_to_*): digits alone are a number when the task
 * has choices; a target in brackets is a Python list where it reads as one; choices are always a Python literal.
 */
#ifndef CARAT_YAML_EXPR_H
#define CARAT_YAML_EXPR_H

#include "base/base.h"
#include "base/jinja/jinja.h"
#include "hooks.h"

enum expr_kind {
    EXPR_ABSENT,
    EXPR_TEXT,  /* a field's name or a template */
    EXPR_VALUE, /* itself */
    EXPR_HOOK,
};
enum expr_use { EXPR_QUESTION, EXPR_TARGET, EXPR_CHOICES, EXPR_PLAIN };

struct yaml_expr {
    enum expr_kind kind;
    const char *key;      /* "doc_to_text": for messages; static */
    const json_t *value;  /* VALUE; TEXT's string. Borrowed from the configuration */
    struct jinja *jinja;  /* TEXT; owned */
    struct hook *hook;      /* HOOK; owned */
};

/* `value` NULL or null: ABSENT. What no task may have there is refused by its key. */
enum carat_err expr_make(const char *key, const json_t *value, struct yaml_expr *out, struct err *err);
void expr_release(struct yaml_expr *e);

/* The value for a row, a new reference. `has_choices`: the task has doc_to_choice. */
enum carat_err expr_value(const struct yaml_expr *e, const json_t *row, enum expr_use use, bool has_choices, json_t **out,
                          struct err *err);

/* Python's str() of a JSON value, appended. */
enum carat_err expr_python_str(const json_t *value, struct buf *out, struct err *err);

#endif
