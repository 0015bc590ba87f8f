/* --suite: from its name to what is to be run. */
#include "commands.h"
#include "harness/eval/suite.h"
#include "run_common.h"

enum carat_err suites_dir(char **out, struct err *err)
{
    char *dir = NULL;
    enum carat_err rc = demo_dir(&dir, err);
    *out = rc ? NULL : file_join(dir, "suites");
    free(dir);
    return rc || *out ? rc : err_nomem(err, "a path");
}

enum carat_err take_suite(const struct options *o, struct suite *suite, struct eval_options *eval, struct options *shown,
                          struct err *err)
{
    char *dir = NULL;
    *shown = *o;
    if (!o->suite)
        return CARAT_OK;
    enum carat_err rc = suites_dir(&dir, err);
    if (!rc)
        rc = suite_open(o->suite, dir, suite, err);
    free(dir);
    if (rc)
        return rc;
    eval->tasks = suite->tasks;
    eval->n_tasks = suite->n;
    eval->overrides = suite->overrides;
    if (o->limit < 0)
        eval->limit = suite->limit;
    if (!o->published)
        shown->published = suite->published;
    return CARAT_OK;
}

enum carat_err check_suite(const struct options *o, const struct eval_options *eval, struct err *err)
{
    struct buf how = BUF_INIT(1 << 12);
    if (!o->suite)
        return CARAT_OK;
    buf_printf(&how, "'carat fetch --suite %s' gets the official files%s", o->suite,
               o->data ? " into the cache, which is read without --data" : "; --data DIR reads files already there");
    enum carat_err rc = bench_check_data(eval, buf_str(&how).p, err);
    buf_release(&how);
    return rc;
}
