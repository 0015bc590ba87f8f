/* Chat templates as transformers' apply_chat_template renders them: trim_blocks and lstrip_blocks on, the special
 * tokens' texts and add_generation_prompt beside the messages (base/jinja does the language). */
#include <stdlib.h>
#include <time.h>

#include "base/jinja/jinja.h"
#include "engine/engine.h"
#include "engine/model/gguf.h"
#include "tokenizer_int.h"

#define CHAT_MAX_FILE ((size_t)16 << 20)

struct carat_chat {
    struct jinja *template;
    json_t *variables; /* the special tokens' texts, and what is there unless it is given otherwise */
    char sha256[SHA256_HEX];
};

void carat_chat_free(struct carat_chat *chat)
{
    if (!chat)
        return;
    jinja_free(chat->template);
    json_decref(chat->variables);
    free(chat);
}

/* The folder's file as an object; *out NULL when it is not there. */
static enum carat_err read_object(const char *dir, const char *name, json_t **out, struct err *err)
{
    struct buf text = BUF_INIT(CHAT_MAX_FILE);
    char *path = file_join(dir, name);
    enum carat_err rc = path ? CARAT_OK : err_nomem(err, "a path");
    *out = NULL;
    if (!rc && file_exists(path)) {
        rc = file_read(path, CHAT_MAX_FILE, &text, err);
        if (!rc)
            rc = json_read_reals(buf_str(&text), path, out, err);
        if (!rc && !json_is_object(*out))
            rc = err_set(err, CARAT_EINPUT, "'%s': the top level is not an object", path);
    }
    buf_release(&text);
    free(path);
    return rc;
}

