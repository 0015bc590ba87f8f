/* What a checkpoint is, by its content; and whether its files may have changed, by what the file system says. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "model_int.h"

#define FINGERPRINT_PIECE ((size_t)64 << 20)
#define SETTLED_NS ((int64_t)2000000000) /* coarser than any file system's clock */

struct piece {
    const unsigned char *p;
    size_t n;
    char hex[SHA256_HEX];
};

static void hash_piece(void *context, size_t chunk, size_t thread)
{
    struct piece *piece = (struct piece *)context + chunk;
    (void)thread;
    sha256_hex(piece->p, piece->n, piece->hex);
}

enum carat_err carat_model_fingerprint(const struct carat_model *m, struct pool *pool, char out[SHA256_HEX],
                                       struct err *err)
{
    size_t n = 0, at = 0;
    for (size_t i = 0; i < m->n_files; i++)
        n += (m->files[i].map.n + FINGERPRINT_PIECE - 1) / FINGERPRINT_PIECE;
    struct piece *pieces = calloc(n, sizeof *pieces);
    struct sha256 *all = sha256_new();
    if (!pieces || !all) {
        free(pieces);
        sha256_drop(all);
        return err_nomem(err, "a fingerprint");
    }
    for (size_t i = 0; i < m->n_files; i++)
        for (size_t from = 0; from < m->files[i].map.n; from += FINGERPRINT_PIECE, at++) {
            size_t left = m->files[i].map.n - from;
            pieces[at].p = m->files[i].map.data + from;
            pieces[at].n = left < FINGERPRINT_PIECE ? left : FINGERPRINT_PIECE;
        }
    if (pool)
        pool_run(pool, n, hash_piece, pieces);
    else
        for (size_t i = 0; i < n; i++)
            hash_piece(pieces, i, 0);
    sha256_update(all, m->config_text.p, m->config_text.n);
    for (size_t i = 0; i < n; i++)
        sha256_update(all, pieces[i].hex, SHA256_HEX - 1);
    sha256_finish(all, out);
    free(pieces);
    return CARAT_OK;
}

static bool same_stamp(const struct file_stamp *a, const struct file_stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size && a->modified_ns == b->modified_ns &&
           a->changed_ns == b->changed_ns;
}

static bool is_settled(const struct weights_file *f)
{
    struct timespec t;
    struct file_stamp now;
    clock_gettime(CLOCK_REALTIME, &t);
    int64_t ns = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec - SETTLED_NS;
    return file_stamp(f->path, &now) && same_stamp(&now, &f->map.stamp) && now.modified_ns < ns && now.changed_ns < ns;
}

void carat_model_stamp(const struct carat_model *m, char out[SHA256_HEX], bool *settled)
{
    struct buf text = BUF_INIT(BUF_MAX_DEFAULT);
    *settled = true;
    for (size_t i = 0; i < m->n_files; i++) {
        const struct file_stamp *s = &m->files[i].map.stamp;
        buf_printf(&text, "%llu %llu %llu %lld %lld %s\n", (unsigned long long)s->device, (unsigned long long)s->inode,
                   (unsigned long long)s->size, (long long)s->modified_ns, (long long)s->changed_ns, m->files[i].path);
        *settled = *settled && is_settled(&m->files[i]);
    }
    buf_add(&text, m->config_text.p, m->config_text.n);
    *settled = *settled && !buf_failed(&text);
    sha256_hex(text.p, text.n, out);
    buf_release(&text);
}
