/* Tokenizing by many threads: the same jobs, the same refusals in the same order. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "harness/backend/backend_int.h"
#include "tests/support/support.h"

enum { N = 700, EVERY = 90 }; /* pieces are smaller; each EVERY-th request is too long */

struct heard {
    size_t indices[N], n;
};

static enum carat_err hear(void *context, size_t index, const struct response *r, struct err *err)
{
    struct heard *h = context;
    (void)err;
    cr_assert(r->refused && strstr(r->err.msg, "the model holds"), "%s", r->err.msg);
    h->indices[h->n++] = index;
    return CARAT_OK;
}

static void tokenize(const struct carat_tokenizer *tok, const struct request *requests, size_t n_threads, struct jobs *jobs,
                     struct heard *heard, struct backend_stats *stats)
{
    const struct carat_tokenizer_info *info = carat_tokenizer_info(tok);
    struct tokenize_rules rules = {.tok = tok,
                                   .add_bos = true,
                                   .bos = info->bos,
                                   .eos = info->eos,
                                   .max_length = 100,
                                   .kv_tokens = 1000,
                                   .n_threads = n_threads};
    struct backend_events events = {.on_response = hear, .context = heard};
    struct err err = ERR_INIT;
    cr_assert_eq(jobs_tokenize(&rules, requests, N, &events, stats, jobs, &err), CARAT_OK, "%s", err.msg);
}

Test(jobs, threads_change_nothing, .timeout = 60)
{
    struct carat_tokenizer *tok;
    struct err err = ERR_INIT;
    cr_assert_eq(carat_tokenizer_open("demo/models/late", &tok, &err), CARAT_OK, "%s", err.msg);
    static char texts[N][64], prompt[2048];
    static struct request requests[N];
    memset(prompt, 'q', sizeof prompt);
    for (size_t i = 0; i < N; i++) {
        snprintf(texts[i], sizeof texts[i], " and %zu more", i);
        requests[i] = (struct request){.kind = REQUEST_LOGLIKELIHOOD,
                                       .prompt = i % EVERY == EVERY - 1 ? (struct str){prompt, sizeof prompt}
                                                                        : STR("She counts the stones"),
                                       .continuation = str_from(texts[i])};
    }
    struct jobs one, three;
    static struct heard by_one, by_three;
    struct backend_stats stats_one = {0}, stats_three = {0};
    tokenize(tok, requests, 1, &one, &by_one, &stats_one);
    tokenize(tok, requests, 3, &three, &by_three, &stats_three);
    cr_assert_eq(by_one.n, N / EVERY);
    cr_assert_eq(by_three.n, by_one.n);
    cr_assert_eq(stats_one.tokens_asked, stats_three.tokens_asked);
    for (size_t i = 0; i < by_one.n; i++) {
        cr_assert_eq(by_one.indices[i], i * EVERY + EVERY - 1);
        cr_assert_eq(by_three.indices[i], by_one.indices[i]);
    }
    for (size_t i = 0; i < N; i++) {
        const struct job *a = &one.items[i], *b = &three.items[i];
        cr_assert_eq(a->refused, b->refused);
        if (a->refused)
            continue;
        cr_assert(a->n_ctx == b->n_ctx && a->n_cont == b->n_cont && a->n_cont > 0);
        cr_assert_arr_eq(a->ctx, b->ctx, a->n_ctx * sizeof *a->ctx);
        cr_assert_arr_eq(a->cont, b->cont, a->n_cont * sizeof *a->cont);
    }
    jobs_release(&one);
    jobs_release(&three);
    carat_tokenizer_free(tok);
}
