#include "record.h"

#include <string.h>

/* ---- the numbers of its choices -------------------------------------------------------- */

struct flat {
    int32_t *ids; /* NULL: none known */
    double *logprobs;
    size_t n;
};

static enum carat_err flatten(struct arena *a, const struct carat_item_record *r, struct flat *out, struct err *err)
{
    size_t n_ids = 0, n_logprobs = 0, at = 0;
    *out = (struct flat){.n = 0};
    for (size_t i = 0; i < r->n_choices; i++) {
        const struct carat_choice_record *c = &r->choices[i];
        n_ids += c->ids ? c->n_ids : 0;
        n_logprobs += c->logprobs ? c->n_ids : 0;
        if (!num_add(out->n, c->n_ids, &out->n))
            return err_nomem(err, "an item's tokens");
    }
    if ((n_ids && n_ids != out->n) || (n_logprobs && n_logprobs != out->n))
        return err_set(err, CARAT_EUSAGE, "item %lld has token ids or log-probabilities for some choices only",
                       (long long)r->index);
    out->ids = n_ids ? arena_calloc(a, out->n, sizeof *out->ids) : NULL;
    out->logprobs = n_logprobs ? arena_calloc(a, out->n, sizeof *out->logprobs) : NULL;
    if ((n_ids && !out->ids) || (n_logprobs && !out->logprobs))
        return err_nomem(err, "an item's tokens");
    for (size_t i = 0; i < r->n_choices; at += r->choices[i++].n_ids) {
        const struct carat_choice_record *c = &r->choices[i];
        if (out->ids && c->n_ids)
            memcpy(out->ids + at, c->ids, c->n_ids * sizeof *c->ids);
        if (out->logprobs && c->n_ids)
            memcpy(out->logprobs + at, c->logprobs, c->n_ids * sizeof *c->logprobs);
    }
    return CARAT_OK;
}

static enum carat_err keep(struct arena *a, struct str bytes, struct str *out, struct err *err)
{
    *out = (struct str){arena_dup(a, bytes.p, bytes.n), bytes.n};
    return out->p ? CARAT_OK : err_nomem(err, "an item to store");
}

/* What pk->scratch holds, deflated where that is shorter. */
static enum carat_err keep_deflated(struct pack *pk, struct arena *a, struct str *out, size_t *size, struct err *err)
{
    struct str bytes;
    *size = pk->scratch.n;
    if (buf_failed(&pk->scratch))
        return err_nomem(err, "an item's tokens");
    enum carat_err code = pack_deflate(pk, buf_str(&pk->scratch), STR(""), &bytes, err);
    return code ? code : keep(a, bytes, out, err);
}

static enum carat_err pack_logprobs(const struct flat *flat, struct pack *pk, struct arena *a, struct record_tokens *out,
                                    struct err *err)
{
    buf_clear(&pk->scratch);
    out->coded = pack_floats(&pk->scratch, flat->logprobs, flat->n);
    if (out->coded && !buf_failed(&pk->scratch)) { /* deflate finds nothing in it */
        out->logprobs_size = pk->scratch.n;
        return keep(a, buf_str(&pk->scratch), &out->logprobs, err);
    }
    buf_clear(&pk->scratch);
    (void)pack_reals(&pk->scratch, flat->logprobs, flat->n);
    return keep_deflated(pk, a, &out->logprobs, &out->logprobs_size, err);
}

static enum carat_err pack_tokens(const struct carat_item_record *item, struct pack *pk, struct arena *arena,
                                  struct record_packed *out, struct err *err)
{
    struct flat flat;
    struct record_tokens *t = &out->tokens;
    enum carat_err code = flatten(arena, item, &flat, err);
    if (!code && flat.ids) {
        buf_clear(&pk->scratch);
        (void)pack_ids(&pk->scratch, flat.ids, flat.n);
        code = keep_deflated(pk, arena, &t->ids, &t->ids_size, err);
    }
    if (!code && flat.logprobs)
        code = pack_logprobs(&flat, pk, arena, t, err);
    out->n_bytes += flat.n * (sizeof *flat.ids + sizeof *flat.logprobs) + t->ids.n + t->logprobs.n;
    return code;
}

/* ---- its texts ----------------------------------------------------------------------------- */

struct record_text record_text(struct str text)
{
    char hex[SHA256_HEX];
    struct record_text t = {.text = text};
    sha256_hex(text.n ? text.p : "", text.n, hex);
    (void)pack_hash(str_from(hex), t.key, &t.n_key);
    return t;
}

enum carat_err record_deflate(struct record_text *t, const struct dict *dict, struct pack *pk, struct arena *arena,
                              struct err *err)
{
    struct str data;
    enum carat_err code = pack_deflate(pk, t->text, dict->bytes, &data, err);
    t->dict = dict->id;
    if (!code && data.p == t->text.p)
        t->data = data;
    else if (!code)
        code = keep(arena, data, &t->data, err);
    return code;
}

enum carat_err record_pack(const struct carat_item_record *item, struct pack *pk, struct arena *arena, struct record_packed *out,
                           struct err *err)
{
    struct str asked;
    *out = (struct record_packed){.n_bytes = 0};
    enum carat_err code = item->shares_answers ? CARAT_OK : pack_tokens(item, pk, arena, out, err);
    if (code)
        return code;
    buf_clear(&pk->scratch);
    if (pack_asked(item, &pk->scratch))
        return err_nomem(err, "an item's prompt");
    if ((code = keep(arena, buf_str(&pk->scratch), &asked, err)))
        return code;
    out->asked = record_text(asked);
    out->n_bytes += 2 * asked.n;
    return CARAT_OK;
}

/* ---- a copy of it --------------------------------------------------------------------------- */

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
        choices[i].ids = NULL;
        choices[i].logprobs = NULL;
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
