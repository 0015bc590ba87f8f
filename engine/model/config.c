/* config.json, in the styles of transformers 4 (rope_theta, rope_scaling, torch_dtype) and 5
 * (rope_parameters, dtype), flat or with the language model's part in text_config.
 *
 * A key left out means the class default of transformers, which the family's row holds. Null means it too where the
 * class takes a null, but for those that say otherwise below; else it is refused, as transformers 5.23 does. A key that would change the result and is not implemented is refused by name; what only
 * steers training, caching or loading is passed over. A key unknown here that brings weights of its
 * own is caught later: a tensor nobody reads is refused too (model.c).
 */
#include "config.h"

#include <math.h>

#include "family.h"

#define DIM_MAX ((size_t)1 << 24) /* products of two fit 64 bits with room to spare */

struct size_key {
    const char *key;
    size_t at; /* in struct model_config */
    size_t max;
};
static const struct size_key SIZES[] = {
    {"head_dim", offsetof(struct model_config, head_dim), 4096},
    {"hidden_size", offsetof(struct model_config, hidden), 1 << 20},
    {"intermediate_size", offsetof(struct model_config, inter), 1 << 22},
    {"max_position_embeddings", offsetof(struct model_config, max_positions), DIM_MAX},
    {"num_attention_heads", offsetof(struct model_config, n_heads), 4096},
    {"num_hidden_layers", offsetof(struct model_config, n_layers), CONFIG_LAYERS_MAX},
    {"num_key_value_heads", offsetof(struct model_config, n_kv_heads), 4096},
    {"vocab_size", offsetof(struct model_config, vocab), DIM_MAX},
};

/* Keys with a meaning that is not implemented, or not for every family, and the one value at which they mean nothing. */
static const struct {
    const char *key;
    double harmless;   /* as a number; false is 0, true is 1; NAN: none */
    unsigned features; /* families with one of these read the key */
} REFUSED[] = {
    {"alibi", 0, 0},
    {"apply_residual_connection_post_layernorm", 0, 0},
    {"attention_bias", 0, FAMILY_ATTN_BIAS},
    {"attn_logit_softcapping", NAN, FAMILY_ATTN_CAP},
    {"clip_qkv", 0, 0},
    {"final_logit_softcapping", NAN, FAMILY_FINAL_CAP},
    {"is_causal", 1, 0},
    {"mlp_bias", 0, FAMILY_MLP_BIAS},
    {"n_embed", NAN, 0},
    {"num_experts", 0, 0},
    {"num_local_experts", 0, 0},
    {"partial_rotary_factor", 1, 0},
    {"per_layer_config", NAN, 0},
    {"qk_layernorm", 0, 0},
    {"quantization_config", NAN, 0},
    {"use_bidirectional_attention", 0, 0},
    {"use_qk_norm", 0, 0},
    {"use_sliding_window", 0, 0},
};

static const struct {
    const char *name;
    enum activation act;
} ACTIVATIONS[] = {
    {"gelu", ACT_GELU},
    {"gelu_accurate", ACT_GELU_TANH},
    {"gelu_fast", ACT_GELU_TANH},
    {"gelu_new", ACT_GELU_TANH},
    {"gelu_python", ACT_GELU},
    {"gelu_python_tanh", ACT_GELU_TANH},
    {"gelu_pytorch_tanh", ACT_GELU_TANH},
    {"silu", ACT_SILU},
    {"swish", ACT_SILU},
};

struct parser {
    const json_t *root; /* the whole file */
    const json_t *text; /* where the language model's keys stand: root or its text_config */
    const char *path;
    struct model_config *out;
    struct err *err;
};

/* NULL where the key is absent or null. */
static const json_t *member(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    return json_is_null(v) ? NULL : v;
}

/* The text of a string; NULL where it is none, or would be cut short by a NUL. */
static const char *plain_text(const json_t *v)
{
    const char *text = json_string_value(v);
    return text && strlen(text) == json_string_length(v) ? text : NULL;
}

static bool present(const json_t *object, const char *key)
{
    return json_object_get(object, key) != NULL;
}

