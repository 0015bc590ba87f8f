/* Replaying a run. The sample's items become the requests that they were made of; each setting answers all of them with
 * a backend of its own over the one model. */
#include <stdio.h>
#include <stdlib.h>

#include "eval.h"
#include "verify.h"

struct task {                 /* of the run */
    int64_t id, n_items;
    struct str name;
    bool rolling;
    const char *const *stops;
    size_t max_tokens;
    struct carat_sampling sampling;
};

struct asked {                /* a request again, and what is stored as its answer */
    const struct task *task;
    int64_t index;
    struct str id;
    size_t number;
    struct carat_choice_record choice;
    struct carat_sample_record sample; /* of a generation */
};

struct replay {
    struct carat_store *store;
    const struct verify_options *o;
    struct verify_report *report;
    struct arena *arena;      /* the report's */
    struct task *tasks;
    size_t n_tasks, cap_tasks;
    struct str key, path, settings_text, weights_sha256, tokenizer_sha256; /* of the run; copies */
    int numerics_version;
    bool found, nomem;
    json_t *settings;
    struct backend_opts backend;
    int64_t seed;
    struct asked *asked;
    struct request *requests; /* [n] side by side with asked */
    size_t n, cap;
    struct verify_setting *now; /* the setting being replayed */
    size_t first;             /* request that index 0 of the call stands for */
    struct err *err;
};

static struct str copy(struct replay *r, struct str s)
{
    char *p = arena_dup(r->arena, s.p, s.n);
    r->nomem |= !p;
    return (struct str){p, p ? s.n : 0};
}

static void *copy_array(struct replay *r, const void *p, size_t n, size_t size)
{
    void *to = p ? arena_calloc(r->arena, n ? n : 1, size) : NULL;
    r->nomem |= p && !to;
    if (to && n)
        memcpy(to, p, n * size);
    return to;
}

/* ---- the run and its settings ------------------------------------------------------------------ */

static bool keep_run(void *context, const struct carat_run_row *row)
{
    struct replay *r = context;
    if (row->id != r->report->run)
        return true;
    r->found = true;
    r->path = copy(r, row->model_path);
    r->settings_text = copy(r, row->settings);
    r->weights_sha256 = copy(r, row->weights_sha256);
    r->tokenizer_sha256 = copy(r, row->tokenizer_sha256);
    r->report->model = copy(r, row->model_name);
    r->report->run_isa = copy(r, row->isa).p;
    r->numerics_version = row->numerics_version;
    return false;
}

/* What may decide an answer and is heeded here: a run that names anything else cannot be replayed. (A conversation is stored
 * as the text that its template made.) */
static const char *const KNOWN[] = {"add_bos", "bf16_dot", "chat",   "decode",           "max_length", "numerics_version", "precision",
                                    "sampling", "seed",    "system", "tokenizer_sha256", "truncation", "weights",
                                    "weights_sha256"};

static bool is_known(const char *key)
{
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++)
        if (strcmp(KNOWN[i], key) == 0)
            return true;
    return false;
}

static const char *word(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s ? s : "";
}

static enum carat_err read_settings(struct replay *r)
{
    struct err *err = r->err;
    enum carat_err rc = json_read(r->settings_text, "the run's settings", 0, &r->settings, err);
    if (rc)
        return rc;
    const json_t *deciding = json_object_get(r->settings, "deciding");
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)deciding, key, value)
        if (!is_known(key))
            return err_set(err, CARAT_EUNSUPPORTED, "run %lld was made with \"%.60s\", which verify cannot do again",
                           (long long)r->report->run, key);
    const char *precision = word(deciding, "precision"), *weights = word(deciding, "weights");
    r->backend = (struct backend_opts){
        .n_threads = r->o->n_threads,
        .memory_bytes = r->o->memory_bytes,
        .max_length = (size_t)json_integer_value(json_object_get(deciding, "max_length")),
        .truncation = strcmp(word(deciding, "truncation"), "left") == 0 ? TRUNCATE_LEFT : TRUNCATE_REFUSE,
        .decode = strcmp(word(deciding, "decode"), "continuation") == 0 ? DECODE_CONTINUATION : DECODE_HF,
        .add_bos = json_is_true(json_object_get(deciding, "add_bos")),
        .rehash = true}; /* this is where doubts are settled */
    r->seed = json_integer_value(json_object_get(deciding, "seed"));
    if (!carat_precision_find(precision, &r->backend.precision) ||
        (*weights && !carat_weights_find(weights, &r->backend.weights)))
        return err_set(err, CARAT_EUNSUPPORTED, "run %lld has the precision \"%.40s\" and weights \"%.40s\", which are not "
                       "known here", (long long)r->report->run, precision, weights);
    r->report->precision = copy(r, str_from(precision));
    return CARAT_OK;
}

