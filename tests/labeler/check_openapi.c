// Requests made from the server's own OpenAPI description: for every operation valid, boundary and wrong values, scripts
// and SQL in every text, paths that climb, bodies that are too large or end early, and everybody who may not.
//
// Whatever is asked, the answer is below 500 (or a plain "busy" where a stream is asked for), JSON where it refuses, never
// HTML; and at the end the project holds what it held.
#include "common/err.h"
#include "tests/labeler/http.h"
#include "tests/labeler/seed.h"
#include "tests/support/store_fixture.h"

#include <check.h>
#include <unistd.h>

static char dir[] = "/tmp/moteloop-openapi-XXXXXX";
static struct lab lab;
static json_t *spec;
static char admin[80], viewer[80], ingest[80];

static const char *const nasty[] = {"<script>alert(1)</script>",
                                    "\"><img src=x onerror=alert(1)>",
                                    "'; DROP TABLE region; --",
                                    "' OR '1'='1",
                                    "..",
                                    "../../../../etc/passwd",
                                    "%2e%2e%2f",
                                    "a/../../b",
                                    "\xc3\xa4\xf0\x9f\x98\x80",
                                    "-1",
                                    "0",
                                    "",
                                    "9223372036854775807",
                                    "9223372036854775808",
                                    "1e308",
                                    "NaN",
                                    "true",
                                    "null",
                                    "%n%s",
                                    "\\u0000"};

static void make_token(struct http *h, const char *scope, char out[80])
{
    char body[100];
    struct http_answer a;
    (void)snprintf(body, sizeof(body), "{\"name\":\"t-%s\",\"scope\":\"%s\"}", scope, scope);
    http_send(h, "POST", "/api/tokens", body, &a);
    ck_assert_int_eq(a.status, 201);
    (void)snprintf(out, 80, "%s", http_text(&a, "token"));
    http_release(&a);
}

static void set_up(void)
{
    struct err e = {0};
    struct http_answer a;
    struct http ada = {.lab = &lab};
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_msg(seed_project(dir, 12, &e) == 0, "%s", e.msg);
    ck_assert_msg(lab_open(&lab, dir, &e) == 0, "%s", e.msg);
    http_send(
        &ada, "POST", "/api/setup",
        "{\"token\":\"" SEED_SETUP_TOKEN "\",\"name\":\"ada\",\"password\":\"correct horse\"}", &a);
    ck_assert_int_eq(a.status, 200);
    http_release(&a);
    make_token(&ada, "admin", admin);
    make_token(&ada, "read", viewer);
    make_token(&ada, "ingest", ingest);
    struct http h = {.lab = &lab, .bearer = viewer};
    http_send(&h, "GET", "/api/openapi.json", NULL, &a);
    ck_assert_int_eq(a.status, 200);
    spec = json_incref(a.json);
    http_release(&a);
}

static void tear_down(void)
{
    json_decref(spec);
    lab_close(&lab);
    support_remove_tree(dir);
}

// Calls fn for every operation of the description.
typedef void (*operation_fn)(const char *path, const char *method, const json_t *op);
static int walk(operation_fn fn)
{
    const char *path, *name;
    json_t *methods, *op;
    int n = 0;
    json_object_foreach(json_object_get(spec, "paths"), path, methods) {
        json_object_foreach(methods, name, op) {
            char method[8];
            (void)snprintf(method, sizeof(method), "%s", name);
            for (char *p = method; *p; p++) {
                *p = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
            }
            fn(path, method, op);
            n++;
        }
    }
    return n;
}

static void put_escaped(char *out, size_t cap, const char *text)
{
    size_t n = strlen(out);
    for (const char *p = text; *p && n + 4 < cap; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '-' || *p == '_';
        n += (size_t)snprintf(out + n, cap - n, plain ? "%c" : "%%%02X", (unsigned char)*p);
    }
}

