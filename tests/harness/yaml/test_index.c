/* Names, folders, includes and groups. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "harness/yaml/config.h"
#include "harness/yaml/yaml_tasks.h"
#include "tests/support/support.h"

#define TASK(name, more)                                                                                             \
    "task: " name "\ndataset_path: d\ntest_split: test\ndoc_to_text: q\ndoc_to_target: a\n" more

static struct yaml_tasks *scan(const char *dir)
{
    struct yaml_tasks *tasks;
    struct err err = ERR_INIT;
    cr_assert_eq(yaml_tasks_new(&tasks, &err), CARAT_OK);
    cr_assert_eq(yaml_tasks_scan(tasks, dir, &err), CARAT_OK, "%s", err.msg);
    return tasks;
}

/* "task/group/subgroup" of each leaf, a blank between them. */
static void expect_leaves(struct yaml_tasks *tasks, const char *name, const char *wanted)
{
    struct yaml_leaves leaves = YAML_LEAVES_INIT;
    struct err err = ERR_INIT;
    struct buf got = BUF_INIT(1 << 16);
    bool found;
    cr_assert_eq(yaml_tasks_resolve(tasks, name, &leaves, &found, &err), CARAT_OK, "%s: %s", name, err.msg);
    cr_expect(found);
    for (size_t i = 0; i < leaves.n; i++)
        buf_printf(&got, "%s%s/%s/%s", i ? " " : "", yaml_task_abi(leaves.items[i].task)->name,
                   leaves.items[i].group ? leaves.items[i].group : "", leaves.items[i].subgroup ? leaves.items[i].subgroup : "");
    for (size_t i = 0; i < leaves.n_others; i++)
        buf_printf(&got, " +%s", leaves.others[i]);
    cr_expect_str_eq(got.p ? got.p : "", wanted, "%s is %s", name, got.p);
    buf_release(&got);
    yaml_leaves_release(&leaves);
}

static void expect_refused(struct yaml_tasks *tasks, const char *name, const char *message)
{
    struct yaml_leaves leaves = YAML_LEAVES_INIT;
    struct err err = ERR_INIT;
    bool found;
    cr_expect_neq(yaml_tasks_resolve(tasks, name, &leaves, &found, &err), CARAT_OK, "%s", name);
    cr_expect(strstr(err.msg, message), "%s", err.msg);
    yaml_leaves_release(&leaves);
}

Test(yaml_index, resolves_tasks_tags_and_groups)
{
    const char *dir = temp_dir();
    put_text_file(dir, "a.yaml", TASK("a", "tag: [t, u]\n"));
    put_text_file(dir, "sub/b.yaml", TASK("b", "tag: t\n"));
    put_text_file(dir, "sub/c.yaml", "include: ../_c\ntask: c\n");
    put_text_file(dir, "_c", TASK("never", "tag: u\n"));
    put_text_file(dir, "g.yaml", "group: g\ntask: [a, {group: inner, task: [b, c]}, outside]\naggregate_metric_list: [{metric: acc}]\n");
    put_text_file(dir, "h.yaml", "group: h\ntask:\n  - t\n  - {task: c, num_fewshot: 3}\n  - " 
                       "{task: own, dataset_path: x, test_split: s, doc_to_text: q, doc_to_target: a}\n");
    put_text_file(dir, "__pycache__/x.yaml", TASK("hidden", ""));
    put_text_file(dir, "broken.yaml", "task: [\n");
    struct yaml_tasks *tasks = scan(dir);
    expect_leaves(tasks, "a", "a//");
    expect_leaves(tasks, "t", "a// b//");
    expect_leaves(tasks, "u", "a// c//");
    expect_leaves(tasks, "g", "a/g/ b/g/g.inner c/g/g.inner +outside");
    expect_leaves(tasks, "h", "a// b// c// h.own//");
    struct yaml_leaves leaves = YAML_LEAVES_INIT;
    bool found;
    cr_assert_eq(yaml_tasks_resolve(tasks, "h", &leaves, &found, NULL), CARAT_OK);
    cr_expect_eq(yaml_task_abi(leaves.items[2].task)->default_shots, 3, "a member's own settings win");
    yaml_leaves_release(&leaves);
    cr_assert_eq(yaml_tasks_resolve(tasks, "hidden", &leaves, &found, NULL), CARAT_OK);
    cr_expect_not(found);
    yaml_tasks_free(tasks);
    temp_remove(dir);
}

