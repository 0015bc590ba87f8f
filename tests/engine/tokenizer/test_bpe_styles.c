/* test_bpe_styles.c - tokenizers in the styles of published ones (GPT-2, Llama 3, Qwen, Falcon, DeepSeek ...), small and
 * trained on texts of ours, beside what Hugging Face's tokenizers makes of random texts with them (make_bpe_goldens.py). */
#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "engine/engine.h"
#include "tests/support/support.h"

struct check {
    char style[64];
    struct carat_tokenizer *tok;
    size_t n, n_styles;
};

static void open_style(struct check *c, const char *style)
{
    char path[256];
    struct err err = ERR_INIT;
    if (!strcmp(c->style, style))
        return;
    carat_tokenizer_free(c->tok);
    snprintf(c->style, sizeof c->style, "%s", style);
    snprintf(path, sizeof path, "%s/%s/tokenizer.json", golden_path("tokenizer/bpe"), style);
    cr_assert_eq(carat_tokenizer_open(path, &c->tok, &err), CARAT_OK, "%s", err.msg);
    c->n_styles++;
}

static struct carat_ids list_of(const json_t *list)
{
    struct carat_ids ids = {NULL, 0, 0};
    for (size_t i = 0; i < json_array_size(list); i++)
        cr_assert_eq(carat_ids_push(&ids, (int32_t)json_integer_value(json_array_get(list, i))), CARAT_OK);
    return ids;
}

static void expect_decoded(const struct check *c, size_t line, const struct carat_ids *ids, struct str want)
{
    struct buf out = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;
    cr_assert_eq(carat_tokenizer_decode(c->tok, ids->ids, ids->n, 0, &out, &err), CARAT_OK, "%s", err.msg);
    cr_expect(str_eq(buf_str(&out), want), "line %zu, %s: the text differs: '%s'", line, c->style, out.p);
    buf_release(&out);
}

static void check_line(void *context, size_t line, const json_t *golden)
{
    struct check *c = context;
    struct str text, decoded;
    struct err err = ERR_INIT;
    open_style(c, json_string_value(json_object_get(golden, "style")));
    c->n++;
    cr_assert(json_get_str(golden, "text", &text));
    if (json_object_get(golden, "decode")) {
        struct carat_ids ids = list_of(json_object_get(golden, "decode"));
        expect_decoded(c, line, &ids, text);
        carat_ids_release(&ids);
        return;
    }
    struct carat_ids want = list_of(json_object_get(golden, "ids")), got = {NULL, 0, 0};
    unsigned flags = carat_tokenizer_info(c->tok)->adds_bos ? CARAT_TOK_BOS : 0;
    cr_assert_eq(carat_tokenizer_encode(c->tok, text, flags, &got, &err), CARAT_OK, "%s", err.msg);
    cr_expect(got.n == want.n && (!want.n || !memcmp(got.ids, want.ids, want.n * sizeof *want.ids)),
              "line %zu, %s: the ids differ", line, c->style);
    cr_assert(json_get_str(golden, "decoded", &decoded));
    expect_decoded(c, line, &want, decoded);
    carat_ids_release(&want);
    carat_ids_release(&got);
}

Test(bpe_styles, equal_the_reference, .timeout = 60)
{
    struct check c = {.tok = NULL};
    char path[256];
    snprintf(path, sizeof path, "%s", golden_path("tokenizer/bpe/goldens.jsonl"));
    each_json_line(path, check_line, &c);
    cr_assert_geq(c.n, 400);
    cr_assert_geq(c.n_styles, 19);
    carat_tokenizer_free(c.tok);
}

/* ---- in folders, as transformers' AutoTokenizer has them ------------------------------------------------- */

static void write_json(const char *dir, const char *name, const json_t *value)
{
    struct buf text = BUF_INIT(1 << 16);
    char *path = file_join(dir, name);
    cr_assert_eq(json_write(value, &text), CARAT_OK);
    cr_assert_eq(file_write(path, text.p, text.n, NULL), CARAT_OK);
    buf_release(&text);
    free(path);
}

static void make_folder(const char *dir, const json_t *golden)
{
    struct buf json = BUF_INIT(1 << 20);
    char from[256], *to = file_join(dir, "tokenizer.json");
    snprintf(from, sizeof from, "%s/%s/tokenizer.json", golden_path("tokenizer/bpe"),
             json_string_value(json_object_get(golden, "style")));
    cr_assert_eq(file_read(from, 1 << 20, &json, NULL), CARAT_OK);
    cr_assert_eq(file_write(to, json.p, json.n, NULL), CARAT_OK);
    write_json(dir, "tokenizer_config.json", json_object_get(golden, "config"));
    write_json(dir, "config.json", json_object_get(golden, "model"));
    buf_release(&json);
    free(to);
}

static void check_folder(void *context, size_t line, const json_t *golden)
{
    static const char *const texts[] = {"decoded", "plain"};
    const char *dir = context;
    struct carat_tokenizer *tok;
    struct carat_ids got = {NULL, 0, 0}, want = list_of(json_object_get(golden, "ids"));
    struct err err = ERR_INIT;
    struct str text;
    make_folder(dir, golden);
    cr_assert_eq(carat_tokenizer_open(dir, &tok, &err), CARAT_OK, "line %zu: %s", line, err.msg);
    cr_assert(json_get_str(golden, "text", &text));
    cr_assert_eq(carat_tokenizer_encode(tok, text, 0, &got, &err), CARAT_OK, "%s", err.msg);
    cr_expect(got.n == want.n && !memcmp(got.ids, want.ids, want.n * sizeof *want.ids), "line %zu: the ids differ", line);
    for (size_t i = 0; i < 2; i++) {
        struct buf out = BUF_INIT(1 << 20);
        cr_assert(json_get_str(golden, texts[i], &text));
        cr_assert_eq(carat_tokenizer_decode(tok, want.ids, want.n, i ? CARAT_TOK_SKIP_SPECIAL : 0, &out, &err), CARAT_OK);
        cr_expect(str_eq(buf_str(&out), text), "line %zu: %s: '%s'", line, texts[i], out.p);
        buf_release(&out);
    }
    carat_ids_release(&got);
    carat_ids_release(&want);
    carat_tokenizer_free(tok);
}

Test(bpe_styles, folders_equal_autotokenizer, .timeout = 60)
{
    char dir[1200], path[256];
    snprintf(dir, sizeof dir, "%s", temp_dir());
    snprintf(path, sizeof path, "%s", golden_path("tokenizer/bpe/folders.jsonl"));
    cr_assert_geq(each_json_line(path, check_folder, dir), 80);
    temp_remove(dir);
}
