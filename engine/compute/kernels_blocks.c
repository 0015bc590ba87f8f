/* GGUF's quantized blocks, number by number in the order they have in a row.
 *
 * d, m: float16, little-endian. A number is q * d, q * d + m or q * s d - t m, q a small integer, each
 * operation rounded once to float32 in that order. Products of integers take the numbers apart (blocks_split): runs of 32
 * have codes of 0 .. 255, one or two scales, and where m stands in the list one or two minima to be taken off. This file is
 * compiled once for each instruction set, as the kernels are: its loops are plain, of constant lengths, for the compiler to
 * vectorize, and no operation may round otherwise: so a weight is the same bits everywhere.
 *
 *     blocks of 32       bytes
 *     Q4_0   d, 16 x qs            q = nibble - 8: low nibbles are numbers 0 .. 15, high ones 16 .. 31
 *     Q4_1   d, m, 16 x qs         q = nibble
 *     Q5_0   d, 4 x qh, 16 x qs    q = nibble + 16 * bit i of qh - 16
 *     Q5_1   d, m, 4 x qh, 16 x qs q = nibble + 16 * bit i of qh
 *     Q8_0   d, 32 x int8          q = the byte
 *
 *     blocks of 256: groups of 16 or 32 numbers have a scale s, some a minimum t as well
 *     Q2_K   16 x (s: low, t: high nibble), 64 x qs (2 bits), d, m                groups of 16
 *     Q3_K   32 x hmask, 64 x qs (2 bits), 12 x scales (6 bits), d                groups of 16
 *     Q4_K   d, m, 12 x scales (s and t of 6 bits), 128 x qs (4 bits)             groups of 32
 *     Q5_K   d, m, 12 x scales, 32 x qh (1 bit), 128 x qs (4 bits)                groups of 32
 *     Q6_K   128 x ql (4 bits), 64 x qh (2 bits), 16 x int8 s, d                  groups of 16
 *
 * Two bits: a run of 32 bytes holds numbers 0 .. 31 in its lowest bits, 32 .. 63 in the next, and so on to 127.
 * Four bits (K): a run of 32 bytes holds 32 numbers in its low nibbles, the next 32 in the high ones.
 */
#include "blocks.h"

#include "simd.h"

INLINE float half_at(const unsigned char *p)
{
#ifdef __F16C__
    uint16_t half;
    memcpy(&half, p, sizeof half);
    return _cvtsh_ss(half);
#else
    uint32_t h = (uint32_t)p[0] | (uint32_t)p[1] << 8, bits;
    uint32_t sign = (h & 0x8000) << 16, exponent = h >> 10 & 31, mantissa = h & 1023;
    float f;
    if (exponent == 0) { /* zero or subnormal: mantissa * 2^-24 is exact */
        f = (float)mantissa * 0x1p-24f;
        return sign ? -f : f;
    }
    bits = sign | (exponent == 31 ? 255u << 23 : (exponent + 112) << 23) | mantissa << 13;
    memcpy(&f, &bits, sizeof f);
    return f;
#endif
}

INLINE int signed_at(const unsigned char *p)
{
    return *p < 128 ? *p : *p - 256;
}

/* Sixteen codes at a time: the compilers' own vectors, which every machine has. */
typedef unsigned char bytes16 __attribute__((vector_size(16)));
typedef uint16_t pairs8 __attribute__((vector_size(16)));
typedef uint64_t words2 __attribute__((vector_size(16)));

