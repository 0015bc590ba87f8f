/* hook_table.h - the native hooks, one row each. Private to the folder. */
#ifndef CARAT_YAML_HOOK_TABLE_H
#define CARAT_YAML_HOOK_TABLE_H

#include "hooks.h"

struct hook_row {
    const char *sha256; /* of the normalised source */
    enum hook_kind kind;
    hook_fn *run;
    const char *what;   /* where in the reference's release it is from */
    const char *param;  /* for `run`: what differs between functions that are otherwise alike; NULL: nothing */
    const char *beside; /* a file, from the function's folder, and its constant that the function imports; NULL: none */
    const char *constant;
    enum carat_aggregation aggregation;
};

/* Ended by a row without sha256. */
const struct hook_row *hook_table(void);

#endif
