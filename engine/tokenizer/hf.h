/* hf.h - the pipeline of Hugging Face's tokenizers, as tokenizer.json writes it down or as
 * transformers builds it for a checkpoint's folder.
 *
 *     text ─ added tokens cut out ─ normalizers ─ normalized added tokens cut out ─ pre-tokenizers ─ BPE ─ ids
 *     ids ─ pieces ─ decoders, one after the other, each on the whole list of pieces ─ text
 *
 * Immutable once built; any threads.
 */
#ifndef CARAT_TOKENIZER_HF_H
#define CARAT_TOKENIZER_HF_H

#include "engine/engine.h"
#include "pattern.h"
#include "trie.h"
#include "unicode.h"
#include "vocab.h"

struct spm;

enum hf_id_flags {
    HF_IN_MODEL = 1 << 0, /* a piece of the BPE model: may come from merging */
    HF_ADDED = 1 << 1,
    HF_SPECIAL = 1 << 2,
    HF_NORMALIZED = 1 << 3, /* looked for behind the normalizers */
    HF_LSTRIP = 1 << 4,     /* takes the white space before it along */
    HF_RSTRIP = 1 << 5,
    HF_SINGLE_WORD = 1 << 6 /* none where a word goes on before it or behind */
};

struct hf_merge {
    uint64_t pair; /* left << 32 | right, and one; 0 is free */
    uint32_t rank;
    int32_t id;    /* of the joined piece */
};

enum hf_kind {
    HF_PREPEND,       /* normalizer: `to` in front, unless empty */
    HF_NORMAL_FORM,   /* normalizer: `form` */
    HF_LOWERCASE,     /* normalizer */
    HF_STRIP_SPACE,   /* normalizer: white space off the ends, where start, stop are not 0 */
    HF_STRIP_ACCENTS, /* normalizer */
    HF_REPLACE,       /* normalizer, decoder: `pattern` by `to` */
    HF_SPLIT,         /* pre-tokenizer: at a pattern */
    HF_CUT,           /* pre-tokenizer: at each character of `set`, or, where it is not empty, `to` */
    HF_WORDS,         /* pre-tokenizer: runs of word characters, and of what is neither these nor white space */
    HF_PREFIX_SPACE,  /* pre-tokenizer: a space in front of each word that begins with none */
    HF_METASPACE,     /* pre-tokenizer, decoder: space by `to`, and a prefix */
    HF_BYTE_LEVEL,    /* normalizer, pre-tokenizer: bytes as printable characters; decoder: back */
    HF_BYTE_FALLBACK, /* decoder: <0x0A> to the byte */
    HF_FUSE,          /* decoder: all pieces are one */
    HF_STRIP          /* decoder: up to start, stop characters `to` at each piece's ends */
};

enum hf_behavior { HF_REMOVED, HF_ISOLATED, HF_WITH_PREVIOUS, HF_WITH_NEXT, HF_CONTIGUOUS };
enum hf_prefix { HF_NEVER, HF_FIRST, HF_ALWAYS };

struct hf_step {
    enum hf_kind kind;
    struct pattern pattern;     /* HF_REPLACE, HF_SPLIT */
    struct str to;              /* in hf.text */
    enum hf_behavior behavior;  /* HF_SPLIT, HF_CUT */
    enum uni_set set;           /* HF_CUT */
    enum uni_normal form;       /* HF_NORMAL_FORM */
    bool invert;                /* HF_SPLIT: what lies between the matches is the delimiter */
    enum hf_prefix prefix;      /* HF_METASPACE */
    bool split;                 /* HF_METASPACE: before each mark */
    size_t start, stop;         /* HF_STRIP, HF_STRIP_SPACE */
};

struct hf_surface { /* what an added token decodes to, where that is not its content: its normalized form */
    int32_t id;
    struct str text;
};

#define HF_MAX_STEPS 32
struct hf_steps {
    struct hf_step v[HF_MAX_STEPS];
    size_t n;
};

struct hf {
    struct arena text;
    struct vocab vocab;          /* the model's pieces and the added tokens */
    uint8_t *flags;              /* [cap_flags] by id: enum hf_id_flags */
    size_t cap_flags;
    struct hf_merge *merges;     /* [n_slots] */
    size_t n_slots, n_merges;
    int32_t bytes[256];          /* "<0x00>" to "<0xFF>"; -1: not there */
    int32_t unk;                 /* -1: what is no piece leaves nothing */
    bool byte_fallback, fuse_unk, ignore_merges;
    bool spaces_start;           /* bpe_spaces_start() */
    struct trie added, added_normalized;
    struct hf_surface *surfaces; /* [n_surfaces] by id */
    size_t n_surfaces;
    struct hf_steps normalizers, pre_tokenizers, decoders;
    bool has_decoder;            /* without one, pieces are joined by spaces */
    int32_t bos;                 /* what the post-processor puts first; -1: nothing */
};

