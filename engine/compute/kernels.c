/* The inner loops, written once over v16 and compiled once for each instruction set.
 *
 * Why results are the same bits everywhere
 *
 *   A float32 sum depends on the order of its additions, so the order is part of the
 *   definition here. Each output of a matrix product is one dot product over k:
 *
 *       lane[j] = 0                                   j = 0 .. 15
 *       lane[k % 16] = fma(x[k], w[k], lane[k % 16])  k = 0, 1, 2, ...
 *       out = tree(lane)                              l[j] += l[j + 8], then 4, 2, 1
 *
 *   Elements missing at the end count as zeros and are multiplied like the others: every way to
 *   compute an output does the same ceil(k / 16) fma a lane. That is one AVX-512 register, two of AVX2,
 *   four of NEON, or sixteen floats and fmaf(). No output ever takes part in another's sum, so neither the tile,
 *   nor the panel, nor the number of rows, columns or threads can be seen in it; a sum over a long k
 *   that is cut into pieces puts its sixteen lanes aside between them, unreduced.
 *
 *   The rest follows the same rule: norms, softmax sums and block sums are such lanes and one
 *   tree, weighted sums of values take positions in order by fma, and exp and tanh are
 *   polynomials of fma, not the C library's. Weights are widened to float32, which is exact.
 *
 *   The activations' precision bf16 has an order of its own, that of the CPUs' dot product of pairs:
 *
 *       lane[p % 16] = fma(x[2p + 1], w[2p + 1], lane[p % 16])
 *       lane[p % 16] = fma(x[2p],     w[2p],     lane[p % 16])      p = 0, 1, 2, ...
 *
 *   with x and w rounded to bf16 (nearest, ties to even) and all below 2^-126 taken for zero, in every operand and
 *   result. That is what Intel's vdpbf16ps does; elsewhere it is two multiply-adds of numbers laid out in that order. A
 *   CPU whose dot product rounds otherwise (dispatch.c tries it) has bits of its own at bf16.
 *
 * How a product is computed
 *
 *   More than a few rows are packed, and multiplied lane by lane: kernels_packed.c. Few rows (decoding): the weights are read
 *   once and no more, so they are widened in registers on the way, a lane an element.
 *
 *   Quantized blocks (kernels_blocks.c), and what has to be rounded to bf16, are widened to work memory however few the rows
 *   are: a tile's columns at a time, in the order in which it reads them, 1024 of k, which stay in the level 1 cache while
 *   the rows go by. The lanes of TILE_ROWS x TILE_COLS outputs stay in registers and go aside between pieces of k. AVX2 has
 *   16 registers: 2 x 3 outputs take 12, 2 hold rows and 1 a column. AVX-512 has 32: 4 x 6. Rows that are many and not packed
 *   take the same road, and so does every row of the portable kernels.
 *
 *   A vector is sixteen lanes' worth of k. How it lies (`enum form`): floats in order; or for bf16 of each 32 numbers first
 *   the odd, then the even ones, as floats rounded to bf16; or, for CPUs with the dot product, 32 bf16 numbers.
 *
 * exp(x): n = round(x / ln 2) by adding 1.5 * 2^23, whose low bits then are n; r = x - n ln 2 in two
 * pieces; 1 + r + r^2 P(r); n goes into the exponent by integer addition. Below -86.6 the result
 * is 0, above 88.3 infinity (just within float32's normal numbers). NaN stays NaN.
 */
#include "kernels.h"

#include "forms.h"

/* TILE: outputs computed together. MOST: the bounds of EACH_ROW and EACH_COL. */
#if defined(KERNEL_ISA_avx512)
#define TILE_ROWS 4
#define TILE_COLS 6
#define MOST_ROWS 4
#define MOST_COLS 6
#elif defined(KERNEL_ISA_avx2) || defined(KERNEL_ISA_neon)
#define TILE_ROWS 2
#define TILE_COLS 3
#define MOST_ROWS 2
#define MOST_COLS 4
#else
#define TILE_ROWS 1
#define TILE_COLS 2
#define MOST_ROWS 2
#define MOST_COLS 4
#endif
#if defined(KERNEL_ISA_avx512) || defined(KERNEL_ISA_avx2) || defined(KERNEL_ISA_neon)
#define PACKED /* there is kernels_packed.c */
#endif
#define FEW_COLS 4
#define FEW_AT_ONCE 2
#define FETCH_MOST ((size_t)32 << 10) /* bytes of weights to the next tile of few rows, which is fetched meanwhile ... */
#define FETCH_NEAR ((size_t)4 << 10)  /* ... or, where it is farther off, so many bytes on in each column */
#define HEADS_AT_ONCE 4
#define LINE ((size_t)64) /* bytes of a cache's line */

