// The page's parts. See report.h.
#include "trainer/report.h"
#include "common/buf.h"
#include "common/err.h"
#include "trainer/report_priv.h"

#include <math.h>

static const char style[] =
    ":root{color-scheme:light;--ink:#1d2733;--dim:#5b6776;--line:#d9dfe6;--soft:#f5f7f9}"
    "body{font:15px/1.45 system-ui,sans-serif;color:var(--ink);margin:0 auto;"
    "max-width:1080px;padding:24px}"
    "h1{font-size:24px;margin:0}"
    "h2{font-size:18px;margin:34px 0 8px;border-top:1px solid var(--line);padding-top:18px}"
    "p{margin:6px 0;color:var(--dim);max-width:76ch}"
    "code{font-size:13px}"
    ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px;"
    "margin:18px 0}"
    ".tile{background:var(--soft);border-radius:8px;padding:10px 14px}"
    ".tile b{display:block;font-size:24px}"
    ".tile span{color:var(--dim);font-size:13px}"
    "table{border-collapse:collapse;margin:10px 0;font-size:14px}"
    "th,td{padding:4px 10px;text-align:right;border-bottom:1px solid var(--line)}"
    "th{color:var(--dim);font-weight:600}"
    "th:first-child,td:first-child{text-align:left}"
    "tr.chosen td{background:#fff3d6;font-weight:600}"
    ".m td,.m th{border:1px solid #fff;min-width:42px;text-align:center}"
    ".m th:first-child{text-align:right}"
    ".plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(400px,1fr));gap:12px}"
    ".plot{margin:0;max-width:500px}"
    "svg{width:100%;height:auto;font:10px system-ui,sans-serif}"
    ".g{stroke:#e8ecf0;fill:none}"
    ".k{fill:#5b6776}"
    ".a{fill:#3a4553;font-size:11px}"
    ".t{font-size:12px;font-weight:600}"
    ".key{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:13px;margin:6px 0}"
    ".key i{display:inline-block;width:12px;height:12px;border-radius:3px;margin-right:6px;"
    "vertical-align:-1px}"
    ".bar{display:inline-block;height:10px;background:#0072b2;border-radius:2px;"
    "vertical-align:middle}"
    ".track{text-align:left;display:inline-block;width:180px;background:#e8ecf0;border-radius:2px;"
    "line-height:0;vertical-align:middle}";

static double number(const json_t *o, const char *key)
{
    return json_number_value(json_object_get(o, key));
}

