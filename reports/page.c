/* page.c - the report as one HTML file.
 *
 * What must be read without a script (figures, tables, warnings, facts) is plain HTML. Items are
 * data: 30,000 of them are tens of megabytes, so they lie in the page compressed and are unpacked when they are
 * looked at. A stream is zlib's, in base64, as the text of a <script> of a type that no browser runs; base64 has
 * no '<', so that no item can end it.
 *
 *   #index   {"runs": [name], "tasks": [{name, parent, title}],    always unpacked: what lists and
 *             "t": [task], "id": [...], "s": [snippet], "o": [..]}   filters need, a row an item
 *   #b0 ...  {"f": [few-shot part], "r": [[f or -1, item], ...]}    BLOCK items each, in order
 *
 * An item, made by the caller (what a run did not have is left out):
 *
 *   {"p": prompt, or "ps": [a prompt for each choice], "t": target, "g": right choice, "c": [choice],
 *    "r": [null, or {"o": outcome's letter, "m": [[metric, value]], "k": tokens of context, "msg": why it was refused,
 *          "l": [log-probability of each choice], "n": [its tokens],
 *          "s": [{"text", "finish", "verdict"}], "a": [[sample, filter, answer]],
 *          "ask": {"p" or "ps", "f"}   where the run was asked differently from the first}]}
 *
 * The script (assets/page.js) makes text nodes of all texts, never markup. The policy in the page's head allows
 * just this script and this style, by their hashes, and no request at all: should a text get through
 * nevertheless, it cannot run.
 */
#include <openssl/evp.h>
#include <stdlib.h>
#include <zlib.h>

#include "page_int.h"
#include "reports.h"
#include "text.h"

enum { BLOCK = 500, RUNS_MAX = 64, SNIPPET_MAX = 140 };
#define PAGE_MAX ((size_t)1 << 30)
#define DATA_TYPE "application/x-carat"

struct carat_page {
    const struct carat_page_info *info;
    struct buf tasks, ids, snippets, outcomes; /* the index' columns, each as "a,b,c" */
    struct buf rows, prefixes; /* of the block being filled */
    struct buf last_prefix;    /* raw */
    size_t n_items, n_prefixes;
    struct buf data;           /* finished blocks, as HTML */
};

/* ---- compressed data ---- */

static void add_base64(struct buf *out, const unsigned char *p, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (buf_reserve(out, n / 3 * 4 + 4))
        return;
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) | (i + 2 < n ? p[i + 2] : 0);
        buf_addc(out, digits[v >> 18]);
        buf_addc(out, digits[v >> 12 & 63]);
        buf_addc(out, i + 1 < n ? digits[v >> 6 & 63] : '=');
        buf_addc(out, i + 2 < n ? digits[v & 63] : '=');
    }
}

/* `text` as a data element called `id`. */
static enum carat_err add_stream(struct buf *out, const char *id, struct str text)
{
    uLong bound = compressBound((uLong)text.n);
    unsigned char *packed = malloc(bound);
    enum carat_err rc = CARAT_ENOMEM;
    if (packed && compress2(packed, &bound, (const unsigned char *)text.p, (uLong)text.n, 9) == Z_OK) {
        buf_printf(out, "<script type=\"" DATA_TYPE "\" id=\"%s\">", id);
        add_base64(out, packed, bound);
        rc = buf_adds(out, "</script>\n");
    }
    free(packed);
    return rc;
}

static int sink(const char *p, size_t n, void *out)
{
    return buf_add(out, p, n) ? -1 : 0;
}

/* Seven digits of a number are more than is shown; all of them are in the store. */
static enum carat_err add_json(struct buf *out, const json_t *value)
{
    size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(7);
    return value && json_dump_callback(value, sink, out, flags) == 0 ? CARAT_OK : CARAT_ENOMEM;
}

static enum carat_err add_json_text(struct buf *out, struct str s)
{
    json_t *text = json_text(s);
    enum carat_err rc = add_json(out, text);
    json_decref(text);
    return rc;
}

