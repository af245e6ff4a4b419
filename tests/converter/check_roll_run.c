// converter/roll_run: the policy applied to a store; devices are rows that the test changes as the
// collector would.
#include "common/log.h"
#include "common/store/store_release.h"
#include "converter/roll_run.h"
#include "tests/converter/conv_fixture.h"

#define FLEET 6

static struct conv_fixture f;
static struct cvt_released release;
static int64_t now;

static void hello(const char *id, int64_t arena, const char *ops, const char *stream)
{
    struct err e = {0};
    struct store_device d = {.id = id,
                             .board = "posix",
                             .isa = "x86-64",
                             .runtime = "0",
                             .ops = ops,
                             .dsp_variant = "f32-1",
                             .model = "",
                             .model_digest = "",
                             .arena = arena,
                             .slots = 2,
                             .slot_bytes = 100000,
                             .ram = 1 << 20,
                             .device_class = 1};
    struct store_stream st = {.device = id,
                              .name = stream,
                              .units = "m/s2",
                              .channel_names = "",
                              .type = MOTE_I16,
                              .channels = 3,
                              .interval_ns = 10000000,
                              .scale = 1};
    ck_assert_msg(store_device_set_hello(f.store.store, &d, &e) == OK, "%s", e.msg);
    ck_assert_msg(store_device_set_status(f.store.store, id, true, 1, "connected", &e) == OK, "%s",
                  e.msg);
    ck_assert_msg(store_stream_put(f.store.store, &st, &e) == OK, "%s", e.msg);
}

static const char *device_id(unsigned i)
{
    static char id[8][16];
    snprintf(id[i % 8], sizeof id[0], "dev-%u", i);
    return id[i % 8];
}

static void setup(void)
{
    struct err e = {0};
    struct cvt_release_options o = {.health_us = 2000000};
    conv_setup(&f);
    now = 1000000;
    for (unsigned i = 0; i < FLEET; i++) {
        ck_assert_int_eq(
            store_device_add(f.store.store, device_id(i), "", i < 3 ? "hall" : "yard", &e), OK);
        hello(device_id(i), 1 << 20, "ADD FULLY_CONNECTED SOFTMAX", "acc");
    }
    ck_assert_msg(cvt_release_make(&release, &f.p, f.store.store, &o, &e) == OK, "%s", e.msg);
}

static void teardown(void)
{
    conv_teardown(&f);
}

static int64_t start(const char *stages, const char *canary, const char *group, int expect)
{
    struct roll_policy p = {.wait_ms = 100, .timeout_ms = 5000, .abort_over = 20};
    struct err e = {0};
    int64_t id = 0, superseded = 0;
    ck_assert_int_eq(roll_parse_stages(&p, stages, &e), OK);
    snprintf(p.canary, sizeof p.canary, "%s", canary);
    snprintf(p.group, sizeof p.group, "%s", group);
    ck_assert_msg(roll_start(&f.p, f.store.store, NULL, &p, "test", &id, &superseded, &e) == expect,
                  "%s", e.msg);
    return id;
}

static void pass(int64_t step_ms)
{
    struct roll_totals totals;
    struct err e = {0};
    now += step_ms;
    ck_assert_msg(roll_pass(&f.p, f.store.store, now, &totals, &e) == OK, "%s", e.msg);
}

static void report_release(const char *id, const char *digest, const char *state,
                           const char *reason)
{
    struct err e = {0};
    struct store_device d = {.id = id,
                             .rel_state = state,
                             .rel_manifest = digest,
                             .rel_reason = reason,
                             .active_model = "",
                             .rel_seq = 1};
    ck_assert_msg(store_device_set_reported(f.store.store, &d, &e) == OK, "%s", e.msg);
}

static void report(const char *id, const char *state, const char *reason)
{
    report_release(id, release.digest_text, state, reason);
}

struct seen {
    const char *device;
    char state[16], reason[256];
    unsigned counts[8], rows;
};

