/* What was measured, as a table and as JSON. */
#include <math.h>

#include "harness/version.h"
#include "speed.h"

#define GIGA 1e9

static const struct {
    const char *key, *title, *unit;
} LIMITS[CARAT_N_LIMITS] = {
    [CARAT_LIMIT_READ] = {"read_gbps", "reading memory", "GB/s"},
    [CARAT_LIMIT_FP32] = {"fp32_gflops", "float32 multiply-adds", "GFLOP/s"},
    [CARAT_LIMIT_BF16] = {"bf16_gflops", "bf16 dot products", "GFLOP/s"},
    [CARAT_LIMIT_INT8] = {"int8_gops", "int8 dot products", "GOP/s"},
};

static void add_limits(const struct speed_report *r, struct buf *out)
{
    buf_adds(out, "\nlimits                         at most\n");
    for (size_t i = 0; i < CARAT_N_LIMITS; i++) {
        if (isnan(r->limits[i]))
            buf_printf(out, "  %-24s %11s\n", LIMITS[i].title, "none");
        else
            buf_printf(out, "  %-24s %11.1f %s\n", LIMITS[i].title, r->limits[i] / GIGA, LIMITS[i].unit);
    }
}

static void add_rates(const struct speed_report *r, const char *title, const struct speed_rate *rates, size_t n,
                      struct buf *out)
{
    if (n)
        buf_printf(out, "\n%-12s     tokens/s    share   of the limit beside it\n", title);
    for (size_t i = 0; i < n; i++) {
        enum carat_limit limit = rates[i].reads_bound ? CARAT_LIMIT_READ : r->compute;
        buf_printf(out, "  %10zu %12.2f %7.1f%%   %s, %.1f %s\n", rates[i].n, rates[i].tokens_per_s, 100 * rates[i].share,
                   LIMITS[limit].title, (rates[i].reads_bound ? rates[i].read : rates[i].compute) / GIGA,
                   LIMITS[limit].unit);
    }
}

enum carat_err speed_text(const struct speed_report *r, struct buf *out)
{
    const struct carat_model_info *m = &r->model;
    buf_printf(out, "%s: %.2f billion weights, %.0f MiB of %s\n", m->path, (double)m->n_parameters / GIGA,
               (double)m->weights_bytes / (1 << 20), m->weights_dtype);
    buf_printf(out, "precision %s, %zu threads, %zu rows a batch, %s kernels; medians of %zu\n", r->precision, r->n_threads,
               r->batch_tokens, r->isa, r->repeat);
    add_limits(r, out);
    buf_printf(out, "  (reading: a buffer of %zu MiB)\n", r->buffer_bytes >> 20);
    add_rates(r, "prompt of", r->prefill, r->n_prefill, out);
    add_rates(r, "sequences", r->decode, r->n_decode, out);
    buf_printf(out, "\npeak memory  %.0f MiB\n", r->peak_rss / (1 << 20));
    return buf_failed(out) ? CARAT_ENOMEM : CARAT_OK;
}

static json_t *rates_json(const struct speed_report *r, const char *key, const struct speed_rate *rates, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        enum carat_limit limit = rates[i].reads_bound ? CARAT_LIMIT_READ : r->compute;
        json_array_append_new(list, json_pack("{s:I, s:f, s:f, s:s, s:f, s:f}", key, (json_int_t)rates[i].n, "tokens_per_s",
                                              rates[i].tokens_per_s, "share", rates[i].share, "limit", LIMITS[limit].key,
                                              "read_gbps", rates[i].read / GIGA, "compute_gops",
                                              rates[i].compute / GIGA));
    }
    return list;
}

json_t *speed_json(const struct speed_report *r)
{
    const struct carat_model_info *m = &r->model;
    json_t *limits = json_object();
    for (size_t i = 0; i < CARAT_N_LIMITS; i++)
        json_object_set_new(limits, LIMITS[i].key, json_real_or_null(r->limits[i] / GIGA));
    return json_pack("{s:o, s:o, s:o, s:f, s:s, s:I, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:s}", "limits", limits, "prefill",
                     rates_json(r, "tokens", r->prefill, r->n_prefill), "decode",
                     rates_json(r, "sequences", r->decode, r->n_decode), "peak_rss_mib", r->peak_rss / (1 << 20), "isa",
                     r->isa, "threads", (json_int_t)r->n_threads, "precision", r->precision, "weights", m->weights_dtype,
                     "model", m->path, "batch_tokens", (json_int_t)r->batch_tokens, "weights_mib",
                     (json_int_t)(m->weights_bytes >> 20), "read_buffer_mib", (json_int_t)(r->buffer_bytes >> 20),
                     "repeat", (json_int_t)r->repeat, "version", version_describe());
}
