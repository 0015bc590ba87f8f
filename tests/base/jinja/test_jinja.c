/* Templates against what Jinja2 itself renders (tests/goldens/jinja, written by make_goldens.py), the chat fixtures, and
 * what Jinja2 does not say: refusals, limits, functions of the caller, values. */
#include <criterion/criterion.h>

#include "base/jinja/jinja.h"
#include "tests/support/support.h"

static bool flag(const json_t *options, const char *name) { return json_is_true(json_object_get(options, name)); }

static struct jinja_options read_options(const json_t *o)
{
    return (struct jinja_options){.trim_blocks = flag(o, "trim_blocks"),
                                  .lstrip_blocks = flag(o, "lstrip_blocks"),
                                  .keep_trailing_newline = flag(o, "keep_trailing_newline"),
                                  .strict_undefined = flag(o, "strict_undefined"),
                                  .chat = flag(o, "chat")};
}

static enum carat_err render(struct str text, const struct jinja_options *options, const struct jinja_run *run,
                             struct buf *out, struct err *err)
{
    struct jinja *t;
    enum carat_err rc = jinja_parse(text, "t", options, &t, err);
    if (!rc)
        rc = jinja_render(t, run, out, err);
    jinja_free(t);
    return rc;
}

struct goldens {
    const char *file;
    json_t *context; /* of the file's first line, for those without their own */
    size_t n, bad;
};

static void complain(struct goldens *g, size_t line, const char *template, const char *want, const char *got)
{
    g->bad++;
    cr_log_error("%s:%zu: %s\n  want: %s\n  got:  %s", g->file, line, template, want, got);
}

static void check_case(void *data, size_t line, const json_t *c)
{
    struct goldens *g = data;
    struct str template, want;
    if (!json_get_str(c, "template", &template)) {
        g->context = json_incref(json_object_get(c, "context"));
        return;
    }
    const json_t *own = json_object_get(c, "context");
    const struct jinja_options options = read_options(json_object_get(c, "options"));
    struct buf out = BUF_INIT(1 << 20), raised = BUF_INIT(1 << 20);
    const struct jinja_run run = {.context = own ? own : g->context, .raised = &raised};
    struct err err = ERR_INIT;
    enum carat_err rc = render(template, &options, &run, &out, &err);
    g->n++;
    if (json_get_str(c, "rendered", &want)) {
        if (rc)
            complain(g, line, template.p, want.p, err.msg);
        else if (!str_eq(buf_str(&out), want))
            complain(g, line, template.p, want.p, buf_str(&out).p);
    } else if (!rc) {
        complain(g, line, template.p, "an error", buf_str(&out).p);
    } else if (json_get_str(c, "error", &want) && !str_eq(buf_str(&raised), want)) {
        complain(g, line, template.p, want.p, buf_str(&raised).p);
    }
    buf_release(&out);
    buf_release(&raised);
}

static void check_file(const char *name, size_t at_least)
{
    struct goldens g = {.file = name};
    each_json_line(golden_path(name), check_case, &g);
    json_decref(g.context);
    cr_log_info("%s: %zu of %zu equal", name, g.n - g.bad, g.n);
    cr_assert_eq(g.bad, 0, "%s: %zu of %zu differ", name, g.bad, g.n);
    cr_assert_geq(g.n, at_least);
}

Test(jinja, evaluates_expressions_as_jinja2) { check_file("jinja/expressions.jsonl", 800); }
Test(jinja, runs_statements_as_jinja2) { check_file("jinja/statements.jsonl", 200); }
Test(jinja, treats_white_space_as_jinja2) { check_file("jinja/whitespace.jsonl", 300); }
Test(jinja, renders_task_prompts_as_jinja2) { check_file("jinja/prompts.jsonl", 40); }
Test(jinja, renders_chats_as_jinja2) { check_file("jinja/chats.jsonl", 50); }

/* ---- the chat fixtures ------------------------------------------------------------------------------------ */

struct family {
    struct jinja *template;
    const json_t *config;
    size_t n, bad;
};

