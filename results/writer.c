/* writer.c - a thread that writes a store's items.
 *
 *     caller: carat_writer_put()  ──▶  ring, first in, first out  ──▶  thread: store_put_packed()
 *             copies, packs numbers                                            deflates texts, inserts
 *
 * Deflating takes about as long as inserting. So where the thread is more than AHEAD items behind, the caller deflates the
 * texts, too; with the dictionary that the task had when the thread last told. Where it is another one by then, the thread
 * deflates them again: which of the two did it shows nowhere in the file.
 *
 * Items go into the file in the order in which they were put, so its rows are those that the caller alone would have
 * written. What is in the ring is in memory only: it is at most what QUEUE_BYTES and SLOTS allow, on top of what the store has
 * not committed.
 *
 * The ring is `slots`, of which `n` from `first` on are full. The caller fills the one behind them without the lock, and the
 * thread reads the first without it: neither is the other's until `n` says so. A caller that finds the ring full waits until
 * half of it is empty, or the two would wake each other for every item.
 *
 * The store is used by the thread while `n` or its open transaction is not zero, and by the caller otherwise, which is so
 * after carat_writer_sync() and until the next carat_writer_put(). */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "record.h"

enum { SLOTS = 256, AHEAD = SLOTS / 8 };
#define QUEUE_BYTES ((size_t)16 << 20) /* and one item more */

struct slot {
    int64_t task;
    struct carat_item_record item; /* in the arena, as is all of it */
    struct record_packed packed;
    struct arena arena;
    size_t n_bytes;
};

struct carat_writer {
    struct carat_store *store; /* borrowed */
    pthread_t thread;
    bool started;
    struct pack pack;       /* the caller's, as is the next */
    struct buf prefix;      /* of the item that it packed last */

    pthread_mutex_t lock;   /* guards everything below, but for what of `slots` is one side's */
    pthread_cond_t more;    /* an item was put, or something is asked of the thread */
    pthread_cond_t less;    /* half of the ring is empty, or all is committed */
    struct slot slots[SLOTS];
    size_t first, n, n_bytes;
    int64_t dict_task;      /* of the item written last ... */
    struct dict dict;       /* ... and its dictionary: bytes that stay where they are as long as the store does */
    bool syncing, stop;     /* commit as soon as nothing is left; end then */
    struct err failure;     /* the first one */
};

/* ---- the thread ------------------------------------------------------------------------ */

static bool has_room(const struct carat_writer *w) { return w->n < SLOTS && w->n_bytes < QUEUE_BYTES; }
static bool is_half_empty(const struct carat_writer *w) { return w->n <= SLOTS / 2 && w->n_bytes <= QUEUE_BYTES / 2; }

static void note(struct carat_writer *w, const struct err *why)
{
    if (why->code && !w->failure.code)
        w->failure = *why;
}

/* Both are called with the lock held, and give it up while they write. */
static void write_first(struct carat_writer *w)
{
    struct slot *slot = &w->slots[w->first];
    struct dict dict = {.bytes = STR("")};
    struct err why = ERR_INIT;
    pthread_mutex_unlock(&w->lock);
    if (!store_put_packed(w->store, slot->task, &slot->item, &slot->packed, &why))
        dict_of(w->store, slot->task, &dict, &why);
    pthread_mutex_lock(&w->lock);
    note(w, &why);
    w->dict_task = slot->task;
    w->dict = dict;
    w->first = (w->first + 1) % SLOTS;
    w->n--;
    w->n_bytes -= slot->n_bytes;
    if (is_half_empty(w))
        pthread_cond_signal(&w->less);
}

static void commit(struct carat_writer *w)
{
    struct err why = ERR_INIT;
    pthread_mutex_unlock(&w->lock);
    carat_store_commit(w->store, &why);
    pthread_mutex_lock(&w->lock);
    note(w, &why);
}

/* Until something is asked of the thread, or what is pending has waited long enough. */
static void await(struct carat_writer *w, int64_t due_ms)
{
    const struct timespec due = {.tv_sec = (time_t)(due_ms / 1000), .tv_nsec = (long)(due_ms % 1000) * 1000000};
    if (due_ms)
        pthread_cond_timedwait(&w->more, &w->lock, &due);
    else
        pthread_cond_wait(&w->more, &w->lock);
}

