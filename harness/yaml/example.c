/* example.c - a row as the ABI's example: what doc_to_text, doc_to_choice and doc_to_target of it are.
 *
 *     question   a text; or, of a task with choices, a number: "multiple input", where the choices are the contexts, the
 *                target is their one continuation, and the number says which is right
 *     choices    a list of texts
 *     target     multiple choice: a number, a choice's text, or a list of numbers; generation: a text, a list of texts that
 *                all count as right, with choices the number of one, or anything else as Python prints it
 *
 * As a shot a row has fewshot_config's values, and its choices only count where fewshot_config or the task has them.
 */
#include "harness/protocol/host.h"
#include "yaml_task.h"

struct reading { /* one call */
    const struct yaml_task *t;
    const struct yaml_expr *text, *choice, *target, *prefix;
    const json_t *row;
    struct carat_ctx *ctx;
    struct carat_example *ex;
    json_t *text_v, *choice_v, *target_v; /* owned */
};

static enum carat_err fail(struct reading *r, const char *what)
{
    return err_set(r->ctx->err, CARAT_EINPUT, "%s", what);
}

static enum carat_err keep_bytes(struct reading *r, const char *p, size_t n, struct carat_text *out)
{
    *out = (struct carat_text){arena_dup(r->ctx->arena, p ? p : "", n), n};
    return out->p ? CARAT_OK : err_nomem(r->ctx->err, "an item");
}

static enum carat_err keep(struct reading *r, const json_t *text, struct carat_text *out)
{
    return keep_bytes(r, json_string_value(text), json_string_length(text), out);
}

static enum carat_err keep_printed(struct reading *r, const json_t *value, struct carat_text *out)
{
    struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
    enum carat_err rc = expr_python_str(value, &b, r->ctx->err);
    if (!rc)
        rc = keep_bytes(r, b.p, b.n, out);
    buf_release(&b);
    return rc;
}

/* A Python int: a number without fraction, or a boolean. */
static bool is_int(const json_t *v, int64_t *out)
{
    *out = json_is_integer(v) ? json_integer_value(v) : json_is_true(v);
    return json_is_integer(v) || json_is_boolean(v);
}

/* ---- values ----------------------------------------------------------------------------------------- */

/* A name of a field that a shot lacks would be shown as it stands; the reference fails there. */
static enum carat_err check_field(struct reading *r, const struct yaml_expr *e)
{
    const char *name = e->kind == EXPR_TEXT ? json_string_value(e->value) : "";
    size_t n = 0;
    while ((name[n] >= 'a' && name[n] <= 'z') || (name[n] >= 'A' && name[n] <= 'Z') || name[n] == '_' ||
           (n && name[n] >= '0' && name[n] <= '9'))
        n++;
    if (!n || name[n] || json_object_get(r->row, name))
        return CARAT_OK;
    return err_set(r->ctx->err, CARAT_EINPUT, "%s: a shot has no field '%.100s'", e->key, name);
}

static enum carat_err check_fields(struct reading *r)
{
    enum carat_err rc = check_field(r, r->text);
    rc = rc ? rc : check_field(r, r->choice);
    return rc ? rc : check_field(r, r->target);
}

static enum carat_err evaluate(struct reading *r)
{
    const bool choices = r->t->choice.kind != EXPR_ABSENT;
    struct err *err = r->ctx->err;
    enum carat_err rc = CARAT_OK;
    if (r->text->kind != EXPR_ABSENT)
        rc = expr_value(r->text, r->row, EXPR_QUESTION, choices, &r->text_v, err);
    if (!rc && r->choice->kind != EXPR_ABSENT)
        rc = expr_value(r->choice, r->row, EXPR_CHOICES, choices, &r->choice_v, err);
    if (!rc && r->target->kind != EXPR_ABSENT)
        rc = expr_value(r->target, r->row, EXPR_TARGET, choices, &r->target_v, err);
    return rc;
}