#ifdef PACKED
#define EACH_ROW CONCAT(EACH_, MOST_ROWS)
#define EACH_COL CONCAT(EACH_, MOST_COLS)
#define EACH_SUM EACH_6 /* fours among MOST_ROWS x MOST_COLS */
#else
#define EACH_ROW LOOP
#define EACH_COL LOOP
#define EACH_SUM LOOP
#endif

/* ---- functions of sixteen numbers ------------------------------------------------- */

INLINE v16 v16_exp(v16 x)
{
    const v16 low = v16_set1(-86.6f), high = v16_set1(88.3f), magic = v16_set1(0x1.8p23f);
    v16 t = v16_min(high, v16_max(low, x));
    v16 shifted = v16_fma(t, v16_set1(0x1.715476p+0f), magic);
    v16 n = v16_sub(shifted, magic);
    v16 r = v16_fma(n, v16_set1(-0x1.62e43p-1f), t);
    r = v16_fma(n, v16_set1(0x1.05c61p-29f), r);
    v16 p = v16_set1(0x1.6a1a6ep-10f);
    p = v16_fma(p, r, v16_set1(0x1.123fc6p-7f));
    p = v16_fma(p, r, v16_set1(0x1.555916p-5f));
    p = v16_fma(p, r, v16_set1(0x1.55548ap-3f));
    p = v16_fma(p, r, v16_set1(0x1.fffffcp-2f));
    p = v16_add(v16_fma(p, v16_mul(r, r), r), v16_set1(1));
    p = v16_select_lt(x, low, v16_set1(0), v16_add_exponent(p, shifted));
    return v16_select_lt(high, x, v16_set1(INFINITY), p);
}

INLINE v16 v16_tanh(v16 x)
{
    const v16 one = v16_set1(1), two = v16_set1(2);
    v16 a = v16_abs(x), z = v16_mul(x, x);
    v16 p = v16_set1(-0.005895162001252174f);
    p = v16_fma(p, z, v16_set1(0.020795974880456924f));
    p = v16_fma(p, z, v16_set1(-0.053783830255270004f));
    p = v16_fma(p, z, v16_set1(0.13331924378871918f));
    p = v16_fma(p, z, v16_set1(-0.33333298563957214f));
    v16 small = v16_fma(v16_mul(p, z), a, a);
    v16 large = v16_sub(one, v16_div(two, v16_add(v16_exp(v16_mul(a, two)), one)));
    return v16_with_sign(v16_select_lt(a, v16_set1(0.6f), small, large), x);
}

/* x / (1 + exp(-x)) */
INLINE v16 v16_silu(v16 x)
{
    return v16_div(x, v16_add(v16_set1(1), v16_exp(v16_sub(v16_set1(0), x))));
}

/* x / 2 (1 + tanh u) = x / (1 + exp(-2 u)), u = sqrt(2 / pi) (x + 0.044715 x^3): no cancellation */
INLINE v16 v16_gelu_tanh(v16 x)
{
    v16 cube = v16_mul(v16_mul(x, x), x);
    v16 u = v16_mul(v16_set1(-2 * 0.7978845608028654f), v16_fma(cube, v16_set1(0.044715f), x));
    return v16_div(x, v16_add(v16_set1(1), v16_exp(u)));
}

/* x Phi(x) = x / 2 erfc(-x / sqrt(2)), the exact one. With a = |x| / sqrt(2), erfc(a) = exp(a P(a)) on [0, 6], P a minimax
 * fit of degree 9 to log(erfc(a)) / a, weighted by what x / 2 erfc makes of an error; past 6 erfc is below 1e-16. The
 * negative side has no cancellation; both are within 4e-7 of the true value. */
INLINE v16 v16_gelu(v16 x)
{
    const v16 end = v16_set1(6);
    v16 a = v16_min(end, v16_mul(v16_abs(x), v16_set1(0.7071067811865476f)));
    v16 p = v16_set1(-0x1.bd625ep-22f);
    p = v16_fma(p, a, v16_set1(0x1.4c20c2p-17f));
    p = v16_fma(p, a, v16_set1(-0x1.9c4076p-14f));
    p = v16_fma(p, a, v16_set1(0x1.0f1b8p-11f));
    p = v16_fma(p, a, v16_set1(-0x1.68f91ep-10f));
    p = v16_fma(p, a, v16_set1(-0x1.d77c92p-13f));
    p = v16_fma(p, a, v16_set1(0x1.3e7068p-6f));
    p = v16_fma(p, a, v16_set1(-0x1.a56e4cp-4f));
    p = v16_fma(p, a, v16_set1(-0x1.45f054p-1f));
    p = v16_fma(p, a, v16_set1(-0x1.20dd8ap+0f));
    v16 tail = v16_mul(v16_set1(0.5f), v16_exp(v16_mul(p, a)));
    tail = v16_select_lt(a, end, tail, v16_set1(0));
    return v16_mul(x, v16_select_lt(x, v16_set1(0), tail, v16_sub(v16_set1(1), tail)));
}