/* The special tokens of a GGUF file, read. */
static void add_tokens(json_t *variables, const json_t *config)
{
    static const char *const names[] = {"bos_token", "eos_token", "unk_token", "pad_token"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (json_object_get(config, names[i]))
            json_object_set(variables, names[i], json_object_get(config, names[i]));
}

/* The template in tokenizer_config.json: a text, or a list of named ones. */
static const json_t *find_template(const json_t *config)
{
    const json_t *v = json_object_get(config, "chat_template");
    for (size_t i = 0; i < json_array_size(v); i++) {
        const json_t *entry = json_array_get(v, i);
        struct str name;
        if (json_get_str(entry, "name", &name) && str_eq(name, STR("default")))
            return json_object_get(entry, "template");
    }
    return v;
}

static enum carat_err add_text(json_t *object, const char *key, struct str text, struct err *err)
{
    if (!text.p)
        return CARAT_OK;
    if (!utf8_valid(text))
        return err_set(err, CARAT_EINPUT, "the %s is not valid UTF-8", key);
    return json_object_set_new(object, key, json_stringn(text.p, text.n)) ? err_nomem(err, "a chat template") : CARAT_OK;
}

/* The text of the token that `key` numbers. */
static enum carat_err add_gguf_token(json_t *object, const char *name, const struct gguf *g, const char *key,
                                     struct err *err)
{
    const struct gguf_entry *tokens;
    int64_t id = -1;
    size_t at = 0;
    struct str text = {NULL, 0};
    enum carat_err rc = gguf_array(g, "tokenizer.ggml.tokens", GGUF_STRING, &tokens, err);
    if (!rc && tokens && tokens->n)
        rc = gguf_int(g, key, 0, (int64_t)tokens->n - 1, &id, err);
    for (int64_t i = 0; !rc && i <= id; i++)
        text = gguf_array_next(tokens, &at);
    return rc ? rc : add_text(object, name, text, err);
}

/* A GGUF file's template and special tokens, as tokenizer_config.json has them. */
static enum carat_err read_gguf(const char *path, json_t **out, struct err *err)
{
    static const char *const TOKENS[][2] = {{"bos_token", "tokenizer.ggml.bos_token_id"},
                                            {"eos_token", "tokenizer.ggml.eos_token_id"},
                                            {"unk_token", "tokenizer.ggml.unknown_token_id"},
                                            {"pad_token", "tokenizer.ggml.padding_token_id"}};
    struct file_map map = {.data = NULL};
    struct gguf g = GGUF_INIT;
    struct str template = {NULL, 0};
    enum carat_err rc = file_map(path, &map, err);
    if (rc)
        return rc;
    *out = json_object();
    rc = *out ? gguf_read(map.data, map.n, path, &g, NULL, err) : err_nomem(err, "a chat template");
    if (!rc)
        rc = gguf_str(&g, "tokenizer.chat_template", &template, err);
    if (!rc)
        rc = add_text(*out, "chat_template", template, err);
    for (size_t i = 0; !rc && i < sizeof TOKENS / sizeof *TOKENS; i++)
        rc = add_gguf_token(*out, TOKENS[i][0], &g, TOKENS[i][1], err);
    gguf_release(&g);
    file_unmap(&map);
    return rc;
}

static enum carat_err parse(struct carat_chat *chat, struct str text, const char *name, struct err *err)
{
    const struct jinja_options options = {.trim_blocks = true, .lstrip_blocks = true, .chat = true};
    sha256_hex(text.p, text.n, chat->sha256);
    return jinja_parse(text, name, &options, &chat->template, err);
}

static enum carat_err parse_file(struct carat_chat *chat, const char *path, struct err *err)
{
    struct buf text = BUF_INIT(CHAT_MAX_FILE);
    enum carat_err rc = file_read(path, CHAT_MAX_FILE, &text, err);
    if (!rc)
        rc = parse(chat, buf_str(&text), path, err);
    buf_release(&text);
    return rc;
}

static enum carat_err open_template(struct carat_chat *chat, const char *dir, const json_t *config, struct err *err)
{
    char *beside = file_join(dir, "chat_template.jinja");
    const json_t *inside = find_template(config);
    enum carat_err rc;
    if (!beside) {
        rc = err_nomem(err, "a path");
    } else if (file_exists(beside)) {
        rc = parse_file(chat, beside, err);
    } else if (json_is_string(inside)) {
        struct str text = {json_string_value(inside), json_string_length(inside)};
        rc = parse(chat, text, "chat_template", err);
    } else {
        rc = err_set(err, CARAT_EINPUT, "'%s' has no chat template", dir);
        err_hint(err, "give one with --chat-template FILE, or ask without messages");
    }
    free(beside);
    return rc;
}

enum carat_err carat_chat_open(const char *path, const char *template_path, struct carat_chat **out, struct err *err)
{
    struct carat_chat *chat = calloc(1, sizeof *chat);
    json_t *config = NULL;
    enum carat_err rc = CARAT_OK;
    *out = NULL;
    if (!chat || !(chat->variables = json_pack("{s:n, s:n}", "tools", "documents"))) {
        rc = err_nomem(err, "a chat template");
        goto out;
    }
    if (file_is_dir(path)) {
        if ((rc = folder_special_tokens(path, chat->variables, err)) ||
            (rc = read_object(path, "tokenizer_config.json", &config, err)))
            goto out;
    } else if (str_ends(str_from(path), STR(".gguf"))) {
        if ((rc = read_gguf(path, &config, err)))
            goto out;
        add_tokens(chat->variables, config);
    }
    rc = template_path ? parse_file(chat, template_path, err) : open_template(chat, path, config, err);
out:
    json_decref(config);
    if (rc) {
        carat_chat_free(chat);
        chat = NULL;
    }
    *out = chat;
    return rc;
}

const char *carat_chat_sha256(const struct carat_chat *chat) { return chat->sha256; }

/* ---- the clock ---------------------------------------------------------------------------------- */

/* SOURCE_DATE_EPOCH, where it is set, for renderings that can be had again; else the time that it is. */
static void today(struct tm *out)
{
    const char *fixed = getenv("SOURCE_DATE_EPOCH");
    int64_t seconds;
    time_t now = time(NULL);
    if (fixed && num_parse_i64(str_from(fixed), &seconds)) {
        now = (time_t)seconds;
        gmtime_r(&now, out);
    } else {
        localtime_r(&now, out);
    }
}

/* strftime_now(format): some templates tell the model the date. */
static enum carat_err strftime_now(void *data, const json_t *args, const json_t *kwargs, json_t **result, struct err *err)
{
    char text[512];
    struct tm tm;
    const json_t *format = json_array_size(args) ? json_array_get(args, 0) : json_object_get(kwargs, "format");
    (void)data;
    if (!json_is_string(format) || json_string_length(format) > 200)
        return err_set(err, CARAT_EINPUT, "strftime_now() wants a format of at most 200 bytes");
    today(&tm);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the template's own; what it writes is bounded */
    size_t n = strftime(text, sizeof text, json_string_value(format), &tm);
#pragma GCC diagnostic pop
    *result = json_stringn(text, n);
    return *result ? CARAT_OK : err_nomem(err, "a date");
}

/* ---- rendering ---------------------------------------------------------------------------------- */

/* Marks the place where the last message's text ends, as transformers does: its rules for what a template trims depend on
 * the mark's space. */
#define MARK "CONTINUE_FINAL_MESSAGE_TAG"

/* The object whose string is the message's text: the message, or the last part of its content that has a "text". */
static json_t *text_holder(json_t *message, const char **key)
{
    json_t *content = json_object_get(message, *key);
    if (!json_is_array(content))
        return message;
    *key = "text";
    for (size_t i = json_array_size(content); i-- > 0;)
        if (json_object_get(json_array_get(content, i), *key))
            return json_array_get(content, i);
    return NULL;
}

/* A copy of the messages, the last one's text marked; *text is that text, without the mark, in `messages`. */
static enum carat_err mark_last(const json_t *messages, json_t **out, struct str *text, struct err *err)
{
    const char *key = "content";
    const size_t n = json_array_size(messages);
    *out = NULL;
    if (!n || !json_get_str(text_holder(json_array_get(messages, n - 1), &key), key, text))
        return err_set(err, CARAT_EINPUT, "the last message has no text to go on with");
    struct buf marked = BUF_INIT(CHAT_MAX_FILE);
    json_t *copy = json_deep_copy(messages);
    buf_addstr(&marked, *text);
    buf_adds(&marked, MARK " ");
    key = "content";
    json_t *holder = text_holder(json_array_get(copy, n - 1), &key);
    bool failed = buf_failed(&marked) || json_object_set_new(holder, key, json_stringn(marked.p, marked.n));
    buf_release(&marked);
    if (failed) {
        json_decref(copy);
        return err_nomem(err, "a conversation");
    }
    *out = copy;
    return CARAT_OK;
}

static ptrdiff_t find_last(struct str s, struct str what)
{
    ptrdiff_t last = -1, at = -1;
    while ((at = str_find(s, what, (size_t)(at + 1))) >= 0)
        last = at;
    return last;
}

/* Cuts the rendering, which begins at `from`, at the mark. */
static enum carat_err cut_at_mark(struct buf *out, size_t from, struct str text, struct err *err)
{
    struct str rendered = {out->p + from, out->n - from};
    ptrdiff_t at = find_last(rendered, STR(MARK));
    if (at < 0 || str_find(rendered, utf8_strip(text), 0) < 0)
        return err_set(err, CARAT_EINPUT, "the template does not write the last message as it is: it cannot be left open");
    struct str kept = {rendered.p, (size_t)at};
    size_t behind = (size_t)at + strlen(MARK);
    if (behind >= rendered.n || rendered.p[behind] != ' ') /* the template trims: then so does what is left */
        kept = utf8_rstrip(kept);
    out->n = from + kept.n;
    out->p[out->n] = '\0';
    return CARAT_OK;
}

static enum carat_err render(const struct carat_chat *chat, const json_t *messages, bool prompt, const json_t *variables,
                             struct buf *out, struct err *err)
{
    struct buf raised = BUF_INIT(CHAT_MAX_FILE);
    json_t *context = json_copy(chat->variables);
    if (!context || json_object_set(context, "messages", (json_t *)(uintptr_t)messages) ||
        json_object_set_new(context, "add_generation_prompt", json_boolean(prompt)) ||
        (variables && json_object_update(context, (json_t *)(uintptr_t)variables))) {
        json_decref(context);
        return err_nomem(err, "a conversation");
    }
    const struct jinja_function clock = {"strftime_now", strftime_now, NULL};
    const struct jinja_run run = {.context = context, .functions = &clock, .n_functions = 1, .raised = &raised};
    enum carat_err rc = jinja_render(chat->template, &run, out, err);
    if (rc && raised.n) /* what the template says about the conversation, without our words around it */
        rc = err_set(err, CARAT_EINPUT, "%s", raised.p);
    buf_release(&raised);
    json_decref(context);
    return rc;
}

enum carat_err carat_chat_render(const struct carat_chat *chat, const json_t *messages, enum carat_chat_end end,
                                 const json_t *variables, struct buf *out, struct err *err)
{
    const size_t before = out->n;
    json_t *marked = NULL;
    struct str text;
    if (end != CARAT_CHAT_OPEN)
        return render(chat, messages, end == CARAT_CHAT_PROMPT, variables, out, err);
    enum carat_err rc = mark_last(messages, &marked, &text, err);
    if (!rc)
        rc = render(chat, marked, false, variables, out, err);
    if (!rc)
        rc = cut_at_mark(out, before, text, err);
    if (rc && out->p)
        out->n = before;
    json_decref(marked);
    return rc;
}
