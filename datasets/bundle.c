/* A bundle: the fetched files of some datasets in one archive, for machines without a network.
 *
 *     carat-bundle.json       {"format": 1, "datasets": ["gsm8k"], "files": {"gsm8k/test.jsonl": SHA-256, ...}}, first
 *     gsm8k/fetched.json      the record of what was fetched from where
 *     gsm8k/test.jsonl        the files that the record names, and the members of the archives it names
 *
 * A gzipped tar of regular files, sorted, without dates or owners, so that the same files make the same bundle. Whoever reads one
 * trusts nobody: only names that the list has, each once, in the folder of a dataset that the table of sources knows, each with
 * the list's hash and, where one is published, that. What is there already and the same is left; what is there and another is
 * refused, unless forced. */
#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "datasets.h"
#include "paths.h"
#include "reader.h"

#define LIST "carat-bundle.json"
#define RECORD "fetched.json"
#define MAX_LIST_BYTES ((size_t)32 << 20)
#define MAX_FILES 50000
#define MAX_TOTAL_BYTES ((size_t)8 << 30)

static enum carat_err cache_of(const char *cache_dir, char **out, struct err *err)
{
    *out = cache_dir ? strdup(cache_dir) : file_cache_dir();
    if (*out)
        return CARAT_OK;
    return cache_dir ? err_nomem(err, "a path")
                     : err_set(err, CARAT_EINPUT, "no cache folder: neither XDG_CACHE_HOME nor HOME is set");
}

/* The name of the folder in which a dataset's files lie. */
static const char *folder_of(const char *dataset)
{
    const char *published = carat_dataset_source(dataset);
    return published ? published : dataset;
}

/* ---- writing ----------------------------------------------------------------------------------------- */

struct packing {
    char *cache;
    const char *path;
    json_t *files;            /* name: SHA-256, and so the list's */
    struct archive *archive;
};

/* Notes one file of a dataset's folder, where it is there. */
static enum carat_err note(struct packing *p, const char *folder, const char *name, struct err *err)
{
    char sha256[SHA256_HEX];
    struct buf full = BUF_INIT(1 << 14), path = BUF_INIT(1 << 14);
    enum carat_err rc = CARAT_OK;
    buf_printf(&full, "%s/%s", folder, name);
    buf_printf(&path, "%s/%s", p->cache, buf_str(&full).p);
    if (buf_failed(&full) || buf_failed(&path))
        rc = err_nomem(err, "a path");
    else if (file_exists(path.p)) {
        rc = sha256_file(path.p, sha256, err);
        if (!rc && json_object_set_new(p->files, full.p, json_string(sha256)))
            rc = err_nomem(err, "a bundle");
    }
    buf_release(&full);
    buf_release(&path);
    return rc;
}

/* All that the folder's record names. */
static enum carat_err note_dataset(struct packing *p, const char *dataset, struct err *err)
{
    const char *folder = folder_of(dataset), *file, *member;
    json_t *record = NULL, *entry, *value;
    struct buf path = BUF_INIT(1 << 14);
    buf_printf(&path, "%s/%s/" RECORD, p->cache, folder);
    if (buf_failed(&path))
        return err_nomem(err, "a path");
    if (!file_exists(path.p)) {
        err_set(err, CARAT_EINPUT, "nothing of %s was fetched yet", folder);
        buf_release(&path);
        return CARAT_EINPUT;
    }
    enum carat_err rc = json_read_file(path.p, MAX_LIST_BYTES, &record, err);
    if (!rc)
        rc = note(p, folder, RECORD, err);
    json_object_foreach(record, file, entry) {
        if (!rc)
            rc = note(p, folder, file, err);
        json_object_foreach(json_object_get(entry, "members"), member, value)
            if (!rc)
                rc = note(p, folder, member, err);
    }
    json_decref(record);
    buf_release(&path);
    return rc;
}

static enum carat_err archive_failed(struct archive *a, const char *path, struct err *err)
{
    const char *why = archive_error_string(a);
    return err_set(err, CARAT_EIO, "%s: cannot be written: %s", path, why ? why : "failed");
}

