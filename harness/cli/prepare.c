/* prepare.c - from options to what is to be run: tasks known by name, settings, models. */
#include "commands.h"
#include "harness/protocol/plugin.h"
#include "harness/yaml/yaml_tasks.h"
#include "run_common.h"

/* ---- tasks ---- */

static enum carat_err load_task_files(const struct options *o, struct yaml_tasks **out, struct err *err)
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

enum carat_err known_tasks_load(const struct options *o, struct known_tasks *out, struct err *err)
{
    enum carat_err rc = load_plugins(o, &out->plugins, err);
    return rc ? rc : load_task_files(o, &out->files, err);
}

void known_tasks_release(struct known_tasks *k)
{
    plugins_free(k->plugins);
    yaml_tasks_free(k->files);
    *k = (struct known_tasks){0};
}

/* ---- what the options ask for ---- */

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

/* ---- the store and the models ---- */

enum carat_err open_store(const struct options *o, enum carat_store_mode mode, struct carat_store **out, struct err *err)
{
    return carat_store_open(o->db ? o->db : DEFAULT_DB, mode, out, err);
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

enum carat_err evaluation_open_models(struct evaluation *e, const struct strings *words, struct eval_options *eval,
                                      struct err *err)
{
    enum carat_err rc = open_models(words, &e->models, err);
    e->n_models = e->models ? words->n : 0;
    e->runs = calloc(words->n + 1, sizeof *e->runs);
    if (!rc && !e->runs)
        rc = err_nomem(err, "the runs");
    eval->plugins = e->known.plugins;
    eval->yaml = e->known.files;
    eval->models = e->models;
    eval->n_models = e->n_models;
    return rc;
}

void evaluation_release(struct evaluation *e)
{
    carat_store_free(e->store);
    bench_release(&e->set);
    known_tasks_release(&e->known);
    free_models(e->models, e->n_models);
    free(e->runs);
}
