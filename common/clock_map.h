// Device time to server time. A device answers a question for its time at once; the server's times of asking and of the
// answer bound the moment at which its clock showed what it says. Of several exchanges the quickest counts.
//
// A mapping is a point, a drift, and how far each may be off. A new version is made only where a measurement says more
// than the last one: it narrows the drift to half ('refined'), contradicts it ('jump': a clock was set, or jumped), or
// contradicts it twice in the same way ('rate': the clock runs at another speed). A measurement that came late has a
// wide bound and contradicts nothing.
#ifndef COMMON_CLOCK_MAP_H
#define COMMON_CLOCK_MAP_H

struct clock_measure {
    int64_t device_us; // the device's clock showed this ...
    int64_t server_us; // ... at this server time, the middle of the exchange,
    int64_t bound_us;  // or half of the exchange earlier or later
};
enum clock_reason { CLOCK_FIRST, CLOCK_REFINED, CLOCK_JUMP, CLOCK_RATE };
struct clock_map { // drift_bound_ppb 0: the drift is not measured yet; see blocks_006.sql for the
                   // rest
    int64_t device_us, server_us, bound_us, drift_ppb, drift_bound_ppb, since_device_us,
        since_server_us, since_bound_us;
    enum clock_reason reason;
};

const char *clock_reason_text(enum clock_reason r);
enum clock_reason clock_reason_of(const char *text); // CLOCK_FIRST where it is none
// Server time of a device time.
int64_t clock_map_server_us(const struct clock_map *m, int64_t device_us);
// last: the newest mapping, NULL where there is none; before: the one in front of it, or NULL. True: m says more, and
// *next is the mapping from now on.
bool clock_map_step(const struct clock_map *last, const struct clock_map *before,
                    const struct clock_measure *m, struct clock_map *next);

#endif
