/* simd.h - sixteen float32 lanes, v16, on every instruction set: so that kernels are written once.
 *
 * What each operation returns is fixed to the bit: add, sub, mul, div and fma round once, as
 * IEEE 754 says; max(a, b) is a > b ? a : b (so a NaN in b stays, one in a does not); v16_sum
 * adds the lanes as a tree, l[j] + l[j + 8], then + 4, + 2, + 1. Nothing else may be added here.
 *
 * KERNEL_ISA_avx512, KERNEL_ISA_avx2, KERNEL_ISA_neon or none of them (portable) is defined by the
 * Makefile. Weights, given as void *, need no alignment. A v16 is an array of the machine's own registers, vpart: the
 * products' inner loops go part by part, so that an operand takes one register and not two or four.
 * vpart_keep(x) holds x in a register: gcc would rather load it again for each use. vpart_join is fours of floats from as
 * many places, vpart_transpose exchanges rows and columns of each 4 x 4 of them; both where there are registers only.
 */
#ifndef CARAT_ENGINE_SIMD_H
#define CARAT_ENGINE_SIMD_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Inlined whatever the size, or tiles would not stay in registers; but not in the portable set, which has none to
 * keep, and which gcc with sanitizers would otherwise work at for two minutes. */
#if defined(KERNEL_ISA_avx512) || defined(KERNEL_ISA_avx2) || defined(KERNEL_ISA_neon)
#define INLINE static inline __attribute__((always_inline))
#elif defined(__SANITIZE_ADDRESS__)
#define INLINE static __attribute__((noinline, unused))
#else
#define INLINE static inline
#endif

#if defined(KERNEL_ISA_avx512)

#include <immintrin.h>

typedef __m512 vpart;
typedef struct { vpart p[1]; } v16;

