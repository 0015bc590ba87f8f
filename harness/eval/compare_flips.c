/* The items whose score changed, looked at again one by one.
 *
 * Multiple choice: what each model chose under the headline metric, and by how many nats. With acc that is the
 * log-probability of the best choice less that of the second. acc_norm compares log-probability over length; there
 * the margin is how far the log-probability of the one chosen would have to fall for the runner-up to win:
 *     logprob - length * max over others(logprob / length),
 * which is the same thing where lengths play no part. Below NEAR_TIE nats a tie is near: rounding
 * of another precision or kernel may turn it.
 *
 * Generation: where the two texts part, in tokens (when the tokenizers are the same) and in characters; and by how many
 * nats each model put its token there before the next best. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "compare.h"

static const double NEAR_TIE = 0.01; /* nats */
enum { SHOWN = 48 };                 /* code points of a text that are printed */

struct side {
    struct str id;
    enum carat_outcome outcome;
    size_t n_choices, chosen; /* n_choices 0: a generation */
    int gold;
    bool greedy;              /* the one chosen is what the model would have said */
    double logprob;
    struct str choice;        /* the continuation chosen */
    double margin;
    struct str text, answer;  /* first sample; what the headline's filter found */
    const int32_t *ids;
    const double *margins;    /* [n_ids] or NULL */
    size_t n_ids;
};

struct reader {
    const struct compare_bench *bench;
    struct str delimiter;
    struct arena *arena;
    struct side *out;
    int64_t index;
    bool found, failed;
};

static struct str keep(struct reader *r, struct str s)
{
    char *p = arena_dup(r->arena, s.p, s.n);
    r->failed |= !p;
    return (struct str){p ? p : "", p ? s.n : 0};
}

/* What the headline metric divides a log-probability by. */
static double length_of(const struct reader *r, struct str continuation)
{
    struct str choice = continuation;
    if (str_starts(choice, r->delimiter)) {
        choice.p += r->delimiter.n;
        choice.n -= r->delimiter.n;
    }
    if (str_eq(r->bench->metric, STR("acc_norm")))
        return (double)utf8_length(choice);
    return str_eq(r->bench->metric, STR("acc_bytes")) ? (double)choice.n : 1;
}

static void find_chosen(struct reader *r, const struct carat_item_record *item)
{
    struct side *s = r->out;
    double best = -INFINITY, second = -INFINITY;
    for (size_t i = 0; i < item->n_choices; i++) {
        double value = item->choices[i].logprob / length_of(r, item->choices[i].continuation);
        if (i == 0 || value > best) { /* the first maximum wins, as it scored */
            second = i ? best : second;
            best = value;
            s->chosen = i;
        } else if (value > second) {
            second = value;
        }
    }
    const struct carat_choice_record *chosen = &item->choices[s->chosen];
    s->margin = chosen->logprob - length_of(r, chosen->continuation) * second;
    s->choice = keep(r, chosen->continuation);
    s->greedy = chosen->greedy;
    s->logprob = chosen->logprob;
}

/* "exact_match,strict-match" has the filter behind the comma. */
static bool is_headline_filter(const struct reader *r, struct str filter)
{
    ptrdiff_t comma = str_find(r->bench->metric, STR(","), 0);
    return comma >= 0 && str_ends(r->bench->metric, filter) && r->bench->metric.n - (size_t)comma - 1 == filter.n;
}

static void take_text(struct reader *r, const struct carat_item_record *item)
{
    struct side *s = r->out;
    const struct carat_sample_record *sample = &item->samples[0];
    int32_t *ids = arena_alloc(r->arena, (sample->n_ids + 1) * sizeof *ids);
    r->failed |= !ids;
    if (ids && sample->n_ids)
        memcpy(ids, sample->ids, sample->n_ids * sizeof *ids);
    s->ids = ids;
    s->n_ids = ids ? sample->n_ids : 0;
    double *margins = sample->margins && s->n_ids ? arena_alloc(r->arena, s->n_ids * sizeof *margins) : NULL;
    r->failed |= sample->margins && s->n_ids && !margins;
    if (margins)
        memcpy(margins, sample->margins, s->n_ids * sizeof *margins);
    s->margins = margins;
    s->text = keep(r, sample->text);
    for (size_t i = 0; i < item->n_answers; i++)
        if (item->answers[i].sample == 0 && is_headline_filter(r, item->answers[i].filter))
            s->answer = keep(r, item->answers[i].answer);
}

