/* The scheduler: what goes into the next packed batch.
 *
 * All requests' sequences form one token trie (token_trie.h). Its nodes are computed in pre-order,
 * as many tokens a batch as fit; a node's KV is kept while something below it is still
 * to come, so at any time the tree holds one path from the root, what the current
 * batch adds to it, and the sequences that are being generated. A prompt whose last token is
 * computed becomes an active sequence: a KV node of its own under the trie's, one row in
 * every batch until it ends. So prefill of later prompts and decoding of earlier ones share batches.
 *
 * KV budget: a prompt is admitted only if its own path, the longest of the sequences that this batch begins
 * and what the active ones may still need fit; with none active it always is, since jobs_tokenize() refused
 * what cannot fit alone. Of the sequences that a batch begins (a hundred samples of one prompt, say) those that
 * do not fit beside the others wait, their first token drawn, and nothing else is admitted until they
 * run. So no sequence is ever evicted and nothing is computed twice.
 *
 * Of generations with the same prompt, limits and stops, greedy or of the same seed, one is computed and answers them all.
 *
 * Results do not depend on any of this: a row's reply is a function of its path alone (engine.h). */
#include "backend_int.h"

#include <stdlib.h>

struct generation {            /* an active sequence, or one that waits */
    size_t job;                /* index */
    uint32_t node;             /* its KV node */
    bool has_node;
    size_t trie_node;          /* waiting: where it will begin; its KV is held until then */
    struct carat_ids ids;      /* generated so far */
    double *margins;           /* [ids.cap] NULL where they are drawn */
    int32_t last_context_id;
};

#define ROWS_FIRST ((size_t)64) /* of the first batch; each one after it may be twice as large */
enum { SAMPLED_ROWS_MIN = 16, SAMPLED_ROWS_MAX = 256, SAMPLED_BYTES = 64 << 20 };

enum row_kind { ROW_SCORE, ROW_FIRST, ROW_NEXT };
struct row_owner {             /* what a reply is for */
    enum row_kind kind;
    size_t index;              /* job; ROW_NEXT: place in `active` */
    size_t at;                 /* ROW_SCORE: which of the continuation's tokens */
};

struct generations {
    struct generation *items;
    size_t n, cap;
};

struct kv_hold {               /* a trie node's KV node while it is alive */
    uint32_t node;
    bool alive;
    size_t sent;               /* tokens of the edge computed or in this batch */
    size_t n_pending;          /* children and prompts that will still hang something under it */
};

struct scheduler {
    struct carat_session *session;
    const struct schedule_rules *rules;
    struct jobs *jobs;
    const struct backend_events *events;
    struct backend_stats *stats;
    struct token_trie trie;
    struct kv_hold *holds;     /* [trie.n_nodes] */
    size_t cursor;             /* next trie node */
    struct generations active;
    struct generations waiting; /* in the order in which they are to begin */
    size_t reserved;           /* KV tokens that active sequences may still need */
    /* the batch being put together */
    struct carat_span *spans;
    size_t n_spans, cap_spans;
    struct carat_ask *asks;
    struct row_owner *owners;  /* [n_asks] */
    struct carat_reply *replies;
    size_t n_asks, cap_asks;
    size_t rows;
    size_t n_batches;          /* that were held small */
    size_t promised;           /* the largest max_tokens among the prompts that end in this batch */
    int32_t *tokens;           /* [batch_tokens] the rows' ids */
    size_t *finished;          /* trie nodes completed by this batch */
    size_t n_finished;
    float *logits;             /* [max_logits][vocab]: for rows whose next token is drawn; made when first needed */
    size_t max_logits;         /* as many as SAMPLED_BYTES hold, within bounds */
    size_t n_logits;           /* rows of it given out in this batch */
    float *work;               /* [vocab] */
};

/* ---- putting a batch together ------------------------------------------------------------ */

