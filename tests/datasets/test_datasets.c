#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "datasets/datasets.h"
#include "tests/support/support.h"

static struct carat_rows *read_rows(const char *dir, const char *name, const char *subset, const char *split)
{
    struct err err = ERR_INIT;
    struct carat_dataset *ds;
    struct carat_rows *rows;
    cr_assert_eq(carat_dataset_open(name, &(struct carat_dataset_opts){.data_dir = dir}, &ds, &err), CARAT_OK, "%s",
                 err.msg);
    cr_assert(carat_dataset_has(ds, subset, split), "%s %s", name, split);
    cr_assert_eq(carat_dataset_rows(ds, subset, split, &rows, &err), CARAT_OK, "%s", err.msg);
    carat_dataset_free(ds);
    for (size_t i = 0; i < rows->n; i++) {
        cr_assert(json_is_object(rows->items[i].value) && rows->items[i].line > 0 && *rows->items[i].id);
        cr_assert(i == 0 || rows->items[i].line >= rows->items[i - 1].line); /* JSON may be one line */
        cr_assert_eq(strlen(rows->items[i].sha256), 64);
    }
    cr_assert_eq(strlen(rows->sha256), 64);
    return rows;
}

static void write_text(const char *dir, const char *name, const char *text)
{
    struct err err = ERR_INIT;
    char *path = file_join(dir, name), *folder = strdup(path);
    *strrchr(folder, '/') = '\0';
    cr_assert_eq(file_mkdirs(folder, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(file_write(path, text, strlen(text), &err), CARAT_OK, "%s", err.msg);
    free(folder);
    free(path);
}

/* ---- the two forms of the same items ------------------------------------------------------ */

struct part {
    const char *name, *subset, *split;
    size_t n;
    const char *fields; /* what the task reads, where the rows are not wholly equal; NULL: they are */
};
static const struct part parts[] = {
    {"boolq", "", "train", 8, "question passage label"},
    {"boolq", "", "validation", 16, "question passage label"},
    {"gsm8k", "", "test", 16, NULL},
    {"gsm8k", "", "train", 10, NULL},
    {"hellaswag", "", "train", 8, "ind activity_label ctx_a ctx_b ctx endings source_id split_type label"}, /* "split" differs */
    {"hellaswag", "", "validation", 16, NULL},
    {"human-eval", "", "test", 12, NULL},
    {"mmlu", "abstract_algebra", "dev", 5, NULL},
    {"mmlu", "abstract_algebra", "test", 12, NULL},
    {"mmlu", "abstract_algebra", "validation", 4, NULL},
    {"mmlu", "anatomy", "dev", 5, NULL},
    {"mmlu", "anatomy", "test", 12, NULL},
    {"mmlu", "anatomy", "validation", 4, NULL},
    {"mmlu", "world_religions", "dev", 5, NULL},
    {"mmlu", "world_religions", "test", 12, NULL},
    {"mmlu", "world_religions", "validation", 4, NULL},
};

static void check_same(const struct part *p, const struct carat_rows *a, const struct carat_rows *b)
{
    cr_assert_eq(a->n, p->n, "%s: %zu rows", a->path, a->n);
    cr_assert_eq(b->n, p->n, "%s: %zu rows", b->path, b->n);
    for (size_t i = 0; i < a->n; i++) {
        const struct carat_row *x = &a->items[i], *y = &b->items[i];
        cr_assert_str_eq(x->id, y->id);
        if (!p->fields) {
            cr_assert(json_equal(x->value, y->value), "%s row %zu", a->path, i);
            cr_assert_str_eq(x->sha256, y->sha256);
        }
        char *fields = strdup(p->fields ? p->fields : ""), *rest = fields;
        for (char *f; (f = strtok_r(rest, " ", &rest));)
            cr_assert(json_equal(json_object_get(x->value, f), json_object_get(y->value, f)), "%s row %zu: %s", a->path,
                      i, f);
        free(fields);
    }
}

Test(datasets, the_first_releases_give_the_hub_copies_rows)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const struct part *p = &parts[i];
        struct carat_rows *hub = read_rows(golden_path("datasets/hub"), p->name, p->subset, p->split);
        struct carat_rows *original = read_rows(golden_path("datasets/original"), p->name, p->subset, p->split);
        cr_assert(strcmp(hub->path, original->path));
        check_same(p, original, hub);
        carat_rows_free(hub);
        carat_rows_free(original);
    }
}

