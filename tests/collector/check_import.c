// Files into the store and out again: sound, tables and pictures come back as they were, with labels.
#include <check.h>
#include <png.h>
#include <sndfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/coll_export.h"
#include "collector/coll_import.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/io.h"
#include "common/recording.h"
#include "common/store/store_label.h"
#include "common/store/store_sample.h"
#include "tests/support/store_fixture.h"

static struct store_fixture fix;
static struct err e;
static char in[300], out[300];

#define OKAY(call) ck_assert_msg((call) == OK, "%s: %s", #call, e.msg)

static void path_in(char path[400], const char *name)
{
    snprintf(path, 400, "%s/%s", in, name);
}

static void write_text(const char *name, const char *text)
{
    char path[400];
    path_in(path, name);
    OKAY(io_write_atomic(path, text, strlen(text), 0600, &e));
}

static void write_wav(const char *name, short seed)
{
    char path[400];
    short v[2000];
    SF_INFO info = {.samplerate = 8000, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    path_in(path, name);
    SNDFILE *f = sf_open(path, SFM_WRITE, &info);
    ck_assert_ptr_nonnull(f);
    for (int i = 0; i < 2000; i++) {
        v[i] = (short)(i * seed);
    }
    ck_assert_int_eq(sf_write_short(f, v, 2000), 2000);
    sf_close(f);
}

static void write_picture(const char *name)
{
    char path[400];
    static uint8_t pixels[90 * 70 * 3]; // more than one block
    for (size_t i = 0; i < sizeof pixels; i++) {
        pixels[i] = (uint8_t)(i * 7);
    }
    png_image image = {
        .version = PNG_IMAGE_VERSION, .width = 90, .height = 70, .format = PNG_FORMAT_RGB};
    path_in(path, name);
    ck_assert(png_image_write_to_file(&image, path, 0, pixels, 0, NULL));
}

static void set_up(void)
{
    e = (struct err){0};
    store_fixture_make(&fix);
    snprintf(in, sizeof in, "%s/in", fix.dir);
    snprintf(out, sizeof out, "%s/out", fix.dir);
    mkdir(in, 0700);
}

static void tear_down(void)
{
    store_fixture_remove(&fix);
}

static int bad_files;
static char bad_text[512];
static void take_bad(void *ctx, const char *path, const struct err *why)
{
    (void)ctx;
    (void)path;
    bad_files++;
    snprintf(bad_text, sizeof bad_text, "%s", why->msg);
}

static struct import_result import(const char *label)
{
    struct import_options o = {.label = label, .quiet = true};
    struct import_result r = {0};
    bad_files = 0;
    OKAY(import_path(fix.store, in, &o, &r, take_bad, NULL, &e));
    return r;
}

static struct export_result export(const char *format, const char *labels)
{
    struct export_options o = {.format = format, .labels = labels};
    struct export_result r = {0};
    OKAY(export_folder(fix.store, out, &o, &r, &e));
    return r;
}

static bool same_files(const char *a, const char *b)
{
    struct buf x = {0}, y = {0};
    char path[400];
    path_in(path, a);
    OKAY(io_read_file(path, 1 << 20, &x, &e));
    snprintf(path, sizeof path, "%s/%s", out, b);
    OKAY(io_read_file(path, 1 << 20, &y, &e));
    bool same = x.len == y.len && memcmp(x.data, y.data, x.len) == 0;
    buf_release(&x);
    buf_release(&y);
    return same;
}

static int take_recording(void *ctx, const struct store_recording *r)
{
    *(struct store_recording *)ctx = *r;
    return 0;
}

static int count_label(void *ctx, const struct store_region *r)
{
    ++*(int *)ctx;
    ck_assert_str_eq(r->source, "import");
    return 0;
}

START_TEST(sound_comes_back_byte_for_byte)
{
    char sub[400];
    path_in(sub, "yes");
    mkdir(sub, 0700);
    write_wav("yes/a.wav", 3);
    write_wav("yes/b.wav", 5);
    struct import_result r = import(NULL);
    ck_assert_int_eq(r.in.recordings, 2);
    ck_assert_int_eq(r.in.labels, 2);
    struct store_recording first;
    OKAY(store_recording_walk(fix.store, &(struct store_recording_filter){.rec_id = 1},
                              take_recording, &first, &e));
    ck_assert(first.complete);
    ck_assert_int_eq(first.end_us - first.start_us, 250000);
    export("wav", "csv");
    ck_assert(same_files("yes/a.wav", "import-in/1-mic.wav"));
    ck_assert(same_files("yes/b.wav", "import-in/2-mic.wav"));
}
END_TEST

START_TEST(what_is_there_already_is_skipped)
{
    write_wav("a.wav", 3);
    ck_assert_int_eq(import(NULL).in.recordings, 1);
    write_wav("copy.wav", 3);
    write_wav("new.wav", 4);
    struct import_result r = import(NULL);
    ck_assert_int_eq(r.in.duplicates, 2);
    ck_assert_int_eq(r.in.recordings, 1);
}
END_TEST

START_TEST(labels_that_a_cut_run_left_out_are_added)
{
    write_wav("a.wav", 3);
    ck_assert_int_eq(import(NULL).in.labels, 0);
    struct import_result r = import("no");
    ck_assert_int_eq(r.in.recordings, 0);
    ck_assert_int_eq(r.in.labels, 1);
    ck_assert_int_eq(import("no").in.labels, 0);
}
END_TEST

START_TEST(a_broken_file_is_named_and_the_rest_goes_in)
{
    write_wav("a.wav", 3);
    write_text("b.wav", "RIFF but not really");
    write_text("c.png", "neither");
    struct import_result r = import(NULL);
    ck_assert_int_eq(r.in.recordings, 1);
    ck_assert_int_eq(r.broken, 2);
    ck_assert_int_eq(bad_files, 2);
    ck_assert_msg(strstr(bad_text, "c.png"), "%s", bad_text);
}
END_TEST

START_TEST(pictures_of_several_blocks_come_back)
{
    struct rec_samples s;
    write_picture("p.png");
    import("fan");
    OKAY(rec_load(fix.store, 1, "picture", INT64_MIN, INT64_MAX, 1 << 20, &s, &e));
    ck_assert_uint_eq(s.frames, 90 * 70);
    ck_assert_uint_eq(s.width, 90);
    ck_assert_uint_eq(s.runs, 1);
    rec_release(&s);
    export("auto", "labelstudio");
    ck_assert(same_files("p.png", "import-in/1-picture.png"));
}
END_TEST

START_TEST(acquisitions_are_read_and_other_json_is_left_alone)
{
    struct store_recording first;
    write_text("idle.01.json",
               "{\"protected\":{\"ver\":\"v1\",\"alg\":\"none\"},\"signature\":\"\",\"payload\":{"
               "\"interval_ms\":10,"
               "\"sensors\":[{\"name\":\"accX\"},{\"name\":\"accY\"}],\"values\":[[1,2],[3,4]]}}");
    write_text("settings.json", "{\"a\":1}");
    write_text("broken.json", "{\"protected\":");
    struct import_result r = import(NULL);
    ck_assert_int_eq(r.in.recordings, 1);
    ck_assert_int_eq(r.broken, 1);
    OKAY(store_recording_walk(fix.store, &(struct store_recording_filter){.label = "idle"},
                              take_recording, &first, &e));
    ck_assert_int_eq(first.end_us - first.start_us, 20000);
    export("ei", "none");
    ck_assert_int_eq(import(NULL).in.duplicates, 1);
}
END_TEST

START_TEST(an_export_is_kept_where_it_is_whole)
{
    char path[400];
    write_wav("a.wav", 3);
    write_wav("b.wav", 4);
    import("x");
    ck_assert_int_eq(export("flac", "audacity").kept, 0);
    ck_assert_int_eq(export("flac", "audacity").kept, 2);
    snprintf(path, sizeof path, "%s/import-in/1-mic.flac", out);
    ck_assert_int_eq(truncate(path, 100), 0);
    ck_assert_int_eq(export("flac", "audacity").kept, 1);
    snprintf(path, sizeof path, "%s/import-in/1-mic.txt", out);
    struct buf b = {0};
    OKAY(io_read_file(path, 1000, &b, &e));
    ck_assert_str_eq(b.data, "0.000000\t0.250000\tx\n");
    buf_release(&b);
    struct export_options o = {.format = "mp3", .labels = "csv"};
    struct export_result r = {0};
    ck_assert_int_eq(export_folder(fix.store, out, &o, &r, &e), E_USAGE);
}
END_TEST

START_TEST(an_export_can_be_imported_again)
{
    write_wav("a.wav", 3);
    write_text("labels.csv",
               "file,label,start,end,group\na.wav,up,0.05,0.1,ann\na.wav,down,0.1,0.2,ann\n");
    ck_assert_int_eq(import(NULL).in.labels, 2);
    ck_assert_int_eq(export("auto", "csv").labels, 2);
    struct store_fixture other = fix;
    store_fixture_make(&fix);
    memcpy(in, out, sizeof in);
    struct import_result r = import(NULL);
    ck_assert_int_eq(r.in.recordings, 1);
    int labels = 0;
    OKAY(store_label_walk(fix.store, 1, count_label, &labels, &e));
    ck_assert_int_eq(labels, 2);
    struct store_recording first;
    OKAY(store_recording_walk(fix.store, &(struct store_recording_filter){.grp = "ann"},
                              take_recording, &first, &e));
    ck_assert_int_eq(first.label_count, 2);
    store_fixture_remove(&other);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("import");
    TCase *t = tcase_create("import");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, sound_comes_back_byte_for_byte);
    tcase_add_test(t, what_is_there_already_is_skipped);
    tcase_add_test(t, labels_that_a_cut_run_left_out_are_added);
    tcase_add_test(t, a_broken_file_is_named_and_the_rest_goes_in);
    tcase_add_test(t, pictures_of_several_blocks_come_back);
    tcase_add_test(t, acquisitions_are_read_and_other_json_is_left_alone);
    tcase_add_test(t, an_export_is_kept_where_it_is_whole);
    tcase_add_test(t, an_export_can_be_imported_again);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
