/* The page of some runs. Tasks of several runs are one task of the page where all that decides what is asked is
 * the same; its items are read in stretches of indices, from each run in turn, and joined by their index, so that
 * memory holds one stretch, however many items there are. */
#include "page.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "compare.h"

enum { STRETCH = 500, RUNS_MAX = 8 };

struct page_task {
    struct str name, parent, title, data_sha256;
    int version, shots;
    int64_t of[RUNS_MAX];     /* the store's number in each run; 0: it was not run */
};

struct grid { /* cells of a table, a row after the other */
    struct str *cells;
    size_t n, cap;
};

struct maker {
    struct carat_store *store;
    const struct summary *sum;
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

static enum carat_err scores_html(struct maker *m, struct str *html, struct err *err)
{
    struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
    enum carat_err rc = summary_table(m->sum, CARAT_TABLE_HTML, &out, err);
    *html = keep_buf(m, &out);
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
    struct carat_column columns[RUNS_MAX + 1] = {{STR("fact"), CARAT_LEFT}};
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

/* ---- items ---- */

/* A stretch of a task's items: what was asked, and each run's answers. */
struct slot {
    json_t *item;             /* NULL: no run has it */
    struct str id, prefix, snippet; /* owned by the stretch's arena */
    char outcomes[RUNS_MAX + 1];
};
struct stretch {
    struct slot slots[STRETCH];
    int64_t base, next;       /* its first index; the least seen behind it, INT64_MAX: none */
    size_t run, n_runs;
    struct arena arena;
    bool failed;
};

/* What was asked: the part of an item that runs share. */
static json_t *ask_json(const struct carat_item_record *item)
{
    json_t *o = json_object();
    if (item->prompts) {
        json_t *prompts = json_array();
        for (size_t i = 0; i < item->n_choices; i++)
            json_array_append_new(prompts, json_text(item->prompts[i]));
        json_object_set_new(o, "ps", prompts);
    } else {
        json_object_set_new(o, "p", json_text(item->prompt));
    }
    json_object_set_new(o, "t", json_text(item->target));
    if (item->gold >= 0)
        json_object_set_new(o, "g", json_integer(item->gold));
    if (item->n_choices) {
        json_t *choices = json_array();
        for (size_t i = 0; i < item->n_choices; i++)
            json_array_append_new(choices, json_text(item->choices[i].continuation));
        json_object_set_new(o, "c", choices);
    }
    return o;
}

static json_t *sample_json(const struct carat_sample_record *s)
{
    json_t *verdict = NULL, *o = json_object();
    json_object_set_new(o, "text", json_text(s->text));
    json_object_set_new(o, "finish", json_text(s->finish));
    if (s->verdict.n && !json_read(s->verdict, "verdict", 0, &verdict, NULL))
        json_object_set_new(o, "verdict", verdict);
    return o;
}

static char outcome_letter(enum carat_outcome outcome)
{
    static const char letters[] = {[CARAT_RIGHT] = 'R',   [CARAT_WRONG] = 'W', [CARAT_UNPARSED] = 'U',
                                   [CARAT_CUT_OFF] = 'C', [CARAT_EMPTY] = 'E', [CARAT_REFUSED] = 'F'};
    return letters[outcome];
}

static json_t *answer_json(const struct carat_item_record *item)
{
    json_t *o = json_object(), *metrics = json_array();
    json_object_set_new(o, "o", json_sprintf("%c", outcome_letter(item->outcome)));
    for (size_t i = 0; i < item->n_metrics; i++)
        json_array_append_new(metrics, json_pack("[o, o]", json_text(item->metrics[i].name),
                                                 json_real_or_null(item->metrics[i].value)));
    json_object_set_new(o, "m", metrics);
    json_object_set_new(o, "k", json_integer((json_int_t)item->context_tokens));
    if (item->message.n)
        json_object_set_new(o, "msg", json_text(item->message));
    if (item->n_choices && item->outcome != CARAT_REFUSED) {
        json_t *sums = json_array(), *tokens = json_array();
        for (size_t i = 0; i < item->n_choices; i++) {
            json_array_append_new(sums, json_real(isfinite(item->choices[i].logprob) ? item->choices[i].logprob : -1e9));
            json_array_append_new(tokens, json_integer((json_int_t)item->choices[i].n_ids));
        }
        json_object_set_new(o, "l", sums);
        json_object_set_new(o, "n", tokens);
    }
    if (item->n_samples) {
        json_t *samples = json_array();
        for (size_t i = 0; i < item->n_samples; i++)
            json_array_append_new(samples, sample_json(&item->samples[i]));
        json_object_set_new(o, "s", samples);
    }
    if (item->n_answers) {
        json_t *answers = json_array();
        for (size_t i = 0; i < item->n_answers; i++)
            json_array_append_new(answers, json_pack("[i, o, o]", item->answers[i].sample,
                                                     json_text(item->answers[i].filter),
                                                     json_text(item->answers[i].answer)));
        json_object_set_new(o, "a", answers);
    }
    return o;
}

static struct str keep_here(struct stretch *s, struct str text)
{
    char *p = arena_dup(&s->arena, text.p, text.n);
    s->failed |= !p;
    return (struct str){p ? p : "", p ? text.n : 0};
}

/* Was it asked as the first run was? */
static bool asked_alike(const struct slot *slot, const struct carat_item_record *item, const json_t *ask)
{
    const char *key;
    json_t *value;
    bool alike = str_eq(slot->prefix, item->prefix);
    json_object_foreach((json_t *)(uintptr_t)ask, key, value)
        alike &= json_equal(value, json_object_get(slot->item, key));
    return alike;
}

static bool take_item(void *context, const struct carat_item_record *item)
{
    struct stretch *s = context;
    if (item->index >= s->base + STRETCH) {
        s->next = item->index < s->next ? item->index : s->next;
        return false;
    }
    struct slot *slot = &s->slots[item->index - s->base];
    json_t *ask = ask_json(item), *answer = answer_json(item);
    if (!slot->item) {
        slot->item = json_incref(ask);
        slot->id = keep_here(s, item->id);
        slot->prefix = keep_here(s, item->prefix);
        slot->snippet = keep_here(s, item->prompts ? item->prompts[0] : item->prompt);
        json_object_set_new(slot->item, "r", json_array());
        memset(slot->outcomes, '-', s->n_runs);
    } else if (!asked_alike(slot, item, ask)) {
        json_object_set_new(ask, "f", json_text(item->prefix));
        json_object_set(answer, "ask", ask);
    }
    json_t *runs = json_object_get(slot->item, "r");
    while (json_array_size(runs) < s->run)
        json_array_append_new(runs, json_null());
    s->failed |= json_array_append_new(runs, answer) != 0;
    slot->outcomes[s->run] = outcome_letter(item->outcome);
    json_decref(ask);
    return !s->failed;
}

static enum carat_err write_stretch(struct stretch *s, size_t task, struct carat_page *page, struct err *err)
{
    enum carat_err rc = s->failed ? err_nomem(err, "the page's items") : CARAT_OK;
    for (size_t i = 0; i < STRETCH; i++) {
        struct slot *slot = &s->slots[i];
        if (!slot->item)
            continue;
        json_t *runs = json_object_get(slot->item, "r");
        while (json_array_size(runs) < s->n_runs && !json_array_append_new(runs, json_null()))
            ;
        const struct carat_page_item item = {.task = task,
                                             .id = slot->id,
                                             .outcomes = slot->outcomes,
                                             .prefix = slot->prefix,
                                             .snippet = slot->snippet,
                                             .item = slot->item};
        if (!rc)
            rc = carat_page_item(page, &item, err);
        json_decref(slot->item);
    }
    memset(s->slots, 0, sizeof s->slots);
    arena_reset(&s->arena);
    return rc;
}

static enum carat_err add_items(struct maker *m, struct carat_page *page, struct err *err)
{
    struct stretch *s = calloc(1, sizeof *s);
    if (!s)
        return err_nomem(err, "the page's items");
    s->n_runs = m->n_runs;
    enum carat_err rc = CARAT_OK;
    for (size_t t = 0; t < m->n_tasks && !rc; t++) {
        for (s->next = 0; s->next != INT64_MAX && !rc;) {
            s->base = s->next;
            s->next = INT64_MAX;
            for (s->run = 0; s->run < m->n_runs && !rc; s->run++)
                if (m->tasks[t].of[s->run])
                    rc = carat_store_items(m->store, m->tasks[t].of[s->run], s->base, 0, take_item, s, err);
            enum carat_err written = write_stretch(s, t, page, err);
            rc = rc ? rc : written;
        }
    }
    arena_release(&s->arena);
    free(s);
    return rc;
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

/* The figure of groups, where there are any, and the one of benchmarks. */
static enum carat_err draw(struct maker *m, const struct figure_style *style, struct carat_figure figures[2], size_t *n,
                           struct err *err)
{
    enum carat_err rc = CARAT_OK;
    *n = 0;
    for (int each = 0; each < 2 && !rc; each++) {
        struct figure_style s = {.title = each ? NULL : style->title, .per_benchmark = each};
        rc = summary_figure(m->sum, &s, &m->arena, &figures[*n], err);
        if (!rc)
            ++*n;
        else if (rc == CARAT_EINPUT)
            rc = CARAT_OK;
    }
    return rc;
}

static enum carat_err make(struct maker *m, const struct figure_style *style, struct buf *out, struct err *err)
{
    struct carat_figure figures[2];
    struct carat_page_section sections[5];
    struct carat_page *page = NULL;
    struct buf warnings = BUF_INIT(1 << 20);
    struct carat_page_info info = {.title = str_from(style->title ? style->title : "Evaluation report"),
                                   .figures = figures,
                                   .sections = sections};
    struct str scores, compared = STR(""), outcomes, facts, details;
    enum carat_err rc = draw(m, style, figures, &info.n_figures, err);
    if (!rc)
        rc = scores_html(m, &scores, err);
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
    if (rc)
        goto out;
    sections[info.n_sections++] = (struct carat_page_section){STR("Scores"), scores, false};
    if (compared.n)
        sections[info.n_sections++] = (struct carat_page_section){STR("Compared on the same items"), compared, false};
    sections[info.n_sections++] = (struct carat_page_section){STR("Outcomes"), outcomes, false};
    sections[info.n_sections++] = (struct carat_page_section){STR("The runs: settings, hashes, versions"), facts, true};
    sections[info.n_sections++] = (struct carat_page_section){STR("The benchmarks: data and effort"), details, true};
    info.warnings = keep_buf(m, &warnings);
    info.subtitle = names_of(m);
    struct str *names = arena_calloc(&m->arena, m->n_runs + 1, sizeof *names);
    struct carat_page_task *tasks = arena_calloc(&m->arena, m->n_tasks + 1, sizeof *tasks);
    if (m->failed || !names || !tasks) {
        rc = err_nomem(err, "the page");
        goto out;
    }
    for (size_t r = 0; r < m->n_runs; r++)
        names[r] = m->sum->runs[r].name;
    for (size_t t = 0; t < m->n_tasks; t++)
        tasks[t] = (struct carat_page_task){m->tasks[t].name, m->tasks[t].parent, m->tasks[t].title};
    info.runs = names;
    info.n_runs = m->n_runs;
    info.tasks = tasks;
    info.n_tasks = m->n_tasks;
    rc = carat_page_new(&info, &page, err);
    if (!rc)
        rc = add_items(m, page, err);
    if (!rc)
        rc = carat_page_finish(page, out, err);
out:
    carat_page_free(page);
    buf_release(&warnings);
    return rc;
}

enum carat_err summary_page(struct carat_store *store, const struct summary *sum, const struct figure_style *style,
                            struct buf *out, struct err *err)
{
    if (sum->n_measured > RUNS_MAX) {
        err_set(err, CARAT_EUNSUPPORTED, "a page of %zu runs: at most %d", sum->n_measured, RUNS_MAX);
        return err_hint(err, "name the ones to show");
    }
    struct maker m = {.store = store, .sum = sum, .n_runs = sum->n_measured, .arena = ARENA_INIT};
    m.facts = calloc(RUNS_MAX, sizeof *m.facts);
    enum carat_err rc = m.facts ? make(&m, style, out, err) : err_nomem(err, "the page");
    for (size_t r = 0; m.facts && r < RUNS_MAX; r++)
        json_decref(m.facts[r].settings);
    free(m.facts);
    free(m.tasks);
    arena_release(&m.arena);
    return rc;
}
