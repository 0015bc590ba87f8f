#include "show_text.h"

#include <inttypes.h>
#include <math.h>

#include "harness/protocol/metric.h"
#include "show_tokens.h"

enum { BAR_WIDTH = 20 };

static const char *const outcome_colors[] = {
    [CARAT_RIGHT] = "\033[32m",   [CARAT_WRONG] = "\033[31m", [CARAT_UNPARSED] = "\033[33m",
    [CARAT_CUT_OFF] = "\033[33m", [CARAT_EMPTY] = "\033[33m", [CARAT_REFUSED] = "\033[35m",
};

static void paint(struct buf *out, const struct show_style *style, const char *color)
{
    if (style->color)
        buf_adds(out, color ? color : "\033[0m");
}

void show_plain(struct buf *out, struct str s)
{
    for (size_t at = 0; at < s.n;) {
        size_t from = at;
        int32_t cp = utf8_next(s, &at);
        bool control = cp < 0 || (cp < 0x20 && cp != '\n' && cp != '\t') || (cp >= 0x7F && cp < 0xA0) ||
                       (cp >= 0x202A && cp <= 0x202E) || (cp >= 0x2066 && cp <= 0x2069);
        if (control)
            buf_adds(out, "\xEF\xBF\xBD");
        else
            buf_add(out, s.p + from, at - from);
    }
}

/* Text with a bar before each line, so that where it ends can be seen. */
static void add_quoted(struct buf *out, struct str s)
{
    for (size_t at = 0; at <= s.n;) {
        ptrdiff_t end = str_find(s, STR("\n"), at);
        size_t stop = end < 0 ? s.n : (size_t)end;
        buf_adds(out, "  | ");
        show_plain(out, (struct str){s.p + at, stop - at});
        buf_addc(out, '\n');
        at = stop + 1;
    }
}

/* ---- multiple choice ----------------------------------------------------------------------------------- */

static size_t count_chars(struct str s)
{
    size_t n = 0;
    for (size_t at = 0; at < s.n; n++)
        (void)utf8_next(s, &at);
    return n;
}

/* The choice alone: one blank before it is the delimiter. */
static struct str without_delimiter(struct str s)
{
    bool blank = s.n > 1 && s.p[0] == ' ';
    return (struct str){s.p + blank, s.n - blank};
}

static double per_char(const struct carat_choice_record *c)
{
    size_t n = count_chars(without_delimiter(c->continuation));
    return n ? c->logprob / (double)n : -(double)INFINITY;
}

/* The first of the greatest, as scoring takes it. */
static size_t best_choice(const struct carat_item_record *item, bool by_char)
{
    size_t best = 0;
    for (size_t i = 1; i < item->n_choices; i++) {
        const struct carat_choice_record *a = &item->choices[i], *b = &item->choices[best];
        if (by_char ? per_char(a) > per_char(b) : a->logprob > b->logprob)
            best = i;
    }
    return best;
}

/* How likely a choice is among the choices. */
static double share(const struct carat_item_record *item, size_t i)
{
    double total = 0, best = item->choices[best_choice(item, false)].logprob;
    for (size_t k = 0; k < item->n_choices; k++)
        total += exp(item->choices[k].logprob - best);
    return exp(item->choices[i].logprob - best) / total;
}

static void add_bar(struct buf *out, double share)
{
    int eighths = isnan(share) ? 0 : (int)lround(share * BAR_WIDTH * 8); /* of a log-probability that is no number */
    for (int i = 0; i < BAR_WIDTH; i++, eighths -= 8) {
        if (eighths <= 0)
            buf_addc(out, ' ');
        else /* U+2588 is a full block, U+258F one eighth */
            buf_printf(out, "\xE2\x96%c", eighths >= 8 ? 0x88 : 0x90 - eighths);
    }
}

static void describe_choices(struct buf *out, const struct carat_item_record *item, const struct show_style *style)
{
    size_t likely = best_choice(item, false), dense = best_choice(item, true);
    if (!item->n_choices)
        return;
    buf_adds(out, "      log p  per char  share of the choices\n");
    for (size_t i = 0; i < item->n_choices; i++) {
        const struct carat_choice_record *c = &item->choices[i];
        buf_printf(out, " %c%c%c%8.3f  %8.4f  ", i == likely ? '>' : ' ', i == dense ? '~' : ' ', (int)i == item->gold ? '*' : ' ',
                   c->logprob, per_char(c));
        paint(out, style, (int)i == item->gold ? outcome_colors[CARAT_RIGHT] : i == likely ? outcome_colors[CARAT_WRONG] : "");
        add_bar(out, share(item, i));
        paint(out, style, NULL);
        if (isnan(share(item, i)))
            buf_adds(out, "    -  ");
        else
            buf_printf(out, " %3.0f%%  ", 100 * share(item, i));
        show_plain(out, c->continuation);
        buf_addc(out, '\n');
    }
    buf_adds(out, "  (> most likely, ~ most likely per character, * right)\n");
}

