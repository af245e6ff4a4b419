// The four ways to choose a tensor's range, on values whose best range is known.
#include "trainer/quant_range.h"

#include <check.h>
#include <math.h>

static struct quant_histogram h;

// Values between -1 and 1, evenly, and a few strays far out.
static void make(uint64_t strays, float far)
{
    h = (struct quant_histogram){.lo = -1, .hi = far};
    float width = (far + 1) / QUANT_BINS;
    for (int i = 0; i < QUANT_BINS; i++) {
        h.bin[i] = -1 + width * ((float)i + 0.5f) < 1 ? 1000 : 0;
    }
    h.bin[QUANT_BINS - 1] = strays;
}

static void choose(enum quant_method m, double percentile, float *lo, float *hi)
{
    *lo = h.lo;
    *hi = h.hi;
    quant_range(&h, m, percentile, lo, hi);
}

START_TEST(min_max_keeps_all)
{
    float lo, hi;
    make(3, 20);
    choose(QUANT_MIN_MAX, 0, &lo, &hi);
    ck_assert_float_eq(lo, -1);
    ck_assert_float_eq(hi, 20);
}
END_TEST

START_TEST(percentile_leaves_strays_out)
{
    float lo, hi;
    make(3, 20);
    choose(QUANT_PERCENTILE, 99.99, &lo, &hi);
    ck_assert_float_ge(lo, -1.01f);
    ck_assert_float_le(hi, 1.05f);
    choose(QUANT_PERCENTILE, 100, &lo, &hi);
    ck_assert_float_eq(hi, 20);
}
END_TEST

// Mean squared error: few strays are given up, many are kept.
START_TEST(squared_error_weighs_strays)
{
    float lo, few, many;
    make(1, 8);
    choose(QUANT_MSE, 0, &lo, &few);
    make(20000, 8);
    choose(QUANT_MSE, 0, &lo, &many);
    ck_assert_float_le(few, 7.5f);
    ck_assert_float_ge(few, 1);
    ck_assert_float_ge(many, 7.9f);
}
END_TEST

START_TEST(entropy_cuts_a_long_thin_tail)
{
    float lo, hi;
    make(1, 40);
    choose(QUANT_ENTROPY, 0, &lo, &hi);
    ck_assert_float_le(hi, 40);
    ck_assert_float_ge(hi, 0.5f);
    ck_assert_float_le(lo, 0);
}
END_TEST

// Whatever the method: zero stays inside, and a tensor of one value is left alone.
START_TEST(zero_stays_inside)
{
    float lo, hi;
    h = (struct quant_histogram){.lo = 0, .hi = 4};
    for (int i = 0; i < QUANT_BINS; i++) {
        h.bin[i] = i > QUANT_BINS / 2 ? 10 : 0;
    }
    choose((enum quant_method)_i, 99.9, &lo, &hi);
    ck_assert_float_ge(hi, 0);
    ck_assert_float_le(fminf(lo, 0), 0);
    h.lo = h.hi = 0;
    choose((enum quant_method)_i, 99.9, &lo, &hi);
    ck_assert_float_eq(lo, 0);
    ck_assert_float_eq(hi, 0);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("quant_range");
    tcase_add_test(t, min_max_keeps_all);
    tcase_add_test(t, percentile_leaves_strays_out);
    tcase_add_test(t, squared_error_weighs_strays);
    tcase_add_test(t, entropy_cuts_a_long_thin_tail);
    tcase_add_loop_test(t, zero_stays_inside, QUANT_MIN_MAX, QUANT_ENTROPY + 1);
    Suite *s = suite_create("quant_range");
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
