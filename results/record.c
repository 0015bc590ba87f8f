#include "record.h"

#include <string.h>

/* Copies into one arena, and counts. A failure is kept: one look at the end is enough. */
struct copier {
    struct arena *arena;
    size_t n_bytes;
    bool failed;
};

static void *copy_array(struct copier *c, const void *p, size_t n, size_t size)
{
    size_t bytes;
    if (!p || c->failed)
        return NULL;
    void *copy = num_mul(n, size, &bytes) ? arena_alloc(c->arena, bytes) : NULL;
    if (!copy) {
        c->failed = true;
        return NULL;
    }
    if (bytes)
        memcpy(copy, p, bytes);
    c->n_bytes += bytes;
    return copy;
}

static void copy_text(struct copier *c, struct str *s)
{
    s->p = copy_array(c, s->p, s->n, 1);
}

static void copy_choices(struct copier *c, struct carat_item_record *r)
{
    struct carat_choice_record *choices = copy_array(c, r->choices, r->n_choices, sizeof *choices);
    r->choices = choices;
    for (size_t i = 0; choices && i < r->n_choices; i++) {
        copy_text(c, &choices[i].continuation);
        choices[i].ids = copy_array(c, choices[i].ids, choices[i].n_ids, sizeof *choices[i].ids);
        choices[i].logprobs = copy_array(c, choices[i].logprobs, choices[i].n_ids, sizeof *choices[i].logprobs);
    }
}

static void copy_prompts(struct copier *c, struct carat_item_record *r)
{
    struct str *prompts = copy_array(c, r->prompts, r->n_choices, sizeof *prompts);
    r->prompts = prompts;
    for (size_t i = 0; prompts && i < r->n_choices; i++)
        copy_text(c, &prompts[i]);
}

static void copy_samples(struct copier *c, struct carat_item_record *r)
{
    struct carat_sample_record *samples = copy_array(c, r->samples, r->n_samples, sizeof *samples);
    r->samples = samples;
    for (size_t i = 0; samples && i < r->n_samples; i++) {
        copy_text(c, &samples[i].text);
        copy_text(c, &samples[i].finish);
        copy_text(c, &samples[i].verdict);
        samples[i].ids = copy_array(c, samples[i].ids, samples[i].n_ids, sizeof *samples[i].ids);
        samples[i].margins = copy_array(c, samples[i].margins, samples[i].n_ids, sizeof *samples[i].margins);
    }
}

static void copy_scores(struct copier *c, struct carat_item_record *r)
{
    struct carat_answer_record *answers = copy_array(c, r->answers, r->n_answers, sizeof *answers);
    struct carat_metric_record *metrics = copy_array(c, r->metrics, r->n_metrics, sizeof *metrics);
    r->answers = answers;
    r->metrics = metrics;
    for (size_t i = 0; answers && i < r->n_answers; i++) {
        copy_text(c, &answers[i].filter);
        copy_text(c, &answers[i].answer);
    }
    for (size_t i = 0; metrics && i < r->n_metrics; i++)
        copy_text(c, &metrics[i].name);
}

bool record_copy(const struct carat_item_record *item, struct arena *arena, struct carat_item_record *out, size_t *n_bytes)
{
    struct copier c = {.arena = arena};
    *out = *item;
    struct str *const texts[] = {&out->id, &out->row_sha256, &out->prefix, &out->prompt, &out->target, &out->message, &out->cluster_of};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        copy_text(&c, texts[i]);
    copy_prompts(&c, out);
    copy_choices(&c, out);
    copy_samples(&c, out);
    copy_scores(&c, out);
    *n_bytes = c.n_bytes;
    return !c.failed;
}
