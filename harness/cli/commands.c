#include "commands.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "harness/version.h"

static const struct command *const commands[] = { /* in the order of the help */
    &cmd_run,
    &cmd_report,
    &cmd_compare,
    &cmd_show,
    &cmd_list, &cmd_explain, &cmd_prompts,
    &cmd_rescore,
    &cmd_merge,
    &cmd_export,
    &cmd_fetch,
    &cmd_inspect,
    &cmd_demo,
    &cmd_tokenize,
    &cmd_score,
    &cmd_generate,
    &cmd_bench,
    &cmd_verify,
    &cmd_jail,
    &cmd_doctor,
    NULL,
};

const struct command *const *cli_commands(void)
{
    return commands;
}

const struct command *cli_find_command(const char *name)
{
    for (size_t i = 0; commands[i]; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

/* The one thing that outlives a call: what the signal handler sets. */
static volatile sig_atomic_t interrupts;

static void on_interrupt(int signal)
{
    (void)signal;
    if (++interrupts > 1)
        _exit(EXIT_SIGINT);
}

bool cli_interrupted(void)
{
    return interrupts > 0;
}

static enum carat_err unknown_command(const char *word, struct err *err)
{
    const char *names[sizeof commands / sizeof *commands] = {0};
    for (size_t i = 0; commands[i]; i++)
        names[i] = commands[i]->name;
    err_set(err, CARAT_EUSAGE, "carat has no command '%s'", word);
    const char *near = str_nearest(word, names);
    return near ? err_hint(err, "did you mean 'carat %s'?", near) : err_hint(err, "'carat --help' lists them");
}

static enum carat_err run_command(const struct command *command, int argc, char **argv, bool *gate_failed,
                                  struct err *err)
{
    struct options o;
    enum carat_err rc = options_parse(command, argc, argv, &o, err);
    o.gate_failed = gate_failed;
    if (!rc && o.help)
        cli_print_command_help(command);
    else if (!rc)
        rc = command->run(&o, err);
    options_release(&o);
    return rc;
}

static const char *isa_or_why(void)
{
    const char *isa = carat_isa(NULL);
    return isa ? isa : "none (see 'carat doctor')";
}

/* What is no command: help, version, the man page. False when `argv` is a command's. */
static bool answer_about(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "--help";
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || (strcmp(word, "help") == 0 && argc == 2)) {
        cli_print_help();
    } else if (strcmp(word, "--version") == 0) {
        printf("carat %s (%s), %s, kernels: %s\n", version_number(), version_describe(), version_compiler(),
               isa_or_why());
    } else if (strcmp(word, "--man") == 0) { /* how docs/carat.1 is made */
        struct buf page = BUF_INIT(1 << 20);
        if (!cli_man_page(&page))
            fputs(page.p, stdout);
        buf_release(&page);
    } else {
        return false;
    }
    return true;
}

static enum carat_err answer_command(int argc, char **argv, bool *gate_failed, struct err *err)
{
    bool help = strcmp(argv[1], "help") == 0;
    const char *name = argv[1 + help];
    const struct command *command = cli_find_command(name);
    if (!command)
        return unknown_command(name, err);
    if (!help)
        return run_command(command, argc - 2, argv + 2, gate_failed, err);
    cli_print_command_help(command);
    return CARAT_OK;
}

/* Whether stdout is a pipe that nobody reads any more: `carat report | head`. */
static bool stdout_is_cut(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) > 0 && (out.revents & POLLERR);
}

/* As programs end that do not care, without a word. */
static void end_by_pipe(void)
{
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
}

int cli_main(int argc, char **argv)
{
    struct err err = ERR_INIT;
    bool gate_failed = false;
    enum carat_err rc = CARAT_OK;
    struct sigaction on_int = {.sa_handler = on_interrupt};
    sigaction(SIGINT, &on_int, NULL);
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of the write, not the end of the process at once */
    signal(SIGXFSZ, SIG_IGN); /* and so is a file that may not grow */
    if (!answer_about(argc, argv))
        rc = answer_command(argc, argv, &gate_failed, &err);
    if (fflush(stdout) || ferror(stdout)) {
        if ((!rc || rc == CARAT_EIO) && stdout_is_cut())
            end_by_pipe();
        if (!rc)
            rc = err_set(&err, CARAT_EIO, "cannot write to stdout");
    }
    if (rc)
        log_error(&err);
    if (rc)
        return err_exit_status(rc);
    return argc < 2 ? EXIT_USAGE : gate_failed ? EXIT_GATE : EXIT_OK;
}