/* ---- forms of rows ------------------------------------------------------------------ */

/* 32 bf16 numbers as vectors of the form, `next` floats apart. */
INLINE void put_block(enum form form, float *out, size_t next, const void *numbers)
{
    if (form == FORM_PAIRS) {
        v16_store(out, v16_f32(numbers));
        return;
    }
    v16_store(out, v16_odd(numbers));
    v16_store(out + next, v16_even(numbers));
}

static void prepare_bf16(float *row, size_t k)
{
    const size_t step = FORM_BF16 == FORM_PAIRS ? 16 : 32; /* a block takes no more than it took before */
    for (size_t i = 0, at = 0; i < k; i += 32, at += step) {
        uint16_t rounded[32];
        round_block(rounded, row + i);
        put_block(FORM_BF16, row + at, LANES, rounded);
    }
}

/* ---- dot products ------------------------------------------------------------------- */

INLINE v16 dot_vector(enum form form, v16 a, v16 b, v16 c)
{
    EACH_PART(part, PARTS, c.p[part] = dot_part(form, a.p[part], b.p[part], c.p[part]);)
    return c;
}

#define ACC(o) acc[(o) / C * MOST_COLS + (o) % C] /* the o-th of R x C, row by row */

INLINE void store_sums(const int R, const int C, const v16 *acc, float *y, size_t ldy)
{
    float t[4];
    EACH_SUM(g, R * C / 4, const int o = 4 * (int)g; v16_sum4(ACC(o), ACC(o + 1), ACC(o + 2), ACC(o + 3), t);
             y[(size_t)((o + 0) / C) * ldy + (size_t)((o + 0) % C)] = t[0];
             y[(size_t)((o + 1) / C) * ldy + (size_t)((o + 1) % C)] = t[1];
             y[(size_t)((o + 2) / C) * ldy + (size_t)((o + 2) % C)] = t[2];
             y[(size_t)((o + 3) / C) * ldy + (size_t)((o + 3) % C)] = t[3];)
    EACH_4(e, R * C % 4, const int o = R * C / 4 * 4 + e;
           y[(size_t)(o / C) * ldy + (size_t)(o % C)] = v16_sum(ACC(o));)
}

/* ---- few rows ----------------------------------------------------------------------- */

/* R rows by C columns of weights as they lie in the file: one step takes 16 numbers, or 32 in pairs. */
INLINE void step_direct(const int R, const int C, const enum form form, const enum dtype dtype, const float *x,
                        size_t ldx, const unsigned char *const *w, v16 *acc)
{
    v16 a[MOST_ROWS];
    if (form != FORM_SPLIT) {
        EACH_ROW(r, R, a[r] = v16_load(x + r * ldx);)
        EACH_COL(c, C, v16 b = form == FORM_PAIRS ? v16_f32(w[c]) : weights_at(w[c], dtype, 0);
             EACH_ROW(r, R, acc[r * MOST_COLS + c] = dot_vector(form, a[r], b, acc[r * MOST_COLS + c]);))
        return;
    }
    v16 even[MOST_ROWS];
    EACH_ROW(r, R, a[r] = v16_load(x + r * ldx); even[r] = v16_load(x + r * ldx + LANES);)
    EACH_COL(c, C, v16 b = v16_odd(w[c]); v16 d = v16_even(w[c]);
         EACH_ROW(r, R, acc[r * MOST_COLS + c] = v16_fma(a[r], b, acc[r * MOST_COLS + c]);
                  acc[r * MOST_COLS + c] = v16_fma(even[r], d, acc[r * MOST_COLS + c]);))
}

