// The signal blocks against NumPy, SciPy and PyWavelets (dsp_golden.h), both variants of the
// arithmetic.
#include <check.h>
#include <math.h>

#include "firmware/core/dsp/mote_dsp.h"
#include "firmware/core/dsp/mote_resample.h"
#include "tests/firmware/dsp_golden.h"

static _Alignas(8) uint8_t scratch[1 << 18];
static float frames[16000 * 3];
static float features[1 << 14];

static void make(uint32_t state, unsigned count, unsigned channels)
{
    for (unsigned i = 0; i < count; i++) {
        for (unsigned c = 0; c < channels; c++) {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            int saw = (int)(i * (37 + 12 * c) % 200) - 100;
            frames[i * channels + c] =
                (float)((int)(state & 0xfff) * 4 - 8192 + saw * 100 + 3000 * (int)c) / 32768.0f;
        }
    }
}

static unsigned run(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                    uint64_t interval_ns)
{
    size_t need;
    ck_assert_ptr_null(mote_dsp_why_not(c, channels, window, interval_ns));
    ck_assert_int_eq(mote_dsp_scratch(c, channels, window, interval_ns, &need), MOTE_OK);
    ck_assert_uint_le(need, sizeof(scratch));
    int n = mote_dsp_features(c, channels, window, interval_ns);
    ck_assert_int_gt(n, 0);
    ck_assert_int_le(n, (int)ARRAY_LEN(features));
    ck_assert_int_eq(
        mote_dsp_run(c, channels, window, interval_ns, frames, features, scratch, need), MOTE_OK);
    return (unsigned)n;
}

