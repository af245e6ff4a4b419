// The API against a seeded project: signing in, roles, forged requests, labels and their conflicts, signals,
// sound, bad input of every kind.
#include "common/err.h"
#include "tests/labeler/http.h"
#include "tests/labeler/seed.h"
#include "tests/support/store_fixture.h"

#include <check.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[] = "/tmp/moteloop-api-XXXXXX";
static struct lab lab;
static struct http ada; // the administrator

static void sign_in(struct http *h, const char *name)
{
    char body[120];
    struct http_answer a;
    (void)snprintf(body, sizeof(body), "{\"name\":\"%s\",\"password\":\"correct horse\"}", name);
    *h = (struct http){.lab = &lab};
    http_send(h, "POST", "/api/login", body, &a);
    ck_assert_int_eq(a.status, 200);
    http_release(&a);
}

static void set_up(void)
{
    struct err e = {0};
    struct http_answer a;
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_msg(seed_project(dir, 24, &e) == 0, "%s", e.msg);
    ck_assert_msg(lab_open(&lab, dir, &e) == 0, "%s", e.msg);
    ada = (struct http){.lab = &lab};
    http_send(
        &ada, "POST", "/api/setup",
        "{\"token\":\"" SEED_SETUP_TOKEN "\",\"name\":\"ada\",\"password\":\"correct horse\"}", &a);
    ck_assert_int_eq(a.status, 200);
    ck_assert_str_eq(http_text(&a, "user.role"), "admin");
    http_release(&a);
}

static void tear_down(void)
{
    lab_close(&lab);
    support_remove_tree(dir);
}

START_TEST(setup_link_works_once)
{
    struct http h = {.lab = &lab};
    ck_assert_int_eq(http_status(&h, "POST", "/api/setup",
                                 "{\"token\":\"" SEED_SETUP_TOKEN
                                 "\",\"name\":\"eve\",\"password\":\"correct horse\"}"),
                     403);
}
END_TEST

START_TEST(nothing_is_shown_without_signing_in)
{
    struct http h = {.lab = &lab};
    static const char *const paths[] = {
        "/api/overview", "/api/recordings", "/api/recordings/1",         "/api/devices",
        "/api/stream",   "/api/users",      "/api/recordings/1/signals", "/api/models/1/file"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        ck_assert_int_eq(http_status(&h, "GET", paths[i], NULL), 401);
    }
    ck_assert_int_eq(http_status(&h, "GET", "/api/me", NULL), 200);
}
END_TEST

START_TEST(wrong_passwords_are_refused_then_slowed)
{
    struct http h = {.lab = &lab};
    for (int i = 0; i < 8; i++) {
        ck_assert_int_eq(http_status(&h, "POST", "/api/login",
                                     "{\"name\":\"mallory\",\"password\":\"wrong wrong\"}"),
                         401);
    }
    ck_assert_int_eq(http_status(&h, "POST", "/api/login",
                                 "{\"name\":\"mallory\",\"password\":\"wrong wrong\"}"),
                     429);
    sign_in(&h, "ada");
}
END_TEST

START_TEST(writing_needs_the_csrf_token)
{
    struct http h = ada;
    h.csrf[0] = 0;
    ck_assert_int_eq(http_status(&h, "POST", "/api/recordings/1/labels", "{\"label\":\"normal\"}"),
                     403);
    h = ada;
    h.csrf[3] = (char)(h.csrf[3] == 'a' ? 'b' : 'a');
    ck_assert_int_eq(http_status(&h, "POST", "/api/recordings/1/labels", "{\"label\":\"normal\"}"),
                     403);
}
END_TEST