static enum carat_err put(struct packing *p, const char *name, struct str bytes, struct err *err)
{
    struct archive_entry *entry = archive_entry_new();
    if (!entry)
        return err_nomem(err, "a bundle");
    archive_entry_set_pathname(entry, name);
    archive_entry_set_size(entry, (la_int64_t)bytes.n);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_mtime(entry, 0, 0);
    bool ok = archive_write_header(p->archive, entry) == ARCHIVE_OK &&
              archive_write_data(p->archive, bytes.p, bytes.n) == (la_ssize_t)bytes.n;
    archive_entry_free(entry);
    return ok ? CARAT_OK : archive_failed(p->archive, p->path, err);
}

static enum carat_err put_file(struct packing *p, const char *name, struct err *err)
{
    struct buf bytes = BUF_INIT(READER_MAX_BYTES);
    char *path = file_join(p->cache, name);
    enum carat_err rc = path ? file_read(path, READER_MAX_BYTES, &bytes, err) : err_nomem(err, "a path");
    if (!rc)
        rc = put(p, name, buf_str(&bytes), err);
    buf_release(&bytes);
    free(path);
    return rc;
}

static int compare_names(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static enum carat_err put_all(struct packing *p, json_t *list, struct err *err)
{
    struct buf text = BUF_INIT(MAX_LIST_BYTES);
    const char **names = calloc(json_object_size(p->files) + 1, sizeof *names), *name;
    json_t *value;
    size_t n = 0;
    enum carat_err rc = names ? CARAT_OK : err_nomem(err, "a bundle");
    json_object_foreach(p->files, name, value)
        if (!rc)
            names[n++] = name;
    if (n)
        qsort(names, n, sizeof *names, compare_names);
    json_t *sorted = json_object(); /* one order, whatever the table of names has */
    for (size_t i = 0; i < n && !rc; i++)
        if (json_object_set(sorted, names[i], json_object_get(p->files, names[i])))
            rc = err_nomem(err, "a bundle");
    if (!rc && (json_object_set(list, "files", sorted) || json_write(list, &text)))
        rc = err_nomem(err, "a bundle");
    if (!rc)
        rc = put(p, LIST, buf_str(&text), err);
    for (size_t i = 0; i < n && !rc; i++)
        rc = put_file(p, names[i], err);
    json_decref(sorted);
    buf_release(&text);
    free(names);
    return rc;
}

static enum carat_err write_archive(struct packing *p, const char *part, json_t *list, struct err *err)
{
    p->archive = archive_write_new();
    if (!p->archive)
        return err_nomem(err, "a bundle");
    archive_write_set_format_pax_restricted(p->archive);
    archive_write_add_filter_gzip(p->archive);
    archive_write_set_filter_option(p->archive, "gzip", "timestamp", NULL);
    enum carat_err rc = archive_write_open_filename(p->archive, part) == ARCHIVE_OK ? CARAT_OK
                                                                                     : archive_failed(p->archive, p->path, err);
    if (!rc)
        rc = put_all(p, list, err);
    if (archive_write_close(p->archive) != ARCHIVE_OK && !rc)
        rc = archive_failed(p->archive, p->path, err);
    archive_write_free(p->archive);
    return rc;
}

enum carat_err carat_bundle_write(const char *const *names, size_t n, const char *cache_dir, const char *path, struct err *err)
{
    struct packing p = {.path = path, .files = json_object()};
    struct buf part = BUF_INIT(1 << 14);
    json_t *datasets = json_array(), *list = json_pack("{s:i, s:o}", "format", 1, "datasets", datasets);
    enum carat_err rc = cache_of(cache_dir, &p.cache, err);
    buf_printf(&part, "%s.part", path);
    if (!rc && (!p.files || !list || buf_failed(&part)))
        rc = err_nomem(err, "a bundle");
    for (size_t i = 0; i < n && !rc; i++) {
        rc = note_dataset(&p, names[i], err);
        if (!rc && json_array_append_new(datasets, json_string(folder_of(names[i]))))
            rc = err_nomem(err, "a bundle");
    }
    if (!rc)
        rc = write_archive(&p, part.p, list, err);
    if (!rc && rename(part.p, path))
        rc = err_set(err, CARAT_EIO, "%s: cannot be written", path);
    if (rc && !buf_failed(&part))
        unlink(part.p);
    json_decref(list);
    json_decref(p.files);
    buf_release(&part);
    free(p.cache);
    return rc;
}

/* ---- reading --------------------------------------------------------------------------------------------- */

struct unpacking {
    char *cache;
    const char *path;
    bool force;
    struct archive *archive;
    json_t *list, *seen;
    size_t total;
};

static enum carat_err damaged(const struct unpacking *u, struct err *err)
{
    const char *why = archive_error_string(u->archive);
    return err_set(err, CARAT_EINPUT, "%s: cannot be unpacked: %s", u->path, why ? why : "damaged");
}

static enum carat_err read_entry(struct unpacking *u, const char *name, struct buf *out, struct err *err)
{
    for (;;) {
        const size_t room = (size_t)1 << 16;
        if (buf_reserve(out, room))
            return err_set(err, CARAT_EINPUT, "%s: its '%s' has more than %zu bytes", u->path, name, out->max);
        la_ssize_t n = archive_read_data(u->archive, out->p + out->n, room);
        if (n < 0)
            return damaged(u, err);
        out->n += (size_t)n;
        u->total += (size_t)n;
        if (u->total > MAX_TOTAL_BYTES)
            return err_set(err, CARAT_EINPUT, "%s: expands to more than %zu bytes", u->path, MAX_TOTAL_BYTES);
        if (n == 0)
            return CARAT_OK;
    }
}

/* The next entry's name; NULL behind the last. */
static enum carat_err next_entry(struct unpacking *u, const char **name, struct err *err)
{
    struct archive_entry *entry;
    int got = archive_read_next_header(u->archive, &entry);
    *name = NULL;
    if (got == ARCHIVE_EOF)
        return CARAT_OK;
    if (got != ARCHIVE_OK && got != ARCHIVE_WARN)
        return damaged(u, err);
    *name = archive_entry_pathname(entry);
    if (!*name || !paths_stay_inside(*name))
        return err_set(err, CARAT_EINPUT, "%s: its member '%s' would be put outside the cache", u->path, *name ? *name : "(unreadable)");
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))
        return err_set(err, CARAT_EINPUT, "%s: its '%s' is no regular file", u->path, *name);
    return CARAT_OK;
}