Test(yaml_index, a_groups_file_finds_the_tasks_beside_it)
{
    const char *dir = temp_dir();
    struct yaml_tasks *tasks;
    put_text_file(dir, "a.yaml", TASK("a", ""));
    put_text_file(dir, "g.yaml", "group: g\ngroup_alias: The G\ntask: a\naggregate_metric_list: {metric: acc, weight_by_size: true}\n");
    char *path = file_join(dir, "g.yaml");
    cr_assert_eq(yaml_tasks_new(&tasks, NULL), CARAT_OK);
    expect_leaves(tasks, path, "a/g/");
    yaml_tasks_free(tasks);
    free(path);
    temp_remove(dir);
}

Test(yaml_index, a_group_weights_by_size_or_counts_each_task_once)
{
    static const struct {
        const char *weight;
        bool once;
    } cases[] = {{"", false}, {", weight_by_size: true", false}, {", weight_by_size: false", true}, {", weight_by_size: null", true},
                 {", weight_by_size: yes please", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *dir = temp_dir();
        char group[200];
        struct yaml_leaves leaves = YAML_LEAVES_INIT;
        bool found;
        put_text_file(dir, "a.yaml", TASK("a", ""));
        snprintf(group, sizeof group, "group: g\ntask: [a]\naggregate_metric_list: [{metric: acc%s}]\n", cases[i].weight);
        put_text_file(dir, "g.yaml", group);
        struct yaml_tasks *tasks = scan(dir);
        cr_assert_eq(yaml_tasks_resolve(tasks, "g", &leaves, &found, NULL), CARAT_OK);
        cr_expect_str_eq(leaves.items[0].group, "g");
        cr_expect_eq(leaves.items[0].parts_equal, cases[i].once, "%s", group);
        yaml_leaves_release(&leaves);
        yaml_tasks_free(tasks);
        temp_remove(dir);
    }
}

Test(yaml_index, the_last_folder_and_of_a_folder_the_first_file_win)
{
    const char *one = temp_dir(), *two = temp_dir();
    put_text_file(one, "a1.yaml", TASK("a", "num_fewshot: 1\n"));
    put_text_file(one, "a2.yaml", TASK("a", "num_fewshot: 2\n"));
    put_text_file(two, "z.yaml", TASK("a", "num_fewshot: 7\n"));
    struct yaml_tasks *tasks = scan(one);
    struct yaml_leaves leaves = YAML_LEAVES_INIT;
    bool found;
    cr_assert_eq(yaml_tasks_resolve(tasks, "a", &leaves, &found, NULL), CARAT_OK);
    cr_expect_eq(yaml_task_abi(leaves.items[0].task)->default_shots, 1);
    cr_assert_eq(yaml_tasks_scan(tasks, two, NULL), CARAT_OK);
    cr_assert_eq(yaml_tasks_resolve(tasks, "a", &leaves, &found, NULL), CARAT_OK);
    cr_expect_eq(yaml_task_abi(leaves.items[1].task)->default_shots, 7);
    yaml_leaves_release(&leaves);
    yaml_tasks_free(tasks);
    temp_remove(one);
    temp_remove(two);
}

Test(yaml_index, refuses_by_name_what_it_does_not_know)
{
    static const struct {
        const char *more, *message;
    } cases[] = {
        {"doc_too_text: x\n", "the key 'doc_too_text' is unknown"},
        {"output_type: guess\n", "'output_type: guess' is unknown"},
        {"doc_to_image: x\n", "the key 'doc_to_image' is not supported"},
        {"fewshot_config: {sampler: best}\n", "sampler: best"},
        {"fewshot_config: {target_delimiter: x}\n", "target_delimiter"},
        {"num_fewshot: -1\n", "'num_fewshot' wants"},
        {"fewshot_config: {fewshot_indices: [1]}\n", "fewshot_indices"},
        {"doc_to_text: '{{ x'\n", "doc_to_text"},
        {"dataset_kwargs: {shuffle: yes}\n", "dataset_kwargs: shuffle"},
        {"generation_kwargs: {until: 5}\n", "'until' wants"},
        {"metric_list: []\n", "'metric_list' is empty"},
        {"process_docs: !function utils.f\n", "utils.py"},
        {"include: gone.yaml\n", "gone.yaml"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *dir = temp_dir();
        struct buf text = BUF_INIT(1 << 16);
        struct yaml_tasks *tasks;
        char *path = file_join(dir, "x.yaml");
        buf_printf(&text, "%s%s", TASK("x", ""), cases[i].more);
        put_text_file(dir, "x.yaml", text.p);
        cr_assert_eq(yaml_tasks_new(&tasks, NULL), CARAT_OK);
        expect_refused(tasks, path, cases[i].message);
        yaml_tasks_free(tasks);
        free(path);
        buf_release(&text);
        temp_remove(dir);
    }
}

Test(yaml_index, tells_what_can_be_asked_but_not_scored)
{
    static const struct {
        const char *more, *message;
    } cases[] = {
        {"metric_list: [{metric: exact_match}, {metric: rouge}]\n", "rouge"},
        {"metric_list: [{metric: bleu, aggregation: mean}]\n", "'bleu' cannot be aggregated by 'mean'"},
        {"metric_list: [{metric: exact_match, aggregation: ter}]\n", "'exact_match' cannot be aggregated by 'ter'"},
        {"metric_list: [{metric: bleu, hf_evaluate: true}]\n", "hf_evaluate"},
        {"metric_list: [{metric: f1, hf_evaluate: true, aggregation: mean, average: macro}]\n", "'f1'"},
        {"metric_list: [{metric: exact_match, aggregation: !function utils.f}]\n", "!function utils.f"},
        {"filter_list: [{name: a, filter: [{function: translate}]}]\n", "translate"},
        {"generation_kwargs: {num_beams: 4}\n", "num_beams"},
        {"process_results: !function utils.f\n", "utils.f"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *dir = temp_dir();
        struct buf text = BUF_INIT(1 << 16);
        struct yaml_leaves leaves = YAML_LEAVES_INIT;
        struct yaml_tasks *tasks;
        struct err err = ERR_INIT;
        bool found;
        char *path = file_join(dir, "x.yaml");
        buf_printf(&text, "%s%s", TASK("x", ""), cases[i].more);
        put_text_file(dir, "x.yaml", text.p);
        cr_assert_eq(yaml_tasks_new(&tasks, NULL), CARAT_OK);
        cr_assert_eq(yaml_tasks_resolve(tasks, path, &leaves, &found, &err), CARAT_OK, "%s", err.msg);
        const char *why = yaml_task_cannot_run(leaves.items[0].task);
        cr_expect(why && strstr(why, cases[i].message), "%s: %s", cases[i].more, why);
        yaml_leaves_release(&leaves);
        yaml_tasks_free(tasks);
        free(path);
        buf_release(&text);
        temp_remove(dir);
    }
}

Test(yaml_index, includes_come_first_and_cycles_are_refused)
{
    const char *dir = temp_dir();
    struct err err = ERR_INIT;
    json_t *config;
    struct buf out = BUF_INIT(1 << 16);
    put_text_file(dir, "x.yaml", "include: [one, two.yaml]\nc: 5\n");
    put_text_file(dir, "one.yaml", "a: {k: 1}\nb: 1\ntask_list: [z]\n"); /* named without its suffix */
    put_text_file(dir, "two.yaml", "a: {l: 2}\nc: 2\n");
    put_text_file(dir, "loop.yaml", "include: back.yaml\n");
    put_text_file(dir, "back.yaml", "include: loop.yaml\n");
    char *x = file_join(dir, "x.yaml"), *loop = file_join(dir, "loop.yaml");
    cr_assert_eq(config_load(x, NULL, &config, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(json_write(config, &out), CARAT_OK);
    cr_expect_str_eq(out.p, "{\"a\":{\"l\":2},\"b\":1,\"c\":5}", "%s", out.p);
    json_decref(config);
    cr_expect_neq(config_load(loop, NULL, &config, &err), CARAT_OK);
    cr_expect(strstr(err.msg, "include cycle"), "%s", err.msg);
    buf_release(&out);
    free(x), free(loop);
    temp_remove(dir);
}
