/* settings.c - a plan's protocol as JSON: what of a task decides prompt and score. */
#include "plan.h"

static const char *const output_names[] = {
    [CARAT_MULTIPLE_CHOICE] = "multiple_choice",
    [CARAT_GENERATE] = "generate",
    [CARAT_LOGLIKELIHOOD] = "loglikelihood",
    [CARAT_ROLLING] = "rolling",
};
static const char *const shots_names[] = {
    [CARAT_SHOTS_SAMPLED] = "sampled",
    [CARAT_SHOTS_FIRST] = "first",
    [CARAT_SHOTS_UP_TO] = "up_to",
    [CARAT_SHOTS_NEVER] = "never",
};
static const char *const step_names[] = {
    [CARAT_FILTER_REGEX] = "regex",
    [CARAT_FILTER_TAKE_FIRST] = "take_first",
    [CARAT_FILTER_STRIP] = "strip",
    [CARAT_FILTER_LOWERCASE] = "lowercase",
    [CARAT_FILTER_UPPERCASE] = "uppercase",
    [CARAT_FILTER_TAKE_FIRST_K] = "take_first_k",
    [CARAT_FILTER_MAJORITY_VOTE] = "majority_vote",
    [CARAT_FILTER_MAP] = "map",
    [CARAT_FILTER_MULTI_CHOICE_REGEX] = "multi_choice_regex",
};
static const char *const metric_names[] = {
    [CARAT_METRIC_ACC] = "acc",
    [CARAT_METRIC_ACC_NORM] = "acc_norm",
    [CARAT_METRIC_ACC_BYTES] = "acc_bytes",
    [CARAT_METRIC_EXACT_MATCH] = "exact_match",
    [CARAT_METRIC_PASS_AT_K] = "pass_at_k",
    [CARAT_METRIC_JUDGED] = "judged",
    [CARAT_METRIC_GRADED] = "graded",
    [CARAT_METRIC_GREEDY] = "greedy",
    [CARAT_METRIC_F1] = "f1",
    [CARAT_METRIC_MCC] = "mcc",
    [CARAT_METRIC_PERPLEXITY] = "perplexity",
    [CARAT_METRIC_WORD_PERPLEXITY] = "word_perplexity",
    [CARAT_METRIC_BYTE_PERPLEXITY] = "byte_perplexity",
    [CARAT_METRIC_BITS_PER_BYTE] = "bits_per_byte",
    [CARAT_METRIC_BLEU] = "bleu",
    [CARAT_METRIC_CHRF] = "chrf",
    [CARAT_METRIC_CHRF_PLUS] = "chrf++",
    [CARAT_METRIC_TER] = "ter",
    [CARAT_METRIC_MASS] = "mass",
};

/* A value that could not be made (NULL) makes the object's set or append fail, and `ok` remembers. */
static void set(json_t *object, const char *key, json_t *value, bool *ok)
{
    *ok = json_object_set_new(object, key, value) == 0 && *ok;
}

static void append(json_t *array, json_t *value, bool *ok) { *ok = json_array_append_new(array, value) == 0 && *ok; }

static json_t *text_json(const char *s) { return json_text(str_from(s)); }

static json_t *texts_json(const char *const *texts, bool *ok)
{
    json_t *array = json_array();
    for (; texts && *texts; texts++)
        append(array, text_json(*texts), ok);
    return array;
}

static json_t *map_json(const struct carat_filter_step *step, bool *ok)
{
    json_t *array = json_array();
    for (size_t i = 0; i < step->n_map; i++) {
        append(array, text_json(step->map[i].from), ok);
        append(array, text_json(step->map[i].to), ok);
    }
    return array;
}

/* What only some kinds of steps have, where it is not what most of them have. */
static void set_step(json_t *s, const struct carat_filter_step *step, bool *ok)
{
    if (step->kind == CARAT_FILTER_REGEX || step->kind == CARAT_FILTER_MULTI_CHOICE_REGEX) {
        set(s, "pattern", text_json(step->pattern), ok);
        set(s, "select", json_integer(step->select), ok);
    }
    if (step->fallback)
        set(s, "fallback", text_json(step->fallback), ok);
    if (step->kind == CARAT_FILTER_TAKE_FIRST_K)
        set(s, "k", json_integer((json_int_t)step->k), ok);
    if (step->kind == CARAT_FILTER_MAP) {
        set(s, "map", map_json(step, ok), ok);
        set(s, "default", step->map_default ? text_json(step->map_default) : json_null(), ok);
    }
    if (step->kind == CARAT_FILTER_MULTI_CHOICE_REGEX) {
        set(s, "ignore_case", json_boolean(step->ignore_case), ok);
        set(s, "ignore_punctuation", json_boolean(step->ignore_punctuation), ok);
        set(s, "ignore_patterns", texts_json(step->ignore_patterns, ok), ok);
    }
}

