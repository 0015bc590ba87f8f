/* plugin_check.c - what a task must be before it may be asked: plugins_check_task() of plugin.h.
 *
 * A task's fields are read only behind its `abi`, which every version of the structure begins with: a plugin
 * built with another task.h is told so before anything else of it is looked at.
 */
#include "metric.h"
#include "plugin.h"

static enum carat_err wrong(const struct carat_task *task, const char *what, struct err *err)
{
    return err_set(err, CARAT_EINPUT, "task '%s': %s", task->name, what);
}

/* Names become parts of file names, database keys and lists on the command line. */
static bool good_name(const char *name)
{
    if (!name || !*name || strlen(name) > 100)
        return false;
    for (const char *p = name; *p; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr("_-.()", *p)))
            return false;
    return true;
}

enum { MAX_REPEATS = 100000 };

/* Which outputs a kind of metric is for, as bits. */
static unsigned outputs_of(enum carat_metric_kind kind)
{
    enum { CHOICE = 1u << CARAT_MULTIPLE_CHOICE, TEXT = 1u << CARAT_GENERATE, ONE = 1u << CARAT_LOGLIKELIHOOD,
           ROLLING = 1u << CARAT_ROLLING };
    static const unsigned outputs[] = {
        [CARAT_METRIC_ACC] = CHOICE,         [CARAT_METRIC_ACC_NORM] = CHOICE,
        [CARAT_METRIC_ACC_BYTES] = CHOICE,   [CARAT_METRIC_EXACT_MATCH] = TEXT,
        [CARAT_METRIC_PASS_AT_K] = TEXT,     [CARAT_METRIC_JUDGED] = TEXT,
        [CARAT_METRIC_GRADED] = TEXT,        [CARAT_METRIC_GREEDY] = CHOICE | ONE,
        [CARAT_METRIC_F1] = CHOICE,          [CARAT_METRIC_MCC] = CHOICE,
        [CARAT_METRIC_PERPLEXITY] = ONE,     [CARAT_METRIC_WORD_PERPLEXITY] = ROLLING,
        [CARAT_METRIC_BYTE_PERPLEXITY] = ROLLING, [CARAT_METRIC_BITS_PER_BYTE] = ROLLING,
        [CARAT_METRIC_BLEU] = TEXT,          [CARAT_METRIC_CHRF] = TEXT,
        [CARAT_METRIC_CHRF_PLUS] = TEXT,     [CARAT_METRIC_TER] = TEXT,
        [CARAT_METRIC_MASS] = CHOICE,
    };
    return outputs[kind];
}

static const char *wrong_with_required(const struct carat_task *task)
{
    const struct {
        bool missing;
        const char *what;
    } required[] = {
        {task->version < 1, "the field 'version' must be 1 or more"},
        {!task->dataset || !*task->dataset, "the field 'dataset' is missing"},
        {!task->test_split || !*task->test_split, "the field 'test_split' is missing"},
        {!task->example, "the field 'example' is missing"},
        {!task->metrics || !task->n_metrics, "the field 'metrics' is missing"},
        {(unsigned)task->output > CARAT_ROLLING, "the field 'output' is unknown"},
        {(unsigned)task->shots > CARAT_SHOTS_NEVER, "the field 'shots' is unknown"},
        {task->default_shots < 0, "the field 'default_shots' is negative"},
        {task->default_shots > 0 && task->shots == CARAT_SHOTS_NEVER,
         "the field 'default_shots' is not 0, but shots are never shown"},
        {task->default_shots > 0 && !task->shots_split,
         "the field 'shots_split' is missing, but there are default shots"},
        {task->n_subsets && !task->subsets, "the field 'subsets' is missing"},
        {task->n_filters && !task->filters, "the field 'filters' is missing"},
        {task->output == CARAT_GENERATE && !task->max_tokens, "the field 'max_tokens' is missing"},
        {task->output != CARAT_GENERATE && task->n_filters, "filters are for generated text"},
        {task->output == CARAT_ROLLING && task->shots != CARAT_SHOTS_NEVER,
         "a whole text is scored as it stands: the field 'shots' must be CARAT_SHOTS_NEVER"},
        {task->output != CARAT_GENERATE && (task->repeats > 1 || task->temperature > 0), "samples are of generated text"},
        {!(task->temperature >= 0 && task->temperature <= 100), "the field 'temperature' is not from 0 to 100"},
        {!(task->top_p >= 0 && task->top_p <= 1), "the field 'top_p' is not from 0 to 1"},
        {task->repeats > MAX_REPEATS, "the field 'repeats' is more than 100000"},
        {task->metrics && proto_needs_jail(task) && !task->program, "the field 'program' is missing, which pass@k needs"},
    };
    for (size_t i = 0; i < sizeof required / sizeof *required; i++)
        if (required[i].missing)
            return required[i].what;
    return NULL;
}

static bool wants_companion(enum carat_aggregation how)
{
    return how == CARAT_AGGREGATE_WEIGHTED_PERPLEXITY || how == CARAT_AGGREGATE_BITS_PER_BYTE ||
           how == CARAT_AGGREGATE_F1 || how == CARAT_AGGREGATE_MCC ||
           how == CARAT_AGGREGATE_WEIGHTED_F1 || how == CARAT_AGGREGATE_MACRO_F1 || how == CARAT_AGGREGATE_MICRO_F1;
}

