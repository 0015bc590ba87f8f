/* The main road: runs, resumes, the same bits, reports. On the bundled checkpoints. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/process.h"
#include "tests/support/support.h"

static bool has(const char *text, const char *what)
{
    return strstr(text, what) != NULL;
}

/* All items of the newest run as JSON lines; run through the same road as a user's. */
static char *items_of(const char *db, const char *run)
{
    struct ran r = run_carat(NULL, "show", run, "--json", "--db", db);
    expect_status(r, 0);
    char *out = r.out;
    free(r.err);
    return out;
}

#define RUN(db, ...)                                                                                            \
    run_carat(NULL, "run", "-q", "-m", "demo:early", "-t", "hellaswag,boolq,mmlu_astronomy,gsm8k", "--data", "demo/data", \
              "--limit", "6", "--db", db, __VA_ARGS__)

Test(e2e_run, no_setting_changes_a_bit, .timeout = 300)
{
    const char *dir = temp_dir();
    static const char *const settings[][6] = {{"--threads", "1"},
                                              {"--threads", "3", "--batch-tokens", "7"},
                                              {"--batch-tokens", "1", "--limit", "3"},
                                              {"--batch-tokens", "64", "--memory", "7M"}};
    char *expected = NULL, *limited = NULL;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        char *db = file_join(dir, "x.db");
        unlink(db);
        struct ran r = RUN(db, settings[i][0], settings[i][1], settings[i][2] ? settings[i][2] : "-q",
                           settings[i][2] ? settings[i][3] : "-q");
        expect_status(r, 0);
        ran_release(&r);
        char *items = items_of(db, "1");
        if (settings[i][2] && strcmp(settings[i][2], "--limit") == 0) {
            limited = items; /* fewer items, the same ones: each line stands among the expected */
            for (char *line = strtok_r(limited, "\n", &items); line; line = strtok_r(NULL, "\n", &items))
                cr_assert(has(expected, line), "an item differs when fewer are asked: %s", line);
        } else if (!expected) {
            expected = items;
        } else {
            cr_assert_str_eq(items, expected, "setting %zu", i);
            free(items);
        }
        free(db);
    }
    free(limited);
    free(expected);
    temp_remove(dir);
}

/* Sends SIGINT so often to a run of these words as soon as it has stored something new, and prints its status, then what it said
 * at its end. */
static const char interrupting[] =
    "import sqlite3, subprocess, sys, time\n"
    "db, n, words = sys.argv[1], int(sys.argv[2]), sys.argv[3:]\n"
    "def stored():\n"
    "    try:\n"
    "        with sqlite3.connect(f'file:{db}?mode=ro', uri=True) as c:\n"
    "            return c.execute('SELECT count(*) FROM item').fetchone()[0]\n"
    "    except sqlite3.Error:\n"
    "        return 0\n"
    "before = stored()\n"
    "p = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)\n"
    "while p.poll() is None and stored() <= before:\n"
    "    time.sleep(0.01)\n"
    "for i in range(n):\n"
    "    p.send_signal(2)\n"
    "    time.sleep(0.05)\n"
    "said = p.communicate()[1]\n"
    "print(p.returncode, 'stored' if stored() > before else 'nothing', said)\n";

static struct ran interrupt(const char *db, const char *n, const char *batch_tokens)
{
    return run_program((const char *const[]){"python3", "-c", interrupting, db, n, carat_bin(), "run", "-m", "demo:early", "-t",
                                             "hellaswag,boolq,gsm8k", "--data", "demo/data", "--limit", "40", "--threads", "1", "--db",
                                             db, "--fresh", "--batch-tokens", batch_tokens, NULL},
                       NULL);
}

static char *all_items(const char *db)
{
    struct ran r = run_carat(NULL, "run", "-q", "-m", "demo:early", "-t", "hellaswag,boolq,gsm8k", "--data", "demo/data", "--limit",
                             "40", "--db", db);
    expect_status(r, 0);
    ran_release(&r);
    return items_of(db, "1");
}

/* Once finishes the batch, says how many items are stored and prints the command that goes on; twice ends at once, without a
 * word. Either way the same rows come of it. */
