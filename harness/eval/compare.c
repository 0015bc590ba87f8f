/* Two runs joined: tasks paired, items paired.
 *
 * Tasks are paired in two rounds. First those that are the same in all that decides a score; then what is left, by
 * name: these were meant to be the same and are not, so the comparison is refused with the difference named. A
 * task that one run alone has is left out and noted. Items come from the store in index order, so two lists
 * are merged as they are read. */
#include "compare.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "compare_int.h"
#include "leaf_score.h"

/* ---- the tasks of a run --------------------------------------------------------------------------------- */

struct task {
    int64_t id;
    struct str name, parent, title, metric, settings, data_sha256;
    int version, shots;
    bool lower_is_better, taken;
};
struct task_list {
    struct task *items;
    size_t n;
    struct comparison *c;
    const struct compare_options *o;
    bool failed;
};

/* Is `word` "mmlu_stem", where parent is "mmlu" and subgroup "stem"? */
static bool names_subgroup(struct str word, const struct carat_task_row *row)
{
    return row->subgroup.n && word.n == row->parent.n + 1 + row->subgroup.n && str_starts(word, row->parent) &&
           word.p[row->parent.n] == '_' && str_ends(word, row->subgroup);
}

static bool is_wanted(const struct compare_options *o, const struct carat_task_row *row)
{
    for (size_t i = 0; i < o->n_tasks; i++) {
        struct str word = str_from(o->tasks[i]);
        if (str_eq(word, STR("all")) || str_eq(word, row->name) || str_eq(word, row->parent) || names_subgroup(word, row))
            return true;
    }
    return o->n_tasks == 0;
}

/* F1, a perplexity: no score of an item's own, and none of two runs to be paired. */
static bool note_no_mean(struct task_list *l, const struct carat_task_row *row)
{
    struct buf text = BUF_INIT(1 << 14);
    buf_printf(&text, "%.*s: not compared, as its %.*s is no mean of what its items score", (int)row->name.n, row->name.p,
               (int)row->headline.n, row->headline.p);
    for (size_t i = 0; i < l->c->n_notes && !buf_failed(&text); i++) { /* the other run has said it */
        if (str_eq(l->c->notes[i], buf_str(&text))) {
            buf_release(&text);
            return true;
        }
    }
    l->failed = compare_note(l->c, &text, NULL) != CARAT_OK;
    return !l->failed;
}

static bool take_task(void *context, const struct carat_task_row *row)
{
    struct task_list *l = context;
    if (row->n_items == 0 || !is_wanted(l->o, row))
        return true;
    const struct leaf_metric_kind kind = leaf_metric_kind(row->settings, row->headline);
    if (!kind.mean)
        return note_no_mean(l, row);
    struct task *p = realloc(l->items, (l->n + 1) * sizeof *p);
    if (!p) {
        l->failed = true;
        return false;
    }
    l->items = p;
    p[l->n] = (struct task){.id = row->id,
                            .name = compare_keep(l->c, row->name),
                            .parent = compare_keep(l->c, row->parent),
                            .title = compare_keep(l->c, row->title),
                            .metric = compare_keep(l->c, row->headline),
                            .settings = compare_keep(l->c, row->settings),
                            .data_sha256 = compare_keep(l->c, row->data_sha256),
                            .version = row->version,
                            .shots = row->shots,
                            .lower_is_better = kind.lower_is_better};
    const struct task *t = &p[l->n++];
    l->failed = !t->name.p || !t->parent.p || !t->title.p || !t->metric.p || !t->settings.p || !t->data_sha256.p;
    return !l->failed;
}

