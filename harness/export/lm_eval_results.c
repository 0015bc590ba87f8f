/* The reference harness's results_TIME.json: scores, groups, configurations. What it says of its own machinery (git hash,
 * torch, transformers) has carat's words or null. */
#define _GNU_SOURCE /* strptime(), timegm() */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "engine/engine.h"
#include "harness/eval/leaf_score.h"
#include "lm_eval_int.h"
#include "pyjson.h"

#define REFERENCE_VERSION "0.4.13"

static json_t *real_or_na(double x) { return isfinite(x) ? json_real(x) : json_string("N/A"); }

/* "acc" is the reference's "acc,none"; a name without a filter has the task's first one. */
static void metric_keys(const struct export_task *t, struct str name, char value[200], char error[200])
{
    ptrdiff_t comma = str_find(name, STR(","), 0);
    struct str base = comma < 0 ? name : (struct str){name.p, (size_t)comma}, filter = STR("none");
    if (comma >= 0)
        filter = (struct str){name.p + comma + 1, name.n - (size_t)comma - 1};
    else
        (void)json_get_str(json_array_get(json_object_get(t->settings, "filters"), 0), "name", &filter);
    filter = lm_eval_filter(t, filter);
    snprintf(value, 200, "%.*s,%.*s", (int)base.n, base.p, (int)filter.n, filter.p);
    snprintf(error, 200, "%.*s_stderr,%.*s", (int)base.n, base.p, (int)filter.n, filter.p);
}

static void set_mean(const struct export_task *t, struct str name, const struct stat_mean *mean, json_t *entry)
{
    char value[200], error[200];
    metric_keys(t, name, value, error);
    json_object_set_new(entry, value, real_or_na(mean->mean));
    json_object_set_new(entry, error, real_or_na(mean->stderr_mean));
}

/* A subset goes by its own name in its group's table. */
static struct str alias_of(const struct export_task *t)
{
    struct str name = t->row.name, parent = t->row.parent;
    if (parent.n && str_starts(name, parent) && name.n > parent.n + 1)
        return (struct str){name.p + parent.n + 1, name.n - parent.n - 1};
    return name;
}

static json_t *task_entry(const struct export_task *t)
{
    json_t *entry = json_pack("{s:o, s:o, s:I}", "name", json_text(t->row.name), "alias", json_text(alias_of(t)), "sample_len",
                              (json_int_t)(t->row.n_items - t->row.outcomes[CARAT_REFUSED]));
    for (size_t i = 0; i < t->n_metrics; i++)
        set_mean(t, t->metrics[i].name, &t->metrics[i].mean, entry);
    return entry;
}

/* "mmlu_stem" of a subset of mmlu; "" where there is none. */
static void subgroup_name(const struct export_task *t, char out[200])
{
    out[0] = '\0';
    if (t->row.subgroup.n)
        snprintf(out, 200, "%s_%s", t->row.parent.p, t->row.subgroup.p);
}

static bool in_group(const struct export_task *t, const char *group)
{
    char sub[200];
    subgroup_name(t, sub);
    return str_eq(t->row.parent, str_from(group)) || strcmp(sub, group) == 0;
}

static bool is_subgroup(const struct export_run *run, const char *group)
{
    for (size_t i = 0; i < run->n_tasks; i++)
        if (str_eq(run->tasks[i].row.parent, str_from(group)))
            return false;
    return true;
}

/* Every item counts once, as most of the reference's groups have it, or every leaf. */
static json_t *group_entry(const struct export_run *run, const char *group, const struct export_task *any)
{
    struct stat_mean *means = calloc(run->n_tasks + 1, sizeof *means), pooled;
    json_t *entry = json_pack("{s:s, s:s, s:n}", "name", group, "alias",
                              is_subgroup(run, group) ? any->row.subgroup.p : group, "sample_len");
    json_t *counts = json_object();
    json_int_t n_items = 0;
    for (size_t m = 0; means && m < any->n_metrics; m++) {
        size_t n = 0;
        for (size_t i = 0; i < run->n_tasks; i++)
            for (size_t k = 0; in_group(&run->tasks[i], group) && k < run->tasks[i].n_metrics; k++)
                if (str_eq(run->tasks[i].metrics[k].name, any->metrics[m].name))
                    means[n++] = run->tasks[i].metrics[k].mean;
        char value[200], error[200];
        (group_counts_leaves_once(any->row.settings) ? stat_pool_equal : stat_pool)(means, n, &pooled);
        set_mean(any, any->metrics[m].name, &pooled, entry);
        metric_keys(any, any->metrics[m].name, value, error);
        json_object_set_new(counts, value, json_integer((json_int_t)pooled.n));
        n_items = (json_int_t)pooled.n;
    }
    json_object_set_new(entry, "sample_len", json_integer(n_items));
    json_object_set_new(entry, "sample_count", counts);
    free(means);
    return entry;
}

