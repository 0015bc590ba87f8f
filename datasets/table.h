/* table.h - what carat knows of each dataset: its files, and how their rows become the Hub copy's.
 *
 * A split's file is looked for in DIR (--data, or the cache) in this order:
 *
 *     1. DIR/<folder>/<official name>   for each folder of the row, each name of the split
 *     2. DIR/<official name>            DIR is the dataset's own folder
 *     3. DIR/<hub>/<split>.jsonl        the Hub copy's rows; with a subset DIR/<hub>_<subset>/<split>.jsonl
 *     4. the partial files, as 1 and 2: some of the official lines under another name
 *
 * A name may be a folder's of files 0.json, 1.json ..., a row each (MATH). So an official file wins over a Hub copy in the same folder, and a whole one over a part. A dataset
 * without a row in the table (a plugin's) is read from step 3 alone, as .jsonl, then .json; its rows are
 * taken as they are.
 */
#ifndef CARAT_DATASETS_TABLE_H
#define CARAT_DATASETS_TABLE_H

#include "base/base.h"

/* A row as it was read, on its way to the Hub schema. */
struct record {
    json_t *value;      /* borrowed: an object, or the array of a CSV record's fields */
    const char *subset; /* "" where there is none */
    struct str label;   /* its line of the labels file; {NULL, 0} where there is none */
};

/* Makes the Hub copy's row (a new reference), or NULL where the row is another subset's; a message without file and line,
 * which the caller puts in front. */
typedef enum carat_err table_adapt_fn(const struct record *rec, json_t **out, struct err *err);

enum table_kind {
    TABLE_TEXT,
    TABLE_INTEGER, /* from min to max */
    TABLE_TEXTS,   /* a list of min to max texts */
    TABLE_CHOICES, /* {"text": [...], "label": [...]}, both of min to max texts and as many in one as in the other */
};
struct table_field { /* what tasks read, and so what every row must have once it is adapted */
    const char *name;
    enum table_kind kind;
    int min, max;
};

struct table_split {
    const char *name;            /* "test" */
    const char *const *official; /* names in the folder, "*" standing for the subset; NULL-terminated */
    const char *const *partial;  /* the same; NULL: none */
    struct table_range {
        const char *field;       /* a whole number; NULL: all rows of the file are the split's */
        int from, to;
    } range;                     /* rows outside are passed over: one file holds several splits */
};

struct table_dataset {
    const char *name;
    const char *const *folders; /* NULL-terminated */
    const char *hub;            /* its folder in a copy of the Hub's rows */
    const char *source;         /* its name in the table of sources; NULL: `name` */
    bool subsets;               /* each subset has files of its own */
    bool dashes;                /* "*" in official names is the subset with '-' for '_' */
    const struct table_renamed { /* ... or another name altogether; ends with a NULL subset; NULL: none */
        const char *subset, *official;
    } *renamed;
    bool labels;                /* beside X.jsonl may lie X-labels.lst, a label a line */
    const struct table_split *splits;
    size_t n_splits;
    table_adapt_fn *adapt;
    const struct table_field *fields; /* ends with a NULL name */
    const char *id_field;       /* a text that names the row; NULL: its place */
};

/* NULL when there is no such dataset. */
const struct table_dataset *table_find(const char *name);

/* All names, NULL-terminated. */
const char *const *table_names(void);

#endif
