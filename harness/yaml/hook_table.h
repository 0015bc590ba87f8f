/* hook_table.h - the native hooks, one row each. Private to the folder. */
#ifndef CARAT_YAML_HOOK_TABLE_H
#define CARAT_YAML_HOOK_TABLE_H

#include "hooks.h"

struct hook_row {
    const char *sha256; /* of the normalised source */
    enum hook_kind kind;
    hook_fn *run;
    const char *formula; /* instead of `run`: hook_formula.h */
    const char *what;   /* where in the reference's release it is from */
    const char *param;  /* for `run`: what differs between functions that are otherwise alike; NULL: nothing */
    const char *beside; /* a file, from the function's folder, and its constant that the function imports; NULL: none */
    const char *constant;
    enum carat_aggregation aggregation;
    const char *builtin;  /* RESULTS: the built-in task that judges the same way; NULL: `formula` does */
    const char *metrics;  /* RESULTS: names of what is given, with blanks around each */
    const char *left_out; /* ... and of what only Python's libraries can give; NULL: nothing */
};

/* The tables, each ended by a row without sha256; NULL-terminated. */
const struct hook_row *const *hook_tables(void);

/* Functions in C (hook_table.c), formulas of prompts (hook_prompts.c), of process_docs (hook_docs.c) and process_results
 * (hook_results.c). */
extern const struct hook_row hook_native[], hook_prompts[], hook_docs[], hook_results[];

#endif
