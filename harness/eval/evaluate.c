/* One model after the other over all benches. For each: find or make the run in the store, ask what is
 * done already, turn the rest into requests, hand them to the backend at once, and score and store
 * each item when its last answer is in. Programs go to the jails' threads meanwhile, items to the store's.
 *
 * A request is settled when its answer is in or, of a program, when its verdict is; an item is stored when its last
 * request is settled. */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "eval.h"
#include "form.h"
#include "groups.h"
#include "progress.h"
#include "verdicts.h"
#include "harness/version.h"

#define IDLE_JAILS 2 /* more than CPUs: programs that sleep take their time and nothing else */

/* An item on its way: made, asked, answered, scored, stored. */
struct item {
    size_t bench;             /* index in the set */
    struct proto_item proto;  /* in the run's arena */
    size_t first_request;
    size_t n_requests;        /* choices, or samples */
    size_t n_left;            /* of them, not settled yet */
    struct proto_response *responses;     /* [n_requests] */
    struct carat_choice_record *choices;  /* multiple choice: [n_requests]; ids and logprobs are malloc'ed */
    struct carat_sample_record *samples;  /* generation: [n_requests]; text, ids and verdict are malloc'ed */
    size_t context_tokens, truncated_tokens;
    char *refusal;            /* why it was not answered; NULL: it was. Owned */
};

struct run {
    const struct bench_set *set;
    const struct eval_options *o;
    struct carat_store *store;
    struct carat_writer *writer; /* has the store from the first item on */
    const struct eval_model *model;
    int64_t *tasks;           /* [set->n] store's task of each bench */
    struct item *items;
    size_t n_items, n_stored;
    struct request *requests;
    size_t *item_of;          /* request -> item */
    size_t n_requests, cap_requests;
    struct arena arena;       /* prompts */
    struct form form;
    struct arena scratch;     /* of one item's score */
    struct backend *server;   /* borrowed; NULL: a checkpoint */
    size_t n_remarked;        /* programs that passed with results equal to anything */
    struct jail *jail;
    struct verdicts *verdicts;
    struct progress *progress;
    double began;             /* seconds */
    int64_t done_before;
};

/* ---- the run in the store ------------------------------------------------------------------------ */

/* {"deciding": ..., "descriptive": ...}; the key is the digest of the first. */
static enum carat_err register_run(struct run *r, struct backend *be, int64_t *run, struct err *err)
{
    struct backend_identity id = {0};
    struct buf key_text = BUF_INIT(1 << 20), settings = BUF_INIT(1 << 20);
    char key[SHA256_HEX], cpu[256];
    json_t *all = NULL;
    enum carat_err rc = backend_identify(be, &id, err);
    if (rc)
        return rc;
    json_object_set_new(id.deciding, "seed", json_integer(r->o->seed));
    if (r->set->generates && r->o->sampling.temperature > 0)
        json_object_set_new(id.deciding, "sampling", sampling_json(&r->o->sampling));
    bool described = form_describe(&r->form, id.deciding);
    json_object_set_new(id.descriptive, "threads", json_integer((json_int_t)r->o->backend.n_threads));
    if (r->o->unsafe_no_jail)
        json_object_set_new(id.descriptive, "unsafe_no_jail", json_true());
    if (r->jail)
        json_object_set_new(id.descriptive, "jail", json_string(jail_describe(r->jail)));
    all = json_pack("{s:O, s:O}", "deciding", id.deciding, "descriptive", id.descriptive);
    if (!described || !all || json_write(id.deciding, &key_text) || json_write(all, &settings)) {
        rc = err_nomem(err, "the run's settings");
        goto out;
    }
    sha256_hex(key_text.p, key_text.n, key);
    machine_cpu_name(cpu, sizeof cpu);
    struct carat_run_info info = {.key = str_from(key),
                                  .model_name = str_from(r->model->name),
                                  .model_path = str_from(r->model->path),
                                  .weights_sha256 = str_from(id.weights_sha256),
                                  .tokenizer_sha256 = str_from(id.tokenizer_sha256),
                                  .settings = buf_str(&settings),
                                  .carat_version = str_from(version_describe()),
                                  .compiler = str_from(version_compiler()),
                                  .isa = str_from(id.isa),
                                  .cpu = str_from(cpu),
                                  .numerics_version = CARAT_NUMERICS_VERSION};
    rc = carat_store_run(r->store, &info, r->o->fresh, run, err);
out:
    json_decref(all);
    json_decref(id.deciding);
    json_decref(id.descriptive);
    buf_release(&key_text);
    buf_release(&settings);
    return rc;
}

