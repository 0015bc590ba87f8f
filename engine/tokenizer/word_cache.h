/* word_cache.h - what words were merged to, so that the same word is not merged again.
 *
 * For one model: a word's ids depend on its bytes alone. A word has one place in a table of fixed size; a newcomer takes it.
 * Long words and those of many ids are not kept. One thread at a time.
 */
#ifndef CARAT_TOKENIZER_WORD_CACHE_H
#define CARAT_TOKENIZER_WORD_CACHE_H

#include "base/base.h"
#include "engine/engine.h"

struct word_cache;

struct word_cache *word_cache_new(void); /* NULL: out of memory */
void word_cache_free(struct word_cache *c);

/* The ids of `word` appended to `out`. *found: whether it is known. */
enum carat_err word_cache_get(const struct word_cache *c, struct str word, struct carat_ids *out, bool *found);
void word_cache_put(struct word_cache *c, struct str word, const int32_t *ids, size_t n);

#endif
