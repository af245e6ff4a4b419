// Test data for the labeler. See seed.h.
#include "tests/labeler/seed.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/io.h"
#include "common/project.h"
#include "common/store/store_dataset.h"
#include "common/store/store_device.h"
#include "common/store/store_label.h"
#include "common/store/store_model.h"
#include "common/store/store_release.h"
#include "common/store/store_sample.h"
#include "common/store/store_user.h"
#include "firmware/core/wire/mote_wire.h"

#include <math.h>

static const char *const devices[] = {"fan-01", "fan-02", "fan-03", "fan-04"};
static const char *const classes[] = {"off", "normal", "imbalance", "bearing"};
#define DIGEST_A "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
#define DIGEST_B "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecf"

struct seed {
    struct store *s;
    struct err *e;
    int64_t session[4], acc[4], mic[4], seq[4][3], rec_no[4];
    uint8_t uid[4][12];
    uint32_t noise;
};

static float noise(struct seed *x)
{
    x->noise = x->noise * 1664525u + 1013904223u;
    return (float)(x->noise >> 8) / 8388608.0f - 1.0f;
}

// One block of a stream's frames.
static int put(struct seed *x, int d, const struct store_stream *st, struct mote_block *b,
               int which, size_t frames, int64_t *rec)
{
    uint8_t bytes[16384];
    memcpy(b->session, x->uid[d], sizeof(b->session));
    b->seq = (uint64_t)x->seq[d][which]++;
    b->kind = MOTE_BLOCK_SAMPLES;
    b->flags |= MOTE_BLOCK_SIMULATED;
    b->interval_ns = (uint64_t)st->interval_ns;
    b->type = (uint8_t)st->type;
    b->channels = (uint8_t)st->channels;
    b->scale = (float)st->scale;
    int len = mote_block_encode(bytes, sizeof(bytes), b);
    if (len < 0) {
        return err_set(x->e, E_FORMAT, "cannot encode a block: %d", len);
    }
    struct store_block row = {.session_id = x->session[d],
                              .stream_id = st->stream_id,
                              .seq = (int64_t)b->seq,
                              .kind = b->kind,
                              .rec_no = b->recording,
                              .t_us = (int64_t)b->t_us,
                              .frames = (int64_t)frames,
                              .end_us = (int64_t)(b->t_us + frames * b->interval_ns / 1000),
                              .bytes = bytes,
                              .len = (size_t)len,
                              .rec_end = b->flags & MOTE_BLOCK_REC_END,
                              .uncertain = b->flags & MOTE_BLOCK_UNCERTAIN,
                              .simulated = true,
                              .hint = "",
                              .device = devices[d],
                              .width = b->width,
                              .height = b->height};
    return store_block_put(x->s, &row, rec, x->e);
}

// Three axes at 100 Hz for seconds; a hole of a second in the middle where gap.
static int motion(struct seed *x, int d, int cls, int seconds, bool gap, bool uncertain,
                  int64_t *rec)
{
    struct store_stream st = {.stream_id = x->acc[d],
                              .type = MOTE_I16,
                              .channels = 3,
                              .interval_ns = 10000000,
                              .scale = 0.001};
    static const float amplitude[] = {0.02f, 0.8f, 2.6f, 1.6f}, speed[] = {0, 17, 17, 23};
    uint32_t no = (uint32_t)++x->rec_no[d];
    int rc = 0;
    for (int sec = 0; rc >= 0 && sec < seconds; sec += 2) {
        uint8_t data[200 * 6];
        for (int i = 0; i < 200; i++) {
            float t = (float)sec + (float)i / 100.0f;
            for (int c = 0; c < 3; c++) {
                float burst = cls == 3 && (i % 50) < 6 ? 3.0f * noise(x) : 0;
                float v = amplitude[cls] * sinf(6.2831853f * speed[cls] * t + (float)c) +
                          0.12f * noise(x) + burst + (c == 2 ? 9.81f : 0);
                mote_put16(data + (i * 3 + c) * 2, (uint16_t)(int16_t)(v * 1000.0f));
            }
        }
        bool last = sec + 2 >= seconds;
        int64_t hole = gap && sec >= seconds / 2 ? 1000000 : 0;
        struct mote_block b = {.t_us = (uint64_t)(no * 100000000ll + sec * 1000000ll + hole),
                               .recording = no,
                               .data = data,
                               .data_len = sizeof(data),
                               .flags = (last ? MOTE_BLOCK_REC_END : 0u) |
                                        (uncertain ? MOTE_BLOCK_UNCERTAIN : 0u)};
        rc = put(x, d, &st, &b, 0, 200, rec);
    }
    return rc < 0 ? rc : OK;
}

