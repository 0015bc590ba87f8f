#include "pack.h"

#include <math.h>
#include <stdlib.h>

/* deflate's best is 1032 : 1, so a size beyond that is a lie and not worth an allocation. */
enum { DEFLATE_RATIO_MAX = 1032, DEFLATE_LEVEL = 6 };

/* How a text is deflated. One that fits a small window comes out as long as with a large one, and its tables are soon
 * cleared. With a dictionary, most of the time goes into reading it, so that is done once, and a copy of what came of it is
 * all that a text costs before its own bytes; level 6 would save another 2 % in twice the time. */
struct form {
    int level, window_bits, mem_level;
};
static const struct form LARGE = {DEFLATE_LEVEL, 15, 8}, SMALL = {DEFLATE_LEVEL, 12, 5}, PRIMED = {5, 15, 7};
enum { SMALL_MAX = 4096 - 262 /* what zlib keeps of a window to look ahead */, POOL_BYTES = 512 << 10 };

static bool begin(z_stream *z, struct form f)
{
    return deflateInit2(z, f.level, Z_DEFLATED, f.window_bits, f.mem_level, Z_DEFAULT_STRATEGY) == Z_OK;
}

void pack_init(struct pack *pk)
{
    *pk = (struct pack){.out = BUF_INIT(PACK_TEXT_MAX), .scratch = BUF_INIT(PACK_TEXT_MAX), .primed_dict = BUF_INIT(PACK_TEXT_MAX)};
}

void pack_release(struct pack *pk)
{
    for (size_t i = 0; i < 2; i++)
        if (pk->can_deflate[i])
            deflateEnd(&pk->deflater[i]);
    if (pk->can_inflate)
        inflateEnd(&pk->inflater);
    free(pk->primed_pool.p);
    free(pk->copy_pool.p);
    buf_release(&pk->primed_dict);
    buf_release(&pk->scratch);
    buf_release(&pk->out);
    pack_init(pk);
}

/* ---- zlib ------------------------------------------------------------------------ */

static voidpf pool_take(voidpf opaque, uInt items, uInt size)
{
    struct pack_pool *pool = opaque;
    size_t n = ((size_t)items * size + 63) / 64 * 64; /* both are zlib's own */
    if (n > POOL_BYTES - pool->n)
        return Z_NULL;
    pool->n += n;
    return pool->p + (pool->n - n);
}

static void pool_give_back(voidpf opaque, voidpf p)
{
    (void)opaque;
    (void)p;
}

static bool pool_clear(struct pack_pool *pool)
{
    pool->n = 0;
    if (!pool->p)
        pool->p = malloc(POOL_BYTES);
    return pool->p != NULL;
}

static bool prime(struct pack *pk, struct str dict)
{
    if (str_eq(dict, buf_str(&pk->primed_dict)))
        return true;
    buf_clear(&pk->primed_dict);
    if (!pool_clear(&pk->primed_pool))
        return false;
    pk->primed = (z_stream){.zalloc = pool_take, .zfree = pool_give_back, .opaque = &pk->primed_pool};
    return begin(&pk->primed, PRIMED) &&
           deflateSetDictionary(&pk->primed, (const Bytef *)dict.p, (uInt)dict.n) == Z_OK &&
           !buf_addstr(&pk->primed_dict, dict);
}

/* A stream to deflate one text with; NULL when out of memory. `*copy` is one's room. */
static z_stream *stream_for(struct pack *pk, size_t n, struct str dict, z_stream *copy)
{
    if (dict.n) {
        if (!prime(pk, dict) || !pool_clear(&pk->copy_pool))
            return NULL;
        pk->primed.opaque = &pk->copy_pool; /* where the copy's memory comes from */
        int rc = deflateCopy(copy, &pk->primed);
        pk->primed.opaque = &pk->primed_pool;
        return rc == Z_OK ? copy : NULL;
    }
    const bool small = n <= SMALL_MAX;
    z_stream *z = &pk->deflater[small];
    if (!pk->can_deflate[small])
        pk->can_deflate[small] = begin(z, small ? SMALL : LARGE);
    else
        deflateReset(z);
    return pk->can_deflate[small] ? z : NULL;
}

