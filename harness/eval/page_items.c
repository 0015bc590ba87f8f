/* The items of a page, read in stretches of indices, from each run in turn, and joined by their index, so that memory holds
 * one stretch, however many items there are. */
#include <math.h>
#include <stdlib.h>

#include "harness/protocol/metric.h"
#include "page_int.h"

enum { STRETCH = 500 };

/* A stretch of a task's items: what was asked, and each run's answers. */
struct slot {
    json_t *item;             /* NULL: no run has it */
    struct str id, prefix, snippet; /* owned by the stretch's arena */
    char outcomes[PAGE_RUNS_MAX + 1];
};
struct stretch {
    struct slot slots[STRETCH];
    int64_t base, next;       /* its first index; the least seen behind it, INT64_MAX: none */
    size_t run, n_runs;
    struct arena arena;
    bool failed;
};

/* What was asked: the part of an item that runs share. */
static json_t *ask_json(const struct carat_item_record *item)
{
    json_t *o = json_object();
    if (item->prompts) {
        json_t *prompts = json_array();
        for (size_t i = 0; i < item->n_choices; i++)
            json_array_append_new(prompts, json_text(item->prompts[i]));
        json_object_set_new(o, "ps", prompts);
    } else {
        json_object_set_new(o, "p", json_text(item->prompt));
    }
    json_object_set_new(o, "t", json_text(item->target));
    if (item->gold >= 0)
        json_object_set_new(o, "g", json_integer(item->gold));
    if (item->n_choices) {
        json_t *choices = json_array();
        for (size_t i = 0; i < item->n_choices; i++)
            json_array_append_new(choices, json_text(item->choices[i].continuation));
        json_object_set_new(o, "c", choices);
    }
    return o;
}

static json_t *sample_json(const struct carat_sample_record *s)
{
    json_t *verdict = NULL, *o = json_object();
    json_object_set_new(o, "text", json_text(s->text));
    json_object_set_new(o, "finish", json_text(s->finish));
    if (s->verdict.n && !json_read(s->verdict, "verdict", 0, &verdict, NULL))
        json_object_set_new(o, "verdict", verdict);
    return o;
}

static char outcome_letter(enum carat_outcome outcome)
{
    static const char letters[] = {[CARAT_RIGHT] = 'R',   [CARAT_WRONG] = 'W', [CARAT_UNPARSED] = 'U',
                                   [CARAT_CUT_OFF] = 'C', [CARAT_EMPTY] = 'E', [CARAT_REFUSED] = 'F'};
    return letters[outcome];
}

static json_t *answer_json(const struct carat_item_record *item)
{
    json_t *o = json_object(), *metrics = json_array();
    json_object_set_new(o, "o", json_sprintf("%c", outcome_letter(item->outcome)));
    for (size_t i = 0; i < item->n_metrics; i++)
        if (!metric_is_sum(item->metrics[i].name))
            json_array_append_new(metrics, json_pack("[o, o]", json_text(item->metrics[i].name),
                                                     json_real_or_null(item->metrics[i].value)));
    json_object_set_new(o, "m", metrics);
    json_object_set_new(o, "k", json_integer((json_int_t)item->context_tokens));
    if (item->message.n)
        json_object_set_new(o, "msg", json_text(item->message));
    if (item->n_choices && item->outcome != CARAT_REFUSED) {
        json_t *sums = json_array(), *tokens = json_array();
        for (size_t i = 0; i < item->n_choices; i++) {
            json_array_append_new(sums, json_real(isfinite(item->choices[i].logprob) ? item->choices[i].logprob : -1e9));
            json_array_append_new(tokens, json_integer((json_int_t)item->choices[i].n_ids));
        }
        json_object_set_new(o, "l", sums);
        json_object_set_new(o, "n", tokens);
    }
    if (item->n_samples) {
        json_t *samples = json_array();
        for (size_t i = 0; i < item->n_samples; i++)
            json_array_append_new(samples, sample_json(&item->samples[i]));
        json_object_set_new(o, "s", samples);
    }
    if (item->n_answers) {
        json_t *answers = json_array();
        for (size_t i = 0; i < item->n_answers; i++)
            json_array_append_new(answers, json_pack("[i, o, o]", item->answers[i].sample,
                                                     json_text(item->answers[i].filter),
                                                     json_text(item->answers[i].answer)));
        json_object_set_new(o, "a", answers);
    }
    return o;
}

