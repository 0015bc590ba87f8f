/* hf.c - putting a pipeline together. */
#include "hf.h"

#include <stdlib.h>

#include "bpe.h"

void hf_init(struct hf *h)
{
    *h = (struct hf){.vocab = VOCAB_INIT, .unk = -1, .bos = -1};
}

static void steps_release(struct hf_steps *steps)
{
    for (size_t i = 0; i < steps->n; i++)
        pattern_release(&steps->v[i].pattern);
    steps->n = 0;
}

void hf_release(struct hf *h)
{
    vocab_release(&h->vocab);
    trie_release(&h->added);
    trie_release(&h->added_normalized);
    steps_release(&h->normalizers);
    steps_release(&h->pre_tokenizers);
    steps_release(&h->decoders);
    free(h->flags);
    free(h->merges);
    free(h->surfaces);
    arena_release(&h->text);
    hf_init(h);
}

/* Adds a piece to the vocabulary and a zeroed flag byte for it. */
static enum carat_err add_id(struct hf *h, int64_t id, struct str piece, struct err *err)
{
    enum carat_err failed = vocab_add(&h->vocab, id, piece, err);
    if (failed)
        return failed;
    if (h->vocab.cap > h->cap_flags) {
        uint8_t *flags = realloc(h->flags, h->vocab.cap);
        if (!flags)
            return err_nomem(err, "a tokenizer");
        memset(flags + h->cap_flags, 0, h->vocab.cap - h->cap_flags);
        h->flags = flags;
        h->cap_flags = h->vocab.cap;
    }
    return CARAT_OK;
}

enum carat_err hf_add_piece(struct hf *h, int64_t id, struct str piece, struct err *err)
{
    enum carat_err failed = add_id(h, id, piece, err);
    if (!failed)
        h->flags[id] = HF_IN_MODEL;
    return failed;
}

/* ---- merges ----------------------------------------------------------------------------- */

static uint64_t pair_of(int32_t left, int32_t right)
{
    return ((uint64_t)(uint32_t)left << 32 | (uint32_t)right) + 1;
}

static struct hf_merge *merge_slot(struct hf_merge *merges, size_t n_slots, uint64_t pair)
{
    size_t at = (size_t)(pair * 0x9E3779B97F4A7C15u >> 24) & (n_slots - 1);
    while (merges[at].pair && merges[at].pair != pair)
        at = (at + 1) & (n_slots - 1);
    return &merges[at];
}

static bool merges_grow(struct hf *h)
{
    size_t n = h->n_slots ? h->n_slots * 2 : 1024;
    struct hf_merge *merges = calloc(n, sizeof *merges);
    if (!merges)
        return false;
    for (size_t i = 0; i < h->n_slots; i++)
        if (h->merges[i].pair)
            *merge_slot(merges, n, h->merges[i].pair) = h->merges[i];
    free(h->merges);
    h->merges = merges;
    h->n_slots = n;
    return true;
}

static enum carat_err model_piece(const struct hf *h, struct str piece, int32_t *id, struct err *err)
{
    *id = vocab_find(&h->vocab, piece);
    if (*id >= 0 && h->flags[*id] & HF_IN_MODEL)
        return CARAT_OK;
    return err_set(err, CARAT_EINPUT, "'%.*s' is not in the vocabulary", (int)(piece.n < 100 ? piece.n : 100), piece.p);
}

/* A pair that is there already takes the later rank, as in tokenizers. */
enum carat_err hf_add_merge(struct hf *h, struct str left, struct str right, struct err *err)
{
    char joined[2 * VOCAB_MAX_PIECE];
    int32_t l, r, id;
    if (model_piece(h, left, &l, err) || model_piece(h, right, &r, err))
        return CARAT_EINPUT;
    memcpy(joined, left.p, left.n);
    memcpy(joined + left.n, right.p, right.n);
    if (model_piece(h, (struct str){joined, left.n + right.n}, &id, err))
        return err_context(err, "joined");
    if ((h->n_merges + 1) * 2 > h->n_slots && !merges_grow(h))
        return err_nomem(err, "a tokenizer's merges");
    uint64_t pair = pair_of(l, r);
    *merge_slot(h->merges, h->n_slots, pair) = (struct hf_merge){pair, (uint32_t)h->n_merges++, id};
    return CARAT_OK;
}

const struct hf_merge *hf_find_merge(const struct hf *h, int32_t left, int32_t right)
{
    const struct hf_merge *merge = h->n_slots ? merge_slot(h->merges, h->n_slots, pair_of(left, right)) : NULL;
    return merge && merge->pair ? merge : NULL;
}

/* ---- added tokens and steps --------------------------------------------------------------- */

enum carat_err hf_add_token(struct hf *h, int64_t id, struct str content, unsigned flags, struct err *err)
{
    int32_t old = vocab_find(&h->vocab, content);
    if (old >= 0 && old != id)
        return err_set(err, CARAT_EINPUT, "added token '%.*s' has id %lld, but the vocabulary gives it %d",
                       (int)(content.n < 100 ? content.n : 100), content.p, (long long)id, old);
    if (old < 0) {
        enum carat_err failed = add_id(h, id, content, err);
        if (failed) {
            err_context(err, "added token '%.*s'", (int)(content.n < 100 ? content.n : 100), content.p);
            return failed;
        }
    }
    h->flags[id] |= (uint8_t)(flags | HF_ADDED);
    return CARAT_OK;
}

