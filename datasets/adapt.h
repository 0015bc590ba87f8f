/* adapt.h - how each dataset's rows become those of the Hub copy, which is what the reference harness's tasks see.
 *
 * Each takes a row of the official files or of the Hub copy and gives the latter (a new reference), as
 * table_adapt_fn in table.h says. Fields are checked for their types afterwards, by the table's list.
 */
#ifndef CARAT_DATASETS_ADAPT_H
#define CARAT_DATASETS_ADAPT_H

#include "table.h"

table_adapt_fn adapt_none;          /* any object, as it is */
table_adapt_fn adapt_agieval;       /* {query, choices, gold}, of questions without options {query, answer} */
table_adapt_fn adapt_agieval_zh;    /* {query, answer}, in Chinese */
table_adapt_fn adapt_boolq;
table_adapt_fn adapt_gsm8k;         /* a worked example's target is its answer */
table_adapt_fn adapt_hellaswag;
table_adapt_fn adapt_mmlu;
table_adapt_fn adapt_piqa;          /* label: 0 or 1, a number */
table_adapt_fn adapt_question;      /* {question {stem, choices}} to {question, choices {text, label}} */
table_adapt_fn adapt_question_stem; /* the same with the question called question_stem */
table_adapt_fn adapt_siqa;          /* label: 1, 2 or 3, a text */
table_adapt_fn adapt_triviaqa;      /* keys in lower case: {question, answer {aliases}} */
table_adapt_fn adapt_winogrande;    /* answer: 1 or 2, a text */

#endif
