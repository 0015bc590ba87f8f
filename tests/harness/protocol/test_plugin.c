/* Plugins built as a user builds them: a folder with task.h alone, cc -shared. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "goldens.h"
#include "tests/support/support.h"

static const char *build_dir; /* with task.h and what was built */

static void setup(void)
{
    char command[4096];
    build_dir = temp_dir();
    snprintf(command, sizeof command, "cp tasks/task.h '%s'", build_dir);
    cr_assert_eq(system(command), 0);
}

static void teardown(void) { temp_remove(build_dir); }

/* "DIR/NAME.so", built with these flags. */
static const char *build(const char *name, const char *flags)
{
    static char path[1024];
    char command[4096];
    snprintf(path, sizeof path, "%s/%s.so", build_dir, name);
    snprintf(command, sizeof command,
             "cc -std=c17 -Wall -Wextra -Werror -shared -fPIC %s -I'%s' tests/plugin/mytask.c -o '%s'", flags, build_dir,
             path);
    cr_assert_eq(system(command), 0, "%s", command);
    return path;
}

static struct plugins *builtin(void)
{
    struct plugins *plugins;
    struct err err = ERR_INIT;
    cr_assert_eq(plugins_new(&plugins, &err), CARAT_OK, "%s", err.msg);
    return plugins;
}

TestSuite(plugin, .init = setup, .fini = teardown);

