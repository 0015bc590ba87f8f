/* GGUF's keys are <architecture>.<rest>. Each rest known here becomes a member of config.json, or must have the one
 * value at which it means nothing; one that is unknown is refused by name, since it may change the
 * result. So one parser (config.c) checks both kinds of file and holds the defaults.
 *
 * What GGUF does not carry:
 *   - which of llama and mistral it is: both say "llama" (without a window they are the same computation);
 *   - query_pre_attn_scalar: head_dim is meant, but for the 27B models of Gemma 2 and 3, known by their number
 *     of layers, where it is hidden_size / heads;
 *   - Gemma 2's and 3's pattern of windows and Gemma 3's local rope: the families' defaults;
 *   - tied embeddings: they are where there is no output.weight;
 *   - biases and Falcon's kinds of layer: the tensors of layer 0 tell. Falcon's qkv is stored as all queries, all keys, all
 *     values, whatever its layers are;
 *   - Llama 3's scaling: the writer worked it out and left the factors as a tensor, rope_freqs.weight (model.c).
 */
#include "gguf_config.h"

#include <stdio.h>

#include "family.h"

#define INT_MAX_SIZE ((int64_t)1 << 31)

static const struct {
    const char *architecture;
    const char *model_type, *class;
    int64_t n_layers_27b; /* 0: none */
    bool scalar, window;  /* has query_pre_attn_scalar; must have a window */
    bool pairs;
    bool layer_norm;      /* attention.layer_norm_epsilon, not attention.layer_norm_rms_epsilon */
} ARCHITECTURES[] = {
    {"falcon", "falcon", "FalconForCausalLM", 0, false, false, false, true},
    {"gemma", "gemma", "GemmaForCausalLM", 0, false, false, false, false},
    {"gemma2", "gemma2", "Gemma2ForCausalLM", 46, true, false, false, false},
    {"gemma3", "gemma3_text", "Gemma3ForCausalLM", 62, true, true, false, false},
    {"llama", "llama", "LlamaForCausalLM", 0, false, false, true, false},
    {"qwen2", "qwen2", "Qwen2ForCausalLM", 0, false, false, false, false},
};
#define N_ARCHITECTURES (sizeof ARCHITECTURES / sizeof *ARCHITECTURES)

enum kind { WHOLE, REAL, LAYER_EPS, RMS_EPS, SAME_AS_HEAD, ZERO, ONE, ANY, SCALING };
static const struct {
    const char *rest;
    enum kind kind;
    const char *member; /* of config.json, by its usual name */
    bool needed;
} KEYS[] = {
    {"attention.head_count", WHOLE, "num_attention_heads", true},
    {"attention.head_count_kv", WHOLE, "num_key_value_heads", false},
    {"attention.key_length", WHOLE, "head_dim", false},
    {"attention.layer_norm_epsilon", LAYER_EPS, "rms_norm_eps", false},
    {"attention.layer_norm_rms_epsilon", RMS_EPS, "rms_norm_eps", false},
    {"attention.sliding_window", WHOLE, "sliding_window", false},
    {"attention.value_length", SAME_AS_HEAD, NULL, false},
    {"attn_logit_softcapping", REAL, "attn_logit_softcapping", false},
    {"block_count", WHOLE, "num_hidden_layers", true},
    {"context_length", WHOLE, "max_position_embeddings", true},
    {"embedding_length", WHOLE, "hidden_size", true},
    {"expert_count", ZERO, NULL, false},
    {"expert_used_count", ZERO, NULL, false},
    {"feed_forward_length", WHOLE, "intermediate_size", true},
    {"final_logit_softcapping", REAL, "final_logit_softcapping", false},
    {"rope.dimension_count", SAME_AS_HEAD, NULL, false},
    {"rope.freq_base", REAL, "rope_theta", false},
    {"rope.freq_base_swa", REAL, "rope_local_base_freq", false},
    {"rope.scale_linear", ONE, NULL, false},
    {"rope.scaling.factor", SCALING, NULL, false},
    {"rope.scaling.finetuned", ANY, NULL, false},
    {"rope.scaling.original_context_length", ANY, NULL, false},
    {"rope.scaling.type", SCALING, NULL, false},
    {"tensor_data_layout", ANY, NULL, false},
    {"vocab_size", ANY, NULL, false}, /* the embedding's rows are what counts */
};
#define N_KEYS (sizeof KEYS / sizeof *KEYS)