static const struct part more_parts[] = {
    {"arc_challenge", "", "test", 16, NULL},
    {"arc_challenge", "", "train", 8, NULL},
    {"arc_challenge", "", "validation", 4, NULL},
    {"arc_easy", "", "test", 16, NULL},
    {"arc_easy", "", "train", 8, NULL},
    {"arc_easy", "", "validation", 4, NULL},
    {"agieval", "aqua_rat", "test", 16, NULL},
    {"agieval_math", "", "test", 16, NULL},
    {"bbh", "boolean_expressions", "test", 16, NULL},
    {"bbh", "object_counting", "test", 16, NULL},
    {"commonsenseqa", "", "train", 8, NULL},
    {"commonsenseqa", "", "validation", 16, NULL},
    {"mbpp", "", "test", 12, NULL},
    {"nq_open", "", "train", 8, NULL},
    {"nq_open", "", "validation", 16, NULL},
    {"openbookqa", "", "test", 16, NULL},
    {"openbookqa", "", "train", 8, NULL},
    {"openbookqa", "", "validation", 4, NULL},
    {"piqa", "", "train", 8, NULL},
    {"piqa", "", "validation", 16, NULL},
    {"socialiqa", "", "train", 8, NULL},
    {"socialiqa", "", "validation", 16, NULL},
    {"triviaqa", "", "train", 8, NULL},
    {"triviaqa", "", "validation", 16, NULL},
    {"winogrande", "", "train", 8, NULL},
    {"winogrande", "", "validation", 16, NULL},
};

Test(datasets, the_first_releases_of_the_others_do_so_too)
{
    SHARED_OR_SKIP(hub_dir, "fixtures/lmeval/datasets");
    SHARED_OR_SKIP(original_dir, "fixtures/lmeval/datasets-original");
    for (size_t i = 0; i < sizeof more_parts / sizeof *more_parts; i++) {
        const struct part *p = &more_parts[i];
        struct carat_rows *hub = read_rows(hub_dir, p->name, p->subset, p->split);
        struct carat_rows *original = read_rows(original_dir, p->name, p->subset, p->split);
        cr_assert(strcmp(hub->path, original->path));
        check_same(p, original, hub);
        carat_rows_free(hub);
        carat_rows_free(original);
    }
}

#define CANARY "BENCHMARK DATA SHOULD NEVER ...\n-----\n"

Test(datasets, prompt_files_are_rows_with_a_description)
{
    const char *dir = temp_dir();
    write_text(dir, "bbh/cot-prompts/x.txt", CANARY "Two\n\nparagraphs.\n\nQ: a\n\nb\nA: Let's think step by step.\nc\nd.\n\n"
                                             "Q: e\nA: Let's think step by step. f.\n");
    struct carat_rows *rows = read_rows(dir, "bbh", "x", "cot-prompts");
    struct buf b = BUF_INIT(1 << 16);
    cr_assert_eq(rows->n, 2);
    cr_assert(rows->items[0].line == 7 && rows->items[1].line == 14);
    json_write(rows->items[0].value, &b);
    cr_assert_str_eq(b.p, "{\"input\":\"a\\n\\nb\",\"target\":\"c\\nd.\",\"description\":\"Two\\n\\nparagraphs.\"}");
    buf_clear(&b);
    json_write(rows->items[1].value, &b);
    cr_assert_str_eq(b.p, "{\"input\":\"e\",\"target\":\"f.\",\"description\":\"Two\\n\\nparagraphs.\"}");
    buf_release(&b);
    carat_rows_free(rows);
    temp_remove(dir);
}

#define SIQA_ROW "{\"context\":\"\",\"question\":\"\",\"answerA\":\"\",\"answerB\":\"\",\"answerC\":\"\"}\n"
#define GOAL "{\"goal\":\"\",\"sol1\":\"\",\"sol2\":\"\""

