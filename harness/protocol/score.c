/* score.c - from an item's responses to answers, metric values and an outcome.
 *
 * Multiple choice: each metric picks a choice by its own division and is 1 when that is the right one.
 *
 * One text's log-likelihood: its value is the sum, from which perplexities are made when items become one number;
 * what weighs it (words, bytes) stands beside it as a value of its own.
 *
 * Generation: every pipeline runs over all samples. A metric's value under a pipeline is the score of
 * the pipeline's first answer (that is what the reference scores); each answer kept has its own score, too.
 * pass@k counts samples that the jail found right.
 *
 * A metric of whole corpora gives an item the score that it would have alone and, beside it, what is counted of it: the
 * corpus's score is made of the counts' sums. Such an item is right by its headline where the answer is one of the references.
 *
 * The outcome is one of: right by the headline metric; else empty (white space alone); cut off (the token
 * limit ended the text before an answer was found in it); unparsed (no answer in a finished text); wrong. A text of a
 * perplexity is right when every token was the model's first choice; a whole text that is scored always is.
 */
#include <math.h>

#include "host.h"
#include "plan.h"

struct scoring { /* one call of proto_score() */
    const struct proto_plan *plan;
    const struct carat_task *task;
    const struct proto_item *item;
    struct arena *arena;
    struct err *err;
    struct proto_answer *answers;
    size_t n_answers;
    struct proto_value *values;
    size_t n_values;
    struct str headline;
    size_t headline_answer; /* the answer that the outcome judges, and whether a regex took it out of its text */
    bool headline_extracts;
    bool headline_equals; /* of whole corpora: is the answer one of the references? */
};

static const char *filter_or_none(const struct carat_task *task)
{
    return task->n_filters ? task->filters[0].name : "none";
}

const struct carat_metric *proto_headline_metric(const struct carat_task *task)
{
    struct str headline = str_from(task->headline ? task->headline : task->metrics[0].name);
    for (size_t i = 0; i < task->n_metrics; i++) {
        struct str name = str_from(task->metrics[i].name);
        if (str_starts(headline, name) && (headline.n == name.n || strchr(",@", headline.p[name.n])))
            return &task->metrics[i];
    }
    return &task->metrics[0];
}

struct str proto_headline(const struct carat_task *task, struct arena *arena)
{
    if (!task->headline)
        return metric_value_name(&task->metrics[0], filter_or_none(task),
                                 task->metrics[0].k ? task->metrics[0].k[0] : 1, arena);
    for (size_t i = 0; i < task->n_metrics; i++)
        if (strcmp(task->metrics[i].name, task->headline) == 0 &&
                metric_is_of_text(&task->metrics[i]))
            return metric_value_name(&task->metrics[i], filter_or_none(task), 1, arena);
    return str_from(task->headline);
}

static enum carat_err add_value(struct scoring *s, struct str name, double value)
{
    if (!name.p)
        return err_nomem(s->err, "a score");
    s->values[s->n_values++] = (struct proto_value){name, value};
    return CARAT_OK;
}

static enum carat_err room_for_values(struct scoring *s, size_t n)
{
    s->values = arena_calloc(s->arena, n ? n : 1, sizeof *s->values);
    return s->values ? CARAT_OK : err_nomem(s->err, "a score");
}

/* What stands beside a metric's own value, once for all metrics that want it. */
static enum carat_err add_companion(struct scoring *s, const struct carat_metric *metric, double value)
{
    const char *name = metric_companion(metric);
    for (size_t i = 0; name && i < s->n_values; i++)
        if (str_eq(s->values[i].name, str_from(name)))
            return CARAT_OK;
    return name ? add_value(s, str_from(name), value) : CARAT_OK;
}

/* The headline's value; where it was left out (pass@10 of one sample) the first there is. */
static double headline_value(const struct scoring *s)
{
    for (size_t i = 0; i < s->n_values; i++)
        if (str_eq(s->values[i].name, s->headline))
            return s->values[i].value;
    return s->n_values ? s->values[0].value : 0;
}

/* ---- multiple choice ----------------------------------------------------------------------- */

static bool is_right(const struct carat_example *ex, int choice)
{
    for (size_t i = 0; ex->golds && i < ex->n_golds; i++)
        if (ex->golds[i] == choice)
            return true;
    return !ex->golds && ex->gold == choice;
}