static void add_member(json_t *group_subtasks, const char *group, const char *member)
{
    json_t *list = json_object_get(group_subtasks, group), *item;
    size_t i;
    if (!list) {
        list = json_array();
        json_object_set_new(group_subtasks, group, list);
    }
    json_array_foreach(list, i, item)
        if (strcmp(json_string_value(item), member) == 0)
            return;
    json_array_append_new(list, json_string(member));
}

/* Groups stand before their tasks, as the reference's table wants them. */
static void set_groups(const struct export_run *run, json_t *results, json_t *groups, json_t *subtasks, json_t *versions)
{
    for (size_t i = 0; i < run->n_tasks; i++) {
        const struct export_task *t = &run->tasks[i];
        char sub[200];
        subgroup_name(t, sub);
        if (t->row.parent.n) {
            const char *names[] = {t->row.parent.p, sub};
            for (size_t k = 0; k < 2; k++) {
                if (!*names[k] || json_object_get(groups, names[k]))
                    continue;
                json_t *entry = group_entry(run, names[k], t);
                json_object_set(results, names[k], entry);
                json_object_set_new(groups, names[k], entry);
                json_object_set_new(versions, names[k], json_real(t->row.version));
            }
            add_member(subtasks, t->row.parent.p, *sub ? sub : t->row.name.p);
            if (*sub)
                add_member(subtasks, sub, t->row.name.p);
        }
        json_object_set_new(results, t->row.name.p, task_entry(t));
    }
}

/* A perplexity is better where it is lower. */
static bool higher_is_better(const struct export_task *t, const json_t *metric)
{
    struct str name = STR("");
    (void)json_get_str(metric, "name", &name);
    for (size_t i = 0; i < t->n_metrics; i++)
        if (str_starts(t->metrics[i].name, name))
            return t->metrics[i].higher_is_better;
    return true;
}

static json_t *metric_list(const struct export_task *t, json_t *higher)
{
    json_t *list = json_array(), *metric;
    size_t i;
    json_array_foreach(json_object_get(t->settings, "metrics"), i, metric) {
        const char *name = json_string_value(json_object_get(metric, "name"));
        json_t *m = json_pack("{s:s, s:s, s:b, s:O*, s:O*, s:O*}", "metric", name, "aggregation",
                              lm_eval_is_of_corpus(t->settings, str_from(name)) ? name : "mean",
                              "higher_is_better", higher_is_better(t, metric), "ignore_case", json_object_get(metric, "ignore_case"), "ignore_punctuation",
                              json_object_get(metric, "ignore_punctuation"), "regexes_to_ignore",
                              json_object_get(metric, "ignore_patterns"));
        json_array_append_new(list, m);
        json_object_set_new(higher, name, json_boolean(higher_is_better(t, metric)));
    }
    return list;
}

/* The reference's names of a pipeline's steps. */
static json_t *filter_list(const struct export_task *t)
{
    json_t *list = json_array(), *filter, *step;
    size_t i, k;
    json_array_foreach(json_object_get(t->settings, "filters"), i, filter) {
        json_t *steps = json_array();
        json_array_foreach(json_object_get(filter, "steps"), k, step) {
            struct str kind = STR("");
            (void)json_get_str(step, "kind", &kind);
            json_t *s = json_pack("{s:o, s:O*}", "function",
                                  json_text(str_eq(kind, STR("strip")) ? STR("remove_whitespace") : kind), "regex_pattern",
                                  json_object_get(step, "pattern"));
            if (json_integer_value(json_object_get(step, "select")))
                json_object_set(s, "group_select", json_object_get(step, "select"));
            json_array_append_new(steps, s);
        }
        json_array_append_new(list, json_pack("{s:O, s:o}", "name", json_object_get(filter, "name"), "filter", steps));
    }
    return list;
}

static const char *split_key(const json_t *settings)
{
    struct str split = STR("test");
    (void)json_get_str(settings, "split", &split);
    return str_eq(split, STR("test")) ? "test_split" : "validation_split";
}

