/* carat report: the chart and the table, from the store. */
#include <sys/ioctl.h>
#include <unistd.h>

#include "commands.h"
#include "harness/eval/page.h"
#include "run_common.h"

/* How the chart is written, by the file's name. */
static enum carat_err as_svg(struct str svg, struct buf *out, struct err *err)
{
    return buf_addstr(out, svg) ? err_nomem(err, "the chart") : CARAT_OK;
}

static enum carat_err as_png(struct str svg, struct buf *out, struct err *err)
{
    return carat_svg_to_png(svg, 2.0, out, err);
}

static const struct picture {
    const char *suffix;
    enum carat_err (*convert)(struct str svg, struct buf *out, struct err *err);
} pictures[] = {
    {".pdf", carat_svg_to_pdf},
    {".png", as_png},
    {".svg", as_svg},
};
#define N_PICTURES (sizeof pictures / sizeof *pictures)

static const struct picture *picture_of(const char *path)
{
    for (size_t i = 0; i < N_PICTURES; i++)
        if (str_ends(str_from(path), str_from(pictures[i].suffix)))
            return &pictures[i];
    return NULL;
}

enum carat_err check_picture_path(const char *path, struct err *err)
{
    const char *slash = strrchr(path, '/');
    if (!picture_of(path))
        return err_set(err, CARAT_EUSAGE, "'%s': the chart is written as .svg, .png or .pdf, the page as .html", path);
    char *dir = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    enum carat_err rc = !dir               ? err_nomem(err, "a path")
                        : file_is_dir(dir) ? CARAT_OK
                                           : err_set(err, CARAT_EINPUT, "'%s': there is no such folder", dir);
    free(dir);
    return rc;
}

static struct figure_style style_of(const struct options *o)
{
    return (struct figure_style){.title = o->title, .dark = o->dark, .per_benchmark = o->per_benchmark};
}

/* ... by a metric, as summary_load() has it. */
static enum carat_err load_by_metric(struct carat_store *store, const int64_t *runs, size_t n, const struct options *o,
                                     const char *metric, struct summary *out, struct err *err)
{
    const struct published *published = NULL;
    *out = (struct summary){.arena = ARENA_INIT};
    enum carat_err rc = o->published ? published_find(o->published, &published, err) : CARAT_OK;
    if (!rc && store)
        rc = summary_load(store, runs, n, metric, out, err);
    if (!rc && published)
        rc = summary_add_published(out, published, err);
    if (rc)
        summary_release(out);
    return rc;
}

enum carat_err load_summary(struct carat_store *store, const int64_t *runs, size_t n, const struct options *o,
                            struct summary *out, struct err *err)
{
    return load_by_metric(store, runs, n, o, NULL, out, err);
}

enum carat_err draw_figure(struct carat_store *store, const int64_t *runs, size_t n, const struct options *o,
                           const char *path, struct err *err)
{
    struct summary sum;
    struct arena arena = ARENA_INIT;
    struct carat_figure figure;
    struct figure_style style = style_of(o);
    struct buf svg = BUF_INIT(BUF_MAX_DEFAULT), bytes = BUF_INIT(BUF_MAX_DEFAULT);
    const struct picture *picture = picture_of(path);
    enum carat_err rc = check_picture_path(path, err);
    if (!rc)
        rc = load_summary(store, runs, n, o, &sum, err);
    if (rc)
        return rc;
    rc = summary_figure(&sum, &style, &arena, &figure, err);
    if (!rc)
        rc = carat_figure_svg(&figure, &svg, err);
    if (!rc)
        rc = picture->convert(buf_str(&svg), &bytes, err);
    if (!rc)
        rc = file_write(path, bytes.p, bytes.n, err);
    buf_release(&svg);
    buf_release(&bytes);
    arena_release(&arena);
    summary_release(&sum);
    return rc;
}

/* The page's views: the headlines, then each other metric that a task has. */
enum { VIEWS_MAX = 16 };
struct views {
    struct summary sums[VIEWS_MAX];
    struct page_view views[VIEWS_MAX];
    size_t n;
    struct arena arena; /* names */
};

