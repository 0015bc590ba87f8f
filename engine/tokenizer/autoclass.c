/* autoclass.c - AutoTokenizer.from_pretrained()'s choice, of what a text model's folder can lead to:
 *
 *   1. LlamaTokenizer is named, and tokenizer.json is byte-level (Llama 3, DeepSeek): as it is written.
 *   2. Another class is named than the one registered for the model's type: the named one, if it is one that builds its
 *      own pipeline and the registered one does, too; the registered one for types known to be named wrongly; in all
 *      other cases tokenizer.json as it is written (Mistral, which names LlamaTokenizer).
 *   3. The named class; where none is named, the registered one; where none is registered, as it is written.
 *
 * A class and its "Fast" are one.
 */
#include "autoclass.h"

static const struct {
    const char *name;
    enum style style;
} classes[] = {
    {"BloomTokenizer", STYLE_PLAIN}, {"GPT2Tokenizer", STYLE_GPT2},       {"GPTNeoXTokenizer", STYLE_NEOX},
    {"GemmaTokenizer", STYLE_GEMMA}, {"LlamaTokenizer", STYLE_LLAMA},     {"PreTrainedTokenizer", STYLE_PLAIN},
    {"PythonBackend", STYLE_PLAIN},  {"Qwen2Tokenizer", STYLE_QWEN2},     {"TokenizersBackend", STYLE_PLAIN},
};

/* The class registered for a type of model; the types that are not here have none, or one that carat does not know. */
static const struct {
    const char *model_type;
    enum style style;
    bool named_wrongly; /* the registered class wins over a named one */
} families[] = {
    {"codegen", STYLE_GPT2, false},      {"dbrx", STYLE_GPT2, false},         {"falcon_mamba", STYLE_NEOX, false},
    {"gemma", STYLE_GEMMA, false},       {"gemma2", STYLE_GEMMA, false},      {"gemma3", STYLE_GEMMA, false},
    {"gemma3_text", STYLE_GEMMA, false}, {"gemma3n", STYLE_GEMMA, false},     {"gemma3n_text", STYLE_GEMMA, false},
    {"gpt2", STYLE_GPT2, false},         {"gpt_bigcode", STYLE_PLAIN, false}, {"gpt_neo", STYLE_GPT2, false},
    {"gpt_neox", STYLE_NEOX, false},     {"gptj", STYLE_GPT2, false},         {"granite", STYLE_PLAIN, false},
    {"jais2", STYLE_GPT2, false},        {"mamba", STYLE_NEOX, false},        {"mamba2", STYLE_NEOX, false},
    {"mistral", STYLE_PLAIN, false},     {"mixtral", STYLE_PLAIN, false},     {"mpt", STYLE_NEOX, false},
    {"nemotron", STYLE_PLAIN, true},     {"olmo", STYLE_NEOX, false},         {"olmo2", STYLE_PLAIN, false},
    {"olmo3", STYLE_PLAIN, false},       {"olmoe", STYLE_NEOX, false},        {"opt", STYLE_GPT2, false},
    {"persimmon", STYLE_PLAIN, false},   {"phi", STYLE_GPT2, false},          {"phi3", STYLE_PLAIN, true},
    {"phimoe", STYLE_PLAIN, true},       {"qwen2", STYLE_QWEN2, true},        {"qwen2_moe", STYLE_QWEN2, false},
    {"qwen3", STYLE_QWEN2, false},       {"qwen3_moe", STYLE_QWEN2, false},   {"qwen3_next", STYLE_QWEN2, false},
    {"recurrent_gemma", STYLE_GEMMA, false}, {"rwkv", STYLE_NEOX, false},     {"stablelm", STYLE_PLAIN, false},
    {"starcoder2", STYLE_GPT2, false},   {"xlstm", STYLE_NEOX, false},
};
enum { N_CLASSES = sizeof classes / sizeof *classes, N_FAMILIES = sizeof families / sizeof *families };

/* The name's row without a "Fast" at its end, or N_CLASSES. */
static size_t class_row(struct str name)
{
    size_t i = 0;
    if (str_ends(name, STR("Fast")))
        name.n -= 4;
    while (i < N_CLASSES && !str_eq(name, str_from(classes[i].name)))
        i++;
    return i;
}

static size_t family_row(struct str model_type)
{
    size_t i = 0;
    while (i < N_FAMILIES && !(model_type.p && str_eq(model_type, str_from(families[i].model_type))))
        i++;
    return i;
}

enum style autoclass_style(const struct autoclass *a, bool *unknown)
{
    const size_t class = a->class.p ? class_row(a->class) : N_CLASSES, family = family_row(a->model_type);
    const enum style named = class < N_CLASSES ? classes[class].style : STYLE_PLAIN;
    const enum style registered = family < N_FAMILIES ? families[family].style : STYLE_PLAIN;
    const bool wrongly = family < N_FAMILIES && families[family].named_wrongly;
    *unknown = false;
    if (!a->class.p)
        return registered;
    if (named == STYLE_LLAMA && a->byte_level && !wrongly)
        return STYLE_PLAIN;
    if (family < N_FAMILIES && registered != named) {
        if (registered == STYLE_PLAIN)
            return STYLE_PLAIN;
        if (wrongly)
            return registered;
    }
    *unknown = class == N_CLASSES;
    return named;
}
