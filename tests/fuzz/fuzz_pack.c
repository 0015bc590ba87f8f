/* What a results file's columns may hold: coded numbers, planes, texts with and without a dictionary. */
#include "results/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = ARENA_INIT;
    struct pack pk;
    struct pack_asked asked;
    struct str text, bytes = {(const char *)data + 2, size < 2 ? 0 : size - 2};
    double *x;
    int32_t *ids;
    size_t n;
    if (size < 2)
        return 0;
    pack_init(&pk);
    (void)pack_read_floats(bytes, data[0], &a, &x);
    (void)pack_read_floats(bytes, (size_t)data[0] << 56 | data[1], &a, &x);
    (void)pack_read_reals(bytes, data[0], &a, &x);
    (void)pack_read_ids(bytes, &a, &ids, &n);
    (void)pack_read_asked(bytes, &a, &asked);
    if (pack_inflate(&pk, bytes, (int64_t)data[0] << 8 | data[1], STR("\"prompt\":\"a dictionary of words\""), &a, &text))
        (void)pack_read_asked(text, &a, &asked);
    pack_release(&pk);
    arena_release(&a);
    return 0;
}
