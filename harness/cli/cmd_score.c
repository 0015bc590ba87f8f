/* carat score: log-probabilities of continuations, or of each token of a sequence. */
#include "commands.h"
#include "jsonl_backend.h"

/* ---- {"context", "continuation"}: through the scheduler, all lines at once ------------------ */

static bool read_pair(struct jsonl_requests *c, const json_t *in, struct request *r, struct err *err)
{
    (void)c;
    *r = (struct request){.kind = REQUEST_LOGLIKELIHOOD};
    if (json_get_str(in, "context", &r->prompt) && json_get_str(in, "continuation", &r->continuation))
        return true;
    err_set(err, CARAT_EINPUT, "wants \"context\" and \"continuation\", or \"ids\"");
    return false;
}

static json_t *write_score(const struct response *r)
{
    return json_pack("{s:f, s:b, s:I}", "logprob", r->logprob, "greedy", r->greedy, "tokens", (json_int_t)r->n_ids);
}

/* ---- {"ids", "top"}: every token of one sequence ----------------------------------------- */

struct sequence {
    const int32_t *ids;
    size_t n, top;
    struct carat_reply *replies;
    int32_t *top_ids;      /* [n][top] */
    double *top_logprobs;
};

static enum carat_err forward_sequence(struct jsonl_requests *c, struct sequence *q, struct err *err)
{
    struct carat_session *s = backend_session(c->backend);
    size_t most = carat_session_batch_tokens(s);
    struct carat_ask *asks = arena_calloc(&c->arena, q->n, sizeof *asks);
    q->replies = arena_calloc(&c->arena, q->n, sizeof *q->replies);
    size_t n_top;
    if (!num_mul(q->n, q->top, &n_top) || n_top > SIZE_MAX / 2)
        return err_set(err, CARAT_EINPUT, "\"top\" is too large");
    q->top_ids = arena_calloc(&c->arena, n_top + 1, sizeof *q->top_ids);
    q->top_logprobs = arena_calloc(&c->arena, n_top + 1, sizeof *q->top_logprobs);
    if (!asks || !q->replies || !q->top_ids || !q->top_logprobs)
        return err_nomem(err, "a sequence");
    uint32_t node;
    enum carat_err rc = carat_node_new(s, CARAT_NODE_ROOT, &node, err);
    for (size_t at = 0; at < q->n && !rc;) {
        size_t take = q->n - at < most ? q->n - at : most;
        for (size_t i = 0; i < take; i++)
            asks[i] = (struct carat_ask){.row = i,
                                         .target = at + i + 1 < q->n ? q->ids[at + i + 1] : -1,
                                         .top_k = q->top,
                                         .top_ids = q->top_ids + (at + i) * q->top,
                                         .top_logprobs = q->top_logprobs + (at + i) * q->top};
        rc = carat_forward(s, &(struct carat_span){node, q->ids + at, take}, 1, asks, take, q->replies + at, err);
        at += take;
    }
    carat_node_release(s, node);
    return rc;
}

static json_t *sequence_json(const struct sequence *q)
{
    json_t *logprobs = json_array(), *top = json_array();
    json_array_append_new(logprobs, json_null());
    for (size_t i = 0; i + 1 < q->n; i++)
        json_array_append_new(logprobs, json_real(q->replies[i].logprob));
    for (size_t i = 0; i < q->n && q->top; i++) {
        json_t *best = json_array();
        for (size_t k = 0; k < q->top; k++)
            json_array_append_new(best, json_pack("[i, f]", (int)q->top_ids[i * q->top + k],
                                                  q->top_logprobs[i * q->top + k]));
        json_array_append_new(top, best);
    }
    json_t *out = json_pack("{s:o}", "logprobs", logprobs);
    if (q->top)
        json_object_set_new(out, "top", top);
    else
        json_decref(top);
    return out;
}

static void score_sequence(struct jsonl_requests *c, struct jsonl_line *line)
{
    struct err why = ERR_INIT;
    struct sequence q = {0};
    if (jsonl_request_ids(c, line->in, &q.ids, &q.n, &why) && jsonl_size(line->in, "top", &q.top, &why)) {
        const struct carat_model_info *info = carat_model_info(backend_model(c->backend));
        if (q.n == 0)
            err_set(&why, CARAT_EINPUT, "\"ids\" is empty");
        else if (q.n > info->max_positions)
            err_set(&why, CARAT_EINPUT, "%zu tokens, but the model holds %zu", q.n, info->max_positions);
        else if (q.top > info->vocab_size)
            err_set(&why, CARAT_EINPUT, "\"top\" is more than the vocabulary's %zu", info->vocab_size);
        else if (!forward_sequence(c, &q, &why))
            line->out = sequence_json(&q);
    }
    if (!line->out)
        jsonl_refuse(line, &why);
}

static enum carat_err handle(void *context, struct jsonl_line *lines, size_t n, struct err *err)
{
    struct jsonl_requests *c = context;
    arena_reset(&c->arena);
    for (size_t i = 0; i < n; i++)
        if (lines[i].in && json_object_get(lines[i].in, "ids"))
            score_sequence(c, &lines[i]);
    return jsonl_answer(c, lines, n, err);
}

static enum carat_err run(const struct options *o, struct err *err)
{
    struct jsonl_requests c = {.arena = ARENA_INIT, .read = read_pair, .write = write_score};
    enum carat_err rc = open_one_backend(o, &c.backend, err);
    if (!rc)
        rc = backend_can(c.backend, REQUEST_LOGLIKELIHOOD, err);
    if (!rc)
        rc = jsonl_serve(handle, &c, err);
    backend_free(c.backend);
    arena_release(&c.arena);
    return rc;
}

const struct command cmd_score = {
    .name = "score",
    .summary = "log-probabilities, as JSON lines",
    .usage = "-m MODEL",
    .about = "Reads JSON lines from stdin and answers each with one. {\"context\": s, \"continuation\": s} gives "
             "{\"logprob\": x, \"greedy\": b, \"tokens\": n}, split into tokens as the reference harness does. {\"ids\": "
             "[...], \"top\": k} gives {\"logprobs\": [null, x2, ...], \"top\": [[[id, logprob], ...], ...]}: of each token "
             "after those before it, and the k best next tokens at each position. A server, http://HOST:PORT/v1#NAME, answers lines of "
             "the first kind, where it is proven at the start that it can (docs/servers.md).",
    .options = "model " SERVER_OPTIONS COMPUTE_OPTIONS,
    .examples = "  echo '{\"context\": \"The sky is\", \"continuation\": \" blue\"}' | carat score -m demo:late\n"
                "  echo '{\"ids\": [2, 300, 301], \"top\": 3}' | carat score -m gemma-2b --threads 2",
    .run = run,
};
