/* From the rows of the first releases to those of the Hub's copies. A field may come as either has it: a folder of the
 * Hub's rows often has the official names. */
#include "adapt.h"

#include <stdio.h>

#include "reader.h"

static enum carat_err put(json_t *row, const char *key, json_t *value, struct err *err)
{
    return value && !json_object_set_new(row, key, value) ? CARAT_OK : err_nomem(err, "a row");
}

static enum carat_err wants_object(const struct record *rec, struct err *err)
{
    return json_is_object(rec->value) ? CARAT_OK : err_set(err, CARAT_EINPUT, "a row must be a JSON object");
}

enum carat_err adapt_none(const struct record *rec, json_t **out, struct err *err)
{
    enum carat_err rc = wants_object(rec, err);
    *out = rc ? NULL : json_incref(rec->value);
    return rc;
}

enum carat_err adapt_gsm8k(const struct record *rec, json_t **out, struct err *err)
{
    enum carat_err rc = wants_object(rec, err);
    const json_t *target = json_object_get(rec->value, "target");
    *out = NULL;
    if (rc || json_object_get(rec->value, "answer") || !target)
        return rc ? rc : adapt_none(rec, out, err);
    *out = json_copy(rec->value);
    rc = *out ? put(*out, "answer", json_deep_copy(target), err) : err_nomem(err, "a row");
    if (rc) {
        json_decref(*out);
        *out = NULL;
    }
    return rc;
}

/* ---- HellaSwag ------------------------------------------------------------------------
 * The Hub copy has the label as text ("" in the test split, which has none), its keys in one order, and
 * "" where a line lacks ctx_a or ctx_b. */

static const char *hellaswag_label(const json_t *label)
{
    static const char *const texts[] = {"0", "1", "2", "3", ""};
    if (!label)
        return "";
    if (json_is_integer(label) && json_integer_value(label) >= 0 && json_integer_value(label) < 4)
        return texts[json_integer_value(label)];
    for (size_t i = 0; json_is_string(label) && i < sizeof texts / sizeof *texts; i++)
        if (!strcmp(json_string_value(label), texts[i]))
            return texts[i];
    return NULL;
}

enum carat_err adapt_hellaswag(const struct record *rec, json_t **out, struct err *err)
{
    static const char *const keys[] = {"ind",     "activity_label", "ctx_a", "ctx_b",      "ctx",
                                       "endings", "source_id",      "split", "split_type", "label"};
    *out = NULL;
    if (wants_object(rec, err))
        return CARAT_EINPUT;
    const char *label = hellaswag_label(json_object_get(rec->value, "label"));
    if (!label)
        return err_set(err, CARAT_EINPUT, "'label' must be 0, 1, 2 or 3");
    if (json_is_string(json_object_get(rec->value, "label")))
        return adapt_none(rec, out, err);
    enum carat_err rc = CARAT_OK;
    json_t *row = json_object();
    for (size_t i = 0; !rc && i < sizeof keys / sizeof *keys; i++) {
        json_t *value = json_object_get(rec->value, keys[i]);
        if (!strcmp(keys[i], "label"))
            rc = put(row, "label", json_string(label), err);
        else if (value)
            rc = put(row, keys[i], json_incref(value), err);
        else if (!strcmp(keys[i], "ctx_a") || !strcmp(keys[i], "ctx_b"))
            rc = put(row, keys[i], json_string(""), err);
    }
    if (rc)
        json_decref(row);
    *out = rc ? NULL : row;
    return rc;
}

/* ---- BoolQ ---------------------------------------------------------------------------
 * The first release has the article's title apart and a boolean answer; SuperGLUE's package has both in
 * the passage and a boolean label; the Hub copy is SuperGLUE's with label 0 or 1. */

static enum carat_err boolq_release(const json_t *from, json_t *row, struct err *err)
{
    struct str title, passage;
    const json_t *answer = json_object_get(from, "answer");
    json_t *question = json_object_get(from, "question");
    if (!json_get_str(from, "title", &title) || !json_get_str(from, "passage", &passage) || !question ||
        !json_is_boolean(answer))
        return err_set(err, CARAT_EINPUT, "a row needs 'question', 'title', 'passage' (texts) and 'answer' (true or false)");
    struct buf joined = BUF_INIT(READER_MAX_BYTES);
    buf_addstr(&joined, title);
    buf_adds(&joined, " -- ");
    buf_addstr(&joined, passage);
    enum carat_err rc = put(row, "question", json_incref(question), err);
    if (!rc)
        rc = put(row, "passage", buf_failed(&joined) ? NULL : json_stringn(joined.p, joined.n), err);
    if (!rc)
        rc = put(row, "label", json_integer(json_is_true(answer)), err);
    buf_release(&joined);
    return rc;
}