Test(e2e_run, an_interrupt_saves_and_says_how_to_go_on, .timeout = 300)
{
    const char *dir = temp_dir();
    char *db = file_join(dir, "x's.db"), *whole = file_join(dir, "whole.db"), *want = all_items(whole);
    struct ran r = interrupt(db, "1", "16");
    cr_assert(strncmp(r.out, "130 stored ", 11) == 0, "%s%s", r.out, r.err);
    cr_assert(strstr(r.out, " of 120 items are stored\n") && strstr(r.out, "hint: go on with: carat run -m demo:early -t "), "%s", r.out);
    cr_assert(strstr(r.out, "x'\\''s.db' --batch-tokens 16\n") && !strstr(r.out, "--fresh"), "%s", r.out);
    ran_release(&r);
    char *got = all_items(db);
    cr_assert_str_eq(got, want);
    free(got);
    free(db);
    /* A batch may end between the two signals: then the first one is heard. */
    db = NULL;
    bool at_once = false;
    for (char name[] = "twice1.db"; name[5] < '6' && !at_once; name[5]++) {
        free(db);
        db = file_join(dir, name);
        r = interrupt(db, "2", "2048");
        cr_assert(strncmp(r.out, "130 ", 4) == 0, "%s%s", r.out, r.err);
        at_once = !strstr(r.out, "interrupted");
        ran_release(&r);
    }
    cr_assert(at_once);
    got = all_items(db);
    cr_assert_str_eq(got, want);
    free(got);
    free(want);
    free(db);
    free(whole);
    temp_remove(dir);
}

Test(e2e_run, reports_draw_what_was_run, .timeout = 300)
{
    const char *dir = temp_dir();
    char *db = file_join(dir, "x.db"), *png = file_join(dir, "c.png"), *svg = file_join(dir, "c.svg");
    struct ran r = run_carat(NULL, "run", "-q", "-m", "A=demo:early", "-m", "B=demo:late", "-t", "hellaswag,boolq,mmlu,gsm8k,humaneval", "--data",
                             "demo/data", "--limit", "4", "--db", db, "--json");
    expect_status(r, 0);
    json_t *json;
    cr_assert_eq(json_read(str_from(r.out), "run", 0, &json, NULL), CARAT_OK, "%s", r.out);
    cr_assert_eq(json_array_size(json_object_get(json, "runs")), 2);
    cr_assert_eq(json_array_size(json_object_get(json, "groups")), 4);
    json_decref(json);
    ran_release(&r);
    r = run_carat(NULL, "report", "--db", db, "-o", svg);
    expect_status(r, 0);
    ran_release(&r);
    r = run_carat(NULL, "report", "A", "B", "--db", db, "-o", png, "--dark");
    expect_status(r, 0);
    ran_release(&r);
    struct buf file = BUF_INIT(1 << 24);
    cr_assert_eq(file_read(svg, 1 << 24, &file, NULL), CARAT_OK);
    cr_assert(has(file.p, "Question Answering") && has(file.p, "Coding") && has(file.p, ">A<"));
    buf_clear(&file);
    cr_assert_eq(file_read(png, 1 << 24, &file, NULL), CARAT_OK);
    cr_assert(memcmp(file.p, "\x89PNG\r\n\x1a\n", 8) == 0);
    buf_release(&file);
    r = run_carat(NULL, "report", "--db", db);
    expect_status(r, 0);
    cr_assert(has(r.out, "HumanEval") && has(r.out, "pass@1") && has(r.out, "Reasoning"), "%s", r.out);
    cr_assert(!has(r.out, "\033"), "no colour in a pipe");
    ran_release(&r);
    r = run_carat(NULL, "report", "--db", db, "--format", "markdown");
    expect_status(r, 0);
    cr_assert(has(r.out, "| --- |") || has(r.out, "|---"), "%s", r.out);
    ran_release(&r);
    r = run_carat(NULL, "show", "B", "humaneval", "--db", db, "--limit", "1");
    expect_status(r, 0);
    cr_assert(has(r.out, "verdict"), "%s", r.out);
    ran_release(&r);
    r = run_carat(NULL, "list", "runs", "--db", db, "--json");
    expect_status(r, 0);
    cr_assert(has(r.out, "\"state\":\"complete\""), "%s", r.out);
    ran_release(&r);
    free(db);
    free(png);
    free(svg);
    temp_remove(dir);
}

Test(e2e_run, a_prompt_that_does_not_fit_is_refused_and_told, .timeout = 120)
{
    const char *dir = temp_dir();
    char *db = file_join(dir, "x.db");
    struct ran r = run_carat(NULL, "run", "-m", "demo:early", "-t", "boolq", "--data", "demo/data", "--limit", "3",
                             "--max-length", "20", "--db", db);
    expect_status(r, 3);
    cr_assert(has(r.err, "could not be asked"), "%s", r.err);
    ran_release(&r);
    r = run_carat(NULL, "show", "1", "--db", db, "--limit", "1");
    expect_status(r, 0);
    cr_assert(has(r.out, "refused") && has(r.out, "the model holds 20"), "%s", r.out);
    ran_release(&r);
    r = run_carat(NULL, "run", "-q", "-m", "demo:early", "-t", "boolq", "--data", "demo/data", "--limit", "3",
                  "--max-length", "20", "--truncation", "left", "--db", db, "--json");
    expect_status(r, 0);
    cr_assert(has(r.out, "\"refused\":0"), "%s", r.out);
    ran_release(&r);
    free(db);
    temp_remove(dir);
}
