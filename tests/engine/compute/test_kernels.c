/* Every kernel: the same bits on every instruction set this machine has, and close to the C library's double. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/compute/fixmath.h"
#include "engine/compute/kernels.h"

#define N 4096

static double noise(uint64_t *state) /* (-1, 1) */
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(int32_t)(*state >> 32) / 2147483648.0;
}

static float *floats(size_t n, uint64_t seed, double size)
{
    void *p;
    cr_assert_eq(posix_memalign(&p, 64, (n + 16) * sizeof(float)), 0);
    for (size_t i = 0; i < n; i++)
        ((float *)p)[i] = (float)(noise(&seed) * size);
    return p;
}

/* Rows padded with zeros. */
static float *rows(size_t n, size_t width, uint64_t seed)
{
    size_t ld = kernel_row(width);
    float *p = floats(n * ld, seed, 1);
    for (size_t i = 0; i < n; i++)
        memset(p + i * ld + width, 0, (ld - width) * sizeof *p);
    return p;
}

static float widened(const unsigned char *w, enum dtype dtype, size_t i)
{
    uint32_t bits = 0;
    float f;
    if (dtype == DTYPE_F32) {
        memcpy(&f, w + 4 * i, 4);
        return f;
    }
    uint16_t h;
    memcpy(&h, w + 2 * i, 2);
    if (dtype == DTYPE_BF16) {
        bits = (uint32_t)h << 16;
        memcpy(&f, &bits, 4);
        return f;
    }
    double m = (h >> 10 & 31) ? ldexp(1024 + (h & 1023), (h >> 10 & 31) - 25) : ldexp(h & 1023, -24);
    return (float)(h & 0x8000 ? -m : m);
}

/* Weights of any type at an odd address: nothing in a file is aligned. */
static unsigned char *weights(size_t n, enum dtype dtype, uint64_t seed)
{
    unsigned char *p = malloc(n * 4 + 1);
    for (size_t i = 0; i < n; i++) {
        float f = (float)noise(&seed);
        uint32_t bits;
        memcpy(&bits, &f, 4);
        uint16_t h = dtype == DTYPE_BF16 ? (uint16_t)(bits >> 16) : (uint16_t)((bits >> 9 & 0xbfff) & 0xbbff);
        if (dtype == DTYPE_F32)
            memcpy(p + 1 + 4 * i, &f, 4);
        else
            memcpy(p + 1 + 2 * i, &h, 2);
    }
    return p;
}

/* Calls fn for each table but the portable one, which is what they are held against. */
static void each_table(void (*fn)(const struct kernel_table *t))
{
    const struct kernel_table *t;
    for (size_t i = 0; (t = kernels_at(i)); i++)
        if (t != &kernels_portable)
            fn(t);
}

static void check_bits(const struct kernel_table *t, const char *what, const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        cr_assert(memcmp(&a[i], &b[i], sizeof *a) == 0, "%s: %s [%zu] is %a, portable has %a", t->isa, what, i,
                  (double)b[i], (double)a[i]);
}

/* ---- products ----------------------------------------------------------------------- */

static float rounded_bf16(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, 4);
    bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
    memcpy(&x, &bits, 4);
    return x;
}

/* Against double, of the numbers as they stand or rounded to bf16. */
static void check_sums(const struct matmul *m, const float *x, bool bf16)
{
    for (size_t r = 0; r < m->rows; r++)
        for (size_t c = 0; c < m->cols; c++) {
            double sum = 0, size = 0;
            for (size_t i = 0; i < m->k; i++) {
                float a = x[r * m->ldx + i], b = widened(m->w, m->dtype, c * m->k + i);
                double term = bf16 ? (double)rounded_bf16(a) * (double)rounded_bf16(b) : (double)a * (double)b;
                sum += term;
                size += fabs(term);
            }
            cr_assert(fabs((double)m->y[r * m->ldy + c] - sum) <= 1e-6 * size + 1e-12, "row %zu, column %zu", r, c);
        }
}

