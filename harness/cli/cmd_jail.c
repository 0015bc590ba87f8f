/* carat jail: one program in the jail that the code tasks use, for people to try. */
#include "commands.h"
#include "harness/eval/compare.h"
#include "harness/sandbox/jail.h"

enum { PROGRAM_MAX = 64 << 20, SECONDS_MAX = 86400 };

/* "prog.py", or "python3 prog.py": the interpreter may be named as one would outside. */
static enum carat_err take_words(const struct strings *words, const char **python, const char **program, struct err *err)
{
    *python = NULL;
    *program = words->items[words->n - 1];
    if (words->n == 1)
        return CARAT_OK;
    const char *slash = strrchr(words->items[0], '/');
    if (!str_starts(str_from(slash ? slash + 1 : words->items[0]), STR("python"))) {
        err_set(err, CARAT_EUSAGE, "'%s' is no Python interpreter, and a program in the jail gets no arguments", words->items[0]);
        return err_hint(err, "carat jail -- python3 PROGRAM.py");
    }
    *python = words->items[0];
    return CARAT_OK;
}

static enum carat_err read_stdin(struct buf *out, struct err *err)
{
    char piece[65536];
    for (size_t n; (n = fread(piece, 1, sizeof piece, stdin)) > 0;)
        if (buf_add(out, piece, n))
            return err_set(err, CARAT_EINPUT, "the program on stdin is longer than %d bytes", PROGRAM_MAX);
    return ferror(stdin) ? err_set(err, CARAT_EIO, "cannot read the program from stdin") : CARAT_OK;
}

static enum carat_err read_program(const char *path, struct buf *out, struct err *err)
{
    return strcmp(path, "-") == 0 ? read_stdin(out, err) : file_read(path, PROGRAM_MAX, out, err);
}

/* What it printed, line by line and made harmless to a terminal; then the verdict. */
static enum carat_err add_text(const struct jail_verdict *v, struct buf *out)
{
    struct str rest = buf_str(&v->output);
    while (rest.n) {
        ptrdiff_t end = str_find(rest, STR("\n"), 0);
        size_t n = end < 0 ? rest.n : (size_t)end;
        compare_add_plain(out, (struct str){rest.p, n});
        buf_addc(out, '\n');
        size_t used = end < 0 ? n : n + 1;
        rest = (struct str){rest.p + used, rest.n - used};
    }
    if (v->output_cut)
        buf_adds(out, "[output cut here]\n");
    buf_printf(out, "verdict: %s", jail_kind_name(v->kind));
    if (v->detail.n)
        buf_printf(out, ": %s", v->detail.p);
    if (v->equals_anything)
        buf_adds(out, ", but its results are equal to anything");
    buf_printf(out, " (%.0f ms CPU, %.0f ms wall)\n", v->cpu_ms, v->wall_ms);
    return buf_failed(out) ? CARAT_ENOMEM : CARAT_OK;
}

static enum carat_err print_verdict(const struct jail_verdict *v, bool json, struct err *err)
{
    struct buf out = BUF_INIT(BUF_MAX_DEFAULT);
    enum carat_err rc = json ? jail_verdict_json(v, &out) : add_text(v, &out);
    if (!rc && json)
        rc = buf_addc(&out, '\n');
    if (rc)
        rc = err_nomem(err, "the verdict");
    else
        fwrite(out.p, 1, out.n, stdout);
    buf_release(&out);
    return rc;
}

static enum carat_err run(const struct options *o, struct err *err)
{
    struct jail_opts opts = {.cpu_s = o->cpu_seconds,
                             .wall_s = o->wall_seconds,
                             .memory_bytes = o->jail_memory,
                             .wall = jail_wall_from(o->jail_wall),
                             .unsafe_no_jail = o->unsafe_no_jail};
    const char *program;
    struct buf source = BUF_INIT(PROGRAM_MAX);
    struct jail *jail = NULL;
    struct jail_verdict v = {.detail = BUF_INIT(1), .output = BUF_INIT(1)};
    if (o->cpu_seconds > SECONDS_MAX || o->wall_seconds > SECONDS_MAX)
        return err_set(err, CARAT_EUSAGE, "--cpu-seconds and --wall-seconds want at most %d", SECONDS_MAX);
    enum carat_err rc = take_words(&o->args, &opts.python, &program, err);
    if (!rc)
        rc = read_program(program, &source, err);
    if (!rc)
        rc = jail_open(&opts, &jail, err);
    if (!rc && o->unsafe_no_jail)
        log_warn("the program runs WITHOUT A JAIL and can do all that you can (--unsafe-no-jail)");
    if (!rc)
        rc = jail_run(jail, buf_str(&source), &v, err);
    if (!rc)
        rc = print_verdict(&v, o->json, err);
    if (!rc && v.kind != JAIL_PASSED)
        *o->gate_failed = true;
    jail_verdict_release(&v);
    jail_free(jail);
    buf_release(&source);
    return rc;
}

const struct command cmd_jail = {
    .name = "jail",
    .summary = "run one program in the jail of the code tasks",
    .usage = "[--] [python3] PROGRAM.py|-",
    .about = "Runs a Python program (- is stdin) in the jail in which model-written programs are run, and prints its output "
             "and the verdict: passed, failed, timeout, memory, output, policy or crashed. It gets no arguments, no input, "
             "no network, and sees no files but the interpreter's and its own /tmp; docs/jail.md tells it all. Status 0 "
             "when it passed, 1 when not, 3 when there is no such file or no jail can be made.",
    .options = "json cpu-seconds wall-seconds jail-memory jail-wall unsafe-no-jail",
    .examples = "  carat jail -- python3 solution.py\n"
                "  echo 'import socket; socket.socket()' | carat jail --json -",
    .min_args = 1,
    .max_args = 2,
    .run = run,
};
