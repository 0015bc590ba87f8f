/* Two runs joined: tasks paired, items paired, statistics over the pairs.
 *
 * Tasks are paired in two rounds. First those that are the same in all that decides a score; then what is left, by
 * name: these were meant to be the same and are not, so the comparison is refused with the difference named. A
 * task that one run alone has is left out and noted. Items come from the store in index order, so two lists
 * are merged as they are read. */
#include "compare.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static const struct stats_power HARDEST = {0.05, 0.80}; /* alpha is divided by the number of tests */

/* ---- small things ------------------------------------------------------------------------------------ */

static struct str keep(struct comparison *c, struct str s)
{
    char *p = arena_dup(&c->arena, s.p, s.n);
    return (struct str){p, p ? s.n : 0};
}

static enum carat_err note(struct comparison *c, struct buf *text, struct err *err)
{
    struct str *p = arena_calloc(&c->arena, c->n_notes + 1, sizeof *p); /* a few notes: the old list may lie */
    struct buf plain = BUF_INIT(1 << 21);
    compare_add_plain(&plain, buf_str(text));
    struct str copy = keep(c, buf_str(&plain));
    bool failed = buf_failed(text) || buf_failed(&plain);
    buf_release(&plain);
    buf_release(text);
    if (!p || !copy.p || failed)
        return err_nomem(err, "a comparison");
    if (c->n_notes)
        memcpy(p, c->notes, c->n_notes * sizeof *p);
    p[c->n_notes++] = copy;
    c->notes = p;
    return CARAT_OK;
}

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
    l->failed = note(l->c, &text, NULL) != CARAT_OK;
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
                            .name = keep(l->c, row->name),
                            .parent = keep(l->c, row->parent),
                            .title = keep(l->c, row->title),
                            .metric = keep(l->c, row->headline),
                            .settings = keep(l->c, row->settings),
                            .data_sha256 = keep(l->c, row->data_sha256),
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
        rc = note(c, &text, err);
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
        l->clusters = keep(l->c, r->cluster_of);
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
        text = keep(c, text);
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
    return note(c, &text, err);
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

/* ---- statistics ---------------------------------------------------------------------------------------------- */

struct columns {              /* a benchmark's items as the statistics want them */
    double *score[2], *difference;
    size_t *leaf;             /* item's */
    size_t *cluster;          /* within the leaves */
    size_t n_clusters;
};

struct place {                /* of an item among the clusters */
    size_t leaf, item;
    int64_t cluster;
    bool shares;
};

static int compare_places(const void *pa, const void *pb)
{
    const struct place *a = pa, *b = pb;
    if (a->leaf != b->leaf)
        return a->leaf < b->leaf ? -1 : 1;
    const int order = clusters_compare(a->shares, a->cluster, b->shares, b->cluster);
    return order ? order : (a->item > b->item) - (a->item < b->item);
}

/* Items of one leaf with the same cluster get the same number; those that share nothing get their own. */
static enum carat_err number_clusters(const struct compare_bench *b, struct columns *out, struct err *err)
{
    struct place *places = calloc(b->n_items + 1, sizeof *places);
    if (!places)
        return err_nomem(err, "a comparison");
    for (size_t i = 0; i < b->n_items; i++)
        places[i] = (struct place){b->items[i].leaf, i, b->items[i].cluster, b->items[i].shares};
    qsort(places, b->n_items, sizeof *places, compare_places);
    for (size_t i = 0; i < b->n_items; i++) {
        const struct place *p = &places[i], *before = i ? p - 1 : NULL;
        out->n_clusters += !before || before->leaf != p->leaf || !p->shares || !before->shares || before->cluster != p->cluster;
        out->cluster[p->item] = out->n_clusters - 1;
    }
    free(places);
    return CARAT_OK;
}

static enum carat_err make_columns(const struct compare_bench *b, struct columns *out, struct err *err)
{
    size_t n = b->n_items + 1;
    *out = (struct columns){{calloc(n, sizeof(double)), calloc(n, sizeof(double))},
                            calloc(n, sizeof(double)),
                            calloc(n, sizeof(size_t)),
                            calloc(n, sizeof(size_t)),
                            0};
    if (!out->score[0] || !out->score[1] || !out->difference || !out->leaf || !out->cluster)
        return err_nomem(err, "a comparison");
    for (size_t i = 0; i < b->n_items; i++) {
        out->score[0][i] = b->items[i].score[0];
        out->score[1][i] = b->items[i].score[1];
        out->difference[i] = b->items[i].score[1] - b->items[i].score[0];
        out->leaf[i] = b->items[i].leaf;
    }
    return b->clusters.n ? number_clusters(b, out, err) : CARAT_OK;
}

