/* task.h - the task plugin ABI: all that a benchmark needs, built in or from a .so.
 *
 * A task is data plus a few small functions. It says which rows it wants, how a row reads
 * as a question, and how an answer is judged; it does no I/O and keeps no state. The
 * harness draws the few-shot examples, puts the prompt together, asks the model, applies
 * filters and metrics, and keeps every item. This header includes nothing of carat's: a plugin is built with it
 * alone (`cc -shared -fPIC -I$PREFIX/include/carat mytask.c -o mytask.so`) and loaded with
 * `carat run --plugin ./mytask.so` or from CARAT_PLUGIN_PATH.
 *
 *     #include <task.h>
 *
 *     static int read_row(const struct carat_host *host, struct carat_ctx *ctx,
 *                         const struct carat_value *row, struct carat_example *ex)
 *     {
 *         struct carat_text q;
 *         int64_t gold;
 *         if (!host->text(host->get(row, "q"), &q) || !host->integer(host->get(row, "gold"), &gold))
 *             return host->fail(ctx, "wants the fields q (text) and gold (number)");
 *         static const struct carat_text yes_no[] = {CARAT_TEXT("no"), CARAT_TEXT("yes")};
 *         *ex = (struct carat_example){.question = host->format(ctx, "Q: %.*s\nA:", (int)q.n, q.p),
 *                                      .choices = yes_no, .n_choices = 2, .gold = (int)gold};
 *         return 0;
 *     }
 *     static const struct carat_metric metrics[] = {{.name = "acc", .kind = CARAT_METRIC_ACC}};
 *     static const struct carat_task task = {
 *         .abi = CARAT_TASK_ABI, .name = "mytask", .version = 1, .group = "Reasoning",
 *         .dataset = "mytask", .test_split = "test", .output = CARAT_MULTIPLE_CHOICE,
 *         .example = read_row, .metrics = metrics, .n_metrics = 1,
 *     };
 *     CARAT_EXPORT_TASKS(&task)
 *
 * Strings are UTF-8 with a length, not necessarily NUL-terminated. What a function gets is
 * borrowed for the call; what it gives must come from host->alloc/format/join (it lives
 * as long as the item) or be static. Functions may be called from several threads at once.
 * Prompts follow the reference harness, lm-evaluation-harness 0.4.13 (its rules are named below).
 */
#ifndef CARAT_TASK_H
#define CARAT_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Raised when a structure below changes in a way that old plugins cannot meet. A plugin of another
 * version is refused by name. */
#define CARAT_TASK_ABI 3

struct carat_text { /* a view of UTF-8 bytes; {NULL, 0} is "none", {"", 0} the empty text */
    const char *p;
    size_t n;
};
#define CARAT_TEXT(literal) {"" literal, sizeof(literal) - 1}

struct carat_value; /* a JSON value of the row: opaque, read through the host */
struct carat_ctx;   /* the call's context: owns its memory, takes its error */

enum carat_algebra { CARAT_ALGEBRA_DIFFERENT, CARAT_ALGEBRA_EQUAL, CARAT_ALGEBRA_UNDECIDED };

/* What the host does for a task. All readers take NULL and answer "not there". */
struct carat_host {
    uint32_t abi;
    /* rows */
    const struct carat_value *(*get)(const struct carat_value *object, const char *key);
    const struct carat_value *(*at)(const struct carat_value *array, size_t index);
    size_t (*length)(const struct carat_value *array);
    bool (*text)(const struct carat_value *value, struct carat_text *out);    /* a string */
    bool (*integer)(const struct carat_value *value, int64_t *out);           /* an integer number */
    bool (*boolean)(const struct carat_value *value, bool *out);
    /* memory of the item; NULL (format, join, replace: {NULL, 0}) after a failure that is already recorded */
    void *(*alloc)(struct carat_ctx *ctx, size_t n);
    struct carat_text (*format)(struct carat_ctx *ctx, const char *fmt, ...); /* as printf; %.*s ends at a NUL */
    struct carat_text (*join)(struct carat_ctx *ctx, const struct carat_text *parts, size_t n);
    /* text, with Python's meaning of white space and case */
    struct carat_text (*strip)(struct carat_text s);
    struct carat_text (*capitalize)(struct carat_ctx *ctx, struct carat_text s); /* first title case, rest lower */
    struct carat_text (*replace)(struct carat_ctx *ctx, struct carat_text s, const char *what, const char *with);
    struct carat_text (*regex_replace)(struct carat_ctx *ctx, struct carat_text s, const char *pattern,
                                       const char *with); /* PCRE2, UTF; `with` is put in as it is */
    struct carat_text (*regex_expand)(struct carat_ctx *ctx, struct carat_text s, const char *pattern,
                                      const char *with); /* the same with \1 to \9 in `with` for the pattern's groups */
    /* the element of Python's findall() at `select` (-1: the last), as the REGEX filter takes it; false: there is none */
    bool (*regex_find)(struct carat_ctx *ctx, struct carat_text s, const char *pattern, int select,
                       struct carat_text *out);
    /* the subset's name ("abstract_algebra") or "" */
    const char *(*subset)(const struct carat_ctx *ctx);
    /* the task's own `self`, as it is */
    const void *(*self)(const struct carat_ctx *ctx);
    /* is the row read as a shot? */
    bool (*is_shot)(const struct carat_ctx *ctx);
    /* in judge(): the name of the metric that is asked for */
    const char *(*metric)(const struct carat_ctx *ctx);
    /* Are two answers in LaTeX equal as numbers and terms? By exact algebra, within limits of work. */
    enum carat_algebra (*latex_equal)(struct carat_ctx *ctx, struct carat_text a, struct carat_text b);
    /* records the message and returns -1: `return host->fail(ctx, "...")` */
    int (*fail)(struct carat_ctx *ctx, const char *fmt, ...);
};

