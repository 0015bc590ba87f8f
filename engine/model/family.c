#include "family.h"

#include <stddef.h>
#include <stdio.h>

#include "model_int.h"

#define MATRIX(tensor, gguf, field, rows, cols) {tensor, gguf, offsetof(struct layer, field), rows, cols}
#define NORM(tensor, gguf, field, dim) {tensor, gguf, offsetof(struct layer, field.gain), dim, DIM_NONE}

#define ATTENTION_AND_MLP                                                                       \
    MATRIX("self_attn.q_proj.weight", "attn_q", q, DIM_Q, DIM_HIDDEN),                          \
    MATRIX("self_attn.k_proj.weight", "attn_k", k, DIM_KV, DIM_HIDDEN),                         \
    MATRIX("self_attn.v_proj.weight", "attn_v", v, DIM_KV, DIM_HIDDEN),                         \
    MATRIX("self_attn.o_proj.weight", "attn_output", o, DIM_HIDDEN, DIM_Q),                     \
    MATRIX("mlp.gate_proj.weight", "ffn_gate", gate, DIM_INTER, DIM_HIDDEN),                    \
    MATRIX("mlp.up_proj.weight", "ffn_up", up, DIM_INTER, DIM_HIDDEN),                          \
    MATRIX("mlp.down_proj.weight", "ffn_down", down, DIM_HIDDEN, DIM_INTER),                    \
    NORM("input_layernorm.weight", "attn_norm", attn_norm, DIM_HIDDEN)

/* Beware: post_attention_layernorm stands before the MLP in Llama and Gemma 1 and behind
 * the attention in Gemma 2 and 3. */
static const struct family_part PRE_NORM[] = {
    ATTENTION_AND_MLP,
    NORM("post_attention_layernorm.weight", "ffn_norm", mlp_norm, DIM_HIDDEN),
    {.name = NULL},
};

#define SANDWICH                                                                                \
    ATTENTION_AND_MLP,                                                                          \
    NORM("post_attention_layernorm.weight", "post_attention_norm", attn_post_norm, DIM_HIDDEN),\
    NORM("pre_feedforward_layernorm.weight", "ffn_norm", mlp_norm, DIM_HIDDEN),               \
    NORM("post_feedforward_layernorm.weight", "post_ffw_norm", mlp_post_norm, DIM_HIDDEN)

static const struct family_part SANDWICH_NORM[] = {SANDWICH, {.name = NULL}};

static const struct family_part SANDWICH_QK_NORM[] = {
    SANDWICH,
    NORM("self_attn.q_norm.weight", "attn_q_norm", q_norm, DIM_HEAD),
    NORM("self_attn.k_norm.weight", "attn_k_norm", k_norm, DIM_HEAD),
    {.name = NULL},
};

#define GEMMA (FAMILY_NORM_PLUS_ONE | FAMILY_EMBED_SCALE | FAMILY_TIED)

static const struct family FAMILIES[] = {
    {
        .name = "gemma",
        .model_types = {"gemma"},
        .architectures = {"GemmaForCausalLM"},
        .act_keys = {"hidden_activation", "hidden_act"},
        .features = GEMMA | FAMILY_GELU_IS_TANH,
        .parts = PRE_NORM,
        .defaults = {.n_layers = 28, .hidden = 3072, .inter = 24576, .n_heads = 16, .n_kv_heads = 16,
                     .head_dim = 256, .vocab = 256000, .max_positions = 8192, .norm_eps = 1e-6f,
                     .act = ACT_GELU_TANH, .bos = 2, .eos = {1}, .n_eos = 1, .rope = {{1e4, 1}, {1e4, 1}}},
    },
    {
        .name = "gemma2",
        .model_types = {"gemma2"},
        .architectures = {"Gemma2ForCausalLM"},
        .act_keys = {"hidden_activation"},
        .features = GEMMA | FAMILY_WINDOWS,
        .parts = SANDWICH_NORM,
        .defaults = {.n_layers = 26, .hidden = 2304, .inter = 9216, .n_heads = 8, .n_kv_heads = 4,
                     .head_dim = 256, .vocab = 256000, .max_positions = 8192, .norm_eps = 1e-6f,
                     .act = ACT_GELU_TANH, .bos = 2, .eos = {1}, .n_eos = 1, .rope = {{1e4, 1}, {1e4, 1}},
                     .window = 4096, .window_pattern = 2, .attn_softcap = 50, .final_softcap = 30},
        .query_scalar = 256,
    },
    {
        .name = "gemma3",
        .model_types = {"gemma3_text", "gemma3"},
        .architectures = {"Gemma3ForCausalLM", "Gemma3ForConditionalGeneration"},
        .act_keys = {"hidden_activation"},
        .features = GEMMA | FAMILY_WINDOWS | FAMILY_TWO_ROPES,
        .parts = SANDWICH_QK_NORM,
        .defaults = {.n_layers = 26, .hidden = 2304, .inter = 9216, .n_heads = 8, .n_kv_heads = 4,
                     .head_dim = 256, .vocab = 262208, .max_positions = 131072, .norm_eps = 1e-6f,
                     .act = ACT_GELU_TANH, .bos = 2, .eos = {1}, .n_eos = 1, .rope = {{1e6, 1}, {1e4, 1}},
                     .window = 4096, .window_pattern = 6},
        .query_scalar = 256,
    },
    {
        .name = "llama",
        .model_types = {"llama"},
        .architectures = {"LlamaForCausalLM", "LLaMAForCausalLM"}, /* the second: LLaMA 1 conversions */
        .act_keys = {"hidden_act"},
        .parts = PRE_NORM,
        .defaults = {.n_layers = 32, .hidden = 4096, .inter = 11008, .n_heads = 32, .vocab = 32000,
                     .max_positions = 2048, .norm_eps = 1e-6f, .act = ACT_SILU, .bos = 1, .eos = {2}, .n_eos = 1,
                     .rope = {{1e4, 1}, {1e4, 1}}},
    },
    {
        .name = "mistral",
        .model_types = {"mistral"},
        .architectures = {"MistralForCausalLM"},
        .act_keys = {"hidden_act"},
        .features = FAMILY_WINDOWS,
        .parts = PRE_NORM,
        .defaults = {.n_layers = 32, .hidden = 4096, .inter = 14336, .n_heads = 32, .n_kv_heads = 8,
                     .vocab = 32000, .max_positions = 131072, .norm_eps = 1e-6f, .act = ACT_SILU, .bos = 1,
                     .eos = {2}, .n_eos = 1, .rope = {{1e4, 1}, {1e4, 1}}, .window = 4096},
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
    case DIM_HEAD: return c->head_dim;
    case DIM_NONE: break;
    }
    return 0;
}
