/* build.c - from a configuration to a task: every key taken, ignored for a reason, or refused by name. */
#include <math.h>
#include <stdlib.h>

#include "harness/protocol/plugin.h"
#include "read.h"
#include "yaml_task.h"

enum key_kind {
    KEY_TAKEN,
    KEY_IGNORED, /* it says nothing about prompts or scores */
    KEY_REFUSED,
};
struct key {
    const char *name;
    enum key_kind kind;
};

static const struct key keys[] = {
    {"class", KEY_REFUSED},
    {"custom_dataset", KEY_REFUSED},
    {"dataset_kwargs", KEY_TAKEN},
    {"dataset_name", KEY_TAKEN},
    {"dataset_path", KEY_TAKEN},
    {"description", KEY_TAKEN},
    {"doc_to_audio", KEY_REFUSED},
    {"doc_to_choice", KEY_TAKEN},
    {"doc_to_decontamination_query", KEY_IGNORED},
    {"doc_to_image", KEY_REFUSED},
    {"doc_to_target", KEY_TAKEN},
    {"doc_to_text", KEY_TAKEN},
    {"fewshot_config", KEY_TAKEN},
    {"fewshot_delimiter", KEY_TAKEN},
    {"fewshot_split", KEY_TAKEN},
    {"filter_list", KEY_TAKEN},
    {"gen_prefix", KEY_TAKEN},
    {"generation_kwargs", KEY_TAKEN},
    {"group", KEY_IGNORED},
    {"metadata", KEY_TAKEN},
    {"metric_list", KEY_TAKEN},
    {"num_fewshot", KEY_TAKEN},
    {"output_type", KEY_TAKEN},
    {"process_docs", KEY_TAKEN},
    {"process_results", KEY_TAKEN},
    {"repeats", KEY_TAKEN},
    {"should_decontaminate", KEY_IGNORED},
    {"tag", KEY_IGNORED},
    {"target_delimiter", KEY_TAKEN},
    {"task", KEY_TAKEN},
    {"task_alias", KEY_TAKEN},
    {"task_list", KEY_IGNORED},
    {"test_split", KEY_TAKEN},
    {"training_split", KEY_TAKEN},
    {"unsafe_code", KEY_IGNORED}, /* programs run in the jail, whatever a file says */
    {"use_prompt", KEY_REFUSED},
    {"validation_split", KEY_TAKEN},
};
static const struct key shot_keys[] = {
    {"doc_to_choice", KEY_TAKEN},    {"doc_to_target", KEY_TAKEN},   {"doc_to_text", KEY_TAKEN},
    {"fewshot_delimiter", KEY_TAKEN}, {"fewshot_indices", KEY_REFUSED}, /* the reference's release reads it and never draws by it */
    {"gen_prefix", KEY_TAKEN},       {"process_docs", KEY_TAKEN},    {"sampler", KEY_TAKEN},
    {"samples", KEY_TAKEN},          {"split", KEY_TAKEN},           {"target_delimiter", KEY_TAKEN},
};
static const struct key data_keys[] = {
    {"column_names", KEY_TAKEN},
    {"data_dir", KEY_TAKEN},
    {"data_files", KEY_TAKEN},
    {"features", KEY_REFUSED}, /* types of columns: rows are read with those they have */
    {"header", KEY_TAKEN},
    {"revision", KEY_IGNORED}, /* the files at hand are what they are: the run names them and their hash */
    {"streaming", KEY_IGNORED},
    {"trust_remote_code", KEY_IGNORED},
    {"verification_mode", KEY_IGNORED},
};
#define COUNT(a) (sizeof(a) / sizeof *(a))

/* ---- values of the configuration --------------------------------------------------------------------- */

static const json_t *value_of(const json_t *map, const char *key)
{
    const json_t *v = json_object_get(map, key);
    return json_is_null(v) ? NULL : v;
}

static enum carat_err wrong_type(const char *key, const char *wants, struct err *err)
{
    return err_set(err, CARAT_EINPUT, "'%s' wants %s", key, wants);
}