static enum carat_err add_span(struct scheduler *s, uint32_t node, size_t first_row, size_t n, struct err *err)
{
    if (s->n_spans == s->cap_spans) {
        size_t cap = s->cap_spans ? 2 * s->cap_spans : 256;
        struct carat_span *p = realloc(s->spans, cap * sizeof *p);
        if (!p)
            return err_nomem(err, "a batch");
        s->spans = p;
        s->cap_spans = cap;
    }
    s->spans[s->n_spans++] = (struct carat_span){.node = node, .tokens = s->tokens + first_row, .n_tokens = n};
    return CARAT_OK;
}

static enum carat_err add_ask(struct scheduler *s, struct carat_ask ask, struct row_owner owner, struct err *err)
{
    if (s->n_asks == s->cap_asks) {
        size_t cap = s->cap_asks ? 2 * s->cap_asks : 1024;
        struct carat_ask *asks = realloc(s->asks, cap * sizeof *asks);
        if (asks)
            s->asks = asks;
        struct row_owner *owners = realloc(s->owners, cap * sizeof *owners);
        if (owners)
            s->owners = owners;
        struct carat_reply *replies = realloc(s->replies, cap * sizeof *replies);
        if (replies)
            s->replies = replies;
        if (!asks || !owners || !replies)
            return err_nomem(err, "a batch");
        s->cap_asks = cap;
    }
    s->asks[s->n_asks] = ask;
    s->owners[s->n_asks++] = owner;
    return CARAT_OK;
}

static bool samples(const struct request *r)
{
    return r->sampling.temperature > 0;
}

static enum carat_err take_logits(struct scheduler *s, float **out, struct err *err)
{
    size_t vocab = s->rules->model->vocab_size;
    if (!s->logits) {
        s->logits = calloc(vocab * s->max_logits, sizeof *s->logits);
        s->work = calloc(vocab, sizeof *s->work);
        if (!s->logits || !s->work)
            return err_nomem(err, "logits to sample from");
    }
    *out = s->logits + vocab * s->n_logits++;
    return CARAT_OK;
}

static enum carat_err add_active_rows(struct scheduler *s, size_t batch_tokens, struct err *err)
{
    for (size_t i = 0; i < s->active.n && s->rows < batch_tokens; i++) {
        struct generation *g = &s->active.items[i];
        struct carat_ask ask = {.row = s->rows, .target = -1};
        enum carat_err rc = CARAT_OK;
        if (samples(s->jobs->items[g->job].request)) {
            if (s->n_logits == s->max_logits)
                continue; /* its turn comes in the next batch */
            rc = take_logits(s, &ask.logits, err);
        }
        s->tokens[s->rows] = g->ids.ids[g->ids.n - 1];
        if (!rc)
            rc = add_span(s, g->node, s->rows, 1, err);
        if (!rc)
            rc = add_ask(s, ask, (struct row_owner){.kind = ROW_NEXT, .index = i}, err);
        if (rc)
            return rc;
        s->rows++;
    }
    return CARAT_OK;
}

/* The asks of the sequences that pass through `node`, for its tokens at depths [begin, end). */
static enum carat_err add_node_asks(struct scheduler *s, const struct trie_node *node, size_t begin, size_t end,
                                    size_t first_row, struct err *err)
{
    float *logits = NULL; /* prompts that end in a node end in one row and share it */
    for (size_t q = node->first; q < node->last; q++) {
        const struct trie_seq *seq = &s->trie.seqs[q];
        size_t index = seq->owner, length = trie_seq_length(seq);
        const struct job *job = &s->jobs->items[index];
        if (job->request->kind == REQUEST_GENERATE) {
            if (!job->follows && length > begin && length <= end) {
                struct carat_ask ask = {.row = first_row + (length - 1 - begin), .target = -1};
                enum carat_err rc = CARAT_OK;
                if (samples(job->request) && !logits)
                    rc = take_logits(s, &logits, err);
                ask.logits = samples(job->request) ? logits : NULL;
                if (!rc)
                    rc = add_ask(s, ask, (struct row_owner){.kind = ROW_FIRST, .index = index}, err);
                if (rc)
                    return rc;
            }
            continue;
        }
        /* Row at depth d predicts cont[d - (length - n_cont)]: the last n_cont rows are scored. */
        size_t first = length - job->n_cont;
        for (size_t d = first > begin ? first : begin; d < length && d < end; d++) {
            struct carat_ask ask = {.row = first_row + (d - begin), .target = job->cont[d - first]};
            enum carat_err rc =
                add_ask(s, ask, (struct row_owner){.kind = ROW_SCORE, .index = index, .at = d - first}, err);
            if (rc)
                return rc;
        }
    }
    return CARAT_OK;
}

