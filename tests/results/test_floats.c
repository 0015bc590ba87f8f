/* Log-probabilities as bits: every float32 comes back, other numbers are declined, damage is found. */
#include <math.h>
#include <stdio.h>

#include <criterion/criterion.h>

#include "results/pack.h"
#include "store_support.h"

static void expect_back(const double *x, size_t n)
{
    struct buf b = BUF_INIT(1 << 20);
    struct arena a = ARENA_INIT;
    double *back;
    cr_assert(pack_floats(&b, x, n));
    cr_assert(pack_read_floats(buf_str(&b), n, &a, &back));
    cr_assert(!n || memcmp(back, x, n * sizeof *x) == 0);
    arena_release(&a);
    buf_release(&b);
}

Test(floats, every_log_probability_comes_back_with_its_bits)
{
    static const double edges[] = {0, -1, -0x1p-149, -0x1.fffffep127, -0x1p-126, -0x1.fffffcp-127, -0x1.000002p0, -20.5, 0};
    double x[300];
    uint64_t rng = 9;
    expect_back(edges, sizeof edges / sizeof *edges);
    expect_back(edges, 1);
    expect_back(NULL, 0);
    for (int round = 0; round < 200; round++) {
        size_t n = random_next(&rng) % 300;
        int spread = (int)(random_next(&rng) % 120);
        for (size_t i = 0; i < n; i++) {
            uint64_t r = random_next(&rng);
            x[i] = r % 31 == 0 ? 0 : -(double)ldexpf((float)(r >> 40) + 1, -(int)(r % (unsigned)(spread + 1)));
        }
        expect_back(x, n);
    }
}

Test(floats, other_numbers_are_declined)
{
    static const double others[] = {1, -0.0, -0.1, -INFINITY, NAN, -1e300, 0x1p-149};
    struct buf b = BUF_INIT(1 << 20);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        cr_assert_not(pack_floats(&b, &others[i], 1), "%g", others[i]);
        cr_assert_eq(b.n, 0);
    }
}

Test(floats, a_number_takes_a_little_more_than_three_bytes)
{
    double x[100];
    uint64_t rng = 3;
    struct buf b = BUF_INIT(1 << 20);
    for (size_t i = 0; i < 100; i++)
        x[i] = (double)(float)(2.5 * log(((double)(random_next(&rng) >> 11) + 1) * 0x1p-53));
    cr_assert(pack_floats(&b, x, 100));
    cr_expect_leq(b.n, (size_t)330);
    buf_release(&b);
}

Test(floats, any_bytes_are_read_without_harm)
{
    unsigned char bytes[40];
    uint64_t rng = 1;
    struct arena a = ARENA_INIT;
    double *x;
    for (int round = 0; round < 20000; round++) {
        size_t n = random_next(&rng) % sizeof bytes;
        for (size_t i = 0; i < n; i++)
            bytes[i] = (unsigned char)random_next(&rng);
        if (n)
            bytes[0] &= 7;
        size_t count = random_next(&rng) % 16;
        if (pack_read_floats((struct str){(const char *)bytes, n}, count, &a, &x))
            for (size_t i = 0; i < count; i++)
                cr_assert(isfinite(x[i]) && x[i] <= 0);
        arena_reset(&a);
    }
    cr_assert_not(pack_read_floats(STR("\1\177"), SIZE_MAX, &a, &x));
    arena_release(&a);
}