static const char *wrong_with_metrics(const struct carat_task *task)
{
    for (size_t i = 0; i < task->n_metrics; i++) {
        const struct carat_metric *metric = &task->metrics[i];
        if (!metric->name || !*metric->name)
            return "a metric has no name";
        if (strchr(metric->name, ':'))
            return "a metric's name has a colon";
        if ((unsigned)metric->kind > CARAT_METRIC_MASS)
            return "a metric's kind is unknown";
        if ((unsigned)metric->aggregation > CARAT_AGGREGATE_TER)
            return "a metric's aggregation is unknown";
        if (!(outputs_of(metric->kind) & 1u << task->output))
            return "a metric does not fit the output";
        if (wants_companion(metric_aggregation(metric)) && !metric_companion(metric))
            return "a metric's aggregation wants a second number, which its kind does not have";
        if (stat_measure(metric_aggregation(metric), NULL) != metric_is_of_corpus(metric, NULL))
            return "a metric of whole corpora has another's aggregation, or another metric has such a one's";
        if (metric_is_judged(metric) && !task->judge)
            return "the field 'judge' is missing, which a metric needs";
        if (metric->k && !metric->k[0])
            return "a metric's list of k is empty";
    }
    return NULL;
}

static const char *wrong_with_step(const struct carat_filter_step *step)
{
    bool regex = step->kind == CARAT_FILTER_REGEX || step->kind == CARAT_FILTER_MULTI_CHOICE_REGEX;
    if ((unsigned)step->kind > CARAT_FILTER_MULTI_CHOICE_REGEX)
        return "a filter step's kind is unknown";
    if (regex && !step->pattern)
        return "a filter step has no pattern";
    if (step->kind == CARAT_FILTER_TAKE_FIRST_K && !step->k)
        return "a filter step takes the first 0 samples";
    for (size_t i = 0; i < step->n_map; i++)
        if (!step->map || !step->map[i].from || !step->map[i].to)
            return "a filter step's map has gaps";
    return NULL;
}

static const char *wrong_with_filters(const struct carat_task *task)
{
    for (size_t i = 0; i < task->n_filters; i++) {
        const struct carat_filter *filter = &task->filters[i];
        if (!filter->name || !*filter->name)
            return "a filter has no name";
        if (filter->n_steps && !filter->steps)
            return "a filter's steps are missing";
        for (size_t s = 0; s < filter->n_steps; s++) {
            const char *what = wrong_with_step(&filter->steps[s]);
            if (what)
                return what;
        }
    }
    return NULL;
}

static const char *wrong_with_subsets(const struct carat_task *task)
{
    for (size_t i = 0; i < task->n_subsets; i++) {
        const struct carat_subset *subset = &task->subsets[i];
        if (!good_name(subset->name) || (subset->group && !good_name(subset->group)))
            return "a subset's name or group has other characters than letters, digits, '_', '-', '.', '(', ')'";
        for (size_t j = 0; j < i; j++)
            if (strcmp(subset->name, task->subsets[j].name) == 0)
                return "two subsets have one name";
        for (size_t j = 0; j < task->n_subsets; j++)
            if (subset->group && strcmp(subset->group, task->subsets[j].name) == 0)
                return "a subset and a group have one name";
    }
    return NULL;
}

/* What tells the two apart is how they ask; all that names a result is the same. */
static const char *wrong_with_published(const struct carat_task *task)
{
    const struct carat_task *p = task->published;
    if (!p)
        return NULL;
    if (p->published || !p->name || strcmp(p->name, task->name) != 0)
        return "the field 'published' must be a task of the same name without such a field";
    if (!p->dataset || strcmp(p->dataset, task->dataset) != 0 || p->subsets != task->subsets || p->n_subsets != task->n_subsets ||
        p->output != task->output)
        return "the field 'published' must have the same dataset, subsets and output";
    return NULL;
}

/* Is `headline` the name of a value that some metric gives? */
static enum carat_err has_headline(const struct carat_task *task, bool *has, struct err *err)
{
    static const size_t one[] = {1, 0};
    struct arena arena = ARENA_INIT;
    struct str headline = proto_headline(task, &arena);
    bool memory = headline.p != NULL;
    *has = false;
    for (size_t m = 0; m < task->n_metrics; m++)
        for (size_t f = 0; f < (task->n_filters ? task->n_filters : 1); f++)
            for (const size_t *k = task->metrics[m].k ? task->metrics[m].k : one; *k; k++) {
                struct str name = metric_value_name(&task->metrics[m], task->n_filters ? task->filters[f].name : "none",
                                                    *k, &arena);
                memory = memory && name.p;
                *has = *has || str_eq(name, headline);
            }
    arena_release(&arena);
    return memory ? CARAT_OK : err_nomem(err, "a task");
}

enum carat_err plugins_check_task(const struct carat_task *task, struct err *err)
{
    if (task->abi != CARAT_TASK_ABI) {
        err_set(err, CARAT_EUNSUPPORTED, "its task.h is version %u, this carat's is version %u", (unsigned)task->abi,
                (unsigned)CARAT_TASK_ABI);
        return err_hint(err, "build the plugin again with this carat's task.h");
    }
    if (!good_name(task->name))
        return err_set(err, CARAT_EINPUT,
                       task->name ? "the task name '%.100s' has other characters than letters, digits, '_', '-', '.', '(', ')'"
                                  : "a task has no name",
                       task->name);
    static const char *(*const checks[])(const struct carat_task *) = {
        wrong_with_required, wrong_with_metrics, wrong_with_filters, wrong_with_subsets, wrong_with_published};
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        const char *what = checks[i](task);
        if (what)
            return wrong(task, what, err);
    }
    bool has;
    enum carat_err rc = has_headline(task, &has, err);
    if (!rc && !has)
        rc = wrong(task, "the field 'headline' names none of its metrics", err);
    return rc || !task->published ? rc : plugins_check_task(task->published, err);
}
