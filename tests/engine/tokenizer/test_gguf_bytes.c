/* test_gguf_bytes.c - byte-level tokenizers in a GGUF file give what their tokenizer.json gives. The files are written here, from
 * tests/goldens/tokenizer/bpe, as llama.cpp's converter writes them. */
#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "engine/engine.h"
#include "engine/tokenizer/vocab.h"
#include "tests/support/support.h"

/* ---- writing -------------------------------------------------------------------------------------- */

static void put_int(struct buf *b, uint64_t v, size_t size)
{
    for (size_t i = 0; i < size; i++)
        buf_addc(b, (char)(v >> 8 * i));
}

static void put_str(struct buf *b, struct str s)
{
    put_int(b, s.n, 8);
    buf_addstr(b, s);
}

static void put_key(struct buf *b, const char *key, uint32_t type)
{
    put_str(b, str_from(key));
    put_int(b, type, 4);
}

enum { U32 = 4, I32 = 5, TEXT = 8, ARRAY = 9 };

static void put_array(struct buf *b, const char *key, uint32_t of, size_t n)
{
    put_key(b, key, ARRAY);
    put_int(b, of, 4);
    put_int(b, n, 8);
}

static json_t *by_id(const json_t *root, size_t *n)
{
    json_t *pieces = json_array(), *id;
    const json_t *added = json_object_get(root, "added_tokens");
    const char *piece;
    *n = json_object_size(json_object_get(json_object_get(root, "model"), "vocab")) + json_array_size(added);
    for (size_t i = 0; i < *n; i++)
        json_array_append_new(pieces, json_null());
    for (size_t i = 0; i < json_array_size(added); i++)
        json_array_set(pieces, (size_t)json_integer_value(json_object_get(json_array_get(added, i), "id")),
                       json_object_get(json_array_get(added, i), "content"));
    json_object_foreach(json_object_get(json_object_get(root, "model"), "vocab"), piece, id)
        json_array_set_new(pieces, (size_t)json_integer_value(id), json_string(piece));
    while (*n && json_is_null(json_array_get(pieces, *n - 1))) /* added tokens that are pieces, too */
        json_array_remove(pieces, --*n);
    return pieces;
}

static int type_of(const json_t *root, size_t id)
{
    const json_t *added = json_object_get(root, "added_tokens");
    for (size_t i = 0; i < json_array_size(added); i++)
        if ((size_t)json_integer_value(json_object_get(json_array_get(added, i), "id")) == id)
            return json_is_true(json_object_get(json_array_get(added, i), "special")) ? 3 : 4;
    return 1;
}

static void put_merges(struct buf *b, const json_t *merges)
{
    put_array(b, "tokenizer.ggml.merges", TEXT, json_array_size(merges));
    for (size_t i = 0; i < json_array_size(merges); i++) {
        const json_t *merge = json_array_get(merges, i);
        char text[512];
        snprintf(text, sizeof text, "%s %s", json_string_value(json_array_get(merge, 0)),
                 json_string_value(json_array_get(merge, 1)));
        put_str(b, str_from(text));
    }
}

/* The tokenizer.json of a style as a GGUF file in `dir`; the path is the caller's to free. */
static char *write_gguf(const char *dir, const char *style, const char *pre)
{
    char path[256];
    json_t *root;
    struct err err = ERR_INIT;
    struct buf b = BUF_INIT(1 << 24);
    size_t n;
    snprintf(path, sizeof path, "%s/%s/tokenizer.json", golden_path("tokenizer/bpe"), style);
    cr_assert_eq(json_read_file(path, 1 << 24, &root, &err), CARAT_OK, "%s", err.msg);
    json_t *pieces = by_id(root, &n);
    buf_adds(&b, "GGUF");
    put_int(&b, 3, 4);
    put_int(&b, 0, 8);
    put_int(&b, 6, 8);
    put_key(&b, "tokenizer.ggml.model", TEXT);
    put_str(&b, STR("gpt2"));
    put_key(&b, "tokenizer.ggml.pre", TEXT);
    put_str(&b, str_from(pre));
    put_array(&b, "tokenizer.ggml.tokens", TEXT, n);
    for (size_t i = 0; i < n; i++)
        put_str(&b, str_from(json_string_value(json_array_get(pieces, i))));
    put_array(&b, "tokenizer.ggml.token_type", I32, n);
    for (size_t i = 0; i < n; i++)
        put_int(&b, (uint64_t)type_of(root, i), 4);
    put_merges(&b, json_object_get(json_object_get(root, "model"), "merges"));
    put_key(&b, "tokenizer.ggml.bos_token_id", U32);
    put_int(&b, 0, 4);
    char *out = file_join(dir, "vocab.gguf");
    cr_assert_eq(file_write(out, b.p, b.n, &err), CARAT_OK, "%s", err.msg);
    json_decref(pieces);
    json_decref(root);
    buf_release(&b);
    return out;
}