static json_t *config_of(const struct export_task *t, json_t *higher)
{
    const json_t *s = t->settings;
    json_t *c = json_pack("{s:o, s:o, s:O*, s:O*, s:O*, s:O*, s:i, s:o, s:s, s:i, s:b}", "task", json_text(t->row.name),
                          "dataset_path", json_text(t->row.data_path), split_key(s), json_object_get(s, "split"), "description",
                          json_object_get(s, "description"), "target_delimiter", json_object_get(s, "delimiter"), "fewshot_delimiter",
                          json_object_get(s, "shot_delimiter"), "num_fewshot", t->row.shots, "metric_list",
                          metric_list(t, higher), "output_type", lm_eval_is_choice(t) ? "multiple_choice" : "generate_until",
                          "repeats", 1, "should_decontaminate", 0);
    if (!lm_eval_is_choice(t)) {
        json_object_set_new(c, "generation_kwargs", lm_eval_generation(t));
        json_object_set_new(c, "filter_list", filter_list(t));
    }
    json_object_set_new(c, "metadata", json_pack("{s:f}", "version", (double)t->row.version));
    return c;
}

static json_t *or_null(json_t *value) { return value ? json_incref(value) : json_null(); }

/* The number of rows asked for where it is the same for all tasks and less than they have. */
static json_t *limit_of(const struct export_run *run)
{
    for (size_t i = 0; i < run->n_tasks; i++)
        if (run->tasks[i].row.n_planned == run->tasks[i].row.n_rows || run->tasks[i].row.n_planned != run->tasks[0].row.n_planned)
            return json_null();
    return json_integer(run->tasks[0].row.n_planned);
}

static json_t *run_config(const struct export_run *run)
{
    const json_t *deciding = json_object_get(run->settings, "deciding"), *about = json_object_get(run->settings, "descriptive");
    const json_t *sampling = json_object_get(deciding, "sampling");
    struct str precision = STR("f32");
    char arguments[1200];
    (void)json_get_str(deciding, "precision", &precision);
    snprintf(arguments, sizeof arguments, "pretrained=%s,precision=%s", run->row.model_path.p, precision.p);
    return json_pack("{s:s, s:s, s:o, s:s, s:s, s:o, s:n, s:[], s:s, s:n, s:o, s:i, s:o, s:i, s:i, s:i, s:o}", "model",
                     "carat", "model_args", arguments, "model_num_parameters", or_null(json_object_get(about, "n_parameters")),
                     "model_dtype", str_eq(precision, STR("f32")) ? "float32" : precision.p, "model_revision", "",
                     "model_sha", json_text(run->row.weights_sha256), "batch_size", "batch_sizes", "device", "cpu",
                     "use_cache", "limit", limit_of(run), "bootstrap_iters", 100000, "gen_kwargs",
                     or_null((json_t *)(uintptr_t)sampling), "random_seed", 0, "numpy_seed", 1234, "torch_seed", 1234,
                     "fewshot_seed", or_null(json_object_get(deciding, "seed")));
}

/* ["<eos>", "1"] of the checkpoint's tokenizer, if that is still there. */
static json_t *token_json(const struct carat_tokenizer *tok, int32_t id)
{
    const struct carat_tokenizer_info *info = tok ? carat_tokenizer_info(tok) : NULL;
    if (!info || id < 0)
        return json_null();
    struct buf text = BUF_INIT(1 << 16);
    char number[16];
    (void)carat_tokenizer_decode(tok, &id, 1, 0, &text, NULL);
    snprintf(number, sizeof number, "%d", id);
    json_t *pair = json_pack("[o, s]", json_text(buf_str(&text)), number);
    buf_release(&text);
    return pair;
}

static void set_tokens(const struct export_run *run, json_t *all)
{
    struct carat_tokenizer *tok = NULL;
    (void)carat_tokenizer_open(run->row.model_path.p, &tok, NULL);
    const struct carat_tokenizer_info *info = tok ? carat_tokenizer_info(tok) : NULL;
    int32_t eos = info ? info->eos : -1, bos = info ? info->bos : -1;
    json_object_set_new(all, "tokenizer_pad_token", token_json(tok, info ? info->pad : -1));
    json_object_set_new(all, "tokenizer_eos_token", token_json(tok, eos));
    json_object_set_new(all, "tokenizer_bos_token", token_json(tok, bos));
    json_object_set_new(all, "eot_token_id", eos >= 0 ? json_integer(eos) : json_null());
    json_object_set_new(all, "max_length", or_null(json_object_get(json_object_get(run->settings, "deciding"), "max_length")));
    carat_tokenizer_free(tok);
}