static bool take_side(void *context, const struct carat_item_record *item)
{
    struct reader *r = context;
    if (item->index != r->index)
        return false;
    r->found = true;
    *r->out = (struct side){.id = keep(r, item->id),
                            .outcome = item->outcome,
                            .n_choices = item->n_choices,
                            .gold = item->gold,
                            .margin = NAN};
    if (item->n_choices)
        find_chosen(r, item);
    else if (item->n_samples)
        take_text(r, item);
    return false;
}

static enum carat_err read_side(struct carat_store *st, struct reader *r, int64_t task, struct err *err)
{
    r->found = r->failed = false;
    enum carat_err rc = carat_store_items(st, task, r->index, 1, take_side, r, err);
    if (!rc && r->failed)
        rc = err_nomem(err, "an item");
    if (!rc && !r->found)
        rc = err_set(err, CARAT_EINPUT, "item %" PRId64 " is gone from the database", r->index);
    return rc;
}

/* ---- where texts part ------------------------------------------------------------------------------------ */

static size_t part_of_ids(const struct side *a, const struct side *b)
{
    size_t i = 0;
    while (i < a->n_ids && i < b->n_ids && a->ids[i] == b->ids[i])
        i++;
    return i;
}

/* The first byte that differs, moved back to its character's beginning. */
static size_t part_of_texts(struct str a, struct str b)
{
    size_t i = 0;
    while (i < a.n && i < b.n && a.p[i] == b.p[i])
        i++;
    while (i > 0 && ((i < a.n && ((unsigned char)a.p[i] & 0xC0) == 0x80) || (i < b.n && ((unsigned char)b.p[i] & 0xC0) == 0x80)))
        i--;
    return i;
}

static bool same_tokenizer(const struct comparison *c)
{
    const char *digest[2];
    for (int side = SIDE_A; side <= SIDE_B; side++)
        digest[side] = json_string_value(
            json_object_get(json_object_get(c->runs[side].settings, "deciding"), "tokenizer_sha256"));
    return digest[0] && digest[1] && strcmp(digest[0], digest[1]) == 0;
}

/* ---- one flip -------------------------------------------------------------------------------------------- */

struct flip {
    const struct comparison *c;
    const struct compare_bench *bench;
    const struct compare_item *item;
    struct side side[2];
};

static char who_is_right(const struct compare_item *item)
{
    return item->score[SIDE_A] > item->score[SIDE_B] ? 'A' : 'B';
}

static void add_quoted(struct buf *out, struct str s)
{
    size_t at = 0, n = 0;
    struct buf text = BUF_INIT(1 << 12);
    while (at < s.n && n++ < SHOWN) {
        size_t from = at;
        if (utf8_next(s, &at) == '\n')
            buf_adds(&text, "\\n");
        else
            buf_add(&text, s.p + from, at - from);
    }
    buf_addc(out, '"');
    compare_add_plain(out, buf_str(&text));
    buf_adds(out, at < s.n ? "...\"" : "\"");
    buf_release(&text);
}

static void add_margin(double margin, struct buf *out)
{
    buf_printf(out, ", margin %.*f nats%s", margin < NEAR_TIE ? 5 : 2, margin, margin < NEAR_TIE ? ", near-tie" : "");
}

