/* test_autoclass.c - which class AutoTokenizer takes; every row was asked of transformers 5.23. */
#include <criterion/criterion.h>

#include "engine/tokenizer/autoclass.h"

static struct str text(const char *s) { return (struct str){s, s ? strlen(s) : 0}; }

Test(autoclass, is_the_one_that_transformers_takes)
{
    static const struct {
        const char *class, *model_type;
        bool byte_level;
        enum style style;
        bool unknown;
    } rows[] = {
        {NULL, NULL, false, STYLE_PLAIN, false},
        {NULL, "llama", false, STYLE_PLAIN, false},
        {NULL, "gemma2", false, STYLE_GEMMA, false},
        {NULL, "gpt2", true, STYLE_GPT2, false},
        {NULL, "falcon", true, STYLE_PLAIN, false},
        {"LlamaTokenizer", NULL, false, STYLE_LLAMA, false},
        {"LlamaTokenizerFast", "llama", false, STYLE_LLAMA, false},
        {"LlamaTokenizerFast", "llama", true, STYLE_PLAIN, false},
        {"LlamaTokenizer", "mistral", false, STYLE_PLAIN, false},
        {"LlamaTokenizer", "phi3", false, STYLE_PLAIN, false},
        {"LlamaTokenizer", "gemma", false, STYLE_LLAMA, false},
        {"PreTrainedTokenizerFast", "llama", true, STYLE_PLAIN, false},
        {"GPT2Tokenizer", "qwen2", true, STYLE_QWEN2, false},
        {"GPT2TokenizerFast", "qwen3", true, STYLE_GPT2, false},
        {"Qwen2Tokenizer", "qwen3", true, STYLE_QWEN2, false},
        {"GPT2Tokenizer", "stablelm", true, STYLE_PLAIN, false},
        {"GPTNeoXTokenizer", "gpt_neox", true, STYLE_NEOX, false},
        {"NewTokenizer", "llama", false, STYLE_PLAIN, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct autoclass a = {text(rows[i].class), text(rows[i].model_type), rows[i].byte_level};
        bool unknown;
        cr_expect_eq(autoclass_style(&a, &unknown), rows[i].style, "row %zu", i);
        cr_expect_eq(unknown, rows[i].unknown, "row %zu", i);
    }
}