static enum carat_err register_task(struct run *r, size_t bench, int64_t run, struct err *err)
{
    const struct bench *b = &r->set->items[bench];
    const struct carat_task *t = b->leaf.task;
    const struct carat_subset *subset = b->leaf.subset;
    struct carat_task_info info = {.name = b->name,
                                   .parent = str_from(subset ? t->name : b->leaf.parent),
                                   .subgroup = str_from(subset ? subset->group : b->leaf.subgroup),
                                   .title = str_from(b->leaf.parent_title ? b->leaf.parent_title
                                                     : t->title           ? t->title
                                                                          : t->name),
                                   .capability = str_from(capability_of(t->name, t->group)),
                                   .version = t->version,
                                   .shots = proto_plan_shots(b->plan),
                                   .data_path = str_from(b->rows->path),
                                   .data_sha256 = str_from(b->rows->sha256),
                                   .shots_sha256 = str_from(b->pool ? b->pool->sha256 : NULL),
                                   .settings = buf_str(&b->settings),
                                   .headline = b->headline,
                                   .n_rows = (int64_t)b->rows->n,
                                   .n_planned = (int64_t)b->n_planned,
                                   .chance = b->chance};
    return carat_store_task(r->store, run, &info, &r->tasks[bench], err);
}

/* ---- from rows to requests ------------------------------------------------------------------------- */

struct done_set {
    bool *done;               /* [n_planned] */
    size_t n;
};

static void mark_done(void *context, int64_t index, struct str row_sha256)
{
    struct done_set *d = context;
    (void)row_sha256; /* the task's identity has the file's digest in it */
    if (index >= 0 && (size_t)index < d->n)
        d->done[index] = true;
}

static enum carat_err reserve_requests(struct run *r, size_t more, struct err *err)
{
    if (r->n_requests + more <= r->cap_requests)
        return CARAT_OK;
    size_t cap = 2 * r->cap_requests + more + 256;
    struct request *requests = realloc(r->requests, cap * sizeof *requests);
    if (requests)
        r->requests = requests;
    size_t *item_of = realloc(r->item_of, cap * sizeof *item_of);
    if (item_of)
        r->item_of = item_of;
    if (!requests || !item_of)
        return err_nomem(err, "the requests");
    r->cap_requests = cap;
    return CARAT_OK;
}

/* The i-th request of an item. */
static struct request request_of(const struct run *r, const struct item *item, size_t i)
{
    const struct bench *b = &r->set->items[item->bench];
    const struct carat_task *task = b->leaf.task;
    const struct proto_item *p = &item->proto;
    const struct eval_sampling *s = &b->sampling;
    struct request q = {.prefix = p->prefix, .prompt = p->prompts ? p->prompts[i] : p->prompt};
    if (p->continuations) {
        q.kind = task->output == CARAT_ROLLING ? REQUEST_ROLLING : REQUEST_LOGLIKELIHOOD;
        q.continuation = p->continuations[i];
        return q;
    }
    q.kind = REQUEST_GENERATE;
    q.stops = proto_stops(b->plan);
    q.max_tokens = b->max_tokens;
    q.sampling = (struct carat_sampling){.temperature = s->temperature,
                                         .top_p = s->top_p,
                                         .seed = sampling_seed(r->o->seed, b->name, p->index, i)};
    return q;
}

static enum carat_err add_requests(struct run *r, struct item *item, struct err *err)
{
    const bool choices = item->proto.continuations != NULL;
    const size_t n = choices ? item->proto.n_requests : r->set->items[item->bench].sampling.n_samples;
    enum carat_err rc = reserve_requests(r, n, err);
    if (rc)
        return rc;
    item->responses = arena_calloc(&r->arena, n, sizeof *item->responses);
    if (choices)
        item->choices = arena_calloc(&r->arena, n, sizeof *item->choices);
    else
        item->samples = arena_calloc(&r->arena, n, sizeof *item->samples);
    if (!item->responses || (!item->choices && !item->samples))
        return err_nomem(err, "the requests");
    item->first_request = r->n_requests;
    item->n_requests = item->n_left = n;
    for (size_t i = 0; i < n; i++) {
        item->responses[i].passed = -1;
        r->item_of[r->n_requests] = r->n_items;
        r->requests[r->n_requests++] = request_of(r, item, i);
    }
    return CARAT_OK;
}

