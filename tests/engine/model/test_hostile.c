/* Files made to harm: each is refused by a message that names the file, within bounded memory, by the road that a user's
 * file takes. The unit tests of each reader have more of their own kind; this is the corpus across all of them. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "engine/engine.h"
#include "engine/model/gguf_config.h"
#include "engine/model/model_int.h"
#include "tests/engine/hostile.h"
#include "tests/support/support.h"

#define MEMORY_MAX_KIB (160L << 10) /* ASan keeps what was freed for a while; without it a few MiB are used */

enum kind {
    WEIGHTS,    /* model.safetensors beside a sound config.json */
    INDEX,      /* model.safetensors.index.json beside a sound config.json and one sound shard */
    CONFIG,     /* config.json beside sound weights */
    GGUF_FILE,
    SPM,        /* a tokenizer.model */
    TOKENIZER,  /* a tokenizer.json */
    CHAT,       /* a chat template, rendered */
};
struct hostile { /* by value: criterion hands rows to processes of their own */
    enum kind kind;
    char says[48];      /* part of the message */
    char line[1000];    /* hostile.h */
};

#define TENSOR(dtype, shape, offsets) \
    "j:{\"model.embed_tokens.weight\": {\"dtype\": \"" dtype "\", \"shape\": " shape ", \"data_offsets\": " offsets "}} ; "
#define LLAMA "\"model_type\":\"llama\""
#define HEAD3(tensors, entries) "r:GGUF 4:3 8:" tensors " 8:" entries " "
#define ARCH "s:general.architecture 4:8 s:llama "
#define U32(key, v) "s:" key " 4:4 4:" v " "
#define F32(key, v) "s:" key " 4:6 f:" v " "
#define SHAPES /* 7 entries */                                                                               \
    ARCH U32("llama.attention.head_count", "2") F32("llama.attention.layer_norm_rms_epsilon", "1e-5")        \
        U32("llama.block_count", "1") U32("llama.context_length", "64") U32("llama.embedding_length", "32") \
            U32("llama.feed_forward_length", "32")
#define NAMED(name, dims, type, offset) "s:" name " " dims " 4:" type " 8:" offset " "
#define VOCAB(merges, vocab)                                                                                       \
    "r:{\"model\":{\"type\":\"BPE\",\"vocab\":" vocab ",\"merges\":" merges "},\"added_tokens\":[],\"normalizer\":null," \
    "\"pre_tokenizer\":null,\"post_processor\":null,\"decoder\":null}"

