#include "family.h"

#include <stddef.h>
#include <stdio.h>

#include "model_int.h"

#define MATRIX(tensor, gguf, field, rows, cols) {tensor ".weight", gguf, offsetof(struct layer, field), rows, cols, 0, 0}
#define NORM(tensor, gguf, field, dim) {tensor ".weight", gguf, offsetof(struct layer, field.gain), dim, DIM_NONE, 0, 0}
#define BIAS(tensor, gguf, field, dim, with) \
    {tensor ".bias", gguf, offsetof(struct layer, field.bias), dim, DIM_NONE, with, 0}
/* A LayerNorm, where the layout has `with` and nothing of `without`. */
#define LAYER_NORM(tensor, gguf, field, with, without)                                              \
    {tensor ".weight", gguf, offsetof(struct layer, field.gain), DIM_HIDDEN, DIM_NONE, with, without}, \
    {tensor ".bias", gguf, offsetof(struct layer, field.bias), DIM_HIDDEN, DIM_NONE, with, without}

#define ATTENTION_AND_MLP                                                                       \
    MATRIX("self_attn.q_proj", "attn_q", q, DIM_Q, DIM_HIDDEN),                                 \
    MATRIX("self_attn.k_proj", "attn_k", k, DIM_KV, DIM_HIDDEN),                                \
    MATRIX("self_attn.v_proj", "attn_v", v, DIM_KV, DIM_HIDDEN),                                \
    MATRIX("self_attn.o_proj", "attn_output", o, DIM_HIDDEN, DIM_Q),                            \
    MATRIX("mlp.gate_proj", "ffn_gate", gate, DIM_INTER, DIM_HIDDEN),                           \
    MATRIX("mlp.up_proj", "ffn_up", up, DIM_INTER, DIM_HIDDEN),                                 \
    MATRIX("mlp.down_proj", "ffn_down", down, DIM_HIDDEN, DIM_INTER),                           \
    BIAS("self_attn.q_proj", "attn_q", q, DIM_Q, LAYOUT_QKV_BIAS),                              \
    BIAS("self_attn.k_proj", "attn_k", k, DIM_KV, LAYOUT_QKV_BIAS),                             \
    BIAS("self_attn.v_proj", "attn_v", v, DIM_KV, LAYOUT_QKV_BIAS),                             \
    BIAS("self_attn.o_proj", "attn_output", o, DIM_HIDDEN, LAYOUT_O_BIAS),                      \
    BIAS("mlp.gate_proj", "ffn_gate", gate, DIM_INTER, LAYOUT_MLP_BIAS),                        \
    BIAS("mlp.up_proj", "ffn_up", up, DIM_INTER, LAYOUT_MLP_BIAS),                              \
    BIAS("mlp.down_proj", "ffn_down", down, DIM_HIDDEN, LAYOUT_MLP_BIAS),                       \
    NORM("input_layernorm", "attn_norm", attn_norm, DIM_HIDDEN)

/* Beware: post_attention_layernorm stands before the MLP in Llama and Gemma 1 and behind
 * the attention in Gemma 2 and 3. */
static const struct family_part PRE_NORM[] = {
    ATTENTION_AND_MLP,
    NORM("post_attention_layernorm", "ffn_norm", mlp_norm, DIM_HIDDEN),
    {.name = NULL},
};

#define SANDWICH                                                                                \
    ATTENTION_AND_MLP,                                                                          \
    NORM("post_attention_layernorm", "post_attention_norm", attn_post_norm, DIM_HIDDEN),        \
    NORM("pre_feedforward_layernorm", "ffn_norm", mlp_norm, DIM_HIDDEN),                        \
    NORM("post_feedforward_layernorm", "post_ffw_norm", mlp_post_norm, DIM_HIDDEN)

static const struct family_part SANDWICH_NORM[] = {SANDWICH, {.name = NULL}};

static const struct family_part SANDWICH_QK_NORM[] = {
    SANDWICH,
    NORM("self_attn.q_norm", "attn_q_norm", q_norm, DIM_HEAD),
    NORM("self_attn.k_norm", "attn_k_norm", k_norm, DIM_HEAD),
    {.name = NULL},
};

