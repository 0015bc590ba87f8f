/* hub.c - rows of the Hub's datasets by its public rows endpoint, a page of a hundred at a time.
 *
 *     BASE/splits?dataset=D                                    which configuration, where none is named
 *     BASE/rows?dataset=D&config=C&split=S&offset=N&length=100
 *
 * Pages lie in CACHE/hub/D/C/S.pages/ until all are there: a fetch that broke off asks for the missing ones alone. Then the
 * rows are written to CACHE/hub/D/C/S.jsonl, a line each, and what was fetched to S.fetched. Waits, retries and Retry-After
 * are download.h's.
 */
#include "hub.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "datasets.h"
#include "download.h"
#include "paths.h"

#define HUB_URL "https://datasets-server.huggingface.co"
#define PAGE_BYTES_MAX ((size_t)256 << 20)
#define ROWS_BYTES_MAX ((size_t)1 << 30)
enum { PAGE_ROWS = 100, PAGES_MAX = 1 << 20 };

struct hub {
    const struct carat_fetch_opts *opts;
    const char *base, *dataset, *config, *split;
    char *dir;    /* CACHE/hub/D/C */
    size_t pages, page;
    struct arena arena;
};

/* ---- pages ------------------------------------------------------------------------------------------- */

enum carat_err hub_take_page(const json_t *page, size_t first, struct buf *out, size_t *n, size_t *total, struct err *err)
{
    const json_t *rows = json_object_get(page, "rows"), *count = json_object_get(page, "num_rows_total");
    if (!json_is_array(rows) || !json_is_integer(count) || json_integer_value(count) < 0)
        return err_set(err, CARAT_EINPUT, "the answer is no page of rows");
    if (json_is_true(json_object_get(page, "partial")))
        return err_set(err, CARAT_EUNSUPPORTED, "the server has only a part of the dataset: it is too large for it");
    *n = json_array_size(rows);
    *total = (size_t)json_integer_value(count);
    for (size_t i = 0; i < *n; i++) {
        const json_t *entry = json_array_get(rows, i), *row = json_object_get(entry, "row");
        const json_t *index = json_object_get(entry, "row_idx");
        if (!json_is_object(row) || !json_is_integer(index) || (size_t)json_integer_value(index) != first + i)
            return err_set(err, CARAT_EINPUT, "row %zu of the page is missing or out of order", i);
        if (json_array_size(json_object_get(entry, "truncated_cells")))
            return err_set(err, CARAT_EUNSUPPORTED, "row %zu is too long for the server, which cut it short", first + i);
        if (json_write(row, out) || buf_addc(out, '\n'))
            return err_nomem(err, "rows");
    }
    return CARAT_OK;
}

static void show(void *context, int64_t bytes, int64_t total)
{
    const struct hub *h = context;
    if (h->opts->progress)
        h->opts->progress(h->opts->context, &(struct carat_fetch_progress){.name = h->split,
                                                                           .file = h->page,
                                                                           .n_files = h->pages ? h->pages : 1,
                                                                           .bytes = bytes,
                                                                           .total = total});
}

/* `text` as part of a query, in the arena; NULL when out of memory. */
static const char *escaped(struct hub *h, const char *text)
{
    char *p = curl_easy_escape(NULL, text, 0);
    const char *kept = p ? arena_dup(&h->arena, p, strlen(p)) : NULL;
    curl_free(p);
    return kept;
}

static enum carat_err get(struct hub *h, const char *url, const char *path, json_t **out, struct err *err)
{
    char got[SHA256_HEX];
    struct download d = {.url = url,
                         .path = path,
                         .bytes = -1,
                         .retries = h->opts->retries < 0 ? 0 : h->opts->retries ? h->opts->retries : 5,
                         .first_wait_s = h->opts->first_wait_s > 0 ? h->opts->first_wait_s : 1,
                         .stall_timeout_s = h->opts->stall_timeout_s > 0 ? h->opts->stall_timeout_s : 30,
                         .progress = show,
                         .context = h};
    enum carat_err rc = file_exists(path) ? CARAT_OK : download_file(&d, got, err);
    if (!rc)
        rc = json_read_file(path, PAGE_BYTES_MAX, out, err);
    if (rc == CARAT_EINPUT)
        unlink(path); /* what is no JSON is asked for again the next time */
    return rc;
}

