/* Which kernels: the first of the table below that the CPU can run and that is worth it.
 *
 * AVX512_BF16 needs a closer look. Its dot product of pairs does twice the work of a multiply-add, but takes four times as
 * long on some CPUs (Sapphire and Emerald Rapids). And its rounding is not the same everywhere, so it is tried on
 * numbers whose result is known: where the CPU's dot product has other bits, the results say so
 * (carat_session_canonical()).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "kernels.h"

static bool always(void)
{
    return true;
}

#if defined(__x86_64__)
static bool has_avx2(void) /* whatever has AVX2 has F16C, which not every compiler can ask for */
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

static bool has_vnni(void)
{
    return has_avx512() && __builtin_cpu_supports("avx512vnni");
}

static bool has_bf16(void)
{
    return has_vnni() && __builtin_cpu_supports("avx512bf16");
}

#define WITH_BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")))
#define DOT(c, a, b) _mm512_dpbf16_ps(c, (__m512bh)(a), (__m512bh)(b))

/* A rule, not a timing: which table is taken decides bits at bf16, and a busy machine times anything. AMD's dot product
 * has twice the float32 multiply-add's rate (Zen 5: 1,007 to 500 GFLOP/s), Intel's half of it (Emerald Rapids: 173 to 350;
 * `carat bench` measures both). */
static bool bf16_is_fast(void)
{
    return has_bf16() && __builtin_cpu_is("amd");
}

/* Numbers within a few powers of two of each other, so that every rounding shows. */
WITH_BF16 static bool dot_is_exact(void)
{
    uint32_t state = 1;
    for (int t = 0; t < 64; t++) {
        uint16_t a[32], b[32];
        float c[16], got[16];
        for (int i = 0; i < 32; i++) {
            state = state * 1664525u + 1013904223u;
            a[i] = (uint16_t)((state >> 16 & 0x807f) | (124 + state % 7) << 7);
            b[i] = (uint16_t)((state >> 9 & 0x807f) | (124 + state % 5) << 7);
            c[i / 2] = ldexpf((float)(int32_t)state, (int)(state >> 28) - 38);
        }
        _mm512_storeu_ps(got, DOT(_mm512_loadu_ps(c), _mm512_loadu_si512(a), _mm512_loadu_si512(b)));
        for (int i = 0; i < 16; i++) {
            float x[2], y[2];
            for (int j = 0; j < 2; j++) {
                uint32_t u = (uint32_t)a[2 * i + j] << 16, v = (uint32_t)b[2 * i + j] << 16;
                memcpy(&x[j], &u, sizeof u);
                memcpy(&y[j], &v, sizeof v);
            }
            float want = fmaf(x[0], y[0], fmaf(x[1], y[1], c[i]));
            if (memcmp(&want, &got[i], sizeof want) != 0)
                return false;
        }
    }
    return true;
}
#endif

static const struct {
    const struct kernel_table *table;
    bool (*supported)(void);
    bool (*preferred)(void); /* where it is supported, too */
} TABLES[] = { /* best first */
#if defined(__x86_64__)
    {&kernels_avx512bf16, has_bf16, bf16_is_fast},
    {&kernels_avx512vnni, has_vnni, always},
    {&kernels_avx512, has_avx512, always},
    {&kernels_avx2, has_avx2, always},
#elif defined(__aarch64__)
    {&kernels_neon, always, always}, /* part of the base instruction set */
#endif
    {&kernels_portable, always, always},
};
#define N_TABLES (sizeof TABLES / sizeof *TABLES)

const struct kernel_table *kernels_at(size_t i)
{
    for (size_t t = 0; t < N_TABLES; t++)
        if (TABLES[t].supported() && i-- == 0)
            return TABLES[t].table;
    return NULL;
}

static const struct kernel_table *best_table(void)
{
    size_t i = 0;
    while (!TABLES[i].supported() || !TABLES[i].preferred())
        i++; /* the last is always there */
    return TABLES[i].table;
}

bool kernels_bf16_exact(const struct kernel_table *table)
{
#if defined(__x86_64__)
    return table != &kernels_avx512bf16 || dot_is_exact();
#else
    (void)table;
    return true;
#endif
}

enum carat_err kernels_choose(const struct kernel_table **out, struct err *err)
{
    const char *wanted = getenv("CARAT_ISA");
    char names[128] = "";
    size_t at = 0;
    *out = best_table();
    if (!wanted || !*wanted)
        return CARAT_OK;
    const struct kernel_table *t;
    for (size_t i = 0; (t = kernels_at(i)); i++) {
        if (strcmp(t->isa, wanted) == 0) {
            *out = t;
            return CARAT_OK;
        }
        at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", i ? ", " : "", t->isa);
    }
    err_set(err, CARAT_EUSAGE, "CARAT_ISA is '%.40s', which this machine or build cannot do", wanted);
    return err_hint(err, "available here: %s", names);
}