static void free_columns(struct columns *k)
{
    free(k->score[0]);
    free(k->score[1]);
    free(k->difference);
    free(k->leaf);
    free(k->cluster);
}

/* The error that an interval stands for. Unlike a standard error it is not 0 where nothing was seen to differ. */
static double error_of(struct stats_interval ci)
{
    return (ci.high - ci.low) / (2 * stats_normal_quantile(0.975));
}

/* Each leaf counts once. Items lie by leaf. */
static enum carat_err mean_over_leaves(struct compare_bench *b, const struct columns *k, struct err *err)
{
    size_t most = b->n_leaves, n = 0;
    struct stats_part *parts = calloc(3 * most + 1, sizeof *parts);
    enum carat_err rc = parts ? CARAT_OK : err_nomem(err, "a comparison");
    for (size_t from = 0, to; from < b->n_items && !rc; from = to) {
        struct stats_paired leaf;
        for (to = from; to < b->n_items && k->leaf[to] == k->leaf[from]; to++)
            ;
        rc = stats_paired(k->score[0] + from, k->score[1] + from, NULL, to - from, 0, &leaf, err);
        double size = (double)(to - from);
        parts[n] = (struct stats_part){size, leaf.a, NAN};
        parts[most + n] = (struct stats_part){size, leaf.b, NAN};
        parts[2 * most + n++] =
            (struct stats_part){size, leaf.difference, error_of(stats_paired_interval(&leaf, 0.95))};
    }
    b->n_parts = n;
    if (!rc && n > 1) {
        b->over_parts[SIDE_A] = stats_mean_over_parts(parts, n);
        b->over_parts[SIDE_B] = stats_mean_over_parts(parts + most, n);
        b->over_parts_difference = stats_mean_over_parts(parts + 2 * most, n);
    }
    free(parts);
    return rc;
}

static double width_of(const struct stats_paired *d)
{
    struct stats_interval ci = stats_paired_interval(d, 0.95);
    return ci.high - ci.low;
}

/* The statistics of the pairs, and the clusters they go by: leaves, what items share within them, or (NULL) neither. */
static enum carat_err pair_scores(struct compare_bench *b, const struct columns *k, const size_t **cluster, size_t *n_clusters,
                                  struct err *err)
{
    struct stats_paired within;
    const bool leaves = b->n_leaves > 1;
    *cluster = leaves ? k->leaf : NULL;
    *n_clusters = leaves ? b->n_leaves : 0;
    b->clustered_by = leaves ? STR("subset") : STR("");
    enum carat_err rc = stats_paired(k->score[0], k->score[1], *cluster, b->n_items, *n_clusters, &b->paired, err);
    if (rc || k->n_clusters == b->n_items || !b->clusters.n) /* no two share anything */
        return rc;
    rc = stats_paired(k->score[0], k->score[1], k->cluster, b->n_items, k->n_clusters, &within, err);
    if (rc || (leaves && !(width_of(&within) > width_of(&b->paired))))
        return rc;
    b->paired = within;
    b->clustered_by = b->clusters;
    *cluster = k->cluster;
    *n_clusters = k->n_clusters;
    return CARAT_OK;
}

/* Of scores from 0 to 1 no difference is beyond 1, whatever few clusters make of it. */
static struct stats_interval within_bounds(const struct compare_bench *b, struct stats_interval ci)
{
    for (size_t i = 0; i < b->n_items; i++)
        for (int side = SIDE_A; side <= SIDE_B; side++)
            if (b->items[i].score[side] < 0 || b->items[i].score[side] > 1)
                return ci;
    return isnan(ci.low) ? ci : (struct stats_interval){fmax(ci.low, -1), fmin(ci.high, 1)};
}

static enum carat_err judge_bench(struct compare_bench *b, const struct compare_options *o, struct err *err)
{
    struct columns k;
    enum carat_err rc = make_columns(b, &k, err);
    const size_t *cluster = NULL;
    size_t n_clusters = 0;
    b->boot = (struct stats_interval){NAN, NAN};
    if (!rc)
        rc = pair_scores(b, &k, &cluster, &n_clusters, err);
    if (!rc)
        rc = mean_over_leaves(b, &k, err);
    if (!rc && o->bootstrap)
        rc = stats_bootstrap(k.difference, cluster, b->n_items, n_clusters, COMPARE_RESAMPLES, o->seed, 0.95, &b->boot,
                             err);
    free_columns(&k);
    b->interval = within_bounds(b, stats_paired_interval(&b->paired, 0.95));
    b->method = stats_paired_method(&b->paired, 0.95);
    return rc;
}

