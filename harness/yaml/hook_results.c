/* hook_results.c - functions that score generated text (process_results): built-in tasks that judge the same way, and formulas
 * (hook_formula.h).
 *
 * The F1 of SQuAD's family: both texts are written in small letters, without punctuation and articles, and compared word by word.
 */
#include "hook_table.h"

/* SQuAD's own rules; the answer that is compared is the first. The library that does it there is transformers'. */
#define SQUAD(right)                                                                                                   \
    "{% macro plain(s) %}{{ ' '.join((s.lower()|regex_replace('[!-/:-@\\[-`{-~]', '')"                                \
    "|regex_replace('\\\\b(a|an|the)\\\\b', ' ')).split()) }}{% endmacro %}"                                           \
    "{% set g, p = plain(doc['answers']" right "), plain(resp) %}"                                                     \
    "{{ {'exact_match': 1 if g == p else 0, 'f1': overlap(p.split(), g.split()) if g and p else 1 if g == p else 0} }}"

/* MLQA's: articles are the language's, a pattern of the file's (`without`); the best of all answers counts. */
#define MLQA(digest, name, without)                                                                                    \
    {.sha256 = digest, .kind = HOOK_RESULTS, .what = "mlqa/utils." name, .metrics = " exact_match f1 ", .formula =      \
     "{% macro plain(s) %}{{ ' '.join((unpunct(s.lower())" without ").split()) }}{% endmacro %}"                        \
     "{% set p, em, f1 = plain(resp.strip()), [], [] %}{% for a in doc['answers'] %}{% set g = plain(a) %}"             \
     "{% set _ = em.append(1 if g == p else 0) %}{% set _ = f1.append(overlap(p.split(), g.split())) %}{% endfor %}"    \
     "{{ {'exact_match': em|max, 'f1': f1|max} }}"}

/* TruthfulQA's mc2: the right choices are those marked, or those before the first that is not. */
#define MARKED                                                                                                         \
    "{% set out = [] %}{% for l in doc['mc2_targets']['labels'] %}{% if l == 1 %}{% set _ = out.append(loop.index0) %}" \
    "{% endif %}{% endfor %}{{ out }}"
#define BEFORE_UNMARKED "{{ range(doc['mc2_targets']['labels'].index(0))|list }}"