static void add_choice(const struct flip *f, int side, struct buf *out)
{
    const struct side *s = &f->side[side];
    if (s->n_choices == 1) { /* nothing to choose from: is it what the model says? */
        buf_printf(out, "  %c gives it %.2f nats, %s: ", 'A' + side, s->logprob,
                   s->greedy ? "its own first choice" : "not its own first choice");
        add_quoted(out, s->choice);
        buf_addc(out, '\n');
        return;
    }
    buf_printf(out, "  %c chose %zu of %zu%s: ", 'A' + side, s->chosen + 1, s->n_choices,
               (int)s->chosen == s->gold ? " (right)" : "");
    add_quoted(out, s->choice);
    if (!isfinite(s->margin)) { /* log-probabilities that are no numbers */
        buf_adds(out, ", no margin\n");
        return;
    }
    add_margin(s->margin, out);
    buf_addc(out, '\n');
}

static double margin_at(const struct side *s, size_t at)
{
    return s->margins && at < s->n_ids ? s->margins[at] : (double)NAN;
}

static void add_token(const struct side *s, size_t at, struct buf *out)
{
    if (at < s->n_ids)
        buf_printf(out, "%" PRId32, s->ids[at]);
    else
        buf_adds(out, "the end");
    if (isfinite(margin_at(s, at)))
        add_margin(margin_at(s, at), out);
}

static struct str behind(struct str s, size_t at)
{
    return (struct str){s.p + at, s.n - at};
}

static void add_parting(const struct flip *f, struct buf *out)
{
    const struct side *a = &f->side[SIDE_A], *b = &f->side[SIDE_B];
    size_t byte = part_of_texts(a->text, b->text), token = part_of_ids(a, b);
    if (same_tokenizer(f->c) && (token < a->n_ids || token < b->n_ids)) {
        buf_printf(out, "  part at token %zu: A ", token);
        add_token(a, token, out);
        buf_adds(out, "; B ");
        add_token(b, token, out);
        buf_addc(out, '\n');
    } else {
        buf_printf(out, "  part at byte %zu%s\n", byte, same_tokenizer(f->c) ? "" : " (other tokenizers)");
    }
    for (int side = SIDE_A; side <= SIDE_B; side++) {
        const struct side *s = &f->side[side];
        buf_printf(out, "  %c (%s) goes on ", 'A' + side, carat_outcome_name(s->outcome));
        add_quoted(out, behind(s->text, byte));
        if (s->answer.p) {
            buf_adds(out, ", answer ");
            add_quoted(out, s->answer);
        }
        buf_addc(out, '\n');
    }
}

/* Many data sets have no ids of their own but a row's number. */
static bool is_index(struct str id, int64_t index)
{
    int64_t number;
    return id.n == 0 || (num_parse_i64(id, &number) && number == index);
}

static enum carat_err flip_text(const struct flip *f, void *context)
{
    struct buf *out = context;
    compare_add_plain(out, f->bench->leaves[f->item->leaf].name);
    buf_printf(out, " item %" PRId64, f->item->index);
    if (!is_index(f->side[SIDE_A].id, f->item->index)) {
        buf_adds(out, " (");
        compare_add_plain(out, f->side[SIDE_A].id);
        buf_addc(out, ')');
    }
    if (f->bench->paired.binary)
        buf_printf(out, ": %c right\n", who_is_right(f->item));
    else
        buf_printf(out, ": A %g, B %g\n", f->item->score[SIDE_A], f->item->score[SIDE_B]);
    if (f->side[SIDE_A].n_choices && f->side[SIDE_B].n_choices) {
        add_choice(f, SIDE_A, out);
        add_choice(f, SIDE_B, out);
    } else if (f->side[SIDE_A].text.p && f->side[SIDE_B].text.p) {
        add_parting(f, out);
    }
    return buf_failed(out) ? CARAT_ENOMEM : CARAT_OK;
}

