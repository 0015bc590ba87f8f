/* hook_table.h - the native hooks, one row each, ended by a row without sha256. Private to hooks.c and its test. */
#ifndef CARAT_YAML_HOOK_TABLE_H
#define CARAT_YAML_HOOK_TABLE_H

#include "hooks.h"

const struct yaml_hook *hook_table(void);

#endif
