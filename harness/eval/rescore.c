#include "rescore.h"

#include "form.h"
#include "groups.h"
#include "leaf_score.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* A stored task that is to be scored again. */
struct old_task {
    struct carat_task_row row; /* its texts live in the arena */
    unsigned settings;         /* of enum proto_setting */
};

struct work {
    const struct rescore_options *o;
    struct arena names;
    struct old_task *tasks;
    size_t n_tasks;
    bool failed;
    struct eval_form asked;    /* how the run put its prompts; its system text is `system` */
    char *model_path, *system, *template_sha256; /* the template's: empty where a server has it; NULL: no conversation */
    struct form form;
    bool template_missing;     /* the run's chat template is not at hand: only rows and choices can be compared */
    int64_t seed;
    struct jail *jail;
    struct rescored *out;
    size_t n_out;
    /* one task */
    const struct bench *bench;
    int64_t task;
    const struct old_task *old;
    struct rescored *counts;
    bool *done;
    struct arena arena;        /* of one item */
    enum carat_err code;
    struct err *err;
};

/* ---- what there is --------------------------------------------------------------------------------------- */

static struct str keep(struct work *w, struct str s)
{
    char *p = arena_dup(&w->names, s.p, s.n);
    w->failed |= !p;
    return (struct str){p ? p : "", p ? s.n : 0};
}

/* How a stored task was asked, of enum proto_setting. */
static unsigned settings_of(struct str text)
{
    json_t *all = NULL;
    unsigned settings = 0;
    if (json_read(text, "the task's settings", 0, &all, NULL))
        return 0;
    settings |= json_object_get(all, "protocol") ? PROTO_PUBLISHED : 0u;
    settings |= json_is_true(json_object_get(json_object_get(all, "shots"), "fixed")) ? PROTO_SHOTS_FIXED : 0u;
    json_decref(all);
    return settings;
}

static bool take_task(void *context, const struct carat_task_row *row)
{
    struct work *w = context;
    struct old_task *more = realloc(w->tasks, (w->n_tasks + 1) * sizeof *more);
    if (!more) {
        w->failed = true;
        return false;
    }
    w->tasks = more;
    struct carat_task_row *r = &more[w->n_tasks++].row;
    *r = *row;
    struct str *const texts[] = {&r->name, &r->parent, &r->subgroup, &r->title, &r->capability, &r->headline, &r->settings,
                                 &r->data_path, &r->data_sha256, &r->shots_sha256, &r->started, &r->scoring};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = keep(w, *texts[i]);
    more[w->n_tasks - 1].settings = settings_of(r->settings);
    return !w->failed;
}

static char *keep_text(struct work *w, const json_t *text)
{
    const char *s = json_string_value(text);
    return arena_dup(&w->names, s ? s : "", s ? json_string_length(text) : 0);
}

/* How the run put its prompts. */
static bool take_form(struct work *w, const struct carat_run_row *row, const json_t *deciding)
{
    const json_t *chat = json_object_get(deciding, "chat"), *system = json_object_get(deciding, "system");
    w->model_path = arena_dup(&w->names, row->model_path.p, row->model_path.n);
    if (system && (w->system = keep_text(w, system)) == NULL)
        return false;
    if (chat && (w->template_sha256 = keep_text(w, json_object_get(chat, "template_sha256"))) == NULL)
        return false;
    w->asked = (struct eval_form){.chat = chat != NULL,
                                  .multiturn = json_is_true(json_object_get(chat, "fewshot_as_multiturn")),
                                  .template_path = w->o->eval->form.template_path,
                                  .system = w->system};
    return w->model_path != NULL;
}

