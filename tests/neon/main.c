/* Runs the tests of the kernels where neither Criterion nor another library is: `make test-neon`. */
#include <criterion/criterion.h>

#include <stdarg.h>

#include "engine/compute/kernels.h"

struct neon_test *neon_tests;

void neon_fail(const char *file, int line, const char *what, const char *format, ...)
{
    va_list args;
    fprintf(stderr, "%s:%d: %s", file, line, what);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

int main(void)
{
    size_t n = 0;
    if (kernels_at(0) != &kernels_neon) {
        fprintf(stderr, "NEON is not the best that this machine has\n");
        return 1;
    }
    for (const struct neon_test *t = neon_tests; t; t = t->next, n++) {
        fprintf(stderr, "%s::%s\n", t->suite, t->name);
        t->run();
    }
    fprintf(stderr, "neon: %zu tests passed\n", n);
    return n ? 0 : 1;
}
