#include "pyjson.h"

#include <math.h>

#include "base/jinja/jinja.h"


char *pyjson_float(double x, char out[PYJSON_FLOAT])
{
    jj_repr_float(x, out);
    return out;
}

static void write_string(struct buf *out, const json_t *s)
{
    const char *p = json_string_value(s);
    size_t n = json_string_length(s);
    buf_addc(out, '"');
    for (size_t i = 0; i < n; i++) {
        static const char plain[] = "\b\f\n\r\t\"\\", named[] = "bfnrt\"\\";
        const char *found = p[i] ? strchr(plain, p[i]) : NULL;
        if (found) {
            buf_addc(out, '\\');
            buf_addc(out, named[found - plain]);
        } else if ((unsigned char)p[i] < 0x20) {
            buf_printf(out, "\\u%04x", (unsigned)p[i]);
        } else {
            buf_addc(out, p[i]);
        }
    }
    buf_addc(out, '"');
}

static void write_real(struct buf *out, double x)
{
    char text[PYJSON_FLOAT];
    if (isfinite(x))
        buf_adds(out, pyjson_float(x, text));
    else
        buf_adds(out, isnan(x) ? "NaN" : x < 0 ? "-Infinity" : "Infinity");
}

/* What stands before a member: a new line and `depth` steps, or nothing. */
static void write_break(struct buf *out, int indent, int depth)
{
    if (indent < 0)
        return;
    buf_addc(out, '\n');
    for (int i = 0; i < indent * depth; i++)
        buf_addc(out, ' ');
}

static void write_value(const json_t *v, int indent, int depth, struct buf *out);

static void write_array(const json_t *v, int indent, int depth, struct buf *out)
{
    size_t n = json_array_size(v);
    buf_addc(out, '[');
    for (size_t i = 0; i < n; i++) {
        buf_adds(out, !i ? "" : indent < 0 ? ", " : ",");
        write_break(out, indent, depth + 1);
        write_value(json_array_get(v, i), indent, depth + 1, out);
    }
    if (n)
        write_break(out, indent, depth);
    buf_addc(out, ']');
}

static void write_object(const json_t *v, int indent, int depth, struct buf *out)
{
    json_t *object = (json_t *)(uintptr_t)v; /* jansson's iterators are not const; nothing is changed */
    bool first = true;
    buf_addc(out, '{');
    for (void *i = json_object_iter(object); i; i = json_object_iter_next(object, i), first = false) {
        json_t *key = json_stringn(json_object_iter_key(i), json_object_iter_key_len(i));
        buf_adds(out, first ? "" : indent < 0 ? ", " : ",");
        write_break(out, indent, depth + 1);
        if (key)
            write_string(out, key);
        else
            out->failed = true;
        json_decref(key);
        buf_adds(out, ": ");
        write_value(json_object_iter_value(i), indent, depth + 1, out);
    }
    if (!first)
        write_break(out, indent, depth);
    buf_addc(out, '}');
}

static void write_value(const json_t *v, int indent, int depth, struct buf *out)
{
    switch (json_typeof(v)) {
    case JSON_OBJECT: write_object(v, indent, depth, out); break;
    case JSON_ARRAY: write_array(v, indent, depth, out); break;
    case JSON_STRING: write_string(out, v); break;
    case JSON_INTEGER: buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v)); break;
    case JSON_REAL: write_real(out, json_real_value(v)); break;
    case JSON_TRUE: buf_adds(out, "true"); break;
    case JSON_FALSE: buf_adds(out, "false"); break;
    case JSON_NULL: buf_adds(out, "null"); break;
    }
}

enum carat_err pyjson_write(const json_t *value, int indent, struct buf *out)
{
    if (!value)
        return CARAT_ENOMEM;
    write_value(value, indent, 0, out);
    return buf_failed(out) ? CARAT_ENOMEM : CARAT_OK;
}
