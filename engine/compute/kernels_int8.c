/* Products of 8-bit activations and quantized weights, compiled once for each instruction set.
 *
 * A row of activations is quantized in blocks of 32: scale = max |x| / 127, q = x * (127 / max |x|) to the nearest integer,
 * ties to even. Where a number is not finite the block's scale is NaN, so that nothing is hidden; a block below 1e-30 is
 * zeros.
 *
 * Weights come as kernels_blocks.c takes them apart: scale * (code - offset) - least. An output is one chain over k,
 *
 *     out = 0
 *     out = fma((float)I, xscale * scale, out)             I = the sum of q * (code - offset) over the run, exact
 *     out = fma(least, xscale * (float)-Q, out)            where there are minima; Q = the sum of q
 *
 * run after run (half after half, where a run has two scales). Integers are exact in any order, the two float operations are
 * in a fixed one: so the bits are the same on every instruction set, for any tile, and a partial sum may wait in y.
 *
 * VNNI: a panel has 48 columns as three vectors of 16, and for each run 8 times 4 codes of every column (one
 * vpdpbusd each, unsigned codes by signed q); sums start from -Q * offset. 4 rows by 3 vectors are 12 integer and 12
 * float registers. A piece is 16 runs, 27 KiB: it stays in the level 1 cache while all rows go by. Q8_0, Q4_0, Q4_K, Q5_K and Q6_K are
 * laid out 16 columns at once, by a transposition of 4-byte words; fast enough to read weights for one row at the
 * memory's speed.
 */
#include <string.h>

#include "blocks.h"
#include "kernels.h"
#include "simd.h"

#define RUN BLOCK_RUN

struct quantized { /* a block of activations, as prepared: it takes less room than its 32 floats did */
    float scale;
    int32_t minus[2]; /* the sums of q over the halves, negated */
    int8_t q[RUN];
};

static void quantize(const float *x, struct quantized *out)
{
    uint32_t bits[RUN], most = 0;
    float largest, back = 0;
    int sums[2] = {0, 0};
    memcpy(bits, x, sizeof bits);
    for (size_t i = 0; i < RUN; i++) {
        uint32_t size = bits[i] & 0x7fffffff;
        most = size > most ? size : most;
    }
    memcpy(&largest, &most, sizeof largest);
    bool finite = most < 0x7f800000, some = finite && largest >= 1e-30f;
    out->scale = !finite ? NAN : some ? largest / 127.0f : 0;
    if (some)
        back = 127.0f / largest;
    for (size_t i = 0; i < RUN; i++) {
        float to_nearest = (some ? x[i] : 0) * back + 0x1.8p23f; /* the integer, in the lowest bits */
        int32_t q;
        memcpy(&q, &to_nearest, sizeof q);
        out->q[i] = (int8_t)(q - 0x4b400000);
    }
    for (size_t i = 0; i < RUN; i++)
        sums[i / 16] += out->q[i];
    out->minus[0] = -sums[0];
    out->minus[1] = -sums[1];
}

/* Blocks lie one behind the other, unaligned, at the front of the row. */
void CONCAT(int8_prepare_, KERNEL_ISA)(float *row, size_t k)
{
    unsigned char *to = (unsigned char *)row;
    for (size_t i = 0; i < k; i += RUN, to += sizeof(struct quantized)) {
        struct quantized block;
        quantize(row + i, &block);
        memcpy(to, &block, sizeof block);
    }
}

#ifdef KERNEL_HAS_VNNI

#define VECTOR ((size_t)16)  /* columns */
#define VECTORS ((size_t)3)  /* of a panel */
#define RUNS ((size_t)16)    /* of a piece */
#define ROWS 4
#define FEW_ROWS 32 /* so few that weights come from memory faster than they are used */