static enum carat_err load_run(struct replay *r)
{
    enum carat_err rc = carat_store_runs(r->store, keep_run, r, r->err);
    if (!rc && r->nomem)
        rc = err_nomem(r->err, "the run");
    if (!rc && !r->found)
        rc = err_set(r->err, CARAT_EUSAGE, "there is no run %lld", (long long)r->report->run);
    if (!rc && r->numerics_version != CARAT_NUMERICS_VERSION) {
        rc = err_set(r->err, CARAT_EUNSUPPORTED,
                     "run %lld was computed with numerics version %d, this carat has %d: its bits may differ by right",
                     (long long)r->report->run, r->numerics_version, CARAT_NUMERICS_VERSION);
        err_hint(r->err, "verify it with the carat that made it, or run it again with this one");
    }
    return rc ? rc : read_settings(r);
}

/* Is what lies at the path what the run was made of? */
static enum carat_err check_identity(struct replay *r, struct backend *be)
{
    struct backend_identity id = {0};
    enum carat_err rc = backend_identify(be, &id, r->err);
    if (rc)
        return rc;
    const char *dot = "bf16_dot";
    const bool same_dot = strcmp(word(id.deciding, dot), word(json_object_get(r->settings, "deciding"), dot)) == 0;
    json_decref(id.deciding);
    json_decref(id.descriptive);
    r->report->isa = id.isa;
    const bool weights = str_eq(str_from(id.weights_sha256), r->weights_sha256);
    if (!weights || !str_eq(str_from(id.tokenizer_sha256), r->tokenizer_sha256)) {
        rc = err_set(r->err, CARAT_EINPUT, "'%s' has another %s than run %lld: %.12s... instead of %.12s...",
                     carat_model_info(backend_model(be))->path, weights ? "tokenizer" : "checkpoint (SHA-256 of its weights)",
                     (long long)r->report->run, weights ? id.tokenizer_sha256 : id.weights_sha256,
                     weights ? r->tokenizer_sha256.p : r->weights_sha256.p);
        return err_hint(r->err, "-m names where the run's checkpoint is");
    }
    if (same_dot)
        return CARAT_OK;
    rc = err_set(r->err, CARAT_EUNSUPPORTED, "run %lld was computed by the %s kernels, here are %s: at bf16 their bits are "
                 "not the same", (long long)r->report->run, r->report->run_isa, id.isa);
    return err_hint(r->err, "CARAT_ISA=%s, where the CPU can do it", r->report->run_isa);
}

/* ---- tasks ------------------------------------------------------------------------------------- */

static const char *const *copy_texts(struct replay *r, const json_t *array)
{
    size_t n = json_array_size(array);
    const char **texts = arena_calloc(r->arena, n + 1, sizeof *texts);
    r->nomem |= !texts;
    for (size_t i = 0; texts && i < n; i++)
        texts[i] = copy(r, str_from(json_string_value(json_array_get(array, i)))).p;
    return texts;
}

static double real_of(const json_t *object, const char *key, double otherwise)
{
    const json_t *v = json_object_get(object, key);
    return json_is_number(v) ? json_number_value(v) : otherwise;
}

