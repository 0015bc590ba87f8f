/* item.c - an item as JSON: what `carat show --json` and `carat export` write (docs/export.md has the keys). */
#include <math.h>

#include "export_int.h"

static json_t *choice_json(const struct carat_choice_record *c)
{
    json_t *logprobs = json_array();
    for (size_t i = 0; i < c->n_ids; i++)
        json_array_append_new(logprobs, json_real_or_null(c->logprobs ? c->logprobs[i] : NAN));
    json_t *ids = json_array();
    for (size_t i = 0; i < c->n_ids; i++)
        json_array_append_new(ids, json_integer(c->ids ? c->ids[i] : -1));
    return json_pack("{s:o, s:o, s:o, s:o, s:b}", "continuation", json_text(c->continuation), "ids", ids, "logprobs",
                     logprobs, "logprob", json_real_or_null(c->logprob), "greedy", c->greedy);
}

static json_t *sample_json(const struct carat_sample_record *s)
{
    json_t *ids = json_array(), *verdict = NULL;
    for (size_t i = 0; i < s->n_ids; i++)
        json_array_append_new(ids, json_integer(s->ids[i]));
    if (s->verdict.n)
        json_read(s->verdict, "verdict", 0, &verdict, NULL);
    json_t *o = json_pack("{s:o, s:o, s:o, s:o}", "text", json_text(s->text), "ids", ids, "finish", json_text(s->finish),
                          "verdict", verdict ? verdict : json_null());
    if (s->margins) {
        json_t *margins = json_array();
        for (size_t i = 0; i < s->n_ids; i++)
            json_array_append_new(margins, json_real_or_null(s->margins[i]));
        json_object_set_new(o, "margins", margins);
    }
    return o;
}

static json_t *joined_text(struct str a, struct str b)
{
    struct buf both = BUF_INIT(BUF_MAX_DEFAULT);
    buf_addstr(&both, a);
    buf_addstr(&both, b);
    json_t *text = json_text(buf_str(&both));
    buf_release(&both);
    return text;
}

json_t *export_item(struct str task, const struct carat_item_record *item)
{
    json_t *o = json_pack("{s:o, s:I, s:o, s:s, s:I, s:I}", "task", json_text(task), "index", (json_int_t)item->index, "id",
                          json_text(item->id), "outcome", carat_outcome_name(item->outcome), "context_tokens",
                          (json_int_t)item->context_tokens, "truncated_tokens", (json_int_t)item->truncated_tokens);
    if (item->prompts) {
        json_t *contexts = json_array();
        for (size_t i = 0; i < item->n_choices; i++)
            json_array_append_new(contexts, joined_text(item->prefix, item->prompts[i]));
        json_object_set_new(o, "contexts", contexts);
    } else {
        json_object_set_new(o, "context", joined_text(item->prefix, item->prompt));
    }
    json_object_set_new(o, "target", json_text(item->target));
    if (item->gold >= 0)
        json_object_set_new(o, "gold", json_integer(item->gold));
    json_t *choices = json_array(), *samples = json_array(), *answers = json_array(), *metrics = json_object();
    for (size_t i = 0; i < item->n_choices; i++)
        json_array_append_new(choices, choice_json(&item->choices[i]));
    for (size_t i = 0; i < item->n_samples; i++)
        json_array_append_new(samples, sample_json(&item->samples[i]));
    for (size_t i = 0; i < item->n_answers; i++)
        json_array_append_new(answers, json_pack("{s:i, s:o, s:o, s:o}", "sample", item->answers[i].sample, "filter",
                                                 json_text(item->answers[i].filter), "answer",
                                                 json_text(item->answers[i].answer), "score",
                                                 json_real_or_null(item->answers[i].score)));
    for (size_t i = 0; i < item->n_metrics; i++)
        json_object_setn_new(metrics, item->metrics[i].name.p, item->metrics[i].name.n,
                             json_real_or_null(item->metrics[i].value));
    json_object_set_new(o, "choices", choices);
    json_object_set_new(o, "samples", samples);
    json_object_set_new(o, "answers", answers);
    json_object_set_new(o, "metrics", metrics);
    json_object_set_new(o, "row_sha256", json_text(item->row_sha256));
    if (item->message.n)
        json_object_set_new(o, "message", json_text(item->message));
    return o;
}
