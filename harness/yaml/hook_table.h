/* hook_table.h - the native hooks, one row each. Private to the folder. */
#ifndef CARAT_YAML_HOOK_TABLE_H
#define CARAT_YAML_HOOK_TABLE_H

#include "hooks.h"

struct hook_row {
    const char *sha256; /* of the normalised source */
    enum hook_kind kind;
    hook_fn *run;
    const char *what;   /* where in the reference's release it is from */
};

/* Ended by a row without sha256. */
const struct hook_row *hook_table(void);

#endif
