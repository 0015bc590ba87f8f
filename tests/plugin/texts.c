/* texts.c - tasks that score texts: whole ones in windows, and single ones behind a question. For tests. */
#include <task.h>

static int whole(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                 struct carat_example *ex)
{
    return host->text(host->get(row, "text"), &ex->answer) ? 0 : host->fail(ctx, "wants the field text (text)");
}

static int last_word(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                     struct carat_example *ex)
{
    if (!host->text(host->get(row, "before"), &ex->question) || !host->text(host->get(row, "word"), &ex->answer))
        return host->fail(ctx, "wants the fields before and word (text)");
    return 0;
}

static const struct carat_metric whole_metrics[] = {
    {.name = "word_perplexity", .kind = CARAT_METRIC_WORD_PERPLEXITY, .lower_is_better = true},
    {.name = "byte_perplexity", .kind = CARAT_METRIC_BYTE_PERPLEXITY, .lower_is_better = true},
    {.name = "bits_per_byte", .kind = CARAT_METRIC_BITS_PER_BYTE, .lower_is_better = true},
};
static const struct carat_metric word_metrics[] = {
    {.name = "perplexity", .kind = CARAT_METRIC_PERPLEXITY, .lower_is_better = true},
    {.name = "acc", .kind = CARAT_METRIC_GREEDY},
};

static const struct carat_task whole_texts = {
    .abi = CARAT_TASK_ABI, .name = "whole_texts", .version = 1, .dataset = "whole_texts", .test_split = "test",
    .output = CARAT_ROLLING, .shots = CARAT_SHOTS_NEVER, .example = whole, .metrics = whole_metrics, .n_metrics = 3,
};
static const struct carat_task last_words = {
    .abi = CARAT_TASK_ABI, .name = "last_words", .version = 1, .dataset = "last_words", .test_split = "test",
    .output = CARAT_LOGLIKELIHOOD, .shots = CARAT_SHOTS_NEVER, .example = last_word, .metrics = word_metrics,
    .n_metrics = 2,
};
CARAT_EXPORT_TASKS(&whole_texts, &last_words)
