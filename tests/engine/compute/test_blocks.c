/* Each block type number by number, by formulas of their own: where number i's bits lie, as ggml defines it. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/compute/blocks.h"
#include "engine/compute/kernels.h"
#include "engine/compute/quantize.h"

static double half(const unsigned char *p)
{
    unsigned h = p[0] | (unsigned)p[1] << 8, e = h >> 10 & 31;
    double m = e ? ldexp(1024 + (h & 1023), (int)e - 25) : ldexp(h & 1023, -24);
    return h & 0x8000 ? -m : m;
}

static int bit(const unsigned char *p, size_t i)
{
    return p[i / 8] >> i % 8 & 1;
}

/* Six bits of a scale (k = 0) or minimum (k = 1) of Q4_K and Q5_K. */
static int six(const unsigned char *s, size_t g, int k)
{
    if (g < 4)
        return s[g + (k ? 4 : 0)] % 64;
    int low = k ? s[g + 4] / 16 : s[g + 4] % 16;
    return low + s[g - (k ? 0 : 4)] / 64 * 16;
}

/* In double, so within half a unit in the last place of each of float32's roundings. */
static double number(enum dtype t, const unsigned char *p, size_t i)
{
    size_t h = i / 128, in = i % 128;
    switch (t) {
    case DTYPE_Q4_0: return half(p) * ((i < 16 ? p[2 + i] % 16 : p[2 + i - 16] / 16) - 8);
    case DTYPE_Q4_1: return half(p) * (i < 16 ? p[4 + i] % 16 : p[4 + i - 16] / 16) + half(p + 2);
    case DTYPE_Q5_0: return half(p) * ((i < 16 ? p[6 + i] % 16 : p[6 + i - 16] / 16) + 16 * bit(p + 2, i) - 16);
    case DTYPE_Q5_1: return half(p) * ((i < 16 ? p[8 + i] % 16 : p[8 + i - 16] / 16) + 16 * bit(p + 4, i)) + half(p + 2);
    case DTYPE_Q8_0: return half(p) * (signed char)p[2 + i];
    case DTYPE_Q2_K:
        return half(p + 80) * (p[i / 16] % 16) * (p[16 + 32 * h + i % 32] >> 2 * (in / 32) & 3) -
               half(p + 82) * (p[i / 16] / 16);
    case DTYPE_Q3_K: {
        size_t g = i / 16;
        const unsigned char *s = p + 96;
        int scale = (g < 8 ? s[g] % 16 : s[g - 8] / 16) + 16 * (s[8 + g % 4] >> 2 * (g / 4) & 3) - 32;
        int q = (p[32 + 32 * h + i % 32] >> 2 * (in / 32) & 3) - 4 + 4 * (p[i % 32] >> i / 32 & 1);
        return half(p + 108) * scale * q;
    }
    case DTYPE_Q4_K:
    case DTYPE_Q5_K: {
        const unsigned char *qs = p + (t == DTYPE_Q4_K ? 16 : 48) + 32 * (i / 64);
        int q = i % 64 < 32 ? qs[i % 32] % 16 : qs[i % 32] / 16;
        if (t == DTYPE_Q5_K)
            q += 16 * (p[16 + i % 32] >> i / 32 & 1);
        return half(p) * six(p + 4, i / 32, 0) * q - half(p + 2) * six(p + 4, i / 32, 1);
    }
    case DTYPE_Q6_K: {
        int low = in < 64 ? p[64 * h + in] % 16 : p[64 * h + in - 64] / 16;
        int q = low + 16 * (p[128 + 32 * h + i % 32] >> 2 * (in / 32) & 3) - 32;
        return half(p + 208) * (signed char)p[192 + i / 16] * q;
    }
    default: return NAN;
    }
}

static void fill(unsigned char *p, size_t n, uint32_t *seed)
{
    for (size_t i = 0; i < n; i++) {
        *seed = *seed * 1664525u + 1013904223u;
        p[i] = (unsigned char)(*seed >> 24);
    }
}

/* Bytes 0 and 1 of each float16 that scales a block: kept finite and small. */
static void tame(enum dtype t, unsigned char *p)
{
    static const size_t AT[DTYPE_COMPUTED][2] = {
        [DTYPE_Q4_0] = {1, 1},   [DTYPE_Q4_1] = {1, 3},  [DTYPE_Q5_0] = {1, 1}, [DTYPE_Q5_1] = {1, 3}, [DTYPE_Q8_0] = {1, 1},
        [DTYPE_Q2_K] = {81, 83}, [DTYPE_Q3_K] = {109, 109}, [DTYPE_Q4_K] = {1, 3}, [DTYPE_Q5_K] = {1, 3},
        [DTYPE_Q6_K] = {209, 209},
    };
    p[AT[t][0]] &= 0xBF;
    p[AT[t][1]] &= 0xBF;
}

