/* hook_values.c - the functions of hook_table.c that give a value of a row: doc_to_text, doc_to_target, doc_to_choice.
 *
 * Prompts' wordings are read from the constants of the file beside the task (PROMPT and labels); what is here is their logic.
 */
#include "base/jinja/jinja.h"
#include "hook_rows.h"

static enum carat_err given(json_t *value, json_t **out, struct err *err)
{
    *out = value;
    return value ? CARAT_OK : err_nomem(err, "a prompt");
}

static enum carat_err given_text(struct buf *b, json_t **out, struct err *err)
{
    enum carat_err rc = given(buf_failed(b) ? NULL : json_text(buf_str(b)), out, err);
    buf_release(b);
    return rc;
}

/* ---- WinoGrande ---------------------------------------------------------------------------------------- */

static enum carat_err blank(const json_t *row, struct str *sentence, size_t *at, struct err *err)
{
    ptrdiff_t hit = hook_text(row, "sentence", sentence) ? str_find(*sentence, STR("_"), 0) : -1;
    *at = (size_t)hit;
    return hit < 0 ? err_set(err, CARAT_EINPUT, "the row has no text 'sentence' with a '_'") : CARAT_OK;
}

enum carat_err hook_winogrande_text(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    struct str answer;
    (void)call;
    if (!hook_text(row, "answer", &answer) || !(str_eq(answer, STR("1")) || str_eq(answer, STR("2"))))
        return err_set(err, CARAT_EINPUT, "the row's 'answer' is neither '1' nor '2'");
    return given(json_integer(answer.p[0] - '1'), out, err);
}

enum carat_err hook_winogrande_target(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    struct str s;
    size_t at;
    (void)call;
    enum carat_err rc = blank(row, &s, &at, err);
    return rc ? rc : given(json_text(utf8_strip((struct str){s.p + at + 1, s.n - at - 1})), out, err);
}

enum carat_err hook_winogrande_choice(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    static const char *const names[] = {"option1", "option2"};
    struct str s, option;
    size_t at;
    json_t *list = NULL;
    (void)call;
    enum carat_err rc = blank(row, &s, &at, err);
    if (!rc)
        rc = given(list = json_array(), out, err);
    for (size_t i = 0; i < 2 && !rc; i++) {
        struct buf b = BUF_INIT(1 << 26);
        if (!hook_text(row, names[i], &option)) {
            rc = hook_no_field(names[i], err);
            break;
        }
        buf_add(&b, s.p, at);
        buf_addstr(&b, option);
        if (buf_failed(&b) || json_array_append_new(list, json_text(buf_str(&b))))
            rc = err_nomem(err, "a prompt");
        buf_release(&b);
    }
    if (rc) {
        json_decref(list);
        *out = NULL;
    }
    return rc;
}

/* ---- a PROMPT with holes ---------------------------------------------------------------------------------- */

/* PROMPT.format(a, b, c), where each hole is written {} */
static enum carat_err fill(const struct hook_call *call, const struct str *parts, size_t n, json_t **out, struct err *err)
{
    struct str prompt;
    struct buf b = BUF_INIT(1 << 26);
    size_t used = 0, done = 0;
    if (!json_get_str(call->constants, "PROMPT", &prompt))
        return err_set(err, CARAT_EUNSUPPORTED, "the file's PROMPT is no text");
    for (ptrdiff_t hit; (hit = str_find(prompt, STR("{}"), done)) >= 0 && used < n; done = (size_t)hit + 2) {
        buf_add(&b, prompt.p + done, (size_t)hit - done);
        buf_addstr(&b, parts[used++]);
    }
    buf_add(&b, prompt.p + done, prompt.n - done);
    return given_text(&b, out, err);
}

/* The i-th label of the file's list; {NULL, 0}: it has none. */
static struct str label(const struct hook_call *call, const char *list, size_t i)
{
    const json_t *v = json_array_get(json_object_get(call->constants, list), i);
    return (struct str){json_string_value(v), json_string_length(v)};
}

