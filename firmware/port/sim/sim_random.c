// Seeded entropy and a clock moved by hand.
#include "firmware/port/sim/sim_random.h"

static int fill(void *ctx, void *buf, size_t len)
{
    uint8_t *p = buf;
    for (size_t i = 0; i < len; i++) {
        p[i] = (uint8_t)sim_random(ctx);
    }
    return MOTE_OK;
}

struct mote_entropy sim_entropy(uint64_t *state)
{
    return (struct mote_entropy){state, fill};
}

static uint64_t now(void *ctx)
{
    return *(uint64_t *)ctx;
}

struct mote_clock sim_clock(uint64_t *now_us)
{
    return (struct mote_clock){now_us, now};
}