// A rising tone at 8 kHz.
static int sound(struct seed *x, int d, int seconds, int64_t *rec)
{
    struct store_stream st = {.stream_id = x->mic[d],
                              .type = MOTE_I16,
                              .channels = 1,
                              .interval_ns = 125000,
                              .scale = 1.0 / 32768};
    uint32_t no = (uint32_t)++x->rec_no[d];
    int rc = 0, blocks = seconds * 5;
    float phase = 0;
    for (int k = 0; rc >= 0 && k < blocks; k++) {
        uint8_t data[1600 * 2];
        for (int i = 0; i < 1600; i++) {
            float at = ((float)k + (float)i / 1600.0f) / (float)blocks;
            phase += 6.2831853f * (200.0f + 2600.0f * at) / 8000.0f;
            float loud = 0.35f + 0.3f * sinf(at * 40.0f);
            mote_put16(data + i * 2,
                       (uint16_t)(int16_t)((loud * sinf(phase) + 0.02f * noise(x)) * 32000.0f));
        }
        struct mote_block b = {.t_us = (uint64_t)(no * 100000000ll + k * 200000ll),
                               .recording = no,
                               .data = data,
                               .data_len = sizeof(data),
                               .flags = k == blocks - 1 ? MOTE_BLOCK_REC_END : 0u};
        rc = put(x, d, &st, &b, 1, 1600, rec);
    }
    return rc < 0 ? rc : OK;
}

static int picture(struct seed *x, int64_t stream, int64_t *rec)
{
    struct store_stream st = {
        .stream_id = stream, .type = MOTE_U8, .channels = 3, .interval_ns = 0, .scale = 1};
    uint32_t no = (uint32_t)++x->rec_no[3];
    uint8_t data[48 * 48 * 3];
    for (int y = 0; y < 48; y++) {
        for (int c = 0; c < 48 * 3; c++) {
            int in = (c / 3 - 24) * (c / 3 - 24) + (y - 24) * (y - 24) < 200;
            data[y * 144 + c] = (uint8_t)(in ? 220 - c % 3 * 70 : 30 + y * 2 + c % 3 * 30);
        }
    }
    struct mote_block b = {.t_us = no * 100000000ull,
                           .recording = no,
                           .width = 48,
                           .height = 48,
                           .data = data,
                           .data_len = sizeof(data),
                           .flags = MOTE_BLOCK_REC_END};
    int rc = put(x, 3, &st, &b, 2, 48 * 48, rec);
    return rc < 0 ? rc : OK;
}

static int add_device(struct seed *x, int d)
{
    int rc = store_device_add(x->s, devices[d], "", d == 0 ? "canary" : "", x->e);
    struct store_device h = {.id = devices[d],
                             .board = "posix",
                             .isa = "x86-64",
                             .runtime = "0.1.0",
                             .ops = "CONV_2D FULLY_CONNECTED SOFTMAX",
                             .dsp_variant = "f32-1",
                             .model = d < 2 ? "fan" : "",
                             .model_digest = d < 2 ? DIGEST_A : "",
                             .ram = 65536 << d,
                             .arena = 16384 << d,
                             .slots = 2,
                             .slot_bytes = 131072,
                             .device_class = d % 3,
                             .simulated = true};
    rc = rc ? rc : store_device_set_hello(x->s, &h, x->e);
    rc = rc ? rc
            : store_device_set_status(x->s, devices[d], d != 3, 1 + d,
                                      d != 3 ? "connected" : "lost", x->e);
    struct store_device rep = {.id = devices[d],
                               .rel_state = d < 2 ? "active" : "refused",
                               .rel_seq = 1,
                               .rel_manifest = DIGEST_B,
                               .rel_reason = d < 2 ? "" : "payload digest does not match",
                               .active_seq = d < 2,
                               .active_model = d < 2 ? DIGEST_A : "",
                               .fetched = 9000,
                               .total = 9000};
    rc = rc ? rc : store_device_set_reported(x->s, &rep, x->e);
    for (size_t i = 0; i < 12; i++) {
        x->uid[d][i] = (uint8_t)(17u * (unsigned)(d + 1) + i);
    }
    struct store_stream acc = {.device = devices[d],
                               .name = "acc",
                               .units = "m/s2",
                               .channel_names = "x,y,z",
                               .type = MOTE_I16,
                               .channels = 3,
                               .interval_ns = 10000000,
                               .scale = 0.001};
    struct store_stream mic = {.device = devices[d],
                               .name = "mic",
                               .units = "",
                               .channel_names = "",
                               .type = MOTE_I16,
                               .channels = 1,
                               .interval_ns = 125000,
                               .scale = 1.0 / 32768};
    rc = rc ? rc : store_session_put(x->s, devices[d], x->uid[d], 0, true, &x->session[d], x->e);
    rc = rc ? rc : store_stream_put(x->s, &acc, x->e);
    rc = rc ? rc : store_stream_put(x->s, &mic, x->e);
    x->acc[d] = acc.stream_id;
    x->mic[d] = mic.stream_id;
    return rc;
}

