/* backend.c - what all kinds of backends share. */
#include "backend_int.h"

const char *finish_name(enum finish finish)
{
    static const char *const names[] = {"stop", "length", "eos"};
    return names[finish];
}

enum carat_err backend_open(const char *model, const struct backend_opts *opts, struct backend **out, struct err *err)
{
    return backend_is_server(model) ? http_backend_open(model, opts, out, err) : backend_open_engine(model, opts, out, err);
}

void backend_free(struct backend *be)
{
    if (be)
        be->ops->free(be);
}

enum carat_err backend_can(const struct backend *be, enum request_kind kind, struct err *err)
{
    return be->ops->can ? be->ops->can(be, kind, err) : CARAT_OK;
}

enum carat_err backend_identify(struct backend *be, struct backend_identity *out, struct err *err)
{
    return be->ops->identify(be, out, err);
}

enum carat_err backend_answer(struct backend *be, const struct request *requests, size_t n,
                              const struct backend_events *events, struct backend_stats *stats, struct err *err)
{
    *stats = (struct backend_stats){.n_requests = n};
    return be->ops->answer(be, requests, n, events, stats, err);
}