/* Clusters that agree within themselves make items worth less: by the ratio of the variances. */
static double design_effect(const struct stats_paired *d)
{
    double ratio = d->se > 0 ? d->cluster_se / d->se : NAN;
    return ratio > 1 ? ratio * ratio : 1;
}

static void find_power(struct compare_bench *b, size_t n_tests)
{
    const struct stats_paired *d = &b->paired;
    struct stats_power at = {HARDEST.alpha / (double)(n_tests ? n_tests : 1), HARDEST.power};
    double n = (double)d->n, effect = design_effect(d);
    double discordant = (double)(d->pairs.only_a + d->pairs.only_b) / n;
    if (d->binary) {
        b->detectable = stats_detectable(n / effect, discordant, at);
        b->needed = effect * stats_items_needed(d->difference, discordant, at);
    } else {
        b->detectable = stats_detectable_sd(n / effect, d->sd, at);
        b->needed = effect * stats_items_needed_sd(d->difference, d->sd, at);
    }
}

static enum carat_err judge_together(struct comparison *c, struct err *err)
{
    size_t n = c->n_benches, k = 0;
    double *p = calloc(n + 1, sizeof *p), *adjusted = calloc(n + 1, sizeof *adjusted);
    struct stats_part *parts = calloc(3 * n + 1, sizeof *parts);
    enum carat_err rc = p && adjusted && parts ? CARAT_OK : err_nomem(err, "a comparison");
    for (size_t i = 0; i < n && !rc; i++) {
        const struct stats_paired *d = &c->benches[i].paired;
        p[i] = d->p;
        c->n_tests += !isnan(d->p) ? 1u : 0u;
        if (d->n == 0)
            continue;
        parts[k] = (struct stats_part){(double)d->n, d->a, NAN};
        parts[n + k] = (struct stats_part){(double)d->n, d->b, NAN};
        parts[2 * n + k++] = (struct stats_part){(double)d->n, d->difference, error_of(c->benches[i].interval)};
    }
    if (!rc) {
        stats_holm(p, n, adjusted);
        for (size_t i = 0; i < n; i++) {
            struct compare_bench *b = &c->benches[i];
            b->p_holm = adjusted[i];
            b->gate = within_bounds(
                b, stats_paired_interval(&b->paired, 1 - HARDEST.alpha / (double)(c->n_tests ? c->n_tests : 1)));
            find_power(b, c->n_tests);
        }
        c->mean[SIDE_A] = stats_mean_over_parts(parts, k);
        c->mean[SIDE_B] = stats_mean_over_parts(parts + n, k);
        c->mean_difference = stats_mean_over_parts(parts + 2 * n, k);
    }
    free(p);
    free(adjusted);
    free(parts);
    return rc;
}

/* ---- notes ---------------------------------------------------------------------------------------------------- */

static enum carat_err note_left_out(struct comparison *c, const struct compare_bench *b, struct err *err)
{
    struct buf text = BUF_INIT(1 << 14);
    if (!b->alone[SIDE_A] && !b->alone[SIDE_B] && !b->unscored && !b->rows_differ)
        return CARAT_OK;
    buf_printf(&text, "%.*s: only the %zu common items are compared; left out", (int)b->title.n, b->title.p, b->n_items);
    size_t before = text.n;
    for (int side = SIDE_A; side <= SIDE_B; side++)
        if (b->alone[side])
            buf_printf(&text, ", %" PRId64 " that %c alone has", b->alone[side], 'A' + side);
    if (b->unscored)
        buf_printf(&text, ", %" PRId64 " that could not be asked of both", b->unscored);
    if (b->rows_differ)
        buf_printf(&text, ", %" PRId64 " whose row of data differs", b->rows_differ);
    if (!buf_failed(&text))
        text.p[before] = ':';
    return note(c, &text, err);
}

/* More than 5 % of an answer's absence may decide a comparison. */
static enum carat_err note_silence(struct comparison *c, const struct compare_bench *b, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    for (int side = SIDE_A; side <= SIDE_B && !rc; side++) {
        const int64_t *o = b->outcomes[side];
        int64_t none = o[CARAT_UNPARSED] + o[CARAT_CUT_OFF] + o[CARAT_EMPTY], all = none + o[CARAT_RIGHT] + o[CARAT_WRONG];
        if (none * 20 <= all)
            continue;
        struct buf text = BUF_INIT(1 << 14);
        buf_printf(&text, "%.*s: %" PRId64 " of %" PRId64 " answers of %c are none: %" PRId64 " unparsed, %" PRId64
                          " cut off, %" PRId64 " empty",
                   (int)b->title.n, b->title.p, none, all, 'A' + side, o[CARAT_UNPARSED], o[CARAT_CUT_OFF], o[CARAT_EMPTY]);
        rc = note(c, &text, err);
    }
    return rc;
}

