/* hooks.h - functions of task files ("!function utils.process_docs") that carat has in C.
 *
 * A task's Python is never run. A function is taken for one of the table's when the SHA-256 of its normalised source
 * (pysource.h) is that row's: a function that was changed has another, and the task is refused by the function's name
 * instead of being scored by something else.
 */
#ifndef CARAT_YAML_HOOKS_H
#define CARAT_YAML_HOOKS_H

#include "base/base.h"

enum hook_kind {
    HOOK_ROW,   /* process_docs: a row becomes another row, or none: *out is NULL */
    HOOK_VALUE, /* doc_to_text, doc_to_target, doc_to_choice: a value of a row */
};

/* `row` is borrowed, *out a new reference. A row that lacks what the function reads is CARAT_EINPUT, as Python's KeyError. */
typedef enum carat_err hook_fn(const json_t *row, json_t **out, struct err *err);

struct yaml_hook {
    const char *sha256; /* of the normalised source: of the function, and of those of its file that it names */
    enum hook_kind kind;
    hook_fn *run;
    const char *what;   /* where it is from: for the list in docs */
};

/* The hook of a !function value, by its file's source. CARAT_EUNSUPPORTED, naming it, when there is none or it is of another
 * kind than `key` wants. */
enum carat_err hook_find(const json_t *function, const char *key, enum hook_kind kind, const struct yaml_hook **out,
                         struct err *err);

#endif
