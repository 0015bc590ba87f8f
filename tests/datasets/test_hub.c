#include <criterion/criterion.h>

#include "datasets/hub.h"

static enum carat_err take(const char *page, size_t first, struct buf *out, size_t *n, struct err *err)
{
    json_t *value = NULL;
    size_t total;
    cr_assert_eq(json_read(str_from(page), "page", 0, &value, err), CARAT_OK);
    enum carat_err rc = hub_take_page(value, first, out, n, &total, err);
    json_decref(value);
    return rc;
}

Test(hub, writes_a_page_of_rows_a_line_each)
{
    struct buf out = BUF_INIT(1 << 16);
    struct err err = ERR_INIT;
    size_t n;
    cr_assert_eq(take("{\"rows\": [{\"row_idx\": 7, \"row\": {\"a\": 1}, \"truncated_cells\": []},"
                      " {\"row_idx\": 8, \"row\": {\"a\": null}}], \"num_rows_total\": 9}",
                      7, &out, &n, &err),
                 CARAT_OK, "%s", err.msg);
    cr_expect_eq(n, 2);
    cr_expect_str_eq(out.p, "{\"a\":1}\n{\"a\":null}\n");
    buf_release(&out);
}

Test(hub, refuses_pages_with_rows_cut_short_missing_or_out_of_order)
{
    static const struct {
        const char *page, *message;
    } cases[] = {
        {"[]", "no page of rows"},
        {"{\"error\": \"x\"}", "no page of rows"},
        {"{\"rows\": [], \"num_rows_total\": -1}", "no page of rows"},
        {"{\"rows\": [], \"num_rows_total\": 1, \"partial\": true}", "only a part"},
        {"{\"rows\": [{\"row_idx\": 1, \"row\": {}}], \"num_rows_total\": 1}", "out of order"},
        {"{\"rows\": [{\"row_idx\": 0, \"row\": 5}], \"num_rows_total\": 1}", "missing"},
        {"{\"rows\": [{\"row_idx\": 0, \"row\": {}, \"truncated_cells\": [\"a\"]}], \"num_rows_total\": 1}", "cut it short"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out = BUF_INIT(1 << 16);
        struct err err = ERR_INIT;
        size_t n;
        cr_expect_neq(take(cases[i].page, 0, &out, &n, &err), CARAT_OK, "%s", cases[i].page);
        cr_expect(strstr(err.msg, cases[i].message), "%s", err.msg);
        buf_release(&out);
    }
}
