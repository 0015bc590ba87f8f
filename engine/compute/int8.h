/* int8.h - what the files of the int8 products share: kernels_int8.c says what they compute. */
#ifndef CARAT_ENGINE_INT8_H
#define CARAT_ENGINE_INT8_H

#include <stddef.h>
#include <stdint.h>

#include "blocks.h"
#include "engine/model/dtype.h"

#define QUANTIZED_ZERO 128

/* A block of activations, as prepared: it takes less room than its 32 floats did. */
struct quantized {
    float scale;
    float minus[3];       /* scale * -Q, Q the sum of q: of all, of either half */
    uint8_t q[BLOCK_RUN]; /* q + QUANTIZED_ZERO */
};

#ifdef KERNEL_HAS_VNNI

#define VECTOR ((size_t)16) /* columns */

/* A run of sixteen columns, laid out: kernels_vnni.c multiplies it, kernels_vnni_lay.c makes it. */
struct side { /* of the run, or where it has two scales of a half */
    int32_t start[VECTOR]; /* -QUANTIZED_ZERO * the sum of the codes */
    float scale[VECTOR], least[VECTOR];
};
struct cell {
    int8_t code[8][4 * VECTOR]; /* column c's codes 4j .. 4j + 3, less the offset, at [j][4c] */
    struct side of[2];
};

/* `n_runs` cells, whole blocks of `dtype`, of up to sixteen columns: the first one's begin at `first`, each next one's `stride`
 * bytes further on. Where columns are fewer, what stands for the others is anything. `ahead` (not 0): what lies so far behind
 * these weights is laid out next; it is fetched, if it is of a type with small blocks. */
#define INT8_LAY(isa)                                                                                           \
    void int8_lay_##isa(struct cell *cells, const unsigned char *first, size_t stride, size_t cols, enum dtype dtype, \
                        size_t n_runs, size_t ahead)
INT8_LAY(avx512vnni);
INT8_LAY(avx512bf16);

#endif

#endif
