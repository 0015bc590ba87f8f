/* The store as its callers see it: what is put comes back, to the bit. */
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>

#include <criterion/criterion.h>

#include "results/results.h"
#include "store_support.h"
#include "tests/support/support.h"

Test(store, gives_back_what_was_put)
{
    const char *dir = temp_dir();
    struct carat_store *st = open_store(dir, CARAT_STORE_WRITE);
    int64_t run = put_run(st, "aabbcc", "m"), task = put_task(st, run, "t", 200);
    for (int64_t i = 0; i < 200; i++)
        put_item(st, task, i, 7);
    check_items(st, task, 200, 7); /* before the commit, by the writer */
    commit(st);
    struct carat_store *reader = open_store(dir, CARAT_STORE_READ);
    check_items(reader, task, 200, 7); /* after it, by another while the writer lives */
    carat_store_free(reader);
    carat_store_free(st);
    st = open_store(dir, CARAT_STORE_READ);
    check_items(st, task, 200, 7);
    carat_store_free(st);
    temp_remove(dir);
}

/* ---- writing --------------------------------------------------------------------------- */

Test(store, an_item_that_is_there_is_refused_and_the_batch_goes_on)
{
    const char *dir = temp_dir();
    struct err err = ERR_INIT;
    struct arena a = ARENA_INIT;
    struct carat_item_record item;
    struct carat_store *st = open_store(dir, CARAT_STORE_WRITE);
    int64_t task = put_task(st, put_run(st, "aa", "m"), "t", 3);
    put_item(st, task, 0, 7);
    make_item(&a, 8, 0, &item);
    cr_assert_eq(carat_store_put(st, task, &item, &err), CARAT_EIO);
    cr_assert(strstr(err.msg, "item 0 of task 1 is in"), "%s", err.msg);
    /* Half an item is none: a metric named twice, tokens for some choices only, a hash that is none. */
    make_item(&a, 7, 1, &item);
    item.metrics = (struct carat_metric_record[]){{STR("acc"), 1}, {STR("acc"), 0}};
    item.n_metrics = 2;
    cr_assert_eq(carat_store_put(st, task, &item, &err), CARAT_EIO);
    cr_assert(strstr(err.msg, "'acc' twice"), "%s", err.msg);
    item.n_metrics = 1;
    item.prompts = NULL;
    item.choices = (struct carat_choice_record[]){{.ids = (int32_t[]){1}, .n_ids = 1}, {.n_ids = 1}};
    item.n_choices = 2;
    cr_assert_eq(carat_store_put(st, task, &item, &err), CARAT_EUSAGE);
    item.n_choices = 0;
    item.row_sha256 = STR("not hex!");
    cr_assert_eq(carat_store_put(st, task, &item, &err), CARAT_EUSAGE);
    cr_assert_eq(carat_store_put(st, task, &item, NULL), CARAT_EUSAGE); /* a caller who wants the code alone */
    put_item(st, task, 1, 7);
    put_item(st, task, 2, 7);
    commit(st);
    check_items(st, task, 3, 7);
    carat_store_free(st);
    arena_release(&a);
    temp_remove(dir);
}

Test(store, what_was_not_committed_is_rolled_back)
{
    const char *dir = temp_dir();
    struct carat_store *st = open_store(dir, CARAT_STORE_WRITE);
    int64_t task = put_task(st, put_run(st, "aa", "m"), "t", 3);
    put_item(st, task, 0, 7);
    commit(st);
    put_item(st, task, 1, 7);
    carat_store_free(st);
    st = open_store(dir, CARAT_STORE_READ);
    check_items(st, task, 1, 7);
    carat_store_free(st);
    temp_remove(dir);
}

Test(store, the_same_run_and_task_are_found_again)
{
    const char *dir = temp_dir();
    struct err err = ERR_INIT;
    struct carat_store *st = open_store(dir, CARAT_STORE_WRITE);
    struct carat_run_info info = {.key = STR("aabbcc"), .model_name = STR("other name")};
    int64_t run = put_run(st, "aabbcc", "m"), again, fresh;
    cr_assert_eq(carat_store_run(st, &info, false, &again, &err), CARAT_OK);
    cr_assert_eq(again, run);
    cr_assert_eq(carat_store_run(st, &info, true, &fresh, &err), CARAT_OK);
    cr_assert_neq(fresh, run);
    cr_assert_eq(carat_store_run(st, &info, false, &again, &err), CARAT_OK);
    cr_assert_eq(again, fresh, "the newest of a key");
    cr_assert_neq(put_run(st, "ddeeff", "m"), run);
    int64_t task = put_task(st, run, "t", 10);
    cr_assert_eq(put_task(st, run, "t", 20), task); /* n_planned is no part of what a task is */
    cr_assert_neq(put_task(st, run, "u", 20), task);
    cr_assert_neq(put_task(st, fresh, "t", 20), task);
    carat_store_free(st);
    temp_remove(dir);
}

