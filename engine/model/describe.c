/* What a checkpoint is, as a JSON object: for people who ask before they run anything. The weights are opened and
 * checked as for computing, so whatever would be refused then is refused now; a tokenizer or chat template that cannot be
 * read is told beside the rest. */
#include <stdlib.h>

#include "gguf.h"
#include "model_int.h"

#define TOKENIZER_CONFIG_MAX ((size_t)64 << 20)

static enum carat_err put(json_t *object, const char *key, json_t *value, struct err *err)
{
    return json_object_set_new(object, key, value) ? err_nomem(err, "a description") : CARAT_OK;
}

/* A list of (key, size) pairs, ends with key NULL. */
struct size_member {
    const char *key;
    size_t value;
};

static enum carat_err put_sizes(json_t *object, const struct size_member *m, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    for (; !rc && m->key; m++)
        rc = put(object, m->key, json_integer((json_int_t)m->value), err);
    return rc;
}

/* ---- the computation -------------------------------------------------------------------- */

static const char *activation_name(enum activation act)
{
    return act == ACT_SILU ? "silu" : act == ACT_GELU ? "gelu" : "gelu_tanh";
}

static json_t *rope_json(const struct rope *r, bool by_file)
{
    const char *scaling = by_file ? "factors in the file" : r->by_wave ? "llama3" : r->factor > 1 || r->factor < 1 ? "linear" : "none";
    json_t *o = json_pack("{s:f, s:s, s:f}", "theta", r->theta, "scaling", scaling, "factor", r->factor);
    if (o && r->by_wave)
        json_object_update_new(o, json_pack("{s:f, s:f, s:I}", "low_freq_factor", r->low, "high_freq_factor", r->high,
                                            "original_max_position_embeddings", (json_int_t)r->original));
    return o;
}

static json_t *cap_json(float cap)
{
    return cap > 0 ? json_real((double)cap) : json_null();
}

static enum carat_err put_windows(json_t *out, const struct model_config *c, struct err *err)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n_layers; i++)
        n += c->local[i];
    enum carat_err rc = put(out, "window", n ? json_integer((json_int_t)c->window) : json_null(), err);
    return rc ? rc : put(out, "window_layers", json_integer((json_int_t)n), err);
}

static enum carat_err put_computation(json_t *out, const struct carat_model *m, struct err *err)
{
    const struct model_config *c = &m->config;
    bool two = c->family->features & FAMILY_TWO_ROPES;
    struct {
        const char *key;
        json_t *value;
    } members[] = {
        {"norm", json_string(c->family->features & FAMILY_LAYER_NORM ? "layer" : "rms")},
        {"norm_eps", json_real((double)c->norm_eps)},
        {"activation", json_string(activation_name(c->act))},
        {"gated", json_boolean(!c->ungated)},
        {"parallel", json_boolean(c->parallel)},
        {"tied", json_boolean(m->head.data == m->embed.data)},
        {"attention_bias", json_boolean(c->layout & LAYOUT_QKV_BIAS)},
        {"mlp_bias", json_boolean(c->layout & LAYOUT_MLP_BIAS)},
        {"attn_scale", json_real((double)c->attn_scale)},
        {"embed_scale", json_real((double)c->embed_scale)},
        {"attn_softcap", cap_json(c->attn_softcap)},
        {"final_softcap", cap_json(c->final_softcap)},
        {"rope", rope_json(&c->rope[ROPE_GLOBAL], m->rope_factors != NULL)},
        {"rope_local", two ? rope_json(&c->rope[ROPE_LOCAL], false) : json_null()},
    };
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) /* to the end: each value is given away */
        rc = put(out, members[i].key, members[i].value, err) ? CARAT_ENOMEM : rc;
    return rc ? rc : put_windows(out, c, err);
}

/* ---- numbers and files ------------------------------------------------------------------ */

static enum carat_err put_dtypes(json_t *out, const struct carat_model *m, struct err *err)
{
    size_t n[DTYPE_COMPUTED] = {0}, bytes[DTYPE_COMPUTED] = {0};
    json_t *list = json_array();
    for (size_t i = 0; i < m->tensors.n; i++)
        if (m->tensors.items[i].used) {
            n[m->tensors.items[i].dtype]++;
            bytes[m->tensors.items[i].dtype] += m->tensors.items[i].n_bytes;
        }
    for (size_t i = 0; i < DTYPE_COMPUTED; i++)
        if (n[i])
            json_array_append_new(list, json_pack("{s:s, s:I, s:I}", "dtype", dtype_infos[i].name, "tensors",
                                                  (json_int_t)n[i], "bytes", (json_int_t)bytes[i]));
    return put(out, "dtypes", list, err);
}

static enum carat_err put_files(json_t *out, const struct carat_model *m, struct err *err)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->n_files; i++) {
        const char *slash = strrchr(m->files[i].path, '/');
        json_array_append_new(list, json_pack("{s:o, s:I}", "name",
                                              json_text(str_from(slash ? slash + 1 : m->files[i].path)), "bytes",
                                              (json_int_t)m->files[i].map.n));
    }
    return put(out, "files", list, err);
}

static enum carat_err put_ends(json_t *out, const struct carat_model_info *info, struct err *err)
{
    json_t *list = json_array();
    for (size_t i = 0; i < info->n_eos; i++)
        json_array_append_new(list, json_integer(info->eos[i]));
    enum carat_err rc = put(out, "bos", info->bos < 0 ? json_null() : json_integer(info->bos), err);
    return put(out, "eos", list, err) ? CARAT_ENOMEM : rc;
}