static struct hostile CORPUS[] = {
    /* safetensors */
    {WEIGHTS, "truncated", ""},
    {WEIGHTS, "truncated", "r:1234567"},
    {WEIGHTS, "claims 10737418240 bytes", "8:10737418240 r:{} z:1000"},
    {WEIGHTS, "claims 18446744073709551615 bytes", "8:-1 r:{}"},
    {WEIGHTS, "claims 9223372036854775808 bytes", "8:0x8000000000000000 r:{} z:64"},
    {WEIGHTS, "not valid JSON", "8:20000 x:20000:["},
    {WEIGHTS, "not valid JSON", "8:60000 x:10000:{\"a\":~"},
    {WEIGHTS, "not valid JSON", "8:4 h:7b22ff22"},
    {WEIGHTS, "no JSON object", "j:[1, 2]"},
    {WEIGHTS, "not valid JSON", "j:{\"a\\u0000b\": {}}"},
    {WEIGHTS, "stored as I64", TENSOR("I64", "[4, 4]", "[0, 128]") "z:128"},
    {WEIGHTS, "unknown dtype", TENSOR("F4_E2M1", "[4, 4]", "[0, 8]") "z:8"},
    {WEIGHTS, "dimension 0", TENSOR("F32", "[-4, 4]", "[0, 64]") "z:64"},
    {WEIGHTS, "too large", TENSOR("F32", "[4294967296, 4294967296]", "[0, 64]") "z:64"},
    {WEIGHTS, "want", TENSOR("F32", "[4, 1152921504606846976]", "[0, 64]") "z:64"},
    {WEIGHTS, "takes bytes 0 to 10737418240", TENSOR("F32", "[51200, 52428]", "[0, 10737418240]") "z:64"},
    {WEIGHTS, "data_offsets", TENSOR("F32", "[4, 4]", "[64, 0]") "z:64"},
    {WEIGHTS, "data_offsets", TENSOR("F32", "[4, 4]", "[-64, 0]") "z:64"},
    {WEIGHTS, "asks for [4, 4]", TENSOR("F32", "[16, 1]", "[0, 64]") "z:64"},
    {WEIGHTS, "overlap at byte", "j:{\"a\": {\"dtype\": \"F32\", \"shape\": [4], \"data_offsets\": [0, 16]}, \"b\": {\"dtype\": "
     "\"F32\", \"shape\": [4], \"data_offsets\": [12, 28]}} ; z:28"},
    {WEIGHTS, "9 dimensions", TENSOR("F32", "[1,1,1,1,1,1,1,1,1]", "[0, 4]") "z:4"},
    /* the index */
    {INDEX, "not valid JSON", "r:{\"weight_map\":"},
    {INDEX, "no weight_map", "r:{\"weight_map\":[]}"},
    {INDEX, "no plain file name", "r:{\"weight_map\":{\"a\":\"../../etc/passwd\"}}"},
    {INDEX, "no plain file name", "r:{\"weight_map\":{\"a\":\"/dev/zero\"}}"},
    {INDEX, "no plain file name", "r:{\"weight_map\":{\"a\":\"..\"}}"},
    {INDEX, "is missing", "r:{\"weight_map\":{\"a\":\"model-00002-of-00002.safetensors\"}}"},
    {INDEX, "is no name", "r:{\"weight_map\":{\"a\":7}}"},
    {INDEX, "is no name", "r:{\"weight_map\":{\"a\":\"x\\u0000y\"}}"},
    {INDEX, "not valid JSON", "x:6000:{\"weight_map\":"},
    /* config.json */
    {CONFIG, "not valid JSON", "h:ff"},
    {CONFIG, "not valid JSON", "x:50000:["},
    {CONFIG, "not valid JSON", "r:{" LLAMA ",~\"rms_norm_eps\":1e999}"},
    {CONFIG, "not valid JSON", "r:{" LLAMA ",~\"hidden_size\":99999999999999999999}"},
    {CONFIG, "num_hidden_layers", "r:{" LLAMA ",~\"num_hidden_layers\":1000000000}"},
    {CONFIG, "hidden_size", "r:{" LLAMA ",~\"hidden_size\":-4}"},
    {CONFIG, "vocab_size", "r:{" LLAMA ",~\"vocab_size\":\"4\"}"},
    {CONFIG, "num_attention_heads", "r:{" LLAMA ",~\"num_attention_heads\":0}"},
    {CONFIG, "eos_token_id", "r:{" LLAMA ",~\"eos_token_id\":-1}"},
    {CONFIG, "eos_token_id", "r:{" LLAMA ",~\"eos_token_id\":4294967298}"},
    {CONFIG, "rope_theta", "r:{" LLAMA ",~\"rope_theta\":-1}"},
    {CONFIG, "has no tensor", "r:{" LLAMA ",~\"vocab_size\":16777216,~\"hidden_size\":1048576,~\"num_attention_heads\":1,"
     "~\"head_dim\":4096,~\"num_hidden_layers\":512}"},
    /* GGUF */
    {GGUF_FILE, "does not begin", "r:GGML z:100"},
    {GGUF_FILE, "version 1", "r:GGUF 4:1 8:0 8:0"},
    {GGUF_FILE, "big-endian", "r:GGUF h:00000003 z:16"},
    {GGUF_FILE, "offset 8: the file ends", "r:GGUF 4:3"},
    {GGUF_FILE, "offset 8: 1152921504606846976 tensors", HEAD3("0x1000000000000000", "0") "z:1000"},
    {GGUF_FILE, "offset 16: 1152921504606846976", HEAD3("0", "0x1000000000000000") "z:1000"},
    {GGUF_FILE, "offset 24: a key claims 1073741824", HEAD3("0", "1") "8:0x40000000 r:general z:900"},
    {GGUF_FILE, "offset 24: a key claims 184467", HEAD3("0", "1") "8:-1 r:general z:900"},
    {GGUF_FILE, "NUL in it", HEAD3("0", "1") "s:general^architecture 4:8 s:llama"},
    {GGUF_FILE, "unknown type of value 13", HEAD3("0", "1") "s:a 4:13 z:64"},
    {GGUF_FILE, "an array of arrays", HEAD3("0", "1") "s:a 4:9 4:9 8:1 4:9 8:1 4:9 8:1"},
    {GGUF_FILE, "claims 4611686018427387904 elements", HEAD3("0", "1") "s:a 4:9 4:4 8:0x4000000000000000 z:64"},
    {GGUF_FILE, "claims 10000000000 elements", HEAD3("0", "1") "s:a 4:9 4:8 8:10000000000 z:64"},
    {GGUF_FILE, "claims 10737418240 bytes", HEAD3("0", "1") "s:a 4:9 4:8 8:2 s:x 8:10737418240 z:64"},
    {GGUF_FILE, "is given twice", HEAD3("0", "2") U32("a", "1") U32("a", "2") "z:64"},
    {GGUF_FILE, "no general.architecture", HEAD3("0", "1") U32("general.alignment", "32") "z:64"},
    {GGUF_FILE, "is not a text", HEAD3("0", "1") U32("general.architecture", "1") "z:64"},
    {GGUF_FILE, "'mamba' is not implemented", HEAD3("0", "1") "s:general.architecture 4:8 s:mamba"},
    {GGUF_FILE, "llama.block_count is not an integer", HEAD3("0", "7") ARCH U32("llama.attention.head_count", "2")
     F32("llama.attention.layer_norm_rms_epsilon", "1e-5") "s:llama.block_count 4:5 4:-1 " U32("llama.context_length", "64")
     U32("llama.embedding_length", "32") U32("llama.feed_forward_length", "32") "z:64"},
    {GGUF_FILE, "is not a finite number", HEAD3("0", "8") SHAPES "s:llama.rope.freq_base 4:6 4:0x7fc00000 z:64"},
    {GGUF_FILE, "no power of two", HEAD3("1", "2") ARCH U32("general.alignment", "3") NAMED("a", "4:1 8:4", "0", "0") "z:64"},
    {GGUF_FILE, "general.alignment is not", HEAD3("1", "2") ARCH U32("general.alignment", "0") NAMED("a", "4:1 8:4", "0", "0") "z:64"},
    {GGUF_FILE, "or not a text", HEAD3("1", "1") ARCH NAMED("a^b", "4:1 8:4", "0", "0") "z:64"},
    {GGUF_FILE, "5 dimensions", HEAD3("1", "1") ARCH "s:a 4:5 8:1 8:1 8:1 8:1 8:1 4:0 8:0 z:64"},
    {GGUF_FILE, "4294967295 dimensions", HEAD3("1", "1") ARCH "s:a 4:-1 8:1 z:64"},
    {GGUF_FILE, "is no size", HEAD3("1", "1") ARCH NAMED("a", "4:2 8:4 8:0", "0", "0") "z:64"},
    {GGUF_FILE, "too large", HEAD3("1", "1") ARCH NAMED("a", "4:2 8:0x100000000 8:0x100000000", "0", "0") "z:64"},
    {GGUF_FILE, "is too large", HEAD3("1", "1") ARCH NAMED("a", "4:1 8:0x7fffffffffffffff", "0", "0") "z:64"},
    {GGUF_FILE, "unknown type 99", HEAD3("1", "1") ARCH NAMED("a", "4:1 8:4", "99", "0") "z:64"},
    {GGUF_FILE, "stored as IQ2_XXS", HEAD3("1", "1") ARCH NAMED("a", "4:1 8:256", "16", "0") "z:128"},
    {GGUF_FILE, "blocks of 32", HEAD3("1", "1") ARCH NAMED("a", "4:2 8:31 8:32", "8", "0") "z:2000"},
    {GGUF_FILE, "no multiple of 32", HEAD3("1", "1") ARCH NAMED("a", "4:1 8:4", "0", "33") "z:128"},
    {GGUF_FILE, "takes 16 bytes from 10737418240", HEAD3("1", "1") ARCH NAMED("a", "4:1 8:4", "0", "10737418240") "z:128"},
    {GGUF_FILE, "takes 16 bytes from 184467", HEAD3("1", "1") ARCH NAMED("a", "4:1 8:4", "0", "-32") "z:128"},
    {GGUF_FILE, "overlap at byte", HEAD3("2", "1") ARCH NAMED("a", "4:1 8:32", "0", "0") NAMED("b", "4:1 8:8", "0", "64") "z:300"},
    {GGUF_FILE, "no tensor 'token_embd.weight'", HEAD3("0", "7") SHAPES "z:64"},
    {GGUF_FILE, "num_attention_heads", HEAD3("1", "7") ARCH U32("llama.attention.head_count", "0")
     F32("llama.attention.layer_norm_rms_epsilon", "1e-5") U32("llama.block_count", "1") U32("llama.context_length", "64")
     U32("llama.embedding_length", "32") U32("llama.feed_forward_length", "32")
     NAMED("token_embd.weight", "4:2 8:32 8:4", "0", "0") "p:32 z:512"},
    {GGUF_FILE, "llama.expert_count is 8", HEAD3("0", "8") SHAPES U32("llama.expert_count", "8") "z:64"},
    {GGUF_FILE, "llama.a.new.key is not implemented", HEAD3("0", "8") SHAPES U32("llama.a.new.key", "1") "z:64"},
    {GGUF_FILE, "one of 3 pieces", HEAD3("0", "8") SHAPES U32("split.count", "3") "z:64"},
    {GGUF_FILE, "token_embd.weight", HEAD3("1", "7") SHAPES NAMED("token_embd.weight", "4:1 8:32", "0", "0") "p:32 z:128"},
    /* tokenizer.model */
    {SPM, "", ""},
    {SPM, "", "h:0a"},
    {SPM, "", "h:0affffffffffffffffff01 z:64"},
    {SPM, "", "h:0affffffff0f z:1000"},
    {SPM, "", "h:ffffffffffffffffffffff z:64"},
    {SPM, "", "h:0a0508ffffffff"},
    {SPM, "", "h:0a0a0a01611500000000180a"},
    {SPM, "", "x:3000:~~"},
    /* tokenizer.json */
    {TOKENIZER, "not valid JSON", "r:{\"model\":"},
    {TOKENIZER, "", "r:[]"},
    {TOKENIZER, "", "r:{}"},
    {TOKENIZER, "not valid JSON", "x:50000:["},
    {TOKENIZER, "", "r:{\"model\":{\"type\":\"Pickle\",\"vocab\":{}}}"},
    {TOKENIZER, "", VOCAB("[\"a~b\"]", "{\"a\":0,\"b\":1}")},                      /* makes what is no token */
    {TOKENIZER, "", VOCAB("[\"ab~ab\",\"a~b\"]", "{\"a\":0,\"ab\":1}")},           /* of what is no token */
    {TOKENIZER, "", VOCAB("[\"a~\"]", "{\"a\":0}")},                               /* with nothing */
    {TOKENIZER, "", VOCAB("[[\"a\",\"b\",\"c\"]]", "{\"a\":0,\"b\":1,\"c\":2}")},  /* of three */
    {TOKENIZER, "", VOCAB("[7]", "{\"a\":0}")},
    {TOKENIZER, "", VOCAB("{}", "{\"a\":0}")},
    {TOKENIZER, "", VOCAB("[]", "{\"a\":-1}")},
    {TOKENIZER, "", VOCAB("[]", "{\"a\":1099511627776}")},
    {TOKENIZER, "", VOCAB("[]", "{\"a\":0,\"b\":0}")},
    {TOKENIZER, "", VOCAB("[]", "{\"a\":\"0\"}")},
    {TOKENIZER, "", VOCAB("[]", "[]")},
    {TOKENIZER, "not valid JSON", VOCAB("[]", "{\"a\\u0000\":0}")},
    {TOKENIZER, "", "r:{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]},\"added_tokens\":[{\"id\":-5,\"content\":\"b\"}]}"},
    {TOKENIZER, "", "r:{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]},\"added_tokens\":[],\"pre_tokenizer\":"
     "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(((\"},\"behavior\":\"Isolated\",\"invert\":false}}"},
    {TOKENIZER, "", "r:{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]},\"added_tokens\":[],\"normalizer\":"
     "{\"type\":\"Exec\"}}"},
    /* chat templates */
    {CHAT, "", "r:{%~if~x~%}"},
    {CHAT, "", "r:{{~1~+~}}"},
    {CHAT, "", "x:20000:{%~if~1~%}"},
    {CHAT, "", "r:{{ x:20000:( r:1 x:20000:) r:}}"},
    {CHAT, "", "r:{{~'x'~*~10000000000~}}"},
    {CHAT, "", "r:{%~for~i~in~range(10000000000)~%}x{%~endfor~%}"},
    {CHAT, "", "r:{%~macro~m()~%}{{~m()~}}{%~endmacro~%}{{~m()~}}"},
    {CHAT, "", "r:{{~messages|no_such_filter~}}"},
    {CHAT, "", "r:{{~messages[0].content.__class__.__mro__~}}"},
    {CHAT, "", "r:{{~9**9**9**9~}}"},
    {CHAT, "", "r:{{~lipsum~and~(1/0)~or~1/0~}}"},
    {CHAT, "", "h:7b7b20ff207d7d"},
};

