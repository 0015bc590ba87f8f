/* config.h - a task file with what it includes, as one JSON object.
 *
 * `include` is a name or a list of names, relative to the file (with ".yaml" added where there is no such file); included
 * keys come first, a later file's over an earlier one's, the file's own over all, key by key and no deeper. `task_list` is not
 * inherited. A file that is included twice on the way is refused as a cycle, as the reference does.
 */
#ifndef CARAT_YAML_CONFIG_H
#define CARAT_YAML_CONFIG_H

#include "base/base.h"

/* Files read before, by path, so that a template of a thousand tasks is read once. NULL values: none kept. */
struct config_cache {
    json_t *files;
};
void config_cache_release(struct config_cache *cache);

/* *out is a new reference without "include". `cache` may be NULL. */
enum carat_err config_load(const char *path, struct config_cache *cache, json_t **out, struct err *err);

/* The absolute path without links, fresh memory; NULL with an error. */
char *config_resolve(const char *path, struct err *err);

/* The folder of a path, fresh memory; NULL when out of memory. */
char *config_dir(const char *path);

#endif
