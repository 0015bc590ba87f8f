/* read.c - libyaml's events to JSON values: see read.h.
 *
 * An alias gives another reference to the anchor's value, so it costs no memory; what it would cost when written out is
 * counted all the same (`weight`), since everything behind the reader walks values.
 */
#include "read.h"

#include <stdlib.h>
#include <yaml.h>

enum { DEPTH_MAX = 64, ANCHORS_MAX = 4096 };
#define WEIGHT_MAX ((size_t)1 << 20) /* values, aliases written out */

static const char FUNCTION[] = "!function";

struct anchor {
    char *name;
    json_t *value;   /* owned; NULL: not finished */
    size_t weight;
};

struct reader {
    yaml_parser_t parser;
    const char *name, *dir;
    struct anchor *anchors;
    size_t n_anchors;
    size_t weight;
    int depth;
    struct err *err;
};

static enum carat_err at_line(struct reader *r, const yaml_event_t *event)
{
    return err_context(r->err, "%s:%zu", r->name, event->start_mark.line + 1);
}

static enum carat_err wrong(struct reader *r, const yaml_event_t *event, const char *what)
{
    err_set(r->err, CARAT_EINPUT, "%s", what);
    return at_line(r, event);
}

static enum carat_err no_memory(struct reader *r) { return err_nomem(r->err, r->name); }

static enum carat_err next(struct reader *r, yaml_event_t *event)
{
    if (yaml_parser_parse(&r->parser, event))
        return CARAT_OK;
    memset(event, 0, sizeof *event);
    if (r->parser.error == YAML_MEMORY_ERROR)
        return no_memory(r);
    size_t line = r->parser.error == YAML_READER_ERROR ? r->parser.mark.line : r->parser.problem_mark.line;
    return err_set(r->err, CARAT_EINPUT, "%s:%zu: not valid YAML: %s", r->name, line + 1,
                   r->parser.problem ? r->parser.problem : "it cannot be read");
}

static enum carat_err add_weight(struct reader *r, const yaml_event_t *event, size_t n)
{
    if (!num_add(r->weight, n, &r->weight) || r->weight > WEIGHT_MAX)
        return wrong(r, event, "the file's values, with aliases written out, are too many");
    return CARAT_OK;
}

/* ---- anchors ------------------------------------------------------------------------------------ */

static struct anchor *find_anchor(struct reader *r, const char *name)
{
    for (size_t i = r->n_anchors; i-- > 0;) /* the latest of that name */
        if (strcmp(r->anchors[i].name, name) == 0)
            return &r->anchors[i];
    return NULL;
}

/* *index is that of the new anchor, to be finished when its value is there; SIZE_MAX: the value has none. */
static enum carat_err begin_anchor(struct reader *r, const yaml_char_t *name, size_t *index)
{
    *index = SIZE_MAX;
    if (!name)
        return CARAT_OK;
    if (r->n_anchors >= ANCHORS_MAX)
        return err_set(r->err, CARAT_EINPUT, "%s: more than %d anchors", r->name, ANCHORS_MAX);
    struct anchor *grown = realloc(r->anchors, (r->n_anchors + 1) * sizeof *grown);
    if (!grown)
        return no_memory(r);
    r->anchors = grown;
    grown[r->n_anchors] = (struct anchor){.name = strdup((const char *)name)};
    if (!grown[r->n_anchors].name)
        return no_memory(r);
    *index = r->n_anchors++;
    return CARAT_OK;
}

static void end_anchor(struct reader *r, size_t index, json_t *value, size_t weight)
{
    if (index == SIZE_MAX)
        return;
    r->anchors[index].value = json_incref(value);
    r->anchors[index].weight = weight;
}

static enum carat_err read_alias(struct reader *r, const yaml_event_t *event, json_t **out)
{
    const struct anchor *anchor = find_anchor(r, (const char *)event->data.alias.anchor);
    if (!anchor)
        return wrong(r, event, "an alias to an anchor that is not there");
    if (!anchor->value)
        return wrong(r, event, "an alias to a value that it is itself part of");
    *out = json_incref(anchor->value);
    return add_weight(r, event, anchor->weight);
}

/* ---- scalars ------------------------------------------------------------------------------------ */

static const char STANDARD[] = "tag:yaml.org,2002:";

/* "int" of "tag:yaml.org,2002:int"; NULL: another tag */
static const char *standard_tag(const char *tag)
{
    return strncmp(tag, STANDARD, sizeof STANDARD - 1) == 0 ? tag + sizeof STANDARD - 1 : NULL;
}

static enum carat_err unknown_tag(struct reader *r, const yaml_event_t *event, const char *tag)
{
    err_set(r->err, CARAT_EUNSUPPORTED, "the tag '%.100s' is not supported", tag);
    return at_line(r, event);
}

