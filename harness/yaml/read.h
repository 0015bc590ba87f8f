/* read.h - YAML bytes as JSON values, typed as PyYAML's safe loader types them.
 *
 *     json_t *value;
 *     yaml_read(text, "tasks/mine.yaml", "tasks", &value, err);
 *
 * YAML 1.1: `yes` and `off` are booleans, 010 is eight, 1:30 is ninety, `1e5` is a text (a float wants a point). Anchors,
 * aliases and merge keys are resolved; of a key that stands twice the last value counts, as there. `!function a.b` becomes
 * {"!function": "a.b", "dir": dir}, which no mapping can spell otherwise.
 *
 * Refused, with file and line: several documents, keys that are no texts, other tags, timestamps, binary, infinities,
 * integers beyond 64 bits, aliases to what is not finished, two merged mappings that disagree on a key (which of them wins
 * depends on PyYAML's version). Depth, and the size of what aliases expand to, are bounded.
 */
#ifndef CARAT_YAML_READ_H
#define CARAT_YAML_READ_H

#include "base/base.h"

#define YAML_FILE_MAX ((size_t)4 << 20)

/* `name` goes into messages. *out is a new reference; parts of it may be shared among each other: do not change them. */
enum carat_err yaml_read(struct str text, const char *name, const char *dir, json_t **out, struct err *err);

/* A plain scalar's value by YAML 1.1 (scalar.c). CARAT_EUNSUPPORTED, without a place, for what JSON does not have. */
enum carat_err yaml_plain(struct str text, json_t **out, struct err *err);
/* The same with the type given by a tag: "int", "float", "bool", "null", "str". */
enum carat_err yaml_tagged(struct str text, const char *type, json_t **out, struct err *err);

/* "utils.f" of a !function value, and its folder; false: it is none. */
bool yaml_function(const json_t *value, struct str *name, struct str *dir);

#endif