struct making {
    const struct gguf *g;
    size_t arch;       /* index of ARCHITECTURES */
    struct str prefix; /* "llama" */
    json_t *root;
    struct err *err;
};

static const char *full_key(const struct making *m, const char *rest, char out[128])
{
    snprintf(out, 128, "%s.%s", ARCHITECTURES[m->arch].architecture, rest);
    return out;
}

static enum carat_err put(const struct making *m, json_t *object, const char *member, json_t *value)
{
    return json_object_set_new(object, member, value) ? err_nomem(m->err, "a configuration") : CARAT_OK;
}

static const char *own_name(const struct making *m, const char *usual)
{
    return family_key(family_find(ARCHITECTURES[m->arch].model_type), usual);
}

static enum carat_err find_architecture(struct making *m)
{
    enum carat_err rc = gguf_str(m->g, "general.architecture", &m->prefix, m->err);
    if (rc)
        return rc;
    if (!m->prefix.p)
        return err_set(m->err, CARAT_EINPUT, "'%s' names no general.architecture", m->g->name);
    for (m->arch = 0; m->arch < N_ARCHITECTURES; m->arch++)
        if (str_eq(m->prefix, str_from(ARCHITECTURES[m->arch].architecture)))
            return CARAT_OK;
    char names[256] = "";
    for (size_t i = 0, at = 0; i < N_ARCHITECTURES && at < sizeof names; i++)
        at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", i ? ", " : "", ARCHITECTURES[i].architecture);
    err_set(m->err, CARAT_EUNSUPPORTED, "'%s': the architecture '%.*s' is not implemented", m->g->name,
            (int)(m->prefix.n < 64 ? m->prefix.n : 64), m->prefix.p);
    return err_hint(m->err, "implemented in GGUF files: %s (and mistral as llama)", names);
}

/* Every key of the architecture is one of KEYS; a file in several pieces is refused here as well. */
static enum carat_err check_keys(const struct making *m)
{
    int64_t pieces = 1;
    for (size_t i = 0; i < m->g->n_entries; i++) {
        struct str key = m->g->entries[i].key;
        if (!str_starts(key, m->prefix) || key.n <= m->prefix.n || key.p[m->prefix.n] != '.')
            continue;
        struct str rest = {key.p + m->prefix.n + 1, key.n - m->prefix.n - 1};
        size_t k = 0;
        while (k < N_KEYS && !str_eq(rest, str_from(KEYS[k].rest)))
            k++;
        if (k == N_KEYS)
            return err_set(m->err, CARAT_EUNSUPPORTED, "'%s': the key %.*s is not implemented", m->g->name, (int)key.n,
                           key.p);
    }
    enum carat_err rc = gguf_int(m->g, "split.count", 0, 1 << 16, &pieces, m->err);
    if (!rc && pieces > 1) {
        rc = err_set(m->err, CARAT_EUNSUPPORTED, "'%s' is one of %lld pieces", m->g->name, (long long)pieces);
        err_hint(m->err, "merge them to one file with llama-gguf-split --merge");
    }
    return rc;
}

static enum carat_err put_key(const struct making *m, size_t k)
{
    char key[128];
    int64_t whole = -1;
    double real = 0;
    bool there = gguf_find(m->g, full_key(m, KEYS[k].rest, key));
    bool eps = KEYS[k].kind == (ARCHITECTURES[m->arch].layer_norm ? LAYER_EPS : RMS_EPS);
    if (!there && (KEYS[k].needed || eps))
        return err_set(m->err, CARAT_EINPUT, "'%s' has no %s", m->g->name, key);
    if (!there)
        return CARAT_OK;
    enum carat_err rc = CARAT_OK;
    switch (KEYS[k].kind) {
    case WHOLE:
        rc = gguf_int(m->g, key, 0, INT_MAX_SIZE, &whole, m->err);
        return rc ? rc : put(m, m->root, own_name(m, KEYS[k].member), json_integer(whole));
    case LAYER_EPS:
    case RMS_EPS:
        if (!eps)
            return err_set(m->err, CARAT_EUNSUPPORTED, "'%s': the key %s is not implemented", m->g->name, key);
        /* fall through */
    case REAL:
        rc = gguf_double(m->g, key, &real, m->err);
        return rc ? rc : put(m, m->root, own_name(m, KEYS[k].member), json_real(real));
    case ZERO:
    case ONE:
        rc = gguf_double(m->g, key, &real, m->err);
        double harmless = KEYS[k].kind == ONE ? 1 : 0;
        if (!rc && (real < harmless || real > harmless))
            rc = err_set(m->err, CARAT_EUNSUPPORTED, "'%s': %s is %g, which is not implemented", m->g->name, key, real);
        return rc;
    case SAME_AS_HEAD: /* put_head_dim() */
    case SCALING:      /* put_scaling() */
    case ANY:
        return CARAT_OK;
    }
    return CARAT_OK;
}