/* A function where there may be none is told by its name. */
static enum carat_err refuse_function(const char *key, const json_t *v, struct err *err)
{
    struct str name, dir;
    if (!yaml_function(v, &name, &dir))
        return CARAT_OK;
    return err_set(err, CARAT_EUNSUPPORTED, "'%s: !function %.*s' is not supported", key, (int)name.n, name.p);
}

static enum carat_err take_text(const json_t *map, const char *key, const char **out, struct err *err)
{
    const json_t *v = value_of(map, key);
    if (!v)
        return CARAT_OK;
    enum carat_err rc = refuse_function(key, v, err);
    if (!rc && (!json_is_string(v) || strlen(json_string_value(v)) != json_string_length(v)))
        rc = wrong_type(key, "a text", err);
    if (!rc)
        *out = json_string_value(v);
    return rc;
}

static enum carat_err take_count(const json_t *map, const char *key, int max, int *out, struct err *err)
{
    const json_t *v = value_of(map, key);
    if (!v)
        return CARAT_OK;
    if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > max)
        return err_set(err, CARAT_EINPUT, "'%s' wants a whole number from 0 to %d", key, max);
    *out = (int)json_integer_value(v);
    return CARAT_OK;
}

static enum carat_err check_keys(const json_t *map, const char *where, const struct key *table, size_t n, struct err *err)
{
    const char *name;
    json_t *v;
    json_object_foreach((json_t *)(uintptr_t)map, name, v) {
        const char *names[64];
        size_t i = 0;
        while (i < n && strcmp(table[i].name, name) != 0)
            i++;
        if (i < n && (table[i].kind != KEY_REFUSED || json_is_null(v)))
            continue;
        if (i < n) {
            enum carat_err rc = refuse_function(name, v, err);
            return rc ? rc : err_set(err, CARAT_EUNSUPPORTED, "the key '%s%s' is not supported", where, name);
        }
        for (i = 0; i < n && i < COUNT(names) - 1; i++)
            names[i] = table[i].name;
        names[i] = NULL;
        const char *near = str_nearest(name, names);
        err_set(err, CARAT_EINPUT, "the key '%s%.100s' is unknown", where, name);
        return near ? err_hint(err, "did you mean '%s'?", near) : err->code;
    }
    return CARAT_OK;
}

/* ---- the parts of a task ------------------------------------------------------------------------------- */

static enum carat_err take_output(struct yaml_task *t, struct err *err)
{
    static const char *const names[] = {[CARAT_MULTIPLE_CHOICE] = "multiple_choice",
                                        [CARAT_GENERATE] = "generate_until",
                                        [CARAT_LOGLIKELIHOOD] = "loglikelihood",
                                        [CARAT_ROLLING] = "loglikelihood_rolling"};
    const char *name = "generate_until";
    enum carat_err rc = take_text(t->config, "output_type", &name, err);
    for (size_t i = 0; i < COUNT(names) && !rc; i++)
        if (strcmp(names[i], name) == 0) {
            t->task.output = (enum carat_output)i;
            return CARAT_OK;
        }
    return rc ? rc : err_set(err, CARAT_EUNSUPPORTED, "'output_type: %.60s' is unknown", name);
}

/* metadata.version, a number or a text, as the ABI's whole number: what is before the first point, 1 at least. */
static void take_version(struct yaml_task *t)
{
    const json_t *v = value_of(value_of(t->config, "metadata"), "version");
    double version = json_number_value(v);
    if (json_is_string(v)) {
        int64_t whole;
        struct str s = {json_string_value(v), strcspn(json_string_value(v), ".")};
        version = num_parse_i64(s, &whole) ? (double)whole : 1;
    }
    t->task.version = version >= 1 && version < 1e6 ? (int)version : 1;
}