struct panel {
    size_t n_vectors, n_runs; /* of this piece, at most; exactly */
    unsigned char *codes;    /* [VECTORS][RUNS][8][64]: column c's codes 4j .. 4j + 3 at [j][4c] */
    float *scales, *leasts;  /* [VECTORS][RUNS][2][16] */
};
#define CODES_AT(v, run) (((v) * RUNS + (run)) * 512)
#define SCALES_AT(v, run, half) ((((v) * RUNS + (run)) * 2 + (half)) * VECTOR)

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

/* The float16 at each run's start, of 16 columns. Stored in a loop of its own: read back at once, the store would stall.
 * Columns are too many for the CPU to see that each is read in order, so what is laid next is fetched by hand. */
INLINE void lay_halves(const unsigned char *p, size_t stride, size_t bytes, size_t n_runs, size_t ahead, float *scales)
{
    uint16_t half[RUNS][VECTOR];
    for (size_t c = 0; c < VECTOR; c++, p += stride) {
        for (size_t at = 0; at < n_runs * bytes; at += 64)
            _mm_prefetch((const char *)(p + ahead + at), _MM_HINT_T0);
        for (size_t run = 0; run < n_runs; run++)
            memcpy(&half[run][c], p + run * bytes, 2);
    }
    for (size_t run = 0; run < n_runs; run++)
        _mm512_storeu_ps(scales + SCALES_AT(0, run, 0), _mm512_cvtph_ps(_mm256_loadu_si256((__m256i *)half[run])));
}

INLINE void store_nibbles(const __m512i v[4], unsigned char *low, unsigned char *high)
{
    const __m512i mask = _mm512_set1_epi8(15);
    for (size_t j = 0; j < 4; j++) {
        _mm512_storeu_si512(low + 64 * j, _mm512_and_si512(v[j], mask));
        _mm512_storeu_si512(high + 64 * j, _mm512_and_si512(_mm512_srli_epi16(v[j], 4), mask));
    }
}

static void lay_q8_0(const unsigned char *p, size_t stride, size_t n_runs, size_t ahead, unsigned char *codes,
                     float *scales)
{
    const __m512i flip = _mm512_set1_epi8(-128);
    lay_halves(p, stride, 34, n_runs, ahead, scales);
    for (size_t run = 0; run < n_runs; run++, codes += CODES_AT(0, 1))
        for (size_t half = 0; half < 2; half++) {
            __m512i v[4];
            load_words(p + run * 34 + 2 + half * 16, stride, v);
            for (size_t j = 0; j < 4; j++)
                _mm512_storeu_si512(codes + 64 * (half * 4 + j), _mm512_xor_si512(v[j], flip));
        }
}

static void lay_q4_0(const unsigned char *p, size_t stride, size_t n_runs, size_t ahead, unsigned char *codes,
                     float *scales)
{
    lay_halves(p, stride, 18, n_runs, ahead, scales);
    for (size_t run = 0; run < n_runs; run++, codes += CODES_AT(0, 1)) {
        __m512i v[4];
        load_words(p + run * 18 + 2, stride, v);
        store_nibbles(v, codes, codes + 256);
    }
}

/* Of each byte the bits of `mask` from bit `shift` on. */
INLINE __m512i bits_from(__m512i v, size_t shift, char mask)
{
    return _mm512_and_si512(_mm512_srl_epi16(v, _mm_cvtsi32_si128((int)shift)), _mm512_set1_epi8(mask));
}

/* Four bits of each code, and upper ones that begin at `shift` in `high`'s bytes. */
INLINE void store_codes(const __m512i low[4], size_t low_shift, const __m512i high[4], size_t shift, char mask,
                        unsigned char *to)
{
    for (size_t j = 0; j < 4; j++) {
        __m512i upper = _mm512_slli_epi16(bits_from(high[j], shift, mask), 4);
        _mm512_storeu_si512(to + 64 * j, _mm512_or_si512(bits_from(low[j], low_shift, 15), upper));
    }
}

