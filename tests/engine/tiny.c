#include "tiny.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

#include "engine/model/model_int.h"
#include "tests/support/support.h"

#define WINDOW "\"sliding_window\": 5"

const struct tiny TINY[] = {
    {"gemma", "BF16", 2, 40, 72, 4, 1, 12, 301, NULL, 0},
    {"gemma2", "F32", 3, 36, 50, 6, 2, 10, 500, WINDOW ", \"attn_logit_softcapping\": 3.0", 0},
    {"gemma3_text", "BF16", 3, 32, 64, 4, 2, 16, 257, WINDOW ", \"sliding_window_pattern\": 2", 0},
    {"llama", "F16", 2, 24, 33, 3, 3, 8, 777, "\"rope_scaling\": {\"type\": \"linear\", \"factor\": 2.0}", 0},
    {"mistral", "F32", 2, 48, 40, 8, 2, 20, 240, WINDOW, 0},
    {"llama", "BF16", 2, 40, 33, 4, 2, 10, 300, "\"attention_bias\": true, \"mlp_bias\": true, \"rope_scaling\": {\"rope_type\":"
     "\"llama3\", \"factor\": 8, \"low_freq_factor\": 1, \"high_freq_factor\": 4, \"original_max_position_embeddings\": 32}",
     LAYOUT_QKV_BIAS | LAYOUT_O_BIAS | LAYOUT_MLP_BIAS},
    {"falcon", "F32", 2, 40, 160, 5, 1, 8, 300, NULL, 0},
    {"falcon", "BF16", 2, 48, 192, 6, 2, 8, 250, "\"new_decoder_architecture\": true, \"num_kv_heads\": 2, \"bias\": true",
     LAYOUT_TWO_NORMS | LAYOUT_QKV_BIAS | LAYOUT_O_BIAS | LAYOUT_MLP_BIAS},
    {"qwen2", "F16", 2, 32, 40, 4, 2, 8, 300, NULL, LAYOUT_QKV_BIAS},
    {.model_type = NULL},
};

struct writer {
    const struct tiny *t;
    struct buf header, data;
    uint64_t state;
};

static double noise(struct writer *w) /* (-1, 1) */
{
    w->state = w->state * 6364136223846793005u + 1442695040888963407u;
    return (double)(int32_t)(w->state >> 32) / 2147483648.0;
}

static void put_number(struct writer *w, double x)
{
    float f = (float)x;
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    uint16_t half = (uint16_t)(bits >> 16);
    if (strcmp(w->t->dtype, "F32") == 0) {
        buf_add(&w->data, &bits, 4);
        return;
    }
    if (strcmp(w->t->dtype, "F16") == 0) { /* normal numbers only, truncated */
        int e = (int)(bits >> 23 & 255) - 112;
        half = e <= 0 ? 0 : (uint16_t)((bits >> 16 & 0x8000) | (uint32_t)e << 10 | (bits >> 13 & 1023));
    }
    buf_add(&w->data, &half, 2);
}

static void put_tensor(struct writer *w, const char *name, size_t rows, size_t cols, double size)
{
    size_t from = w->data.n;
    for (size_t i = 0; i < rows * (cols ? cols : 1); i++)
        put_number(w, noise(w) * size);
    buf_printf(&w->header, "%s\"%s\": {\"dtype\": \"%s\", \"shape\": [%zu", w->header.n > 1 ? ", " : "", name,
               w->t->dtype, rows);
    if (cols)
        buf_printf(&w->header, ", %zu", cols);
    buf_printf(&w->header, "], \"data_offsets\": [%zu, %zu]}", from, w->data.n);
}

static size_t dim(const struct tiny *t, enum family_dim d)
{
    const size_t sizes[] = {[DIM_NONE] = 0,
                            [DIM_HIDDEN] = t->hidden,
                            [DIM_INTER] = t->inter,
                            [DIM_Q] = t->heads * t->head_dim,
                            [DIM_KV] = t->kv_heads * t->head_dim,
                            [DIM_QKV] = (t->heads + 2 * t->kv_heads) * t->head_dim,
                            [DIM_HEAD] = t->head_dim};
    return sizes[d];
}

static void save(const char *dir, const char *name, const struct buf *b)
{
    struct err err = ERR_INIT;
    char *path = file_join(dir, name);
    cr_assert_eq(file_write(path, b->p, b->n, &err), CARAT_OK, "%s", err.msg);
    free(path);
}

static void write_weights(const struct tiny *t, const char *dir)
{
    struct writer w = {.t = t, .header = BUF_INIT(1 << 20), .data = BUF_INIT((size_t)8 << 30), .state = 7};
    const struct family *f = family_find(t->model_type);
    char name[128];
    cr_assert(f);
    buf_adds(&w.header, "{");
    put_tensor(&w, f->embed, t->vocab, t->hidden, 1);
    for (size_t i = 0; i < t->layers; i++)
        for (const struct family_part *p = f->parts; p->name; p++) {
            size_t cols = dim(t, p->cols);
            if ((t->layout & p->with) != p->with || (t->layout & p->without))
                continue;
            snprintf(name, sizeof name, "%s%zu.%s", f->layers, i, p->name);
            put_tensor(&w, name, dim(t, p->rows), cols, cols ? 2 / sqrt((double)cols) : 0.5);
        }
    snprintf(name, sizeof name, "%s.weight", f->final_norm);
    put_tensor(&w, name, t->hidden, 0, 1);
    snprintf(name, sizeof name, "%s.bias", f->final_norm);
    if (f->features & FAMILY_LAYER_NORM)
        put_tensor(&w, name, t->hidden, 0, 1);
    if (!(f->features & FAMILY_TIED))
        put_tensor(&w, "lm_head.weight", t->vocab, t->hidden, 2 / sqrt((double)t->hidden));
    buf_adds(&w.header, "}");
    struct buf file = BUF_INIT((size_t)9 << 30);
    for (int i = 0; i < 8; i++)
        buf_addc(&file, (char)(w.header.n >> 8 * i));
    buf_addstr(&file, buf_str(&w.header));
    buf_addstr(&file, buf_str(&w.data));
    cr_assert(!buf_failed(&file) && !buf_failed(&w.data));
    save(dir, "model.safetensors", &file);
    buf_release(&w.header);
    buf_release(&w.data);
    buf_release(&file);
}

const char *tiny_write(const struct tiny *t)
{
    const char *dir = temp_dir();
    struct buf b = BUF_INIT(1 << 16);
    buf_printf(&b,
               "{\"model_type\": \"%s\", \"hidden_size\": %zu, \"intermediate_size\": %zu, \"num_hidden_layers\": %zu, "
               "\"num_attention_heads\": %zu, \"num_key_value_heads\": %zu, \"head_dim\": %zu, \"vocab_size\": %zu, "
               "\"max_position_embeddings\": 64%s%s}",
               t->model_type, t->hidden, t->inter, t->layers, t->heads, t->kv_heads, t->head_dim, t->vocab,
               t->more ? ", " : "", t->more ? t->more : "");
    save(dir, "config.json", &b);
    buf_release(&b);
    write_weights(t, dir);
    return dir;
}

struct carat_model *tiny_open(const struct tiny *t)
{
    struct err err = ERR_INIT;
    struct carat_model *m;
    const char *dir = tiny_write(t);
    cr_assert_eq(model_open_weights(dir, &m, &err), CARAT_OK, "%s", err.msg);
    temp_remove(dir);
    return m;
}
