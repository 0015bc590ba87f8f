/* nq_open.c - Natural Questions, open (Lee et al., 2019). Reference task `nq_open`, version 4.
 *
 * Shots stand a line apart. A text ends at a full stop or a comma; articles are taken away before case is: "THE" stays. As
 * published scores have it, an answer is a line, and articles do not count.
 */
#include "read.h"

static int example(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                   struct carat_example *ex)
{
    struct carat_text question;
    if (!host->text(host->get(row, "question"), &question))
        return host->fail(ctx, "wants the field question (text)");
    ex->references = read_texts(host, ctx, host->get(row, "answer"), "answer", &ex->n_references);
    if (!ex->references)
        return -1;
    ex->answer = ex->references[0];
    const struct carat_text parts[] = {CARAT_TEXT("Q: "), question, CARAT_TEXT("?\nA:")};
    ex->question = host->join(ctx, parts, COUNT(parts));
    return 0;
}

static const char *const stops[] = {"\n", ".", ",", NULL};
static const char *const published_stops[] = {"\n", NULL};

static const struct carat_filter_step strip_first[] = {{.kind = CARAT_FILTER_STRIP}, {.kind = CARAT_FILTER_TAKE_FIRST}};
static const struct carat_filter filters[] = {
    {.name = "remove_whitespace", .steps = strip_first, .n_steps = COUNT(strip_first)},
};
static const char *const articles[] = {"\\b(?:The |the |An |A |The |a |an )", NULL};
static const struct carat_metric metrics[] = {
    {.name = "exact_match", .kind = CARAT_METRIC_EXACT_MATCH, .ignore_case = true, .ignore_punctuation = true,
     .ignore_patterns = articles},
};

/* Articles, punctuation, case and blanks do not count. */
static const char *const ignored[] = {"(?i)\\b(?:a|an|the)\\b", "\\s+", NULL};
static const struct carat_metric published_metrics[] = {
    {.name = "exact_match", .kind = CARAT_METRIC_EXACT_MATCH, .ignore_case = true, .ignore_punctuation = true,
     .ignore_patterns = ignored},
};

#define NQ_OPEN                                                                                                 \
    .abi = CARAT_TASK_ABI, .name = "nq_open", .version = 4, .title = "NQ-open",                                 \
    .group = "Question Answering", .dataset = "nq_open", .test_split = "validation", .shots_split = "train",    \
    .shots = CARAT_SHOTS_SAMPLED, .shots_exclude_item = true, .default_shots = 5, .output = CARAT_GENERATE,     \
    .description = "Answer these questions:\n\n", .shot_delimiter = "\n", .example = example,                   \
    .max_tokens = 256, .filters = filters, .n_filters = COUNT(filters)

static const struct carat_task published = {NQ_OPEN, .stops = published_stops, .metrics = published_metrics, .n_metrics = 1};

extern const struct carat_task carat_task_nq_open;
const struct carat_task carat_task_nq_open = {
    NQ_OPEN, .stops = stops, .metrics = metrics, .n_metrics = COUNT(metrics), .published = &published};