INLINE bytes16 bytes_at(const unsigned char *p)
{
    bytes16 v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void put_codes(struct block_run *out, bytes16 first, bytes16 second)
{
    memcpy(out->code, &first, sizeof first);
    memcpy(out->code + sizeof first, &second, sizeof second);
}

/* The bits of `mask` from bit `shift` on, of each byte: as pairs, since no machine shifts bytes by a variable. */
INLINE bytes16 bits_at(const unsigned char *p, size_t shift, unsigned char mask)
{
    return (bytes16)((pairs8)bytes_at(p) >> (uint16_t)shift) & mask;
}

/* Bits 0 .. 15 at `p` as numbers, 16 where they are set. */
INLINE bytes16 fifths(const unsigned char *p)
{
    const bytes16 bits = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint64_t all = 0x0101010101010101u;
    const uint32_t both = (uint32_t)p[0] | (uint32_t)p[1] << 8; /* not two loads: gcc would make them wait for each other */
    const words2 spread = {all * (both & 255), all * (both >> 8)};
    const bytes16 set = (bytes16)spread & bits;
    return (set | -set) >> 3 & 16; /* bit 7 of a number or its negative is set, if any is */
}

/* 32 codes of four bits, and where `qh` is given of five. */
INLINE void nibbles(struct block_run *out, const unsigned char *qs, const unsigned char *qh)
{
    bytes16 q = bytes_at(qs), low = q & 15, high = q >> 4;
    if (qh) {
        low |= fifths(qh);
        high |= fifths(qh + 2);
    }
    put_codes(out, low, high);
}

INLINE void split_q4_0(struct block_run *out, const unsigned char *p, size_t at)
{
    (void)at;
    nibbles(out, p + 2, NULL);
    out->scale[0] = half_at(p);
}

INLINE void split_q4_1(struct block_run *out, const unsigned char *p, size_t at)
{
    (void)at;
    nibbles(out, p + 4, NULL);
    out->scale[0] = half_at(p);
    out->least[0] = -half_at(p + 2);
}

INLINE void split_q5_0(struct block_run *out, const unsigned char *p, size_t at)
{
    (void)at;
    nibbles(out, p + 6, p + 2);
    out->scale[0] = half_at(p);
}

INLINE void split_q5_1(struct block_run *out, const unsigned char *p, size_t at)
{
    (void)at;
    nibbles(out, p + 8, p + 4);
    out->scale[0] = half_at(p);
    out->least[0] = -half_at(p + 2);
}

INLINE void split_q8_0(struct block_run *out, const unsigned char *p, size_t at)
{
    (void)at;
    put_codes(out, bytes_at(p + 2) ^ 128, bytes_at(p + 18) ^ 128);
    out->scale[0] = half_at(p);
}

INLINE void split_q2_k(struct block_run *out, const unsigned char *p, size_t at)
{
    const unsigned char *scales = p + at / 16, *q = p + 16 + at / 128 * 32;
    float d = half_at(p + 80), m = half_at(p + 82);
    for (size_t h = 0; h < 2; h++) {
        out->scale[h] = d * (float)(scales[h] & 15);
        out->least[h] = m * (float)(scales[h] >> 4);
    }
    const size_t shift = at % 128 / 32 * 2;
    put_codes(out, bits_at(q, shift, 3), bits_at(q + 16, shift, 3));
}

/* Twelve bytes, sixteen scales: four low bits from the first eight bytes' nibbles, two high ones from the rest. */
INLINE int scale_q3_k(const unsigned char *s, size_t g)
{
    int low = g < 8 ? s[g] & 15 : s[g - 8] >> 4;
    return (low | (s[8 + g % 4] >> g / 4 * 2 & 3) << 4) - 32;
}

INLINE void split_q3_k(struct block_run *out, const unsigned char *p, size_t at)
{
    const unsigned char *hmask = p, *q = p + 32 + at / 128 * 32;
    float d = half_at(p + 108);
    for (size_t h = 0; h < 2; h++)
        out->scale[h] = d * (float)scale_q3_k(p + 96, at / 16 + h);
    const size_t shift = at % 128 / 32 * 2, bit = at / 32;
    put_codes(out, bits_at(q, shift, 3) | bits_at(hmask, bit, 1) << 2,
              bits_at(q + 16, shift, 3) | bits_at(hmask + 16, bit, 1) << 2);
}

/* Twelve bytes, eight scales and eight minima of six bits: the first four whole, the others' two high bits
 * in the tops of those. */
INLINE void scale_q4_k(const unsigned char *s, size_t g, int *scale, int *least)
{
    *scale = g < 4 ? s[g] & 63 : (s[g + 4] & 15) | s[g - 4] >> 6 << 4;
    *least = g < 4 ? s[g + 4] & 63 : s[g + 4] >> 4 | s[g] >> 6 << 4;
}

/* Q4_K, and with the fifth bits at `qh` Q5_K. */
INLINE void split_q45_k(struct block_run *out, const unsigned char *p, size_t at, const unsigned char *qh,
                        const unsigned char *qs)
{
    int s, t;
    size_t g = at / 32;
    const unsigned char *q = qs + g / 2 * 32;
    scale_q4_k(p + 4, g, &s, &t);
    out->scale[0] = half_at(p) * (float)s;
    out->least[0] = half_at(p + 2) * (float)t;
    const size_t shift = g % 2 * 4;
    bytes16 first = bits_at(q, shift, 15), second = bits_at(q + 16, shift, 15);
    if (qh) {
        first |= bits_at(qh, g, 1) << 4;
        second |= bits_at(qh + 16, g, 1) << 4;
    }
    put_codes(out, first, second);
}

INLINE void split_q4_k(struct block_run *out, const unsigned char *p, size_t at)
{
    split_q45_k(out, p, at, NULL, p + 16);
}

INLINE void split_q5_k(struct block_run *out, const unsigned char *p, size_t at)
{
    split_q45_k(out, p, at, p + 16, p + 48);
}

/* Of each 128 numbers, 64 have the low nibbles of 64 bytes, 64 the high ones. */
INLINE void split_q6_k(struct block_run *out, const unsigned char *p, size_t at)
{
    size_t half = at / 128, in = at % 128;
    const unsigned char *low = p + half * 64 + in % 64, *high = p + 128 + half * 32;
    float d = half_at(p + 208);
    for (size_t h = 0; h < 2; h++)
        out->scale[h] = d * (float)signed_at(p + 192 + at / 16 + h);
    const size_t shift = in / 64 * 4, upper = in / 32 * 2;
    put_codes(out, bits_at(low, shift, 15) | bits_at(high, upper, 3) << 4,
              bits_at(low + 16, shift, 15) | bits_at(high + 16, upper, 3) << 4);
}

/* Each type's function, once for a whole row: with the type a constant all of it is one loop. */
#define EACH_TYPE(X)                                                                                          \
    X(DTYPE_Q4_0, split_q4_0) X(DTYPE_Q4_1, split_q4_1) X(DTYPE_Q5_0, split_q5_0) X(DTYPE_Q5_1, split_q5_1) \
    X(DTYPE_Q8_0, split_q8_0) X(DTYPE_Q2_K, split_q2_k) X(DTYPE_Q3_K, split_q3_k) X(DTYPE_Q4_K, split_q4_k) \
    X(DTYPE_Q5_K, split_q5_k) X(DTYPE_Q6_K, split_q6_k)
#define SPLIT(type, fn) \
    case type: fn(out, block, at); break;
#define WIDEN(type, fn) \
    case type: widen_type(out, next, p, type, n); break;

INLINE void split(struct block_run *out, enum dtype dtype, const unsigned char *block, size_t at)
{
    switch (dtype) {
        EACH_TYPE(SPLIT)
    default: break; /* only block types come here */
    }
}

void CONCAT(blocks_split_, KERNEL_ISA)(struct block_run *out, const unsigned char *block, enum dtype dtype, size_t at)
{
    split(out, dtype, block, at);
}

#define HALF (BLOCK_RUN / 2)

INLINE void widen_half(float *out, const unsigned char *code, const int offset, const bool has_least, float scale,
                       float least)
{
    for (size_t i = 0; i < HALF; i++)
        out[i] = scale * (float)(code[i] - offset);
    for (size_t i = 0; has_least && i < HALF; i++)
        out[i] -= least;
}

INLINE void widen_type(float *out, size_t next, const unsigned char *p, const enum dtype dtype, size_t n)
{
    const struct block_kind kind = block_kinds[dtype];
    const struct dtype_info *t = &dtype_infos[dtype];
    const size_t block = dtype < DTYPE_Q2_K ? BLOCK_RUN : 8 * BLOCK_RUN, bytes = t->bytes;
    for (; n; n -= block, p += bytes)
        for (size_t at = 0; at < block; at += BLOCK_RUN, out += 2 * next) {
            struct block_run run;
            const size_t second = kind.n_scales - 1;
            split(&run, dtype, p, at);
            widen_half(out, run.code, kind.offset, kind.has_least, run.scale[0], run.least[0]);
            widen_half(out + next, run.code + HALF, kind.offset, kind.has_least, run.scale[second], run.least[second]);
        }
}

void CONCAT(blocks_widen_, KERNEL_ISA)(float *out, size_t next, const unsigned char *row, enum dtype dtype,
                                       size_t first, size_t n)
{
    const unsigned char *p = row + dtype_bytes(dtype, first);
    switch (dtype) {
        EACH_TYPE(WIDEN)
    default: break;
    }
}