static enum carat_err take_dataset(struct yaml_task *t, struct err *err)
{
    const json_t *kwargs = value_of(t->config, "dataset_kwargs");
    if (kwargs && !json_is_object(kwargs))
        return wrong_type("dataset_kwargs", "a mapping", err);
    enum carat_err rc = check_keys(kwargs, "dataset_kwargs: ", data_keys, COUNT(data_keys), err);
    if (!rc)
        rc = take_text(t->config, "dataset_path", &t->dataset_path, err);
    if (!rc)
        rc = take_text(t->config, "dataset_name", &t->dataset_name, err);
    if (!rc)
        rc = take_text(kwargs, "data_dir", &t->data_dir, err);
    if (!rc && !t->dataset_path)
        rc = err_set(err, CARAT_EINPUT, "the key 'dataset_path' is missing");
    t->data_files = value_of(kwargs, "data_files");
    t->headless = json_object_get(kwargs, "column_names") || json_object_get(kwargs, "header");
    t->task.dataset = t->dataset_path;
    return rc;
}

/* Splits and the pool of shots (TASKS.md section 2). An item is kept out of its shots exactly when the pool's split and
 * `test_split` are the same, both unset included. */
static enum carat_err take_splits(struct yaml_task *t, const json_t *shots, struct err *err)
{
    const char *train = NULL, *validation = NULL, *test = NULL, *split = NULL;
    const json_t *own = json_object_get(shots, "split");
    enum carat_err rc = take_text(t->config, "training_split", &train, err);
    rc = rc ? rc : take_text(t->config, "validation_split", &validation, err);
    rc = rc ? rc : take_text(t->config, "test_split", &test, err);
    rc = rc ? rc : own ? take_text(shots, "split", &split, err) : take_text(t->config, "fewshot_split", &split, err);
    if (rc)
        return rc;
    if (!test && !validation)
        return err_set(err, CARAT_EINPUT, "neither 'test_split' nor 'validation_split' is there");
    const json_t *samples = value_of(shots, "samples");
    t->task.test_split = test ? test : validation;
    t->task.shots_exclude_item = split && test ? strcmp(split, test) == 0 : !split && !test;
    if (!split && samples) {
        struct str name, dir;
        if (yaml_function(samples, &name, &dir)) {
            rc = hook_samples(samples, &t->own_samples, err);
            samples = t->own_samples;
        }
        if (!rc && !json_is_array(samples))
            rc = wrong_type("samples", "a list of rows", err);
        if (rc)
            return rc;
        t->samples = samples;
        t->task.shots_split = "samples";
        return CARAT_OK;
    }
    t->task.shots_split = split ? split : train ? train : validation ? validation : test;
    return CARAT_OK;
}

static enum carat_err take_hook(const json_t *map, const char *key, struct hook **out, struct err *err)
{
    const json_t *v = value_of(map, key);
    *out = NULL;
    return v ? hook_new(v, key, HOOK_ROW, out, err) : CARAT_OK;
}

/* Where fewshot_config has the key, its value stands, null included; else the task's. */
static enum carat_err shot_expr(struct yaml_task *t, const json_t *shots, const char *key, struct yaml_expr *out,
                                struct err *err)
{
    const json_t *own = json_object_get(shots, key);
    return expr_make(key, own ? own : json_object_get(t->config, key), out, err);
}

static enum carat_err take_exprs(struct yaml_task *t, const json_t *shots, struct err *err)
{
    const struct {
        const char *key;
        struct yaml_expr *item, *shot;
    } exprs[] = {{"doc_to_text", &t->text, &t->shot_text},
                 {"doc_to_target", &t->target, &t->shot_target},
                 {"doc_to_choice", &t->choice, &t->shot_choice},
                 {"gen_prefix", &t->prefix, &t->shot_prefix},
                 {"description", &t->description, NULL}};
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; i < COUNT(exprs) && !rc; i++) {
        rc = expr_make(exprs[i].key, json_object_get(t->config, exprs[i].key), exprs[i].item, err);
        if (!rc && exprs[i].shot)
            rc = shot_expr(t, shots, exprs[i].key, exprs[i].shot, err);
    }
    if (!rc && t->text.kind == EXPR_ABSENT && t->task.output != CARAT_ROLLING)
        rc = err_set(err, CARAT_EINPUT, "the key 'doc_to_text' is missing");
    if (!rc && t->target.kind == EXPR_ABSENT)
        rc = err_set(err, CARAT_EINPUT, "the key 'doc_to_target' is missing");
    if (!rc && t->choice.kind == EXPR_ABSENT && t->task.output == CARAT_MULTIPLE_CHOICE)
        rc = err_set(err, CARAT_EINPUT, "the key 'doc_to_choice' is missing");
    return rc;
}

