/* eval.c - walks the nodes: expressions to values, statements to output.
 *
 * Scopes are chains of names. A loop's round, a macro's call, with, filter, call and block set open one; if does
 * not. A name that no scope has is looked for in the context, among the caller's functions, then the globals. A macro
 * keeps the scope it was defined in and sees its variables as they are when it is called. An assignment is always to the
 * innermost scope; symbols.c says which names a scope has before they are assigned.
 *
 * A loop's items are gathered (and filtered) before its first round, which is how loop.length and loop.last are known.
 *
 * Every expression and statement costs a step and a level of depth, so that no template runs, or nests, for ever.
 */
#include <stdio.h>
#include <stdlib.h>

#include "jinja_int.h"

enum flow { FLOW_ON, FLOW_BREAK, FLOW_CONTINUE };

static struct jval eval(struct jx *x, const struct jnode *n);
static enum flow execute(struct jx *x, const struct jnode *n);

static int shown(struct str s) { return (int)(s.n < 80 ? s.n : 80); }

/* ---- names ------------------------------------------------------------------------------------------------- */

static struct jvar *find_in(struct jscope *scope, struct str name)
{
    for (struct jvar *v = scope->vars; v; v = v->next)
        if (str_eq(v->name, name))
            return v;
    return NULL;
}

static bool has_value(struct jscope *scope, struct str name)
{
    const struct jvar *v = find_in(scope, name);
    return v && jj_given(v->value);
}

static void assign_name(struct jx *x, struct str name, struct jval value)
{
    struct jvar *v = find_in(x->scope, name);
    if (!v) {
        v = jj_alloc(x, sizeof *v);
        *v = (struct jvar){.name = name, .next = x->scope->vars};
        x->scope->vars = v;
    }
    v->value = value;
}

/* `body` may be NULL; its missing names are the scope's, without a value (JV_ABSENT). */
static void open_scope(struct jx *x, struct jscope *parent, const struct jnode *body)
{
    struct jscope *s = jj_alloc(x, sizeof *s);
    *s = (struct jscope){.parent = parent};
    x->scope = s;
    for (size_t i = 0; body && i < body->n_missing; i++)
        assign_name(x, body->missing[i], JJ_ABSENT);
}

static struct jval undefined_name(struct jx *x, struct str name)
{
    return jj_undefined(x, "'%.*s' is undefined", shown(name), name.p);
}

static struct jval eval_name(struct jx *x, const struct jnode *n)
{
    for (struct jscope *s = x->scope; s; s = s->parent) {
        struct jvar *v = find_in(s, n->name);
        jj_charge(x, 1);
        if (v)
            return jj_given(v->value) ? v->value : undefined_name(x, n->name);
    }
    struct jval *c = jj_dict_find(x, x->context, jj_string_view(x, n->name));
    if (c)
        return *c;
    for (size_t i = 0; i < x->run->n_functions; i++) {
        if (!str_eq(n->name, str_from(x->run->functions[i].name)))
            continue;
        struct jfunc *f = jj_alloc(x, sizeof *f);
        *f = (struct jfunc){.host = &x->run->functions[i]};
        return (struct jval){.kind = JV_FUNC, .fn = f};
    }
    const struct jfunc *global = jj_find_global(n->name);
    if (global && (x->options.chat || strcmp(global->row->name, "raise_exception") != 0))
        return (struct jval){.kind = JV_FUNC, .fn = global};
    return undefined_name(x, n->name);
}

/* ---- attributes and items -------------------------------------------------------------------------------------- */

static struct jval missing_attribute(struct jx *x, struct jval v, struct str name)
{
    return jj_undefined(x, "'%s%s' has no attribute '%.*s'", v.kind == JV_NONE ? "None" : jj_type(v),
                        v.kind == JV_NONE ? "" : " object", shown(name), name.p);
}

static struct jval missing_item(struct jx *x, struct jval v, struct jval key)
{
    if (key.kind == JV_STR)
        return missing_attribute(x, v, jj_view(key));
    struct jsb b = {.x = x};
    jj_repr(&b, key);
    return jj_undefined(x, "%s%s has no element %.*s", v.kind == JV_NONE ? "None" : jj_type(v),
                        v.kind == JV_NONE ? "" : " object", shown((struct str){b.p, b.n}), b.p);
}