static void check_conversation(void *data, size_t line, const json_t *c)
{
    struct family *f = data;
    struct buf out = BUF_INIT(1 << 20), raised = BUF_INIT(1 << 20);
    struct str want;
    struct err err = ERR_INIT;
    json_t *context = json_object();
    json_object_set(context, "messages", json_object_get(c, "messages"));
    json_object_set(context, "add_generation_prompt", json_object_get(c, "add_generation_prompt"));
    json_object_set(context, "bos_token", json_object_get(f->config, "bos_token"));
    json_object_set(context, "eos_token", json_object_get(f->config, "eos_token"));
    if (json_object_get(c, "tools"))
        json_object_set(context, "tools", json_object_get(c, "tools"));
    enum carat_err rc = jinja_render(f->template, &(struct jinja_run){.context = context, .raised = &raised}, &out, &err);
    f->n++;
    const bool fine = json_get_str(c, "rendered", &want) ? !rc && str_eq(buf_str(&out), want)
                      : json_get_str(c, "error", &want) ? rc == CARAT_EINPUT && str_eq(buf_str(&raised), want)
                                                         : false;
    if (!fine) {
        f->bad++;
        cr_log_error("line %zu: %s", line, rc ? err.msg : buf_str(&out).p);
    }
    buf_release(&out);
    buf_release(&raised);
    json_decref(context);
}

static const struct {
    const char *name, *tokenizer;
} families[] = {{"gemma", "gemma"}, {"gemma3", "gemma3"}, {"llama2", "llama"}, {"mistral-v1", "mistral"}, {"mistral-v3", "mistral"}};

Test(jinja, renders_every_chat_fixture_byte_for_byte)
{
    SHARED_OR_SKIP(folder, "fixtures");
    size_t n = 0;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        char path[512];
        struct buf text = BUF_INIT(1 << 20);
        json_t *config = NULL;
        struct err err = ERR_INIT;
        const struct jinja_options options = {.trim_blocks = true, .lstrip_blocks = true, .chat = true};
        snprintf(path, sizeof path, "%s/tokenizers/%s/tokenizer_config.json", folder, families[i].tokenizer);
        config = json_load_file(path, JSON_DECODE_INT_AS_REAL, NULL); /* model_max_length is beyond 64 bits */
        cr_assert(config);
        snprintf(path, sizeof path, "%s/chat/%s.jinja", folder, families[i].name);
        cr_assert_eq(file_read(path, 1 << 20, &text, &err), CARAT_OK, "%s", err.msg);
        struct family f = {.config = config};
        cr_assert_eq(jinja_parse(buf_str(&text), path, &options, &f.template, &err), CARAT_OK, "%s", err.msg);
        snprintf(path, sizeof path, "%s/chat/%s.jsonl", folder, families[i].name);
        each_json_line(path, check_conversation, &f);
        cr_assert_eq(f.bad, 0, "%s: %zu of %zu differ", families[i].name, f.bad, f.n);
        n += f.n;
        jinja_free(f.template);
        json_decref(config);
        buf_release(&text);
    }
    cr_log_info("chat fixtures: %zu equal", n);
    cr_assert_eq(n, 234);
}

/* ---- what is refused, and how ------------------------------------------------------------------------------------ */

