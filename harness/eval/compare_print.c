/* A comparison in words and tables. Numbers are percentage points; no more digits than the interval allows. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "compare.h"

enum carat_err compare_add_plain(struct buf *out, struct str s)
{
    for (size_t at = 0; at < s.n;) {
        size_t from = at;
        int32_t cp = utf8_next(s, &at);
        bool control = cp < 0x20 || (cp >= 0x7F && cp < 0xA0) || (cp >= 0x202A && cp <= 0x202E) ||
                       (cp >= 0x2066 && cp <= 0x2069) || cp == 0x200E || cp == 0x200F || cp == 0x2028 || cp == 0x2029;
        if (control)
            buf_adds(out, "\xEF\xBF\xBD");
        else
            buf_add(out, s.p + from, at - from);
    }
    return buf_failed(out) ? CARAT_ENOMEM : CARAT_OK;
}

/* ---- the verdict ---------------------------------------------------------------------------------------- */

/* "= 0.003", "< 0.001", "= 0.21" */
static void add_p(double p, struct buf *out)
{
    if (p < 0.001)
        buf_adds(out, "< 0.001");
    else
        buf_printf(out, p < 0.1 ? "= %.3f" : "= %.2f", p);
}

/* Two digits are all that a power calculation is worth: 1863 is "1,900", 41.2 is "42". Rounded up. */
static void add_rough_count(double x, struct buf *out)
{
    double unit = 1;
    while (x / unit >= 100)
        unit *= 10;
    double whole = ceil(x / unit) * unit;
    if (whole >= 1e15) {
        buf_adds(out, "more items than there are");
        return;
    }
    char digits[32];
    int n = snprintf(digits, sizeof digits, "%.0f", whole);
    buf_addc(out, '~');
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0)
            buf_addc(out, ',');
        buf_addc(out, digits[i]);
    }
    buf_adds(out, whole == 1 ? " item" : " items");
}

static bool is_evident(const struct compare_bench *b)
{
    return b->p_holm < 0.05;
}

void compare_verdict(const struct compare_bench *b, struct buf *out)
{
    const struct stats_paired *d = &b->paired;
    if (d->n == 0) {
        buf_adds(out, "no common items");
    } else if (d->pairs.only_a + d->pairs.only_b == 0) {
        buf_adds(out, d->n == 1 ? "cannot tell from one item; it does not differ" : "no item differs");
    } else if (is_evident(b)) {
        buf_printf(out, "%c better, p ", compare_gain(b, d->difference) > 0 ? 'B' : 'A');
        add_p(b->p_holm, out);
    } else {
        buf_adds(out, d->n == 1 ? "cannot tell from one item (p " : "cannot tell (p ");
        add_p(b->p_holm, out);
        buf_addc(out, ')');
        if (d->n > 1 && isfinite(b->needed) && b->needed > (double)d->n) {
            buf_adds(out, "; would need ");
            add_rough_count(b->needed, out);
        }
    }
}

double compare_gain(const struct compare_bench *b, double difference)
{
    return b->lower_is_better ? -difference : difference;
}

double compare_at_best(const struct compare_bench *b)
{
    return b->lower_is_better ? b->gate.low : b->gate.high;
}

bool compare_is_worse(const struct compare_bench *b, double delta)
{
    return b->paired.n > 0 && compare_gain(b, compare_at_best(b)) < -delta;
}

/* ---- the table ---------------------------------------------------------------------------------------------- */

static int digits_for(double half_width)
{
    return half_width >= 0.05 ? 0 : 1;
}

/* A score or difference in points. */
static void add_points(double x, int digits, bool sign, struct buf *out)
{
    double points = 100 * x;
    if (isnan(x))
        buf_adds(out, "-");
    else
        buf_printf(out, sign && points != 0 ? "%+.*f" : "%.*f", digits, points);
}

static void add_difference(double x, struct stats_interval ci, struct buf *out)
{
    int digits = isnan(ci.low) ? 1 : digits_for((ci.high - ci.low) / 2);
    add_points(x, digits, true, out);
    if (isnan(ci.low))
        return;
    buf_adds(out, " [");
    add_points(ci.low, digits, true, out);
    buf_adds(out, ", ");
    add_points(ci.high, digits, true, out);
    buf_addc(out, ']');
}

