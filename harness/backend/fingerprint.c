#define _GNU_SOURCE
#include "fingerprint.h"

#include <stdlib.h>

#define SMALL ((size_t)16 << 20) /* hashed in some hundredths of a second: not worth a file */
#define DIGITS ((size_t)SHA256_HEX - 1)

/* "CACHE/fingerprints/" and the digest of the checkpoint's real path; NULL where there is no cache folder. */
static char *entry_path(const struct carat_model *model, struct buf *folder)
{
    char name[SHA256_HEX], *cache = file_cache_dir(), *real = realpath(carat_model_info(model)->path, NULL), *path = NULL;
    if (cache && real && !buf_printf(folder, "%s/fingerprints", cache)) {
        sha256_hex(real, strlen(real), name);
        path = file_join(folder->p, name);
    }
    free(cache);
    free(real);
    return path;
}

/* The entry is "STAMP FINGERPRINT\n". */
static bool read_entry(const char *path, const char *stamp, char out[SHA256_HEX])
{
    struct buf text = BUF_INIT(1 << 10);
    bool found = file_exists(path) && !file_read(path, 2 * (DIGITS + 1), &text, NULL) && text.n == 2 * (DIGITS + 1) &&
                 memcmp(text.p, stamp, DIGITS) == 0 && text.p[DIGITS] == ' ' &&
                 strspn(text.p + DIGITS + 1, "0123456789abcdef") == DIGITS;
    if (found) {
        memcpy(out, text.p + DIGITS + 1, DIGITS);
        out[DIGITS] = '\0';
    }
    buf_release(&text);
    return found;
}

static void write_entry(const char *folder, const char *path, const char *stamp, const char *fingerprint)
{
    struct buf text = BUF_INIT(1 << 10);
    if (!buf_printf(&text, "%s %s\n", stamp, fingerprint) && !file_mkdirs(folder, NULL))
        (void)file_write(path, text.p, text.n, NULL); /* next time it is hashed again */
    buf_release(&text);
}

static enum carat_err hash(const struct carat_model *model, size_t n_threads, char out[SHA256_HEX], struct err *err)
{
    struct pool *pool;
    enum carat_err rc = pool_new(n_threads, &pool, err);
    if (!rc)
        rc = carat_model_fingerprint(model, pool, out, err);
    pool_free(pool);
    return rc;
}

enum carat_err fingerprint_get(const struct carat_model *model, size_t n_threads, bool rehash, char out[SHA256_HEX],
                               struct err *err)
{
    char stamp[SHA256_HEX];
    bool settled = false;
    struct buf folder = BUF_INIT(1 << 14);
    const bool small = carat_model_info(model)->weights_bytes < SMALL;
    char *path = small ? NULL : entry_path(model, &folder);
    enum carat_err rc = CARAT_OK;
    if (path)
        carat_model_stamp(model, stamp, &settled);
    if (!path || rehash || !settled || !read_entry(path, stamp, out)) {
        rc = hash(model, n_threads, out, err);
        bool still = false;
        if (!rc && settled)
            carat_model_stamp(model, stamp, &still); /* nothing has changed while it was read */
        if (still)
            write_entry(folder.p, path, stamp, out);
    }
    free(path);
    buf_release(&folder);
    return rc;
}
