// A progress bar on stderr. See progress.h.
#include "common/progress.h"
#include "common/clock.h"

#include <unistd.h>

void progress_start(struct progress *p, const char *what, int64_t total)
{
    *p = (struct progress){
        .what = what, .total = total > 0 ? total : 1, .started_us = clock_mono_us()};
    p->on = isatty(STDERR_FILENO);
}

void progress_set(struct progress *p, int64_t done, const char *note)
{
    enum { WIDTH = 24, REDRAW_US = 66000 };
    if (!p->on) {
        return;
    }
    int64_t now = clock_mono_us();
    if (now - p->drawn_us < REDRAW_US && done < p->total) {
        return;
    }
    p->drawn_us = now;
    double share = (double)done / (double)p->total;
    share = share < 0 ? 0 : share > 1 ? 1 : share;
    char bar[WIDTH + 1];
    for (int i = 0; i < WIDTH; i++) {
        bar[i] = i < (int)(share * WIDTH + 0.5) ? '#' : '.';
    }
    bar[WIDTH] = 0;
    double passed = (double)(now - p->started_us) / 1e6;
    double left = share > 0.01 ? passed / share - passed : 0;
    fprintf(stderr, "\r%s [%s] %3d%%  %.0f s left  %s\033[K", p->what, bar, (int)(share * 100),
            left, note ? note : "");
}

void progress_end(struct progress *p)
{
    if (p->on) {
        fprintf(stderr, "\r\033[K");
        p->on = false;
    }
}