START_TEST(foreign_hosts_and_origins_are_refused)
{
    struct http h = ada;
    h.host = "evil.example";
    ck_assert_int_eq(http_status(&h, "GET", "/api/me", NULL), 403);
    h = ada;
    h.origin = "https://evil.example";
    ck_assert_int_eq(http_status(&h, "POST", "/api/recordings/1/labels", "{\"label\":\"normal\"}"),
                     403);
    h.origin = "http://127.0.0.1:8080";
    ck_assert_int_eq(http_status(&h, "GET", "/api/me", NULL), 200);
    h = ada;
    h.type = "text/plain";
    ck_assert_int_eq(http_status(&h, "POST", "/api/recordings/1/labels", "{\"label\":\"normal\"}"),
                     400);
}
END_TEST

START_TEST(roles_bound_what_one_may)
{
    struct http viewer, annotator;
    ck_assert_int_eq(
        http_status(&ada, "POST", "/api/users",
                    "{\"name\":\"vic\",\"password\":\"correct horse\",\"role\":\"viewer\"}"),
        201);
    ck_assert_int_eq(
        http_status(&ada, "POST", "/api/users",
                    "{\"name\":\"ann\",\"password\":\"correct horse\",\"role\":\"annotator\"}"),
        201);
    sign_in(&viewer, "vic");
    sign_in(&annotator, "ann");
    ck_assert_int_eq(http_status(&viewer, "GET", "/api/recordings", NULL), 200);
    ck_assert_int_eq(
        http_status(&viewer, "POST", "/api/recordings/1/labels", "{\"label\":\"normal\"}"), 403);
    ck_assert_int_eq(http_status(&viewer, "POST", "/api/devices/fan-01/record", "{}"), 403);
    ck_assert_int_eq(
        http_status(&annotator, "POST", "/api/recordings/2/labels", "{\"label\":\"normal\"}"), 201);
    ck_assert_int_eq(http_status(&annotator, "GET", "/api/users", NULL), 403);
    ck_assert_int_eq(
        http_status(&annotator, "POST", "/api/rollouts/1/state", "{\"state\":\"paused\"}"), 403);
    ck_assert_int_eq(
        http_status(&annotator, "POST", "/api/classes/normal/rename", "{\"to\":\"fine\"}"), 403);
    ck_assert_int_eq(http_status(&ada, "PUT", "/api/users/ann", "{\"disabled\":true}"), 200);
    ck_assert_int_eq(http_status(&annotator, "GET", "/api/recordings", NULL), 401);
    ck_assert_int_eq(http_status(&ada, "PUT", "/api/users/ada", "{\"disabled\":true}"), 409);
}
END_TEST

START_TEST(tokens_work_without_a_cookie)
{
    struct http_answer a;
    char token[80];
    http_send(&ada, "POST", "/api/tokens", "{\"name\":\"script\",\"scope\":\"label\"}", &a);
    ck_assert_int_eq(a.status, 201);
    (void)snprintf(token, sizeof(token), "%s", http_text(&a, "token"));
    http_release(&a);
    struct http h = {.lab = &lab, .bearer = token};
    ck_assert_int_eq(http_status(&h, "GET", "/api/recordings", NULL), 200);
    ck_assert_int_eq(
        http_status(&h, "POST", "/api/recordings/3/labels", "{\"label\":\"imbalance\"}"), 201);
    ck_assert_int_eq(http_status(&h, "GET", "/api/users", NULL), 403);
    token[5] = 'x';
    ck_assert_int_eq(http_status(&h, "GET", "/api/recordings", NULL), 401);
}
END_TEST