static struct str keep_here(struct stretch *s, struct str text)
{
    char *p = arena_dup(&s->arena, text.p, text.n);
    s->failed |= !p;
    return (struct str){p ? p : "", p ? text.n : 0};
}

/* Was it asked as the first run was? */
static bool asked_alike(const struct slot *slot, const struct carat_item_record *item, const json_t *ask)
{
    const char *key;
    json_t *value;
    bool alike = str_eq(slot->prefix, item->prefix);
    json_object_foreach((json_t *)(uintptr_t)ask, key, value)
        alike &= json_equal(value, json_object_get(slot->item, key));
    return alike;
}

static bool take_item(void *context, const struct carat_item_record *item)
{
    struct stretch *s = context;
    if (item->index >= s->base + STRETCH) {
        s->next = item->index < s->next ? item->index : s->next;
        return false;
    }
    struct slot *slot = &s->slots[item->index - s->base];
    json_t *ask = ask_json(item), *answer = answer_json(item);
    if (!slot->item) {
        slot->item = json_incref(ask);
        slot->id = keep_here(s, item->id);
        slot->prefix = keep_here(s, item->prefix);
        slot->snippet = keep_here(s, item->prompts ? item->prompts[0] : item->prompt);
        json_object_set_new(slot->item, "r", json_array());
        memset(slot->outcomes, '-', s->n_runs);
    } else if (!asked_alike(slot, item, ask)) {
        json_object_set_new(ask, "f", json_text(item->prefix));
        json_object_set(answer, "ask", ask);
    }
    json_t *runs = json_object_get(slot->item, "r");
    while (json_array_size(runs) < s->run)
        json_array_append_new(runs, json_null());
    s->failed |= json_array_append_new(runs, answer) != 0;
    slot->outcomes[s->run] = outcome_letter(item->outcome);
    json_decref(ask);
    return !s->failed;
}

static enum carat_err write_stretch(struct stretch *s, size_t task, struct carat_page *page, struct err *err)
{
    enum carat_err rc = s->failed ? err_nomem(err, "the page's items") : CARAT_OK;
    for (size_t i = 0; i < STRETCH; i++) {
        struct slot *slot = &s->slots[i];
        if (!slot->item)
            continue;
        json_t *runs = json_object_get(slot->item, "r");
        while (json_array_size(runs) < s->n_runs && !json_array_append_new(runs, json_null()))
            ;
        const struct carat_page_item item = {.task = task,
                                             .id = slot->id,
                                             .outcomes = slot->outcomes,
                                             .prefix = slot->prefix,
                                             .snippet = slot->snippet,
                                             .item = slot->item};
        if (!rc)
            rc = carat_page_item(page, &item, err);
        json_decref(slot->item);
    }
    memset(s->slots, 0, sizeof s->slots);
    arena_reset(&s->arena);
    return rc;
}

enum carat_err page_add_items(const struct page_items *o, struct carat_page *page, struct err *err)
{
    struct stretch *s = calloc(1, sizeof *s);
    if (!s)
        return err_nomem(err, "the page's items");
    s->n_runs = o->n_runs;
    enum carat_err rc = CARAT_OK;
    for (size_t t = 0; t < o->n_tasks && !rc; t++) {
        for (s->next = 0; s->next != INT64_MAX && !rc;) {
            s->base = s->next;
            s->next = INT64_MAX;
            for (s->run = 0; s->run < o->n_runs && !rc; s->run++)
                if (o->tasks[t].of[s->run])
                    rc = carat_store_items(o->store, o->tasks[t].of[s->run], s->base, 0, take_item, s, err);
            enum carat_err written = write_stretch(s, t, page, err);
            rc = rc ? rc : written;
        }
    }
    arena_release(&s->arena);
    free(s);
    return rc;
}