/* Shards share out each task's items in turn, by their place in the data set: so --limit takes no item from one shard to
 * another. */
static bool in_shard(const struct eval_options *o, size_t index)
{
    return o->n_shards <= 1 || index % o->n_shards == o->shard;
}

/* The items of one bench that the store does not have yet. */
static enum carat_err add_bench(struct run *r, size_t bench, struct err *err)
{
    const struct bench *b = &r->set->items[bench];
    struct done_set d = {.done = calloc(b->n_planned + 1, sizeof *d.done), .n = b->n_planned};
    if (!d.done)
        return err_nomem(err, "the items");
    enum carat_err rc = carat_store_done(r->store, r->tasks[bench], true, mark_done, &d, err);
    struct item *items = rc ? NULL : realloc(r->items, (r->n_items + b->n_planned + 1) * sizeof *items);
    if (!rc && !items)
        rc = err_nomem(err, "the items");
    if (items)
        r->items = items;
    for (size_t i = 0; i < b->n_planned && !rc; i++) {
        if (!in_shard(r->o, i))
            continue;
        if (d.done[i]) {
            r->done_before++;
            continue;
        }
        struct item *item = &r->items[r->n_items];
        *item = (struct item){.bench = bench};
        rc = proto_item_as(b->plan, i, &r->form.proto, &r->arena, &item->proto, err);
        if (!rc)
            rc = add_requests(r, item, err);
        if (!rc) {
            r->n_items++;
            progress_expect(r->progress, bench);
        }
    }
    free(d.done);
    return rc;
}

/* ---- from answers to the store ----------------------------------------------------------------------- */

static void release_answers(struct item *item)
{
    for (size_t i = 0; item->choices && i < item->n_requests; i++) {
        free((void *)(uintptr_t)item->choices[i].ids);
        free((void *)(uintptr_t)item->choices[i].logprobs);
        item->choices[i] = (struct carat_choice_record){0};
    }
    for (size_t i = 0; item->samples && i < item->n_requests; i++) {
        free((void *)(uintptr_t)item->samples[i].text.p);
        free((void *)(uintptr_t)item->samples[i].ids);
        free((void *)(uintptr_t)item->samples[i].margins);
        free((void *)(uintptr_t)item->samples[i].verdict.p);
        item->samples[i] = (struct carat_sample_record){0};
    }
    free(item->refusal);
    item->refusal = NULL;
}

static enum carat_err refuse(struct item *item, const char *why, struct err *err)
{
    if (!item->refusal)
        item->refusal = strdup(why);
    return item->refusal ? CARAT_OK : err_nomem(err, "an answer");
}

static enum carat_err store_item(struct run *r, struct item *item, struct err *err)
{
    const struct bench *b = &r->set->items[item->bench];
    const struct carat_row *row = &b->rows->items[item->proto.index];
    struct carat_item_record record = {.index = (int64_t)item->proto.index,
                                       .id = str_from(row->id),
                                       .row_sha256 = str_from(row->sha256),
                                       .prefix = item->proto.prefix,
                                       .prompt = item->proto.prompt,
                                       .prompts = (const struct str *)item->proto.prompts,
                                       .target = item->proto.target,
                                       .gold = item->proto.example.gold,
                                       .choices = item->choices,
                                       .n_choices = item->choices ? item->n_requests : 0,
                                       .samples = item->samples,
                                       .n_samples = item->samples ? item->n_requests : 0,
                                       .context_tokens = item->context_tokens,
                                       .truncated_tokens = item->truncated_tokens,
                                       .wall_ms = 1000 * (clock_seconds() - r->began)};
    enum carat_err rc = CARAT_OK;
    arena_reset(&r->scratch);
    if (!item->choices)
        record.gold = -1;
    if (item->refusal) {
        record.outcome = CARAT_REFUSED;
        record.message = str_from(item->refusal);
        record.n_choices = record.n_samples = 0;
    } else {
        item->proto.responses = item->responses;
        item->proto.n_responses = item->n_requests;
        rc = score_record(b->plan, &item->proto, &r->scratch, &record, err);
    }
    if (!rc)
        rc = carat_writer_put(r->writer, r->tasks[item->bench], &record, err);
    release_answers(item);
    r->n_stored++;
    if (!rc)
        progress_item(r->progress, item->bench);
    return rc;
}