/* Opens the form that prompts were put in, where its template is still what it was. */
static enum carat_err open_form(struct work *w)
{
    struct err why = ERR_INIT;
    enum carat_err rc = form_open(&w->asked, w->model_path, &w->form, &why);
    bool another = !rc && w->form.chat && strcmp(carat_chat_sha256(w->form.chat), w->template_sha256) != 0;
    if (rc && !w->asked.chat)
        return err_set(w->err, rc, "%s", why.msg);
    w->template_missing = rc || another;
    if (w->template_missing)
        log_warn("the run's chat template is not at hand%s%s: rows and choices are compared with what was asked, prompts are not; "
                 "--chat-template FILE gives it",
                 rc ? ": " : "", rc ? why.msg : "");
    return CARAT_OK;
}

static bool take_run(void *context, const struct carat_run_row *row)
{
    struct work *w = context;
    json_t *settings = NULL;
    if (row->id != w->o->run)
        return true;
    if (!json_read(row->settings, "settings", 0, &settings, NULL)) {
        const json_t *deciding = json_object_get(settings, "deciding"), *seed = json_object_get(deciding, "seed");
        w->failed |= !take_form(w, row, deciding);
        w->seed = seed ? json_integer_value(seed) : w->o->eval->seed;
    }
    json_decref(settings);
    return false;
}

/* ---- one item ---------------------------------------------------------------------------------------------- */

static bool same_choices(const struct work *w, const struct proto_item *p, const struct carat_item_record *item)
{
    if (p->n_requests != item->n_choices)
        return false;
    for (size_t i = 0; i < item->n_choices; i++) {
        struct str a = p->continuations[i], b = item->choices[i].continuation;
        if (w->template_missing) { /* in a conversation the delimiter may be left out */
            a = utf8_strip(a);
            b = utf8_strip(b);
        }
        if (!str_eq(a, b))
            return false;
        if (!w->template_missing && p->prompts && (!item->prompts || !str_eq(p->prompts[i], item->prompts[i])))
            return false;
    }
    return true;
}

static enum carat_err check_same(const struct work *w, const struct proto_item *p, const struct carat_item_record *item)
{
    const struct carat_rows *rows = w->bench->rows;
    const char *what = NULL;
    if (!str_eq(str_from(rows->items[item->index].sha256), item->row_sha256))
        what = "its row";
    else if (item->n_choices && !same_choices(w, p, item))
        what = "its choices";
    else if (!w->template_missing && (!str_eq(p->prefix, item->prefix) || (!p->prompts && !str_eq(p->prompt, item->prompt))))
        what = "its prompt";
    if (!what)
        return CARAT_OK;
    err_set(w->err, CARAT_EINPUT, "item %lld was answered to another question: %s is not the same", (long long)item->index, what);
    return err_hint(w->err, "'carat run' asks it as it is now");
}

/* 1 where the jail passed it, 0 where not, -1 without a verdict. */
static int passed(struct str verdict)
{
    json_t *v = NULL;
    struct str kind;
    int result = -1;
    if (verdict.n && !json_read(verdict, "verdict", 0, &v, NULL) && json_get_str(v, "verdict", &kind))
        result = str_eq(kind, str_from(jail_kind_name(JAIL_PASSED)));
    json_decref(v);
    return result;
}

static enum carat_err run_program(struct work *w, const struct proto_item *p, struct carat_sample_record *sample)
{
    struct str source;
    struct jail_verdict v = {0};
    struct buf json = BUF_INIT(BUF_MAX_DEFAULT);
    enum carat_err rc = proto_program(w->bench->plan, p, sample->text, &w->arena, &source, w->err);
    if (!rc)
        rc = jail_run(w->jail, source, &v, w->err);
    if (!rc && jail_verdict_json(&v, &json))
        rc = err_nomem(w->err, "a verdict");
    char *copy = rc ? NULL : arena_dup(&w->arena, json.p, json.n);
    if (!rc && !copy)
        rc = err_nomem(w->err, "a verdict");
    sample->verdict = (struct str){copy, copy ? json.n : 0};
    jail_verdict_release(&v);
    buf_release(&json);
    return rc;
}