START_TEST(a_token_is_listed_ended_and_in_the_audit_log)
{
    struct http_answer a;
    char token[80];
    http_send(&ada, "POST", "/api/tokens", "{\"name\":\"gateway\",\"scope\":\"ingest\"}", &a);
    (void)snprintf(token, sizeof(token), "%s", http_text(&a, "token"));
    http_release(&a);
    struct http h = {.lab = &lab, .bearer = token};
    ck_assert_int_eq(http_status(&h, "GET", "/api/recordings", NULL),
                     403); // it may bring data, and see none
    ck_assert_int_eq(http_status(&h, "POST", "/api/recordings/1/labels", "{\"label\":\"normal\"}"),
                     403);
    http_send(&ada, "GET", "/api/tokens", NULL, &a);
    ck_assert_str_eq(http_text(&a, "tokens.0.name"), "gateway");
    ck_assert_str_eq(http_text(&a, "tokens.0.scope"), "ingest");
    ck_assert_ptr_null(strstr(a.body.data, token));
    http_release(&a);
    ck_assert_int_eq(http_status(&ada, "DELETE", "/api/tokens/gateway", NULL), 200);
    ck_assert_int_eq(http_status(&ada, "DELETE", "/api/tokens/gateway", NULL), 404);
    ck_assert_int_eq(http_status(&h, "GET", "/api/me", NULL), 401);
    http_send(&ada, "GET", "/api/audit?limit=2", NULL, &a);
    ck_assert_str_eq(http_text(&a, "lines.0.what"), "ended API token gateway");
    ck_assert_str_eq(http_text(&a, "lines.1.what"), "made API token gateway");
    ck_assert_str_eq(http_text(&a, "lines.0.who"), "ada");
    ck_assert_int_eq(http_number(&a, "next"), http_number(&a, "lines.1.id"));
    http_release(&a);
}
END_TEST

START_TEST(a_stale_change_is_refused_with_both_sides)
{
    struct http_answer a;
    ck_assert_int_eq(
        http_status(
            &ada, "PUT", "/api/recordings/5/labels/r1",
            "{\"label\":\"off\",\"start_us\":200000000,\"end_us\":201000000,\"version\":0}"),
        200);
    ck_assert_int_eq(
        http_status(
            &ada, "PUT", "/api/recordings/5/labels/r1",
            "{\"label\":\"normal\",\"start_us\":200000000,\"end_us\":201000000,\"version\":1}"),
        200);
    http_send(&ada, "PUT", "/api/recordings/5/labels/r1",
              "{\"label\":\"bearing\",\"start_us\":200000000,\"end_us\":201000000,\"version\":1}",
              &a);
    ck_assert_int_eq(a.status, 409);
    ck_assert_str_eq(http_text(&a, "error.code"), "conflict");
    ck_assert_str_eq(http_text(&a, "stored.label"), "normal");
    ck_assert_int_eq(http_number(&a, "stored.version"), 2);
    ck_assert_int_eq(http_number(&a, "expected_version"), 1);
    http_release(&a);
    ck_assert_int_eq(http_status(&ada, "DELETE", "/api/recordings/5/labels/r1?version=1", NULL),
                     409);
    ck_assert_int_eq(http_status(&ada, "DELETE", "/api/recordings/5/labels/r1?version=2", NULL),
                     200);
    http_send(&ada, "GET", "/api/recordings/5/history", NULL, &a);
    ck_assert_uint_eq(json_array_size(json_object_get(a.json, "events")), 3);
    http_release(&a);
}
END_TEST

START_TEST(bulk_changes_are_all_or_none_and_undoable)
{
    struct http_answer a;
    http_send(&ada, "POST", "/api/labels/bulk",
              "{\"changes\":[{\"rec\":8,\"region\":\"whole\",\"label\":\"off\"},{\"rec\":9999,"
              "\"region\":\"whole\",\"label\":\"off\"}]}",
              &a);
    ck_assert_int_eq(a.status, 404);
    http_release(&a);
    http_send(&ada, "GET", "/api/recordings/8/labels", NULL, &a);
    ck_assert_uint_eq(json_array_size(json_object_get(a.json, "regions")), 0);
    http_release(&a);
    http_send(&ada, "POST", "/api/labels/bulk",
              "{\"changes\":[{\"rec\":8,\"region\":\"whole\",\"label\":\"off\"},{\"rec\":9,"
              "\"region\":\"whole\",\"label\":\"off\"}]}",
              &a);
    ck_assert_int_eq(a.status, 200);
    json_t *back = json_pack("{s:O}", "changes", json_object_get(a.json, "undo"));
    char *undo = json_dumps(back, 0);
    json_decref(back);
    http_release(&a);
    ck_assert_int_eq(http_status(&ada, "POST", "/api/labels/bulk", undo), 200);
    free(undo);
    http_send(&ada, "GET", "/api/recordings/9/labels", NULL, &a);
    ck_assert_uint_eq(json_array_size(json_object_get(a.json, "regions")), 0);
    http_release(&a);
}
END_TEST