static const char SOUND_CONFIG[] = "{\"model_type\": \"llama\", \"hidden_size\": 4, \"intermediate_size\": 4, \"num_hidden_layers\": 1, "
                                   "\"num_attention_heads\": 2, \"vocab_size\": 4, \"max_position_embeddings\": 8}";

static char *write_file(const char *dir, const char *name, struct str content)
{
    struct err err = ERR_INIT;
    char *path = file_join(dir, name);
    cr_assert_eq(file_write(path, content.p, content.n, &err), CARAT_OK, "%s", err.msg);
    return path;
}

static void write_sound(const char *dir, const char *name)
{
    struct buf weights = BUF_INIT(1 << 16);
    assemble("j:{\"model.norm.weight\": {\"dtype\": \"F32\", \"shape\": [4], \"data_offsets\": [0, 16]}} ; z:16", &weights);
    free(write_file(dir, "config.json", str_from(SOUND_CONFIG)));
    if (name)
        free(write_file(dir, name, buf_str(&weights)));
    buf_release(&weights);
}

static enum carat_err open_model(const char *path, struct err *err)
{
    struct carat_model *model = NULL;
    enum carat_err rc = model_open_weights(path, &model, err);
    carat_model_free(model);
    return rc;
}

static enum carat_err open_tokenizer(const char *path, struct err *err)
{
    struct carat_tokenizer *tok = NULL;
    enum carat_err rc = carat_tokenizer_open(path, &tok, err);
    if (!rc)
        carat_tokenizer_free(tok);
    return rc;
}

