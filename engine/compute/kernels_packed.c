/* Products of many rows at f32 and bf16, whose rows have been packed: the same sums as kernels.c's, computed another way round.
 *
 * A dot product here is sixteen lanes over k, then a tree (kernels.c). With a lane a register's element, each output
 * takes a whole register, few outputs fit, and rows and weights are read again and again. But the lanes are sixteen sums of
 * their own: lane j of all outputs is a matrix product over the k of that lane alone, with an output an element,
 * 384 of them in 24 registers of AVX-512. So products go lane by lane:
 *
 *     for each panel of 48 columns, piece of k, lane j:      weights [steps][48] of that lane, in the level 1 cache
 *         for each group of rows:                            rows    [steps][8] of that lane
 *             out[8][48] += rows[step][r] * weights[step][c]   for each step in order
 *
 * For that rows are packed, once for all columns, and weights laid out, once for KERNEL_BLOCK rows: exchanged in squares
 * of sixteen, so that what was an element in a vector is a block of memory.
 *
 *     packed rows     each piece: [16 lanes][groups of 8, then 4, 2, 1 rows][steps][rows of the group]
 *     a panel's piece [16 lanes][steps][columns, whole sixteens]
 *
 * Steps of a piece are even in number; the last one may be padding, which no sum takes.
 *
 * The tree adds lanes j and j + 8, then 4, 2 and 1 apart. Lanes are computed in the order 0, 8, 4, 12, 2, ... (bits
 * reversed), so that after each one the sums that are complete are the last ones put aside, as a binary counter carries:
 * the i-th takes along those at i - 1, i - 3, i - 7, as far as i + 1 can be halved.
 *
 * bf16's pairs are steps of their own, the odd number before the even one; where the CPU has the dot product of
 * pairs, a step's element is a pair.
 */
#include "kernels.h"

#if defined(KERNEL_ISA_avx512) || defined(KERNEL_ISA_avx2) || defined(KERNEL_ISA_neon)

#include "forms.h"

#define TILE_PARTS 3
#ifdef KERNEL_ISA_avx2
#define TILE_ROWS ((size_t)4)
#define EACH_ROW EACH_4
#else
#define TILE_ROWS ((size_t)8)
#define EACH_ROW EACH_8
#endif
#define LINE ((size_t)64)    /* bytes of a cache's line */
#define SQUARE ((size_t)16)  /* vectors, and columns or rows, that are exchanged */
#define AHEAD 2              /* rows of weights that a tile may fetch meanwhile */
#define FETCHES ((size_t)256) /* groups before the end of a piece among which fetching the next is shared out */

static const unsigned char LANE_AT[LANES] = {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15};

/* ---- the order of vectors ------------------------------------------------------------ */

struct piece { /* of the vectors of k */
    size_t from, n;
    size_t stride; /* n, or one more: even */
    bool first, last;
};

/* Pieces alike in length, so that none is short. */
static struct piece piece_at(size_t total, size_t from)
{
    size_t pieces = (total + KERNEL_STEPS - 1) / KERNEL_STEPS, each = (total + pieces - 1) / pieces;
    each += each % 2;
    size_t n = total - from < each ? total - from : each;
    return (struct piece){from, n, n + n % 2, from == 0, from + n == total};
}

/* Rows that lie together: 8, or what is left as a sum of powers of two. */
static size_t group_at(size_t left)
{
    return left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
}

/* Sixteen vectors: the first eight `stride` bytes apart, the others as far from each other and `half` bytes behind those. */
struct square {
    const unsigned char *at;
    size_t stride, half;
};

INLINE const unsigned char *vector_at(const struct square s, size_t r)
{
    return s.at + r / 8 * s.half + r % 8 * s.stride;
}

/* out[e][r] = element e of vector r. A vector is read at once: sixteen of them, a row of a matrix apart, may share a set
 * of the cache that has not so many ways. */
INLINE void exchange(const struct square s, v16 out[SQUARE])
{
    for (size_t part = 0; part < PARTS; part++) {
        vpart t[SQUARE];
        EACH_4(i, 4, const unsigned char *from[4 / PARTS];
               for (size_t q = 0; q < 4 / PARTS; q++) from[q] = vector_at(s, part * PART_LANES + 4 * q + i);
               for (size_t e = 0; e < 4; e++) t[4 * e + i] = vpart_join(from, 16 * e);)
        EACH_4(e, 4, vpart_transpose(t + 4 * e); for (size_t i = 0; i < 4; i++) out[4 * e + i].p[part] = t[4 * e + i];)
    }
}