#define MANY 300

// MANY new regions of recording 10, then another change.
static char *many_changes(const char *last)
{
    json_t *list = json_array();
    for (int i = 0; i < MANY; i++) {
        char region[16];
        (void)snprintf(region, sizeof(region), "m%d", i);
        json_array_append_new(list, json_pack("{s:i,s:s,s:s,s:i}", "rec", 10, "region", region,
                                              "label", "off", "version", 0));
    }
    if (last) {
        json_array_append_new(list, json_loads(last, 0, NULL));
    }
    json_t *body = json_pack("{s:o}", "changes", list);
    char *text = json_dumps(body, 0);
    json_decref(body);
    return text;
}

static size_t regions_of_ten(void)
{
    struct http_answer a;
    http_send(&ada, "GET", "/api/recordings/10/labels", NULL, &a);
    size_t n = json_array_size(json_object_get(a.json, "regions"));
    http_release(&a);
    return n;
}

static void undo_all(const struct http_answer *a)
{
    json_t *back = json_pack("{s:O}", "changes", json_object_get(a->json, "undo"));
    char *undo = json_dumps(back, 0);
    ck_assert_int_eq(http_status(&ada, "POST", "/api/labels/bulk", undo), 200);
    json_decref(back);
    free(undo);
}

START_TEST(a_bulk_that_is_stopped_tells_what_it_did_and_is_undone_at_once)
{
    struct http_answer a;
    size_t before = regions_of_ten();
    // What is wrong from the start is found before the first step.
    char *body = many_changes("{\"rec\":9999,\"label\":\"off\"}");
    ck_assert_int_eq(http_status(&ada, "POST", "/api/labels/bulk", body), 404);
    free(body);
    body = many_changes("{\"rec\":11,\"region\":\"none\",\"delete\":true}");
    ck_assert_int_eq(http_status(&ada, "POST", "/api/labels/bulk", body), 404);
    free(body);
    body = many_changes("{\"rec\":11,\"region\":\"none\",\"label\":\"off\",\"version\":5}");
    ck_assert_int_eq(http_status(&ada, "POST", "/api/labels/bulk", body), 409);
    free(body);
    ck_assert_uint_eq(regions_of_ten(), before);
    // The first region is another one when the last step comes to it, as if somebody had changed it meanwhile.
    body = many_changes("{\"rec\":10,\"region\":\"m0\",\"label\":\"normal\",\"version\":0}");
    http_send(&ada, "POST", "/api/labels/bulk", body, &a);
    ck_assert_int_eq(a.status, 409);
    ck_assert_str_eq(http_text(&a, "error.code"), "conflict");
    ck_assert_str_eq(http_text(&a, "stored.label"), "off");
    size_t made = json_array_size(json_object_get(a.json, "changed"));
    ck_assert_uint_gt(made, 0);
    ck_assert_uint_le(made, MANY);
    ck_assert_uint_eq(regions_of_ten(), before + made);
    undo_all(&a);
    http_release(&a);
    free(body);
    ck_assert_uint_eq(regions_of_ten(), before);
    // All of it, and back by one request.
    body = many_changes(NULL);
    json_t *v = json_loads(body, 0, NULL);
    size_t i;
    json_t *c;
    json_array_foreach(json_object_get(v, "changes"), i, c) {
        json_object_del(c, "version");
    }
    free(body);
    body = json_dumps(v, 0);
    json_decref(v);
    http_send(&ada, "POST", "/api/labels/bulk", body, &a);
    ck_assert_int_eq(a.status, 200);
    ck_assert_uint_eq(regions_of_ten(), before + MANY);
    undo_all(&a);
    http_release(&a);
    free(body);
    ck_assert_uint_eq(regions_of_ten(), before);
}
END_TEST

