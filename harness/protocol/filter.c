/* filter.c - see filter.h. */
#include "filter.h"

#include <stdlib.h>

#include "base/casemap.h"

struct step_patterns {
    struct regex *pattern;
    struct regex **ignored;  /* [n_ignored] */
    size_t n_ignored;
    struct regex *punctuation;
};

struct filter_pipeline {
    const struct carat_filter *filter;
    struct step_patterns *patterns; /* [n_steps]; empty for a step that has none */
};

static const struct carat_filter_step take_first[] = {{.kind = CARAT_FILTER_TAKE_FIRST}};
static const struct carat_filter none = {.name = "none", .steps = take_first, .n_steps = 1};

static bool is_regex(const struct carat_filter_step *step)
{
    return step->kind == CARAT_FILTER_REGEX || step->kind == CARAT_FILTER_MULTI_CHOICE_REGEX;
}

static enum carat_err compile_step(const struct carat_filter_step *step, struct step_patterns *out, struct err *err)
{
    enum carat_err rc = regex_new(step->pattern, &out->pattern, err);
    size_t n = 0;
    while (step->ignore_patterns && step->ignore_patterns[n])
        n++;
    out->ignored = calloc(n ? n : 1, sizeof *out->ignored);
    if (!rc && !out->ignored)
        rc = err_nomem(err, "filters");
    for (; !rc && out->n_ignored < n; out->n_ignored += !rc)
        rc = regex_new(step->ignore_patterns[out->n_ignored], &out->ignored[out->n_ignored], err);
    if (!rc && step->ignore_punctuation)
        rc = regex_new("\\p{P}", &out->punctuation, err);
    return rc;
}

static enum carat_err compile(const struct carat_filter *filter, struct filter_pipeline *out, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    out->filter = filter;
    out->patterns = calloc(filter->n_steps ? filter->n_steps : 1, sizeof *out->patterns);
    if (!out->patterns)
        return err_nomem(err, "filters");
    for (size_t s = 0; s < filter->n_steps && !rc; s++)
        if (is_regex(&filter->steps[s]))
            rc = compile_step(&filter->steps[s], &out->patterns[s], err);
    return rc ? err_context(err, "filter '%s'", filter->name) : CARAT_OK;
}

enum carat_err filter_compile(const struct carat_task *task, struct filter_pipeline **out, size_t *n, struct err *err)
{
    size_t count = task->n_filters ? task->n_filters : 1;
    struct filter_pipeline *pipelines = calloc(count, sizeof *pipelines);
    if (!pipelines)
        return err_nomem(err, "filters");
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; i < count && !rc; i++)
        rc = compile(task->n_filters ? &task->filters[i] : &none, &pipelines[i], err);
    if (rc) {
        filter_free(pipelines, count);
        return rc;
    }
    *out = pipelines;
    *n = count;
    return CARAT_OK;
}

static void release_patterns(struct step_patterns *p)
{
    regex_free(p->pattern);
    regex_free(p->punctuation);
    for (size_t i = 0; i < p->n_ignored; i++)
        regex_free(p->ignored[i]);
    free(p->ignored);
}

void filter_free(struct filter_pipeline *pipelines, size_t n)
{
    for (size_t i = 0; pipelines && i < n; i++) {
        for (size_t s = 0; pipelines[i].patterns && s < pipelines[i].filter->n_steps; s++)
            release_patterns(&pipelines[i].patterns[s]);
        free(pipelines[i].patterns);
    }
    free(pipelines);
}

struct str filter_name(const struct filter_pipeline *pipelines, size_t i)
{
    return str_from(pipelines[i].filter->name);
}

bool filter_extracts(const struct filter_pipeline *pipelines, size_t i)
{
    const struct carat_filter *filter = pipelines[i].filter;
    for (size_t s = 0; s < filter->n_steps; s++)
        if (is_regex(&filter->steps[s]))
            return true;
    return false;
}

bool filter_wants_choices(const struct filter_pipeline *pipelines, size_t i)
{
    const struct carat_filter *filter = pipelines[i].filter;
    for (size_t s = 0; s < filter->n_steps; s++)
        if (filter->steps[s].kind == CARAT_FILTER_MULTI_CHOICE_REGEX)
            return true;
    return false;
}

/* ---- steps that look at one answer ----------------------------------------------------------- */

static struct str fallback(const struct carat_filter_step *step)
{
    return step->fallback ? str_from(step->fallback) : STR("[invalid]");
}

static enum carat_err pick(const struct regex *re, const struct carat_filter_step *step, struct filter_answer *a,
                           struct err *err)
{
    struct str match = STR("");
    enum carat_err rc = regex_pick(re, a->text, step->select, &a->found, &match, err);
    a->text = a->found ? utf8_strip(match) : fallback(step);
    return rc;
}

