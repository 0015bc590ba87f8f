/* tiny.h - checkpoints of any family and shape with random weights, written to a temporary folder. */
#ifndef CARAT_TESTS_TINY_H
#define CARAT_TESTS_TINY_H

#include "engine/engine.h"

struct tiny {
    const char *model_type;  /* "gemma", "llama", ... */
    const char *dtype;       /* "F32", "BF16", "F16" */
    size_t layers, hidden, inter, heads, kv_heads, head_dim, vocab;
    const char *more;        /* further members of config.json: "\"sliding_window\": 4"; NULL: none */
    unsigned layout;         /* enum family_layout that `more` asks for: which parts are written */
};

/* The families at shapes that are multiples of nothing; ends with model_type NULL. */
extern const struct tiny TINY[];

/* A folder without a tokenizer: temp_remove() it. Static storage. */
const char *tiny_write(const struct tiny *t);

/* Written, opened (weights alone) and removed again: the mapping stays. */
struct carat_model *tiny_open(const struct tiny *t);

#endif
