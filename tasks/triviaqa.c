/* triviaqa.c - TriviaQA (Joshi et al., 2017), closed book. Reference task `triviaqa`, version 3.
 *
 * A "?" is put behind every question, also where there is one. The text ends at a line's end, a full stop or a comma,
 * so that an answer with one inside ("St. Louis") is only found by an alias without. No article is taken away. As published
 * scores have it, an answer is a line, and articles do not count.
 */
#include "read.h"

static int example(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                   struct carat_example *ex)
{
    struct carat_text question;
    if (!host->text(host->get(row, "question"), &question))
        return host->fail(ctx, "wants the field question (text)");
    ex->references = read_texts(host, ctx, host->get(host->get(row, "answer"), "aliases"), "answer.aliases",
                                &ex->n_references);
    if (!ex->references)
        return -1;
    ex->answer = ex->references[0];
    const struct carat_text parts[] = {CARAT_TEXT("Question: "), question, CARAT_TEXT("?\nAnswer:")};
    ex->question = host->join(ctx, parts, COUNT(parts));
    return 0;
}

static const char *const stops[] = {"\n", ".", ",", NULL};
static const char *const published_stops[] = {"\n", NULL};

static const struct carat_filter_step strip_first[] = {{.kind = CARAT_FILTER_STRIP}, {.kind = CARAT_FILTER_TAKE_FIRST}};
static const struct carat_filter filters[] = {
    {.name = "remove_whitespace", .steps = strip_first, .n_steps = COUNT(strip_first)},
};
static const struct carat_metric metrics[] = {
    {.name = "exact_match", .kind = CARAT_METRIC_EXACT_MATCH, .ignore_case = true, .ignore_punctuation = true},
};

/* Articles, punctuation, case and blanks do not count. */
static const char *const ignored[] = {"(?i)\\b(?:a|an|the)\\b", "\\s+", NULL};
static const struct carat_metric published_metrics[] = {
    {.name = "exact_match", .kind = CARAT_METRIC_EXACT_MATCH, .ignore_case = true, .ignore_punctuation = true,
     .ignore_patterns = ignored},
};

#define TRIVIAQA                                                                                                \
    .abi = CARAT_TASK_ABI, .name = "triviaqa", .version = 3, .title = "TriviaQA",                               \
    .group = "Question Answering", .dataset = "triviaqa", .test_split = "validation",                           \
    .shots_split = "train", .shots = CARAT_SHOTS_SAMPLED, .shots_exclude_item = true, .default_shots = 5,       \
    .output = CARAT_GENERATE, .example = example, .max_tokens = 256, .filters = filters,                        \
    .n_filters = COUNT(filters)

static const struct carat_task published = {TRIVIAQA, .stops = published_stops, .metrics = published_metrics, .n_metrics = 1};

extern const struct carat_task carat_task_triviaqa;
const struct carat_task carat_task_triviaqa = {
    TRIVIAQA, .stops = stops, .metrics = metrics, .n_metrics = COUNT(metrics), .published = &published};
