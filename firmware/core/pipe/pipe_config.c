// The pipeline's CBOR (docs/formats/pipeline.md): a map with the keys below, ascending, each at
// most once.
#include "firmware/core/dsp/mote_math.h"
#include "firmware/core/pipe/mote_pipe.h"
#include "firmware/core/wire/mote_cbor.h"

enum key {
    KEY_VERSION = 1,
    KEY_TASK,
    KEY_STREAM,
    KEY_CHANNELS,
    KEY_INTERVAL,
    KEY_WINDOW,
    KEY_STRIDE,
    KEY_WIDTH,
    KEY_HEIGHT,
    KEY_DSP,
    KEY_FEATURES,
    KEY_OFFSET,
    KEY_GAIN,
    KEY_LABELS,
    KEY_THRESHOLD,
    KEY_CENTROIDS,
    KEY_CENTROID,
    KEY_RADIUS,
    KEY_SMOOTH,
    KEY_SUPPRESS
};
// Keys that every pipeline has.
#define NEEDED                                                                                     \
    (1u << KEY_VERSION | 1u << KEY_TASK | 1u << KEY_STREAM | 1u << KEY_CHANNELS |                  \
     1u << KEY_INTERVAL | 1u << KEY_WINDOW | 1u << KEY_STRIDE | 1u << KEY_DSP |                    \
     1u << KEY_FEATURES | 1u << KEY_LABELS | 1u << KEY_THRESHOLD | 1u << KEY_SMOOTH |              \
     1u << KEY_SUPPRESS)
#define DSP_BYTES_MAX 256

static bool is_stream_name(struct mote_str s)
{
    if (s.len == 0 || s.len > MOTE_NAME_MAX) {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) {
            return false;
        }
    }
    return true;
}

static bool all_finite(const uint8_t *p, size_t count, bool positive)
{
    for (size_t i = 0; i < count; i++) {
        float v = mote_getf(p + 4 * i);
        if (!mote_is_finite(v) || (positive && !(v > 0.0f))) {
            return false;
        }
    }
    return true;
}

static int check_names(const struct mote_pipe_config *c)
{
    if (!is_stream_name(c->stream)) {
        return MOTE_E_FORMAT;
    }
    if (c->classes == 0 || c->classes > MOTE_MAX_CLASSES) {
        return MOTE_E_LIMIT;
    }
    if (c->task == MOTE_TASK_ANOMALY && c->classes > 2) {
        return MOTE_E_FORMAT;
    }
    for (unsigned i = 0; i < c->classes; i++) {
        if (c->label[i].len == 0 || c->label[i].len > MOTE_NAME_MAX) {
            return MOTE_E_LIMIT;
        }
    }
    return MOTE_OK;
}

static int check_numbers(const struct mote_pipe_config *c)
{
    if (c->window == 0 || c->stride == 0) {
        return MOTE_E_FORMAT;
    }
    if ((c->width || c->height) && (uint64_t)c->width * c->height != c->window) {
        return MOTE_E_FORMAT;
    }
    if (!c->offset != !c->gain || (c->offset && (!all_finite(c->offset, c->features, false) ||
                                                 !all_finite(c->gain, c->features, false)))) {
        return MOTE_E_FORMAT;
    }
    if (c->centroids > MOTE_PIPE_CENTROIDS_MAX || c->smooth > MOTE_PIPE_SMOOTH_MAX) {
        return MOTE_E_LIMIT;
    }
    if (c->centroids && (!c->centroid || !c->radius || !all_finite(c->radius, c->centroids, true) ||
                         !all_finite(c->centroid, (size_t)c->centroids * c->features, false))) {
        return MOTE_E_FORMAT;
    }
    return c->smooth == 0 || !mote_is_finite(c->threshold) ? MOTE_E_FORMAT : MOTE_OK;
}

static int check(const struct mote_pipe_config *c)
{
    if (c->version != MOTE_PIPE_VERSION || c->task > MOTE_TASK_DETECT) {
        return MOTE_E_UNSUPPORTED;
    }
    // The block first: it bounds the number of features, and with it every array.
    int features = mote_dsp_features(&c->dsp, c->channels, c->window, c->interval_ns);
    if (features < 0) {
        return features;
    }
    if ((uint32_t)features != c->features) {
        return MOTE_E_FORMAT;
    }
    int status = check_names(c);
    return status ? status : check_numbers(c);
}

