/* Opening a dataset, finding a split's file (the order is told in table.h), reading its rows. */
#include "datasets.h"

#include <stdio.h>
#include <stdlib.h>

#include "frame.h"
#include "folder.h"
#include "labels.h"
#include "paths.h"
#include "reader.h"
#include "table.h"

struct carat_dataset {
    char *name;
    char *dir;                         /* looked in: --data's folder or the cache */
    bool cache;
    const struct table_dataset *known; /* NULL: a name of no row in the table */
};

enum carat_err carat_dataset_open(const char *name, const struct carat_dataset_opts *opts,
                                  struct carat_dataset **out, struct err *err)
{
    const char *data_dir = opts ? opts->data_dir : NULL;
    const char *cache_dir = opts ? opts->cache_dir : NULL;
    const struct table_dataset *known = table_find(name);
    *out = NULL;
    if (!paths_is_name(name))
        return err_set(err, CARAT_EUSAGE, "'%s' is no name of a dataset", name);
    if (!known && !data_dir) {
        const char *near = str_nearest(name, table_names());
        err_set(err, CARAT_EUSAGE, "unknown dataset '%s'", name);
        return near ? err_hint(err, "did you mean '%s'?", near)
                    : err_hint(err, "its own files can be read with --data DIR, from DIR/%s/", name);
    }
    if (data_dir && !file_is_dir(data_dir))
        return err_set(err, CARAT_EINPUT, "the data folder '%s' is not there", data_dir);

    struct carat_dataset *ds = calloc(1, sizeof *ds);
    if (!ds)
        return err_nomem(err, "a dataset");
    ds->known = known;
    ds->cache = !data_dir;
    ds->name = strdup(name);
    ds->dir = data_dir ? strdup(data_dir) : cache_dir ? strdup(cache_dir) : file_cache_dir();
    enum carat_err rc = CARAT_OK;
    if (!ds->dir && ds->cache)
        rc = err_set(err, CARAT_EINPUT, "no cache folder: neither XDG_CACHE_HOME nor HOME is set");
    else if (!ds->dir || !ds->name)
        rc = err_nomem(err, "a dataset");
    if (rc)
        carat_dataset_free(ds);
    else
        *out = ds;
    return rc;
}

void carat_dataset_free(struct carat_dataset *ds)
{
    if (!ds)
        return;
    free(ds->name);
    free(ds->dir);
    free(ds);
}

/* ---- finding the file ------------------------------------------------------------------ */

struct search {
    const struct carat_dataset *ds;
    const char *subset, *split;
    struct buf path;    /* the name tried last, then the one found */
    struct buf tried;   /* all names tried, relative to the folder, for the message */
    bool found;
};

/* A name may be reached in two ways; the message has it once. */
static bool search_tried(const struct search *s, struct str name)
{
    struct str all = buf_str(&s->tried);
    for (ptrdiff_t at = str_find(all, name, 0); at >= 0; at = str_find(all, name, (size_t)at + 1)) {
        size_t end = (size_t)at + name.n;
        if ((at == 0 || all.p[at - 1] == ' ') && (end == all.n || all.p[end] == ','))
            return true;
    }
    return false;
}

/* The subset as its files are called. */
static const char *official_subset(const struct table_dataset *known, const char *subset)
{
    for (const struct table_renamed *r = known->renamed; r && r->subset; r++)
        if (!strcmp(r->subset, subset))
            return r->official;
    return subset;
}

/* Tries DIR/folder/pattern, "*" in the pattern being the subset. Returns found. */
static bool search_try(struct search *s, const char *folder, const char *pattern)
{
    const char *star = strchr(pattern, '*');
    buf_clear(&s->path);
    buf_printf(&s->path, "%s/", s->ds->dir);
    size_t at = s->path.n;
    if (*folder)
        buf_printf(&s->path, "%s/", folder);
    if (star) {
        buf_add(&s->path, pattern, (size_t)(star - pattern));
        for (const char *c = official_subset(s->ds->known, s->subset); *c; c++)
            buf_addc(&s->path, *c == '_' && s->ds->known->dashes ? '-' : *c);
        buf_adds(&s->path, star + 1);
    } else {
        buf_adds(&s->path, pattern);
    }
    if (buf_failed(&s->path))
        return false;
    if (!search_tried(s, str_from(s->path.p + at)))
        buf_printf(&s->tried, "%s%s", s->tried.n ? ", " : "", s->path.p + at);
    return s->found = file_exists(s->path.p);
}