static enum carat_err end_block(struct carat_page *page)
{
    struct buf text = BUF_INIT(PAGE_MAX);
    char id[32];
    snprintf(id, sizeof id, "b%zu", (page->n_items - 1) / BLOCK);
    buf_adds(&text, "{\"f\":[");
    buf_addstr(&text, buf_str(&page->prefixes));
    buf_adds(&text, "],\"r\":[");
    buf_addstr(&text, buf_str(&page->rows));
    enum carat_err rc = buf_adds(&text, "]}") ? CARAT_ENOMEM : add_stream(&page->data, id, buf_str(&text));
    buf_release(&text);
    buf_clear(&page->rows);
    buf_clear(&page->prefixes);
    page->n_prefixes = 0;
    return rc;
}

/* ---- items ---- */

enum carat_err carat_page_new(const struct carat_page_info *info, struct carat_page **out, struct err *err)
{
    if (info->n_runs > RUNS_MAX)
        return err_set(err, CARAT_EUNSUPPORTED, "a page of %zu runs: at most %d", info->n_runs, RUNS_MAX);
    struct carat_page *page = calloc(1, sizeof *page);
    if (!page)
        return err_nomem(err, "the page");
    page->info = info;
    struct buf *bufs[] = {&page->tasks, &page->ids,      &page->snippets,    &page->outcomes,
                          &page->rows,  &page->prefixes, &page->last_prefix, &page->data};
    for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++)
        *bufs[i] = (struct buf)BUF_INIT(PAGE_MAX);
    *out = page;
    return CARAT_OK;
}

void carat_page_free(struct carat_page *page)
{
    if (!page)
        return;
    struct buf *bufs[] = {&page->tasks, &page->ids,      &page->snippets,    &page->outcomes,
                          &page->rows,  &page->prefixes, &page->last_prefix, &page->data};
    for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++)
        buf_release(bufs[i]);
    free(page);
}

/* The beginning of a text on one line: runs of white space are one space. */
static void add_snippet(struct buf *out, struct str s)
{
    size_t n = 0;
    bool space = false;
    for (size_t at = 0; at < s.n && n < SNIPPET_MAX;) {
        char bytes[4];
        int32_t cp = utf8_next(s, &at);
        if (cp >= 0 && utf8_is_space(cp)) {
            space = n > 0;
            continue;
        }
        if (space)
            buf_addc(out, ' ');
        space = false;
        buf_add(out, bytes, utf8_put(cp < 0 ? 0xFFFD : cp, bytes));
        n++;
    }
}

/* The number of the few-shot part in this block, -1 for none; written when it is not its neighbour's. */
static enum carat_err place_prefix(struct carat_page *page, struct str prefix, long *place)
{
    *place = -1;
    if (!prefix.n)
        return CARAT_OK;
    enum carat_err rc = CARAT_OK;
    if (!page->n_prefixes || !str_eq(buf_str(&page->last_prefix), prefix)) {
        buf_clear(&page->last_prefix);
        buf_addstr(&page->last_prefix, prefix);
        buf_adds(&page->prefixes, page->n_prefixes++ ? "," : "");
        rc = add_json_text(&page->prefixes, prefix);
    }
    *place = (long)page->n_prefixes - 1;
    return rc || buf_failed(&page->last_prefix) ? CARAT_ENOMEM : CARAT_OK;
}