enum carat_err adapt_boolq(const struct record *rec, json_t **out, struct err *err)
{
    enum carat_err rc = wants_object(rec, err);
    json_t *label = rc ? NULL : json_object_get(rec->value, "label");
    json_t *row = NULL;
    if (rc)
        goto out;
    if (json_object_get(rec->value, "answer")) {
        row = json_object();
        rc = boolq_release(rec->value, row, err);
    } else if (json_is_boolean(label)) {
        row = json_copy(rec->value);
        rc = put(row, "label", json_integer(json_is_true(label)), err);
    } else {
        row = json_incref(rec->value);
    }
    if (rc) {
        json_decref(row);
        row = NULL;
    }
out:
    *out = row;
    return rc;
}

/* ---- MMLU ------------------------------------------------------------------------------ */

enum carat_err adapt_mmlu(const struct record *rec, json_t **out, struct err *err)
{
    const json_t *cells = rec->value;
    if (json_is_object(cells))
        return adapt_none(rec, out, err);
    *out = NULL;
    size_t n = json_array_size(cells);
    if (n != 6)
        return err_set(err, CARAT_EINPUT, "%zu fields, but a row is question, A, B, C, D, answer", n);
    const char *letter = json_string_value(json_array_get(cells, 5));
    if (!letter || letter[0] < 'A' || letter[0] > 'D' || json_string_length(json_array_get(cells, 5)) != 1)
        return err_set(err, CARAT_EINPUT, "the answer must be A, B, C or D, not '%.20s'", letter ? letter : "");
    *out = json_pack("{s:O, s:s, s:[O, O, O, O], s:i}", "question", json_array_get(cells, 0), "subject", rec->subset,
                     "choices", json_array_get(cells, 1), json_array_get(cells, 2), json_array_get(cells, 3),
                     json_array_get(cells, 4), "answer", letter[0] - 'A');
    return *out ? CARAT_OK : err_nomem(err, "a row");
}

/* ---- labels ----------------------------------------------------------------------------
 * PIQA's and SIQA's first releases have the answers in a file of their own, WinoGrande's has them twice. */

/* How much of a strange label a message shows. */
static int shown(struct str s) { return s.n < 20 ? (int)s.n : 20; }

/* The right answer as one of the characters of `allowed`: from the row's `field`, the labels file, or both alike. */
static enum carat_err label_of(const struct record *rec, const char *field, const char *allowed, char *out,
                               struct err *err)
{
    const json_t *own = json_object_get(rec->value, field);
    struct str label = rec->label;
    char digits[24] = "";
    struct str of_row = {digits, 0};
    if (json_is_integer(own)) {
        of_row.n = (size_t)snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(own));
    } else if (own && !json_get_str(rec->value, field, &of_row)) {
        return err_set(err, CARAT_EINPUT, "'%s' must be a text or a whole number", field);
    }
    if (!own && !label.p)
        return err_set(err, CARAT_EINPUT, "the row has no '%s', and there is no file of labels beside", field);
    if (own && label.p && !str_eq(of_row, label))
        return err_set(err, CARAT_EINPUT, "'%s' is '%.*s', but the file of labels says '%.*s'", field,
                       shown(of_row), of_row.p, shown(label), label.p);
    if (own)
        label = of_row;
    if (label.n != 1 || !strchr(allowed, label.p[0]))
        return err_set(err, CARAT_EINPUT, "the label must be one of '%s', not '%.*s'", allowed,
                       shown(label), label.p);
    *out = label.p[0];
    return CARAT_OK;
}

enum carat_err adapt_piqa(const struct record *rec, json_t **out, struct err *err)
{
    char label = '0';
    *out = NULL;
    enum carat_err rc = wants_object(rec, err);
    if (!rc)
        rc = label_of(rec, "label", "01", &label, err);
    if (rc)
        return rc;
    *out = json_copy(rec->value);
    return *out ? put(*out, "label", json_integer(label - '0'), err) : err_nomem(err, "a row");
}

enum carat_err adapt_siqa(const struct record *rec, json_t **out, struct err *err)
{
    char label = '1';
    *out = NULL;
    enum carat_err rc = wants_object(rec, err);
    if (!rc)
        rc = label_of(rec, "label", "123", &label, err);
    if (rc)
        return rc;
    *out = json_copy(rec->value);
    return *out ? put(*out, "label", json_stringn(&label, 1), err) : err_nomem(err, "a row");
}

