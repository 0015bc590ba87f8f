/* Fetching a dataset: each of its files downloaded, verified, recorded, unpacked.
 *
 *     CACHE/mmlu/data.tar.part      what of a file has come (download.c)
 *     CACHE/mmlu/data/test/...      what was taken out of it
 *     CACHE/mmlu/fetched.json       the record, one member a file:
 *         {"data.tar": {"url": ..., "bytes": 166184960, "sha256": ..., "members": {"data/test/...csv": sha256, ...}}}
 *     CACHE/mmlu/.lock              held (flock) while one process is at work; another waits
 *
 * A file is there when its bytes have the published SHA-256 or, where none is published, the recorded one
 * (the pin); an archive, which is removed once unpacked, when all recorded members have theirs. Only what
 * is not there is asked for, so a second fetch opens no connection. The record is written after the file it tells
 * of: a fetch killed in between finds the file and pins it as it is.
 */
#define _GNU_SOURCE /* flock */
#include "fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "download.h"
#include "paths.h"
#include "reader.h"
#include "table.h"
#include "unpack.h"

#define RECORD_MAX_BYTES ((size_t)16 << 20)

struct fetch {
    const struct fetch_tables *tables;
    const struct carat_fetch_opts *opts;
    char *dir;         /* CACHE/<dataset> */
    char *record_path;
    json_t *record;
    int lock;
    size_t file, n_files;              /* at which of the dataset's files */
    const struct carat_source *source; /* that file */
};

/* ---- the record ----------------------------------------------------------------------------- */

static enum carat_err record_read(struct fetch *f, struct err *err)
{
    if (!file_exists(f->record_path)) {
        f->record = json_object();
        return f->record ? CARAT_OK : err_nomem(err, "a record");
    }
    enum carat_err rc = json_read_file(f->record_path, RECORD_MAX_BYTES, &f->record, err);
    if (!rc && !json_is_object(f->record))
        rc = err_set(err, CARAT_EINPUT, "%s: must be a JSON object", f->record_path);
    return rc ? err_hint(err, "the record of what was fetched is damaged; remove it to have all verified and pinned anew")
              : CARAT_OK;
}

/* The SHA-256 that the file must have: as published, else as pinned, else NULL. */
static const char *record_sha256(const struct fetch *f)
{
    const json_t *entry = json_object_get(f->record, f->source->file);
    return f->source->sha256 ? f->source->sha256 : json_string_value(json_object_get(entry, "sha256"));
}

/* Takes over `members`, which may be NULL. */
static enum carat_err record_write(struct fetch *f, const char *url, const char *path, const char *sha256,
                                   json_t *members, struct err *err)
{
    struct stat st;
    struct buf text = BUF_INIT(RECORD_MAX_BYTES);
    json_t *entry = NULL;
    enum carat_err rc = CARAT_OK;
    if (stat(path, &st))
        rc = err_set(err, CARAT_EIO, "cannot look at '%s': %s", path, strerror(errno));
    else
        entry = json_pack("{s:s, s:I, s:s, s:o*}", "url", url, "bytes", (json_int_t)st.st_size, "sha256", sha256,
                          "members", members);
    if (rc)
        json_decref(members);
    if (!rc && (!entry || json_object_set_new(f->record, f->source->file, entry) || json_write(f->record, &text)))
        rc = err_nomem(err, "a record");
    if (!rc)
        rc = file_write(f->record_path, text.p, text.n, err);
    buf_release(&text);
    return rc;
}

/* ---- what is there ------------------------------------------------------------------------------ */

static bool file_has(const char *path, const char *sha256)
{
    char got[SHA256_HEX];
    return sha256 && file_exists(path) && !sha256_file(path, got, NULL) && !strcmp(got, sha256);
}

static const struct source_archive *find_archive(const struct fetch *f)
{
    for (size_t i = 0; i < f->tables->n_archives; i++) {
        const struct source_archive *a = &f->tables->archives[i];
        if (!strcmp(a->dataset, f->source->dataset) && !strcmp(a->file, f->source->file))
            return a;
    }
    return NULL;
}

/* Are all members of the archive there, as they were when it was unpacked? */
static bool members_there(const struct fetch *f)
{
    const json_t *entry = json_object_get(f->record, f->source->file);
    const char *sha256 = json_string_value(json_object_get(entry, "sha256"));
    json_t *members = json_object_get(entry, "members"), *value;
    const char *name;
    bool all = json_object_size(members) > 0 && sha256 && !strcmp(sha256, record_sha256(f));
    json_object_foreach(members, name, value) {
        char *path = all ? file_join(f->dir, name) : NULL;
        all = path && file_has(path, json_string_value(value));
        free(path);
    }
    return all;
}

