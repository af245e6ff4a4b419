// The signal blocks: configuration and its bytes, what is refused, raw and picture blocks, hostile
// values.
#include <check.h>
#include <math.h>

#include "firmware/core/dsp/dsp_params.h"
#include "firmware/core/dsp/mote_colour.h"
#include "firmware/core/dsp/mote_dsp.h"
#include "firmware/core/dsp/mote_resample.h"

#define MS 1000000ull
static _Alignas(8) uint8_t scratch[1 << 18];
static float features[1 << 14];

static struct mote_dsp_config defaults(unsigned kind)
{
    struct mote_dsp_config c;
    mote_dsp_defaults(&c, kind);
    return c;
}

START_TEST(names_find_their_numbers)
{
    for (unsigned i = 0; i < MOTE_DSP_KINDS; i++) {
        ck_assert_int_eq(mote_dsp_kind_find(mote_dsp_kind_name(i), strlen(mote_dsp_kind_name(i))),
                         (int)i);
    }
    ck_assert_ptr_null(mote_dsp_kind_name(MOTE_DSP_KINDS));
    ck_assert_int_eq(mote_dsp_kind_find("mf", 2), MOTE_E_NOT_FOUND);
    ck_assert_int_eq(mote_dsp_kind_find("mfe2", 4), MOTE_E_NOT_FOUND);
    ck_assert_int_eq(mote_dsp_variant_find("q15-1", 5), MOTE_DSP_Q15);
    struct mote_dsp_config c = defaults(MOTE_DSP_SPECTRAL);
    ck_assert_str_eq(mote_dsp_wavelet_name(c.wavelet), "db4");
    ck_assert_ptr_null(mote_dsp_wavelet_name(52));
}
END_TEST

// A choice's names must be as many as its bounds allow, and the wavelets' those of their table.
START_TEST(parameters_have_names_choices_and_bounds)
{
    struct mote_dsp_param p;
    unsigned count = 0;
    for (; mote_dsp_param(count, &p) == MOTE_OK; count++) {
        ck_assert_ptr_nonnull(p.name);
        ck_assert_ptr_nonnull(p.help);
        ck_assert_uint_ne(p.kinds, 0);
        ck_assert(p.lo < p.hi);
        for (unsigned k = 0; k < MOTE_DSP_KINDS; k++) {
            struct mote_dsp_config c = defaults(k);
            float v = mote_dsp_get(&c, count);
            ck_assert_msg(!(p.kinds >> k & 1) || (v >= p.lo && v <= p.hi), "%s of %s", p.name,
                          mote_dsp_kind_name(k));
        }
        struct mote_dsp_config c = defaults(MOTE_DSP_RAW);
        ck_assert_int_eq(mote_dsp_set(&c, count, p.hi), MOTE_OK);
        ck_assert_float_eq(mote_dsp_get(&c, count), p.hi);
        ck_assert_int_eq(mote_dsp_set(&c, count, p.lo), MOTE_OK);
        ck_assert_int_eq(mote_dsp_set(&c, count, p.hi * 1.5f + 1), MOTE_E_LIMIT);
        ck_assert_int_eq(mote_dsp_set(&c, count, NAN), MOTE_E_LIMIT);
        ck_assert(p.type == MOTE_DSP_PARAM_NUMBER ||
                  mote_dsp_set(&c, count, p.lo + 0.5f) == MOTE_E_ARG);
        if (p.type != MOTE_DSP_PARAM_CHOICE) {
            continue;
        }
        unsigned choices = 0;
        for (const char *at = p.choices; *at; choices++) {
            size_t len = strcspn(at, " ");
            if (strcmp(p.name, "wavelet") == 0) {
                ck_assert_int_eq(mote_dsp_wavelet_find(at, len), (int)choices);
            }
            at += len + (at[len] == ' ');
        }
        ck_assert_msg((float)choices == p.hi + 1, "%s has %u choices", p.name, choices);
    }
    ck_assert_uint_gt(count, 25);
}
END_TEST