/* In one piece, q, k and v; no gate; attention and MLP beside each other with one norm (7B, 11B) or two (40B, 180B). */
static const struct family_part FUSED_PARALLEL[] = {
    MATRIX("self_attention.query_key_value", "attn_qkv", qkv, DIM_QKV, DIM_HIDDEN),
    MATRIX("self_attention.dense", "attn_output", o, DIM_HIDDEN, DIM_Q),
    MATRIX("mlp.dense_h_to_4h", "ffn_up", up, DIM_INTER, DIM_HIDDEN),
    MATRIX("mlp.dense_4h_to_h", "ffn_down", down, DIM_HIDDEN, DIM_INTER),
    BIAS("self_attention.query_key_value", "attn_qkv", qkv, DIM_QKV, LAYOUT_QKV_BIAS),
    BIAS("self_attention.dense", "attn_output", o, DIM_HIDDEN, LAYOUT_O_BIAS),
    BIAS("mlp.dense_h_to_4h", "ffn_up", up, DIM_INTER, LAYOUT_MLP_BIAS),
    BIAS("mlp.dense_4h_to_h", "ffn_down", down, DIM_HIDDEN, LAYOUT_MLP_BIAS),
    LAYER_NORM("input_layernorm", "attn_norm", attn_norm, 0, LAYOUT_TWO_NORMS),
    LAYER_NORM("ln_attn", "attn_norm_2", attn_norm, LAYOUT_TWO_NORMS, 0),
    LAYER_NORM("ln_mlp", "attn_norm", mlp_norm, LAYOUT_TWO_NORMS, 0),
    LAYER_NORM("post_attention_layernorm", "ffn_norm", mlp_norm, LAYOUT_SEQUENTIAL, 0),
    {.name = NULL},
};

static const struct family_key FALCON_KEYS[] = {
    {"intermediate_size", "ffn_hidden_size"},
    {"num_key_value_heads", "num_kv_heads"},
    {"rms_norm_eps", "layer_norm_epsilon"},
    {.usual = NULL},
};

#define USUAL_NAMES .embed = "model.embed_tokens.weight", .layers = "model.layers.", .final_norm = "model.norm"
#define GEMMA (FAMILY_NORM_PLUS_ONE | FAMILY_EMBED_SCALE | FAMILY_TIED | FAMILY_ATTN_BIAS)
#define ROPE(base) {.theta = base, .factor = 1}

static const struct family FAMILIES[] = {
    {
        .name = "falcon",
        .model_types = {"falcon"},
        .architectures = {"FalconForCausalLM"},
        .act_keys = {"activation"},
        .embed = "transformer.word_embeddings.weight",
        .layers = "transformer.h.",
        .final_norm = "transformer.ln_f",
        .keys = FALCON_KEYS,
        .features = FAMILY_TIED | FAMILY_LAYER_NORM | FAMILY_FALCON_KEYS,
        .parts = FUSED_PARALLEL,
        .defaults = {.n_layers = 32, .hidden = 4544, .n_heads = 71, .vocab = 65024, .max_positions = 2048,
                     .norm_eps = 1e-5f, .act = ACT_GELU, .ungated = true, .bos = 11, .eos = {11}, .n_eos = 1,
                     .rope = {ROPE(1e4), ROPE(1e4)}},
    },
    {
        .name = "gemma",
        .model_types = {"gemma"},
        .architectures = {"GemmaForCausalLM"},
        .act_keys = {"hidden_activation", "hidden_act"},
        USUAL_NAMES,
        .features = GEMMA | FAMILY_GELU_IS_TANH,
        .parts = PRE_NORM,
        .defaults = {.n_layers = 28, .hidden = 3072, .inter = 24576, .n_heads = 16, .n_kv_heads = 16,
                     .head_dim = 256, .vocab = 256000, .max_positions = 8192, .norm_eps = 1e-6f,
                     .act = ACT_GELU_TANH, .bos = 2, .eos = {1}, .n_eos = 1, .rope = {ROPE(1e4), ROPE(1e4)}},
    },
    {
        .name = "gemma2",
        .model_types = {"gemma2"},
        .architectures = {"Gemma2ForCausalLM"},
        .act_keys = {"hidden_activation"},
        USUAL_NAMES,
        .features = GEMMA | FAMILY_WINDOWS | FAMILY_LAYER_TYPES | FAMILY_ATTN_CAP | FAMILY_FINAL_CAP,
        .parts = SANDWICH_NORM,
        .defaults = {.n_layers = 26, .hidden = 2304, .inter = 9216, .n_heads = 8, .n_kv_heads = 4,
                     .head_dim = 256, .vocab = 256000, .max_positions = 8192, .norm_eps = 1e-6f,
                     .act = ACT_GELU_TANH, .bos = 2, .eos = {1}, .n_eos = 1, .rope = {ROPE(1e4), ROPE(1e4)},
                     .window = 4096, .window_pattern = 2, .attn_softcap = 50, .final_softcap = 30},
        .query_scalar = 256,
    },
    {
        /* Its class reads attn_logit_softcapping and does nothing with it; the multimodal one has no final cap. */
        .name = "gemma3",
        .model_types = {"gemma3_text", "gemma3"},
        .architectures = {"Gemma3ForCausalLM", "Gemma3ForConditionalGeneration"},
        .act_keys = {"hidden_activation"},
        USUAL_NAMES,
        .features = GEMMA | FAMILY_WINDOWS | FAMILY_LAYER_TYPES | FAMILY_PATTERN | FAMILY_TWO_ROPES | FAMILY_FINAL_CAP,
        .parts = SANDWICH_QK_NORM,
        .defaults = {.n_layers = 26, .hidden = 2304, .inter = 9216, .n_heads = 8, .n_kv_heads = 4,
                     .head_dim = 256, .vocab = 262208, .max_positions = 131072, .norm_eps = 1e-6f,
                     .act = ACT_GELU_TANH, .bos = 2, .eos = {1}, .n_eos = 1, .rope = {ROPE(1e6), ROPE(1e4)},
                     .window = 4096, .window_pattern = 6},
        .query_scalar = 256,
    },
    {
        .name = "llama",
        .model_types = {"llama"},
        .architectures = {"LlamaForCausalLM", "LLaMAForCausalLM"}, /* the second: LLaMA 1 conversions */
        .act_keys = {"hidden_act"},
        USUAL_NAMES,
        .features = FAMILY_ATTN_BIAS | FAMILY_MLP_BIAS,
        .parts = PRE_NORM,
        .defaults = {.n_layers = 32, .hidden = 4096, .inter = 11008, .n_heads = 32, .vocab = 32000,
                     .max_positions = 2048, .norm_eps = 1e-6f, .act = ACT_SILU, .bos = 1, .eos = {2}, .n_eos = 1,
                     .rope = {ROPE(1e4), ROPE(1e4)}},
    },
    {
        .name = "mistral",
        .model_types = {"mistral"},
        .architectures = {"MistralForCausalLM"},
        .act_keys = {"hidden_act"},
        USUAL_NAMES,
        .features = FAMILY_WINDOWS,
        .parts = PRE_NORM,
        .defaults = {.n_layers = 32, .hidden = 4096, .inter = 14336, .n_heads = 32, .n_kv_heads = 8,
                     .vocab = 32000, .max_positions = 131072, .norm_eps = 1e-6f, .act = ACT_SILU, .bos = 1,
                     .eos = {2}, .n_eos = 1, .rope = {ROPE(1e4), ROPE(1e4)}, .window = 4096},
    },
    {
        .name = "qwen2",
        .model_types = {"qwen2"},
        .architectures = {"Qwen2ForCausalLM"},
        .act_keys = {"hidden_act"},
        USUAL_NAMES,
        .features = FAMILY_WINDOW_SWITCH,
        .parts = PRE_NORM,
        .defaults = {.n_layers = 32, .hidden = 4096, .inter = 22016, .n_heads = 32, .n_kv_heads = 32, .vocab = 151936,
                     .max_positions = 32768, .norm_eps = 1e-6f, .act = ACT_SILU, .layout = LAYOUT_QKV_BIAS, .bos = -1,
                     .rope = {ROPE(1e4), ROPE(1e4)}},
    },
};
#define N_FAMILIES (sizeof FAMILIES / sizeof *FAMILIES)