/* ---- rows ---------------------------------------------------------------------------- */

/* Two vectors of eight rows become one line of each lane. */
static void pack_eight(float *out, size_t lane, const float *x, size_t ldx, size_t steps)
{
    for (size_t v = 0; v < steps; v += 2, x += 2 * LANES, out += SQUARE) {
        v16 words[SQUARE];
        exchange((struct square){(const unsigned char *)x, ldx * sizeof *x, LINE}, words);
        for (size_t j = 0; j < LANES; j++)
            v16_store(out + j * lane, words[j]);
    }
}

static void pack_few(float *out, size_t lane, const float *x, size_t ldx, size_t rows, size_t steps)
{
    for (size_t v = 0; v < steps; v++)
        for (size_t j = 0; j < LANES; j++)
            for (size_t r = 0; r < rows; r++)
                out[j * lane + v * rows + r] = x[r * ldx + v * LANES + j];
}

INLINE void pack(enum form form, float *packed, const float *x, size_t ldx, size_t rows, size_t k, size_t first)
{
    const size_t total = vectors(form, k), end = rows - first < KERNEL_GROUP ? rows : first + KERNEL_GROUP;
    for (size_t from = 0; from < total;) {
        struct piece piece = piece_at(total, from);
        for (size_t r = first, n; r < end; r += n) {
            n = group_at(end - r);
            float *out = packed + from * LANES * rows + r * piece.stride;
            const float *at = x + r * ldx + from * LANES;
            if (n == 8)
                pack_eight(out, piece.stride * rows, at, ldx, piece.stride);
            else
                pack_few(out, piece.stride * rows, at, ldx, n, piece.stride);
        }
        from += piece.n;
    }
}

void CONCAT(packed_pack_f32_, KERNEL_ISA)(float *packed, const float *x, size_t ldx, size_t rows, size_t k, size_t first)
{
    pack(FORM_PLAIN, packed, x, ldx, rows, k, first);
}

void CONCAT(packed_pack_bf16_, KERNEL_ISA)(float *packed, const float *x, size_t ldx, size_t rows, size_t k, size_t first)
{
    pack(FORM_BF16, packed, x, ldx, rows, k, first);
}

/* ---- weights ------------------------------------------------------------------------- */

/* Columns of a panel and one piece of theirs, laid out; lanes put aside; room to widen in. */
struct panel {
    size_t col, cols;
    size_t width;  /* cols, whole sixteens */
    float *laid;   /* [LANES][piece.stride][width], a line between lanes: see lane_floats() */
    float *aside;  /* [LANES][rows of a block][width] */
    float *spare;  /* [SQUARE][KERNEL_STRETCH] */
};

/* From one lane's weights to the next. The line more keeps sixteen lanes, which are written side by side, out of one set
 * of the level 1 cache: that halves what laying out costs. */
static size_t lane_floats(const struct panel *p, struct piece piece)
{
    return piece.stride * p->width + LANES;
}

/* Sixteen words of sixteen columns, or what there is of them, as vectors of columns. */
INLINE void read_square(const unsigned char *w, size_t stride, size_t cols, size_t bytes, v16 out[SQUARE])
{
    if (cols == SQUARE && bytes >= LINE) {
        exchange((struct square){w, stride, 8 * stride}, out);
        return;
    }
    unsigned char some[SQUARE * LINE] = {0};
    for (size_t c = 0; c < cols; c++)
        memcpy(some + c * LINE, w + c * stride, bytes < LINE ? bytes : LINE);
    exchange((struct square){some, LINE, 8 * LINE}, out);
}

/* k numbers of up to sixteen columns, floats in order; `lane` floats from one lane's weights to the next, `step` from one
 * step's. */