/* ---- the configuration -------------------------------------------------------------------------------- */

/* The one there is, or "default". */
static enum carat_err choose_config(struct hub *h, const json_t *splits, const char **out, struct err *err)
{
    const char *first = NULL;
    bool one = true;
    for (size_t i = 0; i < json_array_size(splits); i++) {
        const char *config = json_string_value(json_object_get(json_array_get(splits, i), "config"));
        if (!config)
            continue;
        if (strcmp(config, "default") == 0)
            first = config;
        one = one && (!first || strcmp(first, config) == 0 || strcmp(first, "default") == 0);
        first = first ? first : config;
    }
    if (!first || !one)
        return err_set(err, CARAT_EINPUT, "'%s' has %s: name one as dataset_name", h->dataset,
                       first ? "several configurations" : "no configuration");
    *out = arena_dup(&h->arena, first, strlen(first));
    return *out ? CARAT_OK : err_nomem(err, "a configuration");
}

static enum carat_err find_config(struct hub *h, const char **out, struct err *err)
{
    json_t *answer = NULL;
    const char *dataset = escaped(h, h->dataset);
    const char *url = dataset ? arena_printf(&h->arena, "%s/splits?dataset=%s", h->base, dataset) : NULL;
    const char *path = arena_printf(&h->arena, "%s/splits", h->dir);
    *out = h->config;
    if (h->config)
        return CARAT_OK;
    enum carat_err rc = url && path ? get(h, url, path, &answer, err) : err_nomem(err, "an address");
    if (!rc)
        rc = choose_config(h, json_object_get(answer, "splits"), out, err);
    if (path)
        unlink(path);
    json_decref(answer);
    return rc;
}

/* ---- the split ------------------------------------------------------------------------------------------ */

static enum carat_err get_page(struct hub *h, const char *config, struct buf *rows, size_t *n, size_t *total, struct err *err)
{
    json_t *page = NULL;
    size_t first = h->page * PAGE_ROWS;
    const char *dataset = escaped(h, h->dataset), *name = escaped(h, config), *split = escaped(h, h->split);
    const char *url = dataset && name && split
                          ? arena_printf(&h->arena, "%s/rows?dataset=%s&config=%s&split=%s&offset=%zu&length=%d", h->base,
                                         dataset, name, split, first, PAGE_ROWS)
                          : NULL;
    const char *path = arena_printf(&h->arena, "%s/%s.pages/%06zu", h->dir, h->split, h->page);
    enum carat_err rc = url && path ? get(h, url, path, &page, err) : err_nomem(err, "an address");
    if (!rc)
        rc = hub_take_page(page, first, rows, n, total, err);
    if (rc == CARAT_EINPUT && path)
        unlink(path);
    json_decref(page);
    return rc ? err_context(err, "%s", url ? url : h->dataset) : CARAT_OK;
}

static enum carat_err get_pages(struct hub *h, const char *config, struct buf *rows, size_t *n_rows, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    size_t total = 1, had = 0;
    for (*n_rows = 0; *n_rows < total && !rc; h->page++) {
        size_t n = 0, says = 0;
        rc = h->page < PAGES_MAX ? get_page(h, config, rows, &n, &says, err)
                                 : err_set(err, CARAT_EUNSUPPORTED, "'%s' has too many rows", h->dataset);
        if (!rc && had && says != had)
            rc = err_set(err, CARAT_EINPUT, "'%s' changed while it was fetched: %zu rows, then %zu", h->dataset, had, says);
        if (!rc && n == 0 && *n_rows < says)
            rc = err_set(err, CARAT_EINPUT, "'%s' ends after %zu of %zu rows", h->dataset, *n_rows, says);
        if (!rc && n < PAGE_ROWS && *n_rows + n < says)
            rc = err_set(err, CARAT_EINPUT, "'%s' gives %zu rows on a page that should be full", h->dataset, n);
        had = total = says;
        *n_rows += n;
        h->pages = (says + PAGE_ROWS - 1) / PAGE_ROWS;
    }
    return rc;
}