struct endings {               /* the prompts that end in a trie node */
    size_t n;
    bool sampled;              /* any of them */
    size_t max_tokens;         /* the most that one of them may generate */
};

static struct endings prompts_ending(const struct scheduler *s, const struct trie_node *node)
{
    struct endings e = {0};
    for (size_t q = node->first; q < node->last; q++) {
        const struct trie_seq *seq = &s->trie.seqs[q];
        const struct request *r = s->jobs->items[seq->owner].request;
        if (trie_seq_length(seq) != node->end)
            break; /* sequences that end here sort before those that go on */
        if (r->kind != REQUEST_GENERATE || s->jobs->items[seq->owner].follows)
            continue;
        e.n++;
        e.sampled |= samples(r);
        e.max_tokens = r->max_tokens > e.max_tokens ? r->max_tokens : e.max_tokens;
    }
    return e;
}

static enum carat_err open_node(struct scheduler *s, size_t index, struct err *err)
{
    const struct trie_node *node = &s->trie.nodes[index];
    struct kv_hold *hold = &s->holds[index];
    uint32_t parent = CARAT_NODE_ROOT;
    if (node->parent != TRIE_NO_PARENT)
        parent = s->holds[node->parent].node;
    enum carat_err rc = carat_node_new(s->session, parent, &hold->node, err);
    if (rc)
        return rc;
    hold->alive = true;
    hold->n_pending = node->n_children + prompts_ending(s, node).n;
    return CARAT_OK;
}

/* One of the things that hang under a trie node is there (or was only scored): when it was the last, the
 * node's own reference goes; children keep it alive. */
static void settle_node(struct scheduler *s, size_t index)
{
    struct kv_hold *hold = &s->holds[index];
    if (hold->n_pending)
        hold->n_pending--;
    if (!hold->n_pending && hold->alive) {
        carat_node_release(s->session, hold->node);
        hold->alive = false;
    }
}

static size_t kv_room(const struct scheduler *s)
{
    size_t used = carat_session_kv_used(s->session) + s->reserved + s->rows;
    size_t all = carat_session_kv_tokens(s->session);
    return used < all ? all - used : 0;
}

/* May the trie's next node go into this batch? Behind it there must be room for the longest sequence that
 * the batch begins: then each of them can run when the active ones have ended. */
static bool admit(struct scheduler *s, const struct trie_node *node, size_t left)
{
    struct endings e = prompts_ending(s, node);
    size_t promised = e.max_tokens > s->promised ? e.max_tokens : s->promised;
    if (s->waiting.n || (e.sampled && s->n_logits == s->max_logits))
        return false;
    bool alone = !s->active.n && !s->rows;
    if (!alone && kv_room(s) < left + promised)
        return false;
    s->promised = promised;
    return true;
}

