/* blocks.h - GGUF's quantized blocks as float32, or taken apart: kernels_blocks.c. */
#ifndef CARAT_ENGINE_BLOCKS_H
#define CARAT_ENGINE_BLOCKS_H

#include "engine/model/dtype.h"

#define BLOCK_RUN ((size_t)32) /* numbers with scales of their own: a small block, an eighth of a large one */

/* Number i is scale[g] * (code[i] - offset) - least[g]; g = 0, or of two scales the one of its half. */
struct block_run {
    unsigned char code[BLOCK_RUN];
    float scale[2], least[2];
};
struct block_kind {
    int offset;      /* a power of two, or 0 */
    size_t n_scales; /* of a run */
    bool has_least;
};
static const struct block_kind block_kinds[DTYPE_COMPUTED] = {
    [DTYPE_Q4_0] = {8, 1, false},   [DTYPE_Q4_1] = {0, 1, true},  [DTYPE_Q5_0] = {16, 1, false},
    [DTYPE_Q5_1] = {0, 1, true},    [DTYPE_Q8_0] = {128, 1, false}, [DTYPE_Q2_K] = {0, 2, true},
    [DTYPE_Q3_K] = {4, 2, false},   [DTYPE_Q4_K] = {0, 1, true},  [DTYPE_Q5_K] = {0, 1, true},
    [DTYPE_Q6_K] = {32, 2, false},
};

/* Of each instruction set, with the same bits:
 *
 * blocks_split: the run at number `at`, a multiple of BLOCK_RUN, of a block of one of the block types. `least` is set
 * where the type has one, the second scale and least where it has two.
 *
 * blocks_widen: the numbers `first` .. `first + n - 1` of a row that starts at `row`; first and n are whole blocks of
 * `dtype`, which is one of the block types. Each 16 of them lie `next` floats behind the last. */
#define BLOCKS_OF(isa)                                                                                             \
    void blocks_split_##isa(struct block_run *out, const unsigned char *block, enum dtype dtype, size_t at);      \
    void blocks_widen_##isa(float *out, size_t next, const unsigned char *row, enum dtype dtype, size_t first, size_t n)
BLOCKS_OF(portable);
#if defined(__x86_64__)
BLOCKS_OF(avx2);
BLOCKS_OF(avx512);
BLOCKS_OF(avx512vnni);
BLOCKS_OF(avx512bf16);
#elif defined(__aarch64__)
BLOCKS_OF(neon);
#endif

#endif
