/* carat run: models over benchmarks, items into the store, a table at the end. */
#include "commands.h"
#include "harness/eval/eval.h"
#include "harness/eval/suite.h"
#include "harness/protocol/plugin.h"
#include "harness/yaml/yaml_tasks.h"
#include "harness/version.h"
#include "run_common.h"

enum carat_err load_task_files(const struct options *o, struct yaml_tasks **out, struct err *err)
{
    const char *list = getenv("CARAT_TASK_PATH");
    enum carat_err rc = yaml_tasks_new(out, err);
    while (list && *list && !rc) {
        size_t n = strcspn(list, ":");
        char *dir = strndup(list, n);
        if (!dir)
            return err_nomem(err, "the tasks");
        if (n)
            rc = yaml_tasks_scan(*out, dir, err);
        free(dir);
        list += n + (list[n] == ':');
    }
    for (size_t i = 0; i < o->include_paths.n && !rc; i++)
        rc = yaml_tasks_scan(*out, o->include_paths.items[i], err);
    return rc;
}

enum carat_err load_plugins(const struct options *o, struct plugins **out, struct err *err)
{
    enum carat_err rc = plugins_new(out, err);
    for (size_t i = 0; i < o->plugins.n && !rc; i++)
        rc = plugins_load(*out, o->plugins.items[i], err);
    if (!rc)
        rc = plugins_load_path(*out, getenv("CARAT_PLUGIN_PATH"), err);
    return rc;
}

enum { SAMPLES_MAX = 10000 };

static enum carat_err sampling_options(const struct options *o, struct eval_sampling *out, struct err *err)
{
    *out = (struct eval_sampling){.n_samples = o->samples ? o->samples : o->temperature > 0 ? 1 : 0,
                                  .temperature = o->temperature,
                                  .top_p = o->top_p > 0 ? o->top_p : 1};
    if (o->samples > SAMPLES_MAX)
        return err_set(err, CARAT_EUSAGE, "--samples wants at most %d", SAMPLES_MAX);
    if (o->temperature > 100)
        return err_set(err, CARAT_EUSAGE, "--temperature wants at most 100");
    if (o->top_p > 1)
        return err_set(err, CARAT_EUSAGE, "--top-p wants a probability, at most 1");
    if (o->temperature > 0 || (o->samples <= 1 && o->top_p <= 0))
        return CARAT_OK;
    err_set(err, CARAT_EUSAGE, "--%s wants a --temperature: greedy texts are all the same",
            o->samples > 1 ? "samples" : "top-p");
    return err_hint(err, "--temperature 0.8 --top-p 0.95 is what code is often sampled with");
}

/* "2/3": the second of three. */
static enum carat_err shard_option(const char *word, struct eval_options *out, struct err *err)
{
    enum { SHARDS_MAX = 100000 };
    struct str s = str_from(word);
    ptrdiff_t slash = word ? str_find(s, STR("/"), 0) : -1;
    size_t i = 0, n = 0;
    if (!word)
        return CARAT_OK;
    if (slash < 0 || !num_parse_size((struct str){s.p, (size_t)slash}, &i) ||
        !num_parse_size((struct str){s.p + slash + 1, s.n - (size_t)slash - 1}, &n) || i < 1 || i > n || n > SHARDS_MAX)
        return err_set(err, CARAT_EUSAGE, "--shard wants I/N with 1 <= I <= N <= %d, not '%s'", SHARDS_MAX, word);
    out->shard = i - 1;
    out->n_shards = n;
    return CARAT_OK;
}

static enum carat_err form_options(const struct options *o, struct eval_form *out, struct err *err)
{
    const char *wants = o->chat ? NULL : o->chat_template ? "chat-template" : o->fewshot_as_multiturn ? "fewshot-as-multiturn" : NULL;
    *out = (struct eval_form){.chat = o->chat,
                              .multiturn = o->fewshot_as_multiturn != SWITCH_OFF,
                              .template_path = o->chat_template,
                              .system = o->system};
    if (wants)
        return err_set(err, CARAT_EUSAGE, "--%s wants --chat: without it prompts are plain text", wants);
    if (o->system && !utf8_valid(str_from(o->system)))
        return err_set(err, CARAT_EUSAGE, "--system wants a text in UTF-8");
    return CARAT_OK;
}

