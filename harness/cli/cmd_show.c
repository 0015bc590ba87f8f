/* carat show: items as they were asked, answered and scored. */
#include <inttypes.h>
#include <math.h>

#include "commands.h"
#include "harness/export/export.h"
#include "pager.h"
#include "run_common.h"
#include "show_text.h"
#include "show_tokens.h"

struct shown {
    const struct options *o;
    struct str task;
    struct show_style style;
    struct buf out;
    int64_t n, limit;        /* items printed, and at most */
    bool failed;
};

/* ---- which items ------------------------------------------------------------------------------------ */

/* Do two extractors answer differently for one sample: is one right and the other not, or are both wrong in other words? */
static bool extractors_disagree(const struct carat_item_record *item)
{
    for (size_t i = 0; i < item->n_answers; i++)
        for (size_t k = i + 1; k < item->n_answers; k++) {
            const struct carat_answer_record *a = &item->answers[i], *b = &item->answers[k];
            if (a->sample != b->sample || str_eq(a->filter, b->filter))
                continue;
            if (a->score != b->score || (a->score != 1 && !str_eq(a->answer, b->answer)))
                return true;
        }
    return false;
}

static bool show_item(void *context, const struct carat_item_record *item)
{
    struct shown *s = context;
    if (s->limit >= 0 && s->n >= s->limit)
        return false;
    if (s->o->wrong && item->outcome == CARAT_RIGHT)
        return true;
    if (s->o->disagree && !extractors_disagree(item))
        return true;
    buf_clear(&s->out);
    if (s->o->json) {
        json_t *json = export_item(s->task, item);
        if (json && s->style.tokens)
            json_object_set_new(json, "tokens", show_tokens_json(s->style.tokens, item));
        s->failed |= !json || json_write(json, &s->out) || buf_addc(&s->out, '\n');
        json_decref(json);
    } else {
        show_item_text(&s->out, s->task, item, &s->style);
        s->failed |= buf_failed(&s->out);
    }
    if (!s->failed)
        fwrite(s->out.p, 1, s->out.n, stdout);
    s->n++;
    return !s->failed && !ferror(stdout);
}

struct chosen {
    const struct options *o;
    struct { int64_t id; char *name, *settings; } *tasks;
    size_t n;
    bool failed;
};

static bool wants_task(const struct options *o, const struct carat_task_row *row)
{
    bool any = o->tasks.n || o->args.n > 1;
    for (size_t i = 0; i < o->tasks.n; i++)
        if (str_eq(str_from(o->tasks.items[i]), row->name) || str_eq(str_from(o->tasks.items[i]), row->parent))
            return true;
    for (size_t i = 1; i < o->args.n; i++)
        if (str_eq(str_from(o->args.items[i]), row->name) || str_eq(str_from(o->args.items[i]), row->parent))
            return true;
    return !any;
}

static bool choose_task(void *context, const struct carat_task_row *row)
{
    struct chosen *c = context;
    if (!wants_task(c->o, row))
        return true;
    void *p = realloc(c->tasks, (c->n + 1) * sizeof *c->tasks);
    if (p)
        c->tasks = p;
    char *name = strndup(row->name.p, row->name.n), *settings = strndup(row->settings.p, row->settings.n);
    if (!p || !name || !settings) {
        free(name);
        free(settings);
        c->failed = true;
        return false;
    }
    c->tasks[c->n].id = row->id;
    c->tasks[c->n].settings = settings;
    c->tasks[c->n++].name = name;
    return true;
}

/* --tokens: the run's own tokenizer, or -m's. */
struct opening {
    const struct options *o;
    int64_t run;
    struct show_tokens *tokens;
    enum carat_err code;
    struct err *err;
};

