/* fingerprint.h - a checkpoint's SHA-256, computed once while its files stay as they are.
 *
 * Hashing five gigabytes takes seconds, at every start. So the cache folder keeps, for a checkpoint's path, its
 * fingerprint and the stamp (carat_model_stamp()) of the files that were hashed: device, inode, size, times of
 * modification and of change. The content decides still: a stamp that is not the same, or that was taken within
 * seconds of a change, means hashing again.
 */
#ifndef CARAT_BACKEND_FINGERPRINT_H
#define CARAT_BACKEND_FINGERPRINT_H

#include "engine/engine.h"

/* `rehash`: whatever the cache says. A cache that cannot be read or written is no error. */
enum carat_err fingerprint_get(const struct carat_model *model, size_t n_threads, bool rehash, char out[SHA256_HEX],
                               struct err *err);

#endif