enum carat_err eval_options_from(const struct options *o, struct eval_options *out, struct err *err)
{
    if (o->shots > 1000)
        return err_set(err, CARAT_EUSAGE, "--shots wants at most 1000");
    if (o->seed > UINT32_MAX)
        return err_set(err, CARAT_EUSAGE, "--seed wants less than 2^32");
    *out = (struct eval_options){.tasks = o->tasks.items,
                                 .n_tasks = o->tasks.n,
                                 .limit = o->limit,
                                 .shots = (int)o->shots,
                                 .settings = (o->shots_fixed ? PROTO_SHOTS_FIXED : 0u) |
                                             (o->protocol && strcmp(o->protocol, "published") == 0 ? PROTO_PUBLISHED : 0u),
                                 .seed = o->seed,
                                 .max_tokens = o->max_tokens,
                                 .data_dir = o->data,
                                 .fresh = o->fresh,
                                 .quiet = o->quiet,
                                 .unsafe_no_jail = o->unsafe_no_jail,
                                 .jail_wall = jail_wall_from(o->jail_wall),
                                 .interrupted = cli_interrupted};
    enum carat_err rc = sampling_options(o, &out->sampling, err);
    if (!rc)
        rc = shard_option(o->shard, out, err);
    if (!rc)
        rc = form_options(o, &out->form, err);
    return rc ? rc : backend_options(o, &out->backend, err);
}

void free_models(struct eval_model *models, size_t n)
{
    for (size_t i = 0; models && i < n; i++) {
        free(models[i].name);
        free(models[i].path);
    }
    free(models);
}

/* Known now, not after the first model's hours: is it there, whole, of a kind carat knows? */
static enum carat_err check_model(const struct eval_model *model, bool first, struct err *err)
{
    struct carat_model *m = NULL;
    if (backend_is_server(model->path))
        return CARAT_OK; /* asked what it can do before anything is computed */
    if (!file_exists(model->path))
        return err_set(err, CARAT_EINPUT, "cannot open '%s': no such file or folder", model->path);
    enum carat_err rc = first ? CARAT_OK : carat_model_open(model->path, &m, err);
    carat_model_free(m);
    return rc;
}

enum carat_err open_models(const struct strings *words, struct eval_model **out, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    *out = calloc(words->n + 1, sizeof **out);
    if (!*out)
        return err_nomem(err, "the models");
    for (size_t i = 0; i < words->n && !rc; i++) {
        rc = model_path(words->items[i], &(*out)[i].name, &(*out)[i].path, err);
        for (size_t k = 0; k < i && !rc; k++) {
            if (strcmp((*out)[k].name, (*out)[i].name) == 0) {
                rc = err_set(err, CARAT_EUSAGE, "two models are called '%s'", (*out)[i].name);
                err_hint(err, "name them: -m first=PATH -m second=PATH");
            }
        }
        if (!rc)
            rc = check_model(&(*out)[i], i == 0, err);
    }
    return rc;
}

static enum carat_err print_loaded(struct summary *sum, struct carat_store *store, const int64_t *runs, size_t n,
                                   const struct options *o, struct run_log *log, struct err *err)
{
    struct buf out = BUF_INIT(BUF_MAX_DEFAULT), warnings = BUF_INIT(1 << 20);
    struct pass_at_k *passes = NULL;
    size_t n_passes = 0;
    enum carat_err rc = pass_at_k_load(store, runs, n, &sum->arena, &passes, &n_passes, err);
    if (!rc && o->json) {
        json_t *json = summary_json(sum);
        bool failed = json_object_set_new(json, "pass_at_k", pass_at_k_json(passes, n_passes)) ||
                      json_write(json, &out) || buf_addc(&out, '\n');
        rc = failed ? err_nomem(err, "the scores") : CARAT_OK;
        json_decref(json);
    } else if (!rc) {
        rc = summary_table(sum, table_format(o), &out, err);
        if (table_format(o) == CARAT_TABLE_TEXT)
            pass_at_k_text(passes, n_passes, &out);
        if (!rc && table_format(o) == CARAT_TABLE_TEXT && sum->n_measured) {
            buf_addc(&out, '\n');
            rc = summary_notes(sum, !o->models.n, &out, err);
        }
    }
    if (!rc)
        fwrite(out.p, 1, out.n, stdout);
    if (!rc && !summary_warnings(sum, o->shard != NULL, &warnings))
        for (char *line = warnings.p; line && *line;) {
            char *end = strchr(line, '\n');
            *end = '\0';
            run_log_warn(log, "%s", line);
            line = end + 1;
        }
    buf_release(&out);
    buf_release(&warnings);
    return rc;
}