static enum carat_err refuse(struct parser *p, const char *key, const json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT); /* NULL where memory is short */
    enum carat_err rc = err_set(p->err, CARAT_EUNSUPPORTED, "'%s': %s is %.80s, which is not implemented for %s",
                                p->path, key, text ? text : "?", p->out->family->name);
    free(text);
    return rc;
}

static enum carat_err get_number(struct parser *p, const json_t *object, const char *key, double *io)
{
    const json_t *v = member(object, key);
    if (!v)
        return CARAT_OK;
    if (!json_is_number(v) || !isfinite(json_number_value(v)))
        return err_set(p->err, CARAT_EINPUT, "'%s': %s is not a number", p->path, key);
    *io = json_number_value(v);
    return CARAT_OK;
}

/* A null is no: so Falcon's class takes it, the one that takes it. */
static enum carat_err get_bool(struct parser *p, const char *key, bool *io)
{
    const json_t *v = json_object_get(p->text, key);
    if (v && !json_is_boolean(v) && !json_is_null(v))
        return err_set(p->err, CARAT_EINPUT, "'%s': %s is not true or false", p->path, key);
    if (v)
        *io = json_is_true(v);
    return CARAT_OK;
}

static enum carat_err get_text(struct parser *p, const json_t *v, const char *key, const char **io)
{
    if (!v || json_is_null(v))
        return CARAT_OK;
    if (!plain_text(v))
        return err_set(p->err, CARAT_EINPUT, "'%s': %s is not a plain string", p->path, key);
    *io = plain_text(v);
    return CARAT_OK;
}

static enum carat_err get_size(struct parser *p, const char *key, size_t min, size_t max, size_t *io)
{
    const json_t *v = member(p->text, key);
    if (!v)
        return CARAT_OK;
    json_int_t n = json_integer_value(v);
    if (!json_is_integer(v) || n < (json_int_t)min || n > (json_int_t)max)
        return err_set(p->err, CARAT_EINPUT, "'%s': %s is not an integer from %zu to %zu", p->path, key, min, max);
    *io = (size_t)n;
    return CARAT_OK;
}

static enum carat_err find_family(struct parser *p)
{
    const json_t *list = member(p->root, "architectures");
    const char *type = NULL, *arch = NULL, *inner = NULL, *stored = NULL;
    char names[256];
    enum carat_err rc = get_text(p, member(p->root, "model_type"), "model_type", &type);
    if (!rc)
        rc = get_text(p, json_array_get(list, 0), "architectures", &arch);
    if (!rc && p->text != p->root)
        rc = get_text(p, member(p->text, "model_type"), "text_config.model_type", &inner);
    if (rc)
        return rc;
    family_names(names, sizeof names);
    if (!type && !arch)
        return err_set(p->err, CARAT_EINPUT, "'%s' names no model_type and no architecture", p->path);
    const struct family *by_arch = arch ? family_find_architecture(arch, &stored) : NULL;
    const struct family *by_type = type ? family_find(type) : by_arch;
    if (inner && by_type && family_find(inner) != by_type) {
        type = inner;
        by_type = NULL;
    }
    if (!by_type || (arch && by_arch != by_type)) {
        err_set(p->err, CARAT_EUNSUPPORTED, "'%s': the architecture %.80s (model_type %.80s) is not implemented",
                p->path, arch ? arch : "(none)", type ? type : "(none)");
        return err_hint(p->err, "implemented: %s, as language models", names);
    }
    *p->out = by_type->defaults;
    p->out->family = by_type;
    p->out->architecture = stored ? stored : by_type->architectures[0];
    return CARAT_OK;
}

static enum carat_err refuse_null(struct parser *p, const json_t *object, const char *key)
{
    return present(object, key) && !member(object, key)
               ? err_set(p->err, CARAT_EINPUT, "'%s': %s is null, and a model of type %s needs it", p->path, key,
                         p->out->family->name)
               : CARAT_OK;
}

/* The nulls that the family's class does not take. A size may be null where the class has no number for it but works it
 * out; that of heads for keys and values is null in older files of every family. */