enum carat_err carat_page_item(struct carat_page *page, const struct carat_page_item *item, struct err *err)
{
    if (item->task >= page->info->n_tasks)
        return err_set(err, CARAT_EINPUT, "an item of task %zu, but the page has %zu", item->task, page->info->n_tasks);
    const char *comma = page->n_items ? "," : "";
    struct buf snippet = BUF_INIT(1 << 12);
    long prefix;
    buf_printf(&page->tasks, "%s%zu", comma, item->task);
    buf_adds(&page->ids, comma);
    buf_adds(&page->snippets, comma);
    buf_printf(&page->outcomes, "%s\"%.*s\"", comma, (int)page->info->n_runs, item->outcomes);
    add_snippet(&snippet, item->snippet);
    enum carat_err rc = add_json_text(&page->ids, item->id);
    if (!rc)
        rc = add_json_text(&page->snippets, buf_str(&snippet));
    if (!rc)
        rc = place_prefix(page, item->prefix, &prefix);
    if (!rc) {
        buf_printf(&page->rows, "%s[%ld,", page->n_items % BLOCK ? "," : "", prefix);
        rc = add_json(&page->rows, item->item);
        buf_addc(&page->rows, ']');
    }
    buf_release(&snippet);
    page->n_items++;
    if (!rc && page->n_items % BLOCK == 0)
        rc = end_block(page);
    bool failed = rc || buf_failed(&page->tasks) || buf_failed(&page->outcomes) || buf_failed(&page->rows);
    return failed ? err_nomem(err, "the page's items") : CARAT_OK;
}

static enum carat_err add_index(struct carat_page *page, struct buf *out)
{
    const struct carat_page_info *info = page->info;
    json_t *runs = json_array(), *tasks = json_array();
    struct buf text = BUF_INIT(PAGE_MAX);
    for (size_t i = 0; i < info->n_runs; i++)
        json_array_append_new(runs, json_text(info->runs[i]));
    for (size_t i = 0; i < info->n_tasks; i++)
        json_array_append_new(tasks, json_pack("{s:o, s:o, s:o}", "name", json_text(info->tasks[i].name), "parent",
                                               json_text(info->tasks[i].parent), "title",
                                               json_text(info->tasks[i].title)));
    buf_adds(&text, "{\"runs\":");
    enum carat_err rc = add_json(&text, runs);
    buf_adds(&text, ",\"tasks\":");
    if (!rc)
        rc = add_json(&text, tasks);
    const struct {
        const char *name;
        const struct buf *values;
    } columns[] = {{"t", &page->tasks}, {"id", &page->ids}, {"s", &page->snippets}, {"o", &page->outcomes}};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        buf_printf(&text, ",\"%s\":[", columns[i].name);
        buf_addstr(&text, buf_str(columns[i].values));
        buf_addc(&text, ']');
    }
    buf_addc(&text, '}');
    rc = rc || buf_failed(&text) ? CARAT_ENOMEM : add_stream(out, "index", buf_str(&text));
    buf_release(&text);
    json_decref(runs);
    json_decref(tasks);
    return rc;
}

/* ---- the document ---- */

static void add_pieces(struct buf *out, const char *const *pieces)
{
    for (; *pieces; pieces++)
        buf_adds(out, *pieces);
}

/* 'sha256-...': what a policy calls an inline script or style that is allowed. */
static void add_source_hash(struct buf *out, const char *const *pieces)
{
    struct buf text = BUF_INIT(1 << 20);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    add_pieces(&text, pieces);
    if (EVP_Digest(buf_str(&text).p, text.n, digest, &n, EVP_sha256(), NULL) != 1)
        n = 0; /* a policy that allows nothing */
    buf_adds(out, "'sha256-");
    add_base64(out, digest, n);
    buf_addc(out, '\'');
    buf_release(&text);
}

static void add_element(struct buf *out, const char *tag, const char *attributes, struct str text)
{
    if (!text.n)
        return;
    buf_printf(out, "<%s%s>", tag, attributes);
    text_add(out, text, TEXT_XML);
    buf_printf(out, "</%s>\n", tag);
}

