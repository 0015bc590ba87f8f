#include "seams.h"

#include "bpe.h"

/* A mark or a space that follows neither. */
static bool starts_word(struct str text, size_t at)
{
    if (text.p[at] == ' ')
        return at && text.p[at - 1] != ' ' && !str_ends((struct str){text.p, at}, STR("\xE2\x96\x81"));
    return at && bpe_mark_starts(text, at);
}

void seams_add_token(struct seams *s, struct str token)
{
    for (size_t at = 1; at < token.n; at++)
        if (starts_word(token, at))
            s->at_spaces = false;
    if (token.n)
        s->ends[(unsigned char)token.p[token.n - 1]] = true;
    if (token.n > s->longest_token)
        s->longest_token = token.n;
}

size_t seams_last(const struct seams *s, struct str text)
{
    for (size_t at = text.n; s->at_spaces && at-- > 1;)
        if (text.p[at] == ' ' && starts_word(text, at) && !s->ends[(unsigned char)text.p[at - 1]])
            return at;
    return 0;
}