static enum carat_err run_programs(struct work *w, const struct proto_item *p, struct carat_item_record *item)
{
    struct carat_sample_record *samples = arena_calloc(&w->arena, item->n_samples + 1, sizeof *samples);
    enum carat_err rc = samples ? CARAT_OK : err_nomem(w->err, "the samples");
    for (size_t i = 0; i < item->n_samples && !rc; i++) {
        samples[i] = item->samples[i];
        rc = run_program(w, p, &samples[i]);
    }
    item->samples = samples;
    item->shares_answers = false; /* its verdicts are its own */
    return rc;
}

static struct proto_response *responses_of(struct work *w, const struct carat_item_record *item, size_t *n)
{
    *n = item->n_choices ? item->n_choices : item->n_samples;
    struct proto_response *all = arena_calloc(&w->arena, *n + 1, sizeof *all);
    for (size_t i = 0; all && i < *n; i++) {
        all[i].passed = -1;
        if (item->n_choices) {
            all[i].logprob = item->choices[i].logprob;
            all[i].greedy = item->choices[i].greedy;
        } else {
            all[i].text = item->samples[i].text;
            all[i].finish = item->samples[i].finish;
            all[i].passed = passed(item->samples[i].verdict);
        }
    }
    return all;
}

static enum carat_err score_again(struct work *w, const struct carat_item_record *old, struct carat_item_record *item)
{
    struct proto_item p;
    size_t n;
    struct proto_form plain = PROTO_PLAIN, *form = w->template_missing ? &plain : &w->form.proto;
    form->last_prefix = (struct str){NULL, 0}; /* it lay in the arena of the item before */
    enum carat_err rc = proto_item_as(w->bench->plan, (size_t)old->index, form, &w->arena, &p, w->err);
    if (!rc)
        rc = check_same(w, &p, old);
    if (!rc && w->o->rerun_programs && proto_needs_jail(w->bench->leaf.task))
        rc = run_programs(w, &p, item);
    if (rc)
        return rc;
    p.responses = responses_of(w, item, &n);
    p.n_responses = n;
    if (!p.responses)
        return err_nomem(w->err, "the answers");
    item->target = p.target;
    return score_record(w->bench->plan, &p, &w->arena, item, w->err);
}

static bool rescore_item(void *context, const struct carat_item_record *old)
{
    struct work *w = context;
    struct carat_item_record item = *old;
    if (old->index < 0 || (size_t)old->index >= w->bench->rows->n) {
        w->code = err_set(w->err, CARAT_EINPUT, "the data set has no row %lld", (long long)old->index);
        return false;
    }
    if (w->done[old->index])
        return true;
    arena_reset(&w->arena);
    item.shares_answers = true;
    if (old->outcome != CARAT_REFUSED)
        w->code = score_again(w, old, &item);
    if (!w->code)
        w->code = carat_store_put(w->o->store, w->task, &item, w->err);
    w->counts->n++;
    w->counts->n_changed += item.outcome != old->outcome;
    return !w->code;
}

/* ---- one task ----------------------------------------------------------------------------------------------- */

static void mark_done(void *context, int64_t index, struct str row_sha256)
{
    struct work *w = context;
    (void)row_sha256;
    if (index >= 0 && (size_t)index < w->bench->rows->n)
        w->done[index] = true;
}

/* The score of the items by one metric, as their settings say. */
static enum carat_err score_of(const struct work *w, const struct leaf_metric *metric, struct rescored_value *out)
{
    struct leaf_score score;
    enum carat_err rc = leaf_score(w->o->store, metric, &score, w->err);
    *out = (struct rescored_value){score.mean.n ? score.mean.mean : (double)NAN, score.share};
    leaf_score_release(&score);
    return rc;
}

/* A name stands for one way of scoring. */
struct clash {
    const struct work *w;
    struct str settings;
    bool found;
};

static bool find_clash(void *context, const struct carat_task_row *row)
{
    struct clash *c = context;
    c->found |= row->scores_of == c->w->old->row.id && str_eq(row->scoring, str_from(c->w->o->name)) &&
                !str_eq(row->settings, c->settings);
    return !c->found;
}

