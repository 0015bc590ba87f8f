/* Folders: what is opened, and what each damaged one is told. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/model/model_int.h"
#include "tests/engine/tiny.h"
#include "tests/support/support.h"

static const char *dir;
static struct err err;

static void setup(void)
{
    dir = tiny_write(&TINY[0]);
}

static void teardown(void)
{
    temp_remove(dir);
}

TestSuite(model, .init = setup, .fini = teardown, .timeout = 60);

static void put(const char *name, const char *text)
{
    char *path = file_join(dir, name);
    cr_assert_eq(file_write(path, text, strlen(text), &err), CARAT_OK, "%s", err.msg);
    free(path);
}

static void drop(const char *name)
{
    char *path = file_join(dir, name);
    cr_assert_eq(unlink(path), 0);
    free(path);
}

/* Replaces `old` in a file by `new`, of the same length where the file is weights. */
static void edit(const char *name, const char *old, const char *new)
{
    char *path = file_join(dir, name);
    struct buf in = BUF_INIT(1 << 24), out = BUF_INIT(1 << 24);
    cr_assert_eq(file_read(path, 1 << 24, &in, &err), CARAT_OK);
    ptrdiff_t at = str_find(buf_str(&in), str_from(old), 0);
    cr_assert_geq(at, 0, "%s is not in %s", old, name);
    buf_add(&out, in.p, (size_t)at);
    buf_adds(&out, new);
    buf_add(&out, in.p + at + strlen(old), in.n - (size_t)at - strlen(old));
    cr_assert_eq(file_write(path, out.p, out.n, &err), CARAT_OK);
    buf_release(&in);
    buf_release(&out);
    free(path);
}

static void refused(enum carat_err code, const char *word)
{
    struct carat_model *m;
    cr_assert_eq(model_open_weights(dir, &m, &err), code, "%s", err.msg);
    cr_assert_null(m);
    cr_assert(strstr(err.msg, word), "'%s' does not say '%s'", err.msg, word);
}

Test(model, says_what_it_is)
{
    struct carat_model *m;
    cr_assert_eq(model_open_weights(dir, &m, &err), CARAT_OK, "%s", err.msg);
    const struct carat_model_info *i = carat_model_info(m);
    const struct tiny *t = &TINY[0];
    size_t layer = t->hidden * t->head_dim * (t->heads * 2 + t->kv_heads * 2) + 3 * t->hidden * t->inter + 2 * t->hidden;
    cr_assert_eq(i->n_parameters, t->vocab * t->hidden + t->layers * layer + t->hidden);
    cr_assert_str_eq(i->family, "gemma");
    cr_assert_str_eq(i->weights_dtype, "bf16");
    cr_assert_str_eq(i->path, dir);
    cr_assert(i->n_eos == 1 && i->eos[0] == 1 && i->bos == 2);
    cr_assert_eq(i->kv_bytes_per_token, 2 * t->layers * t->kv_heads * 16 * sizeof(float));
    carat_model_free(m);
}

Test(model, generation_config_has_the_word_on_eos)
{
    struct carat_model *m;
    put("generation_config.json", "{\"eos_token_id\": [7, 9]}");
    cr_assert_eq(model_open_weights(dir, &m, &err), CARAT_OK, "%s", err.msg);
    cr_assert(m->info.n_eos == 2 && m->info.eos[0] == 7 && m->info.eos[1] == 9 && m->info.bos == 2);
    carat_model_free(m);
}

Test(model, no_such_folder)
{
    struct carat_model *m;
    cr_assert_eq(carat_model_open("/nonexistent/gemma", &m, &err), CARAT_EINPUT);
    cr_assert(strstr(err.msg, "/nonexistent/gemma") && strstr(err.msg, "no such") && err.hint[0], "%s", err.msg);
}

Test(model, a_file_where_a_folder_is_meant)
{
    struct carat_model *m;
    char *path = file_join(dir, "config.json");
    cr_assert_eq(carat_model_open(path, &m, &err), CARAT_EINPUT);
    cr_assert(strstr(err.msg, "not a folder"), "%s", err.msg);
    free(path);
}

Test(model, no_config)
{
    drop("config.json");
    refused(CARAT_EINPUT, "no config.json");
}

Test(model, a_damaged_config)
{
    put("config.json", "{\"model_type\": \"gemma\",}");
    refused(CARAT_EINPUT, "config.json:1");
}

Test(model, no_weights)
{
    drop("model.safetensors");
    refused(CARAT_EINPUT, "no model.safetensors");
}

Test(model, a_pickle_is_refused_with_advice)
{
    drop("model.safetensors");
    put("pytorch_model.bin", "PK");
    refused(CARAT_EUNSUPPORTED, "pickle");
    cr_assert(strstr(err.hint, "safetensors"));
}

Test(model, truncated_weights)
{
    char *path = file_join(dir, "model.safetensors");
    struct stat st;
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(truncate(path, st.st_size - 10), 0);
    refused(CARAT_EINPUT, "truncated");
    cr_assert_eq(truncate(path, 100), 0);
    refused(CARAT_EINPUT, "truncated");
    cr_assert_eq(truncate(path, 0), 0);
    refused(CARAT_EINPUT, "truncated");
    free(path);
}

Test(model, a_shape_that_does_not_fit_the_config)
{
    edit("config.json", "\"intermediate_size\": 72", "\"intermediate_size\": 73");
    refused(CARAT_EINPUT, "[72, 40], config.json asks for [73, 40]");
}

