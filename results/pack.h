/* pack.h - how bytes stand in the file: deflated texts, an item's texts as one JSON value, token ids and
 * log-probabilities as planes of bytes, hashes as raw bytes. Private to results/.
 *
 *     struct pack pk;
 *     pack_init(&pk);
 *     pack_deflate(&pk, text, &stored, err);       // stored: borrowed from pk or text until the next call
 *     pack_release(&pk);
 *
 * Reading functions take bytes from a file that may be damaged: they check, and return false. What
 * they give lives in the arena. A pack belongs to one thread.
 */
#ifndef CARAT_RESULTS_PACK_H
#define CARAT_RESULTS_PACK_H

#include <zlib.h>

#include "results.h"

enum {
    PACK_DEFLATE_FROM = 200,        /* bytes; below, zlib's head and tail eat the gain */
    PACK_TEXT_MAX = 1000000000 - 1, /* SQLite's longest value is 10^9 bytes */
};

struct pack_pool {      /* zlib's memory, given out once and taken back as a whole */
    char *p;
    size_t n;           /* given out */
};
struct pack {
    z_stream deflater[2], inflater; /* [1]: of small texts */
    bool can_deflate[2], can_inflate; /* the stream was made */
    z_stream primed;               /* has read `primed_dict`; every text is deflated by a copy of it */
    struct pack_pool primed_pool, copy_pool;
    struct buf primed_dict;        /* empty: nothing is primed */
    struct buf out;                /* what pack_deflate() gives */
    struct buf scratch;            /* for callers: bytes on their way to it */
};

void pack_init(struct pack *pk);
void pack_release(struct pack *pk);

/* `in`, deflated where that is shorter; what it has in common with `dict` (empty: none) costs next to nothing.
 * CARAT_ENOMEM, or CARAT_EIO when it is too long for the store. */
enum carat_err pack_deflate(struct pack *pk, struct str in, struct str dict, struct str *out, struct err *err);

/* The bytes of a BLOB whose original length was `size`: itself when as long, else inflated. `dict` must be the one that
 * it was deflated with. */
bool pack_inflate(struct pack *pk, struct str stored, int64_t size, struct str dict, struct arena *a, struct str *out);

/* {"prompt":"..","target":"..","choices":["..",..]}, or "prompts":[..] first. Bytes that are not
 * UTF-8 become \udc80 to \udcff (what Python calls surrogateescape), so any bytes come back. */
enum carat_err pack_asked(const struct carat_item_record *item, struct buf *out);
struct pack_asked {
    struct str prompt, target;
    struct str *prompts; /* NULL: `prompt` stands */
    size_t n_prompts;
    struct str *choices;
    size_t n_choices;
};
bool pack_read_asked(struct str json, struct arena *a, struct pack_asked *out);

/* Numbers stand as planes: the lowest bytes of all of them, then the second lowest ... That is as long as
 * little-endian, and deflate finds the high bytes, which are much alike: a tenth to a sixth less in all.
 * pack_is_narrow(): float32 holds every bit of each, so 4 bytes do for a double. */
enum carat_err pack_ids(struct buf *out, const int32_t *ids, size_t n);
bool pack_read_ids(struct str bytes, struct arena *a, int32_t **ids, size_t *n);
bool pack_is_narrow(const double *x, size_t n);
enum carat_err pack_reals(struct buf *out, const double *x, size_t n); /* 4 bytes each if narrow, else 8 */
bool pack_read_reals(struct str bytes, size_t n, struct arena *a, double **x); /* n: which, the length tells */

/* Log-probabilities that float32 holds, none above 0, as bits (floats.c): a fifth less than planes deflated. False,
 * and nothing added, where one of them is of another kind. */
bool pack_floats(struct buf *out, const double *x, size_t n);
bool pack_read_floats(struct str bytes, size_t n, struct arena *a, double **x);

/* 64 lower-case hex digits (any even number of them) to bytes and back; "" to "". False on anything else. */
enum { PACK_HASH_MAX = 64 };
bool pack_hash(struct str hex, unsigned char out[PACK_HASH_MAX], size_t *n);
bool pack_read_hash(struct str bytes, struct arena *a, struct str *hex);

#endif