INLINE void tile_direct(const int R, const int C, const enum form form, const enum dtype dtype, const struct matmul *m,
                        size_t row, size_t col)
{
    v16 acc[MOST_ROWS * MOST_COLS];
    const size_t size = dtype_size(dtype), step = form == FORM_PLAIN ? 16 : 32, floats = form == FORM_SPLIT ? 32 : 16;
    const size_t tile = (size_t)C * m->k * size, ahead = tile <= FETCH_MOST ? tile : FETCH_NEAR;
    const unsigned char *w[MOST_COLS];
    const float *x = m->x + row * m->ldx;
    size_t i = 0;
    EACH_ROW(r, R, EACH_COL(c, C, acc[r * MOST_COLS + c] = v16_set1(0);))
    EACH_COL(c, C, w[c] = m->w + (col + c) * m->k * size;)
    for (; i + step <= m->k; i += step, x += floats) {
        step_direct(R, C, form, dtype, x, m->ldx, w, acc);
        EACH_COL(c, C, __builtin_prefetch(w[c] + ahead, 0, 2); w[c] += step * size;)
    }
    if (i < m->k) { /* x has zeros behind its end, the weights have not */
        unsigned char tails[MOST_COLS][64] = {{0}};
        EACH_COL(c, C, memcpy(tails[c], w[c], (m->k - i) * size); w[c] = tails[c];)
        step_direct(R, C, form, dtype, x, m->ldx, w, acc);
    }
    store_sums(R, C, acc, m->y + row * m->ldy + col, m->ldy);
}

INLINE void matmul_few(const struct matmul *m, const enum form form, const enum dtype dtype)
{
    for (size_t c = 0; c < m->cols;) {
        size_t step = c + FEW_COLS <= m->cols ? FEW_COLS : 1;
        for (size_t r = 0; r < m->rows;) {
            if (step > 1 && r + FEW_AT_ONCE <= m->rows) {
                tile_direct(FEW_AT_ONCE, FEW_COLS, form, dtype, m, r, c);
                r += FEW_AT_ONCE;
            } else {
                if (step > 1)
                    tile_direct(1, FEW_COLS, form, dtype, m, r, c);
                else
                    tile_direct(1, 1, form, dtype, m, r, c);
                r++;
            }
        }
        c += step;
    }
}

/* ---- weights laid out, rows as they are --------------------------------------------- */

/* A stretch of k, in vectors. The lanes start from and go back to `aside` unless it is the first or the last. */
struct piece {
    size_t from, n;
    bool first, last;
};

/* R rows of x by C columns, whose vectors lie step by step: b[step][C]. Meanwhile the lines at ahead[] are fetched:
 * weights that are laid next come from memory while these are multiplied. */
INLINE void tile_wide(const int R, const int C, const enum form form, const float *x, size_t ldx, const float *b,
                      const struct piece piece, const unsigned char *const ahead[2], float *aside, float *y, size_t ldy)
{
    v16 acc[MOST_ROWS * MOST_COLS];
    EACH_ROW(r, R, EACH_COL(c, C, acc[r * MOST_COLS + c] = piece.first ? v16_set1(0)
                                                               : v16_load(aside + LANES * (r * (size_t)C + c));))
    for (size_t i = 0; i < piece.n; i++, b += (size_t)C * LANES) {
        __builtin_prefetch(ahead[0] + i * LINE);
        __builtin_prefetch(ahead[1] + i * LINE);
        EACH_PART(part, PARTS, vpart a[MOST_ROWS]; const size_t at = part * PART_LANES;
             EACH_ROW(r, R, a[r] = vpart_load(x + r * ldx + i * LANES + at);)
             EACH_COL(c, C, vpart w = vpart_load(b + c * LANES + at); vpart_keep(w);
                  EACH_ROW(r, R, vpart *lane = &acc[r * MOST_COLS + c].p[part];
                       *lane = dot_part(form, a[r], w, *lane);)))
    }
    if (piece.last) {
        store_sums(R, C, acc, y, ldy);
    } else {
        EACH_ROW(r, R, EACH_COL(c, C, v16_store(aside + LANES * (r * (size_t)C + c), acc[r * MOST_COLS + c]);))
    }
}

static void lay_bf16(const unsigned char *row, size_t k, float *out, size_t next)
{
    const size_t step = FORM_BF16 == FORM_PAIRS ? next : 2 * next;
    size_t i = 0;
    for (; i + 32 <= k; i += 32, out += step)
        put_block(FORM_BF16, out, next, row + 2 * i);
    if (i < k) {
        unsigned char tail[64] = {0};
        memcpy(tail, row + 2 * i, 2 * (k - i));
        put_block(FORM_BF16, out, next, tail);
    }
}

