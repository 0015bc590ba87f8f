/* cli.h - the command line: one table of options, one of commands.
 *
 * The option table gives parsing and help; a command names the options it takes. To add
 * an option is one row in options.c and a field here; a command is one row in commands.c and a
 * file cmd_NAME.c.
 */
#ifndef CARAT_CLI_H
#define CARAT_CLI_H

#include "base/base.h"

struct strings { /* borrowed from argv */
    const char **items;
    size_t n;
};

enum opt_switch { SWITCH_UNSET, SWITCH_ON, SWITCH_OFF };

struct options {
    struct strings models;   /* -m */
    struct strings tasks;    /* -t, split at commas */
    struct strings plugins, include_paths;
    struct strings prefill, decode_sizes;
    struct strings args;     /* what is no option */
    int64_t limit, shots, seed, first, retries;
    size_t threads, batch_tokens, memory, max_length, max_tokens, jail_memory, samples, repeat, sample;
    size_t concurrency, per_minute;
    double request_timeout;
    double cpu_seconds, wall_seconds, seconds, temperature, top_p; /* 0: not given */
    const char *precision, *weights, *truncation, *decode;
    const char *data, *db, *mirror, *output, *format, *tokenizer, *chat_template, *color, *title, *fail_if_worse, *junit;
    const char *published, *html, *shard, *log_json, *scoring, *as, *system, *jail_wall;
    const char *suite, *protocol, *bundle, *from_bundle, *copy;
    bool shots_fixed, disagree;
    const char *shape;
    bool rehash;
    enum opt_switch fewshot_as_multiturn;
    bool per_benchmark, tokens, rerun_programs;
    bool fresh, dry_run, json, quiet, force, unsafe_no_jail, dark, help, no_bos, wrong, flips, chat;
    char *const *words;      /* [n_words] all that was given, as it was; borrowed */
    size_t n_words;
    bool *gate_failed;       /* a command sets it to end with status 1 */
};

/* OPT_SWITCH: --name, --name=true|false, --no-name. */
enum opt_kind { OPT_FLAG, OPT_SWITCH, OPT_TEXT, OPT_LIST, OPT_COMMA_LIST, OPT_INT, OPT_SIZE, OPT_BYTES, OPT_REAL };
struct opt {
    const char *name;        /* long, without dashes */
    char letter;             /* or 0 */
    enum opt_kind kind;
    size_t offset;           /* in struct options */
    const char *arg;         /* "N", or "a|b" where just these words are allowed; NULL for a flag */
    const char *help;
};

struct command {
    const char *name;
    const char *summary;     /* one line for the list of commands */
    const char *usage;       /* what comes after the name */
    const char *about;       /* a paragraph or two */
    const char *options;     /* names it takes, separated by spaces */
    const char *examples;    /* two real ones */
    size_t min_args, max_args;
    enum carat_err (*run)(const struct options *o, struct err *err);
};

const struct command *const *cli_commands(void); /* NULL-terminated, in the order of the help */
const struct command *cli_find_command(const char *name);

/* Parses argv behind the command's name. Owns nothing of argv but the lists: options_release(). */
enum carat_err options_parse(const struct command *command, int argc, char **argv, struct options *out,
                             struct err *err);
void options_release(struct options *o);

/* The whole help, and one command's. To stdout. */
void cli_print_help(void);
void cli_print_command_help(const struct command *command);
/* The man page carat.1, made of the same tables. */
enum carat_err cli_man_page(struct buf *out);

/* main() without the process: parses, runs, reports on stderr; returns the exit status. */
int cli_main(int argc, char **argv);

/* Set by SIGINT: once finishes what is begun, twice stops at once. */
bool cli_interrupted(void);

#endif