/* Values as long as keys, and every number of a head turned: else refused. */
static enum carat_err check_head_dim(const struct making *m)
{
    int64_t heads = json_integer_value(json_object_get(m->root, "num_attention_heads"));
    int64_t hidden = json_integer_value(json_object_get(m->root, "hidden_size"));
    const json_t *given = json_object_get(m->root, "head_dim");
    if (heads < 1)
        return CARAT_OK; /* config.c says what is wrong */
    int64_t head_dim = given ? json_integer_value(given) : hidden / heads;
    enum carat_err rc = given ? CARAT_OK : put(m, m->root, "head_dim", json_integer(head_dim));
    for (size_t k = 0; !rc && k < N_KEYS; k++) {
        char key[128];
        int64_t v = head_dim;
        if (KEYS[k].kind != SAME_AS_HEAD)
            continue;
        rc = gguf_int(m->g, full_key(m, KEYS[k].rest, key), 0, INT_MAX_SIZE, &v, m->err);
        if (!rc && v != head_dim)
            rc = err_set(m->err, CARAT_EUNSUPPORTED, "'%s': %s is %lld for heads of %lld, which is not implemented",
                         m->g->name, key, (long long)v, (long long)head_dim);
    }
    return rc;
}

static enum carat_err put_scaling(const struct making *m)
{
    char type_key[128], factor_key[128];
    struct str type = STR("none");
    double factor = 1;
    enum carat_err rc = gguf_str(m->g, full_key(m, "rope.scaling.type", type_key), &type, m->err);
    if (!rc)
        rc = gguf_double(m->g, full_key(m, "rope.scaling.factor", factor_key), &factor, m->err);
    if (rc)
        return rc;
    if (str_eq(type, STR("none")) && factor >= 1 && factor <= 1)
        return CARAT_OK;
    if (!str_eq(type, STR("linear")))
        return err_set(m->err, CARAT_EUNSUPPORTED, "'%s': %s '%.*s' with factor %g is not implemented; linear is",
                       m->g->name, type_key, (int)(type.n < 64 ? type.n : 64), type.p, factor);
    json_t *scaling = json_pack("{s:s, s:f}", "rope_type", "linear", "factor", factor);
    return put(m, m->root, "rope_scaling", scaling);
}

/* The numbers that GGUF leaves to the reader. */
static enum carat_err put_unsaid(const struct making *m, const struct tensor_list *tensors)
{
    const struct tensor *embed = tensor_list_find(tensors, "token_embd.weight");
    int64_t layers = json_integer_value(json_object_get(m->root, "num_hidden_layers"));
    int64_t hidden = json_integer_value(json_object_get(m->root, "hidden_size"));
    int64_t heads = json_integer_value(json_object_get(m->root, "num_attention_heads"));
    bool large = layers && layers == ARCHITECTURES[m->arch].n_layers_27b && heads > 0;
    json_t *scalar = large ? json_integer(hidden / heads) : json_incref(json_object_get(m->root, "head_dim"));
    enum carat_err rc = CARAT_OK;
    if (ARCHITECTURES[m->arch].scalar && scalar)
        rc = put(m, m->root, "query_pre_attn_scalar", json_incref(scalar));
    json_decref(scalar);
    if (!rc && (!embed || embed->n_dims != 2))
        return err_set(m->err, CARAT_EINPUT, "'%s' has no tensor 'token_embd.weight' of two dimensions", m->g->name);
    if (!rc)
        rc = put(m, m->root, "vocab_size", json_integer((json_int_t)embed->dims[0]));
    if (!rc)
        rc = put(m, m->root, "tie_word_embeddings", json_boolean(!tensor_list_find(tensors, "output.weight")));
    if (!rc && ARCHITECTURES[m->arch].window && !json_object_get(m->root, "sliding_window"))
        rc = err_set(m->err, CARAT_EINPUT, "'%s' has no %.*s.attention.sliding_window", m->g->name, (int)m->prefix.n,
                     m->prefix.p);
    return rc;
}