void hf_init(struct hf *h);
void hf_release(struct hf *h);

/* ---- building ---- */

enum carat_err hf_add_piece(struct hf *h, int64_t id, struct str piece, struct err *err);
/* Merges are added best first, after all pieces. */
enum carat_err hf_add_merge(struct hf *h, struct str left, struct str right, struct err *err);
/* A token that is there already gains the flags. */
enum carat_err hf_add_token(struct hf *h, int64_t id, struct str content, unsigned flags, struct err *err);
/* The same from {"content", "special", "normalized", "lstrip", "rstrip", "single_word"}. */
enum carat_err hf_add_token_json(struct hf *h, int64_t id, const json_t *token, struct err *err);
struct hf_step *hf_add_step(struct hf *h, struct hf_steps *steps, enum hf_kind kind, struct str to, struct err *err);
enum carat_err hf_add_normal_form(struct hf *h, enum uni_normal form, struct err *err);
/* Byte-level words: the text is cut by `regex`, then its bytes become characters. A space goes before the text (before
 * each word) that begins with none, where `prefix` (`prefix_words`) says so. */
enum carat_err hf_add_words(struct hf *h, struct str regex, bool prefix, bool prefix_words, struct err *err);
enum carat_err hf_add_split(struct hf *h, struct str regex, enum hf_behavior behavior, struct err *err);
enum carat_err hf_add_cut(struct hf *h, enum uni_set set, enum hf_behavior behavior, struct err *err);
/* When all is added: fills `bytes` and the tries. */
enum carat_err hf_finish(struct hf *h, struct err *err);

/* hf_json.c: a tokenizer.json. The model and the added tokens are always read; `name` is for messages. */
enum hf_parts {
    HF_READ_STEPS = 1 << 0,   /* normalizer, pre_tokenizer, decoder */
    HF_READ_TEMPLATE = 1 << 1 /* post_processor */
};
enum carat_err hf_read_json(struct str text, const char *name, unsigned parts, struct hf *h, struct err *err);

/* hf_spm.c: pieces and merges out of a SentencePiece model, as transformers converts it. */
enum carat_err hf_from_spm(const struct spm *m, struct hf *h, struct err *err);

/* hf_gguf.c: a byte-level tokenizer in a GGUF file's metadata. *adds_bos: whether its kind puts BOS first unless the file says
 * otherwise. */
struct gguf;
enum carat_err hf_from_gguf(const struct gguf *g, struct hf *h, bool *adds_bos, struct err *err);

/* ---- using ---- */

const struct hf_merge *hf_find_merge(const struct hf *h, int32_t left, int32_t right); /* NULL: they do not merge */

/* `text` is valid UTF-8. */
enum carat_err hf_encode(const struct hf *h, struct str text, struct carat_ids *out, struct err *err);

/* The same for many texts: memory and known words are kept in between, by one thread at a time. */
struct hf_work;
struct hf_work *hf_work_new(const struct hf *h); /* NULL: out of memory */
void hf_work_free(struct hf_work *work);

/* Where a text may be cut so that the ids of its halves, the second one `inside`, are those of the whole. */
enum hf_seams {
    HF_NO_SEAMS,        /* not known */
    HF_SEAMS_AT_SPACES, /* as seams.h says, whatever comes behind */
    HF_SEAMS_AT_WORDS   /* as hf_encode_sure() says */
};
enum hf_seams hf_work_seams(const struct hf_work *work);
/* HF_SEAMS_AT_SPACES: the last one of `text`; 0: none. */
size_t hf_work_last_seam(const struct hf_work *work, struct str text);

/* `inside`: the text goes on from a seam of a longer one. */
enum carat_err hf_encode_part(struct hf_work *work, struct str text, bool inside, struct carat_ids *out, struct err *err);
/* HF_SEAMS_AT_WORDS: only the ids that `text` has whatever comes behind it; *sure: the bytes that are theirs. */
enum carat_err hf_encode_sure(struct hf_work *work, struct str text, bool inside, struct carat_ids *out, size_t *sure,
                              struct err *err);
enum carat_err hf_decode(const struct hf *h, const int32_t *ids, size_t n, bool skip_special, struct buf *out,
                         struct err *err);
/* Runs the normalizers; `out` is cleared first. */
enum carat_err hf_normalize(const struct hf *h, struct str text, struct buf *out, struct buf *scratch,
                            struct pattern_work *work, struct err *err);

#endif
