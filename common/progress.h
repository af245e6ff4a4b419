// A progress bar on a terminal; nothing at all where stderr is not one.
#ifndef COMMON_PROGRESS_H
#define COMMON_PROGRESS_H

struct progress {
    const char *what; // kept, not copied
    int64_t total;
    int64_t started_us, drawn_us; // private
    bool on;
};

void progress_start(struct progress *p, const char *what, int64_t total);
// note: a few words behind the bar, such as "loss 0.31", or NULL.
void progress_set(struct progress *p, int64_t done, const char *note);
// Removes the bar from the terminal.
void progress_end(struct progress *p);

#endif
