/* family.h - the family table: what sets one architecture apart from the next.
 *
 * One forward pass (compute/forward.c) serves all; it branches on the features of a row and
 * on the numbers of a model_config, never on a family's name. To add a family is to add a row, its
 * defaults being those of the class in transformers (published config.json files leave them out),
 * and, where its tensors have other names, a list of parts.
 */
#ifndef CARAT_ENGINE_MODEL_FAMILY_H
#define CARAT_ENGINE_MODEL_FAMILY_H

#include "config.h"

enum family_features {
    FAMILY_NORM_PLUS_ONE = 1 << 0, /* norms multiply by 1 + w */
    FAMILY_EMBED_SCALE = 1 << 1,   /* embeddings times sqrt(hidden), rounded to float32 */
    FAMILY_TWO_ROPES = 1 << 2,     /* local layers turn by rope_local_base_freq, unscaled */
    FAMILY_GELU_IS_TANH = 1 << 3,  /* "gelu" in hidden_act means the tanh form: the first Gemma files */
    FAMILY_TIED = 1 << 4,          /* tie_word_embeddings where config.json does not say */
    FAMILY_WINDOWS = 1 << 5,       /* reads sliding_window */
    FAMILY_LAYER_TYPES = 1 << 6,   /* reads layer_types; the others may only say in it what holds anyway */
    FAMILY_PATTERN = 1 << 7,       /* reads sliding_window_pattern */
    FAMILY_WINDOW_SWITCH = 1 << 8, /* sliding_window counts only with use_sliding_window (which is refused) */
    FAMILY_ATTN_CAP = 1 << 9,      /* reads attn_logit_softcapping */
    FAMILY_FINAL_CAP = 1 << 10,    /* reads final_logit_softcapping */
    FAMILY_ATTN_BIAS = 1 << 11,    /* reads attention_bias: q, k, v and o */
    FAMILY_MLP_BIAS = 1 << 12,     /* reads mlp_bias */
    FAMILY_LAYER_NORM = 1 << 13,   /* LayerNorms with a bias instead of RMS norms */
    FAMILY_FALCON_KEYS = 1 << 14,  /* reads multi_query, new_decoder_architecture, parallel_attn, bias and their kin */
};

/* What a config.json makes of a family's layers: a part may depend on it. */
enum family_layout {
    LAYOUT_QKV_BIAS = 1 << 0,
    LAYOUT_O_BIAS = 1 << 1,
    LAYOUT_MLP_BIAS = 1 << 2,
    LAYOUT_TWO_NORMS = 1 << 3,  /* a parallel MLP has a norm of its own */
    LAYOUT_SEQUENTIAL = 1 << 4, /* the MLP comes behind the attention, in a family where it may stand beside it */
};

/* Sizes by name, for the shapes of parts. */
enum family_dim {
    DIM_NONE,   /* as the second of two: the part is a vector */
    DIM_HIDDEN,
    DIM_INTER,
    DIM_Q,      /* heads * head_dim */
    DIM_KV,     /* key-value heads * head_dim */
    DIM_QKV,    /* all three */
    DIM_HEAD,
};

/* One tensor of a layer: <family's layers>N.<name>, in GGUF blk.N.<gguf> with the name's last word (weight or bias),
 * [rows, cols]. `at` is where it goes in struct layer: a struct matrix, or for vectors a const float *. It is there where
 * the layout has all of `with` and nothing of `without`. */
struct family_part {
    const char *name, *gguf;
    size_t at;
    enum family_dim rows, cols;
    unsigned with, without;
};

/* A key of config.json that this family calls by another name. */
struct family_key {
    const char *usual, *own;
};

struct family {
    const char *name;
    const char *model_types[3];
    const char *architectures[3];
    const char *act_keys[3];        /* those present must agree */
    const char *embed, *layers, *final_norm; /* names of tensors: whole, the beginning, without .weight and .bias */
    const struct family_key *keys;  /* ends with usual NULL; NULL: none */
    unsigned features;
    const struct family_part *parts; /* ends with name NULL */
    struct model_config defaults;   /* n_kv_heads 0: as n_heads; head_dim 0: hidden / n_heads */
    double query_scalar;            /* default of query_pre_attn_scalar; 0: not read, head_dim is meant */
};

/* The family's own name for a key of config.json. */
const char *family_key(const struct family *f, const char *usual);

/* The row for a model_type, NULL if there is none. */
const struct family *family_find(const char *model_type);
const struct family *family_find_architecture(const char *architecture, const char **stored);

/* The number behind a name. */
bool family_has(const struct model_config *c, const struct family_part *part); /* by the config's layout */
size_t family_dim_of(const struct model_config *c, enum family_dim dim);

/* "gemma, gemma2, ..." into `out`, for messages. */
void family_names(char *out, size_t n);

#endif
