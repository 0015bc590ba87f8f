/* Any bytes as a task file, and as the Python beside one: read, built where that goes, its prompts made of one row. */
#include <stdlib.h>

#include "harness/protocol/protocol.h"
#include "harness/yaml/pysource.h"
#include "harness/yaml/read.h"
#include "harness/yaml/yaml_task.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One item and one shot of a task, from a row that has a little of everything. */
static void ask(const struct yaml_task *t, struct err *err)
{
    json_t *row = json_pack("{s:s, s:[s, s], s:i, s:n}", "question", " q ", "choices", "a", "b", "answer", 1, "none");
    json_t *rows[] = {row, row};
    struct proto_plan *plan = NULL;
    struct proto_leaf leaf = {.task = yaml_task_abi(t)};
    struct arena arena = ARENA_INIT;
    struct proto_item item;
    if (!proto_plan_new(&leaf, rows, 2, rows, 2, 1, 1, &plan, err))
        proto_item(plan, 0, &arena, &item, err);
    arena_release(&arena);
    proto_plan_free(plan);
    json_decref(row);
}

static void as_task(struct str text)
{
    json_t *config = NULL;
    struct yaml_task *task = NULL;
    struct err err = ERR_INIT;
    if (yaml_read(text, "fuzz.yaml", ".", &config, &err)) {
        if (config || !err.msg[0])
            abort();
        return;
    }
    if (!json_is_object(config)) {
        json_decref(config);
        return;
    }
    if (yaml_task_new("fuzz", config, NULL, ".", &task, &err) && (task || !err.msg[0]))
        abort();
    if (task)
        ask(task, &err);
    yaml_task_free(task);
}

static void as_python(struct str text)
{
    struct pysource source;
    struct err err = ERR_INIT;
    if (!pysource_read(text, STR("f"), &source, &err))
        pysource_release(&source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_task((struct str){(const char *)data, size});
    as_python((struct str){(const char *)data, size});
    return 0;
}
