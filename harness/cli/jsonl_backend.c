#include "jsonl_backend.h"

#include "cli.h"

struct batch {
    const struct jsonl_requests *r;
    struct jsonl_line *lines;
    size_t *line_of; /* request -> line */
};

static enum carat_err take(void *context, size_t index, const struct response *response, struct err *err)
{
    struct batch *b = context;
    struct jsonl_line *line = &b->lines[b->line_of[index]];
    if (response->refused)
        jsonl_refuse(line, &response->err);
    else
        line->out = b->r->write(response);
    return line->out ? CARAT_OK : err_nomem(err, "an answer");
}

static enum carat_err look_up(void *context, const struct backend_stats *stats, struct err *err)
{
    (void)context;
    return cli_interrupted() ? err_set(err, CARAT_EINTERRUPTED, "interrupted: %zu of %zu requests were computed",
                                       stats->n_done, stats->n_requests)
                             : CARAT_OK;
}

enum carat_err jsonl_answer(struct jsonl_requests *r, struct jsonl_line *lines, size_t n, struct err *err)
{
    struct request *requests = arena_calloc(&r->arena, n, sizeof *requests);
    struct batch batch = {.r = r, .lines = lines, .line_of = arena_calloc(&r->arena, n, sizeof(size_t))};
    if (!requests || !batch.line_of)
        return err_nomem(err, "the requests");
    size_t n_requests = 0;
    for (size_t i = 0; i < n; i++) {
        struct err why = ERR_INIT;
        if (!lines[i].in || lines[i].out)
            continue;
        batch.line_of[n_requests] = i;
        if (r->read(r, lines[i].in, &requests[n_requests], &why))
            n_requests++;
        else
            jsonl_refuse(&lines[i], &why);
    }
    struct backend_events events = {.on_response = take, .on_tick = look_up, .context = &batch};
    struct backend_stats stats;
    return backend_answer(r->backend, requests, n_requests, &events, &stats, err);
}

bool jsonl_request_ids(struct jsonl_requests *r, const json_t *in, const int32_t **ids, size_t *n, struct err *err)
{
    const struct carat_model *model = backend_model(r->backend);
    if (model)
        return jsonl_ids(in, "ids", carat_model_info(model)->vocab_size, &r->arena, ids, n, err);
    err_set(err, CARAT_EUNSUPPORTED, "a server tells nothing of token ids: \"ids\" wants a checkpoint on disk");
    return false;
}