/* ---- one file ------------------------------------------------------------------------------------- */

static void on_bytes(void *context, int64_t bytes, int64_t total)
{
    const struct fetch *f = context;
    f->opts->progress(f->opts->context, &(struct carat_fetch_progress){
        .name = f->source->file, .file = f->file, .n_files = f->n_files, .bytes = bytes, .total = total});
}

/* The official address, or the mirror's: MIRROR/<dataset>/<file>. */
static enum carat_err file_url(const struct fetch *f, struct buf *url, struct err *err)
{
    const char *mirror = f->opts->mirror;
    size_t n = mirror ? strlen(mirror) : 0;
    while (n && mirror[n - 1] == '/')
        n--;
    enum carat_err rc = n ? buf_printf(url, "%.*s/%s/%s", (int)n, mirror, f->source->dataset, f->source->file)
                          : buf_adds(url, f->source->url);
    return rc ? err_nomem(err, "an address") : CARAT_OK;
}

static enum carat_err file_download(struct fetch *f, const char *url, const char *path, char got[SHA256_HEX],
                                    struct err *err)
{
    const struct carat_fetch_opts *o = f->opts;
    const char *sha256 = record_sha256(f);
    enum carat_err rc = download_file(&(struct download){
        .url = url,
        .path = path,
        .bytes = f->source->bytes,
        .sha256 = sha256,
        .retries = o->retries ? o->retries : 5,
        .first_wait_s = o->first_wait_s > 0 ? o->first_wait_s : 1,
        .stall_timeout_s = o->stall_timeout_s > 0 ? o->stall_timeout_s : 30,
        .progress = o->progress ? on_bytes : NULL,
        .context = f,
    }, got, err);
    if (rc == CARAT_EINPUT && sha256 && !f->source->sha256)
        err_hint(err, "the expected one was pinned on first use, in '%s'; remove that file to pin anew", f->record_path);
    return rc;
}

static enum carat_err file_unpack(struct fetch *f, const struct source_archive *archive, const char *url,
                                  const char *path, const char *sha256, struct err *err)
{
    json_t *members = json_object();
    enum carat_err rc = members ? unpack_archive(path, f->dir, archive->members, members, err)
                                : err_nomem(err, "an archive");
    if (rc)
        json_decref(members);
    else
        rc = record_write(f, url, path, sha256, members, err);
    if (!rc || (rc == CARAT_EINPUT && !record_sha256(f))) /* bad, and no hash stood for it: not to be met again */
        unlink(path);
    return rc;
}

/* The user's own copy, where it is this very file. */
static enum carat_err take_copy(const struct fetch *f, const char *path, const char *sha256, struct err *err)
{
    struct buf bytes = BUF_INIT(READER_MAX_BYTES);
    if (!f->opts->copy || !file_has(f->opts->copy, sha256))
        return CARAT_OK;
    enum carat_err rc = file_read(f->opts->copy, READER_MAX_BYTES, &bytes, err);
    if (!rc)
        rc = paths_make_parent(path, err);
    if (!rc)
        rc = file_write(path, bytes.p, bytes.n, err);
    buf_release(&bytes);
    return rc;
}

static enum carat_err fetch_file(struct fetch *f, struct err *err)
{
    const struct source_archive *archive = find_archive(f);
    const char *sha256 = record_sha256(f);
    bool force = f->opts->force;
    char got[SHA256_HEX];
    struct buf url = BUF_INIT(8192);
    char *path = file_join(f->dir, f->source->file);
    enum carat_err rc = path ? file_url(f, &url, err) : err_nomem(err, "a path");
    if (rc)
        goto out;
    rc = take_copy(f, path, sha256, err);
    if (rc)
        goto out;
    /* Without any hash to hold it against, what is there is taken and pinned. */
    bool there = !force && file_exists(path) && (!sha256 || file_has(path, sha256));
    if (!there && !force && archive && members_there(f))
        goto out;
    if (!there)
        rc = paths_make_parent(path, err);
    if (!rc)
        rc = there ? sha256_file(path, got, err) : file_download(f, url.p, path, got, err);
    if (rc)
        goto out;
    if (archive)
        rc = file_unpack(f, archive, url.p, path, got, err);
    else if (!there || !json_object_get(f->record, f->source->file))
        rc = record_write(f, url.p, path, got, NULL, err);
out:
    buf_release(&url);
    free(path);
    return rc;
}

