// The elementary functions against libm in double, over the whole range of floats; the FFTs against
// a plain sum.
#include <check.h>
#include <math.h>

#include "firmware/core/dsp/dsp_fft.h"
#include "firmware/core/dsp/dsp_fft_q15.h"
#include "firmware/core/dsp/dsp_stats.h"
#include "firmware/core/dsp/mote_math.h"

static double worst;

// Error in units of the last place of the exact value.
static void measure(float got, double exact)
{
    int e;
    frexp(exact, &e);
    double ulp = ldexp(1, (e < -125 ? -125 : e) - 24), error = fabs((double)got - exact) / ulp;
    worst = error > worst ? error : worst;
}

static void report(const char *name, double limit)
{
    printf("%s: at most %.2f ulp\n", name, worst);
    ck_assert_msg(worst <= limit, "%s: %.2f ulp", name, worst);
    worst = 0;
}

static float of_bits(uint32_t u)
{
    float f;
    memcpy(&f, &u, 4);
    return f;
}

#define STEP 12007 // through all positive floats, denormal ones too

START_TEST(square_root_is_exact)
{
    for (uint32_t u = 1; u < 0x7f800000u; u += STEP) {
        float x = of_bits(u);
        ck_assert_msg(mote_sqrt(x) == (float)sqrt(x), "sqrt(%a)", (double)x);
    }
    ck_assert_float_eq(mote_sqrt(0), 0);
    ck_assert_float_eq(mote_sqrt(-1), 0);
    ck_assert_float_eq(mote_sqrt(NAN), 0);
    ck_assert_float_eq(mote_sqrt(INFINITY), MOTE_FLT_MAX);
}
END_TEST

START_TEST(logarithms_are_within_three_ulp)
{
    for (uint32_t u = 1; u < 0x7f800000u; u += STEP) {
        measure(mote_log(of_bits(u)), log(of_bits(u)));
    }
    for (uint32_t u = 0x3f000000u; u < 0x40000000u; u += 37) { // around 1 the result is small
        measure(mote_log(of_bits(u)), log(of_bits(u)));
    }
    report("log", 3);
    for (uint32_t u = 1; u < 0x7f800000u; u += STEP) {
        measure(mote_log10(of_bits(u)), log10(of_bits(u)));
    }
    for (uint32_t u = 0x3f000000u; u < 0x40000000u; u += 37) {
        measure(mote_log10(of_bits(u)), log10(of_bits(u)));
    }
    report("log10", 3);
    ck_assert_float_eq(mote_log(0), -MOTE_FLT_MAX);
    ck_assert_float_eq(mote_log10(NAN), -MOTE_FLT_MAX);
    ck_assert_float_eq(mote_log(1), 0);
}
END_TEST

START_TEST(exponential_is_within_three_ulp)
{
    for (double x = -87.2; x < 88.7; x += 0.0007) {
        measure(mote_exp((float)x), exp((double)(float)x));
    }
    report("exp", 3);
    ck_assert_float_eq(mote_exp(-200), 0);
    ck_assert_float_eq(mote_exp(NAN), 0);
    ck_assert_float_eq(mote_exp(200), MOTE_FLT_MAX);
    ck_assert_float_eq(mote_exp(0), 1);
}
END_TEST

START_TEST(angles_are_within_three_ulp)
{
    static const uint32_t den[] = {1, 2, 3, 4, 7, 40, 52, 128, 4096, 100003};
    for (size_t k = 0; k < ARRAY_LEN(den); k++) {
        for (uint32_t i = 0; i < 2 * den[k]; i += den[k] / 5000 + 1) {
            float s, c;
            double angle = 2 * M_PI * i / den[k];
            mote_sincos_turn(i, den[k], &s, &c);
            ck_assert(fabs((double)s - sin(angle)) < 1e-7 && fabs((double)c - cos(angle)) < 1e-7);
            if (i < den[k] / 4) {
                measure(s, sin(angle));
                measure(c, cos(angle));
            }
        }
    }
    report("sin and cos of a turn's part", 3);
    for (int i = 1; i < 5000; i++) {
        measure(mote_tan_pi((float)i / 10000), tan(M_PI * (double)((float)i / 10000)));
    }
    report("tan(pi x)", 6); // its argument is rounded on both sides of 1/4
}
END_TEST

START_TEST(helpers_take_numbers_apart)
{
    ck_assert_float_eq(mote_rint(2.5f), 2);
    ck_assert_float_eq(mote_rint(3.5f), 4);
    ck_assert_float_eq(mote_rint(-2.5f), -2);
    ck_assert_int_eq(mote_exponent(1.0f), 0);
    ck_assert_int_eq(mote_exponent(-0.3f), -2);
    ck_assert_float_eq(mote_pow2(-126), 0x1p-126f);
    ck_assert_float_eq(mote_pow2(127), 0x1p127f);
    ck_assert(mote_is_finite(MOTE_FLT_MAX) && !mote_is_finite(NAN) && !mote_is_finite(-INFINITY));
    for (uint64_t v = 1; v < (uint64_t)1 << 56; v = v * 17 / 16 + 1) {
        ck_assert(fabs(dsp_log2_q16(v) / 65536.0 - log2((double)v)) < 5.0 / 65536);
    }
}
END_TEST

