#include "bpe.h"

#include <stdlib.h>

struct bpe_entry {
    uint64_t key; /* order << 32 | symbol on the left */
    int32_t id;   /* what the pair was to become */
};

void bpe_clear(struct bpe_work *w)
{
    w->n = 0;
    w->n_heap = 0;
}

void bpe_release(struct bpe_work *w)
{
    free(w->symbols);
    free(w->heap);
    *w = (struct bpe_work)BPE_WORK_INIT;
}

/* Room for one more element in an array of `cap`. */
static void *grown(void *array, size_t *cap, size_t n, size_t size)
{
    if (n < *cap)
        return array;
    size_t more = *cap ? *cap * 2 : 256;
    void *p = realloc(array, more * size);
    if (p)
        *cap = more;
    return p;
}

bool bpe_add(struct bpe_work *w, int32_t id, size_t at, size_t n, enum bpe_edge edge)
{
    struct bpe_symbol *symbols = grown(w->symbols, &w->cap, w->n, sizeof *symbols);
    if (!symbols)
        return false;
    w->symbols = symbols;
    symbols[w->n] = (struct bpe_symbol){.id = id, .at = (uint32_t)at, .n = (uint32_t)n,
                                        .prev = (int32_t)w->n - 1, .next = -1, .edge = edge};
    if (w->n)
        symbols[w->n - 1].next = (int32_t)w->n;
    w->n++;
    return true;
}

static void sift_down(struct bpe_work *w, struct bpe_entry e)
{
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < w->n_heap; at = child) {
        if (child + 1 < w->n_heap && w->heap[child + 1].key < w->heap[child].key)
            child++;
        if (w->heap[child].key >= e.key)
            break;
        w->heap[at] = w->heap[child];
    }
    w->heap[at] = e;
}

static struct bpe_entry heap_pop(struct bpe_work *w)
{
    struct bpe_entry top = w->heap[0];
    struct bpe_entry last = w->heap[--w->n_heap];
    if (w->n_heap)
        sift_down(w, last);
    return top;
}

static bool heap_push(struct bpe_work *w, struct bpe_entry e)
{
    struct bpe_entry *heap = grown(w->heap, &w->cap_heap, w->n_heap, sizeof *heap);
    if (!heap)
        return false;
    w->heap = heap;
    size_t at = w->n_heap++;
    for (; at && heap[(at - 1) / 2].key > e.key; at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = e;
    return true;
}

/* What symbol `left` and its right neighbour make now. */
static bool pair_at(const struct bpe_work *w, const struct bpe_model *m, int32_t left, struct bpe_join *join)
{
    if (left < 0 || w->symbols[left].next < 0)
        return false;
    const struct bpe_symbol *l = &w->symbols[left], *r = &w->symbols[l->next];
    return l->edge != BPE_FROZEN && r->edge != BPE_FROZEN && m->find(m->context, l, r, join);
}

static bool push_pair(struct bpe_work *w, const struct bpe_model *m, int32_t left)
{
    struct bpe_join join;
    if (!pair_at(w, m, left, &join))
        return true;
    if (m->pushed)
        m->pushed(m->context, &w->symbols[left], join.id);
    return heap_push(w, (struct bpe_entry){(uint64_t)join.order << 32 | (uint32_t)left, join.id});
}

static void merge_right(struct bpe_work *w, int32_t left, int32_t id)
{
    struct bpe_symbol *l = &w->symbols[left], *r = &w->symbols[l->next];
    l->n += r->n;
    l->id = id;
    l->next = r->next;
    r->n = 0;
    if (l->next >= 0)
        w->symbols[l->next].prev = left;
}

/* The symbol behind the stretch that begins at `from`. */
static size_t stretch_end(const struct bpe_work *w, const struct bpe_model *model, size_t from)
{
    size_t at = from + 1;
    if (model->pushed) /* hears of the pairs in the order of the whole text */
        return w->n;
    if (w->symbols[from].edge == BPE_FROZEN)
        return at;
    while (at < w->n && w->symbols[at].edge == BPE_PLAIN)
        at++;
    return at;
}

static bool merge_stretch(struct bpe_work *w, const struct bpe_model *model, size_t from, size_t end)
{
    for (size_t i = from; i + 1 < end; i++)
        if (!push_pair(w, model, (int32_t)i))
            return false;
    while (w->n_heap) {
        struct bpe_entry top = heap_pop(w);
        int32_t left = (int32_t)(uint32_t)top.key;
        struct bpe_join now;
        if (!w->symbols[left].n || !pair_at(w, model, left, &now) || now.id != top.id)
            continue;
        merge_right(w, left, top.id);
        if (!push_pair(w, model, w->symbols[left].prev) || !push_pair(w, model, left))
            return false;
    }
    return true;
}

bool bpe_merge(struct bpe_work *w, const struct bpe_model *model)
{
    for (size_t from = 0, end; from < w->n; from = end) {
        end = stretch_end(w, model, from);
        if (!merge_stretch(w, model, from, end))
            return false;
    }
    return true;
}

static const struct str mark = {"\xE2\x96\x81", 3}; /* U+2581 */

bool bpe_mark_starts(struct str text, size_t at)
{
    return text.n - at >= mark.n && !memcmp(text.p + at, mark.p, mark.n) &&
           (at < mark.n || memcmp(text.p + at - mark.n, mark.p, mark.n));
}

bool bpe_spaces_start(const struct vocab *v)
{
    for (size_t id = 0; id < v->n; id++)
        for (size_t at = 1; at < v->pieces[id].n; at++)
            if (bpe_mark_starts(v->pieces[id], at))
                return false;
    return true;
}

enum bpe_edge bpe_space_edge(struct str text, size_t at)
{
    return at && bpe_mark_starts(text, at) ? BPE_STARTS : BPE_PLAIN;
}