/* What is known by the tensors of layer 0. */
static enum carat_err put_layout(const struct making *m, const struct tensor_list *tensors)
{
    const struct family *f = family_find(ARCHITECTURES[m->arch].model_type);
    static const struct {
        const char *tensor, *member;
    } BIASES[] = {{"blk.0.attn_q.bias", "attention_bias"}, {"blk.0.attn_qkv.bias", "bias"}, {"blk.0.ffn_down.bias", "mlp_bias"}};
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; !rc && i < sizeof BIASES / sizeof *BIASES; i++)
        if (tensor_list_find(tensors, BIASES[i].tensor) && !(f->defaults.layout & LAYOUT_QKV_BIAS))
            rc = put(m, m->root, BIASES[i].member, json_true());
    if (rc || !(f->features & FAMILY_FALCON_KEYS))
        return rc;
    bool two = tensor_list_find(tensors, "blk.0.attn_norm_2.weight") != NULL;
    const json_t *kv_heads = json_object_get(m->root, own_name(m, "num_key_value_heads"));
    bool grouped = two || json_integer_value(kv_heads) != 1;
    rc = put(m, m->root, "new_decoder_architecture", json_boolean(grouped));
    return rc || !grouped ? rc : put(m, m->root, "num_ln_in_parallel_attn", json_integer(two ? 2 : 1));
}

/* Generation stops at the end of a text, of a turn and of a message. */
static enum carat_err put_ends(const struct making *m)
{
    static const char *const STOPS[] = {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
                                        "tokenizer.ggml.eom_token_id"};
    int64_t bos = -1, stops[3];
    size_t n = 0;
    enum carat_err rc = gguf_int(m->g, "tokenizer.ggml.bos_token_id", 0, INT32_MAX, &bos, m->err);
    if (!rc && bos >= 0)
        rc = put(m, m->root, "bos_token_id", json_integer(bos));
    json_t *list = json_array();
    for (size_t i = 0; !rc && i < 3; i++) {
        int64_t id = -1;
        rc = gguf_int(m->g, STOPS[i], 0, INT32_MAX, &id, m->err);
        bool known = id < 0;
        for (size_t j = 0; j < n; j++)
            known = known || stops[j] == id;
        if (!rc && !known) {
            stops[n++] = id;
            rc = json_array_append_new(list, json_integer(id)) ? err_nomem(m->err, "a configuration") : CARAT_OK;
        }
    }
    if (!rc && n)
        rc = put(m, m->root, "eos_token_id", json_incref(list));
    json_decref(list);
    return rc;
}

enum carat_err gguf_config(const struct gguf *g, const struct tensor_list *tensors, json_t **out, struct err *err)
{
    struct making m = {.g = g, .err = err, .root = json_object()};
    *out = NULL;
    enum carat_err rc = m.root ? find_architecture(&m) : err_nomem(err, "a configuration");
    if (!rc)
        rc = check_keys(&m);
    if (!rc)
        rc = put(&m, m.root, "model_type", json_string(ARCHITECTURES[m.arch].model_type));
    if (!rc)
        rc = put(&m, m.root, "architectures", json_pack("[s]", ARCHITECTURES[m.arch].class));
    for (size_t k = 0; !rc && k < N_KEYS; k++)
        rc = put_key(&m, k);
    if (!rc)
        rc = check_head_dim(&m);
    if (!rc)
        rc = put_scaling(&m);
    if (!rc)
        rc = put_unsaid(&m, tensors);
    if (!rc)
        rc = put_layout(&m, tensors);
    if (!rc)
        rc = put_ends(&m);
    if (rc)
        json_decref(m.root);
    else
        *out = m.root;
    return rc;
}

bool gguf_pairs_rows(const struct gguf *g)
{
    struct err ignored = ERR_INIT;
    struct making m = {.g = g, .err = &ignored};
    return !find_architecture(&m) && ARCHITECTURES[m.arch].pairs;
}
