// What a search found, as JSON and as a page: accuracy against time on the board, the front drawn through. See tune_run.h.
#include "common/board/board.h"
#include "common/buf.h"
#include "common/err.h"
#include "trainer/tune_run.h"

#include <math.h>

static const char *const states[] = {"waiting", "done", "does not fit", "failed"};

json_t *tune_json(const struct tune *t, const struct tune_options *o)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < t->trials; i++) {
        const struct tune_trial *x = &t->trial[i];
        json_t *row = json_pack("{s:s, s:s, s:s, s:i, s:I, s:b}", "what", x->what, "state",
                                states[x->state], "why", x->why, "rung", x->rung + 1, "epochs",
                                (json_int_t)x->epochs, "front", x->front);
        if (row && x->state == TUNE_DONE) {
            json_object_set_new(row, t->classes ? "accuracy" : "score", json_real(x->score));
            json_object_set_new(row, "ms", json_real(x->ms));
            json_object_set_new(row, "bytes", json_integer(x->bytes));
            json_object_set_new(row, "arena", json_integer(x->arena));
            json_object_set_new(row, "macs", json_integer(x->macs));
        }
        json_array_append_new(rows, row);
    }
    return json_pack("{s:s, s:s, s:I, s:I, s:f, s:f, s:I, s:I, s:I, s:o}", "recipe", o->recipe,
                     "board", o->board->id, "ram", (json_int_t)o->ram, "flash",
                     (json_int_t)o->flash, "ms", o->ms, "candidates", t->space.size, "trainings",
                     (json_int_t)t->runs, "reused", (json_int_t)t->reused, "seed",
                     (json_int_t)o->seed, "trials", rows);
}

// Text that people wrote, for HTML.
static int put_text(struct buf *b, const char *text)
{
    int rc = OK;
    for (const char *p = text; *p && rc == OK; p++) {
        const char *safe = *p == '&'   ? "&amp;"
                           : *p == '<' ? "&lt;"
                           : *p == '>' ? "&gt;"
                           : *p == '"' ? "&quot;"
                                       : NULL;
        rc = safe ? buf_puts(b, safe) : buf_put(b, p, 1);
    }
    return rc;
}

enum { WIDE = 720, HIGH = 380, LEFT = 56, TOP = 16, RIGHT = 16, BOTTOM = 44 };

struct frame { // of the plot: time runs in decades, the score straight
    double x0, x1, y0, y1;
};

static double at_x(const struct frame *f, double ms)
{
    return LEFT + (log10(ms) - f->x0) / (f->x1 - f->x0) * (WIDE - LEFT - RIGHT);
}
static double at_y(const struct frame *f, double score)
{
    return HIGH - BOTTOM - (score - f->y0) / (f->y1 - f->y0) * (HIGH - TOP - BOTTOM);
}

static bool is_drawn(const struct tune_trial *x)
{
    return x->state == TUNE_DONE && x->ms > 0;
}

static struct frame frame_of(const struct tune *t)
{
    struct frame f = {INFINITY, -INFINITY, INFINITY, -INFINITY};
    for (size_t i = 0; i < t->trials; i++) {
        const struct tune_trial *x = &t->trial[i];
        if (is_drawn(x)) {
            f.x0 = fmin(f.x0, log10(x->ms));
            f.x1 = fmax(f.x1, log10(x->ms));
            f.y0 = fmin(f.y0, x->score);
            f.y1 = fmax(f.y1, x->score);
        }
    }
    double across = fmax(f.x1 - f.x0, 0.2) * 0.06, up = fmax(f.y1 - f.y0, 0.02) * 0.08;
    return (struct frame){f.x0 - across, f.x1 + across, f.y0 - up, f.y1 + up};
}

static int draw_axes(struct buf *b, const struct frame *f, const struct tune *t,
                     const struct tune_options *o)
{
    int rc = OK;
    for (int d = -4; d <= 6 && rc == OK; d++) {
        for (int m = 1; m < 10 && rc == OK; m += m == 2 ? 3 : m == 1 ? 1 : 5) { // 1 2 5
            double ms = m * pow(10, d);
            if (log10(ms) >= f->x0 && log10(ms) <= f->x1) {
                rc = buf_printf(b,
                                "<path class=grid d='M%.1f %dV%d'/><text x=%.1f y=%d "
                                "text-anchor=middle>%g</text>\n",
                                at_x(f, ms), TOP, HIGH - BOTTOM, at_x(f, ms), HIGH - BOTTOM + 16,
                                ms);
            }
        }
    }
    double step = pow(10, floor(log10(f->y1 - f->y0)));
    step = (f->y1 - f->y0) / step < 2 ? step / 5 : (f->y1 - f->y0) / step < 5 ? step / 2 : step;
    for (double y = ceil(f->y0 / step) * step; y <= f->y1 && rc == OK; y += step) {
        rc = buf_printf(
            b, "<path class=grid d='M%d %.1fH%d'/><text x=%d y=%.1f text-anchor=end>%.3g</text>\n",
            LEFT, at_y(f, y), WIDE - RIGHT, LEFT - 6, at_y(f, y) + 4, y);
    }
    rc = rc ? rc
            : buf_printf(b,
                         "<text x=%d y=%d text-anchor=middle>estimated milliseconds of the "
                         "network: %s</text>\n",
                         (LEFT + WIDE - RIGHT) / 2, HIGH - 8, o->board->title);
    return rc ? rc
              : buf_printf(
                    b,
                    "<text transform='translate(14 %d) rotate(-90)' text-anchor=middle>%s</text>\n",
                    (TOP + HIGH - BOTTOM) / 2,
                    t->classes ? "accuracy on validation groups, int8"
                               : "negative validation loss");
}

