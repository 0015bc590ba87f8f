#include "store_support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

const char *db_path(const char *dir)
{
    static char paths[8][1100];
    static unsigned next;
    char *p = paths[next++ % 8];
    snprintf(p, sizeof paths[0], "%s/carat.db", dir);
    return p;
}

struct carat_store *open_store(const char *dir, enum carat_store_mode mode)
{
    struct err err = ERR_INIT;
    struct carat_store *st;
    cr_assert_eq(carat_store_open(db_path(dir), mode, &st, &err), CARAT_OK, "%s", err.msg);
    return st;
}

int64_t put_run(struct carat_store *st, const char *key, const char *model)
{
    struct err err = ERR_INIT;
    int64_t run;
    struct carat_run_info info = {
        .key = str_from(key),
        .model_name = str_from(model),
        .model_path = STR("/models/m"),
        .weights_sha256 = STR("5f"),
        .settings = STR("{\"seed\":1}"),
        .carat_version = STR("0.1"),
        .isa = STR("avx2"),
        .numerics_version = 1,
    };
    cr_assert_eq(carat_store_run(st, &info, false, &run, &err), CARAT_OK, "%s", err.msg);
    return run;
}

int64_t put_task(struct carat_store *st, int64_t run, const char *name, int64_t n_planned)
{
    struct err err = ERR_INIT;
    int64_t task;
    struct carat_task_info info = {
        .name = str_from(name),
        .title = STR("Title"),
        .capability = STR("Reasoning"),
        .version = 1,
        .data_sha256 = STR("aa"),
        .settings = STR("{}"),
        .headline = STR("acc"),
        .n_rows = 1000,
        .n_planned = n_planned,
        .chance = (double)NAN,
    };
    cr_assert_eq(carat_store_task(st, run, &info, &task, &err), CARAT_OK, "%s", err.msg);
    return task;
}

void commit(struct carat_store *st)
{
    struct err err = ERR_INIT;
    cr_assert_eq(carat_store_commit(st, &err), CARAT_OK, "%s", err.msg);
}

/* ---- random items ------------------------------------------------------------------ */

uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static size_t below(uint64_t *rng, size_t n)
{
    return (size_t)(random_next(rng) % n);
}

/* Empty, short or long; words, any bytes, or what JSON and UTF-8 stumble over. */
static struct str text(struct arena *a, uint64_t *rng)
{
    static const char *const nasty[] = {"\"",    "\\",       "\n",           "\xff",        "\xc3",
                                        "\x7f",  "\\u0041",  "\xed\xb2\x80", "\xf0\x9f\x98\x80", "</script>",
                                        "\x01",  "\xc0\x80", "\xef\xbb\xbf", "\xe2\x80\xae", "\r\n"};
    static const size_t lengths[] = {0, 3, 40, 199, 200, 201, 700, 6000};
    size_t n = lengths[below(rng, sizeof lengths / sizeof *lengths)], kind = below(rng, 3), at = 0;
    char *p = arena_alloc(a, n + 16);
    while (at < n) {
        const char *piece = nasty[below(rng, sizeof nasty / sizeof *nasty)];
        if (kind == 0)
            p[at++] = (char)random_next(rng);
        else if (kind == 1)
            p[at++] = " etaoinshrdlu"[below(rng, 13)];
        else if (below(rng, 4) == 0)
            p[at++] = '\0';
        else
            for (; *piece && at < n; piece++)
                p[at++] = *piece;
    }
    return (struct str){p, n};
}

static double real(uint64_t *rng)
{
    static const double odd[] = {0.0, -0.0, 1.0, 0.1, -1e308, 5e-324, -3.4028235677973366e38, 16777217.0};
    switch (below(rng, 3)) {
    case 0:
        return odd[below(rng, sizeof odd / sizeof *odd)];
    case 1:
        return (double)-(float)((double)(random_next(rng) >> 40) * 0x1p-20);
    default:
        return -(double)(random_next(rng) >> 11) * 0x1p-49;
    }
}

static const int32_t *some_ids(struct arena *a, uint64_t *rng, size_t n)
{
    int32_t *ids = n ? arena_calloc(a, n, sizeof *ids) : NULL;
    for (size_t i = 0; i < n; i++)
        ids[i] = (int32_t)(random_next(rng) >> below(rng, 64));
    return ids;
}

