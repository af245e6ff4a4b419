// Device time to server time: what makes a new version of the mapping, and what does not.
#include "common/clock_map.h"

#include <check.h>
#include <math.h>

#define SECOND 1000000
#define START 1790000000000000

struct history {
    struct clock_map map[200];
    int count;
};

// A measurement when the device shows that many seconds; the server gained offset_us since the start.
static bool measure(struct history *h, double device_s, int64_t offset_us, int64_t bound_us)
{
    struct clock_measure m = {(int64_t)(device_s * SECOND),
                              START + (int64_t)(device_s * SECOND) + offset_us, bound_us};
    bool more = clock_map_step(h->count ? &h->map[h->count - 1] : NULL,
                               h->count > 1 ? &h->map[h->count - 2] : NULL, &m, &h->map[h->count]);
    h->count += more;
    return more;
}

static const struct clock_map *newest(const struct history *h)
{
    return &h->map[h->count - 1];
}

START_TEST(drift_is_narrowed_by_few_versions)
{
    struct history h = {.count = 0};
    for (double t = 1; t < 86400; t += 60) {
        (void)measure(&h, t, (int64_t)(t * 30) + (int64_t)fmod(t * 7919, 1500),
                      1500); // 30 ppm, answers within 3 ms
    }
    ck_assert_int_ge(h.count, 4);
    ck_assert_int_le(h.count, 16);
    ck_assert_int_eq(newest(&h)->reason, CLOCK_REFINED);
    ck_assert_int_le(llabs(newest(&h)->drift_ppb - 30000), newest(&h)->drift_bound_ppb);
    ck_assert_int_le(newest(&h)->drift_bound_ppb, 200);
    int64_t a_day = 86400 * (int64_t)SECOND;
    ck_assert_int_le(llabs(clock_map_server_us(newest(&h), a_day) - (START + a_day + 86400 * 30)),
                     20000);
}
END_TEST

START_TEST(a_late_answer_bends_nothing)
{
    struct history h = {.count = 0};
    (void)measure(&h, 1, 0, 1000);
    ck_assert(!measure(&h, 10, 400000, 450000));  // on its way for most of a second
    ck_assert(!measure(&h, 5, -300000, 450000));  // and one that was asked before
    ck_assert_int_eq(h.count, 1);
    ck_assert_int_eq(clock_map_server_us(newest(&h), 20 * SECOND), START + 20 * SECOND);
}
END_TEST

START_TEST(a_jump_begins_anew_and_keeps_the_old_version)
{
    struct history h = {.count = 0};
    for (double t = 1; t < 4000; t += 60) {
        (void)measure(&h, t, 0, 1000);
    }
    int before = h.count;
    const struct clock_map old = h.map[before - 1];
    ck_assert(measure(&h, 4060, 7 * SECOND, 1000)); // the server's clock was set
    ck_assert_int_eq(newest(&h)->reason, CLOCK_JUMP);
    ck_assert_int_eq(newest(&h)->drift_bound_ppb, 0);
    ck_assert_mem_eq(&h.map[before - 1], &old, sizeof(old));
    ck_assert_int_eq(clock_map_server_us(&old, 2000 * (int64_t)SECOND),
                     START + 2000 * (int64_t)SECOND);
    for (double t = 4120; t < 8000; t += 60) {
        (void)measure(&h, t, 7 * SECOND, 1000);
    }
    ck_assert_int_eq(newest(&h)->reason, CLOCK_REFINED);
    ck_assert_int_le(llabs(newest(&h)->drift_ppb), newest(&h)->drift_bound_ppb);
}
END_TEST

START_TEST(a_clock_of_another_speed_is_found_by_two_jumps)
{
    struct history h = {.count = 0};
    for (double t = 10; t < 2000; t *= 2) {
        (void)measure(&h, t, -(int64_t)(0.9 * t * SECOND),
                      1000); // ten seconds on the device are one on the server
    }
    bool rate = false;
    for (int i = 0; i < h.count; i++) {
        rate |= h.map[i].reason == CLOCK_RATE;
    }
    ck_assert(rate);
    ck_assert_int_le(llabs(newest(&h)->drift_ppb + 900000000), 1000000);
}
END_TEST

START_TEST(reasons_have_names)
{
    for (int r = CLOCK_FIRST; r <= CLOCK_RATE; r++) {
        ck_assert_int_eq(clock_reason_of(clock_reason_text((enum clock_reason)r)), r);
    }
    ck_assert_int_eq(clock_reason_of("nonsense"), CLOCK_FIRST);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("clock_map");
    TCase *t = tcase_create("clock_map");
    tcase_add_test(t, drift_is_narrowed_by_few_versions);
    tcase_add_test(t, a_late_answer_bends_nothing);
    tcase_add_test(t, a_jump_begins_anew_and_keeps_the_old_version);
    tcase_add_test(t, a_clock_of_another_speed_is_found_by_two_jumps);
    tcase_add_test(t, reasons_have_names);
    suite_add_tcase(s, t);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