// Compares rows `every` apart; absolute error, or relative where the value is larger than 1.
static void compare(const char *what, unsigned count, unsigned cols, unsigned every,
                    const float *golden, size_t golden_count, double tolerance)
{
    double worst = 0;
    size_t k = 0;
    for (unsigned row = 0; row * cols < count; row += every) {
        for (unsigned c = 0; c < cols; c++, k++) {
            ck_assert_uint_lt(k, golden_count);
            double g = golden[k],
                   e = fabs(features[row * cols + c] - g) / (fabs(g) > 1 ? fabs(g) : 1);
            worst = e > worst ? e : worst;
            ck_assert_msg(e <= tolerance, "%s: row %u, feature %u: %.8g, should be %.8g", what, row,
                          c, (double)features[row * cols + c], g);
        }
    }
    ck_assert_uint_eq(k, golden_count);
    printf("%s: largest error %.2g\n", what, worst);
}
#define COMPARE(count, cols, every, golden, tolerance)                                             \
    compare(#golden, count, cols, every, golden, ARRAY_LEN(golden), tolerance)

static struct mote_dsp_config defaults(unsigned kind, unsigned variant)
{
    struct mote_dsp_config c;
    mote_dsp_defaults(&c, kind);
    c.variant = (uint8_t)variant;
    return c;
}

#define MS 1000000ull

static void spectral(unsigned variant, double tolerance)
{
    struct mote_dsp_config c = defaults(MOTE_DSP_SPECTRAL, variant);
    c.mean = true;
    make(1, 125, 3);
    ck_assert_uint_eq(run(&c, 3, 125, 16 * MS), 3 * 14);
    COMPARE(3 * 14, 14, 1, golden_spectral, tolerance);

    c = defaults(MOTE_DSP_SPECTRAL, variant);
    c.fft = 64;
    c.filter = MOTE_DSP_LOW_PASS;
    c.cutoff = 8;
    c.take_log = c.overlap = false;
    make(2, 200, 1);
    unsigned n = run(&c, 1, 200, 10 * MS);
    COMPARE(n, n, 1, golden_low, tolerance);

    c = defaults(MOTE_DSP_SPECTRAL, variant);
    c.fft = 32;
    c.filter = MOTE_DSP_HIGH_PASS;
    c.cutoff = 5;
    c.order = 4;
    c.decimate = 3;
    make(3, 600, 2);
    n = run(&c, 2, 600, 10 * MS);
    COMPARE(n, n / 2, 1, golden_high, tolerance);
    c.decimate = 1;
    c.order = 0;
    c.cutoff = 20;
    make(3, 600, 1);
    n = run(&c, 1, 600, 10 * MS);
    COMPARE(n, n, 1, golden_mask, tolerance);

    c = defaults(MOTE_DSP_SPECTRAL, variant);
    c.low_frequency = true;
    make(4, 800, 2);
    n = run(&c, 2, 800, 10 * MS);
    COMPARE(n, n, 1, golden_slow, tolerance);
}

START_TEST(spectral_features_are_those_of_scipy)
{
    spectral(MOTE_DSP_F32, 1e-4);
}
END_TEST

START_TEST(fixed_point_spectra_are_near_those_of_scipy)
{
    spectral(MOTE_DSP_Q15, 2e-3);
}
END_TEST

static void wavelet(const char *name, unsigned level, uint32_t window, unsigned channels)
{
    struct mote_dsp_config c = defaults(MOTE_DSP_SPECTRAL, MOTE_DSP_F32);
    c.analysis = MOTE_DSP_BY_WAVELET;
    int w = mote_dsp_wavelet_find(name, strlen(name));
    ck_assert_int_ge(w, 0);
    c.wavelet = (uint8_t)w;
    c.level = (uint8_t)level;
    make(5, window, channels);
    ck_assert_uint_eq(run(&c, channels, window, 10 * MS), channels * 14 * (level + 1));
}

START_TEST(wavelet_features_are_those_of_pywavelets)
{
    wavelet("db4", 2, 256, 2);
    COMPARE(2 * 42, 42, 1, golden_db4, 2e-5);
    wavelet("bior4.4", 2, 256, 1);
    COMPARE(42, 42, 1, golden_bior44, 2e-5);
    wavelet("rbio2.8", 3, 301, 1);
    COMPARE(56, 56, 1, golden_rbio28, 2e-5);
    wavelet("sym10", 1, 256, 1);
    COMPARE(28, 28, 1, golden_sym10, 2e-5);
}
END_TEST

static void sound(unsigned variant, double step, double tolerance)
{
    struct mote_dsp_config c = defaults(MOTE_DSP_MFE, variant);
    make(6, 8000, 1);
    ck_assert_uint_eq(run(&c, 1, 8000, MS / 8), 99 * 40);
    COMPARE(99 * 40, 40, 33, golden_mfe, step);
    c.fft = 512;
    c.filters = 20;
    c.low_hz = 300;
    c.high_hz = 3500;
    ck_assert_uint_eq(run(&c, 1, 8000, MS / 8), 99 * 20);
    COMPARE(99 * 20, 20, 33, golden_band, step);
    c = defaults(MOTE_DSP_MFCC, variant);
    ck_assert_uint_eq(run(&c, 1, 8000, MS / 8), 50 * 13);
    COMPARE(50 * 13, 13, 7, golden_mfcc, 2 * tolerance); // in deviations of the coefficient
    c.normalise = 11;
    run(&c, 1, 8000, MS / 8);
    COMPARE(50 * 13, 13, 7, golden_sliding, 2 * tolerance);
    c.normalise = 0;
    run(&c, 1, 8000, MS / 8);
    COMPARE(50 * 13, 13, 7, golden_cepstrum, tolerance);
    c = defaults(MOTE_DSP_SPECTROGRAM, variant);
    ck_assert_uint_eq(run(&c, 1, 8000, MS / 8), 99 * 65);
    COMPARE(99 * 65, 65, 33, golden_spectrogram, tolerance);
    c = defaults(MOTE_DSP_MFE, variant);
    make(6, 16000, 1);
    ck_assert_uint_eq(run(&c, 1, 16000, MS / 16), 99 * 40);
    COMPARE(99 * 40, 40, 33, golden_mfe16k, step);
}

START_TEST(sound_features_are_those_of_numpy)
{
    sound(MOTE_DSP_F32, 1e-6, 1e-4);
}
END_TEST

START_TEST(fixed_point_sound_features_are_near_those_of_numpy)
{
    sound(MOTE_DSP_Q15, 1.0 / 256, 0.02);
}
END_TEST

START_TEST(flatten_is_that_of_numpy)
{
    struct mote_dsp_config c = defaults(MOTE_DSP_FLATTEN, MOTE_DSP_F32);
    make(7, 333, 3);
    ck_assert_uint_eq(run(&c, 3, 333, MS), 21);
    COMPARE(21, 7, 1, golden_flatten, 2e-5);
}
END_TEST

START_TEST(resampling_is_that_of_scipy)
{
    make(8, 900, 1);
    ck_assert_uint_eq(mote_resample_count(200, 8, 5), 320);
    ck_assert_int_eq(mote_resample(frames, 200, 1, 8, 5, features, scratch, sizeof(scratch)),
                     MOTE_OK);
    COMPARE(320, 1, 7, golden_up, 1e-5);
    ck_assert_uint_eq(mote_resample_count(900, 6, 80), 68);
    ck_assert_int_eq(
        mote_resample(frames, 900, 1, 6, 80, features, scratch, mote_resample_scratch(3, 40)),
        MOTE_OK);
    COMPARE(68, 1, 1, golden_down, 1e-5);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("dsp_golden");
    TCase *t = tcase_create("dsp_golden");
    tcase_add_test(t, spectral_features_are_those_of_scipy);
    tcase_add_test(t, fixed_point_spectra_are_near_those_of_scipy);
    tcase_add_test(t, wavelet_features_are_those_of_pywavelets);
    tcase_add_test(t, sound_features_are_those_of_numpy);
    tcase_add_test(t, fixed_point_sound_features_are_near_those_of_numpy);
    tcase_add_test(t, resampling_is_that_of_scipy);
    tcase_add_test(t, flatten_is_that_of_numpy);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
