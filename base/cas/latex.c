/* latex.c - LaTeX to a term, as SymPy 1.14's parse_latex reads it.
 *
 * Tokens: white space, thin and wide spaces, \left and \right are nothing. A command is a backslash and as many
 * letters as follow. "d" and a letter behind it are one variable ("dx"). Anything else is refused, but only when the parser
 * comes to look at it: tokens are made one by one.
 *
 *   relation  additive [(= < <= > >= !=) additive] ...
 *   additive  product [(+ | -) product] ...
 *   product   signed [(* \times \cdot / \div :) signed] ...
 *   signed    (+ | -) signed | postfix postfix ...                a product without a sign
 *   postfix   power "!" ...
 *   power     simple [^ (atom | { additive })] ...                to the left: 2^3^2 is 64
 *   simple    ( ) [ ] { } \{ \} groups, | | absolute value, functions, \lfloor \lceil, atom
 *   atom      letter or command, with subscript and primes; number; fraction; binomial
 *
 * A repetition goes on only where all of its next part can be read; where it cannot, the term ends before it and the rest of the text is
 * left: "3,4" is 3, "x^-2" is x, "2+(1,2)" is 2. But the first part of a thing must be whole: "(1,2)" is an error. That is what the
 * generated parser's look-ahead comes to.
 */
#include "cas_int.h"

#include <string.h>

enum { MAX_TEXT = 2000, MAX_STEPS = 20000, MAX_DEPTH = 100, MAX_DIGITS = 36 };

enum token {
    T_END, T_BAD, T_LETTER, T_DIGIT, T_SYMBOL, T_DIFFERENTIAL, T_COMMA, T_DOT, T_PLUS, T_MINUS, T_TIMES, T_DIVIDE,
    T_OPEN, T_CLOSE, T_OPEN_BRACE, T_CLOSE_BRACE, T_OPEN_SET, T_CLOSE_SET, T_OPEN_BRACKET, T_CLOSE_BRACKET, T_BAR,
    T_SIDED_BAR, T_UNDERSCORE, T_CARET, T_RELATION, T_BANG, T_PRIMES, T_FRACTION, T_BINOMIAL, T_ROOT, T_OVERLINE,
    T_FUNCTION, T_FLOOR, T_END_FLOOR, T_CEILING, T_END_CEILING, T_MATHIT, T_ARROW, T_UNKNOWN,
};

struct lexeme {
    enum token token;
    struct str text;      /* of a command without its backslash */
    size_t end;           /* where the next one begins */
};

struct parser {
    struct str text;
    size_t at;
    struct arena *arena;
    int depth;
    int most_digits;      /* that a number may take: fewer in a logarithm's base whose argument follows at once */
    long steps;
    bool refused;         /* a token that is none was looked at: nothing can mend it */
    bool unknown;         /* beyond what is read here */
};

