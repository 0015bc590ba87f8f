/* config.h - config.json as numbers that the forward pass reads, by way of the family table.
 *
 *     struct model_config c;
 *     config_parse(json, "path/config.json", &c, err);
 *
 * A model_config owns nothing; `family` points into the static table. All sizes were
 * checked to be in range, so their products of two do not overflow.
 */
#ifndef CARAT_ENGINE_MODEL_CONFIG_H
#define CARAT_ENGINE_MODEL_CONFIG_H

#include "base/base.h"

#define CONFIG_LAYERS_MAX 512
#define CONFIG_EOS_MAX 8

enum activation {
    ACT_SILU,
    ACT_GELU_TANH,
    ACT_GELU /* by the error function */
};

struct rope {
    double theta;
    double factor;      /* linear scaling: positions count 1 / factor */
    bool by_wave;       /* Llama 3's scaling: the factor is for long waves alone (compute/rope.c) */
    double low, high;   /* low_freq_factor and high_freq_factor: long and short begin at original / low, / high */
    size_t original;    /* original_max_position_embeddings */
};
enum { ROPE_GLOBAL, ROPE_LOCAL, ROPE_KINDS }; /* local: layers with a window, where a family sets them apart */

struct model_config {
    const struct family *family;
    const char *architecture; /* the table's copy of config.json's word */
    size_t n_layers, hidden, inter, n_heads, n_kv_heads, head_dim, vocab;
    size_t max_positions;
    size_t window;            /* tokens a local layer sees, the row's own included; 0: no local layers */
    size_t window_pattern;    /* every n-th layer is global; 0: all are local. Read only while parsing */
    bool local[CONFIG_LAYERS_MAX];
    struct rope rope[ROPE_KINDS];
    float norm_eps;
    float embed_scale;        /* 1: none */
    float attn_scale;
    float attn_softcap;       /* 0: none */
    float final_softcap;      /* 0: none */
    enum activation act;
    bool ungated;             /* mlp(h) = act(h Wup) Wdown */
    bool parallel;            /* x += attention(h) + mlp(h): both from the layer's input */
    unsigned layout;          /* enum family_layout: which parts the layers have */
    bool tied;                /* the head is the embedding */
    int32_t bos;              /* -1: none */
    int32_t eos[CONFIG_EOS_MAX];
    size_t n_eos;
};

enum carat_err config_parse(const json_t *root, const char *path, struct model_config *out, struct err *err);

/* bos_token_id and eos_token_id (an integer or a list) of config.json or generation_config.json,
 * where they stand there; else what `out` holds is kept. */
enum carat_err config_parse_ends(const json_t *root, const char *path, struct model_config *out, struct err *err);

#endif