static bool search_names(struct search *s, const char *const *names)
{
    for (const char *const *folder = s->ds->known->folders; names && *folder; folder++)
        for (size_t i = 0; names[i]; i++)
            if (search_try(s, *folder, names[i]))
                return true;
    for (size_t i = 0; names && names[i]; i++)
        if (search_try(s, "", names[i]))
            return true;
    return false;
}

static bool search_hub(struct search *s)
{
    static const char *const suffixes[] = {"jsonl", "json"};
    const struct table_dataset *known = s->ds->known;
    struct buf folder = BUF_INIT(1024), file = BUF_INIT(1024);
    buf_printf(&folder, "%s%s%s", known ? known->hub : s->ds->name, *s->subset ? "_" : "", s->subset);
    for (size_t i = 0; !s->found && i < (known ? 1 : 2); i++) {
        buf_clear(&file);
        buf_printf(&file, "%s.%s", s->split, suffixes[i]);
        if (!buf_failed(&folder) && !buf_failed(&file))
            search_try(s, folder.p, file.p);
    }
    buf_release(&folder);
    buf_release(&file);
    return s->found;
}

static const struct table_split *find_split(const struct table_dataset *known, const char *split)
{
    for (size_t i = 0; known && i < known->n_splits; i++)
        if (!strcmp(known->splits[i].name, split))
            return &known->splits[i];
    return NULL;
}

static void search_run(struct search *s)
{
    const struct table_split *split = find_split(s->ds->known, s->split);
    if (split && search_names(s, split->official))
        return;
    if (search_hub(s))
        return;
    if (split)
        search_names(s, split->partial);
}

static void search_release(struct search *s)
{
    buf_release(&s->path);
    buf_release(&s->tried);
}

/* Is there such a part at all, whatever files are at hand? */
static enum carat_err check_part(const struct carat_dataset *ds, const char *subset, const char *split,
                                 struct err *err)
{
    const struct table_dataset *known = ds->known;
    if (!paths_is_name(split) || (*subset && !paths_is_name(subset)))
        return err_set(err, CARAT_EUSAGE, "'%s' cannot be part of a file name", *subset ? subset : split);
    if (known && known->subsets && !*subset)
        return err_set(err, CARAT_EUSAGE, "dataset '%s' is read a subset at a time, and none is named", ds->name);
    if (known && !known->subsets && *subset)
        return err_set(err, CARAT_EUSAGE, "dataset '%s' has no subsets, but '%s' is asked for", ds->name, subset);
    if (known && !find_split(known, split))
        return err_set(err, CARAT_EUSAGE, "dataset '%s' has no split '%s'", ds->name, split);
    return CARAT_OK;
}

static enum carat_err search_failed(const struct search *s, struct err *err)
{
    const struct carat_dataset *ds = s->ds;
    err_set(err, CARAT_EINPUT, "no file of %s%s%s, split '%s', in '%s': looked for %s", ds->name, *s->subset ? " " : "",
            s->subset, s->split, ds->dir, buf_str(&s->tried).p);
    if (!ds->known)
        return err_hint(err, "a row is one JSON object a line of '%s/%s/%s.jsonl'", ds->dir, ds->name, s->split);
    if (ds->cache)
        return err_hint(err, "'carat fetch %s' gets the official files; --data DIR reads files already there", ds->name);
    return err_hint(err, "'carat fetch %s' gets the official files into the cache, which is read without --data",
                    ds->name);
}

bool carat_dataset_has(struct carat_dataset *ds, const char *subset, const char *split)
{
    if (check_part(ds, subset, split, NULL))
        return false;
    struct search s = {.ds = ds, .subset = subset, .split = split, .path = BUF_INIT(8192), .tried = BUF_INIT(8192)};
    search_run(&s);
    search_release(&s);
    return s.found;
}

