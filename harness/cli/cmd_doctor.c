/* carat doctor: what this machine can do. */
#include <sys/statvfs.h>
#include <unistd.h>

#include "commands.h"
#include "harness/sandbox/jail.h"
#include "harness/sandbox/needs.h"
#include "harness/version.h"
#include "run_common.h"

struct check {
    const char *name;
    bool ok;
    bool optional; /* what carat can do without */
    struct buf text;
    struct buf hint;
};

static void check_isa(struct check *c)
{
    struct err err = ERR_INIT;
    const char *isa = carat_isa(&err);
    c->name = "kernels";
    c->ok = isa != NULL;
    buf_adds(&c->text, isa ? isa : err.msg);
    buf_adds(&c->hint, err.hint);
}

static void check_cpus(struct check *c)
{
    c->name = "CPUs";
    c->ok = true;
    buf_printf(&c->text, "%zu", machine_cpus());
}

static void check_memory(struct check *c)
{
    size_t bytes = machine_memory_bytes();
    c->name = "memory";
    c->ok = bytes > 0;
    if (c->ok)
        buf_printf(&c->text, "%.1f GiB", (double)bytes / (1 << 30));
    else
        buf_adds(&c->text, "unknown");
}

static void check_jail(struct check *c)
{
    struct err err = ERR_INIT;
    struct jail *jail = NULL;
    c->name = "jail";
    c->ok = jail_open(&(struct jail_opts){0}, &jail, &err) == CARAT_OK;
    buf_adds(&c->text, c->ok ? jail_describe(jail) : err.msg);
    buf_adds(&c->hint, err.hint);
    jail_free(jail);
}

static void check_cache(struct check *c)
{
    char *dir = file_cache_dir();
    struct err err = ERR_INIT;
    struct statvfs fs;
    c->name = "cache";
    c->ok = dir && !file_mkdirs(dir, &err) && access(dir, W_OK) == 0 && statvfs(dir, &fs) == 0;
    if (c->ok)
        buf_printf(&c->text, "%s, %.1f GiB free", dir, (double)fs.f_bavail * (double)fs.f_frsize / (1 << 30));
    else
        buf_printf(&c->text, "%s", dir ? (err.msg[0] ? err.msg : "the folder cannot be written") : "neither XDG_CACHE_HOME nor HOME is set");
    if (!c->ok)
        buf_adds(&c->hint, "set XDG_CACHE_HOME to a folder that can be written, or give --data DIR");
    free(dir);
}

static void check_demo(struct check *c)
{
    char *dir = NULL;
    struct err err = ERR_INIT;
    c->name = "demo data";
    c->ok = demo_dir(&dir, &err) == CARAT_OK;
    buf_adds(&c->text, c->ok ? dir : err.msg);
    buf_adds(&c->hint, err.hint);
    free(dir);
}

static void tell(const struct check *c, json_t *list)
{
    if (list)
        json_array_append_new(list, json_pack("{s:s, s:b, s:b, s:o, s:o}", "check", c->name, "ok", c->ok, "optional", c->optional,
                                              "text", json_text(buf_str(&c->text)), "hint", json_text(buf_str(&c->hint))));
    else
        printf("  %-4s %-10s %s\n%s%s%s", c->ok ? "ok" : c->optional ? "no" : "BAD", c->name, buf_str(&c->text).p,
               c->hint.n ? "                  " : "", buf_str(&c->hint).p, c->hint.n ? "\n" : "");
}

/* What the jail is made of: with some of it missing there may still be one. */
static void tell_needs(json_t *list)
{
    struct jail_need needs[JAIL_NEEDS];
    jail_needs(needs);
    for (size_t i = 0; i < JAIL_NEEDS; i++)
        tell(&(struct check){.name = needs[i].name, .ok = needs[i].ok, .optional = true, .text = needs[i].text, .hint = needs[i].hint}, list);
    jail_needs_release(needs);
}

static enum carat_err run(const struct options *o, struct err *err)
{
    static void (*const checks[])(struct check *) = {check_isa,  check_cpus,  check_memory,
                                                     check_jail, check_cache, check_demo};
    size_t n_bad = 0;
    json_t *list = o->json ? json_array() : NULL;
    if (!o->json)
        printf("carat %s (%s), %s\n", version_number(), version_describe(), version_compiler());
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        struct check c = {.text = BUF_INIT(1 << 16), .hint = BUF_INIT(1 << 16)};
        checks[i](&c);
        n_bad += !c.ok;
        tell(&c, list);
        if (checks[i] == check_jail)
            tell_needs(list);
        buf_release(&c.text);
        buf_release(&c.hint);
    }
    struct buf out = BUF_INIT(1 << 20);
    if (o->json && !json_write(list, &out))
        printf("%s\n", out.p);
    buf_release(&out);
    json_decref(list);
    return n_bad ? err_set(err, CARAT_EUNSUPPORTED, "%zu of what carat needs is not in order", n_bad) : CARAT_OK;
}

const struct command cmd_doctor = {
    .name = "doctor",
    .summary = "what this machine can do",
    .usage = "",
    .about = "Checks what carat needs here: the kernels for this CPU, memory, the jail for model-written code and what it "
             "is made of, the cache, the bundled data; and says what to do about what is missing.",
    .options = "json",
    .examples = "  carat doctor\n"
                "  carat doctor --json",
    .run = run,
};