static enum carat_err check_nulls(struct parser *p)
{
    const struct family *f = p->out->family;
    const struct {
        const char *key;
        bool read; /* by the class */
    } needed[] = {
        {"attention_bias", f->features & FAMILY_ATTN_BIAS},
        {"head_dim", f->defaults.head_dim},
        {"hidden_size", true},
        {"intermediate_size", f->defaults.inter},
        {"max_position_embeddings", true},
        {"mlp_bias", f->features & FAMILY_MLP_BIAS},
        {"num_attention_heads", true},
        {"num_hidden_layers", true},
        {"query_pre_attn_scalar", f->query_scalar > 0},
        {"rms_norm_eps", true},
        {"tie_word_embeddings", true},
        {"use_sliding_window", f->features & FAMILY_WINDOW_SWITCH},
        {"vocab_size", true},
    };
    size_t last = 0; /* Gemma 1's other key for the activation is null in its own files */
    while (last < 2 && f->act_keys[last + 1])
        last++;
    enum carat_err rc = refuse_null(p, p->text, f->act_keys[last]);
    for (size_t i = 0; i < sizeof needed / sizeof *needed && !rc; i++)
        if (needed[i].read)
            rc = refuse_null(p, p->text, family_key(f, needed[i].key));
    return rc ? rc : refuse_null(p, p->root, "tie_word_embeddings");
}

static enum carat_err parse_sizes(struct parser *p)
{
    struct model_config *c = p->out;
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        enum carat_err rc = get_size(p, family_key(c->family, SIZES[i].key), 1, SIZES[i].max,
                                     (size_t *)(void *)((char *)c + SIZES[i].at));
        if (rc)
            return rc;
    }
    if (!c->inter)
        c->inter = 4 * c->hidden;
    const char *kv_heads = family_key(c->family, "num_key_value_heads");
    if (!c->n_kv_heads || (present(p->text, kv_heads) && !member(p->text, kv_heads)))
        c->n_kv_heads = c->n_heads;
    if (!c->head_dim)
        c->head_dim = c->hidden / c->n_heads;
    return CARAT_OK;
}

static enum carat_err check_heads(struct parser *p)
{
    const struct model_config *c = p->out;
    if (c->n_heads % c->n_kv_heads)
        return err_set(p->err, CARAT_EINPUT, "'%s': %zu attention heads cannot share %zu key-value heads", p->path,
                       c->n_heads, c->n_kv_heads);
    if (!c->head_dim || c->head_dim % 2)
        return err_set(p->err, CARAT_EINPUT, "'%s': a head_dim of %zu is not even", p->path, c->head_dim);
    return CARAT_OK;
}

/* Falcon says in flags what its layers are made of. Combinations that its class builds but cannot run are refused. */
static enum carat_err parse_falcon(struct parser *p)
{
    struct model_config *c = p->out;
    bool grouped = false, multi_query = true, parallel = true, bias = false;
    size_t n_norms = 0;
    enum carat_err rc = CARAT_OK;
    if (!(c->family->features & FAMILY_FALCON_KEYS))
        return CARAT_OK;
    if ((rc = get_bool(p, "new_decoder_architecture", &grouped)) || (rc = get_bool(p, "multi_query", &multi_query)) ||
        (rc = get_bool(p, "parallel_attn", &parallel)) || (rc = get_bool(p, "bias", &bias)) ||
        (rc = get_size(p, "num_ln_in_parallel_attn", 1, 2, &n_norms)))
        return rc;
    if (grouped && !parallel)
        return refuse(p, "parallel_attn", json_object_get(p->text, "parallel_attn"));
    if (!grouped && parallel && n_norms == 2)
        return refuse(p, "num_ln_in_parallel_attn", json_object_get(p->text, "num_ln_in_parallel_attn"));
    if (!grouped && !multi_query && c->n_kv_heads != c->n_heads)
        return refuse(p, "num_kv_heads", json_object_get(p->text, "num_kv_heads"));
    if (!grouped && multi_query)
        c->n_kv_heads = 1;
    c->parallel = parallel;
    c->layout |= parallel ? 0u : LAYOUT_SEQUENTIAL;
    c->layout |= grouped && n_norms != 1 ? LAYOUT_TWO_NORMS : 0u;
    c->layout |= bias ? LAYOUT_QKV_BIAS | LAYOUT_O_BIAS | LAYOUT_MLP_BIAS : 0u;
    return CARAT_OK;
}