/* Reads what was written, or wants the message. */
static void check_labels(const char *name, const char *file, const char *rows_text, const char *labels, const char *why)
{
    const char *dir = temp_dir();
    struct err err = ERR_INIT;
    struct carat_dataset *ds;
    struct carat_rows *rows;
    char lst[200];
    snprintf(lst, sizeof lst, "%.*s-labels.lst", (int)(strlen(file) - strlen(".jsonl")), file);
    write_text(dir, file, rows_text);
    if (labels)
        write_text(dir, lst, labels);
    cr_assert_eq(carat_dataset_open(name, &(struct carat_dataset_opts){.data_dir = dir}, &ds, &err), CARAT_OK);
    enum carat_err rc = carat_dataset_rows(ds, "", "validation", &rows, &err);
    cr_assert_eq(rc, why ? CARAT_EINPUT : CARAT_OK, "%s", err.msg);
    cr_assert(!why || strstr(err.msg, why), "'%s' instead of '%s'", err.msg, why);
    carat_rows_free(rows);
    carat_dataset_free(ds);
    temp_remove(dir);
}

Test(datasets, labels_of_their_own_file_are_as_many_as_the_rows)
{
    check_labels("piqa", "piqa/valid.jsonl", GOAL "}\n" GOAL "}\n", "0\n1\n", NULL);
    check_labels("piqa", "piqa/valid.jsonl", GOAL "}\n" GOAL "}\n", "0\r\n1", NULL);
    check_labels("piqa", "piqa/valid.jsonl", GOAL ",\"label\":1}\n", NULL, NULL);
    check_labels("piqa", "piqa/valid.jsonl", GOAL ",\"label\":1}\n", "1\n", NULL);
    check_labels("piqa", "piqa/valid.jsonl", GOAL "}\n" GOAL "}\n", "0\n", "valid-labels.lst' has 1 labels, but there are more");
    check_labels("piqa", "piqa/valid.jsonl", GOAL "}\n", "0\n1\n", "valid-labels.lst' goes on");
    check_labels("piqa", "piqa/valid.jsonl", GOAL "}\n", NULL, "no file of labels");
    check_labels("piqa", "piqa/valid.jsonl", GOAL "}\n", "2\n", ":1: the label must be one of '01', not '2'");
    check_labels("piqa", "piqa/valid.jsonl", GOAL "}\n", "\n", "not ''");
    check_labels("piqa", "piqa/valid.jsonl", GOAL ",\"label\":1}\n", "0\n", "'label' is '1', but the file of labels says '0'");
    check_labels("socialiqa", "socialiqa/dev.jsonl", SIQA_ROW, "3\n", NULL);
    check_labels("socialiqa", "socialiqa/dev.jsonl", SIQA_ROW, "0\n", "'123'");
    check_labels("winogrande", "winogrande/dev.jsonl",
                 "{\"sentence\":\"_\",\"option1\":\"\",\"option2\":\"\",\"answer\":\"1\"}\n", "2\n", "'answer' is '1'");
}

Test(datasets, superglues_boolq_is_the_hub_copy)
{
    static const struct part whole[] = {{"boolq", "", "train", 8, NULL}, {"boolq", "", "validation", 16, NULL}};
    for (size_t i = 0; i < 2; i++) {
        struct carat_rows *hub = read_rows(golden_path("datasets/hub"), "boolq", "", whole[i].split);
        struct carat_rows *glue = read_rows(golden_path("datasets/original/boolq-superglue"), "boolq", "", whole[i].split);
        check_same(&whole[i], glue, hub);
        carat_rows_free(hub);
        carat_rows_free(glue);
    }
}

Test(datasets, rows_have_the_hub_copies_order_of_keys)
{
    struct carat_rows *rows = read_rows(golden_path("datasets/original"), "hellaswag", "", "validation");
    struct buf b = BUF_INIT(1 << 16);
    json_write(rows->items[0].value, &b);
    cr_assert(str_starts(buf_str(&b), STR("{\"ind\":108,\"activity_label\":\"Home and Garden\",\"ctx_a\":")));
    cr_assert(str_ends(buf_str(&b), STR("\"split_type\":\"indomain\",\"label\":\"0\"}")));
    buf_release(&b);
    carat_rows_free(rows);
}