static void release_views(struct views *v)
{
    for (size_t i = 0; i < v->n; i++)
        summary_release(&v->sums[i]);
    arena_release(&v->arena);
}

static enum carat_err load_views(struct carat_store *store, const int64_t *runs, size_t n, const struct options *o,
                                 struct views *out, struct err *err)
{
    struct str *metrics;
    size_t n_metrics;
    *out = (struct views){.arena = ARENA_INIT};
    enum carat_err rc = summary_other_metrics(store, runs, n, &out->arena, &metrics, &n_metrics, err);
    for (size_t i = 0; i <= n_metrics && i < VIEWS_MAX && !rc; i++) {
        const char *name = i ? arena_printf(&out->arena, "%s, where a benchmark has it", metrics[i - 1].p)
                             : "the headline metric of each benchmark";
        rc = name ? load_by_metric(store, runs, n, o, i ? metrics[i - 1].p : NULL, &out->sums[i], err)
                  : err_nomem(err, "the page");
        if (rc)
            break;
        out->views[out->n++] = (struct page_view){str_from(name), &out->sums[i]};
    }
    return rc;
}

static enum carat_err write_page(struct carat_store *store, const int64_t *runs, size_t n, const struct options *o,
                                 const char *path, struct err *err)
{
    struct views v;
    struct figure_style style = style_of(o);
    struct buf html = BUF_INIT((size_t)1 << 30);
    if (!store) {
        err_set(err, CARAT_EUSAGE, "the page shows runs: published figures alone make none");
        return err_hint(err, "name a database with --db");
    }
    enum carat_err rc = load_views(store, runs, n, o, &v, err);
    if (!rc)
        rc = summary_page(store, v.views, v.n, &style, &html, err);
    if (!rc)
        rc = file_write(path, html.p, html.n, err);
    buf_release(&html);
    release_views(&v);
    return rc;
}

/* -o and --html: a page or a picture, by the file's name. */
static enum carat_err write_file(struct carat_store *store, const int64_t *runs, size_t n, const struct options *o,
                                 const char *path, bool page, struct err *err)
{
    if (!path)
        return CARAT_OK;
    enum carat_err rc = (page ? write_page : draw_figure)(store, runs, n, o, path, err);
    if (!rc && !o->quiet)
        log_info("wrote %s", path);
    return rc;
}

/* The terminal's columns; 80 in a pipe. */
static size_t columns(void)
{
    struct winsize w;
    const char *env = getenv("COLUMNS");
    size_t n;
    if (env && num_parse_size(str_from(env), &n) && n >= 60)
        return n;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col >= 60)
        return w.ws_col;
    return 80;
}

enum carat_err print_figure(struct carat_store *store, const int64_t *runs, size_t n, const struct options *o,
                            struct err *err)
{
    struct summary sum;
    struct arena arena = ARENA_INIT;
    struct carat_figure figure;
    struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
    struct figure_style look = style_of(o);
    unsigned style = CARAT_TEXT_UNICODE | (want_color(o, stdout) ? CARAT_TEXT_COLOR : 0u);
    enum carat_err rc = load_summary(store, runs, n, o, &sum, err);
    if (rc)
        return rc;
    rc = summary_figure(&sum, &look, &arena, &figure, err);
    if (!rc)
        rc = carat_figure_text(&figure, columns(), style, &out, err);
    if (!rc)
        fwrite(out.p, 1, out.n, stdout);
    buf_release(&out);
    arena_release(&arena);
    summary_release(&sum);
    return rc;
}

struct newest {
    int64_t *runs;
    char **names;
    size_t n;
    bool failed;
};

/* The newest run of each model name, in the order the models were first seen. */
static bool take_newest(void *context, const struct carat_run_row *row)
{
    struct newest *w = context;
    if (row->n_items == 0)
        return true;
    for (size_t i = 0; i < w->n; i++) {
        if (str_eq(str_from(w->names[i]), row->model_name)) {
            if (row->id > w->runs[i])
                w->runs[i] = row->id;
            return true;
        }
    }
    int64_t *runs = realloc(w->runs, (w->n + 1) * sizeof *runs);
    if (runs)
        w->runs = runs;
    char **names = realloc(w->names, (w->n + 1) * sizeof *names);
    if (names)
        w->names = names;
    char *name = strndup(row->model_name.p, row->model_name.n);
    if (!runs || !names || !name) {
        free(name);
        w->failed = true;
        return false;
    }
    w->runs[w->n] = row->id;
    w->names[w->n++] = name;
    return true;
}