START_TEST(config_comes_back_as_it_went)
{
    uint8_t bytes[256], again[256];
    for (unsigned k = 0; k < MOTE_DSP_KINDS; k++) {
        struct mote_dsp_config c = defaults(k), d;
        c.variant = MOTE_DSP_Q15;
        c.scale = 0.1f;
        int n = mote_dsp_encode(bytes, sizeof(bytes), &c);
        ck_assert_int_gt(n, 0);
        ck_assert_int_eq(mote_dsp_decode(&d, bytes, (size_t)n), MOTE_OK);
        ck_assert_int_eq(mote_dsp_encode(again, sizeof(again), &d), n);
        ck_assert_mem_eq(bytes, again, (size_t)n);
        ck_assert_mem_eq(&c, &d, sizeof(c));
        for (int cut = 0; cut < n; cut++) {
            ck_assert_int_ne(mote_dsp_decode(&d, bytes, (size_t)cut), MOTE_OK);
            ck_assert_int_eq(mote_dsp_encode(again, (size_t)cut, &c), MOTE_E_SPACE);
        }
    }
}
END_TEST

static int decode(const char *bytes, size_t len)
{
    struct mote_dsp_config c;
    return mote_dsp_decode(&c, (const uint8_t *)bytes, len);
}

START_TEST(config_with_wrong_keys_or_values_is_refused)
{
    ck_assert_int_eq(decode("\xa1\x01\x00", 3), MOTE_OK);              // raw, all defaults
    ck_assert_int_eq(decode("\xa0", 1), MOTE_E_FORMAT);                // nothing
    ck_assert_int_eq(decode("\xa1\x02\x00", 3), MOTE_E_FORMAT);        // no kind
    ck_assert_int_eq(decode("\xa1\x01\x07", 3), MOTE_E_UNSUPPORTED);   // unknown kind
    ck_assert_int_eq(decode("\xa2\x01\x00\x02\x02", 5), MOTE_E_LIMIT); // unknown variant
    ck_assert_int_eq(decode("\xa2\x01\x00\x10\x18\x40", 6),
                     MOTE_E_UNSUPPORTED); // fft of a raw block
    ck_assert_int_eq(decode("\xa2\x01\x01\x18\x63\x00", 6), MOTE_E_UNSUPPORTED); // unknown key
    ck_assert_int_eq(decode("\xa3\x01\x01\x0b\xf5\x0a\xf5", 7),
                     MOTE_E_UNSUPPORTED); // keys out of order
    ck_assert_int_eq(decode("\xa3\x01\x01\x0a\xf5\x0a\xf5", 7), MOTE_E_UNSUPPORTED); // a key twice
    ck_assert_int_eq(decode("\xa2\x01\x01\x0a\x01", 5), MOTE_E_FORMAT);        // number for a flag
    ck_assert_int_eq(decode("\xa2\x01\x00\x03\xf9\x7e\x00", 7), MOTE_E_LIMIT); // scale is no number
}
END_TEST

START_TEST(the_format_page_has_every_key)
{
    const char *root = getenv("MOTELOOP_SRC");
    char path[512], row[80];
    static char page[1 << 16];
    snprintf(path, sizeof(path), "%s/docs/formats/pipeline.md", root ? root : ".");
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f != NULL, "cannot open %s", path);
    page[fread(page, 1, sizeof(page) - 1, f)] = 0;
    fclose(f);
    struct mote_dsp_param p;
    for (unsigned i = 0; mote_dsp_param(i, &p) == MOTE_OK; i++) {
        snprintf(row, sizeof(row), "\n| %u | %s |", dsp_params[i].key, p.name);
        ck_assert_msg(strstr(page, row) != NULL, "no row:%s", row);
    }
}
END_TEST

