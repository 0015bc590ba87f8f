#include "explain.h"

#include <math.h>
#include <stdlib.h>

#include "harness/protocol/metric.h"
#include "harness/protocol/plugin.h"
#include "groups.h"
#include "published.h"

/* A value that could not be made makes the set fail, and `ok` remembers. */
static void set(json_t *object, const char *key, json_t *value, bool *ok)
{
    *ok = json_object_set_new(object, key, value) == 0 && *ok;
}

static void set_text(json_t *object, const char *key, const char *text, bool *ok)
{
    if (text)
        set(object, key, json_text(str_from(text)), ok);
}

/* ---- how numbers are made of items ------------------------------------------------------------------- */

static const char *meaning(const struct carat_metric *metric)
{
    static const char *const meanings[] = {
        [CARAT_METRIC_ACC] = "the choice with the greatest log-likelihood is the right one",
        [CARAT_METRIC_ACC_NORM] = "the same, each log-likelihood divided by the choice's length in characters",
        [CARAT_METRIC_ACC_BYTES] = "the same, each log-likelihood divided by the choice's length in bytes",
        [CARAT_METRIC_EXACT_MATCH] = "the filtered text is one of the right answers",
        [CARAT_METRIC_PASS_AT_K] = "the program passes its tests in the jail; unbiased estimate over the samples",
        [CARAT_METRIC_JUDGED] = "the task's own comparison calls the filtered text right",
        [CARAT_METRIC_GRADED] = "the task's own score of the filtered text",
        [CARAT_METRIC_GREEDY] = "every token of the right text was the model's first choice",
        [CARAT_METRIC_F1] = "F1 of the choices taken, of class 1 against all others",
        [CARAT_METRIC_MCC] = "Matthews' correlation of the choices taken with the right ones",
        [CARAT_METRIC_PERPLEXITY] = "perplexity of the texts, each as a whole",
        [CARAT_METRIC_WORD_PERPLEXITY] = "perplexity of a word",
        [CARAT_METRIC_BYTE_PERPLEXITY] = "perplexity of a byte",
        [CARAT_METRIC_BITS_PER_BYTE] = "bits for a byte",
        [CARAT_METRIC_BLEU] = "BLEU of the filtered texts as one corpus, by sacrebleu's defaults",
        [CARAT_METRIC_CHRF] = "chrF of the filtered texts as one corpus, by sacrebleu's defaults",
        [CARAT_METRIC_CHRF_PLUS] = "chrF++ of the filtered texts as one corpus, by sacrebleu's defaults",
        [CARAT_METRIC_TER] = "translation edit rate of the filtered texts as one corpus, by sacrebleu's defaults",
        [CARAT_METRIC_MASS] = "the share that the right choices have in the probability of all of them",
    };
    return meanings[metric->kind];
}

/* What an exact match passes over, as words behind its meaning: ", case and punctuation apart, without /,/". */
static void set_meaning(json_t *row, const struct carat_metric *metric, bool *ok)
{
    struct buf text = BUF_INIT(1 << 16);
    buf_adds(&text, meaning(metric));
    if (metric->kind == CARAT_METRIC_EXACT_MATCH) {
        const struct {
            bool ignored;
            const char *what;
        } flags[] = {{metric->ignore_case, "case"}, {metric->ignore_punctuation, "punctuation"}, {metric->ignore_numbers, "digits"}};
        const char *before = "; passed over: ";
        for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
            if (flags[i].ignored) {
                buf_printf(&text, "%s%s", before, flags[i].what);
                before = ", ";
            }
        for (const char *const *p = metric->ignore_patterns; p && *p; p++) {
            buf_printf(&text, "%s/%s/", before, *p);
            before = ", ";
        }
    }
    set(row, "is", buf_failed(&text) ? NULL : json_text(buf_str(&text)), ok);
    buf_release(&text);
}

