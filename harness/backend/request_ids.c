/* The ids that a request comes to, for showing: the very function that answering uses. */
#include "backend_int.h"

static enum carat_err note_refusal(void *context, size_t index, const struct response *response, struct err *err)
{
    (void)index;
    (void)err;
    *(struct err *)context = response->err;
    return CARAT_OK;
}

static enum carat_err copy(const int32_t *ids, size_t n, struct carat_ids *out)
{
    for (size_t i = 0; i < n; i++)
        if (carat_ids_push(out, ids[i]))
            return CARAT_ENOMEM;
    return CARAT_OK;
}

enum carat_err backend_request_ids(const struct carat_tokenizer *tok, const struct request_rules *rules,
                                   const struct request *request, struct request_ids *out, struct err *err)
{
    const struct carat_tokenizer_info *info = carat_tokenizer_info(tok);
    const struct tokenize_rules all = {.tok = tok,
                                       .add_bos = rules->add_bos,
                                       .bos = info->bos,
                                       .eos = info->eos,
                                       .max_length = rules->max_length,
                                       .kv_tokens = SIZE_MAX,
                                       .truncation = rules->truncation};
    struct err refusal = ERR_INIT;
    struct backend_events events = {.on_response = note_refusal, .context = &refusal};
    struct backend_stats stats = {0};
    struct jobs jobs;
    *out = (struct request_ids){0};
    enum carat_err rc = jobs_tokenize(&all, request, 1, &events, &stats, &jobs, err);
    if (rc)
        return rc;
    const struct job *job = &jobs.items[0];
    if (job->refused) {
        if (err)
            *err = refusal;
        rc = refusal.code;
    } else if (copy(job->ctx, job->n_ctx, &out->context) || copy(job->cont, job->n_cont, &out->continuation)) {
        rc = err_nomem(err, "token ids");
    }
    out->n_skipped = rc ? 0 : job->n_skip;
    jobs_release(&jobs);
    if (rc)
        request_ids_release(out);
    return rc;
}

void request_ids_release(struct request_ids *ids)
{
    carat_ids_release(&ids->context);
    carat_ids_release(&ids->continuation);
}