/* The text that `b` has gathered, moved to the arena. */
static struct str cell(struct arena *arena, struct buf *b)
{
    struct str s = buf_str(b);
    char *p = arena_dup(arena, s.p, s.n);
    s = (struct str){p ? p : "", p ? s.n : 0};
    buf_clear(b);
    return s;
}

/* What matters most comes first: lines of a narrow terminal break behind the verdict. */
enum { COLUMN_BENCH, COLUMN_SHOTS, COLUMN_METRIC, COLUMN_N, COLUMN_A, COLUMN_B, COLUMN_DIFFERENCE, COLUMN_VERDICT,
       COLUMN_BOTH, COLUMN_ONLY_A, COLUMN_ONLY_B, COLUMN_NEITHER, COLUMN_DETECTABLE, N_COLUMNS };

static const struct carat_column columns[N_COLUMNS] = {
    [COLUMN_BENCH] = {{"benchmark", 9}, CARAT_LEFT},
    [COLUMN_SHOTS] = {{"shots", 5}, CARAT_RIGHT_ALIGNED},
    [COLUMN_METRIC] = {{"metric", 6}, CARAT_LEFT},
    [COLUMN_N] = {{"n", 1}, CARAT_RIGHT_ALIGNED},
    [COLUMN_A] = {{"A", 1}, CARAT_RIGHT_ALIGNED},
    [COLUMN_B] = {{"B", 1}, CARAT_RIGHT_ALIGNED},
    [COLUMN_DIFFERENCE] = {{"B - A", 5}, CARAT_LEFT},
    [COLUMN_VERDICT] = {{"verdict", 7}, CARAT_LEFT},
    [COLUMN_BOTH] = {{"both", 4}, CARAT_RIGHT_ALIGNED},
    [COLUMN_ONLY_A] = {{"only A", 6}, CARAT_RIGHT_ALIGNED},
    [COLUMN_ONLY_B] = {{"only B", 6}, CARAT_RIGHT_ALIGNED},
    [COLUMN_NEITHER] = {{"neither", 7}, CARAT_RIGHT_ALIGNED},
    [COLUMN_DETECTABLE] = {{"detectable", 10}, CARAT_RIGHT_ALIGNED},
};

static struct str count_cell(struct arena *arena, struct buf *b, int64_t x)
{
    buf_printf(b, "%" PRId64, x);
    return cell(arena, b);
}

static void fill_scores(double a, double b, double difference, struct stats_interval ci, struct arena *arena,
                        struct buf *text, struct str *row)
{
    int digits = isnan(ci.low) ? 1 : digits_for((ci.high - ci.low) / 2);
    add_points(a, digits, false, text);
    row[COLUMN_A] = cell(arena, text);
    add_points(b, digits, false, text);
    row[COLUMN_B] = cell(arena, text);
    add_difference(difference, ci, text);
    row[COLUMN_DIFFERENCE] = cell(arena, text);
}

static void fill_bench(const struct compare_bench *b, struct arena *arena, struct buf *text,
                       struct str *row)
{
    const struct stats_pairs *p = &b->paired.pairs;
    row[COLUMN_BENCH] = b->title;
    row[COLUMN_SHOTS] = count_cell(arena, text, b->shots);
    row[COLUMN_METRIC] = b->metric;
    row[COLUMN_N] = count_cell(arena, text, (int64_t)b->paired.n);
    fill_scores(b->paired.a, b->paired.b, b->paired.difference, b->interval, arena, text, row);
    row[COLUMN_BOTH] = count_cell(arena, text, p->both);
    row[COLUMN_ONLY_A] = count_cell(arena, text, p->only_a);
    row[COLUMN_ONLY_B] = count_cell(arena, text, p->only_b);
    row[COLUMN_NEITHER] = count_cell(arena, text, p->neither);
    add_points(b->paired.n ? b->detectable : NAN, digits_for(b->detectable), false, text);
    row[COLUMN_DETECTABLE] = cell(arena, text);
    compare_verdict(b, text);
    row[COLUMN_VERDICT] = cell(arena, text);
}

static struct stats_interval mean_interval(const struct comparison *c)
{
    double half = stats_normal_quantile(0.975) * c->mean_difference.se;
    return (struct stats_interval){c->mean_difference.mean - half, c->mean_difference.mean + half};
}

