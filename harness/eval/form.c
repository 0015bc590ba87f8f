/* form.c - the form of a run's prompts: plain, behind a system text, or in the words of the model's chat template. */
#include "form.h"

static enum carat_err render(void *context, const json_t *messages, struct buf *out, struct err *err)
{
    struct str role;
    const size_t n = json_array_size(messages);
    bool open = n && json_get_str(json_array_get(messages, n - 1), "role", &role) && str_eq(role, STR("assistant"));
    return carat_chat_render(context, messages, open ? CARAT_CHAT_OPEN : CARAT_CHAT_PROMPT, NULL, out, err);
}

/* For a server, which has the template: the messages themselves. */
static enum carat_err render_messages(void *context, const json_t *messages, struct buf *out, struct err *err)
{
    (void)context;
    return json_write(messages, out) ? err_nomem(err, "a conversation") : CARAT_OK;
}

enum carat_err form_open(const struct eval_form *asked, const char *model_path, struct form *out, struct err *err)
{
    *out = (struct form){.asked = asked, .proto = PROTO_PLAIN};
    out->proto.system = asked->system ? str_from(asked->system) : STR("");
    out->proto.multiturn = asked->multiturn;
    if (!asked->chat)
        return CARAT_OK;
    if (backend_is_server(model_path)) {
        out->proto.render = render_messages;
        return asked->template_path ? err_set(err, CARAT_EUSAGE, "--chat-template is for checkpoints: a server has its own")
                                    : CARAT_OK;
    }
    enum carat_err rc = carat_chat_open(model_path, asked->template_path, &out->chat, err);
    if (rc)
        return rc;
    out->proto.render = render;
    out->proto.context = out->chat;
    return CARAT_OK;
}

void form_release(struct form *f)
{
    carat_chat_free(f->chat);
    *f = (struct form){.proto = PROTO_PLAIN};
}

bool form_describe(const struct form *f, json_t *settings)
{
    bool ok = true;
    if (f->chat)
        ok = json_object_set_new(settings, "chat",
                                 json_pack("{s:s, s:b}", "template_sha256", carat_chat_sha256(f->chat),
                                           "fewshot_as_multiturn", (int)f->asked->multiturn)) == 0;
    else if (f->asked->chat)
        ok = json_object_set_new(settings, "chat",
                                 json_pack("{s:s, s:b}", "template", "the server's", "fewshot_as_multiturn",
                                           (int)f->asked->multiturn)) == 0;
    if (f->asked->system)
        ok = json_object_set_new(settings, "system", json_text(str_from(f->asked->system))) == 0 && ok;
    return ok;
}

enum carat_err form_check(const struct eval_form *asked, const char *model_path, const struct bench_set *set,
                          struct err *err)
{
    struct form f;
    struct arena arena = ARENA_INIT;
    enum carat_err rc = form_open(asked, model_path, &f, err);
    for (size_t i = 0; i < set->n && !rc && asked->chat; i++) {
        struct proto_item item;
        if (set->items[i].n_planned)
            rc = proto_item_as(set->items[i].plan, 0, &f.proto, &arena, &item, err);
    }
    form_release(&f);
    arena_release(&arena);
    return rc;
}

bool form_has_template(const char *model_path)
{
    struct carat_chat *chat = NULL;
    if (backend_is_server(model_path))
        return false; /* not told */
    bool there = !carat_chat_open(model_path, NULL, &chat, NULL);
    carat_chat_free(chat);
    return there;
}