INLINE vpart vpart_load(const float *p) { return _mm512_loadu_ps(p); }
INLINE vpart vpart_set1(float x) { return _mm512_set1_ps(x); }
INLINE void vpart_store(float *p, vpart a) { _mm512_storeu_ps(p, a); }
INLINE vpart vpart_add(vpart a, vpart b) { return _mm512_add_ps(a, b); }
INLINE __m128 v4_load(const unsigned char *p) { return _mm_loadu_ps((const float *)(const void *)p); }
INLINE vpart vpart_join(const unsigned char *const p[4], size_t at)
{
    __m512 a = _mm512_castps128_ps512(v4_load(p[0] + at));
    a = _mm512_insertf32x4(a, v4_load(p[1] + at), 1);
    a = _mm512_insertf32x4(a, v4_load(p[2] + at), 2);
    return _mm512_insertf32x4(a, v4_load(p[3] + at), 3);
}
INLINE void vpart_transpose(vpart t[4])
{
    __m512d a = _mm512_castps_pd(_mm512_unpacklo_ps(t[0], t[1])), b = _mm512_castps_pd(_mm512_unpacklo_ps(t[2], t[3]));
    __m512d c = _mm512_castps_pd(_mm512_unpackhi_ps(t[0], t[1])), d = _mm512_castps_pd(_mm512_unpackhi_ps(t[2], t[3]));
    t[0] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
    t[1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
    t[2] = _mm512_castpd_ps(_mm512_unpacklo_pd(c, d));
    t[3] = _mm512_castpd_ps(_mm512_unpackhi_pd(c, d));
}
#define vpart_keep(x) __asm__("" : "+v"(x))
INLINE vpart vpart_fma(vpart a, vpart b, vpart c) { return _mm512_fmadd_ps(a, b, c); }
#ifdef KERNEL_HAS_BF16
/* c[j] + a[2j + 1] b[2j + 1], + a[2j] b[2j]: 32 bf16 numbers in each of a and b */
INLINE vpart vpart_dot(vpart a, vpart b, vpart c)
{
    return _mm512_dpbf16_ps(c, (__m512bh)_mm512_castps_si512(a), (__m512bh)_mm512_castps_si512(b));
}
#endif
INLINE v16 v16_set1(float x) { return (v16){{_mm512_set1_ps(x)}}; }
INLINE v16 v16_load(const float *p) { return (v16){{_mm512_loadu_ps(p)}}; }
INLINE void v16_store(float *p, v16 a) { _mm512_storeu_ps(p, a.p[0]); }
INLINE v16 v16_f32(const void *p) { return (v16){{_mm512_loadu_ps(p)}}; }
INLINE v16 v16_bf16(const void *p)
{
    __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
    return (v16){{_mm512_castsi512_ps(_mm512_slli_epi32(wide, 16))}};
}
INLINE v16 v16_f16(const void *p) { return (v16){{_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p))}}; }
INLINE v16 v16_odd(const void *p)
{
    __m512i pairs = _mm512_loadu_si512(p);
    return (v16){{_mm512_castsi512_ps(_mm512_and_si512(pairs, _mm512_set1_epi32(-65536)))}};
}
INLINE v16 v16_even(const void *p) { return (v16){{_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_loadu_si512(p), 16))}}; }
INLINE v16 v16_add(v16 a, v16 b) { return (v16){{_mm512_add_ps(a.p[0], b.p[0])}}; }
INLINE v16 v16_sub(v16 a, v16 b) { return (v16){{_mm512_sub_ps(a.p[0], b.p[0])}}; }
INLINE v16 v16_mul(v16 a, v16 b) { return (v16){{_mm512_mul_ps(a.p[0], b.p[0])}}; }
INLINE v16 v16_div(v16 a, v16 b) { return (v16){{_mm512_div_ps(a.p[0], b.p[0])}}; }
INLINE v16 v16_fma(v16 a, v16 b, v16 c) { return (v16){{_mm512_fmadd_ps(a.p[0], b.p[0], c.p[0])}}; }
INLINE v16 v16_max(v16 a, v16 b) { return (v16){{_mm512_max_ps(a.p[0], b.p[0])}}; }
INLINE v16 v16_min(v16 a, v16 b) { return (v16){{_mm512_min_ps(a.p[0], b.p[0])}}; }
INLINE v16 v16_select_lt(v16 a, v16 b, v16 yes, v16 no)
{
    return (v16){{_mm512_mask_blend_ps(_mm512_cmp_ps_mask(a.p[0], b.p[0], _CMP_LT_OQ), no.p[0], yes.p[0])}};
}
INLINE v16 v16_abs(v16 a) { return (v16){{_mm512_abs_ps(a.p[0])}}; }
INLINE v16 v16_with_sign(v16 a, v16 sign)
{
    return (v16){{_mm512_or_ps(a.p[0], _mm512_and_ps(sign.p[0], _mm512_set1_ps(-0.0f)))}};
}
INLINE v16 v16_add_exponent(v16 a, v16 n)
{
    __m512i shifted = _mm512_slli_epi32(_mm512_castps_si512(n.p[0]), 23);
    return (v16){{_mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a.p[0]), shifted))}};
}
INLINE float v8_sum(__m256 a)
{
    __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    b = _mm_add_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_add_ss(b, _mm_shuffle_ps(b, b, 1)));
}
INLINE float v16_sum(v16 a)
{
    return v8_sum(_mm256_add_ps(_mm512_castps512_ps256(a.p[0]), _mm512_extractf32x8_ps(a.p[0], 1)));
}
/* The same four times: halves and quarters of several are added at once. */
INLINE void v16_sum4(v16 a, v16 b, v16 c, v16 d, float out[4])
{
    __m512 ab = _mm512_add_ps(_mm512_shuffle_f32x4(a.p[0], b.p[0], 0x44), _mm512_shuffle_f32x4(a.p[0], b.p[0], 0xee));
    __m512 cd = _mm512_add_ps(_mm512_shuffle_f32x4(c.p[0], d.p[0], 0x44), _mm512_shuffle_f32x4(c.p[0], d.p[0], 0xee));
    __m512 s = _mm512_add_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd));
    s = _mm512_add_ps(s, _mm512_permute_ps(s, 0x0e));
    s = _mm512_add_ps(s, _mm512_permute_ps(s, 0x01));
    _mm_storeu_ps(out, _mm512_castps512_ps128(_mm512_maskz_compress_ps(0x1111, s)));
}