static void lay_floats(float *out, size_t lane, size_t step, const unsigned char *w, size_t stride, size_t cols, size_t k)
{
    for (size_t i = 0; i < k; i += LANES, out += step) {
        v16 words[SQUARE];
        read_square(w + 4 * i, stride, cols, 4 * (k - i), words);
        for (size_t j = 0; j < LANES; j++)
            v16_store(out + j * lane, words[j]);
    }
}

/* The same of bf16 numbers: a word is two of them. */
INLINE void lay_pairs(const enum form form, float *out, size_t lane, size_t step, const unsigned char *w, size_t stride,
                      size_t cols, size_t k)
{
    for (size_t i = 0; i < k; i += 32, out += (form == FORM_PAIRS ? 1 : 2) * step) {
        v16 words[SQUARE];
        read_square(w + 2 * i, stride, cols, 2 * (k - i), words);
        for (size_t p = 0; p < LANES; p++) {
            float *even = out + p / 8 * step + 2 * p % LANES * lane, *odd = even + lane;
            if (form == FORM_PAIRS) {
                v16_store(out + p * lane, words[p]);
                continue;
            }
            if (form == FORM_SPLIT) {
                odd = out + p * lane;
                even = odd + step;
            }
            v16_store(even, v16_even(&words[p]));
            v16_store(odd, v16_odd(&words[p]));
        }
    }
}

/* Of a stretch of sixteen columns what has to be widened, or rounded, before it is laid out. */
INLINE void lay_widened(const enum form form, const struct matmul *m, size_t col, size_t cols, struct stretch k, float *out,
                        size_t lane, size_t step, float *spare)
{
    const size_t stride = dtype_bytes(m->dtype, m->k);
    for (size_t c = 0; c < cols; c++) {
        float *row = spare + c * KERNEL_STRETCH;
        widen_row(m->w + (col + c) * stride, m->dtype, k, row);
        for (size_t i = 0; form != FORM_PLAIN && i < k.n; i += 32) {
            uint16_t rounded[32];
            round_block(rounded, row + i);
            memcpy((uint16_t *)(void *)row + i, rounded, sizeof rounded);
        }
    }
    const unsigned char *w = (const unsigned char *)spare;
    if (form == FORM_PLAIN)
        lay_floats(out, lane, step, w, KERNEL_STRETCH * sizeof *spare, cols, k.n);
    else
        lay_pairs(form, out, lane, step, w, KERNEL_STRETCH * sizeof *spare, cols, k.n);
}

/* Columns [c, c + cols) of a panel, at most sixteen, one piece. */
INLINE void lay_columns(const enum form form, const struct matmul *m, const struct panel *p, struct piece piece, size_t c,
                        size_t cols)
{
    const size_t each = form == FORM_PAIRS ? 32 : LANES, from = piece.from * each, stride = dtype_bytes(m->dtype, m->k);
    const size_t n = m->k - from < piece.n * each ? m->k - from : piece.n * each;
    const size_t lane = lane_floats(p, piece), step = p->width;
    const unsigned char *w = m->w + (p->col + c) * stride;
    float *out = p->laid + c;
    if (m->dtype == DTYPE_BF16) {
        lay_pairs(form, out, lane, step, w + 2 * from, stride, cols, n);
    } else if (m->dtype == DTYPE_F32 && form == FORM_PLAIN) {
        lay_floats(out, lane, step, w + 4 * from, stride, cols, n);
    } else {
        for (size_t at = 0; at < n; at += KERNEL_STRETCH) {
            struct stretch k = {from + at, n - at < KERNEL_STRETCH ? n - at : KERNEL_STRETCH};
            lay_widened(form, m, p->col + c, cols, k, out + at / each * step, lane, step, p->spare);
        }
    }
}

INLINE void lay_panel(const enum form form, const struct matmul *m, const struct panel *p, struct piece piece)
{
    for (size_t c = 0; c < p->cols; c += SQUARE)
        lay_columns(form, m, p, piece, c, p->cols - c < SQUARE ? p->cols - c : SQUARE);
}

/* ---- tiles --------------------------------------------------------------------------- */

struct tile {
    const float *x;  /* [steps][group] */
    size_t group;    /* rows that lie together */
    const float *w;  /* [steps][width] */
    size_t width, steps;
    size_t behind;   /* floats from x to what is likely read after it */
    const unsigned char *ahead[AHEAD]; /* what else is fetched meanwhile, so many bytes a step */
    size_t ahead_step;
    size_t turn;     /* of the lane, in LANE_AT */
    bool first, last;
    float *aside;    /* of the tile's rows and columns, [width] a row; of another turn `turns` floats farther */
    size_t turns;
    float *y;        /* where the outputs go */
    size_t ldy;
};