/* A row as the task reads it: the one thing a task must make of it. It serves both as
 * the item asked and, from the few-shot pool, as a shot ("question" + delimiter + answer). */
struct carat_example {
    struct carat_text question;          /* what is asked, up to where the answer begins */
    const struct carat_text *choices;    /* multiple choice: answers without the delimiter */
    size_t n_choices;
    int gold;                            /* index of the right choice; -1: none is right */
    const int *golds;                    /* several right choices instead of one, -1 among them is none; NULL: `gold` */
    size_t n_golds;
    const struct carat_text *questions;  /* "multiple input" (WinoGrande): n_choices contexts; then */
    struct carat_text ending;            /*   `ending` is the one continuation of them all */
    struct carat_text answer;            /* the answer as a shot shows it (multiple choice: NULL: the right choice);
                                            log-likelihood: the text asked for, with its own blank before it;
                                            rolling: the whole text */
    struct carat_text answer_prefix;     /* how an answer begins ("gen_prefix"): behind the question and in each shot,
                                            with the delimiter where no white space is; {NULL, 0}: none */
    struct carat_text description;       /* where it depends on the row: instead of the task's; {NULL, 0}: the task's */
    struct carat_text target;            /* the right answer as items list it; {NULL, 0}: generation: `answer`, multiple
                                            choice: gold's number or `ending` */
    const struct carat_text *references; /* generation: texts that count as right; NULL: `answer` alone */
    size_t n_references;
    struct carat_text cluster;           /* what several items share, so that they stand or fall together: their passage.
                                            Intervals allow for it. {NULL, 0}: nothing */
    const char *cluster_of;              /* what that is, in a word: "passage" */
};

enum carat_output {
    CARAT_MULTIPLE_CHOICE, /* a log-likelihood for each choice */
    CARAT_GENERATE,        /* text until a stop */
    CARAT_LOGLIKELIHOOD,   /* the log-likelihood of one text, `answer`, behind the question */
    CARAT_ROLLING,         /* ... of a whole text, `answer`, from its beginning; nothing is before it */
};

enum carat_shots {
    CARAT_SHOTS_SAMPLED, /* drawn for each item by the reference's generator (TASKS.md section 2) */
    CARAT_SHOTS_FIRST,   /* the pool's first n, for every item ("first_n") */
    CARAT_SHOTS_UP_TO,   /* the same, or all where the pool has fewer than n */
    CARAT_SHOTS_NEVER,   /* always 0-shot, whatever is asked */
};