#elif defined(KERNEL_ISA_avx2)

#include <immintrin.h>

typedef __m256 vpart;
typedef struct { vpart p[2]; } v16;

INLINE vpart vpart_load(const float *p) { return _mm256_loadu_ps(p); }
INLINE vpart vpart_set1(float x) { return _mm256_set1_ps(x); }
INLINE void vpart_store(float *p, vpart a) { _mm256_storeu_ps(p, a); }
INLINE vpart vpart_add(vpart a, vpart b) { return _mm256_add_ps(a, b); }
INLINE __m128 v4_load(const unsigned char *p) { return _mm_loadu_ps((const float *)(const void *)p); }
INLINE vpart vpart_join(const unsigned char *const p[2], size_t at)
{
    return _mm256_insertf128_ps(_mm256_castps128_ps256(v4_load(p[0] + at)), v4_load(p[1] + at), 1);
}
INLINE void vpart_transpose(vpart t[4])
{
    __m256d a = _mm256_castps_pd(_mm256_unpacklo_ps(t[0], t[1])), b = _mm256_castps_pd(_mm256_unpacklo_ps(t[2], t[3]));
    __m256d c = _mm256_castps_pd(_mm256_unpackhi_ps(t[0], t[1])), d = _mm256_castps_pd(_mm256_unpackhi_ps(t[2], t[3]));
    t[0] = _mm256_castpd_ps(_mm256_unpacklo_pd(a, b));
    t[1] = _mm256_castpd_ps(_mm256_unpackhi_pd(a, b));
    t[2] = _mm256_castpd_ps(_mm256_unpacklo_pd(c, d));
    t[3] = _mm256_castpd_ps(_mm256_unpackhi_pd(c, d));
}
#define vpart_keep(x) __asm__("" : "+x"(x))
INLINE vpart vpart_fma(vpart a, vpart b, vpart c) { return _mm256_fmadd_ps(a, b, c); }
INLINE v16 v16_set1(float x) { return (v16){{_mm256_set1_ps(x), _mm256_set1_ps(x)}}; }
INLINE v16 v16_load(const float *p) { return (v16){{_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}}; }
INLINE void v16_store(float *p, v16 a)
{
    _mm256_storeu_ps(p, a.p[0]);
    _mm256_storeu_ps(p + 8, a.p[1]);
}
INLINE v16 v16_f32(const void *p)
{
    return (v16){{_mm256_loadu_ps((const float *)p), _mm256_loadu_ps((const float *)((const char *)p + 32))}};
}
INLINE __m256 v8_bf16(const void *p)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p)), 16));
}
INLINE v16 v16_bf16(const void *p) { return (v16){{v8_bf16(p), v8_bf16((const char *)p + 16)}}; }
INLINE v16 v16_f16(const void *p)
{
    return (v16){{_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)),
                 _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)((const char *)p + 16)))}};
}
INLINE __m256i v8_pairs(const void *p, int i) { return _mm256_loadu_si256((const __m256i *)p + i); }
INLINE v16 v16_odd(const void *p)
{
    __m256i upper = _mm256_set1_epi32(-65536);
    return (v16){{_mm256_castsi256_ps(_mm256_and_si256(v8_pairs(p, 0), upper)),
                  _mm256_castsi256_ps(_mm256_and_si256(v8_pairs(p, 1), upper))}};
}
INLINE v16 v16_even(const void *p)
{
    return (v16){{_mm256_castsi256_ps(_mm256_slli_epi32(v8_pairs(p, 0), 16)),
                  _mm256_castsi256_ps(_mm256_slli_epi32(v8_pairs(p, 1), 16))}};
}
INLINE v16 v16_add(v16 a, v16 b) { return (v16){{_mm256_add_ps(a.p[0], b.p[0]), _mm256_add_ps(a.p[1], b.p[1])}}; }
INLINE v16 v16_sub(v16 a, v16 b) { return (v16){{_mm256_sub_ps(a.p[0], b.p[0]), _mm256_sub_ps(a.p[1], b.p[1])}}; }
INLINE v16 v16_mul(v16 a, v16 b) { return (v16){{_mm256_mul_ps(a.p[0], b.p[0]), _mm256_mul_ps(a.p[1], b.p[1])}}; }
INLINE v16 v16_div(v16 a, v16 b) { return (v16){{_mm256_div_ps(a.p[0], b.p[0]), _mm256_div_ps(a.p[1], b.p[1])}}; }
INLINE v16 v16_fma(v16 a, v16 b, v16 c)
{
    return (v16){{_mm256_fmadd_ps(a.p[0], b.p[0], c.p[0]), _mm256_fmadd_ps(a.p[1], b.p[1], c.p[1])}};
}
INLINE v16 v16_max(v16 a, v16 b) { return (v16){{_mm256_max_ps(a.p[0], b.p[0]), _mm256_max_ps(a.p[1], b.p[1])}}; }
INLINE v16 v16_min(v16 a, v16 b) { return (v16){{_mm256_min_ps(a.p[0], b.p[0]), _mm256_min_ps(a.p[1], b.p[1])}}; }
INLINE v16 v16_select_lt(v16 a, v16 b, v16 yes, v16 no)
{
    return (v16){{_mm256_blendv_ps(no.p[0], yes.p[0], _mm256_cmp_ps(a.p[0], b.p[0], _CMP_LT_OQ)),
                 _mm256_blendv_ps(no.p[1], yes.p[1], _mm256_cmp_ps(a.p[1], b.p[1], _CMP_LT_OQ))}};
}
INLINE v16 v16_abs(v16 a)
{
    __m256 sign = _mm256_set1_ps(-0.0f);
    return (v16){{_mm256_andnot_ps(sign, a.p[0]), _mm256_andnot_ps(sign, a.p[1])}};
}
INLINE v16 v16_with_sign(v16 a, v16 s)
{
    __m256 sign = _mm256_set1_ps(-0.0f);
    return (v16){{_mm256_or_ps(a.p[0], _mm256_and_ps(s.p[0], sign)), _mm256_or_ps(a.p[1], _mm256_and_ps(s.p[1], sign))}};
}
INLINE __m256 v8_add_exponent(__m256 a, __m256 n)
{
    __m256i shifted = _mm256_slli_epi32(_mm256_castps_si256(n), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), shifted));
}
INLINE v16 v16_add_exponent(v16 a, v16 n)
{
    return (v16){{v8_add_exponent(a.p[0], n.p[0]), v8_add_exponent(a.p[1], n.p[1])}};
}
INLINE float v16_sum(v16 a)
{
    __m256 s = _mm256_add_ps(a.p[0], a.p[1]);
    __m128 b = _mm_add_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1));
    b = _mm_add_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_add_ss(b, _mm_shuffle_ps(b, b, 1)));
}