/* R rows by P parts of registers. */
INLINE void multiply(const int R, const int P, const enum form form, const struct tile *t)
{
    vpart acc[TILE_ROWS * TILE_PARTS];
    const float *x = t->x, *w = t->w, *from = t->aside + t->turn * t->turns;
    const unsigned char *one = t->ahead[0], *two = t->ahead[1];
    EACH_ROW(r, R, EACH_3(p, P, acc[r * TILE_PARTS + p] =
                              t->first ? vpart_set1(0) : vpart_load(from + r * t->width + p * PART_LANES);))
    for (size_t i = t->steps; i > 0; i--, x += t->group, w += t->width, one += t->ahead_step, two += t->ahead_step) {
        __builtin_prefetch(one);
        __builtin_prefetch(two);
        __builtin_prefetch(x + t->behind);
        vpart b[TILE_PARTS];
        EACH_3(p, P, b[p] = vpart_load(w + p * PART_LANES);)
        EACH_ROW(r, R, vpart a = vpart_set1(x[r]); vpart_keep(a);
                 EACH_3(p, P, acc[r * TILE_PARTS + p] = dot_part(form, a, b[p], acc[r * TILE_PARTS + p]);))
    }
    size_t whole = t->turn + 1, span = 2;
    for (; t->last && (whole & (span - 1)) == 0; span *= 2) {
        const float *other = t->aside + (whole - span) * t->turns;
        EACH_ROW(r, R, EACH_3(p, P, acc[r * TILE_PARTS + p] =
                                  vpart_add(vpart_load(other + r * t->width + p * PART_LANES), acc[r * TILE_PARTS + p]);))
    }
    float *to = whole == LANES && t->last ? t->y : t->aside + (whole - span / 2) * t->turns;
    const size_t ld = whole == LANES && t->last ? t->ldy : t->width;
    EACH_ROW(r, R, EACH_3(p, P, vpart_store(to + r * ld + p * PART_LANES, acc[r * TILE_PARTS + p]);))
}

INLINE void multiply_rows(const int R, const enum form form, struct tile t)
{
    for (size_t left = t.width / PART_LANES, n; left; left -= n) {
        n = left < TILE_PARTS ? left : TILE_PARTS;
        if (n == 3)
            multiply(R, 3, form, &t);
        else if (n == 2)
            multiply(R, 2, form, &t);
        else
            multiply(R, 1, form, &t);
        t.w += n * PART_LANES;
        t.aside += n * PART_LANES;
        t.y += n * PART_LANES;
    }
}

static void multiply_group(const enum form form, struct tile t)
{
    for (size_t left = t.group, n; left; left -= n) {
        n = left < TILE_ROWS ? left : TILE_ROWS;
        if (TILE_ROWS == 8 && n == 8)
            multiply_rows(8, form, t);
        else if (n == 4)
            multiply_rows(4, form, t);
        else if (n == 2)
            multiply_rows(2, form, t);
        else
            multiply_rows(1, form, t);
        t.x += n;
        t.aside += n * t.width;
        t.y += n * t.ldy;
    }
}

/* ---- panels -------------------------------------------------------------------------- */

/* Weights that are fetched while others are multiplied: what is laid out next, a stretch of each of some columns. */
struct fetch {
    const unsigned char *at;
    size_t stride, cols;
    size_t among, due;
};

static struct fetch fetch_next(const struct matmul *m, const struct panel *p, const enum form form, struct piece piece,
                               bool more_rows, size_t among)
{
    const size_t stride = dtype_bytes(m->dtype, m->k), total = vectors(form, m->k), end = piece.from + piece.n;
    if (!piece.last)
        return (struct fetch){m->w + p->col * stride + stride * end / total, stride, p->cols, among, 0};
    if (more_rows)
        return (struct fetch){m->w + p->col * stride, stride, p->cols, among, 0};
    if (p->col + p->cols < m->cols)
        return (struct fetch){m->w + (p->col + p->cols) * stride, stride, p->cols, among, 0};
    return (struct fetch){m->next, stride, m->next ? p->cols : 0, among, 0};
}

