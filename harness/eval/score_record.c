/* From a score to what the store keeps of it. */
#include "eval.h"

/* Equal texts have equal numbers, and others, but for one in 2^64 pairs, other ones. */
static int64_t digest_of(struct carat_text s)
{
    char hex[SHA256_HEX];
    uint64_t digest = 0;
    sha256_hex(s.p, s.n, hex);
    for (size_t i = 0; i < 16; i++)
        digest = digest << 4 | (uint64_t)(hex[i] <= '9' ? hex[i] - '0' : hex[i] - 'a' + 10);
    int64_t out;
    memcpy(&out, &digest, sizeof out);
    return out;
}

static enum carat_outcome outcome_of(enum proto_outcome o)
{
    static const enum carat_outcome map[] = {[PROTO_RIGHT] = CARAT_RIGHT,
                                             [PROTO_WRONG] = CARAT_WRONG,
                                             [PROTO_UNPARSED] = CARAT_UNPARSED,
                                             [PROTO_CUT_OFF] = CARAT_CUT_OFF,
                                             [PROTO_EMPTY] = CARAT_EMPTY};
    return map[o];
}

enum carat_err score_record(const struct proto_plan *plan, const struct proto_item *item, struct arena *arena,
                            struct carat_item_record *record, struct err *err)
{
    struct proto_score score;
    enum carat_err rc = proto_score(plan, item, arena, &score, err);
    if (rc)
        return rc;
    struct carat_answer_record *answers = arena_calloc(arena, score.n_answers + 1, sizeof *answers);
    struct carat_metric_record *metrics = arena_calloc(arena, score.n_values + 1, sizeof *metrics);
    if (!answers || !metrics)
        return err_nomem(err, "an item's score");
    for (size_t i = 0; i < score.n_answers; i++)
        answers[i] = (struct carat_answer_record){.sample = (int)score.answers[i].sample,
                                                  .filter = score.answers[i].filter,
                                                  .answer = score.answers[i].answer,
                                                  .score = score.answers[i].score};
    for (size_t i = 0; i < score.n_values; i++)
        metrics[i] = (struct carat_metric_record){.name = score.values[i].name, .value = score.values[i].value};
    record->answers = answers;
    record->n_answers = score.n_answers;
    record->metrics = metrics;
    record->n_metrics = score.n_values;
    record->outcome = outcome_of(score.outcome);
    record->cluster_of = STR("");
    if (item->example.cluster.n && item->example.cluster_of) {
        record->cluster_of = str_from(item->example.cluster_of);
        record->cluster = digest_of(item->example.cluster);
    }
    return CARAT_OK;
}