#elif defined(KERNEL_ISA_neon)

#include <arm_neon.h>

typedef float32x4_t vpart;
typedef struct { vpart p[4]; } v16;

#define EACH(expr)                        \
    v16 r;                                \
    for (int i = 0; i < 4; i++)           \
        r.p[i] = (expr);                  \
    return r
#define BITS(x) vreinterpretq_u32_f32(x)
INLINE vpart vpart_load(const float *p) { return vld1q_f32(p); }
INLINE vpart vpart_set1(float x) { return vdupq_n_f32(x); }
INLINE void vpart_store(float *p, vpart a) { vst1q_f32(p, a); }
INLINE vpart vpart_add(vpart a, vpart b) { return vaddq_f32(a, b); }
INLINE vpart vpart_join(const unsigned char *const p[1], size_t at) { return vreinterpretq_f32_u8(vld1q_u8(p[0] + at)); }
INLINE void vpart_transpose(vpart t[4])
{
    float32x4x2_t a = vtrnq_f32(t[0], t[1]), b = vtrnq_f32(t[2], t[3]);
    t[0] = vcombine_f32(vget_low_f32(a.val[0]), vget_low_f32(b.val[0]));
    t[1] = vcombine_f32(vget_low_f32(a.val[1]), vget_low_f32(b.val[1]));
    t[2] = vcombine_f32(vget_high_f32(a.val[0]), vget_high_f32(b.val[0]));
    t[3] = vcombine_f32(vget_high_f32(a.val[1]), vget_high_f32(b.val[1]));
}
#define vpart_keep(x) __asm__("" : "+w"(x))
INLINE vpart vpart_fma(vpart a, vpart b, vpart c) { return vfmaq_f32(c, a, b); }
INLINE v16 v16_set1(float x) { EACH(vdupq_n_f32(x)); }
INLINE v16 v16_load(const float *p) { EACH(vld1q_f32(p + 4 * i)); }
INLINE void v16_store(float *p, v16 a)
{
    for (int i = 0; i < 4; i++)
        vst1q_f32(p + 4 * i, a.p[i]);
}
INLINE uint16x4_t v4_half(const void *p, int i)
{
    uint16x4_t h;
    memcpy(&h, (const char *)p + 8 * i, sizeof h);
    return h;
}
INLINE v16 v16_f32(const void *p)
{
    EACH(vreinterpretq_f32_u8(vld1q_u8((const unsigned char *)p + 16 * i)));
}
INLINE v16 v16_bf16(const void *p) { EACH(vreinterpretq_f32_u32(vshll_n_u16(v4_half(p, i), 16))); }
INLINE v16 v16_f16(const void *p) { EACH(vcvt_f32_f16(vreinterpret_f16_u16(v4_half(p, i)))); }
INLINE uint32x4_t v4_pairs(const void *p, int i)
{
    return vreinterpretq_u32_u8(vld1q_u8((const unsigned char *)p + 16 * i));
}
INLINE v16 v16_odd(const void *p)
{
    EACH(vreinterpretq_f32_u32(vandq_u32(v4_pairs(p, i), vdupq_n_u32(0xffff0000u))));
}
INLINE v16 v16_even(const void *p) { EACH(vreinterpretq_f32_u32(vshlq_n_u32(v4_pairs(p, i), 16))); }
INLINE v16 v16_add(v16 a, v16 b) { EACH(vaddq_f32(a.p[i], b.p[i])); }
INLINE v16 v16_sub(v16 a, v16 b) { EACH(vsubq_f32(a.p[i], b.p[i])); }
INLINE v16 v16_mul(v16 a, v16 b) { EACH(vmulq_f32(a.p[i], b.p[i])); }
INLINE v16 v16_div(v16 a, v16 b) { EACH(vdivq_f32(a.p[i], b.p[i])); }
INLINE v16 v16_fma(v16 a, v16 b, v16 c) { EACH(vfmaq_f32(c.p[i], a.p[i], b.p[i])); }
INLINE v16 v16_max(v16 a, v16 b) { EACH(vbslq_f32(vcgtq_f32(a.p[i], b.p[i]), a.p[i], b.p[i])); }
INLINE v16 v16_min(v16 a, v16 b) { EACH(vbslq_f32(vcltq_f32(a.p[i], b.p[i]), a.p[i], b.p[i])); }
INLINE v16 v16_select_lt(v16 a, v16 b, v16 yes, v16 no)
{
    EACH(vbslq_f32(vcltq_f32(a.p[i], b.p[i]), yes.p[i], no.p[i]));
}
INLINE v16 v16_abs(v16 a) { EACH(vabsq_f32(a.p[i])); }
INLINE v16 v16_with_sign(v16 a, v16 s)
{
    EACH(vreinterpretq_f32_u32(vorrq_u32(BITS(a.p[i]), vandq_u32(BITS(s.p[i]), vdupq_n_u32(0x80000000u)))));
}
INLINE v16 v16_add_exponent(v16 a, v16 n)
{
    EACH(vreinterpretq_f32_u32(vaddq_u32(BITS(a.p[i]), vshlq_n_u32(BITS(n.p[i]), 23))));
}
INLINE float v16_sum(v16 a)
{
    float32x4_t s = vaddq_f32(vaddq_f32(a.p[0], a.p[2]), vaddq_f32(a.p[1], a.p[3]));
    float32x2_t t = vadd_f32(vget_low_f32(s), vget_high_f32(s));
    return vget_lane_f32(t, 0) + vget_lane_f32(t, 1);
}
#undef EACH
#undef BITS