/* ---- reading it -------------------------------------------------------------------------- */

struct carat_rows_owner { /* what the public struct lives in */
    struct carat_rows rows; /* first: carat_rows_free() casts back */
    struct arena ids;
    size_t cap;
    const struct carat_dataset *ds; /* the rest is for the time of reading */
    const char *subset;
    struct labels labels;
    struct table_range range;
    json_t *seen; /* ids met, where rows name themselves */
};

static bool are_texts(const json_t *v, const struct table_field *f)
{
    bool ok = json_is_array(v) && json_array_size(v) >= (size_t)f->min && json_array_size(v) <= (size_t)f->max;
    for (size_t i = 0; ok && i < json_array_size(v); i++)
        ok = json_is_string(json_array_get(v, i));
    return ok;
}

static enum carat_err check_field(const json_t *row, const struct table_field *f, struct err *err)
{
    const json_t *v = json_object_get(row, f->name);
    bool ok = false;
    switch (f->kind) {
    case TABLE_TEXT:
        ok = json_is_string(v);
        return ok ? CARAT_OK : err_set(err, CARAT_EINPUT, "'%s' must be a text", f->name);
    case TABLE_INTEGER:
        ok = json_is_integer(v) && json_integer_value(v) >= f->min && json_integer_value(v) <= f->max;
        return ok ? CARAT_OK
                  : err_set(err, CARAT_EINPUT, "'%s' must be a whole number from %d to %d", f->name, f->min, f->max);
    case TABLE_TEXTS:
        return are_texts(v, f) ? CARAT_OK
                               : err_set(err, CARAT_EINPUT, "'%s' must be a list of %d to %d texts", f->name, f->min,
                                         f->max);
    case TABLE_CHOICES:
        ok = are_texts(json_object_get(v, "text"), f) && are_texts(json_object_get(v, "label"), f) &&
             json_array_size(json_object_get(v, "text")) == json_array_size(json_object_get(v, "label"));
        return ok ? CARAT_OK
                  : err_set(err, CARAT_EINPUT, "'%s' must be %d to %d choices, each with a text and a label", f->name,
                            f->min, f->max);
    }
    return CARAT_OK;
}

static enum carat_err check_fields(const json_t *row, const struct table_dataset *known, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    for (const struct table_field *f = known->fields; !rc && f->name; f++)
        rc = json_object_get(row, f->name) ? check_field(row, f, err)
                                           : err_set(err, CARAT_EINPUT, "the row has no '%s'", f->name);
    return rc;
}

static enum carat_err row_id(struct carat_rows_owner *o, const json_t *value, const char **id, struct err *err)
{
    const char *field = o->ds && o->ds->known ? o->ds->known->id_field : NULL;
    if (!field) {
        *id = arena_printf(&o->ids, "%zu", o->rows.n);
        return *id ? CARAT_OK : err_nomem(err, "rows");
    }
    struct str own = {NULL, 0};
    if (!json_get_str(value, field, &own) || !own.n || strlen(own.p) != own.n)
        return err_set(err, CARAT_EINPUT, "'%s' must be a text that names the row", field);
    if (json_object_get(o->seen, own.p))
        return err_set(err, CARAT_EINPUT, "a second row with %s '%.100s'", field, own.p);
    *id = own.p; /* lives as long as the value */
    return json_object_set_new(o->seen, own.p, json_true()) ? err_nomem(err, "rows") : CARAT_OK;
}

static int hash_piece(const char *p, size_t n, void *hash)
{
    sha256_update(hash, p, n);
    return 0;
}

static enum carat_err row_hash(const json_t *value, char out[SHA256_HEX], struct err *err)
{
    struct sha256 *hash = sha256_new();
    if (!hash)
        return err_nomem(err, "rows");
    if (json_dump_callback(value, hash_piece, hash, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(17))) {
        sha256_drop(hash);
        return err_nomem(err, "rows");
    }
    sha256_finish(hash, out);
    return CARAT_OK;
}

