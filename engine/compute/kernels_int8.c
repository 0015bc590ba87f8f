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
 * Here is what any instruction set can do; CPUs with VNNI have kernels_vnni.c.
 */
#ifndef KERNEL_HAS_VNNI

#include <string.h>

#include "int8.h"
#include "kernels.h"
#include "simd.h"

#define RUN BLOCK_RUN

static void quantize(const float *x, struct quantized *out)
{
    uint32_t bits[RUN], most = 0;
    float largest, back = 0;
    int minus[2] = {0, 0};
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
        out->q[i] = (uint8_t)(q - 0x4b400000 + QUANTIZED_ZERO);
    }
    for (size_t i = 0; i < RUN; i++)
        minus[i / 16] += QUANTIZED_ZERO - out->q[i];
    out->minus[0] = out->scale * (float)(minus[0] + minus[1]);
    out->minus[1] = out->scale * (float)minus[0];
    out->minus[2] = out->scale * (float)minus[1];
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
            int32_t sum = 0;
            for (size_t i = half * group; i < (half + 1) * group; i++)
                sum += (q.q[i] - QUANTIZED_ZERO) * c->w[run][i];
            out = fmaf((float)sum, q.scale * c->scale[run][half], out);
            if (kind->has_least)
                out = fmaf(c->least[run][half], q.minus[kind->n_scales == 2 ? 1 + half : 0], out);
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