static const struct {
    const char *text;
    enum carat_err code;
    const char *message;
} refused[] = {
    {"a\n{% include 'x' %}", CARAT_EUNSUPPORTED, "t:2: the tag 'include' is not supported"},
    {"{% extends 'x' %}", CARAT_EUNSUPPORTED, "t:1: the tag 'extends' is not supported"},
    {"{% import 'x' as y %}", CARAT_EUNSUPPORTED, "t:1: the tag 'import' is not supported"},
    {"{% for x in l recursive %}{% endfor %}", CARAT_EUNSUPPORTED, "t:1: recursive loops are not supported"},
    {"{{ 'a'.__class__ }}", CARAT_EUNSUPPORTED, "t:1: the attribute '__class__' is refused"},
    {"{{ ''['__class__'] }}", CARAT_EUNSUPPORTED, "t:1: the attribute '__class__' is refused"},
    {"{{ 'a'.encode() }}", CARAT_EUNSUPPORTED, "t:1: the method 'encode' of 'str' is not supported"},
    {"{{ 'a' | urlize }}", CARAT_EUNSUPPORTED, "t:1: the filter 'urlize' is not supported"},
    {"{{ [1] | random }}", CARAT_EUNSUPPORTED, "t:1: the filter 'random' is not supported"},
    {"{{ lipsum() }}", CARAT_EUNSUPPORTED, "t:1: lipsum is not supported"},
    {"{{ 2 ** 64 }}", CARAT_EUNSUPPORTED, "t:1: an integer beyond 64 bits is not supported"},
    {"{{ 9223372036854775807 + 1 }}", CARAT_EUNSUPPORTED, "t:1: an integer beyond 64 bits is not supported"},
    {"{{ dict(*[1]) }}", CARAT_EUNSUPPORTED, "t:1: * and ** in a call's arguments are not supported"},
    {"{{ range }}", CARAT_EUNSUPPORTED, "t:1: the text of a value of type 'function' is not supported"},
    {"\n\n{{ x.y.z }}", CARAT_EINPUT, "t:3: 'x' is undefined"},
    {"{{ {}.y.z }}", CARAT_EINPUT, "t:1: 'dict object' has no attribute 'y'"},
    {"{{ [][3].z }}", CARAT_EINPUT, "t:1: list object has no element 3"},
    {"{{ 1 + 'a' }}", CARAT_EINPUT, "t:1: unsupported operand type(s) for +: 'int' and 'str'"},
    {"a\n{{ x | nofilter }}", CARAT_EINPUT, "t:2: no filter named 'nofilter'"},
    {"{% wat %}", CARAT_EINPUT, "t:1: unknown tag 'wat'"},
    {"{% break %}", CARAT_EINPUT, "t:1: unknown tag 'break'"},
    {"{{ raise_exception('x') }}", CARAT_EINPUT, "t:1: 'raise_exception' is undefined"},
    {"{% if 1 %}\n", CARAT_EINPUT, "t:1: unexpected end of template: expected 'elif'"},
    {"\xff", CARAT_EINPUT, "t:1: byte 0 is not UTF-8"},
    {"{{ '\\ud800' }}", CARAT_EINPUT, "t:1: a string has a surrogate or a code point past U+10FFFF"},
    {"{{ 'a' | regex_replace('\\\\Z', '') }}", CARAT_EUNSUPPORTED, "t:1: regex_replace: \\Z is not supported"},
    {"{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' | regex_replace('(a|a)*[bc]', '') }}", CARAT_EUNSUPPORTED,
     "t:1: regex_replace: a match takes too many steps"},
};

Test(jinja, refuses_by_name_and_line)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct buf out = BUF_INIT(1000);
        struct err err = ERR_INIT;
        enum carat_err rc = render(str_from(refused[i].text), &(struct jinja_options){0}, &(struct jinja_run){0}, &out, &err);
        cr_expect_eq(rc, refused[i].code, "%s: code %d", refused[i].text, rc);
        cr_expect_str_eq(err.msg, refused[i].message);
        cr_expect_eq(out.n, 0);
        buf_release(&out);
    }
}

static const struct jinja_options chat_options = {.trim_blocks = true, .lstrip_blocks = true, .chat = true};

static const char *const endless[] = {
    "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
    "{% for i in range(100000) %}{{ 'x' * 100000 }}{% endfor %}",
    "{% set x = 'x' * 1000000000 %}",
    "{% set x = [0] * 9223372036854775807 %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% set ns = namespace(x=[]) %}{% for i in range(10000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace(x='ab') %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "{% for i in range(100000) %}{% set x = ('a' * 100000).count('aa') %}{% endfor %}",
    "{{ '%999999999d' % 1 }}",
    "{{ 'x'.ljust(99999999999) }}",
    "{{ 1 | indent(99999999999) }}",
    "{{ '' | indent(99999999999) }}",
    "{{ [] | slice(99999999999) | list }}",
    "{{ [1] | batch(99999999999, 1) | list }}",
    "{{ [1] | tojson(indent=99999999999) }}",
};

