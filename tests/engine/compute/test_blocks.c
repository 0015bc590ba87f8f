/* Each block type number by number, by formulas of their own: where number i's bits lie, as ggml defines it. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/compute/blocks.h"
#include "engine/compute/kernels.h"

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
        blocks_widen(out, row, t, 0, BLOCKS * info->block);
        for (size_t i = 0; i < BLOCKS * info->block; i++) {
            double want = number(t, row + i / info->block * info->bytes, i % info->block);
            cr_assert_float_eq((double)out[i], want, 1e-3 * fabs(want) + 1e-4, "%s: number %zu is %g, want %g", info->name, i,
                               (double)out[i], want);
        }
        blocks_widen(part, row, t, 5 * info->block, info->block); /* from the midst of a row */
        cr_assert_arr_eq(part, out + 5 * info->block, info->block * sizeof *part);
    }
}

/* A product of blocks is, to the bit, the product of what they widen to: for all rows, depths and kernels. */
Test(blocks, products_equal_those_of_the_widened_numbers, .timeout = 120)
{
    enum { COLS = 31, K = 2304, MOST = 70 };
    float *work = aligned_alloc(64, KERNEL_WORK * sizeof *work);
    float *x = calloc(MOST * K, sizeof *x), *y = calloc(MOST * COLS, sizeof *y), *z = calloc(MOST * COLS, sizeof *z);
    float *wide = calloc(COLS * K, sizeof *wide);
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
            blocks_widen(wide + c * K, w + c * dtype_bytes(t, K), t, 0, K);
        static const size_t ROWS[] = {1, 3, 7, 70};
        const struct kernel_table *kernels;
        for (size_t i = 0; (kernels = kernels_at(i)); i++)
            for (size_t r = 0; r < sizeof ROWS / sizeof *ROWS; r++) {
                struct matmul m = {w, t, K, COLS, ROWS[r], x, K, y, COLS, work};
                kernels->matmul[CARAT_PRECISION_F32](&m);
                struct matmul plain = {(unsigned char *)wide, DTYPE_F32, K, COLS, ROWS[r], x, K, z, COLS, work};
                kernels_at(0)->matmul[CARAT_PRECISION_F32](&plain);
                cr_assert_arr_eq(y, z, ROWS[r] * COLS * sizeof *y, "%s: %s, %zu rows", kernels->isa, info->name, ROWS[r]);
            }
        float row[K];
        kernels_at(0)->widen(row, w, t, K, 2.0f);
        for (size_t i = 0; i < K; i++)
            cr_assert(row[i] <= wide[i] * 2 && row[i] >= wide[i] * 2);
    }
    free(work);
    free(x);
    free(y);
    free(z);
    free(wide);
    free(w);
}