// --- encode --------------------------------------------------------------------------------------
static void put_number(struct mote_cbor_writer *w, enum key key, uint64_t v)
{
    mote_cbor_put_uint(w, key);
    mote_cbor_put_uint(w, v);
}

static void put_array(struct mote_cbor_writer *w, enum key key, const uint8_t *p, size_t floats)
{
    mote_cbor_put_uint(w, key);
    mote_cbor_put_bytes(w, p, 4 * floats);
}

static int put_dsp(struct mote_cbor_writer *w, const struct mote_dsp_config *c)
{
    uint8_t dsp[DSP_BYTES_MAX];
    int len = mote_dsp_encode(dsp, sizeof(dsp), c);
    if (len < 0) {
        return len;
    }
    mote_cbor_put_uint(w, KEY_DSP);
    mote_cbor_put_raw(w, dsp, (size_t)len);
    return MOTE_OK;
}

static void put_labels(struct mote_cbor_writer *w, const struct mote_pipe_config *c)
{
    mote_cbor_put_uint(w, KEY_LABELS);
    mote_cbor_put_array(w, c->classes);
    for (unsigned i = 0; i < c->classes; i++) {
        mote_cbor_put_text(w, c->label[i].p, c->label[i].len);
    }
}

int mote_pipe_config_encode(uint8_t *out, size_t cap, const struct mote_pipe_config *c)
{
    struct mote_cbor_writer w;
    int status = check(c);
    if (status) {
        return status == MOTE_E_LIMIT || status == MOTE_E_FORMAT ? MOTE_E_ARG : status;
    }
    bool picture = c->width != 0;
    mote_cbor_writer_init(&w, out, cap);
    mote_cbor_put_map(&w, 13u + (picture ? 2 : 0) + (c->offset ? 2 : 0) + (c->centroids ? 3 : 0));
    put_number(&w, KEY_VERSION, c->version);
    put_number(&w, KEY_TASK, c->task);
    mote_cbor_put_uint(&w, KEY_STREAM);
    mote_cbor_put_text(&w, c->stream.p, c->stream.len);
    put_number(&w, KEY_CHANNELS, c->channels);
    put_number(&w, KEY_INTERVAL, c->interval_ns);
    put_number(&w, KEY_WINDOW, c->window);
    put_number(&w, KEY_STRIDE, c->stride);
    if (picture) {
        put_number(&w, KEY_WIDTH, c->width);
        put_number(&w, KEY_HEIGHT, c->height);
    }
    status = put_dsp(&w, &c->dsp);
    if (status) {
        return status;
    }
    put_number(&w, KEY_FEATURES, c->features);
    if (c->offset) {
        put_array(&w, KEY_OFFSET, c->offset, c->features);
        put_array(&w, KEY_GAIN, c->gain, c->features);
    }
    put_labels(&w, c);
    mote_cbor_put_uint(&w, KEY_THRESHOLD);
    mote_cbor_put_float(&w, c->threshold);
    if (c->centroids) {
        put_number(&w, KEY_CENTROIDS, c->centroids);
        put_array(&w, KEY_CENTROID, c->centroid, (size_t)c->centroids * c->features);
        put_array(&w, KEY_RADIUS, c->radius, c->centroids);
    }
    put_number(&w, KEY_SMOOTH, c->smooth);
    put_number(&w, KEY_SUPPRESS, c->suppress);
    return mote_cbor_finish(&w);
}

// --- decode --------------------------------------------------------------------------------------
static uint64_t get_number(struct mote_cbor_reader *r, uint64_t max)
{
    uint64_t v;
    (void)mote_cbor_get_uint_max(r, max, &v); // the reader keeps the error
    return v;
}

static void get_dsp(struct mote_cbor_reader *r, struct mote_dsp_config *c)
{
    const uint8_t *from = r->p;
    if (mote_cbor_skip(r) == MOTE_OK) {
        int status = mote_dsp_decode(c, from, (size_t)(r->p - from));
        if (status) {
            (void)mote_cbor_fail(r, status);
        }
    }
}

// An array of float32, little-endian, of exactly so many values.
static const uint8_t *get_array(struct mote_cbor_reader *r, uint64_t floats)
{
    const uint8_t *p;
    size_t len;
    if (mote_cbor_get_bytes(r, &p, &len) == MOTE_OK && len != 4 * floats) {
        (void)mote_cbor_fail(r, MOTE_E_FORMAT);
    }
    return p;
}

