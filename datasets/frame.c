/* frame.c - see frame.h. */
#include "frame.h"

#include <string.h>

enum column { COLUMN_INTEGER, COLUMN_NUMBER, COLUMN_BOOLEAN, COLUMN_TEXT };

struct frame {
    const char *path;
    json_t *records; /* arrays of texts, the header first */
    size_t n_columns;
};

bool frame_is_csv(const char *path)
{
    struct str s = str_from(path);
    return str_ends(s, STR(".csv")) || str_ends(s, STR(".csv.gz"));
}

static bool is_missing(const char *s)
{
    static const char *const words[] = {"",     "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
                                        "<NA>", "N/A",  "NA",       "NULL", "NaN",     "None",     "n/a",  "nan",  "null",   NULL};
    for (const char *const *w = words; *w; w++)
        if (strcmp(s, *w) == 0)
            return true;
    return false;
}

static bool is_boolean(const char *s)
{
    static const char *const words[] = {"True", "TRUE", "true", "False", "FALSE", "false", NULL};
    for (const char *const *w = words; *w; w++)
        if (strcmp(s, *w) == 0)
            return true;
    return false;
}

static const char *cell(const struct frame *f, size_t row, size_t column)
{
    return json_string_value(json_array_get(json_array_get(f->records, row), column));
}

/* What all cells of a column are; a column without any is numbers, all of them missing. */
static enum column type_of(const struct frame *f, size_t column)
{
    bool integer = true, number = true, boolean = true, missing = false, any = false;
    for (size_t i = 1; i < json_array_size(f->records); i++) {
        const char *s = cell(f, i, column);
        int64_t whole;
        double x;
        if (is_missing(s)) {
            missing = true;
            continue;
        }
        struct str t = utf8_strip(str_from(s));
        any = true;
        integer = integer && num_parse_i64(t, &whole);
        number = number && num_parse_double(t, &x);
        boolean = boolean && is_boolean(s);
    }
    if (any && boolean && !missing)
        return COLUMN_BOOLEAN;
    if (integer && any && !missing)
        return COLUMN_INTEGER;
    return number ? COLUMN_NUMBER : COLUMN_TEXT;
}

static json_t *value_of(const char *s, enum column type)
{
    int64_t whole = 0;
    double x = 0;
    if (is_missing(s))
        return json_null();
    switch (type) {
    case COLUMN_INTEGER: num_parse_i64(utf8_strip(str_from(s)), &whole); return json_integer((json_int_t)whole);
    case COLUMN_NUMBER: num_parse_double(utf8_strip(str_from(s)), &x); return json_real(x);
    case COLUMN_BOOLEAN: return json_boolean(*s == 'T' || *s == 't');
    case COLUMN_TEXT: break;
    }
    return json_string(s);
}

static enum carat_err take_record(void *context, size_t line, json_t *value, struct err *err)
{
    struct frame *f = context;
    size_t n = json_array_size(value);
    if (!f->n_columns)
        f->n_columns = n;
    if (n != f->n_columns)
        return err_set(err, CARAT_EINPUT, "%s:%zu: %zu fields, where the header has %zu", f->path, line, n, f->n_columns);
    for (size_t i = 0; i < n; i++)
        if (strlen(json_string_value(json_array_get(value, i))) != json_string_length(json_array_get(value, i)))
            return err_set(err, CARAT_EINPUT, "%s:%zu: field %zu has a NUL", f->path, line, i + 1);
    return json_array_append(f->records, value) ? err_nomem(err, f->path) : CARAT_OK;
}

static enum carat_err give_rows(const struct frame *f, reader_fn *fn, void *context, struct err *err)
{
    enum column types[1000]; /* a record has no more fields (csv.c) */
    enum carat_err rc = CARAT_OK;
    for (size_t c = 0; c < f->n_columns; c++)
        types[c] = type_of(f, c);
    for (size_t i = 1; i < json_array_size(f->records) && !rc; i++) {
        json_t *row = json_object();
        bool ok = row != NULL;
        for (size_t c = 0; c < f->n_columns && ok; c++)
            ok = !json_object_set_new(row, cell(f, 0, c), value_of(cell(f, i, c), types[c]));
        rc = ok ? fn(context, i, row, err) : err_nomem(err, f->path);
        json_decref(row);
    }
    return rc;
}

enum carat_err frame_each(const char *path, struct str raw, reader_fn *fn, void *context, struct err *err)
{
    struct frame f = {.path = path, .records = json_array()};
    enum carat_err rc = f.records ? reader_each(path, raw, take_record, &f, err) : err_nomem(err, path);
    if (!rc && f.n_columns > 1000)
        rc = err_set(err, CARAT_EUNSUPPORTED, "%s: too many columns", path);
    if (!rc)
        rc = give_rows(&f, fn, context, err);
    json_decref(f.records);
    return rc;
}
