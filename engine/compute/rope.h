/* rope.h - cosines and sines of rotary positions, filled as positions come into use. */
#ifndef CARAT_ENGINE_ROPE_H
#define CARAT_ENGINE_ROPE_H

#include "base/base.h"
#include "engine/model/config.h"

struct rope_table {
    size_t half, n_max, n_done;  /* head_dim / 2; positions there may be; positions filled */
    float *frequency;            /* [half] */
    float *cosine, *sine;        /* [n_max, half] */
};

/* `factors` (may be NULL): [head_dim / 2], what the file divides each frequency by. */
enum carat_err rope_init(struct rope_table *t, const struct rope *rope, const float *factors, size_t head_dim,
                         size_t n_max, struct err *err);
void rope_fill(struct rope_table *t, size_t n); /* positions 0 .. n - 1 are there afterwards */
void rope_release(struct rope_table *t);

#endif
