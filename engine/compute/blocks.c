/* GGUF's quantized blocks, number by number in the order they have in a row.
 *
 * d, m: float16, little-endian. A number is q * d, q * d + m or q * s d - t m, q a small integer, each
 * operation rounded once to float32 in that order. Products of integers take the numbers apart (blocks_split): runs of 32
 * have codes of 0 .. 255, one or two scales, and where m stands in the list one or two minima to be taken off. This file is compiled once, without any
 * instruction set's flags, and called by all kernels: so a weight is the same bits everywhere.
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

#include <stdint.h>
#include <string.h>

static float half_at(const unsigned char *p)
{
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
}

static int signed_at(const unsigned char *p)
{
    return *p < 128 ? *p : *p - 256;
}

/* The fifth bits of numbers i and i + 16, in place. */
static int fifth(const unsigned char *qh, size_t i)
{
    return (qh[i / 8] >> i % 8 & 1) << 4;
}

/* 32 codes of four bits, and where `qh` is given of five. */
static void nibbles(struct block_run *out, const unsigned char *qs, const unsigned char *qh)
{
    for (size_t i = 0; i < 16; i++) {
        out->code[i] = (unsigned char)((qs[i] & 15) | (qh ? fifth(qh, i) : 0));
        out->code[16 + i] = (unsigned char)(qs[i] >> 4 | (qh ? fifth(qh, 16 + i) : 0));
    }
}

static void split_q4_0(struct block_run *out, const unsigned char *p, size_t at)
{
    (void)at;
    nibbles(out, p + 2, NULL);
    out->scale[0] = half_at(p);
}

static void split_q4_1(struct block_run *out, const unsigned char *p, size_t at)
{
    (void)at;
    nibbles(out, p + 4, NULL);
    out->scale[0] = half_at(p);
    out->least[0] = -half_at(p + 2);
}

static void split_q5_0(struct block_run *out, const unsigned char *p, size_t at)
{
    (void)at;
    nibbles(out, p + 6, p + 2);
    out->scale[0] = half_at(p);
}

static void split_q5_1(struct block_run *out, const unsigned char *p, size_t at)
{
    (void)at;
    nibbles(out, p + 8, p + 4);
    out->scale[0] = half_at(p);
    out->least[0] = -half_at(p + 2);
}

static void split_q8_0(struct block_run *out, const unsigned char *p, size_t at)
{
    (void)at;
    for (size_t i = 0; i < BLOCK_RUN; i++)
        out->code[i] = p[2 + i] ^ 128;
    out->scale[0] = half_at(p);
}

static void split_q2_k(struct block_run *out, const unsigned char *p, size_t at)
{
    const unsigned char *scales = p + at / 16, *q = p + 16 + at / 128 * 32;
    float d = half_at(p + 80), m = half_at(p + 82);
    for (size_t h = 0; h < 2; h++) {
        out->scale[h] = d * (float)(scales[h] & 15);
        out->least[h] = m * (float)(scales[h] >> 4);
    }
    for (size_t i = 0; i < BLOCK_RUN; i++)
        out->code[i] = q[i] >> at % 128 / 32 * 2 & 3;
}

/* Twelve bytes, sixteen scales: four low bits from the first eight bytes' nibbles, two high ones from the rest. */
static int scale_q3_k(const unsigned char *s, size_t g)
{
    int low = g < 8 ? s[g] & 15 : s[g - 8] >> 4;
    return (low | (s[8 + g % 4] >> g / 4 * 2 & 3) << 4) - 32;
}

static void split_q3_k(struct block_run *out, const unsigned char *p, size_t at)
{
    const unsigned char *hmask = p, *q = p + 32 + at / 128 * 32;
    float d = half_at(p + 108);
    for (size_t h = 0; h < 2; h++)
        out->scale[h] = d * (float)scale_q3_k(p + 96, at / 16 + h);
    for (size_t i = 0; i < BLOCK_RUN; i++)
        out->code[i] = (unsigned char)((q[i] >> at % 128 / 32 * 2 & 3) | (hmask[i] >> at / 32 & 1) << 2);
}

/* Twelve bytes, eight scales and eight minima of six bits: the first four whole, the others' two high bits
 * in the tops of those. */