const struct hook_row hook_results[] = {
    MLQA("bc15c65f801bc49c0ef24fc8174dc43bb857717833fa9c3790b9c66c004757a1",
         "process_results_ar", "|regex_replace(text[20], ' ')"),
    MLQA("f40798eb0c4a0fc97570b3729531f44a9141d61f75ef43851e8f2b51425ee39b",
         "process_results_de", "|regex_replace(text[17], ' ')"),
    MLQA("96def656571d6951eb8bb681508a0e9805f01e213c5aa65fcc64ba6356563bf6",
         "process_results_en", "|regex_replace(text[7], ' ')"),
    MLQA("c8ea884be8ad2a94cf88e05c42e6b42b9bdc70385567ac9ee1c3bf1f67442f54",
         "process_results_es", "|regex_replace(text[10], ' ')"),
    MLQA("3a858a141c118cbb6591b9fc9b2b4262855f47689c21479c5bf2aa33f1f0c44c",
         "process_results_hi", ""),
    MLQA("c4c24bd2d0fa2a932caa8bf68d6352176fc34a239d9acee69915d88cd1676d15",
         "process_results_vi", "|regex_replace(text[14], ' ')"),
    MLQA("776e82693a17610336b049ec152d2afe7e24cb6ffea6220030b7f3acdbaca99a",
         "process_results_zh", "|regex_replace('([一-龥])', ' \\\\1 ')"),
    {.sha256 = "7bf4eb27f02ebd390562b3814f1c93272d5d870ae8319ac4157533b32aee2fcf", .kind = HOOK_RESULTS,
     .what = "xquad/utils.process_results_qa", .metrics = " exact_match f1 ", .formula = SQUAD("['text'][0]")},
    {.sha256 = "14b567443779c7211478c3eff357cf1eb71b7f8c5e7e548f06083e1c4e796097", .kind = HOOK_RESULTS,
     .what = "noreval/norquad/utils.process_results", .metrics = " exact_match f1 ", .formula = SQUAD("['text'][0]")},
    {.sha256 = "7b2b51975f303aa37bd5851219e4afcf0cd1778fda5b3727cdf921f93b36315c", .kind = HOOK_RESULTS,
     .what = "catalan_bench/utils.process_results_qa", .metrics = " exact_match f1 ", .formula = SQUAD("[0]['text']")},
    {.sha256 = "08d3ace2a4c3527a9de7f0d65cb242dc67a085bf4972dc158a299f2873e50483", .kind = HOOK_RESULTS,
     .what = "agieval/utils.process_results", .metrics = " acc ", .builtin = "agieval_math"},
    {.sha256 = "a1e808e20da3e10eb3baaa8f203276ae963882daf168ce64e33d4cf77e528343", .kind = HOOK_RESULTS,
     .what = "hendrycks_math/utils.process_results", .metrics = " exact_match ", .builtin = "hendrycks_math"},
    {.sha256 = "ea298a0ac2f704414932dec3118f33d74cfed6a4e41e5124a087afad20a0b451", .kind = HOOK_RESULTS,
     .what = "minerva_math/utils.process_results", .metrics = " exact_match ", .builtin = "minerva_math", .left_out = " math_verify "},
    {.sha256 = "4bcb3f6ffb15beb989b7e070075a0ba8343d032d9487a21086d3bd0f876627e3", .kind = HOOK_RESULTS,
     .what = "babilong/common_utils.process_results", .metrics = " acc ", .formula =
     "{{ {'acc': 1 if doc.get('target', '').strip().lower() in resp.strip()|regex_replace(text[4], '\\n')|trim|lower else 0} }}"},
    {.sha256 = "3187586ecf5e5d6c1c649fb7164ccce0c92311fd3ab556784fbb9ad521d3a349", .kind = HOOK_CHOICE_MASS,
     .what = "okapi/truthfulqa_multilingual/utils.process_results_mc2", .metrics = " acc ", .formula = MARKED},
    {.sha256 = "9806a1b9783800120d469a46707373f83b51cf9ed32ffe33c9a476001a4302e1", .kind = HOOK_CHOICE_MASS,
     .what = "truthfulqa-multi/utils.process_results_mc2", .metrics = " acc ", .formula = BEFORE_UNMARKED},
    {.sha256 = "b8e8ca01cb3fa72840ea89c270d4d9df5b1ed43be0b89e6e06fb5c4c4c23ea08", .kind = HOOK_CHOICE_MASS,
     .what = "galician_bench/utils.process_results_mc2", .metrics = " acc ", .formula = BEFORE_UNMARKED},
    {.sha256 = "26655f8b9f44e0ac29ff84c0471261cc6ea9a5495512164c0f8bd81d85699fc4", .kind = HOOK_PROGRAM,
     .what = "humaneval/utils.pass_at_k", .param = "pass"},
    {.sha256 = "5f944fd7f0fb9cece42884daa5cc4e56fbe154dfb69a547929b185618f661339", .kind = HOOK_PROGRAM,
     .what = "mbpp/utils.pass_at_1", .param = "pass_at_1"},
    {.sha256 = "ce44403cc838b56aa5fe75cc840b3aa872ae9cfb7d884c7ad45018bd0514a925", .kind = HOOK_PREDICTION,
     .what = "humaneval/utils.build_predictions", .formula = "{{ doc['prompt'] + resp }}"},
    {.sha256 = "81cd605ced8e46a73bb7d9b9d9a1c0585cac518361e01bcef0183d2f8f2f9c06", .kind = HOOK_PREDICTION,
     .what = "humaneval/utils.build_predictions_instruct", .formula = "{{ doc['prompt'] + resp.split('```')[0] }}"},
    {.sha256 = "aafcd79c37824aabfdcafe0245d3721e28d0253af6d6fa8bc42997c63b476546", .kind = HOOK_PREDICTION,
     .what = "humaneval_infilling/utils.build_predictions", .formula = "{{ doc['prompt'] + resp + doc['suffix'] }}"},
    {.sha256 = "7f987a7cae5c8c481efe0d853a21776f910c7117b899f354fa7a88d4cbe7f1d1", .kind = HOOK_PREDICTION,
     .what = "mbpp/utils.build_predictions", .formula = /* the first block of code; the fence that begins it was in the prompt */
     "{% set block = '(?s)```(?:\\\\w+)?\\n?\\\\K.*?(?=\\n?```)' %}"
     "{% set found = findall(block, '```' + resp) or findall(block, resp.replace('```python', '```')) %}"
     "{{ found[0] if found else '' }}"},
    {.sha256 = "cf34c0c7ca6e13ad9f0182245d9f0fcb9e6e6a57eda6d427edec36229338cc1b", .kind = HOOK_FILTER,
     .what = "bbh/cot_zeroshot/utils.MultiChoiceRegexFilter", .param = "multi_choice_regex", .formula = /* "(A) this" */
     "{{ findall('\\\\([A-Z]\\\\)\\\\K[^\\n^(]*', doc['input']) }}"},
    {.sha256 = NULL},
};