/* Seconds since 1970 of "2026-01-31T12:00:00Z". */
static double epoch(struct str iso)
{
    struct tm tm = {0};
    return strptime(iso.p, "%Y-%m-%dT%H:%M:%SZ", &tm) ? (double)timegm(&tm) : 0;
}

static void set_model(const struct lm_eval *l, const char *sanitized, json_t *all)
{
    const struct export_run *run = l->run;
    double seconds = 0;
    char text[PYJSON_FLOAT];
    for (size_t i = 0; i < run->n_tasks; i++)
        seconds += run->tasks[i].row.wall_s;
    json_object_set(all, "task_hashes", l->task_hashes);
    json_object_set_new(all, "model_source", json_string("carat"));
    json_object_set_new(all, "model_name", json_text(run->row.model_path));
    json_object_set_new(all, "model_name_sanitized", json_string(sanitized));
    const json_t *chat = json_object_get(json_object_get(run->settings, "deciding"), "chat");
    json_object_set_new(all, "system_instruction", or_null(json_object_get(chat, "system")));
    json_object_set_new(all, "system_instruction_sha", json_null());
    const json_t *turns = json_object_get(chat, "fewshot_as_multiturn"); /* without a chat the reference says true as well */
    json_object_set_new(all, "fewshot_as_multiturn", json_boolean(!turns || json_is_true(turns)));
    json_object_set_new(all, "chat_template", or_null(json_object_get(chat, "template")));
    json_object_set_new(all, "chat_template_sha", or_null(json_object_get(chat, "template_sha256")));
    json_object_set_new(all, "total_evaluation_time_seconds", json_string(pyjson_float(seconds, text)));
}

static json_t *results_json(const struct lm_eval *l, const char *sanitized)
{
    const struct export_run *run = l->run;
    json_t *results = json_object(), *groups = json_object(), *subtasks = json_object(), *configs = json_object();
    json_t *versions = json_object(), *shots = json_object(), *better = json_object(), *samples = json_object();
    char about[600];
    set_groups(run, results, groups, subtasks, versions);
    for (size_t i = 0; i < run->n_tasks; i++) {
        const struct export_task *t = &run->tasks[i];
        json_t *higher = json_object();
        json_object_set_new(configs, t->row.name.p, config_of(t, higher));
        json_object_set_new(versions, t->row.name.p, json_real(t->row.version));
        json_object_set_new(shots, t->row.name.p, json_integer(t->row.shots));
        json_object_set_new(better, t->row.name.p, higher);
        json_object_set_new(samples, t->row.name.p, json_pack("{s:I, s:I}", "original", (json_int_t)t->row.n_rows, "effective",
                                                              (json_int_t)(t->row.n_items - t->row.outcomes[CARAT_REFUSED])));
    }
    json_t *all = json_pack("{s:o}", "results", results);
    if (json_object_size(groups))
        json_object_set(all, "groups", groups);
    json_decref(groups);
    json_object_set_new(all, "group_subtasks", subtasks);
    json_object_set_new(all, "configs", configs);
    json_object_set_new(all, "versions", versions);
    json_object_set_new(all, "n-shot", shots);
    json_object_set_new(all, "higher_is_better", better);
    json_object_set_new(all, "n-samples", samples);
    json_object_set_new(all, "config", run_config(run));
    json_object_set_new(all, "git_hash", json_null());
    json_object_set_new(all, "date", json_real(epoch(run->row.started)));
    snprintf(about, sizeof about, "carat %s, %s, %s, %s", run->row.carat_version.p, run->row.compiler.p, run->row.isa.p,
             run->row.cpu.p);
    json_object_set_new(all, "pretty_env_info", json_text(str_from(about)));
    json_object_set_new(all, "transformers_version", json_string("N/A"));
    json_object_set_new(all, "lm_eval_version", json_string(REFERENCE_VERSION));
    json_object_set_new(all, "upper_git_hash", json_null());
    set_tokens(run, all);
    set_model(l, sanitized, all);
    return all;
}

enum carat_err lm_eval_results(const struct lm_eval *l, const char *sanitized, struct err *err)
{
    char name[80];
    struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
    struct export_file file;
    json_t *all = results_json(l, sanitized);
    enum carat_err rc = !all || pyjson_write(all, 2, &out) ? err_nomem(err, "the results") : CARAT_OK;
    snprintf(name, sizeof name, "results_%s.json", l->time);
    if (!rc)
        rc = export_file_open(l->folder, name, &file, err);
    if (!rc) {
        fwrite(out.p, 1, out.n, file.f);
        rc = export_file_close(&file, err);
    }
    json_decref(all);
    buf_release(&out);
    return rc;
}
