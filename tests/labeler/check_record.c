// Recordings asked for over the API: what lands in the retained configuration, progress as devices answer, the list's
// ceiling, settings, and words that are refused.
#include "common/err.h"
#include "common/store/store_config.h"
#include "firmware/core/wire/mote_wire.h"
#include "tests/labeler/http.h"
#include "tests/labeler/seed.h"
#include "tests/support/store_fixture.h"

#include <check.h>

static char dir[] = "/tmp/moteloop-record-XXXXXX";
static struct lab lab;
static struct http ada; // the administrator

static void set_up(void)
{
    struct err e = {0};
    memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_msg(seed_project(dir, 4, &e) == 0, "%s", e.msg);
    ck_assert_msg(lab_open(&lab, dir, &e) == 0, "%s", e.msg);
    ada = (struct http){.lab = &lab};
    ck_assert_int_eq(http_status(&ada, "POST", "/api/setup",
                                 "{\"token\":\"" SEED_SETUP_TOKEN
                                 "\",\"name\":\"ada\",\"password\":\"correct horse\"}"),
                     200);
}

static void tear_down(void)
{
    lab_close(&lab);
    support_remove_tree(dir);
}

static int on_message(void *ctx, const struct store_outbox_msg *m)
{
    static uint8_t copy[MOTE_CONFIG_MAX]; // names are borrowed from it
    if (m->retain && strcmp(m->topic, "d/fan-01/config") == 0) {
        memcpy(copy, m->payload, m->len);
        ck_assert_int_eq(mote_device_config_decode(ctx, copy, m->len), MOTE_OK);
    }
    return 0;
}

static struct mote_device_config laid_out(void)
{
    struct mote_device_config c = {0};
    struct err e = {0};
    ck_assert_int_eq(store_outbox_pending(lab.store, 0, 1000, on_message, &c, &e), OK);
    return c;
}

START_TEST(a_group_is_asked_and_its_progress_is_told)
{
    struct http_answer a;
    struct err e = {0};
    http_send(
        &ada, "POST", "/api/record",
        "{\"devices\":[\"canary\",\"fan-01\"],\"seconds\":5,\"stream\":\"acc\",\"label\":\"hum\"}",
        &a);
    ck_assert_int_eq(a.status, 202);
    ck_assert_str_eq(http_text(&a, "asked.0.device"), "fan-01");
    ck_assert_uint_eq(json_array_size(json_object_get(a.json, "asked")), 1);
    int64_t id = http_number(&a, "asked.0.command");
    http_release(&a);
    struct mote_device_config c = laid_out();
    ck_assert_uint_eq(c.recordings, 1);
    ck_assert_uint_eq(c.recording[0].id, (uint64_t)id);
    ck_assert_uint_eq(c.recording[0].duration_ms, 5000);
    ck_assert(mote_str_is(c.recording[0].label, "hum"));
    struct store_progress p = {.device = "fan-01",
                               .text = "recording",
                               .command_id = id,
                               .done_ms = 1000,
                               .session_id = 1,
                               .rec_no = 1,
                               .going = true};
    ck_assert_int_eq(store_command_progress(lab.store, &p, &e), OK);
    http_send(&ada, "GET", "/api/record?device=fan-01", NULL, &a);
    ck_assert_str_eq(http_text(&a, "asked.0.state"), "recording");
    ck_assert_int_eq(http_number(&a, "asked.0.done_ms"), 1000);
    http_release(&a);
    p.going = false;
    p.done_ms = 5000;
    ck_assert_int_eq(store_command_progress(lab.store, &p, &e), OK);
    p.going = true; // a word that comes late changes nothing
    p.done_ms = 2000;
    ck_assert_int_eq(store_command_progress(lab.store, &p, &e), OK);
    http_send(&ada, "GET", "/api/record", NULL, &a);
    ck_assert_str_eq(http_text(&a, "asked.0.state"), "done");
    ck_assert_int_eq(http_number(&a, "asked.0.done_ms"), 5000);
    http_release(&a);
}
END_TEST

