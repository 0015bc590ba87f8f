/* Items as conversations: answers that begin with a prefix, as the reference asks them (goldens/chat/prefixed.jsonl), and what
 * is shared between items. */
#include <criterion/criterion.h>

#include "engine/engine.h"
#include "goldens.h"
#include "tests/support/support.h"

/* ---- a task of ours whose answers begin with a prefix ------------------------------------------ */

static const struct carat_task *wrapped;  /* each test is a process of its own */
static struct carat_text answer_prefix;

static int prefixed(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                    struct carat_example *ex)
{
    int rc = wrapped->example(host, ctx, row, ex);
    ex->answer_prefix = answer_prefix;
    return rc;
}

static enum carat_err render(void *context, const json_t *messages, struct buf *out, struct err *err)
{
    const json_t *last = json_array_get(messages, json_array_size(messages) - 1);
    bool open = str_eq(text_at(last, "role"), STR("assistant"));
    return carat_chat_render(context, messages, open ? CARAT_CHAT_OPEN : CARAT_CHAT_PROMPT, NULL, out, err);
}

/* The form that a golden line asks for; its context is a carat_chat. */
static struct proto_form form_of(const json_t *line, const char *fixtures)
{
    struct proto_form form = PROTO_PLAIN;
    struct err err = ERR_INIT;
    struct carat_chat *chat;
    char template[1200], model[1200];
    struct str name;
    if (json_get_str(line, "system", &form.system) && !form.system.n)
        form.system = STR("");
    form.multiturn = json_is_true(json_object_get(line, "multiturn"));
    if (!json_get_str(line, "template", &name))
        return form;
    snprintf(template, sizeof template, "%s/chat/%s.jinja", fixtures, name.p);
    snprintf(model, sizeof model, "%s/lmeval/models/%s", fixtures, json_string_value(json_object_get(line, "model")));
    cr_assert_eq(carat_chat_open(model, template, &chat, &err), CARAT_OK, "%s", err.msg);
    form.render = render;
    form.context = chat;
    return form;
}

static void check_item(const struct proto_item *item, const json_t *line, struct arena *arena)
{
    const json_t *contexts = json_object_get(line, "contexts"), *continuations = json_object_get(line, "continuations");
    for (size_t i = 0; i < json_array_size(contexts); i++) {
        struct str prompt = item->prompts ? item->prompts[i] : item->prompt;
        char *both = arena_printf(arena, "%.*s%.*s", (int)item->prefix.n, item->prefix.p, (int)prompt.n, prompt.p);
        cr_assert_text(str_from(both), str_from(json_string_value(json_array_get(contexts, i))));
    }
    for (size_t i = 0; i < json_array_size(continuations); i++)
        cr_assert_text(item->continuations[i], str_from(json_string_value(json_array_get(continuations, i))));
}

static void check_line(void *context, size_t number, const json_t *line)
{
    const char *fixtures = context;
    struct setting setting = {json_string_value(json_object_get(line, "task")),
                              (int)json_integer_value(json_object_get(line, "shots"))};
    struct loaded l = {0};
    struct arena arena = ARENA_INIT;
    struct err err = ERR_INIT;
    struct proto_item item;
    loaded_open(&l, setting);
    proto_plan_free(l.plan);
    wrapped = l.leaf.task;
    answer_prefix = (struct carat_text){text_at(line, "prefix").p, text_at(line, "prefix").n};
    struct carat_task task = *wrapped;
    task.example = prefixed;
    struct proto_leaf leaf = {.task = &task, .subset = l.leaf.subset};
    cr_assert_eq(proto_plan_new(&leaf, l.rows.v, l.rows.n, l.pool.v, l.pool.n, setting.shots, 1234, &l.plan, &err), CARAT_OK,
                 "%s", err.msg);
    struct proto_form form = form_of(line, fixtures);
    cr_assert_eq(proto_item_as(l.plan, (size_t)json_integer_value(json_object_get(line, "doc_id")), &form, &arena, &item, &err),
                 CARAT_OK, "line %zu: %s", number, err.msg);
    check_item(&item, line, &arena);
    carat_chat_free(form.context);
    arena_release(&arena);
    loaded_close(&l);
}

Test(conversation, answers_with_a_prefix_equal_the_reference)
{
    SHARED_OR_SKIP(fixtures, "fixtures");
    char path[1200];
    snprintf(path, sizeof path, "%s", fixtures);
    cr_assert_geq(each_json_line("tests/goldens/chat/prefixed.jsonl", check_line, path), 20);
}

