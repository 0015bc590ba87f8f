/* carat run: models over benchmarks, items into the store, a table at the end. */
#include "commands.h"
#include "harness/eval/eval.h"
#include "harness/eval/suite.h"
#include "harness/version.h"
#include "run_common.h"

/* A benchmark of which no item could be asked is a failure, not a row of dashes. */
static enum carat_err check_answered(const struct summary *sum, struct err *err)
{
    for (size_t r = 0; r < sum->n_runs; r++)
        for (size_t i = 0; i < sum->runs[r].n_scores; i++) {
            const struct score *s = &sum->runs[r].scores[i];
            if (!s->n_items || s->outcomes[CARAT_REFUSED] != s->n_items)
                continue;
            err_set(err, CARAT_EINPUT, "no item of %.*s could be asked of %.*s", (int)s->title.n, s->title.p,
                    (int)sum->runs[r].name.n, sum->runs[r].name.p);
            return err_hint(err, "'carat show' tells why, item by item");
        }
    return CARAT_OK;
}

/* The end of a run: its table, and whether there is anything in it. */
static enum carat_err print_and_check(struct carat_store *store, const int64_t *runs, size_t n, const struct options *o,
                                      struct run_log *log, struct err *err)
{
    struct summary sum;
    enum carat_err rc = load_summary(store, runs, n, o, &sum, err);
    if (rc)
        return rc;
    rc = print_scores(&sum, store, runs, n, o, log, err);
    if (!rc)
        rc = check_answered(&sum, err);
    summary_release(&sum);
    return rc;
}

static json_t *list_of(const struct strings *words)
{
    json_t *list = json_array();
    for (size_t i = 0; i < words->n; i++)
        json_array_append_new(list, json_text(str_from(words->items[i])));
    return list;
}

static void log_start(struct run_log *log, const struct options *o, const struct eval_options *eval, const struct bench_set *set)
{
    json_t *tasks = json_array();
    for (size_t i = 0; i < set->n; i++) {
        const struct bench *b = &set->items[i];
        json_array_append_new(tasks, json_pack("{s:o, s:s, s:i, s:I, s:I}", "task", json_text(b->name), "benchmark", b->leaf.task->name,
                                               "shots", proto_plan_shots(b->plan), "rows", (json_int_t)b->rows->n, "items",
                                               (json_int_t)b->n_planned));
    }
    if (log)
        run_log_event(log, "start",
                      json_pack("{s:s, s:o, s:o, s:s, s:I, s:I, s:I, s:f, s:b, s:o}", "carat", version_describe(), "models",
                                list_of(&o->models), "asked", list_of(&o->tasks), "db", o->db ? o->db : DEFAULT_DB, "seed",
                                (json_int_t)o->seed, "shard", (json_int_t)(eval->n_shards ? eval->shard + 1 : 1), "shards",
                                (json_int_t)(eval->n_shards ? eval->n_shards : 1), "temperature", eval->sampling.temperature,
                                "chat", eval->form.chat, "tasks", json_incref(tasks)));
    json_decref(tasks);
}

static void log_end(struct run_log *log, enum carat_err rc, const struct err *err)
{
    if (log)
        run_log_event(log, "end",
                      json_pack("{s:s, s:i, s:o}", "status", !rc ? "done" : rc == CARAT_EINTERRUPTED ? "interrupted" : "failed",
                                "exit_status", rc ? err_exit_status(rc) : 0, "message",
                                rc ? json_text(str_from(err->msg)) : json_null()));
}

/* The first failure is the one told. */
static enum carat_err end_log(struct run_log *log, enum carat_err rc, struct err *err)
{
    enum carat_err closed = run_log_close(log, rc ? NULL : err);
    return rc ? rc : closed;
}

static enum carat_err check_words(const struct options *o, struct err *err)
{
    if (!o->models.n)
        return err_set(err, CARAT_EUSAGE, "wants -m MODEL: a checkpoint's folder, a .gguf file, demo:NAME or a server's URL#NAME");
    if (o->from_bundle && o->data)
        return err_set(err, CARAT_EUSAGE, "--from-bundle fills the cache, which --data leaves unread");
    if (o->suite && o->tasks.n)
        return err_set(err, CARAT_EUSAGE, "-t and --suite exclude each other");
    if (o->suite || o->tasks.n)
        return CARAT_OK;
    err_set(err, CARAT_EUSAGE, "wants -t TASK,... or --suite NAME");
    return err_hint(err, "'carat list tasks' and 'carat list suites' name them");
}

/* A word as a shell takes it. */
static void add_word(const char *word, struct buf *out)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,@%+";
    if (*word && word[strspn(word, plain)] == '\0') {
        buf_adds(out, word);
        return;
    }
    buf_addc(out, '\'');
    for (; *word; word++)
        buf_printf(out, *word == '\'' ? "'\\%c'" : "%c", *word);
    buf_addc(out, '\'');
}