static enum carat_err rows_grow(struct carat_rows_owner *o, struct err *err)
{
    if (o->rows.n < o->cap)
        return CARAT_OK;
    size_t cap = o->cap ? o->cap * 2 : 256, bytes;
    struct carat_row *items = num_mul(cap, sizeof *items, &bytes) ? realloc(o->rows.items, bytes) : NULL;
    if (!items)
        return err_nomem(err, "rows");
    o->rows.items = items;
    o->cap = cap;
    return CARAT_OK;
}

/* Takes over `value`. */
static enum carat_err rows_add(struct carat_rows_owner *o, size_t line, json_t *value, struct err *err)
{
    struct carat_row row = {.value = value, .line = line};
    enum carat_err rc = rows_grow(o, err);
    if (!rc)
        rc = row_id(o, value, &row.id, err);
    if (!rc)
        rc = row_hash(value, row.sha256, err);
    if (rc)
        json_decref(value);
    else
        o->rows.items[o->rows.n++] = row;
    return rc;
}

/* Is the row one of the split's? */
static bool in_range(const struct table_range *range, const json_t *row)
{
    const json_t *v = range->field ? json_object_get(row, range->field) : NULL;
    return !v || (json_integer_value(v) >= range->from && json_integer_value(v) <= range->to);
}

static enum carat_err take_record(void *context, size_t line, json_t *value, struct err *err)
{
    struct carat_rows_owner *o = context;
    const struct table_dataset *known = o->ds->known;
    json_t *row = NULL;
    struct record rec = {.value = value, .subset = o->subset};
    enum carat_err rc = labels_next(&o->labels, &rec.label, err);
    if (rc)
        ;
    else if (known)
        rc = known->adapt(&rec, &row, err);
    else if (json_is_object(value))
        row = json_incref(value);
    else
        rc = err_set(err, CARAT_EINPUT, "a row must be a JSON object");
    if (!rc && !row)
        return CARAT_OK; /* another subset's */
    if (!rc && known)
        rc = check_fields(row, known, err);
    if (!rc && in_range(&o->range, row))
        rc = rows_add(o, line, row, err);
    else
        json_decref(row);
    return rc ? err_context(err, "%s:%zu", o->rows.path, line) : CARAT_OK;
}

/* The file's hash, and its labels' appended. */
static enum carat_err hash_files(struct carat_rows_owner *o, struct str raw, struct err *err)
{
    struct sha256 *hash = sha256_new();
    if (!hash)
        return err_nomem(err, "rows");
    sha256_update(hash, raw.p, raw.n);
    if (o->labels.path)
        sha256_update(hash, buf_str(&o->labels.text).p, o->labels.text.n);
    sha256_finish(hash, o->rows.sha256);
    return CARAT_OK;
}

enum carat_err carat_dataset_rows(struct carat_dataset *ds, const char *subset, const char *split,
                                  struct carat_rows **out, struct err *err)
{
    struct search s = {.ds = ds, .subset = subset, .split = split, .path = BUF_INIT(8192), .tried = BUF_INIT(8192)};
    struct buf raw = BUF_INIT(READER_MAX_BYTES);
    struct carat_rows_owner *o = NULL;
    *out = NULL;
    enum carat_err rc = check_part(ds, subset, split, err);
    if (rc)
        goto out;
    search_run(&s);
    if (!s.found) {
        rc = search_failed(&s, err);
        goto out;
    }
    o = calloc(1, sizeof *o);
    if (o)
        o->seen = json_object();
    if (o)
        o->rows.path = buf_take(&s.path, NULL);
    if (!o || !o->seen || !o->rows.path) {
        rc = err_nomem(err, "rows");
        goto out;
    }
    o->ds = ds;
    o->subset = subset;
    o->labels = (struct labels)LABELS_INIT;
    if (ds->known)
        o->range = find_split(ds->known, split)->range; /* it is there: check_part() */
    const bool folder = file_is_dir(o->rows.path);
    rc = folder ? folder_read(o->rows.path, &raw, err) : file_read(o->rows.path, READER_MAX_BYTES, &raw, err);
    if (!rc && ds->known && ds->known->labels)
        rc = labels_open(&o->labels, o->rows.path, err);
    if (!rc)
        rc = hash_files(o, buf_str(&raw), err);
    if (!rc)
        rc = folder ? reader_jsonl(buf_str(&raw), o->rows.path, take_record, o, err)
                    : reader_each(o->rows.path, buf_str(&raw), take_record, o, err);
    if (!rc)
        rc = labels_end(&o->labels, o->rows.n, err);
    if (!rc && o->rows.n == 0)
        rc = err_set(err, CARAT_EINPUT, "%s: the file has no rows%s%s%s", o->rows.path, o->range.field ? " of '" : "",
                     o->range.field ? split : "", o->range.field ? "'" : "");
out:
    if (o) {
        json_decref(o->seen);
        o->seen = NULL;
        labels_release(&o->labels);
    }
    if (rc && o)
        carat_rows_free(&o->rows);
    else if (o)
        *out = &o->rows;
    buf_release(&raw);
    search_release(&s);
    return rc;
}

