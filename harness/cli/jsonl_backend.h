/* jsonl_backend.h - lines that are requests to a backend, answered together. */
#ifndef CARAT_JSONL_BACKEND_H
#define CARAT_JSONL_BACKEND_H

#include "harness/backend/backend.h"
#include "jsonl.h"
#include "lazy_chat.h"

struct jsonl_requests {
    struct backend *backend;
    struct arena arena;  /* of the lines at hand: what read() makes lives there */
    /* The request of a line; false with `err` set refuses it. What it points to lives in the line or the arena. */
    bool (*read)(struct jsonl_requests *r, const json_t *in, struct request *out, struct err *err);
    json_t *(*write)(const struct response *response);
    uint64_t seed;       /* for read() */
    bool conversations;  /* a server's prompts are messages */
    struct lazy_chat *chat; /* likewise; NULL where no line may hold messages */
};

/* Answers the lines that have no answer yet. */
enum carat_err jsonl_answer(struct jsonl_requests *r, struct jsonl_line *lines, size_t n, struct err *err);

/* A line's "ids", for a backend that is a checkpoint; false with `err` set: it is a server, or they are not well. */
bool jsonl_request_ids(struct jsonl_requests *r, const json_t *in, const int32_t **ids, size_t *n, struct err *err);

#endif
