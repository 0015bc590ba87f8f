/* carat merge: one results database of several. */
#include <inttypes.h>

#include "commands.h"
#include "results/results.h"

static enum carat_err run(const struct options *o, struct err *err)
{
    struct carat_merged counts;
    enum carat_err rc = carat_store_merge(o->args.items[0], o->args.items + 1, o->args.n - 1, &counts, err);
    if (rc)
        return rc;
    if (o->json)
        printf("{\"runs\":%" PRId64 ",\"items\":%" PRId64 ",\"same\":%" PRId64 "}\n", counts.n_runs, counts.n_items,
               counts.n_same);
    else if (!o->quiet)
        log_info("%s: %" PRId64 " runs, %" PRId64 " items; %" PRId64 " were there twice, the same", o->args.items[0],
                 counts.n_runs, counts.n_items, counts.n_same);
    return CARAT_OK;
}

const struct command cmd_merge = {
    .name = "merge",
    .summary = "join results databases",
    .usage = "OUT.db A.db [B.db]...",
    .about = "Writes one database with all that the given ones, and OUT.db if it is there, hold. Items of the same run, made "
             "by 'carat run --shard I/N' on as many machines, come together; the whole equals a run in one piece, bit for bit. "
             "An item that two files have must be the same in both, or the merge is refused and names it. OUT.db is "
             "replaced at the very end; after an interruption the same command does it all again.",
    .options = "json quiet",
    .examples = "  carat run -m gemma-2b -t mmlu --shard 2/8 --db part2.db\n"
                "  carat merge whole.db part1.db part2.db part3.db",
    .min_args = 2,
    .max_args = 100000,
    .run = run,
};