#else /* portable: the definition of the others. fmaf() is exact, by software where the CPU cannot. */

typedef float vpart;
typedef struct { vpart p[16]; } v16;

#define EACH(expr)               \
    v16 r;                       \
    for (int i = 0; i < 16; i++) \
        r.p[i] = (expr);         \
    return r
INLINE uint32_t f32_bits(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}
INLINE float f32_from(uint32_t u)
{
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}
INLINE uint32_t u16_at(const void *p, int i)
{
    uint16_t h;
    memcpy(&h, (const char *)p + 2 * i, sizeof h);
    return h;
}
INLINE float f32_from_f16(uint32_t h)
{
    uint32_t sign = (h & 0x8000) << 16, exponent = h >> 10 & 31, mantissa = h & 1023;
    if (exponent == 0) /* zero or subnormal: mantissa * 2^-24 is exact */
        return f32_from(sign | f32_bits((float)mantissa * 0x1p-24f));
    return f32_from(sign | (exponent == 31 ? 255u << 23 : (exponent + 112) << 23) | mantissa << 13);
}
INLINE vpart vpart_load(const float *p) { return *p; }
#define vpart_keep(x) (void)(x)
INLINE vpart vpart_fma(vpart a, vpart b, vpart c) { return fmaf(a, b, c); }
INLINE v16 v16_set1(float x) { EACH(x); }
INLINE v16 v16_load(const float *p) { EACH(p[i]); }
INLINE void v16_store(float *p, v16 a) { memcpy(p, a.p, sizeof a.p); }
INLINE v16 v16_f32(const void *p)
{
    v16 r;
    memcpy(r.p, p, sizeof r.p);
    return r;
}
INLINE v16 v16_bf16(const void *p) { EACH(f32_from(u16_at(p, i) << 16)); }
INLINE v16 v16_f16(const void *p) { EACH(f32_from_f16(u16_at(p, i))); }
INLINE v16 v16_odd(const void *p) { EACH(f32_from(u16_at(p, 2 * i + 1) << 16)); }
INLINE v16 v16_even(const void *p) { EACH(f32_from(u16_at(p, 2 * i) << 16)); }
INLINE v16 v16_add(v16 a, v16 b) { EACH(a.p[i] + b.p[i]); }
INLINE v16 v16_sub(v16 a, v16 b) { EACH(a.p[i] - b.p[i]); }
INLINE v16 v16_mul(v16 a, v16 b) { EACH(a.p[i] * b.p[i]); }
INLINE v16 v16_div(v16 a, v16 b) { EACH(a.p[i] / b.p[i]); }
INLINE v16 v16_fma(v16 a, v16 b, v16 c) { EACH(fmaf(a.p[i], b.p[i], c.p[i])); }
INLINE v16 v16_max(v16 a, v16 b) { EACH(a.p[i] > b.p[i] ? a.p[i] : b.p[i]); }
INLINE v16 v16_min(v16 a, v16 b) { EACH(a.p[i] < b.p[i] ? a.p[i] : b.p[i]); }
INLINE v16 v16_select_lt(v16 a, v16 b, v16 yes, v16 no) { EACH(a.p[i] < b.p[i] ? yes.p[i] : no.p[i]); }
INLINE v16 v16_abs(v16 a) { EACH(f32_from(f32_bits(a.p[i]) & 0x7fffffffu)); }
INLINE v16 v16_with_sign(v16 a, v16 s) { EACH(f32_from(f32_bits(a.p[i]) | (f32_bits(s.p[i]) & 0x80000000u))); }
INLINE v16 v16_add_exponent(v16 a, v16 n) { EACH(f32_from(f32_bits(a.p[i]) + (f32_bits(n.p[i]) << 23))); }
INLINE float v16_sum(v16 a)
{
    for (int half = 8; half; half /= 2)
        for (int i = 0; i < half; i++)
            a.p[i] = a.p[i] + a.p[i + half];
    return a.p[0];
}
#undef EACH