/* Moves the buffer's text to the item's memory and releases the buffer. */
static enum carat_err take(struct buf *b, struct arena *arena, struct str *out, struct err *err)
{
    char *p = buf_failed(b) ? NULL : arena_dup(arena, buf_str(b).p, b->n);
    *out = (struct str){p, b->n};
    buf_release(b);
    return p ? CARAT_OK : err_nomem(err, "an answer");
}

static enum carat_err change_case(enum carat_err (*mapping)(struct str s, struct buf *out), struct filter_answer *a,
                                  struct arena *arena, struct err *err)
{
    struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
    mapping(a->text, &b);
    return take(&b, arena, &a->text, err);
}

static void map(const struct carat_filter_step *step, struct filter_answer *a)
{
    for (size_t i = 0; i < step->n_map; i++)
        if (str_eq(a->text, str_from(step->map[i].from))) {
            a->text = str_from(step->map[i].to);
            return;
        }
    a->found = a->found && step->map_default;
    a->text = str_from(step->map_default);
}

/* ---- multi_choice_regex ----------------------------------------------------------------------- *
 *
 * Three attempts, each giving way when it finds nothing or the empty text: the pattern; the text of a choice, which
 * becomes its letter, "(B)"; a letter behind a colon. In the second, both the answer and the choices first lose
 * what the step ignores; among choices that fit at one place the longest wins, as its pattern's length counts. */

struct multi_choice {
    const struct carat_filter_step *step;
    const struct step_patterns *patterns;
    const struct filter_choices *choices;
    struct arena *arena;
    struct err *err;
};

static enum carat_err drop_ignored(const struct multi_choice *m, struct str s, struct str *out)
{
    struct buf b = BUF_INIT(BUF_MAX_DEFAULT);
    enum carat_err rc = CARAT_OK;
    *out = s;
    for (size_t i = 0; i < m->patterns->n_ignored && !rc; i++) {
        rc = regex_sub(m->patterns->ignored[i], *out, STR(""), &b, m->err);
        if (!rc)
            rc = take(&b, m->arena, out, m->err);
    }
    if (!rc && m->step->ignore_case) {
        casemap_lower(*out, &b);
        rc = take(&b, m->arena, out, m->err);
    }
    if (!rc && m->patterns->punctuation) {
        rc = regex_sub(m->patterns->punctuation, *out, STR(""), &b, m->err);
        if (!rc)
            rc = take(&b, m->arena, out, m->err);
    }
    buf_release(&b);
    return rc;
}

static bool is_special(char c) { return memchr("()[]{}?*+-|^$\\.&~# \t\n\r\v\f", c, 25) != NULL; }

/* As Python's re.escape() writes it. */
static void add_escaped(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (is_special(s.p[i]))
            buf_addc(b, '\\');
        buf_addc(b, s.p[i]);
    }
}

static size_t escaped_length(struct str s)
{
    size_t n = utf8_length(s);
    for (size_t i = 0; i < s.n; i++)
        n += is_special(s.p[i]);
    return n;
}

