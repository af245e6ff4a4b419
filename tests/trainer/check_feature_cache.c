// Kept features: the same bytes as extracted ones, never believed when damaged or of something else, bounded.
#include "common/buf.h"
#include "common/err.h"
#include "common/io.h"
#include "tests/support/trainer_kit.h"
#include "trainer/feature_cache.h"
#include "trainer/session.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEVICES 4
#define FRAMES 400

static struct trainer_kit kit;
static char folder[512];

static void record(int device, bool fast)
{
    int16_t x[FRAMES];
    char id[24];
    snprintf(id, sizeof(id), "d%d", device);
    for (int i = 0; i < FRAMES; i++) {
        x[i] = (int16_t)(1000 * sin((fast ? 0.9 : 0.2) * i + device));
    }
    struct trainer_take t = {.device = id,
                             .stream = "acc",
                             .label = fast ? "fast" : "slow",
                             .channels = 1,
                             .interval_ns = 10000000,
                             .scale = 0.001f,
                             .frames = x,
                             .count = FRAMES};
    trainer_kit_record(&kit, &t);
}

static void start(void)
{
    trainer_kit_make(&kit);
    snprintf(folder, sizeof(folder), "%s/cache", kit.dir);
    for (int d = 0; d < DEVICES; d++) {
        record(d, false);
        record(d, true);
    }
}

static void stop(void)
{
    trainer_kit_remove(&kit);
}

static json_t *train(const char *block, int64_t seed)
{
    char text[512];
    struct err e = {0};
    json_t *r = NULL;
    snprintf(text, sizeof(text),
             "[data]\nstream = acc\nwindow = 128 frames\nstride = 32 frames\n[features]\nblock = "
             "spectral\n%s\n"
             "[network]\nhidden = 8\n[train]\nepochs = 3\n",
             block);
    struct session_options o = {.recipe = trainer_kit_file(&kit, "t.recipe", text),
                                .project = kit.dir,
                                .seed = seed,
                                .threads = 1,
                                .quiet = true,
                                .register_model = true};
    ck_assert_msg(session_train(&o, &r, &e) == OK, "%s", e.msg);
    return r;
}

// Trains; whether the features came from the cache. model: its digest.
static bool cached(const char *block, int64_t seed, char model[65])
{
    json_t *r = train(block, seed);
    bool yes = json_is_true(json_object_get(r, "features_cached"));
    snprintf(model, 65, "%s", json_string_value(json_object_get(r, "model")));
    json_decref(r);
    return yes;
}

// Kept files; the path of the last one seen.
static int kept(char path[1024])
{
    DIR *d = opendir(folder);
    int n = 0;
    for (struct dirent *x; d && (x = readdir(d));) {
        if (strncmp(x->d_name, "features-", 9) == 0) {
            snprintf(path, 1024, "%s/%s", folder, x->d_name);
            n++;
        }
    }
    if (d) {
        closedir(d);
    }
    return n;
}

START_TEST(the_second_training_reads_them)
{
    char model[65], again[65], path[1024];
    ck_assert(!cached("fft = 64", 1, model));
    ck_assert_int_eq(kept(path), 1);
    ck_assert(cached("fft = 64", 1, again));
    ck_assert_str_eq(model, again);
    ck_assert(cached("fft = 64", 2, again)); // other splits, the same windows
    ck_assert(!cached("fft = 32", 1, again));
    ck_assert(!cached("fft = 64\nvariant = q15-1", 1, again));
    record(0, true);
    ck_assert(!cached("fft = 64", 1, again));
    ck_assert_int_eq(kept(path), 4);
}
END_TEST

static void damage(const char *path, size_t at, size_t cut, bool seal)
{
    struct buf b = {0};
    struct err e = {0};
    ck_assert_int_eq(io_read_file(path, 1 << 24, &b, &e), OK);
    b.data[at] ^= 1;
    if (seal) { // whole by its digest, and yet not what the block gives
        hex_sha256((uint8_t *)b.data + b.len - HEX_DIGEST_LEN, b.data, b.len - HEX_DIGEST_LEN);
    }
    ck_assert_int_eq(io_write_atomic(path, b.data, b.len - cut, 0600, &e), OK);
    buf_release(&b);
}

START_TEST(what_is_not_whole_is_not_believed)
{
    char model[65], again[65], path[1024];
    ck_assert(!cached("fft = 64", 1, model));
    ck_assert_int_eq(kept(path), 1);
    const struct {
        size_t at, cut;
        bool seal;
    } bad[] = {{500, 0, false}, {0, 0, false}, {8, 0, false}, {500, 1, false}, {24, 0, true}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        damage(path, bad[i].at, bad[i].cut, bad[i].seal);
        ck_assert_msg(!cached("fft = 64", 1, again), "damage %zu", i);
        ck_assert_str_eq(model, again);
        ck_assert(cached("fft = 64", 1, again)); // mended
    }
}
END_TEST

START_TEST(a_folder_that_cannot_be_written_is_no_harm)
{
    char model[65], again[65];
    trainer_kit_file(&kit, "cache", "in the way");
    ck_assert(!cached("fft = 64", 1, model));
    ck_assert(!cached("fft = 64", 1, again));
    ck_assert_str_eq(model, again);
}
END_TEST

static void use(const char *key, time_t at)
{
    char path[1024];
    struct timespec t[2] = {{.tv_sec = at}, {.tv_sec = at}};
    snprintf(path, sizeof(path), "%s/features-%s", folder, key);
    ck_assert_int_eq(utimensat(AT_FDCWD, path, t, 0), 0);
}

START_TEST(the_longest_unused_go)
{
    const float x[4] = {1, 2, 3, 4};
    float y[4];
    struct err e = {0};
    static const char *const key[] = {"a", "b", "c"};
    const int64_t each = 24 + sizeof(x) + 32;
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(feature_cache_keep(folder, key[i], 2, 2, x, &e), OK);
        use(key[i], 1000 + i);
    }
    ck_assert(feature_cache_load(folder, "a", 2, 2, y)); // used: now the newest
    ck_assert_mem_eq(x, y, sizeof(x));
    ck_assert(!feature_cache_load(folder, "a", 1, 4, y)); // of another shape
    feature_cache_trim(folder, "c", 3 * each, 3);
    ck_assert(feature_cache_load(folder, "b", 2, 2, y));
    use("b", 1001);
    feature_cache_trim(folder, "c", 2 * each, 3);
    ck_assert(!feature_cache_load(folder, "b", 2, 2, y));
    ck_assert(feature_cache_load(folder, "c", 2, 2, y));
    feature_cache_trim(folder, "c", 3 * each, 1);
    ck_assert(!feature_cache_load(folder, "a", 2, 2, y));
    feature_cache_trim(folder, "c", 0, 0); // its own stay
    ck_assert(feature_cache_load(folder, "c", 2, 2, y));
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("feature_cache");
    tcase_add_checked_fixture(t, start, stop);
    tcase_add_test(t, the_second_training_reads_them);
    tcase_add_test(t, what_is_not_whole_is_not_believed);
    tcase_add_test(t, a_folder_that_cannot_be_written_is_no_harm);
    tcase_add_test(t, the_longest_unused_go);
    Suite *s = suite_create("feature_cache");
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
