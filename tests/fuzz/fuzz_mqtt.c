// What a broker may send, and anything else: the session must keep its bounds and come back.
// The first byte says how the rest is cut into pieces.
#include "firmware/core/link/mote_link.h"

struct feed {
    const uint8_t *p;
    size_t left, grain;
    uint64_t now_us;
};

static int feed_open(void *ctx)
{
    (void)ctx;
    return MOTE_OK;
}
static int feed_send(void *ctx, const void *buf, size_t len)
{
    (void)ctx;
    (void)buf;
    return (int)(len < 100 ? len : 100);
}
static int feed_recv(void *ctx, void *buf, size_t cap)
{
    struct feed *f = ctx;
    size_t n = f->left < f->grain ? f->left : f->grain;
    n = n < cap ? n : cap;
    memcpy(buf, f->p, n);
    f->p += n;
    f->left -= n;
    return n ? (int)n : MOTE_E_CLOSED;
}
static void feed_close(void *ctx)
{
    (void)ctx;
}
static uint64_t feed_now(void *ctx)
{
    return ((struct feed *)ctx)->now_us;
}
static int feed_entropy(void *ctx, void *buf, size_t len)
{
    (void)ctx;
    memset(buf, 0, len);
    return MOTE_OK;
}

static void on_message(void *ctx, const struct mote_link_message *m)
{
    volatile uint8_t sum = 0; // reads every byte that was promised
    (void)ctx;
    for (size_t i = 0; i < m->topic_len; i++) {
        sum = (uint8_t)(sum + (uint8_t)m->topic[i]);
    }
    for (size_t i = 0; i < m->len; i++) {
        sum = (uint8_t)(sum + m->payload[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mote_link link;
    uint8_t rx[128], tx[256];
    struct feed f = {.p = data + 1, .left = size ? size - 1 : 0, .grain = size ? 1u + data[0] : 1};
    if (!size) {
        return 0;
    }
    struct mote_link_config c = {.client_id = "fuzz",
                                 .transport = {&f, feed_open, feed_send, feed_recv, feed_close},
                                 .clock = {&f, feed_now},
                                 .entropy = {&f, feed_entropy},
                                 .rx = rx,
                                 .rx_cap = sizeof(rx),
                                 .tx = tx,
                                 .tx_cap = sizeof(tx),
                                 .message = on_message};
    if (mote_link_init(&link, &c) != MOTE_OK) {
        return 0;
    }
    while (f.left) {
        (void)mote_link_step(&link); // a dropped session comes back and reads on
        f.now_us += 61000000;
    }
    mote_link_stop(&link);
    return 0;
}
