#include <criterion/criterion.h>

#include "datasets/frame.h"

static enum carat_err take(void *context, size_t line, json_t *value, struct err *err)
{
    (void)line;
    (void)err;
    return json_write(value, context);
}

/* As pandas.read_csv() types the columns. */
Test(frame, types_columns_by_all_their_cells)
{
    struct buf out = BUF_INIT(1 << 16);
    struct err err = ERR_INIT;
    cr_assert_eq(frame_each("x.csv",
                            STR("i,f,b,t,gap,none\n1,1.5,True,01x,3,\n-2,2,false,,NA,null\n007,1e3,True,\"a,b\",4,\n"), take, &out,
                            &err),
                 CARAT_OK, "%s", err.msg);
    cr_expect_str_eq(out.p,
                     "{\"i\":1,\"f\":1.5,\"b\":true,\"t\":\"01x\",\"gap\":3.0,\"none\":null}"
                     "{\"i\":-2,\"f\":2.0,\"b\":false,\"t\":null,\"gap\":null,\"none\":null}"
                     "{\"i\":7,\"f\":1000.0,\"b\":true,\"t\":\"a,b\",\"gap\":4.0,\"none\":null}",
                     "%s", out.p);
    buf_release(&out);
}

Test(frame, names_the_line_of_a_record_that_does_not_fit_the_header)
{
    struct buf out = BUF_INIT(1 << 16);
    struct err err = ERR_INIT;
    cr_expect_eq(frame_each("x.csv", STR("a,b\n1,2\n1\n"), take, &out, &err), CARAT_EINPUT);
    cr_expect(strstr(err.msg, "x.csv:3: 1 fields, where the header has 2"), "%s", err.msg);
    buf_release(&out);
}