static enum carat_err put_numbers(json_t *out, const struct carat_model *m, struct err *err)
{
    const struct carat_model_info *i = &m->info;
    size_t sequence = i->kv_bytes_per_token * i->max_positions; /* both are bounded: config.c */
    const struct size_member sizes[] = {
        {"layers", i->n_layers}, {"hidden_size", i->hidden_size}, {"intermediate_size", i->intermediate_size},
        {"heads", i->n_heads}, {"kv_heads", i->n_kv_heads}, {"head_dim", i->head_dim}, {"vocab_size", i->vocab_size},
        {"max_positions", i->max_positions}, {"parameters", i->n_parameters}, {"mapped_bytes", i->weights_bytes},
        {"kv_bytes_per_token", i->kv_bytes_per_token}, {"kv_bytes_full_sequence", sequence},
        {"memory_bytes_full_sequence", i->weights_bytes + sequence}, {.key = NULL},
    };
    enum carat_err rc = put_sizes(out, sizes, err);
    if (!rc)
        rc = put_dtypes(out, m, err);
    if (!rc)
        rc = put_ends(out, i, err);
    return rc ? rc : put_files(out, m, err);
}

/* ---- texts ------------------------------------------------------------------------------ */

static json_t *error_json(const struct err *e)
{
    return json_pack("{s:o}", "error", json_text(str_from(e->msg)));
}

static json_t *id_json(int32_t id)
{
    return id < 0 ? json_null() : json_integer(id);
}

static enum carat_err put_tokenizer(json_t *out, const char *path, struct err *err)
{
    struct carat_tokenizer *tok = NULL;
    struct err why = ERR_INIT;
    enum carat_err rc = carat_tokenizer_open(path, &tok, &why);
    if (rc == CARAT_ENOMEM)
        return err_nomem(err, "a tokenizer");
    if (rc)
        return put(out, "tokenizer", error_json(&why), err);
    const struct carat_tokenizer_info *i = carat_tokenizer_info(tok);
    json_t *o = json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:b, s:s, s:o}", "kind", i->kind, "vocab_size",
                          (json_int_t)i->vocab_size, "bos", id_json(i->bos), "eos", id_json(i->eos), "pad", id_json(i->pad),
                          "unk", id_json(i->unk), "adds_bos", (int)i->adds_bos, "sha256", i->sha256, "warning",
                          i->warning ? json_text(str_from(i->warning)) : json_null());
    carat_tokenizer_free(tok);
    return put(out, "tokenizer", o, err);
}

/* Does the folder's file hold the key? A file that cannot be read holds nothing: who opens it says why. */
static bool file_has_key(const char *dir, const char *name, const char *key)
{
    struct err ignored = ERR_INIT;
    json_t *root = NULL;
    char *path = file_join(dir, name);
    bool has = path && file_exists(path) && !json_read_file(path, TOKENIZER_CONFIG_MAX, &root, &ignored) &&
               json_object_get(root, key) && !json_is_null(json_object_get(root, key));
    json_decref(root);
    free(path);
    return has;
}

static bool gguf_has_key(const struct carat_model *m, const char *key)
{
    struct gguf g = GGUF_INIT;
    struct err ignored = ERR_INIT;
    const struct file_map *map = &m->files[0].map;
    bool has = !gguf_read(map->data, map->n, m->info.path, &g, NULL, &ignored) && gguf_find(&g, key);
    gguf_release(&g);
    return has;
}

/* Where carat_chat_open() finds it; NULL: nowhere. */
static const char *template_source(const struct carat_model *m)
{
    if (m->is_gguf)
        return gguf_has_key(m, "tokenizer.chat_template") ? "tokenizer.chat_template" : NULL;
    char *path = file_join(m->info.path, "chat_template.jinja");
    bool own = path && file_exists(path);
    free(path);
    if (own)
        return "chat_template.jinja";
    return file_has_key(m->info.path, "tokenizer_config.json", "chat_template") ? "tokenizer_config.json" : NULL;
}

static enum carat_err put_template(json_t *out, const struct carat_model *m, struct err *err)
{
    const char *source = template_source(m);
    struct carat_chat *chat = NULL;
    struct err why = ERR_INIT;
    if (!source)
        return put(out, "chat_template", json_null(), err);
    json_t *o = carat_chat_open(m->info.path, NULL, &chat, &why) ? error_json(&why) : json_object();
    carat_chat_free(chat);
    json_object_set_new(o, "source", json_string(source));
    return put(out, "chat_template", o, err);
}

enum carat_err carat_model_describe(const char *path, json_t **out, struct err *err)
{
    struct carat_model *m = NULL;
    *out = NULL;
    enum carat_err rc = model_open_weights(path, &m, err);
    if (rc)
        return rc;
    json_t *o = json_pack("{s:o, s:s, s:s, s:s}", "path", json_text(str_from(path)), "format", m->is_gguf ? "gguf" : "folder",
                          "family", m->info.family, "architecture", m->info.architecture);
    rc = o ? put_numbers(o, m, err) : err_nomem(err, "a description");
    if (!rc)
        rc = put_computation(o, m, err);
    if (!rc)
        rc = put_tokenizer(o, path, err);
    if (!rc)
        rc = put_template(o, m, err);
    carat_model_free(m);
    if (rc)
        json_decref(o);
    else
        *out = o;
    return rc;
}
