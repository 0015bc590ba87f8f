/* The page of some runs: what stands on it, but for its items. Tasks of several runs are one task of the page where all
 * that decides what is asked is the same. */
#include "page_int.h"

#include <stddef.h>
#include <stdlib.h>

#include "compare.h"

struct grid { /* cells of a table, a row after the other */
    struct str *cells;
    size_t n, cap;
};

struct maker {
    struct carat_store *store;
    const struct page_view *views;
    size_t n_views;
    const struct summary *sum; /* of the first view */
    size_t n_runs;            /* measured */
    struct arena arena;
    struct page_task *tasks;
    size_t n_tasks;
    struct run_facts *facts;  /* [n_runs] */
    struct grid *grid;        /* of the tasks' facts */
    size_t run;               /* being read */
    bool failed;
};

struct run_facts {
    struct str key, weights, version, isa, cpu, started, items;
    json_t *settings;         /* owned */
};

static struct str keep(struct maker *m, struct str s)
{
    char *p = arena_dup(&m->arena, s.p, s.n);
    m->failed |= !p;
    return (struct str){p ? p : "", p ? s.n : 0};
}

static struct str keep_buf(struct maker *m, struct buf *b)
{
    struct str s = keep(m, buf_str(b));
    m->failed |= buf_failed(b);
    buf_release(b);
    return s;
}

static struct str keep_number(struct maker *m, int64_t x)
{
    char *p = arena_printf(&m->arena, "%lld", (long long)x);
    m->failed |= !p;
    return str_from(p ? p : "");
}

/* ---- tables ---- */

static void add_cell(struct maker *m, struct grid *g, struct str s)
{
    if (g->n == g->cap) {
        size_t cap = g->cap ? 2 * g->cap : 64;
        struct str *p = realloc(g->cells, cap * sizeof *p);
        if (!p) {
            m->failed = true;
            return;
        }
        g->cells = p;
        g->cap = cap;
    }
    g->cells[g->n++] = s;
}

static enum carat_err grid_html(struct maker *m, struct grid *g, const struct carat_column *columns, size_t n_columns,
                                struct str *html, struct err *err)
{
    struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
    struct carat_table table = {
        .columns = columns, .n_columns = n_columns, .cells = g->cells, .n_rows = g->n / n_columns};
    enum carat_err rc = m->failed ? err_nomem(err, "the page") : carat_table_write(&table, CARAT_TABLE_HTML, &out, err);
    *html = keep_buf(m, &out);
    free(g->cells);
    *g = (struct grid){0};
    return rc;
}

/* [n_views] */
static enum carat_err scores_html(struct maker *m, struct str *html, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    for (size_t v = 0; v < m->n_views && !rc; v++) {
        struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
        rc = summary_table(m->views[v].sum, CARAT_TABLE_HTML, &out, err);
        html[v] = keep_buf(m, &out);
    }
    return rc;
}

static enum carat_err outcomes_html(struct maker *m, struct str *html, struct err *err)
{
    struct carat_column columns[9] = {{STR("benchmark"), CARAT_LEFT}, {STR("model"), CARAT_LEFT}, {STR("items"), CARAT_RIGHT_ALIGNED}};
    struct grid g = {0};
    for (int k = 0; k < 6; k++)
        columns[3 + k] = (struct carat_column){str_from(carat_outcome_name((enum carat_outcome)k)), CARAT_RIGHT_ALIGNED};
    for (size_t r = 0; r < m->n_runs; r++) {
        const struct summary_run *run = &m->sum->runs[r];
        for (size_t i = 0; i < run->n_scores; i++) {
            add_cell(m, &g, run->scores[i].title);
            add_cell(m, &g, run->name);
            add_cell(m, &g, keep_number(m, run->scores[i].n_items));
            for (int k = 0; k < 6; k++)
                add_cell(m, &g, keep_number(m, run->scores[i].outcomes[k]));
        }
    }
    return grid_html(m, &g, columns, 9, html, err);
}