static enum carat_err choose_runs(struct carat_store *store, const struct options *o, int64_t **runs, size_t *n,
                                  struct err *err)
{
    struct newest w = {0};
    enum carat_err rc = CARAT_OK;
    if (o->args.n) {
        w.n = o->args.n;
        w.runs = calloc(w.n, sizeof *w.runs);
        if (!w.runs)
            return err_nomem(err, "the runs");
        for (size_t i = 0; i < w.n && !rc; i++)
            rc = carat_store_find_run(store, o->args.items[i], &w.runs[i], err);
    } else {
        rc = carat_store_runs(store, take_newest, &w, err);
        for (size_t i = 0; i < w.n; i++)
            free(w.names[i]);
        free(w.names);
        if (!rc && w.failed)
            rc = err_nomem(err, "the runs");
        if (!rc && !w.n) {
            rc = err_set(err, CARAT_EINPUT, "the database has no results yet");
            err_hint(err, "'carat run' makes some");
        }
    }
    *runs = w.runs;
    *n = w.n;
    return rc;
}

/* Published figures need no database; where none is named and none lies about, they are drawn alone. */
static bool quotes_alone(const struct options *o)
{
    return o->published && !o->db && !o->args.n && !file_exists(DEFAULT_DB);
}

static enum carat_err run(const struct options *o, struct err *err)
{
    struct carat_store *store = NULL;
    int64_t *runs = NULL;
    size_t n = 0;
    enum carat_err rc = CARAT_OK;
    if (!quotes_alone(o))
        rc = open_store(o, CARAT_STORE_READ, &store, err);
    if (!rc && store)
        rc = carat_store_choose_scoring(store, o->scoring, err);
    if (!rc && store)
        rc = choose_runs(store, o, &runs, &n, err);
    bool written = o->output || o->html;
    if (!rc)
        rc = write_file(store, runs, n, o, o->output, o->output && str_ends(str_from(o->output), STR(".html")), err);
    if (!rc)
        rc = write_file(store, runs, n, o, o->html, true, err);
    if (!rc && !written && !o->json && !o->format) {
        rc = print_figure(store, runs, n, o, err);
        if (!rc)
            putchar('\n');
        else if (rc == CARAT_EINPUT || rc == CARAT_EUNSUPPORTED) {
            /* no capability groups: the table says what there is; more models than a chart can show: this is said */
            if (rc == CARAT_EUNSUPPORTED)
                log_warn("no chart: %s", err->msg);
            err_clear(err);
            rc = CARAT_OK;
        }
    }
    if (!rc && (!written || o->json || o->format))
        rc = print_summary(store, runs, n, o, err);
    carat_store_free(store);
    free(runs);
    return rc;
}

const struct command cmd_report = {
    .name = "report",
    .summary = "the chart and the table of what was run",
    .usage = "[RUN]...",
    .about = "Draws the capability chart and the table of benchmarks by models. A RUN is a number of 'carat list runs', the "
             "beginning of a run's key, or a model's name; without any, the newest run of each model.\n"
             "Without -o the chart is drawn in the terminal; -o writes it as .svg, .png or .pdf. The best score of a row is bold "
             "where the table's format knows it.\n"
             "--html writes a page that needs no server and asks for nothing outside: charts, tables, the runs' facts, and every "
             "item to search, filter and read; scores and charts by any metric that was stored.\n"
             "--published draws figures from the literature beside the runs, hatched, over just the benchmarks that the runs "
             "have; without a database it draws them alone.",
    .options = "db scoring output html format json title dark color per-benchmark published quiet",
    .examples = "  carat report -o chart.png --published gemma-2024\n"
                "  carat report gemma-2b gemma-7b --format latex\n"
                "  carat report --html report.html",
    .min_args = 0,
    .max_args = 64,
    .run = run,
};
