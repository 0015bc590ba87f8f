/* carat bench: how fast a model runs here, beside what the machine can do. */
#include <unistd.h>

#include "commands.h"
#include "harness/speed/overhead.h"
#include "harness/speed/speed.h"
#include "harness/protocol/plugin.h"
#include "run_common.h"

enum { SIZES_MAX = 16, REPEAT_MAX = 1000 };

static enum carat_err read_sizes(const struct strings *words, const char *option, const size_t *usual, size_t n_usual,
                                 size_t out[SIZES_MAX], size_t *n, struct err *err)
{
    *n = 0;
    if (words->n > SIZES_MAX)
        return err_set(err, CARAT_EUSAGE, "--%s takes at most %d numbers", option, SIZES_MAX);
    for (size_t i = 0; i < words->n; i++, ++*n)
        if (!num_parse_size(str_from(words->items[i]), &out[i]) || !out[i])
            return err_set(err, CARAT_EUSAGE, "--%s wants N,..., not '%s'", option, words->items[i]);
    for (size_t i = 0; !words->n && i < n_usual; i++, ++*n)
        out[i] = usual[i];
    return CARAT_OK;
}

static enum carat_err stored_model(const struct options *o, const struct backend_opts *opts, struct pool *pool,
                                   struct carat_model **out, struct err *err)
{
    char *path = NULL;
    enum carat_err rc = model_path(o->models.items[0], NULL, &path, err);
    if (!rc)
        rc = carat_model_open(path, out, err);
    free(path);
    return rc ? rc : carat_model_quantize(*out, opts->weights, pool, err);
}

static enum carat_err open_model(const struct options *o, const struct backend_opts *opts, struct carat_model **out,
                                 struct err *err)
{
    struct pool *pool;
    const char *dtype = opts->weights == CARAT_WEIGHTS_STORED ? "bf16" : carat_weights_name(opts->weights);
    enum carat_err rc = pool_new(opts->n_threads, &pool, err);
    if (!rc)
        rc = o->shape ? carat_model_random(o->shape, dtype, pool, out, err) : stored_model(o, opts, pool, out, err);
    pool_free(pool);
    return rc;
}

static void show_step(void *context, const char *what, size_t n, size_t of)
{
    (void)context;
    fprintf(stderr, "\r\033[Kmeasuring %s, %zu of %zu", what, n + 1, of);
    fflush(stderr);
}

static enum carat_err print(const struct speed_report *r, bool json, struct err *err)
{
    struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
    json_t *value = json ? speed_json(r) : NULL;
    bool failed = json ? !value || json_write(value, &out) || buf_addc(&out, '\n') : speed_text(r, &out) != CARAT_OK;
    if (!failed)
        fwrite(out.p, 1, out.n, stdout);
    json_decref(value);
    buf_release(&out);
    return failed ? err_nomem(err, "the report") : CARAT_OK;
}

/* ---- everything but the model ------------------------------------------------------------------- */

static void print_overhead(const struct overhead *m, bool json)
{
    double seconds = m->read_seconds + m->seconds, rate = seconds > 0 ? (double)m->n_items / seconds : 0;
    if (json)
        printf("{\"items\": %zu, \"read_s\": %.6f, \"rest_s\": %.6f, \"cpu_s\": %.6f, \"items_per_s\": %.1f}\n", m->n_items,
               m->read_seconds, m->seconds, m->cpu_seconds, rate);
    else
        printf("%zu items without the model: %.3f s to read them and draw shots, %.3f s for prompts, tokens, batches, scores "
               "and the store; %.3f s of CPU time, %.0f items/s\n", m->n_items, m->read_seconds, m->seconds, m->cpu_seconds,
               rate);
}

