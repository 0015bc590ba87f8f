/* Conversations as checkpoints want them written: the fixtures' renderings, byte for byte, through the command line. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/process.h"
#include "tests/support/support.h"

struct check {
    const struct ran *ran;
    size_t at;          /* in ran->out */
    size_t n, n_errors;
};

static void compare(void *context, size_t line, const json_t *golden)
{
    struct check *c = context;
    const char *text = c->ran->out + c->at;
    size_t n = strcspn(text, "\n");
    json_t *got;
    struct err err = ERR_INIT;
    cr_assert_eq(json_read((struct str){text, n}, "out", line, &got, &err), CARAT_OK, "%s", err.msg);
    c->at += n + 1;
    c->n++;
    if (json_object_get(golden, "error")) {
        c->n_errors++;
        cr_assert_str_eq(json_string_value(json_object_get(got, "error")),
                         json_string_value(json_object_get(golden, "error")), "line %zu", line);
    } else {
        cr_assert(json_equal(json_object_get(got, "text"), json_object_get(golden, "rendered")), "line %zu: %.*s", line,
                  (int)n, text);
        cr_assert(json_equal(json_object_get(got, "ids"), json_object_get(golden, "ids")), "line %zu: ids", line);
    }
    json_decref(got);
}

Test(e2e_chat, renderings_equal_the_reference, .timeout = 120)
{
    static const struct {
        const char *family, *tokenizer;
    } families[] = {
        {"gemma", "gemma"}, {"gemma3", "gemma3"}, {"llama2", "llama"}, {"mistral-v1", "mistral"}, {"mistral-v3", "mistral"}};
    SHARED_OR_SKIP(fixtures, "fixtures");
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        char template[1200], goldens[1200], tokenizer[1200];
        snprintf(template, sizeof template, "%s/chat/%s.jinja", fixtures, families[i].family);
        snprintf(goldens, sizeof goldens, "%s/chat/%s.jsonl", fixtures, families[i].family);
        snprintf(tokenizer, sizeof tokenizer, "%s/tokenizers/%s", fixtures, families[i].tokenizer);
        struct buf input = BUF_INIT(1 << 24);
        cr_assert_eq(file_read(goldens, 1 << 24, &input, NULL), CARAT_OK);
        struct ran r = run_carat(input.p, "tokenize", "--tokenizer", tokenizer, "--chat-template", template);
        struct check c = {.ran = &r};
        each_json_line(goldens, compare, &c);
        cr_assert_eq(r.status, c.n_errors ? 3 : 0, "%s", r.err);
        printf("  %-10s %zu conversations equal, %zu of them refused by the template\n", families[i].family, c.n, c.n_errors);
        buf_release(&input);
        ran_release(&r);
    }
}

/* A folder whose files name no special token: the class's own names stand for them; tools and documents are none, and the
 * date is there. */
Test(e2e_chat, templates_see_what_transformers_shows_them)
{
    static const struct str template = STR("{{ bos_token }}{{ eos_token }}{{ tools is none }}{{ documents is none }}"
                                           "{% if strftime_now is defined %}{{ strftime_now('%d %b %Y') }}{% endif %}"
                                           "{{ messages[-1].content }}{% if not add_generation_prompt %}<end>{% endif %}");
    SHARED_OR_SKIP(json, "fixtures/tokenizers/llama/tokenizer.json");
    const char *dir = temp_dir();
    char *copy = file_join(dir, "tokenizer.json"), *config = file_join(dir, "tokenizer_config.json");
    char *jinja = file_join(dir, "t.jinja");
    struct buf data = BUF_INIT(1 << 24);
    static const struct str class = STR("{\"tokenizer_class\": \"LlamaTokenizer\"}");
    cr_assert_eq(file_read(json, 1 << 24, &data, NULL), CARAT_OK);
    cr_assert_eq(file_write(copy, data.p, data.n, NULL), CARAT_OK);
    cr_assert_eq(file_write(config, class.p, class.n, NULL), CARAT_OK);
    cr_assert_eq(file_write(jinja, template.p, template.n, NULL), CARAT_OK);
    setenv("SOURCE_DATE_EPOCH", "86400", 1);
    struct ran r = run_carat("{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}]}\n"
                             "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}], \"continue_final_message\": true}\n",
                             "tokenize", "--tokenizer", dir, "--chat-template", jinja);
    expect_status(r, 0);
    cr_assert(strstr(r.out, "\"text\":\"<s></s>TrueTrue02 Jan 1970hi<end>\""), "%s", r.out);
    cr_assert(strstr(r.out, "\"text\":\"<s></s>TrueTrue02 Jan 1970hi\""), "%s", r.out);
    ran_release(&r);
    buf_release(&data);
    free(copy);
    free(config);
    free(jinja);
    temp_remove(dir);
}

Test(e2e_chat, a_checkpoint_without_a_template_says_so)
{
    struct ran r = run_carat("{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}]}\n", "generate", "-m", "demo:late");
    expect_status(r, 3);
    cr_assert(strstr(r.out, "no chat template"), "%s", r.out);
    ran_release(&r);
}
