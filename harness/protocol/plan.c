/* plan.c - a leaf with its rows, ready to be asked: shots drawn, patterns compiled, the shared prefix made.
 *
 * Shots, by the reference's rules (TASKS.md section 2). One generator serves the whole leaf and is
 * advanced through all rows in order, so that row i's draw depends on every earlier one: the plan draws
 * for all rows, even when only some are asked.
 *
 *   SAMPLED            sample(pool, n)
 *   SAMPLED, excluding sample(pool, n + 1), rows equal to the item dropped, the first n kept; when
 *                      duplicates leave fewer than n: sample(n) once more, from the pool without such rows
 *   SAMPLED, fixed     sample(pool, n + 1) once; each item is shown the first n that are not itself (--shots-fixed)
 *   FIRST              the pool's first n; excluding: of those that differ from the item
 *
 * Rows are compared as JSON values, as the reference compares dictionaries.
 */
#include "plan.h"

#include <stdlib.h>

#include "host.h"

void proto_leaf_ask(struct proto_leaf *leaf, unsigned settings)
{
    leaf->settings = settings;
    if (settings & PROTO_PUBLISHED && leaf->task->published)
        leaf->task = leaf->task->published;
    else
        leaf->settings &= ~(unsigned)PROTO_PUBLISHED;
}

struct str proto_leaf_name(const struct proto_leaf *leaf, struct arena *arena)
{
    if (!leaf->subset)
        return str_from(leaf->task->name);
    return str_from(arena_printf(arena, "%s_%s", leaf->task->name, leaf->subset->name));
}

/* Puts "hellaswag: " or "mmlu_anatomy: " in front. */
static enum carat_err at_leaf(const struct proto_plan *plan, struct err *err)
{
    const struct carat_subset *subset = plan->leaf.subset;
    return err_context(err, "%s%s%s", plan->leaf.task->name, subset ? "_" : "", subset ? subset->name : "");
}

static enum carat_err at_split(const struct proto_plan *plan, const char *what, size_t index, const char *split,
                               struct err *err)
{
    err_context(err, "%s %zu of '%s'", what, index, split);
    return at_leaf(plan, err);
}

enum carat_err plan_at_row(const struct proto_plan *plan, size_t index, struct err *err)
{
    return at_split(plan, "row", index, plan->leaf.task->test_split, err);
}

/* ---- drawing ------------------------------------------------------------------------------ */

static enum carat_err too_few(const struct proto_plan *plan, size_t needed, size_t had, struct err *err)
{
    const char *split = plan->leaf.task->shots_split;
    err_set(err, CARAT_EUSAGE, "%zu shots need %zu rows of '%s', which has %zu", plan->n_shots, needed,
            split ? split : "the few-shot split", had);
    return err_hint(err, "ask for fewer with --shots N");
}

/* Indices of pool rows that differ from `row`, at most `max` of them, into out; returns how many. */
static size_t others(const struct proto_plan *plan, const json_t *row, size_t max, size_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < plan->n_pool && n < max; i++)
        if (!json_equal(plan->pool[i], row))
            out[n++] = i;
    return n;
}

static size_t drop_equal(const struct proto_plan *plan, const json_t *row, size_t *drawn, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!json_equal(plan->pool[drawn[i]], row))
            drawn[kept++] = drawn[i];
    return kept;
}

/* The second draw, from the pool without rows equal to `row`; scratch holds n_pool indices. */
static enum carat_err sample_others(const struct proto_plan *plan, struct py_random *random, const json_t *row,
                                    size_t *drawn, size_t *scratch, struct err *err)
{
    size_t n = others(plan, row, plan->n_pool, scratch);
    if (n < plan->n_shots)
        return too_few(plan, plan->n_shots, n, err);
    if (py_random_sample(random, n, plan->n_shots, drawn))
        return err_nomem(err, "shots");
    for (size_t i = 0; i < plan->n_shots; i++)
        drawn[i] = scratch[drawn[i]];
    return CARAT_OK;
}