/* Rows packed, where the kernels have such an order; or NULL. */
static float *packed(const struct kernel_table *t, enum carat_precision precision, const struct matmul *m)
{
    float *p = t->pack[precision] ? floats(m->rows * kernel_row(m->k), 1, 1) : NULL;
    for (size_t r = 0; p && r < m->rows; r += KERNEL_GROUP)
        t->pack[precision](p, m->x, m->ldx, m->rows, m->k, r);
    return p;
}

static void product(const struct kernel_table *t, enum carat_precision precision, size_t n_rows, size_t cols, size_t k,
                    enum dtype dtype, float *y)
{
    float *x = rows(n_rows, k, 5), *plain = rows(n_rows, k, 5), *work = floats(KERNEL_WORK, 1, 1);
    unsigned char *w = weights(cols * k, dtype, 9);
    struct matmul m = {w + 1, dtype, k, cols, n_rows, x, kernel_row(k), y, cols, work, NULL, NULL};
    for (size_t r = 0; t->prepare[precision] && r < n_rows; r++)
        t->prepare[precision](x + r * m.ldx, k);
    t->matmul[precision](&m);
    float *order = packed(t, precision, &m), *again = floats(n_rows * cols, 1, 1);
    m.packed = order;
    m.y = again;
    t->matmul[precision](&m);
    check_bits(t, "packed rows", y, again, n_rows * cols);
    if (t == &kernels_portable)
        check_sums(&m, plain, precision == CARAT_PRECISION_BF16);
    free(x);
    free(plain);
    free(work);
    free(w);
    free(order);
    free(again);
}

/* Rounding elsewhere in a dot product of pairs leaves bits of its own: those are close, no more. */
static void check_near(const struct kernel_table *t, const float *a, const float *b, size_t n, size_t k)
{
    for (size_t i = 0; i < n; i++)
        cr_assert_float_eq((double)b[i], (double)a[i], 4e-7 * (double)k, "%s: [%zu]", t->isa, i);
}

static void check_products_at(const struct kernel_table *t, enum carat_precision precision)
{
    static const size_t SHAPES[][3] = { /* rows, columns, k */
        {1, 1, 1}, {1, 5, 16}, {2, 4, 15}, {3, 9, 33}, {4, 25, 100}, {5, 3, 17}, {6, 24, 64}, {7, 50, 48},
        {65, 49, 40}, {130, 7, 31}, {300, 49, 17}, {15, 97, 2400}, {259, 33, 4700}, {5, 26, 1025}, {66, 25, 2100}, {4, 6, 2055}, {133, 8, 4200},
    };
    for (size_t i = 0; i < sizeof SHAPES / sizeof *SHAPES; i++)
        for (enum dtype d = DTYPE_F32; d <= DTYPE_F16; d++) {
            size_t n = SHAPES[i][0] * SHAPES[i][1];
            float *a = floats(n, 2, 1), *b = floats(n, 3, 1);
            product(&kernels_portable, precision, SHAPES[i][0], SHAPES[i][1], SHAPES[i][2], d, a);
            product(t, precision, SHAPES[i][0], SHAPES[i][1], SHAPES[i][2], d, b);
            if (precision == CARAT_PRECISION_BF16 && !kernels_bf16_exact(t))
                check_near(t, a, b, n, SHAPES[i][2]);
            else
                check_bits(t, "matmul", a, b, n);
            free(a);
            free(b);
        }
}

static void check_products(const struct kernel_table *t)
{
    check_products_at(t, CARAT_PRECISION_F32);
}

static void check_bf16_products(const struct kernel_table *t)
{
    check_products_at(t, CARAT_PRECISION_BF16);
}

Test(kernels, products_have_the_same_bits_everywhere_and_are_right, .timeout = 120)
{
    each_table(check_products);
}

Test(kernels, bf16_products_have_the_same_bits_everywhere_and_are_right, .timeout = 120)
{
    each_table(check_bf16_products);
}

