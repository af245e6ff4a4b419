// Clocks, entropy and log of the POSIX port. See posix_sys.h.
#include "firmware/port/posix/posix_sys.h"
#include "common/clock.h"
#include "common/log.h"

#include <sys/random.h>

void posix_clock_init(struct posix_clock *c, double speed)
{
    *c = (struct posix_clock){.speed = speed, .start_us = (uint64_t)clock_mono_us()};
}

static uint64_t device_now(void *ctx)
{
    const struct posix_clock *c = ctx;
    uint64_t real = (uint64_t)clock_mono_us() - c->start_us;
    return (uint64_t)((double)real * c->speed) + c->ahead_us;
}

struct mote_clock posix_device_clock(struct posix_clock *c)
{
    return (struct mote_clock){.ctx = c, .now_us = device_now};
}

void posix_clock_skip(struct posix_clock *c, uint64_t us)
{
    c->ahead_us += us;
}

static uint64_t network_now(void *ctx)
{
    (void)ctx;
    return (uint64_t)clock_mono_us();
}

struct mote_clock posix_network_clock(void)
{
    return (struct mote_clock){.now_us = network_now};
}

static int entropy_fill(void *ctx, void *buf, size_t len)
{
    (void)ctx;
    uint8_t *p = buf;
    while (len) {
        ssize_t n = getrandom(p, len, 0);
        if (n <= 0) {
            return MOTE_E_IO;
        }
        p += n;
        len -= (size_t)n;
    }
    return MOTE_OK;
}

struct mote_entropy posix_entropy(void)
{
    return (struct mote_entropy){.fill = entropy_fill};
}

static void log_line(void *ctx, const char *text)
{
    (void)ctx;
    log_info("%s", text);
}

struct mote_logger posix_logger(void)
{
    return (struct mote_logger){.line = log_line};
}
