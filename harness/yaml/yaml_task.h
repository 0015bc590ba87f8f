/* yaml_task.h - a task file as a struct carat_task whose functions interpret it. Private to the folder. */
#ifndef CARAT_YAML_TASK_H
#define CARAT_YAML_TASK_H

#include "expr.h"
#include "harness/protocol/protocol.h"
#include "yaml_tasks.h"

struct yaml_task {
    struct carat_task task; /* task.self is this structure */
    struct arena arena;     /* what task points to */
    json_t *config;         /* the whole, includes resolved; expressions borrow from it */
    const char *path;       /* the file; NULL: inline, part of a group's file */
    const char *dir;        /* its folder */
    struct yaml_expr text, target, choice, description, prefix;
    struct yaml_expr shot_text, shot_target, shot_choice, shot_prefix;
    struct hook *process_docs, *shot_process_docs; /* owned; the second may be the first */
    const char *dataset_path, *dataset_name; /* name NULL: none */
    const json_t *data_files;                /* dataset_kwargs: data_files; NULL: none */
    bool headless;                           /* dataset_kwargs says that CSV files have no header: not read */
    const char *data_dir;                    /* dataset_kwargs: data_dir */
    struct hook *results;                    /* process_results; owned; NULL: none */
    struct hook *prediction;                 /* a custom filter that makes programs of answers; owned; NULL: none */
    struct hook *options;                    /* a filter's function that finds choices in a row; owned; NULL: none */
    bool by_mass;                            /* it scores by the probability of right choices, whose numbers it gives */
    const json_t *samples;                   /* fewshot_config: samples; NULL: the pool is a split */
    json_t *own_samples;                     /* those that a function gives; owned */
    const char *cannot_run; /* why it may not be run, though its prompts can be made; NULL: it may */
    const char *left_out;   /* a metric that is asked for and not given; in the configuration; NULL: none */
    char digest[SHA256_HEX];
};

/* `config` is taken over; `path` and `dir` are copied. The error names the file and the key. */
enum carat_err yaml_task_new(const char *name, json_t *config, const char *path, const char *dir, struct yaml_task **out,
                             struct err *err);
void yaml_task_free(struct yaml_task *t);

/* The ABI's function (example.c). */
int yaml_example(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                 struct carat_example *out);

/* The ABI's judge() of a task whose process_results is known (example.c). */
int yaml_judge(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row, struct carat_text answer,
               struct carat_verdict *out);

/* A metric that runs programs (programs.c): `entry` of metric_list has a function for its name. CARAT_EUNSUPPORTED: another one. */
enum carat_err yaml_program_metric(struct yaml_task *t, const json_t *entry, struct carat_metric *m, struct err *err);
/* The ABI's program(). */
int yaml_program(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *value,
                 struct carat_text completion, struct carat_program *out);

/* metrics, filter_list, generation_kwargs (scoring.c); `output` and `shot_delimiter` of t->task are set. */
enum carat_err yaml_task_scoring(struct yaml_task *t, struct err *err);

#endif