/* Numbers near the smallest: there flushing them to zero decides. */
static void check_small_bf16(const struct kernel_table *t)
{
    enum { K = 96, COLS = 24, ROWS = 6 };
    float y[2][ROWS * COLS];
    const struct kernel_table *tables[] = {&kernels_portable, t};
    for (int i = 0; i < 2; i++) {
        float *x = floats(ROWS * K, 3, 0x1p-60), *w = floats(COLS * K, 4, 0x1p-66), *work = floats(KERNEL_WORK, 1, 1);
        for (size_t j = 0; j < ROWS * K; j += 7)
            x[j] *= 0x1p-70f;
        struct matmul m = {(unsigned char *)w, DTYPE_F32, K, COLS, ROWS, x, K, y[i], COLS, work, NULL, NULL};
        for (size_t r = 0; r < ROWS; r++)
            tables[i]->prepare[CARAT_PRECISION_BF16](x + r * K, K);
        tables[i]->matmul[CARAT_PRECISION_BF16](&m);
        free(x), free(w), free(work);
    }
    if (kernels_bf16_exact(t))
        check_bits(t, "small numbers", y[0], y[1], (size_t)ROWS * COLS);
}

Test(kernels, bf16_products_flush_small_numbers_alike)
{
    each_table(check_small_bf16);
}

Test(kernels, a_row_of_a_product_does_not_depend_on_the_others)
{
    enum { COLS = 31, K = 1100, ROWS = 70 };
    const struct kernel_table *t;
    float *all = floats(ROWS * COLS, 1, 1), *one = floats(ROWS * COLS, 1, 1);
    for (size_t i = 0; (t = kernels_at(i)); i++)
        for (enum carat_precision p = CARAT_PRECISION_F32; p <= CARAT_PRECISION_BF16; p++) {
            product(t, p, ROWS, COLS, K, DTYPE_BF16, all);
            for (size_t n = 1; n < ROWS; n += n < 12 ? 1 : 13) {
                product(t, p, n, COLS, K, DTYPE_BF16, one);
                cr_assert(memcmp(all, one, n * COLS * sizeof *one) == 0, "%s: %zu rows", t->isa, n);
            }
        }
    free(all);
    free(one);
}

/* ---- functions ---------------------------------------------------------------------- */

enum { GELU, GELU_ERF, UNGATED, SILU, CAP, SOFTMAX, NORM, LAYER_NORM, N_FUNCTIONS };

/* Every exponent and both signs, then the usual range densely; zeros and the edges of exp. */
static void fill(float *x)
{
    uint64_t state = 3;
    static const float EDGES[] = {0.0f, -0.0f, 86.6f, -86.6f, -86.61f, 88.3f, 90.0f, -90.0f, 0.6f, -0.6f, 1e-30f, -1e30f};
    for (size_t i = 0; i < N; i++)
        x[i] = i < N / 4 ? (float)ldexp(noise(&state), (int)(i % 60) - 40) : (float)(noise(&state) * 12);
    memcpy(x, EDGES, sizeof EDGES);
}

static void apply(const struct kernel_table *t, int f, float *x, size_t n)
{
    float *ones = floats(n, 1, 1);
    for (size_t i = 0; i < n; i++)
        ones[i] = 1;
    switch (f) {
    case GELU: t->gated(ACT_GELU_TANH, x, ones, n); break;
    case GELU_ERF: t->gated(ACT_GELU, x, ones, n); break;
    case UNGATED: t->activate(ACT_GELU, x, n); break;
    case SILU: t->gated(ACT_SILU, x, ones, n); break;
    case CAP: t->softcap(x, n, 5); break;
    case SOFTMAX: x[n] = t->softmax(x, n); break;
    case NORM: t->rms_norm(x, x, ones, n, 1e-6f); break;
    case LAYER_NORM: t->layer_norm(x, x, ones, ones, n, 1e-6f); break;
    default: break;
    }
    free(ones);
}

static double exact(int f, double x)
{
    switch (f) {
    case GELU: return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)));
    case GELU_ERF:
    case UNGATED: return 0.5 * x * erfc(-x / sqrt(2));
    case SILU: return x / (1 + exp(-x));
    default: return 5 * tanh(x / 5);
    }
}