/* Was any right choice what the model itself would have written? */
static bool right_is_greedy(const struct proto_item *item)
{
    for (size_t i = 0; i < item->n_requests; i++)
        if (is_right(&item->example, (int)i) && item->responses[i].greedy)
            return true;
    return false;
}

/* The right choices' share in the probability of all; e^x is of the distance to the greatest, so that not all of them vanish. */
static double right_mass(const struct proto_item *item)
{
    double greatest = -INFINITY, right = 0, all = 0;
    for (size_t i = 0; i < item->n_requests; i++)
        greatest = fmax(greatest, item->responses[i].logprob);
    for (size_t i = 0; i < item->n_requests; i++) {
        const double p = exp(item->responses[i].logprob - greatest);
        right += is_right(&item->example, (int)i) ? p : 0;
        all += p;
    }
    return right / all;
}

static double choice_value(const struct scoring *s, const struct carat_metric *metric, int taken)
{
    switch (metric->kind) {
    case CARAT_METRIC_MASS: return right_mass(s->item);
    case CARAT_METRIC_GREEDY: return right_is_greedy(s->item);
    case CARAT_METRIC_F1:
    case CARAT_METRIC_MCC: return taken;
    default: return is_right(&s->item->example, taken);
    }
}

static enum carat_err score_choices(struct scoring *s, struct proto_score *out)
{
    const struct carat_example *ex = &s->item->example;
    const size_t n = s->item->n_requests;
    if (s->item->n_responses != n)
        return err_set(s->err, CARAT_EUSAGE, "%zu responses for %zu choices", s->item->n_responses, n);
    double *logprobs = arena_calloc(s->arena, n, sizeof *logprobs);
    double *scratch = arena_calloc(s->arena, n, sizeof *scratch);
    struct str *choices = arena_calloc(s->arena, n, sizeof *choices);
    if (!logprobs || !scratch || !choices)
        return err_nomem(s->err, "a score");
    for (size_t i = 0; i < n; i++) {
        logprobs[i] = s->item->responses[i].logprob;
        choices[i] = str_of(ex->choices ? ex->choices[i] : ex->questions[i]);
    }
    enum carat_err rc = room_for_values(s, 2 * s->task->n_metrics);
    for (size_t m = 0; m < s->task->n_metrics && !rc; m++) {
        const struct carat_metric *metric = &s->task->metrics[m];
        int taken = (int)metric_choose(metric->kind, logprobs, choices, n, scratch);
        double value = choice_value(s, metric, taken);
        rc = add_value(s, metric_value_name(metric, NULL, 1, s->arena), value);
        if (!rc)
            rc = add_companion(s, metric, ex->golds && ex->n_golds ? ex->golds[0] : ex->gold);
    }
    out->chosen = (int)metric_argmax(logprobs, n);
    const struct carat_metric *headline = proto_headline_metric(s->task);
    bool is_index = headline->kind == CARAT_METRIC_F1 || headline->kind == CARAT_METRIC_MCC;
    bool right = is_index ? is_right(ex, out->chosen) : headline_value(s) == 1;
    if (headline->kind == CARAT_METRIC_MASS)
        right = headline_value(s) >= 0.5;
    out->outcome = right ? PROTO_RIGHT : PROTO_WRONG;
    return rc;
}

/* ---- one text's log-likelihood ----------------------------------------------------------------- */

/* len(re.split(r"\s+", text)): one more than there are runs of white space. */
static size_t count_words(struct str text)
{
    size_t n = 1;
    bool in_space = false;
    for (size_t at = 0; at < text.n;) {
        bool space = utf8_is_space(utf8_next(text, &at));
        n += space && !in_space;
        in_space = space;
    }
    return n;
}

static enum carat_err score_text(struct scoring *s, struct proto_score *out)
{
    if (s->item->n_responses != 1)
        return err_set(s->err, CARAT_EUSAGE, "%zu responses for one text", s->item->n_responses);
    const struct proto_response *response = &s->item->responses[0];
    const struct str text = str_of(s->item->example.answer);
    enum carat_err rc = room_for_values(s, 2 * s->task->n_metrics);
    for (size_t m = 0; m < s->task->n_metrics && !rc; m++) {
        const struct carat_metric *metric = &s->task->metrics[m];
        double value = metric->kind == CARAT_METRIC_GREEDY ? (double)response->greedy : response->logprob;
        rc = add_value(s, metric_value_name(metric, NULL, 1, s->arena), value);
        if (!rc)
            rc = add_companion(s, metric,
                               metric->kind == CARAT_METRIC_WORD_PERPLEXITY ? (double)count_words(text) : (double)text.n);
    }
    out->outcome = response->greedy || s->task->output == CARAT_ROLLING ? PROTO_RIGHT : PROTO_WRONG;
    return rc;
}

