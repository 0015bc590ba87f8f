/* lm_eval.c - a run as the reference harness logs it: results_TIME.json, and samples_TASK_TIME.jsonl with a line for each
 * document and filter (TASKS.md section 8).
 *
 * Hashes are of Python's texts: a document's of json.dumps(doc, indent=2), so that a document that reads as the
 * Hub's copy has the hash that the reference gives it. HellaSwag's documents carry three columns that the reference's task
 * adds to the row. What the reference says of its own machinery (git hash, torch, transformers) has carat's words or null.
 *
 * All scalars of `resps` are strings there, and so they are here. */
#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "base/jinja/jinja.h"
#include "pyjson.h"
#include "datasets/datasets.h"
#include "engine/engine.h"
#include "export_int.h"
#include "harness/eval/eval.h"
#include "harness/eval/leaf_score.h"
#include "harness/version.h"
#include "harness/yaml/yaml_tasks.h"

#define REFERENCE_VERSION "0.4.13"

struct writer {
    const struct export_options *o;
    struct export_run *run;
    char *folder;             /* DIR/MODEL; owned */
    char time[40];
    json_t *task_hashes;      /* owned */
    /* one task */
    const struct export_task *task;
    const struct carat_task *plugin;
    struct carat_rows *rows;
    struct str filter;        /* whose lines are written */
    bool first_filter;
    struct export_file file;
    struct sha256 *hash;
    struct buf line, scratch;
    enum carat_err code;
    struct err *err;
};

static json_t *setting(const json_t *object, const char *key) { return json_object_get(object, key); }

static bool is_choice(const struct export_task *t)
{
    struct str output;
    return !json_get_str(t->settings, "output", &output) || !str_eq(output, STR("generate"));
}

/* HumanEval's pipeline has a name there, and what it leaves of an answer is the program that it makes. */
static bool makes_programs(const struct export_task *t) { return str_eq(t->row.name, STR("humaneval")); }

static struct str told_filter(const struct export_task *t, struct str filter)
{
    return makes_programs(t) && str_eq(filter, STR("none")) ? STR("create_test") : filter;
}

/* ---- a line ------------------------------------------------------------------------------------------ */

static json_t *joined(struct writer *w, struct str a, struct str b)
{
    buf_clear(&w->scratch);
    buf_addstr(&w->scratch, a);
    buf_addstr(&w->scratch, b);
    return buf_failed(&w->scratch) ? NULL : json_text(buf_str(&w->scratch));
}

/* What the reference passes on to the model's generate(). */
static json_t *generation_arguments(const struct writer *w)
{
    const json_t *s = w->task->settings, *sampling = setting(s, "sampling");
    json_t *o = json_object();
    json_int_t max_tokens = json_integer_value(setting(s, "max_tokens"));
    if (max_tokens && max_tokens != 256) /* 256 is what the reference takes where a task says nothing */
        json_object_set_new(o, "max_gen_toks", json_integer(max_tokens));
    json_object_set(o, "until", setting(s, "stops"));
    json_object_set_new(o, "do_sample", json_boolean(sampling));
    json_object_set_new(o, "temperature", json_real(sampling ? json_number_value(setting(sampling, "temperature")) : 0));
    if (sampling)
        json_object_set(o, "top_p", setting(sampling, "top_p"));
    return o;
}

static json_t *arguments(struct writer *w, const struct carat_item_record *item)
{
    size_t n = is_choice(w->task) ? item->n_choices : 1;
    json_t *all = json_object();
    for (size_t i = 0; i < n; i++) {
        char key[40];
        snprintf(key, sizeof key, "gen_args_%zu", i);
        json_t *second = is_choice(w->task) ? json_text(item->choices[i].continuation) : generation_arguments(w);
        json_object_set_new(all, key, json_pack("{s:o, s:o}", "arg_0", joined(w, item->prefix, item->prompts ? item->prompts[i] : item->prompt),
                                                "arg_1", second));
    }
    return all;
}

/* ["-1.25", "False"] */
static json_t *choice_response(const struct carat_choice_record *c)
{
    char text[PYJSON_FLOAT];
    return json_pack("[s, s]", pyjson_float(c->logprob, text), c->greedy ? "True" : "False");
}