static void lay_rounded(const float *row, size_t k, float *out, size_t next)
{
    const size_t step = FORM_BF16 == FORM_PAIRS ? next : 2 * next;
    for (size_t i = 0; i < k; i += 32, out += step) {
        uint16_t rounded[32];
        round_block(rounded, row + i);
        put_block(FORM_BF16, out, next, rounded);
    }
}

/* One column's part of a piece; `spare` holds as much, as floats. */
static void lay_column(const struct matmul *m, enum form form, size_t col, struct stretch k, float *spare, float *out,
                       size_t next)
{
    const unsigned char *row = m->w + col * dtype_bytes(m->dtype, m->k);
    if (form != FORM_PLAIN && m->dtype == DTYPE_BF16) {
        lay_bf16(row + 2 * k.from, k.n, out, next);
    } else if (form != FORM_PLAIN) {
        widen_row(row, m->dtype, k, spare);
        lay_rounded(spare, k.n, out, next);
    } else if (m->dtype == DTYPE_BF16) {
        lay_plain(row + 2 * k.from, DTYPE_BF16, k.n, out, next);
    } else if (m->dtype == DTYPE_F16) {
        lay_plain(row + 2 * k.from, DTYPE_F16, k.n, out, next);
    } else if (m->dtype == DTYPE_F32) {
        lay_plain(row + 4 * k.from, DTYPE_F32, k.n, out, next);
    } else {
        CONCAT(blocks_widen_, KERNEL_ISA)(out, next, row, m->dtype, k.from, k.n);
    }
}

/* Up to KERNEL_PANEL columns, and work memory: of one tile's columns a piece, laid out; all tiles' lanes, put aside; room
 * to widen in. */
struct panel {
    size_t col, cols;
    float *laid, *aside, *spare;
};

/* Columns of whole tiles go together, those left over each by itself. */
static size_t columns_at(size_t c, size_t cols)
{
    return c + TILE_COLS <= cols ? TILE_COLS : 1;
}

static void lay_piece(const struct matmul *m, enum form form, size_t col, size_t cols, struct piece piece,
                      const struct panel *p)
{
    const size_t each = form == FORM_PAIRS ? 32 : LANES; /* numbers in a vector */
    struct stretch k = {.from = piece.from * each};
    k.n = m->k - k.from < piece.n * each ? m->k - k.from : piece.n * each;
    for (size_t c = 0; c < cols; c++)
        lay_column(m, form, col + c, k, p->spare, p->laid + c * LANES, cols * LANES);
}

/* Rows [row, row + rows) against columns [c, c + cols) of a panel. The first tiles fetch what is laid next, the same piece
 * of the columns behind, two columns each: once and no more, or it would be in the way of x. */
INLINE void tiles(const struct matmul *m, const enum form form, size_t row, size_t rows, const struct panel *p, size_t c,
                  size_t cols, const struct piece piece)
{
    const size_t stride = dtype_bytes(m->dtype, m->k);
    const unsigned char *next = m->w + (p->col + c + cols) * stride + stride * piece.from / vectors(form, m->k);
    float *lanes = p->aside + rows * c * LANES;
    for (size_t r = 0, n; r < rows; r += n, lanes += n * cols * LANES) {
        const float *x = m->x + (row + r) * m->ldx + piece.from * LANES;
        float *y = m->y + (row + r) * m->ldy + p->col + c;
        const unsigned char *near = (const unsigned char *)p->laid, *ahead[2] = {near, near};
        if (2 * r < TILE_ROWS * TILE_COLS) {
            ahead[0] = next + 2 * r / TILE_ROWS * stride;
            ahead[1] = ahead[0] + stride;
        }
        n = r + TILE_ROWS <= rows ? TILE_ROWS : 1;
        if (cols == TILE_COLS && n == TILE_ROWS)
            tile_wide(TILE_ROWS, TILE_COLS, form, x, m->ldx, p->laid, piece, ahead, lanes, y, m->ldy);
        else if (cols == TILE_COLS)
            tile_wide(1, TILE_COLS, form, x, m->ldx, p->laid, piece, ahead, lanes, y, m->ldy);
        else if (n == TILE_ROWS)
            tile_wide(TILE_ROWS, 1, form, x, m->ldx, p->laid, piece, ahead, lanes, y, m->ldy);
        else
            tile_wide(1, 1, form, x, m->ldx, p->laid, piece, ahead, lanes, y, m->ldy);
    }
}

