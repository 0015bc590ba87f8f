/* yaml_tasks.h - the reference harness's task files, run unchanged: an interpreter over the task ABI.
 *
 *     struct yaml_tasks *tasks;
 *     yaml_tasks_new(&tasks, err);
 *     yaml_tasks_scan(tasks, "my_tasks", err);                    // --include-path: names to files
 *     struct yaml_leaves leaves = YAML_LEAVES_INIT;
 *     yaml_tasks_resolve(tasks, "my_task", &leaves, &found, err); // a name, or a path of a .yaml file
 *     yaml_rows(leaves.items[0].task, "test", "data", &rows, err);
 *     ... proto_plan_new() with &leaves.items[i].task->task as any other task ...
 *     yaml_leaves_release(&leaves);
 *     yaml_tasks_free(tasks);                                     // last: leaves point into it
 *
 * What a file may say is told in docs/yaml-tasks.md; a key, value or Python function that is not known is refused by name
 * when the file is loaded, what can be asked but not scored before a run. Loading is one thread's; tasks are read-only
 * afterwards. Source of every rule: lm-evaluation-harness 0.4.13.
 */
#ifndef CARAT_YAML_TASKS_H
#define CARAT_YAML_TASKS_H

#include "base/base.h"
#include "datasets/datasets.h"
#include "tasks/task.h"

struct yaml_tasks;
enum carat_err yaml_tasks_new(struct yaml_tasks **out, struct err *err);
void yaml_tasks_free(struct yaml_tasks *tasks); /* NULL is fine */

/* Takes in the names of all *.yaml files below `dir`, in order of path; of a folder's the first of a name counts, of folders
 * the last. Files that are no task's or group's are passed over, as are those that cannot be read: asked for by name they
 * tell why. */
enum carat_err yaml_tasks_scan(struct yaml_tasks *tasks, const char *dir, struct err *err);

enum yaml_kind { YAML_TASK, YAML_GROUP, YAML_TAG, YAML_PYTHON };
/* The names there are, sorted. `path` is NULL for a tag. */
size_t yaml_tasks_count(const struct yaml_tasks *tasks);
void yaml_tasks_entry(const struct yaml_tasks *tasks, size_t i, const char **name, enum yaml_kind *kind, const char **path);

struct yaml_task;
struct yaml_leaf {
    const struct yaml_task *task;
    const char *group;       /* whose score it is part of, by the name asked for; NULL: none */
    const char *group_title;
    const char *subgroup;    /* the group within `group`; NULL: none */
    bool parts_equal;        /* the group's score counts each task once (weight_by_size: false) */
};
struct yaml_leaves {
    struct yaml_leaf *items;
    size_t n;
    const char **others;     /* names in groups that no file has: built-in tasks, perhaps. Borrowed from tasks */
    size_t n_others;
};
#define YAML_LEAVES_INIT {.items = NULL, .n = 0, .others = NULL, .n_others = 0}

/* Appends the tasks of `name`: a task, a group or a tag, or a file's path (it ends in .yaml or .yml). *found is false, and
 * nothing happened, when there is no such name. */
enum carat_err yaml_tasks_resolve(struct yaml_tasks *tasks, const char *name, struct yaml_leaves *leaves, bool *found,
                                  struct err *err);
void yaml_leaves_release(struct yaml_leaves *leaves);

/* The ABI's view of it; and back: NULL when the task is none of this folder's. */
const struct carat_task *yaml_task_abi(const struct yaml_task *task);
const struct yaml_task *yaml_task_of(const struct carat_task *task);

/* Why it cannot be scored, though its prompts can be made ("metric 'bleu' ..."); NULL: it can. */
const char *yaml_task_cannot_run(const struct yaml_task *task);

/* A metric of the file that is not given, since only a library of Python's computes it ("math_verify"); NULL: none. */
const char *yaml_task_leaves_out(const struct yaml_task *task);

/* The digest of what the file says of prompts: templates, shots, functions; with includes resolved, without names and paths. */
const char *yaml_task_digest(const struct yaml_task *task);

/* The rows of a split, in order, after process_docs: from data_files, from DIR/<dataset_path>/[<dataset_name>/]<split>.jsonl,
 * .json or .csv in `data_dir` (--data), in the file's own folder and in the cache; see docs/yaml-tasks.md. */
enum carat_err yaml_rows(const struct yaml_task *task, const char *split, const char *data_dir, struct carat_rows **out,
                         struct err *err);
/* Fetches into the cache what the task's rows and shots need from the Hub; nothing where its data are files of its own. */
enum carat_err yaml_task_fetch(const struct yaml_task *task, const struct carat_fetch_opts *opts, struct err *err);
/* The pool of shots: inline samples, or the rows of a split. */
enum carat_err yaml_pool(const struct yaml_task *task, const char *data_dir, struct carat_rows **out, struct err *err);

#endif
