/* Quantized weights laid out for vpdpbusd, sixteen columns at a time: kernels_vnni.c multiplies them.
 *
 * What is 16 bytes in a row of each column becomes four vectors of a 4-byte word of every column, by a transposition; bits
 * are then taken apart for all columns at once. kernels_blocks.c has the blocks' layouts, and takes apart those of columns that are
 * fewer than sixteen. Loops over columns write what loops over runs read: a load right behind a narrower store would stall.
 */
#ifdef KERNEL_HAS_VNNI

#include <string.h>

#include "int8.h"
#include "simd.h"

#define RUN BLOCK_RUN
#define RUNS ((size_t)16) /* at most */
#define LINE ((size_t)64) /* bytes of a cache's line */

/* Four vectors, in each 16 bytes of the columns i, i + 4, i + 8, i + 12: made four of the columns 0 .. 15, of which each
 * holds one word of every column. */
INLINE void transpose_words(__m512i v[4])
{
    __m512i a = _mm512_unpacklo_epi32(v[0], v[1]), b = _mm512_unpackhi_epi32(v[0], v[1]);
    __m512i c = _mm512_unpacklo_epi32(v[2], v[3]), d = _mm512_unpackhi_epi32(v[2], v[3]);
    v[0] = _mm512_unpacklo_epi64(a, c);
    v[1] = _mm512_unpackhi_epi64(a, c);
    v[2] = _mm512_unpacklo_epi64(b, d);
    v[3] = _mm512_unpackhi_epi64(b, d);
}

INLINE __m128i bytes_at(const unsigned char *p)
{
    return _mm_loadu_si128((const __m128i *)p);
}

/* 16 bytes of each of 16 columns, which lie `stride` apart, word by word. */
INLINE void load_words(const unsigned char *p, size_t stride, __m512i v[4])
{
    for (size_t i = 0; i < 4; i++, p += stride) {
        v[i] = _mm512_castsi128_si512(bytes_at(p));
        v[i] = _mm512_inserti32x4(v[i], bytes_at(p + 4 * stride), 1);
        v[i] = _mm512_inserti32x4(v[i], bytes_at(p + 8 * stride), 2);
        v[i] = _mm512_inserti32x4(v[i], bytes_at(p + 12 * stride), 3);
    }
    transpose_words(v);
}

/* Of each byte the bits of `mask` from bit `shift` on. */
INLINE __m512i bits_from(__m512i v, size_t shift, char mask)
{
    return _mm512_and_si512(_mm512_srl_epi16(v, _mm_cvtsi32_si128((int)shift)), _mm512_set1_epi8(mask));
}

typedef int8_t codes[4 * VECTOR]; /* a vector of a cell's */

INLINE void store_codes(codes to, __m512i v, int offset)
{
    _mm512_storeu_si512(to, offset ? _mm512_sub_epi8(v, _mm512_set1_epi8((char)offset)) : v);
}

/* The low nibbles and the high ones. */
INLINE void store_nibbles(codes low, codes high, __m512i v, int offset)
{
    const __m512i mask = _mm512_set1_epi8(15);
    store_codes(low, _mm512_and_si512(v, mask), offset);
    store_codes(high, _mm512_and_si512(_mm512_srli_epi16(v, 4), mask), offset);
}

INLINE __m512 float_of_halves(const uint16_t half[VECTOR])
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)half));
}

INLINE void lay_numbers(float *to, __m512 factor, __m512i v)
{
    _mm512_storeu_ps(to, _mm512_mul_ps(factor, _mm512_cvtepi32_ps(v)));
}

/* ---- blocks of 32 ------------------------------------------------------------------- */

/* float16 numbers at each run's start, of 16 columns: the scales, and with two of them what is added to all numbers. */
INLINE void lay_halves(struct cell *cells, const unsigned char *p, size_t stride, size_t bytes, size_t n_runs, const bool two)
{
    uint16_t half[2][RUNS][VECTOR];
    for (size_t c = 0; c < VECTOR; c++, p += stride)
        for (size_t run = 0; run < n_runs; run++) {
            memcpy(&half[0][run][c], p + run * bytes, 2);
            if (two)
                memcpy(&half[1][run][c], p + run * bytes + 2, 2);
        }
    for (size_t run = 0; run < n_runs; run++) {
        _mm512_storeu_ps(cells[run].of[0].scale, float_of_halves(half[0][run]));
        if (two)
            _mm512_storeu_ps(cells[run].of[0].least, _mm512_xor_ps(float_of_halves(half[1][run]), _mm512_set1_ps(-0.0f)));
    }
}