static json_t *responses(const struct writer *w, const struct carat_item_record *item)
{
    json_t *all = json_array();
    if (is_choice(w->task)) {
        for (size_t i = 0; i < item->n_choices; i++)
            json_array_append_new(all, json_pack("[o]", choice_response(&item->choices[i])));
        return all;
    }
    json_t *samples = json_array();
    for (size_t i = 0; i < item->n_samples; i++)
        json_array_append_new(samples, json_text(item->samples[i].text));
    json_array_append_new(all, samples);
    return all;
}

/* A text where the filter leaves one answer, a list where it leaves several, and of programs always. */
static json_t *filtered_responses(struct writer *w, const struct carat_item_record *item)
{
    const bool programs = makes_programs(w->task);
    json_t *all = json_array(), *texts = json_array();
    for (size_t i = 0; is_choice(w->task) && i < item->n_choices; i++)
        json_array_append_new(all, choice_response(&item->choices[i]));
    for (size_t i = 0; i < item->n_answers; i++)
        if (str_eq(item->answers[i].filter, w->filter))
            json_array_append_new(texts, programs ? joined(w, item->prompt, item->answers[i].answer) : json_text(item->answers[i].answer));
    if (json_array_size(texts) == 1 && !programs)
        json_array_append(all, json_array_get(texts, 0));
    else if (json_array_size(texts))
        json_array_append(all, texts);
    json_decref(texts);
    return all;
}

/* "exact_match" of "exact_match,strict-match" if that is the filter's; a name without a filter belongs to the first. */
static bool metric_of(const struct writer *w, struct str name, struct str *out)
{
    ptrdiff_t comma = str_find(name, STR(","), 0);
    *out = comma < 0 ? name : (struct str){name.p, (size_t)comma};
    return comma < 0 ? w->first_filter
                     : str_eq((struct str){name.p + comma + 1, name.n - (size_t)comma - 1}, w->filter);
}

/* Of a metric of whole corpora the reference keeps the two texts of an item. */
static bool is_of_corpus(const json_t *settings, struct str metric)
{
    size_t i;
    json_t *m;
    struct str name, how;
    enum carat_aggregation aggregation;
    json_array_foreach(setting(settings, "metrics"), i, m) {
        if (json_get_str(m, "name", &name) && str_eq(name, metric))
            return json_get_str(m, "aggregation", &how) && stat_aggregation_find(how, &aggregation) &&
                   stat_measure(aggregation, NULL);
    }
    return false;
}

static json_t *texts_of(const struct writer *w, const struct carat_item_record *item)
{
    for (size_t i = 0; i < item->n_answers; i++)
        if (str_eq(item->answers[i].filter, w->filter))
            return json_pack("[o, o]", json_text(item->target), json_text(item->answers[i].answer));
    return json_null();
}

static void set_metrics(const struct writer *w, const struct carat_item_record *item, json_t *line)
{
    json_t *names = json_array();
    struct str name;
    json_object_set(line, "metrics", names);
    json_object_set_new(line, "doc_hash", json_null()); /* their places; filled by set_hashes() */
    json_object_set_new(line, "prompt_hash", json_null());
    json_object_set_new(line, "target_hash", json_null());
    for (size_t i = 0; i < item->n_metrics; i++) {
        if (metric_is_sum(item->metrics[i].name) || !metric_of(w, item->metrics[i].name, &name))
            continue;
        json_array_append_new(names, json_text(name));
        json_object_setn_new(line, name.p, name.n,
                             is_of_corpus(w->task->settings, name) ? texts_of(w, item) : json_real(item->metrics[i].value));
    }
    json_decref(names);
}

/* The columns that the reference's HellaSwag adds to a row. */
static void add_columns(const struct writer *w, const struct carat_item_record *item, json_t *doc)
{
    if (!str_eq(w->task->row.name, STR("hellaswag")) || json_object_get(doc, "query"))
        return;
    json_t *choices = json_array();
    for (size_t i = 0; i < item->n_choices; i++) {
        struct str s = item->choices[i].continuation;
        bool delimited = s.n && s.p[0] == ' ';
        json_array_append_new(choices, json_text((struct str){s.p + delimited, s.n - delimited}));
    }
    json_object_set_new(doc, "query", json_text(item->prompt));
    json_object_set_new(doc, "choices", choices);
    json_object_set_new(doc, "gold", json_integer(item->gold));
}

