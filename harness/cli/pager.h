/* pager.h - long output on a terminal goes through a pager: $PAGER, else less.
 *
 *     struct pager p = pager_begin();   // stdout is the pager's now, if it is a terminal's
 *     ... printf ...
 *     pager_end(&p);                    // waits until the reader has seen enough
 */
#ifndef CARAT_CLI_PAGER_H
#define CARAT_CLI_PAGER_H

#include <sys/types.h>

struct pager {
    pid_t child;  /* 0: none */
    int terminal; /* what stdout was */
};
struct pager pager_begin(void);
void pager_end(struct pager *p);

#endif