enum carat_filter_kind {
    CARAT_FILTER_REGEX,             /* findall, then the group_select-th match; "[invalid]" if none */
    CARAT_FILTER_TAKE_FIRST,
    CARAT_FILTER_STRIP,             /* remove_whitespace */
    CARAT_FILTER_LOWERCASE,
    CARAT_FILTER_UPPERCASE,
    CARAT_FILTER_TAKE_FIRST_K,      /* refused where there are fewer than k */
    CARAT_FILTER_MAJORITY_VOTE,     /* the most frequent answer, of equals the one seen first */
    CARAT_FILTER_MAP,               /* an answer in the table becomes what stands beside it */
    CARAT_FILTER_MULTI_CHOICE_REGEX, /* as REGEX; where that finds nothing, a choice's text, then a letter behind ":";
                                        the choices are the example's, else the row's field "choices" */
};
struct carat_mapping {
    const char *from, *to;
};
struct carat_filter_step {
    enum carat_filter_kind kind;
    const char *pattern;  /* REGEX: PCRE2 syntax, leftmost-first as Python's re */
    int select;           /* REGEX: index of the match taken; -1: the last */
    const char *fallback; /* REGEX: the answer where nothing is found; NULL: "[invalid]" */
    size_t k;             /* TAKE_FIRST_K */
    const struct carat_mapping *map; /* MAP */
    size_t n_map;
    const char *map_default; /* MAP: the answer of all others; NULL: they have none */
    bool ignore_case, ignore_punctuation; /* MULTI_CHOICE_REGEX, of texts: Unicode's punctuation */
    const char *const *ignore_patterns;   /* MULTI_CHOICE_REGEX; NULL-terminated; or NULL */
};
struct carat_filter { /* a named pipeline over one response: "strict-match" */
    const char *name;
    const struct carat_filter_step *steps;
    size_t n_steps;
};

enum carat_metric_kind {
    CARAT_METRIC_ACC,         /* argmax of log-likelihood == gold */
    CARAT_METRIC_ACC_NORM,    /* the same, each divided by the choice's length in code points */
    CARAT_METRIC_ACC_BYTES,   /* ... in UTF-8 bytes */
    CARAT_METRIC_EXACT_MATCH, /* filtered text equals a reference, after `ignore` */
    CARAT_METRIC_PASS_AT_K,   /* the program made of the text passes its tests, in the jail */
    CARAT_METRIC_JUDGED,      /* what the task's judge() says of the filtered text: right or not */
    CARAT_METRIC_GRADED,      /* ... its score */
    CARAT_METRIC_GREEDY,      /* every token was the model's first choice: of a right choice ("exact_match"), of a
                                 log-likelihood's text ("acc") */
    CARAT_METRIC_F1,          /* multiple choice: the choice taken against the right one, over all items */
    CARAT_METRIC_MCC,         /* Matthews' correlation, likewise */
    CARAT_METRIC_PERPLEXITY,  /* log-likelihood: of the texts, each as a whole */
    CARAT_METRIC_WORD_PERPLEXITY, /* rolling: of a word, as \s+ splits */
    CARAT_METRIC_BYTE_PERPLEXITY, /* rolling: of a byte of UTF-8 */
    CARAT_METRIC_BITS_PER_BYTE,   /* rolling */
    CARAT_METRIC_BLEU,        /* generation, of the whole corpus: the filtered texts against their references, 0 to 100 */
    CARAT_METRIC_CHRF,        /* ... by characters */
    CARAT_METRIC_CHRF_PLUS,   /* ... by characters and words ("chrf++") */
    CARAT_METRIC_TER,         /* ... edits in percent of the references' words */
    CARAT_METRIC_MASS,        /* multiple choice: the share that right choices have in the probability of all ("mc2") */
};
/* How the items' values become one. All but DEFAULT to be named only where a task differs from its metric's own. */
enum carat_aggregation {
    CARAT_AGGREGATE_DEFAULT,  /* the kind's own: F1, MCC, ... TER; else MEAN */
    CARAT_AGGREGATE_MEAN,
    CARAT_AGGREGATE_MEDIAN,   /* sorted(values)[n / 2] */
    CARAT_AGGREGATE_NANMEAN,
    CARAT_AGGREGATE_PERPLEXITY,
    CARAT_AGGREGATE_WEIGHTED_PERPLEXITY,
    CARAT_AGGREGATE_BITS_PER_BYTE,
    CARAT_AGGREGATE_F1,
    CARAT_AGGREGATE_MCC,
    CARAT_AGGREGATE_WEIGHTED_F1, /* each class's F1, weighted by how often it is right */
    CARAT_AGGREGATE_MACRO_F1,    /* ... each class once */
    CARAT_AGGREGATE_MICRO_F1,    /* ... over all decisions: of single labels the share of right ones */
    CARAT_AGGREGATE_BLEU,     /* of what is counted of each item, summed up; for the metric of that name alone */
    CARAT_AGGREGATE_CHRF,
    CARAT_AGGREGATE_CHRF_PLUS,
    CARAT_AGGREGATE_TER,
};
struct carat_metric {
    const char *name;
    enum carat_metric_kind kind;
    bool ignore_case;
    bool ignore_punctuation;            /* ASCII's 32 */
    bool ignore_numbers;                /* ASCII's ten digits */
    const char *const *ignore_patterns; /* removed from both sides first; NULL-terminated; or NULL */
    const size_t *k;                    /* PASS_AT_K: which k, 0-terminated: the values are called NAME@k; NULL: k is 1
                                           and the value is called NAME */
    enum carat_aggregation aggregation;
    bool lower_is_better;
};

