/* Threads that run programs in jails while the engine goes on: a bounded queue in, a list of
 * verdicts out. The engine's thread submits and takes; the workers only run jails. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "verdicts.h"

#define QUEUE_BYTES ((size_t)64 << 20) /* of programs that wait: the engine does not, until there are as many */

struct program {
    struct program *next;
    size_t tag;
    char *source;
    size_t n;
    struct jail_verdict verdict;
    struct err why;
};

struct list {
    struct program *head, **tail;
};

struct verdicts {
    const struct jail *jail;
    pthread_t *threads;
    size_t n_threads;
    pthread_mutex_t lock;    /* guards everything below */
    pthread_cond_t more;     /* a program was queued, or stop */
    pthread_cond_t done;     /* a program was finished, or taken up */
    struct list queued, finished;
    size_t n_queued, queued_bytes, n_running;
    bool stop;
};

static void list_push(struct list *l, struct program *p)
{
    p->next = NULL;
    *l->tail = p;
    l->tail = &p->next;
}

static struct program *list_pop(struct list *l)
{
    struct program *p = l->head;
    if (p) {
        l->head = p->next;
        if (!l->head)
            l->tail = &l->head;
    }
    return p;
}

static void program_free(struct program *p)
{
    free(p->source);
    free(p);
}

static void *work(void *arg)
{
    struct verdicts *v = arg;
    pthread_mutex_lock(&v->lock);
    for (;;) {
        struct program *p;
        while (!(p = list_pop(&v->queued)) && !v->stop)
            pthread_cond_wait(&v->more, &v->lock);
        if (!p)
            break;
        v->n_queued--;
        v->queued_bytes -= p->n;
        pthread_cond_broadcast(&v->done); /* there is room */
        v->n_running++;
        pthread_mutex_unlock(&v->lock);
        jail_run(v->jail, (struct str){p->source, p->n}, &p->verdict, &p->why);
        pthread_mutex_lock(&v->lock);
        v->n_running--;
        list_push(&v->finished, p);
        pthread_cond_broadcast(&v->done);
    }
    pthread_mutex_unlock(&v->lock);
    return NULL;
}

enum carat_err verdicts_new(const struct jail *jail, size_t n_threads, struct verdicts **out, struct err *err)
{
    *out = NULL;
    struct verdicts *v = calloc(1, sizeof *v);
    if (!v)
        return err_nomem(err, "the jails' threads");
    v->jail = jail;
    v->queued.tail = &v->queued.head;
    v->finished.tail = &v->finished.head;
    pthread_mutex_init(&v->lock, NULL);
    pthread_cond_init(&v->more, NULL);
    pthread_cond_init(&v->done, NULL);
    v->threads = calloc(n_threads, sizeof *v->threads);
    while (v->threads && v->n_threads < n_threads &&
           pthread_create(&v->threads[v->n_threads], NULL, work, v) == 0)
        v->n_threads++;
    if (!v->n_threads) {
        verdicts_free(v);
        return err_nomem(err, "the jails' threads");
    }
    *out = v;
    return CARAT_OK;
}

void verdicts_free(struct verdicts *v)
{
    if (!v)
        return;
    pthread_mutex_lock(&v->lock);
    v->stop = true;
    for (struct program *p; (p = list_pop(&v->queued));)
        program_free(p);
    pthread_cond_broadcast(&v->more);
    pthread_mutex_unlock(&v->lock);
    for (size_t i = 0; i < v->n_threads; i++)
        pthread_join(v->threads[i], NULL);
    for (struct program *p; (p = list_pop(&v->finished));) {
        jail_verdict_release(&p->verdict);
        program_free(p);
    }
    pthread_cond_destroy(&v->done);
    pthread_cond_destroy(&v->more);
    pthread_mutex_destroy(&v->lock);
    free(v->threads);
    free(v);
}

enum carat_err verdicts_submit(struct verdicts *v, size_t tag, struct str source, struct err *err)
{
    struct program *p = calloc(1, sizeof *p);
    char *copy = malloc(source.n + 1);
    if (!p || !copy) {
        free(p);
        free(copy);
        return err_nomem(err, "a program");
    }
    if (source.n)
        memcpy(copy, source.p, source.n);
    p->source = copy;
    p->n = source.n;
    p->tag = tag;
    pthread_mutex_lock(&v->lock);
    while (v->n_queued && v->queued_bytes + source.n > QUEUE_BYTES)
        pthread_cond_wait(&v->done, &v->lock);
    list_push(&v->queued, p);
    v->n_queued++;
    v->queued_bytes += p->n;
    pthread_cond_signal(&v->more);
    pthread_mutex_unlock(&v->lock);
    return CARAT_OK;
}

bool verdicts_take(struct verdicts *v, bool wait, size_t *tag, struct jail_verdict *out, struct err *why)
{
    struct program *p;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 100000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    int late = 0;
    pthread_mutex_lock(&v->lock);
    while (!(p = list_pop(&v->finished)) && wait && !late && (v->n_queued || v->n_running))
        late = pthread_cond_timedwait(&v->done, &v->lock, &until);
    pthread_mutex_unlock(&v->lock);
    if (!p)
        return false;
    *tag = p->tag;
    *out = p->verdict;
    *why = p->why;
    program_free(p);
    return true;
}

bool verdicts_pending(struct verdicts *v)
{
    pthread_mutex_lock(&v->lock);
    bool pending = v->n_queued || v->n_running || v->finished.head;
    pthread_mutex_unlock(&v->lock);
    return pending;
}
