/* forms.h - how rows of x and of weights lie when the products of f32 and bf16 read them; for kernels*.c, which are compiled
 * once for each instruction set.
 *
 * A vector is sixteen lanes' worth of k: floats in order; or for bf16 of each 32 numbers first the odd, then the even
 * ones, as floats rounded to bf16; or, for CPUs with the dot product of pairs, 32 bf16 numbers.
 */
#ifndef CARAT_ENGINE_FORMS_H
#define CARAT_ENGINE_FORMS_H

#include "blocks.h"
#include "kernels.h"
#include "simd.h"

#ifndef KERNEL_ISA /* the Makefile says which; the header alone is of the portable one */
#define KERNEL_ISA portable
#endif
#define LANES KERNEL_LANES

#if defined(KERNEL_ISA_avx512)
#define EACH_PART EACH_1
#elif defined(KERNEL_ISA_avx2)
#define EACH_PART EACH_2
#elif defined(KERNEL_ISA_neon)
#define EACH_PART EACH_4
#else
#define EACH_PART LOOP
#endif

enum form {
    FORM_PLAIN, /* floats */
    FORM_SPLIT, /* floats rounded to bf16: of each 32, 16 odd ones, then 16 even ones */
    FORM_PAIRS  /* bf16 */
};
#ifdef KERNEL_HAS_BF16
#define FORM_BF16 FORM_PAIRS
#else
#define FORM_BF16 FORM_SPLIT
#endif

/* Vectors of k numbers. */
INLINE size_t vectors(enum form form, size_t k)
{
    size_t blocks = (k + 31) / 32;
    return form == FORM_PLAIN ? (k + LANES - 1) / LANES : form == FORM_SPLIT ? 2 * blocks : blocks;
}

/* To the nearest bf16, ties to even; a NaN stays one. */
INLINE void round_block(uint16_t out[32], const float x[32])
{
    uint32_t bits[32];
    memcpy(bits, x, sizeof bits);
    for (size_t i = 0; i < 32; i++) {
        uint32_t rounded = bits[i] + 0x7fff + (bits[i] >> 16 & 1);
        bool nan = (bits[i] & 0x7fffffff) > 0x7f800000;
        out[i] = (uint16_t)((nan ? bits[i] | 0x400000 : rounded) >> 16);
    }
}

INLINE vpart dot_part(enum form form, vpart a, vpart b, vpart c)
{
#ifdef KERNEL_HAS_BF16
    if (form == FORM_PAIRS)
        return vpart_dot(a, b, c);
#endif
    (void)form;
    return vpart_fma(a, b, c);
}

/* Sixteen weights from the k-th on of a row of `dtype`, which is a constant where this is inlined. */
INLINE v16 weights_at(const unsigned char *row, enum dtype dtype, size_t k)
{
    if (dtype == DTYPE_BF16)
        return v16_bf16(row + k * 2);
    if (dtype == DTYPE_F16)
        return v16_f16(row + k * 2);
    return v16_f32(row + k * 4);
}

/* The last n < 16. */
INLINE v16 weights_tail(const unsigned char *row, enum dtype dtype, size_t k, size_t n)
{
    unsigned char t[64] = {0};
    memcpy(t, row + k * dtype_size(dtype), n * dtype_size(dtype));
    return weights_at(t, dtype, 0);
}

/* A column's vectors, `next` floats apart. */
INLINE void lay_plain(const unsigned char *row, const enum dtype dtype, size_t k, float *out, size_t next)
{
    size_t i = 0;
    for (; i + LANES <= k; i += LANES, out += next)
        v16_store(out, weights_at(row, dtype, i));
    if (i < k)
        v16_store(out, weights_tail(row, dtype, i, k - i));
}

/* A stretch of k: what a piece holds of a row. */
struct stretch {
    size_t from, n;
};

/* As floats, with zeros up to kernel_row(n). */
INLINE void widen_row(const unsigned char *row, enum dtype dtype, struct stretch k, float *out)
{
    memset(out + k.n / 32 * 32, 0, (kernel_row(k.n) - k.n / 32 * 32) * sizeof *out);
    if (dtype_is_block(dtype))
        CONCAT(blocks_widen_, KERNEL_ISA)(out, LANES, row, dtype, k.from, k.n);
    else if (dtype == DTYPE_BF16)
        lay_plain(row + 2 * k.from, DTYPE_BF16, k.n, out, LANES);
    else if (dtype == DTYPE_F16)
        lay_plain(row + 2 * k.from, DTYPE_F16, k.n, out, LANES);
    else
        lay_plain(row + 4 * k.from, DTYPE_F32, k.n, out, LANES);
}

#endif
