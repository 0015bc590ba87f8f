/* The names of precisions and of weights' types, as the command line and the results have them. */
#include <string.h>

#include "engine/engine.h"

static const char *const PRECISIONS[CARAT_N_PRECISIONS] = {
    [CARAT_PRECISION_F32] = "f32", [CARAT_PRECISION_BF16] = "bf16", [CARAT_PRECISION_INT8] = "int8"};
static const char *const WEIGHTS[CARAT_N_WEIGHTS] = {
    [CARAT_WEIGHTS_STORED] = "stored", [CARAT_WEIGHTS_Q8_0] = "q8_0", [CARAT_WEIGHTS_Q4_0] = "q4_0"};

/* The index of `name`; n where it is not among them. */
static size_t find(const char *const *names, size_t n, const char *name)
{
    size_t i = 0;
    while (i < n && strcmp(names[i], name) != 0)
        i++;
    return i;
}

const char *carat_precision_name(enum carat_precision precision)
{
    return PRECISIONS[precision];
}

bool carat_precision_find(const char *name, enum carat_precision *out)
{
    size_t i = find(PRECISIONS, CARAT_N_PRECISIONS, name);
    if (i < CARAT_N_PRECISIONS)
        *out = (enum carat_precision)i;
    return i < CARAT_N_PRECISIONS;
}

const char *carat_weights_name(enum carat_weights weights)
{
    return WEIGHTS[weights];
}

bool carat_weights_find(const char *name, enum carat_weights *out)
{
    size_t i = find(WEIGHTS, CARAT_N_WEIGHTS, name);
    if (i < CARAT_N_WEIGHTS)
        *out = (enum carat_weights)i;
    return i < CARAT_N_WEIGHTS;
}