static bool keep_task(void *context, const struct carat_task_row *row)
{
    struct replay *r = context;
    json_t *settings = NULL;
    if (row->scores_of) /* the answers are the other task's */
        return true;
    if (r->n_tasks == r->cap_tasks) {
        size_t cap = r->cap_tasks ? 2 * r->cap_tasks : 64;
        struct task *tasks = realloc(r->tasks, cap * sizeof *tasks);
        if (!tasks)
            return !(r->nomem = true);
        r->tasks = tasks;
        r->cap_tasks = cap;
    }
    if (json_read(row->settings, "a task's settings", 0, &settings, r->err))
        return false;
    const json_t *sampling = json_object_get(settings, "sampling");
    const json_int_t most = json_integer_value(json_object_get(settings, "max_tokens"));
    if (!sampling)
        sampling = settings; /* a task of itself drawn */
    r->tasks[r->n_tasks++] =
        (struct task){.id = row->id,
                      .n_items = row->n_items,
                      .name = copy(r, row->name),
                      .rolling = strcmp(word(settings, "output"), "rolling") == 0,
                      .stops = copy_texts(r, json_object_get(settings, "stops")),
                      .max_tokens = most > 0 ? (size_t)most : 0,
                      .sampling = {.temperature = real_of(sampling, "temperature", 0), .top_p = real_of(sampling, "top_p", 1)}};
    json_decref(settings);
    return !r->nomem;
}

/* ---- items ------------------------------------------------------------------------------------- */

static bool reserve(struct replay *r, size_t more)
{
    if (r->n + more <= r->cap)
        return true;
    size_t cap = 2 * r->cap + more + 64;
    struct asked *asked = realloc(r->asked, cap * sizeof *asked);
    if (asked)
        r->asked = asked;
    struct request *requests = realloc(r->requests, cap * sizeof *requests);
    if (requests)
        r->requests = requests;
    if (!asked || !requests)
        return false;
    r->cap = cap;
    return true;
}

static void add_choice(struct replay *r, const struct request *common, struct asked asked,
                       const struct carat_item_record *item, size_t i)
{
    const struct carat_choice_record *c = &item->choices[i];
    asked.number = i;
    asked.choice = *c;
    asked.choice.continuation = copy(r, c->continuation);
    asked.choice.ids = copy_array(r, c->ids, c->n_ids, sizeof *c->ids);
    asked.choice.logprobs = copy_array(r, c->logprobs, c->n_ids, sizeof *c->logprobs);
    r->requests[r->n] = *common;
    r->requests[r->n].kind = asked.task->rolling ? REQUEST_ROLLING : REQUEST_LOGLIKELIHOOD;
    r->requests[r->n].continuation = asked.choice.continuation;
    if (item->prompts)
        r->requests[r->n].prompt = copy(r, item->prompts[i]);
    r->asked[r->n++] = asked;
}

static void add_sample(struct replay *r, const struct request *common, struct asked asked,
                       const struct carat_item_record *item, size_t i)
{
    const struct carat_sample_record *s = &item->samples[i];
    asked.number = i;
    asked.sample = (struct carat_sample_record){.text = copy(r, s->text),
                                                .ids = copy_array(r, s->ids, s->n_ids, sizeof *s->ids),
                                                .n_ids = s->n_ids,
                                                .finish = copy(r, s->finish)};
    r->requests[r->n] = *common;
    r->requests[r->n].kind = REQUEST_GENERATE;
    r->requests[r->n].stops = asked.task->stops;
    r->requests[r->n].max_tokens = asked.task->max_tokens;
    r->requests[r->n].sampling = asked.task->sampling;
    r->requests[r->n].sampling.seed = sampling_seed(r->seed, asked.task->name, (size_t)asked.index, i);
    r->asked[r->n++] = asked;
}

struct picking {
    struct replay *r;
    const struct task *task;
    int64_t at;               /* of the task's items, in order */
    size_t *seen;             /* of the run's items */
};

/* Is the run's k-th item in a sample of `n` of `all`, spread evenly? */
static bool in_sample(size_t k, size_t n, size_t all)
{
    return n >= all || k * n / all != (k + 1) * n / all;
}