Test(datasets, a_row_knows_its_id_line_and_hash)
{
    struct carat_rows *rows = read_rows(golden_path("datasets/original"), "human-eval", "", "test");
    cr_assert_str_eq(rows->items[3].id, "HumanEval/3");
    carat_rows_free(rows);
    const char *dir = temp_dir();
    write_text(dir, "gsm8k/test.jsonl", "\n{\"question\": \"\\u00e9?\", \"answer\": \"#### 1\"}\n");
    rows = read_rows(dir, "gsm8k", "", "test");
    char expected[SHA256_HEX];
    struct str compact = STR("{\"answer\":\"#### 1\",\"question\":\"\xc3\xa9?\"}");
    sha256_hex(compact.p, compact.n, expected);
    cr_assert_str_eq(rows->items[0].sha256, expected);
    cr_assert_str_eq(rows->items[0].id, "0");
    cr_assert_eq(rows->items[0].line, 2);
    carat_rows_free(rows);
    temp_remove(dir);
}

/* ---- where files are looked for -------------------------------------------------------------- */

#define ROW(q) "{\"question\": \"" q "\", \"answer\": \"#### 1\"}\n"

static void check_question(const char *dir, const char *split, const char *question, const char *end_of_path)
{
    struct carat_rows *rows = read_rows(dir, "gsm8k", "", split);
    struct str q;
    cr_assert(json_get_str(rows->items[0].value, "question", &q));
    cr_assert(str_eq(q, str_from(question)), "'%s' was read, from %s", q.p, rows->path);
    cr_assert(str_ends(str_from(rows->path), str_from(end_of_path)), "%s", rows->path);
    carat_rows_free(rows);
}

Test(datasets, an_official_file_wins_and_a_part_comes_last)
{
    const char *dir = temp_dir();
    write_text(dir, "gsm8k/train-first1000.jsonl", ROW("part"));
    check_question(dir, "train", "part", "train-first1000.jsonl");
    write_text(dir, "train.jsonl", ROW("direct"));
    check_question(dir, "train", "direct", "/train.jsonl");
    write_text(dir, "gsm8k/train.jsonl", ROW("folder"));
    check_question(dir, "train", "folder", "gsm8k/train.jsonl");
    temp_remove(dir);
    dir = temp_dir();
    write_text(dir, "hellaswag/validation.jsonl",
               "{\"activity_label\":\"hub\",\"ctx_a\":\"\",\"ctx_b\":\"\",\"endings\":[\"\",\"\",\"\",\"\"],\"label\":\"1\"}\n");
    write_text(dir, "hellaswag/hellaswag_val.jsonl", "{\"activity_label\":\"official\",\"endings\":[\"\",\"\",\"\",\"\"],\"label\":1}\n");
    struct carat_rows *rows = read_rows(dir, "hellaswag", "", "validation");
    cr_assert_str_eq(json_string_value(json_object_get(rows->items[0].value, "activity_label")), "official");
    cr_assert_str_eq(json_string_value(json_object_get(rows->items[0].value, "ctx_b")), "", "the Hub copy has \"\" for it");
    carat_rows_free(rows);
    temp_remove(dir);
}

Test(datasets, mmlu_is_found_in_every_layout)
{
    static const char *const layouts[] = {"mmlu/test/x_test.csv", "mmlu/data/test/x_test.csv", "data/test/x_test.csv",
                                          "test/x_test.csv"};
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        const char *dir = temp_dir();
        write_text(dir, layouts[i], "q,a,b,c,d,D\r\n");
        struct carat_rows *rows = read_rows(dir, "mmlu", "x", "test");
        struct buf b = BUF_INIT(1 << 16);
        json_write(rows->items[0].value, &b);
        cr_assert_str_eq(b.p, "{\"question\":\"q\",\"subject\":\"x\",\"choices\":[\"a\",\"b\",\"c\",\"d\"],\"answer\":3}");
        buf_release(&b);
        carat_rows_free(rows);
        temp_remove(dir);
    }
}

