/* How shots are drawn, and what is said of rows that cannot be used. */
#include <criterion/criterion.h>
#include <math.h>

#include "goldens.h"
#include "tests/support/support.h"

/* ---- a task whose rows are letters -------------------------------------------------------------- */

static int letter(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                  struct carat_example *ex)
{
    if (!host->text(host->get(row, "q"), &ex->question))
        return host->fail(ctx, "wants q");
    host->text(host->get(row, "a"), &ex->answer);
    return 0;
}

static const struct carat_metric exact[] = {{.name = "exact_match", .kind = CARAT_METRIC_EXACT_MATCH}};
static const struct carat_task letters = {
    .abi = CARAT_TASK_ABI, .name = "letters", .version = 1, .dataset = "letters", .test_split = "test",
    .shots_split = "train", .output = CARAT_GENERATE, .example = letter, .max_tokens = 8, .delimiter = "",
    .shot_delimiter = "|", .metrics = exact, .n_metrics = 1,
};

static struct rows rows_of(const char *list)
{
    struct rows rows = {calloc(strlen(list), sizeof *rows.v), strlen(list)};
    for (size_t i = 0; i < rows.n; i++)
        rows.v[i] = json_pack("{s:s%,s:s}", "q", list + i, (size_t)1, "a", "=");
    return rows;
}

static enum carat_err make(const struct carat_task *task, const struct rows *rows, const struct rows *pool, int shots,
                           struct proto_plan **plan, struct err *err)
{
    const struct proto_leaf leaf = {.task = task};
    return proto_plan_new(&leaf, rows->v, rows->n, pool->v, pool->n, shots, 1234, plan, err);
}

static void check_prefixes(const struct carat_task *task, const char *asked, const char *from, int shots,
                           const char *const *want)
{
    struct rows rows = rows_of(asked), pool = rows_of(from);
    struct arena arena = ARENA_INIT;
    struct err err = ERR_INIT;
    struct proto_plan *plan;
    cr_assert_eq(make(task, &rows, &pool, shots, &plan, &err), CARAT_OK, "%s", err.msg);
    for (size_t i = 0; i < rows.n; i++) {
        struct proto_item item;
        cr_assert_eq(proto_item(plan, i, &arena, &item, &err), CARAT_OK, "%s", err.msg);
        cr_assert_text(item.prefix, str_from(want[i]));
    }
    proto_plan_free(plan);
    rows_free(&rows);
    rows_free(&pool);
    arena_release(&arena);
}

/* Python: random.Random(1234), sample(range(8), 3), equals of the row dropped, two kept; the fourth row draws three
 * equals of itself, so two are drawn once more from the rest. */
Test(plan, leaves_the_item_out_and_draws_again_where_too_few_are_left)
{
    static const char *const want[] = {"d=|c=|", "X=|c=|", "b=|c=|", "b=|a=|", "X=|c=|", "b=|d=|"};
    struct carat_task task = letters;
    task.shots_exclude_item = true;
    check_prefixes(&task, "XaXXbX", "XXXXabcd", 2, want);
}

/* Python: random.Random(1234).sample(range(6), 3) is [3, 0, 4]; b and X are shown the first two that are not themselves. */
Test(plan, fixed_shots_are_drawn_once_and_are_a_setting)
{
    struct rows rows = rows_of("dXaab"), pool = rows_of("aXbdcX");
    const struct proto_leaf leaf = {.task = &letters, .settings = PROTO_SHOTS_FIXED};
    struct arena arena = ARENA_INIT;
    struct buf settings = BUF_INIT(1 << 16);
    struct proto_plan *plan;
    struct str prefixes[5];
    cr_assert_eq(proto_plan_new(&leaf, rows.v, rows.n, pool.v, pool.n, 2, 1234, &plan, NULL), CARAT_OK);
    for (size_t i = 0; i < rows.n; i++) {
        struct proto_item item;
        cr_assert_eq(proto_item(plan, i, &arena, &item, NULL), CARAT_OK);
        cr_assert(!str_starts(item.prefix, item.prompt) && str_find(item.prefix, item.prompt, 0) < 0, "its own shot");
        prefixes[i] = item.prefix;
    }
    cr_assert_text(prefixes[2], prefixes[3]);
    cr_assert_text(prefixes[1], prefixes[4]); /* neither X nor b is among the two first drawn */
    cr_assert_eq(proto_settings_json(plan, &settings), CARAT_OK);
    cr_assert(strstr(settings.p, "\"fixed\":true"), "%s", settings.p);
    buf_release(&settings);
    proto_plan_free(plan);
    rows_free(&rows);
    rows_free(&pool);
    arena_release(&arena);
}