static void remove_pages(struct hub *h)
{
    const char *dir = arena_printf(&h->arena, "%s/%s.pages", h->dir, h->split);
    for (size_t i = 0; dir && i < h->page; i++) {
        const char *path = arena_printf(&h->arena, "%s/%06zu", dir, i);
        if (path)
            unlink(path);
    }
    if (dir)
        rmdir(dir);
}

/* The rows, and beside them what they are. */
static enum carat_err write_split(struct hub *h, const char *config, const struct buf *rows, size_t n, struct err *err)
{
    char sha256[SHA256_HEX];
    struct buf record = BUF_INIT(1 << 16);
    const char *path = arena_printf(&h->arena, "%s/%s.jsonl", h->dir, h->split);
    const char *record_path = arena_printf(&h->arena, "%s/%s.fetched", h->dir, h->split);
    sha256_hex(buf_str(rows).p, rows->n, sha256);
    json_t *facts = json_pack("{s:s, s:s, s:s, s:s, s:I, s:s}", "from", h->base, "dataset", h->dataset, "config", config,
                              "split", h->split, "rows", (json_int_t)n, "sha256", sha256);
    enum carat_err rc = path && record_path && facts && !json_write(facts, &record) && !buf_addc(&record, '\n')
                            ? file_write(path, buf_str(rows).p, rows->n, err)
                            : err_nomem(err, "rows");
    if (!rc)
        rc = file_write(record_path, record.p, record.n, err);
    json_decref(facts);
    buf_release(&record);
    return rc;
}

static enum carat_err fetch_split(struct hub *h, struct err *err)
{
    const char *config = NULL;
    size_t n = 0;
    struct buf rows = BUF_INIT(ROWS_BYTES_MAX);
    const char *done = arena_printf(&h->arena, "%s/%s.jsonl", h->dir, h->split);
    const char *first = arena_printf(&h->arena, "%s/%s.pages/x", h->dir, h->split);
    enum carat_err rc = done && first ? CARAT_OK : err_nomem(err, "a path");
    if (!rc && file_exists(done) && !h->opts->force)
        return CARAT_OK;
    if (!rc)
        rc = paths_make_parent(first, err);
    if (!rc)
        rc = find_config(h, &config, err);
    if (!rc)
        rc = get_pages(h, config, &rows, &n, err);
    if (!rc && n == 0)
        rc = err_set(err, CARAT_EINPUT, "'%s' has no rows in the split '%s'", h->dataset, h->split);
    if (!rc)
        rc = write_split(h, config, &rows, n, err);
    if (!rc)
        remove_pages(h);
    buf_release(&rows);
    return rc;
}

enum carat_err carat_hub_fetch(const char *dataset, const char *config, const char *split,
                               const struct carat_fetch_opts *opts, struct err *err)
{
    static const struct carat_fetch_opts defaults;
    const char *named = getenv("CARAT_ROWS_URL");
    struct hub h = {.opts = opts ? opts : &defaults, .dataset = dataset, .config = config, .split = split,
                    .arena = ARENA_INIT};
    h.base = named && *named ? named : HUB_URL;
    if (!paths_stay_inside(dataset) || (config && !paths_stay_inside(config)) || !paths_is_name(split))
        return err_set(err, CARAT_EINPUT, "'%s', '%s', '%s' are no dataset, configuration and split", dataset,
                       config ? config : "", split);
    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        return err_set(err, CARAT_ENET, "libcurl cannot start");
    char *cache = h.opts->cache_dir ? strdup(h.opts->cache_dir) : file_cache_dir();
    h.dir = cache ? arena_printf(&h.arena, "%s/hub/%s/%s", cache, dataset, config ? config : "default") : NULL;
    enum carat_err rc = h.dir ? fetch_split(&h, err) : err_set(err, CARAT_EINPUT, "no cache folder: neither XDG_CACHE_HOME "
                                                                                 "nor HOME is set");
    free(cache);
    arena_release(&h.arena);
    curl_global_cleanup();
    return rc;
}
