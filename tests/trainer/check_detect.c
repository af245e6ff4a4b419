// Detectors: the loss over cells and its slope, boxes that become targets, finds matched to objects, and what recipes refuse.
// tests/e2e/real_objects.sh trains one on real pictures.
#include "common/err.h"
#include "firmware/core/pipe/mote_pipe.h"
#include "trainer/judge.h"
#include "trainer/loss.h"
#include "trainer/windows.h"

#include <check.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#define RECIPE                                                                                     \
    "[model]\ntask = detect\n[data]\nstream = picture\nlabels = a, b\n[features]\nblock = "        \
    "image\n[network]\ntype = fomo\n"

START_TEST(slope_of_the_loss_over_cells)
{
    enum { CELLS = 4, CLASSES = 3, N = 2, ALL = N * CELLS * CLASSES };
    const struct loss kinds[] = {
        {.kind = LOSS_CROSS_ENTROPY, .smoothing = 0.1f, .cells = CELLS, .object = 5},
        {.kind = LOSS_FOCAL, .gamma = 2, .cells = CELLS, .object = 5}};
    for (size_t k = 0; k < 2; k++) {
        float y[ALL], target[ALL] = {0}, dy[ALL], weight[N] = {1, 2};
        for (int i = 0; i < ALL; i++) {
            y[i] = sinf((float)i * 1.7f);
        }
        for (int i = 0; i < N * CELLS; i++) {
            target[i * CLASSES + (i % 3 ? 0 : 1 + i % 2)] = 1;
        }
        (void)loss_run(&kinds[k], y, target, weight, N, CELLS * CLASSES, 1, dy);
        for (int i = 0; i < ALL; i++) {
            const float h = 1e-2f, keep = y[i];
            y[i] = keep + h;
            double up = loss_run(&kinds[k], y, target, weight, N, CELLS * CLASSES, 1, NULL);
            y[i] = keep - h;
            double down = loss_run(&kinds[k], y, target, weight, N, CELLS * CLASSES, 1, NULL);
            y[i] = keep;
            ck_assert_double_eq_tol((up - down) / (2 * (double)h), (double)dy[i], 1e-3);
        }
    }
}
END_TEST

START_TEST(objects_weigh_more)
{
    float y[6] = {0}, object[6] = {0, 1, 0, 1, 0, 0}, nothing[6] = {1, 0, 0, 1, 0, 0};
    struct loss l = {.kind = LOSS_CROSS_ENTROPY, .cells = 2, .object = 9};
    double with = loss_run(&l, y, object, NULL, 1, 6, 1, NULL),
           without = loss_run(&l, y, nothing, NULL, 1, 6, 1, NULL);
    ck_assert_double_eq_tol(with / without, 5, 1e-4); // (9 + 1) / 2 cells
}
END_TEST

START_TEST(finds_are_matched_once)
{
    struct box box[] = {
        {.window = 0, .label = 0, .x = 0.1f, .y = 0.1f, .w = 0.1f, .h = 0.1f}, // cell 1, 1
        {.window = 0, .label = 0, .x = 0.6f, .y = 0.6f, .w = 0.1f, .h = 0.1f}, // cell 6, 6
        {.window = 0, .label = 1, .x = 0.8f, .y = 0.1f, .w = 0.1f, .h = 0.1f}, // cell 1, 8
        {.window = 1, .label = 1, .x = 0, .y = 0, .w = 1, .h = 1}};            // another picture
    struct windows w = {.box = box, .boxes = 4};
    // the first object beside its cell, the second not at all, the third under the wrong label, one of nothing
    const struct mote_pipe_cell cell[] = {{2, 1, 0, 0.9f}, {1, 8, 0, 0.8f}, {9, 9, 1, 0.7f}};
    const uint16_t grid[2] = {10, 10};
    struct judge j;
    judge_init(&j, 2);
    ck_assert_int_eq(judge_cells_add(&j, &w, 0, cell, 3, grid), OK);
    ck_assert_uint_eq(j.cell[0].truth, 2);
    ck_assert_uint_eq(j.cell[0].found, 2);
    ck_assert_uint_eq(j.cell[0].hit, 1);
    ck_assert_uint_eq(j.cell[1].truth, 1);
    ck_assert_uint_eq(j.cell[1].found, 1);
    ck_assert_uint_eq(j.cell[1].hit, 0);
    char *names[] = {"a", "b"};
    struct name_list label = {names, 2};
    json_t *r = judge_cells_json(&j, &label);
    ck_assert_double_eq_tol(json_real_value(json_object_get(r, "precision")), 1.0 / 3, 1e-9);
    ck_assert_double_eq_tol(json_real_value(json_object_get(r, "recall")), 1.0 / 3, 1e-9);
    json_decref(r);
    judge_release(&j);
}
END_TEST

