// See gate_lines.h.
#include "collector/gate_lines.h"

#include <math.h>

static unsigned read_numbers(char *p, float row[GATE_AXES_MAX])
{
    unsigned n = 0;
    for (;;) {
        p += strspn(p, ", \t\r");
        if (*p == 0) {
            return n;
        }
        char *end;
        float v = strtof(p, &end);
        if (end == p || !isfinite(v) || n == GATE_AXES_MAX || (*end && !strchr(", \t\r", *end))) {
            return 0;
        }
        row[n++] = v;
        p = end;
    }
}

static void learn(struct gate_lines *l, unsigned axes, int64_t now_us)
{
    if (axes != l->axes) {
        l->axes = axes;
        l->readings = 0;
        l->interval_us = 0;
    }
    if (l->readings++ == 0) {
        l->first_us = now_us;
    } else if (l->interval_us == 0 && l->readings == GATE_LEARN) {
        int64_t us = (now_us - l->first_us) / (GATE_LEARN - 1);
        l->interval_us = us > 0 ? us : 1;
    }
}

int gate_lines_push(struct gate_lines *l, char byte, int64_t now_us, float row[GATE_AXES_MAX])
{
    if (byte != '\n') {
        l->skip = l->skip || l->len + 1 >= sizeof l->line || byte == 0;
        if (!l->skip) {
            l->line[l->len++] = byte;
        }
        return 0;
    }
    l->line[l->len] = 0;
    unsigned axes = l->skip ? 0 : read_numbers(l->line, row);
    bool empty = l->len == 0 && !l->skip;
    l->len = 0;
    l->skip = false;
    if (axes == 0) {
        l->bad += !empty;
        return 0;
    }
    learn(l, axes, now_us);
    return 1;
}