enum carat_err pack_deflate(struct pack *pk, struct str in, struct str dict, struct str *out, struct err *err)
{
    z_stream copy;
    *out = in;
    if (in.n > PACK_TEXT_MAX)
        return err_set(err, CARAT_EIO, "a text of %zu bytes is longer than the store takes (%d)", in.n,
                       (int)PACK_TEXT_MAX);
    if (in.n < PACK_DEFLATE_FROM)
        return CARAT_OK;
    z_stream *z = stream_for(pk, in.n, dict, &copy);
    buf_clear(&pk->out);
    if (!z || buf_reserve(&pk->out, in.n))
        return err_nomem(err, "a text to store");
    z->next_in = (Bytef *)(uintptr_t)in.p;
    z->avail_in = (uInt)in.n;
    z->next_out = (Bytef *)pk->out.p;
    z->avail_out = (uInt)(in.n - 1); /* as long as `in` or longer is no gain: stop there */
    if (deflate(z, Z_FINISH) == Z_STREAM_END)
        *out = (struct str){pk->out.p, in.n - 1 - z->avail_out};
    return CARAT_OK;
}

bool pack_inflate(struct pack *pk, struct str stored, int64_t size, struct str dict, struct arena *a, struct str *out)
{
    if (size < 0 || size > PACK_TEXT_MAX)
        return false;
    if (stored.n == (size_t)size) {
        char *copy = arena_dup(a, stored.n ? stored.p : "", stored.n);
        *out = (struct str){copy, stored.n};
        return copy != NULL;
    }
    if ((size_t)size / DEFLATE_RATIO_MAX > stored.n)
        return false;
    z_stream *z = &pk->inflater;
    if (!pk->can_inflate)
        pk->can_inflate = inflateInit(z) == Z_OK;
    else
        inflateReset(z);
    char *p = pk->can_inflate ? arena_alloc(a, (size_t)size + 1) : NULL;
    if (!p)
        return false;
    z->next_in = (Bytef *)(uintptr_t)stored.p;
    z->avail_in = (uInt)stored.n;
    z->next_out = (Bytef *)p;
    z->avail_out = (uInt)size;
    int rc = inflate(z, Z_FINISH);
    if (rc == Z_NEED_DICT && inflateSetDictionary(z, (const Bytef *)dict.p, (uInt)dict.n) == Z_OK)
        rc = inflate(z, Z_FINISH);
    if (rc != Z_STREAM_END || z->avail_out || z->avail_in)
        return false;
    p[size] = '\0';
    *out = (struct str){p, (size_t)size};
    return true;
}

/* ---- an item's texts -------------------------------------------------------------- */

/* Appends s as a JSON string. Runs of plain bytes are copied whole. */
static void json_quote(struct buf *out, struct str s)
{
    size_t plain = 0; /* where the run not yet copied begins */
    buf_addc(out, '"');
    for (size_t at = 0; at < s.n;) {
        unsigned char c = (unsigned char)s.p[at];
        size_t from = at;
        if (c < 0x80)
            at++;
        else if (utf8_next(s, &at) >= 0)
            continue;
        if (c >= 0x20 && c != '"' && c != '\\' && c < 0x80)
            continue;
        buf_add(out, s.p + plain, from - plain);
        plain = at;
        if (c >= 0x80)
            buf_printf(out, "\\udc%02x", c);
        else if (c == '\n')
            buf_add(out, "\\n", 2);
        else if (c < 0x20)
            buf_printf(out, "\\u%04x", c);
        else
            buf_addc(out, '\\'), buf_addc(out, (char)c);
    }
    buf_add(out, s.p + plain, s.n - plain);
    buf_addc(out, '"');
}

enum carat_err pack_asked(const struct carat_item_record *item, struct buf *out)
{
    if (item->prompts) {
        buf_adds(out, "{\"prompts\":[");
        for (size_t i = 0; i < item->n_choices; i++) {
            buf_adds(out, i ? "," : "");
            json_quote(out, item->prompts[i]);
        }
        buf_adds(out, "],\"target\":");
    } else {
        buf_adds(out, "{\"prompt\":");
        json_quote(out, item->prompt);
        buf_adds(out, ",\"target\":");
    }
    json_quote(out, item->target);
    buf_adds(out, ",\"choices\":[");
    for (size_t i = 0; i < item->n_choices; i++) {
        buf_adds(out, i ? "," : "");
        json_quote(out, item->choices[i].continuation);
    }
    buf_adds(out, "]}");
    return buf_failed(out) ? CARAT_ENOMEM : CARAT_OK;
}