#define BLOCKS 9

Test(blocks, hold_the_published_layouts)
{
    uint32_t seed = 7;
    for (enum dtype t = DTYPE_Q4_0; t < DTYPE_OTHER; t++) {
        const struct dtype_info *info = &dtype_infos[t];
        unsigned char row[BLOCKS * 256];
        float out[BLOCKS * 256], part[256];
        fill(row, BLOCKS * info->bytes, &seed);
        for (size_t b = 0; b < BLOCKS; b++)
            tame(t, row + b * info->bytes);
        blocks_widen_portable(out, KERNEL_LANES, row, t, 0, BLOCKS * info->block);
        for (size_t i = 0; i < BLOCKS * info->block; i++) {
            double want = number(t, row + i / info->block * info->bytes, i % info->block);
            cr_assert_float_eq((double)out[i], want, 1e-3 * fabs(want) + 1e-4, "%s: number %zu is %g, want %g", info->name, i,
                               (double)out[i], want);
        }
        blocks_widen_portable(part, KERNEL_LANES, row, t, 5 * info->block, info->block); /* from the midst of a row */
        cr_assert_arr_eq(part, out + 5 * info->block, info->block * sizeof *part);
    }
}

/* A product of blocks is, to the bit, the product of what they widen to: for all rows, depths and kernels. */
Test(blocks, products_equal_those_of_the_widened_numbers, .timeout = 120)
{
    enum { COLS = 31, K = 2304, MOST = 70 };
    float *work = aligned_alloc(64, KERNEL_WORK * sizeof *work);
    float *x = calloc(MOST * K, sizeof *x), *y = calloc(MOST * COLS, sizeof *y), *z = calloc(MOST * COLS, sizeof *z);
    float *wide = calloc(COLS * K, sizeof *wide), *packed = calloc(MOST * K, sizeof *packed);
    unsigned char *w = calloc(COLS, K * 2);
    uint32_t seed = 3;
    for (size_t i = 0; i < MOST * K; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (float)(int32_t)seed * 0x1p-31f;
    }
    for (enum dtype t = DTYPE_Q4_0; t < DTYPE_OTHER; t++) {
        const struct dtype_info *info = &dtype_infos[t];
        fill(w, COLS * dtype_bytes(t, K), &seed);
        for (size_t b = 0; b < COLS * K / info->block; b++)
            tame(t, w + b * info->bytes);
        for (size_t c = 0; c < COLS; c++)
            blocks_widen_portable(wide + c * K, KERNEL_LANES, w + c * dtype_bytes(t, K), t, 0, K);
        static const size_t ROWS[] = {1, 3, 7, 70};
        const struct kernel_table *kernels;
        for (size_t i = 0; (kernels = kernels_at(i)); i++)
            for (size_t r = 0; r < sizeof ROWS / sizeof *ROWS; r++) {
                struct matmul m = {w, t, K, COLS, ROWS[r], x, K, y, COLS, work, NULL, NULL};
                kernels->matmul[CARAT_PRECISION_F32](&m);
                struct matmul plain = {(unsigned char *)wide, DTYPE_F32, K, COLS, ROWS[r], x, K, z, COLS, work, NULL, NULL};
                kernels_at(0)->matmul[CARAT_PRECISION_F32](&plain);
                cr_assert_arr_eq(y, z, ROWS[r] * COLS * sizeof *y, "%s: %s, %zu rows", kernels->isa, info->name, ROWS[r]);
                for (size_t g = 0; kernels->pack[CARAT_PRECISION_F32] && g < ROWS[r]; g += KERNEL_GROUP)
                    kernels->pack[CARAT_PRECISION_F32](packed, x, K, ROWS[r], K, g);
                m.packed = packed;
                memset(y, 0, MOST * COLS * sizeof *y);
                kernels->matmul[CARAT_PRECISION_F32](&m);
                cr_assert_arr_eq(y, z, ROWS[r] * COLS * sizeof *y, "%s: %s, %zu rows packed", kernels->isa, info->name, ROWS[r]);
            }
        float row[K];
        kernels_at(0)->widen(row, w, t, K, 2.0f);
        for (size_t i = 0; i < K; i++)
            cr_assert(row[i] <= wide[i] * 2 && row[i] >= wide[i] * 2);
    }
    free(work);
    free(packed);
    free(x);
    free(y);
    free(z);
    free(wide);
    free(w);
}

