/* Published scores: data, a table a source. */
#include "published.h"

/* Table 6 of "Gemma: Open Models Based on Gemini Research and Technology", arXiv 2403.08295, in its last version.
 * LLaMA 2 from Touvron et al. 2023; Mistral 7B from Jiang et al. 2023, but for SIQA, BoolQ, CQA, MBPP, GSM8K,
 * AGIEval and BBH, which the report's authors ran. Titles are carat's, so that a benchmark has one name in a table. */
static const char *const gemma_models[] = {"LLaMA 2 7B", "LLaMA 2 13B", "Mistral 7B", "Gemma 2B", "Gemma 7B"};
static const struct published_row gemma_rows[] = {
    {"mmlu", "MMLU", 5, "top-1", {45.3, 54.8, 62.5, 42.3, 64.3}},
    {"hellaswag", "HellaSwag", 0, "", {77.2, 80.7, 81.0, 71.4, 81.2}},
    {"piqa", "PIQA", 0, "", {78.8, 80.5, 82.2, 77.3, 81.2}},
    {"social_iqa", "SIQA", 0, "", {48.3, 50.3, 47.0, 49.7, 51.8}},
    {"boolq", "BoolQ", 0, "", {77.4, 81.7, 83.2, 69.4, 83.2}},
    {"winogrande", "WinoGrande", -1, "partial", {69.2, 72.8, 74.2, 65.4, 72.3}},
    {"commonsense_qa", "CommonsenseQA", 7, "", {57.8, 67.3, 66.3, 65.3, 71.3}},
    {"openbookqa", "OpenBookQA", -1, "", {58.6, 57.0, 52.2, 47.8, 52.8}},
    {"arc_easy", "ARC-e", -1, "", {75.2, 77.3, 80.5, 73.2, 81.5}},
    {"arc_challenge", "ARC-c", -1, "", {45.9, 49.4, 54.9, 42.1, 53.2}},
    {"triviaqa", "TriviaQA", 5, "", {72.1, 79.6, 62.5, 53.2, 63.4}},
    {"nq_open", "NQ", 5, "", {25.7, 31.2, 23.2, 12.5, 23.0}},
    {"humaneval", "HumanEval", -1, "pass@1", {12.8, 18.3, 26.2, 22.0, 32.3}},
    {"mbpp", "MBPP", 3, "", {20.8, 30.6, 40.2, 29.2, 44.4}},
    {"gsm8k", "GSM8K", -1, "maj@1", {14.6, 28.7, 35.4, 17.7, 46.4}},
    {"minerva_math", "MATH", 4, "", {2.5, 3.9, 12.7, 11.8, 24.3}},
    {"agieval", "AGIEval", -1, "", {29.3, 39.1, 41.2, 24.2, 41.7}},
    {"bbh", "BBH", -1, "", {32.6, 39.4, 56.1, 35.2, 55.1}},
};

static const struct published table[] = {
    {.name = "gemma-2024",
     .source = "Gemma report (arXiv 2403.08295), Table 6",
     .models = gemma_models,
     .n_models = sizeof gemma_models / sizeof *gemma_models,
     .rows = gemma_rows,
     .n_rows = sizeof gemma_rows / sizeof *gemma_rows},
};
#define N_PUBLISHED (sizeof table / sizeof *table)

const struct published *published_at(size_t i) { return i < N_PUBLISHED ? &table[i] : NULL; }

enum carat_err published_find(const char *name, const struct published **out, struct err *err)
{
    struct buf names = BUF_INIT(1 << 12);
    for (size_t i = 0; i < N_PUBLISHED; i++) {
        if (strcmp(table[i].name, name) == 0) {
            buf_release(&names);
            *out = &table[i];
            return CARAT_OK;
        }
        buf_printf(&names, " %s", table[i].name);
    }
    err_set(err, CARAT_EUSAGE, "no published figures are called '%s'", name);
    err_hint(err, "there are:%s", buf_str(&names).p);
    buf_release(&names);
    return CARAT_EUSAGE;
}