static enum carat_err take_choices(struct reading *r, struct carat_text **out, size_t *n)
{
    *n = json_array_size(r->choice_v);
    *out = arena_calloc(r->ctx->arena, *n + 1, sizeof **out);
    if (!json_is_array(r->choice_v))
        return fail(r, "doc_to_choice gives no list");
    if (!*out)
        return err_nomem(r->ctx->err, "an item");
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; i < *n && !rc; i++) {
        const json_t *one = json_array_get(r->choice_v, i);
        rc = json_is_string(one) ? keep(r, one, &(*out)[i]) : fail(r, "doc_to_choice gives a choice that is no text");
    }
    return rc;
}

/* The choice's number as the reference finds it: a number within, a float that is one, a choice's text. */
static int choice_of(const json_t *v, const struct carat_text *choices, size_t n)
{
    int64_t i;
    if (is_int(v, &i))
        return i >= 0 && (uint64_t)i < n ? (int)i : -1;
    if (json_is_real(v)) {
        double x = json_real_value(v);
        return x >= 0 && x < (double)n && x == (double)(int64_t)x ? (int)x : -1;
    }
    for (size_t k = 0; json_is_string(v) && k < n; k++)
        if (choices[k].n == json_string_length(v) && memcmp(choices[k].p, json_string_value(v), choices[k].n) == 0)
            return (int)k;
    return -1;
}

/* ---- multiple choice ---------------------------------------------------------------------------------- */

static enum carat_err take_golds(struct reading *r, const json_t *target, const struct carat_text *choices, size_t n)
{
    size_t n_golds = json_array_size(target);
    int *golds = arena_calloc(r->ctx->arena, n_golds + 1, sizeof *golds);
    if (!golds)
        return err_nomem(r->ctx->err, "an item");
    for (size_t i = 0; i < n_golds; i++) {
        const json_t *one = json_array_get(target, i);
        if (!json_is_number(one) && !json_is_boolean(one))
            return fail(r, "doc_to_target gives a list of other things than choices' numbers");
        golds[i] = choice_of(one, choices, n);
    }
    r->ex->golds = golds;
    r->ex->n_golds = n_golds;
    r->ex->gold = n_golds ? golds[0] : -1;
    return CARAT_OK;
}

/* Those that process_results takes for right. */
static enum carat_err take_right_ones(struct reading *r, const struct carat_text *choices, size_t n)
{
    json_t *right = NULL;
    enum carat_err rc = hook_run(r->t->results, r->row, &right, r->ctx->err);
    if (!rc)
        rc = take_golds(r, right, choices, n);
    json_decref(right);
    return rc;
}

static enum carat_err take_extra(struct reading *r, const struct yaml_expr *e, struct carat_text *out)
{
    json_t *v = NULL;
    enum carat_err rc = expr_value(e, r->row, EXPR_PLAIN, false, &v, r->ctx->err);
    if (!rc && !json_is_null(v))
        rc = json_is_string(v) ? keep(r, v, out) : fail(r, "gen_prefix or description gives no text");
    json_decref(v);
    return rc;
}

/* With multiple input gen_prefix stands behind each context, without a delimiter. */
static enum carat_err add_prefix(struct reading *r, const struct carat_text *choices, size_t n)
{
    struct carat_text prefix = {NULL, 0};
    struct carat_text *questions = arena_calloc(r->ctx->arena, n + 1, sizeof *questions);
    enum carat_err rc = questions ? take_extra(r, r->prefix, &prefix) : err_nomem(r->ctx->err, "an item");
    for (size_t i = 0; i < n && !rc && prefix.n; i++) {
        const struct carat_text parts[] = {choices[i], prefix};
        questions[i] = host_functions()->join(r->ctx, parts, 2);
        rc = questions[i].p ? CARAT_OK : err_nomem(r->ctx->err, "an item");
    }
    if (!rc && prefix.n)
        r->ex->questions = questions;
    return rc;
}

static enum carat_err multiple_input(struct reading *r, int64_t right, struct carat_text *choices, size_t n)
{
    struct carat_example *ex = r->ex;
    ex->questions = choices;
    ex->choices = choices;
    ex->n_choices = n;
    ex->gold = right >= 0 && (uint64_t)right < n ? (int)right : -1;
    enum carat_err rc = keep_printed(r, r->target_v, &ex->ending);
    if (!rc && r->prefix->kind != EXPR_ABSENT)
        rc = add_prefix(r, choices, n);
    return rc;
}

