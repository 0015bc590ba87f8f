/* scoring.c - generation_kwargs, filter_list and metric_list as the ABI's arrays. */
#include <stdarg.h>
#include <stdio.h>

#include "harness/protocol/metric.h"
#include "read.h"
#include "yaml_task.h"

enum { MAX_TOKENS_DEFAULT = 256, LIST_MAX = 1000 };
#define COUNT(a) (sizeof(a) / sizeof *(a))

/* What cannot be scored; the first reason stays. */
static enum carat_err cannot_run(struct yaml_task *t, struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static enum carat_err cannot_run(struct yaml_task *t, struct err *err, const char *fmt, ...)
{
    char why[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    if (!t->cannot_run)
        t->cannot_run = arena_dup(&t->arena, why, strlen(why));
    return t->cannot_run ? CARAT_OK : err_nomem(err, "a task");
}

/* A list of texts, NULL-terminated, or one text. */
static enum carat_err take_texts(struct yaml_task *t, const char *key, const json_t *v, const char *const **out,
                                 struct err *err)
{
    size_t n = json_is_array(v) ? json_array_size(v) : 1;
    const char **texts = n <= LIST_MAX ? arena_calloc(&t->arena, n + 1, sizeof *texts) : NULL;
    if (!texts)
        return n <= LIST_MAX ? err_nomem(err, key) : err_set(err, CARAT_EINPUT, "'%s' has too many texts", key);
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_is_array(v) ? json_array_get(v, i) : v;
        if (!json_is_string(one) || strlen(json_string_value(one)) != json_string_length(one))
            return err_set(err, CARAT_EINPUT, "'%s' wants a text or a list of texts", key);
        texts[i] = json_string_value(one);
    }
    *out = texts;
    return CARAT_OK;
}

static bool flag(const json_t *map, const char *key) { return json_is_true(json_object_get(map, key)); }

static const json_t *value_of(const json_t *map, const char *key)
{
    const json_t *v = json_object_get(map, key);
    return json_is_null(v) ? NULL : v;
}

/* ---- generation -------------------------------------------------------------------------------------- */

static enum carat_err take_sampling(struct yaml_task *t, const json_t *kwargs, struct err *err)
{
    const json_t *temperature = value_of(kwargs, "temperature"), *top_p = value_of(kwargs, "top_p");
    const json_t *do_sample = value_of(kwargs, "do_sample");
    double x;
    t->task.temperature = json_number_value(temperature);
    if (json_is_string(temperature) && num_parse_double(str_from(json_string_value(temperature)), &x))
        t->task.temperature = x;
    t->task.top_p = json_number_value(top_p);
    if (t->task.temperature < 0 || t->task.top_p < 0 || t->task.top_p > 1)
        return err_set(err, CARAT_EINPUT, "'generation_kwargs': a temperature or top_p out of range");
    if (json_is_false(do_sample))
        t->task.temperature = 0;
    else if (json_is_true(do_sample) && !temperature)
        t->task.temperature = 1; /* the backend's default */
    return CARAT_OK;
}

static enum carat_err take_kwarg(struct yaml_task *t, const char *key, const json_t *v, struct err *err)
{
    static const char *const known[] = {"until", "max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens",
                                        "temperature", "top_p", "do_sample"};
    for (size_t i = 0; i < COUNT(known); i++)
        if (strcmp(key, known[i]) == 0)
            return CARAT_OK;
    bool harmless = (strcmp(key, "num_beams") == 0 && json_is_integer(v) && json_integer_value(v) == 1) ||
                    (strcmp(key, "top_k") == 0 && json_is_integer(v) && json_integer_value(v) <= 0);
    return harmless ? CARAT_OK : cannot_run(t, err, "'generation_kwargs: %s' is not supported", key);
}

/* The first alias there is counts (TASKS.md section 3). */
static enum carat_err take_max_tokens(struct yaml_task *t, const json_t *kwargs, struct err *err)
{
    static const char *const aliases[] = {"max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens"};
    t->task.max_tokens = MAX_TOKENS_DEFAULT;
    for (size_t i = COUNT(aliases); i-- > 0;) {
        const json_t *v = value_of(kwargs, aliases[i]);
        if (!v)
            continue;
        if (!json_is_integer(v) || json_integer_value(v) < 1 || json_integer_value(v) > 1 << 20)
            return err_set(err, CARAT_EINPUT, "'generation_kwargs: %s' wants a whole number from 1", aliases[i]);
        t->task.max_tokens = (size_t)json_integer_value(v);
    }
    return CARAT_OK;
}

static enum carat_err take_generation(struct yaml_task *t, struct err *err)
{
    const json_t *kwargs = value_of(t->config, "generation_kwargs");
    const json_t *repeats = value_of(t->config, "repeats");
    const char *key;
    json_t *v;
    if (kwargs && !json_is_object(kwargs))
        return err_set(err, CARAT_EINPUT, "'generation_kwargs' wants a mapping");
    if (repeats && (!json_is_integer(repeats) || json_integer_value(repeats) < 1 || json_integer_value(repeats) > 10000))
        return err_set(err, CARAT_EINPUT, "'repeats' wants a whole number from 1 to 10000");
    t->task.repeats = repeats ? (size_t)json_integer_value(repeats) : 0;
    enum carat_err rc = CARAT_OK;
    json_object_foreach((json_t *)(uintptr_t)kwargs, key, v) {
        rc = take_kwarg(t, key, v, err);
        if (rc)
            return rc;
    }
    rc = take_max_tokens(t, kwargs, err);
    rc = rc ? rc : take_sampling(t, kwargs, err);
    if (rc)
        return rc;
    if (value_of(kwargs, "until"))
        return take_texts(t, "until", value_of(kwargs, "until"), &t->task.stops, err);
    const char **stops = arena_calloc(&t->arena, 2, sizeof *stops);
    if (!stops)
        return err_nomem(err, "a task");
    stops[0] = t->task.shot_delimiter;
    t->task.stops = stops;
    return CARAT_OK;
}

/* ---- filters ---------------------------------------------------------------------------------------------- */

struct filter_row {
    const char *function;
    enum carat_filter_kind kind;
    const char *keys; /* that it may have, with blanks around */
};
static const struct filter_row filter_rows[] = {
    {"regex", CARAT_FILTER_REGEX, " regex_pattern group_select fallback "},
    {"take_first", CARAT_FILTER_TAKE_FIRST, " "},
    {"take_first_k", CARAT_FILTER_TAKE_FIRST_K, " k "},
    {"majority_vote", CARAT_FILTER_MAJORITY_VOTE, " "},
    {"remove_whitespace", CARAT_FILTER_STRIP, " "},
    {"lowercase", CARAT_FILTER_LOWERCASE, " "},
    {"uppercase", CARAT_FILTER_UPPERCASE, " "},
    {"map", CARAT_FILTER_MAP, " mapping_dict default_value "},
    {"multi_choice_regex", CARAT_FILTER_MULTI_CHOICE_REGEX,
     " regex_pattern group_select fallback ignore_case ignore_punctuation regexes_to_ignore "},
};

static enum carat_err check_step(const struct filter_row *row, const json_t *step, struct err *err)
{
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)(uintptr_t)step, key, v) {
        char padded[80];
        if (strcmp(key, "function") == 0)
            continue;
        snprintf(padded, sizeof padded, " %.70s ", key);
        if (!strstr(row->keys, padded))
            return err_set(err, CARAT_EUNSUPPORTED, "the filter '%s' has no argument '%.60s'", row->function, key);
    }
    return CARAT_OK;
}

