// Reads a window in a sensor's own type, and carves up scratch.
#include "firmware/core/dsp/dsp_block.h"
#include "firmware/core/dsp/mote_math.h"

// Larger values come from no sensor. Below it no sum or square in any block overflows.
#define SENSIBLE 1e15f

float dsp_rate(uint64_t interval_ns)
{
    return interval_ns ? 1e9f / (float)interval_ns : 0.0f;
}

static inline float value_at(const uint8_t *p, unsigned type)
{
    switch (type) {
    case MOTE_U8:
        return (float)*p;
    case MOTE_I8:
        return (float)(int8_t)*p;
    case MOTE_I16:
        return (float)(int16_t)mote_get16(p);
    case MOTE_I32:
        return (float)(int32_t)mote_get32(p);
    default:
        return mote_getf(p);
    }
}

// A loop for each type: the compiler takes the choice out of it.
static inline __attribute__((always_inline)) void read_as(unsigned type, const uint8_t *p,
                                                          size_t step, uint32_t count, float scale,
                                                          float gain, float *out)
{
    for (uint32_t i = 0; i < count; i++, p += step) {
        // Two products, so that a window of physical floats gives the same bits as the raw one.
        float v = value_at(p, type) * scale * gain;
        out[i] = v > -SENSIBLE && v < SENSIBLE ? v : 0.0f;
    }
}

void dsp_read(const struct dsp_input *in, unsigned channel, uint32_t first, uint32_t count,
              float *out)
{
    size_t size = mote_sample_size(in->type);
    size_t step = size * in->channels;
    const uint8_t *p = in->raw + (size_t)first * step + channel * size;
    switch (in->type) {
    case MOTE_U8:
        read_as(MOTE_U8, p, step, count, in->scale, in->gain, out);
        break;
    case MOTE_I8:
        read_as(MOTE_I8, p, step, count, in->scale, in->gain, out);
        break;
    case MOTE_I16:
        read_as(MOTE_I16, p, step, count, in->scale, in->gain, out);
        break;
    case MOTE_I32:
        read_as(MOTE_I32, p, step, count, in->scale, in->gain, out);
        break;
    default:
        read_as(MOTE_F32, p, step, count, in->scale, in->gain, out);
        break;
    }
}

void *dsp_take(struct dsp_scratch *s, size_t bytes)
{
    void *p = s->base ? s->base + s->used : NULL;
    s->used += (bytes + 7) & ~(size_t)7;
    return p;
}
