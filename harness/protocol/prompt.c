/* prompt.c - from a row to what the model is asked.
 *
 *     context = description + (question + delimiter + answer + shot delimiter) for each shot + question
 *     continuation = delimiter + choice
 *
 * Nothing is put between the last shot and the question, or behind the question: separators are part of the
 * texts before them. With multiple input (WinoGrande) the contexts differ and the continuation is one.
 * A system text stands before the description, the shots' delimiter between them unless there is white space.
 * conversation.c has the same as a conversation.
 */
#include <math.h>

#include "host.h"
#include "plan.h"

enum { MAX_CHOICES = 1 << 16 };

/* ---- an example ------------------------------------------------------------------------------ */

static bool all_there(const struct carat_text *texts, size_t n)
{
    bool there = texts != NULL;
    for (size_t i = 0; there && i < n; i++)
        there = texts[i].p != NULL;
    return there;
}

static const char *wrong_with_golds(const struct carat_example *ex)
{
    for (size_t i = 0; ex->golds && i < ex->n_golds; i++)
        if (ex->golds[i] < -1 || (ex->golds[i] >= 0 && (size_t)ex->golds[i] >= ex->n_choices))
            return "one of its right answers is none of its choices";
    return NULL;
}

static const char *wrong_with_choices(const struct carat_example *ex)
{
    if (ex->n_choices == 0)
        return "it has no choices";
    if (ex->n_choices > MAX_CHOICES)
        return "it has too many choices";
    if (ex->gold < -1 || (ex->gold >= 0 && (size_t)ex->gold >= ex->n_choices))
        return "its right answer is none of its choices";
    if (ex->questions) {
        if (!all_there(ex->questions, ex->n_choices) || !ex->ending.p)
            return "a context of its choices or their ending is missing";
    } else if (!ex->question.p) {
        return "its question is missing";
    }
    if ((ex->choices || !ex->questions) && !all_there(ex->choices, ex->n_choices))
        return "one of its choices is missing";
    return wrong_with_golds(ex);
}

static const char *wrong_with_text(const struct carat_task *task, const struct carat_example *ex)
{
    if (task->output == CARAT_LOGLIKELIHOOD && !ex->question.p)
        return "its question is missing";
    return ex->answer.p ? NULL : "its text is missing";
}

static const char *wrong_with_generation(const struct carat_example *ex)
{
    if (!ex->question.p)
        return "its question is missing";
    if (ex->references && (ex->n_references == 0 || !all_there(ex->references, ex->n_references)))
        return "one of its references is missing";
    return NULL;
}

static const char *wrong_with(const struct carat_task *task, const struct carat_example *ex)
{
    switch (task->output) {
    case CARAT_GENERATE: return wrong_with_generation(ex);
    case CARAT_MULTIPLE_CHOICE: return wrong_with_choices(ex);
    default: return wrong_with_text(task, ex);
    }
}

enum carat_err plan_example(const struct proto_plan *plan, const json_t *row, bool is_shot, struct arena *arena,
                            struct carat_example *out, struct err *err)
{
    const struct carat_task *task = plan->leaf.task;
    struct carat_ctx ctx;
    *out = (struct carat_example){.gold = -1};
    host_begin(&ctx, &plan->leaf, arena, err);
    ctx.is_shot = is_shot;
    enum carat_err rc = host_end(&ctx, task->example(host_functions(), &ctx, host_value(row), out));
    if (rc)
        return rc;
    const char *wrong = wrong_with(task, out);
    return wrong ? err_set(err, CARAT_EINPUT, "%s", wrong) : CARAT_OK;
}

/* ---- an item --------------------------------------------------------------------------------- */

struct str plan_description(const struct proto_plan *plan, const struct carat_example *ex)
{
    return ex->description.p ? str_of(ex->description) : plan->description;
}

/* Description and shots of an item, behind the form's system text. */
static enum carat_err write_prefix(const struct proto_plan *plan, const struct proto_form *form,
                                   const struct proto_item *item, struct arena *scratch, struct buf *out, struct err *err)
{
    struct str description = plan_description(plan, &item->example);
    struct str begin = plan_delimit(scratch, form->system, plan_shot_delimiter(plan->leaf.task), description);
    if (!begin.p)
        return err_nomem(err, "a prompt");
    buf_addstr(out, begin);
    buf_add(out, plan->prefix.p + plan->description.n, plan->prefix.n - plan->description.n);
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; !plan->fixed && i < plan->n_shots && !rc; i++)
        rc = plan_add_shot(plan, plan_shot_index(plan, item->index, i), scratch, out, err);
    return !rc && buf_failed(out) ? err_nomem(err, "a prompt") : rc;
}

/* One copy for all items in a row that have the same. */
enum carat_err plan_keep_prefix(struct proto_form *form, struct str text, struct arena *arena, struct str *out,
                                struct err *err)
{
    if (!form->last_prefix.p || !str_eq(form->last_prefix, text)) {
        char *p = arena_dup(arena, text.p, text.n);
        if (!p)
            return err_nomem(err, "a prompt");
        form->last_prefix = (struct str){p, text.n};
    }
    *out = form->last_prefix;
    return CARAT_OK;
}

