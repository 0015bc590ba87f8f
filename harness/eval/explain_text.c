/* What explain_json() says, for reading. */
#include <stdlib.h>

#include "explain.h"

static void add_json(struct buf *out, const json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
    buf_adds(out, text ? text : "?");
    free(text);
}

/* "name    value"; nothing where it is missing. */
static void add_line(struct buf *out, const char *name, const json_t *value)
{
    if (!value || json_is_null(value) || (json_is_array(value) && !json_array_size(value)))
        return;
    buf_printf(out, "%-14s ", name);
    if (json_is_string(value))
        buf_add(out, json_string_value(value), json_string_length(value));
    else
        add_json(out, value);
    buf_addc(out, '\n');
}

static void add_quoted(struct buf *out, const char *name, const json_t *value)
{
    if (!json_is_string(value))
        return;
    buf_printf(out, "%-14s ", name);
    add_json(out, value);
    buf_addc(out, '\n');
}

static void add_shots(struct buf *out, const json_t *o)
{
    const json_t *shots = json_object_get(json_object_get(o, "settings"), "shots");
    struct str kind = STR(""), split;
    json_get_str(shots, "kind", &kind);
    buf_printf(out, "%-14s %lld", "shots", (long long)json_integer_value(json_object_get(o, "shots")));
    if (str_eq(kind, STR("sampled")))
        buf_adds(out, ", drawn anew for each item by Python's generator from seed 1234");
    else if (str_eq(kind, STR("first")))
        buf_adds(out, ", the first ones, the same for every item");
    else if (str_eq(kind, STR("up_to")))
        buf_printf(out, " or as many as there are, the same for every item; here %lld",
                   (long long)json_integer_value(json_object_get(shots, "used")));
    else
        buf_adds(out, ", whatever is asked for");
    if (json_get_str(shots, "split", &split))
        buf_printf(out, "; from '%.*s'", (int)split.n, split.p);
    if (json_is_true(json_object_get(shots, "exclude_item")))
        buf_adds(out, ", the item itself left out");
    buf_addc(out, '\n');
}

static void add_filters(struct buf *out, const json_t *filters)
{
    size_t i, k;
    json_t *filter, *step;
    json_array_foreach(filters, i, filter) {
        struct str name = STR(""), kind, pattern;
        json_get_str(filter, "name", &name);
        buf_printf(out, "%-14s %.*s:", i ? "" : "filters", (int)name.n, name.p);
        json_array_foreach(json_object_get(filter, "steps"), k, step) {
            if (json_get_str(step, "kind", &kind))
                buf_printf(out, "%s %.*s", k ? ";" : "", (int)kind.n, kind.p);
            if (json_get_str(step, "pattern", &pattern))
                buf_printf(out, " /%.*s/", (int)pattern.n, pattern.p);
            if (json_integer_value(json_object_get(step, "select")))
                buf_printf(out, " match %lld", (long long)json_integer_value(json_object_get(step, "select")));
            if (json_object_get(step, "k"))
                buf_printf(out, " %lld", (long long)json_integer_value(json_object_get(step, "k")));
        }
        buf_addc(out, '\n');
    }
}

static void add_statistics(struct buf *out, const json_t *o)
{
    size_t i;
    json_t *row;
    struct str headline = STR("");
    json_get_str(o, "headline", &headline);
    json_array_foreach(json_object_get(o, "statistics"), i, row) {
        struct str metric = STR(""), is = STR(""), how = STR(""), error = STR("");
        json_get_str(row, "metric", &metric);
        json_get_str(row, "is", &is);
        json_get_str(row, "aggregation", &how);
        json_get_str(row, "standard_error", &error);
        buf_printf(out, "%-14s %.*s: %.*s (%.*s)\n%-14s   standard error %.*s\n", i ? "" : "metrics", (int)metric.n, metric.p,
                   (int)is.n, is.p, (int)how.n, how.p, "", (int)error.n, error.p);
    }
    buf_printf(out, "%-14s %.*s\n", "headline", (int)headline.n, headline.p);
    add_line(out, "group error", json_object_get(o, "group_error"));
}

static void add_sources(struct buf *out, const json_t *data)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(data, "sources"), i, row) {
        struct str url = STR(""), sha = STR("none published"), licence = STR("");
        json_get_str(row, "url", &url);
        json_get_str(row, "sha256", &sha);
        json_get_str(row, "licence", &licence);
        if (i == 4 && json_array_size(json_object_get(data, "sources")) > 5) {
            buf_printf(out, "%-14s and %zu more (--json)\n", "", json_array_size(json_object_get(data, "sources")) - i);
            break;
        }
        buf_printf(out, "%-14s %.*s\n%-14s   SHA-256 %.*s; %.*s\n", i ? "" : "official", (int)url.n, url.p, "", (int)sha.n, sha.p,
                   (int)licence.n, licence.p);
    }
}