struct carat_subset { /* a leaf of the task with its own rows and score: an MMLU subject */
    const char *name;  /* the leaf is called TASK_NAME */
    const char *group; /* a subtotal: "stem"; or NULL */
};

struct carat_program { /* PASS_AT_K: what is run in the jail */
    struct carat_text source; /* Python 3: the candidate and, behind it, its tests */
};

enum carat_decided { /* what told whether an answer is right; counted with the items */
    CARAT_DECIDED_UNSAID,
    CARAT_DECIDED_BY_TEXT,    /* the texts are equal */
    CARAT_DECIDED_BY_ALGEBRA, /* equal or different as terms */
    CARAT_DECIDED_BY_NEITHER, /* not equal as texts, and algebra could not say: counted as wrong */
};
struct carat_verdict { /* JUDGED, GRADED */
    bool right;
    bool found; /* was there an answer in the text at all? */
    double score; /* GRADED */
    enum carat_decided decided;
};

struct carat_task {
    uint32_t abi;              /* CARAT_TASK_ABI */
    const char *name;
    int version;               /* raised when prompts or scores may change */
    const char *title;         /* "HellaSwag"; NULL: the name */
    const char *group;         /* capability group of the figure; NULL: none */
    const char *dataset;       /* a name of `carat list sources`, or a folder beside --data */
    const char *test_split;    /* rows asked: "test", "validation" */
    const char *shots_split;   /* rows shown; NULL: no pool */
    enum carat_shots shots;
    bool shots_exclude_item;   /* SAMPLED: n + 1 are drawn and the item itself left out (fewshot_split unset) */
    int default_shots;
    enum carat_output output;
    const char *description;   /* put before the shots, with its own white space; NULL: none */
    struct carat_text (*describe)(const struct carat_host *host, struct carat_ctx *ctx,
                                  const struct carat_value *shot); /* or made, per subset; `shot` is the pool's first
                                                                      row, NULL where no pool is read */
    bool described_by_shot;    /* describe() wants `shot`: the pool is read where no shots are asked for, too */
    const void *self;          /* the task's own: host->self() gives it to its functions (interpreters) */
    const char *delimiter;     /* between question and answer; NULL: " " */
    const char *shot_delimiter; /* after each shot; NULL: "\n\n" */
    const struct carat_subset *subsets;
    size_t n_subsets;

    /* The row as an example; 0, or -1 after host->fail(). */
    int (*example)(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                   struct carat_example *out);

    /* generation */
    const char *const *stops;  /* NULL-terminated */
    size_t max_tokens;
    double temperature;        /* 0: greedy */
    double top_p;              /* 0 or 1: all */
    size_t repeats;            /* samples of each prompt; 0: one */
    const struct carat_filter *filters; /* none: one pipeline "none", the text as it is */
    size_t n_filters;
    /* PASS_AT_K: the program for a completion */
    int (*program)(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                   struct carat_text completion, struct carat_program *out);

    /* JUDGED: is this answer right? For answers that are equal when they read alike, not only when they are alike */
    int (*judge)(const struct carat_host *host, struct carat_ctx *ctx, const struct carat_value *row,
                 struct carat_text answer, struct carat_verdict *out);

    const struct carat_metric *metrics; /* the first is the one that reports show */
    size_t n_metrics;
    const char *headline;      /* "acc_norm", "exact_match,strict-match": the metric of the published protocol;
                                  NULL: the first */
    const struct carat_task *published; /* as the published protocol asks it, where the reference does otherwise: of the
                                  same name, dataset, subsets and output; NULL: there is no difference */
};

/* A plugin's one entry point: its tasks, NULL-terminated. */
typedef const struct carat_task *const *carat_plugin_tasks_fn(void);
#define CARAT_PLUGIN_ENTRY "carat_plugin_tasks"
#define CARAT_EXPORT_TASKS(...)                                                                        \
    const struct carat_task *const *carat_plugin_tasks(void);                                          \
    const struct carat_task *const *carat_plugin_tasks(void)                                           \
    {                                                                                                  \
        static const struct carat_task *const tasks[] = {__VA_ARGS__, NULL};                           \
        return tasks;                                                                                  \
    }

/* The built-in tasks, sorted by name, NULL-terminated (not for plugins). */
const struct carat_task *const *carat_builtin_tasks(void);

#endif