static enum carat_err parse_biases(struct parser *p)
{
    struct model_config *c = p->out;
    bool attention = false, mlp = false;
    enum carat_err rc = CARAT_OK;
    if (c->family->features & FAMILY_ATTN_BIAS)
        rc = get_bool(p, "attention_bias", &attention);
    if (!rc && (c->family->features & FAMILY_MLP_BIAS))
        rc = get_bool(p, "mlp_bias", &mlp);
    c->layout |= attention ? LAYOUT_QKV_BIAS | LAYOUT_O_BIAS : 0u;
    c->layout |= mlp ? LAYOUT_MLP_BIAS : 0u;
    return rc;
}

static bool equals(const json_t *v, double x)
{
    double have = json_is_boolean(v) ? (double)json_is_true(v) : json_is_number(v) ? json_number_value(v) : (double)NAN;
    return have <= x && have >= x;
}

static enum carat_err parse_refused(struct parser *p)
{
    for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++) {
        const json_t *v = member(p->text, REFUSED[i].key);
        if (!v)
            v = member(p->root, REFUSED[i].key);
        if (!v || (p->out->family->features & REFUSED[i].features) || equals(v, REFUSED[i].harmless))
            continue;
        enum carat_err rc = refuse(p, REFUSED[i].key, v);
        if (strcmp(REFUSED[i].key, "quantization_config") == 0)
            err_hint(p->err, "carat reads checkpoints stored as BF16, F16 or F32, and quantized ones as GGUF files");
        return rc;
    }
    if (member(p->text, "query_pre_attn_scalar") && p->out->family->query_scalar <= 0)
        return refuse(p, "query_pre_attn_scalar", member(p->text, "query_pre_attn_scalar"));
    return CARAT_OK;
}

static enum carat_err find_activation(struct parser *p, const char *key, const json_t *v, enum activation *out)
{
    const char *name = plain_text(v);
    for (size_t i = 0; name && i < sizeof ACTIVATIONS / sizeof *ACTIVATIONS; i++)
        if (strcmp(name, ACTIVATIONS[i].name) == 0) {
            *out = ACTIVATIONS[i].act;
            /* transformers has always run the first Gemma files, which say "gelu" in hidden_act, with the tanh form. */
            if (*out == ACT_GELU && (p->out->family->features & FAMILY_GELU_IS_TANH) && strcmp(key, "hidden_act") == 0)
                *out = ACT_GELU_TANH;
            return CARAT_OK;
        }
    return refuse(p, key, v);
}

/* Gemma 1 has two keys for it; transformers 4 reads the one, 5 the other. */
static enum carat_err parse_activation(struct parser *p)
{
    const struct family *f = p->out->family;
    bool found = false;
    for (size_t k = 0; k < 3 && f->act_keys[k]; k++) {
        const json_t *v = member(p->text, f->act_keys[k]);
        enum activation act = p->out->act;
        if (!v)
            continue;
        enum carat_err rc = find_activation(p, f->act_keys[k], v, &act);
        if (!rc && f->act_keys[1] && act != (found ? p->out->act : f->defaults.act))
            rc = refuse(p, f->act_keys[k], v);
        if (rc)
            return rc;
        p->out->act = act;
        found = true;
    }
    return CARAT_OK;
}

