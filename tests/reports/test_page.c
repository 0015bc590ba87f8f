#include <criterion/criterion.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <zlib.h>

#include "cases.h"
#include "reports/page_int.h"

#define S(literal) {literal, sizeof(literal) - 1}
#define HOSTILE "</script><script>document.documentElement.dataset.pwned=1</script><img src=x onerror=alert(1)>]]>-->\xE2\x80\xAE\xFF"

static const struct str runs[] = {S("A <b>"), S("B & \"b\"")};
static const struct carat_page_task tasks[] = {{S("<i>one</i>"), S(""), S("")}, {S("two_x"), S("two"), S("TWO")}};
static const struct carat_page_section sections[] = {{S("Scores <&>"), S("<table></table>"), NULL, false},
                                                     {S("Facts"), S("<table></table>"), NULL, true}};
static const struct carat_page_info info = {.title = S("Title " HOSTILE),
                                            .subtitle = S("<script>"),
                                            .warnings = S("first <w>\nsecond"),
                                            .figures = &case_hostile,
                                            .n_figures = 1,
                                            .sections = sections,
                                            .n_sections = 2,
                                            .runs = runs,
                                            .n_runs = 2,
                                            .tasks = tasks,
                                            .n_tasks = 2};

static struct buf page_with(const struct carat_page_info *about, size_t n_items)
{
    struct carat_page *page = NULL;
    struct buf html = BUF_INIT(BUF_MAX_DEFAULT);
    struct err err = ERR_INIT;
    cr_assert_eq(carat_page_new(about, &page, &err), CARAT_OK, "%s", err.msg);
    for (size_t i = 0; i < n_items; i++) {
        json_t *item = json_pack("{s:i, s:o}", "n", (int)i, "p", json_text(STR(HOSTILE)));
        struct carat_page_item it = {.task = i % 2, .id = STR(HOSTILE), .outcomes = i % 3 ? "RW" : "-U",
                                     .prefix = i < 3 ? STR("same") : STR(""), .snippet = STR(" a \n\n" HOSTILE), .item = item};
        cr_assert_eq(carat_page_item(page, &it, &err), CARAT_OK, "%s", err.msg);
        json_decref(item);
    }
    cr_assert_eq(carat_page_finish(page, &html, &err), CARAT_OK, "%s", err.msg);
    carat_page_free(page);
    return html;
}

static struct buf page_of(size_t n_items)
{
    return page_with(&info, n_items);
}

static size_t count(struct str s, struct str what)
{
    size_t n = 0;
    for (ptrdiff_t at = -1; (at = str_find(s, what, (size_t)(at + 1))) >= 0;)
        n++;
    return n;
}

static struct str between(struct str s, struct str from, struct str to)
{
    ptrdiff_t a = str_find(s, from, 0);
    cr_assert(a >= 0, "no %.*s", (int)from.n, from.p);
    ptrdiff_t b = str_find(s, to, (size_t)a + from.n);
    cr_assert(b >= 0);
    return (struct str){s.p + a + from.n, (size_t)b - (size_t)a - from.n};
}

/* What a data element holds: base64 of a zlib stream of JSON. */
static json_t *unpacked(struct str html, const char *id)
{
    static unsigned char raw[1 << 20], text[1 << 22];
    char open[64];
    snprintf(open, sizeof open, "id=\"%s\">", id);
    struct str b64 = between(html, str_from(open), STR("</script>"));
    int n = EVP_DecodeBlock(raw, (const unsigned char *)b64.p, (int)b64.n);
    cr_assert_gt(n, 0);
    uLongf size = sizeof text;
    cr_assert_eq(uncompress(text, &size, raw, (uLong)n), Z_OK); /* up to two bytes of padding are no harm */
    json_t *value = NULL;
    struct err err = ERR_INIT;
    cr_assert_eq(json_read((struct str){(char *)text, size}, id, 0, &value, &err), CARAT_OK, "%s", err.msg);
    return value;
}