/* ---- tokens ------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    enum token token;     /* T_END: skipped */
} commands[] = {
    {"thinspace", T_END}, {"medspace", T_END}, {"thickspace", T_END}, {"quad", T_END}, {"qquad", T_END},
    {"negthinspace", T_END}, {"negmedspace", T_END}, {"negthickspace", T_END}, {"left", T_END}, {"right", T_END},
    {"vrule", T_END}, {"vcenter", T_END}, {"vbox", T_END}, {"vskip", T_END}, {"vspace", T_END}, {"hfil", T_END},
    {"langle", T_UNKNOWN}, {"rangle", T_UNKNOWN}, {"lim", T_UNKNOWN}, {"int", T_UNKNOWN}, {"sum", T_UNKNOWN},
    {"prod", T_UNKNOWN}, {"to", T_ARROW}, {"rightarrow", T_ARROW}, {"Rightarrow", T_ARROW},
    {"longrightarrow", T_ARROW}, {"Longrightarrow", T_ARROW},
    {"exp", T_FUNCTION}, {"log", T_FUNCTION}, {"lg", T_FUNCTION}, {"ln", T_FUNCTION}, {"sin", T_FUNCTION},
    {"cos", T_FUNCTION}, {"tan", T_FUNCTION}, {"csc", T_FUNCTION}, {"sec", T_FUNCTION}, {"cot", T_FUNCTION},
    {"arcsin", T_FUNCTION}, {"arccos", T_FUNCTION}, {"arctan", T_FUNCTION}, {"arccsc", T_FUNCTION},
    {"arcsec", T_FUNCTION}, {"arccot", T_FUNCTION}, {"sinh", T_FUNCTION}, {"cosh", T_FUNCTION},
    {"tanh", T_FUNCTION}, {"arsinh", T_FUNCTION}, {"arcosh", T_FUNCTION}, {"artanh", T_FUNCTION},
    {"lfloor", T_FLOOR}, {"rfloor", T_END_FLOOR}, {"lceil", T_CEILING}, {"rceil", T_END_CEILING}, {"sqrt", T_ROOT},
    {"overline", T_OVERLINE}, {"times", T_TIMES}, {"cdot", T_TIMES}, {"div", T_DIVIDE}, {"frac", T_FRACTION},
    {"dfrac", T_FRACTION}, {"tfrac", T_FRACTION}, {"binom", T_BINOMIAL}, {"dbinom", T_BINOMIAL},
    {"tbinom", T_BINOMIAL}, {"mathit", T_MATHIT}, {"neq", T_RELATION}, {"leq", T_RELATION}, {"le", T_RELATION},
    {"leqq", T_RELATION}, {"leqslant", T_RELATION}, {"geq", T_RELATION}, {"ge", T_RELATION}, {"geqq", T_RELATION},
    {"geqslant", T_RELATION},
};

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static char char_at(const struct parser *p, size_t i) { return i < p->text.n ? p->text.p[i] : '\0'; }

static size_t letters_end(const struct parser *p, size_t i)
{
    while (is_letter(char_at(p, i)))
        i++;
    return i;
}

/* A backslash at `at`. */
static struct lexeme read_command(const struct parser *p, size_t at)
{
    const char next = char_at(p, at + 1);
    const size_t end = letters_end(p, at + 1);
    struct lexeme l = {T_SYMBOL, {p->text.p + at + 1, end - at - 1}, end};
    if (end == at + 1) {
        l.end = at + 2;
        l.token = next && strchr(",:;!*-./\"(=", next) ? T_END : next == '{' ? T_OPEN_SET : next == '}' ? T_CLOSE_SET : T_BAD;
        return l;
    }
    if (char_at(p, end) == '|' && (str_eq(l.text, STR("left")) || str_eq(l.text, STR("right"))))
        return (struct lexeme){T_SIDED_BAR, l.text, end + 1};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (str_eq(l.text, str_from(commands[i].name)))
            l.token = commands[i].token;
    return l;
}

/* "d" at `at`: a differential where a variable follows. */
static bool read_differential(const struct parser *p, size_t at, struct lexeme *out)
{
    size_t i = at + 1;
    while (is_blank(char_at(p, i)))
        i++;
    if (is_letter(char_at(p, i)))
        *out = (struct lexeme){T_DIFFERENTIAL, {p->text.p + i, 1}, i + 1};
    else if (char_at(p, i) == '\\' && is_letter(char_at(p, i + 1)))
        *out = (struct lexeme){T_DIFFERENTIAL, {p->text.p + i + 1, letters_end(p, i + 1) - i - 1}, letters_end(p, i + 1)};
    else
        return false;
    return true;
}

