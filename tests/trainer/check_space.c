// Search spaces: alternatives read from a recipe, candidates drawn and written as plain recipes.
#include "common/buf.h"
#include "common/err.h"
#include "trainer/recipe.h"
#include "trainer/rng.h"
#include "trainer/tune_space.h"

#include <check.h>

static const char text[] =
    "# a comment | with a bar\n"
    "[data]\nstream = imu\n"
    "[features]\nblock = raw | spectral  # which\nfft = 32 | 64\nmean = yes\n"
    "[network]\nhidden = 32, 16 | 8\n"
    "[train]\nepochs = 40\nrate = 0.001\n";

static void read_space(struct tune_space *s)
{
    struct err e = {0};
    ck_assert_msg(tune_space_read(s, "t", text, strlen(text), &e) == OK, "%s", e.msg);
}

START_TEST(choices_are_found)
{
    struct tune_space s;
    read_space(&s);
    ck_assert_uint_eq(s.choices, 3);
    ck_assert_double_eq(s.size, 8);
    ck_assert_str_eq(s.choice[0].key, "block");
    ck_assert_str_eq(s.choice[2].section, "network");
    ck_assert_uint_eq(s.choice[2].options, 2);
}
END_TEST

// Every candidate is a recipe without alternatives, and says what it says it is.
START_TEST(candidates_are_plain_recipes)
{
    struct tune_space s;
    struct err e = {0};
    read_space(&s);
    for (uint64_t i = 0; i < 8; i++) {
        uint8_t pick[TUNE_CHOICES_MAX];
        struct buf out = {0};
        struct recipe r;
        tune_space_at(&s, i, pick);
        ck_assert_int_eq(tune_space_write(&s, pick, 5, "pico", &out, &e), OK);
        ck_assert_msg(recipe_parse(&r, "t", out.data, out.len, &e) == OK, "%s\n%s", e.msg,
                      out.data);
        ck_assert_int_eq(r.epochs, 5);
        ck_assert_str_eq(r.hidden, pick[2] ? "8" : "32, 16");
        bool spectral = pick[0] == 1;
        ck_assert_uint_eq(r.dsp.kind, spectral ? MOTE_DSP_SPECTRAL : MOTE_DSP_RAW);
        // raw has no use for fft and mean: they are not in its recipe, nor in its description
        ck_assert((strstr(out.data, "fft") != NULL) == spectral);
        char what[160];
        tune_space_describe(&s, pick, what, sizeof(what));
        ck_assert((strstr(what, "fft") != NULL) == spectral);
        ck_assert_ptr_nonnull(strstr(what, pick[2] ? "hidden 8" : "hidden 32, 16"));
        recipe_release(&r);
        buf_release(&out);
    }
}
END_TEST

START_TEST(comments_and_order_stay)
{
    struct tune_space s;
    struct err e = {0};
    struct buf out = {0};
    uint8_t pick[TUNE_CHOICES_MAX] = {1, 1, 1};
    read_space(&s);
    ck_assert_int_eq(tune_space_write(&s, pick, 0, NULL, &out, &e), OK);
    ck_assert_str_eq(
        out.data,
        "# a comment | with a bar\n[data]\nstream = imu\n[features]\nblock = spectral  # which\n"
        "fft = 64\nmean = yes\n[network]\nhidden = 8\n[train]\nepochs = 40\nrate = 0.001\n");
    buf_release(&out);
}
END_TEST

START_TEST(malformed_spaces_are_refused)
{
    static const char *const bad[] = {
        "[train]\nrate = 0.1\n",
        "",
        "[train]\nrate = 0.1 | | 0.2\n",
        "[train]\nrate = 1 | \n",
        "[train]\nrate = 1|2\n",
        "[a]\nb = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 | 16 | 17\n"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct tune_space s;
        struct err e = {0};
        ck_assert_msg(tune_space_read(&s, "t", bad[i], strlen(bad[i]), &e) != OK, "accepted: %s",
                      bad[i]);
        ck_assert_uint_gt(strlen(e.msg), 0);
    }
}
END_TEST

START_TEST(drawing_follows_the_seed)
{
    struct tune_space s;
    read_space(&s);
    struct rng a, b;
    rng_seed(&a, 3, 31);
    rng_seed(&b, 3, 31);
    int seen = 0;
    for (int i = 0; i < 100; i++) {
        uint8_t x[TUNE_CHOICES_MAX] = {0}, y[TUNE_CHOICES_MAX] = {0};
        tune_space_draw(&s, &a, x);
        tune_space_draw(&s, &b, y);
        ck_assert_int_eq(memcmp(x, y, sizeof(x)), 0);
        seen |= 1 << (x[0] | x[1] << 1 | x[2] << 2);
    }
    ck_assert_int_eq(seen, 255); // all eight come up
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("space");
    tcase_add_test(t, choices_are_found);
    tcase_add_test(t, candidates_are_plain_recipes);
    tcase_add_test(t, comments_and_order_stay);
    tcase_add_test(t, malformed_spaces_are_refused);
    tcase_add_test(t, drawing_follows_the_seed);
    Suite *s = suite_create("space");
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