/* ---- 8-bit activations ---------------------------------------------------------------- */

#define INT8_K ((size_t)1280) /* runs of more than a piece; whole blocks of 256 */
#define INT8_ROWS ((size_t)9)
#define INT8_COLS ((size_t)83) /* a panel, a vector, three columns */

struct int8_case {
    enum dtype type;
    unsigned char *w;
    float *x; /* [INT8_ROWS, INT8_K] */
};

static void int8_product(const struct kernel_table *t, const struct int8_case *c, size_t rows, float *y)
{
    float *x = malloc(rows * INT8_K * sizeof *x), *work = aligned_alloc(64, KERNEL_WORK * sizeof *work);
    memcpy(x, c->x, rows * INT8_K * sizeof *x);
    for (size_t r = 0; r < rows; r++)
        t->prepare[CARAT_PRECISION_INT8](x + r * INT8_K, INT8_K);
    struct matmul m = {c->w, c->type, INT8_K, INT8_COLS, rows, x, INT8_K, y, INT8_COLS, work, NULL, NULL};
    t->matmul[CARAT_PRECISION_INT8](&m);
    free(x);
    free(work);
}

/* Numbers of several sizes, and whole blocks of zeros. */
static struct int8_case int8_new(enum dtype type)
{
    struct int8_case c = {type, malloc(INT8_COLS * dtype_bytes(type, INT8_K)), malloc(INT8_ROWS * INT8_K * sizeof *c.x)};
    uint32_t seed = 7 + (uint32_t)type;
    fill(c.w, INT8_COLS * dtype_bytes(type, INT8_K), &seed);
    for (size_t b = 0; b < INT8_COLS * INT8_K / dtype_infos[type].block; b++)
        tame(type, c.w + b * dtype_infos[type].bytes);
    for (size_t i = 0; i < INT8_ROWS * INT8_K; i++) {
        seed = seed * 1664525u + 1013904223u;
        c.x[i] = i / 32 % 11 == 5 ? 0 : (float)ldexp((double)(int32_t)seed, -31 - (int)(i / 32 % 7));
    }
    return c;
}

static void int8_free(struct int8_case *c)
{
    free(c->w);
    free(c->x);
}

/* What the quantized numbers of a row stand for, found anew: to the nearest of 255 steps a block. */
static void steps(const float *x, double *out)
{
    for (size_t b = 0; b < INT8_K; b += 32) {
        float most = 0;
        for (size_t i = 0; i < 32; i++)
            most = fmaxf(most, fabsf(x[b + i]));
        for (size_t i = 0; i < 32; i++)
            out[b + i] = most > 0 ? rint((double)(x[b + i] * (127.0f / most))) * (double)(most / 127.0f) : 0;
    }
}

/* The portable definition against double. */
Test(int8, products_are_right)
{
    float y[INT8_ROWS * INT8_COLS], wide[INT8_K];
    double x[INT8_K];
    for (enum dtype t = DTYPE_Q4_0; t < DTYPE_OTHER; t++) {
        struct int8_case c = int8_new(t);
        int8_product(&kernels_portable, &c, INT8_ROWS, y);
        for (size_t r = 0; r < INT8_ROWS; r++) {
            steps(c.x + r * INT8_K, x);
            for (size_t col = 0; col < INT8_COLS; col++) {
                double sum = 0, size = 0;
                blocks_widen_portable(wide, KERNEL_LANES, c.w + col * dtype_bytes(t, INT8_K), t, 0, INT8_K);
                for (size_t i = 0; i < INT8_K; i++) {
                    sum += x[i] * (double)wide[i];
                    size += fabs(x[i] * (double)wide[i]);
                }
                cr_assert_float_eq((double)y[r * INT8_COLS + col], sum, 2e-6 * size, "%s: row %zu, column %zu",
                                   dtype_infos[t].name, r, col);
            }
        }
        int8_free(&c);
    }
}

Test(int8, products_have_the_same_bits_everywhere_and_for_any_number_of_rows, .timeout = 120)
{
    float want[INT8_ROWS * INT8_COLS], got[INT8_ROWS * INT8_COLS];
    const struct kernel_table *k;
    for (enum dtype t = DTYPE_Q4_0; t < DTYPE_OTHER; t++) {
        struct int8_case c = int8_new(t);
        int8_product(&kernels_portable, &c, INT8_ROWS, want);
        for (size_t i = 0; (k = kernels_at(i)); i++)
            for (size_t rows = 1; rows <= INT8_ROWS; rows++) {
                memset(got, 0, sizeof got);
                int8_product(k, &c, rows, got);
                cr_assert_arr_eq(got, want, rows * INT8_COLS * sizeof *got, "%s: %s, %zu rows", k->isa,
                                 dtype_infos[t].name, rows);
            }
        int8_free(&c);
    }
}