static const char *error_formula(enum carat_aggregation how)
{
    switch (how) {
    case CARAT_AGGREGATE_MEAN: return "sqrt(sum (x - mean)^2 / (n - 1)) / sqrt(n)";
    case CARAT_AGGREGATE_WEIGHTED_PERPLEXITY:
    case CARAT_AGGREGATE_BITS_PER_BYTE: return "none, as in the reference";
    case CARAT_AGGREGATE_BLEU:
    case CARAT_AGGREGATE_CHRF:
    case CARAT_AGGREGATE_CHRF_PLUS:
    case CARAT_AGGREGATE_TER: return "standard deviation over 100 bootstrap samples, drawn by Random(0).choices";
    default: return "standard deviation over 100000 bootstrap samples, 1000 a chunk, chunk i drawn by Random(i).choices";
    }
}

static json_t *statistics(const struct carat_task *task, bool *ok)
{
    json_t *list = json_array();
    for (size_t i = 0; i < task->n_metrics; i++) {
        const struct carat_metric *metric = &task->metrics[i];
        json_t *row = json_object();
        set_text(row, "metric", metric->name, ok);
        set_meaning(row, metric, ok);
        set_text(row, "aggregation", stat_aggregation_name(metric_aggregation(metric)), ok);
        set_text(row, "standard_error", error_formula(metric_aggregation(metric)), ok);
        *ok = json_array_append_new(list, row) == 0 && *ok;
    }
    return list;
}

/* ---- data ---------------------------------------------------------------------------------------------- */

/* Sources go by the name of the dataset that they are published as: "arc" holds arc_easy, "agieval" agieval_math. */
static bool is_source_of(const char *source, const char *dataset)
{
    const char *published = carat_dataset_source(dataset);
    return strcmp(source, published ? published : dataset) == 0;
}

static json_t *sources(const char *dataset, bool *ok)
{
    json_t *list = json_array();
    size_t n;
    const struct carat_source *all = carat_sources(&n);
    for (size_t i = 0; i < n; i++) {
        if (!is_source_of(all[i].dataset, dataset))
            continue;
        json_t *row = json_object();
        set_text(row, "file", all[i].file, ok);
        set_text(row, "url", all[i].url, ok);
        set(row, "bytes", all[i].bytes < 0 ? json_null() : json_integer(all[i].bytes), ok);
        set_text(row, "sha256", all[i].sha256, ok);
        set_text(row, "licence", all[i].licence, ok);
        *ok = json_array_append_new(list, row) == 0 && *ok;
    }
    return list;
}

static json_t *data(const struct explain *x, bool *ok)
{
    json_t *out = json_object();
    const struct bench *b = x->bench;
    set_text(out, "dataset", x->leaf->task->dataset, ok);
    if (b) {
        set_text(out, "file", b->rows->path, ok);
        set_text(out, "sha256", b->rows->sha256, ok);
        set(out, "rows", json_integer((json_int_t)b->rows->n), ok);
    }
    if (b && b->pool) {
        set_text(out, "shots_file", b->pool->path, ok);
        set_text(out, "shots_sha256", b->pool->sha256, ok);
        set(out, "shots_rows", json_integer((json_int_t)b->pool->n), ok);
    }
    set(out, "sources", sources(x->leaf->task->dataset, ok), ok);
    return out;
}

/* ---- published figures ------------------------------------------------------------------------------------- */

static json_t *published(const char *task, bool *ok)
{
    json_t *list = json_array();
    const struct published *p;
    for (size_t t = 0; (p = published_at(t)); t++)
        for (size_t i = 0; i < p->n_rows; i++) {
            if (strcmp(p->rows[i].task, task) != 0)
                continue;
            json_t *row = json_object(), *percent = json_object();
            for (size_t m = 0; m < p->n_models; m++)
                set(percent, p->models[m], json_real(p->rows[i].percent[m]), ok);
            set_text(row, "source", p->source, ok);
            set(row, "shots", p->rows[i].shots < 0 ? json_null() : json_integer(p->rows[i].shots), ok);
            set_text(row, "metric", *p->rows[i].metric ? p->rows[i].metric : NULL, ok);
            set(row, "percent", percent, ok);
            *ok = json_array_append_new(list, row) == 0 && *ok;
        }
    return list;
}