static void get_labels(struct mote_cbor_reader *r, struct mote_pipe_config *c)
{
    size_t count;
    (void)mote_cbor_get_array(r, &count); // the reader keeps the error
    if (count > MOTE_MAX_CLASSES) {
        (void)mote_cbor_fail(r, MOTE_E_LIMIT);
        return;
    }
    c->classes = (uint8_t)count;
    for (size_t i = 0; i < count; i++) {
        (void)mote_cbor_get_text(r, &c->label[i].p, &c->label[i].len);
    }
}

static void get_value(struct mote_cbor_reader *r, uint64_t key, struct mote_pipe_config *c)
{
    switch (key) {
    case KEY_VERSION:
        c->version = (uint8_t)get_number(r, UINT8_MAX);
        break;
    case KEY_TASK:
        c->task = (uint8_t)get_number(r, UINT8_MAX);
        break;
    case KEY_STREAM:
        (void)mote_cbor_get_text(r, &c->stream.p, &c->stream.len);
        break;
    case KEY_CHANNELS:
        c->channels = (uint8_t)get_number(r, UINT8_MAX);
        break;
    case KEY_INTERVAL:
        c->interval_ns = get_number(r, UINT64_MAX);
        break;
    case KEY_WINDOW:
        c->window = (uint32_t)get_number(r, UINT32_MAX);
        break;
    case KEY_STRIDE:
        c->stride = (uint32_t)get_number(r, UINT32_MAX);
        break;
    case KEY_WIDTH:
        c->width = (uint32_t)get_number(r, UINT16_MAX);
        break;
    case KEY_HEIGHT:
        c->height = (uint32_t)get_number(r, UINT16_MAX);
        break;
    case KEY_DSP:
        get_dsp(r, &c->dsp);
        break;
    case KEY_FEATURES:
        c->features = (uint32_t)get_number(r, UINT32_MAX);
        break;
    case KEY_OFFSET:
        c->offset = get_array(r, c->features);
        break;
    case KEY_GAIN:
        c->gain = get_array(r, c->features);
        break;
    case KEY_LABELS:
        get_labels(r, c);
        break;
    case KEY_THRESHOLD:
        (void)mote_cbor_get_float(r, &c->threshold);
        break;
    case KEY_CENTROIDS:
        c->centroids = (uint32_t)get_number(r, MOTE_PIPE_CENTROIDS_MAX);
        break;
    case KEY_CENTROID:
        c->centroid = get_array(r, (uint64_t)c->centroids * c->features);
        break;
    case KEY_RADIUS:
        c->radius = get_array(r, c->centroids);
        break;
    case KEY_SMOOTH:
        c->smooth = (uint8_t)get_number(r, UINT8_MAX);
        break;
    case KEY_SUPPRESS:
        c->suppress = (uint8_t)get_number(r, UINT8_MAX);
        break;
    default: // would change what the pipeline computes
        (void)mote_cbor_fail(r, MOTE_E_UNSUPPORTED);
        break;
    }
}

int mote_pipe_config_decode(struct mote_pipe_config *c, const uint8_t *p, size_t len)
{
    struct mote_cbor_reader r;
    size_t pairs;
    uint64_t last = 0;
    uint32_t seen = 0;
    memset(c, 0, sizeof(*c));
    mote_cbor_reader_init(&r, p, len);
    (void)mote_cbor_get_map(&r, &pairs); // the reader keeps the error
    for (size_t i = 0; i < pairs && r.status == MOTE_OK; i++) {
        uint64_t key = get_number(&r, UINT8_MAX);
        if (r.status == MOTE_OK && key <= last) {
            (void)mote_cbor_fail(&r, MOTE_E_FORMAT);
        }
        last = key;
        seen |= key < 32 ? 1u << key : 0;
        if (r.status == MOTE_OK) {
            get_value(&r, key, c);
        }
        if (r.status == MOTE_OK && key == KEY_VERSION && c->version != MOTE_PIPE_VERSION) {
            return MOTE_E_UNSUPPORTED;
        }
    }
    int status = mote_cbor_end(&r);
    if (status) {
        return status;
    }
    return (seen & NEEDED) == NEEDED ? check(c) : MOTE_E_FORMAT;
}
