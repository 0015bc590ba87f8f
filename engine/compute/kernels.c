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
 * How a product is computed
 *
 *   Many rows: a panel of 24 columns, 1024 deep, is widened once into work memory (96 KiB: level 2) and
 *   met by 64 rows in tiles of TILE_ROWS x TILE_COLS outputs whose lanes stay in registers. AVX2
 *   has 16 registers: 2 x 3 outputs take 12, 2 hold rows and 1 a column. AVX-512 has 32: 4 x 6. Few rows
 *   (decoding): the weights are read once and no more, so they are widened in registers on the way. Quantized
 *   blocks (blocks.c) are widened to a panel however few the rows are.
 *
 * exp(x): n = round(x / ln 2) by adding 1.5 * 2^23, whose low bits then are n; r = x - n ln 2 in two
 * pieces; 1 + r + r^2 P(r); n goes into the exponent by integer addition. Below -86.6 the result
 * is 0, above 88.3 infinity (just within float32's normal numbers). NaN stays NaN.
 */
#include "kernels.h"

#include "blocks.h"
#include "simd.h"

/* TILE: outputs computed together. MOST: the bounds of EACH_ROW and EACH_COL. */
#if defined(KERNEL_ISA_avx512)
#define TILE_ROWS 4
#define TILE_COLS 6
#define MOST_ROWS 4
#define MOST_COLS 6
#define EACH_PART EACH_1
#elif defined(KERNEL_ISA_avx2) || defined(KERNEL_ISA_neon)
#define TILE_ROWS 2
#define TILE_COLS 3
#define MOST_ROWS 2
#define MOST_COLS 4
#ifdef KERNEL_ISA_avx2
#define EACH_PART EACH_2
#else
#define EACH_PART EACH_4
#endif
#else
#define TILE_ROWS 1
#define TILE_COLS 2
#define MOST_ROWS 2
#define MOST_COLS 4
#endif
#define FEW_ROWS 4 /* up to so many, weights are widened in registers */
#define FEW_COLS 4
#define FEW_AT_ONCE 2
#define HEADS_AT_ONCE 4

#define LANES KERNEL_LANES

#define CONCAT_(a, b) a##b
#define CONCAT(a, b) CONCAT_(a, b)
#define TEXT_(a) #a
#define TEXT(a) TEXT_(a)

/* The body for i = 0 .. n - 1, spelled out: lanes stay in registers only where every index is a constant, and
 * the compilers differ in which nested loops they unroll. Arrays they index are as large as the bounds. */
#define AT(i, value, n, ...) { enum { i = value }; if (i < (n)) { __VA_ARGS__ } }
#define EACH_1(i, n, ...) AT(i, 0, n, __VA_ARGS__)
#define EACH_2(i, n, ...) EACH_1(i, n, __VA_ARGS__) AT(i, 1, n, __VA_ARGS__)
#define EACH_4(i, n, ...) EACH_2(i, n, __VA_ARGS__) AT(i, 2, n, __VA_ARGS__) AT(i, 3, n, __VA_ARGS__)
#define EACH_6(i, n, ...) EACH_4(i, n, __VA_ARGS__) AT(i, 4, n, __VA_ARGS__) AT(i, 5, n, __VA_ARGS__)
#define LOOP(i, n, ...) for (size_t i = 0; i < (size_t)(n); i++) { __VA_ARGS__ }
#ifdef EACH_PART
#define EACH_ROW CONCAT(EACH_, MOST_ROWS)
#define EACH_COL CONCAT(EACH_, MOST_COLS)
#else
#define EACH_ROW LOOP
#define EACH_COL LOOP
#define EACH_PART LOOP
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

/* ---- dot products ------------------------------------------------------------------- */

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

/* R x C outputs' lanes over the first k elements. x's rows are padded with zeros, w's are not. */
INLINE void lanes_direct(const int R, const int C, const enum dtype dtype, const float *x, size_t ldx,
                         const unsigned char *w, size_t stride, size_t k, v16 *acc)
{
    size_t i = 0;
    for (; i + LANES <= k; i += LANES) {
        v16 a[MOST_ROWS];
        EACH_ROW(r, R, a[r] = v16_load(x + r * ldx + i);)
        EACH_COL(c, C, v16 b = weights_at(w + c * stride, dtype, i);
             EACH_ROW(r, R, acc[r * MOST_COLS + c] = v16_fma(a[r], b, acc[r * MOST_COLS + c]);))
    }
    if (i == k)
        return;
    EACH_COL(c, C, v16 b = weights_tail(w + c * stride, dtype, i, k - i);
         EACH_ROW(r, R, acc[r * MOST_COLS + c] = v16_fma(v16_load(x + r * ldx + i), b, acc[r * MOST_COLS + c]);))
}

INLINE void tile_direct(const int R, const int C, const enum dtype dtype, const struct matmul *m, size_t row,
                        size_t col)
{
    v16 acc[MOST_ROWS * MOST_COLS];
    size_t stride = m->k * dtype_size(dtype);
    float *y = m->y + row * m->ldy + col;
    EACH_ROW(r, R, EACH_COL(c, C, acc[r * MOST_COLS + c] = v16_set1(0);))
    lanes_direct(R, C, dtype, m->x + row * m->ldx, m->ldx, m->w + col * stride, stride, m->k, acc);
    EACH_ROW(r, R, EACH_COL(c, C, y[r * m->ldy + c] = v16_sum(acc[r * MOST_COLS + c]);))
}

INLINE void matmul_few(const struct matmul *m, const enum dtype dtype)
{
    for (size_t c = 0; c < m->cols;) {
        size_t step = c + FEW_COLS <= m->cols ? FEW_COLS : 1;
        for (size_t r = 0; r < m->rows;) {
            if (step > 1 && r + FEW_AT_ONCE <= m->rows) {
                tile_direct(FEW_AT_ONCE, FEW_COLS, dtype, m, r, c);
                r += FEW_AT_ONCE;
            } else {
                if (step > 1)
                    tile_direct(1, FEW_COLS, dtype, m, r, c);
                else
                    tile_direct(1, 1, dtype, m, r, c);
                r++;
            }
        }
        c += step;
    }
}

/* A tile between widened rows: x and b padded to a multiple of 16. The lanes start from and go
 * back to `aside` unless this is the first or last piece of k. */
struct piece {
    size_t k;
    bool first, last;
};

INLINE void tile_wide(const int R, const int C, const float *x, size_t ldx, const float *b, size_t ldb,
                      const struct piece piece, float *aside, float *y, size_t ldy)
{
    v16 acc[MOST_ROWS * MOST_COLS];
    EACH_ROW(r, R, EACH_COL(c, C, acc[r * MOST_COLS + c] = piece.first ? v16_set1(0)
                                                               : v16_load(aside + (r * KERNEL_PANEL + c) * LANES);))
    for (size_t i = 0; i < piece.k; i += LANES) {
        EACH_PART(part, PARTS, vpart a[MOST_ROWS]; const size_t at = i + part * PART_LANES;
             EACH_ROW(r, R, a[r] = vpart_load(x + r * ldx + at);)
             EACH_COL(c, C, vpart w = vpart_load(b + c * ldb + at); vpart_keep(w);
                  EACH_ROW(r, R, vpart *lane = &acc[r * MOST_COLS + c].p[part];
                       *lane = vpart_fma(a[r], w, *lane);)))
    }
    if (piece.last) {
        EACH_ROW(r, R, EACH_COL(c, C, y[r * ldy + c] = v16_sum(acc[r * MOST_COLS + c]);))
    } else {
        EACH_ROW(r, R, EACH_COL(c, C, v16_store(aside + (r * KERNEL_PANEL + c) * LANES, acc[r * MOST_COLS + c]);))
    }
}

/* KERNEL_DEPTH is a multiple of every block: a piece of k starts and ends at one's edge. */
static void widen_panel(const struct matmul *m, size_t col, size_t cols, size_t k0, size_t k, float *panel)
{
    size_t size = dtype_size(m->dtype);
    for (size_t c = 0; c < cols; c++) {
        float *out = panel + c * KERNEL_DEPTH;
        if (dtype_is_block(m->dtype)) {
            blocks_widen(out, m->w + (col + c) * dtype_bytes(m->dtype, m->k), m->dtype, k0, k);
            continue;
        }
        const unsigned char *row = m->w + ((col + c) * m->k + k0) * size;
        size_t i = 0;
        for (; i + LANES <= k; i += LANES)
            v16_store(out + i, weights_at(row, m->dtype, i));
        if (i < k)
            v16_store(out + i, weights_tail(row, m->dtype, i, k - i));
    }
}

/* Rows [row, row + rows) against one panel and one piece of k. */
static void tiles(const struct matmul *m, size_t row, size_t rows, size_t col, size_t cols, size_t k0,
                  const struct piece piece, const float *panel, float *aside)
{
    for (size_t c = 0; c < cols;) {
        size_t step = c + TILE_COLS <= cols ? TILE_COLS : 1;
        for (size_t r = 0; r < rows;) {
            const float *x = m->x + (row + r) * m->ldx + k0, *b = panel + c * KERNEL_DEPTH;
            float *y = m->y + (row + r) * m->ldy + col + c, *lanes = aside + (r * KERNEL_PANEL + c) * LANES;
            bool full = r + TILE_ROWS <= rows;
            if (step == TILE_COLS && full)
                tile_wide(TILE_ROWS, TILE_COLS, x, m->ldx, b, KERNEL_DEPTH, piece, lanes, y, m->ldy);
            else if (step == TILE_COLS)
                tile_wide(1, TILE_COLS, x, m->ldx, b, KERNEL_DEPTH, piece, lanes, y, m->ldy);
            else if (full)
                tile_wide(TILE_ROWS, 1, x, m->ldx, b, KERNEL_DEPTH, piece, lanes, y, m->ldy);
            else
                tile_wide(1, 1, x, m->ldx, b, KERNEL_DEPTH, piece, lanes, y, m->ldy);
            r += full ? TILE_ROWS : 1;
        }
        c += step;
    }
}

static void matmul_many(const struct matmul *m)
{
    float *panel = m->work, *aside = m->work + KERNEL_PANEL * KERNEL_DEPTH;
    for (size_t col = 0; col < m->cols; col += KERNEL_PANEL) {
        size_t cols = m->cols - col < KERNEL_PANEL ? m->cols - col : KERNEL_PANEL;
        bool whole = m->k <= KERNEL_DEPTH;
        if (whole)
            widen_panel(m, col, cols, 0, m->k, panel);
        for (size_t row = 0; row < m->rows; row += KERNEL_ROWS) {
            size_t rows = m->rows - row < KERNEL_ROWS ? m->rows - row : KERNEL_ROWS;
            for (size_t k0 = 0; k0 < m->k; k0 += KERNEL_DEPTH) {
                size_t k = m->k - k0 < KERNEL_DEPTH ? m->k - k0 : KERNEL_DEPTH;
                struct piece piece = {.k = kernel_pad(k), .first = k0 == 0, .last = k0 + k == m->k};
                if (!whole)
                    widen_panel(m, col, cols, k0, k, panel);
                tiles(m, row, rows, col, cols, k0, piece, panel, aside);
            }
        }
    }
}

static void matmul(const struct matmul *m)
{
    if (m->rows > FEW_ROWS || dtype_is_block(m->dtype))
        matmul_many(m);
    else if (m->dtype == DTYPE_BF16)
        matmul_few(m, DTYPE_BF16);
    else if (m->dtype == DTYPE_F16)
        matmul_few(m, DTYPE_F16);
    else
        matmul_few(m, DTYPE_F32);
}

/* ---- rows --------------------------------------------------------------------------- */

static void widen(float *out, const unsigned char *w, enum dtype dtype, size_t n, float scale)
{
    v16 s = v16_set1(scale);
    size_t i = 0;
    if (dtype_is_block(dtype)) {
        blocks_widen(out, w, dtype, 0, n);
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
    struct block_stats s = {.max = x[0]};
    for (size_t i = 1; i < n; i++)
        if (x[i] > s.max) {
            s.max = x[i];
            s.best = i;
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
    .matmul = matmul,
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