/* ---- files outside the table ------------------------------------------------------------------ */

static enum carat_err take_value(void *context, size_t line, json_t *value, struct err *err)
{
    struct carat_rows_owner *o = context;
    if (!json_is_object(value))
        return err_set(err, CARAT_EINPUT, "%s:%zu: a row must be a JSON object", o->rows.path, line);
    return rows_add(o, line, json_incref(value), err);
}

static enum carat_err rows_new(const char *path, struct carat_rows_owner **out, struct err *err)
{
    struct carat_rows_owner *o = calloc(1, sizeof *o);
    if (o)
        o->rows.path = strdup(path);
    if (o && !o->rows.path) {
        free(o);
        o = NULL;
    }
    *out = o;
    return o ? CARAT_OK : err_nomem(err, "rows");
}

static enum carat_err read_loose(struct carat_rows_owner *o, const char *path, struct sha256 *hash, struct err *err)
{
    struct buf raw = BUF_INIT(READER_MAX_BYTES);
    enum carat_err rc = file_read(path, READER_MAX_BYTES, &raw, err);
    if (!rc)
        sha256_update(hash, buf_str(&raw).p, raw.n);
    if (!rc && frame_is_csv(path))
        rc = frame_each(path, buf_str(&raw), take_value, o, err);
    else if (!rc)
        rc = reader_each(path, buf_str(&raw), take_value, o, err);
    buf_release(&raw);
    return rc;
}

enum carat_err carat_rows_read(const char *const *paths, size_t n, struct carat_rows **out, struct err *err)
{
    struct carat_rows_owner *o = NULL;
    struct sha256 *hash = sha256_new();
    *out = NULL;
    enum carat_err rc = hash ? rows_new(n ? paths[0] : "", &o, err) : err_nomem(err, "rows");
    for (size_t i = 0; i < n && !rc; i++)
        rc = read_loose(o, paths[i], hash, err);
    if (!rc && o->rows.n == 0)
        rc = err_set(err, CARAT_EINPUT, "%s: the file has no rows", o->rows.path);
    if (rc) {
        sha256_drop(hash);
        carat_rows_free(o ? &o->rows : NULL);
        return rc;
    }
    sha256_finish(hash, o->rows.sha256);
    *out = &o->rows;
    return CARAT_OK;
}

enum carat_err carat_rows_make(const json_t *values, const char *path, const char *sha256, struct carat_rows **out,
                               struct err *err)
{
    struct carat_rows_owner *o;
    enum carat_err rc = rows_new(path, &o, err);
    *out = NULL;
    for (size_t i = 0; i < json_array_size(values) && !rc; i++)
        rc = take_value(o, i + 1, json_array_get(values, i), err);
    if (rc) {
        carat_rows_free(o ? &o->rows : NULL);
        return rc;
    }
    snprintf(o->rows.sha256, sizeof o->rows.sha256, "%.64s", sha256);
    *out = &o->rows;
    return CARAT_OK;
}

void carat_rows_free(struct carat_rows *rows)
{
    if (!rows)
        return;
    struct carat_rows_owner *o = (struct carat_rows_owner *)(void *)rows;
    for (size_t i = 0; i < rows->n; i++)
        json_decref(rows->items[i].value);
    free(rows->items);
    free(rows->path);
    arena_release(&o->ids);
    free(o);
}
