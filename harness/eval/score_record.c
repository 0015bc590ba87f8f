/* From a score to what the store keeps of it. */
#include "eval.h"

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
    return CARAT_OK;
}
