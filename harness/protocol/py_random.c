/* py_random.c - Python's random.Random: MT19937 and what random.py makes of its 32-bit words.
 *
 * The generator is Matsumoto and Nishimura's MT19937 (ACM TOMACS 8(1), 1998). Python seeds it
 * by init_by_array() with the 32-bit little-endian words of |seed|; 0 gives the one word 0.
 * sample(range(n), k) then chooses its method by size: a shuffled pool when n is small against k, a set
 * of indices seen otherwise, and the two consume different draws, so the threshold is part of the contract.
 */
#include "protocol.h"

#include <stdlib.h>

enum { N = 624, M = 397 };

static void init_genrand(struct py_random *r, uint32_t seed)
{
    r->state[0] = seed;
    for (uint32_t i = 1; i < N; i++)
        r->state[i] = 1812433253u * (r->state[i - 1] ^ (r->state[i - 1] >> 30)) + i;
    r->at = N;
}

void py_random_seed(struct py_random *r, uint64_t seed)
{
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    const uint32_t n_key = key[1] ? 2 : 1;
    uint32_t *s = r->state;
    init_genrand(r, 19650218u);
    uint32_t i = 1, j = 0;
    for (unsigned k = N; k; k--) {
        s[i] = (s[i] ^ ((s[i - 1] ^ (s[i - 1] >> 30)) * 1664525u)) + key[j] + j;
        if (++i == N) {
            s[0] = s[N - 1];
            i = 1;
        }
        if (++j == n_key)
            j = 0;
    }
    for (unsigned k = N - 1; k; k--) {
        s[i] = (s[i] ^ ((s[i - 1] ^ (s[i - 1] >> 30)) * 1566083941u)) - i;
        if (++i == N) {
            s[0] = s[N - 1];
            i = 1;
        }
    }
    s[0] = 0x80000000u;
}

static void twist(struct py_random *r)
{
    uint32_t *s = r->state;
    for (unsigned i = 0; i < N; i++) {
        uint32_t y = (s[i] & 0x80000000u) | (s[(i + 1) % N] & 0x7fffffffu);
        s[i] = s[(i + M) % N] ^ (y >> 1) ^ (y & 1 ? 0x9908b0dfu : 0);
    }
    r->at = 0;
}

static uint32_t next_word(struct py_random *r)
{
    if (r->at >= N)
        twist(r);
    uint32_t y = r->state[r->at++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

uint32_t py_random_bits(struct py_random *r, unsigned k)
{
    return next_word(r) >> (32 - k);
}

double py_random_double(struct py_random *r)
{
    uint32_t a = next_word(r) >> 5, b = next_word(r) >> 6;
    return ((double)a * 67108864.0 + (double)b) * (1.0 / 9007199254740992.0);
}

static unsigned bit_length(size_t n)
{
    unsigned k = 0;
    for (; n; n >>= 1)
        k++;
    return k;
}

/* getrandbits(k) for k up to 64: words from the least significant up, the last one cut. */
static uint64_t bits64(struct py_random *r, unsigned k)
{
    if (k <= 32)
        return py_random_bits(r, k);
    uint64_t low = py_random_bits(r, 32);
    return low | (uint64_t)py_random_bits(r, k - 32) << 32;
}

size_t py_random_below(struct py_random *r, size_t n)
{
    unsigned k = bit_length(n);
    uint64_t x;
    do
        x = bits64(r, k);
    while (x >= n);
    return (size_t)x;
}

void py_random_choices(struct py_random *r, size_t n, size_t k, size_t *out)
{
    for (size_t i = 0; i < k; i++)
        out[i] = (size_t)(py_random_double(r) * (double)n);
}

/* random.py: a set of k costs more than a list of n up to this n. */
static size_t list_limit(size_t k)
{
    size_t limit = 21, power = 1;
    if (k > 5) {
        while (power < 3 * k)
            power *= 4;
        limit += power;
    }
    return limit;
}

static bool seen(const size_t *drawn, size_t n, size_t x)
{
    for (size_t i = 0; i < n; i++)
        if (drawn[i] == x)
            return true;
    return false;
}

enum carat_err py_random_sample(struct py_random *r, size_t n, size_t k, size_t *out)
{
    if (k > n || k > SIZE_MAX / 16)
        return CARAT_EUSAGE;
    if (n > list_limit(k)) { /* k is far below n: few are drawn twice, and a scan of k is short */
        for (size_t i = 0; i < k; i++) {
            do
                out[i] = py_random_below(r, n);
            while (seen(out, i, out[i]));
        }
        return CARAT_OK;
    }
    size_t *pool = calloc(n ? n : 1, sizeof *pool);
    if (!pool)
        return CARAT_ENOMEM;
    for (size_t i = 0; i < n; i++)
        pool[i] = i;
    for (size_t i = 0; i < k; i++) {
        size_t j = py_random_below(r, n - i);
        out[i] = pool[j];
        pool[j] = pool[n - i - 1];
    }
    free(pool);
    return CARAT_OK;
}