/* ---- comparing ------------------------------------------------------------------------------------------ */

struct pair {
    const char *style;
    struct carat_tokenizer *gguf, *json;
    size_t n;
};

/* GGUF has no word for an added token that strips, stands alone or is normalized. */
static bool has_added(struct str text)
{
    return str_find(text, STR("<|"), 0) >= 0 || str_find(text, STR("alone"), 0) >= 0 || str_find(text, STR("normal"), 0) >= 0;
}

static void compare(void *context, size_t line, const json_t *golden)
{
    struct pair *p = context;
    struct carat_ids a = {NULL, 0, 0}, b = {NULL, 0, 0};
    struct buf back = BUF_INIT(1 << 20), want = BUF_INIT(1 << 20);
    struct str text;
    cr_assert(json_get_str(golden, "text", &text));
    if (has_added(text))
        return;
    cr_assert_eq(carat_tokenizer_encode(p->gguf, text, 0, &a, NULL), CARAT_OK);
    cr_assert_eq(carat_tokenizer_encode(p->json, text, 0, &b, NULL), CARAT_OK);
    cr_expect(a.n == b.n && (!a.n || !memcmp(a.ids, b.ids, a.n * sizeof *a.ids)), "%s: line %zu", p->style, line);
    cr_assert_eq(carat_tokenizer_decode(p->gguf, a.ids, a.n, 0, &back, NULL), CARAT_OK);
    cr_assert_eq(carat_tokenizer_decode(p->json, b.ids, b.n, 0, &want, NULL), CARAT_OK);
    cr_expect(str_eq(buf_str(&back), buf_str(&want)), "%s: line %zu", p->style, line);
    p->n++;
    buf_release(&back);
    buf_release(&want);
    carat_ids_release(&a);
    carat_ids_release(&b);
}

Test(gguf_bytes, equal_their_tokenizer_json, .timeout = 60)
{
    static const struct {
        const char *style, *pre;
        bool adds_bos;
    } rows[] = {
        {"gpt2", "gpt-2", false},  {"gpt2", "default", false},   {"llama3", "llama-bpe", true}, {"qwen2", "qwen2", false},
        {"falcon", "falcon", false}, {"starcoder", "starcoder", false}, {"neox", "olmo", false}, {"cased", "gpt-4o", false},
        {"deepseek", "deepseek-v3", false}, {"bloom", "bloom", false},
    };
    const char *dir = temp_dir();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pair p = {.style = rows[i].style};
        struct err err = ERR_INIT;
        char json[256], goldens[256], *gguf = write_gguf(dir, rows[i].style, rows[i].pre);
        snprintf(json, sizeof json, "%s/%s/tokenizer.json", golden_path("tokenizer/bpe"), rows[i].style);
        snprintf(goldens, sizeof goldens, "%s", golden_path("tokenizer/bpe/goldens.jsonl"));
        cr_assert_eq(carat_tokenizer_open(gguf, &p.gguf, &err), CARAT_OK, "%s", err.msg);
        cr_assert_eq(carat_tokenizer_open(json, &p.json, &err), CARAT_OK, "%s", err.msg);
        cr_expect_eq(carat_tokenizer_info(p.gguf)->adds_bos, rows[i].adds_bos, "%s", rows[i].style);
        cr_expect_str_eq(carat_tokenizer_info(p.gguf)->kind, "gguf-byte-level-bpe");
        each_json_line(goldens, compare, &p);
        cr_expect_gt(p.n, 200);
        carat_tokenizer_free(p.gguf);
        carat_tokenizer_free(p.json);
        free(gguf);
    }
    temp_remove(dir);
}

Test(gguf_bytes, an_unknown_cut_is_refused_by_name)
{
    struct carat_tokenizer *tok;
    struct err err = ERR_INIT;
    const char *dir = temp_dir();
    char *path = write_gguf(dir, "gpt2", "new-words");
    cr_assert_eq(carat_tokenizer_open(path, &tok, &err), CARAT_EUNSUPPORTED);
    cr_assert(strstr(err.msg, "tokenizer.ggml.pre 'new-words' is not known"), "%s", err.msg);
    free(path);
    temp_remove(dir);
}