static int take_row(void *ctx, const struct store_rollout_device *d)
{
    struct seen *s = ctx;
    s->counts[roll_state_parse(d->state)]++;
    s->rows++;
    if (s->device && strcmp(s->device, d->device) == 0) {
        snprintf(s->state, sizeof s->state, "%s", d->state);
        snprintf(s->reason, sizeof s->reason, "%s", d->reason);
    }
    return 0;
}

static struct seen devices(int64_t rollout, const char *device)
{
    struct seen s = {.device = device};
    struct err e = {0};
    ck_assert_int_eq(store_rollout_device_walk(f.store.store, rollout, take_row, &s, &e), OK);
    return s;
}

struct rollout_row {
    char state[16], reason[300];
    int64_t stage;
};
static int take_rollout(void *ctx, const struct store_rollout *r)
{
    struct rollout_row *row = ctx;
    snprintf(row->state, sizeof row->state, "%s", r->state);
    snprintf(row->reason, sizeof row->reason, "%s", r->reason);
    row->stage = r->stage;
    return 0;
}
static struct rollout_row rollout(int64_t id)
{
    struct rollout_row row = {0};
    struct err e = {0};
    ck_assert_int_eq(store_rollout_find(f.store.store, id, take_rollout, &row, &e), OK);
    return row;
}

static bool is_offered(const char *id, bool withdrawn)
{
    char topic[64];
    snprintf(topic, sizeof topic, "d/%s/desired", id);
    struct conv_message m = conv_message(&f, topic);
    struct mote_desired d;
    if (!m.found || !m.retain) {
        return false;
    }
    if (m.len == 0) {
        return withdrawn;
    }
    ck_assert_int_eq(mote_desired_decode(&d, m.payload, m.len), MOTE_OK);
    char digest[HEX_DIGEST_TEXT];
    hex_encode(digest, d.manifest_digest, sizeof d.manifest_digest);
    return !withdrawn && strcmp(digest, release.digest_text) == 0 && d.seq == (uint32_t)release.seq;
}

// Every device that has been offered the release takes it.
static void take_all(int64_t id)
{
    for (unsigned i = 0; i < FLEET; i++) {
        if (strcmp(devices(id, device_id(i)).state, "offered") == 0) {
            ck_assert(is_offered(device_id(i), false));
            report(device_id(i), "active", "");
        }
    }
}

START_TEST(a_rollout_reaches_the_fleet_in_stages)
{
    int64_t id = start("1,50%,100%", "dev-4", "", OK);
    pass(0);
    ck_assert_str_eq(devices(id, "dev-4").state, "offered");
    ck_assert_uint_eq(devices(id, NULL).counts[ROLL_OFFERED], 1);
    take_all(id);
    pass(10);
    ck_assert_int_eq(rollout(id).stage, 0); // quiet is not over
    pass(100);
    ck_assert_int_eq(rollout(id).stage, 1);
    ck_assert_uint_eq(devices(id, NULL).counts[ROLL_OFFERED], 2);
    take_all(id);
    pass(10);
    pass(100);
    take_all(id);
    pass(10);
    pass(100);
    ck_assert_str_eq(rollout(id).state, "done");
    ck_assert_uint_eq(devices(id, NULL).counts[ROLL_ACTIVE], FLEET);
}
END_TEST

START_TEST(devices_that_do_not_fit_are_left_alone_and_say_why)
{
    struct err e = {0};
    hello("dev-0", 100, "FULLY_CONNECTED SOFTMAX", "acc");
    hello("dev-1", 1 << 20, "SOFTMAX FULLY_CONNECTED_2", "acc");
    ck_assert_int_eq(store_device_add(f.store.store, "dev-9", "", "", &e), OK);
    int64_t id = start("100%", "", "", OK);
    pass(0);
    ck_assert_str_eq(devices(id, "dev-0").state, "unfit");
    ck_assert_msg(strstr(devices(id, "dev-0").reason, "arena of 100 bytes") != NULL, "%s",
                  devices(id, "dev-0").reason);
    ck_assert_str_eq(devices(id, "dev-1").reason, "lacks operator FULLY_CONNECTED");
    ck_assert_str_eq(devices(id, "dev-9").reason, "has not said yet what it can do");
    ck_assert_uint_eq(devices(id, NULL).counts[ROLL_OFFERED], 4);
    ck_assert(!is_offered("dev-0", false));
    hello("dev-0", 1 << 20, "FULLY_CONNECTED SOFTMAX", "acc"); // new firmware
    pass(10);
    ck_assert_str_eq(devices(id, "dev-0").state, "offered");
}
END_TEST