/* Two runs are compared where they can be; where not, the reason stands there. */
static enum carat_err comparison_html(struct maker *m, struct str *html, struct err *err)
{
    struct comparison c;
    struct err why = ERR_INIT;
    struct buf out = BUF_INIT(BUF_MAX_DEFAULT), notes = BUF_INIT(BUF_MAX_DEFAULT);
    const int64_t runs[2] = {m->sum->runs[0].id, m->sum->runs[1].id};
    enum carat_err rc = compare_load(m->store, runs, &(struct compare_options){.seed = 1234}, &c, &why);
    if (rc == CARAT_EINPUT || rc == CARAT_EUSAGE) {
        struct grid g = {0};
        struct carat_column column = {STR("these runs are not compared"), CARAT_LEFT};
        add_cell(m, &g, keep(m, str_from(why.msg)));
        return grid_html(m, &g, &column, 1, html, err);
    }
    if (rc)
        return err_set(err, rc, "%s", why.msg);
    rc = compare_table(&c, CARAT_TABLE_HTML, &out, err);
    if (!rc && compare_notes(&c, &notes))
        rc = err_nomem(err, "the notes");
    struct grid g = {0};
    struct carat_column column = {STR("notes"), CARAT_LEFT};
    for (char *line = notes.p; line && *line;) {
        line += str_starts(str_from(line), STR("- ")) ? 2 : 0;
        size_t n = strcspn(line, "\n");
        if (n)
            add_cell(m, &g, keep(m, (struct str){line, n}));
        line += n + (line[n] == '\n');
    }
    struct str told = STR("");
    if (!rc)
        rc = grid_html(m, &g, &column, 1, &told, err);
    buf_addstr(&out, told);
    *html = keep_buf(m, &out);
    free(g.cells);
    buf_release(&notes);
    compare_release(&c);
    return rc;
}

/* ---- facts ---- */

static bool note_run(void *context, const struct carat_run_row *row)
{
    struct maker *m = context;
    size_t r = 0;
    while (r < m->n_runs && m->sum->runs[r].id != row->id)
        r++;
    if (r == m->n_runs)
        return true;
    struct run_facts *f = &m->facts[r];
    char *items = arena_printf(&m->arena, "%lld in %lld tasks%s", (long long)row->n_items, (long long)row->n_tasks,
                               row->complete ? "" : ", not finished");
    json_decref(f->settings);
    *f = (struct run_facts){.key = keep(m, row->key),
                            .weights = keep(m, row->weights_sha256),
                            .version = keep(m, row->carat_version),
                            .isa = keep(m, row->isa),
                            .cpu = keep(m, row->cpu),
                            .started = keep(m, row->started),
                            .items = str_from(items ? items : "")};
    if (json_read(row->settings, "settings", 0, &f->settings, NULL))
        f->settings = NULL;
    return !m->failed;
}

/* A row of each setting that any run has, once. */
static void add_settings(struct maker *m, struct grid *g)
{
    for (size_t r = 0; r < m->n_runs; r++) {
        const char *key;
        json_t *value;
        json_object_foreach(m->facts[r].settings, key, value) {
            bool seen = false;
            for (size_t before = 0; before < r; before++)
                seen |= json_object_get(m->facts[before].settings, key) != NULL;
            if (seen)
                continue;
            add_cell(m, g, keep(m, str_from(key)));
            for (size_t k = 0; k < m->n_runs; k++) {
                struct buf text = BUF_INIT(1 << 20);
                json_t *of = json_object_get(m->facts[k].settings, key);
                if (json_is_string(of))
                    buf_add(&text, json_string_value(of), json_string_length(of));
                else if (of)
                    m->failed |= json_write(of, &text) != CARAT_OK;
                add_cell(m, g, keep_buf(m, &text));
            }
        }
    }
}

/* Paths of the machine are left out: a page is for showing. */
static enum carat_err facts_html(struct maker *m, struct str *html, struct err *err)
{
    static const struct {
        const char *name;
        size_t at;
    } rows[] = {
        {"started", offsetof(struct run_facts, started)},     {"items", offsetof(struct run_facts, items)},
        {"run", offsetof(struct run_facts, key)},             {"weights (SHA-256)", offsetof(struct run_facts, weights)},
        {"carat", offsetof(struct run_facts, version)},       {"kernels", offsetof(struct run_facts, isa)},
        {"processor", offsetof(struct run_facts, cpu)},
    };
    struct carat_column columns[PAGE_RUNS_MAX + 1] = {{STR("fact"), CARAT_LEFT}};
    struct grid g = {0};
    for (size_t r = 0; r < m->n_runs; r++)
        columns[r + 1] = (struct carat_column){m->sum->runs[r].name, CARAT_LEFT};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        add_cell(m, &g, str_from(rows[i].name));
        for (size_t r = 0; r < m->n_runs; r++)
            add_cell(m, &g, *(const struct str *)(const void *)((const char *)&m->facts[r] + rows[i].at));
    }
    add_settings(m, &g);
    return grid_html(m, &g, columns, m->n_runs + 1, html, err);
}

/* ---- tasks ---- */

static bool same_task(const struct page_task *t, const struct carat_task_row *row)
{
    return str_eq(t->name, row->name) && t->version == row->version && t->shots == row->shots &&
           str_eq(t->data_sha256, row->data_sha256);
}

