#include "schema.h"

/* Version 1. Bytes that come from data sets or models are BLOBs, carat's own words TEXT. A BLOB with a
 * *_size beside it is deflated (zlib) where its length differs from that size: the convention of
 * SQLite's sqlar, so the sqlite3 shell reads it by sqlar_uncompress(data, size).
 *
 * `choice`, `sample`, `answer` and `value` are clustered by item (WITHOUT ROWID), so an item's rows lie
 * together. Token ids and log-probabilities of all choices of an item are one row of `tokens`: a row a
 * choice would cost a third more. logprob is ANY: a REAL column turns -0.0 into 0. Eight bytes of a text's
 * hash are enough to find it by; the rest is compared. */
static const char create_1[] =
    "CREATE TABLE run ("
    " id INTEGER PRIMARY KEY,"
    " key TEXT NOT NULL,"
    " model_name TEXT NOT NULL,"
    " model_path TEXT NOT NULL,"
    " weights_sha256 TEXT NOT NULL,"
    " tokenizer_sha256 TEXT NOT NULL,"
    " settings TEXT NOT NULL,"
    " numerics_version INTEGER NOT NULL,"
    " carat_version TEXT NOT NULL,"
    " compiler TEXT NOT NULL,"
    " isa TEXT NOT NULL,"
    " cpu TEXT NOT NULL,"
    " started TEXT NOT NULL"
    ") STRICT;"
    "CREATE INDEX run_by_key ON run (key);"
    "CREATE TABLE task ("
    " id INTEGER PRIMARY KEY,"
    " run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,"
    " name TEXT NOT NULL,"
    " parent TEXT NOT NULL,"
    " subgroup TEXT NOT NULL,"
    " title TEXT NOT NULL,"
    " capability TEXT NOT NULL,"
    " version INTEGER NOT NULL,"
    " shots INTEGER NOT NULL,"
    " data_path TEXT NOT NULL,"
    " data_sha256 TEXT NOT NULL,"
    " shots_sha256 TEXT NOT NULL,"
    " settings TEXT NOT NULL,"
    " headline TEXT NOT NULL,"
    " n_rows INTEGER NOT NULL,"
    " n_planned INTEGER NOT NULL,"
    " chance REAL,"
    " started TEXT NOT NULL,"
    " finished TEXT,"
    " wall_s REAL NOT NULL DEFAULT 0,"
    " tokens_asked INTEGER NOT NULL DEFAULT 0,"
    " tokens_computed INTEGER NOT NULL DEFAULT 0,"
    " UNIQUE (run, name, version, shots, data_sha256, shots_sha256, settings)"
    ") STRICT;"
    "CREATE TABLE metric ("
    " id INTEGER PRIMARY KEY,"
    " task INTEGER NOT NULL REFERENCES task (id) ON DELETE CASCADE,"
    " name TEXT NOT NULL,"
    " UNIQUE (task, name)"
    ") STRICT;"
    "CREATE TABLE text ("
    " id INTEGER PRIMARY KEY,"
    " sha256 BLOB NOT NULL,"
    " size INTEGER NOT NULL,"
    " data BLOB NOT NULL"
    ") STRICT;"
    "CREATE INDEX text_by_hash ON text (substr(sha256, 1, 8));"
    "CREATE TABLE outcome (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;"
    "INSERT INTO outcome VALUES (0, 'right'), (1, 'wrong'), (2, 'unparsed'), (3, 'cut off'), (4, 'empty'),"
    " (5, 'refused');"
    "CREATE TABLE item ("
    " id INTEGER PRIMARY KEY,"
    " task INTEGER NOT NULL REFERENCES task (id) ON DELETE CASCADE,"
    " idx INTEGER NOT NULL,"
    " label TEXT NOT NULL,"
    " row_sha256 BLOB NOT NULL,"
    " prefix INTEGER REFERENCES text (id),"
    " asked INTEGER NOT NULL REFERENCES text (id),"
    " gold INTEGER NOT NULL,"
    " outcome INTEGER NOT NULL REFERENCES outcome (id),"
    " context_tokens INTEGER NOT NULL,"
    " wall_ms REAL,"
    " message TEXT NOT NULL,"
    " UNIQUE (task, idx)"
    ") STRICT;"
    "CREATE TABLE tokens ("
    " item INTEGER PRIMARY KEY REFERENCES item (id) ON DELETE CASCADE,"
    " ids BLOB,"
    " ids_size INTEGER NOT NULL,"
    " logprobs BLOB,"
    " logprobs_size INTEGER NOT NULL"
    ") STRICT;"
    "CREATE TABLE choice ("
    " item INTEGER NOT NULL REFERENCES item (id) ON DELETE CASCADE,"
    " n INTEGER NOT NULL,"
    " logprob ANY,"
    " greedy INTEGER NOT NULL,"
    " n_ids INTEGER NOT NULL,"
    " PRIMARY KEY (item, n)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE sample ("
    " item INTEGER NOT NULL REFERENCES item (id) ON DELETE CASCADE,"
    " n INTEGER NOT NULL,"
    " text BLOB NOT NULL,"
    " text_size INTEGER NOT NULL,"
    " ids BLOB NOT NULL,"
    " ids_size INTEGER NOT NULL,"
    " finish TEXT NOT NULL,"
    " verdict BLOB NOT NULL,"
    " verdict_size INTEGER NOT NULL,"
    " PRIMARY KEY (item, n)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE answer ("
    " item INTEGER NOT NULL REFERENCES item (id) ON DELETE CASCADE,"
    " n INTEGER NOT NULL,"
    " sample INTEGER NOT NULL,"
    " filter TEXT NOT NULL,"
    " answer BLOB NOT NULL,"
    " answer_size INTEGER NOT NULL,"
    " score REAL,"
    " PRIMARY KEY (item, n)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE value ("
    " item INTEGER NOT NULL REFERENCES item (id) ON DELETE CASCADE,"
    " metric INTEGER NOT NULL REFERENCES metric (id) ON DELETE CASCADE,"
    " value REAL,"
    " PRIMARY KEY (item, metric)"
    ") STRICT, WITHOUT ROWID;";

