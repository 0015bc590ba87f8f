/* hook_mt.c - the functions of translation tasks in hook_table.c.
 *
 * MAFAND's rows are {"translation": {"hau": ..., "en": ...}}: one African language beside English or French. Its prompts stand
 * in the functions as f-strings, the languages' names in the file's constant `languages`.
 */
#include "hook_rows.h"

struct mafand {
    struct str language;      /* the African one's name */
    struct str other;         /* "English", "French" */
    struct str african, european;
};

static struct str text_of(const json_t *v) { return (struct str){json_string_value(v), json_string_length(v)}; }

/* Of two European ones English counts, of several others the first. */
static enum carat_err read_pair(const json_t *row, struct mafand *out, const char **code, struct err *err)
{
    json_t *pair = json_object_get(row, "translation");
    const json_t *english = json_object_get(pair, "en"), *french = json_object_get(pair, "fr");
    const char *key;
    json_t *value;
    *code = NULL;
    json_object_foreach(pair, key, value) {
        if (strcmp(key, "en") == 0 || strcmp(key, "fr") == 0)
            continue;
        *code = key;
        out->african = text_of(value);
        break;
    }
    out->other = english ? STR("English") : STR("French");
    out->european = text_of(english ? english : french);
    if (!*code || !out->african.p || !out->european.p)
        return err_set(err, CARAT_EINPUT, "the row's 'translation' is no pair of texts, one of them 'en' or 'fr'");
    return CARAT_OK;
}

enum carat_err hook_mafand_target(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    struct mafand pair;
    const char *code;
    enum carat_err rc = read_pair(row, &pair, &code, err);
    if (rc)
        return rc;
    *out = json_text(call->param ? pair.african : pair.european);
    return *out ? CARAT_OK : err_nomem(err, "a target");
}

/* Where the prompt's texts begin among the function's: behind the last that is a key or a language. */
static size_t first_of_prompt(const struct hook_call *call)
{
    static const char *const others[] = {"translation", "en", "fr", "English", "French"};
    size_t first = 0;
    for (size_t i = 0; i < json_array_size(call->literals); i++)
        for (size_t k = 0; k < sizeof others / sizeof *others; k++)
            if (str_eq(hook_literal(call, i), str_from(others[k])))
                first = i + 1;
    return first;
}

static struct str hole_text(const struct hook_call *call, const struct mafand *pair, struct str name)
{
    if (str_eq(name, STR("source_lang")))
        return pair->other;
    if (str_eq(name, STR("source_sentence")))
        return call->param ? pair->european : pair->african;
    return str_starts(name, STR("languages[")) ? pair->language : (struct str){NULL, 0};
}

/* An f-string without doubled braces or formats. */
static enum carat_err fill(const struct hook_call *call, const struct mafand *pair, struct str text, struct buf *out,
                           struct err *err)
{
    for (size_t at = 0; at < text.n;) {
        ptrdiff_t open = str_find(text, STR("{"), at), close = open < 0 ? -1 : str_find(text, STR("}"), (size_t)open);
        if (close < 0)
            return buf_add(out, text.p + at, text.n - at) ? err_nomem(err, "a prompt") : CARAT_OK;
        struct str name = {text.p + open + 1, (size_t)(close - open) - 1}, value = hole_text(call, pair, name);
        if (!value.p)
            return err_set(err, CARAT_EUNSUPPORTED, "the prompt's hole '%.*s' is not known", (int)name.n, name.p);
        if (buf_add(out, text.p + at, (size_t)open - at) || buf_addstr(out, value))
            return err_nomem(err, "a prompt");
        at = (size_t)close + 1;
    }
    return CARAT_OK;
}

/* `param` is set where the African language is the target. */
enum carat_err hook_mafand_text(const struct hook_call *call, const json_t *row, json_t **out, struct err *err)
{
    struct mafand pair;
    struct buf b = BUF_INIT(1 << 26);
    const char *code;
    enum carat_err rc = read_pair(row, &pair, &code, err);
    if (!rc && !json_get_str(json_object_get(call->constants, "languages"), code, &pair.language))
        rc = err_set(err, CARAT_EINPUT, "the file has no name for the language '%s'", code);
    for (size_t i = first_of_prompt(call); i < json_array_size(call->literals) && !rc; i++)
        rc = fill(call, &pair, hook_literal(call, i), &b, err);
    if (!rc && !(*out = json_text(buf_str(&b))))
        rc = err_nomem(err, "a prompt");
    buf_release(&b);
    return rc;
}
