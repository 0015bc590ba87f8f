/* Any bytes as a file of worked examples: the first byte says as YAML, as Python or as AGIEval's sheet. Every row is an object. */
#include <stdint.h>
#include <stdlib.h>

#include "datasets/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum carat_err take(void *context, size_t line, json_t *value, struct err *err)
{
    (void)context;
    (void)err;
    if (line == 0 || !value)
        abort();
    return CARAT_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = ERR_INIT;
    if (!size)
        return 0;
    const struct str text = {(const char *)data + 1, size - 1};
    if (data[0] & 1)
        reader_yaml(text, "fuzz.yaml", take, NULL, &err);
    else if (data[0] & 2)
        reader_agieval(text, "few_shot_prompts.csv", take, NULL, &err);
    else
        reader_python(text, "fuzz.py", take, NULL, &err);
    return 0;
}