static struct lexeme read_character(const struct parser *p, size_t at)
{
    static const char characters[] = "+-*/:()[]{}|^_,.<>=!";
    static const enum token tokens[] = {T_PLUS, T_MINUS, T_TIMES, T_DIVIDE, T_DIVIDE, T_OPEN, T_CLOSE, T_OPEN_BRACKET,
                                        T_CLOSE_BRACKET, T_OPEN_BRACE, T_CLOSE_BRACE, T_BAR, T_CARET, T_UNDERSCORE,
                                        T_COMMA, T_DOT, T_RELATION, T_RELATION, T_RELATION, T_BANG};
    struct lexeme l = {T_BAD, {p->text.p + at, 1}, at + 1};
    const char c = p->text.p[at];
    const char *found = c ? strchr(characters, c) : NULL;
    if (is_letter(c)) {
        l.token = T_LETTER;
        if (c == 'd')
            read_differential(p, at, &l);
    } else if (c >= '0' && c <= '9') {
        l.token = T_DIGIT;
    } else if (c == '\'') {
        while (char_at(p, l.end) == '\'')
            l.end++;
        l = (struct lexeme){T_PRIMES, {p->text.p + at, l.end - at}, l.end};
    } else if (found) {
        l.token = tokens[found - characters];
    }
    return l;
}

static struct lexeme peek(struct parser *p)
{
    size_t at = p->at;
    for (;;) {
        while (is_blank(char_at(p, at)))
            at++;
        if (at >= p->text.n)
            return (struct lexeme){T_END, {NULL, 0}, at};
        struct lexeme l = p->text.p[at] == '\\' ? read_command(p, at) : read_character(p, at);
        if (l.token != T_END) {
            p->refused |= l.token == T_BAD;
            p->unknown |= l.token == T_UNKNOWN;
            return l;
        }
        at = l.end;
    }
}

static bool take(struct parser *p, enum token token)
{
    struct lexeme l = peek(p);
    if (l.token != token)
        return false;
    p->at = l.end;
    return true;
}

/* ---- nodes -------------------------------------------------------------------------------------- */

static struct node *add_node(struct parser *p, struct node n)
{
    struct node *node = arena_alloc(p->arena, sizeof *node);
    if (node)
        *node = n;
    else
        p->unknown = true;
    return node;
}

static struct node *add_number(struct parser *p, struct rational value)
{
    return add_node(p, (struct node){.kind = NODE_NUMBER, .value = value});
}

/* NULL where a part is NULL. */
static struct node *add_pair(struct parser *p, enum node_kind kind, struct node *a, struct node *b)
{
    return a && b ? add_node(p, (struct node){.kind = kind, .a = a, .b = b}) : NULL;
}

static struct node *add_call(struct parser *p, struct str name, struct node *a, struct node *b)
{
    if (a)
        a->next = b;
    return a ? add_node(p, (struct node){.kind = NODE_FUNCTION, .name = name, .a = a}) : NULL;
}

static struct node *negate(struct parser *p, struct node *a)
{
    return add_pair(p, NODE_PRODUCT, add_number(p, rational_of(-1)), a);
}

static struct node *invert(struct parser *p, struct node *a)
{
    return add_pair(p, NODE_POWER, a, add_number(p, rational_of(-1)));
}

/* ---- the grammar; NULL: it cannot be read ----------------------------------------------------------- */

static struct node *read_additive(struct parser *p);
static struct node *read_product(struct parser *p, bool functions);
static struct node *read_postfix(struct parser *p, bool functions);

/* { additive } behind what must have it. */
static struct node *read_braced(struct parser *p)
{
    if (!take(p, T_OPEN_BRACE))
        return NULL;
    struct node *inner = read_additive(p);
    return inner && take(p, T_CLOSE_BRACE) ? inner : NULL;
}

static struct node *read_between(struct parser *p, enum token close)
{
    struct node *inner = read_additive(p);
    return inner && take(p, close) ? inner : NULL;
}

/* Is the run of digits at hand followed by a dot? Then all but the first are the next number's: 0.25.0 is 0.2 * 5.0. */
static bool dot_follows(struct parser *p)
{
    const size_t back = p->at;
    struct lexeme l;
    while ((l = peek(p)).token == T_DIGIT)
        p->at = l.end;
    p->at = back;
    return l.token == T_DOT;
}

