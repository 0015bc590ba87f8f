/* What this machine can do at most: the numbers that a speed is a share of.
 *
 * Reading: a sum over a buffer several times the last level cache, a mebibyte a chunk, by all threads: the
 * reading half of STREAM, in four streams a chunk that are fetched ahead, since a plain loop reads but two thirds of
 * what a core can (the CPU's own prefetching ends with a page). Its pages are plain ones, as those of a mapped checkpoint are.
 *
 * Arithmetic: chains of the one instruction that a kernel of that kind can do no better than to issue all the
 * time, twelve of them side by side so that no latency shows, operands in registers. A multiply-add counts as two
 * operations, whatever its kind.
 *
 *   kernels     fp32                bf16           int8
 *   avx512bf16  vfmadd, 512 bits    vdpbf16ps      vpdpbusd
 *   avx512vnni  the same            none           vpdpbusd
 *   avx512      the same            none           vpmaddubsw, vpmaddwd, vpaddd
 *   avx2        vfmadd, 256 bits    none           vpmaddubsw, vpmaddwd, vpaddd
 *   neon        fmla                bfdot and sdot, if built for them
 *   portable    multiply, then add, of 128-bit vectors       none
 *
 * Each loop is a function of its own instruction set (a target attribute); dispatch.c has asked the CPU for it.
 */
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/engine.h"
#include "kernels.h"

#define CHAINS 12
#define LOOPS 20000               /* of CHAINS instructions: some 0.1 ms */
#define READ_CHUNK ((size_t)1 << 20)
#define BUFFER_LEAST ((size_t)1 << 30)
#define CHUNKS_A_THREAD ((size_t)64)

#define EACH_CHAIN(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)

/* A function that runs LOOPS rounds of STEP over CHAINS accumulators of TYPE. KEEP pins a register, so that the compiler
 * neither merges the chains nor moves them out of the loop. */
#define DECLARE(i) TYPE c##i = zero;
#define ROUND(i) STEP(c##i) KEEP(c##i);
#define PEAK_LOOP(name, attributes)            \
    attributes static void name(void)          \
    {                                          \
        TYPE zero = {0}, a = zero, b = zero;   \
        KEEP(a);                               \
        KEEP(b);                               \
        EACH_CHAIN(DECLARE)                    \
        for (int round = 0; round < LOOPS; round++) { \
            EACH_CHAIN(ROUND)                  \
        }                                      \
    }

#if defined(__x86_64__)

#include <immintrin.h>

#define KEEP(x) __asm__ volatile("" : "+v"(x))

#define TYPE __m512
#define STEP(c) c = _mm512_fmadd_ps(a, b, c);
PEAK_LOOP(fp32_avx512, __attribute__((target("avx512f"))))
#undef STEP
#define STEP(c) c = _mm512_dpbf16_ps(c, (__m512bh)a, (__m512bh)b);
PEAK_LOOP(bf16_avx512, __attribute__((target("avx512f,avx512bf16"))))
#undef STEP
#undef TYPE

#define TYPE __m512i
#define STEP(c) c = _mm512_dpbusd_epi32(c, a, b);
PEAK_LOOP(int8_vnni, __attribute__((target("avx512f,avx512vnni"))))
#undef STEP
#define STEP(c) c = _mm512_add_epi32(c, _mm512_madd_epi16(_mm512_maddubs_epi16(a, b), ones)); KEEP(b);
#define ones a
PEAK_LOOP(int8_avx512, __attribute__((target("avx512f,avx512bw"))))
#undef STEP
#undef TYPE

#undef KEEP
#define KEEP(x) __asm__ volatile("" : "+x"(x))
#define TYPE __m256i
#define STEP(c) c = _mm256_add_epi32(c, _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), ones)); KEEP(b);
PEAK_LOOP(int8_avx2, __attribute__((target("avx2"))))
#undef ones
#undef STEP
#undef TYPE

#define TYPE __m256
#define STEP(c) c = _mm256_fmadd_ps(a, b, c);
PEAK_LOOP(fp32_avx2, __attribute__((target("avx2,fma"))))
#undef STEP
#undef TYPE

#define TYPE __m128
#define STEP(c) c = _mm_add_ps(c, _mm_mul_ps(a, b)); KEEP(a);
PEAK_LOOP(fp32_portable, )
#undef STEP
#undef TYPE
#define PORTABLE_WIDTH 4

