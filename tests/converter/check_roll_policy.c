// converter/roll_policy: stages, order, failures, timeouts, at their boundaries.
#include <check.h>

#include "common/err.h"
#include "converter/roll_policy.h"

#define FLEET 10

struct fleet {
    struct roll_policy policy;
    struct roll_device device[FLEET];
    struct roll_result r;
};

static void make(struct fleet *f, const char *stages, size_t fit)
{
    struct err e = {0};
    *f = (struct fleet){.policy = {.wait_ms = 1000, .timeout_ms = 5000, .abort_over = 20}};
    ck_assert_int_eq(roll_parse_stages(&f->policy, stages, &e), OK);
    for (size_t i = 0; i < FLEET; i++) {
        snprintf(f->device[i].id, sizeof f->device[i].id, "dev-%zu", i);
        f->device[i].fit = i < fit;
        f->device[i].online = true;
    }
}

static enum roll_action step(struct fleet *f, size_t stage, int64_t now)
{
    roll_step(&f->policy, stage, now, 7, f->device, FLEET, &f->r);
    return f->r.action;
}

static size_t in_state(const struct fleet *f, enum roll_state state)
{
    size_t n = 0;
    for (size_t i = 0; i < FLEET; i++) {
        n += f->device[i].state == state;
    }
    return n;
}

static void settle(struct fleet *f, enum roll_state state, size_t how_many, int64_t now)
{
    for (size_t i = 0; i < FLEET && how_many; i++) {
        if (f->device[i].state == ROLL_OFFERED) {
            f->device[i].state = state;
            f->device[i].changed_ms = now;
            how_many--;
        }
    }
}

START_TEST(stages_are_parsed)
{
    struct roll_policy p = {0};
    struct err e = {0};
    ck_assert_int_eq(roll_parse_stages(&p, "1,50%,100%", &e), OK);
    ck_assert_uint_eq(p.stages, 3);
    ck_assert(!p.stage[0].percent && p.stage[1].percent && p.stage[2].value == 100);
    static const char *const bad[] = {"",     "1,",      "0",   "0%",  "101%",    "x",
                                      "1,,2", "50%,50%", "5,3", "1 2", "99999999"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        ck_assert_msg(roll_parse_stages(&p, bad[i], &e) == E_USAGE, "'%s' was accepted", bad[i]);
    }
    ck_assert_int_eq(roll_parse_stages(&p, "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", &e),
                     E_LIMIT);
    int64_t v = -1;
    ck_assert(roll_parse_percent("20%", &v, &e) == OK && v == 20);
    ck_assert(roll_parse_percent("0", &v, &e) == OK && v == 0);
    ck_assert(roll_parse_percent("100", &v, &e) == OK && v == 100);
    ck_assert_int_eq(roll_parse_percent("101", &v, &e), E_USAGE);
}
END_TEST

START_TEST(targets_round_up_and_stop_at_the_fleet)
{
    struct fleet f;
    make(&f, "1,50%,100%", FLEET);
    ck_assert_uint_eq(roll_target(&f.policy, 0, 10), 1);
    ck_assert_uint_eq(roll_target(&f.policy, 0, 0), 0);
    ck_assert_uint_eq(roll_target(&f.policy, 1, 10), 5);
    ck_assert_uint_eq(roll_target(&f.policy, 1, 3), 2);
    ck_assert_uint_eq(roll_target(&f.policy, 1, 1), 1);
    ck_assert_uint_eq(roll_target(&f.policy, 2, 7), 7);
}
END_TEST

START_TEST(a_rollout_goes_through_its_stages)
{
    struct fleet f;
    make(&f, "1,50%,100%", 6);
    ck_assert_int_eq(step(&f, 0, 0), ROLL_WAIT);
    ck_assert_uint_eq(in_state(&f, ROLL_OFFERED), 1);
    ck_assert_int_eq(step(&f, 0, 100), ROLL_WAIT);
    settle(&f, ROLL_ACTIVE, 1, 200);
    ck_assert_int_eq(step(&f, 0, 1199), ROLL_WAIT); // quiet for 999 ms
    ck_assert_int_eq(step(&f, 0, 1200), ROLL_ADVANCE);
    ck_assert_int_eq(step(&f, 1, 1300), ROLL_WAIT);
    ck_assert_uint_eq(in_state(&f, ROLL_OFFERED), 2); // 3 of 6 in all
    settle(&f, ROLL_ACTIVE, 2, 1400);
    ck_assert_int_eq(step(&f, 1, 2400), ROLL_ADVANCE);
    ck_assert_int_eq(step(&f, 2, 2500), ROLL_WAIT);
    settle(&f, ROLL_ACTIVE, 3, 2600);
    ck_assert_int_eq(step(&f, 2, 3600), ROLL_DONE);
    ck_assert_uint_eq(f.r.active, 6);
    for (size_t i = 6; i < FLEET; i++) {
        ck_assert_int_eq(f.device[i].state, ROLL_NONE); // unfit ones were left alone
    }
}
END_TEST

START_TEST(canary_then_online_devices_go_first)
{
    struct fleet f;
    make(&f, "1,2,100%", FLEET);
    snprintf(f.policy.canary, sizeof f.policy.canary, "dev-7");
    for (size_t i = 0; i < FLEET; i++) {
        f.device[i].online = i == 3;
    }
    (void)step(&f, 0, 0);
    ck_assert_int_eq(f.device[7].state, ROLL_OFFERED);
    ck_assert_int_eq(f.device[7].stage, 0);
    settle(&f, ROLL_ACTIVE, 1, 1);
    (void)step(&f, 1, 2000);
    ck_assert_int_eq(f.device[3].state, ROLL_OFFERED);
    ck_assert_uint_eq(in_state(&f, ROLL_OFFERED), 1);
}
END_TEST