Test(int8, what_is_not_finite_shows)
{
    static const float BAD[] = {NAN, INFINITY, -INFINITY};
    const struct kernel_table *k;
    float y[INT8_ROWS * INT8_COLS];
    struct int8_case c = int8_new(DTYPE_Q8_0);
    for (size_t i = 0; (k = kernels_at(i)); i++)
        for (size_t b = 0; b < 3; b++) {
            c.x[40 + b] = BAD[b];
            int8_product(k, &c, 1, y);
            cr_assert(isnan(y[0]) && isnan(y[INT8_COLS - 1]), "%s: %g", k->isa, (double)BAD[b]);
            c.x[40 + b] = 0;
        }
    int8_free(&c);
}

/* ---- making blocks -------------------------------------------------------------------- */

Test(quantize, numbers_come_back_within_half_a_step)
{
    float x[256], back[256];
    unsigned char blocks[8 * 34];
    uint32_t seed = 11;
    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < 256; i++) {
            seed = seed * 1664525u + 1013904223u;
            x[i] = (float)ldexp((double)(int32_t)seed, -31 - round % 9);
        }
        for (int t = 0; t < 2; t++) {
            enum dtype type = t ? DTYPE_Q4_0 : DTYPE_Q8_0;
            quantize_row(blocks, x, 256, type);
            blocks_widen_portable(back, KERNEL_LANES, blocks, type, 0, 256);
            for (size_t b = 0; b < 256; b += 32) {
                double most = 0;
                for (size_t i = b; i < b + 32; i++)
                    most = fmax(most, fabs((double)x[i]));
                /* a Q4_0 number at the far end, opposite in sign, is up to a whole step away: 15 is not 16 */
                double step = t ? most / 8 : most / 127 / 2;
                for (size_t i = b; i < b + 32; i++)
                    cr_assert_float_eq((double)back[i], (double)x[i], step * 1.01 + most * 0x1p-11 + 128 * 0x1p-25, "%s [%zu]",
                                       dtype_infos[type].name, i);
            }
        }
    }
}

/* Numbers whose blocks are known: scale 1, so that the bytes are the numbers themselves. */
Test(quantize, known_blocks)
{
    float x[32];
    unsigned char q8[34], q4[18];
    for (int i = 0; i < 32; i++)
        x[i] = (float)(i * 8 - 121); /* -121 .. 127 */
    quantize_row(q8, x, 32, DTYPE_Q8_0);
    cr_assert_eq(q8[0], 0x00);
    cr_assert_eq(q8[1], 0x3c);
    for (int i = 0; i < 32; i++)
        cr_assert_eq((signed char)q8[2 + i], i * 8 - 121);
    for (int i = 0; i < 32; i++)
        x[i] = (float)(i % 16 - 8); /* -8 .. 7, twice */
    quantize_row(q4, x, 32, DTYPE_Q4_0);
    cr_assert_eq(q4[0], 0x00);
    cr_assert_eq(q4[1], 0x3c);
    for (int i = 0; i < 16; i++)
        cr_assert_eq(q4[2 + i], i | i << 4);
    x[3] = NAN;
    quantize_row(q8, x, 32, DTYPE_Q8_0);
    cr_assert_gt((q8[0] | q8[1] << 8) & 0x7fff, 0x7c00, "a NaN's scale is a NaN");
}

/* Scales from the largest to what vanishes: float16 to the nearest, as read back. */
Test(quantize, scales_are_rounded_to_the_nearest_half)
{
    for (int e = -40; e <= 22; e++)
        for (int i = 0; i < 64; i++) {
            float x[32] = {(float)ldexp(127 * (1 + i / 64.0 + 1 / 4096.0), e)};
            unsigned char block[34];
            double d = (double)(x[0] / 127.0f), stored;
            quantize_row(block, x, 32, DTYPE_Q8_0);
            stored = half(block);
            if (d >= 65520) { /* half() knows no infinity: it is 65536 there */
                cr_assert_eq(stored, 65536);
                continue;
            }
            double ulp = d < 0x1p-14 ? 0x1p-24 : ldexp(1, ilogb(d) - 10);
            cr_assert_leq(fabs(stored - d), ulp / 2, "2^%d: %a is stored as %a", e, d, stored);
        }
}
