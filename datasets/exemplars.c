/* Worked examples out of the files in which the reference harness publishes them:
 *
 *   .yaml  a task file: the sequence `samples` under `fewshot_config`, of mappings of scalars
 *   .py    a module: the list of dictionaries that the function list_fewshot_samples() returns, written out
 *
 * Nothing is executed. */
#include "reader.h"

#include <yaml.h>

#include "base/jinja/jinja.h"

/* ---- YAML --------------------------------------------------------------------------------------- */

static struct str scalar_of(const yaml_node_t *node)
{
    if (!node || node->type != YAML_SCALAR_NODE)
        return (struct str){NULL, 0};
    return (struct str){(const char *)node->data.scalar.value, node->data.scalar.length};
}

static yaml_node_t *member(yaml_document_t *doc, const yaml_node_t *node, struct str key)
{
    if (!node || node->type != YAML_MAPPING_NODE)
        return NULL;
    for (const yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++)
        if (str_eq(scalar_of(yaml_document_get_node(doc, p->key)), key))
            return yaml_document_get_node(doc, p->value);
    return NULL;
}

/* A mapping of scalars as a row of texts. */
static enum carat_err take_mapping(yaml_document_t *doc, const yaml_node_t *node, const char *name, reader_fn *fn,
                                   void *context, struct err *err)
{
    const size_t line = node ? node->start_mark.line + 1 : 0;
    json_t *row = json_object();
    bool ok = node && node->type == YAML_MAPPING_NODE && row;
    for (const yaml_node_pair_t *p = ok ? node->data.mapping.pairs.start : NULL; ok && p < node->data.mapping.pairs.top; p++) {
        struct str key = scalar_of(yaml_document_get_node(doc, p->key));
        struct str value = scalar_of(yaml_document_get_node(doc, p->value));
        ok = key.p && value.p && !json_object_setn_new(row, key.p, key.n, json_text(value));
    }
    enum carat_err rc = ok ? fn(context, line, row, err)
                           : err_set(err, CARAT_EINPUT, "%s:%zu: an example must be a mapping of texts", name, line);
    json_decref(row);
    return rc;
}

static enum carat_err take_document(yaml_document_t *doc, const char *name, reader_fn *fn, void *context, struct err *err)
{
    yaml_node_t *root = yaml_document_get_root_node(doc);
    yaml_node_t *samples = member(doc, member(doc, root, STR("fewshot_config")), STR("samples"));
    if (!samples || samples->type != YAML_SEQUENCE_NODE)
        return err_set(err, CARAT_EINPUT, "%s: there is no list 'samples' under 'fewshot_config'", name);
    enum carat_err rc = CARAT_OK;
    for (const yaml_node_item_t *i = samples->data.sequence.items.start; i < samples->data.sequence.items.top && !rc; i++)
        rc = take_mapping(doc, yaml_document_get_node(doc, *i), name, fn, context, err);
    return rc;
}

enum carat_err reader_yaml(struct str text, const char *name, reader_fn *fn, void *context, struct err *err)
{
    yaml_parser_t parser;
    yaml_document_t doc;
    enum carat_err rc;
    if (!yaml_parser_initialize(&parser))
        return err_nomem(err, "a YAML reader");
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.p, text.n);
    if (yaml_parser_load(&parser, &doc)) {
        rc = take_document(&doc, name, fn, context, err);
        yaml_document_delete(&doc);
    } else if (parser.error == YAML_MEMORY_ERROR) {
        rc = err_nomem(err, "a YAML reader");
    } else {
        rc = err_set(err, CARAT_EINPUT, "%s:%zu: not YAML: %s", name, parser.problem_mark.line + 1,
                     parser.problem ? parser.problem : "it ends early");
    }
    yaml_parser_delete(&parser);
    return rc;
}

/* ---- Python ----------------------------------------------------------------------------------------- */

/* The end of the bracket that opens at `at`, strings skipped; 0: it does not end. */
static size_t bracket_end(struct str text, size_t at)
{
    size_t depth = 0;
    char quote = '\0';
    for (size_t i = at; i < text.n; i++) {
        const char c = text.p[i];
        if (quote) {
            i += c == '\\';
            quote = c == quote ? '\0' : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else {
            depth += c == '[';
            depth -= c == ']' && depth;
            if (c == ']' && !depth)
                return i + 1;
        }
    }
    return 0;
}

static size_t line_of(struct str text, size_t at)
{
    size_t line = 1;
    for (size_t i = 0; i < at; i++)
        line += text.p[i] == '\n';
    return line;
}

enum carat_err reader_python(struct str text, const char *name, reader_fn *fn, void *context, struct err *err)
{
    const ptrdiff_t function = str_find(text, STR("def list_fewshot_samples("), 0);
    const ptrdiff_t result = function < 0 ? -1 : str_find(text, STR("return ["), (size_t)function);
    const size_t from = result < 0 ? 0 : (size_t)result + STR("return ").n, end = from ? bracket_end(text, from) : 0;
    if (!end)
        return err_set(err, CARAT_EINPUT, "%s: there is no function list_fewshot_samples() that returns a list", name);
    json_t *rows = NULL;
    enum carat_err rc = jinja_literal((struct str){text.p + from, end - from}, &rows, err);
    if (rc)
        err_context(err, "%s:%zu", name, line_of(text, from));
    for (size_t i = 0; i < json_array_size(rows) && !rc; i++)
        rc = fn(context, line_of(text, from), json_array_get(rows, i), err);
    json_decref(rows);
    return rc;
}