static bool open_tokens(void *context, const struct carat_run_row *row)
{
    struct opening *w = context;
    char *path = NULL;
    if (row->id != w->run)
        return true;
    if (w->o->models.n)
        w->code = model_path(w->o->models.items[0], NULL, &path, w->err);
    else if (!(path = strndup(row->model_path.p, row->model_path.n)))
        w->code = err_nomem(w->err, "a path");
    if (!w->code)
        w->code = show_tokens_open(row, path, &w->tokens, w->err);
    free(path);
    return false;
}

static enum carat_err load_tokens(const struct options *o, struct carat_store *store, int64_t run, struct show_tokens **out,
                                  struct err *err)
{
    struct opening w = {.o = o, .run = run, .err = err};
    enum carat_err rc = o->tokens ? carat_store_runs(store, open_tokens, &w, err) : CARAT_OK;
    *out = w.tokens;
    if (!rc)
        rc = w.code;
    if (!rc && w.tokens && show_tokens_warning(w.tokens))
        log_warn("only ids, and no contexts: %s (-m names a checkpoint with the tokenizer)", show_tokens_warning(w.tokens));
    return rc;
}

static enum carat_err show_tasks(struct carat_store *store, const struct chosen *c, struct shown *s, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; i < c->n && !rc; i++) {
        s->task = str_from(c->tasks[i].name);
        s->n = 0; /* --limit counts for each task */
        if (s->style.tokens)
            show_tokens_task(s->style.tokens, str_from(c->tasks[i].settings));
        rc = carat_store_items(store, c->tasks[i].id, s->o->first, 0, show_item, s, err);
        if (!rc && s->failed)
            rc = err_nomem(err, "an item");
    }
    return rc;
}

static enum carat_err run(const struct options *o, struct err *err)
{
    struct carat_store *store = NULL;
    struct chosen c = {.o = o};
    struct shown s = {.o = o, .out = BUF_INIT(BUF_MAX_DEFAULT), .limit = o->limit, .style = {.color = want_color(o, stdout)}};
    int64_t id = 0;
    enum carat_err rc = open_store(o, CARAT_STORE_READ, &store, err);
    if (!rc)
        rc = carat_store_choose_scoring(store, o->scoring, err);
    if (!rc)
        rc = carat_store_find_run(store, o->args.items[0], &id, err);
    if (!rc)
        rc = carat_store_tasks(store, id, choose_task, &c, err);
    if (!rc && c.failed)
        rc = err_nomem(err, "the tasks");
    if (!rc && !c.n) {
        rc = err_set(err, CARAT_EUSAGE, "run '%s' has no such task", o->args.items[0]);
        err_hint(err, "'carat list runs' and 'carat report %s' show what there is", o->args.items[0]);
    }
    if (!rc)
        rc = load_tokens(o, store, id, &s.style.tokens, err);
    if (!rc) {
        struct pager pager = pager_begin();
        rc = show_tasks(store, &c, &s, err);
        pager_end(&pager);
    }
    for (size_t i = 0; i < c.n; i++) {
        free(c.tasks[i].name);
        free(c.tasks[i].settings);
    }
    free(c.tasks);
    show_tokens_free(s.style.tokens);
    buf_release(&s.out);
    carat_store_free(store);
    return rc;
}

const struct command cmd_show = {
    .name = "show",
    .summary = "items: what was asked, answered, scored",
    .usage = "RUN [TASK]...",
    .about = "Prints the items of a run: the prompt, the choices with their log-probabilities or the generated text, what each "
             "extractor found, and why it was scored so; through $PAGER on a terminal. With --json a line an item, with everything that is "
             "stored. --tokens shows the ids that the model was fed, with their texts, special tokens marked, and where the context "
             "ends; it opens the run's checkpoint, or the one that -m names, for its tokenizer.",
    .options = "db scoring task model first limit wrong disagree tokens color json",
    .examples = "  carat show gemma-2b hellaswag --limit 3\n"
                "  carat show 2 gsm8k --wrong --json",
    .min_args = 1,
    .max_args = 64,
    .run = run,
};
