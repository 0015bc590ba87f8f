#include "num.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

bool num_parse_i64(struct str s, int64_t *out)
{
    size_t i = 0;
    bool negative = s.n && s.p[0] == '-';
    if (negative || (s.n && s.p[0] == '+'))
        i = 1;
    if (i == s.n)
        return false;
    int64_t v = 0;
    for (; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        int64_t digit = s.p[i] - '0';
        if (__builtin_mul_overflow(v, 10, &v) ||
            (negative ? __builtin_sub_overflow(v, digit, &v) : __builtin_add_overflow(v, digit, &v)))
            return false;
    }
    *out = v;
    return true;
}

bool num_parse_size(struct str s, size_t *out)
{
    int64_t v;
    if (!s.n || s.p[0] == '+' || !num_parse_i64(s, &v) || v < 0)
        return false;
    *out = (size_t)v;
    return true;
}

bool num_parse_bytes(struct str s, size_t *out)
{
    static const struct {
        struct str suffix;
        unsigned shift;
    } units[] = {{STR("KiB"), 10}, {STR("MiB"), 20}, {STR("GiB"), 30}, {STR("TiB"), 40},
                 {STR("K"), 10},   {STR("M"), 20},   {STR("G"), 30},   {STR("T"), 40}};
    unsigned shift = 0;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (str_ends(s, units[i].suffix)) {
            s.n -= units[i].suffix.n;
            shift = units[i].shift;
            break;
        }
    }
    size_t v;
    if (!num_parse_size(s, &v) || v > SIZE_MAX >> shift)
        return false;
    *out = v << shift;
    return true;
}

/* strtod and printf follow the process's locale, which a library that carat
 * links (a drawing one, say) may set; these two put the C locale around them. */
static double strtod_c(const char *s, char **end)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t old = uselocale(c);
    double x = strtod(s, end);
    uselocale(old);
    freelocale(c);
    return x;
}

bool num_parse_double(struct str s, double *out)
{
    char tmp[64];
    if (!s.n || s.n >= sizeof tmp)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!strchr("0123456789+-.eE", s.p[i]) || !s.p[i])
            return false;
    memcpy(tmp, s.p, s.n);
    tmp[s.n] = '\0';
    char *end;
    double x = strtod_c(tmp, &end);
    if (*end || !isfinite(x))
        return false;
    *out = x;
    return true;
}

char *num_format_double(double x, char out[NUM_DOUBLE_MAX])
{
    if (!isfinite(x)) {
        snprintf(out, NUM_DOUBLE_MAX, "null");
        return out;
    }
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t old = uselocale(c);
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, NUM_DOUBLE_MAX, "%.*g", digits, x);
        if (strtod(out, NULL) == x)
            break;
    }
    uselocale(old);
    freelocale(c);
    return out;
}
