/* carat inspect: what it tells of checkpoints of every kind, and how it refuses what is none. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/process.h"
#include "tests/support/support.h"

static json_t *describe(const char *path)
{
    struct err err = ERR_INIT;
    struct ran r = run_carat(NULL, "inspect", "--json", path);
    json_t *root = NULL;
    expect_status(r, 0);
    cr_assert_eq(json_read(str_from(r.out), path, 0, &root, &err), CARAT_OK, "%s", err.msg);
    ran_release(&r);
    return root;
}

static long long whole(const json_t *o, const char *key)
{
    return (long long)json_integer_value(json_object_get(o, key));
}

static const char *text(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

Test(e2e_inspect, a_demo_checkpoint_with_tokenizer, .timeout = 60)
{
    json_t *d = describe("demo:late");
    const json_t *tok = json_object_get(d, "tokenizer");
    cr_assert_str_eq(text(d, "family"), "gemma");
    cr_assert_str_eq(text(d, "format"), "folder");
    cr_assert_eq(whole(d, "layers"), 6);
    cr_assert_eq(whole(d, "kv_bytes_per_token"), 2 * 6 * 4 * 32 * 4);
    cr_assert_eq(whole(d, "kv_bytes_full_sequence"), whole(d, "kv_bytes_per_token") * whole(d, "max_positions"));
    cr_assert_eq(whole(json_array_get(json_object_get(d, "dtypes"), 0), "bytes"), 2 * whole(d, "parameters"));
    cr_assert_str_eq(text(tok, "kind"), "sentencepiece-bpe");
    cr_assert_eq(whole(tok, "bos"), 2);
    cr_assert(json_is_null(json_object_get(d, "chat_template")));
    json_decref(d);
}

Test(e2e_inspect, further_families_and_what_they_lack, .timeout = 60)
{
    char path[512];
    snprintf(path, sizeof path, "%s/llama3-biases-f16-sharded", golden_path("engine"));
    json_t *d = describe(path);
    const json_t *rope = json_object_get(d, "rope");
    cr_assert_str_eq(text(rope, "scaling"), "llama3");
    cr_assert_eq(whole(rope, "original_max_position_embeddings"), 32);
    cr_assert(json_is_true(json_object_get(d, "attention_bias")) && json_is_true(json_object_get(d, "mlp_bias")));
    cr_assert_eq(json_array_size(json_object_get(d, "files")), 2);
    cr_assert(*text(json_object_get(d, "tokenizer"), "error"), "a folder without one");
    json_decref(d);
    snprintf(path, sizeof path, "%s/falcon-40b.q8_0.gguf", golden_path("engine"));
    d = describe(path);
    cr_assert_str_eq(text(d, "format"), "gguf");
    cr_assert_str_eq(text(d, "norm"), "layer");
    cr_assert(json_is_true(json_object_get(d, "parallel")) && json_is_false(json_object_get(d, "gated")));
    json_decref(d);
}

Test(e2e_inspect, as_text, .timeout = 60)
{
    struct ran r = run_carat(NULL, "inspect", "demo:early");
    expect_status(r, 0);
    static const char *const WORDS[] = {"gemma (GemmaForCausalLM)", "1.30 million", "tensors of bf16", "a full sequence",
                                        "model.safetensors", "puts bos first", "chat template  none"};
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
        cr_assert(strstr(r.out, WORDS[i]), "no '%s' in:\n%s", WORDS[i], r.out);
    ran_release(&r);
}

static void write_file(const char *dir, const char *name, const char *content)
{
    struct err err = ERR_INIT;
    char *path = file_join(dir, name);
    cr_assert_eq(file_write(path, content, strlen(content), &err), CARAT_OK, "%s", err.msg);
    free(path);
}

Test(e2e_inspect, refuses_a_pickle_with_advice, .timeout = 60)
{
    static const char *const NAMES[] = {"pytorch_model.bin", "pytorch_model-00001-of-00002.bin", "consolidated.00.pth",
                                        "model.pt", "weights.ckpt"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        const char *dir = temp_dir();
        write_file(dir, "config.json", "{\"model_type\": \"llama\"}");
        write_file(dir, NAMES[i], "\x80\x02}q\x01.");
        struct ran r = run_carat(NULL, "inspect", dir);
        expect_status(r, 3);
        cr_assert(strstr(r.err, NAMES[i]) && strstr(r.err, "pickle") && strstr(r.err, "safetensors"), "%s", r.err);
        ran_release(&r);
        char *file = file_join(dir, NAMES[i]);
        r = run_carat(NULL, "inspect", file);
        expect_status(r, 3);
        cr_assert(strstr(r.err, "pickle"), "%s", r.err);
        ran_release(&r);
        free(file);
        temp_remove(dir);
    }
}
