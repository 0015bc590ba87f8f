/* Scores as JSON; the keys are kept as they are (docs/results.md). */
#include <math.h>

#include "summary_rows.h"

static json_t *clusters_json(const struct score_clusters *c)
{
    return c->by.n ? json_pack("{s:o, s:I, s:I, s:o, s:b}", "by", json_text(c->by), "n", (json_int_t)c->n, "alone",
                               (json_int_t)c->n_alone, "stderr", json_real_or_null(c->se), "used", c->widens)
                   : json_null();
}

json_t *summary_score_json(const struct score *s)
{
    json_t *outcomes = json_object();
    for (int k = 0; k < 6; k++)
        json_object_set_new(outcomes, carat_outcome_name((enum carat_outcome)k), json_integer(s->outcomes[k]));
    return json_pack("{s:o, s:o, s:o, s:o, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "task",
                     json_text(s->name), "title", json_text(s->title), "capability", json_text(s->capability), "metric",
                     json_text(s->metric), "shots", s->shots, "version", s->version, "n_leaves",
                     (json_int_t)s->n_leaves, "n_items", (json_int_t)s->n_items, "n_planned",
                     (json_int_t)s->n_planned, "n_rows", (json_int_t)s->n_rows, "n_truncated", (json_int_t)s->n_truncated, "value", json_real_or_null(s->mean.mean),
                     "stderr", json_real_or_null(s->mean.stderr_mean), "low", json_real_or_null(s->mean.low), "high",
                     json_real_or_null(s->mean.high), "over_subsets",
                     isfinite(s->over_leaves) ? json_pack("{s:f, s:o}", "value", s->over_leaves, "stderr", json_real_or_null(s->over_leaves_se))
                                              : json_null(),
                     "clusters", clusters_json(&s->clusters), "chance", json_real_or_null(s->chance), "outcomes", outcomes);
}

static json_t *groups_json(const struct summary *s)
{
    struct arena arena = ARENA_INIT;
    struct rows rows;
    struct group *groups;
    size_t n_groups;
    json_t *list = json_array();
    if (!rows_collect(s, &arena, &rows, NULL) && !rows_group(&rows, &arena, &groups, &n_groups, NULL)) {
        for (size_t g = 0; g < n_groups; g++) {
            json_t *values = json_array();
            for (size_t r = 0; r < s->n_runs; r++) {
                struct carat_cell c = group_cell(&rows, &groups[g], r);
                json_array_append_new(values, json_pack("{s:I, s:o, s:o, s:o}", "run", (json_int_t)s->runs[r].id,
                                                        "value", json_real_or_null(c.value / 100), "low",
                                                        json_real_or_null(c.low / 100), "high", json_real_or_null(c.high / 100)));
            }
            json_array_append_new(list, json_pack("{s:o, s:o}", "group", json_text(groups[g].name), "values", values));
        }
    }
    arena_release(&arena);
    return list;
}

json_t *summary_json(const struct summary *s)
{
    json_t *runs = json_array();
    for (size_t r = 0; r < s->n_runs; r++) {
        json_t *scores = json_array();
        for (size_t i = 0; i < s->runs[r].n_scores; i++)
            json_array_append_new(scores, summary_score_json(&s->runs[r].scores[i]));
        json_array_append_new(runs, json_pack("{s:I, s:o, s:b, s:o}", "run", (json_int_t)s->runs[r].id, "model",
                                              json_text(s->runs[r].name), "published", r >= s->n_measured, "scores",
                                              scores));
    }
    json_t *json = json_pack("{s:o, s:o}", "runs", runs, "groups", groups_json(s));
    if (json && s->source)
        json_object_set_new(json, "published_source", json_string(s->source));
    return json;
}
