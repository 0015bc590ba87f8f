/* show_tokens.h - `carat show --tokens`: what the model was fed, token by token.
 *
 * The context is encoded again, by the rules of answering; the continuation's and the answer's ids stand in the store. Where
 * the checkpoint's tokenizer is not at hand (or is another by now) those are shown alone. */
#ifndef CARAT_CLI_SHOW_TOKENS_H
#define CARAT_CLI_SHOW_TOKENS_H

#include "results/results.h"

struct show_tokens;

/* `path`: a checkpoint, or whatever holds a tokenizer; its absence is told in *out's texts and is no failure.
 * `run` and its settings are read at once. */
enum carat_err show_tokens_open(const struct carat_run_row *run, const char *path, struct show_tokens **out, struct err *err);
void show_tokens_free(struct show_tokens *t); /* NULL is fine */
const char *show_tokens_warning(const struct show_tokens *t); /* why contexts cannot be shown; NULL: they can */

/* The task whose items follow: its settings as the store has them. */
void show_tokens_task(struct show_tokens *t, struct str settings);

void show_tokens_text(struct show_tokens *t, const struct carat_item_record *item, bool color, struct buf *out);

/* {"contexts": [[[id, text, special]...]...], "continuations": [...]}: one context where all choices share it. */
json_t *show_tokens_json(struct show_tokens *t, const struct carat_item_record *item);

#endif
