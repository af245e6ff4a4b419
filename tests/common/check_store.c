// The store opened, migrated and written by several connections; labels, models, outbox, devices,
// people, releases and datasets.
#include <check.h>
#include <sqlite3.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/err.h"
#include "common/store/store_dataset.h"
#include "common/store/store_device.h"
#include "common/store/store_label.h"
#include "common/store/store_model.h"
#include "common/store/store_config.h"
#include "common/store/store_release.h"
#include "common/store/store_user.h"
#include "tests/support/store_fixture.h"

static struct store_fixture fix;
static struct store *s;
static struct err e;

static void set_up(void)
{
    e = (struct err){0};
    store_fixture_make(&fix);
    s = fix.store;
}

static void tear_down(void)
{
    store_fixture_remove(&fix);
}

#define OKAY(call) ck_assert_msg((call) == OK, "%s: %s", #call, e.msg)
#define FAILS(call, code) ck_assert_int_eq((call), (code))

START_TEST(opening_tells_what_is_wrong)
{
    struct store *other = NULL;
    FAILS(store_open(&other, fix.dir, STORE_CREATE, &e), E_EXISTS);
    FAILS(store_open(&other, "/nonexistent/folder", STORE_WRITE, &e), E_NOT_FOUND);
    char path[300];
    snprintf(path, sizeof path, "%s/blocks.db", fix.dir);
    store_close(s);
    fix.store = NULL;
    unlink(path);
    FAILS(store_open(&other, fix.dir, STORE_WRITE, &e), E_NOT_FOUND);
    ck_assert_msg(strstr(e.msg, "blocks.db"), "%s", e.msg);
    FILE *f = fopen(path, "w");
    fputs("this is not a database, but long enough to look at", f);
    fclose(f);
    FAILS(store_open(&other, fix.dir, STORE_WRITE, &e), E_FORMAT);
    ck_assert_ptr_null(other);
}
END_TEST