/* What the reference's task says is right, where that is a list: it logs Python's text of it. */
static const char *target_template(const struct writer *w)
{
    struct str name = w->task->row.name;
    if (str_eq(name, STR("triviaqa")))
        return "{{answer.aliases}}";
    if (str_eq(name, STR("nq_open")))
        return "{{answer}}";
    return is_choice(w->task) && str_starts(name, STR("agieval_")) ? "{{gold}}" : NULL;
}

static json_t *target_of(struct writer *w, const struct carat_item_record *item, const json_t *doc)
{
    const char *template = target_template(w);
    struct jinja *parsed = NULL;
    if (!template)
        return json_text(item->target);
    buf_clear(&w->scratch);
    enum carat_err rc = jinja_parse(str_from(template), "target", &(struct jinja_options){0}, &parsed, NULL);
    if (!rc)
        rc = jinja_render(parsed, &(struct jinja_run){.context = doc}, &w->scratch, NULL);
    jinja_free(parsed);
    return rc ? json_text(item->target) : json_text(buf_str(&w->scratch));
}

static void set_hashes(struct writer *w, const json_t *doc, const json_t *arguments, const json_t *target, json_t *line)
{
    const json_t *prompt = setting(setting(arguments, "gen_args_0"), "arg_0");
    char doc_hash[SHA256_HEX], prompt_hash[SHA256_HEX], target_hash[SHA256_HEX];
    buf_clear(&w->scratch);
    pyjson_write(doc, 2, &w->scratch);
    sha256_hex(buf_str(&w->scratch).p, w->scratch.n, doc_hash);
    sha256_hex(prompt ? json_string_value(prompt) : "", json_string_length(prompt), prompt_hash);
    sha256_hex(json_string_value(target), json_string_length(target), target_hash);
    json_object_set_new(line, "doc_hash", json_string(doc_hash));
    json_object_set_new(line, "prompt_hash", json_string(prompt_hash));
    json_object_set_new(line, "target_hash", json_string(target_hash));
    sha256_update(w->hash, doc_hash, 64);
    sha256_update(w->hash, prompt_hash, 64);
    sha256_update(w->hash, target_hash, 64);
}

static json_t *line_of(struct writer *w, const struct carat_item_record *item, json_t *doc)
{
    json_t *line = json_object(), *asked = arguments(w, item), *target = target_of(w, item, doc);
    json_object_set_new(line, "doc_id", json_integer(item->index));
    json_object_set(line, "doc", doc);
    json_object_set(line, "target", target);
    json_object_set(line, "arguments", asked);
    json_object_set_new(line, "resps", responses(w, item));
    json_object_set_new(line, "filtered_resps", filtered_responses(w, item));
    json_object_set_new(line, "filter", json_text(told_filter(w->task, w->filter)));
    set_metrics(w, item, line);
    set_hashes(w, doc, asked, target, line);
    json_decref(asked);
    json_decref(target);
    return line;
}

static enum carat_err check_row(const struct writer *w, const struct carat_item_record *item)
{
    if (item->index >= 0 && (size_t)item->index < w->rows->n &&
        str_eq(str_from(w->rows->items[item->index].sha256), item->row_sha256))
        return CARAT_OK;
    err_set(w->err, CARAT_EINPUT, "'%s': row %lld is not the one that was asked", w->rows->path, (long long)item->index);
    return err_hint(w->err, "name the folder with the files of the run by --data");
}

static bool write_item(void *context, const struct carat_item_record *item)
{
    struct writer *w = context;
    if (item->outcome == CARAT_REFUSED)
        return true; /* never answered: the reference has no such line */
    if ((w->code = check_row(w, item)))
        return false;
    json_t *doc = json_copy(w->rows->items[item->index].value);
    if (doc)
        add_columns(w, item, doc);
    json_t *line = doc ? line_of(w, item, doc) : NULL;
    buf_clear(&w->line);
    if (!line || pyjson_write(line, -1, &w->line) || buf_addc(&w->line, '\n'))
        w->code = err_nomem(w->err, "a line");
    else
        fwrite(w->line.p, 1, w->line.n, w->file.f);
    json_decref(line);
    json_decref(doc);
    return !w->code;
}

