/* The reference computes frequencies and angles in float32, so rounding there is imitated step by
 * step: exponent 2i / head_dim, theta to that power, its inverse, the product with the position, each
 * rounded once. Power, cosine and sine of those float32 values are then taken in double by our own
 * series and rounded, which is the nearest float32 but for one value in some hundred million, and the
 * same on every machine. */
#include "rope.h"

#include <stdlib.h>

#include "fixmath.h"

/* Llama 3: a frequency whose wave is longer than original / low is divided by the factor, one shorter than
 * original / high is kept, and between the two they are mixed. */
static float scale_by_wave(float frequency, const struct rope *rope)
{
    double original = (double)rope->original, longest = original / rope->low, shortest = original / rope->high;
    float wave = 1.0f / frequency * (float)(2 * 3.14159265358979323846);
    if (wave > (float)longest)
        return frequency / (float)rope->factor;
    if (wave < (float)shortest)
        return frequency;
    float smooth = (1.0f / wave * (float)original - (float)rope->low) / (float)(rope->high - rope->low);
    return (1.0f - smooth) * frequency / (float)rope->factor + smooth * frequency;
}

enum carat_err rope_init(struct rope_table *t, const struct rope *rope, const float *factors, size_t head_dim,
                         size_t n_max, struct err *err)
{
    size_t n;
    *t = (struct rope_table){.half = head_dim / 2, .n_max = n_max};
    if (!num_mul(t->half, n_max, &n))
        return err_nomem(err, "rotary tables");
    t->frequency = calloc(t->half, sizeof *t->frequency);
    t->cosine = calloc(n, sizeof *t->cosine);
    t->sine = calloc(n, sizeof *t->sine);
    if (!t->frequency || !t->cosine || !t->sine) {
        rope_release(t);
        return err_nomem(err, "rotary tables");
    }
    double log_theta = fix_log(rope->theta);
    for (size_t i = 0; i < t->half; i++) {
        float exponent = (float)(2 * i) / (float)head_dim;
        float power = (float)fix_exp(log_theta * (double)exponent);
        float frequency = 1.0f / power;
        t->frequency[i] = rope->by_wave ? scale_by_wave(frequency, rope)
                          : factors     ? frequency / factors[i] / (float)rope->factor
                                        : frequency / (float)rope->factor;
    }
    return CARAT_OK;
}

void rope_fill(struct rope_table *t, size_t n)
{
    for (; t->n_done < n && t->n_done < t->n_max; t->n_done++)
        for (size_t i = 0; i < t->half; i++) {
            double s, c;
            fix_sincos((double)((float)t->n_done * t->frequency[i]), &s, &c);
            t->cosine[t->n_done * t->half + i] = (float)c;
            t->sine[t->n_done * t->half + i] = (float)s;
        }
}

void rope_release(struct rope_table *t)
{
    free(t->frequency);
    free(t->cosine);
    free(t->sine);
    *t = (struct rope_table){.half = 0};
}