static void add_head(const struct carat_page_info *info, struct buf *out)
{
    buf_printf(out,
               "<!DOCTYPE html>\n<html lang=\"en\" data-block=\"%d\">\n<head>\n<meta charset=\"utf-8\">\n"
               "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; "
               "form-action 'none'; script-src ",
               BLOCK);
    add_source_hash(out, page_js);
    buf_adds(out, "; style-src ");
    add_source_hash(out, page_css);
    buf_adds(out, "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta name=\"color-scheme\" content=\"light dark\">\n");
    add_element(out, "title", "", info->title);
    buf_adds(out, "<style>");
    add_pieces(out, page_css);
    buf_adds(out, "</style>\n</head>\n<body>\n<header>\n");
    add_element(out, "h1", "", info->title);
    add_element(out, "p", " class=\"muted\"", info->subtitle);
    buf_adds(out, "</header>\n<main>\n");
}

static void add_warnings(struct str warnings, struct buf *out)
{
    if (!warnings.n)
        return;
    buf_adds(out, "<section class=\"warnings\" aria-label=\"Warnings\">\n<strong>Read these scores with care</strong>\n<ul>\n");
    for (size_t at = 0; at < warnings.n;) {
        ptrdiff_t end = str_find(warnings, STR("\n"), at);
        size_t stop = end < 0 ? warnings.n : (size_t)end;
        add_element(out, "li", "", (struct str){warnings.p + at, stop - at});
        at = stop + 1;
    }
    buf_adds(out, "</ul>\n</section>\n");
}

/* Would it be too small to read, were it as wide as the page? Then it keeps its size and is scrolled, by keys, too. */
static bool is_wide(struct str svg)
{
    static const struct str before = STR(" width=\"");
    ptrdiff_t at = str_find(svg, before, 0);
    size_t end = at < 0 ? svg.n : (size_t)at + before.n, from = end;
    int64_t width = 0;
    while (end < svg.n && svg.p[end] >= '0' && svg.p[end] <= '9')
        end++;
    return num_parse_i64((struct str){svg.p + from, end - from}, &width) && width > 1200;
}

/* The SVG without an XML declaration, should there be one: it stands in a page now. */
static enum carat_err add_figure(const struct carat_figure *figure, struct buf *out, struct err *err)
{
    struct buf svg = BUF_INIT(BUF_MAX_DEFAULT);
    enum carat_err rc = CARAT_OK;
    for (int dark = 0; dark < 2 && !rc; dark++) {
        struct carat_figure f = *figure;
        f.dark = dark;
        buf_clear(&svg);
        rc = carat_figure_svg(&f, &svg, err);
        ptrdiff_t at = str_find(buf_str(&svg), STR("<svg"), 0);
        if (rc || at < 0)
            break;
        struct str drawn = {svg.p + at, svg.n - (size_t)at};
        buf_printf(out, "<figure class=\"figure %s%s>\n", dark ? "dark" : "light",
                   is_wide(drawn) ? " wide\" tabindex=\"0\"" : "\"");
        buf_addstr(out, drawn);
        buf_adds(out, "</figure>\n");
    }
    buf_release(&svg);
    return rc;
}

/* The chooser, which the script makes visible: without it the first view is all there is. */
static void add_views(const struct carat_page_info *info, struct buf *out)
{
    if (info->n_views < 2)
        return;
    buf_adds(out, "<p class=\"bar\" id=\"views\" hidden><label>Score by<select id=\"view\">\n");
    for (size_t v = 0; v < info->n_views; v++) {
        buf_printf(out, "<option value=\"%zu\">", v);
        text_add(out, info->views[v], TEXT_XML);
        buf_adds(out, "</option>\n");
    }
    buf_adds(out, "</select></label></p>\n");
}

/* Begins a <div> that is seen in one view alone. */
static void begin_view(const struct carat_page_info *info, const char *attributes, size_t view, struct buf *out)
{
    buf_printf(out, "<div%s", attributes);
    if (info->n_views > 1)
        buf_printf(out, " data-view=\"%zu\"%s", view, view ? " hidden" : "");
    buf_adds(out, ">\n");
}

