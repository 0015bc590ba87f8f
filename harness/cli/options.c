#include "cli.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define AT(field) offsetof(struct options, field)

/* Sorted by name. */
static const struct opt table[] = {
    {"as", 0, OPT_TEXT, AT(as), "NAME", "what the new scores are called (rescored)"},
    {"batch-tokens", 0, OPT_SIZE, AT(batch_tokens), "N", "rows in a packed batch (512); no result depends on it"},
    {"bundle", 0, OPT_TEXT, AT(bundle), "FILE", "pack what was fetched into this file (.tar.gz)"},
    {"chat", 0, OPT_FLAG, AT(chat), NULL, "ask in conversations, by each model's chat template"},
    {"chat-template", 0, OPT_TEXT, AT(chat_template), "FILE", "a Jinja template instead of the checkpoint's own"},
    {"color", 0, OPT_TEXT, AT(color), "auto|always|never", "colour in a terminal (auto; NO_COLOR is obeyed)"},
    {"concurrency", 0, OPT_SIZE, AT(concurrency), "N", "requests to a server on their way at once (4)"},
    {"copy", 0, OPT_TEXT, AT(copy), "FILE", "take this file where it is the official one"},
    {"cpu-seconds", 0, OPT_REAL, AT(cpu_seconds), "SECONDS", "CPU time that a program may use (5)"},
    {"dark", 0, OPT_FLAG, AT(dark), NULL, "draw for a dark background"},
    {"data", 0, OPT_TEXT, AT(data), "DIR", "read the benchmarks' files from here, not from the cache"},
    {"db", 0, OPT_TEXT, AT(db), "FILE", "the results database (carat.db)"},
    {"decode", 0, OPT_TEXT, AT(decode), "hf|continuation",
     "generated text as the reference harness decodes it, or as what follows the prompt (hf)"},
    {"disagree", 0, OPT_FLAG, AT(disagree), NULL, "only items whose extractors (strict-match, flexible-extract ...) disagree"},
    {"dry-run", 0, OPT_FLAG, AT(dry_run), NULL, "tell files, sizes and licences, and fetch nothing"},
    {"fail-if-worse", 0, OPT_TEXT, AT(fail_if_worse), "DELTA",
     "status 1 on evidence that B is worse than A by more than DELTA percentage points"},
    {"fewshot-as-multiturn", 0, OPT_SWITCH, AT(fewshot_as_multiturn), NULL,
     "with --chat: each example is two turns (the default); =false: all of it is one message"},
    {"first", 0, OPT_INT, AT(first), "N", "begin with this item (0)"},
    {"flips", 0, OPT_FLAG, AT(flips), NULL, "list the items whose score changed"},
    {"force", 0, OPT_FLAG, AT(force), NULL, "do it nevertheless: fetch what is there, compare what was asked differently"},
    {"format", 0, OPT_TEXT, AT(format), "text|markdown|csv|latex|html|json|lm-eval",
     "how tables are written (text); of an export csv, json or lm-eval"},
    {"fresh", 0, OPT_FLAG, AT(fresh), NULL, "begin a new run, even if the same one is there to go on with"},
    {"from-bundle", 0, OPT_TEXT, AT(from_bundle), "FILE", "unpack the files of a bundle into the cache first"},
    {"help", 'h', OPT_FLAG, AT(help), NULL, "this help"},
    {"jail-memory", 0, OPT_BYTES, AT(jail_memory), "SIZE", "memory that a program may use (512M)"},
    {"jail-wall", 0, OPT_TEXT, AT(jail_wall), "best|bubblewrap|landlock",
     "insist on one kind of jail (best: the first that can be had)"},
    {"html", 0, OPT_TEXT, AT(html), "FILE", "write the page: charts, tables, facts and all items in one file"},
    {"include-path", 0, OPT_LIST, AT(include_paths), "DIR",
     "names of the task files (*.yaml) in and below DIR; may be repeated"},
    {"json", 0, OPT_FLAG, AT(json), NULL, "print JSON"},
    {"junit", 0, OPT_TEXT, AT(junit), "FILE", "write a JUnit file, a test case a benchmark"},
    {"limit", 'l', OPT_INT, AT(limit), "N", "only the first N items of each benchmark (or subject)"},
    {"log-json", 0, OPT_TEXT, AT(log_json), "FILE", "add what happens to this file, a JSON object a line"},
    {"max-length", 0, OPT_SIZE, AT(max_length), "N", "hold sequences to N tokens (the model's own limit)"},
    {"max-tokens", 0, OPT_SIZE, AT(max_tokens), "N", "of each generated answer (each benchmark's own number)"},
    {"memory", 0, OPT_BYTES, AT(memory), "SIZE", "for keys, values and work, beside the weights: 2G, 512M (what is needed, up to half of what is free)"},
    {"mirror", 0, OPT_TEXT, AT(mirror), "URL", "fetch from URL/DATASET/FILE instead of the official places"},
    {"model", 'm', OPT_LIST, AT(models), "[NAME=]MODEL", "a checkpoint's folder, a .gguf file or demo:NAME; may be repeated"},
    {"no-bos", 0, OPT_FLAG, AT(no_bos), NULL, "no beginning-of-sequence token, whatever the tokenizer's default"},
    {"output", 'o', OPT_TEXT, AT(output), "FILE", "write there; .svg, .png and .pdf draw the chart, .html is the page"},
    {"per-benchmark", 0, OPT_FLAG, AT(per_benchmark), NULL, "draw each benchmark, not the capability groups"},
    {"plugin", 0, OPT_LIST, AT(plugins), "FILE.so", "load tasks from a plugin; may be repeated"},
    {"precision", 0, OPT_TEXT, AT(precision), "f32|bf16|int8", "of activations as a product's input (f32)"},
    {"prefill", 0, OPT_COMMA_LIST, AT(prefill), "N,...", "lengths of the prompts that are timed (64,512)"},
    {"protocol", 0, OPT_TEXT, AT(protocol), "reference|published",
     "where the two part: as the reference harness does it, or as was published; 'carat explain' tells where (reference)"},
    {"published", 0, OPT_TEXT, AT(published), "NAME", "published figures beside the measured ones: gemma-2024"},
    {"quiet", 'q', OPT_FLAG, AT(quiet), NULL, "no progress, no notes"},
    {"rehash", 0, OPT_FLAG, AT(rehash), NULL, "hash the checkpoint anew, even if its files are those of last time"},
    {"repeat", 0, OPT_SIZE, AT(repeat), "N", "timings of each thing, of which the median is told (5)"},
    {"request-timeout", 0, OPT_REAL, AT(request_timeout), "SECONDS", "for one answer of a server (600)"},
    {"requests-per-minute", 0, OPT_SIZE, AT(per_minute), "N", "ask a server no faster than that"},
    {"retries", 0, OPT_INT, AT(retries), "N", "ask a server so many times more where it fails (8)"},
    {"sample", 0, OPT_SIZE, AT(sample), "N", "items asked again, spread evenly over the run (16)"},
    {"rerun-programs", 0, OPT_FLAG, AT(rerun_programs), NULL, "run model-written programs again, in the jail"},
    {"samples", 0, OPT_SIZE, AT(samples), "N", "texts drawn for each generated answer; wants --temperature (1)"},
    {"seconds", 0, OPT_REAL, AT(seconds), "SECONDS", "least length of a timing (0.2)"},
    {"scoring", 0, OPT_TEXT, AT(scoring), "NAME", "scores made again by 'carat rescore --as NAME', where there are such"},
    {"seed", 0, OPT_INT, AT(seed), "N", "of the few-shot draws, of sampling, of the bootstrap (1234)"},
    {"shard", 0, OPT_TEXT, AT(shard), "I/N", "only every N-th item of each task, from the I-th on (1/1); 'carat merge' joins them"},
    {"sequences", 0, OPT_COMMA_LIST, AT(decode_sizes), "N,...", "numbers of sequences whose decoding together is timed (1,16)"},
    {"shape", 0, OPT_TEXT, AT(shape), "NAME", "a published shape with random weights in memory: gemma-2b, llama2-7b, ..."},
    {"shots", 'k', OPT_INT, AT(shots), "N", "few-shot examples (each benchmark's own number)"},
    {"shots-fixed", 0, OPT_FLAG, AT(shots_fixed), NULL, "draw the shots once, for all items, not anew for each as the reference does"},
    {"suite", 0, OPT_TEXT, AT(suite), "SUITE", "a list of benchmarks with their shots: gemma-report, core, smoke, or a JSON file"},
    {"system", 0, OPT_TEXT, AT(system), "TEXT", "put this before a benchmark's description; with --chat, the system message"},
    {"task", 't', OPT_COMMA_LIST, AT(tasks), "TASK,...", "benchmarks, subjects or groups: hellaswag, mmlu_stem; or all"},
    {"temperature", 0, OPT_REAL, AT(temperature), "T", "draw generated text at this temperature (greedy)"},
    {"threads", 'j', OPT_SIZE, AT(threads), "N", "threads (one for each CPU); no result depends on it"},
    {"title", 0, OPT_TEXT, AT(title), "TEXT", "the chart's title"},
    {"tokenizer", 0, OPT_TEXT, AT(tokenizer), "PATH", "a tokenizer.model, a tokenizer.json or a folder"},
    {"tokens", 0, OPT_FLAG, AT(tokens), NULL, "the exact token ids with their texts; wants the checkpoint's tokenizer"},
    {"top-p", 0, OPT_REAL, AT(top_p), "P",
     "draw from the likeliest tokens that together have probability P (1: all)"},
    {"truncation", 0, OPT_TEXT, AT(truncation), "refuse|left",
     "a prompt that does not fit: refuse it, or cut it on the left as the reference harness does (refuse)"},
    {"unsafe-no-jail", 0, OPT_FLAG, AT(unsafe_no_jail), NULL,
     "run model-written code without a jail: it can do all that you can"},
    {"wall-seconds", 0, OPT_REAL, AT(wall_seconds), "SECONDS",
     "time after which a program that does nothing is ended (20)"},
    {"weights", 0, OPT_TEXT, AT(weights), "stored|q8_0|q4_0",
     "compute with the weights as they are stored, or quantized at loading (stored)"},
    {"wrong", 0, OPT_FLAG, AT(wrong), NULL, "only items that were not right"},
};
#define N_OPTIONS (sizeof table / sizeof *table)

