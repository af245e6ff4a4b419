// Plots as SVG inside a page. See report_priv.h.
#include "common/buf.h"
#include "common/err.h"
#include "trainer/report_priv.h"

#include <math.h>
#include <stdarg.h>

#define LEFT 46.0
#define TOP 26.0
#define WIDE 262.0
#define HIGH 176.0
#define TICKS 5

// Distinct for most kinds of colour vision (after Okabe and Ito), then mixtures of them.
static const char *const palette[PLOT_COLOURS] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                  "#e69f00", "#56b4e9", "#7a5195", "#8c6d31",
                                                  "#6b7a8f", "#a23b52"};

const char *plot_colour(int i)
{
    return i < 0 ? "#8a93a0" : palette[i % PLOT_COLOURS];
}

void page_put(struct page *p, const char *format, ...)
{
    char text[2048];
    va_list a;
    va_start(a, format);
    int len = vsnprintf(text, sizeof(text), format, a);
    va_end(a);
    if (p->rc == OK) {
        p->rc = len < 0 || (size_t)len >= sizeof(text) ? E_LIMIT : buf_put(p->b, text, (size_t)len);
    }
}

void page_text(struct page *p, const char *text)
{
    for (const char *c = text ? text : ""; *c && p->rc == OK; c++) {
        switch (*c) {
        case '&':
            p->rc = buf_puts(p->b, "&amp;");
            break;
        case '<':
            p->rc = buf_puts(p->b, "&lt;");
            break;
        case '>':
            p->rc = buf_puts(p->b, "&gt;");
            break;
        case '"':
            p->rc = buf_puts(p->b, "&quot;");
            break;
        default:
            p->rc = buf_put(p->b, c, 1);
            break;
        }
    }
}

static double place_x(const struct plot *f, double x)
{
    double share = f->x_hi > f->x_lo ? (x - f->x_lo) / (f->x_hi - f->x_lo) : 0;
    return LEFT + WIDE * fmin(fmax(share, 0), 1);
}

static double place_y(const struct plot *f, double y)
{
    double share = f->y_hi > f->y_lo ? (y - f->y_lo) / (f->y_hi - f->y_lo) : 0;
    return TOP + HIGH * (1 - fmin(fmax(share, 0), 1));
}

void plot_begin(struct page *p, const struct plot *f)
{
    page_put(p, "<figure class=plot><svg viewBox=\"0 0 320 240\" role=img aria-label=\"");
    page_text(p, f->title);
    page_put(p, "\"><text x=%g y=15 class=t>", LEFT);
    page_text(p, f->title);
    page_put(p, "</text>");
    for (int i = 0; i <= TICKS; i++) {
        double x = f->x_lo + (f->x_hi - f->x_lo) * i / TICKS,
               y = f->y_lo + (f->y_hi - f->y_lo) * i / TICKS;
        page_put(p, "<path class=g d=\"M%.1f %gV%gM%g %.1fH%g\"/>", place_x(f, x), TOP, TOP + HIGH,
                 LEFT, place_y(f, y), LEFT + WIDE);
        page_put(p, "<text class=k x=%.1f y=%g text-anchor=middle>%.4g</text>", place_x(f, x),
                 TOP + HIGH + 13, x);
        page_put(p, "<text class=k x=%g y=%.1f text-anchor=end>%.3g</text>", LEFT - 5,
                 place_y(f, y) + 3, y);
    }
    page_put(p, "<text class=a x=%g y=%g text-anchor=middle>", LEFT + WIDE / 2, TOP + HIGH + 29);
    page_text(p, f->x_title);
    page_put(p,
             "</text><text class=a transform=\"translate(11 %g) rotate(-90)\" text-anchor=middle>",
             TOP + HIGH / 2);
    page_text(p, f->y_title);
    page_put(p, "</text>");
}

void plot_end(struct page *p)
{
    page_put(p, "</svg></figure>\n");
}

void plot_line(struct page *p, const struct plot *f, const json_t *points, size_t x, size_t y,
               int colour, const char *name)
{
    size_t i;
    json_t *at;
    page_put(p, "<polyline fill=none stroke=\"%s\" stroke-width=1.6 points=\"",
             plot_colour(colour));
    json_array_foreach(points, i, at)
    {
        page_put(p, "%.1f,%.1f ", place_x(f, json_number_value(json_array_get(at, x))),
                 place_y(f, json_number_value(json_array_get(at, y))));
    }
    page_put(p, "\"><title>");
    page_text(p, name);
    page_put(p, "</title></polyline>");
}

void plot_diagonal(struct page *p, const struct plot *f)
{
    page_put(p,
             "<path fill=none stroke=\"%s\" stroke-dasharray=\"4 3\" d=\"M%.1f %.1fL%.1f %.1f\"/>",
             plot_colour(-1), place_x(f, f->x_lo), place_y(f, f->y_lo), place_x(f, f->x_hi),
             place_y(f, f->y_hi));
}

void plot_dot(struct page *p, const struct plot *f, double x, double y, double radius, int colour,
              const char *note)
{
    page_put(p, "<circle cx=%.1f cy=%.1f r=%.1f fill=\"%s\" fill-opacity=.75><title>",
             place_x(f, x), place_y(f, y), radius, plot_colour(colour));
    page_text(p, note);
    page_put(p, "</title></circle>");
}
