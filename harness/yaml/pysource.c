/* pysource.c - see pysource.h. Not a Python parser: it knows strings, comments, brackets and indentation, no more. */
#include "pysource.h"

#include <stdlib.h>

#include "base/jinja/jinja.h"

#define SOURCE_MAX ((size_t)8 << 20)
enum { STATEMENTS_MAX = 4000 };

struct statement {
    struct str text;    /* normalised, in struct source's text */
    struct str defines; /* the part of it that binds names */
    bool function;
    bool class;
    bool taken;
};

struct source {
    struct buf text;    /* all normalised statements, one behind the other */
    struct statement *items;
    size_t *starts;     /* of each in text: views are made when text is whole */
    size_t n;
};

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (c & 0x80);
}

/* At a quote: the index behind the string's end (or the text's). */
static size_t skip_string(struct str s, size_t i)
{
    char q = s.p[i];
    bool triple = i + 2 < s.n && s.p[i + 1] == q && s.p[i + 2] == q;
    i += triple ? 3 : 1;
    for (; i < s.n; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (!triple && (s.p[i] == q || s.p[i] == '\n'))
            return i + (s.p[i] == q);
        else if (triple && s.p[i] == q && i + 2 < s.n && s.p[i + 1] == q && s.p[i + 2] == q)
            return i + 3;
    }
    return s.n;
}

static bool is_quote(char c) { return c == '"' || c == '\''; }

/* ---- statements ------------------------------------------------------------------------------------ */

static void drop_trailing(struct buf *b, size_t from)
{
    while (b->n > from && (b->p[b->n - 1] == ' ' || b->p[b->n - 1] == '\t' || b->p[b->n - 1] == '\r'))
        b->p[--b->n] = '\0';
}

struct cutter {
    struct str s;
    size_t at;
    int depth;             /* of brackets */
    size_t line_from;      /* in the output: where the line began */
    bool decorated;        /* the statement so far is decorators */
};

static enum carat_err begin_statement(struct source *src, struct err *err)
{
    if (src->n >= STATEMENTS_MAX)
        return err_set(err, CARAT_EUNSUPPORTED, "more than %d statements", STATEMENTS_MAX);
    size_t *grown = realloc(src->starts, (src->n + 1) * sizeof *grown);
    if (!grown)
        return err_nomem(err, "a Python source");
    src->starts = grown;
    grown[src->n++] = src->text.n;
    return CARAT_OK;
}

/* A line's end, kept unless the line is blank. */
static void end_line(struct cutter *c, struct buf *out)
{
    drop_trailing(out, c->line_from);
    if (out->n > c->line_from)
        buf_addc(out, '\n');
    c->line_from = out->n;
}

/* Copies up to and with the line's end; strings may carry it over several lines. */
static void copy_line(struct cutter *c, struct buf *out)
{
    while (c->at < c->s.n) {
        char ch = c->s.p[c->at];
        if (ch == '\n') {
            c->at++;
            end_line(c, out);
            return;
        }
        if (ch == '#') {
            while (c->at < c->s.n && c->s.p[c->at] != '\n')
                c->at++;
        } else if (is_quote(ch)) {
            size_t end = skip_string(c->s, c->at);
            buf_add(out, c->s.p + c->at, end - c->at);
            c->at = end;
        } else {
            c->depth += (ch == '(' || ch == '[' || ch == '{') - (ch == ')' || ch == ']' || ch == '}');
            buf_addc(out, ch);
            c->at++;
        }
    }
    end_line(c, out);
}

static bool begins_statement(const struct cutter *c)
{
    char ch = c->s.p[c->at];
    return c->depth <= 0 && !c->decorated && ch != ' ' && ch != '\t' && ch != '\n' && ch != '\r' && ch != '#';
}