static bool keep_item(void *context, const struct carat_item_record *item)
{
    struct picking *p = context;
    struct replay *r = p->r;
    if (!in_sample((*p->seen)++, r->o->sample, r->report->n_in_run) || (!item->n_choices && !item->n_samples))
        return true; /* a refused one has no answer to compare */
    if (!reserve(r, item->n_choices + item->n_samples))
        return !(r->nomem = true);
    struct request common = {.prefix = copy(r, item->prefix), .prompt = copy(r, item->prompt)};
    struct asked asked = {.task = p->task, .index = item->index, .id = copy(r, item->id)};
    for (size_t i = 0; i < item->n_choices; i++)
        add_choice(r, &common, asked, item, i);
    for (size_t i = 0; i < item->n_samples; i++)
        add_sample(r, &common, asked, item, i);
    r->report->n_items++;
    return !r->nomem;
}

static enum carat_err load_items(struct replay *r)
{
    enum carat_err rc = carat_store_all_tasks(r->store, r->report->run, keep_task, r, r->err);
    size_t seen = 0;
    if (!rc && r->err->code)
        rc = r->err->code;
    for (size_t i = 0; i < r->n_tasks; i++)
        r->report->n_in_run += (size_t)r->tasks[i].n_items;
    for (size_t i = 0; i < r->n_tasks && !rc && !r->nomem; i++) {
        struct picking p = {.r = r, .task = &r->tasks[i], .seen = &seen};
        rc = carat_store_items(r->store, r->tasks[i].id, 0, 0, keep_item, &p, r->err);
    }
    if (!rc && r->nomem)
        rc = err_nomem(r->err, "the items");
    if (!rc && !r->n)
        rc = err_set(r->err, CARAT_EINPUT, "run %lld has no answered items", (long long)r->report->run);
    r->report->n_requests = r->n;
    return rc;
}

/* ---- comparing --------------------------------------------------------------------------------- */

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static const char *describe_reals(struct replay *r, const char *of, double stored, double again)
{
    char a[NUM_DOUBLE_MAX], b[NUM_DOUBLE_MAX];
    return arena_printf(r->arena, "%s: %s instead of %s", of, num_format_double(again, b), num_format_double(stored, a));
}

/* NULL: the same to the bit. Texts lie in the report's arena. A token's log-probability is stored as float32 (evaluate.c),
 * their sum with all its bits. */
static const char *compare_choice(struct replay *r, const struct carat_choice_record *c, const struct response *a)
{
    if (c->n_ids != a->n_ids || (c->ids && memcmp(c->ids, a->ids, c->n_ids * sizeof *c->ids) != 0))
        return "other token ids";
    for (size_t i = 0; c->logprobs && i < c->n_ids; i++) {
        char of[64];
        snprintf(of, sizeof of, "token %zu", i + 1);
        if (!same_bits((double)(float)c->logprobs[i], (double)(float)a->logprobs[i]))
            return describe_reals(r, of, c->logprobs[i], a->logprobs[i]);
    }
    if (!same_bits(c->logprob, a->logprob))
        return describe_reals(r, "their sum", c->logprob, a->logprob);
    return c->greedy == a->greedy ? NULL : "another greedy flag";
}

static const char *compare_sample(struct replay *r, const struct carat_sample_record *s, const struct response *a)
{
    size_t n = s->n_ids < a->n_ids ? s->n_ids : a->n_ids;
    for (size_t i = 0; i < n; i++)
        if (s->ids[i] != a->ids[i])
            return arena_printf(r->arena, "token %zu: id %d instead of %d", i + 1, (int)a->ids[i], (int)s->ids[i]);
    if (s->n_ids != a->n_ids)
        return arena_printf(r->arena, "%zu tokens instead of %zu", a->n_ids, s->n_ids);
    if (!str_eq(s->text, a->text))
        return "another text of the same tokens";
    return str_eq(s->finish, str_from(finish_name(a->finish))) ? NULL : "another end";
}