static void *copy_bytes(const void *p, size_t n)
{
    void *copy = malloc(n ? n : 1);
    if (copy && n)
        memcpy(copy, p, n);
    return copy;
}

/* Each token's log-probability is kept as float32, which is more than the arithmetic before it gives; the sum, which is
 * what is scored, with all its bits. */
static double *copy_logprobs(const double *logprobs, size_t n)
{
    double *copy = malloc((n + 1) * sizeof *copy);
    for (size_t i = 0; copy && i < n; i++)
        copy[i] = (double)(float)logprobs[i];
    return copy;
}

static enum carat_err keep_choice(struct item *item, size_t k, const struct response *a, struct err *err)
{
    int32_t *ids = copy_bytes(a->ids, a->ids ? a->n_ids * sizeof *ids : 0);
    double *logprobs = copy_logprobs(a->logprobs, a->n_ids);
    item->choices[k] = (struct carat_choice_record){.continuation = item->proto.continuations[k],
                                                    .ids = ids,
                                                    .logprobs = logprobs,
                                                    .n_ids = a->n_ids,
                                                    .logprob = a->logprob,
                                                    .greedy = a->greedy};
    item->responses[k].logprob = a->logprob;
    item->responses[k].greedy = a->greedy;
    if (!a->ids) { /* a server tells none */
        free(ids);
        item->choices[k].ids = NULL;
    }
    return ids && logprobs ? CARAT_OK : err_nomem(err, "an answer");
}

static enum carat_err keep_text(struct item *item, size_t k, const struct response *a, struct err *err)
{
    char *text = copy_bytes(a->text.p, a->text.n);
    int32_t *ids = copy_bytes(a->ids, a->n_ids * sizeof *ids);
    double *margins = a->margins ? copy_bytes(a->margins, a->n_ids * sizeof *margins) : NULL;
    item->samples[k] = (struct carat_sample_record){.text = {text, a->text.n},
                                                    .ids = ids,
                                                    .n_ids = a->n_ids,
                                                    .margins = margins,
                                                    .finish = str_from(finish_name(a->finish))};
    item->responses[k].text = item->samples[k].text;
    item->responses[k].finish = item->samples[k].finish;
    return text && ids && (margins || !a->margins) ? CARAT_OK : err_nomem(err, "an answer");
}

/* A finished completion of a program goes to the jails; its request is settled when the verdict is there. */
static enum carat_err submit_program(struct run *r, size_t request, struct err *err)
{
    struct item *item = &r->items[r->item_of[request]];
    struct str source;
    arena_reset(&r->scratch);
    enum carat_err rc = proto_program(r->set->items[item->bench].plan, &item->proto,
                                      item->samples[request - item->first_request].text, &r->scratch, &source, err);
    if (!rc)
        rc = verdicts_submit(r->verdicts, request, source, err);
    return rc;
}

static enum carat_err settle(struct run *r, struct item *item, struct err *err)
{
    return --item->n_left ? CARAT_OK : store_item(r, item, err);
}

static enum carat_err on_response(void *context, size_t index, const struct response *a, struct err *err)
{
    struct run *r = context;
    struct item *item = &r->items[r->item_of[index]];
    const size_t k = index - item->first_request;
    enum carat_err rc = CARAT_OK;
    if (a->refused)
        rc = refuse(item, a->err.msg, err);
    else if (item->choices)
        rc = keep_choice(item, k, a, err);
    else
        rc = keep_text(item, k, a, err);
    if (a->context_tokens > item->context_tokens)
        item->context_tokens = a->context_tokens;
    if (a->truncated_tokens > item->truncated_tokens)
        item->truncated_tokens = a->truncated_tokens;
    if (rc)
        return rc;
    progress_answer(r->progress, a->refused ? 0 : a->context_tokens + a->n_ids);
    if (!a->refused && proto_needs_jail(r->set->items[item->bench].leaf.task))
        return submit_program(r, index, err);
    return settle(r, item, err);
}