static enum carat_err cut(struct source *src, struct str file, struct err *err)
{
    struct cutter c = {.s = file};
    enum carat_err rc = CARAT_OK;
    while (c.at < file.n && !rc) {
        bool decorator = file.p[c.at] == '@' && c.depth <= 0;
        if (begins_statement(&c))
            rc = begin_statement(src, err);
        else if (!src->n && file.p[c.at] != '\n' && file.p[c.at] != '#' && file.p[c.at] != '\r')
            rc = begin_statement(src, err); /* an indented first line */
        c.decorated = decorator;
        copy_line(&c, &src->text);
    }
    return !rc && buf_failed(&src->text) ? err_nomem(err, "a Python source") : rc;
}

/* ---- what a statement binds --------------------------------------------------------------------------- */

static bool starts_with_word(struct str s, struct str word)
{
    return str_starts(s, word) && s.n > word.n && !is_word(s.p[word.n]);
}

static struct str first_word(struct str s)
{
    size_t i = 0;
    while (i < s.n && !is_word(s.p[i]))
        i++;
    size_t from = i;
    while (i < s.n && is_word(s.p[i]))
        i++;
    return (struct str){s.p + from, i - from};
}

static struct str behind(struct str s, size_t n) { return (struct str){s.p + n, s.n - n}; }

static void classify(struct statement *st)
{
    struct str s = st->text;
    while (str_starts(s, STR("@"))) { /* decorators */
        ptrdiff_t end = str_find(s, STR("\n"), 0);
        if (end < 0)
            break;
        s = behind(s, (size_t)end + 1);
    }
    if (str_starts(s, STR("async ")))
        s = behind(s, 6);
    st->function = starts_with_word(s, STR("def"));
    st->class = starts_with_word(s, STR("class"));
    if (st->function)
        st->defines = first_word(behind(s, 3));
    else if (st->class)
        st->defines = first_word(behind(s, 5));
    else if (starts_with_word(s, STR("import")) || starts_with_word(s, STR("from")))
        st->defines = s;
    else {
        size_t i = 0;
        while (i < s.n && s.p[i] != '=' && !is_quote(s.p[i]))
            i++;
        st->defines = (struct str){s.p, i < s.n && s.p[i] == '=' ? i : s.n};
    }
}

/* Is `word` one of the words of `s`? */
static bool has_word(struct str s, struct str word)
{
    for (ptrdiff_t hit = str_find(s, word, 0); hit >= 0; hit = str_find(s, word, (size_t)hit + 1)) {
        size_t from = (size_t)hit, to = from + word.n;
        if ((from == 0 || !is_word(s.p[from - 1])) && (to == s.n || !is_word(s.p[to])))
            return true;
    }
    return false;
}

/* Does `user` use a name that `st` binds? */
static bool uses(const struct statement *user, const struct statement *st)
{
    struct str s = st->defines;
    while (s.n) {
        struct str word = first_word(s);
        if (!word.n)
            return false;
        /* an import's own words are none of the names it binds */
        bool keyword = str_eq(word, STR("import")) || str_eq(word, STR("from")) || str_eq(word, STR("as"));
        if (!keyword && has_word(user->text, word))
            return true;
        s = behind(s, (size_t)(word.p - s.p) + word.n);
    }
    return false;
}

/* ---- docstrings ------------------------------------------------------------------------------------------ */

/* The index behind the ':' that ends a def's first line or lines; 0: there is none. */
static size_t header_end(struct str s)
{
    int depth = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (is_quote(s.p[i])) {
            i = skip_string(s, i) - 1;
            continue;
        }
        depth += (s.p[i] == '(' || s.p[i] == '[' || s.p[i] == '{') - (s.p[i] == ')' || s.p[i] == ']' || s.p[i] == '}');
        if (s.p[i] == ':' && depth == 0)
            return i + 1;
    }
    return 0;
}

static size_t skip_blank(struct str s, size_t i)
{
    while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t' || s.p[i] == '\n'))
        i++;
    return i;
}

