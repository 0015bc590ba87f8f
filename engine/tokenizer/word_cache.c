#include "word_cache.h"

#include <stdlib.h>

enum { N_WORDS = 1 << 14, WORD_BYTES = 30, WORD_IDS = 8 };

struct word { /* 64 bytes: a line of the processor's cache */
    uint8_t n_bytes; /* 0: free */
    uint8_t n_ids;
    char bytes[WORD_BYTES];
    int32_t ids[WORD_IDS];
};

struct word_cache {
    struct word words[N_WORDS];
};

struct word_cache *word_cache_new(void) { return calloc(1, sizeof(struct word_cache)); }

void word_cache_free(struct word_cache *c) { free(c); }

static size_t slot_of(struct str word)
{
    uint64_t h = 0xCBF29CE484222325u;
    for (size_t i = 0; i < word.n; i++)
        h = (h ^ (unsigned char)word.p[i]) * 0x100000001B3u;
    return (size_t)((h ^ h >> 29) % N_WORDS);
}

enum carat_err word_cache_get(const struct word_cache *c, struct str word, struct carat_ids *out, bool *found)
{
    *found = false;
    if (!word.n || word.n > WORD_BYTES)
        return CARAT_OK;
    const struct word *w = &c->words[slot_of(word)];
    *found = w->n_bytes == word.n && !memcmp(w->bytes, word.p, word.n);
    for (size_t i = 0; *found && i < w->n_ids; i++)
        if (carat_ids_push(out, w->ids[i]))
            return CARAT_ENOMEM;
    return CARAT_OK;
}

void word_cache_put(struct word_cache *c, struct str word, const int32_t *ids, size_t n)
{
    if (!word.n || word.n > WORD_BYTES || n > WORD_IDS)
        return;
    struct word *w = &c->words[slot_of(word)];
    w->n_bytes = (uint8_t)word.n;
    w->n_ids = (uint8_t)n;
    memcpy(w->bytes, word.p, word.n);
    if (n)
        memcpy(w->ids, ids, n * sizeof *ids);
}
