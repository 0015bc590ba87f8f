/* hook_rows.h - the functions of hook_table.c. Private to the folder. */
#ifndef CARAT_YAML_HOOK_ROWS_H
#define CARAT_YAML_HOOK_ROWS_H

#include "hooks.h"

/* A row's text by name; false: it has none. */
bool hook_text(const json_t *row, const char *name, struct str *out);
/* The i-th text of the function itself; {NULL, 0}: it has none. */
struct str hook_literal(const struct hook_call *call, size_t i);
/* What Python's KeyError says. */
enum carat_err hook_no_field(const char *name, struct err *err);

/* The row with `columns`, an object that is taken over, put over it. */
enum carat_err hook_put_over(const json_t *row, json_t *columns, json_t **out, struct err *err);
/* HellaSwag's preprocess(): strip, " [title]" to ". ", brackets away, two blanks to one, once through. */
enum carat_err hook_clean(struct str s, struct buf *out, struct err *err);

/* process_docs (hook_rows.c) */
hook_fn hook_filter_category, hook_filter_categories, hook_filter_subjects, hook_filter_targets, hook_filter_answered;
hook_fn hook_filter_domain, hook_filter_subtask, hook_filter_file_subject;
hook_fn hook_true_or_false, hook_arabic_mmlu, hook_builtin_answer;
hook_fn hook_hellaswag, hook_okapi_arc, hook_tmmluplus, hook_tmlu, hook_mmlusr, hook_truthfulqa;

/* doc_to_text, doc_to_target, doc_to_choice (hook_values.c) */
hook_fn hook_winogrande_text, hook_winogrande_target, hook_winogrande_choice;
hook_fn hook_lettered_choice, hook_darija_text, hook_egyptian_text, hook_greek_text, hook_arabic_text, hook_arabic_choice;
hook_fn hook_cot_text, hook_cot_target, hook_prox_text, hook_label_word, hook_format_text, hook_listed_choices;

/* of translation tasks (hook_mt.c) */
hook_fn hook_mafand_text, hook_mafand_target;

#endif