static enum carat_err render(const char *dir, const char *template, struct err *err)
{
    struct carat_chat *chat = NULL;
    json_t *messages = json_pack("[{s:s, s:s}]", "role", "user", "content", "hello");
    struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
    enum carat_err rc = carat_chat_open(dir, template, &chat, err);
    if (!rc)
        rc = carat_chat_render(chat, messages, true, NULL, &out, err);
    carat_chat_free(chat);
    json_decref(messages);
    buf_release(&out);
    return rc;
}

static const char *const NAMES[] = {"model.safetensors", "model.safetensors.index.json", "config.json", "model.gguf",
                                    "tokenizer.model", "tokenizer.json", "chat_template.jinja"};

static enum carat_err open_hostile(const struct hostile *h, const char *dir, struct err *err)
{
    struct buf bytes = BUF_INIT(1 << 22);
    enum carat_err rc = CARAT_OK;
    assemble(h->line, &bytes);
    if (h->kind <= CONFIG)
        write_sound(dir, h->kind == INDEX ? "model-00001-of-00002.safetensors" : h->kind == CONFIG ? NAMES[WEIGHTS] : NULL);
    char *path = write_file(dir, NAMES[h->kind], buf_str(&bytes));
    switch (h->kind) {
    case WEIGHTS: case INDEX: case CONFIG: rc = open_model(dir, err); break;
    case GGUF_FILE: rc = open_model(path, err); break;
    case SPM: case TOKENIZER: rc = open_tokenizer(path, err); break;
    case CHAT: rc = render(dir, NULL, err); break;
    }
    free(path);
    buf_release(&bytes);
    return rc;
}