static int64_t uses_of(const char *label)
{
    struct http_answer a;
    int64_t uses = -1;
    size_t i;
    json_t *c;
    http_send(&ada, "GET", "/api/classes", NULL, &a);
    json_array_foreach(json_object_get(a.json, "classes"), i, c) {
        if (strcmp(json_string_value(json_object_get(c, "name")), label) == 0) {
            uses = json_integer_value(json_object_get(c, "uses"));
        }
    }
    http_release(&a);
    return uses;
}

// A server that is killed between two steps: what it did stands, is counted truly, and can be done again.
START_TEST(a_bulk_that_is_cut_leaves_a_true_state)
{
    size_t before = regions_of_ten();
    int64_t uses = uses_of("off");
    char *body = many_changes(NULL);
    ck_assert_int_ge(uses, 0);
    // Its versions are of regions that were there and went: 0 is what is present.
    int alive[2]; // its writing end is held by the server alone, which under CGI is a child of the child
    ck_assert_int_eq(pipe(alive), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)setpgid(0, 0);
        (void)close(alive[0]);
        struct lab own;
        struct err e = {0};
        struct http h = ada;
        h.lab = &own;
        _exit(lab_open(&own, dir, &e) || http_status(&h, "POST", "/api/labels/bulk", body) != 200);
    }
    bool ended = false;
    while (!ended && regions_of_ten() == before) {
        ended = waitpid(child, NULL, WNOHANG) != 0;
    }
    (void)close(alive[1]);
    if (!ended) {
        (void)kill(-child, SIGKILL);
        ck_assert_int_eq(waitpid(child, NULL, 0), child);
    }
    char none;
    ck_assert_int_eq(read(alive[0], &none, 1), 0); // nobody writes any more
    (void)close(alive[0]);
    size_t made = regions_of_ten() - before;
    ck_assert_uint_gt(made, 0);
    ck_assert_uint_le(made, MANY);
    ck_assert_int_eq(uses_of("off"), uses + (int64_t)made);
    free(body);
}
END_TEST

START_TEST(renaming_a_label_keeps_history_and_merges)
{
    struct http_answer a;
    ck_assert_int_eq(
        http_status(&ada, "POST", "/api/classes/imbalance/rename", "{\"to\":\"unbalance\"}"), 200);
    http_send(&ada, "GET", "/api/recordings/count?label=unbalance", NULL, &a);
    ck_assert_int_gt(http_number(&a, "count"), 0);
    http_release(&a);
    http_send(&ada, "GET", "/api/recordings/count?label=imbalance", NULL, &a);
    ck_assert_int_eq(http_number(&a, "count"), 0);
    http_release(&a);
    ck_assert_int_eq(http_status(&ada, "POST", "/api/classes/nobody/rename", "{\"to\":\"x\"}"),
                     404);
}
END_TEST

START_TEST(gaps_stay_gaps_and_microseconds_stay)
{
    struct http_answer a;
    http_send(&ada, "GET", "/api/recordings/4/signals?points=4000", NULL, &a);
    ck_assert_int_eq(a.status, 200);
    const json_t *runs = json_object_get(a.json, "runs");
    ck_assert_uint_eq(json_array_size(runs), 2);
    ck_assert_int_eq(http_number(&a, "runs.0.t_us"), 100000000);
    ck_assert_int_eq(http_number(&a, "runs.1.t_us"), 111000000);
    ck_assert_int_eq(http_number(&a, "runs.0.count"), 1000);
    ck_assert_int_eq(http_number(&a, "bin"), 1);
    http_release(&a);
    http_send(&ada, "GET", "/api/recordings/4/signals?points=50&from=100500000&to=101500000", NULL,
              &a);
    ck_assert_int_eq(http_number(&a, "runs.0.t_us"), 100500000);
    ck_assert_int_eq(http_number(&a, "bin"), 2);
    http_release(&a);
}
END_TEST