/* What json_quote() wrote, and nothing else: the file is ours, so another spelling means damage. */
struct reader {
    struct str s;
    size_t at;
    struct arena *a;
};

static bool take(struct reader *r, const char *word)
{
    size_t n = strlen(word);
    if (r->s.n - r->at < n || memcmp(r->s.p + r->at, word, n) != 0)
        return false;
    r->at += n;
    return true;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \u00XX, a control, or \udcXX, a byte that was no UTF-8; r->at stands behind the u. */
static int take_u(struct reader *r)
{
    bool byte = take(r, "dc");
    if ((!byte && !take(r, "00")) || r->s.n - r->at < 2)
        return -1;
    int high = hex_digit(r->s.p[r->at]), low = hex_digit(r->s.p[r->at + 1]);
    r->at += 2;
    return high < 0 || low < 0 || (high >= 8) != byte ? -1 : high * 16 + low;
}

static bool take_string(struct reader *r, struct str *out)
{
    if (!take(r, "\""))
        return false;
    const char *close = r->s.p + r->at;
    const char *end = r->s.p + r->s.n;
    while (close < end && *close != '"')
        close += *close == '\\' ? 2 : 1;
    if (close >= end)
        return false;
    /* Unquoted, a string is never longer than quoted. */
    char *p = arena_alloc(r->a, (size_t)(close - (r->s.p + r->at)) + 1);
    if (!p)
        return false;
    size_t n = 0;
    while (r->s.p + r->at < close) {
        int c = (unsigned char)r->s.p[r->at++];
        if (c == '\\') {
            char escaped = r->s.p[r->at++];
            c = escaped == 'n'                       ? '\n'
                : escaped == '"' || escaped == '\\' ? escaped
                : escaped == 'u'                     ? take_u(r)
                                                     : -1;
            if (c < 0)
                return false;
        }
        p[n++] = (char)c;
    }
    p[n] = '\0';
    *out = (struct str){p, n};
    return take(r, "\"");
}

/* Strings up to the closing bracket. Each takes three bytes or more, which bounds the count. */
static bool take_strings(struct reader *r, struct str **out, size_t *n)
{
    size_t cap = 4;
    *n = 0;
    *out = arena_calloc(r->a, cap, sizeof **out);
    if (!*out)
        return false;
    if (take(r, "]"))
        return true;
    do {
        if (*n == cap) {
            struct str *more = arena_calloc(r->a, cap * 4, sizeof *more);
            if (!more)
                return false;
            memcpy(more, *out, cap * sizeof *more);
            *out = more;
            cap *= 4;
        }
        if (!take_string(r, &(*out)[*n]))
            return false;
        ++*n;
    } while (take(r, ","));
    return take(r, "]");
}

bool pack_read_asked(struct str json, struct arena *a, struct pack_asked *out)
{
    struct reader r = {.s = json, .a = a};
    *out = (struct pack_asked){.prompt = STR("")};
    if (take(&r, "{\"prompts\":[")) {
        if (!take_strings(&r, &out->prompts, &out->n_prompts))
            return false;
    } else if (!take(&r, "{\"prompt\":") || !take_string(&r, &out->prompt)) {
        return false;
    }
    return take(&r, ",\"target\":") && take_string(&r, &out->target) && take(&r, ",\"choices\":[") &&
           take_strings(&r, &out->choices, &out->n_choices) && take(&r, "}") && r.at == r.s.n &&
           (!out->prompts || out->n_prompts == out->n_choices);
}

/* ---- numbers ----------------------------------------------------------------------- */

/* Number i of n, `width` bytes wide, in planes. */
static void put_planes(char *p, size_t i, size_t n, size_t width, uint64_t x)
{
    for (size_t k = 0; k < width; k++)
        p[k * n + i] = (char)(x >> (8 * k) & 0xff);
}

static uint64_t get_planes(const char *p, size_t i, size_t n, size_t width)
{
    uint64_t x = 0;
    for (size_t k = 0; k < width; k++)
        x |= (uint64_t)(unsigned char)p[k * n + i] << (8 * k);
    return x;
}

/* Room for n numbers behind what `out` holds; NULL when there is none. */
static char *add_planes(struct buf *out, size_t n, size_t width)
{
    size_t bytes, at = out->n;
    if (!num_mul(n, width, &bytes) || buf_reserve(out, bytes))
        return NULL;
    out->n += bytes;
    out->p[out->n] = '\0';
    return out->p + at;
}

enum carat_err pack_ids(struct buf *out, const int32_t *ids, size_t n)
{
    char *p = add_planes(out, n, 4);
    if (!p)
        return CARAT_ENOMEM;
    for (size_t i = 0; i < n; i++)
        put_planes(p, i, n, 4, (uint32_t)ids[i]);
    return CARAT_OK;
}

bool pack_read_ids(struct str bytes, struct arena *a, int32_t **ids, size_t *n)
{
    *n = bytes.n / 4;
    *ids = arena_calloc(a, *n ? *n : 1, sizeof **ids);
    if (!*ids || bytes.n % 4)
        return false;
    for (size_t i = 0; i < *n; i++)
        (*ids)[i] = (int32_t)(uint32_t)get_planes(bytes.p, i, *n, 4);
    return true;
}

/* Only a conversion there and back proves it; NaNs are told by their bits, too. */
bool pack_is_narrow(const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (isfinite(x[i]) && fabs(x[i]) > (double)3.402823466e38F)
            return false; /* the conversion itself would be undefined */
        double back = (double)(float)x[i];
        if (memcmp(&back, &x[i], sizeof back) != 0)
            return false;
    }
    return true;
}