START_TEST(boxes_follow_their_picture)
{
    struct recipe r;
    struct err e = {0};
    ck_assert_msg(recipe_parse(&r, "x", RECIPE, strlen(RECIPE), &e) == OK, "%s", e.msg);
    uint8_t pixels[8 * 4] = {0};
    struct rec_run run = {.frames = 32};
    struct rec_samples s = {.type = MOTE_U8,
                            .channels = 1,
                            .scale = 1,
                            .width = 8,
                            .height = 4,
                            .raw = pixels,
                            .frames = 32,
                            .run = &run,
                            .runs = 1};
    const struct labelled l[] = {
        {.label = "b", .has_box = true, .x = 2, .y = 1, .w = 4, .h = 2},
        {.label = "a", .has_box = true, .x = 9, .y = 1, .w = 4, .h = 2}, // beyond the edge
        {.label = "c", .has_box = true, .w = 1, .h = 1},                 // not asked for
        {.label = "a", .whole = true}};
    const char *const labels[] = {"a", "b"};
    struct windows w;
    windows_init(&w, &r);
    ck_assert_int_eq(windows_set_labels(&w, labels, 2, &e), OK);
    ck_assert_int_eq(windows_add(&w, &s, 1, l, 1, "g", &e), OK);
    ck_assert_int_eq(windows_add(&w, &s, 2, l, 4, "g", &e), OK);
    ck_assert_uint_eq(w.count, 2);
    ck_assert_uint_eq(w.boxes, 2);
    ck_assert_uint_eq(w.box[1].window, 1);
    ck_assert_uint_eq(w.box[1].label, 1);
    ck_assert_float_eq_tol(w.box[1].x, 0.25f, 1e-6f);
    ck_assert_float_eq_tol(w.box[1].h, 0.5f, 1e-6f);
    ck_assert_uint_eq(w.skipped_label, 2);
    windows_release(&w);
    recipe_release(&r);
}
END_TEST

START_TEST(pictures_may_not_move_under_their_boxes)
{
    struct recipe r;
    struct err e = {0};
    const char *moved = RECIPE "[augment]\nflip = 0.5\n",
               *other = "[model]\ntask = detect\n[data]\nstream = picture\n";
    ck_assert_int_eq(recipe_parse(&r, "x", moved, strlen(moved), &e), E_FORMAT);
    ck_assert_ptr_nonnull(strstr(e.msg, "away from their boxes"));
    ck_assert_int_eq(recipe_parse(&r, "x", other, strlen(other), &e), E_FORMAT);
    ck_assert_ptr_nonnull(strstr(e.msg, "go together"));
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("detect");
    tcase_add_test(t, slope_of_the_loss_over_cells);
    tcase_add_test(t, objects_weigh_more);
    tcase_add_test(t, finds_are_matched_once);
    tcase_add_test(t, boxes_follow_their_picture);
    tcase_add_test(t, pictures_may_not_move_under_their_boxes);
    Suite *s = suite_create("detect");
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