/* Digits, ",000" groups, a fraction's digits; blanks between them do not count. */
static struct node *read_number(struct parser *p)
{
    wide value = 0, scale = 1;
    int digits = 0;
    bool decimal = false;
    struct lexeme l;
    for (; (l = peek(p)).token == T_DIGIT && digits < p->most_digits; p->at = l.end, digits++)
        value = 10 * value + (*l.text.p - '0');
    while (l.token == T_COMMA) {
        const size_t back = p->at;
        int group[3], n = 0;
        for (p->at = l.end; n < 3 && (l = peek(p)).token == T_DIGIT; p->at = l.end)
            group[n++] = *l.text.p - '0';
        if (n < 3 || digits + 3 > MAX_DIGITS) {
            p->at = back;
            p->unknown |= n == 3;
            break;
        }
        for (int i = 0; i < 3; i++, digits++)
            value = 10 * value + group[i];
        l = peek(p);
    }
    if (l.token == T_DOT) {
        p->at = l.end;
        decimal = true;
        if (peek(p).token != T_DIGIT) /* the dot commits */
            return NULL;
        const int most = digits + (dot_follows(p) ? 1 : MAX_DIGITS);
        for (; (l = peek(p)).token == T_DIGIT && digits < most && digits < MAX_DIGITS; p->at = l.end, digits++, scale *= 10)
            value = 10 * value + (*l.text.p - '0');
    }
    struct rational r = {0, 1};
    if (l.token == T_DIGIT && digits >= MAX_DIGITS)
        p->unknown = true;
    if (!rational_make(value, scale, &r))
        p->unknown = true;
    return add_node(p, (struct node){.kind = NODE_NUMBER, .value = r, .decimal = decimal});
}

/* The text of what was read since `from`, without blanks: a subscript in a name. */
static bool add_text(struct parser *p, size_t from, struct buf *out)
{
    for (size_t i = from; i < p->at; i++)
        if (!is_blank(p->text.p[i]) && !strchr("{}", p->text.p[i]))
            buf_addc(out, p->text.p[i]);
    return !buf_failed(out);
}

static struct node *read_atom(struct parser *p);

/* A subscript, where one stands: part of a name. */
static void read_subscript(struct parser *p, struct buf *name)
{
    const size_t back = p->at;
    if (!take(p, T_UNDERSCORE))
        return;
    const size_t from = p->at;
    struct node *inner = peek(p).token == T_OPEN_BRACE ? read_braced(p) : read_atom(p);
    if (!inner) {
        p->at = back;
        return;
    }
    buf_adds(name, "_{");
    add_text(p, from, name);
    buf_addc(name, '}');
}

static struct str keep_name(struct parser *p, struct buf *name)
{
    char *copy = buf_failed(name) ? NULL : arena_dup(p->arena, buf_str(name).p, name->n);
    struct str out = {copy, copy ? name->n : 0};
    p->unknown |= !copy;
    buf_release(name);
    return out;
}

/* A letter or command at hand, with subscript and primes in either order; of a command the primes are dropped. */
static struct str read_name(struct parser *p, bool keeps_primes)
{
    struct buf name = BUF_INIT(1 << 12);
    struct lexeme l = peek(p), primes;
    p->at = l.end;
    buf_addstr(&name, l.text);
    read_subscript(p, &name);
    if ((primes = peek(p)).token == T_PRIMES) {
        const bool subscripted = name.n > l.text.n;
        p->at = primes.end;
        if (!subscripted)
            read_subscript(p, &name);
        if (keeps_primes)
            buf_addstr(&name, primes.text);
    }
    return keep_name(p, &name);
}

static struct node *add_symbol(struct parser *p, const char *prefix, struct str name)
{
    struct buf full = BUF_INIT(1 << 12);
    buf_adds(&full, prefix);
    buf_addstr(&full, name);
    return add_node(p, (struct node){.kind = NODE_SYMBOL, .name = keep_name(p, &full)});
}

