#include <criterion/criterion.h>

#include "harness/yaml/pysource.h"

static void expect(const char *file, const char *function, const char *text, const char *args, const char *constants)
{
    struct pysource p;
    struct err err = ERR_INIT;
    struct buf a = BUF_INIT(1 << 16), c = BUF_INIT(1 << 16);
    cr_assert_eq(pysource_read(str_from(file), str_from(function), &p, &err), CARAT_OK, "%s", err.msg);
    cr_expect_str_eq(p.text.p, text, "%s", p.text.p);
    cr_assert(!json_write(p.args, &a) && !json_write(p.constants, &c));
    cr_expect_str_eq(a.p, args, "%s", a.p);
    cr_expect_str_eq(c.p, constants, "%s", c.p);
    buf_release(&a);
    buf_release(&c);
    pysource_release(&p);
}

Test(pysource, takes_a_function_with_what_it_uses_and_nothing_else)
{
    expect("import re\nimport os\n\nLETTERS = ['A', \"B\"]  # the letters\nOTHER = 1\n\n"
           "def helper(x):\n    # why\n    return LETTERS[x]\n\n"
           "def f(doc):\n    \"\"\"What it\n    does.\"\"\"\n\n    return re.sub('#', '', helper(0))   \n\ndef g():\n    pass\n",
           "f",
           "def f(doc):\n    return re.sub('#', '', helper(0))\nimport re\nLETTERS = ['A', \"B\"]\n"
           "def helper(x):\n    return LETTERS[x]\n",
           "{}", "{\"LETTERS\":[\"A\",\"B\"]}");
}

Test(pysource, keeps_what_stands_in_strings)
{
    expect("def f():\n    return '''a  # b\n\n  c  \n'''\n", "f", "def f():\n    return '''a  # b\n\n  c  \n'''\n", "{}", "{}");
}

Test(pysource, reads_the_keywords_of_a_partial)
{
    expect("from functools import partial\ndef f(d, subject, n=1):\n    return d\n"
           "p = partial(f, subject=\"a, (b)\",\n            n=[1, 2])\n",
           "p", "def f(d, subject, n=1):\n    return d\n", "{\"subject\":\"a, (b)\",\"n\":[1,2]}", "{}");
}

Test(pysource, takes_the_whole_file_for_names_bound_at_run_time)
{
    expect("C = ['x']\nglobals().update({c: 1 for c in C})\n", "x", "C = ['x']\nglobals().update({c: 1 for c in C})\n", "{}",
           "{\"C\":[\"x\"]}");
}

Test(pysource, tells_a_name_that_is_not_there)
{
    struct pysource p;
    struct err err = ERR_INIT;
    cr_expect_eq(pysource_read(STR("def f():\n    pass\n"), STR("g"), &p, &err), CARAT_EINPUT);
    cr_expect(strstr(err.msg, "no function 'g'"), "%s", err.msg);
    cr_expect_neq(pysource_read(STR("g = f\n"), STR("g"), &p, &err), CARAT_OK);
}

/* The texts of a function and of what it uses, and the list it returns. */
Test(pysource, keeps_the_texts_of_a_function_and_the_list_that_it_returns)
{
    struct pysource p;
    struct err err = ERR_INIT;
    struct buf texts = BUF_INIT(1 << 16), list = BUF_INIT(1 << 16);
    cr_assert_eq(pysource_read(STR("def h(x):\n    return x + 'h'\ndef f(d):\n    'Doc.'\n    return h(r'\\1' + f'{d} b') + '\\t'\n"),
                               STR("f"), &p, &err),
                 CARAT_OK, "%s", err.msg);
    cr_assert(!json_write(p.literals, &texts));
    cr_expect_str_eq(texts.p, "[\"\\\\1\",\"{d} b\",\"\\t\",\"h\"]", "%s", texts.p);
    cr_expect_null(p.returned);
    pysource_release(&p);
    cr_assert_eq(pysource_read(STR("def g() -> list[dict]:\n    \"\"\"Doc.\"\"\"\n    return [\n        {'q': 'a' 'b'},  # c\n    ]\n"),
                               STR("g"), &p, &err),
                 CARAT_OK, "%s", err.msg);
    cr_assert(p.returned && !json_write(p.returned, &list));
    cr_expect_str_eq(list.p, "[{\"q\":\"ab\"}]", "%s", list.p);
    pysource_release(&p);
    buf_release(&texts);
    buf_release(&list);
}

Test(pysource, takes_a_class_with_what_it_uses)
{
    expect("from m import Base\nN = 3\nclass F(Base):\n    def apply(self, x):\n        return x + N\n", "F",
           "class F(Base):\n    def apply(self, x):\n        return x + N\nfrom m import Base\nN = 3\n", "{}", "{\"N\":3}");
}
