/* record.h - an item's record on its way into the file: packed and copied, so that another thread may put it there. Private to
 * results/. */
#ifndef CARAT_RESULTS_RECORD_H
#define CARAT_RESULTS_RECORD_H

#include "dict.h"

/* The row of `tokens`: of all choices, one behind the other. */
struct record_tokens {
    struct str ids, logprobs; /* in the arena; p is NULL where the backend tells none */
    size_t ids_size, logprobs_size; /* before deflating */
    bool coded;               /* the log-probabilities: by pack_floats() */
};

/* A row of `text`. */
struct record_text {
    struct str text;
    unsigned char key[PACK_HASH_MAX]; /* its SHA-256, n_key bytes */
    size_t n_key;
    struct str data;          /* the text, deflated where that is shorter; p is NULL: not tried yet */
    int64_t dict;             /* row of the dictionary that it was tried with; 0: none */
};

/* All that can be made of an item without the file. */
struct record_packed {
    struct record_tokens tokens;
    struct record_text asked;
    struct record_text prefix; /* text.n is 0: left to the store */
    size_t n_bytes;            /* that all this took of the arena, about */
};

/* Tokens, and the text that is asked, which is not deflated. A backend may know no ids or no single log-probabilities, but then
 * for none of the item's choices: else CARAT_EUSAGE. None are wanted of an item that shares another's answers. */
enum carat_err record_pack(const struct carat_item_record *item, struct pack *pk, struct arena *arena, struct record_packed *out,
                           struct err *err);

/* A text's row, not deflated; `text` is borrowed. And deflated, with a dictionary (id 0: without). */
struct record_text record_text(struct str text);
enum carat_err record_deflate(struct record_text *t, const struct dict *dict, struct pack *pk, struct arena *arena,
                              struct err *err);

/* Copies `item` and what it points to into the arena, but for its choices' token ids and log-probabilities. `n_bytes` is what
 * that takes. False: out of memory. */
bool record_copy(const struct carat_item_record *item, struct arena *arena, struct carat_item_record *out, size_t *n_bytes);

#endif
