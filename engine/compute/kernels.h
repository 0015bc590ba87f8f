/* kernels.h - the inner loops, one table an instruction set, all with the same results to the bit.
 *
 * The canonical dot product (kernels.c has the whole argument): sixteen float32 lanes, lane j takes
 * k = j, j + 16, ... in order by fused multiply-add, missing elements count as zeros, and the lanes are added
 * as a fixed tree. With bf16 and int8 activations other fixed orders hold: kernels.c, kernels_int8.c.
 *
 * A product's input is first prepared, row by row and in place: rounded, or quantized. Rows are padded with zeros to
 * kernel_row() floats, which is room enough for each form.
 *
 * Nothing here allocates, fails or knows of threads; `work` is the calling thread's own.
 */
#ifndef CARAT_ENGINE_KERNELS_H
#define CARAT_ENGINE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/engine.h"
#include "engine/model/config.h"
#include "engine/model/dtype.h"

#define KERNEL_LANES ((size_t)16)

static inline size_t kernel_pad(size_t n)
{
    return (n + KERNEL_LANES - 1) / KERNEL_LANES * KERNEL_LANES;
}

/* Floats that a product's input of k numbers takes: whole blocks of 32. */
static inline size_t kernel_row(size_t k)
{
    return (k + 31) / 32 * 32;
}

/* How the products divide their work, and work memory: see kernels.c and kernels_int8.c. */
#define KERNEL_PANEL ((size_t)48)   /* columns that share a pass over the rows; best handed out in multiples of it */
#define KERNEL_ROWS ((size_t)128)   /* rows that meet a piece of a panel, as they are */
#define KERNEL_FEW ((size_t)4)      /* more rows than these are faster packed */
#define KERNEL_GROUP ((size_t)8)    /* rows that are packed together */
#define KERNEL_DEPTH ((size_t)1024) /* floats of k in a piece, so that a tile's stay in the level 1 cache */

/* Of packed rows (kernels_packed.c): vectors of a piece, rows that meet it, numbers widened at once. */
#define KERNEL_STEPS ((size_t)144)
#define KERNEL_BLOCK ((size_t)256)
#define KERNEL_STRETCH ((size_t)256)

/* Floats of work memory for a product: a panel's piece, lanes put aside, numbers that are widened before they are laid
 * out. More than rows as they are take: a tile's columns of a piece, lanes put aside, a piece of a row. */
#define KERNEL_WORK \
    ((KERNEL_STEPS + KERNEL_BLOCK) * KERNEL_PANEL * KERNEL_LANES + KERNEL_LANES * (KERNEL_STRETCH + KERNEL_LANES))

/* y[r * ldy + c] = dot(x[r * ldx ..], w[c ..]) for c < cols: y = x wT. */
struct matmul {
    const unsigned char *w;  /* [cols, k] of dtype, rows without gaps; of blocks, k is whole ones */
    enum dtype dtype;        /* for int8 one of the block types */
    size_t k, cols, rows;
    const float *x;          /* [rows, ldx], ldx a multiple of KERNEL_LANES: rows prepared for the same precision */
    size_t ldx;
    float *y;                /* [rows, ldy] */
    size_t ldy;
    float *work;             /* [KERNEL_WORK], 64-byte aligned */
    const float *packed;     /* x as the same precision's pack() left it, [rows, kernel_row(k)], or NULL; the same bits */
    const unsigned char *next; /* weights that are likely wanted next, or NULL; fetched ahead */
};

struct block_stats { /* of one row's logits over one fixed block of the vocabulary */
    float max;
    float sum;    /* of exp(x - max) */
    size_t best;  /* the lowest index with the largest value */
    float second; /* the largest of the others; -inf where there are none */
};