static void fill_mean(const struct comparison *c, struct arena *arena, struct buf *text, struct str *row)
{
    for (size_t i = 0; i < N_COLUMNS; i++)
        row[i] = STR("");
    buf_printf(text, "mean of %zu", c->n_tests);
    row[COLUMN_BENCH] = cell(arena, text);
    fill_scores(c->mean[SIDE_A].mean, c->mean[SIDE_B].mean, c->mean_difference.mean, mean_interval(c), arena, text, row);
}

enum carat_err compare_table(const struct comparison *c, enum carat_table_format format, struct buf *out,
                             struct err *err)
{
    struct arena arena = ARENA_INIT;
    struct buf text = BUF_INIT(1 << 16);
    size_t n = c->n_benches + (c->n_tests > 1 ? 1 : 0);
    struct str *cells = arena_calloc(&arena, (n + 1) * N_COLUMNS, sizeof *cells);
    bool *rules = arena_calloc(&arena, n + 1, sizeof *rules);
    enum carat_err rc = cells && rules ? CARAT_OK : err_nomem(err, "a table");
    for (size_t i = 0; i < c->n_benches && !rc; i++)
        fill_bench(&c->benches[i], &arena, &text, cells + i * N_COLUMNS);
    if (!rc && n > c->n_benches) {
        fill_mean(c, &arena, &text, cells + c->n_benches * N_COLUMNS);
        rules[c->n_benches] = true;
    }
    struct carat_table table = {
        .columns = columns, .n_columns = N_COLUMNS, .cells = cells, .n_rows = n, .rule_before = rules};
    if (!rc)
        rc = carat_table_write(&table, format, out, err);
    buf_release(&text);
    arena_release(&arena);
    return rc;
}

/* ---- notes ------------------------------------------------------------------------------------------------- */

/* "MMLU over its 5 subsets instead of over items: A 24, B 19, B - A -5 [-14, +4]" */
static void add_over_parts(const struct compare_bench *b, struct buf *out)
{
    const struct stats_part *d = &b->over_parts_difference;
    double half = stats_normal_quantile(0.975) * d->se;
    struct stats_interval ci = {d->mean - half, d->mean + half};
    int digits = isnan(half) ? 1 : digits_for(half);
    if (d->n == 0)
        return;
    buf_adds(out, "- ");
    compare_add_plain(out, b->title);
    buf_printf(out, " over its %zu subsets, each once, instead of over items: A ", b->n_parts);
    add_points(b->over_parts[SIDE_A].mean, digits, false, out);
    buf_adds(out, ", B ");
    add_points(b->over_parts[SIDE_B].mean, digits, false, out);
    buf_adds(out, ", B - A ");
    add_difference(d->mean, ci, out);
    buf_addc(out, '\n');
}

enum carat_err compare_notes(const struct comparison *c, struct buf *out)
{
    for (int side = SIDE_A; side <= SIDE_B; side++) {
        buf_printf(out, "- %c: ", 'A' + side);
        compare_add_plain(out, c->runs[side].name);
        buf_printf(out, " (run %" PRId64 ")\n", c->runs[side].id);
    }
    buf_adds(out, "- B - A: percentage points over the same items, with their 95 % interval\n");
    buf_printf(out, "- p: %s\n",
               c->n_tests > 1 ? "two-sided, Holm's adjustment over the benchmarks" : "two-sided, one benchmark");
    buf_adds(out, "- detectable: the smallest difference that n items show in 4 of 5 cases; -: so few show none\n");
    for (size_t i = 0; i < c->n_benches; i++)
        add_over_parts(&c->benches[i], out);
    for (size_t i = 0; i < c->n_notes; i++) {
        buf_adds(out, "- note: ");
        buf_addstr(out, c->notes[i]);
        buf_addc(out, '\n');
    }
    return buf_failed(out) ? CARAT_ENOMEM : CARAT_OK;
}

/* ---- JSON ---------------------------------------------------------------------------------------------------- */

static json_t *count_or_null(double x)
{
    return x < 9e15 ? json_integer((json_int_t)x) : json_null();
}

static json_t *interval_json(struct stats_interval ci)
{
    return json_pack("{s:o, s:o}", "low", json_real_or_null(ci.low), "high", json_real_or_null(ci.high));
}