/* Q4_K: a block's 128 bytes of nibbles, each 32 are two runs. n_runs is a multiple of 8. */
static void lay_q4_k(const unsigned char *p, size_t stride, size_t n_runs, unsigned char *codes)
{
    for (size_t run = 0; run < n_runs; run += 2, codes += CODES_AT(0, 2))
        for (size_t half = 0; half < 2; half++) {
            __m512i v[4];
            load_words(p + run / 8 * 144 + 16 + run % 8 / 2 * 32 + half * 16, stride, v);
            store_nibbles(v, codes + half * 256, codes + CODES_AT(0, 1) + half * 256);
        }
}

/* Q5_K: before the nibbles 32 bytes, in which bit r is the fifth of run r. */
static void lay_q5_k(const unsigned char *p, size_t stride, size_t n_runs, unsigned char *codes)
{
    for (size_t run = 0; run < n_runs; run += 8, p += 176, codes += CODES_AT(0, 8))
        for (size_t half = 0; half < 2; half++) {
            __m512i high[4], v[4];
            load_words(p + 16 + half * 16, stride, high);
            for (size_t r = 0; r < 8; r += 2) {
                load_words(p + 48 + r * 16 + half * 16, stride, v);
                store_codes(v, 0, high, r, 1, codes + CODES_AT(0, r) + half * 256);
                store_codes(v, 4, high, r + 1, 1, codes + CODES_AT(0, r + 1) + half * 256);
            }
        }
}

/* Q6_K: of each four runs the low nibbles of 64 bytes are two, the high ones two; 32 bytes have the upper bits of all. */
static void lay_q6_k(const unsigned char *p, size_t stride, size_t n_runs, unsigned char *codes)
{
    for (size_t run = 0; run < n_runs; run += 4, codes += CODES_AT(0, 4)) {
        const unsigned char *block = p + run / 8 * 210, *low = block + run % 8 * 16, *upper = block + 128 + run % 8 * 8;
        for (size_t half = 0; half < 2; half++) {
            __m512i high[4], v[4];
            load_words(upper + half * 16, stride, high);
            for (size_t r = 0; r < 2; r++) {
                load_words(low + r * 32 + half * 16, stride, v);
                store_codes(v, 0, high, 2 * r, 3, codes + CODES_AT(0, r) + half * 256);
                store_codes(v, 4, high, 2 * r + 4, 3, codes + CODES_AT(0, r + 2) + half * 256);
            }
        }
    }
}

/* Sixteen signed bytes a block, two for each run, and behind them d. */
static void lay_scales_q6_k(const unsigned char *p, size_t stride, size_t n_runs, float *scales)
{
    for (size_t run = 0; run < n_runs; run += 8, p += 210) {
        __m512i v[4];
        uint16_t halves[VECTOR];
        for (size_t c = 0; c < VECTOR; c++)
            memcpy(&halves[c], p + 208 + c * stride, sizeof *halves);
        __m512 d = _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)halves));
        load_words(p + 192, stride, v);
        for (unsigned g = 0; g < 16; g++) {
            __m512i scale = _mm512_srai_epi32(_mm512_slli_epi32(v[g / 4], 24 - 8 * (g % 4)), 24);
            _mm512_storeu_ps(scales + SCALES_AT(0, run + g / 2, g % 2), _mm512_mul_ps(d, _mm512_cvtepi32_ps(scale)));
        }
    }
}

/* Scales and minima of Q4_K and Q5_K: a block starts with d and m, float16, and twelve bytes of six-bit scales and minima
 * (kernels_blocks.c), sixteen bytes in all. Four scales of a column are a word, its bytes the runs. */