/* drawn has room for n_shots + 1. */
static enum carat_err sample_row(const struct proto_plan *plan, struct py_random *random, const json_t *row,
                                 size_t *drawn, size_t *scratch, struct err *err)
{
    bool exclude = plan->leaf.task->shots_exclude_item;
    size_t n = plan->n_shots + exclude;
    if (n > plan->n_pool)
        return too_few(plan, n, plan->n_pool, err);
    if (py_random_sample(random, plan->n_pool, n, drawn))
        return err_nomem(err, "shots");
    if (exclude && drop_equal(plan, row, drawn, n) < plan->n_shots)
        return sample_others(plan, random, row, drawn, scratch, err);
    return CARAT_OK;
}

static enum carat_err first_row(const struct proto_plan *plan, const json_t *row, size_t *drawn, struct err *err)
{
    size_t n = others(plan, row, plan->n_shots, drawn);
    return n < plan->n_shots ? too_few(plan, plan->n_shots, n, err) : CARAT_OK;
}

/* The shots of all items, drawn once: one more than shown, for the items that are among them. */
static enum carat_err fixed_draw(const struct proto_plan *plan, struct py_random *random, struct err *err)
{
    const size_t n = plan->n_shots + (plan->n_pool > plan->n_shots);
    enum carat_err rc = CARAT_OK;
    size_t *drawn = calloc(n + 1, sizeof *drawn);
    if (!drawn || py_random_sample(random, plan->n_pool, n, drawn))
        rc = err_nomem(err, "shots");
    for (size_t i = 0; i < plan->n_rows && !rc; i++) {
        size_t kept = 0;
        for (size_t k = 0; k < n && kept < plan->n_shots; k++)
            if (!json_equal(plan->pool[drawn[k]], plan->rows[i]))
                plan->shots[i * plan->n_shots + kept++] = drawn[k];
        if (kept < plan->n_shots)
            rc = too_few(plan, plan->n_shots, kept, err);
    }
    free(drawn);
    return rc;
}

static enum carat_err draw(struct proto_plan *plan, struct err *err)
{
    size_t n;
    if (!num_mul(plan->n_rows, plan->n_shots, &n) || !num_add(n, 1, &n)) /* one to spare for the last row's draw */
        return err_nomem(err, "shots");
    enum carat_err rc = CARAT_OK;
    size_t *scratch = calloc(plan->n_pool ? plan->n_pool : 1, sizeof *scratch);
    struct py_random *random = malloc(sizeof *random);
    plan->shots = calloc(n, sizeof *plan->shots);
    if (!scratch || !random || !plan->shots) {
        rc = err_nomem(err, "shots");
        goto out;
    }
    py_random_seed(random, plan->seed);
    const bool fixed = plan->leaf.settings & PROTO_SHOTS_FIXED && plan->leaf.task->shots == CARAT_SHOTS_SAMPLED;
    if (fixed)
        rc = fixed_draw(plan, random, err);
    for (size_t i = 0; i < plan->n_rows && !rc && !fixed; i++) {
        size_t *drawn = plan->shots + i * plan->n_shots; /* the spare one is overwritten by the next row */
        rc = plan->leaf.task->shots != CARAT_SHOTS_SAMPLED
                 ? first_row(plan, plan->rows[i], drawn, err)
                 : sample_row(plan, random, plan->rows[i], drawn, scratch, err);
    }
out:
    free(scratch);
    free(random);
    return rc;
}

/* ---- the prefix ---------------------------------------------------------------------------- */

static enum carat_err describe(const struct proto_plan *plan, struct arena *arena, struct buf *out, struct err *err)
{
    const struct carat_task *task = plan->leaf.task;
    if (!task->describe)
        return buf_adds(out, task->description) ? err_nomem(err, "a description") : CARAT_OK;
    struct carat_ctx ctx;
    host_begin(&ctx, &plan->leaf, arena, err);
    struct carat_text text = task->describe(host_functions(), &ctx, host_value(plan->n_pool ? plan->pool[0] : NULL));
    enum carat_err rc = host_end(&ctx, 0);
    if (!rc && buf_addstr(out, str_of(text)))
        rc = err_nomem(err, "a description");
    return rc;
}

