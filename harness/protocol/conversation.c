/* conversation.c - an item as a conversation, by the reference's rules (TASKS.md section 3, "Chat").
 *
 *     system      the system text and the description, the shots' delimiter between them; where there is any
 *     user        question   \ for each shot, contents alone
 *     assistant   answer     /
 *     user        the item's question
 *     assistant   the answer's prefix, left open; where the task gives one
 *
 * Not as turns, all but system and prefix is one message of the user: the plain prompt with its delimiters.
 *
 * Where the template raises, it is asked again without the system message (Gemma's first two know none); so does the
 * reference, whatever was raised.
 *
 * The rendering is cut where the item's question begins in it, as the template trims it: what stands before is the same for
 * all items with the same shots, is kept once and computed once.
 */
#include "host.h"
#include "plan.h"

static bool add_message(json_t *messages, const char *role, struct str content)
{
    return json_array_append_new(messages, json_pack("{s:s, s:o}", "role", role, "content", json_text(content))) == 0;
}

static bool add_turns(json_t *messages, const struct turn *turns, size_t n)
{
    bool ok = true;
    for (size_t i = 0; i < n; i++)
        ok = add_message(messages, turns[i].assistant ? "assistant" : "user", turns[i].content) && ok;
    return ok;
}

/* The conversation up to the item's question; with turns folded, *folded has the plain text so far. */
static enum carat_err begin(const struct proto_plan *plan, const struct proto_form *form, const struct proto_item *item,
                            struct arena *arena, json_t *messages, struct buf *folded, struct err *err)
{
    struct str description = plan_description(plan, &item->example);
    struct str system = plan_delimit(arena, form->system, plan_shot_delimiter(plan->leaf.task), description);
    bool ok = system.p && (!system.n || add_message(messages, "system", system));
    for (size_t i = 0; ok && i < plan->n_shots; i++) {
        struct turn turns[PLAN_MAX_TURNS];
        size_t n;
        enum carat_err rc = plan_shot(plan, plan_shot_index(plan, item->index, i), arena, turns, &n, err);
        if (rc)
            return rc;
        if (form->multiturn)
            ok = add_turns(messages, turns, n);
        else
            plan_write_turns(turns, n, folded);
    }
    return ok && !buf_failed(folded) ? CARAT_OK : err_nomem(err, "a conversation");
}

static bool add_question(const struct proto_form *form, const struct turn *turns, size_t n, struct str folded,
                         json_t *messages)
{
    if (form->multiturn)
        return add_turns(messages, turns, n);
    struct buf text = BUF_INIT(BUF_MAX_DEFAULT);
    buf_addstr(&text, folded);
    buf_addstr(&text, turns[0].content); /* the message ends there: no delimiter */
    bool ok = !buf_failed(&text) && add_message(messages, "user", buf_str(&text)) && add_turns(messages, turns + 1, n - 1);
    buf_release(&text);
    return ok;
}

static bool drop_system(json_t *messages)
{
    struct str role;
    return json_get_str(json_array_get(messages, 0), "role", &role) && str_eq(role, STR("system")) &&
           json_array_remove(messages, 0) == 0;
}

static enum carat_err render(struct proto_form *form, json_t *messages, struct buf *out, struct err *err)
{
    buf_clear(out);
    enum carat_err rc = form->render(form->context, messages, out, err);
    if (rc != CARAT_EINPUT || !drop_system(messages))
        return rc;
    err_clear(err);
    buf_clear(out);
    rc = form->render(form->context, messages, out, err);
    form->n_system_dropped += !rc;
    return rc;
}

/* Where `question` begins in the text, as far back as it is there; else the text's beginning. */
static size_t find_question(struct str text, struct str question)
{
    question = utf8_strip(question);
    if (question.n > text.n)
        return 0;
    for (size_t at = text.n - question.n + 1; at-- > 0;)
        if (memcmp(text.p + at, question.p, question.n) == 0)
            return at;
    return 0;
}