static enum carat_err read_function(struct reader *r, struct str text, json_t **out)
{
    *out = json_pack("{s:o, s:s}", FUNCTION, json_stringn(text.p, text.n), "dir", r->dir);
    return *out ? CARAT_OK : no_memory(r);
}

/* Does the tag leave the type to the text? PyYAML takes "!" for that, even before quotes. */
static bool is_untagged(const yaml_char_t *tag) { return !tag || strcmp((const char *)tag, "!") == 0; }

static enum carat_err read_scalar(struct reader *r, const yaml_event_t *event, json_t **out)
{
    struct str text = {(const char *)event->data.scalar.value, event->data.scalar.length};
    const char *tag = (const char *)event->data.scalar.tag;
    enum carat_err rc;
    if (is_untagged(event->data.scalar.tag))
        rc = event->data.scalar.plain_implicit || tag ? yaml_plain(text, out, r->err) : yaml_tagged(text, "str", out, r->err);
    else if (strcmp(tag, FUNCTION) == 0)
        return read_function(r, text, out);
    else if (!standard_tag(tag) || !strstr(" int float bool null str ", standard_tag(tag)))
        return unknown_tag(r, event, tag);
    else
        rc = yaml_tagged(text, standard_tag(tag), out, r->err);
    return rc ? at_line(r, event) : CARAT_OK;
}

/* ---- collections ---------------------------------------------------------------------------------- */

static enum carat_err read_node(struct reader *r, yaml_event_t *event, json_t **out);

static enum carat_err read_sequence(struct reader *r, json_t *list)
{
    for (;;) {
        yaml_event_t event;
        json_t *value = NULL;
        enum carat_err rc = next(r, &event);
        if (rc || event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return rc;
        }
        rc = read_node(r, &event, &value);
        yaml_event_delete(&event);
        if (rc)
            return rc;
        if (json_array_append_new(list, value))
            return no_memory(r);
    }
}

/* A key is a text, or "<<" (*merge), or "=", which YAML 1.1 sets apart and PyYAML takes for a text. */
static enum carat_err read_key(struct reader *r, yaml_event_t *event, json_t **key, bool *merge)
{
    *merge = false;
    if (event->type == YAML_SCALAR_EVENT && is_untagged(event->data.scalar.tag) && event->data.scalar.plain_implicit)
        *merge = strcmp((const char *)event->data.scalar.value, "<<") == 0;
    enum carat_err rc = read_node(r, event, key);
    if (rc)
        return rc;
    if (!json_is_string(*key)) {
        wrong(r, event, "a key is no text");
        return err_hint(r->err, "put it in quotes: yes, no, on, off, null and numbers are no texts without them");
    }
    if (strcmp(json_string_value(*key), FUNCTION) == 0)
        return wrong(r, event, "'!function' cannot be a key");
    if (strlen(json_string_value(*key)) != json_string_length(*key))
        return wrong(r, event, "a key has a NUL");
    return CARAT_OK;
}

/* Adds to `merged` what the mappings behind "<<" have. */
static enum carat_err merge_in(struct reader *r, const yaml_event_t *event, json_t *merged, json_t *value)
{
    if (json_is_array(value)) {
        enum carat_err rc = CARAT_OK;
        for (size_t i = 0; i < json_array_size(value) && !rc; i++) {
            json_t *one = json_array_get(value, i);
            rc = json_is_object(one) ? merge_in(r, event, merged, one)
                                     : wrong(r, event, "'<<' wants a mapping or a list of mappings");
        }
        return rc;
    }
    if (!json_is_object(value) || json_object_get(value, FUNCTION))
        return wrong(r, event, "'<<' wants a mapping or a list of mappings");
    const char *key;
    json_t *v;
    json_object_foreach(value, key, v) {
        const json_t *other = json_object_get(merged, key);
        if (other && !json_equal(other, v)) {
            err_set(r->err, CARAT_EUNSUPPORTED, "two mappings merged by '<<' have different values for '%.100s'", key);
            return at_line(r, event);
        }
        if (json_object_set(merged, key, v))
            return no_memory(r);
    }
    return CARAT_OK;
}

static enum carat_err read_pair(struct reader *r, yaml_event_t *key_event, json_t *own, json_t *merged)
{
    json_t *key = NULL, *value = NULL;
    bool merge;
    yaml_event_t event;
    enum carat_err rc = read_key(r, key_event, &key, &merge);
    if (!rc) {
        rc = next(r, &event);
        if (!rc)
            rc = read_node(r, &event, &value);
        yaml_event_delete(&event);
    }
    if (!rc && merge)
        rc = merge_in(r, key_event, merged, value);
    else if (!rc && json_object_set(own, json_string_value(key), value))
        rc = no_memory(r);
    json_decref(key);
    json_decref(value);
    return rc;
}