Test(page, holds_every_item)
{
    struct buf html = page_of(1003);
    json_t *index = unpacked(buf_str(&html), "index");
    cr_assert_eq(json_array_size(json_object_get(index, "id")), 1003);
    cr_assert_eq(json_array_size(json_object_get(index, "t")), 1003);
    cr_assert_str_eq(json_string_value(json_array_get(json_object_get(index, "o"), 3)), "-U");
    cr_assert(str_starts(str_from(json_string_value(json_array_get(json_object_get(index, "s"), 3))), STR("a </script>")));
    static const struct { const char *id; size_t n; } blocks[] = {{"b0", 500}, {"b1", 500}, {"b2", 3}};
    int at = 0;
    for (size_t b = 0; b < 3; b++) {
        json_t *block = unpacked(buf_str(&html), blocks[b].id), *rows = json_object_get(block, "r");
        cr_assert_eq(json_array_size(rows), blocks[b].n);
        cr_assert_eq(json_array_size(json_object_get(block, "f")), b == 0 ? 1 : 0, "neighbours share their few-shot part");
        for (size_t i = 0; i < blocks[b].n; i++, at++) {
            const json_t *row = json_array_get(rows, i);
            cr_assert_eq(json_integer_value(json_array_get(row, 0)), at < 3 ? 0 : -1);
            cr_assert_eq(json_integer_value(json_object_get(json_array_get(row, 1), "n")), at);
        }
        json_decref(block);
    }
    json_decref(index);
    buf_release(&html);
}

/* Hostile texts add no element: what a browser may run is one script, and the policy names it. */
Test(page, runs_its_own_script_alone)
{
    struct buf html = page_of(3);
    struct str s = buf_str(&html);
    cr_assert_eq(count(s, STR("<script>")), 1);
    cr_assert_eq(count(s, STR("<script")), 3, "the script, the index, a block");
    cr_assert_eq(count(s, STR("</script")), 3);
    cr_assert_eq(count(s, STR("<style")), 1);
    cr_assert_eq(count(s, STR("<img")), 0);
    cr_assert_eq(count(s, STR("dataset.pwned=1</script>")), 0);
    cr_assert_eq(count(s, STR("<i>")) + count(s, STR("<w>")), 0);
    cr_assert_eq(count(s, STR(" src=\"")) + count(s, STR("@import")), 0, "nothing is fetched");
    cr_assert(utf8_valid(s));
    static const struct { struct str open, close, source; } own[] = {
        {S("<script>"), S("</script>"), S("script-src 'sha256-")}, {S("<style>"), S("</style>"), S("style-src 'sha256-")}};
    for (size_t i = 0; i < 2; i++) {
        struct str text = between(s, own[i].open, own[i].close), hash = between(s, own[i].source, STR("'"));
        unsigned char digest[EVP_MAX_MD_SIZE];
        char encoded[2 * EVP_MAX_MD_SIZE];
        unsigned n;
        cr_assert_eq(EVP_Digest(text.p, text.n, digest, &n, EVP_sha256(), NULL), 1);
        EVP_EncodeBlock((unsigned char *)encoded, digest, (int)n);
        cr_assert(str_eq(hash, str_from(encoded)));
    }
    cr_assert(str_find(s, STR("default-src 'none'"), 0) > 0);
    buf_release(&html);
}

Test(page, says_all_but_items_without_a_script)
{
    struct buf html = page_of(0);
    struct str s = buf_str(&html);
    cr_assert_eq(count(s, STR("<script")), 0);
    cr_assert_eq(count(s, STR("<svg")), 2, "for light and for dark");
    cr_assert(str_find(s, STR("<li>first &lt;w&gt;</li>\n<li>second</li>"), 0) > 0);
    cr_assert(str_find(s, STR("<h2>Scores &lt;&amp;&gt;</h2>"), 0) > 0);
    cr_assert(str_find(s, STR("<summary><strong>Facts</strong>"), 0) > 0);
    buf_release(&html);
}

Test(page, one_view_is_seen_of_figures_and_scores)
{
    static const struct str views[] = {S("first <v>"), S("second")}, tables[] = {S("<table>1</table>"), S("<table>2</table>")};
    static const struct carat_page_section viewed = {S("Scores"), S(""), tables, false};
    const struct carat_figure figures[] = {case_hostile, case_hostile};
    struct carat_page_info two = info;
    two.views = views;
    two.n_views = 2;
    two.figures = figures;
    two.sections = &viewed;
    two.n_sections = 1;
    struct buf html = page_with(&two, 1), plain = page_of(1);
    struct str s = buf_str(&html);
    cr_assert_eq(count(s, STR("<option value=\"0\">first &lt;v&gt;</option>\n<option value=\"1\">second</option>")), 1);
    cr_assert_eq(count(s, STR("<div data-view=\"0\">\n<table>1</table></div>\n<div data-view=\"1\" hidden>\n<table>2</table></div>")), 1);
    cr_assert_eq(count(s, STR("<div class=\"figures\" data-view=\"0\">")), 1);
    cr_assert_eq(count(s, STR("<div class=\"figures\" data-view=\"1\" hidden>")), 1);
    cr_assert_eq(count(buf_str(&plain), STR("data-view=")), 0, "one view has no name");
    buf_release(&html);
    buf_release(&plain);
}