/* A number is compared as one, with a target made to one: as texts that Python writes them they are equal just then. */
static const char *mapped_text(struct yaml_task *t, const json_t *v)
{
    return json_is_integer(v) ? arena_printf(&t->arena, "%lld", (long long)json_integer_value(v)) : json_string_value(v);
}

static enum carat_err take_map(struct yaml_task *t, const json_t *step, struct carat_filter_step *out, struct err *err)
{
    const json_t *map = value_of(step, "mapping_dict"), *other = value_of(step, "default_value");
    const char *key;
    json_t *v;
    if (!json_is_object(map))
        return err_set(err, CARAT_EINPUT, "the filter 'map' wants a mapping_dict");
    struct carat_mapping *rows = arena_calloc(&t->arena, json_object_size(map) + 1, sizeof *rows);
    if (!rows)
        return err_nomem(err, "a filter");
    json_object_foreach((json_t *)(uintptr_t)map, key, v) {
        const char *to = mapped_text(t, v);
        if (!to)
            return cannot_run(t, err, "the filter 'map' maps '%s' to what is neither a text nor a whole number", key);
        rows[out->n_map++] = (struct carat_mapping){key, to};
    }
    if (other && !(out->map_default = mapped_text(t, other)))
        return cannot_run(t, err, "the filter 'map' has a default_value that is neither a text nor a whole number");
    out->map = rows;
    return CARAT_OK;
}