static void add_published(struct buf *out, const json_t *list)
{
    size_t i;
    json_t *row, *percent;
    const char *model;
    json_array_foreach(list, i, row) {
        struct str source = STR(""), metric = STR("metric not said");
        const json_t *shots = json_object_get(row, "shots");
        json_get_str(row, "source", &source);
        json_get_str(row, "metric", &metric);
        buf_printf(out, "%-14s %.*s; ", "published", (int)source.n, source.p);
        if (json_is_integer(shots))
            buf_printf(out, "%lld-shot, ", (long long)json_integer_value(shots));
        else
            buf_adds(out, "shots not said, ");
        buf_printf(out, "%.*s\n%-14s  ", (int)metric.n, metric.p, "");
        json_object_foreach(json_object_get(row, "percent"), model, percent)
            buf_printf(out, " %s %.1f;", model, json_number_value(percent));
        buf_addc(out, '\n');
    }
}

/* Tokens with a bar between; line ends as \n, so that a token is on one line. */
static void add_tokens(struct buf *out, const json_t *list, size_t from)
{
    for (size_t i = from; i < json_array_size(list); i++) {
        struct str text = STR("");
        json_get_str(json_array_get(list, i), "text", &text);
        buf_adds(out, i > from ? "|" : "");
        for (size_t k = 0; k < text.n; k++)
            if (text.p[k] == '\n')
                buf_adds(out, "\\n");
            else
                buf_addc(out, text.p[k]);
    }
    buf_addc(out, '\n');
}

static void add_example(struct buf *out, const json_t *example)
{
    enum { LAST = 60 };
    size_t i;
    json_t *text;
    const json_t *tokens = json_object_get(example, "context_tokens");
    if (!example)
        return;
    buf_printf(out, "\nFirst prompt, item %s, from its beginning:\n\n%s\n\n", json_string_value(json_object_get(example, "item")),
               json_string_value(json_object_get(example, "context")));
    json_array_foreach(json_object_get(example, "continuations"), i, text) {
        buf_printf(out, "continuation %zu  ", i);
        add_json(out, text);
        buf_addc(out, '\n');
    }
    add_quoted(out, "target", json_object_get(example, "target"));
    if (!tokens)
        return;
    const size_t n = json_array_size(tokens);
    buf_printf(out, "\n%zu tokens of context%s:\n", n, n > LAST ? ", the last 60" : "");
    add_tokens(out, tokens, n > LAST ? n - LAST : 0);
    json_array_foreach(json_object_get(example, "continuation_tokens"), i, text) {
        buf_printf(out, "continuation %zu, %zu tokens: ", i, json_array_size(text));
        add_tokens(out, text, 0);
    }
}

enum carat_err explain_text(const json_t *o, struct buf *out)
{
    const json_t *s = json_object_get(o, "settings"), *data = json_object_get(o, "data");
    size_t i;
    json_t *choice;
    add_line(out, "task", json_object_get(o, "task"));
    add_line(out, "title", json_object_get(o, "title"));
    add_line(out, "capability", json_object_get(o, "capability"));
    add_line(out, "version", json_object_get(o, "version"));
    add_line(out, "from", json_object_get(o, "from"));
    add_line(out, "asks for", json_object_get(s, "output"));
    add_line(out, "protocol", json_object_get(s, "protocol"));
    add_shots(out, o);
    add_quoted(out, "description", json_object_get(s, "description"));
    add_quoted(out, "before answers", json_object_get(s, "delimiter"));
    add_quoted(out, "after shots", json_object_get(s, "shot_delimiter"));
    add_line(out, "stops", json_object_get(s, "stops"));
    add_line(out, "most tokens", json_object_get(s, "max_tokens"));
    add_line(out, "temperature", json_object_get(s, "temperature"));
    add_line(out, "samples", json_object_get(s, "repeats"));
    add_filters(out, json_object_get(s, "filters"));
    add_statistics(out, o);
    add_line(out, "rows asked", json_object_get(s, "split"));
    add_line(out, "file", json_object_get(data, "file"));
    add_line(out, "SHA-256", json_object_get(data, "sha256"));
    add_line(out, "rows", json_object_get(data, "rows"));
    add_line(out, "shots' file", json_object_get(data, "shots_file"));
    add_line(out, "SHA-256", json_object_get(data, "shots_sha256"));
    add_sources(out, data);
    add_published(out, json_object_get(o, "published"));
    json_array_foreach(json_object_get(o, "choices"), i, choice)
        add_line(out, i ? "" : "settings", choice);
    add_example(out, json_object_get(o, "example"));
    return buf_failed(out) ? CARAT_ENOMEM : CARAT_OK;
}
