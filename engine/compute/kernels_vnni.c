/* int8 products by vpdpbusd, which adds four products of unsigned and signed bytes to each of sixteen integers: the
 * activations, shifted to be unsigned, times the codes of sixteen columns. kernels_int8.c says what is computed.
 *
 * A panel has 48 columns as three vectors of 16. A piece of it, 16 runs, is laid out (kernels_vnni_lay.c) and stays in the
 * level 1 cache while all rows go by, four at a time: 12 integer and 12 float registers. What is between pieces of k is put aside,
 * densely: y's rows are pages apart, and are touched once. Of each eight vpdpbusd and three more (convert, multiply, fma) that an
 * output's run takes, 512 bits wide, the CPU does two at once, so 8 / 11 = 73 % of its peak is the most there can be, and
 * 8 / 12 with minima: everything else has to hide behind them. So nothing may be left to wait for: rows, what is put aside, outputs
 * and the weights that are laid next are all fetched beforehand.
 *
 * Few rows: a vector's columns one piece after the other, as they lie in memory; the fetching is the laying's.
 */
#ifdef KERNEL_HAS_VNNI

#include <string.h>

#include "int8.h"
#include "kernels.h"
#include "simd.h"

#define RUN BLOCK_RUN
#define VECTORS ((size_t)3)     /* of a panel */
#define PANEL (VECTORS * VECTOR)
#define PANELS ((size_t)2)      /* that share a stretch of the rows */
#define RUNS ((size_t)16)       /* of a piece */
#define ROWS 4                  /* of a tile */
#define MANY_ROWS ((size_t)512) /* that meet a piece */
#define FEW_ROWS ((size_t)8)    /* so few that weights come from memory slower than they are used */
#define LINE ((size_t)64)       /* bytes of a cache's line */

#define CELLS (VECTORS * RUNS * sizeof(struct cell) / sizeof(float))
_Static_assert(CELLS + PANELS * MANY_ROWS * PANEL <= KERNEL_WORK, "the cells of a piece and what is put aside");

/* ---- activations -------------------------------------------------------------------- */

static void quantize(const float *x, struct quantized *out)
{
    const __m512i sizes = _mm512_set1_epi32(0x7fffffff);
    const __m128i flip = _mm_set1_epi8(-128);
    __m512 x0 = _mm512_loadu_ps(x), x1 = _mm512_loadu_ps(x + 16);
    uint32_t most = _mm512_reduce_max_epu32(_mm512_max_epu32(_mm512_and_si512(_mm512_castps_si512(x0), sizes),
                                                             _mm512_and_si512(_mm512_castps_si512(x1), sizes)));
    float largest;
    memcpy(&largest, &most, sizeof largest);
    bool finite = most < 0x7f800000, some = finite && largest >= 1e-30f;
    __mmask16 k = some ? 0xffff : 0;
    float scale = !finite ? NAN : some ? largest / 127.0f : 0;
    __m512 back = _mm512_set1_ps(some ? 127.0f / largest : 0);
    __m512i q0 = _mm512_cvtps_epi32(_mm512_maskz_mul_ps(k, x0, back)), q1 = _mm512_cvtps_epi32(_mm512_maskz_mul_ps(k, x1, back));
    int s0 = _mm512_reduce_add_epi32(q0), s1 = _mm512_reduce_add_epi32(q1);
    _mm_storeu_si128((__m128i *)out->q, _mm_xor_si128(_mm512_cvtepi32_epi8(q0), flip));
    _mm_storeu_si128((__m128i *)(out->q + 16), _mm_xor_si128(_mm512_cvtepi32_epi8(q1), flip));
    out->scale = scale;
    out->minus[0] = scale * (float)-(s0 + s1);
    out->minus[1] = scale * (float)-s0;
    out->minus[2] = scale * (float)-s1;
}

void CONCAT(int8_prepare_, KERNEL_ISA)(float *row, size_t k)
{
    unsigned char *to = (unsigned char *)row;
    for (size_t i = 0; i < k; i += RUN, to += sizeof(struct quantized)) {
        struct quantized block;
        quantize(row + i, &block);
        memcpy(to, &block, sizeof block);
    }
}

/* ---- tiles -------------------------------------------------------------------------- */

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

/* A piece of up to three vectors by R rows: where the outputs come from and go to. */
struct tile {
    const unsigned char *x;
    size_t x_stride;
    const struct cell *cells;  /* [VECTORS][RUNS] */
    size_t n_runs;
    const float *from;         /* NULL: zeros */
    float *to;
    size_t ld_from, ld_to;
    __mmask16 last;            /* which of the last vector's columns are real */
    const char *soon;          /* what will be read or written soon: four times four lines, `soon_stride` bytes apart */
    size_t soon_stride;
};

#define EACH_R EACH_4
#define EACH_C EACH_3
#define AT_RC(r, c) (r) * (int)VECTORS + (c)

/* These two by hand: compilers copy registers between them, which costs as much as a sum. */
INLINE __m512i dot(__m512i sum, __m512i a, __m512i w)
{
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(w));
    return sum;
}