/* Version 2: what was cut off an item's context; scores made again of stored answers (a task that `scores_of`
 * another, whose items point to those that hold the answers); texts deflated with a dictionary, the first texts of
 * their task, another row of `text`; log-probabilities as coded float32 (logprobs_form 1). */
static const char create_2[] =
    "ALTER TABLE task ADD COLUMN scoring TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE task ADD COLUMN scores_of INTEGER REFERENCES task (id) ON DELETE CASCADE;"
    "ALTER TABLE task ADD COLUMN dict INTEGER REFERENCES text (id);"
    "ALTER TABLE text ADD COLUMN dict INTEGER REFERENCES text (id);"
    "ALTER TABLE item ADD COLUMN truncated_tokens INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE item ADD COLUMN answers_of INTEGER REFERENCES item (id) ON DELETE CASCADE;"
    "ALTER TABLE tokens ADD COLUMN logprobs_form INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX item_by_answers ON item (answers_of) WHERE answers_of IS NOT NULL;";

/* Version 3: which items share something (a passage), so that their scores are not independent; what it is. By how much
 * each generated token was ahead of the next best. */
static const char create_3[] =
    "ALTER TABLE task ADD COLUMN clusters TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE item ADD COLUMN cluster INTEGER;"
    "ALTER TABLE sample ADD COLUMN margins BLOB;"
    "ALTER TABLE sample ADD COLUMN margins_size INTEGER NOT NULL DEFAULT 0;";

const char *const schema_steps[SCHEMA_VERSION] = {
    [0] = create_1,
    [1] = create_2,
    [2] = create_3,
};

const char *const schema_tables[] = {"run",    "task",   "metric", "text",   "outcome", "item",
                                     "tokens", "choice", "sample", "answer", "value",   NULL};
