/* hook_rows.c - the functions of hook_table.c that make or keep rows: process_docs.
 *
 * dataset.map(f): the row with what f gives put over it. dataset.filter(f): the row or nothing. A field that a row lacks is a
 * KeyError there and CARAT_EINPUT here.
 */
#include "base/casemap.h"
#include "harness/protocol/host.h"
#include "hook_rows.h"

/* ---- reading rows ------------------------------------------------------------------------------------ */

enum carat_err hook_no_field(const char *name, struct err *err)
{
    return err_set(err, CARAT_EINPUT, "the row has no text '%s'", name);
}

bool hook_text(const json_t *row, const char *name, struct str *out) { return json_get_str(row, name, out); }

struct str hook_literal(const struct hook_call *call, size_t i)
{
    const json_t *v = json_array_get(call->literals, i);
    return (struct str){json_string_value(v), json_string_length(v)};
}

/* Texts of several fields, as a list. */
static json_t *texts_of(const json_t *row, const char *const *names, size_t n, struct err *err)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < n; i++) {
        json_t *v = json_object_get(row, names[i]);
        if (!json_is_string(v) || json_array_append(list, v)) {
            hook_no_field(names[i], err);
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* list.index(value): the place of a text among texts; -1: it is not there. */
static int place(struct str s, const char *const *texts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(s, str_from(texts[i])))
            return (int)i;
    return -1;
}

static const char *const letters[] = {"A", "B", "C", "D", "E", "F"};

enum carat_err hook_put_over(const json_t *row, json_t *columns, json_t **out, struct err *err)
{
    json_t *copy = columns ? json_copy((json_t *)(uintptr_t)row) : NULL;
    if (copy && json_object_update(copy, columns)) {
        json_decref(copy);
        copy = NULL;
    }
    json_decref(columns);
    *out = copy;
    return copy ? CARAT_OK : err_nomem(err, "a row");
}

static enum carat_err kept_if(bool keep, const json_t *row, json_t **out)
{
    *out = keep ? json_incref((json_t *)(uintptr_t)row) : NULL;
    return CARAT_OK;
}

/* ---- filters ------------------------------------------------------------------------------------------ */

/* dataset.filter(lambda x: x["category"] == subject), of a partial with subject=... */
enum carat_err hook_filter_category(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    const json_t *subject = json_object_get(call->args, "subject"), *value = json_object_get(row, "category");
    if (!subject)
        return err_set(err, CARAT_EINPUT, "the function is called without its subject");
    return value ? kept_if(json_equal(value, subject), row, out) : hook_no_field("category", err);
}

/* The element of `names` that "process_" + its lower-case form with "_" for blanks (and " & ") is the function's name of. */
static bool matches(struct str lower, const char *rest)
{
    size_t k = 0;
    for (size_t i = 0; i < lower.n; i++, k++) {
        bool blank = lower.p[i] == ' ';
        if (rest[k] != (blank ? '_' : lower.p[i]))
            return false;
        if (blank && i + 2 < lower.n && lower.p[i + 1] == '&' && lower.p[i + 2] == ' ')
            i += 2;
    }
    return !rest[k];
}

static const json_t *named_by(const struct hook_call *call, const json_t *names)
{
    const char *rest = strncmp(call->name, "process_", 8) == 0 ? call->name + 8 : "";
    for (size_t i = 0; i < json_array_size(names); i++) {
        const json_t *name = json_array_get(names, i);
        struct buf lower = BUF_INIT(1 << 12);
        bool same = json_is_string(name) && !casemap_lower(str_from(json_string_value(name)), &lower);
        same = same && matches(buf_str(&lower), rest);
        buf_release(&lower);
        if (same)
            return name;
    }
    return NULL;
}

static enum carat_err filter_named(const struct hook_call *call, const char *list, const char *field, const json_t *row,
                                   json_t **out, struct err *err)
{
    const json_t *wanted = named_by(call, json_object_get(call->constants, list));
    const json_t *value = json_object_get(row, field);
    if (!wanted)
        return err_set(err, CARAT_EINPUT, "the file has no function '%s'", call->name);
    return value ? kept_if(json_equal(value, wanted), row, out) : hook_no_field(field, err);
}

enum carat_err hook_filter_categories(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    return filter_named(call, "CATEGORIES", "subject_category", row, out, err);
}

enum carat_err hook_filter_domain(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    return filter_named(call, "CATEGORIES", "domain", row, out, err);
}

/* example["subtask_name"] == PREFIX + subtask */
enum carat_err hook_filter_subtask(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    struct str subtask, name, prefix = str_from(call->param);
    const json_t *value = json_object_get(row, "subtask_name");
    if (!value || !json_get_str(call->args, "subtask", &subtask))
        return value ? err_set(err, CARAT_EINPUT, "the function is called without its subtask") : hook_no_field("subtask_name", err);
    bool same = json_get_str(row, "subtask_name", &name) && name.n == prefix.n + subtask.n && str_starts(name, prefix) &&
                str_ends(name, subtask);
    return kept_if(same, row, out);
}

/* row["Subject"], which may be a file's name ("anatomy_test.csv_sw-KE.csv"), is the subject that the function's name ends with. */
enum carat_err hook_filter_file_subject(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    static const char *const markers[] = {"_test.csv", "_test-"};
    const char *wanted = strncmp(call->name, "process_", 8) == 0 ? call->name + 8 : "";
    struct str subject;
    ptrdiff_t hit = -1;
    if (!json_object_get(row, "Subject"))
        return hook_no_field("Subject", err);
    if (!hook_text(row, "Subject", &subject))
        return kept_if(false, row, out);
    for (size_t i = 0; i < 2 && hit < 0; i++)
        hit = str_find(subject, str_from(markers[i]), 0);
    subject.n = hit < 0 ? subject.n : (size_t)hit;
    return kept_if(str_eq(subject, str_from(wanted)), row, out);
}

enum carat_err hook_filter_subjects(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    return filter_named(call, "SUBJECTS", "subject", row, out, err);
}

/* len(doc["multiple_choice_targets"]) > 0 */
enum carat_err hook_filter_targets(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    const json_t *targets = json_object_get(row, "multiple_choice_targets");
    (void)call;
    if (!json_is_array(targets))
        return err_set(err, CARAT_EINPUT, "the row has no list 'multiple_choice_targets'");
    return kept_if(json_array_size(targets) > 0, row, out);
}

/* An answer from 0 to 3, and candidates that are not all four empty. */
enum carat_err hook_filter_answered(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    const json_t *answer = json_object_get(row, "answer"), *candidates = json_object_get(row, "candidates");
    (void)call;
    if (!answer || !candidates)
        return hook_no_field(answer ? "candidates" : "answer", err);
    bool valid = json_is_integer(answer) && json_integer_value(answer) >= 0 && json_integer_value(answer) <= 3;
    bool empty = json_array_size(candidates) == 4;
    for (size_t i = 0; empty && i < 4; i++)
        empty = json_is_string(json_array_get(candidates, i)) && !json_string_length(json_array_get(candidates, i));
    return kept_if(valid && !empty, row, out);
}

/* ---- maps ----------------------------------------------------------------------------------------------- */

enum carat_err hook_clean(struct str s, struct buf *out, struct err *err)
{
    struct buf a = BUF_INIT(1 << 26);
    struct str t = utf8_strip(s), mark = STR(" [title]");
    size_t done = 0;
    for (ptrdiff_t hit; (hit = str_find(t, mark, done)) >= 0; done = (size_t)hit + mark.n) {
        buf_add(&a, t.p + done, (size_t)hit - done);
        buf_adds(&a, ". ");
    }
    buf_add(&a, t.p + done, t.n - done);
    struct buf b = BUF_INIT(1 << 26);
    for (size_t i = 0; i < a.n;) { /* \[.*?\], where "." takes no newline */
        const char *close = a.p[i] == '[' ? memchr(a.p + i, ']', a.n - i) : NULL;
        if (close && !memchr(a.p + i, '\n', (size_t)(close - a.p) - i))
            i = (size_t)(close - a.p) + 1;
        else
            buf_addc(&b, a.p[i++]);
    }
    for (size_t i = 0; i < b.n; i++) {
        buf_addc(out, b.p[i]);
        if (b.p[i] == ' ' && i + 1 < b.n && b.p[i + 1] == ' ')
            i++;
    }
    bool failed = buf_failed(&a) || buf_failed(&b) || buf_failed(out);
    buf_release(&a);
    buf_release(&b);
    return failed ? err_nomem(err, "a row") : CARAT_OK;
}

static enum carat_err append_clean(json_t *list, struct str s, struct err *err)
{
    struct buf b = BUF_INIT(1 << 26);
    enum carat_err rc = hook_clean(s, &b, err);
    if (!rc && json_array_append_new(list, json_text(buf_str(&b))))
        rc = err_nomem(err, "a row");
    buf_release(&b);
    return rc;
}

/* int(x) of a text or a number */
static bool python_int(const json_t *v, int64_t *out)
{
    if (json_is_string(v))
        return num_parse_i64(utf8_strip((struct str){json_string_value(v), json_string_length(v)}), out);
    *out = json_integer_value(v);
    return json_is_integer(v);
}

static enum carat_err hellaswag_query(const json_t *row, struct buf *out, struct err *err)
{
    struct str activity, a, b;
    struct buf text = BUF_INIT(1 << 26);
    if (!hook_text(row, "activity_label", &activity) || !hook_text(row, "ctx_a", &a) || !hook_text(row, "ctx_b", &b))
        return err_set(err, CARAT_EINPUT, "the row has not the texts 'activity_label', 'ctx_a' and 'ctx_b'");
    buf_addstr(&text, activity);
    buf_adds(&text, ": ");
    buf_addstr(&text, a);
    buf_addc(&text, ' ');
    casemap_capitalize(b, &text);
    enum carat_err rc = buf_failed(&text) ? err_nomem(err, "a row") : hook_clean(buf_str(&text), out, err);
    buf_release(&text);
    return rc;
}

enum carat_err hook_hellaswag(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    struct buf query = BUF_INIT(1 << 26);
    const json_t *endings = json_object_get(row, "endings");
    json_t *choices = json_array();
    int64_t gold = 0;
    (void)call;
    enum carat_err rc = choices ? hellaswag_query(row, &query, err) : err_nomem(err, "a row");
    if (!rc && (!json_is_array(endings) || !python_int(json_object_get(row, "label"), &gold)))
        rc = err_set(err, CARAT_EINPUT, "the row has not the list 'endings' and the number 'label'");
    for (size_t i = 0; i < json_array_size(endings) && !rc; i++) {
        const json_t *e = json_array_get(endings, i);
        rc = json_is_string(e) ? append_clean(choices, (struct str){json_string_value(e), json_string_length(e)}, err)
                               : hook_no_field("endings", err);
    }
    if (!rc)
        rc = hook_put_over(row, json_pack("{s:o, s:O, s:I}", "query", json_text(buf_str(&query)), "choices", choices, "gold",
                                   (json_int_t)gold), out, err);
    json_decref(choices);
    buf_release(&query);
    return rc;
}

enum carat_err hook_okapi_arc(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    static const char *const options[] = {"option_a", "option_b", "option_c", "option_d", "option_e"};
    struct buf query = BUF_INIT(1 << 26);
    json_t *choices = json_array();
    struct str instruction, answer;
    enum carat_err rc = choices ? CARAT_OK : err_nomem(err, "a row");
    (void)call;
    if (!rc && (!hook_text(row, "instruction", &instruction) || !hook_text(row, "answer", &answer) ||
                place(answer, letters, 5) < 0))
        rc = err_set(err, CARAT_EINPUT, "the row has not the text 'instruction' and an 'answer' from A to E");
    buf_adds(&query, "Question: ");
    if (!rc)
        rc = hook_clean(instruction, &query, err);
    buf_adds(&query, "\nAnswer:");
    for (size_t i = 0; i < 5 && !rc; i++) {
        struct str option;
        if (!json_object_get(row, options[i]))
            rc = hook_no_field(options[i], err);
        else if (hook_text(row, options[i], &option) && option.n)
            rc = append_clean(choices, option, err);
    }
    if (!rc)
        rc = hook_put_over(row, json_pack("{s:o, s:O, s:i}", "query", json_text(buf_str(&query)), "choices", choices, "gold",
                                   place(answer, letters, 5)), out, err);
    json_decref(choices);
    buf_release(&query);
    return rc;
}

/* "questions", "choices" (A to D, and E and F where `more` and they are there) and "goal", the answer's place */
static enum carat_err lettered(const json_t *row, bool more, json_t **out, struct err *err)
{
    struct str question, answer, extra;
    size_t n = 4;
    const char *names[6] = {"A", "B", "C", "D"};
    for (size_t i = 4; more && i < 6; i++)
        if (hook_text(row, letters[i], &extra) && extra.n)
            names[n++] = letters[i];
    if (!hook_text(row, "question", &question) || !hook_text(row, "answer", &answer))
        return err_set(err, CARAT_EINPUT, "the row has not the texts 'question' and 'answer'");
    int goal = place(answer, names, n);
    if (goal < 0)
        return err_set(err, CARAT_EINPUT, "the row's 'answer' is none of its choices' letters");
    json_t *choices = texts_of(row, names, n, err);
    if (!choices)
        return CARAT_EINPUT;
    return hook_put_over(row, json_pack("{s:O, s:o, s:i}", "questions", json_object_get(row, "question"), "choices", choices, "goal",
                                 goal), out, err);
}

enum carat_err hook_tmmluplus(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    (void)call;
    return lettered(row, false, out, err);
}

enum carat_err hook_tmlu(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    (void)call;
    return lettered(row, true, out, err);
}

/* x or "": nothing, null and what is false become the empty text */
static json_t *text_or_empty(const json_t *row, const char *name)
{
    json_t *v = json_object_get(row, name);
    return json_is_string(v) ? json_incref(v) : json_string("");
}

enum carat_err hook_mmlusr(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    static const char *const names[] = {"choice1", "choice2", "choice3", "choice4"};
    json_t *choices = json_array();
    struct str answer = STR("");
    bool ok = choices != NULL;
    (void)call;
    for (size_t i = 0; i < 4 && ok; i++) {
        if (!json_object_get(row, names[i])) {
            json_decref(choices);
            return hook_no_field(names[i], err);
        }
        ok = !json_array_append_new(choices, text_or_empty(row, names[i]));
    }
    if (!json_object_get(row, "answer")) {
        json_decref(choices);
        return hook_no_field("answer", err);
    }
    hook_text(row, "answer", &answer);
    return hook_put_over(row, ok ? json_pack("{s:o, s:o}", "choices", choices, "answer", json_text(utf8_strip(answer))) : NULL, out,
                  err);
}

/* ---- texts that the file keeps in constants ------------------------------------------------------------------ */

/* okapi's TruthfulQA: a null question is a blank. */
enum carat_err hook_truthfulqa(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    struct buf question = BUF_INIT(1 << 26), query = BUF_INIT(1 << 26);
    struct str text, prompt;
    static const char *const names[] = {"mc1_targets_choices", "mc2_targets_choices", "mc2_targets_labels"};
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; i < 3 && !rc; i++)
        if (!json_object_get(row, names[i]))
            rc = hook_no_field(names[i], err);
    if (!rc && !json_get_str(call->constants, "QA_PROMPT", &prompt))
        rc = err_set(err, CARAT_EUNSUPPORTED, "the file's QA_PROMPT is no text");
    if (!rc && hook_text(row, "question", &text))
        rc = hook_clean(text, &question, err);
    else if (!rc)
        rc = json_is_null(json_object_get(row, "question")) ? CARAT_OK : hook_no_field("question", err);
    if (!rc && json_is_null(json_object_get(row, "question")))
        buf_addc(&question, ' ');
    if (!rc) {
        buf_addstr(&query, prompt);
        buf_adds(&query, "\n\nQ: ");
        buf_addstr(&query, buf_str(&question));
        buf_adds(&query, "\nA:");
        rc = hook_put_over(row, json_pack("{s:o, s:o, s:O, s:O, s:{s:O}, s:s}", "question", json_text(buf_str(&question)), "query",
                                   json_text(buf_str(&query)), "mc1_choices", json_object_get(row, names[0]), "mc2_choices",
                                   json_object_get(row, names[1]), "mc2_targets", "labels", json_object_get(row, names[2]),
                                   "gold", " "), out, err);
    }
    buf_release(&question);
    buf_release(&query);
    return rc;
}