/* Llama 3's three numbers, all of them needed; a length at the top of the file goes before the object's own. */
static enum carat_err parse_waves(struct parser *p, const char *key, const json_t *object, struct rope *rope)
{
    double original = (double)p->out->max_positions;
    rope->by_wave = true;
    rope->low = rope->high = 0;
    enum carat_err rc = get_number(p, object, "low_freq_factor", &rope->low);
    if (!rc)
        rc = get_number(p, object, "high_freq_factor", &rope->high);
    if (!rc)
        rc = get_number(p, object, "original_max_position_embeddings", &original);
    if (!rc)
        rc = get_number(p, p->text, "original_max_position_embeddings", &original);
    if (rc)
        return rc;
    if (!member(object, "factor") || !(rope->low > 0) || !(rope->high > rope->low) || rope->high > 1e6 ||
        !(original >= 1) || original > (double)DIM_MAX)
        return err_set(p->err, CARAT_EINPUT, "'%s': %s of type llama3 needs factor, low_freq_factor and a larger "
                       "high_freq_factor", p->path, key);
    rope->original = (size_t)original;
    return CARAT_OK;
}

/* One object of {"rope_type" or "type", "factor", "rope_theta"}: rope_scaling or rope_parameters. */
static enum carat_err parse_rope(struct parser *p, const char *key, const json_t *object, struct rope *rope)
{
    if (!json_is_object(object))
        return err_set(p->err, CARAT_EINPUT, "'%s': %s is not an object", p->path, key);
    const char *type = NULL;
    double partial = 1;
    enum carat_err rc = get_text(p, member(object, "rope_type"), "rope_type", &type);
    if (!rc && !type)
        rc = get_text(p, member(object, "type"), "type", &type);
    if (!rc)
        rc = get_number(p, object, "rope_theta", &rope->theta);
    if (!rc)
        rc = get_number(p, object, "partial_rotary_factor", &partial);
    if (rc)
        return rc;
    if (partial < 1 || partial > 1 || (!type && member(object, "factor")) || member(object, "full_attention") ||
        member(object, "sliding_attention"))
        return refuse(p, key, object);
    if (!type || strcmp(type, "default") == 0)
        return CARAT_OK;
    if (strcmp(type, "linear") == 0 && !member(object, "factor"))
        return err_set(p->err, CARAT_EINPUT, "'%s': %s of type linear has no factor", p->path, key);
    if (strcmp(type, "llama3") == 0)
        rc = parse_waves(p, key, object, rope);
    else if (strcmp(type, "linear") != 0)
        rc = refuse(p, key, object);
    return rc ? rc : get_number(p, object, "factor", &rope->factor);
}

/* rope_scaling goes before rope_parameters: transformers 5 puts it in their place. Only a family with two ropes has
 * them by kind of layer, and only by kind. */
static enum carat_err parse_ropes(struct parser *p)
{
    struct model_config *c = p->out;
    bool two = c->family->features & FAMILY_TWO_ROPES;
    const json_t *params = member(p->text, "rope_parameters"), *scaling = member(p->text, "rope_scaling");
    const json_t *global = member(params, "full_attention"), *local = member(params, "sliding_attention");
    enum carat_err rc = get_number(p, p->text, "rope_theta", &c->rope[ROPE_GLOBAL].theta);
    if (!rc && two)
        rc = get_number(p, p->text, "rope_local_base_freq", &c->rope[ROPE_LOCAL].theta);
    if (!rc && json_object_size(params) && two != (global || local))
        rc = refuse(p, "rope_parameters", params);
    if (!rc && params && !two && !json_object_size(scaling))
        rc = parse_rope(p, "rope_parameters", params, &c->rope[ROPE_GLOBAL]);
    if (!rc && global)
        rc = parse_rope(p, "rope_parameters.full_attention", global, &c->rope[ROPE_GLOBAL]);
    if (!rc && local)
        rc = parse_rope(p, "rope_parameters.sliding_attention", local, &c->rope[ROPE_LOCAL]);
    if (!rc && scaling)
        rc = parse_rope(p, "rope_scaling", scaling, &c->rope[ROPE_GLOBAL]);
    if (rc)
        return rc;
    if (!two)
        c->rope[ROPE_LOCAL] = c->rope[ROPE_GLOBAL];
    for (size_t i = 0; i < ROPE_KINDS; i++)
        if (!(c->rope[i].theta >= 1) || c->rope[i].theta > 1e15 || !(c->rope[i].factor >= 1e-3) ||
            c->rope[i].factor > 1e6)
            return err_set(p->err, CARAT_EINPUT, "'%s': a rope_theta of %g with factor %g makes no sense", p->path,
                           c->rope[i].theta, c->rope[i].factor);
    return CARAT_OK;
}

