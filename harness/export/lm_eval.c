/* A run as the reference harness logs it, into a folder named after the model: samples_TASK_TIME.jsonl for each task,
 * then results_TIME.json (TASKS.md section 8). */
#include <stdlib.h>
#include <time.h>

#include "lm_eval_int.h"

/* ---- what a task's settings say ---- */

bool lm_eval_is_choice(const struct export_task *t)
{
    struct str output;
    return !json_get_str(t->settings, "output", &output) || !str_eq(output, STR("generate"));
}

bool lm_eval_makes_programs(const struct export_task *t)
{
    return str_eq(t->row.name, STR("humaneval"));
}

struct str lm_eval_filter(const struct export_task *t, struct str filter)
{
    return lm_eval_makes_programs(t) && str_eq(filter, STR("none")) ? STR("create_test") : filter;
}

json_t *lm_eval_generation(const struct export_task *task)
{
    const json_t *s = task->settings, *sampling = json_object_get(s, "sampling");
    json_t *o = json_object();
    json_int_t max_tokens = json_integer_value(json_object_get(s, "max_tokens"));
    if (max_tokens && max_tokens != 256) /* 256 is what the reference takes where a task says nothing */
        json_object_set_new(o, "max_gen_toks", json_integer(max_tokens));
    json_object_set(o, "until", json_object_get(s, "stops"));
    json_object_set_new(o, "do_sample", json_boolean(sampling));
    json_object_set_new(o, "temperature", json_real(sampling ? json_number_value(json_object_get(sampling, "temperature")) : 0));
    if (sampling)
        json_object_set(o, "top_p", json_object_get(sampling, "top_p"));
    return o;
}

bool lm_eval_is_of_corpus(const json_t *settings, struct str metric)
{
    size_t i;
    json_t *m;
    struct str name, how;
    enum carat_aggregation aggregation;
    json_array_foreach(json_object_get(settings, "metrics"), i, m) {
        if (json_get_str(m, "name", &name) && str_eq(name, metric))
            return json_get_str(m, "aggregation", &how) && stat_aggregation_find(how, &aggregation) &&
                   stat_measure(aggregation, NULL);
    }
    return false;
}

/* ---- the whole ---- */

/* Runs of the characters that no folder's name should have become "__". */
static char *sanitize(struct str name)
{
    struct buf b = BUF_INIT(1 << 16);
    bool run = false;
    for (size_t i = 0; i < name.n; i++) {
        bool bad = name.p[i] && strchr("\"<>:/|\\?*[]", name.p[i]);
        if (!bad)
            buf_addc(&b, name.p[i]);
        else if (!run)
            buf_adds(&b, "__");
        run = bad;
    }
    return buf_take(&b, NULL);
}

/* Local time, as the reference's files have it: 2026-01-31T12-00-00.123456. */
static void time_name(char out[40])
{
    struct timespec now;
    struct tm tm;
    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &tm);
    size_t n = strftime(out, 40, "%Y-%m-%dT%H-%M-%S", &tm);
    snprintf(out + n, 40 - n, ".%06ld", now.tv_nsec / 1000);
}

enum carat_err export_lm_eval(const struct export_options *o, struct err *err)
{
    struct export_run run;
    enum carat_err rc = export_load(o, &run, err);
    if (rc)
        return rc;
    struct lm_eval l = {.o = o, .run = &run};
    char *sanitized = sanitize(run.row.model_path);
    l.folder = sanitized ? file_join(o->dir, sanitized) : NULL;
    l.task_hashes = json_object();
    time_name(l.time);
    if (!l.folder || !l.task_hashes)
        rc = err_nomem(err, "a name");
    if (!rc)
        rc = file_mkdirs(l.folder, err);
    for (size_t i = 0; i < run.n_tasks && !rc; i++) {
        rc = lm_eval_samples(&l, &run.tasks[i], err);
        if (rc)
            err_context(err, "%s", run.tasks[i].row.name.p);
    }
    if (!rc) /* last: where it is, all is there */
        rc = lm_eval_results(&l, sanitized, err);
    json_decref(l.task_hashes);
    free(l.folder);
    free(sanitized);
    export_release(&run);
    return rc;
}
