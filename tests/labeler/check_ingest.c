// HTTP ingestion: requests written from the description of Edge Impulse's ingestion API, answered by the
// same entry that CGI and FastCGI use.
#include <check.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/io.h"
#include "common/store/store_label.h"
#include "common/store/store_sample.h"
#include "common/store/store_user.h"
#include "labeler/lab.h"
#include "labeler/lab_auth.h"
#include "labeler/lab_req.h"
#include "tests/support/store_fixture.h"

static struct store_fixture fix;
static struct lab lab;
static struct err e;

#define OKAY(call) ck_assert_msg((call) == OK, "%s: %s", #call, e.msg)
#define HEADERS_MAX 12

struct request {
    const char *header[HEADERS_MAX][2];
    const char *body;
    size_t len, at;
    struct buf answer;
};

static const char *get(void *ctx, const char *name)
{
    const struct request *r = ctx;
    for (size_t i = 0; i < HEADERS_MAX && r->header[i][0]; i++) {
        if (strcmp(r->header[i][0], name) == 0) {
            return r->header[i][1];
        }
    }
    return NULL;
}

static size_t take(void *ctx, void *out, size_t n)
{
    struct request *r = ctx;
    n = n < r->len - r->at ? n : r->len - r->at;
    memcpy(out, r->body + r->at, n);
    r->at += n;
    return n;
}

static int give(void *ctx, const void *data, size_t n)
{
    return buf_put(&((struct request *)ctx)->answer, data, n);
}

static int flush(void *ctx)
{
    (void)ctx;
    return 0;
}

static char answer[4096];

// Sends a body to an address with up to three more headers; returns the HTTP status, answer holds the rest.
static int post(const char *uri, const char *type, const char *body, size_t len,
                const char *(*more)[2], size_t count)
{
    char length[24];
    snprintf(length, sizeof length, "%zu", len);
    struct request r = {.header = {{"REQUEST_METHOD", "POST"},
                                   {"REQUEST_URI", uri},
                                   {"HTTP_HOST", "localhost"},
                                   {"CONTENT_TYPE", type},
                                   {"CONTENT_LENGTH", length},
                                   {"REMOTE_ADDR", "127.0.0.1"}},
                        .body = body,
                        .len = len};
    for (size_t i = 0; i < count; i++) {
        r.header[6 + i][0] = more[i][0];
        r.header[6 + i][1] = more[i][1];
    }
    struct lab_io io = {&r, get, take, give, flush};
    ck_assert(!lab_serve(&lab, &io));
    snprintf(answer, sizeof answer, "%s", r.answer.data ? r.answer.data : "");
    buf_release(&r.answer);
    const char *status = strstr(answer, "Status: ");
    return status ? (int)strtol(status + 8, NULL, 10) : 0;
}

static void add_token(const char *secret, const char *scope)
{
    char digest[65];
    lab_auth_digest(secret, digest);
    OKAY(store_token_put(fix.store, digest, "phone", scope, "test", 0, &e));
}

static void set_up(void)
{
    struct project_conf c;
    char path[300];
    store_fixture_make(&fix);
    project_conf_defaults(&c);
    char *text = project_conf_text(&c);
    snprintf(path, sizeof path, "%s/moteloop.conf", fix.dir);
    OKAY(io_write_atomic(path, text, strlen(text), 0600, &e));
    free(text);
    snprintf(path, sizeof path, "%s/run", fix.dir);
    OKAY(io_mkdirs(path, 0700, &e));
    add_token("ingest-key", "ingest");
    add_token("read-key", "read");
    OKAY(lab_open(&lab, fix.dir, &e));
}

static void tear_down(void)
{
    lab_close(&lab);
    store_fixture_remove(&fix);
}

struct seen {
    int count;
    char text[256];
};

static int see_recording(void *ctx, const struct store_recording *r)
{
    struct seen *seen = ctx;
    seen->count++;
    snprintf(seen->text, sizeof seen->text, "%s %s %s %s", r->device, r->name, r->labels,
             r->streams);
    return 0;
}

