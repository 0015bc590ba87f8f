/* record.h - an item's record on its way into the file: packed and copied, so that another thread may put it there. Private to
 * results/. */
#ifndef CARAT_RESULTS_RECORD_H
#define CARAT_RESULTS_RECORD_H

#include "pack.h"

/* The row of `tokens`: of all choices, one behind the other. */
struct record_tokens {
    struct str ids, logprobs; /* in the arena; p is NULL where the backend tells none */
    size_t ids_size, logprobs_size; /* before deflating */
    bool coded;               /* the log-probabilities: by pack_floats() */
    size_t n_bytes;           /* that all this took of the arena */
};
/* A backend may know no ids or no single log-probabilities, but then for none of the item's choices: else CARAT_EUSAGE. None
 * are wanted of an item that shares another's answers. */
enum carat_err record_tokens(const struct carat_item_record *item, struct pack *pk, struct arena *arena,
                             struct record_tokens *out, struct err *err);

/* Copies `item` and what it points to into the arena, but for its choices' token ids and log-probabilities. `n_bytes` is what
 * that takes. False: out of memory. */
bool record_copy(const struct carat_item_record *item, struct arena *arena, struct carat_item_record *out, size_t *n_bytes);

#endif
