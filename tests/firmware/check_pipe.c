// The pipeline: its bytes, the parts of its path, and the whole of it over a model that the writer
// made.
#include <check.h>
#include <math.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/io.h"
#include "common/tflite/writer.h"
#include "firmware/core/pipe/mote_pipe.h"

#define WINDOW 125
#define CHANNELS 3
#define FEATURES 39
#define CLASSES 3

static uint8_t offset[4 * FEATURES], gain[4 * FEATURES], centroid[2 * 4 * FEATURES], radius[8];
static _Alignas(16) uint8_t arena[1 << 16];
static int16_t raw[WINDOW * CHANNELS];

static struct mote_str text(const char *s)
{
    return (struct mote_str){s, strlen(s)};
}

static struct mote_pipe_config config(void)
{
    struct mote_pipe_config c = {.version = 1,
                                 .task = MOTE_TASK_CLASSIFY,
                                 .channels = CHANNELS,
                                 .interval_ns = 16000000,
                                 .window = WINDOW,
                                 .stride = 50,
                                 .features = FEATURES,
                                 .classes = CLASSES,
                                 .threshold = 0.25f,
                                 .smooth = 1};
    c.stream = text("acc");
    c.label[0] = text("off");
    c.label[1] = text("normal");
    c.label[2] = text("bearing wear");
    mote_dsp_defaults(&c.dsp, MOTE_DSP_SPECTRAL);
    for (unsigned i = 0; i < FEATURES; i++) {
        mote_putf(offset + 4 * i, 0.01f * (float)i);
        mote_putf(gain + 4 * i, 0.5f + 0.125f * (float)(i % 5));
        mote_putf(centroid + 4 * i, 0.0f);
        mote_putf(centroid + 4 * (FEATURES + i), 10.0f);
    }
    mote_putf(radius, 2.0f);
    mote_putf(radius + 4, 4.0f);
    c.offset = offset;
    c.gain = gain;
    c.centroids = 2;
    c.centroid = centroid;
    c.radius = radius;
    return c;
}

static void fill_window(void)
{
    uint32_t state = 9;
    for (unsigned i = 0; i < WINDOW * CHANNELS; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        raw[i] = (int16_t)(state >> 16);
    }
}

START_TEST(config_comes_back_as_it_went)
{
    uint8_t bytes[2048], again[2048];
    struct mote_pipe_config c = config(), d;
    int n = mote_pipe_config_encode(bytes, sizeof(bytes), &c);
    ck_assert_int_gt(n, 0);
    ck_assert_int_eq(mote_pipe_config_decode(&d, bytes, (size_t)n), MOTE_OK);
    ck_assert_uint_eq(d.channels, CHANNELS);
    ck_assert_uint_eq(d.window, WINDOW);
    ck_assert_uint_eq(d.features, FEATURES);
    ck_assert(mote_str_is(d.label[2], "bearing wear"));
    ck_assert_mem_eq(d.offset, offset, sizeof(offset));
    ck_assert_int_eq(memcmp(&d.dsp, &c.dsp, sizeof(c.dsp)), 0);
    ck_assert_int_eq(mote_pipe_config_encode(again, sizeof(again), &d), n);
    ck_assert_mem_eq(bytes, again, (size_t)n);
    c.offset = c.gain = NULL;
    c.centroids = 0;
    n = mote_pipe_config_encode(bytes, sizeof(bytes), &c);
    ck_assert_int_eq(mote_pipe_config_decode(&d, bytes, (size_t)n), MOTE_OK);
    ck_assert_ptr_null(d.offset);
    ck_assert_uint_eq(d.centroids, 0);
}
END_TEST