/* "A. x\nB. y" */
static enum carat_err add_options(const struct hook_call *call, const char *labels, const json_t *choices, struct buf *out,
                                  struct err *err)
{
    if (!json_is_array(choices))
        return err_set(err, CARAT_EINPUT, "the row has no list 'choices'");
    for (size_t i = 0; i < json_array_size(choices); i++) {
        const json_t *choice = json_array_get(choices, i);
        struct str mark = label(call, labels, i);
        if (!json_is_string(choice) || !mark.p)
            return err_set(err, CARAT_EINPUT, "a choice is no text, or there are more than labels");
        buf_adds(out, i ? "\n" : "");
        buf_addstr(out, mark);
        buf_addc(out, ' ');
        buf_add(out, json_string_value(choice), json_string_length(choice));
    }
    return buf_failed(out) ? err_nomem(err, "a prompt") : CARAT_OK;
}

/* Subject, question (behind the context where there is one), options. */
static enum carat_err with_context(const struct hook_call *call, const json_t *row, const char *subject_field, json_t **out,
                                   struct err *err)
{
    struct str subject, question, context;
    struct buf asked = BUF_INIT(1 << 26), options = BUF_INIT(1 << 26);
    if (!hook_text(row, subject_field, &subject) || !hook_text(row, "question", &question) ||
        !hook_text(row, "context", &context))
        return err_set(err, CARAT_EINPUT, "the row has not the texts '%s', 'question' and 'context'", subject_field);
    if (context.n) {
        buf_addstr(&asked, context);
        buf_adds(&asked, "\n\n");
    }
    buf_addstr(&asked, question);
    enum carat_err rc = add_options(call, "alpha", json_object_get(row, "choices"), &options, err);
    if (!rc)
        rc = fill(call, (const struct str[]){subject, buf_str(&asked), buf_str(&options)}, 3, out, err);
    buf_release(&asked);
    buf_release(&options);
    return rc;
}

enum carat_err hook_darija_text(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    return with_context(call, row, "subject_darija", out, err);
}

enum carat_err hook_egyptian_text(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    return with_context(call, row, "egy_subject", out, err);
}

enum carat_err hook_greek_text(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    struct str subject, question, translated;
    struct buf options = BUF_INIT(1 << 26);
    if (!hook_text(row, "subject", &subject) || !hook_text(row, "question", &question))
        return err_set(err, CARAT_EINPUT, "the row has not the texts 'subject' and 'question'");
    if (!json_get_str(json_object_get(call->constants, "subjects_gr"), subject.p, &translated))
        translated = subject;
    enum carat_err rc = add_options(call, "LABELS", json_object_get(row, "choices"), &options, err);
    if (!rc)
        rc = fill(call, (const struct str[]){translated, question, buf_str(&options)}, 3, out, err);
    buf_release(&options);
    return rc;
}

/* The first character of each label, as many as there are choices. */
static enum carat_err first_characters(const struct hook_call *call, const char *labels, size_t n, json_t **out,
                                       struct err *err)
{
    enum carat_err rc = given(json_array(), out, err);
    for (size_t i = 0; i < n && !rc; i++) {
        struct str mark = label(call, labels, i);
        size_t end = 0;
        if (!mark.n) {
            rc = err_set(err, CARAT_EINPUT, "there are more choices than labels");
            break;
        }
        utf8_next(mark, &end);
        if (json_array_append_new(*out, json_stringn(mark.p, end)))
            rc = err_nomem(err, "a prompt");
    }
    if (rc) {
        json_decref(*out);
        *out = NULL;
    }
    return rc;
}

enum carat_err hook_lettered_choice(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    const json_t *choices = json_object_get(row, "choices");
    if (!json_is_array(choices))
        return err_set(err, CARAT_EINPUT, "the row has no list 'choices'");
    const char *labels = json_object_get(call->constants, "LABELS") ? "LABELS" : "alpha";
    return first_characters(call, labels, json_array_size(choices), out, err);
}

