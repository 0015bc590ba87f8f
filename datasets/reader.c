/* JSON Lines, JSON, gzip, and the choice among the formats.
 *
 * JSON Lines: a value a line, LF or CRLF; blank lines are passed over, as every reader that people use
 * does. JSON: an array of rows, or an object whose "examples" (BIG-Bench) or "Data" (TriviaQA) is that
 * array. jansson tells no element's place, so a second, light pass over the text (by
 * then known to be valid) finds the line on which each element begins.
 */
#include "reader.h"

#include <limits.h>
#include <zlib.h>

enum carat_err reader_jsonl(struct str text, const char *name, reader_fn *fn, void *context, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    size_t line = 1;
    for (size_t at = 0; !rc && at < text.n; line++) {
        ptrdiff_t end = str_find(text, STR("\n"), at);
        struct str s = {text.p + at, (end < 0 ? text.n : (size_t)end) - at};
        at += s.n + 1;
        if (utf8_strip(s).n == 0)
            continue;
        json_t *value;
        rc = json_read(s, name, line, &value, err);
        if (!rc)
            rc = fn(context, line, value, err);
        json_decref(value);
    }
    return rc;
}

/* ---- JSON ------------------------------------------------------------------------- */

/* Walks valid JSON text: where the elements of the array at `depth` (1: the value itself, 2: an object's
 * member) begin. */
struct walk {
    struct str text;
    size_t at, line;
};

static void walk_string(struct walk *w)
{
    for (w->at++; w->at < w->text.n && w->text.p[w->at] != '"'; w->at++)
        w->at += w->text.p[w->at] == '\\';
    w->at++;
}

/* Moves to the next byte that is no white space. */
static char walk_blank(struct walk *w)
{
    for (; w->at < w->text.n && memchr(" \t\r\n", w->text.p[w->at], 4); w->at++)
        w->line += w->text.p[w->at] == '\n';
    return w->at < w->text.n ? w->text.p[w->at] : '\0';
}

/* Moves past one value. */
static void walk_value(struct walk *w)
{
    size_t depth = 0;
    do {
        char c = walk_blank(w);
        if (c == '"') {
            walk_string(w);
            continue;
        }
        depth += c == '[' || c == '{';
        depth -= (c == ']' || c == '}') && depth > 0;
        w->at++;
        if (!depth && !memchr("[]{},:", c, 6)) /* a number or a word: to its end */
            while (w->at < w->text.n && !memchr(" \t\r\n,]}", w->text.p[w->at], 7))
                w->at++;
    } while (depth && w->at < w->text.n);
}

/* Moves to the opening bracket of the member `key` of the object at hand. */
static void walk_member(struct walk *w, const char *key)
{
    walk_blank(w);
    for (w->at++; walk_blank(w) == '"'; w->at++) {
        size_t from = w->at + 1;
        walk_string(w);
        bool here = str_eq((struct str){w->text.p + from, w->at - 1 - from}, str_from(key));
        walk_blank(w);
        w->at++; /* the colon */
        if (here)
            return;
        walk_value(w);
        walk_blank(w);
    }
}

enum carat_err reader_json(struct str text, const char *name, reader_fn *fn, void *context, struct err *err)
{
    static const char *const keys[] = {"examples", "Data"};
    struct walk w = {.text = text, .line = 1};
    json_t *whole;
    enum carat_err rc = json_read(text, name, 0, &whole, err);
    if (rc)
        return rc;
    const json_t *rows = whole;
    for (size_t i = 0; json_is_object(rows) && i < sizeof keys / sizeof *keys; i++)
        if (json_is_array(json_object_get(whole, keys[i]))) {
            rows = json_object_get(whole, keys[i]);
            walk_member(&w, keys[i]);
        }
    if (!json_is_array(rows)) {
        rc = err_set(err, CARAT_EINPUT, "%s: neither a list of rows nor an object with one in \"examples\" or \"Data\"",
                     name);
        goto out;
    }
    walk_blank(&w);
    for (size_t i = 0; !rc && i < json_array_size(rows); i++) {
        w.at++; /* the bracket or the comma before the element */
        walk_blank(&w);
        size_t line = w.line;
        walk_value(&w);
        walk_blank(&w);
        rc = fn(context, line, json_array_get(rows, i), err);
    }
out:
    json_decref(whole);
    return rc;
}