Test(plan, takes_the_first_that_are_not_the_item)
{
    static const char *const plain[] = {"a=|b=|", "a=|b=|"}, *const others[] = {"b=|c=|", "a=|b=|"};
    struct carat_task task = letters;
    task.shots = CARAT_SHOTS_FIRST;
    check_prefixes(&task, "ad", "abc", 2, plain);
    task.shots_exclude_item = true;
    check_prefixes(&task, "ad", "abc", 2, others);
}

Test(plan, puts_the_description_first_and_no_delimiter_after_an_empty_answer)
{
    struct carat_task task = letters;
    struct rows rows = rows_of("x"), pool = rows_of("ab");
    struct arena arena = ARENA_INIT;
    struct err err = ERR_INIT;
    struct proto_plan *plan;
    struct proto_item item;
    task.shots = CARAT_SHOTS_FIRST;
    task.description = "D: ";
    json_object_set_new(pool.v[0], "a", json_string(""));
    cr_assert_eq(make(&task, &rows, &pool, 2, &plan, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(proto_item(plan, 0, &arena, &item, &err), CARAT_OK, "%s", err.msg);
    cr_assert_text(item.prefix, STR("D: ab=|"));
    cr_assert_text(item.prompt, STR("x"));
    proto_plan_free(plan);
    rows_free(&rows);
    rows_free(&pool);
    arena_release(&arena);
}

Test(plan, takes_the_tasks_default_and_never_shows_where_the_task_forbids)
{
    struct carat_task task = letters;
    struct rows rows = rows_of("x"), pool = rows_of("ab");
    struct err err = ERR_INIT;
    struct proto_plan *plan;
    task.default_shots = 2;
    cr_assert_eq(make(&task, &rows, &pool, -1, &plan, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(proto_plan_shots(plan), 2);
    proto_plan_free(plan);
    task.shots = CARAT_SHOTS_NEVER;
    cr_assert_eq(make(&task, &rows, &pool, 1, &plan, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(proto_plan_shots(plan), 0);
    proto_plan_free(plan);
    rows_free(&rows);
    rows_free(&pool);
}

/* ---- refusals ------------------------------------------------------------------------------------ */

static void check_no_plan(const struct carat_task *task, const char *asked, const char *from, int shots,
                          const char *why)
{
    struct rows rows = rows_of(asked), pool = rows_of(from);
    struct err err = ERR_INIT;
    struct proto_plan *plan;
    cr_assert_neq(make(task, &rows, &pool, shots, &plan, &err), CARAT_OK);
    cr_assert_null(plan);
    cr_assert(strstr(err.msg, why), "%s", err.msg);
    rows_free(&rows);
    rows_free(&pool);
}

Test(plan, says_how_many_rows_the_shots_need)
{
    struct carat_task task = letters;
    check_no_plan(&task, "a", "ab", 3, "letters: 3 shots need 3 rows of 'train', which has 2");
    task.shots_exclude_item = true;
    check_no_plan(&task, "a", "bc", 2, "letters: 2 shots need 3 rows of 'train', which has 2");
    check_no_plan(&task, "a", "aab", 2, "letters: 2 shots need 2 rows of 'train', which has 1");
    task.shots = CARAT_SHOTS_FIRST;
    check_no_plan(&task, "a", "ab", 2, "letters: 2 shots need 2 rows of 'train', which has 1");
}

Test(plan, names_task_and_row_of_what_it_cannot_use)
{
    struct rows rows = rows_of("ab"), pool = rows_of("cd");
    struct arena arena = ARENA_INIT;
    struct err err = ERR_INIT;
    struct proto_plan *plan;
    struct proto_item item;
    json_object_del(rows.v[1], "q");
    json_object_del(pool.v[0], "a");
    cr_assert_eq(make(&letters, &rows, &pool, 2, &plan, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(proto_item(plan, 1, &arena, &item, &err), CARAT_EINPUT);
    cr_assert_str_eq(err.msg, "letters: row 1 of 'test': wants q");
    cr_assert_eq(proto_item(plan, 0, &arena, &item, &err), CARAT_EINPUT);
    cr_assert_str_eq(err.msg, "letters: row 0 of 'test': shot from row 0 of 'train': cannot be a shot: it has no right "
                              "answer");
    cr_assert_eq(proto_item(plan, 2, &arena, &item, &err), CARAT_EUSAGE);
    proto_plan_free(plan);
    rows_free(&rows);
    rows_free(&pool);
    arena_release(&arena);
}

/* ---- broken examples: what a task may get wrong ------------------------------------------------- */

static int broken(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                  struct carat_example *ex)
{
    static const struct carat_text two[] = {CARAT_TEXT("a"), CARAT_TEXT("b")}, hole[] = {CARAT_TEXT("a"), {NULL, 0}};
    static const struct carat_text question = CARAT_TEXT("q");
    int64_t kind;
    (void)ctx;
    host->integer(host->get(row, "kind"), &kind);
    switch (kind) {
    case 0: *ex = (struct carat_example){.question = question, .choices = two, .n_choices = 2, .gold = -1}; break;
    case 1: *ex = (struct carat_example){.question = question, .choices = two, .n_choices = 0}; break;
    case 2: *ex = (struct carat_example){.question = question, .choices = two, .n_choices = 2, .gold = 2}; break;
    case 3: *ex = (struct carat_example){.question = question, .choices = two, .n_choices = 2, .gold = -2}; break;
    case 4: *ex = (struct carat_example){.question = question, .choices = hole, .n_choices = 2}; break;
    case 5: *ex = (struct carat_example){.choices = two, .n_choices = 2}; break;
    case 6: *ex = (struct carat_example){.questions = two, .n_choices = 2}; break;
    case 7: *ex = (struct carat_example){.questions = hole, .n_choices = 2, .ending = question}; break;
    case 8: *ex = (struct carat_example){.question = question, .n_choices = 2}; break;
    case 9: *ex = (struct carat_example){.question = question, .choices = two, .n_choices = SIZE_MAX}; break;
    default: return -1;
    }
    return 0;
}

Test(plan, refuses_an_example_that_is_not_whole)
{
    static const struct carat_metric acc[] = {{.name = "acc", .kind = CARAT_METRIC_ACC}};
    const struct carat_task task = {.abi = CARAT_TASK_ABI, .name = "broken", .version = 1, .dataset = "d",
                                    .test_split = "test", .example = broken, .metrics = acc, .n_metrics = 1};
    struct arena arena = ARENA_INIT;
    struct rows rows = rows_of("0123456789A"), none = {NULL, 0};
    struct proto_plan *plan;
    for (size_t i = 0; i < rows.n; i++)
        json_object_set_new(rows.v[i], "kind", json_integer((json_int_t)i));
    cr_assert_eq(make(&task, &rows, &none, 0, &plan, NULL), CARAT_OK);
    for (size_t i = 0; i < rows.n; i++) {
        struct err err = ERR_INIT;
        struct proto_item item;
        enum carat_err rc = proto_item(plan, i, &arena, &item, &err);
        cr_assert_eq(rc, i == 0 ? CARAT_OK : CARAT_EINPUT, "kind %zu: %s", i, err.msg);
        cr_assert(i == 0 || str_starts(str_from(err.msg), STR("broken: row ")), "%s", err.msg);
    }
    cr_assert(isnan(proto_chance(plan)), "a row cannot be read");
    proto_plan_free(plan);
    rows_free(&rows);
    arena_release(&arena);
}

/* ---- what else a plan tells ----------------------------------------------------------------------- */

Test(plan, knows_the_score_of_guessing)
{
    static const struct {
        const char *name;
        double chance;
    } cases[] = {{"hellaswag", 0.25}, {"boolq", 0.5}, {"mmlu_anatomy", 0.25}, {"winogrande", 0.5}, {"gsm8k", NAN}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct loaded l;
        loaded_open(&l, (struct setting){cases[i].name, 0});
        double chance = proto_chance(l.plan);
        cr_assert(chance == cases[i].chance || (isnan(chance) && isnan(cases[i].chance)), "%s: %g", cases[i].name,
                  chance);
        loaded_close(&l);
    }
}

Test(plan, tells_its_settings)
{
    struct loaded l;
    struct buf out = BUF_INIT(10000);
    loaded_open(&l, (struct setting){"gsm8k", 5});
    cr_assert_eq(proto_settings_json(l.plan, &out), CARAT_OK);
    cr_assert_str_eq(
        out.p,
        "{\"version\":3,\"output\":\"generate\",\"split\":\"test\",\"shots\":{\"kind\":\"sampled\",\"split\":\"train\","
        "\"exclude_item\":false},\"description\":\"\",\"delimiter\":\" \",\"shot_delimiter\":\"\\n\\n\",\"stops\":["
        "\"Question:\",\"</s>\",\"<|im_end|>\"],\"max_tokens\":256,\"filters\":[{\"name\":\"strict-match\",\"steps\":["
        "{\"kind\":\"regex\",\"pattern\":\"#### (\\\\-?[0-9\\\\.\\\\,]+)\",\"select\":0},{\"kind\":\"take_first\"}]},{"
        "\"name\":\"flexible-extract\",\"steps\":[{\"kind\":\"regex\",\"pattern\":\"(-?[$0-9.,]{2,})|(-?[0-9]+)\","
        "\"select\":-1},{\"kind\":\"take_first\"}]}],\"metrics\":[{\"name\":\"exact_match\",\"kind\":\"exact_match\","
        "\"ignore_case\":true,\"ignore_punctuation\":false,\"ignore_patterns\":[\",\",\"\\\\$\",\"(?s).*#### \",\"\\\\.$\""
        "]}]}");
    loaded_close(&l);
    buf_clear(&out);
    loaded_open(&l, (struct setting){"mmlu_anatomy", 5});
    cr_assert_eq(proto_settings_json(l.plan, &out), CARAT_OK);
    cr_assert_str_eq(out.p, "{\"version\":1,\"output\":\"multiple_choice\",\"split\":\"test\",\"shots\":{\"kind\":\"first\","
                            "\"split\":\"dev\",\"exclude_item\":false},\"description\":\"The following are multiple choice "
                            "questions (with answers) about anatomy.\\n\\n\",\"delimiter\":\" \",\"shot_delimiter\":\"\\n\\n\","
                            "\"metrics\":[{\"name\":\"acc\",\"kind\":\"acc\"}]}");
    loaded_close(&l);
    buf_release(&out);
}

Test(split, moves_pythons_white_space_to_the_continuation)
{
    static const struct {
        struct str context, continuation, left, right;
    } cases[] = {
        {STR("a"), STR(" b"), STR("a"), STR(" b")},
        {STR("a \n"), STR("b"), STR("a"), STR(" \nb")},
        {STR("a\xe3\x80\x80\xc2\xa0\x1f"), STR(""), STR("a"), STR("\xe3\x80\x80\xc2\xa0\x1f")},
        {STR(" \n"), STR("b"), STR(""), STR(" \nb")},
        {STR(""), STR("b"), STR(""), STR("b")},
    };
    struct arena arena = ARENA_INIT;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str left, right;
        cr_assert_eq(proto_split(cases[i].context, cases[i].continuation, &arena, &left, &right), CARAT_OK);
        cr_assert_text(left, cases[i].left);
        cr_assert_text(right, cases[i].right);
    }
    arena_release(&arena);
}