#elif defined(__aarch64__)

#include <arm_neon.h>

#define KEEP(x) __asm__ volatile("" : "+w"(x))
#define TYPE float32x4_t
#define STEP(c) c = vfmaq_f32(c, a, b);
PEAK_LOOP(fp32_neon, )
#undef STEP
#ifdef __ARM_FEATURE_BF16_VECTOR_ARITHMETIC
#define STEP(c) c = vbfdotq_f32(c, vreinterpretq_bf16_f32(a), vreinterpretq_bf16_f32(b));
PEAK_LOOP(bf16_neon, )
#undef STEP
#endif
#define STEP(c) c = vaddq_f32(c, vmulq_f32(a, b)); KEEP(a);
PEAK_LOOP(fp32_portable, )
#undef STEP
#undef TYPE
#define PORTABLE_WIDTH 4
#ifdef __ARM_FEATURE_DOTPROD
#define TYPE int32x4_t
#define STEP(c) c = vdotq_s32(c, vreinterpretq_s8_s32(a), vreinterpretq_s8_s32(b));
PEAK_LOOP(int8_neon, )
#undef STEP
#undef TYPE
#endif

#else

#define KEEP(x) __asm__ volatile("" : "+m"(x))
#define TYPE float
#define STEP(c) c = c + a * b;
PEAK_LOOP(fp32_portable, )
#undef STEP
#undef TYPE
#define PORTABLE_WIDTH 1

#endif

/* ---- the table ---------------------------------------------------------------------- */

struct peak { /* of one limit the best row stands first; the first that counts is the limit */
    const char *isas;     /* tables of kernels that may use the instruction, each with a space behind it */
    enum carat_limit limit;
    void (*loop)(void);
    double operations;    /* of one instruction (or of the few that stand for one) */
};

static const struct peak PEAKS[] = {
#if defined(__x86_64__)
    {"avx512bf16 avx512vnni avx512 ", CARAT_LIMIT_FP32, fp32_avx512, 32},
    {"avx512bf16 ", CARAT_LIMIT_BF16, bf16_avx512, 64},
    {"avx512bf16 avx512vnni ", CARAT_LIMIT_INT8, int8_vnni, 128},
    {"avx512 ", CARAT_LIMIT_INT8, int8_avx512, 128},
    {"avx2 ", CARAT_LIMIT_FP32, fp32_avx2, 16},
    {"avx2 ", CARAT_LIMIT_INT8, int8_avx2, 64},
#elif defined(__aarch64__)
    {"neon ", CARAT_LIMIT_FP32, fp32_neon, 8},
#ifdef __ARM_FEATURE_BF16_VECTOR_ARITHMETIC
    {"neon ", CARAT_LIMIT_BF16, bf16_neon, 16},
#endif
#ifdef __ARM_FEATURE_DOTPROD
    {"neon ", CARAT_LIMIT_INT8, int8_neon, 32},
#endif
#endif
    {"portable ", CARAT_LIMIT_FP32, fp32_portable, PORTABLE_WIDTH * 2},
};

static const struct peak *peak_of(const char *isa, enum carat_limit limit)
{
    const size_t n = strlen(isa);
    for (size_t i = 0; i < sizeof PEAKS / sizeof *PEAKS; i++)
        for (const char *p = PEAKS[i].isas; PEAKS[i].limit == limit && *p; p = strchr(p, ' ') + 1)
            if (strncmp(p, isa, n) == 0 && p[n] == ' ')
                return &PEAKS[i];
    return NULL;
}

/* The one that CARAT_ISA names, else the one with most instructions, whichever the kernels prefer. */
static const char *choose_isa(struct err *err)
{
    const char *forced = getenv("CARAT_ISA");
    return forced && *forced ? carat_isa(err) : kernels_at(0)->isa;
}

/* ---- measuring ---------------------------------------------------------------------- */

struct carat_limits {
    struct pool *pool;
    const char *isa;
    uint64_t *buffer;      /* for reading: [bytes] */
    size_t bytes;
    uint64_t *sums;        /* [bytes / READ_CHUNK] so that no read is for nothing */
};

static void write_chunk(void *context, size_t chunk, size_t thread)
{
    const struct carat_limits *l = context;
    (void)thread;
    memset((unsigned char *)l->buffer + chunk * READ_CHUNK, (int)(chunk % 251) + 1, READ_CHUNK);
}

