#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/cas/cas.h"
#include "tests/support/support.h"

/* The next field up to `end`, which is passed over. */
static struct str field(const char **at, char end)
{
    const char *from = *at, *to = strchr(from, end);
    cr_assert(to, "no end of a field");
    *at = to + 1;
    return (struct str){from, (size_t)(to - from)};
}

/* tests/goldens/cas/make.py asked the reference for each pair. Undecided counts as not equal. */
Test(cas, agrees_with_the_reference_on_made_up_answers)
{
    struct buf text = BUF_INIT(1 << 20);
    cr_assert_eq(file_read(golden_path("cas/pairs.tsv"), 1 << 20, &text, NULL), CARAT_OK);
    size_t n = 0, same = 0;
    for (const char *at = text.p; at < text.p + text.n; n++) {
        bool wanted = *field(&at, '\t').p == '1';
        struct str a = field(&at, '\t'), b = field(&at, '\n');
        enum cas_verdict verdict = cas_latex_equal(a, b);
        same += wanted == (verdict == CAS_EQUAL);
        cr_expect(wanted || verdict != CAS_EQUAL, "line %zu: '%.*s' and '%.*s' are taken for equal", n + 1, (int)a.n, a.p,
                  (int)b.n, b.p);
    }
    cr_assert_gt(n, 1400);
    cr_expect(100 * same >= 99 * n, "%zu of %zu verdicts agree", same, n);
    buf_release(&text);
}

struct pair {
    const char *a, *b;
    enum cas_verdict verdict;
};

static void check(const struct pair *pairs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        enum cas_verdict verdict = cas_latex_equal(str_from(pairs[i].a), str_from(pairs[i].b));
        cr_expect_eq(verdict, pairs[i].verdict, "'%s' and '%s': %d", pairs[i].a, pairs[i].b, (int)verdict);
    }
}

Test(cas, roots_and_powers_are_exact)
{
    static const struct pair pairs[] = {
        {"\\sqrt{2}+\\sqrt{3}", "\\sqrt{5+2\\sqrt{6}}", CAS_EQUAL},
        {"\\sqrt[3]{-8}", "-2", CAS_DIFFERENT}, /* the principal root is 1 + sqrt(3) i */
        {"\\frac{1}{\\sqrt{2}+\\sqrt{3}}", "\\sqrt{3}-\\sqrt{2}", CAS_EQUAL},
        {"2^{100}", "1267650600228229401496703205376", CAS_EQUAL},
        {"0.1+0.2", "0.3", CAS_UNDECIDED}, /* the reference adds these in floating point */
        {"\\frac{1}{3}+\\frac{1}{6}", "0.5", CAS_UNDECIDED},
        {"\\frac{1}{4}+\\frac{1}{4}", "0.5", CAS_EQUAL},
        {"0.3", "\\frac{3}{10}", CAS_EQUAL},
        {"0.333333", "\\frac{1}{3}", CAS_DIFFERENT},
        {"\\sqrt{x^2}", "x", CAS_DIFFERENT},
        {"\\frac{x^3-y^3}{x-y}", "x^2+xy+y^2", CAS_EQUAL},
        {"\\frac{1}{x-1}-\\frac{1}{x+1}", "\\frac{2}{x^2-1}", CAS_EQUAL},
    };
    check(pairs, sizeof pairs / sizeof *pairs);
}

Test(cas, what_is_no_term_or_too_much_is_not_equal)
{
    static const struct pair pairs[] = {
        {"(1,2)", "(1,2)", CAS_DIFFERENT}, /* the caller compares texts first */
        {"x<5", "x<5", CAS_DIFFERENT},
        {"\\infty", "\\infty", CAS_DIFFERENT},
        {"\\frac{1}{0}", "\\frac{1}{0}", CAS_DIFFERENT},
        {"7%", "7%", CAS_DIFFERENT},
        {"\\sum_{i=1}^{3}i", "6", CAS_UNDECIDED},
        {"(1+x+y+z)^{60}(1+a+b+c)^{60}", "0", CAS_DIFFERENT}, /* by a number */
        {"99999999999999999999999999999999999999999", "1", CAS_UNDECIDED},
    };
    check(pairs, sizeof pairs / sizeof *pairs);
}

Test(cas, depth_and_length_are_limited, .timeout = 10)
{
    enum { N = 5000 };
    char *deep = malloc(N), *wide = malloc(N);
    memset(deep, '(', N);
    memset(wide, '-', N);
    cr_expect_eq(cas_latex_equal((struct str){deep, 1500}, STR("1")), CAS_UNDECIDED);
    cr_expect_eq(cas_latex_equal((struct str){wide, 1500}, STR("1")), CAS_UNDECIDED);
    cr_expect_eq(cas_latex_equal((struct str){deep, N}, STR("1")), CAS_UNDECIDED);
    for (int i = 0; i + 1 < N; i += 2)
        memcpy(deep + i, "x(", 2);
    cr_expect_neq(cas_latex_equal((struct str){deep, 1500}, STR("1")), CAS_EQUAL);
    cr_expect_eq(cas_latex_equal(STR("0^60000000000000000000000000"), STR("0")), CAS_EQUAL);
    cr_expect_eq(cas_latex_equal(STR("(0x)^{60000000000000000000}"), STR("1")), CAS_DIFFERENT);
    free(deep);
    free(wide);
}