// Bytes of version 1, for ever: what was written once must decode, and decode to the same.
START_TEST(config_of_version_1_is_still_read)
{
    static const char hex[] =
        "ad0101020003636d69630401051a0001e848061904b00718a00aad0103020103f93c000400101901"
        "0011fa3ca3d70a12fa3ca3d70a141415f9000016f9000017fa3f7ae14818180d181918650b185b0e"
        "82626e6f637965730ff93a0013031405";
    uint8_t bytes[sizeof(hex) / 2], again[sizeof(hex)];
    struct mote_pipe_config c;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        unsigned v;
        ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &v), 1);
        bytes[i] = (uint8_t)v;
    }
    ck_assert_int_eq(mote_pipe_config_decode(&c, bytes, sizeof(bytes)), MOTE_OK);
    ck_assert(mote_str_is(c.stream, "mic") && c.window == 1200 && c.stride == 160);
    ck_assert(c.dsp.kind == MOTE_DSP_MFCC && c.dsp.filters == 20 && c.dsp.variant == MOTE_DSP_Q15);
    ck_assert(c.classes == 2 && mote_str_is(c.label[1], "yes") && c.threshold == 0.75f);
    ck_assert(c.smooth == 3 && c.suppress == 5 && c.features == 91 && !c.offset && !c.centroids);
    ck_assert_int_eq(mote_pipe_config_encode(again, sizeof(again), &c), (int)sizeof(bytes));
    ck_assert_mem_eq(again, bytes, sizeof(bytes));
}
END_TEST

// The same for a pipeline with each kind of block: tests/golden/pipeline-1.txt, "kind hex" lines.
START_TEST(golden_pipelines_decode_and_encode_to_the_same_bytes)
{
    const char *root = getenv("MOTELOOP_SRC");
    char path[IO_PATH_MAX], kind[32];
    static char hex[8192];
    static uint8_t bytes[4096], again[4096];
    unsigned lines = 0;
    snprintf(path, sizeof(path), "%s/tests/golden/pipeline-1.txt", root ? root : ".");
    FILE *f = fopen(path, "r");
    ck_assert_msg(f != NULL, "cannot open %s", path);
    for (; fscanf(f, "%31s %8191s", kind, hex) == 2; lines++) {
        struct mote_pipe_config c;
        size_t len = strlen(hex) / 2;
        for (size_t i = 0; i < len; i++) {
            unsigned v;
            ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &v), 1);
            bytes[i] = (uint8_t)v;
        }
        ck_assert_msg(mote_pipe_config_decode(&c, bytes, len) == MOTE_OK, "%s", kind);
        ck_assert_str_eq(mote_dsp_kind_name(c.dsp.kind), kind);
        ck_assert_int_eq(mote_pipe_config_encode(again, sizeof(again), &c), (int)len);
        ck_assert_mem_eq(again, bytes, len);
    }
    fclose(f);
    ck_assert_uint_eq(lines, MOTE_DSP_KINDS);
}
END_TEST

START_TEST(config_that_is_cut_or_longer_is_refused)
{
    uint8_t bytes[2048];
    struct mote_pipe_config c = config(), d;
    int n = mote_pipe_config_encode(bytes, sizeof(bytes) - 1, &c);
    for (int cut = 0; cut < n; cut++) {
        ck_assert_int_ne(mote_pipe_config_decode(&d, bytes, (size_t)cut), MOTE_OK);
        ck_assert_int_eq(mote_pipe_config_encode(bytes + 1024, (size_t)cut, &c), MOTE_E_SPACE);
    }
    bytes[n] = 0;
    ck_assert_int_ne(mote_pipe_config_decode(&d, bytes, (size_t)n + 1), MOTE_OK);
}
END_TEST

// Every single damaged byte either is refused or gives a configuration that can run.
START_TEST(config_with_a_damaged_byte_never_lies)
{
    uint8_t bytes[2048];
    struct mote_pipe_config c = config(), d;
    int n = mote_pipe_config_encode(bytes, sizeof(bytes), &c);
    for (int i = 0; i < n; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[i] ^= (uint8_t)(1u << bit);
            if (mote_pipe_config_decode(&d, bytes, (size_t)n) == MOTE_OK) {
                ck_assert_int_eq(mote_dsp_features(&d.dsp, d.channels, d.window, d.interval_ns),
                                 (int)d.features);
            }
            bytes[i] ^= (uint8_t)(1u << bit);
        }
    }
}
END_TEST

