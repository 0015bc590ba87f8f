/* autoclass.h - which of transformers' classes AutoTokenizer (version 5.23) takes for a folder, and so what pipeline.
 * Pure; any threads. */
#ifndef CARAT_TOKENIZER_AUTOCLASS_H
#define CARAT_TOKENIZER_AUTOCLASS_H

#include "base/base.h"

enum style {
    STYLE_PLAIN, /* tokenizer.json as it is written; of a tokenizer.model, what that says of itself */
    STYLE_GEMMA, /* the others' classes build their pipeline themselves and take pieces, merges and added tokens alone */
    STYLE_LLAMA,
    STYLE_GPT2,
    STYLE_NEOX,
    STYLE_QWEN2,
    N_STYLES
};

struct autoclass {
    struct str class;      /* tokenizer_config.json's tokenizer_class, else config.json's; p == NULL: none named */
    struct str model_type; /* config.json's; p == NULL: there is none */
    bool byte_level;       /* tokenizer.json has the word "ByteLevel" in it */
};

/* *unknown: a class is named that carat does not know: tokenizer.json as it is written may not be what it does. */
enum style autoclass_style(const struct autoclass *a, bool *unknown);

#endif