static struct seen recordings(void)
{
    struct seen seen = {0};
    OKAY(store_recording_walk(fix.store, NULL, see_recording, &seen, &e));
    return seen;
}

static const char acquisition[] =
    "{\"protected\":{\"ver\":\"v1\",\"alg\":\"none\"},\"signature\":\"00\",\"payload\":{\"device_"
    "name\":\"AC:87\",\"device_type\":\"X\","
    "\"interval_ms\":10,\"sensors\":[{\"name\":\"accX\",\"units\":\"m/"
    "s2\"},{\"name\":\"accY\",\"units\":\"m/s2\"}],"
    "\"values\":[[1,2],[3,4],[5,6]]}}";

static int post_data(const char *key, const char *name, const char *label, const char *type,
                     const char *body, size_t len)
{
    const char *more[3][2] = {
        {"HTTP_X_API_KEY", key}, {"HTTP_X_FILE_NAME", name}, {"HTTP_X_LABEL", label}};
    return post("/api/training/data", type, body, len, more, label ? 3 : name ? 2 : 1);
}

START_TEST(an_acquisition_becomes_a_labelled_recording)
{
    ck_assert_int_eq(post_data("ingest-key", "idle.01.json", "run%20fast", "application/json",
                               acquisition, strlen(acquisition)),
                     200);
    ck_assert_msg(strstr(answer, "\r\n\r\nidle.01.json"), "%s", answer);
    ck_assert_str_eq(recordings().text, "ingest-ac-87 idle.01.json run fast acc");
}
END_TEST

START_TEST(a_label_is_inferred_from_the_name)
{
    ck_assert_int_eq(post_data("ingest-key", "idle.01.json", NULL, "application/json", acquisition,
                               strlen(acquisition)),
                     200);
    ck_assert_str_eq(recordings().text, "ingest-ac-87 idle.01.json idle acc");
}
END_TEST

START_TEST(keys_and_names_are_asked_for)
{
    size_t len = strlen(acquisition);
    ck_assert_int_eq(post_data("wrong", "a.json", NULL, "application/json", acquisition, len), 401);
    ck_assert_int_eq(post_data("read-key", "a.json", NULL, "application/json", acquisition, len),
                     403);
    ck_assert_int_eq(post("/api/training/data", "application/json", acquisition, len, NULL, 0),
                     401);
    ck_assert_int_eq(post_data("ingest-key", NULL, NULL, "application/json", acquisition, len),
                     421);
    ck_assert_int_eq(post_data("ingest-key", "..", NULL, "application/json", acquisition, len),
                     400);
    ck_assert_int_eq(post_data("ingest-key", "a.json", NULL, "application/json", "{}", 2), 400);
    ck_assert_int_eq(post_data("ingest-key", "a.wav", NULL, "audio/wav", "RIFF", 4), 400);
    ck_assert_int_eq(recordings().count, 0);
}
END_TEST

START_TEST(duplicates_are_refused_where_that_is_asked)
{
    const char *more[3][2] = {{"HTTP_X_API_KEY", "ingest-key"},
                              {"HTTP_X_FILE_NAME", "a.json"},
                              {"HTTP_X_DISALLOW_DUPLICATES", "1"}};
    size_t len = strlen(acquisition);
    ck_assert_int_eq(post("/api/training/data", "application/json", acquisition, len, more, 3),
                     200);
    ck_assert_int_eq(post("/api/training/data", "application/json", acquisition, len, more, 3),
                     409);
    ck_assert_int_eq(post("/api/training/data", "application/json", acquisition, len, more, 2),
                     200);
    ck_assert_int_eq(recordings().count, 1);
}
END_TEST

START_TEST(signatures_are_checked_where_the_project_has_a_key)
{
    char path[300];
    snprintf(path, sizeof path, "%s/keys", fix.dir);
    OKAY(io_mkdirs(path, 0700, &e));
    snprintf(path, sizeof path, "%s/keys/ingest.hmac", fix.dir);
    OKAY(io_write_atomic(path, "fed5\n", 5, 0600, &e));
    struct buf b = {0};
    ck_assert_int_eq(buf_printf(&b,
                                "{\"protected\":{\"ver\":\"v1\",\"alg\":\"HS256\"},\"signature\":"
                                "\"%064d\",\"payload\":{\"interval_ms\":10,"
                                "\"sensors\":[{\"name\":\"a\"}],\"values\":[1,2]}}",
                                0),
                     OK);
    ck_assert_int_eq(post_data("ingest-key", "a.json", NULL, "application/json", b.data, b.len),
                     401);
    buf_release(&b);
}
END_TEST

