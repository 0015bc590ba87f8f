/* GGUF's blocks of 32, made here:
 *
 *     Q8_0   d = max |x| / 127; q = x / d to the nearest, halves away from zero
 *     Q4_0   m = the number with the largest |x|, d = -m / 8; q = x / d + 8 to the nearest, 15 at most
 *
 * d is stored as float16 (nearest, ties to even), q comes of the unrounded one.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "quantize.h"

#define BLOCK QUANTIZE_BLOCK

static uint16_t half_from(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t sign = bits >> 16 & 0x8000, size = bits & 0x7fffffff;
    if (size >= 0x47800000) /* 65536 and more, infinity, NaN */
        return (uint16_t)(sign | (size > 0x7f800000 ? 0x7e00 : 0x7c00));
    if (size < 0x38800000) { /* below 2^-14: a multiple of 2^-24; the sum rounds, its lowest bits are the count */
        float shifted = fabsf(x) + 0.5f;
        memcpy(&bits, &shifted, sizeof bits);
        return (uint16_t)(sign | (bits - 0x3f000000));
    }
    uint32_t rounded = size - 0x38000000 + 0xfff + (size >> 13 & 1);
    return (uint16_t)(sign | rounded >> 13);
}

/* The number of the largest size, the first of them; a NaN where there is one. */
static float extreme(const float *x)
{
    float most = 0;
    for (size_t i = 0; i < BLOCK && !isnan(most); i++)
        if (!(fabsf(x[i]) <= fabsf(most)))
            most = x[i];
    return most;
}

static void put_half(unsigned char *to, float d)
{
    uint16_t h = half_from(d);
    to[0] = (unsigned char)(h & 255);
    to[1] = (unsigned char)(h >> 8);
}

static void quantize_q8_0(const float *x, unsigned char *to)
{
    float d = fabsf(extreme(x)) / 127.0f, back = d > 0 ? 1.0f / d : 0;
    put_half(to, d);
    for (size_t i = 0; i < BLOCK; i++)
        to[2 + i] = (unsigned char)(isfinite(d) ? (int)roundf(x[i] * back) : 0);
}

static int nibble(float x, float back)
{
    int q = (int)(x * back + 8.5f);
    return q < 0 ? 0 : q > 15 ? 15 : q;
}

static void quantize_q4_0(const float *x, unsigned char *to)
{
    float d = extreme(x) / -8.0f, back = d < 0 || d > 0 ? 1.0f / d : 0;
    put_half(to, d);
    back = isfinite(d) && isfinite(back) ? back : 0;
    for (size_t i = 0; i < BLOCK / 2; i++)
        to[2 + i] = (unsigned char)(isfinite(d) ? nibble(x[i], back) | nibble(x[i + BLOCK / 2], back) << 4 : 0);
}

void quantize_row(unsigned char *out, const float *x, size_t n, enum dtype dtype)
{
    for (size_t i = 0; i < n; i += BLOCK, out += dtype_infos[dtype].bytes) {
        if (dtype == DTYPE_Q8_0)
            quantize_q8_0(x + i, out);
        else
            quantize_q4_0(x + i, out);
    }
}