static enum carat_err take_regex(struct yaml_task *t, const json_t *step, struct carat_filter_step *out, struct err *err)
{
    const json_t *pattern = value_of(step, "regex_pattern"), *select = value_of(step, "group_select");
    const json_t *fallback = value_of(step, "fallback");
    if ((pattern && !json_is_string(pattern)) || (select && !json_is_integer(select)) ||
        (fallback && !json_is_string(fallback)))
        return err_set(err, CARAT_EINPUT, "a regex filter wants a text regex_pattern and a number group_select");
    out->pattern = pattern ? json_string_value(pattern) : "#### (\\-?[0-9\\.\\,]+)";
    out->select = (int)json_integer_value(select);
    out->fallback = json_string_value(fallback);
    out->ignore_case = flag(step, "ignore_case");
    out->ignore_punctuation = flag(step, "ignore_punctuation");
    if (value_of(step, "regexes_to_ignore"))
        return take_texts(t, "regexes_to_ignore", value_of(step, "regexes_to_ignore"), &out->ignore_patterns, err);
    return CARAT_OK;
}

/* A custom filter that makes programs of answers; no other is known. */
static enum carat_err take_prediction(struct yaml_task *t, const json_t *function, struct err *err)
{
    struct err why = ERR_INIT;
    enum carat_err rc = hook_new(function, "filter_fn", HOOK_PREDICTION, &t->prediction, &why);
    if (rc == CARAT_EUNSUPPORTED)
        return cannot_run(t, err, "the filter: %s", why.msg);
    return rc ? err_set(err, rc, "%s", why.msg) : CARAT_OK;
}

static enum carat_err take_step(struct yaml_task *t, const json_t *step, struct carat_filter_step *out, struct err *err)
{
    const json_t *function = value_of(step, "function");
    struct str name, dir;
    if (json_is_string(function) && strcmp(json_string_value(function), "custom") == 0 && !t->prediction)
        return take_prediction(t, value_of(step, "filter_fn"), err);
    const char *filter = json_string_value(function);
    if (yaml_function(function, &name, &dir) && !t->options && !hook_new(function, "filter", HOOK_FILTER, &t->options, NULL))
        filter = hook_metric(t->options);
    else if (yaml_function(function, &name, &dir) || yaml_function(value_of(step, "filter_fn"), &name, &dir))
        return cannot_run(t, err, "the filter '!function %s' is not supported", name.p);
    if (!filter)
        return err_set(err, CARAT_EINPUT, "a filter has no 'function'");
    for (size_t i = 0; i < COUNT(filter_rows); i++) {
        const struct filter_row *row = &filter_rows[i];
        if (strcmp(row->function, filter) != 0)
            continue;
        *out = (struct carat_filter_step){.kind = row->kind};
        enum carat_err rc = check_step(row, step, err);
        if (!rc && (row->kind == CARAT_FILTER_REGEX || row->kind == CARAT_FILTER_MULTI_CHOICE_REGEX))
            rc = take_regex(t, step, out, err);
        if (!rc && row->kind == CARAT_FILTER_MAP)
            rc = take_map(t, step, out, err);
        if (!rc && row->kind == CARAT_FILTER_TAKE_FIRST_K) {
            const json_t *k = value_of(step, "k");
            if (!json_is_integer(k) || json_integer_value(k) < 1)
                return err_set(err, CARAT_EINPUT, "the filter 'take_first_k' wants a k");
            out->k = (size_t)json_integer_value(k);
        }
        return rc;
    }
    return cannot_run(t, err, "the filter '%s' is not supported", filter);
}