static json_t *outcomes_json(const int64_t *outcomes)
{
    json_t *o = json_object();
    for (int k = 0; k < 6; k++)
        json_object_set_new(o, carat_outcome_name((enum carat_outcome)k), json_integer(outcomes[k]));
    return o;
}

static json_t *parts_json(double a, double b, const struct stats_part *d)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "a", json_real_or_null(a), "b", json_real_or_null(b), "difference",
                     json_real_or_null(d->mean), "se", json_real_or_null(d->se));
}

static json_t *tests_json(const struct compare_bench *b)
{
    const struct stats_paired *d = &b->paired;
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "p", json_real_or_null(d->p), "p_holm", json_real_or_null(b->p_holm),
                     "p_mcnemar", json_real_or_null(d->p_mcnemar), "p_mcnemar_mid", json_real_or_null(d->p_mid), "p_t",
                     json_real_or_null(d->p_t), "p_cluster", json_real_or_null(d->p_cluster));
}

static json_t *boot_json(const struct comparison *c, const struct compare_bench *b)
{
    json_t *boot = interval_json(b->boot);
    json_object_set_new(boot, "resamples", json_integer(COMPARE_RESAMPLES));
    json_object_set_new(boot, "seed", json_integer((json_int_t)c->seed));
    return boot;
}

static json_t *bench_json(const struct comparison *c, const struct compare_bench *b)
{
    const struct stats_paired *d = &b->paired;
    const struct stats_pairs *p = &d->pairs;
    struct buf verdict = BUF_INIT(1 << 12);
    compare_verdict(b, &verdict);
    const char *better = is_evident(b) ? compare_gain(b, d->difference) > 0 ? "b" : "a" : NULL;
    json_t *o = json_pack("{s:o, s:o, s:o, s:i, s:i, s:I, s:I, s:o, s:o, s:o, s:o, s:s, s:o}", "task", json_text(b->name),
                          "title", json_text(b->title), "metric", json_text(b->metric), "shots", b->shots, "version",
                          b->version, "n_leaves", (json_int_t)b->n_leaves, "n", (json_int_t)d->n, "a", json_real_or_null(d->a),
                          "b", json_real_or_null(d->b), "difference", json_real_or_null(d->difference), "interval",
                          interval_json(b->interval), "method", b->method, "gate_interval", interval_json(b->gate));
    json_object_set_new(o, "bootstrap", boot_json(c, b));
    json_object_set_new(o, "se", json_real_or_null(d->se));
    json_object_set_new(o, "cluster_se", json_real_or_null(d->cluster_se));
    json_object_set_new(o, "clustered_by", b->clustered_by.n ? json_text(b->clustered_by) : json_null());
    json_object_set_new(o, "n_clusters", json_integer((json_int_t)d->n_clusters));
    json_object_set_new(o, "pairs", json_pack("{s:I, s:I, s:I, s:I}", "both", (json_int_t)p->both, "only_a",
                                              (json_int_t)p->only_a, "only_b", (json_int_t)p->only_b, "neither",
                                              (json_int_t)p->neither));
    json_object_set_new(o, "tests", tests_json(b));
    json_object_set_new(o, "detectable", json_real_or_null(d->n ? b->detectable : NAN));
    json_object_set_new(o, "items_needed", count_or_null(ceil(b->needed)));
    json_object_set_new(o, "better", better ? json_string(better) : json_null());
    json_object_set_new(o, "verdict", json_text(buf_str(&verdict)));
    json_object_set_new(o, "over_subsets", b->over_parts_difference.n == 0
                                               ? json_null()
                                               : parts_json(b->over_parts[SIDE_A].mean, b->over_parts[SIDE_B].mean,
                                                            &b->over_parts_difference));
    json_object_set_new(o, "left_out", json_pack("{s:I, s:I, s:I, s:I}", "a_alone", (json_int_t)b->alone[SIDE_A],
                                                 "b_alone", (json_int_t)b->alone[SIDE_B], "unscored",
                                                 (json_int_t)b->unscored, "rows_differ", (json_int_t)b->rows_differ));
    json_object_set_new(o, "prompts_differ", json_integer((json_int_t)b->prompts_differ));
    json_object_set_new(o, "outcomes", json_pack("{s:o, s:o}", "a", outcomes_json(b->outcomes[SIDE_A]), "b",
                                                 outcomes_json(b->outcomes[SIDE_B])));
    buf_release(&verdict);
    return o;
}