START_TEST(config_out_of_bounds_is_not_encoded)
{
    uint8_t bytes[2048];
    struct mote_pipe_config c;
#define REFUSED(change)                                                                            \
    c = config();                                                                                  \
    change;                                                                                        \
    ck_assert_msg(mote_pipe_config_encode(bytes, sizeof(bytes), &c) < 0, "%s", #change)
    REFUSED(c.version = 2);
    REFUSED(c.task = 4);
    REFUSED(c.stream = text("Acc"));
    REFUSED(c.stream = text(""));
    REFUSED(c.stream = text("a2345678901234567890123456789012"));
    REFUSED(c.channels = 0);
    REFUSED(c.channels = MOTE_MAX_CHANNELS + 1);
    REFUSED(c.features = FEATURES + 1);
    REFUSED(c.window = 0);
    REFUSED(c.stride = 0);
    REFUSED(c.classes = 0);
    REFUSED(c.classes = MOTE_MAX_CLASSES + 1);
    REFUSED(c.label[1] = text(""));
    REFUSED(c.label[1] = text("a2345678901234567890123456789012"));
    REFUSED(c.gain = NULL);
    REFUSED(mote_putf(gain, INFINITY));
    REFUSED(mote_putf(radius, 0));
    REFUSED(c.centroids = MOTE_PIPE_CENTROIDS_MAX + 1);
    REFUSED(c.smooth = 0);
    REFUSED(c.smooth = MOTE_PIPE_SMOOTH_MAX + 1);
    REFUSED(c.threshold = NAN);
    REFUSED(c.width = 5);
    REFUSED(c.dsp.fft = 24);
    REFUSED(c.dsp.kind = MOTE_DSP_KINDS);
}
END_TEST

START_TEST(quantization_rounds_away_from_zero_and_saturates)
{
    const float in[10] = {0.0f,       0.25f, -0.25f, 0.75f, -0.75f,
                          0.2499999f, 1e30f, -1e30f, NAN,   63.9f};
    int8_t out[10];
    struct mote_nn_tensor t = {
        .data = out, .bytes = 10, .type = MOTE_NN_I8, .scale = 0.5f, .zero_point = 3};
    ck_assert_int_eq(mote_pipe_quantize(in, 10, &t), MOTE_OK);
    const int8_t want[10] = {3, 4, 2, 5, 1, 3, 127, -128, 3, 127};
    ck_assert_mem_eq(out, want, 10);
    t.bytes = 9;
    ck_assert_int_eq(mote_pipe_quantize(in, 10, &t), MOTE_E_MISMATCH);
    t.bytes = 10;
    t.scale = 0;
    ck_assert_int_eq(mote_pipe_quantize(in, 10, &t), MOTE_E_MISMATCH);
    uint8_t unsigned_out[10];
    t = (struct mote_nn_tensor){
        .data = unsigned_out, .bytes = 10, .type = MOTE_NN_U8, .scale = 0.5f, .zero_point = 128};
    ck_assert_int_eq(mote_pipe_quantize(in, 10, &t), MOTE_OK);
    const uint8_t want_unsigned[10] = {128, 129, 127, 130, 126, 128, 255, 0, 128, 255};
    ck_assert_mem_eq(unsigned_out, want_unsigned, 10);
    ck_assert_float_eq(mote_pipe_dequantize(&t, 3), 1.0f);
    int16_t wide[10];
    t = (struct mote_nn_tensor){.data = wide, .bytes = 20, .type = MOTE_NN_I16, .scale = 0.5f};
    ck_assert_int_eq(mote_pipe_quantize(in, 10, &t), MOTE_OK);
    ck_assert_int_eq(wide[6], 32767);
    ck_assert_int_eq(wide[9], 128);
    ck_assert_float_eq(mote_pipe_dequantize(&t, 9), 64.0f);
}
END_TEST

START_TEST(novelty_is_the_distance_to_the_nearest_centroid_in_radii)
{
    struct mote_pipe_config c = config();
    float f[FEATURES] = {0};
    ck_assert_float_eq(mote_pipe_novelty(&c, f), 0.0f);
    f[3] = 3.0f;
    f[4] = 4.0f;
    ck_assert_float_eq(mote_pipe_novelty(&c, f), 2.5f);
    for (unsigned i = 0; i < FEATURES; i++) {
        f[i] = 10.0f;
    }
    f[7] = 12.0f;
    ck_assert_float_eq(mote_pipe_novelty(&c, f), 0.5f);
    c.centroids = 0;
    ck_assert_float_eq(mote_pipe_novelty(&c, f), 0.0f);
}
END_TEST

START_TEST(scores_are_smoothed_and_decisions_suppressed)
{
    struct mote_pipe_config c = config();
    struct mote_pipe_post post;
    float ring[3 * CLASSES];
    c.smooth = 3;
    c.suppress = 2;
    c.threshold = 0.5f;
    ck_assert_uint_eq(mote_pipe_post_size(&c), sizeof(ring));
    mote_pipe_post_init(&post, &c, ring);
    static const float in[6][2] = {{0.9f, 0.1f}, {0.3f, 0.7f}, {0.0f, 1.0f},
                                   {0.0f, 1.0f}, {0.6f, 0.4f}, {0.6f, 0.4f}};
    static const unsigned class_index[6] = {0, 0, 1, 1, 1, 1};
    static const bool decided[6] = {true, false, false, true, false, false};
    for (unsigned i = 0; i < 6; i++) {
        struct mote_pipe_result r = {.scores = CLASSES, .score = {in[i][0], in[i][1], 0}};
        ck_assert_msg(mote_pipe_post_step(&post, &r) == decided[i], "window %u", i);
        ck_assert_uint_eq(r.class_index, class_index[i]);
    }
    struct mote_pipe_result r = {.scores = CLASSES, .score = {0, 0, 1}, .novelty = 1.5f};
    ck_assert(!mote_pipe_post_step(&post, &r));
    ck_assert(r.uncertain);
    ck_assert_float_eq_tol(r.score[2], 1.0f / 3, 1e-6f);
}
END_TEST

// --- over a model
// ------------------------------------------------------------------------------------
static int8_t weights[CLASSES * 560];
static float float_weights[CLASSES * 560];

// A fully connected network: features to outputs, int8 or float32 (the same weights * 0.01).
static void write_network(struct buf *out, const void *metadata, size_t bytes, int features,
                          int outputs, bool is_float)
{
    static const float in_scale = 0.05f, weight_scale = 0.01f, out_scale = 0.1f;
    static const int32_t zero = 0, in_zero = -5, out_zero = 2;
    ck_assert_int_le(outputs * features, (int)ARRAY_LEN(weights));
    for (int i = 0; i < outputs * features; i++) {
        weights[i] = (int8_t)(i * 37 % 251 - 125);
        float_weights[i] = (float)weights[i] * 0.01f;
    }
    enum tflite_type type = is_float ? TFLITE_FLOAT32 : TFLITE_INT8;
    size_t scales = is_float ? 0 : 1, count = (size_t)(outputs * features);
    struct tflite_tensor tensor[3] = {
        {.name = "in",
         .rank = 2,
         .dims = {1, features},
         .scale = &in_scale,
         .zero_point = &in_zero},
        {.name = "w",
         .rank = 2,
         .dims = {outputs, features},
         .data = is_float ? (const void *)float_weights : weights,
         .bytes = is_float ? count * sizeof(float) : count,
         .scale = &weight_scale,
         .zero_point = &zero},
        {.name = "out",
         .rank = 2,
         .dims = {1, outputs},
         .scale = &out_scale,
         .zero_point = &out_zero},
    };
    for (unsigned i = 0; i < 3; i++) {
        tensor[i].type = type;
        tensor[i].scales = scales;
    }
    struct tflite_op op = {
        .code = TFLITE_FULLY_CONNECTED, .ins = 3, .outs = 1, .in = {0, 1, -1}, .out = {2}};
    struct tflite_metadata m = {MOTE_PIPE_METADATA, metadata, bytes};
    int32_t in = 0, result = 2;
    struct tflite_graph g = {.tensor = tensor,
                             .tensors = 3,
                             .op = &op,
                             .ops = 1,
                             .input = &in,
                             .output = &result,
                             .inputs = 1,
                             .outputs = 1,
                             .metadata = &m,
                             .metadatas = bytes ? 1 : 0};
    struct err e;
    ck_assert_msg(tflite_write(&g, out, &e) == OK, "%s", e.msg);
}

static void write_model(struct buf *out, const void *metadata, size_t bytes, int features)
{
    write_network(out, metadata, bytes, features, CLASSES, false);
}

static void *aligned_copy(const struct buf *b)
{
    void *p = aligned_alloc(16, (b->len + 15) & ~(size_t)15);
    ck_assert_ptr_nonnull(p);
    memcpy(p, b->data, b->len);
    return p;
}

START_TEST(a_window_goes_all_the_way_to_a_class)
{
    uint8_t bytes[2048];
    struct mote_pipe_config c = config();
    struct buf b = {0};
    struct mote_pipe p;
    struct mote_pipe_result r, again;
    struct mote_nn_diag diag;
    size_t need;
    int n = mote_pipe_config_encode(bytes, sizeof(bytes), &c);
    write_model(&b, bytes, (size_t)n, FEATURES);
    void *file = aligned_copy(&b);
    ck_assert_int_eq(mote_pipe_arena_size(file, b.len, &mote_nn_ops_all, &need, &diag), MOTE_OK);
    ck_assert_uint_le(need, sizeof(arena));
    ck_assert_int_eq(mote_pipe_open(&p, file, b.len, &mote_nn_ops_all, arena, need - 1, &diag),
                     MOTE_E_SPACE);
    ck_assert_int_eq(mote_pipe_open(&p, file, b.len, &mote_nn_ops_all, arena, need, &diag),
                     MOTE_OK);
    fill_window();
    ck_assert_int_eq(mote_pipe_run(&p, raw, MOTE_I16, 1.0f / 4096, &r), MOTE_OK);
    ck_assert_uint_eq(r.scores, CLASSES);
    ck_assert_float_gt(r.novelty, 0.0f);

    // The same by hand: features, quantized, times the weights.
    static _Alignas(8) uint8_t scratch[1 << 14];
    float features[FEATURES];
    int8_t q[FEATURES];
    struct mote_nn_tensor in = {
        .data = q, .bytes = FEATURES, .type = MOTE_NN_I8, .scale = 0.05f, .zero_point = -5};
    ck_assert_int_eq(
        mote_pipe_features(&c, raw, MOTE_I16, 1.0f / 4096, scratch, sizeof(scratch), features),
        MOTE_OK);
    ck_assert_int_eq(mote_pipe_quantize(features, FEATURES, &in), MOTE_OK);
    ck_assert_float_eq(mote_pipe_novelty(&c, features), r.novelty);
    for (unsigned k = 0; k < CLASSES; k++) {
        int sum = 0;
        for (unsigned i = 0; i < FEATURES; i++) {
            sum += (q[i] + 5) * weights[k * FEATURES + i];
        }
        double whole = fmin(127, fmax(-128, round(sum * 0.05 * 0.01 / 0.1) + 2));
        ck_assert_msg(fabs((double)r.score[k] - (whole - 2) * 0.1) < 1e-5, "class %u: %g", k,
                      (double)r.score[k]);
    }
    // Physical floats give the same bits as the sensor's own values.
    float physical[WINDOW * CHANNELS];
    for (unsigned i = 0; i < WINDOW * CHANNELS; i++) {
        physical[i] = (float)raw[i] * (1.0f / 4096);
    }
    ck_assert_int_eq(mote_pipe_run(&p, physical, MOTE_F32, 1.0f, &again), MOTE_OK);
    ck_assert_mem_eq(&r, &again, sizeof(r));
    free(file);
    buf_release(&b);
}
END_TEST

START_TEST(overlapping_windows_of_sound_give_the_same_results_sooner_or_not)
{
    static int16_t sound[4000];
    static uint8_t norm[4 * 560];
    uint8_t bytes[8192];
    struct buf b = {0};
    struct mote_nn_diag diag;
    size_t least, most;
    uint32_t state = 7;
    for (size_t i = 0; i < ARRAY_LEN(sound); i++) {
        state = state * 1664525u + 1013904223u;
        sound[i] = (int16_t)(state >> 16);
    }
    struct mote_pipe_config c = config();
    mote_dsp_defaults(&c.dsp, MOTE_DSP_MFE);
    c.channels = 1;
    c.interval_ns = 125000;
    c.window = 1200;
    c.stride = 160;
    c.features = 560;
    c.centroids = 0;
    c.offset = c.gain = norm;
    for (unsigned i = 0; i < 560; i++) {
        mote_putf(norm + 4 * i, 0.5f);
    }
    int n = mote_pipe_config_encode(bytes, sizeof(bytes), &c);
    ck_assert_int_gt(n, 0);
    write_model(&b, bytes, (size_t)n, 560);
    void *file = aligned_copy(&b);
    ck_assert_int_eq(mote_pipe_arena_size(file, b.len, &mote_nn_ops_all, &least, &diag), MOTE_OK);
    ck_assert_int_eq(mote_pipe_stream_arena_size(file, b.len, &mote_nn_ops_all, &most, &diag),
                     MOTE_OK);
    ck_assert_uint_gt(most, least);
    struct mote_pipe plain, stream;
    void *small = aligned_alloc(16, (least + 15) & ~(size_t)15),
         *large = aligned_alloc(16, (most + 15) & ~(size_t)15);
    ck_assert_int_eq(mote_pipe_open(&plain, file, b.len, &mote_nn_ops_all, small, least, &diag),
                     MOTE_OK);
    ck_assert_int_eq(mote_pipe_open(&stream, file, b.len, &mote_nn_ops_all, large, most, &diag),
                     MOTE_OK);
    ck_assert(!plain.streams && stream.streams);
    for (unsigned at = 0; at + c.window <= ARRAY_LEN(sound); at += c.stride) {
        struct mote_pipe_result one, two;
        ck_assert_int_eq(mote_pipe_run(&plain, sound + at, MOTE_I16, 1.0f / 32768, &one), MOTE_OK);
        ck_assert_int_eq(mote_pipe_run_next(&stream, sound + at, MOTE_I16, 1.0f / 32768,
                                            at ? c.stride : 0, &two),
                         MOTE_OK);
        ck_assert_mem_eq(&one, &two, sizeof(one));
    }
    free(file);
    free(small);
    free(large);
    buf_release(&b);
}
END_TEST

// Opens a network for the pipeline c, runs one window; features (normalised) for comparison.
static struct mote_pipe_result run_task(const struct mote_pipe_config *c, int outputs,
                                        bool is_float, float *features)
{
    static _Alignas(8) uint8_t scratch[1 << 14];
    uint8_t bytes[2048];
    struct buf b = {0};
    struct mote_pipe p;
    struct mote_pipe_result r;
    struct mote_nn_diag diag;
    size_t need;
    int n = mote_pipe_config_encode(bytes, sizeof(bytes), c);
    ck_assert_int_gt(n, 0);
    write_network(&b, bytes, (size_t)n, FEATURES, outputs, is_float);
    void *file = aligned_copy(&b);
    ck_assert_int_eq(mote_pipe_arena_size(file, b.len, &mote_nn_ops_all, &need, &diag), MOTE_OK);
    void *exact = aligned_alloc(16, (need + 15) & ~(size_t)15); // the sanitizer watches its end
    ck_assert_msg(mote_pipe_open(&p, file, b.len, &mote_nn_ops_all, exact, need, &diag) == MOTE_OK,
                  "%s", diag.reason);
    fill_window();
    for (int k = 0; k < 2; k++) { // the second time on used memory
        ck_assert_int_eq(mote_pipe_run(&p, raw, MOTE_I16, 1.0f / 4096, &r), MOTE_OK);
    }
    ck_assert_int_eq(
        mote_pipe_features(c, raw, MOTE_I16, 1.0f / 4096, scratch, sizeof(scratch), features),
        MOTE_OK);
    free(exact);
    free(file);
    buf_release(&b);
    return r;
}

static float output_of(const float *features, unsigned k)
{
    float sum = 0;
    for (unsigned i = 0; i < FEATURES; i++) {
        sum += features[i] * float_weights[k * FEATURES + i];
    }
    return sum;
}

START_TEST(float_models_and_every_task_give_their_scores)
{
    float f[FEATURES];
    struct mote_pipe_config c = config();
    c.centroids = 0;
    struct mote_pipe_result r = run_task(&c, CLASSES, true, f);
    for (unsigned k = 0; k < CLASSES; k++) {
        ck_assert_float_eq_tol(r.score[k], output_of(f, k), 1e-3f);
    }
    c.task = MOTE_TASK_REGRESS;
    r = run_task(&c, CLASSES, true, f);
    ck_assert(r.scores == CLASSES && !r.uncertain && r.class_index == 0);
    ck_assert_float_eq_tol(r.score[2], output_of(f, 2), 1e-3f);

    c.task = MOTE_TASK_CLASSIFY; // one output for two labels
    c.classes = 2;
    r = run_task(&c, 1, true, f);
    ck_assert_float_eq_tol(r.score[1], output_of(f, 0), 1e-3f);
    ck_assert_float_eq_tol(r.score[0], 1 - r.score[1], 1e-6f);

    c.task = MOTE_TASK_ANOMALY; // as many outputs as features
    for (int is_float = 0; is_float < 2; is_float++) {
        float sum = 0;
        r = run_task(&c, FEATURES, is_float, f);
        for (unsigned k = 0; k < FEATURES; k++) {
            float out = output_of(f, k);
            if (!is_float) {
                out = fmaxf(-13, fminf(12.5f, out)); // what its int8 output can say
            }
            sum += (out - f[k]) * (out - f[k]);
        }
        ck_assert_uint_eq(r.scores, 1);
        ck_assert_float_eq_tol(r.score[0] / (sum / FEATURES), 1.0f, is_float ? 1e-3f : 0.02f);
        ck_assert(r.uncertain && r.class_index == 1);
        ck_assert_float_eq_tol(r.novelty, r.score[0] / c.threshold, 1e-3f * r.novelty);
    }
}
END_TEST

static int open_with(const void *metadata, size_t bytes, int features, const char **reason)
{
    struct buf b = {0};
    struct mote_pipe p;
    struct mote_nn_diag diag = {0};
    write_model(&b, metadata, bytes, features);
    void *file = aligned_copy(&b);
    int status = mote_pipe_open(&p, file, b.len, &mote_nn_ops_all, arena, sizeof(arena), &diag);
    *reason = diag.reason;
    free(file);
    buf_release(&b);
    return status;
}

START_TEST(a_model_whose_pipeline_does_not_fit_is_refused)
{
    uint8_t bytes[2048];
    const char *reason;
    struct mote_pipe_config c = config();
    ck_assert_int_eq(open_with(NULL, 0, FEATURES, &reason), MOTE_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(reason, "no pipeline"));
    ck_assert_int_eq(open_with("nonsense", 8, FEATURES, &reason), MOTE_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(reason, "damaged"));
    int n = mote_pipe_config_encode(bytes, sizeof(bytes), &c);
    ck_assert_int_eq(open_with(bytes, (size_t)n, FEATURES - 1, &reason), MOTE_E_MISMATCH);
    ck_assert_ptr_nonnull(strstr(reason, "input"));
    c.classes = 2;
    n = mote_pipe_config_encode(bytes, sizeof(bytes), &c);
    ck_assert_int_eq(open_with(bytes, (size_t)n, FEATURES, &reason), MOTE_E_MISMATCH);
    ck_assert_ptr_nonnull(strstr(reason, "labels"));
}
END_TEST

START_TEST(models_of_others_carry_no_pipeline)
{
    const char *shared = getenv("MOTELOOP_SHARED");
    char path[IO_PATH_MAX];
    struct buf b = {0};
    struct err e;
    size_t need;
    struct mote_nn_diag diag;
    snprintf(path, sizeof(path), "%s/golden/ad01_int8.tflite", shared ? shared : "../shared");
    if (!io_exists(path)) {
        printf("SKIP: no %s\n", path);
        return;
    }
    ck_assert_int_eq(io_read_file(path, 1 << 24, &b, &e), OK);
    void *file = aligned_copy(&b);
    ck_assert_int_eq(mote_pipe_arena_size(file, b.len, &mote_nn_ops_all, &need, &diag),
                     MOTE_E_NOT_FOUND);
    free(file);
    buf_release(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pipe");
    TCase *t = tcase_create("pipe");
    tcase_add_test(t, config_comes_back_as_it_went);
    tcase_add_test(t, config_of_version_1_is_still_read);
    tcase_add_test(t, golden_pipelines_decode_and_encode_to_the_same_bytes);
    tcase_add_test(t, config_that_is_cut_or_longer_is_refused);
    tcase_add_test(t, config_with_a_damaged_byte_never_lies);
    tcase_add_test(t, config_out_of_bounds_is_not_encoded);
    tcase_add_test(t, quantization_rounds_away_from_zero_and_saturates);
    tcase_add_test(t, novelty_is_the_distance_to_the_nearest_centroid_in_radii);
    tcase_add_test(t, scores_are_smoothed_and_decisions_suppressed);
    tcase_add_test(t, a_window_goes_all_the_way_to_a_class);
    tcase_add_test(t, overlapping_windows_of_sound_give_the_same_results_sooner_or_not);
    tcase_add_test(t, float_models_and_every_task_give_their_scores);
    tcase_add_test(t, a_model_whose_pipeline_does_not_fit_is_refused);
    tcase_add_test(t, models_of_others_carry_no_pipeline);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
