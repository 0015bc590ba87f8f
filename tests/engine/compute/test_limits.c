#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "engine/compute/kernels.h"
#include "engine/engine.h"

#define SMALL ((size_t)1 << 20)

static struct carat_limits *open_limits(void)
{
    struct carat_limits *l;
    struct err err = ERR_INIT;
    cr_assert_eq(carat_limits_open(2, SMALL, &l, &err), CARAT_OK, "%s", err.msg);
    return l;
}

/* Rates are never judged: only that what can be had is a number, and what cannot is none. */
Test(limits, every_instruction_set_reads_and_multiplies, .timeout = 120)
{
    const struct kernel_table *t;
    for (size_t i = 0; (t = kernels_at(i)); i++) {
        setenv("CARAT_ISA", t->isa, 1);
        struct carat_limits *l = open_limits();
        cr_assert_gt(carat_limits_measure(l, CARAT_LIMIT_READ, 0), 0, "%s", t->isa);
        cr_assert_gt(carat_limits_measure(l, CARAT_LIMIT_FP32, 0), 0, "%s", t->isa);
        double int8 = carat_limits_measure(l, CARAT_LIMIT_INT8, 0);
        cr_assert(int8 > 0 || isnan(int8), "%s", t->isa);
        carat_limits_free(l);
    }
}

Test(limits, an_instruction_set_without_a_dot_product_has_no_limit_of_it, .timeout = 60)
{
    setenv("CARAT_ISA", "portable", 1);
    struct carat_limits *l = open_limits();
    cr_assert(isnan(carat_limits_measure(l, CARAT_LIMIT_BF16, 0)));
    cr_assert(isnan(carat_limits_measure(l, CARAT_LIMIT_INT8, 0)));
    carat_limits_free(l);
}

Test(limits, an_unknown_instruction_set_is_refused)
{
    struct carat_limits *l;
    struct err err = ERR_INIT;
    setenv("CARAT_ISA", "mmx", 1);
    cr_assert_eq(carat_limits_open(1, SMALL, &l, &err), CARAT_EUSAGE);
    cr_assert_null(l);
    cr_assert(strstr(err.msg, "mmx"), "%s", err.msg);
}