static enum carat_err read_list(struct unpacking *u, struct err *err)
{
    struct buf text = BUF_INIT(MAX_LIST_BYTES);
    const char *name;
    enum carat_err rc = next_entry(u, &name, err);
    if (!rc && (!name || strcmp(name, LIST) != 0))
        rc = err_set(err, CARAT_EINPUT, "%s: is no bundle: it does not begin with " LIST, u->path);
    if (!rc)
        rc = read_entry(u, LIST, &text, err);
    if (!rc)
        rc = json_read(buf_str(&text), LIST, 0, &u->list, err);
    const json_t *files = json_object_get(u->list, "files");
    if (!rc && (json_integer_value(json_object_get(u->list, "format")) != 1 || !json_is_object(files)))
        rc = err_set(err, CARAT_EUNSUPPORTED, "%s: a bundle of another format", u->path);
    if (!rc && json_object_size(files) > MAX_FILES)
        rc = err_set(err, CARAT_EINPUT, "%s: lists more than %d files", u->path, MAX_FILES);
    buf_release(&text);
    return rc;
}

/* Does the name lie in the folder of a dataset that has sources, and are its bytes the published ones where those are known? */
static enum carat_err check_name(const struct unpacking *u, const char *name, const char *sha256, struct err *err)
{
    size_t n;
    bool known = false;
    const struct carat_source *sources = carat_sources(&n);
    for (size_t i = 0; i < n; i++) {
        const size_t length = strlen(sources[i].dataset);
        if (strncmp(name, sources[i].dataset, length) != 0 || name[length] != '/')
            continue;
        known = true;
        if (strcmp(name + length + 1, sources[i].file) == 0 && sources[i].sha256 && strcmp(sources[i].sha256, sha256) != 0)
            return err_set(err, CARAT_EINPUT, "%s: its '%s' is not the published file", u->path, name);
    }
    return known ? CARAT_OK : err_set(err, CARAT_EINPUT, "%s: its '%s' belongs to no dataset", u->path, name);
}