Test(datasets, a_dataset_of_ones_own_is_read_as_it_is)
{
    const char *dir = temp_dir();
    struct err err = ERR_INIT;
    struct carat_dataset *ds;
    struct carat_rows *rows;
    write_text(dir, "mytask/test.jsonl", "{\"q\": 1}\n");
    write_text(dir, "mytask_part/test.json", "[{\"q\": 2},\n{\"q\": 3}]");
    rows = read_rows(dir, "mytask", "", "test");
    carat_rows_free(rows);
    rows = read_rows(dir, "mytask", "part", "test");
    cr_assert(rows->n == 2 && rows->items[1].line == 2);
    carat_rows_free(rows);
    cr_assert_eq(carat_dataset_open("mytask", &(struct carat_dataset_opts){.data_dir = dir}, &ds, &err), CARAT_OK);
    cr_assert_eq(carat_dataset_rows(ds, "", "dev", &rows, &err), CARAT_EINPUT);
    cr_assert(str_find(str_from(err.msg), STR("looked for mytask/dev.jsonl, mytask/dev.json"), 0) > 0, "%s", err.msg);
    carat_dataset_free(ds);
    temp_remove(dir);
}

/* ---- what is refused ------------------------------------------------------------------------- */

Test(datasets, a_missing_file_says_what_was_looked_for)
{
    const char *dir = temp_dir();
    struct err err = ERR_INIT;
    struct carat_dataset *ds;
    struct carat_rows *rows;
    cr_assert_eq(carat_dataset_open("mmlu", &(struct carat_dataset_opts){.cache_dir = dir}, &ds, &err), CARAT_OK);
    cr_assert(!carat_dataset_has(ds, "anatomy", "test"));
    cr_assert_eq(carat_dataset_rows(ds, "anatomy", "test", &rows, &err), CARAT_EINPUT);
    cr_assert_null(rows);
    cr_assert(str_find(str_from(err.msg),
                       STR("looked for mmlu/test/anatomy_test.csv, mmlu/data/test/anatomy_test.csv, "
                           "data/test/anatomy_test.csv, test/anatomy_test.csv, mmlu_anatomy/test.jsonl"), 0) > 0,
              "%s", err.msg);
    cr_assert(str_starts(str_from(err.hint), STR("'carat fetch mmlu'")), "%s", err.hint);
    carat_dataset_free(ds);
    cr_assert_eq(carat_dataset_open("gsm8k", &(struct carat_dataset_opts){.data_dir = dir}, &ds, &err), CARAT_OK);
    cr_assert_eq(carat_dataset_rows(ds, "", "test", &rows, &err), CARAT_EINPUT);
    cr_assert(str_ends(str_from(err.msg), STR("looked for gsm8k/test.jsonl, test.jsonl")), "%s", err.msg);
    carat_dataset_free(ds);
    temp_remove(dir);
}

Test(datasets, names_are_checked_before_files)
{
    const char *dir = temp_dir();
    struct err err = ERR_INIT;
    struct carat_dataset *ds;
    struct carat_rows *rows;
    const struct carat_dataset_opts opts = {.data_dir = dir};
    cr_assert_eq(carat_dataset_open("hellswag", &(struct carat_dataset_opts){.cache_dir = dir}, &ds, &err), CARAT_EUSAGE);
    cr_assert_str_eq(err.hint, "did you mean 'hellaswag'?");
    cr_assert_eq(carat_dataset_open("../x", &opts, &ds, &err), CARAT_EUSAGE);
    cr_assert_eq(carat_dataset_open("boolq", &(struct carat_dataset_opts){.data_dir = "/nonexistent"}, &ds, &err),
                 CARAT_EINPUT);
    cr_assert_eq(carat_dataset_open("mmlu", &opts, &ds, &err), CARAT_OK);
    cr_assert_eq(carat_dataset_rows(ds, "", "test", &rows, &err), CARAT_EUSAGE);
    cr_assert_eq(carat_dataset_rows(ds, "../../etc", "test", &rows, &err), CARAT_EUSAGE);
    cr_assert_eq(carat_dataset_rows(ds, "anatomy", "train", &rows, &err), CARAT_EUSAGE);
    carat_dataset_free(ds);
    cr_assert_eq(carat_dataset_open("boolq", &opts, &ds, &err), CARAT_OK);
    cr_assert_eq(carat_dataset_rows(ds, "anatomy", "validation", &rows, &err), CARAT_EUSAGE);
    carat_dataset_free(ds);
    temp_remove(dir);
}

