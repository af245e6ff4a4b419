// Labels out and in again, in every format: what comes back is what was there, twice changes nothing, files of other programs
// as they write them are understood, and what is malformed changes nothing.
#include "common/err.h"
#include "tests/labeler/http.h"
#include "tests/labeler/seed.h"
#include "tests/support/store_fixture.h"

#include <check.h>
#include <math.h>
#include <unistd.h>

static char dir[] = "/tmp/moteloop-labels-XXXXXX";
static struct lab lab;
static struct http ada;
#define MOTION 4   // three axes at 100 Hz, 20 s from 100 s on
#define PICTURE 10 // 48 x 48

static void set_up(void)
{
    struct err e = {0};
    struct http_answer a;
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_msg(seed_project(dir, 8, &e) == 0, "%s", e.msg);
    ck_assert_msg(lab_open(&lab, dir, &e) == 0, "%s", e.msg);
    ada = (struct http){.lab = &lab};
    http_send(
        &ada, "POST", "/api/setup",
        "{\"token\":\"" SEED_SETUP_TOKEN "\",\"name\":\"ada\",\"password\":\"correct horse\"}", &a);
    ck_assert_int_eq(a.status, 200);
    http_release(&a);
}

static void tear_down(void)
{
    lab_close(&lab);
    support_remove_tree(dir);
}

static void put(int rec, const char *region, const char *body)
{
    char path[100];
    struct http_answer a;
    (void)snprintf(path, sizeof(path), "/api/recordings/%d/labels/%s", rec, region);
    http_send(&ada, "PUT", path, body, &a);
    ck_assert_msg(a.status == 200, "%s", a.body.data);
    http_release(&a);
}

static json_t *regions(int rec)
{
    char path[60];
    struct http_answer a;
    (void)snprintf(path, sizeof(path), "/api/recordings/%d/labels", rec);
    http_send(&ada, "GET", path, NULL, &a);
    json_t *list = json_incref(json_object_get(a.json, "regions"));
    http_release(&a);
    return list;
}

static void clear(int rec)
{
    json_t *list = regions(rec), *g;
    size_t i;
    json_array_foreach(list, i, g) {
        char path[120];
        (void)snprintf(path, sizeof(path), "/api/recordings/%d/labels/%s", rec,
                       json_string_value(json_object_get(g, "region")));
        ck_assert_int_eq(http_status(&ada, "DELETE", path, NULL), 200);
    }
    json_decref(list);
}

static double part(const json_t *g, const char *outer, const char *key)
{
    return json_number_value(json_object_get(*outer ? json_object_get(g, outer) : g, key));
}

// Every region of before has one in after with the same label and place.
static void same(const json_t *before, const json_t *after, const char *format, double tolerance_us)
{
    const json_t *g, *h;
    size_t i, k;
    ck_assert_msg(json_array_size(before) == json_array_size(after), "%s: %zu became %zu", format,
                  json_array_size(before), json_array_size(after));
    json_array_foreach(before, i, g) {
        bool found = false;
        json_array_foreach(after, k, h) {
            bool equal = json_equal(json_object_get(g, "label"), json_object_get(h, "label")) &&
                         json_equal(json_object_get(g, "whole"), json_object_get(h, "whole"));
            equal = equal &&
                    fabs(part(g, "", "start_us") - part(h, "", "start_us")) <= tolerance_us &&
                    fabs(part(g, "", "end_us") - part(h, "", "end_us")) <= tolerance_us;
            for (int c = 0; c < 4; c++) {
                static const char *const sides[] = {"x", "y", "w", "h"};
                equal = equal && fabs(part(g, "box", sides[c]) - part(h, "box", sides[c])) < 0.001;
            }
            found = found || equal;
        }
        char *text = json_dumps(g, 0);
        ck_assert_msg(found, "%s lost %s", format, text);
        free(text);
    }
}

static void import(const char *query, const char *text, int64_t imported, int64_t unchanged)
{
    char path[200];
    struct http_answer a;
    (void)snprintf(path, sizeof(path), "/api/labels/import?%s", query);
    http_send(&ada, "POST", path, text, &a);
    ck_assert_msg(a.status == 200, "%s: %.300s", query, a.body.data);
    ck_assert_msg(http_number(&a, "imported") == imported &&
                      http_number(&a, "unchanged") == unchanged,
                  "%s: %s", query, a.body.data);
    http_release(&a);
}

