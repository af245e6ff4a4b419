// The byte stream of the simulator: see sim_transport.h.
#include "firmware/port/sim/sim_transport.h"
#include "firmware/port/sim/sim_random.h"

static size_t pipe_put(struct sim_pipe *p, const uint8_t *buf, size_t len)
{
    size_t n = 0;
    for (; n < len && p->len < SIM_PIPE_BYTES; n++) {
        p->bytes[(p->head + p->len++) % SIM_PIPE_BYTES] = buf[n];
    }
    return n;
}

static size_t pipe_get(struct sim_pipe *p, uint8_t *buf, size_t cap)
{
    size_t n = 0;
    for (; n < cap && p->len > 0; n++, p->len--) {
        buf[n] = p->bytes[p->head];
        p->head = (p->head + 1) % SIM_PIPE_BYTES;
    }
    return n;
}

void sim_transport_break(struct sim_transport *t)
{
    t->broken += t->up;
    t->up = false;
    t->opening = 0;
    t->to_server.len = 0;
    t->to_device.len = 0;
}

// How much of a call of len bytes goes through; MOTE_E_CLOSED where the connection is or gets
// broken.
static int allow(struct sim_transport *t, size_t len, size_t *out)
{
    if (t->up && t->break_one_in != 0 && sim_random(&t->random) % t->break_one_in == 0) {
        sim_transport_break(t);
    }
    *out = t->piece == 0 ? len : (size_t)(sim_random(&t->random) % t->piece) + 1;
    *out = *out < len ? *out : len;
    return t->up ? MOTE_OK : MOTE_E_CLOSED;
}

static int link_open(void *ctx)
{
    struct sim_transport *t = ctx;
    if (t->up) {
        return MOTE_OK;
    }
    if (t->refuse) {
        return MOTE_E_IO;
    }
    if (t->opening < t->open_calls) {
        t->opening++;
        return MOTE_E_AGAIN;
    }
    t->up = true;
    t->opened++;
    return MOTE_OK;
}

static int link_send(void *ctx, const void *buf, size_t len)
{
    struct sim_transport *t = ctx;
    size_t n;
    int status = allow(t, len, &n);
    return status != MOTE_OK ? status : (int)pipe_put(&t->to_server, buf, n);
}

static int link_recv(void *ctx, void *buf, size_t cap)
{
    struct sim_transport *t = ctx;
    size_t n;
    int status = allow(t, cap, &n);
    return status != MOTE_OK ? status : (int)pipe_get(&t->to_device, buf, n);
}

static void link_close(void *ctx)
{
    struct sim_transport *t = ctx;
    t->up = false;
    t->opening = 0;
    t->to_device.len = 0; // what the device sent may still be read by the server
}

void sim_transport_init(struct sim_transport *t, uint64_t seed)
{
    memset(t, 0, sizeof(*t));
    t->random = seed;
    t->device = (struct mote_transport){t, link_open, link_send, link_recv, link_close};
}

size_t sim_server_recv(struct sim_transport *t, void *buf, size_t cap)
{
    return pipe_get(&t->to_server, buf, cap);
}

size_t sim_server_send(struct sim_transport *t, const void *buf, size_t len)
{
    return t->up ? pipe_put(&t->to_device, buf, len) : 0;
}