/* ---- what is shared, and what a template refuses ------------------------------------------------- */

static enum carat_err brackets(void *context, const json_t *messages, struct buf *out, struct err *err)
{
    size_t *refusals = context;
    for (size_t i = 0; i < json_array_size(messages); i++) {
        const json_t *m = json_array_get(messages, i);
        if (str_eq(text_at(m, "role"), STR("system")) && *refusals > 0)
            return err_set(err, CARAT_EINPUT, "no system here");
        buf_printf(out, "[%s]", json_string_value(json_object_get(m, "content")));
    }
    if (*refusals > 1)
        return err_set(err, CARAT_EINPUT, "nothing at all");
    return buf_adds(out, "<");
}

static int read_row(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                    struct carat_example *ex)
{
    (void)ctx;
    host->text(host->get(row, "q"), &ex->question);
    ex->answer = (struct carat_text)CARAT_TEXT("=");
    return 0;
}

static const struct carat_metric exact[] = {{.name = "exact_match", .kind = CARAT_METRIC_EXACT_MATCH}};
static const struct carat_task letters = {
    .abi = CARAT_TASK_ABI, .name = "letters", .version = 1, .dataset = "letters", .test_split = "test",
    .shots_split = "train", .shots = CARAT_SHOTS_FIRST, .output = CARAT_GENERATE, .example = read_row, .max_tokens = 8,
    .description = "D", .shot_delimiter = "|", .metrics = exact, .n_metrics = 1,
};

struct two {
    struct rows rows, pool;
    struct proto_plan *plan;
};

static struct two two_rows(void)
{
    struct two t = {.rows = {calloc(2, sizeof(json_t *)), 2}, .pool = {calloc(1, sizeof(json_t *)), 1}};
    static const struct proto_leaf leaf = {.task = &letters};
    struct err err = ERR_INIT;
    t.rows.v[0] = json_pack("{s:s}", "q", "x");
    t.rows.v[1] = json_pack("{s:s}", "q", "y");
    t.pool.v[0] = json_pack("{s:s}", "q", "a");
    cr_assert_eq(proto_plan_new(&leaf, t.rows.v, 2, t.pool.v, 1, 1, 1234, &t.plan, &err), CARAT_OK, "%s", err.msg);
    return t;
}

static void two_free(struct two *t)
{
    proto_plan_free(t->plan);
    rows_free(&t->rows);
    rows_free(&t->pool);
}

Test(conversation, shares_the_text_before_the_question)
{
    struct two t = two_rows();
    struct arena arena = ARENA_INIT;
    struct proto_item a, b;
    size_t refusals = 0;
    struct proto_form form = {.system = STR("S"), .render = brackets, .context = &refusals, .multiturn = true};
    cr_assert_eq(proto_item_as(t.plan, 0, &form, &arena, &a, NULL), CARAT_OK);
    cr_assert_eq(proto_item_as(t.plan, 1, &form, &arena, &b, NULL), CARAT_OK);
    cr_assert_text(a.prefix, STR("[S|D][a][=]["));
    cr_assert_text(a.prompt, STR("x]<"));
    cr_assert_text(b.prompt, STR("y]<"));
    cr_assert_eq(a.prefix.p, b.prefix.p); /* one copy */
    cr_assert_eq(form.n_system_dropped, 0);
    form.multiturn = false;
    cr_assert_eq(proto_item_as(t.plan, 0, &form, &arena, &a, NULL), CARAT_OK);
    cr_assert_text(a.prefix, STR("[S|D][a =|"));
    cr_assert_text(a.prompt, STR("x]<"));
    arena_release(&arena);
    two_free(&t);
}

Test(conversation, goes_without_the_system_message_where_the_template_takes_none)
{
    struct two t = two_rows();
    struct arena arena = ARENA_INIT;
    struct proto_item a;
    struct err err = ERR_INIT;
    size_t refusals = 1;
    struct proto_form form = {.system = STR(""), .render = brackets, .context = &refusals, .multiturn = true};
    cr_assert_eq(proto_item_as(t.plan, 0, &form, &arena, &a, &err), CARAT_OK, "%s", err.msg);
    cr_assert_text(a.prefix, STR("[a][=]["));
    cr_assert_eq(form.n_system_dropped, 1);
    refusals = 2;
    cr_assert_eq(proto_item_as(t.plan, 0, &form, &arena, &a, &err), CARAT_EINPUT);
    cr_assert_str_eq(err.msg, "letters: row 0 of 'test': nothing at all");
    arena_release(&arena);
    two_free(&t);
}