/* The conversation with one question, rendered to `out`; *at is where the question begins in it. */
static enum carat_err ask(const struct proto_plan *plan, struct proto_form *form, const struct carat_example *ex,
                          struct carat_text question, const json_t *before, struct str folded, struct buf *out, size_t *at,
                          struct err *err)
{
    struct turn turns[PLAN_MAX_TURNS];
    size_t n = plan_question(plan->leaf.task, ex, str_of(question), turns);
    json_t *messages = json_copy((json_t *)(uintptr_t)before);
    enum carat_err rc = messages && add_question(form, turns, n, folded, messages)
                            ? render(form, messages, out, err)
                            : err_nomem(err, "a conversation");
    if (!rc)
        *at = find_question(buf_str(out), turns[0].content);
    json_decref(messages);
    return rc;
}

static size_t common(struct str a, struct str b)
{
    size_t n = 0, most = a.n < b.n ? a.n : b.n;
    while (n < most && a.p[n] == b.p[n])
        n++;
    while (n > 0 && n < a.n && ((unsigned char)a.p[n] & 0xC0) == 0x80) /* not in a character's midst */
        n--;
    return n;
}

static bool keep_rest(struct arena *arena, struct str whole, size_t from, struct str *out)
{
    *out = (struct str){arena_dup(arena, whole.p + from, whole.n - from), whole.n - from};
    return out->p != NULL;
}

static enum carat_err ask_one(const struct proto_plan *plan, struct proto_form *form, struct arena *arena,
                              struct proto_item *item, const json_t *before, struct str folded, struct err *err)
{
    const struct carat_example *ex = &item->example;
    struct buf text = BUF_INIT(BUF_MAX_DEFAULT);
    size_t at = 0;
    enum carat_err rc = ask(plan, form, ex, ex->question, before, folded, &text, &at, err);
    if (!rc)
        rc = plan_keep_prefix(form, (struct str){buf_str(&text).p, at}, arena, &item->prefix, err);
    if (!rc && !keep_rest(arena, buf_str(&text), at, &item->prompt))
        rc = err_nomem(err, "an item");
    buf_release(&text);
    return rc;
}

/* Multiple input: one conversation a choice; they share what they begin with. */
static enum carat_err ask_each(const struct proto_plan *plan, struct proto_form *form, struct arena *arena,
                               struct proto_item *item, const json_t *before, struct str folded, struct err *err)
{
    const struct carat_example *ex = &item->example;
    struct buf text = BUF_INIT(BUF_MAX_DEFAULT);
    struct str *prompts = arena_calloc(arena, ex->n_choices, sizeof *prompts), first = {NULL, 0};
    size_t shared = SIZE_MAX;
    enum carat_err rc = prompts ? CARAT_OK : err_nomem(err, "an item");
    for (size_t i = 0; i < ex->n_choices && !rc; i++) {
        size_t at = 0;
        rc = ask(plan, form, ex, ex->questions[i], before, folded, &text, &at, err);
        if (!rc && !keep_rest(arena, buf_str(&text), 0, &prompts[i]))
            rc = err_nomem(err, "an item");
        if (rc)
            break;
        first = prompts[0];
        shared = at < shared ? at : shared;
        size_t same = common(prompts[i], first);
        shared = same < shared ? same : shared;
    }
    if (!rc)
        rc = plan_keep_prefix(form, (struct str){first.p, shared}, arena, &item->prefix, err);
    for (size_t i = 0; i < ex->n_choices && !rc; i++)
        prompts[i] = (struct str){prompts[i].p + shared, prompts[i].n - shared};
    item->prompts = prompts;
    item->prompt = STR("");
    buf_release(&text);
    return rc;
}

enum carat_err plan_converse(const struct proto_plan *plan, struct proto_form *form, struct arena *arena,
                             struct proto_item *item, struct err *err)
{
    struct arena scratch = ARENA_INIT;
    struct buf folded = BUF_INIT(BUF_MAX_DEFAULT);
    json_t *before = json_array();
    enum carat_err rc = before ? begin(plan, form, item, &scratch, before, &folded, err)
                               : err_nomem(err, "a conversation");
    if (!rc)
        rc = item->example.questions ? ask_each(plan, form, arena, item, before, buf_str(&folded), err)
                                     : ask_one(plan, form, arena, item, before, buf_str(&folded), err);
    json_decref(before);
    buf_release(&folded);
    arena_release(&scratch);
    return rc;
}