static int label_whole(struct seed *x, int64_t rec, const char *label)
{
    struct store_region g = {.rec_id = rec,
                             .region = "",
                             .label = label,
                             .author = "seed",
                             .source = "human",
                             .model = "",
                             .whole = true};
    return store_label_set(x->s, &g, -1, x->e);
}

static int add_recordings(struct seed *x, int recordings)
{
    int64_t rec = 0;
    int rc = OK;
    for (int i = 0; rc == OK && i < recordings; i++) {
        bool fresh = i % 500 == 0;
        if (fresh) {
            rc = store_begin(x->s, x->e);
        }
        int cls = i % 4;
        rc = rc ? rc
                : motion(x, i % 4, cls, recordings > 1000 ? 2 : 20, i % 7 == 3, i % 5 == 4, &rec);
        if (rc == OK && (i % 500 == 499 || i == recordings - 1)) {
            rc = store_commit(x->s, x->e);
        }
        if (rc == OK && recordings <= 1000 && i % 3 == 0) {
            rc = label_whole(x, rec, classes[cls]);
        }
    }
    return rc;
}

static int add_media(struct seed *x)
{
    int64_t rec = 0;
    struct store_stream camera = {.device = devices[3],
                                  .name = "cam",
                                  .units = "",
                                  .channel_names = "r,g,b",
                                  .type = MOTE_U8,
                                  .channels = 3,
                                  .interval_ns = 0,
                                  .scale = 1};
    int rc = store_stream_put(x->s, &camera, x->e);
    rc = rc ? rc : store_begin(x->s, x->e);
    rc = rc ? rc : sound(x, 0, 6, &rec);
    rc = rc ? rc : picture(x, camera.stream_id, &rec);
    rc = rc ? rc : store_commit(x->s, x->e);
    for (int i = 0; rc == OK && i < 40; i++) {
        struct store_event ev = {.session_id = x->session[i % 2],
                                 .t_us = 100000000ll + i * 500000ll,
                                 .dur_us = 1000000,
                                 .rec_no = i % 5 == 4 ? 1 : 0,
                                 .device = devices[i % 2],
                                 .label = classes[i % 4],
                                 .model = "fan",
                                 .model_digest = "a0a1a2a3a4a5a6a7",
                                 .score = i % 5 == 4 ? 0.41 : 0.97,
                                 .novelty = i % 5 == 4 ? 1.8 : 0.3,
                                 .uncertain = i % 5 == 4};
        rc = store_event_put(x->s, &ev, x->e);
    }
    return rc;
}