/* Appends what of two tasks of one name is not the same; nothing when they can be compared. */
static void add_differences(const struct task *a, const struct task *b, struct buf *out)
{
    size_t before = out->n;
    if (a->shots != b->shots)
        buf_printf(out, ", %d shots in A and %d in B", a->shots, b->shots);
    if (a->version != b->version)
        buf_printf(out, ", task version %d in A and %d in B", a->version, b->version);
    else if (!str_eq(a->settings, b->settings))
        buf_adds(out, ", other settings of the task (stops, filters, metrics, delimiters)");
    if (!str_eq(a->data_sha256, b->data_sha256))
        buf_printf(out, ", another data file (SHA-256 %.*s... in A, %.*s... in B)", a->data_sha256.n < 8 ? 0 : 8,
                   a->data_sha256.p, b->data_sha256.n < 8 ? 0 : 8, b->data_sha256.p);
    if (!str_eq(a->metric, b->metric))
        buf_printf(out, ", headline metric %.*s in A and %.*s in B", (int)a->metric.n, a->metric.p, (int)b->metric.n,
                   b->metric.p);
    if (out->n > before && !buf_failed(out)) /* after the name comes a colon, not the first one's comma */
        out->p[before] = ':';
}

/* Refuses, or with `force` says so among the notes. Takes `what` over. */
static enum carat_err differ(struct comparison *c, const struct compare_options *o, struct buf *what, struct err *err)
{
    enum carat_err rc;
    struct buf text = BUF_INIT(1 << 16);
    if (o->force) {
        buf_printf(&text, "FORCED, the scores may not be comparable: %s", buf_str(what).p);
        c->forced = true;
        rc = compare_note(c, &text, err);
    } else {
        compare_add_plain(&text, buf_str(what));
        rc = err_set(err, CARAT_EINPUT, "A and B were not asked the same: %s", buf_str(&text).p);
        err_hint(err, "run both alike, choose tasks with -t, or compare nevertheless with --force");
    }
    buf_release(&text);
    buf_release(what);
    return rc;
}

/* ---- the items of a task --------------------------------------------------------------------------------- */

struct item {
    int64_t index;
    char row[SHA256_HEX], asked[SHA256_HEX];
    enum carat_outcome outcome;
    double score;             /* NaN: none */
    bool shares;
    int64_t cluster;
};
struct item_list {
    struct item *items;
    size_t n, cap;
    struct str metric;
    struct comparison *c;     /* keeps ... */
    struct str clusters;      /* ... what items share */
    bool failed;
};

static void hash_text(struct sha256 *h, struct str s)
{
    uint64_t n = s.n; /* lengths between, so that texts cannot run into each other */
    sha256_update(h, &n, sizeof n);
    sha256_update(h, s.p, s.n);
}

static bool hash_asked(const struct carat_item_record *r, char out[SHA256_HEX])
{
    struct sha256 *h = sha256_new();
    struct buf context = BUF_INIT(BUF_MAX_DEFAULT);
    if (!h)
        return false;
    buf_addstr(&context, r->prefix); /* where the shots end and the item begins does not matter to the model */
    if (!r->prompts)
        buf_addstr(&context, r->prompt);
    hash_text(h, buf_str(&context));
    for (size_t i = 0; i < r->n_choices; i++) {
        if (r->prompts)
            hash_text(h, r->prompts[i]);
        hash_text(h, r->choices[i].continuation);
    }
    sha256_finish(h, out);
    bool ok = !buf_failed(&context);
    buf_release(&context);
    return ok;
}

static double score_of(const struct carat_item_record *r, struct str metric)
{
    for (size_t i = 0; i < r->n_metrics; i++)
        if (str_eq(r->metrics[i].name, metric) && r->outcome != CARAT_REFUSED)
            return r->metrics[i].value;
    return NAN;
}

