/* AGIEval's file of worked examples, as rows {exam, passage, question, options, label, answer ...}:
 *
 *                      lsat-ar            lsat-lr       ...       a column an exam
 *     sample 1         {'passage': ...}   {...}                   the example, a Python dictionary
 *     explanation 1    text               text                    not read
 *     sample 2         ...
 *
 * An exam has three to five of them; the cells behind its last are empty.
 */
#include "base/jinja/jinja.h"
#include "reader.h"

struct sheet {
    const char *name;
    json_t *exams;     /* the first record's cells */
    reader_fn *fn;
    void *context;
};

static enum carat_err take_cell(const struct sheet *s, size_t line, json_t *exam, struct str cell, struct err *err)
{
    json_t *row = NULL;
    enum carat_err rc = jinja_literal(cell, &row, err);
    if (rc || !json_is_object(row)) {
        rc = err_set(err, CARAT_EINPUT, "%s:%zu: the example of '%s' is no Python dictionary", s->name, line,
                     json_string_value(exam));
    } else {
        rc = json_object_set(row, "exam", exam) ? err_nomem(err, s->name) : s->fn(s->context, line, row, err);
    }
    json_decref(row);
    return rc;
}

static enum carat_err take_record(void *context, size_t line, json_t *cells, struct err *err)
{
    struct sheet *s = context;
    const char *kind = json_string_value(json_array_get(cells, 0));
    enum carat_err rc = CARAT_OK;
    if (!s->exams) {
        s->exams = json_incref(cells);
        return CARAT_OK;
    }
    if (json_array_size(cells) != json_array_size(s->exams))
        return err_set(err, CARAT_EINPUT, "%s:%zu: %zu fields, but %zu in the first line", s->name, line,
                       json_array_size(cells), json_array_size(s->exams));
    if (!str_starts(str_from(kind), STR("sample")))
        return CARAT_OK;
    for (size_t i = 1; i < json_array_size(cells) && !rc; i++) {
        const json_t *cell = json_array_get(cells, i);
        struct str text = {json_string_value(cell), json_string_length(cell)};
        if (text.n)
            rc = take_cell(s, line, json_array_get(s->exams, i), text, err);
    }
    return rc;
}

enum carat_err reader_agieval(struct str text, const char *name, reader_fn *fn, void *context, struct err *err)
{
    struct sheet s = {.name = name, .fn = fn, .context = context};
    enum carat_err rc = reader_csv(text, name, take_record, &s, err);
    json_decref(s.exams);
    return rc;
}