static void lay_scales_k(const unsigned char *p, size_t stride, size_t bytes, size_t n_runs, float *scales, float *leasts)
{
    const __m512i six = _mm512_set1_epi32(0x3f3f3f3f), four = _mm512_set1_epi32(0x0f0f0f0f);
    const __m512i upper = _mm512_set1_epi32(0x30303030), byte = _mm512_set1_epi32(255);
    for (size_t run = 0; run < n_runs; run += 8, p += bytes) {
        __m512i v[4], s[2], t[2];
        load_words(p, stride, v);
        __m512 d = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(v[0]));
        __m512 m = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(_mm512_srli_epi32(v[0], 16)));
        s[0] = _mm512_and_si512(v[1], six);
        t[0] = _mm512_and_si512(v[2], six);
        s[1] = _mm512_or_si512(_mm512_and_si512(v[3], four), _mm512_and_si512(_mm512_srli_epi32(v[1], 2), upper));
        t[1] = _mm512_or_si512(_mm512_and_si512(_mm512_srli_epi32(v[3], 4), four),
                               _mm512_and_si512(_mm512_srli_epi32(v[2], 2), upper));
        for (size_t i = 0; i < 8; i++) {
            const unsigned shift = 8 * (unsigned)(i % 4);
            __m512i scale = _mm512_and_si512(_mm512_srli_epi32(s[i / 4], shift), byte);
            __m512i least = _mm512_and_si512(_mm512_srli_epi32(t[i / 4], shift), byte);
            _mm512_storeu_ps(scales + SCALES_AT(0, run + i, 0), _mm512_mul_ps(d, _mm512_cvtepi32_ps(scale)));
            _mm512_storeu_ps(leasts + SCALES_AT(0, run + i, 0), _mm512_mul_ps(m, _mm512_cvtepi32_ps(least)));
        }
    }
}

/* One run of up to sixteen columns, of any type. */
static void lay_run(const unsigned char *block, size_t stride, size_t cols, enum dtype dtype, size_t at,
                    unsigned char *codes, float *scales, float *leasts)
{
    const struct block_kind kind = block_kinds[dtype];
    struct block_run b[VECTOR];
    for (size_t c = 0; c < cols; c++) {
        CONCAT(blocks_split_, KERNEL_ISA)(&b[c], block + c * stride, dtype, at);
        for (size_t half = 0; half < kind.n_scales; half++) {
            scales[half * VECTOR + c] = b[c].scale[half];
            if (kind.has_least)
                leasts[half * VECTOR + c] = b[c].least[half];
        }
    }
    if (cols < VECTOR)
        memset(b + cols, 0, (VECTOR - cols) * sizeof *b); /* nobody reads their sums */
    for (size_t half = 0; half < 2; half++) {
        __m512i v[4];
        load_words(b[0].code + half * 16, sizeof *b, v);
        for (size_t j = 0; j < 4; j++)
            _mm512_storeu_si512(codes + 64 * (half * 4 + j), v[j]);
    }
}

static void lay_any(const unsigned char *p, size_t stride, size_t cols, enum dtype dtype, size_t n_runs,
                    unsigned char *codes, float *scales, float *leasts)
{
    const size_t block = dtype_infos[dtype].block, bytes = dtype_infos[dtype].bytes;
    for (size_t run = 0, at = 0; run < n_runs; run++) {
        lay_run(p, stride, cols, dtype, at, codes + CODES_AT(0, run), scales + SCALES_AT(0, run, 0),
                leasts + SCALES_AT(0, run, 0));
        at += RUN;
        if (at == block) {
            p += bytes;
            at = 0;
        }
    }
}

