/* carat prompts: what built-in benchmarks ask of rows at the edges. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/support/process.h"
#include "tests/support/support.h"

static void expect_prompts(const char *dir, const char *task, const char *shots, const char *wanted)
{
    struct ran r = run_carat(NULL, "prompts", "-q", "-t", task, "--data", dir, "--json", "--shots", shots);
    expect_status(r, 0);
    cr_expect_str_eq(r.out, wanted);
    ran_release(&r);
}

/* The reference takes the empty rest of a sentence for no answer, and leaves out what would stand around it. */
Test(e2e_prompts, a_shot_that_ends_at_its_gap_has_no_answer)
{
    const char *dir = temp_dir();
    put_text_file(dir, "winogrande/dev.jsonl", "{\"sentence\": \"It is _ here.\", \"option1\": \"a\", \"option2\": \"b\", \"answer\": \"1\"}\n");
    put_text_file(dir, "winogrande/train_xl.jsonl",
        "{\"sentence\": \"It was the _ \", \"option1\": \"c\", \"option2\": \"d\", \"answer\": \"2\"}\n"
        "{\"sentence\": \"It was the _ \", \"option1\": \"c\", \"option2\": \"d\", \"answer\": \"2\"}\n");
    expect_prompts(dir, "winogrande", "1",
                   "{\"task\":\"winogrande\",\"index\":0,\"contexts\":[\"It was the dIt is a\",\"It was the dIt is b\"],"
                   "\"continuations\":[\" here.\",\" here.\"],\"target\":\"here.\"}\n");
    temp_remove(dir);
}

Test(e2e_prompts, every_accepted_answer_is_told)
{
    const char *dir = temp_dir();
    put_text_file(dir, "nq_open/NQ-open.dev.jsonl", "{\"question\": \"who\", \"answer\": [\"A b\", \"A. b\"]}\n");
    expect_prompts(dir, "nq_open", "0",
                   "{\"task\":\"nq_open\",\"index\":0,\"context\":\"Answer these questions:\\n\\nQ: who?\\nA:\","
                   "\"target\":\"A b\",\"references\":[\"A b\",\"A. b\"]}\n");
    struct ran r = run_carat(NULL, "prompts", "-q", "-t", "nq_open", "--data", dir, "--shots", "0");
    expect_status(r, 0);
    cr_expect(strstr(r.out, "---- target\nA b\n---- or\nA. b\n\n"), "%s", r.out);
    ran_release(&r);
    temp_remove(dir);
}

/* BBH's description stands in the file of its worked examples. */
Test(e2e_prompts, a_description_is_there_without_shots)
{
    const char *dir = temp_dir();
    put_text_file(dir, "bbh/bbh/navigate.json", "{\"examples\": [{\"input\": \"Where?\", \"target\": \"Yes\"}]}");
    put_text_file(dir, "bbh/cot-prompts/navigate.txt",
        "canary\n-----\nTell the way.\n\nQ: One?\nA: Let's think step by step.\nSo the answer is No.\n");
    expect_prompts(dir, "bbh_navigate", "0",
                   "{\"task\":\"bbh_navigate\",\"index\":0,\"context\":\"Tell the way.\\n\\nQ: Where?\\nA: Let's think step by "
                   "step.\\n\",\"target\":\"Yes\"}\n");
    temp_remove(dir);
}