static enum carat_err make_prefix(struct proto_plan *plan, struct err *err)
{
    struct arena arena = ARENA_INIT;
    struct buf text = BUF_INIT(BUF_MAX_DEFAULT);
    enum carat_err rc = describe(plan, &arena, &text, err);
    size_t n_description = text.n;
    for (size_t i = 0; plan->fixed && i < plan->n_shots && !rc; i++)
        rc = plan_add_shot(plan, i, &arena, &text, err);
    if (!rc) {
        char *p = arena_dup(&plan->arena, buf_str(&text).p, text.n);
        plan->prefix = (struct str){p, text.n};
        plan->description = (struct str){p, n_description};
        if (!p)
            rc = err_nomem(err, "a prompt");
    }
    buf_release(&text);
    arena_release(&arena);
    return rc;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static enum carat_err compile(struct proto_plan *plan, struct err *err)
{
    const struct carat_task *task = plan->leaf.task;
    enum carat_err rc = filter_compile(task, &plan->filters, &plan->n_filters, err);
    if (rc)
        return rc;
    plan->matches = calloc(task->n_metrics ? task->n_metrics : 1, sizeof *plan->matches);
    if (!plan->matches)
        return err_nomem(err, "metrics");
    for (size_t i = 0; i < task->n_metrics && !rc; i++)
        if (task->metrics[i].kind == CARAT_METRIC_EXACT_MATCH)
            rc = metric_match_new(&task->metrics[i], &plan->matches[i], err);
    return rc;
}

enum carat_err proto_plan_new(const struct proto_leaf *leaf, json_t *const *rows, size_t n_rows,
                              json_t *const *pool, size_t n_pool, int n_shots, uint32_t seed,
                              struct proto_plan **out, struct err *err)
{
    const struct carat_task *task = leaf->task;
    *out = NULL;
    struct proto_plan *plan = calloc(1, sizeof *plan);
    if (!plan)
        return err_nomem(err, "a plan");
    int asked = task->shots == CARAT_SHOTS_NEVER ? 0 : n_shots < 0 ? task->default_shots : n_shots;
    *plan = (struct proto_plan){
        .leaf = *leaf,
        .rows = rows,
        .n_rows = n_rows,
        .pool = pool,
        .n_pool = n_pool,
        .seed = seed,
        .n_asked = (size_t)asked,
        .n_shots = task->shots == CARAT_SHOTS_UP_TO && (size_t)asked > n_pool ? n_pool : (size_t)asked,
        .fixed = asked == 0 || (task->shots != CARAT_SHOTS_SAMPLED && !task->shots_exclude_item),
        .arena = ARENA_INIT,
    };
    enum carat_err rc = compile(plan, err);
    if (!rc && plan->n_shots > n_pool)
        rc = too_few(plan, plan->n_shots, n_pool, err);
    if (!rc && !plan->fixed)
        rc = draw(plan, err);
    if (!rc)
        rc = make_prefix(plan, err);
    if (rc) {
        at_leaf(plan, err);
        proto_plan_free(plan);
        return rc;
    }
    *out = plan;
    return CARAT_OK;
}

void proto_plan_free(struct proto_plan *plan)
{
    if (!plan)
        return;
    filter_free(plan->filters, plan->n_filters);
    for (size_t i = 0; plan->matches && i < plan->leaf.task->n_metrics; i++)
        metric_match_free(plan->matches[i]);
    free(plan->matches);
    free(plan->shots);
    arena_release(&plan->arena);
    free(plan);
}

int proto_plan_shots(const struct proto_plan *plan) { return (int)plan->n_asked; }

const char *const *proto_stops(const struct proto_plan *plan) { return plan->leaf.task->stops; }