struct hf_step *hf_add_step(struct hf *h, struct hf_steps *steps, enum hf_kind kind, struct str to, struct err *err)
{
    if (steps->n == HF_MAX_STEPS) {
        err_set(err, CARAT_EUNSUPPORTED, "more than %d steps in a row", HF_MAX_STEPS);
        return NULL;
    }
    const char *copy = arena_dup(&h->text, to.p, to.n);
    if (!copy) {
        err_nomem(err, "a tokenizer");
        return NULL;
    }
    struct hf_step *step = &steps->v[steps->n++];
    *step = (struct hf_step){.kind = kind, .to = {copy, to.n}};
    return step;
}

enum carat_err hf_add_normal_form(struct hf *h, enum uni_normal form, struct err *err)
{
    struct hf_step *step = hf_add_step(h, &h->normalizers, HF_NORMAL_FORM, STR(""), err);
    if (!step)
        return err ? err->code : CARAT_ENOMEM;
    step->form = form;
    return CARAT_OK;
}

enum carat_err hf_add_split(struct hf *h, struct str regex, enum hf_behavior behavior, struct err *err)
{
    struct hf_step *step = hf_add_step(h, &h->pre_tokenizers, HF_SPLIT, STR(""), err);
    if (!step)
        return err ? err->code : CARAT_ENOMEM;
    step->behavior = behavior;
    return pattern_compile(&step->pattern, regex, err);
}

enum carat_err hf_add_cut(struct hf *h, enum uni_set set, enum hf_behavior behavior, struct err *err)
{
    struct hf_step *step = hf_add_step(h, &h->pre_tokenizers, HF_CUT, STR(""), err);
    if (!step)
        return err ? err->code : CARAT_ENOMEM;
    step->set = set;
    step->behavior = behavior;
    return CARAT_OK;
}

enum carat_err hf_add_words(struct hf *h, struct str regex, bool prefix, bool prefix_words, struct err *err)
{
    struct hf_steps *steps = &h->pre_tokenizers;
    if (prefix && !hf_add_step(h, steps, HF_PREFIX_SPACE, STR(""), err))
        return err ? err->code : CARAT_ENOMEM;
    enum carat_err failed = hf_add_split(h, regex, HF_ISOLATED, err);
    if (!failed && prefix_words && !hf_add_step(h, steps, HF_PREFIX_SPACE, STR(""), err))
        failed = err ? err->code : CARAT_ENOMEM;
    if (!failed && !hf_add_step(h, steps, HF_BYTE_LEVEL, STR(""), err))
        failed = err ? err->code : CARAT_ENOMEM;
    return failed;
}

static enum carat_err add_surface(struct hf *h, int32_t id, struct str text, struct err *err)
{
    struct hf_surface *surfaces = realloc(h->surfaces, (h->n_surfaces + 1) * sizeof *surfaces);
    const char *copy = arena_dup(&h->text, text.p, text.n);
    if (surfaces)
        h->surfaces = surfaces;
    if (!surfaces || !copy)
        return err_nomem(err, "a tokenizer");
    surfaces[h->n_surfaces++] = (struct hf_surface){id, {copy, text.n}};
    return CARAT_OK;
}

static enum carat_err index_added(struct hf *h, int32_t id, struct buf *content, struct buf *scratch,
                                  struct pattern_work *work, struct err *err)
{
    struct trie *trie = h->flags[id] & HF_NORMALIZED ? &h->added_normalized : &h->added;
    struct str s = h->vocab.pieces[id];
    if (h->flags[id] & HF_NORMALIZED) {
        enum carat_err failed = hf_normalize(h, s, content, scratch, work, err);
        if (failed)
            return failed;
        if (!str_eq(s, buf_str(content)) && add_surface(h, id, buf_str(content), err))
            return CARAT_ENOMEM;
        s = buf_str(content);
    }
    return trie_add(trie, s, id) ? CARAT_OK : err_nomem(err, "a tokenizer");
}

enum carat_err hf_finish(struct hf *h, struct err *err)
{
    struct buf content = BUF_INIT(1 << 20), scratch = BUF_INIT(1 << 20);
    struct pattern_work work = PATTERN_WORK_INIT;
    enum carat_err failed = CARAT_OK;
    for (int byte = 0; byte < 256; byte++)
        h->bytes[byte] = -1;
    h->spaces_start = bpe_spaces_start(&h->vocab);
    for (size_t id = 0; id < h->vocab.n && !failed; id++) {
        int byte = h->vocab.pieces[id].p && h->flags[id] & HF_IN_MODEL ? vocab_byte(h->vocab.pieces[id]) : -1;
        if (byte >= 0 && h->vocab.pieces[id].p[3] < 'a' && h->vocab.pieces[id].p[4] < 'a') /* "<0x0A>", not "<0x0a>" */
            h->bytes[byte] = (int32_t)id;
        if (h->flags[id] & HF_ADDED)
            failed = index_added(h, (int32_t)id, &content, &scratch, &work, err);
    }
    buf_release(&content);
    buf_release(&scratch);
    pattern_work_release(&work);
    return failed;
}