static void runs(const char *id, const char *model)
{
    struct err e = {0};
    struct store_device d = {
        .id = id, .rel_state = "idle", .rel_manifest = "", .rel_reason = "", .active_model = model};
    ck_assert_int_eq(store_device_set_reported(f.store.store, &d, &e), OK);
}

START_TEST(a_delta_goes_to_devices_that_run_its_base)
{
    struct err e = {0};
    char base[HEX_DIGEST_TEXT];
    snprintf(base, sizeof base, "%s", f.model);
    conv_add_model(&f, "", 2);
    struct cvt_release_options o = {.model = f.model, .delta_from = base};
    ck_assert_msg(cvt_release_make(&release, &f.p, f.store.store, &o, &e) == OK, "%s", e.msg);
    runs("dev-0", base);
    runs("dev-1", base);
    int64_t id = start("100%", "", "", OK);
    pass(0);
    ck_assert_uint_eq(devices(id, NULL).counts[ROLL_OFFERED], 2);
    ck_assert_str_eq(devices(id, "dev-2").reason,
                     "runs another model than the one that the release differs from");
    runs("dev-0", f.model); // no longer the base
    report("dev-0", "active", "");
    runs("dev-3", base);
    pass(10);
    ck_assert_str_eq(devices(id, "dev-0").state, "active");
    ck_assert_str_eq(devices(id, "dev-0").reason, "");
    ck_assert_str_eq(devices(id, "dev-3").state, "offered");
}
END_TEST

START_TEST(groups_and_missing_canaries)
{
    (void)start("100%", "dev-77", "", E_NOT_FOUND);
    hello("dev-2", 100, "FULLY_CONNECTED SOFTMAX", "acc");
    (void)start("100%", "dev-2", "", E_REFUSED);
    int64_t id = start("100%", "", "yard", OK);
    pass(0);
    ck_assert_uint_eq(devices(id, NULL).rows, 3);
    ck_assert(is_offered("dev-3", false) && !is_offered("dev-1", false));
}
END_TEST

START_TEST(refusals_pause_and_resume_accepts_them)
{
    struct err e = {0};
    int64_t id = start("1,100%", "dev-0", "", OK);
    pass(0);
    report("dev-0", "refused", "golden window: outputs differ");
    pass(10);
    ck_assert_str_eq(rollout(id).state, "paused");
    ck_assert_msg(strstr(rollout(id).reason, "'dev-0' refused: golden window: outputs differ") !=
                      NULL,
                  "%s", rollout(id).reason);
    ck_assert_str_eq(devices(id, "dev-0").reason, "golden window: outputs differ");
    pass(1000);
    ck_assert_uint_eq(devices(id, NULL).counts[ROLL_OFFERED], 0);
    ck_assert_int_eq(roll_change(f.store.store, id, "resume", "test", &e), OK);
    ck_assert_int_eq(roll_change(f.store.store, id, "resume", "test", &e), E_STATE);
    pass(1000);
    ck_assert_uint_eq(devices(id, NULL).counts[ROLL_OFFERED], FLEET - 1);
    ck_assert_str_eq(devices(id, "dev-0").state, "refused"); // not asked again
}
END_TEST

