/* carat show: items as they were asked, answered and scored. */
#include <inttypes.h>
#include <math.h>

#include "commands.h"
#include "harness/export/export.h"
#include "run_common.h"

struct shown {
    const struct options *o;
    struct str task;
    struct buf out;
    int64_t n, limit;        /* items printed, and at most */
    bool failed;
};

/* ---- text ----------------------------------------------------------------------------------------- */

/* Control characters of a model's text must not reach the terminal. */
static void add_plain(struct buf *out, struct str s)
{
    for (size_t at = 0; at < s.n;) {
        size_t from = at;
        int32_t cp = utf8_next(s, &at);
        bool control = cp < 0 || (cp < 0x20 && cp != '\n' && cp != '\t') || (cp >= 0x7F && cp < 0xA0) ||
                       (cp >= 0x202A && cp <= 0x202E) || (cp >= 0x2066 && cp <= 0x2069);
        if (control)
            buf_adds(out, "\xEF\xBF\xBD");
        else
            buf_add(out, s.p + from, at - from);
    }
}

/* Text with a bar before each line, so that where it ends can be seen. */
static void add_quoted(struct buf *out, struct str s)
{
    for (size_t at = 0; at <= s.n;) {
        ptrdiff_t end = str_find(s, STR("\n"), at);
        size_t stop = end < 0 ? s.n : (size_t)end;
        buf_adds(out, "  | ");
        add_plain(out, (struct str){s.p + at, stop - at});
        buf_addc(out, '\n');
        at = stop + 1;
    }
}

static void describe_choices(struct buf *out, const struct carat_item_record *item)
{
    size_t best = 0;
    for (size_t i = 1; i < item->n_choices; i++)
        if (item->choices[i].logprob > item->choices[best].logprob)
            best = i;
    for (size_t i = 0; i < item->n_choices; i++) {
        const struct carat_choice_record *c = &item->choices[i];
        buf_printf(out, "  %s%s %10.4f  %2zu tokens  ", i == best ? ">" : " ", (int)i == item->gold ? "*" : " ",
                   c->logprob, c->n_ids);
        add_plain(out, c->continuation);
        buf_addc(out, '\n');
    }
    if (item->n_choices)
        buf_adds(out, "  (> most likely, * right)\n");
}

static void describe_item(struct buf *out, struct str task, const struct carat_item_record *item)
{
    buf_printf(out, "%.*s item %" PRId64, (int)task.n, task.p, item->index);
    if (item->id.n) {
        buf_adds(out, " (");
        add_plain(out, item->id);
        buf_addc(out, ')');
    }
    buf_printf(out, ": %s\n", carat_outcome_name(item->outcome));
    if (item->truncated_tokens)
        buf_printf(out, "  the first %zu tokens were cut off, BOS with them (--truncation left)\n", item->truncated_tokens);
    if (item->message.n) {
        buf_adds(out, "  not asked: ");
        add_plain(out, item->message);
        buf_addc(out, '\n');
    }
    if (item->prefix.n)
        buf_printf(out, "  [description and shots: %zu bytes, shown by --json]\n", item->prefix.n);
    for (size_t i = 0; item->prompts && i < item->n_choices; i++)
        add_quoted(out, item->prompts[i]);
    if (!item->prompts)
        add_quoted(out, item->prompt);
    describe_choices(out, item);
    for (size_t i = 0; i < item->n_samples; i++) {
        const struct carat_sample_record *s = &item->samples[i];
        buf_printf(out, "  answered, until %.*s:\n", (int)s->finish.n, s->finish.p);
        add_quoted(out, s->text);
        if (s->verdict.n) {
            buf_adds(out, "  verdict: ");
            add_plain(out, s->verdict);
            buf_addc(out, '\n');
        }
    }
    if (item->n_samples) {
        buf_adds(out, "  target:\n");
        add_quoted(out, item->target);
    }
    for (size_t i = 0; i < item->n_answers; i++) {
        buf_printf(out, "  %.*s: ", (int)item->answers[i].filter.n, item->answers[i].filter.p);
        add_plain(out, item->answers[i].answer);
        buf_addc(out, '\n');
    }
    for (size_t i = 0; i < item->n_metrics; i++)
        buf_printf(out, "  %.*s = %g\n", (int)item->metrics[i].name.n, item->metrics[i].name.p,
                   item->metrics[i].value);
    buf_addc(out, '\n');
}

/* ---- which items ------------------------------------------------------------------------------------ */

static bool show_item(void *context, const struct carat_item_record *item)
{
    struct shown *s = context;
    if (s->limit >= 0 && s->n >= s->limit)
        return false;
    if (s->o->wrong && item->outcome == CARAT_RIGHT)
        return true;
    buf_clear(&s->out);
    if (s->o->json) {
        json_t *json = export_item(s->task, item);
        s->failed |= !json || json_write(json, &s->out) || buf_addc(&s->out, '\n');
        json_decref(json);
    } else {
        describe_item(&s->out, s->task, item);
        s->failed |= buf_failed(&s->out);
    }
    if (!s->failed)
        fwrite(s->out.p, 1, s->out.n, stdout);
    s->n++;
    return !s->failed && !ferror(stdout);
}

struct chosen {
    const struct options *o;
    struct { int64_t id; char *name; } *tasks;
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
    char *name = strndup(row->name.p, row->name.n);
    if (!p || !name) {
        free(name);
        c->failed = true;
        return false;
    }
    c->tasks[c->n].id = row->id;
    c->tasks[c->n++].name = name;
    return true;
}

static enum carat_err run(const struct options *o, struct err *err)
{
    struct carat_store *store = NULL;
    struct chosen c = {.o = o};
    struct shown s = {.o = o, .out = BUF_INIT(BUF_MAX_DEFAULT), .limit = o->limit};
    int64_t id;
    enum carat_err rc = carat_store_open(o->db ? o->db : DEFAULT_DB, CARAT_STORE_READ, &store, err);
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
    for (size_t i = 0; i < c.n && !rc; i++) {
        s.task = str_from(c.tasks[i].name);
        s.n = 0; /* --limit counts for each task */
        rc = carat_store_items(store, c.tasks[i].id, o->first, 0, show_item, &s, err);
        if (!rc && s.failed)
            rc = err_nomem(err, "an item");
    }
    for (size_t i = 0; i < c.n; i++)
        free(c.tasks[i].name);
    free(c.tasks);
    buf_release(&s.out);
    carat_store_free(store);
    return rc;
}

const struct command cmd_show = {
    .name = "show",
    .summary = "items: what was asked, answered, scored",
    .usage = "RUN [TASK]...",
    .about = "Prints the items of a run: the prompt, the choices with their log-probabilities or the generated text, what each "
             "extractor found, the metrics. With --json a line an item, with everything that is stored.",
    .options = "db task first limit wrong json",
    .examples = "  carat show gemma-2b hellaswag --limit 3\n"
                "  carat show 2 gsm8k --wrong --json",
    .min_args = 1,
    .max_args = 64,
    .run = run,
};