/* ---- a task's file ------------------------------------------------------------------------------------ */

static enum carat_err find_leaf(struct writer *w, struct proto_leaf *leaf)
{
    struct plugins_leaves leaves = PLUGINS_LEAVES_INIT;
    enum carat_err rc = plugins_resolve(w->o->plugins, w->task->row.name.p, &leaves, w->err);
    if (!rc)
        *leaf = leaves.items[0];
    plugins_leaves_release(&leaves);
    return rc;
}

/* A task file's rows; it must still say what was asked. */
static enum carat_err read_file_rows(struct writer *w, struct str digest)
{
    struct yaml_leaves leaves = YAML_LEAVES_INIT;
    bool found = false;
    const char *name = w->task->row.name.p;
    enum carat_err rc = w->o->yaml ? yaml_tasks_resolve(w->o->yaml, name, &leaves, &found, w->err) : CARAT_OK;
    if (!rc && (!found || leaves.n != 1)) {
        rc = err_set(w->err, CARAT_EUSAGE, "%s: its task file is not known", name);
        err_hint(w->err, "--include-path DIR names its folder");
    }
    if (!rc && !str_eq(digest, str_from(yaml_task_digest(leaves.items[0].task))))
        rc = err_set(w->err, CARAT_EINPUT, "%s: its task file is not the one that was run", name);
    if (!rc)
        rc = yaml_rows(leaves.items[0].task, yaml_task_abi(leaves.items[0].task)->test_split, w->o->data_dir, &w->rows, w->err);
    yaml_leaves_release(&leaves);
    return rc;
}

static enum carat_err read_rows(struct writer *w)
{
    struct str digest;
    if (json_get_str(w->task->settings, "file", &digest))
        return read_file_rows(w, digest);
    struct carat_dataset_opts data = {.data_dir = w->o->data_dir};
    struct carat_dataset *ds = NULL;
    struct proto_leaf leaf;
    enum carat_err rc = find_leaf(w, &leaf);
    if (!rc)
        rc = carat_dataset_open(leaf.task->dataset, &data, &ds, w->err);
    if (!rc)
        rc = carat_dataset_rows(ds, leaf.subset ? leaf.subset->name : "", leaf.task->test_split, &w->rows, w->err);
    carat_dataset_free(ds);
    return rc;
}

/* The lines of one filter, those of the next behind them. */
static enum carat_err write_lines(struct writer *w)
{
    const json_t *filters = setting(w->task->settings, "filters");
    size_t n = json_array_size(filters);
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; i < (n ? n : 1) && !rc; i++) {
        w->filter = STR("none");
        (void)json_get_str(json_array_get(filters, i), "name", &w->filter);
        w->first_filter = i == 0;
        rc = carat_store_items(w->o->store, w->task->row.id, 0, 0, write_item, w, w->err);
        rc = rc ? rc : w->code;
    }
    return rc;
}

static enum carat_err write_samples(struct writer *w)
{
    char *name = NULL, hash[SHA256_HEX];
    w->hash = sha256_new();
    if (!w->hash || asprintf(&name, "samples_%s_%s.jsonl", w->task->row.name.p, w->time) < 0) {
        sha256_drop(w->hash);
        return err_nomem(w->err, "a file");
    }
    enum carat_err rc = read_rows(w);
    if (!rc)
        rc = export_file_open(w->folder, name, &w->file, w->err);
    if (!rc) {
        rc = write_lines(w);
        if (!rc)
            rc = export_file_close(&w->file, w->err);
        export_file_drop(&w->file);
    }
    sha256_finish(w->hash, hash);
    json_object_set_new(w->task_hashes, w->task->row.name.p, json_string(hash));
    carat_rows_free(w->rows);
    w->rows = NULL;
    free(name);
    return rc;
}

/* ---- results ------------------------------------------------------------------------------------------ */

static json_t *real_or_na(double x) { return isfinite(x) ? json_real(x) : json_string("N/A"); }