// The path with every {name} replaced: by value, or by one that exists where value is NULL.
static void fill_path(char *out, size_t cap, const char *path, const char *value)
{
    out[0] = 0;
    for (const char *p = path; *p;) {
        size_t n = strlen(out);
        if (*p != '{') {
            (void)snprintf(out + n, cap - n, "%c", *p++);
            continue;
        }
        const char *there = strncmp(path, "/api/devices", 12) == 0   ? "fan-01"
                            : strncmp(path, "/api/classes", 12) == 0 ? "normal"
                            : strncmp(p, "{region}", 8) == 0         ? "whole"
                            : strncmp(p, "{category}", 10) == 0      ? "training"
                            : strncmp(path, "/api/users", 10) == 0   ? "nobody"
                                                                     : "1";
        put_escaped(out, cap, value ? value : there);
        p += strcspn(p, "}") + 1;
    }
}

static void check_answer(const char *method, const char *path, const char *body,
                         const struct http_answer *a)
{
    bool stream = strstr(path, "/stream") || strstr(path, "/live");
    ck_assert_msg(a->status >= 200 && (a->status < 500 || (stream && a->status == 503)),
                  "%s %s %.300s: %d %.200s", method, path, body ? body : "", a->status,
                  a->body.data ? a->body.data : "");
    ck_assert_msg(!strstr(a->head.data, "text/html"), "%s %s answers HTML", method, path);
    ck_assert_msg(strstr(a->head.data, "X-Content-Type-Options: nosniff"), "%s %s", method, path);
    if (a->status >= 400 && !strstr(a->head.data, "text/plain") && !strstr(path, "/api/training")) {
        ck_assert_msg(*http_text(a, "error.code") && *http_text(a, "error.message"),
                      "%s %s: %.200s", method, path, a->body.data);
    }
}

static int send_checked(const char *bearer, const char *method, const char *path, const char *body)
{
    struct http h = {.lab = &lab, .bearer = bearer};
    struct http_answer a;
    http_send(&h, method, path, body, &a);
    check_answer(method, path, body, &a);
    int status = a.status;
    http_release(&a);
    return status;
}

static bool hashes_passwords(const char *path)
{
    return strcmp(path, "/api/login") == 0 || strcmp(path, "/api/setup") == 0 ||
           strcmp(path, "/api/users") == 0;
}

static json_t *valid_value(const char *name, const char *type)
{
    return strcmp(type, "integer") == 0   ? json_integer(strcmp(name, "version") ? 1 : -1)
           : strcmp(type, "number") == 0  ? json_real(0.5)
           : strcmp(type, "boolean") == 0 ? json_true()
           : strcmp(type, "array") == 0   ? json_array()
           : strcmp(type, "object") == 0  ? json_object()
                                          : json_string(strcmp(name, "label") == 0    ? "normal"
                                                        : strcmp(name, "stream") == 0 ? "acc"
                                                                                      : "text");
}

static json_t *wrong_value(size_t i)
{
    switch (i) {
    case 0: return json_null();
    case 1: return json_integer(-1);
    case 2: return json_integer(INT64_MAX);
    case 3: return json_real(1e308);
    case 4: return json_true();
    case 5: return json_array();
    case 6: return json_pack("[[[[{s:[]}]]]]", "a");
    case 7: return json_pack("{s:s}", "rec", "x");
    case 8:
        return json_pack("[{s:I,s:s,s:I},{}]", "rec", (json_int_t)1, "label", "x", "start_us",
                         (json_int_t)INT64_MIN);
    default: return NULL;
    }
}

static void send_json(const char *method, const char *path, const json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT);
    ck_assert_ptr_nonnull(text);
    send_checked(admin, method, path, text);
    free(text);
}