static int add_release(struct seed *x)
{
    static const char metrics[] =
        "{\"labels\":[\"off\",\"normal\",\"imbalance\",\"bearing\"],\"test\":{"
        "\"float\":{\"accuracy\":0.985,\"confusion\":[[50,0,0,0],[0,48,2,0],[0,1,49,0],[0,0,0,50]]}"
        ","
        "\"int8\":{\"accuracy\":0.98,\"confusion\":[[50,0,0,0],[0,47,3,0],[0,1,49,0],[0,0,0,50]]}},"
        "\"curve\":[{\"epoch\":1,\"loss\":1.2,\"accuracy\":0.5},{\"epoch\":2,\"loss\":0.6,"
        "\"accuracy\":0.8},{\"epoch\":3,\"loss\":0.2,\"accuracy\":0.97}]}";
    struct store_dataset_item items[] = {
        {1, 100000000, 102000000, "acc", "off", "train", "fan-01"},
        {2, 100000000, 102000000, "acc", "normal", "test", "fan-02"}};
    char dataset[STORE_DIGEST_TEXT];
    int rc = store_dataset_put(x->s, "fan", "label = any", items, ARRAY_LEN(items), dataset, x->e);
    struct store_model m = {.digest = DIGEST_A,
                            .name = "fan",
                            .path = "models/" DIGEST_A ".tflite",
                            .bytes = 8764,
                            .arena = 20480,
                            .dataset = dataset,
                            .recipe = "[data]\nstream = acc\nwindow = 200\n\n[train]\nepochs = 3\n",
                            .seed = 7,
                            .program = "moteloop-trainer 0.1.0",
                            .parent = "",
                            .metrics = metrics,
                            .float_accuracy = 0.985,
                            .int8_accuracy = 0.98};
    rc = rc ? rc : store_model_put(x->s, &m, x->e);
    struct store_release r = {.seq = 1,
                              .name = "fan",
                              .manifest_digest = DIGEST_B,
                              .model = DIGEST_A,
                              .payload_digest = DIGEST_A,
                              .payload_bytes = 9000,
                              .arena = 20480,
                              .ops = "CONV_2D",
                              .stream = "acc",
                              .dsp_variant = "f32-1",
                              .manifest = "m",
                              .manifest_len = 1};
    rc = rc ? rc : store_release_put(x->s, &r, x->e);
    struct store_rollout o = {.release_id = r.release_id,
                              .state = "running",
                              .stage = 1,
                              .policy =
                                  "{\"stages\":[{\"devices\":[\"fan-01\"]},{\"percent\":100}]}",
                              .reason = ""};
    rc = rc ? rc : store_rollout_put(x->s, &o, x->e);
    for (int d = 0; rc == OK && d < 4; d++) {
        static const char *const states[] = {"active", "active", "refused", "waiting"};
        struct store_rollout_device row = {.rollout_id = o.rollout_id,
                                           .device = devices[d],
                                           .stage = d > 0,
                                           .state = states[d],
                                           .reason = d == 2 ? "payload digest does not match" : "",
                                           .offered_ms = clock_wall_ms(),
                                           .changed_ms = clock_wall_ms()};
        rc = store_rollout_device_put(x->s, &row, x->e);
    }
    return rc;
}

static int add_setup(struct seed *x)
{
    uint8_t raw[HEX_DIGEST_LEN];
    char digest[HEX_DIGEST_TEXT];
    hex_sha256(raw, SEED_SETUP_TOKEN, strlen(SEED_SETUP_TOKEN));
    hex_encode(digest, raw, sizeof(raw));
    return store_setup_put(x->s, digest, clock_wall_ms() + 3600000, x->e);
}

int seed_project(const char *dir, int recordings, struct err *e)
{
    struct seed x = {.e = e, .noise = 1};
    struct project_conf conf;
    struct project p = {0};
    char path[IO_PATH_MAX];
    project_conf_defaults(&conf);
    (void)snprintf(conf.name, sizeof(conf.name), "Fan workshop");
    (void)snprintf(p.dir, sizeof(p.dir), "%s", dir);
    char *text = project_conf_text(&conf);
    int rc = io_mkdirs(dir, 0700, e);
    rc = rc ? rc
            : io_write_atomic(project_path(&p, path, "moteloop.conf"), text, strlen(text), 0600, e);
    free(text);
    rc = rc ? rc : store_open(&x.s, dir, STORE_CREATE, e);
    for (int d = 0; rc == OK && d < 4; d++) {
        rc = add_device(&x, d);
    }
    rc = rc ? rc : add_recordings(&x, recordings);
    rc = rc ? rc : add_media(&x);
    rc = rc ? rc : add_release(&x);
    rc = rc ? rc : add_setup(&x);
    store_close(x.s);
    return rc;
}

int seed_sound(const char *dir, int seconds, int64_t *rec_id, struct err *e)
{
    struct seed x = {.e = e, .noise = 1};
    struct store_stream mic = {.device = devices[0],
                               .name = "mic",
                               .units = "",
                               .channel_names = "",
                               .type = MOTE_I16,
                               .channels = 1,
                               .interval_ns = 125000,
                               .scale = 1.0 / 32768};
    memset(x.uid[0], 0xee, sizeof(x.uid[0]));
    int rc = store_open(&x.s, dir, STORE_WRITE, e);
    rc = rc ? rc : store_session_put(x.s, devices[0], x.uid[0], 0, true, &x.session[0], e);
    rc = rc ? rc : store_stream_put(x.s, &mic, e);
    x.mic[0] = mic.stream_id;
    rc = rc ? rc : store_begin(x.s, e);
    rc = rc ? rc : sound(&x, 0, seconds, rec_id);
    rc = rc ? rc : store_commit(x.s, e);
    store_close(x.s);
    return rc;
}
