/* datasets.h - the official files: where they are published, fetching, reading.
 *
 *     struct carat_dataset *ds;
 *     carat_dataset_open("mmlu", &(struct carat_dataset_opts){.data_dir = "data"}, &ds, err);
 *     struct carat_rows *rows;
 *     carat_dataset_rows(ds, "anatomy", "test", &rows, err);   // subset "" where there is none
 *     for (size_t i = 0; i < rows->n; i++)
 *         use(rows->items[i].value);                           // a JSON object
 *     carat_rows_free(rows);
 *     carat_dataset_free(ds);
 *
 * A row is a JSON object in the schema that the reference harness's task sees (the Hub copy's),
 * whatever file format it came from: JSON Lines, JSON, CSV, gzip, a file of prompts, a labels file beside it. A file
 * that already has that schema is taken as it is. Rows keep the file's order. A bad row is CARAT_EINPUT and
 * names file and line. A dataset is read by one thread at a time; rows are immutable once read.
 */
#ifndef CARAT_DATASETS_H
#define CARAT_DATASETS_H

#include "base/base.h"

struct carat_row {
    const char *id;     /* stable within (dataset, subset, split): its own ("HumanEval/0") or the row's place ("17") */
    json_t *value;      /* borrowed from the rows */
    char sha256[SHA256_HEX]; /* of the value as compact JSON with sorted keys */
    size_t line;        /* 1-based, in the file it came from */
};

struct carat_rows {
    struct carat_row *items;
    size_t n;
    char *path;              /* file read */
    char sha256[SHA256_HEX]; /* of that file's bytes (and its labels file's, appended) */
};
void carat_rows_free(struct carat_rows *rows); /* NULL is fine */

struct carat_dataset_opts {
    const char *data_dir;  /* --data: looked in first and, when set, alone; NULL: the cache */
    const char *cache_dir; /* NULL: $XDG_CACHE_HOME/carat */
};

struct carat_dataset;
/* A name of the table ("boolq", "mmlu": table.c has them all) or, with data_dir, any other: its rows
 * are read as they are from DIR/NAME/SPLIT.jsonl (or .json; with a subset DIR/NAME_SUBSET/...). The layouts
 * of DIR that are known, and their order, stand in table.h. */
enum carat_err carat_dataset_open(const char *name, const struct carat_dataset_opts *opts,
                                  struct carat_dataset **out, struct err *err);
void carat_dataset_free(struct carat_dataset *ds);

/* CARAT_EINPUT with the names looked for and the command that fetches them when a file is missing. */
enum carat_err carat_dataset_rows(struct carat_dataset *ds, const char *subset, const char *split,
                                  struct carat_rows **out, struct err *err);

/* Is the file of this split there? For tasks of many subsets of which some are at hand. */
bool carat_dataset_has(struct carat_dataset *ds, const char *subset, const char *split);

/* ---- files outside the table ------------------------------------------------------- */

/* The rows of files, one behind the other, as they are: .jsonl, .json (an array of objects), .csv with a header line (numbers
 * and booleans told as pandas tells them), each also with .gz behind. `path` and `sha256` are the first file's name and the
 * digest of all their bytes. */
enum carat_err carat_rows_read(const char *const *paths, size_t n, struct carat_rows **out, struct err *err);

/* Rows that the caller made, an array of objects, borrowed; `path` says where from, `sha256` (64 digits) what it was. */
enum carat_err carat_rows_make(const json_t *values, const char *path, const char *sha256, struct carat_rows **out,
                               struct err *err);

/* ---- fetching -------------------------------------------------------------------- */

struct carat_fetch_progress {
    const char *name;          /* file being fetched; "(another fetch is at work)" while waiting for that */
    size_t file, n_files;
    int64_t bytes, total;      /* total -1: unknown */
};
struct carat_fetch_opts {
    const char *cache_dir;     /* NULL: $XDG_CACHE_HOME/carat */
    const char *mirror;        /* base URL put in front: MIRROR/<dataset>/<file name>; NULL: the official places */
    const char *copy;          /* a file of the user's own that may be one of those wanted; NULL */
    bool force;                /* fetch again what is there */
    int retries;               /* 0: 5; negative: none */
    double first_wait_s;       /* of the back-off, doubled each time; 0: 1 s */
    double stall_timeout_s;    /* no bytes for so long counts as a failure; 0: 30 s */
    void (*progress)(void *context, const struct carat_fetch_progress *p); /* may be NULL */
    void *context;
};
/* Downloads (resuming what is partly there), verifies size and SHA-256 (pins on first use where none is
 * published), unpacks; what is there already and right is not asked for. CARAT_ENET when it could not be had,
 * CARAT_EINPUT when what came is not it, CARAT_EIO when it could not be written. Files lie under
 * CACHE/<dataset>/, with a record of them in fetched.json. */
enum carat_err carat_dataset_fetch(const char *name, const struct carat_fetch_opts *opts, struct err *err);

/* Gets a split of one of the Hub's datasets by its public rows endpoint into CACHE/hub/<dataset>/<config>/<split>.jsonl, where
 * `config` NULL means the only one, or "default", and lies in "default". Rows that are there are not asked for again. The
 * endpoint's address is $CARAT_ROWS_URL where that is set; `mirror` is not used. Errors as above. */
enum carat_err carat_hub_fetch(const char *dataset, const char *config, const char *split,
                               const struct carat_fetch_opts *opts, struct err *err);

/* ---- bundles (bundle.c): what was fetched of some datasets, in one file ------------------ */

/* Packs what the cache has of the datasets. cache_dir NULL: as for fetching. */
enum carat_err carat_bundle_write(const char *const *names, size_t n, const char *cache_dir, const char *path, struct err *err);
/* Unpacks a bundle into the cache. A hostile one is CARAT_EINPUT, and puts nothing outside the cache; files that came before the
 * fault stay, each of them with the hash it should have. */
enum carat_err carat_bundle_read(const char *path, const char *cache_dir, bool force, struct err *err);

/* ---- the table of sources ---------------------------------------------------------- */

struct carat_source {
    const char *dataset;
    const char *file;          /* name in the cache: "hellaswag_val.jsonl", "data.tar" */
    const char *url;
    int64_t bytes;             /* -1: not published */
    const char *sha256;        /* NULL: not published, pinned on first use */
    const char *licence;
};
const struct carat_source *carat_sources(size_t *n);

/* The name that a dataset of the table has there ("arc" for "arc_easy"); NULL: its own. */
const char *carat_dataset_source(const char *name);

#endif