/* Of column c what is laid out next: a column a run, since columns are too many for the CPU to see that each is read in
 * order, and all at once would be more than it can wait for. */
INLINE void fetch(const unsigned char *p, size_t stride, size_t c, size_t bytes, size_t ahead)
{
    for (size_t at = 0; ahead && at < bytes; at += LINE)
        _mm_prefetch((const char *)p + c * stride + ahead + at, _MM_HINT_T1);
}

INLINE void lay_q8_0(struct cell *cells, const unsigned char *p, size_t stride, size_t n_runs, size_t ahead)
{
    lay_halves(cells, p, stride, 34, n_runs, false);
    for (size_t run = 0; run < n_runs; run++) {
        fetch(p, stride, run, n_runs * 34, ahead);
        for (size_t half = 0; half < 2; half++) {
            __m512i v[4];
            load_words(p + run * 34 + 2 + half * 16, stride, v);
            for (size_t j = 0; j < 4; j++)
                store_codes(cells[run].code[half * 4 + j], v[j], 0);
        }
    }
}

/* Q4_0 and Q4_1: the nibbles stand at `at` of the block's `bytes`. */
INLINE void lay_nibbles(struct cell *cells, const unsigned char *p, size_t stride, size_t bytes, size_t at, size_t n_runs,
                        const int offset, size_t ahead)
{
    for (size_t run = 0; run < n_runs; run++) {
        __m512i v[4];
        fetch(p, stride, run, n_runs * bytes, ahead);
        load_words(p + run * bytes + at, stride, v);
        for (size_t j = 0; j < 4; j++)
            store_nibbles(cells[run].code[j], cells[run].code[4 + j], v[j], offset);
    }
}

/* Of each word four bits from 4j on, as its bytes' masks. */
INLINE __mmask64 fifths(__m512i words, size_t j)
{
    const __m512i first = _mm512_set1_epi32(0x08040201), second = _mm512_set1_epi32((int)0x80402010);
    const __m512i each = _mm512_broadcast_i32x4(_mm_set_epi8(12, 12, 12, 12, 8, 8, 8, 8, 4, 4, 4, 4, 0, 0, 0, 0));
    __m512i byte = _mm512_shuffle_epi8(words, _mm512_add_epi8(each, _mm512_set1_epi8((char)(j / 2))));
    return _mm512_test_epi8_mask(byte, j % 2 ? second : first);
}

/* Q5_0 and Q5_1: before the nibbles 32 bits, the numbers' fifths. */
INLINE void lay_fives(struct cell *cells, const unsigned char *p, size_t stride, size_t bytes, size_t at, size_t n_runs,
                      const int offset)
{
    uint32_t upper[RUNS][VECTOR];
    for (size_t c = 0; c < VECTOR; c++)
        for (size_t run = 0; run < n_runs; run++)
            memcpy(&upper[run][c], p + c * stride + run * bytes + at, 4);
    for (size_t run = 0; run < n_runs; run++) {
        const __m512i sixteen = _mm512_set1_epi8(16), words = _mm512_loadu_si512(upper[run]);
        __m512i v[4];
        load_words(p + run * bytes + at + 4, stride, v);
        for (size_t j = 0; j < 8; j++) {
            __m512i low = bits_from(v[j % 4], j / 4 * 4, 15);
            store_codes(cells[run].code[j], _mm512_mask_add_epi8(low, fifths(words, j), low, sixteen), offset);
        }
    }
}

/* ---- blocks of 256: n_runs is a multiple of 8 --------------------------------------- */

/* Four bits of each code, and upper ones that begin at `shift` in `high`'s bytes. */
INLINE void store_joined(codes *to, const __m512i low[4], size_t low_shift, char low_mask, const __m512i high[4], size_t shift,
                         char mask, int place, int offset)
{
    for (size_t j = 0; j < 4; j++) {
        __m512i upper = _mm512_sll_epi16(bits_from(high[j], shift, mask), _mm_cvtsi32_si128(place));
        store_codes(to[j], _mm512_or_si512(bits_from(low[j], low_shift, low_mask), upper), offset);
    }
}

