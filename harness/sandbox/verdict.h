/* verdict.h - reading what comes out of a jail. */
#ifndef CARAT_SANDBOX_VERDICT_H
#define CARAT_SANDBOX_VERDICT_H

#include "jail.h"

/* "RF\nTYPE\nLINE\nERRNO\nMESSAGE" (runner.c): an exception ended it. Sets kind and detail, never to
 * "passed"; false when `report` is no such message. */
bool verdict_report(struct str report, struct jail_verdict *v);

#define VERDICT_REMARK "its results are equal to anything"

/* Appends text from inside: one line, no control characters, valid UTF-8, about 1000 bytes at most. */
void verdict_clean(struct str text, struct buf *out);

#endif