static void *work(void *arg)
{
    struct carat_writer *w = arg;
    int64_t due_ms = 0; /* of what this thread wrote: the store may be the caller's now */
    bool ended = false;
    pthread_mutex_lock(&w->lock);
    while (!ended) {
        if (w->n) {
            write_first(w);
            due_ms = store_due_ms(w->store);
        } else if (due_ms && (w->syncing || w->stop || due_ms <= store_now_ms())) {
            commit(w);
            due_ms = 0;
        } else if (w->syncing) {
            w->syncing = false;
            pthread_cond_signal(&w->less);
        } else if (w->stop) {
            ended = true;
        } else {
            await(w, due_ms);
        }
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* ---- the caller ------------------------------------------------------------------------- */

enum carat_err carat_writer_new(struct carat_store *store, struct carat_writer **out, struct err *err)
{
    pthread_condattr_t steady;
    struct carat_writer *w = *out = calloc(1, sizeof *w);
    if (!w)
        return err_nomem(err, "the store's thread");
    w->store = store;
    w->prefix = (struct buf)BUF_INIT(PACK_TEXT_MAX);
    pack_init(&w->pack);
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC); /* that of store_due_ms() */
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->more, &steady);
    pthread_cond_init(&w->less, NULL);
    pthread_condattr_destroy(&steady);
    w->started = pthread_create(&w->thread, NULL, work, w) == 0;
    if (w->started)
        return CARAT_OK;
    carat_writer_free(w);
    *out = NULL;
    return err_nomem(err, "the store's thread");
}

void carat_writer_free(struct carat_writer *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->more);
    pthread_mutex_unlock(&w->lock);
    if (w->started)
        pthread_join(w->thread, NULL);
    pack_release(&w->pack);
    buf_release(&w->prefix);
    for (size_t i = 0; i < SLOTS; i++)
        arena_release(&w->slots[i].arena);
    pthread_cond_destroy(&w->less);
    pthread_cond_destroy(&w->more);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

static enum carat_err tell(const struct carat_writer *w, struct err *err)
{
    if (w->failure.code && err)
        *err = w->failure;
    return w->failure.code;
}

enum carat_err carat_writer_failure(struct carat_writer *w, struct err *err)
{
    pthread_mutex_lock(&w->lock);
    enum carat_err code = tell(w, err);
    pthread_mutex_unlock(&w->lock);
    return code;
}

/* A prefix that other items share is in the file after the first. */
static enum carat_err pack_prefix(struct carat_writer *w, struct slot *slot, struct err *err)
{
    const struct str prefix = slot->item.prefix;
    struct record_packed *p = &slot->packed;
    if (str_eq(prefix, buf_str(&w->prefix)))
        return CARAT_OK;
    buf_clear(&w->prefix);
    if (buf_addstr(&w->prefix, prefix))
        return err_nomem(err, "a prompt's prefix");
    p->prefix = record_text(prefix);
    p->n_bytes += prefix.n;
    return record_deflate(&p->prefix, &(struct dict){.bytes = STR("")}, &w->pack, &slot->arena, err);
}

/* `slot` has a copy of the item. With a dictionary (id 0: none yet) its texts are deflated, too; without, they are left to the
 * thread, which need not deflate those that are in the file already. */
static enum carat_err pack(struct carat_writer *w, const struct carat_item_record *item, const struct dict *dict, struct slot *slot,
                           struct err *err)
{
    enum carat_err code = record_pack(item, &w->pack, &slot->arena, &slot->packed, err);
    if (!code && dict)
        code = record_deflate(&slot->packed.asked, dict, &w->pack, &slot->arena, err);
    return !code && dict ? pack_prefix(w, slot, err) : code;
}

enum carat_err carat_writer_put(struct carat_writer *w, int64_t task, const struct carat_item_record *item, struct err *err)
{
    pthread_mutex_lock(&w->lock);
    for (bool full = !has_room(w); full; full = !is_half_empty(w))
        pthread_cond_wait(&w->less, &w->lock);
    enum carat_err code = tell(w, err);
    struct slot *slot = &w->slots[(w->first + w->n) % SLOTS];
    const bool ahead = w->n > AHEAD;
    const struct dict dict = w->dict_task == task ? w->dict : (struct dict){.bytes = STR("")};
    pthread_mutex_unlock(&w->lock);
    if (code)
        return code;
    slot->task = task;
    arena_reset(&slot->arena);
    if (!record_copy(item, &slot->arena, &slot->item, &slot->n_bytes))
        return err_nomem(err, "an item to store");
    if ((code = pack(w, item, ahead ? &dict : NULL, slot, err)))
        return code;
    slot->n_bytes += slot->packed.n_bytes;
    pthread_mutex_lock(&w->lock);
    w->n_bytes += slot->n_bytes;
    if (w->n++ == 0)
        pthread_cond_signal(&w->more);
    pthread_mutex_unlock(&w->lock);
    return CARAT_OK;
}

enum carat_err carat_writer_sync(struct carat_writer *w, struct err *err)
{
    pthread_mutex_lock(&w->lock);
    w->syncing = true;
    pthread_cond_signal(&w->more);
    while (w->syncing)
        pthread_cond_wait(&w->less, &w->lock);
    enum carat_err code = tell(w, err);
    pthread_mutex_unlock(&w->lock);
    return code;
}
