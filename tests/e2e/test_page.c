/* What report writes: pictures, tables, published figures, the page. On the bundled checkpoints, and the page also with
 * made-up items in a real browser, driven by browser.py; without Chromium those tests are skipped. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reports/reports.h"
#include "tests/support/process.h"
#include "tests/support/support.h"

static void expect_starts(const char *path, struct str magic)
{
    struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
    struct err err = ERR_INIT;
    cr_assert_eq(file_read(path, BUF_MAX_DEFAULT, &b, &err), CARAT_OK, "%s", err.msg);
    cr_assert(str_starts(buf_str(&b), magic), "%s begins '%.20s'", path, b.p);
    buf_release(&b);
}

Test(e2e_page, published_figures_need_no_database, .timeout = 60)
{
    const char *dir = temp_dir();
    char *png = file_join(dir, "fig.png"), *none = file_join(dir, "none.db");
    struct ran r = run_carat(NULL, "report", "--published", "gemma-2024", "-o", png);
    expect_status(r, 0);
    expect_starts(png, STR("\x89PNG\r\n"));
    ran_release(&r);
    r = run_carat(NULL, "report", "--published", "gemma-2024", "--db", none);
    expect_status(r, 3); /* a database that was named must be there */
    ran_release(&r);
    r = run_carat(NULL, "report", "--published", "gemma-2023");
    expect_status(r, 2);
    cr_assert(strstr(r.err, "gemma-2024"));
    ran_release(&r);
    free(png);
    free(none);
    temp_remove(dir);
}

Test(e2e_page, pictures_and_tables_of_runs, .timeout = 300)
{
    const char *dir = temp_dir();
    char *db = file_join(dir, "x.db"), *pdf = file_join(dir, "x.pdf");
    struct ran r = run_carat(NULL, "run", "-q", "-m", "A=demo:early", "-m", "B=demo:late", "-t", "boolq,hellaswag",
                             "--data", "demo/data", "--limit", "20", "--db", db);
    expect_status(r, 0);
    ran_release(&r);
    r = run_carat(NULL, "report", "--db", db, "-o", pdf, "--per-benchmark");
    expect_status(r, 0);
    expect_starts(pdf, STR("%PDF-"));
    ran_release(&r);
    r = run_carat(NULL, "report", "--db", db, "--format", "latex");
    expect_status(r, 0);
    cr_assert(strstr(r.out, "\\toprule") && strstr(r.out, "\\textbf{"), "%s", r.out);
    ran_release(&r);
    r = run_carat(NULL, "report", "--db", db, "--format", "html", "--published", "gemma-2024");
    expect_status(r, 0);
    cr_assert(strstr(r.out, "<strong>81.2</strong>"), "the best HellaSwag is a published one: %s", r.out);
    cr_assert(strstr(r.out, "Gemma 7B (published)") && !strstr(r.out, "PIQA"));
    ran_release(&r);
    free(db);
    free(pdf);
    temp_remove(dir);
}

/* ---- the page in a browser ---- */

#define SEEK                                                                                                     \
    "eval:(q => { q.value = 'item29999'; q.dispatchEvent(new Event('input')); })(document.getElementById('q')) || 'sought'"
#define READY "wait:document.documentElement.dataset.ready"
#define COUNT "eval:document.getElementById('count').textContent"
#define NO_PWNED "eval:document.documentElement.dataset.pwned || null"