#endif

#ifndef KERNEL_ISA_avx512
INLINE void v16_sum4(v16 a, v16 b, v16 c, v16 d, float out[4])
{
    out[0] = v16_sum(a);
    out[1] = v16_sum(b);
    out[2] = v16_sum(c);
    out[3] = v16_sum(d);
}
#endif

/* Between these two, numbers below 2^-126 count as zeros, going in and coming out. Portable code sees to that itself.
 * (NEON flushes before it rounds, x86 after: a sum within half a unit of 2^-126 itself may differ.) */
#if defined(KERNEL_ISA_avx512) || defined(KERNEL_ISA_avx2)
INLINE uint64_t flush_begin(void)
{
    unsigned mode = _mm_getcsr();
    _mm_setcsr(mode | 0x8040);
    return mode;
}
INLINE void flush_end(uint64_t mode) { _mm_setcsr((unsigned)mode); }
#elif defined(KERNEL_ISA_neon)
INLINE uint64_t flush_begin(void)
{
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    __asm__ volatile("msr fpcr, %0" : : "r"(mode | 1u << 24));
    return mode;
}
INLINE void flush_end(uint64_t mode) { __asm__ volatile("msr fpcr, %0" : : "r"(mode)); }
#endif

#define CONCAT_(a, b) a##b
#define CONCAT(a, b) CONCAT_(a, b)
#define TEXT_(a) #a
#define TEXT(a) TEXT_(a)