static enum carat_err note_clusters(struct comparison *c, const struct compare_bench *b, struct err *err)
{
    const size_t n = b->paired.n_clusters;
    struct buf text = BUF_INIT(1 << 14);
    if (n == 0 || b->paired.n < 2 || (n < 2 && str_eq(b->clustered_by, STR("subset")))) /* all items of one subset: as if there were no others */
        return CARAT_OK;
    buf_printf(&text, "%.*s: ", (int)b->title.n, b->title.p);
    if (n < 2)
        buf_printf(&text, "all items share one %.*s; its interval is of independent items, and may be far too narrow",
                   (int)b->clustered_by.n, b->clustered_by.p);
    else if (n < STATS_FEW_CLUSTERS)
        buf_printf(&text, "%zu %.*ss are few for a cluster-robust error; its interval is rough", n, (int)b->clustered_by.n,
                   b->clustered_by.p);
    else if (strcmp(b->method, "cluster t") == 0)
        buf_printf(&text, "%zu %.*ss: items of one may stand or fall together, and the interval allows for it", n,
                   (int)b->clustered_by.n, b->clustered_by.p);
    else
        buf_clear(&text);
    if (text.n)
        return note(c, &text, err);
    buf_release(&text);
    return CARAT_OK;
}

static enum carat_err note_direction(struct comparison *c, const struct compare_bench *b, struct err *err)
{
    if (!b->lower_is_better)
        return CARAT_OK;
    struct buf text = BUF_INIT(1 << 14);
    buf_printf(&text, "%.*s: the lower its %.*s the better", (int)b->title.n, b->title.p, (int)b->metric.n, b->metric.p);
    return note(c, &text, err);
}

static enum carat_err note_shares(struct comparison *c, const struct compare_bench *b, struct err *err)
{
    if (b->paired.binary || !b->paired.n)
        return CARAT_OK;
    struct buf text = BUF_INIT(1 << 14);
    buf_printf(&text, "%.*s: scores are not just 0 and 1; \"only A\" counts items where A scored higher", (int)b->title.n,
               b->title.p);
    return note(c, &text, err);
}

/* Names the settings of `a` that `b` has otherwise; with `absent` those that `b` has not. */
static void add_settings(json_t *a, json_t *b, bool absent, struct buf *out)
{
    const char *key;
    json_t *value;
    json_object_foreach(a, key, value)
    {
        json_t *other = json_object_get(b, key);
        bool expected = strcmp(key, "weights_sha256") == 0 || strcmp(key, "tokenizer_sha256") == 0;
        if (!expected && (absent ? !other : !json_equal(value, other)))
            buf_printf(out, "%s%s", out->n ? ", " : "the runs' settings differ: ", key);
    }
}

/* Precision, BOS, truncation ...: what the models were run with. A comparison of just that may be what is wanted. */
static enum carat_err note_settings(struct comparison *c, struct err *err)
{
    json_t *a = json_object_get(c->runs[SIDE_A].settings, "deciding");
    json_t *b = json_object_get(c->runs[SIDE_B].settings, "deciding");
    struct buf text = BUF_INIT(1 << 14);
    add_settings(a, b, false, &text);
    add_settings(b, a, true, &text);
    return text.n ? note(c, &text, err) : CARAT_OK;
}

static enum carat_err add_notes(struct comparison *c, struct err *err)
{
    struct buf same = BUF_INIT(1 << 10);
    enum carat_err rc = note_settings(c, err);
    if (!rc && c->runs[SIDE_A].id == c->runs[SIDE_B].id) {
        buf_adds(&same, "A and B are the same run");
        rc = note(c, &same, err);
    }
    static enum carat_err (*const each[])(struct comparison *, const struct compare_bench *, struct err *) = {
        note_left_out, note_silence, note_clusters, note_direction, note_shares};
    for (size_t i = 0; i < c->n_benches && !rc; i++)
        for (size_t k = 0; k < sizeof each / sizeof *each && !rc; k++)
            rc = each[k](c, &c->benches[i], err);
    return rc;
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
        f->c->runs[side].name = keep(f->c, row->model_name);
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
        rc = judge_bench(&out->benches[i], o, err);
    if (!rc)
        rc = judge_together(out, err);
    if (!rc)
        rc = add_notes(out, err);
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
