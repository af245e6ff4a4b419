// The simulated fan: the same samples for the same seed, and physics that a spectrum can see.
#include "firmware/port/posix/fan_sim.h"

#include <check.h>
#include <math.h>

#define N 2000 // frames analysed: 20 s
#define PI 3.14159265358979323846

static double acc[N][3];

static void record(struct fan_sim *s, enum fan_state state)
{
    static int16_t raw[N + 500][3];
    fan_sim_set(s, FAN_NORMAL, 0);
    fan_sim_set(s, state, 500000);
    fan_sim_acc(s, 0, raw, N + 500);
    for (int c = 0; c < 3; c++) {
        double mean = 0;
        for (int i = 0; i < N; i++) {
            acc[i][c] = raw[i + 500][c] * (double)FAN_ACC_SCALE;
            mean += acc[i][c] / N;
        }
        for (int i = 0; i < N; i++) {
            acc[i][c] -= mean;
        }
    }
}

static double deviation(int c)
{
    double sum = 0;
    for (int i = 0; i < N; i++) {
        sum += acc[i][c] * acc[i][c];
    }
    return sqrt(sum / N);
}

// Power between two frequencies, by a plain DFT.
static double band(int c, double lo, double hi)
{
    double power = 0;
    for (int k = (int)(lo * N / 100); k <= (int)(hi * N / 100); k++) {
        double re = 0, im = 0;
        for (int i = 0; i < N; i++) {
            re += acc[i][c] * cos(2 * PI * k * i / N);
            im += acc[i][c] * sin(2 * PI * k * i / N);
        }
        power += 2 * (re * re + im * im) / ((double)N * N);
    }
    return power;
}

START_TEST(the_same_seed_gives_the_same_samples)
{
    static int16_t x[1000][3], y[1000][3], m[4000], n[4000];
    struct fan_sim a, b;
    fan_sim_init(&a, "dev-1", 1);
    fan_sim_init(&b, "dev-1", 1);
    fan_sim_set(&a, FAN_BEARING, 0);
    fan_sim_set(&b, FAN_BEARING, 0);
    fan_sim_acc(&a, 0, x, 1000);
    fan_sim_mic(&a, 0, m, 4000);
    fan_sim_mic(&b, 0, n, 4000); // streams do not disturb each other, pieces neither
    fan_sim_acc(&b, 0, y, 300);
    fan_sim_acc(&b, 300, y + 300, 700);
    ck_assert_mem_eq(x, y, sizeof(x));
    ck_assert_mem_eq(m, n, sizeof(m));
    fan_sim_init(&b, "dev-2", 1);
    fan_sim_set(&b, FAN_BEARING, 0);
    fan_sim_acc(&b, 0, y, 1000);
    ck_assert_mem_ne(x, y, sizeof(x));
    ck_assert(a.hz != b.hz);
}
END_TEST

START_TEST(devices_differ_within_what_the_model_says)
{
    double lo = 100, hi = 0;
    for (int i = 0; i < 200; i++) {
        char id[16];
        struct fan_sim s;
        (void)snprintf(id, sizeof(id), "dev-%d", i);
        fan_sim_init(&s, id, 1);
        lo = s.hz < lo ? s.hz : lo;
        hi = s.hz > hi ? s.hz : hi;
        for (int r = 0; r < 3; r++) { // mounting is a rotation
            for (int c = 0; c < 3; c++) {
                double dot = 0;
                for (int k = 0; k < 3; k++) {
                    dot += s.mount[r][k] * s.mount[c][k];
                }
                ck_assert_double_eq_tol(dot, r == c, 1e-9);
            }
        }
    }
    ck_assert(lo >= 20 && lo < 20.5 && hi <= 25 && hi > 24.5);
}
END_TEST

