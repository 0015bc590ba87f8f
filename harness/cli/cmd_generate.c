/* carat generate: text that follows a prompt. */
#include "commands.h"
#include "jsonl_backend.h"

static bool read_stops(const json_t *in, struct arena *arena, const char *const **out, struct err *err)
{
    const json_t *list = json_object_get(in, "stop");
    size_t n = json_array_size(list);
    const char **stops = arena_calloc(arena, n + 1, sizeof *stops);
    if (!stops) {
        err_nomem(err, "stops");
        return false;
    }
    if (list && !json_is_array(list)) {
        err_set(err, CARAT_EINPUT, "\"stop\" is not a list of texts");
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        stops[i] = json_string_value(json_array_get(list, i));
        if (!stops[i] || !*stops[i]) {
            err_set(err, CARAT_EINPUT, "\"stop\"[%zu] is not a text of at least one character", i);
            return false;
        }
    }
    *out = stops;
    return true;
}

/* Messages as the checkpoint's template writes them, or as the server takes them. */
static bool read_messages(struct jsonl_requests *c, const json_t *in, struct request *r, struct err *err)
{
    struct buf text = BUF_INIT(BUF_MAX_DEFAULT);
    enum carat_err rc = c->chat->path ? lazy_chat_render(c->chat, in, true, &text, err)
                                      : json_write(json_object_get(in, "messages"), &text);
    char *kept = rc ? NULL : arena_dup(&c->arena, text.p, text.n);
    if (!kept && !err->code)
        err_nomem(err, "a prompt");
    r->prompt = (struct str){kept, text.n};
    buf_release(&text);
    return kept != NULL;
}

/* A server's prompts are texts, or with --chat messages; how many tokens are drawn from it does not ask. */
static bool server_takes(const struct jsonl_requests *c, const json_t *in, struct err *err)
{
    if (backend_model(c->backend))
        return true;
    if (c->conversations != (json_object_get(in, "messages") != NULL))
        err_set(err, CARAT_EUSAGE, c->conversations ? "with --chat a server is asked \"messages\""
                                                    : "a server is asked \"messages\" with --chat");
    else if (json_object_get(in, "top_k"))
        err_set(err, CARAT_EUNSUPPORTED, "\"top_k\" is no part of what servers agree on");
    else
        return true;
    return false;
}

static bool read_request(struct jsonl_requests *c, const json_t *in, struct request *r, struct err *err)
{
    *r = (struct request){.kind = REQUEST_GENERATE, .max_tokens = 256, .sampling = {.top_p = 1, .seed = c->seed}};
    size_t seed = (size_t)c->seed;
    if (!server_takes(c, in, err))
        return false;
    if (json_object_get(in, "messages")) {
        if (!read_messages(c, in, r, err))
            return false;
    } else if (json_object_get(in, "ids")) {
        r->ids_given = true;
        if (!jsonl_request_ids(c, in, &r->ids, &r->n_ids, err))
            return false;
    } else if (!json_get_str(in, "prompt", &r->prompt)) {
        err_set(err, CARAT_EINPUT, "wants \"prompt\", \"ids\" or \"messages\"");
        return false;
    }
    if (!read_stops(in, &c->arena, &r->stops, err) || !jsonl_size(in, "max_tokens", &r->max_tokens, err) ||
        !jsonl_real(in, "temperature", &r->sampling.temperature, err) ||
        !jsonl_size(in, "top_k", &r->sampling.top_k, err) || !jsonl_real(in, "top_p", &r->sampling.top_p, err) ||
        !jsonl_size(in, "seed", &seed, err))
        return false;
    r->sampling.seed = seed;
    if (r->sampling.temperature < 0 || r->sampling.top_p < 0 || r->sampling.top_p > 1) {
        err_set(err, CARAT_EINPUT, "wants temperature >= 0 and top_p between 0 and 1");
        return false;
    }
    return true;
}

static json_t *write_answer(const struct response *r)
{
    return json_pack("{s:o, s:o*, s:s}", "text", json_text(r->text), "ids", r->ids ? jsonl_id_array(r->ids, r->n_ids) : NULL,
                     "finish", finish_name(r->finish));
}

static enum carat_err handle(void *context, struct jsonl_line *lines, size_t n, struct err *err)
{
    struct jsonl_requests *c = context;
    arena_reset(&c->arena);
    return jsonl_answer(c, lines, n, err);
}

static enum carat_err run(const struct options *o, struct err *err)
{
    struct jsonl_requests c = {
        .arena = ARENA_INIT, .read = read_request, .write = write_answer, .seed = (uint64_t)o->seed, .conversations = o->chat};
    struct lazy_chat chat = {.template_path = o->chat_template};
    c.chat = &chat;
    enum carat_err rc = open_one_backend(o, &c.backend, err);
    const struct carat_model *model = rc ? NULL : backend_model(c.backend);
    if (model)
        chat.path = carat_model_info(model)->path;
    if (!rc && model && o->chat)
        rc = err_set(err, CARAT_EUSAGE, "--chat is for servers; lines of \"messages\" are conversations without it");
    if (!rc)
        rc = jsonl_serve(handle, &c, err);
    lazy_chat_release(&chat);
    backend_free(c.backend);
    arena_release(&c.arena);
    return rc;
}

const struct command cmd_generate = {
    .name = "generate",
    .summary = "text that follows a prompt, as JSON lines",
    .usage = "-m MODEL",
    .about = "Reads JSON lines from stdin and answers each with one. {\"prompt\": s | \"ids\": [...] | \"messages\": [...], \"stop\": [...], "
             "\"max_tokens\": n, \"temperature\": t, \"top_k\": k, \"top_p\": p, \"seed\": n} gives {\"text\": s, \"ids\": "
             "[...], \"finish\": \"stop|length|eos\"}. Greedy unless a temperature is given; 256 tokens at most unless "
             "max_tokens says otherwise. \"text\" ends before the first stop; \"ids\" are all tokens made. A server, "
             "http://HOST:PORT/v1#NAME, is asked prompts, or with --chat messages, and tells no ids (docs/servers.md).",
    .options = "model chat chat-template seed " SERVER_OPTIONS COMPUTE_OPTIONS,
    .examples = "  echo '{\"prompt\": \"Question: 2 + 2?\\nAnswer:\", \"max_tokens\": 16}' | carat generate -m demo:late\n"
                "  carat generate -m gemma-2b --threads 2 <prompts.jsonl >answers.jsonl",
    .run = run,
};