static bool note_task(void *context, const struct carat_task_row *row)
{
    struct maker *m = context;
    size_t i = 0;
    while (i < m->n_tasks && (m->tasks[i].of[m->run] || !same_task(&m->tasks[i], row)))
        i++;
    if (i == m->n_tasks) {
        struct page_task *p = realloc(m->tasks, (m->n_tasks + 1) * sizeof *p);
        if (!p) {
            m->failed = true;
            return false;
        }
        m->tasks = p;
        p[m->n_tasks++] = (struct page_task){.name = keep(m, row->name),
                                             .parent = keep(m, row->parent),
                                             .title = keep(m, row->title),
                                             .data_sha256 = keep(m, row->data_sha256),
                                             .version = row->version,
                                             .shots = row->shots};
    }
    m->tasks[i].of[m->run] = row->id;
    char *seconds = arena_printf(&m->arena, "%.1f", row->wall_s);
    const struct str cells[] = {m->tasks[i].name, m->sum->runs[m->run].name, keep_number(m, row->version),
                                keep_number(m, row->shots), keep_number(m, row->n_items),
                                keep_number(m, row->n_planned), keep_number(m, row->tokens_asked),
                                keep_number(m, row->tokens_computed), str_from(seconds ? seconds : ""),
                                m->tasks[i].data_sha256};
    for (size_t c = 0; c < sizeof cells / sizeof *cells; c++)
        add_cell(m, m->grid, cells[c]);
    return !m->failed;
}

static int by_parent(const void *pa, const void *pb)
{
    const struct page_task *a = pa, *b = pb;
    int c = str_cmp(a->parent.n ? a->parent : a->name, b->parent.n ? b->parent : b->name);
    return c ? c : str_cmp(a->name, b->name);
}

static enum carat_err read_tasks(struct maker *m, struct str *html, struct err *err)
{
    static const struct carat_column columns[] = {
        {{"task", 4}, CARAT_LEFT},           {{"model", 5}, CARAT_LEFT},
        {{"version", 7}, CARAT_RIGHT_ALIGNED}, {{"shots", 5}, CARAT_RIGHT_ALIGNED},
        {{"items", 5}, CARAT_RIGHT_ALIGNED}, {{"planned", 7}, CARAT_RIGHT_ALIGNED},
        {{"tokens asked", 12}, CARAT_RIGHT_ALIGNED}, {{"computed", 8}, CARAT_RIGHT_ALIGNED},
        {{"seconds", 7}, CARAT_RIGHT_ALIGNED}, {{"data (SHA-256)", 14}, CARAT_LEFT}};
    struct grid g = {0};
    enum carat_err rc = CARAT_OK;
    m->grid = &g;
    for (m->run = 0; m->run < m->n_runs && !rc; m->run++)
        rc = carat_store_tasks(m->store, m->sum->runs[m->run].id, note_task, m, err);
    m->grid = NULL;
    if (rc) {
        free(g.cells);
        return rc;
    }
    if (m->n_tasks)
        qsort(m->tasks, m->n_tasks, sizeof *m->tasks, by_parent);
    return grid_html(m, &g, columns, sizeof columns / sizeof *columns, html, err);
}

/* ---- the page ---- */

static struct str names_of(struct maker *m)
{
    struct buf b = BUF_INIT(1 << 16);
    for (size_t r = 0; r < m->sum->n_runs; r++) {
        buf_adds(&b, r ? ", " : "");
        buf_addstr(&b, m->sum->runs[r].name);
        buf_adds(&b, r >= m->n_runs ? " (published)" : "");
    }
    if (carat_store_scoring(m->store))
        buf_printf(&b, "; scoring: %s", carat_store_scoring(m->store));
    return keep_buf(m, &b);
}

/* The figure of groups, where there are any, and the one of benchmarks: which there are does not depend on the metric. */
static enum carat_err draw(struct maker *m, const struct figure_style *style, struct carat_figure *figures, size_t *n,
                           struct err *err)
{
    enum carat_err rc = CARAT_OK;
    size_t drawn = 0;
    for (size_t v = 0; v < m->n_views && !rc; v++) {
        for (int each = 0; each < 2 && !rc; each++) {
            struct figure_style s = {.title = each ? NULL : style->title, .per_benchmark = each};
            rc = summary_figure(m->views[v].sum, &s, &m->arena, &figures[drawn], err);
            if (!rc)
                drawn++;
            else if (rc == CARAT_EINPUT)
                rc = CARAT_OK;
        }
    }
    *n = drawn / m->n_views;
    return rc;
}

static void add_section(struct carat_page_info *info, struct carat_page_section *sections, struct carat_page_section section)
{
    if (section.html.n || section.by_view)
        sections[info->n_sections++] = section;
}

enum { SECTIONS = 5 };