static struct node *read_fraction(struct parser *p)
{
    struct node *parts[2];
    for (int i = 0; i < 2; i++) {
        struct lexeme l = peek(p);
        if (l.token == T_DIGIT) {
            p->at = l.end;
            parts[i] = add_number(p, rational_of(*l.text.p - '0'));
        } else if (!(parts[i] = read_braced(p))) {
            return NULL;
        }
    }
    if (parts[1] && parts[1]->kind == NODE_SYMBOL && parts[1]->name.n > 1 && *parts[1]->name.p == 'd')
        p->unknown = true; /* it may be a derivative */
    return add_pair(p, NODE_PRODUCT, parts[0], invert(p, parts[1]));
}

static struct node *read_mathit(struct parser *p)
{
    struct buf name = BUF_INIT(1 << 12);
    struct lexeme l;
    if (!take(p, T_OPEN_BRACE))
        return NULL;
    for (; (l = peek(p)).token == T_LETTER; p->at = l.end)
        buf_addstr(&name, l.text);
    struct str kept = keep_name(p, &name);
    return take(p, T_CLOSE_BRACE) ? add_node(p, (struct node){.kind = NODE_SYMBOL, .name = kept}) : NULL;
}

static struct node *read_atom(struct parser *p)
{
    struct lexeme l = peek(p);
    struct node *a, *b;
    switch (l.token) {
    case T_DIGIT: return read_number(p);
    case T_LETTER: return add_symbol(p, "", read_name(p, true));
    case T_SYMBOL:
        if (str_eq(l.text, STR("infty"))) {
            read_name(p, false);
            return add_node(p, (struct node){.kind = NODE_INFINITY});
        }
        return add_symbol(p, "", read_name(p, false));
    case T_DIFFERENTIAL: p->at = l.end; return add_symbol(p, "d", l.text);
    case T_FRACTION: p->at = l.end; return read_fraction(p);
    case T_MATHIT: p->at = l.end; return read_mathit(p);
    case T_BINOMIAL:
        p->at = l.end;
        a = read_braced(p);
        b = a ? read_braced(p) : NULL;
        return b ? add_call(p, STR("binomial"), a, b) : NULL;
    default: return NULL;
    }
}

/* f(x, y): a name of the text's own before a parenthesis; NULL, with nothing taken, where it is none. */
static struct node *read_application(struct parser *p)
{
    const size_t back = p->at;
    struct node *first = NULL, **tail = &first;
    struct str name = read_name(p, true);
    if (take(p, T_OPEN)) {
        do {
            *tail = read_additive(p);
            if (!*tail)
                break;
            tail = &(*tail)->next;
        } while (take(p, T_COMMA));
        if (first && tail != &first && take(p, T_CLOSE))
            return add_node(p, (struct node){.kind = NODE_FUNCTION, .name = name, .applied = true, .a = first});
    }
    p->at = back;
    return NULL;
}

/* _base and ^power of a known function, in either order. */
static bool read_scripts(struct parser *p, struct node **base, struct node **power)
{
    *base = *power = NULL;
    for (int i = 0; i < 2; i++) {
        struct lexeme l = peek(p);
        struct node **to = l.token == T_UNDERSCORE ? base : l.token == T_CARET ? power : NULL;
        if (!to || *to)
            return true;
        p->at = l.end;
        *to = peek(p).token == T_OPEN_BRACE ? read_braced(p) : read_atom(p);
        if (!*to)
            return false;
    }
    return true;
}

static struct node *read_argument(struct parser *p)
{
    const size_t back = p->at;
    if (take(p, T_OPEN)) {
        struct node *inner = read_additive(p);
        struct node *ignored = inner;
        while (ignored && take(p, T_COMMA)) /* further arguments are read and dropped */
            ignored = read_additive(p);
        if (ignored && take(p, T_CLOSE))
            return inner;
        p->at = back;
    }
    return read_product(p, false);
}

