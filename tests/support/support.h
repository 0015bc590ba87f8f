/* support.h - what tests of several parts need. */
#ifndef CARAT_TESTS_SUPPORT_H
#define CARAT_TESTS_SUPPORT_H

#include "base/base.h"

/* "$CARAT_SHARED/rel", or NULL where CARAT_SHARED is not set: the larger goldens are not at hand
 * and the test says so with cr_skip(). Static storage, a few at a time. */
const char *shared_path(const char *rel);

/* "tests/goldens/rel", found from the repository's root (where `make test` runs). */
const char *golden_path(const char *rel);

/* A fresh empty folder under $TMPDIR; removed with its content by temp_remove(). */
const char *temp_dir(void);
void temp_remove(const char *dir);

/* Writes a text into `name` below `dir`; folders on the way are made. */
void put_text_file(const char *dir, const char *name, const char *text);

/* Calls fn for each line of a JSON Lines file; fails the test on a bad line. Returns the number of lines. */
size_t each_json_line(const char *path, void (*fn)(void *context, size_t line, const json_t *value), void *context);

/* Skips the rest of a test when `path` is NULL. Use: SHARED_OR_SKIP(path, "fixtures/logits"); */
#define SHARED_OR_SKIP(var, rel)                                          \
    const char *var = shared_path(rel);                                   \
    if (!var)                                                             \
    cr_skip("CARAT_SHARED is not set")

#endif