/* ---- ArabicMMLU ---------------------------------------------------------------------------------------------- */

static const char *const options[] = {"Option 1", "Option 2", "Option 3", "Option 4", "Option 5"};

/* A field that may be null or missing its text: then it is empty. */
static bool maybe(const json_t *row, const char *name, struct str *out)
{
    *out = STR("");
    return json_get_str(row, name, out) || json_is_null(json_object_get(row, name));
}

static enum carat_err arabic_heading(const struct hook_call *call, const json_t *row, struct buf *out, struct err *err)
{
    struct str level, country, subject, name;
    if (!maybe(row, "Level", &level) || !maybe(row, "Country", &country) || !hook_text(row, "Subject", &subject))
        return err_set(err, CARAT_EINPUT, "the row has not the fields 'Level', 'Country' and 'Subject'");
    buf_addstr(out, subject);
    buf_adds(out, " question");
    if (level.n) {
        if (!json_get_str(json_object_get(call->constants, "level_en"), level.p, &name))
            return err_set(err, CARAT_EINPUT, "the row's 'Level' is none of the file's");
        buf_adds(out, " for ");
        buf_addstr(out, name);
    }
    if (country.n) {
        buf_adds(out, " in ");
        buf_addstr(out, country);
    }
    return buf_failed(out) ? err_nomem(err, "a prompt") : CARAT_OK;
}

static enum carat_err arabic_options(const struct hook_call *call, const json_t *row, struct buf *out, struct err *err)
{
    for (size_t i = 0; i < 5; i++) {
        struct str option;
        if (!maybe(row, options[i], &option))
            return hook_no_field(options[i], err);
        if (!option.n)
            break;
        buf_adds(out, i ? "\n" : "");
        buf_addstr(out, label(call, "alpa", i));
        buf_addc(out, ' ');
        buf_addstr(out, option);
    }
    return buf_failed(out) ? err_nomem(err, "a prompt") : CARAT_OK;
}

enum carat_err hook_arabic_text(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    struct str question, context;
    struct buf heading = BUF_INIT(1 << 26), asked = BUF_INIT(1 << 26), list = BUF_INIT(1 << 26);
    enum carat_err rc = arabic_heading(call, row, &heading, err);
    if (!rc && (!hook_text(row, "Question", &question) || !maybe(row, "Context", &context)))
        rc = err_set(err, CARAT_EINPUT, "the row has not the fields 'Question' and 'Context'");
    if (!rc) {
        if (context.n) {
            buf_addstr(&asked, context);
            buf_adds(&asked, "\n\n");
        }
        buf_addstr(&asked, question);
        rc = arabic_options(call, row, &list, err);
    }
    if (!rc)
        rc = fill(call, (const struct str[]){buf_str(&heading), buf_str(&asked), buf_str(&list)}, 3, out, err);
    buf_release(&heading);
    buf_release(&asked);
    buf_release(&list);
    return rc;
}

enum carat_err hook_arabic_choice(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    enum carat_err rc = given(json_array(), out, err);
    for (size_t i = 0; i < 5 && !rc; i++) {
        struct str option, mark = label(call, "alpa", i);
        size_t end = 0;
        if (!maybe(row, options[i], &option) || !mark.n)
            rc = hook_no_field(options[i], err);
        else if (option.n && (utf8_next(mark, &end), json_array_append_new(*out, json_stringn(mark.p, end))))
            rc = err_nomem(err, "a prompt");
    }
    if (rc) {
        json_decref(*out);
        *out = NULL;
    }
    return rc;
}

/* ---- MMLU-Pro ------------------------------------------------------------------------------------------------- */

/* Its answers begin alike, in the rows with "A:", in prompts with "Answer:". */
#define STEP_BY_STEP "Let's think step by step."