static float noise(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return (float)(int32_t)*state / 2147483648.0f;
}

static void exact_powers(const float *x, unsigned n, double *power)
{
    for (unsigned k = 0; k <= n / 2; k++) {
        double re = 0, im = 0;
        for (unsigned i = 0; i < n; i++) {
            double angle = 2 * M_PI * (i * k % n) / n;
            re += (double)x[i] * cos(angle);
            im -= (double)x[i] * sin(angle);
        }
        power[k] = (re * re + im * im) / n;
    }
}

static float x[4096], table[4096], power[4096];
static double exact[4096];

START_TEST(powers_are_those_of_a_plain_sum)
{
    for (unsigned n = DSP_FFT_MIN; n <= 1024; n *= 2) {
        uint32_t state = n;
        double error = 0;
        for (unsigned i = 0; i < n; i++) {
            x[i] = noise(&state);
        }
        exact_powers(x, n, exact);
        dsp_fft_table(table, n);
        dsp_fft_power(table, n, x, power);
        for (unsigned k = 0; k <= n / 2; k++) {
            error = fmax(error, fabs((double)power[k] - exact[k]));
        }
        ck_assert_msg(error < 2e-6, "n %u: error %g", n, error); // powers are about 1/3
    }
}
END_TEST

START_TEST(fixed_point_noise_stays_60_db_below_the_signal)
{
    static int16_t q[4096], cosines[DSP_FFT_TABLE(4096)];
    static uint32_t whole[2049];
    for (unsigned n = DSP_FFT_MIN; n <= 1024; n *= 2) {
        for (int shape = 0; shape < 4; shape++) {
            uint32_t state = n;
            double error = 0, total = 0;
            for (unsigned i = 0; i < n; i++) { // noise, a tone, a step at full scale, faint noise
                q[i] = (int16_t)(shape == 0   ? noise(&state) * 32767
                                 : shape == 1 ? 32767 * sinf(0.37f * (float)i)
                                 : shape == 2 ? (i < n / 2 ? 32767 : -32768)
                                              : noise(&state) * 4096);
                x[i] = (float)q[i];
            }
            exact_powers(x, n, exact);
            dsp_q15_table(cosines, n);
            int e = dsp_q15_power(cosines, n, q, whole);
            for (unsigned k = 0; k <= n / 2; k++) { // as amplitudes
                double d = sqrt(ldexp(whole[k], 2 * e) / n) - sqrt(exact[k]);
                error += d * d;
                total += exact[k];
            }
            ck_assert_msg(10 * log10(error / total) < -60, "n %u, shape %d: %.1f dB", n, shape,
                          10 * log10(error / total));
        }
    }
}
END_TEST

START_TEST(statistics_of_long_arrays_stay_exact)
{
    static float a[65536];
    struct dsp_moments m;
    for (unsigned i = 0; i < ARRAY_LEN(a); i++) {
        a[i] = 1000.0f + (float)(i % 2);
    }
    dsp_moments(a, ARRAY_LEN(a), &m);
    ck_assert_float_eq_tol(m.mean, 1000.5f, 1e-3f);
    ck_assert_float_eq_tol(m.variance, 0.25f, 1e-3f);
    ck_assert_float_eq_tol(m.kurtosis, -2.0f, 1e-3f);
    for (unsigned i = 0; i < ARRAY_LEN(a); i++) {
        a[i] = 3;
    }
    dsp_moments(a, ARRAY_LEN(a), &m);
    ck_assert_float_eq(m.skewness, 0);
    ck_assert_float_eq(m.kurtosis, -3);
    uint32_t state = 5;
    for (size_t n = 0; n < 200; n++) {
        for (size_t i = 0; i < n; i++) {
            a[i] = noise(&state);
        }
        dsp_sort(a, n);
        for (size_t i = 1; i < n; i++) {
            ck_assert(a[i - 1] <= a[i]);
        }
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("dsp_math");
    TCase *t = tcase_create("dsp_math");
    tcase_add_test(t, square_root_is_exact);
    tcase_add_test(t, logarithms_are_within_three_ulp);
    tcase_add_test(t, exponential_is_within_three_ulp);
    tcase_add_test(t, angles_are_within_three_ulp);
    tcase_add_test(t, helpers_take_numbers_apart);
    tcase_add_test(t, powers_are_those_of_a_plain_sum);
    tcase_add_test(t, fixed_point_noise_stays_60_db_below_the_signal);
    tcase_add_test(t, statistics_of_long_arrays_stay_exact);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
