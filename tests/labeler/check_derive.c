// Long streams drawn from derived files: roughly while there is none, exactly once the background writer made it, and anew
// where a file is damaged.
#include "common/err.h"
#include "common/io.h"
#include "labeler/derive.h"
#include "labeler/pyramid.h"
#include "labeler/spectro_file.h"
#include "tests/labeler/http.h"
#include "tests/labeler/seed.h"
#include "tests/support/store_fixture.h"

#include <check.h>
#include <math.h>
#include <png.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/moteloop-derive-XXXXXX";
static struct lab lab;
static struct http ada;
static struct derive_want want;
static int64_t rec;
#define SECONDS 150 // at 8 kHz: over PYRAMID_LEAST, and over what a request reads by itself

static void set_up(void)
{
    struct err e = {0};
    struct http_answer a;
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_msg(seed_project(dir, 8, &e) == 0, "%s", e.msg);
    ck_assert_msg(seed_sound(dir, SECONDS, &rec, &e) == 0, "%s", e.msg);
    ck_assert_msg(lab_open(&lab, dir, &e) == 0, "%s", e.msg);
    ada = (struct http){.lab = &lab};
    http_send(
        &ada, "POST", "/api/setup",
        "{\"token\":\"" SEED_SETUP_TOKEN "\",\"name\":\"ada\",\"password\":\"correct horse\"}", &a);
    ck_assert_int_eq(a.status, 200);
    http_release(&a);
    want = (struct derive_want){0};
    lab.want = &want;
}

static void tear_down(void)
{
    derive_stop(lab.derive);
    lab.derive = NULL;
    lab_close(&lab);
    support_remove_tree(dir);
}

static void ask(const char *what, struct http_answer *a)
{
    char path[200];
    (void)snprintf(path, sizeof(path), "/api/recordings/%lld/%s", (long long)rec, what);
    http_send(&ada, "GET", path, NULL, a);
    ck_assert_int_eq(a->status, 200);
}

static void make(void)
{
    struct err e = {0};
    ck_assert_int_eq(want.rec_id, rec);
    ck_assert_msg(derive_make(&lab, &want, &e) == OK, "%s", e.msg);
}

static const json_t *part(const struct http_answer *a, const char *name)
{
    return json_array_get(
        json_object_get(json_array_get(json_object_get(a->json, "runs"), 0), name), 0);
}

static double extreme(const json_t *values, size_t first, size_t count, int sign)
{
    double best = -1e30;
    for (size_t i = first; i < first + count && i < json_array_size(values); i++) {
        double v = sign * json_number_value(json_array_get(values, i));
        best = v > best ? v : best;
    }
    return sign * best;
}

START_TEST(without_a_file_the_picture_is_rough_and_says_so)
{
    struct http_answer a;
    ask("signals?points=500", &a);
    ck_assert(json_is_true(json_object_get(a.json, "rough")));
    ck_assert_ptr_nonnull(strstr(a.head.data, "Cache-Control: no-store"));
    ck_assert_uint_gt(json_array_size(json_object_get(a.json, "runs")), 30);
    ck_assert_int_eq(want.kind, DERIVE_PYRAMID);
    http_release(&a);
    ask("spectrogram.png?width=64&height=40", &a);
    ck_assert_ptr_nonnull(strstr(a.head.data, "X-Moteloop-Rough: 1"));
    ck_assert_int_eq(want.kind, DERIVE_SPECTRO);
    http_release(&a);
}
END_TEST

START_TEST(every_entry_holds_the_extremes_of_its_frames)
{
    struct http_answer a, exact;
    ask("signals?points=500", &a);
    http_release(&a);
    make();
    // Several widths: each level of the pyramid, and groups of its bins.
    static const int points[] = {7, 90, 500, 4000};
    for (size_t k = 0; k < ARRAY_LEN(points); k++) {
        char text[100];
        (void)snprintf(text, sizeof(text), "signals?points=%d", points[k]);
        ask(text, &a);
        int64_t bin = http_number(&a, "bin"), start = http_number(&a, "start_us");
        ck_assert_ptr_null(json_object_get(a.json, "rough"));
        ck_assert_int_eq(bin % PYRAMID_BIN, 0);
        ck_assert_int_le(http_number(&a, "runs.0.count"), points[k] + 1);
        int64_t entry = http_number(&a, "runs.0.count") / 2, frames = bin < 8000 ? bin : 8000;
        (void)snprintf(text, sizeof(text), "signals?points=8000&from=%lld&to=%lld",
                       (long long)(start + entry * bin * 125),
                       (long long)(start + (entry * bin + frames) * 125));
        ask(text, &exact);
        ck_assert_int_eq(http_number(&exact, "bin"), 1);
        double least = extreme(part(&exact, "values"), 0, (size_t)frames, -1),
               most = extreme(part(&exact, "values"), 0, (size_t)frames, 1);
        double low = json_number_value(json_array_get(part(&a, "min"), (size_t)entry)),
               high = json_number_value(json_array_get(part(&a, "max"), (size_t)entry));
        if (frames == bin) {
            ck_assert_double_eq_tol(low, least, 1e-6);
            ck_assert_double_eq_tol(high, most, 1e-6);
        } else {
            ck_assert(low <= least && high >= most);
        }
        http_release(&a);
        http_release(&exact);
    }
}
END_TEST

