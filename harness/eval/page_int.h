/* page_int.h - what the files that make a page share: page.c its tables and facts, page_items.c its items. */
#ifndef CARAT_EVAL_PAGE_INT_H
#define CARAT_EVAL_PAGE_INT_H

#include "page.h"

enum { PAGE_RUNS_MAX = 8 };

/* Tasks of several runs that were asked the same are one of the page. */
struct page_task {
    struct str name, parent, title, data_sha256;
    int version, shots;
    int64_t of[PAGE_RUNS_MAX]; /* the store's number in each run; 0: it was not run */
};

struct page_items { /* borrowed */
    struct carat_store *store;
    const struct page_task *tasks;
    size_t n_tasks, n_runs;
};
/* Adds the tasks' items in order. */
enum carat_err page_add_items(const struct page_items *o, struct carat_page *page, struct err *err);

#endif