/* Vector v of the panel. Where it has fewer than 16 columns, the others keep what they had; nobody reads their sums. */
static void lay_vector(const struct matmul *m, size_t col, size_t from, const struct panel *p, size_t v)
{
    unsigned char *codes = p->codes + CODES_AT(v, 0);
    float *scales = p->scales + SCALES_AT(v, 0, 0), *leasts = p->leasts + SCALES_AT(v, 0, 0);
    size_t stride = dtype_bytes(m->dtype, m->k), cols = m->cols - col < VECTOR ? m->cols - col : VECTOR;
    const unsigned char *first = m->w + col * stride + from * RUN / dtype_infos[m->dtype].block * dtype_infos[m->dtype].bytes;
    /* From here to what is laid next: the columns' next piece, or the first of those behind the panel. */
    size_t at = (size_t)(first - m->w) - col * stride;
    size_t ahead = (from + p->n_runs) * RUN < m->k ? dtype_bytes(m->dtype, p->n_runs * RUN) : p->n_vectors * VECTOR * stride - at;
    if (cols == VECTOR && m->dtype == DTYPE_Q8_0) {
        lay_q8_0(first, stride, p->n_runs, ahead, codes, scales);
    } else if (cols == VECTOR && m->dtype == DTYPE_Q4_0) {
        lay_q4_0(first, stride, p->n_runs, ahead, codes, scales);
    } else if (cols == VECTOR && m->dtype == DTYPE_Q4_K) {
        lay_q4_k(first, stride, p->n_runs, codes);
        lay_scales_k(first, stride, 144, p->n_runs, scales, leasts);
    } else if (cols == VECTOR && m->dtype == DTYPE_Q5_K) {
        lay_q5_k(first, stride, p->n_runs, codes);
        lay_scales_k(first, stride, 176, p->n_runs, scales, leasts);
    } else if (cols == VECTOR && m->dtype == DTYPE_Q6_K) {
        lay_q6_k(first, stride, p->n_runs, codes);
        lay_scales_q6_k(first, stride, p->n_runs, scales);
    } else {
        lay_any(first, stride, cols, m->dtype, p->n_runs, codes, scales, leasts);
    }
}

INLINE float float_at(const unsigned char *p)
{
    float f;
    memcpy(&f, p, sizeof f);
    return f;
}

/* To all lanes; as if a float, since compilers take integers by way of a scalar register. */
INLINE __m512i four_at(const unsigned char *p)
{
    return _mm512_castps_si512(_mm512_set1_ps(float_at(p)));
}

struct target { /* of R rows: where y is, which of the last vector's columns are real */
    float *y;
    size_t ldy;
    __mmask16 last;
    bool first; /* nothing is in y yet */
};

#define EACH_R EACH_4
#define EACH_C EACH_3
#define AT_RC(r, c) (r) * (int)VECTORS + (c)

INLINE int32_t word_at(const unsigned char *p)
{
    int32_t w;
    memcpy(&w, p, sizeof w);
    return w;
}

/* R rows by C vectors, from vector v on. */
INLINE void tile(const int R, const int C, const size_t halves, const bool least, const unsigned shift,
                 const unsigned char *x, size_t x_stride, const struct panel *p, size_t v, const struct target t)
{
    __m512 acc[ROWS * VECTORS];
    EACH_R(r, R, EACH_C(c, C, acc[AT_RC(r, c)] = t.first ? _mm512_setzero_ps()
                                                         : _mm512_maskz_loadu_ps(c == C - 1 ? t.last : (__mmask16)0xffff,
                                                                                 t.y + r * t.ldy + c * VECTOR);))
    for (size_t run = 0; run < p->n_runs; run++, x += sizeof(struct quantized))
        for (size_t half = 0; half < halves; half++) {
            const unsigned char *q = x + 12 + half * 16, *codes = p->codes + CODES_AT(v, run) + half * 256;
            __m512i sum[ROWS * VECTORS], start[ROWS];
            EACH_R(r, R, const unsigned char *minus = x + r * x_stride + 4;
                   start[r] = shift ? _mm512_slli_epi32(halves == 2 ? four_at(minus + half * 4)
                                                                    : _mm512_add_epi32(four_at(minus), four_at(minus + 4)),
                                                        shift)
                                    : _mm512_setzero_si512();)
            EACH_R(r, R, EACH_C(c, C, sum[AT_RC(r, c)] = start[r];))
            for (size_t j = 0; j < 8 / halves; j++) {
                __m512i w[VECTORS];
                EACH_C(c, C, w[c] = _mm512_loadu_si512(codes + CODES_AT(c, 0) + 64 * j);)
                EACH_R(r, R, __m512i a = four_at(q + r * x_stride + 4 * j);
                       EACH_C(c, C, sum[AT_RC(r, c)] = _mm512_dpbusd_epi32(sum[AT_RC(r, c)], w[c], a);))
            }
            const float *scales = p->scales + SCALES_AT(v, run, half), *leasts = p->leasts + SCALES_AT(v, run, half);
            EACH_R(r, R, const unsigned char *block = x + r * x_stride; __m512 xs = _mm512_set1_ps(float_at(block));
                   int32_t total = halves == 2 ? word_at(block + 4 + half * 4) : word_at(block + 4) + word_at(block + 8);
                   __m512 xsum = _mm512_set1_ps(float_at(block) * (float)total);
                   EACH_C(c, C, __m512 *out = &acc[AT_RC(r, c)];
                          __m512 s = _mm512_mul_ps(xs, _mm512_loadu_ps(scales + SCALES_AT(c, 0, 0)));
                          *out = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum[AT_RC(r, c)]), s, *out);
                          if (least) *out = _mm512_fmadd_ps(_mm512_loadu_ps(leasts + SCALES_AT(c, 0, 0)), xsum, *out);))
        }
    EACH_R(r, R, EACH_C(c, C, _mm512_mask_storeu_ps(t.y + r * t.ldy + c * VECTOR,
                                                    c == C - 1 ? t.last : (__mmask16)0xffff, acc[AT_RC(r, c)]);))
}