/* "acc" is the reference's "acc,none"; a name without a filter has the task's first one. */
static void metric_keys(const struct export_task *t, struct str name, char value[200], char error[200])
{
    ptrdiff_t comma = str_find(name, STR(","), 0);
    struct str base = comma < 0 ? name : (struct str){name.p, (size_t)comma}, filter = STR("none");
    if (comma >= 0)
        filter = (struct str){name.p + comma + 1, name.n - (size_t)comma - 1};
    else
        (void)json_get_str(json_array_get(setting(t->settings, "filters"), 0), "name", &filter);
    filter = told_filter(t, filter);
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
    json_array_foreach(setting(t->settings, "metrics"), i, metric) {
        const char *name = json_string_value(setting(metric, "name"));
        json_t *m = json_pack("{s:s, s:s, s:b, s:O*, s:O*, s:O*}", "metric", name, "aggregation",
                              is_of_corpus(t->settings, str_from(name)) ? name : "mean",
                              "higher_is_better", higher_is_better(t, metric), "ignore_case", setting(metric, "ignore_case"), "ignore_punctuation",
                              setting(metric, "ignore_punctuation"), "regexes_to_ignore",
                              setting(metric, "ignore_patterns"));
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
    json_array_foreach(setting(t->settings, "filters"), i, filter) {
        json_t *steps = json_array();
        json_array_foreach(setting(filter, "steps"), k, step) {
            struct str kind = STR("");
            (void)json_get_str(step, "kind", &kind);
            json_t *s = json_pack("{s:o, s:O*}", "function",
                                  json_text(str_eq(kind, STR("strip")) ? STR("remove_whitespace") : kind), "regex_pattern",
                                  setting(step, "pattern"));
            if (json_integer_value(setting(step, "select")))
                json_object_set(s, "group_select", setting(step, "select"));
            json_array_append_new(steps, s);
        }
        json_array_append_new(list, json_pack("{s:O, s:o}", "name", setting(filter, "name"), "filter", steps));
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
                          "dataset_path", json_text(t->row.data_path), split_key(s), setting(s, "split"), "description",
                          setting(s, "description"), "target_delimiter", setting(s, "delimiter"), "fewshot_delimiter",
                          setting(s, "shot_delimiter"), "num_fewshot", t->row.shots, "metric_list",
                          metric_list(t, higher), "output_type", is_choice(t) ? "multiple_choice" : "generate_until",
                          "repeats", 1, "should_decontaminate", 0);
    if (!is_choice(t)) {
        struct writer w = {.task = t};
        json_object_set_new(c, "generation_kwargs", generation_arguments(&w));
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
    const json_t *deciding = setting(run->settings, "deciding"), *about = setting(run->settings, "descriptive");
    const json_t *sampling = setting(deciding, "sampling");
    struct str precision = STR("f32");
    char arguments[1200];
    (void)json_get_str(deciding, "precision", &precision);
    snprintf(arguments, sizeof arguments, "pretrained=%s,precision=%s", run->row.model_path.p, precision.p);
    return json_pack("{s:s, s:s, s:o, s:s, s:s, s:o, s:n, s:[], s:s, s:n, s:o, s:i, s:o, s:i, s:i, s:i, s:o}", "model",
                     "carat", "model_args", arguments, "model_num_parameters", or_null(setting(about, "n_parameters")),
                     "model_dtype", str_eq(precision, STR("f32")) ? "float32" : precision.p, "model_revision", "",
                     "model_sha", json_text(run->row.weights_sha256), "batch_size", "batch_sizes", "device", "cpu",
                     "use_cache", "limit", limit_of(run), "bootstrap_iters", 100000, "gen_kwargs",
                     or_null((json_t *)(uintptr_t)sampling), "random_seed", 0, "numpy_seed", 1234, "torch_seed", 1234,
                     "fewshot_seed", or_null(setting(deciding, "seed")));
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
    json_object_set_new(all, "max_length", or_null(setting(setting(run->settings, "deciding"), "max_length")));
    carat_tokenizer_free(tok);
}

/* Seconds since 1970 of "2026-01-31T12:00:00Z". */
static double epoch(struct str iso)
{
    struct tm tm = {0};
    return strptime(iso.p, "%Y-%m-%dT%H:%M:%SZ", &tm) ? (double)timegm(&tm) : 0;
}

static void set_model(const struct writer *w, const char *sanitized, json_t *all)
{
    const struct export_run *run = w->run;
    double seconds = 0;
    char text[PYJSON_FLOAT];
    for (size_t i = 0; i < run->n_tasks; i++)
        seconds += run->tasks[i].row.wall_s;
    json_object_set(all, "task_hashes", w->task_hashes);
    json_object_set_new(all, "model_source", json_string("carat"));
    json_object_set_new(all, "model_name", json_text(run->row.model_path));
    json_object_set_new(all, "model_name_sanitized", json_string(sanitized));
    const json_t *chat = setting(setting(run->settings, "deciding"), "chat");
    json_object_set_new(all, "system_instruction", or_null(setting(chat, "system")));
    json_object_set_new(all, "system_instruction_sha", json_null());
    const json_t *turns = setting(chat, "fewshot_as_multiturn"); /* without a chat the reference says true as well */
    json_object_set_new(all, "fewshot_as_multiturn", json_boolean(!turns || json_is_true(turns)));
    json_object_set_new(all, "chat_template", or_null(setting(chat, "template")));
    json_object_set_new(all, "chat_template_sha", or_null(setting(chat, "template_sha256")));
    json_object_set_new(all, "total_evaluation_time_seconds", json_string(pyjson_float(seconds, text)));
}

static json_t *results_json(const struct writer *w, const char *sanitized)
{
    const struct export_run *run = w->run;
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
    set_model(w, sanitized, all);
    return all;
}

static enum carat_err write_results(struct writer *w, const char *sanitized)
{
    char name[80];
    struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
    struct export_file file;
    json_t *all = results_json(w, sanitized);
    enum carat_err rc = !all || pyjson_write(all, 2, &out) ? err_nomem(w->err, "the results") : CARAT_OK;
    snprintf(name, sizeof name, "results_%s.json", w->time);
    if (!rc)
        rc = export_file_open(w->folder, name, &file, w->err);
    if (!rc) {
        fwrite(out.p, 1, out.n, file.f);
        rc = export_file_close(&file, w->err);
    }
    json_decref(all);
    buf_release(&out);
    return rc;
}

/* ---- the whole ---------------------------------------------------------------------------------------- */

/* Runs of the characters that no folder's name should have become "__". */
static char *sanitize(struct str name)
{
    struct buf b = BUF_INIT(1 << 16);
    bool run = false;
    for (size_t i = 0; i < name.n; i++) {
        bool bad = name.p[i] && strchr("\"<>:/|\\?*[]", name.p[i]);
        if (!bad)
            buf_addc(&b, name.p[i]);
        else if (!run)
            buf_adds(&b, "__");
        run = bad;
    }
    return buf_take(&b, NULL);
}

/* Local time, as the reference's files have it: 2026-01-31T12-00-00.123456. */
static void time_name(char out[40])
{
    struct timespec now;
    struct tm tm;
    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &tm);
    size_t n = strftime(out, 40, "%Y-%m-%dT%H-%M-%S", &tm);
    snprintf(out + n, 40 - n, ".%06ld", now.tv_nsec / 1000);
}

enum carat_err export_lm_eval(const struct export_options *o, struct err *err)
{
    struct export_run run;
    enum carat_err rc = export_load(o, &run, err);
    if (rc)
        return rc;
    struct writer w = {.o = o, .run = &run, .err = err, .line = BUF_INIT(BUF_MAX_DEFAULT), .scratch = BUF_INIT(BUF_MAX_DEFAULT)};
    char *sanitized = sanitize(run.row.model_path);
    w.folder = sanitized ? file_join(o->dir, sanitized) : NULL;
    w.task_hashes = json_object();
    time_name(w.time);
    if (!w.folder || !w.task_hashes)
        rc = err_nomem(err, "a name");
    if (!rc)
        rc = file_mkdirs(w.folder, err);
    for (size_t i = 0; i < run.n_tasks && !rc; i++) {
        w.task = &run.tasks[i];
        rc = write_samples(&w);
        if (rc)
            err_context(err, "%s", run.tasks[i].row.name.p);
    }
    if (!rc) /* last: where it is, all is there */
        rc = write_results(&w, sanitized);
    buf_release(&w.line);
    buf_release(&w.scratch);
    json_decref(w.task_hashes);
    free(w.folder);
    free(sanitized);
    export_release(&run);
    return rc;
}