/* How the answers were drawn stays as it was. */
static enum carat_err keep_drawn(struct str old_settings, json_t *settings, struct err *err)
{
    static const char *const keys[] = {"max_tokens", "sampling"};
    json_t *old = NULL;
    enum carat_err rc = json_read(old_settings, "the task's settings", 0, &old, err);
    for (size_t i = 0; i < sizeof keys / sizeof *keys && !rc; i++) {
        json_t *value = json_object_get(old, keys[i]);
        if (value && json_object_set(settings, keys[i], value))
            rc = err_nomem(err, "the task's settings");
    }
    json_decref(old);
    return rc;
}

static enum carat_err make_task(struct work *w)
{
    const struct bench *b = w->bench;
    const struct carat_task *t = b->leaf.task;
    const struct carat_task_row *row = &w->old->row;
    struct buf settings = BUF_INIT(1 << 20);
    json_t *all = NULL;
    enum carat_err rc = json_read(buf_str(&b->settings), "the task's settings", 0, &all, w->err);
    if (!rc)
        rc = keep_drawn(row->settings, all, w->err);
    if (!rc && (json_object_set_new(all, "scoring", json_string(w->o->name)) || json_write(all, &settings)))
        rc = err_nomem(w->err, "the task's settings");
    struct clash clash = {.w = w, .settings = buf_str(&settings)};
    if (!rc)
        rc = carat_store_all_tasks(w->o->store, w->o->run, find_clash, &clash, w->err);
    if (!rc && clash.found) {
        rc = err_set(w->err, CARAT_EUSAGE, "'%s' names another way of scoring it", w->o->name);
        err_hint(w->err, "--as NAME gives this one a name of its own");
    }
    struct carat_task_info info = {.name = row->name,
                                   .parent = row->parent,
                                   .subgroup = row->subgroup,
                                   .title = str_from(t->title ? t->title : t->name),
                                   .capability = str_from(capability_of(t->name, t->group)),
                                   .version = t->version,
                                   .shots = row->shots,
                                   .data_path = row->data_path,
                                   .data_sha256 = row->data_sha256,
                                   .shots_sha256 = row->shots_sha256,
                                   .settings = buf_str(&settings),
                                   .headline = b->headline,
                                   .n_rows = row->n_rows,
                                   .n_planned = row->n_planned,
                                   .chance = b->chance,
                                   .scoring = str_from(w->o->name),
                                   .scores_of = row->id};
    if (!rc)
        rc = carat_store_task(w->o->store, w->o->run, &info, &w->task, w->err);
    json_decref(all);
    buf_release(&settings);
    return rc;
}

static enum carat_err rescore_task(struct work *w)
{
    struct rescored *more = realloc(w->out, (w->n_out + 1) * sizeof *more);
    if (!more)
        return err_nomem(w->err, "the tasks");
    w->out = more;
    w->counts = &more[w->n_out++];
    *w->counts = (struct rescored){.n = 0};
    snprintf(w->counts->task, sizeof w->counts->task, "%s", w->old->row.name.p);
    snprintf(w->counts->metric, sizeof w->counts->metric, "%.*s", (int)w->bench->headline.n, w->bench->headline.p);
    w->done = calloc(w->bench->rows->n + 1, sizeof *w->done);
    enum carat_err rc = w->done ? make_task(w) : err_nomem(w->err, "the items");
    if (!rc)
        rc = carat_store_done(w->o->store, w->task, false, mark_done, w, w->err);
    if (!rc)
        rc = carat_store_items(w->o->store, w->old->row.id, 0, 0, rescore_item, w, w->err);
    if (!rc)
        rc = w->code;
    if (!rc)
        rc = carat_store_finish(w->o->store, w->task, &(struct carat_effort){0}, w->err);
    if (!rc)
        rc = score_of(w, &(struct leaf_metric){.task = w->old->row.id, .metric = w->old->row.headline,
                                               .settings = w->old->row.settings}, &w->counts->before);
    if (!rc)
        rc = score_of(w, &(struct leaf_metric){.task = w->task, .metric = w->bench->headline,
                                               .settings = buf_str(&w->bench->settings)}, &w->counts->after);
    free(w->done);
    w->done = NULL;
    return rc ? err_context(w->err, "%s", w->old->row.name.p) : CARAT_OK;
}