/* layer_types, where the family reads it, wins over the pattern; both say which layers have a window. */
static enum carat_err parse_layer_types(struct parser *p)
{
    struct model_config *c = p->out;
    bool read = c->family->features & FAMILY_LAYER_TYPES;
    const json_t *types = member(p->text, "layer_types");
    if (types && json_array_size(types) != c->n_layers)
        return err_set(p->err, CARAT_EINPUT, "'%s': layer_types lists %zu layers of %zu", p->path,
                       json_array_size(types), c->n_layers);
    for (size_t i = 0; i < c->n_layers; i++) {
        c->local[i] = c->window && (!c->window_pattern || (i + 1) % c->window_pattern);
        if (!types)
            continue;
        const json_t *v = json_array_get(types, i);
        const char *type = plain_text(v) ? plain_text(v) : "";
        bool local = strcmp(type, "sliding_attention") == 0;
        if ((!local && strcmp(type, "full_attention") != 0) || (!read && local != c->local[i]))
            return refuse(p, "layer_types", v);
        if (local && !c->window)
            return err_set(p->err, CARAT_EINPUT, "'%s': layer %zu slides, but there is no sliding_window", p->path, i);
        c->local[i] = local;
    }
    return CARAT_OK;
}

/* Who does not read the pattern may have it as it is anyway. transformers keeps it under a second name as well, which it
 * does not read again: layer_types stands beside it then. */
static enum carat_err parse_pattern(struct parser *p)
{
    static const char *const KEYS[] = {"sliding_window_pattern", "_sliding_window_pattern"};
    struct model_config *c = p->out;
    size_t first = c->family->features & FAMILY_PATTERN ? 1 : 0;
    enum carat_err rc = CARAT_OK;
    if (first)
        rc = get_size(p, KEYS[0], 1, CONFIG_LAYERS_MAX, &c->window_pattern);
    for (size_t i = first; !rc && i < 2 && !member(p->text, "layer_types"); i++) {
        const json_t *v = member(p->text, KEYS[i]);
        if (v && !equals(v, (double)c->window_pattern))
            rc = refuse(p, KEYS[i], v);
    }
    return rc;
}

static enum carat_err parse_windows(struct parser *p)
{
    struct model_config *c = p->out;
    const json_t *window = member(p->text, "sliding_window");
    if (!(c->family->features & FAMILY_WINDOWS)) {
        /* Llama's class does not know the key; one that is set was meant for another class. */
        bool off = c->family->features & FAMILY_WINDOW_SWITCH;
        return window && !off ? refuse(p, "sliding_window", window) : parse_layer_types(p);
    }
    if (present(p->text, "sliding_window") && !window) {
        if (c->window_pattern)
            return err_set(p->err, CARAT_EINPUT, "'%s': %s needs a sliding_window, and it is null", p->path,
                           c->family->name);
        c->window = 0;
    }
    enum carat_err rc = get_size(p, "sliding_window", 1, DIM_MAX, &c->window);
    if (!rc && c->window_pattern)
        rc = parse_pattern(p);
    return rc ? rc : parse_layer_types(p);
}

static enum carat_err get_softcap(struct parser *p, const char *key, float *io)
{
    double cap = (double)*io;
    if (present(p->text, key) && !member(p->text, key))
        cap = 0;
    enum carat_err rc = get_number(p, p->text, key, &cap);
    if (!rc && member(p->text, key) && (!(cap > 0) || cap > 1e6))
        rc = err_set(p->err, CARAT_EINPUT, "'%s': a %s of %g makes no sense", p->path, key, cap);
    *io = (float)cap;
    return rc;
}