START_TEST(sound_answers_byte_ranges_that_meet)
{
    struct http_answer whole, part;
    http_send(&ada, "GET", "/api/recordings/25/audio.wav", NULL, &whole);
    ck_assert_int_eq(whole.status, 200);
    ck_assert_uint_eq(whole.body.len, 44 + 6 * 8000 * 2);
    struct http h = ada;
    h.extra_name = "HTTP_RANGE";
    h.extra_value = "bytes=1001-5003";
    http_send(&h, "GET", "/api/recordings/25/audio.wav", NULL, &part);
    ck_assert_int_eq(part.status, 206);
    ck_assert_uint_eq(part.body.len, 4003);
    ck_assert_mem_eq(part.body.data, whole.body.data + 1001, 4003);
    ck_assert_ptr_nonnull(strstr(part.head.data, "Content-Range: bytes 1001-5003/96044"));
    http_release(&part);
    h.extra_value = "bytes=999999-";
    ck_assert_int_eq(http_status(&h, "GET", "/api/recordings/25/audio.wav", NULL), 416);
    http_release(&whole);
}
END_TEST

START_TEST(pictures_are_png)
{
    struct http_answer a;
    static const char *const paths[] = {"/api/recordings/25/spectrogram.png?width=300&height=80",
                                        "/api/recordings/26/picture.png"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        http_send(&ada, "GET", paths[i], NULL, &a);
        ck_assert_int_eq(a.status, 200);
        ck_assert_mem_eq(a.body.data, "\x89PNG\r\n", 6);
        http_release(&a);
    }
    ck_assert_int_eq(http_status(&ada, "GET", "/api/recordings/4/picture.png", NULL), 409);
    ck_assert_int_eq(http_status(&ada, "GET", "/api/recordings/25/spectrogram.png?bins=500", NULL),
                     400);
}
END_TEST

START_TEST(an_etag_saves_the_answer)
{
    struct http_answer a;
    char tag[80];
    http_send(&ada, "GET", "/api/classes", NULL, &a);
    const char *p = strstr(a.head.data, "ETag: ");
    ck_assert_ptr_nonnull(p);
    (void)snprintf(tag, sizeof(tag), "%.*s", (int)strcspn(p + 6, "\r"), p + 6);
    http_release(&a);
    struct http h = ada;
    h.extra_name = "HTTP_IF_NONE_MATCH";
    h.extra_value = tag;
    http_send(&h, "GET", "/api/classes", NULL, &a);
    ck_assert_int_eq(a.status, 304);
    ck_assert_uint_eq(a.body.len, 0);
    http_release(&a);
}
END_TEST

