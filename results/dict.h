/* dict.h - dictionaries: the first texts of a task, that its other texts are deflated with. Private to results/. */
#ifndef CARAT_RESULTS_DICT_H
#define CARAT_RESULTS_DICT_H

#include "store_int.h"

struct dict {
    int64_t id;       /* row of `text`; 0: none */
    struct str bytes; /* borrowed from the store */
};

/* What the texts of this task are deflated with, now. */
enum carat_err dict_of(struct carat_store *st, int64_t task, struct dict *out, struct err *err);

/* A text of the task that was new to the file. When enough have gathered, and enough are to come, they become the
 * task's dictionary. */
enum carat_err dict_feed(struct carat_store *st, int64_t task, struct str text, struct err *err);

/* The dictionary that is row `id` of `text`, for reading; kept until another is asked for. False: there is none. */
bool dict_read(struct carat_store *st, int64_t id, struct str *out);

/* Whose answers this task scores again; 0: its own. */
enum carat_err dict_scores_of(struct carat_store *st, int64_t task, int64_t *out, struct err *err);

void dict_release(struct carat_store *st);

#endif
