#include "hostile.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static void put_int(struct buf *out, uint64_t v, size_t size)
{
    for (size_t i = 0; i < size; i++)
        buf_addc(out, (char)(v >> 8 * i & 255));
}

static uint64_t number(const char *p)
{
    return *p == '-' ? (uint64_t)strtoll(p, NULL, 10) : strtoull(p, NULL, 0);
}

static void put_text(struct buf *out, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_addc(out, p[i] == '~' ? ' ' : p[i] == '^' ? '\0' : p[i]);
}

static void put_hex(struct buf *out, const char *p, size_t n)
{
    for (size_t i = 0; i + 1 < n; i += 2) {
        char digits[3] = {p[i], p[i + 1], '\0'};
        buf_addc(out, (char)strtoul(digits, NULL, 16));
    }
}

static void put_float(struct buf *out, const char *p)
{
    float f = strtof(p, NULL);
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    put_int(out, bits, 4);
}

static void put_zeros(struct buf *out, uint64_t n)
{
    while (n--)
        buf_addc(out, '\0');
}

static void put_repeated(struct buf *out, const char *p, size_t n)
{
    const char *text = memchr(p, ':', n);
    cr_assert(text);
    for (uint64_t times = number(p); times; times--)
        put_text(out, text + 1, n - (size_t)(text + 1 - p));
}

static void put_word(struct buf *out, const char *word, size_t n)
{
    const char *p = word + 2;
    size_t left = n - 2;
    switch (word[0]) {
    case '1': case '2': case '4': case '8': put_int(out, number(p), (size_t)(word[0] - '0')); break;
    case 'f': put_float(out, p); break;
    case 's': put_int(out, left, 8); put_text(out, p, left); break;
    case 'r': put_text(out, p, left); break;
    case 'h': put_hex(out, p, left); break;
    case 'z': put_zeros(out, number(p)); break;
    case 'p': put_zeros(out, (number(p) - out->n % number(p)) % number(p)); break;
    case 'x': put_repeated(out, p, left); break;
    default: cr_assert_fail("no such word: %s", word);
    }
}

void assemble(const char *line, struct buf *out)
{
    for (const char *p = line; *p;) {
        if (strncmp(p, "j:", 2) == 0) {
            const char *end = strstr(p, " ;");
            size_t n = end ? (size_t)(end - p) - 2 : strlen(p) - 2;
            put_int(out, n, 8);
            buf_add(out, p + 2, n);
            p += 2 + n + (end ? 2 : 0);
        } else {
            size_t n = strcspn(p, " ");
            cr_assert(n >= 2 && p[1] == ':', "no word: %s", p);
            put_word(out, p, n);
            p += n;
        }
        p += *p == ' ';
    }
    cr_assert(!buf_failed(out));
}
