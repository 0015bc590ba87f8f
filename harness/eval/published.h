/* published.h - scores others published, to stand beside measured ones.
 *
 *     const struct published *p;
 *     published_find("gemma-2024", &p, err);
 *     summary_add_published(&sum, p, err);       // its models come after the runs
 *
 * Static data, from any thread.
 */
#ifndef CARAT_PUBLISHED_H
#define CARAT_PUBLISHED_H

#include "base/base.h"

#define PUBLISHED_MODELS_MAX 8

struct published_row {
    const char *task, *title;
    int shots;                /* -1: not said */
    const char *metric;       /* "": not said */
    double percent[PUBLISHED_MODELS_MAX];
};
struct published {
    const char *name;         /* what --published takes */
    const char *source;       /* as small print names it */
    const char *const *models; /* [n_models] */
    size_t n_models;
    const struct published_row *rows;
    size_t n_rows;
};

/* One after the other; NULL behind the last. */
const struct published *published_at(size_t i);

/* CARAT_EUSAGE with the names there are. */
enum carat_err published_find(const char *name, const struct published **out, struct err *err);

#endif