static enum carat_err multiple_choice(struct reading *r)
{
    struct carat_text *choices;
    size_t n;
    int64_t right;
    enum carat_err rc = take_choices(r, &choices, &n);
    if (rc)
        return rc;
    if (is_int(r->text_v, &right))
        return multiple_input(r, right, choices, n);
    if (!json_is_string(r->text_v))
        return fail(r, "doc_to_text gives neither a text nor a number");
    rc = keep(r, r->text_v, &r->ex->question);
    r->ex->choices = choices;
    r->ex->n_choices = n;
    if (!rc && r->t->by_mass)
        rc = take_right_ones(r, choices, n);
    else if (!rc && json_is_array(r->target_v))
        rc = take_golds(r, r->target_v, choices, n);
    else if (!rc)
        r->ex->gold = choice_of(r->target_v, choices, n);
    return rc ? rc : keep_printed(r, r->target_v, &r->ex->target);
}

/* ---- shots -------------------------------------------------------------------------------------------- */

/* The number of a Python list's element, negative ones from the end; -1: there is none. */
static int64_t element(int64_t i, size_t n)
{
    if (i < 0 && (uint64_t)-i <= n)
        return (int64_t)n + i;
    return i >= 0 && (uint64_t)i < n ? i : -1;
}

/* The answer as a shot shows it; nothing for null and the empty text, which are no answer. */
static enum carat_err shot_answer(struct reading *r, const struct carat_text *choices, size_t n)
{
    const json_t *a = r->target_v;
    int64_t i;
    if (!a || json_is_null(a))
        return keep_bytes(r, "", 0, &r->ex->answer);
    if (n && is_int(a, &i)) {
        i = element(i, n);
        if (i < 0)
            return fail(r, "doc_to_target gives a number that is no choice's");
        r->ex->gold = (int)i; /* an empty choice is an answer, too, unlike an empty text */
        if (r->t->task.output != CARAT_MULTIPLE_CHOICE)
            r->ex->answer = choices[i];
        return CARAT_OK;
    }
    if (json_is_array(a))
        a = json_array_get(a, 0);
    return json_is_string(a) ? keep(r, a, &r->ex->answer) : fail(r, "doc_to_target gives an answer that is no text");
}

static enum carat_err shot(struct reading *r)
{
    struct carat_text *choices = NULL;
    size_t n = 0;
    int64_t right;
    enum carat_err rc = r->choice_v ? take_choices(r, &choices, &n) : CARAT_OK;
    if (rc)
        return rc;
    r->ex->choices = n ? choices : NULL;
    r->ex->n_choices = n;
    if (n && is_int(r->text_v, &right)) {
        right = element(right, n);
        if (right < 0)
            return fail(r, "doc_to_text gives a number that is no choice's");
        r->ex->question = choices[right];
        n = 0; /* the target is not looked up among them */
    } else if (json_is_string(r->text_v)) {
        rc = keep(r, r->text_v, &r->ex->question);
    } else {
        rc = fail(r, "doc_to_text gives no text");
    }
    return rc ? rc : shot_answer(r, choices, n);
}

/* ---- the other outputs ------------------------------------------------------------------------------------ */

static enum carat_err take_references(struct reading *r)
{
    size_t n = json_array_size(r->target_v);
    struct carat_text *texts = arena_calloc(r->ctx->arena, n + 1, sizeof *texts);
    if (!texts)
        return err_nomem(r->ctx->err, "an item");
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_array_get(r->target_v, i);
        enum carat_err rc = json_is_string(one) ? keep(r, one, &texts[i])
                                                : fail(r, "doc_to_target gives a list of other things than texts");
        if (rc)
            return rc;
    }
    r->ex->references = texts;
    r->ex->n_references = n;
    r->ex->answer = texts[0];
    return keep_printed(r, r->target_v, &r->ex->target);
}

/* The choices that a filter looks for in answers. */
static enum carat_err take_options(struct reading *r)
{
    struct carat_text *options;
    json_t *asked = r->choice_v;
    enum carat_err rc = hook_run(r->t->options, r->row, &r->choice_v, r->ctx->err);
    if (!rc)
        rc = take_choices(r, &options, &r->ex->n_choices);
    if (!rc)
        r->ex->choices = options;
    json_decref(r->choice_v);
    r->choice_v = asked;
    return rc;
}