static void round_trip(const char *query, int rec, int64_t labels, double tolerance_us)
{
    char path[200], dry[200];
    struct http_answer file;
    json_t *before = regions(rec);
    ck_assert_int_eq((int64_t)json_array_size(before), labels);
    (void)snprintf(path, sizeof(path), "/api/labels/export?%s", query);
    http_send(&ada, "GET", path, NULL, &file);
    ck_assert_int_eq(file.status, 200);
    ck_assert_ptr_nonnull(strstr(file.head.data, "attachment; filename="));
    clear(rec);
    (void)snprintf(dry, sizeof(dry), "%s&dry=1", query);
    import(dry, file.body.data, labels, 0);
    json_t *none = regions(rec);
    ck_assert_uint_eq(json_array_size(none), 0);
    import(query, file.body.data, labels, 0);
    json_t *after = regions(rec);
    same(before, after, query, tolerance_us);
    import(query, file.body.data, 0, labels);
    json_decref(before);
    json_decref(none);
    json_decref(after);
    http_release(&file);
}

static void add_motion_labels(bool gapless_only)
{
    clear(MOTION);
    put(MOTION, "r1", "{\"label\":\"normal\",\"start_us\":100500000,\"end_us\":101250000}");
    put(MOTION, "r2",
        "{\"label\":\"B\xc3\xa4r <&> \\\"x\\\"\",\"start_us\":102000000,\"end_us\":103330000}");
    if (!gapless_only) {
        put(MOTION, "whole", "{\"label\":\"imbalance\"}");
        put(MOTION, "r3", "{\"label\":\"=point\",\"start_us\":104123456,\"end_us\":104123456}");
    }
}

START_TEST(regions_survive_every_format_that_holds_them)
{
    add_motion_labels(false);
    round_trip("format=csv&recording=4", MOTION, 4, 0);
    round_trip("format=label-studio&recording=4", MOTION, 4, 1);
    round_trip("format=audacity&recording=4", MOTION, 4, 1);
    add_motion_labels(true);
    round_trip("format=edge-impulse-structured&recording=4", MOTION, 2, 10000);
}
END_TEST

START_TEST(boxes_survive_every_format_that_holds_them)
{
    clear(PICTURE);
    put(PICTURE, "b1", "{\"label\":\"person\",\"box\":{\"x\":1,\"y\":2,\"w\":10,\"h\":20}}");
    put(PICTURE, "b2",
        "{\"label\":\"<cat> & dog\",\"box\":{\"x\":20.5,\"y\":4.25,\"w\":27.5,\"h\":43.75}}");
    static const char *const formats[] = {
        "csv", "label-studio", "edge-impulse", "edge-impulse-boxes", "coco", "voc"};
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        char query[80];
        (void)snprintf(query, sizeof(query), "format=%s&recording=%d", formats[i], PICTURE);
        round_trip(query, PICTURE, 2, 0);
    }
}
END_TEST

START_TEST(a_file_of_all_recordings_finds_each)
{
    struct http_answer file;
    static const char *const formats[] = {"csv", "label-studio", "edge-impulse"};
    for (int rec = 1; rec <= 8; rec++) {
        clear(rec);
        put(rec, "whole", rec % 2 ? "{\"label\":\"normal\"}" : "{\"label\":\"off\"}");
    }
    clear(PICTURE);
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        char path[100], query[60];
        (void)snprintf(path, sizeof(path), "/api/labels/export?format=%s", formats[i]);
        (void)snprintf(query, sizeof(query), "format=%s", formats[i]);
        http_send(&ada, "GET", path, NULL, &file);
        for (int rec = 1; rec <= 8; rec++) {
            clear(rec);
        }
        import(query, file.body.data, 8, 0);
        json_t *list = regions(3);
        ck_assert_str_eq(json_string_value(json_object_get(json_array_get(list, 0), "label")),
                         "normal");
        json_decref(list);
        http_release(&file);
    }
}
END_TEST

