/* jinja_int.h - what the files of the template engine share: values, nodes, and the context of a parse or a
 * rendering.
 *
 * Errors leave by longjmp, not by return code: an expression's evaluation is some sixty small functions that
 * call each other, each of which may fail at any point, and checking each call would bury what they do. It is
 * safe because everything a parse or a rendering makes lies in its arena; the few things that do not (jansson
 * values, PCRE2 objects, struct buf) hang on struct jx or are released before anything may fail. No jump
 * crosses a public function or a caller's one.
 */
#ifndef CARAT_JINJA_INT_H
#define CARAT_JINJA_INT_H

#include <setjmp.h>

#include "jinja.h"

/* ---- values ------------------------------------------------------------------------------------------- */

enum jv_kind {
    JV_ABSENT, /* no value: an argument not given */
    JV_UNDEF,
    JV_NONE,
    JV_BOOL,
    JV_INT,
    JV_FLOAT,
    JV_STR,
    JV_LIST,
    JV_TUPLE,
    JV_DICT,
    JV_RANGE,
    JV_VIEW, /* dict.keys(), values(), items() */
    JV_GEN,  /* what map(), select() and their like give: can be walked once */
    JV_NAMESPACE,
    JV_LOOP,
    JV_MACRO,
    JV_METHOD, /* bound to its object */
    JV_FUNC,   /* a global or a caller's function */
};

struct jval {
    enum jv_kind kind;
    bool markup; /* a string that |safe, |escape or |tojson made */
    union {
        bool b;
        int64_t i;
        double f;
        const struct jstr *s;
        struct jlist *l; /* list, tuple, gen */
        struct jdict *d; /* dict, namespace */
        struct jrange *r;
        struct jview *view;
        struct jloop *loop;
        struct jmacro *macro;
        struct jmethod *method;
        const struct jfunc *fn;
        const struct jundef *u;
    };
};

struct jstr {
    size_t n;
    size_t n_cp; /* code points; == n: ASCII */
    const char *p;
};

struct jlist {
    struct jval *v;
    size_t n, cap;
    size_t at; /* gen: what was walked */
};

/* Keys in the order they came; `index` has a slot a hash, 0 for none, else 1 + an entry's number. */
struct jentry {
    struct jval key, value;
    uint64_t hash;
};
struct jdict {
    struct jentry *entries;
    size_t n, cap;
    uint32_t *index;
    size_t n_index; /* a power of two, or 0 while there are few keys */
};

struct jrange {
    int64_t start, stop, step;
    size_t n;
};

enum jview_kind { VIEW_KEYS, VIEW_VALUES, VIEW_ITEMS };
struct jview {
    struct jdict *d;
    enum jview_kind kind;
};

struct jloop {
    struct jval *items;
    size_t n, at;
    bool changed_set;
    struct jval changed; /* what loop.changed() saw last */
};

struct jmacro {
    const struct jnode *node; /* N_MACRO or N_CALLBLOCK */
    struct jscope *scope;     /* where it was defined */
};

struct jundef {
    struct str message;
    bool lenient; /* renders as nothing even where undefined values are strict */
};

struct jargs {
    struct jval *v;
    size_t n;
    struct str *names;
    struct jval *named;
    size_t n_named;
};

/* One row of the tables of filters, tests, methods and globals. `spec` names the parameters, separated by spaces, a
 * required one with a "!" in front; NULL: the function reads `args` itself. A row without function is refused by name. */
#define JJ_PARAMS 6
struct jx;
struct jbuiltin {
    const char *name;
    const char *spec;
    struct jval (*call)(struct jx *x, struct jval self, const struct jval *p, const struct jargs *args);
    unsigned flags;
};
enum { METHOD_MUTATES = 1 };

struct jmethod {
    struct jval self;
    const struct jbuiltin *row;
};

struct jfunc {
    const struct jbuiltin *row;         /* a global, or */
    const struct jinja_function *host;  /* a caller's */
    struct jval state;                  /* cycler, joiner */
};

/* ---- nodes ------------------------------------------------------------------------------------------------ */

enum jn_kind {
    /* expressions */
    N_CONST, N_NAME, N_TUPLE, N_LIST, N_DICT, N_ATTR, N_ITEM, N_SLICE, N_CALL, N_FILTER, N_TEST, N_COND,
    N_AND, N_OR, N_NOT, N_NEG, N_POS, N_BINARY, N_CONCAT, N_COMPARE, N_KEYWORD, N_NSREF,
    /* statements */
    N_TEXT, N_PRINT, N_BLOCK, N_IF, N_FOR, N_SET, N_SETBLOCK, N_MACRO, N_CALLBLOCK, N_FILTERBLOCK, N_WITH,
    N_BREAK, N_CONTINUE,
    N_KINDS,
};