/* ---- gzip -------------------------------------------------------------------------- */

/* Text shrinks some five- to tenfold; what grows a hundredfold (past the first 16 MiB) was made to do harm. */
static size_t gunzip_cap(size_t n)
{
    size_t cap = n > READER_MAX_BYTES / 100 ? READER_MAX_BYTES : n * 100;
    return cap > (size_t)16 << 20 ? cap : (size_t)16 << 20;
}

enum carat_err reader_gunzip(struct str raw, const char *name, struct buf *out, struct err *err)
{
    size_t cap = gunzip_cap(raw.n), made = 0;
    enum carat_err rc = CARAT_OK;
    int z = Z_OK;
    z_stream s = {.next_in = (Bytef *)(uintptr_t)raw.p};
    if (inflateInit2(&s, 16 + MAX_WBITS) != Z_OK) /* 16: gzip's frame, with its CRC and length checked */
        return err_nomem(err, name);
    for (size_t fed = 0; !rc;) {
        if (s.avail_in == 0) {
            size_t more = raw.n - fed < UINT_MAX / 2 ? raw.n - fed : UINT_MAX / 2;
            s.avail_in = (uInt)more;
            fed += more;
        }
        if (z == Z_STREAM_END) { /* another member, or the end */
            if (s.avail_in == 0)
                break;
            if (inflateReset(&s) != Z_OK)
                rc = err_nomem(err, name);
        }
        size_t room = (size_t)1 << 16;
        if (!rc && buf_reserve(out, room))
            rc = err_nomem(err, name);
        if (rc)
            break;
        s.next_out = (Bytef *)(out->p + out->n);
        s.avail_out = (uInt)room;
        z = inflate(&s, Z_NO_FLUSH);
        out->n += room - s.avail_out;
        out->p[out->n] = '\0';
        made += room - s.avail_out;
        size_t at = fed - s.avail_in;
        if (made > cap)
            rc = err_set(err, CARAT_EINPUT, "%s: expands to more than %zu bytes", name, cap);
        else if (z == Z_BUF_ERROR || (z == Z_OK && s.avail_in == 0 && fed == raw.n && s.avail_out))
            rc = err_set(err, CARAT_EINPUT, "%s: the gzip data is cut off after %zu bytes", name, at);
        else if (z == Z_MEM_ERROR)
            rc = err_nomem(err, name);
        else if (z != Z_OK && z != Z_STREAM_END)
            rc = err_set(err, CARAT_EINPUT, "%s: not valid gzip data near byte %zu: %s", name, at,
                         s.msg ? s.msg : "bad data");
    }
    inflateEnd(&s);
    return rc;
}

/* ---- which format ------------------------------------------------------------------- */

enum carat_err reader_each(const char *path, struct str raw, reader_fn *fn, void *context, struct err *err)
{
    static const struct {
        const char *suffix;
        enum carat_err (*read)(struct str text, const char *name, reader_fn *fn, void *context, struct err *err);
    } formats[] = {{"few_shot_prompts.csv", reader_agieval}, {".csv", reader_csv}, {".json", reader_json}, {".jsonl", reader_jsonl}, {".py", reader_python},
                 {".txt", reader_cot}, {".yaml", reader_yaml}};
    struct buf text = BUF_INIT(READER_MAX_BYTES);
    enum carat_err rc = CARAT_OK;
    struct str name = str_from(path);
    if (str_ends(name, STR(".gz"))) {
        name.n -= 3;
        rc = reader_gunzip(raw, path, &text, err);
        raw = buf_str(&text);
    }
    if (str_starts(raw, STR("\xEF\xBB\xBF"))) /* a byte-order mark is no part of the first row */
        raw = (struct str){raw.p + 3, raw.n - 3};
    size_t i = 0, n = sizeof formats / sizeof *formats;
    while (i < n && !str_ends(name, str_from(formats[i].suffix)))
        i++;
    if (!rc)
        rc = i < n ? formats[i].read(raw, path, fn, context, err)
                   : err_set(err, CARAT_EUNSUPPORTED, "'%s': only .jsonl, .json, .csv, .txt, .yaml and .py (also with .gz) can be read",
                             path);
    buf_release(&text);
    return rc;
}