/* The plan has one delimiter for items and shots. */
static enum carat_err same_delimiter(const json_t *shots, const char *key, const char *task_has, struct err *err)
{
    const char *own = task_has;
    enum carat_err rc = take_text(shots, key, &own, err);
    if (!rc && strcmp(own, task_has) != 0)
        rc = err_set(err, CARAT_EUNSUPPORTED, "'fewshot_config: %s' is another than the task's: not supported", key);
    return rc;
}

static enum carat_err take_shots(struct yaml_task *t, const json_t *shots, struct err *err)
{
    const char *sampler = "default";
    const json_t *n = value_of(t->config, "num_fewshot");
    enum carat_err rc = take_text(shots, "sampler", &sampler, err);
    t->task.shots = CARAT_SHOTS_SAMPLED;
    if (!rc && strcmp(sampler, "first_n") == 0)
        t->task.shots = CARAT_SHOTS_FIRST;
    else if (!rc && strcmp(sampler, "default") != 0)
        rc = err_set(err, CARAT_EUNSUPPORTED, "'fewshot_config: sampler: %.60s' is unknown", sampler);
    rc = rc ? rc : take_count(t->config, "num_fewshot", 1000, &t->task.default_shots, err);
    if (t->task.output == CARAT_ROLLING)
        t->task.default_shots = 0;
    if (!rc && ((n && t->task.default_shots == 0) || t->task.output == CARAT_ROLLING))
        t->task.shots = CARAT_SHOTS_NEVER; /* asked for or not: the reference lets no --num_fewshot change a zero */
    t->task.delimiter = " ";
    t->task.shot_delimiter = "\n\n";
    rc = rc ? rc : take_text(t->config, "target_delimiter", &t->task.delimiter, err);
    rc = rc ? rc : take_text(t->config, "fewshot_delimiter", &t->task.shot_delimiter, err);
    rc = rc ? rc : same_delimiter(shots, "target_delimiter", t->task.delimiter, err);
    rc = rc ? rc : same_delimiter(shots, "fewshot_delimiter", t->task.shot_delimiter, err);
    rc = rc ? rc : take_hook(t->config, "process_docs", &t->process_docs, err);
    t->shot_process_docs = t->process_docs;
    if (!rc && json_object_get(shots, "process_docs"))
        rc = take_hook(shots, "process_docs", &t->shot_process_docs, err);
    return rc;
}

/* A description without markup is the task's; another one is made for each row. */
static void take_description(struct yaml_task *t)
{
    const char *text = t->description.kind == EXPR_TEXT ? json_string_value(t->description.value) : "";
    if (strstr(text, "{{") || strstr(text, "{%") || strstr(text, "{#"))
        return;
    bool field = *text && strpbrk(text, " \n.:") == NULL; /* it may be a field's name */
    if (!field)
        t->task.description = *text ? text : NULL;
}

/* What decides prompts and is not in the ABI's structure; a function counts by its source. */
static enum carat_err make_digest(struct yaml_task *t, struct err *err)
{
    static const char *const names[] = {"doc_to_text", "doc_to_target", "doc_to_choice", "description", "gen_prefix"};
    const struct yaml_expr *exprs[] = {&t->text,        &t->target,    &t->choice,      &t->description,
                                       &t->prefix,      &t->shot_text, &t->shot_target, &t->shot_choice,
                                       &t->shot_prefix};
    struct buf b = BUF_INIT(YAML_FILE_MAX * 8);
    bool ok = true;
    for (size_t i = 0; i < COUNT(exprs) && ok; i++) {
        buf_printf(&b, "\n%s ", i < COUNT(names) ? names[i] : "shot");
        if (exprs[i]->kind == EXPR_HOOK)
            hook_identify(exprs[i]->hook, &b);
        else if (exprs[i]->kind != EXPR_ABSENT)
            ok = !json_write(exprs[i]->value, &b);
    }
    buf_adds(&b, "\nprocess ");
    if (t->process_docs)
        hook_identify(t->process_docs, &b);
    if (t->shot_process_docs && t->shot_process_docs != t->process_docs)
        hook_identify(t->shot_process_docs, &b);
    if (t->samples)
        ok = ok && !json_write(t->samples, &b);
    ok = ok && !buf_failed(&b);
    if (ok)
        sha256_hex(b.p, b.n, t->digest);
    buf_release(&b);
    return ok ? CARAT_OK : err_nomem(err, "a task");
}