/* What a, b, c and list hold is said where parse.c makes the node. */
struct jnode {
    enum jn_kind kind;
    int line;
    int op; /* binary, compare: an operator of the lexer */
    bool uses_caller, uses_varargs, uses_kwargs; /* macros */
    bool soft; /* an unknown filter or test is an error only when it is reached */
    struct str name;
    struct jval value;
    struct jnode *a, *b, *c;
    struct jnode **list;
    size_t n;
    const struct jbuiltin *row; /* filter, test */
    struct str *missing;        /* a scope's body: names that are its own, but have no value at first */
    size_t n_missing;
};

/* ---- tokens ----------------------------------------------------------------------------------------------- */

enum jt_kind { T_DATA, T_VAR_BEGIN, T_VAR_END, T_BLOCK_BEGIN, T_BLOCK_END, T_NAME, T_STR, T_INT, T_FLOAT, T_OP, T_EOF };
enum { OP_EQ = 256, OP_NE, OP_GE, OP_LE, OP_FLOORDIV, OP_POW, OP_IN, OP_NOT_IN }; /* others are their character */

struct jtoken {
    enum jt_kind kind;
    int line;
    int op;
    struct str text; /* data, name, the string's value */
    int64_t i;
    double f;
};

/* ---- the context of a parse or a rendering ------------------------------------------------------------------ */

struct jvar {
    struct str name;
    struct jval value;
    struct jvar *next;
};
struct jscope {
    struct jscope *parent;
    struct jvar *vars;
};

struct jsb { /* a string being built, in the arena; never above x's memory cap */
    struct jx *x;
    char *p;
    size_t n, cap;
};

#define JJ_DEPTH_MAX 400
#define JJ_TEXT_MAX ((size_t)4 << 20)

struct jx {
    struct arena arena;
    size_t memory, memory_max;
    uint64_t steps, steps_max;
    unsigned depth;
    const char *name;
    int line;
    struct jinja_options options;
    jmp_buf escape;
    struct err *err;
    enum carat_err code;
    /* rendering */
    const struct jinja_run *run;
    struct jdict *context;
    struct jscope *scope;
    struct jsb *out;
    size_t output_max;
    struct jval subject; /* what a filter block's innermost filter is given */
    json_t *garbage[3];  /* released at the end, however that comes */
};