START_TEST(bad_requests_get_one_clear_answer)
{
    static const struct {
        const char *method, *path, *body;
        int status;
    } all[] = {
        {"GET", "/api/nothing", NULL, 404},
        {"BREW", "/api/me", NULL, 400},
        {"PUT", "/api/me", "{}", 405},
        {"GET", "/api/recordings/0", NULL, 404},
        {"GET", "/api/recordings/99999", NULL, 404},
        {"GET", "/api/recordings/1e3", NULL, 404},
        {"GET", "/api/recordings/%00", NULL, 400},
        {"GET", "/api/../etc/passwd", NULL, 400},
        {"GET", "/api/%2e%2e/x", NULL, 400},
        {"GET", "/../../etc/passwd", NULL, 400},
        {"GET", "/..%2f..%2fetc%2fpasswd", NULL, 404},
        {"GET", "/app.js/../x.js", NULL, 400},
        {"GET", "/nothing.js", NULL, 404},
        {"GET", "/api/recordings?limit=100000", NULL, 400},
        {"GET", "/api/recordings?search=%ff", NULL, 400},
        {"GET", "/api/recordings?order=old&after=-1", NULL, 400},
        {"GET", "/api/recordings?label=%27%3BDROP%20TABLE%20region", NULL, 200},
        {"GET", "/api/recordings/4/signals?stream=nope", NULL, 404},
        {"GET", "/api/recordings/4/signals?points=1", NULL, 400},
        {"POST", "/api/recordings/1/labels", "{\"label\":\"\"}", 400},
        {"POST", "/api/recordings/1/labels", "{\"label\":5}", 400},
        {"POST", "/api/recordings/1/labels", "{\"label\":\"a,b\"}", 400},
        {"POST", "/api/recordings/1/labels", "[1]", 400},
        {"POST", "/api/recordings/1/labels", "{\"label\":\"x\"", 400},
        {"POST", "/api/recordings/1/labels", "{\"label\":\"x\",\"label\":\"y\"}", 400},
        {"POST", "/api/recordings/1/labels", "{\"label\":\"x\",\"start_us\":5,\"end_us\":4}", 400},
        {"POST", "/api/recordings/1/labels", "{\"label\":\"x\",\"start_us\":1,\"end_us\":2}", 400},
        {"POST", "/api/recordings/1/labels", "{\"label\":\"x\",\"region\":\"../..\"}", 400},
        {"POST", "/api/recordings/1/labels",
         "{\"label\":\"x\",\"box\":{\"x\":1,\"y\":1,\"w\":-1,\"h\":1}}", 400},
        {"PUT", "/api/classes/normal", "{\"color\":\"red\"}", 400},
        {"PUT", "/api/classes/normal", "{\"hotkey\":\"##\"}", 400},
        {"POST", "/api/devices/nobody/record", "{}", 404},
        {"POST", "/api/devices/fan-01/record", "{\"seconds\":-1}", 400},
        {"POST", "/api/devices/FAN%2F01/record", "{}", 404},
        {"POST", "/api/rollouts/1/state", "{\"state\":\"gone\"}", 400},
        {"POST", "/api/users", "{\"name\":\"x\",\"password\":\"short\",\"role\":\"viewer\"}", 400},
        {"POST", "/api/users", "{\"name\":\"x\",\"password\":\"long enough\",\"role\":\"king\"}",
         400},
        {"GET", "/api/models/zz", NULL, 404},
        {"GET", "/api/datasets/zz", NULL, 404},
        {"GET", "/api/queue?by=mood", NULL, 400},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct http_answer a;
        http_send(&ada, all[i].method, all[i].path, all[i].body, &a);
        ck_assert_msg(a.status == all[i].status, "%s %s gave %d, not %d: %s", all[i].method,
                      all[i].path, a.status, all[i].status, a.body.data);
        ck_assert_ptr_nonnull(strstr(a.head.data, "nosniff"));
        http_release(&a);
    }
}
END_TEST

START_TEST(bodies_have_a_ceiling_and_must_be_whole)
{
    size_t n = ((size_t)8 << 20) + 100;
    char *big = malloc(n + 1);
    ck_assert_ptr_nonnull(big);
    memset(big, ' ', n);
    big[n] = 0;
    ck_assert_int_eq(http_status(&ada, "POST", "/api/recordings/1/labels", big), 413);
    free(big);
    struct http h = ada;
    h.cut_body = 5;
    ck_assert_int_eq(http_status(&h, "POST", "/api/recordings/1/labels", "{\"label\":\"normal\"}"),
                     400);
}
END_TEST

START_TEST(a_command_is_noted_and_queued)
{
    struct http_answer a;
    http_send(&ada, "POST", "/api/devices/fan-01/record",
              "{\"stream\":\"acc\",\"label\":\"normal\",\"seconds\":5}", &a);
    ck_assert_int_eq(a.status, 202);
    http_release(&a);
    http_send(&ada, "GET", "/api/devices/fan-01", NULL, &a);
    ck_assert_str_eq(http_text(&a, "commands.0.kind"), "record");
    ck_assert_int_eq(http_number(&a, "commands.0.duration_ms"), 5000);
    http_release(&a);
    http_send(&ada, "GET", "/api/overview", NULL, &a);
    ck_assert_int_eq(http_number(&a, "counts.outbox_pending"), 1);
    http_release(&a);
}
END_TEST