static void check_functions(const struct kernel_table *t)
{
    for (int f = 0; f < N_FUNCTIONS; f++)
        for (size_t n = N; n > N - 20; n -= f == SOFTMAX ? 16 : 1) {
            float *a = floats(N + 1, 1, 1), *b = floats(N + 1, 1, 1);
            fill(a);
            fill(b);
            if (f == NORM || f == LAYER_NORM) /* a mean square within range */
                a[11] = b[11] = 1;
            apply(&kernels_portable, f, a, n);
            apply(t, f, b, n);
            check_bits(t, "function", a, b, n + (f == SOFTMAX));
            free(a);
            free(b);
        }
}

Test(kernels, functions_have_the_same_bits_everywhere)
{
    each_table(check_functions);
}

Test(kernels, functions_are_right_to_a_few_units_in_the_last_place)
{
    float *x = floats(N, 1, 1), *y = floats(N, 1, 1);
    for (int f = GELU; f <= CAP; f++) {
        double most = 0;
        fill(x);
        fill(y);
        apply(kernels_at(0), f, y, N);
        for (size_t i = 0; i < N; i++) {
            double want = exact(f, (double)x[i]);
            /* far out GELU and SiLU are negative and vanish; there the absolute error counts */
            double floor = f == CAP ? 1e-36 : f == GELU_ERF || f == UNGATED ? 1e-2 : 1e-6;
            double off = fabs((double)y[i] - want) / fmax(fabs(want), floor);
            most = off > most ? off : most;
        }
        cr_expect_lt(most, f == CAP ? 4e-7 : 2e-6, "function %d: relative error %g", f, most);
    }
    free(x);
    free(y);
}

Test(kernels, layer_norm_is_that_of_the_definition)
{
    enum { WIDTH = 77 };
    float *x = floats(WIDTH, 5, 3), *gain = floats(WIDTH, 6, 1), *bias = floats(WIDTH, 7, 1), y[WIDTH];
    double mean = 0, variance = 0;
    for (size_t i = 0; i < WIDTH; i++)
        mean += (double)x[i] / WIDTH;
    for (size_t i = 0; i < WIDTH; i++)
        variance += ((double)x[i] - mean) * ((double)x[i] - mean) / WIDTH;
    kernels_at(0)->layer_norm(y, x, gain, bias, WIDTH, 1e-5f);
    for (size_t i = 0; i < WIDTH; i++)
        cr_assert_float_eq((double)y[i], ((double)x[i] - mean) / sqrt(variance + 1e-5) * (double)gain[i] + (double)bias[i],
                           2e-6, "%zu", i);
    free(x);
    free(gain);
    free(bias);
}

Test(kernels, softmax_of_a_row_sums_what_it_leaves)
{
    float x[32], sum;
    double own = 0;
    for (int i = 0; i < 32; i++)
        x[i] = i < 3 || i > 28 ? -INFINITY : (float)i / 3;
    sum = kernels_at(0)->softmax(x, 32);
    for (int i = 0; i < 32; i++) {
        double want = i < 3 || i > 28 ? 0 : exp((i - 28) / 3.0);
        cr_assert_float_eq((double)x[i], want, 1e-6);
        own += (double)x[i];
    }
    cr_assert_float_eq((double)sum, own, 1e-5);
}

Test(kernels, a_nan_is_never_swallowed)
{
    const struct kernel_table *t = kernels_at(0);
    for (size_t at = 0; at < 40; at++) {
        float x[48] = {0}, ones[48] = {0};
        x[at] = NAN;
        cr_assert(isnan(t->stats(x, 40).sum), "at %zu", at);
        memset(ones, 0, sizeof ones);
        t->gated(ACT_GELU_TANH, x, ones, 40);
        cr_assert(isnan(x[at]));
        t->activate(ACT_GELU, x, 40);
        cr_assert(isnan(x[at]));
        x[at] = NAN;
        cr_assert(isnan(t->softmax(x, 48)), "at %zu", at);
    }
}

/* ---- attention, logits --------------------------------------------------------------- */

