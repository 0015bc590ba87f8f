/* reader.h - a file of rows, whatever its format, as one JSON value after the other.
 *
 *     enum carat_err take(void *context, size_t line, json_t *value, struct err *err);
 *     reader_each(path, bytes, take, context, err);
 *
 * JSON Lines and JSON give what stands in the file; CSV gives each record as an array of
 * strings; .txt are the prompt files of BIG-Bench Hard, {input, target, description}; .yaml and .py are files in which the
 * reference harness publishes worked examples (exemplars.c); few_shot_prompts.csv is AGIEval's file of them (agieval.c). `value` is borrowed for the call. A bad row stops the reading with "path:line: what is
 * wrong"; an error of the callback's passes through as it is. No reader keeps state.
 */
#ifndef CARAT_DATASETS_READER_H
#define CARAT_DATASETS_READER_H

#include "base/base.h"

typedef enum carat_err reader_fn(void *context, size_t line, json_t *value, struct err *err);

/* The most bytes that one file may have, as it lies there and expanded. */
#define READER_MAX_BYTES ((size_t)1 << 30)

/* The format is told by the name's end (.jsonl, .json, .csv, .txt, .yaml, .py, each also with .gz behind). `raw` are the file's
 * bytes as read from `path`. CARAT_EUNSUPPORTED for another name. */
enum carat_err reader_each(const char *path, struct str raw, reader_fn *fn, void *context, struct err *err);

/* The formats by themselves; `name` goes into messages. */
enum carat_err reader_jsonl(struct str text, const char *name, reader_fn *fn, void *context, struct err *err);
enum carat_err reader_json(struct str text, const char *name, reader_fn *fn, void *context, struct err *err);
enum carat_err reader_cot(struct str text, const char *name, reader_fn *fn, void *context, struct err *err);
enum carat_err reader_yaml(struct str text, const char *name, reader_fn *fn, void *context, struct err *err);
enum carat_err reader_python(struct str text, const char *name, reader_fn *fn, void *context, struct err *err);
enum carat_err reader_agieval(struct str text, const char *name, reader_fn *fn, void *context, struct err *err);
enum carat_err reader_csv(struct str text, const char *name, reader_fn *fn, void *context, struct err *err);

/* Expands a gzip file (of one member or several) behind what `out` holds. */
enum carat_err reader_gunzip(struct str raw, const char *name, struct buf *out, struct err *err);

#endif
