/* bpe.h - byte-pair merging in n log n.
 *
 * A text is cut into symbols, which form a linked list. Every adjacent pair that the
 * model can merge waits in a heap, best first: lowest `order`, then leftmost. A pair is merged
 * when it comes to the top and is still what it was:
 *
 *       h - e - l - l - o        heap: (he, 3) (lo, 7) (ll, 9)
 *       he  -   l - l - o        (he) merged; (hel) pushed if the model has it
 *       he  -   l - lo           (lo) merged; (ll) is stale when it surfaces: dropped
 *
 * SentencePiece and Hugging Face's tokenizers differ in what `order` is (a piece's score; a
 * merge's place in the list) and in how a pair is looked up (by the joined bytes; by the two
 * ids), not in this loop.
 *
 * The heap works on one stretch at a time. A stretch ends where the caller knows that no piece of the
 * vocabulary reaches across (before a space, in nearly every vocabulary), so prose costs no more in one text of a
 * megabyte than word by word: what can never meet does not queue together.
 *
 * tokenizers drops a stale entry by the id that the pair would make now, not by
 * its order; for SentencePiece, where an id is a string, that is the same as its own check
 * by length.
 */
#ifndef CARAT_TOKENIZER_BPE_H
#define CARAT_TOKENIZER_BPE_H

#include "vocab.h"

#define BPE_MAX_TEXT ((size_t)1 << 30) /* bytes in one call: offsets are 32 bits wide */

enum bpe_edge {
    BPE_PLAIN,
    BPE_STARTS, /* no merge reaches over its left edge */
    BPE_FROZEN  /* takes no part in merging */
};

struct bpe_symbol {
    int32_t id;          /* -1: no piece (SentencePiece's unknown characters) */
    uint32_t at, n;      /* bytes of the text; n == 0: merged into its left neighbour */
    int32_t prev, next;  /* -1: none */
    enum bpe_edge edge;
};

struct bpe_join {
    uint32_t order; /* lower merges first */
    int32_t id;     /* of what the pair becomes */
};

/* What a model can merge. `pushed` (may be NULL) hears of each pair that enters the heap, the whole text's pairs
 * in order first. */
struct bpe_model {
    bool (*find)(const void *context, const struct bpe_symbol *left, const struct bpe_symbol *right,
                 struct bpe_join *join);
    void (*pushed)(const void *context, const struct bpe_symbol *left, int32_t id);
    const void *context;
};

struct bpe_entry;
struct bpe_work { /* reused from word to word */
    struct bpe_symbol *symbols;
    size_t n, cap;
    struct bpe_entry *heap;
    size_t n_heap, cap_heap;
};
#define BPE_WORK_INIT {.symbols = NULL}

void bpe_clear(struct bpe_work *w);
void bpe_release(struct bpe_work *w);

/* Appends a symbol behind the last; false when out of memory. */
bool bpe_add(struct bpe_work *w, int32_t id, size_t at, size_t n, enum bpe_edge edge);

/* Merges until nothing more can be. Walk the result from symbol 0 by `next`. False: out of memory. */
bool bpe_merge(struct bpe_work *w, const struct bpe_model *model);

/* Whether a stretch may end before each U+2581 that does not follow another: no piece holds it in its midst. */
bool bpe_spaces_start(const struct vocab *v);

/* Whether a stretch starts there: at U+2581 that does not follow another. */
bool bpe_mark_starts(struct str text, size_t at);

/* The edge of the symbol at text.p[at], where bpe_spaces_start() was true. */
enum bpe_edge bpe_space_edge(struct str text, size_t at);

#endif