static enum carat_err add_prefill_rows(struct scheduler *s, size_t batch_tokens, struct err *err)
{
    while (s->cursor < s->trie.n_nodes && s->rows < batch_tokens) {
        const struct trie_node *node = &s->trie.nodes[s->cursor];
        struct kv_hold *hold = &s->holds[s->cursor];
        size_t left = node->end - node->begin - hold->sent;
        if (!admit(s, node, left))
            break;
        enum carat_err rc = hold->alive ? CARAT_OK : open_node(s, s->cursor, err);
        if (rc)
            return rc;
        size_t take = left < batch_tokens - s->rows ? left : batch_tokens - s->rows;
        size_t begin = node->begin + hold->sent, first_row = s->rows;
        const struct trie_seq *seq = &s->trie.seqs[node->first];
        for (size_t i = 0; i < take; i++)
            s->tokens[s->rows++] = trie_seq_at(seq, begin + i);
        rc = add_span(s, hold->node, first_row, take, err);
        if (!rc)
            rc = add_node_asks(s, node, begin, begin + take, first_row, err);
        if (rc)
            return rc;
        hold->sent += take;
        if (take == left)
            s->finished[s->n_finished++] = s->cursor++;
    }
    return CARAT_OK;
}

/* ---- generation ---------------------------------------------------------------------- */

struct str cut_at_stops(struct str text, const char *const *stops)
{
    for (; stops && *stops; stops++) {
        ptrdiff_t at = **stops ? str_find(text, str_from(*stops), 0) : -1;
        if (at >= 0)
            text.n = (size_t)at;
    }
    return text;
}

enum carat_err decode_generated(const struct schedule_rules *rules, int32_t last_context_id, const int32_t *ids,
                                size_t n, struct buf *out, struct err *err)
{
    if (rules->decode == DECODE_HF || last_context_id < 0)
        return carat_tokenizer_decode(rules->tok, ids, n, CARAT_TOK_SKIP_SPECIAL, out, err);
    /* As a continuation: decoded behind the context's last token, whose own text is then taken off. */
    struct carat_ids all = {0};
    struct buf with = BUF_INIT(BUF_MAX_DEFAULT), without = BUF_INIT(BUF_MAX_DEFAULT);
    enum carat_err rc = carat_ids_push(&all, last_context_id);
    for (size_t i = 0; i < n && !rc; i++)
        rc = carat_ids_push(&all, ids[i]);
    if (rc)
        rc = err_nomem(err, "generated text");
    if (!rc)
        rc = carat_tokenizer_decode(rules->tok, all.ids, 1, CARAT_TOK_SKIP_SPECIAL, &without, err);
    if (!rc)
        rc = carat_tokenizer_decode(rules->tok, all.ids, all.n, CARAT_TOK_SKIP_SPECIAL, &with, err);
    if (!rc) {
        struct str text = buf_str(&with);
        if (str_starts(text, buf_str(&without)))
            text = (struct str){text.p + without.n, text.n - without.n};
        if (buf_addstr(out, text))
            rc = err_nomem(err, "generated text");
    }
    buf_release(&with);
    buf_release(&without);
    carat_ids_release(&all);
    return rc;
}

static bool is_eos(const struct scheduler *s, int32_t id)
{
    for (size_t i = 0; i < s->rules->model->n_eos; i++)
        if (s->rules->model->eos[i] == id)
            return true;
    return false;
}

/* Does a stop string show in the decoded tail? Each byte of a stop comes from at least one token, and the
 * stop may begin inside one; a few more cover tokens that decode to nothing. */
static enum carat_err sees_stop(struct scheduler *s, const struct generation *g, bool *stopped, struct err *err)
{
    const char *const *stops = s->jobs->items[g->job].request->stops;
    *stopped = false;
    size_t longest = 0;
    for (const char *const *p = stops; p && *p; p++)
        if (strlen(*p) > longest)
            longest = strlen(*p);
    if (!longest)
        return CARAT_OK;
    size_t tail = longest + 8 < g->ids.n ? longest + 8 : g->ids.n;
    struct buf text = BUF_INIT(BUF_MAX_DEFAULT);
    enum carat_err rc = decode_generated(s->rules, tail == g->ids.n ? g->last_context_id : g->ids.ids[g->ids.n - tail - 1],
                                         g->ids.ids + (g->ids.n - tail), tail, &text, err);
    if (!rc)
        *stopped = cut_at_stops(buf_str(&text), stops).n < text.n;
    buf_release(&text);
    return rc;
}

