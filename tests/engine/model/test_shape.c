#include <criterion/criterion.h>
#include <math.h>

#include "engine/engine.h"
#include "engine/model/model_int.h"

static struct carat_model *open_shape(const char *name, const char *dtype, struct pool *pool)
{
    struct carat_model *m;
    struct err err = ERR_INIT;
    cr_assert_eq(carat_model_random(name, dtype, pool, &m, &err), CARAT_OK, "%s", err.msg);
    return m;
}

static bool forward(const struct carat_model *m, struct carat_reply *reply)
{
    struct carat_session *s;
    struct err err = ERR_INIT;
    uint32_t node;
    const int32_t tokens[] = {2, 300, 17};
    cr_assert_eq(carat_session_open(m, &(struct carat_session_opts){.n_threads = 1, .batch_tokens = 4, .kv_tokens = 8}, &s,
                                    &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(carat_node_new(s, CARAT_NODE_ROOT, &node, &err), CARAT_OK);
    bool ok = carat_forward(s, &(struct carat_span){node, tokens, 3}, 1, &(struct carat_ask){.row = 2, .target = 5}, 1,
                            reply, &err) == CARAT_OK;
    carat_session_free(s);
    return ok;
}

Test(shape, every_type_of_weights_gives_finite_logits, .timeout = 120)
{
    static const char *const TYPES[] = {"bf16", "f16", "f32", "q8_0", "q4_0"};
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++) {
        struct carat_model *m = open_shape("65m", TYPES[i], NULL);
        struct carat_reply reply;
        cr_assert_str_eq(carat_model_info(m)->weights_dtype, TYPES[i]);
        cr_assert(forward(m, &reply), "%s", TYPES[i]);
        cr_assert(isfinite(reply.logprob) && reply.logprob < 0, "%s", TYPES[i]);
        carat_model_free(m);
    }
}

Test(shape, numbers_do_not_depend_on_threads, .timeout = 60)
{
    struct pool *pool;
    struct err err = ERR_INIT;
    cr_assert_eq(pool_new(3, &pool, &err), CARAT_OK);
    struct carat_model *one = open_shape("65m", "bf16", NULL), *three = open_shape("65m", "bf16", pool);
    cr_assert_eq(one->info.weights_bytes, three->info.weights_bytes);
    cr_assert_arr_eq(one->files[0].map.data, three->files[0].map.data, one->info.weights_bytes);
    carat_model_free(one);
    carat_model_free(three);
    pool_free(pool);
}

/* gemma-2b's published count is 2,506,172,416, of which its 256,000 x 2,048 embedding is the head as well. */
Test(shape, work_is_counted_from_the_matrices)
{
    struct carat_model *m = open_shape("65m", "bf16", NULL);
    const struct carat_model_info *i = carat_model_info(m);
    size_t layer = 2 * 512 * 512 + 2 * 128 * 512 + 3 * 512 * 4096;
    cr_assert_eq(i->layer_weights, 7 * layer);
    cr_assert_eq(i->head_weights, (size_t)32000 * 512);
    cr_assert_eq(i->read_bytes, 2 * (7 * layer + (size_t)32000 * 512));
    cr_assert_eq(i->n_parameters, i->layer_weights + i->head_weights + (2 * 7 + 1) * 512);
    carat_model_free(m);
}

Test(shape, unknown_names_are_refused_with_the_nearest)
{
    struct carat_model *m;
    struct err err = ERR_INIT;
    cr_assert_eq(carat_model_random("gemma-2c", "bf16", NULL, &m, &err), CARAT_EUSAGE);
    cr_assert(strstr(err.hint, "gemma-2b"), "%s", err.hint);
    cr_assert_eq(carat_model_random("65m", "q6_k", NULL, &m, &err), CARAT_EUSAGE);
    cr_assert(strstr(err.msg, "q6_k"), "%s", err.msg);
    cr_assert_not_null(carat_shape_name(0));
    cr_assert_null(carat_shape_name(1000));
}
