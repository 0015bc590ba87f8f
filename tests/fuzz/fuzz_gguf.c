/* fuzz_gguf.c - any bytes as a GGUF file: an error, or tensors within the bytes, a configuration that is checked, and a
 * tokenizer that encodes and decodes. */
#include <stdlib.h>

#include "engine/model/gguf_config.h"
#include "engine/model/config.h"
#include "engine/tokenizer/hf.h"
#include "engine/tokenizer/spm.h"

static void use(const struct spm *m, struct str text)
{
    struct carat_ids ids = {NULL, 0, 0};
    struct buf out = BUF_INIT(1 << 24);
    struct err err = ERR_INIT;
    if (spm_encode(m, text, true, &ids, &err))
        abort();
    for (size_t i = 0; i < ids.n; i++)
        if (!vocab_has(&m->vocab, ids.ids[i]))
            abort();
    if (spm_decode(m, ids.ids, ids.n, &out) || !utf8_valid(buf_str(&out)))
        abort();
    carat_ids_release(&ids);
    buf_release(&out);
}

static void use_bytes(const struct hf *h, struct str text)
{
    struct carat_ids ids = {NULL, 0, 0};
    struct buf out = BUF_INIT(1 << 24);
    struct err err = ERR_INIT;
    if (hf_encode(h, text, &ids, &err)) /* nothing in a GGUF file makes a text take too long */
        abort();
    for (size_t i = 0; i < ids.n; i++)
        if (!vocab_has(&h->vocab, ids.ids[i]))
            abort();
    if (hf_decode(h, ids.ids, ids.n, false, &out, &err) || !utf8_valid(buf_str(&out)))
        abort();
    carat_ids_release(&ids);
    buf_release(&out);
}

static void check_tensors(const struct tensor_list *list, const unsigned char *data, size_t n)
{
    volatile unsigned char sink = 0;
    for (size_t i = 0; i < list->n; i++) {
        const struct tensor *t = &list->items[i];
        if (!t->n_bytes || t->data < data || t->n_bytes > n - (size_t)(t->data - data) ||
            tensor_list_find(list, t->name) != t)
            abort();
        sink = (unsigned char)(sink + t->data[0] + t->data[t->n_bytes - 1]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct gguf g = GGUF_INIT;
    struct tensor_list list = TENSOR_LIST_INIT;
    struct spm m = {.vocab = VOCAB_INIT};
    struct model_config config;
    struct err err = ERR_INIT;
    json_t *root = NULL;
    if (!gguf_read(data, n, "fuzz.gguf", &g, &list, &err) && !tensor_list_sort(&list, &err)) {
        check_tensors(&list, data, n);
        if (!gguf_config(&g, &list, &root, &err) && !config_parse(root, "fuzz.gguf", &config, &err) &&
            (!config.n_heads || !config.head_dim || config.n_layers > CONFIG_LAYERS_MAX))
            abort();
        json_decref(root);
    }
    if (g.entries && !spm_from_gguf(&g, &m, &err))
        use(&m, STR("  the <s>naive\xC3\xAF  a\n\n\t"));
    spm_release(&m);
    struct hf h;
    bool adds_bos;
    hf_init(&h);
    if (g.entries && !hf_from_gguf(&g, &h, &adds_bos, &err))
        use_bytes(&h, STR("  the <s>naive\xC3\xAF  a1234\n\n\t"));
    hf_release(&h);
    gguf_release(&g);
    tensor_list_release(&list);
    return 0;
}
