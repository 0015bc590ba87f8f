/* spm.h - tokenizer.model, or the same within a GGUF file: a SentencePiece BPE model, read, encoded with, decoded with.
 *
 * The results are SentencePiece's. Immutable after spm_read(); any threads.
 */
#ifndef CARAT_TOKENIZER_SPM_H
#define CARAT_TOKENIZER_SPM_H

#include "engine/engine.h"
#include "seams.h"
#include "trie.h"
#include "vocab.h"

#define SPM_SPACE "\xE2\x96\x81" /* U+2581, SentencePiece's mark for a space */

enum spm_type { /* as in the file */
    SPM_NORMAL = 1,
    SPM_UNKNOWN = 2,
    SPM_CONTROL = 3,
    SPM_USER = 4,
    SPM_UNUSED = 5,
    SPM_BYTE = 6
};

struct spm {
    struct vocab vocab;  /* every piece, by id */
    uint8_t *types;      /* [vocab.n] enum spm_type */
    float *scores;       /* [vocab.n] */
    size_t cap;          /* of the two */
    struct trie user;    /* user-defined pieces: matched in the text before anything else */
    struct trie control; /* matched on request only */
    int32_t bytes[256];  /* the piece of each byte; -1 without byte fallback */
    int32_t unk, bos, eos, pad; /* -1: none */
    const char *unk_surface;    /* what the unknown piece decodes to; in vocab.text */
    bool byte_fallback, dummy_prefix, squeeze_spaces, escape_spaces, has_unused;
    bool spaces_start;          /* bpe_spaces_start() */
};

/* `data` is the file's content, `path` its name for messages. The caller gives *out zeroed; spm_release() it
 * after a failure, too. */
enum carat_err spm_read(struct str data, const char *path, struct spm *out, struct err *err);
void spm_release(struct spm *m);

/* The same from a GGUF file's metadata (spm_gguf.c). */
struct gguf;
enum carat_err spm_from_gguf(const struct gguf *g, struct spm *out, struct err *err);

/* For readers of both: the next piece, whose id is its place; and, after all, the tries, the bytes and the unknown. */
enum carat_err spm_add(struct spm *m, struct str piece, enum spm_type type, float score, struct err *err);
enum carat_err spm_index(struct spm *m, const char *path, struct err *err);

/* `text` is valid UTF-8. Control pieces in it become their ids where `control` is set: the
 * stretches between them are encoded one by one as whole texts. */
enum carat_err spm_encode(const struct spm *m, struct str text, bool control, struct carat_ids *out, struct err *err);

/* The same of a text that goes on (`inside`) from a seam of a longer one. */
enum carat_err spm_encode_part(const struct spm *m, struct str text, bool control, bool inside, struct carat_ids *out,
                               struct err *err);
struct seams spm_seams(const struct spm *m);

/* The ids are all in the vocabulary. Control pieces leave no text. */
enum carat_err spm_decode(const struct spm *m, const int32_t *ids, size_t n, struct buf *out);

#endif