/* ---- the whole ------------------------------------------------------------------------------------------------ */

static bool asked_alike(const struct old_task *a, const struct old_task *b)
{
    return a->row.shots == b->row.shots && a->settings == b->settings;
}

/* The stored tasks that were asked as `like` was, by the tasks as they are now. */
static enum carat_err rescore_alike(struct work *w, const struct old_task *like, const char *const *names, size_t n_names)
{
    struct eval_options eval = *w->o->eval;
    struct bench_set set;
    eval.shots = like->row.shots;
    eval.settings = like->settings;
    eval.seed = w->seed;
    eval.limit = -1;
    eval.tasks = names;
    eval.n_tasks = n_names;
    enum carat_err rc = bench_load(&eval, &set, w->err);
    if (rc)
        return rc;
    if (set.needs_jail && w->o->rerun_programs && !w->jail)
        rc = jail_open(&(struct jail_opts){.unsafe_no_jail = eval.unsafe_no_jail}, &w->jail, w->err);
    for (size_t b = 0; b < set.n && !rc; b++) {
        for (size_t i = 0; i < w->n_tasks && !rc; i++) {
            w->bench = &set.items[b];
            w->old = &w->tasks[i];
            if (asked_alike(w->old, like) && str_eq(w->old->row.name, w->bench->name))
                rc = rescore_task(w);
        }
    }
    bench_release(&set);
    return rc;
}

/* Is it the first of the stored tasks that were asked as it was? */
static bool is_first_alike(const struct work *w, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (asked_alike(&w->tasks[k], &w->tasks[i]))
            return false;
    return true;
}

static enum carat_err rescore_all(struct work *w)
{
    enum carat_err rc = CARAT_OK;
    const char **names = calloc(w->n_tasks + 1, sizeof *names);
    if (!names)
        return err_nomem(w->err, "the tasks");
    for (size_t i = 0; i < w->n_tasks && !rc; i++) {
        size_t n = 0;
        if (!is_first_alike(w, i))
            continue;
        for (size_t k = i; k < w->n_tasks; k++)
            if (asked_alike(&w->tasks[k], &w->tasks[i]))
                names[n++] = w->tasks[k].row.name.p;
        rc = w->o->eval->n_tasks ? rescore_alike(w, &w->tasks[i], w->o->eval->tasks, w->o->eval->n_tasks)
                                 : rescore_alike(w, &w->tasks[i], names, n);
    }
    free(names);
    return rc;
}

enum carat_err rescore(const struct rescore_options *o, struct rescored **out, size_t *n, struct err *err)
{
    struct work w = {.o = o, .names = ARENA_INIT, .arena = ARENA_INIT, .seed = o->eval->seed, .err = err};
    *out = NULL;
    *n = 0;
    enum carat_err rc = carat_store_runs(o->store, take_run, &w, err);
    if (!rc)
        rc = carat_store_tasks(o->store, o->run, take_task, &w, err);
    if (!rc && w.failed)
        rc = err_nomem(err, "the tasks");
    if (!rc)
        rc = open_form(&w);
    if (!rc)
        rc = rescore_all(&w);
    if (!rc && !w.n_out) {
        rc = err_set(err, CARAT_EUSAGE, "the run has no answers to these tasks");
        err_hint(err, "'carat report' shows which it has");
    }
    if (!rc)
        rc = carat_store_commit(o->store, err);
    if (rc) {
        free(w.out);
    } else {
        *out = w.out;
        *n = w.n_out;
    }
    jail_free(w.jail);
    free(w.tasks);
    form_release(&w.form);
    arena_release(&w.names);
    arena_release(&w.arena);
    return rc;
}