/* The columns that are due in a tile: shared out evenly among `among` of them, which `due` counts. */
static void fetch_some(struct tile *t, struct fetch *f)
{
    f->due += f->cols;
    for (size_t a = 0; a < AHEAD; a++) {
        bool one = f->due >= f->among;
        t->ahead[a] = one ? f->at : (const unsigned char *)t->w;
        f->due -= one ? f->among : 0;
        f->at += one ? f->stride : 0;
    }
}

struct block { /* of rows */
    size_t row, rows;
};

/* One piece of a panel against a block of rows. */
static void multiply_piece(const enum form form, const struct matmul *m, const struct panel *p, struct block block,
                           struct piece piece, float *y, size_t ldy)
{
    const size_t total = vectors(form, m->k);
    size_t groups = 0;
    for (size_t r = 0; r < block.rows; r += group_at(block.rows - r))
        groups++;
    size_t left = LANES * groups;
    struct fetch fetch = fetch_next(m, p, form, piece, block.row + block.rows < m->rows, left < FETCHES ? left : FETCHES);
    const size_t bytes = dtype_bytes(m->dtype, m->k) * piece.n / total;
    struct tile t = {.width = p->width, .steps = piece.n, .turns = block.rows * p->width, .first = piece.first,
                     .last = piece.last, .ldy = ldy, .ahead_step = (bytes + piece.n - 1) / piece.n};
    for (; t.turn < LANES; t.turn++) {
        const size_t lane = LANE_AT[t.turn];
        const float *x = m->packed + (piece.from * LANES + lane * piece.stride) * m->rows + block.row * piece.stride;
        t.w = p->laid + lane * lane_floats(p, piece);
        for (size_t r = 0; r < block.rows; r += t.group, left--) {
            t.group = group_at(block.rows - r);
            t.x = x + r * piece.stride;
            t.behind = t.group * piece.stride;
            t.aside = p->aside + r * p->width;
            t.y = y + r * ldy;
            t.ahead[0] = t.ahead[1] = (const unsigned char *)t.w;
            if (left <= fetch.among)
                fetch_some(&t, &fetch);
            multiply_group(form, t);
        }
    }
}

static void multiply_block(const enum form form, const struct matmul *m, const struct panel *p, struct block block)
{
    const size_t total = vectors(form, m->k);
    float *y = m->y + block.row * m->ldy + p->col;
    bool whole = p->cols == p->width;
    for (size_t from = 0; from < total;) {
        struct piece piece = piece_at(total, from);
        lay_panel(form, m, p, piece);
        multiply_piece(form, m, p, block, piece, whole ? y : p->aside, whole ? m->ldy : p->width);
        from += piece.n;
    }
    for (size_t r = 0; !whole && r < block.rows; r++)
        memcpy(y + r * m->ldy, p->aside + r * p->width, p->cols * sizeof *y);
}

static void matmul(const enum form form, const struct matmul *m)
{
    struct panel p = {.laid = m->work};
    p.aside = p.laid + LANES * (KERNEL_STEPS * KERNEL_PANEL + LANES);
    p.spare = p.aside + LANES * KERNEL_BLOCK * KERNEL_PANEL;
    for (; p.col < m->cols; p.col += KERNEL_PANEL) {
        p.cols = m->cols - p.col < KERNEL_PANEL ? m->cols - p.col : KERNEL_PANEL;
        p.width = kernel_pad(p.cols);
        for (struct block b = {0}; b.row < m->rows; b.row += b.rows) {
            b.rows = m->rows - b.row < KERNEL_BLOCK ? m->rows - b.row : KERNEL_BLOCK;
            multiply_block(form, m, &p, b);
        }
    }
}

void CONCAT(packed_matmul_f32_, KERNEL_ISA)(const struct matmul *m)
{
    matmul(FORM_PLAIN, m);
}

void CONCAT(packed_matmul_bf16_, KERNEL_ISA)(const struct matmul *m)
{
    uint64_t mode = flush_begin();
    matmul(FORM_BF16, m);
    flush_end(mode);
}

#endif
