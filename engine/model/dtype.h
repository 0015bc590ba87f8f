/* dtype.h - how numbers are stored in a weights file: one by one, or as GGUF's blocks of 32 or 256. */
#ifndef CARAT_ENGINE_MODEL_DTYPE_H
#define CARAT_ENGINE_MODEL_DTYPE_H

#include <stdbool.h>
#include <stddef.h>

enum dtype {
    DTYPE_F32,
    DTYPE_BF16,
    DTYPE_F16,
    DTYPE_Q4_0, /* from here on blocks: compute/kernels_blocks.c has their layouts */
    DTYPE_Q4_1,
    DTYPE_Q5_0,
    DTYPE_Q5_1,
    DTYPE_Q8_0,
    DTYPE_Q2_K,
    DTYPE_Q3_K,
    DTYPE_Q4_K,
    DTYPE_Q5_K,
    DTYPE_Q6_K,
    DTYPE_OTHER /* known by its size alone: may lie in a file, may not be computed with */
};

#define DTYPE_COMPUTED ((size_t)DTYPE_OTHER) /* how many the kernels read */

struct dtype_info {
    const char *name;
    size_t block, bytes; /* so many numbers take so many bytes; a row is whole blocks */
};
extern const struct dtype_info dtype_infos[DTYPE_COMPUTED];

static inline bool dtype_is_block(enum dtype t)
{
    return t >= DTYPE_Q4_0;
}

/* Of one number; not for blocks. */
static inline size_t dtype_size(enum dtype t)
{
    return t == DTYPE_F32 ? 4 : 2;
}

/* Bytes of n numbers, whole blocks of them. */
static inline size_t dtype_bytes(enum dtype t, size_t n)
{
    return n / dtype_infos[t].block * dtype_infos[t].bytes;
}

#endif