static json_t *run_json(const struct comparison *c, int side)
{
    return json_pack("{s:I, s:o}", "run", (json_int_t)c->runs[side].id, "model", json_text(c->runs[side].name));
}

json_t *compare_json(const struct comparison *c)
{
    json_t *benches = json_array(), *notes = json_array();
    for (size_t i = 0; i < c->n_benches; i++)
        json_array_append_new(benches, bench_json(c, &c->benches[i]));
    for (size_t i = 0; i < c->n_notes; i++)
        json_array_append_new(notes, json_text(c->notes[i]));
    json_t *mean = parts_json(c->mean[SIDE_A].mean, c->mean[SIDE_B].mean, &c->mean_difference);
    json_object_set_new(mean, "interval", interval_json(mean_interval(c)));
    return json_pack("{s:o, s:o, s:f, s:b, s:o, s:o, s:o}", "a", run_json(c, SIDE_A), "b", run_json(c, SIDE_B), "level",
                     0.95, "forced", c->forced, "benchmarks", benches, "mean", mean, "notes", notes);
}

/* ---- JUnit ------------------------------------------------------------------------------------------------------ */

/* XML 1.0 allows neither control characters nor U+FFFE, U+FFFF, however written. */
static void add_xml(struct buf *out, struct str s)
{
    for (size_t at = 0; at < s.n;) {
        size_t from = at;
        int32_t cp = utf8_next(s, &at);
        switch (cp) {
        case '<': buf_adds(out, "&lt;"); break;
        case '>': buf_adds(out, "&gt;"); break;
        case '&': buf_adds(out, "&amp;"); break;
        case '"': buf_adds(out, "&quot;"); break;
        case '\'': buf_adds(out, "&apos;"); break;
        case '\t': case '\n': case '\r': buf_addc(out, ' '); break;
        default:
            if (cp < 0x20 || cp == 0xFFFE || cp == 0xFFFF)
                buf_adds(out, "\xEF\xBF\xBD");
            else
                buf_add(out, s.p + from, at - from);
        }
    }
}

static void add_case(const struct compare_bench *b, double delta, struct buf *text,
                     struct buf *out)
{
    buf_adds(out, "  <testcase classname=\"carat.compare\" name=\"");
    add_xml(out, b->title);
    buf_printf(out, " (%d-shot, ", b->shots);
    add_xml(out, b->metric);
    buf_adds(out, ")\">\n");
    buf_clear(text);
    compare_verdict(b, text);
    buf_adds(text, ": B - A ");
    add_difference(b->paired.difference, b->interval, text);
    buf_printf(text, " points, n = %zu", b->paired.n);
    if (compare_is_worse(b, delta)) {
        buf_printf(out, "    <failure type=\"worse\" message=\"B is worse than A by more than %g point%s: ", 100 * delta,
                   delta == 0.01 ? "" : "s");
        add_xml(out, buf_str(text));
        buf_adds(out, "\"/>\n");
    } else if (b->paired.n == 0) {
        buf_adds(out, "    <skipped message=\"no common items\"/>\n");
    } else {
        buf_adds(out, "    <system-out>");
        add_xml(out, buf_str(text));
        buf_adds(out, "</system-out>\n");
    }
    buf_adds(out, "  </testcase>\n");
}

enum carat_err compare_junit(const struct comparison *c, double delta, struct buf *out)
{
    size_t failures = 0, skipped = 0;
    struct buf text = BUF_INIT(1 << 16);
    for (size_t i = 0; i < c->n_benches; i++) {
        failures += compare_is_worse(&c->benches[i], delta) ? 1u : 0u;
        skipped += c->benches[i].paired.n == 0 ? 1u : 0u;
    }
    buf_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"carat compare: A = ");
    add_xml(out, c->runs[SIDE_A].name);
    buf_adds(out, ", B = ");
    add_xml(out, c->runs[SIDE_B].name);
    buf_printf(out, "\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\">\n", c->n_benches, failures, skipped);
    for (size_t i = 0; i < c->n_benches; i++)
        add_case(&c->benches[i], delta, &text, out);
    buf_adds(out, "</testsuite>\n");
    buf_release(&text);
    return buf_failed(out) ? CARAT_ENOMEM : CARAT_OK;
}