/* The body for i = 0 .. n - 1, spelled out: lanes stay in registers only where every index is a constant, and
 * the compilers differ in which nested loops they unroll. Arrays they index are as large as the bounds. */
#define AT(i, value, n, ...) { enum { i = value }; if (i < (n)) { __VA_ARGS__ } }
#define EACH_1(i, n, ...) AT(i, 0, n, __VA_ARGS__)
#define EACH_2(i, n, ...) EACH_1(i, n, __VA_ARGS__) AT(i, 1, n, __VA_ARGS__)
#define EACH_3(i, n, ...) EACH_2(i, n, __VA_ARGS__) AT(i, 2, n, __VA_ARGS__)
#define EACH_4(i, n, ...) EACH_3(i, n, __VA_ARGS__) AT(i, 3, n, __VA_ARGS__)
#define EACH_6(i, n, ...) EACH_4(i, n, __VA_ARGS__) AT(i, 4, n, __VA_ARGS__) AT(i, 5, n, __VA_ARGS__)
#define EACH_8(i, n, ...) EACH_6(i, n, __VA_ARGS__) AT(i, 6, n, __VA_ARGS__) AT(i, 7, n, __VA_ARGS__)
#define LOOP(i, n, ...) for (size_t i = 0; i < (size_t)(n); i++) { __VA_ARGS__ }
#define PARTS (sizeof(v16) / sizeof(vpart))
#define PART_LANES (16 / PARTS)

/* The first n lanes, the rest zero: 0 < n < 16. */
INLINE v16 v16_load_n(const float *p, size_t n)
{
    float t[16] = {0};
    memcpy(t, p, n * sizeof *t);
    return v16_load(t);
}
INLINE void v16_store_n(float *p, v16 a, size_t n)
{
    float t[16];
    v16_store(t, a);
    memcpy(p, t, n * sizeof *t);
}

#endif
