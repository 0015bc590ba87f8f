/* The table of sources against the list of official files (OFFICIAL-FILES.tsv). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "datasets/datasets.h"
#include "tests/support/support.h"

static struct str cell(const char **at)
{
    const char *from = *at;
    size_t n = strcspn(from, "\t\n");
    *at = from + n + (from[n] == '\t');
    return (struct str){from, n};
}

/* The line of an address; NULL where the list does not have it. */
static const char *line_of(const char *list, const char *url)
{
    struct buf key = BUF_INIT(1 << 14);
    buf_printf(&key, "\t%s\t", url);
    const char *at = strstr(list, buf_str(&key).p);
    buf_release(&key);
    while (at && at > list && at[-1] != '\n')
        at--;
    return at;
}

Test(sources, sizes_and_hashes_are_the_published_ones)
{
    SHARED_OR_SKIP(path, "data/OFFICIAL-FILES.tsv");
    struct buf list = BUF_INIT(1 << 22);
    size_t n, n_found = 0;
    const struct carat_source *sources = carat_sources(&n);
    cr_assert_eq(file_read(path, 1 << 22, &list, NULL), CARAT_OK);
    for (size_t i = 0; i < n; i++) {
        const char *at = line_of(list.p, sources[i].url);
        int64_t bytes;
        if (!at) { /* the worked examples come from the reference's own repository */
            cr_expect(strstr(sources[i].url, "lm-evaluation-harness"), "%s is not in the list", sources[i].url);
            continue;
        }
        n_found++;
        cell(&at);
        cell(&at);
        struct str size = cell(&at), sha256 = cell(&at);
        if (num_parse_i64(size, &bytes) && sources[i].bytes >= 0)
            cr_expect_eq(bytes, sources[i].bytes, "%s", sources[i].url);
        if (sha256.n == 64)
            cr_expect(sources[i].sha256 && str_eq(sha256, str_from(sources[i].sha256)), "%s", sources[i].url);
    }
    cr_expect_gt(n_found, 90);
    buf_release(&list);
}