static void check_attention(const struct kernel_table *t)
{
    enum { DIM = 48, POSITIONS = 29, STRIDE = 96, SLOTS = 50 };
    for (size_t heads = 1; heads <= 9; heads++) {
        uint32_t slots[POSITIONS];
        float *q = floats(heads * DIM, 1, 1), *kv = floats(SLOTS * STRIDE, 2, 1);
        float *a = floats(heads * POSITIONS, 3, 1), *b = floats(heads * POSITIONS, 4, 1);
        float *oa = floats(heads * DIM, 5, 1), *ob = floats(heads * DIM, 5, 1);
        for (uint32_t i = 0; i < POSITIONS; i++)
            slots[i] = i * 37 % SLOTS;
        kernels_portable.scores(a, POSITIONS, q, heads, DIM, kv, STRIDE, slots, POSITIONS, 0.3f);
        t->scores(b, POSITIONS, q, heads, DIM, kv, STRIDE, slots, POSITIONS, 0.3f);
        check_bits(t, "scores", a, b, heads * POSITIONS);
        kernels_portable.weigh(oa, heads, DIM, a, POSITIONS, kv, STRIDE, slots, POSITIONS);
        t->weigh(ob, heads, DIM, a, POSITIONS, kv, STRIDE, slots, POSITIONS);
        check_bits(t, "weigh", oa, ob, heads * DIM);
        free(q), free(kv), free(a), free(b), free(oa), free(ob);
    }
}

Test(kernels, attention_has_the_same_bits_everywhere)
{
    each_table(check_attention);
}

static void check_stats(const struct kernel_table *t)
{
    float *x = floats(240, 1, 9);
    for (size_t n = 1; n <= 240; n++) {
        x[n / 2] = x[0]; /* ties */
        struct block_stats a = kernels_portable.stats(x, n), b = t->stats(x, n);
        check_bits(t, "sum", &a.sum, &b.sum, 1);
        check_bits(t, "max", &a.max, &b.max, 1);
        cr_assert_eq(a.best, b.best);
        check_bits(t, "second", &a.second, &b.second, 1);
        float second = -INFINITY;
        for (size_t i = 0; i < n; i++)
            second = i != a.best && x[i] > second ? x[i] : second;
        check_bits(t, "the largest but one", &a.second, &second, 1);
        for (size_t i = 0; i < n; i++)
            cr_assert(x[i] < x[a.best] || (x[i] <= x[a.best] && a.best <= i));
    }
    free(x);
}

Test(kernels, block_sums_have_the_same_bits_everywhere)
{
    each_table(check_stats);
}

Test(kernels, the_environment_chooses_the_table)
{
    const struct kernel_table *t;
    struct err err = ERR_INIT;
    setenv("CARAT_ISA", "portable", 1);
    cr_assert_eq(kernels_choose(&t, &err), CARAT_OK);
    cr_assert_eq(t, &kernels_portable);
    setenv("CARAT_ISA", "sse9", 1);
    cr_assert_eq(kernels_choose(&t, &err), CARAT_EUSAGE);
    cr_assert(strstr(err.msg, "sse9") && strstr(err.hint, "portable"), "%s / %s", err.msg, err.hint);
    unsetenv("CARAT_ISA");
}

/* ---- double precision ---------------------------------------------------------------- */

Test(fixmath, agrees_with_the_c_library)
{
    uint64_t state = 1;
    for (int i = 0; i < 200000; i++) {
        double x = noise(&state), s, c, big = x * 140000;
        cr_assert_float_eq(fix_exp(x * 600), exp(x * 600), 1e-14 * exp(x * 600));
        double y = ldexp(fabs(x) + 1e-9, i % 200 - 100);
        cr_assert_float_eq(fix_log(y), log(y), 1e-15 * (1 + fabs(log(y))));
        fix_sincos(big, &s, &c);
        cr_assert_float_eq(s, sin(big), 2e-16 + 1e-15 * fabs(sin(big)));
        cr_assert_float_eq(c, cos(big), 2e-16 + 1e-15 * fabs(cos(big)));
    }
    cr_assert_eq(fix_exp(-1e9), 0);
}