/* The choices' places, the longest pattern first, of equals the first. */
static void sort_by_length(const struct str *texts, size_t n, size_t *order)
{
    for (size_t i = 0; i < n; i++) {
        size_t at = i;
        for (; at && escaped_length(texts[order[at - 1]]) < escaped_length(texts[i]); at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

/* findall() of a pattern made for this one item. */
static enum carat_err pick_made(const struct multi_choice *m, struct buf *pattern, struct str text, struct str *out)
{
    struct regex *re = NULL;
    bool found = false;
    enum carat_err rc = CARAT_OK;
    *out = STR("");
    if (buf_failed(pattern))
        rc = err_nomem(m->err, "a pattern");
    else if (memchr(buf_str(pattern).p, '\0', pattern->n))
        rc = err_set(m->err, CARAT_EUNSUPPORTED, "a choice has a NUL in its text");
    if (!rc)
        rc = regex_new(buf_str(pattern).p, &re, m->err);
    if (!rc)
        rc = regex_pick(re, text, m->step->select, &found, out, m->err);
    *out = found ? utf8_strip(*out) : STR("");
    regex_free(re);
    buf_release(pattern);
    return rc;
}

static struct str letter(const struct multi_choice *m, size_t choice)
{
    return str_from(arena_printf(m->arena, "(%c)", (char)('A' + choice)));
}

static enum carat_err find_choice(const struct multi_choice *m, struct str text, struct str *out)
{
    const size_t n = m->choices->n;
    struct str *texts = arena_calloc(m->arena, n, sizeof *texts);
    size_t *order = arena_calloc(m->arena, n, sizeof *order);
    struct buf pattern = BUF_INIT(BUF_MAX_DEFAULT);
    enum carat_err rc = texts && order ? drop_ignored(m, text, &text) : err_nomem(m->err, "the choices");
    for (size_t i = 0; i < n && !rc; i++)
        rc = drop_ignored(m, utf8_strip(m->choices->items[i]), &texts[i]);
    if (rc)
        return rc;
    sort_by_length(texts, n, order);
    for (size_t i = 0; i < n; i++) {
        buf_adds(&pattern, i ? "|" : "");
        add_escaped(&pattern, texts[order[i]]);
    }
    rc = pick_made(m, &pattern, text, out);
    for (size_t i = n; i-- > 0 && !rc && out->n;) /* of equal choices the last one's letter */
        if (str_eq(*out, texts[i])) {
            *out = letter(m, i);
            break;
        }
    return rc;
}

static enum carat_err find_letter(const struct multi_choice *m, struct str text, struct str *out)
{
    struct buf pattern = BUF_INIT(BUF_MAX_DEFAULT);
    buf_adds(&pattern, ":[\\s]*(");
    for (size_t i = 0; i < m->choices->n; i++)
        buf_printf(&pattern, "%s%c", i ? "|" : "", (char)('A' + i));
    buf_addc(&pattern, ')');
    enum carat_err rc = pick_made(m, &pattern, text, out);
    if (!rc && out->n)
        *out = letter(m, (size_t)(*out->p - 'A'));
    return rc;
}

static enum carat_err pick_choice(const struct multi_choice *m, struct filter_answer *a)
{
    if (!m->choices->n || m->choices->n > 26)
        return err_set(m->err, CARAT_EINPUT, "multi_choice_regex wants 1 to 26 choices, the row has %zu", m->choices->n);
    bool found = false;
    struct str match = STR(""), text = a->text;
    enum carat_err rc = regex_pick(m->patterns->pattern, text, m->step->select, &found, &match, m->err);
    match = found ? utf8_strip(match) : STR("");
    if (!rc && !match.n)
        rc = find_choice(m, text, &match);
    if (!rc && !match.n)
        rc = find_letter(m, text, &match);
    a->found = match.n > 0;
    a->text = a->found ? match : fallback(m->step);
    return rc && !match.p ? err_nomem(m->err, "an answer") : rc;
}

/* ---- steps that look at all answers --------------------------------------------------------------- */

/* What Counter.most_common(1) gives: among the most frequent the one seen first. */
static void vote(struct filter_answer *answers, size_t *n)
{
    size_t best = 0, most = 0;
    for (size_t i = 0; i < *n; i++) {
        size_t count = 0;
        for (size_t k = 0; k < *n; k++)
            count += str_eq(answers[i].text, answers[k].text);
        if (count > most) {
            most = count;
            best = i;
        }
    }
    if (*n)
        answers[0] = answers[best];
    *n = *n ? 1 : 0;
}

static enum carat_err run_on_all(const struct carat_filter_step *step, struct filter_answer *answers, size_t *n,
                                 struct err *err)
{
    if (step->kind == CARAT_FILTER_MAJORITY_VOTE)
        vote(answers, n);
    if (step->kind == CARAT_FILTER_TAKE_FIRST && *n > 1)
        *n = 1;
    if (step->kind != CARAT_FILTER_TAKE_FIRST_K)
        return CARAT_OK;
    if (*n < step->k)
        return err_set(err, CARAT_EUSAGE, "it wants %zu samples of each prompt, there are %zu (--samples N)", step->k, *n);
    *n = step->k;
    return CARAT_OK;
}

enum carat_err filter_run(const struct filter_pipeline *pipelines, size_t i, const struct filter_choices *choices,
                          struct filter_answer *answers, size_t *n, struct arena *arena, struct err *err)
{
    const struct carat_filter *filter = pipelines[i].filter;
    enum carat_err rc = CARAT_OK;
    for (size_t s = 0; s < filter->n_steps && !rc; s++) {
        const struct carat_filter_step *step = &filter->steps[s];
        const struct step_patterns *patterns = &pipelines[i].patterns[s];
        const struct multi_choice m = {step, patterns, choices, arena, err};
        rc = run_on_all(step, answers, n, err);
        for (size_t a = 0; a < *n && !rc; a++)
            switch (step->kind) {
            case CARAT_FILTER_REGEX: rc = pick(patterns->pattern, step, &answers[a], err); break;
            case CARAT_FILTER_MULTI_CHOICE_REGEX: rc = pick_choice(&m, &answers[a]); break;
            case CARAT_FILTER_STRIP: answers[a].text = utf8_strip(answers[a].text); break;
            case CARAT_FILTER_LOWERCASE: rc = change_case(casemap_lower, &answers[a], arena, err); break;
            case CARAT_FILTER_UPPERCASE: rc = change_case(casemap_upper, &answers[a], arena, err); break;
            case CARAT_FILTER_MAP: map(step, &answers[a]); break;
            case CARAT_FILTER_TAKE_FIRST:
            case CARAT_FILTER_TAKE_FIRST_K:
            case CARAT_FILTER_MAJORITY_VOTE: break;
            }
    }
    return rc ? err_context(err, "filter '%s'", filter->name) : CARAT_OK;
}
