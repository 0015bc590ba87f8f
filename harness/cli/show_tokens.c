#include "show_tokens.h"

#include <stdlib.h>

#include "harness/backend/backend.h"
#include "show_text.h"

enum { LINE_WIDTH = 110 };

struct show_tokens {
    struct carat_tokenizer *tok; /* NULL: none, see `why` */
    struct request_rules rules;
    int32_t anchor;              /* a token of plain text that others are decoded behind */
    size_t max_tokens;           /* of the task at hand */
    struct err why;
    struct buf text, alone;
};

struct token {
    int32_t id;
    struct str text;  /* until the next token is asked for */
    bool special;
};

/* ---- opening ---------------------------------------------------------------------------------------------- */

static void read_rules(struct show_tokens *t, struct str settings)
{
    json_t *all = NULL;
    struct str truncation = STR("");
    t->rules = (struct request_rules){.max_length = SIZE_MAX / 4};
    if (json_read(settings, "settings", 0, &all, NULL))
        return;
    const json_t *deciding = json_object_get(all, "deciding");
    json_int_t length = json_integer_value(json_object_get(deciding, "max_length"));
    t->rules.add_bos = json_is_true(json_object_get(deciding, "add_bos"));
    if (length > 0)
        t->rules.max_length = (size_t)length;
    if (json_get_str(deciding, "truncation", &truncation) && str_eq(truncation, STR("left")))
        t->rules.truncation = TRUNCATE_LEFT;
    json_decref(all);
}

static enum carat_err open_tokenizer(struct show_tokens *t, const struct carat_run_row *run, const char *path, struct err *err)
{
    struct carat_ids ids = {0};
    enum carat_err rc = carat_tokenizer_open(path, &t->tok, err);
    if (rc)
        return rc;
    const struct carat_tokenizer_info *info = carat_tokenizer_info(t->tok);
    if (!str_eq(str_from(info->sha256), run->tokenizer_sha256))
        rc = err_set(err, CARAT_EINPUT, "the tokenizer of '%s' is not the run's", path);
    if (!rc)
        rc = carat_tokenizer_encode(t->tok, STR("a"), 0, &ids, err);
    t->anchor = ids.n ? ids.ids[ids.n - 1] : -1;
    carat_ids_release(&ids);
    return rc;
}

enum carat_err show_tokens_open(const struct carat_run_row *run, const char *path, struct show_tokens **out, struct err *err)
{
    struct show_tokens *t = calloc(1, sizeof *t);
    *out = t;
    if (!t)
        return err_nomem(err, "the tokens");
    *t = (struct show_tokens){.text = BUF_INIT(1 << 20), .alone = BUF_INIT(1 << 20)};
    read_rules(t, run->settings);
    if (open_tokenizer(t, run, path, &t->why)) {
        carat_tokenizer_free(t->tok);
        t->tok = NULL;
    }
    return CARAT_OK;
}

void show_tokens_free(struct show_tokens *t)
{
    if (!t)
        return;
    carat_tokenizer_free(t->tok);
    buf_release(&t->text);
    buf_release(&t->alone);
    free(t);
}

const char *show_tokens_warning(const struct show_tokens *t) { return t->tok ? NULL : t->why.msg; }

void show_tokens_task(struct show_tokens *t, struct str settings)
{
    json_t *all = NULL;
    t->max_tokens = 0;
    if (json_read(settings, "settings", 0, &all, NULL))
        return;
    json_int_t n = json_integer_value(json_object_get(all, "max_tokens"));
    t->max_tokens = n > 0 ? (size_t)n : 0;
    json_decref(all);
}

/* ---- one token ----------------------------------------------------------------------------------------------- */

/* A control token decodes to nothing where control tokens are left out. */
static bool is_special(struct show_tokens *t, const int32_t pair[2])
{
    buf_clear(&t->alone);
    buf_clear(&t->text);
    if (carat_tokenizer_decode(t->tok, pair, 1, CARAT_TOK_SKIP_SPECIAL, &t->alone, NULL) ||
        carat_tokenizer_decode(t->tok, pair, 2, CARAT_TOK_SKIP_SPECIAL, &t->text, NULL))
        return false;
    return str_eq(buf_str(&t->alone), buf_str(&t->text));
}