static void try_body(const char *method, const char *url, const json_t *members, bool slow)
{
    const char *name;
    json_t *schema, *body = json_object();
    json_object_foreach((json_t *)(uintptr_t)members, name, schema) {
        json_object_set_new(body, name,
                            valid_value(name, json_string_value(json_object_get(schema, "type"))));
    }
    send_json(method, url, body);
    json_object_foreach((json_t *)(uintptr_t)members, name, schema) {
        json_t *kept = json_incref(json_object_get(body, name)), *wrong;
        for (size_t i = 0; (wrong = wrong_value(i)) && !slow; i++) {
            json_object_set_new(body, name, wrong);
            send_json(method, url, body);
        }
        for (size_t i = 0; i < (slow ? 2 : ARRAY_LEN(nasty)); i++) {
            json_object_set_new(body, name, json_string(nasty[i]));
            send_json(method, url, body);
        }
        json_object_set_new(body, name, kept);
    }
    json_decref(body);
}

static void try_query(const char *method, const char *url, const json_t *op)
{
    const json_t *param;
    size_t i;
    json_array_foreach(json_object_get(op, "parameters"), i, param) {
        if (strcmp(json_string_value(json_object_get(param, "in")), "query") == 0) {
            for (size_t k = 0; k < ARRAY_LEN(nasty); k++) {
                char path[600];
                (void)snprintf(path, sizeof(path), "%s?%s=", url,
                               json_string_value(json_object_get(param, "name")));
                put_escaped(path, sizeof(path), nasty[k]);
                send_checked(admin, method, path, NULL);
            }
        }
    }
}

static const json_t *members_of(const json_t *op)
{
    const json_t *content = json_object_get(json_object_get(op, "requestBody"), "content");
    return json_object_get(json_object_get(json_object_get(content, "application/json"), "schema"),
                           "properties");
}

static void try_everything(const char *path, const char *method, const json_t *op)
{
    char url[400];
    const json_t *members = members_of(op);
    fill_path(url, sizeof(url), path, NULL);
    if (members) {
        try_body(method, url, members, hashes_passwords(path));
    } else {
        send_checked(admin, method, url, json_object_get(op, "requestBody") ? "not a form" : NULL);
        try_query(method, url, op);
    }
    for (size_t i = 0; strchr(path, '{') && i < ARRAY_LEN(nasty); i++) {
        fill_path(url, sizeof(url), path, nasty[i]);
        send_checked(admin, method, url, json_object_get(op, "requestBody") ? "{}" : NULL);
    }
}

START_TEST(no_value_breaks_an_operation)
{
    int64_t before = 0;
    struct http h = {.lab = &lab, .bearer = admin};
    struct http_answer a;
    ck_assert_int_gt(walk(try_everything), 50);
    http_send(&h, "GET", "/api/recordings/count", NULL, &a);
    before = http_number(&a, "count");
    http_release(&a);
    ck_assert_int_ge(before, 14); // ingestion may have added; nothing went
    http_send(&h, "GET", "/api/recordings?limit=500", NULL, &a);
    ck_assert_int_eq(a.status, 200);
    ck_assert_int_eq((int64_t)json_array_size(json_object_get(a.json, "recordings")), before);
    http_release(&a);
}
END_TEST

static void try_strangers(const char *path, const char *method, const json_t *op)
{
    char url[400];
    const char *role = json_string_value(json_object_get(op, "x-role"));
    bool body = json_object_get(op, "requestBody") != NULL;
    fill_path(url, sizeof(url), path, NULL);
    if (strcmp(role, "everybody") == 0) {
        return;
    }
    ck_assert_msg(send_checked(NULL, method, url, body ? "{}" : NULL) == 401,
                  "%s %s lets strangers in", method, url);
    ck_assert_msg(send_checked("0123456789", method, url, body ? "{}" : NULL) == 401,
                  "%s %s takes any token", method, url);
    if (strcmp(role, "viewer") != 0) {
        ck_assert_msg(send_checked(viewer, method, url, body ? "{}" : NULL) == 403,
                      "%s %s lets a viewer in", method, url);
    }
    if (strcmp(role, "ingest") != 0) {
        ck_assert_msg(send_checked(ingest, method, url, body ? "{}" : NULL) == 403,
                      "%s %s lets a device's token in", method, url);
    }
}

