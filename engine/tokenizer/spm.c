/* spm.c - text to ids and back by SentencePiece's rules.
 *
 * Encoding, in SentencePiece's order:
 *
 *  1. Normalize. Where remove_extra_whitespaces is set, spaces at both ends go and runs of them become
 *     one; where add_dummy_prefix is set, a space comes first; with escape_whitespaces each space becomes
 *     U+2581. Only U+0020 is a space here. A user-defined piece passes untouched.
 *  2. Cut into characters; the longest user-defined piece at a place is one frozen symbol.
 *  3. Merge the pair whose joined bytes are the piece of the best score, the leftmost on a tie (bpe.h).
 *     Only normal, user-defined and unused pieces count: control, unknown and byte pieces never come
 *     from text.
 *  4. An unused piece is taken apart again the way it was put together.
 *  5. What is no piece becomes its byte pieces, or, without byte fallback, one unknown id for a whole run.
 *
 * Decoding: control pieces leave nothing; with a dummy prefix (or removed spaces) one U+2581 goes at the start
 * of the text (all of them, where spaces are removed), where the start lasts as long as nothing was
 * written and no such mark was dropped; a run of byte pieces is read as UTF-8, each byte that is in no
 * valid character giving U+FFFD.
 */
#include "spm.h"

#include <stdlib.h>

#include "bpe.h"

/* ---- normalization ------------------------------------------------------------------- */

/* The length of what stands at `at`: a user-defined piece or one character of valid UTF-8. */
static size_t unit_at(const struct spm *m, struct str text, size_t at, int32_t *user)
{
    *user = -1;
    size_t n = trie_longest(&m->user, text, at, user);
    if (n)
        return n;
    size_t end = at;
    utf8_next(text, &end);
    return end - at;
}

static void add_escaped(const struct spm *m, struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == ' ' && m->escape_spaces)
            buf_addstr(out, STR(SPM_SPACE));
        else
            buf_addc(out, s.p[i]);
}

/* Past the spaces at the start, where they are to go. */
static size_t skip_leading(const struct spm *m, struct str text)
{
    int32_t user;
    size_t at = 0;
    if (m->squeeze_spaces)
        while (at < text.n && text.p[at] == ' ' && unit_at(m, text, at, &user) == 1)
            at++;
    return at;
}

static void drop_trailing(const struct spm *m, struct buf *out)
{
    struct str space = m->escape_spaces ? STR(SPM_SPACE) : STR(" ");
    while (str_ends(buf_str(out), space))
        out->n -= space.n;
}

static enum carat_err normalize(const struct spm *m, struct str text, bool inside, struct buf *out)
{
    size_t at = skip_leading(m, text);
    if (at == text.n)
        return CARAT_OK;
    if (m->dummy_prefix && !inside)
        add_escaped(m, STR(" "), out);
    bool after_space = m->squeeze_spaces;
    while (at < text.n) {
        int32_t user;
        struct str unit = {text.p + at, unit_at(m, text, at, &user)};
        at += unit.n;
        while (after_space && unit.n && unit.p[0] == ' ')
            unit.p++, unit.n--;
        if (unit.n)
            after_space = m->squeeze_spaces && unit.p[unit.n - 1] == ' ';
        add_escaped(m, unit, out);
    }
    if (m->squeeze_spaces)
        drop_trailing(m, out);
    return buf_failed(out) ? CARAT_ENOMEM : CARAT_OK;
}

/* ---- merging ---------------------------------------------------------------------------- */

struct merging {
    const struct spm *m;
    const char *text;   /* normalized */
    uint32_t *left;     /* [vocab.n] by unused piece: bytes of its left half when last seen; NULL: no unused pieces */
    bool after_unknown; /* the last id written is the unknown piece's, from text: a run of them is one id */
};

static bool from_text(const struct spm *m, int32_t id)
{
    return id >= 0 && (m->types[id] == SPM_NORMAL || m->types[id] == SPM_USER || m->types[id] == SPM_UNUSED);
}