struct marks {
    int64_t n, sum;
};
static void count_done(void *context, int64_t index, struct str row_sha256)
{
    struct marks *m = context;
    cr_assert(row_sha256.n == 0 || row_sha256.n == 16);
    m->n++;
    m->sum += index;
}

Test(store, refused_items_can_be_tried_again)
{
    const char *dir = temp_dir();
    struct err err = ERR_INIT;
    struct arena a = ARENA_INIT;
    struct carat_item_record item;
    struct marks all = {0}, kept = {0};
    struct carat_store *st = open_store(dir, CARAT_STORE_WRITE);
    int64_t task = put_task(st, put_run(st, "aa", "m"), "t", 10);
    for (int64_t i = 0; i < 10; i++) {
        make_item(&a, 7, i, &item);
        item.outcome = i == 4 ? CARAT_REFUSED : CARAT_WRONG;
        cr_assert_eq(carat_store_put(st, task, &item, &err), CARAT_OK, "%s", err.msg);
    }
    cr_assert_eq(carat_store_done(st, task, false, count_done, &all, &err), CARAT_OK);
    cr_assert(all.n == 10 && all.sum == 45);
    cr_assert_eq(carat_store_done(st, task, true, count_done, &kept, &err), CARAT_OK);
    cr_assert(kept.n == 9 && kept.sum == 41);
    put_item(st, task, 4, 7);
    carat_store_free(st);
    arena_release(&a);
    temp_remove(dir);
}

/* ---- reading ----------------------------------------------------------------------------- */

static bool keep_run(void *context, const struct carat_run_row *row)
{
    struct carat_run_row *rows = context;
    rows[row->id] = *row;
    return true;
}
static bool keep_task(void *context, const struct carat_task_row *row)
{
    struct carat_task_row *rows = context;
    rows[row->id] = *row;
    return true;
}
static bool add_value(void *context, const struct carat_value_row *row)
{
    double *values = context;
    values[row->index] = row->value;
    cr_assert_eq(row->shares, row->index != 1);
    cr_assert(!row->shares || row->cluster == -row->index);
    return row->index < 2;
}

static bool add_name(void *context, struct str name)
{
    buf_addstr(context, name);
    buf_addc(context, ' ');
    return true;
}

Test(store, counts_what_it_holds)
{
    const char *dir = temp_dir();
    struct err err = ERR_INIT;
    struct carat_store *st = open_store(dir, CARAT_STORE_WRITE);
    struct carat_run_row runs[4] = {{0}};
    struct carat_task_row tasks[4] = {{0}};
    double values[4] = {-1, -1, -1, -1};
    struct buf names = BUF_INIT(1000);
    int64_t run = put_run(st, "aa", "m"), task = put_task(st, run, "t", 5);
    put_run(st, "bb", "without tasks");
    for (int64_t i = 0; i < 5; i++) {
        struct carat_metric_record metrics[] = {{STR("b"), i == 1 ? (double)NAN : (double)i / 2}, {STR("a"), 1}};
        struct carat_item_record item = {
            .index = i, .outcome = i == 3 ? CARAT_CUT_OFF : CARAT_RIGHT, .metrics = metrics, .n_metrics = 2, .cluster = -i};
        item.cluster_of = i == 1 ? STR("") : STR("passage");
        cr_assert_eq(carat_store_put(st, task, &item, &err), CARAT_OK, "%s", err.msg);
    }
    cr_assert_eq(carat_store_finish(st, task, &(struct carat_effort){1.5, 10, 7}, &err), CARAT_OK);
    cr_assert_eq(carat_store_finish(st, task, &(struct carat_effort){1, 2, 1}, &err), CARAT_OK);
    cr_assert_eq(carat_store_runs(st, keep_run, runs, &err), CARAT_OK, "%s", err.msg);
    cr_assert(runs[1].n_tasks == 1 && runs[1].n_items == 5 && runs[1].complete);
    cr_assert(runs[2].n_tasks == 0 && runs[2].n_items == 0 && !runs[2].complete);
    cr_assert_eq(carat_store_tasks(st, run, keep_task, tasks, &err), CARAT_OK, "%s", err.msg);
    cr_assert(tasks[1].n_items == 5 && tasks[1].outcomes[CARAT_RIGHT] == 4 && tasks[1].outcomes[CARAT_CUT_OFF] == 1);
    cr_assert(tasks[1].wall_s == 2.5 && tasks[1].tokens_asked == 12 && tasks[1].tokens_computed == 8);
    cr_assert(isnan(tasks[1].chance));
    cr_assert_eq(carat_store_values(st, task, "b", add_value, values, &err), CARAT_OK);
    cr_assert(values[0] == 0 && isnan(values[1]) && values[2] == 1 && values[3] == -1); /* stopped when told */
    cr_assert_eq(carat_store_metrics(st, task, add_name, &names, &err), CARAT_OK);
    cr_assert_str_eq(names.p, "b a ");
    put_task(st, run, "t", 6);
    cr_assert_eq(carat_store_runs(st, keep_run, runs, &err), CARAT_OK);
    cr_assert_not(runs[1].complete);
    for (int i = 0; i <= CARAT_REFUSED; i++)
        cr_assert_neq(*carat_outcome_name((enum carat_outcome)i), '?');
    buf_release(&names);
    carat_store_free(st);
    temp_remove(dir);
}