/* For the job and those that it answers, too. */
static enum carat_err answer_generation(struct scheduler *s, struct generation *g, enum finish finish,
                                        struct err *err)
{
    struct buf text = BUF_INIT(BUF_MAX_DEFAULT);
    size_t n_text = g->ids.n - (finish == FINISH_EOS); /* the end-of-sequence token has no text */
    enum carat_err rc = decode_generated(s->rules, g->last_context_id, g->ids.ids, n_text, &text, err);
    for (size_t i = g->job; i != NO_JOB && !rc; i = s->jobs->items[i].next_equal) {
        const struct job *job = &s->jobs->items[i];
        struct response response = {.context_tokens = job->n_ctx - job->n_skip,
                                    .truncated_tokens = job->n_skip,
                                    .ids = g->ids.ids,
                                    .n_ids = g->ids.n,
                                    .margins = g->margins,
                                    .text = cut_at_stops(buf_str(&text), job->request->stops),
                                    .finish = finish};
        s->stats->n_done++;
        if (i != g->job && g->ids.n)
            s->stats->tokens_asked += (int64_t)g->ids.n - 1; /* by itself it would have fed them */
        rc = s->events->on_response(s->events->context, i, &response, err);
    }
    buf_release(&text);
    return rc;
}

static void drop_generation(struct scheduler *s, struct generation *g)
{
    if (g->has_node)
        carat_node_release(s->session, g->node);
    g->has_node = false;
    carat_ids_release(&g->ids);
    free(g->margins);
    g->margins = NULL;
}

/* The best, and by how much. */
static bool push_best(struct generation *g, const struct carat_reply *reply)
{
    size_t cap = g->ids.cap;
    if (carat_ids_push(&g->ids, reply->best))
        return false;
    if (g->ids.cap > cap) {
        double *p = realloc(g->margins, g->ids.cap * sizeof *p);
        if (!p)
            return false;
        g->margins = p;
    }
    g->margins[g->ids.n - 1] = (double)(float)reply->margin;
    return true;
}

/* Takes the next token. `*over` tells that the sequence has been answered. */
static enum carat_err step(struct scheduler *s, struct generation *g, const struct carat_reply *reply,
                           const float *logits, bool *over, struct err *err)
{
    const struct request *r = s->jobs->items[g->job].request;
    *over = true;
    bool pushed = logits ? !carat_ids_push(&g->ids, carat_sample(logits, s->rules->model->vocab_size, &r->sampling, g->ids.n, s->work))
                         : push_best(g, reply);
    if (!pushed)
        return err_nomem(err, "generated ids");
    if (is_eos(s, g->ids.ids[g->ids.n - 1]))
        return answer_generation(s, g, FINISH_EOS, err);
    bool stopped;
    enum carat_err rc = sees_stop(s, g, &stopped, err);
    if (rc)
        return rc;
    if (stopped)
        return answer_generation(s, g, FINISH_STOP, err);
    if (g->ids.n >= r->max_tokens)
        return answer_generation(s, g, FINISH_LENGTH, err);
    *over = false;
    return CARAT_OK;
}

static enum carat_err push_generation(struct generations *list, const struct generation *g, struct err *err)
{
    if (list->n == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : 64;
        struct generation *p = realloc(list->items, cap * sizeof *p);
        if (!p)
            return err_nomem(err, "the active sequences");
        list->items = p;
        list->cap = cap;
    }
    list->items[list->n++] = *g;
    return CARAT_OK;
}

/* From now on a row in every batch. On failure `g` is the caller's still. */
static enum carat_err activate(struct scheduler *s, struct generation *g, struct err *err)
{
    enum carat_err rc = carat_node_new(s->session, s->holds[g->trie_node].node, &g->node, err);
    g->has_node = !rc;
    if (!rc)
        rc = push_generation(&s->active, g, err);
    if (rc)
        return rc;
    settle_node(s, g->trie_node);
    s->reserved += s->jobs->items[g->job].request->max_tokens;
    return CARAT_OK;
}