START_TEST(every_operation_asks_who_it_is)
{
    ck_assert_int_gt(walk(try_strangers), 50);
}
END_TEST

static char *large;

static void try_sizes(const char *path, const char *method, const json_t *op)
{
    char url[400];
    if (!members_of(op)) {
        return;
    }
    fill_path(url, sizeof(url), path, NULL);
    ck_assert_msg(send_checked(admin, method, url, large) == 413, "%s %s takes a body of 9 MB",
                  method, url);
    static const char *const broken[] = {
        "{", "[]", "\"text\"", "{\"a\":1}{", "{\"a\":\"\\ud800\"}", "{\"a\":\"\xff\"}", "nul"};
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        ck_assert_msg(send_checked(admin, method, url, broken[i]) == 400, "%s %s takes %s", method,
                      url, broken[i]);
    }
    struct http h = {.lab = &lab, .bearer = admin, .cut_body = 3};
    ck_assert_msg(http_status(&h, method, url, "{\"label\":\"normal\"}") == 400,
                  "%s %s takes a body that ends early", method, url);
}

START_TEST(bodies_have_a_ceiling_and_an_end)
{
    size_t len = (size_t)9 << 20;
    large = malloc(len + 1);
    ck_assert_ptr_nonnull(large);
    memset(large, ' ', len);
    large[len] = 0;
    walk(try_sizes);
    free(large);
}
END_TEST

START_TEST(text_comes_back_as_it_was_given)
{
    struct http h = {.lab = &lab, .bearer = admin};
    for (size_t i = 0; i < 5; i++) {
        struct http_answer a;
        json_t *body = json_pack("{s:s}", "label", nasty[i]);
        char *text = json_dumps(body, 0);
        http_send(&h, "PUT", "/api/recordings/2/labels/x1", text, &a);
        ck_assert_msg(a.status == 200, "%d %.200s", a.status, a.body.data);
        http_release(&a);
        http_send(&h, "GET", "/api/recordings/2/labels", NULL, &a);
        ck_assert_str_eq(http_text(&a, "regions.0.label"), nasty[i]);
        ck_assert_ptr_nonnull(strstr(a.head.data, "Content-Type: application/json"));
        http_release(&a);
        json_decref(body);
        free(text);
    }
}
END_TEST

static void try_etag(const char *path, const char *method, const json_t *op)
{
    char url[400], tag[60];
    struct http h = {.lab = &lab, .bearer = admin};
    struct http_answer a;
    (void)op;
    fill_path(url, sizeof(url), path, NULL);
    if (strcmp(method, "GET") != 0 || strstr(path, "/stream") || strstr(path, "/live")) {
        return;
    }
    http_send(&h, "GET", url, NULL, &a);
    const char *at = strstr(a.head.data, "ETag: ");
    if (a.status == 200) {
        ck_assert_msg(at != NULL, "%s has no ETag", url);
        (void)snprintf(tag, sizeof(tag), "%.*s", (int)strcspn(at + 6, "\r"), at + 6);
        h.extra_name = "HTTP_IF_NONE_MATCH";
        h.extra_value = tag;
        bool moves = strstr(url, "overview") || strstr(url, "metrics"); // tell the time
        int status = http_status(&h, "GET", url, NULL);
        ck_assert_msg(status == 304 || moves, "%s with its ETag: %d", url, status);
    }
    http_release(&a);
}

START_TEST(an_answer_that_did_not_change_is_not_sent_again)
{
    walk(try_etag);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("openapi");
    TCase *t = tcase_create("openapi");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, no_value_breaks_an_operation);
    tcase_add_test(t, every_operation_asks_who_it_is);
    tcase_add_test(t, bodies_have_a_ceiling_and_an_end);
    tcase_add_test(t, text_comes_back_as_it_was_given);
    tcase_add_test(t, an_answer_that_did_not_change_is_not_sent_again);
    suite_add_tcase(suite, t);
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
