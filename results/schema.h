/* schema.h - the file's tables, as SQL, and how an older file becomes a newer one.
 * docs/results.md tells what each column means. Private to results/. */
#ifndef CARAT_RESULTS_SCHEMA_H
#define CARAT_RESULTS_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

enum {
    SCHEMA_APPLICATION_ID = 0x63726174, /* "crat", at offset 68 of the file, big-endian */
    SCHEMA_VERSION = 3,                 /* user_version of the files this carat writes */
    SCHEMA_PAGE_SIZE = 16384,           /* rows of 0.5 to 1 KB: less is lost at a page's end than with 4096 */
};

/* schema_steps[n] takes a file of version n to n + 1; version 0 is an empty file. Each runs in one
 * transaction with the new user_version, so a killed migration has not happened. Steps are never
 * edited once released: files of every version are out there. */
extern const char *const schema_steps[SCHEMA_VERSION];

/* The tables a file of SCHEMA_VERSION has, NULL-terminated. Others (a user's own views) are left alone. */
extern const char *const schema_tables[];

#endif
