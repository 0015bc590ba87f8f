/* What a reader of a comparison must know beside its figures, a sentence each. */
#include <inttypes.h>

#include "compare_int.h"

struct str compare_keep(struct comparison *c, struct str s)
{
    char *p = arena_dup(&c->arena, s.p, s.n);
    return (struct str){p, p ? s.n : 0};
}

enum carat_err compare_note(struct comparison *c, struct buf *text, struct err *err)
{
    struct str *p = arena_calloc(&c->arena, c->n_notes + 1, sizeof *p); /* a few notes: the old list may lie */
    struct buf plain = BUF_INIT(1 << 21);
    compare_add_plain(&plain, buf_str(text));
    struct str copy = compare_keep(c, buf_str(&plain));
    bool failed = buf_failed(text) || buf_failed(&plain);
    buf_release(&plain);
    buf_release(text);
    if (!p || !copy.p || failed)
        return err_nomem(err, "a comparison");
    if (c->n_notes)
        memcpy(p, c->notes, c->n_notes * sizeof *p);
    p[c->n_notes++] = copy;
    c->notes = p;
    return CARAT_OK;
}

static enum carat_err note_left_out(struct comparison *c, const struct compare_bench *b, struct err *err)
{
    struct buf text = BUF_INIT(1 << 14);
    if (!b->alone[SIDE_A] && !b->alone[SIDE_B] && !b->unscored && !b->rows_differ)
        return CARAT_OK;
    buf_printf(&text, "%.*s: only the %zu common items are compared; left out", (int)b->title.n, b->title.p, b->n_items);
    size_t before = text.n;
    for (int side = SIDE_A; side <= SIDE_B; side++)
        if (b->alone[side])
            buf_printf(&text, ", %" PRId64 " that %c alone has", b->alone[side], 'A' + side);
    if (b->unscored)
        buf_printf(&text, ", %" PRId64 " that could not be asked of both", b->unscored);
    if (b->rows_differ)
        buf_printf(&text, ", %" PRId64 " whose row of data differs", b->rows_differ);
    if (!buf_failed(&text))
        text.p[before] = ':';
    return compare_note(c, &text, err);
}

/* More than 5 % of an answer's absence may decide a comparison. */
static enum carat_err note_silence(struct comparison *c, const struct compare_bench *b, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    for (int side = SIDE_A; side <= SIDE_B && !rc; side++) {
        const int64_t *o = b->outcomes[side];
        int64_t none = o[CARAT_UNPARSED] + o[CARAT_CUT_OFF] + o[CARAT_EMPTY], all = none + o[CARAT_RIGHT] + o[CARAT_WRONG];
        if (none * 20 <= all)
            continue;
        struct buf text = BUF_INIT(1 << 14);
        buf_printf(&text, "%.*s: %" PRId64 " of %" PRId64 " answers of %c are none: %" PRId64 " unparsed, %" PRId64
                          " cut off, %" PRId64 " empty",
                   (int)b->title.n, b->title.p, none, all, 'A' + side, o[CARAT_UNPARSED], o[CARAT_CUT_OFF], o[CARAT_EMPTY]);
        rc = compare_note(c, &text, err);
    }
    return rc;
}

static enum carat_err note_clusters(struct comparison *c, const struct compare_bench *b, struct err *err)
{
    const size_t n = b->paired.n_clusters;
    struct buf text = BUF_INIT(1 << 14);
    if (n == 0 || b->paired.n < 2 || (n < 2 && str_eq(b->clustered_by, STR("subset")))) /* all items of one subset: as if there were no others */
        return CARAT_OK;
    buf_printf(&text, "%.*s: ", (int)b->title.n, b->title.p);
    if (n < 2)
        buf_printf(&text, "all items share one %.*s; its interval is of independent items, and may be far too narrow",
                   (int)b->clustered_by.n, b->clustered_by.p);
    else if (n < STATS_FEW_CLUSTERS)
        buf_printf(&text, "%zu %.*ss are few for a cluster-robust error; its interval is rough", n, (int)b->clustered_by.n,
                   b->clustered_by.p);
    else if (strcmp(b->method, "cluster t") == 0)
        buf_printf(&text, "%zu %.*ss: items of one may stand or fall together, and the interval allows for it", n,
                   (int)b->clustered_by.n, b->clustered_by.p);
    else
        buf_clear(&text);
    if (text.n)
        return compare_note(c, &text, err);
    buf_release(&text);
    return CARAT_OK;
}

static enum carat_err note_direction(struct comparison *c, const struct compare_bench *b, struct err *err)
{
    if (!b->lower_is_better)
        return CARAT_OK;
    struct buf text = BUF_INIT(1 << 14);
    buf_printf(&text, "%.*s: the lower its %.*s the better", (int)b->title.n, b->title.p, (int)b->metric.n, b->metric.p);
    return compare_note(c, &text, err);
}

static enum carat_err note_shares(struct comparison *c, const struct compare_bench *b, struct err *err)
{
    if (b->paired.binary || !b->paired.n)
        return CARAT_OK;
    struct buf text = BUF_INIT(1 << 14);
    buf_printf(&text, "%.*s: scores are not just 0 and 1; \"only A\" counts items where A scored higher", (int)b->title.n,
               b->title.p);
    return compare_note(c, &text, err);
}

/* Names the settings of `a` that `b` has otherwise; with `absent` those that `b` has not. */
static void add_settings(json_t *a, json_t *b, bool absent, struct buf *out)
{
    const char *key;
    json_t *value;
    json_object_foreach(a, key, value)
    {
        json_t *other = json_object_get(b, key);
        bool expected = strcmp(key, "weights_sha256") == 0 || strcmp(key, "tokenizer_sha256") == 0;
        if (!expected && (absent ? !other : !json_equal(value, other)))
            buf_printf(out, "%s%s", out->n ? ", " : "the runs' settings differ: ", key);
    }
}

/* Precision, BOS, truncation ...: what the models were run with. A comparison of just that may be what is wanted. */
static enum carat_err note_settings(struct comparison *c, struct err *err)
{
    json_t *a = json_object_get(c->runs[SIDE_A].settings, "deciding");
    json_t *b = json_object_get(c->runs[SIDE_B].settings, "deciding");
    struct buf text = BUF_INIT(1 << 14);
    add_settings(a, b, false, &text);
    add_settings(b, a, true, &text);
    return text.n ? compare_note(c, &text, err) : CARAT_OK;
}

enum carat_err compare_add_notes(struct comparison *c, struct err *err)
{
    struct buf same = BUF_INIT(1 << 10);
    enum carat_err rc = note_settings(c, err);
    if (!rc && c->runs[SIDE_A].id == c->runs[SIDE_B].id) {
        buf_adds(&same, "A and B are the same run");
        rc = compare_note(c, &same, err);
    }
    static enum carat_err (*const each[])(struct comparison *, const struct compare_bench *, struct err *) = {
        note_left_out, note_silence, note_clusters, note_direction, note_shares};
    for (size_t i = 0; i < c->n_benches && !rc; i++)
        for (size_t k = 0; k < sizeof each / sizeof *each && !rc; k++)
            rc = each[k](c, &c->benches[i], err);
    return rc;
}
