/* What `carat show` says of items: the exact ids, their texts, and why an item was scored so. */
#include <stdlib.h>

#include <criterion/criterion.h>

#include "tests/support/process.h"
#include "tests/support/support.h"

static char *ran_db(const char *dir)
{
    char *db = file_join(dir, "x.db");
    struct ran r = run_carat(NULL, "run", "-q", "-m", "demo:early", "-t", "hellaswag,gsm8k", "--data", "demo/data", "--limit", "5",
                             "--db", db);
    expect_status(r, 0);
    ran_release(&r);
    return db;
}

static json_t *shown(const char *db, const char *task)
{
    json_t *item;
    struct ran r = run_carat(NULL, "show", "1", task, "--db", db, "--tokens", "--json", "--limit", "1");
    expect_status(r, 0);
    cr_assert_eq(json_read(str_from(r.out), "show", 0, &item, NULL), CARAT_OK, "%s", r.out);
    ran_release(&r);
    return item;
}

/* Appends the texts of [[id, text, special] ...], but for special ones. */
static void add_texts(const json_t *tokens, struct buf *out)
{
    json_t *token;
    size_t i;
    json_array_foreach(tokens, i, token)
        if (!json_is_true(json_array_get(token, 2)))
            buf_adds(out, json_string_value(json_array_get(token, 1)));
}

static void expect_ids(const json_t *tokens, const json_t *ids)
{
    cr_assert_eq(json_array_size(tokens), json_array_size(ids));
    for (size_t i = 0; i < json_array_size(ids); i++)
        cr_assert(json_equal(json_array_get(json_array_get(tokens, i), 0), json_array_get(ids, i)));
}

Test(e2e_show, tokens_are_those_that_were_fed, .timeout = 120)
{
    const char *dir = temp_dir();
    char *db = ran_db(dir);
    json_t *item = shown(db, "hellaswag"), *tokens = json_object_get(item, "tokens"), *choice;
    const json_t *context = json_array_get(json_object_get(tokens, "contexts"), 0);
    size_t i;
    cr_assert_eq((json_int_t)json_array_size(context), json_integer_value(json_object_get(item, "context_tokens")));
    cr_assert(json_is_true(json_array_get(json_array_get(context, 0), 2)), "BOS is marked");
    json_array_foreach(json_object_get(item, "choices"), i, choice) {
        struct buf got = BUF_INIT(1 << 20), want = BUF_INIT(1 << 20);
        const json_t *continuation = json_array_get(json_object_get(tokens, "continuations"), i);
        expect_ids(continuation, json_object_get(choice, "ids"));
        add_texts(context, &got);
        add_texts(continuation, &got);
        buf_printf(&want, "%s%s", json_string_value(json_object_get(item, "context")),
                   json_string_value(json_object_get(choice, "continuation")));
        cr_assert(str_eq(buf_str(&got), buf_str(&want)), "'%s' is not '%s'", got.p, want.p);
        buf_release(&got);
        buf_release(&want);
    }
    json_decref(item);
    item = shown(db, "gsm8k");
    tokens = json_object_get(item, "tokens");
    cr_assert_eq((json_int_t)json_array_size(json_array_get(json_object_get(tokens, "contexts"), 0)),
                 json_integer_value(json_object_get(item, "context_tokens")));
    expect_ids(json_array_get(json_object_get(tokens, "answers"), 0),
               json_object_get(json_array_get(json_object_get(item, "samples"), 0), "ids"));
    json_decref(item);
    free(db);
    temp_remove(dir);
}

Test(e2e_show, another_tokenizer_is_not_taken_for_the_run_s, .timeout = 120)
{
    const char *dir = temp_dir();
    char *db = ran_db(dir);
    struct ran r = run_carat(NULL, "show", "1", "hellaswag", "--db", db, "--tokens", "--limit", "1", "-m", dir);
    expect_status(r, 0);
    cr_assert(strstr(r.err, "only ids"), "%s", r.err);
    cr_assert(strstr(r.out, "continuation of choice 3") && !strstr(r.out, "  context,"), "%s", r.out);
    ran_release(&r);
    free(db);
    temp_remove(dir);
}

Test(e2e_show, says_why, .timeout = 120)
{
    const char *dir = temp_dir();
    char *db = ran_db(dir);
    struct ran r = run_carat(NULL, "show", "1", "--db", db, "hellaswag");
    expect_status(r, 0);
    cr_assert(strstr(r.out, "share of the choices") && strstr(r.out, "the most likely per character; right is"), "%s", r.out);
    cr_assert(!strstr(r.out, "\033"), "no colour in a pipe");
    ran_release(&r);
    r = run_carat(NULL, "show", "1", "--db", db, "--wrong", "-t", "gsm8k", "--color", "always");
    expect_status(r, 0);
    cr_assert(strstr(r.out, "strict-match finds '") && strstr(r.out, "\033[31mwrong"), "%s", r.out);
    cr_assert(!strstr(r.out, "right\033"), "%s", r.out);
    ran_release(&r);
    free(db);
    temp_remove(dir);
}