/* Base of everything: never return on failure. */
_Noreturn void jj_fail(struct jx *x, enum carat_err code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void *jj_alloc(struct jx *x, size_t n);
void *jj_alloc_array(struct jx *x, size_t count, size_t size);
void jj_charge(struct jx *x, uint64_t steps);
void jj_enter(struct jx *x); /* one level deeper; x->depth-- on the way back */

/* ---- lex.c, parse.c ----------------------------------------------------------------------------------------- */

struct jtoken *jj_lex(struct jx *x, struct str source); /* ends with T_EOF */
struct jnode *jj_parse(struct jx *x, struct jtoken *tokens);
void jj_resolve(struct jx *x, struct jnode *root); /* symbols.c: fills in `missing` */
/* Python's escapes in a string literal. False: *why says what is wrong. */
bool jj_unescape(struct jx *x, struct str raw, struct str *out, const char **why);

/* ---- value.c --------------------------------------------------------------------------------------------------- */

#define JJ_NONE ((struct jval){.kind = JV_NONE})
#define JJ_ABSENT ((struct jval){.kind = JV_ABSENT})
static inline struct jval jj_bool(bool b) { return (struct jval){.kind = JV_BOOL, .b = b}; }
static inline struct jval jj_int(int64_t i) { return (struct jval){.kind = JV_INT, .i = i}; }
static inline struct jval jj_float(double f) { return (struct jval){.kind = JV_FLOAT, .f = f}; }
static inline bool jj_given(struct jval v) { return v.kind != JV_ABSENT; }

struct jval jj_string(struct jx *x, struct str s);      /* copies */
struct jval jj_string_view(struct jx *x, struct str s); /* s outlives the rendering */
struct jval jj_string_take(struct jx *x, struct buf *b); /* copies and releases; fails if b failed */
static inline struct str jj_view(struct jval v) { return (struct str){v.s->p, v.s->n}; }
struct jval jj_undefined(struct jx *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

struct jval jj_list(struct jx *x, enum jv_kind kind, size_t room);
void jj_push(struct jx *x, struct jlist *l, struct jval v);
struct jval jj_pair(struct jx *x, struct jval a, struct jval b);

struct jval jj_dict(struct jx *x);
struct jval *jj_dict_find(struct jx *x, const struct jdict *d, struct jval key); /* NULL: absent */
void jj_dict_set(struct jx *x, struct jdict *d, struct jval key, struct jval value);
bool jj_dict_remove(struct jx *x, struct jdict *d, struct jval key);
struct jval jj_entry(struct jx *x, struct jview view, size_t i);

const char *jj_type(struct jval v);
bool jj_is_number(struct jval v); /* int, float, bool */
bool jj_as_int(struct jval v, int64_t *out); /* int and bool */
double jj_as_double(struct jval v);
bool jj_truth(struct jx *x, struct jval v);
bool jj_equal(struct jx *x, struct jval a, struct jval b);
int jj_compare(struct jx *x, struct jval a, struct jval b, const char *op, bool *unordered); /* <0, 0, >0 */
bool jj_contains(struct jx *x, struct jval v, struct jval container);
bool jj_length(struct jx *x, struct jval v, size_t *out); /* false: it has none */
struct jval jj_binary(struct jx *x, int op, struct jval a, struct jval b);
struct jval jj_negate(struct jx *x, struct jval v, bool negative);
void jj_must_be_defined(struct jx *x, struct jval v); /* for any use that even a lenient undefined has not */
void jj_strict(struct jx *x, struct jval v);          /* for those that only a lenient one has */

struct jiter {
    struct jval v;
    size_t at;
    size_t byte;
};
bool jj_iterable(struct jval v);
struct jiter jj_iter(struct jx *x, struct jval v);
bool jj_next(struct jx *x, struct jiter *it, struct jval *out);
struct jval jj_collect(struct jx *x, struct jval v); /* Python's list(v), always a fresh one */

size_t jj_cp_offset(struct jval s, size_t index); /* the byte at which a code point begins */
struct jval jj_substring(struct jx *x, struct jval s, size_t from, size_t to); /* code points */
struct jval jj_slice(struct jx *x, struct jval v, struct jval start, struct jval stop, struct jval step);

struct jval jj_from_json(struct jx *x, const json_t *j);
json_t *jj_to_json(struct jx *x, struct jval v); /* a new reference; fails on what JSON has not */

/* ---- repr.c ------------------------------------------------------------------------------------------------------ */

void jsb_add(struct jsb *b, const char *p, size_t n);
void jsb_addstr(struct jsb *b, struct str s);
void jsb_addc(struct jsb *b, char c);
void jsb_adds(struct jsb *b, const char *s);
void jsb_put_cp(struct jsb *b, int32_t cp);
struct jval jsb_string(struct jsb *b);

void jj_format_c(char *out, size_t size, const char *fmt, int precision, double v); /* in the C locale */
void jj_repr(struct jsb *b, struct jval v);
struct str jj_str(struct jx *x, struct jval v);       /* Python's str() */
struct jval jj_to_string(struct jx *x, struct jval v); /* the same as a value; a string stays itself */
struct jval jj_escape(struct jx *x, struct jval v);
struct jval jj_tojson(struct jx *x, struct jval v, struct jval indent, struct jval sort_keys, struct jval ensure_ascii,
                      struct jval separators);
struct jval jj_percent(struct jx *x, struct jval fmt, struct jval args);
struct jval jj_format(struct jx *x, struct jval fmt, const struct jargs *args);
struct jval jj_format_spec(struct jx *x, struct jval v, struct str spec);

/* ---- filters.c, tests.c, methods.c, globals.c, regex_replace.c ----------------------------------------------------- */

const struct jbuiltin *jj_find_filter(struct str name);
const struct jbuiltin *jj_find_test(struct str name);
const struct jbuiltin *jj_find_method(struct jval self, struct str name); /* NULL: no such attribute */
const struct jfunc *jj_find_global(struct str name);
void jj_bind(struct jx *x, const char *what, const char *spec, const struct jargs *args, struct jval p[JJ_PARAMS]);
struct jval jj_invoke(struct jx *x, const char *what, const struct jbuiltin *row, struct jval self,
                      const struct jargs *args);
struct jval jj_regex_replace(struct jx *x, struct jval self, const struct jval *p, const struct jargs *args);
/* Python's int() and float() of a string. */
bool jj_parse_int(struct str s, int base, int64_t *out, bool *overflow);
bool jj_parse_float(struct str s, double *out);

/* ---- eval.c -------------------------------------------------------------------------------------------------------- */

struct jval jj_getattr(struct jx *x, struct jval v, struct str name);
struct jval jj_getitem(struct jx *x, struct jval v, struct jval key);
struct jval jj_call(struct jx *x, struct jval f, const struct jargs *args);

#endif