static const char *browser(void)
{
    static const char *const places[] = {"/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (access(places[i], X_OK) == 0)
            return places[i];
    return NULL;
}

/* Opens file://PATH#HASH and does the steps (NULL-terminated). */
static struct ran in_browser(const char *path, const char *hash, const char *const *steps)
{
    const char *argv[64] = {"python3", "tests/e2e/browser.py", browser()};
    char url[4096];
    size_t n = 4;
    snprintf(url, sizeof url, "file://%s%s", path, hash);
    argv[3] = url;
    while (*steps)
        argv[n++] = *steps++;
    struct ran r = run_program(argv, NULL);
    expect_status(r, 0);
    return r;
}

/* ... and expects just this to be said. */
static void expect_in_browser(const char *path, const char *hash, const char *const *steps, const char *said)
{
    struct ran r = in_browser(path, hash, steps);
    cr_assert_str_eq(r.out, said, "%s\n%s", r.out, r.err);
    ran_release(&r);
}
#define EXPECT_IN_BROWSER(path, hash, said, ...) \
    expect_in_browser(path, hash, (const char *const[]){__VA_ARGS__, NULL}, said)

#define HOSTILE "</script><script>document.documentElement.dataset.pwned=1</script>" \
                "<img src=x onerror=\"document.documentElement.dataset.pwned=1\">\xE2\x80\xAE" "evil\x01\xFF"

/* A page of n items of two models; item 7 is hostile, and holds a megabyte on one line. */
static void write_page(const char *path, size_t n)
{
    static const struct str runs[] = {{"small", 5}, {"large", 5}};
    static const struct carat_page_task tasks[] = {{{"alpha", 5}, {"", 0}, {"", 0}}, {{"beta_x", 6}, {"beta", 4}, {"Beta", 4}}};
    static const struct carat_page_info info = {
        .title = {"Made up " HOSTILE, sizeof "Made up " HOSTILE - 1}, .runs = runs, .n_runs = 2, .tasks = tasks, .n_tasks = 2};
    struct carat_page *page = NULL;
    struct buf html = BUF_INIT(BUF_MAX_DEFAULT), text = BUF_INIT(BUF_MAX_DEFAULT), shots = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;
    cr_assert_eq(carat_page_new(&info, &page, &err), CARAT_OK);
    uint32_t state = 1;
#define NEXT(k) ((state = state * 1664525u + 1013904223u) >> 16) % (k)
    static const char *const words[] = {"river", "carries", "seven", "stones", "because", "answer", "between", "market", "light",
                                        "measure", "copper", "window", "question", "under", "follows", "autumn"};
    for (size_t i = 0; i < n; i++) {
        buf_clear(&text);
        buf_clear(&shots);
        if (i == 7)
            buf_adds(&text, HOSTILE);
        for (size_t k = i == 7 ? 200000 : 90; k--;)
            buf_printf(&text, "%s ", words[NEXT(16)]);
        if (i == 7)
            for (char *p = text.p; (p = strchr(p, ' ')); p++)
                *p = '_';
        buf_printf(&text, " item%zu", i);
        for (size_t k = 250; k--;)
            buf_printf(&shots, "%s ", words[NEXT(16)]);
        double a = -1 - (double)(NEXT(1000)) / 100, b = -1 - (double)(NEXT(1000)) / 100;
        const char *o = i % 3 == 0 ? "RW" : i % 3 == 1 ? "WW" : "RR";
        json_t *item = json_pack(
            "{s:o, s:s, s:i, s:[s, s], s:[{s:s#, s:[[s, f]], s:i, s:[f, f], s:[i, i]}, {s:s#, s:[[s, f]], s:i, s:[f, f], s:[i, i]}]}",
            "p", json_text(buf_str(&text)), "t", "0", "g", 0, "c", " yes", " <b>no</b>", "r", "o", o, 1, "m", "acc",
            o[0] == 'R' ? 1.0 : 0.0, "k", 300, "l", a, b, "n", 1, 2, "o", o + 1, 1, "m", "acc", o[1] == 'R' ? 1.0 : 0.0, "k", 300,
            "l", b, a, "n", 1, 2);
        cr_assert(item);
        char id[32];
        snprintf(id, sizeof id, "%zu", i);
        struct carat_page_item it = {.task = i >= n / 2, .id = str_from(id), .outcomes = o, .prefix = buf_str(&shots),
                                     .snippet = buf_str(&text), .item = item};
        cr_assert_eq(carat_page_item(page, &it, &err), CARAT_OK, "%s", err.msg);
        json_decref(item);
    }
#undef NEXT
    cr_assert_eq(carat_page_finish(page, &html, &err), CARAT_OK, "%s", err.msg);
    cr_assert_eq(file_write(path, html.p, html.n, &err), CARAT_OK, "%s", err.msg);
    carat_page_free(page);
    if (getenv("CARAT_PAGE_KEEP")) /* to be looked at */
        cr_assert_eq(file_write(getenv("CARAT_PAGE_KEEP"), html.p, html.n, &err), CARAT_OK, "%s", err.msg);
    buf_release(&html);
    buf_release(&text);
    buf_release(&shots);
}

Test(e2e_page, hostile_items_are_shown_and_never_run, .timeout = 120)
{
    if (!browser())
        cr_skip("no Chromium");
    const char *dir = temp_dir();
    char *path = file_join(dir, "page.html");
    write_page(path, 1200);
    EXPECT_IN_BROWSER(path, "#item=7", "null\ntrue\ntrue\ntrue\n0\n", READY, "wait:!!document.querySelector('#item pre')", NO_PWNED,
                      "eval:document.querySelector('#item pre').textContent.includes('</script><script>')",
                      "eval:[...document.querySelectorAll('.ctl')].map(x => x.textContent).includes('U+202E')",
                      "eval:!!document.querySelector('#item .more')", "eval:document.images.length");
    free(path);
    temp_remove(dir);
}

Test(e2e_page, the_address_restores_the_view_and_keys_move, .timeout = 120)
{
    if (!browser())
        cr_skip("no Chromium");
    const char *dir = temp_dir();
    char *path = file_join(dir, "page.html");
    write_page(path, 1200);
    EXPECT_IN_BROWSER(path, "#f=only-a&t=beta&q=item99", "\"4 of 1,200 items\"\n\"item99\"\n\"beta\"\n\"only-a\"\n", READY,
                      "wait:!document.getElementById('count').textContent.includes('search')", COUNT,
                      "eval:document.getElementById('q').value", "eval:document.getElementById('task').value",
                      "eval:document.getElementById('filter').value");
    EXPECT_IN_BROWSER(path, "#f=flips",
                      "\"400 of 1,200 items\"\n\"#f=flips&item=0\"\n\"#f=flips&item=6\"\n\"#f=flips&item=3\"\n\"q\"\n\"list\"\n\"#f=flips\"\n",
                      READY, COUNT, "key:j", "eval:location.hash", "key:j", "key:j", "eval:location.hash", "key:k",
                      "eval:location.hash", "key:/", "eval:document.activeElement.id", "key:Escape",
                      "eval:document.activeElement.id", "key:Escape", "eval:location.hash");
    EXPECT_IN_BROWSER(path, "#a=9&b=-1&item=99999999999&f=x&t=nothing&q=", "\"1,200 of 1,200 items\"\n", READY, COUNT);
    free(path);
    temp_remove(dir);
}

/* 30,000 items: the page is read, searched to the last block, and draws no more rows than are seen. */
Test(e2e_page, thirty_thousand_items_stay_light, .timeout = 300)
{
    if (!browser())
        cr_skip("no Chromium");
    const char *dir = temp_dir();
    char *path = file_join(dir, "page.html");
    write_page(path, 30000);
    EXPECT_IN_BROWSER(path, "", "true\n\"sought\"\n\"1 of 30,000 items\"\n", READY,
                      "eval:document.querySelectorAll('.row').length < 80", SEEK,
                      "wait:document.getElementById('count').textContent === '1 of 30,000 items'", COUNT);
    /* Figures to publish; no machine promises them. */
    struct stat file;
    cr_assert_eq(stat(path, &file), 0);
    struct ran r = in_browser(path, "",
                              (const char *const[]){READY, "eval:Math.round(performance.timing.domInteractive - "
                                                           "performance.timing.navigationStart) + ' ms to read, ' + "
                                                           "Math.round(document.documentElement.dataset.ready) + ' ms until all items are listed'",
                                                    "eval:(window.since = performance.now()) && 'sought'", SEEK,
                                                    "wait:document.getElementById('count').textContent === '1 of 30,000 items'",
                                                    "eval:'search to the last ' + Math.round(performance.now() - window.since) + ' ms'", NULL});
    for (char *p = r.out; *p; p++)
        *p = *p == '\n' ? ' ' : *p;
    log_info("page of 30,000 items, %.1f MB: %s", (double)file.st_size / 1e6, r.out);
    ran_release(&r);
    free(path);
    temp_remove(dir);
}

Test(e2e_page, a_page_of_runs_opens_without_errors, .timeout = 300)
{
    if (!browser())
        cr_skip("no Chromium");
    const char *dir = temp_dir();
    char *db = file_join(dir, "x.db"), *html = file_join(dir, "x.html");
    struct ran r = run_carat(NULL, "run", "-q", "-m", "A=demo:early", "-m", "B=demo:late", "-t",
                             "boolq,mmlu_astronomy,gsm8k,humaneval", "--data", "demo/data", "--limit", "12", "--db", db);
    expect_status(r, 0);
    ran_release(&r);
    r = run_carat(NULL, "report", "--db", db, "--html", html);
    expect_status(r, 0);
    ran_release(&r);
    EXPECT_IN_BROWSER(html, "#t=gsm8k", "\"12 of 48 items\"\ntrue\ntrue\n", READY, COUNT, "key:j",
                      "wait:!!document.querySelector('#item pre')", "eval:document.querySelector('#item').textContent.includes('Few-shot part')",
                      "eval:document.querySelector('#item').textContent.includes('wrote, until')");
    /* GSM8K's headline is strict; the other view has its flexible answers, and what a benchmark has not stays */
    const char *const scores = "eval:[...document.querySelectorAll('[data-view]:not([hidden]) tr')].map(x => x.innerText)"
                               ".filter(x => /^(GSM8K|BoolQ)/.test(x)).map(x => x.split('\\t')[2]).join()";
    EXPECT_IN_BROWSER(html, "", "\"acc,exact_match,strict-match\"\n\"2\"\n", READY, scores, "eval:String(document.getElementById('view').length)");
    EXPECT_IN_BROWSER(html, "#v=1", "\"acc,exact_match,flexible-extract\"\n\"exact_match,flexible-extract, where a benchmark has it\"\n"
                                    "\"chosen\"\n\"\"\n\"acc,exact_match,strict-match\"\n", READY, scores,
                      "eval:document.getElementById('view').selectedOptions[0].text",
                      "eval:(v => { v.value = '0'; v.dispatchEvent(new Event('change')); })(document.getElementById('view')) || 'chosen'",
                      "eval:location.hash", scores);
    free(db);
    free(html);
    temp_remove(dir);
}
