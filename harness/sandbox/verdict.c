/* verdict.c - what a verdict is called, how it is written, and how the last words of a program are read.
 *
 * The words come from a process that a hostile program may have taken over: they can say how it failed and nothing else, and
 * whatever is in them must not move a reader's cursor, turn the direction of the text or fill a report.
 */
#include "verdict.h"

#include <inttypes.h>

#include "filter.h"
#include "runner.h"

enum { MESSAGE_MAX = 1000 };

static const char *const kind_names[] = {
    [JAIL_PASSED] = "passed", [JAIL_FAILED] = "failed", [JAIL_TIMEOUT] = "timeout", [JAIL_MEMORY] = "memory",
    [JAIL_OUTPUT] = "output", [JAIL_POLICY] = "policy", [JAIL_CRASHED] = "crashed",
};

const char *jail_kind_name(enum jail_kind kind)
{
    return (size_t)kind < sizeof kind_names / sizeof *kind_names ? kind_names[kind] : "unknown";
}

void jail_verdict_release(struct jail_verdict *v)
{
    buf_release(&v->detail);
    buf_release(&v->output);
}

enum carat_err jail_verdict_json(const struct jail_verdict *v, struct buf *out)
{
    json_t *o = json_object();
    enum carat_err rc = CARAT_ENOMEM;
    if (o && json_object_set_new(o, "verdict", json_string(jail_kind_name(v->kind))) == 0 &&
        json_object_set_new(o, "detail", json_text(buf_str(&v->detail))) == 0 &&
        json_object_set_new(o, "output", json_text(buf_str(&v->output))) == 0 &&
        json_object_set_new(o, "output_cut", json_boolean(v->output_cut)) == 0 &&
        json_object_set_new(o, "wall_ms", json_real(v->wall_ms)) == 0 &&
        json_object_set_new(o, "cpu_ms", json_real(v->cpu_ms)) == 0 &&
        (!v->equals_anything || json_object_set_new(o, "remark", json_string(VERDICT_REMARK)) == 0))
        rc = json_write(o, out);
    json_decref(o);
    return rc;
}

void verdict_clean(struct str text, struct buf *out)
{
    size_t at = 0, end = out->n + MESSAGE_MAX;
    while (at < text.n && out->n < end) {
        size_t from = at;
        int32_t cp = utf8_next(text, &at);
        if (cp == '\n' || cp == '\t')
            buf_addc(out, ' ');
        else if (cp < 0)
            buf_adds(out, "\xef\xbf\xbd");
        else if (cp < 32 || (cp >= 0x7f && cp < 0xa0) || (cp >= 0x200b && cp <= 0x200f) || (cp >= 0x2028 && cp <= 0x202e) ||
                 (cp >= 0x2066 && cp <= 0x2069))
            buf_printf(out, "\\u%04" PRIx32, (uint32_t)cp); /* controls, and what turns the writing direction */
        else
            buf_add(out, text.p + from, at - from);
    }
    if (at < text.n)
        buf_adds(out, " ...");
}

/* The next line of *s, without its end. */
static struct str take_line(struct str *s)
{
    ptrdiff_t at = str_find(*s, STR("\n"), 0);
    struct str line = {s->p, at < 0 ? s->n : (size_t)at};
    size_t used = at < 0 ? s->n : (size_t)at + 1;
    *s = (struct str){s->p + used, s->n - used};
    return line;
}

bool verdict_report(struct str report, struct jail_verdict *v)
{
    const struct str start = STR("RF\n");
    if (!str_starts(report, start))
        return false;
    struct str rest = {report.p + start.n, report.n - start.n};
    struct str type = take_line(&rest), line = take_line(&rest), number = take_line(&rest);
    int64_t at = 0, code = 0;
    num_parse_i64(line, &at);
    num_parse_i64(number, &code);
    v->kind = str_eq(type, STR("MemoryError")) ? JAIL_MEMORY : JAIL_FAILED;
    verdict_clean(type, &v->detail);
    if (at > 0)
        buf_printf(&v->detail, " at line %" PRId64, at);
    if (code >= RUNNER_ERRNO_CALL && code < RUNNER_ERRNO_AUDIT) {
        char name[64];
        filter_call_name((int)code - RUNNER_ERRNO_CALL, name, sizeof name);
        buf_printf(&v->detail, ": %s() is forbidden in the jail", name);
        v->kind = JAIL_POLICY;
        return true;
    }
    if (code == RUNNER_ERRNO_AUDIT)
        v->kind = JAIL_POLICY;
    if (rest.n) {
        buf_adds(&v->detail, ": ");
        verdict_clean(rest, &v->detail);
    }
    return true;
}
