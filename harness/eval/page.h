/* page.h - the HTML page of some runs: what reports/ draws, filled from the store. */
#ifndef CARAT_EVAL_PAGE_H
#define CARAT_EVAL_PAGE_H

#include "summary.h"

/* A way to score, to be chosen in the page: figures and scores are there once for each. */
struct page_view {
    struct str name;
    const struct summary *sum;
};

/* Appends the page. The views (at least one; the first is what all but figures and scores go by) are of the same runs, in
 * the same order; published ones behind them are in figures and tables alone. */
enum carat_err summary_page(struct carat_store *store, const struct page_view *views, size_t n_views,
                            const struct figure_style *style, struct buf *out, struct err *err);

#endif