/* Merged pairs stand in front; a mapping's own ones win. */
static enum carat_err read_mapping(struct reader *r, json_t *map)
{
    json_t *own = json_object();
    enum carat_err rc = own ? CARAT_OK : no_memory(r);
    for (bool more = true; more && !rc;) {
        yaml_event_t event;
        rc = next(r, &event);
        more = !rc && event.type != YAML_MAPPING_END_EVENT;
        if (more)
            rc = read_pair(r, &event, own, map);
        yaml_event_delete(&event);
    }
    if (!rc && json_object_update(map, own))
        rc = no_memory(r);
    json_decref(own);
    return rc;
}

static enum carat_err read_collection(struct reader *r, const yaml_event_t *event, json_t **out)
{
    bool list = event->type == YAML_SEQUENCE_START_EVENT;
    const yaml_char_t *tag = list ? event->data.sequence_start.tag : event->data.mapping_start.tag;
    const char *standard = is_untagged(tag) ? NULL : standard_tag((const char *)tag);
    if (!is_untagged(tag) && (!standard || strcmp(standard, list ? "seq" : "map") != 0))
        return unknown_tag(r, event, (const char *)tag);
    if (r->depth >= DEPTH_MAX)
        return wrong(r, event, "values are nested too deep");
    *out = list ? json_array() : json_object();
    if (!*out)
        return no_memory(r);
    r->depth++;
    enum carat_err rc = list ? read_sequence(r, *out) : read_mapping(r, *out);
    r->depth--;
    return rc;
}

/* The value that begins with `event`; on failure *out is NULL. */
static enum carat_err read_node(struct reader *r, yaml_event_t *event, json_t **out)
{
    size_t anchor = SIZE_MAX, before = r->weight;
    *out = NULL;
    const yaml_char_t *name = event->type == YAML_SCALAR_EVENT           ? event->data.scalar.anchor
                              : event->type == YAML_SEQUENCE_START_EVENT ? event->data.sequence_start.anchor
                              : event->type == YAML_MAPPING_START_EVENT  ? event->data.mapping_start.anchor
                                                                         : NULL;
    enum carat_err rc = begin_anchor(r, name, &anchor);
    if (!rc)
        rc = add_weight(r, event, 1);
    if (rc)
        return rc;
    if (event->type == YAML_ALIAS_EVENT)
        rc = read_alias(r, event, out);
    else if (event->type == YAML_SCALAR_EVENT)
        rc = read_scalar(r, event, out);
    else if (event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT)
        rc = read_collection(r, event, out);
    else
        rc = wrong(r, event, "a value is missing");
    if (rc) {
        json_decref(*out);
        *out = NULL;
        return rc;
    }
    end_anchor(r, anchor, *out, r->weight - before);
    return CARAT_OK;
}

/* ---- the document ----------------------------------------------------------------------------------- */

/* The next event must be of `type`; anything else is the content that was told of. */
static enum carat_err expect(struct reader *r, yaml_event_type_t type, const char *otherwise)
{
    yaml_event_t event;
    enum carat_err rc = next(r, &event);
    if (!rc && event.type != type)
        rc = wrong(r, &event, otherwise);
    yaml_event_delete(&event);
    return rc;
}

static enum carat_err read_document(struct reader *r, json_t **out)
{
    yaml_event_t event;
    enum carat_err rc = expect(r, YAML_STREAM_START_EVENT, "not a YAML stream");
    if (!rc)
        rc = expect(r, YAML_DOCUMENT_START_EVENT, "the file is empty");
    if (!rc) {
        rc = next(r, &event);
        if (!rc)
            rc = read_node(r, &event, out);
        yaml_event_delete(&event);
    }
    if (!rc)
        rc = expect(r, YAML_DOCUMENT_END_EVENT, "the document does not end");
    if (!rc)
        rc = expect(r, YAML_STREAM_END_EVENT, "a second document, where one is wanted");
    return rc;
}

enum carat_err yaml_read(struct str text, const char *name, const char *dir, json_t **out, struct err *err)
{
    struct reader r = {.name = name, .dir = dir, .err = err};
    *out = NULL;
    if (text.n > YAML_FILE_MAX)
        return err_set(err, CARAT_EINPUT, "%s: more than %zu MiB", name, YAML_FILE_MAX >> 20);
    if (!yaml_parser_initialize(&r.parser))
        return no_memory(&r);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)(text.p ? text.p : ""), text.n);
    enum carat_err rc = read_document(&r, out);
    if (rc) {
        json_decref(*out);
        *out = NULL;
    }
    for (size_t i = 0; i < r.n_anchors; i++) {
        free(r.anchors[i].name);
        json_decref(r.anchors[i].value);
    }
    free(r.anchors);
    yaml_parser_delete(&r.parser);
    return rc;
}

bool yaml_function(const json_t *value, struct str *name, struct str *dir)
{
    return json_is_object(value) && json_get_str(value, FUNCTION, name) && json_get_str(value, "dir", dir);
}
