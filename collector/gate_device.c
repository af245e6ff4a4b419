// See gate_device.h.
#include "collector/gate_device.h"

#include <sodium.h>

#define RESEND_US 3000000

int gate_device_init(struct gate_device *d)
{
    *d = (struct gate_device){.recording = 1};
    d->block = calloc(GATE_BLOCKS_MAX, sizeof *d->block);
    if (!d->block || sodium_init() < 0) {
        return -1;
    }
    randombytes_buf(d->session, sizeof d->session);
    return 0;
}

void gate_device_release(struct gate_device *d)
{
    free(d->block);
    d->block = NULL;
}

static struct gate_block *add_block(struct gate_device *d)
{
    if (d->count == GATE_BLOCKS_MAX) {
        // The record of what goes takes the place of the second oldest; it stands for everything up to there.
        struct gate_block *oldest = &d->block[d->first],
                          *next = &d->block[(d->first + 1) % GATE_BLOCKS_MAX];
        uint8_t body[64];
        struct mote_dropped loss = {
            .first = oldest->seq, .last = next->seq, .reason = {"overflow", 8}};
        int len = mote_dropped_encode(body, sizeof body, &loss);
        struct mote_block b = {.kind = MOTE_BLOCK_DROPPED,
                               .seq = oldest->seq,
                               .data = body,
                               .data_len = len > 0 ? (size_t)len : 0};
        memcpy(b.session, d->session, sizeof b.session);
        len = mote_block_encode(next->bytes, sizeof next->bytes, &b);
        next->seq = oldest->seq;
        next->len = len > 0 ? (uint32_t)len : 0;
        d->first = (d->first + 1) % GATE_BLOCKS_MAX;
        d->count--;
    }
    return &d->block[(d->first + d->count++) % GATE_BLOCKS_MAX];
}

void gate_device_flush(struct gate_device *d, bool end)
{
    if (d->used == 0) {
        return;
    }
    size_t frames = d->used / (4 * d->axes);
    struct gate_block *k = add_block(d);
    struct mote_block b = {.seq = d->next_seq,
                           .t_us = d->t_us,
                           .interval_ns = d->interval_ns,
                           .type = MOTE_F32,
                           .channels = (uint8_t)d->axes,
                           .scale = 1.0f,
                           .recording = d->recording,
                           .label = d->label,
                           .flags = end ? MOTE_BLOCK_REC_END : 0,
                           .data = d->data,
                           .data_len = d->used};
    memcpy(b.session, d->session, sizeof b.session);
    int len = mote_block_encode(k->bytes, sizeof k->bytes, &b);
    k->seq = d->next_seq++;
    k->len = len > 0 ? (uint32_t)len : 0;
    d->t_us += frames * d->interval_ns / 1000;
    d->used = 0;
    if (end) {
        d->recording++;
        d->recording_frames = 0;
    }
}

void gate_device_shape(struct gate_device *d, unsigned axes, uint64_t interval_ns, uint64_t t_us)
{
    gate_device_flush(d, true);
    d->axes = axes;
    d->interval_ns = interval_ns;
    d->t_us = t_us;
}

void gate_device_row(struct gate_device *d, const float *row)
{
    for (unsigned i = 0; i < d->axes; i++) {
        mote_putf(d->data + d->used, row[i]);
        d->used += 4;
    }
    d->recording_frames++;
    bool last = d->recording_frames >= d->frames_max;
    if (last || d->used + 4 * d->axes > sizeof d->data) {
        gate_device_flush(d, last);
    }
}

void gate_device_send(struct gate_device *d, int64_t now_us, gate_publish_fn publish, void *ctx)
{
    if (d->count == 0) {
        d->progress_us = now_us;
        return;
    }
    uint64_t base = d->block[d->first].seq;
    if (now_us - d->progress_us > RESEND_US || d->sent < base) {
        d->sent = base;
        d->progress_us = now_us;
    }
    for (size_t i = 0; i < d->count && i < GATE_WINDOW; i++) {
        const struct gate_block *k = &d->block[(d->first + i) % GATE_BLOCKS_MAX];
        if (k->seq >= d->sent) {
            if (!publish(ctx, k->bytes, k->len)) {
                return;
            }
            d->sent = k->seq + 1;
        }
    }
}

void gate_device_ack(struct gate_device *d, const uint8_t *p, size_t len, int64_t now_us)
{
    struct mote_ack ack[16];
    int count = mote_acks_decode(ack, 16, p, len);
    for (int i = 0; i < count; i++) {
        if (memcmp(ack[i].session, d->session, MOTE_SESSION_LEN) != 0 ||
            ack[i].stream.len != d->stream.len ||
            memcmp(ack[i].stream.p, d->stream.p, d->stream.len) != 0) {
            continue;
        }
        while (d->count > 0 && d->block[d->first].seq < ack[i].next) {
            d->first = (d->first + 1) % GATE_BLOCKS_MAX;
            d->count--;
            d->progress_us = now_us;
        }
    }
}