Test(jinja, stops_what_would_run_or_grow_for_ever, .timeout = 60)
{
    for (size_t i = 0; i < sizeof endless / sizeof *endless; i++) {
        struct buf out = BUF_INIT(JINJA_OUTPUT_MAX);
        struct err err = ERR_INIT;
        const struct jinja_run run = {.memory_max = 32 << 20, .output_max = 1 << 20};
        enum carat_err rc = render(str_from(endless[i]), &chat_options, &run, &out, &err);
        cr_expect_neq(rc, CARAT_OK, "%s", endless[i]);
        buf_release(&out);
    }
}

Test(jinja, stops_deep_nesting)
{
    struct buf text = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;
    buf_adds(&text, "{{ ");
    for (int i = 0; i < 100000; i++)
        buf_addc(&text, '(');
    cr_assert_eq(render(buf_str(&text), &chat_options, &(struct jinja_run){0}, &out, &err), CARAT_EUNSUPPORTED);
    buf_clear(&text);
    for (int i = 0; i < 10000; i++)
        buf_adds(&text, "{% if 1 %}");
    cr_assert_eq(render(buf_str(&text), &chat_options, &(struct jinja_run){0}, &out, &err), CARAT_EUNSUPPORTED);
    buf_clear(&text);
    buf_adds(&text, "{{ ");
    for (int i = 0; i < 20000; i++)
        buf_adds(&text, "- not ");
    cr_assert_neq(render(buf_str(&text), &chat_options, &(struct jinja_run){0}, &out, &err), CARAT_OK);
    buf_release(&text);
    buf_release(&out);
}

/* ---- functions of the caller, values ------------------------------------------------------------------------------- */

static enum carat_err host_echo(void *data, const json_t *args, const json_t *kwargs, json_t **result, struct err *err)
{
    if (!json_array_size(args))
        return err_set(err, CARAT_EINPUT, "no argument");
    *result = json_pack("[s, O, O]", (const char *)data, args, kwargs);
    return CARAT_OK;
}

Test(jinja, calls_the_callers_functions)
{
    static const struct jinja_function f = {"echo", host_echo, (void *)(uintptr_t)"tag"};
    const struct jinja_run run = {.functions = &f, .n_functions = 1};
    struct buf out = BUF_INIT(1000);
    struct err err = ERR_INIT;
    cr_assert_eq(render(STR("{{ echo(1, (2.5, none), k='v') }}"), &chat_options, &run, &out, &err), CARAT_OK, "%s", err.msg);
    cr_assert_str_eq(out.p, "['tag', [1, [2.5, None]], {'k': 'v'}]");
    buf_clear(&out);
    cr_assert_eq(render(STR("{{ echo() }}"), &chat_options, &run, &out, &err), CARAT_EINPUT);
    cr_assert_str_eq(err.msg, "t:1: echo(): no argument");
    buf_release(&out);
}

static const struct {
    const char *template, *json;
} values[] = {
    {"{{ [1, 'a', none, true, (2.5,)] }}", "[1,\"a\",null,true,[2.5]]"},
    {"{{ {'a': [x]} }}", "{\"a\":[3]}"},
    {"{{ x }}", "3"},
    {"{{ x }} ", "\"3 \""},
    {"{{ 'a' ~ x }}", "\"a3\""},
    {"{{ [1, 2] | map('string') }}", "[\"1\",\"2\"]"},
    {"{{ {'k': 1}.items() }}", "[[\"k\",1]]"},
    {"{{ range(3) }}", "[0,1,2]"},
    {"", "\"\""},
    {"{{ y }}", NULL},
    {"{{ [y] }}", NULL},
    {"{{ {1: 2} }}", NULL},
    {"{{ [1.0 * 1e308 * 10] }}", NULL},
    {"{{ [x.real] }}", NULL},
    {"{% set y = [] %}{% for i in range(x) %}{% set _ = y.append(i) %}{% endfor %}{{ y }}", "[0,1,2]"},
    {"{% set y = x + 1 %}{{ x }}{{ y }}", "\"34\""},
    {"{% if x %}{% endif %}", "\"\""},
};