static struct jval loop_attribute(struct jx *x, struct jval v, struct str name)
{
    const struct jloop *l = v.loop;
    const int64_t at = (int64_t)l->at, n = (int64_t)l->n;
    const struct {
        const char *name;
        struct jval value;
    } table[] = {
        {"index", jj_int(at + 1)},      {"index0", jj_int(at)},         {"first", jj_bool(at == 0)},
        {"last", jj_bool(at + 1 == n)}, {"length", jj_int(n)},          {"revindex", jj_int(n - at)},
        {"revindex0", jj_int(n - at - 1)}, {"depth", jj_int(1)}, {"depth0", jj_int(0)}, /* of recursive loops alone */
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (str_eq(name, str_from(table[i].name)))
            return table[i].value;
    if (str_eq(name, STR("previtem")))
        return at ? l->items[at - 1] : jj_undefined(x, "there is no previous item");
    if (str_eq(name, STR("nextitem")))
        return at + 1 < n ? l->items[at + 1] : jj_undefined(x, "there is no next item");
    return JJ_ABSENT;
}

/* What getattr() finds; JV_ABSENT: nothing. */
static struct jval attribute(struct jx *x, struct jval v, struct str name)
{
    if (str_starts(name, STR("__")))
        jj_fail(x, CARAT_EUNSUPPORTED, "the attribute '%.*s' is refused", shown(name), name.p);
    if (v.kind == JV_NAMESPACE) {
        struct jval *member = jj_dict_find(x, v.d, jj_string_view(x, name));
        return member ? *member : JJ_ABSENT;
    }
    if (v.kind == JV_LOOP) {
        struct jval a = loop_attribute(x, v, name);
        if (jj_given(a))
            return a;
    }
    if (v.kind == JV_MACRO && str_eq(name, STR("name")))
        return jj_string_view(x, v.macro->node->name);
    if (v.kind == JV_MACRO && (str_eq(name, STR("arguments")) || str_starts(name, STR("catch_")) || str_eq(name, STR("caller"))))
        jj_fail(x, CARAT_EUNSUPPORTED, "the attribute '%.*s' of a macro is not supported", shown(name), name.p);
    const struct jbuiltin *row = jj_find_method(v, name);
    if (!row)
        return JJ_ABSENT;
    if ((row->flags & METHOD_MUTATES) && x->options.chat)
        return jj_undefined(x, "access to attribute '%s' of '%s' object is unsafe.", row->name, jj_type(v));
    struct jmethod *m = jj_alloc(x, sizeof *m);
    *m = (struct jmethod){.self = v, .row = row};
    return (struct jval){.kind = JV_METHOD, .method = m};
}

/* v[key]; JV_ABSENT: what Python would raise a LookupError or TypeError for. */
static struct jval item(struct jx *x, struct jval v, struct jval key)
{
    int64_t i;
    size_t n;
    if (v.kind == JV_DICT) {
        if (key.kind == JV_LIST || key.kind == JV_DICT)
            return JJ_ABSENT;
        struct jval *member = jj_dict_find(x, v.d, key);
        return member ? *member : JJ_ABSENT;
    }
    if (v.kind != JV_STR && v.kind != JV_LIST && v.kind != JV_TUPLE && v.kind != JV_RANGE)
        return JJ_ABSENT;
    if (!jj_as_int(key, &i) || !jj_length(x, v, &n))
        return JJ_ABSENT;
    if (i < 0)
        i += (int64_t)n;
    if (i < 0 || (size_t)i >= n)
        return JJ_ABSENT;
    if (v.kind == JV_RANGE)
        return jj_int(v.r->start + i * v.r->step);
    return v.kind == JV_STR ? jj_substring(x, v, (size_t)i, (size_t)i + 1) : v.l->v[i];
}

struct jval jj_getattr(struct jx *x, struct jval v, struct str name)
{
    jj_must_be_defined(x, v);
    struct jval a = attribute(x, v, name);
    if (!jj_given(a) && v.kind == JV_DICT)
        a = item(x, v, jj_string_view(x, name));
    return jj_given(a) ? a : missing_attribute(x, v, name);
}

struct jval jj_getitem(struct jx *x, struct jval v, struct jval key)
{
    jj_must_be_defined(x, v);
    struct jval a = key.kind == JV_UNDEF ? JJ_ABSENT : item(x, v, key);
    if (key.kind == JV_UNDEF)
        jj_strict(x, key);
    if (!jj_given(a) && key.kind == JV_STR)
        a = attribute(x, v, jj_view(key));
    return jj_given(a) ? a : missing_item(x, v, key);
}

/* ---- calls ----------------------------------------------------------------------------------------------------------- */

static struct jargs eval_arguments(struct jx *x, const struct jnode *call)
{
    struct jargs a = {.n = 0};
    if (!call->n)
        return a;
    a.v = jj_alloc_array(x, call->n, sizeof *a.v);
    a.named = jj_alloc_array(x, call->n, sizeof *a.named);
    a.names = jj_alloc_array(x, call->n, sizeof *a.names);
    for (size_t i = 0; i < call->n; i++) {
        const struct jnode *n = call->list[i];
        if (n->kind == N_KEYWORD) {
            a.names[a.n_named] = n->name;
            a.named[a.n_named++] = eval(x, n->a);
        } else {
            a.v[a.n++] = eval(x, n);
        }
    }
    return a;
}

/* Runs a body into a string of its own. */
static struct jval capture(struct jx *x, const struct jnode *body)
{
    struct jsb b = {.x = x}, *outer = x->out;
    x->out = &b;
    execute(x, body);
    x->out = outer;
    return jsb_string(&b);
}

static void bind_extra(struct jx *x, const struct jnode *n, const struct jargs *args, const bool *used)
{
    struct jval varargs = jj_list(x, JV_TUPLE, 0), kwargs = jj_dict(x);
    for (size_t i = n->n; i < args->n; i++)
        jj_push(x, varargs.l, args->v[i]);
    for (size_t i = 0; i < args->n_named; i++) {
        if (used[i])
            continue;
        if (!n->uses_kwargs)
            jj_fail(x, CARAT_EINPUT, "macro '%.*s' takes no keyword argument '%.*s'", shown(n->name), n->name.p,
                    shown(args->names[i]), args->names[i].p);
        jj_dict_set(x, kwargs.d, jj_string_view(x, args->names[i]), args->named[i]);
    }
    if (varargs.l->n && !n->uses_varargs)
        jj_fail(x, CARAT_EINPUT, "macro '%.*s' takes not more than %zu argument(s)", shown(n->name), n->name.p, n->n);
    if (n->uses_varargs)
        assign_name(x, STR("varargs"), varargs);
    if (n->uses_kwargs)
        assign_name(x, STR("kwargs"), kwargs);
}

static struct jval call_macro(struct jx *x, const struct jmacro *m, const struct jargs *args)
{
    const struct jnode *n = m->node;
    struct jscope *outer = x->scope;
    bool *used = jj_alloc_array(x, args->n_named + 1, sizeof *used);
    memset(used, 0, (args->n_named + 1) * sizeof *used);
    struct jval *given = jj_alloc_array(x, n->n + 1, sizeof *given);
    jj_enter(x);
    for (size_t i = 0; i < n->n; i++) {
        given[i] = i < args->n ? args->v[i] : JJ_ABSENT;
        for (size_t k = 0; k < args->n_named; k++) {
            if (!str_eq(args->names[k], n->list[i]->name))
                continue;
            if (i < args->n)
                jj_fail(x, CARAT_EINPUT, "macro '%.*s' got multiple values for argument '%.*s'", shown(n->name),
                        n->name.p, shown(args->names[k]), args->names[k].p);
            given[i] = args->named[k];
            used[k] = true;
        }
    }
    open_scope(x, m->scope, n->b);
    for (size_t k = 0; k < args->n_named && n->uses_caller; k++) {
        if (used[k] || !str_eq(args->names[k], STR("caller")))
            continue;
        assign_name(x, STR("caller"), args->named[k]);
        used[k] = true;
    }
    if (n->uses_caller && !has_value(x->scope, STR("caller")) && n->kind == N_MACRO)
        assign_name(x, STR("caller"), jj_undefined(x, "No caller defined"));
    bind_extra(x, n, args, used);
    for (size_t i = 0; i < n->n; i++)
        assign_name(x, n->list[i]->name, given[i]);
    for (size_t i = 0; i < n->n; i++) { /* a default sees the parameters; those still without a value are missing */
        const struct jnode *parameter = n->list[i];
        if (!jj_given(given[i]))
            assign_name(x, parameter->name,
                        parameter->a ? eval(x, parameter->a)
                                     : jj_undefined(x, "parameter '%.*s' was not provided", shown(parameter->name),
                                                    parameter->name.p));
    }
    struct jval out = capture(x, n->b);
    x->scope = outer;
    x->depth--;
    return out;
}

static struct jval call_host(struct jx *x, const struct jinja_function *f, const struct jargs *args)
{
    struct err why = ERR_INIT;
    json_decref(x->garbage[0]);
    json_decref(x->garbage[1]);
    x->garbage[0] = json_array();
    x->garbage[1] = json_object();
    for (size_t i = 0; i < args->n; i++)
        if (json_array_append_new(x->garbage[0], jj_to_json(x, args->v[i])))
            jj_fail(x, CARAT_ENOMEM, "out of memory for a call");
    for (size_t i = 0; i < args->n_named; i++)
        if (json_object_setn_new(x->garbage[1], args->names[i].p, args->names[i].n, jj_to_json(x, args->named[i])))
            jj_fail(x, CARAT_ENOMEM, "out of memory for a call");
    json_t *result = NULL;
    enum carat_err rc = f->call(f->data, x->garbage[0], x->garbage[1], &result, &why);
    if (rc || !result)
        jj_fail(x, rc ? rc : CARAT_EINPUT, "%s(): %s", f->name, rc ? why.msg : "no result");
    json_decref(x->garbage[0]);
    x->garbage[0] = result;
    return jj_from_json(x, result);
}

/* Of a safe string those methods alone whose result needs no escaping of arguments. */
static void check_markup(struct jx *x, const struct jmethod *m, const struct jargs *args)
{
    static const char *const fine[] = {"upper", "lower", "title", "capitalize", "strip", "lstrip", "rstrip", NULL};
    const char *const *f = fine;
    while (*f && strcmp(*f, m->row->name) != 0)
        f++;
    if (!*f || args->n || args->n_named)
        jj_fail(x, CARAT_EUNSUPPORTED, "the method '%s' of a safe string is not supported", m->row->name);
}

struct jval jj_call(struct jx *x, struct jval f, const struct jargs *args)
{
    char what[80];
    jj_must_be_defined(x, f);
    switch (f.kind) {
    case JV_MACRO: return call_macro(x, f.macro, args);
    case JV_FUNC:
        if (f.fn->host)
            return call_host(x, f.fn->host, args);
        return jj_invoke(x, f.fn->row->name, f.fn->row, f.fn->state, args);
    case JV_METHOD: {
        const bool markup = f.method->self.kind == JV_STR && f.method->self.markup;
        if (markup)
            check_markup(x, f.method, args);
        snprintf(what, sizeof what, "the method '%s' of '%s'", f.method->row->name, jj_type(f.method->self));
        struct jval v = jj_invoke(x, what, f.method->row, f.method->self, args);
        v.markup |= markup && v.kind == JV_STR;
        return v;
    }
    default: jj_fail(x, CARAT_EINPUT, "'%s' object is not callable", jj_type(f));
    }
}

static struct jval eval_call(struct jx *x, const struct jnode *n)
{
    struct jval f = eval(x, n->a);
    const struct jargs args = eval_arguments(x, n);
    x->line = n->line;
    return jj_call(x, f, &args);
}

_Noreturn static void unknown(struct jx *x, const char *what, struct str name)
{
    jj_fail(x, CARAT_EINPUT, "no %s named '%.*s'", what, shown(name), name.p);
}

static struct jval eval_filter(struct jx *x, const struct jnode *n)
{
    char what[80];
    struct jval v = n->a ? eval(x, n->a) : x->subject;
    if (!n->row)
        unknown(x, "filter", n->name);
    const struct jargs args = eval_arguments(x, n);
    x->line = n->line;
    snprintf(what, sizeof what, "the filter '%s'", n->row->name);
    return jj_invoke(x, what, n->row, v, &args);
}

static struct jval eval_test(struct jx *x, const struct jnode *n)
{
    char what[80];
    struct jval v = eval(x, n->a);
    if (!n->row)
        unknown(x, "test", n->name);
    const struct jargs args = eval_arguments(x, n);
    x->line = n->line;
    snprintf(what, sizeof what, "the test '%s'", n->row->name);
    return jj_invoke(x, what, n->row, v, &args);
}

/* ---- other expressions ----------------------------------------------------------------------------------------------- */

static struct jval eval_const(struct jx *x, const struct jnode *n)
{
    (void)x;
    return n->value;
}

static struct jval eval_sequence(struct jx *x, const struct jnode *n)
{
    struct jval v = jj_list(x, n->kind == N_TUPLE ? JV_TUPLE : JV_LIST, n->n);
    for (size_t i = 0; i < n->n; i++)
        jj_push(x, v.l, eval(x, n->list[i]));
    return v;
}

static struct jval eval_dict(struct jx *x, const struct jnode *n)
{
    struct jval v = jj_dict(x);
    for (size_t i = 0; i < n->n; i += 2) {
        struct jval key = eval(x, n->list[i]);
        jj_dict_set(x, v.d, key, eval(x, n->list[i + 1]));
    }
    return v;
}

static struct jval eval_attr(struct jx *x, const struct jnode *n) { return jj_getattr(x, eval(x, n->a), n->name); }

static struct jval eval_item(struct jx *x, const struct jnode *n)
{
    struct jval v = eval(x, n->a);
    if (n->b->kind != N_SLICE) {
        struct jval key = eval(x, n->b);
        x->line = n->line;
        return jj_getitem(x, v, key);
    }
    const struct jnode *s = n->b;
    struct jval start = s->a ? eval(x, s->a) : JJ_ABSENT, stop = s->b ? eval(x, s->b) : JJ_ABSENT;
    struct jval step = s->c ? eval(x, s->c) : JJ_ABSENT;
    x->line = n->line;
    return jj_slice(x, v, start, stop, step);
}

static struct jval eval_cond(struct jx *x, const struct jnode *n)
{
    if (jj_truth(x, eval(x, n->b)))
        return eval(x, n->a);
    if (n->c)
        return eval(x, n->c);
    /* Jinja2 makes this one of the plain class, whatever the environment's is. */
    struct jval v = jj_undefined(x, "the inline if-expression evaluated to false and no else section was defined");
    struct jundef *u = jj_alloc(x, sizeof *u);
    *u = (struct jundef){.message = v.u->message, .lenient = true};
    v.u = u;
    return v;
}

static struct jval eval_logic(struct jx *x, const struct jnode *n)
{
    struct jval v = JJ_NONE;
    for (size_t i = 0; i < n->n; i++) {
        v = eval(x, n->list[i]);
        if (i + 1 < n->n && jj_truth(x, v) == (n->kind == N_OR))
            break;
    }
    return v;
}

static struct jval eval_not(struct jx *x, const struct jnode *n) { return jj_bool(!jj_truth(x, eval(x, n->a))); }
static struct jval eval_sign(struct jx *x, const struct jnode *n) { return jj_negate(x, eval(x, n->a), n->kind == N_NEG); }

static struct jval eval_binary(struct jx *x, const struct jnode *n)
{
    struct jval a = eval(x, n->a), b = eval(x, n->b);
    x->line = n->line;
    return jj_binary(x, n->op, a, b);
}

static struct jval eval_concat(struct jx *x, const struct jnode *n)
{
    struct jsb b = {.x = x};
    for (size_t i = 0; i < n->n; i++)
        jsb_addstr(&b, jj_str(x, eval(x, n->list[i])));
    return jsb_string(&b);
}

static bool compare_link(struct jx *x, int op, struct jval a, struct jval b)
{
    bool unordered = false;
    int order;
    switch (op) {
    case OP_EQ: return jj_equal(x, a, b);
    case OP_NE: return !jj_equal(x, a, b);
    case OP_IN: return jj_contains(x, a, b);
    case OP_NOT_IN: return !jj_contains(x, a, b);
    case '<': order = jj_compare(x, a, b, "<", &unordered); return order < 0 && !unordered;
    case '>': order = jj_compare(x, a, b, ">", &unordered); return order > 0 && !unordered;
    case OP_LE: order = jj_compare(x, a, b, "<=", &unordered); return order <= 0 && !unordered;
    default: order = jj_compare(x, a, b, ">=", &unordered); return order >= 0 && !unordered;
    }
}

static struct jval eval_compare(struct jx *x, const struct jnode *n)
{
    struct jval a = eval(x, n->a);
    for (size_t i = 0; i < n->n; i++) {
        struct jval b = eval(x, n->list[i]->b);
        x->line = n->line;
        if (!compare_link(x, n->list[i]->op, a, b))
            return jj_bool(false);
        a = b;
    }
    return jj_bool(true);
}

static struct jval eval(struct jx *x, const struct jnode *n)
{
    static struct jval (*const evaluators[N_KINDS])(struct jx *, const struct jnode *) = {
        [N_CONST] = eval_const,   [N_NAME] = eval_name,     [N_TUPLE] = eval_sequence, [N_LIST] = eval_sequence,
        [N_DICT] = eval_dict,     [N_ATTR] = eval_attr,     [N_ITEM] = eval_item,      [N_CALL] = eval_call,
        [N_FILTER] = eval_filter, [N_TEST] = eval_test,     [N_COND] = eval_cond,      [N_AND] = eval_logic,
        [N_OR] = eval_logic,      [N_NOT] = eval_not,       [N_NEG] = eval_sign,       [N_POS] = eval_sign,
        [N_BINARY] = eval_binary, [N_CONCAT] = eval_concat, [N_COMPARE] = eval_compare,
    };
    jj_enter(x);
    x->line = n->line;
    if (!evaluators[n->kind])
        jj_fail(x, CARAT_EUNSUPPORTED, "this expression is not supported here");
    struct jval v = evaluators[n->kind](x, n);
    x->depth--;
    return v;
}

/* ---- statements --------------------------------------------------------------------------------------------------------- */

static void output(struct jx *x, struct str s)
{
    jsb_addstr(x->out, s);
    if (x->out->n > x->output_max)
        jj_fail(x, CARAT_ENOMEM, "the template writes more than %zu bytes", x->output_max);
}

static void assign(struct jx *x, const struct jnode *target, struct jval v)
{
    if (target->kind == N_NAME) {
        assign_name(x, target->name, v);
        return;
    }
    if (target->kind == N_NSREF) {
        const struct jnode name = {.kind = N_NAME, .name = target->name, .line = target->line};
        struct jval ns = eval_name(x, &name);
        if (ns.kind != JV_NAMESPACE)
            jj_fail(x, CARAT_EINPUT, "cannot assign attribute on non-namespace object");
        jj_dict_set(x, ns.d, target->value, v);
        return;
    }
    if (!jj_iterable(v) || v.kind == JV_UNDEF)
        jj_must_be_defined(x, v);
    struct jval items = jj_collect(x, v);
    if (items.l->n != target->n)
        jj_fail(x, CARAT_EINPUT, items.l->n > target->n ? "too many values to unpack (expected %zu)"
                                                        : "not enough values to unpack (expected %zu)",
                target->n);
    for (size_t i = 0; i < target->n; i++)
        assign(x, target->list[i], items.l->v[i]);
}

static enum flow do_text(struct jx *x, const struct jnode *n)
{
    output(x, jj_view(n->value));
    return FLOW_ON;
}

static enum flow do_print(struct jx *x, const struct jnode *n)
{
    output(x, jj_str(x, eval(x, n->a)));
    return FLOW_ON;
}

static enum flow do_block(struct jx *x, const struct jnode *n)
{
    for (size_t i = 0; i < n->n; i++) {
        enum flow flow = execute(x, n->list[i]);
        if (flow)
            return flow;
    }
    return FLOW_ON;
}

static enum flow do_if(struct jx *x, const struct jnode *n)
{
    for (; n && n->kind == N_IF; n = n->c)
        if (jj_truth(x, eval(x, n->a)))
            return execute(x, n->b);
    return n ? execute(x, n) : FLOW_ON;
}

/* The items that pass the loop's filter, which sees the targets. */
static struct jval loop_items(struct jx *x, const struct jnode *n, struct jscope *outer)
{
    struct jval items = jj_collect(x, eval(x, n->b));
    if (!n->c)
        return items;
    struct jval kept = jj_list(x, JV_LIST, 0);
    for (size_t i = 0; i < items.l->n; i++) {
        open_scope(x, outer, NULL);
        assign(x, n->a, items.l->v[i]);
        if (jj_truth(x, eval(x, n->c)))
            jj_push(x, kept.l, items.l->v[i]);
    }
    x->scope = outer;
    return kept;
}

static enum flow do_for(struct jx *x, const struct jnode *n)
{
    struct jscope *outer = x->scope;
    struct jval items = loop_items(x, n, outer);
    struct jloop *loop = jj_alloc(x, sizeof *loop);
    *loop = (struct jloop){.items = items.l->v, .n = items.l->n};
    for (size_t i = 0; i < loop->n; i++) {
        loop->at = i;
        open_scope(x, outer, n->list[0]);
        assign(x, n->a, loop->items[i]);
        assign_name(x, STR("loop"), (struct jval){.kind = JV_LOOP, .loop = loop});
        enum flow flow = execute(x, n->list[0]);
        x->scope = outer;
        if (flow == FLOW_BREAK)
            break;
    }
    if (!loop->n && n->list[1]) {
        open_scope(x, outer, n->list[1]);
        enum flow flow = execute(x, n->list[1]);
        x->scope = outer;
        return flow;
    }
    return FLOW_ON;
}

static enum flow do_set(struct jx *x, const struct jnode *n)
{
    assign(x, n->a, eval(x, n->b));
    return FLOW_ON;
}

static struct jval filtered(struct jx *x, const struct jnode *filters, struct jval v)
{
    struct jval was = x->subject;
    x->subject = v;
    if (filters)
        v = eval(x, filters);
    x->subject = was;
    return v;
}

static enum flow do_setblock(struct jx *x, const struct jnode *n)
{
    struct jscope *outer = x->scope;
    open_scope(x, outer, n->b);
    struct jval v = filtered(x, n->c, capture(x, n->b));
    x->scope = outer;
    assign(x, n->a, v);
    return FLOW_ON;
}

static enum flow do_filterblock(struct jx *x, const struct jnode *n)
{
    struct jscope *outer = x->scope;
    open_scope(x, outer, n->b);
    struct jval v = filtered(x, n->c, capture(x, n->b));
    x->scope = outer;
    if (v.kind != JV_STR)
        jj_fail(x, CARAT_EINPUT, "a filter block's result is no string but of type '%s'", jj_type(v));
    output(x, jj_view(v));
    return FLOW_ON;
}

static struct jval macro_value(struct jx *x, const struct jnode *n)
{
    struct jmacro *m = jj_alloc(x, sizeof *m);
    *m = (struct jmacro){.node = n, .scope = x->scope};
    return (struct jval){.kind = JV_MACRO, .macro = m};
}

static enum flow do_macro(struct jx *x, const struct jnode *n)
{
    assign_name(x, n->name, macro_value(x, n));
    return FLOW_ON;
}

static enum flow do_callblock(struct jx *x, const struct jnode *n)
{
    struct jval f = eval(x, n->a->a);
    struct jargs args = eval_arguments(x, n->a);
    struct jargs with = {.v = args.v, .n = args.n, .n_named = args.n_named + 1};
    with.names = jj_alloc_array(x, with.n_named, sizeof *with.names);
    with.named = jj_alloc_array(x, with.n_named, sizeof *with.named);
    for (size_t i = 0; i < args.n_named; i++) {
        with.names[i] = args.names[i];
        with.named[i] = args.named[i];
    }
    with.names[args.n_named] = STR("caller");
    with.named[args.n_named] = macro_value(x, n);
    output(x, jj_str(x, jj_call(x, f, &with)));
    return FLOW_ON;
}

static enum flow do_with(struct jx *x, const struct jnode *n)
{
    struct jscope *outer = x->scope;
    struct jval *values = jj_alloc_array(x, n->n / 2 + 1, sizeof *values);
    for (size_t i = 0; i < n->n; i += 2)
        values[i / 2] = eval(x, n->list[i + 1]);
    open_scope(x, outer, n->b);
    for (size_t i = 0; i < n->n; i += 2)
        assign(x, n->list[i], values[i / 2]);
    enum flow flow = execute(x, n->b);
    x->scope = outer;
    return flow;
}

static enum flow do_break(struct jx *x, const struct jnode *n) { (void)x, (void)n; return FLOW_BREAK; }
static enum flow do_continue(struct jx *x, const struct jnode *n) { (void)x, (void)n; return FLOW_CONTINUE; }

static enum flow execute(struct jx *x, const struct jnode *n)
{
    static enum flow (*const executors[N_KINDS])(struct jx *, const struct jnode *) = {
        [N_TEXT] = do_text,   [N_PRINT] = do_print,       [N_BLOCK] = do_block,   [N_IF] = do_if,
        [N_FOR] = do_for,     [N_SET] = do_set,           [N_SETBLOCK] = do_setblock, [N_MACRO] = do_macro,
        [N_WITH] = do_with,   [N_CALLBLOCK] = do_callblock, [N_FILTERBLOCK] = do_filterblock,
        [N_BREAK] = do_break, [N_CONTINUE] = do_continue,
    };
    jj_enter(x);
    x->line = n->line;
    enum flow flow = executors[n->kind](x, n);
    x->depth--;
    return flow;
}

/* ---- the public side ---------------------------------------------------------------------------------------------------------- */

struct jinja {
    struct arena arena;
    struct jinja_options options;
    const char *name;
    const struct jnode *root;
};

enum {
    STEPS_MAX = 50000000,
};
#define MEMORY_MAX ((size_t)256 << 20)

static struct jnode *parse_guarded(struct jx *x, struct str text)
{
    if (setjmp(x->escape))
        return NULL;
    x->line = 1;
    for (size_t at = 0; at < text.n;) {
        x->line += text.p[at] == '\n';
        if (utf8_next(text, &at) < 0)
            jj_fail(x, CARAT_EINPUT, "byte %zu is not UTF-8", at - 1);
    }
    if (text.n > JJ_TEXT_MAX)
        jj_fail(x, CARAT_EUNSUPPORTED, "a template of more than %zu bytes is not supported", JJ_TEXT_MAX);
    return jj_parse(x, jj_lex(x, text));
}

enum carat_err jinja_parse(struct str text, const char *name, const struct jinja_options *options,
                           struct jinja **out, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    struct jx *x = calloc(1, sizeof *x);
    struct jinja *t = calloc(1, sizeof *t);
    struct err scratch = ERR_INIT;
    *out = NULL;
    if (!x || !t) {
        rc = err_nomem(err, "a template");
        goto out;
    }
    *x = (struct jx){.memory_max = MEMORY_MAX, .steps_max = (uint64_t)STEPS_MAX * 4, .options = *options};
    x->err = err ? err : &scratch;
    x->name = arena_dup(&x->arena, name, strlen(name));
    if (!x->name) {
        rc = err_nomem(err, "a template");
        goto out;
    }
    const struct jnode *root = parse_guarded(x, text);
    if (!root) {
        rc = x->code;
        goto out;
    }
    *t = (struct jinja){.arena = x->arena, .options = *options, .name = x->name, .root = root};
    x->arena = (struct arena)ARENA_INIT;
    *out = t;
    t = NULL;
out:
    if (x)
        arena_release(&x->arena);
    free(x);
    free(t);
    return rc;
}

void jinja_free(struct jinja *t)
{
    if (!t)
        return;
    arena_release(&t->arena);
    free(t);
}

/* The {{ expression }} that the template ends with, when nothing before it wrote anything: then the value is made. Else the
 * whole is in x->out. */
static json_t *run_for_value(struct jx *x, const struct jnode *root)
{
    const size_t n = root->n;
    for (size_t i = 0; i + 1 < n; i++)
        execute(x, root->list[i]);
    if (n && root->list[n - 1]->kind == N_PRINT && !x->out->n)
        return jj_to_json(x, eval(x, root->list[n - 1]->a));
    if (n)
        execute(x, root->list[n - 1]);
    return jj_to_json(x, jsb_string(x->out));
}

/* With `value` the template's value is made, else its rendering stays in x->out. */
static bool run_guarded(struct jx *x, const struct jinja *t, json_t **value)
{
    if (setjmp(x->escape))
        return false;
    x->context = jj_dict(x).d;
    if (x->run->context && !json_is_object(x->run->context))
        jj_fail(x, CARAT_EUSAGE, "the context is no JSON object");
    if (x->run->context)
        x->context = jj_from_json(x, x->run->context).d;
    open_scope(x, NULL, t->root);
    if (value)
        *value = run_for_value(x, t->root);
    else
        execute(x, t->root);
    return true;
}

static enum carat_err run(const struct jinja *t, const struct jinja_run *r, struct buf *out, json_t **value,
                          struct err *err)
{
    enum carat_err rc = CARAT_OK;
    struct err scratch = ERR_INIT;
    struct jx *x = calloc(1, sizeof *x);
    if (!x)
        return err_nomem(err, "a template");
    struct jsb text = {.x = x};
    *x = (struct jx){.memory_max = r->memory_max ? r->memory_max : MEMORY_MAX,
                     .steps_max = r->steps_max ? r->steps_max : STEPS_MAX,
                     .output_max = r->output_max ? r->output_max : JINJA_OUTPUT_MAX,
                     .options = t->options,
                     .name = t->name,
                     .run = r,
                     .out = &text,
                     .err = err ? err : &scratch};
    if (!run_guarded(x, t, value))
        rc = x->code;
    else if (out && buf_add(out, text.p ? text.p : "", text.n))
        rc = err_nomem(err, "a template's rendering");
    for (size_t i = 0; i < sizeof x->garbage / sizeof *x->garbage; i++)
        json_decref(x->garbage[i]);
    arena_release(&x->arena);
    free(x);
    return rc;
}

enum carat_err jinja_render(const struct jinja *t, const struct jinja_run *r, struct buf *out, struct err *err)
{
    return run(t, r, out, NULL, err);
}

enum carat_err jinja_value(const struct jinja *t, const struct jinja_run *r, json_t **out, struct err *err)
{
    *out = NULL;
    return run(t, r, NULL, out, err);
}
