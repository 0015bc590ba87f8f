/* print_scores.c - the scores of runs, to stdout. */
#include "commands.h"
#include "run_common.h"

enum carat_err print_scores(struct summary *sum, struct carat_store *store, const int64_t *runs, size_t n,
                            const struct options *o, struct run_log *log, struct err *err)
{
    struct buf out = BUF_INIT(BUF_MAX_DEFAULT), warnings = BUF_INIT(1 << 20);
    struct pass_at_k *passes = NULL;
    size_t n_passes = 0;
    enum carat_err rc = pass_at_k_load(store, runs, n, &sum->arena, &passes, &n_passes, err);
    if (!rc && o->json) {
        json_t *json = summary_json(sum);
        bool failed = json_object_set_new(json, "pass_at_k", pass_at_k_json(passes, n_passes)) ||
                      json_write(json, &out) || buf_addc(&out, '\n');
        rc = failed ? err_nomem(err, "the scores") : CARAT_OK;
        json_decref(json);
    } else if (!rc) {
        rc = summary_table(sum, table_format(o), &out, err);
        if (table_format(o) == CARAT_TABLE_TEXT)
            pass_at_k_text(passes, n_passes, &out);
        if (!rc && table_format(o) == CARAT_TABLE_TEXT && sum->n_measured) {
            buf_addc(&out, '\n');
            rc = summary_notes(sum, !o->models.n, &out, err);
        }
    }
    if (!rc)
        fwrite(out.p, 1, out.n, stdout);
    if (!rc && !summary_warnings(sum, o->shard != NULL, &warnings))
        for (char *line = warnings.p; line && *line;) {
            char *end = strchr(line, '\n');
            *end = '\0';
            run_log_warn(log, "%s", line);
            line = end + 1;
        }
    buf_release(&out);
    buf_release(&warnings);
    return rc;
}

enum carat_err print_summary(struct carat_store *store, const int64_t *runs, size_t n, const struct options *o,
                             struct err *err)
{
    struct summary sum;
    enum carat_err rc = load_summary(store, runs, n, o, &sum, err);
    if (rc)
        return rc;
    rc = print_scores(&sum, store, runs, n, o, NULL, err);
    summary_release(&sum);
    return rc;
}

enum carat_table_format table_format(const struct options *o)
{
    static const char *const names[] = {[CARAT_TABLE_TEXT] = "text",   [CARAT_TABLE_MARKDOWN] = "markdown",
                                        [CARAT_TABLE_CSV] = "csv",     [CARAT_TABLE_LATEX] = "latex",
                                        [CARAT_TABLE_HTML] = "html"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (o->format && strcmp(o->format, names[i]) == 0)
            return (enum carat_table_format)i;
    return CARAT_TABLE_TEXT;
}
