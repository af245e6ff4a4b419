// Augmentation: what each key changes, what it must leave alone, and that a key of nought is no change.
#include "trainer/augment.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

enum { SIDE = 8, BANDS = 12, ROWS = 5 };

static struct recipe recipe;
static float picture[SIDE * SIDE], changed[SIDE * SIDE];
static struct augment_source source = {.frames = picture,
                                       .count = (size_t)SIDE * SIDE,
                                       .channels = 1,
                                       .window = SIDE * SIDE,
                                       .width = SIDE,
                                       .height = SIDE,
                                       .white = 1};

static void start(void)
{
    recipe = (struct recipe){.name = "t"};
    for (int i = 0; i < SIDE * SIDE; i++) {
        picture[i] = (float)i / (SIDE * SIDE);
    }
}

static struct rng seeded(uint64_t seed)
{
    struct rng g;
    rng_seed(&g, seed, 1);
    return g;
}

static size_t differing(const float *a, const float *b, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        count += fabsf(a[i] - b[i]) > 1e-6f;
    }
    return count;
}

START_TEST(nothing_asked_nothing_changed)
{
    struct rng g = seeded(1);
    ck_assert(!augment_changes_window(&recipe) && !augment_changes_features(&recipe));
    augment_window(&recipe, &source, &g, changed);
    ck_assert_uint_eq(differing(picture, changed, SIDE * SIDE), 0);
}
END_TEST

START_TEST(flip_mirrors_every_line)
{
    struct rng g = seeded(2);
    recipe.flip = 1;
    augment_picture(&recipe, &source, &g, changed);
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            ck_assert_float_eq(changed[y * SIDE + x], picture[y * SIDE + SIDE - 1 - x]);
        }
    }
}
END_TEST

START_TEST(zoom_and_turn_stay_within_the_picture)
{
    size_t moved = 0;
    recipe.zoom = 0.5;
    recipe.turn = 90;
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct rng g = seeded(seed);
        augment_picture(&recipe, &source, &g, changed);
        for (int i = 0; i < SIDE * SIDE; i++) {
            ck_assert(changed[i] >= picture[0] && changed[i] <= picture[SIDE * SIDE - 1]);
        }
        moved += differing(picture, changed, SIDE * SIDE) > SIDE;
    }
    ck_assert_uint_gt(moved, 40);
}
END_TEST

START_TEST(erase_leaves_a_gray_square)
{
    size_t largest = 0;
    recipe.erase = 0.5;
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct rng g = seeded(seed);
        augment_picture(&recipe, &source, &g, changed);
        size_t gray = 0;
        for (int i = 0; i < SIDE * SIDE; i++) {
            bool same = fabsf(changed[i] - picture[i]) < 1e-6f;
            ck_assert(same || fabsf(changed[i] - 0.5f) < 1e-6f);
            gray += !same;
        }
        largest = gray > largest ? gray : largest;
    }
    ck_assert_uint_gt(largest, 4);
    ck_assert_uint_le(largest, SIDE * SIDE / 4);
}
END_TEST

START_TEST(tilt_moves_levels_but_no_silence)
{
    float x[ROWS * BANDS], before[ROWS * BANDS];
    struct mote_dsp_shape shape = {ROWS, BANDS, 1};
    struct rng g = seeded(3);
    recipe.band_tilt = 0.4;
    for (int i = 0; i < ROWS * BANDS; i++) {
        before[i] = x[i] = i % 3 ? 0.5f : 0;
    }
    ck_assert(augment_changes_features(&recipe));
    augment_features(&recipe, shape, &g, x);
    for (int i = 0; i < ROWS * BANDS; i++) {
        ck_assert(x[i] >= 0 && (i % 3 || x[i] <= 0));
        // the same band moves alike in every row
        ck_assert(i < BANDS || i % 3 == 0 || (i - BANDS) % 3 == 0 ||
                  fabsf(x[i] - x[i % BANDS]) < 1e-6f);
    }
    ck_assert_uint_gt(differing(x, before, ROWS * BANDS), BANDS);
}
END_TEST

START_TEST(tempo_moves_ends_but_not_the_middle)
{
    bool faster = false, slower = false;
    struct mote_dsp_shape shape = {21, 2, 1};
    recipe.time_warp = 0.4;
    ck_assert(augment_changes_features(&recipe));
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct rng g = seeded(seed);
        float x[42];
        for (int i = 0; i < 42; i++) {
            x[i] = (float)(i / 2); // its own row's number
        }
        augment_features(&recipe, shape, &g, x);
        ck_assert_float_eq_tol(x[20], 10, 1e-4f);
        ck_assert(x[0] >= 0 && x[40] <= 20);
        ck_assert_float_eq_tol(x[2], x[3], 1e-6f);
        faster = faster || x[18] < 8.9f;
        slower = slower || x[18] > 9.1f;
    }
    ck_assert(faster && slower);
}
END_TEST

START_TEST(warp_moves_a_peak_along_the_bands)
{
    bool up = false, down = false;
    struct mote_dsp_shape shape = {1, BANDS, 1};
    recipe.band_warp = 0.3;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct rng g = seeded(seed);
        float x[BANDS] = {0};
        double sum = 0, moment = 0;
        x[5] = x[6] = x[7] = 1;
        augment_features(&recipe, shape, &g, x);
        for (int j = 0; j < BANDS; j++) {
            sum += (double)x[j];
            moment += j * (double)x[j];
        }
        ck_assert(sum > 1 && sum < 6);
        up = up || moment / sum > 6.5;
        down = down || moment / sum < 5.5;
    }
    ck_assert(up && down);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("augment");
    tcase_add_checked_fixture(t, start, NULL);
    tcase_add_test(t, nothing_asked_nothing_changed);
    tcase_add_test(t, flip_mirrors_every_line);
    tcase_add_test(t, zoom_and_turn_stay_within_the_picture);
    tcase_add_test(t, erase_leaves_a_gray_square);
    tcase_add_test(t, tilt_moves_levels_but_no_silence);
    tcase_add_test(t, tempo_moves_ends_but_not_the_middle);
    tcase_add_test(t, warp_moves_a_peak_along_the_bands);
    Suite *s = suite_create("augment");
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
