/* folder.h - a folder with one JSON object a file, as one text of JSON Lines: MATH's first release. */
#ifndef CARAT_DATASETS_FOLDER_H
#define CARAT_DATASETS_FOLDER_H

#include "base/base.h"

/* Appends the objects of all DIR/N.json, N a whole number, in the order of N, a line each. Other names are passed over; a
 * folder without any is CARAT_EINPUT, as is a file that is no JSON object. */
enum carat_err folder_read(const char *dir, struct buf *out, struct err *err);

#endif