static int see_region(void *ctx, const struct store_region *r)
{
    struct seen *seen = ctx;
    size_t at = strlen(seen->text);
    snprintf(seen->text + at, sizeof seen->text - at, "%s %d-%d ", r->label,
             (int)(r->start_us / 1000), (int)(r->end_us / 1000));
    return 0;
}

START_TEST(a_form_carries_files_and_their_labels)
{
    struct buf b = {0};
    const char *more[1][2] = {{"HTTP_X_API_KEY", "ingest-key"}};
    ck_assert_int_eq(
        buf_printf(&b,
                   "--XX\r\nContent-Disposition: form-data; name=\"data\"; "
                   "filename=\"structured_labels.labels\"\r\n"
                   "Content-Type: application/json\r\n\r\n"
                   "{\"version\":1,\"type\":\"structured-labels\",\"structuredLabels\":{\"a.json\":"
                   "[{\"startIndex\":0,\"endIndex\":0,\"label\":\"x\"},{\"startIndex\":1,"
                   "\"endIndex\":2,\"label\":\"y\"}]}}"
                   "\r\n--XX\r\nContent-Disposition: form-data; name=\"data\"; "
                   "filename=\"a.json\"\r\n\r\n%s"
                   "\r\n--XX\r\nContent-Disposition: form-data; name=\"data\"; "
                   "filename=\"b.txt\"\r\n\r\nno"
                   "\r\n--XX--\r\n",
                   acquisition),
        OK);
    ck_assert_int_eq(
        post("/api/testing/files", "multipart/form-data; boundary=XX", b.data, b.len, more, 1),
        400);
    ck_assert_msg(strstr(answer, "{\"success\":true,\"fileName\":\"a.json\"}"), "%s", answer);
    ck_assert_msg(strstr(answer, "\"fileName\":\"b.txt\",\"error\""), "%s", answer);
    struct seen seen = {0};
    OKAY(store_label_walk(fix.store, 1, see_region, &seen, &e));
    ck_assert_str_eq(seen.text, "x 0-10 y 10-30 ");
    ck_assert_int_eq(
        post("/api/testing/files", "multipart/form-data; boundary=XX", b.data, b.len - 10, more, 1),
        400);
    ck_assert_int_eq(post("/api/testing/files", "text/plain", b.data, b.len, more, 1), 400);
    ck_assert_int_eq(
        post("/api/nonsense/files", "multipart/form-data; boundary=XX", b.data, b.len, more, 1),
        404);
    buf_release(&b);
}
END_TEST

// Found by the fuzzer: the second delimiter begins with the line end of the first.
START_TEST(delimiters_without_a_part_between_are_refused)
{
    static const char *const bodies[] = {"--XX\r\n--XX--\r\n", "--XX\r\n--XX\r\n--XX--", "\r\n--XX",
                                         "--XX", "--XX\r\n\r\n--XX--"};
    const char *more[1][2] = {{"HTTP_X_API_KEY", "ingest-key"}};
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        int status = post("/api/testing/files", "multipart/form-data; boundary=XX", bodies[i],
                          strlen(bodies[i]), more, 1);
        ck_assert_msg(status == 400 || status == 200, "%s: %d", bodies[i], status);
    }
}
END_TEST

static int see_meta(void *ctx, const struct store_recording *r)
{
    struct seen *seen = ctx;
    seen->count++;
    snprintf(seen->text, sizeof seen->text, "%s %s", r->name, r->meta);
    return 0;
}

