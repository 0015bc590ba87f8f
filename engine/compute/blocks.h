/* blocks.h - GGUF's quantized blocks as float32, or taken apart. */
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
    void (*split)(struct block_run *out, const unsigned char *block, size_t at);
    int offset;      /* a power of two, or 0 */
    size_t n_scales; /* of a run */
    bool has_least;
};
extern const struct block_kind block_kinds[DTYPE_COMPUTED];

/* The run at number `first`, a multiple of BLOCK_RUN, of a row of one of the block types. */
void blocks_split(struct block_run *out, const unsigned char *row, enum dtype dtype, size_t first);

/* out[i] = the number `first + i` of a row that starts at `row`; first and n are whole blocks of `dtype`, which is
 * one of the block types. */
void blocks_widen(float *out, const unsigned char *row, enum dtype dtype, size_t first, size_t n);

#endif
