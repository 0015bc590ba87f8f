/* A hypothesis and references, a line each: counts are in bounds, and a text against itself is without a fault. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mt/mt.h"

static void check(enum mt_measure measure, const double *sums)
{
    double score = mt_score(measure, sums);
    for (size_t i = 0; i < mt_n_sums(measure); i++)
        if (!(sums[i] >= 0))
            abort();
    if (!(score >= 0) || (measure != MT_TER && score > 100.000001))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    enum { TEXTS = 4 };
    struct str texts[TEXTS];
    const char *at = (const char *)data, *end = at + n;
    size_t k = 0;
    double sums[MT_SUMS_MAX];
    while (at && at < end && k < TEXTS) {
        const char *to = k + 1 < TEXTS ? memchr(at, '\n', (size_t)(end - at)) : NULL;
        texts[k++] = (struct str){at, (size_t)((to ? to : end) - at)};
        at = to ? to + 1 : NULL;
    }
    for (enum mt_measure m = MT_BLEU; m <= MT_TER && k; m++) {
        if (k > 1 && !mt_item(m, texts[0], texts + 1, k - 1, sums, NULL))
            check(m, sums);
        if (mt_item(m, texts[0], texts, 1, sums, NULL))
            continue;
        check(m, sums);
        if (m == MT_TER && sums[0] != 0)
            abort();
    }
    return 0;
}