enum carat_err pack_reals(struct buf *out, const double *x, size_t n)
{
    bool narrow = pack_is_narrow(x, n);
    char *p = add_planes(out, n, narrow ? 4 : 8);
    if (!p)
        return CARAT_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        uint64_t bits;
        uint32_t half;
        float f = narrow ? (float)x[i] : 0;
        memcpy(&bits, &x[i], 8);
        memcpy(&half, &f, 4);
        put_planes(p, i, n, narrow ? 4 : 8, narrow ? half : bits);
    }
    return CARAT_OK;
}

bool pack_read_reals(struct str bytes, size_t n, struct arena *a, double **x)
{
    size_t narrow, wide;
    if (!num_mul(n, 4, &narrow) || !num_mul(n, 8, &wide) || (bytes.n != narrow && bytes.n != wide))
        return false;
    *x = arena_calloc(a, n ? n : 1, sizeof **x);
    if (!*x)
        return false;
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = get_planes(bytes.p, i, n, bytes.n == wide ? 8 : 4);
        uint32_t half = (uint32_t)bits;
        float f;
        memcpy(&f, &half, 4);
        if (bytes.n == wide)
            memcpy(&(*x)[i], &bits, 8);
        else
            (*x)[i] = (double)f;
    }
    return true;
}

/* ---- hashes -------------------------------------------------------------------------- */

bool pack_hash(struct str hex, unsigned char out[PACK_HASH_MAX], size_t *n)
{
    *n = hex.n / 2;
    if (hex.n % 2 || *n > PACK_HASH_MAX)
        return false;
    for (size_t i = 0; i < *n; i++) {
        int high = hex_digit(hex.p[2 * i]), low = hex_digit(hex.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (unsigned char)(high * 16 + low);
    }
    return true;
}

bool pack_read_hash(struct str bytes, struct arena *a, struct str *hex)
{
    static const char digits[] = "0123456789abcdef";
    char *p = bytes.n <= PACK_HASH_MAX ? arena_alloc(a, 2 * bytes.n + 1) : NULL;
    if (!p)
        return false;
    for (size_t i = 0; i < bytes.n; i++) {
        p[2 * i] = digits[(unsigned char)bytes.p[i] >> 4];
        p[2 * i + 1] = digits[(unsigned char)bytes.p[i] & 15];
    }
    p[2 * bytes.n] = '\0';
    *hex = (struct str){p, 2 * bytes.n};
    return true;
}