static enum carat_err add_figures(const struct carat_page_info *info, struct buf *out, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    for (size_t v = 0; v < (info->n_views ? info->n_views : 1) && !rc; v++) {
        begin_view(info, " class=\"figures\"", v, out);
        for (size_t i = 0; i < info->n_figures && !rc; i++)
            rc = add_figure(&info->figures[v * info->n_figures + i], out, err);
        buf_adds(out, "</div>\n");
    }
    return rc;
}

static void add_section(const struct carat_page_info *info, const struct carat_page_section *section, struct buf *out)
{
    buf_adds(out, section->folded ? "<section>\n<details>\n<summary>" : "<section>\n");
    add_element(out, section->folded ? "strong" : "h2", "", section->heading);
    buf_adds(out, section->folded ? "</summary>\n" : "");
    buf_adds(out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
    text_add(out, section->heading, TEXT_XML);
    buf_adds(out, "\">\n");
    for (size_t v = 0; v < info->n_views && section->by_view; v++) {
        begin_view(info, "", v, out);
        buf_addstr(out, section->by_view[v]);
        buf_adds(out, "</div>\n");
    }
    if (!section->by_view)
        buf_addstr(out, section->html);
    buf_adds(out, section->folded ? "</div>\n</details>\n</section>\n" : "</div>\n</section>\n");
}

static void add_browser(struct buf *out)
{
    buf_adds(
        out,
        "<section aria-labelledby=\"items-h\">\n<h2 id=\"items-h\">Items</h2>\n"
        "<noscript><p>Looking at items needs JavaScript; all above is complete without it.</p></noscript>\n"
        "<p id=\"old\" hidden>This browser cannot unpack the items (it lacks DecompressionStream): a newer one can.</p>\n"
        "<div id=\"items\" hidden>\n<div class=\"bar\" role=\"search\">\n"
        "<label class=\"grow\">Search in prompts, choices and answers<input id=\"q\" type=\"search\" autocomplete=\"off\" "
        "spellcheck=\"false\"></label>\n"
        "<label>Benchmark<select id=\"task\"></select></label>\n"
        "<label>A<select id=\"a\"></select></label>\n<label>B<select id=\"b\"></select></label>\n"
        "<label>Show<select id=\"filter\"></select></label>\n</div>\n"
        "<p class=\"keys\"><span id=\"count\" role=\"status\" aria-live=\"polite\"></span> &middot; "
        "<kbd>j</kbd> <kbd>k</kbd> next, previous &middot; <kbd>/</kbd> search &middot; <kbd>Enter</kbd> open &middot; "
        "<kbd>Esc</kbd> close</p>\n"
        "<div class=\"browser\" id=\"browser\">\n"
        "<div id=\"list\" tabindex=\"0\" role=\"listbox\" aria-label=\"Items\"><div id=\"space\" role=\"presentation\"></div></div>\n"
        "<article id=\"item\" tabindex=\"-1\" aria-label=\"The chosen item\" hidden></article>\n"
        "</div>\n</div>\n</section>\n");
}

enum carat_err carat_page_finish(struct carat_page *page, struct buf *out, struct err *err)
{
    const struct carat_page_info *info = page->info;
    enum carat_err rc = CARAT_OK;
    if (page->n_items % BLOCK && end_block(page))
        return err_nomem(err, "the page's items");
    add_head(info, out);
    add_warnings(info->warnings, out);
    add_views(info, out);
    rc = add_figures(info, out, err);
    for (size_t i = 0; i < info->n_sections; i++)
        add_section(info, &info->sections[i], out);
    if (page->n_items) {
        add_browser(out);
        buf_adds(out, "</main>\n");
        if (!rc && add_index(page, out))
            rc = err_nomem(err, "the page's index");
        buf_addstr(out, buf_str(&page->data));
        buf_adds(out, "<script>");
        add_pieces(out, page_js);
        buf_adds(out, "</script>\n</body>\n</html>\n");
    } else {
        buf_adds(out, "</main>\n</body>\n</html>\n");
    }
    return rc ? rc : buf_failed(out) || buf_failed(&page->data) ? err_nomem(err, "the page") : CARAT_OK;
}
