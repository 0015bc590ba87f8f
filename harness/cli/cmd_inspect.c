/* carat inspect: what a checkpoint is, before anything is computed with it. */
#include "commands.h"

static json_int_t whole(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

static double real(const json_t *o, const char *key)
{
    return json_number_value(json_object_get(o, key));
}

static const char *word(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static bool is_true(const json_t *o, const char *key)
{
    return json_is_true(json_object_get(o, key));
}

/* A table's row: its name in a column of its own. */
static void row(struct buf *out, const char *name)
{
    buf_printf(out, "%-14s ", name);
}

/* 1536 -> "1.5 KiB" */
static void bytes(struct buf *out, json_int_t n)
{
    static const char *const UNITS[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double x = (double)n;
    size_t u = 0;
    for (; x >= 1024 && u < 4; u++)
        x /= 1024;
    buf_printf(out, u ? "%.1f %s" : "%.0f %s", x, UNITS[u]);
}

/* 6900000000 -> "6.90 billion" */
static void count(struct buf *out, json_int_t n)
{
    if (n >= 1000000000)
        buf_printf(out, "%.2f billion", (double)n / 1e9);
    else if (n >= 1000000)
        buf_printf(out, "%.2f million", (double)n / 1e6);
    else
        buf_printf(out, "%lld", (long long)n);
}

static void write_shapes(struct buf *out, const json_t *o)
{
    row(out, "family");
    buf_printf(out, "%s (%s)\n", word(o, "family"), word(o, "architecture"));
    row(out, "parameters");
    count(out, whole(o, "parameters"));
    buf_adds(out, "\n");
    row(out, "shape");
    buf_printf(out, "%lld layers of %lld, MLP of %lld, %lld heads of %lld, %lld of keys and values\n",
               (long long)whole(o, "layers"), (long long)whole(o, "hidden_size"), (long long)whole(o, "intermediate_size"),
               (long long)whole(o, "heads"), (long long)whole(o, "head_dim"), (long long)whole(o, "kv_heads"));
    row(out, "layers");
    buf_printf(out, "%s norm, %s%s%s%s%s\n", word(o, "norm"), word(o, "activation"), is_true(o, "gated") ? ", gated" : "",
               is_true(o, "parallel") ? ", MLP beside the attention" : "",
               is_true(o, "attention_bias") ? ", biases in attention" : "", is_true(o, "mlp_bias") ? ", biases in the MLP" : "");
}

static void write_rope(struct buf *out, const char *name, const json_t *rope)
{
    if (!json_is_object(rope))
        return;
    row(out, name);
    buf_printf(out, "theta %g", real(rope, "theta"));
    if (strcmp(word(rope, "scaling"), "none") != 0)
        buf_printf(out, ", scaled: %s", word(rope, "scaling"));
    if (real(rope, "factor") > 1 || real(rope, "factor") < 1)
        buf_printf(out, " by %g", real(rope, "factor"));
    if (json_object_get(rope, "original_max_position_embeddings"))
        buf_printf(out, " past %lld positions", (long long)whole(rope, "original_max_position_embeddings"));
    buf_adds(out, "\n");
}

static void write_positions(struct buf *out, const json_t *o)
{
    row(out, "positions");
    buf_printf(out, "%lld", (long long)whole(o, "max_positions"));
    if (whole(o, "window_layers"))
        buf_printf(out, "; a window of %lld in %lld of %lld layers", (long long)whole(o, "window"),
                   (long long)whole(o, "window_layers"), (long long)whole(o, "layers"));
    buf_adds(out, "\n");
    write_rope(out, "rope", json_object_get(o, "rope"));
    write_rope(out, "rope, windows", json_object_get(o, "rope_local"));
    if (real(o, "attn_softcap") > 0 || real(o, "final_softcap") > 0) {
        row(out, "soft-caps");
        buf_printf(out, "attention %g, logits %g\n", real(o, "attn_softcap"), real(o, "final_softcap"));
    }
}

static void write_weights(struct buf *out, const json_t *o)
{
    size_t i;
    const json_t *item;
    row(out, "weights");
    json_array_foreach(json_object_get(o, "dtypes"), i, item)
    {
        buf_printf(out, "%s%lld tensor%s of %s (", i ? ", " : "", (long long)whole(item, "tensors"),
                   whole(item, "tensors") == 1 ? "" : "s", word(item, "dtype"));
        bytes(out, whole(item, "bytes"));
        buf_adds(out, ")");
    }
    buf_printf(out, "; the head is %s\n", is_true(o, "tied") ? "the embedding" : "its own");
    row(out, "memory");
    bytes(out, whole(o, "mapped_bytes"));
    buf_adds(out, " mapped; ");
    bytes(out, whole(o, "kv_bytes_per_token"));
    buf_adds(out, " a token of keys and values, ");
    bytes(out, whole(o, "kv_bytes_full_sequence"));
    buf_adds(out, " a full sequence\n");
    row(out, "files");
    json_array_foreach(json_object_get(o, "files"), i, item)
        buf_printf(out, "%s%s", i ? ", " : "", word(item, "name"));
    buf_adds(out, "\n");
}

static void write_id(struct buf *out, const char *name, const json_t *id)
{
    if (json_is_integer(id))
        buf_printf(out, ", %s %lld", name, (long long)json_integer_value(id));
}

static void write_texts(struct buf *out, const json_t *o)
{
    const json_t *tok = json_object_get(o, "tokenizer"), *chat = json_object_get(o, "chat_template");
    size_t i;
    const json_t *id;
    row(out, "tokenizer");
    if (json_object_get(tok, "error")) {
        buf_printf(out, "cannot be read: %s\n", word(tok, "error"));
    } else {
        buf_printf(out, "%s, %lld tokens (the model has %lld)", word(tok, "kind"), (long long)whole(tok, "vocab_size"),
                   (long long)whole(o, "vocab_size"));
        write_id(out, "bos", json_object_get(tok, "bos"));
        write_id(out, "eos", json_object_get(tok, "eos"));
        write_id(out, "pad", json_object_get(tok, "pad"));
        write_id(out, "unk", json_object_get(tok, "unk"));
        buf_adds(out, is_true(tok, "adds_bos") ? ", puts bos first\n" : "\n");
        if (*word(tok, "warning"))
            buf_printf(out, "%-14s warning: %s\n", "", word(tok, "warning"));
    }
    row(out, "generation");
    buf_adds(out, "stops at");
    json_array_foreach(json_object_get(o, "eos"), i, id) buf_printf(out, " %lld", (long long)json_integer_value(id));
    buf_adds(out, json_array_size(json_object_get(o, "eos")) ? "\n" : " nothing but its limits\n");
    row(out, "chat template");
    if (!json_is_object(chat))
        buf_adds(out, "none\n");
    else
        buf_printf(out, "in %s%s%s\n", word(chat, "source"), *word(chat, "error") ? ", cannot be read: " : "",
                   word(chat, "error"));
}

static enum carat_err run(const struct options *o, struct err *err)
{
    char *path = NULL;
    json_t *d = NULL;
    struct buf out = BUF_INIT(1 << 22);
    enum carat_err rc = model_path(o->args.items[0], NULL, &path, err);
    if (!rc)
        rc = carat_model_describe(path, &d, err);
    if (!rc && o->json) {
        if (json_write(d, &out) || buf_addc(&out, '\n'))
            rc = err_nomem(err, "a description");
    } else if (!rc) {
        static void (*const PARTS[])(struct buf *, const json_t *) = {write_shapes, write_positions, write_weights,
                                                                      write_texts};
        buf_printf(&out, "%s: %s\n", word(d, "path"), strcmp(word(d, "format"), "gguf") == 0 ? "a GGUF file" : "a checkpoint's folder");
        for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++)
            PARTS[i](&out, d);
        if (buf_failed(&out))
            rc = err_nomem(err, "a description");
    }
    if (!rc)
        fwrite(out.p, 1, out.n, stdout);
    buf_release(&out);
    json_decref(d);
    free(path);
    return rc;
}

const struct command cmd_inspect = {
    .name = "inspect",
    .summary = "what a checkpoint is: family, shapes, memory, tokenizer, chat template",
    .usage = "MODEL",
    .about = "Opens a checkpoint's folder, a .gguf file or demo:NAME, checks it as a run would, and prints what it is and what "
             "memory it needs. Nothing is computed, and nothing in a checkpoint is ever executed.",
    .options = "json",
    .examples = "  carat inspect demo:late\n"
                "  carat inspect gemma-2b --json",
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
