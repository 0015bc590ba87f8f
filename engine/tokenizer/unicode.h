/* unicode.h - characters as Hugging Face's tokenizers sees them: classes, normal forms, lower case.
 *
 * Its parts stand on different versions of Unicode (unicode_tables.py), so neither PCRE2's tables nor base's do. All take
 * valid UTF-8. Pure; any threads.
 */
#ifndef CARAT_TOKENIZER_UNICODE_H
#define CARAT_TOKENIZER_UNICODE_H

#include "base/base.h"

enum uni_set {
    UNI_SPACE,       /* White_Space */
    UNI_PUNCTUATION, /* what the Punctuation pre-tokenizer cuts off */
    UNI_NUMERIC,     /* ... Digits */
    UNI_WORD,        /* \w of Rust's regular expressions */
    UNI_ACCENT       /* what StripAccents removes */
};
bool uni_is(enum uni_set set, int32_t cp);

enum uni_normal { UNI_NFC, UNI_NFD, UNI_NFKC, UNI_NFKD };
/* Appends the normal form; n log n in the longest run of combining marks, else linear. */
enum carat_err uni_normalize(enum uni_normal form, struct str text, struct buf *out);

/* Appends; character by character, so that no sigma is final. */
enum carat_err uni_lower(struct str text, struct buf *out);

/* The text with characters that PCRE2 may not know yet replaced by old ones of the same category and length; the same
 * offsets. *out is `text` itself where there are none, else `work`. */
enum carat_err uni_for_pcre(struct str text, struct buf *work, struct str *out);

/* ---- the tables (unicode_tables.c), each sorted ------------------------------------- */

struct uni_span {
    int32_t first, last;
};
struct uni_class { /* combining class, or what stands for [first, last] */
    int32_t first, last, to;
};
struct uni_pair { /* a and b compose to `to` */
    int32_t a, b, to;
};
struct uni_form { /* cp decomposes to uni_pool[at .. at + n) */
    int32_t cp;
    uint16_t at, n;
};
extern const struct uni_span uni_punctuation[], uni_numeric[], uni_word[], uni_accents[];
extern const size_t uni_punctuation_n, uni_numeric_n, uni_word_n, uni_accents_n;
extern const struct uni_class uni_classes[], uni_stand_ins[], uni_lower_more[];
extern const size_t uni_classes_n, uni_stand_ins_n, uni_lower_more_n;
extern const struct uni_pair uni_pairs[];
extern const size_t uni_pairs_n;
extern const struct uni_form uni_canonical[], uni_compatible[];
extern const size_t uni_canonical_n, uni_compatible_n;
extern const int32_t uni_pool[];

#endif