static long peak_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

ParameterizedTestParameters(hostile_files, files_are_refused_by_name_in_bounded_memory)
{
    return cr_make_param_array(struct hostile, CORPUS, sizeof CORPUS / sizeof *CORPUS);
}

ParameterizedTest(struct hostile *h, hostile_files, files_are_refused_by_name_in_bounded_memory, .timeout = 60)
{
    struct err err = ERR_INIT;
    const char *dir = temp_dir();
    long before = peak_kib();
    enum carat_err rc = open_hostile(h, dir, &err);
    long used = peak_kib() - before;
    temp_remove(dir);
    bool refused = rc == CARAT_EINPUT || rc == CARAT_EUNSUPPORTED || (h->kind == CHAT && rc == CARAT_ENOMEM);
    cr_expect(refused, "%s %.60s: code %d: %s", NAMES[h->kind], h->line, rc, err.msg);
    cr_expect(strstr(err.msg, h->says), "%s %.60s: '%s' does not say '%s'", NAMES[h->kind], h->line, err.msg, h->says);
    cr_expect(h->kind == CHAT || strstr(err.msg, dir), "%s %.60s: '%s' does not name the file", NAMES[h->kind], h->line, err.msg);
    cr_expect(used < MEMORY_MAX_KIB, "%s %.60s: %ld KiB", NAMES[h->kind], h->line, used);
}

