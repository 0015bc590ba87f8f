/* As much of Criterion as the tests of the kernels use, in one file: for `make test-neon`, which builds them for another
 * machine, where there is no Criterion. A failed assertion ends the program. */
#ifndef CARAT_TESTS_NEON_CRITERION_H
#define CARAT_TESTS_NEON_CRITERION_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct neon_test {
    const char *suite, *name;
    void (*run)(void);
    struct neon_test *next;
};
extern struct neon_test *neon_tests; /* all of them, from constructors */

/* What stands behind the name (.timeout = ...) does not matter here. */
#define Test(suite_, name_, ...)                                                              \
    static void suite_##_##name_(void);                                                       \
    static struct neon_test test_##suite_##_##name_ = {#suite_, #name_, suite_##_##name_, 0}; \
    __attribute__((constructor)) static void add_##suite_##_##name_(void)                     \
    {                                                                                         \
        test_##suite_##_##name_.next = neon_tests;                                            \
        neon_tests = &test_##suite_##_##name_;                                                \
    }                                                                                         \
    static void suite_##_##name_(void)

__attribute__((noreturn, format(printf, 4, 5))) void neon_fail(const char *file, int line, const char *what,
                                                                const char *format, ...);
#define cr_assert(ok, ...) ((ok) ? (void)0 : neon_fail(__FILE__, __LINE__, #ok, " " __VA_ARGS__))
#define cr_assert_eq(a, b, ...) cr_assert((a) == (b), __VA_ARGS__)
#define cr_assert_gt(a, b, ...) cr_assert((a) > (b), __VA_ARGS__)
#define cr_assert_leq(a, b, ...) cr_assert((a) <= (b), __VA_ARGS__)
#define cr_expect_lt(a, b, ...) cr_assert((a) < (b), __VA_ARGS__)
#define cr_assert_float_eq(a, b, e, ...) cr_assert(fabs((a) - (b)) <= (e), __VA_ARGS__)
#define cr_assert_arr_eq(a, b, n, ...) cr_assert(memcmp(a, b, n) == 0, __VA_ARGS__)

#endif