/* ---- generation ---------------------------------------------------------------------------- */

static enum carat_err clean_text(struct scoring *s, struct str text, struct str *out)
{
    *out = text.p ? text : STR("");
    if (utf8_valid(*out))
        return CARAT_OK;
    struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
    utf8_sanitize(text, &b);
    char *p = buf_failed(&b) ? NULL : arena_dup(s->arena, b.p, b.n);
    *out = (struct str){p, b.n};
    buf_release(&b);
    return p ? CARAT_OK : err_nomem(s->err, "a text");
}

static enum carat_err references_of(struct scoring *s, const struct str **out, size_t *n)
{
    const struct carat_example *ex = &s->item->example;
    const struct carat_text *texts = ex->references ? ex->references : &ex->answer;
    *n = ex->references ? ex->n_references : 1;
    struct str *views = arena_calloc(s->arena, *n, sizeof *views);
    if (!views)
        return err_nomem(s->err, "a score");
    for (size_t i = 0; i < *n; i++) {
        if (!texts[i].p)
            return err_set(s->err, CARAT_EINPUT, "has no answer to compare with");
        views[i] = str_of(texts[i]);
    }
    *out = views;
    return CARAT_OK;
}

static enum carat_err judge(struct scoring *s, const struct carat_metric *metric, struct proto_answer *answer,
                            struct carat_verdict *verdict)
{
    struct carat_ctx ctx;
    *verdict = (struct carat_verdict){.right = false, .found = false};
    const struct carat_value *row = host_value(s->plan->rows[s->item->index]);
    host_begin(&ctx, &s->plan->leaf, s->arena, s->err);
    ctx.metric = metric->name;
    enum carat_err rc = host_end(&ctx, s->task->judge(host_functions(), &ctx, row, text_of(answer->answer), verdict));
    answer->found = answer->found && verdict->found;
    return rc;
}

/* An item's own BLEU, and, of a pipeline's first answer, what it adds to the corpus's. */
static enum carat_err measure_text(struct scoring *s, size_t m, enum mt_measure measure, const struct proto_answer *answer,
                                   const struct str *references, size_t n, bool first, double *value)
{
    double sums[MT_SUMS_MAX];
    enum carat_err rc = mt_item(measure, answer->answer, references, n, sums, s->err);
    *value = rc ? 0 : mt_score(measure, sums);
    for (size_t i = 0; i < mt_n_sums(measure) && first && !rc; i++)
        rc = add_value(s, metric_sum_name(&s->task->metrics[m], measure, i, answer->filter.p, s->arena), sums[i]);
    return rc;
}

static bool equals_one(struct str answer, const struct str *references, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(utf8_strip(answer), utf8_strip(references[i])))
            return true;
    return false;
}

/* The answer's value by one metric. */
static enum carat_err grade(struct scoring *s, size_t m, struct proto_answer *answer, const struct str *references,
                            size_t n, struct carat_verdict *verdict, double *value)
{
    const struct carat_metric *metric = &s->task->metrics[m];
    bool equal = false;
    if (!metric_is_judged(metric)) {
        enum carat_err rc = metric_match_run(s->plan->matches[m], answer->answer, references, n, &equal, s->err);
        *value = equal;
        return rc;
    }
    enum carat_err rc = judge(s, metric, answer, verdict);
    *value = metric->kind == CARAT_METRIC_GRADED ? verdict->score : (double)verdict->right;
    return rc;
}

/* How the judge came to its verdict: 1 under one of three names, so that means count it. */
static enum carat_err add_decided(struct scoring *s, const char *filter, enum carat_decided decided)
{
    static const char *const names[] = {[CARAT_DECIDED_BY_TEXT] = "decided_by_text",
                                        [CARAT_DECIDED_BY_ALGEBRA] = "decided_by_algebra",
                                        [CARAT_DECIDED_BY_NEITHER] = "decided_by_neither"};
    enum carat_err rc = CARAT_OK;
    for (int i = CARAT_DECIDED_BY_TEXT; i <= CARAT_DECIDED_BY_NEITHER && decided != CARAT_DECIDED_UNSAID && !rc; i++)
        rc = add_value(s, str_from(arena_printf(s->arena, "%s,%s", names[i], filter)), (int)decided == i);
    return rc;
}