/* Q4_K: a block's 128 bytes of nibbles, each 32 are two runs. */
INLINE void lay_q4_k(struct cell *cells, const unsigned char *p, size_t stride, size_t n_runs)
{
    for (size_t run = 0; run < n_runs; run += 2, cells += 2)
        for (size_t half = 0; half < 2; half++) {
            __m512i v[4];
            load_words(p + run / 8 * 144 + 16 + run % 8 / 2 * 32 + half * 16, stride, v);
            for (size_t j = 0; j < 4; j++)
                store_nibbles(cells[0].code[half * 4 + j], cells[1].code[half * 4 + j], v[j], 0);
        }
}

/* Q5_K: before the nibbles 32 bytes, in which bit r is the fifth of run r. */
INLINE void lay_q5_k(struct cell *cells, const unsigned char *p, size_t stride, size_t n_runs)
{
    for (size_t run = 0; run < n_runs; run += 8, p += 176, cells += 8)
        for (size_t half = 0; half < 2; half++) {
            __m512i high[4], v[4];
            load_words(p + 16 + half * 16, stride, high);
            for (size_t r = 0; r < 8; r += 2) {
                load_words(p + 48 + r * 16 + half * 16, stride, v);
                store_joined(cells[r].code + half * 4, v, 0, 15, high, r, 1, 4, 0);
                store_joined(cells[r + 1].code + half * 4, v, 4, 15, high, r + 1, 1, 4, 0);
            }
        }
}

/* Q6_K: of each four runs the low nibbles of 64 bytes are two, the high ones two; 32 bytes have the upper bits of all. */
INLINE void lay_q6_k(struct cell *cells, const unsigned char *p, size_t stride, size_t n_runs)
{
    for (size_t run = 0; run < n_runs; run += 4, cells += 4) {
        const unsigned char *block = p + run / 8 * 210, *low = block + run % 8 * 16, *upper = block + 128 + run % 8 * 8;
        for (size_t half = 0; half < 2; half++) {
            __m512i high[4], v[4];
            load_words(upper + half * 16, stride, high);
            for (size_t r = 0; r < 2; r++) {
                load_words(low + r * 32 + half * 16, stride, v);
                store_joined(cells[r].code + half * 4, v, 0, 15, high, 2 * r, 3, 4, 32);
                store_joined(cells[r + 2].code + half * 4, v, 4, 15, high, 2 * r + 4, 3, 4, 32);
            }
        }
    }
}

/* Q2_K: of each four runs 32 bytes, two bits each. */
INLINE void lay_q2_k(struct cell *cells, const unsigned char *p, size_t stride, size_t n_runs)
{
    for (size_t run = 0; run < n_runs; run += 4, cells += 4)
        for (size_t half = 0; half < 2; half++) {
            __m512i v[4];
            load_words(p + run / 8 * 84 + 16 + run % 8 * 8 + half * 16, stride, v);
            for (size_t r = 0; r < 4; r++)
                for (size_t j = 0; j < 4; j++)
                    store_codes(cells[r].code[half * 4 + j], bits_from(v[j], 2 * r, 3), 0);
        }
}

/* Q3_K: two bits as Q2_K has them, the third of run r is bit r of 32 bytes. */
INLINE void lay_q3_k(struct cell *cells, const unsigned char *p, size_t stride, size_t n_runs)
{
    for (size_t run = 0; run < n_runs; run += 4, cells += 4)
        for (size_t half = 0; half < 2; half++) {
            const unsigned char *block = p + run / 8 * 110;
            __m512i high[4], v[4];
            load_words(block + half * 16, stride, high);
            load_words(block + 32 + run % 8 * 8 + half * 16, stride, v);
            for (size_t r = 0; r < 4; r++)
                store_joined(cells[r].code + half * 4, v, 2 * r, 3, high, run % 8 + r, 1, 2, 4);
        }
}

/* A float16 of each column. */
INLINE __m512 factor_at(const unsigned char *p, size_t stride)
{
    uint16_t half[VECTOR];
    for (size_t c = 0; c < VECTOR; c++)
        memcpy(&half[c], p + c * stride, sizeof *half);
    return float_of_halves(half);
}

/* Byte i of each word, without and with its sign. */
INLINE __m512i byte_of(__m512i words, unsigned i)
{
    return _mm512_and_si512(_mm512_srli_epi32(words, 8 * i), _mm512_set1_epi32(255));
}

INLINE __m512i signed_byte_of(__m512i words, unsigned i)
{
    return _mm512_srai_epi32(_mm512_slli_epi32(words, 24 - 8 * i), 24);
}