Test(plugin, built_with_the_header_alone_asks_and_scores)
{
    struct plugins *plugins = builtin();
    struct plugins_leaves leaves = PLUGINS_LEAVES_INIT;
    struct arena arena = ARENA_INIT;
    struct err err = ERR_INIT;
    struct proto_plan *plan;
    struct proto_item item;
    struct proto_score score;
    size_t before = plugins_count(plugins);
    const char *path = build("mytask", "");
    cr_assert_eq(plugins_load(plugins, path, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(plugins_count(plugins), before + 1);
    cr_assert_eq(plugins_resolve(plugins, "mytask", &leaves, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(leaves.n, 1);
    for (size_t i = 0; i < plugins_count(plugins); i++)
        if (plugins_task(plugins, i) == leaves.items[0].task)
            cr_assert_str_eq(plugins_origin(plugins, i), path);

    json_t *row = json_pack("{s:s,s:i}", "q", "is it so?", "gold", 1);
    cr_assert_eq(proto_plan_new(&leaves.items[0], &row, 1, NULL, 0, -1, 1234, &plan, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(proto_item(plan, 0, &arena, &item, &err), CARAT_OK, "%s", err.msg);
    cr_assert_text(item.prompt, STR("Q: is it so?\nA:"));
    cr_assert_text(item.continuations[1], STR(" yes"));
    const struct proto_response responses[] = {{.logprob = -3}, {.logprob = -2}};
    item.responses = responses;
    item.n_responses = 2;
    cr_assert_eq(proto_score(plan, &item, &arena, &score, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(score.values[0].value, 1);
    cr_assert_eq(score.outcome, PROTO_RIGHT);

    proto_plan_free(plan);
    json_decref(row);
    arena_release(&arena);
    plugins_leaves_release(&leaves);
    plugins_free(plugins);
}

static void check_refused(const char *flags, enum carat_err code, const char *why)
{
    struct plugins *plugins = builtin();
    struct err err = ERR_INIT;
    size_t before = plugins_count(plugins);
    const char *path = build("broken", flags);
    enum carat_err rc = plugins_load(plugins, path, &err);
    cr_assert_eq(rc, code, "%s: %s", flags, err.msg);
    cr_assert(strstr(err.msg, why) && strstr(err.msg, path), "%s: %s", flags, err.msg);
    cr_assert_eq(plugins_count(plugins), before);
    cr_assert_null(plugins_find(plugins, "mytask"));
    plugins_free(plugins);
}

Test(plugin, that_is_wrong_is_refused_by_name)
{
    char versions[64];
    snprintf(versions, sizeof versions, "task.h is version %d, this carat's is version %d", CARAT_TASK_ABI + 1, CARAT_TASK_ABI);
    check_refused("-DWRONG_ABI", CARAT_EUNSUPPORTED, versions);
    check_refused("-DNO_ENTRY", CARAT_EINPUT, "carat_plugin_tasks");
    check_refused("-DNO_TASKS", CARAT_EINPUT, "no tasks");
    check_refused("-DNO_EXAMPLE", CARAT_EINPUT, "task 'mytask': the field 'example' is missing");
    check_refused("-DNO_METRICS", CARAT_EINPUT, "task 'mytask': the field 'metrics' is missing");
    check_refused("-DNO_DATASET", CARAT_EINPUT, "task 'mytask': the field 'dataset' is missing");
    check_refused("-DWRONG_HEADLINE", CARAT_EINPUT, "task 'mytask': the field 'headline'");
    check_refused("-DTWICE", CARAT_EINPUT, "task 'mytask' is there already, from ");
    check_refused("-DNAME='\"hellaswag\"'", CARAT_EINPUT, "task 'hellaswag' is there already, built in");
    check_refused("-DNAME='\"my,task\"'", CARAT_EINPUT, "my,task");
    check_refused("-DNAME=0", CARAT_EINPUT, "a task has no name");
}

Test(plugin, that_is_no_library_is_refused_by_name)
{
    struct plugins *plugins = builtin();
    struct err err = ERR_INIT;
    cr_assert_eq(plugins_load(plugins, "no/such.so", &err), CARAT_EINPUT);
    cr_assert(str_starts(str_from(err.msg), STR("plugin 'no/such.so': cannot load it")), "%s", err.msg);
    cr_assert_eq(plugins_load(plugins, "Makefile", &err), CARAT_EINPUT);
    cr_assert_eq(plugins_load_path(plugins, "::no/such", &err), CARAT_EINPUT);
    plugins_free(plugins);
}

Test(plugin, path_takes_files_and_folders)
{
    struct plugins *plugins = builtin();
    struct err err = ERR_INIT;
    char list[2048];
    size_t before = plugins_count(plugins);
    build("b", "-DNAME='\"second\"'");
    build("a", "-DNAME='\"first\"'");
    snprintf(list, sizeof list, ":%s:", build_dir);
    cr_assert_eq(plugins_load_path(plugins, list, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(plugins_count(plugins), before + 2);
    cr_assert(plugins_find(plugins, "first") && plugins_find(plugins, "second"));
    cr_assert_eq(plugins_load_path(plugins, list, &err), CARAT_EINPUT, "the same once more is refused");
    cr_assert_eq(plugins_load_path(plugins, NULL, &err), CARAT_OK);
    plugins_free(plugins);
}

static size_t resolve(const struct plugins *plugins, const char *name, struct plugins_leaves *leaves)
{
    struct err err = ERR_INIT;
    cr_assert_eq(plugins_resolve(plugins, name, leaves, &err), CARAT_OK, "%s: %s", name, err.msg);
    return leaves->n;
}

static void check_unknown(const struct plugins *plugins, const char *name, const char *hint)
{
    struct plugins_leaves leaves = PLUGINS_LEAVES_INIT;
    struct err err = ERR_INIT;
    cr_assert_eq(plugins_resolve(plugins, name, &leaves, &err), CARAT_EUSAGE);
    cr_assert_eq(leaves.n, 0);
    cr_assert(strstr(err.msg, name) && strstr(err.hint, hint), "%s; %s", err.msg, err.hint);
}

Test(plugin, names_resolve_to_leaves)
{
    struct plugins *plugins = builtin();
    struct plugins_leaves leaves = PLUGINS_LEAVES_INIT;
    struct arena arena = ARENA_INIT;
    struct err err = ERR_INIT;
    cr_assert_eq(resolve(plugins, "mmlu_anatomy", &leaves), 1);
    cr_assert_text(proto_leaf_name(&leaves.items[0], &arena), STR("mmlu_anatomy"));
    cr_assert_str_eq(leaves.items[0].subset->group, "stem");
    cr_assert_eq(resolve(plugins, "mmlu_stem", &leaves), 19, "the leaf asked before is not taken twice");
    cr_assert_eq(resolve(plugins, "mmlu_other", &leaves), 19 + 13);
    cr_assert_eq(resolve(plugins, "mmlu_social_sciences", &leaves), 19 + 13 + 12);
    cr_assert_eq(resolve(plugins, "mmlu", &leaves), 57);
    cr_assert_eq(resolve(plugins, "mmlu_humanities", &leaves), 57);
    cr_assert_eq(resolve(plugins, "hellaswag", &leaves), 58);
    cr_assert_text(proto_leaf_name(&leaves.items[57], &arena), STR("hellaswag"));
    plugins_leaves_release(&leaves);

    cr_assert_eq(plugins_load(plugins, build("subsets", "-DSUBSETS"), &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(resolve(plugins, "mytask_both", &leaves), 2);
    cr_assert_eq(resolve(plugins, "mytask", &leaves), 3);
    plugins_leaves_release(&leaves);

    check_unknown(plugins, "helaswag", "'hellaswag'");
    check_unknown(plugins, "mmlu_anatomi", "'mmlu_anatomy'");
    check_unknown(plugins, "mmlu_stm", "'mmlu_stem'");
    check_unknown(plugins, "mmlu_", "'mmlu'");
    check_unknown(plugins, "something else", "carat list tasks");
    arena_release(&arena);
    plugins_free(plugins);
}