/* ---- why --------------------------------------------------------------------------------------------------- */

static void explain_choice_metric(struct buf *out, const struct carat_item_record *item, const struct carat_metric_record *m)
{
    bool by_char = str_eq(m->name, STR("acc_norm"));
    if (!by_char && !str_eq(m->name, STR("acc"))) {
        buf_printf(out, "  %.*s = %g\n", (int)m->name.n, m->name.p, m->value);
        return;
    }
    buf_printf(out, "  %.*s = %g: takes choice %zu, the most likely%s; right is ", (int)m->name.n, m->name.p, m->value,
               best_choice(item, by_char), by_char ? " per character" : "");
    if (item->gold >= 0)
        buf_printf(out, "%d\n", item->gold);
    else
        buf_adds(out, "none of them\n");
}

static const char *why_outcome(const struct carat_item_record *item)
{
    switch (item->outcome) {
    case CARAT_UNPARSED: return "no answer was found in a finished text";
    case CARAT_CUT_OFF: return "the token limit ended the text before an answer was found in it";
    case CARAT_EMPTY: return "the text is empty";
    case CARAT_RIGHT:
    case CARAT_WRONG:
    case CARAT_REFUSED: break;
    }
    return NULL;
}

static void explain(struct buf *out, const struct carat_item_record *item)
{
    for (size_t i = 0; i < item->n_answers; i++) {
        const struct carat_answer_record *a = &item->answers[i];
        buf_printf(out, "  %.*s", (int)a->filter.n, a->filter.p);
        if (item->n_samples > 1)
            buf_printf(out, ", sample %d", a->sample);
        buf_adds(out, " finds '");
        show_plain(out, a->answer);
        if (isnan(a->score))
            buf_adds(out, "'\n");
        else
            buf_printf(out, "', which counts %g\n", a->score);
    }
    for (size_t i = 0; i < item->n_metrics; i++) {
        if (metric_is_sum(item->metrics[i].name))
            continue;
        if (item->n_choices)
            explain_choice_metric(out, item, &item->metrics[i]);
        else
            buf_printf(out, "  %.*s = %g\n", (int)item->metrics[i].name.n, item->metrics[i].name.p, item->metrics[i].value);
    }
    const char *why = why_outcome(item);
    if (why)
        buf_printf(out, "  %s: %s\n", carat_outcome_name(item->outcome), why);
}

/* ---- the whole ------------------------------------------------------------------------------------------------ */

static void describe_head(struct buf *out, struct str task, const struct carat_item_record *item, const struct show_style *style)
{
    paint(out, style, "\033[1m");
    buf_printf(out, "%.*s item %" PRId64, (int)task.n, task.p, item->index);
    paint(out, style, NULL);
    if (item->id.n) {
        buf_adds(out, " (");
        show_plain(out, item->id);
        buf_addc(out, ')');
    }
    buf_adds(out, ": ");
    paint(out, style, outcome_colors[item->outcome]);
    buf_adds(out, carat_outcome_name(item->outcome));
    paint(out, style, NULL);
    buf_addc(out, '\n');
    if (item->truncated_tokens)
        buf_printf(out, "  the first %zu tokens were cut off, BOS with them (--truncation left)\n", item->truncated_tokens);
    if (item->message.n) {
        buf_adds(out, "  not asked: ");
        show_plain(out, item->message);
        buf_addc(out, '\n');
    }
}

static void describe_samples(struct buf *out, const struct carat_item_record *item)
{
    for (size_t i = 0; i < item->n_samples; i++) {
        const struct carat_sample_record *s = &item->samples[i];
        buf_printf(out, "  answered, until %.*s:\n", (int)s->finish.n, s->finish.p);
        add_quoted(out, s->text);
        if (s->verdict.n) {
            buf_adds(out, "  verdict: ");
            show_plain(out, s->verdict);
            buf_addc(out, '\n');
        }
    }
    if (item->n_samples) {
        buf_adds(out, "  target:\n");
        add_quoted(out, item->target);
    }
}

void show_item_text(struct buf *out, struct str task, const struct carat_item_record *item, const struct show_style *style)
{
    describe_head(out, task, item, style);
    if (style->tokens) {
        show_tokens_text(style->tokens, item, style->color, out);
    } else {
        if (item->prefix.n)
            buf_printf(out, "  [description and shots: %zu bytes, shown by --json]\n", item->prefix.n);
        for (size_t i = 0; item->prompts && i < item->n_choices; i++)
            add_quoted(out, item->prompts[i]);
        if (!item->prompts)
            add_quoted(out, item->prompt);
    }
    describe_choices(out, item, style);
    describe_samples(out, item);
    explain(out, item);
    buf_addc(out, '\n');
}