/* The command that goes on: the one given, but for --fresh, which would begin anew. */
static void hint_resume(const struct options *o, struct err *err)
{
    struct buf command = BUF_INIT(sizeof err->hint);
    for (size_t i = 0; i < o->n_words; i++) {
        if (strcmp(o->words[i], "--fresh") == 0)
            continue;
        buf_addc(&command, ' ');
        add_word(o->words[i], &command);
    }
    if (!buf_failed(&command) && command.n + sizeof "go on with: carat run" < sizeof err->hint)
        err_hint(err, "go on with: carat run%s", buf_str(&command).p);
    else
        err_hint(err, "the same command%s goes on from there", o->fresh ? " without --fresh" : "");
    buf_release(&command);
}

static enum carat_err ask(const struct options *o, struct evaluation *e, struct eval_options *eval, struct err *err)
{
    enum carat_err rc = check_suite(o, eval, err);
    if (!rc)
        rc = bench_load(eval, &e->set, err);
    if (!rc)
        log_start(eval->log, o, eval, &e->set);
    if (!rc)
        rc = open_store(o, CARAT_STORE_WRITE, &e->store, err);
    if (!rc)
        rc = evaluate(&e->set, eval, e->store, e->runs, err);
    if (rc == CARAT_EINTERRUPTED)
        hint_resume(o, err);
    return rc;
}

static enum carat_err run(const struct options *o, struct err *err)
{
    struct suite suite = {.limit = -1};
    struct options shown;
    struct run_log *log = NULL;
    struct eval_options eval = {0};
    struct evaluation e = EVALUATION_INIT;
    enum carat_err rc = check_words(o, err);
    if (!rc)
        rc = eval_options_from(o, &eval, err);
    if (!rc && o->from_bundle)
        rc = carat_bundle_read(o->from_bundle, NULL, false, err);
    if (!rc)
        rc = take_suite(o, &suite, &eval, &shown, err);
    if (!rc)
        rc = known_tasks_load(o, &e.known, err);
    if (!rc)
        rc = evaluation_open_models(&e, &o->models, &eval, err);
    if (!rc)
        rc = run_log_open(o->log_json, &log, err);
    eval.log = log;
    if (!rc)
        rc = ask(o, &e, &eval, err);
    if (!rc && suite.figure && !o->json)
        rc = print_figure(e.store, e.runs, e.n_models, &shown, err);
    if (!rc)
        rc = print_and_check(e.store, e.runs, e.n_models, &shown, log, err);
    log_end(log, rc, err);
    rc = end_log(log, rc, err);
    evaluation_release(&e);
    suite_release(&suite);
    return rc;
}

const struct command cmd_run = {
    .name = "run",
    .summary = "evaluate models on benchmarks",
    .usage = "-m [NAME=]MODEL... -t TASK,... | --suite NAME",
    .about = "Runs each model over the benchmarks and keeps every item in the results database. Interrupted or killed, "
             "the same command goes on where it stopped; what is there already is not computed again. With a --temperature, "
             "generated text is drawn instead of greedy, --samples times for each item; pass@10 and pass@100 are then told "
             "beside pass@1 where there are that many. With --chat the prompts are conversations, written by each model's own "
             "template, as instruction-tuned models want them; nothing turns it on by itself. A --suite is a list of benchmarks "
             "with their shots: one that comes with carat, or a JSON file of one's own. A model may be that of a server of "
             "OpenAI's kind, http://HOST:PORT/v1#NAME (docs/servers.md); its key is taken from CARAT_API_KEY, else from "
             "OPENAI_API_KEY.",
    .options = "model task suite from-bundle published limit shard shots shots-fixed protocol chat fewshot-as-multiturn system chat-template seed max-tokens samples "
               "temperature top-p data db fresh plugin include-path json format log-json quiet "
               "jail-wall unsafe-no-jail " SERVER_OPTIONS "rehash " COMPUTE_OPTIONS,
    .examples = "  carat run -m gemma-2b -t hellaswag,boolq --limit 100\n"
                "  carat run -m 2B=gemma-2b -m 7B=gemma-7b -t mmlu,gsm8k --data benchmarks --db compare.db\n"
                "  carat run -m gemma-2b -t my_task.yaml --data rows\n"
                "  carat run -m gemma-2b --suite gemma-report\n"
                "  carat run -m served=http://localhost:8000/v1#my-model -t gsm8k --concurrency 16\n"
                "  carat run -m gemma-2b -t humaneval --samples 20 --temperature 0.8 --top-p 0.95\n"
                "  carat run -m gemma-2b-it -t gsm8k --chat --system 'Think step by step.'",
    .run = run,
};
