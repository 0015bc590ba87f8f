/* Any bytes as a server's answer: an error, or tokens whose offsets do not fall and whose numbers are in range. The first byte
 * says how it is read. */
#include <math.h>
#include <stdlib.h>

#include "harness/backend/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void read_tokens(struct str body, size_t n_chars)
{
    struct http_tokens t;
    struct err err = ERR_INIT;
    if (http_read_tokens(body, n_chars % 2, n_chars, &t, &err)) {
        if (!err.msg[0])
            abort();
        return;
    }
    for (size_t i = 0; i < t.n; i++)
        if (t.offsets[i] >= n_chars || (i && t.offsets[i] < t.offsets[i - 1]) || (!isnan(t.logprobs[i]) && t.logprobs[i] > 0.01))
            abort();
    http_tokens_release(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (!n)
        return 0;
    struct str body = {(const char *)data + 1, n - 1};
    struct http_text text;
    struct buf words = BUF_INIT(1 << 12);
    struct err err = ERR_INIT;
    read_tokens(body, data[0] == 255 ? SIZE_MAX : data[0]);
    if (!http_read_text(body, data[0] & 1, &text, &err)) {
        if (text.prompt_tokens < 0 || text.text_tokens < 0)
            abort();
        buf_release(&text.text);
    }
    http_read_error(body, &words);
    for (size_t i = 0; i < words.n; i++)
        if ((unsigned char)words.p[i] < 32)
            abort();
    buf_release(&words);
    return 0;
}
