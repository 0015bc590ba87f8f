/* Building: walk the sorted sequences with a stack that holds the path of the last one.
 * For the next, l = how far it agrees with the last. Nodes that begin at or past l are left;
 * one that spans l is cut in two at l, the upper half becoming the parent of both tails.
 * As a cut makes a parent after its child, the list is put into pre-order at the end: by
 * first sequence, then by depth. */
#include "token_trie.h"

#include <stdlib.h>
#include <string.h>

/* How far two lists of n ids agree. Most of what contexts share is long: looked at by pieces. */
static size_t agree(const int32_t *a, const int32_t *b, size_t n)
{
    enum { PIECE = 32 };
    size_t i = 0;
    while (n - i >= PIECE && memcmp(a + i, b + i, PIECE * sizeof *a) == 0)
        i += PIECE;
    while (i < n && a[i] == b[i])
        i++;
    return i;
}

static size_t common(const struct trie_seq *a, const struct trie_seq *b)
{
    size_t na = trie_seq_length(a), nb = trie_seq_length(b), n = na < nb ? na : nb;
    size_t n_ctx = a->n_ctx < b->n_ctx ? a->n_ctx : b->n_ctx;
    n_ctx = n_ctx < n ? n_ctx : n;
    size_t i = a->ctx == b->ctx ? n_ctx : agree(a->ctx, b->ctx, n_ctx); /* one context, many choices */
    if (i < n_ctx)
        return i;
    while (i < n && trie_seq_at(a, i) == trie_seq_at(b, i))
        i++;
    return i;
}

static int compare_seqs(const void *pa, const void *pb)
{
    const struct trie_seq *a = pa, *b = pb;
    size_t na = trie_seq_length(a), nb = trie_seq_length(b), at = common(a, b);
    if (at < na && at < nb)
        return trie_seq_at(a, at) < trie_seq_at(b, at) ? -1 : 1;
    if (na != nb)
        return na < nb ? -1 : 1;
    return (a->owner > b->owner) - (a->owner < b->owner);
}

static int compare_nodes(const void *pa, const void *pb)
{
    const struct trie_node *a = pa, *b = pb;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    return (a->begin > b->begin) - (a->begin < b->begin);
}

/* In pre-order a node's parent is the nearest one before it that ends where it begins and covers it. */
static void link_parents(struct token_trie *t, size_t *stack)
{
    size_t depth = 0;
    for (size_t i = 0; i < t->n_nodes; i++) {
        struct trie_node *node = &t->nodes[i];
        while (depth && (t->nodes[stack[depth - 1]].last <= node->first ||
                         t->nodes[stack[depth - 1]].end > node->begin))
            depth--;
        node->parent = depth ? stack[depth - 1] : TRIE_NO_PARENT;
        if (depth)
            t->nodes[node->parent].n_children++;
        stack[depth++] = i;
    }
}

enum carat_err token_trie_build(struct trie_seq *seqs, size_t n, struct token_trie *out, struct err *err)
{
    *out = (struct token_trie){.seqs = seqs, .n_seqs = n};
    if (!n)
        return CARAT_OK;
    enum carat_err rc = CARAT_OK;
    size_t *stack = NULL;
    out->nodes = calloc(2 * n, sizeof *out->nodes); /* a leaf and a cut for each sequence at most */
    stack = calloc(2 * n + 1, sizeof *stack);
    if (!out->nodes || !stack) {
        rc = err_nomem(err, "the token trie");
        goto out;
    }
    qsort(seqs, n, sizeof *seqs, compare_seqs);
    size_t depth = 0;
    for (size_t i = 0; i < n; i++) {
        size_t length = trie_seq_length(&seqs[i]);
        size_t shared = i ? common(&seqs[i - 1], &seqs[i]) : 0;
        while (depth && out->nodes[stack[depth - 1]].begin >= shared) {
            out->nodes[stack[depth - 1]].last = i;
            depth--;
        }
        struct trie_node *top = depth ? &out->nodes[stack[depth - 1]] : NULL;
        if (top && top->end > shared) { /* cut: `top` keeps the tail, which ends with sequence i - 1 */
            struct trie_node upper = *top;
            top->begin = shared;
            top->last = i;
            upper.end = shared;
            stack[depth - 1] = out->n_nodes;
            out->nodes[out->n_nodes++] = upper;
        }
        if (length > shared) {
            stack[depth++] = out->n_nodes;
            out->nodes[out->n_nodes++] =
                (struct trie_node){.begin = shared, .end = length, .first = i, .last = n};
        }
    }
    while (depth)
        out->nodes[stack[--depth]].last = n;
    qsort(out->nodes, out->n_nodes, sizeof *out->nodes, compare_nodes);
    link_parents(out, stack);
out:
    free(stack);
    if (rc)
        token_trie_release(out);
    return rc;
}

void token_trie_release(struct token_trie *t)
{
    free(t->seqs);
    free(t->nodes);
    *t = (struct token_trie){0};
}

size_t token_trie_tokens(const struct token_trie *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n_nodes; i++)
        n += t->nodes[i].end - t->nodes[i].begin;
    return n;
}