/* The text with every `what` replaced, appended. */
static void add_replaced(struct str s, struct str what, struct str with, struct buf *out)
{
    size_t done = 0;
    for (ptrdiff_t hit; (hit = str_find(s, what, done)) >= 0; done = (size_t)hit + what.n) {
        buf_add(out, s.p + done, (size_t)hit - done);
        buf_addstr(out, with);
    }
    buf_add(out, s.p + done, s.n - done);
}

static enum carat_err add_reasoning(const json_t *row, struct buf *out, struct err *err)
{
    struct str cot;
    if (!hook_text(row, "cot_content", &cot))
        return hook_no_field("cot_content", err);
    add_replaced(cot, STR("A: " STEP_BY_STEP), STR("Answer: " STEP_BY_STEP), out);
    buf_adds(out, "\n\n");
    return CARAT_OK;
}

enum carat_err hook_cot_target(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    struct str cot;
    struct buf b = BUF_INIT(1 << 26);
    (void)call;
    if (!hook_text(row, "cot_content", &cot))
        return hook_no_field("cot_content", err);
    add_replaced(cot, STR("A: " STEP_BY_STEP " "), STR(""), &b);
    return given_text(&b, out, err);
}

enum carat_err hook_cot_text(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    struct str question;
    struct buf b = BUF_INIT(1 << 26);
    const json_t *list = json_object_get(row, "options");
    const json_t *answer = json_object_get(call->args, "including_answer");
    if (!hook_text(row, "question", &question) || !json_is_array(list))
        return err_set(err, CARAT_EINPUT, "the row has not the text 'question' and the list 'options'");
    buf_adds(&b, "Question:\n");
    buf_addstr(&b, question);
    buf_adds(&b, "\nOptions:\n");
    enum carat_err rc = CARAT_OK;
    for (size_t i = 0; i < json_array_size(list) && !rc; i++) {
        const json_t *option = json_array_get(list, i);
        struct str mark = label(call, "choices", i);
        if (!mark.p)
            break;
        struct str text = utf8_strip((struct str){json_string_value(option), json_string_length(option)});
        rc = json_is_string(option) ? CARAT_OK : hook_no_field("options", err);
        buf_addstr(&b, mark);
        buf_adds(&b, ". ");
        if (!rc)
            buf_addstr(&b, text);
        buf_addc(&b, '\n');
    }
    if (!rc && (!answer || json_is_true(answer)))
        rc = add_reasoning(row, &b, err);
    else if (!rc)
        buf_adds(&b, "Answer: " STEP_BY_STEP);
    if (rc) {
        buf_release(&b);
        return rc;
    }
    return given_text(&b, out, err);
}

/* ---- a word for a label ---------------------------------------------------------------------------------------- */

/* The doc["label"]-th of the row's words, which stand between bars. */
enum carat_err hook_label_word(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    const json_t *label_value = json_object_get(row, "label");
    const char *word = call->param;
    json_int_t i = json_integer_value(label_value);
    while (i-- > 0 && word)
        word = (word = strchr(word, '|')) ? word + 1 : NULL;
    if (!json_is_integer(label_value) || json_integer_value(label_value) < 0 || !word)
        return err_set(err, CARAT_EINPUT, "the row's 'label' is none that the function has a word for");
    return given(json_stringn(word, strcspn(word, "|")), out, err);
}

/* ---- a format that stands in the function ------------------------------------------------------------------------ */

/* "choice3": the third of the choices; another name: a field. */
static const json_t *hole_value(const json_t *row, const json_t *choices, struct str name)
{
    bool numbered = choices && name.n == 7 && str_starts(name, STR("choice")) && name.p[6] >= '1' && name.p[6] <= '9';
    return numbered ? json_array_get(choices, (size_t)(name.p[6] - '1')) : json_object_getn(row, name.p, name.n);
}

/* output.format(question=doc["question"], choice1=choices[0], ...), where `output` is the function's first text and `choices`
 * a list that the row has as a text. */
