/* encoder.c - texts that begin alike.
 *
 * Of each beginning the ids are kept up to its last seam, the place up to which they are the same whatever comes behind:
 *
 *     level 0   Question: how many? Answer: two      Question: |
 *     level 1   Question: how many? Answer: two      Question: who? |Answer:
 *     a text                                                         Answer: she
 *
 * and a text is encoded from there. Vocabularies with spaces at words' starts have a seam at nearly every space (seams.h). Where a
 * regular expression cuts the words, it is run over the beginning so that PCRE2 says (PCRE2_PARTIAL_HARD) where a match
 * first looked at the beginning's end: the words before are sure. Other tokenizers have no seams and encode the whole. */
#include "tokenizer_int.h"

#include <stdlib.h>

struct beginning {
    bool known;
    struct buf text;
    size_t sure;            /* bytes of it whose ids are `ids` */
    struct carat_ids ids;
};

struct carat_encoder {
    const struct carat_tokenizer *tok;
    struct hf_work *hf;     /* NULL: SentencePiece's machine */
    enum hf_seams seams;
    struct seams at;        /* of SentencePiece's machine */
    struct beginning levels[CARAT_ENCODER_LEVELS];
};

enum carat_err carat_encoder_new(const struct carat_tokenizer *tok, struct carat_encoder **out, struct err *err)
{
    struct carat_encoder *enc = *out = calloc(1, sizeof *enc);
    if (!enc)
        return err_nomem(err, "an encoder");
    enc->tok = tok;
    for (size_t i = 0; i < CARAT_ENCODER_LEVELS; i++)
        enc->levels[i].text = (struct buf)BUF_INIT(TOKENIZER_MAX_FILE);
    if (!tok->is_hf) {
        enc->at = spm_seams(&tok->spm);
        enc->seams = enc->at.at_spaces ? HF_SEAMS_AT_SPACES : HF_NO_SEAMS;
        return CARAT_OK;
    }
    enc->hf = hf_work_new(&tok->hf);
    if (enc->hf) {
        enc->seams = hf_work_seams(enc->hf);
        return CARAT_OK;
    }
    carat_encoder_free(enc);
    *out = NULL;
    return err_nomem(err, "an encoder");
}

void carat_encoder_free(struct carat_encoder *enc)
{
    if (!enc)
        return;
    for (size_t i = 0; i < CARAT_ENCODER_LEVELS; i++) {
        buf_release(&enc->levels[i].text);
        carat_ids_release(&enc->levels[i].ids);
    }
    hf_work_free(enc->hf);
    free(enc);
}

/* The beginning of the highest level below `end` that `text` begins with; NULL: none. */
static const struct beginning *find_beginning(const struct carat_encoder *enc, size_t end, struct str text)
{
    for (size_t level = end; level-- > 0;)
        if (enc->levels[level].known && str_starts(text, buf_str(&enc->levels[level].text)))
            return &enc->levels[level];
    return NULL;
}

static enum carat_err copy_ids(const struct carat_ids *ids, struct carat_ids *out)
{
    for (size_t i = 0; i < ids->n; i++)
        if (carat_ids_push(out, ids->ids[i]))
            return CARAT_ENOMEM;
    return CARAT_OK;
}

static enum carat_err encode_part(struct carat_encoder *enc, struct str text, bool special, bool inside,
                                  struct carat_ids *out, struct err *err)
{
    return enc->hf ? hf_encode_part(enc->hf, text, inside, out, err)
                   : spm_encode_part(&enc->tok->spm, text, special, inside, out, err);
}

static enum carat_err encode_sure(struct carat_encoder *enc, struct str text, bool inside, struct carat_ids *out,
                                  size_t *sure, struct err *err)
{
    if (enc->seams == HF_SEAMS_AT_WORDS)
        return hf_encode_sure(enc->hf, text, inside, out, sure, err);
    *sure = enc->hf ? hf_work_last_seam(enc->hf, text) : seams_last(&enc->at, text);
    return *sure ? encode_part(enc, (struct str){text.p, *sure}, true, inside, out, err) : CARAT_OK;
}

enum carat_err carat_encoder_begin(struct carat_encoder *enc, size_t level, struct str text, struct err *err)
{
    struct beginning *b = &enc->levels[level];
    size_t from = 0, sure = 0;
    b->known = false;
    if (enc->seams == HF_NO_SEAMS || text.n > TOKENIZER_MAX_FILE / 4 || !utf8_valid(text))
        return CARAT_OK;
    const struct beginning *before = find_beginning(enc, level, text);
    b->ids.n = 0;
    buf_clear(&b->text);
    enum carat_err failed = buf_addstr(&b->text, text);
    if (!failed && before) {
        from = before->sure;
        failed = copy_ids(&before->ids, &b->ids);
    }
    if (failed)
        return err_nomem(err, "a text's tokens");
    failed = encode_sure(enc, (struct str){text.p + from, text.n - from}, from > 0, &b->ids, &sure, err);
    b->sure = from + sure;
    b->known = !failed && b->sure;
    return failed;
}

enum carat_err carat_encoder_encode(struct carat_encoder *enc, struct str text, unsigned flags, struct carat_ids *out,
                                    struct err *err)
{
    const struct beginning *b = flags == CARAT_TOK_SPECIAL ? find_beginning(enc, CARAT_ENCODER_LEVELS, text) : NULL;
    const size_t from = b ? b->sure : 0, before = out->n;
    const struct str rest = {text.p + from, text.n - from};
    if (flags != CARAT_TOK_SPECIAL || text.n > TOKENIZER_MAX_FILE / 4 || !utf8_valid(rest))
        return carat_tokenizer_encode(enc->tok, text, flags, out, err);
    enum carat_err failed = b && copy_ids(&b->ids, out) ? err_nomem(err, "a text's tokens") : CARAT_OK;
    if (!failed)
        failed = encode_part(enc, rest, true, from > 0, out, err);
    if (failed)
        out->n = before;
    return failed;
}