static void scale_q4_k(const unsigned char *s, size_t g, int *scale, int *least)
{
    *scale = g < 4 ? s[g] & 63 : (s[g + 4] & 15) | s[g - 4] >> 6 << 4;
    *least = g < 4 ? s[g + 4] & 63 : s[g + 4] >> 4 | s[g] >> 6 << 4;
}

/* Q4_K, and with the fifth bits at `qh` Q5_K. */
static void split_q45_k(struct block_run *out, const unsigned char *p, size_t at, const unsigned char *qh,
                        const unsigned char *qs)
{
    int s, t;
    size_t g = at / 32;
    const unsigned char *q = qs + g / 2 * 32;
    scale_q4_k(p + 4, g, &s, &t);
    out->scale[0] = half_at(p) * (float)s;
    out->least[0] = half_at(p + 2) * (float)t;
    for (size_t i = 0; i < BLOCK_RUN; i++) {
        int v = g % 2 ? q[i] >> 4 : q[i] & 15;
        out->code[i] = (unsigned char)(v | (qh ? (qh[i] >> g & 1) << 4 : 0));
    }
}

static void split_q4_k(struct block_run *out, const unsigned char *p, size_t at)
{
    split_q45_k(out, p, at, NULL, p + 16);
}

static void split_q5_k(struct block_run *out, const unsigned char *p, size_t at)
{
    split_q45_k(out, p, at, p + 16, p + 48);
}

/* Of each 128 numbers, 64 have the low nibbles of 64 bytes, 64 the high ones. */
static void split_q6_k(struct block_run *out, const unsigned char *p, size_t at)
{
    size_t half = at / 128, in = at % 128;
    const unsigned char *low = p + half * 64 + in % 64, *high = p + 128 + half * 32;
    float d = half_at(p + 208);
    for (size_t h = 0; h < 2; h++)
        out->scale[h] = d * (float)signed_at(p + 192 + at / 16 + h);
    for (size_t i = 0; i < BLOCK_RUN; i++) {
        int v = in < 64 ? low[i] & 15 : low[i] >> 4;
        out->code[i] = (unsigned char)(v | (high[i] >> in / 32 * 2 & 3) << 4);
    }
}

const struct block_kind block_kinds[DTYPE_COMPUTED] = {
    [DTYPE_Q4_0] = {split_q4_0, 8, 1, false},  [DTYPE_Q4_1] = {split_q4_1, 0, 1, true},
    [DTYPE_Q5_0] = {split_q5_0, 16, 1, false}, [DTYPE_Q5_1] = {split_q5_1, 0, 1, true},
    [DTYPE_Q8_0] = {split_q8_0, 128, 1, false}, [DTYPE_Q2_K] = {split_q2_k, 0, 2, true},
    [DTYPE_Q3_K] = {split_q3_k, 4, 2, false},  [DTYPE_Q4_K] = {split_q4_k, 0, 1, true},
    [DTYPE_Q5_K] = {split_q5_k, 0, 1, true},   [DTYPE_Q6_K] = {split_q6_k, 32, 2, false},
};

void blocks_split(struct block_run *out, const unsigned char *row, enum dtype dtype, size_t first)
{
    const struct dtype_info *t = &dtype_infos[dtype];
    block_kinds[dtype].split(out, row + first / t->block * t->bytes, first % t->block);
}

/* n: 16 or 32, a constant where it is inlined. */
static inline void widen_codes(float *out, const unsigned char *code, const struct block_kind *kind, float scale,
                               float least, const size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = scale * (float)(code[i] - kind->offset);
    for (size_t i = 0; kind->has_least && i < n; i++)
        out[i] -= least;
}

void blocks_widen(float *out, const unsigned char *row, enum dtype dtype, size_t first, size_t n)
{
    const struct block_kind *kind = &block_kinds[dtype];
    const struct dtype_info *t = &dtype_infos[dtype];
    const unsigned char *p = row + dtype_bytes(dtype, first);
    struct block_run run;
    for (; n; n -= t->block, p += t->bytes)
        for (size_t at = 0; at < t->block; at += BLOCK_RUN, out += BLOCK_RUN) {
            kind->split(&run, p, at);
            if (kind->n_scales == 1) {
                widen_codes(out, run.code, kind, run.scale[0], run.least[0], 32);
                continue;
            }
            widen_codes(out, run.code, kind, run.scale[0], run.least[0], 16);
            widen_codes(out + 16, run.code + 16, kind, run.scale[1], run.least[1], 16);
        }
}