static bool may_begin(const struct scheduler *s, const struct generation *g)
{
    return !s->active.n || kv_room(s) >= s->jobs->items[g->job].request->max_tokens;
}

/* Those that waited for room, first come, first served. */
static enum carat_err begin_waiting(struct scheduler *s, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    size_t n = 0;
    while (n < s->waiting.n && !rc && may_begin(s, &s->waiting.items[n])) {
        rc = activate(s, &s->waiting.items[n], err);
        n += !rc;
    }
    s->waiting.n -= n;
    if (n)
        memmove(s->waiting.items, s->waiting.items + n, s->waiting.n * sizeof *s->waiting.items);
    return rc;
}

/* A prompt's last row is answered: its first token, and an active sequence if it goes on. */
static enum carat_err begin_generation(struct scheduler *s, size_t job_index, size_t trie_node,
                                       const struct carat_reply *reply, const float *logits, struct err *err)
{
    const struct job *job = &s->jobs->items[job_index];
    struct generation g = {.job = job_index, .trie_node = trie_node, .last_context_id = job->ctx[job->n_ctx - 1]};
    bool over = true;
    enum carat_err rc;
    if (job->request->max_tokens == 0)
        rc = answer_generation(s, &g, FINISH_LENGTH, err);
    else
        rc = step(s, &g, reply, logits, &over, err);
    if (!rc && over)
        settle_node(s, trie_node);
    else if (!rc)
        rc = !s->waiting.n && may_begin(s, &g) ? activate(s, &g, err) : push_generation(&s->waiting, &g, err);
    if (rc || over)
        drop_generation(s, &g);
    return rc;
}

/* ---- replies ---------------------------------------------------------------------------- */

static enum carat_err take_score(struct scheduler *s, const struct row_owner *owner,
                                 const struct carat_reply *reply, struct err *err)
{
    struct job *job = &s->jobs->items[owner->index];
    job->logprobs[owner->at] = reply->logprob;
    job->greedy &= reply->best == job->cont[owner->at];
    if (--job->n_left)
        return CARAT_OK;
    double sum = 0; /* in order of position, in double: the reference sums float32 values in float32 */
    for (size_t i = 0; i < job->n_cont; i++)
        sum += job->logprobs[i];
    struct response response = {.context_tokens = job->n_ctx - job->n_skip,
                                .truncated_tokens = job->n_skip,
                                .ids = job->cont,
                                .n_ids = job->n_cont,
                                .logprob = sum,
                                .logprobs = job->logprobs,
                                .greedy = job->greedy};
    s->stats->n_done++;
    return s->events->on_response(s->events->context, owner->index, &response, err);
}

/* The trie node in which the job's sequence ends, among those this batch has finished. */
static size_t ending_node(const struct scheduler *s, size_t job)
{
    for (size_t i = 0; i < s->n_finished; i++) {
        const struct trie_node *node = &s->trie.nodes[s->finished[i]];
        for (size_t q = node->first; q < node->last && trie_seq_length(&s->trie.seqs[q]) == node->end; q++)
            if (s->trie.seqs[q].owner == job)
                return s->finished[i];
    }
    return SIZE_MAX;
}

static enum carat_err take_replies(struct scheduler *s, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    size_t n_before = s->active.n;
    for (size_t i = 0; i < s->n_asks && !rc; i++) {
        const struct row_owner *owner = &s->owners[i];
        const float *logits = s->asks[i].logits;
        bool over = false;
        if (owner->kind == ROW_SCORE) {
            rc = take_score(s, owner, &s->replies[i], err);
        } else if (owner->kind == ROW_FIRST) {
            rc = begin_generation(s, owner->index, ending_node(s, owner->index), &s->replies[i], logits, err);
        } else {
            struct generation *g = &s->active.items[owner->index];
            s->stats->tokens_asked++;
            s->reserved--; /* one of its tokens is in the tree now */
            rc = step(s, g, &s->replies[i], logits, &over, err);
            if (over) {
                s->reserved -= s->jobs->items[g->job].request->max_tokens - (g->ids.n - 1);
                drop_generation(s, g);
                g->job = SIZE_MAX;
            }
        }
    }
    size_t kept = 0; /* close the gaps; those begun just now stand behind */
    for (size_t i = 0; i < s->active.n; i++)
        if (i >= n_before || s->active.items[i].job != SIZE_MAX)
            s->active.items[kept++] = s->active.items[i];
    s->active.n = kept;
    return rc;
}