START_TEST(a_spectrum_tells_the_states_apart)
{
    for (int d = 0; d < 6; d++) {
        char id[16];
        struct fan_sim s;
        double total[FAN_STATES], first[FAN_STATES], half[FAN_STATES], ring[FAN_STATES];
        (void)snprintf(id, sizeof(id), "dev-%d", d);
        for (int state = 0; state < FAN_STATES; state++) {
            fan_sim_init(&s, id, 1);
            record(&s, (enum fan_state)state);
            total[state] = deviation(0) * deviation(0);
            first[state] = band(0, 0.95 * s.hz, 1.05 * s.hz);
            half[state] = band(1, 0.45 * s.hz, 0.55 * s.hz);
            ring[state] = band(0, s.structure_hz - 4, s.structure_hz + 4);
        }
        ck_assert_double_lt(total[FAN_OFF], 0.02);
        ck_assert_double_gt(total[FAN_NORMAL], 1.5 * total[FAN_OFF]);
        ck_assert_double_gt(first[FAN_IMBALANCE], 10 * first[FAN_NORMAL]);
        ck_assert_double_gt(first[FAN_IMBALANCE], 0.8 * total[FAN_IMBALANCE]);
        ck_assert_double_gt(ring[FAN_BEARING], 3 * ring[FAN_NORMAL]);
        ck_assert_double_lt(first[FAN_BEARING], 0.5 * total[FAN_BEARING]);
        ck_assert_double_gt(half[FAN_LOOSENESS], 50 * half[FAN_IMBALANCE]);
        ck_assert_double_gt(total[FAN_RUB] - first[FAN_RUB],
                            5 * (total[FAN_NORMAL] - first[FAN_NORMAL]));
    }
}
END_TEST

START_TEST(the_microphone_hears_the_bearing_ring)
{
    static int16_t mic[8000];
    double power[2];
    for (int i = 0; i < 2; i++) {
        struct fan_sim s;
        fan_sim_init(&s, "dev-1", 1);
        fan_sim_set(&s, i ? FAN_BEARING : FAN_NORMAL, 0);
        fan_sim_mic(&s, 40000, mic, 8000);
        power[i] = 0;
        for (double f = s.ring_hz - 60; f < s.ring_hz + 60; f += 2) {
            double re = 0, im = 0;
            for (int n = 0; n < 8000; n++) {
                re += mic[n] * cos(2 * PI * f * n / 8000);
                im += mic[n] * sin(2 * PI * f * n / 8000);
            }
            power[i] += re * re + im * im;
        }
    }
    ck_assert_double_gt(power[1], 5 * power[0]);
}
END_TEST

START_TEST(a_change_of_state_settles)
{
    static int16_t raw[1000][3];
    struct fan_sim s;
    fan_sim_init(&s, "dev-1", 1);
    fan_sim_set(&s, FAN_IMBALANCE, 0);
    fan_sim_acc(&s, 0, raw, 500);
    fan_sim_set(&s, FAN_OFF, 5000000);
    fan_sim_acc(&s, 500, raw + 500, 500);
    double early = 0, late = 0;
    for (size_t i = 510; i < 530; i++) {
        size_t k = i - 10 + FAN_SETTLE_US / 10000;
        early += abs(raw[i][0] - raw[i + 1][0]);
        late += abs(raw[k][0] - raw[k + 1][0]);
    }
    ck_assert_double_gt(early, 3 * late);
}
END_TEST

START_TEST(states_have_names)
{
    for (int i = 0; i < FAN_STATES; i++) {
        ck_assert_int_eq(fan_state_parse(fan_state_name((enum fan_state)i)), i);
    }
    ck_assert_int_eq(fan_state_parse("on fire"), -1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("fan");
    TCase *t = tcase_create("fan");
    tcase_add_test(t, the_same_seed_gives_the_same_samples);
    tcase_add_test(t, devices_differ_within_what_the_model_says);
    tcase_add_test(t, a_spectrum_tells_the_states_apart);
    tcase_add_test(t, the_microphone_hears_the_bearing_ring);
    tcase_add_test(t, a_change_of_state_settles);
    tcase_add_test(t, states_have_names);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