START_TEST(silence_is_a_failure_until_the_device_speaks)
{
    int64_t id = start("1,100%", "dev-0", "", OK);
    pass(0);
    pass(7000); // 5 s and the trial's 2
    ck_assert_str_eq(rollout(id).state, "running");
    pass(1);
    ck_assert_str_eq(devices(id, "dev-0").state, "timeout");
    ck_assert_str_eq(rollout(id).state, "paused");
    report("dev-0", "active", "");
    pass(10);
    ck_assert_str_eq(devices(id, "dev-0").state, "active");
}
END_TEST

START_TEST(abort_withdraws_from_those_who_have_not_switched)
{
    struct err e = {0};
    int64_t id = start("2,100%", "dev-0", "", OK);
    pass(0);
    report("dev-0", "active", "");
    pass(10);
    ck_assert_int_eq(roll_change(f.store.store, id, "abort", "test", &e), OK);
    ck_assert_str_eq(rollout(id).state, "aborted");
    unsigned withdrawn = 0;
    for (unsigned i = 0; i < FLEET; i++) {
        withdrawn += is_offered(device_id(i), true);
    }
    ck_assert_uint_eq(withdrawn, 1);
    ck_assert(is_offered("dev-0", false));
    ck_assert_int_eq(roll_change(f.store.store, id, "pause", "test", &e), E_STATE);
}
END_TEST

START_TEST(a_newer_rollout_supersedes_and_old_releases_are_swept)
{
    struct err e = {0};
    char topic[128], old_digest[HEX_DIGEST_TEXT];
    int64_t first = start("100%", "", "", OK);
    pass(0);
    take_all(first);
    pass(10);
    pass(100);
    ck_assert_str_eq(rollout(first).state, "done");
    snprintf(old_digest, sizeof old_digest, "%s", release.digest_text);
    struct cvt_release_options o = {0};
    ck_assert_int_eq(cvt_release_make(&release, &f.p, f.store.store, &o, &e), OK);
    int64_t second = start("1,100%", "", "", OK), third = start("100%", "", "", OK);
    ck_assert_str_eq(rollout(second).state, "aborted");
    pass(0);
    snprintf(topic, sizeof topic, "r/%s/m", old_digest);
    ck_assert_uint_gt(conv_message(&f, topic).len, 0);
    take_all(third);
    pass(10);
    pass(100);
    ck_assert_str_eq(rollout(third).state, "done");
    pass(10);
    ck_assert(conv_message(&f, topic).found);
    ck_assert_uint_eq(conv_message(&f, topic).len, 0);
}
END_TEST

START_TEST(devices_left_behind_by_a_swept_release_stop_waiting_for_it)
{
    struct err e = {0};
    int64_t first = start("100%", "", "", OK);
    pass(0);
    for (unsigned i = 1; i < FLEET; i++) {
        report(device_id(i), "active", "");
    }
    pass(10);
    pass(8000);
    ck_assert_str_eq(devices(first, "dev-0").state, "timeout");
    pass(100);
    ck_assert_str_eq(rollout(first).state, "done");
    struct cvt_release_options o = {.min_class = 2};
    ck_assert_int_eq(cvt_release_make(&release, &f.p, f.store.store, &o, &e), OK);
    (void)start("100%", "", "", OK); // no device is of class 2
    pass(0);
    ck_assert(!is_offered("dev-0", true));
    for (unsigned i = 1; i < FLEET; i++) {
        struct store_device d = {.id = device_id(i),
                                 .board = "",
                                 .isa = "",
                                 .runtime = "0",
                                 .ops = "FULLY_CONNECTED SOFTMAX",
                                 .dsp_variant = "f32-1",
                                 .model = "",
                                 .model_digest = "",
                                 .arena = 1 << 20,
                                 .slot_bytes = 100000,
                                 .device_class = 2};
        ck_assert_int_eq(store_device_set_hello(f.store.store, &d, &e), OK);
    }
    struct err ignored = {0};
    ck_assert_int_eq(roll_change(f.store.store, 2, "resume", "test", &ignored), OK);
    pass(10);
    take_all(2);
    pass(10);
    pass(100);
    ck_assert_str_eq(rollout(2).state, "done");
    pass(10);
    ck_assert(is_offered("dev-0", true));
    ck_assert(is_offered("dev-1", false));
}
END_TEST

