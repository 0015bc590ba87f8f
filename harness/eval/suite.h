/* suite.h - a named list of benchmarks with their shots: a JSON file.
 *
 *     {"name": "mine", "title": "Mine", "about": "...", "published": "gemma-2024", "limit": 20, "figure": true,
 *      "tasks": [{"task": "mmlu", "shots": 5}, {"task": "hellaswag", "metric": "acc"}]}
 *
 * `name` and `tasks` must be there; another key than these is refused with its name. "metric" is the value that tables show
 * instead of the task's own headline.
 */
#ifndef CARAT_EVAL_SUITE_H
#define CARAT_EVAL_SUITE_H

#include "base/base.h"
#include "eval.h"

struct suite {
    char *path;
    struct str name, title, about;
    const char *published;    /* figures to show beside; NULL: none */
    int64_t limit;            /* -1: all items */
    bool figure;              /* drawn in the terminal, too */
    const char **tasks;       /* [n] */
    struct eval_override *overrides; /* [n] */
    size_t n;
    json_t *json;             /* owns the texts */
};
/* `word` is a name in DIR (DIR/NAME.json) or a path: it has a '/' or ends in .json. An unknown name is CARAT_EUSAGE with the
 * names there are. */
enum carat_err suite_open(const char *word, const char *dir, struct suite *out, struct err *err);
void suite_release(struct suite *s);

/* The names in DIR, sorted, NULL-terminated, each freed by the caller, as is the list. */
enum carat_err suite_names(const char *dir, char ***out, struct err *err);
void suite_names_free(char **names);

#endif