static const char *special_name(const struct carat_tokenizer_info *info, int32_t id)
{
    return id == info->bos ? "<bos>" : id == info->eos ? "<eos>" : id == info->pad ? "<pad>" : id == info->unk ? "<unk>" : "<special>";
}

/* Decoded behind the anchor: the first token of a text may lose its blank. */
static struct token token_of(struct show_tokens *t, int32_t id)
{
    struct token token = {.id = id, .text = STR("")};
    const int32_t pair[2] = {t->anchor, id};
    if (!t->tok)
        return token;
    token.special = is_special(t, pair);
    buf_clear(&t->alone);
    buf_clear(&t->text);
    if (!carat_tokenizer_decode(t->tok, pair, 1, 0, &t->alone, NULL) && !carat_tokenizer_decode(t->tok, pair, 2, 0, &t->text, NULL) &&
        str_starts(buf_str(&t->text), buf_str(&t->alone)))
        token.text = (struct str){t->text.p + t->alone.n, t->text.n - t->alone.n};
    if (token.special && !token.text.n)
        token.text = str_from(special_name(carat_tokenizer_info(t->tok), id));
    return token;
}

/* ---- an item's requests ---------------------------------------------------------------------------------------- */

static enum carat_err encode(const struct show_tokens *t, const struct carat_item_record *item, size_t i, struct request_ids *out,
                             struct err *err)
{
    struct request r = {.kind = REQUEST_GENERATE, .prefix = item->prefix, .prompt = item->prompt, .max_tokens = t->max_tokens};
    if (item->n_choices) {
        r.kind = REQUEST_LOGLIKELIHOOD;
        r.prompt = item->prompts ? item->prompts[i] : item->prompt;
        r.continuation = item->choices[i].continuation;
    }
    return backend_request_ids(t->tok, &t->rules, &r, out, err);
}

static bool same_ids(const struct carat_ids *a, const struct carat_ids *b)
{
    return a->n == b->n && (!a->n || memcmp(a->ids, b->ids, a->n * sizeof *a->ids) == 0);
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

struct flow { /* tokens in lines */
    struct buf *out;
    size_t line; /* where it began, in `out` */
    bool color;
};

static void flow_begin(struct flow *f)
{
    f->line = f->out->n;
    buf_adds(f->out, "   ");
}

static void add_escaped(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\n')
            buf_adds(out, "\\n");
        else if (s.p[i] == '\t')
            buf_adds(out, "\\t");
        else if (s.p[i] == '"' || s.p[i] == '\\')
            buf_printf(out, "\\%c", s.p[i]);
        else
            buf_addc(out, s.p[i]);
    }
}

static void flow_token(struct flow *f, struct show_tokens *t, int32_t id, const double *logprob)
{
    struct token token = token_of(t, id);
    struct buf word = BUF_INIT(1 << 20), safe = BUF_INIT(1 << 20);
    add_escaped(&word, token.text);
    show_plain(&safe, buf_str(&word));
    buf_clear(&word);
    if (token.special)
        buf_printf(&word, "[%d %s]", id, safe.p ? safe.p : "");
    else if (t->tok)
        buf_printf(&word, "%d \"%s\"", id, safe.p ? safe.p : "");
    else
        buf_printf(&word, "%d", id);
    if (logprob)
        buf_printf(&word, " %.3f", *logprob);
    if (f->out->n - f->line + word.n > LINE_WIDTH && f->out->n > f->line + 3) {
        buf_addc(f->out, '\n');
        flow_begin(f);
    }
    buf_adds(f->out, token.special && f->color ? " \033[36m" : " ");
    buf_addstr(f->out, buf_str(&word));
    if (token.special && f->color)
        buf_adds(f->out, "\033[0m");
    buf_release(&word);
    buf_release(&safe);
}

