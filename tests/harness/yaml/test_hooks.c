#include <criterion/criterion.h>
#include <stdlib.h>

#include "harness/yaml/hook_rows.h"
#include "tests/support/support.h"

/* What a hook makes of a row, as compact JSON; "null": it drops the row. */
static void expect(hook_fn *run, const struct hook_call *call, const char *row, const char *wanted)
{
    json_t *value = NULL, *out = NULL;
    struct err err = ERR_INIT;
    struct buf got = BUF_INIT(1 << 16);
    cr_assert_eq(json_read(str_from(row), "row", 0, &value, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(run(call, value, &out, &err), CARAT_OK, "%s", err.msg);
    if (out)
        cr_assert_eq(json_write(out, &got), CARAT_OK);
    cr_expect_str_eq(got.p ? got.p : "null", wanted, "%s", got.p);
    json_decref(value);
    json_decref(out);
    buf_release(&got);
}

Test(yaml_hooks, hellaswag_cleans_its_texts)
{
    static const struct hook_call call = {.name = "process_docs"};
    expect(hook_hellaswag, &call,
           "{\"activity_label\": \"Ice\", \"ctx_a\": \"A  b   c [x] d.\", \"ctx_b\": \"HE\", \"endings\": [\" a [title] b \", \"[no\"],"
           " \"label\": \"1\"}",
           "{\"activity_label\":\"Ice\",\"ctx_a\":\"A  b   c [x] d.\",\"ctx_b\":\"HE\",\"endings\":[\" a [title] b \",\"[no\"],"
           "\"label\":\"1\",\"query\":\"Ice: A b  c d. He\",\"choices\":[\"a. b\",\"[no\"],\"gold\":1}");
}

Test(yaml_hooks, winogrande_gives_contexts_and_their_ending)
{
    static const struct hook_call call = {.name = "x"};
    static const char row[] = "{\"sentence\": \"The _ is big. \", \"option1\": \"cat\", \"option2\": \"ox\", \"answer\": \"2\"}";
    expect(hook_winogrande_text, &call, row, "1");
    expect(hook_winogrande_target, &call, row, "\"is big.\"");
    expect(hook_winogrande_choice, &call, row, "[\"The cat\",\"The ox\"]");
}

Test(yaml_hooks, filters_keep_the_rows_that_their_names_or_keywords_mean)
{
    json_t *args = json_pack("{s:s}", "subject", "computer science");
    json_t *constants = json_pack("{s:[s, s]}", "CATEGORIES", "STEM", "Social Sciences");
    const struct hook_call by_keyword = {.name = "p", .args = args};
    const struct hook_call by_name = {.name = "process_social_sciences", .constants = constants};
    expect(hook_filter_category, &by_keyword, "{\"category\": \"law\"}", "null");
    expect(hook_filter_category, &by_keyword, "{\"category\": \"computer science\"}", "{\"category\":\"computer science\"}");
    expect(hook_filter_categories, &by_name, "{\"subject_category\": \"STEM\"}", "null");
    expect(hook_filter_categories, &by_name, "{\"subject_category\": \"Social Sciences\"}",
           "{\"subject_category\":\"Social Sciences\"}");
    json_decref(args);
    json_decref(constants);
}

Test(yaml_hooks, filters_know_subjects_by_a_file_a_domain_or_a_prefix)
{
    json_t *constants = json_pack("{s:[s, s]}", "CATEGORIES", "STEM", "Business & Commerce");
    json_t *args = json_pack("{s:s}", "subtask", "law");
    const struct hook_call domain = {.name = "process_business_commerce", .constants = constants};
    const struct hook_call subtask = {.name = "p", .args = args, .param = "mmlu_xx_chat."}, file = {.name = "process_world_law"};
    expect(hook_filter_domain, &domain, "{\"domain\": \"STEM\"}", "null");
    expect(hook_filter_domain, &domain, "{\"domain\": \"Business & Commerce\"}", "{\"domain\":\"Business & Commerce\"}");
    expect(hook_filter_subtask, &subtask, "{\"subtask_name\": \"mmlu_xx_chat.law\"}", "{\"subtask_name\":\"mmlu_xx_chat.law\"}");
    expect(hook_filter_subtask, &subtask, "{\"subtask_name\": \"mmlu_xx_chat.laws\"}", "null");
    expect(hook_filter_file_subject, &file, "{\"Subject\": \"world_law_test.csv_de.csv\"}",
           "{\"Subject\":\"world_law_test.csv_de.csv\"}");
    expect(hook_filter_file_subject, &file, "{\"Subject\": \"world_law-2\"}", "null");
    expect(hook_filter_file_subject, &file, "{\"Subject\": 3}", "null");
    json_decref(args);
    json_decref(constants);
}

Test(yaml_hooks, a_label_has_a_word_and_a_language_its_headings)
{
    json_t *constants = json_pack("{s:i, s:[s, s], s:{s:[s, s, s, s, s]}}", "max_opt_num", 2, "choices", "A", "B", "LANG_LIBS", "xx",
                                  "Q>", "O>", "Ans:", "", "A:");
    json_t *without = json_pack("{s:b}", "including_answer", 0);
    const struct hook_call words = {.name = "doc_to_target", .param = "yes|no"};
    struct hook_call prox = {.name = "fewshot_to_text", .constants = constants, .folder = "xx"};
    static const char row[] = "{\"question\": \"Who?\", \"option_0\": null, \"option_1\": \"he\", \"cot_content\": \"A: him\"}";
    expect(hook_label_word, &words, "{\"label\": 0}", "\"yes\"");
    expect(hook_label_word, &words, "{\"label\": 1}", "\"no\"");
    expect(hook_prox_text, &prox, row, "\"Q>\\nWho?\\nO>\\nB. he\\nAns: him\\n\\n\"");
    prox.args = without;
    expect(hook_prox_text, &prox, row, "\"Q>\\nWho?\\nO>\\nB. he\\nAns:\"");
    json_decref(constants);
    json_decref(without);
}

Test(yaml_hooks, a_prompts_wording_is_read_from_the_functions_own_texts)
{
    json_t *format = json_pack("[s]", "On {subject}: {question} {choice1}/{choice2}"), *constants = json_object();
    json_t *acva = json_pack("[s, s, s, s, s, s, s]", "question", "answer", "query", "S: {question}\nA:", "choices", "si", "no");
    json_t *mmlu = json_pack("[s, s, s, s, s, s, s, s, s, s, s]", "subject", "About {topic.replace('_', ' ')}.\n", "A", "B", "C", "D",
                             "answer", "", "", "", "Answer:");
    const struct hook_call prompt = {.name = "doc_to_text", .literals = format}, words = {.name = "process_docs", .literals = acva};
    const struct hook_call headed = {.name = "process_docs", .literals = mmlu, .constants = constants};
    cr_assert_eq(json_object_set_new(constants, "LETTER_INDICES_AR", json_pack("[s, s, s, s, s]", "a", "b", "g", "d", "h")), 0);
    expect(hook_format_text, &prompt, "{\"subject\": \"ice\", \"question\": \"{Is}?\", \"choices\": \"['x', 'y']\"}",
           "\"On ice: {Is}? x/y\"");
    expect(hook_listed_choices, &prompt, "{\"choices\": \"['x', \\\"y\\\"]\"}", "[\"x\",\"y\"]");
    expect(hook_true_or_false, &words, "{\"question\": \"q\", \"answer\": \"no\"}",
           "{\"question\":\"q\",\"answer\":\"no\",\"query\":\"S: q\\nA:\",\"choices\":[\"si\",\"no\"],\"gold\":1}");
    expect(hook_arabic_mmlu, &headed,
           "{\"subject\": \"a_b\", \"question\": \"q\", \"answer\": \"C\", \"A\": \"1\", \"B\": \"2\", \"C\": \"3\", \"D\": \"4\"}",
           "{\"subject\":\"a_b\",\"question\":\"q\",\"answer\":\"C\",\"A\":\"1\",\"B\":\"2\",\"C\":\"3\",\"D\":\"4\","
           "\"query\":\"About a b.\\nq\\na. 1\\nb. 2\\ng. 3\\nd. 4\\nAnswer:\",\"choices\":[\"a\",\"b\",\"g\",\"d\"],\"gold\":2}");
    json_decref(format);
    json_decref(constants);
    json_decref(acva);
    json_decref(mmlu);
}

Test(yaml_hooks, a_prompts_wording_is_read_from_the_files_constants)
{
    json_t *constants = json_pack("{s:s, s:[s, s], s:{s:s}}", "PROMPT", "On {}: {}\n{}\nIt is", "LABELS", "A.", "B.", "subjects_gr",
                                  "Law", "laws");
    const struct hook_call call = {.name = "doc_to_text", .constants = constants};
    static const char row[] = "{\"subject\": \"Law\", \"question\": \"Who?\", \"choices\": [\"he\", \"she\"]}";
    expect(hook_greek_text, &call, row, "\"On laws: Who?\\nA. he\\nB. she\\nIt is\"");
    expect(hook_lettered_choice, &call, row, "[\"A\",\"B\"]");
    json_decref(constants);
}

Test(yaml_hooks, a_function_that_is_not_known_is_refused_by_name_and_digest)
{
    const char *dir = temp_dir();
    struct err err = ERR_INIT;
    struct hook *hook;
    char *path = file_join(dir, "utils.py");
    static const char python[] = "def f(doc):\n    return doc['q']\n";
    cr_assert_eq(file_write(path, python, strlen(python), NULL), CARAT_OK);
    json_t *function = json_pack("{s:s, s:s}", "!function", "utils.f", "dir", dir);
    cr_expect_eq(hook_new(function, "doc_to_text", HOOK_VALUE, &hook, &err), CARAT_EUNSUPPORTED);
    cr_expect(strstr(err.msg, "doc_to_text: the Python function 'utils.f'") && strstr(err.msg, "digest is "), "%s", err.msg);
    json_decref(function);
    free(path);
    temp_remove(dir);
}

Test(yaml_hooks, a_translations_prompt_is_the_functions_f_strings)
{
    json_t *constants = json_pack("{s:{s:s}}", "languages", "xx", "Xish");
    json_t *literals = json_pack("[s, s, s, s, s]", "translation", "French", "From {languages[source_key]} ", "to {source_lang}: {source_sentence} ", "{source_lang}: ");
    const struct hook_call forth = {.name = "f", .constants = constants, .literals = literals};
    const struct hook_call back = {.name = "f", .constants = constants, .literals = literals, .param = "reverse"};
    static const char row[] = "{\"translation\": {\"xx\": \"{ab}\", \"fr\": \"cd\"}}";
    expect(hook_mafand_text, &forth, row, "\"From Xish to French: {ab} French: \"");
    expect(hook_mafand_text, &back, row, "\"From Xish to French: cd French: \"");
    expect(hook_mafand_target, &forth, row, "\"cd\"");
    expect(hook_mafand_target, &back, row, "\"{ab}\"");
    json_decref(constants);
    json_decref(literals);
}