START_TEST(a_canary_that_does_not_fit_pauses)
{
    struct fleet f;
    make(&f, "1,100%", 5);
    snprintf(f.policy.canary, sizeof f.policy.canary, "dev-9");
    snprintf(f.device[9].reason, sizeof f.device[9].reason, "arena 100 of 200 bytes");
    ck_assert_int_eq(step(&f, 0, 0), ROLL_PAUSE);
    ck_assert_str_eq(f.r.reason, "canary 'dev-9' does not fit: arena 100 of 200 bytes");
    ck_assert_uint_eq(in_state(&f, ROLL_OFFERED), 0);
}
END_TEST

START_TEST(failures_pause_above_the_threshold_only)
{
    struct fleet f;
    make(&f, "100%", FLEET);
    (void)step(&f, 0, 0);
    settle(&f, ROLL_REFUSED, 2, 10); // 20 % of 10: still fine
    ck_assert_int_eq(step(&f, 0, 20), ROLL_WAIT);
    settle(&f, ROLL_ROLLED_BACK, 1, 30); // 30 %
    ck_assert_int_eq(step(&f, 0, 40), ROLL_PAUSE);
    ck_assert_msg(strstr(f.r.reason, "3 of 10 devices failed, over 20%") != NULL, "%s", f.r.reason);
    f.policy.accepted = 3; // a person resumed
    ck_assert_int_eq(step(&f, 0, 50), ROLL_WAIT);
    settle(&f, ROLL_ACTIVE, FLEET, 60);
    ck_assert_int_eq(step(&f, 0, 1060), ROLL_DONE);
    ck_assert_uint_eq(f.r.failed, 3);
}
END_TEST

START_TEST(a_failing_canary_stops_everything)
{
    struct fleet f;
    make(&f, "1,100%", FLEET);
    (void)step(&f, 0, 0);
    settle(&f, ROLL_REFUSED, 1, 5);
    ck_assert_int_eq(step(&f, 0, 10), ROLL_PAUSE);
    ck_assert_uint_eq(in_state(&f, ROLL_OFFERED), 0);
    f.policy.abort_over = 100; // never
    ck_assert_int_eq(step(&f, 0, 2000), ROLL_ADVANCE);
}
END_TEST

START_TEST(silent_devices_fail_and_reports_postpone_it)
{
    struct fleet f;
    make(&f, "100%", 2);
    (void)step(&f, 0, 0);
    f.device[0].heard_ms = 3000; // still fetching
    ck_assert_int_eq(step(&f, 0, 5000), ROLL_WAIT);
    ck_assert_uint_eq(in_state(&f, ROLL_TIMEOUT), 0);
    ck_assert_int_eq(step(&f, 0, 5001), ROLL_PAUSE); // 1 of 2
    ck_assert_int_eq(f.device[1].state, ROLL_TIMEOUT);
    ck_assert_str_eq(f.device[1].reason, "silent for 5 s");
    f.policy.abort_over = 50;
    ck_assert_int_eq(step(&f, 0, 8000), ROLL_WAIT);
    f.device[0].online = false;
    f.policy.abort_over = 100;
    (void)step(&f, 0, 8001);
    ck_assert_str_eq(f.device[0].reason, "silent for 5 s, offline");
}
END_TEST

START_TEST(nothing_fits)
{
    struct fleet f;
    make(&f, "1,100%", 0);
    ck_assert_int_eq(step(&f, 0, 0), ROLL_PAUSE);
    ck_assert_str_eq(f.r.reason, "no device fits this release");
}
END_TEST

START_TEST(order_differs_between_releases_and_is_stable)
{
    struct fleet a, b, c;
    make(&a, "1", FLEET);
    make(&b, "1", FLEET);
    roll_step(&a.policy, 0, 0, 1, a.device, FLEET, &a.r);
    roll_step(&b.policy, 0, 0, 1, b.device, FLEET, &b.r);
    ck_assert_mem_eq(a.device, b.device, sizeof a.device);
    bool differs = false;
    for (uint32_t salt = 2; salt < 20; salt++) {
        make(&c, "1", FLEET);
        roll_step(&c.policy, 0, 0, salt, c.device, FLEET, &c.r);
        for (size_t i = 0; i < FLEET; i++) {
            differs |= c.device[i].state != a.device[i].state;
        }
    }
    ck_assert(differs);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("roll_policy");
    TCase *t = tcase_create("policy");
    tcase_add_test(t, stages_are_parsed);
    tcase_add_test(t, targets_round_up_and_stop_at_the_fleet);
    tcase_add_test(t, a_rollout_goes_through_its_stages);
    tcase_add_test(t, canary_then_online_devices_go_first);
    tcase_add_test(t, a_canary_that_does_not_fit_pauses);
    tcase_add_test(t, failures_pause_above_the_threshold_only);
    tcase_add_test(t, a_failing_canary_stops_everything);
    tcase_add_test(t, silent_devices_fail_and_reports_postpone_it);
    tcase_add_test(t, nothing_fits);
    tcase_add_test(t, order_differs_between_releases_and_is_stable);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
