// Coverage, dataset versions, their difference and the restoring of labels over the API; splitting by groups alone.
#include "common/clock.h"
#include "common/err.h"
#include "labeler/split_groups.h"
#include "tests/labeler/http.h"
#include "tests/labeler/seed.h"
#include "tests/support/store_fixture.h"

#include <check.h>
#include <math.h>

static char dir[] = "/tmp/moteloop-survey-XXXXXX";
static struct lab lab;
static struct http ada;

static void set_up(void)
{
    struct err e = {0};
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_msg(seed_project(dir, 24, &e) == 0, "%s", e.msg);
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

static json_t *ask(const char *method, const char *path, const char *body, int status)
{
    struct http_answer a;
    http_send(&ada, method, path, body, &a);
    ck_assert_msg(a.status == status, "%s %s: %d %s", method, path, a.status,
                  http_text(&a, "error.message"));
    json_t *v = json_incref(a.json);
    http_release(&a);
    return v;
}

static int64_t number(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

START_TEST(coverage_counts_time_per_label_and_group)
{
    json_t *v = ask("GET", "/api/coverage", NULL, 200);
    size_t i;
    json_t *c;
    int64_t recordings = 0;
    json_array_foreach(json_object_get(v, "cells"), i, c) {
        recordings += number(c, "recordings");
        ck_assert_int_ge(number(c, "us"), number(c, "recordings") * 19000000);
    }
    ck_assert_int_eq(recordings, 8);
    ck_assert_int_eq((int)json_array_size(json_object_get(v, "groups")), 4);
    ck_assert(json_is_null(json_object_get(v, "target")));
    json_decref(v);
    json_decref(ask("GET", "/api/coverage?by=meta:room", NULL, 200));
    json_decref(ask("GET", "/api/coverage?by=meta:", NULL, 400));
    json_decref(ask("GET", "/api/coverage?by=%27%20OR%201", NULL, 400));
}
END_TEST

START_TEST(the_target_is_kept_and_checked)
{
    json_decref(ask("PUT", "/api/coverage/target",
                    "{\"each\":60,\"unit\":\"seconds\",\"labels\":{\"bearing\":120}}", 200));
    json_t *v = ask("GET", "/api/coverage", NULL, 200), *t = json_object_get(v, "target");
    ck_assert_str_eq(json_string_value(json_object_get(t, "unit")), "seconds");
    ck_assert_int_eq(number(json_object_get(t, "labels"), "bearing"), 120);
    json_decref(v);
    json_decref(ask("PUT", "/api/coverage/target", "{\"each\":-1}", 400));
    json_decref(ask("PUT", "/api/coverage/target", "{\"each\":1,\"unit\":\"bananas\"}", 400));
    json_decref(ask("PUT", "/api/coverage/target", "{\"each\":1,\"labels\":{\"a\":\"b\"}}", 400));
}
END_TEST

START_TEST(a_preview_stores_nothing_and_groups_do_not_straddle)
{
    json_t *before = ask("GET", "/api/datasets", NULL, 200);
    json_t *v = ask("POST", "/api/datasets",
                    "{\"stream\":\"acc\",\"by\":\"device\",\"train\":0.5,\"validation\":0.25,"
                    "\"test\":0.25,\"window_ms\":2000,\"dry\":true}",
                    200);
    ck_assert(json_is_null(json_object_get(v, "digest")));
    ck_assert_int_ge(number(v, "items"), 8 * 9);
    json_t *groups = json_object_get(v, "groups");
    ck_assert_int_eq((int)json_array_size(groups), 4);
    int sides[3] = {0};
    for (size_t i = 0; i < 4; i++) {
        const char *side = json_string_value(json_object_get(json_array_get(groups, i), "split"));
        sides[strcmp(side, "train") == 0 ? 0 : strcmp(side, "validation") == 0 ? 1 : 2]++;
    }
    ck_assert(sides[0] == 2 && sides[1] == 1 && sides[2] == 1);
    json_decref(v);
    json_t *after = ask("GET", "/api/datasets", NULL, 200);
    ck_assert(json_equal(before, after));
    json_decref(before);
    json_decref(after);
}
END_TEST

static void make(const char *name, char digest[65])
{
    char body[160];
    (void)snprintf(body, sizeof(body), "{\"name\":\"%s\",\"stream\":\"acc\",\"by\":\"device\"}",
                   name);
    json_t *v = ask("POST", "/api/datasets", body, 201);
    // What follows is to bear a later time than the version: restoring goes by milliseconds.
    for (int64_t now = clock_wall_ms(); clock_wall_ms() == now;) {
    }
    (void)snprintf(digest, 65, "%s", json_string_value(json_object_get(v, "digest")));
    json_decref(v);
}

START_TEST(versions_differ_and_labels_are_restored)
{
    char first[65], again[65], second[65], path[240];
    make("one", first);
    make("one", again);
    ck_assert_str_eq(first, again);
    ck_assert_int_eq(
        http_status(&ada, "PUT", "/api/recordings/1/labels/whole", "{\"label\":\"bearing\"}"), 200);
    ck_assert_int_eq(http_status(&ada, "DELETE", "/api/recordings/4/labels/whole", "{}"), 200);
    ck_assert_int_eq(
        http_status(&ada, "POST", "/api/recordings/2/labels", "{\"label\":\"normal\"}"), 201);
    make("two", second);
    ck_assert_str_ne(first, second);
    (void)snprintf(path, sizeof(path), "/api/datasets/%s/diff?to=%s", first, second);
    json_t *v = ask("GET", path, NULL, 200), *labels = json_object_get(v, "labels");
    ck_assert_int_eq(number(json_object_get(labels, "bearing"), "relabelled"), 1);
    ck_assert_int_eq(number(json_object_get(labels, "normal"), "added"), 1);
    json_decref(v);
    (void)snprintf(path, sizeof(path), "/api/datasets/%s/restore", first);
    v = ask("POST", path, "{\"dry\":true}", 200);
    ck_assert_int_eq(number(v, "count"), 2); // recording 2 is not in the first version
    json_decref(v);
    v = ask("POST", path, "{}", 200);
    ck_assert_int_eq((int)json_array_size(json_object_get(v, "undo")), 2);
    json_t *rec = ask("GET", "/api/recordings/1/labels", NULL, 200);
    ck_assert_str_eq(json_string_value(json_object_get(
                         json_array_get(json_object_get(rec, "regions"), 0), "label")),
                     "off");
    json_decref(rec);
    char third[65];
    make("three", third);
    (void)snprintf(path, sizeof(path), "/api/datasets/%s/diff?to=%s", first, third);
    json_t *d = ask("GET", path, NULL, 200),
           *n = json_object_get(json_object_get(d, "labels"), "normal");
    ck_assert_int_eq(number(n, "added"), 1);
    ck_assert_int_eq(number(json_object_get(json_object_get(d, "labels"), "off"), "relabelled"), 0);
    json_decref(d);
    // What restoring did is undone like any bulk change.
    json_t *undo = json_pack("{s:O}", "changes", json_object_get(v, "undo"));
    char *text = json_dumps(undo, 0);
    json_decref(ask("POST", "/api/labels/bulk", text, 200));
    free(text);
    json_decref(undo);
    json_decref(v);
    rec = ask("GET", "/api/recordings/1/labels", NULL, 200);
    ck_assert_str_eq(json_string_value(json_object_get(
                         json_array_get(json_object_get(rec, "regions"), 0), "label")),
                     "bearing");
    json_decref(rec);
    json_decref(ask("GET", "/api/datasets/nothing/diff?to=x", NULL, 404));
    json_decref(ask("POST", "/api/datasets/nothing/restore", "{}", 404));
}
END_TEST

START_TEST(a_recording_goes_back_to_a_time)
{
    struct http_answer a;
    http_send(&ada, "GET", "/api/recordings/7/history", NULL, &a);
    int64_t then = number(json_array_get(json_object_get(a.json, "events"), 0), "time_ms");
    http_release(&a);
    ck_assert_int_eq(http_status(&ada, "DELETE", "/api/recordings/7/labels/whole", "{}"), 200);
    char body[60];
    (void)snprintf(body, sizeof(body), "{\"time_ms\":%lld}", (long long)then);
    json_t *v = ask("POST", "/api/recordings/7/restore", body, 200);
    ck_assert_int_eq(number(v, "count"), 1);
    json_decref(v);
    v = ask("GET", "/api/recordings/7/labels", NULL, 200);
    ck_assert_int_eq((int)json_array_size(json_object_get(v, "regions")), 1);
    json_decref(v);
}
END_TEST

START_TEST(items_leave_as_csv)
{
    char digest[65], path[120];
    struct http_answer a;
    make("csv", digest);
    (void)snprintf(path, sizeof(path), "/api/datasets/%s/items.csv", digest);
    http_send(&ada, "GET", path, NULL, &a);
    ck_assert_int_eq(a.status, 200);
    ck_assert_ptr_nonnull(
        strstr(a.body.data, "recording,stream,start_us,end_us,label,split,group\n1,\"acc\","));
    http_release(&a);
}
END_TEST

START_TEST(groups_come_close_to_the_shares_and_follow_the_seed)
{
    struct split_group g[40], h[40];
    char name[40][8];
    static const double share[SPLIT_SIDES] = {0.7, 0.15, 0.15};
    bool differs = false;
    for (int i = 0; i < 40; i++) {
        (void)snprintf(name[i], sizeof(name[i]), "u%d", i);
        g[i] = h[i] = (struct split_group){.name = name[i], .items = 10};
    }
    split_groups(g, 40, share, 1);
    split_groups(h, 40, share, 2);
    int count[SPLIT_SIDES] = {0};
    for (int i = 0; i < 40; i++) {
        count[g[i].side]++;
        differs |= strcmp(g[i].name, h[i].name) != 0;
    }
    ck_assert(count[SPLIT_TRAIN_SIDE] == 28 && count[SPLIT_VALIDATION_SIDE] == 6 &&
              count[SPLIT_TEST_SIDE] == 6);
    ck_assert(differs);
    struct split_group one = {.name = "only", .items = 3},
                       three[] = {{"a", 90, 0}, {"b", 1, 0}, {"c", 1, 0}};
    split_groups(&one, 1, share, 1);
    ck_assert_int_eq(one.side, SPLIT_TRAIN_SIDE);
    split_groups(three, 3, share, 1);
    ck_assert(three[0].side != three[1].side && three[1].side != three[2].side &&
              three[0].side != three[2].side);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("survey");
    TCase *t = tcase_create("survey");
    tcase_add_unchecked_fixture(t, set_up, tear_down);
    tcase_add_test(t, coverage_counts_time_per_label_and_group);
    tcase_add_test(t, the_target_is_kept_and_checked);
    tcase_add_test(t, a_preview_stores_nothing_and_groups_do_not_straddle);
    tcase_add_test(t, versions_differ_and_labels_are_restored);
    tcase_add_test(t, a_recording_goes_back_to_a_time);
    tcase_add_test(t, items_leave_as_csv);
    tcase_add_test(t, groups_come_close_to_the_shares_and_follow_the_seed);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    // One process: the project is made once, and tests see what those before them wrote.
    srunner_set_fork_status(r, CK_NOFORK);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