enum carat_err adapt_winogrande(const struct record *rec, json_t **out, struct err *err)
{
    char label = '1';
    *out = NULL;
    enum carat_err rc = wants_object(rec, err);
    if (!rc)
        rc = label_of(rec, "answer", "12", &label, err);
    if (rc)
        return rc;
    *out = json_copy(rec->value);
    if (!*out)
        return err_nomem(err, "a row");
    json_object_del(*out, "qID"); /* the Hub copy has none */
    return put(*out, "answer", json_stringn(&label, 1), err);
}

/* ---- a stem with choices: CommonsenseQA, OpenBookQA, ARC ------------------------------------
 * The first releases have {"stem", "choices": [{"text", "label"} ...]} in "question"; the Hub copies have the stem by
 * itself and two lists. */

/* A new {"text": [...], "label": [...]}; NULL: the list is not of choices. */
static json_t *choices_apart(const json_t *list)
{
    json_t *texts = json_array(), *labels = json_array();
    bool ok = json_is_array(list) && texts && labels;
    for (size_t i = 0; ok && i < json_array_size(list); i++) {
        json_t *text = json_object_get(json_array_get(list, i), "text");
        json_t *label = json_object_get(json_array_get(list, i), "label");
        ok = text && label && !json_array_append(texts, text) && !json_array_append(labels, label);
    }
    json_t *out = ok ? json_pack("{s:O, s:O}", "text", texts, "label", labels) : NULL;
    json_decref(texts);
    json_decref(labels);
    return out;
}

/* `stem` is what the Hub copy calls the question. */
static enum carat_err adapt_choices(const struct record *rec, const char *stem, json_t **out, struct err *err)
{
    *out = NULL;
    if (wants_object(rec, err))
        return CARAT_EINPUT;
    const json_t *question = json_object_get(rec->value, "question");
    if (!json_is_object(question))
        return adapt_none(rec, out, err);
    json_t *text = json_object_get(question, "stem"), *concept = json_object_get(question, "question_concept");
    json_t *id = json_object_get(rec->value, "id"), *key = json_object_get(rec->value, "answerKey");
    json_t *choices = choices_apart(json_object_get(question, "choices"));
    if (!id || !text || !choices || !key) {
        json_decref(choices);
        return err_set(err, CARAT_EINPUT,
                       "a row needs 'id', 'answerKey' and, in 'question', 'stem' and 'choices' of 'text' and 'label'");
    }
    *out = json_pack("{s:O, s:O, s:O*, s:o, s:O}", "id", id, stem, text, "question_concept", concept, "choices", choices,
                     "answerKey", key);
    return *out ? CARAT_OK : err_nomem(err, "a row");
}

enum carat_err adapt_question(const struct record *rec, json_t **out, struct err *err)
{
    return adapt_choices(rec, "question", out, err);
}

enum carat_err adapt_question_stem(const struct record *rec, json_t **out, struct err *err)
{
    return adapt_choices(rec, "question_stem", out, err);
}

/* ---- TriviaQA ---------------------------------------------------------------------------
 * The first release writes "NormalizedAliases", the Hub copy "normalized_aliases". Web pages and search results, which a
 * closed-book question does not use, are left out. */

/* A new object of those members of `from` that are there, renamed; names are pairs, NULL-terminated. */
static json_t *renamed(const json_t *from, const char *const *names)
{
    json_t *to = json_object();
    for (; to && *names; names += 2) {
        json_t *value = json_object_get(from, names[0]);
        if (value && json_object_set(to, names[1], value)) {
            json_decref(to);
            to = NULL;
        }
    }
    return to;
}

enum carat_err adapt_triviaqa(const struct record *rec, json_t **out, struct err *err)
{
    static const char *const of_row[] = {"Question", "question", "QuestionId", "question_id", "QuestionSource",
                                         "question_source", NULL};
    static const char *const of_answer[] = {"Aliases", "aliases", "NormalizedAliases", "normalized_aliases",
                                            "Value", "value", "NormalizedValue", "normalized_value",
                                            "Type", "type", NULL};
    *out = NULL;
    if (wants_object(rec, err))
        return CARAT_EINPUT;
    const json_t *answer = json_object_get(rec->value, "Answer");
    if (!answer)
        return adapt_none(rec, out, err);
    if (!json_array_size(json_object_get(answer, "Aliases")))
        return err_set(err, CARAT_EINPUT, "'Answer' must have 'Aliases', a list of texts");
    json_t *row = renamed(rec->value, of_row);
    if (!row || put(row, "answer", renamed(answer, of_answer), err)) {
        json_decref(row);
        return err_nomem(err, "a row");
    }
    *out = row;
    return CARAT_OK;
}

/* ---- AGIEval ----------------------------------------------------------------------------
 * The Hub copy's query is the paper's zero-shot prompt, made of passage, question and options; its gold are the right
 * options' indices. */