Test(model, a_missing_tensor)
{
    edit("config.json", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3");
    refused(CARAT_EINPUT, "model.layers.2.self_attn.q_proj.weight");
}

Test(model, a_tensor_nobody_reads)
{
    edit("config.json", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1");
    refused(CARAT_EUNSUPPORTED, "model.layers.1.");
}

Test(model, a_dtype_that_is_not_computed_with)
{
    edit("model.safetensors", "\"dtype\": \"BF16\"", "\"dtype\": \"I16\" ");
    refused(CARAT_EUNSUPPORTED, "I16");
}

Test(model, an_unknown_family)
{
    edit("config.json", "\"gemma\"", "\"gemmq\"");
    refused(CARAT_EUNSUPPORTED, "gemmq");
    cr_assert(strstr(err.hint, "gemma2"));
}

/* As transformers 5: tied where both are equal or one is missing, else the file's own head. */
Test(model, a_head_beside_tied_embeddings_counts_where_it_differs)
{
    struct carat_model *m;
    struct tiny untied = {"llama", "F32", 1, 16, 16, 2, 2, 8, 20, NULL, 0};
    temp_remove(dir);
    dir = tiny_write(&untied);
    edit("config.json", "{", "{\"tie_word_embeddings\": true, ");
    cr_assert_eq(model_open_weights(dir, &m, &err), CARAT_OK, "%s", err.msg);
    cr_assert(m->head.data != m->embed.data);
    size_t n = m->info.n_parameters, offset = (size_t)(m->head.data - m->files[0].map.data);
    struct buf file = BUF_INIT(1 << 24);
    buf_add(&file, m->files[0].map.data, m->files[0].map.n);
    memcpy(file.p + offset, m->embed.data, 20 * 16 * sizeof(float)); /* equal now */
    carat_model_free(m);
    char *path = file_join(dir, "model.safetensors");
    cr_assert_eq(file_write(path, file.p, file.n, &err), CARAT_OK);
    cr_assert_eq(model_open_weights(dir, &m, &err), CARAT_OK, "%s", err.msg);
    cr_assert(m->head.data == m->embed.data && m->info.n_parameters == n - 20 * 16);
    carat_model_free(m);
    edit("model.safetensors", "model.embed_tokens.weight", "aaaaa.rotary_emb.inv_freq"); /* passed over: the head is left */
    cr_assert_eq(model_open_weights(dir, &m, &err), CARAT_OK, "%s", err.msg);
    cr_assert(m->head.data == m->embed.data);
    carat_model_free(m);
    edit("config.json", "\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false");
    refused(CARAT_EINPUT, "no tensor 'model.embed_tokens.weight'");
    buf_release(&file);
    free(path);
}

Test(model, rope_factors_of_a_gguf_file_are_checked)
{
    static const float BAD[] = {0, -1, NAN, INFINITY};
    struct carat_model *m;
    struct buf file = BUF_INIT(1 << 24);
    char *path = file_join(dir, "m.gguf");
    cr_assert_eq(file_read(golden_path("engine/llama3.q8_0.gguf"), 1 << 24, &file, &err), CARAT_OK);
    cr_assert_eq(model_open_weights(golden_path("engine/llama3.q8_0.gguf"), &m, &err), CARAT_OK, "%s", err.msg);
    cr_assert(m->rope_factors && m->rope_factors[0] >= 1 && m->rope_factors[3] > 7.9f);
    size_t at = tensor_list_find(&m->tensors, "rope_freqs.weight")->header_at;
    carat_model_free(m);
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        memcpy(file.p + at + 4, &BAD[i], sizeof BAD[i]);
        cr_assert_eq(file_write(path, file.p, file.n, &err), CARAT_OK);
        cr_assert_eq(model_open_weights(path, &m, &err), CARAT_EINPUT);
        cr_assert(strstr(err.msg, "number 1 of 'rope_freqs.weight'") && strstr(err.msg, path), "%s", err.msg);
    }
    buf_release(&file);
    free(path);
}

Test(model, shards)
{
    struct carat_model *m;
    char *one = file_join(dir, "model.safetensors"), *other = file_join(dir, "a.safetensors");
    cr_assert_eq(rename(one, other), 0);
    put("model.safetensors.index.json", "{\"weight_map\": {\"x\": \"a.safetensors\", \"y\": \"a.safetensors\"}}");
    cr_assert_eq(model_open_weights(dir, &m, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(m->n_files, 1);
    carat_model_free(m);
    put("model.safetensors.index.json", "{\"weight_map\": {\"x\": \"a.safetensors\", \"y\": \"b.safetensors\"}}");
    refused(CARAT_EINPUT, "b.safetensors' is missing");
    put("model.safetensors.index.json", "{\"weight_map\": {\"x\": \"../a.safetensors\"}}");
    refused(CARAT_EINPUT, "no plain file name");
    put("model.safetensors.index.json", "{\"weight_map\": {\"x\": 3}}");
    refused(CARAT_EINPUT, "no name");
    put("model.safetensors.index.json", "{\"weight_map\": {}}");
    refused(CARAT_EINPUT, "no weight_map");
    free(one);
    free(other);
}

Test(model, the_fingerprint_is_of_content)
{
    struct carat_model *m;
    struct pool *pool;
    char a[SHA256_HEX], b[SHA256_HEX];
    cr_assert_eq(pool_new(2, &pool, &err), CARAT_OK);
    cr_assert_eq(model_open_weights(dir, &m, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(carat_model_fingerprint(m, NULL, a, &err), CARAT_OK);
    cr_assert_eq(carat_model_fingerprint(m, pool, b, &err), CARAT_OK);
    cr_assert_str_eq(a, b);
    cr_assert_eq(strlen(a), 64);
    carat_model_free(m);
    edit("config.json", "{", "{ ");
    cr_assert_eq(model_open_weights(dir, &m, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(carat_model_fingerprint(m, pool, b, &err), CARAT_OK);
    cr_assert_str_neq(a, b);
    carat_model_free(m);
    pool_free(pool);
}