enum carat_err print_summary(struct carat_store *store, const int64_t *runs, size_t n, const struct options *o,
                             struct err *err)
{
    struct summary sum;
    enum carat_err rc = load_summary(store, runs, n, o, &sum, err);
    if (rc)
        return rc;
    rc = print_loaded(&sum, store, runs, n, o, NULL, err);
    summary_release(&sum);
    return rc;
}

enum carat_table_format table_format(const struct options *o)
{
    static const char *const names[] = {[CARAT_TABLE_TEXT] = "text",   [CARAT_TABLE_MARKDOWN] = "markdown",
                                        [CARAT_TABLE_CSV] = "csv",     [CARAT_TABLE_LATEX] = "latex",
                                        [CARAT_TABLE_HTML] = "html"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (o->format && strcmp(o->format, names[i]) == 0)
            return (enum carat_table_format)i;
    return CARAT_TABLE_TEXT;
}

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
    rc = print_loaded(&sum, store, runs, n, o, log, err);
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

static enum carat_err run(const struct options *o, struct err *err)
{
    struct suite suite = {.limit = -1};
    struct options shown;
    struct run_log *log = NULL;
    struct plugins *plugins = NULL;
    struct yaml_tasks *yaml = NULL;
    struct eval_model *models = NULL;
    struct eval_options eval = {0};
    struct bench_set set = {.arena = ARENA_INIT};
    struct carat_store *store = NULL;
    int64_t *runs = NULL;
    enum carat_err rc = check_words(o, err);
    if (!rc)
        rc = eval_options_from(o, &eval, err);
    if (!rc && o->from_bundle)
        rc = carat_bundle_read(o->from_bundle, NULL, false, err);
    if (!rc)
        rc = take_suite(o, &suite, &eval, &shown, err);
    if (!rc)
        rc = load_plugins(o, &plugins, err);
    if (!rc)
        rc = load_task_files(o, &yaml, err);
    if (!rc)
        rc = open_models(&o->models, &models, err);
    eval.plugins = plugins;
    eval.yaml = yaml;
    eval.models = models;
    eval.n_models = o->models.n;
    runs = calloc(o->models.n + 1, sizeof *runs);
    if (!rc && !runs)
        rc = err_nomem(err, "the runs");
    if (!rc)
        rc = run_log_open(o->log_json, &log, err);
    eval.log = log;
    if (!rc)
        rc = check_suite(o, &eval, err);
    if (!rc)
        rc = bench_load(&eval, &set, err);
    if (!rc)
        log_start(log, o, &eval, &set);
    if (!rc)
        rc = carat_store_open(o->db ? o->db : DEFAULT_DB, CARAT_STORE_WRITE, &store, err);
    if (!rc)
        rc = evaluate(&set, &eval, store, runs, err);
    if (rc == CARAT_EINTERRUPTED)
        hint_resume(o, err);
    if (!rc && suite.figure && !o->json)
        rc = print_figure(store, runs, o->models.n, &shown, err);
    if (!rc)
        rc = print_and_check(store, runs, o->models.n, &shown, log, err);
    log_end(log, rc, err);
    rc = end_log(log, rc, err);
    carat_store_free(store);
    bench_release(&set);
    plugins_free(plugins);
    yaml_tasks_free(yaml);
    free_models(models, o->models.n);
    free(runs);
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