static void settle_finished(struct scheduler *s)
{
    for (size_t i = 0; i < s->n_finished; i++) {
        size_t index = s->finished[i];
        size_t parent = s->trie.nodes[index].parent;
        if (parent != TRIE_NO_PARENT)
            settle_node(s, parent);
        if (s->holds[index].alive && !s->holds[index].n_pending)
            settle_node(s, index);
    }
}

/* Small at first: a large model's first items are to be seen within a second or two. */
static size_t rows_now(struct scheduler *s)
{
    size_t most = carat_session_batch_tokens(s->session), now = ROWS_FIRST << s->n_batches;
    if (now >= most)
        return most;
    s->n_batches++;
    return now;
}

static enum carat_err run_batch(struct scheduler *s, struct err *err)
{
    size_t batch_tokens = rows_now(s);
    s->n_spans = s->n_asks = s->rows = s->n_finished = 0;
    s->n_logits = s->promised = 0;
    enum carat_err rc = begin_waiting(s, err);
    if (!rc)
        rc = add_active_rows(s, batch_tokens, err);
    if (!rc)
        rc = add_prefill_rows(s, batch_tokens, err);
    if (!rc && !s->rows)
        rc = err_set(err, CARAT_ENOMEM, "the KV budget of %zu tokens is too small to go on (see --memory)",
                     carat_session_kv_tokens(s->session));
    if (!rc)
        rc = s->rules->forward(s->session, s->spans, s->n_spans, s->asks, s->n_asks, s->replies, err);
    if (rc)
        return rc;
    s->stats->tokens_computed += (int64_t)s->rows;
    s->rows = 0; /* they are in the tree now */
    rc = take_replies(s, err);
    settle_finished(s);
    if (!rc && s->events->on_tick)
        rc = s->events->on_tick(s->events->context, s->stats, err);
    return rc;
}

static void scheduler_release(struct scheduler *s)
{
    for (size_t i = 0; i < s->active.n; i++)
        drop_generation(s, &s->active.items[i]);
    for (size_t i = 0; i < s->waiting.n; i++)
        drop_generation(s, &s->waiting.items[i]);
    for (size_t i = 0; s->holds && i < s->trie.n_nodes; i++)
        if (s->holds[i].alive)
            carat_node_release(s->session, s->holds[i].node);
    token_trie_release(&s->trie);
    free(s->holds);
    free(s->active.items);
    free(s->waiting.items);
    free(s->spans);
    free(s->asks);
    free(s->owners);
    free(s->replies);
    free(s->tokens);
    free(s->finished);
    free(s->logits);
    free(s->work);
}

static size_t sampled_rows(size_t vocab)
{
    size_t n = SAMPLED_BYTES / (sizeof(float) * (vocab ? vocab : 1));
    return n < SAMPLED_ROWS_MIN ? SAMPLED_ROWS_MIN : n > SAMPLED_ROWS_MAX ? SAMPLED_ROWS_MAX : n;
}

/* ---- equal generations ---------------------------------------------------------------------- */

static bool same_stops(const char *const *a, const char *const *b)
{
    if (!a || !b)
        return (!a || !*a) && (!b || !*b);
    for (; *a && *b && strcmp(*a, *b) == 0; a++)
        b++;
    return !*a && !*b;
}