struct bad {
    const char *dataset, *subset, *split, *file, *text, *message;
};
static const struct bad bad[] = {
    {"gsm8k", "", "test", "gsm8k/test.jsonl", ROW("a") "\n{\"question\": \"b\"}\n", ":3: the row has no 'answer'"},
    {"gsm8k", "", "test", "gsm8k/test.jsonl", ROW("a") "[1]\n", ":2: a row must be a JSON object"},
    {"gsm8k", "", "test", "gsm8k/test.jsonl", "{\"question\": 1, \"answer\": \"\"}\n", ":1: 'question' must be a text"},
    {"gsm8k", "", "test", "gsm8k/test.jsonl", ROW("a") "{\"question\"", ":2: not valid JSON"},
    {"gsm8k", "", "test", "gsm8k/test.jsonl", "\n\n", ": the file has no rows"},
    {"boolq", "", "validation", "boolq/dev.jsonl", "{\"question\":\"\",\"title\":\"\",\"passage\":\"\",\"answer\":1}\n",
     ":1: a row needs 'question'"},
    {"boolq", "", "validation", "boolq/dev.jsonl", "{\"question\":\"\",\"passage\":\"\",\"label\":2}\n",
     ":1: 'label' must be a whole number from 0 to 1"},
    {"hellaswag", "", "validation", "hellaswag/hellaswag_val.jsonl",
     "{\"activity_label\":\"\",\"endings\":[\"\",\"\",\"\",\"\"],\"label\":4}\n", ":1: 'label' must be 0, 1, 2 or 3"},
    {"hellaswag", "", "validation", "hellaswag/hellaswag_val.jsonl",
     "{\"activity_label\":\"\",\"endings\":[\"\",\"\",\"\",7],\"label\":3}\n", ":1: 'endings' must be a list of 4 to 4 texts"},
    {"human-eval", "", "test", "HumanEval.jsonl",
     "{\"task_id\":\"H/0\",\"prompt\":\"\",\"canonical_solution\":\"\",\"test\":\"\",\"entry_point\":\"\"}\n"
     "{\"task_id\":\"H/0\",\"prompt\":\"\",\"canonical_solution\":\"\",\"test\":\"\",\"entry_point\":\"\"}\n",
     ":2: a second row with task_id 'H/0'"},
    {"agieval", "sat_en", "test", "agieval/data/v1/sat-en.jsonl",
     "{\"question\":\"q\",\"options\":[\"(A)a\",\"(B)b\"],\"label\":\"C\"}\n", ":1: 'label' must be the letter"},
    {"agieval", "sat_en", "test", "agieval/data/v1/sat-en.jsonl",
     "{\"question\":\"q\",\"options\":[\"(A)a\",\"(B)b\"],\"label\":[\"A\"]}\n", ":1: 'label' must be the letter"},
    {"agieval_math", "", "test", "agieval/data/v1/math.jsonl", "{\"question\":\"q\"}\n", ":1: the row has neither"},
    {"bbh", "x", "cot-prompts", "bbh/cot-prompts/x.txt", "Q: a\nA: b\n", ": a file of prompts has a line '-----'"},
    {"bbh", "x", "cot-prompts", "bbh/cot-prompts/x.txt", CANARY "\nQ: a\n", ": there is no description"},
    {"bbh", "x", "cot-prompts", "bbh/cot-prompts/x.txt", CANARY "d\n\nQ: a\nA: b\n", ":5: an exemplar must have an answer"},
    {"bbh", "x", "cot-prompts", "bbh/cot-prompts/x.txt", CANARY "d\n\nQ: a\nA: Let's think step by step.",
     ":5: an exemplar must have an answer"},
    {"arc_easy", "", "test", "arc/ARC-Easy/ARC-Easy-Test.jsonl",
     "{\"id\":\"a\",\"question\":{\"stem\":\"\",\"choices\":[{\"text\":\"\"}]},\"answerKey\":\"A\"}\n",
     ":1: a row needs 'id', 'answerKey' and"},
    {"arc_easy", "", "test", "arc/ARC-Easy/ARC-Easy-Test.jsonl",
     "{\"id\":\"a\",\"question\":{\"stem\":\"\",\"choices\":[{\"text\":\"\",\"label\":\"A\"}]},\"answerKey\":\"A\"}\n",
     ":1: 'choices' must be 2 to 8 choices"},
    {"mmlu", "x", "test", "mmlu/test/x_test.csv", "q,a,b,c,d,A\nq,a,b,c,A\n", ":2: 5 fields, but a row is question, A, B, C, D, answer"},
    {"mmlu", "x", "test", "mmlu/test/x_test.csv", "\"q\nr\",a,b,c,d,A\nq,a,b,c,d,E\n", ":3: the answer must be A, B, C or D, not 'E'"},
    {"mmlu", "x", "test", "mmlu/test/x_test.csv", "q,a,b,c,d,\"A\n", ":1: a quoted field is never closed"},
};