/* Where the reference's numbers and published ones part, and which setting is which. */
static json_t *choices(const struct carat_task *task, bool *ok)
{
    static const struct {
        const char *task, *text; /* NULL: every task that generates */
    } known[] = {
        {NULL, "--decode hf (default) decodes generated tokens by themselves, as the reference does: Llama's and Mistral's tokenizers lose "
               "one leading space; --decode continuation keeps it, as published scores of code need"},
        {"*", "BOS is put first where the tokenizer does so by default, as the reference since 0.4.9.2; --no-bos is what older "
              "versions did for Llama and Mistral"},
        {"*", "a prompt that does not fit is refused; --truncation left cuts it and loses BOS, as the reference does"},
        {"agieval", "0-shot and by the options' texts, as the reference asks; --protocol published shows the 3 to 5 official "
                    "examples and asks for the letter"},
        {"bbh", "any capital Q ends an answer, as in the reference; --protocol published ends it at the next question"},
        {"triviaqa", "an answer ends at a full stop or a comma and keeps its articles, as in the reference; with --protocol published it "
                     "is a line, and articles and blanks do not count"},
        {"nq_open", "an answer ends at a full stop or a comma, as in the reference; with --protocol published it is a line, and "
                    "articles, whatever their case, and blanks do not count"},
        {"gsm8k", "5 shots drawn for each item, as in the reference; published figures use 8 worked examples (gsm8k_cot)"},
    };
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const char *whose = known[i].task;
        bool mine = !whose ? task->output == CARAT_GENERATE : strcmp(whose, "*") == 0 || strcmp(whose, task->name) == 0;
        if (mine)
            *ok = json_array_append_new(list, json_text(str_from(known[i].text))) == 0 && *ok;
    }
    return list;
}

/* ---- an example ------------------------------------------------------------------------------------------------ */

/* [{"id", "text"}] of ids[from ..]. */
static enum carat_err tokens_json(const struct carat_tokenizer *tok, const struct carat_ids *ids, size_t from, json_t *out,
                                  struct err *err)
{
    struct buf text = BUF_INIT(1 << 16);
    enum carat_err rc = CARAT_OK;
    for (size_t i = from; i < ids->n && !rc; i++) {
        buf_clear(&text);
        rc = carat_tokenizer_decode(tok, ids->ids + i, 1, 0, &text, err);
        if (!rc && json_array_append_new(out, json_pack("{s:i, s:o}", "id", (int)ids->ids[i], "text", json_text(buf_str(&text)))))
            rc = err_nomem(err, "tokens");
    }
    buf_release(&text);
    return rc;
}

/* The context's tokens and each continuation's, by the reference's rule: what the joint encoding has behind as many as the
 * context alone has. */
static enum carat_err add_tokens(const struct carat_tokenizer *tok, const struct proto_item *item, struct str context,
                                 struct arena *arena, json_t *example, struct err *err)
{
    struct carat_ids ids = {0};
    const unsigned flags = CARAT_TOK_SPECIAL | (carat_tokenizer_info(tok)->adds_bos ? CARAT_TOK_BOS : 0u);
    json_t *list = json_array(), *lists = json_array();
    struct str before = context, after = STR("");
    enum carat_err rc = list && lists ? CARAT_OK : err_nomem(err, "tokens");
    if (!rc && item->continuations)
        rc = proto_split(context, STR(""), arena, &before, &after);
    if (!rc)
        rc = carat_tokenizer_encode(tok, before, flags, &ids, err);
    if (!rc)
        rc = tokens_json(tok, &ids, 0, list, err);
    const size_t n = ids.n;
    for (size_t i = 0; item->continuations && !item->prompts && i < item->n_requests && !rc; i++) {
        struct buf whole = BUF_INIT(BUF_MAX_DEFAULT);
        json_t *part = json_array();
        buf_addstr(&whole, context);
        buf_addstr(&whole, item->continuations[i]);
        ids.n = 0;
        rc = buf_failed(&whole) || !part ? err_nomem(err, "tokens") : carat_tokenizer_encode(tok, buf_str(&whole), flags, &ids, err);
        if (!rc)
            rc = tokens_json(tok, &ids, n < ids.n ? n : ids.n, part, err);
        json_array_append_new(lists, part);
        buf_release(&whole);
    }
    bool ok = true;
    set(example, "context_tokens", list, &ok);
    set(example, "continuation_tokens", lists, &ok);
    carat_ids_release(&ids);
    return rc || ok ? rc : err_nomem(err, "tokens");
}