START_TEST(what_cannot_run_says_why)
{
#define WHY(kind, change, channels, window, interval, words)                                       \
    do {                                                                                           \
        struct mote_dsp_config c = defaults(kind);                                                 \
        change;                                                                                    \
        const char *why = mote_dsp_why_not(&c, channels, window, interval);                        \
        ck_assert_msg(why &&strstr(why, words), "%s: %s", #change, why ? why : "runs");            \
        ck_assert_int_lt(mote_dsp_features(&c, channels, window, interval), 0);                    \
    } while (0)
    WHY(MOTE_DSP_RAW, c.kind = 99, 1, 10, MS, "kind");
    WHY(MOTE_DSP_RAW, c.variant = 9, 1, 10, MS, "bounds");
    WHY(MOTE_DSP_RAW, (void)0, 0, 10, MS, "channels");
    WHY(MOTE_DSP_RAW, (void)0, MOTE_MAX_CHANNELS + 1, 10, MS, "channels");
    WHY(MOTE_DSP_RAW, (void)0, 1, 0, MS, "window");
    WHY(MOTE_DSP_RAW, (void)0, 2, 1u << 24, MS, "window");
    WHY(MOTE_DSP_SPECTRAL, (void)0, 1, 100, 0, "rate");
    WHY(MOTE_DSP_SPECTRAL, c.fft = 48, 1, 100, MS, "power of two");
    WHY(MOTE_DSP_SPECTRAL, c.decimate = 5, 1, 100, MS, "decimation");
    WHY(MOTE_DSP_SPECTRAL, (c.filter = 1, c.order = 3), 1, 100, MS, "order");
    WHY(MOTE_DSP_SPECTRAL, (c.filter = 1, c.cutoff = 500), 1, 100, MS, "cutoff");
    WHY(MOTE_DSP_SPECTRAL, (c.filter = 1, c.cutoff = 48, c.decimate = 10), 1, 1000, MS,
        "decimation");
    WHY(MOTE_DSP_SPECTRAL, (c.filter = 1, c.cutoff = 3), 1, 100, MS, "every power bin");
    WHY(MOTE_DSP_SPECTRAL, c.low_frequency = true, 1, 79, MS, "low frequencies");
    WHY(MOTE_DSP_SPECTRAL, (c.analysis = 1, c.level = 2), 1, 127, MS, "wavelet level");
    WHY(MOTE_DSP_MFE, c.channel = 1, 1, 8000, MS / 8, "channel");
    WHY(MOTE_DSP_MFE, (void)0, 1, 159, MS / 8, "shorter than a frame");
    WHY(MOTE_DSP_MFE, c.frame = 0.0003f, 1, 8000, MS / 8, "4 samples");
    WHY(MOTE_DSP_MFE, (void)0, 1, 80000, MS / 8, "500 frames");
    WHY(MOTE_DSP_MFE, c.low_hz = 4000, 1, 8000, MS / 8, "low_hz");
    WHY(MOTE_DSP_MFE, c.high_hz = 4001, 1, 8000, MS / 8, "low_hz");
    WHY(MOTE_DSP_MFE, c.filters = 120, 1, 8000, MS / 8, "FFT bin");
    WHY(MOTE_DSP_MFCC, c.coefficients = 33, 1, 8000, MS / 8, "coefficients");
    WHY(MOTE_DSP_MFCC, c.normalise = 100, 1, 8000, MS / 8, "even");
    WHY(MOTE_DSP_FLATTEN, c.stats = 0, 1, 10, MS, "bounds");
    WHY(MOTE_DSP_IMAGE, (c.width = 4, c.height = 4), 2, 16, 0, "channels");
    WHY(MOTE_DSP_IMAGE, (c.width = 4, c.height = 4), 3, 15, 0, "width");
}
END_TEST

START_TEST(defaults_give_the_shapes_of_the_field)
{
    struct mote_dsp_shape s;
    struct mote_dsp_config c = defaults(MOTE_DSP_SPECTRAL);
    ck_assert_int_eq(mote_dsp_features(&c, 3, 125, 16 * MS), 39);
    c = defaults(MOTE_DSP_MFE);
    ck_assert_int_eq(mote_dsp_shape(&c, 1, 16000, MS / 16, &s), MOTE_OK);
    ck_assert(s.rows == 99 && s.cols == 40 && s.planes == 1);
    c = defaults(MOTE_DSP_MFCC);
    ck_assert_int_eq(mote_dsp_shape(&c, 1, 16000, MS / 16, &s), MOTE_OK);
    ck_assert(s.rows == 50 && s.cols == 13 && s.planes == 1);
    c = defaults(MOTE_DSP_SPECTROGRAM);
    ck_assert_int_eq(mote_dsp_shape(&c, 1, 16000, MS / 16, &s), MOTE_OK);
    ck_assert(s.rows == 99 && s.cols == 65 && s.planes == 1);
    c = defaults(MOTE_DSP_RAW);
    ck_assert_int_eq(mote_dsp_shape(&c, 3, 128, 0, &s), MOTE_OK);
    ck_assert(s.rows == 128 && s.cols == 1 && s.planes == 3);
}
END_TEST

START_TEST(every_sample_type_is_read)
{
    static const uint8_t raw[] = {0x00, 0xff, 0x34, 0x12, 0x00, 0x80, 0x00, 0x00, 0x80, 0x3f};
    struct mote_dsp_config c = defaults(MOTE_DSP_RAW);
    c.scale = 2;
#define READS(type, from, count, ...)                                                              \
    do {                                                                                           \
        const float want[] = {__VA_ARGS__};                                                        \
        ck_assert_int_eq(                                                                          \
            mote_dsp_run_raw(&c, 1, count, 0, raw + (from), type, 0.5f, features, NULL, 0),        \
            MOTE_OK);                                                                              \
        ck_assert_mem_eq(features, want, sizeof(want));                                            \
    } while (0)
    READS(MOTE_U8, 0, 2, 0, 255);
    READS(MOTE_I8, 0, 2, 0, -1);
    READS(MOTE_I16, 1, 2, 13567, 18);
    READS(MOTE_I16, 4, 1, -32768);
    READS(MOTE_I32, 2, 1, -2147479040.0f);
    READS(MOTE_F32, 6, 1, 1);
    ck_assert_int_eq(mote_dsp_run_raw(&c, 1, 1, 0, raw, 77, 1, features, NULL, 0), MOTE_E_ARG);
}
END_TEST

START_TEST(scratch_is_what_was_asked_for)
{
    static float frames[3000];
    for (unsigned k = 0; k < MOTE_DSP_KINDS; k++) {
        for (unsigned variant = 0; variant < MOTE_DSP_VARIANTS; variant++) {
            struct mote_dsp_config c = defaults(k);
            size_t need;
            c.variant = (uint8_t)variant;
            c.width = 30;
            c.height = 100;
            ck_assert_int_eq(mote_dsp_scratch(&c, 1, 3000, MS / 8, &need), MOTE_OK);
            uint8_t *exact = aligned_alloc(8, need ? (need + 7) & ~(size_t)7
                                                   : 8); // the sanitizer watches its end
            float *out = malloc(sizeof(float) * (size_t)mote_dsp_features(&c, 1, 3000, MS / 8));
            ck_assert(exact && out);
            ck_assert_int_eq(mote_dsp_run(&c, 1, 3000, MS / 8, frames, out, exact, need), MOTE_OK);
            if (need) {
                ck_assert_int_eq(mote_dsp_run(&c, 1, 3000, MS / 8, frames, out, exact, need - 1),
                                 MOTE_E_SPACE);
                ck_assert_int_eq(mote_dsp_run(&c, 1, 3000, MS / 8, frames, out, exact + 1, need),
                                 MOTE_E_ARG);
            }
            free(exact);
            free(out);
        }
    }
}
END_TEST

START_TEST(features_are_finite_whatever_comes_in)
{
    static float frames[2048 * 3];
    static const float nasty[] = {INFINITY, -INFINITY, NAN,   3e38f, -3e38f,
                                  1e-40f,   0,         9e14f, -9e14f};
    for (unsigned k = 0; k < MOTE_DSP_KINDS; k++) {
        for (unsigned how = 0; how < 4 + 2 * ARRAY_LEN(nasty); how++) {
            struct mote_dsp_config c = defaults(k);
            c.variant = how & 1;
            c.analysis = how >> 1 & 1;
            c.filter = (uint8_t)(how % 3);
            c.low_frequency = c.filter != MOTE_DSP_HIGH_PASS;
            c.cutoff = 2000;
            c.scale = how & 4 ? 1e9f : 1;
            c.width = 64;
            c.height = 32;
            c.out_width = 21;
            for (size_t i = 0; i < ARRAY_LEN(frames); i++) {
                frames[i] = how < 2 * ARRAY_LEN(nasty) ? nasty[how / 2]
                                                       : nasty[(i * i + how) % ARRAY_LEN(nasty)];
            }
            int n = mote_dsp_features(&c, 3, 2048, MS / 8);
            ck_assert_msg(n > 0, "%s", mote_dsp_why_not(&c, 3, 2048, MS / 8));
            ck_assert_int_eq(
                mote_dsp_run(&c, 3, 2048, MS / 8, frames, features, scratch, sizeof(scratch)),
                MOTE_OK);
            for (int i = 0; i < n; i++) {
                ck_assert_msg(isfinite(features[i]), "%s %u: feature %d", mote_dsp_kind_name(k),
                              how, i);
            }
        }
    }
}
END_TEST

START_TEST(silence_has_no_cepstrum)
{
    static int16_t silence[8000];
    for (unsigned variant = 0; variant < MOTE_DSP_VARIANTS; variant++) {
        struct mote_dsp_config c = defaults(MOTE_DSP_MFCC);
        c.variant = (uint8_t)variant;
        ck_assert_int_eq(mote_dsp_run_raw(&c, 1, 8000, MS / 8, silence, MOTE_I16, 1, features,
                                          scratch, sizeof(scratch)),
                         MOTE_OK);
        for (unsigned i = 0; i < 50 * 13; i++) {
            ck_assert_float_eq(features[i], 0);
        }
    }
}
END_TEST

START_TEST(overlapping_windows_give_the_same_bits_as_whole_ones)
{
    static int16_t sound[6000];
    static float whole[1 << 13], streamed[1 << 13];
    static const uint32_t advances[] = {0, 160, 480, 80, 37, 800, 2000, 0, 1840, 160};
    uint32_t state = 3;
    for (size_t i = 0; i < ARRAY_LEN(sound); i++) {
        state = state * 1664525u + 1013904223u;
        sound[i] = (int16_t)(state >> 17);
    }
    for (unsigned k = 0; k < MOTE_DSP_KINDS; k++) {
        for (unsigned variant = 0; variant < MOTE_DSP_VARIANTS; variant++) {
            struct mote_dsp_config c = defaults(k);
            struct mote_dsp_stream st;
            size_t need;
            c.variant = (uint8_t)variant;
            c.width = 40;
            c.height = 50;
            ck_assert_int_eq(mote_dsp_stream_size(&c, 1, 2000, MS / 8, &need), MOTE_OK);
            uint8_t *memory = aligned_alloc(8, need ? need : 8);
            ck_assert(need == 0 || mote_dsp_stream_open(&st, &c, 1, 2000, MS / 8, memory,
                                                        need - 1) == MOTE_E_SPACE);
            ck_assert_int_eq(mote_dsp_stream_open(&st, &c, 1, 2000, MS / 8, memory, need), MOTE_OK);
            size_t n = (size_t)mote_dsp_features(&c, 1, 2000, MS / 8), at = 0;
            for (size_t i = 0; i < ARRAY_LEN(advances); i++) {
                at = (at + advances[i]) %
                     4000; // wrapping is a jump that is told of as one: not a multiple
                uint32_t advance = i && at >= advances[i] ? advances[i] : 0;
                ck_assert_int_eq(
                    mote_dsp_stream_run(&st, sound + at, MOTE_I16, 1.0f / 32768, advance, streamed),
                    MOTE_OK);
                ck_assert_int_eq(mote_dsp_run_raw(&c, 1, 2000, MS / 8, sound + at, MOTE_I16,
                                                  1.0f / 32768, whole, scratch, sizeof(scratch)),
                                 MOTE_OK);
                ck_assert_msg(memcmp(whole, streamed, n * sizeof(float)) == 0, "%s, window %zu",
                              mote_dsp_kind_name(k), i);
            }
            free(memory);
        }
    }
}
END_TEST

START_TEST(rates_with_a_ratio_of_small_numbers_can_be_resampled)
{
    uint32_t up, down;
    float two[2] = {1, 2}, out[4];
    ck_assert_int_eq(mote_resample_ratio(62500, 125000, &up, &down), MOTE_OK); // 16 kHz to 8 kHz
    ck_assert(up == 1 && down == 2);
    ck_assert_int_eq(mote_resample_ratio(90703, 125000, &up, &down), MOTE_E_LIMIT);
    ck_assert_int_eq(mote_resample_ratio(0, 125000, &up, &down), MOTE_E_ARG);
    ck_assert_int_eq(mote_resample(two, 2, 1, 1, 1, out, scratch, mote_resample_scratch(1, 1)),
                     MOTE_OK);
    ck_assert(out[0] == 1 && out[1] == 2);
    ck_assert_int_eq(mote_resample(two, 2, 1, 2, 1, out, scratch, 8), MOTE_E_SPACE);
    ck_assert_int_eq(mote_resample(two, 2, 1, 0, 1, out, scratch, sizeof(scratch)), MOTE_E_ARG);
    ck_assert_uint_eq(mote_resample_count(10, 1001, 1), 0);
    ck_assert_int_eq(mote_resample(two, 0, 1, 2, 1, out, scratch, sizeof(scratch)), MOTE_OK);
}
END_TEST

static void picture(const struct mote_dsp_config *c, unsigned channels, const uint8_t *pixels,
                    const float *want, unsigned count)
{
    uint32_t window = (uint32_t)c->width * c->height;
    ck_assert_int_eq(mote_dsp_features(c, channels, window, 0), (int)count);
    ck_assert_int_eq(
        mote_dsp_run_raw(c, channels, window, 0, pixels, MOTE_U8, 1, features, NULL, 0), MOTE_OK);
    for (unsigned i = 0; i < count; i++) {
        ck_assert_msg(fabsf(features[i] - want[i]) < 1e-5f, "%u: %g, should be %g", i,
                      (double)features[i], (double)want[i]);
    }
}

START_TEST(pictures_become_planes_and_gray)
{
    static const uint8_t rgba[] = {255, 0, 0, 9, 0, 255, 0, 9};
    struct mote_dsp_config c = defaults(MOTE_DSP_IMAGE);
    c.width = 2;
    picture(&c, 4, rgba, (const float[]){1, 0, 0, 0, 1, 0}, 6);
    c.gray = true;
    picture(&c, 4, rgba, (const float[]){0.299f, 0.587f}, 2);
    c.width = 8;
    picture(&c, 1, rgba, (const float[]){1, 0, 0, 9 / 255.0f, 0, 1, 0, 9 / 255.0f}, 8);
}
END_TEST

START_TEST(pixels_of_cameras_become_rgb_and_gray)
{
    static const uint8_t le[] = {0xff, 0xff, 0x00, 0xf8, 0xe0, 0x07, 0x1f, 0x00, 0x10, 0x84};
    static const uint8_t le_rgb[] = {255, 255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 255, 132, 130, 132};
    static const uint8_t be[] = {0xf8, 0x00};
    static const uint8_t yuyv[] = {255, 128, 0, 128, 76, 85, 149, 255};
    static const uint8_t yuyv_rgb[] = {255, 255, 255, 0, 0, 0, 254, 0, 0, 255, 73, 73};
    static const uint8_t uyvy[] = {128, 255, 128, 0};
    static const uint8_t bgr[] = {1, 2, 3};
    uint8_t out[15];
    ck_assert_int_eq(mote_pixels_to_rgb(MOTE_PIXELS_RGB565_LE, le, 5, out), MOTE_OK);
    ck_assert_mem_eq(out, le_rgb, 15);
    ck_assert_int_eq(mote_pixels_to_gray(MOTE_PIXELS_RGB565_LE, le, 5, out), MOTE_OK);
    ck_assert_mem_eq(out, ((const uint8_t[]){255, 76, 150, 29, 131}), 5);
    ck_assert_int_eq(mote_pixels_to_rgb(MOTE_PIXELS_RGB565_BE, be, 1, out), MOTE_OK);
    ck_assert_mem_eq(out, ((const uint8_t[]){255, 0, 0}), 3);
    ck_assert_int_eq(mote_pixels_to_rgb(MOTE_PIXELS_YUYV, yuyv, 4, out), MOTE_OK);
    ck_assert_mem_eq(out, yuyv_rgb, 12);
    ck_assert_int_eq(mote_pixels_to_gray(MOTE_PIXELS_UYVY, uyvy, 2, out), MOTE_OK);
    ck_assert_mem_eq(out, ((const uint8_t[]){255, 0}), 2);
    ck_assert_int_eq(mote_pixels_to_rgb(MOTE_PIXELS_BGR, bgr, 1, out), MOTE_OK);
    ck_assert_mem_eq(out, ((const uint8_t[]){3, 2, 1}), 3);
    ck_assert_int_eq(mote_pixels_to_rgb(MOTE_PIXELS_YUYV, yuyv, 3, out), MOTE_E_ARG);
    ck_assert_uint_eq(mote_pixels_size((enum mote_pixels)9, 4), 0);
}
END_TEST

START_TEST(sound_settings_follow_frame_and_rate)
{
    struct mote_dsp_config c = defaults(MOTE_DSP_MFE);
    ck_assert_int_eq(mote_dsp_suggest(&c, MS / 16), MOTE_OK);
    ck_assert(c.fft == 512 && c.filters == 41);
    ck_assert_int_eq(mote_dsp_suggest(&c, MS / 8), MOTE_OK);
    ck_assert(c.fft == 256 && c.filters == 40);
    c.frame = 0.005f;
    ck_assert_int_eq(mote_dsp_suggest(&c, MS / 8), MOTE_OK);
    ck_assert(c.fft == 64 && c.filters == 38);
    ck_assert_int_eq(mote_dsp_suggest(&c, 0), MOTE_E_ARG);
    c.frame = 10;
    ck_assert_int_eq(mote_dsp_suggest(&c, MS / 8), MOTE_E_LIMIT);
    c = defaults(MOTE_DSP_RAW);
    ck_assert_int_eq(mote_dsp_suggest(&c, MS / 8), MOTE_E_UNSUPPORTED);
}
END_TEST

START_TEST(pictures_are_resized_between_pixel_centres)
{
    static const uint8_t wide[] = {0, 51, 102, 153, 51, 102, 153, 204}; // 4 x 2
    struct mote_dsp_config c = defaults(MOTE_DSP_IMAGE);
    c.width = 4;
    c.height = 2;
    c.out_width = 2;
    c.out_height = 1;
    picture(&c, 1, wide, (const float[]){0.2f, 0.6f}, 2);
    c.out_width = 2;
    c.out_height = 2;
    c.fit = MOTE_DSP_CROP; // the middle two columns
    picture(&c, 1, wide, (const float[]){0.2f, 0.4f, 0.4f, 0.6f}, 4);
    c.out_width = c.out_height = 4;
    c.fit = MOTE_DSP_LETTERBOX;
    picture(&c, 1, wide,
            (const float[]){0, 0, 0, 0, 0, 0.2f, 0.4f, 0.6f, 0.2f, 0.4f, 0.6f, 0.8f, 0, 0, 0, 0},
            16);
    c.out_width = 8;
    c.out_height = 2;
    c.fit = MOTE_DSP_SQUASH; // edges are not extrapolated
    picture(&c, 1, wide,
            (const float[]){0, 0.05f, 0.15f, 0.25f, 0.35f, 0.45f, 0.55f, 0.6f, 0.2f, 0.25f, 0.35f,
                            0.45f, 0.55f, 0.65f, 0.75f, 0.8f},
            16);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("dsp");
    TCase *t = tcase_create("dsp");
    tcase_add_test(t, names_find_their_numbers);
    tcase_add_test(t, parameters_have_names_choices_and_bounds);
    tcase_add_test(t, config_comes_back_as_it_went);
    tcase_add_test(t, config_with_wrong_keys_or_values_is_refused);
    tcase_add_test(t, the_format_page_has_every_key);
    tcase_add_test(t, what_cannot_run_says_why);
    tcase_add_test(t, defaults_give_the_shapes_of_the_field);
    tcase_add_test(t, every_sample_type_is_read);
    tcase_add_test(t, scratch_is_what_was_asked_for);
    tcase_add_test(t, features_are_finite_whatever_comes_in);
    tcase_add_test(t, silence_has_no_cepstrum);
    tcase_add_test(t, overlapping_windows_give_the_same_bits_as_whole_ones);
    tcase_add_test(t, rates_with_a_ratio_of_small_numbers_can_be_resampled);
    tcase_add_test(t, pictures_become_planes_and_gray);
    tcase_add_test(t, pixels_of_cameras_become_rgb_and_gray);
    tcase_add_test(t, sound_settings_follow_frame_and_rate);
    tcase_add_test(t, pictures_are_resized_between_pixel_centres);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