/* A float's bits in the order of its values, the highest value first. */
static uint32_t score_order(float score)
{
    uint32_t bits;
    memcpy(&bits, &score, sizeof bits);
    return bits & 0x80000000u ? bits : ~(bits | 0x80000000u);
}

static bool find_join(const void *context, const struct bpe_symbol *left, const struct bpe_symbol *right,
                      struct bpe_join *join)
{
    const struct merging *g = context;
    join->id = vocab_find(&g->m->vocab, (struct str){g->text + left->at, (size_t)left->n + right->n});
    if (!from_text(g->m, join->id))
        return false;
    join->order = score_order(g->m->scores[join->id]);
    return true;
}

static void note_unused(const void *context, const struct bpe_symbol *left, int32_t id)
{
    const struct merging *g = context;
    if (g->m->types[id] == SPM_UNUSED)
        g->left[id] = left->n;
}

static bool cut(const struct spm *m, struct str text, struct bpe_work *w)
{
    for (size_t at = 0; at < text.n;) {
        int32_t user;
        size_t n = unit_at(m, text, at, &user);
        int32_t id = user >= 0 ? user : vocab_find(&m->vocab, (struct str){text.p + at, n});
        enum bpe_edge edge = user >= 0 ? BPE_FROZEN : m->spaces_start ? bpe_space_edge(text, at) : BPE_PLAIN;
        if (!bpe_add(w, from_text(m, id) ? id : -1, at, n, edge))
            return false;
        at += n;
    }
    return true;
}

static enum carat_err emit_id(struct merging *g, int32_t id, struct carat_ids *out)
{
    g->after_unknown = id == g->m->unk;
    return carat_ids_push(out, id);
}

static enum carat_err emit_unknown(struct merging *g, struct str s, struct carat_ids *out)
{
    if (!g->m->byte_fallback)
        return g->after_unknown ? CARAT_OK : emit_id(g, g->m->unk, out);
    for (size_t i = 0; i < s.n; i++)
        if (emit_id(g, g->m->bytes[(unsigned char)s.p[i]], out))
            return CARAT_ENOMEM;
    return CARAT_OK;
}

/* Writes a symbol's ids; an unused piece as its halves. Each level is shorter than the one above, so the depth
 * is at most VOCAB_MAX_PIECE. */
static enum carat_err emit(struct merging *g, struct str s, int32_t id, struct carat_ids *out)
{
    if (!from_text(g->m, id))
        return emit_unknown(g, s, out);
    if (g->m->types[id] != SPM_UNUSED || !g->left[id])
        return emit_id(g, id, out);
    struct str left = {s.p, g->left[id]}, right = {s.p + left.n, s.n - left.n};
    if (emit(g, left, vocab_find(&g->m->vocab, left), out))
        return CARAT_ENOMEM;
    return emit(g, right, vocab_find(&g->m->vocab, right), out);
}

static enum carat_err encode_normalized(const struct spm *m, struct str text, struct bpe_work *w, struct carat_ids *out)
{
    struct merging g = {.m = m, .text = text.p};
    const struct bpe_model model = {find_join, m->has_unused ? note_unused : NULL, &g};
    enum carat_err failed = CARAT_ENOMEM;
    if (m->has_unused && !(g.left = calloc(m->vocab.n, sizeof *g.left)))
        goto out;
    bpe_clear(w);
    if (!cut(m, text, w) || !bpe_merge(w, &model))
        goto out;
    for (int32_t i = w->n ? 0 : -1; i >= 0; i = w->symbols[i].next) {
        const struct bpe_symbol *s = &w->symbols[i];
        if (emit(&g, (struct str){text.p + s->at, s->n}, s->id, out))
            goto out;
    }
    failed = CARAT_OK;
out:
    free(g.left);
    return failed;
}

static enum carat_err encode_text(const struct spm *m, struct str text, bool inside, struct buf *scratch,
                                  struct bpe_work *w, struct carat_ids *out)
{
    buf_clear(scratch);
    if (normalize(m, text, inside, scratch))
        return CARAT_ENOMEM;
    return encode_normalized(m, buf_str(scratch), w, out);
}

