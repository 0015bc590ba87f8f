/* A run is announced by a new generation number, work is taken by an atomic counter.
 *
 * Every worker takes part in every generation: it sees the new number, takes chunks
 * until the counter is past the end, and reports itself done; the caller does the same
 * and waits for all. So no worker can still be inside generation g when g + 1 begins,
 * and the plain fields (fn, context, n_chunks) need no lock: they are written before the
 * generation is published (release) and read after it is seen (acquire). */
#include "pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

#define SPINS 2000 /* about 5 microseconds, less than a sleep and a wake-up cost */

struct pool {
    size_t n_threads;         /* the caller included */
    pthread_t *threads;       /* n_threads - 1 of them */
    pool_fn *fn;              /* this generation's work */
    void *context;
    size_t n_chunks;
    atomic_size_t next;       /* next chunk to take */
    atomic_size_t busy;       /* workers that have not finished this generation */
    atomic_size_t generation;
    atomic_bool stop;
    pthread_mutex_t lock;     /* guards sleeping only: both conditions below */
    pthread_cond_t work;      /* generation or stop changed */
    pthread_cond_t done;      /* busy reached 0 */
};

struct worker {
    struct pool *pool;
    size_t index;
};

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static void take_chunks(struct pool *p, size_t thread)
{
    for (;;) {
        size_t chunk = atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed);
        if (chunk >= p->n_chunks)
            return;
        p->fn(p->context, chunk, thread);
    }
}

static size_t await_generation(struct pool *p, size_t seen)
{
    size_t now = seen;
    for (int i = 0; i < SPINS; i++) {
        now = atomic_load_explicit(&p->generation, memory_order_acquire);
        if (now != seen)
            return now;
        relax();
    }
    pthread_mutex_lock(&p->lock);
    while ((now = atomic_load_explicit(&p->generation, memory_order_acquire)) == seen)
        pthread_cond_wait(&p->work, &p->lock);
    pthread_mutex_unlock(&p->lock);
    return now;
}

static void *work(void *arg)
{
    struct worker w = *(struct worker *)arg;
    free(arg);
    struct pool *p = w.pool;
    for (size_t seen = 0;;) {
        seen = await_generation(p, seen);
        if (atomic_load_explicit(&p->stop, memory_order_acquire))
            return NULL;
        take_chunks(p, w.index);
        if (atomic_fetch_sub_explicit(&p->busy, 1, memory_order_acq_rel) == 1) {
            pthread_mutex_lock(&p->lock);
            pthread_cond_signal(&p->done);
            pthread_mutex_unlock(&p->lock);
        }
    }
}

static void publish(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    atomic_fetch_add_explicit(&p->generation, 1, memory_order_release);
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
}

enum carat_err pool_new(size_t n_threads, struct pool **out, struct err *err)
{
    if (!n_threads)
        n_threads = machine_cpus();
    *out = NULL;
    struct pool *p = calloc(1, sizeof *p);
    if (!p)
        return err_nomem(err, "a thread pool");
    p->n_threads = 1;
    p->threads = calloc(n_threads, sizeof *p->threads);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->done, NULL);
    for (size_t i = 1; p->threads && i < n_threads; i++) {
        struct worker *w = malloc(sizeof *w);
        if (w)
            *w = (struct worker){.pool = p, .index = i};
        int rc = w ? pthread_create(&p->threads[i - 1], NULL, work, w) : -1;
        if (rc) {
            free(w);
            pool_free(p);
            return err_set(err, CARAT_ENOMEM, "cannot start thread %zu of %zu", i + 1, n_threads);
        }
        p->n_threads++;
    }
    if (!p->threads) {
        pool_free(p);
        return err_nomem(err, "a thread pool");
    }
    *out = p;
    return CARAT_OK;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    atomic_store_explicit(&p->stop, true, memory_order_release);
    publish(p);
    for (size_t i = 1; i < p->n_threads; i++)
        pthread_join(p->threads[i - 1], NULL);
    pthread_cond_destroy(&p->done);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    free(p->threads);
    free(p);
}

size_t pool_threads(const struct pool *p)
{
    return p->n_threads;
}

void pool_run(struct pool *p, size_t n_chunks, pool_fn *fn, void *context)
{
    if (p->n_threads == 1 || n_chunks <= 1) {
        for (size_t i = 0; i < n_chunks; i++)
            fn(context, i, 0);
        return;
    }
    p->fn = fn;
    p->context = context;
    p->n_chunks = n_chunks;
    atomic_store_explicit(&p->next, 0, memory_order_relaxed);
    atomic_store_explicit(&p->busy, p->n_threads - 1, memory_order_relaxed);
    publish(p);
    take_chunks(p, 0);
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&p->busy, memory_order_acquire) == 0)
            return;
        relax();
    }
    pthread_mutex_lock(&p->lock);
    while (atomic_load_explicit(&p->busy, memory_order_acquire))
        pthread_cond_wait(&p->done, &p->lock);
    pthread_mutex_unlock(&p->lock);
}