/* Does the command's list name this option? */
static bool takes(const struct command *c, const struct opt *o)
{
    size_t n = strlen(o->name);
    for (const char *p = c->options; (p = strstr(p, o->name)); p += n)
        if ((p == c->options || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
            return true;
    return strcmp(o->name, "help") == 0;
}

static const struct opt *find_long(const struct command *c, struct str name)
{
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (str_eq(str_from(table[i].name), name) && takes(c, &table[i]))
            return &table[i];
    return NULL;
}

/* The switch that --no-NAME turns off. */
static const struct opt *find_negated(const struct command *c, struct str name)
{
    if (!str_starts(name, STR("no-")))
        return NULL;
    const struct opt *o = find_long(c, (struct str){name.p + 3, name.n - 3});
    return o && o->kind == OPT_SWITCH ? o : NULL;
}

static const struct opt *find_letter(const struct command *c, char letter)
{
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (table[i].letter == letter && takes(c, &table[i]))
            return &table[i];
    return NULL;
}

static enum carat_err unknown_option(const struct command *c, const char *word, struct err *err)
{
    const char *names[N_OPTIONS + 1];
    size_t n = 0;
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (takes(c, &table[i]))
            names[n++] = table[i].name;
    names[n] = NULL;
    err_set(err, CARAT_EUSAGE, "carat %s has no option '%s'", c->name, word);
    const char *near = str_nearest(word + strspn(word, "-"), names);
    return near ? err_hint(err, "did you mean --%s?", near)
                : err_hint(err, "'carat %s --help' lists its options", c->name);
}

static enum carat_err push(struct strings *list, const char *item, struct err *err)
{
    const char **p = realloc(list->items, (list->n + 1) * sizeof *p);
    if (!p)
        return err_nomem(err, "the options");
    list->items = p;
    p[list->n++] = item;
    return CARAT_OK;
}

/* Splits in place: argv's strings are ours to change. */
static enum carat_err push_split(struct strings *list, char *items, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    for (char *p = items; p && !rc;) {
        char *comma = strchr(p, ',');
        if (comma)
            *comma = '\0';
        if (*p)
            rc = push(list, p, err);
        p = comma ? comma + 1 : NULL;
    }
    return rc;
}

/* Is it one of the words in "a|b|c"? */
static bool is_word(const char *value, const char *words)
{
    size_t n = strlen(value);
    for (const char *p = words; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
        if (strncmp(p, value, n) == 0 && (p[n] == '|' || p[n] == '\0'))
            return n > 0;
    return false;
}

/* A list of words allows just these; other argument names allow anything. */
static bool is_allowed(const struct opt *o, const char *value)
{
    return !strchr(o->arg, '|') || is_word(value, o->arg);
}

static enum carat_err set(struct options *out, const struct opt *o, char *value, struct err *err)
{
    void *field = (char *)out + o->offset;
    bool ok = true;
    switch (o->kind) {
    case OPT_FLAG: *(bool *)field = true; break;
    case OPT_SWITCH:
        ok = !value || is_word(value, "true|false");
        *(enum opt_switch *)field = !value || *value == 't' ? SWITCH_ON : SWITCH_OFF;
        break;
    case OPT_TEXT:
        ok = is_allowed(o, value);
        *(const char **)field = value;
        break;
    case OPT_LIST: return push(field, value, err);
    case OPT_COMMA_LIST: return push_split(field, value, err);
    case OPT_INT: ok = num_parse_i64(str_from(value), field) && *(int64_t *)field >= 0; break;
    case OPT_SIZE: ok = num_parse_size(str_from(value), field) && *(size_t *)field > 0; break;
    case OPT_REAL: ok = num_parse_double(str_from(value), field) && *(double *)field > 0; break;
    case OPT_BYTES: ok = num_parse_bytes(str_from(value), field) && *(size_t *)field > 0; break;
    }
    return ok ? CARAT_OK
              : err_set(err, CARAT_EUSAGE, "--%s wants %s, not '%s'", o->name, o->arg ? o->arg : "true or false", value);
}

/* One option at argv[*i]; moves *i to its last word. */
static enum carat_err parse_option(const struct command *c, int argc, char **argv, int *i, struct options *out,
                                   struct err *err)
{
    char *word = argv[*i], *value = NULL;
    const struct opt *o;
    if (word[1] == '-') {
        char *equals = strchr(word, '=');
        struct str name = {word + 2, equals ? (size_t)(equals - word - 2) : strlen(word + 2)};
        value = equals ? equals + 1 : NULL;
        o = find_long(c, name);
        if (!o && !value && (o = find_negated(c, name)))
            value = "false";
    } else {
        o = find_letter(c, word[1]);
        value = word[2] ? word + 2 : NULL;
    }
    if (!o)
        return unknown_option(c, word, err);
    if (o->kind == OPT_SWITCH)
        return set(out, o, value, err);
    if (o->kind == OPT_FLAG)
        return value ? err_set(err, CARAT_EUSAGE, "--%s takes no value", o->name) : set(out, o, NULL, err);
    if (!value && *i + 1 < argc)
        value = argv[++*i];
    return value ? set(out, o, value, err) : err_set(err, CARAT_EUSAGE, "--%s wants %s", o->name, o->arg);
}

enum carat_err options_parse(const struct command *c, int argc, char **argv, struct options *out, struct err *err)
{
    *out = (struct options){
        .limit = -1, .shots = -1, .retries = -1, .seed = 1234, .words = argv, .n_words = (size_t)argc};
    enum carat_err rc = CARAT_OK;
    bool only_args = false;
    for (int i = 0; i < argc && !rc; i++) {
        if (!only_args && strcmp(argv[i], "--") == 0)
            only_args = true;
        else if (!only_args && argv[i][0] == '-' && argv[i][1])
            rc = parse_option(c, argc, argv, &i, out, err);
        else
            rc = push(&out->args, argv[i], err);
    }
    if (!rc && !out->help && (out->args.n < c->min_args || out->args.n > c->max_args)) {
        rc = err_set(err, CARAT_EUSAGE, "usage: carat %s %s", c->name, c->usage);
        err_hint(err, "'carat %s --help' explains and shows examples", c->name);
    }
    return rc;
}

void options_release(struct options *o)
{
    free(o->models.items);
    free(o->tasks.items);
    free(o->plugins.items);
    free(o->include_paths.items);
    free(o->prefill.items);
    free(o->decode_sizes.items);
    free(o->args.items);
}

/* ---- help -------------------------------------------------------------------------------- */

static void describe_option(const struct opt *o, struct buf *out)
{
    buf_clear(out);
    if (o->letter)
        buf_printf(out, "-%c, ", o->letter);
    else
        buf_adds(out, "    ");
    buf_printf(out, "--%s", o->name);
    if (o->arg)
        buf_printf(out, " %s", o->arg);
}

void cli_print_command_help(const struct command *c)
{
    struct buf left = BUF_INIT(1 << 12);
    printf("usage: carat %s %s\n\n%s\n\n", c->name, c->usage, c->about);
    for (size_t i = 0; i < N_OPTIONS; i++) {
        if (!takes(c, &table[i]))
            continue;
        describe_option(&table[i], &left);
        if (left.n > 28)
            printf("  %s\n  %-28s %s\n", left.p, "", table[i].help);
        else
            printf("  %-28s %s\n", left.p ? left.p : "", table[i].help);
    }
    printf("\nexamples:\n%s\n", c->examples);
    buf_release(&left);
}

void cli_print_help(void)
{
    printf("carat evaluates language models: a checkpoint in, the capability chart out.\n\n"
           "usage: carat COMMAND [OPTION]...\n\n");
    for (const struct command *const *c = cli_commands(); *c; c++)
        printf("  %-10s %s\n", (*c)->name, (*c)->summary);
    printf("\n'carat COMMAND --help' explains a command; 'carat --version' names this build.\n"
           "Exit status: 0 done, 1 a gate failed, 2 usage, 3 bad input, 4 failed on the way (resumable).\n");
}

/* roff: a backslash, and a dot or quote at a line's start, mean something. */
static void add_roff(struct buf *out, const char *text)
{
    for (const char *p = text; *p; p++) {
        if ((p == text || p[-1] == '\n') && (*p == '.' || *p == '\''))
            buf_adds(out, "\\&");
        if (*p == '\\')
            buf_adds(out, "\\e");
        else if (*p == '-')
            buf_adds(out, "\\-");
        else
            buf_addc(out, *p);
    }
}

enum carat_err cli_man_page(struct buf *out)
{
    struct buf left = BUF_INIT(1 << 12);
    buf_adds(out, ".TH CARAT 1\n.SH NAME\ncarat \\- evaluate language models\n.SH SYNOPSIS\n.B carat\n"
                  ".I COMMAND\n[\\fIOPTION\\fR]...\n.SH DESCRIPTION\n"
                  "carat loads a checkpoint with its own inference engine, runs academic benchmarks over it, keeps every "
                  "item's answer in an SQLite database, and draws the comparison of several checkpoints.\n"
                  ".SH COMMANDS\n");
    for (const struct command *const *c = cli_commands(); *c; c++) {
        buf_printf(out, ".SS carat %s ", (*c)->name);
        add_roff(out, (*c)->usage);
        buf_addc(out, '\n');
        add_roff(out, (*c)->about);
        buf_adds(out, "\n");
        for (size_t i = 0; i < N_OPTIONS; i++) {
            if (!takes(*c, &table[i]))
                continue;
            describe_option(&table[i], &left);
            buf_adds(out, ".TP\n.B ");
            add_roff(out, left.p + strspn(left.p, " "));
            buf_addc(out, '\n');
            add_roff(out, table[i].help);
            buf_addc(out, '\n');
        }
        buf_adds(out, ".PP\nExamples:\n.PP\n.nf\n");
        add_roff(out, (*c)->examples);
        buf_adds(out, "\n.fi\n");
    }
    buf_adds(out, ".SH EXIT STATUS\n.TP\n0\ndone\n.TP\n1\na gate or comparison failed\n.TP\n2\nwrong usage\n.TP\n3\nbad "
                  "input\n.TP\n4\nfailed on the way; the same command goes on from there\n.TP\n130\ninterrupted; likewise\n"
                  ".SH ENVIRONMENT\n.TP\nCARAT_ISA\nforces the kernels: portable, avx2, avx512, neon\n.TP\nCARAT_MIRROR\nas "
                  "\\-\\-mirror\n.TP\nCARAT_PLUGIN_PATH\nfolders, separated by colons, whose .so files are loaded as task "
                  "plugins\n.TP\nXDG_CACHE_HOME\nwhere fetched data is kept, in carat/\n.TP\nNO_COLOR\nno colour\n");
    buf_release(&left);
    return buf_failed(out) ? CARAT_ENOMEM : CARAT_OK;
}
