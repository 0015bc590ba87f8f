/* carat verify: a run's answers again, at other settings, bit by bit. */
#include <unistd.h>

#include "commands.h"
#include "harness/eval/verify.h"
#include "run_common.h"

enum { SAMPLE_USUAL = 16 };

static void show_setting(const char *name, size_t done, size_t n)
{
    fprintf(stderr, "\r\033[K%s, setting %zu of %zu", name, done + 1, n);
    fflush(stderr);
}

static enum carat_err print(const struct verify_report *r, bool json, struct err *err)
{
    struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
    json_t *value = json ? verify_json(r) : NULL;
    bool failed = json ? !value || json_write(value, &out) || buf_addc(&out, '\n') : verify_text(r, &out) != CARAT_OK;
    if (!failed)
        fwrite(out.p, 1, out.n, stdout);
    json_decref(value);
    buf_release(&out);
    return failed ? err_nomem(err, "the report") : CARAT_OK;
}

static enum carat_err run(const struct options *o, struct err *err)
{
    struct carat_store *store = NULL;
    struct verify_report report = {.arena = ARENA_INIT};
    char *path = NULL;
    int64_t run_id = 0;
    if (o->models.n > 1)
        return err_set(err, CARAT_EUSAGE, "wants at most one -m MODEL");
    if (o->threads > 1024)
        return err_set(err, CARAT_EUSAGE, "--threads wants at most 1024");
    enum carat_err rc = o->models.n ? model_path(o->models.items[0], NULL, &path, err) : CARAT_OK;
    if (!rc)
        rc = open_store(o, CARAT_STORE_READ, &store, err);
    if (!rc)
        rc = carat_store_find_run(store, o->args.items[0], &run_id, err);
    struct verify_options v = {.model_path = path,
                               .sample = o->sample ? o->sample : SAMPLE_USUAL,
                               .n_threads = o->threads,
                               .memory_bytes = o->memory,
                               .interrupted = cli_interrupted,
                               .on_setting = isatty(STDERR_FILENO) && !o->quiet ? show_setting : NULL};
    if (!rc)
        rc = verify_run(store, run_id, &v, &report, err);
    if (v.on_setting)
        fputs("\r\033[K", stderr);
    if (!rc)
        rc = print(&report, o->json, err);
    if (!rc && report.n_differences)
        *o->gate_failed = true;
    verify_release(&report);
    carat_store_free(store);
    free(path);
    return rc;
}

const struct command cmd_verify = {
    .name = "verify",
    .summary = "a run's answers again, at other settings, bit by bit",
    .usage = "RUN",
    .about = "Asks items of a run again in batches of 512, 64, 7 and 1 rows, with 1, 2, 3 and all threads, packed together and "
             "each request by itself, and compares token ids, log-probabilities and texts with the stored ones to the bit. "
             "Status 1 where anything differs. The run's checkpoint is looked for where the run found it, or where -m says; "
             "another one, or a run of another numerics version, is refused.",
    .options = "sample model db threads memory json quiet",
    .examples = "  carat verify 3\n"
                "  carat verify gemma-2b --sample 100 -m checkpoints/gemma-2b --json",
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