Test(jinja, gives_values)
{
    json_t *context = json_pack("{s:i}", "x", 3);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct jinja *t;
        json_t *v;
        struct buf text = BUF_INIT(1000);
        cr_assert_eq(jinja_parse(str_from(values[i].template), "t", &(struct jinja_options){0}, &t, NULL), CARAT_OK);
        enum carat_err rc = jinja_value(t, &(struct jinja_run){.context = context}, &v, NULL);
        cr_expect_eq(rc == CARAT_OK, values[i].json != NULL, "%s", values[i].template);
        if (v) {
            cr_assert_eq(json_write(v, &text), CARAT_OK);
            cr_expect_str_eq(text.p, values[i].json);
        }
        json_decref(v);
        jinja_free(t);
        buf_release(&text);
    }
    json_decref(context);
}

static const struct {
    const char *text, *json; /* NULL: refused */
} literals[] = {
    {"[1, 'a', \"b\", None, True, False]", "[1,\"a\",\"b\",null,true,false]"},
    {"(1, 2,)", "[1,2]"},
    {"(1)", "1"},
    {"()", "[]"},
    {"1, 2", "[1,2]"},
    {"  [ 1 ,\n 2 # two\n ]\n", "[1,2]"},
    {"{'a': [1], 'b': {}}", "{\"a\":[1],\"b\":{}}"},
    {"'it\\'s \\x41\\u00e9\\n'", "\"it's A\xc3\xa9\\n\""},
    {"r'\\n'", "\"\\\\n\""},
    {"'a' \"b\"", "\"ab\""},
    {"'''a\n'b'''", "\"a\\n'b\""},
    {"''", "\"\""},
    {"-1.5e3", "-1500.0"},
    {"- 1", "-1"},
    {"0x1f", "31"},
    {"1_000", "1000"},
    {".5", "0.5"},
    {"1e-3", "0.001"},
    {"[[1, [2, (3,)]], {'k': None}]", "[[1,[2,[3]]],{\"k\":null}]"},
    {"[1 2]", NULL},
    {"[1,,2]", NULL},
    {"[1", NULL},
    {"1]", NULL},
    {"abc", NULL},
    {"[abc]", NULL},
    {"'a", NULL},
    {"'a\nb'", NULL},
    {"1 + 1", NULL},
    {"012", NULL},
    {"{1, 2}", NULL},
    {"{1: 2}", NULL},
    {"b'a'", NULL},
    {"1j", NULL},
    {"99999999999999999999", NULL},
    {"", NULL},
    {"true", NULL},
    {"[1e999]", NULL},
    {"1.2.3", NULL},
    {"nan", NULL},
    {"-'a'", NULL},
};

Test(jinja, reads_python_literals)
{
    for (size_t i = 0; i < sizeof literals / sizeof *literals; i++) {
        json_t *v;
        struct buf text = BUF_INIT(1000);
        struct err err = ERR_INIT;
        enum carat_err rc = jinja_literal(str_from(literals[i].text), &v, &err);
        cr_expect_eq(rc == CARAT_OK, literals[i].json != NULL, "%s: %s", literals[i].text, err.msg);
        if (v) {
            cr_assert_eq(json_write(v, &text), CARAT_OK);
            cr_expect_str_eq(text.p, literals[i].json);
        }
        json_decref(v);
        buf_release(&text);
    }
    struct buf deep = BUF_INIT(1 << 20);
    json_t *v;
    for (int i = 0; i < 100000; i++)
        buf_addc(&deep, '[');
    cr_assert_eq(jinja_literal(buf_str(&deep), &v, NULL), CARAT_EUNSUPPORTED);
    buf_release(&deep);
}
