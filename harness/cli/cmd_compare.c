/* carat compare: two runs over the same items, and whether they differ. */
#include "commands.h"
#include "harness/eval/compare.h"
#include "run_common.h"

/* --fail-if-worse, as a share; 0 where it is not given. */
static enum carat_err parse_delta(const struct options *o, double *delta, struct err *err)
{
    double points = 0;
    if (o->fail_if_worse && (!num_parse_double(str_from(o->fail_if_worse), &points) || points < 0 || points > 100))
        return err_set(err, CARAT_EUSAGE, "--fail-if-worse wants percentage points, 0 to 100, not '%s'", o->fail_if_worse);
    *delta = points / 100;
    return CARAT_OK;
}

static enum carat_err write_junit(const struct comparison *c, const struct options *o, double delta, struct err *err)
{
    struct buf xml = BUF_INIT(BUF_MAX_DEFAULT);
    enum carat_err rc = compare_junit(c, delta, &xml) ? err_nomem(err, "the JUnit file") : CARAT_OK;
    if (!rc)
        rc = file_write(o->junit, xml.p, xml.n, err);
    buf_release(&xml);
    return rc;
}

/* Text and Markdown can say something beside the table; a CSV file stays a table, its notes are talk. */
static bool is_prose(const struct options *o)
{
    enum carat_table_format format = table_format(o);
    return format == CARAT_TABLE_TEXT || format == CARAT_TABLE_MARKDOWN;
}

static enum carat_err print_text(struct carat_store *store, const struct comparison *c, const struct options *o,
                                 struct err *err)
{
    struct buf out = BUF_INIT(BUF_MAX_DEFAULT), notes = BUF_INIT(BUF_MAX_DEFAULT);
    enum carat_err rc = compare_table(c, table_format(o), &out, err);
    if (!rc && compare_notes(c, &notes))
        rc = err_nomem(err, "the notes");
    if (!rc && o->flips) {
        buf_addc(&notes, '\n');
        const size_t before = notes.n;
        rc = compare_flips_text(store, c, &notes, err);
        if (!rc && notes.n == before)
            buf_adds(&notes, "no item's score changed\n");
    }
    if (!rc) {
        fwrite(out.p, 1, out.n, stdout);
        if (is_prose(o))
            putchar('\n');
        if (is_prose(o) || !o->quiet)
            fwrite(notes.p, 1, notes.n, is_prose(o) ? stdout : stderr);
    }
    buf_release(&out);
    buf_release(&notes);
    return rc;
}

static json_t *gate_json(const struct comparison *c, const struct options *o, double delta)
{
    json_t *worse = json_array();
    if (!o->fail_if_worse) {
        json_decref(worse);
        return json_null();
    }
    for (size_t i = 0; i < c->n_benches; i++)
        if (compare_is_worse(&c->benches[i], delta))
            json_array_append_new(worse, json_text(c->benches[i].name));
    return json_pack("{s:f, s:b, s:o}", "delta", 100 * delta, "failed", json_array_size(worse) > 0, "worse", worse);
}

static enum carat_err print_json(struct carat_store *store, const struct comparison *c, const struct options *o,
                                 double delta, struct err *err)
{
    struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
    json_t *json = compare_json(c), *flips = NULL;
    enum carat_err rc = o->flips ? compare_flips_json(store, c, &flips, err) : CARAT_OK;
    json_object_set_new(json, "gate", gate_json(c, o, delta));
    if (flips)
        json_object_set_new(json, "flips", flips);
    if (!rc && (!json || json_write(json, &out) || buf_addc(&out, '\n')))
        rc = err_nomem(err, "the comparison");
    if (!rc)
        fwrite(out.p, 1, out.n, stdout);
    json_decref(json);
    buf_release(&out);
    return rc;
}

/* Says what the gate found; true when it failed. */
static bool check_gate(const struct comparison *c, const struct options *o, double delta)
{
    size_t n_worse = 0;
    struct buf text = BUF_INIT(1 << 16);
    char by[64];
    snprintf(by, sizeof by, "worse than A by more than %g point%s", 100 * delta, delta == 0.01 ? "" : "s");
    for (size_t i = 0; i < c->n_benches; i++) {
        const struct compare_bench *b = &c->benches[i];
        if (!compare_is_worse(b, delta))
            continue;
        buf_adds(&text, n_worse++ ? "; " : "");
        compare_add_plain(&text, b->title);
        buf_printf(&text, " (B - A is %+.1f, at best %+.1f)", 100 * b->paired.difference, 100 * compare_at_best(b));
    }
    if (n_worse)
        log_warn("gate failed: B is %s on %s", by, buf_str(&text).p);
    else if (!c->n_tests)
        log_warn("the gate has compared nothing: A and B have no common items");
    else if (!o->quiet)
        log_info("gate passed: no evidence that B is %s on any of %zu benchmark%s", by, c->n_tests,
                 c->n_tests == 1 ? "" : "s");
    buf_release(&text);
    return n_worse > 0;
}

static enum carat_err load(struct carat_store *store, const struct options *o, struct comparison *c, struct err *err)
{
    struct compare_options options = {.tasks = o->tasks.items,
                                      .n_tasks = o->tasks.n,
                                      .force = o->force,
                                      .bootstrap = o->json,
                                      .seed = (uint64_t)o->seed};
    int64_t runs[2];
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; i < 2 && !rc; i++)
        rc = carat_store_find_run(store, o->args.items[i], &runs[i], err);
    return rc ? rc : compare_load(store, runs, &options, c, err);
}

static enum carat_err run(const struct options *o, struct err *err)
{
    struct carat_store *store = NULL;
    struct comparison c = {.arena = ARENA_INIT};
    double delta = 0;
    enum carat_err rc = parse_delta(o, &delta, err);
    if (!rc && o->flips && !o->json && !is_prose(o))
        rc = err_set(err, CARAT_EUSAGE, "--flips goes with --format text, markdown or with --json");
    if (!rc)
        rc = open_store(o, CARAT_STORE_READ, &store, err);
    if (!rc)
        rc = carat_store_choose_scoring(store, o->scoring, err);
    if (!rc)
        rc = load(store, o, &c, err);
    if (!rc && c.forced)
        log_warn("FORCED: these runs were not asked the same; see the notes");
    if (!rc)
        rc = o->json ? print_json(store, &c, o, delta, err) : print_text(store, &c, o, err);
    if (!rc && o->junit)
        rc = write_junit(&c, o, delta, err);
    if (!rc && o->fail_if_worse)
        *o->gate_failed = check_gate(&c, o, delta);
    compare_release(&c);
    carat_store_free(store);
    return rc;
}

const struct command cmd_compare = {
    .name = "compare",
    .summary = "two runs over the same items: which is better, and how sure",
    .usage = "A B",
    .about = "Compares two runs item by item: the difference B - A with its 95 % interval, who alone was right how often, and "
             "a verdict that holds over all benchmarks together. A and B are numbers of 'carat list runs', beginnings of a "
             "run's key, or models' names (the newest run).\n"
             "Runs that were not asked the same (prompts, shots, data, task version or settings) are refused; --force "
             "compares them nevertheless. --fail-if-worse exits with status 1 only on evidence that B is worse than A by "
             "more than DELTA points on some benchmark. docs/statistics.md tells what is computed.",
    .options = "db scoring task json format flips fail-if-worse junit force seed quiet",
    .examples = "  carat compare gemma-2b gemma-7b\n"
                "  carat compare 1 2 -t mmlu --flips\n"
                "  carat compare main candidate --fail-if-worse 1 --junit compare.xml",
    .min_args = 2,
    .max_args = 2,
    .run = run,
};