START_TEST(late_devices_get_the_finished_release)
{
    struct err e = {0};
    int64_t id = start("100%", "", "", OK);
    pass(0);
    take_all(id);
    pass(10);
    pass(100);
    ck_assert_str_eq(rollout(id).state, "done");
    ck_assert_int_eq(store_device_add(f.store.store, "dev-7", "", "", &e), OK);
    hello("dev-7", 1 << 20, "FULLY_CONNECTED SOFTMAX", "acc");
    pass(10);
    ck_assert_str_eq(devices(id, "dev-7").state, "offered");
    ck_assert(is_offered("dev-7", false));
}
END_TEST

START_TEST(a_revoked_key_stops_its_releases)
{
    struct err e = {0};
    struct cvt_key k;
    int64_t id = start("1,100%", "", "", OK);
    conv_make_key(&f, &k, MOTE_KEY_RELEASE);
    ck_assert_int_eq(cvt_keyset_change(&f.set, MOTE_KEY_RELEASE, k.point, true, &e), OK);
    ck_assert_int_eq(cvt_keyset_publish(&f.set, &f.root, &f.p, f.store.store, &e), OK);
    pass(0);
    ck_assert_str_eq(rollout(id).state, "paused");
    ck_assert_msg(strstr(rollout(id).reason, "not signed by a release key") != NULL, "%s",
                  rollout(id).reason);
    ck_assert_uint_eq(devices(id, NULL).rows, 0);
}
END_TEST

START_TEST(policies_survive_json)
{
    struct roll_policy a = {.wait_ms = 1,
                            .timeout_ms = 2,
                            .abort_over = 3,
                            .accepted = 4,
                            .canary = "dev-1",
                            .group = "hall \"x\""},
                       b;
    struct err e = {0};
    char text[1024];
    ck_assert_int_eq(roll_parse_stages(&a, "1,2,30%,100%", &e), OK);
    ck_assert_int_eq(roll_policy_write(&a, text, sizeof text), OK);
    ck_assert_msg(roll_policy_read(&b, text, &e) == OK, "%s", e.msg);
    ck_assert_mem_eq(&a, &b, sizeof a);
    static const char *const bad[] = {"",
                                      "{}",
                                      "[]",
                                      "{\"stages\":[]}",
                                      "{\"stages\":[1],\"canary\":\"\"}",
                                      "{\"stages\":[\"200%\"]}"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        ck_assert_msg(roll_policy_read(&b, bad[i], &e) != OK, "'%s' was accepted", bad[i]);
    }
}
END_TEST

int main(void)
{
    log_init("test", LOG_ERROR, false);
    Suite *suite = suite_create("roll_run");
    TCase *t = tcase_create("run"), *plain = tcase_create("json");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_rollout_reaches_the_fleet_in_stages);
    tcase_add_test(t, devices_that_do_not_fit_are_left_alone_and_say_why);
    tcase_add_test(t, a_delta_goes_to_devices_that_run_its_base);
    tcase_add_test(t, groups_and_missing_canaries);
    tcase_add_test(t, refusals_pause_and_resume_accepts_them);
    tcase_add_test(t, silence_is_a_failure_until_the_device_speaks);
    tcase_add_test(t, abort_withdraws_from_those_who_have_not_switched);
    tcase_add_test(t, a_newer_rollout_supersedes_and_old_releases_are_swept);
    tcase_add_test(t, devices_left_behind_by_a_swept_release_stop_waiting_for_it);
    tcase_add_test(t, late_devices_get_the_finished_release);
    tcase_add_test(t, a_revoked_key_stops_its_releases);
    tcase_add_test(plain, policies_survive_json);
    suite_add_tcase(suite, t);
    suite_add_tcase(suite, plain);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
