/* commands.h - the commands, one file each, and what they share. */
#ifndef CARAT_COMMANDS_H
#define CARAT_COMMANDS_H

#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "harness/backend/backend.h"

extern const struct command cmd_bench, cmd_compare, cmd_demo, cmd_doctor, cmd_explain, cmd_export, cmd_fetch, cmd_generate, cmd_inspect,
    cmd_jail, cmd_list, cmd_merge, cmd_prompts, cmd_report, cmd_rescore, cmd_run, cmd_score, cmd_show, cmd_tokenize, cmd_verify;

/* "[NAME=]MODEL": where the checkpoint is and how to call it. demo:NAME is looked up among the bundled ones.
 * Both are fresh memory; name may be NULL when the caller does not care. */
enum carat_err model_path(const char *word, char **name, char **path, struct err *err);

/* The bundled data and checkpoints: $CARAT_DATADIR, demo/ beside the program's build folder, or where `make
 * install` put them. Fresh memory. */
enum carat_err demo_dir(char **out, struct err *err);

/* The options every computing command takes, as the backend wants them. */
#define SERVER_OPTIONS "concurrency requests-per-minute retries request-timeout "
#define COMPUTE_OPTIONS "threads batch-tokens memory precision weights max-length truncation decode no-bos"
enum carat_err backend_options(const struct options *o, struct backend_opts *out, struct err *err);

/* The one model that score and generate want, opened. */
enum carat_err open_one_backend(const struct options *o, struct backend **out, struct err *err);

/* Is colour wanted on this stream? */
bool want_color(const struct options *o, FILE *stream);

#endif