INLINE void multiply_panel(const struct matmul *m, const enum form form, const struct panel *p)
{
    const size_t n = vectors(form, m->k), depth = KERNEL_DEPTH / LANES;
    for (size_t row = 0; row < m->rows; row += KERNEL_ROWS) {
        size_t rows = m->rows - row < KERNEL_ROWS ? m->rows - row : KERNEL_ROWS;
        for (size_t from = 0; from < n; from += depth) {
            size_t left = n - from;
            struct piece piece = {from, left < depth ? left : depth, from == 0, left <= depth};
            for (size_t c = 0, cols; c < p->cols; c += cols) {
                cols = columns_at(c, p->cols);
                lay_piece(m, form, p->col + c, cols, piece, p);
                tiles(m, form, row, rows, p, c, cols, piece);
            }
        }
    }
}

INLINE void matmul_many(const struct matmul *m, const enum form form)
{
    struct panel p = {.laid = m->work};
    p.aside = p.laid + TILE_COLS * KERNEL_DEPTH;
    p.spare = p.aside + KERNEL_ROWS * KERNEL_PANEL * LANES;
    for (; p.col < m->cols; p.col += KERNEL_PANEL) {
        p.cols = m->cols - p.col < KERNEL_PANEL ? m->cols - p.col : KERNEL_PANEL;
        multiply_panel(m, form, &p);
    }
}

static void matmul_f32(const struct matmul *m)
{
#ifdef PACKED
    if (m->packed) {
        CONCAT(packed_matmul_f32_, KERNEL_ISA)(m);
        return;
    }
#endif
    if (m->rows > KERNEL_FEW || dtype_is_block(m->dtype))
        matmul_many(m, FORM_PLAIN);
    else if (m->dtype == DTYPE_BF16)
        matmul_few(m, FORM_PLAIN, DTYPE_BF16);
    else if (m->dtype == DTYPE_F16)
        matmul_few(m, FORM_PLAIN, DTYPE_F16);
    else
        matmul_few(m, FORM_PLAIN, DTYPE_F32);
}

#ifdef PACKED

static __attribute__((noinline)) void multiply_bf16(const struct matmul *m)
{
    if (m->rows > KERNEL_FEW || m->dtype != DTYPE_BF16)
        matmul_many(m, FORM_BF16);
    else
        matmul_few(m, FORM_BF16, DTYPE_BF16);
}

static void matmul_bf16(const struct matmul *m)
{
    if (m->packed) {
        CONCAT(packed_matmul_bf16_, KERNEL_ISA)(m);
        return;
    }
    uint64_t mode = flush_begin();
    multiply_bf16(m);
    flush_end(mode);
}

#else /* the definition, step by step */

static float flushed(float x)
{
    return fabsf(x) < 0x1p-126f ? copysignf(0, x) : x;
}

static float sum_flushed(float *lane)
{
    for (size_t half = LANES / 2; half; half /= 2)
        for (size_t j = 0; j < half; j++)
            lane[j] = flushed(lane[j] + lane[j + half]);
    return lane[0];
}

/* Rows [row, row + rows) by one column. */
static void column_bf16(const struct matmul *m, size_t row, size_t rows, size_t col)
{
    float *spare = m->work, *column = spare + KERNEL_DEPTH, *lanes = column + KERNEL_DEPTH;
    memset(lanes, 0, rows * LANES * sizeof *lanes);
    for (struct stretch k = {0}; k.from < m->k; k.from += KERNEL_DEPTH) {
        k.n = m->k - k.from < KERNEL_DEPTH ? m->k - k.from : KERNEL_DEPTH;
        size_t n = vectors(FORM_SPLIT, k.n) * LANES;
        lay_column(m, FORM_SPLIT, col, k, spare, column, LANES);
        for (size_t i = 0; i < n; i++)
            column[i] = flushed(column[i]);
        for (size_t r = 0; r < rows; r++) {
            const float *x = m->x + (row + r) * m->ldx + k.from;
            float *lane = lanes + r * LANES;
            for (size_t i = 0; i < n; i++)
                lane[i % LANES] = flushed(fmaf(flushed(x[i]), column[i], lane[i % LANES]));
        }
    }
    for (size_t r = 0; r < rows; r++)
        m->y[(row + r) * m->ldy + col] = sum_flushed(lanes + r * LANES);
}

static void matmul_bf16(const struct matmul *m)
{
    for (size_t row = 0; row < m->rows; row += KERNEL_ROWS)
        for (size_t c = 0; c < m->cols; c++)
            column_bf16(m, row, m->rows - row < KERNEL_ROWS ? m->rows - row : KERNEL_ROWS, c);
}

#endif

/* ---- rows --------------------------------------------------------------------------- */