START_TEST(a_list_has_a_ceiling_and_can_be_withdrawn)
{
    for (int i = 0; i < MOTE_CONFIG_RECORDINGS; i++) {
        ck_assert_int_eq(
            http_status(&ada, "POST", "/api/record", "{\"devices\":[\"fan-01\"],\"seconds\":1}"),
            202);
    }
    int over = http_status(&ada, "POST", "/api/record", "{\"devices\":[\"fan-01\"],\"seconds\":1}");
    ck_assert_msg(over >= 400 && over < 500, "%d", over);
    ck_assert_uint_eq(laid_out().recordings, MOTE_CONFIG_RECORDINGS);
    struct http_answer a;
    http_send(&ada, "POST", "/api/record/stop", "{\"devices\":[\"all\"]}", &a);
    ck_assert_int_eq(http_number(&a, "withdrawn"), MOTE_CONFIG_RECORDINGS);
    ck_assert_int_eq(http_number(&a, "devices"), 4);
    http_release(&a);
    ck_assert_uint_eq(laid_out().recordings, 0);
}
END_TEST

START_TEST(settings_are_merged_and_answered)
{
    struct http_answer a;
    struct err e = {0};
    ck_assert_int_eq(
        http_status(&ada, "PUT", "/api/record/settings",
                    "{\"devices\":[\"fan-01\"],\"rates\":[{\"stream\":\"acc\",\"hz\":50}]}"),
        202);
    ck_assert_int_eq(http_status(&ada, "PUT", "/api/record/settings",
                                 "{\"devices\":[\"fan-01\"],\"triggers\":[{\"kind\":\"class\","
                                 "\"class\":\"knock\",\"over\":0.8,\"seconds\":3}]}"),
                     202);
    struct mote_device_config c = laid_out();
    ck_assert_uint_eq(c.rates, 1);
    ck_assert_uint_eq(c.rate[0].interval_ns, 20000000);
    ck_assert_uint_eq(c.triggers, 1);
    ck_assert(mote_str_is(c.trigger[0].when, "knock"));
    http_send(&ada, "GET", "/api/record?device=fan-01", NULL, &a);
    ck_assert(json_is_false(json_object_get(json_object_get(a.json, "config"), "heard")));
    http_release(&a);
    ck_assert_int_eq(
        store_config_applied(lab.store, "fan-01", (int64_t)c.revision, -4, "no stream 'acc'", &e),
        OK);
    http_send(&ada, "GET", "/api/record?device=fan-01", NULL, &a);
    ck_assert(json_is_true(json_object_get(json_object_get(a.json, "config"), "refused")));
    ck_assert_str_eq(http_text(&a, "config.reply"), "no stream 'acc'");
    http_release(&a);
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
    static const char *const bodies[][2] = {
        {"/api/record", "{\"seconds\":5}"},
        {"/api/record", "{\"devices\":[]}"},
        {"/api/record", "{\"devices\":[7]}"},
        {"/api/record", "{\"devices\":[\"nobody\"]}"},
        {"/api/record", "{\"devices\":[\"fan-01\"],\"seconds\":4000}"},
        {"/api/record", "{\"devices\":[\"fan-01\"],\"stream\":\"no stream\"}"},
        {"/api/record/stop", "{\"devices\":\"fan-01\"}"}};
    static const char *const settings[] = {
        "{\"devices\":[\"fan-01\"]}",
        "{\"devices\":[\"fan-01\"],\"rates\":7}",
        "{\"devices\":[\"fan-01\"],\"rates\":[{\"stream\":\"acc\",\"hz\":0}]}",
        "{\"devices\":[\"fan-01\"],\"rates\":[{\"stream\":\"acc\"}]}",
        "{\"devices\":[\"fan-01\"],\"triggers\":[{\"kind\":\"noise\",\"over\":1,\"seconds\":1}]}",
        "{\"devices\":[\"fan-01\"],\"triggers\":[{\"kind\":\"level\",\"over\":1,\"seconds\":1}]}",
        "{\"devices\":[\"fan-01\"],\"triggers\":[{},{},{},{},{}]}"};
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        int status = http_status(&ada, "POST", bodies[i][0], bodies[i][1]);
        ck_assert_msg(status == 400 || status == 404, "%s %s: %d", bodies[i][0], bodies[i][1],
                      status);
    }
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        int status = http_status(&ada, "PUT", "/api/record/settings", settings[i]);
        ck_assert_msg(status == 400, "%s: %d", settings[i], status);
    }
    ck_assert_uint_eq(laid_out().revision, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("record");
    TCase *t = tcase_create("record");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_group_is_asked_and_its_progress_is_told);
    tcase_add_test(t, a_list_has_a_ceiling_and_can_be_withdrawn);
    tcase_add_test(t, settings_are_merged_and_answered);
    tcase_add_test(t, what_makes_no_sense_is_refused);
    suite_add_tcase(s, t);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
