/* page.h - the HTML page of some runs: what reports/ draws, filled from the store. */
#ifndef CARAT_EVAL_PAGE_H
#define CARAT_EVAL_PAGE_H

#include "summary.h"

/* Appends the page. `sum` is of the same runs, in the same order; published ones behind them are in its figures and
 * tables alone. */
enum carat_err summary_page(struct carat_store *store, const struct summary *sum, const struct figure_style *style,
                            struct buf *out, struct err *err);

#endif