/* ---- the dataset ------------------------------------------------------------------------------------- */

static enum carat_err lock_folder(struct fetch *f, struct err *err)
{
    char *path = file_join(f->dir, ".lock");
    if (!path)
        return err_nomem(err, "a path");
    enum carat_err rc = CARAT_OK;
    f->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    bool busy = f->lock >= 0 && flock(f->lock, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;
    if (f->lock < 0)
        rc = err_set(err, CARAT_EIO, "cannot open '%s': %s", path, strerror(errno));
    if (busy && f->opts->progress)
        f->opts->progress(f->opts->context, &(struct carat_fetch_progress){
            .name = "(another fetch is at work)", .n_files = f->n_files, .total = -1});
    while (busy && flock(f->lock, LOCK_EX) && errno == EINTR)
        ;
    free(path);
    return rc;
}

static enum carat_err prepare(struct fetch *f, const char *name, struct err *err)
{
    char *cache = f->opts->cache_dir ? strdup(f->opts->cache_dir) : file_cache_dir();
    if (!cache && !f->opts->cache_dir)
        return err_set(err, CARAT_EINPUT, "no cache folder: neither XDG_CACHE_HOME nor HOME is set");
    f->dir = cache ? file_join(cache, name) : NULL;
    f->record_path = f->dir ? file_join(f->dir, "fetched.json") : NULL;
    free(cache);
    if (!f->record_path)
        return err_nomem(err, "a path");
    enum carat_err rc = file_mkdirs(f->dir, err);
    if (!rc)
        rc = lock_folder(f, err);
    return rc ? rc : record_read(f, err);
}

static enum carat_err unknown(const struct fetch_tables *tables, const char *name, struct err *err)
{
    const char *names[128]; /* the datasets, each once */
    size_t n = 0;
    for (size_t i = 0; i < tables->n_sources && n + 1 < sizeof names / sizeof *names; i++)
        if (!n || strcmp(names[n - 1], tables->sources[i].dataset))
            names[n++] = tables->sources[i].dataset;
    names[n] = NULL;
    const char *near = str_nearest(name, names);
    err_set(err, CARAT_EUSAGE, "no source is known for a dataset '%s'", name);
    return near ? err_hint(err, "did you mean '%s'?", near) : err_hint(err, "'carat list sources' has them all");
}

enum carat_err fetch_dataset(const struct fetch_tables *tables, const char *name, const struct carat_fetch_opts *opts,
                             struct err *err)
{
    static const struct carat_fetch_opts defaults;
    struct fetch f = {.tables = tables, .opts = opts ? opts : &defaults, .lock = -1};
    enum carat_err first = CARAT_OK;
    for (size_t i = 0; i < tables->n_sources; i++)
        f.n_files += !strcmp(tables->sources[i].dataset, name);
    if (!f.n_files)
        return unknown(tables, name, err);
    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        return err_set(err, CARAT_ENET, "libcurl cannot start");
    enum carat_err rc = prepare(&f, name, err);
    for (size_t i = 0; !rc && i < tables->n_sources; i++) {
        f.source = &tables->sources[i];
        if (strcmp(f.source->dataset, name))
            continue;
        struct err why = ERR_INIT;
        enum carat_err one = fetch_file(&f, &why);
        if (one && !first) { /* what a server does not give keeps nobody from the other files */
            first = one;
            if (err)
                *err = why;
        }
        rc = one == CARAT_ENET || one == CARAT_EINPUT ? CARAT_OK : one;
        f.file++;
    }
    rc = rc ? rc : first;
    if (f.lock >= 0)
        close(f.lock); /* and so unlocks */
    json_decref(f.record);
    free(f.record_path);
    free(f.dir);
    curl_global_cleanup();
    return rc;
}

const char *carat_dataset_source(const char *name)
{
    const struct table_dataset *known = table_find(name);
    return known ? known->source : NULL;
}

enum carat_err carat_dataset_fetch(const char *name, const struct carat_fetch_opts *opts, struct err *err)
{
    struct fetch_tables tables;
    const char *published = carat_dataset_source(name);
    name = published ? published : name;
    tables.sources = carat_sources(&tables.n_sources);
    tables.archives = source_archives(&tables.n_archives);
    return fetch_dataset(&tables, name, opts, err);
}