INLINE __m512i load_again(const int32_t *p)
{
    __m512i v;
    __asm__ volatile("vmovdqu64 %1, %0" : "=v"(v) : "m"(*(const int32_t(*)[VECTOR])p));
    return v;
}

/* R rows by C vectors. */
INLINE void multiply(const int R, const int C, const size_t halves, const bool least, const struct tile *t)
{
    __m512 acc[ROWS * VECTORS];
    const struct cell *cell = t->cells;
    const unsigned char *rows[ROWS];
    EACH_R(r, R, rows[r] = t->x + r * t->x_stride;)
    if (t->from) {
        EACH_R(r, R, EACH_C(c, C, acc[AT_RC(r, c)] = _mm512_loadu_ps(t->from + r * t->ld_from + c * VECTOR);))
    } else {
        EACH_R(r, R, EACH_C(c, C, acc[AT_RC(r, c)] = _mm512_setzero_ps();))
    }
    for (size_t run = 0; run < t->n_runs; run++, cell++) {
        if (R == ROWS) { /* the next rows; the pointers are kept apart, or compilers make a dozen of them */
            EACH_R(r, R, __asm__("" : "+r"(rows[r])); __builtin_prefetch(rows[r] + ROWS * t->x_stride);)
            __builtin_prefetch(t->soon + run / 4 * t->soon_stride + run % 4 * LINE, 1);
        }
        for (size_t half = 0; half < halves; half++) {
            __m512i sum[ROWS * VECTORS];
            EACH_C(c, C, EACH_R(r, R, sum[AT_RC(r, c)] = load_again(cell[c * RUNS].of[half].start);))
            for (size_t j = 0; j < 8 / halves; j++) {
                __m512i w[VECTORS];
                EACH_C(c, C, w[c] = _mm512_loadu_si512(cell[c * RUNS].code[half * 4 + j]);)
                EACH_R(r, R, __m512i a = four_at(rows[r] + 16 + half * 16 + 4 * j);
                       EACH_C(c, C, sum[AT_RC(r, c)] = dot(sum[AT_RC(r, c)], a, w[c]);))
            }
            EACH_R(r, R, __m512 xs = _mm512_set1_ps(float_at(rows[r]));
                   __m512 minus = _mm512_set1_ps(float_at(rows[r] + 4 + (halves == 2 ? 4 + 4 * half : 0)));
                   EACH_C(c, C, __m512 *out = &acc[AT_RC(r, c)]; const struct side *of = &cell[c * RUNS].of[half];
                          __m512 s = _mm512_mul_ps(xs, _mm512_loadu_ps(of->scale));
                          *out = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum[AT_RC(r, c)]), s, *out);
                          if (least) *out = _mm512_fmadd_ps(_mm512_loadu_ps(of->least), minus, *out);))
        }
        EACH_R(r, R, rows[r] += sizeof(struct quantized);)
    }
    EACH_R(r, R, EACH_C(c, C, _mm512_mask_storeu_ps(t->to + r * t->ld_to + c * VECTOR,
                                                    c == C - 1 ? t->last : (__mmask16)0xffff, acc[AT_RC(r, c)]);))
}

/* Functions of their own, one for each kind of weights: inlined, compilers run out of registers for what is around them. */
typedef void tile_fn(const struct tile *t);
#define TILE(name, ...) \
    static __attribute__((noinline)) void name(const struct tile *t) \
    { \
        multiply(__VA_ARGS__, t); \
    }