static int draw_points(struct buf *b, const struct frame *f, const struct tune *t)
{
    int rc = OK;
    for (size_t i = t->trials; i-- > 0 && rc == OK;) { // the best last, on top
        const struct tune_trial *x = &t->trial[i];
        if (is_drawn(x)) {
            rc = buf_printf(b, "<circle cx=%.1f cy=%.1f r=%d class=%s><title>", at_x(f, x->ms),
                            at_y(f, x->score), 3 + 2 * x->rung,
                            i == 0     ? "best"
                            : x->front ? "front"
                                       : "rest");
            rc = rc ? rc : put_text(b, x->what);
            rc = rc ? rc
                    : buf_printf(b, " - %.4f, %.2f ms, %lld bytes, %lld epochs</title></circle>\n",
                                 x->score, x->ms, (long long)x->bytes, (long long)x->epochs);
        }
    }
    return rc;
}

static int put_row(struct buf *b, const struct tune_trial *x)
{
    int rc = buf_printf(b, "<tr class=%s><td>", x->front ? "front" : "rest");
    rc = rc ? rc : put_text(b, x->what);
    if (rc == OK && x->state == TUNE_DONE) {
        return buf_printf(b, "<td>%.4f<td>%.2f<td>%lld<td>%lld<td>%lld<td>%s\n", x->score, x->ms,
                          (long long)x->bytes, (long long)x->arena, (long long)x->epochs,
                          x->front ? "yes" : "");
    }
    rc = rc ? rc : buf_printf(b, "<td colspan=6>%s: ", states[x->state]);
    rc = rc ? rc : put_text(b, x->why);
    return rc ? rc : buf_puts(b, "\n");
}

int tune_page(const struct tune *t, const struct tune_options *o, struct buf *out)
{
    const struct frame f = frame_of(t);
    int rc = buf_puts(
        out,
        "<!doctype html><html lang=en><meta charset=utf-8><title>Search</title><style>"
        "body{font:15px/1.45 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 "
        "1rem;color:#1b2733;background:#fff}"
        "svg{width:100%;height:auto}text{font-size:12px;fill:#51606e}.grid{stroke:#e3e8ec}"
        ".rest{fill:#b6c2cc}.front{fill:#2f7fd1}.best{fill:#d1492f}"
        "table{border-collapse:collapse;width:100%}td,th{padding:.25rem .5rem;border-bottom:1px "
        "solid #e3e8ec;text-align:right}"
        "td:first-child,th:first-child{text-align:left}tr.front td{font-weight:600}"
        "@media(prefers-color-scheme:dark){body{background:#12181e;color:#dfe6ec}.grid{stroke:#"
        "2a343d}"
        "td,th{border-color:#2a343d}.rest{fill:#52606c}text{fill:#93a1ad}}</style>\n<h1>Search: ");
    rc = rc ? rc : put_text(out, o->recipe);
    rc = rc ? rc
            : buf_printf(out,
                         "</h1>\n<p>%zu of %.0f candidates, %zu trainings. Limits: %lld bytes of "
                         "RAM, %lld of flash",
                         t->trials, t->space.size, t->runs, (long long)o->ram, (long long)o->flash);
    rc = rc || o->ms <= 0 ? rc : buf_printf(out, ", %.3g ms", o->ms);
    rc = rc ? rc
            : buf_puts(out, ". The larger a point, the longer it was trained; red is the winner, "
                            "blue are those that "
                            "nothing beats in accuracy, time and bytes at once.</p>\n");
    if (rc == OK && isfinite(f.x0)) {
        rc = buf_printf(out,
                        "<svg viewBox='0 0 %d %d' role=img aria-label='Accuracy against time'>\n",
                        WIDE, HIGH);
        rc = rc ? rc : draw_axes(out, &f, t, o);
        rc = rc ? rc : draw_points(out, &f, t);
        rc = rc ? rc : buf_puts(out, "</svg>\n");
    }
    rc = rc ? rc
            : buf_puts(
                  out,
                  "<table><tr><th>candidate<th>score<th>ms<th>bytes<th>arena<th>epochs<th>front\n");
    for (size_t i = 0; i < t->trials && rc == OK; i++) {
        rc = put_row(out, &t->trial[i]);
    }
    return rc ? rc : buf_puts(out, "</table></html>\n");
}
