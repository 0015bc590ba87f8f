/* floats.c - log-probabilities as bits.
 *
 * A float32 log-probability has 23 bits that look random and an exponent that does not: most lie between 2^-4 and
 * 2^4. So each number is the distance of its exponent from the greatest one, as a Rice code, then the 23 bits as
 * they are: 3.2 bytes a number, where planes deflated take 3.9 (an item's hundred numbers are too few for deflate's tables).
 *
 *     byte 0   k, the Rice code's parameter, 0 to 7
 *     byte 1   the greatest exponent (as IEEE 754 has it, 0 to 254)
 *     then, from the highest bit of each byte on, for each number:
 *         q ones and a zero, k bits r     the exponent is greatest - (q << k) - r
 *         or ESCAPE ones, 8 bits          the exponent
 *         23 bits                         the fraction
 *     and zeros to the end of the byte
 *
 * The sign is not kept: every number is negative but for 0, which is positive (all its bits are 0). */
#include <math.h>
#include <string.h>

#include "pack.h"

enum { FRACTION_BITS = 23, EXPONENT_BITS = 8, ESCAPE = 16, MAX_K = 7, HEAD = 2 };

/* The float's bits without its sign; false where this form cannot keep it. */
static bool magnitude(double x, uint32_t *out)
{
    float f;
    if (!pack_is_narrow(&x, 1) || !isfinite(x))
        return false;
    f = (float)x;
    memcpy(out, &f, sizeof f);
    bool negative = *out >> 31;
    *out &= 0x7fffffff;
    return negative == (*out != 0);
}

static unsigned exponent_of(uint32_t bits) { return bits >> FRACTION_BITS; }

static size_t code_bits(unsigned distance, unsigned k)
{
    return distance >> k < ESCAPE ? (distance >> k) + 1 + k : ESCAPE + EXPONENT_BITS;
}

/* ---- writing ----------------------------------------------------------------------- */

struct bit_writer {
    struct buf *out;
    uint64_t bits; /* the lowest n of them are not written yet */
    unsigned n;
};

static void put_bits(struct bit_writer *w, uint32_t value, unsigned n)
{
    w->bits = w->bits << n | value;
    for (w->n += n; w->n >= 8; w->n -= 8)
        buf_addc(w->out, (char)(unsigned char)(w->bits >> (w->n - 8)));
}

static void put_number(struct bit_writer *w, uint32_t bits, unsigned greatest, unsigned k)
{
    unsigned distance = greatest - exponent_of(bits), q = distance >> k;
    if (q < ESCAPE) {
        put_bits(w, (1u << (q + 1)) - 2, q + 1);
        put_bits(w, distance & ((1u << k) - 1), k);
    } else {
        put_bits(w, (1u << ESCAPE) - 1, ESCAPE);
        put_bits(w, exponent_of(bits), EXPONENT_BITS);
    }
    put_bits(w, bits & ((1u << FRACTION_BITS) - 1), FRACTION_BITS);
}

bool pack_floats(struct buf *out, const double *x, size_t n)
{
    unsigned greatest = 0, best = 0;
    size_t costs[MAX_K + 1] = {0};
    uint32_t bits = 0;
    for (size_t i = 0; i < n; i++) {
        if (!magnitude(x[i], &bits))
            return false;
        greatest = exponent_of(bits) > greatest ? exponent_of(bits) : greatest;
    }
    for (unsigned k = 0; k <= MAX_K; k++) {
        for (size_t i = 0; i < n && magnitude(x[i], &bits); i++)
            costs[k] += code_bits(greatest - exponent_of(bits), k);
        best = costs[k] < costs[best] ? k : best;
    }
    struct bit_writer w = {.out = out};
    buf_addc(out, (char)best);
    buf_addc(out, (char)(unsigned char)greatest);
    for (size_t i = 0; i < n && magnitude(x[i], &bits); i++)
        put_number(&w, bits, greatest, best);
    if (w.n)
        put_bits(&w, 0, 8 - w.n);
    return true;
}

/* ---- reading ----------------------------------------------------------------------- */

struct bit_reader {
    struct str bytes;
    size_t at; /* in bits */
    bool ended;
};

static uint32_t get_bits(struct bit_reader *r, unsigned n)
{
    uint32_t value = 0;
    for (; n; n--, r->at++) {
        if (r->at / 8 >= r->bytes.n) {
            r->ended = true;
            return 0;
        }
        value = value << 1 | ((unsigned char)r->bytes.p[r->at / 8] >> (7 - r->at % 8) & 1);
    }
    return value;
}

/* False at an exponent that no number here has. */
static bool get_number(struct bit_reader *r, unsigned greatest, unsigned k, double *out)
{
    unsigned q = 0, exponent;
    float f;
    while (q < ESCAPE && get_bits(r, 1))
        q++;
    if (q == ESCAPE) {
        exponent = get_bits(r, EXPONENT_BITS);
    } else {
        unsigned distance = (q << k) + get_bits(r, k);
        if (distance > greatest)
            return false;
        exponent = greatest - distance;
    }
    uint32_t bits = exponent << FRACTION_BITS | get_bits(r, FRACTION_BITS);
    bits |= bits ? UINT32_C(1) << 31 : 0;
    memcpy(&f, &bits, sizeof f);
    *out = (double)f;
    return !r->ended && exponent <= greatest && exponent < 255;
}

bool pack_read_floats(struct str bytes, size_t n, struct arena *a, double **x)
{
    if (bytes.n < HEAD || n > bytes.n * 8 / FRACTION_BITS || (unsigned char)bytes.p[0] > MAX_K)
        return false;
    unsigned k = (unsigned char)bytes.p[0], greatest = (unsigned char)bytes.p[1];
    struct bit_reader r = {.bytes = bytes, .at = HEAD * 8};
    *x = arena_calloc(a, n ? n : 1, sizeof **x);
    bool ok = *x != NULL;
    for (size_t i = 0; i < n && ok; i++)
        ok = get_number(&r, greatest, k, &(*x)[i]);
    return ok && (r.at + 7) / 8 == bytes.n;
}
