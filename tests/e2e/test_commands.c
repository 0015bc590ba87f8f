/* What every command says of itself, and to whoever puts it wrongly. */
#include <criterion/criterion.h>

#include "tests/support/process.h"
#include "tests/support/support.h"

static bool has(const char *text, const char *what)
{
    return strstr(text, what) != NULL;
}

Test(e2e_commands, help_names_every_command_and_each_has_its_own)
{
    static const char *const names[] = {"run",  "report",   "show",  "list",     "fetch",
                                        "demo", "tokenize", "score", "generate", "bench", "verify", "jail", "doctor"};
    struct ran all = run_carat(NULL, "--help");
    expect_status(all, 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cr_assert(has(all.out, names[i]), "%s", names[i]);
        struct ran one = run_carat(NULL, names[i], "--help");
        expect_status(one, 0);
        cr_assert(has(one.out, "usage: carat ") && has(one.out, "examples:"), "%s: %s", names[i], one.out);
        ran_release(&one);
    }
    ran_release(&all);
}

Test(e2e_commands, version_names_build_compiler_and_kernels)
{
    struct ran r = run_carat(NULL, "--version");
    expect_status(r, 0);
    cr_assert(has(r.out, "carat 0.") && has(r.out, "kernels: ") && (has(r.out, "gcc") || has(r.out, "clang")), "%s",
              r.out);
    ran_release(&r);
}

Test(e2e_commands, wrong_words_are_usage_errors_with_the_nearest_name)
{
    static const struct {
        const char *words[6];
        const char *says;
    } cases[] = {
        {{"runn"}, "did you mean 'carat run'"},
        {{"run", "--mode", "x"}, "did you mean --model"},
        {{"run", "-m", "demo:late", "-t", "hellaswagg"}, "hellaswag"},
        {{"run", "-t", "boolq"}, "-m MODEL"},
        {{"run", "-m", "demo:late"}, "carat list tasks"},
        {{"run", "--limit", "x"}, "--limit wants N, not 'x'"},
        {{"run", "--precision", "f16"}, "--precision wants f32|bf16|int8"},
        {{"list", "things"}, "tasks, runs, sources and suites"},
        {{"list"}, "usage: carat list"},
        {{"tokenize"}, "-m MODEL and --tokenizer PATH"},
        {{"score", "-m"}, "--model wants"},
        {{"list", "tasks", "--json=yes"}, "takes no value"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ran r = run_carat_words(cases[i].words, NULL);
        expect_status(r, 2);
        cr_assert(has(r.err, cases[i].says), "case %zu: '%s' is not in: %s", i, cases[i].says, r.err);
        cr_assert_str_empty(r.out, "case %zu", i);
        ran_release(&r);
    }
}

Test(e2e_commands, lists_are_tables_and_json)
{
    struct ran text = run_carat(NULL, "list", "tasks"), json = run_carat(NULL, "list", "tasks", "--json");
    expect_status(text, 0);
    expect_status(json, 0);
    json_t *list;
    struct err err = ERR_INIT;
    cr_assert_eq(json_read(str_from(json.out), "list", 0, &list, &err), CARAT_OK, "%s", err.msg);
    size_t n_found = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_object_get(json_array_get(list, i), "task"));
        cr_assert(name && has(text.out, name));
        n_found += strcmp(name, "mmlu") == 0 &&
                   json_integer_value(json_object_get(json_array_get(list, i), "subsets")) == 57;
    }
    cr_assert_eq(n_found, 1, "MMLU has 57 subjects");
    json_decref(list);
    ran_release(&text);
    ran_release(&json);
    struct ran sources = run_carat(NULL, "list", "sources", "--json");
    expect_status(sources, 0);
    cr_assert(has(sources.out, "hellaswag_val.jsonl"));
    ran_release(&sources);
}

Test(e2e_commands, doctor_checks_this_machine)
{
    struct ran r = run_carat(NULL, "doctor", "--json");
    cr_assert(r.status == 0 || r.status == 3);
    cr_assert(has(r.out, "\"kernels\"") && has(r.out, "\"jail\""), "%s", r.out);
    ran_release(&r);
}

Test(e2e_commands, an_unknown_instruction_set_lists_those_at_hand)
{
    struct ran r = run_program((const char *const[]){"env", "CARAT_ISA=mmx", carat_bin(), "score", "-m", "demo:late", NULL},
                               "{}\n");
    expect_status(r, 2);
    cr_assert(has(r.err, "mmx") && has(r.err, "portable"), "%s", r.err);
    ran_release(&r);
}

/* What a shell line says on stderr, $0 being carat. */
static void expect_complaint(const char *line, const char *wanted)
{
    struct ran r = run_program((const char *const[]){"sh", "-c", line, carat_bin(), NULL}, NULL);
    cr_assert_eq(r.status, 0, "%s\n%s", line, r.err);
    cr_assert_str_eq(r.err, wanted, "%s\n%s", line, r.err);
    ran_release(&r);
}

Test(e2e_commands, a_pipe_that_nobody_reads_ends_it_quietly)
{
    expect_complaint("{ sleep 0.2; \"$0\" list tasks; echo \"status $?\" >&2; } | true", "status 141\n");
    expect_complaint("{ sleep 0.2; echo '{\"text\": \"a\"}' | \"$0\" tokenize -m demo/models/early; echo \"status $?\" >&2; } | true",
                     "status 141\n");
    expect_complaint("\"$0\" list tasks > /dev/full; echo \"status $?\" >&2", "carat: error: cannot write to stdout\nstatus 4\n");
}
