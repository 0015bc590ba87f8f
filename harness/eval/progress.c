/* progress.c - what a run tells while it goes: a line on a terminal, redrawn in place; a line for each benchmark as it
 * ends, with its score; and all of it to the log for machines. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "progress.h"
#include "summary.h"

#define SHOW_SECONDS 0.1
#define LOG_SECONDS 0.2

struct progress {
    struct progress_opts o;
    bool terminal;
    size_t *n_left;        /* [set->n] items still to be stored */
    size_t bench;          /* of the item stored last */
    size_t done, total;
    int64_t asked;         /* tokens of the requests answered, were each computed by itself */
    double began, shown, logged; /* seconds */
};

enum carat_err progress_new(const struct progress_opts *o, struct progress **out, struct err *err)
{
    struct progress *p = *out = calloc(1, sizeof *p);
    size_t *n_left = calloc(o->set->n + 1, sizeof *n_left);
    if (!p || !n_left) {
        free(p);
        free(n_left);
        *out = NULL;
        return err_nomem(err, "the progress");
    }
    *p = (struct progress){.o = *o, .n_left = n_left, .terminal = !o->quiet && isatty(STDERR_FILENO)};
    p->began = clock_seconds();
    return CARAT_OK;
}

static void wipe(const struct progress *p)
{
    if (p->terminal && p->shown > 0)
        fputs("\r\033[K", stderr);
}

void progress_free(struct progress *p)
{
    if (!p)
        return;
    wipe(p);
    free(p->n_left);
    free(p);
}

void progress_expect(struct progress *p, size_t bench)
{
    p->n_left[bench]++;
    p->total++;
}

/* ---- a benchmark ends ------------------------------------------------------------------------------------ */

/* Parts of one benchmark stand together in the set. */
static bool same_benchmark(const struct progress *p, size_t a, size_t b)
{
    return p->o.set->items[a].leaf.task == p->o.set->items[b].leaf.task;
}

static bool has_ended(const struct progress *p, size_t bench)
{
    for (size_t i = 0; i < p->o.set->n; i++)
        if (same_benchmark(p, i, bench) && p->n_left[i])
            return false;
    return true;
}

static void tell_score(const struct progress *p, const struct score *s)
{
    int64_t none = s->outcomes[CARAT_UNPARSED] + s->outcomes[CARAT_CUT_OFF] + s->outcomes[CARAT_EMPTY];
    struct buf line = BUF_INIT(1 << 16);
    buf_printf(&line, "%s: %.*s: ", p->o.model->name, (int)s->title.n, s->title.p);
    if (isfinite(s->mean.mean))
        buf_printf(&line, "%.1f ± %.1f", 100 * s->mean.mean, 50 * (s->mean.high - s->mean.low));
    else
        buf_adds(&line, "no score");
    buf_printf(&line, " (n = %zu, %d-shot, %.*s)", s->mean.n, s->shots, (int)s->metric.n, s->metric.p);
    if (none)
        buf_printf(&line, "; %lld answers are none", (long long)none);
    if (s->outcomes[CARAT_REFUSED])
        buf_printf(&line, "; %lld items could not be asked", (long long)s->outcomes[CARAT_REFUSED]);
    if (!p->o.quiet && !buf_failed(&line)) {
        wipe(p);
        log_info("%s", line.p);
    }
    buf_release(&line);
}

/* The score over all its items, also those of earlier sessions. What goes wrong here goes wrong again where the final
 * table is made, and is told there. */
static void tell_end(const struct progress *p, size_t bench)
{
    const struct bench *b = &p->o.set->items[bench];
    struct summary sum;
    if ((p->o.quiet && !p->o.log) || carat_writer_sync(p->o.writer, NULL) || summary_load(p->o.store, &p->o.run, 1, NULL, &sum, NULL))
        return;
    for (size_t i = 0; i < sum.runs[0].n_scores; i++) {
        const struct score *s = &sum.runs[0].scores[i];
        if (!str_eq(s->name, str_from(b->leaf.task->name)) && !str_eq(s->name, b->name))
            continue;
        if (s->shots != proto_plan_shots(b->plan) || s->version != b->leaf.task->version)
            continue;
        tell_score(p, s);
        json_t *event = p->o.log ? summary_score_json(s) : NULL;
        if (event)
            json_object_set_new(event, "model", json_string(p->o.model->name));
        run_log_event(p->o.log, "task", event);
        break;
    }
    summary_release(&sum);
}

void progress_answer(struct progress *p, size_t n_tokens) { p->asked += (int64_t)n_tokens; }

void progress_begin(struct progress *p)
{
    for (size_t i = 0; i < p->o.set->n; i++)
        if ((!i || !same_benchmark(p, i, i - 1)) && has_ended(p, i))
            tell_end(p, i); /* all was there already */
}

void progress_item(struct progress *p, size_t bench)
{
    p->done++;
    p->bench = bench;
    if (--p->n_left[bench] == 0 && has_ended(p, bench))
        tell_end(p, bench);
}

/* ---- on the way --------------------------------------------------------------------------------------------- */

/* "12 s", "3 min", "2 h 05 min" */
static void print_left(double seconds)
{
    if (seconds < 90)
        fprintf(stderr, "  %.0f s left", seconds);
    else if (seconds < 5400)
        fprintf(stderr, "  %.0f min left", seconds / 60);
    else
        fprintf(stderr, "  %d h %02d min left", (int)(seconds / 3600), (int)(seconds / 60) % 60);
}

static void show(struct progress *p, const struct backend_stats *stats, double elapsed, double left)
{
    const struct carat_task *task = p->o.set->items[p->bench].leaf.task;
    fprintf(stderr, "\r\033[K%s  %s  %zu/%zu", p->o.model->name, task->title ? task->title : task->name, p->done, p->total);
    if (elapsed > 0.5)
        fprintf(stderr, "  %.0f tokens/s", (double)stats->tokens_computed / elapsed);
    if (p->asked > stats->tokens_computed)
        fprintf(stderr, "  %.0f%% saved by sharing", 100 - 100 * (double)stats->tokens_computed / (double)p->asked);
    if (left >= 0)
        print_left(left);
    fflush(stderr);
}

void progress_show(struct progress *p, const struct backend_stats *stats)
{
    double t = clock_seconds(), elapsed = t - p->began;
    double left = p->done && elapsed > 2 ? elapsed / (double)p->done * (double)(p->total - p->done) : -1;
    if (p->terminal && t - p->shown >= SHOW_SECONDS) {
        p->shown = t;
        show(p, stats, elapsed, left);
    }
    if (p->o.log && t - p->logged >= LOG_SECONDS) {
        p->logged = t;
        run_log_event(p->o.log, "progress",
                      json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:f, s:o}", "model", p->o.model->name, "task",
                                p->o.set->items[p->bench].leaf.task->name, "done", (json_int_t)p->done, "total",
                                (json_int_t)p->total, "tokens_asked", (json_int_t)p->asked, "tokens_computed",
                                (json_int_t)stats->tokens_computed, "seconds", elapsed, "seconds_left",
                                left < 0 ? json_null() : json_real(left)));
    }
}
