/* needs.h - what a jail is made of, looked at one by one, for `carat doctor`. */
#ifndef CARAT_SANDBOX_NEEDS_H
#define CARAT_SANDBOX_NEEDS_H

#include "base/base.h"

struct jail_need {
    const char *name;
    bool ok;
    struct buf text, hint;   /* owned: what there is, and what to do where there is not */
};
enum { JAIL_NEEDS = 5 };
void jail_needs(struct jail_need out[JAIL_NEEDS]);
void jail_needs_release(struct jail_need needs[JAIL_NEEDS]);

#endif