/* Sixteen bytes with a scale and a minimum each, and d and m at the block's end. */
INLINE void lay_scales_q2_k(struct cell *cells, const unsigned char *p, size_t stride, size_t n_runs)
{
    for (size_t run = 0; run < n_runs; run += 8, p += 84, cells += 8) {
        __m512 d = factor_at(p + 80, stride), m = factor_at(p + 82, stride);
        __m512i v[4];
        load_words(p, stride, v);
        for (unsigned g = 0; g < 16; g++) {
            struct side *side = &cells[g / 2].of[g % 2];
            lay_numbers(side->scale, d, byte_of(bits_from(v[g / 4], 0, 15), g % 4));
            lay_numbers(side->least, m, byte_of(bits_from(v[g / 4], 4, 15), g % 4));
        }
    }
}

/* Twelve bytes of sixteen scales (kernels_blocks.c) and d: the block's last 14, so words begin in the middle of those read. */
INLINE void lay_scales_q3_k(struct cell *cells, const unsigned char *p, size_t stride, size_t n_runs)
{
    for (size_t run = 0; run < n_runs; run += 8, p += 110, cells += 8) {
        __m512i v[4], w[3];
        load_words(p + 94, stride, v);
        for (size_t i = 0; i < 3; i++)
            w[i] = _mm512_or_si512(_mm512_srli_epi32(v[i], 16), _mm512_slli_epi32(v[i + 1], 16));
        __m512 d = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(_mm512_srli_epi32(v[3], 16)));
        for (unsigned g = 0; g < 16; g += 4) {
            __m512i upper = _mm512_slli_epi16(bits_from(w[2], g / 2, 3), 4);
            __m512i scale = _mm512_or_si512(bits_from(w[g / 4 % 2], g / 8 * 4, 15), upper);
            scale = _mm512_sub_epi8(scale, _mm512_set1_epi8(32));
            for (unsigned i = 0; i < 4; i++)
                lay_numbers(cells[(g + i) / 2].of[i % 2].scale, d, signed_byte_of(scale, i));
        }
    }
}

/* Sixteen signed bytes a block, two for each run, and behind them d. */
INLINE void lay_scales_q6_k(struct cell *cells, const unsigned char *p, size_t stride, size_t n_runs)
{
    for (size_t run = 0; run < n_runs; run += 8, p += 210, cells += 8) {
        __m512 d = factor_at(p + 208, stride);
        __m512i v[4];
        load_words(p + 192, stride, v);
        for (unsigned g = 0; g < 16; g++)
            lay_numbers(cells[g / 2].of[g % 2].scale, d, signed_byte_of(v[g / 4], g % 4));
    }
}

/* Scales and minima of Q4_K and Q5_K: a block starts with d and m, float16, and twelve bytes of six-bit scales and minima
 * (kernels_blocks.c), sixteen bytes in all. Four scales of a column are a word, its bytes the runs. */
INLINE void lay_scales_k(struct cell *cells, const unsigned char *p, size_t stride, size_t bytes, size_t n_runs)
{
    const __m512i six = _mm512_set1_epi32(0x3f3f3f3f), four = _mm512_set1_epi32(0x0f0f0f0f);
    const __m512i upper = _mm512_set1_epi32(0x30303030);
    for (size_t run = 0; run < n_runs; run += 8, p += bytes, cells += 8) {
        __m512i v[4], s[2], t[2];
        load_words(p, stride, v);
        __m512 d = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(v[0]));
        __m512 m = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(_mm512_srli_epi32(v[0], 16)));
        s[0] = _mm512_and_si512(v[1], six);
        t[0] = _mm512_and_si512(v[2], six);
        s[1] = _mm512_or_si512(_mm512_and_si512(v[3], four), _mm512_and_si512(_mm512_srli_epi32(v[1], 2), upper));
        t[1] = _mm512_or_si512(_mm512_and_si512(_mm512_srli_epi32(v[3], 4), four),
                               _mm512_and_si512(_mm512_srli_epi32(v[2], 2), upper));
        for (unsigned i = 0; i < 8; i++) {
            lay_numbers(cells[i].of[0].scale, d, byte_of(s[i / 4], i % 4));
            lay_numbers(cells[i].of[0].least, m, byte_of(t[i / 4], i % 4));
        }
    }
}

/* ---- any type ----------------------------------------------------------------------- */

