/* The reference harness's log of a task: samples_TASK_TIME.jsonl, a line for each document and filter.
 *
 * Hashes are of Python's texts: a document's of json.dumps(doc, indent=2), so that a document that reads as the
 * Hub's copy has the hash that the reference gives it. HellaSwag's documents carry three columns that the reference's task
 * adds to the row. All scalars of `resps` are strings there, and so they are here. */
#define _GNU_SOURCE /* asprintf() */
#include <math.h>
#include <stdlib.h>

#include "base/jinja/jinja.h"
#include "datasets/datasets.h"
#include "harness/yaml/yaml_tasks.h"
#include "lm_eval_int.h"
#include "pyjson.h"

struct writer {
    const struct lm_eval *to;
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

/* ---- a line ------------------------------------------------------------------------------------------ */

static json_t *joined(struct writer *w, struct str a, struct str b)
{
    buf_clear(&w->scratch);
    buf_addstr(&w->scratch, a);
    buf_addstr(&w->scratch, b);
    return buf_failed(&w->scratch) ? NULL : json_text(buf_str(&w->scratch));
}

static json_t *arguments(struct writer *w, const struct carat_item_record *item)
{
    size_t n = lm_eval_is_choice(w->task) ? item->n_choices : 1;
    json_t *all = json_object();
    for (size_t i = 0; i < n; i++) {
        char key[40];
        snprintf(key, sizeof key, "gen_args_%zu", i);
        json_t *second = lm_eval_is_choice(w->task) ? json_text(item->choices[i].continuation) : lm_eval_generation(w->task);
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
    if (lm_eval_is_choice(w->task)) {
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
    const bool programs = lm_eval_makes_programs(w->task);
    json_t *all = json_array(), *texts = json_array();
    for (size_t i = 0; lm_eval_is_choice(w->task) && i < item->n_choices; i++)
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
                             lm_eval_is_of_corpus(w->task->settings, name) ? texts_of(w, item) : json_real(item->metrics[i].value));
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
    return lm_eval_is_choice(w->task) && str_starts(name, STR("agieval_")) ? "{{gold}}" : NULL;
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
    const json_t *prompt = json_object_get(json_object_get(arguments, "gen_args_0"), "arg_0");
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
    json_object_set_new(line, "filter", json_text(lm_eval_filter(w->task, w->filter)));
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
    enum carat_err rc = plugins_resolve(w->to->o->plugins, w->task->row.name.p, &leaves, w->err);
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
    enum carat_err rc = w->to->o->yaml ? yaml_tasks_resolve(w->to->o->yaml, name, &leaves, &found, w->err) : CARAT_OK;
    if (!rc && (!found || leaves.n != 1)) {
        rc = err_set(w->err, CARAT_EUSAGE, "%s: its task file is not known", name);
        err_hint(w->err, "--include-path DIR names its folder");
    }
    if (!rc && !str_eq(digest, str_from(yaml_task_digest(leaves.items[0].task))))
        rc = err_set(w->err, CARAT_EINPUT, "%s: its task file is not the one that was run", name);
    if (!rc)
        rc = yaml_rows(leaves.items[0].task, yaml_task_abi(leaves.items[0].task)->test_split, w->to->o->data_dir, &w->rows, w->err);
    yaml_leaves_release(&leaves);
    return rc;
}

static enum carat_err read_rows(struct writer *w)
{
    struct str digest;
    if (json_get_str(w->task->settings, "file", &digest))
        return read_file_rows(w, digest);
    struct carat_dataset_opts data = {.data_dir = w->to->o->data_dir};
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
    const json_t *filters = json_object_get(w->task->settings, "filters");
    size_t n = json_array_size(filters);
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; i < (n ? n : 1) && !rc; i++) {
        w->filter = STR("none");
        (void)json_get_str(json_array_get(filters, i), "name", &w->filter);
        w->first_filter = i == 0;
        rc = carat_store_items(w->to->o->store, w->task->row.id, 0, 0, write_item, w, w->err);
        rc = rc ? rc : w->code;
    }
    return rc;
}

static enum carat_err write_file(struct writer *w, const char *name)
{
    char hash[SHA256_HEX];
    enum carat_err rc = read_rows(w);
    if (!rc)
        rc = export_file_open(w->to->folder, name, &w->file, w->err);
    if (!rc) {
        rc = write_lines(w);
        if (!rc)
            rc = export_file_close(&w->file, w->err);
        export_file_drop(&w->file);
    }
    sha256_finish(w->hash, hash);
    json_object_set_new(w->to->task_hashes, w->task->row.name.p, json_string(hash));
    carat_rows_free(w->rows);
    return rc;
}

enum carat_err lm_eval_samples(const struct lm_eval *l, const struct export_task *task, struct err *err)
{
    struct writer w = {.to = l,
                       .task = task,
                       .err = err,
                       .hash = sha256_new(),
                       .line = BUF_INIT(BUF_MAX_DEFAULT),
                       .scratch = BUF_INIT(BUF_MAX_DEFAULT)};
    char *name = NULL;
    enum carat_err rc = CARAT_OK;
    if (!w.hash || asprintf(&name, "samples_%s_%s.jsonl", task->row.name.p, l->time) < 0) {
        sha256_drop(w.hash);
        rc = err_nomem(err, "a file");
        name = NULL;
    } else {
        rc = write_file(&w, name);
    }
    buf_release(&w.line);
    buf_release(&w.scratch);
    free(name);
    return rc;
}