static void make_choices(struct arena *a, uint64_t *rng, struct carat_item_record *r)
{
    struct carat_choice_record *choices = arena_calloc(a, r->n_choices + 1, sizeof *choices);
    struct str *prompts = arena_calloc(a, r->n_choices + 1, sizeof *prompts);
    bool narrow = below(rng, 2), ids = below(rng, 8), reals = below(rng, 8);
    for (size_t i = 0; i < r->n_choices; i++) {
        size_t n = below(rng, 5) ? below(rng, 40) : 0;
        double *logprobs = n && reals ? arena_calloc(a, n, sizeof *logprobs) : NULL;
        for (size_t k = 0; logprobs && k < n; k++)
            logprobs[k] = narrow ? (double)(float)-(double)(random_next(rng) >> 44) / 65536 : real(rng);
        choices[i] = (struct carat_choice_record){
            .continuation = text(a, rng),
            .ids = ids ? some_ids(a, rng, n) : NULL,
            .logprobs = logprobs,
            .n_ids = n,
            .logprob = real(rng),
            .greedy = below(rng, 2),
        };
        prompts[i] = text(a, rng);
    }
    r->choices = choices;
    if (r->n_choices && below(rng, 3) == 0)
        r->prompts = prompts;
    else
        r->prompt = text(a, rng);
}

static void make_samples(struct arena *a, uint64_t *rng, struct carat_item_record *r)
{
    static const char *const finish[] = {"stop", "length", "eos"};
    struct carat_sample_record *samples = arena_calloc(a, r->n_samples + 1, sizeof *samples);
    for (size_t i = 0; i < r->n_samples; i++) {
        size_t n = below(rng, 100);
        double *margins = n && below(rng, 2) ? arena_calloc(a, n, sizeof *margins) : NULL;
        for (size_t k = 0; margins && k < n; k++)
            margins[k] = i ? real(rng) : (double)(float)(random_next(rng) >> 50);
        samples[i] = (struct carat_sample_record){
            .text = text(a, rng),
            .ids = some_ids(a, rng, n),
            .n_ids = n,
            .margins = margins,
            .finish = str_from(finish[below(rng, 3)]),
            .verdict = below(rng, 2) ? text(a, rng) : STR(""),
        };
    }
    r->samples = samples;
}

void make_item(struct arena *a, uint64_t seed, int64_t index, struct carat_item_record *out)
{
    static const char *const names[] = {"acc", "acc_norm", "exact_match,strict-match"};
    uint64_t rng = seed * 1000003 + (uint64_t)index;
    char hash[SHA256_HEX];
    snprintf(hash, sizeof hash, "%016llx", (unsigned long long)random_next(&rng));
    *out = (struct carat_item_record){
        .index = index,
        .id = text(a, &rng),
        .row_sha256 = below(&rng, 9) ? (struct str){arena_dup(a, hash, 16), 16} : STR(""),
        .prefix = index % 3 == 2 ? text(a, &rng) : index % 3 ? STR("A shot that items share.\n\n") : STR(""),
        .target = text(a, &rng),
        .gold = (int)below(&rng, 6) - 1,
        .outcome = (enum carat_outcome)below(&rng, 6),
        .n_choices = below(&rng, 7),
        .n_samples = below(&rng, 4),
        .n_answers = below(&rng, 6),
        .n_metrics = below(&rng, 4),
        .context_tokens = below(&rng, 5000),
        .wall_ms = real(&rng) + 1,
        .message = below(&rng, 2) ? text(a, &rng) : STR(""),
    };
    make_choices(a, &rng, out);
    make_samples(a, &rng, out);
    struct carat_answer_record *answers = arena_calloc(a, out->n_answers + 1, sizeof *answers);
    for (size_t i = 0; i < out->n_answers; i++)
        answers[i] = (struct carat_answer_record){
            .sample = (int)below(&rng, 4),
            .filter = i % 2 ? STR("strict-match") : STR("none"),
            .answer = text(a, &rng),
            .score = below(&rng, 3) ? (double)below(&rng, 2) : (double)NAN,
        };
    out->answers = answers;
    struct carat_metric_record *metrics = arena_calloc(a, out->n_metrics + 1, sizeof *metrics);
    for (size_t i = 0; i < out->n_metrics; i++)
        metrics[i] = (struct carat_metric_record){
            .name = str_from(names[i]),
            .value = below(&rng, 9) ? (double)below(&rng, 3) / 2 : (double)NAN,
        };
    out->metrics = metrics;
    if (below(&rng, 3) == 0)
        return;
    out->cluster_of = STR("passage");
    out->cluster = (int64_t)random_next(&rng) >> below(&rng, 64);
}