/* All that stands above the items. */
static enum carat_err add_sections(struct maker *m, struct carat_page_info *info, struct carat_page_section sections[SECTIONS],
                                   struct err *err)
{
    struct buf warnings = BUF_INIT(1 << 20);
    struct str compared = STR(""), outcomes, facts, details, *scores = arena_calloc(&m->arena, m->n_views, sizeof *scores);
    enum carat_err rc = scores ? scores_html(m, scores, err) : err_nomem(err, "the page");
    if (!rc && m->n_runs == 2)
        rc = comparison_html(m, &compared, err);
    if (!rc)
        rc = outcomes_html(m, &outcomes, err);
    if (!rc)
        rc = carat_store_runs(m->store, note_run, m, err);
    if (!rc)
        rc = facts_html(m, &facts, err);
    if (!rc)
        rc = read_tasks(m, &details, err);
    if (!rc && summary_warnings(m->sum, false, &warnings))
        rc = err_nomem(err, "the warnings");
    if (!rc) {
        add_section(info, sections, (struct carat_page_section){.heading = STR("Scores"), .by_view = scores});
        add_section(info, sections, (struct carat_page_section){.heading = STR("Compared on the same items"), .html = compared});
        add_section(info, sections, (struct carat_page_section){.heading = STR("Outcomes"), .html = outcomes});
        add_section(info, sections, (struct carat_page_section){.heading = STR("The runs: settings, hashes, versions"),
                                                                .html = facts, .folded = true});
        add_section(info, sections, (struct carat_page_section){.heading = STR("The benchmarks: data and effort"),
                                                                .html = details, .folded = true});
        info->warnings = keep_buf(m, &warnings);
    }
    buf_release(&warnings);
    return rc;
}

/* Names of views, runs and tasks. */
static enum carat_err add_names(struct maker *m, struct carat_page_info *info, struct err *err)
{
    struct str *views = arena_calloc(&m->arena, m->n_views, sizeof *views);
    struct str *names = arena_calloc(&m->arena, m->n_runs + 1, sizeof *names);
    struct carat_page_task *tasks = arena_calloc(&m->arena, m->n_tasks + 1, sizeof *tasks);
    info->subtitle = names_of(m);
    if (m->failed || !views || !names || !tasks)
        return err_nomem(err, "the page");
    for (size_t v = 0; v < m->n_views; v++)
        views[v] = m->views[v].name;
    for (size_t r = 0; r < m->n_runs; r++)
        names[r] = m->sum->runs[r].name;
    for (size_t t = 0; t < m->n_tasks; t++)
        tasks[t] = (struct carat_page_task){m->tasks[t].name, m->tasks[t].parent, m->tasks[t].title};
    info->views = views;
    info->n_views = m->n_views;
    info->runs = names;
    info->n_runs = m->n_runs;
    info->tasks = tasks;
    info->n_tasks = m->n_tasks;
    return CARAT_OK;
}

static enum carat_err make(struct maker *m, const struct figure_style *style, struct buf *out, struct err *err)
{
    struct carat_figure *figures = arena_calloc(&m->arena, 2 * m->n_views, sizeof *figures);
    struct carat_page_section sections[SECTIONS];
    struct carat_page *page = NULL;
    struct carat_page_info info = {.title = str_from(style->title ? style->title : "Evaluation report"),
                                   .figures = figures,
                                   .sections = sections};
    enum carat_err rc = figures ? draw(m, style, figures, &info.n_figures, err) : err_nomem(err, "the page");
    if (!rc)
        rc = add_sections(m, &info, sections, err);
    if (!rc)
        rc = add_names(m, &info, err);
    if (!rc)
        rc = carat_page_new(&info, &page, err);
    if (!rc)
        rc = page_add_items(&(struct page_items){m->store, m->tasks, m->n_tasks, m->n_runs}, page, err);
    if (!rc)
        rc = carat_page_finish(page, out, err);
    carat_page_free(page);
    return rc;
}

enum carat_err summary_page(struct carat_store *store, const struct page_view *views, size_t n_views,
                            const struct figure_style *style, struct buf *out, struct err *err)
{
    const struct summary *sum = views[0].sum;
    if (sum->n_measured > PAGE_RUNS_MAX) {
        err_set(err, CARAT_EUNSUPPORTED, "a page of %zu runs: at most %d", sum->n_measured, PAGE_RUNS_MAX);
        return err_hint(err, "name the ones to show");
    }
    struct maker m = {.store = store, .views = views, .n_views = n_views, .sum = sum, .n_runs = sum->n_measured, .arena = ARENA_INIT};
    m.facts = calloc(PAGE_RUNS_MAX, sizeof *m.facts);
    enum carat_err rc = m.facts ? make(&m, style, out, err) : err_nomem(err, "the page");
    for (size_t r = 0; m.facts && r < PAGE_RUNS_MAX; r++)
        json_decref(m.facts[r].settings);
    free(m.facts);
    free(m.tasks);
    arena_release(&m.arena);
    return rc;
}