static bool take_item(void *context, const struct carat_item_record *r)
{
    struct item_list *l = context;
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 256;
        struct item *p = realloc(l->items, cap * sizeof *p);
        if (!p) {
            l->failed = true;
            return false;
        }
        l->items = p;
        l->cap = cap;
    }
    struct item *item = &l->items[l->n++];
    *item = (struct item){.index = r->index,
                          .outcome = r->outcome,
                          .score = score_of(r, l->metric),
                          .shares = r->cluster_of.n > 0,
                          .cluster = r->cluster};
    if (item->shares && !l->clusters.n)
        l->clusters = compare_keep(l->c, r->cluster_of);
    memcpy(item->row, r->row_sha256.p, r->row_sha256.n < SHA256_HEX ? r->row_sha256.n : SHA256_HEX - 1);
    l->failed = !hash_asked(r, item->asked);
    return !l->failed;
}

static enum carat_err read_items(struct carat_store *st, int64_t task, struct compare_bench *b, struct comparison *c,
                                 struct item_list *out, struct err *err)
{
    *out = (struct item_list){.metric = b->metric, .c = c};
    enum carat_err rc = carat_store_items(st, task, 0, 0, take_item, out, err);
    if (out->clusters.n)
        b->clusters = out->clusters;
    return !rc && out->failed ? err_nomem(err, "the items") : rc;
}

/* ---- joining ---------------------------------------------------------------------------------------------- */

struct join {
    struct carat_store *st;
    struct comparison *c;
    const struct compare_options *o;
    int64_t first_row, first_prompt; /* of this leaf, the first item that differs */
};

static bool join_item(struct join *j, struct compare_bench *b, size_t leaf, const struct item *x, const struct item *y)
{
    if (strcmp(x->row, y->row) != 0) {
        if (b->rows_differ++ == 0 || j->first_row < 0)
            j->first_row = x->index;
        return true;
    }
    bool refused = x->outcome == CARAT_REFUSED || y->outcome == CARAT_REFUSED; /* its requests may not be stored */
    if (!refused && strcmp(x->asked, y->asked) != 0) {
        b->prompts_differ++;
        if (j->first_prompt < 0)
            j->first_prompt = x->index;
    }
    b->outcomes[SIDE_A][x->outcome]++;
    b->outcomes[SIDE_B][y->outcome]++;
    if (isnan(x->score) || isnan(y->score)) {
        b->unscored++;
        return true;
    }
    /* grown by doubling: a power of two is full */
    if ((b->n_items & (b->n_items - 1)) == 0) {
        size_t cap = b->n_items ? 2 * b->n_items : 1;
        struct compare_item *p = realloc(b->items, cap * sizeof *p);
        if (!p)
            return false;
        b->items = p;
    }
    b->items[b->n_items++] = (struct compare_item){.leaf = leaf,
                                                   .index = x->index,
                                                   .score = {x->score, y->score},
                                                   .shares = x->shares || y->shares,
                                                   .cluster = x->shares ? x->cluster : y->cluster};
    return true;
}

static enum carat_err merge_items(struct join *j, struct compare_bench *b, size_t leaf, const struct item_list *x,
                                  const struct item_list *y, struct err *err)
{
    size_t p = 0, q = 0;
    while (p < x->n || q < y->n) {
        if (q == y->n || (p < x->n && x->items[p].index < y->items[q].index)) {
            b->alone[SIDE_A]++;
            p++;
        } else if (p == x->n || y->items[q].index < x->items[p].index) {
            b->alone[SIDE_B]++;
            q++;
        } else if (!join_item(j, b, leaf, &x->items[p++], &y->items[q++])) {
            return err_nomem(err, "the items");
        }
    }
    return CARAT_OK;
}

static enum carat_err check_items(struct join *j, const struct compare_leaf *leaf, struct err *err)
{
    struct buf what = BUF_INIT(1 << 14);
    buf_printf(&what, "%.*s", (int)leaf->name.n, leaf->name.p);
    if (j->first_row >= 0)
        buf_printf(&what, ": another row of data, first at item %" PRId64, j->first_row);
    else
        buf_printf(&what, ": another prompt (few-shot examples, description or template), first at item %" PRId64,
                   j->first_prompt);
    return differ(j->c, j->o, &what, err);
}