/* Scripts and argument. In \\log_28 the base leaves the argument its last digit. */
static struct node *read_applied(struct parser *p, struct node **base, struct node **power)
{
    const size_t back = p->at;
    for (int digits = MAX_DIGITS; digits > 0 && !p->refused; digits = digits > 4 ? 4 : digits - 1) {
        p->at = back;
        p->most_digits = digits;
        const bool ok = read_scripts(p, base, power);
        p->most_digits = MAX_DIGITS;
        struct node *argument = ok ? read_argument(p) : NULL;
        if (argument || !ok || !*base || (*base)->kind != NODE_NUMBER)
            return argument;
    }
    return NULL;
}

static struct node *read_function(struct parser *p)
{
    struct lexeme l = peek(p);
    struct node *base, *power, *argument;
    p->at = l.end;
    if (!(argument = read_applied(p, &base, &power)))
        return NULL;
    const bool is_log = str_eq(l.text, STR("log")) || str_eq(l.text, STR("ln")) || str_eq(l.text, STR("lg"));
    if (str_eq(l.text, STR("lg")) && !base)
        base = add_number(p, rational_of(10));
    struct node *call = add_call(p, is_log ? STR("log") : l.text, argument, is_log ? base : NULL);
    if (!call || !power)
        return call;
    if (power->kind == NODE_PRODUCT) /* sin^{-1} is the inverse function */
        p->unknown = true;
    return add_pair(p, NODE_POWER, call, power);
}

static struct node *read_root(struct parser *p)
{
    struct node *index = NULL;
    if (take(p, T_OPEN_BRACKET) && !(index = read_between(p, T_CLOSE_BRACKET)))
        return NULL;
    struct node *base = read_braced(p);
    return add_pair(p, NODE_POWER, base, invert(p, index ? index : add_number(p, rational_of(2))));
}

static struct node *read_call(struct parser *p, const char *name, struct node *inner)
{
    return add_call(p, str_from(name), inner, NULL);
}

static struct node *read_simple(struct parser *p, bool functions)
{
    struct lexeme l = peek(p);
    struct node *found;
    switch (l.token) {
    case T_OPEN: p->at = l.end; return read_between(p, T_CLOSE);
    case T_OPEN_BRACKET: p->at = l.end; return read_between(p, T_CLOSE_BRACKET);
    case T_OPEN_BRACE: p->at = l.end; return read_between(p, T_CLOSE_BRACE);
    case T_OPEN_SET: p->at = l.end; return read_between(p, T_CLOSE_SET);
    case T_BAR: p->at = l.end; return read_call(p, "abs", read_between(p, T_BAR));
    case T_FLOOR: p->at = l.end; return read_call(p, "floor", read_between(p, T_END_FLOOR));
    case T_CEILING: p->at = l.end; return read_call(p, "ceiling", read_between(p, T_END_CEILING));
    case T_FUNCTION: return functions ? read_function(p) : NULL;
    case T_ROOT: p->at = l.end; return functions ? read_root(p) : NULL;
    case T_OVERLINE: p->at = l.end; return functions ? read_call(p, "conjugate", read_braced(p)) : NULL;
    case T_LETTER:
    case T_SYMBOL:
        found = functions ? read_application(p) : NULL;
        return found ? found : read_atom(p);
    default: return read_atom(p);
    }
}

/* Behind "^": an atom or a group in braces. */
static struct node *read_exponent(struct parser *p)
{
    return peek(p).token == T_OPEN_BRACE ? read_braced(p) : read_atom(p);
}

static bool begins_exponent(struct parser *p)
{
    static const enum token begins[] = {T_OPEN_BRACE, T_DIGIT, T_LETTER, T_SYMBOL, T_DIFFERENTIAL, T_FRACTION,
                                        T_BINOMIAL, T_MATHIT};
    const enum token token = peek(p).token;
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (token == begins[i])
            return true;
    return false;
}

static struct node *read_postfix(struct parser *p, bool functions)
{
    struct node *base = read_simple(p, functions);
    while (base) {
        const size_t back = p->at;
        if (!take(p, T_CARET))
            break;
        if (!begins_exponent(p)) {
            p->at = back;
            break;
        }
        base = add_pair(p, NODE_POWER, base, read_exponent(p));
        if (base && peek(p).token == T_UNDERSCORE) { /* a subscript of the exponent says nothing */
            struct buf dropped = BUF_INIT(1 << 12);
            read_subscript(p, &dropped);
            buf_release(&dropped);
        }
    }
    while (base && take(p, T_BANG))
        base = read_call(p, "factorial", base);
    return base;
}