static enum carat_err keep_verdict(struct run *r, struct item *item, size_t k, const struct jail_verdict *v, struct err *err)
{
    struct buf json = BUF_INIT(BUF_MAX_DEFAULT);
    if (jail_verdict_json(v, &json))
        return err_nomem(err, "a verdict");
    r->n_remarked += v->equals_anything;
    item->responses[k].passed = v->kind == JAIL_PASSED;
    item->samples[k].verdict.n = json.n;
    item->samples[k].verdict.p = buf_take(&json, NULL);
    return CARAT_OK;
}

static enum carat_err take_verdicts(struct run *r, bool wait, struct err *err)
{
    size_t request;
    struct jail_verdict v;
    struct err why = ERR_INIT;
    enum carat_err rc = CARAT_OK;
    while (!rc && r->verdicts && verdicts_take(r->verdicts, wait, &request, &v, &why)) {
        struct item *item = &r->items[r->item_of[request]];
        if (why.code) /* the jail itself failed: no verdict, and no silent zero */
            rc = refuse(item, why.msg, err);
        else
            rc = keep_verdict(r, item, request - item->first_request, &v, err);
        jail_verdict_release(&v);
        err_clear(&why);
        if (!rc)
            rc = settle(r, item, err);
    }
    return rc;
}

static enum carat_err look_up(struct run *r, const struct backend_stats *stats, struct err *err)
{
    enum carat_err rc = carat_writer_failure(r->writer, err);
    progress_show(r->progress, stats);
    if (!rc && r->o->interrupted && r->o->interrupted())
        return err_set(err, CARAT_EINTERRUPTED, "interrupted: %lld of %lld items are stored",
                       (long long)r->done_before + (long long)r->n_stored, (long long)r->done_before + (long long)r->n_items);
    return rc;
}

static enum carat_err on_tick(void *context, const struct backend_stats *stats, struct err *err)
{
    struct run *r = context;
    enum carat_err rc = take_verdicts(r, false, err);
    return rc ? rc : look_up(r, stats, err);
}

/* The engine is done; the last programs are not. */
static enum carat_err await_verdicts(struct run *r, const struct backend_stats *stats, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    while (!rc && r->verdicts && verdicts_pending(r->verdicts)) {
        rc = take_verdicts(r, true, err);
        if (!rc)
            rc = look_up(r, stats, err);
    }
    return rc;
}

/* ---- one model --------------------------------------------------------------------------------------- */

static enum carat_err finish_tasks(struct run *r, const struct backend_stats *stats, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    double wall = clock_seconds() - r->began;
    for (size_t i = 0; i < r->set->n && !rc; i++) {
        /* Benches are computed together: each carries its share by items. */
        double share = 0;
        for (size_t k = 0; k < r->n_items; k++)
            share += r->items[k].bench == i;
        share = r->n_items ? share / (double)r->n_items : 0;
        struct carat_effort effort = {.wall_s = wall * share,
                                      .tokens_asked = (int64_t)((double)stats->tokens_asked * share),
                                      .tokens_computed = (int64_t)((double)stats->tokens_computed * share)};
        rc = carat_store_finish(r->store, r->tasks[i], &effort, err);
    }
    return rc;
}

static void describe_budget(const struct run *r, struct backend *be)
{
    const struct carat_session *s = backend_session(be);
    if (r->o->quiet || !r->n_requests)
        return;
    if (!s) {
        log_info("%s: asked of the server %s, %zu requests at once; what it answers may differ from day to day", r->model->name,
                 r->model->path, r->o->backend.http.concurrency);
        return;
    }
    const struct carat_session_memory m = carat_session_memory(s);
    log_info("%s: weights %.0f MiB; at most %.0f MiB for keys and values of %zu tokens and %.0f MiB of work memory; %zu "
             "rows a batch, %s kernels", r->model->name, (double)m.weights_bytes / (1 << 20),
             (double)m.kv_bytes / (1 << 20), carat_session_kv_tokens(s), (double)m.work_bytes / (1 << 20),
             carat_session_batch_tokens(s), carat_session_isa(s));
}