static json_t *filter_json(const struct carat_filter *filter, bool *ok)
{
    json_t *object = json_object(), *steps = json_array();
    for (size_t i = 0; i < filter->n_steps; i++) {
        const struct carat_filter_step *step = &filter->steps[i];
        json_t *s = json_object();
        set(s, "kind", text_json(step_names[step->kind]), ok);
        set_step(s, step, ok);
        append(steps, s, ok);
    }
    set(object, "name", text_json(filter->name), ok);
    set(object, "steps", steps, ok);
    return object;
}

static json_t *metric_json(const struct carat_metric *metric, bool *ok)
{
    json_t *object = json_object();
    set(object, "name", text_json(metric->name), ok);
    set(object, "kind", text_json(metric_names[metric->kind]), ok);
    if (metric->kind == CARAT_METRIC_EXACT_MATCH) {
        set(object, "ignore_case", json_boolean(metric->ignore_case), ok);
        set(object, "ignore_punctuation", json_boolean(metric->ignore_punctuation), ok);
        if (metric->ignore_numbers)
            set(object, "ignore_numbers", json_true(), ok);
        set(object, "ignore_patterns", texts_json(metric->ignore_patterns, ok), ok);
    }
    if (metric_aggregation(metric) != CARAT_AGGREGATE_MEAN) {
        set(object, "aggregation", text_json(stat_aggregation_name(metric_aggregation(metric))), ok);
        if (metric_companion(metric))
            set(object, "with", text_json(metric_companion(metric)), ok);
    }
    if (metric->lower_is_better)
        set(object, "lower_is_better", json_true(), ok);
    if (metric->k) {
        json_t *ks = json_array();
        for (const size_t *k = metric->k; *k; k++)
            append(ks, json_integer((json_int_t)*k), ok);
        set(object, "k", ks, ok);
    }
    return object;
}

static void set_shots(json_t *object, const struct proto_plan *plan, bool *ok)
{
    const struct proto_leaf *leaf = &plan->leaf;
    const struct carat_task *task = leaf->task;
    json_t *shots = json_object();
    set(shots, "kind", text_json(shots_names[task->shots]), ok);
    if (task->shots_split && task->shots != CARAT_SHOTS_NEVER) {
        set(shots, "split", text_json(task->shots_split), ok);
        set(shots, "exclude_item", json_boolean(task->shots_exclude_item), ok);
    }
    if (leaf->settings & PROTO_SHOTS_FIXED && task->shots == CARAT_SHOTS_SAMPLED)
        set(shots, "fixed", json_true(), ok);
    if (task->shots == CARAT_SHOTS_UP_TO)
        set(shots, "used", json_integer((json_int_t)plan->n_shots), ok);
    set(object, "shots", shots, ok);
}

static void set_generation(json_t *object, const struct proto_plan *plan, bool *ok)
{
    const struct carat_task *task = plan->leaf.task;
    json_t *filters = json_array();
    for (size_t i = 0; i < task->n_filters; i++)
        append(filters, filter_json(&task->filters[i], ok), ok);
    set(object, "stops", texts_json(proto_stops(plan), ok), ok);
    set(object, "max_tokens", json_integer((json_int_t)task->max_tokens), ok);
    if (task->temperature > 0) {
        set(object, "temperature", json_real(task->temperature), ok);
        set(object, "top_p", json_real(task->top_p > 0 ? task->top_p : 1), ok);
    }
    if (task->repeats > 1)
        set(object, "repeats", json_integer((json_int_t)task->repeats), ok);
    set(object, "filters", filters, ok);
}

enum carat_err proto_settings_json(const struct proto_plan *plan, struct buf *out)
{
    const struct carat_task *task = plan->leaf.task;
    bool ok = true;
    json_t *object = json_object(), *metrics = json_array();
    for (size_t i = 0; i < task->n_metrics; i++)
        append(metrics, metric_json(&task->metrics[i], &ok), &ok);
    set(object, "version", json_integer(task->version), &ok);
    set(object, "output", text_json(output_names[task->output]), &ok);
    set(object, "split", text_json(task->test_split), &ok);
    if (plan->leaf.settings & PROTO_PUBLISHED)
        set(object, "protocol", text_json("published"), &ok);
    set_shots(object, plan, &ok);
    set(object, "description", json_text(plan->description), &ok);
    set(object, "delimiter", text_json(plan_delimiter(task)), &ok);
    set(object, "shot_delimiter", text_json(plan_shot_delimiter(task)), &ok);
    if (task->output == CARAT_GENERATE)
        set_generation(object, plan, &ok);
    set(object, "metrics", metrics, &ok);
    enum carat_err rc = ok ? json_write(object, out) : CARAT_ENOMEM;
    json_decref(object);
    return rc;
}