static bool has_symbols(const struct node *n)
{
    bool has = n && n->kind == NODE_SYMBOL;
    for (const struct node *part = n ? n->a : NULL; part && !has; part = n->kind == NODE_FUNCTION ? part->next : NULL)
        has = has_symbols(part);
    return has || (n && n->kind != NODE_FUNCTION && has_symbols(n->b));
}

/* Things side by side are multiplied, but for an x between two without variables, which is a sign: 2x3 is 6. */
static struct node *multiply_list(struct parser *p, struct node **list, size_t n)
{
    struct node *product = NULL;
    for (size_t i = n; i-- > 0;) {
        const struct node *it = list[i];
        if (i > 0 && i + 1 < n && it->kind == NODE_SYMBOL && str_eq(it->name, STR("x")) && !has_symbols(list[i - 1]) &&
            !has_symbols(list[i + 1]))
            continue;
        product = product ? add_pair(p, NODE_PRODUCT, list[i], product) : list[i];
    }
    return product;
}

enum { MAX_LIST = 200 };

static struct node *read_signed(struct parser *p, bool functions)
{
    struct lexeme l = peek(p);
    if (l.token == T_PLUS || l.token == T_MINUS) {
        p->at = l.end;
        p->depth++;
        struct node *inner = p->depth < MAX_DEPTH ? read_signed(p, functions) : NULL;
        p->unknown |= p->depth >= MAX_DEPTH;
        p->depth--;
        return !inner ? NULL : l.token == T_MINUS ? negate(p, inner) : inner;
    }
    struct node *list[MAX_LIST];
    size_t n = 0;
    list[n] = read_postfix(p, true);
    while (list[n] && !p->refused && !p->unknown) {
        const size_t back = p->at;
        if (++n == MAX_LIST) {
            p->unknown = true;
            return NULL;
        }
        list[n] = read_postfix(p, functions);
        if (!list[n])
            p->at = back;
    }
    return n ? multiply_list(p, list, n) : NULL;
}

static struct node *read_product(struct parser *p, bool functions)
{
    struct node *left = read_signed(p, functions);
    while (left) {
        const size_t back = p->at;
        const bool divides = take(p, T_DIVIDE);
        struct node *right = divides || take(p, T_TIMES) ? read_signed(p, functions) : NULL;
        if (!right) {
            p->at = back;
            break;
        }
        left = add_pair(p, NODE_PRODUCT, left, divides ? invert(p, right) : right);
    }
    return left;
}

static struct node *read_additive(struct parser *p)
{
    p->unknown |= ++p->depth >= MAX_DEPTH || ++p->steps > MAX_STEPS;
    struct node *left = p->unknown || p->refused ? NULL : read_product(p, true);
    while (left) {
        const size_t back = p->at;
        const bool minus = take(p, T_MINUS);
        struct node *right = minus || take(p, T_PLUS) ? read_product(p, true) : NULL;
        if (!right) {
            p->at = back;
            break;
        }
        left = add_pair(p, NODE_SUM, left, minus ? negate(p, right) : right);
    }
    p->depth--;
    return left;
}

enum parse_result latex_parse(struct str text, struct arena *arena, struct node **out)
{
    struct parser p = {.text = utf8_strip(text), .arena = arena, .most_digits = MAX_DIGITS};
    if (p.text.n > MAX_TEXT)
        return PARSE_UNKNOWN;
    *out = read_additive(&p);
    bool relation = *out && take(&p, T_RELATION) && read_additive(&p);
    if (p.refused)
        return PARSE_ERROR;
    if (p.unknown)
        return PARSE_UNKNOWN;
    if (!*out)
        return PARSE_ERROR;
    return relation ? PARSE_RELATION : PARSE_TERM;
}