static void log_model(const struct run *r, struct backend *be, int64_t run)
{
    const struct carat_session *s = backend_session(be);
    const struct carat_session_memory m = s ? carat_session_memory(s) : (struct carat_session_memory){0};
    if (r->o->log)
        run_log_event(r->o->log, "model",
                      json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:{s:I, s:I, s:I, s:I}, s:I, s:s}", "model", r->model->name, "path",
                                r->model->path, "run", (json_int_t)run, "items", (json_int_t)r->n_items, "items_before",
                                (json_int_t)r->done_before, "requests", (json_int_t)r->n_requests, "memory", "weights_bytes",
                                (json_int_t)m.weights_bytes, "kv_bytes", (json_int_t)m.kv_bytes, "kv_tokens",
                                (json_int_t)(s ? carat_session_kv_tokens(s) : 0), "work_bytes", (json_int_t)m.work_bytes, "batch_tokens",
                                (json_int_t)(s ? carat_session_batch_tokens(s) : 0), "isa", s ? carat_session_isa(s) : "server"));
}

/* What the form of the prompts does that a reader of the scores should know. */
static void describe_form(const struct run *r)
{
    if (r->form.proto.n_system_dropped)
        run_log_warn(r->o->log, "%s: its chat template takes no system message: %zu prompts are without it (%s)", r->model->name,
                 r->form.proto.n_system_dropped,
                 r->o->form.system ? "the system text and the task's description" : "the task's description");
    if (!r->o->form.chat && !r->o->quiet && form_has_template(r->model->path))
        log_info("%s: has a chat template, which is not used; --chat asks in it", r->model->name);
}

static void describe_work(const struct run *r, const struct backend_stats *stats)
{
    if (r->n_remarked)
        run_log_warn(r->o->log, "%s: %zu programs passed with results that are equal to anything; they count, and 'carat show' has the "
                     "remark with their verdicts", r->model->name, r->n_remarked);
    if (r->o->quiet)
        return;
    double wall = clock_seconds() - r->began;
    if (r->done_before)
        log_info("%s: %zu items computed, %lld were there already", r->model->name, r->n_items,
                 (long long)r->done_before);
    if (r->n_items)
        log_info("%s: %zu items in %.1f s; %lld tokens asked, %lld computed (%.1fx shared), %.0f tokens/s",
                 r->model->name, r->n_items, wall, (long long)stats->tokens_asked,
                 (long long)stats->tokens_computed,
                 stats->tokens_computed ? (double)stats->tokens_asked / (double)stats->tokens_computed : 1.0,
                 wall > 0 ? (double)stats->tokens_computed / wall : 0.0);
}

/* Two names for one checkpoint under one setting would be one run under two names. */
static enum carat_err check_distinct(const struct run *r, const int64_t *runs, int64_t run, struct err *err)
{
    size_t m = (size_t)(r->model - r->o->models);
    for (size_t i = 0; runs && i < m; i++)
        if (runs[i] == run)
            return err_set(err, CARAT_EUSAGE, "'%s' and '%s' are the same checkpoint", r->o->models[i].name,
                           r->model->name);
    return CARAT_OK;
}

static enum carat_err evaluate_model(struct run *r, int64_t *runs, struct err *err)
{
    struct backend *be = r->server;
    struct backend_stats stats = {0};
    int64_t run = 0;
    enum carat_err rc = form_open(&r->o->form, r->model->path, &r->form, err);
    if (!rc && !be)
        rc = backend_open(r->model->path, &r->o->backend, &be, err);
    if (!rc)
        rc = register_run(r, be, &run, err);
    if (!rc)
        rc = check_distinct(r, runs, run, err);
    for (size_t i = 0; i < r->set->n && !rc; i++)
        rc = register_task(r, i, run, err);
    if (!rc)
        rc = carat_writer_new(r->store, &r->writer, err);
    struct progress_opts progress = {.set = r->set, .model = r->model, .store = r->store, .writer = r->writer, .run = run, .log = r->o->log, .quiet = r->o->quiet};
    if (!rc)
        rc = progress_new(&progress, &r->progress, err);
    for (size_t i = 0; i < r->set->n && !rc; i++)
        rc = add_bench(r, i, err);
    if (!rc)
        describe_form(r);
    if (!rc)
        rc = carat_store_commit(r->store, err);
    if (!rc && r->set->needs_jail)
        rc = verdicts_new(r->jail, machine_cpus() + IDLE_JAILS, &r->verdicts, err);
    if (!rc) {
        describe_budget(r, be);
        log_model(r, be, run);
        progress_begin(r->progress);
    }
    r->began = clock_seconds();
    struct backend_events events = {.on_response = on_response, .on_tick = on_tick, .context = r};
    if (!rc && r->n_requests)
        rc = backend_answer(be, r->requests, r->n_requests, &events, &stats, err);
    if (!rc)
        rc = await_verdicts(r, &stats, err);
    progress_free(r->progress);
    r->progress = NULL;
    /* What is scored stays, whatever ended the run; but a store that failed takes no more. */
    struct err sync_err = ERR_INIT;
    enum carat_err sync = r->writer ? carat_writer_sync(r->writer, &sync_err) : CARAT_OK;
    if (!rc && sync) {
        *err = sync_err;
        rc = sync;
    }
    if (!rc)
        rc = finish_tasks(r, &stats, err);
    if (!rc)
        describe_work(r, &stats);
    if (runs)
        runs[r->model - r->o->models] = run;
    if (be != r->server)
        backend_free(be);
    return rc;
}

