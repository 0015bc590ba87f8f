/* model_int.h - a checkpoint opened: private to engine/ (compute/ reads it, nobody writes it). */
#ifndef CARAT_ENGINE_MODEL_INT_H
#define CARAT_ENGINE_MODEL_INT_H

#include "config.h"
#include "dtype.h"
#include "engine/engine.h"
#include "family.h"
#include "safetensors.h"

/* A weight matrix as it lies in its file: rows of `cols` numbers, unaligned. */
struct matrix {
    const unsigned char *data; /* borrowed from the mapping; NULL: the family has none */
    enum dtype dtype;
    size_t rows, cols;         /* [out, in] */
    const float *bias;         /* [rows], widened; or NULL */
};

/* Widened, with 1 + w done. With a bias it is a LayerNorm, without an RMS norm; without a gain there is none. */
struct norm {
    const float *gain, *bias;
};

struct layer {
    struct matrix q, k, v, o;        /* [heads*hd, D], [kv*hd, D], [kv*hd, D], [D, heads*hd] */
    struct matrix qkv;               /* instead of q, k and v: [(heads + 2 kv)*hd, D] */
    struct matrix gate, up, down;    /* [I, D], or none; [I, D], [D, I] */
    struct norm attn_norm, attn_post_norm, mlp_norm, mlp_post_norm; /* [D]; a parallel MLP may share attention's */
    struct norm q_norm, k_norm;      /* [hd] */
};

struct weights_file {
    char *path;
    struct file_map map;
};

struct carat_model {
    struct model_config config;
    struct carat_model_info info;
    struct carat_tokenizer *tokenizer;
    struct arena arena;          /* strings, layers, gains */
    struct weights_file *files;  /* in name order */
    size_t n_files;
    struct tensor_list tensors;
    struct matrix embed;         /* [V, D] */
    struct matrix head;          /* [V, D]; the same as embed where tied */
    struct layer *layers;        /* [n_layers] */
    struct norm final_norm;      /* [D] */
    bool is_gguf;                /* one file: gains have their 1, names are GGUF's */
    bool rope_pairs;             /* q and k come with the numbers that turn together side by side */
    bool qkv_by_group;           /* qkv has the rows of one key-value head after the other: its queries, key, value */
    const float *rope_factors;   /* [hd / 2] that frequencies are divided by, or NULL */
    unsigned char *quantized;    /* owned: matrices that compute/quantize.c made; NULL: none */
    struct buf config_text;      /* config.json's bytes, for the fingerprint; empty for GGUF */
};

/* All of carat_model_open() but the tokenizer; for tests of weights alone. */
enum carat_err model_open_weights(const char *path, struct carat_model **out, struct err *err);

/* Steps of opening, for shape.c: an empty model; and, when config and tensors are there, the rest. */
enum carat_err model_new(const char *path, struct carat_model **out, struct err *err);
enum carat_err model_take_tensors(struct carat_model *m, struct err *err);

/* Fills in what info says of the work, from the matrices as they are now. */
void model_count_work(struct carat_model *m);

#endif