/* ---- texts that stand in the function itself ----------------------------------------------------------------------- */

/* The text with the first `hole` filled. */
static void add_filled(struct str s, struct str hole, struct str with, struct buf *out)
{
    ptrdiff_t at = str_find(s, hole, 0);
    if (at < 0) {
        buf_addstr(out, s);
        return;
    }
    buf_add(out, s.p, (size_t)at);
    buf_addstr(out, with);
    buf_add(out, s.p + at + hole.n, s.n - (size_t)at - hole.n);
}

/* The Arabic leaderboard's ACVA: a sentence that is true or false. Its literals: the query, the two words. */
enum carat_err hook_true_or_false(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    enum { QUERY = 3, TRUE_WORD = 5, FALSE_WORD = 6 };
    const struct str words[] = {hook_literal(call, TRUE_WORD), hook_literal(call, FALSE_WORD)};
    struct str question, answer;
    if (!hook_text(row, "question", &question) || !hook_text(row, "answer", &answer))
        return err_set(err, CARAT_EINPUT, "the row has not the texts 'question' and 'answer'");
    if (!words[1].p || (!str_eq(answer, words[0]) && !str_eq(answer, words[1])))
        return err_set(err, CARAT_EINPUT, "the row's 'answer' is neither of the function's two words");
    struct buf query = BUF_INIT(1 << 26);
    add_filled(hook_literal(call, QUERY), STR("{question}"), question, &query);
    enum carat_err rc = buf_failed(&query) ? err_nomem(err, "a row")
                                           : hook_put_over(row, json_pack("{s:o, s:[o, o], s:i}", "query", json_text(buf_str(&query)),
                                                                   "choices", json_text(words[0]), json_text(words[1]), "gold",
                                                                   str_eq(answer, words[0]) ? 0 : 1), out, err);
    buf_release(&query);
    return rc;
}