static enum carat_err join_leaf(struct join *j, struct compare_bench *b, size_t n, struct err *err)
{
    struct item_list x = {0}, y = {0};
    const struct compare_leaf *leaf = &b->leaves[n];
    j->first_row = j->first_prompt = -1;
    enum carat_err rc = read_items(j->st, leaf->task[SIDE_A], b, j->c, &x, err);
    if (!rc)
        rc = read_items(j->st, leaf->task[SIDE_B], b, j->c, &y, err);
    if (!rc)
        rc = merge_items(j, b, n, &x, &y, err);
    if (!rc && (j->first_row >= 0 || j->first_prompt >= 0))
        rc = check_items(j, leaf, err);
    free(x.items);
    free(y.items);
    return rc;
}

/* ---- pairing tasks ------------------------------------------------------------------------------------------ */

/* The benchmark that a task belongs to, as summary.c pools: made when it is not there yet. */
static struct compare_bench *bench_of(struct comparison *c, const struct task *t)
{
    struct str name = t->parent.n ? t->parent : t->name;
    for (size_t i = 0; i < c->n_benches; i++) {
        struct compare_bench *b = &c->benches[i];
        if (t->parent.n && str_eq(b->name, name) && b->shots == t->shots && b->version == t->version &&
            str_eq(b->metric, t->metric))
            return b;
    }
    struct compare_bench *p = realloc(c->benches, (c->n_benches + 1) * sizeof *p);
    if (!p)
        return NULL;
    c->benches = p;
    p[c->n_benches] = (struct compare_bench){
        .name = name, .title = t->title, .metric = t->metric, .shots = t->shots, .version = t->version,
        .lower_is_better = t->lower_is_better};
    return &p[c->n_benches++];
}

static struct str delimiter_of(struct comparison *c, struct str settings)
{
    json_t *json = NULL;
    struct str text = STR("");
    if (!json_read(settings, "settings", 0, &json, NULL) && json_get_str(json, "delimiter", &text))
        text = compare_keep(c, text);
    json_decref(json);
    return text.p ? text : STR("");
}

static enum carat_err add_leaf(struct comparison *c, struct task *a, struct task *b, struct err *err)
{
    struct compare_bench *bench = bench_of(c, a);
    struct compare_leaf *p = bench ? realloc(bench->leaves, (bench->n_leaves + 1) * sizeof *p) : NULL;
    if (!p)
        return err_nomem(err, "a comparison");
    bench->leaves = p;
    p[bench->n_leaves++] = (struct compare_leaf){a->name, delimiter_of(c, a->settings), {a->id, b->id}};
    a->taken = b->taken = true;
    return CARAT_OK;
}

static enum carat_err pair_with(struct join *j, struct task *a, struct task_list *others, bool same, struct err *err)
{
    for (size_t i = 0; i < others->n; i++) {
        struct task *b = &others->items[i];
        if (b->taken || !str_eq(a->name, b->name))
            continue;
        struct buf what = BUF_INIT(1 << 14);
        buf_printf(&what, "%.*s", (int)a->name.n, a->name.p);
        add_differences(a, b, &what);
        bool equal = what.n == a->name.n;
        enum carat_err rc = equal || same ? CARAT_OK : differ(j->c, j->o, &what, err);
        buf_release(&what);
        if (rc || equal || !same)
            return rc ? rc : add_leaf(j->c, a, b, err);
    }
    return CARAT_OK;
}

static enum carat_err note_alone(struct comparison *c, const struct task_list *l, char side, struct err *err)
{
    size_t n = 0;
    struct buf text = BUF_INIT(1 << 20);
    for (size_t i = 0; i < l->n; i++) {
        const struct task *t = &l->items[i];
        if (!t->taken && n++ < 12)
            buf_printf(&text, "%s%.*s (%d-shot)", n > 1 ? ", " : "left out, in one run alone: ", (int)t->name.n, t->name.p,
                       t->shots);
    }
    if (n > 12)
        buf_printf(&text, " and %zu more", n - 12);
    if (n == 0)
        return CARAT_OK;
    buf_printf(&text, " (%c)", side);
    return compare_note(c, &text, err);
}

