/* What a whole HellaSwag run costs: 10,042 items of real text with made-up tokens. */
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include <stdio.h>

#include <criterion/criterion.h>

#include "store_support.h"
#include "tests/support/support.h"

enum { N_ITEMS = 10042, N_ROWS = 498 };

struct row {
    struct str context, endings[4];
};
struct rows {
    struct arena a;
    struct row row[N_ROWS];
    size_t n;
    size_t stop; /* take rows up to this one */
};

static struct str keep(struct rows *rows, const json_t *text)
{
    size_t n = json_string_length(text);
    return (struct str){arena_dup(&rows->a, json_string_value(text), n), n};
}

static void add_row(void *context, size_t line, const json_t *value)
{
    struct rows *rows = context;
    (void)line;
    if (rows->n >= rows->stop)
        return;
    struct row *row = &rows->row[rows->n++];
    row->context = keep(rows, json_object_get(value, "ctx"));
    for (size_t i = 0; i < 4; i++)
        row->endings[i] = keep(rows, json_array_get(json_object_get(value, "endings"), i));
}

/* A token for every `longest` letters of a word: with one a word, 25 a choice. The same letters are the same token, and the longer a word the higher its number
 * may be, as in a vocabulary of 256,000 sorted by frequency. */
static size_t tokens_of(struct str text, size_t longest, int32_t *ids, size_t max)
{
    size_t n = 0, at = 0;
    while (at < text.n && n < max) {
        size_t from = at;
        uint64_t hash = 0;
        do
            hash = (hash ^ (unsigned char)text.p[at]) * 0x100000001b3u;
        while (++at < text.n && text.p[at] != ' ' && at - from < longest);
        hash ^= hash >> 29;
        ids[n++] = (int32_t)(hash % (at - from <= 3 ? 1500 : at - from <= 5 ? 15000 : 255000));
    }
    return n;
}

/* A log-probability as float32 arithmetic makes it: a logit less the logarithm of the sum. The difference has
 * the granularity of numbers near 20, which deflate finds. About 2.5 nats a token, as small models have. */
static double some_logprob(uint64_t *rng)
{
    double u = ((double)(random_next(rng) >> 11) + 1) * 0x1p-53;
    float log_sum = (float)(15 + 10 * ((double)(random_next(rng) >> 11) * 0x1p-53));
    float logit = (float)((double)log_sum + 2.5 * log(u));
    return (double)(logit - log_sum);
}

/* Item `index`, made of a row whose context was made its own, so that no text is stored for two. */
static void fill_item(struct arena *a, const struct rows *rows, int64_t index, size_t longest, size_t *n_tokens,
                      struct carat_item_record *item)
{
    const struct row *row = &rows->row[(size_t)index % rows->n];
    uint64_t rng = (uint64_t)index;
    struct carat_choice_record *choices = arena_calloc(a, 4, sizeof *choices);
    struct carat_metric_record *metrics = arena_calloc(a, 2, sizeof *metrics);
    char *prompt = arena_printf(a, "Activity %lld: %s", (long long)index, row->context.p);
    char hash[SHA256_HEX];
    sha256_hex(prompt, strlen(prompt), hash);
    for (size_t i = 0; i < 4; i++) {
        int32_t *ids = arena_calloc(a, 256, sizeof *ids);
        double *logprobs = arena_calloc(a, 256, sizeof *logprobs), sum = 0;
        size_t n = tokens_of(row->endings[i], longest, ids, 256);
        for (size_t k = 0; k < n; k++) {
            logprobs[k] = some_logprob(&rng);
            sum += logprobs[k];
        }
        *n_tokens += n;
        choices[i] = (struct carat_choice_record){row->endings[i], ids, logprobs, n, sum, i == 0};
    }
    metrics[0] = (struct carat_metric_record){STR("acc"), (double)(index & 1)};
    metrics[1] = (struct carat_metric_record){STR("acc_norm"), (double)(index >> 1 & 1)};
    *item = (struct carat_item_record){
        .index = index,
        .id = str_from(arena_printf(a, "%lld", (long long)index)),
        .row_sha256 = {arena_dup(a, hash, 64), 64},
        .prompt = str_from(prompt),
        .target = row->endings[index & 3],
        .gold = (int)(index & 3),
        .outcome = index & 1 ? CARAT_RIGHT : CARAT_WRONG,
        .choices = choices,
        .n_choices = 4,
        .metrics = metrics,
        .n_metrics = 2,
        .context_tokens = 60,
        .wall_ms = (double)(random_next(&rng) >> 50) / 1000,
    };
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* the machine may be busy with other things */
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Bytes of the file after one more run of the whole task. */
static size_t whole_run(const char *dir, const struct rows *rows, size_t longest, const char *key)
{
    struct err err = ERR_INIT;
    struct arena a = ARENA_INIT;
    struct carat_item_record item;
    struct stat s;
    size_t n_tokens = 0;
    double put_s = 0, start = seconds(), at;
    struct carat_store *st = open_store(dir, CARAT_STORE_WRITE);
    int64_t task = put_task(st, put_run(st, key, "m"), "hellaswag", N_ITEMS);
    for (int64_t i = 0; i < N_ITEMS; i++) {
        fill_item(&a, rows, i, longest, &n_tokens, &item);
        at = seconds();
        cr_assert_eq(carat_store_put(st, task, &item, &err), CARAT_OK, "%s", err.msg);
        put_s += seconds() - at;
        arena_reset(&a);
    }
    at = seconds();
    commit(st);
    carat_store_free(st);
    put_s += seconds() - at;
    at = seconds();
    st = open_store(dir, CARAT_STORE_READ);
    double open_s = seconds() - at;
    carat_store_free(st);
    cr_assert_eq(stat(db_path(dir), &s), 0);
    printf("run %s: %.1f tokens a choice, %.2f MB, %.0f items/s put (%.2f s, all %.2f s), open %.0f ms\n", key,
           (double)n_tokens / N_ITEMS / 4, (double)s.st_size / 1e6, N_ITEMS / put_s, put_s, seconds() - start,
           open_s * 1e3);
    arena_release(&a);
    return (size_t)s.st_size;
}

static struct rows *read_rows(const char *activity, const char *wikihow)
{
    struct rows *rows = calloc(1, sizeof *rows);
    rows->stop = 166; /* a third of the validation set is ActivityNet's */
    each_json_line(activity, add_row, rows);
    rows->stop = N_ROWS;
    each_json_line(wikihow, add_row, rows);
    return rows;
}

Test(size, a_hellaswag_run_is_at_most_15_mb, .timeout = 60)
{
    SHARED_OR_SKIP(activity, "data/hellaswag/hellaswag_val-sample500.jsonl");
    SHARED_OR_SKIP(wikihow, "data/hellaswag/derived/hellaswag_val-wikihow-derived.jsonl");
    struct rows *rows = read_rows(activity, wikihow);
    const char *dir = temp_dir();
    size_t first = whole_run(dir, rows, 100, "aa");
    cr_expect_leq(first, (size_t)13500000, "%zu bytes", first);
    /* A second checkpoint on the same task adds no text. */
    size_t second = whole_run(dir, rows, 100, "bb") - first;
    cr_expect_lt(second, first * 2 / 3 + 1000000, "%zu bytes", second);
    temp_remove(dir);
    /* A vocabulary that needs a third more tokens, as those of 32,000 do. */
    dir = temp_dir();
    size_t dense = whole_run(dir, rows, 6, "cc");
    cr_expect_leq(dense, (size_t)15000000, "%zu bytes", dense);
    temp_remove(dir);
    arena_release(&rows->a);
    free(rows);
}
