/* carat tokenize: {"text"} -> {"ids"}, {"ids"} -> {"text"}. */
#include "commands.h"
#include "engine/engine.h"
#include "jsonl.h"
#include "lazy_chat.h"

struct context {
    const struct carat_tokenizer *tok;
    struct lazy_chat chat;
    struct carat_ids ids;
    struct buf text;
    struct arena arena;
};

static enum carat_err encode(struct context *c, const json_t *in, struct str text, json_t **out, struct err *err)
{
    bool special = false, bos = false;
    if (!jsonl_flag(in, "special", &special, err) || !jsonl_flag(in, "bos", &bos, err))
        return err->code;
    c->ids.n = 0;
    enum carat_err rc = carat_tokenizer_encode(
        c->tok, text, (special ? CARAT_TOK_SPECIAL : 0u) | (bos ? CARAT_TOK_BOS : 0u), &c->ids, err);
    if (!rc)
        *out = json_pack("{s:o}", "ids", jsonl_id_array(c->ids.ids, c->ids.n));
    return rc;
}

static enum carat_err decode(struct context *c, const json_t *in, json_t **out, struct err *err)
{
    const int32_t *ids;
    size_t n;
    bool skip = false;
    arena_reset(&c->arena);
    if (!jsonl_ids(in, "ids", carat_tokenizer_info(c->tok)->vocab_size, &c->arena, &ids, &n, err) ||
        !jsonl_flag(in, "skip_special", &skip, err))
        return err->code;
    buf_clear(&c->text);
    enum carat_err rc = carat_tokenizer_decode(c->tok, ids, n, skip ? CARAT_TOK_SKIP_SPECIAL : 0u, &c->text, err);
    if (!rc)
        *out = json_pack("{s:o}", "text", json_text(buf_str(&c->text)));
    return rc;
}

/* {"messages": [...], "add_generation_prompt": b} -> {"text", "ids"}. */
static enum carat_err render(struct context *c, const json_t *in, json_t **out, struct err *err)
{
    buf_clear(&c->text);
    c->ids.n = 0;
    enum carat_err rc = lazy_chat_render(&c->chat, in, false, &c->text, err);
    if (!rc)
        rc = carat_tokenizer_encode(c->tok, buf_str(&c->text), CARAT_TOK_SPECIAL, &c->ids, err);
    if (!rc)
        *out = json_pack("{s:o, s:o}", "text", json_text(buf_str(&c->text)), "ids",
                         jsonl_id_array(c->ids.ids, c->ids.n));
    return rc;
}

static enum carat_err handle(void *context, struct jsonl_line *lines, size_t n, struct err *err)
{
    struct context *c = context;
    (void)err;
    for (size_t i = 0; i < n; i++) {
        struct err why = ERR_INIT;
        struct str text;
        if (!lines[i].in)
            continue;
        if (json_object_get(lines[i].in, "messages"))
            render(c, lines[i].in, &lines[i].out, &why);
        else if (json_get_str(lines[i].in, "text", &text))
            encode(c, lines[i].in, text, &lines[i].out, &why);
        else if (json_object_get(lines[i].in, "ids"))
            decode(c, lines[i].in, &lines[i].out, &why);
        else
            err_set(&why, CARAT_EINPUT, "wants \"text\", \"ids\" or \"messages\"");
        if (!lines[i].out)
            jsonl_refuse(&lines[i], &why);
    }
    return CARAT_OK;
}

static enum carat_err run(const struct options *o, struct err *err)
{
    struct carat_tokenizer *tok = NULL;
    char *path = NULL;
    if ((o->models.n != 0) + (o->tokenizer != NULL) != 1 || o->models.n > 1)
        return err_set(err, CARAT_EUSAGE, "tokenize wants one of -m MODEL and --tokenizer PATH");
    enum carat_err rc = o->tokenizer ? CARAT_OK : model_path(o->models.items[0], NULL, &path, err);
    if (!rc)
        rc = carat_tokenizer_open(o->tokenizer ? o->tokenizer : path, &tok, err);
    if (!rc && carat_tokenizer_info(tok)->warning)
        log_warn("%s", carat_tokenizer_info(tok)->warning);
    struct context c = {.tok = tok,
                        .chat = {.path = o->tokenizer ? o->tokenizer : path, .template_path = o->chat_template},
                        .text = BUF_INIT(BUF_MAX_DEFAULT),
                        .arena = ARENA_INIT};
    if (!rc)
        rc = jsonl_serve(handle, &c, err);
    carat_tokenizer_free(tok);
    lazy_chat_release(&c.chat);
    carat_ids_release(&c.ids);
    buf_release(&c.text);
    arena_release(&c.arena);
    free(path);
    return rc;
}

const struct command cmd_tokenize = {
    .name = "tokenize",
    .summary = "text to token ids and back, as JSON lines",
    .usage = "-m MODEL | --tokenizer PATH",
    .about = "Reads JSON lines from stdin and answers each with one: {\"text\": s} with {\"ids\": [...]} and {\"ids\": "
             "[...]} with {\"text\": s}. {\"messages\": [...], \"add_generation_prompt\": b} gives the conversation as the chat "
             "template writes it, {\"text\": s, \"ids\": [...]}, or {\"error\": s} where the template raises.\n"
             "A tokenizer.model gives SentencePiece's results, a tokenizer.json those of Hugging Face's tokenizers, a "
             "folder those of transformers' AutoTokenizer.\n\"special\": true reads special tokens written in the text, "
             "\"bos\": true puts BOS first, \"skip_special\": true leaves control tokens out of decoded text.",
    .options = "model tokenizer chat-template",
    .examples = "  echo '{\"text\": \"Hello\", \"bos\": true}' | carat tokenize -m demo:late\n"
                "  echo '{\"ids\": [2, 300]}' | carat tokenize --tokenizer tokenizer.model",
    .run = run,
};
