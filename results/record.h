/* record.h - an item's record with all that it points to. Private to results/. */
#ifndef CARAT_RESULTS_RECORD_H
#define CARAT_RESULTS_RECORD_H

#include "results.h"

/* Copies `item` and its texts and numbers into the arena. `n_bytes` is what they take. False: out of memory. */
bool record_copy(const struct carat_item_record *item, struct arena *arena, struct carat_item_record *out, size_t *n_bytes);

#endif