static void widen(float *out, const unsigned char *w, enum dtype dtype, size_t n, float scale)
{
    v16 s = v16_set1(scale);
    size_t i = 0;
    if (dtype_is_block(dtype)) {
        CONCAT(blocks_widen_, KERNEL_ISA)(out, LANES, w, dtype, 0, n);
        for (; i < n; i++)
            out[i] *= scale;
        return;
    }
    for (; i + LANES <= n; i += LANES)
        v16_store(out + i, v16_mul(weights_at(w, dtype, i), s));
    if (i < n)
        v16_store_n(out + i, v16_mul(weights_tail(w, dtype, i, n - i), s), n - i);
}

static void rms_norm(float *out, const float *x, const float *gain, size_t n, float eps)
{
    v16 sum = v16_set1(0);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        sum = v16_fma(v16_load(x + i), v16_load(x + i), sum);
    if (i < n) {
        v16 t = v16_load_n(x + i, n - i);
        sum = v16_fma(t, t, sum);
    }
    float scale = 1.0f / sqrtf(v16_sum(sum) / (float)n + eps);
    for (i = 0; i < n; i++)
        out[i] = x[i] * scale * gain[i];
}

static void layer_norm(float *out, const float *x, const float *gain, const float *bias, size_t n, float eps)
{
    v16 sum = v16_set1(0), squares = v16_set1(0);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        sum = v16_add(sum, v16_load(x + i));
    if (i < n)
        sum = v16_add(sum, v16_load_n(x + i, n - i));
    float mean = v16_sum(sum) / (float)n;
    for (i = 0; i < n; i++)
        out[i] = x[i] - mean;
    for (i = 0; i + LANES <= n; i += LANES)
        squares = v16_fma(v16_load(out + i), v16_load(out + i), squares);
    if (i < n) {
        v16 t = v16_load_n(out + i, n - i);
        squares = v16_fma(t, t, squares);
    }
    float scale = 1.0f / sqrtf(v16_sum(squares) / (float)n + eps);
    for (i = 0; i < n; i++)
        out[i] = out[i] * scale * gain[i] + bias[i];
}

static void add(float *x, const float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] += y[i];
}

static void scale_row(float *x, size_t n, float factor)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= factor;
}

INLINE v16 activate(enum activation act, v16 x)
{
    return act == ACT_SILU ? v16_silu(x) : act == ACT_GELU ? v16_gelu(x) : v16_gelu_tanh(x);
}

static void activate_row(enum activation act, float *x, size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        v16_store(x + i, activate(act, v16_load(x + i)));
    if (i < n)
        v16_store_n(x + i, activate(act, v16_load_n(x + i, n - i)), n - i);
}

static void gated(enum activation act, float *gate, const float *up, size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        v16_store(gate + i, v16_mul(activate(act, v16_load(gate + i)), v16_load(up + i)));
    if (i < n)
        v16_store_n(gate + i,
                    v16_mul(activate(act, v16_load_n(gate + i, n - i)), v16_load_n(up + i, n - i)), n - i);
}

static void softcap(float *x, size_t n, float cap)
{
    v16 c = v16_set1(cap);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        v16_store(x + i, v16_mul(v16_tanh(v16_div(v16_load(x + i), c)), c));
    if (i < n)
        v16_store_n(x + i, v16_mul(v16_tanh(v16_div(v16_load_n(x + i, n - i), c)), c), n - i);
}

static void rope(float *x, const float *c, const float *s, size_t half)
{
    for (size_t i = 0; i < half; i++) {
        float a = x[i], b = x[i + half];
        x[i] = a * c[i] - b * s[i];
        x[i + half] = b * c[i] + a * s[i];
    }
}

/* ---- attention ---------------------------------------------------------------------- */

INLINE void score_tile(const int H, float *scores, size_t ld, const float *q, size_t dim, const float *k, float scale)
{
    v16 acc[MOST_COLS];
    EACH_COL(h, H, acc[h] = v16_set1(0);)
    for (size_t i = 0; i < dim; i += LANES) {
        v16 b = v16_load(k + i);
        EACH_COL(h, H, acc[h] = v16_fma(v16_load(q + h * dim + i), b, acc[h]);)
    }
    EACH_COL(h, H, scores[h * ld] = v16_sum(acc[h]) * scale;)
}

static void scores(float *out, size_t ld, const float *q, size_t heads, size_t dim, const float *k, size_t stride,
                   const uint32_t *slots, size_t n, float scale)
{
    for (size_t i = 0; i < n; i++) {
        const float *row = k + slots[i] * stride;
        size_t h = 0;
        for (; h + HEADS_AT_ONCE <= heads; h += HEADS_AT_ONCE)
            score_tile(HEADS_AT_ONCE, out + h * ld + i, ld, q + h * dim, dim, row, scale);
        for (; h < heads; h++)
            score_tile(1, out + h * ld + i, ld, q + h * dim, dim, row, scale);
    }
}