static enum carat_err make_prefix(const struct proto_plan *plan, struct proto_form *form, struct arena *arena,
                                  struct proto_item *item, struct err *err)
{
    item->prefix = plan->prefix;
    if (plan->fixed && !form->system.n && !item->example.description.p)
        return CARAT_OK;
    struct arena scratch = ARENA_INIT; /* the shots' own texts go once they are joined */
    struct buf text = BUF_INIT(BUF_MAX_DEFAULT);
    enum carat_err rc = write_prefix(plan, form, item, &scratch, &text, err);
    if (!rc)
        rc = plan_keep_prefix(form, buf_str(&text), arena, &item->prefix, err);
    buf_release(&text);
    arena_release(&scratch);
    return rc;
}

/* A question with what it ends in: the answer's prefix, if any. */
static struct str whole_question(const struct carat_task *task, const struct carat_example *ex, struct carat_text question,
                                 struct arena *arena)
{
    struct turn turns[PLAN_MAX_TURNS];
    size_t n = plan_question(task, ex, str_of(question), turns);
    if (n == 1)
        return turns[0].content;
    struct buf text = BUF_INIT(BUF_MAX_DEFAULT);
    plan_write_turns(turns, n, &text);
    char *p = buf_failed(&text) ? NULL : arena_dup(arena, text.p, text.n);
    struct str whole = {p, p ? text.n : 0};
    buf_release(&text);
    return whole;
}

static enum carat_err write_plain(const struct proto_plan *plan, struct proto_form *form, struct arena *arena,
                                  struct proto_item *item, struct err *err)
{
    const struct carat_task *task = plan->leaf.task;
    const struct carat_example *ex = &item->example;
    struct str *prompts = ex->questions ? arena_calloc(arena, ex->n_choices, sizeof *prompts) : NULL;
    bool failed = ex->questions && !prompts;
    item->prompt = ex->questions ? STR("") : whole_question(task, ex, ex->question, arena);
    for (size_t i = 0; prompts && i < ex->n_choices; i++) {
        prompts[i] = whole_question(task, ex, ex->questions[i], arena);
        failed |= !prompts[i].p;
    }
    item->prompts = prompts;
    return failed || !item->prompt.p ? err_nomem(err, "an item") : make_prefix(plan, form, arena, item, err);
}

static struct str joined(struct arena *arena, const char *a, struct carat_text b)
{
    size_t n = strlen(a);
    char *p = arena_alloc(arena, n + b.n + 1);
    if (!p)
        return (struct str){NULL, 0};
    memcpy(p, a, n);
    if (b.n)
        memcpy(p + n, b.p, b.n);
    return (struct str){p, n + b.n};
}

/* A conversation's turn needs no delimiter at its start, unless the answer has begun with a prefix. */
static const char *continuation_delimiter(const struct carat_task *task, const struct carat_example *ex, bool conversation)
{
    struct str prefix = str_of(ex->answer_prefix);
    return !conversation || (prefix.n && !plan_ends_in_space(prefix)) ? plan_delimiter(task) : "";
}

static enum carat_err make_choices(const struct carat_task *task, bool conversation, struct arena *arena,
                                   struct proto_item *item, struct err *err)
{
    const struct carat_example *ex = &item->example;
    const size_t n = ex->n_choices;
    const char *delimiter = continuation_delimiter(task, ex, conversation);
    struct str *continuations = arena_calloc(arena, n, sizeof *continuations);
    if (!continuations)
        return err_nomem(err, "an item");
    for (size_t i = 0; i < n; i++) {
        continuations[i] = joined(arena, delimiter, ex->questions ? ex->ending : ex->choices[i]);
        if (!continuations[i].p)
            return err_nomem(err, "an item");
    }
    item->continuations = continuations;
    item->n_requests = n;
    return CARAT_OK;
}

/* One text asked for: as it is, its delimiter is its own. */
static enum carat_err make_text(struct arena *arena, struct proto_item *item, struct err *err)
{
    struct str *continuation = arena_calloc(arena, 1, sizeof *continuation);
    if (!continuation)
        return err_nomem(err, "an item");
    *continuation = str_of(item->example.answer);
    item->continuations = continuation;
    item->n_requests = 1;
    return CARAT_OK;
}

/* "[0, 2]": as Python writes a list. */
static struct str list_target(struct arena *arena, const struct carat_example *ex)
{
    struct buf text = BUF_INIT(1 << 20);
    for (size_t i = 0; i < ex->n_golds; i++)
        buf_printf(&text, "%s%d", i ? ", " : "[", ex->golds[i]);
    buf_adds(&text, ex->n_golds ? "]" : "[]");
    char *p = buf_failed(&text) ? NULL : arena_dup(arena, text.p, text.n);
    struct str out = {p, text.n};
    buf_release(&text);
    return out;
}

