/* carat_forward() at its edges: what is asked, what is refused, what is left behind. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/compute/session_int.h"
#include "tests/engine/tiny.h"
#include "tests/support/support.h"

static struct carat_model *model;
static struct carat_session *s;
static size_t vocab;

static void open_tiny(const struct carat_session_opts *opts)
{
    struct err err = ERR_INIT;
    model = tiny_open(&TINY[0]);
    vocab = carat_model_info(model)->vocab_size;
    cr_assert_eq(carat_session_open(model, opts, &s, &err), CARAT_OK, "%s", err.msg);
}

static void setup(void)
{
    open_tiny(&(struct carat_session_opts){.n_threads = 2, .batch_tokens = 16, .kv_tokens = 40});
}

static void teardown(void)
{
    cr_assert(kv_check_sane(s->kv));
    carat_session_free(s);
    carat_model_free(model);
}

TestSuite(forward, .init = setup, .fini = teardown, .timeout = 60);

static const int32_t TOKENS[64] = {2, 17, 5, 300, 8, 8, 99, 40, 2, 17, 5, 255, 256, 1, 0, 77};

static uint32_t node(uint32_t parent)
{
    struct err err = ERR_INIT;
    uint32_t n;
    cr_assert_eq(carat_node_new(s, parent, &n, &err), CARAT_OK, "%s", err.msg);
    return n;
}

static bool same(const struct carat_reply *a, const struct carat_reply *b) /* to the bit; the struct has padding */
{
    return memcmp(&a->logprob, &b->logprob, sizeof a->logprob) == 0 && a->best == b->best &&
           memcmp(&a->best_logprob, &b->best_logprob, sizeof a->best_logprob) == 0 &&
           memcmp(&a->margin, &b->margin, sizeof a->margin) == 0;
}

static void refused(const struct carat_span *spans, size_t n_spans, const struct carat_ask *asks, size_t n_asks,
                    enum carat_err code, const char *word)
{
    struct carat_reply replies[4];
    struct err err = ERR_INIT;
    size_t used = carat_session_kv_used(s);
    cr_assert_eq(carat_forward(s, spans, n_spans, asks, n_asks, replies, &err), code, "%s", err.msg);
    cr_assert(strstr(err.msg, word), "'%s' does not say '%s'", err.msg, word);
    cr_assert_eq(carat_session_kv_used(s), used);
    cr_assert(kv_check_sane(s->kv));
}

Test(forward, asks_stand_in_any_order_and_several_on_a_row)
{
    struct err err = ERR_INIT;
    float *logits = calloc(2 * vocab, sizeof *logits);
    int32_t ids[300];
    double logprobs[300];
    struct carat_reply r[5];
    struct carat_span span = {node(0), TOKENS, 9};
    struct carat_ask asks[] = {
        {.row = 8, .target = 4},
        {.row = 0, .target = 17, .logits = logits},
        {.row = 8, .target = -1, .top_k = 300, .top_ids = ids, .top_logprobs = logprobs, .logits = logits + vocab},
        {.row = 3, .target = 300},
        {.row = 8, .target = 4},
    };
    cr_assert_eq(carat_forward(s, &span, 1, asks, 5, r, &err), CARAT_OK, "%s", err.msg);
    cr_assert(same(&r[0], &r[4]));
    cr_assert_float_eq(r[2].logprob, 0, 0);
    cr_assert_eq(r[2].best, r[0].best);
    cr_assert_eq(ids[0], r[2].best);
    cr_assert_float_eq(logprobs[0], r[2].best_logprob, 0);
    cr_assert_float_eq(r[0].margin, (double)logits[vocab + (size_t)ids[0]] - (double)logits[vocab + (size_t)ids[1]], 0);
    double total = 0;
    for (size_t i = 0; i < 300; i++) {
        float here = logits[vocab + (size_t)ids[i]];
        total += exp(logprobs[i]);
        if (i) {
            float before = logits[vocab + (size_t)ids[i - 1]];
            cr_assert(here < before || (here <= before && ids[i] > ids[i - 1]), "rank %zu", i);
        }
        if (ids[i] == 4)
            cr_assert_float_eq(logprobs[i], r[0].logprob, 0);
    }
    cr_assert_float_eq(total, 1, 0.02); /* 300 of 301 */
    free(logits);
}

Test(forward, more_full_rows_than_a_tile_holds)
{
    struct err err = ERR_INIT;
    enum { ROWS = 13 };
    float *together = calloc(ROWS * vocab, sizeof *together), *alone = calloc(vocab, sizeof *alone);
    struct carat_reply r[2 * ROWS], one;
    struct carat_ask asks[2 * ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        asks[2 * i] = (struct carat_ask){.row = i, .target = 7};
        asks[2 * i + 1] = (struct carat_ask){.row = i, .target = 7, .logits = together + i * vocab};
    }
    struct carat_span span = {node(0), TOKENS, ROWS};
    cr_assert_eq(carat_forward(s, &span, 1, asks, 2 * ROWS, r, &err), CARAT_OK, "%s", err.msg);
    uint32_t again = node(0);
    for (size_t i = 0; i < ROWS; i++) {
        struct carat_span step = {again, TOKENS + i, 1};
        struct carat_ask ask = {.row = 0, .target = 7, .logits = alone};
        cr_assert_eq(carat_forward(s, &step, 1, &ask, 1, &one, &err), CARAT_OK, "%s", err.msg);
        cr_assert(same(&one, &r[2 * i]), "row %zu", i);
        cr_assert(same(&one, &r[2 * i + 1]), "row %zu", i);
        cr_assert_eq(memcmp(alone, together + i * vocab, vocab * sizeof *alone), 0, "row %zu", i);
    }
    free(together);
    free(alone);
}