static void set_version(const char *file, int version)
{
    char path[300], text[64];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/%s", fix.dir, file);
    snprintf(text, sizeof text, "PRAGMA user_version = %d", version);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

START_TEST(a_newer_store_is_refused)
{
    store_close(s);
    fix.store = NULL;
    set_version("main.db", 999);
    FAILS(store_open(&fix.store, fix.dir, STORE_WRITE, &e), E_STATE);
    ck_assert_msg(strstr(e.msg, "999"), "%s", e.msg);
    FAILS(store_open(&fix.store, fix.dir, STORE_READ, &e), E_STATE);
}
END_TEST

START_TEST(blocks_have_pages_of_16_kib)
{
    char path[300];
    sqlite3 *db;
    sqlite3_stmt *st;
    snprintf(path, sizeof path, "%s/blocks.db", fix.dir);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, "PRAGMA page_size", -1, &st, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
    ck_assert_int_eq(sqlite3_column_int(st, 0), 16384);
    sqlite3_finalize(st);
    sqlite3_close(db);
}
END_TEST

START_TEST(a_reader_cannot_write_and_sees_commits)
{
    struct store *reader = NULL;
    OKAY(store_open(&reader, fix.dir, STORE_READ, &e));
    int64_t before = store_data_version(reader);
    ck_assert_int_eq(store_data_version(reader), before);
    OKAY(store_device_add(s, "fan-1", "", "", &e));
    ck_assert_int_ne(store_data_version(reader), before);
    ck_assert_int_lt(store_device_add(reader, "fan-2", "", "", &e), 0);
    FAILS(store_begin(reader, &e), E_STATE);
    store_close(reader);
}
END_TEST

START_TEST(own_commits_change_the_data_version)
{
    int64_t before = store_data_version(s);
    OKAY(store_device_set_status(s, "fan-1", true, 1, "", &e)); // blocks.db
    int64_t between = store_data_version(s);
    ck_assert_int_ne(between, before);
    OKAY(store_device_add(s, "fan-1", "", "", &e)); // main.db
    ck_assert_int_ne(store_data_version(s), between);
}
END_TEST

START_TEST(rollback_undoes_every_level)
{
    int64_t pending;
    OKAY(store_begin(s, &e));
    OKAY(store_outbox_put(s, "d/a/cmd", "x", 1, false, 0, &e));
    OKAY(store_begin(s, &e));
    OKAY(store_device_set_status(s, "fan-1", true, 1, "", &e));
    OKAY(store_commit(s, &e));
    store_rollback(s);
    OKAY(store_outbox_count(s, &pending, &e));
    ck_assert_int_eq(pending, 0);
    OKAY(store_begin(s, &e));
    OKAY(store_outbox_put(s, "d/a/cmd", "x", 1, false, 0, &e));
    OKAY(store_commit(s, &e));
    OKAY(store_outbox_count(s, &pending, &e));
    ck_assert_int_eq(pending, 1);
}
END_TEST

START_TEST(writers_of_the_two_files_do_not_wait_for_each_other)
{
    struct store *other = NULL;
    OKAY(store_open(&other, fix.dir, STORE_WRITE, &e));
    OKAY(store_begin_blocks(other, &e));
    OKAY(store_device_set_status(other, "fan-1", true, 1, "", &e));
    int64_t start = clock_mono_us();
    OKAY(store_begin(s, &e));
    OKAY(store_device_add(s, "fan-1", "", "", &e));
    OKAY(store_commit(s, &e));
    ck_assert_int_lt(clock_mono_us() - start, 1000000);
    OKAY(store_commit(other, &e));
    store_close(other);
}
END_TEST

struct seen { // what a walk's callback saw
    int count;
    char text[256];
    int64_t number, number2;
    bool flag;
};

static int see_class(void *ctx, const struct store_label_class *c)
{
    struct seen *seen = ctx;
    seen->count++;
    size_t at = strlen(seen->text);
    snprintf(seen->text + at, sizeof seen->text - at, "%s:%s:%d ", c->name, c->hotkey,
             (int)c->uses);
    return 0;
}

static int see_region(void *ctx, const struct store_region *r)
{
    struct seen *seen = ctx;
    seen->count++;
    seen->number = r->version;
    seen->number2 = r->start_us;
    seen->flag = r->whole;
    size_t at = strlen(seen->text);
    snprintf(seen->text + at, sizeof seen->text - at, "%s%s ", r->deleted ? "-" : "",
             r->deleted ? r->region : r->label);
    return 0;
}

START_TEST(label_classes_get_free_hotkeys_and_keep_their_words)
{
    struct seen seen = {0};
    OKAY(store_label_class_put(
        s, &(struct store_label_class){.name = "normal", .guideline = "runs well"}, &e));
    OKAY(store_label_class_put(s, &(struct store_label_class){.name = "off", .hotkey = "o"}, &e));
    OKAY(store_label_class_put(s, &(struct store_label_class){.name = "wear"}, &e));
    OKAY(
        store_label_class_put(s, &(struct store_label_class){.name = "normal", .hotkey = "n"}, &e));
    OKAY(store_label_class_walk(s, see_class, &seen, &e));
    ck_assert_str_eq(seen.text, "normal:n:0 off:o:0 wear:2:0 ");
    FAILS(store_label_class_put(s, &(struct store_label_class){.name = ""}, &e), E_USAGE);
}
END_TEST

static struct store_region region(const char *id, const char *label)
{
    return (struct store_region){.rec_id = 7,
                                 .region = id,
                                 .label = label,
                                 .author = "ann",
                                 .source = "human",
                                 .whole = true};
}

START_TEST(labels_are_events_with_versions)
{
    struct store_region r = region("", "normal");
    OKAY(store_label_set(s, &r, 0, &e));
    ck_assert_int_eq(r.version, 1);
    r.label = "wear";
    FAILS(store_label_set(s, &r, 0, &e), E_CONFLICT);
    ck_assert_int_eq(r.version, 1);
    OKAY(store_label_set(s, &r, 1, &e));
    ck_assert_int_eq(r.version, 2);
    OKAY(store_label_delete(s, &r, -1, &e));
    FAILS(store_label_delete(s, &r, -1, &e), E_NOT_FOUND);
    OKAY(store_label_set(s, &r, 0, &e));
    ck_assert_int_eq(r.version, 4);
    struct seen all = {0}, present = {0}, classes = {0};
    OKAY(store_label_history(s, 7, 0, see_region, &all, &e));
    ck_assert_str_eq(all.text, "normal wear - wear ");
    OKAY(store_label_walk(s, 7, see_region, &present, &e));
    ck_assert_str_eq(present.text, "wear ");
    ck_assert(present.flag);
    OKAY(store_label_class_walk(s, see_class, &classes, &e));
    ck_assert_str_eq(classes.text, "normal:1:0 wear:2:1 ");
    int64_t event = 0, ms = 0;
    OKAY(store_label_last_event(s, &event, &ms, &e));
    ck_assert_int_eq(event, r.event_id);
    ck_assert_int_le(ms, clock_wall_ms());
}
END_TEST

START_TEST(a_region_at_time_zero_is_not_the_whole)
{
    struct store_region r = region("a", "normal");
    r.whole = false;
    r.start_us = 0;
    r.end_us = 0;
    OKAY(store_label_set(s, &r, -1, &e));
    struct seen seen = {.number2 = -1};
    OKAY(store_label_all(s, "normal", see_region, &seen, &e));
    ck_assert(!seen.flag);
    ck_assert_int_eq(seen.number2, 0);
    r.start_us = 5;
    FAILS(store_label_set(s, &r, -1, &e), E_USAGE);
    r.whole = true;
    r.has_box = true;
    FAILS(store_label_set(s, &r, -1, &e), E_USAGE);
}
END_TEST

START_TEST(a_failed_label_leaves_nothing)
{
    struct store_region r = region("a", "fresh");
    r.source = "nobody";
    FAILS(store_label_set(s, &r, -1, &e), E_FORMAT);
    struct seen seen = {0};
    OKAY(store_label_class_walk(s, see_class, &seen, &e));
    ck_assert_int_eq(seen.count, 0);
}
END_TEST

static int see_model(void *ctx, const struct store_model *m)
{
    struct seen *seen = ctx;
    seen->count++;
    seen->number = m->model_id;
    snprintf(seen->text, sizeof seen->text, "%s %s %.2f %.2f", m->digest, m->metrics,
             m->float_accuracy, m->int8_accuracy);
    return 0;
}

START_TEST(models_are_found_by_digest_beginning_number_and_name)
{
    struct store_model m = {.digest = "aabbcc11",
                            .name = "fan",
                            .path = "models/a.tflite",
                            .float_accuracy = 0.5,
                            .int8_accuracy = -1};
    OKAY(store_model_put(s, &m, &e));
    int64_t first = m.model_id;
    m.metrics = "{\"a\":1}";
    OKAY(store_model_put(s, &m, &e));
    ck_assert_int_eq(m.model_id, first);
    struct store_model n = {
        .digest = "aabbcc22", .name = "other", .created_ms = clock_wall_ms() + 1000};
    OKAY(store_model_put(s, &n, &e));
    struct seen seen = {0};
    OKAY(store_model_find(s, "aabbcc1", NULL, see_model, &seen, &e));
    ck_assert_str_eq(seen.text, "aabbcc11 {\"a\":1} 0.50 -1.00");
    FAILS(store_model_find(s, "aabbcc", NULL, see_model, &seen, &e), E_USAGE);
    FAILS(store_model_find(s, "ffffff", NULL, see_model, &seen, &e), E_NOT_FOUND);
    OKAY(store_model_find(s, NULL, NULL, see_model, &seen, &e));
    ck_assert_int_eq(seen.number, n.model_id);
    OKAY(store_model_find(s, NULL, "fan", see_model, &seen, &e));
    ck_assert_int_eq(seen.number, first);
    OKAY(store_model_find(s, "1", NULL, see_model, &seen, &e));
    ck_assert_int_eq(seen.number, 1);
}
END_TEST

static int see_message(void *ctx, const struct store_outbox_msg *m)
{
    struct seen *seen = ctx;
    seen->count++;
    seen->number = m->msg_id;
    size_t at = strlen(seen->text);
    snprintf(seen->text + at, sizeof seen->text - at, "%s=%.*s ", m->topic, (int)m->len,
             (const char *)m->payload);
    return 0;
}

START_TEST(the_outbox_keeps_the_last_retained_message_of_a_topic)
{
    struct seen seen = {0}, later = {0}, again = {0};
    OKAY(store_outbox_put(s, "d/a/desired", "1", 1, true, 0, &e));
    OKAY(store_outbox_put(s, "d/a/cmd", "go", 2, false, 0, &e));
    OKAY(store_outbox_put(s, "d/a/desired", "2", 1, true, 0, &e));
    OKAY(store_outbox_put(s, "d/a/cmd", "old", 3, false, 1, &e));
    FAILS(store_outbox_put(s, "d/+/cmd", "x", 1, false, 0, &e), E_USAGE);
    OKAY(store_outbox_pending(s, 0, 10, see_message, &seen, &e));
    ck_assert_str_eq(seen.text, "d/a/cmd=go d/a/desired=2 ");
    OKAY(store_outbox_sent(s, seen.number, &e));
    OKAY(store_outbox_pending(s, 0, 10, see_message, &later, &e));
    ck_assert_str_eq(later.text, "d/a/cmd=go ");
    OKAY(store_outbox_resend_retained(s, &e));
    OKAY(store_outbox_pending(s, 0, 10, see_message, &again, &e));
    ck_assert_int_eq(again.count, 2);
}
END_TEST

static int see_command(void *ctx, const struct store_command *c)
{
    struct seen *seen = ctx;
    seen->number = c->replied_ms;
    snprintf(seen->text, sizeof seen->text, "%s %s %lld", c->device, c->reply,
             (long long)c->status);
    return 0;
}

START_TEST(only_the_device_that_was_asked_can_answer)
{
    struct store_command c = {.device = "fan-1", .kind = "record", .author = "ann"};
    OKAY(store_command_put(s, &c, &e));
    struct store_progress p = {.device = "fan-2", .text = "done", .command_id = c.command_id};
    FAILS(store_command_progress(s, &p, &e), E_NOT_FOUND);
    p = (struct store_progress){
        .device = "fan-1", .text = "later", .command_id = c.command_id, .status = -6};
    OKAY(store_command_progress(s, &p, &e));
    struct seen seen = {0};
    OKAY(store_command_walk(s, NULL, 0, see_command, &seen, &e));
    ck_assert_str_eq(seen.text, "fan-1 later -6");
    ck_assert_int_gt(seen.number, 0);
}
END_TEST

static int see_device(void *ctx, const struct store_device *d)
{
    struct seen *seen = ctx;
    seen->count++;
    seen->flag = d->online;
    seen->number = d->removed_ms;
    snprintf(seen->text, sizeof seen->text, "%s %s %s %d", d->id, d->board, d->rel_state,
             (int)d->active_seq);
    return 0;
}

START_TEST(devices_keep_what_each_message_says)
{
    struct seen seen = {0};
    OKAY(store_device_add(s, "fan-1", "Fan one", "hall", &e));
    FAILS(store_device_add(s, "fan-1", "", "", &e), E_EXISTS);
    FAILS(store_device_add(s, "Fan 1", "", "", &e), E_USAGE);
    OKAY(store_device_set_hello(s, &(struct store_device){.id = "fan-1", .board = "posix"}, &e));
    OKAY(store_device_set_status(s, "fan-1", true, 3, "connected", &e));
    OKAY(store_device_set_reported(
        s, &(struct store_device){.id = "fan-1", .rel_state = "active", .active_seq = 4}, &e));
    OKAY(store_device_walk(s, "fan-1", see_device, &seen, &e));
    ck_assert_str_eq(seen.text, "fan-1 posix active 4");
    ck_assert(seen.flag);
    FAILS(store_device_walk(s, "fan-9", see_device, &seen, &e), E_NOT_FOUND);
    OKAY(store_device_remove(s, "fan-1", &e));
    FAILS(store_device_remove(s, "fan-1", &e), E_NOT_FOUND);
    OKAY(store_device_add(s, "fan-1", "", "", &e));
    OKAY(store_device_walk(s, NULL, see_device, &seen, &e));
    ck_assert_int_eq(seen.number, 0);
}
END_TEST

static int see_login(void *ctx, const struct store_login *l)
{
    struct seen *seen = ctx;
    snprintf(seen->text, sizeof seen->text, "%s %s %s", l->user.name, l->user.role, l->csrf);
    return 0;
}

START_TEST(logins_and_links_end)
{
    struct seen seen = {0};
    int64_t now = clock_wall_ms();
    OKAY(store_user_add(s, "ann", "hash", "admin", &e));
    FAILS(store_user_add(s, "ann", "hash", "admin", &e), E_EXISTS);
    FAILS(store_user_add(s, "bob", "hash", "king", &e), E_USAGE);
    OKAY(store_login_put(s, "t1", 1, "csrf", now + 60000, &e));
    OKAY(store_login_find(s, "t1", see_login, &seen, &e));
    ck_assert_str_eq(seen.text, "ann admin csrf");
    OKAY(store_login_put(s, "t2", 1, "csrf", now - 1, &e));
    FAILS(store_login_find(s, "t2", see_login, &seen, &e), E_AUTH);
    OKAY(store_user_set_role(s, "ann", "viewer", true, &e));
    FAILS(store_login_find(s, "t1", see_login, &seen, &e), E_AUTH);
    FAILS(store_user_set_password(s, "zoe", "x", &e), E_NOT_FOUND);
    OKAY(store_setup_put(s, "s1", now + 60000, &e));
    OKAY(store_setup_use(s, "s1", &e));
    FAILS(store_setup_use(s, "s1", &e), E_AUTH);
    OKAY(store_token_put(s, "k1", "phone", "ingest", "ann", 0, &e));
    char scope[16], name[16];
    OKAY(store_token_find(s, "k1", scope, sizeof scope, name, sizeof name, &e));
    ck_assert_str_eq(scope, "ingest");
    FAILS(store_token_find(s, "k2", scope, sizeof scope, name, sizeof name, &e), E_AUTH);
}
END_TEST

static int see_release(void *ctx, const struct store_release *r)
{
    struct seen *seen = ctx;
    seen->number = r->seq;
    snprintf(seen->text, sizeof seen->text, "%s %.*s", r->name, (int)r->manifest_len,
             (const char *)r->manifest);
    return 0;
}

static int see_rollout_device(void *ctx, const struct store_rollout_device *d)
{
    struct seen *seen = ctx;
    seen->count++;
    snprintf(seen->text, sizeof seen->text, "%s %s %s", d->device, d->state, d->reason);
    return 0;
}

START_TEST(releases_count_up_and_rollouts_change)
{
    int64_t seq = 0;
    struct seen seen = {0};
    OKAY(store_release_next_seq(s, "fan", &seq, &e));
    ck_assert_int_eq(seq, 1);
    struct store_release r = {
        .seq = 1, .name = "fan", .manifest_digest = "abcdef99", .manifest = "M", .manifest_len = 1};
    OKAY(store_release_put(s, &r, &e));
    FAILS(store_release_put(s, &r, &e), E_EXISTS);
    OKAY(store_release_next_seq(s, "fan", &seq, &e));
    ck_assert_int_eq(seq, 2);
    OKAY(store_release_find(s, "abcdef", see_release, &seen, &e));
    ck_assert_str_eq(seen.text, "fan M");
    struct store_rollout o = {.release_id = r.release_id, .state = "running", .policy = "{}"};
    OKAY(store_rollout_put(s, &o, &e));
    o.state = "nonsense";
    FAILS(store_rollout_put(s, &o, &e), E_FORMAT);
    struct store_rollout_device d = {
        .rollout_id = o.rollout_id, .device = "fan-1", .state = "waiting"};
    OKAY(store_rollout_device_put(s, &d, &e));
    d.state = "refused";
    d.reason = "auth";
    OKAY(store_rollout_device_put(s, &d, &e));
    seen = (struct seen){0};
    OKAY(store_rollout_device_walk(s, o.rollout_id, see_rollout_device, &seen, &e));
    ck_assert_int_eq(seen.count, 1);
    ck_assert_str_eq(seen.text, "fan-1 refused auth");
}
END_TEST

static int see_item(void *ctx, const struct store_dataset_item *i)
{
    struct seen *seen = ctx;
    seen->count++;
    seen->number = i->rec_id;
    return 0;
}

START_TEST(a_dataset_is_stored_once_by_its_digest)
{
    struct store_dataset_item items[] = {{1, 0, 100, "acc", "normal", "train", "fan-1"},
                                         {2, 0, 100, "acc", "wear", "test", "fan-2"}};
    char one[STORE_DIGEST_TEXT], two[STORE_DIGEST_TEXT], three[STORE_DIGEST_TEXT];
    OKAY(store_dataset_put(s, "fan", "all", items, 2, one, &e));
    OKAY(store_dataset_put(s, "fan", "all", items, 2, two, &e));
    ck_assert_str_eq(one, two);
    struct seen seen = {0}, test = {0};
    OKAY(store_dataset_items(s, one, NULL, see_item, &seen, &e));
    ck_assert_int_eq(seen.count, 2);
    OKAY(store_dataset_items(s, one, "test", see_item, &test, &e));
    ck_assert_int_eq(test.count, 1);
    ck_assert_int_eq(test.number, 2);
    items[1].label = "normal";
    OKAY(store_dataset_put(s, "fan", "all", items, 2, three, &e));
    ck_assert_str_ne(one, three);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store");
    TCase *t = tcase_create("store");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, opening_tells_what_is_wrong);
    tcase_add_test(t, a_newer_store_is_refused);
    tcase_add_test(t, blocks_have_pages_of_16_kib);
    tcase_add_test(t, a_reader_cannot_write_and_sees_commits);
    tcase_add_test(t, own_commits_change_the_data_version);
    tcase_add_test(t, rollback_undoes_every_level);
    tcase_add_test(t, writers_of_the_two_files_do_not_wait_for_each_other);
    tcase_add_test(t, label_classes_get_free_hotkeys_and_keep_their_words);
    tcase_add_test(t, labels_are_events_with_versions);
    tcase_add_test(t, a_region_at_time_zero_is_not_the_whole);
    tcase_add_test(t, a_failed_label_leaves_nothing);
    tcase_add_test(t, models_are_found_by_digest_beginning_number_and_name);
    tcase_add_test(t, the_outbox_keeps_the_last_retained_message_of_a_topic);
    tcase_add_test(t, only_the_device_that_was_asked_can_answer);
    tcase_add_test(t, devices_keep_what_each_message_says);
    tcase_add_test(t, logins_and_links_end);
    tcase_add_test(t, releases_count_up_and_rollouts_change);
    tcase_add_test(t, a_dataset_is_stored_once_by_its_digest);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