INLINE void all_rows(const struct matmul *m, const int C, const size_t halves, const bool least, const unsigned shift,
                     const struct panel *p, size_t v, size_t col, size_t from)
{
    size_t left = m->cols - col - (size_t)(C - 1) * VECTOR, x_stride = m->ldx * sizeof *m->x;
    struct target t = {.ldy = m->ldy, .first = from == 0};
    t.last = (__mmask16)(left < VECTOR ? (1u << left) - 1 : 0xffffu);
    for (size_t r = 0; r < m->rows;) {
        const unsigned char *x = (const unsigned char *)m->x + r * x_stride + from * sizeof(struct quantized);
        t.y = m->y + r * m->ldy + col;
        if (r + ROWS <= m->rows) {
            tile(ROWS, C, halves, least, shift, x, x_stride, p, v, t);
            r += ROWS;
        } else {
            tile(1, C, halves, least, shift, x, x_stride, p, v, t);
            r++;
        }
    }
}

/* All rows by one piece of a panel of up to 48 columns. */
INLINE void multiply_piece(const struct matmul *m, const size_t halves, const bool least, const unsigned shift,
                           const struct panel *p, size_t col, size_t from)
{
    if (p->n_vectors == VECTORS && col + (VECTORS - 1) * VECTOR < m->cols) {
        all_rows(m, (int)VECTORS, halves, least, shift, p, 0, col, from);
        return;
    }
    for (size_t v = 0; v < p->n_vectors && col + v * VECTOR < m->cols; v++)
        all_rows(m, 1, halves, least, shift, p, v, col + v * VECTOR, from);
}

static void multiply_kind(const struct matmul *m, const struct panel *p, size_t col, size_t from)
{
    switch (m->dtype) { /* each with its constants: scales, minima, the offset as a power of two */
    case DTYPE_Q8_0: multiply_piece(m, 1, false, 7, p, col, from); break;
    case DTYPE_Q4_0: multiply_piece(m, 1, false, 3, p, col, from); break;
    case DTYPE_Q5_0: multiply_piece(m, 1, false, 4, p, col, from); break;
    case DTYPE_Q2_K: multiply_piece(m, 2, true, 0, p, col, from); break;
    case DTYPE_Q3_K: multiply_piece(m, 2, false, 2, p, col, from); break;
    case DTYPE_Q6_K: multiply_piece(m, 2, false, 5, p, col, from); break;
    default: multiply_piece(m, 1, true, 0, p, col, from); break; /* Q4_1, Q5_1, Q4_K, Q5_K */
    }
}

