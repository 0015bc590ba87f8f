/* explain.h - what a task is, as JSON: its protocol, data, published figures and one of its prompts.
 *
 *     {"task", "title", "capability", "version", "from", "benchmark", "settings": {...}, "statistics": [{"metric", "is",
 *      "error"}], "data": {"dataset", "file", "sha256", "rows", "shots_file", ..., "sources": [{"file", "url", "bytes",
 *      "sha256", "licence"}]}, "published": [{"source", "shots", "metric", "percent": {model: x}}], "choices": [...],
 *     "example": {"item", "context", "own", "continuations", "target", "tokens": [...]}}
 *
 * `settings` is what stands in a run. What is not at hand (files, a tokenizer) is left out.
 */
#ifndef CARAT_EVAL_EXPLAIN_H
#define CARAT_EVAL_EXPLAIN_H

#include "eval.h"

struct explain {
    const struct bench *bench;               /* with rows; or NULL: the files are not there, and then: */
    const struct proto_leaf *leaf;
    const char *origin;                      /* the plugin or task file; NULL: built in */
    const struct carat_tokenizer *tokenizer; /* NULL: no token boundaries */
};
enum carat_err explain_json(const struct explain *x, json_t **out, struct err *err);

/* The same for reading. Appends. */
enum carat_err explain_text(const json_t *json, struct buf *out);

#endif