static enum carat_err make_target(const struct carat_task *task, struct arena *arena, struct proto_item *item,
                                  struct err *err)
{
    const struct carat_example *ex = &item->example;
    if (ex->target.p)
        item->target = str_of(ex->target);
    else if (task->output != CARAT_MULTIPLE_CHOICE)
        item->target = str_of(ex->answer);
    else if (ex->golds)
        item->target = list_target(arena, ex);
    else if (ex->questions)
        item->target = str_of(ex->ending);
    else
        item->target = str_from(arena_printf(arena, "%d", ex->gold));
    return item->target.p || task->output == CARAT_GENERATE ? CARAT_OK : err_nomem(err, "an item");
}

static enum carat_err make_item(const struct proto_plan *plan, struct proto_form *form, struct arena *arena,
                                struct proto_item *item, struct err *err)
{
    const struct carat_task *task = plan->leaf.task;
    enum carat_err rc = plan_example(plan, plan->rows[item->index], false, arena, &item->example, err);
    item->prefix = item->prompt = STR("");
    if (!rc && task->output != CARAT_ROLLING) /* which is a text, and no prompt */
        rc = form->render ? plan_converse(plan, form, arena, item, err) : write_plain(plan, form, arena, item, err);
    if (!rc && task->output == CARAT_MULTIPLE_CHOICE)
        rc = make_choices(task, form->render != NULL, arena, item, err);
    else if (!rc && plan_scores(task))
        rc = make_text(arena, item, err);
    if (!rc)
        rc = make_target(task, arena, item, err);
    return rc;
}

enum carat_err proto_item_as(const struct proto_plan *plan, size_t index, struct proto_form *form, struct arena *arena,
                             struct proto_item *out, struct err *err)
{
    *out = (struct proto_item){.index = index, .n_requests = 1};
    enum carat_err rc = index < plan->n_rows ? make_item(plan, form, arena, out, err)
                                             : err_set(err, CARAT_EUSAGE, "there are %zu rows", plan->n_rows);
    return rc ? plan_at_row(plan, index, err) : CARAT_OK;
}

enum carat_err proto_item(const struct proto_plan *plan, size_t index, struct arena *arena, struct proto_item *out,
                          struct err *err)
{
    struct proto_form plain = PROTO_PLAIN;
    return proto_item_as(plan, index, &plain, arena, out, err);
}

double proto_chance(const struct proto_plan *plan)
{
    if (plan->leaf.task->output != CARAT_MULTIPLE_CHOICE || plan->n_rows == 0)
        return NAN;
    struct arena arena = ARENA_INIT;
    double sum = 0;
    for (size_t i = 0; i < plan->n_rows && !isnan(sum); i++) {
        struct carat_example ex;
        arena_reset(&arena);
        if (plan_example(plan, plan->rows[i], false, &arena, &ex, NULL))
            sum = NAN;
        else
            sum += (ex.n_golds ? (double)ex.n_golds : 1) / (double)ex.n_choices;
    }
    arena_release(&arena);
    return sum / (double)plan->n_rows;
}

/* ---- code, and the boundary of context and continuation ----------------------------------------- */

bool proto_needs_jail(const struct carat_task *task)
{
    for (size_t i = 0; i < task->n_metrics; i++)
        if (task->metrics[i].kind == CARAT_METRIC_PASS_AT_K)
            return true;
    return false;
}

enum carat_err proto_program(const struct proto_plan *plan, const struct proto_item *item, struct str completion,
                             struct arena *arena, struct str *source, struct err *err)
{
    const struct carat_task *task = plan->leaf.task;
    struct carat_program program = {.source = {NULL, 0}};
    struct carat_ctx ctx;
    host_begin(&ctx, &plan->leaf, arena, err);
    int failed = task->program ? task->program(host_functions(), &ctx, host_value(plan->rows[item->index]),
                                               text_of(completion), &program)
                               : host_functions()->fail(&ctx, "the task makes no programs");
    enum carat_err rc = host_end(&ctx, failed);
    if (!rc && !program.source.p)
        rc = err_set(err, CARAT_EINPUT, "the task made no program");
    *source = str_of(program.source);
    return rc ? plan_at_row(plan, item->index, err) : CARAT_OK;
}

enum carat_err proto_split(struct str context, struct str continuation, struct arena *arena,
                           struct str *out_context, struct str *out_continuation)
{
    struct str kept = utf8_rstrip(context);
    size_t moved = context.n - kept.n;
    *out_context = kept;
    *out_continuation = continuation;
    if (moved == 0)
        return CARAT_OK;
    char *p = arena_alloc(arena, moved + continuation.n);
    if (!p)
        return CARAT_ENOMEM;
    memcpy(p, context.p + kept.n, moved);
    if (continuation.n)
        memcpy(p + moved, continuation.p, continuation.n);
    *out_continuation = (struct str){p, moved + continuation.n};
    return CARAT_OK;
}