static const char *string(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static void tile(struct page *p, const char *name, const char *note, double value)
{
    page_put(p, "<div class=tile><span>%s</span><b>%.1f %%</b><span>", name, 100 * value);
    page_text(p, note);
    page_put(p, "</span></div>");
}

static void tiles(struct page *p, const json_t *r, const json_t *m, const char *form)
{
    char note[96];
    const json_t *ci = json_object_get(m, "interval");
    page_put(p, "<div class=tiles>");
    snprintf(note, sizeof(note), "95 %%: %.1f to %.1f %%",
             100 * json_number_value(json_array_get(ci, 0)),
             100 * json_number_value(json_array_get(ci, 1)));
    snprintf(note + strlen(note), sizeof(note) - strlen(note), ", %s", form);
    tile(p, "accuracy", note, number(m, "accuracy"));
    if (json_object_get(r, "float") && strcmp(form, "float") != 0) {
        tile(p, "accuracy", "float", number(json_object_get(r, "float"), "accuracy"));
    }
    tile(p, "macro F1", "mean over classes", number(m, "macro_f1"));
    snprintf(note, sizeof(note), "%lld recordings, by highest sum of scores",
             (long long)number(r, "recordings"));
    if (json_object_get(m, "recording_accuracy")) {
        tile(p, "by recording", note, number(m, "recording_accuracy"));
    }
    tile(p, "calibration error", "mean gap of score and accuracy", number(m, "calibration_error"));
    tile(p, "uncertain", "below threshold, or novel", number(m, "uncertain"));
    page_put(p, "</div><p>The interval counts windows as independent. Those of one recording or "
                "person are not: with few groups "
                "the truth may lie further off.</p>\n");
}

static void confusion(struct page *p, const json_t *m, const json_t *labels)
{
    size_t i, j;
    json_t *row, *cell;
    page_put(p, "<h2>Confusion</h2><p>Rows: what it was. Columns: what the model said. Colour: "
                "share of the row.</p>"
                "<table class=m><tr><th></th>");
    json_array_foreach(labels, i, cell)
    {
        page_put(p, "<th>");
        page_text(p, json_string_value(cell));
        page_put(p, "</th>");
    }
    page_put(p, "</tr>");
    json_array_foreach(json_object_get(m, "confusion"), i, row)
    {
        double sum = 0;
        page_put(p, "<tr><th>");
        page_text(p, json_string_value(json_array_get(labels, i)));
        page_put(p, "</th>");
        json_array_foreach(row, j, cell)
        {
            sum += json_number_value(cell);
        }
        json_array_foreach(row, j, cell)
        {
            double share = sum > 0 ? json_number_value(cell) / sum : 0;
            const char *rgb = i == j ? "0,114,178" : "213,94,0";
            page_put(p,
                     "<td style=\"background:rgba(%s,%.2f);color:%s\" title=\"%.1f %%\">%lld</td>",
                     rgb, share, share > 0.6 ? "#fff" : "inherit", 100 * share,
                     (long long)json_integer_value(cell));
        }
        page_put(p, "</tr>");
    }
    page_put(p, "</table>\n");
}

static void classes(struct page *p, const json_t *m, const json_t *curves)
{
    size_t i;
    json_t *c;
    page_put(p, "<h2>Classes</h2><table><tr><th>class</th><th>windows</th><th>precision</"
                "th><th>recall</th><th>F1</th>"
                "<th>ROC area</th><th>average precision</th></tr>");
    json_array_foreach(json_object_get(m, "classes"), i, c)
    {
        double area = number(c, "roc_area"),
               precision = number(json_array_get(json_object_get(curves, "classes"), i),
                                  "average_precision");
        page_put(p, "<tr><td>");
        page_text(p, string(c, "label"));
        page_put(p, "</td><td>%lld</td><td>%.3f</td><td>%.3f</td><td>%.3f</td>",
                 (long long)number(c, "windows"), number(c, "precision"), number(c, "recall"),
                 number(c, "f1"));
        if (area >= 0) {
            page_put(p, "<td>%.3f</td><td>%.3f</td></tr>", area, precision);
        } else {
            page_put(p, "<td>&ndash;</td><td>&ndash;</td></tr>");
        }
    }
    page_put(p, "</table>\n");
}

static void class_key(struct page *p, const json_t *labels)
{
    size_t i;
    json_t *l;
    page_put(p, "<div class=key>");
    json_array_foreach(labels, i, l)
    {
        page_put(p, "<span><i style=\"background:%s\"></i>", plot_colour((int)i));
        page_text(p, json_string_value(l));
        page_put(p, "</span>");
    }
    page_put(p, "</div>");
}

static void curves_of(struct page *p, const json_t *curves, const json_t *labels)
{
    const struct plot roc = {0,
                             1,
                             0,
                             1,
                             "false positive rate",
                             "true positive rate",
                             "ROC, each class against the rest"};
    const struct plot pr = {0, 1, 0, 1, "recall", "precision", "Precision and recall"};
    const struct plot cal = {0, 1, 0, 1, "score", "accuracy", "Calibration"};
    const struct plot thr = {0, 1, 0, 1, "threshold", "share", "What a threshold keeps"};
    const json_t *list = json_object_get(curves, "classes"),
                 *bins = json_object_get(curves, "calibration");
    size_t i;
    json_t *c;
    double all = 1;
    page_put(p, "<h2>Curves</h2><p>Calibration: dots by number of windows; on the dashed line "
                "scores mean what they say. Threshold: blue the "
                "accuracy of windows whose top score is at or over it, orange their share.</p>");
    class_key(p, labels);
    page_put(p, "<div class=plots>");
    plot_begin(p, &roc);
    plot_diagonal(p, &roc);
    json_array_foreach(list, i, c)
    {
        plot_line(p, &roc, json_object_get(c, "roc"), 0, 1, (int)i, string(c, "label"));
    }
    plot_end(p);
    plot_begin(p, &pr);
    json_array_foreach(list, i, c)
    {
        plot_line(p, &pr, json_object_get(c, "pr"), 0, 1, (int)i, string(c, "label"));
    }
    plot_end(p);
    plot_begin(p, &cal);
    plot_diagonal(p, &cal);
    plot_line(p, &cal, bins, 0, 1, 0, "calibration");
    json_array_foreach(bins, i, c)
    {
        all = fmax(all, json_number_value(json_array_get(c, 2)));
    }
    json_array_foreach(bins, i, c)
    {
        char note[64];
        double n = json_number_value(json_array_get(c, 2));
        snprintf(note, sizeof(note), "%lld windows", (long long)n);
        plot_dot(p, &cal, json_number_value(json_array_get(c, 0)),
                 json_number_value(json_array_get(c, 1)), 1.5 + 5 * sqrt(n / all), 0, note);
    }
    plot_end(p);
    plot_begin(p, &thr);
    plot_line(p, &thr, json_object_get(curves, "thresholds"), 0, 2, 0,
              "accuracy of the windows kept");
    plot_line(p, &thr, json_object_get(curves, "thresholds"), 0, 1, 1, "share of windows kept");
    plot_end(p);
    page_put(p, "</div>\n");
}

static void groups(struct page *p, const json_t *curves)
{
    size_t i;
    json_t *g;
    page_put(p, "<h2>Groups, the worst first</h2><p>Devices, users or speakers, as the data names "
                "them.</p><table><tr><th>group</th>"
                "<th>windows</th><th>accuracy</th><th></th></tr>");
    json_array_foreach(json_object_get(curves, "groups"), i, g)
    {
        double a = number(g, "accuracy");
        if (i >= 30) {
            page_put(p, "<tr><td colspan=4>and %zu more</td></tr>",
                     json_array_size(json_object_get(curves, "groups")) - i);
            break;
        }
        page_put(p, "<tr><td>");
        page_text(p, string(g, "group"));
        page_put(p,
                 "</td><td>%lld</td><td>%.1f %%</td><td><span class=track><span class=bar "
                 "style=\"width:%.0fpx\"></span></span></td></tr>",
                 (long long)number(g, "windows"), 100 * a, 180 * a);
    }
    page_put(p, "</table>\n");
}

static void against_float(struct page *p, const json_t *r)
{
    const json_t *c = json_object_get(r, "int8_against_float"), *a = json_object_get(r, "int8"),
                 *b = json_object_get(r, "float");
    if (!c) {
        return;
    }
    page_put(p, "<h2>int8 against float</h2><table><tr><th></th><th>accuracy</th><th>macro "
                "F1</th><th>calibration error</th><th>right alone</th></tr>");
    page_put(p,
             "<tr><td>float</td><td>%.4f</td><td>%.4f</td><td>%.4f</td><td>%lld windows</td></tr>",
             number(b, "accuracy"), number(b, "macro_f1"), number(b, "calibration_error"),
             (long long)number(c, "right_second_only"));
    page_put(p,
             "<tr><td>int8</td><td>%.4f</td><td>%.4f</td><td>%.4f</td><td>%lld "
             "windows</td></tr></table>",
             number(a, "accuracy"), number(a, "macro_f1"), number(a, "calibration_error"),
             (long long)number(c, "right_first_only"));
    page_put(p,
             "<p>The same class for %.2f %% of %lld windows; scores differ by %.4f on average and "
             "%.4f at most.</p>\n",
             100 * number(c, "same_class"), (long long)number(c, "windows"),
             number(c, "score_difference_mean"), number(c, "score_difference_max"));
}

static void point_row(struct page *p, const json_t *o, const char *name, bool chosen)
{
    page_put(p,
             "<tr%s><td>%s</td><td>%lld</td><td>%.2f</td><td>%lld</td><td>%.2f</td><td>%.1f "
             "%%</td><td>%.1f s</td></tr>",
             chosen ? " class=chosen" : "", name, (long long)number(o, "smooth"),
             number(o, "threshold"), (long long)number(o, "suppress"),
             number(o, "false_alarms_per_hour"), 100 * number(o, "missed"), number(o, "delay_s"));
}

// To 1, 2 or 5 times a power of ten, so that ticks are plain numbers.
static double round_up(double v)
{
    double ten = pow(10, floor(log10(v)));
    return v <= ten ? ten : v <= 2 * ten ? 2 * ten : v <= 5 * ten ? 5 * ten : 10 * ten;
}

static void stream(struct page *p, const json_t *s)
{
    const json_t *front = json_object_get(s, "front"), *chosen = json_object_get(s, "chosen"),
                 *own = json_object_get(s, "shipped");
    size_t i;
    json_t *o;
    double most = 1;
    if (!s) {
        return;
    }
    page_put(p,
             "<h2>As a stream of decisions</h2><p>Whole recordings through the device's smoothing, "
             "threshold and suppression: %.2f hours with "
             "labels, %lld events. A false alarm is a decision whose window touches events of "
             "other classes alone; delay is from an event's "
             "start to the end of the window that decides it. Decisions where nothing is labelled "
             "are not judged. Orange: this model as shipped; green: the best setting under the "
             "limit; blue: all settings that no other beats in false alarms, missed events and "
             "delay together.</p><div class=plots>",
             number(s, "hours"), (long long)number(s, "events"));
    json_array_foreach(front, i, o)
    {
        most = fmax(most, number(o, "false_alarms_per_hour"));
    }
    most = round_up(fmax(most, number(own, "false_alarms_per_hour")));
    const struct plot f = {
        0, most, 0, 1, "false alarms an hour", "events missed", "Settings that nothing beats"};
    plot_begin(p, &f);
    json_array_foreach(front, i, o)
    {
        char note[96];
        snprintf(note, sizeof(note), "smooth %lld, threshold %.2f, suppress %lld: delay %.1f s",
                 (long long)number(o, "smooth"), number(o, "threshold"),
                 (long long)number(o, "suppress"), number(o, "delay_s"));
        plot_dot(p, &f, number(o, "false_alarms_per_hour"), number(o, "missed"), 2.5, 0, note);
    }
    plot_dot(p, &f, number(chosen, "false_alarms_per_hour"), number(chosen, "missed"), 5, 2,
             "best under the limit");
    plot_dot(p, &f, number(own, "false_alarms_per_hour"), number(own, "missed"), 5, 1,
             "as shipped");
    plot_end(p);
    page_put(p, "</div><table><tr><th></th><th>smooth</th><th>threshold</th><th>suppress</"
                "th><th>false alarms an hour</th><th>events missed</th>"
                "<th>delay</th></tr>");
    point_row(p, own, "as shipped", false);
    char name[64];
    snprintf(name, sizeof(name), "best under %.3g an hour", number(s, "allowed"));
    point_row(p, chosen, name, true);
    page_put(p, "</table><p>\"Best\" was chosen on these very recordings, so it flatters: set it "
                "by <code>[decision] choose = yes</code>, which "
                "takes the validation groups, and judge it here.</p>\n");
}

int report_html(const json_t *r, struct buf *out, struct err *e)
{
    struct page p = {.b = out};
    bool int8 = json_object_get(r, "int8") != NULL;
    const char *form = int8 ? "int8" : "float";
    const json_t *m = json_object_get(r, form), *labels = json_object_get(r, "labels"),
                 *curves = json_object_get(m, "curves");
    p.rc = buf_puts(out, "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport "
                         "content=\"width=device-width\"><title>Model ");
    page_put(&p, "%.12s</title><style>", string(r, "model"));
    p.rc = p.rc ? p.rc : buf_puts(out, style);
    page_put(&p,
             "</style><h1>How good is this model?</h1><p>Model <code>%.64s</code>, %lld windows of "
             "%lld recordings that it was judged on",
             string(r, "model"), (long long)number(r, "windows"),
             (long long)number(r, "recordings"));
    page_put(&p, ", by the device runtime. Moteloop %s.</p>\n", MOTELOOP_VERSION);
    tiles(&p, r, m, form);
    confusion(&p, m, labels);
    classes(&p, m, curves);
    curves_of(&p, curves, labels);
    stream(&p, json_object_get(r, "stream"));
    groups(&p, curves);
    against_float(&p, r);
    page_put(&p, "</html>\n");
    return p.rc ? err_set(e, p.rc, "cannot write the report: %s",
                          p.rc == E_LIMIT ? "a text is too long" : "out of memory")
                : OK;
}