struct kernel_table {
    const char *isa;
    /* Makes of a row of k floats, in place, what the products of that precision read. NULL: nothing to do. */
    void (*prepare[CARAT_N_PRECISIONS])(float *row, size_t k);
    /* Lays rows [first, first + KERNEL_GROUP) of `rows`, prepared, into `packed`, which holds all of them. NULL: there is
     * no such order at this precision. */
    void (*pack[CARAT_N_PRECISIONS])(float *packed, const float *x, size_t ldx, size_t rows, size_t k, size_t first);
    void (*matmul[CARAT_N_PRECISIONS])(const struct matmul *m);
    /* out[i] = w[i], widened, times scale; of blocks, whole ones */
    void (*widen)(float *out, const unsigned char *w, enum dtype dtype, size_t n, float scale);
    /* out = x / sqrt(mean(x^2) + eps) * gain. out may be x. */
    void (*rms_norm)(float *out, const float *x, const float *gain, size_t n, float eps);
    /* out = (x - mean) / sqrt(mean((x - mean)^2) + eps) * gain + bias. out may be x. */
    void (*layer_norm)(float *out, const float *x, const float *gain, const float *bias, size_t n, float eps);
    void (*add)(float *x, const float *y, size_t n);
    /* x = act(x) */
    void (*activate)(enum activation act, float *x, size_t n);
    /* gate = act(gate) * up */
    void (*gated)(enum activation act, float *gate, const float *up, size_t n);
    /* x = cap * tanh(x / cap) */
    void (*softcap)(float *x, size_t n, float cap);
    /* Pairs (i, i + half) turn by the angle whose cosine and sine are c[i], s[i]. */
    void (*rope)(float *x, const float *c, const float *s, size_t half);
    /* scores[h * ld + i] = dot(q + h * dim, k + slots[i] * stride) * scale; dim a multiple of KERNEL_LANES. */
    void (*scores)(float *scores, size_t ld, const float *q, size_t heads, size_t dim, const float *k,
                   size_t stride, const uint32_t *slots, size_t n, float scale);
    /* x = exp(x - max(x)), n a multiple of KERNEL_LANES; returns the sum, lane by lane. */
    float (*softmax)(float *x, size_t n);
    /* out[h * dim ..] += p[h * ld + i] * v[slots[i] * stride ..], i in order. */
    void (*weigh)(float *out, size_t heads, size_t dim, const float *p, size_t ld, const float *v, size_t stride,
                  const uint32_t *slots, size_t n);
    void (*scale)(float *x, size_t n, float factor);
    struct block_stats (*stats)(const float *x, size_t n);
};

/* kernels_packed.c's part of a table: products whose rows are packed. */
#define KERNEL_PACKED(isa)                                                                                                   \
    void packed_pack_f32_##isa(float *packed, const float *x, size_t ldx, size_t rows, size_t k, size_t first);             \
    void packed_pack_bf16_##isa(float *packed, const float *x, size_t ldx, size_t rows, size_t k, size_t first);            \
    void packed_matmul_f32_##isa(const struct matmul *m);                                                                    \
    void packed_matmul_bf16_##isa(const struct matmul *m)

/* kernels_int8.c's part of a table: k is whole blocks of 32. */
#define KERNEL_INT8(isa) void int8_prepare_##isa(float *row, size_t k); void int8_matmul_##isa(const struct matmul *m)

KERNEL_INT8(portable);
extern const struct kernel_table kernels_portable;
#if defined(__x86_64__)
extern const struct kernel_table kernels_avx2, kernels_avx512, kernels_avx512vnni, kernels_avx512bf16;
KERNEL_INT8(avx2);
KERNEL_PACKED(avx2);
KERNEL_INT8(avx512);
KERNEL_PACKED(avx512);
KERNEL_INT8(avx512vnni);
KERNEL_PACKED(avx512vnni);
KERNEL_INT8(avx512bf16);
KERNEL_PACKED(avx512bf16);
#elif defined(__aarch64__)
extern const struct kernel_table kernels_neon;
KERNEL_INT8(neon);
KERNEL_PACKED(neon);
#endif

/* The best table for this CPU, or the one named by CARAT_ISA. An unknown or unsupported name
 * is CARAT_EUSAGE and lists those that can be had. */
enum carat_err kernels_choose(const struct kernel_table **out, struct err *err);

/* Do bf16 products have the bits of kernels.c's definition? Not where a table takes the CPU's own dot product of pairs,
 * and that CPU rounds otherwise. */
bool kernels_bf16_exact(const struct kernel_table *table);

/* The i-th table that this CPU can run, roughly best first; NULL past the end. */
const struct kernel_table *kernels_at(size_t i);

#endif