static void read_chunk(void *context, size_t chunk, size_t thread)
{
    const struct carat_limits *l = context;
    typedef uint64_t lanes __attribute__((vector_size(64), may_alias));
    const lanes *p = (const lanes *)(const void *)((const unsigned char *)l->buffer + chunk * READ_CHUNK);
    enum { STREAMS = 4, LINES = READ_CHUNK / sizeof *p / STREAMS, AHEAD = 32 }; /* lines of 64 bytes */
    lanes sum[STREAMS] = {{0}};
    (void)thread;
    for (size_t i = 0; i < LINES; i++)
        for (size_t s = 0; s < STREAMS; s++) {
            __builtin_prefetch(&p[s * LINES + i + AHEAD]);
            sum[s] += p[s * LINES + i];
        }
    lanes a = sum[0] + sum[1] + sum[2] + sum[3];
    l->sums[chunk] = a[0] + a[1] + a[2] + a[3] + a[4] + a[5] + a[6] + a[7];
}

static void compute_chunk(void *context, size_t chunk, size_t thread)
{
    const struct peak *peak = context;
    (void)chunk;
    (void)thread;
    peak->loop();
}

/* Four times the last level cache, a gibibyte at least; less where memory is short. */
static size_t buffer_bytes(void)
{
    long cache = sysconf(_SC_LEVEL3_CACHE_SIZE), pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    size_t bytes = cache > 0 ? 4 * (size_t)cache : 0;
    size_t memory = pages > 0 && page > 0 ? (size_t)pages * (size_t)page : 4 * BUFFER_LEAST;
    if (bytes < BUFFER_LEAST)
        bytes = BUFFER_LEAST;
    if (bytes > memory / 8)
        bytes = memory / 8;
    return bytes / READ_CHUNK * READ_CHUNK;
}

enum carat_err carat_limits_open(size_t n_threads, size_t read_bytes, struct carat_limits **out, struct err *err)
{
    struct carat_limits *l = calloc(1, sizeof *l);
    *out = NULL;
    if (!l)
        return err_nomem(err, "the limits");
    void *buffer = NULL;
    enum carat_err rc = pool_new(n_threads, &l->pool, err);
    l->isa = rc ? NULL : choose_isa(err);
    if (!rc && !l->isa)
        rc = err ? err->code : CARAT_EUSAGE;
    l->bytes = read_bytes ? (read_bytes + READ_CHUNK - 1) / READ_CHUNK * READ_CHUNK : buffer_bytes();
    if (!rc && posix_memalign(&buffer, READ_CHUNK, l->bytes))
        rc = err_nomem(err, "a buffer to read");
    l->buffer = buffer;
    l->sums = rc ? NULL : calloc(l->bytes / READ_CHUNK, sizeof *l->sums);
    if (!rc && !l->sums)
        rc = err_nomem(err, "a buffer to read");
    if (rc) {
        carat_limits_free(l);
        return rc;
    }
    pool_run(l->pool, l->bytes / READ_CHUNK, write_chunk, l);
    *out = l;
    return CARAT_OK;
}

void carat_limits_free(struct carat_limits *l)
{
    if (!l)
        return;
    pool_free(l->pool);
    free(l->buffer);
    free(l->sums);
    free(l);
}

size_t carat_limits_buffer_bytes(const struct carat_limits *l)
{
    return l->bytes;
}

double carat_limits_measure(struct carat_limits *l, enum carat_limit limit, double seconds)
{
    const struct peak *peak = limit == CARAT_LIMIT_READ ? NULL : peak_of(l->isa, limit);
    if (limit != CARAT_LIMIT_READ && !peak)
        return NAN;
    size_t n_chunks = peak ? CHUNKS_A_THREAD * pool_threads(l->pool) : l->bytes / READ_CHUNK;
    double each = peak ? peak->operations * CHAINS * LOOPS : (double)READ_CHUNK;
    double began = clock_seconds(), took = 0, amount = 0;
    do {
        pool_run(l->pool, n_chunks, peak ? compute_chunk : read_chunk, peak ? (void *)(uintptr_t)peak : l);
        amount += each * (double)n_chunks;
        took = clock_seconds() - began;
    } while (took < seconds);
    return amount / took;
}
