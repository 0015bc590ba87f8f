#include <criterion/criterion.h>

#include "harness/yaml/read.h"
#include "tests/support/support.h"

static json_t *read_ok(const char *text)
{
    struct err err = ERR_INIT;
    json_t *value;
    cr_assert_eq(yaml_read(str_from(text), "t.yaml", "dir", &value, &err), CARAT_OK, "%s: %s", text, err.msg);
    return value;
}

/* The value written as compact JSON. */
static void expect(const char *text, const char *json)
{
    struct buf out = BUF_INIT(1 << 20);
    json_t *value = read_ok(text);
    cr_assert_eq(json_write(value, &out), CARAT_OK);
    cr_expect_str_eq(out.p, json, "%s is %s", text, out.p);
    json_decref(value);
    buf_release(&out);
}

static void refuse(const char *text, const char *message)
{
    struct err err = ERR_INIT;
    json_t *value;
    cr_assert(yaml_read(str_from(text), "t.yaml", "dir", &value, &err), "%s", text);
    cr_expect(strstr(err.msg, message), "'%s' says '%s', not '%s'", text, err.msg, message);
    cr_expect_null(value);
}

/* What PyYAML 6.0's safe loader makes of them. */
Test(yaml_read, types_plain_scalars_as_pyyaml_does)
{
    expect("[1_000, 0o7, 010, 0x1F, 0b11, 12:30, -0, 00, 08, 1__0, 0_, +5]", "[1000,\"0o7\",8,31,3,750,0,0,\"08\",10,0,5]");
    expect("[1e5, 1.5e+3, 1.5e3, 1., .5, +.5, -1.5, 1_0.5, 1:30.5]",
           "[\"1e5\",1500.0,\"1.5e3\",1.0,0.5,\"+.5\",-1.5,10.5,90.5]");
    expect("[yes, No, TRUE, off, On, y, n, yEs]", "[true,false,true,false,true,\"y\",\"n\",\"yEs\"]");
    expect("[~, null, Null, NULL, nULL, '', '~', \"null\"]", "[null,null,null,null,\"nULL\",\"\",\"~\",\"null\"]");
    expect("a:\nb: ' '\n", "{\"a\":null,\"b\":\" \"}");
}

Test(yaml_read, takes_types_from_tags)
{
    expect("[!!str 5, !!int '7', !!float 3, !!bool 'no', !!null '', ! yes]", "[\"5\",7,3.0,false,null,true]");
    refuse("a: !!int x\n", "t.yaml:1: 'x' is no value of the type !!int");
    refuse("a: !thing x\n", "the tag '!thing' is not supported");
    refuse("a: !!python/name:os.system x\n", "is not supported");
    refuse("a: !!binary aGk=\n", "is not supported");
}

Test(yaml_read, reads_every_style_of_scalar)
{
    expect("a: 'one\n\n  two'\n", "{\"a\":\"one\\ntwo\"}");
    expect("a: \"x\\\n  y\\tz\\u00e9\\0\"\n", "{\"a\":\"xy\\tz\xc3\xa9\\u0000\"}");
    expect("a: |\n  one\n   two\n\nb: >-\n  one\n  two\n", "{\"a\":\"one\\n two\\n\",\"b\":\"one two\"}");
    expect("a: |+\n  x\n\nb: plain text\n  over lines\n", "{\"a\":\"x\\n\\n\",\"b\":\"plain text over lines\"}");
    expect("{\"a\": [1, {b: c}], d: []}", "{\"a\":[1,{\"b\":\"c\"}],\"d\":[]}");
}

Test(yaml_read, resolves_anchors_and_merge_keys)
{
    expect("a: &x {k: 1, l: 2}\nb: *x\nc:\n  <<: *x\n  k: 3\n",
           "{\"a\":{\"k\":1,\"l\":2},\"b\":{\"k\":1,\"l\":2},\"c\":{\"k\":3,\"l\":2}}");
    expect("a: &x {kk: 1}\nb: &y {ll: 2}\nc: {<<: [*x, *y], '<<': 5}\n",
           "{\"a\":{\"kk\":1},\"b\":{\"ll\":2},\"c\":{\"kk\":1,\"ll\":2,\"<<\":5}}");
    refuse("a: &x {kk: 1}\nb: &y {kk: 2}\nc:\n  <<: [*x, *y]\n", "t.yaml:4: two mappings merged by '<<'");
    refuse("a: *x\n", "an anchor that is not there");
    refuse("a: &x [*x]\n", "itself part of");
    refuse("a: {<<: 5}\n", "wants a mapping");
}

Test(yaml_read, takes_the_last_of_equal_keys)
{
    expect("{x: 1, q: 2, x: 3}", "{\"x\":3,\"q\":2}");
}

Test(yaml_read, tags_functions_with_their_folder)
{
    expect("a: !function utils.f\n", "{\"a\":{\"!function\":\"utils.f\",\"dir\":\"dir\"}}");
    refuse("a: {'!function': x}\n", "cannot be a key");
}

Test(yaml_read, refuses_what_json_does_not_have)
{
    refuse("a: 2001-01-01\n", "t.yaml:1: '2001-01-01' is read as a date");
    refuse("a: 2001-1-1 10:00:00\n", "is read as a date");
    expect("a: 2001-1-1\n", "{\"a\":\"2001-1-1\"}");
    refuse("a: .inf\n", "not finite");
    refuse("a: 99999999999999999999\n", "beyond 64 bits");
    refuse("yes: 1\n", "t.yaml:1: a key is no text");
    refuse("1: 1\n", "a key is no text");
    refuse("[a]: 1\n", "a key is no text");
}

Test(yaml_read, names_the_line_of_what_is_no_yaml)
{
    refuse("a: 1\nb: [1\nc: 2\n", "t.yaml:3: not valid YAML");
    refuse("", "t.yaml:1: the file is empty");
    refuse("a: 1\n---\nb: 2\n", "a second document");
    refuse("a: \xff\n", "not valid YAML");
}

Test(yaml_read, bounds_depth_and_what_aliases_expand_to)
{
    struct buf b = BUF_INIT(1 << 20);
    for (int i = 0; i < 100; i++)
        buf_addc(&b, '[');
    refuse(b.p, "nested too deep");
    buf_clear(&b);
    buf_adds(&b, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 10; i++) {
        buf_printf(&b, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++)
            buf_printf(&b, "%s*a%d", k ? ", " : "", i - 1);
        buf_adds(&b, "]\n");
    }
    refuse(b.p, "with aliases written out, are too many");
    buf_release(&b);
}