static enum carat_err add_example(const struct explain *x, json_t *out, struct err *err)
{
    struct arena arena = ARENA_INIT;
    struct proto_item item;
    struct buf context = BUF_INIT(BUF_MAX_DEFAULT);
    json_t *example = json_object(), *continuations = json_array();
    bool ok = true;
    enum carat_err rc = proto_item(x->bench->plan, 0, &arena, &item, err);
    if (!rc) {
        struct str own = item.prompts ? item.prompts[0] : item.prompt;
        buf_addstr(&context, item.prefix);
        buf_addstr(&context, own);
        set_text(example, "item", x->bench->rows->items[0].id, &ok);
        set(example, "context", json_text(buf_str(&context)), &ok);
        set(example, "own", json_text(own), &ok);
        for (size_t i = 0; item.continuations && i < item.n_requests; i++)
            ok = json_array_append_new(continuations, json_text(item.continuations[i])) == 0 && ok;
        set(example, "target", item.target.p ? json_text(item.target) : json_null(), &ok);
        rc = ok ? CARAT_OK : err_nomem(err, "an example");
    }
    if (!rc && x->tokenizer)
        rc = add_tokens(x->tokenizer, &item, buf_str(&context), &arena, example, err);
    set(example, "continuations", continuations, &ok);
    set(out, "example", example, &ok);
    buf_release(&context);
    arena_release(&arena);
    return rc || ok ? rc : err_nomem(err, "an example");
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

/* The settings as a run has them; without files those of a plan without rows. */
static enum carat_err settings(const struct explain *x, json_t **out, struct err *err)
{
    if (x->bench)
        return json_read(buf_str(&x->bench->settings), "the task's settings", 0, out, err);
    struct carat_task bare = *x->leaf->task; /* what describes itself by its first shot cannot without one */
    struct proto_leaf leaf = *x->leaf;
    struct proto_plan *plan = NULL;
    struct buf text = BUF_INIT(1 << 20);
    bare.describe = NULL;
    leaf.task = &bare;
    enum carat_err rc = proto_plan_new(&leaf, NULL, 0, NULL, 0, 0, 0, &plan, err);
    if (!rc)
        rc = proto_settings_json(plan, &text);
    if (!rc)
        rc = json_read(buf_str(&text), "the task's settings", 0, out, err);
    proto_plan_free(plan);
    buf_release(&text);
    return rc;
}

enum carat_err explain_json(const struct explain *x, json_t **out, struct err *err)
{
    const struct carat_task *task = x->leaf->task;
    struct arena arena = ARENA_INIT;
    json_t *o = json_object(), *s = NULL;
    bool ok = o != NULL;
    enum carat_err rc = settings(x, &s, err);
    set(o, "task", json_text(proto_leaf_name(x->leaf, &arena)), &ok);
    set_text(o, "benchmark", task->name, &ok);
    set_text(o, "title", task->title ? task->title : task->name, &ok);
    set_text(o, "capability", capability_of(task->name, task->group), &ok);
    set(o, "version", json_integer(task->version), &ok);
    set_text(o, "from", x->origin ? x->origin : "built in", &ok);
    set(o, "shots", json_integer(x->bench ? proto_plan_shots(x->bench->plan) : task->default_shots), &ok);
    set(o, "headline", json_text(proto_headline(task, &arena)), &ok);
    set(o, "settings", s ? s : json_null(), &ok);
    set(o, "statistics", statistics(task, &ok), &ok);
    if (task->n_subsets)
        set_text(o, "group_error", "sqrt(sum (n_i - 1) n_i se_i^2 / (sum n_i - k) / sum n_i), the mean weighted by items", &ok);
    set(o, "data", data(x, &ok), &ok);
    set(o, "published", published(task->name, &ok), &ok);
    set(o, "choices", choices(task, &ok), &ok);
    if (!rc && x->bench)
        rc = add_example(x, o, err);
    arena_release(&arena);
    if (!rc && !ok)
        rc = err_nomem(err, "an explanation");
    if (rc) {
        json_decref(o);
        o = NULL;
    }
    *out = o;
    return rc;
}