Test(datasets, a_bad_row_names_file_and_line)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *dir = temp_dir();
        struct err err = ERR_INIT;
        struct carat_dataset *ds;
        struct carat_rows *rows;
        write_text(dir, bad[i].file, bad[i].text);
        cr_assert_eq(carat_dataset_open(bad[i].dataset, &(struct carat_dataset_opts){.data_dir = dir}, &ds, &err), CARAT_OK);
        cr_assert_eq(carat_dataset_rows(ds, bad[i].subset, bad[i].split, &rows, &err), CARAT_EINPUT, "case %zu", i);
        cr_assert_null(rows);
        char expected[1024];
        snprintf(expected, sizeof expected, "%s/%s%s", dir, bad[i].file, bad[i].message);
        cr_assert(str_starts(str_from(err.msg), str_from(expected)), "'%s' instead of '%s'", err.msg, expected);
        carat_dataset_free(ds);
        temp_remove(dir);
    }
}

/* ---- the real files ---------------------------------------------------------------------------- */

static size_t count(const char *dir, const char *name, const char *subset, const char *split)
{
    struct carat_rows *rows = read_rows(dir, name, subset, split);
    size_t n = rows->n;
    carat_rows_free(rows);
    return n;
}

static const char *const shared_subjects[] = {
    "abstract_algebra", "astronomy", "clinical_knowledge", "college_chemistry", "college_mathematics",
    "college_physics", "conceptual_physics", "electrical_engineering", "formal_logic", "high_school_biology",
    "high_school_computer_science", "high_school_geography", "high_school_macroeconomics",
    "high_school_microeconomics", "high_school_psychology", "high_school_us_history", "human_aging",
    "international_law", "logical_fallacies", "management", "medical_genetics", "moral_disputes", "nutrition",
    "prehistory", "professional_law", "professional_psychology", "security_studies", "us_foreign_policy",
    "world_religions",
};

static const char *const shared_subtasks[] = {
    "boolean_expressions", "date_understanding", "dyck_languages", "geometric_shapes", "logical_deduction_five_objects",
    "logical_deduction_three_objects", "multistep_arithmetic_two", "object_counting", "reasoning_about_colored_objects",
    "salient_translation_error_detection", "sports_understanding", "tracking_shuffled_objects_five_objects",
    "tracking_shuffled_objects_three_objects", "word_sorting",
};

/* Built from a variant, it does not have the official name; one question in the release's real layout does neither. */
Test(datasets, triviaqas_real_layout_is_read)
{
    SHARED_OR_SKIP(derived, "data/triviaqa/derived/unfiltered-web-dev.derived1500.json");
    SHARED_OR_SKIP(sample, "data/triviaqa/samples/triviaqa_sample.json");
    const char *dir = temp_dir();
    char *to = file_join(dir, "unfiltered-web-dev.json");
    cr_assert_eq(symlink(derived, to), 0);
    cr_assert_eq(count(dir, "triviaqa", "", "validation"), 1500);
    cr_assert_eq(unlink(to), 0);
    cr_assert_eq(symlink(sample, to), 0);
    cr_assert_eq(count(dir, "triviaqa", "", "validation"), 1);
    free(to);
    temp_remove(dir);
}