Test(store, finds_a_run_by_number_key_or_name)
{
    const char *dir = temp_dir();
    struct err err = ERR_INIT;
    int64_t run;
    struct carat_store *st = open_store(dir, CARAT_STORE_WRITE);
    cr_assert_eq(carat_store_find_run(st, "m", &run, &err), CARAT_EUSAGE);
    cr_assert(strstr(err.hint, "carat run"), "%s", err.hint);
    put_run(st, "abcdef0011", "gemma");
    put_run(st, "abcdef0022", "mistral");
    put_run(st, "1234567890", "gemma");
    static const struct {
        const char *name;
        int64_t run;
    } found[] = {{"1", 1}, {"abcdef0022", 2}, {"ABCDEF00 22", 0}, {"ABCDEF002", 2}, {"1234567", 3}, {"gemma", 3},
                 {"mistral", 2}, {"4", 0}, {"abcde", 0}, {"abcdef", 0}, {"gem", 0}, {"", 0}};
    for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
        cr_assert_eq(carat_store_find_run(st, found[i].name, &run, &err), found[i].run ? CARAT_OK : CARAT_EUSAGE, "%s",
                     found[i].name);
        cr_assert_eq(run, found[i].run, "%s", found[i].name);
    }
    carat_store_find_run(st, "llama", &run, &err);
    cr_assert(strstr(err.msg, "no run 'llama'") && strstr(err.hint, "2 (mistral, key abcdef0022)"), "%s", err.hint);
    carat_store_find_run(st, "abcdef00", &run, &err);
    cr_assert(strstr(err.msg, "begins the key of 2 runs") && strstr(err.hint, "gemma") && !strstr(err.hint, "12345"));
    carat_store_free(st);
    temp_remove(dir);
}

Test(store, a_reader_cannot_write)
{
    const char *dir = temp_dir();
    struct err err = ERR_INIT;
    int64_t run;
    carat_store_free(open_store(dir, CARAT_STORE_WRITE));
    struct carat_store *st = open_store(dir, CARAT_STORE_READ);
    cr_assert_eq(carat_store_run(st, &(struct carat_run_info){.key = STR("aa")}, false, &run, &err), CARAT_EUSAGE);
    carat_store_free(st);
    temp_remove(dir);
}

/* The queries of docs/results.md, as they stand there, run on a file of results. */
Test(store, the_documented_queries_run)
{
    const char *dir = temp_dir();
    struct carat_store *st = open_store(dir, CARAT_STORE_WRITE);
    int64_t one = put_task(st, put_run(st, "aa", "A"), "t", 40), two = put_task(st, put_run(st, "bb", "B"), "t", 40);
    struct arena a = ARENA_INIT;
    struct carat_item_record item;
    for (int64_t i = 0; i < 40; i++) {
        make_item(&a, 7, i, &item);
        item.outcome = CARAT_RIGHT;
        cr_assert_eq(carat_store_put(st, one, &item, NULL), CARAT_OK);
        item.outcome = i % 3 ? CARAT_RIGHT : CARAT_WRONG;
        cr_assert_eq(carat_store_put(st, two, &item, NULL), CARAT_OK);
        arena_reset(&a);
    }
    arena_release(&a);
    commit(st);
    carat_store_free(st);
    struct buf doc = BUF_INIT(1 << 20);
    cr_assert_eq(file_read("docs/results.md", 1 << 19, &doc, NULL), CARAT_OK);
    sqlite3 *db;
    sqlite3_stmt *q;
    int n_queries = 0;
    cr_assert_eq(sqlite3_open(db_path(dir), &db), SQLITE_OK);
    for (ptrdiff_t at = 0; (at = str_find(buf_str(&doc), STR("```sql\n"), (size_t)at)) >= 0; n_queries++) {
        at += 7;
        ptrdiff_t end = str_find(buf_str(&doc), STR("```"), (size_t)at);
        int rc = sqlite3_prepare_v2(db, doc.p + at, (int)(end - at), &q, NULL);
        cr_assert_eq(rc, SQLITE_OK, "query %d: %s", n_queries + 1, sqlite3_errmsg(db));
        rc = sqlite3_step(q); /* nothing was scored again here */
        cr_assert(rc == SQLITE_ROW || (rc == SQLITE_DONE && strstr(sqlite3_sql(q), "scores_of")), "query %d gives no row",
                  n_queries + 1);
        sqlite3_finalize(q);
    }
    cr_assert_geq(n_queries, 5);
    sqlite3_close(db);
    buf_release(&doc);
    temp_remove(dir);
}