void put_item(struct carat_store *st, int64_t task, int64_t index, uint64_t seed)
{
    struct arena a = ARENA_INIT;
    struct err err = ERR_INIT;
    struct carat_item_record item;
    make_item(&a, seed, index, &item);
    cr_assert_eq(carat_store_put(st, task, &item, &err), CARAT_OK, "item %lld: %s", (long long)index, err.msg);
    arena_release(&a);
}

/* ---- the comparison ------------------------------------------------------------------- */

/* Bits; any NaN equals any other, since SQLite keeps no payload. */
static bool same_real(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

#define SAME_TEXT(field) cr_assert(str_eq(got->field, want->field), "item %lld: " #field, (long long)want->index)
#define SAME_NUMBER(field) cr_assert_eq(got->field, want->field, "item %lld: " #field, (long long)want->index)
#define SAME_REAL(field) cr_assert(same_real(got->field, want->field), "item %lld: " #field, (long long)want->index)
#define SAME_ARRAY(field, n)                                                                       \
    cr_assert((!got->field && !want->field) ||                                                     \
                  (got->field && want->field && memcmp(got->field, want->field, (n) * sizeof *got->field) == 0), \
              "item %lld: " #field, (long long)want->index)

void check_same(const struct carat_item_record *got, const struct carat_item_record *want)
{
    SAME_NUMBER(index);
    SAME_TEXT(id);
    SAME_TEXT(row_sha256);
    SAME_TEXT(prefix);
    SAME_TEXT(prompt);
    SAME_TEXT(target);
    SAME_TEXT(message);
    SAME_NUMBER(gold);
    SAME_NUMBER(outcome);
    SAME_NUMBER(context_tokens);
    SAME_TEXT(cluster_of);
    if (want->cluster_of.n)
        SAME_NUMBER(cluster);
    SAME_REAL(wall_ms);
    SAME_NUMBER(n_choices);
    cr_assert_eq(!got->prompts, !want->prompts);
    for (size_t i = 0; i < want->n_choices; i++) {
        if (want->prompts)
            SAME_TEXT(prompts[i]);
        SAME_TEXT(choices[i].continuation);
        SAME_NUMBER(choices[i].n_ids);
        SAME_ARRAY(choices[i].ids, want->choices[i].n_ids);
        SAME_ARRAY(choices[i].logprobs, want->choices[i].n_ids);
        SAME_REAL(choices[i].logprob);
        SAME_NUMBER(choices[i].greedy);
    }
    SAME_NUMBER(n_samples);
    for (size_t i = 0; i < want->n_samples; i++) {
        SAME_TEXT(samples[i].text);
        SAME_NUMBER(samples[i].n_ids);
        SAME_ARRAY(samples[i].ids, want->samples[i].n_ids);
        SAME_ARRAY(samples[i].margins, want->samples[i].n_ids);
        SAME_TEXT(samples[i].finish);
        SAME_TEXT(samples[i].verdict);
    }
    SAME_NUMBER(n_answers);
    for (size_t i = 0; i < want->n_answers; i++) {
        SAME_NUMBER(answers[i].sample);
        SAME_TEXT(answers[i].filter);
        SAME_TEXT(answers[i].answer);
        SAME_REAL(answers[i].score);
    }
    SAME_NUMBER(n_metrics);
    for (size_t i = 0; i < want->n_metrics; i++) {
        SAME_TEXT(metrics[i].name);
        SAME_REAL(metrics[i].value);
    }
}

struct series {
    uint64_t seed;
    int64_t n;
};

static bool check_next(void *context, const struct carat_item_record *item)
{
    struct series *s = context;
    struct arena a = ARENA_INIT;
    struct carat_item_record want;
    make_item(&a, s->seed, s->n++, &want);
    check_same(item, &want);
    arena_release(&a);
    return true;
}

void check_items(struct carat_store *st, int64_t task, int64_t n, uint64_t seed)
{
    struct series s = {.seed = seed};
    struct err err = ERR_INIT;
    cr_assert_eq(carat_store_items(st, task, 0, 0, check_next, &s, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(s.n, n, "%lld items, not %lld", (long long)s.n, (long long)n);
}