static json_t *side_json(const struct flip *f, int side)
{
    const struct side *s = &f->side[side];
    json_t *o = json_pack("{s:f, s:s}", "score", f->item->score[side], "outcome", carat_outcome_name(s->outcome));
    if (s->n_choices) {
        json_object_set_new(o, "chosen", json_integer((json_int_t)s->chosen));
        json_object_set_new(o, "continuation", json_text(s->choice));
        json_object_set_new(o, "margin_nats", isfinite(s->margin) ? json_real(s->margin) : json_null());
        json_object_set_new(o, "near_tie", json_boolean(s->margin < NEAR_TIE));
    } else if (s->text.p) {
        json_object_set_new(o, "text", json_text(s->text));
        json_object_set_new(o, "answer", s->answer.p ? json_text(s->answer) : json_null());
    }
    return o;
}

static json_t *token_json(const struct side *s, size_t at)
{
    return at < s->n_ids ? json_integer(s->ids[at]) : json_null();
}

static json_t *margins_json(const struct side *a, const struct side *b, size_t at)
{
    double x = margin_at(a, at), y = margin_at(b, at);
    return json_pack("{s:o, s:o, s:b}", "a", json_real_or_null(x), "b", json_real_or_null(y), "near_tie",
                     x < NEAR_TIE || y < NEAR_TIE);
}

static enum carat_err flip_json(const struct flip *f, void *context)
{
    json_t *list = context;
    const struct side *a = &f->side[SIDE_A], *b = &f->side[SIDE_B];
    json_t *o = json_pack("{s:o, s:I, s:o, s:s, s:o, s:o}", "task", json_text(f->bench->leaves[f->item->leaf].name),
                          "index", (json_int_t)f->item->index, "id", json_text(a->id), "right",
                          who_is_right(f->item) == 'A' ? "a" : "b", "a", side_json(f, SIDE_A), "b", side_json(f, SIDE_B));
    if (o && !a->n_choices && a->text.p && b->text.p) {
        size_t token = part_of_ids(a, b);
        json_object_set_new(o, "parts_at_byte", json_integer((json_int_t)part_of_texts(a->text, b->text)));
        if (same_tokenizer(f->c))
            json_object_set_new(o, "parts_at_token", json_pack("{s:I, s:o, s:o, s:o}", "index", (json_int_t)token, "a",
                                                               token_json(a, token), "b", token_json(b, token), "margin_nats",
                                                               margins_json(a, b, token)));
    }
    return json_array_append_new(list, o) ? CARAT_ENOMEM : CARAT_OK;
}

/* ---- all of them --------------------------------------------------------------------------------------------- */

static enum carat_err each_flip(struct carat_store *st, const struct comparison *c,
                                enum carat_err (*fn)(const struct flip *f, void *context), void *context, struct err *err)
{
    struct arena arena = ARENA_INIT;
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; i < c->n_benches && !rc; i++) {
        const struct compare_bench *b = &c->benches[i];
        for (size_t k = 0; k < b->n_items && !rc; k++) {
            const struct compare_item *item = &b->items[k];
            const struct compare_leaf *leaf = &b->leaves[item->leaf];
            struct flip f = {.c = c, .bench = b, .item = item};
            if (item->score[SIDE_A] == item->score[SIDE_B])
                continue;
            arena_reset(&arena);
            for (int side = SIDE_A; side <= SIDE_B && !rc; side++) {
                struct reader r = {
                    .bench = b, .delimiter = leaf->delimiter, .arena = &arena, .out = &f.side[side], .index = item->index};
                rc = read_side(st, &r, leaf->task[side], err);
            }
            if (!rc && fn(&f, context))
                rc = err_nomem(err, "the items that changed");
        }
    }
    arena_release(&arena);
    return rc;
}

enum carat_err compare_flips_text(struct carat_store *st, const struct comparison *c, struct buf *out,
                                  struct err *err)
{
    return each_flip(st, c, flip_text, out, err);
}

enum carat_err compare_flips_json(struct carat_store *st, const struct comparison *c, json_t **out, struct err *err)
{
    *out = json_array();
    enum carat_err rc = each_flip(st, c, flip_json, *out, err);
    if (rc) {
        json_decref(*out);
        *out = NULL;
    }
    return rc;
}