INLINE float lanes_max(v16 m)
{
    float t[16];
    v16_store(t, m);
    float max = t[0];
    for (int i = 1; i < 16; i++)
        max = max > t[i] ? max : t[i];
    return max;
}

static float softmax(float *x, size_t n)
{
    v16 m = v16_load(x), sum = v16_set1(0);
    for (size_t i = LANES; i < n; i += LANES)
        m = v16_max(m, v16_load(x + i));
    v16 max = v16_set1(lanes_max(m));
    for (size_t i = 0; i < n; i += LANES) {
        v16 e = v16_exp(v16_sub(v16_load(x + i), max));
        v16_store(x + i, e);
        sum = v16_add(sum, e);
    }
    return v16_sum(sum);
}

/* H heads by 16 elements of the output stay in registers while the positions go by. */
INLINE void weigh_tile(const int H, float *out, size_t dim, const float *p, size_t ld, const float *v, size_t stride,
                       const uint32_t *slots, size_t n)
{
    v16 acc[MOST_COLS];
    EACH_COL(h, H, acc[h] = v16_load(out + h * dim);)
    for (size_t i = 0; i < n; i++) {
        v16 b = v16_load(v + slots[i] * stride);
        EACH_COL(h, H, acc[h] = v16_fma(v16_set1(p[h * ld + i]), b, acc[h]);)
    }
    EACH_COL(h, H, v16_store(out + h * dim, acc[h]);)
}

static void weigh(float *out, size_t heads, size_t dim, const float *p, size_t ld, const float *v, size_t stride,
                  const uint32_t *slots, size_t n)
{
    for (size_t d = 0; d < dim; d += LANES) {
        size_t h = 0;
        for (; h + HEADS_AT_ONCE <= heads; h += HEADS_AT_ONCE)
            weigh_tile(HEADS_AT_ONCE, out + h * dim + d, dim, p + h * ld, ld, v + d, stride, slots, n);
        for (; h < heads; h++)
            weigh_tile(1, out + h * dim + d, dim, p + h * ld, ld, v + d, stride, slots, n);
    }
}

/* ---- logits ------------------------------------------------------------------------- */

static struct block_stats stats(const float *x, size_t n)
{
    struct block_stats s = {.max = x[0], .second = -INFINITY};
    for (size_t i = 1; i < n; i++) {
        if (x[i] > s.max) {
            s.second = s.max;
            s.max = x[i];
            s.best = i;
        } else if (x[i] > s.second) {
            s.second = x[i];
        }
    }
    v16 max = v16_set1(s.max), sum = v16_set1(0);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        sum = v16_add(sum, v16_exp(v16_sub(v16_load(x + i), max)));
    if (i < n) { /* lanes behind the end are exp(-inf): 0 */
        float t[16];
        v16_store(t, v16_set1(-INFINITY));
        memcpy(t, x + i, (n - i) * sizeof *t);
        sum = v16_add(sum, v16_exp(v16_sub(v16_load(t), max)));
    }
    s.sum = v16_sum(sum);
    return s;
}

const struct kernel_table CONCAT(kernels_, KERNEL_ISA) = {
    .isa = TEXT(KERNEL_ISA),
    .prepare = {[CARAT_PRECISION_BF16] = prepare_bf16, [CARAT_PRECISION_INT8] = CONCAT(int8_prepare_, KERNEL_ISA)},
#ifdef PACKED
    .pack = {[CARAT_PRECISION_F32] = CONCAT(packed_pack_f32_, KERNEL_ISA),
             [CARAT_PRECISION_BF16] = CONCAT(packed_pack_bf16_, KERNEL_ISA)},
#endif
    .matmul = {[CARAT_PRECISION_F32] = matmul_f32,
               [CARAT_PRECISION_BF16] = matmul_bf16,
               [CARAT_PRECISION_INT8] = CONCAT(int8_matmul_, KERNEL_ISA)},
    .widen = widen,
    .rms_norm = rms_norm,
    .layer_norm = layer_norm,
    .add = add,
    .activate = activate_row,
    .gated = gated,
    .softcap = softcap,
    .rope = rope,
    .scores = scores,
    .softmax = softmax,
    .weigh = weigh,
    .scale = scale_row,
    .stats = stats,
};