/* Appends a statement, a function without its docstring. */
static void append_statement(const struct statement *st, struct buf *out)
{
    struct str s = st->text;
    size_t header = st->function ? header_end(s) : 0;
    size_t i = skip_blank(s, header), end = 0;
    if (header && i < s.n && (is_quote(s.p[i]) || (strchr("rR", s.p[i]) && i + 1 < s.n && is_quote(s.p[i + 1]))))
        end = skip_string(s, is_quote(s.p[i]) ? i : i + 1);
    if (!end || end >= s.n || s.p[end] != '\n') {
        buf_addstr(out, s);
        return;
    }
    buf_add(out, s.p, header);
    buf_addc(out, '\n');
    buf_add(out, s.p + end + 1, s.n - end - 1);
}

/* ---- closures ---------------------------------------------------------------------------------------------- */

static enum carat_err index_statements(struct source *src, struct err *err)
{
    src->items = calloc(src->n + 1, sizeof *src->items);
    if (!src->items)
        return err_nomem(err, "a Python source");
    for (size_t i = 0; i < src->n; i++) {
        size_t end = i + 1 < src->n ? src->starts[i + 1] : src->text.n;
        src->items[i].text = (struct str){src->text.p + src->starts[i], end - src->starts[i]};
        classify(&src->items[i]);
    }
    return CARAT_OK;
}

/* Takes what a taken statement uses, and what that uses; `queue` has room for all of them and begins with the function. */
static void take_used(struct source *src, size_t *queue)
{
    size_t n = 1;
    for (size_t at = 0; at < n; at++)
        for (size_t i = 0; i < src->n; i++)
            if (!src->items[i].taken && uses(&src->items[queue[at]], &src->items[i])) {
                src->items[i].taken = true;
                queue[n++] = i;
            }
}

static enum carat_err take_with_used(struct source *src, size_t own, struct err *err)
{
    size_t *queue = calloc(src->n, sizeof *queue);
    if (!queue)
        return err_nomem(err, "a Python source");
    src->items[own].taken = true;
    queue[0] = own;
    take_used(src, queue);
    free(queue);
    return CARAT_OK;
}

static void append_taken(const struct source *src, size_t own, struct buf *out)
{
    if (own < src->n)
        append_statement(&src->items[own], out);
    for (size_t i = 0; i < src->n; i++)
        if (src->items[i].taken && i != own)
            append_statement(&src->items[i], out);
}

/* ---- partial() -------------------------------------------------------------------------------------------- */

/* The index of the next `end` outside strings and brackets; s.n: there is none. */
static size_t find_outside(struct str s, size_t i, char end)
{
    int depth = 0;
    for (; i < s.n; i++) {
        if (is_quote(s.p[i])) {
            i = skip_string(s, i) - 1;
            continue;
        }
        if (depth == 0 && s.p[i] == end)
            return i;
        depth += (s.p[i] == '(' || s.p[i] == '[' || s.p[i] == '{') - (s.p[i] == ')' || s.p[i] == ']' || s.p[i] == '}');
    }
    return s.n;
}

/* `key=literal` into args */
static enum carat_err take_keyword(struct str word, json_t *args, struct err *err)
{
    size_t equals = find_outside(word, 0, '=');
    struct str key = utf8_strip((struct str){word.p, equals});
    json_t *value = NULL;
    if (equals == word.n || !key.n)
        return err_set(err, CARAT_EUNSUPPORTED, "a partial() with other arguments than keywords");
    enum carat_err rc = jinja_literal(utf8_strip(behind(word, equals + 1)), &value, err);
    if (!rc && json_object_setn_new(args, key.p, key.n, value))
        rc = err_nomem(err, "a Python source");
    return rc;
}

