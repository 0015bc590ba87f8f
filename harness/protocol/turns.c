/* turns.c - a row as turns: the question, and in a shot its answer.
 *
 * In plain text each turn is followed by its delimiter; a conversation has the contents alone. An answer's prefix
 * (the reference's gen_prefix) stands at the answer's beginning, in shots and behind the item's own question:
 *
 *     shot    question, delimiter unless white space is there already; prefix, " " likewise, answer, shot delimiter
 *     item    question, delimiter likewise (multiple input: none); prefix
 */
#include "host.h"
#include "plan.h"

bool plan_ends_in_space(struct str s) { return s.n > 0 && utf8_rstrip(s).n < s.n; }

static bool meets_space(struct str a, struct str b) { return plan_ends_in_space(a) || utf8_lstrip(b).n < b.n; }

struct str plan_delimit(struct arena *arena, struct str a, const char *delimiter, struct str b)
{
    if (!a.n || !b.n)
        return a.n ? a : b.p ? b : STR("");
    size_t n_between = meets_space(a, b) ? 0 : strlen(delimiter), n;
    if (!num_add(a.n, b.n, &n) || !num_add(n, n_between, &n))
        return (struct str){NULL, 0};
    char *p = arena_alloc(arena, n + 1);
    if (!p)
        return (struct str){NULL, 0};
    memcpy(p, a.p, a.n);
    memcpy(p + a.n, delimiter, n_between);
    memcpy(p + a.n + n_between, b.p, b.n);
    return (struct str){p, n};
}

/* What stands between a question and the answer's prefix. */
static struct str before_prefix(struct str question, const char *delimiter, struct str prefix)
{
    return question.n && !meets_space(question, prefix) ? str_from(delimiter) : STR("");
}

size_t plan_question(const struct carat_task *task, const struct carat_example *ex, struct str question,
                     struct turn turns[PLAN_MAX_TURNS])
{
    struct str prefix = str_of(ex->answer_prefix);
    turns[0] = (struct turn){.content = question, .delimiter = STR("")};
    if (!prefix.n)
        return 1;
    turns[0].delimiter = before_prefix(question, ex->questions ? "" : plan_delimiter(task), prefix);
    turns[1] = (struct turn){.assistant = true, .content = prefix, .delimiter = STR("")};
    return 2;
}

/* The right answer's text; p is NULL when the row has none. Moves *question to the right one of several. */
static struct str shot_answer(const struct carat_task *task, const struct carat_example *ex, struct str *question)
{
    if (task->output != CARAT_MULTIPLE_CHOICE || (ex->answer.p && !ex->questions))
        return str_of(ex->answer);
    if (ex->gold < 0)
        return (struct str){NULL, 0};
    if (!ex->questions)
        return str_of(ex->choices[ex->gold]);
    *question = str_of(ex->questions[ex->gold]);
    return str_of(ex->ending);
}

static enum carat_err make_shot(const struct carat_task *task, const struct carat_example *ex, struct arena *arena,
                                struct turn turns[PLAN_MAX_TURNS], size_t *n, struct err *err)
{
    struct str question = str_of(ex->question), prefix = str_of(ex->answer_prefix);
    struct str answer = shot_answer(task, ex, &question);
    if (!answer.p)
        return err_set(err, CARAT_EINPUT, "cannot be a shot: it has no right answer");
    turns[0] = (struct turn){.content = question, .delimiter = STR("")};
    *n = 1;
    /* The reference takes an empty string for "no answer" and leaves out both delimiters; an empty choice is one, for it is named
     * by its number, but the ending of multiple input is a string. */
    bool answered = answer.n || (task->output == CARAT_MULTIPLE_CHOICE && !ex->answer.p && !ex->questions);
    if (!answered && !prefix.n)
        return CARAT_OK;
    turns[0].delimiter = prefix.n ? before_prefix(question, plan_delimiter(task), prefix) : str_from(plan_delimiter(task));
    turns[1] = (struct turn){.assistant = true,
                             .content = plan_delimit(arena, prefix, " ", answer),
                             .delimiter = answered ? str_from(plan_shot_delimiter(task)) : STR("")};
    *n = 2;
    return turns[1].content.p ? CARAT_OK : err_nomem(err, "a shot");
}

enum carat_err plan_shot(const struct proto_plan *plan, size_t pool_index, struct arena *arena,
                         struct turn turns[PLAN_MAX_TURNS], size_t *n, struct err *err)
{
    struct carat_example ex;
    enum carat_err rc = plan_example(plan, plan->pool[pool_index], true, arena, &ex, err);
    if (!rc)
        rc = make_shot(plan->leaf.task, &ex, arena, turns, n, err);
    if (rc)
        err_context(err, "shot from row %zu of '%s'", pool_index, plan->leaf.task->shots_split);
    return rc;
}

void plan_write_turns(const struct turn *turns, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        buf_addstr(out, turns[i].content);
        buf_addstr(out, turns[i].delimiter);
    }
}

enum carat_err plan_add_shot(const struct proto_plan *plan, size_t pool_index, struct arena *arena, struct buf *out,
                             struct err *err)
{
    struct turn turns[PLAN_MAX_TURNS];
    size_t n;
    enum carat_err rc = plan_shot(plan, pool_index, arena, turns, &n, err);
    if (rc)
        return rc;
    plan_write_turns(turns, n, out);
    return buf_failed(out) ? err_nomem(err, "a prompt") : CARAT_OK;
}
