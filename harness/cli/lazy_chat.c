#include "lazy_chat.h"

#include "jsonl.h"

enum carat_err lazy_chat_render(struct lazy_chat *c, const json_t *in, bool prompt, struct buf *out, struct err *err)
{
    const json_t *messages = json_object_get(in, "messages"), *tools = json_object_get(in, "tools");
    bool open = false;
    if (!json_is_array(messages))
        return err_set(err, CARAT_EINPUT, "\"messages\" is not a list");
    if (!jsonl_flag(in, "continue_final_message", &open, err))
        return err->code;
    prompt &= !open;
    if (!jsonl_flag(in, "add_generation_prompt", &prompt, err))
        return err->code;
    if (prompt && open)
        return err_set(err, CARAT_EINPUT, "\"add_generation_prompt\" and \"continue_final_message\" exclude each other");
    enum carat_err rc = c->chat ? CARAT_OK : carat_chat_open(c->path, c->template_path, &c->chat, err);
    json_t *variables = tools ? json_pack("{s:O}", "tools", tools) : NULL;
    if (!rc)
        rc = carat_chat_render(c->chat, messages,
                               open     ? CARAT_CHAT_OPEN
                               : prompt ? CARAT_CHAT_PROMPT
                                        : CARAT_CHAT_CLOSED,
                               variables, out, err);
    json_decref(variables);
    return rc;
}

void lazy_chat_release(struct lazy_chat *c)
{
    carat_chat_free(c->chat);
    c->chat = NULL;
}
