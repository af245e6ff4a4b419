// See clock_map.h.
#include "common/clock_map.h"

#include <math.h>

#define CRYSTAL_PPB 200000 // what a clock may drift that was not measured: 200 ppm
#define FLOOR_PPB 20       // no drift is known better
#define RATE_PPB 500000    // beyond that it is no crystal's drift
#define SPAN_MIN_US 500000 // a drift is not taken from less

static const char *const reasons[] = {"first", "refined", "jump", "rate"};

const char *clock_reason_text(enum clock_reason r)
{
    return reasons[r];
}

enum clock_reason clock_reason_of(const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        if (strcmp(text, reasons[i]) == 0) {
            return (enum clock_reason)i;
        }
    }
    return CLOCK_FIRST;
}

static int64_t gain_us(int64_t span_us, int64_t ppb)
{
    return (int64_t)llround((double)span_us * (double)ppb / 1e9);
}

int64_t clock_map_server_us(const struct clock_map *m, int64_t device_us)
{
    int64_t span = device_us - m->device_us;
    return m->server_us + span + gain_us(span, m->drift_ppb);
}

// What the server gains from one point to another, in 1e-9 of the device's time.
static int64_t drift(int64_t device_us, int64_t server_us)
{
    return (int64_t)llround(((double)server_us - (double)device_us) / (double)device_us * 1e9);
}

static struct clock_map at_point(const struct clock_measure *m, enum clock_reason reason)
{
    return (struct clock_map){.device_us = m->device_us,
                              .server_us = m->server_us,
                              .bound_us = m->bound_us,
                              .since_device_us = m->device_us,
                              .since_server_us = m->server_us,
                              .since_bound_us = m->bound_us,
                              .reason = reason};
}

static bool contradicts(const struct clock_map *last, const struct clock_measure *m)
{
    int64_t off = llabs(m->server_us - clock_map_server_us(last, m->device_us));
    int64_t unsure = last->drift_bound_ppb ? last->drift_bound_ppb + FLOOR_PPB * 50 : CRYSTAL_PPB;
    return off > last->bound_us + m->bound_us +
                     gain_us(llabs(m->device_us - last->device_us), unsure) + 1000;
}

// Two jumps in a row by the same rate are a clock of another speed.
static bool same_rate(const struct clock_map *last, const struct clock_map *before,
                      const struct clock_measure *m, struct clock_map *next)
{
    int64_t first = before ? last->device_us - before->device_us : 0,
            second = m->device_us - last->device_us;
    if (!before || last->reason != CLOCK_JUMP || first < SPAN_MIN_US || second < SPAN_MIN_US) {
        return false;
    }
    int64_t a = drift(first, last->server_us - before->server_us),
            b = drift(second, m->server_us - last->server_us);
    double unsure = ((double)before->bound_us + (double)last->bound_us) / (double)first +
                    ((double)last->bound_us + (double)m->bound_us) / (double)second;
    if (llabs(a - b) > (int64_t)(unsure * 1e9) + llabs(a) / 100 || llabs(b) < RATE_PPB) {
        return false;
    }
    *next = at_point(m, CLOCK_RATE);
    next->since_device_us = last->device_us;
    next->since_server_us = last->server_us;
    next->since_bound_us = last->bound_us;
    next->drift_ppb = b;
    next->drift_bound_ppb =
        (int64_t)(1e9 * ((double)last->bound_us + (double)m->bound_us) / (double)second) +
        FLOOR_PPB + llabs(b) / 1000;
    return true;
}

static bool refines(const struct clock_map *last, const struct clock_measure *m,
                    struct clock_map *next)
{
    int64_t span = m->device_us - last->since_device_us;
    if (span < SPAN_MIN_US) {
        return false;
    }
    int64_t bound =
        (int64_t)(1e9 * ((double)last->since_bound_us + (double)m->bound_us) / (double)span) +
        FLOOR_PPB;
    int64_t known = last->drift_bound_ppb ? last->drift_bound_ppb : CRYSTAL_PPB;
    if (bound > known / 2) {
        return false;
    }
    *next = *last;
    next->reason = CLOCK_REFINED;
    next->device_us = m->device_us;
    next->server_us = m->server_us;
    next->bound_us = m->bound_us;
    next->drift_ppb = drift(span, m->server_us - last->since_server_us);
    next->drift_bound_ppb = bound;
    return true;
}

bool clock_map_step(const struct clock_map *last, const struct clock_map *before,
                    const struct clock_measure *m, struct clock_map *next)
{
    if (!last) {
        *next = at_point(m, CLOCK_FIRST);
        return true;
    }
    if (m->device_us <= last->device_us && !contradicts(last, m)) {
        return false; // an answer that came late
    }
    if (contradicts(last, m)) {
        if (!same_rate(last, before, m, next)) {
            *next = at_point(m, CLOCK_JUMP);
        }
        return true;
    }
    return refines(last, m, next);
}