/* One metric that compares texts, over the answers of one pipeline, answers[from ..]. */
static enum carat_err score_matches(struct scoring *s, size_t m, size_t from, const char *filter)
{
    const struct str *references = NULL;
    size_t n = 0;
    double first = 0;
    enum mt_measure measure;
    const bool of_corpus = metric_is_of_corpus(&s->task->metrics[m], &measure);
    enum carat_decided decided = CARAT_DECIDED_UNSAID;
    enum carat_err rc = metric_is_judged(&s->task->metrics[m]) ? CARAT_OK : references_of(s, &references, &n);
    for (size_t a = from; a < s->n_answers && !rc; a++) {
        struct proto_answer *answer = &s->answers[a];
        struct carat_verdict verdict = {.decided = CARAT_DECIDED_UNSAID};
        double value = 0;
        rc = of_corpus ? measure_text(s, m, measure, answer, references, n, a == from, &value)
                       : grade(s, m, answer, references, n, &verdict, &value);
        if (isnan(answer->score)) /* the first metric's */
            answer->score = value;
        if (a == from) {
            first = value;
            decided = verdict.decided;
        }
    }
    if (rc)
        return rc;
    struct str name = metric_value_name(&s->task->metrics[m], filter, 1, s->arena);
    if (str_eq(name, s->headline)) {
        s->headline_answer = from;
        s->headline_equals = from < s->n_answers && equals_one(s->answers[from].answer, references, n);
    }
    rc = add_value(s, name, first);
    return rc ? rc : add_decided(s, filter, decided);
}

/* The example's choices; of a generation the row's, for the filter that looks for them. */
static enum carat_err choices_of(struct scoring *s, struct filter_choices *out)
{
    const struct carat_example *ex = &s->item->example;
    const json_t *row = s->plan->rows[s->item->index], *list = json_object_get(row, "choices");
    size_t n = ex->choices ? ex->n_choices : json_array_size(list);
    struct str *texts = arena_calloc(s->arena, n ? n : 1, sizeof *texts);
    if (!texts)
        return err_nomem(s->err, "the choices");
    for (size_t i = 0; i < n; i++) {
        const json_t *text = ex->choices ? NULL : json_array_get(list, i);
        if (!ex->choices && !json_is_string(text))
            return err_set(s->err, CARAT_EINPUT, "the field 'choices' must be a list of texts");
        texts[i] = ex->choices ? str_of(ex->choices[i])
                               : (struct str){json_string_value(text), json_string_length(text)};
    }
    *out = (struct filter_choices){texts, n};
    return CARAT_OK;
}

static enum carat_err run_pipeline(struct scoring *s, size_t f, const struct str *texts)
{
    struct filter_choices choices = {NULL, 0};
    const size_t from = s->n_answers;
    size_t n = s->item->n_responses;
    struct str name = filter_name(s->plan->filters, f);
    struct filter_answer *found = arena_calloc(s->arena, n, sizeof *found);
    if (!found)
        return err_nomem(s->err, "a score");
    for (size_t i = 0; i < n; i++)
        found[i] = (struct filter_answer){.sample = i, .text = texts[i], .found = true};
    enum carat_err rc = filter_wants_choices(s->plan->filters, f) ? choices_of(s, &choices) : CARAT_OK;
    if (!rc)
        rc = filter_run(s->plan->filters, f, &choices, found, &n, s->arena, s->err);
    for (size_t i = 0; i < n && !rc; i++)
        s->answers[s->n_answers++] = (struct proto_answer){
            .sample = found[i].sample, .filter = name, .answer = found[i].text, .found = found[i].found, .score = NAN};
    for (size_t m = 0; m < s->task->n_metrics && !rc; m++)
        if (metric_is_of_text(&s->task->metrics[m]))
            rc = score_matches(s, m, from, name.p);
    if (s->headline_answer == from)
        s->headline_extracts = s->task->judge || filter_extracts(s->plan->filters, f);
    return rc;
}

