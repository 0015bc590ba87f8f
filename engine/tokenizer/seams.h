/* seams.h - where a text may be cut, where vocabularies have no piece that reaches across the start of a word.
 *
 * A SentencePiece vocabulary has pieces like "▁the" and "▁▁▁", none like "s▁the" (bpe_spaces_start()). So merging left of a
 * space and right of it do not touch, and
 *
 *     ids("how many stones") = ids("how many") ids(" stones")     the second half without what goes before whole texts
 *
 * at a space that follows neither a space nor U+2581, as long as nothing else looks across it: no token that is found in the
 * text before all merging has a space within, and none ends right before the seam, since a new text begins behind some.
 */
#ifndef CARAT_TOKENIZER_SEAMS_H
#define CARAT_TOKENIZER_SEAMS_H

#include "base/base.h"

struct seams {
    bool at_spaces;       /* there are some */
    bool ends[256];       /* bytes that such a token ends in */
    size_t longest_token; /* bytes */
};

/* Takes note of a token that is found before all merging. */
void seams_add_token(struct seams *s, struct str token);

/* The last seam of `text`; 0: none. */
size_t seams_last(const struct seams *s, struct str text);

#endif