static void add_list(struct show_tokens *t, const int32_t *ids, const double *logprobs, size_t n, bool color, struct buf *out)
{
    struct flow f = {.out = out, .color = color};
    flow_begin(&f);
    for (size_t i = 0; i < n; i++)
        flow_token(&f, t, ids[i], logprobs ? &logprobs[i] : NULL);
    buf_addc(out, '\n');
}

static void add_context(struct show_tokens *t, const struct request_ids *ids, bool color, struct buf *out)
{
    buf_printf(out, "  context, %zu tokens", ids->context.n - ids->n_skipped);
    if (ids->n_skipped)
        buf_printf(out, " (%zu before them were cut off)", ids->n_skipped);
    buf_adds(out, ":\n");
    size_t skip = ids->n_skipped < ids->context.n ? ids->n_skipped : ids->context.n;
    add_list(t, ids->context.ids + skip, NULL, ids->context.n - skip, color, out);
}

/* The boundary stands between the two lists. */
static void add_continuation(struct show_tokens *t, const struct carat_choice_record *c, size_t i, bool color, struct buf *out)
{
    buf_printf(out, "  continuation of choice %zu, %zu tokens, log p %.4f:\n", i, c->n_ids, c->logprob);
    if (c->ids)
        add_list(t, c->ids, c->logprobs, c->n_ids, color, out);
    else
        buf_adds(out, "    (the backend told no ids)\n");
}

void show_tokens_text(struct show_tokens *t, const struct carat_item_record *item, bool color, struct buf *out)
{
    struct request_ids last = {0};
    size_t n = item->n_choices ? item->n_choices : 1;
    for (size_t i = 0; i < n; i++) {
        struct request_ids ids = {0};
        struct err why = ERR_INIT;
        enum carat_err rc = t->tok ? encode(t, item, i, &ids, &why) : CARAT_OK;
        if (rc)
            buf_printf(out, "  context: %s\n", why.msg);
        else if (t->tok && (!i || !same_ids(&ids.context, &last.context)))
            add_context(t, &ids, color, out);
        if (item->n_choices)
            add_continuation(t, &item->choices[i], i, color, out);
        request_ids_release(&last);
        last = ids;
    }
    request_ids_release(&last);
    for (size_t i = 0; i < item->n_samples; i++) {
        const struct carat_sample_record *s = &item->samples[i];
        buf_printf(out, "  answer, %zu tokens%s:\n", s->n_ids, s->margins ? ", each with the nats by which it was ahead" : "");
        add_list(t, s->ids, s->margins, s->n_ids, color, out);
    }
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *list_json(struct show_tokens *t, const int32_t *ids, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        struct token token = token_of(t, ids[i]);
        json_array_append_new(list, json_pack("[i, o, b]", token.id, t->tok ? json_text(token.text) : json_null(), token.special));
    }
    return list;
}

json_t *show_tokens_json(struct show_tokens *t, const struct carat_item_record *item)
{
    json_t *contexts = json_array(), *continuations = json_array(), *answers = json_array();
    struct request_ids first = {0};
    for (size_t i = 0; t->tok && i < (item->n_choices ? item->n_choices : 1); i++) {
        struct request_ids ids = {0};
        if (encode(t, item, i, &ids, NULL))
            continue;
        if (!i || !same_ids(&ids.context, &first.context))
            json_array_append_new(contexts, list_json(t, ids.context.ids + ids.n_skipped, ids.context.n - ids.n_skipped));
        if (i)
            request_ids_release(&ids);
        else
            first = ids;
    }
    request_ids_release(&first);
    for (size_t i = 0; i < item->n_choices; i++)
        json_array_append_new(continuations, list_json(t, item->choices[i].ids, item->choices[i].ids ? item->choices[i].n_ids : 0));
    for (size_t i = 0; i < item->n_samples; i++)
        json_array_append_new(answers, list_json(t, item->samples[i].ids, item->samples[i].n_ids));
    return json_pack("{s:o, s:o, s:o}", "contexts", contexts, "continuations", continuations, "answers", answers);
}