static enum carat_err on_response(void *context, size_t index, const struct response *a, struct err *err)
{
    struct replay *r = context;
    const struct asked *q = &r->asked[r->first + index];
    struct verify_report *report = r->report;
    const char *what;
    if (a->refused)
        what = arena_printf(r->arena, "refused: %s", a->err.msg);
    else
        what = r->requests[r->first + index].kind == REQUEST_GENERATE ? compare_sample(r, &q->sample, a)
                                                                      : compare_choice(r, &q->choice, a);
    if (!what)
        return CARAT_OK;
    r->now->n_differ++;
    if (report->n_differences < VERIFY_DIFFERENCES_MAX)
        report->differences[report->n_differences] = (struct verify_difference){.setting = r->now,
                                                                                .task = q->task->name,
                                                                                .id = q->id,
                                                                                .index = q->index,
                                                                                .request = q->number,
                                                                                .what = what};
    report->n_differences++;
    (void)err;
    return CARAT_OK;
}

static enum carat_err on_tick(void *context, const struct backend_stats *stats, struct err *err)
{
    const struct replay *r = context;
    (void)stats;
    if (r->o->interrupted && r->o->interrupted())
        return err_set(err, CARAT_EINTERRUPTED, "interrupted at %s", r->now->name);
    return CARAT_OK;
}

/* ---- settings ---------------------------------------------------------------------------------- */

static void add_setting(struct verify_report *p, size_t batch_tokens, size_t n_threads, bool alone)
{
    p->settings[p->n_settings++] = (struct verify_setting){.name = alone ? "each request alone" : "packed",
                                                           .batch_tokens = batch_tokens,
                                                           .n_threads = n_threads,
                                                           .alone = alone};
}

static void add_settings(struct verify_report *p, size_t most_threads)
{
    static const size_t BATCHES[] = {64, 7, 1};
    for (size_t t = 1; t <= 3; t++)
        add_setting(p, 512, t, false);
    if (most_threads > 3)
        add_setting(p, 512, most_threads, false);
    for (size_t i = 0; i < sizeof BATCHES / sizeof *BATCHES; i++)
        add_setting(p, BATCHES[i], most_threads, false);
    add_setting(p, 512, most_threads, true);
}

static enum carat_err replay_setting(struct replay *r, const struct backend *first, struct verify_setting *setting)
{
    struct backend *be = NULL;
    struct backend_events events = {.on_response = on_response, .on_tick = on_tick, .context = r};
    const size_t step = setting->alone ? 1 : r->n;
    enum carat_err rc = backend_open_again(first, setting->n_threads, setting->batch_tokens, &be, r->err);
    double began = clock_seconds();
    r->now = setting;
    for (r->first = 0; r->first < r->n && !rc; r->first += step) {
        struct backend_stats stats;
        rc = backend_answer(be, r->requests + r->first, step, &events, &stats, r->err);
        setting->tokens_computed += stats.tokens_computed;
    }
    setting->seconds = clock_seconds() - began;
    backend_free(be);
    return rc;
}

static enum carat_err replay_all(struct replay *r)
{
    struct backend *first = NULL;
    const char *path = r->o->model_path ? r->o->model_path : r->path.p;
    enum carat_err rc = backend_open_engine(path, &r->backend, &first, r->err);
    if (!rc)
        rc = check_identity(r, first);
    add_settings(r->report, r->o->n_threads ? r->o->n_threads : machine_cpus());
    for (size_t i = 0; i < r->report->n_settings && !rc; i++) {
        if (r->o->on_setting)
            r->o->on_setting(r->report->settings[i].name, i, r->report->n_settings);
        rc = replay_setting(r, first, &r->report->settings[i]);
    }
    backend_free(first);
    return rc;
}

enum carat_err verify_run(struct carat_store *store, int64_t run, const struct verify_options *o,
                          struct verify_report *out, struct err *err)
{
    *out = (struct verify_report){.run = run, .arena = ARENA_INIT};
    struct replay r = {.store = store, .o = o, .report = out, .arena = &out->arena, .err = err};
    enum carat_err rc = load_run(&r);
    if (!rc)
        rc = load_items(&r);
    if (!rc)
        rc = replay_all(&r);
    json_decref(r.settings);
    free(r.tasks);
    free(r.asked);
    free(r.requests);
    if (rc)
        verify_release(out);
    return rc;
}

void verify_release(struct verify_report *r)
{
    arena_release(&r->arena);
    *r = (struct verify_report){.arena = ARENA_INIT};
}
