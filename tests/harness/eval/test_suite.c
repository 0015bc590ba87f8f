#include <criterion/criterion.h>
#include <stdlib.h>

#include "harness/eval/suite.h"
#include "harness/protocol/plugin.h"
#include "tests/support/support.h"

static enum carat_err open_text(const char *text, struct suite *suite, struct err *err)
{
    const char *dir = temp_dir();
    char *path = file_join(dir, "mine.json");
    cr_assert_eq(file_write(path, text, strlen(text), NULL), CARAT_OK);
    enum carat_err rc = suite_open(path, "/nowhere", suite, err);
    free(path);
    temp_remove(dir);
    return rc;
}

Test(suite, says_tasks_shots_metric_and_limit)
{
    struct suite s;
    struct err err = ERR_INIT;
    cr_assert_eq(open_text("{\"name\": \"mine\", \"limit\": 7, \"published\": \"gemma-2024\", \"tasks\": [{\"task\": \"mmlu\", "
                           "\"shots\": 5}, {\"task\": \"hellaswag\", \"metric\": \"acc\"}]}", &s, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(s.n, 2);
    cr_assert_eq(s.limit, 7);
    cr_assert_str_eq(s.published, "gemma-2024");
    cr_assert_str_eq(s.tasks[0], "mmlu");
    cr_assert_eq(s.overrides[0].shots, 5);
    cr_assert_eq(s.overrides[1].shots, -1);
    cr_assert_str_eq(s.overrides[1].metric, "acc");
    suite_release(&s);
}

Test(suite, what_is_wrong_is_told_with_file_and_key)
{
    static const char *const broken[][2] = {
        {"[]", "a suite is a JSON object"},
        {"{\"tasks\": [{\"task\": \"mmlu\"}]}", "wants a text as 'name'"},
        {"{\"name\": \"x\"}", "one task or more as 'tasks'"},
        {"{\"name\": \"x\", \"tasks\": []}", "one task or more as 'tasks'"},
        {"{\"name\": \"x\", \"tasks\": [\"mmlu\"]}", "an object with a \"task\""},
        {"{\"name\": \"x\", \"tasks\": [{\"task\": \"mmlu\", \"shot\": 1}]}", "there is no key 'shot'"},
        {"{\"name\": \"x\", \"tasks\": [{\"task\": \"mmlu\", \"shots\": -1}]}", "not negative as 'shots'"},
        {"{\"name\": \"x\", \"tasks\": [{\"task\": \"mmlu\", \"shots\": 1.5}]}", "not negative as 'shots'"},
        {"{\"name\": \"x\", \"limits\": 3, \"tasks\": [{\"task\": \"mmlu\"}]}", "there is no key 'limits'"},
        {"{\"name\": \"x\", \"figure\": 1, \"tasks\": [{\"task\": \"mmlu\"}]}", "true or false as 'figure'"},
        {"{\"name\": \"x\", \"tasks\": [{\"task\": 3}]}", "wants a text as 'task'"},
        {"{", "mine.json"},
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct suite s;
        struct err err = ERR_INIT;
        cr_expect_eq(open_text(broken[i][0], &s, &err), CARAT_EINPUT, "%s", broken[i][0]);
        cr_expect(strstr(err.msg, broken[i][1]) && strstr(err.msg, "mine.json"), "%s: %s", broken[i][0], err.msg);
    }
}

/* Each bundled suite names tasks that there are. */
Test(suite, bundled_ones_are_whole)
{
    char **names;
    struct plugins *plugins;
    size_t n = 0;
    cr_assert_eq(suite_names("demo/suites", &names, NULL), CARAT_OK);
    cr_assert_eq(plugins_new(&plugins, NULL), CARAT_OK);
    for (; names[n]; n++) {
        struct suite s;
        struct err err = ERR_INIT;
        cr_assert_eq(suite_open(names[n], "demo/suites", &s, &err), CARAT_OK, "%s", err.msg);
        cr_assert(str_eq(s.name, str_from(names[n])));
        for (size_t i = 0; i < s.n; i++)
            cr_expect(plugins_find(plugins, s.tasks[i]), "%s: no task '%s'", names[n], s.tasks[i]);
        if (strcmp(names[n], "gemma-report") == 0)
            cr_expect_eq(s.n, 18);
        suite_release(&s);
    }
    cr_assert_eq(n, 4);
    struct suite none;
    struct err err = ERR_INIT;
    cr_assert_eq(suite_open("gema-report", "demo/suites", &none, &err), CARAT_EUSAGE);
    cr_assert(strstr(err.hint, "gemma-report"));
    suite_names_free(names);
    plugins_free(plugins);
}
