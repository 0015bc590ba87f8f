/* Quantizing a model's matrices after it was opened. */
#include "engine/engine.h"

enum carat_err carat_model_quantize(struct carat_model *model, enum carat_weights weights, struct pool *pool,
                                    struct err *err)
{
    (void)model;
    (void)pool;
    if (weights == CARAT_WEIGHTS_STORED)
        return CARAT_OK;
    return err_set(err, CARAT_EUNSUPPORTED, "quantizing weights to %s is not implemented yet",
                   carat_weights_name(weights));
}
