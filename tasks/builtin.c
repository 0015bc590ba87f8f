/* builtin.c - the tasks that are linked in. To add one is a file here and a row below, by name. */
#include "task.h"

#define TASKS(X)                                                                                                  \
    X(agieval) X(agieval_gaokao_mathcloze) X(agieval_math) X(arc_challenge) X(arc_easy) X(bbh) X(boolq)            \
    X(commonsense_qa) X(gsm8k) X(gsm8k_cot) X(gsm8k_cot_self_consistency) X(hellaswag) X(hendrycks_math) X(humaneval) X(mbpp)         \
    X(minerva_math) X(mmlu) X(nq_open) X(openbookqa) X(piqa) X(social_iqa) X(triviaqa) X(winogrande)

#define DECLARE(name) extern const struct carat_task carat_task_##name;
TASKS(DECLARE)

const struct carat_task *const *carat_builtin_tasks(void)
{
#define ROW(name) &carat_task_##name,
    static const struct carat_task *const tasks[] = {TASKS(ROW) NULL};
    return tasks;
}
