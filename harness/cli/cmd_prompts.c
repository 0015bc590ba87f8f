/* carat prompts: what a task asks, item by item, without a model. */
#include <inttypes.h>

#include "commands.h"
#include "harness/protocol/plugin.h"
#include "run_common.h"

static json_t *texts_json(const struct str *texts, size_t n, struct str before)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < n; i++) {
        struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
        buf_addstr(&b, before);
        buf_addstr(&b, texts[i]);
        if (json_array_append_new(list, buf_failed(&b) ? NULL : json_text(buf_str(&b)))) {
            json_decref(list);
            list = NULL;
        }
        buf_release(&b);
    }
    return list;
}

static json_t *references_json(const struct carat_example *ex)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < ex->n_references; i++)
        if (json_array_append_new(list, json_text((struct str){ex->references[i].p, ex->references[i].n}))) {
            json_decref(list);
            list = NULL;
        }
    return list;
}

/* {"task", "index", "context" or "contexts", "continuations" where there are any, "target", "references" where several are right} */
static json_t *item_json(const struct bench *b, const struct proto_item *item)
{
    const struct str *prompts = item->prompts ? item->prompts : &item->prompt;
    json_t *contexts = texts_json(prompts, item->prompts ? item->n_requests : 1, item->prefix);
    json_t *out = json_pack("{s:o, s:I}", "task", json_text(b->name), "index", (json_int_t)item->index);
    bool ok = out && contexts;
    if (ok && item->prompts)
        ok = !json_object_set(out, "contexts", contexts);
    else if (ok)
        ok = !json_object_set(out, "context", json_array_get(contexts, 0));
    if (ok && item->continuations)
        ok = !json_object_set_new(out, "continuations", texts_json(item->continuations, item->n_requests, STR("")));
    ok = ok && !json_object_set_new(out, "target", item->target.p ? json_text(item->target) : json_null());
    if (ok && item->example.references)
        ok = !json_object_set_new(out, "references", references_json(&item->example));
    json_decref(contexts);
    if (!ok) {
        json_decref(out);
        return NULL;
    }
    return out;
}

static bool same_text(struct carat_text a, struct str b) { return str_eq((struct str){a.p, a.n}, b); }

static void print_text(const struct bench *b, const struct proto_item *item)
{
    printf("---- %.*s, item %zu\n%.*s", (int)b->name.n, b->name.p, item->index, (int)item->prefix.n, item->prefix.p);
    if (!item->prompts)
        printf("%.*s\n", (int)item->prompt.n, item->prompt.p);
    for (size_t i = 0; item->prompts && i < item->n_requests; i++)
        printf("%s%.*s\n", i ? "---- or\n" : "", (int)item->prompts[i].n, item->prompts[i].p);
    for (size_t i = 0; item->continuations && i < item->n_requests; i++)
        printf("---- continuation %zu\n%.*s\n", i, (int)item->continuations[i].n, item->continuations[i].p);
    printf("---- target\n%.*s\n", (int)item->target.n, item->target.p ? item->target.p : "");
    for (size_t i = 0; i < item->example.n_references; i++)
        if (!same_text(item->example.references[i], item->target))
            printf("---- or\n%.*s\n", (int)item->example.references[i].n, item->example.references[i].p);
    putchar('\n');
}

static enum carat_err print_item(const struct bench *b, size_t index, bool json, struct err *err)
{
    struct arena arena = ARENA_INIT;
    struct proto_item item;
    struct buf line = BUF_INIT(BUF_MAX_DEFAULT);
    enum carat_err rc = proto_item(b->plan, index, &arena, &item, err);
    if (!rc && json) {
        json_t *value = item_json(b, &item);
        if (!value || json_write(value, &line) || buf_addc(&line, '\n'))
            rc = err_nomem(err, "an item");
        else
            fwrite(line.p, 1, line.n, stdout);
        json_decref(value);
    } else if (!rc) {
        print_text(b, &item);
    }
    buf_release(&line);
    arena_release(&arena);
    return rc;
}

static enum carat_err run(const struct options *o, struct err *err)
{
    struct known_tasks known = {0};
    struct eval_options eval = {0};
    struct bench_set set = {.arena = ARENA_INIT};
    if (!o->tasks.n) {
        err_set(err, CARAT_EUSAGE, "wants -t TASK,...");
        return err_hint(err, "'carat list tasks' names them");
    }
    enum carat_err rc = eval_options_from(o, &eval, err);
    if (!rc)
        rc = known_tasks_load(o, &known, err);
    eval.plugins = known.plugins;
    eval.yaml = known.files;
    eval.prompts_only = true;
    if (!rc)
        rc = bench_load(&eval, &set, err);
    for (size_t i = 0; i < set.n && !rc; i++)
        for (size_t k = 0; k < set.items[i].n_planned && !rc; k++)
            rc = print_item(&set.items[i], k, o->json, err);
    bench_release(&set);
    known_tasks_release(&known);
    return rc;
}

const struct command cmd_prompts = {
    .name = "prompts",
    .summary = "what a task asks, item by item, without a model",
    .usage = "-t TASK,...",
    .about = "Prints each item's whole context, shots and all, the continuations whose log-likelihoods are asked for, and the "
             "right answer as the task gives it. With --json an object a line.",
    .options = "task limit shots shots-fixed seed data plugin include-path json quiet",
    .examples = "  carat prompts -t hellaswag --limit 2 --shots 5\n"
                "  carat prompts -t my_task.yaml --data rows --json",
    .run = run,
};