Test(datasets, real_files_are_read_whole)
{
    SHARED_OR_SKIP(dir, "data");
    cr_assert_eq(count(dir, "boolq", "", "validation"), 3270);
    cr_assert_eq(count(dir, "gsm8k", "", "test"), 1319);
    cr_assert_eq(count(dir, "gsm8k", "", "train"), 1000);
    cr_assert_eq(count(dir, "hellaswag", "", "validation"), 500);
    cr_assert_eq(count(dir, "human-eval", "", "test"), 164);
    cr_assert_eq(count(dir, "arc_challenge", "", "test"), 1172);
    cr_assert_eq(count(dir, "arc_challenge", "", "validation"), 50);
    cr_assert_eq(count(dir, "arc_easy", "", "test"), 2376);
    for (size_t i = 0; i < sizeof shared_subtasks / sizeof *shared_subtasks; i++) {
        cr_assert_eq(count(dir, "bbh", shared_subtasks[i], "test"), 250);
        cr_assert_eq(count(dir, "bbh", shared_subtasks[i], "cot-prompts"), 3);
    }
    cr_assert_eq(count(dir, "agieval", "aqua_rat", "test"), 254);
    cr_assert_eq(count(dir, "agieval", "gaokao_english", "test"), 306);
    cr_assert_eq(count(dir, "agieval", "lsat_ar", "test"), 230);
    cr_assert_eq(count(dir, "agieval", "lsat_rc", "test"), 269);
    cr_assert_eq(count(dir, "agieval", "sat_en", "test"), 206);
    cr_assert_eq(count(dir, "agieval", "sat_en_without_passage", "test"), 206);
    cr_assert_eq(count(dir, "agieval", "sat_math", "test"), 220);
    cr_assert_eq(count(dir, "agieval", "sat_math", "few-shot"), 5);
    cr_assert_eq(count(dir, "agieval", "sat_en", "few-shot"), 3);
    cr_assert_eq(count(dir, "agieval", "sat_en_without_passage", "few-shot"), 3);
    cr_assert_eq(count(dir, "agieval_gaokao_mathcloze", "", "test"), 118);
    cr_assert_eq(count(dir, "commonsenseqa", "", "validation"), 1221);
    cr_assert_eq(count(dir, "commonsenseqa", "", "train"), 200);
    cr_assert_eq(count(dir, "mbpp", "", "prompt"), 3);
    cr_assert_eq(count(dir, "mbpp", "", "test"), 500);
    cr_assert_eq(count(dir, "mbpp", "", "train"), 374);
    cr_assert_eq(count(dir, "mbpp", "", "validation"), 90);
    cr_assert_eq(count(dir, "nq_open", "", "validation"), 3610);
    cr_assert_eq(count(dir, "openbookqa", "", "test"), 500);
    cr_assert_eq(count(dir, "openbookqa", "", "validation"), 500);
    cr_assert_eq(count(dir, "piqa", "", "validation"), 1838);
    cr_assert_eq(count(dir, "socialiqa", "", "validation"), 1954);
    cr_assert_eq(count(dir, "winogrande", "", "validation"), 1267);
    cr_assert_eq(count(dir, "winogrande", "", "train"), 160);
    size_t n[3] = {0};
    for (size_t i = 0; i < sizeof shared_subjects / sizeof *shared_subjects; i++) {
        n[0] += count(dir, "mmlu", shared_subjects[i], "dev");
        n[1] += count(dir, "mmlu", shared_subjects[i], "validation");
        n[2] += count(dir, "mmlu", shared_subjects[i], "test");
    }
    cr_assert(n[0] == 145 && n[1] == 834 && n[2] == 7658, "%zu %zu %zu", n[0], n[1], n[2]);
}