START_TEST(labels_are_exported)
{
    struct http_answer a;
    ck_assert_int_eq(
        http_status(&ada, "PUT", "/api/recordings/12/labels/e1",
                    "{\"label\":\"=cmd\",\"start_us\":300500000,\"end_us\":301000000}"),
        200);
    http_send(&ada, "GET", "/api/labels/export?format=csv", NULL, &a);
    ck_assert_ptr_nonnull(strstr(
        a.body.data, "\n12,\"fan-04\",\"\",\" =cmd\",300500000,301000000,,\"ada\",human,1,"));
    http_release(&a);
    http_send(&ada, "GET", "/api/labels/export?format=label-studio&label=%3Dcmd", NULL, &a);
    ck_assert_uint_eq(json_array_size(a.json), 1);
    ck_assert_int_eq(http_number(&a, "0.id"), 12);
    http_release(&a);
    http_send(&ada, "GET", "/api/recordings/12/labels.txt", NULL, &a);
    ck_assert_ptr_nonnull(strstr(a.body.data, "0.500000\t1.000000\t=cmd\n"));
    http_release(&a);
    ck_assert_int_eq(http_status(&ada, "GET", "/api/labels/export?format=xml", NULL), 400);
}
END_TEST

START_TEST(the_list_pages_without_loss)
{
    int64_t after = 0;
    int seen = 0;
    for (int page = 0; page < 10; page++) {
        char path[80];
        struct http_answer a;
        (void)snprintf(path, sizeof(path), "/api/recordings?limit=7&after=%lld", (long long)after);
        http_send(&ada, "GET", path, NULL, &a);
        seen += (int)json_array_size(json_object_get(a.json, "recordings"));
        after = http_number(&a, "next");
        http_release(&a);
        if (after == 0) {
            break;
        }
    }
    ck_assert_int_eq(seen, 26);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("api");
    TCase *t = tcase_create("api");
    tcase_add_unchecked_fixture(t, set_up, tear_down);
    tcase_add_test(t, setup_link_works_once);
    tcase_add_test(t, nothing_is_shown_without_signing_in);
    tcase_add_test(t, writing_needs_the_csrf_token);
    tcase_add_test(t, foreign_hosts_and_origins_are_refused);
    tcase_add_test(t, roles_bound_what_one_may);
    tcase_add_test(t, tokens_work_without_a_cookie);
    tcase_add_test(t, a_token_is_listed_ended_and_in_the_audit_log);
    tcase_add_test(t, a_stale_change_is_refused_with_both_sides);
    tcase_add_test(t, bulk_changes_are_all_or_none_and_undoable);
    tcase_add_test(t, a_bulk_that_is_stopped_tells_what_it_did_and_is_undone_at_once);
    tcase_add_test(t, a_bulk_that_is_cut_leaves_a_true_state);
    tcase_add_test(t, gaps_stay_gaps_and_microseconds_stay);
    tcase_add_test(t, sound_answers_byte_ranges_that_meet);
    tcase_add_test(t, pictures_are_png);
    tcase_add_test(t, an_etag_saves_the_answer);
    tcase_add_test(t, bad_requests_get_one_clear_answer);
    tcase_add_test(t, bodies_have_a_ceiling_and_must_be_whole);
    tcase_add_test(t, a_command_is_noted_and_queued);
    tcase_add_test(t, labels_are_exported);
    tcase_add_test(t, the_list_pages_without_loss);
    tcase_add_test(t, renaming_a_label_keeps_history_and_merges);
    tcase_add_test(t, wrong_passwords_are_refused_then_slowed);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    // One process: the project is made once, and tests see what those before them wrote.
    srunner_set_fork_status(r, CK_NOFORK);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