static void lay_and_multiply(const struct matmul *m, struct panel *p, size_t col, size_t from)
{
    size_t left = m->k / RUN - from;
    p->n_runs = left < RUNS ? left : RUNS;
    for (size_t v = 0; v < p->n_vectors && col + v * VECTOR < m->cols; v++)
        lay_vector(m, col + v * VECTOR, from, p, v);
    multiply_kind(m, p, col, from);
}

void CONCAT(int8_matmul_, KERNEL_ISA)(const struct matmul *m)
{
    struct panel p = {.codes = (unsigned char *)m->work};
    p.scales = m->work + CODES_AT(VECTORS, 0) / sizeof *m->work;
    p.leasts = p.scales + SCALES_AT(VECTORS, 0, 0);
    const size_t n_runs = m->k / RUN;
    if (m->rows <= FEW_ROWS) { /* columns one after the other, as they lie in memory */
        p.n_vectors = 1;
        for (size_t col = 0; col < m->cols; col += VECTOR)
            for (size_t from = 0; from < n_runs; from += RUNS)
                lay_and_multiply(m, &p, col, from);
        return;
    }
    p.n_vectors = VECTORS;
    for (size_t from = 0; from < n_runs; from += RUNS) /* a stretch of the rows stays near for all columns */
        for (size_t col = 0; col < m->cols; col += VECTORS * VECTOR)
            lay_and_multiply(m, &p, col, from);
}

#else

#define RUNS ((size_t)32) /* of a column, taken apart at once for all rows */

struct column {
    size_t n_runs;
    int8_t w[RUNS][RUN];
    float scale[RUNS][2], least[RUNS][2];
};

static void lay_part(const struct matmul *m, size_t col, size_t from, struct column *out)
{
    const unsigned char *row = m->w + col * dtype_bytes(m->dtype, m->k);
    const struct dtype_info *t = &dtype_infos[m->dtype];
    for (size_t run = 0; run < out->n_runs; run++) {
        const size_t first = (from + run) * RUN;
        struct block_run b;
        CONCAT(blocks_split_, KERNEL_ISA)(&b, row + first / t->block * t->bytes, m->dtype, first % t->block);
        for (size_t i = 0; i < RUN; i++)
            out->w[run][i] = (int8_t)(b.code[i] - block_kinds[m->dtype].offset);
        memcpy(out->scale[run], b.scale, sizeof b.scale);
        memcpy(out->least[run], b.least, sizeof b.least);
    }
}

static float chain(const struct column *c, const struct block_kind *kind, const unsigned char *x, float out)
{
    const size_t group = RUN / kind->n_scales;
    for (size_t run = 0; run < c->n_runs; run++) {
        struct quantized q;
        memcpy(&q, x + run * sizeof q, sizeof q);
        for (size_t half = 0; half < kind->n_scales; half++) {
            int32_t sum = 0, minus = kind->n_scales == 2 ? q.minus[half] : q.minus[0] + q.minus[1];
            for (size_t i = half * group; i < (half + 1) * group; i++)
                sum += q.q[i] * c->w[run][i];
            out = fmaf((float)sum, q.scale * c->scale[run][half], out);
            if (kind->has_least)
                out = fmaf(c->least[run][half], q.scale * (float)minus, out);
        }
    }
    return out;
}

void CONCAT(int8_matmul_, KERNEL_ISA)(const struct matmul *m)
{
    const size_t n_runs = m->k / RUN;
    struct column c;
    for (size_t from = 0; from < n_runs; from += RUNS) {
        c.n_runs = n_runs - from < RUNS ? n_runs - from : RUNS;
        for (size_t col = 0; col < m->cols; col++) {
            lay_part(m, col, from, &c);
            for (size_t r = 0; r < m->rows; r++) {
                const unsigned char *x = (const unsigned char *)(m->x + r * m->ldx) + from * sizeof(struct quantized);
                float *y = m->y + r * m->ldy + col;
                *y = chain(&c, &block_kinds[m->dtype], x, from ? *y : 0);
            }
        }
    }
}

#endif