Test(page, refuses_what_it_cannot_hold)
{
    struct carat_page *page = NULL;
    struct err err = ERR_INIT;
    struct carat_page_info many = info;
    many.n_runs = 65;
    cr_assert_eq(carat_page_new(&many, &page, &err), CARAT_EUNSUPPORTED);
    cr_assert_eq(carat_page_new(&info, &page, &err), CARAT_OK);
    struct carat_page_item item = {.task = 2, .outcomes = "RR"};
    cr_assert_eq(carat_page_item(page, &item, &err), CARAT_EINPUT);
    struct buf small = BUF_INIT(3000);
    cr_assert_eq(carat_page_finish(page, &small, &err), CARAT_ENOMEM);
    buf_release(&small);
    carat_page_free(page);
}

/* ---- contrast, as WCAG 2 reckons it ---- */

static double channel(unsigned value)
{
    double c = value / 255.0;
    return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double luminance(struct str css, const char *name)
{
    char key[32];
    snprintf(key, sizeof key, "--%s: #", name);
    ptrdiff_t at = str_find(css, str_from(key), 0);
    cr_assert(at >= 0, "no %s", name);
    unsigned long rgb = strtoul(css.p + at + strlen(key), NULL, 16);
    return 0.2126 * channel(rgb >> 16 & 255) + 0.7152 * channel(rgb >> 8 & 255) + 0.0722 * channel(rgb & 255);
}

static double contrast(struct str css, const char *a, const char *b)
{
    double x = luminance(css, a), y = luminance(css, b);
    return (fmax(x, y) + 0.05) / (fmin(x, y) + 0.05);
}

Test(page, text_stands_out_in_both_schemes)
{
    static const char *const pairs[][2] = {
        {"ink", "paper"},    {"ink", "panel"},   {"ink", "select"},   {"ink", "gold"},      {"muted", "paper"}, {"muted", "panel"},
        {"muted", "select"}, {"right", "paper"}, {"right", "select"}, {"right", "gold"},    {"right", "panel"}, {"wrong", "paper"},
        {"wrong", "select"}, {"wrong", "panel"}, {"warn", "paper"},   {"warn", "warn-bg"},  {"warn", "select"}, {"warn", "panel"},
        {"accent", "paper"}};
    struct buf css = BUF_INIT(1 << 20);
    for (const char *const *p = page_css; *p; p++)
        buf_adds(&css, *p);
    ptrdiff_t dark = str_find(buf_str(&css), STR("prefers-color-scheme: dark"), 0);
    cr_assert(dark > 0);
    struct str schemes[] = {{css.p, (size_t)dark}, {css.p + dark, css.n - (size_t)dark}};
    for (size_t s = 0; s < 2; s++) {
        for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
            cr_assert_geq(contrast(schemes[s], pairs[i][0], pairs[i][1]), 4.5, "%s on %s: %.2f", pairs[i][0], pairs[i][1],
                          contrast(schemes[s], pairs[i][0], pairs[i][1]));
        cr_assert_geq(contrast(schemes[s], "bar", "panel"), 3, "a bar on its track");
    }
    buf_release(&css);
}

/* embed.py was run after the last change of page.css and page.js. */
Test(page, assets_are_up_to_date)
{
    const struct { const char *path; const char *const *pieces; } assets[] = {{"reports/assets/page.css", page_css},
                                                                              {"reports/assets/page.js", page_js}};
    for (size_t i = 0; i < 2; i++) {
        struct buf file = BUF_INIT(1 << 20), embedded = BUF_INIT(1 << 20);
        struct err err = ERR_INIT;
        cr_assert_eq(file_read(assets[i].path, 1 << 20, &file, &err), CARAT_OK, "%s", err.msg);
        for (const char *const *p = assets[i].pieces; *p; p++) {
            cr_assert_lt(strlen(*p), 4095);
            buf_adds(&embedded, *p);
        }
        cr_assert(str_eq(buf_str(&file), buf_str(&embedded)), "%s changed: run reports/assets/embed.py", assets[i].path);
        buf_release(&file);
        buf_release(&embedded);
    }
}
