#include "table.h"

#include "adapt.h"

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- the table --------------------------------------------------------------------------- */

#define SPLIT(name_, official_, partial_) {.name = (name_), .official = (official_), .partial = (partial_)}
#define SPLIT_RANGE(name_, official_, field_, from_, to_) \
    {.name = (name_), .official = (official_), .range = {(field_), (from_), (to_)}}
#define SPLITS(...)                                        \
    .splits = (const struct table_split[]){__VA_ARGS__},   \
    .n_splits = sizeof((const struct table_split[]){__VA_ARGS__}) / sizeof(struct table_split)
#define FIELDS(...) .fields = (const struct table_field[]){__VA_ARGS__, {.name = NULL}}

#define ARC_FOLDERS NAMES("arc", "arc/ARC-V1-Feb2018-2", "ARC-V1-Feb2018-2")

static const struct table_dataset datasets[] = {
    {
        .name = "agieval", /* the English sets of single choice */
        .folders = NAMES("agieval"),
        .hub = "agieval",
        .subsets = true,
        .dashes = true,
        SPLITS(SPLIT("few-shot", NAMES("data/few_shot_prompts.csv"), NULL), SPLIT("test", NAMES("data/v1/*.jsonl"), NULL)),
        .adapt = adapt_agieval,
        FIELDS({"query", TABLE_TEXT, 0, 0}, {"choices", TABLE_TEXTS, 2, 7}),
    },
    {
        .name = "agieval_gaokao_mathcloze",
        .folders = NAMES("agieval"),
        .hub = "agieval_gaokao_mathcloze",
        .source = "agieval",
        SPLITS(SPLIT("test", NAMES("data/v1/gaokao-mathcloze.jsonl"), NULL)),
        .adapt = adapt_agieval_zh,
        FIELDS({"query", TABLE_TEXT, 0, 0}, {"answer", TABLE_TEXT, 0, 0}),
    },
    {
        .name = "agieval_math",
        .folders = NAMES("agieval"),
        .hub = "agieval_math",
        .source = "agieval",
        SPLITS(SPLIT("test", NAMES("data/v1/math.jsonl"), NULL)),
        .adapt = adapt_agieval,
        FIELDS({"query", TABLE_TEXT, 0, 0}, {"answer", TABLE_TEXT, 0, 0}),
    },
    {
        .name = "arc_challenge",
        .folders = ARC_FOLDERS,
        .hub = "arc_challenge",
        .source = "arc",
        SPLITS(SPLIT("test", NAMES("ARC-Challenge/ARC-Challenge-Test.jsonl"), NULL),
               SPLIT("train", NAMES("ARC-Challenge/ARC-Challenge-Train.jsonl"), NULL),
               SPLIT("validation", NAMES("ARC-Challenge/ARC-Challenge-Dev.jsonl"), NAMES("ARC-Challenge/ARC-Challenge-Dev-first50.jsonl"))),
        .adapt = adapt_question,
        FIELDS({"id", TABLE_TEXT, 0, 0}, {"question", TABLE_TEXT, 0, 0}, {"choices", TABLE_CHOICES, 2, 8}, {"answerKey", TABLE_TEXT, 0, 0}),
        .id_field = "id",
    },
    {
        .name = "arc_easy",
        .folders = ARC_FOLDERS,
        .hub = "arc_easy",
        .source = "arc",
        SPLITS(SPLIT("test", NAMES("ARC-Easy/ARC-Easy-Test.jsonl"), NULL),
               SPLIT("train", NAMES("ARC-Easy/ARC-Easy-Train.jsonl"), NULL),
               SPLIT("validation", NAMES("ARC-Easy/ARC-Easy-Dev.jsonl"), NULL)),
        .adapt = adapt_question,
        FIELDS({"id", TABLE_TEXT, 0, 0}, {"question", TABLE_TEXT, 0, 0}, {"choices", TABLE_CHOICES, 2, 8}, {"answerKey", TABLE_TEXT, 0, 0}),
        .id_field = "id",
    },
    {
        .name = "bbh",
        .folders = NAMES("bbh"),
        .hub = "bbh",
        .subsets = true,
        SPLITS(SPLIT("cot-prompts", NAMES("cot-prompts/*.txt"), NULL), SPLIT("test", NAMES("bbh/*.json", "*.json"), NULL)),
        .adapt = adapt_none,
        FIELDS({"input", TABLE_TEXT, 0, 0}, {"target", TABLE_TEXT, 0, 0}),
    },
    {
        .name = "boolq",
        .folders = NAMES("boolq", "BoolQ", "boolq-superglue"),
        .hub = "boolq",
        SPLITS(SPLIT("train", NAMES("train.jsonl"), NULL), /* "dev" is the release's word for validation, "val" SuperGLUE's */
               SPLIT("validation", NAMES("dev.jsonl", "val.jsonl"), NULL)),
        .adapt = adapt_boolq,
        FIELDS({"question", TABLE_TEXT, 0, 0}, {"passage", TABLE_TEXT, 0, 0}, {"label", TABLE_INTEGER, 0, 1}),
    },
    {
        .name = "commonsenseqa",
        .folders = NAMES("commonsenseqa", "commonsense_qa"),
        .hub = "commonsense_qa",
        SPLITS(SPLIT("train", NAMES("train_rand_split.jsonl"), NAMES("train_rand_split-first200.jsonl")),
               SPLIT("validation", NAMES("dev_rand_split.jsonl"), NULL)),
        .adapt = adapt_question,
        FIELDS({"id", TABLE_TEXT, 0, 0}, {"question", TABLE_TEXT, 0, 0}, {"choices", TABLE_CHOICES, 5, 5}, {"answerKey", TABLE_TEXT, 0, 0}),
        .id_field = "id",
    },
    {
        .name = "gsm8k",
        .folders = NAMES("gsm8k"),
        .hub = "gsm8k",
        SPLITS(SPLIT("cot-shots", NAMES("gsm8k-cot.yaml"), NULL), SPLIT("test", NAMES("test.jsonl"), NULL),
               SPLIT("train", NAMES("train.jsonl"), NAMES("train-first1000.jsonl"))),
        .adapt = adapt_gsm8k,
        FIELDS({"question", TABLE_TEXT, 0, 0}, {"answer", TABLE_TEXT, 0, 0}),
    },
    {
        .name = "hellaswag",
        .folders = NAMES("hellaswag"),
        .hub = "hellaswag",
        SPLITS(SPLIT("test", NAMES("hellaswag_test.jsonl"), NULL), SPLIT("train", NAMES("hellaswag_train.jsonl"), NULL),
               SPLIT("validation", NAMES("hellaswag_val.jsonl"), NAMES("hellaswag_val-sample500.jsonl"))),
        .adapt = adapt_hellaswag,
        FIELDS({"activity_label", TABLE_TEXT, 0, 0}, {"ctx_a", TABLE_TEXT, 0, 0}, {"ctx_b", TABLE_TEXT, 0, 0},
               {"endings", TABLE_TEXTS, 4, 4}, {"label", TABLE_TEXT, 0, 0}),
    },
    {
        .name = "human-eval",
        .folders = NAMES("human-eval", "humaneval"),
        .hub = "humaneval",
        SPLITS(SPLIT("test", NAMES("HumanEval.jsonl.gz", "HumanEval.jsonl"), NULL)),
        .adapt = adapt_none,
        FIELDS({"task_id", TABLE_TEXT, 0, 0}, {"prompt", TABLE_TEXT, 0, 0}, {"canonical_solution", TABLE_TEXT, 0, 0},
               {"test", TABLE_TEXT, 0, 0}, {"entry_point", TABLE_TEXT, 0, 0}),
        .id_field = "task_id",
    },
    {
        .name = "mbpp", /* the Hub's "full"; its split "prompt" has 1 to 10, of which the reference shows 2, 3, 4 */
        .folders = NAMES("mbpp"),
        .hub = "mbpp",
        SPLITS(SPLIT_RANGE("prompt", NAMES("mbpp.jsonl"), "task_id", 2, 4),
               SPLIT_RANGE("test", NAMES("mbpp.jsonl"), "task_id", 11, 510),
               SPLIT_RANGE("train", NAMES("mbpp.jsonl"), "task_id", 601, 974),
               SPLIT_RANGE("validation", NAMES("mbpp.jsonl"), "task_id", 511, 600)),
        .adapt = adapt_none,
        FIELDS({"task_id", TABLE_INTEGER, 1, 974}, {"text", TABLE_TEXT, 0, 0}, {"code", TABLE_TEXT, 0, 0},
               {"test_list", TABLE_TEXTS, 3, 100}),
    },
    {
        .name = "minerva_math",
        .folders = NAMES("minerva_math", "MATH", "math", "math/MATH", "minerva_math/MATH"),
        .hub = "minerva_math",
        .subsets = true,
        .renamed = (const struct table_renamed[]){{"counting_and_prob", "counting_and_probability"},
                                                  {"num_theory", "number_theory"}, {"precalc", "precalculus"},
                                                  {NULL, NULL}},
        SPLITS(SPLIT("shots", NAMES("minerva-utils.py"), NULL), SPLIT("test", NAMES("test/*"), NULL),
               SPLIT("train", NAMES("train/*"), NULL)),
        .adapt = adapt_none,
        FIELDS({"problem", TABLE_TEXT, 0, 0}, {"solution", TABLE_TEXT, 0, 0}),
    },
    {
        .name = "mmlu",
        .folders = NAMES("mmlu", "mmlu/data", "data"), /* "data" is data.tar's own folder */
        .hub = "mmlu",
        .subsets = true,
        SPLITS(SPLIT("dev", NAMES("dev/*_dev.csv"), NULL), SPLIT("test", NAMES("test/*_test.csv"), NULL),
               SPLIT("validation", NAMES("val/*_val.csv"), NULL)),
        .adapt = adapt_mmlu,
        FIELDS({"question", TABLE_TEXT, 0, 0}, {"choices", TABLE_TEXTS, 4, 4}, {"answer", TABLE_INTEGER, 0, 3}),
    },
    {
        .name = "nq_open",
        .folders = NAMES("nq_open"),
        .hub = "nq_open",
        SPLITS(SPLIT("train", NAMES("NQ-open.train.jsonl"), NULL), SPLIT("validation", NAMES("NQ-open.dev.jsonl"), NULL)),
        .adapt = adapt_none,
        FIELDS({"question", TABLE_TEXT, 0, 0}, {"answer", TABLE_TEXTS, 1, 1000}),
    },
    {
        .name = "openbookqa",
        .folders = NAMES("openbookqa", "openbookqa/OpenBookQA-V1-Sep2018/Data", "OpenBookQA-V1-Sep2018/Data"),
        .hub = "openbookqa",
        SPLITS(SPLIT("test", NAMES("Main/test.jsonl"), NULL), SPLIT("train", NAMES("Main/train.jsonl"), NULL),
               SPLIT("validation", NAMES("Main/dev.jsonl"), NULL)),
        .adapt = adapt_question_stem,
        FIELDS({"id", TABLE_TEXT, 0, 0}, {"question_stem", TABLE_TEXT, 0, 0}, {"choices", TABLE_CHOICES, 4, 4}, {"answerKey", TABLE_TEXT, 0, 0}),
        .id_field = "id",
    },
    {
        .name = "piqa",
        .folders = NAMES("piqa"),
        .hub = "piqa",
        .labels = true,
        SPLITS(SPLIT("train", NAMES("train.jsonl"), NULL), SPLIT("validation", NAMES("valid.jsonl"), NULL)),
        .adapt = adapt_piqa,
        FIELDS({"goal", TABLE_TEXT, 0, 0}, {"sol1", TABLE_TEXT, 0, 0}, {"sol2", TABLE_TEXT, 0, 0},
               {"label", TABLE_INTEGER, 0, 1}),
    },
    {
        .name = "socialiqa",
        .folders = NAMES("socialiqa", "socialiqa/socialiqa-train-dev", "socialiqa-train-dev"),
        .hub = "siqa",
        .labels = true,
        SPLITS(SPLIT("train", NAMES("train.jsonl"), NULL), SPLIT("validation", NAMES("dev.jsonl"), NULL)),
        .adapt = adapt_siqa,
        FIELDS({"context", TABLE_TEXT, 0, 0}, {"question", TABLE_TEXT, 0, 0}, {"answerA", TABLE_TEXT, 0, 0},
               {"answerB", TABLE_TEXT, 0, 0}, {"answerC", TABLE_TEXT, 0, 0}, {"label", TABLE_TEXT, 0, 0}),
    },
    {
        .name = "triviaqa", /* the unfiltered release; the Hub copy that the reference reads is rc.nocontext */
        .folders = NAMES("triviaqa", "triviaqa/triviaqa-unfiltered", "triviaqa-unfiltered"),
        .hub = "triviaqa",
        SPLITS(SPLIT("train", NAMES("unfiltered-web-train.json"), NULL),
               SPLIT("validation", NAMES("unfiltered-web-dev.json"), NULL)),
        .adapt = adapt_triviaqa,
        FIELDS({"question", TABLE_TEXT, 0, 0}),
    },
    {
        .name = "winogrande", /* winogrande_xl: the five training sets are of five sizes, "xl" holds the others */
        .folders = NAMES("winogrande", "winogrande/winogrande_1.1", "winogrande_1.1"),
        .hub = "winogrande",
        .labels = true,
        SPLITS(SPLIT("train", NAMES("train_xl.jsonl"), NAMES("train_xs.jsonl")), SPLIT("validation", NAMES("dev.jsonl"), NULL)),
        .adapt = adapt_winogrande,
        FIELDS({"sentence", TABLE_TEXT, 0, 0}, {"option1", TABLE_TEXT, 0, 0}, {"option2", TABLE_TEXT, 0, 0},
               {"answer", TABLE_TEXT, 0, 0}),
    },
};

static const char *const names[] = {
    "agieval", "agieval_gaokao_mathcloze", "agieval_math", "arc_challenge", "arc_easy", "bbh", "boolq",
    "commonsenseqa", "gsm8k", "hellaswag", "human-eval", "mbpp", "minerva_math", "mmlu", "nq_open", "openbookqa", "piqa", "socialiqa",
    "triviaqa", "winogrande", NULL,
};

const struct table_dataset *table_find(const char *name)
{
    for (size_t i = 0; i < sizeof datasets / sizeof *datasets; i++)
        if (!strcmp(datasets[i].name, name))
            return &datasets[i];
    return NULL;
}

const char *const *table_names(void)
{
    return names;
}
