// Writing of pages: text that cannot break the markup, and plots. Private to the report.
#ifndef TRAINER_REPORT_PRIV_H
#define TRAINER_REPORT_PRIV_H

#include <jansson.h>

struct buf;

struct page { // remembers the first failure, so that calls need no check each
    struct buf *b;
    int rc;
};

void page_put(struct page *p, const char *format, ...) PRINTF_LIKE(2, 3);
// Text with the markup's own signs replaced.
void page_text(struct page *p, const char *text);

// A plot of 320 x 240 with axes lo..hi, ticks and titles; its lines and dots come between begin and
// end.
struct plot {
    double x_lo, x_hi, y_lo, y_hi;
    const char *x_title, *y_title, *title;
};
void plot_begin(struct page *p, const struct plot *f);
void plot_end(struct page *p);
// points: an array of arrays; x and y are the numbers of their members. colour: of the palette, -1:
// grey and dashed.
void plot_line(struct page *p, const struct plot *f, const json_t *points, size_t x, size_t y,
               int colour, const char *name);
void plot_diagonal(struct page *p, const struct plot *f);
void plot_dot(struct page *p, const struct plot *f, double x, double y, double radius, int colour,
              const char *note);
#define PLOT_COLOURS 10
const char *plot_colour(int i);

#endif
