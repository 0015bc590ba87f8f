/* quantize.h - numbers made into blocks, and whether a model's matrices all are. */
#ifndef CARAT_ENGINE_QUANTIZE_H
#define CARAT_ENGINE_QUANTIZE_H

#include "engine/engine.h"
#include "engine/model/dtype.h"

#define QUANTIZE_BLOCK ((size_t)32)

/* n numbers, whole blocks, as DTYPE_Q8_0 or DTYPE_Q4_0. A block with a number that is not finite has such a scale. */
void quantize_row(unsigned char *out, const float *x, size_t n, enum dtype dtype);

/* CARAT_EUNSUPPORTED unless every matrix that is multiplied is of a block type: what int8 needs. */
enum carat_err quantize_check(const struct carat_model *model, struct err *err);

#endif