static enum carat_err take_filter(struct yaml_task *t, const json_t *entry, struct carat_filter *out, struct err *err)
{
    const json_t *name = value_of(entry, "name"), *list = value_of(entry, "filter");
    if (!json_is_string(name) || !json_is_array(list) || json_array_size(list) > LIST_MAX)
        return err_set(err, CARAT_EINPUT, "an entry of 'filter_list' wants a name and a list 'filter'");
    size_t n = json_array_size(list);
    struct carat_filter_step *steps = arena_calloc(&t->arena, n + 1, sizeof *steps);
    if (!steps)
        return err_nomem(err, "a filter");
    *out = (struct carat_filter){.name = json_string_value(name), .steps = steps, .n_steps = n};
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; i < n && !rc; i++)
        rc = take_step(t, json_array_get(list, i), &steps[i], err);
    return rc;
}

/* Of log-likelihoods there is one response: take_first is what happens anyway, and nothing else can be done with them. */
static enum carat_err check_plain_filters(struct yaml_task *t, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    for (size_t f = 0; f < t->task.n_filters && !rc; f++)
        for (size_t s = 0; s < t->task.filters[f].n_steps && !rc; s++)
            if (t->task.filters[f].steps[s].kind != CARAT_FILTER_TAKE_FIRST)
                rc = cannot_run(t, err, "the filter '%s' is for generated text", t->task.filters[f].name);
    t->task.filters = NULL;
    t->task.n_filters = 0;
    return rc;
}

static enum carat_err take_filters(struct yaml_task *t, struct err *err)
{
    const json_t *list = value_of(t->config, "filter_list");
    size_t n = json_array_size(list);
    if (list && (!json_is_array(list) || n > LIST_MAX))
        return err_set(err, CARAT_EINPUT, "'filter_list' wants a list");
    struct carat_filter *filters = arena_calloc(&t->arena, n + 1, sizeof *filters);
    if (!filters)
        return err_nomem(err, "a task");
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; i < n && !rc; i++)
        rc = take_filter(t, json_array_get(list, i), &filters[i], err);
    if (!rc && t->prediction && (n != 1 || filters[0].n_steps != 1))
        rc = cannot_run(t, err, "a filter that makes programs stands beside others");
    if (t->cannot_run || t->prediction) /* what could be taken of them is of no use; programs are made when they are run */
        n = 0;
    t->task.filters = n ? filters : NULL;
    t->task.n_filters = n;
    return rc || t->task.output == CARAT_GENERATE ? rc : check_plain_filters(t, err);
}

/* ---- metrics ---------------------------------------------------------------------------------------------- */

