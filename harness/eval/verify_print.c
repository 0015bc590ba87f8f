/* What a replay came to, as a table and as JSON. */
#include <string.h>

#include "verify.h"

static void add_differences(const struct verify_report *r, struct buf *out)
{
    if (!r->n_differences) {
        buf_printf(out, "\nthe same bits at every setting\n");
        return;
    }
    buf_printf(out, "\n%zu answer%s differ%s from what is stored:\n", r->n_differences, r->n_differences == 1 ? "" : "s",
               r->n_differences == 1 ? "s" : "");
    for (size_t i = 0; i < r->n_differences && i < VERIFY_DIFFERENCES_MAX; i++) {
        const struct verify_difference *d = &r->differences[i];
        buf_printf(out, "  %.*s item %lld, answer %zu (%s, %zu rows, %zu threads): %s\n", (int)d->task.n, d->task.p,
                   (long long)d->index, d->request + 1, d->setting->name, d->setting->batch_tokens, d->setting->n_threads,
                   d->what);
    }
    if (r->n_differences > VERIFY_DIFFERENCES_MAX)
        buf_printf(out, "  ... and %zu more\n", r->n_differences - VERIFY_DIFFERENCES_MAX);
}

enum carat_err verify_text(const struct verify_report *r, struct buf *out)
{
    buf_printf(out, "run %lld, %.*s at %.*s: %zu of %zu items, %zu requests\n", (long long)r->run, (int)r->model.n, r->model.p,
               (int)r->precision.n, r->precision.p, r->n_items, r->n_in_run, r->n_requests);
    if (strcmp(r->isa, r->run_isa) != 0)
        buf_printf(out, "computed by the %s kernels, here by the %s ones\n", r->run_isa, r->isa);
    buf_printf(out, "\n%-20s %6s %8s %10s %8s %8s\n", "setting", "rows", "threads", "computed", "seconds", "differ");
    for (size_t i = 0; i < r->n_settings; i++) {
        const struct verify_setting *s = &r->settings[i];
        buf_printf(out, "%-20s %6zu %8zu %10lld %8.1f %8zu\n", s->name, s->batch_tokens, s->n_threads,
                   (long long)s->tokens_computed, s->seconds, s->n_differ);
    }
    add_differences(r, out);
    return buf_failed(out) ? CARAT_ENOMEM : CARAT_OK;
}

json_t *verify_json(const struct verify_report *r)
{
    json_t *settings = json_array(), *differences = json_array();
    for (size_t i = 0; i < r->n_settings; i++) {
        const struct verify_setting *s = &r->settings[i];
        json_array_append_new(settings, json_pack("{s:I, s:I, s:b, s:I, s:f, s:I}", "batch_tokens",
                                                  (json_int_t)s->batch_tokens, "threads", (json_int_t)s->n_threads,
                                                  "alone", s->alone, "tokens_computed", (json_int_t)s->tokens_computed,
                                                  "seconds", s->seconds, "differ", (json_int_t)s->n_differ));
    }
    for (size_t i = 0; i < r->n_differences && i < VERIFY_DIFFERENCES_MAX; i++) {
        const struct verify_difference *d = &r->differences[i];
        json_array_append_new(differences, json_pack("{s:o, s:I, s:o, s:I, s:I, s:s}", "task", json_text(d->task), "index",
                                                     (json_int_t)d->index, "id", json_text(d->id), "answer",
                                                     (json_int_t)d->request, "setting",
                                                     (json_int_t)(d->setting - r->settings), "what",
                                                     d->what ? d->what : ""));
    }
    return json_pack("{s:I, s:o, s:o, s:s, s:s, s:I, s:I, s:I, s:o, s:I, s:o, s:b}", "run", (json_int_t)r->run, "model",
                     json_text(r->model), "precision", json_text(r->precision), "run_isa", r->run_isa, "isa", r->isa,
                     "items", (json_int_t)r->n_items, "items_in_run", (json_int_t)r->n_in_run, "requests",
                     (json_int_t)r->n_requests, "settings", settings, "n_differences", (json_int_t)r->n_differences,
                     "differences", differences, "same", r->n_differences == 0);
}