const struct family *family_find(const char *model_type)
{
    for (size_t i = 0; i < N_FAMILIES; i++)
        for (size_t j = 0; j < 3 && FAMILIES[i].model_types[j]; j++)
            if (strcmp(FAMILIES[i].model_types[j], model_type) == 0)
                return &FAMILIES[i];
    return NULL;
}

const struct family *family_find_architecture(const char *architecture, const char **stored)
{
    for (size_t i = 0; i < N_FAMILIES; i++)
        for (size_t j = 0; j < 3 && FAMILIES[i].architectures[j]; j++)
            if (strcmp(FAMILIES[i].architectures[j], architecture) == 0) {
                *stored = FAMILIES[i].architectures[j];
                return &FAMILIES[i];
            }
    return NULL;
}

void family_names(char *out, size_t n)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < N_FAMILIES && at < n; i++) {
        int wrote = snprintf(out + at, n - at, "%s%s", i ? ", " : "", FAMILIES[i].name);
        at += wrote > 0 ? (size_t)wrote : 0;
    }
}

size_t family_dim_of(const struct model_config *c, enum family_dim dim)
{
    switch (dim) {
    case DIM_HIDDEN: return c->hidden;
    case DIM_INTER: return c->inter;
    case DIM_Q: return c->n_heads * c->head_dim;
    case DIM_KV: return c->n_kv_heads * c->head_dim;
    case DIM_QKV: return (c->n_heads + 2 * c->n_kv_heads) * c->head_dim;
    case DIM_HEAD: return c->head_dim;
    case DIM_NONE: break;
    }
    return 0;
}

bool family_has(const struct model_config *c, const struct family_part *part)
{
    return (c->layout & part->with) == part->with && !(c->layout & part->without);
}

const char *family_key(const struct family *f, const char *usual)
{
    for (const struct family_key *k = f->keys; k && k->usual; k++)
        if (strcmp(k->usual, usual) == 0)
            return k->own;
    return usual;
}