/* Of two generations from the same tokens: are they the same text? */
static bool same_text(const struct job *x, const struct job *y)
{
    const struct request *a = x->request, *b = y->request;
    if (a->max_tokens != b->max_tokens || samples(a) != samples(b) || !same_stops(a->stops, b->stops))
        return false;
    return !samples(a) || (a->sampling.temperature == b->sampling.temperature && a->sampling.top_k == b->sampling.top_k &&
                           a->sampling.top_p == b->sampling.top_p && a->sampling.seed == b->sampling.seed);
}

/* Puts sequence q's job behind an equal one of sequences [first, q), which end in the same node. */
static void find_equal(struct scheduler *s, size_t first, size_t q)
{
    struct job *jobs = s->jobs->items, *job = &jobs[s->trie.seqs[q].owner];
    for (size_t p = first; p < q && !job->follows; p++) {
        struct job *before = &jobs[s->trie.seqs[p].owner];
        if (before->request->kind != REQUEST_GENERATE || before->follows || !same_text(before, job))
            continue;
        job->follows = true;
        job->next_equal = before->next_equal;
        before->next_equal = s->trie.seqs[q].owner;
    }
}

static void find_equals(struct scheduler *s)
{
    for (size_t i = 0; i < s->jobs->n; i++)
        s->jobs->items[i].next_equal = NO_JOB;
    for (size_t i = 0; i < s->trie.n_nodes; i++) {
        const struct trie_node *node = &s->trie.nodes[i];
        for (size_t q = node->first; q < node->last && trie_seq_length(&s->trie.seqs[q]) == node->end; q++)
            if (s->jobs->items[s->trie.seqs[q].owner].request->kind == REQUEST_GENERATE)
                find_equal(s, node->first, q);
    }
}

/* The sequences of the jobs that are still to be answered. */
static enum carat_err build_trie(struct scheduler *s, struct err *err)
{
    struct jobs *jobs = s->jobs;
    struct trie_seq *seqs = calloc(jobs->n ? jobs->n : 1, sizeof *seqs);
    if (!seqs)
        return err_nomem(err, "the requests");
    size_t n = 0;
    for (size_t i = 0; i < jobs->n; i++) {
        const struct job *job = &jobs->items[i];
        if (job->refused)
            continue;
        size_t skip_cont = job->n_skip > job->n_ctx ? job->n_skip - job->n_ctx : 0;
        size_t skip_ctx = job->n_skip - skip_cont;
        size_t n_cont = job->n_cont ? job->n_cont - 1 : 0; /* the last token of a continuation is never fed */
        seqs[n++] = (struct trie_seq){.ctx = job->ctx + skip_ctx,
                                      .n_ctx = job->n_ctx - skip_ctx,
                                      .cont = n_cont ? job->cont + skip_cont : NULL,
                                      .n_cont = n_cont - skip_cont,
                                      .owner = i};
    }
    return token_trie_build(seqs, n, &s->trie, err);
}

enum carat_err schedule_run(struct carat_session *session, const struct schedule_rules *rules, struct jobs *jobs,
                            const struct backend_events *events, struct backend_stats *stats, struct err *err)
{
    struct scheduler s = {.session = session, .rules = rules, .jobs = jobs, .events = events, .stats = stats};
    s.max_logits = sampled_rows(rules->model->vocab_size);
    enum carat_err rc = build_trie(&s, err);
    if (rc)
        return rc;
    find_equals(&s);
    s.holds = calloc(s.trie.n_nodes ? s.trie.n_nodes : 1, sizeof *s.holds);
    s.finished = calloc(carat_session_batch_tokens(session) + 1, sizeof *s.finished);
    s.tokens = calloc(carat_session_batch_tokens(session), sizeof *s.tokens);
    if (!s.holds || !s.finished || !s.tokens)
        rc = err_nomem(err, "the scheduler");
    while (!rc && (s.cursor < s.trie.n_nodes || s.active.n || s.waiting.n))
        rc = run_batch(&s, err);
    scheduler_release(&s);
    return rc;
}