Test(forward, a_batch_without_asks_fills_the_tree)
{
    struct err err = ERR_INIT;
    struct carat_reply with, without;
    uint32_t a = node(0), b = node(0);
    struct carat_span spans[] = {{a, TOKENS, 8}, {b, TOKENS, 7}};
    struct carat_ask ask = {.row = 0, .target = 3};
    cr_assert_eq(carat_forward(s, spans, 2, NULL, 0, NULL, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(carat_node_length(s, a), 8);
    struct carat_span last = {b, TOKENS + 7, 1};
    cr_assert_eq(carat_forward(s, &last, 1, &ask, 1, &with, &err), CARAT_OK);
    uint32_t c = node(0);
    struct carat_span whole = {c, TOKENS, 8};
    ask.row = 7;
    cr_assert_eq(carat_forward(s, &whole, 1, &ask, 1, &without, &err), CARAT_OK);
    cr_assert(same(&with, &without));
    cr_assert_eq(carat_forward(s, NULL, 0, NULL, 0, NULL, &err), CARAT_OK, "an empty batch is no fault");
    struct carat_span empty[] = {{4000, TOKENS, 0}, {c, TOKENS, 0}};
    cr_assert_eq(carat_forward(s, empty, 2, NULL, 0, NULL, &err), CARAT_OK, "nor is an empty span");
}

Test(forward, refuses_what_cannot_be_and_leaves_the_tree_alone)
{
    static const int32_t BAD[] = {1, 301}, NEGATIVE[] = {-1};
    uint32_t a = node(0), b = node(a);
    struct carat_span one = {a, TOKENS, 4};
    refused(&(struct carat_span){a, TOKENS, 17}, 1, NULL, 0, CARAT_EUSAGE, "16 tokens");
    refused(&(struct carat_span){a, BAD, 2}, 1, NULL, 0, CARAT_EINPUT, "301");
    refused(&(struct carat_span){a, NEGATIVE, 1}, 1, NULL, 0, CARAT_EINPUT, "-1");
    refused(&(struct carat_span){0, TOKENS, 1}, 1, NULL, 0, CARAT_EUSAGE, "root");
    refused(&(struct carat_span){77, TOKENS, 1}, 1, NULL, 0, CARAT_EUSAGE, "77");
    refused((struct carat_span[]){{a, TOKENS, 1}, {a, TOKENS, 1}}, 2, NULL, 0, CARAT_EUSAGE, "twice");
    refused((struct carat_span[]){{b, TOKENS, 1}, {a, TOKENS, 1}}, 2, NULL, 0, CARAT_EUSAGE, "children");
    refused(&one, 1, &(struct carat_ask){.row = 4, .target = 1}, 1, CARAT_EUSAGE, "row 4");
    refused(&one, 1, &(struct carat_ask){.row = 0, .target = 301}, 1, CARAT_EINPUT, "301");
    refused(&one, 1, &(struct carat_ask){.row = 0, .target = -2}, 1, CARAT_EINPUT, "-2");
    refused(&one, 1, &(struct carat_ask){.row = 0, .target = -1, .top_k = 302}, 1, CARAT_EUSAGE, "302");
}

Test(forward, a_full_budget_is_enomem_and_memory_comes_back)
{
    struct err err = ERR_INIT;
    uint32_t nodes[3] = {node(0), node(0), node(0)};
    for (size_t i = 0; i < 2; i++) {
        struct carat_span span = {nodes[i], TOKENS, 15};
        cr_assert_eq(carat_forward(s, &span, 1, NULL, 0, NULL, &err), CARAT_OK);
    }
    refused(&(struct carat_span){nodes[2], TOKENS, 11}, 1, NULL, 0, CARAT_ENOMEM, "KV budget");
    carat_node_release(s, nodes[0]);
    struct carat_span span = {nodes[2], TOKENS, 11};
    cr_assert_eq(carat_forward(s, &span, 1, NULL, 0, NULL, &err), CARAT_OK);
    cr_assert_eq(carat_session_kv_used(s), 26);
}

Test(forward, positions_end_with_the_model)
{
    struct err err = ERR_INIT;
    carat_session_free(s);
    struct carat_session_opts opts = {.n_threads = 1, .batch_tokens = 64, .kv_tokens = 200};
    cr_assert_eq(carat_session_open(model, &opts, &s, &err), CARAT_OK);
    uint32_t a = node(0);
    struct carat_span span = {a, TOKENS, 64};
    cr_assert_eq(carat_forward(s, &span, 1, NULL, 0, NULL, &err), CARAT_OK);
    refused(&(struct carat_span){a, TOKENS, 1}, 1, NULL, 0, CARAT_EINPUT, "64 positions");
}

Test(forward, numbers_that_are_not_finite_are_an_error)
{
    struct err err = ERR_INIT;
    float *gain = (float *)(uintptr_t)s->model->final_norm.gain;
    uint32_t a = node(0);
    float kept = gain[3];
    gain[3] = NAN;
    refused(&(struct carat_span){a, TOKENS, 4}, 1, &(struct carat_ask){.row = 2, .target = 1}, 1, CARAT_EINPUT,
            "not finite");
    cr_assert_eq(carat_node_length(s, a), 0);
    gain[3] = kept;
    struct carat_reply r;
    struct carat_span span = {a, TOKENS, 4};
    cr_assert_eq(carat_forward(s, &span, 1, &(struct carat_ask){.row = 2, .target = 1}, 1, &r, &err), CARAT_OK);
}

Test(session, says_what_it_cannot_do)
{
    struct err err = ERR_INIT;
    struct carat_session *none;
    model = tiny_open(&TINY[0]);
    cr_assert_eq(carat_session_open(model, &(struct carat_session_opts){.precision = CARAT_PRECISION_INT8}, &none, &err),
                 CARAT_EUNSUPPORTED, "weights that are not quantized");
    cr_assert(strstr(err.msg, "int8") && !none);
    cr_assert_eq(carat_session_open(model, &(struct carat_session_opts){.precision = CARAT_N_PRECISIONS}, &none, &err),
                 CARAT_EUSAGE);
    cr_assert_eq(carat_session_open(model, &(struct carat_session_opts){.kv_tokens = SIZE_MAX / 2}, &none, &err),
                 CARAT_ENOMEM);
    cr_assert_eq(carat_session_open(model, &(struct carat_session_opts){.batch_tokens = SIZE_MAX}, &none, &err),
                 CARAT_EUSAGE);
    setenv("CARAT_ISA", "abacus", 1);
    cr_assert_eq(carat_session_open(model, NULL, &none, &err), CARAT_EUSAGE);
    unsetenv("CARAT_ISA");
    cr_assert_eq(carat_session_open(model, NULL, &none, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(carat_session_batch_tokens(none), 512);
    cr_assert_geq(carat_session_kv_tokens(none), 64);
    carat_session_free(none);
    carat_model_free(model);
}

/* ---- sampling ------------------------------------------------------------------------ */

enum { V = 50, DRAWS = 40000 };

static void spread(float *logits)
{
    for (size_t i = 0; i < V; i++)
        logits[i] = (float)((i * 17) % V) * 0.1f;
}

Test(sample, draws_by_the_distribution)
{
    float logits[V], work[V];
    double want[V], total = 0;
    size_t seen[V] = {0};
    spread(logits);
    struct carat_sampling p = {.temperature = 0.7, .seed = 42};
    for (size_t i = 0; i < V; i++)
        total += want[i] = exp((double)logits[i] / 0.7);
    for (uint64_t step = 0; step < DRAWS; step++)
        seen[carat_sample(logits, V, &p, step, work)]++;
    for (size_t i = 0; i < V; i++) {
        double mean = want[i] / total * DRAWS;
        cr_assert_float_eq((double)seen[i], mean, 5 * sqrt(mean) + 3, "token %zu", i);
    }
}

Test(sample, greedy_takes_the_lowest_of_the_best)
{
    float logits[4] = {1, 3, 3, 2}, work[4];
    cr_assert_eq(carat_sample(logits, 4, &(struct carat_sampling){.temperature = 0}, 0, work), 1);
}

Test(sample, cuts_keep_the_best_and_ties_go_to_the_lower_id)
{
    float logits[6] = {0, 2, 1, 2, 1, -5}, work[6];
    size_t seen[6] = {0};
    struct carat_sampling p = {.temperature = 1, .top_k = 3};
    for (uint64_t step = 0; step < 2000; step++)
        seen[carat_sample(logits, 6, &p, step, work)]++;
    cr_assert(seen[1] && seen[3] && seen[2] && !seen[0] && !seen[4] && !seen[5]);
    memset(seen, 0, sizeof seen);
    p = (struct carat_sampling){.temperature = 1, .top_p = 0.5};
    for (uint64_t step = 0; step < 2000; step++)
        seen[carat_sample(logits, 6, &p, step, work)]++;
    cr_assert(seen[1] && seen[3] && !seen[2] && !seen[4], "0.65 of the mass lies in two tokens");
}

Test(sample, depends_on_seed_and_step_alone)
{
    float logits[V], work[V];
    size_t differ = 0;
    spread(logits);
    for (uint64_t step = 0; step < 100; step++) {
        struct carat_sampling a = {.temperature = 1, .seed = 1}, b = {.temperature = 1, .seed = 2};
        int32_t x = carat_sample(logits, V, &a, step, work);
        cr_assert_eq(x, carat_sample(logits, V, &a, step, work));
        differ += x != carat_sample(logits, V, &b, step, work);
    }
    cr_assert_gt(differ, 50);
}
