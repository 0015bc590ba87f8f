/* reports.h - what people look at: the figure and the tables. Draws what it is given and
 * knows nothing of stores, tasks or models.
 *
 * The figure is a grouped bar chart: groups on x, one bar a series in each, 95 % intervals
 * as whiskers, the value above, a legend, an axis that starts at 0. Colours are
 * told apart by colour-blind readers and in print (Okabe-Ito, ordered by lightness); a bar that
 * is not measured (published elsewhere) is hatched and labelled so.
 *
 *     struct carat_figure fig = {.title = "...", .groups = groups, .n_groups = 4,
 *                                .series = series, .n_series = 2, .cells = cells};
 *     carat_figure_svg(&fig, &svg, err);                 // text
 *     carat_svg_to_png(buf_str(&svg), 2.0, &png, err);   // bytes
 *     carat_figure_text(&fig, 80, CARAT_TEXT_UNICODE, &out, err);
 *
 * All functions append to a caller's buf, are pure and may be called from any thread; the same input gives
 * the same bytes, whatever the locale. After an error `out` may hold a part of the answer. Texts may hold
 * anything: they are escaped; control characters, controls of writing direction and broken UTF-8 are
 * shown as U+FFFD, tabs and line ends as spaces. Too long ones are wrapped or end in an ellipsis.
 *
 * Refused (CARAT_EINPUT, CARAT_EUNSUPPORTED): no groups or series, more than 8 series (no more colours can be
 * told apart) or 200 groups, values or chance levels that are no percentages, intervals that run backwards.
 */
#ifndef CARAT_REPORTS_H
#define CARAT_REPORTS_H

#include "base/base.h"

struct carat_series {
    struct str name;      /* "Gemma 7B" */
    bool published;       /* quoted, not measured: hatched and marked */
};

struct carat_cell {       /* a value in percent with its interval; NaN: not there */
    double value;
    double low, high;     /* 95 %, drawn within [0, 100]; either NaN: none */
    int64_t n;            /* items behind it; 0: unknown */
};

struct carat_figure {
    struct str title, subtitle;
    struct str y_label;               /* empty: "score (%)" */
    const struct str *groups;         /* [n_groups] "Question Answering" */
    size_t n_groups;
    const struct carat_series *series; /* [n_series] */
    size_t n_series;
    const struct carat_cell *cells;   /* [n_groups][n_series] */
    const double *chance;             /* [n_groups] level of guessing, drawn as a tick; NULL or NaN: none */
    struct str note;                  /* small print under the figure; line ends are kept */
    bool dark;
};

enum carat_err carat_figure_svg(const struct carat_figure *fig, struct buf *out, struct err *err);
/* Any SVG; the picture is the SVG's size times `scale`, at most 20000 pixels a side and 100 million in all.
 * References to files and hosts are not followed. */
enum carat_err carat_svg_to_png(struct str svg, double scale, struct buf *out, struct err *err);
/* The same as a PDF of one page with real text, a point a pixel; it carries no date. */
enum carat_err carat_svg_to_pdf(struct str svg, struct buf *out, struct err *err);

enum carat_text_style {
    CARAT_TEXT_UNICODE = 1 << 0, /* block characters; else ASCII */
    CARAT_TEXT_COLOR = 1 << 1,   /* ANSI colours; meaning never rests on them */
};
/* The same figure as horizontal bars for a terminal of `columns` columns (at least 60). */
enum carat_err carat_figure_text(const struct carat_figure *fig, size_t columns, unsigned style, struct buf *out,
                                 struct err *err);

/* A table of text cells with a header row: benchmarks by models, and any listing. */
enum carat_align { CARAT_LEFT, CARAT_RIGHT_ALIGNED };
struct carat_column {
    struct str name;
    enum carat_align align;
};
struct carat_table {
    const struct carat_column *columns;
    size_t n_columns;
    const struct str *cells;          /* [n_rows][n_columns] */
    size_t n_rows;
    const bool *rule_before;          /* [n_rows] a line above this row; NULL: none */
    const bool *strong;               /* [n_rows][n_columns] bold where the format has it; NULL: none */
};
/* Text and Markdown are aligned by display width; Markdown keeps markup in cells (bold), but not HTML, and has no
 * rules within. CSV is RFC 4180 (CR LF) and keeps line ends in cells; a cell that begins with = + - @ is not altered.
 * LaTeX is a tabular of the booktabs package; HTML a <table> without a style of its own (class "num": aligned right). */
enum carat_table_format { CARAT_TABLE_TEXT, CARAT_TABLE_MARKDOWN, CARAT_TABLE_CSV, CARAT_TABLE_LATEX, CARAT_TABLE_HTML };
enum carat_err carat_table_write(const struct carat_table *table, enum carat_table_format format, struct buf *out,
                                 struct err *err);

/* "61.3 ± 1.2": the value with its interval's half width, "+/-" in ASCII; "-" for NaN. One decimal, none ("61 ± 7")
 * where the half width is 5 or more. A half width above 0 is shown as 0.1 at least. */
enum carat_err carat_cell_text(const struct carat_cell *cell, bool unicode, struct buf *out);

/* ---- the page ----------------------------------------------------------------------------------------
 * One HTML file that needs no server and asks for nothing outside: figures, tables, facts, and a browser of items. It may
 * run its own script and style alone (a Content-Security-Policy by their hashes); items' texts are data in it.
 *
 *     carat_page_new(&info, &page, err);
 *     for each item: carat_page_item(page, &item, err);     // compressed as they come, in blocks
 *     carat_page_finish(page, &html, err);
 *     carat_page_free(page);
 */
struct carat_page_section {
    struct str heading;
    struct str html;          /* of carat_table_write(); put in as it is */
    const struct str *by_view; /* [n_views] instead of html, one of which is seen; NULL: it is the same in all */
    bool folded;
};
struct carat_page_task {
    struct str name;
    struct str parent, title; /* empty: none; the title is the parent's */
};
struct carat_page_info {      /* borrowed until the page is finished */
    struct str title, subtitle;
    struct str warnings;      /* a line each */
    const struct str *views;  /* [n_views] ways to score, to be chosen in the page; the first is what is seen at first */
    size_t n_views;           /* 0: one alone, without a name */
    const struct carat_figure *figures; /* [n_views or 1][n_figures] each drawn for light and for dark */
    size_t n_figures;
    const struct carat_page_section *sections;
    size_t n_sections;
    const struct str *runs;   /* [n_runs] their names */
    size_t n_runs;            /* at most 64 */
    const struct carat_page_task *tasks;
    size_t n_tasks;
};
struct carat_page_item {
    size_t task;              /* in info->tasks */
    struct str id;
    const char *outcomes;     /* [n_runs] R right, W wrong, U unparsed, C cut off, E empty, F refused, - not run */
    struct str prefix;        /* the few-shot part; those of neighbours are kept once */
    struct str snippet;       /* what a list of items shows */
    const json_t *item;       /* the rest, as page.c describes it */
};
struct carat_page;
enum carat_err carat_page_new(const struct carat_page_info *info, struct carat_page **out, struct err *err);
enum carat_err carat_page_item(struct carat_page *page, const struct carat_page_item *item, struct err *err);
/* Appends the page; nothing may be added to it afterwards. */
enum carat_err carat_page_finish(struct carat_page *page, struct buf *out, struct err *err);
void carat_page_free(struct carat_page *page); /* NULL is fine */

#endif