#define TILES(kind, ...) \
    TILE(kind##_1x1, 1, 1, __VA_ARGS__) \
    TILE(kind##_1x3, 1, 3, __VA_ARGS__) \
    TILE(kind##_4x1, 4, 1, __VA_ARGS__) \
    TILE(kind##_4x3, 4, 3, __VA_ARGS__)
TILES(one_scale, 1, false)
TILES(one_scale_least, 1, true)
TILES(two_scales, 2, false)
TILES(two_scales_least, 2, true)

/* [two scales][minima][four rows][three vectors] */
#define TILES_OF(kind) {{kind##_1x1, kind##_1x3}, {kind##_4x1, kind##_4x3}}
static tile_fn *const tiles[2][2][2][2] = {{TILES_OF(one_scale), TILES_OF(one_scale_least)},
                                           {TILES_OF(two_scales), TILES_OF(two_scales_least)}};

/* ---- products ----------------------------------------------------------------------- */

struct panel { /* and the piece of it that is laid out */
    size_t col, n_vectors; /* at most */
    size_t from, n_runs;
    bool last;
    float *aside;          /* [rows][PANEL] */
};

/* Weights that are laid out next come nearer while rows go by: columns of `lines` lines. */
struct coming {
    const unsigned char *at;
    size_t stride, lines, line, left;
};

static void fetch(struct coming *next, size_t n)
{
    for (; n && next->left; n--, next->left--) {
        _mm_prefetch((const char *)next->at + next->line * LINE, _MM_HINT_T1);
        if (++next->line == next->lines) {
            next->line = 0;
            next->at += next->stride;
        }
    }
}

/* Rows by up to three vectors, from vector v of the panel on. */
static void all_rows(const struct matmul *m, const struct panel *p, size_t v, bool wide, struct coming *next)
{
    const struct block_kind kind = block_kinds[m->dtype];
    const size_t col = p->col + v * VECTOR, before = wide ? (VECTORS - 1) * VECTOR : 0;
    const size_t left = m->cols - col - before, share = next->left / ((m->rows + ROWS - 1) / ROWS) + 1;
    struct tile t = {.x_stride = m->ldx * sizeof *m->x, .cells = (const struct cell *)m->work + v * RUNS, .n_runs = p->n_runs};
    t.last = (__mmask16)(left < VECTOR ? (1u << left) - 1 : 0xffffu);
    t.ld_from = t.ld_to = PANEL;
    t.soon_stride = 4 * LINE;
    for (size_t r = 0, n; r < m->rows; r += n) {
        float *aside = p->aside + r * PANEL + v * VECTOR;
        n = r + ROWS <= m->rows ? ROWS : 1;
        t.x = (const unsigned char *)(m->x + r * m->ldx) + p->from * sizeof(struct quantized);
        t.from = p->from ? aside : NULL;
        t.to = aside;
        t.soon = (const char *)(aside + ROWS * PANEL);
        if (p->last) {
            t.to = m->y + r * m->ldy + col;
            t.ld_to = m->ldy;
            t.soon = (const char *)t.to;
            t.soon_stride = m->ldy * sizeof *m->y;
        }
        fetch(next, share);
        tiles[kind.n_scales - 1][kind.has_least][n == ROWS][wide](&t);
    }
}

static void lay_and_multiply(const struct matmul *m, struct panel *p, struct coming *next)
{
    const size_t stride = dtype_bytes(m->dtype, m->k);
    const bool few = m->rows <= FEW_ROWS && dtype_infos[m->dtype].block == RUN && next->left;
    struct cell *cells = (struct cell *)m->work;
    size_t n = 0;
    for (; n < p->n_vectors && p->col + n * VECTOR < m->cols; n++) {
        size_t col = p->col + n * VECTOR, cols = m->cols - col < VECTOR ? m->cols - col : VECTOR;
        const unsigned char *first = m->w + col * stride + dtype_bytes(m->dtype, p->from * RUN);
        CONCAT(int8_lay_, KERNEL_ISA)(cells + n * RUNS, first, stride, cols, m->dtype, p->n_runs,
                                      few ? (size_t)(next->at - first) : 0);
    }
    if (few)
        next->left = 0;
    if (n == VECTORS)
        all_rows(m, p, 0, true, next);
    else
        for (size_t v = 0; v < n; v++)
            all_rows(m, p, v, false, next);
}

/* Columns [first, end) of all rows, panel by panel: a stretch of the rows stays near for all of them. */
struct group {
    size_t first, end, n_vectors;
};

/* The piece behind this one: the next panel's, the group's next, the next group's; none behind the last. */
static struct coming piece_behind(const struct matmul *m, const struct group *g, const struct panel *p)
{
    const size_t step = g->n_vectors * VECTOR;
    size_t col = p->col + step, from = p->from;
    if (col >= g->end) {
        col = p->last ? g->end : g->first;
        from = p->last ? 0 : from + p->n_runs;
    }
    struct coming next = {.stride = dtype_bytes(m->dtype, m->k)};
    next.at = m->w + col * next.stride + dtype_bytes(m->dtype, from * RUN);
    next.lines = dtype_bytes(m->dtype, p->n_runs * RUN) / LINE + 1;
    next.left = next.lines * (m->cols - col < step ? m->cols - col : step);
    return next;
}

static void multiply_group(const struct matmul *m, const struct group *g)
{
    const size_t n_runs = m->k / RUN, step = g->n_vectors * VECTOR;
    struct panel p = {.n_vectors = g->n_vectors};
    for (p.from = 0; p.from < n_runs; p.from += RUNS) {
        p.n_runs = n_runs - p.from < RUNS ? n_runs - p.from : RUNS;
        p.last = p.from + p.n_runs == n_runs;
        p.aside = m->work + CELLS;
        for (p.col = g->first; p.col < g->end; p.col += step, p.aside += MANY_ROWS * PANEL) {
            struct coming next = piece_behind(m, g, &p);
            lay_and_multiply(m, &p, &next);
        }
    }
}

static void multiply_rows(const struct matmul *m)
{
    const bool few = m->rows <= FEW_ROWS;
    const size_t cols = few ? VECTOR : PANELS * PANEL;
    struct group g = {.n_vectors = few ? 1 : VECTORS};
    for (; g.first < m->cols; g.first = g.end) {
        g.end = m->cols - g.first < cols ? m->cols : g.first + cols;
        multiply_group(m, &g);
    }
}

void CONCAT(int8_matmul_, KERNEL_ISA)(const struct matmul *m)
{
    struct matmul part = *m;
    for (size_t r = 0; r < m->rows; r += MANY_ROWS) {
        part.rows = m->rows - r < MANY_ROWS ? m->rows - r : MANY_ROWS;
        part.x = m->x + r * m->ldx;
        part.y = m->y + r * m->ldy;
        multiply_rows(&part);
    }
}

#endif
