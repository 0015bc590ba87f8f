/* compare_int.h - what the files that make a comparison share: compare.c pairs, compare_judge.c judges, compare_remarks.c
 * remarks. */
#ifndef CARAT_COMPARE_INT_H
#define CARAT_COMPARE_INT_H

#include "compare.h"

/* A copy in the comparison's arena; .p is NULL where memory is short. */
struct str compare_keep(struct comparison *c, struct str s);
/* One note more. Takes `text` over, whatever comes of it. */
enum carat_err compare_note(struct comparison *c, struct buf *text, struct err *err);

/* The statistics of one benchmark's pairs ... */
enum carat_err compare_judge(struct compare_bench *b, const struct compare_options *o, struct err *err);
/* ... and what depends on how many benchmarks there are, once all are judged. */
enum carat_err compare_judge_together(struct comparison *c, struct err *err);

enum carat_err compare_add_notes(struct comparison *c, struct err *err);

#endif