struct metric_row {
    enum carat_output output;
    const char *name;
    enum carat_metric_kind kind;
    bool by_default; /* where the task has no metric_list */
};
static const struct metric_row metric_rows[] = {
    {CARAT_MULTIPLE_CHOICE, "acc", CARAT_METRIC_ACC, true},
    {CARAT_MULTIPLE_CHOICE, "acc_norm", CARAT_METRIC_ACC_NORM, true},
    {CARAT_MULTIPLE_CHOICE, "acc_bytes", CARAT_METRIC_ACC_BYTES, false},
    {CARAT_MULTIPLE_CHOICE, "exact_match", CARAT_METRIC_GREEDY, false},
    {CARAT_MULTIPLE_CHOICE, "f1", CARAT_METRIC_F1, false},
    {CARAT_MULTIPLE_CHOICE, "mcc", CARAT_METRIC_MCC, false},
    {CARAT_GENERATE, "exact_match", CARAT_METRIC_EXACT_MATCH, true},
    {CARAT_GENERATE, "bleu", CARAT_METRIC_BLEU, false},
    {CARAT_GENERATE, "chrf", CARAT_METRIC_CHRF, false},
    {CARAT_GENERATE, "chrf++", CARAT_METRIC_CHRF_PLUS, false},
    {CARAT_GENERATE, "ter", CARAT_METRIC_TER, false},
    {CARAT_LOGLIKELIHOOD, "perplexity", CARAT_METRIC_PERPLEXITY, true},
    {CARAT_LOGLIKELIHOOD, "acc", CARAT_METRIC_GREEDY, true},
    {CARAT_ROLLING, "word_perplexity", CARAT_METRIC_WORD_PERPLEXITY, true},
    {CARAT_ROLLING, "byte_perplexity", CARAT_METRIC_BYTE_PERPLEXITY, true},
    {CARAT_ROLLING, "bits_per_byte", CARAT_METRIC_BITS_PER_BYTE, true},
};
static const struct {
    const char *name;
    enum carat_aggregation aggregation;
} aggregations[] = {
    {"mean", CARAT_AGGREGATE_MEAN},
    {"median", CARAT_AGGREGATE_MEDIAN},
    {"nanmean", CARAT_AGGREGATE_NANMEAN},
    {"perplexity", CARAT_AGGREGATE_PERPLEXITY},
    {"weighted_perplexity", CARAT_AGGREGATE_WEIGHTED_PERPLEXITY},
    {"bits_per_byte", CARAT_AGGREGATE_BITS_PER_BYTE},
    {"f1", CARAT_AGGREGATE_F1},
    {"mcc", CARAT_AGGREGATE_MCC},
    {"bleu", CARAT_AGGREGATE_BLEU},
    {"chrf", CARAT_AGGREGATE_CHRF},
    {"chrf++", CARAT_AGGREGATE_CHRF_PLUS},
    {"ter", CARAT_AGGREGATE_TER},
};

static const struct metric_row *find_metric(enum carat_output output, const char *name)
{
    for (size_t i = 0; i < COUNT(metric_rows); i++)
        if (metric_rows[i].output == output && strcmp(metric_rows[i].name, name) == 0)
            return &metric_rows[i];
    return NULL;
}

static bool is_text(const json_t *v, const char *text) { return json_is_string(v) && strcmp(json_string_value(v), text) == 0; }

/* Two of another package's metrics, asked of one text at a time: both are 1 where it is the right one, else 0. */
static const struct metric_row *find_outside_metric(enum carat_output output, const json_t *entry)
{
    static const struct metric_row accuracy = {CARAT_GENERATE, "accuracy", CARAT_METRIC_EXACT_MATCH, false},
                                   f1 = {CARAT_GENERATE, "f1", CARAT_METRIC_EXACT_MATCH, false};
    const json_t *name = value_of(entry, "metric");
    if (output != CARAT_GENERATE || !flag(entry, "hf_evaluate") || !is_text(value_of(entry, "aggregation"), "mean"))
        return NULL;
    if (is_text(name, "accuracy"))
        return &accuracy;
    return is_text(name, "f1") && is_text(value_of(entry, "average"), "micro") ? &f1 : NULL;
}

/* Of a metric whose items have the right choice beside them, as those of f1 have. */
static enum carat_err aggregation_function(struct yaml_task *t, const json_t *v, struct carat_metric *m, struct err *err)
{
    struct hook *hook = NULL;
    struct err why = ERR_INIT;
    enum carat_err rc = hook_new(v, "aggregation", HOOK_AGGREGATION, &hook, &why);
    if (!rc && (m->kind == CARAT_METRIC_F1 || m->kind == CARAT_METRIC_MCC))
        m->aggregation = hook_aggregation(hook);
    else if (rc != CARAT_ENOMEM)
        rc = cannot_run(t, err, "the metric '%s': %s", m->name, rc ? why.msg : "its aggregation wants right choices");
    else
        rc = err_set(err, rc, "%s", why.msg);
    hook_free(hook);
    return rc;
}