static struct str text_or_empty(const json_t *object, const char *key)
{
    struct str s = STR("");
    return json_get_str(object, key, &s) ? s : STR("");
}

/* " Answer Choices: (A)... (B)...\nA: Among A through B, the answer is" */
static enum carat_err agieval_options(const json_t *options, struct buf *query, struct err *err)
{
    size_t n = json_array_size(options);
    if (n < 2 || n > 7)
        return err_set(err, CARAT_EINPUT, "'options' must be 2 to 7 texts");
    buf_adds(query, " Answer Choices:");
    for (size_t i = 0; i < n; i++) {
        const json_t *option = json_array_get(options, i);
        if (!json_is_string(option))
            return err_set(err, CARAT_EINPUT, "'options' must be 2 to 7 texts");
        buf_addc(query, ' ');
        buf_add(query, json_string_value(option), json_string_length(option));
    }
    buf_printf(query, "\nA: Among A through %c, the answer is", (char)('A' + n - 1));
    return CARAT_OK;
}

static enum carat_err agieval_gold(const json_t *row, json_t *out, struct err *err)
{
    struct str label;
    json_t *options = json_object_get(row, "options");
    if (!json_get_str(row, "label", &label) || label.n != 1 || label.p[0] < 'A' ||
        (size_t)(label.p[0] - 'A') >= json_array_size(options))
        return err_set(err, CARAT_EINPUT, "'label' must be the letter of an option");
    enum carat_err rc = put(out, "choices", json_incref(options), err);
    return rc ? rc : put(out, "gold", json_pack("[i]", label.p[0] - 'A'), err);
}

static enum carat_err agieval_row(const json_t *row, bool with_passage, const char *asks, const char *answers, json_t *out,
                                  struct err *err)
{
    struct buf query = BUF_INIT(READER_MAX_BYTES);
    json_t *options = json_object_get(row, "options"), *answer = json_object_get(row, "answer");
    struct str question;
    enum carat_err rc = CARAT_OK;
    if (!json_get_str(row, "question", &question))
        return err_set(err, CARAT_EINPUT, "the row has no 'question'");
    if (with_passage)
        buf_addstr(&query, text_or_empty(row, "passage"));
    buf_adds(&query, asks);
    buf_addstr(&query, question);
    if (json_is_array(options))
        rc = agieval_options(options, &query, err);
    else
        buf_adds(&query, answers);
    if (!rc)
        rc = put(out, "query", buf_failed(&query) ? NULL : json_text(buf_str(&query)), err);
    if (!rc && json_is_array(options))
        rc = agieval_gold(row, out, err);
    else if (!rc && json_is_string(answer))
        rc = put(out, "answer", json_incref(answer), err);
    else if (!rc)
        rc = err_set(err, CARAT_EINPUT, "the row has neither 'options' nor an 'answer'");
    buf_release(&query);
    return rc;
}

static enum carat_err agieval(const struct record *rec, const char *asks, const char *answers, json_t **out,
                              struct err *err)
{
    *out = NULL;
    if (wants_object(rec, err))
        return CARAT_EINPUT;
    if (json_object_get(rec->value, "query"))
        return adapt_none(rec, out, err);
    *out = json_object();
    const bool with_passage = !json_object_get(rec->value, "exam") || strcmp(rec->subset, "sat_en_without_passage") != 0;
    return *out ? agieval_row(rec->value, with_passage, asks, answers, *out, err) : err_nomem(err, "a row");
}

/* Is the worked example shown with this subset? With SAT reading without its passages those of the set that has them. */
static bool is_shown_with(struct str exam, const char *subset)
{
    struct str name = str_from(strcmp(subset, "sat_en_without_passage") ? subset : "sat_en");
    bool same = name.n == exam.n;
    for (size_t i = 0; same && i < name.n; i++)
        same = exam.p[i] == (name.p[i] == '_' ? '-' : name.p[i]);
    return same;
}

enum carat_err adapt_agieval(const struct record *rec, json_t **out, struct err *err)
{
    struct str exam; /* of a worked example, which come in one file for all exams */
    *out = NULL;
    if (json_get_str(rec->value, "exam", &exam) && !is_shown_with(exam, rec->subset))
        return CARAT_OK;
    return agieval(rec, "Q: ", "\nA: The answer is", out, err);
}

enum carat_err adapt_agieval_zh(const struct record *rec, json_t **out, struct err *err)
{
    return agieval(rec, "\xe9\x97\xae\xe9\xa2\x98\xef\xbc\x9a", "\n\xe7\xad\x94\xe6\xa1\x88\xef\xbc\x9a", out, err);
}
