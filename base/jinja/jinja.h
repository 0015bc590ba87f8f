/* jinja.h - templates in the Jinja2 language: chat templates of checkpoints, prompts of YAML tasks.
 *
 * A template is parsed once and rendered many times with a JSON object as context:
 *
 *     const struct jinja_options chat = {.trim_blocks = true, .lstrip_blocks = true, .chat = true};
 *     struct jinja *t;
 *     struct buf out = BUF_INIT(JINJA_OUTPUT_MAX);
 *     if (!jinja_parse(text, "chat_template.jinja", &chat, &t, &err))
 *         rc = jinja_render(t, &(struct jinja_run){.context = context}, &out, &err);
 *     jinja_free(t);
 *
 * What is rendered is byte for byte what Jinja2 3.1 on Python 3.11 renders, str() and repr() of values
 * included. What is not implemented is refused by name (CARAT_EUNSUPPORTED); what Python would raise is
 * CARAT_EINPUT; both name the template, the line and the construct. A template is never trusted: it reaches
 * no file, clock or network but through the caller's functions, and steps, memory, nesting and output
 * are bounded (CARAT_ENOMEM). Refused: include, import, extends, block, autoescape, recursive loops, * and **
 * in calls, integers beyond 64 bits, names with two leading underscores, the filters and methods listed
 * without a function in filters.c and methods.c.
 *
 * Where it parts from Jinja2 it is towards an error: what Jinja2 leaves unevaluated in a generator that nobody
 * walks, carat evaluates; a slice of a literal number or dict is an error, not empty.
 *
 * Strings are counted in code points; bytes of a template that are not UTF-8 are refused.
 *
 * A parsed template is read-only: threads may share it. Nothing here keeps a reference after it returned.
 */
#ifndef CARAT_JINJA_H
#define CARAT_JINJA_H

#include "base/base.h"

#define JINJA_OUTPUT_MAX ((size_t)64 << 20)

struct jinja;

struct jinja_options {
    bool trim_blocks;           /* the newline after a block tag goes */
    bool lstrip_blocks;         /* white space before a block tag goes, back to the line's start */
    bool keep_trailing_newline; /* else one at the template's end goes */
    bool strict_undefined;      /* an undefined value may be tested or defaulted, nothing else */
    /* As transformers renders chat templates: break and continue, {% generation %}, raise_exception(), tojson as
     * json.dumps(ensure_ascii=False) does it, and no method that changes a list or a dict. */
    bool chat;
};

/* `text` is copied, `name` too: it goes into messages. *out is NULL on failure. */
enum carat_err jinja_parse(struct str text, const char *name, const struct jinja_options *options,
                           struct jinja **out, struct err *err);
void jinja_free(struct jinja *t); /* NULL is fine */

/* A function that a template may call. args is an array, kwargs an object, both borrowed; *result is a new reference. */
struct jinja_function {
    const char *name;
    enum carat_err (*call)(void *data, const json_t *args, const json_t *kwargs, json_t **result, struct err *err);
    void *data;
};

struct jinja_run {
    const json_t *context; /* an object, borrowed; NULL: empty */
    const struct jinja_function *functions;
    size_t n_functions;
    struct buf *raised;  /* where what raise_exception() was given goes as it is; NULL: to err alone */
    size_t steps_max;    /* 0: 50 million */
    size_t memory_max;   /* bytes; 0: 256 MiB */
    size_t output_max;   /* bytes; 0: JINJA_OUTPUT_MAX */
};

/* Appends the rendering to `out`; nothing is appended on failure. */
enum carat_err jinja_render(const struct jinja *t, const struct jinja_run *run, struct buf *out, struct err *err);

/* The template's value: of one that ends with an {{ expression }}, and writes nothing before it, the expression's own, tuples
 * as arrays; of any other the rendering as a string. A value without JSON (undefined, a macro, nan) is CARAT_EINPUT. */
enum carat_err jinja_value(const struct jinja *t, const struct jinja_run *run, json_t **out, struct err *err);

/* What Python's ast.literal_eval() makes of a text: strings, numbers, True, False, None, lists, tuples (as arrays)
 * and dicts with string keys. Anything else is CARAT_EINPUT, or CARAT_EUNSUPPORTED where Python would take it: bytes,
 * sets, complex numbers, other keys, integers beyond 64 bits. */
enum carat_err jinja_literal(struct str text, json_t **out, struct err *err);

/* repr() of a float, as Python 3.11 writes it. */
void jj_repr_float(double f, char out[64]);

#endif