static enum carat_err pair_tasks(struct join *j, struct task_list *a, struct task_list *b, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; i < a->n && !rc; i++)
        rc = pair_with(j, &a->items[i], b, true, err);
    for (size_t i = 0; i < a->n && !rc; i++)
        if (!a->items[i].taken)
            rc = pair_with(j, &a->items[i], b, false, err);
    if (!rc && !j->c->n_benches) {
        rc = err_set(err, CARAT_EINPUT, "A and B have no task in common%s%s", j->o->n_tasks ? " among those chosen" : "",
                     j->c->n_notes ? " whose score is a mean of its items'" : "");
        err_hint(err, "'carat report' shows what each run has");
    }
    if (!rc)
        rc = note_alone(j->c, a, 'A', err);
    return rc ? rc : note_alone(j->c, b, 'B', err);
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

struct run_facts {
    struct comparison *c;
    const int64_t *ids;
    bool failed;
};

static bool take_run(void *context, const struct carat_run_row *row)
{
    struct run_facts *f = context;
    for (int side = SIDE_A; side <= SIDE_B; side++) {
        if (row->id != f->ids[side])
            continue;
        f->c->runs[side].id = row->id;
        f->c->runs[side].name = compare_keep(f->c, row->model_name);
        f->failed |= !f->c->runs[side].name.p;
        json_read(row->settings, "settings", 0, &f->c->runs[side].settings, NULL); /* notes alone need it */
    }
    return !f->failed;
}

static enum carat_err load_tasks(struct join *j, const int64_t runs[2], struct err *err)
{
    struct task_list l[2] = {{.c = j->c, .o = j->o}, {.c = j->c, .o = j->o}};
    enum carat_err rc = CARAT_OK;
    for (int side = SIDE_A; side <= SIDE_B && !rc; side++) {
        rc = carat_store_tasks(j->st, runs[side], take_task, &l[side], err);
        if (!rc && l[side].failed)
            rc = err_nomem(err, "the tasks");
    }
    if (!rc)
        rc = pair_tasks(j, &l[SIDE_A], &l[SIDE_B], err);
    free(l[SIDE_A].items);
    free(l[SIDE_B].items);
    return rc;
}

enum carat_err compare_load(struct carat_store *st, const int64_t runs[2], const struct compare_options *o,
                            struct comparison *out, struct err *err)
{
    *out = (struct comparison){.arena = ARENA_INIT, .seed = o->seed};
    struct run_facts facts = {.c = out, .ids = runs};
    struct join j = {.st = st, .c = out, .o = o};
    enum carat_err rc = carat_store_runs(st, take_run, &facts, err);
    if (!rc && facts.failed)
        rc = err_nomem(err, "the runs");
    if (!rc)
        rc = load_tasks(&j, runs, err);
    for (size_t i = 0; i < out->n_benches && !rc; i++)
        for (size_t k = 0; k < out->benches[i].n_leaves && !rc; k++)
            rc = join_leaf(&j, &out->benches[i], k, err);
    for (size_t i = 0; i < out->n_benches && !rc; i++)
        rc = compare_judge(&out->benches[i], o, err);
    if (!rc)
        rc = compare_judge_together(out, err);
    if (!rc)
        rc = compare_add_notes(out, err);
    if (rc)
        compare_release(out);
    return rc;
}

void compare_release(struct comparison *c)
{
    for (size_t i = 0; i < c->n_benches; i++) {
        free(c->benches[i].leaves);
        free(c->benches[i].items);
    }
    free(c->benches);
    json_decref(c->runs[SIDE_A].settings);
    json_decref(c->runs[SIDE_B].settings);
    arena_release(&c->arena);
    *c = (struct comparison){.arena = ARENA_INIT};
}