enum carat_err hook_format_text(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    const struct str format = hook_literal(call, 0);
    struct str list;
    struct buf b = BUF_INIT(1 << 26);
    json_t *choices = NULL;
    enum carat_err rc = hook_text(row, "choices", &list) ? jinja_literal(list, &choices, err) : CARAT_OK;
    for (size_t at = 0; at < format.n && !rc;) {
        ptrdiff_t open = str_find(format, STR("{"), at), close = open < 0 ? -1 : str_find(format, STR("}"), (size_t)open);
        if (close < 0) {
            buf_add(&b, format.p + at, format.n - at);
            break;
        }
        struct str name = {format.p + open + 1, (size_t)(close - open) - 1};
        const json_t *value = hole_value(row, choices, name);
        buf_add(&b, format.p + at, (size_t)open - at);
        if (json_is_string(value))
            buf_add(&b, json_string_value(value), json_string_length(value));
        else
            rc = err_set(err, CARAT_EINPUT, "the row has no text '%.*s'", (int)name.n, name.p);
        at = (size_t)close + 1;
    }
    json_decref(choices);
    if (rc) {
        buf_release(&b);
        return rc;
    }
    return given_text(&b, out, err);
}

/* The row's choices, which it has as a text. */
enum carat_err hook_listed_choices(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    struct str list;
    (void)call;
    return hook_text(row, "choices", &list) ? jinja_literal(list, out, err) : hook_no_field("choices", err);
}

/* ---- MMLU-ProX: MMLU-Pro in the language that the folder is named after; its texts are in a file above ------------- */

/* question's heading, options' heading, how an answer begins, ..., how it begins in the rows */
enum { PROX_QUESTION, PROX_OPTIONS, PROX_ANSWER, PROX_ANSWER_IN_ROWS = 4 };

static enum carat_err prox_options(const struct hook_call *call, const json_t *row, struct buf *out, struct err *err)
{
    json_int_t n = json_integer_value(json_object_get(call->constants, "max_opt_num"));
    for (json_int_t i = 0; i < n; i++) {
        char name[40];
        snprintf(name, sizeof name, "option_%d", (int)i);
        const json_t *option = json_object_get(row, name);
        struct str mark = label(call, "choices", (size_t)i);
        if (json_is_null(option))
            continue;
        if (!json_is_string(option) || !mark.p)
            return hook_no_field(name, err);
        buf_addstr(out, mark);
        buf_adds(out, ". ");
        buf_add(out, json_string_value(option), json_string_length(option));
        buf_addc(out, '\n');
    }
    return CARAT_OK;
}

enum carat_err hook_prox_text(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    const json_t *texts = json_object_get(json_object_get(call->constants, "LANG_LIBS"), call->folder);
    const json_t *answer = json_object_get(call->args, "including_answer");
    struct str words[5], question, cot;
    struct buf b = BUF_INIT(1 << 26);
    for (size_t i = 0; i < 5; i++) {
        const json_t *v = json_array_get(texts, i);
        if (!json_is_string(v))
            return err_set(err, CARAT_EINPUT, "LANG_LIBS has no texts for '%s'", call->folder);
        words[i] = (struct str){json_string_value(v), json_string_length(v)};
    }
    if (!hook_text(row, "question", &question))
        return hook_no_field("question", err);
    const struct str head[] = {words[PROX_QUESTION], question, words[PROX_OPTIONS]};
    for (size_t i = 0; i < 3; i++) {
        buf_addstr(&b, head[i]);
        buf_addc(&b, '\n');
    }
    enum carat_err rc = prox_options(call, row, &b, err);
    const bool with_answer = !answer || json_is_true(answer);
    if (!rc && with_answer && !hook_text(row, "cot_content", &cot))
        rc = hook_no_field("cot_content", err);
    if (!rc && with_answer) {
        add_replaced(cot, words[PROX_ANSWER_IN_ROWS], words[PROX_ANSWER], &b);
        buf_adds(&b, "\n\n");
    } else if (!rc) {
        buf_addstr(&b, words[PROX_ANSWER]);
    }
    if (rc) {
        buf_release(&b);
        return rc;
    }
    return given_text(&b, out, err);
}