static uint8_t *pixels_of(const struct http_answer *a, unsigned *width, unsigned *height)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    ck_assert(png_image_begin_read_from_memory(&image, a->body.data, a->body.len));
    image.format = PNG_FORMAT_RGB;
    uint8_t *out = malloc(PNG_IMAGE_SIZE(image));
    ck_assert(out && png_image_finish_read(&image, NULL, out, 0, NULL));
    *width = image.width;
    *height = image.height;
    return out;
}

// Row of the brightest pixel of a column.
static unsigned brightest(const uint8_t *rgb, unsigned width, unsigned height, unsigned x)
{
    unsigned best = 0, row = 0;
    for (unsigned y = 0; y < height; y++) {
        const uint8_t *p = rgb + (y * width + x) * 3;
        unsigned sum = (unsigned)p[0] + p[1] + p[2];
        if (sum > best) {
            best = sum;
            row = y;
        }
    }
    return row;
}

// The sound is one rising tone: its line stands at the same height in the stored picture as in a short one drawn directly.
START_TEST(a_stored_spectrogram_shows_the_same_tone)
{
    struct http_answer a;
    unsigned width, height, w2, h2;
    ask("spectrogram.png?width=100&height=128", &a);
    http_release(&a);
    make();
    ask("spectrogram.png?width=100&height=128", &a);
    ck_assert_ptr_null(strstr(a.head.data, "X-Moteloop-Rough"));
    uint8_t *whole = pixels_of(&a, &width, &height);
    http_release(&a);
    ck_assert_uint_eq(width, 100);
    ck_assert_uint_eq(height, 128);
    for (unsigned x = 5; x < 100; x += 15) {
        char text[120];
        struct http_answer one;
        int64_t t = 100000000ll + (int64_t)((double)x + 0.5) * SECONDS *
                                      10000; // of a fresh session's first recording
        (void)snprintf(text, sizeof(text), "spectrogram.png?width=1&height=128&from=%lld&to=%lld",
                       (long long)t, (long long)(t + 100000));
        ask(text, &one);
        uint8_t *direct = pixels_of(&one, &w2, &h2);
        int there = (int)brightest(whole, width, height, x),
            here = (int)brightest(direct, w2, h2, 0);
        ck_assert_msg(abs(there - here) <= 2, "column %u: row %d, drawn directly %d", x, there,
                      here);
        free(direct);
        http_release(&one);
    }
    free(whole);
}
END_TEST

START_TEST(a_damaged_file_is_made_anew)
{
    struct http_answer a;
    char path[300];
    struct err e = {0};
    struct sig_view v;
    struct pyramid p;
    ask("signals?points=500", &a);
    http_release(&a);
    make();
    ck_assert_int_eq(sig_view_find(&lab, rec, "", &v, &e), OK);
    (void)snprintf(path, sizeof(path), "%s/cache/pyramid-%lld-%lld", dir, (long long)rec,
                   (long long)v.stream_id);
    struct buf good = {0};
    ck_assert_int_eq(io_read_file(path, 1 << 26, &good, &e), OK);
    for (size_t cut = 0; cut < 300; cut += 7) { // shorter, and every byte of the head changed
        good.data[cut] = (char)(good.data[cut] ^ 0x55);
        ck_assert_int_eq(io_write_atomic(path, good.data, good.len - (cut % 2), 0600, &e), OK);
        if (pyramid_open(&lab, &v, &p) == OK) {
            struct pyramid_run run;
            for (uint32_t i = 0; i < 3; i++) {
                if (pyramid_run(&p, i, &run)) {
                    (void)pyramid_value(&p, 0, run.first_bin[0], 0, 0);
                }
            }
            pyramid_close(&p);
        }
        good.data[cut] = (char)(good.data[cut] ^ 0x55);
    }
    ck_assert_int_eq(io_write_atomic(path, good.data, good.len / 2, 0600, &e), OK);
    want = (struct derive_want){0};
    ask("signals?points=500", &a);
    ck_assert(json_is_true(json_object_get(a.json, "rough")));
    http_release(&a);
    make();
    ask("signals?points=500", &a);
    ck_assert_ptr_null(json_object_get(a.json, "rough"));
    http_release(&a);
    buf_release(&good);
}
END_TEST

START_TEST(a_thread_makes_it_while_the_request_waits)
{
    struct http_answer a;
    struct err e = {0};
    ck_assert_msg(derive_start(&lab.derive, dir, &e) == OK, "%s", e.msg);
    struct sig_view v;
    ck_assert_int_eq(sig_view_find(&lab, rec, "", &v, &e), OK);
    ck_assert_int_eq(derive_ask(&lab, DERIVE_PYRAMID, &v, 0, 60000),
                     OK); // however slow the machine is
    ask("signals?points=500", &a);
    ck_assert_ptr_null(json_object_get(a.json, "rough"));
    http_release(&a);
    ck_assert_int_eq(derive_ask(&lab, DERIVE_SPECTRO, &v, 0, 60000), OK);
    ask("spectrogram.png?width=64&height=40", &a);
    ck_assert_ptr_null(strstr(a.head.data, "X-Moteloop-Rough"));
    http_release(&a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("derive");
    TCase *t = tcase_create("derive");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, without_a_file_the_picture_is_rough_and_says_so);
    tcase_add_test(t, every_entry_holds_the_extremes_of_its_frames);
    tcase_add_test(t, a_stored_spectrogram_shows_the_same_tone);
    tcase_add_test(t, a_damaged_file_is_made_anew);
    tcase_add_test(t, a_thread_makes_it_while_the_request_waits);
    suite_add_tcase(suite, t);
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
