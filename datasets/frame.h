/* frame.h - a CSV file with a header as rows, its columns typed as pandas.read_csv() types them by default.
 *
 * A column is whole numbers, numbers, booleans or texts, whichever all its cells are; a cell that stands for "not there" (""
 * "NA", "null", "NaN" and their like) is null, and whole numbers beside one are floats.
 */
#ifndef CARAT_DATASETS_FRAME_H
#define CARAT_DATASETS_FRAME_H

#include "reader.h"

bool frame_is_csv(const char *path); /* .csv or .csv.gz */
/* Each row as an object, `line` being its number behind the header. */
enum carat_err frame_each(const char *path, struct str raw, reader_fn *fn, void *context, struct err *err);

#endif