START_TEST(metadata_and_names_of_their_own_are_kept)
{
    struct seen seen = {0};
    const char *more[4][2] = {{"HTTP_X_API_KEY", "ingest-key"},
                              {"HTTP_X_FILE_NAME", "a.json"},
                              {"HTTP_X_METADATA", "{\"site\":\"hall 2\",\"who\":\"x\"}"},
                              {"HTTP_X_ADD_DATE_ID", "1"}};
    ck_assert_int_eq(
        post("/api/testing/data", "application/json", acquisition, strlen(acquisition), more, 4),
        200);
    OKAY(store_recording_walk(fix.store, NULL, see_meta, &seen, &e));
    ck_assert_int_eq(seen.count, 1);
    ck_assert_msg(strncmp(seen.text, "a.json.", 7) == 0 && strlen(seen.text) > 20, "%s", seen.text);
    ck_assert_msg(strstr(seen.text, "{\"category\":\"testing\",\"site\":\"hall 2\",\"who\":\"x\"}"),
                  "%s", seen.text);
    static const char *const bad[] = {"[]", "{\"a\":1}", "{", "{\"a\":\"\\u0001\"}"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        more[2][1] = bad[i];
        ck_assert_int_eq(post("/api/testing/data", "application/json", acquisition,
                              strlen(acquisition), more, 4),
                         400);
    }
}
END_TEST

// A picture's or a sound's upload larger than what is kept in memory: the same answer, and no file stays behind.
START_TEST(a_large_body_is_kept_in_a_file)
{
    size_t frames = 3 << 20, len = 44 + frames * 2;
    char *wav = calloc(len, 1), path[300];
    ck_assert_ptr_nonnull(wav);
    memcpy(wav, "RIFF\0\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80\x3e\0\0\0\x7d\0\0\2\0\x10\0data", 40);
    for (int i = 0; i < 4; i++) {
        wav[4 + i] = (char)((len - 8) >> (8 * i));
        wav[40 + i] = (char)((len - 44) >> (8 * i));
    }
    ck_assert_int_eq(post_data("ingest-key", "hum.wav", NULL, "audio/wav", wav, len), 200);
    ck_assert_msg(strstr(recordings().text, "hum.wav hum"), "%s", recordings().text);
    snprintf(path, sizeof path, "%s/run", fix.dir);
    ck_assert_int_eq(rmdir(path), 0); // empty
    OKAY(io_mkdirs(path, 0700, &e));
    free(wav);
}
END_TEST

START_TEST(metrics_are_text_for_a_scraper)
{
    struct request r = {.header = {{"REQUEST_METHOD", "GET"},
                                   {"REQUEST_URI", "/api/metrics"},
                                   {"HTTP_HOST", "localhost"},
                                   {"HTTP_AUTHORIZATION", "Bearer read-key"}}};
    struct lab_io io = {&r, get, take, give, flush};
    struct store_collector c = {.id = "one", .blocks = 42};
    OKAY(store_collector_alive(fix.store, &c, &e));
    ck_assert(!lab_serve(&lab, &io));
    ck_assert_msg(
        strstr(r.answer.data, "\nmoteloop_collector_blocks_total{collector=\"one\"} 42\n"), "%s",
        r.answer.data);
    ck_assert_msg(
        strstr(r.answer.data, "# TYPE moteloop_recordings gauge\nmoteloop_recordings 0\n"), "%s",
        r.answer.data);
    buf_release(&r.answer);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ingest");
    TCase *t = tcase_create("ingest");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, an_acquisition_becomes_a_labelled_recording);
    tcase_add_test(t, a_label_is_inferred_from_the_name);
    tcase_add_test(t, keys_and_names_are_asked_for);
    tcase_add_test(t, duplicates_are_refused_where_that_is_asked);
    tcase_add_test(t, signatures_are_checked_where_the_project_has_a_key);
    tcase_add_test(t, a_form_carries_files_and_their_labels);
    tcase_add_test(t, delimiters_without_a_part_between_are_refused);
    tcase_add_test(t, metadata_and_names_of_their_own_are_kept);
    tcase_add_test(t, a_large_body_is_kept_in_a_file);
    tcase_add_test(t, metrics_are_text_for_a_scraper);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