/* BLEU and its like are made of counts that no other metric has, and are nothing without. */
static enum carat_err check_corpus(struct yaml_task *t, struct carat_metric *m, struct err *err)
{
    const enum carat_aggregation how = m->aggregation;
    bool own = how == metric_aggregation(&(struct carat_metric){.kind = m->kind});
    if (own || (!metric_is_of_corpus(m, NULL) && !stat_measure(how, NULL)))
        return CARAT_OK;
    m->aggregation = CARAT_AGGREGATE_DEFAULT;
    return cannot_run(t, err, "the metric '%s' cannot be aggregated by '%s'", m->name, stat_aggregation_name(how));
}

static enum carat_err take_aggregation(struct yaml_task *t, const json_t *entry, struct carat_metric *m, struct err *err)
{
    const json_t *v = value_of(entry, "aggregation");
    if (!v)
        return CARAT_OK;
    if (!json_is_string(v))
        return aggregation_function(t, v, m, err);
    for (size_t i = 0; i < COUNT(aggregations); i++)
        if (strcmp(aggregations[i].name, json_string_value(v)) == 0) {
            m->aggregation = aggregations[i].aggregation;
            return check_corpus(t, m, err);
        }
    return cannot_run(t, err, "the aggregation '%s' is not supported", json_string_value(v));
}

/* One of the scores that process_results gives. */
static enum carat_err take_score(struct yaml_task *t, const json_t *entry, const char *name, struct carat_metric *metrics,
                                 struct err *err)
{
    const enum carat_metric_kind kind = t->by_mass                ? CARAT_METRIC_MASS
                                        : hook_builtin(t->results) ? CARAT_METRIC_JUDGED
                                                                   : CARAT_METRIC_GRADED;
    if (hook_leaves_out(t->results, name)) {
        t->left_out = name;
        return CARAT_OK;
    }
    if (!hook_scores(t->results, name))
        return cannot_run(t, err, "the metric '%s' is none that 'process_results' is known to give", name);
    struct carat_metric *m = &metrics[t->task.n_metrics++];
    *m = (struct carat_metric){.name = name,
                               .kind = kind,
                               .lower_is_better = json_is_false(value_of(entry, "higher_is_better"))};
    return take_aggregation(t, entry, m, err);
}

static enum carat_err program_metric(struct yaml_task *t, const json_t *entry, struct carat_metric *metrics, struct err *err)
{
    struct err why = ERR_INIT;
    enum carat_err rc = t->task.output == CARAT_GENERATE
                            ? yaml_program_metric(t, entry, &metrics[t->task.n_metrics], &why)
                            : err_set(&why, CARAT_EUNSUPPORTED, "a metric that is a function is for generated text");
    if (rc == CARAT_EUNSUPPORTED)
        return cannot_run(t, err, "%s", why.msg);
    t->task.n_metrics += !rc;
    return rc ? err_set(err, rc, "%s", why.msg) : CARAT_OK;
}

static enum carat_err take_metric(struct yaml_task *t, const json_t *entry, struct carat_metric *metrics, struct err *err)
{
    const json_t *name = value_of(entry, "metric"), *higher = value_of(entry, "higher_is_better");
    struct str function, dir;
    if (yaml_function(name, &function, &dir))
        return program_metric(t, entry, metrics, err);
    if (!json_is_string(name))
        return err_set(err, CARAT_EINPUT, "an entry of 'metric_list' has no 'metric'");
    if (t->task.judge || t->by_mass)
        return take_score(t, entry, json_string_value(name), metrics, err);
    const struct metric_row *row = find_metric(t->task.output, json_string_value(name));
    row = row ? row : find_outside_metric(t->task.output, entry);
    if (!row)
        return cannot_run(t, err, "the metric '%s' is not supported for this output_type", json_string_value(name));
    struct carat_metric *m = &metrics[t->task.n_metrics++];
    *m = (struct carat_metric){.name = row->name,
                               .kind = row->kind,
                               .ignore_case = flag(entry, "ignore_case"),
                               .ignore_punctuation = flag(entry, "ignore_punctuation"),
                               .ignore_numbers = flag(entry, "ignore_numbers"),
                               .lower_is_better = json_is_false(higher)};
    if (metric_is_of_corpus(m, NULL) && flag(entry, "hf_evaluate"))
        return cannot_run(t, err, "the metric '%s' by 'hf_evaluate' is not supported", m->name);
    m->lower_is_better = m->lower_is_better || (m->kind == CARAT_METRIC_TER && !higher);
    enum carat_err rc = take_aggregation(t, entry, m, err);
    if (!rc && value_of(entry, "regexes_to_ignore"))
        rc = take_texts(t, "regexes_to_ignore", value_of(entry, "regexes_to_ignore"), &m->ignore_patterns, err);
    return rc;
}