static enum carat_err generation(struct reading *r)
{
    int64_t i;
    struct carat_text *choices;
    size_t n;
    if (!json_is_string(r->text_v))
        return fail(r, "doc_to_text gives no text");
    enum carat_err rc = keep(r, r->text_v, &r->ex->question);
    if (rc)
        return rc;
    if (r->choice_v) {
        rc = take_choices(r, &choices, &n);
        if (rc)
            return rc;
        r->ex->choices = choices;
        r->ex->n_choices = n;
        if (!is_int(r->target_v, &i) || (i = element(i, n)) < 0)
            return fail(r, "doc_to_target gives no choice's number");
        r->ex->answer = choices[i];
        return keep_printed(r, r->target_v, &r->ex->target);
    }
    if (r->t->options && (rc = take_options(r)))
        return rc;
    if (json_array_size(r->target_v))
        return take_references(r);
    return keep_printed(r, r->target_v, &r->ex->answer);
}

static enum carat_err one_text(struct reading *r)
{
    if (r->t->task.output == CARAT_LOGLIKELIHOOD && !json_is_string(r->text_v))
        return fail(r, "doc_to_text gives no text");
    if (!json_is_string(r->target_v))
        return fail(r, "doc_to_target gives no text");
    enum carat_err rc = r->t->task.output == CARAT_LOGLIKELIHOOD ? keep(r, r->text_v, &r->ex->question) : CARAT_OK;
    return rc ? rc : keep(r, r->target_v, &r->ex->answer);
}

/* ---- the whole ------------------------------------------------------------------------------------------------ */

static enum carat_err read_row(struct reading *r, bool is_shot)
{
    enum carat_err rc = is_shot ? check_fields(r) : CARAT_OK;
    rc = rc ? rc : evaluate(r);
    if (!rc && is_shot)
        rc = shot(r);
    else if (!rc && r->t->task.output == CARAT_MULTIPLE_CHOICE)
        rc = multiple_choice(r);
    else if (!rc)
        rc = r->t->task.output == CARAT_GENERATE ? generation(r) : one_text(r);
    if (!rc && r->prefix->kind != EXPR_ABSENT)
        rc = take_extra(r, r->prefix, &r->ex->answer_prefix);
    if (!rc && !is_shot && r->t->description.kind != EXPR_ABSENT && !r->t->task.description)
        rc = take_extra(r, &r->t->description, &r->ex->description);
    return rc;
}

int yaml_example(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                 struct carat_example *out)
{
    const struct yaml_task *t = host->self(ctx);
    const bool is_shot = host->is_shot(ctx);
    struct err local = ERR_INIT;
    struct err *given = ctx->err;
    struct reading r = {.t = t,
                        .text = is_shot ? &t->shot_text : &t->text,
                        .choice = is_shot ? &t->shot_choice : &t->choice,
                        .target = is_shot ? &t->shot_target : &t->target,
                        .prefix = is_shot ? &t->shot_prefix : &t->prefix,
                        .row = (const json_t *)row,
                        .ctx = ctx,
                        .ex = out};
    ctx->err = &local; /* the first failure of a call wins, and its code is kept */
    enum carat_err rc = read_row(&r, is_shot);
    ctx->err = given;
    json_decref(r.text_v);
    json_decref(r.choice_v);
    json_decref(r.target_v);
    if (!rc)
        return 0;
    ctx->failed = err_set(given, rc, "%s", local.msg);
    return -1;
}

/* ---- process_results -------------------------------------------------------------------------------------------- */

int yaml_judge(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row, struct carat_text answer,
               struct carat_verdict *out)
{
    const struct yaml_task *t = host->self(ctx);
    const struct carat_task *builtin = hook_builtin(t->results);
    struct err local = ERR_INIT;
    if (builtin)
        return builtin->judge(host, ctx, row, answer, out);
    enum carat_err rc = hook_score(t->results, (const json_t *)row, str_of(answer), host->metric(ctx), &out->score, &local);
    if (rc) {
        ctx->failed = err_set(ctx->err, rc, "process_results: %s", local.msg);
        return -1;
    }
    out->found = true;
    out->right = out->score >= 1;
    return 0;
}