/* Any type, column by column. */
static void lay_any(struct cell *cells, const unsigned char *p, size_t stride, size_t cols, enum dtype dtype, size_t n_runs)
{
    const size_t block = dtype_infos[dtype].block, bytes = dtype_infos[dtype].bytes;
    const struct block_kind kind = block_kinds[dtype];
    for (size_t run = 0; run < n_runs; run++, cells++) {
        const unsigned char *at = p + run * RUN / block * bytes;
        struct block_run b[VECTOR];
        for (size_t c = 0; c < cols; c++) {
            CONCAT(blocks_split_, KERNEL_ISA)(&b[c], at + c * stride, dtype, run * RUN % block);
            for (size_t half = 0; half < kind.n_scales; half++) {
                cells->of[half].scale[c] = b[c].scale[half];
                if (kind.has_least)
                    cells->of[half].least[c] = b[c].least[half];
            }
        }
        if (cols < VECTOR)
            memset(b + cols, 0, (VECTOR - cols) * sizeof *b);
        for (size_t half = 0; half < 2; half++) {
            __m512i v[4];
            load_words(b[0].code + half * 16, sizeof *b, v);
            for (size_t j = 0; j < 4; j++)
                store_codes(cells->code[half * 4 + j], v[j], kind.offset);
        }
    }
}

/* Activations are q + QUANTIZED_ZERO: what that adds to the sum is taken off beforehand. */
INLINE void lay_starts(struct cell *cells, size_t halves, size_t n_runs)
{
    const __m512i zero = _mm512_set1_epi8((char)QUANTIZED_ZERO);
    for (size_t run = 0; run < n_runs; run++)
        for (size_t half = 0; half < halves; half++) {
            __m512i sum = _mm512_setzero_si512();
            for (size_t j = 0; j < 8 / halves; j++)
                sum = _mm512_dpbusd_epi32(sum, zero, _mm512_loadu_si512(cells[run].code[half * 4 + j]));
            _mm512_storeu_si512(cells[run].of[half].start, _mm512_sub_epi32(_mm512_setzero_si512(), sum));
        }
}

static void lay_sixteen(struct cell *cells, const unsigned char *p, size_t stride, enum dtype dtype, size_t n, size_t ahead)
{
    switch (dtype) {
    case DTYPE_Q8_0: lay_q8_0(cells, p, stride, n, ahead); break;
    case DTYPE_Q4_0:
        lay_halves(cells, p, stride, 18, n, false);
        lay_nibbles(cells, p, stride, 18, 2, n, 8, ahead);
        break;
    case DTYPE_Q4_1:
        lay_halves(cells, p, stride, 20, n, true);
        lay_nibbles(cells, p, stride, 20, 4, n, 0, ahead);
        break;
    case DTYPE_Q5_0:
        lay_halves(cells, p, stride, 22, n, false);
        lay_fives(cells, p, stride, 22, 2, n, 16);
        break;
    case DTYPE_Q5_1:
        lay_halves(cells, p, stride, 24, n, true);
        lay_fives(cells, p, stride, 24, 4, n, 0);
        break;
    case DTYPE_Q2_K:
        lay_q2_k(cells, p, stride, n);
        lay_scales_q2_k(cells, p, stride, n);
        break;
    case DTYPE_Q3_K:
        lay_q3_k(cells, p, stride, n);
        lay_scales_q3_k(cells, p, stride, n);
        break;
    case DTYPE_Q4_K:
        lay_q4_k(cells, p, stride, n);
        lay_scales_k(cells, p, stride, 144, n);
        break;
    case DTYPE_Q5_K:
        lay_q5_k(cells, p, stride, n);
        lay_scales_k(cells, p, stride, 176, n);
        break;
    default: /* Q6_K: no other is left */
        lay_q6_k(cells, p, stride, n);
        lay_scales_q6_k(cells, p, stride, n);
        break;
    }
}

void CONCAT(int8_lay_, KERNEL_ISA)(struct cell *cells, const unsigned char *first, size_t stride, size_t cols, enum dtype dtype,
                                   size_t n_runs, size_t ahead)
{
    if (cols < VECTOR)
        lay_any(cells, first, stride, cols, dtype, n_runs);
    else
        lay_sixteen(cells, first, stride, dtype, n_runs, ahead);
    if (block_kinds[dtype].n_scales == 2)
        lay_starts(cells, 2, n_runs);
    else
        lay_starts(cells, 1, n_runs);
}

#endif