static void default_metrics(struct yaml_task *t, struct carat_metric *metrics)
{
    for (size_t i = 0; i < COUNT(metric_rows); i++)
        if (metric_rows[i].output == t->task.output && metric_rows[i].by_default)
            metrics[t->task.n_metrics++] = (struct carat_metric){.name = metric_rows[i].name, .kind = metric_rows[i].kind};
}

static enum carat_err take_metrics(struct yaml_task *t, struct err *err)
{
    const json_t *list = value_of(t->config, "metric_list");
    size_t n = json_array_size(list);
    if (list && (!json_is_array(list) || n > LIST_MAX))
        return err_set(err, CARAT_EINPUT, "'metric_list' wants a list");
    struct carat_metric *metrics = arena_calloc(&t->arena, n + COUNT(metric_rows), sizeof *metrics);
    if (!metrics)
        return err_nomem(err, "a task");
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; i < n && !rc; i++)
        rc = take_metric(t, json_array_get(list, i), metrics, err);
    if (!rc && !t->task.n_metrics) { /* none given, or none that can be computed: cannot_run tells the latter */
        if (list && !t->cannot_run)
            return err_set(err, CARAT_EINPUT, "'metric_list' is empty");
        t->task.judge = NULL;
        default_metrics(t, metrics);
    }
    t->task.metrics = metrics;
    return rc;
}

/* A function of its own scores the answers. */
static enum carat_err take_results(struct yaml_task *t, struct err *err)
{
    const json_t *v = value_of(t->config, "process_results");
    enum hook_kind kind = t->task.output == CARAT_GENERATE ? HOOK_RESULTS : HOOK_CHOICE_SCORES;
    struct str name, dir;
    if (!v)
        return CARAT_OK;
    if (!yaml_function(v, &name, &dir))
        return err_set(err, CARAT_EINPUT, "'process_results' wants a !function");
    struct err why = ERR_INIT;
    enum carat_err rc = hook_new(v, "process_results", kind, &t->results, &why);
    if (rc == CARAT_EUNSUPPORTED && t->task.output == CARAT_MULTIPLE_CHOICE) {
        err_clear(&why);
        rc = hook_new(v, "process_results", kind = HOOK_CHOICE_MASS, &t->results, &why);
    }
    if (rc == CARAT_ENOMEM)
        return err_set(err, rc, "%s", why.msg);
    if (rc || (kind == HOOK_CHOICE_SCORES && t->task.output != CARAT_MULTIPLE_CHOICE))
        return cannot_run(t, err, "'process_results: !function %s' is not supported", name.p);
    if (kind == HOOK_RESULTS)
        t->task.judge = yaml_judge;
    t->by_mass = kind == HOOK_CHOICE_MASS;
    return CARAT_OK;
}

enum carat_err yaml_task_scoring(struct yaml_task *t, struct err *err)
{
    enum carat_err rc = t->task.output == CARAT_GENERATE ? take_generation(t, err) : CARAT_OK;
    rc = rc ? rc : take_results(t, err);
    rc = rc ? rc : take_filters(t, err);
    rc = rc ? rc : take_metrics(t, err);
    if (!rc && t->prediction && !t->task.program)
        rc = cannot_run(t, err, "a filter makes programs, and no metric runs them");
    return rc;
}