/* The function's name and the keywords of "= partial(f, a=1)"; *function is empty when the statement is something else. */
static enum carat_err read_partial(struct str s, struct str *function, json_t *args, struct err *err)
{
    ptrdiff_t at = str_find(s, STR("partial("), 0);
    *function = (struct str){NULL, 0};
    if (at < 0)
        return CARAT_OK;
    struct str inside = behind(s, (size_t)at + 8);
    inside.n = find_outside(inside, 0, ')');
    size_t comma = find_outside(inside, 0, ',');
    *function = utf8_strip((struct str){inside.p, comma});
    enum carat_err rc = CARAT_OK;
    while (comma < inside.n && !rc) {
        inside = behind(inside, comma + 1);
        comma = find_outside(inside, 0, ',');
        struct str word = {inside.p, comma};
        if (utf8_strip(word).n)
            rc = take_keyword(word, args, err);
    }
    return rc;
}

/* ---- the whole -------------------------------------------------------------------------------------------- */

/* The last statement that binds the name by a def, or by an assignment to it alone; src->n: none does. */
static size_t find_binding(const struct source *src, struct str name)
{
    size_t found = src->n;
    for (size_t i = 0; i < src->n; i++)
        if (str_eq(utf8_strip(src->items[i].defines), name))
            found = i;
    return found;
}

static enum carat_err take_constants(const struct source *src, json_t *constants, struct err *err)
{
    for (size_t i = 0; i < src->n; i++) {
        const struct statement *st = &src->items[i];
        struct str name = utf8_strip(st->defines);
        json_t *value = NULL;
        if (!st->taken || st->function || !name.n || name.n + 1 >= st->text.n || has_word(name, STR("import")))
            continue;
        struct str text = utf8_strip(behind(st->text, (size_t)(st->defines.p - st->text.p) + st->defines.n));
        if (!str_starts(text, STR("=")) || jinja_literal(utf8_strip(behind(text, 1)), &value, NULL))
            continue;
        if (json_object_setn_new(constants, name.p, name.n, value))
            return err_nomem(err, "a Python source");
    }
    return CARAT_OK;
}

/* Is there an r in front of the quote, and no word that it is the end of? */
static bool is_raw(struct str s, size_t quote)
{
    return quote > 0 && (s.p[quote - 1] == 'r' || s.p[quote - 1] == 'R') && (quote == 1 || !is_word(s.p[quote - 2]));
}

/* The function's texts, a docstring not counted; null for one that is no literal. */
static enum carat_err take_literals(struct str s, json_t *literals, struct err *err)
{
    struct buf own = BUF_INIT(SOURCE_MAX);
    const struct statement st = {.text = s, .function = true};
    append_statement(&st, &own);
    bool ok = !buf_failed(&own);
    for (size_t i = 0; i < own.n && ok;) {
        if (!is_quote(own.p[i])) {
            i++;
            continue;
        }
        size_t end = skip_string(buf_str(&own), i), from = i - is_raw(buf_str(&own), i);
        json_t *value = NULL;
        if (jinja_literal((struct str){own.p + from, end - from}, &value, NULL))
            value = json_null();
        ok = !json_array_append_new(literals, value);
        i = end;
    }
    buf_release(&own);
    return ok ? CARAT_OK : err_nomem(err, "a Python source");
}

/* The literal of a function that is one `return` of it; NULL: it is another. */
static json_t *returned_literal(const struct statement *st)
{
    struct buf own = BUF_INIT(SOURCE_MAX);
    json_t *value = NULL;
    append_statement(st, &own); /* without its docstring */
    struct str s = buf_str(&own);
    const size_t header = buf_failed(&own) ? 0 : header_end(s);
    const struct str body = header ? utf8_strip(behind(s, header)) : (struct str){NULL, 0};
    if (str_starts(body, STR("return")) && jinja_literal(utf8_strip(behind(body, 6)), &value, NULL))
        value = NULL;
    buf_release(&own);
    return value;
}

#define IMPORT "from lm_eval.utils import"