// As Label Studio, Edge Impulse's studio and labelImg write them.
START_TEST(files_of_other_programs_are_understood)
{
    clear(MOTION);
    import("format=label-studio",
           "[{\"id\":77,\"data\":{\"csv\":\"/data/upload/1/"
           "1a2b3c4d-recording-4\"},\"annotations\":[{\"id\":1,\"completed_by\":1,"
           "\"was_cancelled\":false,\"result\":[{\"id\":\"Ab_1\",\"from_name\":\"label\",\"to_"
           "name\":\"ts\",\"type\":\"timeserieslabels\",\"value\":{\"start\":1.5,"
           "\"end\":2,\"instant\":false,\"timeserieslabels\":[\"Run\",\"Fast\"]}}]},{\"was_"
           "cancelled\":true,\"result\":[{\"value\":{\"choices\":[\"no\"]}}]}],"
           "\"predictions\":[{\"model_version\":\"1\",\"score\":0.5,\"result\":[{\"id\":\"p\","
           "\"value\":{\"choices\":[\"Walk\"]}}]}]}]",
           3, 0);
    json_t *list = regions(MOTION);
    ck_assert_uint_eq(json_array_size(list), 3);
    json_decref(list);
    clear(PICTURE);
    import("format=voc&recording=10",
           "<annotation "
           "verified=\"yes\">\n\t<filename>x.jpg</filename><object><name>dog</"
           "name><bndbox><xmin>1</xmin><ymin>1</ymin>"
           "<xmax>48</xmax><ymax>48</ymax></bndbox></object>\n<annotation></annotation>",
           1, 0);
    import("format=edge-impulse-boxes",
           "{\"version\":1,\"type\":\"bounding-box-labels\",\"boundingBoxes\":{\"recording-10\":[{"
           "\"label\":\"cat\",\"x\":1,\"y\":1,"
           "\"width\":5,\"height\":5}],\"gone.jpg\":[{\"label\":\"cat\",\"x\":1,\"y\":1,\"width\":"
           "5,\"height\":5}]}}",
           1, 0);
    import("format=audacity&recording=4",
           "0.100000\t0.200000\tone\r\n\\\t100.0\t200.0\n0.5\t0.5\ttwo\n0.7\t0.8\n", 2, 0);
}
END_TEST

START_TEST(what_is_malformed_changes_nothing)
{
    static const struct {
        const char *query, *body;
    } bad[] = {
        {"format=csv", ""},
        {"format=csv", "a,b\n1,2\n"},
        {"format=csv", "recording,label\n4,\"x\n"},
        {"format=csv", "recording,label\nfour,x\n"},
        {"format=csv", "recording,label,start_us,end_us\n4,ok,100500000,100600000\n4,late,1,2\n"},
        {"format=csv", "recording,label,start_us\n4,x,nan\n"},
        {"format=label-studio", "{}"},
        {"format=label-studio", "[1]"},
        {"format=label-studio",
         "[{\"data\":{\"recording\":4},\"annotations\":[{\"result\":[{\"value\":"
         "{\"start\":1e300,\"end\":2,\"labels\":[\"x\"]}}]}]}]"},
        {"format=coco", "{\"annotations\":[{\"image_id\":1}]}"},
        {"format=voc", "<annotation>"},
        {"format=voc&recording=10", "<annotation></annotation><filename>a</filename>"
                                    "<object><name>x</name></object>"},
        {"format=audacity", "0\t1\tx\n"},
        {"format=audacity&recording=4", "x\ty\tz\n"},
        {"format=audacity&recording=999", "0\t1\tx\n1e400\t2\ty"},
        {"format=docx", "x"},
        {"format=edge-impulse", "{\"files\":7}"},
        {"format=edge-impulse-boxes", "{\"boundingBoxes\":{\"recording-10\":[{\"label\":\"x\","
                                      "\"x\":-5,\"y\":0,\"width\":1e9,\"height\":1}]}}"},
    };
    clear(MOTION);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char path[120];
        (void)snprintf(path, sizeof(path), "/api/labels/import?%s", bad[i].query);
        int status = http_status(&ada, "POST", path, bad[i].body);
        ck_assert_msg(status == 400 || (i == 14 && status == 200), "%s %s: %d", bad[i].query,
                      bad[i].body, status);
    }
    json_t *list = regions(MOTION);
    ck_assert_uint_eq(json_array_size(list), 0);
    json_decref(list);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("label_file");
    TCase *t = tcase_create("label_file");
    tcase_add_unchecked_fixture(t, set_up, tear_down);
    tcase_add_test(t, regions_survive_every_format_that_holds_them);
    tcase_add_test(t, boxes_survive_every_format_that_holds_them);
    tcase_add_test(t, a_file_of_all_recordings_finds_each);
    tcase_add_test(t, files_of_other_programs_are_understood);
    tcase_add_test(t, what_is_malformed_changes_nothing);
    suite_add_tcase(suite, t);
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