/* A record joins the one that is there. */
static enum carat_err merge_record(const char *path, struct buf *bytes, struct err *err)
{
    json_t *old = NULL, *new = NULL;
    enum carat_err rc = json_read(buf_str(bytes), RECORD, 0, &new, err);
    if (!rc && !json_is_object(new))
        rc = err_set(err, CARAT_EINPUT, RECORD ": must be a JSON object");
    if (!rc && file_exists(path))
        rc = json_read_file(path, MAX_LIST_BYTES, &old, err);
    if (!rc && old && json_object_update_missing(new, old))
        rc = err_nomem(err, "a record");
    buf_clear(bytes);
    if (!rc)
        rc = json_write(new, bytes) ? err_nomem(err, "a record") : CARAT_OK;
    json_decref(old);
    json_decref(new);
    return rc;
}

static enum carat_err keep(const struct unpacking *u, const char *name, const char *sha256, struct buf *bytes, struct err *err)
{
    char there[SHA256_HEX];
    char *path = file_join(u->cache, name);
    enum carat_err rc = path ? CARAT_OK : err_nomem(err, "a path");
    const bool record = str_ends(str_from(name), STR("/" RECORD));
    if (!rc && !record && file_exists(path)) {
        rc = sha256_file(path, there, err);
        if (!rc && strcmp(there, sha256) == 0)
            goto out;
        if (!rc && !u->force) {
            rc = err_set(err, CARAT_EINPUT, "'%s' is there already and is not the bundle's", path);
            err_hint(err, "--force replaces it");
        }
    }
    if (!rc && record)
        rc = merge_record(path, bytes, err);
    if (!rc)
        rc = paths_make_parent(path, err);
    if (!rc)
        rc = file_write(path, bytes->p, bytes->n, err);
out:
    free(path);
    return rc;
}

static enum carat_err take_entry(struct unpacking *u, const char *name, struct err *err)
{
    struct buf bytes = BUF_INIT(READER_MAX_BYTES);
    char got[SHA256_HEX];
    char *own = strdup(name); /* the archive's goes with its next call */
    const char *wanted = own ? json_string_value(json_object_get(json_object_get(u->list, "files"), own)) : NULL;
    enum carat_err rc = CARAT_OK;
    if (!own)
        rc = err_nomem(err, "a path");
    else if (!wanted || json_object_get(u->seen, own))
        rc = err_set(err, CARAT_EINPUT, "%s: its '%s' is %s", u->path, own, wanted ? "there twice" : "not in its list");
    if (!rc)
        rc = check_name(u, own, wanted, err);
    if (!rc)
        rc = read_entry(u, own, &bytes, err);
    if (!rc) {
        sha256_hex(buf_str(&bytes).p, bytes.n, got);
        if (strcmp(got, wanted) != 0)
            rc = err_set(err, CARAT_EINPUT, "%s: its '%s' is not what its list says", u->path, own);
    }
    if (!rc)
        rc = keep(u, own, got, &bytes, err);
    if (!rc && json_object_set_new(u->seen, own, json_true()))
        rc = err_nomem(err, "a bundle");
    buf_release(&bytes);
    free(own);
    return rc;
}

static enum carat_err read_archive(struct unpacking *u, struct err *err)
{
    archive_read_support_filter_gzip(u->archive);
    archive_read_support_format_tar(u->archive);
    enum carat_err rc = archive_read_open_filename(u->archive, u->path, 1 << 16) == ARCHIVE_OK ? CARAT_OK : damaged(u, err);
    if (!rc)
        rc = read_list(u, err);
    for (const char *name = ""; !rc && name;) {
        rc = next_entry(u, &name, err);
        if (!rc && name)
            rc = take_entry(u, name, err);
    }
    if (!rc && json_object_size(u->seen) != json_object_size(json_object_get(u->list, "files")))
        rc = err_set(err, CARAT_EINPUT, "%s: files of its list are missing; it was cut off", u->path);
    return rc;
}

enum carat_err carat_bundle_read(const char *path, const char *cache_dir, bool force, struct err *err)
{
    struct unpacking u = {.path = path, .force = force, .seen = json_object()};
    enum carat_err rc = cache_of(cache_dir, &u.cache, err);
    if (!rc && !file_exists(path))
        rc = err_set(err, CARAT_EINPUT, "cannot open '%s': no such file", path);
    u.archive = rc ? NULL : archive_read_new();
    if (!rc && (!u.archive || !u.seen))
        rc = err_nomem(err, "a bundle");
    if (!rc)
        rc = read_archive(&u, err);
    archive_read_free(u.archive);
    json_decref(u.list);
    json_decref(u.seen);
    free(u.cache);
    return rc;
}