static enum carat_err build(struct yaml_task *t, struct err *err)
{
    const json_t *shots = value_of(t->config, "fewshot_config");
    if (shots && !json_is_object(shots))
        return wrong_type("fewshot_config", "a mapping", err);
    enum carat_err rc = check_keys(t->config, "", keys, COUNT(keys), err);
    rc = rc ? rc : check_keys(shots, "fewshot_config: ", shot_keys, COUNT(shot_keys), err);
    rc = rc ? rc : take_text(t->config, "task_alias", &t->task.title, err);
    rc = rc ? rc : take_output(t, err);
    rc = rc ? rc : take_dataset(t, err);
    rc = rc ? rc : take_splits(t, shots, err);
    rc = rc ? rc : take_shots(t, shots, err);
    rc = rc ? rc : take_exprs(t, shots, err);
    take_version(t);
    if (!rc)
        take_description(t);
    rc = rc ? rc : yaml_task_scoring(t, err);
    rc = rc ? rc : make_digest(t, err);
    return rc ? rc : plugins_check_task(&t->task, err);
}

enum carat_err yaml_task_new(const char *name, json_t *config, const char *path, const char *dir, struct yaml_task **out,
                             struct err *err)
{
    struct err local = ERR_INIT;
    struct err *e = err ? err : &local;
    struct yaml_task *t = calloc(1, sizeof *t);
    *out = NULL;
    if (!t) {
        json_decref(config);
        return err_nomem(err, "a task");
    }
    t->arena = (struct arena)ARENA_INIT;
    t->config = config;
    char *own_name = arena_dup(&t->arena, name, strlen(name));
    t->path = path ? arena_dup(&t->arena, path, strlen(path)) : NULL;
    t->dir = arena_dup(&t->arena, dir, strlen(dir));
    t->task = (struct carat_task){.abi = CARAT_TASK_ABI, .name = own_name, .self = t, .example = yaml_example};
    enum carat_err rc = own_name && t->dir && (t->path || !path) ? build(t, e) : err_nomem(e, "a task");
    if (rc) {
        err_context(e, "%s", path ? path : name);
        yaml_task_free(t);
        return rc;
    }
    *out = t;
    return CARAT_OK;
}

void yaml_task_free(struct yaml_task *t)
{
    if (!t)
        return;
    struct yaml_expr *exprs[] = {&t->text,      &t->target,      &t->choice,      &t->description, &t->prefix,
                                 &t->shot_text, &t->shot_target, &t->shot_choice, &t->shot_prefix};
    for (size_t i = 0; i < COUNT(exprs); i++)
        expr_release(exprs[i]);
    if (t->shot_process_docs != t->process_docs)
        hook_free(t->shot_process_docs);
    hook_free(t->process_docs);
    hook_free(t->results);
    hook_free(t->prediction);
    hook_free(t->options);
    json_decref(t->own_samples);
    json_decref(t->config);
    arena_release(&t->arena);
    free(t);
}

const struct carat_task *yaml_task_abi(const struct yaml_task *task) { return &task->task; }

const struct yaml_task *yaml_task_of(const struct carat_task *task)
{
    return task->example == yaml_example ? task->self : NULL;
}

const char *yaml_task_digest(const struct yaml_task *task) { return task->digest; }

const char *yaml_task_cannot_run(const struct yaml_task *task) { return task->cannot_run; }

const char *yaml_task_leaves_out(const struct yaml_task *task) { return task->left_out; }
