// Recording at a lower rate than the sensor's: every recorded frame is the mean of so many frames
// of the sensor. The mean is the simplest filter that keeps most of what lies above the new rate
// from appearing below it; inference still sees every frame.
//
// The sum of the frame under way, 8 bytes a channel (a 64-bit integer, or a float), lies behind the
// stream's buffer, whose capacity is smaller by that while such a recording runs.
#include "firmware/core/agent/agent_priv.h"

#define CELL 8 // bytes

static uint8_t *sum_of(const struct mote_agent *a, unsigned i)
{
    const struct mote_agent_stream *s = &a->stream[i];
    return s->buf + s->room - (size_t)CELL * a->config.sensor.streams[i].channels;
}

void agent_thin_start(struct mote_agent *a, unsigned i)
{
    struct mote_agent_stream *s = &a->stream[i];
    size_t sum = (size_t)CELL * a->config.sensor.streams[i].channels;
    bool fits = s->room >= sum + s->frame_bytes;
    s->thin = s->every > 1 && fits && !a->config.sensor.streams[i].width ? s->every : 1;
    s->thinned = 0;
    s->cap = (s->thin > 1 ? s->room - sum : s->room) / s->frame_bytes * s->frame_bytes;
}

static int64_t read_integer(unsigned type, const uint8_t *p)
{
    switch (type) {
    case MOTE_U8:
        return p[0];
    case MOTE_I8:
        return (int8_t)p[0];
    case MOTE_I16:
        return (int16_t)mote_get16(p);
    default:
        return (int32_t)mote_get32(p);
    }
}

static void write_integer(unsigned type, uint8_t *p, int64_t v)
{
    if (type == MOTE_U8 || type == MOTE_I8) {
        p[0] = (uint8_t)v;
    } else if (type == MOTE_I16) {
        mote_put16(p, (uint16_t)v);
    } else {
        mote_put32(p, (uint32_t)v);
    }
}

static void add(unsigned type, uint8_t *cell, const uint8_t *value, bool fresh)
{
    if (type == MOTE_F32) {
        float sum = 0;
        memcpy(&sum, cell, sizeof(sum));
        sum = fresh ? mote_getf(value) : sum + mote_getf(value);
        memcpy(cell, &sum, sizeof(sum));
        return;
    }
    int64_t sum = 0;
    memcpy(&sum, cell, sizeof(sum));
    sum = fresh ? read_integer(type, value) : sum + read_integer(type, value);
    memcpy(cell, &sum, sizeof(sum));
}

// Writes the mean of n values, halves away from zero.
static void put_mean(unsigned type, uint8_t *out, const uint8_t *cell, uint16_t n)
{
    if (type == MOTE_F32) {
        float sum;
        memcpy(&sum, cell, sizeof(sum));
        mote_putf(out, sum / n);
        return;
    }
    int64_t sum;
    memcpy(&sum, cell, sizeof(sum));
    write_integer(type, out, (sum + (sum < 0 ? -(n / 2) : n / 2)) / n);
}

bool agent_thin_add(struct mote_agent *a, unsigned i, const uint8_t *frame, uint64_t t_us,
                    const uint8_t **mean, uint64_t *first_us)
{
    struct mote_agent_stream *s = &a->stream[i];
    const struct mote_stream_info *info = &a->config.sensor.streams[i];
    size_t size = mote_sample_size(info->type);
    uint8_t *sum = sum_of(a, i);
    uint64_t due = s->thin_us + s->thinned * info->interval_ns / 1000;
    uint64_t off = t_us > due ? t_us - due : due - t_us;
    if (s->thinned && off * 2000 > info->interval_ns) {
        s->thinned = 0; // frames are missing: no mean over a gap
    }
    if (!s->thinned) {
        s->thin_us = t_us;
    }
    for (unsigned c = 0; c < info->channels; c++) {
        add(info->type, sum + CELL * c, frame + size * c, s->thinned == 0);
    }
    if (++s->thinned < s->thin) {
        return false;
    }
    for (unsigned c = 0; c < info->channels; c++) { // never ahead of the cell that is read
        put_mean(info->type, sum + size * c, sum + CELL * c, s->thin);
    }
    s->thinned = 0;
    *mean = sum;
    *first_us = s->thin_us;
    return true;
}
