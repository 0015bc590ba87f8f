#include "overhead.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static enum carat_err make_folder(struct buf *out, struct err *err)
{
    const char *tmp = getenv("TMPDIR");
    if (buf_printf(out, "%s/carat-bench-XXXXXX", tmp && *tmp ? tmp : "/tmp"))
        return err_nomem(err, "a path");
    if (!mkdtemp(out->p))
        return err_set(err, CARAT_EIO, "cannot make the folder '%s': %s", out->p, strerror(errno));
    return CARAT_OK;
}

static void remove_folder(const char *folder)
{
    static const char *const FILES[] = {"runs.db", "runs.db-wal", "runs.db-shm", "runs.db-journal"};
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        char *path = file_join(folder, FILES[i]);
        if (path)
            unlink(path);
        free(path);
    }
    rmdir(folder);
}

static bool count_items(void *context, const struct carat_run_row *row)
{
    *(size_t *)context += (size_t)row->n_items;
    return true;
}

static enum carat_err evaluate_into(const struct bench_set *set, const struct eval_options *o, const char *folder,
                                    size_t *n_items, struct err *err)
{
    struct carat_store *store = NULL;
    char *path = file_join(folder, "runs.db");
    enum carat_err rc = path ? carat_store_open(path, CARAT_STORE_WRITE, &store, err) : err_nomem(err, "a path");
    if (!rc)
        rc = evaluate(set, o, store, NULL, err);
    if (!rc)
        rc = carat_store_runs(store, count_items, n_items, err);
    carat_store_free(store);
    free(path);
    return rc;
}

enum carat_err overhead_measure(struct eval_options *o, struct overhead *out, struct err *err)
{
    struct bench_set set = {.arena = ARENA_INIT};
    struct buf folder = BUF_INIT(1 << 14);
    *out = (struct overhead){0};
    o->backend.no_compute = true;
    o->quiet = true;
    double began = clock_seconds(), cpu = clock_cpu_seconds();
    enum carat_err rc = bench_load(o, &set, err);
    out->read_seconds = clock_seconds() - began;
    if (!rc)
        rc = make_folder(&folder, err);
    if (!rc) {
        began = clock_seconds();
        rc = evaluate_into(&set, o, folder.p, &out->n_items, err);
        out->seconds = clock_seconds() - began;
        out->cpu_seconds = clock_cpu_seconds() - cpu;
        remove_folder(folder.p);
    }
    bench_release(&set);
    buf_release(&folder);
    return rc;
}