static enum carat_err score_programs(struct scoring *s, const struct carat_metric *metric)
{
    static const size_t one[] = {1, 0};
    const size_t n = s->item->n_responses;
    size_t right = 0;
    for (size_t i = 0; i < n; i++) {
        int passed = s->item->responses[i].passed;
        if (passed != 0 && passed != 1)
            return err_set(s->err, CARAT_EUSAGE, "the program of sample %zu has not been run", i);
        right += (size_t)passed;
    }
    for (size_t a = 0; a < s->n_answers; a++)
        if (isnan(s->answers[a].score))
            s->answers[a].score = s->item->responses[s->answers[a].sample].passed;
    enum carat_err rc = CARAT_OK;
    for (const size_t *k = metric->k ? metric->k : one; *k && !rc; k++)
        if (*k <= n)
            rc = add_value(s, metric_value_name(metric, NULL, *k, s->arena), metric_pass_at_k(n, right, *k));
    return rc;
}

/* How many values there may be: a metric with a list of k has one for each. */
static size_t max_values(const struct scoring *s)
{
    /* a judged one has three more: how it was decided; one of corpora its sums */
    size_t n = (1 + (size_t)MT_SUMS_MAX) * s->plan->n_filters * s->task->n_metrics;
    for (size_t m = 0; m < s->task->n_metrics; m++)
        for (const size_t *k = s->task->metrics[m].k; k && *k; k++)
            n++;
    return n;
}

static enum proto_outcome outcome_of(const struct scoring *s)
{
    const bool of_corpus = metric_is_of_corpus(proto_headline_metric(s->task), NULL);
    if (of_corpus ? s->headline_equals : headline_value(s) >= 0.5) /* 1, or at least half of a program's samples */
        return PROTO_RIGHT;
    if (s->n_answers == 0)
        return PROTO_EMPTY;
    const struct proto_answer *answer = &s->answers[s->headline_answer];
    const struct proto_response *response = &s->item->responses[answer->sample];
    bool cut = str_eq(response->finish, STR("length"));
    if (utf8_strip(response->text).n == 0)
        return PROTO_EMPTY;
    if (cut && !(answer->found && s->headline_extracts))
        return PROTO_CUT_OFF;
    return answer->found ? PROTO_WRONG : PROTO_UNPARSED;
}

static enum carat_err score_texts(struct scoring *s, struct proto_score *out)
{
    const size_t n = s->item->n_responses;
    size_t n_answers;
    if (n == 0 || !num_mul(n, s->plan->n_filters, &n_answers))
        return err_set(s->err, CARAT_EUSAGE, "%zu responses to score", n);
    struct str *texts = arena_calloc(s->arena, n, sizeof *texts);
    s->answers = arena_calloc(s->arena, n_answers, sizeof *s->answers);
    if (!texts || !s->answers)
        return err_nomem(s->err, "a score");
    enum carat_err rc = room_for_values(s, max_values(s));
    for (size_t i = 0; i < n && !rc; i++)
        rc = clean_text(s, s->item->responses[i].text, &texts[i]);
    for (size_t f = 0; f < s->plan->n_filters && !rc; f++)
        rc = run_pipeline(s, f, texts);
    for (size_t m = 0; m < s->task->n_metrics && !rc; m++)
        if (s->task->metrics[m].kind == CARAT_METRIC_PASS_AT_K)
            rc = score_programs(s, &s->task->metrics[m]);
    if (!rc)
        out->outcome = outcome_of(s);
    return rc;
}

static enum carat_err score_by_output(struct scoring *s, struct proto_score *out)
{
    switch (s->task->output) {
    case CARAT_MULTIPLE_CHOICE: return score_choices(s, out);
    case CARAT_GENERATE: return score_texts(s, out);
    default: return score_text(s, out);
    }
}

enum carat_err proto_score(const struct proto_plan *plan, const struct proto_item *item, struct arena *arena,
                           struct proto_score *out, struct err *err)
{
    struct scoring s = {.plan = plan, .task = plan->leaf.task, .item = item, .arena = arena, .err = err};
    *out = (struct proto_score){.chosen = -1};
    s.headline = proto_headline(s.task, arena);
    enum carat_err rc = CARAT_OK;
    if (!s.headline.p)
        rc = err_nomem(err, "a score");
    else
        rc = score_by_output(&s, out);
    out->answers = s.answers;
    out->n_answers = s.n_answers;
    out->values = s.values;
    out->n_values = s.n_values;
    return rc ? plan_at_row(plan, item->index, err) : CARAT_OK;
}