/* ... its MMLU: a heading with the topic, the question, four choices behind Arabic letters. */
enum carat_err hook_arabic_mmlu(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    enum { HEADING = 1, ENDING = 10 };
    struct str topic, question, answer, choice;
    const json_t *marks = json_object_get(call->constants, "LETTER_INDICES_AR");
    if (!hook_text(row, "subject", &topic) || !hook_text(row, "question", &question) || !hook_text(row, "answer", &answer))
        return err_set(err, CARAT_EINPUT, "the row has not the texts 'subject', 'question' and 'answer'");
    bool letter = answer.n == 1 && answer.p[0] >= 'A' && answer.p[0] <= 'Z';
    struct buf query = BUF_INIT(1 << 26), name = BUF_INIT(1 << 26);
    json_t *choices = json_array();
    enum carat_err rc = letter ? CARAT_OK : err_set(err, CARAT_EINPUT, "the row's 'answer' is no letter");
    for (size_t i = 0; i < topic.n; i++)
        buf_addc(&name, topic.p[i] == '_' ? ' ' : topic.p[i]);
    add_filled(hook_literal(call, HEADING), STR("{topic.replace('_', ' ')}"), buf_str(&name), &query);
    buf_addstr(&query, question);
    buf_addc(&query, '\n');
    for (size_t i = 0; i < 4 && !rc; i++) {
        json_t *mark = json_array_get(marks, i);
        if (!hook_text(row, letters[i], &choice) || !json_is_string(mark))
            rc = hook_no_field(letters[i], err);
        else if (json_array_append(choices, mark))
            rc = err_nomem(err, "a row");
        buf_adds(&query, json_string_value(mark));
        buf_adds(&query, ". ");
        buf_addstr(&query, rc ? STR("") : choice);
        buf_addc(&query, '\n');
    }
    buf_addstr(&query, hook_literal(call, ENDING));
    if (!rc && (buf_failed(&query) || buf_failed(&name)))
        rc = err_nomem(err, "a row");
    if (!rc)
        rc = hook_put_over(row, json_pack("{s:o, s:O, s:i}", "query", json_text(buf_str(&query)), "choices", choices, "gold",
                                   answer.p[0] - 'A'), out, err);
    json_decref(choices);
    buf_release(&query);
    buf_release(&name);
    return rc;
}

/* The answer as the built-in task of the name in `param` reads it out of the row. */
enum carat_err hook_builtin_answer(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    const struct carat_task *const *task = carat_builtin_tasks();
    while (*task && strcmp((*task)->name, call->param) != 0)
        task++;
    if (!*task)
        return err_set(err, CARAT_EUNSUPPORTED, "there is no built-in task '%s'", call->param);
    struct arena arena = ARENA_INIT;
    struct carat_ctx ctx;
    struct carat_example ex = {.gold = 0};
    host_begin(&ctx, &(struct proto_leaf){.task = *task}, &arena, err);
    enum carat_err rc = host_end(&ctx, (*task)->example(host_functions(), &ctx, host_value(row), &ex));
    if (!rc)
        rc = hook_put_over(row, json_pack("{s:o}", "answer", json_text(str_of(ex.answer))), out, err);
    arena_release(&arena);
    return rc;
}
