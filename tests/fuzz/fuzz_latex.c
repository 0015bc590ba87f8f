/* Two answers with a line end between: no verdict may depend on their order, and none may take long. */
#include <stdint.h>
#include <stdlib.h>

#include "base/cas/cas.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *text = (const char *)data, *end = n ? memchr(text, '\n', n) : NULL;
    if (!end)
        return 0;
    struct str a = {text, (size_t)(end - text)}, b = {end + 1, n - a.n - 1};
    if ((cas_latex_equal(a, b) == CAS_EQUAL) != (cas_latex_equal(b, a) == CAS_EQUAL))
        abort();
    return 0;
}