static bool is_imported(const struct source *src, struct str name)
{
    for (size_t i = 0; i < src->n; i++)
        if (str_starts(src->items[i].text, STR(IMPORT)) && has_word(src->items[i].text, name))
            return true;
    return false;
}

static enum carat_err take(struct source *src, struct str name, struct pysource *out, struct err *err)
{
    size_t own = find_binding(src, name);
    enum carat_err rc = CARAT_OK;
    if (own == src->n && is_imported(src, name)) {
        buf_adds(&out->text, IMPORT " ");
        buf_addstr(&out->text, name);
        return buf_failed(&out->text) ? err_nomem(err, "a Python source") : CARAT_OK;
    }
    if (own < src->n && !src->items[own].function && !src->items[own].class) {
        struct str function;
        rc = read_partial(src->items[own].text, &function, out->args, err);
        own = function.n ? find_binding(src, function) : src->n;
        if (!rc && (own == src->n || !src->items[own].function))
            rc = err_set(err, CARAT_EUNSUPPORTED, "'%.*s' is neither a function nor a partial() of one", (int)name.n, name.p);
    } else if (own == src->n) {
        for (size_t i = 0; i < src->n; i++)
            src->items[i].taken = true;
        bool may = false;
        for (size_t i = 0; i < src->n; i++)
            may = may || str_find(src->items[i].text, STR("globals()"), 0) >= 0;
        if (!may)
            rc = err_set(err, CARAT_EINPUT, "it has no function '%.*s'", (int)name.n, name.p);
    }
    if (!rc && own < src->n)
        rc = take_with_used(src, own, err);
    if (!rc)
        append_taken(src, own, &out->text);
    if (!rc && own < src->n)
        out->returned = returned_literal(&src->items[own]);
    if (!rc && own < src->n && !buf_failed(&out->text))
        rc = take_literals(src->items[own].text, out->literals, err);
    for (size_t i = 0; i < src->n && own < src->n && !rc; i++)
        if (src->items[i].taken && src->items[i].function && i != own)
            rc = take_literals(src->items[i].text, out->literals, err);
    if (!rc)
        rc = take_constants(src, out->constants, err);
    return !rc && buf_failed(&out->text) ? err_nomem(err, "a Python source") : rc;
}

enum carat_err pysource_read(struct str file, struct str function, struct pysource *out, struct err *err)
{
    struct source src = {.text = BUF_INIT(SOURCE_MAX)};
    *out = (struct pysource){.text = BUF_INIT(SOURCE_MAX), .args = json_object(), .constants = json_object(), .literals = json_array()};
    enum carat_err rc = out->args && out->constants && out->literals ? cut(&src, file, err) : err_nomem(err, "a Python source");
    if (!rc)
        rc = index_statements(&src, err);
    if (!rc)
        rc = take(&src, function, out, err);
    buf_release(&src.text);
    free(src.starts);
    free(src.items);
    if (rc)
        pysource_release(out);
    return rc;
}

enum carat_err pysource_constants(struct str file, json_t **out, struct err *err)
{
    struct source src = {.text = BUF_INIT(SOURCE_MAX)};
    *out = json_object();
    enum carat_err rc = *out ? cut(&src, file, err) : err_nomem(err, "a Python source");
    if (!rc)
        rc = index_statements(&src, err);
    for (size_t i = 0; i < src.n && !rc; i++)
        src.items[i].taken = true;
    if (!rc)
        rc = take_constants(&src, *out, err);
    buf_release(&src.text);
    free(src.starts);
    free(src.items);
    if (rc) {
        json_decref(*out);
        *out = NULL;
    }
    return rc;
}

void pysource_release(struct pysource *p)
{
    buf_release(&p->text);
    json_decref(p->args);
    json_decref(p->constants);
    json_decref(p->literals);
    json_decref(p->returned);
    p->returned = NULL;
    p->args = p->constants = p->literals = NULL;
}
