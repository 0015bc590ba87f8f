/* hub.h - private to the folder: see carat_hub_fetch() in datasets.h. */
#ifndef CARAT_DATASETS_HUB_H
#define CARAT_DATASETS_HUB_H

#include "base/base.h"

/* One page's rows behind what `out` holds, a line each. *n is how many, *total what the page says of the whole. A page that is
 * none, begins elsewhere than at row `first`, or has cells cut short is CARAT_EINPUT. */
enum carat_err hub_take_page(const json_t *page, size_t first, struct buf *out, size_t *n, size_t *total, struct err *err);

#endif