static void run_release(struct run *r)
{
    progress_free(r->progress);
    verdicts_free(r->verdicts);
    carat_writer_free(r->writer);
    for (size_t i = 0; i < r->n_items; i++)
        release_answers(&r->items[i]);
    free(r->items);
    free(r->requests);
    free(r->item_of);
    free(r->tasks);
    arena_release(&r->arena);
    arena_release(&r->scratch);
    form_release(&r->form);
}

/* Opens it, if it is one. A task that needs more than a server gives is refused before any model runs. */
static enum carat_err open_server(const struct eval_model *model, const struct bench_set *set, const struct eval_options *o,
                                  struct backend **be, struct err *err)
{
    static const enum request_kind kinds[] = {[CARAT_MULTIPLE_CHOICE] = REQUEST_LOGLIKELIHOOD,
                                              [CARAT_GENERATE] = REQUEST_GENERATE,
                                              [CARAT_LOGLIKELIHOOD] = REQUEST_LOGLIKELIHOOD,
                                              [CARAT_ROLLING] = REQUEST_ROLLING};
    if (!backend_is_server(model->path))
        return CARAT_OK;
    enum carat_err rc = backend_open(model->path, &o->backend, be, err);
    for (size_t i = 0; i < set->n && !rc; i++) {
        rc = backend_can(*be, kinds[set->items[i].leaf.task->output], err);
        if (rc)
            err_context(err, "%s cannot be asked", set->items[i].leaf.task->name);
    }
    return rc;
}

enum carat_err evaluate(const struct bench_set *set, const struct eval_options *o, struct carat_store *store,
                        int64_t *runs, struct err *err)
{
    struct jail *jail = NULL;
    struct jail_opts jail_opts = {.wall = o->jail_wall, .unsafe_no_jail = o->unsafe_no_jail};
    struct backend **servers = calloc(o->n_models + 1, sizeof *servers);
    enum carat_err rc = servers ? CARAT_OK : err_nomem(err, "the models");
    for (size_t m = 0; m < o->n_models && !rc; m++)
        if ((rc = form_check(&o->form, o->models[m].path, set, err)) ||
            (rc = open_server(&o->models[m], set, o, &servers[m], err)))
            err_context(err, "%s", o->models[m].name);
    if (!rc && set->needs_jail)
        rc = jail_open(&jail_opts, &jail, err);
    if (set->needs_jail && !rc && o->unsafe_no_jail)
        run_log_warn(o->log, "model-written code runs WITHOUT A JAIL and can do all that you can (--unsafe-no-jail)");
    for (size_t m = 0; m < o->n_models && !rc; m++) {
        struct run r = {.set = set,
                        .o = o,
                        .store = store,
                        .model = &o->models[m],
                        .arena = ARENA_INIT,
                        .scratch = ARENA_INIT,
                        .jail = jail,
                        .server = servers[m]};
        r.tasks = calloc(set->n + 1, sizeof *r.tasks);
        rc = r.tasks ? evaluate_model(&r, runs, err) : err_nomem(err, "the tasks");
        if (rc && rc != CARAT_EUSAGE)
            err_context(err, "%s", o->models[m].name);
        run_release(&r);
    }
    for (size_t m = 0; servers && m < o->n_models; m++)
        backend_free(servers[m]);
    free(servers);
    jail_free(jail);
    return rc;
}