static enum carat_err run_overhead(const struct options *o, struct err *err)
{
    struct eval_options eval = {0};
    struct eval_model *models = NULL;
    struct plugins *plugins = NULL;
    struct overhead measured;
    enum carat_err rc = o->models.n == 1 ? CARAT_OK : err_set(err, CARAT_EUSAGE, "-t wants one -m MODEL, for its tokenizer");
    if (!rc)
        rc = eval_options_from(o, &eval, err);
    if (!rc)
        rc = load_plugins(o, &plugins, err);
    if (!rc)
        rc = open_models(&o->models, &models, err);
    eval.plugins = plugins;
    eval.models = models;
    eval.n_models = 1;
    if (!rc)
        rc = overhead_measure(&eval, &measured, err);
    if (!rc)
        print_overhead(&measured, o->json);
    plugins_free(plugins);
    free_models(models, o->models.n);
    return rc;
}

/* ---- the command -------------------------------------------------------------------------------- */

static enum carat_err run_speed(const struct options *o, struct err *err)
{
    static const size_t PROMPTS[] = {64, 512}, SEQUENCES[] = {1, 16};
    size_t prefill[SIZES_MAX], decode[SIZES_MAX];
    struct backend_opts opts;
    struct carat_model *model = NULL;
    struct speed_report report = {0};
    struct speed_opts s = {.prefill = prefill,
                           .decode = decode,
                           .repeat = o->repeat ? o->repeat : 5,
                           .seconds = o->seconds > 0 ? o->seconds : 0.2,
                           .interrupted = cli_interrupted,
                           .on_step = isatty(STDERR_FILENO) && !o->quiet ? show_step : NULL};
    if ((o->models.n == 1) == (o->shape != NULL) || o->models.n > 1) {
        err_set(err, CARAT_EUSAGE, "wants one -m MODEL or --shape NAME");
        return err_hint(err, "--shape gemma-2b measures a published shape with random weights");
    }
    if (s.repeat > REPEAT_MAX)
        return err_set(err, CARAT_EUSAGE, "--repeat wants at most %d", REPEAT_MAX);
    enum carat_err rc = backend_options(o, &opts, err);
    if (!rc)
        rc = read_sizes(&o->prefill, "prefill", PROMPTS, 2, prefill, &s.n_prefill, err);
    if (!rc)
        rc = read_sizes(&o->decode_sizes, "sequences", SEQUENCES, 2, decode, &s.n_decode, err);
    if (!rc)
        rc = open_model(o, &opts, &model, err);
    s.session = (struct carat_session_opts){.precision = opts.precision,
                                            .n_threads = opts.n_threads,
                                            .batch_tokens = opts.batch_tokens,
                                            .memory_bytes = opts.memory_bytes};
    if (!rc)
        rc = speed_measure(model, &s, &report, err);
    if (s.on_step)
        fputs("\r\033[K", stderr);
    if (!rc)
        rc = print(&report, o->json, err);
    speed_release(&report);
    carat_model_free(model);
    return rc;
}

static enum carat_err run(const struct options *o, struct err *err)
{
    return o->tasks.n ? run_overhead(o, err) : run_speed(o, err);
}

const struct command cmd_bench = {
    .name = "bench",
    .summary = "tokens a second, and what share of the machine's limits that is",
    .usage = "-m MODEL | --shape NAME",
    .about = "Measures what this machine can do at most (reading memory, float32, bf16 and int8 arithmetic), then how fast "
             "the engine computes prompts and decodes sequences, and what share of the limits that is; the limits are "
             "measured again beside each timing, for a busy machine's drift. --shape takes a published shape with random "
             "weights in memory, no checkpoint: 65m, gemma-2b, gemma-7b, gemma2-2b, gemma2-9b, gemma3-1b, gemma3-4b, "
             "llama2-7b, llama2-13b or mistral-7b.\n"
             "With -t it times everything but the model instead: rows, prompts, tokens, batches, scores and a database that "
             "is thrown away, the replies being made up.",
    .options = "model shape prefill sequences repeat seconds task data limit json quiet threads batch-tokens memory precision "
               "weights",
    .examples = "  carat bench --shape gemma-2b\n"
                "  carat bench -m gemma-2b --precision bf16 --prefill 512 --sequences 1,4,16 --json\n"
                "  carat bench -m gemma-2b -t hellaswag,mmlu",
    .run = run,
};
