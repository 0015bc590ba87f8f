/* Equal generations are computed once; each has the answer that it has alone. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "harness/backend/backend.h"
#include "tests/support/support.h"

enum { MOST = 8, LENGTH = 24 };

struct answers {
    char *texts[MOST];
    size_t n_ids[MOST];
    size_t n;
    int64_t asked, computed;
};

static enum carat_err keep(void *context, size_t index, const struct response *r, struct err *err)
{
    struct answers *a = context;
    (void)err;
    cr_assert(!r->refused, "%s", r->err.msg);
    cr_assert_null(a->texts[index], "answered twice");
    a->texts[index] = strndup(r->text.p, r->text.n);
    a->n_ids[index] = r->n_ids;
    a->n++;
    return CARAT_OK;
}

static struct answers ask(struct backend *be, const struct request *requests, size_t n)
{
    struct answers a = {.n = 0};
    struct backend_events events = {.on_response = keep, .context = &a};
    struct backend_stats stats;
    struct err err = ERR_INIT;
    cr_assert_eq(backend_answer(be, requests, n, &events, &stats, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(a.n, n);
    cr_assert_eq(stats.n_done, n);
    a.asked = stats.tokens_asked;
    a.computed = stats.tokens_computed;
    return a;
}

static void release(struct answers *a)
{
    for (size_t i = 0; i < MOST; i++)
        free(a->texts[i]);
}

static struct request generation(const char *prompt, double temperature, uint64_t seed, const char *const *stops)
{
    return (struct request){.kind = REQUEST_GENERATE,
                            .prompt = str_from(prompt),
                            .stops = stops,
                            .max_tokens = LENGTH,
                            .sampling = {.temperature = temperature, .seed = seed}};
}

static struct backend *open_late(size_t batch_tokens)
{
    struct backend *be;
    struct backend_opts opts = {.n_threads = 1, .batch_tokens = batch_tokens, .add_bos = -1};
    struct err err = ERR_INIT;
    cr_assert_eq(backend_open("demo/models/late", &opts, &be, &err), CARAT_OK, "%s", err.msg);
    return be;
}

Test(equal, generations_are_computed_once, .timeout = 60)
{
    struct backend *be = open_late(0);
    const struct request greedy[] = {generation("She counts the stones", 0, 1, NULL), generation("She counts the stones", 0, 2, NULL),
                                     generation("She counts the stones", 0, 3, NULL)};
    struct answers one = ask(be, greedy, 1), three = ask(be, greedy, 3);
    cr_expect_eq(three.computed, one.computed, "a greedy text's seed says nothing");
    cr_expect_eq(three.asked, 3 * one.asked);
    for (size_t i = 0; i < 3; i++)
        cr_expect(strcmp(three.texts[i], one.texts[0]) == 0 && three.n_ids[i] == one.n_ids[0]);
    release(&one);
    release(&three);
    backend_free(be);
}

Test(equal, what_differs_is_not_mixed_up, .timeout = 60)
{
    static const char *const stops[] = {" the", NULL}, *const same_stops[] = {" the", NULL}, *const none[] = {NULL};
    const struct request all[] = {generation("She counts the stones", 0, 1, NULL),  generation("She counts the stones", 0, 1, stops),
                                  generation("She counts the stones", 1, 1, NULL),  generation("She counts the stones", 1, 2, NULL),
                                  generation("She counts the stones", 1, 1, none),  generation("She counts", 0, 1, NULL),
                                  generation("She counts the stones", 0, 1, same_stops), generation("She counts the stones", 0, 1, none)};
    static const size_t batches[] = {1, 7, 512};
    for (size_t b = 0; b < 3; b++) {
        struct backend *be = open_late(batches[b]);
        struct answers together = ask(be, all, MOST);
        int64_t asked = 0, computed = 0;
        for (size_t i = 0; i < MOST; i++) {
            struct answers alone = ask(be, &all[i], 1);
            cr_expect(strcmp(alone.texts[0], together.texts[i]) == 0, "%zu: '%s', alone '%s'", i, together.texts[i], alone.texts[0]);
            cr_expect_eq(alone.n_ids[0], together.n_ids[i]);
            asked += alone.asked;
            computed += alone.computed;
            release(&alone);
        }
        cr_expect_eq(together.asked, asked);
        cr_expect_lt(together.computed, computed);
        cr_expect(strcmp(together.texts[2], together.texts[3]) != 0, "two seeds draw two texts");
        release(&together);
        backend_free(be);
    }
}