/* A sound file of each format, cut at each byte of its head, and with each byte of it inverted: the one is an error, the other
 * one or a model that can be read to its last byte. */
static void check_bytes(const char *path, size_t head, enum carat_err (*read)(const unsigned char *, size_t, struct err *))
{
    struct buf whole = BUF_INIT(1 << 22);
    struct err err = ERR_INIT;
    cr_assert_eq(file_read(path, 1 << 22, &whole, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(read((const unsigned char *)whole.p, whole.n, &err), CARAT_OK, "%s", err.msg);
    cr_assert_lt(head, whole.n);
    for (size_t n = 0; n < head; n++) {
        unsigned char *copy = malloc(n ? n : 1); /* a block of its own, so that ASan sees a read behind the end */
        memcpy(copy, whole.p, n);
        err = (struct err)ERR_INIT;
        cr_assert_neq(read(copy, n, &err), CARAT_OK, "%s cut at %zu", path, n);
        cr_assert(strstr(err.msg, "x.file"), "%s cut at %zu: %s", path, n, err.msg);
        free(copy);
    }
    for (size_t i = 0; i < head; i++) {
        whole.p[i] = (char)~whole.p[i];
        (void)read((const unsigned char *)whole.p, whole.n, &err);
        whole.p[i] = (char)~whole.p[i];
    }
    buf_release(&whole);
}

static unsigned long sum_tensors(const struct tensor_list *list)
{
    unsigned long sum = 0;
    for (size_t i = 0; i < list->n; i++)
        for (size_t b = 0; b < list->items[i].n_bytes; b++)
            sum += list->items[i].data[b];
    return sum;
}

static enum carat_err read_gguf(const unsigned char *data, size_t n, struct err *err)
{
    struct gguf g = GGUF_INIT;
    struct tensor_list tensors = TENSOR_LIST_INIT;
    struct model_config config;
    json_t *root = NULL;
    enum carat_err rc = gguf_read(data, n, "x.file", &g, &tensors, err);
    if (!rc)
        rc = tensor_list_sort(&tensors, err);
    if (!rc && sum_tensors(&tensors) == 0)
        rc = CARAT_EINPUT;
    if (!rc)
        rc = gguf_config(&g, &tensors, &root, err);
    if (!rc)
        rc = config_parse(root, "x.file", &config, err);
    json_decref(root);
    tensor_list_release(&tensors);
    gguf_release(&g);
    return rc;
}

static enum carat_err read_safetensors(const unsigned char *data, size_t n, struct err *err)
{
    struct tensor_list tensors = TENSOR_LIST_INIT;
    enum carat_err rc = safetensors_read(data, n, "x.file", &tensors, err);
    if (!rc && sum_tensors(&tensors) == 0)
        rc = CARAT_EINPUT;
    tensor_list_release(&tensors);
    return rc;
}

Test(hostile_files, every_byte_of_a_gguf_head, .timeout = 120)
{
    check_bytes(golden_path("engine/qwen2.q4_0.gguf"), 2100, read_gguf);
}

Test(hostile_files, every_byte_of_a_safetensors_head, .timeout = 120)
{
    check_bytes(golden_path("engine/falcon-7b-bf16/model.safetensors"), 1400, read_safetensors);
}