static enum carat_err parse_scalars(struct parser *p)
{
    struct model_config *c = p->out;
    double eps = (double)c->norm_eps, scalar = c->family->query_scalar;
    const char *eps_key = family_key(c->family, "rms_norm_eps");
    enum carat_err rc = get_number(p, p->text, eps_key, &eps);
    if (!rc && scalar > 0)
        rc = get_number(p, p->text, "query_pre_attn_scalar", &scalar);
    if (!rc && (c->family->features & FAMILY_ATTN_CAP))
        rc = get_softcap(p, "attn_logit_softcapping", &c->attn_softcap);
    if (!rc && (c->family->features & FAMILY_FINAL_CAP))
        rc = get_softcap(p, "final_logit_softcapping", &c->final_softcap);
    if (!rc && p->text != p->root && c->final_softcap > 0)
        rc = refuse(p, "final_logit_softcapping", member(p->text, "final_logit_softcapping"));
    if (rc)
        return rc;
    if (c->family->query_scalar <= 0)
        scalar = (double)c->head_dim;
    if (!(eps >= 0) || eps > 1 || !(scalar >= 1e-6) || scalar > 1e9)
        return err_set(p->err, CARAT_EINPUT, "'%s': %s %g or query_pre_attn_scalar %g makes no sense", p->path,
                       eps_key, eps, scalar);
    c->norm_eps = (float)eps;
    c->attn_scale = (float)(1.0 / sqrt(scalar));
    c->embed_scale = c->family->features & FAMILY_EMBED_SCALE ? (float)sqrt((double)c->hidden) : 1.0f;
    const json_t *tie = member(p->text, "tie_word_embeddings");
    if (!tie)
        tie = member(p->root, "tie_word_embeddings");
    c->tied = tie ? json_is_true(tie) : (c->family->features & FAMILY_TIED) != 0;
    return CARAT_OK;
}

static bool token_id(const json_t *v, size_t vocab, int32_t *out)
{
    if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) >= (json_int_t)vocab)
        return false;
    *out = (int32_t)json_integer_value(v);
    return true;
}

enum carat_err config_parse_ends(const json_t *root, const char *path, struct model_config *out, struct err *err)
{
    const json_t *bos = member(root, "bos_token_id"), *eos = member(root, "eos_token_id");
    if (bos && !token_id(bos, out->vocab, &out->bos))
        return err_set(err, CARAT_EINPUT, "'%s': bos_token_id is no token of the vocabulary", path);
    if (!eos)
        return CARAT_OK;
    size_t n = json_is_array(eos) ? json_array_size(eos) : 1;
    if (n > CONFIG_EOS_MAX)
        return err_set(err, CARAT_EUNSUPPORTED, "'%s': %zu eos_token_id; at most %d are kept", path, n,
                       CONFIG_EOS_MAX);
    for (size_t i = 0; i < n; i++)
        if (!token_id(json_is_array(eos) ? json_array_get(eos, i) : eos, out->vocab, &out->eos[i]))
            return err_set(err, CARAT_EINPUT, "'%s': eos_token_id is no token of the vocabulary", path);
    out->n_eos = n;
    return CARAT_OK;
}

enum carat_err config_parse(const json_t *root, const char *path, struct model_config *out, struct err *err)
{
    static enum carat_err (*const STEPS[])(struct parser *) = {
        find_family,  check_nulls,      parse_sizes, parse_falcon,  check_heads,   parse_refused,
        parse_biases, parse_activation, parse_ropes, parse_windows, parse_scalars,
    };
    struct parser p = {.root = root, .text = root, .path = path, .out = out, .err = err};
    if (!json_is_object(root))
        return err_set(err, CARAT_EINPUT, "'%s' is no JSON object", path);
    const json_t *nested = member(root, "text_config");
    if (json_is_object(nested))
        p.text = nested;
    for (size_t i = 0; i < sizeof STEPS / sizeof *STEPS; i++) {
        enum carat_err rc = STEPS[i](&p);
        if (rc)
            return rc;
    }
    /* The class's own ends mean nothing in a vocabulary too small for them. */
    if (out->bos >= 0 && (size_t)out->bos >= out->vocab)
        out->bos = -1;
    while (out->n_eos && (size_t)out->eos[out->n_eos - 1] >= out->vocab)
        out->n_eos--;
    enum carat_err rc = p.text != root ? config_parse_ends(p.text, path, out, err) : CARAT_OK;
    return rc ? rc : config_parse_ends(root, path, out, err);
}
