/* show_text.h - an item in a terminal: what was asked and answered, and why it was scored so. Appends to `out`. */
#ifndef CARAT_CLI_SHOW_TEXT_H
#define CARAT_CLI_SHOW_TEXT_H

#include "results/results.h"

struct show_tokens; /* show_tokens.h */

struct show_style {
    bool color;
    struct show_tokens *tokens; /* --tokens; NULL: without */
};
void show_item_text(struct buf *out, struct str task, const struct carat_item_record *item, const struct show_style *style);

/* Model text without what a terminal would obey: control characters and changes of direction become U+FFFD. */
void show_plain(struct buf *out, struct str s);

#endif
