/* expr.c - see expr.h. */
#include "expr.h"

#include "base/jinja/charclass.h"
#include "read.h"

static const struct jinja_options options = {.keep_trailing_newline = true, .strict_undefined = true};

static bool takes_value(const char *key, const json_t *value)
{
    if (json_is_array(value))
        return strcmp(key, "doc_to_choice") == 0 || strcmp(key, "doc_to_target") == 0;
    if (json_is_object(value))
        return strcmp(key, "doc_to_choice") == 0;
    if (json_is_integer(value) || json_is_boolean(value))
        return strcmp(key, "doc_to_text") == 0 || strcmp(key, "doc_to_target") == 0;
    return false;
}

enum carat_err expr_make(const char *key, const json_t *value, struct yaml_expr *out, struct err *err)
{
    struct str name, dir;
    *out = (struct yaml_expr){.kind = EXPR_ABSENT, .key = key};
    if (!value || json_is_null(value))
        return CARAT_OK;
    out->value = value;
    if (yaml_function(value, &name, &dir)) {
        out->kind = EXPR_HOOK;
        return hook_new(value, key, HOOK_VALUE, &out->hook, err);
    }
    if (json_is_string(value)) {
        out->kind = EXPR_TEXT;
        struct str text = {json_string_value(value), json_string_length(value)};
        return jinja_parse(text, key, &options, &out->jinja, err);
    }
    out->kind = EXPR_VALUE;
    return takes_value(key, value) ? CARAT_OK
                                   : err_set(err, CARAT_EUNSUPPORTED, "'%s' cannot be a value of this type", key);
}

void expr_release(struct yaml_expr *e)
{
    jinja_free(e->jinja);
    hook_free(e->hook);
    e->jinja = NULL;
    e->hook = NULL;
}

/* ---- what a rendering becomes --------------------------------------------------------------------- */

/* str.isdigit() */
static bool is_digits(struct str s)
{
    for (size_t i = 0; i < s.n;)
        if (!charclass_is(CHAR_DIGIT, utf8_next(s, &i)))
            return false;
    return s.n > 0;
}

static enum carat_err text_value(struct str s, json_t **out, struct err *err)
{
    *out = json_stringn(s.p, s.n);
    return *out ? CARAT_OK : err_nomem(err, "a text");
}

/* Digits as ast.literal_eval() reads them: no zeros in front, ASCII alone. */
static enum carat_err number_value(const char *key, struct str s, json_t **out, struct err *err)
{
    int64_t v;
    size_t zeros = 0;
    while (zeros < s.n && s.p[zeros] == '0')
        zeros++;
    if (!num_parse_i64(s, &v) || (zeros && zeros < s.n))
        return err_set(err, CARAT_EINPUT, "'%s' gives the digits '%.*s', which are no Python number", key,
                       (int)(s.n < 40 ? s.n : 40), s.p);
    *out = json_integer((json_int_t)v);
    return *out ? CARAT_OK : err_nomem(err, "a number");
}

static enum carat_err list_or_text(struct str s, json_t **out, struct err *err)
{
    struct err why = ERR_INIT;
    enum carat_err rc = jinja_literal(s, out, &why);
    if (rc == CARAT_EINPUT)
        return text_value(s, out, err);
    return rc ? err_set(err, rc, "%s", why.msg) : CARAT_OK;
}

static enum carat_err become(const struct yaml_expr *e, struct str s, enum expr_use use, bool has_choices, json_t **out,
                             struct err *err)
{
    if (use == EXPR_CHOICES)
        return jinja_literal(s, out, err);
    if (use != EXPR_PLAIN && has_choices && is_digits(s))
        return number_value(e->key, s, out, err);
    if (use == EXPR_TARGET && s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
        return list_or_text(s, out, err);
    return text_value(s, out, err);
}

/* ---- evaluation ------------------------------------------------------------------------------------- */

static enum carat_err render(const struct yaml_expr *e, const json_t *row, enum expr_use use, bool has_choices, json_t **out,
                             struct err *err)
{
    struct buf text = BUF_INIT(JINJA_OUTPUT_MAX);
    enum carat_err rc = jinja_render(e->jinja, &(struct jinja_run){.context = row}, &text, err);
    if (!rc)
        rc = become(e, buf_str(&text), use, has_choices, out, err);
    buf_release(&text);
    return rc;
}

static enum carat_err mapping_values(const json_t *map, json_t **out, struct err *err)
{
    const char *key;
    json_t *value;
    json_t *list = json_array();
    bool ok = list != NULL;
    json_object_foreach((json_t *)(uintptr_t)map, key, value)
        ok = ok && !json_array_append(list, value);
    if (!ok) {
        json_decref(list);
        return err_nomem(err, "choices");
    }
    *out = list;
    return CARAT_OK;
}

enum carat_err expr_value(const struct yaml_expr *e, const json_t *row, enum expr_use use, bool has_choices, json_t **out,
                          struct err *err)
{
    enum carat_err rc = CARAT_OK;
    *out = NULL;
    const json_t *field = e->kind == EXPR_TEXT ? json_object_get(row, json_string_value(e->value)) : NULL;
    if (field)
        *out = json_deep_copy(field); /* a row is shared among threads; jansson's counts are not theirs */
    else if (e->kind == EXPR_TEXT)
        return render(e, row, use, has_choices, out, err);
    else if (e->kind == EXPR_HOOK)
        rc = hook_run(e->hook, row, out, err);
    else if (json_is_object(e->value))
        return mapping_values(e->value, out, err);
    else
        *out = json_deep_copy(e->value);
    if (rc)
        return err_context(err, "%s", e->key);
    return *out ? CARAT_OK : err_nomem(err, e->key);
}

enum carat_err expr_python_str(const json_t *value, struct buf *out, struct err *err)
{
    struct jinja *t = NULL;
    if (json_is_string(value))
        return buf_add(out, json_string_value(value), json_string_length(value)) ? err_nomem(err, "a text") : CARAT_OK;
    enum carat_err rc = jinja_parse(STR("{{ v }}"), "str", &options, &t, err);
    json_t *context = rc ? NULL : json_pack("{s:o}", "v", json_deep_copy(value));
    if (!rc && !context)
        rc = err_nomem(err, "a text");
    if (!rc)
        rc = jinja_render(t, &(struct jinja_run){.context = context}, out, err);
    json_decref(context);
    jinja_free(t);
    return rc;
}