enum carat_err spm_encode_part(const struct spm *m, struct str text, bool control, bool inside, struct carat_ids *out,
                               struct err *err)
{
    struct buf scratch = BUF_INIT(BPE_MAX_TEXT);
    struct bpe_work w = BPE_WORK_INIT;
    enum carat_err failed = CARAT_OK;
    size_t from = 0;
    for (size_t at = 0; control && at < text.n && !failed;) {
        int32_t id;
        size_t n = trie_longest(&m->control, text, at, &id);
        if (!n) {
            at++;
            continue;
        }
        if (at > from)
            failed = encode_text(m, (struct str){text.p + from, at - from}, inside && !from, &scratch, &w, out);
        if (!failed)
            failed = carat_ids_push(out, id);
        from = at += n;
    }
    if (!failed && from < text.n)
        failed = encode_text(m, (struct str){text.p + from, text.n - from}, inside && !from, &scratch, &w, out);
    buf_release(&scratch);
    bpe_release(&w);
    return failed ? err_nomem(err, "a text's tokens") : CARAT_OK;
}

enum carat_err spm_encode(const struct spm *m, struct str text, bool control, struct carat_ids *out, struct err *err)
{
    return spm_encode_part(m, text, control, false, out, err);
}

struct seams spm_seams(const struct spm *m)
{
    const int32_t mark = vocab_find(&m->vocab, STR(SPM_SPACE));
    struct seams s = {.at_spaces = m->spaces_start && m->escape_spaces && !m->squeeze_spaces && !m->has_unused &&
                                   from_text(m, mark)};
    for (size_t id = 0; id < m->vocab.n; id++)
        if (m->types[id] == SPM_USER || m->types[id] == SPM_CONTROL)
            seams_add_token(&s, m->vocab.pieces[id]);
    return s;
}

/* ---- decoding --------------------------------------------------------------------------- */

/* One piece that is neither control nor byte. *start: nothing was written yet. */
static void add_piece(const struct spm *m, int32_t id, bool *start, struct buf *out)
{
    struct str piece = m->vocab.pieces[id];
    if (m->types[id] == SPM_UNKNOWN) {
        buf_adds(out, m->unk_surface);
        *start = false;
        return;
    }
    bool dropped = false;
    if (*start && (m->dummy_prefix || m->squeeze_spaces) && str_starts(piece, STR(SPM_SPACE))) {
        piece = (struct str){piece.p + sizeof SPM_SPACE - 1, piece.n - (sizeof SPM_SPACE - 1)};
        dropped = !m->squeeze_spaces;
    }
    if (piece.n || dropped)
        *start = false;
    for (size_t at = 0; at < piece.n;) {
        ptrdiff_t mark = str_find(piece, STR(SPM_SPACE), at);
        size_t stop = mark < 0 ? piece.n : (size_t)mark;
        buf_add(out, piece.p + at, stop - at);
        if (mark >= 0)
            buf_addc(out, ' ');
        at = mark < 0 ? piece.n : stop + sizeof SPM_SPACE - 1;
    }
}

enum carat_err spm_decode(const struct spm *m, const int32_t *ids, size_t n, struct buf *out)
{
    struct buf bytes = BUF_INIT(BUF_MAX_DEFAULT);
    bool start = true;
    for (size_t i = 0; i < n; i++) {
        int type = m->types[ids[i]];
        if (type == SPM_BYTE) {
            buf_addc(&bytes, (char)vocab_byte(m->vocab.pieces[ids[i]]));
            continue;
        }
        if (bytes.n) {
            utf8_sanitize(buf_str(&bytes), out);
            buf_clear(&bytes);
            start = false;
        }
        if (type != SPM_CONTROL)
            add_piece(m, ids[i], &start, out);
    }
    utf8_sanitize(buf_str(&bytes), out);
    bool failed = buf_failed(&bytes) || buf_failed(out);
    buf_release(&bytes);
    return failed ? CARAT_ENOMEM : CARAT_OK;
}
